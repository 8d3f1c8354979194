//! Text in pictures: from the points of a picture through `tesseract` in its walls to words with their confidence. Where
//! it is not installed these tests say so and test nothing.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parse::fuzz::words_target;
use parse::{Ended, Installed, OcrError, Task, find_ocr, ocr_version, read_words};
use serde_json::Value;

use super::support::*;

fn installed(test: &str) -> Option<Installed> {
    let found = find_ocr().filter(|found| ["lao", "tha", "rus", "eng"].iter().all(|name| found.languages.iter().any(|there| there == name)));
    if found.is_none() {
        eprintln!("SKIPPED {test}: tesseract or its languages are missing");
    }
    found
}

fn tree(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn points(picture: &str) -> Vec<u8> {
    let (mut bytes, mut kept) = (std::fs::read(tree("tests/pictures").join(picture)).unwrap(), Kept::default());
    let task = Task::Picture { hint: "{}".into(), points: true };
    parse::run(child(), &task, &budget(), &mut bytes, &mut kept, &|| false).unwrap();
    kept.named("points").bytes.clone()
}

/// The words of a table, and what the stand-in for an extractor finds in them.
fn words(mut table: Vec<u8>) -> (Vec<Value>, Vec<Value>) {
    let mut kept = Kept::default();
    let outcome = parse::run(child(), &Task::Words { hint: "{}".into() }, &budget(), &mut table, &mut kept, &|| false).unwrap();
    assert_eq!(outcome.ended, Ended::Done);
    let (words, found): (Vec<Value>, Vec<Value>) = kept.selectors.into_iter().partition(|value| value["kind"] == "words");
    (words.iter().flat_map(|value| value["value"].as_array().unwrap().clone()).collect(), found)
}

#[test]
fn text_in_three_scripts_is_read_and_each_word_says_how_sure_the_machine_is() {
    let Some(there) = installed("text_in_three_scripts_is_read") else { return };
    let languages: Vec<String> = ["lao", "tha", "rus", "eng"].map(str::to_string).to_vec();
    assert!(ocr_version(child(), &there).unwrap().starts_with("tesseract "));
    for (picture, wanted) in [("lao.png", "ປະເທດລາວ"), ("thai.png", "CVE-2024-3094"), ("russian.png", "доставка")] {
        let table = read_words(child(), &there, &languages, points(picture), &|| false).unwrap();
        assert!(table.cage == "landlock+seccomp" || !Path::new("/sys/kernel/security/landlock").exists(), "{}", table.cage);
        let (words, found) = words(table.bytes);
        let word = words.iter().find(|word| word["text"] == wanted).unwrap_or_else(|| panic!("{picture}: {words:?}"));
        assert!((50..=100).contains(&word["confidence"].as_u64().unwrap()) && word["at"][2].as_u64().unwrap() > 50, "{word}");
        if picture == "lao.png" {
            assert_eq!((&found[0]["value"], &found[0]["steps"][0]), (&"seller@example.org".into(), &"ocr".into()));
            assert!(found[0]["reason"].as_str().unwrap().contains("; read by machine in a picture, least confidence "), "{found:?}");
        }
    }
}

#[test]
fn law_14_from_behind_the_walls_of_the_reader_of_text_a_file_a_socket_and_a_key_each_fail() {
    let key = tempfile::NamedTempFile::new().unwrap();
    // The child under test takes the place of the program, and tries.
    let there = Installed { program: child().to_path_buf(), data: "/usr/share".into(), languages: vec![] };
    let table = match read_words(child(), &there, &[key.path().display().to_string()], b"points".to_vec(), &|| false) {
        Err(OcrError::Walls(walls)) => return eprintln!("SKIPPED part: this kernel gives only the walls {walls}, and nothing is started in them"),
        other => other.unwrap(),
    };
    if table.cage != "landlock+seccomp" {
        eprintln!("SKIPPED part: this kernel gives only the walls {}", table.cage);
        return;
    }
    let report: parse::ProbeReport = serde_json::from_slice(&table.bytes).unwrap();
    assert_eq!(report.attempts.len(), 9, "{report:?}");
    // Threads of its own are no way out.
    let escapes: Vec<&str> = report.escapes().into_iter().map(|one| one.what.as_str()).filter(|what| *what != "start a thread").collect();
    assert!(escapes.is_empty(), "{escapes:?}");
    // A script needs its shell, which was not named: it cannot even begin.
    let script = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    std::fs::write(&script, "#!/bin/sh\necho out\n").unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let there = Installed { program: script.to_path_buf(), ..there };
    assert!(matches!(read_words(child(), &there, &[], Vec::new(), &|| false), Err(OcrError::Failed(_))));
}

#[test]
fn law_15_reading_text_stops_when_somebody_says_so() {
    let Some(there) = installed("law_15_reading_text_stops_when_somebody_says_so") else { return };
    let begun = Instant::now();
    let many = [b"P5\n6000 6000\n255\n".to_vec(), (0..36_000_000u32).map(|i| u8::try_from(u64::from(i) * 7919 % 251).unwrap()).collect()].concat();
    let stopped = read_words(child(), &there, &["eng".into()], many, &|| begun.elapsed() > Duration::from_millis(100));
    assert!(matches!(stopped, Err(OcrError::Stopped)), "{stopped:?}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn the_corpus_of_tables_is_replayed_and_cut_anywhere() {
    let mut count = 0;
    for entry in std::fs::read_dir(tree("fuzz/corpus/words")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        words_target(&bytes);
        (0..bytes.len().min(400)).for_each(|cut| words_target(&bytes[..cut]));
        count += 1;
    }
    assert!(count >= 4, "the corpus holds {count} files");
}
