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
    capture::{self, CaptureView, CaptureWish, Errand, Underway},
    reclassify,
};

/// At least so long the second waits for the first to be over.
pub const PAUSE: Duration = Duration::from_secs(5);

/// What is told while it runs.
#[derive(Debug)]
pub enum Told<'a> {
    /// Tor's percent.
    Tor(u8),
    /// How far the one is that runs.
    Under(Underway),
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
    let first = capture::along(desk, scope, permits, wish, &road, Errand::alone(&mut |under| told(Told::Under(under))))?;
    told(Told::First(&first));
    if first.stopped.is_some() || first.is_empty() {
        return Ok(None);
    }
    wait(desk, scope, permits, wish)?;
    let second = capture::along(desk, scope, permits, wish, &road, Errand::again(&first.exhibit.exhibit, &mut |under| told(Told::Under(under))))?;
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
        (Some(one), Some(other)) if one != other => apart(&circuits(first), &circuits(second)),
        (Some(_), Some(_)) => "the same circuit label: they are NOT independent".into(),
        _ => "another connection by the same way; nothing here shows what else separates them".into(),
    }
}

/// A circuit by Tor's number and the time when it was made: a Tor that was begun anew gives the same numbers again.
type Made = (String, String);

fn circuits(view: &CaptureView) -> BTreeSet<Made> {
    let seen = view.exhibit.content.record.as_ref().map(|record| &record["circuits"]).and_then(Value::as_array);
    let made = |circuit: &Value| Some((circuit["id"].as_str()?.to_string(), circuit["created"].as_str()?.to_string()));
    seen.into_iter().flatten().filter_map(made).collect()
}

/// What two sets of circuits say. Of what Tor did not show nothing is known.
fn apart(first: &BTreeSet<Made>, second: &BTreeSet<Made>) -> String {
    if first.is_empty() || second.is_empty() {
        return "another circuit label; Tor showed no circuits of one of them, so nothing more is known of what separates them".into();
    }
    let common = first.intersection(second).count();
    format!("another circuit label, {common} circuits in common among those that Tor showed (told apart by number and time of making; the numbers begin anew with each start of Tor); the guard may be the same")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_circuits_that_nobody_saw_nothing_is_said() {
        let seen = |made: &[(&str, &str)]| made.iter().map(|(id, created)| (id.to_string(), created.to_string())).collect::<BTreeSet<Made>>();
        let first = seen(&[("7", "2026-11-26T03:00:00"), ("8", "2026-11-26T03:00:01")]);
        for (one, other) in [(&first, &seen(&[])), (&seen(&[]), &first), (&seen(&[]), &seen(&[]))] {
            assert!(apart(one, other).contains("nothing more is known") && !apart(one, other).contains("in common"));
        }
        assert!(apart(&first, &first).starts_with("another circuit label, 2 circuits in common"));
        // The same number of another Tor is another circuit.
        assert!(apart(&first, &seen(&[("7", "2026-11-26T04:00:00")])).starts_with("another circuit label, 0 circuits in common"));
    }
}
