//! Runs of characters of one width in the text and one in the raw bytes: the way from a place in decoded text to its
//! raw bytes. Grows with the changes of width, and forgets what was passed.

/// Characters of `wide` bytes of text for `raw_wide` raw bytes each, from here on. Where `raw_wide` is one more than
/// `wide` they are a group of base64: its byte number n lies in the raw bytes n and n + 1. In a charset nobody asks for a
/// place inside a character, and at its ends both readings say the same.
#[derive(Debug, Clone, Copy)]
struct Run {
    text: u64,
    raw: u64,
    wide: u8,
    raw_wide: u32,
}

impl Run {
    /// How many characters stand before `text`, and how far it is into the next one.
    fn place(&self, text: u64) -> (u64, u64) {
        let (past, wide) = (text - self.text, u64::from(self.wide.max(1)));
        let inside = if self.raw_wide == u32::from(self.wide) + 1 { past % wide } else { 0 };
        (past / wide, inside)
    }
}

/// See the module. An empty map means that every byte stands for itself.
#[derive(Debug, Default)]
pub(crate) struct Map {
    runs: Vec<Run>,
    end: (u64, u64),
}

impl Map {
    /// A character of `wide` bytes at `text` stands for `raw_wide` bytes at `raw`.
    pub(crate) fn run(&mut self, text: u64, raw: u64, wide: u8, raw_wide: u32) {
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
        Some((run, self.end.1.max(run.raw)))
    }

    /// First raw byte of the character at `text`.
    pub(crate) fn raw_start(&self, text: u64) -> u64 {
        let Some((run, limit)) = self.at(text) else { return text };
        let (characters, inside) = run.place(text);
        (run.raw + characters * u64::from(run.raw_wide) + inside).min(limit)
    }

    /// One past the last raw byte of the character that ends at or holds `text - 1`.
    pub(crate) fn raw_end(&self, text: u64) -> u64 {
        let Some(last) = text.checked_sub(1) else { return self.raw_start(0) };
        let Some((run, limit)) = self.at(last) else { return text };
        let (characters, inside) = run.place(last);
        let wide = if run.raw_wide == u32::from(run.wide) + 1 { inside + 2 } else { u64::from(run.raw_wide) };
        (run.raw + characters * u64::from(run.raw_wide) + wide).min(limit)
    }
}
