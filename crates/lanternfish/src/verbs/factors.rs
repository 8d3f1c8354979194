//! Second factors. From typed words to steps of the store; no rule is decided here.

use std::path::Path;

use desk::{DeskError, NewApp, NewDoor, PasskeyAnswer, Session};
use model::authorize::NodeStep;
use qrcodegen::{QrCode, QrCodeEcc};
use serde_json::json;

use super::{Done, Office, all_parsed};
use crate::{
    args::*,
    files,
    passphrase::{self, Asked},
};

impl Office {
    /// The session of somebody who may have yet to add a second factor.
    fn session_to_enrol(&self) -> Result<Session, DeskError> {
        let token = self.token()?;
        // A token is refused as at every step that is for people: in words, and with an event.
        if desk::is_token(token) { self.session() } else { self.desk.store.session_to_enrol(token) }
    }

    pub(super) fn factor(&self, verb: FactorVerb) -> Done {
        let store = &self.desk.store;
        match verb {
            FactorVerb::Add { label, shown } => {
                let new = store.add_authenticator(&self.session_to_enrol()?, &label, shown.code.as_deref())?;
                let picture = picture(&new.uri)?;
                self.voice.tell(&json!({"factor": new.factor, "secret": new.secret, "uri": new.uri, "picture": picture}), || told(&new, &picture));
                self.voice.note("it is shown this once: let your authenticator read the picture, or type the secret into it; then `lanternfish user factor confirm --code CODE` with the six digits that it shows");
            }
            FactorVerb::Confirm { code } => {
                let codes = store.confirm_authenticator(&self.session_to_enrol()?, &code)?;
                self.tell_codes("from now on each login asks for a code", &codes);
            }
            FactorVerb::Passkey { label, origin, challenge, client, data, value_file, passphrase_file, shown } => {
                let answer = PasskeyAnswer { origin, challenge, client, data, ..PasskeyAnswer::default() };
                let session = self.session_to_enrol()?;
                let secrets = value_file.map(|file| door_secrets(&file, passphrase_file.as_deref())).transpose()?;
                let door = secrets.as_ref().map(|(passphrase, value)| NewDoor { passphrase, value });
                let codes = store.add_passkey(&session, &label, &answer, shown.code.as_deref(), door.as_ref())?;
                self.tell_codes(if door.is_some() { "from now on it opens your login alone; a login with the passphrase asks for it too, or for a code" } else { "from now on each login asks for it, or for a code" }, &codes);
            }
            FactorVerb::List => self.voice.say_all(&store.factors(&self.session_to_enrol()?)?, "you have no second factor: `lanternfish user factor add`"),
            FactorVerb::Remove { factor, shown } => {
                store.remove_factor(&self.session()?, &factor, shown.code.as_deref())?;
                self.voice.say(&json!({"factor": factor, "state": "removed"}));
            }
            FactorVerb::Codes { shown } => {
                let codes = store.new_recovery_codes(&self.session()?, shown.code.as_deref())?;
                self.tell_codes("the recovery codes of before open nothing any more", &codes);
            }
            FactorVerb::Reset { name, reason } => {
                let session = self.session()?;
                // Who may not, learns no name.
                store.check_node_step(Some(&session), NodeStep::ManageUsers)?;
                let user = store.user_by_name(&name)?;
                store.reset_factors(&session, &user, &reason)?;
                self.voice.say(&json!({"user": user.record.name, "second_factor": null}));
                self.voice.note("this person logs in with the passphrase alone until a new factor is added");
            }
            FactorVerb::Require { role, everyone: _, nobody, days } => {
                let roles = if role.is_empty() { None } else { Some(all_parsed(&role)?) };
                store.require_factors(Some(&self.session()?), roles, (!nobody).then_some(days))?;
                self.voice.say(&json!({"needed_by": if nobody { json!("nobody") } else if role.is_empty() { json!("everyone") } else { json!(role) }, "days": (!nobody).then_some(days)}));
            }
        }
        Ok(0)
    }

    /// Who one is, and what is known of one's own account.
    pub(super) fn me(&self) -> Done {
        let session = self.session_to_enrol()?;
        let store = &self.desk.store;
        let fingerprint = store.user(session.actor())?.fingerprint();
        let (second_factor, due) = (store.has_factor(session.actor())?, store.factor_due(&session)?);
        self.voice.say(&json!({"user": session.name(), "role": session.role().name(), "id": session.actor().as_str(), "fingerprint": fingerprint, "expires": session.expires(), "second_factor": second_factor, "second_factor_due": due}));
        Ok(0)
    }

    pub(super) fn own_session(&self, verb: SessionVerb) -> Done {
        let (session, token) = (self.session_to_enrol()?, self.token()?);
        match verb {
            SessionVerb::List => self.voice.say_all(&self.desk.store.own_sessions(&session, token)?, "no session is open"),
            SessionVerb::End { one: named, others: _ } => {
                let ended = self.desk.store.end_sessions(&session, token, named.as_deref())?;
                self.voice.say(&json!({"ended": ended}));
            }
        }
        Ok(0)
    }

    fn tell_codes(&self, text: &str, codes: &[String]) {
        self.voice.tell(&json!({"recovery_codes": codes}), || codes.to_vec());
        self.voice.note(text);
        if !codes.is_empty() {
            self.voice.note("recovery codes, each good once, for the day on which the authenticator is lost; they are shown this once: write them down and keep them away from the telephone");
        }
    }

    /// What a person should know of second factors when he logs in.
    pub(super) fn factor_at_login(&self, session: &Session) -> Result<(), DeskError> {
        let wrong = self.desk.store.wrong_codes_before_login(session)?;
        if wrong > 0 {
            self.voice.note(format!("wrong codes of your second factor since your login before this one: {wrong}; if you did not type them, somebody knows your passphrase: ask the administrator for a new enrolment (`lanternfish user reset`)"));
        }
        if let Some(due) = self.desk.store.factor_due(session)? {
            self.voice.note(format!("your role needs a second factor: add one before {due} (`lanternfish user factor add`); after that nothing else can be done before"));
        }
        Ok(())
    }
}

/// What makes a passkey open alone: the passphrase, and the value that its authenticator gave. Neither is ever a word of a step.
fn door_secrets(value: &Path, passphrase_file: Option<&Path>) -> Result<(String, String), DeskError> {
    let passphrase = passphrase::get(passphrase_file, "your passphrase", Asked::Once)?;
    let value = String::from_utf8(files::read(value)?).map_err(|_| DeskError::input("the value of the authenticator is no text"))?;
    Ok((passphrase, value.trim().to_string()))
}

/// The rows of a QR code, `1` for a dark field.
fn picture(uri: &str) -> Result<Vec<String>, DeskError> {
    let code = QrCode::encode_text(uri, QrCodeEcc::Medium).map_err(|_| DeskError::input("the names of the agency and of the person are too long for a picture: type the secret"))?;
    let row = |y: i32| (0..code.size()).map(|x| if code.get_module(x, y) { '1' } else { '0' }).collect();
    Ok((0..code.size()).map(row).collect())
}

fn told(new: &NewApp, picture: &[String]) -> Vec<String> {
    let mut lines = vec![format!("factor: {}", new.factor), format!("secret: {}", new.secret), new.uri.clone(), String::new()];
    lines.extend(blocks(picture));
    lines
}

/// Two rows of a picture in one line of blocks, light on dark as terminals are, with the margin that readers need.
fn blocks(picture: &[String]) -> Vec<String> {
    let dark = |x: i32, y: i32| {
        let row = usize::try_from(y).ok().and_then(|y| picture.get(y));
        usize::try_from(x).ok().and_then(|x| row?.as_bytes().get(x)).is_some_and(|field| *field == b'1')
    };
    let size = i32::try_from(picture.len()).unwrap_or(0);
    let block = |x: i32, y: i32| match (dark(x, y), dark(x, y + 1)) {
        (false, false) => '█',
        (false, true) => '▀',
        (true, false) => '▄',
        (true, true) => ' ',
    };
    (-2..size + 2).step_by(2).map(|y| (-2..size + 2).map(|x| block(x, y)).collect()).collect()
}
