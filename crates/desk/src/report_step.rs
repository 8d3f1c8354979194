//! Reports and the small papers of custody: what the case holds becomes typed statements, the report
//! room lints them, the caged `typeset` child sets them, and the finished text is compared again.
//!
//! It writes no opinion of its own, prints no digest of a restricted item (law 7), and drops nothing
//! silently: what a template may not state is named as left out (law 9). The clock is the store's.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    sync::OnceLock,
};

use model::{
    Law, Moment, Sha256Digest,
    action::Action,
    authorize::{Ground, StandingBasis},
    event::EventType,
    exhibit::{ExhibitClass, ExhibitKind, Origin},
    finding::FindingKind,
    id::{ActorId, BlobId},
    statement::{Basis, Statement, StatementKind, Template},
};
use report::{
    ActionRecord, AuthorityLine, Checkpoint, CustodyRow, Digest, Draft as Paper, ExhibitRow, FindingRow, Header, Jurisdiction,
    KnownObjects, Label, Language, NullSearchRow, Officer, Section, Tool, Transfer, WitnessStatus,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{BlobHandle, Intent, NewEvent, Number, Permit, Row, Scope, StoreError, StoredEvent, vault::blob::AlsoDigest, vault::secret::random_32};

use crate::{
    Desk, TOOL,
    admit::{self, ExhibitView},
    authority::{self, AuthorityView},
    case::{self, CaseView},
    conclude::{self, FindingView},
    custody::TransferContent,
    office::input,
    row::{Draft, for_action, parse_label},
    witness,
};

/// Events read at a time.
const PAGE: u32 = 500;
/// Lines of the parser that are printed for one exhibit; the rest is counted.
const REMARKS: usize = 10;
/// The largest paper that is handled in memory, in bytes.
const MOST: u64 = 256 << 20;

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
/// typesetting child.
pub fn build(desk: &Desk, scope: &Scope, permit: &Permit, typed: &BuildReport) -> Result<ReportView, StoreError> {
    for_action(permit, Action::Report)?;
    let facts = Facts::gather(desk, scope)?;
    facts.cover(desk, scope, permit)?;
    let number = desk.store.list(scope, "report")?.iter().filter_map(|row| row.number).max().unwrap_or(0) + 1;
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
    let rows = vec![draft.write(scope, desk.now(), &content)?, pdf.row, request.row];
    desk.store.commit(scope, permit, NewEvent::new(EventType::ReportBuilt, Some(id.clone()), built_detail(number, &content)), rows)?;
    Ok(view(number, id, &content))
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

fn set(desk: &Desk, request: &typeset::Request) -> Result<typeset::Typeset, StoreError> {
    typeset::Typesetter::new(desk.exe())
        .pdf(request)
        .map_err(|error| StoreError::Environment { attempt: "setting the paper".into(), cause: error.to_string() })
}

fn keep(desk: &Desk, scope: &Scope, permit: &Permit, parent: &str, bytes: &[u8]) -> Result<BlobHandle, StoreError> {
    let mut blob = desk.store.new_blob(scope, permit, parent, ExhibitClass::Ordinary, None, AlsoDigest::default())?;
    blob.write_all(bytes).map_err(|e| StoreError::environment("storing the paper", &e))?;
    blob.finish()
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
    let mut pdf = desk.store.read_blob(scope, permit, &content.pdf)?;
    let event = NewEvent::new(EventType::FindingConsulted, Some(row.id.clone()), json!({"report": label, "exported": true}));
    desk.store.commit(scope, permit, event, vec![])?;
    pdf.copy_to(sink)?;
    Ok(view(number, row.id, &content))
}

// ---- what the case holds

/// Every event of the case, with its detail opened.
pub(crate) fn case_events(desk: &Desk, scope: &Scope) -> Result<Vec<(StoredEvent, Value)>, StoreError> {
    let mut all: Vec<(StoredEvent, Value)> = Vec::new();
    loop {
        let from = all.last().map_or(0, |(event, _)| event.leaf.seq + 1);
        let page = desk.store.events(scope, from, PAGE)?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Everything of the case that papers and packages speak of.
pub(crate) struct Facts {
    pub case: CaseView,
    pub authorities: Vec<AuthorityView>,
    pub exhibits: Vec<ExhibitView>,
    pub findings: Vec<FindingView>,
    pub events: Vec<(StoredEvent, Value)>,
    pub withheld: Vec<Withheld>,
}

/// Digests that may stand nowhere in what leaves the house, with the exhibit each belongs to (law 7).
pub(crate) struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// The exhibit whose digest stands in `bytes`, in hexadecimal digits of either case.
    pub fn found_in(&self, bytes: &[u8]) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        self.0.iter().find(|(digest, _)| text.contains(digest.as_str())).map(|(_, exhibit)| exhibit.as_str())
    }

    /// Takes every such digest out of `value`; says whether there was one.
    pub fn take_out(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) if self.found_in(text.as_bytes()).is_some() => {
                *text = "withheld (law 7)".into();
                true
            }
            Value::Array(items) => items.iter_mut().fold(false, |found, item| self.take_out(item) | found),
            Value::Object(fields) => {
                let before = fields.len();
                fields.retain(|key, _| self.found_in(key.as_bytes()).is_none());
                let dropped = fields.len() != before;
                fields.values_mut().fold(dropped, |found, item| self.take_out(item) | found)
            }
            _ => false,
        }
    }
}

/// A paper or package that exists already leaves only under a permit that reaches all that it speaks of.
pub(crate) fn cover(desk: &Desk, scope: &Scope, permit: &Permit, origins: &[Origin]) -> Result<(), StoreError> {
    origins.iter().try_for_each(|origin| desk.store.cover(scope, permit, origin))
}

impl Facts {
    pub fn gather(desk: &Desk, scope: &Scope) -> Result<Facts, StoreError> {
        let exhibits = admit::all(desk, scope)?;
        Ok(Facts {
            case: case::content(desk, scope)?.0,
            authorities: authority::all(desk, scope)?,
            withheld: withheld(desk, scope, &exhibits)?,
            exhibits,
            findings: conclude::all(desk, scope)?,
            events: case_events(desk, scope)?,
        })
    }

    /// A paper or package speaks of every exhibit, so its permit must reach each of them (law 1).
    pub fn cover(&self, desk: &Desk, scope: &Scope, permit: &Permit) -> Result<(), StoreError> {
        cover(desk, scope, permit, &self.origins())
    }

    /// Where the exhibits come from, each origin once.
    pub fn origins(&self) -> Vec<Origin> {
        self.exhibits.iter().map(|view| &view.content.origin).collect::<BTreeSet<_>>().into_iter().cloned().collect()
    }

    /// What may not leave: every digest, computed or declared, of restricted exhibits.
    pub fn secrets(&self) -> Secrets {
        let restricted = self.exhibits.iter().filter(|view| view.content.class.is_restricted());
        let of = |view: &ExhibitView| {
            let own = view.content.sha256.map(|digest| digest.hex());
            let declared = view.content.declared.iter().map(|one| one.value.to_lowercase());
            own.into_iter().chain(declared).map(|digest| (digest, view.exhibit.clone())).collect::<Vec<_>>()
        };
        Secrets(restricted.flat_map(of).collect())
    }

    /// The exhibits that came in from outside, and those that findings rest on.
    fn cited(&self) -> Vec<&ExhibitView> {
        let named: BTreeSet<&String> = self.findings.iter().flat_map(|finding| &finding.content.exhibits).collect();
        self.exhibits.iter().filter(|view| view.content.kind != ExhibitKind::Derived || named.contains(&view.exhibit)).collect()
    }

    /// The events by which an exhibit came into the case.
    fn arrivals(&self, id: &str) -> Vec<u64> {
        let arrival = |kind| matches!(kind, EventType::ExhibitAdmitted | EventType::CaptureEnded | EventType::Derived);
        let about = |event: &StoredEvent| event.leaf.object.as_deref() == Some(id) && arrival(event.leaf.event_type);
        self.events.iter().filter(|(event, _)| about(event)).map(|(event, _)| event.leaf.seq).take(1).collect()
    }

    fn known(&self) -> KnownObjects {
        let of_kind = |keep: &dyn Fn(&FindingView) -> bool| self.findings.iter().filter(|f| keep(f)).map(|f| f.finding.clone()).collect::<BTreeSet<_>>();
        let mut null_searches = of_kind(&|f| f.content.kind == FindingKind::NullSearch);
        null_searches.extend(self.null_queries().map(|(event, _)| search_number(event)));
        KnownObjects {
            findings: of_kind(&|_| true),
            exhibits: self.exhibits.iter().map(|view| view.exhibit.clone()).collect(),
            events: self.events.iter().map(|(event, _)| event.leaf.seq).collect(),
            exculpatory: of_kind(&|f| f.content.exculpatory),
            opinions: of_kind(&|f| f.content.kind == FindingKind::Opinion),
            null_searches,
        }
    }

    /// Searches of the case that found nothing.
    fn null_queries(&self) -> impl Iterator<Item = &(StoredEvent, Value)> {
        let nothing = |detail: &Value| detail["count"] == 0 && detail["outside-authority"] == 0 && detail.get("purpose").is_some();
        self.events.iter().filter(move |(event, detail)| event.leaf.event_type == EventType::Queried && nothing(detail))
    }

    /// What a report of this log size cannot list, because it was written later: findings that speak for the
    /// suspect and searches without result (law 9). Labels for people.
    pub fn unlisted(&self, size: u64) -> Vec<String> {
        let counts = |f: &&FindingView| f.content.exculpatory || f.content.kind == FindingKind::NullSearch;
        let findings = self.findings.iter().filter(counts).filter(|f| f.event >= size).map(|f| f.finding.clone());
        let searches = self.null_queries().filter(|(event, _)| event.leaf.seq >= size).map(|(event, _)| search_number(event));
        findings.chain(searches).collect()
    }

    /// Every search without result, also when no report lists it.
    pub fn searches(&self) -> Vec<Value> {
        let line = |(event, detail): &(StoredEvent, Value)| {
            json!({
                "search": search_number(event), "event": event.leaf.seq, "at": event.leaf.time, "query": detail["query"], "purpose": detail["purpose"],
                "not-searched-to-the-end": detail["unsearched"],
            })
        };
        self.null_queries().map(line).collect()
    }

    fn actors_of(&self, kinds: &[EventType]) -> BTreeSet<&ActorId> {
        self.events.iter().filter(|(event, _)| kinds.contains(&event.leaf.event_type)).filter_map(|(event, _)| event.leaf.actor.as_ref()).collect()
    }

    /// The unit's authorisations on which work of this case stood.
    fn units_used(&self) -> Vec<&AuthorityView> {
        let used: BTreeSet<&str> = self.events.iter().filter_map(|(_, detail)| detail["ground"]["of"].as_str()).collect();
        self.authorities.iter().filter(|view| view.unit && used.contains(view.authority.as_str())).collect()
    }

    /// Separations of duty that were not met: a key of the sentences and its parts.
    pub fn unmet(&self, desk: &Desk) -> Result<Vec<(&'static str, Vec<(&'static str, String)>)>, StoreError> {
        let mut unmet = Vec::new();
        let takers = self.actors_of(&[EventType::ExhibitAdmitted, EventType::CaptureEnded]);
        let writers = self.actors_of(&[EventType::FindingAdded]);
        let workers: BTreeSet<_> = takers.union(&writers).copied().chain(self.actors_of(&CUSTODY)).collect();
        if workers.len() == 1 {
            unmet.push(("single", vec![]));
        }
        for actor in takers.intersection(&writers) {
            unmet.push(("same", vec![("who", desk.name_of(actor)?.0)]));
        }
        unmet.extend(self.units_used().into_iter().map(|unit| ("unit", vec![("reference", plain(&unit.reference))])));
        let interim = self.exhibits.iter().filter(|view| view.content.custody.is_interim());
        unmet.extend(interim.map(|view| ("interim", vec![("exhibit", view.exhibit.clone())])));
        Ok(unmet)
    }
}

const CUSTODY: [EventType; 7] = [
    EventType::CheckedOut,
    EventType::CheckedIn,
    EventType::TransferOffered,
    EventType::TransferAccepted,
    EventType::TransferRefused,
    EventType::InterimCustody,
    EventType::CustodyReassigned,
];

/// Commitments to every restricted exhibit; one that was given out before stays the same.
fn withheld(desk: &Desk, scope: &Scope, exhibits: &[ExhibitView]) -> Result<Vec<Withheld>, StoreError> {
    let mut known: BTreeMap<String, Withheld> = BTreeMap::new();
    for row in desk.store.list(scope, "report")?.iter().chain(&desk.store.list(scope, "package")?) {
        let content: Value = row.content()?;
        let given: Vec<Withheld> = serde_json::from_value(content["withheld"].clone()).map_err(|_| StoreError::damaged("commitments to restricted items"))?;
        known.extend(given.into_iter().map(|one| (one.exhibit.clone(), one)));
    }
    let mut all = Vec::new();
    for view in exhibits.iter().filter(|view| view.content.class.is_restricted()) {
        let Some(digest) = view.content.sha256 else { continue };
        all.push(match known.remove(&view.exhibit) {
            Some(given) => given,
            None => {
                let salt = random_32()?;
                Withheld { exhibit: view.exhibit.clone(), commitment: Sha256Digest::commitment(&salt, &digest.0), salt: hex::encode(salt) }
            }
        });
    }
    Ok(all)
}

fn search_number(event: &StoredEvent) -> String {
    format!("Q-{:04}", event.leaf.seq)
}

/// Strangers' text with controls and direction marks made visible, so that the printed text is the stored one.
fn plain(text: &str) -> String {
    let hidden = |letter: char| {
        letter.is_control() || matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{E0000}'..='\u{E007F}')
    };
    text.chars().map(|letter| if hidden(letter) { format!("[U+{:04X}]", letter as u32) } else { letter.to_string() }).collect()
}

// ---- the draft

type Sentences = BTreeMap<String, String>;

fn sentences(language: Language) -> Result<&'static Sentences, StoreError> {
    static ALL: OnceLock<BTreeMap<String, Sentences>> = OnceLock::new();
    let all = ALL.get_or_init(|| serde_json::from_str(include_str!("sentences.json")).expect("the sentences are tested"));
    all.get(language.code()).ok_or_else(|| StoreError::damaged("the sentences of a language"))
}

/// Puts one paper together.
struct Writer<'a> {
    desk: &'a Desk,
    scope: &'a Scope,
    facts: &'a Facts,
    typed: &'a BuildReport,
    language: Language,
    jurisdiction: Jurisdiction,
    words: &'static Sentences,
    statements: Vec<Statement>,
    sections: BTreeMap<String, Section>,
}

impl<'a> Writer<'a> {
    fn new(desk: &'a Desk, scope: &'a Scope, facts: &'a Facts, typed: &'a BuildReport) -> Result<Self, StoreError> {
        let language: Language = typed.language.parse().map_err(input)?;
        let code = typed.jurisdiction.as_deref().unwrap_or(&facts.case.content.jurisdiction);
        let jurisdiction = Jurisdiction::named(code).map_err(input)?;
        let words = sentences(language)?;
        Ok(Writer { desk, scope, facts, typed, language, jurisdiction, words, statements: vec![], sections: BTreeMap::new() })
    }

    fn say(&self, key: &str, parts: &[(&str, &str)]) -> String {
        let sentence = self.words.get(key).map_or("", String::as_str);
        parts.iter().fold(sentence.to_string(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    fn time(&self, moment: Moment) -> String {
        moment.civil(&self.jurisdiction.zone, self.jurisdiction.calendar).unwrap_or_else(|_| moment.to_string())
    }

    fn add(&mut self, kind: StatementKind, text: String, basis: Basis) -> String {
        let id = format!("S-{:03}", self.statements.len() + 1);
        self.statements.push(Statement { id: id.clone(), kind, text, basis });
        id
    }

    fn paper(mut self, permit: &Permit, label: &str, checkpoint: &ledger::SignedCheckpoint, witness: WitnessStatus) -> Result<Paper, StoreError> {
        self.state_own_knowledge();
        for view in self.facts.cited() {
            self.state_exhibit(view);
        }
        for finding in &self.facts.findings {
            self.state_finding(finding);
        }
        self.state_omitted_opinions();
        let header = self.header(permit, label, checkpoint, witness)?;
        let custody = self.custody()?;
        Ok(Paper {
            template: self.typed.template,
            language: self.language,
            header,
            sections: self.sections,
            record: (self.typed.template == Template::InvestigativeRecord).then(|| record(self.desk, self.facts, self.typed)).transpose()?,
            findings: self.facts.findings.iter().filter(|f| printable(f, self.typed.template)).map(finding_row).collect(),
            exhibits: self.facts.cited().into_iter().map(|view| exhibit_row(view, &self.facts.withheld)).collect(),
            custody,
            null_searches: self.facts.null_queries().map(|(event, detail)| null_search(self.words, event, detail)).collect(),
            tool: Tool { name: TOOL.into(), build: self.desk.tool_digest()?.hex(), config: config_digest(self.desk)?.hex() },
            reported_at: self.desk.now(),
            synthetic: self.desk.store.config().training,
            jurisdiction: self.jurisdiction,
            statements: self.statements,
        })
    }

    fn state_own_knowledge(&mut self) {
        let typed = self.typed;
        if let Some(text) = &typed.qualifications {
            let id = self.add(StatementKind::Form, text.clone(), Basis::OwnKnowledge);
            self.sections.insert(id, Section::Qualifications);
        }
        for text in &typed.own_knowledge {
            self.add(StatementKind::Fact, text.clone(), Basis::OwnKnowledge);
        }
    }

    fn state_exhibit(&mut self, view: &ExhibitView) {
        let basis = Basis::Resolved { findings: vec![], exhibits: vec![view.exhibit.clone()], events: self.facts.arrivals(&view.id) };
        let text = self.arrival_text(view);
        self.add(StatementKind::Fact, text, basis.clone());
        let exhibit: &[(&str, &str)] = &[("exhibit", &view.exhibit)];
        if view.content.class.is_restricted() {
            self.add(StatementKind::Limit, self.say("restricted", exhibit), basis.clone());
        }
        if view.state == "locked" {
            self.add(StatementKind::Limit, self.say("locked", exhibit), basis.clone());
        }
        if !view.content.findings.is_empty() {
            let text = self.say("remark", &[("exhibit", &view.exhibit), ("text", &remarks(&view.content.findings))]);
            self.add(StatementKind::Limit, text, basis);
        }
    }

    fn arrival_text(&self, view: &ExhibitView) -> String {
        let content = &view.content;
        let (what, source, t) = (plain(&content.description), plain(&content.source), self.time(content.admitted));
        let mut parts = vec![("exhibit", view.exhibit.as_str()), ("who", &content.admitted_by), ("what", &what), ("source", &source), ("t", &t)];
        if let Some(item) = &content.physical {
            parts.extend([("seal", item.seal_number.as_str()), ("condition", &item.condition)]);
            return self.say("thing", &parts);
        }
        let Some(capture) = content.record.as_ref().map(|record| &record["record"]).filter(|_| content.kind == ExhibitKind::Capture) else {
            return self.say("admitted", &parts);
        };
        let at = |key: &str| capture[key].as_str().and_then(|text| text.parse().ok()).map_or_else(String::new, |moment| self.time(moment));
        let fetches = capture["fetches"].as_array().map_or(&[][..], Vec::as_slice);
        let whole = fetches.iter().filter(|fetch| fetch["outcome"] == "complete").count().to_string();
        let (all, from, until) = (fetches.len().to_string(), at("started"), at("ended"));
        parts.extend([("whole", whole.as_str()), ("all", &all), ("from", &from), ("until", &until)]);
        self.say("capture", &parts)
    }

    fn state_finding(&mut self, finding: &FindingView) {
        if !printable(finding, self.typed.template) {
            return;
        }
        let kind = match (finding.content.exculpatory, finding.content.kind) {
            (true, _) => StatementKind::Exculpatory,
            (false, FindingKind::Fact) => StatementKind::Fact,
            (false, FindingKind::Opinion) => StatementKind::Opinion,
            (false, FindingKind::NullSearch) => StatementKind::NullSearch,
        };
        let basis = Basis::Resolved { findings: vec![finding.finding.clone()], exhibits: finding.content.exhibits.clone(), events: vec![finding.event] };
        self.add(kind, finding.content.text.clone(), basis);
    }

    /// A paper without opinions says that there are some: by the events, so that none is cited.
    fn state_omitted_opinions(&mut self) {
        let omitted: Vec<u64> = self.facts.findings.iter().filter(|f| !printable(f, self.typed.template)).map(|f| f.event).collect();
        if !omitted.is_empty() {
            let text = self.say("opinions", &[("n", &omitted.len().to_string())]);
            self.add(StatementKind::Limit, text, Basis::Resolved { findings: vec![], exhibits: vec![], events: omitted });
        }
    }

    fn header(&self, permit: &Permit, label: &str, checkpoint: &ledger::SignedCheckpoint, witness: WitnessStatus) -> Result<Header, StoreError> {
        let (name, role) = self.desk.name_of(self.scope.actor())?;
        let claimed = checkpoint.claimed();
        let words = |(key, parts): (&str, Vec<(&str, String)>)| {
            let parts: Vec<(&str, &str)> = parts.iter().map(|(name, value)| (*name, value.as_str())).collect();
            self.say(key, &parts)
        };
        Ok(Header {
            case_number: self.facts.case.case.clone(),
            report_id: label.to_string(),
            agency: self.desk.store.config().agency.clone(),
            officer: Officer { pseudonym: self.scope.actor().to_string(), role: role.name().into(), name },
            authorities: self.authority_lines(permit),
            checkpoint: Checkpoint { origin: claimed.origin.to_string(), size: claimed.size.0, root: claimed.root.hex() },
            witness,
            clock: self.desk.clock(),
            unmet_separations: self.facts.unmet(self.desk)?.into_iter().map(words).collect(),
        })
    }

    fn authority_lines(&self, permit: &Permit) -> Vec<AuthorityLine> {
        let units: BTreeSet<&str> = self.facts.units_used().into_iter().map(|view| view.authority.as_str()).collect();
        let used = self.facts.authorities.iter().filter(|view| !view.unit || units.contains(view.authority.as_str()));
        let mut lines: Vec<AuthorityLine> = used.map(authority_line).collect();
        if *permit.ground() == Ground::Standing(StandingBasis::CourtProcess) {
            lines.push(AuthorityLine { number: self.say("standing", &[]), issuer: self.say("declared", &[]), transcribed: false, note: String::new() });
        }
        lines
    }

    fn custody(&self) -> Result<Vec<CustodyRow>, StoreError> {
        let labels: BTreeMap<&str, &ExhibitView> = self.facts.cited().into_iter().map(|view| (view.id.as_str(), view)).collect();
        let mut rows = Vec::new();
        for (event, detail) in &self.facts.events {
            let Some(view) = event.leaf.object.as_deref().and_then(|object| labels.get(object)) else { continue };
            let Some(hands) = hands(self.desk, event, detail)? else { continue };
            rows.push(CustodyRow {
                at: event.leaf.time,
                exhibit: view.exhibit.clone(),
                event: format!("{} #{}", event.leaf.event_type, event.leaf.seq),
                from: hands.from,
                to: hands.to,
                interim: hands.interim,
            });
        }
        Ok(rows)
    }
}

/// Whether a template may state a finding. Opinions stand in expert reports, and everywhere when they
/// speak for the suspect.
fn printable(finding: &FindingView, template: Template) -> bool {
    finding.content.kind != FindingKind::Opinion || finding.content.exculpatory || template == Template::ExpertReport
}

fn remarks(findings: &[String]) -> String {
    let mut lines: Vec<String> = findings.iter().take(REMARKS).map(|line| plain(line)).collect();
    if findings.len() > REMARKS {
        lines.push(format!("+ {}", findings.len() - REMARKS));
    }
    lines.join("; ")
}

/// From whom to whom an exhibit went.
pub(crate) struct Hands {
    pub from: String,
    pub to: String,
    pub interim: bool,
}

/// What an event says about custody; `None` when it says nothing.
pub(crate) fn hands(desk: &Desk, event: &StoredEvent, detail: &Value) -> Result<Option<Hands>, StoreError> {
    let actor = || event.leaf.actor.as_ref().map_or(Ok(String::new()), |actor| Ok::<_, StoreError>(desk.name_of(actor)?.0));
    let named = |value: &Value| match value.as_str().and_then(|id| id.parse::<ActorId>().ok()) {
        Some(actor) => Ok::<_, StoreError>(desk.name_of(&actor)?.0),
        None => Ok(value.as_str().unwrap_or("").to_string()),
    };
    let hands = match event.leaf.event_type {
        EventType::ExhibitAdmitted | EventType::CaptureEnded => Hands { from: String::new(), to: actor()?, interim: false },
        EventType::TransferOffered => Hands { from: named(&detail["offer"]["from"])?, to: named(&detail["offer"]["to"])?, interim: false },
        EventType::TransferAccepted => Hands { from: named(&detail["acceptance"]["from"])?, to: named(&detail["acceptance"]["to"])?, interim: false },
        EventType::TransferRefused => Hands { from: actor()?, to: String::new(), interim: false },
        kind if CUSTODY.contains(&kind) => {
            let custody = &detail["custody"];
            Hands { from: named(&custody["from"])?, to: named(&custody["to"])?, interim: kind == EventType::InterimCustody }
        }
        _ => return Ok(None),
    };
    Ok(Some(hands))
}

fn authority_line(view: &AuthorityView) -> AuthorityLine {
    let unit = if view.unit { ", unit's standing authorisation" } else { "" };
    AuthorityLine {
        number: plain(if view.reference.trim().is_empty() { &view.authority } else { &view.reference }),
        issuer: plain(&view.issuer),
        transcribed: view.label.is_some(),
        note: format!("{}, {}{unit}", view.kind, view.state),
    }
}

fn finding_row(finding: &FindingView) -> FindingRow {
    let content = &finding.content;
    FindingRow {
        number: finding.finding.clone(),
        kind: content.kind,
        text: content.text.clone(),
        method: content.method.clone(),
        error_rate: content.error_rate.clone(),
        counter_evidence: content.counter_evidence.clone(),
        exculpatory: content.exculpatory,
        grading: content.grading.clone(),
    }
}

fn exhibit_row(view: &ExhibitView, withheld: &[Withheld]) -> ExhibitRow {
    let commitment = withheld.iter().find(|one| one.exhibit == view.exhibit).map(|one| one.commitment);
    let digest = match (view.content.class.is_restricted(), view.content.sha256, commitment) {
        (true, _, Some(commitment)) => Digest::Withheld(commitment),
        (false, Some(digest), _) => Digest::Sha256(digest),
        _ => Digest::None,
    };
    ExhibitRow {
        number: view.exhibit.clone(),
        kind: view.content.kind,
        class: view.content.class,
        source: plain(&view.content.source),
        digest,
        custodian: view.custodian.clone(),
        seal_number: view.content.physical.as_ref().map(|item| item.seal_number.clone()),
        interim: view.content.custody.is_interim(),
    }
}

fn null_search(words: &Sentences, event: &StoredEvent, detail: &Value) -> NullSearchRow {
    let word = |key: &str| words.get(key).cloned().unwrap_or_default();
    let query = detail["query"].as_str().map_or_else(|| word("everything"), plain);
    let purpose = plain(detail["purpose"].as_str().unwrap_or(""));
    NullSearchRow {
        number: search_number(event),
        text: word("search").replace("{query}", &query).replace("{purpose}", &purpose),
        method: TOOL.into(),
        at: event.leaf.time,
    }
}

fn record(desk: &Desk, facts: &Facts, typed: &BuildReport) -> Result<ActionRecord, StoreError> {
    let times = facts.exhibits.iter().filter(|view| view.content.kind != ExhibitKind::Derived).map(|view| view.content.admitted);
    let (started, ended) = (times.clone().min().unwrap_or(desk.now()), times.max().unwrap_or(desk.now()));
    let participants = if typed.participants.is_empty() {
        let acted = facts.actors_of(&[EventType::ExhibitAdmitted, EventType::CaptureEnded, EventType::FindingAdded]);
        let named = |actor: &ActorId| desk.name_of(actor).map(|(name, role)| format!("{name}, {role}"));
        acted.into_iter().map(named).collect::<Result<Vec<_>, _>>()?
    } else {
        typed.participants.clone()
    };
    Ok(ActionRecord {
        place: typed.place.clone().unwrap_or_default(),
        started,
        ended,
        participants,
        witnesses: typed.witnesses.clone(),
        interpreter: typed.interpreter.clone(),
        remarks: typed.remarks.clone(),
    })
}

/// SHA-256 of the node's settings in canonical form.
pub(crate) fn config_digest(desk: &Desk) -> Result<Sha256Digest, StoreError> {
    model::canonical::to_bytes(desk.store.config()).map(|bytes| Sha256Digest::of(&bytes)).map_err(input)
}

// ---- the small papers of custody

/// The label of an exhibit as a PDF, in the language of the case's jurisdiction.
///
/// # Errors
/// When there is no such exhibit; the typesetting child.
pub fn label(desk: &Desk, scope: &Scope, permit: &Permit, exhibit: &str) -> Result<Vec<u8>, StoreError> {
    for_action(permit, Action::View)?;
    let view = admit::view(desk, &admit::row(desk, scope, exhibit)?)?;
    let case = case::content(desk, scope)?.0;
    let jurisdiction = Jurisdiction::named(&case.content.jurisdiction).map_err(input)?;
    let label = Label {
        language: jurisdiction.language,
        jurisdiction,
        case_number: case.case,
        agency: desk.store.config().agency.clone(),
        exhibit: view.exhibit.clone(),
        kind: view.content.kind,
        seal_number: view.content.physical.as_ref().map(|item| item.seal_number.clone()),
        condition: view.content.physical.as_ref().map(|item| item.condition.clone()),
        source: plain(&view.content.source),
        admitted_at: view.content.admitted,
        admitted_by: view.content.admitted_by.clone(),
        synthetic: desk.store.config().training,
    };
    print(desk, scope, permit, &view, "label", label.request())
}

/// The slip of a transfer (`xfer-…`), or of the interim custody of an exhibit (`E-0001`), as a PDF.
///
/// # Errors
/// When there is no such transfer or the exhibit was never in interim custody; the typesetting child.
pub fn slip(desk: &Desk, scope: &Scope, permit: &Permit, what: &str) -> Result<Vec<u8>, StoreError> {
    for_action(permit, Action::View)?;
    let (view, slip) = if what.starts_with(model::id::TransferId::PREFIX) {
        transfer_slip(desk, scope, what)?
    } else {
        interim_slip(desk, scope, what)?
    };
    print(desk, scope, permit, &view, "slip", slip.request())
}

fn print<E: std::fmt::Display>(desk: &Desk, scope: &Scope, permit: &Permit, view: &ExhibitView, what: &str, request: Result<Value, E>) -> Result<Vec<u8>, StoreError> {
    desk.store.cover(scope, permit, &view.content.origin)?;
    let request = serde_json::from_value(request.map_err(input)?).map_err(input)?;
    let set = set(desk, &request)?;
    if set.pdf.len() as u64 > MOST {
        return Err(StoreError::damaged("a paper that is far too long"));
    }
    let detail = json!({"purpose": format!("{what} printed"), "exhibit": view.exhibit, "pdf": Sha256Digest::of(&set.pdf)});
    desk.store.commit(scope, permit, NewEvent::new(EventType::ExhibitViewed, Some(view.id.clone()), detail), vec![])?;
    Ok(set.pdf)
}

/// A slip with everything that does not depend on the kind of transfer.
fn blank_slip(desk: &Desk, scope: &Scope, view: &ExhibitView) -> Result<Transfer, StoreError> {
    let case = case::content(desk, scope)?.0;
    let jurisdiction = Jurisdiction::named(&case.content.jurisdiction).map_err(input)?;
    Ok(Transfer {
        language: jurisdiction.language,
        jurisdiction,
        case_number: case.case,
        transfer_id: String::new(),
        agency: desk.store.config().agency.clone(),
        exhibit: view.exhibit.clone(),
        class: view.content.class,
        digest: exhibit_row(view, &[]).digest,
        seal_number: view.content.physical.as_ref().map(|item| item.seal_number.clone()),
        condition: view.content.physical.as_ref().map(|item| item.condition.clone()),
        from: String::new(),
        to: String::new(),
        offered_at: view.content.admitted,
        accepted_at: None,
        purpose: String::new(),
        receiver_check: String::new(),
        interim: false,
        printed_at: desk.now(),
        synthetic: desk.store.config().training,
    })
}

fn transfer_slip(desk: &Desk, scope: &Scope, id: &str) -> Result<(ExhibitView, Transfer), StoreError> {
    let row = desk.store.get(scope, "transfer", id)?;
    let content: TransferContent = row.content()?;
    let view = admit::view(desk, &admit::row(desk, scope, &content.offer.label)?)?;
    let name = |id: &str| id.parse().map_err(StoreError::damaged).and_then(|actor| Ok(desk.name_of(&actor)?.0));
    let accepted = content.acceptance.as_ref();
    let slip = Transfer {
        transfer_id: row.id.clone(),
        from: name(&content.offer.from)?,
        to: name(&content.offer.to)?,
        offered_at: content.offer.time,
        accepted_at: accepted.map(|a| a.time),
        purpose: plain(&content.offer.purpose),
        receiver_check: accepted.map_or_else(String::new, |a| receiver_check(&a.seal, &a.condition)),
        ..blank_slip(desk, scope, &view)?
    };
    Ok((view, slip))
}

fn receiver_check(seal: &str, condition: &str) -> String {
    if seal.is_empty() && condition.is_empty() { "SHA-256 =".into() } else { plain(&format!("{seal}; {condition}")) }
}

fn interim_slip(desk: &Desk, scope: &Scope, label: &str) -> Result<(ExhibitView, Transfer), StoreError> {
    let view = admit::view(desk, &admit::row(desk, scope, label)?)?;
    let events = desk.store.events_about(scope, &view.id)?;
    let last = events.iter().rfind(|(event, _)| event.leaf.event_type == EventType::InterimCustody);
    let (event, detail) = last.ok_or_else(|| StoreError::input(format!("{label} was never in interim custody: name a transfer (xfer-…)")))?;
    let hands = hands(desk, event, detail)?.ok_or_else(|| StoreError::damaged("an interim custody without people"))?;
    let slip = Transfer {
        transfer_id: format!("event {}", event.leaf.seq),
        from: hands.from,
        receiver_check: hands.to,
        offered_at: event.leaf.time,
        purpose: plain(detail["reason"].as_str().unwrap_or("")),
        interim: true,
        ..blank_slip(desk, scope, &view)?
    };
    Ok((view, slip))
}
