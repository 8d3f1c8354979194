//! The two small papers of custody: an exhibit label (A6) and a transfer slip (A5). Text only; a record,
//! not a proof: the proof is the event in the log.

use model::exhibit::{ExhibitClass, ExhibitKind};
use model::Moment;
use model::moment::DateError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::draft::Digest;
use crate::jurisdiction::Jurisdiction;
use crate::language::{Language, Wording};
use crate::page::{frame, request};

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
    /// Who takes; empty in interim custody.
    pub to: String,
    /// When it was offered.
    pub offered_at: Moment,
    /// When it was accepted.
    pub accepted_at: Option<Moment>,
    /// Why.
    pub purpose: String,
    /// What the receiver checked, and what came out.
    pub receiver_check: String,
    /// No second person was there.
    pub interim: bool,
    /// When the slip is printed.
    pub printed_at: Moment,
    /// Training case.
    pub synthetic: bool,
}

impl Label {
    /// The request for the `typeset` child.
    ///
    /// # Errors
    /// When the time zone of the jurisdiction is not known.
    pub fn request(&self) -> Result<Value, DateError> {
        let words = self.language.wording();
        let admitted = self.jurisdiction.print(self.admitted_at, self.language)?;
        let mut rows = vec![
            row(words, "row.kind", words.get(kind_key(self.kind))),
            row(words, "row.source", if self.source.trim().is_empty() { words.get("word.not-stated") } else { &self.source }),
        ];
        rows.extend(self.condition.as_deref().map(|text| row(words, "row.condition", text)));
        rows.push(row(words, "column.time", &admitted));
        rows.push(row(words, "row.custodian", &self.admitted_by));
        let mut data = frame(self.language, self.synthetic);
        data.insert("agency".into(), json!(self.agency));
        data.insert("case".into(), json!(self.case_number));
        data.insert("exhibit".into(), json!(self.exhibit));
        data.insert("seal".into(), json!(self.seal_number));
        data.insert("rows".into(), json!(rows));
        let ident = format!("label {} {}", self.case_number, self.exhibit);
        Ok(request(include_str!("../templates/label.typ"), Value::Object(data), self.admitted_at, &ident))
    }
}

impl Transfer {
    /// The request for the `typeset` child.
    ///
    /// # Errors
    /// When the time zone of the jurisdiction is not known.
    pub fn request(&self) -> Result<Value, DateError> {
        let mut data = frame(self.language, self.synthetic);
        data.insert("agency".into(), json!(self.agency));
        data.insert("case".into(), json!(self.case_number));
        data.insert("transfer".into(), json!(self.transfer_id));
        data.insert("exhibit".into(), json!(self.exhibit));
        data.insert("rows".into(), json!(self.rows()?));
        data.insert("digest".into(), json!(self.digest_line()));
        data.insert("from".into(), json!(self.from));
        data.insert("to".into(), json!(self.to));
        data.insert("interim".into(), json!(self.interim.then(|| self.language.wording().get("custody.interim"))));
        let ident = format!("transfer {} {}", self.case_number, self.transfer_id);
        Ok(request(include_str!("../templates/slip.typ"), Value::Object(data), self.printed_at, &ident))
    }

    fn rows(&self) -> Result<Vec<Value>, DateError> {
        let words = self.language.wording();
        let offered = self.jurisdiction.print(self.offered_at, self.language)?;
        let accepted = self.accepted_at.map(|at| self.jurisdiction.print(at, self.language)).transpose()?;
        let none = words.get("word.none");
        let mut rows = vec![row(words, "column.from", &self.from)];
        rows.push(row(words, "column.to", if self.to.is_empty() { none } else { &self.to }));
        rows.push(row(words, "row.offered", &offered));
        rows.push(row(words, "row.accepted", accepted.as_deref().unwrap_or(none)));
        rows.push(row(words, "row.purpose", &self.purpose));
        rows.extend(self.seal_number.as_deref().map(|text| row(words, "row.seal", text)));
        rows.extend(self.condition.as_deref().map(|text| row(words, "row.condition", text)));
        rows.push(row(words, "row.check", if self.receiver_check.is_empty() { none } else { &self.receiver_check }));
        Ok(rows)
    }

    /// The digest, unless the item is restricted: then only a commitment may stand here.
    fn digest_line(&self) -> Option<String> {
        match &self.digest {
            Digest::Sha256(value) if !self.class.is_restricted() => Some(value.hex()),
            Digest::Withheld(commitment) => {
                Some(format!("{} {}", self.language.wording().get("digest.withheld"), commitment.hex()))
            }
            Digest::Sha256(_) | Digest::None => None,
        }
    }
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
