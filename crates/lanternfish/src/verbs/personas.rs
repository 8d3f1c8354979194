//! Personas, controlled contacts and accidents. From typed words to steps of the desk; no rule is decided here.

use std::{io::Read, path::Path};

use desk::{
    DeskError, Intent, Scope, accident, case,
    contact::{self, Contact},
    persona::{self, NewSecret, PersonaView, Register},
};
use model::{action::Action, moment::{DayEdge, civil_to_moment}};
use serde_json::json;

use super::{Done, Office, exhibits::origin, parsed, read, write};
use crate::args::*;

impl Office {
    /// One persona; what makes it easy to recognise is said on standard error too.
    fn tell_persona(&self, view: &PersonaView) {
        self.voice.say(view);
        self.warn(&view.warnings);
    }

    /// Warnings that must not be missed.
    pub(super) fn warn(&self, warnings: &[String]) {
        for warning in warnings {
            self.voice.note(format!("ATTENTION: {warning}"));
        }
    }

    pub(super) fn persona(&self, verb: PersonaVerb) -> Done {
        let desk = &self.desk;
        match verb {
            PersonaVerb::Register { case, name, authority, about, source, concerns } => {
                let (session, scope, permit) = self.to(&case, Action::Administer)?;
                let typed = Register { name, about, authority, origin: origin(&source, &concerns)? };
                let view = persona::register(desk, &session, &scope, &permit, &typed)?;
                self.tell_persona(&view);
                self.voice.note(format!("next: a supervisor who is not you runs `lanternfish persona authorise --case {} {} --officer NAME`", case.case, view.persona));
            }
            PersonaVerb::Authorise { one, officers, authority } => {
                let (session, scope, permit) = self.to(&one.case, Action::Administer)?;
                self.tell_persona(&persona::authorise(desk, &session, &scope, &permit, &one.persona, &officers, authority.as_deref())?);
            }
            PersonaVerb::CheckOut { one } => {
                let (session, scope) = self.enter(&one.case)?;
                let permit = desk.permit(&scope, persona::intent_to_check_out(desk, &session, &scope, &one.persona)?)?;
                self.tell_persona(&persona::check_out(desk, &session, &scope, &permit, &one.persona)?);
            }
            PersonaVerb::Return { one } => {
                let (session, scope, permit) = self.to(&one.case, Action::Transfer)?;
                self.tell_persona(&persona::give_back(desk, &session, &scope, &permit, &one.persona)?);
            }
            PersonaVerb::Burn { one, reason } => {
                let (session, scope, permit) = self.to(&one.case, Action::Transfer)?;
                self.tell_persona(&persona::burn(desk, &session, &scope, &permit, &one.persona, &reason)?);
                self.voice.note("it is burned: close its accounts only on your supervisor's word, and use nothing of it in another persona");
            }
            PersonaVerb::Deregister { one, reason } => {
                let (session, scope, permit) = self.to(&one.case, Action::Administer)?;
                self.tell_persona(&persona::deregister(desk, &session, &scope, &permit, &one.persona, &reason)?);
            }
            PersonaVerb::List { case } => {
                let (session, scope, permit) = self.to(&case, Action::Administer)?;
                let views = persona::list(desk, &session, &scope, &permit)?;
                self.voice.say_all(&views, "there is no persona for you in this case");
                views.iter().for_each(|view| self.warn(&view.warnings));
            }
            PersonaVerb::Show { one } => {
                let (session, scope, permit) = self.to(&one.case, Action::Administer)?;
                self.tell_persona(&persona::show(desk, &session, &scope, &permit, &one.persona)?);
            }
            PersonaVerb::History { one } => {
                let (session, scope, permit) = self.to(&one.case, Action::Administer)?;
                self.voice.say_all(&persona::history(desk, &session, &scope, &permit, &one.persona)?, "nothing happened to it");
            }
            PersonaVerb::Secret(SecretVerb::Add { one, cookie, host, login }) => {
                let secret = match (cookie, host, login) {
                    (Some(file), Some(host), _) => NewSecret::Cookie { host, value: secret_of(&file)?.lines().next().unwrap_or("").trim().into() },
                    (_, _, Some(file)) => NewSecret::Login { value: secret_of(&file)? },
                    _ => return Err(DeskError::input("name a file with --cookie and its --host, or with --login")),
                };
                let (session, scope, permit) = self.to(&one.case, Action::Administer)?;
                self.tell_persona(&persona::add_secret(desk, &session, &scope, &permit, &one.persona, &secret)?);
                self.voice.note("the secret lies in the vault: destroy the file that you read it from");
            }
            PersonaVerb::Secret(SecretVerb::Show { one }) => {
                let (session, scope) = self.enter(&one.case)?;
                let permit = desk.permit(&scope, persona::intent_to_check_out(desk, &session, &scope, &one.persona)?)?;
                self.voice.say_all(&persona::secrets(desk, &session, &scope, &permit, &one.persona)?, "its vault is empty");
            }
            PersonaVerb::Reveal { case, exhibit, reason, out } => {
                let (session, scope, permit) = self.with(&case, persona::intent_to_reveal(&exhibit)?)?;
                let revealed = persona::reveal(desk, &session, &scope, &permit, &exhibit, &reason)?;
                write(&out, format!("{revealed:#}\n").as_bytes())?;
                self.voice.say(&json!({"revealed": out, "exhibit": revealed["exhibit"], "values": revealed["items"].as_array().map_or(0, Vec::len)}));
                self.voice.note(format!("{} holds secrets of a persona: give it to the court only, and destroy it here", out.display()));
            }
        }
        Ok(0)
    }

    pub(super) fn contact(&self, verb: ContactVerb) -> Done {
        let desk = &self.desk;
        match verb {
            ContactVerb::Record(typed) => {
                let (session, scope) = self.enter(&typed.case)?;
                let zone = match &typed.zone {
                    Some(zone) => zone.clone(),
                    None => case::zone(desk, &scope)?,
                };
                let contact = Contact {
                    kind: typed.kind.clone(),
                    by: typed.by.clone().unwrap_or_else(|| session.name().to_string()),
                    authority: parsed(&typed.authority)?,
                    at: civil_to_moment(&typed.at, None, &zone, DayEdge::Start).map_err(|e| DeskError::input(e.to_string()))?,
                    local: format!("{} ({zone})", typed.at),
                    with: typed.with.clone(),
                    target: typed.target.clone(),
                    means: typed.means.clone(),
                    outcome: typed.outcome.clone(),
                    paid: typed.paid.as_deref().map(contact::money).transpose()?,
                    origin: origin(&typed.source, &typed.concerns)?,
                    exhibits: typed.exhibits.clone(),
                };
                let permit = desk.permit(&scope, contact.intent())?;
                let admission = desk.permit(&scope, contact.intent_to_admit())?;
                self.voice.say(&contact::record(desk, &scope, &permit, &admission, &contact)?);
            }
            ContactVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::View)?;
                self.voice.say_all(&contact::list(desk, &scope, &permit)?, "no contact was written down in this case");
            }
            ContactVerb::Link { case, contact, exhibit } => {
                let (_, scope, permit) = self.to(&case, Action::Transfer)?;
                self.voice.say(&contact::link(desk, &scope, &permit, &contact, &exhibit)?);
            }
        }
        Ok(0)
    }

    /// What waits for a supervisor because somebody came upon it.
    pub(super) fn tell_accidents(&self, scope: &Scope, case: &str) -> Result<(), DeskError> {
        for exhibit in accident::waiting(&self.desk, scope)? {
            self.voice.note(format!("ATTENTION: somebody came upon what nobody may have, {exhibit} in {case}; it waits for a supervisor: `lanternfish accident list --case {case}`, then `accident acknowledge`"));
        }
        Ok(())
    }

    /// The accident: one command, and what to do now.
    pub(super) fn accident_with(&self, case: &InCase, exhibit: &str, reason: &str) -> Done {
        let (_, scope) = self.enter(case)?;
        let permit = self.desk.permit(&scope, accident::intent_for(scope.role(), exhibit)?)?;
        let view = accident::declare(&self.desk, &scope, &permit, exhibit, reason)?;
        self.voice.say(&view);
        for (number, line) in (1..).zip(accident::procedure(view.locked, &view.hosts)) {
            self.voice.note(format!("{number}. {line}"));
        }
        Ok(0)
    }

    pub(super) fn accident(&self, verb: AccidentVerb) -> Done {
        let desk = &self.desk;
        match verb {
            AccidentVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::Transfer)?;
                self.voice.say_all(&accident::list(desk, &scope, &permit)?, "nobody came upon anything in this case");
            }
            AccidentVerb::Acknowledge { case, exhibit, note } => {
                let (_, scope) = self.enter(&case)?;
                let permit = desk.permit(&scope, Intent::to(Action::Transfer))?;
                self.voice.say(&accident::acknowledge(desk, &scope, &permit, &exhibit, &note)?);
            }
        }
        Ok(0)
    }
}

/// The text of a file or of standard input that holds a secret.
fn secret_of(file: &Path) -> Result<String, DeskError> {
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().take(persona::LONGEST_SECRET as u64 + 1).read_to_end(&mut bytes).map_err(|e| DeskError::environment("reading standard input", &e))?;
        bytes
    } else {
        read(file)?
    };
    String::from_utf8(bytes).map(|text| text.trim_end().to_string()).map_err(|_| DeskError::input("the secret is not text in UTF-8"))
}
