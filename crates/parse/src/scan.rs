//! Runs the extraction closure over the source, in windows when it is large.
//!
//! Windows overlap on both sides, and a selector belongs to the window in whose core it begins, so
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
    let mut batch = Vec::new();
    let mut batch_size = 0;
    for value in extract(&bytes, hint) {
        let Some((value, size)) = placed(value, base, core, core + window) else { continue };
        if size > LONGEST {
            let start = value["start"].as_u64().unwrap_or(core);
            context.note(FindingKind::Limit, Parent::SOURCE, start, "a selector longer than 1 MiB is left out")?;
            continue;
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

/// Moves offsets from the window to the source; none when the selector begins outside the core.
fn placed(mut value: Value, base: u64, from: u64, to: u64) -> Option<(Value, usize)> {
    let start = value.get("start")?.as_u64()? + base;
    let end = value.get("end")?.as_u64()? + base;
    if !(from..to).contains(&start) {
        return None;
    }
    value["start"] = json!(start);
    value["end"] = json!(end);
    let size = value.to_string().len() + 1;
    Some((value, size))
}
