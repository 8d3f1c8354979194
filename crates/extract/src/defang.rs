//! Text made harmless on purpose: `example[.]com`, `name (at) host (dot) org`. Only bracketed signs
//! are read back: a bare "dot" is a word of the language, and joining ordinary sentences would invent
//! hosts. What is read back still has to satisfy the rule of its type.

use crate::flat::{Flat, Writer};

/// How far to both sides of a bracket the parts may stand, in bytes.
const REACH: usize = 160;

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
            Some((letter, length)) => {
                writer.unit(here, length, &[letter]);
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

/// The sign that a bracket stands for, and the length of the bracket.
fn sign(text: &[u8]) -> Option<(u8, usize)> {
    let close = match text.first()? {
        b'[' => b']',
        b'(' => b')',
        b'{' => b'}',
        _ => return None,
    };
    let end = text.iter().take(6).position(|b| *b == close)?;
    let inner = text[1..end].trim_ascii().to_ascii_lowercase();
    let letter = match &*inner {
        b"." | b"dot" => b'.',
        b"@" | b"at" => b'@',
        b":" => b':',
        _ => return None,
    };
    Some((letter, end + 1))
}

/// A single space beside a bracket belongs to the writing, not to the name.
fn is_space_at_sign(text: &[u8], at: usize, end: usize) -> bool {
    text[at] == b' ' && (sign(&text[at + 1..end]).is_some() || at > 0 && closes_sign(&text[..at]))
}

fn closes_sign(text: &[u8]) -> bool {
    (2..=6).any(|length| text.len() >= length && sign(&text[text.len() - length..]).is_some_and(|(_, l)| l == length))
}

fn grow_left(text: &[u8], at: usize, floor: usize) -> usize {
    let mut start = at;
    while start > floor {
        let byte = text[start - 1];
        let near_sign = start == at || closes_sign(&text[floor..start - 1]);
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
        let byte = text[end];
        let near_sign = closes_sign(&text[..end]) || sign(&text[end + 1..]).is_some();
        if !(byte.is_ascii_graphic() || byte == b' ' && near_sign) {
            break;
        }
        end += 1;
    }
    end
}
