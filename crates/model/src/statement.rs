//! Statements of a report: typed blocks with ids, each resolving or marked (law 9).

use serde::{Deserialize, Serialize};

/// Which paper is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Template {
    /// Facts only, no opinion.
    StatementOfFact,
    /// Facts and opinion with reasons, limits and the duty to the court.
    ExpertReport,
    /// Civil-law record of an investigative action (procès-verbal, protocol).
    InvestigativeRecord,
}

impl Template {
    /// Every template.
    pub const ALL: [Template; 3] = [Template::StatementOfFact, Template::ExpertReport, Template::InvestigativeRecord];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Template::StatementOfFact => "statement-of-fact",
            Template::ExpertReport => "expert-report",
            Template::InvestigativeRecord => "investigative-record",
        }
    }
}

impl std::str::FromStr for Template {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Template::ALL.into_iter().find(|t| t.name() == text).ok_or_else(|| {
            format!("{text} is not a template: choose statement-of-fact, expert-report or investigative-record", text = crate::quoted(text))
        })
    }
}

/// Where a statement comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "basis")]
pub enum Basis {
    /// Findings, exhibits and events of the case, by their printed names.
    Resolved {
        /// Finding numbers, such as `F-0003`.
        findings: Vec<String>,
        /// Exhibit numbers, such as `E-0001`.
        exhibits: Vec<String>,
        /// Sequence numbers of ledger events.
        events: Vec<u64>,
    },
    /// The author saw or did it himself.
    OwnKnowledge,
    /// Fixed legal wording.
    LegalForm,
}

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatementKind {
    /// Something that was found.
    Fact,
    /// Something that was concluded.
    Opinion,
    /// Something that speaks for the suspect.
    Exculpatory,
    /// A search that found nothing.
    NullSearch,
    /// A limit of a method or of this paper.
    Limit,
    /// Anything else: qualifications, duty, declaration.
    Form,
}

/// One statement block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// `S-001`, `S-002` … printed beside the text.
    pub id: String,
    /// What it is.
    pub kind: StatementKind,
    /// The text, in the language of the report.
    pub text: String,
    /// Where it comes from.
    #[serde(flatten)]
    pub basis: Basis,
}
