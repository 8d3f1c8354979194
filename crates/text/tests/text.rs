//! Tests of the text of all scripts: one binary, a module for each subject.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "text/corpus.rs"]
mod corpus;
#[path = "text/language.rs"]
mod language;
#[path = "text/normal.rs"]
mod normal;
#[path = "text/parts.rs"]
mod parts;
#[path = "text/tokens.rs"]
mod tokens;

use proptest::prelude::*;

/// Texts of mixed scripts as people and evaders write them: letters, marks in any order, digits, blanks,
/// punctuation, invisible characters, emoji, and sometimes anything at all.
fn any_text() -> impl Strategy<Value = String> {
    let letters = prop_oneof![
        4 => proptest::char::range('\u{0E81}', '\u{0EDF}'),
        3 => proptest::char::range('\u{0E01}', '\u{0E5B}'),
        3 => proptest::char::range('\u{1780}', '\u{17E9}'),
        4 => proptest::char::range('\u{1000}', '\u{109F}'),
        2 => proptest::char::range('\u{4E00}', '\u{4E40}'),
        3 => proptest::char::range('a', 'z'),
        1 => proptest::char::range('A', 'Z'),
        1 => proptest::char::range('0', '9'),
        2 => proptest::char::range('\u{0410}', '\u{045F}'),
        1 => proptest::char::range('\u{1EA0}', '\u{1EF9}'),
        1 => proptest::char::range('\u{0300}', '\u{0330}'),
        2 => proptest::sample::select(" \n\t.,-'’ʻ_$€฿()\"🍁👍🏽\u{A0}\u{200B}\u{200D}\u{202E}\u{AD}\u{3000}ßİẞﬁ１Ａ５ﾊﾞガ".chars().collect::<Vec<_>>()),
        1 => any::<char>(),
    ];
    proptest::collection::vec(letters, 0..60).prop_map(|chars| chars.into_iter().collect())
}

/// Cases of each property, and no file of failures beside the tests: what failed once becomes a case here.
fn cases() -> ProptestConfig {
    ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() }
}
