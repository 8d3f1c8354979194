//! Bytes of any charset to UTF-8, with a map back to the raw bytes. Pure. What the bytes say decides: a mark of byte
//! order, then what the page or its sender declares, then the shape of the bytes themselves (UTF-16 by its columns,
//! the rest by `chardetng`). Valid UTF-8 is never touched, whatever is declared.
//!
//! It refuses to repair: what no charset explains becomes U+FFFD, and the count of those is told. Overlong UTF-8 is
//! not read as the character that it hides, because no browser reads it so.
//!
//! Not read: charsets that the web never had (Lao IBM-1133, MuleLao, Vietnamese VISCII and TCVN, CP866 is read).

mod choose;
pub(crate) mod json;
pub(crate) mod mail;
mod map;
mod stream;
mod view;

use std::borrow::Cow;

pub use choose::{Charset, Choice, Told, choose};
pub use mail::Left;
pub(crate) use map::Map;
pub(crate) use stream::Stream;
pub(crate) use view::{View, views};

/// Bytes as text, and the way back.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The text.
    pub text: Cow<'a, str>,
    /// How it was read; none when the bytes are UTF-8 (or ASCII) as they are.
    pub choice: Option<Choice>,
    /// Characters that stand for bytes which no charset explains.
    pub replaced: u64,
    map: Map,
}

impl Decoded<'_> {
    /// The raw range of a range of the text: from the first byte of its first character to the last of its last.
    pub fn raw_range(&self, start: usize, end: usize) -> (usize, usize) {
        let whole = |n: u64| usize::try_from(n).expect("within the bytes that were given");
        (whole(self.map.raw_start(start as u64)), whole(self.map.raw_end(end as u64)))
    }

    /// What was done, for a person; none when nothing was.
    pub fn step(&self) -> Option<String> {
        self.choice.map(|choice| choice.step())
    }
}

/// Reads bytes as text. `declared` is what came beside them (the charset of a Content-Type).
///
/// ```
/// let decoded = extract::decode::text(b"\xcf\xf0\xe8\xe2\xe5\xf2", extract::decode::Charset::of("windows-1251"));
/// assert_eq!(decoded.text, "Привет");
/// assert_eq!(decoded.raw_range(2, 4), (1, 2));
/// ```
pub fn text(bytes: &[u8], declared: Option<Charset>) -> Decoded<'_> {
    if let Some(choice) = choose(bytes, declared) {
        let mut stream = Stream::new(bytes, choice);
        let mut out = Vec::new();
        std::io::Read::read_to_end(&mut stream, &mut out).expect("a slice reads without error");
        let text = String::from_utf8(out).expect("the decoder writes UTF-8");
        return Decoded { text: Cow::Owned(text), choice: Some(choice), replaced: stream.replaced(), map: stream.into_map() };
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded { text: Cow::Borrowed(text), choice: None, replaced: 0, map: Map::default() },
        Err(_) => lossy(bytes),
    }
}

/// UTF-8 with faults: each fault becomes U+FFFD.
fn lossy(bytes: &[u8]) -> Decoded<'static> {
    let (mut out, mut map, mut raw, mut replaced) = (String::with_capacity(bytes.len()), Map::default(), 0u64, 0);
    for chunk in bytes.utf8_chunks() {
        map.run(out.len() as u64, raw, 1, 1);
        out.push_str(chunk.valid());
        raw += chunk.valid().len() as u64;
        if !chunk.invalid().is_empty() {
            map.run(out.len() as u64, raw, 3, chunk.invalid().len() as u32);
            out.push('\u{fffd}');
            raw += chunk.invalid().len() as u64;
            replaced += 1;
        }
    }
    map.close(out.len() as u64, raw);
    Decoded { text: Cow::Owned(out), choice: None, replaced, map }
}

/// Target of the fuzzer: any bytes under any declaration are text, and every place leads back into the bytes.
pub fn fuzz_decode(bytes: &[u8]) {
    for declared in ["utf-8", "windows-1251", "gb18030", "big5", "utf-16le", "utf-16be", "iso-2022-jp", "tis-620", "nonsense"] {
        let decoded = text(bytes, Charset::of(declared));
        let mut last = 0;
        for (at, c) in decoded.text.char_indices() {
            let (start, end) = decoded.raw_range(at, at + c.len_utf8());
            assert!(last <= start && start <= end && end <= bytes.len(), "{at}: {start}..{end} after {last}");
            if c.is_ascii() && c != '\0' && decoded.choice.is_none() {
                assert_eq!(bytes[start], c as u8);
            }
            last = start;
        }
        if decoded.choice.is_some() {
            let (start, end) = decoded.raw_range(0, decoded.text.len());
            assert!(decoded.text.is_empty() || (start, end) == (0, bytes.len()) || decoded.choice.is_some_and(|c| c.skips_mark()), "all of it: {start}..{end} of {}", bytes.len());
        }
    }
    json::fuzz(bytes);
}

/// Target of the fuzzer: any bytes, taken for mail, give texts whose every byte has a place in the file.
pub fn fuzz_mail(bytes: &[u8]) {
    mail::fuzz(bytes);
}
