//! A second, independent capture on request: the same addresses once more, some seconds later, under an order and a
//! circuit label of its own, as an exhibit of its own. Both name each other, and what was compared, and how, is written
//! on both in one step.
//!
//! It refuses personas, whose one label would lead over the same circuits. It never calls two answers that are the
//! same a proof: both came by this program, this machine and this Tor.

use std::{collections::BTreeSet, thread, time::{Duration, Instant}};

use model::{
    action::Action,
    compare::{self, Comparison},
    event::EventType,
};
use serde_json::{Value, json};
use store::{Intent, NewEvent, Permit, Scope, StoreError, Write};

use crate::{
    Desk,
    admit::{self, ExhibitContent},
    capture::{self, CaptureView, CaptureWish},
    reclassify,
};

/// At least so long the second waits for the first to be over.
pub const PAUSE: Duration = Duration::from_secs(5);

/// What is told while it runs.
#[derive(Debug)]
pub enum Told<'a> {
    /// Tor's percent.
    Tor(u8),
    /// The first is in the case.
    First(&'a CaptureView),
    /// The second is in the case.
    Second(&'a CaptureView),
}

/// Captures twice and compares. None when the first brought nothing that a second could be held against.
///
/// # Errors
/// As [`capture::run`]; what was captured until then is kept.
pub fn run(desk: &Desk, scope: &Scope, permits: &[Permit], wish: &CaptureWish, told: &mut dyn FnMut(Told<'_>)) -> Result<Option<Comparison>, StoreError> {
    if wish.persona.is_some() {
        return Err(StoreError::input("a persona has one circuit label for life: a second capture of it would not be independent. Capture once with the persona, or twice without it"));
    }
    let road = capture::open(desk, permits, wish, |percent| told(Told::Tor(percent)))?;
    let first = capture::along(desk, scope, permits, wish, &road, None)?;
    told(Told::First(&first));
    if first.stopped.is_some() || first.is_empty() {
        return Ok(None);
    }
    wait(desk, scope, permits, wish)?;
    let second = capture::again(desk, scope, permits, wish, &road, &first.exhibit.exhibit)?;
    told(Told::Second(&second));
    let comparison = compared(&first, &second);
    note(desk, scope, &[&first, &second], &comparison)?;
    Ok(Some(comparison))
}

/// The time between the two; it ends with whatever would end a capture.
fn wait(desk: &Desk, scope: &Scope, permits: &[Permit], wish: &CaptureWish) -> Result<(), StoreError> {
    let begun = Instant::now();
    while begun.elapsed() < PAUSE {
        capture::goes_on(desk, scope, permits, wish)?;
        thread::sleep(Duration::from_millis(500));
    }
    Ok(())
}

fn compared(first: &CaptureView, second: &CaptureView) -> Comparison {
    Comparison {
        first: first.exhibit.exhibit.clone(),
        second: second.exhibit.exhibit.clone(),
        seconds_apart: second.record.started.micros().saturating_sub(first.record.ended.micros()) / 1_000_000,
        separation: separation(first, second),
        method: compare::METHOD.into(),
        pages: compare::pages(&first.record, &second.record),
    }
}

/// What the two do not have in common, as far as the desk saw it.
fn separation(first: &CaptureView, second: &CaptureView) -> String {
    match (&first.record.isolation, &second.record.isolation) {
        (Some(one), Some(other)) if one != other => {
            let common = circuits(first).intersection(&circuits(second)).count();
            format!("another circuit label, {common} circuits in common among those that Tor showed; the same Tor and guard")
        }
        (Some(_), Some(_)) => "the same circuit label: they are NOT independent".into(),
        _ => "another connection by the same way; nothing here shows what else separates them".into(),
    }
}

fn circuits(view: &CaptureView) -> BTreeSet<String> {
    let seen = view.exhibit.content.record.as_ref().map(|record| &record["circuits"]).and_then(Value::as_array);
    seen.into_iter().flatten().filter_map(|circuit| circuit["id"].as_str().map(str::to_string)).collect()
}

/// Writes the comparison on both exhibits, in one step.
fn note(desk: &Desk, scope: &Scope, both: &[&CaptureView; 2], comparison: &Comparison) -> Result<(), StoreError> {
    let keep = desk.store.permit(scope, Intent::to(Action::Transfer))?;
    let rows = both.iter().map(|view| noted(desk, scope, &view.exhibit.exhibit, comparison)).collect::<Result<Vec<_>, _>>()?;
    let event = NewEvent::new(EventType::CaptureCompared, Some(both[1].exhibit.id.clone()), json!({"comparison": comparison}));
    desk.store.commit(scope, &keep, event, rows).map(|_| ())
}

fn noted(desk: &Desk, scope: &Scope, label: &str, comparison: &Comparison) -> Result<Write, StoreError> {
    let row = admit::row(desk, scope, label)?;
    let mut content: ExhibitContent = row.content()?;
    content.findings.push(comparison.in_words());
    if let Some(Value::Object(record)) = &mut content.record {
        record.insert("captured-twice".into(), json!(comparison));
    }
    let class = content.class;
    reclassify::with_class(desk, scope, &row, &content, class)
}
