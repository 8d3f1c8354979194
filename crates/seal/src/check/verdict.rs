//! What a check of a package says: one line per thing checked, the limits, and one exit code.

use model::Law;
use serde::Serialize;

/// What a line of the verdict is about: a law of the house, or a part of the seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// A law.
    Law(Law),
    /// The folder itself.
    Layout,
    /// The verifier's own anchors.
    Anchors,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Part::Law(law) => law.fmt(f),
            Part::Layout => f.write_str("layout"),
            Part::Anchors => f.write_str("anchors"),
        }
    }
}

impl Serialize for Part {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How a thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Checked, and it holds.
    Sound,
    /// Checked, and it does not hold.
    Broken,
    /// Could not be checked.
    NotChecked,
}

/// One line of the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Law or part.
    pub part: Part,
    /// File or thing.
    pub object: String,
    /// How it was found.
    pub state: State,
    /// In words.
    pub text: String,
}

/// The whole verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Every line, in the order of checking.
    pub checks: Vec<Check>,
    /// What the reader must know although nothing is broken.
    pub limits: Vec<String>,
    /// 0 sound, 1 broken, 2 cannot be fully checked.
    pub exit_code: u8,
}

impl Verdict {
    /// One word and what follows from it.
    pub fn summary(&self) -> &'static str {
        match self.exit_code {
            0 => "SOUND under your anchors; read the limits",
            1 => "BROKEN: do not rely on this package",
            _ => "CANNOT BE FULLY CHECKED: what could be checked is sound in itself, its origin or its place in the log is not",
        }
    }

    /// The lines that are not sound.
    pub fn faults(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.state != State::Sound)
    }
}

/// Most lines of each kind that are kept; a package with a million changed files is broken enough. The
/// verdict counts every line, also those that are not kept.
const MAX_LINES: usize = 200;

/// Collects lines while the checks run.
#[derive(Debug, Default)]
pub(super) struct Report {
    checks: Vec<Check>,
    limits: Vec<String>,
    /// Stands before each object and limit while the package inside a disclosure is checked.
    about: &'static str,
    sound: usize,
    broken: usize,
    unchecked: usize,
}

impl Report {
    fn push(&mut self, part: Part, object: &str, state: State, text: String) {
        let count = match state {
            State::Sound => &mut self.sound,
            State::Broken => &mut self.broken,
            State::NotChecked => &mut self.unchecked,
        };
        *count += 1;
        if *count <= MAX_LINES {
            self.checks.push(Check { part, object: format!("{}{object}", self.about), state, text });
        }
    }

    /// What follows is about this; the empty text is the package itself.
    pub(super) fn about(&mut self, what: &'static str) {
        self.about = what;
    }

    pub(super) fn sound(&mut self, part: Part, object: &str, text: impl Into<String>) {
        self.push(part, object, State::Sound, text.into());
    }

    pub(super) fn broken(&mut self, part: Part, object: &str, text: impl Into<String>) {
        self.push(part, object, State::Broken, text.into());
    }

    pub(super) fn unchecked(&mut self, part: Part, object: &str, text: impl Into<String>) {
        self.push(part, object, State::NotChecked, text.into());
    }

    /// Sound with the value's text, or broken with the reason.
    pub(super) fn record<T, E: std::fmt::Display>(&mut self, part: Part, object: &str, result: Result<T, E>, sound: impl FnOnce(&T) -> String) -> Option<T> {
        match result {
            Ok(value) => {
                self.sound(part, object, sound(&value));
                Some(value)
            }
            Err(reason) => {
                self.broken(part, object, reason.to_string());
                None
            }
        }
    }

    pub(super) fn limit(&mut self, text: impl Into<String>) {
        let text = format!("{}{}", self.about, text.into());
        if !self.limits.contains(&text) {
            self.limits.push(text);
        }
    }

    pub(super) fn verdict(self) -> Verdict {
        let exit_code = match (self.broken, self.unchecked) {
            (0, 0) => 0,
            (0, _) => 2,
            _ => 1,
        };
        Verdict { checks: self.checks, limits: self.limits, exit_code }
    }
}
