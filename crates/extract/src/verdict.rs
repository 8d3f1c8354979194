//! What a rule says about one candidate, before its place in the exhibit is known. Positions here
//! are in flattened text (see `flat`); the raw byte range is added at the very end.

use std::borrow::Cow;

use model::selector::{Rival, SelectorState, SelectorType};

/// What else must hold before a candidate is reported. A rule sees one word; its place is judged by
/// the pass, which sees the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Nothing.
    Always,
    /// The word stands alone: it is no stretch of base64.
    Alone,
    /// It stands alone where a reader sees it, or one of these words is near.
    Shown(&'static [&'static str]),
    /// One of these words is near.
    Near(&'static [&'static str]),
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
