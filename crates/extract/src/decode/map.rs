//! Runs of characters of one width in the text and one in the raw bytes: the way from a place in decoded text to its
//! raw bytes. Grows with the changes of width, and forgets what was passed.

/// Characters of `wide` bytes of text for `raw_wide` raw bytes each, from here on.
#[derive(Debug, Clone, Copy)]
struct Run {
    text: u64,
    raw: u64,
    wide: u8,
    raw_wide: u8,
}

/// See the module. An empty map means that every byte stands for itself.
#[derive(Debug, Default)]
pub(crate) struct Map {
    runs: Vec<Run>,
    end: (u64, u64),
}

impl Map {
    /// A character of `wide` bytes at `text` stands for `raw_wide` bytes at `raw`.
    pub(crate) fn run(&mut self, text: u64, raw: u64, wide: u8, raw_wide: u8) {
        if let Some(last) = self.runs.last()
            && (last.wide, last.raw_wide) == (wide, raw_wide)
            && (raw - last.raw) * u64::from(wide) == (text - last.text) * u64::from(raw_wide)
        {
            return;
        }
        self.runs.push(Run { text, raw, wide, raw_wide });
    }

    /// Where text and raw bytes end.
    pub(crate) fn close(&mut self, text: u64, raw: u64) {
        self.end = (text, raw);
    }

    /// Forgets the runs that end before `text`.
    pub(crate) fn forget(&mut self, text: u64) {
        let keep = self.runs.partition_point(|run| run.text <= text).saturating_sub(1);
        if keep > 4096 {
            self.runs.drain(..keep);
        }
    }

    fn at(&self, text: u64) -> Option<(Run, u64)> {
        let index = self.runs.partition_point(|run| run.text <= text).checked_sub(1)?;
        let run = self.runs[index];
        let limit = self.runs.get(index + 1).map_or(self.end.1.max(run.raw), |next| next.raw);
        Some((run, limit))
    }

    /// First raw byte of the character at `text`.
    pub(crate) fn raw_start(&self, text: u64) -> u64 {
        let Some((run, limit)) = self.at(text) else { return text };
        let characters = (text - run.text) / u64::from(run.wide.max(1));
        (run.raw + characters * u64::from(run.raw_wide)).min(limit)
    }

    /// One past the last raw byte of the character that ends at or holds `text - 1`.
    pub(crate) fn raw_end(&self, text: u64) -> u64 {
        let Some(last) = text.checked_sub(1) else { return self.raw_start(0) };
        let Some((run, limit)) = self.at(last) else { return text };
        let characters = (last - run.text) / u64::from(run.wide.max(1)) + 1;
        (run.raw + characters * u64::from(run.raw_wide)).min(limit)
    }
}
