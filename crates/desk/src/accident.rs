//! The accident: an officer sees what nobody may have. He says so once: that he saw it is written down and stays on the
//! supervisors' list until one of them takes it over, captures from the same services stop in this case, and the item is
//! locked away as contraband (law 7). The list and the stop come first: a desk that dies before the lock leaves both.
//!
//! It opens no byte, shows nothing of the item, and decides nothing about it. While nobody has taken it over, it refuses
//! new captures from these services. Where it cannot know from where an item came, it says that nothing is stopped.

use std::collections::BTreeSet;

use model::{
    Law, Moment,
    action::Action,
    actor::Role,
    capture::CaptureRecord,
    event::EventType,
    exhibit::ExhibitClass,
    id::ActorId,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Intent, NewEvent, Permit, Row, Scope, StoreError, vault::secret::random_16};

use crate::{
    Desk,
    admit::{self, ExhibitContent},
    capture::host_of,
    filter, reclassify,
    row::{Draft, exhibit_label, for_action},
};

const ACCIDENT: &str = "accident";
const OPEN: &str = "open";

const LOCKED: &str = "It is locked away now.";
const NOT_LOCKED: &str = "It is NOT locked away by this entry: it is a thing without bytes, or the filter team alone decides about it. Let nobody come near it.";
const STOPPED: &str = "Captures from the same service in this case are stopped. Do not open the service with another program.";
const NOT_STOPPED: &str = "Captures are NOT stopped, because nobody wrote down from where it came: tell your supervisor from where, and capture nothing from there.";

/// What to do, in the order in which it is done.
pub fn procedure(locked: bool, hosts: &BTreeSet<String>) -> [&'static str; 7] {
    let [one, two, four, five, six] = PROCEDURE;
    let (lock, stop) = (if locked { LOCKED } else { NOT_LOCKED }, if hosts.is_empty() { NOT_STOPPED } else { STOPPED });
    [one, two, lock, stop, four, five, six]
}

const PROCEDURE: [&str; 5] = [
    "Do not open it again. Do not look at it again to make sure.",
    "Do not copy it, print it, photograph it or send it to anybody, also not to a colleague.",
    "Tell your supervisor now, in words: that it happened, in which exhibit, and when. Not what was to be seen.",
    "Nobody blames you. You came upon it in lawful work, and this entry says so.",
    "Take a break now. Ask for somebody to talk to: your supervisor knows whom to call. You may ask to work on something else.",
];

/// What an accident's row holds (sealed under the case key).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct AccidentContent {
    exhibit: String,
    by: ActorId,
    at: Moment,
    reason: String,
    hosts: BTreeSet<String>,
    /// Whether it was locked away already when this was written; since then the exhibit's own class says it.
    locked: bool,
    acknowledged: Option<Acknowledged>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Acknowledged {
    by: ActorId,
    at: Moment,
    note: String,
}

/// An accident as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct AccidentView {
    /// `E-0001`.
    pub exhibit: String,
    /// `open` until a supervisor has taken it over, then `acknowledged`.
    pub state: String,
    /// Who saw it.
    pub by: String,
    /// When he said so.
    pub at: Moment,
    /// In his words.
    pub reason: String,
    /// Whether the item is locked away as contraband; what may be privileged stays with the filter team instead.
    pub locked: bool,
    /// From where nothing is captured in this case until a supervisor has taken it over.
    pub hosts: BTreeSet<String>,
    /// Who has taken it over, and what he decided.
    pub acknowledged: Option<(String, String)>,
    /// What the lock reached, what a person must look at, and what went out before: in the moment of the lock only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reached: Option<reclassify::ReclassifiedView>,
}

/// What the officer asks for: whoever holds exhibits may say it of each; a member of the filter team, of one item.
///
/// # Errors
/// When this is no number of an exhibit.
pub fn intent_for(role: Role, exhibit: &str) -> Result<Intent, StoreError> {
    reclassify::intent_for(role, exhibit)
}

/// An officer saw by accident what nobody may have. The item is locked away at once; any member may say so.
///
/// # Errors
/// When there is no such exhibit; what kept the item from being locked, after the entry stands.
pub fn declare(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, reason: &str) -> Result<AccidentView, StoreError> {
    let row = admit::row(desk, scope, label)?;
    let label = exhibit_label(row.number.unwrap_or(0));
    if scope.role() == Role::FilterTeam {
        for_action(permit, Action::Filter)?;
        filter::for_item(permit, &label)?;
    } else {
        for_action(permit, Action::Transfer)?;
    }
    let content: ExhibitContent = row.content()?;
    let hosts = came_from(desk, scope, &content)?;
    let locked = content.class == ExhibitClass::Contraband;
    let accident = AccidentContent { exhibit: label.clone(), by: scope.actor().clone(), at: desk.now(), reason: reason.into(), hosts, locked, acknowledged: None };
    let write = Draft::new(ACCIDENT, format!("{}/{}", row.id, hex::encode(random_16()?)), OPEN).under(&row.id).write(scope, desk.now(), &accident)?;
    let lockable = locked || is_lockable(scope, &content);
    let detail = json!({"exhibit": label, "reason": reason, "hosts": accident.hosts, "to-be-locked": lockable, "procedure": procedure(lockable, &accident.hosts)});
    // First what stops captures and calls a supervisor; then the lock, which is a step of its own.
    desk.store.commit(scope, permit, NewEvent::new(EventType::AccidentDeclared, Some(row.id.clone()), detail), vec![write])?;
    if lockable && !locked {
        let reached = reclassify::reclassify(desk, scope, permit, &label, ExhibitClass::Contraband, &format!("seen by accident: {reason}"))?;
        return Ok(AccidentView { reached: Some(reached), ..view(desk, scope, &row.id, OPEN, accident)? });
    }
    view(desk, scope, &row.id, OPEN, accident)
}

/// Whether this entry locks it. A thing has no bytes to restrict. What may be privileged is closed to whoever
/// investigates already, and only the filter team says more of it.
fn is_lockable(scope: &Scope, content: &ExhibitContent) -> bool {
    let own = if scope.role() == Role::FilterTeam { content.class == ExhibitClass::Privileged } else { !content.class.is_restricted() };
    content.blob.is_some() && own
}

/// How many containers up an item is asked from where it came.
const MOST_CONTAINERS: usize = 32;

/// The hosts that it came from: what a capture fetched, the address that was written down for one made by hand, and
/// the same of what it was taken out of.
fn came_from(desk: &Desk, scope: &Scope, content: &ExhibitContent) -> Result<BTreeSet<String>, StoreError> {
    let (mut hosts, mut up) = (own_hosts(content), content.derived_from.clone());
    for _ in 0..MOST_CONTAINERS {
        let Some(label) = up.take() else { break };
        let container: ExhibitContent = match admit::row(desk, scope, &label) {
            Err(error) if error.law() == Some(Law::Erasure) => break,
            row => row?.content()?,
        };
        hosts.extend(own_hosts(&container));
        up = container.derived_from;
    }
    Ok(hosts)
}

fn own_hosts(content: &ExhibitContent) -> BTreeSet<String> {
    let record = content.record.as_ref().and_then(|record| serde_json::from_value::<CaptureRecord>(record["record"].clone()).ok());
    let fetched = record.into_iter().flat_map(|record| record.fetches).filter_map(|fetch| host_of(&fetch.url).ok());
    fetched.chain(content.manual.iter().filter_map(|note| typed_host(&note.address))).collect()
}

/// The host of an address as a person typed it: with or without a scheme, with more words behind it.
fn typed_host(address: &str) -> Option<String> {
    let first = address.split_whitespace().next()?;
    let url = if first.contains("://") { first.to_string() } else { format!("http://{first}") };
    host_of(&url).ok().filter(|host| host.contains(['.', ':']) || host == "localhost")
}

/// The service behind a host. All names under an onion address lead to the one that holds its key (rend-spec-v3 §1.2).
fn service(host: &str) -> String {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let Some(rest) = host.strip_suffix(".onion") else { return host };
    format!("{}.onion", rest.rsplit('.').next().unwrap_or(rest))
}

/// Refuses to capture from a host of an accident that nobody has taken over; asked before an order and while it runs.
///
/// # Errors
/// Law 7 with what to do.
pub(crate) fn stops(desk: &Desk, scope: &Scope, hosts: &BTreeSet<String>) -> Result<(), StoreError> {
    let services: BTreeSet<String> = hosts.iter().map(|host| service(host)).collect();
    for row in desk.store.list(scope, ACCIDENT)?.into_iter().filter(|row| row.state == OPEN) {
        let accident: AccidentContent = row.content()?;
        if let Some(host) = accident.hosts.iter().find(|host| services.contains(&service(host))) {
            let text = format!("somebody came upon what nobody may have at {host} ({}): nothing is captured from there in this case until a supervisor has taken the accident over (`lanternfish accident acknowledge`)", accident.exhibit);
            return Err(StoreError::refused(Law::Restricted, text));
        }
    }
    Ok(())
}

/// Every accident of the case, the open ones first; one event with their number.
///
/// # Errors
/// When the permit is for another action.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<AccidentView>, StoreError> {
    for_action(permit, Action::Transfer)?;
    let mut rows = desk.store.list(scope, ACCIDENT)?;
    rows.sort_by_key(|row| (row.state != OPEN, row.event));
    let views = rows.iter().map(|row| view(desk, scope, row.parent.as_deref().unwrap_or(""), &row.state, row.content()?)).collect::<Result<Vec<_>, _>>()?;
    desk.store.commit(scope, permit, NewEvent::new(EventType::AccidentConsulted, None, json!({"count": views.len()})), vec![])?;
    Ok(views)
}

/// How many accidents wait for this person: a supervisor who is not the one that saw it.
///
/// # Errors
/// When the records cannot be read.
pub fn waiting(desk: &Desk, scope: &Scope) -> Result<Vec<String>, StoreError> {
    if scope.role() != Role::Supervisor {
        return Ok(vec![]);
    }
    let open = desk.store.list(scope, ACCIDENT)?.into_iter().filter(|row| row.state == OPEN).map(|row| row.content::<AccidentContent>());
    open.map(|one| one.map(|one| one.exhibit)).collect()
}

/// A supervisor takes it over. Captures from these hosts may be ordered again.
///
/// # Errors
/// Law 7 for anybody else, and for who declared it himself.
pub fn acknowledge(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, note: &str) -> Result<AccidentView, StoreError> {
    for_action(permit, Action::Transfer)?;
    let exhibit = admit::row(desk, scope, label)?;
    let label = exhibit_label(exhibit.number.unwrap_or(0));
    let open: Vec<Row> = desk.store.list_of(scope, ACCIDENT, &exhibit.id)?.into_iter().filter(|row| row.state == OPEN).collect();
    let Some(first) = open.first() else {
        return Err(StoreError::input(format!("no accident with {label} waits: see `lanternfish accident list`")));
    };
    let own = open.iter().map(Row::content::<AccidentContent>).collect::<Result<Vec<_>, _>>()?.iter().any(|one| one.by == *scope.actor());
    if scope.role() != Role::Supervisor || own {
        let text = format!("{label}: a supervisor who did not declare it takes an accident over");
        return Err(desk.store.refuse(scope, &Intent::to(Action::Transfer), Law::Restricted, text)?);
    }
    let (mut rows, mut taken) = (Vec::new(), None);
    for row in &open {
        let acknowledged = Acknowledged { by: scope.actor().clone(), at: desk.now(), note: note.into() };
        let accident = AccidentContent { acknowledged: Some(acknowledged), ..row.content()? };
        rows.push(Draft::new(ACCIDENT, row.id.clone(), "acknowledged").over(row).write(scope, desk.now(), &accident)?);
        taken = Some(accident);
    }
    let detail = json!({"exhibit": label, "accidents": rows.len(), "note": note});
    desk.store.commit(scope, permit, NewEvent::new(EventType::AccidentAcknowledged, Some(exhibit.id.clone()), detail), rows)?;
    view(desk, scope, &exhibit.id, "acknowledged", taken.map_or_else(|| first.content(), Ok)?)
}

fn view(desk: &Desk, scope: &Scope, exhibit: &str, state: &str, accident: AccidentContent) -> Result<AccidentView, StoreError> {
    let locked = match desk.store.get(scope, "exhibit", exhibit) {
        Err(error) if error.law() == Some(Law::Erasure) => accident.locked,
        row => row?.content::<ExhibitContent>()?.class == ExhibitClass::Contraband,
    };
    let acknowledged = accident.acknowledged.map(|one| Ok::<_, StoreError>((desk.name_of(&one.by)?.0, one.note))).transpose()?;
    Ok(AccidentView {
        exhibit: accident.exhibit,
        state: state.into(),
        by: desk.name_of(&accident.by)?.0,
        at: accident.at,
        reason: accident.reason,
        locked,
        hosts: accident.hosts,
        acknowledged,
        reached: None,
    })
}
