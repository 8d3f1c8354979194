//! Exhibits: what they are, where they came from, how restricted they are.

use serde::{Deserialize, Serialize};

use crate::{Moment, authority::SourceClass, id::AuthorityId, moment::ClockQuality};

/// How an item came into the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExhibitKind {
    /// A file that somebody handed over.
    File,
    /// A capture made by the `collect` child.
    Capture,
    /// A screenshot, saved page, phone photograph or PDF made by hand.
    ManualCapture,
    /// A thing: phone, notebook, parcel.
    Physical,
    /// Bytes made from another exhibit.
    Derived,
}

/// Where an exhibit comes from and whom it concerns: what the limits of an authority are held against
/// each time its bytes are opened, not only when they come in (law 1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// Class of the source.
    pub source: SourceClass,
    /// Person concerned, where somebody named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Territory, where somebody named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub territory: Option<String>,
    /// The emergency authority under which it came in, if it was one: until a written order ratifies that, the item
    /// is opened only while the emergency lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<AuthorityId>,
}

impl Origin {
    /// From a source of this class, about nobody in particular.
    pub fn of(source: SourceClass) -> Origin {
        Origin { source, person: None, territory: None, under: None }
    }
}

/// How restricted an item is (law 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExhibitClass {
    /// No restriction beyond need-to-know.
    Ordinary,
    /// Private life, health, children: minimised.
    PersonalSensitive,
    /// Perhaps privileged (lawyer, press, clergy, medical): filter team only.
    Privileged,
    /// Unlawful to possess or show: dedicated role, no preview, no digest in the clear.
    Contraband,
}

impl ExhibitClass {
    /// The name in records, lists and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            ExhibitClass::Ordinary => "ordinary",
            ExhibitClass::PersonalSensitive => "personal-sensitive",
            ExhibitClass::Privileged => "privileged",
            ExhibitClass::Contraband => "contraband",
        }
    }

    /// Whether only a dedicated role may open it, and packages hold only a salted commitment.
    pub fn is_restricted(self) -> bool {
        matches!(self, ExhibitClass::Privileged | ExhibitClass::Contraband)
    }
}

/// Whether an exhibit may be worked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExhibitState {
    /// In order.
    Sound,
    /// Bytes did not match their digest: locked until a supervisor decides.
    Locked,
}

/// A digest that came with an item from outside, kept with whether it matches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredDigest {
    /// `md5`, `sha1`, `sha256` or `sha512`.
    pub algorithm: String,
    /// Lower-case hexadecimal digits as declared.
    pub value: String,
    /// Whether the admitted bytes have this digest.
    pub matches: bool,
}

/// What a person says about a capture made by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualCaptureNote {
    /// Device used.
    pub device: String,
    /// Address that was shown.
    pub address: String,
    /// When it was taken, as the person states it.
    pub taken_at: Moment,
    /// Screenshot, saved page, photograph of a screen …
    pub method: String,
    /// What is known about that device's clock.
    pub clock: ClockQuality,
}

/// What is noted about a thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhysicalItem {
    /// Number on the seal bag.
    pub seal_number: String,
    /// Condition at intake.
    pub condition: String,
}
