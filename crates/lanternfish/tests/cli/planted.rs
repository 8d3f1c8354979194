//! Planted pages: what a trainer does with `range pages` and `range score`.

use std::{fs, path::Path};

use serde_json::Value;

use crate::office::{ask, text};

/// Writes pages, scans and scores them; what the scorer said.
fn scored(pages: &[&str], folder: &Path, more: &[&str]) -> Value {
    let (out, found) = (text(folder), text(&folder.with_extension("jsonl")));
    let written = ask(&[&["range", "pages", "--json", "--out", &out], pages].concat()).ended(0).line();
    fs::write(&found, ask(&["scan", "--json", written["folder"].as_str().unwrap()]).ended(0).out).unwrap();
    let asked = ["range", "score", "--json", "--truth", written["truth"].as_str().unwrap(), "--found", &found];
    let mut score = ask(&[&asked, more].concat()).ended(0).line();
    score["seed"] = written["seed"].clone();
    score
}

#[test]
fn pages_are_written_scanned_and_scored() {
    let place = tempfile::tempdir().unwrap();
    let score = scored(&["--seed", "5", "--pages", "40"], &place.path().join("pages-a"), &[]);
    let emails = &score["types"]["email"];
    assert!(emails["found"].as_u64() > Some(0) && emails["planted"].as_u64() >= emails["found"].as_u64(), "{emails}");
    assert_eq!(score["examples"], Value::Array(Vec::new()), "named only when somebody asks");
    let named = scored(&["--seed", "5", "--pages", "40"], &place.path().join("pages-b"), &["--misses", "--without-file", "mail"]);
    assert!(named["files"]["mail"].is_null() && named["files"]["html"]["planted"] == score["files"]["html"]["planted"], "{named}");
    let missed = named["examples"].as_array().unwrap().iter().filter(|e| e["what"] == "missed").count() as u64;
    let all = &named["overall"];
    assert_eq!(missed, all["planted"].as_u64().unwrap() - all["found"].as_u64().unwrap());
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let out = text(&place.path().join("pages"));
    let pages = |more: &[&str]| ask(&[&["range", "pages", "--out", &out], more].concat());
    pages(&[]).ended(2);
    pages(&["--seed", "5", "--start-seed"]).ended(2);
    let said = pages(&["--start-seed", "--pages", "3"]).ended(0).out;
    assert!(said.contains("3 pages of seed ") && said.contains("range score --truth"), "{said}");
    pages(&["--seed", "5", "--pages", "3"]).ended(2).tells("is not an empty folder: name a new one");
    let truth = format!("{out}/truth.jsonl");
    let score = |truth: &str, found: &str| ask(&["range", "score", "--truth", truth, "--found", found]);
    score(&truth, "/nowhere/at/all").ended(2).tells("/nowhere/at/all");
    score(&truth, &text(&fs::read_dir(format!("{out}/pages")).unwrap().next().unwrap().unwrap().path())).ended(2).tells("line 1 of the scanner's output");
}

/// Recall and precision that are promised for pages that nobody chose: overall, and recall of every type.
const OVERALL: (f64, f64) = (0.99, 0.995);
const EVERY_TYPE: f64 = 0.97;

#[test]
fn what_is_planted_on_pages_of_drawn_seeds_is_found() {
    let place = tempfile::tempdir().unwrap();
    for number in 0..3 {
        let folder = place.path().join(format!("drawn-{number}"));
        let score = scored(&["--start-seed"], &folder, &["--misses"]);
        let share = |count: &Value, what: &str| count[what].as_f64().unwrap();
        for group in ["types", "scripts", "files"] {
            for (name, count) in score[group].as_object().unwrap() {
                eprintln!("seed {}: {name}: recall {:.4}, precision {:.4}", score["seed"], share(count, "recall"), share(count, "precision"));
            }
        }
        let all = &score["overall"];
        assert!(share(all, "recall") >= OVERALL.0 && share(all, "precision") >= OVERALL.1, "{all}\n{:#}", score["examples"]);
        let low: Vec<_> = score["types"].as_object().unwrap().iter().filter(|(_, count)| share(count, "recall") < EVERY_TYPE).collect();
        assert!(low.is_empty(), "{low:?}\n{:#}", score["examples"]);
    }
}
