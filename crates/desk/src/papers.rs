//! The small papers of custody: labels of exhibits, and the slip of a transfer or of a custody out of the ordinary.
//!
//! They show and prove nothing beyond the log: printing one is an event for each exhibit on it, and the digest of a
//! restricted item is printed on none (law 7). What the person's permit does not reach is on no paper: then none is made.

use ledger::tree::leaf_hash;
use model::{Sha256Digest, action::Action, event::EventType};
use report::{Jurisdiction, Label, Paper, SlipEvent, Standing, Transfer};
use serde_json::{Value, json};
use store::{NewEvent, Permit, Scope, StoreError, StoredEvent};

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

/// Most labels of one step.
const MOST_LABELS: usize = 200;

/// A paper that may be made, with the exhibits on it.
pub struct Ready {
    paper: Paper,
    on_it: Vec<ExhibitView>,
}

impl Ready {
    /// `label` or `slip`.
    pub fn kind(&self) -> &'static str {
        self.paper.kind()
    }

    /// The exhibits on it, with the class that each had when the paper was made: who keeps what was printed asks again.
    pub fn items(&self) -> Value {
        self.on_it.iter().map(|view| json!({"exhibit": view.exhibit, "class": view.content.class})).collect()
    }
}

/// The labels of exhibits, a sheet each, in the language of the case's jurisdiction.
///
/// # Errors
/// When there is no such exhibit, or one that the permit does not reach: then there is no paper at all.
pub fn labels(desk: &Desk, scope: &Scope, permit: &Permit, exhibits: &[String]) -> Result<Ready, StoreError> {
    for_action(permit, Action::View)?;
    if exhibits.len() > MOST_LABELS {
        return Err(StoreError::input(format!("at most {MOST_LABELS} labels are printed at a time")));
    }
    let on_it = exhibits.iter().map(|exhibit| reached(desk, scope, permit, exhibit)).collect::<Result<Vec<_>, _>>()?;
    let case = case::content(desk, scope)?.0;
    let jurisdiction = Jurisdiction::named(&case.content.jurisdiction).map_err(input)?;
    let label = |view: &ExhibitView| Label {
        language: jurisdiction.language,
        jurisdiction: jurisdiction.clone(),
        case_number: case.case.clone(),
        agency: desk.store.config().agency.clone(),
        exhibit: view.exhibit.clone(),
        kind: view.content.kind,
        class: view.content.class,
        description: told(view),
        digest: exhibit_row(view, &[]).digest,
        seal_number: view.content.physical.as_ref().map(|item| plain(&item.seal_number)),
        condition: view.content.physical.as_ref().map(|item| plain(&item.condition)),
        source: printed_source(&view.content.source),
        admitted_at: view.content.admitted,
        admitted_by: view.content.admitted_by.clone(),
        synthetic: desk.store.config().training,
    };
    let paper = Label::paper(&on_it.iter().map(label).collect::<Vec<_>>()).map_err(input)?;
    Ok(Ready { paper, on_it })
}

/// The slip of a transfer (`xfer-…`), or of the last interim custody or reassignment of an exhibit (`E-0001`).
///
/// # Errors
/// When there is no such transfer, or the exhibit was always in ordinary custody.
pub fn slip(desk: &Desk, scope: &Scope, permit: &Permit, what: &str) -> Result<Ready, StoreError> {
    for_action(permit, Action::View)?;
    let (view, slip) = if what.starts_with(model::id::TransferId::PREFIX) {
        transfer_slip(desk, scope, permit, what)?
    } else {
        unusual_slip(desk, scope, permit, what)?
    };
    Ok(Ready { paper: slip.paper().map_err(input)?, on_it: vec![view] })
}

/// The paper as a PDF.
///
/// # Errors
/// The typesetting child.
pub fn print(desk: &Desk, scope: &Scope, permit: &Permit, ready: &Ready) -> Result<Vec<u8>, StoreError> {
    let request = serde_json::from_value(ready.paper.request()).map_err(input)?;
    let set = set(desk, &request)?;
    if set.pdf.len() as u64 > MOST {
        return Err(StoreError::damaged("a paper that is far too long"));
    }
    note(desk, scope, permit, ready, json!(Sha256Digest::of(&set.pdf)))?;
    Ok(set.pdf)
}

/// What stands on the paper, for the printer of a browser.
///
/// # Errors
/// When the events cannot be written.
pub fn shown(desk: &Desk, scope: &Scope, permit: &Permit, ready: &Ready) -> Result<Value, StoreError> {
    note(desk, scope, permit, ready, Value::Null)?;
    let mut shown = ready.paper.shown();
    shown["items"] = ready.items();
    Ok(shown)
}

/// An event for each exhibit on the paper, before anybody has it.
fn note(desk: &Desk, scope: &Scope, permit: &Permit, ready: &Ready, pdf: Value) -> Result<(), StoreError> {
    let what = ready.paper.kind();
    for view in &ready.on_it {
        let detail = json!({"purpose": format!("{what} printed"), "exhibit": view.exhibit, "pdf": pdf});
        desk.store.commit(scope, permit, NewEvent::new(EventType::ExhibitViewed, Some(view.id.clone()), detail), vec![])?;
    }
    Ok(())
}

/// What it is, without the name of a restricted item's file.
fn told(view: &ExhibitView) -> String {
    plain(view.content.told())
}

/// An exhibit that the permit reaches.
fn reached(desk: &Desk, scope: &Scope, permit: &Permit, label: &str) -> Result<ExhibitView, StoreError> {
    let view = admit::view(desk, &admit::row(desk, scope, label)?)?;
    desk.store.cover_item(scope, permit, &view.content.origin, Some(&view.id))?;
    Ok(view)
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
        description: told(view),
        class: view.content.class,
        digest: exhibit_row(view, &[]).digest,
        seal_number: view.content.physical.as_ref().map(|item| plain(&item.seal_number)),
        condition: view.content.physical.as_ref().map(|item| plain(&item.condition)),
        from: String::new(),
        to: String::new(),
        standing: Standing::Offered,
        purpose: String::new(),
        refusal: String::new(),
        receiver_check: String::new(),
        events: vec![],
        printed_at: desk.now(),
        synthetic: desk.store.config().training,
    })
}

fn transfer_slip(desk: &Desk, scope: &Scope, permit: &Permit, id: &str) -> Result<(ExhibitView, Transfer), StoreError> {
    let row = desk.store.get(scope, "transfer", id)?;
    let content: TransferContent = row.content()?;
    let view = reached(desk, scope, permit, &content.offer.label)?;
    let name = |id: &str| id.parse().map_err(StoreError::damaged).and_then(|actor| Ok(desk.name_of(&actor)?.0));
    let of_it = |detail: &Value| detail["offer"]["transfer"] == row.id.as_str() || detail["transfer"] == row.id.as_str();
    let told: Vec<_> = desk.store.events_about(scope, &view.id)?.into_iter().filter(|(_, detail)| of_it(detail)).collect();
    let events: Vec<SlipEvent> = told.iter().filter_map(|(event, _)| slip_event(event)).collect();
    let refusal = told.iter().rfind(|(event, _)| event.leaf.event_type == EventType::TransferRefused);
    let slip = Transfer {
        transfer_id: row.id.clone(),
        from: name(&content.offer.from)?,
        to: name(&content.offer.to)?,
        standing: events.last().map_or(Standing::Offered, |event| event.standing),
        purpose: plain(&content.offer.purpose),
        refusal: refusal.map_or_else(String::new, |(_, detail)| plain(detail["reason"].as_str().unwrap_or_default())),
        receiver_check: content.acceptance.as_ref().map_or_else(String::new, |a| receiver_check(&a.seal, &a.condition)),
        events,
        ..blank_slip(desk, scope, &view)?
    };
    Ok((view, slip))
}

/// An event of a transfer, as its slip tells it; none for any other event.
fn slip_event(event: &StoredEvent) -> Option<SlipEvent> {
    let standing = match event.leaf.event_type {
        EventType::TransferOffered => Standing::Offered,
        EventType::TransferAccepted => Standing::Accepted,
        EventType::TransferRefused => Standing::Refused,
        EventType::InterimCustody => Standing::Interim,
        EventType::CustodyReassigned => Standing::Reassigned,
        _ => return None,
    };
    Some(SlipEvent { seq: event.leaf.seq, standing, at: event.leaf.time, leaf: leaf_hash(&event.bytes) })
}

fn receiver_check(seal: &str, condition: &str) -> String {
    if seal.is_empty() && condition.is_empty() { "SHA-256 =".into() } else { plain(&format!("{seal}; {condition}")) }
}

/// The slip of a custody that came about without two signatures: the last one of the exhibit.
fn unusual_slip(desk: &Desk, scope: &Scope, permit: &Permit, label: &str) -> Result<(ExhibitView, Transfer), StoreError> {
    let view = reached(desk, scope, permit, label)?;
    let events = desk.store.events_about(scope, &view.id)?;
    let last = events.iter().rfind(|(event, _)| matches!(event.leaf.event_type, EventType::InterimCustody | EventType::CustodyReassigned));
    let (event, detail) = last.ok_or_else(|| StoreError::input(format!("{label} was never in interim custody and never reassigned: name a transfer (xfer-…)")))?;
    let hands = hands(desk, event, detail)?.ok_or_else(|| StoreError::damaged("a change of custody without people"))?;
    let told = slip_event(event).ok_or_else(|| StoreError::damaged("a change of custody that is none"))?;
    let slip = Transfer {
        transfer_id: format!("#{}", event.leaf.seq),
        from: hands.from,
        to: hands.to,
        standing: told.standing,
        purpose: plain(&hands.reason),
        events: vec![told],
        ..blank_slip(desk, scope, &view)?
    };
    Ok((view, slip))
}
