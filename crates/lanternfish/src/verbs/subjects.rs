//! `subject` and `erase`: persons whom a case concerns, and the end of what is held on them.

use desk::{
    DeskError, Intent, erasure,
    subject::{self, Change},
};
use model::action::Action;
use serde_json::json;

use super::{Done, Office, parsed, write};
use crate::args::*;

impl Office {
    pub(super) fn subject(&self, verb: SubjectVerb) -> Done {
        match verb {
            SubjectVerb::Add { case, name, category } => {
                let (_, scope, permit) = self.to(&case, Action::Administer)?;
                self.voice.say(&subject::add(&self.desk, &scope, &permit, &name, parsed(&category)?)?);
            }
            SubjectVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::Administer)?;
                self.voice.say_all(&subject::list(&self.desk, &scope, &permit)?, "no person is written down in this case");
            }
            SubjectVerb::Show { case, subject } => {
                let (_, scope, permit) = self.to(&case, Action::Administer)?;
                self.voice.say(&subject::show(&self.desk, &scope, &permit, &subject)?);
            }
            SubjectVerb::Name { on, name } => self.change(&on, &Change::Name(name))?,
            SubjectVerb::Link { on, item } => self.change(&on, &Change::Link(item))?,
            SubjectVerb::Unlink { on, item } => self.change(&on, &Change::Unlink(item))?,
            SubjectVerb::Keep { on, item } => self.change(&on, &Change::Keep(item))?,
            SubjectVerb::Review { on, next } => self.change(&on, &Change::Review(next))?,
            SubjectVerb::Extend { on, until } => self.change(&on, &Change::Extend(until))?,
            SubjectVerb::Hold { on } => self.change(&on, &Change::Hold)?,
            SubjectVerb::Release { on } => self.change(&on, &Change::Release)?,
            SubjectVerb::Due => self.voice.say_all(&subject::due(&self.desk, &self.session()?)?, "nobody is due"),
            SubjectVerb::Export { on, out } => {
                let (_, scope, permit) = self.to(&on.case, Action::Administer)?;
                let answer = subject::export(&self.desk, &scope, &permit, &on.subject, &on.reason)?;
                let text = serde_json::to_vec_pretty(&answer).map_err(|e| DeskError::damaged(e.to_string()))?;
                write(&out, &text)?;
                self.voice.say(&json!({"subject": on.subject, "written": out, "exhibits": answer["exhibits"].as_array().map(Vec::len)}));
            }
        }
        Ok(0)
    }

    fn change(&self, on: &OnSubject, what: &Change) -> Result<(), DeskError> {
        let (_, scope, permit) = self.to(&on.case, Action::Administer)?;
        self.voice.say(&subject::change(&self.desk, &scope, &permit, &on.subject, what, &on.reason)?);
        Ok(())
    }

    pub(super) fn erase(&self, verb: EraseVerb) -> Done {
        match verb {
            EraseVerb::Propose { on, shared } => {
                let (_, scope, permit) = self.to(&on.case, Action::Administer)?;
                let view = erasure::propose(&self.desk, &scope, &permit, &on.subject, &on.reason, &shared)?;
                self.voice.say(&view);
                self.voice.note(format!("next: a supervisor or prosecutor who is not you runs `lanternfish erase decide {}`", view.erasure));
            }
            EraseVerb::Decide { case, erasure, authority, exculpatory_checked, despite_exculpatory, despite_process } => {
                let (_, scope, permit) = self.to(&case, Action::Administer)?;
                let says = erasure::Says { on: authority, exculpatory_checked, despite_exculpatory, despite_process };
                self.voice.say(&erasure::decide(&self.desk, &scope, &permit, &erasure, &says)?);
                self.voice.note(format!("next: `lanternfish erase run {erasure} --tombstones DIR`"));
            }
            EraseVerb::Refuse { case, erasure, reason } => {
                let (_, scope, permit) = self.to(&case, Action::Administer)?;
                self.voice.say(&erasure::refuse(&self.desk, &scope, &permit, &erasure, &reason)?);
            }
            EraseVerb::Run { case, erasure, tombstones, database_owner, database_owner_password_file } => {
                let owner = database_owner.map(|role| match &self.desk.store.config().database {
                    Some(database) => database.as_role(&role, database_owner_password_file),
                    None => Err(DeskError::input("the records of this home lie in its own file: leave --database-owner out")),
                });
                let owner = owner.transpose()?;
                let (_, scope) = self.enter(&case)?;
                let (purging, person) = erasure::stands(&self.desk, &scope, &erasure)?;
                if !purging {
                    let permit = self.desk.permit(&scope, subject::to_erase(&person)?)?;
                    erasure::destroy(&self.desk, &scope, &permit, &erasure)?;
                }
                let permit = self.desk.permit(&scope, Intent::to(Action::Administer))?;
                self.voice.say(&erasure::finish(&self.desk, &scope, &permit, &erasure, &tombstones, owner.as_ref())?);
                self.voice.note("backups that were made before still hold it, sealed: restore them with --tombstones, and make a new backup now");
            }
            EraseVerb::List { case } => {
                let (_, scope, permit) = self.to(&case, Action::Administer)?;
                self.voice.say_all(&erasure::list(&self.desk, &scope, &permit)?, "nothing was erased or is to be erased in this case");
            }
            EraseVerb::Tombstones { folder } => {
                let copied = erasure::tombstones(&self.desk, &self.session()?, &folder)?;
                self.voice.say(&json!({"folder": folder, "tombstones": copied}));
            }
        }
        Ok(0)
    }
}
