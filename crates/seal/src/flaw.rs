//! Why something that a stranger handed over is not sound, in words for a person.

/// One reason why an object is not what it claims to be. Hostile input is a finding, never a panic
/// (law 14), and a finding is read by people: the text says what was expected and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Flaw(String);

impl Flaw {
    /// A flaw with this explanation (lower case, no full stop).
    pub fn new(text: impl Into<String>) -> Self {
        Flaw(text.into())
    }

    /// The same flaw, with the object that it was found in before it.
    pub fn within(self, place: &str) -> Self {
        Flaw(format!("{place}: {}", self.0))
    }
}

/// Fails with this flaw unless `holds`.
pub(crate) fn ensure(holds: bool, flaw: impl Into<String>) -> Result<(), Flaw> {
    if holds { Ok(()) } else { Err(Flaw::new(flaw)) }
}
