//! People, their keys, and the tips they take. From typed words to steps of the desk; no rule is decided here.

use std::path::Path;

use desk::{Alone, DeskError, First, Second, Session, admit::AdmitFile, case, intake, keys};
use model::{action::Action, actor::Role, authorize::NodeStep};
use serde_json::json;

use super::{Done, Office, exhibits::{self, origin}, parsed};
use crate::{
    args::*,
    files,
    output::print,
    passphrase::{self, Asked},
};

impl Office {
    pub(super) fn user(&self, verb: UserVerb) -> Done {
        match verb {
            UserVerb::Add { name, role } => {
                let session = if self.token.is_some() { Some(self.session()?) } else { None };
                let actor = self.desk.store.add_user(session.as_ref(), &name, parsed(&role)?)?;
                self.voice.say(&json!({"user": name, "role": role, "id": actor.as_str()}));
                self.voice.note("the keys are made at the first login, under a passphrase that only this person knows");
            }
            UserVerb::Code { name } => {
                let session = if self.token.is_some() { Some(self.session()?) } else { None };
                self.desk.store.check_node_step(session.as_ref(), NodeStep::ManageUsers)?;
                let user = self.desk.store.user_by_name(&name)?;
                let code = self.desk.store.make_enrolment_code(session.as_ref(), &user)?;
                self.voice.say(&json!({"user": name, "code": code}));
                self.voice.note("hand the code over face to face: `lanternfish login NAME --enrolment-code CODE`, or the field \"Enrolment code\" of the workspace");
            }
            UserVerb::List => {
                let session = if self.token.is_some() { Some(self.session()?) } else { None };
                self.may_list_the_node(session.as_ref())?;
                let users = self.desk.users(session.as_ref())?;
                // Whose passphrase alone opens the door is for the administrator to know.
                let keeps = session.as_ref().is_none_or(|session| session.role() == Role::Administrator);
                let factors = if keeps { Some(self.desk.store.have_factors()?) } else { None };
                let lines: Vec<_> = users
                    .iter()
                    .map(|u| json!({"user": u.record.name, "role": u.record.role.name(), "state": u.state, "id": u.actor.as_str(), "fingerprint": u.fingerprint(), "second_factor": factors.as_ref().map(|factors| factors.contains(u.actor.as_str()))}))
                    .collect();
                self.voice.say_all(&lines, "nobody was entered yet");
            }
            UserVerb::Factor(verb) => return self.factor(verb),
            UserVerb::Session(verb) => return self.own_session(verb),
            UserVerb::Me => return self.me(),
            UserVerb::Revoke { name, reason } => self.end_user(&name, &reason, false)?,
            UserVerb::Reset { name, reason } => self.end_user(&name, &reason, true)?,
        }
        Ok(0)
    }

    pub(super) fn end_user(&self, name: &str, reason: &str, reset: bool) -> Result<(), DeskError> {
        let session = self.session()?;
        self.desk.store.check_node_step(Some(&session), NodeStep::ManageUsers)?;
        let user = self.desk.store.user_by_name(name)?;
        self.desk.store.revoke_user(&session, &user, reason, reset)?;
        self.voice.say(&json!({"user": name, "state": if reset { "waiting" } else { "revoked" }}));
        self.voice.note(if reset {
            "next: this person logs in anew and reads the 16 digits of his fingerprint to the holders of the recovery set; they give his cases back with `lanternfish key recover`"
        } else {
            "a member of each shared case now runs `lanternfish key revoke NAME` to change the case keys"
        });
        Ok(())
    }

    pub(super) fn login(&self, name: &str, file: Option<&Path>, code: Option<&str>, second_factor: Option<String>) -> Done {
        let user = self.desk.store.user_by_name(name)?;
        let (what, asked) = if user.state == "waiting" { ("your new passphrase (four words are good)", Asked::Twice) } else { ("your passphrase", Asked::Once) };
        let secret = passphrase::get(file, what, asked)?;
        let second_factor = match second_factor {
            None if self.desk.store.has_factor(&user.actor)? => passphrase::code("the code of your second factor"),
            typed => typed,
        };
        let token = self.open_session(name, &secret, First::here(code), Second::code(second_factor.as_deref()))?;
        let expires = self.desk.store.session_to_enrol(&token)?.expires();
        let fingerprint = self.desk.store.user_by_name(name)?.fingerprint();
        self.voice.note(format!("the fingerprint of your keys: {} (keep it; who recovers your keys asks you for it)", fingerprint.as_deref().unwrap_or("none")));
        if self.voice.json {
            self.voice.say(&json!({"session": token, "user": name, "expires": expires, "fingerprint": fingerprint}));
        } else {
            print(token);
        }
        Ok(0)
    }

    /// A session of a person who said his passphrase.
    pub(super) fn open_session(&self, name: &str, passphrase: &str, first: First<'_>, second: Second<'_>) -> Result<String, DeskError> {
        let (token, _) = self.desk.log_in_from(name, passphrase, first, second)?;
        self.welcomed(token)
    }

    /// A session of a person who showed a passkey, and nothing else.
    pub(super) fn open_session_alone(&self, shown: &Alone<'_>) -> Result<String, DeskError> {
        let (token, _) = self.desk.store.log_in_with_passkey(shown)?;
        self.welcomed(token)
    }

    /// What a person should know when he comes in.
    fn welcomed(&self, token: String) -> Result<String, DeskError> {
        let session = self.desk.store.session_to_enrol(&token)?;
        self.recovery_at_login(&session)?;
        self.factor_at_login(&session)?;
        Ok(token)
    }

    /// Wraps the person's cases to the recovery set that he confirmed, or asks him to confirm it.
    fn recovery_at_login(&self, session: &Session) -> Result<(), DeskError> {
        keys::refresh_recovery(&self.desk, session)?;
        let waiting = match self.desk.store.live_recovery_set()? {
            Some(set) if session.role().reads_content() => !self.desk.store.trusts_set(session.actor(), &set.id)?,
            _ => false,
        };
        if waiting {
            self.voice.note("a recovery set waits for your confirmation, and your cases cannot be recovered before: see `lanternfish key confirm`");
        }
        Ok(())
    }

    pub(super) fn tip(&self, verb: TipVerb) -> Done {
        let session = self.session()?;
        match verb {
            TipVerb::Add { text, source, file } => {
                let mut opened = file.as_deref().map(files::named).transpose()?;
                let name = opened.as_ref().and_then(|sent| sent.name.clone()).unwrap_or_else(|| "attachment".into());
                let attached = opened.as_mut().map(|file| (name.as_str(), &mut file.bytes as &mut dyn std::io::Read));
                self.voice.say(&intake::receive(&self.desk, &session, &text, &source, attached)?);
            }
            TipVerb::List => self.voice.say_all(&intake::list(&self.desk, &session)?, "the tray is empty"),
            TipVerb::Give { tip, case, concerns, class, description } => {
                let admission = AdmitFile {
                    description,
                    source: format!("intake tray, {tip}"),
                    origin: origin("handed-over", &concerns)?,
                    class: exhibits::class(&class)?,
                    original_name: None,
                    declared: vec![],
                    manual: None,
                };
                let (session, scope, permit) = self.with(&case, admission.intent())?;
                self.voice.say(&intake::give(&self.desk, &session, &tip, &scope, &permit, &admission)?);
            }
        }
        Ok(0)
    }

    pub(super) fn key(&self, verb: KeyVerb) -> Done {
        let session = self.session()?;
        let desk = &self.desk;
        if matches!(verb, KeyVerb::Recover { .. } | KeyVerb::Revoke { .. } | KeyVerb::Confirm { .. }) {
            // Defence and court have no part in it, and learn no name by asking.
            desk.store.check_node_step(Some(&session), NodeStep::ReadLog)?;
        }
        match verb {
            KeyVerb::Backup { threshold, holder } => self.voice.say(&keys::make_recovery_set(desk, &session, &holder, threshold)?),
            KeyVerb::Confirm { set: None } => {
                self.voice.say(&keys::show_set(desk, &session)?);
                self.voice.note("compare each fingerprint with its holder, by telephone or face to face; then `lanternfish key confirm --set SET`");
            }
            KeyVerb::Confirm { set: Some(set) } => {
                let cases = keys::confirm_set(desk, &session, &set)?;
                self.voice.say(&json!({"set": set, "confirmed": true, "cases": cases}));
            }
            KeyVerb::Recover { user, fingerprint, release_to: Some(to), reason } => {
                keys::release_share(desk, &session, &to, &user, &fingerprint, &reason)?;
                self.voice.say(&json!({"released-to": to, "for": user}));
            }
            KeyVerb::Recover { user, fingerprint, release_to: None, reason } => {
                let cases = keys::recover(desk, &session, &user, &fingerprint, &reason)?;
                self.voice.say(&json!({"user": user, "cases": cases}));
            }
            KeyVerb::Rotate { case, reason } => {
                let (_, mut scope, permit) = self.to(&case, Action::Administer)?;
                case::rotate_key(desk, &mut scope, &permit, &reason)?;
                self.voice.say(&json!({"case": case.case, "rotated": true}));
            }
            KeyVerb::Revoke { name } => {
                let leaver = desk.store.user_by_name(&name)?;
                self.voice.say(&keys::after_leaver(desk, &session, &leaver)?);
            }
        }
        Ok(0)
    }
}
