//! Backups: made by a person, planned by a person and made by the node, and how the newest stands. No rule is decided here.

use std::{path::Path, sync::Arc, time::Duration};

use desk::{Desk, DeskError};
use model::authorize::NodeStep;
use serde_json::json;

use super::{Done, Office, collect::seconds};
use crate::{
    args::BackupVerb,
    output::complain,
    passphrase::{self, Asked},
};

/// How often an open workspace looks whether a backup is due.
const LOOK: Duration = Duration::from_secs(30);

impl Office {
    pub(super) fn backup(&self, verb: BackupVerb) -> Done {
        let store = &self.desk.store;
        match verb {
            BackupVerb::Create { file, passphrase_file } => self.backup_now(&file, passphrase_file.as_deref())?,
            BackupVerb::Plan { to, every, keep, passphrase_file } => {
                let session = self.session()?;
                store.check_node_step(Some(&session), NodeStep::Safeguard)?;
                let secret = passphrase::get(passphrase_file.as_deref(), "a passphrase for the backups of the plan", Asked::Twice)?;
                let plan = store.plan_backups(&session, &to, seconds(&every)?, keep, &secret)?;
                self.voice.say(&json!({"to": plan.to, "every_seconds": plan.every_seconds, "keep": plan.keep}));
                self.voice.note("the passphrase is kept nowhere: write it down, and keep it in another place than the backups");
                self.voice.note("backups are made while `lanternfish serve` is open; otherwise let a timer call `lanternfish backup run-due`");
            }
            BackupVerb::EndPlan { reason } => {
                store.end_backup_plan(&self.session()?, &reason)?;
                self.voice.say(&json!({"planned": false}));
            }
            BackupVerb::RunDue => match store.backup_if_due()? {
                Some(made) => self.voice.say(&json!({"backup": made.file, "files": made.summary.files, "bytes": made.summary.bytes, "removed": made.removed})),
                None => self.voice.note("no backup is due: see `lanternfish backup status`"),
            },
            BackupVerb::Status => {
                let session = self.session()?;
                self.may_list_the_node(Some(&session))?;
                store.check_node_step(Some(&session), NodeStep::ReadLog)?;
                let (plan, last) = (store.backup_plan()?, store.last_backup()?);
                let later = last.as_ref().map(|last| store.log_size().map(|size| size.saturating_sub(last.events))).transpose()?;
                self.voice.say(&json!({
                    "last": last.map(|last| last.at), "events_after": later, "every_seconds": plan.as_ref().map(|plan| plan.every_seconds),
                    "next": store.next_backup()?, "trouble": store.backup_trouble()?,
                }));
            }
            BackupVerb::Restore { .. } => return Err(DeskError::input("a backup is restored without a session")),
        }
        Ok(0)
    }

    fn backup_now(&self, file: &Path, passphrase_file: Option<&Path>) -> Result<(), DeskError> {
        let session = self.session()?;
        let secret = passphrase::get(passphrase_file, "a passphrase for the backup", Asked::Twice)?;
        let summary = self.desk.store.backup(&session, file, &secret)?;
        self.voice.say(&json!({"backup": file, "files": summary.files, "bytes": summary.bytes}));
        if let Some(objects) = &self.desk.store.config().objects {
            self.voice.note(format!("the objects in {} are not in it: the bucket's retention and its own copies protect them", objects.url));
        }
        Ok(())
    }
}

/// Makes the planned backups for as long as the program runs; what fails is said and tried again later.
pub fn keep_making(desk: &Arc<Desk>) {
    let desk = Arc::clone(desk);
    std::thread::spawn(move || loop {
        if let Err(error) = desk.store.backup_if_due() {
            complain(format!("the planned backup failed: {error}"));
        }
        std::thread::sleep(LOOK);
    });
}
