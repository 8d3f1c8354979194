//! What a rule says about one candidate, before its place in the exhibit is known. Positions here
//! are in flattened text (see `flat`); the raw byte range is added at the very end.

use std::borrow::Cow;

use model::selector::{SelectorState, SelectorType};

/// A rule's answer: the normalised value, how far it was proved, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub kind: SelectorType,
    pub value: String,
    pub state: SelectorState,
    pub reason: Cow<'static, str>,
}

impl Verdict {
    pub(crate) fn verified(kind: SelectorType, value: String, reason: impl Into<Cow<'static, str>>) -> Self {
        Verdict { kind, value, state: SelectorState::Verified, reason: reason.into() }
    }

    pub(crate) fn unverifiable(kind: SelectorType, value: String, reason: impl Into<Cow<'static, str>>) -> Self {
        Verdict { kind, value, state: SelectorState::Unverifiable, reason: reason.into() }
    }

    pub(crate) fn failed(kind: SelectorType, value: String, reason: impl Into<Cow<'static, str>>) -> Self {
        Verdict { kind, value, state: SelectorState::FailedChecksum, reason: reason.into() }
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
