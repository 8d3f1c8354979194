//! The offence matrix (law 9): elements of a charge against the findings of the case, with the gaps. A person
//! places each finding; nothing is placed by itself, and nothing here says that an element is proved. It is
//! the prosecution's own paper: no package carries it.

use model::{
    action::Action,
    charge::{Bearing, Charge, KnownFinding, Matrix, Side},
    event::EventType,
};
use serde::Serialize;
use serde_json::json;
use store::{NewEvent, Permit, Row, Scope, StoreError, vault::secret::random_16};

use crate::{
    Desk, conclude,
    row::{Draft, finding_label, for_action, parse_label},
};

/// A charge as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct ChargeView {
    /// `C-0001`.
    pub charge: String,
    /// Its id in the ledger.
    pub id: String,
    /// The offence.
    pub offence: String,
    /// Where it stands in the law.
    pub provision: String,
    /// Elements, findings and gaps.
    #[serde(flatten)]
    pub matrix: Matrix,
}

/// `C-0001`.
pub fn charge_label(number: i64) -> String {
    format!("C-{number:04}")
}

/// Writes a charge with its elements.
///
/// # Errors
/// When it has no element.
pub fn add(desk: &Desk, scope: &Scope, permit: &Permit, offence: &str, provision: &str, elements: &[String]) -> Result<ChargeView, StoreError> {
    for_action(permit, Action::Conclude)?;
    if elements.is_empty() {
        return Err(StoreError::input("a charge has elements: name each with --element"));
    }
    let charge = Charge { offence: offence.into(), provision: provision.into(), elements: elements.to_vec(), bearings: vec![] };
    let id = format!("charge-{}", hex::encode(random_16()?));
    let row = Draft::new("charge", id.clone(), "stands").numbered().write(scope, desk.now(), &charge)?;
    let detail = serde_json::to_value(&charge).map_err(crate::office::input)?;
    desk.store.commit(scope, permit, NewEvent::new(EventType::ChargeWritten, Some(id.clone()), detail), vec![row])?;
    view(desk, scope, &desk.store.get(scope, "charge", &id)?, &charge)
}

/// Places a finding on an element of a charge, for it or against it.
///
/// # Errors
/// When there is no such charge, element or finding, or it stands there already.
pub fn place(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, element: usize, finding: &str, side: Side) -> Result<ChargeView, StoreError> {
    for_action(permit, Action::Conclude)?;
    let number = parse_label(label, 'C')?;
    let row = desk.store.list(scope, "charge")?.into_iter().find(|row| row.number == Some(number));
    let row = row.ok_or_else(|| StoreError::input(format!("there is no charge {label} in this case: see `lanternfish charge list`")))?;
    let mut charge: Charge = row.content()?;
    if !(1..=charge.elements.len()).contains(&element) {
        return Err(StoreError::input(format!("this charge has {} elements, counted from 1: there is no number {element}", charge.elements.len())));
    }
    let finding = finding_label(parse_label(finding, 'F')?);
    if !conclude::all(desk, scope)?.iter().any(|one| one.finding == finding) {
        return Err(StoreError::input(format!("there is no finding {finding} in this case: see `lanternfish finding list`")));
    }
    if charge.bearings.iter().any(|one| one.element == element && one.finding == finding) {
        return Err(StoreError::input(format!("{finding} stands at element {element} already")));
    }
    charge.bearings.push(Bearing { element, finding: finding.clone(), side, by: scope.actor().clone(), at: desk.now() });
    let write = Draft::new("charge", row.id.clone(), "stands").over(&row).write(scope, desk.now(), &charge)?;
    let detail = json!({"charge": charge_label(number), "element": element, "finding": finding, "side": side});
    desk.store.commit(scope, permit, NewEvent::new(EventType::ChargeWritten, Some(row.id.clone()), detail), vec![write])?;
    view(desk, scope, &row, &charge)
}

/// Every charge with its matrix: one consultation event with its count.
///
/// # Errors
/// When the permit is not to query.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<ChargeView>, StoreError> {
    for_action(permit, Action::Query)?;
    let views = all(desk, scope)?;
    desk.store.commit(scope, permit, NewEvent::new(EventType::FindingConsulted, None, json!({"charges": views.len()})), vec![])?;
    Ok(views)
}

/// Every charge with its matrix; the caller's step writes the event.
pub(crate) fn all(desk: &Desk, scope: &Scope) -> Result<Vec<ChargeView>, StoreError> {
    desk.store.list(scope, "charge")?.iter().map(|row| view(desk, scope, row, &row.content()?)).collect()
}

fn view(desk: &Desk, scope: &Scope, row: &Row, charge: &Charge) -> Result<ChargeView, StoreError> {
    let known = |finding: conclude::FindingView| KnownFinding { label: finding.finding, kind: finding.content.kind, exculpatory: finding.content.exculpatory };
    let findings: Vec<KnownFinding> = conclude::all(desk, scope)?.into_iter().map(known).collect();
    Ok(ChargeView {
        charge: charge_label(row.number.unwrap_or(0)),
        id: row.id.clone(),
        offence: charge.offence.clone(),
        provision: charge.provision.clone(),
        matrix: charge.matrix(&findings),
    })
}
