//! The filter queue: what may be privileged, seen by the filter team, told to the holder, and released by another
//! person or kept for good (law 7). The rules stand in `model::filter`.
//!
//! Lists hold no content. Bytes are opened for the filter team only, under a permit to filter, with an event first. A
//! release takes all exhibits with the same bytes, and none in which another restricted one stands. It sends nothing.

use std::collections::BTreeSet;

use model::{
    Law, Moment,
    action::Action,
    actor::Role,
    authority::Authority,
    event::EventType,
    exhibit::ExhibitClass,
    filter::{End, FilterError, FilterFile, Notice, Objection, Order, Proposal, order_releases},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Intent, NewEvent, Permit, Row, Scope, StoreError, Write, class_of};

use crate::{
    Desk,
    admit::{self, ExhibitContent},
    facts::Facts,
    reclassify,
    row::{Draft, exhibit_label, for_action, parse_label},
};

/// What a row of the queue holds (sealed under the case key).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct FilterContent {
    /// `E-0001`.
    exhibit: String,
    /// What was said.
    file: FilterFile,
    /// Files that ended before the item became privileged again.
    #[serde(default)]
    earlier: Vec<FilterFile>,
}

/// An item of the queue as it is shown: no content.
#[derive(Debug, Clone, Serialize)]
pub struct FilterView {
    /// `E-0001`.
    pub exhibit: String,
    /// What it is, as it was typed.
    pub description: String,
    /// When it came in.
    pub admitted: Moment,
    /// Its class now.
    pub class: ExhibitClass,
    /// `waiting`, `proposed-privileged`, `proposed-not-privileged`, `notified`, `objected`, `kept` or `released`.
    pub state: String,
    /// Who of the filter team said what, and why.
    pub proposed: Option<(String, String)>,
    /// Holders that were told, how, and until when each may object.
    pub notices: Vec<(String, String, Moment)>,
    /// Who objects, and why.
    pub objections: Vec<(String, String)>,
    /// Who ended it, and why.
    pub ended: Option<(String, String)>,
}

/// The queue and what was decided in it; one consultation event with its count.
///
/// # Errors
/// When the permit is for another action.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<FilterView>, StoreError> {
    filter_or_correct(permit)?;
    let mut views = Vec::new();
    for row in desk.store.list(scope, "exhibit")? {
        let content: ExhibitContent = row.content()?;
        let (filed, of_row) = file(desk, scope, &row)?;
        if content.class == ExhibitClass::Privileged || filed.is_some() {
            views.push(view(desk, &row, &content, &of_row.file)?);
        }
    }
    desk.store.commit(scope, permit, NewEvent::new(EventType::FilterConsulted, None, json!({"count": views.len()})), vec![])?;
    Ok(views)
}

/// The filter team stands on its own action, everybody else on the duty to the defence.
fn filter_or_correct(permit: &Permit) -> Result<(), StoreError> {
    if permit.action() == Action::Filter { Ok(()) } else { for_action(permit, Action::Correct) }
}

/// The action on which a person in this role writes into the queue.
pub fn action_of(role: Role) -> Action {
    if role == Role::FilterTeam { Action::Filter } else { Action::Correct }
}

/// What a person in this role asks for before a step about one item: the filter team asks for that item and no other.
///
/// # Errors
/// When this is no number of an exhibit.
pub fn intent_for(role: Role, label: &str) -> Result<Intent, StoreError> {
    let intent = Intent::to(action_of(role));
    Ok(if role == Role::FilterTeam { intent.aimed_at(exhibit_label(parse_label(label, 'E')?)) } else { intent })
}

/// What anybody asks for who wants to look at an item of the queue; only the filter team is given it.
///
/// # Errors
/// When this is no number of an exhibit.
pub fn intent_to_view(label: &str) -> Result<Intent, StoreError> {
    intent_for(Role::FilterTeam, label)
}

/// A permit to open restricted items is for the item that it names (law 7).
pub(crate) fn for_item(permit: &Permit, label: &str) -> Result<(), StoreError> {
    if matches!(permit.action(), Action::Filter | Action::Supervise) && permit.target() != Some(label) {
        return Err(StoreError::refused(Law::Permit, format!("this permit to {} was not asked for {label}", permit.action())));
    }
    Ok(())
}

fn view(desk: &Desk, row: &Row, content: &ExhibitContent, file: &FilterFile) -> Result<FilterView, StoreError> {
    let proposed = file.proposal().map(|one| Ok::<_, StoreError>((desk.name_of(&one.by)?.0, one.reason.clone()))).transpose()?;
    let ended = match &file.end {
        Some(End::Kept { by, reason, .. } | End::Released { by, reason, .. }) => Some((desk.name_of(by)?.0, reason.clone())),
        None => None,
    };
    Ok(FilterView {
        exhibit: exhibit_label(row.number.unwrap_or(0)),
        description: content.told().into(),
        admitted: content.admitted,
        class: content.class,
        state: file.state().into(),
        proposed,
        notices: file.notices.iter().map(|one| (one.holder.clone(), one.how.clone(), one.until)).collect(),
        objections: file.objections.iter().map(|one| (one.by.clone(), one.reason.clone())).collect(),
        ended,
    })
}

/// The row of an exhibit in the queue, if it has one, and what it says. A release ends with its item; when the item
/// became privileged again, a new file begins.
fn file(desk: &Desk, scope: &Scope, exhibit: &Row) -> Result<(Option<Row>, FilterContent), StoreError> {
    let label = exhibit_label(exhibit.number.unwrap_or(0));
    let Some(row) = desk.store.list_of(scope, "filter", &exhibit.id)?.into_iter().next() else {
        return Ok((None, FilterContent { exhibit: label, ..FilterContent::default() }));
    };
    let mut content: FilterContent = row.content()?;
    let privileged = exhibit.content::<ExhibitContent>()?.class == ExhibitClass::Privileged;
    if privileged && matches!(content.file.end, Some(End::Released { .. })) {
        content.earlier.push(std::mem::take(&mut content.file));
    }
    Ok((Some(row), content))
}

fn write(desk: &Desk, scope: &Scope, exhibit: &Row, row: Option<&Row>, content: &FilterContent) -> Result<Write, StoreError> {
    let mut draft = Draft::new("filter", format!("{}/filter", exhibit.id), content.file.state()).under(&exhibit.id);
    if let Some(row) = row {
        draft = draft.over(row);
    }
    draft.write(scope, desk.now(), content)
}

fn refused<T>(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, why: &impl ToString) -> Result<T, StoreError> {
    Err(desk.store.refuse(scope, &Intent::to(permit.action()), Law::Restricted, format!("{label}: {}", why.to_string()))?)
}

/// The exhibit, when it is in the queue.
fn queued(desk: &Desk, scope: &Scope, permit: &Permit, label: &str) -> Result<(Row, ExhibitContent), StoreError> {
    let row = admit::row(desk, scope, label)?;
    let content: ExhibitContent = row.content()?;
    let why = match content.class {
        ExhibitClass::Privileged => return Ok((row, content)),
        ExhibitClass::Contraband => "it is contraband, which no filter opens or releases: see `lanternfish viewing --help`",
        _ => "it is not in the queue: only what may be privileged is (`lanternfish exhibit reclassify --class privileged`)",
    };
    refused(desk, scope, permit, &exhibit_label(row.number.unwrap_or(0)), &why)
}

/// One step of the queue: the machine's answer, the row and the event in one transaction.
fn step(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, kind: EventType, detail: Value, go: impl Fn(FilterFile) -> Result<FilterFile, FilterError>) -> Result<FilterView, StoreError> {
    filter_or_correct(permit)?;
    let (exhibit, of_exhibit) = queued(desk, scope, permit, label)?;
    let label = exhibit_label(exhibit.number.unwrap_or(0));
    for_item(permit, &label)?;
    let (row, mut content) = file(desk, scope, &exhibit)?;
    content.file = match go(content.file.clone()) {
        Ok(file) => file,
        Err(error) => return refused(desk, scope, permit, &label, &error),
    };
    let mut detail = detail;
    detail["exhibit"] = json!(label);
    let rows = vec![write(desk, scope, &exhibit, row.as_ref(), &content)?];
    desk.store.commit(scope, permit, NewEvent::new(kind, Some(exhibit.id.clone()), detail), rows)?;
    view(desk, &exhibit, &of_exhibit, &content.file)
}

/// Opens an item of the queue for a person of the filter team and writes its bytes to `sink`: an event first.
///
/// # Errors
/// Law 7 for anything that is not in the queue; laws 1, 5 and 15.
pub fn open(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, purpose: &str, sink: &mut impl std::io::Write) -> Result<FilterView, StoreError> {
    for_action(permit, Action::Filter)?;
    let (row, content) = queued(desk, scope, permit, label)?;
    let label = exhibit_label(row.number.unwrap_or(0));
    for_item(permit, &label)?;
    let file = file(desk, scope, &row)?.1.file;
    if file.end.is_some() {
        return refused(desk, scope, permit, &label, &FilterError::Ended);
    }
    if row.state == "locked" {
        return Err(StoreError::refused(Law::Integrity, format!("{label} is locked: its bytes did not match; a supervisor decides")));
    }
    let blob = content.blob.as_ref().ok_or_else(|| StoreError::input(format!("{label} is a thing: it has no bytes")))?;
    let mut readable = match desk.store.read_restricted(scope, permit, blob) {
        Ok(readable) => readable,
        Err(error) => return Err(admit::anomaly(desk, scope, &row, error)?),
    };
    let event = NewEvent::new(EventType::FilterViewed, Some(row.id.clone()), json!({"exhibit": label, "purpose": purpose}));
    desk.store.commit(scope, permit, event, vec![])?;
    if let Err(error) = admit::copy_restricted(desk, scope, permit, &mut readable, sink) {
        return Err(admit::anomaly(desk, scope, &row, error)?);
    }
    view(desk, &row, &content, &file)
}

/// The filter team says whether an item is privileged.
///
/// # Errors
/// Law 7 with what to do.
pub fn propose(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, privileged: bool, reason: &str) -> Result<FilterView, StoreError> {
    let proposal = Proposal { privileged, by: scope.actor().clone(), at: desk.now(), reason: reason.into() };
    let detail = json!({"privileged": privileged, "reason": reason});
    step(desk, scope, permit, label, EventType::FilterProposed, detail, |file| file.propose(scope.role(), proposal.clone()))
}

/// Notes that the holder of the privilege was told, and until when he may object.
///
/// # Errors
/// Law 7 with what to do.
pub fn notify(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, holder: &str, how: &str, until: Moment) -> Result<FilterView, StoreError> {
    let notice = Notice { holder: holder.into(), how: how.into(), at: desk.now(), by: scope.actor().clone(), until };
    let detail = json!({"holder": holder, "how": how, "until": until});
    step(desk, scope, permit, label, EventType::FilterNotified, detail, |file| file.notify(scope.role(), notice.clone()))
}

/// Notes an objection: it stops every release until a court decides.
///
/// # Errors
/// Law 7 when it was decided already.
pub fn object(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, by: &str, reason: &str) -> Result<FilterView, StoreError> {
    let objection = Objection { by: by.into(), reason: reason.into(), at: desk.now(), noted_by: scope.actor().clone() };
    step(desk, scope, permit, label, EventType::FilterObjected, json!({"by": by, "reason": reason}), |file| file.object(objection.clone()))
}

/// Keeps an item as privileged for good.
///
/// # Errors
/// Law 7 for another role.
pub fn keep(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, reason: &str) -> Result<FilterView, StoreError> {
    let at = desk.now();
    step(desk, scope, permit, label, EventType::FilterKept, json!({"reason": reason}), |file| file.keep(scope.role(), scope.actor(), at, reason))
}

/// What is typed when an item is released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Which, such as E-0001.
    pub exhibit: String,
    /// The court's order that ends the holder's time or objection: its id.
    pub decision: Option<String>,
    /// Its class afterwards.
    pub to: ExhibitClass,
    /// Why.
    pub reason: String,
}

/// Releases an item, every exhibit with the same bytes, and what was unpacked from them, in one event.
///
/// # Errors
/// Law 7 with what is missing.
pub fn release(desk: &Desk, scope: &Scope, permit: &Permit, typed: &Release) -> Result<FilterView, StoreError> {
    for_action(permit, Action::Administer)?;
    reclassify::again(|| try_release(desk, scope, permit, typed))
}

fn try_release(desk: &Desk, scope: &Scope, permit: &Permit, typed: &Release) -> Result<FilterView, StoreError> {
    let (exhibit, _) = queued(desk, scope, permit, &typed.exhibit)?;
    let (label, now) = (exhibit_label(exhibit.number.unwrap_or(0)), desk.now());
    let mut group = reclassify::group(desk, scope, &exhibit.id)?;
    if let Some((row, _)) = group.exhibits.iter().find(|(_, content)| content.class == ExhibitClass::Contraband) {
        return refused(desk, scope, permit, &label, &format!("{} goes with it and is contraband, which nobody releases: {label} stays as it is", exhibit_label(row.number.unwrap_or(0))));
    }
    if group.blobs.iter().map(class_of).collect::<Result<Vec<_>, _>>()?.contains(&ExhibitClass::Contraband) {
        return refused(desk, scope, permit, &label, &"something that was unpacked from it is contraband, which nobody releases: it stays as it is");
    }
    group.exhibits.retain(|(_, content)| content.class == ExhibitClass::Privileged);
    let files = group.exhibits.iter().map(|(row, _)| file(desk, scope, row)).collect::<Result<Vec<_>, _>>()?;
    // What was said of a copy was said of these bytes.
    if let Some((_, kept)) = files.iter().find(|(_, one)| matches!(one.file.end, Some(End::Kept { .. }))) {
        return refused(desk, scope, permit, &label, &format!("{} has the same bytes and is kept as privileged for good", kept.exhibit));
    }
    let says = |one: &FilterFile| one.end.is_none() && one.proposal().is_some_and(|proposal| proposal.privileged);
    if let Some((_, said)) = files.iter().find(|(_, one)| says(&one.file)) {
        return refused(desk, scope, permit, &label, &format!("{}: {}", said.exhibit, FilterError::SaidPrivileged));
    }
    let mut whole = file(desk, scope, &exhibit)?.1.file;
    for (_, other) in files.iter().filter(|(_, other)| other.exhibit != label) {
        whole.objections.extend(other.file.objections.iter().cloned());
        whole.notices.extend(other.file.notices.iter().cloned());
    }
    let order = typed.decision.as_deref().map(|id| desk.store.get(scope, "authority", id)?.content::<Authority>()).transpose()?;
    if let Some(order) = &order {
        let labels: Vec<&Row> = group.exhibits.iter().map(|(row, _)| row).collect();
        let named = Order { authority: order, recorded: recorded(desk, scope, order)?, looked: looked(desk, scope, &labels, order)? };
        if let Err(error) = order_releases(named, scope.case(), &label, files.iter().filter_map(|(_, one)| one.file.last_word()).max(), now) {
            return refused(desk, scope, permit, &label, &error);
        }
    }
    let order = order.map(|order| order.id);
    let end = match whole.release(scope.role(), scope.actor(), now, &typed.reason, order.clone(), typed.to) {
        Ok(file) => file.end,
        Err(error) => return refused(desk, scope, permit, &label, &error),
    };
    let mut rows = Vec::new();
    for ((row, content), (filed, of_row)) in group.exhibits.iter().zip(&files) {
        rows.push(reclassify::with_class(desk, scope, row, content, typed.to)?);
        let released = FilterContent { file: FilterFile { end: end.clone(), ..of_row.file.clone() }, ..of_row.clone() };
        rows.push(write(desk, scope, row, filed.as_ref(), &released)?);
    }
    for blob in &group.blobs {
        if class_of(blob)? == ExhibitClass::Privileged {
            rows.push(desk.store.released_blob(scope, blob, typed.to)?);
        }
    }
    let labels: BTreeSet<String> = group.exhibits.iter().map(|(row, _)| exhibit_label(row.number.unwrap_or(0))).collect();
    let there: BTreeSet<String> = rows.iter().map(|row| row.head.id.clone()).collect();
    rows.extend(reclassify::ended_with(desk, scope, &group, &labels, typed.to)?.into_iter().filter(|row| !there.contains(&row.head.id)));
    let detail = json!({"exhibit": label, "released": labels, "to": typed.to, "reason": typed.reason, "order": order});
    desk.store.commit(scope, permit, NewEvent::new(EventType::FilterReleased, Some(exhibit.id.clone()), detail), rows)?;
    let row = admit::row(desk, scope, &label)?;
    view(desk, &row, &row.content()?, &file(desk, scope, &row)?.1.file)
}

/// The exhibits that were released and are not restricted again, each with the time of its release.
pub(crate) fn released(desk: &Desk, scope: &Scope) -> Result<Vec<(String, Moment)>, StoreError> {
    let mut released = Vec::new();
    for row in desk.store.list(scope, "filter")? {
        let (content, Some(exhibit)): (FilterContent, _) = (row.content()?, &row.parent) else { continue };
        let Some(End::Released { at, .. }) = content.file.end else { continue };
        if !desk.store.get(scope, "exhibit", exhibit)?.content::<ExhibitContent>()?.class.is_restricted() {
            released.push((exhibit.clone(), at));
        }
    }
    Ok(released)
}

/// When an order was written into the records, as the log says.
fn recorded(desk: &Desk, scope: &Scope, order: &Authority) -> Result<Moment, StoreError> {
    let events = desk.store.events_about(scope, order.id.as_str())?;
    events.first().map(|(event, _)| event.leaf.time).ok_or_else(|| StoreError::damaged("an order that no event speaks of"))
}

/// Whether the filter team looked at one of these items under this authority.
fn looked(desk: &Desk, scope: &Scope, exhibits: &[&Row], order: &Authority) -> Result<bool, StoreError> {
    for row in exhibits {
        let of_item = desk.store.events_about(scope, &row.id)?;
        let under = |detail: &Value| detail["ground"]["of"] == order.id.as_str();
        if of_item.iter().any(|(event, detail)| event.leaf.event_type == EventType::FilterViewed && under(detail)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether an item is, was or may be privileged, whatever its class is now: a mark that stands says so, or the queue
/// does and has not released it.
pub(crate) fn may_be_privileged(desk: &Desk, scope: &Scope, exhibit: &Row) -> Result<bool, StoreError> {
    let label = exhibit_label(exhibit.number.unwrap_or(0));
    let (filed, of_row) = file(desk, scope, exhibit)?;
    let released = if let Some(End::Released { at, .. }) = of_row.file.end { Some(at) } else { None };
    if filed.is_some() && released.is_none() {
        return Ok(true);
    }
    let privileged = ExhibitClass::Privileged;
    let says = |one: &reclassify::Reclassification| Some(one.at) > released && one.reached.iter().any(|reached| reached.exhibit == label && (one.to == privileged || reached.from == privileged));
    Ok(exhibit.content::<ExhibitContent>()?.class == privileged || reclassify::standing(desk, scope)?.iter().any(|(_, one)| says(one)))
}

/// What a package says of releases: every one, and a release by somebody who also works in the case.
pub(crate) fn limits(desk: &Desk, facts: &Facts) -> Result<Vec<String>, StoreError> {
    let works = facts.actors_of(&[EventType::ExhibitAdmitted, EventType::CaptureEnded, EventType::FindingAdded]);
    let mut limits = Vec::new();
    for (event, detail) in facts.events.iter().filter(|(event, _)| event.leaf.event_type == EventType::FilterReleased) {
        let exhibit = detail["exhibit"].as_str().unwrap_or("");
        limits.push(format!("released from the filter: {exhibit} (event {})", event.leaf.seq));
        if let Some(actor) = event.leaf.actor.as_ref().filter(|actor| works.contains(actor)) {
            limits.push(format!("who released {exhibit} from the filter also works in the case: {}", desk.name_of(actor)?.0));
        }
    }
    Ok(limits)
}
