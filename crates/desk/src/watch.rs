//! Watches: words, a selector or a pattern that is looked for in everything that is examined from now on, and on
//! request in what is there already (a retro-hunt). A match raises an alert with its reason, for a person to look at.
//!
//! It refuses to act: an alert changes nothing but the list of alerts (law 12). It asks only while an authority of the
//! case allows a question, and says so in the log when it could not ask. A list of hashes is watched by `known`.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use model::{Moment, Sha256Digest, action::Action, event::EventType, exhibit::Origin, selector::FoundSelector};
use regex_automata::meta::Regex;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{
    Intent, NewEvent, Permit, Row, Scope, StoreError,
    index::{Ask, CaseIndex, Confirmed, Held, answers, read_ask},
    vault::secret::fresh_id,
};

use crate::{
    Desk, reclassify,
    office::input,
    reading::{index_to_ask, kind_of},
    row::{Draft, for_action, parse_label},
    search,
};

const WATCH: &str = "watch";
const ALERT: &str = "alert";
const LIVE: &str = "live";
/// Places that one alert names; more are counted.
const PLACES: usize = 100;
/// Most memory that a pattern may take, in bytes.
const PATTERN: usize = 1 << 20;
/// Longest pattern.
const LONGEST: usize = 1000;

/// `W-0001`.
pub fn watch_label(number: i64) -> String {
    format!("W-{number:04}")
}

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Watched {
    /// A question, as `lanternfish search` reads it.
    Words {
        /// As typed.
        question: String,
    },
    /// One selector, by its value in any letter case.
    Selector {
        /// As it is kept.
        value: String,
    },
    /// A regular expression over the words.
    Pattern {
        /// As typed.
        pattern: String,
    },
}

/// A watch (sealed under the case key).
#[derive(Debug, Clone, Serialize, Deserialize)]
struct WatchContent {
    watched: Watched,
    purpose: String,
    by: String,
    #[serde(default)]
    ended: Option<String>,
}

/// One place at which a watch matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// Address or member name.
    pub place: String,
    /// The derived bytes in which offsets count; none when they count in the exhibit itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob: Option<String>,
    /// First byte.
    pub start: u64,
    /// One past the last.
    pub end: u64,
    /// Why: what was found, and by which rule.
    pub reason: String,
}

/// An alert (sealed under the case key).
#[derive(Debug, Clone, Serialize, Deserialize)]
struct AlertContent {
    watch: String,
    exhibit: String,
    count: usize,
    matches: Vec<Match>,
    origin: Origin,
    hunt: bool,
    #[serde(default)]
    seen: Option<String>,
}

/// A watch as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct WatchView {
    /// `W-0001`.
    pub watch: String,
    /// What is watched.
    #[serde(flatten)]
    pub watched: Watched,
    /// Why.
    pub purpose: String,
    /// Who set it.
    pub by: String,
    /// When.
    pub set: Moment,
    /// Why it was ended, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

/// An alert as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct AlertView {
    /// `A-0001`.
    pub alert: String,
    /// The watch.
    pub watch: String,
    /// The exhibit in which it matched.
    pub exhibit: String,
    /// How often.
    pub count: usize,
    /// Where; the first hundred.
    pub matches: Vec<Match>,
    /// Whether it came of a hunt in what was there already.
    pub hunt: bool,
    /// When.
    pub raised: Moment,
    /// What a person said who looked at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
}

/// What a hunt gave.
#[derive(Debug, Clone, Serialize)]
pub struct Hunt {
    /// The alerts that it raised.
    pub alerts: Vec<AlertView>,
    /// Labels of exhibits about which it says nothing.
    pub silent: Vec<String>,
}

/// A watch ready to be compared.
struct Ready {
    label: String,
    by: By,
}

enum By {
    Words(Ask),
    Selector(String),
    Pattern(Box<Regex>),
}

impl Ready {
    fn of(label: String, watched: &Watched) -> Result<Ready, StoreError> {
        let by = match watched {
            Watched::Words { question } => By::Words(read_ask(question).map_err(StoreError::input)?),
            Watched::Selector { value } => By::Selector(value.to_lowercase()),
            Watched::Pattern { pattern } => By::Pattern(Box::new(compiled(pattern)?)),
        };
        Ok(Ready { label, by })
    }

    /// Every match in the words and selectors of one place; both count in the same bytes.
    fn matches(&self, held: &[Held], selectors: &[FoundSelector], place: &Held) -> Vec<Match> {
        let at = |start: u64, end: u64, reason: String| Match { place: place.place.clone(), blob: place.blob.clone(), start, end, reason };
        match &self.by {
            By::Selector(value) => {
                let same = selectors.iter().filter(|found| found.value.to_lowercase() == *value);
                same.map(|found| at(found.start, found.end, format!("{}: {}", kind_of(found), found.reason))).collect()
            }
            By::Words(ask) => answers(ask, held).into_iter().filter_map(|(n, confirmed)| answer_at(&held[n], &confirmed)).collect(),
            By::Pattern(pattern) => held.iter().flat_map(|one| {
                let found = pattern.find_iter(one.text.as_str()).filter(|found| !found.is_empty()).take(PLACES);
                found.filter_map(|found| extract::passages::raw_range(&one.runs, found.start(), found.end())).map(|(from, to)| at(from, to, format!("the pattern matches in the {}", one.zone))).collect::<Vec<_>>()
            }).collect(),
        }
    }
}

/// The first place at which a passage answers.
fn answer_at(held: &Held, confirmed: &Confirmed) -> Option<Match> {
    let (first, last) = confirmed.places.first().copied().unwrap_or((0, held.text.len()));
    let (start, end) = extract::passages::raw_range(&held.runs, first, last)?;
    let alike = if confirmed.look_alike { ", in letters that look or sound alike" } else { "" };
    Some(Match { place: held.place.clone(), blob: held.blob.clone(), start, end, reason: format!("the words stand in the {}{alike}", held.zone) })
}

/// A pattern that costs one pass over the text, whatever the text is.
fn compiled(pattern: &str) -> Result<Regex, StoreError> {
    if pattern.len() > LONGEST {
        return Err(StoreError::input(format!("a pattern has at most {LONGEST} bytes")));
    }
    let config = Regex::config().nfa_size_limit(Some(PATTERN)).hybrid_cache_capacity(PATTERN).onepass(false);
    let built = Regex::builder().configure(config).build(pattern);
    let pattern = built.map_err(|e| StoreError::input(format!("this pattern cannot be used ({e}): write it shorter, without back references or look-around")))?;
    match pattern.find("") {
        Some(_) => Err(StoreError::input("this pattern matches everywhere, also where nothing stands: write it so that something must be there")),
        None => Ok(pattern),
    }
}

/// Sets a watch.
///
/// # Errors
/// When the permit is not to query; when the question or pattern is not understood.
pub fn set(desk: &Desk, scope: &Scope, permit: &Permit, watched: &Watched, by: &str, purpose: &str) -> Result<WatchView, StoreError> {
    for_action(permit, Action::Query)?;
    Ready::of(String::new(), watched)?;
    let id = format!("watch-{}", hex_id()?);
    let content = WatchContent { watched: watched.clone(), purpose: purpose.into(), by: by.into(), ended: None };
    let write = Draft::new(WATCH, id.clone(), LIVE).numbered().write(scope, desk.now(), &content)?;
    let detail = json!({"watched": watched, "purpose": purpose});
    desk.store.commit(scope, permit, NewEvent::new(EventType::WatchSet, Some(id.clone()), detail), vec![write])?;
    view(&desk.store.get(scope, WATCH, &id)?)
}

/// Ends a watch.
///
/// # Errors
/// When there is none of that label, or it has ended.
pub fn end(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, reason: &str) -> Result<WatchView, StoreError> {
    for_action(permit, Action::Query)?;
    let row = row_of(desk, scope, label)?;
    if row.state != LIVE {
        return Err(StoreError::input(format!("{label} has ended already")));
    }
    let content = WatchContent { ended: Some(reason.into()), ..row.content()? };
    let write = Draft::new(WATCH, row.id.clone(), "ended").over(&row).write(scope, desk.now(), &content)?;
    let detail = json!({"watch": label, "reason": reason});
    desk.store.commit(scope, permit, NewEvent::new(EventType::WatchEnded, Some(row.id.clone()), detail), vec![write])?;
    view(&desk.store.get(scope, WATCH, &row.id)?)
}

/// Every watch of the case; an event.
///
/// # Errors
/// When the permit is not to query.
pub fn list(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<WatchView>, StoreError> {
    for_action(permit, Action::Query)?;
    let views = desk.store.list(scope, WATCH)?.iter().map(view).collect::<Result<Vec<_>, _>>()?;
    let detail = json!({"query": "watches", "count": views.len()});
    desk.store.commit(scope, permit, NewEvent::new(EventType::Queried, None, detail), vec![])?;
    Ok(views)
}

/// The alerts of the case that the person may see, the newest first; an event.
///
/// # Errors
/// When the permit is not to query.
pub fn alerts(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<AlertView>, StoreError> {
    for_action(permit, Action::Query)?;
    let mut views: Vec<AlertView> = shown(desk, scope, permit)?.into_iter().map(|(row, content)| alert_view(&row, content)).collect();
    views.reverse();
    let results = Sha256Digest::of(&serde_json::to_vec(&views).map_err(input)?);
    let detail = json!({"query": "alerts", "count": views.len(), "results": results});
    desk.store.commit(scope, permit, NewEvent::new(EventType::Queried, None, detail), vec![])?;
    Ok(views)
}

/// The alerts that the holder of a permit may see. Of what became restricted, whole or in part, or is personal and
/// sensitive, nothing is told, as if there had been no alert.
fn shown(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<(Row, AlertContent)>, StoreError> {
    let closed = search::closed_labels(desk, scope)?;
    let parts = reclassify::restricted_parts(desk, scope)?;
    let mut shown = Vec::new();
    for row in desk.store.list(scope, ALERT)? {
        let mut content: AlertContent = row.content()?;
        if closed.contains(&content.exhibit) || !desk.store.covers_item(scope, permit, &content.origin, row.parent.as_deref())? {
            continue;
        }
        let before = content.matches.len();
        content.matches.retain(|one| one.blob.as_ref().is_none_or(|blob| !parts.iter().any(|part| part.as_str() == blob)));
        content.count -= (before - content.matches.len()).min(content.count);
        if content.count > 0 {
            shown.push((row, content));
        }
    }
    Ok(shown)
}

/// Writes down that a person looked at an alert, and what he says of it.
///
/// # Errors
/// When there is none of that label.
pub fn seen(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, words: &str) -> Result<AlertView, StoreError> {
    for_action(permit, Action::Query)?;
    let number = parse_label(label, 'A')?;
    let found = shown(desk, scope, permit)?.into_iter().find(|(row, _)| row.number == Some(number));
    let (row, visible) = found.ok_or_else(|| StoreError::input(format!("there is no alert {label} in this case")))?;
    let content = AlertContent { seen: Some(words.into()), ..row.content()? };
    let write = Draft::new(ALERT, row.id.clone(), "seen").over(&row).write(scope, desk.now(), &content)?;
    desk.store.commit(scope, permit, NewEvent::new(EventType::AlertSeen, Some(row.id.clone()), json!({"alert": label, "words": words})), vec![write])?;
    Ok(alert_view(&row, AlertContent { seen: Some(words.into()), ..visible }))
}

/// Looks for a watch in what was examined before. Gives the alerts that it raised.
///
/// # Errors
/// When the permit is not to query; when there is no such watch.
pub fn hunt(desk: &Desk, scope: &Scope, permit: &Permit, label: &str, purpose: &str) -> Result<Hunt, StoreError> {
    for_action(permit, Action::Query)?;
    let row = row_of(desk, scope, label)?;
    let ready = Ready::of(watch_label(row.number.unwrap_or(0)), &row.content::<WatchContent>()?.watched)?;
    let places = search::places(desk, scope, permit)?;
    let mut found: BTreeMap<String, (usize, Vec<Match>)> = BTreeMap::new();
    let mut keep = |exhibit: &str, matches: Vec<Match>| {
        let (count, kept) = found.entry(exhibit.into()).or_default();
        *count += matches.len();
        kept.extend(matches);
        kept.truncate(PLACES);
    };
    match &ready.by {
        By::Selector(value) => search::each_selector(desk, scope, value, &places, &mut |exhibit, place, selector| {
            keep(exhibit, ready.matches(&[], std::slice::from_ref(selector), place));
        })?,
        By::Words(_) | By::Pattern(_) => {
            if let Some(content) = index_to_ask(desk, scope)? {
                let index = CaseIndex::open(desk.store.home().root(), &content.key)?;
                let mut asked = Instant::now();
                // A hunt through everything takes its time; who asks must still be allowed to (law 15).
                let mut still_live = || {
                    if asked.elapsed() < Duration::from_secs(1) {
                        return Ok(());
                    }
                    asked = Instant::now();
                    desk.store.still_live(scope, permit)
                };
                if let By::Words(ask) = &ready.by {
                    index.each_answer(ask, &places.reach(), &mut |held, confirmed| {
                        keep(&held.exhibit, answer_at(held, confirmed).into_iter().collect());
                        still_live()
                    })?;
                } else {
                    index.each(&places.reach(), &mut |held| {
                        keep(&held.exhibit, ready.matches(std::slice::from_ref(held), &[], held));
                        still_live()
                    })?;
                }
            }
        }
    }
    found.retain(|_, (count, _)| *count > 0);
    let results = Sha256Digest::of(&serde_json::to_vec(&found).map_err(input)?);
    let count: usize = found.values().map(|(count, _)| count).sum();
    let detail = json!({"query": "hunt", "watch": label, "purpose": purpose, "count": count, "unsearched": places.silent(), "results": results});
    desk.store.commit(scope, permit, NewEvent::new(EventType::Queried, Some(row.id.clone()), detail), vec![])?;
    let mut views = Vec::new();
    for (exhibit, matches) in found {
        let (id, origin) = places.of(&exhibit).ok_or_else(|| StoreError::damaged("an exhibit that is gone"))?;
        let alert = raise(desk, scope, permit, &ready.label, (&exhibit, id, origin), matches, true)?;
        views.push(alert);
    }
    Ok(Hunt { alerts: views, silent: places.silent().iter().cloned().collect() })
}

/// The watches of a case while something is examined.
pub(crate) struct Watches {
    ready: Vec<Ready>,
    permit: Option<Permit>,
    found: BTreeMap<String, (usize, Vec<Match>)>,
    /// Why nothing is asked, if nothing is.
    silent: Option<String>,
}

impl Watches {
    /// The live watches, if somebody may ask them now.
    pub fn open(desk: &Desk, scope: &Scope) -> Result<Watches, StoreError> {
        let mut watches = Watches { ready: vec![], permit: None, found: BTreeMap::new(), silent: None };
        for row in desk.store.list(scope, WATCH)?.into_iter().filter(|row| row.state == LIVE) {
            let content: WatchContent = row.content()?;
            watches.ready.push(Ready::of(watch_label(row.number.unwrap_or(0)), &content.watched)?);
        }
        if watches.ready.is_empty() {
            return Ok(watches);
        }
        match desk.store.permit(scope, Intent::to(Action::Query)) {
            Ok(permit) => watches.permit = Some(permit),
            Err(refusal) => {
                watches.silent = Some(format!("the watches of this case were not asked: {refusal}"));
                watches.ready.clear();
            }
        }
        Ok(watches)
    }

    /// Looks at what was read in one place.
    pub fn look(&mut self, held: &[Held], selectors: &[FoundSelector], place: &Held) {
        for ready in &self.ready {
            let matches = ready.matches(held, selectors, place);
            if matches.is_empty() {
                continue;
            }
            let (count, kept) = self.found.entry(ready.label.clone()).or_default();
            *count += matches.len();
            kept.extend(matches);
            kept.truncate(PLACES);
        }
    }

    /// Raises one alert for each watch that matched, and names them.
    ///
    /// The second answer says why nothing was asked, if nothing was; who is refused finds that in the log too.
    pub fn end(self, desk: &Desk, scope: &Scope, exhibit: (&str, &str, &Origin)) -> Result<(Vec<String>, Option<String>), StoreError> {
        let Some(permit) = &self.permit else { return Ok((vec![], self.silent)) };
        if !desk.store.covers_item(scope, permit, exhibit.2, Some(exhibit.1))? {
            return Ok((vec![], Some("the watches of this case were not asked: your authority to query does not reach this exhibit".into())));
        }
        let mut labels = Vec::new();
        for (watch, (count, matches)) in self.found {
            let alert = raise(desk, scope, permit, &watch, exhibit, (count, matches), false)?;
            labels.push(format!("{} ({watch}, {count})", alert.alert));
        }
        Ok((labels, None))
    }
}

fn raise(desk: &Desk, scope: &Scope, permit: &Permit, watch: &str, (label, id, origin): (&str, &str, &Origin), (count, mut matches): (usize, Vec<Match>), hunt: bool) -> Result<AlertView, StoreError> {
    matches.truncate(PLACES);
    let content = AlertContent { watch: watch.into(), exhibit: label.into(), count, matches, origin: origin.clone(), hunt, seen: None };
    let alert = format!("alert-{}", hex_id()?);
    let write = Draft::new(ALERT, alert.clone(), "raised").under(id).numbered().write(scope, desk.now(), &content)?;
    let detail = json!({"watch": watch, "exhibit": label, "count": count, "hunt": hunt});
    desk.store.commit(scope, permit, NewEvent::new(EventType::AlertRaised, Some(alert.clone()), detail), vec![write])?;
    Ok(alert_view(&desk.store.get(scope, ALERT, &alert)?, content))
}

fn row_of(desk: &Desk, scope: &Scope, label: &str) -> Result<Row, StoreError> {
    let number = parse_label(label, 'W')?;
    let row = desk.store.list(scope, WATCH)?.into_iter().find(|row| row.number == Some(number));
    row.ok_or_else(|| StoreError::input(format!("there is no watch {label} in this case: `lanternfish watch list` shows them")))
}

fn view(row: &Row) -> Result<WatchView, StoreError> {
    let content: WatchContent = row.content().map_err(input)?;
    Ok(WatchView {
        watch: watch_label(row.number.unwrap_or(0)),
        watched: content.watched,
        purpose: content.purpose,
        by: content.by,
        set: row.time,
        ended: content.ended,
    })
}

fn alert_view(row: &Row, content: AlertContent) -> AlertView {
    AlertView {
        alert: format!("A-{:04}", row.number.unwrap_or(0)),
        watch: content.watch,
        exhibit: content.exhibit,
        count: content.count,
        matches: content.matches,
        hunt: content.hunt,
        raised: row.time,
        seen: content.seen,
    }
}

fn hex_id() -> Result<String, StoreError> {
    Ok(fresh_id()?.iter().map(|byte| format!("{byte:02x}")).collect())
}
