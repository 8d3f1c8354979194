//! The truth about the pages: one JSON line for each selector, listing and decoy, at its bytes in the
//! file as written.

use serde::{Deserialize, Serialize};

use super::selector::State;

/// Another answer that is not counted as wrong: right for other readers, or beyond what bytes can tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tolerated {
    /// Type of the selector.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its state.
    pub state: State,
}

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Truth {
    /// A selector.
    Selector {
        /// Type, as `scan` names it.
        #[serde(rename = "type")]
        kind: String,
        /// Normal form.
        value: String,
        /// State.
        state: State,
        /// Other types that are as right.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rivals: Vec<String>,
        /// Whether a reader who does not report it has missed something.
        required: bool,
    },
    /// A row of a market.
    Listing {
        /// Title as shown.
        title: String,
        /// Vendor as shown.
        vendor: String,
        /// Price as a decimal number.
        price: String,
        /// ISO 4217 or the coin's letters.
        currency: String,
        /// Where it is sent from.
        ships_from: String,
    },
    /// Something that was written in a forum.
    Post {
        /// Author as shown.
        author: String,
        /// Date as shown.
        date: String,
    },
    /// Something that has the look of a selector and is none.
    Decoy {
        /// Answers that are not counted, neither right nor wrong.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tolerated: Vec<Tolerated>,
    },
}

impl Truth {
    #[cfg(test)]
    pub(crate) fn nothing() -> Truth {
        Truth::Decoy { tolerated: Vec::new() }
    }
}

/// A line of `truth.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it is.
    #[serde(flatten)]
    pub truth: Truth,
    /// The page, as a path below the folder.
    pub page: String,
    /// How it was written.
    pub style: String,
    /// Script of the words around it.
    pub script: String,
    /// `html`, `text`, `json` or `mail`.
    pub container: String,
    /// First byte in the file.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}
