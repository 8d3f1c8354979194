//! From a linted draft to the request that the `typeset` child sets: every word formatted here, so that
//! the templates (`templates/*.typ`) only lay out. The request carries its sources; nothing is looked up.

use model::finding::FindingKind;
use model::moment::ClockQuality;
use model::Moment;
use model::authority::Standing;
use model::statement::{Basis, Statement, StatementKind, Template};
use serde_json::{Value, json};

use crate::draft::{AuthorityLine, CustodyRow, Digest, Draft, ExhibitRow, FindingRow, Instrument, NullSearchRow, PaperMark, WitnessStatus};
use crate::jurisdiction::utc;
use crate::language::{Language, Wording};
use crate::lint::Linted;
use crate::sections::{NULL_SEARCHES, REMARKS, headings, place};
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
    put("findings", findings(draft));
    put("exhibits", json!(draft.exhibits.iter().map(|row| exhibit(row, words)).collect::<Vec<_>>()));
    put("custody", json!(draft.custody.iter().map(|row| custody(row, draft)).collect::<Vec<_>>()));
    put("tool", json!({"name": draft.tool.name, "rows": [[words.get("tool.build"), draft.tool.build], [words.get("tool.config"), draft.tool.config]]}));
    put("signers", json!(signers(draft)));
    put("signatory", json!(format!("{} ({})", draft.header.officer.name, draft.language.role(draft.header.officer.role))));
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
        pair("field.officer", vec![format!("{}, {} [{}]", officer.name, draft.language.role(officer.role), officer.pseudonym)]),
        pair("field.authority", authorities(draft)),
        pair("field.jurisdiction", vec![draft.jurisdiction.printed_name(draft.language).to_string()]),
        pair("field.time", vec![printed(draft, draft.reported_at), utc(draft.reported_at)]),
        pair("field.checkpoint", checkpoint(draft)),
    ];
    front.extend(record_front(draft));
    front
}

/// More authorities than these are printed short, so that page one stays one page.
const LONG_AUTHORITIES: usize = 6;

fn authorities(draft: &Draft) -> Vec<String> {
    let all = &draft.header.authorities;
    all.iter().map(|line| authority(line, draft, all.len() <= LONG_AUTHORITIES)).collect()
}

/// Number, issuer, kind, state by the clock of the report, period; the short form leaves out all but the
/// number and the state.
fn authority(line: &AuthorityLine, draft: &Draft, long: bool) -> String {
    let words = draft.language.wording();
    let mut parts = vec![line.number.clone()];
    let more = [line.issuer.clone(), if line.transcribed { words.get("authority.transcribed").to_string() } else { String::new() }];
    parts.extend(more.into_iter().filter(|part| long && !part.is_empty()));
    if let Some(instrument) = &line.instrument {
        parts.extend(long.then(|| words.get(&format!("authority.kind.{}", instrument.kind.name())).to_string()));
        parts.push(standing(instrument, draft));
        let period = [("from", &*printed(draft, instrument.from)), ("until", &*printed(draft, instrument.until))];
        parts.extend(long.then(|| words.fill("authority.period", &period)));
    }
    parts.join("; ")
}

fn standing(instrument: &Instrument, draft: &Draft) -> String {
    let words = draft.language.wording();
    let dated = |key: &str, at: Moment| words.fill(key, &[("t", &printed(draft, at))]);
    match instrument.standing {
        Standing::Recorded => words.get("authority.recorded").to_string(),
        Standing::NotBegun => words.get("authority.not-begun").to_string(),
        Standing::Live => words.get("authority.live").to_string(),
        Standing::Ended { at } => dated("authority.ended", at),
        Standing::Revoked { at } => dated("authority.revoked", at),
    }
}

fn checkpoint(draft: &Draft) -> Vec<String> {
    let checkpoint = &draft.header.checkpoint;
    let size = draft.language.wording().fill("field.checkpoint-size", &[("n", &checkpoint.size.to_string())]);
    vec![format!("{}; {size}", checkpoint.origin), checkpoint.root.clone()]
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
    headings(draft.template).iter().map(|(key, _)| section(key, draft)).collect()
}

fn section(key: &str, draft: &Draft) -> Value {
    let words = draft.language.wording();
    let here = |one: &&Statement| headings(draft.template).get(place(one, draft)).is_some_and(|(own, _)| *own == key);
    let statements: Vec<Value> = draft.statements.iter().filter(here).map(|one| statement(one, draft)).collect();
    let (lines, empty) = match key {
        REMARKS => (draft.record.as_ref().map_or_else(Vec::new, |record| record.remarks.clone()), "word.none"),
        NULL_SEARCHES => (searches_elsewhere(draft), "word.none"),
        _ => (Vec::new(), "word.not-stated"),
    };
    json!({"title": words.get(key), "statements": statements, "lines": lines, "empty": words.get(empty)})
}

/// Searches without result that stand in the tables but are no statement of that heading: where to look.
fn searches_elsewhere(draft: &Draft) -> Vec<String> {
    let asked = see("section.findings", draft.null_searches.iter().map(|row| &row.number), draft);
    for_the_suspect_note(draft).into_iter().chain(asked).collect()
}

/// Searches without result that stand among what speaks for the suspect.
fn for_the_suspect_note(draft: &Draft) -> Option<String> {
    let rows = draft.findings.iter().filter(|row| row.kind == FindingKind::NullSearch && row.exculpatory);
    see("section.exculpatory", rows.map(|row| &row.number), draft)
}

fn see<'a>(section: &str, numbers: impl Iterator<Item = &'a String>, draft: &Draft) -> Option<String> {
    let words = draft.language.wording();
    let numbers = numbers.map(String::as_str).collect::<Vec<_>>().join(", ");
    (!numbers.is_empty()).then(|| words.fill("searches.see", &[("section", words.get(section)), ("numbers", &numbers)]))
}

fn statement(one: &Statement, draft: &Draft) -> Value {
    json!({"id": one.id, "text": one.text, "basis": basis(&one.basis, draft), "counter": counter(one, draft)})
}

/// What speaks against the one finding on which a statement rests; an opinion always says it, or `none`.
fn counter(one: &Statement, draft: &Draft) -> Option<String> {
    let Basis::Resolved { findings, .. } = &one.basis else { return None };
    let [number] = &findings[..] else { return None };
    if matches!(one.kind, StatementKind::Form | StatementKind::Limit) {
        return None;
    }
    let row = draft.findings.iter().find(|row| row.number == *number)?;
    let says = one.kind == StatementKind::Opinion || !row.counter_evidence.is_empty();
    says.then(|| against(row, draft.language.wording()))
}

fn against(row: &FindingRow, words: Wording) -> String {
    if row.counter_evidence.is_empty() { words.get("word.none").to_string() } else { row.counter_evidence.join("; ") }
}

fn basis(basis: &Basis, draft: &Draft) -> String {
    let words = draft.language.wording();
    match basis {
        Basis::OwnKnowledge => words.get("basis.own-knowledge").to_string(),
        Basis::LegalForm => words.get("basis.legal-form").to_string(),
        Basis::Resolved { findings, exhibits, events } => {
            let mut parts: Vec<String> = findings.iter().chain(exhibits).cloned().collect();
            parts.extend((!events.is_empty()).then(|| event_numbers(events, words)));
            let by_hand = |row: &&FindingRow| row.kind == FindingKind::NullSearch && row.queries.is_empty() && findings[..] == [row.number.clone()];
            parts.extend(draft.findings.iter().find(by_hand).map(|_| words.get("search.by-hand").to_string()));
            parts.join("; ")
        }
    }
}

fn event_numbers(events: &[u64], words: Wording) -> String {
    let numbers: Vec<String> = events.iter().map(u64::to_string).collect();
    format!("{} {}", words.get("basis.events"), numbers.join(", "))
}

/// The findings, those for the suspect apart and first, as the reader should not have to search for them;
/// searches without result apart and last, be they findings or logged questions.
fn findings(draft: &Draft) -> Value {
    let (exculpatory, other): (Vec<&FindingRow>, Vec<&FindingRow>) = draft.findings.iter().partition(|row| row.exculpatory);
    let (searches, other): (Vec<&FindingRow>, Vec<&FindingRow>) = other.into_iter().partition(|row| row.kind == FindingKind::NullSearch);
    let rows = |rows: Vec<&FindingRow>| rows.into_iter().map(|row| finding(row, draft.language.wording())).collect::<Vec<_>>();
    let asked = draft.null_searches.iter().map(|row| search(row, draft));
    let apart = for_the_suspect_note(draft);
    json!({
        "exculpatory": rows(exculpatory), "other": rows(other),
        "searches": rows(searches).into_iter().chain(asked).collect::<Vec<_>>(), "searches_note": apart,
    })
}

/// What an officer types where no error rate is known; every paper says it in its own language.
const NOT_KNOWN: &str = "not known";

fn finding(row: &FindingRow, words: Wording) -> Value {
    let kind = match row.kind {
        FindingKind::Fact => "kind.fact",
        FindingKind::Opinion => "kind.opinion",
        FindingKind::NullSearch => "kind.null-search",
    };
    let answer = words.get(if row.exculpatory { "word.yes" } else { "word.no" });
    let grading = row.grading.as_deref().unwrap_or(words.get("word.none"));
    let mut rows = vec![[words.get("row.kind"), words.get(kind)]];
    let behind = if row.queries.is_empty() { words.get("search.by-hand").to_string() } else { event_numbers(&row.queries, words) };
    if row.kind == FindingKind::NullSearch {
        rows.push([words.get("row.search"), &behind]);
    }
    let counter = against(row, words);
    let rate = if row.error_rate.trim() == NOT_KNOWN { words.get("word.not-known") } else { &row.error_rate };
    rows.extend([
        [words.get("row.method"), &row.method],
        [words.get("row.error-rate"), rate],
        [words.get("row.counter"), &counter],
        [words.get("row.exculpatory"), answer],
        [words.get("row.grading"), grading],
    ]);
    json!({"number": row.number, "text": row.text, "rows": rows})
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
    let source = if row.source.trim().is_empty() { words.get("word.not-stated") } else { &row.source };
    let mut rows = vec![[words.get("row.source").to_string(), source.to_string()]];
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
    let words = draft.language.wording();
    let mark = if row.interim { words.get("custody.interim") } else { "" };
    let what = words.find(&format!("event.{}", row.event.name())).unwrap_or(row.event.name());
    json!({
        "at": [printed(draft, row.at), utc(row.at)], "exhibit": row.exhibit, "event": format!("{what} (#{})", row.seq),
        "mark": mark, "remarks": row.remarks, "from": row.from, "to": row.to,
    })
}

/// Who signs a record beside its author, who signs once even when he took part himself.
fn signers(draft: &Draft) -> Vec<String> {
    let Some(record) = &draft.record else { return Vec::new() };
    let author = draft.header.officer.name.trim();
    let others = record.participants.iter().chain(&record.witnesses).chain(&record.interpreter);
    let name = |line: &str| line.split([',', '(', ';']).next().unwrap_or("").trim().to_lowercase();
    others.filter(|line| name(line) != author.to_lowercase()).cloned().collect()
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
        Value::Object(fields) => fields.iter().filter(|(key, _)| *key != "statements").for_each(|(_, item)| gather(item, texts)),
        _ => {}
    }
}
