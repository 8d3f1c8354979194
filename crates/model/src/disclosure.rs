//! Disclosure: a part of a sealed package is given to a party, and what stays behind is a salted commitment.
//!
//! Pure words and one state machine. Each item of a package is one line of its payload manifest; its
//! commitment is `SHA-256(salt ‖ line)`, so a commitment fixes the bytes and the name, and tells neither.
//! What is withheld needs a reason of a closed list and the decision of a second person who is a supervisor
//! or a prosecutor (law 7); the one who proposed it never decides it. See decision 14.

use serde::{Deserialize, Serialize};

use crate::{Law, Moment, Sha256Digest, actor::Role, id::ActorId};

/// Payload file of every package that holds nothing but an unguessable line: without it, whoever knows all
/// lines of a manifest but one could try candidates for the last against the manifest's own digest. It is
/// withheld in every disclosure.
pub const BLIND_FILE: &str = "data/blind.txt";
/// Label in `bag-info.txt` whose value blinds the digest of that file, and with it the payload's size.
pub const BLIND_LABEL: &str = "Lanternfish-Blind";
/// Folder in a disclosure with the seal of the original: tag manifest, seal plan, commitments, seal files.
pub const ORIGINAL_DIR: &str = "data/original";
/// Folder in a disclosure with the disclosed items, under their own paths.
pub const OPENED_DIR: &str = "data/opened";
/// List of the disclosed items: salt, digest, path.
pub const OPENED_LIST: &str = "data/opened.txt";
/// List of the withheld items: commitment, class of the reason.
pub const WITHHELD_LIST: &str = "data/withheld.txt";
/// In a folder that opens withheld items later: the list, in the form of [`OPENED_LIST`].
pub const REVEALED_LIST: &str = "revealed.txt";

/// The commitment to one line of a payload manifest: `SHA-256(salt ‖ digest in 64 digits, two spaces, path)`.
pub fn commitment(salt: &[u8; 32], digest: &Sha256Digest, path: &str) -> Sha256Digest {
    Sha256Digest::commitment(salt, format!("{digest}  {path}").as_bytes())
}

/// A secret of one package, drawn when it is built and kept sealed in its row. Every salt and every blind of
/// the package comes from it; one of them that is given away says nothing about another.
#[derive(Clone, Copy)]
pub struct PackageSecret(pub [u8; 32]);

impl PackageSecret {
    /// The salt of the item with this path.
    pub fn salt(&self, path: &str) -> [u8; 32] {
        self.drawn("salt", path)
    }

    /// An unguessable value for a file that must not be guessed.
    pub fn blind(&self, file: &str) -> String {
        hex::encode(self.drawn("blind", file))
    }

    /// The hashed name has a fixed length, so no value can be made from another by adding bytes at its end.
    fn drawn(&self, what: &str, name: &str) -> [u8; 32] {
        Sha256Digest::commitment(&self.0, &Sha256Digest::of(format!("lanternfish {what}\n{name}").as_bytes()).0).0
    }
}

/// Why an item is withheld. The class is told to the recipient, the officer's words are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WithholdClass {
    /// Perhaps privileged: lawyer, press, clergy, medical.
    Privileged,
    /// Unlawful to possess or show.
    Contraband,
    /// Private life of somebody else.
    ThirdParty,
    /// A source, a method or a person at risk would be shown.
    PublicInterest,
    /// An inquiry that still runs would be harmed.
    OngoingInquiry,
    /// It does not meet the test for disclosure.
    NotMaterial,
    /// It names or fingerprints an item that is withheld; what it says of others stands in an extract.
    NamesWithheld,
    /// The unguessable line of the package: it holds no evidence.
    Blind,
}

impl WithholdClass {
    /// Every class.
    pub const ALL: [WithholdClass; 8] = [
        WithholdClass::Privileged,
        WithholdClass::Contraband,
        WithholdClass::ThirdParty,
        WithholdClass::PublicInterest,
        WithholdClass::OngoingInquiry,
        WithholdClass::NotMaterial,
        WithholdClass::NamesWithheld,
        WithholdClass::Blind,
    ];

    /// The name in lists and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            WithholdClass::Privileged => "privileged",
            WithholdClass::Contraband => "contraband",
            WithholdClass::ThirdParty => "third-party",
            WithholdClass::PublicInterest => "public-interest",
            WithholdClass::OngoingInquiry => "ongoing-inquiry",
            WithholdClass::NotMaterial => "not-material",
            WithholdClass::NamesWithheld => "names-withheld",
            WithholdClass::Blind => "blind",
        }
    }
}

impl std::fmt::Display for WithholdClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for WithholdClass {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        WithholdClass::ALL.into_iter().find(|class| class.name() == text).ok_or_else(|| {
            let names: Vec<_> = WithholdClass::ALL.iter().map(|class| class.name()).collect();
            format!("{text} is not a reason for withholding: choose from {}", names.join(", "), text = crate::quoted(text))
        })
    }
}

/// Why one item is withheld.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withholding {
    /// The class, which the recipient reads.
    pub class: WithholdClass,
    /// The officer's own words, which stay in the case.
    pub reason: String,
}

/// One item of the original package, and whether it goes out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisclosureItem {
    /// Its path in the original.
    pub path: String,
    /// SHA-256 of its bytes.
    pub digest: Sha256Digest,
    /// Absent: it is disclosed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withholding>,
}

/// Where a disclosure stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum DisclosureState {
    /// Proposed; nothing leaves.
    Proposed,
    /// A second person approved it.
    Approved {
        /// Who.
        by: ActorId,
        /// When.
        at: Moment,
    },
    /// A second person refused it. Final.
    Refused {
        /// Who.
        by: ActorId,
        /// When.
        at: Moment,
    },
}

/// Why a step of a disclosure is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DisclosureError {
    /// The proposer would decide his own proposal.
    #[error("you proposed this disclosure yourself: another supervisor or prosecutor decides it")]
    OwnProposal,
    /// The role may not decide.
    #[error("only a supervisor or a prosecutor decides what is withheld and opens it later: ask one of them")]
    WrongRole,
    /// It was decided already.
    #[error("this disclosure is {0} already: propose a new one with `lanternfish package disclose`")]
    Decided(&'static str),
    /// It is not approved.
    #[error("this disclosure is {0}: nothing leaves before a second person approves it with `lanternfish disclosure decide`")]
    NotApproved(&'static str),
}

impl DisclosureError {
    /// The law that refuses.
    pub fn law(&self) -> Law {
        Law::Restricted
    }
}

impl DisclosureState {
    /// The word under which it is listed.
    pub fn name(&self) -> &'static str {
        match self {
            DisclosureState::Proposed => "proposed",
            DisclosureState::Approved { .. } => "approved",
            DisclosureState::Refused { .. } => "refused",
        }
    }

    /// A second person decides what `proposer` proposed.
    ///
    /// # Errors
    /// When it is the same person, another role, or decided already.
    pub fn decide(&self, proposer: &ActorId, by: &ActorId, role: Role, approve: bool, at: Moment) -> Result<DisclosureState, DisclosureError> {
        if *by == *proposer {
            return Err(DisclosureError::OwnProposal);
        }
        may_decide(role)?;
        match self {
            DisclosureState::Proposed if approve => Ok(DisclosureState::Approved { by: by.clone(), at }),
            DisclosureState::Proposed => Ok(DisclosureState::Refused { by: by.clone(), at }),
            decided => Err(DisclosureError::Decided(decided.name())),
        }
    }

    /// Who approved it; nothing leaves without.
    ///
    /// # Errors
    /// When it is not approved.
    pub fn approved(&self) -> Result<&ActorId, DisclosureError> {
        match self {
            DisclosureState::Approved { by, .. } => Ok(by),
            other => Err(DisclosureError::NotApproved(other.name())),
        }
    }
}

/// Whether a role may decide what is withheld.
///
/// # Errors
/// [`DisclosureError::WrongRole`].
pub fn may_decide(role: Role) -> Result<(), DisclosureError> {
    if matches!(role, Role::Supervisor | Role::Prosecutor) { Ok(()) } else { Err(DisclosureError::WrongRole) }
}
