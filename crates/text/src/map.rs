//! The way from a changed text back to the raw bytes: steps in order, each from some bytes of the changed text
//! to the raw bytes that they come from.

use std::ops::Range;

/// Bytes `at..end` of the changed text come from `raw`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    at: usize,
    end: usize,
    raw: Range<usize>,
    /// Character by character in the same number of bytes: an offset inside leads as far inside the raw bytes.
    copied: bool,
}

/// The steps of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Map {
    steps: Vec<Step>,
    raw_len: usize,
}

impl Map {
    /// A map to a raw text of this length, without a step.
    pub(crate) fn of(raw_len: usize) -> Map {
        Map { steps: Vec::new(), raw_len }
    }

    /// Adds a step, to the last one where both are copies and touch.
    pub(crate) fn add(&mut self, at: usize, end: usize, raw: Range<usize>) {
        let new = Step { at, end, copied: end - at == raw.len(), raw };
        match self.steps.last_mut() {
            Some(last) if last.copied && new.copied && last.raw.end == new.raw.start && last.end == new.at => {
                (last.end, last.raw.end) = (new.end, new.raw.end);
            }
            _ => self.steps.push(new),
        }
    }

    /// What was added from `at` on becomes one step that ends at `end`.
    pub(crate) fn join(&mut self, at: usize, end: usize) {
        let mut raw: Option<Range<usize>> = None;
        while let Some(last) = self.steps.last_mut().filter(|s| s.end > at) {
            let from = if last.copied { last.raw.start + at.saturating_sub(last.at) } else { last.raw.start };
            raw = Some(from..raw.map_or(last.raw.end, |r| r.end.max(last.raw.end)));
            if last.at < at {
                last.end = at;
                last.raw.end = if last.copied { from } else { last.raw.end };
                break;
            }
            self.steps.pop();
        }
        if let Some(raw) = raw {
            self.steps.push(Step { at, end, raw, copied: false });
        }
    }

    /// The raw bytes of these bytes of the changed text; an empty range leads to an empty one.
    pub(crate) fn raw(&self, changed: Range<usize>) -> Range<usize> {
        let start = self.start(changed.start);
        if changed.is_empty() {
            return start..start;
        }
        let last = self.steps.partition_point(|s| s.end < changed.end);
        let end = self.steps.get(last).map_or(self.raw_len, |s| match s.copied {
            true if changed.end > s.at => s.raw.start + (changed.end - s.at),
            _ => s.raw.end,
        });
        start..end.max(start)
    }

    fn start(&self, at: usize) -> usize {
        let step = self.steps.partition_point(|s| s.end <= at);
        self.steps.get(step).map_or(self.raw_len, |s| if s.copied { s.raw.start + at.saturating_sub(s.at) } else { s.raw.start })
    }
}
