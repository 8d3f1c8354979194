//! The two small papers of custody: an exhibit label (A6) and a transfer slip (A4). A record, not a proof: the proof is the
//! event in the log, whose digest the slip bears. Neither prints a digest of restricted bytes (law 7), also not in its code.

use model::exhibit::{ExhibitClass, ExhibitKind};
use model::moment::DateError;
use model::{Moment, Sha256Digest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::code::{TooLong, code, exhibit_text};
use crate::draft::Digest;
use crate::jurisdiction::Jurisdiction;
use crate::language::{Language, Wording};
use crate::sheet::Paper;

/// Digits of a digest that are printed large, at its beginning and at its end.
const GROUP: usize = 8;

/// A label for one exhibit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Language of the fixed words.
    pub language: Language,
    /// Calendar and zone.
    pub jurisdiction: Jurisdiction,
    /// Number of the case.
    pub case_number: String,
    /// Agency.
    pub agency: String,
    /// `E-0001`.
    pub exhibit: String,
    /// How it came.
    pub kind: ExhibitKind,
    /// Restriction: a digest of restricted bytes is never printed (law 7).
    pub class: ExhibitClass,
    /// What it is, as a person typed it.
    pub description: String,
    /// Digest, commitment or none.
    pub digest: Digest,
    /// Number on the seal bag.
    pub seal_number: Option<String>,
    /// Condition at intake.
    pub condition: Option<String>,
    /// Where it came from.
    pub source: String,
    /// When it was admitted.
    pub admitted_at: Moment,
    /// Who admitted it.
    pub admitted_by: String,
    /// Training case.
    pub synthetic: bool,
}

/// How a transfer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It waits for the receiver.
    Offered,
    /// Both signed.
    Accepted,
    /// The receiver declined it, or the giver took it back.
    Refused,
    /// No second person was there.
    Interim,
    /// A supervisor gave it to another person.
    Reassigned,
}

impl Standing {
    fn key(self) -> &'static str {
        match self {
            Standing::Offered => "event.transfer-offered",
            Standing::Accepted => "event.transfer-accepted",
            Standing::Refused => "event.transfer-refused",
            Standing::Interim => "event.interim-custody",
            Standing::Reassigned => "event.custody-reassigned",
        }
    }
}

/// An event of the log that a slip tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlipEvent {
    /// Its sequence number.
    pub seq: u64,
    /// What it did.
    pub standing: Standing,
    /// When.
    pub at: Moment,
    /// The hash of its leaf in the tree (RFC 9162).
    pub leaf: Sha256Digest,
}

/// One transfer of custody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Language of the fixed words.
    pub language: Language,
    /// Calendar and zone.
    pub jurisdiction: Jurisdiction,
    /// Number of the case.
    pub case_number: String,
    /// Identifier of the transfer.
    pub transfer_id: String,
    /// Agency.
    pub agency: String,
    /// `E-0001`.
    pub exhibit: String,
    /// What it is, as a person typed it.
    pub description: String,
    /// Restriction: a digest of restricted bytes is never printed (law 7).
    pub class: ExhibitClass,
    /// Digest, commitment or none.
    pub digest: Digest,
    /// Seal number of a thing.
    pub seal_number: Option<String>,
    /// Condition of a thing.
    pub condition: Option<String>,
    /// Who gives.
    pub from: String,
    /// Who takes.
    pub to: String,
    /// How it stands.
    pub standing: Standing,
    /// Why.
    pub purpose: String,
    /// Why it was refused; empty when it was not.
    pub refusal: String,
    /// What the receiver checked, and what came out.
    pub receiver_check: String,
    /// Its events, in the order of the log.
    pub events: Vec<SlipEvent>,
    /// When the slip is printed.
    pub printed_at: Moment,
    /// Training case.
    pub synthetic: bool,
}

/// Why a custody paper cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlipError {
    /// The jurisdiction's time zone.
    #[error(transparent)]
    Date(#[from] DateError),
    /// The numbers are too long for one code.
    #[error("the numbers of this exhibit are too long for a QR code")]
    TooLong,
    /// Nothing was named.
    #[error("name at least one exhibit")]
    Nothing,
}

impl From<TooLong> for SlipError {
    fn from(_: TooLong) -> Self {
        SlipError::TooLong
    }
}

impl Label {
    /// Labels of one case, a sheet each.
    ///
    /// # Errors
    /// When there is none; when the time zone of the jurisdiction is not known.
    pub fn paper(labels: &[Label]) -> Result<Paper, SlipError> {
        let first = labels.first().ok_or(SlipError::Nothing)?;
        let numbers: Vec<&str> = labels.iter().map(|label| label.exhibit.as_str()).collect();
        Ok(Paper {
            kind: "label",
            template: include_str!("../templates/label.typ"),
            language: first.language,
            agency: first.agency.clone(),
            synthetic: first.synthetic,
            sheets: labels.iter().map(Label::sheet).collect::<Result<_, _>>()?,
            time: labels.iter().map(|label| label.admitted_at).max().unwrap_or(first.admitted_at),
            ident: format!("label {} {}", first.case_number, numbers.join(" ")),
        })
    }

    fn sheet(&self) -> Result<Value, SlipError> {
        let words = self.language.wording();
        let admitted = self.jurisdiction.print(self.admitted_at, self.language)?;
        let mut rows = vec![row(words, "row.description", stated(words, &self.description)), row(words, "row.kind", words.get(kind_key(self.kind)))];
        rows.push(row(words, "row.source", stated(words, &self.source)));
        rows.extend(self.condition.as_deref().map(|text| row(words, "row.condition", text)));
        rows.push(row(words, "row.admitted", &admitted));
        rows.push(row(words, "row.admitted-by", &self.admitted_by));
        let open = open_digest(self.class, &self.digest);
        Ok(json!({
            "title": words.get("title.label"),
            "case": format!("{} {}", words.get("field.case"), self.case_number),
            "exhibit": self.exhibit,
            "mark": self.class.is_restricted().then(|| words.get("mark.restricted")),
            "seal": self.seal_number.as_deref().map(|seal| row(words, "row.seal", seal)),
            "rows": rows,
            "digest": digest(words, self.kind, self.class, &self.digest),
            "qr": code(&exhibit_text(&self.case_number, &self.exhibit, open))?,
        }))
    }
}

impl Transfer {
    /// The slip.
    ///
    /// # Errors
    /// When the time zone of the jurisdiction is not known.
    pub fn paper(&self) -> Result<Paper, SlipError> {
        Ok(Paper {
            kind: "slip",
            template: include_str!("../templates/slip.typ"),
            language: self.language,
            agency: self.agency.clone(),
            synthetic: self.synthetic,
            sheets: vec![self.sheet()?],
            time: self.printed_at,
            ident: format!("transfer {} {}", self.case_number, self.transfer_id),
        })
    }

    fn sheet(&self) -> Result<Value, SlipError> {
        let words = self.language.wording();
        let kind = if self.seal_number.is_some() { ExhibitKind::Physical } else { ExhibitKind::File };
        let events: Vec<Value> = self.events.iter().map(|event| json!([words.fill("row.event-digest", &[("n", &event.seq.to_string())]), event.leaf.hex()])).collect();
        Ok(json!({
            "title": words.get("title.slip"),
            "case": format!("{} {}", words.get("field.case"), self.case_number),
            "exhibit": self.exhibit,
            "transfer": self.transfer_id,
            "restricted": self.class.is_restricted().then(|| words.get("mark.restricted")),
            "mark": (self.standing == Standing::Interim).then(|| words.get("custody.interim")),
            "rows": self.rows(words)?,
            "digest": digest(words, kind, self.class, &self.digest),
            "events": events,
            "signatures": self.signatures(words),
            "qr": code(&self.code_text())?,
            "code": words.get("code.about"),
        }))
    }

    fn rows(&self, words: Wording) -> Result<Vec<Value>, SlipError> {
        let mut rows = vec![row(words, "row.state", words.get(self.standing.key()))];
        rows.push(row(words, "row.description", stated(words, &self.description)));
        rows.extend(self.seal_number.as_deref().map(|text| row(words, "row.seal", text)));
        rows.extend(self.condition.as_deref().map(|text| row(words, "row.condition", text)));
        rows.push(row(words, "column.from", stated(words, &self.from)));
        rows.push(row(words, "column.to", stated(words, &self.to)));
        rows.push(row(words, "row.purpose", stated(words, &self.purpose)));
        for event in &self.events {
            rows.push(json!([words.get(event.standing.key()), self.jurisdiction.print(event.at, self.language)?]));
        }
        if !self.refusal.is_empty() {
            rows.push(row(words, "row.refusal", &self.refusal));
        }
        if !self.receiver_check.is_empty() {
            rows.push(row(words, "row.check", &self.receiver_check));
        }
        rows.push(row(words, "row.printed", &self.jurisdiction.print(self.printed_at, self.language)?));
        Ok(rows)
    }

    /// A line for each hand: who gives and who takes.
    fn signatures(&self, words: Wording) -> Vec<Value> {
        let line = |name: &str| json!([format!("{}: {name}", words.get("word.signature")), words.get("word.date")]);
        [self.from.as_str(), self.to.as_str()].into_iter().map(line).collect()
    }

    /// Number and digest of the exhibit, the transfer, and the digest of its newest event.
    fn code_text(&self) -> String {
        let exhibit = exhibit_text(&self.case_number, &self.exhibit, open_digest(self.class, &self.digest));
        let event = self.events.last().map_or(String::new(), |event| format!(":EVENT:{}:{}", event.seq, event.leaf.hex()));
        format!("{exhibit}{event}").to_uppercase()
    }
}

/// The digest that may stand in the clear, when there is one: a restricted item has none (law 7).
fn open_digest(class: ExhibitClass, digest: &Digest) -> Option<&Sha256Digest> {
    match digest {
        Digest::Sha256(value) if !class.is_restricted() => Some(value),
        _ => None,
    }
}

/// The digest as it is printed: whole, and its first and last digits; or why there is none.
fn digest(words: Wording, kind: ExhibitKind, class: ExhibitClass, digest: &Digest) -> Value {
    let whole = |hex: String, label: &str| json!({"label": label, "first": &hex[..GROUP], "last": &hex[hex.len() - GROUP..], "whole": hex});
    match (open_digest(class, digest), digest) {
        (Some(value), _) => whole(value.hex(), words.get("row.digest")),
        (None, Digest::Withheld(commitment)) => whole(commitment.hex(), words.get("digest.withheld")),
        (None, _) if kind == ExhibitKind::Physical => json!({"label": words.get("row.digest"), "none": words.get("digest.none")}),
        _ => json!({"label": words.get("row.digest"), "none": words.get("digest.closed")}),
    }
}

fn stated(words: Wording, text: &str) -> &str {
    if text.trim().is_empty() { words.get("word.not-stated") } else { text }
}

fn row(words: Wording, key: &str, value: &str) -> Value {
    json!([words.get(key), value])
}

/// The key under which the wording of a kind of exhibit stands.
pub(crate) fn kind_key(kind: ExhibitKind) -> &'static str {
    match kind {
        ExhibitKind::File => "kind.file",
        ExhibitKind::Capture => "kind.capture",
        ExhibitKind::ManualCapture => "kind.manual-capture",
        ExhibitKind::Physical => "kind.physical",
        ExhibitKind::Derived => "kind.derived",
    }
}
