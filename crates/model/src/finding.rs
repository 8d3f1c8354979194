//! Findings: one statement each, with everything that a cross-examiner may ask for.

use serde::{Deserialize, Serialize};

/// Fact or opinion; the two are never mixed in one finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// What was seen.
    Fact,
    /// What was concluded from it.
    Opinion,
    /// A search whose result was nothing.
    NullSearch,
}

impl std::str::FromStr for FindingKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "fact" => Ok(FindingKind::Fact),
            "opinion" => Ok(FindingKind::Opinion),
            "null-search" => Ok(FindingKind::NullSearch),
            other => Err(format!("{other} is not a kind of finding: choose fact, opinion or null-search", other = crate::quoted(other))),
        }
    }
}

/// One statement with its basis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Fact, opinion or a search without result.
    pub kind: FindingKind,
    /// The statement, one sentence if possible.
    pub text: String,
    /// Exhibit numbers it rests on.
    pub exhibits: Vec<String>,
    /// Logged searches without result it rests on, by the numbers of their events; a search without
    /// result that names none was made by hand.
    #[serde(default)]
    pub queries: Vec<u64>,
    /// Method and version.
    pub method: String,
    /// Known error rate, or `not known`.
    pub error_rate: String,
    /// What speaks against it.
    pub counter_evidence: Vec<String>,
    /// Whether it speaks for the suspect.
    pub exculpatory: bool,
    /// Grading of source and information, verbatim as the agency writes it.
    pub grading: Option<String>,
}
