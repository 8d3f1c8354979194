//! Reasons of refusals, told in the reader's language.
//!
//! The house says why in English, and these words stand in the log. Each of its sentences has a code and, in
//! `locales/reasons/en.ftl`, a message `reason-CODE` that is the sentence itself with a hole for each value; the other
//! languages say the same around the same values. A sentence is known by its words alone (decision 51).
//!
//! It refuses to guess: what fits no message is shown in English, and the English stands beside every translation. A
//! value stays as it was said, unless it is a word of a fixed list.

use std::sync::LazyLock;

use maud::{Markup, html};

use crate::words::{FALLBACK, Languages, REASONS};

/// Where a value stands in a translated sentence: two signs that no keyboard types, with its number between them.
const OPEN: char = '\u{f0000}';
const CLOSE: char = '\u{f0001}';
/// How deep reasons stand inside reasons.
const DEEPEST: usize = 4;
/// Longest text that is looked at: a value in a refusal is as long as somebody typed it. A longer one is told in English.
const LONGEST: usize = 4_096;
/// Places of a text at which a sentence is looked for, behind what it may be about.
const MOST_STARTS: usize = 6;

/// A sentence of the house.
struct Sentence {
    code: &'static str,
    parts: Vec<Part>,
    /// Bytes of its words: of two that fit, the one that says more is meant.
    weight: usize,
}

enum Part {
    Words(&'static str),
    Hole(&'static str),
}

static SENTENCES: LazyLock<Vec<Sentence>> = LazyLock::new(|| {
    let english = REASONS.iter().find(|(code, _)| *code == FALLBACK).map_or("", |(_, text)| text);
    english.lines().filter_map(|line| line.strip_prefix("reason-")?.split_once(" = ")).map(|(code, text)| sentence(code, text)).collect()
});

fn sentence(code: &'static str, text: &'static str) -> Sentence {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, (name, after))) = rest.split_once("{ $").and_then(|(before, after)| Some((before, after.split_once(" }")?))) {
        if !before.is_empty() {
            parts.push(Part::Words(before));
        }
        parts.push(Part::Hole(name));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Words(rest));
    }
    let weight = parts.iter().map(|part| if let Part::Words(words) = part { words.len() } else { 0 }).sum();
    Sentence { code, parts, weight }
}

impl Sentence {
    /// The values, when the text is this sentence: each as short as it can be, but the last one.
    fn values<'t>(&self, text: &'t str) -> Option<Vec<(&'static str, &'t str)>> {
        let (mut values, mut rest, mut hole) = (Vec::new(), text, None);
        for (number, part) in self.parts.iter().enumerate() {
            match part {
                Part::Hole(name) => hole = Some(*name),
                Part::Words(words) => {
                    let is_last = number + 1 == self.parts.len();
                    let at = match (hole, is_last) {
                        (None, _) => rest.starts_with(words).then_some(0)?,
                        (Some(_), true) => rest.strip_suffix(words)?.len(),
                        (Some(_), false) => rest.find(words)?,
                    };
                    values.extend(hole.take().map(|name| (name, &rest[..at])));
                    rest = &rest[at + words.len()..];
                }
            }
        }
        match hole {
            Some(name) => values.push((name, rest)),
            None if rest.is_empty() => {}
            None => return None,
        }
        Some(values)
    }
}

/// A reason that is known.
struct Reason<'t> {
    code: &'static str,
    /// What stands before it: the item it is about, or what was tried.
    before: Option<&'t str>,
    values: Vec<(&'static str, &'t str)>,
}

fn short(text: &str) -> Option<&str> {
    Some(text).filter(|text| text.len() <= LONGEST)
}

/// The reason that a text is, or that stands behind what it is about.
fn known(text: &str) -> Option<Reason<'_>> {
    let text = bare(text);
    let mut starts = std::iter::once(0).chain(text.match_indices(": ").map(|(at, _)| at + 2)).take(MOST_STARTS);
    starts.find_map(|start| {
        let (sentence, values) = fitting(&text[start..])?;
        Some(Reason { code: sentence.code, before: text[..start].strip_suffix(": "), values })
    })
}

fn fitting(text: &str) -> Option<(&'static Sentence, Vec<(&'static str, &str)>)> {
    let fit = SENTENCES.iter().filter_map(|sentence| Some((sentence, sentence.values(text)?)));
    fit.max_by_key(|(sentence, _)| sentence.weight)
}

/// Without what the head of the page says already, and without what only a terminal needs.
fn bare(text: &str) -> &str {
    let text = text.strip_prefix("lanternfish: ").unwrap_or(text);
    let text = text.strip_suffix(" For more information, try '--help'.").unwrap_or(text);
    let text = text.strip_prefix("refused by ").unwrap_or(text);
    match text.strip_prefix("law ").and_then(|rest| rest.split_once(": ")) {
        Some((number, rest)) if number.parse::<u8>().is_ok() => rest,
        _ => text,
    }
}

/// The code of a refusal, when its words have one: it stays when the words are mended. Of several reasons, the first.
///
/// ```
/// assert_eq!(web::reason_code("the case is closed: reopen it or work in another case"), Some("case-closed"));
/// assert_eq!(web::reason_code("nobody has said this yet"), None);
/// ```
pub fn reason_code(text: &str) -> Option<&'static str> {
    short(text)?.lines().find_map(|line| known(line).map(|reason| reason.code))
}

/// The reason in a language other than English; none when that language does not have it. Of several, a line each, those
/// that it has.
pub fn told(languages: &Languages, language: &str, text: &str) -> Option<Markup> {
    if language == FALLBACK {
        return None;
    }
    let lines: Vec<(&str, Option<Markup>)> = short(text)?.lines().map(|line| (line, said(languages, language, line, 0))).collect();
    lines.iter().any(|(_, told)| told.is_some()).then(|| html! {
        @for (number, (line, told)) in lines.iter().enumerate() {
            @if number > 0 { br; }
            @match told { Some(told) => (told), None => span lang=(FALLBACK) { (line) } }
        }
    })
}

fn said(languages: &Languages, language: &str, text: &str, depth: usize) -> Option<Markup> {
    let reason = known(text).filter(|_| depth < DEEPEST)?;
    let places: Vec<(&str, String)> = reason.values.iter().enumerate().map(|(number, (name, _))| (*name, format!("{OPEN}{number}{CLOSE}"))).collect();
    let pattern = languages.in_words(language, &format!("reason-{}", reason.code), &places)?;
    let pieces = pattern.split(OPEN).enumerate().map(|(piece, text)| match text.split_once(CLOSE) {
        Some((number, words)) if piece > 0 => (number.parse::<usize>().ok().and_then(|number| reason.values.get(number)), words),
        _ => (None, text),
    });
    Some(html! {
        @if let Some(before) = reason.before { bdi lang=(FALLBACK) { (before) } ": " }
        @for (value, words) in pieces { @if let Some((name, value)) = value { (value_of(languages, language, name, value, depth)) } (words) }
    })
}

/// A value, set apart from the script around it: a reason inside the reason, a word of a fixed list, or as it was said.
fn value_of(languages: &Languages, language: &str, name: &str, value: &str, depth: usize) -> Markup {
    let inside = if name.starts_with("why") { said(languages, language, value, depth + 1) } else { None };
    inside.unwrap_or_else(|| match listed(languages, language, name, value) {
        Some(word) => html! { (word) },
        None if name.starts_with("why") => html! { bdi lang=(FALLBACK) { (value) } },
        None => html! { bdi { (value) } },
    })
}

/// The reader's word for a word of a fixed list, by the name of the hole.
fn listed(languages: &Languages, language: &str, hole: &str, value: &str) -> Option<String> {
    // `--seal-number <SEAL_NUMBER>` and `<EXHIBIT>` are called as their fields are.
    let field = || value.trim_start_matches(['-', '<']).split([' ', '=', '>']).next().unwrap_or_default().to_lowercase().replace('_', "-");
    let keys = match hole.trim_end_matches(|sign: char| sign.is_ascii_digit()) {
        "role" => vec![format!("role-{value}")],
        "action" => vec![format!("action-{value}")],
        "source" => vec![format!("source-{value}")],
        "state" => vec![format!("state-{value}"), format!("value-{value}"), format!("said-{value}")],
        "kind" => vec![format!("value-{value}"), format!("kind-{value}"), format!("said-{value}")],
        "field" => vec![format!("field-{}", field())],
        _ => vec![],
    };
    keys.iter().find_map(|key| languages.in_words(language, key, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn lao(text: &str) -> Option<String> {
        told(&Languages::with(None).unwrap(), "lo", text).map(maud::Markup::into_string)
    }

    fn messages(text: &'static str) -> BTreeMap<&'static str, &'static str> {
        text.lines().filter_map(|line| line.strip_prefix("reason-")?.split_once(" = ")).collect()
    }

    /// The words of fixed lists that stand in reasons alone.
    fn words(text: &'static str) -> BTreeSet<&'static str> {
        text.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key).filter(|key| !key.starts_with("reason-")).collect()
    }

    fn holes(text: &'static str) -> BTreeSet<&'static str> {
        sentence("", text).parts.into_iter().filter_map(|part| if let Part::Hole(name) = part { Some(name) } else { None }).collect()
    }

    #[test]
    fn every_reason_is_told_in_every_language_around_the_same_values() {
        let english = messages(REASONS[0].1);
        assert!(english.len() > 600);
        for (language, text) in REASONS {
            assert_eq!(words(text), words(REASONS[0].1), "{language}");
            let there = messages(text);
            assert_eq!(there.keys().collect::<Vec<_>>(), english.keys().collect::<Vec<_>>(), "{language}");
            for (code, text) in there {
                // What a field is for stands beside it in the form.
                let needed: BTreeSet<&str> = holes(english[code]).into_iter().filter(|hole| *hole != "about").collect();
                let has: BTreeSet<&str> = holes(text).into_iter().filter(|hole| *hole != "about").collect();
                assert_eq!(has, needed, "{language}: {code}");
            }
        }
    }

    #[test]
    fn each_sentence_is_known_by_its_words_and_gives_its_values_back() {
        let languages = Languages::with(None).unwrap();
        for (code, english) in messages(REASONS[0].1) {
            let values: Vec<(&str, String)> = holes(english).into_iter().map(|name| (name, format!("«{name}»"))).collect();
            let text = languages.in_words("en", &format!("reason-{code}"), &values).unwrap();
            let reason = known(&text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((reason.code, reason.before), (code, None), "{text}");
            assert!(reason.values.iter().all(|(name, value)| *value == format!("«{name}»")), "{text}: {:?}", reason.values);
            assert!(SENTENCES.iter().any(|one| one.code == code && one.weight >= 8), "{code}: too few words to know it by");
        }
    }

    #[test]
    fn a_reason_is_told_with_its_values_set_apart() {
        let told = lao("refused by law 13: the role auditor may not collect").unwrap();
        assert!(told.contains("ຜູ້ກວດສອບ") && told.contains("ເກັບກຳ") && !told.contains("auditor"), "{told}");
        let told = lao("there is no exhibit E-0099 in this case: see `lanternfish exhibit list`").unwrap();
        assert!(told.contains("<bdi>E-0099</bdi>"), "{told}");
    }

    #[test]
    fn a_reason_inside_a_reason_is_told_too() {
        let text = "refused by law 1: no live authority covers `collect` here. The nearest is the court-order authority \"17/2026\" (auth-1): it was revoked on 5 May 2026. See `lanternfish authority list --case case-1`; ask for a new authority or an extension";
        let told = lao(text).unwrap();
        assert!(told.contains("<bdi>5 May 2026</bdi>") && told.contains("ຄຳສັ່ງສານ") && !told.contains("revoked"), "{told}");
        assert_eq!(reason_code(text), Some("no-authority-nearest"));
    }

    #[test]
    fn what_stands_before_a_reason_stays() {
        let told = lao("E-0002: this release was decided already").unwrap();
        assert!(told.starts_with("<bdi lang=\"en\">E-0002</bdi>: "), "{told}");
    }

    #[test]
    fn of_several_reasons_each_is_told_in_its_line() {
        let told = lao("law 9: page one lacks the place: fill it in\nlaw 9: nobody translated this\nlaw 9: page one lacks the date: fill it in").unwrap();
        assert!(told.contains("<bdi>the place</bdi>") && told.contains("<bdi>the date</bdi>") && told.contains("<span lang=\"en\">law 9: nobody translated this</span>"), "{told}");
        assert_eq!(told.matches("<br>").count(), 2, "{told}");
    }

    #[test]
    fn what_nobody_translated_stays_in_english() {
        for text in ["", "nobody has said this yet", "the case is closed", ": ", "law x: y", "E-0001: nothing known"] {
            assert!(lao(text).is_none() && reason_code(text).is_none(), "{text}");
        }
        let languages = Languages::with(None).unwrap();
        assert!(told(&languages, "en", "the case is closed: reopen it or work in another case").is_none());
        assert!(told(&languages, "xx", "the case is closed: reopen it or work in another case").is_none());
    }

    #[test]
    fn a_text_of_any_length_and_shape_is_read_in_bounded_time() {
        let languages = Languages::with(None).unwrap();
        for unit in ["E-0001: this release was decided already\n", ": ", "a: ", "refused by law 1: ", "\n"] {
            let begun = std::time::Instant::now();
            assert!(reason_code(&unit.repeat((8 << 20) / unit.len())).is_none(), "{unit:?}");
            let at_most = unit.repeat(LONGEST / unit.len());
            let _ = told(&languages, "lo", &at_most);
            assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{unit:?}");
        }
        assert_eq!(reason_code(&format!("{}this release was decided already", "x: ".repeat(2))), Some("release-decided"));
    }

    #[test]
    fn a_value_is_text_and_no_sentence() {
        let told = lao("there is no exhibit <b>\u{f0000}9\u{f0001}</b> in this case: see `lanternfish exhibit list`").unwrap();
        assert!(told.contains("&lt;b&gt;") && !told.contains("<b>"), "{told}");
        // A name that says what the house says is not translated: it stays a name.
        let told = lao("the case is closed: reopen it or work in another case is already a member of this case").unwrap();
        assert!(told.contains("<bdi>the case is closed: reopen it or work in another case</bdi>"), "{told}");
    }
}
