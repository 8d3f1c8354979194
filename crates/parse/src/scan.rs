//! Runs the extraction closure over the source, in windows when it is large.
//!
//! Windows overlap on both sides, and a selector or row belongs to the window in whose core it begins, so
//! that none is lost or told twice at a cut. What is longer than the overlap may be cut; a finding
//! says that windows were used.

use std::io;

use serde_json::{Value, json};

use crate::context::{Context, Parent};
use crate::member::FindingKind;
use crate::tap::Store;

/// Bytes at once; less when the memory budget is small.
const WINDOW: u64 = 64 << 20;
/// Context on each side of a window's core.
const OVERLAP: u64 = 64 << 10;
/// Bytes of JSON in one frame.
const BATCH: usize = 256 << 10;
/// Bytes of JSON of one selector; a longer one is left out with a finding.
const LONGEST: usize = 1 << 20;

/// Extracts from the whole source.
pub(crate) fn scan(context: &Context<'_>, hint: &str, extract: &dyn Fn(&[u8], &str) -> Vec<Value>) -> io::Result<()> {
    let window = WINDOW.min((context.budget.memory_bytes / 8).max(2 * OVERLAP));
    if context.source_len > window {
        let text = format!("read in windows of {window} bytes: what is longer than {OVERLAP} bytes may be cut");
        context.note(FindingKind::Note, Parent::SOURCE, 0, text)?;
    }
    let mut core = 0;
    while core < context.source_len {
        scan_window(context, hint, extract, core, window)?;
        core += window;
    }
    Ok(())
}

fn scan_window(
    context: &Context<'_>,
    hint: &str,
    extract: &dyn Fn(&[u8], &str) -> Vec<Value>,
    core: u64,
    window: u64,
) -> io::Result<()> {
    let source = Store::Source { context, base: 0, length: context.source_len };
    let base = core.saturating_sub(OVERLAP);
    let length = usize::try_from(core - base + window + OVERLAP).expect("windows lie in memory");
    let bytes = source.bytes_at(base, length)?;
    tell(context, extract(&bytes, hint).into_iter().filter_map(|value| placed(value, base, core, core + window)))
}

/// A value with its length as JSON.
pub(crate) fn sized(value: Value) -> (Value, usize) {
    let size = value.to_string().len() + 1;
    (value, size)
}

/// Sends values with their sizes, as many in a frame as fit.
pub(crate) fn tell(context: &Context<'_>, values: impl Iterator<Item = (Value, usize)>) -> io::Result<()> {
    let mut batch = Vec::new();
    let mut batch_size = 0;
    for (mut value, mut size) in values {
        if size > LONGEST {
            let start = value["start"].as_u64().unwrap_or_default();
            context.note(FindingKind::Limit, Parent::SOURCE, start, "a selector longer than 1 MiB is left out")?;
            // Where a selector stood is told: it may be one that nobody may see by the way.
            let (from, to) = if value.get("kind").is_none() { (value["start"].clone(), value["end"].clone()) } else { (json!(0), json!(0)) };
            (value, size) = sized(json!({"kind": "left-out", "count": 1, "start": from, "end": to}));
        }
        if batch_size + size > BATCH && !batch.is_empty() {
            context.selectors(std::mem::take(&mut batch))?;
            batch_size = 0;
        }
        batch_size += size;
        batch.push(value);
    }
    if batch.is_empty() { Ok(()) } else { context.selectors(batch) }
}

/// Moves every offset from the window to the source; none when what was found belongs to another window. A selector or
/// row belongs where it begins. Words belong wherever they reach: the same ones told twice do no harm, a hole does.
fn placed(mut value: Value, base: u64, from: u64, to: u64) -> Option<(Value, usize)> {
    let start = value.get("start")?.as_u64()? + base;
    let end = value.get("end")?.as_u64()? + base;
    let is_here = if value["kind"] == "passage" { start < to && end > from } else { (from..to).contains(&start) };
    if !is_here {
        return None;
    }
    if base > 0 {
        moved(&mut value, base);
    }
    let size = value.to_string().len() + 1;
    Some((value, size))
}

/// What the closure tells of places: its own, those of the words around a selector, of the cells of a row, and the map
/// of a passage, whose pieces are (byte in the text, byte in the source, length).
fn moved(value: &mut Value, base: u64) {
    for name in ["start", "end"] {
        if let Some(at) = value.get(name).and_then(Value::as_u64) {
            value[name] = json!(at + base);
        }
    }
    for inside in ["context", "cells"] {
        value.get_mut(inside).and_then(Value::as_array_mut).into_iter().flatten().for_each(|one| moved(one, base));
    }
    if let Some(row) = value.get_mut("value").filter(|row| row.is_object()) {
        moved(row, base);
    }
    for run in value.get_mut("runs").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(at) = run.get(1).and_then(Value::as_u64) {
            run[1] = json!(at + base);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_a_later_window_counts_in_the_source() {
        let place = |value: Value| placed(value, 1000, 1100, 2000).map(|(value, _)| value);
        let selector = json!({"type": "email", "start": 200, "end": 210, "context": [{"word": "mail", "start": 190, "end": 194}]});
        let there = json!({"type": "email", "start": 1200, "end": 1210, "context": [{"word": "mail", "start": 1190, "end": 1194}]});
        assert_eq!(place(selector), Some(there));
        let row = json!({"kind": "row", "start": 150, "end": 300, "value": {"start": 150, "end": 300, "cells": [{"start": 160, "end": 170}]}});
        let there = json!({"kind": "row", "start": 1150, "end": 1300, "value": {"start": 1150, "end": 1300, "cells": [{"start": 1160, "end": 1170}]}});
        assert_eq!(place(row), Some(there));
        let words = |start: u64, end: u64, runs: Value| json!({"kind": "passage", "start": start, "end": end, "text": "x", "runs": runs});
        assert_eq!(place(words(50, 150, json!([[0, 50, 0], [7, 90, 4]]))), Some(words(1050, 1150, json!([[0, 1050, 0], [7, 1090, 4]]))), "it reaches into the core");
        assert_eq!(place(words(50, 100, json!([[0, 50, 0]]))), None, "it ends before the core");
        assert_eq!(place(json!({"type": "email", "start": 99, "end": 120})), None, "an earlier window has it");
    }
}
