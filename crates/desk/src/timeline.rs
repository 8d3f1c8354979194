//! What happened when in a case: its captures and admissions, custody, findings and orders, and the dates that strangers
//! wrote, on one line of time. One question, one event.
//!
//! It is made of what the lists of the case show, and of nothing else: exhibits for whoever may view, custody for whoever
//! takes part in it, orders for whoever reads them, rows as a question for rows covers them. What one reader may not see he
//! is told to be missing, and does not see it here. It refuses to place a date that can be read two ways.

use std::collections::BTreeSet;

use model::{
    Moment, Sha256Digest,
    action::Action,
    authority::Standing,
    event::EventType,
    listing::{Field, RowKind},
    timeline::{Happening, Kind, Teller, When, in_order, read_unix_ms, read_written},
};
use serde_json::{Value, json};
use store::{Intent, NewEvent, Permit, Scope, StoreError};

use crate::{
    Desk, admit, authority::{self, AuthorityView}, conclude, custody,
    row::{exhibit_label, for_action, parse_label},
    rows::{self, RowView, What},
    search,
};

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// From this moment on.
    pub from: Option<Moment>,
    /// Before this moment.
    pub until: Option<Moment>,
    /// Only these kinds; all when none is named.
    pub kinds: BTreeSet<Kind>,
    /// Only moments of these tellers; of all when none is named.
    pub tellers: BTreeSet<Teller>,
    /// Only what stands in this exhibit or is about it.
    pub exhibit: Option<String>,
    /// What it is asked for.
    pub purpose: String,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// In the order of time.
    pub happenings: Vec<Happening>,
    /// How many there are in the case, or about the exhibit that was asked for, before kinds, tellers and days choose among
    /// them; as far as this reader is shown them.
    pub before: usize,
    /// Dates that strangers wrote and that could not be placed, because they are none or can be read two ways.
    pub not_placed: usize,
    /// Rows in exhibits that the authority does not reach: counted, not shown.
    pub outside: usize,
    /// Exhibits about whose dates nothing is said.
    pub silent: Vec<String>,
    /// What this reader's role or authority does not show, in words.
    pub not_shown: Vec<&'static str>,
    /// The event by which the question was asked.
    pub event: u64,
}

/// Asks.
///
/// # Errors
/// When the permit is not to query, or there is no such exhibit.
pub fn timeline(desk: &Desk, scope: &Scope, permit: &Permit, asked: &Asked) -> Result<Timeline, StoreError> {
    for_action(permit, Action::Query)?;
    let exhibit = asked.exhibit.as_deref().map(|label| parse_label(label, 'E').map(exhibit_label)).transpose()?;
    let mut made = Timeline { happenings: vec![], before: 0, not_placed: 0, outside: 0, silent: vec![], not_shown: vec![], event: 0 };
    for (action, source, what) in SOURCES {
        if desk.store.would_permit(scope, &Intent::to(action))? {
            made.happenings.extend(source(desk, scope, permit)?);
        } else {
            made.not_shown.push(what);
        }
    }
    let seen = rows::seen(desk, scope, permit, exhibit.as_deref(), false)?;
    made.outside = seen.outside;
    for row in &seen.rows {
        match written(row) {
            Some(Ok(happening)) => made.happenings.push(happening),
            Some(Err(())) => made.not_placed += 1,
            None => {}
        }
    }
    let about = |one: &Happening| exhibit.as_ref().is_none_or(|label| one.exhibit.as_ref() == Some(label) || one.also.contains(label));
    made.happenings.retain(about);
    made.before = made.happenings.len();
    let wanted = |one: &Happening| {
        (asked.kinds.is_empty() || asked.kinds.contains(&one.kind))
            && (asked.tellers.is_empty() || asked.tellers.contains(&one.moment))
            && one.when().may_lie_within(asked.from, asked.until)
    };
    made.happenings.retain(wanted);
    in_order(&mut made.happenings);
    made.silent = search::places(desk, scope, permit)?.silent().iter().cloned().collect();
    let results = Sha256Digest::of(&serde_json::to_vec(&made.happenings).map_err(crate::office::input)?);
    // Its numbers stand apart from those of a search: an empty timeline is no search without result.
    let detail = json!({"query": "timeline", "purpose": asked.purpose, "timeline": {
        "count": made.happenings.len(), "before": made.before, "from": asked.from, "until": asked.until, "kinds": asked.kinds, "moments": asked.tellers, "exhibit": exhibit,
        "not-placed": made.not_placed, "outside-authority": made.outside, "unsearched": made.silent, "not-shown": made.not_shown, "results": results,
    }});
    made.event = desk.store.commit(scope, permit, NewEvent::new(EventType::Queried, None, detail), vec![])?.event;
    Ok(made)
}

type Source = fn(&Desk, &Scope, &Permit) -> Result<Vec<Happening>, StoreError>;

/// What a list of the case shows to whoever may do this, and how its lack is told.
const SOURCES: [(Action, Source, &str); 4] = [
    (Action::View, exhibits, "exhibits and their captures (nothing lets you view here now)"),
    (Action::Transfer, transfers, "custody (your role takes no part in it)"),
    (Action::Query, findings, "findings"),
    (authority::READING, orders, "orders and other authorities (your role does not read them)"),
];

fn exhibits(desk: &Desk, scope: &Scope, _: &Permit) -> Result<Vec<Happening>, StoreError> {
    let mut found = Vec::new();
    for view in admit::all(desk, scope)? {
        let view = view.shown();
        let about = |mut happening: Happening| {
            happening.exhibit = Some(view.exhibit.clone());
            happening
        };
        let content = &view.content;
        found.push(about(Happening::of(When::exactly(content.admitted), Teller::Recorded, Kind::Admission, format!("{} came in: {}", view.exhibit, content.description))));
        if let Some(manual) = &content.manual {
            let what = format!("{} was captured by hand ({}, {}), as its officer states", view.exhibit, manual.method, manual.device);
            found.push(about(Happening { place: Some(manual.address.clone()), ..Happening::of(When::exactly(manual.taken_at), Teller::Stated, Kind::ManualCapture, what) }));
        }
        for fetch in content.record.as_ref().and_then(|record| record["record"]["fetches"].as_array()).into_iter().flatten() {
            found.extend(fetched(fetch).map(about));
        }
    }
    Ok(found)
}

/// One request of a capture, as the collector saw it.
fn fetched(fetch: &Value) -> Option<Happening> {
    let started: Moment = fetch["started"].as_str()?.parse().ok()?;
    let ended: Moment = fetch["ended"].as_str()?.parse().ok()?;
    let when = When { at: started, earliest: started, latest: ended.max(started) };
    let outcome = fetch["status"].as_u64().map_or_else(|| fetch["outcome"].as_str().unwrap_or("").to_string(), |status| format!("answered {status}"));
    let url = fetch["url"].as_str()?;
    Some(Happening { place: Some(url.to_string()), ..Happening::of(when, Teller::Seen, Kind::Fetch, format!("{url}: {outcome}")) })
}

fn transfers(desk: &Desk, scope: &Scope, _: &Permit) -> Result<Vec<Happening>, StoreError> {
    let mut found = Vec::new();
    for (view, content) in custody::signed(desk, scope)? {
        let of = |time: Moment, kind: Kind, what: String| {
            let mut happening = Happening::of(When::exactly(time), Teller::Recorded, kind, what);
            (happening.exhibit, happening.source) = (Some(view.exhibit.clone()), Some(view.transfer.clone()));
            happening
        };
        found.push(of(content.offer.time, Kind::Offer, format!("{} offered {} to {}: {}", view.from, view.exhibit, view.to, view.purpose)));
        found.extend(content.acceptance.map(|taken| of(taken.time, Kind::Handover, format!("{} took {} from {}", view.to, view.exhibit, view.from))));
    }
    Ok(found)
}

fn findings(desk: &Desk, scope: &Scope, permit: &Permit) -> Result<Vec<Happening>, StoreError> {
    let (views, _) = conclude::shown(desk, scope, permit)?;
    let happening = |view: conclude::FindingView| {
        let time = desk.store.event(view.event)?.leaf.time;
        let mut happening = Happening::of(When::exactly(time), Teller::Recorded, Kind::Finding, format!("{}: {}", view.finding, view.content.text));
        happening.source = Some(view.finding);
        let mut exhibits = view.content.exhibits.iter().cloned();
        (happening.exhibit, happening.also) = (exhibits.next(), exhibits.collect());
        Ok(happening)
    };
    views.into_iter().map(happening).collect()
}

fn orders(desk: &Desk, scope: &Scope, _: &Permit) -> Result<Vec<Happening>, StoreError> {
    Ok(authority::all(desk, scope, desk.now())?.iter().flat_map(of_an_order).collect())
}

/// When an order begins and ends. What is only recorded allows nothing: it does neither. What was revoked ends then, and
/// not on the day that it names; revoked before its first day it never began.
fn of_an_order(view: &AuthorityView) -> Vec<Happening> {
    let told = |time: Moment, teller: Teller, kind: Kind, word: &str| {
        let what = format!("{} {} {word} (now {})", view.kind, model::quoted(&view.reference), view.state);
        Happening { source: Some(view.authority.clone()), ..Happening::of(When::exactly(time), teller, kind, what) }
    };
    let begins = |word| told(view.from, Teller::Ordered, Kind::AuthorityBegins, word);
    let ends = || told(view.until, Teller::Ordered, Kind::AuthorityEnds, "ends");
    match view.worth.1 {
        Standing::Recorded => vec![],
        Standing::Revoked { at } if at < view.until => {
            let revoked = told(at, Teller::Recorded, Kind::AuthorityEnds, "is revoked");
            // Whether a second person had checked it before is not in its state any more.
            if at <= view.from { vec![revoked] } else { vec![begins("begins by its own words"), revoked] }
        }
        _ => vec![begins("begins"), ends()],
    }
}

/// Most letters of a stranger's text in one entry.
const SHORT: usize = 160;

fn short(text: &str) -> String {
    let one: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if one.chars().count() > SHORT { one.chars().take(SHORT).chain(['…']).collect() } else { one }
}

/// The date of a row; an error when it bears one that cannot be placed.
fn written(row: &RowView) -> Option<Result<Happening, ()>> {
    let (kind, when, written, what, range) = match &row.what {
        What::Row(listing) => {
            let cell = listing.cells().iter().find(|cell| cell.field == Field::Date)?;
            let text = cell.written.as_ref().or(cell.value.as_ref())?;
            let get = |field| listing.get(field).unwrap_or_default();
            let (kind, what) = match listing.kind() {
                RowKind::Listing => (Kind::Listing, format!("{} offers {}", get(Field::Vendor), get(Field::Title))),
                RowKind::Post => (Kind::Post, format!("{} writes: {}", get(Field::Author), [get(Field::Thread), get(Field::Text)].join(" "))),
            };
            let when = read_written(text, None).or_else(|| read_written(cell.value.as_deref()?, None));
            (kind, when, text.clone(), what, (cell.start, cell.end))
        }
        What::Message(message) => {
            let time = message.time.as_ref()?;
            let when = time.unix_ms.map_or_else(|| read_written(&time.written, time.order.as_deref()), read_unix_ms);
            let what = format!("{} writes: {}", message.author.as_deref().unwrap_or("(not told)"), message.service.as_deref().unwrap_or(&message.text));
            (Kind::Message, when, time.written.clone(), what, (message.start, message.end))
        }
    };
    let Some(when) = when else { return Some(Err(())) };
    let mut happening = Happening::of(when, Teller::Claimed, kind, short(&what));
    happening.written = Some(short(&written));
    (happening.exhibit, happening.place, happening.blob) = (Some(row.exhibit.clone()), Some(row.place.clone()), row.blob.clone());
    (happening.start, happening.end) = (Some(range.0), Some(range.1));
    Some(Ok(happening))
}
