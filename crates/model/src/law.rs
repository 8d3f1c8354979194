//! The fifteen laws of the house, by number. A refusal names its law; a test bears its number.

use serde::{Deserialize, Serialize};

/// One law of the house. `ARCHITECTURE.md` holds the full wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
#[repr(u8)]
pub enum Law {
    /// Nothing happens without a permit from a live authority or a standing basis.
    Permit = 1,
    /// No event, no result.
    Event = 2,
    /// Events are never changed or removed.
    AppendOnly = 3,
    /// One custodian; a transfer needs two people.
    Custody = 4,
    /// Bytes match their digest at every read.
    Integrity = 5,
    /// Originals are never analysed; derivations account for every record.
    Derivation = 6,
    /// Restricted blobs are opened by their dedicated role only.
    Restricted = 7,
    /// No package without a checkpoint; an unwitnessed one says so.
    Checkpoint = 8,
    /// Every statement resolves.
    Statement = 9,
    /// The ledger holds no personal data.
    Erasure = 10,
    /// Received limits and markings are kept.
    Marking = 11,
    /// A match is never acted on automatically.
    Human = 12,
    /// Auditor: metadata only. Administrator: no content.
    Separation = 13,
    /// Hostile input is a finding, never a crash.
    Hostile = 14,
    /// Revocation stops running work.
    Revocation = 15,
}

impl Law {
    /// Every law, in order.
    pub const ALL: [Law; 15] = [
        Law::Permit, Law::Event, Law::AppendOnly, Law::Custody, Law::Integrity, Law::Derivation,
        Law::Restricted, Law::Checkpoint, Law::Statement, Law::Erasure, Law::Marking, Law::Human,
        Law::Separation, Law::Hostile, Law::Revocation,
    ];

    /// The law's number, 1 to 15.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// One plain sentence for a person who was refused.
    pub fn sentence(self) -> &'static str {
        match self {
            Law::Permit => "nothing is done without a live authority or a standing basis that covers it",
            Law::Event => "no event, no result",
            Law::AppendOnly => "events are never changed or removed",
            Law::Custody => "an exhibit has one custodian, and a transfer needs two people",
            Law::Integrity => "bytes must match their digest at every read",
            Law::Derivation => "originals are never analysed, and every input record is accounted for",
            Law::Restricted => "restricted items are opened only by their dedicated role",
            Law::Checkpoint => "no package issues without a checkpoint",
            Law::Statement => "every statement must lead to findings, exhibits and events",
            Law::Erasure => "the ledger holds no personal data, and what is held on a person is erased only by decision of a court or prosecutor",
            Law::Marking => "limits on received data are kept",
            Law::Human => "a match is never acted on without a person's decision",
            Law::Separation => "auditors and administrators read no content",
            Law::Hostile => "strangers' bytes are opened only in the cage, within one budget",
            Law::Revocation => "a revoked or ended authority stops running work",
        }
    }
}

impl From<Law> for u8 {
    fn from(law: Law) -> u8 {
        law.number()
    }
}

impl TryFrom<u8> for Law {
    type Error = String;
    fn try_from(number: u8) -> Result<Law, String> {
        Law::ALL.into_iter().find(|law| law.number() == number).ok_or_else(|| format!("there is no law {number}"))
    }
}

impl std::fmt::Display for Law {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "law {}", self.number())
    }
}
