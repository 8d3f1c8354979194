//! The planted pages as anybody sees them: the same seed gives the same bytes, the truth stands where it
//! says, and nothing is planted that the truth keeps silent about.

use std::{collections::BTreeMap, fs, path::Path};

use range::pages::{self, Line, State, Truth};
use sha2::{Digest, Sha256};

/// Names and bytes of everything below a folder, in order.
fn digest(folder: &Path) -> String {
    let mut names: Vec<_> = fs::read_dir(folder.join("pages")).expect("pages").map(|entry| entry.expect("an entry").path()).collect();
    names.push(folder.join("truth.jsonl"));
    names.sort();
    let mut sum = Sha256::new();
    for path in names {
        sum.update(path.file_name().expect("a name").as_encoded_bytes());
        sum.update(Sha256::digest(fs::read(&path).expect("a file")));
    }
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 over the names and digests of 40 pages of seed 1. When it changes, `EDITION` must go up:
/// figures that were published for a seed are figures of one edition.
const SEED_1: &str = "1379deb6a44bfb8156cde780f410a389967d091f6675213d1d42eb281d21c590";

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let place = tempfile::tempdir().expect("a folder");
    let written = |name: &str, seed| {
        let folder = place.path().join(name);
        pages::write(seed, 40, &folder).expect("pages");
        digest(&folder)
    };
    let first = written("one", 1);
    assert_eq!(first, written("two", 1));
    assert_ne!(first, written("three", 2));
    assert_eq!((pages::EDITION, first.as_str()), (1, SEED_1));
}

#[test]
fn a_folder_that_holds_something_is_refused() {
    let place = tempfile::tempdir().expect("a folder");
    fs::write(place.path().join("mine"), "kept").expect("a file");
    let refused = pages::write(1, 1, place.path()).expect_err("it holds something");
    assert!(refused.to_string().contains("name a new one"), "{refused}");
}

fn all(count: usize) -> Vec<pages::Page> {
    (0..count).map(|number| pages::page(1, number)).collect()
}

fn inside<'a>(page: &'a pages::Page, line: &Line) -> &'a str {
    std::str::from_utf8(&page.bytes).expect("pages are UTF-8").get(line.start as usize..line.end as usize).expect("a range of characters")
}

#[test]
fn the_truth_stands_at_its_bytes() {
    for page in all(100) {
        for line in &page.truth {
            let text = inside(&page, line);
            let Truth::Selector { value, state, kind, .. } = &line.truth else { continue };
            let as_written = ["plain", "glued", "data-attribute", "comment"].contains(&line.style.as_str()) && matches!(line.container.as_str(), "html" | "text");
            if as_written && *state != State::FailedChecksum && ["xmr", "ltc", "onion-v3", "iban", "email", "url"].contains(&kind.as_str()) {
                let joined = text.replace(' ', "").replace("&amp;", "&");
                assert!(joined.contains(value.as_str()), "{kind} {value} at {}:{}: {text}", page.name, line.start);
            }
            assert!(!text.starts_with(char::is_whitespace) && !text.ends_with(char::is_whitespace), "{text:?}");
        }
    }
}

#[test]
fn every_type_script_and_style_is_there_often_enough() {
    let mut types: BTreeMap<String, usize> = BTreeMap::new();
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    for page in all(pages::PAGES) {
        for line in page.truth {
            if let Truth::Selector { kind, required: true, .. } = line.truth {
                *types.entry(kind).or_default() += 1;
                *others.entry(line.script).or_default() += 1;
                *others.entry(line.style).or_default() += 1;
            }
        }
    }
    assert_eq!(types.len(), 48, "{types:?}");
    assert!(types.values().all(|count| *count >= 25), "{types:?}");
    assert!(others.values().all(|count| *count >= 10), "{others:?}");
}

#[test]
fn a_page_does_not_depend_on_how_many_there_are() {
    let place = tempfile::tempdir().expect("a folder");
    pages::write(7, 12, place.path()).expect("pages");
    let page = pages::page(7, 11);
    assert_eq!(fs::read(place.path().join(&page.name)).expect("a page"), page.bytes);
}

#[test]
fn chats_are_json_and_letters_are_ascii() {
    for page in all(40) {
        if page.name.ends_with(".json") {
            serde_json::from_slice::<serde_json::Value>(&page.bytes).unwrap_or_else(|e| panic!("{}: {e}", page.name));
        }
        if page.name.ends_with(".eml") {
            let text = std::str::from_utf8(&page.bytes).expect("ASCII");
            assert!(text.is_ascii() && text.lines().all(|line| line.len() <= 78), "{}", page.name);
        }
        assert!(String::from_utf8_lossy(&page.bytes).contains("SYNTHETIC"), "{}", page.name);
    }
}

/// Something that one seed in a hundred does not survive would be met by somebody else.
#[test]
fn any_seed_can_be_written() {
    for seed in 0..60 {
        for number in 0..24 {
            assert!(!pages::page(seed * 0x0101_0101_0101_0101, number).truth.is_empty());
        }
    }
}
