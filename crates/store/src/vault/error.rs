//! Why the vault refused, in words that tell an officer what to do next.
//!
//! No message holds a secret, a plaintext or a digest of an exhibit: errors are printed and logged.

use std::{
    io,
    path::{Path, PathBuf},
};

use model::Law;

/// What the vault answers instead of bytes.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Stored bytes are not what was stored (law 5).
    #[error("{what} was changed after it was stored: {why}. Do not use it; lock the exhibit, tell the supervisor and restore it from a backup (law 5)")]
    Integrity {
        /// The damaged thing: `blob`, `field`, `backup`.
        what: &'static str,
        /// What was seen.
        why: String,
    },
    /// The key that was used does not open this.
    #[error("this key does not open {what}: use the key of an officer who is a member of the case, or the recovery shares")]
    WrongKey {
        /// What stayed closed.
        what: &'static str,
    },
    /// The passphrase does not open this.
    #[error("wrong passphrase: check the keyboard layout and Caps Lock and try again; if it is lost, use the recovery shares (`key recover`)")]
    WrongPassphrase,
    /// A passphrase that protects nothing.
    #[error("the passphrase is empty: choose one of at least four unrelated words")]
    EmptyPassphrase,
    /// A sealed file asks for more scrypt work than is accepted, or a caller did.
    #[error("scrypt work factor {asked} is outside 1 to {most}: the file was not made by this program or was changed; use a backup copy of the key file")]
    WorkFactor {
        /// log2 of N that was asked for.
        asked: u8,
        /// Highest accepted log2 of N.
        most: u8,
    },
    /// Bytes or text that do not have the form they should have.
    #[error("{what} cannot be read: {why}. Check that the right file or text was given, complete")]
    Malformed {
        /// What it should have been.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Recovery shares that cannot be joined.
    #[error(transparent)]
    Shares(#[from] ShareProblem),
    /// Nobody to encrypt to.
    #[error("nobody would be able to open this: name at least one recipient")]
    NoRecipient,
    /// The wrapped keys do not belong to the case.
    #[error("these keys belong to another case: ask a member of this case to grant you access again")]
    OtherCase,
    /// The chain of old case keys has a gap.
    #[error("the key of generation {generation} is missing, so older records cannot be opened: restore the newest backup")]
    MissingGeneration {
        /// The generation that is not there.
        generation: u32,
    },
    /// An object of this name holds other bytes.
    #[error("object {name} is already stored with other bytes and is never overwritten: if no record names it, it was left by an interrupted admission; run `doctor`, then admit again")]
    ObjectDiffers {
        /// The object's name.
        name: String,
    },
    /// The target of a restore is already there.
    #[error("{} already exists and is not overwritten: choose a folder that does not exist yet", path.display())]
    AlreadyThere {
        /// The path in the way.
        path: PathBuf,
    },
    /// A file changed while it was read.
    #[error("{path} changed while it was being copied: close the other sessions and start the backup again")]
    Unsteady {
        /// Name of the file inside the home.
        path: String,
    },
    /// The disk, the folder's rights or the machine stood in the way.
    #[error("{attempt} failed at {}: {}", path.display(), advice(source))]
    Storage {
        /// What was attempted.
        attempt: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The object store, or the way to it, stood in the way.
    #[error("{attempt} at {place}: {why}")]
    Remote {
        /// What was attempted.
        attempt: &'static str,
        /// Where.
        place: String,
        /// What was seen, what came of it, and what to do.
        why: String,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random numbers ({0}): no key can be made; restart the machine and try again")]
    NoRandomness(getrandom::Error),
}

/// Who has to act, for code that must choose (the command line's exit status).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VaultErrorKind {
    /// A law refuses; for law 5 the exhibit is locked.
    Law(Law),
    /// The wrong key, passphrase, share, file or name was given.
    Input,
    /// The disk, its rights or the machine.
    Environment,
}

/// Why recovery shares cannot be joined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShareProblem {
    /// Impossible numbers.
    #[error("{threshold} of {count} is not possible: the threshold is 1 to the number of shares, and there are at most 255 shares")]
    Numbers {
        /// Shares needed.
        threshold: u8,
        /// Shares made.
        count: u8,
    },
    /// A share was typed or read wrongly.
    #[error("this is not a whole share ({0}): compare it with the paper, letter by letter")]
    Damaged(&'static str),
    /// Not enough different shares.
    #[error("{have} different shares are here and {need} are needed: ask more holders")]
    TooFew {
        /// Different shares given.
        have: u8,
        /// Shares needed.
        need: u8,
    },
    /// Shares of two sets.
    #[error("share {index} belongs to another set (set {other}, not {set}): use shares that were made on the same day")]
    Mixed {
        /// Number of the share that does not fit.
        index: u8,
        /// The set of the first share.
        set: String,
        /// The set of the share that does not fit.
        other: String,
    },
    /// Two different shares with one number.
    #[error("two different shares carry number {0}: one of them is not genuine")]
    Conflict(u8),
    /// They join to something that is not the secret.
    #[error("shares {indexes:?} do not join to the secret of their set: at least one is not genuine; try with another holder's share")]
    NotTheSecret {
        /// Numbers of the shares that were joined.
        indexes: Vec<u8>,
    },
}

impl VaultError {
    /// Which side has to act.
    pub fn kind(&self) -> VaultErrorKind {
        match self {
            VaultError::Integrity { .. } => VaultErrorKind::Law(Law::Integrity),
            VaultError::Storage { .. } | VaultError::Remote { .. } | VaultError::NoRandomness(_) | VaultError::Unsteady { .. } => {
                VaultErrorKind::Environment
            }
            _ => VaultErrorKind::Input,
        }
    }

    /// Whether stored bytes were found changed (law 5): the layer above records an anomaly.
    pub fn is_integrity(&self) -> bool {
        matches!(self, VaultError::Integrity { .. })
    }

    /// Finds the vault's own error inside an [`io::Error`] that passed through `Read` or `Write`;
    /// what is not ours becomes [`VaultError::Storage`].
    pub fn from_io(error: io::Error, attempt: &'static str, path: &Path) -> Self {
        match error.downcast::<VaultError>() {
            Ok(own) => own,
            Err(source) => VaultError::Storage { attempt, path: path.to_path_buf(), source },
        }
    }

    pub(crate) fn integrity(what: &'static str, why: impl Into<String>) -> Self {
        VaultError::Integrity { what, why: why.into() }
    }

    pub(super) fn malformed(what: &'static str, why: impl Into<String>) -> Self {
        VaultError::Malformed { what, why: why.into() }
    }
}

impl From<VaultError> for io::Error {
    /// Carries a vault error through `Read` and `Write`; [`VaultError::from_io`] takes it out again.
    fn from(error: VaultError) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}

fn advice(source: &io::Error) -> String {
    let next = match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk is full; nothing was half-stored. Free space or attach a larger disk, then repeat"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "the disk is read-only; remove the write protection or mount it for writing, then repeat"
        }
        io::ErrorKind::PermissionDenied => "this account may not write there; ask the administrator for the folder's rights",
        io::ErrorKind::NotFound => "it is not there; check the path, and whether the disk is attached",
        io::ErrorKind::FileTooLarge => "the file system does not hold files this large; use ext4, XFS or Btrfs",
        _ => "check the disk and the cable, then repeat",
    };
    format!("{next} ({source})")
}
