//! Backups of the whole (encrypted) home, and bringing one back on another machine.
//!
//! A backup opens with the passphrase it was made under, and with the recovery set where the node has
//! one. A restored log goes on only when nothing later is known; otherwise a new epoch is declared.

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Read, Write as IoWrite},
    path::Path,
};

use model::{authorize::NodeStep, event::EventType};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    StoreError,
    dump,
    erasure::Replayed,
    home::{Config, Database, Home, write_private},
    log::NewEvent,
    people::restate,
    record::Write,
    session::Session,
    sql::Db,
    steps::{Store, empty_server},
    vault::{
        secret::random_16,
        backup::{BackupFile, BackupSummary, backup_create, backup_restore, list_home},
        wrap::{Identity, Recipient, open_with_passphrase, seal_with_passphrase},
    },
};

/// The records in a backup: the file of SQLite, or the rows of a server.
const RECORDS_FILE: &str = "records.db";
pub(crate) const RECORDS_ROWS: &str = "records.rows";
const HEAD: &[u8] = b"lanternfish backup key 1\n";
/// What is known of erasures when a backup is brought back: it may hold what was erased since (law 10).
#[derive(Debug, Clone, Copy)]
pub enum Known<'a> {
    /// The folder of tombstones, as it was copied out of the home.
    Tombstones(&'a Path),
    /// Somebody says that nothing was ever erased.
    NothingErased,
}

/// In the mark of a restored home while its tombstones were not all carried out.
const REPLAYING: &str = "replaying";

/// The file that marks a home as restored and not yet resumed.
pub(crate) const RESTORED: &str = "restored.json";

/// A file whose bytes are hashed on their way.
struct Hashed {
    file: File,
    hash: Sha256,
}

impl IoWrite for Hashed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let length = self.file.write(bytes)?;
        self.hash.update(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Store {
    /// Writes a backup to `target`, which must not exist yet. The event comes first, so that the
    /// backup itself holds it.
    ///
    /// # Errors
    /// Law 13 when the role may not; the disk.
    pub fn backup(&self, session: &Session, target: &Path, passphrase: &str) -> Result<BackupSummary, StoreError> {
        self.check_node_step(Some(session), NodeStep::Safeguard)?;
        if target.exists() {
            return Err(StoreError::input(format!("{} is there already: name a file that does not exist yet", target.display())));
        }
        let event = NewEvent::new(EventType::BackupMade, None, json!({"target": target.to_string_lossy()}));
        let made = self.commit_node(Some(session), NodeStep::Safeguard, event, vec![])?;
        let identity = Identity::generate()?;
        let sealed = seal_with_passphrase(passphrase, identity.secret_text().text()?.as_bytes(), self.config.passphrase_log_n)?;
        let lock = self.backup_lock()?;
        lock.lock().map_err(|e| StoreError::environment("waiting for another backup", &e))?;
        let (summary, _) = self.write_steady_backup(target, &sealed, &identity.recipient())?;
        self.note_backup(made.event + 1)?;
        Ok(summary)
    }

    /// Writes a backup for one key, which stands sealed at its head, from records that stand still; gives the SHA-256 of the
    /// file too, as it was written. Its caller holds the lock of the backups.
    pub(crate) fn write_steady_backup(&self, target: &Path, sealed: &[u8], recipient: &Recipient) -> Result<(BackupSummary, String), StoreError> {
        self.sweep_steady_copies()?;
        let steady = self.home.spool().join(format!("records-{}.backup", hex::encode(random_16()?)));
        let records = if self.db.copy_file_into(&steady)? {
            RECORDS_FILE
        } else {
            dump::write(&self.db, &steady)?;
            RECORDS_ROWS
        };
        let written = self.write_backup(BackupFile { path: records.into(), source: steady.clone() }, target, sealed, recipient);
        let removed = fs::remove_file(&steady).map_err(|e| StoreError::environment("removing the steady copy", &e));
        let summary = written?;
        removed.map(|()| summary)
    }

    /// The same for an erasure, once no backup is being made.
    ///
    /// # Errors
    /// The disk.
    pub fn forget_steady_copies(&self) -> Result<(), StoreError> {
        let lock = self.backup_lock()?;
        lock.lock().map_err(|e| StoreError::environment("waiting for a backup", &e))?;
        self.sweep_steady_copies()
    }

    /// Removes steady copies of the records that a program left when it died: they hold what an erasure destroys since.
    fn sweep_steady_copies(&self) -> Result<(), StoreError> {
        let trouble = |e: std::io::Error| StoreError::environment("sweeping copies of the records", &e);
        for entry in fs::read_dir(self.home.spool()).map_err(trouble)?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("records-") && name.ends_with(".backup") {
                fs::remove_file(entry.path()).map_err(trouble)?;
            }
        }
        Ok(())
    }

    fn write_backup(&self, records: BackupFile, target: &Path, sealed: &[u8], recipient: &Recipient) -> Result<(BackupSummary, String), StoreError> {
        let skip = |path: &str| path.starts_with("records.") || path == RESTORED || path.starts_with("spool") || path.starts_with("objects/tmp") || path.starts_with("out") || path.starts_with("index/");
        let mut files = list_home(self.home.root(), skip)?;
        files.push(records);
        let recovery = self.recovery_recipient()?.unwrap_or_else(|| recipient.clone());
        let file = File::create_new(target).map_err(|e| StoreError::environment(format!("making {}", target.display()), &e))?;
        let mut out = BufWriter::new(Hashed { file, hash: Sha256::new() });
        let length = u32::try_from(sealed.len()).map_err(|_| StoreError::damaged("a sealed backup key"))?;
        out.write_all(HEAD)
            .and_then(|()| out.write_all(&length.to_be_bytes()))
            .and_then(|()| out.write_all(sealed))
            .map_err(|e| StoreError::environment("writing the backup", &e))?;
        let summary = backup_create(&files, std::slice::from_ref(recipient), &recovery, &mut out)?;
        let Hashed { file, hash } = out.into_inner().map_err(|e| StoreError::environment("writing the backup", e.error()))?;
        file.sync_all().map_err(|e| StoreError::environment("writing the backup", &e))?;
        Ok((summary, hex::encode(hash.finalize())))
    }

    /// Brings a backup back into a folder that does not exist yet. The home is marked as restored before it
    /// gets its name, so that no crash leaves one without the mark:
    /// `log resume` must say whether anything later is known before work goes on.
    ///
    /// # Errors
    /// A wrong passphrase, a cut or changed backup, an existing folder: nothing is left then.
    pub fn restore(source: &Path, root: &Path, passphrase: &str) -> Result<BackupSummary, StoreError> {
        Store::restore_into(source, root, passphrase, None, Known::NothingErased).map(|(summary, _)| summary)
    }

    /// The same with the records on a server, whose database must be empty; `None` puts them into the home,
    /// wherever they were before. The role that owns the tables makes them, where one is named.
    ///
    /// # Errors
    /// As [`Store::restore`]; a database that is not empty; a tombstone that this log did not sign.
    pub fn restore_into(
        source: &Path,
        root: &Path,
        passphrase: &str,
        server: Option<Server<'_>>,
        known: Known<'_>,
    ) -> Result<(BackupSummary, Replayed), StoreError> {
        let file = File::open(source).map_err(|e| StoreError::environment(format!("opening {}", source.display()), &e))?;
        let mut input = BufReader::new(file);
        let sealed = read_head(&mut input)?;
        let secret = open_with_passphrase(passphrase, &sealed)?;
        let identity = Identity::parse(secret.text()?)?;
        let empty = server.map(|server| empty_server(server.database, server.owner)).transpose()?;
        let summary = backup_restore(input, &identity, root, &[(RESTORED, b"{\"restored\":true,\"replaying\":true}\n")])?;
        let home = Home::at(root);
        if let Err(error) = place_records(&home, server.map(|server| server.database), empty) {
            // All or nothing: the folder was made a moment ago, by the line above.
            fs::remove_dir_all(root).map_err(|e| StoreError::environment("removing what was not restored", &e))?;
            return Err(error);
        }
        for folder in [home.objects(), home.spool(), home.out()] {
            fs::create_dir_all(&folder).map_err(|e| StoreError::environment("making the folders of the home", &e))?;
        }
        // Before anybody can log in: the home opens for no one while the mark says that tombstones wait.
        let replayed = match replay(root, known, server.and_then(|server| server.owner)) {
            Ok(replayed) => replayed,
            Err(error) if server.is_none() => {
                fs::remove_dir_all(root).map_err(|e| StoreError::environment("removing what was not restored", &e))?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        write_private(&root.join(RESTORED), format!("{}\n", json!({"restored": true, "later-known": replayed.later})).as_bytes())?;
        Ok((summary, replayed))
    }

    /// Whether a tombstone showed, when this home was restored, that its log once went further.
    pub fn later_is_known(&self) -> bool {
        self.mark()["later-known"] == true
    }

    fn mark(&self) -> serde_json::Value {
        read_mark(self.home.root())
    }

    /// Whether this home was restored and has not been resumed.
    pub fn is_waiting_after_restore(&self) -> bool {
        self.home.root().join(RESTORED).exists()
    }

    /// Size of the log below which every session is void while this home waits after a restore: a token
    /// that somebody kept from before must not open what came back. `None` before the first login here.
    pub(crate) fn sessions_void_below(&self) -> Option<u64> {
        self.mark()["sessions-void-below"].as_u64()
    }

    /// Writes that size into the mark of a restored home, at its first login.
    pub(crate) fn void_old_sessions(&self) -> Result<(), StoreError> {
        if !self.is_waiting_after_restore() || self.sessions_void_below().is_some() {
            return Ok(());
        }
        let mark = json!({"restored": true, "later-known": self.later_is_known(), "sessions-void-below": self.log_size()?});
        write_private(&self.home.root().join(RESTORED), format!("{mark}\n").as_bytes())
    }

    /// Rows that end every session of before the restore, to be committed when the log goes on.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn end_old_sessions(&self) -> Result<Vec<Write>, StoreError> {
        let below = self.sessions_void_below().unwrap_or(u64::MAX);
        let rows = self.register("session")?;
        let old = rows.iter().filter(|row| row.state == "open" && row.event < below);
        Ok(old.map(|row| restate(row, "ended", self.now())).collect())
    }

    /// Ends the waiting after a restore: the log goes on.
    ///
    /// # Errors
    /// The disk.
    pub fn resume_after_restore(&self) -> Result<(), StoreError> {
        fs::remove_file(self.home.root().join(RESTORED)).map_err(|e| StoreError::environment("resuming the log", &e))
    }
}

fn read_mark(root: &Path) -> serde_json::Value {
    fs::read(root.join(RESTORED)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// Whether a restore ended before its tombstones were carried out.
pub(crate) fn is_half_restored(root: &Path) -> bool {
    root.join(RECORDS_ROWS).exists() || read_mark(root)[REPLAYING] == true
}

fn replay(root: &Path, known: Known<'_>, owner: Option<&Database>) -> Result<Replayed, StoreError> {
    let Known::Tombstones(folder) = known else { return Ok(Replayed { clean: true, ..Replayed::default() }) };
    if !folder.is_dir() {
        return Err(StoreError::input(format!("{} is no folder: name the folder to which tombstones were copied", folder.display())));
    }
    Store::open_restored(root)?.replay(folder, owner)
}

/// A server that takes the records of a backup.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    /// The database, as the program's own role.
    pub database: &'a Database,
    /// The role that owns the tables, to make them.
    pub owner: Option<&'a Database>,
}

/// Moves the records of an unpacked backup to where the home is to have them.
fn place_records(home: &Home, database: Option<&Database>, server: Option<Db>) -> Result<(), StoreError> {
    let rows = home.root().join(RECORDS_ROWS);
    if server.is_some() && !rows.exists() {
        dump::write(&Db::file(&home.database(), false)?, &rows)?;
        remove_file_of_records(home)?;
    }
    if rows.exists() {
        let db = match server {
            Some(db) => db,
            None => home.make_database().and_then(|()| Db::file(&home.database(), true))?,
        };
        dump::load(&db, &rows)?;
        fs::remove_file(&rows).map_err(|e| StoreError::environment("removing the rows that were read", &e))?;
    }
    let config = home.config()?;
    home.write_config(&Config { database: database.cloned(), ..config })
}

fn remove_file_of_records(home: &Home) -> Result<(), StoreError> {
    for name in [RECORDS_FILE, "records.db-wal", "records.db-shm"] {
        match fs::remove_file(home.root().join(name)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(StoreError::environment("removing the file of the records", &e)),
            _ => {}
        }
    }
    Ok(())
}

fn read_head(input: &mut impl Read) -> Result<Vec<u8>, StoreError> {
    let not_a_backup = || StoreError::input("this file is not a lanternfish backup, or it is cut short");
    let mut head = vec![0; HEAD.len() + 4];
    input.read_exact(&mut head).map_err(|_| not_a_backup())?;
    let (magic, length) = head.split_at(HEAD.len());
    let length = u32::from_be_bytes(length.try_into().map_err(|_| not_a_backup())?);
    if magic != HEAD || length > 1 << 20 {
        return Err(not_a_backup());
    }
    let mut sealed = vec![0; length as usize];
    input.read_exact(&mut sealed).map_err(|_| not_a_backup())?;
    Ok(sealed)
}
