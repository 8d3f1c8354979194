//! One report as a draft: what the case holds, said in typed statements and rows, in the words of a
//! language. Derives what can be derived (material received, who examined what, error rates) and writes no
//! opinion of its own; whether the draft may become a paper is the report room's question (law 9).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use model::{
    Moment,
    authorize::{Ground, StandingBasis},
    event::EventType,
    exhibit::{ExhibitClass, ExhibitKind},
    finding::FindingKind,
    id::ActorId,
    statement::{Basis, Statement, StatementKind, Template},
};
use report::{
    ActionRecord, AuthorityLine, Checkpoint, CustodyRow, Digest, Draft as Paper, ExhibitRow, FindingRow, Header, Instrument,
    Jurisdiction, Language, NullSearchRow, Officer, Section, Tool, WitnessStatus,
};
use serde_json::Value;
use store::{Permit, Scope, StoreError, StoredEvent};

use crate::{
    Desk, TOOL,
    admit::ExhibitView,
    authority::AuthorityView,
    conclude::FindingView,
    facts::{Facts, Hands, Unmet, config_digest, hands, plain, printed_source, search_number, unsearched},
    office::input,
    report_step::{BuildReport, Withheld},
};

/// Lines of the parser that are printed for one exhibit; the rest is counted.
const REMARKS: usize = 10;
/// Times of unusual custody that page one tells in full; more of them are listed there in one line, and
/// told in full in the custody log.
const TOLD: usize = 6;
/// Numbers in that one line; more are counted.
const LISTED: usize = 60;
/// What `capture` once wrote where nobody had typed a description.
const NO_SUBJECT: &str = "capture";


type Sentences = BTreeMap<String, String>;

fn sentences(language: Language) -> Result<&'static Sentences, StoreError> {
    static ALL: OnceLock<BTreeMap<String, Sentences>> = OnceLock::new();
    let all = ALL.get_or_init(|| serde_json::from_str(include_str!("sentences.json")).expect("the sentences are tested"));
    all.get(language.code()).ok_or_else(|| StoreError::damaged("the sentences of a language"))
}

/// The sentence in which a correction stands in a paper of this language.
///
/// # Errors
/// When it is no language of this house.
pub(crate) fn frame_of_errata(language: &str) -> Result<&'static str, StoreError> {
    let words = sentences(language.parse().map_err(input)?)?;
    words.get("erratum").map(String::as_str).ok_or_else(|| StoreError::damaged("the sentences of a language"))
}

/// Puts one paper together.
pub(crate) struct Writer<'a> {
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
    pub fn new(desk: &'a Desk, scope: &'a Scope, facts: &'a Facts, typed: &'a BuildReport) -> Result<Self, StoreError> {
        let language: Language = typed.language.parse().map_err(input)?;
        let code = typed.jurisdiction.as_deref().unwrap_or(&facts.case.content.jurisdiction);
        let jurisdiction = Jurisdiction::named(code).map_err(input)?;
        let words = sentences(language)?;
        expert_only(typed)?;
        Ok(Writer { desk, scope, facts, typed, language, jurisdiction, words, statements: vec![], sections: BTreeMap::new() })
    }

    fn say(&self, key: &str, parts: &[(&str, &str)]) -> String {
        let sentence = self.words.get(key).map_or("", String::as_str);
        parts.iter().fold(sentence.to_string(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// Several sentences, the empty ones left out.
    fn say_all(&self, sentences: &[(&str, &[(&str, &str)])]) -> String {
        let told = sentences.iter().filter(|(_, parts)| parts.iter().all(|(_, value)| !value.trim().is_empty()));
        self.join(told.map(|(key, parts)| self.say(key, parts)).collect())
    }

    /// Sentences one behind the other; Chinese has no blank between them.
    fn join(&self, sentences: Vec<String>) -> String {
        sentences.join(if self.language == Language::Zh { "" } else { " " })
    }

    fn time(&self, moment: Moment) -> String {
        self.jurisdiction.print(moment, self.language).unwrap_or_else(|_| moment.to_string())
    }

    fn add(&mut self, kind: StatementKind, text: String, basis: Basis) -> String {
        let id = format!("S-{:03}", self.statements.len() + 1);
        self.statements.push(Statement { id: id.clone(), kind, text, basis });
        id
    }

    /// The whole paper, not yet checked.
    pub fn paper(mut self, permit: &Permit, label: &str, checkpoint: &ledger::SignedCheckpoint, witness: WitnessStatus) -> Result<Paper, StoreError> {
        self.state_own_knowledge();
        if self.typed.template == Template::ExpertReport {
            self.state_typed_headings();
            self.state_examinations()?;
            self.state_error_rates();
        }
        for view in self.facts.cited() {
            self.state_exhibit(view);
        }
        for finding in &self.facts.findings {
            self.state_finding(finding);
        }
        self.state_omitted_opinions();
        let header = self.header(permit, label, checkpoint, witness)?;
        let custody = self.custody()?;
        let null_searches = self.facts.null_queries().map(|(event, detail)| self.null_search(event, detail)).collect();
        Ok(Paper {
            template: self.typed.template,
            language: self.language,
            header,
            sections: self.sections,
            record: (self.typed.template == Template::InvestigativeRecord).then(|| record(self.desk, self.facts, self.typed, self.language)).transpose()?,
            findings: self.facts.findings.iter().filter(|f| printable(f, self.typed.template)).map(finding_row).collect(),
            exhibits: self.facts.cited().into_iter().map(|view| exhibit_row(view, &self.facts.withheld)).collect(),
            custody,
            null_searches,
            tool: Tool { name: TOOL.into(), build: self.desk.tool_digest()?.hex(), config: config_digest(self.desk)?.hex() },
            reported_at: self.facts.now,
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
        let id = self.add(StatementKind::Fact, text, basis.clone());
        if self.typed.template == Template::ExpertReport {
            self.sections.insert(id, Section::Instructions);
        }
        let exhibit: &[(&str, &str)] = &[("exhibit", &view.exhibit)];
        if view.content.class.is_restricted() {
            self.add(StatementKind::Limit, self.say("restricted", exhibit), basis.clone());
        }
        if view.content.class == ExhibitClass::PersonalSensitive {
            self.add(StatementKind::Limit, self.say("personal", exhibit), basis.clone());
        }
        if let Some(text) = self.release_text(view) {
            self.add(StatementKind::Limit, text, basis.clone());
        }
        if view.state == "locked" {
            self.add(StatementKind::Limit, self.say("locked", exhibit), basis.clone());
        }
        if !view.content.findings.is_empty() {
            let text = self.say("remark", &[("exhibit", &view.exhibit), ("text", &remarks(&view.content.findings))]);
            self.add(StatementKind::Limit, text, basis);
        }
    }

    /// That an item lies outside the authorities, who released it, and why.
    fn release_text(&self, view: &ExhibitView) -> Option<String> {
        let release = self.facts.released(&view.exhibit)?;
        let (t, d) = (self.time(release.asked), release.decided.map_or_else(String::new, |at| self.time(at)));
        let (by, key) = (release.decided_by.clone().unwrap_or_default(), format!("released-{}", release.because.name()));
        let parts = [("exhibit", view.exhibit.as_str()), ("who", &release.asked_by), ("t", &t), ("by", &by), ("d", &d)];
        let reason = plain(&release.reason);
        Some(self.say_all(&[(key.as_str(), &parts), ("reason", &[("reason", reason.as_str())])]))
    }

    fn arrival_text(&self, view: &ExhibitView) -> String {
        let content = &view.content;
        let (what, source, t) = (plain(&content.description), printed_source(&content.source), self.time(content.admitted));
        let what = if content.kind == ExhibitKind::Capture && what.trim() == NO_SUBJECT { String::new() } else { what };
        let mut parts = vec![("exhibit", view.exhibit.as_str()), ("who", &content.admitted_by), ("t", &t)];
        let subject: (&str, &[(&str, &str)]) = ("subject", &[("what", &what)]);
        let sources: (&str, &[(&str, &str)]) = ("source", &[("source", &source)]);
        if let Some(item) = &content.physical {
            let (seal, condition) = (plain(&item.seal_number), plain(&item.condition));
            parts.extend([("seal", seal.as_str()), ("condition", &condition)]);
            return self.say_all(&[("thing", &parts), subject, sources]);
        }
        let Some(capture) = content.record.as_ref().map(|record| &record["record"]).filter(|_| content.kind == ExhibitKind::Capture) else {
            return self.say_all(&[("admitted", &parts), subject, sources]);
        };
        let at = |key: &str| capture[key].as_str().and_then(|text| text.parse().ok()).map_or_else(|| "?".into(), |moment| self.time(moment));
        let fetches = capture["fetches"].as_array().map_or(&[][..], Vec::as_slice);
        let whole = fetches.iter().filter(|fetch| fetch["outcome"] == "complete").count().to_string();
        let (all, from, until) = (fetches.len().to_string(), at("started"), at("ended"));
        parts.extend([("whole", whole.as_str()), ("all", &all), ("from", &from), ("until", &until)]);
        self.say_all(&[("capture", &parts), subject])
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
        let events = BTreeSet::from_iter(finding.content.queries.iter().copied().chain([finding.event])).into_iter().collect();
        let basis = Basis::Resolved { findings: vec![finding.finding.clone()], exhibits: finding.content.exhibits.clone(), events };
        self.add(kind, finding.content.text.clone(), basis);
    }

    /// What the author typed for the headings of an expert report. The summary rests on all findings.
    fn state_typed_headings(&mut self) {
        let typed = self.typed;
        let own = |text: &String| (StatementKind::Form, text.clone(), Basis::OwnKnowledge);
        let rests = self.on_all_findings();
        let summary = |text: &String| (StatementKind::Opinion, text.clone(), rests.clone());
        let mut told: Vec<(Section, (StatementKind, String, Basis))> = typed.summary.iter().map(|text| (Section::Summary, summary(text))).collect();
        for (section, texts) in [(Section::Instructions, &typed.received), (Section::Literature, &typed.literature), (Section::Reliability, &typed.reliability)] {
            told.extend(texts.iter().map(|text| (section, own(text))));
        }
        for (section, (kind, text, basis)) in told {
            let id = self.add(kind, text, basis);
            self.sections.insert(id, section);
        }
    }

    /// On all findings, or on all exhibits while there is no finding.
    fn on_all_findings(&self) -> Basis {
        let findings: Vec<String> = self.facts.findings.iter().map(|finding| finding.finding.clone()).collect();
        let exhibits = if findings.is_empty() { self.facts.cited().iter().map(|view| view.exhibit.clone()).collect() } else { vec![] };
        Basis::Resolved { findings, exhibits, events: vec![] }
    }

    /// Who examined what by machine, and who worked out which findings, each with the method.
    fn state_examinations(&mut self) -> Result<(), StoreError> {
        let mut told = Vec::new();
        for ((exhibit, actor, method), events) in self.machine_examinations() {
            let (who, t) = (self.desk.name_of(actor)?.0, self.time(events.0.leaf.time));
            let text = self.say("examined", &[("exhibit", &exhibit), ("who", &who), ("t", &t), ("method", &plain(&method))]);
            // First and last event: a capture of a thousand pages has a thousand between them.
            let events = BTreeSet::from([events.0.leaf.seq, events.1.leaf.seq]).into_iter().collect();
            told.push((text, Basis::Resolved { findings: vec![], exhibits: vec![exhibit], events }));
        }
        let mut by_method: BTreeMap<(&ActorId, &str), Vec<String>> = BTreeMap::new();
        for finding in &self.facts.findings {
            let actor = self.facts.events.iter().find(|(event, _)| event.leaf.seq == finding.event).and_then(|(event, _)| event.leaf.actor.as_ref());
            let Some(actor) = actor else { continue };
            by_method.entry((actor, &finding.content.method)).or_default().push(finding.finding.clone());
        }
        for ((actor, method), findings) in by_method {
            let (who, numbers) = (self.desk.name_of(actor)?.0, findings.join(", "));
            let text = self.say("worked", &[("who", &who), ("findings", &numbers), ("method", &plain(method))]);
            told.push((text, Basis::Resolved { findings, exhibits: vec![], events: vec![] }));
        }
        self.state_under(Section::Tests, told);
        Ok(())
    }

    /// First and last event of each examination by machine, by exhibit, person and method.
    fn machine_examinations(&self) -> BTreeMap<(String, &'a ActorId, String), (&'a StoredEvent, &'a StoredEvent)> {
        let cited: BTreeSet<&str> = self.facts.cited().into_iter().map(|view| view.exhibit.as_str()).collect();
        let mut all = BTreeMap::new();
        for (event, detail) in self.facts.events.iter().filter(|(event, _)| event.leaf.event_type == EventType::Extracted) {
            let (Some(actor), Some(exhibit)) = (&event.leaf.actor, detail["exhibit"].as_str().filter(|label| cited.contains(label))) else { continue };
            let method = detail["method"].as_str().unwrap_or("");
            all.entry((exhibit.to_string(), actor, method.to_string())).or_insert((event, event)).1 = event;
        }
        all
    }

    /// Each method with its error rate and the findings for which it was used.
    fn state_error_rates(&mut self) {
        let mut by_method: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for finding in &self.facts.findings {
            by_method.entry((&finding.content.method, &finding.content.error_rate)).or_default().push(finding.finding.clone());
        }
        let told = by_method.into_iter().map(|((method, rate), findings)| {
            let rate = if rate.trim() == "not known" { self.say("rate-not-known", &[]) } else { plain(rate) };
            let text = self.say("reliability", &[("method", &plain(method)), ("rate", &rate), ("findings", &findings.join(", "))]);
            (text, Basis::Resolved { findings, exhibits: vec![], events: vec![] })
        });
        let told = told.collect();
        self.state_under(Section::Reliability, told);
    }

    fn state_under(&mut self, section: Section, told: Vec<(String, Basis)>) {
        for (text, basis) in told {
            let id = self.add(StatementKind::Form, text, basis);
            self.sections.insert(id, section);
        }
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
        Ok(Header {
            case_number: self.facts.case.case.clone(),
            report_id: label.to_string(),
            agency: self.desk.store.config().agency.clone(),
            officer: Officer { pseudonym: self.scope.actor().to_string(), role, name },
            authorities: self.authority_lines(permit),
            checkpoint: Checkpoint { origin: claimed.origin.to_string(), size: claimed.size.0, root: claimed.root.hex() },
            witness,
            clock: self.desk.clock(),
            unmet_separations: self.separations()?,
        })
    }

    /// Each separation of duties that was not met, as a sentence.
    fn separations(&self) -> Result<Vec<String>, StoreError> {
        let (custody, other): (Vec<Unmet>, Vec<Unmet>) = self.facts.unmet(self.desk)?.into_iter().partition(|(key, _)| matches!(*key, "interim" | "reassigned"));
        let mut sentences: Vec<String> = other.iter().map(|(key, parts)| self.say(key, &borrowed(parts))).collect();
        if custody.len() <= TOLD {
            sentences.extend(custody.iter().map(|(key, parts)| self.unusual_custody(key, parts)));
            return Ok(sentences);
        }
        let part = |parts: &[(&str, String)], name: &str| parts.iter().find(|(own, _)| *own == name).map_or_else(String::new, |(_, value)| value.clone());
        let mut list: Vec<String> = custody.iter().take(LISTED).map(|(_, parts)| format!("{} #{}", part(parts, "exhibit"), part(parts, "event"))).collect();
        if custody.len() > LISTED {
            list.push(format!("+ {}", custody.len() - LISTED));
        }
        sentences.push(self.say("many", &[("list", &list.join(", "))]));
        Ok(sentences)
    }

    fn unusual_custody(&self, key: &str, parts: &[(&str, String)]) -> String {
        let part = |name: &str| parts.iter().find(|(own, _)| *own == name).map_or("", |(_, value)| value.as_str());
        let t = part("t").parse().map_or_else(|_| part("t").to_string(), |moment| self.time(moment));
        let mut all: Vec<(&str, &str)> = borrowed(parts).into_iter().filter(|(name, _)| !matches!(*name, "t" | "reason" | "declared")).collect();
        all.push(("t", &t));
        let mut sentences = vec![self.say(key, &all)];
        sentences.extend(self.why(part("reason"), part("declared")));
        self.join(sentences)
    }

    /// The reason, and what is on record about the former custodian, one sentence each.
    fn why(&self, reason: &str, declared: &str) -> Vec<String> {
        let declared = self.words.get(declared).map_or(declared, String::as_str);
        let former = (!declared.is_empty()).then(|| self.say("former", &[("declared", declared)]));
        let reason = (!reason.trim().is_empty()).then(|| self.say("reason", &[("reason", reason)]));
        former.into_iter().chain(reason).collect()
    }

    fn null_search(&self, event: &StoredEvent, detail: &Value) -> NullSearchRow {
        let query = detail["query"].as_str().map_or_else(|| self.say("everything", &[]), plain);
        let purpose = plain(detail["purpose"].as_str().unwrap_or(""));
        let gaps = unsearched(detail).join(", ");
        let parts: [(&str, &[(&str, &str)]); 3] = [("search", &[("query", &query)]), ("unsearched", &[("exhibits", &gaps)]), ("purpose", &[("purpose", &purpose)])];
        NullSearchRow {
            number: search_number(event),
            text: self.say_all(&parts),
            method: TOOL.into(),
            at: event.leaf.time,
        }
    }

    fn authority_lines(&self, permit: &Permit) -> Vec<AuthorityLine> {
        let units: BTreeSet<&str> = self.facts.units_used().into_iter().map(|view| view.authority.as_str()).collect();
        let used = self.facts.authorities.iter().filter(|view| !view.unit || units.contains(view.authority.as_str()));
        let mut lines: Vec<AuthorityLine> = used.map(authority_line).collect();
        if *permit.ground() == Ground::Standing(StandingBasis::CourtProcess) {
            lines.push(AuthorityLine { number: self.say("standing", &[]), issuer: self.say("declared", &[]), transcribed: false, instrument: None });
        }
        lines
    }

    fn custody(&self) -> Result<Vec<CustodyRow>, StoreError> {
        let labels: BTreeMap<&str, &ExhibitView> = self.facts.cited().into_iter().map(|view| (view.id.as_str(), view)).collect();
        let mut rows = Vec::new();
        for (event, detail) in &self.facts.events {
            let Some(view) = event.leaf.object.as_deref().and_then(|object| labels.get(object)) else { continue };
            let Some(hands) = hands(self.desk, event, detail)? else { continue };
            let Hands { from, to, interim, reason, declared } = hands;
            rows.push(CustodyRow {
                at: event.leaf.time,
                exhibit: view.exhibit.clone(),
                event: event.leaf.event_type,
                seq: event.leaf.seq,
                from,
                to,
                interim,
                remarks: self.why(&plain(&reason), &declared),
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

fn borrowed<'p>(parts: &'p [(&'p str, String)]) -> Vec<(&'p str, &'p str)> {
    parts.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// Headings that only an expert report has; anywhere else the words would be dropped silently.
fn expert_only(typed: &BuildReport) -> Result<(), StoreError> {
    let given = [("--summary", &typed.summary), ("--received", &typed.received), ("--literature", &typed.literature), ("--reliability", &typed.reliability)];
    match given.iter().find(|(_, texts)| !texts.is_empty()) {
        Some((option, _)) if typed.template != Template::ExpertReport => {
            Err(StoreError::input(format!("{option} fills a heading of the expert report, and a {} has none: leave it out", typed.template.name())))
        }
        _ => Ok(()),
    }
}

fn authority_line(view: &AuthorityView) -> AuthorityLine {
    let (kind, standing) = view.worth;
    AuthorityLine {
        number: plain(if view.reference.trim().is_empty() { &view.authority } else { &view.reference }),
        issuer: plain(&view.issuer),
        transcribed: view.label.is_some(),
        instrument: Some(Instrument { kind, standing, from: view.from, until: view.until }),
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
        queries: content.queries.clone(),
    }
}

pub(crate) fn exhibit_row(view: &ExhibitView, withheld: &[Withheld]) -> ExhibitRow {
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
        source: printed_source(&view.content.source),
        digest,
        custodian: view.custodian.clone(),
        seal_number: view.content.physical.as_ref().map(|item| item.seal_number.clone()),
        interim: view.content.custody.is_interim(),
    }
}

fn record(desk: &Desk, facts: &Facts, typed: &BuildReport, language: Language) -> Result<ActionRecord, StoreError> {
    let times = facts.exhibits.iter().filter(|view| view.content.kind != ExhibitKind::Derived).map(|view| view.content.admitted);
    let (started, ended) = (times.clone().min().unwrap_or(facts.now), times.max().unwrap_or(facts.now));
    let participants = if typed.participants.is_empty() {
        let acted = facts.actors_of(&[EventType::ExhibitAdmitted, EventType::CaptureEnded, EventType::FindingAdded]);
        let named = |actor: &ActorId| desk.name_of(actor).map(|(name, role)| format!("{name}, {}", language.role(role)));
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
