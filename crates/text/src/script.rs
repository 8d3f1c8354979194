//! Which script each part of a text is written in. Blanks, digits, punctuation and marks belong to the run
//! before them, at the beginning to the run behind. Blocks of Unicode, not the script property: for these
//! scripts the two differ in punctuation only, and a table of blocks is read at the speed of the bytes.

use std::ops::Range;

/// The scripts that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Script {
    /// Lao.
    Lao,
    /// Thai.
    Thai,
    /// Khmer.
    Khmer,
    /// Burmese, with Shan, Mon and Karen letters; also text in Zawgyi.
    Myanmar,
    /// Chinese characters.
    Han,
    /// Latin.
    Latin,
    /// Cyrillic.
    Cyrillic,
    /// Arabic.
    Arabic,
    /// Letters of any other script.
    Other,
}

impl Script {
    /// All of them.
    pub const ALL: [Script; 9] = [
        Script::Lao, Script::Thai, Script::Khmer, Script::Myanmar, Script::Han, Script::Latin, Script::Cyrillic,
        Script::Arabic, Script::Other,
    ];

    /// The code of ISO 15924, `Zyyy` for other scripts.
    pub fn code(self) -> &'static str {
        match self {
            Script::Lao => "Laoo",
            Script::Thai => "Thai",
            Script::Khmer => "Khmr",
            Script::Myanmar => "Mymr",
            Script::Han => "Hani",
            Script::Latin => "Latn",
            Script::Cyrillic => "Cyrl",
            Script::Arabic => "Arab",
            Script::Other => "Zyyy",
        }
    }

    /// The script of a letter; nothing for what is no letter, and for marks that every script uses.
    #[inline]
    pub fn of(c: char) -> Option<Script> {
        Some(match c {
            'a'..='z' | 'A'..='Z' => Script::Latin,
            '\0'..='\u{A9}' | '\u{AB}'..='\u{B9}' | '\u{BB}'..='\u{BF}' | '×' | '÷' => return None,
            'ª' | 'º' | '\u{C0}'..='\u{2AF}' => Script::Latin,
            '\u{2B0}'..='\u{36F}' => return None,
            '\u{400}'..='\u{52F}' => Script::Cyrillic,
            '\u{660}'..='\u{669}' | '\u{6F0}'..='\u{6F9}' | '\u{60C}' | '\u{61B}' | '\u{61F}' => return None,
            '\u{600}'..='\u{6FF}' | '\u{750}'..='\u{77F}' | '\u{860}'..='\u{8FF}' => Script::Arabic,
            '\u{E3F}' | '\u{E50}'..='\u{E59}' | '\u{ED0}'..='\u{ED9}' => return None,
            '\u{E01}'..='\u{E7F}' => Script::Thai,
            '\u{E80}'..='\u{EFF}' => Script::Lao,
            '\u{1040}'..='\u{1049}' | '\u{17E0}'..='\u{17E9}' | '\u{17DB}' | '\u{104A}' | '\u{104B}' => return None,
            '\u{1000}'..='\u{109F}' | '\u{A9E0}'..='\u{A9FF}' | '\u{AA60}'..='\u{AA7F}' => Script::Myanmar,
            '\u{1780}'..='\u{17FF}' | '\u{19E0}'..='\u{19FF}' => Script::Khmer,
            '\u{1C80}'..='\u{1C8F}' | '\u{2DE0}'..='\u{2DFF}' | '\u{A640}'..='\u{A69F}' => Script::Cyrillic,
            '\u{1D00}'..='\u{1D25}' | '\u{1E00}'..='\u{1EFF}' | '\u{2C60}'..='\u{2C7F}' | '\u{A722}'..='\u{A7FF}'
            | '\u{AB30}'..='\u{AB64}' | '\u{FB00}'..='\u{FB06}' | '\u{FF21}'..='\u{FF3A}' | '\u{FF41}'..='\u{FF5A}' => Script::Latin,
            '\u{2E80}'..='\u{2FDF}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3400}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}' => Script::Han,
            '\u{FB50}'..='\u{FDFB}' | '\u{FE70}'..='\u{FEFC}' => Script::Arabic,
            _ if c.is_alphabetic() => Script::Other,
            _ => return None,
        })
    }
}

/// A part of a text in one script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its script; nothing where the whole text has no letter.
    pub script: Option<Script>,
    /// Its bytes.
    pub raw: Range<usize>,
}

/// The runs of a text, one after the other without a hole.
///
/// ```
/// use text::script::{Script, runs};
/// let runs: Vec<_> = runs("12 ຂາຍ BTC!").map(|run| (run.script.unwrap(), run.raw)).collect();
/// assert_eq!(runs, [(Script::Lao, 0..13), (Script::Latin, 13..17)]);
/// ```
pub fn runs(text: &str) -> Runs<'_> {
    Runs { text, at: 0 }
}

/// See [`runs`].
#[derive(Debug, Clone)]
pub struct Runs<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        if self.at == self.text.len() {
            return None;
        }
        let (start, mut script) = (self.at, None);
        let bytes = self.text.as_bytes();
        while let Some(first) = bytes.get(self.at) {
            let (of, length) = match first {
                b'a'..=b'z' | b'A'..=b'Z' => (Some(Script::Latin), 1),
                0..=0x7F => (None, 1),
                // Lead bytes that have one script behind them, or nearly: no need to put the character together.
                0xE4..=0xE9 if *first != 0xE4 => (Some(Script::Han), 3),
                0xD1..=0xD3 => (Some(Script::Cyrillic), 2),
                0xC4..=0xC9 => (Some(Script::Latin), 2),
                _ => self.text[self.at..].chars().next().map_or((None, 1), |c| (Script::of(c), c.len_utf8())),
            };
            if of.is_some() {
                if script.is_some() && script != of {
                    break;
                }
                script = of;
            }
            self.at += length;
        }
        Some(Run { script, raw: start..self.at })
    }
}

/// Letters of each script in a text: their number, and how many bytes they take.
pub fn share(text: &str) -> Vec<(Script, usize)> {
    let mut counts = [0usize; Script::ALL.len()];
    text.chars().filter_map(Script::of).for_each(|script| counts[script as usize] += 1);
    let mut share: Vec<(Script, usize)> = Script::ALL.into_iter().zip(counts).filter(|(_, n)| *n > 0).collect();
    share.sort_by_key(|(script, count)| (std::cmp::Reverse(*count), *script));
    share
}

/// Target of the fuzzer: the runs cover any text, and agree with the table of letters.
pub fn fuzz_script(text: &str) {
    let mut at = 0;
    for run in runs(text) {
        assert_eq!(run.raw.start, at);
        at = run.raw.end;
        assert!(text[run.raw].chars().all(|c| Script::of(c).is_none() || Script::of(c) == run.script));
    }
    assert_eq!(at, text.len());
}
