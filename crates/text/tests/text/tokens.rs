//! Tokens: the contract of the index of record.

use proptest::prelude::*;
use text::{
    normal::{How, occurrences},
    phrase,
    tokens::{Kind, Token, boundaries, fuzz_tokens, is_boundary, tokens},
};
use unicode_segmentation::UnicodeSegmentation;

use crate::any_text;

#[track_caller]
fn check(text: &str, expected: &str) {
    let told: Vec<String> = tokens(text).map(|t| format!("{}@{}", t.text, t.position)).collect();
    assert_eq!(told.join(" "), expected, "of {text}");
}

#[test]
fn words_singles_pairs_and_symbols() {
    check("Hello, World", "hello@0 world@1");
    check("foo_bar e-mail shop.example 1,000.50", "foo@0 bar@1 e@2 mail@3 shop@4 example@5 1@6 000@7 50@8");
    check("ຂາຍ", "ຂ@0 ຂາ@0 າ@1 າຍ@1 ຍ@2");
    check("ຂາຍBTC໕", "ຂ@0 ຂາ@0 າ@1 າຍ@1 ຍ@2 btc5@3");
    check("ກ ຂ", "ກ@0 ກຂ@0 ຂ@1");
    check("ກ, ຂ", "ກ@0 ຂ@1");
    check("ກ x ຂ", "ກ@0 x@1 ຂ@2");
    check("ໜ້າ", "ຫ@0 ຫນ້@0 ນ້@1 ນ້າ@1 າ@2");
    check("新货 ok", "新@0 新货@0 货@1 ok@2");
    check("$5 🍁🍁", "$@0 5@1 🍁@2 🍁@3");
    check("НYDRA Маркет", "нydra@0 маркет@1");
    check("\u{301}x ່ກ", "\u{301}@0 x@1 ່@2 ່ກ@2 ກ@3");
    check("... \u{200B}", "");
}

#[test]
fn raw_bytes_of_each() {
    let raw: Vec<&str> = tokens("ນ້ຳ\u{200B}ໃຈ").map(|t| &"ນ້ຳ\u{200B}ໃຈ"[t.raw]).collect();
    assert_eq!(raw, ["ນ້ຳ", "ນ້ຳ", "ຳ", "ຳ\u{200B}ໃ", "ໃ", "ໃຈ", "ຈ"]);
}

#[test]
fn a_phrase_needs_few_terms() {
    let check = |text: &str, expected: &[&str]| {
        let told: Vec<String> = phrase(text).into_iter().map(|t| t.text).collect();
        assert_eq!(told, expected, "of {text}");
    };
    check("ກ", &["ກ"]);
    check("ກຂ", &["ກຂ"]);
    check("ກຂຄ", &["ກຂ", "ຂຄ"]);
    check("ກຂຄງ", &["ກຂ", "ຄງ"]);
    check("ກ, ຂຄ x", &["ກ", "ຂຄ", "x"]);
}

/// All tokens of `part` are tokens of `text`, the same number of positions on.
fn is_found(text: &[Token], part: &[Token]) -> bool {
    let Some(first) = part.iter().map(|t| t.position).min() else { return true };
    let at = |offset: usize| part.iter().all(|p| text.iter().any(|t| t.position == offset + p.position - first && (t.kind, &t.text) == (p.kind, &p.text)));
    (0..=text.last().map_or(0, |t| t.position)).any(at)
}

#[test]
fn no_more_is_claimed_than_holds() {
    let text: Vec<Token> = tokens("hello").collect();
    assert!(!is_boundary("hello", 1));
    assert!(!is_found(&text, &tokens("ello").collect::<Vec<_>>()), "a part that cuts a word is another word");
    assert!(!is_found(&tokens("ກຂ").collect::<Vec<_>>(), &tokens("ຂກ").collect::<Vec<_>>()));
}

/// Clusters of UAX #29 that begin with a letter of an unspaced script.
fn clusters_of_unspaced(text: &str) -> Vec<usize> {
    let unspaced = |c: char| matches!(c, '\u{0E01}'..='\u{0EDF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{4E00}'..='\u{9FFF}');
    let of = |(at, cluster): (usize, &str)| cluster.chars().next().is_some_and(|c| unspaced(c) && !unicode_normalization::char::is_combining_mark(c) && c.is_alphabetic()).then_some(at);
    text.grapheme_indices(true).filter_map(of).collect()
}

proptest! {
    #![proptest_config(crate::cases())]
    #[test]
    fn tokens_of_any_text(text in any_text()) {
        fuzz_tokens(&text);
    }

    #[test]
    fn tokens_of_a_part_are_tokens_of_the_text(text in any_text(), from in 0usize..64, length in 1usize..24) {
        let cuts = boundaries(&text);
        let start = cuts[from % cuts.len()];
        let end = cuts[(from % cuts.len() + length).min(cuts.len() - 1)];
        let part = &text[start..end];
        let (all, of_part): (Vec<Token>, Vec<Token>) = (tokens(&text).collect(), tokens(part).collect());
        // Each token of the part at its own place, not only somewhere.
        let shift = all.iter().find(|t| t.kind != Kind::Pair && t.raw.start >= start).map_or(0, |t| t.position);
        for token in &of_part {
            let there = Token { raw: token.raw.start + start..token.raw.end + start, position: token.position + shift, ..token.clone() };
            prop_assert!(all.contains(&there), "{:?} of {:?} is not in {:?}", token, part, text);
        }
        prop_assert!(is_found(&all, &phrase(part)));
        if let (Some(first), Some(last)) = (of_part.first(), of_part.last()) {
            let place = start + first.raw.start..start + last.raw.end.max(first.raw.end);
            prop_assert!(occurrences(&text, part, How::Exact).iter().any(|o| o.start == place.start), "{:?} in {:?}", part, text);
        }
    }

    #[test]
    fn every_cluster_of_the_standard_begins_at_a_boundary(text in any_text()) {
        let text: String = text.chars().filter(|c| !matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{17B4}' | '\u{17B5}')).collect();
        for at in clusters_of_unspaced(&text) {
            prop_assert!(is_boundary(&text, at), "{} in {:?}", at, text);
        }
    }

    #[test]
    fn words_of_the_standard_are_never_longer_than_ours(text in any_text()) {
        let ascii: String = text.chars().filter(|c| c.is_ascii() || ('\u{400}'..='\u{45F}').contains(c)).collect();
        for (at, _) in ascii.split_word_bound_indices() {
            prop_assert!(is_boundary(&ascii, at), "{} in {:?}", at, ascii);
        }
    }
}
