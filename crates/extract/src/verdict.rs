//! What a rule says about one candidate, before its place in the exhibit is known. Positions here
//! are in flattened text (see `flat`); the raw byte range is added at the very end.

use std::borrow::Cow;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use model::selector::{Rival, SelectorState, SelectorType};

/// Words that give a number its meaning. The automaton over them is built when they are first needed.
#[derive(Debug)]
pub(crate) struct Words {
    list: &'static [&'static str],
    automaton: OnceLock<AhoCorasick>,
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Eq for Words {}

impl Words {
    pub(crate) const fn new(list: &'static [&'static str]) -> Self {
        Words { list, automaton: OnceLock::new() }
    }

    /// Whether one of the words stands in `text`, in any letter case. A short word of a spaced script
    /// must be a word of its own: three letters stand in every other address.
    pub(crate) fn stand_in(&self, text: &[u8]) -> bool {
        let automaton = self.automaton.get_or_init(|| {
            let cased = self.list.iter().flat_map(|word| [(*word).to_owned(), capital(word), word.to_uppercase()]);
            AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(cased).expect("the words are written in the code")
        });
        automaton.find_overlapping_iter(text).any(|hit| {
            let word = self.list[hit.pattern().as_usize() / 3];
            !is_short(word) || (!ends_with_letter(&text[..hit.start()]) && !begins_with_letter(&text[hit.end()..]))
        })
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

fn is_short(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii() || ('\u{400}'..'\u{530}').contains(&c)) && word.chars().count() <= 4
}

fn is_cyrillic(lead: u8) -> bool {
    matches!(lead, 0xd0..=0xd4)
}

fn ends_with_letter(text: &[u8]) -> bool {
    match text {
        [.., lead, last] if *last >= 0x80 => is_cyrillic(*lead),
        [.., last] => last.is_ascii_alphanumeric(),
        [] => false,
    }
}

fn begins_with_letter(text: &[u8]) -> bool {
    text.first().is_some_and(|first| first.is_ascii_alphanumeric() || is_cyrillic(*first))
}

/// What else must hold before a candidate is reported. A rule sees one word; its place is judged by
/// the pass, which sees the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Nothing.
    Always,
    /// The word stands alone: it is no stretch of base64.
    Alone,
    /// It stands alone where a reader sees it, or one of these words is near.
    Shown(&'static Words),
    /// One of these words is near.
    Near(&'static Words),
}

/// A rule's answer: the normalised value, how far it was proved, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub kind: SelectorType,
    pub value: String,
    pub state: SelectorState,
    pub reason: Cow<'static, str>,
    pub keep: Keep,
    /// Other networks that the same bytes fit.
    pub rivals: Vec<Rival>,
    /// The chance of this instance, where it is not that of its type.
    pub chance: Option<Cow<'static, str>>,
    /// What was done to the text before the rule was held against it.
    pub steps: Vec<String>,
}

impl Verdict {
    fn new(kind: SelectorType, value: String, state: SelectorState, reason: Cow<'static, str>) -> Self {
        Verdict { kind, value, state, reason, keep: Keep::Always, rivals: Vec::new(), chance: None, steps: Vec::new() }
    }

    pub(crate) fn verified(kind: SelectorType, value: String, reason: impl Into<Cow<'static, str>>) -> Self {
        Verdict::new(kind, value, SelectorState::Verified, reason.into())
    }

    pub(crate) fn unverifiable(kind: SelectorType, value: String, reason: impl Into<Cow<'static, str>>) -> Self {
        Verdict::new(kind, value, SelectorState::Unverifiable, reason.into())
    }

    pub(crate) fn failed(kind: SelectorType, value: String, reason: impl Into<Cow<'static, str>>) -> Self {
        Verdict::new(kind, value, SelectorState::FailedChecksum, reason.into())
    }

    pub(crate) fn keep(self, keep: Keep) -> Self {
        Verdict { keep, ..self }
    }

    pub(crate) fn chance(self, chance: impl Into<Cow<'static, str>>) -> Self {
        Verdict { chance: Some(chance.into()), ..self }
    }

    /// Names another type that the same bytes fit, in the same state.
    pub(crate) fn rival(self, kind: SelectorType) -> Self {
        let value = self.value.clone();
        self.rival_as(kind, value)
    }

    /// The same, under another value.
    pub(crate) fn rival_as(mut self, kind: SelectorType, value: String) -> Self {
        self.rivals.push(Rival { selector_type: kind, value, state: self.state });
        self
    }

    pub(crate) fn at(self, start: usize, end: usize) -> Hit {
        Hit { start, end, verdict: self }
    }

    pub(crate) fn is_verified(&self) -> bool {
        self.state == SelectorState::Verified
    }
}

/// A verdict with its range in flattened text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    pub start: usize,
    pub end: usize,
    pub verdict: Verdict,
}

/// Bytes that are known to be ASCII, as text.
pub(crate) fn ascii(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// ASCII bytes in lower case, as text.
pub(crate) fn ascii_lower(bytes: &[u8]) -> String {
    ascii(&bytes.to_ascii_lowercase())
}
