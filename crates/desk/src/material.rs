//! The schedule of unused material (law 9): every exhibit that no finding rests on, and what was said of
//! whether it may assist the defence. It goes with each package. A doubt that nobody has ended refuses sealing,
//! and what assists the defence cannot be withheld as immaterial. Of restricted items it tells the class only.

use std::collections::BTreeSet;

use model::{
    Law,
    action::Action,
    event::EventType,
    material::{Assistance, Word, may_say},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Intent, NewEvent, Permit, Row, Scope, StoreError};

use crate::{
    Desk,
    admit::{self, ExhibitView},
    conclude::{self, FindingView},
    row::{Draft, exhibit_label, for_action},
};

/// What was said of one exhibit (sealed under the case key); the last word counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ReviewContent {
    exhibit: String,
    words: Vec<Word>,
}

/// One line of the schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MaterialView {
    /// `E-0001`.
    pub exhibit: String,
    /// What it is; of a restricted item its class alone.
    pub description: String,
    /// Whether no finding rests on it.
    pub unused: bool,
    /// The last word: `may-assist`, `assists`, `does-not-assist`; `not-reviewed` when nobody looked.
    pub state: String,
    /// Who said it, and why.
    pub said: Option<(String, String)>,
}

fn reviews(desk: &Desk, scope: &Scope) -> Result<Vec<(Row, ReviewContent)>, StoreError> {
    desk.store.list(scope, "review")?.into_iter().map(|row| Ok((row.content()?, row))).map(|one| one.map(|(content, row)| (row, content))).collect()
}

/// Whether the last word of a review is that its exhibit assists the defence, or may.
pub(crate) fn may_assist(review: &serde_json::Value) -> bool {
    let content = serde_json::from_value::<ReviewContent>(review.clone());
    content.is_ok_and(|review| review.words.last().is_some_and(|word| word.says != Assistance::DoesNotAssist))
}

/// Every exhibit on which no finding rests, and every other of which something was said.
fn schedule(desk: &Desk, scope: &Scope, exhibits: &[ExhibitView], findings: &[FindingView]) -> Result<Vec<MaterialView>, StoreError> {
    let used: BTreeSet<&str> = findings.iter().flat_map(|finding| &finding.content.exhibits).map(String::as_str).collect();
    let reviews = reviews(desk, scope)?;
    let mut lines = Vec::new();
    for view in exhibits {
        let last = reviews.iter().find(|(_, review)| review.exhibit == view.exhibit).and_then(|(_, review)| review.words.last());
        let unused = !used.contains(view.exhibit.as_str());
        if !unused && last.is_none() {
            continue;
        }
        let class = serde_json::to_value(view.content.class).unwrap_or_default();
        let restricted = view.content.class.is_restricted();
        lines.push(MaterialView {
            exhibit: view.exhibit.clone(),
            description: if restricted { format!("restricted: {}", class.as_str().unwrap_or("")) } else { view.content.description.clone() },
            unused,
            state: last.map_or("not-reviewed", |word| word.says.name()).into(),
            said: last.map(|word| Ok::<_, StoreError>((desk.name_of(&word.by)?.0, word.reason.clone()))).transpose()?,
        });
    }
    Ok(lines)
}

/// Says whether an item may assist the defence.
///
/// # Errors
/// Law 9 when it would end another's or one's own doubt without leave.
pub fn say(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, says: Assistance, reason: &str) -> Result<MaterialView, StoreError> {
    for_action(permit, Action::Correct)?;
    let exhibit = admit::row(desk, scope, label)?;
    let label = exhibit_label(exhibit.number.unwrap_or(0));
    let known = reviews(desk, scope)?.into_iter().find(|(_, review)| review.exhibit == label);
    let (row, mut content) = known.map_or_else(|| (None, ReviewContent { exhibit: label.clone(), words: vec![] }), |(row, content)| (Some(row), content));
    if let Err(error) = may_say(&content.words, says, scope.actor(), scope.role()) {
        return Err(desk.store.refuse(scope, &Intent::to(Action::Correct), error.law(), error.to_string())?);
    }
    content.words.push(Word { says, by: scope.actor().clone(), at: desk.now(), reason: reason.into() });
    let id = format!("{}/review", exhibit.id);
    let mut draft = Draft::new("review", id, says.name()).under(&exhibit.id);
    if let Some(row) = &row {
        draft = draft.over(row);
    }
    let write = draft.write(scope, desk.now(), &content)?;
    let detail = json!({"exhibit": label, "says": says, "reason": reason});
    desk.store.commit(scope, permit, NewEvent::new(EventType::MaterialReviewed, Some(exhibit.id.clone()), detail), vec![write])?;
    let all = schedule(desk, scope, &admit::all(desk, scope)?, &conclude::all(desk, scope)?)?;
    all.into_iter().find(|line| line.exhibit == label).ok_or_else(|| StoreError::damaged("the review of an exhibit"))
}

/// The schedule: one consultation event with its count.
///
/// # Errors
/// When the permit is for another action.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<MaterialView>, StoreError> {
    for_action(permit, Action::Correct)?;
    let lines = schedule(desk, scope, &admit::all(desk, scope)?, &conclude::all(desk, scope)?)?;
    desk.store.commit(scope, permit, NewEvent::new(EventType::FindingConsulted, None, json!({"unused-material": lines.len()})), vec![])?;
    Ok(lines)
}

/// The schedule as it goes with a package.
pub(crate) fn in_package(desk: &Desk, scope: &Scope, exhibits: &[ExhibitView], findings: &[FindingView]) -> Result<Value, StoreError> {
    serde_json::to_value(schedule(desk, scope, exhibits, findings)?).map_err(crate::office::input)
}

/// A doubt that nobody has ended refuses sealing (law 9).
pub(crate) fn decided(desk: &Desk, scope: &Scope) -> Result<(), StoreError> {
    let open = of(desk, scope, Assistance::MayAssist)?;
    if open.is_empty() {
        return Ok(());
    }
    let text = format!("somebody said that {} may assist the defence, and nobody has decided it: `lanternfish material say` ends the doubt, by another supervisor or prosecutor", open.join(", "));
    Err(desk.store.refuse(scope, &Intent::to(Action::Package), Law::Statement, text)?)
}

/// The exhibits of which this is the last word.
pub(crate) fn of(desk: &Desk, scope: &Scope, says: Assistance) -> Result<Vec<String>, StoreError> {
    let last = |review: &ReviewContent| review.words.last().is_some_and(|word| word.says == says);
    Ok(reviews(desk, scope)?.into_iter().filter(|(_, review)| last(review)).map(|(_, review)| review.exhibit).collect())
}
