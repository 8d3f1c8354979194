//! What a node can say of itself with no key of any case: the newest checkpoint that it kept beside its
//! records, its last backup, who else could read its keys, and objects that cannot be whole.
//!
//! The checkpoint lies in the home and not among the records: records that were put back to an earlier hour
//! then do not hold it. It proves nothing to a stranger, because whoever has the disk can change both; for
//! him there are witnesses. Nothing here repairs anything.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use ledger::{LogKey, SignedCheckpoint, note::UnknownSigners, root_of_hashes};
use model::Moment;
use serde::{Deserialize, Serialize};

use crate::{StoreError, home::write_private, steps::Store};

const CHECKPOINT: &str = "checkpoint";
const LAST_BACKUP: &str = "last-backup.json";

/// The last backup that came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastBackup {
    /// When.
    pub at: Moment,
    /// Number of events that it holds.
    pub events: u64,
}

impl Store {
    /// Keeps the checkpoint of the log as it stands now beside the records. A home that waits after a restore
    /// signs none, and keeps what came with it.
    ///
    /// # Errors
    /// The disk; when the log key cannot be read.
    pub fn keep_checkpoint(&self) -> Result<(), StoreError> {
        if self.is_waiting_after_restore() {
            return Ok(());
        }
        write_private(&self.home().root().join(CHECKPOINT), self.checkpoint()?.to_text().as_bytes())
    }

    /// The checkpoint that was kept last; none on a home that never kept one.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the file is no checkpoint; the disk.
    pub fn kept_checkpoint(&self) -> Result<Option<SignedCheckpoint>, StoreError> {
        let Some(bytes) = self.beside(CHECKPOINT)? else { return Ok(None) };
        SignedCheckpoint::parse(&bytes).map(Some).map_err(|e| StoreError::damaged(format!("the file {CHECKPOINT} of the home: {e}")))
    }

    /// What does not fit between the log and the checkpoint that was kept last, in words; `None` when it fits,
    /// or when none was kept.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the file is no checkpoint; the database.
    pub fn against_kept_checkpoint(&self) -> Result<Option<String>, StoreError> {
        let Some(note) = self.kept_checkpoint()? else { return Ok(None) };
        let claimed = note.claimed().clone();
        let ours = LogKey::new(claimed.origin.clone(), *self.log_signer()?.log_key().public_key()).map_err(|e| StoreError::damaged(e.to_string()))?;
        if let Err(error) = note.verify(&ours, &[], UnknownSigners::Ignore) {
            return Ok(Some(format!("the checkpoint in the home was not signed by the log key that is there now: the key or the file was changed ({error})")));
        }
        let size = self.log_size()?;
        if claimed.size.0 > size {
            return Ok(Some(format!("the log holds fewer events ({size}) than the checkpoint in the home ({}): the records are those of an earlier hour", claimed.size)));
        }
        let root = root_of_hashes(&self.leaf_hashes(claimed.size.0)?, claimed.size).map_err(|e| StoreError::damaged(e.to_string()))?;
        let fits = root == claimed.root;
        Ok((!fits).then(|| format!("the first {} events are not those of the checkpoint in the home: this is another history", claimed.size)))
    }

    /// Notes that a backup came to its end.
    pub(crate) fn note_backup(&self, events: u64) -> Result<(), StoreError> {
        let note = serde_json::to_vec(&LastBackup { at: self.now(), events }).map_err(|e| StoreError::damaged(e.to_string()))?;
        write_private(&self.home().root().join(LAST_BACKUP), &note)
    }

    /// The last backup of this home that came to its end.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the note cannot be read; the disk.
    pub fn last_backup(&self) -> Result<Option<LastBackup>, StoreError> {
        let Some(bytes) = self.beside(LAST_BACKUP)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|e| StoreError::damaged(format!("the file {LAST_BACKUP} of the home: {e}")))
    }

    pub(crate) fn beside(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match fs::read(self.home().root().join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::environment(format!("reading {name}"), &e)),
        }
    }

    /// Files and folders of keys and records that others than their owner may open.
    ///
    /// # Errors
    /// The disk.
    pub fn open_to_others(&self) -> Result<Vec<PathBuf>, StoreError> {
        let (home, config) = (self.home(), self.config());
        let mut places = vec![home.root().to_path_buf(), home.root().join("node"), home.objects(), home.database()];
        places.extend(["records.db-wal", "records.db-shm", "lanternfish.json"].map(|name| home.root().join(name)));
        let keys = fs::read_dir(home.root().join("node")).map_err(|e| StoreError::environment("listing the node's keys", &e))?;
        places.extend(keys.flatten().map(|entry| entry.path()));
        places.extend(config.objects.iter().map(|place| place.key_file.clone()));
        places.extend(config.database.iter().filter_map(|database| database.password_file.clone()));
        let open = |place: &PathBuf| fs::metadata(place).is_ok_and(|about| about.permissions().mode() & 0o077 != 0);
        Ok(places.into_iter().filter(open).collect())
    }

    /// Objects that cannot be whole, told from their beginning and their length alone. Those in a bucket are
    /// not asked one by one.
    ///
    /// # Errors
    /// The disk.
    pub fn torn_objects(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.objects.torn()?.into_iter().map(|name| name.hex()).collect())
    }

    /// Names of all stored objects.
    ///
    /// # Errors
    /// The disk or the object store.
    pub fn object_names(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.objects.list()?.objects.into_iter().map(|name| name.hex()).collect())
    }
}
