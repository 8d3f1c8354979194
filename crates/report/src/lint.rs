//! The lint of law 9. Reports every fault at once; there is no way from a [`Draft`] to a paper around it.

use std::collections::{BTreeMap, BTreeSet};

use model::finding::FindingKind;
use model::statement::{Basis, Statement, StatementKind, Template};

use crate::check::{normal, statement_ids};
use crate::draft::{Digest, Draft, Section};
use crate::sections::{self, MANDATORY};

/// What the case holds, as the store knows it; the draft is believed in nothing that this does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownObjects {
    /// Finding numbers.
    pub findings: BTreeSet<String>,
    /// Exhibit numbers.
    pub exhibits: BTreeSet<String>,
    /// Sequence numbers of events of the case.
    pub events: BTreeSet<u64>,
    /// Finding numbers that speak for the suspect.
    pub exculpatory: BTreeSet<String>,
    /// Numbers of findings of the kind opinion.
    pub opinions: BTreeSet<String>,
    /// Numbers of searches without result, be they findings or queries.
    pub null_searches: BTreeSet<String>,
    /// Events of the case by which a question was asked that found nothing.
    pub null_queries: BTreeSet<u64>,
}

/// Why a draft is refused. Each text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LintError {
    /// No statement.
    #[error("law 9: the report has no statement: add at least one finding or statement")]
    NoStatement,
    /// Not `S-` and three or more digits.
    #[error("law 9: {} is not a statement id: write S-001, S-002 and so on", model::quoted(.0))]
    BadId(String),
    /// The same id twice.
    #[error("law 9: the statement id {0} is used twice: number the statements again")]
    DuplicateId(String),
    /// The same text twice.
    #[error("law 9: {1} repeats the text of {0}: remove one of them")]
    DuplicateText(String, String),
    /// No text.
    #[error("law 9: {0} has no text: write it or remove it")]
    EmptyText(String),
    /// A character that hides or turns text.
    #[error("law 9: {place} contains the hidden character {code}: type the text again without it")]
    HiddenLetter {
        /// Statement or row.
        place: String,
        /// Code point.
        code: String,
    },
    /// Resolves to nothing.
    #[error("law 9: {0} names no finding, exhibit or event: name one, or mark it as own knowledge or legal form")]
    NoBasis(String),
    /// Names something the case does not hold.
    #[error("law 9: {id} rests on {missing}, which this case does not hold: correct the number")]
    Unresolved {
        /// The statement or row.
        id: String,
        /// What it names.
        missing: String,
    },
    /// Cited, but not in the tables.
    #[error("law 9: {id} rests on {missing}, which the report does not list: add it to the table")]
    NotListed {
        /// The statement.
        id: String,
        /// What it names.
        missing: String,
    },
    /// The text speaks of a statement that is not there.
    #[error("law 9: the text of {id} speaks of {mentioned}, which is not a statement of this report: correct the number")]
    UnknownReference {
        /// The statement.
        id: String,
        /// The id in its text.
        mentioned: String,
    },
    /// Opinion where only facts may stand.
    #[error("law 9: {0} is or rests on an opinion: mark it as opinion in an expert report, or remove it")]
    Opinion(String),
    /// A fact that calls itself legal form.
    #[error("law 9: {0} is marked as legal form but is not of the kind form or limit: name its basis")]
    FactAsForm(String),
    /// Something that speaks for the suspect is missing.
    #[error("law 9: the exculpatory finding {0} is not listed: add it")]
    ExculpatoryMissing(String),
    /// An exculpatory finding is printed as if it were not.
    #[error("law 9: the finding {0} speaks for the suspect but is not marked so in the table: mark it")]
    ExculpatoryHidden(String),
    /// A search without result is missing.
    #[error("law 9: the search without result {0} is not listed: add it")]
    NullSearchMissing(String),
    /// A finding rests on a search that is none, or that found something.
    #[error("law 9: {finding} rests on the search of event {event}, which is no search of this case without result: correct the number")]
    NotASearch {
        /// The finding.
        finding: String,
        /// The event that it names.
        event: u64,
    },
    /// The same row twice.
    #[error("law 9: {0} is listed twice: remove one row")]
    DuplicateRow(String),
    /// A digest of restricted bytes.
    #[error("law 7: {0} is restricted and its digest may not be printed: give the salted commitment")]
    RestrictedDigest(String),
    /// A fact of page one is missing.
    #[error("law 9: page one lacks {0}: fill it in")]
    HeaderMissing(&'static str),
    /// The record's own facts are missing.
    #[error("law 9: the investigative record lacks {0}: fill it in")]
    RecordMissing(&'static str),
    /// A heading that an expert report must fill would be empty.
    #[error("law 9: the expert report lacks {what}: say it with {option}")]
    ExpertMissing {
        /// What is missing.
        what: &'static str,
        /// The option of `report build` that says it.
        option: &'static str,
    },
    /// A section names a statement that is not there.
    #[error("law 9: a heading is given for {0}, which is not a statement of this report: correct the number")]
    SectionUnknown(String),
    /// The zone of the jurisdiction.
    #[error("{0}")]
    Zone(#[from] model::moment::DateError),
}

/// A draft that passed, with the legal forms added and every statement numbered in reading order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linted {
    pub(crate) draft: Draft,
}

impl Linted {
    /// The checked draft; its statements include the legal forms.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }
}

/// Checks `draft` against what the case holds, and adds the legal forms.
///
/// # Errors
/// Every fault that was found, never only the first.
pub fn lint(draft: &Draft, known: &KnownObjects) -> Result<Linted, Vec<LintError>> {
    let mut faults = Vec::new();
    check_ids(&draft.statements, &mut faults);
    for statement in &draft.statements {
        check_text_of(statement, &mut faults);
        check_basis(statement, draft, known, &mut faults);
        check_kind(statement, draft.template, known, &mut faults);
    }
    check_mentions(&draft.statements, &mut faults);
    check_tables(draft, known, &mut faults);
    check_completeness(draft, known, &mut faults);
    check_header(draft, &mut faults);
    check_template(draft, &mut faults);
    if let Err(error) = draft.jurisdiction.print(draft.reported_at, draft.language) {
        faults.push(error.into());
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let draft = in_reading_order(with_forms(draft.clone()));
    let mut faults = Vec::new();
    check_ids(&draft.statements, &mut faults);
    check_mentions(&draft.statements, &mut faults);
    if faults.is_empty() { Ok(Linted { draft }) } else { Err(faults) }
}

fn check_ids(statements: &[Statement], faults: &mut Vec<LintError>) {
    if statements.is_empty() {
        faults.push(LintError::NoStatement);
    }
    let (mut ids, mut texts) = (BTreeSet::new(), BTreeMap::new());
    for Statement { id, text, .. } in statements {
        if id_number(id).is_none() {
            faults.push(LintError::BadId(id.clone()));
        }
        if !ids.insert(id) {
            faults.push(LintError::DuplicateId(id.clone()));
        }
        if let Some(first) = texts.insert(normal(text), id) {
            faults.push(LintError::DuplicateText(first.clone(), id.clone()));
        }
    }
}

/// The number in `S-001`; at least three digits, and none to spare.
fn id_number(id: &str) -> Option<u32> {
    let number = id.strip_prefix("S-")?.parse().ok().filter(|number| *number > 0)?;
    (format!("S-{number:03}") == id).then_some(number)
}

fn check_text_of(statement: &Statement, faults: &mut Vec<LintError>) {
    if normal(&statement.text).is_empty() {
        faults.push(LintError::EmptyText(statement.id.clone()));
    }
    check_letters(&statement.id, &statement.text, faults);
}

/// Refuses what makes a printed text differ from the stored one: direction overrides and controls.
fn check_letters(place: &str, text: &str, faults: &mut Vec<LintError>) {
    let hidden = |letter: &char| {
        matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{E0000}'..='\u{E007F}')
            || (letter.is_control() && !matches!(letter, '\n' | '\t'))
    };
    if let Some(letter) = text.chars().find(hidden) {
        faults.push(LintError::HiddenLetter { place: place.to_string(), code: format!("U+{:04X}", letter as u32) });
    }
}

fn check_basis(statement: &Statement, draft: &Draft, known: &KnownObjects, faults: &mut Vec<LintError>) {
    let Basis::Resolved { findings, exhibits, events } = &statement.basis else { return };
    let id = &statement.id;
    if findings.is_empty() && exhibits.is_empty() && events.is_empty() {
        faults.push(LintError::NoBasis(id.clone()));
    }
    let listed_findings: BTreeSet<&String> = draft.findings.iter().map(|row| &row.number).collect();
    let listed_exhibits: BTreeSet<&String> = draft.exhibits.iter().map(|row| &row.number).collect();
    check_named(id, findings, &known.findings, &listed_findings, faults);
    check_named(id, exhibits, &known.exhibits, &listed_exhibits, faults);
    for event in events.iter().filter(|event| !known.events.contains(event)) {
        faults.push(LintError::Unresolved { id: id.clone(), missing: format!("event {event}") });
    }
}

fn check_named(
    id: &str,
    named: &[String],
    known: &BTreeSet<String>,
    listed: &BTreeSet<&String>,
    faults: &mut Vec<LintError>,
) {
    for missing in named {
        let (id, missing_name) = (id.to_string(), missing.clone());
        if !known.contains(missing) {
            faults.push(LintError::Unresolved { id, missing: missing_name });
        } else if !listed.contains(missing) {
            faults.push(LintError::NotListed { id, missing: missing_name });
        }
    }
}

fn check_kind(statement: &Statement, template: Template, known: &KnownObjects, faults: &mut Vec<LintError>) {
    let form = matches!(statement.kind, StatementKind::Form | StatementKind::Limit);
    if statement.basis == Basis::LegalForm && !form {
        faults.push(LintError::FactAsForm(statement.id.clone()));
    }
    let is_opinion = statement.kind == StatementKind::Opinion;
    let rests_on_opinion = match &statement.basis {
        Basis::Resolved { findings, .. } => findings
            .iter()
            .any(|finding| known.opinions.contains(finding) && !known.exculpatory.contains(finding)),
        _ => false,
    };
    let passed_as_fact = rests_on_opinion && statement.kind == StatementKind::Fact;
    if passed_as_fact || (template != Template::ExpertReport && (is_opinion || rests_on_opinion)) {
        faults.push(LintError::Opinion(statement.id.clone()));
    }
}

fn check_mentions(statements: &[Statement], faults: &mut Vec<LintError>) {
    let ids: BTreeSet<&str> = statements.iter().map(|statement| statement.id.as_str()).collect();
    for statement in statements {
        for mentioned in statement_ids(&statement.text) {
            if !ids.contains(mentioned) {
                let (id, mentioned) = (statement.id.clone(), mentioned.to_string());
                faults.push(LintError::UnknownReference { id, mentioned });
            }
        }
    }
}

fn check_tables(draft: &Draft, known: &KnownObjects, faults: &mut Vec<LintError>) {
    let findings = draft.findings.iter().map(|row| (&row.number, &known.findings));
    let exhibits = draft.exhibits.iter().map(|row| (&row.number, &known.exhibits));
    let searches = draft.null_searches.iter().map(|row| (&row.number, &known.null_searches));
    let mut seen = BTreeSet::new();
    for (number, known) in findings.chain(exhibits).chain(searches) {
        if !known.contains(number) {
            faults.push(LintError::Unresolved { id: "a table".into(), missing: number.clone() });
        }
        if !seen.insert(number) {
            faults.push(LintError::DuplicateRow(number.clone()));
        }
    }
    for row in &draft.exhibits {
        check_letters(&row.number, &row.source, faults);
        if row.class.is_restricted() && matches!(row.digest, Digest::Sha256(_)) {
            faults.push(LintError::RestrictedDigest(row.number.clone()));
        }
    }
    for row in &draft.custody {
        if !known.exhibits.contains(&row.exhibit) {
            faults.push(LintError::Unresolved { id: "the custody log".into(), missing: row.exhibit.clone() });
        }
    }
    for row in &draft.findings {
        check_letters(&row.number, &row.text, faults);
        let opinion = row.kind == FindingKind::Opinion || known.opinions.contains(&row.number);
        if opinion && !row.exculpatory && draft.template != Template::ExpertReport {
            faults.push(LintError::Opinion(row.number.clone()));
        }
        let unknown = row.queries.iter().filter(|event| row.kind != FindingKind::NullSearch || !known.null_queries.contains(event));
        faults.extend(unknown.map(|event| LintError::NotASearch { finding: row.number.clone(), event: *event }));
    }
}

/// What speaks for the suspect, and what was looked for and not found, must be on the paper.
fn check_completeness(draft: &Draft, known: &KnownObjects, faults: &mut Vec<LintError>) {
    for number in &known.exculpatory {
        match draft.findings.iter().find(|row| row.number == *number) {
            None => faults.push(LintError::ExculpatoryMissing(number.clone())),
            Some(row) if !row.exculpatory => faults.push(LintError::ExculpatoryHidden(number.clone())),
            Some(_) => {}
        }
    }
    let as_finding = draft.findings.iter().filter(|row| row.kind == FindingKind::NullSearch).map(|row| &row.number);
    let listed: BTreeSet<&String> = as_finding.chain(draft.null_searches.iter().map(|row| &row.number)).collect();
    for number in known.null_searches.iter().filter(|number| !listed.contains(number)) {
        faults.push(LintError::NullSearchMissing(number.clone()));
    }
}

fn check_header(draft: &Draft, faults: &mut Vec<LintError>) {
    let header = &draft.header;
    let facts = [
        ("the case number", &header.case_number),
        ("the report id", &header.report_id),
        ("the agency", &header.agency),
        ("the author's name", &header.officer.name),
        ("the author's id in the log", &header.officer.pseudonym),
        ("the checkpoint's origin", &header.checkpoint.origin),
        ("the checkpoint's root", &header.checkpoint.root),
        ("the tool's build", &draft.tool.build),
    ];
    let mut missing: Vec<&str> = facts.iter().filter(|(_, value)| value.trim().is_empty()).map(|(name, _)| *name).collect();
    if header.authorities.is_empty() {
        missing.push("the authority or standing basis");
    }
    if header.unmet_separations.iter().any(|sentence| sentence.trim().is_empty()) {
        missing.push("the words of an unmet separation of duties");
    }
    faults.extend(missing.into_iter().map(LintError::HeaderMissing));
}

fn check_template(draft: &Draft, faults: &mut Vec<LintError>) {
    match draft.template {
        Template::StatementOfFact => {}
        Template::ExpertReport => check_expert(draft, faults),
        Template::InvestigativeRecord => check_record(draft, faults),
    }
}

fn check_expert(draft: &Draft, faults: &mut Vec<LintError>) {
    for (section, what, option) in MANDATORY {
        if !draft.statements.iter().any(|one| sections::section_of(one, draft) == section) {
            faults.push(LintError::ExpertMissing { what, option });
        }
    }
    for id in draft.sections.keys() {
        if !draft.statements.iter().any(|statement| statement.id == *id) {
            faults.push(LintError::SectionUnknown(id.clone()));
        }
    }
}

fn check_record(draft: &Draft, faults: &mut Vec<LintError>) {
    let Some(record) = &draft.record else {
        return faults.push(LintError::RecordMissing("place, times and participants (--place, --participant)"));
    };
    if record.place.trim().is_empty() {
        faults.push(LintError::RecordMissing("the place (--place)"));
    }
    if record.participants.iter().all(|name| name.trim().is_empty()) {
        faults.push(LintError::RecordMissing("the participants (--participant)"));
    }
    if record.ended < record.started {
        faults.push(LintError::RecordMissing("an end that lies after its beginning"));
    }
}

/// Adds the legal forms of template and jurisdiction, numbered after the last statement.
fn with_forms(mut draft: Draft) -> Draft {
    let keys: &[(&str, StatementKind, Section)] = match draft.template {
        Template::StatementOfFact => &[CAPTURE, ("form.fact", StatementKind::Form, Section::Truth), TRUTH],
        Template::ExpertReport => &[CAPTURE, ("form.duty", StatementKind::Form, Section::Duty), TRUTH],
        Template::InvestigativeRecord => &[CAPTURE, ("form.record", StatementKind::Form, Section::Truth)],
    };
    let last = draft.statements.iter().filter_map(|statement| id_number(&statement.id)).max().unwrap_or(0);
    for (number, (key, kind, section)) in (last + 1..).zip(keys) {
        let id = format!("S-{number:03}");
        let own = draft.jurisdiction.forms.get(*key).cloned();
        let text = own.unwrap_or_else(|| draft.language.wording().get(key).to_string());
        draft.sections.insert(id.clone(), *section);
        draft.statements.push(Statement { id, kind: *kind, text, basis: Basis::LegalForm });
    }
    draft
}

/// Numbers the statements in the order in which they are read. A text that speaks of `S-003` means the
/// printed number, so texts stay as they are.
fn in_reading_order(mut draft: Draft) -> Draft {
    let places: Vec<usize> = draft.statements.iter().map(|one| sections::place(one, &draft)).collect();
    let mut placed: Vec<(usize, Statement)> = places.into_iter().zip(std::mem::take(&mut draft.statements)).collect();
    placed.sort_by_key(|(place, _)| *place);
    let mut told = std::mem::take(&mut draft.sections);
    for (number, (_, mut statement)) in (1..).zip(placed) {
        let id = format!("S-{number:03}");
        draft.sections.extend(told.remove(&statement.id).map(|section| (id.clone(), section)));
        statement.id = id;
        draft.statements.push(statement);
    }
    draft
}

/// A capture proves who captured and when, not that the server said it.
const CAPTURE: (&str, StatementKind, Section) = ("form.capture", StatementKind::Limit, Section::Caveats);
const TRUTH: (&str, StatementKind, Section) = ("form.truth", StatementKind::Form, Section::Truth);
