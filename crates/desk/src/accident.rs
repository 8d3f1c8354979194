//! The accident: an officer sees what nobody may have. One step locks the item away as contraband, stops captures from
//! the same hosts in this case, writes down who saw it, and stays on the supervisors' list until one of them takes it
//! over (law 7).
//!
//! It opens no byte, shows nothing of the item, and decides nothing about it. While nobody has taken it over, it refuses
//! new captures from these hosts.

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
    capture::hosts,
    reclassify,
    row::{Draft, exhibit_label, for_action},
};

const ACCIDENT: &str = "accident";
const OPEN: &str = "open";

/// What to do, in the order in which it is done.
pub const PROCEDURE: [&str; 6] = [
    "Do not open it again. Do not look at it again to make sure.",
    "Do not copy it, print it, photograph it or send it to anybody, also not to a colleague.",
    "It is locked away now, and captures from the same service in this case are stopped. Do not open the service with another program.",
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
}

/// An officer saw by accident what nobody may have. The item is locked away at once; any member may say so.
///
/// # Errors
/// When there is no such exhibit.
pub fn declare(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, reason: &str) -> Result<AccidentView, StoreError> {
    for_action(permit, Action::Transfer)?;
    let row = admit::row(desk, scope, label)?;
    let content: ExhibitContent = row.content()?;
    let (label, hosts) = (exhibit_label(row.number.unwrap_or(0)), came_from(&content));
    let locked = lock_away(desk, scope, permit, &label, content.class, reason)?;
    let accident = AccidentContent { exhibit: label.clone(), by: scope.actor().clone(), at: desk.now(), reason: reason.into(), hosts, locked, acknowledged: None };
    let write = Draft::new(ACCIDENT, format!("{}/{}", row.id, hex::encode(random_16()?)), OPEN).under(&row.id).write(scope, desk.now(), &accident)?;
    let detail = json!({"exhibit": label, "reason": reason, "hosts": accident.hosts, "locked": locked, "procedure": PROCEDURE});
    desk.store.commit(scope, permit, NewEvent::new(EventType::AccidentDeclared, Some(row.id.clone()), detail), vec![write])?;
    view(desk, OPEN, accident)
}

/// Puts it into the class of what nobody opens. What may be privileged is closed to whoever investigates already, and
/// only the filter team says more of it.
fn lock_away(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, class: ExhibitClass, reason: &str) -> Result<bool, StoreError> {
    if class.is_restricted() {
        return Ok(class == ExhibitClass::Contraband);
    }
    let reason = format!("seen by accident: {reason}");
    match reclassify::reclassify(desk, scope, permit, label, ExhibitClass::Contraband, &reason) {
        Ok(_) => Ok(true),
        // A thing has no bytes to restrict; it is on the list all the same.
        Err(StoreError::Input(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The hosts that a capture came from.
fn came_from(content: &ExhibitContent) -> BTreeSet<String> {
    let record = content.record.as_ref().and_then(|record| serde_json::from_value::<CaptureRecord>(record["record"].clone()).ok());
    let urls: Vec<String> = record.map(|record| record.fetches.into_iter().map(|fetch| fetch.url).collect()).unwrap_or_default();
    hosts(&urls).unwrap_or_default()
}

/// Refuses to capture from a host of an accident that nobody has taken over; asked before an order and while it runs.
///
/// # Errors
/// Law 7 with what to do.
pub(crate) fn stops(desk: &Desk, scope: &Scope, hosts: &BTreeSet<String>) -> Result<(), StoreError> {
    for row in desk.store.list(scope, ACCIDENT)?.into_iter().filter(|row| row.state == OPEN) {
        let accident: AccidentContent = row.content()?;
        if let Some(host) = accident.hosts.intersection(hosts).next() {
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
    let views = rows.iter().map(|row| view(desk, &row.state, row.content()?)).collect::<Result<Vec<_>, _>>()?;
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
    view(desk, "acknowledged", taken.map_or_else(|| first.content(), Ok)?)
}

fn view(desk: &Desk, state: &str, accident: AccidentContent) -> Result<AccidentView, StoreError> {
    let acknowledged = accident.acknowledged.map(|one| Ok::<_, StoreError>((desk.name_of(&one.by)?.0, one.note))).transpose()?;
    Ok(AccidentView {
        exhibit: accident.exhibit,
        state: state.into(),
        by: desk.name_of(&accident.by)?.0,
        at: accident.at,
        reason: accident.reason,
        locked: accident.locked,
        hosts: accident.hosts,
        acknowledged,
    })
}
