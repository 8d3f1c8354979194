//! Custody of exhibits: out and in, offered, accepted, refused, interim, reassigned (law 4).
//!
//! The giver signs the offer and the receiver signs the acceptance, each with his own key in his own
//! session; the receiver's program re-hashes the bytes, or he states seal and condition of a thing.

use base64::{Engine, engine::general_purpose::STANDARD};
use model::{
    Law, Moment,
    action::Action,
    actor::Role,
    custody::{Custody, CustodyStep},
    event::EventType,
    exhibit::ExhibitKind,
    id::TransferId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Intent, NewEvent, Permit, Row, Scope, Session, StoreError, Write};

use crate::{
    Desk,
    admit::{self, ExhibitContent, ExhibitView},
    row::{Draft, exhibit_label, for_action, fresh_transfer},
};

/// A transfer: what both people sign (canonical JSON of this, without the signatures).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferStatement {
    /// Which transfer.
    pub transfer: TransferId,
    /// `offer` or `accept`.
    pub step: String,
    /// The exhibit's id in the ledger.
    pub exhibit: String,
    /// Its number.
    pub label: String,
    /// SHA-256 of its bytes; empty for a thing.
    pub sha256: String,
    /// Seal number of a thing; empty for bytes.
    pub seal: String,
    /// Condition of a thing as this person saw it; empty for bytes.
    pub condition: String,
    /// Who gives (id in the ledger).
    pub from: String,
    /// Who receives.
    pub to: String,
    /// Why.
    pub purpose: String,
    /// When this person signed.
    pub time: Moment,
}

/// A transfer's row (sealed under the case key).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferContent {
    /// What the giver signed.
    pub offer: TransferStatement,
    /// His signature (ECDSA P-256 over the canonical statement, DER, base64).
    pub offer_signature: String,
    /// His certificate (DER, base64).
    pub offer_certificate: String,
    /// What the receiver signed.
    pub acceptance: Option<TransferStatement>,
    /// The receiver's signature.
    pub acceptance_signature: Option<String>,
    /// The receiver's certificate.
    pub acceptance_certificate: Option<String>,
}

/// A transfer as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct TransferView {
    /// Its id.
    pub transfer: String,
    /// `offered`, `accepted` or `refused`.
    pub state: String,
    /// The exhibit.
    pub exhibit: String,
    /// Name of the giver.
    pub from: String,
    /// Name of the receiver.
    pub to: String,
    /// Why.
    pub purpose: String,
}

/// What the receiver of a thing states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealCheck {
    /// The seal number he reads.
    pub seal_number: String,
    /// The condition he sees.
    pub condition: String,
}

/// Takes an exhibit out for a purpose.
///
/// # Errors
/// Law 4 when it is not in the person's custody.
pub fn check_out(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, purpose: &str) -> Result<ExhibitView, StoreError> {
    simple_step(desk, scope, permit, label, &CustodyStep::CheckOut, EventType::CheckedOut, json!({"purpose": purpose}))
}

/// Brings it back.
///
/// # Errors
/// Law 4 when it was not out with this person; law 5 when its bytes changed.
pub fn check_in(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, condition: &str) -> Result<ExhibitView, StoreError> {
    let row = admit::row(desk, scope, label)?;
    admit::rehash(desk, scope, permit, &row)?;
    simple_step(desk, scope, permit, label, &CustodyStep::CheckIn, EventType::CheckedIn, json!({"condition": condition}))
}

/// Takes an exhibit into interim custody: no second person was there, and every paper says so. From a
/// custodian who still works on the case only when the taker declares that he cannot be reached.
///
/// # Errors
/// Law 4, also while the custodian can sign himself; law 5 when its bytes changed.
pub fn take_interim(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, unreachable: bool, reason: &str) -> Result<ExhibitView, StoreError> {
    if reason.trim().is_empty() {
        return Err(StoreError::input("interim custody needs its reason: why was no second person there?"));
    }
    let row = admit::row(desk, scope, label)?;
    let content: ExhibitContent = row.content()?;
    let custodian = content.custody.custodian();
    let why = match lost(desk, scope, custodian)? {
        Some(why) => why,
        None if unreachable || custodian == scope.actor() => "declared unreachable by the taker",
        None => return refused(desk, scope, Law::Custody, STILL_HERE),
    };
    admit::rehash(desk, scope, permit, &row)?;
    let detail = json!({"reason": with_custodian(reason, why), "custodian": why});
    simple_step(desk, scope, permit, label, &CustodyStep::TakeInterim, EventType::InterimCustody, detail)
}

/// A supervisor gives a lost custodian's item to another person. Who still works here and holds a key of
/// the case is lost only when the supervisor declares that he cannot be reached; the log keeps which.
///
/// # Errors
/// Law 4 for other roles, for a custodian who can sign himself, and for an item given to oneself.
pub fn reassign(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, to: &str, unreachable: bool, reason: &str) -> Result<ExhibitView, StoreError> {
    if scope.role() != Role::Supervisor {
        return refused(desk, scope, Law::Custody, "only a supervisor reassigns a lost custodian's items");
    }
    let to_user = member_by_name(desk, scope, to)?;
    if to_user == *scope.actor() {
        return refused(desk, scope, Law::Custody, "you cannot reassign an item to yourself: take it into interim custody, which is printed as such");
    }
    let content: ExhibitContent = admit::row(desk, scope, label)?.content()?;
    let why = match lost(desk, scope, content.custody.custodian())? {
        Some(why) => why,
        None if unreachable => "declared unreachable by the supervisor",
        None => return refused(desk, scope, Law::Custody, STILL_HERE),
    };
    let step = CustodyStep::Reassign { to: to_user };
    simple_step(desk, scope, permit, label, &step, EventType::CustodyReassigned, json!({"to": to, "reason": with_custodian(reason, why), "custodian": why}))
}

/// The reason as papers print it: with what was declared or found of the custodian.
fn with_custodian(reason: &str, why: &str) -> String {
    format!("{} (the custodian: {why})", reason.trim())
}

const STILL_HERE: &str =
    "the custodian works on this case: he offers the item himself (`transfer offer`); if he cannot be reached, say so with --unreachable";

/// Why a custodian counts as lost, if he does.
fn lost(desk: &Desk, scope: &Scope, custodian: &model::id::ActorId) -> Result<Option<&'static str>, StoreError> {
    if desk.store.user(custodian)?.state != "active" {
        return Ok(Some("has no keys here any more"));
    }
    let member = crate::case::members(desk, scope.case())?.iter().any(|(actor, _, _)| actor == custodian);
    Ok((!member).then_some("is no longer a member of the case"))
}

fn refused<T>(desk: &Desk, scope: &Scope, law: Law, text: &str) -> Result<T, StoreError> {
    Err(desk.store.refuse(scope, &Intent::to(Action::Transfer), law, text.to_string())?)
}

fn member_by_name(desk: &Desk, scope: &Scope, name: &str) -> Result<model::id::ActorId, StoreError> {
    let user = desk.store.user_by_name(name)?;
    if crate::case::members(desk, scope.case())?.iter().any(|(actor, _, _)| *actor == user.actor) {
        return Ok(user.actor);
    }
    Err(StoreError::input(format!("{name} is not a member of this case: add this person first (`lanternfish case member add`)", name = model::quoted(name))))
}

fn simple_step(
    desk: &Desk,
    scope: &Scope,
    permit: &Permit,
    label: &str,
    step: &CustodyStep,
    event_type: EventType,
    detail: Value,
) -> Result<ExhibitView, StoreError> {
    for_action(permit, Action::Transfer)?;
    let row = admit::row(desk, scope, label)?;
    let (write, before, after) = stepped(desk, scope, &row, step)?;
    let mut detail = detail;
    detail["exhibit"] = json!(exhibit_label(row.number.unwrap_or(0)));
    detail["custody"] = json!({"from": desk.name_of(before.custodian())?.0, "to": desk.name_of(after.custodian())?.0, "interim": after.is_interim()});
    desk.store.commit(scope, permit, NewEvent::new(event_type, Some(row.id.clone()), detail), vec![write])?;
    admit::view(desk, &admit::row(desk, scope, label)?).map(ExhibitView::shown)
}

/// The exhibit's row after a step of custody; a refusal by law 4 is an event.
fn stepped(desk: &Desk, scope: &Scope, row: &Row, step: &CustodyStep) -> Result<(Write, Custody, Custody), StoreError> {
    let mut content: ExhibitContent = row.content()?;
    let before = content.custody.clone();
    let after = match before.after(step, scope.actor()) {
        Ok(after) => after,
        Err(error) => return refused(desk, scope, Law::Custody, error.text),
    };
    content.custody = after.clone();
    let mut draft = Draft::new("exhibit", row.id.clone(), &row.state).over(row);
    if let Some(digest) = content.sha256 {
        draft = draft.found_by("exhibit.sha256", digest.hex());
    }
    Ok((draft.write(scope, desk.now(), &content)?, before, after))
}

/// Offers an exhibit to another person; the giver signs.
///
/// # Errors
/// Law 4 for oneself or an item that one does not hold.
pub fn offer(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, label: &str, to: &str, purpose: &str) -> Result<TransferView, StoreError> {
    for_action(permit, Action::Transfer)?;
    let row = admit::row(desk, scope, label)?;
    let receiver = member_by_name(desk, scope, to)?;
    let transfer = fresh_transfer()?;
    let step = CustodyStep::Offer { to: receiver.clone(), transfer: transfer.clone() };
    let (exhibit_row, _, _) = stepped(desk, scope, &row, &step)?;
    admit::rehash(desk, scope, permit, &row)?;
    let content: ExhibitContent = row.content()?;
    let statement = TransferStatement {
        transfer: transfer.clone(),
        step: "offer".into(),
        exhibit: row.id.clone(),
        label: exhibit_label(row.number.unwrap_or(0)),
        sha256: signed_digest(&content),
        seal: content.physical.as_ref().map_or(String::new(), |p| p.seal_number.clone()),
        condition: content.physical.as_ref().map_or(String::new(), |p| p.condition.clone()),
        from: scope.actor().to_string(),
        to: receiver.to_string(),
        purpose: purpose.into(),
        time: desk.now(),
    };
    let transfer_content = TransferContent {
        offer_signature: sign(session, &statement)?,
        offer_certificate: STANDARD.encode(session.certificate()),
        offer: statement,
        acceptance: None,
        acceptance_signature: None,
        acceptance_certificate: None,
    };
    let transfer_row = Draft::new("transfer", transfer.to_string(), "offered").under(&row.id).write(scope, desk.now(), &transfer_content)?;
    let detail = json!({"offer": transfer_content.offer, "signature": transfer_content.offer_signature, "to": to});
    desk.store.commit(scope, permit, NewEvent::new(EventType::TransferOffered, Some(row.id.clone()), detail), vec![exhibit_row, transfer_row])?;
    shown(desk, transfer.as_str(), "offered", transfer_content)
}

/// The digest that both sign. A restricted item's digest stands nowhere in the clear, but this
/// statement is sealed under the case key.
fn signed_digest(content: &ExhibitContent) -> String {
    content.sha256.map_or(String::new(), |digest| digest.hex())
}

fn sign(session: &Session, statement: &TransferStatement) -> Result<String, StoreError> {
    let bytes = model::canonical::to_bytes(statement).map_err(crate::office::input)?;
    Ok(STANDARD.encode(session.sign(&bytes)?))
}

/// Accepts what was offered: re-hash or seal check, then the receiver's signature. Two different
/// people, two keys, two sessions.
///
/// # Errors
/// Law 4 when it is not for this person or the check disagrees; law 5 when the bytes changed.
pub fn accept(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, transfer: &str, check: Option<&SealCheck>) -> Result<TransferView, StoreError> {
    for_action(permit, Action::Transfer)?;
    let transfer_row = desk.store.get(scope, "transfer", transfer)?;
    let mut content: TransferContent = transfer_row.content()?;
    check_offer(&content)?;
    let row = exhibit_of(desk, scope, &transfer_row)?;
    let exhibit: ExhibitContent = row.content()?;
    let agrees = receiver_agrees(desk, scope, permit, &row, &exhibit, &content.offer, check)?;
    let step = CustodyStep::Accept { transfer: transfer.parse().map_err(crate::office::input)?, rehash_matches: agrees };
    let (exhibit_row, _, _) = stepped(desk, scope, &row, &step)?;
    let acceptance = TransferStatement {
        step: "accept".into(),
        seal: check.map_or(String::new(), |c| c.seal_number.clone()),
        condition: check.map_or(String::new(), |c| c.condition.clone()),
        time: desk.now(),
        ..content.offer.clone()
    };
    content.acceptance_signature = Some(sign(session, &acceptance)?);
    content.acceptance_certificate = Some(STANDARD.encode(session.certificate()));
    content.acceptance = Some(acceptance);
    let transfer_write = Draft::new("transfer", transfer, "accepted").over(&transfer_row).write(scope, desk.now(), &content)?;
    let detail = json!({
        "offer": content.offer, "offer-signature": content.offer_signature, "acceptance": content.acceptance,
        "acceptance-signature": content.acceptance_signature,
    });
    desk.store.commit(scope, permit, NewEvent::new(EventType::TransferAccepted, Some(row.id.clone()), detail), vec![exhibit_row, transfer_write])?;
    shown(desk, transfer, "accepted", content)
}

/// The giver's signature must hold under the certificate that signed it, before anything counts.
fn check_offer(content: &TransferContent) -> Result<(), StoreError> {
    let broken = || StoreError::refused(Law::Custody, "the giver's signature does not hold: refuse the transfer and tell the supervisor");
    let bytes = model::canonical::to_bytes(&content.offer).map_err(crate::office::input)?;
    let der = crate::office::decode_base64(&content.offer_certificate)?;
    let certificate = seal::Certificate::from_der(&der).map_err(|_| broken())?;
    let signature = crate::office::decode_base64(&content.offer_signature)?;
    let point = certificate.key().subject_public_key.as_bytes().unwrap_or_default();
    if store::signature_holds(point, &bytes, &signature) { Ok(()) } else { Err(broken()) }
}

fn exhibit_of(desk: &Desk, scope: &Scope, transfer: &Row) -> Result<Row, StoreError> {
    let id = transfer.parent.as_deref().ok_or_else(|| StoreError::damaged("a transfer without an exhibit"))?;
    desk.store.get(scope, "exhibit", id)
}

fn receiver_agrees(
    desk: &Desk,
    scope: &Scope,
    permit: &Permit,
    row: &Row,
    exhibit: &ExhibitContent,
    offer: &TransferStatement,
    check: Option<&SealCheck>,
) -> Result<bool, StoreError> {
    if exhibit.kind == ExhibitKind::Physical {
        let check = check.ok_or_else(|| StoreError::input("this is a physical item: state what you see with --seal-number NUMBER --condition TEXT"))?;
        return Ok(check.seal_number.trim() == offer.seal);
    }
    let digest = admit::rehash(desk, scope, permit, row)?;
    Ok(digest.map_or(String::new(), |d| d.hex()) == offer.sha256)
}

/// Declines an offer, or withdraws one's own.
///
/// # Errors
/// Law 4 when it is not this person's to refuse.
pub fn refuse(desk: &Desk, scope: &Scope, permit: &Permit, transfer: &str, reason: &str) -> Result<TransferView, StoreError> {
    for_action(permit, Action::Transfer)?;
    let transfer_row = desk.store.get(scope, "transfer", transfer)?;
    let content: TransferContent = transfer_row.content()?;
    let row = exhibit_of(desk, scope, &transfer_row)?;
    let step = CustodyStep::Refuse { transfer: transfer.parse().map_err(crate::office::input)? };
    let (exhibit_row, _, _) = stepped(desk, scope, &row, &step)?;
    let write = Draft::new("transfer", transfer, "refused").over(&transfer_row).write(scope, desk.now(), &content)?;
    let event = NewEvent::new(EventType::TransferRefused, Some(row.id.clone()), json!({"transfer": transfer, "reason": reason}));
    desk.store.commit(scope, permit, event, vec![exhibit_row, write])?;
    shown(desk, transfer, "refused", content)
}

/// Every transfer of the case; one consultation event.
///
/// # Errors
/// When the records cannot be read.
pub fn transfers(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<TransferView>, StoreError> {
    for_action(permit, Action::Transfer)?;
    let views: Vec<TransferView> = desk.store.list(scope, "transfer")?.iter().map(|row| transfer_of(desk, row)).collect::<Result<_, _>>()?;
    let event = NewEvent::new(EventType::Queried, None, json!({"query": "transfers", "count": views.len()}));
    desk.store.commit(scope, permit, event, vec![])?;
    Ok(views)
}

/// Every transfer with what both people signed; the caller's step writes the event.
pub(crate) fn signed(desk: &Desk, scope: &Scope) -> Result<Vec<(TransferView, TransferContent)>, StoreError> {
    desk.store.list(scope, "transfer")?.iter().map(|row| Ok((transfer_of(desk, row)?, row.content()?))).collect()
}

fn transfer_of(desk: &Desk, row: &Row) -> Result<TransferView, StoreError> {
    shown(desk, &row.id, &row.state, row.content()?)
}

fn shown(desk: &Desk, transfer: &str, state: &str, content: TransferContent) -> Result<TransferView, StoreError> {
    let name = |id: &str| id.parse().map_err(StoreError::damaged).and_then(|actor| Ok(desk.name_of(&actor)?.0));
    Ok(TransferView {
        transfer: transfer.to_string(),
        state: state.to_string(),
        exhibit: content.offer.label.clone(),
        from: name(&content.offer.from)?,
        to: name(&content.offer.to)?,
        purpose: content.offer.purpose,
    })
}
