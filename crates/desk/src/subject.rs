//! Persons whom a case concerns: written down under a number, with names to be found by, a category, dates of
//! review and erasure, links, holds, and what is given to a person who asks what is held on him (law 10).
//!
//! It refuses a date without a reason, a reason that names the person (reasons outlive him), and a hold that
//! anybody but a supervisor or prosecutor sets or ends.

use std::fs;

use model::{
    Law, Moment,
    action::Action,
    actor::Role,
    authorize::NodeStep,
    event::EventType,
    moment::{DayEdge, civil_to_moment},
    subject::{Category, Extension, Schedule, Subject, checked_name},
};
use serde::Serialize;
use serde_json::{Value, json};
use store::{Intent, NewEvent, Permit, Row, Scope, Session, StoreError};

use crate::{
    Desk, admit, case, conclude,
    office::input,
    row::{Draft, exhibit_label, finding_label, for_action, fresh_subject, parse_label, subject_label},
};

const DAY: i64 = 86_400;
/// The agency's own schedule, when it has one.
const SCHEDULE: &str = "retention.json";

/// A person as he is shown.
#[derive(Debug, Clone, Serialize)]
pub struct SubjectView {
    /// `S-0001`.
    pub subject: String,
    /// His id in the ledger.
    pub id: String,
    /// `kept` or `held`.
    pub state: String,
    /// Everything else.
    #[serde(flatten)]
    pub content: Subject,
    /// What is due now: `review`, `erasure`, or nothing.
    pub due: Vec<&'static str>,
}

impl SubjectView {
    fn of(row: &Row, now: Moment) -> Result<SubjectView, StoreError> {
        let content: Subject = row.content()?;
        let due = [("review", content.review), ("erasure", content.erase)];
        Ok(SubjectView {
            subject: subject_label(row.number.unwrap_or(0)),
            id: row.id.clone(),
            state: row.state.clone(),
            due: due.into_iter().filter(|(_, date)| *date <= now).map(|(what, _)| what).collect(),
            content,
        })
    }
}

/// The agency's schedule of retention: its own file in the home, or the built-in beginning.
///
/// # Errors
/// When the file is there and cannot be read, or is not in order.
pub fn schedule(desk: &Desk) -> Result<Schedule, StoreError> {
    match fs::read(desk.store.home().root().join(SCHEDULE)) {
        Ok(text) => Schedule::parse(&text).map_err(|e| input(format!("{SCHEDULE}: {e}"))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Schedule::default()),
        Err(e) => Err(StoreError::environment(format!("reading {SCHEDULE}"), &e)),
    }
}

/// Writes a person down; his dates follow from his category by the agency's schedule.
///
/// # Errors
/// A name too short to be looked for.
pub fn add(desk: &Desk, scope: &Scope, permit: &Permit, names: &[String], category: Category) -> Result<SubjectView, StoreError> {
    for_action(permit, Action::Administer)?;
    let periods = schedule(desk)?.of(category);
    let now = desk.now();
    let content = Subject {
        names: names.iter().map(|name| checked_name(name)).collect::<Result<_, _>>().map_err(input)?,
        category,
        review: now.plus_seconds(periods.review_days * DAY),
        erase: now.plus_seconds(periods.erase_days * DAY),
        extensions: vec![],
        linked: Default::default(),
        kept: Default::default(),
        hold: None,
    };
    let id = fresh_subject()?.to_string();
    let write = Draft::new("subject", id.clone(), "kept").numbered().write(scope, now, &content)?;
    let detail = json!({"names": content.names, "category": category, "review": content.review, "erase": content.erase});
    desk.store.commit(scope, permit, NewEvent::new(EventType::SubjectRecorded, Some(id.clone()), detail), vec![write])?;
    SubjectView::of(&desk.store.get(scope, "subject", &id)?, now)
}

/// Every person of the case; one consultation event.
///
/// # Errors
/// When the records cannot be read.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<SubjectView>, StoreError> {
    for_action(permit, Action::Administer)?;
    let views = all(desk, scope)?;
    let event = NewEvent::new(EventType::SubjectConsulted, None, json!({"count": views.len()}));
    desk.store.commit(scope, permit, event, vec![])?;
    Ok(views)
}

pub(crate) fn all(desk: &Desk, scope: &Scope) -> Result<Vec<SubjectView>, StoreError> {
    desk.store.list(scope, "subject")?.iter().map(|row| SubjectView::of(row, desk.now())).collect()
}

/// One person.
///
/// # Errors
/// When there is none.
pub fn show(desk: &Desk, scope: &Scope, permit: &Permit, label: &str) -> Result<SubjectView, StoreError> {
    for_action(permit, Action::Administer)?;
    let row = row(desk, scope, label)?;
    desk.store.commit(scope, permit, NewEvent::new(EventType::SubjectConsulted, Some(row.id.clone()), json!({})), vec![])?;
    SubjectView::of(&row, desk.now())
}

/// The row of a person by his label.
pub(crate) fn row(desk: &Desk, scope: &Scope, label: &str) -> Result<Row, StoreError> {
    let number = parse_label(label, 'S')?;
    let found = desk.store.list(scope, "subject")?.into_iter().find(|row| row.number == Some(number));
    found.ok_or_else(|| StoreError::input(format!("there is no person {label} in this case: see `lanternfish subject list`")))
}

/// What can be changed about a person.
#[derive(Debug, Clone)]
pub enum Change {
    /// Another name by which he is found.
    Name(String),
    /// An exhibit or finding concerns him.
    Link(String),
    /// It does not, or no longer.
    Unlink(String),
    /// It concerns him and is kept when the rest goes.
    Keep(String),
    /// He was looked at; the next review is due on this day.
    Review(String),
    /// Erasure is due on this day.
    Extend(String),
    /// Nothing of his may be destroyed.
    Hold,
    /// That is over.
    Release,
}

/// Changes something about a person, with its reason.
///
/// # Errors
/// Law 10 for a reason that names the person; law 1 when the role may not.
pub fn change(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, what: &Change, reason: &str) -> Result<SubjectView, StoreError> {
    for_action(permit, Action::Administer)?;
    let decides = matches!(what, Change::Extend(_) | Change::Hold | Change::Release);
    if decides && !matches!(scope.role(), Role::Supervisor | Role::Prosecutor) {
        return Err(StoreError::refused(Law::Permit, "only a supervisor or a prosecutor extends a date, or sets and ends a hold"));
    }
    let row = row(desk, scope, label)?;
    let mut content: Subject = row.content()?;
    crate::erasure::noted(desk, scope, permit, nameless(&content, label, reason))?;
    let zone = case::zone(desk, scope)?;
    let day = |text: &str| civil_to_moment(text, None, &zone, DayEdge::End).map_err(input);
    let reason = reason.to_string();
    let (word, on) = match what {
        Change::Name(name) => {
            content.names.insert(checked_name(name).map_err(input)?);
            ("name", name.clone())
        }
        Change::Link(item) => {
            let item = item_label(desk, scope, item)?;
            content.kept.remove(&item);
            content.linked.insert(item.clone(), reason.clone());
            ("link", item)
        }
        Change::Keep(item) => {
            let item = item_label(desk, scope, item)?;
            content.linked.remove(&item);
            content.kept.insert(item.clone(), reason.clone());
            ("keep", item)
        }
        Change::Unlink(item) => {
            let item = item_label(desk, scope, item)?;
            if content.linked.remove(&item).or(content.kept.remove(&item)).is_none() {
                return Err(StoreError::input(format!("{item} is not linked to {label} by hand")));
            }
            ("unlink", item)
        }
        Change::Review(next) => {
            content.review = later(desk, day(next)?)?;
            ("review", next.clone())
        }
        Change::Extend(until) => {
            content.erase = later(desk, day(until)?)?;
            content.extensions.push(Extension { until: content.erase, reason: reason.clone(), by: scope.actor().clone(), at: desk.now() });
            ("extend", until.clone())
        }
        Change::Hold => {
            content.hold = Some(reason.clone());
            ("hold", String::new())
        }
        Change::Release => {
            if content.hold.take().is_none() {
                return Err(StoreError::input(format!("no hold is set for {label}")));
            }
            ("release", String::new())
        }
    };
    let state = if content.hold.is_some() { "held" } else { "kept" };
    let write = Draft::new("subject", row.id.clone(), state).over(&row).write(scope, desk.now(), &content)?;
    let detail = json!({"change": word, "on": on, "reason": reason});
    desk.store.commit(scope, permit, NewEvent::new(EventType::SubjectChanged, Some(row.id.clone()), detail), vec![write])?;
    SubjectView::of(&desk.store.get(scope, "subject", &row.id)?, desk.now())
}

fn later(desk: &Desk, day: Moment) -> Result<Moment, StoreError> {
    let far = desk.now().plus_seconds(model::subject::LONGEST_DAYS * DAY);
    if day <= desk.now() || day > far {
        return Err(StoreError::input("this day lies in the past or beyond a working life: name the next one"));
    }
    Ok(day)
}

/// The label of an exhibit or finding that is there, in its one spelling.
fn item_label(desk: &Desk, scope: &Scope, typed: &str) -> Result<String, StoreError> {
    let (kind, letter, label): (_, _, fn(i64) -> String) = match typed.trim().chars().next() {
        Some('E' | 'e') => ("exhibit", 'E', exhibit_label),
        Some('F' | 'f') => ("finding", 'F', finding_label),
        _ => return Err(StoreError::input(format!("{typed} is neither an exhibit nor a finding: write E-0001 or F-0001", typed = model::quoted(typed)))),
    };
    let number = parse_label(typed, letter)?;
    let there = desk.store.list(scope, kind)?.iter().any(|row| row.number == Some(number));
    if there { Ok(label(number)) } else { Err(StoreError::input(format!("there is no {kind} {typed} in this case"))) }
}

/// Refuses a text that names the person: it would stay when he is erased.
pub(crate) fn nameless(content: &Subject, label: &str, text: &str) -> Result<(), StoreError> {
    if content.named_in(text) {
        return Err(StoreError::refused(Law::Erasure, format!("this text names the person, and it may outlive him: write {label} in place of the name")));
    }
    Ok(())
}

/// One person whose review or erasure is due.
#[derive(Debug, Clone, Serialize)]
pub struct DueView {
    /// The case.
    pub case: String,
    /// `S-0001`.
    pub subject: String,
    /// His category.
    pub category: Category,
    /// What is due.
    pub due: Vec<&'static str>,
    /// Since when the first of them is.
    pub since: Moment,
}

/// Everyone in the cases of this officer whose review or erasure is due; one consultation event.
///
/// # Errors
/// When the records cannot be read.
pub fn due(desk: &Desk, session: &Session) -> Result<Vec<DueView>, StoreError> {
    let mut views = Vec::new();
    for id in desk.store.cases_of(session.actor())? {
        let scope = desk.store.enter(session, &id)?;
        // A tip is sealed like a case, and is none.
        let Ok(row) = desk.store.get(&scope, "case", id.as_str()) else { continue };
        let label = crate::case_label(row.number.unwrap_or(0));
        for view in all(desk, &scope)?.into_iter().filter(|view| !view.due.is_empty()) {
            let since = view.content.review.min(view.content.erase);
            views.push(DueView { case: label.clone(), subject: view.subject, category: view.content.category, due: view.due, since });
        }
    }
    let event = NewEvent::new(EventType::SubjectConsulted, None, json!({"due": views.len()}));
    desk.store.commit_node(Some(session), NodeStep::ListOwn, event, vec![])?;
    Ok(views)
}

/// What is held on a person, for himself: his own entry, the items that concern him, and when they were worked with.
/// Items that concern others too are named and not shown; restricted ones are counted.
///
/// # Errors
/// Law 1 when the role may not; the records.
pub fn export(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, reason: &str) -> Result<Value, StoreError> {
    for_action(permit, Action::Administer)?;
    if !matches!(scope.role(), Role::Supervisor | Role::Prosecutor) {
        return Err(StoreError::refused(Law::Permit, "only a supervisor or a prosecutor gives out what is held on a person"));
    }
    let row = row(desk, scope, label)?;
    let content: Subject = row.content()?;
    nameless(&content, label, reason)?;
    let plan = crate::erasure::plan(desk, scope, permit, &row, false)?;
    let exhibits = admit::all(desk, scope)?;
    let own = exhibits.iter().filter(|view| plan.labels.contains(&view.exhibit));
    let (restricted, open): (Vec<_>, Vec<_>) = own.partition(|view| view.content.class.is_restricted());
    let (mixed, open): (Vec<_>, Vec<_>) = open.into_iter().partition(|view| plan.shared.contains_key(&view.exhibit));
    let findings: Vec<_> = conclude::all(desk, scope)?.into_iter().filter(|f| plan.labels.contains(&f.finding) && !plan.shared.contains_key(&f.finding)).collect();
    let events: Vec<_> = plan.events.iter().map(|seq| desk.store.event(*seq).map(|event| json!({"event": seq, "type": event.leaf.event_type, "at": event.leaf.time}))).collect::<Result<_, _>>()?;
    let answer = json!({
        "subject": label, "made": desk.now(), "names": content.names, "category": content.category,
        "review": content.review, "erase": content.erase, "extensions": content.extensions,
        "exhibits": open.iter().map(|view| json!({
            "exhibit": view.exhibit, "description": view.content.description, "source": view.content.source, "admitted": view.content.admitted,
            "length": view.content.length, "sha256": view.content.sha256,
        })).collect::<Vec<_>>(),
        "findings": findings.iter().map(|f| json!({"finding": f.finding, "text": f.content.text})).collect::<Vec<_>>(),
        "also-about-others": mixed.iter().map(|view| view.exhibit.clone()).collect::<Vec<_>>(),
        "restricted": restricted.len(),
        "worked-with": events,
    });
    let detail = json!({"subject": label, "reason": reason, "exhibits": open.len(), "findings": findings.len(), "withheld": mixed.len() + restricted.len()});
    desk.store.commit(scope, permit, NewEvent::new(EventType::SubjectExported, Some(row.id.clone()), detail), vec![])?;
    Ok(answer)
}

/// The intent to erase what is held on this person: only a decision that names his number covers it.
pub fn to_erase(label: &str) -> Result<Intent, StoreError> {
    Ok(Intent::to(Action::Erase).about(subject_label(parse_label(label, 'S')?)))
}
