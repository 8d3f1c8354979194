//! A page for a paper register: the checkpoint of the log as words, as the signed note and as a QR code, to be stamped by
//! somebody outside the agency (law 8), and how each of them is compared with the log later. Lays out what it is given; it
//! computes no word and signs nothing. The code holds the whole signed checkpoint, the words only size, root and check bits.

use model::Moment;
use model::moment::DateError;
use serde_json::{Value, json};

use crate::code::{TooLong, code};
use crate::jurisdiction::Jurisdiction;
use crate::language::Language;
use crate::sheet::Paper;

/// Words on one printed line.
const PER_LINE: usize = 5;

/// What stands on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterPage {
    /// Language of the fixed words.
    pub language: Language,
    /// Calendar and zone.
    pub jurisdiction: Jurisdiction,
    /// Agency.
    pub agency: String,
    /// Name of the log.
    pub origin: String,
    /// Number of events.
    pub events: u64,
    /// Root hash in hexadecimal digits.
    pub root: String,
    /// The checkpoint as words.
    pub words: Vec<String>,
    /// The signed checkpoint, for the QR code.
    pub note: String,
    /// Time of the last event.
    pub until: Moment,
    /// When the page is printed.
    pub printed_at: Moment,
    /// Training node.
    pub synthetic: bool,
}

/// Why a page cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// The jurisdiction's time zone.
    #[error(transparent)]
    Date(#[from] DateError),
    /// The checkpoint carries too many signatures for one code.
    #[error("the signed checkpoint is too long for a QR code: print one without cosignatures")]
    TooLong,
}

impl From<TooLong> for RegisterError {
    fn from(_: TooLong) -> Self {
        RegisterError::TooLong
    }
}

impl RegisterPage {
    /// The page.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub fn paper(&self) -> Result<Paper, RegisterError> {
        Ok(Paper {
            kind: "register",
            template: include_str!("../templates/register.typ"),
            language: self.language,
            agency: self.agency.clone(),
            synthetic: self.synthetic,
            sheets: vec![self.sheet()?],
            time: self.printed_at,
            ident: format!("register {} {}", self.origin, self.events),
        })
    }

    fn sheet(&self) -> Result<Value, RegisterError> {
        let words = self.language.wording();
        let print = |at| self.jurisdiction.print(at, self.language);
        let row = |key: &str, value: String| json!([words.get(key), value]);
        let rows = [
            row("row.log", self.origin.clone()),
            row("row.events", self.events.to_string()),
            row("row.until", print(self.until)?),
            row("row.printed", print(self.printed_at)?),
        ];
        let lines: Vec<Value> = self.words.chunks(PER_LINE).enumerate().map(|(at, line)| json!([at + 1, line])).collect();
        let check = [
            ("register.check-words", "lanternfish log witness typed \"WORD WORD …\" --register NAME --page N"),
            ("register.check-note", "lanternfish log witness compare FILE"),
            ("register.check-log", "lanternfish log verify"),
        ];
        let fill = ["row.register", "row.page", "row.stamp"].map(|key| words.get(key));
        Ok(json!({
            "title": words.get("title.register"),
            "how": words.get("register.how"),
            "rows": rows,
            "root": [words.get("row.root"), self.root],
            "lines": lines,
            "note": [words.get("register.note"), self.note.trim_end().lines().collect::<Vec<_>>()],
            "check": [words.get("register.check"), check.map(|(key, command)| json!([words.get(key), command]))],
            "fill": fill,
            "qr": code(&self.note)?,
        }))
    }
}
