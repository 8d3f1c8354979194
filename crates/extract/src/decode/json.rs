//! Text of JSON: the escapes of its strings (RFC 8259 §7) undone, everything else as written, with the map of
//! [`crate::flat`]. It builds no values: a broken document is read as far as it goes, and a window may begin anywhere.

use memchr::memchr;

use crate::flat::{Flat, Writer};

/// Whether bytes of unknown kind are JSON, or lines of it.
pub(crate) fn looks_like_json(bytes: &[u8]) -> bool {
    let head = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let Some((first, rest)) = head.split_first() else { return false };
    let next = rest.trim_ascii_start().first().copied().unwrap_or(0);
    match first {
        b'{' => matches!(next, b'"' | b'}'),
        b'[' => matches!(next, b'{' | b'[' | b'"' | b']' | b'-' | b'0'..=b'9') && memchr(b'"', &rest[..rest.len().min(4096)]).is_some(),
        _ => false,
    }
}

/// The text of a window of JSON.
pub(crate) fn flatten(bytes: &[u8]) -> Flat<'_> {
    if memchr(b'\\', bytes).is_none() && !crate::flat::has_invisible(bytes) {
        return Flat::identity(bytes);
    }
    let mut writer = Writer::with_capacity(bytes.len());
    copy(&mut writer, bytes, 0, bytes.len());
    writer.finish()
}

/// Copies `start..end` with its escapes undone.
pub(crate) fn copy(writer: &mut Writer, bytes: &[u8], start: usize, end: usize) {
    let mut at = start;
    while at < end {
        let plain = memchr(b'\\', &bytes[at..end]).map_or(end, |i| at + i);
        writer.copy(bytes, at, plain, false);
        at = plain;
        if at < end {
            at += escape(writer, &bytes[at..end], at);
        }
    }
}

/// The content of a string, every character kept.
pub(crate) fn unescaped(content: &[u8]) -> String {
    let (mut out, mut at) = (Vec::with_capacity(content.len()), 0);
    while let Some(found) = memchr(b'\\', &content[at..]).map(|i| at + i) {
        out.extend_from_slice(&content[at..found]);
        let rest = &content[found..];
        let (letter, length) = match rest.get(1) {
            Some(b'n') => ('\n', 2),
            Some(b't') => ('\t', 2),
            Some(b'r') => ('\r', 2),
            Some(b'b') => ('\u{8}', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(b'u') => letter(rest).map_or(('\\', 1), |(letter, length)| (letter.unwrap_or('\u{fffd}'), length)),
            Some(plain @ (b'/' | b'"' | b'\\')) => (char::from(*plain), 2),
            _ => ('\\', 1),
        };
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        at = found + length;
    }
    out.extend_from_slice(&content[at..]);
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// The letter of `\uXXXX`, or of two that are one, and their length.
fn letter(rest: &[u8]) -> Option<(Option<char>, usize)> {
    let first = unit(rest)?;
    Some(match (first, rest.get(6..).and_then(unit)) {
        (0xd800..=0xdbff, Some(second @ 0xdc00..=0xdfff)) => {
            (char::from_u32(0x1_0000 + ((first & 0x3ff) << 10 | second & 0x3ff)), 12)
        }
        _ => (char::from_u32(first), 6),
    })
}

/// Undoes the escape at the start of `rest`; returns its length.
fn escape(writer: &mut Writer, rest: &[u8], raw: usize) -> usize {
    let plain: &[u8] = match rest.get(1) {
        Some(b'n') => b"\n",
        Some(b't') => b"\t",
        Some(b'r') => b"\r",
        Some(b'b' | b'f') => b" ",
        Some(b'/') => b"/",
        Some(b'"') => b"\"",
        Some(b'\\') => b"\\",
        Some(b'u') => return unicode(writer, rest, raw),
        _ => {
            writer.literal(raw, &rest[..1]);
            return 1;
        }
    };
    writer.unit(raw, 2, plain);
    2
}

fn unicode(writer: &mut Writer, rest: &[u8], raw: usize) -> usize {
    let Some((letter, length)) = letter(rest) else {
        writer.literal(raw, &rest[..1]);
        return 1;
    };
    if let Some(letter) = crate::flat::visible(letter.unwrap_or('\u{fffd}')) {
        writer.unit(raw, length, letter.encode_utf8(&mut [0; 4]).as_bytes());
    }
    length
}

/// `\uXXXX`.
fn unit(rest: &[u8]) -> Option<u32> {
    let digits = rest.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))
}

pub(crate) fn fuzz(bytes: &[u8]) {
    let flat = flatten(bytes);
    for at in 0..flat.bytes.len() {
        let (start, end) = flat.raw_range(at, at + 1);
        assert!(start < end && end <= bytes.len());
    }
}
