//! Text made harmless on purpose: `example[.]com`, `name (at) host (dot) org`, `example\.com`,
//! `example dot com`, `example . com`. Bracketed signs are read back wherever they stand. A bare
//! *dot* is a word of the language and a spaced dot the end of a sentence: they are read back only
//! between two words whose last is a suffix that is no word of its own. What is read back still has
//! to satisfy the rule of its type.

use crate::flat::{Flat, Writer};

/// How far to both sides of a bracket the parts may stand, in bytes.
const REACH: usize = 160;
/// Longest sign, in bytes.
const LONGEST_SIGN: usize = 20;

/// A stretch of text with its brackets read back; the map leads to the text that it came from.
pub(crate) struct Refanged {
    pub flat: Flat<'static>,
    /// Where the stretch ends in the text: brackets before it need no second reading.
    pub end: usize,
}

/// Reads the stretch around a defanged sign at `at`, not before `floor`.
pub(crate) fn read(text: &[u8], at: usize, floor: usize) -> Option<Refanged> {
    let (_, length) = sign(&text[at..])?;
    let start = grow_left(text, at, floor.max(at.saturating_sub(REACH)));
    let end = grow_right(text, at + length, text.len().min(at + REACH));
    let mut writer = Writer::with_capacity(end - start);
    let mut here = start;
    while here < end {
        match sign(&text[here..end]) {
            Some((letters, length)) => {
                writer.unit(here, length, letters);
                here += length;
            }
            None => {
                if !is_space_at_sign(text, here, end) {
                    writer.literal(here, &text[here..here + 1]);
                }
                here += 1;
            }
        }
    }
    Some(Refanged { flat: writer.finish(), end })
}

/// The sign that a bracket (or a backslash before a dot) stands for, and its length.
fn sign(text: &[u8]) -> Option<(&'static [u8], usize)> {
    let close = match text.first()? {
        b'[' => b']',
        b'(' => b')',
        b'{' => b'}',
        b'<' => b'>',
        b'\\' => return text.starts_with(b"\\.").then_some((b".".as_slice(), 2)),
        _ => return None,
    };
    let end = text.iter().take(LONGEST_SIGN).position(|b| *b == close)?;
    let inner = text[1..end].trim_ascii().to_ascii_lowercase();
    let letters: &[u8] = match &*inner {
        b"." | b"dot" | b"d0t" | b"punkt" | b"ponto" => b".",
        b"@" | b"at" | b"a" if text[0] != b'<' || inner.len() > 1 => b"@",
        b":" => b":",
        b"://" => b"://",
        b"/" => b"/",
        _ if inner == "точка".as_bytes() => b".",
        _ if inner == "собака".as_bytes() => b"@",
        _ => return None,
    };
    Some((letters, end + 1))
}

/// A single space beside a bracket belongs to the writing, not to the name.
fn is_space_at_sign(text: &[u8], at: usize, end: usize) -> bool {
    text[at] == b' ' && (sign(&text[at + 1..end]).is_some() || at > 0 && closes_sign(&text[..at]))
}

/// Whether a dot in brackets stands between two parts of a host.
pub(crate) fn has_bracketed_dot(host: &[u8]) -> bool {
    (1..host.len()).any(|at| matches!(host[at], b'[' | b'(') && sign(&host[at..]).is_some_and(|(letters, _)| letters == b"."))
}

fn closes_sign(text: &[u8]) -> bool {
    closing_sign(text) > 0
}

/// Length of the sign that `text` ends with, or 0.
fn closing_sign(text: &[u8]) -> usize {
    if !matches!(text.last(), Some(b']' | b')' | b'}' | b'>' | b'.')) {
        return 0;
    }
    (2..=LONGEST_SIGN).find(|length| text.len() >= *length && sign(&text[text.len() - length..]).is_some_and(|(_, l)| l == *length)).unwrap_or(0)
}

fn grow_left(text: &[u8], at: usize, floor: usize) -> usize {
    let mut start = at;
    while start > floor {
        let jump = closing_sign(&text[floor..start]);
        if jump > 0 {
            start -= jump;
            continue;
        }
        let byte = text[start - 1];
        let near_sign = sign(&text[start..]).is_some() || closes_sign(&text[floor..start - 1]);
        if !(byte.is_ascii_graphic() || byte == b' ' && near_sign) {
            break;
        }
        start -= 1;
    }
    start
}

fn grow_right(text: &[u8], at: usize, ceiling: usize) -> usize {
    let mut end = at;
    while end < ceiling {
        if let Some((_, length)) = sign(&text[end..ceiling]) {
            end += length;
            continue;
        }
        let byte = text[end];
        let near_sign = closes_sign(&text[..end]) || sign(&text[end + 1..]).is_some();
        if !(byte.is_ascii_graphic() || byte == b' ' && near_sign) {
            break;
        }
        end += 1;
    }
    end
}

/// Suffixes that no sentence begins with, so that "… dot com" and "… . com" can be read back.
const SUFFIXES: [&[u8]; 44] = [
    b"com", b"org", b"net", b"info", b"biz", b"onion", b"i2p", b"ru", b"su", b"ua", b"kz", b"uz", b"kg", b"tj", b"tm", b"la", b"th", b"vn", b"kh",
    b"mm", b"cn", b"hk", b"tw", b"sg", b"ph", b"eu", b"uk", b"de", b"fr", b"nl", b"ch", b"pl", b"jp", b"kr", b"io", b"cc", b"ws", b"pw", b"xyz",
    b"gov", b"edu", b"mn", b"az", b"ge",
];

/// A host written with dots that stand apart (`a . b . com`) or as words (`a dot com`), where one of
/// those dots is at `at`. Returns the stretch with the dots read back.
pub(crate) fn spaced(text: &[u8], at: usize) -> Option<Refanged> {
    let start = spaced_start(text, at)?;
    let mut writer = Writer::with_capacity(96);
    let (mut here, mut dots, mut last_label) = (start, 0, start);
    loop {
        let label = label_length(&text[here..]);
        if label == 0 {
            break;
        }
        last_label = here;
        writer.literal(here, &text[here..here + label]);
        here += label;
        match parting_dot(text, here) {
            Some(length) if label_length(&text[here + length..]) > 0 => {
                writer.unit(here, length, b".");
                here += length;
                dots += 1;
            }
            _ => break,
        }
    }
    let suffix = &text[last_label..here];
    let lower = suffix[suffix.iter().rposition(|b| *b == b'.').map_or(0, |i| i + 1)..].to_ascii_lowercase();
    let ends = !text.get(here).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'@');
    (dots > 0 && ends && SUFFIXES.contains(&&*lower)).then(|| Refanged { flat: writer.finish(), end: here })
}

/// Length of ` dot ` or ` . ` at `at`.
fn parting_dot(text: &[u8], at: usize) -> Option<usize> {
    let rest = &text[at..text.len().min(at + 5)];
    if rest.starts_with(b" . ") {
        return Some(3);
    }
    (rest.len() == 5 && rest.eq_ignore_ascii_case(b" dot ")).then_some(5)
}

/// A label, with dots and an `@` of its own.
fn label_length(text: &[u8]) -> usize {
    let inside = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'@' | b'_' | b'+');
    let length = text.iter().take(96).take_while(|b| inside(b)).count();
    if length > 0 && text[0].is_ascii_alphanumeric() && text[length - 1].is_ascii_alphanumeric() { length } else { 0 }
}

fn spaced_start(text: &[u8], at: usize) -> Option<usize> {
    let mut start = at;
    for _ in 0..5 {
        let floor = start.saturating_sub(96);
        let inside = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'@' | b'_' | b'+');
        let label = text[floor..start].iter().rev().take_while(|b| inside(b)).count();
        if label == 0 {
            return None;
        }
        start -= label;
        let before = [3usize, 5].into_iter().find(|length| start >= *length && parting_dot(text, start - length) == Some(*length));
        match before {
            Some(length) if start > length && text[start - length - 1].is_ascii_alphanumeric() => start -= length,
            _ => return Some(start),
        }
    }
    Some(start)
}
