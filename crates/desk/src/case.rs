//! Cases: opening, listing, showing, members, declarations, closing (laws 2, 13).
//!
//! A case that one is not a member of does not exist for him: it is neither listed nor counted.

use model::{
    Law,
    action::Action,
    actor::Role,
    authorize::NodeStep,
    event::EventType,
    id::ActorId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Basis, NewEvent, Number, Permit, Row, Scope, Session, StoreError, User, Write};

use crate::{
    Desk, persona, reading,
    row::{Draft, case_label, for_action},
};

/// What a case says of itself (sealed under its key).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseContent {
    /// Its title.
    pub title: String,
    /// What is suspected.
    pub offence: String,
    /// Jurisdiction code, such as `la`, for calendar, zone and papers.
    pub jurisdiction: String,
    /// What this work is for and why it is needed.
    pub purpose: String,
}

/// A case as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct CaseView {
    /// `2026-0001`.
    pub case: String,
    /// `open`, `closed`, with `court-process` and `legal-hold` where declared.
    pub state: String,
    /// What it says of itself.
    #[serde(flatten)]
    pub content: CaseContent,
    /// Names of its members.
    pub members: Vec<String>,
}

/// Opens a case: its keys, its first row, the opener as its first member, and any `members` named.
///
/// # Errors
/// Law 13 when the role may not; a member without keys.
pub fn open(desk: &Desk, session: &Session, content: &CaseContent, members: &[String]) -> Result<CaseView, StoreError> {
    desk.ready()?;
    report::Jurisdiction::named(&content.jurisdiction).map_err(crate::office::input)?;
    let scope = desk.store.new_case_scope(session)?;
    let year = i64::from(year_of(desk));
    let mut draft = Draft::new("case", scope.case().as_str(), "open");
    draft.number = Number::NextAfter(year * 10_000);
    let mut rows = vec![draft.write(&scope, desk.now(), content)?];
    let mut names = vec![session.name().to_string()];
    rows.push(desk.store.wrap_for(&scope, &desk.store.user(session.actor())?)?);
    for name in members.iter().filter(|name| name.as_str() != session.name()) {
        let user = desk.store.user_by_name(name)?;
        rows.push(desk.store.wrap_for(&scope, &user)?);
        names.push(user.record.name);
    }
    rows.extend(desk.store.wrap_for_recovery(&scope)?);
    let detail = json!({"title": content.title, "offence": content.offence, "purpose": content.purpose, "members": names});
    let event = NewEvent::new(EventType::CaseOpened, Some(scope.case().to_string()), detail);
    let done = desk.store.commit_new_case(session, NodeStep::OpenCase, &scope, event, rows)?;
    let number = done.numbers.first().copied().flatten().ok_or_else(|| StoreError::damaged("the new case has no number"))?;
    Ok(CaseView { case: case_label(number), state: "open".into(), content: content.clone(), members: names })
}

fn year_of(desk: &Desk) -> i16 {
    let text = desk.now().to_string();
    text.get(..4).and_then(|year| year.parse().ok()).unwrap_or(1970)
}

/// The cases of a person, in order; one consultation event for the whole list (law 2).
///
/// # Errors
/// When the records cannot be read.
pub fn list(desk: &Desk, session: &Session) -> Result<Vec<CaseView>, StoreError> {
    let mut views = Vec::new();
    for case in desk.store.cases_of(session.actor())? {
        let scope = desk.store.enter(session, &case)?;
        if let Ok(row) = desk.store.get(&scope, "case", case.as_str()) {
            views.push(view(desk, &row)?);
        }
    }
    views.sort_by(|a, b| a.case.cmp(&b.case));
    let event = NewEvent::new(EventType::CaseConsulted, None, json!({"count": views.len()}));
    desk.store.commit_node(Some(session), NodeStep::ListOwn, event, vec![])?;
    Ok(views)
}

/// One case, with its members; an event.
///
/// # Errors
/// Law 13 when the person is not a member.
pub fn show(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<CaseView, StoreError> {
    for_action(permit, crate::authority::READING)?;
    let row = desk.store.get(scope, "case", scope.case().as_str())?;
    let event = NewEvent::new(EventType::CaseConsulted, Some(scope.case().to_string()), json!({}));
    desk.store.commit(scope, permit, event, vec![])?;
    view(desk, &row)
}

/// The zone in which the courts of the case's jurisdiction read the clock, for what is printed.
///
/// # Errors
/// When the case cannot be read.
pub fn zone(desk: &Desk, scope: &Scope) -> Result<String, StoreError> {
    let (view, _) = content(desk, scope)?;
    Ok(report::Jurisdiction::named(&view.content.jurisdiction).map_err(crate::office::input)?.zone)
}

/// The case without an event: for steps that have one of their own.
pub(crate) fn content(desk: &Desk, scope: &Scope) -> Result<(CaseView, Row), StoreError> {
    let row = desk.store.get(scope, "case", scope.case().as_str())?;
    Ok((view(desk, &row)?, row))
}

fn view(desk: &Desk, row: &Row) -> Result<CaseView, StoreError> {
    let case = row.case.clone().ok_or_else(|| StoreError::damaged("a case row without a case"))?;
    Ok(CaseView {
        case: case_label(row.number.unwrap_or(0)),
        state: row.state.clone(),
        content: row.content()?,
        members: members(desk, &case)?.into_iter().map(|(_, name, _)| name).collect(),
    })
}

/// Who holds the case's key now: id, name and role.
pub(crate) fn members(desk: &Desk, case: &model::id::CaseId) -> Result<Vec<(ActorId, String, Role)>, StoreError> {
    let mut people = Vec::new();
    for wrap in desk.store.wraps_of_case(case)? {
        let Some(holder) = wrap.holder.filter(|_| wrap.row.state == "live") else { continue };
        if people.iter().all(|(actor, _, _)| *actor != holder) {
            let (name, role) = desk.name_of(&holder)?;
            people.push((holder, name, role));
        }
    }
    Ok(people)
}

/// Admits a person to the case: the case key is wrapped to him.
///
/// # Errors
/// Law 13 for auditors and administrators; a person without keys.
pub fn add_member(desk: &Desk, scope: &Scope, permit: &Permit, name: &str) -> Result<Vec<String>, StoreError> {
    for_action(permit, Action::Administer)?;
    let user = desk.store.user_by_name(name)?;
    if members(desk, scope.case())?.iter().any(|(actor, _, _)| *actor == user.actor) {
        return Err(StoreError::input(format!("{name} is already a member of this case", name = model::quoted(name))));
    }
    let wrap = desk.store.wrap_for(scope, &user)?;
    let event = NewEvent::new(EventType::MemberAdded, Some(user.actor.to_string()), json!({"name": name}));
    desk.store.commit(scope, permit, event, vec![wrap])?;
    Ok(members(desk, scope.case())?.into_iter().map(|(_, name, _)| name).collect())
}

/// A person leaves the case: the case key is changed, and he gets no wrap of the new one.
///
/// # Errors
/// When he is not a member, or would be the last one.
pub fn remove_member(desk: &Desk, scope: &mut Scope, permit: &Permit, name: &str) -> Result<Vec<String>, StoreError> {
    for_action(permit, Action::Administer)?;
    let leaver = desk.store.user_by_name(name)?;
    let mut people = members(desk, scope.case())?;
    let before = people.len();
    people.retain(|(actor, _, _)| *actor != leaver.actor);
    let lost = desk.store.void_lost(scope.case(), &leaver.actor)?;
    if people.len() == before && lost.is_empty() {
        return Err(StoreError::input(format!("{name} is not a member of this case", name = model::quoted(name))));
    }
    if people.is_empty() {
        return Err(StoreError::refused(Law::Separation, "the last member cannot leave: add another person first"));
    }
    let staying = people.iter().map(|(actor, _, _)| desk.store.user(actor)).collect::<Result<Vec<_>, _>>()?;
    let staying: Vec<_> = staying.into_iter().filter(|user| user.state == "active").collect();
    let mut rows = desk.store.rotate_case_key(scope, &staying)?;
    rows.extend(lost);
    rows.extend(personas_of(desk, scope, &staying)?);
    let event = NewEvent::new(EventType::MemberRemoved, Some(leaver.actor.to_string()), json!({"name": name}));
    desk.store.commit(scope, permit, event, rows)?;
    reading::forget_if_any(desk, scope, permit)?;
    Ok(people.into_iter().map(|(_, name, _)| name).collect())
}

/// Personas stay with those who work in the case, and come back from everybody else.
fn personas_of(desk: &Desk, scope: &Scope, staying: &[User]) -> Result<Vec<Write>, StoreError> {
    persona::stays_with(desk, scope, &staying.iter().map(|user| user.actor.clone()).collect())
}

/// Changes the case key; every member keeps access.
///
/// # Errors
/// When the records cannot be written.
pub fn rotate_key(desk: &Desk, scope: &mut Scope, permit: &Permit, reason: &str) -> Result<(), StoreError> {
    for_action(permit, Action::Administer)?;
    let people = members(desk, scope.case())?;
    let staying = people.iter().map(|(actor, _, _)| desk.store.user(actor)).collect::<Result<Vec<_>, _>>()?;
    let staying: Vec<_> = staying.into_iter().filter(|user| user.state == "active").collect();
    let mut rows = desk.store.rotate_case_key(scope, &staying)?;
    rows.extend(personas_of(desk, scope, &staying)?);
    let event = NewEvent::new(EventType::KeyRotated, Some(scope.case().to_string()), json!({"reason": reason}));
    desk.store.commit(scope, permit, event, rows)?;
    reading::forget_if_any(desk, scope, permit)
}

/// What a supervisor or prosecutor can declare of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declaration {
    /// It is before a court: report and package stay lawful when the authority ends.
    CourtProcess,
    /// Nothing may be destroyed.
    LegalHold,
    /// The legal hold is over.
    HoldOver,
    /// It is closed: nothing new comes in.
    Closed,
}

/// Declares something of the case, with its reason.
///
/// # Errors
/// Law 1 when the role may not declare it.
pub fn declare(desk: &Desk, scope: &Scope, permit: &Permit, what: Declaration, reason: &str) -> Result<CaseView, StoreError> {
    for_action(permit, Action::Administer)?;
    let (word, event_type) = match what {
        Declaration::CourtProcess => ("court-process", EventType::CaseDeclared),
        Declaration::LegalHold | Declaration::HoldOver => ("legal-hold", EventType::CaseDeclared),
        Declaration::Closed => ("closed", EventType::CaseClosed),
    };
    if what != Declaration::Closed && !matches!(scope.role(), Role::Supervisor | Role::Prosecutor) {
        return Err(StoreError::refused(Law::Permit, "only a supervisor or a prosecutor declares this"));
    }
    let row = desk.store.get(scope, "case", scope.case().as_str())?;
    let said = row.state.split(' ').any(|w| w == word);
    if said != (what == Declaration::HoldOver) {
        return Err(StoreError::input(if said { format!("the case is already {word}") } else { format!("no {word} is declared for this case") }));
    }
    let state = match what {
        Declaration::Closed => row.state.replacen("open", "closed", 1),
        Declaration::HoldOver => row.state.split(' ').filter(|w| *w != word).collect::<Vec<_>>().join(" "),
        _ => format!("{} {word}", row.state),
    };
    let content: Value = row.content()?;
    let mut draft = Draft::new("case", row.id.clone(), &state).over(&row);
    draft.basis = Basis::Over(row.version);
    let write = draft.write(scope, desk.now(), &content)?;
    let event = NewEvent::new(event_type, Some(row.id.clone()), json!({"declared": word, "over": what == Declaration::HoldOver, "reason": reason}));
    desk.store.commit(scope, permit, event, vec![write])?;
    content_view(desk, scope)
}

fn content_view(desk: &Desk, scope: &Scope) -> Result<CaseView, StoreError> {
    content(desk, scope).map(|(view, _)| view)
}
