//! Errors of the store, sorted by who must act: a law refused, the input was bad, or the machine failed.

use model::{Law, authorize::Refusal};

/// What went wrong, in words for the person who reads it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A law of the house refuses.
    #[error("refused by {law}: {text}")]
    Refused {
        /// Which law.
        law: Law,
        /// Why, and what to do.
        text: String,
    },
    /// What was asked for does not exist, or makes no sense.
    #[error("{0}")]
    Input(String),
    /// Somebody else changed the same thing first.
    #[error("another person changed this item at the same time: look at it again and repeat the step")]
    Conflict,
    /// The machine: disk full, read-only, missing folder …
    #[error("{attempt}: {cause}")]
    Environment {
        /// What was attempted.
        attempt: String,
        /// What the system said, and what to do.
        cause: String,
    },
    /// The machine failed while a step was recorded: it was recorded or not, and nobody can say which. Nothing that
    /// the step may have recorded is taken back.
    #[error("{attempt}: {cause}")]
    Unknown {
        /// What was attempted.
        attempt: String,
        /// What the system said, and what to do.
        cause: String,
    },
    /// Stored bytes are not what they must be.
    #[error("the stored records are damaged: {0}; stop working, keep the home as it is, and see `lanternfish doctor`; the newest backup is restored into another folder")]
    Damaged(String),
}

/// The disk under the file of the records did not do what it was told.
pub(crate) const DISK_FAILED: &str = "the disk did not answer or did not keep what was written: look at the disk and the system's log before you repeat the step, and at the newest backup";

impl StoreError {
    /// A refusal by `law`. A room that names the law in its own text is not heard twice.
    pub fn refused(law: Law, text: impl Into<String>) -> Self {
        let text = text.into();
        let text = text.strip_prefix(&format!("{law}: ")).map(str::to_string).unwrap_or(text);
        StoreError::Refused { law, text }
    }

    /// Bad input.
    pub fn input(text: impl Into<String>) -> Self {
        StoreError::Input(text.into())
    }

    /// Damaged records.
    pub fn damaged(text: impl Into<String>) -> Self {
        StoreError::Damaged(text.into())
    }

    /// The machine failed while `attempt`.
    pub fn environment(attempt: impl Into<String>, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let advice = match error.kind() {
            ErrorKind::StorageFull => "the disk is full: free some space and repeat the step; nothing was lost",
            ErrorKind::ReadOnlyFilesystem => "the disk is read-only: make it writable or move the home folder",
            ErrorKind::PermissionDenied => "permission denied: check who owns the home folder",
            _ => "",
        };
        let cause = if advice.is_empty() { error.to_string() } else { format!("{advice} ({error})") };
        StoreError::Environment { attempt: attempt.into(), cause }
    }

    /// The exit code of the command line: 1 a law, 2 input, 3 environment.
    pub fn exit_code(&self) -> u8 {
        match self {
            StoreError::Refused { .. } => 1,
            StoreError::Input(_) | StoreError::Conflict => 2,
            StoreError::Environment { .. } | StoreError::Unknown { .. } | StoreError::Damaged(_) => 3,
        }
    }

    /// The law that refused, when one did.
    pub fn law(&self) -> Option<Law> {
        if let StoreError::Refused { law, .. } = self { Some(*law) } else { None }
    }
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        StoreError::refused(refusal.law, refusal.text)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let Some(explained) = crate::sql::explained(&error) {
            return explained;
        }
        told(error.to_string())
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        told(error.to_string())
    }
}

/// What a database said, in words that say what to do.
fn told(text: String) -> StoreError {
    if text.contains("law 2") {
        return StoreError::refused(Law::Event, text);
    }
    if text.contains("law 3") {
        return StoreError::refused(Law::AppendOnly, text);
    }
    // A new row whose id another step took first.
    if text.contains("UNIQUE constraint failed: record.kind, record.id") {
        return StoreError::Conflict;
    }
    let lower = text.to_lowercase();
    if lower.contains("malformed") || lower.contains("not a database") {
        return StoreError::damaged(format!("the file of the records ({text})"));
    }
    let cause = if lower.contains("disk i/o error") {
        format!("{DISK_FAILED} ({text})")
    } else if lower.contains("full") {
        format!("the disk is full: free some space and repeat the step; nothing was lost ({text})")
    } else if lower.contains("readonly") || lower.contains("read-only") {
        format!("the disk or the database file is read-only: make it writable ({text})")
    } else if lower.contains("unable to open") {
        format!("the database cannot be opened for writing: if the disk is read-only, make it writable; check who owns the home folder ({text})")
    } else if lower.contains("locked") || lower.contains("busy") {
        format!("another lanternfish process holds the database: wait for it or stop it ({text})")
    } else {
        text
    };
    StoreError::Environment { attempt: "the database refused".into(), cause }
}

impl From<crate::vault::VaultError> for StoreError {
    fn from(error: crate::vault::VaultError) -> Self {
        use crate::vault::{VaultError, VaultErrorKind};
        let text = error.to_string();
        if let VaultError::Remote { .. } = error {
            return StoreError::Environment { attempt: "the object store".into(), cause: text };
        }
        match error.kind() {
            VaultErrorKind::Law(law) => StoreError::refused(law, text),
            VaultErrorKind::Environment => StoreError::Environment { attempt: "the keys or objects on disk".into(), cause: text },
            VaultErrorKind::Input => StoreError::Input(text),
        }
    }
}
