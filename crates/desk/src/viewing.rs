//! Supervised viewing: restricted bytes are shown once to one named person, in the session of whoever is present, and
//! go into a pipe, never into a file (law 7). The rules stand in `model::viewing`.
//!
//! The viewer may be the defence or a court, who hold no key of the case: he is invited by a row of the node that only
//! his own key opens, signs there that he is present, and signs afterwards what he was shown. The bytes are opened with
//! the key of the supervising member. It refuses a second opening, an output that keeps a copy, and one person alone.

use std::{fs::File, io::Write as _, os::unix::fs::FileTypeExt};

use base64::{Engine, engine::general_purpose::STANDARD};
use model::{
    Law, Moment, Sha256Digest,
    action::Action,
    actor::Role,
    authorize::NodeStep,
    event::EventType,
    exhibit::ExhibitClass,
    id::ActorId,
    viewing::{Viewing, ViewingError, action_for, permit as may_permit},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Basis, Content, Head, Intent, NewEvent, Number, Permit, Row, Scope, Session, StoreError, User, Write, vault::{secret::random_16, wrap::wrap_to}};

use crate::{
    Desk,
    admit::{self, ExhibitContent},
    office::{decode_base64, input},
    row::{Draft, case_label, exhibit_label, for_action, parse_label},
};

/// Kind of a row of the node that only one person's key opens.
const TICKET: &str = "notice";
/// What the viewer signs before.
const PRESENT: &str = "present";

/// What the viewer signs: which viewing, which invitation, and what he says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The viewing.
    pub viewing: String,
    /// SHA-256 of the invitation that only he can open: it names case and exhibit.
    pub invitation: Sha256Digest,
    /// `present`; afterwards `shown`, `shown-in-part` or `not-shown`.
    pub says: String,
    /// When he signed.
    pub time: Moment,
}

/// The same with his signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// What he signed, in canonical form.
    pub statement: Statement,
    /// His signature (ECDSA P-256, DER, base64).
    pub signature: String,
    /// His certificate (DER, base64).
    pub certificate: String,
}

/// What stands in a row of the node for one person (sealed under the agency key).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Ticket {
    /// What only he can open, base64.
    wrapped: String,
    /// SHA-256 of it, open.
    digest: Sha256Digest,
    /// What he answered.
    answers: Vec<Signed>,
}

/// What a viewing's row holds (sealed under the case key).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ViewingContent {
    exhibit: String,
    class: ExhibitClass,
    place: String,
    purpose: String,
    viewing: Viewing,
    /// SHA-256 of the invitation.
    invitation: Sha256Digest,
    /// That the viewer was present.
    #[serde(default)]
    present: Option<Signed>,
    /// What he says that he was shown.
    #[serde(default)]
    confirmed: Option<Signed>,
    /// Why it was closed without his word.
    #[serde(default)]
    note: String,
}

/// A viewing as it is shown in the case.
#[derive(Debug, Clone, Serialize)]
pub struct ViewingView {
    /// `V-0001`.
    pub viewing: String,
    /// Its id, by which the viewer knows it.
    pub id: String,
    /// `permitted`, `begun`, `ended` or `closed`.
    pub state: String,
    /// `E-0001`.
    pub exhibit: String,
    /// Its class.
    pub class: ExhibitClass,
    /// Who views.
    pub viewer: String,
    /// Who is present and opens it.
    pub supervisor: String,
    /// Who permitted it.
    pub permitted_by: String,
    /// Where.
    pub place: String,
    /// What for.
    pub purpose: String,
    /// Until when it may begin.
    pub until: Moment,
    /// When it began.
    pub begun: Option<Moment>,
    /// When it ended.
    pub ended: Option<Moment>,
    /// Whether it was shown to its end.
    pub whole: bool,
    /// What the viewer says that he was shown.
    pub confirmed: Option<String>,
    /// Why it was closed without his word.
    pub note: String,
}

/// `V-0001`.
pub fn viewing_label(number: i64) -> String {
    format!("V-{number:04}")
}

fn view(desk: &Desk, number: i64, id: &str, content: &ViewingContent) -> Result<ViewingView, StoreError> {
    let viewing = &content.viewing;
    Ok(ViewingView {
        viewing: viewing_label(number),
        id: id.to_string(),
        state: viewing.state().into(),
        exhibit: content.exhibit.clone(),
        class: content.class,
        viewer: desk.name_of(&viewing.viewer)?.0,
        supervisor: desk.name_of(&viewing.supervisor)?.0,
        permitted_by: desk.name_of(&viewing.permitted_by)?.0,
        place: content.place.clone(),
        purpose: content.purpose.clone(),
        until: viewing.until,
        begun: viewing.begun,
        ended: viewing.ended,
        whole: viewing.whole,
        confirmed: content.confirmed.as_ref().map(|signed| signed.statement.says.clone()),
        note: content.note.clone(),
    })
}

fn found(desk: &Desk, scope: &Scope, label: &str) -> Result<(Row, ViewingContent), StoreError> {
    let row = desk.store.numbered(scope, "viewing", parse_label(label, 'V')?)?;
    let row = row.ok_or_else(|| StoreError::input(format!("there is no viewing {label} in this case: see `lanternfish viewing list`")))?;
    let content = row.content()?;
    Ok((row, content))
}

fn refused<T>(desk: &Desk, scope: &Scope, permit: &Permit, error: ViewingError) -> Result<T, StoreError> {
    Err(desk.store.refuse(scope, &Intent::to(permit.action()), error.law(), error.to_string())?)
}

/// The action on which a person in this role lists and closes viewings.
pub fn action_of(role: Role) -> Action {
    crate::filter::action_of(role)
}

fn own_action(scope: &Scope, permit: &Permit) -> Result<(), StoreError> {
    for_action(permit, action_of(scope.role()))
}

/// Every viewing of the case; one consultation event with its count.
///
/// # Errors
/// When the permit is for another action.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<ViewingView>, StoreError> {
    own_action(scope, permit)?;
    let rows = desk.store.list(scope, "viewing")?;
    let views = rows.iter().map(|row| view(desk, row.number.unwrap_or(0), &row.id, &row.content()?)).collect::<Result<Vec<_>, _>>()?;
    desk.store.commit(scope, permit, NewEvent::new(EventType::ViewingConsulted, None, json!({"count": views.len()})), vec![])?;
    Ok(views)
}

// ---- permitting

/// What is typed when a viewing is permitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermitViewing {
    /// The restricted exhibit.
    pub exhibit: String,
    /// Name of who views.
    pub viewer: String,
    /// Name of who is present.
    pub supervisor: String,
    /// Where.
    pub place: String,
    /// What for.
    pub purpose: String,
    /// Until when it may begin.
    pub until: Moment,
}

/// A supervisor or prosecutor permits one viewing, and the viewer is invited.
///
/// # Errors
/// Law 7 with what to do.
pub fn permit(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, typed: &PermitViewing) -> Result<ViewingView, StoreError> {
    for_action(permit, Action::Administer)?;
    let exhibit = admit::row(desk, scope, &typed.exhibit)?;
    let content: ExhibitContent = exhibit.content()?;
    let (viewer, supervisor) = (desk.store.user_by_name(&typed.viewer)?, desk.store.user_by_name(&typed.supervisor)?);
    if !crate::case::members(desk, scope.case())?.iter().any(|(actor, _, _)| *actor == supervisor.actor) {
        return Err(StoreError::input(format!("{} is not a member of this case and cannot open the item: add this person first (`lanternfish case member add`)", model::quoted(&typed.supervisor))));
    }
    let (decider, sees, attends) = ((scope.actor(), scope.role()), (&viewer.actor, viewer.record.role), (&supervisor.actor, supervisor.record.role));
    let privileged = crate::filter::may_be_privileged(desk, scope, &exhibit)?;
    let viewing = match may_permit(content.class, privileged, decider, sees, attends, typed.until, desk.now()) {
        Ok(viewing) => viewing,
        Err(error) => return refused(desk, scope, permit, error),
    };
    let (id, label) = (format!("view-{}", hex::encode(random_16()?)), exhibit_label(exhibit.number.unwrap_or(0)));
    let case = desk.store.get(scope, "case", scope.case().as_str())?;
    let invitation = json!({
        "what": "supervised viewing", "viewing": id, "case": case_label(case.number.unwrap_or(0)), "exhibit": label, "exhibit-id": exhibit.id, "class": content.class,
        "supervisor": supervisor.record.name, "permitted-by": session.name(), "until": typed.until, "salt": hex::encode(random_16()?),
    });
    let (ticket, digest) = ticket_for(desk, &viewer, &id, &invitation)?;
    let content = ViewingContent {
        exhibit: label,
        class: content.class,
        place: typed.place.clone(),
        purpose: typed.purpose.clone(),
        viewing,
        invitation: digest,
        present: None,
        confirmed: None,
        note: String::new(),
    };
    let row = Draft::new("viewing", id.clone(), content.viewing.state()).under(&exhibit.id).numbered().write(scope, desk.now(), &content)?;
    let detail = json!({
        "viewing": id, "exhibit": content.exhibit, "class": content.class, "viewer": viewer.record.name, "role": viewer.record.role.name(), "supervisor": supervisor.record.name,
        "place": typed.place, "purpose": typed.purpose, "until": typed.until, "invitation": digest,
    });
    let done = desk.store.commit(scope, permit, NewEvent::new(EventType::ViewingPermitted, Some(exhibit.id.clone()), detail), vec![row])?;
    let invited = NewEvent::new(EventType::ViewerInvited, Some(id.clone()), json!({"viewer": viewer.actor.as_str(), "invitation": digest}));
    desk.store.commit_node(Some(session), NodeStep::InviteViewer, invited, vec![ticket])?;
    view(desk, done.numbers.first().copied().flatten().unwrap_or(0), &id, &content)
}

/// A row of the node that only this person's key opens, and the digest of what is in it.
fn ticket_for(desk: &Desk, person: &User, id: &str, what: &Value) -> Result<(Write, Sha256Digest), StoreError> {
    let recipient = person.record.recipient.as_deref().filter(|_| person.state == "active");
    let recipient = recipient.ok_or_else(|| StoreError::input(format!("{} has no keys yet: let this person log in once first", model::quoted(&person.record.name))))?;
    let bytes = model::canonical::to_bytes(what).map_err(input)?;
    let ticket = Ticket { wrapped: STANDARD.encode(wrap_to(&[recipient.parse()?], &bytes)?), digest: Sha256Digest::of(&bytes), answers: vec![] };
    Ok((ticket_row(desk, id, &person.actor, "invited", &ticket, Basis::New)?, ticket.digest))
}

fn ticket_row(desk: &Desk, id: &str, person: &ActorId, state: &str, ticket: &Ticket, basis: Basis) -> Result<Write, StoreError> {
    let head = Head { kind: TICKET, id: id.into(), case: None, parent: Some(person.to_string()), number: Number::None, state: state.into(), actor: Some(person.clone()), time: desk.now() };
    Ok(Write { head, content: Content::Json(serde_json::to_value(ticket).map_err(input)?), index: vec![], basis })
}

// ---- in the viewer's session

/// What was left for a person, as he reads it.
#[derive(Debug, Clone, Serialize)]
pub struct NoticeView {
    /// By which he answers.
    pub id: String,
    /// `invited`, `present`, `ended`, `confirmed`, or `told` of a disclosure.
    pub state: String,
    /// When it was left or last changed.
    pub at: Moment,
    /// What it says.
    #[serde(flatten)]
    pub what: Value,
}

/// Invitations to a person and word of what was disclosed to him; one consultation event with its count.
///
/// # Errors
/// When the records cannot be read.
pub fn mine(desk: &Desk, session: &Session) -> Result<Vec<NoticeView>, StoreError> {
    let mut views = Vec::new();
    for row in desk.store.register(TICKET)?.into_iter().filter(|row| row.actor.as_ref() == Some(session.actor())) {
        let ticket: Ticket = row.content()?;
        // What was left before he made new keys can be opened by nobody any more.
        let Ok(bytes) = session.unwrap(&decode_base64(&ticket.wrapped)?) else { continue };
        let mut what: Value = serde_json::from_slice(&bytes).map_err(|_| StoreError::damaged("a notice"))?;
        what.as_object_mut().map(|fields| fields.remove("salt"));
        views.push(NoticeView { id: row.id.clone(), state: row.state.clone(), at: row.time, what });
    }
    let event = NewEvent::new(EventType::ViewingConsulted, None, json!({"own": views.len()}));
    desk.store.commit_node(Some(session), NodeStep::AnswerViewing, event, vec![])?;
    Ok(views)
}

fn own_ticket(desk: &Desk, session: &Session, id: &str) -> Result<(Row, Ticket, Value), StoreError> {
    let none = || StoreError::input(format!("there is no invitation {} for you: see `lanternfish viewing mine`", model::quoted(id)));
    let row = desk.store.register_one(TICKET, id)?.filter(|row| row.actor.as_ref() == Some(session.actor())).ok_or_else(none)?;
    let ticket: Ticket = row.content()?;
    let bytes = session.unwrap(&decode_base64(&ticket.wrapped)?).map_err(|_| none())?;
    if Sha256Digest::of(&bytes) != ticket.digest {
        return Err(StoreError::damaged("an invitation"));
    }
    let what = serde_json::from_slice(&bytes).map_err(|_| StoreError::damaged("an invitation"))?;
    Ok((row, ticket, what))
}

/// Signs an answer in the viewer's own session.
fn answer(desk: &Desk, session: &Session, id: &str, says: &str, states: &[&str], kind: EventType) -> Result<NoticeView, StoreError> {
    let (row, mut ticket, mut what) = own_ticket(desk, session, id)?;
    if !states.contains(&row.state.as_str()) {
        let error = if says == PRESENT { ViewingError::Used } else { ViewingError::NotEnded };
        return Err(desk.store.note_refused(session, "answer a viewing", StoreError::refused(error.law(), error.to_string()))?);
    }
    let statement = Statement { viewing: id.into(), invitation: ticket.digest, says: says.into(), time: desk.now() };
    let bytes = model::canonical::to_bytes(&statement).map_err(input)?;
    ticket.answers.push(Signed { statement, signature: STANDARD.encode(session.sign(&bytes)?), certificate: STANDARD.encode(session.certificate()) });
    let state = if says == PRESENT { PRESENT } else { "confirmed" };
    let write = ticket_row(desk, id, session.actor(), state, &ticket, Basis::Over(row.version))?;
    desk.store.commit_node(Some(session), NodeStep::AnswerViewing, NewEvent::new(kind, Some(id.into()), json!({"says": says})), vec![write])?;
    what.as_object_mut().map(|fields| fields.remove("salt"));
    Ok(NoticeView { id: id.into(), state: state.into(), at: desk.now(), what })
}

/// The viewer signs that he is present now.
///
/// # Errors
/// When there is no such invitation for him, or it was used.
pub fn attend(desk: &Desk, session: &Session, id: &str) -> Result<NoticeView, StoreError> {
    answer(desk, session, id, PRESENT, &["invited", PRESENT], EventType::ViewerPresent)
}

/// The viewer signs what he was shown: `shown`, `shown-in-part` or `not-shown`.
///
/// # Errors
/// Before the viewing ended.
pub fn confirm(desk: &Desk, session: &Session, id: &str, says: &str) -> Result<NoticeView, StoreError> {
    if !["shown", "shown-in-part", "not-shown"].contains(&says) {
        return Err(StoreError::input("say what you were shown: shown, shown-in-part or not-shown"));
    }
    answer(desk, session, id, says, &["ended"], EventType::ViewingConfirmed)
}

/// The last answer that the viewer signed with the key that he has now.
fn signed_by(desk: &Desk, viewer: &ActorId, id: &str, invitation: &Sha256Digest, present: bool) -> Result<Option<Signed>, StoreError> {
    let Some(row) = desk.store.register_one(TICKET, id)?.filter(|row| row.actor.as_ref() == Some(viewer)) else { return Ok(None) };
    let (ticket, user) = (row.content::<Ticket>()?, desk.store.user(viewer)?);
    let holds = |signed: &Signed| {
        let statement = &signed.statement;
        let right = statement.viewing == id && statement.invitation == *invitation && (statement.says == PRESENT) == present;
        right && user.state == "active" && user.record.certificate.as_ref() == Some(&signed.certificate) && verified(signed)
    };
    Ok(ticket.answers.into_iter().rev().find(holds))
}

/// Whether a statement's signature holds under the certificate beside it. Whose certificate that is, the register says.
pub fn verified(signed: &Signed) -> bool {
    let check = || -> Option<()> {
        let bytes = model::canonical::to_bytes(&signed.statement).ok()?;
        let certificate = seal::Certificate::from_der(&decode_base64(&signed.certificate).ok()?).ok()?;
        let key = seal::signature::PublicKey::read(certificate.key()).ok()?;
        key.verify(seal::signature::Hash::Sha256, &bytes, &decode_base64(&signed.signature).ok()?).ok()
    };
    check().is_some()
}

// ---- in the session of whoever is present

/// Refuses an output that would keep a copy: a file or a disk. A pipe, a terminal and a socket keep none.
fn keeps_no_copy(out: &File) -> Result<(), StoreError> {
    let kind = out.metadata().map_err(|e| StoreError::environment("looking where the bytes would go", &e))?.file_type();
    if kind.is_file() || kind.is_block_device() || kind.is_dir() {
        return Err(StoreError::refused(Law::Restricted, "a viewing leaves no copy: write to the pipe of a program that only shows (`lanternfish viewing open … | SHOW`), never into a file"));
    }
    Ok(())
}

/// What is asked for before this viewing is opened: the action of its class, at its item.
///
/// # Errors
/// When there is no such viewing.
pub fn intent_to_open(desk: &Desk, scope: &Scope, label: &str) -> Result<Intent, StoreError> {
    let (_, content) = found(desk, scope, label)?;
    let action = action_for(content.class).ok_or_else(|| StoreError::damaged("a viewing of what is not restricted"))?;
    Ok(Intent::to(action).aimed_at(content.exhibit))
}

/// What a person in this role asks for before this viewing is closed.
///
/// # Errors
/// When there is no such viewing.
pub fn intent_to_close(desk: &Desk, scope: &Scope, label: &str) -> Result<Intent, StoreError> {
    crate::filter::intent_for(scope.role(), &found(desk, scope, label)?.1.exhibit)
}

/// Opens a viewing once, in the session of its supervising person, after the viewer signed that he is present: an
/// event, then the bytes into `out`, then an event of the end.
///
/// # Errors
/// Law 7 with what to do; laws 1, 5 and 15.
pub fn open(desk: &Desk, session: &Session, scope: &Scope, permit: &Permit, label: &str, mut out: File) -> Result<ViewingView, StoreError> {
    let (row, mut content) = found(desk, scope, label)?;
    let exhibit = admit::row(desk, scope, &content.exhibit)?;
    let of_exhibit: ExhibitContent = exhibit.content()?;
    for_action(permit, action_for(of_exhibit.class).ok_or_else(|| StoreError::input(ViewingError::NotRestricted.to_string()))?)?;
    crate::filter::for_item(permit, &content.exhibit)?;
    if let Err(error) = keeps_no_copy(&out) {
        return Err(desk.store.refuse(scope, &Intent::to(permit.action()), Law::Restricted, error.to_string())?);
    }
    if exhibit.state == "locked" {
        return Err(StoreError::refused(Law::Integrity, format!("{} is locked: its bytes did not match; a supervisor decides", content.exhibit)));
    }
    let present = signed_by(desk, &content.viewing.viewer, &row.id, &content.invitation, true)?;
    content.viewing = match content.viewing.begin(scope.actor(), present.as_ref().map(|signed| signed.statement.time), desk.now()) {
        Ok(viewing) => viewing,
        Err(error) => return refused(desk, scope, permit, error),
    };
    content.present = present;
    let blob = of_exhibit.blob.as_ref().ok_or_else(|| StoreError::input(format!("{} is a thing: it has no bytes", content.exhibit)))?;
    // Read once for nobody: what does not match its record is shown to nobody.
    admit::rehash(desk, scope, permit, &exhibit)?;
    let mut readable = desk.store.read_restricted(scope, permit, blob)?;
    let detail = json!({
        "viewing": row.id, "exhibit": content.exhibit, "viewer": desk.name_of(&content.viewing.viewer)?.0, "supervisor": session.name(), "place": content.place,
        "purpose": content.purpose, "present": content.present,
    });
    save(desk, scope, permit, &row, &content, NewEvent::new(EventType::ViewingBegun, Some(exhibit.id.clone()), detail))?;
    let copied = admit::copy_restricted(desk, scope, permit, &mut readable, &mut out).and_then(|count| out.flush().map(|()| count).map_err(|e| StoreError::environment("showing the item", &e)));
    drop(out);
    // Read anew: what was written beside it while it was shown stays.
    let (row, mut content) = found(desk, scope, label)?;
    content.viewing = content.viewing.end(copied.is_ok(), desk.now()).map_err(|error| StoreError::damaged(error.to_string()))?;
    let bytes = copied.as_ref().map_or(Value::Null, |count| json!(count.to_string()));
    let ended = NewEvent::new(EventType::ViewingEnded, Some(exhibit.id.clone()), json!({"viewing": row.id, "exhibit": content.exhibit, "whole": copied.is_ok(), "bytes": bytes}));
    let kept = save(desk, scope, permit, &row, &content, ended);
    tell_viewer_ended(desk, session, &row.id)?;
    match (copied, kept) {
        (Err(error), _) => Err(admit::anomaly(desk, scope, &admit::row(desk, scope, &content.exhibit)?, error)?),
        (_, Err(error)) => Err(error),
        _ => view(desk, row.number.unwrap_or(0), &row.id, &content),
    }
}

fn save(desk: &Desk, scope: &Scope, permit: &Permit, row: &Row, content: &ViewingContent, event: NewEvent) -> Result<(), StoreError> {
    let write = Draft::new("viewing", row.id.clone(), content.viewing.state()).over(row).write(scope, desk.now(), content)?;
    desk.store.commit(scope, permit, event, vec![write]).map(|_| ())
}

/// From now on the viewer can sign what he was shown. This stands in the node's log also when the authority ended
/// while the item was shown and the case's own event could not be written.
fn tell_viewer_ended(desk: &Desk, session: &Session, id: &str) -> Result<(), StoreError> {
    let row = desk.store.register_one(TICKET, id)?.ok_or_else(|| StoreError::damaged("a viewing without an invitation"))?;
    let viewer = row.actor.clone().ok_or_else(|| StoreError::damaged("an invitation for nobody"))?;
    let write = ticket_row(desk, id, &viewer, "ended", &row.content::<Ticket>()?, Basis::Over(row.version))?;
    desk.store.commit_node(Some(session), NodeStep::AnswerViewing, NewEvent::new(EventType::ViewingEnded, Some(id.into()), json!({})), vec![write]).map(|_| ())
}

/// Closes the record of a viewing: with what the viewer signed, or with the reason why he did not.
///
/// # Errors
/// Law 7 for another person; when his word is missing and no reason was given.
pub fn close(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, reason: Option<&str>) -> Result<ViewingView, StoreError> {
    own_action(scope, permit)?;
    let (row, mut content) = found(desk, scope, label)?;
    crate::filter::for_item(permit, &content.exhibit)?;
    let confirmed = signed_by(desk, &content.viewing.viewer, &row.id, &content.invitation, false)?;
    if confirmed.is_none() && reason.is_none() {
        return Err(StoreError::input("the viewer has not signed what he was shown: he runs `lanternfish viewing confirm` in his own session, or say with --reason why he did not"));
    }
    content.viewing = match content.viewing.close(scope.actor(), desk.now()) {
        Ok(viewing) => viewing,
        Err(error) => return refused(desk, scope, permit, error),
    };
    content.confirmed = confirmed;
    content.note = reason.unwrap_or_default().into();
    let parent = row.parent.clone();
    let detail = json!({"viewing": row.id, "exhibit": content.exhibit, "confirmed": content.confirmed, "reason": reason, "whole": content.viewing.whole});
    save(desk, scope, permit, &row, &content, NewEvent::new(EventType::ViewingClosed, parent, detail))?;
    view(desk, row.number.unwrap_or(0), &row.id, &content)
}

// ---- what was disclosed to whom

/// Leaves word of a disclosure for the registered person of the defence or the court whose name it bears: he lists
/// what was disclosed to him, and holds no key of the case.
pub(crate) fn tell_recipient(desk: &Desk, session: &Session, recipient: &str, what: &Value) -> Result<(), StoreError> {
    let Ok(person) = desk.store.user_by_name(recipient) else { return Ok(()) };
    if !matches!(person.record.role, Role::Defence | Role::Court) || person.state != "active" {
        return Ok(());
    }
    let id = format!("told-{}", hex::encode(random_16()?));
    let (mut ticket, digest) = ticket_for(desk, &person, &id, what)?;
    ticket.head.state = "told".into();
    let event = NewEvent::new(EventType::ViewerInvited, Some(id), json!({"told": person.actor.as_str(), "notice": digest}));
    desk.store.commit_node(Some(session), NodeStep::InviteViewer, event, vec![ticket]).map(|_| ())
}

/// What a package says of viewings: how many, and those in which a separation of duties was not met.
pub(crate) fn limits(desk: &Desk, scope: &Scope) -> Result<Vec<String>, StoreError> {
    let mut limits = Vec::new();
    for row in desk.store.list(scope, "viewing")? {
        let (content, label): (ViewingContent, String) = (row.content()?, viewing_label(row.number.unwrap_or(0)));
        if content.viewing.begun.is_none() {
            continue;
        }
        limits.push(format!("shown under supervision: {} ({label})", content.exhibit));
        if content.viewing.permitted_by == content.viewing.supervisor {
            limits.push(format!("{label}: who permitted the viewing was also the one present"));
        }
        if content.confirmed.is_none() {
            limits.push(format!("{label}: the viewer has not signed what he was shown"));
        }
    }
    Ok(limits)
}
