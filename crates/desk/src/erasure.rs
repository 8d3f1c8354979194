//! Erasure of what is held on a person: planned from his names and links, proposed by one person, decided by another
//! on a court's or prosecutor's decision, carried out in one transaction, and finished only when nothing is left on
//! the disk and a tombstone tells a restored backup the same (law 10).
//!
//! It refuses to erase silently what concerns another person too, what a hold protects, what speaks for a suspect
//! without a recorded check, and anything that came up after the decision. It never calls a half-done erasure done.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use model::{
    Law, Moment,
    action::Action,
    actor::Role,
    authority::{Authority, AuthorityKind, Standing},
    event::EventType,
    id::{ActorId, AuthorityId},
    subject::{ErasureState, Mentions, Question, Subject, may_decide, may_destroy},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Database, Intent, NewEvent, Permit, Row, Scope, StoreError, ToErase};

use crate::{
    Desk, authority, capture,
    case::CaseContent,
    facts, material, reading,
    row::{Draft, erasure_label, exhibit_label, finding_label, for_action, fresh_erasure, parse_label, subject_label},
    subject::{self, nameless},
};

/// Rows that stay when a person goes, and are written anew without his name.
const REWRITTEN: [&str; 16] = ["case", "watch", "authority", "erasure", "subject", "review", "erratum", "package", "disclosure", "reclassification", "filter", "viewing", "release", "persona", "contact", "accident"];
/// Keys: sealed for people, and no words in them.
const SILENT: [&str; 4] = ["key-wrap", "retired-key", "index", "token-keys"];

/// What an erasure would take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Numbers of exhibits and findings, for people.
    pub labels: BTreeSet<String>,
    /// Rows that lose their content: kind and id.
    pub rows: BTreeSet<(String, String)>,
    /// Rows that are written anew without the name: kind and id.
    pub rewritten: BTreeSet<(String, String)>,
    /// Events whose detail can be read no more.
    pub events: BTreeSet<u64>,
    /// Items that concern another person too, and whom.
    pub shared: BTreeMap<String, BTreeSet<String>>,
    /// Findings in it that speak for a suspect.
    pub exculpatory: Vec<String>,
    /// Items that hold the name and are kept by a person's word.
    pub kept: BTreeMap<String, String>,
    /// What holds the name and can go only when somebody says so: items that are neither linked nor kept.
    pub open: Vec<String>,
    /// The last event that was seen.
    pub seen: u64,
}

/// One erasure (sealed under the case key). It names nobody.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Erasure {
    /// Id of the person.
    pub subject: String,
    /// `S-0001`.
    pub label: String,
    /// Why it is proposed.
    pub reason: String,
    /// Who proposed it.
    pub proposer: ActorId,
    /// What was proposed.
    pub plan: Plan,
    /// Where it stands.
    pub state: ErasureState,
    /// What the decider said.
    pub decision: Option<Decision>,
    /// The event that destroyed contents and keys.
    pub event: Option<u64>,
}

/// What a decider recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The court's or prosecutor's decision.
    pub on: String,
    /// What was looked at for the defence, and what came of it.
    pub exculpatory_checked: String,
    /// That what speaks for a suspect may go.
    pub despite_exculpatory: bool,
    /// Why a running court process does not need it.
    pub despite_process: Option<String>,
    /// When.
    pub at: Moment,
}

/// An erasure as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct ErasureView {
    /// `Z-0001`.
    pub erasure: String,
    /// `S-0001`.
    pub subject: String,
    /// `proposed`, `decided`, `purging`, `done`, `refused`.
    pub state: String,
    /// Why.
    pub reason: String,
    /// Exhibits and findings that go.
    pub items: Vec<String>,
    /// Items that go although they concern another person too.
    pub shared: BTreeMap<String, BTreeSet<String>>,
    /// Items that hold the name and stay.
    pub kept: BTreeMap<String, String>,
    /// Findings in it that speak for a suspect.
    pub exculpatory: Vec<String>,
    /// Number of rows that lose their content.
    pub rows: usize,
    /// Number of rows that are written anew without the name.
    pub rewritten: usize,
    /// Number of events whose detail can be read no more.
    pub details: usize,
    /// What was decided.
    pub decision: Option<Decision>,
    /// The event that destroyed it.
    pub event: Option<u64>,
}

fn view(row: &Row) -> Result<(ErasureView, Erasure), StoreError> {
    let content: Erasure = row.content()?;
    let shown = ErasureView {
        erasure: erasure_label(row.number.unwrap_or(0)),
        subject: content.label.clone(),
        state: content.state.name().into(),
        reason: content.reason.clone(),
        items: content.plan.labels.iter().cloned().collect(),
        shared: content.plan.shared.clone(),
        kept: content.plan.kept.clone(),
        exculpatory: content.plan.exculpatory.clone(),
        rows: content.plan.rows.len(),
        rewritten: content.plan.rewritten.len(),
        details: content.plan.events.len(),
        decision: content.decision.clone(),
        event: content.event,
    };
    Ok((shown, content))
}

fn row(desk: &Desk, scope: &Scope, label: &str) -> Result<Row, StoreError> {
    let number = parse_label(label, 'Z')?;
    let found = desk.store.list(scope, "erasure")?.into_iter().find(|row| row.number == Some(number));
    found.ok_or_else(|| StoreError::input(format!("there is no erasure {label} in this case: see `lanternfish erase list`")))
}

/// Every erasure of the case; one consultation event.
///
/// # Errors
/// When the records cannot be read.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<ErasureView>, StoreError> {
    for_action(permit, Action::Administer)?;
    let views = desk.store.list(scope, "erasure")?.iter().map(|row| Ok(view(row)?.0)).collect::<Result<Vec<_>, StoreError>>()?;
    desk.store.commit(scope, permit, NewEvent::new(EventType::SubjectConsulted, None, json!({"erasures": views.len()})), vec![])?;
    Ok(views)
}

// ---- what would go

/// Every text in a value, keys included.
fn texts<'v>(value: &'v Value, see: &mut dyn FnMut(&'v str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, see)),
        Value::Object(fields) => fields.iter().for_each(|(key, item)| {
            see(key);
            texts(item, see);
        }),
        _ => {}
    }
}

fn mentioned(mentions: &Mentions, value: &Value) -> bool {
    let mut found = false;
    texts(value, &mut |text| found = found || mentions.found_in(text));
    found
}

fn says(value: &Value, wanted: &BTreeSet<String>) -> bool {
    let mut found = false;
    texts(value, &mut |text| found = found || wanted.contains(text));
    found
}

fn without_name(mentions: &Mentions, value: &Value, by: &str) -> Value {
    match value {
        Value::String(text) => mentions.replaced_in(text, by).unwrap_or_else(|| text.clone()).into(),
        Value::Array(items) => items.iter().map(|item| without_name(mentions, item, by)).collect(),
        Value::Object(fields) => {
            let name = |key: &str| mentions.replaced_in(key, by).unwrap_or_else(|| key.to_string());
            // The names of another person of the case are his own, also when they are alike.
            let own = |key: &str| key == "names" && fields.contains_key("category");
            fields.iter().map(|(key, item)| if own(key) { (key.clone(), item.clone()) } else { (name(key), without_name(mentions, item, by)) }).collect()
        }
        other => other.clone(),
    }
}

/// Whether a row without the name still is what it was, but for free text.
fn stays_whole(mentions: &Mentions, kind: &str, before: &Value) -> bool {
    let after = without_name(mentions, before, "S-0000");
    let same_authority = || {
        let read = |value: &Value| serde_json::from_value::<Authority>(value.clone()).ok();
        read(before).map(|one| Authority { reference: String::new(), ..one }) == read(&after).map(|one| Authority { reference: String::new(), ..one })
    };
    match kind {
        "authority" => same_authority(),
        "case" => serde_json::from_value::<CaseContent>(after.clone()).is_ok(),
        // What is sealed in it for somebody is no text.
        "persona" => ["persona", "wraps", "earlier", "recipient"].iter().all(|part| before[*part] == after[*part]),
        _ => true,
    }
}

/// One row with what it says.
struct Held {
    row: Row,
    value: Value,
    label: Option<String>,
}

/// The number of an exhibit or finding, for people.
pub(crate) fn label_of(row: &Row) -> Option<String> {
    match (row.kind.as_str(), row.number) {
        ("exhibit", Some(number)) => Some(exhibit_label(number)),
        ("finding", Some(number)) => Some(finding_label(number)),
        _ => None,
    }
}

/// Everything in the case that concerns the person. `search` also looks into the bytes of what is not linked.
pub(crate) fn plan(desk: &Desk, scope: &Scope, permit: &Permit, person: &Row, search: bool) -> Result<Plan, StoreError> {
    let content: Subject = person.content()?;
    let mentions = content.mentions();
    let events = facts::case_events(desk, scope)?;
    let held = desk
        .store
        .everything(scope, permit)?
        .into_iter()
        .filter(|row| !SILENT.contains(&row.kind.as_str()))
        .map(|row| Ok(Held { value: row.content()?, label: label_of(&row), row }))
        .collect::<Result<Vec<_>, StoreError>>()?;
    let kept = under(&held, |one| one.label.as_ref().is_some_and(|label| content.kept.contains_key(label)));
    let stays = |one: &Held| REWRITTEN.contains(&one.row.kind.as_str());
    let concerns = |one: &Held| {
        let linked = one.label.as_ref().is_some_and(|label| content.linked.contains_key(label));
        !stays(one) && (linked || !kept.contains(&one.row.id) && mentioned(&mentions, &one.value))
    };
    let linked = under(&held, |one| one.label.as_ref().is_some_and(|label| content.linked.contains_key(label)));
    let mut taken = under(&held, concerns);
    taken.retain(|id| linked.contains(id) || !kept.contains(id));
    take_papers(&held, &events, &kept, &mut taken);
    let mut plan = Plan { kept: content.kept.clone(), seen: events.last().map_or(0, |(event, _)| event.leaf.seq), ..Plan::default() };
    plan.rows.insert(("subject".into(), person.id.clone()));
    for one in &held {
        let key = (one.row.kind.clone(), one.row.id.clone());
        if taken.contains(&one.row.id) && !stays(one) {
            plan.labels.extend(one.label.clone());
            plan.rows.insert(key);
        } else if stays(one) && one.row.id != person.id && without_name(&mentions, &one.value, "") != one.value {
            if !stays_whole(&mentions, &one.row.kind, &one.value) {
                plan.open.push(format!("a record of the kind {}, some of whose own words are like a name of the person: give the names in full (`lanternfish subject name`)", one.row.kind));
            }
            plan.rewritten.insert(key);
            // The scan of an instrument that names him shows the name.
            plan.rows.extend(held.iter().filter(|blob| blob.row.kind == "blob" && blob.row.parent.as_deref() == Some(&one.row.id)).map(|blob| (blob.row.kind.clone(), blob.row.id.clone())));
        }
    }
    let gone: BTreeSet<&str> = plan.rows.iter().map(|(_, id)| id.as_str()).collect();
    for (event, detail) in &events {
        let about = event.leaf.object.as_deref().is_some_and(|object| gone.contains(object));
        let of_kept = event.leaf.object.as_ref().is_some_and(|object| kept.contains(object)) && !about;
        if event.is_erased() || !(about || !of_kept && mentioned(&mentions, detail)) {
            continue;
        }
        if event.can_be_erased() {
            plan.events.insert(event.leaf.seq);
        } else if mentioned(&mentions, detail) {
            plan.open.push(format!("event {}, whose detail has no key of its own (it was written by an early version)", event.leaf.seq));
        }
    }
    plan.exculpatory = held.iter().filter(|one| gone.contains(one.row.id.as_str()) && one.value["exculpatory"] == true).filter_map(|one| one.label.clone()).collect();
    let may_assist = held.iter().filter(|one| one.row.kind == "review" && material::may_assist(&one.value));
    plan.exculpatory.extend(may_assist.filter_map(|one| one.value["exhibit"].as_str()).filter(|label| plan.labels.contains(*label)).map(str::to_string));
    plan.shared = shared(&held, &plan, person)?;
    for one in held.iter().filter(|one| gone.contains(one.row.id.as_str()) && !one.value["physical"].is_null()) {
        plan.open.extend(one.label.as_ref().map(|label| format!("{label}, a thing that somebody still holds (it can only be kept)")));
    }
    if search {
        plan.open.extend(found_in_bytes(desk, scope, permit, &held, &gone, &kept, &mentions)?);
    }
    Ok(plan)
}

/// The ids of what `begins` picks, and of all that hangs on it: bytes, derivations, selectors, transfers; findings
/// that rest on such an exhibit; exhibits that were derived from one.
fn under(held: &[Held], begins: impl Fn(&Held) -> bool) -> BTreeSet<String> {
    let mut ids: BTreeSet<String> = held.iter().filter(|one| begins(one)).map(|one| one.row.id.clone()).collect();
    let there: BTreeSet<&str> = held.iter().map(|one| one.row.id.as_str()).collect();
    // A derived thing that names the person is part of its exhibit: the exhibit concerns him.
    loop {
        let before = ids.len();
        let labels: BTreeSet<String> = held.iter().filter(|one| ids.contains(&one.row.id)).filter_map(|one| one.label.clone()).collect();
        for one in held {
            let hangs = one.row.parent.as_ref().is_some_and(|parent| ids.contains(parent));
            let rests = one.row.kind == "finding" && says(&one.value["exhibits"], &labels);
            let derived = one.value["derived_from"].as_str().is_some_and(|from| labels.contains(from));
            // What a crawl read in an exhibit, or knows of a page that lies in it, goes with it.
            let crawled = ["/came/exhibit", "/found_in"].iter().any(|place| one.row.kind == "crawl-page" && one.value.pointer(place).and_then(Value::as_str).is_some_and(|id| ids.contains(id)));
            if hangs || rests || derived || crawled {
                ids.insert(one.row.id.clone());
            }
            // From what was found in it up to the exhibit.
            let part = matches!(one.row.kind.as_str(), "selectors" | "members" | "derivation" | "blob" | "transfer" | "alert" | "rows" | "picture");
            if part && ids.contains(&one.row.id) {
                ids.extend(one.row.parent.clone().filter(|parent| there.contains(parent.as_str())));
            }
        }
        if ids.len() == before {
            return ids;
        }
    }
}

/// Reports print every exhibit of their day: those that were built after the first of these came in go too, and are
/// built anew.
fn take_papers(held: &[Held], events: &[(store::StoredEvent, Value)], kept: &BTreeSet<String>, taken: &mut BTreeSet<String>) {
    let exhibits: BTreeSet<&str> = held.iter().filter(|one| one.row.kind == "exhibit" && taken.contains(&one.row.id)).map(|one| one.row.id.as_str()).collect();
    let first = events.iter().find(|(event, _)| event.leaf.object.as_deref().is_some_and(|object| exhibits.contains(object))).map(|(event, _)| event.leaf.seq);
    let Some(first) = first else { return };
    let papers: BTreeSet<String> = held.iter().filter(|one| one.row.kind == "report" && one.row.event > first && !kept.contains(&one.row.id)).map(|one| one.row.id.clone()).collect();
    let parts: BTreeSet<String> = held.iter().filter(|one| one.row.parent.as_ref().is_some_and(|parent| papers.contains(parent))).map(|one| one.row.id.clone()).collect();
    taken.extend(papers);
    taken.extend(parts);
}

/// Which of the items that go concern another person of the case too.
fn shared(held: &[Held], plan: &Plan, person: &Row) -> Result<BTreeMap<String, BTreeSet<String>>, StoreError> {
    let mut shared: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for other in held.iter().filter(|one| one.row.kind == "subject" && one.row.id != person.id) {
        let content: Subject = other.row.content()?;
        let mentions = content.mentions();
        let his = under(held, |one| {
            let linked = one.label.as_ref().is_some_and(|label| content.linked.contains_key(label) || content.kept.contains_key(label));
            !REWRITTEN.contains(&one.row.kind.as_str()) && (linked || mentioned(&mentions, &one.value))
        });
        for one in held.iter().filter(|one| his.contains(&one.row.id)) {
            let Some(label) = one.label.clone().filter(|label| plan.labels.contains(label)) else { continue };
            shared.entry(label).or_default().insert(subject_label(other.row.number.unwrap_or(0)));
        }
    }
    Ok(shared)
}

/// Items whose bytes hold the name although nobody linked them.
fn found_in_bytes(
    desk: &Desk,
    scope: &Scope,
    permit: &Permit,
    held: &[Held],
    gone: &BTreeSet<&str>,
    kept: &BTreeSet<String>,
    mentions: &Mentions,
) -> Result<Vec<String>, StoreError> {
    let (mut open, spellings) = (BTreeSet::new(), mentions.spellings());
    let by_id: BTreeMap<&str, &Held> = held.iter().map(|one| (one.row.id.as_str(), one)).collect();
    for blob in held.iter().filter(|one| one.row.kind == "blob" && !gone.contains(one.row.id.as_str()) && !kept.contains(&one.row.id)) {
        if !desk.store.blob_names(scope, permit, &blob.row, &spellings)? {
            continue;
        }
        let mut up = blob;
        while let Some(parent) = up.row.parent.as_ref().and_then(|parent| by_id.get(parent.as_str()).copied()) {
            up = parent;
        }
        open.insert(up.label.clone().unwrap_or_else(|| format!("{} {}", up.row.kind, up.row.id)));
    }
    Ok(open.into_iter().collect())
}

// ---- from proposal to the end

/// Proposes an erasure: what would go is searched for and written down. `shared` are the items that may go although
/// they concern another person too.
///
/// # Errors
/// Law 10 while items are undecided, or when one of this person is under way already.
pub fn propose(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, reason: &str, shared: &[String]) -> Result<ErasureView, StoreError> {
    noted(desk, scope, permit, try_propose(desk, scope, permit, label, reason, shared))
}

/// Writes a refusal by law 10 into the log; its words name nobody.
pub(crate) fn noted<T>(desk: &Desk, scope: &Scope, permit: &Permit, answer: Result<T, StoreError>) -> Result<T, StoreError> {
    match answer {
        Err(StoreError::Refused { law: Law::Erasure, text }) => Err(desk.store.refuse(scope, &Intent::to(permit.action()), Law::Erasure, text)?),
        other => other,
    }
}

fn try_propose(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, reason: &str, shared: &[String]) -> Result<ErasureView, StoreError> {
    for_action(permit, Action::Administer)?;
    let person = subject::row(desk, scope, label)?;
    let content: Subject = person.content()?;
    let label = subject_label(person.number.unwrap_or(0));
    nameless(&content, &label, reason)?;
    for earlier in desk.store.list(scope, "erasure")? {
        let (shown, earlier) = view(&earlier)?;
        if earlier.subject == person.id && matches!(earlier.state, ErasureState::Proposed | ErasureState::Decided { .. }) {
            return Err(StoreError::input(format!("{} is {} for {label} already: decide, run or refuse it first", shown.erasure, shown.state)));
        }
    }
    for text in content.kept.values() {
        nameless(&content, &label, text)?;
    }
    let plan = plan(desk, scope, permit, &person, true)?;
    undecided(&plan, shared, &label)?;
    let id = fresh_erasure()?.to_string();
    let erasure = Erasure {
        subject: person.id.clone(),
        label: label.clone(),
        reason: reason.into(),
        proposer: scope.actor().clone(),
        plan,
        state: ErasureState::Proposed,
        decision: None,
        event: None,
    };
    let write = Draft::new("erasure", id.clone(), "proposed").numbered().write(scope, desk.now(), &erasure)?;
    let detail = json!({"subject": label, "reason": reason, "items": erasure.plan.labels, "rows": erasure.plan.rows.len(), "shared": erasure.plan.shared});
    desk.store.commit(scope, permit, NewEvent::new(EventType::ErasureProposed, Some(id.clone()), detail), vec![write])?;
    Ok(view(&desk.store.get(scope, "erasure", &id)?)?.0)
}

/// Refuses a plan in which somebody still has to say what happens to an item.
fn undecided(plan: &Plan, shared: &[String], label: &str) -> Result<(), StoreError> {
    let refuse = |text: String| Err(StoreError::refused(Law::Erasure, text));
    if !plan.open.is_empty() {
        return refuse(format!(
            "{label} stands in {}: say of each item whether it goes (`lanternfish subject link`) or stays (`lanternfish subject keep`)",
            plan.open.join(", ")
        ));
    }
    let unsaid: Vec<String> = plan.shared.iter().filter(|(item, _)| !shared.contains(item)).map(|(item, who)| format!("{item} ({})", who.iter().cloned().collect::<Vec<_>>().join(", "))).collect();
    if !unsaid.is_empty() {
        return refuse(format!(
            "these items concern another person too: {}. Keep them with `lanternfish subject keep`, or say with --shared that each may go",
            unsaid.join(", ")
        ));
    }
    Ok(())
}

/// What a decider says.
#[derive(Debug, Clone)]
pub struct Says {
    /// The id of the court's or prosecutor's decision.
    pub on: String,
    /// What was looked at for the defence, and what came of it.
    pub exculpatory_checked: String,
    /// That what speaks for a suspect may go.
    pub despite_exculpatory: bool,
    /// Why a running court process does not need it.
    pub despite_process: Option<String>,
}

/// A second person decides that the erasure may be carried out.
///
/// # Errors
/// Law 10 for his own proposal, a hold, a missing check, or a paper that is no live decision for this person.
pub fn decide(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, says: &Says) -> Result<ErasureView, StoreError> {
    noted(desk, scope, permit, try_decide(desk, scope, permit, label, says))
}

fn try_decide(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, says: &Says) -> Result<ErasureView, StoreError> {
    decider(scope, permit)?;
    let row = row(desk, scope, label)?;
    let (_, mut erasure) = view(&row)?;
    let person = desk.store.get(scope, "subject", &erasure.subject)?;
    let content: Subject = person.content()?;
    nameless(&content, &erasure.label, &says.exculpatory_checked)?;
    nameless(&content, &erasure.label, says.despite_process.as_deref().unwrap_or(""))?;
    let standing = desk.store.standing(scope.case())?;
    may_decide(&Question {
        state: &erasure.state,
        proposer: &erasure.proposer,
        decider: scope.actor(),
        case_hold: standing.legal_hold,
        court_process: standing.court_process,
        person_hold: content.hold.is_some(),
        despite_process: says.despite_process.as_deref(),
        exculpatory: &erasure.plan.exculpatory,
        exculpatory_check: &says.exculpatory_checked,
        despite_exculpatory: says.despite_exculpatory,
    })?;
    let on = paper(desk, scope, &says.on)?;
    erasure.state = ErasureState::Decided { by: scope.actor().clone(), on: on.clone() };
    erasure.decision = Some(Decision {
        on: on.to_string(),
        exculpatory_checked: says.exculpatory_checked.clone(),
        despite_exculpatory: says.despite_exculpatory,
        despite_process: says.despite_process.clone(),
        at: desk.now(),
    });
    let detail = json!({"subject": erasure.label, "decision": erasure.decision, "holds": "none", "court-process": standing.court_process});
    tell(desk, scope, permit, &row, &erasure, EventType::ErasureDecided, detail)
}

/// A second person decides that it may not.
///
/// # Errors
/// When it is not open any more.
pub fn refuse(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, reason: &str) -> Result<ErasureView, StoreError> {
    noted(desk, scope, permit, try_refuse(desk, scope, permit, label, reason))
}

fn try_refuse(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, reason: &str) -> Result<ErasureView, StoreError> {
    decider(scope, permit)?;
    let row = row(desk, scope, label)?;
    let (_, mut erasure) = view(&row)?;
    if !matches!(erasure.state, ErasureState::Proposed | ErasureState::Decided { .. }) {
        return Err(StoreError::refused(Law::Erasure, format!("this erasure is {}: it cannot be refused any more", erasure.state.name())));
    }
    let content: Subject = desk.store.get(scope, "subject", &erasure.subject)?.content()?;
    nameless(&content, &erasure.label, reason)?;
    erasure.state = ErasureState::Refused { by: scope.actor().clone() };
    let detail = json!({"subject": erasure.label, "refused": reason});
    tell(desk, scope, permit, &row, &erasure, EventType::ErasureDecided, detail)
}

fn decider(scope: &Scope, permit: &Permit) -> Result<(), StoreError> {
    for_action(permit, Action::Administer)?;
    if !matches!(scope.role(), Role::Supervisor | Role::Prosecutor) {
        return Err(StoreError::refused(Law::Erasure, "only a supervisor or a prosecutor decides about an erasure"));
    }
    Ok(())
}

/// The court's or prosecutor's decision, live in this case.
fn paper(desk: &Desk, scope: &Scope, id: &str) -> Result<AuthorityId, StoreError> {
    let found = authority::all(desk, scope, desk.now())?.into_iter().find(|view| view.authority == id);
    let view = found.ok_or_else(|| StoreError::input(format!("there is no authority {id} in this case: record the decision with `lanternfish authority record --action erase`")))?;
    let (kind, standing) = view.worth;
    if !matches!(kind, AuthorityKind::CourtOrder | AuthorityKind::ProsecutorAuthorisation) || standing != Standing::Live {
        let text = format!("{id} is a {} authority and is {}: an erasure needs a live court order or prosecutor's decision", view.kind, view.state);
        return Err(StoreError::refused(Law::Erasure, text));
    }
    id.parse().map_err(crate::office::input)
}

fn tell(desk: &Desk, scope: &Scope, permit: &Permit, row: &Row, erasure: &Erasure, kind: EventType, detail: Value) -> Result<ErasureView, StoreError> {
    let write = Draft::new("erasure", row.id.clone(), erasure.state.name()).over(row).write(scope, desk.now(), erasure)?;
    desk.store.commit(scope, permit, NewEvent::new(kind, Some(row.id.clone()), detail), vec![write])?;
    Ok(view(&desk.store.get(scope, "erasure", &row.id)?)?.0)
}

/// Whether contents and keys are destroyed already, so that only the end is missing; and whose they were.
///
/// # Errors
/// When there is no such erasure.
pub fn stands(desk: &Desk, scope: &Scope, label: &str) -> Result<(bool, String), StoreError> {
    let (shown, erasure) = view(&row(desk, scope, label)?)?;
    Ok((erasure.state == ErasureState::Purging, shown.subject))
}

/// Destroys contents and keys of a decided erasure: all of them, in one transaction.
///
/// # Errors
/// Law 1 without a permit on the decision; law 10 under a hold, or when the case changed since.
pub fn destroy(desk: &Desk, scope: &Scope, permit: &Permit, label: &str) -> Result<ErasureView, StoreError> {
    noted(desk, scope, permit, try_destroy(desk, scope, permit, label))
}

fn try_destroy(desk: &Desk, scope: &Scope, permit: &Permit, label: &str) -> Result<ErasureView, StoreError> {
    for_action(permit, Action::Erase)?;
    let row = row(desk, scope, label)?;
    let (shown, mut erasure) = view(&row)?;
    let ErasureState::Decided { on, .. } = &erasure.state else {
        return Err(StoreError::refused(Law::Erasure, format!("{label} is {}: it can be carried out when it is decided", shown.state)));
    };
    paper(desk, scope, on.as_str())?;
    nothing_lies_open(desk)?;
    // What a desk that died left behind of a sealed capture is a second copy of it.
    capture::sweep(desk, scope)?;
    let person = desk.store.get(scope, "subject", &erasure.subject)?;
    let content: Subject = person.content()?;
    may_destroy(desk.store.standing(scope.case())?.legal_hold, content.hold.is_some())?;
    // The words of the case are in its index too: the index goes with its key, and is made again from what stays.
    reading::forget_if_any(desk, scope, permit)?;
    let now = plan(desk, scope, permit, &person, true)?;
    let since: Vec<&str> = now.rows.difference(&erasure.plan.rows).map(|(kind, _)| kind.as_str()).collect();
    if !since.is_empty() || !now.open.is_empty() || now.shared != erasure.plan.shared {
        let text = format!("the case changed since {label} was proposed ({} more items concern {}): refuse it and propose it again", since.len() + now.open.len(), erasure.label);
        return Err(StoreError::refused(Law::Erasure, text));
    }
    let mentions = content.mentions();
    let all = desk.store.everything(scope, permit)?;
    let orders: Vec<String> = now.rows.iter().filter(|(kind, _)| kind == "order").map(|(_, id)| id.clone()).collect();
    let mut rewritten = Vec::new();
    for row in all.into_iter().filter(|one| one.id != row.id && now.rewritten.contains(&(one.kind.clone(), one.id.clone()))) {
        let value = without_name(&mentions, &row.content()?, &erasure.label);
        rewritten.push((row, value));
    }
    erasure.state = ErasureState::Purging;
    erasure.event = None;
    erasure.plan = now;
    // What was typed was without the name; a name that was added since may stand in it.
    let told = without_name(&mentions, &serde_json::to_value(&erasure).map_err(crate::office::input)?, &erasure.label);
    let told = Draft::new("erasure", row.id.clone(), "purging").over(&row).write(scope, desk.now(), &told)?;
    let taken = ToErase {
        rows: erasure.plan.rows.iter().cloned().collect(),
        rewritten,
        events: erasure.plan.events.iter().copied().collect(),
        told: vec![told],
        seen: erasure.plan.seen,
    };
    let detail = json!({
        "erasure": shown.erasure, "subject": erasure.label, "decision": erasure.decision, "items": erasure.plan.labels, "rows": taken.rows.len(),
        "rewritten": taken.rewritten.len(), "details": taken.events.len(), "spools": orders,
    });
    desk.store.erase(scope, permit, NewEvent::new(EventType::Erased, Some(row.id.clone()), detail), taken)?;
    Ok(view(&desk.store.get(scope, "erasure", &row.id)?)?.0)
}

/// What was built lies in the clear: it must have left the home before anything is called erased.
fn nothing_lies_open(desk: &Desk) -> Result<(), StoreError> {
    let out = desk.store.home().out();
    let there = fs::read_dir(&out).map_err(|e| StoreError::environment(format!("reading {}", out.display()), &e))?.next().is_some();
    if there {
        return Err(StoreError::refused(Law::Erasure, format!("papers or packages lie in {} in the clear: move or delete them first", out.display())));
    }
    Ok(())
}

/// Removes from the disk what is left of it, keeps the tombstone here and in `folder`, and only then calls it done. It
/// may be called again until it succeeds.
///
/// # Errors
/// Law 10 when contents are not destroyed yet; the disk; a server whose owner was not named.
pub fn finish(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, folder: &Path, owner: Option<&Database>) -> Result<ErasureView, StoreError> {
    for_action(permit, Action::Administer)?;
    let row = row(desk, scope, label)?;
    let (shown, mut erasure) = view(&row)?;
    if erasure.state != ErasureState::Purging {
        return Err(StoreError::refused(Law::Erasure, format!("{label} is {}: there is nothing to finish", shown.state)));
    }
    // The row that says `purging` was written by the erasure itself.
    let seq = row.event;
    for (kind, id) in &erasure.plan.rows {
        if kind == "order" {
            remove_spool(desk, id)?;
        }
    }
    capture::sweep(desk, scope)?;
    // A copy of the records that a killed backup left holds what was just destroyed.
    desk.store.forget_steady_copies()?;
    desk.store.keep_tombstone(seq)?;
    let copied = desk.store.copy_tombstones(folder)?;
    erasure.state = ErasureState::Done;
    erasure.event = Some(seq);
    if !desk.store.purge_erased(seq, owner)? {
        return Err(StoreError::Environment {
            attempt: format!("finishing {label}"),
            cause: "contents and keys are destroyed, and the server still holds older rows of its tables: run it again with --database-owner NAME, the role \
                    that owns them, so that they are written anew"
                .into(),
        });
    }
    let detail = json!({"erasure": shown.erasure, "subject": erasure.label, "event": seq, "tombstones": copied});
    tell(desk, scope, permit, &row, &erasure, EventType::ErasureFinished, detail)
}

fn remove_spool(desk: &Desk, order: &str) -> Result<(), StoreError> {
    let folder = desk.store.home().spool().join(order);
    match fs::remove_dir_all(&folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StoreError::environment(format!("removing {}", folder.display()), &e)),
        _ => Ok(()),
    }
}

/// Copies every tombstone of this home into a folder outside; gives their number. An event of the node.
///
/// # Errors
/// Law 13; the disk.
pub fn tombstones(desk: &Desk, session: &store::Session, folder: &Path) -> Result<usize, StoreError> {
    desk.store.check_node_step(Some(session), model::authorize::NodeStep::Safeguard)?;
    let copied = desk.store.copy_tombstones(folder)?;
    let event = NewEvent::new(EventType::TombstonesCopied, None, json!({"count": copied, "target": folder.to_string_lossy()}));
    desk.store.commit_node(Some(session), model::authorize::NodeStep::Safeguard, event, vec![])?;
    Ok(copied)
}
