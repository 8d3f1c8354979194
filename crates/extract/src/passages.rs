//! The words of a page, cut into passages that a search can index, each with a map back to the page's bytes: what a
//! reader sees, the title, and what is written where nobody sees it (comments, alternative texts, form values).
//! Pure, as everything here; nothing is normalised or corrected, so that what is found is quoted as it was captured.
//!
//! It refuses to guess at words: how text is cut for an index is the business of whoever indexes it. Names of
//! classes, scripts, style sheets and addresses inside attributes are no words; selectors are found in them all the same.

use std::fmt::Write as _;

use crate::flat::{Flat, Zone};
use crate::decode::{self, Charset, View};
use crate::{Hints, html, reading};

/// Bytes of text in one passage.
const LENGTH: usize = 32 << 10;
/// Bytes that a passage has in common with the one before it: a phrase of this length is never cut in two.
const COMMON: usize = 1 << 10;

/// Where the words stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Where a reader sees them.
    Text,
    /// In the title.
    Title,
    /// In an attribute that holds words, such as `alt`.
    Attribute,
    /// In a comment.
    Comment,
}

/// Words of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Where they stand.
    pub place: Place,
    /// The words, as written; bytes that are no UTF-8 show as U+FFFD.
    pub text: String,
    /// How the text lies in the page: (byte in `text`, byte in the page, length in the page). With length 0 each byte
    /// from there on stands for itself; else the whole piece stands for that many bytes of the page.
    pub runs: Vec<(u32, u64, u32)>,
    /// First byte in the page.
    pub start: u64,
    /// One past the last byte in the page.
    pub end: u64,
}

/// The bytes of the page from which a range of a passage's text came. Empty ranges have no place.
///
/// ```
/// let page = b"<p>caf&eacute; <b>Mekong</b> house</p>";
/// let passages = extract::passages::read(page, None, &extract::Hints::default());
/// let at = passages[0].text.find("Mekong house").expect("it is there");
/// let (start, end) = extract::passages::raw_range(&passages[0].runs, at, at + 12).expect("not empty");
/// assert_eq!(&page[start as usize..end as usize], b"Mekong</b> house");
/// ```
pub fn raw_range(runs: &[(u32, u64, u32)], start: usize, end: usize) -> Option<(u64, u64)> {
    let of = |at: usize| {
        let index = runs.partition_point(|(text, ..)| *text as usize <= at).checked_sub(1)?;
        let (text, raw, unit) = runs[index];
        let here = raw + (at - text as usize) as u64;
        Some(if unit > 0 { (raw, raw + u64::from(unit)) } else { (here, here + 1) })
    };
    (start < end).then(|| Some((of(start)?.0, of(end - 1)?.1))).flatten()
}

/// All passages of a page: the title, the text, then attributes and comments, each in the order of the page.
/// `declared` is the charset that came beside the bytes, as for [`crate::Scanner::declared`].
pub fn read(bytes: &[u8], declared: Option<Charset>, hints: &Hints) -> Vec<Passage> {
    let of = |view: &View<'_>| {
        let passages = of_utf8(&view.text, &Hints { kind: view.kind, ..*hints });
        if view.is_raw() { passages } else { passages.into_iter().map(|passage| led_back(passage, view)).collect() }
    };
    decode::views(bytes, declared, hints.kind).iter().flat_map(of).collect()
}

/// A passage of a text that was made from the bytes, at its place in the bytes as they came.
fn led_back(passage: Passage, view: &View<'_>) -> Passage {
    let whole = |n: u64| usize::try_from(n).expect("within the bytes that were given");
    let mut runs: Vec<(u32, u64, u32)> = Vec::new();
    let mut next = None;
    for (at, letter) in passage.text.char_indices() {
        let (from, to) = raw_range(&passage.runs, at, at + letter.len_utf8()).unwrap_or((passage.start, passage.end));
        let (start, end) = view.range(from, to);
        let (start, end) = (whole(start), whole(end));
        let alone = letter.len_utf8() == 1 && end - start == 1;
        if !(alone && next == Some(start)) {
            runs.push(narrow((at, start, if alone { 0 } else { end - start })));
        }
        next = alone.then_some(end);
    }
    let (start, end) = view.range(passage.start, passage.end);
    Passage { runs, start, end, ..passage }
}

fn of_utf8(bytes: &[u8], hints: &Hints) -> Vec<Passage> {
    let mut passages = Vec::new();
    let reading = reading(bytes, hints);
    if !reading.html {
        let flat = if reading.json { decode::json::flatten(bytes) } else { Flat::identity(bytes) };
        cut(&flat, Place::Text, 0, flat.bytes.len(), &mut passages);
        return passages;
    }
    let page = html::read(bytes);
    let (title, after) = page.title.unwrap_or_default();
    cut(&page.text, Place::Title, title, after, &mut passages);
    cut(&page.text, Place::Text, 0, title, &mut passages);
    cut(&page.text, Place::Text, after, page.text.bytes.len(), &mut passages);
    for (zone, from, to) in page.markup.parts() {
        if let Some(place) = place_of(zone, bytes) {
            cut(&page.markup, place, from, to, &mut passages);
        }
    }
    passages
}

/// Attributes that hold words for people.
const WORDED: [&[u8]; 9] =
    [b"alt", b"title", b"placeholder", b"content", b"value", b"label", b"aria-label", b"summary", b"data-title"];

fn place_of(zone: &Zone, bytes: &[u8]) -> Option<Place> {
    match zone {
        Zone::Comment => Some(Place::Comment),
        Zone::Attribute { name } => {
            let name = bytes.get(name.0 as usize..name.1 as usize)?;
            WORDED.iter().any(|word| name.eq_ignore_ascii_case(word)).then_some(Place::Attribute)
        }
        Zone::Text | Zone::Code | Zone::TagName => None,
    }
}

/// Cuts a flat range into passages that overlap by [`COMMON`], each ending between two lines or words where it can.
fn cut(flat: &Flat<'_>, place: Place, from: usize, to: usize, passages: &mut Vec<Passage>) {
    let mut at = from;
    while at < to {
        let end = end_of(&flat.bytes, at, to);
        passages.extend(passage(flat, place, at, end));
        if end == to {
            return;
        }
        at = boundary(&flat.bytes, end.saturating_sub(COMMON).max(at + 1), end);
    }
}

fn end_of(bytes: &[u8], from: usize, to: usize) -> usize {
    let most = from + LENGTH;
    if most >= to {
        return to;
    }
    let back = most - LENGTH / 4;
    let blank = |b: &u8| matches!(b, b'\n' | b' ' | b'\t');
    let parted = bytes[back..most].iter().rposition(|b| *b == b'\n').or_else(|| bytes[back..most].iter().rposition(blank));
    parted.map_or_else(|| boundary(bytes, most, to), |at| back + at + 1)
}

/// The first position at or after `from` at which a character begins.
fn boundary(bytes: &[u8], from: usize, to: usize) -> usize {
    bytes[from..to].iter().take(4).position(|b| b & 0xc0 != 0x80).map_or(from, |i| from + i)
}

fn passage(flat: &Flat<'_>, place: Place, from: usize, to: usize) -> Option<Passage> {
    let piece = &flat.bytes[from..to];
    if !piece.iter().any(|b| b.is_ascii_alphanumeric() || *b >= 0x80) {
        return None;
    }
    let (start, end) = flat.raw_range(from, to);
    let page_runs = flat.runs(from, to);
    let (text, runs) = match std::str::from_utf8(piece) {
        Ok(text) => (text.to_string(), page_runs.into_iter().map(narrow).collect()),
        Err(_) => repaired(piece, &page_runs),
    };
    Some(Passage { place, text, runs, start: start as u64, end: end as u64 })
}

fn narrow((text, raw, unit): (usize, usize, usize)) -> (u32, u64, u32) {
    let small = |n: usize| u32::try_from(n).expect("a passage is far below 4 GiB");
    (small(text), raw as u64, small(unit))
}

/// Text with U+FFFD for what is no UTF-8, and the map to match.
fn repaired(piece: &[u8], page_runs: &[(usize, usize, usize)]) -> (String, Vec<(u32, u64, u32)>) {
    let (mut text, mut runs) = (String::with_capacity(piece.len()), Vec::new());
    let mut at = 0;
    for chunk in piece.utf8_chunks() {
        copy_runs(page_runs, at, at + chunk.valid().len(), text.len(), &mut runs);
        text.push_str(chunk.valid());
        at += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            let raw = page_runs.iter().rfind(|(flat, ..)| *flat <= at).map_or(0, |(flat, raw, unit)| if *unit > 0 { *raw } else { raw + at - flat });
            runs.push(narrow((text.len(), raw, chunk.invalid().len())));
            let _ = text.write_char('\u{fffd}');
            at += chunk.invalid().len();
        }
    }
    (text, runs)
}

/// The runs of `from..to`, moved to where that stretch stands in the text.
fn copy_runs(page_runs: &[(usize, usize, usize)], from: usize, to: usize, text: usize, runs: &mut Vec<(u32, u64, u32)>) {
    if from == to {
        return;
    }
    let first = page_runs.partition_point(|(flat, ..)| *flat <= from).saturating_sub(1);
    for (flat, raw, unit) in page_runs[first..].iter().take_while(|(flat, ..)| *flat < to) {
        let skipped = from.saturating_sub(*flat);
        let raw = if *unit > 0 { *raw } else { raw + skipped };
        runs.push(narrow((text + flat.max(&from) - from, raw, *unit)));
    }
}

/// Target of the fuzzer: every passage of any bytes lies in them, and each of its characters has a place there.
pub fn fuzz_passages(bytes: &[u8]) {
    for (kind, declared) in [(crate::Kind::Html, None), (crate::Kind::Text, Charset::of("windows-1251")), (crate::Kind::Json, None), (crate::Kind::Mail, None)] {
        for passage in read(bytes, declared, &Hints { kind, default_region: None }) {
            assert!(passage.start < passage.end && passage.end <= bytes.len() as u64);
            for (at, letter) in passage.text.char_indices().step_by(7) {
                let (start, end) = raw_range(&passage.runs, at, at + letter.len_utf8()).expect("a letter has a place");
                assert!(start < end && end <= bytes.len() as u64, "{start} {end} of {}", bytes.len());
            }
        }
    }
}
