//! Tests of the extractor: valid and corrupted selectors by type, exact offsets, pages, windows.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "extract/addresses.rs"]
mod addresses;
#[path = "extract/checksums.rs"]
mod checksums;
#[path = "extract/encode.rs"]
mod encode;
#[path = "extract/kinds.rs"]
mod kinds;
#[path = "extract/chat.rs"]
mod chat;
#[path = "extract/decode.rs"]
mod decode;
#[path = "extract/bounds.rs"]
mod bounds;
#[path = "extract/laws.rs"]
mod laws;
#[path = "extract/links.rs"]
mod links;
#[path = "extract/listings.rs"]
mod listings;
#[path = "extract/mail.rs"]
mod mail;
#[path = "extract/names.rs"]
mod names;
#[path = "extract/pages.rs"]
mod pages;
#[path = "extract/prices.rs"]
mod prices;
#[path = "extract/rendering.rs"]
mod rendering;
#[path = "extract/rows.rs"]
mod rows;
#[path = "extract/windows.rs"]
mod windows;

use extract::{Hints, Kind, Scanner};
use model::selector::{FoundSelector, SelectorState, SelectorType};

/// Selectors of plain text.
fn text(input: &str) -> Vec<FoundSelector> {
    Scanner::new().scan(input.as_bytes(), &Hints { kind: Kind::Text, default_region: None })
}

/// Selectors of HTML.
fn page(input: &str) -> Vec<FoundSelector> {
    Scanner::new().scan(input.as_bytes(), &Hints { kind: Kind::Html, default_region: None })
}

/// `type state value` of each, in order.
fn lines(found: &[FoundSelector]) -> Vec<String> {
    found.iter().map(|s| format!("{} {} {}", name(s.selector_type), name(s.state), s.value)).collect()
}

fn name(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

/// The text holds exactly these selectors.
#[track_caller]
fn check(input: &str, expected: &[&str]) {
    assert_eq!(lines(&text(input)), expected, "in {input:?}");
}

/// The page holds exactly these selectors.
#[track_caller]
fn check_page(input: &str, expected: &[&str]) {
    assert_eq!(lines(&page(input)), expected, "in {input:?}");
}

/// The one selector of a type.
#[track_caller]
fn only(found: &[FoundSelector], kind: SelectorType) -> &FoundSelector {
    let of_kind: Vec<_> = found.iter().filter(|s| s.selector_type == kind).collect();
    assert_eq!(of_kind.len(), 1, "{kind:?} in {found:?}");
    of_kind[0]
}

/// The word alone, and the word with one letter changed, give these two states of one type.
#[track_caller]
fn check_pair(kind: SelectorType, valid: &str, corrupted: &str) {
    let found = text(&format!("pay {valid} now"));
    let sound = only(&found, kind);
    assert_eq!(sound.state, SelectorState::Verified, "{sound:?}");
    assert_eq!((sound.start, sound.end), (4, 4 + valid.len() as u64));
    let found = text(&format!("pay {corrupted} now"));
    let broken = only(&found, kind);
    assert_eq!(broken.state, SelectorState::FailedChecksum, "{broken:?}");
    assert_eq!((broken.start, broken.end), (4, 4 + corrupted.len() as u64));
}

/// `text` with the character at `index` replaced by another of the same alphabet.
fn corrupt(text: &str, index: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[index] = match bytes[index] {
        b'2' => b'3',
        b'a' => b'c',
        b'A' => b'C',
        b if b.is_ascii_digit() => b'2',
        b if b.is_ascii_lowercase() => b'a',
        _ => b'A',
    };
    String::from_utf8(bytes).unwrap()
}
