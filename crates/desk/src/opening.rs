//! Whether an item may be opened while known-hash lists restrict anything (law 7): only after a whole examination
//! compared what is inside it with every one of these lists.
//!
//! What cannot be examined whole (encrypted, beyond a bound, of a format that is not read) is opened on the word of a
//! second person, with a reason, in one event. It refuses the word of the person who opens, an item that nobody
//! tried to examine, and an item that is restricted. A list that comes later asks for all of it anew.

use model::{Law, Moment, action::Action, actor::Role, event::EventType, id::ActorId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Intent, NewEvent, Permit, Scope, StoreError};

use crate::{
    Desk,
    admit::{self, ExhibitView},
    examine::Derivation,
    known,
    row::{Draft, for_action, fresh_blob},
};

const KIND: &str = "opening";

/// A second person's word that an item which was not compared whole may be opened (sealed under the case key).
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Opening {
    exhibit: String,
    by: ActorId,
    at: Moment,
    reason: String,
    /// The restricting lists of that moment: for one that comes later it says nothing.
    lists: Vec<String>,
}

/// The same as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct OpeningView {
    /// `E-0001`.
    pub exhibit: String,
    /// Who allowed it.
    pub allowed_by: String,
    /// When.
    pub at: Moment,
    /// Why.
    pub reason: String,
}

fn holds(lists: &[String], wanted: &[String]) -> bool {
    wanted.iter().all(|list| lists.contains(list))
}

/// The examinations of an item that compared with all of these lists and were not stopped from outside.
fn examined(desk: &Desk, scope: &Scope, exhibit: &str, wanted: &[String]) -> Result<Vec<Derivation>, StoreError> {
    let rows = desk.store.list_of(scope, "derivation", exhibit)?;
    let ended = rows.iter().filter(|row| row.state != "running").map(|row| row.content::<Derivation>()).collect::<Result<Vec<_>, _>>()?;
    Ok(ended.into_iter().filter(|one| one.came_to_an_end() && holds(&one.lists, wanted)).collect())
}

/// Refuses bytes that were not compared inside and out with every list that restricts.
///
/// # Errors
/// Law 7, with what to do.
pub(crate) fn looked_through(desk: &Desk, scope: &Scope, view: &ExhibitView) -> Result<(), StoreError> {
    let wanted = known::restricting(desk)?;
    if wanted.is_empty() || view.content.length == Some(0) {
        return Ok(());
    }
    let (label, examined) = (&view.exhibit, examined(desk, scope, &view.id, &wanted)?);
    if examined.iter().any(Derivation::unpacked_whole) {
        return Ok(());
    }
    if examined.is_empty() {
        let text = format!("what is inside {label} was not compared with the known-hash lists yet: run `lanternfish examine` on {label} first, to its end, then open it");
        return Err(StoreError::refused(Law::Restricted, text));
    }
    let mut own = false;
    for row in desk.store.list_of(scope, KIND, &view.id)? {
        let opening: Opening = row.content()?;
        if !holds(&opening.lists, &wanted) {
            continue;
        }
        if opening.by != *scope.actor() {
            return Ok(());
        }
        own = true;
    }
    let what = if own { "you allowed it yourself, so another person opens it" } else { "a supervisor or prosecutor other than you allows it with `lanternfish exhibit allow-opening`" };
    Err(StoreError::refused(Law::Restricted, format!("{label} could not be examined whole, so not all that is inside it was compared with the known-hash lists: {what}")))
}

/// A supervisor or prosecutor allows others to open an item that cannot be examined whole.
///
/// # Errors
/// Law 7 for other roles and restricted items; when it was not examined, or needs no word.
pub fn allow(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, reason: &str) -> Result<OpeningView, StoreError> {
    for_action(permit, Action::Administer)?;
    let row = admit::row(desk, scope, label)?;
    let view = admit::view(desk, &row)?;
    admit::usable_blob(&view)?;
    if !matches!(scope.role(), Role::Supervisor | Role::Prosecutor) {
        let text = format!("{}: only a supervisor or a prosecutor allows an item to be opened that could not be examined whole", view.exhibit);
        return Err(desk.store.refuse(scope, &Intent::to(Action::Administer), Law::Restricted, text)?);
    }
    let lists = known::restricting(desk)?;
    let examined = examined(desk, scope, &view.id, &lists)?;
    if lists.is_empty() || examined.iter().any(Derivation::unpacked_whole) {
        return Err(StoreError::input(format!("{} needs no such word: open it with `lanternfish exhibit view`", view.exhibit)));
    }
    if examined.is_empty() {
        return Err(StoreError::input(format!("{0} was not examined to its end yet: run `lanternfish examine` on {0} first; only what cannot be examined whole is opened on a second person's word", view.exhibit)));
    }
    let opening = Opening { exhibit: view.exhibit.clone(), by: scope.actor().clone(), at: desk.now(), reason: reason.into(), lists };
    let id = fresh_blob()?.to_string().replace(model::id::BlobId::PREFIX, "opening-");
    let write = Draft::new(KIND, id, "allowed").under(&view.id).write(scope, opening.at, &opening)?;
    let detail = json!({"exhibit": view.exhibit, "reason": reason});
    desk.store.commit(scope, permit, NewEvent::new(EventType::OpeningAllowed, Some(view.id.clone()), detail), vec![write])?;
    Ok(OpeningView { exhibit: view.exhibit, allowed_by: desk.name_of(&opening.by)?.0, at: opening.at, reason: opening.reason })
}
