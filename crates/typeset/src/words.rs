//! What parent and child say to each other: one JSON request in; one JSON line, the PDF and its text
//! out. No limits and no behaviour here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cage::Cage;

/// One paper to set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Typst sources by name; `main.typ` is set, the others may be imported by it.
    pub sources: BTreeMap<String, String>,
    /// Served to the sources as the file `data.json`.
    pub data: serde_json::Value,
    /// Report time, `YYYY-MM-DDTHH:MM:SS…Z`: the only time the paper knows.
    pub time: String,
    /// Identifier of the document; becomes part of the PDF's own id.
    pub ident: String,
}

/// First line of the child's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub cage: Cage,
    pub outcome: Outcome,
}

/// Success, with the lengths of the two byte strings that follow the line, or a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    Set { pdf_bytes: u64, text_bytes: u64, pages: u32, warnings: Vec<String>, replaced: Vec<String> },
    Refused(Refusal),
}

/// Why the child set no paper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    /// Where it failed.
    pub kind: RefusalKind,
    /// What failed and what to do next.
    pub text: String,
}

/// The step at which the child refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalKind {
    /// The request is not of this form.
    Request,
    /// The template does not compile with this data.
    Template,
    /// The pages do not satisfy PDF/A-2b.
    Archive,
    /// The finished file could not be read back.
    Reading,
}
