//! Letters that only look like ASCII, and digits of other scripts, read as what they are taken for:
//! Cyrillic and Greek look-alikes (the letters of UTS #39 that have an ASCII skeleton), full-width and
//! mathematical letters (NFKC), Thai, Lao, Khmer, Burmese, Arabic-Indic and Devanagari digits. For
//! matching only: what is reported says that it was folded, and its range covers what was written.
//! A word of another script is left alone: a run of its letters is folded only when each of them has a
//! twin and ASCII touches the run.

use unicode_normalization::UnicodeNormalization;

use crate::flat::{Flat, Writer};

/// Text that is copied along on both sides, for the words around.
const AROUND: usize = 64;
/// A longer token is no identifier.
const LONGEST: usize = 1024;
/// Digits that make a number worth a look.
const FEWEST_DIGITS: usize = 7;

/// A stretch of text with its letters folded; the map leads to the text that it came from.
pub(crate) struct Folded {
    pub flat: Flat<'static>,
    /// Where folded letters stand in the text.
    places: Vec<(usize, usize)>,
    kinds: u8,
}

const TWINS: u8 = 1;
const WIDE: u8 = 2;
const DIGITS: u8 = 4;

impl Folded {
    /// Whether a range of the text holds a folded letter.
    pub(crate) fn touches(&self, start: usize, end: usize) -> bool {
        self.places.iter().any(|(from, to)| *from < end && start < *to)
    }

    /// First folded place in a range.
    pub(crate) fn first_in(&self, start: usize, end: usize) -> Option<usize> {
        self.places.iter().map(|place| place.0).find(|at| (start..end).contains(at))
    }

    /// What was done, in words.
    pub(crate) fn steps(&self) -> Vec<String> {
        let words = [
            (TWINS, "look-alike letters of another script read as Latin letters (UTS #39)"),
            (WIDE, "full-width or mathematical letters read as ASCII (NFKC)"),
            (DIGITS, "digits of another script read as ASCII digits"),
        ];
        words.into_iter().filter(|(kind, _)| self.kinds & kind != 0).map(|(_, words)| words.to_owned()).collect()
    }
}

/// The stretches of `text` that are worth folding, from left to right.
pub(crate) fn stretches(text: &[u8]) -> Vec<Folded> {
    let (mut found, mut at, mut done) = (Vec::new(), 0, 0);
    while at < text.len() {
        // Most pages are ASCII in the main: long stretches of it are passed over at once.
        let wide = text.len().min(at + 1024);
        if text[at..wide].is_ascii() {
            at = wide;
            continue;
        }
        let end = text.len().min(at + 64);
        if !text[at..end].is_ascii() {
            for place in at..end {
                let lead = text[place];
                let may_be = if lead < 0x80 { place > 0 && text[place - 1] >= 0x80 } else { LEAD[lead as usize] };
                if may_be && place >= done && is_sign(text, place) {
                    let token = token_around(text, place, done);
                    done = token.1.max(place + 1);
                    found.extend(fold(text, token));
                }
            }
        }
        at = end;
    }
    found
}

/// First bytes of everything that can be folded.
static LEAD: [bool; 256] = {
    let mut table = [false; 256];
    let leads = [0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd9, 0xdb, 0xe0, 0xe1, 0xef, 0xf0];
    let mut i = 0;
    while i < leads.len() {
        table[leads[i]] = true;
        i += 1;
    }
    table
};

/// Whether something foldable that ASCII touches, or a local digit, begins at `at`.
fn is_sign(text: &[u8], at: usize) -> bool {
    let lead = text[at];
    match lead {
        0x00..=0x7f => at > 0 && is_trail_of_twin(text, at) && (lead.is_ascii_alphanumeric() || matches!(lead, b'@' | b'.' | b'-' | b'_')),
        0xce..=0xd4 => at > 0 && (text[at - 1].is_ascii_alphanumeric() || matches!(text[at - 1], b'@' | b'.' | b'-' | b'_')),
        0xd9 | 0xdb | 0xe0 | 0xe1 | 0xef | 0xf0 => letter_at(text, at).is_some_and(|(letter, ..)| letter.is_ascii_alphanumeric()),
        _ => false,
    }
}

/// The ASCII byte at `at` follows a Cyrillic or Greek letter.
fn is_trail_of_twin(text: &[u8], at: usize) -> bool {
    at >= 2 && matches!(text[at - 1], 0x80..=0xbf) && matches!(text[at - 2], 0xce..=0xd4)
}

/// The ASCII letter that the character at `at` is taken for, its length and its kind.
fn letter_at(text: &[u8], at: usize) -> Option<(u8, usize, u8)> {
    let rest = &text[at..text.len().min(at + 4)];
    let decimal = |zero: u8, byte: u8, length| (byte.wrapping_sub(zero) < 10).then(|| (b'0' + byte.wrapping_sub(zero), length, DIGITS));
    match *rest {
        [0xe0, 0xb9, last, ..] | [0xe0, 0xbb, last, ..] => decimal(0x90, last, 3),
        [0xe1, 0x9f, last, ..] => decimal(0xa0, last, 3),
        [0xe1, 0x81, last, ..] => decimal(0x80, last, 3),
        [0xe0, 0xa5, last, ..] => decimal(0xa6, last, 3),
        [0xd9, last, ..] => decimal(0xa0, last, 2),
        [0xdb, last, ..] => decimal(0xb0, last, 2),
        [0xef, 0xbc | 0xbd, _, ..] => by_compatibility(rest, 3),
        [0xf0, 0x9d, _, _] => by_compatibility(rest, 4),
        [lead @ (0xce..=0xd4), last, ..] => twin(u16::from(lead & 31) << 6 | u16::from(last & 63)).map(|letter| (letter, 2, TWINS)),
        _ => None,
    }
}

fn by_compatibility(rest: &[u8], length: usize) -> Option<(u8, usize, u8)> {
    let letter = std::str::from_utf8(rest.get(..length)?).ok()?.chars().next()?;
    let mut folded = std::iter::once(letter).nfkc();
    let (first, more) = (folded.next()?, folded.next());
    (more.is_none() && first.is_ascii_graphic()).then_some((first as u8, length, WIDE))
}

/// Letters whose skeleton in UTS #39 is an ASCII letter or digit, and к, т, м, н, в in capitals.
fn twin(code: u16) -> Option<u8> {
    let letter = char::from_u32(u32::from(code))?;
    Some(match letter {
        'а' | 'α' => b'a', 'с' | 'ϲ' => b'c', 'ԁ' => b'd', 'е' => b'e', 'һ' => b'h', 'і' | 'ι' => b'i', 'ј' | 'ϳ' => b'j', 'ӏ' => b'l',
        'о' | 'ο' | 'σ' => b'o', 'р' | 'ρ' => b'p', 'ԛ' => b'q', 'г' => b'r', 'ѕ' => b's', 'υ' => b'u', 'ѵ' | 'ν' => b'v', 'ԝ' => b'w', 'х' => b'x',
        'у' | 'γ' | 'ү' => b'y', 'к' | 'κ' => b'k',
        'А' | 'Α' => b'A', 'В' | 'Β' => b'B', 'С' | 'Ϲ' => b'C', 'Е' | 'Ε' => b'E', 'Ԍ' => b'G', 'Н' | 'Η' => b'H', 'І' | 'Ι' | 'Ӏ' => b'I', 'Ј' | 'Ϳ' => b'J',
        'К' | 'Κ' => b'K', 'М' | 'Μ' => b'M', 'Ν' => b'N', 'О' | 'Ο' => b'O', 'Р' | 'Ρ' => b'P', 'Ԛ' => b'Q', 'Ѕ' => b'S', 'Т' | 'Τ' => b'T', 'Ѵ' => b'V',
        'Ԝ' => b'W', 'Х' | 'Χ' => b'X', 'У' | 'Υ' | 'Ү' => b'Y', 'Ζ' => b'Z', 'З' => b'3', 'б' => b'6',
        _ => return None,
    })
}

/// The end of the run of Cyrillic or Greek letters that begins at `at`, and whether each has a twin.
fn run_of_twins(text: &[u8], at: usize) -> (usize, bool) {
    let (mut end, mut whole) = (at, true);
    while end + 1 < text.len() && matches!(text[end], 0xce..=0xd4) && matches!(text[end + 1], 0x80..=0xbf) {
        whole &= letter_at(text, end).is_some();
        end += 2;
    }
    (end, whole)
}

/// Bytes of ASCII that stand inside identifiers; a space or a bracket may part groups of digits.
fn is_inside(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'.' | b'-' | b'_' | b':' | b'/' | b'+' | b'%' | b'#' | b'=' | b'?' | b'&')
}

/// Up to four capitals and digits that stand alone, as account numbers are written: `ET4D` with a local digit in it.
fn is_group(text: &[u8], at: usize) -> bool {
    let (mut place, mut letters) = (at, 0);
    while letters < 5 {
        match text.get(place) {
            Some(byte) if byte.is_ascii_uppercase() || byte.is_ascii_digit() => place += 1,
            Some(byte) if *byte >= 0x80 => match letter_at(text, place).filter(|(letter, ..)| letter.is_ascii_digit()) {
                Some((_, length, _)) => place += length,
                None => break,
            },
            _ => break,
        }
        letters += 1;
    }
    (1..5).contains(&letters) && text.get(place).is_none_or(|byte| !is_inside(*byte))
}

/// One step to the right inside a token; `None` at its end.
fn step_right(text: &[u8], at: usize) -> Option<usize> {
    let byte = *text.get(at)?;
    if is_inside(byte) {
        return Some(at + 1);
    }
    if matches!(byte, b' ' | b'(' | b')') {
        let next = at + 1 + usize::from(matches!(text.get(at + 1), Some(b' ' | b'(' | b')')));
        let number = |place: usize| text.get(place).is_some_and(u8::is_ascii_digit) || letter_at(text, place).is_some_and(|(letter, ..)| letter.is_ascii_digit());
        return (number(next) || is_group(text, next)).then_some(next);
    }
    match byte {
        0xce..=0xd4 => {
            let (end, whole) = run_of_twins(text, at);
            (whole && end > at).then_some(end)
        }
        _ => letter_at(text, at).map(|(_, length, _)| at + length),
    }
}

/// The token around `at`. It is read from the left, so its beginning is sought first: the nearest
/// place before `at`, not before `floor`, from which steps lead here.
fn token_around(text: &[u8], at: usize, floor: usize) -> (usize, usize) {
    let lowest = floor.max(at.saturating_sub(LONGEST));
    let mut start = at;
    while start > lowest {
        let Some(before) = step_left(text, start, lowest) else { break };
        start = before;
    }
    let mut end = start;
    while let Some(next) = step_right(text, end).filter(|next| next - start <= 2 * LONGEST) {
        end = next;
    }
    (start, end)
}

fn step_left(text: &[u8], at: usize, lowest: usize) -> Option<usize> {
    let byte = text[at - 1];
    if is_inside(byte) {
        return Some(at - 1);
    }
    if matches!(byte, b' ' | b'(' | b')') {
        let digits = |place: usize| text.get(place).is_some_and(u8::is_ascii_digit) || letter_at(text, place).is_some_and(|(letter, ..)| letter.is_ascii_digit());
        // Only between digits: "0 8 1", not "call 081".
        let before = at - 1 - usize::from(at >= 2 && matches!(text[at - 2], b' ' | b'(' | b')'));
        let ends_with_digit = (1..=3).any(|length| before >= length && letter_at(text, before - length).is_some_and(|(letter, size, _)| size == length && letter.is_ascii_digit()))
            || before > 0 && text[before - 1].is_ascii_digit();
        let ends_a_group = before > 0 && text[before - 1].is_ascii_uppercase();
        let joined = digits(at) && ends_with_digit || (digits(at) || is_group(text, at)) && (ends_with_digit || ends_a_group);
        return (joined && before > lowest).then_some(before);
    }
    if !(0x80..0xc0).contains(&byte) {
        return None;
    }
    let length = (2..=4).find(|length| at >= lowest + length && text[at - length] >= 0xc0)?;
    let lead = text[at - length];
    if matches!(lead, 0xce..=0xd4) && length == 2 {
        let mut first = at - 2;
        while first >= lowest + 2 && matches!(text[first - 2], 0xce..=0xd4) && matches!(text[first - 1], 0x80..=0xbf) {
            first -= 2;
        }
        let (_, whole) = run_of_twins(text, first);
        return whole.then_some(first);
    }
    letter_at(text, at - length).filter(|(_, size, _)| *size == length).map(|_| at - length)
}

/// Folds a token, with the text around it copied as it is.
fn fold(text: &[u8], (start, end): (usize, usize)) -> Option<Folded> {
    let (from, to) = (start.saturating_sub(AROUND), text.len().min(end + AROUND));
    let mut writer = Writer::with_capacity(to - from);
    let (mut places, mut kinds, mut digits, mut letters) = (Vec::new(), 0, 0, 0);
    let mut at = from;
    while at < to {
        let folded = if (start..end).contains(&at) && text[at] >= 0x80 { letter_at(text, at) } else { None };
        match folded {
            Some((letter, length, kind)) => {
                writer.unit(at, length, &[letter]);
                places.push((at, at + length));
                kinds |= kind;
                at += length;
            }
            None => {
                writer.literal(at, &text[at..=at]);
                at += 1;
            }
        }
        if (start..end).contains(&(at - 1)) {
            let letter = folded.map_or(text[at - 1], |(letter, ..)| letter);
            digits += usize::from(letter.is_ascii_digit());
            letters += usize::from(letter.is_ascii_alphabetic());
        }
    }
    let worth = !places.is_empty() && (digits >= FEWEST_DIGITS || (letters >= 4 && digits + letters >= 6));
    worth.then(|| Folded { flat: writer.finish(), places, kinds })
}
