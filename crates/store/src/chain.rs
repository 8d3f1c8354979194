//! The log for people and verifiers: its size, checkpoints, proofs, epochs, and the check of all of it.
//!
//! It needs no content key; a restored home signs nothing before it was resumed (law 3).

use ledger::{Checkpoint, KeyName, LogSigner, SignedCheckpoint, TreeSize};
use model::{Law, Sha256Digest, actor::Role, authorize::NodeStep, event::EventType};
use serde_json::Value;

use crate::{
    StoreError,
    log::{self, LogHead, LogReport, NewEvent},
    session::Session,
    sql::{self, Sight, Val},
    steps::{Committed, Condition, Store, read_secret},
};

impl Store {
    /// Reads the whole log again and compares it with the rows both ways.
    ///
    /// # Errors
    /// When the database refuses; faults are in the report.
    pub fn verify_log(&self) -> Result<LogReport, StoreError> {
        let mut report = log::verify(&self.db)?;
        report.faults.extend(self.objects_back()?);
        Ok(report)
    }

    /// The database's own page check: `ok` when sound.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn database_integrity(&self) -> Result<String, StoreError> {
        self.db.integrity()
    }

    /// Number of events.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn log_size(&self) -> Result<u64, StoreError> {
        Ok(LogHead::read(&self.db)?.frontier.size().0)
    }

    /// The log's origin line in its present epoch.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn origin(&self) -> Result<String, StoreError> {
        let epoch = LogHead::read(&self.db)?.epoch;
        Ok(if epoch <= 1 { self.config.origin.clone() } else { format!("{}/epoch-{epoch}", self.config.origin) })
    }

    /// A signed checkpoint of the log as it stands.
    ///
    /// # Errors
    /// When the database or the log key cannot be read.
    pub fn checkpoint(&self) -> Result<SignedCheckpoint, StoreError> {
        let head = LogHead::read(&self.db)?;
        self.sign_checkpoint(head.frontier.size().0, head.frontier.root())
    }

    /// A signed checkpoint of the first `size` events, as the log stood then.
    ///
    /// # Errors
    /// When the log is shorter, or the log key cannot be read.
    pub fn checkpoint_at(&self, size: u64) -> Result<SignedCheckpoint, StoreError> {
        let root = self.root_at(size)?;
        self.sign_checkpoint(size, root)
    }

    pub(crate) fn sign_checkpoint(&self, size: u64, root: Sha256Digest) -> Result<SignedCheckpoint, StoreError> {
        if self.is_waiting_after_restore() {
            let text = "this home was restored and not resumed: a checkpoint signed now could fork the log; run `lanternfish log resume` first";
            return Err(StoreError::refused(Law::AppendOnly, text));
        }
        let signer = self.log_signer()?;
        let checkpoint = Checkpoint { origin: signer.name().clone(), size: TreeSize(size), root };
        signer.sign(checkpoint).map_err(|e| StoreError::damaged(e.to_string()))
    }

    /// The log's signing key under its origin.
    ///
    /// # Errors
    /// When the node file cannot be read.
    pub fn log_signer(&self) -> Result<LogSigner, StoreError> {
        let seed = read_secret(&self.home, "log.key")?;
        let name = KeyName::new(&self.origin()?).map_err(|e| StoreError::damaged(e.to_string()))?;
        Ok(LogSigner::from_seed(name, seed.expose()))
    }

    /// Leaf hashes of the first `size` events.
    ///
    /// # Errors
    /// When the log is shorter.
    pub fn leaf_hashes(&self, size: u64) -> Result<Vec<Sha256Digest>, StoreError> {
        log::hashes(&self.db, size)
    }

    /// Inclusion proof of event `index` in the first `size` events.
    ///
    /// # Errors
    /// When the log is shorter.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Sha256Digest>, StoreError> {
        log::inclusion(&self.db, index, size)
    }

    /// Proof that the first `to` events begin with the first `from`.
    ///
    /// # Errors
    /// When the log is shorter, and when `from` is 0.
    pub fn consistency(&self, from: u64, to: u64) -> Result<Vec<Sha256Digest>, StoreError> {
        log::consistency(&self.db, from, to)
    }

    /// Root over the first `size` events, from their stored leaf hashes.
    ///
    /// # Errors
    /// When the log is shorter.
    pub fn root_at(&self, size: u64) -> Result<Sha256Digest, StoreError> {
        log::root(&self.db, size)
    }

    /// Declares a new epoch after a restore from which later events may be missing.
    ///
    /// # Errors
    /// Law 13 when the role may not.
    pub fn declare_epoch(&self, session: &Session, detail: Value) -> Result<Committed, StoreError> {
        self.check_node_step(Some(session), NodeStep::Safeguard)?;
        let event = NewEvent::new(EventType::EpochDeclared, None, detail);
        // The new epoch and the event that declares it become durable together (law 2).
        self.write(Some(&session.actor), None, self.agency_seal(), event, vec![], Some(Condition::OnHead(sql::EPOCH_NEXT)))
    }

    /// How many rows of a kind there are: structure only.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count(&self, kind: &str) -> Result<i64, StoreError> {
        self.db.first(Sight::Log, sql::COUNT_KIND, &[Val::text(kind)])?.map_or(Ok(0), |cells| cells.int(0))
    }

    /// How many rows of a kind are in a state: structure only.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count_in(&self, kind: &str, state: &str) -> Result<i64, StoreError> {
        self.db.first(Sight::Log, sql::COUNT_STATE, &[Val::text(kind), Val::text(state)])?.map_or(Ok(0), |cells| cells.int(0))
    }

    /// Whether the node is still in set-up: no administrator has enrolled, and there is no case.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn in_setup(&self) -> Result<bool, StoreError> {
        let enrolled = self.users()?.iter().any(|u| u.record.role == Role::Administrator && u.record.bundle.is_some());
        Ok(!enrolled && self.count("case")? == 0)
    }
}
