//! The release of an item that no authority of the case reaches (laws 1 and 9): what is out of scope is sealed and
//! only counted, unless a life is in danger or it may speak for the suspect.
//!
//! The rules are the state machine of `model::release`; here are the steps, each with an event. It refuses what a
//! release cannot open: a restricted item, what is in quarantine, and what the asker's authority reaches anyway.

use model::{
    Law, Moment,
    action::Action,
    authority::Authority,
    event::EventType,
    release::{Because, Release, ReleaseError, Standing},
};
use serde::Serialize;
use serde_json::json;
use store::{Intent, NewEvent, Permit, Row, Scope, StoreError};

use crate::{
    Desk,
    admit::{self, ExhibitView},
    row::{Draft, exhibit_label, for_action, fresh_release},
};

const KIND: &str = "release";

/// A release as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReleaseView {
    /// `E-0001`.
    pub exhibit: String,
    /// Why.
    pub because: Because,
    /// Why, in words.
    pub reason: String,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub asked: Moment,
    /// `waiting`, `open`, `released`, `refused` or `lapsed`.
    pub state: String,
    /// Until when it is open on one person's word.
    pub open_until: Option<Moment>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided: Option<Moment>,
    /// Why.
    pub decision: Option<String>,
}

impl ReleaseView {
    /// Whether a second person released it for good.
    pub fn is_for_good(&self) -> bool {
        self.state == Standing::Released.name()
    }
}

fn view(desk: &Desk, label: String, release: &Release) -> Result<ReleaseView, StoreError> {
    let standing = release.standing(desk.now());
    let decision = release.decision.as_ref();
    Ok(ReleaseView {
        exhibit: label,
        because: release.because,
        reason: release.reason.clone(),
        asked_by: desk.name_of(&release.asked_by)?.0,
        asked: release.asked,
        state: standing.name().into(),
        open_until: if let Standing::Open(until) = standing { Some(until) } else { None },
        decided_by: decision.map(|decision| desk.name_of(&decision.by)).transpose()?.map(|(name, _)| name),
        decided: decision.map(|decision| decision.at),
        decision: decision.map(|decision| decision.reason.clone()),
    })
}

/// The newest release of an exhibit, and how many there were.
fn newest(desk: &Desk, scope: &Scope, exhibit: &Row) -> Result<(usize, Option<(Row, Release)>), StoreError> {
    let rows = desk.store.list_of(scope, KIND, &exhibit.id)?;
    let count = rows.len();
    let rounds = rows.into_iter().map(|row| Ok((row.content::<Release>()?, row))).collect::<Result<Vec<_>, StoreError>>()?;
    let newest = rounds.into_iter().max_by_key(|(release, row)| (release.asked, row.event));
    Ok((count, newest.map(|(release, row)| (row, release))))
}

fn word(release: &Release, now: Moment) -> &'static str {
    release.standing(now).name()
}

/// What needs no release, or cannot have one.
fn releasable(desk: &Desk, scope: &Scope, view: &ExhibitView) -> Result<(), StoreError> {
    admit::usable_blob(view)?;
    let origin = &view.content.origin;
    if let Some(id) = &origin.under {
        let emergency: Authority = desk.store.get(scope, "authority", id.as_str())?.content()?;
        if emergency.ratified.is_none() {
            let text = format!("{} came in under the emergency authority {id}, which no written order has ratified: a release does not open what is in quarantine; record the order and ratify with `lanternfish authority ratify`", view.exhibit);
            return Err(desk.store.refuse(scope, &Intent::to(Action::Release), Law::Permit, text)?);
        }
    }
    if desk.store.would_permit(scope, &Intent::to(Action::View).on(origin))? {
        return Err(StoreError::input(format!("{} needs no release: your authority reaches it; open it with `lanternfish exhibit view`", view.exhibit)));
    }
    Ok(())
}

/// Asks for the release of an item. For a threat to life it is open from now on, for 48 hours on one person's word;
/// after a release of it was refused or lapsed, another person decides first.
///
/// # Errors
/// Laws 1, 5 and 7 for what a release cannot open; what is open, waits, or needs none.
pub fn ask(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, because: Because, reason: &str) -> Result<ReleaseView, StoreError> {
    for_action(permit, Action::Release)?;
    let row = admit::row(desk, scope, label)?;
    let exhibit = admit::view(desk, &row)?;
    releasable(desk, scope, &exhibit)?;
    let (rounds, old) = newest(desk, scope, &row)?;
    if let Some((_, old)) = old.filter(|(_, old)| !old.standing(desk.now()).is_over()) {
        return Err(StoreError::input(format!("{} has a release already, which is {}: see `lanternfish exhibit releases`", exhibit.exhibit, word(&old, desk.now()))));
    }
    let now = desk.now();
    let asked = Release::ask(fresh_release()?, because, reason.into(), scope.actor().clone(), now);
    let release = if rounds > 0 { asked.once_more() } else { asked };
    // One row for each round: of two people who ask at once, one is told to look again.
    let id = format!("{}/release-{}", row.id, rounds + 1);
    let write = Draft::new(KIND, id, word(&release, now)).under(&row.id).write(scope, now, &release)?;
    let detail = json!({"exhibit": exhibit.exhibit, "release": release.id, "because": because, "reason": reason, "state": word(&release, now)});
    desk.store.commit(scope, permit, NewEvent::new(EventType::ReleaseAsked, Some(row.id.clone()), detail), vec![write])?;
    view(desk, exhibit.exhibit, &release)
}

/// A supervisor or prosecutor other than the asker decides.
///
/// # Errors
/// Law 1 for the asker himself and for other roles; when its time is over.
pub fn decide(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, approved: bool, reason: &str) -> Result<ReleaseView, StoreError> {
    for_action(permit, Action::Release)?;
    let row = admit::row(desk, scope, label)?;
    let label = exhibit_label(row.number.unwrap_or(0));
    let nothing = || StoreError::input(format!("nobody asked for a release of {label}: see `lanternfish exhibit releases`"));
    let (old, mut release) = newest(desk, scope, &row)?.1.ok_or_else(nothing)?;
    let now = desk.now();
    match release.decide(approved, scope.actor(), scope.role(), reason.into(), now) {
        Ok(()) => {}
        Err(error @ ReleaseError::NotThisPerson(_)) => {
            return Err(desk.store.refuse(scope, &Intent::to(Action::Release), Law::Permit, format!("{label}: {error}"))?);
        }
        Err(error) => return Err(StoreError::input(format!("{label}: {error}"))),
    }
    let write = Draft::new(KIND, old.id.clone(), word(&release, now)).over(&old).write(scope, now, &release)?;
    let detail = json!({"exhibit": label, "release": release.id, "approved": approved, "reason": reason, "because": release.because});
    desk.store.commit(scope, permit, NewEvent::new(EventType::ReleaseDecided, Some(row.id.clone()), detail), vec![write])?;
    view(desk, label, &release)
}

/// Every release of the case; the caller's step writes the event.
pub(crate) fn all(desk: &Desk, scope: &Scope) -> Result<Vec<ReleaseView>, StoreError> {
    let exhibits = desk.store.list(scope, "exhibit")?;
    let mut views = Vec::new();
    for row in desk.store.list(scope, KIND)? {
        // Of an exhibit that was erased nothing is told here any more; its events stand.
        if let Some(exhibit) = exhibits.iter().find(|exhibit| Some(&exhibit.id) == row.parent.as_ref()) {
            views.push(view(desk, exhibit_label(exhibit.number.unwrap_or(0)), &row.content()?)?);
        }
    }
    Ok(views)
}

/// Every release of the case; one consultation event.
///
/// # Errors
/// When the records cannot be read.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<ReleaseView>, StoreError> {
    for_action(permit, Action::Release)?;
    let views = all(desk, scope)?;
    let event = NewEvent::new(EventType::ReleaseConsulted, None, json!({"count": views.len()}));
    desk.store.commit(scope, permit, event, vec![])?;
    Ok(views)
}
