//! Backups that the node makes by itself, under a plan that a person wrote.
//!
//! No secret waits on this machine: when the plan is written, the key of its backups is drawn, sealed under the passphrase
//! that was typed, and forgotten; the node keeps the sealed key and the public half. Each backup is a file like every other,
//! and opens with that passphrase. It refuses to write over a file, and removes only files that its own plan made.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use model::{Moment, authorize::{NodeStep, authorize_node_step}, event::EventType};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    StoreError,
    home::write_private,
    log::NewEvent,
    people::restate,
    record::{Basis, Content, Head, Number, Row, Write},
    session::Session,
    steps::Store,
    vault::{
        backup::BackupSummary,
        secret::random_16,
        wrap::{Identity, Recipient, seal_with_passphrase},
    },
};

const PLAN: &str = "backup-plan";
const TROUBLE: &str = "backup-trouble.json";
const LOCK: &str = "backup.lock";
/// After a backup that failed, the next try waits so long, in seconds.
const AGAIN_AFTER: i64 = 600;
const SHORTEST: i64 = 60;
const MOST_KEPT: usize = 10_000;

/// When, where to and how many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupPlan {
    /// The folder, best on another disk.
    pub to: PathBuf,
    /// Seconds from one backup to the next.
    pub every_seconds: i64,
    /// How many are kept; older ones of this plan are removed after a new one is whole.
    pub keep: usize,
    /// Whom the backups are sealed for.
    recipient: String,
    /// The key that opens them, under the passphrase of the plan, in hexadecimal digits.
    sealed_key: String,
}

/// A planned backup that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupTrouble {
    /// When it was tried.
    pub at: Moment,
    /// Why it failed.
    pub why: String,
}

/// A planned backup that came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedBackup {
    /// The file.
    pub file: PathBuf,
    /// What it holds.
    pub summary: BackupSummary,
    /// Older files of the plan that were removed.
    pub removed: usize,
}

impl Store {
    /// Writes the plan down; one that was there before ends.
    ///
    /// # Errors
    /// Law 13 when the role may not; a folder that is not there or not writable; a period under a minute.
    pub fn plan_backups(&self, session: &Session, to: &Path, every_seconds: i64, keep: usize, passphrase: &str) -> Result<BackupPlan, StoreError> {
        self.check_node_step(Some(session), NodeStep::Safeguard)?;
        if every_seconds < SHORTEST || !(1..=MOST_KEPT).contains(&keep) {
            return Err(StoreError::input(format!("backups are made every minute at most, and 1 to {MOST_KEPT} of them are kept")));
        }
        let to = fs::canonicalize(to).map_err(|e| StoreError::input(format!("{} is no folder that can be used ({e}): make it first, best on another disk", to.display())))?;
        if to.starts_with(self.home.root()) {
            return Err(StoreError::input("the folder lies inside the home: what destroys the home would destroy its backups; name one on another disk"));
        }
        let identity = Identity::generate()?;
        let sealed = seal_with_passphrase(passphrase, identity.secret_text().text()?.as_bytes(), self.config.passphrase_log_n)?;
        let plan = BackupPlan { to, every_seconds, keep, recipient: identity.recipient().to_string(), sealed_key: hex::encode(sealed) };
        let id = format!("plan-{}", hex::encode(random_16()?));
        let mut rows: Vec<Write> = self.live_plans()?.iter().map(|row| restate(row, "ended", self.now())).collect();
        rows.push(Write {
            head: Head { kind: PLAN, id: id.clone(), case: None, parent: None, number: Number::None, state: "live".into(), actor: Some(session.actor().clone()), time: self.now() },
            content: Content::Json(serde_json::to_value(&plan).map_err(|e| StoreError::damaged(e.to_string()))?),
            index: vec![],
            basis: Basis::New,
        });
        let detail = json!({"to": plan.to.to_string_lossy(), "every_seconds": every_seconds, "keep": keep});
        self.commit_node(Some(session), NodeStep::Safeguard, NewEvent::new(EventType::BackupPlanned, Some(id), detail), rows)?;
        Ok(plan)
    }

    /// Ends the plan; its files stay.
    ///
    /// # Errors
    /// Law 13 when the role may not; when there is no plan.
    pub fn end_backup_plan(&self, session: &Session, reason: &str) -> Result<(), StoreError> {
        self.check_node_step(Some(session), NodeStep::Safeguard)?;
        let rows: Vec<Write> = self.live_plans()?.iter().map(|row| restate(row, "ended", self.now())).collect();
        if rows.is_empty() {
            return Err(StoreError::input("there is no plan for backups: write one with `lanternfish backup plan`"));
        }
        let event = NewEvent::new(EventType::BackupPlanned, None, json!({"ended": reason}));
        self.commit_node(Some(session), NodeStep::Safeguard, event, rows).map(|_| ())
    }

    /// The plan that holds now.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn backup_plan(&self) -> Result<Option<BackupPlan>, StoreError> {
        Ok(self.live_plan()?.map(|(_, plan)| plan))
    }

    fn live_plan(&self) -> Result<Option<(Row, BackupPlan)>, StoreError> {
        let Some(row) = self.live_plans()?.pop() else { return Ok(None) };
        let plan = row.content()?;
        Ok(Some((row, plan)))
    }

    fn live_plans(&self) -> Result<Vec<Row>, StoreError> {
        Ok(self.register(PLAN)?.into_iter().filter(|row| row.state == "live").collect())
    }

    /// Whoever wrote the plan knows what opens its backups: once he keeps the node no more, none is made under it.
    fn author_keeps_the_node(&self, row: &Row) -> Result<(), StoreError> {
        let Some(actor) = &row.actor else { return Err(StoreError::damaged("a plan without its author")) };
        let user = self.user(actor)?;
        if user.state == "active" && authorize_node_step(Some(user.record.role), NodeStep::Safeguard).is_ok() {
            return Ok(());
        }
        Err(StoreError::input(format!("{} planned the backups, knows their passphrase, and keeps this node no more: plan them anew with `lanternfish backup plan`", model::quoted(&user.record.name))))
    }

    /// The last planned backup that failed, when none was made since.
    ///
    /// # Errors
    /// The disk; a note that cannot be read.
    pub fn backup_trouble(&self) -> Result<Option<BackupTrouble>, StoreError> {
        let Some(bytes) = self.beside(TROUBLE)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|e| StoreError::damaged(format!("the file {TROUBLE} of the home: {e}")))
    }

    /// When the next backup of the plan is made; none without a plan.
    ///
    /// # Errors
    /// When the records or the notes cannot be read.
    pub fn next_backup(&self) -> Result<Option<Moment>, StoreError> {
        let Some(plan) = self.backup_plan()? else { return Ok(None) };
        let due = self.last_backup()?.map_or(self.now(), |last| last.at.plus_seconds(plan.every_seconds));
        let again = self.backup_trouble()?.map(|trouble| trouble.at.plus_seconds(AGAIN_AFTER));
        Ok(Some(again.map_or(due, |again| due.max(again))))
    }

    /// Makes the backup of the plan if it is due. One that fails is noted, for `doctor` and everybody's home page.
    ///
    /// # Errors
    /// The disk; the database.
    pub fn backup_if_due(&self) -> Result<Option<PlannedBackup>, StoreError> {
        if self.is_waiting_after_restore() || self.next_backup()?.is_none_or(|next| next > self.now()) {
            return Ok(None);
        }
        let Some((row, plan)) = self.live_plan()? else { return Ok(None) };
        let lock = self.backup_lock()?;
        // Another process of this home makes it at this moment.
        if lock.try_lock().is_err() {
            return Ok(None);
        }
        match self.author_keeps_the_node(&row).and_then(|()| self.planned_backup(&row, &plan)) {
            Ok(made) => {
                self.forget_trouble()?;
                Ok(Some(made))
            }
            Err(error) => {
                let trouble = BackupTrouble { at: self.now(), why: error.to_string() };
                let note = serde_json::to_vec(&trouble).map_err(|e| StoreError::damaged(e.to_string()))?;
                write_private(&self.home.root().join(TROUBLE), &note)?;
                Err(error)
            }
        }
    }

    /// The lock that each backup of this home takes, planned or not.
    pub(crate) fn backup_lock(&self) -> Result<File, StoreError> {
        File::create(self.home.spool().join(LOCK)).map_err(|e| StoreError::environment("opening the lock of the backups", &e))
    }

    fn planned_backup(&self, row: &Row, plan: &BackupPlan) -> Result<PlannedBackup, StoreError> {
        let (prefix, stamp) = (self.prefix(row), self.now().to_string().chars().filter(char::is_ascii_alphanumeric).collect::<String>());
        let (file, part) = (plan.to.join(format!("{prefix}{stamp}.backup")), plan.to.join(format!("{prefix}{stamp}.part")));
        let event = NewEvent::new(EventType::BackupMade, None, json!({"target": file.to_string_lossy(), "planned": true}));
        let made = self.commit_node(None, NodeStep::PlannedBackup, event, vec![])?;
        let sealed = hex::decode(&plan.sealed_key).map_err(|_| StoreError::damaged("the key of the planned backups"))?;
        let recipient: Recipient = plan.recipient.parse()?;
        let written = self.write_steady_backup(&part, &sealed, &recipient).and_then(|(summary, digest)| settled(&part, &file, &digest).map(|()| summary));
        let summary = written.inspect_err(|_| drop(fs::remove_file(&part)))?;
        self.note_backup(made.event + 1)?;
        Ok(PlannedBackup { removed: remove_older(plan, &prefix, &file)?, file, summary })
    }

    /// What the files of this plan are called before their time. Its number is in it: no other plan, and no other node that
    /// keeps its backups in the same folder, has the same.
    fn prefix(&self, row: &Row) -> String {
        let plan: String = row.id.chars().filter(char::is_ascii_hexdigit).rev().take(12).collect();
        format!("{}-{plan}-", self.config.origin.rsplit('/').next().unwrap_or("lanternfish"))
    }

    fn forget_trouble(&self) -> Result<(), StoreError> {
        match fs::remove_file(self.home.root().join(TROUBLE)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(StoreError::environment("removing the note of a failed backup", &e)),
            _ => Ok(()),
        }
    }
}

/// Reads the file back to its end and compares it with what was written, then gives it its name: a name that is there is a
/// backup that the disk gave back as it was.
fn settled(part: &Path, file: &Path, written: &str) -> Result<(), StoreError> {
    let trouble = |e: io::Error| StoreError::environment(format!("reading {} back", part.display()), &e);
    let (mut hash, mut again, mut piece) = (Sha256::new(), File::open(part).map_err(trouble)?, vec![0; 1 << 20]);
    loop {
        match again.read(&mut piece).map_err(trouble)? {
            0 => break,
            length => hash.update(&piece[..length]),
        }
    }
    let read = hex::encode(hash.finalize());
    if read != written {
        return Err(StoreError::damaged(format!("{} came back with other bytes than were written: the disk is not to be trusted, name a folder on another one", part.display())));
    }
    let naming = |e: io::Error| StoreError::environment(format!("naming {}", file.display()), &e);
    if file.exists() {
        return Err(StoreError::input(format!("{} is there already", file.display())));
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    fs::write(file.with_extension("sha256"), format!("{read}  {name}\n")).map_err(naming)?;
    fs::rename(part, file).map_err(naming)?;
    // The names are durable with their folder.
    file.parent().map_or(Ok(()), |folder| File::open(folder).and_then(|folder| folder.sync_all())).map_err(naming)
}

/// Halves that lie so long, in seconds, are nobody's any more: two servers may make a backup at the same time.
const OLD_HALF: u64 = 86_400;

/// Removes the oldest files of the plan beyond those that are kept, never the newest, and halves of programs that died.
fn remove_older(plan: &BackupPlan, prefix: &str, newest: &Path) -> Result<usize, StoreError> {
    let trouble = |e: io::Error| StoreError::environment(format!("listing {}", plan.to.display()), &e);
    let own = |path: &Path, end: &str| path.extension().is_some_and(|own| own == end) && path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
    let there: Vec<PathBuf> = fs::read_dir(&plan.to).map_err(trouble)?.flatten().map(|entry| entry.path()).collect();
    let is_old = |path: &PathBuf| fs::metadata(path).and_then(|about| about.modified()).is_ok_and(|time| time.elapsed().is_ok_and(|age| age.as_secs() > OLD_HALF));
    for half in there.iter().filter(|path| own(path, "part")).filter(|path| is_old(path)) {
        fs::remove_file(half).map_err(trouble)?;
    }
    let mut older: Vec<PathBuf> = there.into_iter().filter(|path| own(path, "backup") && path != newest).collect();
    // The moment in the name: by name is by time.
    older.sort();
    let many = (older.len() + 1).saturating_sub(plan.keep);
    for file in &older[..many] {
        fs::remove_file(file).map_err(trouble)?;
        drop(fs::remove_file(file.with_extension("sha256")));
    }
    Ok(many)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_that_the_disk_gives_back_otherwise_gets_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let (part, file) = (folder.path().join("one.part"), folder.path().join("one.backup"));
        let written = hex::encode(Sha256::digest(b"what was written"));
        fs::write(&part, b"what was wriTten").unwrap();
        let error = settled(&part, &file, &written).unwrap_err();
        assert!(error.to_string().contains("other bytes than were written") && !file.exists(), "{error}");
        fs::write(&part, b"what was written").unwrap();
        settled(&part, &file, &written).unwrap();
        assert!(file.exists() && !part.exists());
        assert_eq!(fs::read_to_string(folder.path().join("one.sha256")).unwrap(), format!("{written}  one.backup\n"));
        // A name that is taken stays as it is.
        fs::write(&part, b"what was written").unwrap();
        settled(&part, &file, &written).unwrap_err();
    }
}
