//! Crawls that are carried out again and again: a row with a period and an end, and what is due of it.
//!
//! Nothing runs by itself: `run-due` is called by a person's session, and the crawl asks for its permits then, so a
//! schedule reaches no further than the authority. Two desks that find the same schedule due write over one version of
//! its row: one begins the crawl, the other finds it begun.

use model::{Law, Moment, crawl::next_due, event::EventType, id::BlobId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{NewEvent, Permit, Row, Scope, Session, StoreError};

use super::{CrawlPermits, CrawlWish, GOING, KIND, begin_with, crawl_label};
use crate::{
    Desk,
    row::{Draft, for_action, fresh_blob, parse_label},
};

const SCHEDULE: &str = "crawl-schedule";
/// The shortest period: a shorter one is a loop, not a schedule.
const SHORTEST_SECONDS: i64 = 60;

/// What is typed.
#[derive(Debug, Clone)]
pub struct ScheduleWish {
    /// The crawl.
    pub crawl: CrawlWish,
    /// Its period.
    pub every_seconds: i64,
    /// When it ends.
    pub until: Moment,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct ScheduleContent {
    crawl: CrawlWish,
    every_seconds: i64,
    from: Moment,
    until: Moment,
    due: Moment,
    /// The newest crawl of it, by its id.
    last: Option<String>,
}

/// A schedule as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct ScheduleView {
    /// `R-0001`.
    pub schedule: String,
    /// `live` or `ended`.
    pub state: String,
    /// Where its crawls begin.
    pub starts: Vec<String>,
    /// Its period.
    pub every_seconds: i64,
    /// When it is due.
    pub due: Moment,
    /// When it ends.
    pub until: Moment,
    /// Its newest crawl.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

fn label(number: i64) -> String {
    format!("R-{number:04}")
}

fn view(desk: &Desk, scope: &Scope, row: &Row) -> Result<ScheduleView, StoreError> {
    let content: ScheduleContent = row.content()?;
    let last = last_crawl(desk, scope, content.last.as_deref())?;
    Ok(ScheduleView {
        schedule: label(row.number.unwrap_or(0)),
        state: row.state.clone(),
        starts: content.crawl.scope.starts,
        every_seconds: content.every_seconds,
        due: content.due,
        until: content.until,
        last: last.map(|row| crawl_label(row.number.unwrap_or(0))),
    })
}

/// The newest crawl of a schedule; none where it was erased.
fn last_crawl(desk: &Desk, scope: &Scope, id: Option<&str>) -> Result<Option<Row>, StoreError> {
    match id.map(|id| desk.store.get(scope, KIND, id)).transpose() {
        Err(error) if error.law() == Some(Law::Erasure) => Ok(None),
        found => found,
    }
}

/// Puts a crawl on a schedule; the first is due at once.
///
/// # Errors
/// A period below a minute, an end that has passed, a permit that does not cover now.
pub fn schedule(desk: &Desk, scope: &Scope, permits: &CrawlPermits<'_>, wish: &ScheduleWish) -> Result<ScheduleView, StoreError> {
    permits.cover(&wish.crawl)?;
    wish.crawl.checked()?;
    let now = desk.now();
    if wish.every_seconds < SHORTEST_SECONDS {
        return Err(StoreError::input(format!("a schedule has a period of {SHORTEST_SECONDS} seconds or more")));
    }
    if wish.until <= now {
        return Err(StoreError::input(format!("the schedule would end on {}, which has passed", wish.until)));
    }
    let id = fresh_blob()?.to_string().replace(BlobId::PREFIX, "schedule-");
    let content = ScheduleContent { crawl: wish.crawl.clone(), every_seconds: wish.every_seconds, from: now, until: wish.until, due: now, last: None };
    let row = Draft::new(SCHEDULE, id.clone(), "live").numbered().write(scope, now, &content)?;
    let detail = json!({"scope": wish.crawl.scope, "every-seconds": wish.every_seconds, "until": wish.until, "description": wish.crawl.description});
    desk.store.commit(scope, permits.collecting()?, NewEvent::new(EventType::CrawlScheduled, Some(id.clone()), detail), vec![row])?;
    view(desk, scope, &desk.store.get(scope, SCHEDULE, &id)?)
}

/// Takes a crawl off its schedule. Needs no authority.
///
/// # Errors
/// When there is no such schedule, or it has ended.
pub fn unschedule(desk: &Desk, scope: &Scope, permit: &Permit, typed: &str, reason: &str) -> Result<ScheduleView, StoreError> {
    for_action(permit, model::action::Action::Transfer)?;
    let found = desk.store.numbered(scope, SCHEDULE, parse_label(typed, 'R')?)?.filter(|row| row.state == "live");
    let row = found.ok_or_else(|| StoreError::input(format!("there is no live schedule {typed}: see `lanternfish collect status`")))?;
    let content: ScheduleContent = row.content()?;
    let write = Draft::new(SCHEDULE, row.id.clone(), "ended").over(&row).write(scope, desk.now(), &content)?;
    let detail = json!({"schedule": label(row.number.unwrap_or(0)), "ended": reason});
    desk.store.commit(scope, permit, NewEvent::new(EventType::CrawlScheduled, Some(row.id.clone()), detail), vec![write])?;
    view(desk, scope, &desk.store.get(scope, SCHEDULE, &row.id)?)
}

/// The schedules of the case. The event of the list of crawls speaks for them too.
///
/// # Errors
/// When the records cannot be read.
pub fn schedules(desk: &Desk, scope: &Scope) -> Result<Vec<ScheduleView>, StoreError> {
    desk.store.list(scope, SCHEDULE)?.iter().map(|row| view(desk, scope, row)).collect()
}

/// A crawl that is to be carried out now.
#[derive(Debug, Clone)]
pub struct Due {
    /// The schedule.
    pub schedule: String,
    /// The crawl: begun now, or one that was not at its end.
    pub crawl: String,
    /// What it must be allowed.
    pub wish: CrawlWish,
}

/// The crawls that are due, each begun in the step that moves its schedule on. One whose last crawl is not at its end
/// goes on with that one. What another desk began meanwhile, or no authority covers now, is left out and told.
///
/// # Errors
/// When the records cannot be read.
pub fn due(desk: &Desk, session: &Session, scope: &Scope, told: &mut dyn FnMut(String)) -> Result<Vec<Due>, StoreError> {
    let mut found = Vec::new();
    for row in desk.store.list(scope, SCHEDULE)?.into_iter().filter(|row| row.state == "live") {
        let content: ScheduleContent = row.content()?;
        let (name, now) = (label(row.number.unwrap_or(0)), desk.now());
        if content.due > now || content.until <= now {
            continue;
        }
        let last = last_crawl(desk, scope, content.last.as_deref())?;
        if let Some(last) = last.filter(|last| last.state == GOING) {
            found.push(Due { schedule: name, crawl: crawl_label(last.number.unwrap_or(0)), wish: content.crawl });
            continue;
        }
        match begin_due(desk, session, scope, &row, content) {
            Ok(begun) => found.push(begun),
            Err(StoreError::Conflict) => told(format!("{name}: another desk has begun it")),
            Err(error) => told(format!("{name}: not begun: {error}")),
        }
    }
    Ok(found)
}

fn begin_due(desk: &Desk, session: &Session, scope: &Scope, row: &Row, content: ScheduleContent) -> Result<Due, StoreError> {
    let permits = CrawlPermits::ask(desk, session, scope, &content.crawl)?;
    let now = desk.now();
    let crawl = begin_with(desk, scope, &permits, &content.crawl, Some((&row.id, content.last.clone())), |id| {
        let next = ScheduleContent { due: next_due(content.from, content.every_seconds, now), last: Some(id.to_string()), ..content.clone() };
        Ok(vec![Draft::new(SCHEDULE, row.id.clone(), "live").over(row).write(scope, now, &next)?])
    })?;
    Ok(Due { schedule: label(row.number.unwrap_or(0)), crawl, wish: content.crawl })
}
