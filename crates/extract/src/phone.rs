//! Telephone numbers after ITU-T E.164: international form always, national form only with a region
//! from the case. Numbering plans decide validity; nobody is called. A number that the plan allows
//! need not be assigned to anyone.

use std::collections::HashMap;
use std::str::FromStr;

use model::selector::SelectorType;
use phonenumber::{Mode, country};

use crate::verdict::{Verdict, ascii};

/// A region of the numbering plan (ISO 3166-1 alpha-2), such as `LA` or `TH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region(country::Id);

impl FromStr for Region {
    type Err = UnknownRegion;
    fn from_str(text: &str) -> Result<Self, UnknownRegion> {
        country::Id::from_str(&text.to_ascii_uppercase()).map(Region).map_err(|_| UnknownRegion(text.to_owned()))
    }
}

/// The text names no region of the numbering plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a region with telephone numbers: write its two-letter country code, such as LA, TH or DE", model::quoted(.0))]
pub struct UnknownRegion(String);

/// Judges numbers, and remembers what it judged: pages repeat them, and a plan is slow to ask.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    known: HashMap<Vec<u8>, Option<String>>,
}

/// How many judgements are kept before the memory is emptied.
const REMEMBERED: usize = 4096;
/// How many groups may be cut from the end of a run of digits ("+66 81 234 5678 10 g").
const GROUPS_CUT: usize = 4;

impl Judge {
    /// Length of the number at the start of `text`, with its verdict.
    pub(crate) fn judge(&mut self, text: &[u8], region: Option<Region>) -> Option<(usize, Verdict)> {
        let mut end = run_length(text);
        for _ in 0..=GROUPS_CUT {
            let candidate = &text[..end];
            if region.is_some() && !is_national_shape(candidate) {
                return None;
            }
            if let Some(value) = self.e164(candidate, region) {
                let reason = match region {
                    None => "E.164 international form, valid in the numbering plan",
                    Some(_) => "national form, read with the default region; valid in the numbering plan",
                };
                return Some((end, Verdict::unverifiable(SelectorType::Phone, value, reason)));
            }
            end = candidate.iter().rposition(|b| !b.is_ascii_digit())?;
            end = candidate[..end].iter().rposition(u8::is_ascii_digit)? + 1;
        }
        None
    }

    fn e164(&mut self, candidate: &[u8], region: Option<Region>) -> Option<String> {
        let mut digits: Vec<u8> = candidate.iter().copied().filter(u8::is_ascii_digit).collect();
        if !(if region.is_some() { 7..=15 } else { 8..=15 }).contains(&digits.len()) {
            return None;
        }
        if region.is_none() {
            digits.insert(0, b'+');
        }
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.entry(digits).or_insert_with_key(|digits| ask_plan(&ascii(digits), region)).clone()
    }
}

fn ask_plan(digits: &str, region: Option<Region>) -> Option<String> {
    let number = phonenumber::parse(region.map(|r| r.0), digits).ok()?;
    number.is_valid().then(|| number.format().mode(Mode::E164).to_string())
}

/// Length of a run of digits, a leading plus, and single separators (or two, such as ") ").
fn run_length(text: &[u8]) -> usize {
    let (mut last_digit, mut digits, mut gap) = (0, 0, 0);
    for (i, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => {
                (last_digit, gap) = (i + 1, 0);
                digits += 1;
                if digits > 18 {
                    break;
                }
            }
            b'+' if i == 0 => {}
            b' ' | b'-' | b'.' | b'(' | b')' | b'/' if gap < 2 => gap += 1,
            _ => break,
        }
    }
    last_digit
}

/// A national number is written with its trunk zero, with brackets, or in three groups; dates and
/// dotted quads are not numbers.
fn is_national_shape(candidate: &[u8]) -> bool {
    let groups: Vec<usize> =
        candidate.split(|b| !b.is_ascii_digit()).map(<[u8]>::len).filter(|length| *length > 0).collect();
    let is_date = matches!(groups[..], [4, 2, 2] | [2, 2, 4] | [1, 2, 4] | [2, 1, 4] | [4, 2, 2, 2, ..]);
    let is_quad = groups.len() == 4 && candidate.contains(&b'.');
    !is_date && !is_quad && (matches!(candidate.first(), Some(b'0' | b'(')) || groups.len() >= 3)
}
