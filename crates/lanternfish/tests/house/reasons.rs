//! The reasons of refusals: what the house says and what is told in five languages are the same sentences.
//!
//! A reason is known by its English sentence (decision 51). So a sentence that is mended in the sources and not in
//! `crates/web/locales/reasons` would be told in English again, and nobody would see it: these drills read the sources.

use super::{read, root, sources};

/// Refusals of these crates reach a page; what is done at the machine itself is told in English.
const HEARD: [&str; 6] = ["model", "store", "desk", "report", "web", "lanternfish"];
/// Files whose refusals only who keeps the machine meets, at its terminal.
const AT_THE_MACHINE: [&str; 17] = [
    "store/src/sql/", "store/src/bucket/", "store/src/home.rs", "store/src/dump.rs", "store/src/safeguard.rs", "store/src/erasure.rs", "store/src/steps.rs", "desk/src/witness", "lanternfish/src/bulk.rs", "lanternfish/src/demo/",
    "lanternfish/src/passphrase.rs", "lanternfish/src/rows.rs", "lanternfish/src/scan.rs", "lanternfish/src/verbs/lines.rs", "lanternfish/src/verbs/witness.rs", "lanternfish/src/verbs/backups.rs", "lanternfish/src/witness/",
];
/// Most sentences of a refusal that have no code yet: only fewer is better.
const MOST_UNTOLD: usize = 20;
/// Sentences of the library that reads the command line, not of the house.
const OF_THE_COMMAND_LINE: &str = "argument-";

/// The text of a literal that begins behind its quotation mark.
fn literal(text: &str) -> String {
    let (mut said, mut signs) = (String::new(), text.chars());
    while let Some(sign) = signs.next() {
        match sign {
            '"' => break,
            '\\' => match signs.next() {
                Some('\n') => signs = signs.as_str().trim_start().chars(),
                Some('n') => said.push('\n'),
                Some(other) => said.push(other),
                None => break,
            },
            other => said.push(other),
        }
    }
    said
}

/// Whether a text is made of these words in this order, with anything where a value stands in braces.
fn is_made_of(words: &str, text: &str) -> bool {
    let parts: Vec<&str> = words.split('{').enumerate().map(|(number, part)| if number == 0 { part } else { part.split_once('}').map_or("", |(_, rest)| rest) }).collect();
    let [first, between @ .., last] = parts.as_slice() else { return words == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    for part in between {
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(last)
}

/// The same text with a letter in place of each value.
fn filled(text: &str) -> String {
    let mut parts = text.split('{');
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |said, part| said + "X" + part.split_once('}').map_or("", |(_, rest)| rest))
}

fn bytes_of_words(text: &str) -> usize {
    filled(text).len() - text.matches('{').count()
}

fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text)
}

/// All sentences that a source refuses with.
fn refusals(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for call in ["refused(", "refuse(", "::input(", "lack(", "#[error(", "NotThisPerson(", "Over("] {
        for (at, _) in text.match_indices(call) {
            let mut rest = text[at + call.len()..].trim_start();
            for skipped in ["Law::", "Near::"] {
                if rest.starts_with(skipped) {
                    rest = rest.split_once(',').map_or("", |(_, rest)| rest).trim_start();
                }
            }
            let rest = rest.trim_start_matches('&');
            let rest = rest.strip_prefix("format!(").unwrap_or(rest).trim_start();
            found.extend(rest.strip_prefix('"').map(literal).filter(|said| bytes_of_words(said) > 12));
        }
    }
    found
}

#[test]
fn every_sentence_with_a_code_is_one_that_the_house_says() {
    let sources: Vec<String> = sources().into_iter().filter(|(path, _)| path.to_string_lossy().contains("/src/") && !path.ends_with("web/src/reasons.rs")).map(|(_, text)| without_tests(&text).to_string()).collect();
    // Which law refuses, and what it is about, may stand before a sentence.
    let behind = |said: &str| said.split_once(": ").filter(|(before, _)| before.starts_with('{') || before.starts_with("law ")).map(|(_, behind)| behind.to_string());
    let literals = sources.iter().flat_map(|text| text.match_indices('"').map(|(at, _)| literal(&text[at + 1..])));
    let said: Vec<(usize, String)> = literals.flat_map(|said| [behind(&said), Some(said)]).flatten().map(|said| (bytes_of_words(&said), said)).filter(|(weight, _)| *weight > 7).collect();
    let reasons = read(&root().join("crates/web/locales/reasons/en.ftl"));
    let told: Vec<(&str, &str)> = reasons.lines().filter_map(|line| line.strip_prefix("reason-")?.split_once(" = ")).filter(|(code, _)| !code.starts_with(OF_THE_COMMAND_LINE)).collect();
    assert!(told.len() > 600, "the reasons were not found");
    let is_said = |sentence: &str| {
        // What the system says in brackets is put behind a sentence that stands alone.
        let alone = sentence.strip_suffix(" ({ $cause })").unwrap_or(sentence);
        let (weight, alone, whole) = (bytes_of_words(alone), filled(alone), filled(sentence));
        said.iter().any(|(words, said)| words * 10 >= weight * 6 && (is_made_of(said, &alone) || is_made_of(said, &whole)))
    };
    let strange: Vec<&(&str, &str)> = told.iter().filter(|(_, sentence)| !is_said(sentence)).collect();
    assert!(strange.is_empty(), "no source says this any more: mend crates/web/locales/reasons, in all languages:\n{strange:#?}");
}

#[test]
fn a_refusal_that_a_page_may_show_has_a_code() {
    let is_heard = |path: &str| HEARD.iter().any(|room| path.contains(&format!("crates/{room}/src/"))) && !AT_THE_MACHINE.iter().any(|at| path.contains(at));
    let said: Vec<(String, String)> = sources().into_iter().map(|(path, text)| (path.to_string_lossy().into_owned(), text)).filter(|(path, _)| is_heard(path)).flat_map(|(path, text)| refusals(without_tests(&text)).into_iter().map(move |said| (path.clone(), said))).collect();
    assert!(said.len() > 400, "the refusals were not found: {}", said.len());
    let untold: Vec<String> = said.iter().filter(|(_, said)| web::reason_code(&filled(said)).is_none()).map(|(path, said)| format!("{}: {said}", path.rsplit("crates/").next().unwrap_or(path))).collect();
    assert!(untold.len() <= MOST_UNTOLD, "{} refusals are told in English alone, {MOST_UNTOLD} were: add the new one to crates/web/locales/reasons, in five languages:\n{}", untold.len(), untold.join("\n"));
}

#[test]
fn a_sentence_is_found_in_a_source() {
    assert_eq!(refusals("x(refused(\n  Law::Permit,\n  &format!(\"no authority \\\n     covers {} here\", y)))"), ["no authority covers {} here"]);
    assert!(is_made_of("there is no {kind} {label} in this case", "there is no X X in this case"));
    assert!(!is_made_of("there is no {kind} {label} in this house", "there is no X X in this case"));
    assert_eq!(literal("a \\\"word\\\" and\" more"), "a \"word\" and");
}
