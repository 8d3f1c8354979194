//! Selectors to plant: each with its normal form, the state that a right reader gives it, and how it may
//! be disguised. The names are those of the JSON lines of `scan`.

mod coins;
mod keys;
mod names;
mod numbers;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::dice::Dice;

/// How far a right reader can prove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The checksum holds.
    Verified,
    /// There is no checksum to hold.
    Unverifiable,
    /// The shape is right and the checksum wrong.
    FailedChecksum,
}

/// What stands before a selector on a page, so that a reader who needs context has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cue {
    /// Something is paid to it.
    Pay(&'static str),
    /// Somebody is reached by it.
    Contact(&'static str),
    /// It is mentioned.
    Note(&'static str),
    /// A payment card, in the words of the page.
    Card,
}

/// Where it may be cut in two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cuts {
    /// Nowhere.
    None,
    /// By what no reader sees: `<wbr>`, soft hyphen, zero-width characters.
    Unseen,
    /// By tags and line breaks too: its checksum is strong enough to prove the joint.
    Anywhere,
}

/// How it may be made harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defang {
    /// In no way.
    None,
    /// Its dots.
    Host,
    /// Its dots, in brackets only: numbers or two letters with spaces between are nothing.
    Brackets,
    /// Its dots and its `@`.
    Mail,
    /// Its scheme, its colon and its dots.
    Url,
}

/// How it may be written other than plainly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writing {
    pub(crate) cuts: Cuts,
    pub(crate) defang: Defang,
    /// Letters may be replaced by look-alikes of other scripts.
    pub(crate) lookalikes: bool,
    /// Digits may be written in the digits of the page's script.
    pub(crate) local_digits: bool,
    /// Letters of another script may touch it.
    pub(crate) glued: bool,
    /// It may be written in capitals.
    pub(crate) capitals: bool,
    /// What stands before it in a link.
    pub(crate) link: Option<&'static str>,
    /// It has several lines and is written as it is.
    pub(crate) block: bool,
}

/// A selector inside another: the host of a URL.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) kind: &'static str,
    pub(crate) value: String,
    pub(crate) state: State,
    /// Bytes of the plain form.
    pub(crate) range: Range<usize>,
    /// Whether a reader who does not report it has missed something.
    pub(crate) required: bool,
}

/// How its checksum can be broken.
#[derive(Debug, Clone)]
enum Spoil {
    /// It has none.
    Never,
    /// By another letter of the alphabet, within these bytes of the plain form.
    Letter(Range<usize>, &'static str),
    /// By the case of a letter.
    Case,
    /// By another last word.
    LastWord,
}

/// A selector to plant.
#[derive(Debug, Clone)]
pub(crate) struct Selector {
    pub(crate) kind: &'static str,
    /// Normal form.
    pub(crate) value: String,
    pub(crate) state: State,
    /// Plain form.
    pub(crate) written: String,
    pub(crate) cue: Cue,
    /// Types that fit the same bytes as well.
    pub(crate) rivals: &'static [&'static str],
    pub(crate) parts: Vec<Part>,
    pub(crate) writing: Writing,
    spoil: Spoil,
    /// Whether a reader must report it when its checksum is broken.
    pub(crate) required_when_spoiled: bool,
}

const PLAIN: Writing = Writing {
    cuts: Cuts::None, defang: Defang::None, lookalikes: false, local_digits: false, glued: false, capitals: false,
    link: None, block: false,
};

impl Selector {
    /// Written as its value, without a checksum.
    fn new(kind: &'static str, value: impl Into<String>, cue: Cue) -> Self {
        let value = value.into();
        Selector {
            kind, written: value.clone(), value, state: State::Unverifiable, cue, rivals: &[], parts: Vec::new(),
            writing: PLAIN, spoil: Spoil::Never, required_when_spoiled: true,
        }
    }

    fn written(self, written: impl Into<String>) -> Self {
        Selector { written: written.into(), ..self }
    }

    fn rivals(self, rivals: &'static [&'static str]) -> Self {
        Selector { rivals, ..self }
    }

    /// With a checksum over it, which a change within `range` breaks.
    fn checked(self, range: Range<usize>, alphabet: &'static str) -> Self {
        Selector { state: State::Verified, spoil: Spoil::Letter(range, alphabet), ..self }
    }

    /// With a checksum that a lone number passes too often: nobody must report it when it fails.
    fn weakly_checked(self, range: Range<usize>, alphabet: &'static str) -> Self {
        Selector { required_when_spoiled: false, ..self.checked(range, alphabet) }
    }

    fn with(mut self, change: impl FnOnce(&mut Writing)) -> Self {
        change(&mut self.writing);
        self
    }

    fn part(mut self, kind: &'static str, value: impl Into<String>, state: State, range: Range<usize>, required: bool) -> Self {
        self.parts.push(Part { kind, value: value.into(), state, range, required });
        self
    }

    /// The same with a wrong checksum; `None` when it has none.
    pub(crate) fn spoiled(&self, dice: &mut Dice) -> Option<Selector> {
        let written = match &self.spoil {
            Spoil::Never => return None,
            Spoil::Letter(range, alphabet) => self.with_another_letter(range.clone(), alphabet, dice),
            Spoil::Case => self.with_wrong_case(dice),
            Spoil::LastWord => keys::with_another_last_word(&self.written),
        };
        let value = if self.value == self.written { written.clone() } else { respelled(self.kind, &written) };
        Some(Selector { written, value, state: State::FailedChecksum, parts: Vec::new(), ..self.clone() })
    }

    /// The new letter comes from lower in the alphabet, so that no block of digits overflows.
    fn with_another_letter(&self, range: Range<usize>, alphabet: &str, dice: &mut Dice) -> String {
        let mut written = self.written.clone().into_bytes();
        let rank = |at: &usize| alphabet.bytes().position(|letter| letter == self.written.as_bytes()[*at]).filter(|rank| *rank > 0);
        let places: Vec<(usize, usize)> = range.filter_map(|at| Some((at, rank(&at)?))).collect();
        let (at, rank) = *dice.pick(&places);
        written[at] = alphabet.as_bytes()[dice.below(rank)];
        String::from_utf8(written).expect("one ASCII letter for another")
    }

    fn with_wrong_case(&self, dice: &mut Dice) -> String {
        let capitals: Vec<usize> = (0..self.written.len()).filter(|at| self.written.as_bytes()[*at].is_ascii_uppercase()).collect();
        let at = *dice.pick(&capitals);
        let small = self.written[at..=at].to_lowercase();
        format!("{}{small}{}", &self.written[..at], &self.written[at + 1..])
    }
}

/// The normal form of something that is written in groups or in another case.
fn respelled(kind: &str, written: &str) -> String {
    let joined = || written.chars().filter(|c| !matches!(c, ' ' | '-')).collect::<String>();
    match kind {
        "iban" | "card" | "imei" | "iccid" | "lei" => joined(),
        "eth" => written.to_lowercase(),
        _ => written.to_owned(),
    }
}

/// Makes one selector of a sort.
pub(crate) type Maker = fn(&mut Dice) -> Selector;

/// Every sort that is planted; sorts of one type have one maker each.
pub(crate) fn makers() -> Vec<Maker> {
    [coins::MAKERS, keys::MAKERS, names::MAKERS, numbers::MAKERS].concat()
}
