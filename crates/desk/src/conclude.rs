//! Findings: one statement each, with method, error rate and what speaks against it (law 9).

use model::{Law, action::Action, event::EventType, finding::{Finding, FindingKind}};
use serde::Serialize;
use serde_json::json;
use store::{Intent, NewEvent, Permit, Scope, StoreError};

use crate::{
    Desk,
    admit::{self, ExhibitContent},
    authority, errata, examine,
    facts::{case_events, is_null_query, unsearched},
    report_draft,
    reclassify,
    row::{Draft, finding_label, for_action, fresh_finding},
};

/// A finding as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct FindingView {
    /// `F-0001`.
    pub finding: String,
    /// Its id in the ledger.
    pub id: String,
    /// The event that wrote it.
    pub event: u64,
    /// Whether its words are held back, because an exhibit under it became privileged later (law 7).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// What it says.
    #[serde(flatten)]
    pub content: Finding,
}

/// Writes a finding.
///
/// # Errors
/// When an exhibit does not exist, or method or error rate are missing; law 1 when the authority does not
/// reach an exhibit; law 9 for a search without result in what was not examined to its end.
pub fn add(desk: &Desk, scope: &Scope, permit: &Permit, finding: &Finding) -> Result<FindingView, StoreError> {
    for_action(permit, Action::Conclude)?;
    let finding = complete(desk, scope, permit, finding)?;
    let id = fresh_finding()?.to_string();
    let row = Draft::new("finding", id.clone(), "stands").numbered().write(scope, desk.now(), &finding)?;
    let detail = serde_json::to_value(&finding).map_err(crate::office::input)?;
    let done = desk.store.commit(scope, permit, NewEvent::new(EventType::FindingAdded, Some(id.clone()), detail), vec![row])?;
    let number = done.numbers.first().copied().flatten().unwrap_or(0);
    Ok(FindingView { finding: finding_label(number), id, event: done.event, held: false, content: finding })
}

fn complete(desk: &Desk, scope: &Scope, permit: &Permit, finding: &Finding) -> Result<Finding, StoreError> {
    let mut finding = finding.clone();
    if finding.text.trim().is_empty() {
        return Err(StoreError::input("a finding needs its statement (--text)"));
    }
    if finding.method.trim().is_empty() {
        return Err(StoreError::input("a finding needs its method and version (--method)"));
    }
    if finding.error_rate.trim().is_empty() {
        return Err(StoreError::input("a finding needs its error rate (--error-rate), or the words \"not known\""));
    }
    if finding.exhibits.is_empty() {
        return Err(StoreError::input("a finding rests on exhibits, a search without result too: name at least one (--exhibit E-0001)"));
    }
    for label in &mut finding.exhibits {
        let row = admit::row(desk, scope, label)?;
        let view = admit::view(desk, &row)?;
        desk.store.cover_item(scope, permit, &view.content.origin, Some(&view.id))?;
        if finding.kind == FindingKind::NullSearch && view.content.class.is_restricted() {
            let text = format!("{} is restricted and nobody here searches it, so nothing can be called absent from it: leave it out", view.exhibit);
            return Err(desk.store.refuse(scope, &Intent::to(Action::Conclude), Law::Statement, text)?);
        }
        if finding.kind == FindingKind::NullSearch && view.content.blob.is_some() && !examine::is_whole(desk, scope, &row)? {
            let text = format!("{} was not examined to its end, so nothing can be called absent from it: run `lanternfish examine` and see its gaps", view.exhibit);
            return Err(desk.store.refuse(scope, &Intent::to(Action::Conclude), Law::Statement, text)?);
        }
        *label = crate::row::exhibit_label(row.number.unwrap_or(0));
    }
    check_queries(desk, scope, &finding)?;
    Ok(finding)
}

/// The logged searches that a finding names must be questions of this case that found nothing, and none
/// of its exhibits may be one that such a search did not go through to the end (law 9).
fn check_queries(desk: &Desk, scope: &Scope, finding: &Finding) -> Result<(), StoreError> {
    if finding.queries.is_empty() {
        return Ok(());
    }
    if finding.kind != FindingKind::NullSearch {
        return Err(StoreError::input("only a search without result rests on a logged search (--query): leave it out, or add --kind null-search"));
    }
    let events = case_events(desk, scope)?;
    for number in &finding.queries {
        let asked = events.iter().find(|(event, detail)| event.leaf.seq == *number && is_null_query(event, detail));
        let gap = asked.map(|(_, detail)| unsearched(detail).into_iter().find(|label| finding.exhibits.contains(label)));
        let text = match gap {
            Some(None) => continue,
            Some(Some(exhibit)) => format!("the search of event {number} did not go through {exhibit} to its end, so nothing can be called absent from it: examine it and ask again"),
            None => format!("event {number} is no search of this case that found nothing: `lanternfish selectors` names the event of each question"),
        };
        return Err(desk.store.refuse(scope, &Intent::to(Action::Conclude), Law::Statement, text)?);
    }
    Ok(())
}

/// Every finding, without the words of those that are held back; the caller's step writes the event.
///
/// # Errors
/// When the records cannot be read.
pub fn all(desk: &Desk, scope: &Scope) -> Result<Vec<FindingView>, StoreError> {
    let rows = desk.store.list(scope, "finding")?;
    let views = rows
        .iter()
        .map(|row| {
            Ok(FindingView {
                finding: finding_label(row.number.unwrap_or(0)),
                id: row.id.clone(),
                event: row.event,
                held: false,
                content: row.content()?,
            })
        })
        .collect::<Result<Vec<_>, StoreError>>();
    let mut views = views?;
    reclassify::hold_back(desk, scope, &mut views)?;
    Ok(views)
}

/// Takes the words out of findings that rest on what is in quarantine; their numbers stay. Gives how many.
fn close_quarantined(desk: &Desk, scope: &Scope, permit: &Permit, views: &mut [FindingView]) -> Result<usize, StoreError> {
    if authority::unratified(desk, scope)?.is_empty() {
        return Ok(0);
    }
    let mut closed = 0;
    for view in views {
        let rows = view.content.exhibits.iter().filter_map(|label| admit::row(desk, scope, label).ok());
        let origins = rows.map(|row| Ok(row.content::<ExhibitContent>()?.origin));
        let origins = origins.collect::<Result<Vec<_>, StoreError>>()?;
        let mut under = origins.iter().filter(|origin| origin.under.is_some());
        if under.try_fold(false, |out, origin| Ok::<_, StoreError>(out || !desk.store.covers(scope, permit, origin)?))? {
            view.content.text = "in quarantine: it rests on what came in under an emergency authority that no written order has ratified".into();
            view.content.method.clear();
            view.content.counter_evidence.clear();
            closed += 1;
        }
    }
    Ok(closed)
}

/// Lists the findings: one consultation event with its count.
///
/// # Errors
/// When the permit is not to query.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<FindingView>, StoreError> {
    for_action(permit, Action::Query)?;
    let (views, closed) = shown(desk, scope, permit)?;
    let event = NewEvent::new(EventType::FindingConsulted, None, json!({"count": views.len(), "in_quarantine": closed}));
    desk.store.commit(scope, permit, event, vec![])?;
    Ok(views)
}

/// Every finding as a list shows it, and how many of them are in quarantine; the caller's step writes the event.
pub(crate) fn shown(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<(Vec<FindingView>, usize), StoreError> {
    let mut views = all(desk, scope)?;
    errata::mark(&errata::all(desk, scope)?, &mut views, &mut [], report_draft::frame_of_errata("en")?);
    let closed = close_quarantined(desk, scope, permit, &mut views)?;
    Ok((views, closed))
}
