//! From a linted draft to the request that the `typeset` child sets: every word formatted here, so that
//! the templates (`templates/*.typ`) only lay out. The request carries its sources; nothing is looked up.

use model::finding::FindingKind;
use model::moment::ClockQuality;
use model::statement::{Basis, Statement, StatementKind, Template};
use model::Moment;
use serde_json::{Value, json};

use crate::draft::{CustodyRow, Digest, Draft, ExhibitRow, FindingRow, NullSearchRow, PaperMark, Section, WitnessStatus};
use crate::language::{Language, Wording};
use crate::lint::Linted;
use crate::slip::kind_key;

const COMMON: &str = include_str!("../templates/common.typ");

impl Linted {
    /// The request for the `typeset` child: sources, data, report time, document id.
    ///
    /// The same draft gives the same request.
    pub fn request(&self) -> Value {
        let draft = &self.draft;
        let main = match draft.template {
            Template::StatementOfFact => include_str!("../templates/statement-of-fact.typ"),
            Template::ExpertReport => include_str!("../templates/expert-report.typ"),
            Template::InvestigativeRecord => include_str!("../templates/investigative-record.typ"),
        };
        request(main, data(self), draft.reported_at, &format!("{} {}", draft.header.case_number, draft.header.report_id))
    }
}

/// A request with the common source beside `main`.
pub(crate) fn request(main: &str, data: Value, time: Moment, ident: &str) -> Value {
    json!({
        "sources": {"main.typ": main, "common.typ": COMMON},
        "data": data,
        "time": time.to_string(),
        "ident": ident,
    })
}

/// What every paper of the house needs: language, fonts, words, marks.
pub(crate) fn frame(language: Language, synthetic: bool) -> serde_json::Map<String, Value> {
    let frame = json!({
        "lang": language.code(),
        "fonts": language.fonts(),
        "leading": language.leading_em(),
        "words": language.wording().all(),
        "synthetic": synthetic,
    });
    match frame {
        Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    }
}

fn data(linted: &Linted) -> Value {
    let draft = &linted.draft;
    let words = draft.language.wording();
    let mut data = frame(draft.language, draft.synthetic);
    let mut put = |key: &str, value: Value| data.insert(key.to_string(), value);
    put("title", json!(words.get(&format!("title.{}", draft.template.name()))));
    put("case", json!(draft.header.case_number));
    put("report", json!(draft.header.report_id));
    put("front", json!(front(draft)));
    put("notices", json!(notices(draft)));
    put("sections", json!(sections(draft)));
    put("findings", findings(draft, words));
    put("searches", json!(draft.null_searches.iter().map(|row| search(row, draft)).collect::<Vec<_>>()));
    put("exhibits", json!(draft.exhibits.iter().map(|row| exhibit(row, words)).collect::<Vec<_>>()));
    put("custody", json!(draft.custody.iter().map(|row| custody(row, draft)).collect::<Vec<_>>()));
    put("tool", json!([draft.tool.name, draft.tool.build, draft.tool.config]));
    put("record", record(draft));
    put("signatory", json!(format!("{} ({})", draft.header.officer.name, draft.header.officer.role)));
    Value::Object(data)
}

/// `time` for people; [`crate::lint`] has proved that the zone is known.
fn printed(draft: &Draft, time: Moment) -> String {
    draft.jurisdiction.print(time, draft.language).unwrap_or_else(|_| time.to_string())
}

type Pair = (String, Vec<String>);

/// The facts at the head of page one: label and lines.
fn front(draft: &Draft) -> Vec<Pair> {
    let (header, words) = (&draft.header, draft.language.wording());
    let officer = &header.officer;
    let pair = |key: &str, lines: Vec<String>| (words.get(key).to_string(), lines);
    let mut front = vec![
        pair("field.case", vec![header.case_number.clone()]),
        pair("field.report", vec![header.report_id.clone()]),
        pair("field.agency", vec![header.agency.clone()]),
        pair("field.officer", vec![format!("{}, {} [{}]", officer.name, officer.role, officer.pseudonym)]),
        pair("field.authority", authorities(draft)),
        pair("field.jurisdiction", vec![draft.jurisdiction.name.clone()]),
        pair("field.time", vec![printed(draft, draft.reported_at)]),
        pair("field.checkpoint", checkpoint(draft)),
    ];
    front.extend(record_front(draft));
    front
}

fn authorities(draft: &Draft) -> Vec<String> {
    let words = draft.language.wording();
    let line = |authority: &crate::draft::AuthorityLine| {
        let transcribed = authority.transcribed.then(|| words.get("authority.transcribed"));
        let parts = [Some(authority.number.as_str()), Some(authority.issuer.as_str()), transcribed, Some(authority.note.as_str())];
        parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    };
    draft.header.authorities.iter().map(line).collect()
}

fn checkpoint(draft: &Draft) -> Vec<String> {
    let checkpoint = &draft.header.checkpoint;
    let size = draft.language.wording().fill("field.checkpoint-size", &[("n", &checkpoint.size.to_string())]);
    vec![format!("{} · {size}", checkpoint.origin), checkpoint.root.clone()]
}

fn record_front(draft: &Draft) -> Vec<Pair> {
    let words = draft.language.wording();
    let Some(record) = draft.record.as_ref().filter(|_| draft.template == Template::InvestigativeRecord) else {
        return Vec::new();
    };
    let or_none = |names: &[String]| if names.is_empty() { vec![words.get("word.none").to_string()] } else { names.to_vec() };
    let interpreter: Vec<String> = record.interpreter.iter().cloned().collect();
    let pair = |key: &str, lines: Vec<String>| (words.get(key).to_string(), lines);
    vec![
        pair("field.place", vec![record.place.clone()]),
        pair("field.started", vec![printed(draft, record.started)]),
        pair("field.ended", vec![printed(draft, record.ended)]),
        pair("field.participants", or_none(&record.participants)),
        pair("field.witnesses", or_none(&record.witnesses)),
        pair("field.interpreter", or_none(&interpreter)),
    ]
}

/// What page one must say before anything else: witness, clock, separation of duties, draft wording.
fn notices(draft: &Draft) -> Vec<Pair> {
    let (header, words) = (&draft.header, draft.language.wording());
    let separations = match header.unmet_separations.is_empty() {
        true => vec![words.get("separation.none").to_string()],
        false => header.unmet_separations.clone(),
    };
    let mut notices = vec![
        (words.get("witness.label").to_string(), witness(draft, words)),
        (words.get("clock.label").to_string(), vec![clock(&header.clock, words)]),
        (words.get("separation.label").to_string(), separations),
    ];
    if draft.language.unreviewed() {
        notices.push((String::new(), vec![words.get("notice.unreviewed").to_string()]));
    }
    notices
}

fn witness(draft: &Draft, words: Wording) -> Vec<String> {
    match &draft.header.witness {
        WitnessStatus::Never => vec![words.get("witness.never").to_string()],
        WitnessStatus::UnwitnessedSince { since, paper } => {
            let since = words.fill("witness.unwitnessed", &[("t", &printed(draft, *since))]);
            std::iter::once(since).chain(paper.iter().map(|mark| registered(draft, words, mark))).collect()
        }
        WitnessStatus::Registered { mark } => vec![registered(draft, words, mark)],
        WitnessStatus::Witnessed { by, at } => {
            vec![words.fill("witness.witnessed", &[("who", &by.join(", ")), ("t", &printed(draft, *at))])]
        }
    }
}

/// A register is printed as what it is: paper, and how far it reaches.
fn registered(draft: &Draft, words: Wording, mark: &PaperMark) -> String {
    let (page, events, until) = (mark.page.to_string(), mark.events.to_string(), printed(draft, mark.until));
    words.fill("witness.registered", &[("who", &mark.register), ("p", &page), ("n", &events), ("t", &until)])
}

fn clock(clock: &ClockQuality, words: Wording) -> String {
    match clock {
        ClockQuality::Synchronised { error_micros } => {
            words.fill("clock.synchronised", &[("n", &error_micros.to_string())])
        }
        ClockQuality::Unsynchronised => words.get("clock.unsynchronised").to_string(),
        ClockQuality::Unknown => words.get("clock.unknown").to_string(),
        ClockQuality::Unreliable { reason } => words.fill("clock.unreliable", &[("reason", reason)]),
    }
}

/// The headings of the template with their statements, in the order of the paper.
fn sections(draft: &Draft) -> Vec<Value> {
    let words = draft.language.wording();
    let heading = |(key, keep): &(&str, Keep)| {
        let statements: Vec<Value> =
            draft.statements.iter().filter(|one| keep(one, draft)).map(|one| statement(one, words)).collect();
        json!({"title": words.get(key), "statements": statements})
    };
    headings(draft.template).iter().map(heading).collect()
}

type Keep = fn(&Statement, &Draft) -> bool;

fn headings(template: Template) -> &'static [(&'static str, Keep)] {
    match template {
        Template::StatementOfFact => &FACT_HEADINGS,
        Template::InvestigativeRecord => &RECORD_HEADINGS,
        Template::ExpertReport => &EXPERT_HEADINGS,
    }
}

const FACT_HEADINGS: [(&str, Keep); 5] = [
    ("section.facts", |one, _| one.kind == StatementKind::Fact),
    ("section.exculpatory", |one, _| one.kind == StatementKind::Exculpatory),
    ("section.null-searches", |one, _| one.kind == StatementKind::NullSearch),
    ("section.limits", |one, _| one.kind == StatementKind::Limit),
    ("section.declaration", |one, _| matches!(one.kind, StatementKind::Form | StatementKind::Opinion)),
];

const RECORD_HEADINGS: [(&str, Keep); 5] = [
    ("section.action", |one, _| one.kind == StatementKind::Fact),
    ("section.exculpatory", |one, _| one.kind == StatementKind::Exculpatory),
    ("section.null-searches", |one, _| one.kind == StatementKind::NullSearch),
    ("section.limits", |one, _| one.kind == StatementKind::Limit),
    ("section.declaration", |one, _| matches!(one.kind, StatementKind::Form | StatementKind::Opinion)),
];

const EXPERT_HEADINGS: [(&str, Keep); 12] = [
    ("expert.qualifications", |one, draft| section_of(one, draft) == Section::Qualifications),
    ("expert.summary", |one, draft| section_of(one, draft) == Section::Summary),
    ("expert.instructions", |one, draft| section_of(one, draft) == Section::Instructions),
    ("expert.literature", |one, draft| section_of(one, draft) == Section::Literature),
    ("expert.own-knowledge", |one, draft| section_of(one, draft) == Section::OwnKnowledge),
    ("expert.tests", |one, draft| section_of(one, draft) == Section::Tests),
    ("expert.opinions", |one, draft| section_of(one, draft) == Section::Opinions),
    ("section.exculpatory", |one, draft| section_of(one, draft) == Section::Exculpatory),
    ("expert.caveats", |one, draft| section_of(one, draft) == Section::Caveats),
    ("expert.reliability", |one, draft| section_of(one, draft) == Section::Reliability),
    ("expert.duty", |one, draft| section_of(one, draft) == Section::Duty),
    ("expert.truth", |one, draft| section_of(one, draft) == Section::Truth),
];

/// The heading of a statement in an expert report: as told, otherwise by kind and basis.
fn section_of(one: &Statement, draft: &Draft) -> Section {
    let by_kind = || match (one.kind, &one.basis) {
        (StatementKind::Fact, Basis::OwnKnowledge) => Section::OwnKnowledge,
        (StatementKind::Fact | StatementKind::NullSearch, _) => Section::Tests,
        (StatementKind::Opinion, _) => Section::Opinions,
        (StatementKind::Exculpatory, _) => Section::Exculpatory,
        (StatementKind::Limit, _) => Section::Caveats,
        (StatementKind::Form, _) => Section::Truth,
    };
    draft.sections.get(&one.id).copied().unwrap_or_else(by_kind)
}

fn statement(one: &Statement, words: Wording) -> Value {
    json!({"id": one.id, "text": one.text, "basis": basis(&one.basis, words)})
}

fn basis(basis: &Basis, words: Wording) -> String {
    match basis {
        Basis::OwnKnowledge => words.get("basis.own-knowledge").to_string(),
        Basis::LegalForm => words.get("basis.legal-form").to_string(),
        Basis::Resolved { findings, exhibits, events } => {
            let mut parts: Vec<String> = findings.iter().chain(exhibits).cloned().collect();
            if !events.is_empty() {
                let numbers: Vec<String> = events.iter().map(u64::to_string).collect();
                parts.push(format!("{} {}", words.get("basis.events"), numbers.join(", ")));
            }
            parts.join(" · ")
        }
    }
}

/// The findings, those for the suspect apart and first, as the reader should not have to search for them.
fn findings(draft: &Draft, words: Wording) -> Value {
    let (exculpatory, other): (Vec<&FindingRow>, Vec<&FindingRow>) = draft.findings.iter().partition(|row| row.exculpatory);
    let rows = |rows: Vec<&FindingRow>| rows.into_iter().map(|row| finding(row, words)).collect::<Vec<_>>();
    json!({"exculpatory": rows(exculpatory), "other": rows(other)})
}

fn finding(row: &FindingRow, words: Wording) -> Value {
    let kind = match row.kind {
        FindingKind::Fact => "kind.fact",
        FindingKind::Opinion => "kind.opinion",
        FindingKind::NullSearch => "kind.null-search",
    };
    let counter = if row.counter_evidence.is_empty() { words.get("word.none").to_string() } else { row.counter_evidence.join("; ") };
    let answer = words.get(if row.exculpatory { "word.yes" } else { "word.no" });
    let none = || words.get("word.none").to_string();
    json!({
        "number": row.number,
        "text": row.text,
        "rows": [
            [words.get("row.kind"), words.get(kind)],
            [words.get("row.method"), row.method],
            [words.get("row.error-rate"), row.error_rate],
            [words.get("row.counter"), counter],
            [words.get("row.exculpatory"), answer],
            [words.get("row.grading"), row.grading.clone().unwrap_or_else(none)],
        ],
    })
}

fn search(row: &NullSearchRow, draft: &Draft) -> Value {
    let words = draft.language.wording();
    json!({
        "number": row.number,
        "text": row.text,
        "rows": [[words.get("row.method"), row.method], [words.get("column.time"), printed(draft, row.at)]],
    })
}

fn exhibit(row: &ExhibitRow, words: Wording) -> Value {
    let mut rows = vec![[words.get("row.source").to_string(), row.source.clone()]];
    let (note, digest) = digest(&row.digest, words);
    if let Some(seal) = &row.seal_number {
        rows.push([words.get("row.seal").to_string(), seal.clone()]);
    }
    rows.push([words.get("row.custodian").to_string(), row.custodian.clone()]);
    let interim = row.interim.then(|| words.get("custody.interim"));
    json!({"number": row.number, "kind": words.get(kind_key(row.kind)), "rows": rows, "digest_note": note, "digest": digest, "mark": interim})
}

fn digest(digest: &Digest, words: Wording) -> (String, String) {
    match digest {
        Digest::Sha256(value) => (words.get("row.digest").to_string(), value.hex()),
        Digest::Withheld(commitment) => {
            (format!("{} {}", words.get("row.digest"), words.get("digest.withheld")), commitment.hex())
        }
        Digest::None => (format!("{}: {}", words.get("row.digest"), words.get("digest.none")), String::new()),
    }
}

fn custody(row: &CustodyRow, draft: &Draft) -> Value {
    let mark = if row.interim { draft.language.wording().get("custody.interim") } else { "" };
    json!([printed(draft, row.at), row.exhibit, row.event, row.from, row.to, mark])
}

fn record(draft: &Draft) -> Value {
    match &draft.record {
        None => Value::Null,
        Some(record) => json!({"remarks": record.remarks, "signers": signers(draft)}),
    }
}

/// Who signs each page of a record.
fn signers(draft: &Draft) -> Vec<String> {
    let Some(record) = &draft.record else { return Vec::new() };
    let others = record.participants.iter().chain(&record.witnesses).chain(&record.interpreter);
    others.cloned().collect()
}

/// The lines that page one must show (and `check_text` looks for).
pub(crate) fn page_one_lines(linted: &Linted) -> Vec<String> {
    let draft = &linted.draft;
    let header = &draft.header;
    let mut lines: Vec<String> = notices(draft).into_iter().flat_map(|(_, lines)| lines).collect();
    lines.extend(authorities(draft));
    lines.extend([header.case_number.clone(), header.report_id.clone(), header.checkpoint.root.clone()]);
    if draft.synthetic {
        lines.push(draft.language.wording().get("notice.synthetic").to_string());
    }
    lines
}

/// Every text of the draft that may itself contain something that looks like a statement id.
pub(crate) fn material(linted: &Linted) -> Vec<String> {
    let mut texts = Vec::new();
    gather(&data(linted), &mut texts);
    texts
}

fn gather(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| gather(item, texts)),
        Value::Object(fields) => fields.iter().filter(|(key, _)| *key != "sections").for_each(|(_, item)| gather(item, texts)),
        _ => {}
    }
}
