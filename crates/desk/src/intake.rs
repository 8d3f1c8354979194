//! The intake tray: tips that wait before there is a case (law 2).
//!
//! A tip is sealed under a key of its own, wrapped to whoever takes it and to those with whom he shares a
//! case: people whom a member once vouched for. Whoever was merely entered by the administrator reads none.

use std::{collections::BTreeSet, io::Read};

use model::{action::Action, authorize::NodeStep, event::EventType, id::CaseId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{NewEvent, Permit, Row, Scope, Session, StoreError};

use crate::{
    Desk,
    admit::{self, AdmitFile, ExhibitView},
    row::{Draft, fresh_tip},
};

/// What a tip says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TipContent {
    /// What was said or seen, in the words of the person who took it.
    pub text: String,
    /// From whom or how it came; empty when unknown.
    pub source: String,
    /// A file that came with it.
    pub blob: Option<String>,
    /// The file's name as it came.
    pub file_name: Option<String>,
    /// The case for which somebody began to admit it; the tip can go to no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_for: Option<String>,
}

/// A tip as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct TipView {
    /// Its id.
    pub tip: String,
    /// `waiting`, `claimed` (its admission was begun) or `given`.
    pub state: String,
    /// When it came in.
    pub received: model::Moment,
    /// What it says.
    #[serde(flatten)]
    pub content: TipContent,
}

/// Takes a tip, with an optional file.
///
/// # Errors
/// Law 13 when the role takes no tips.
pub fn receive(desk: &Desk, session: &Session, text: &str, source: &str, file: Option<(&str, &mut dyn Read)>) -> Result<TipView, StoreError> {
    desk.ready()?;
    desk.store.check_node_step(Some(session), NodeStep::ReceiveTip)?;
    let scope = desk.store.new_case_scope(session)?;
    let id = fresh_tip()?.to_string();
    let mut rows = Vec::new();
    let mut content = TipContent { text: text.into(), source: source.into(), blob: None, file_name: None, claimed_for: None };
    if let Some((name, input)) = file {
        let mut blob = desk.store.new_tip_blob(&scope, &id)?;
        std::io::copy(input, &mut blob).map_err(|e| StoreError::environment("storing the tip's file", &e))?;
        let blob = blob.finish()?;
        content.blob = Some(blob.id.to_string());
        content.file_name = Some(name.to_string());
        rows.push(blob.row);
    }
    rows.push(Draft::new("tip", id.clone(), "waiting").write(&scope, desk.now(), &content)?);
    for user in colleagues(desk, session)? {
        rows.push(desk.store.wrap_for(&scope, &user)?);
    }
    rows.extend(desk.store.wrap_for_recovery(&scope)?);
    let detail = json!({"text": text, "source": source, "file": content.file_name});
    let event = NewEvent::new(EventType::TipReceived, Some(id.clone()), detail);
    desk.store.commit_new_case(session, NodeStep::ReceiveTip, &scope, event, rows)?;
    Ok(TipView { tip: id, state: "waiting".into(), received: desk.now(), content })
}

/// The person himself and everyone who is a member of one of his cases.
fn colleagues(desk: &Desk, session: &Session) -> Result<Vec<store::User>, StoreError> {
    let mut people = BTreeSet::from([session.actor().clone()]);
    for case in desk.store.cases_of(session.actor())? {
        // Tips are kept like cases; only a real case was opened by naming its members.
        if desk.store.register_one("case", case.as_str())?.is_some() {
            people.extend(crate::case::members(desk, &case)?.into_iter().map(|(actor, _, _)| actor));
        }
    }
    let users = people.iter().map(|actor| desk.store.user(actor)).collect::<Result<Vec<_>, _>>()?;
    Ok(users.into_iter().filter(|user| user.state == "active" && user.record.role.investigates()).collect())
}

/// Every tip whose key the person holds; one consultation event.
///
/// # Errors
/// When the records cannot be read.
pub fn list(desk: &Desk, session: &Session) -> Result<Vec<TipView>, StoreError> {
    let mut views = Vec::new();
    for case in desk.store.cases_of(session.actor())? {
        let scope = desk.store.enter(session, &case)?;
        for row in desk.store.list(&scope, "tip")? {
            views.push(TipView { tip: row.id.clone(), state: row.state.clone(), received: row.time, content: row.content()? });
        }
    }
    let event = NewEvent::new(EventType::TipHandled, None, json!({"listed": views.len()}));
    desk.store.commit_node(Some(session), NodeStep::ListOwn, event, vec![])?;
    Ok(views)
}

/// Gives a tip to a case: its text and file are admitted there, under the case's permit and key.
///
/// # Errors
/// Law 1 when the case's authority does not cover it; an unknown tip.
pub fn give(desk: &Desk, session: &Session, tip: &str, scope: &Scope, permit: &Permit, admission: &AdmitFile) -> Result<ExhibitView, StoreError> {
    crate::row::for_action(permit, Action::Admit)?;
    let home = tip_home(desk, session, tip)?;
    let tray = desk.store.enter(session, &home)?;
    let row = desk.store.get(&tray, "tip", tip)?;
    let mut content: TipContent = row.content()?;
    let for_this_case = content.claimed_for.as_deref() == Some(scope.case().as_str());
    if row.state == "given" || (row.state == "claimed" && !for_this_case) {
        return Err(StoreError::input("this tip was given to a case already"));
    }
    // Claimed over a known version before anything is admitted: two people cannot give it to two cases.
    content.claimed_for = Some(scope.case().to_string());
    move_tip(desk, session, &tray, &row, "claimed", &content, json!({"claimed-for": scope.case().as_str()}))?;
    let admitted = match &content.blob {
        Some(blob) => {
            let mut readable = desk.store.read_tip_blob(&tray, tip, &blob.parse().map_err(StoreError::damaged)?)?;
            let digest = readable.content.sha256;
            admit::file(desk, scope, permit, admission, &mut readable.reader.stream(digest))
        }
        None => admit::file(desk, scope, permit, admission, &mut content.text.as_bytes()),
    };
    let row = desk.store.get(&tray, "tip", tip)?;
    let exhibit = match admitted {
        Ok(exhibit) => exhibit,
        Err(error) => {
            content.claimed_for = None;
            move_tip(desk, session, &tray, &row, "waiting", &content, json!({"back": error.to_string()}))?;
            return Err(error);
        }
    };
    move_tip(desk, session, &tray, &row, "given", &content, json!({"given-to": scope.case().as_str(), "exhibit": exhibit.exhibit}))?;
    Ok(exhibit)
}

fn move_tip(desk: &Desk, session: &Session, tray: &Scope, row: &Row, state: &str, content: &TipContent, detail: Value) -> Result<(), StoreError> {
    let write = Draft::new("tip", row.id.clone(), state).over(row).write(tray, desk.now(), content)?;
    let event = NewEvent::new(EventType::TipHandled, Some(row.id.clone()), detail);
    desk.store.commit_new_case(session, NodeStep::ReceiveTip, tray, event, vec![write]).map(|_| ())
}

fn tip_home(desk: &Desk, session: &Session, tip: &str) -> Result<CaseId, StoreError> {
    for case in desk.store.cases_of(session.actor())? {
        let scope = desk.store.enter(session, &case)?;
        if desk.store.get(&scope, "tip", tip).is_ok() {
            return Ok(case);
        }
    }
    Err(StoreError::input(format!("there is no tip {tip} for you: see `lanternfish tip list`")))
}
