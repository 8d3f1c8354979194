//! The elements of a charge, and which findings bear on each. Pure: it counts, and never says that an element
//! is proved. A gap is told as a gap; a finding that speaks against an element stands beside those for it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Moment, finding::FindingKind, id::ActorId};

/// On which side of an element a finding stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// For the element.
    For,
    /// Against it.
    Against,
}

/// A person said that a finding bears on an element.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bearing {
    /// Number of the element, from 1.
    pub element: usize,
    /// Label of the finding.
    pub finding: String,
    /// For or against.
    pub side: Side,
    /// Who said so.
    pub by: ActorId,
    /// When.
    pub at: Moment,
}

/// A charge with its elements, as the law of the place words them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The offence.
    pub offence: String,
    /// Where it stands in the law.
    pub provision: String,
    /// What must be shown, one by one.
    pub elements: Vec<String>,
    /// What bears on them.
    pub bearings: Vec<Bearing>,
}

/// A finding as the matrix needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFinding {
    /// Its label.
    pub label: String,
    /// Fact, opinion or a search without result.
    pub kind: FindingKind,
    /// Whether it speaks for the suspect.
    pub exculpatory: bool,
}

/// One element with what bears on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ElementRow {
    /// Number, from 1.
    pub number: usize,
    /// What must be shown.
    pub text: String,
    /// Findings for it.
    pub supported_by: Vec<String>,
    /// Findings against it.
    pub contradicted_by: Vec<String>,
    /// What is missing or open, in words; empty when nothing is.
    pub gaps: Vec<String>,
}

/// The whole matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// One row for each element.
    pub elements: Vec<ElementRow>,
    /// Findings that bear on no element of this charge.
    pub unplaced: Vec<String>,
    /// Of those, the ones that speak for the suspect: somebody must look at them.
    pub unplaced_exculpatory: Vec<String>,
}

impl Charge {
    /// Places the findings of the case on the elements, and names the gaps.
    pub fn matrix(&self, findings: &[KnownFinding]) -> Matrix {
        let elements = (1..).zip(&self.elements).map(|(number, text)| self.row(number, text, findings)).collect();
        let placed: BTreeSet<&str> = self.bearings.iter().map(|bearing| bearing.finding.as_str()).collect();
        let left: Vec<&KnownFinding> = findings.iter().filter(|finding| !placed.contains(finding.label.as_str())).collect();
        Matrix {
            elements,
            unplaced: left.iter().map(|finding| finding.label.clone()).collect(),
            unplaced_exculpatory: left.iter().filter(|finding| finding.exculpatory).map(|finding| finding.label.clone()).collect(),
        }
    }

    fn row(&self, number: usize, text: &str, findings: &[KnownFinding]) -> ElementRow {
        let on = |side: Side| -> Vec<&KnownFinding> {
            let bears = |label: &str| self.bearings.iter().any(|one| one.element == number && one.side == side && one.finding == label);
            findings.iter().filter(|finding| bears(&finding.label)).collect()
        };
        let (supporting, contradicting) = (on(Side::For), on(Side::Against));
        let mut gaps = Vec::new();
        if supporting.is_empty() {
            gaps.push("no finding supports this element".to_string());
        } else if supporting.iter().all(|finding| finding.kind == FindingKind::Opinion) {
            gaps.push("only opinions support this element, no fact".into());
        }
        if let Some(odd) = supporting.iter().find(|finding| finding.exculpatory) {
            gaps.push(format!("{} is said to support it and speaks for the suspect: look again", odd.label));
        }
        if !contradicting.is_empty() {
            gaps.push("a finding speaks against this element: it must be answered".into());
        }
        let labels = |list: &[&KnownFinding]| list.iter().map(|finding| finding.label.clone()).collect();
        ElementRow { number, text: text.to_string(), supported_by: labels(&supporting), contradicted_by: labels(&contradicting), gaps }
    }
}
