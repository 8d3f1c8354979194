//! The small papers of custody: the label of an exhibit, and the slip of a transfer or of an interim custody.
//!
//! They show and prove nothing beyond the log: printing one is an event, and the digest of a restricted
//! item is printed on none (law 7).

use model::{Sha256Digest, action::Action, event::EventType};
use report::{Jurisdiction, Label, Transfer};
use serde_json::{Value, json};
use store::{NewEvent, Permit, Scope, StoreError};

use crate::{
    Desk,
    admit::{self, ExhibitView},
    case,
    custody::TransferContent,
    facts::{hands, plain, printed_source},
    office::input,
    report_draft::exhibit_row,
    report_step::set,
    row::for_action,
};

/// The largest paper that is handled in memory, in bytes.
const MOST: u64 = 256 << 20;

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
        source: printed_source(&view.content.source),
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
    desk.store.cover_item(scope, permit, &view.content.origin, Some(&view.id))?;
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
        transfer_id: format!("#{}", event.leaf.seq),
        from: hands.from,
        receiver_check: hands.to,
        offered_at: event.leaf.time,
        purpose: plain(&hands.reason),
        interim: true,
        ..blank_slip(desk, scope, &view)?
    };
    Ok((view, slip))
}
