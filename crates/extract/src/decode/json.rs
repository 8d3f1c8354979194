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
    let Some(first) = unit(rest) else {
        writer.literal(raw, &rest[..1]);
        return 1;
    };
    let (letter, length) = match (first, rest.get(6..).and_then(unit)) {
        (0xd800..=0xdbff, Some(second @ 0xdc00..=0xdfff)) => {
            (char::from_u32(0x1_0000 + ((first & 0x3ff) << 10 | second & 0x3ff)), 12)
        }
        _ => (char::from_u32(first), 6),
    };
    match crate::flat::visible(letter.unwrap_or('\u{fffd}')) {
        Some(letter) => writer.unit(raw, length, letter.encode_utf8(&mut [0; 4]).as_bytes()),
        None => {}
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
