//! Reports: what the case holds becomes typed statements (`report_draft`), the report room lints them, the
//! caged `typeset` child sets them, and the finished text is compared again.
//!
//! It writes no opinion of its own, prints no digest of a restricted item (law 7), and drops nothing
//! silently: what a template may not state is named as left out (law 9). The clock is the store's.

use std::io::Write as _;

use model::{
    Law, Moment, Sha256Digest,
    action::Action,
    event::EventType,
    exhibit::{ExhibitClass, Origin},
    id::BlobId,
    statement::Template,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{BlobHandle, Intent, NewEvent, Number, Permit, Row, Scope, StoreError, vault::blob::AlsoDigest};

use crate::{
    Desk,
    facts::{Facts, cover},
    office::input,
    reclassify,
    report_draft::Writer,
    row::{Draft, for_action, parse_label},
    witness,
};

/// What is typed when a report is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildReport {
    /// Which paper.
    pub template: Template,
    /// Language code of the fixed wording, such as `lo`.
    pub language: String,
    /// Jurisdiction code; the case's own when absent.
    pub jurisdiction: Option<String>,
    /// Investigative record: where it was done.
    pub place: Option<String>,
    /// Investigative record: who was there; the members who acted when empty.
    pub participants: Vec<String>,
    /// Investigative record: attesting witnesses.
    pub witnesses: Vec<String>,
    /// Investigative record: interpreter, with languages.
    pub interpreter: Option<String>,
    /// Investigative record: remarks and objections of those present.
    pub remarks: Vec<String>,
    /// Training and experience of the author; an expert report must say it.
    pub qualifications: Option<String>,
    /// Statements of what the author saw or did; printed as own knowledge.
    pub own_knowledge: Vec<String>,
    /// Expert report: the summary of conclusions; rests on all findings.
    pub summary: Vec<String>,
    /// Expert report: facts and material received, beside the exhibits of the case.
    pub received: Vec<String>,
    /// Expert report: writings and sources relied on, or the words that there are none.
    pub literature: Vec<String>,
    /// Expert report: what is needed to judge reliability, beside the error rates of the findings.
    pub reliability: Vec<String>,
}

/// What a report's row holds (sealed under the case key).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportContent {
    /// Which paper.
    pub template: Template,
    /// Language code.
    pub language: String,
    /// The PDF/A file.
    pub pdf: BlobId,
    /// SHA-256 of the PDF.
    pub pdf_sha256: Sha256Digest,
    /// The request that the typesetting child was given: the same request gives the same PDF.
    pub request: BlobId,
    /// SHA-256 of the request.
    pub request_sha256: Sha256Digest,
    /// The signed checkpoint on which the report stands.
    pub checkpoint: String,
    /// Report time.
    pub reported_at: Moment,
    /// Number of pages.
    pub pages: u32,
    /// Number of statements, legal forms included.
    pub statements: usize,
    /// The cage of the typesetting child.
    pub cage: String,
    /// Commitments to restricted items, with their salts.
    pub withheld: Vec<Withheld>,
    /// Where everything that it speaks of comes from: who exports it later needs a permit that reaches there.
    #[serde(default)]
    pub origins: Vec<Origin>,
}

/// A salted commitment to a restricted item: the commitment leaves the house, the salt does not (law 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// The exhibit's label.
    pub exhibit: String,
    /// `SHA-256(salt ‖ digest)`.
    pub commitment: Sha256Digest,
    /// The salt, 64 hexadecimal digits.
    pub salt: String,
}

/// A report as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct ReportView {
    /// `R-0001`.
    pub report: String,
    /// Its id in the ledger.
    pub id: String,
    /// Number of pages.
    pub pages: u32,
    /// Which paper.
    pub template: Template,
    /// Language code.
    pub language: String,
    /// Number of statements, legal forms included.
    pub statements: usize,
    /// SHA-256 of the PDF.
    pub pdf_sha256: Sha256Digest,
    /// The cage of the typesetting child.
    pub cage: String,
}

/// `R-0001`.
pub fn report_label(number: i64) -> String {
    format!("R-{number:04}")
}

/// Builds a report from everything that the case holds.
///
/// # Errors
/// Law 9 with every fault of the lint at once; law 7 when a statement prints a restricted digest; the
/// typesetting child; others who built reports at the same moment again and again.
pub fn build(desk: &Desk, scope: &Scope, permit: &Permit, typed: &BuildReport) -> Result<ReportView, StoreError> {
    for_action(permit, Action::Report)?;
    // The number stands in the paper, so who comes second sets the whole paper anew.
    reclassify::again(|| build_once(desk, scope, permit, typed)).map_err(|error| match error {
        StoreError::Conflict => StoreError::input("somebody else built a report at the same moment: build it again"),
        error => error,
    })
}

fn build_once(desk: &Desk, scope: &Scope, permit: &Permit, typed: &BuildReport) -> Result<ReportView, StoreError> {
    let facts = Facts::gather_in(desk, scope, &typed.language)?;
    facts.cover(desk, scope, permit)?;
    let number = next_number(desk, scope)?;
    let told = facts.events.iter().map(|(event, _)| event.leaf.seq + 1).max().unwrap_or(0);
    let (checkpoint, witness) = witness::known(desk)?.for_paper(desk, told)?;
    let paper = Writer::new(desk, scope, &facts, typed)?.paper(permit, &report_label(number), &checkpoint, witness)?;
    let linted = match report::lint(&paper, &facts.known()) {
        Ok(linted) => linted,
        Err(faults) => return refuse(desk, scope, Law::Statement, &faults),
    };
    let request: typeset::Request = serde_json::from_value(linted.request()).map_err(input)?;
    let request_bytes = serde_json::to_vec(&request).map_err(input)?;
    if let Some(exhibit) = facts.secrets().found_in(&request_bytes) {
        return refuse(desk, scope, Law::Restricted, &[format!("the report would print a digest of {exhibit}, which is restricted: take it out of the statement")]);
    }
    let set = set(desk, &request)?;
    if let Err(problems) = report::check_text(&set.text, &linted) {
        return refuse(desk, scope, Law::Statement, &problems);
    }
    let id = format!("{}/report-{number:04}", scope.case());
    let pdf = keep(desk, scope, permit, &id, &set.pdf)?;
    let request = keep(desk, scope, permit, &id, &request_bytes)?;
    let content = ReportContent {
        template: typed.template,
        language: typed.language.clone(),
        pdf_sha256: pdf.summary.sha256,
        pdf: pdf.id.clone(),
        request_sha256: request.summary.sha256,
        request: request.id.clone(),
        checkpoint: checkpoint.to_text(),
        reported_at: paper.reported_at,
        pages: set.pages,
        statements: linted.draft().statements.len(),
        cage: set.cage.to_string(),
        origins: facts.origins(),
        withheld: facts.withheld,
    };
    let mut draft = Draft::new("report", id.clone(), "built");
    draft.number = Number::Is(number);
    let rows = vec![draft.write(scope, desk.now(), &content)?, pdf.row.clone(), request.row.clone()];
    let event = NewEvent::new(EventType::ReportBuilt, Some(id.clone()), built_detail(number, &content));
    match desk.store.commit(scope, permit, event, rows) {
        Ok(_) => Ok(view(number, id, &content)),
        Err(StoreError::Conflict) => {
            take_back(desk, &[pdf, request])?;
            Err(StoreError::Conflict)
        }
        Err(error) => Err(error),
    }
}

/// The next number; one that was erased is never given again.
fn next_number(desk: &Desk, scope: &Scope) -> Result<i64, StoreError> {
    let there = desk.store.list(scope, "report")?.into_iter().chain(desk.store.erased(scope)?.into_iter().filter(|row| row.kind == "report"));
    Ok(there.filter_map(|row| row.number).max().unwrap_or(0) + 1)
}

fn built_detail(number: i64, content: &ReportContent) -> Value {
    json!({
        "report": report_label(number), "template": content.template, "language": content.language, "pdf": content.pdf_sha256,
        "request": content.request_sha256, "checkpoint": content.checkpoint, "pages": content.pages, "cage": content.cage,
    })
}

/// Writes the refusal into the log and gives it back, every reason on a line of its own.
fn refuse<T, E: ToString>(desk: &Desk, scope: &Scope, law: Law, reasons: &[E]) -> Result<T, StoreError> {
    let text = reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    Err(desk.store.refuse(scope, &Intent::to(Action::Report), law, text)?)
}

pub(crate) fn set(desk: &Desk, request: &typeset::Request) -> Result<typeset::Typeset, StoreError> {
    typeset::Typesetter::new(desk.exe())
        .pdf(request)
        .map_err(|error| StoreError::Environment { attempt: "setting the paper".into(), cause: error.to_string() })
}

fn keep(desk: &Desk, scope: &Scope, permit: &Permit, parent: &str, bytes: &[u8]) -> Result<BlobHandle, StoreError> {
    let mut blob = desk.store.new_blob(scope, permit, parent, ExhibitClass::Ordinary, None, AlsoDigest::default())?;
    blob.write_all(bytes).map_err(|e| StoreError::environment("storing the paper", &e))?;
    blob.finish()
}

/// Removes the bytes of a paper whose number was taken. What cannot be removed now has no row and no key; `doctor` counts it.
fn take_back(desk: &Desk, blobs: &[BlobHandle]) -> Result<(), StoreError> {
    for blob in blobs {
        match desk.store.discard_blob(blob) {
            Ok(()) | Err(StoreError::Environment { .. }) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

fn view(number: i64, id: String, content: &ReportContent) -> ReportView {
    ReportView {
        report: report_label(number),
        id,
        pages: content.pages,
        template: content.template,
        language: content.language.clone(),
        statements: content.statements,
        pdf_sha256: content.pdf_sha256,
        cage: content.cage.clone(),
    }
}

/// The number of events in the log when a report was built.
pub(crate) fn size_at(checkpoint: &str) -> Result<u64, StoreError> {
    checkpoint.lines().nth(1).and_then(|line| line.parse().ok()).ok_or_else(|| StoreError::damaged("the checkpoint of a report"))
}

/// Every report of the case with its row; the caller's step writes the event.
pub(crate) fn rows(desk: &Desk, scope: &Scope) -> Result<Vec<(String, Row, ReportContent)>, StoreError> {
    let rows = desk.store.list(scope, "report")?;
    rows.into_iter().map(|row| Ok((report_label(row.number.unwrap_or(0)), row.content()?, row))).map(|one| one.map(|(l, c, r)| (l, r, c))).collect()
}

/// Lists the reports: one consultation event with its count.
///
/// # Errors
/// When the permit is not to view.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<ReportView>, StoreError> {
    for_action(permit, Action::View)?;
    let views: Vec<ReportView> =
        rows(desk, scope)?.iter().map(|(_, row, content)| view(row.number.unwrap_or(0), row.id.clone(), content)).collect();
    let event = NewEvent::new(EventType::FindingConsulted, None, json!({"reports": views.len()}));
    desk.store.commit(scope, permit, event, vec![])?;
    Ok(views)
}

/// Writes a report's PDF to `sink`: an event first, then the bytes, compared with their digest (law 5).
///
/// # Errors
/// When there is no such report; law 5.
pub fn export(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, sink: &mut impl std::io::Write) -> Result<ReportView, StoreError> {
    for_action(permit, Action::Report)?;
    let number = parse_label(label, 'R')?;
    let found = rows(desk, scope)?.into_iter().find(|(_, row, _)| row.number == Some(number));
    let (label, row, content) = found.ok_or_else(|| StoreError::input(format!("there is no report {label} in this case: see `lanternfish report list`")))?;
    cover(desk, scope, permit, &content.origins)?;
    reclassify::report_tells_nothing(desk, scope, Action::Report, &label, &content.checkpoint, &content.withheld)?;
    let mut pdf = desk.store.read_blob(scope, permit, &content.pdf)?;
    let event = NewEvent::new(EventType::FindingConsulted, Some(row.id.clone()), json!({"report": label, "exported": true}));
    desk.store.commit(scope, permit, event, vec![])?;
    pdf.copy_to(sink)?;
    Ok(view(number, row.id, &content))
}
