//! Errata (law 3): nothing that went out is changed; every package that went out before is named with the words
//! to send, and nothing goes out afterwards without the correction.

use std::fs;

use seal::check::{Asked, verify_package, verify_with};
use serde_json::{Value, json};

use crate::{
    disclosure::{anchors, before_the_court, disclosed, finish},
    office::{AUDITOR, BOUNMY, KHAM, NOY, Office, skipped, string, text},
    papers::{letters, read_report},
    people::finding,
};

const WRONG: &str = "The address stands there twice.";
const RIGHT: &str = "It stands there once; the second is another one.";

/// An office with one finding, one report and the sealed package P-0001.
fn issued() -> Office {
    let office = Office::working();
    office.admit("page.html", "<p>SYNTHETIC: write to seller@example.org</p>");
    office.does(NOY, "examine", &["E-0001"]);
    office.does(NOY, "finding add", &finding(WRONG, "E-0001"));
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    build(&office, "first");
    finish(&office, "P-0001", &[NOY]);
    office
}

fn build(office: &Office, folder: &str) {
    office.does(NOY, "package seal", &["--officer", NOY, "--out", &text(&office.place(folder))]);
}

fn correct(office: &Office) -> Value {
    office.does(NOY, "erratum add", &["--about", "F1", "--wrong", WRONG, "--right", RIGHT])
}

fn packages(view: &Value) -> Vec<String> {
    view["notices"].as_array().unwrap().iter().map(|notice| string(&notice["package"])).collect()
}

#[test]
fn law_03_an_erratum_names_every_package_that_went_out_before_and_goes_with_every_later_one() {
    let office = issued();
    build(&office, "second");
    office.does(NOY, "package sign", &["P-0002"]);
    office.does(NOY, "package stamp", &["P-0002"]);
    let written = correct(&office);
    assert_eq!((&written["erratum"], &written["about"]), (&"X-0001".into(), &"F-0001".into()));
    assert_eq!(packages(&written), ["P-0001"]);
    let manifest = fs::read(office.place("first/tagmanifest-sha256.txt")).unwrap();
    let notice = string(&written["notices"][0]["text"]);
    for words in [WRONG, RIGHT, "Drill Unit", "P-0001", &model::Sha256Digest::of(&manifest).hex(), "F-0001"] {
        assert!(notice.contains(words), "{words:?} is not in: {notice}");
    }

    // What was built before does not leave, and the old report is not enough for a new package.
    office.in_case(NOY, "package finish", &["P-0002"]).by_law(9).tells("X-0001");
    fs::remove_dir_all(office.place("second.building")).unwrap();
    let third = text(&office.place("third"));
    office.in_case(NOY, "package seal", &["--officer", NOY, "--out", &third]).by_law(9).tells("X-0001");
    let read = read_report(&office, &["--template", "statement-of-fact"]);
    build(&office, "third");
    finish(&office, "P-0003", &[NOY]);
    let carried: Value = serde_json::from_slice(&fs::read(office.place("third/data/errata.json")).unwrap()).unwrap();
    assert_eq!((&carried[0]["erratum"], &carried[0]["wrong"], &carried[0]["right"]), (&"X-0001".into(), &WRONG.into(), &RIGHT.into()));
    let anchors = anchors(&office);
    let verdict = verify_package(&office.place("third"), Some(&anchors), &|_| ());
    assert_eq!(verdict.exit_code, 0);
    assert!(verdict.limits.iter().any(|limit| limit.contains("erratum X-0001: corrects F-0001")), "{:?}", verdict.limits);
    // The first one is what it was.
    assert_eq!(verify_package(&office.place("first"), Some(&anchors), &|_| ()).exit_code, 0);
    assert!(!String::from_utf8_lossy(&fs::read(office.place("first/data/findings.json")).unwrap()).contains(RIGHT));

    let listed = office.does(NOY, "erratum list", &[]);
    assert_eq!(packages(&listed), ["P-0001"]);
    office.in_case(NOY, "erratum notified", &["X-0001", "--package", "P-0003", "--to", "the court", "--how", "letter"]).ended(2).tells("did not go out without");
    let told = office.does(KHAM, "erratum notified", &["X1", "--package", "P1", "--to", "the court's registry", "--how", "letter of today"]);
    assert_eq!(told["notices"][0]["told"], serde_json::json!([["the court's registry", "letter of today"]]));
    assert_eq!(told["event"], written["event"], "the note does not move the erratum");
    assert_eq!(office.last_events(1), ["erratum-notified"]);
    office.sound_log();
    match read {
        None => skipped("the correction in the paper", "pdftotext is not installed (poppler-utils)"),
        Some(read) => assert!(read.contains(&letters(&format!("Erratum X-0001 to F-0001: wrong was: {WRONG}; right is: {RIGHT}"))), "{read}"),
    }
}

#[test]
fn law_03_a_package_without_report_does_not_leave_before_it_carries_the_correction() {
    let office = issued();
    office.does(NOY, "package seal", &["--officer", NOY, "--out", &text(&office.place("second"))]);
    office.does(NOY, "package sign", &["P-0002"]);
    office.does(NOY, "package stamp", &["P-0002"]);
    office.does(KHAM, "case declare", &["court-process", "--reason", "indicted"]);
    office.does(NOY, "package disclose", &["P-0001", "--to", "Counsel", "--purpose", "the defence prepares"]);
    office.does(KHAM, "disclosure decide", &["D-0001", "--approve", "--reason", "duty"]);
    office.does(NOY, "disclosure build", &["D-0001", "--officer", NOY, "--out", &text(&office.place("early"))]);
    office.does(NOY, "package sign", &["P-0003"]);
    office.does(NOY, "package stamp", &["P-0003"]);
    office.does(NOY, "erratum add", &["--about", "P-0001", "--wrong", "its page one", "--right", "see the letter"]);
    // A disclosure has no report of its own: law 3 alone holds it.
    office.in_case(NOY, "package finish", &["P-0003"]).by_law(3).tells("build it anew");
    fs::remove_dir_all(office.place("early.building")).unwrap();
    office.does(NOY, "package disclose", &["P-0001", "--to", "Counsel", "--purpose", "the defence prepares"]);
    office.does(KHAM, "disclosure decide", &["D-0002", "--approve", "--reason", "duty"]);
    office.does(NOY, "disclosure build", &["D-0002", "--officer", NOY, "--out", &text(&office.place("late"))]);
    finish(&office, "P-0004", &[NOY]);
    assert!(fs::read_to_string(office.place("late/data/errata.json")).unwrap().contains("see the letter"));
    let later = office.does(NOY, "erratum add", &["--about", "R-0001", "--wrong", "a name", "--right", "another name"]);
    assert_eq!(packages(&later), ["P-0001", "P-0004"]);
    assert_eq!(later["notices"][1]["recipient"], "Counsel");
    office.sound_log();
}

#[test]
fn law_01_a_correction_waits_for_no_authority_and_is_written_by_nobody_outside_the_case() {
    let office = issued();
    office.does(NOY, "case close", &["--reason", "done"]);
    correct(&office);
    let words = |about: &'static str| ["--about", about, "--wrong", "x", "--right", "y"];
    office.does(BOUNMY, "erratum add", &words("E-0001"));
    office.in_case(AUDITOR, "erratum add", &words("E-0001")).by_law(13);
    for missing in ["F-0099", "E-0099", "R-0099", "P-0099", "Q-0001", "x"] {
        office.in_case(NOY, "erratum add", &words(missing)).ended(2);
    }
    office.in_case(NOY, "erratum add", &["--about", "F-0001", "--wrong", " ", "--right", "y"]).ended(2);
    let said = string(&office.in_case(NOY, "erratum list", &[]).ended(0).lines()[0]["notices"][0]["text"]);
    assert!(said.contains("correction X-0001"), "{said}");
    office.sound_log();
}

#[test]
fn law_03_a_correction_stands_in_the_language_of_its_paper() {
    let office = issued();
    let typed = "the word {right} itself was wrong";
    office.does(NOY, "erratum add", &["--about", "F1", "--wrong", typed, "--right", RIGHT]);
    office.does(NOY, "report build", &["--template", "statement-of-fact", "--language", "lo"]);
    build(&office, "second");
    let request = fs::read_to_string(office.place("second.building/data/report/r-0002.request.json")).unwrap();
    let framed = format!("ການແກ້ໄຂ X-0001 ຂອງ F-0001: ທີ່ຜິດແມ່ນ: {typed}; ທີ່ຖືກແມ່ນ: {RIGHT}");
    assert!(request.contains(&framed), "{framed}\n{request}");
    assert!(!request.contains("wrong was:"), "{request}");
    // The machine's record of the findings stays in one language.
    assert!(fs::read_to_string(office.place("second.building/data/findings.json")).unwrap().contains("Erratum X-0001 to F-0001: wrong was: "));
    office.sound_log();
}

/// Of one erratum, what is said to whoever holds this package.
fn notice<'a>(listed: &'a [Value], erratum: &str, package: &str) -> Option<&'a Value> {
    let one = listed.iter().find(|one| one["erratum"] == erratum).unwrap_or_else(|| panic!("{erratum} is not in {listed:?}"));
    one["notices"].as_array().unwrap().iter().find(|notice| notice["package"] == package)
}

fn words(value: &Value) -> String {
    string(&value["text"])
}

#[test]
fn law_03_what_is_opened_later_leaves_with_the_corrections_of_meanwhile() {
    let office = before_the_court();
    let folder = disclosed(&office);
    let add = |about: &str, wrong: &str| office.does(NOY, "erratum add", &["--about", about, "--wrong", wrong, "--right", RIGHT]);
    let (opened, items) = (office.place("opened"), ["D-0001", "--item", "E-0002", "--reason", "order of the court", "--out"]);
    add("E-0001", "wrong of the page");
    add("E-0002", "wrong of the neighbour");
    office.does(NOY, "finding add", &finding("An address stands there too.", "E-0002"));
    add("F-0002", "wrong of the finding");

    let listed = office.in_case(NOY, "erratum list", &[]).ended(0).lines();
    assert!(words(notice(&listed, "X-0001", "P-0002").unwrap()).contains("wrong of the page"));
    for (erratum, wrong) in [("X-0002", "wrong of the neighbour"), ("X-0003", "wrong of the finding")] {
        // The court has the whole package and is told; the words are about what the defence does not have.
        assert!(words(notice(&listed, erratum, "P-0001").unwrap()).contains(wrong));
        let kept = notice(&listed, erratum, "P-0002").unwrap();
        assert_eq!(kept["kept_back"], true, "{kept}");
        let kept = words(kept);
        assert!(kept.contains(erratum) && !kept.contains(wrong) && !kept.contains(RIGHT) && !kept.contains("E-0002") && !kept.contains("F-0002"), "{kept}");
    }

    let beside = office.place("opened.errata.json");
    fs::write(&beside, "of somebody else").unwrap();
    office.in_case(KHAM, "disclosure reveal", &[&items[..], &[&text(&opened)]].concat()).ended(2).tells("is there already");
    fs::remove_file(&beside).unwrap();
    let view = office.does(KHAM, "disclosure reveal", &[&items[..], &[&text(&opened)]].concat());
    assert_eq!(view["corrections"], Value::from(text(&beside)));
    let told: Value = serde_json::from_slice(&fs::read(&beside).unwrap()).unwrap();
    let told: Vec<(&Value, &Value)> = told.as_array().unwrap().iter().map(|one| (&one["erratum"], &one["wrong"])).collect();
    assert_eq!(json!(told), json!([["X-0001", "wrong of the page"], ["X-0002", "wrong of the neighbour"], ["X-0003", "wrong of the finding"]]));
    // The folder itself holds nothing but the items, as every verifier expects.
    let verdict = verify_with(&folder, &Asked { anchors: Some(&anchors(&office)), revealed: Some(&opened), ..Asked::default() }, &|_| ());
    assert_eq!(verdict.exit_code, 0, "{:#?}", verdict.faults().collect::<Vec<_>>());
    let listed = office.in_case(NOY, "erratum list", &[]).ended(0).lines();
    for erratum in ["X-0001", "X-0002", "X-0003"] {
        let after = notice(&listed, erratum, "P-0002").unwrap();
        assert_eq!((&after["told"][0][0], &after["kept_back"]), (&"Counsel for the accused".into(), &Value::Null), "{after}");
        assert!(string(&after["told"][0][1]).starts_with("beside the items opened on"), "{after}");
    }
    office.sound_log();
}

#[test]
fn law_03_a_correction_of_what_is_withheld_is_named_without_words_and_is_not_carried() {
    let office = before_the_court();
    office.does(NOY, "finding add", &finding("An address stands there too.", "E-0002"));
    let add = |about: &str, wrong: &str| office.does(NOY, "erratum add", &["--about", about, "--wrong", wrong, "--right", RIGHT]);
    add("E-0002", "wrong of the neighbour");
    add("F-0002", "wrong of the finding");
    add("F-0001", "wrong of the page");
    let folder = disclosed(&office);
    let carried: Value = serde_json::from_slice(&fs::read(folder.join("data/errata.json")).unwrap()).unwrap();
    for (place, erratum) in [(0, "X-0001"), (1, "X-0002")] {
        let keys: Vec<&str> = carried[place].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!((&carried[place]["erratum"], keys.as_slice()), (&erratum.into(), &["erratum", "event", "note"][..]));
    }
    assert_eq!(carried[2]["wrong"], "wrong of the page");
    let verdict = verify_package(&folder, Some(&anchors(&office)), &|_| ());
    assert_eq!(verdict.exit_code, 0);
    let limits: Vec<&String> = verdict.limits.iter().filter(|limit| limit.contains("erratum")).collect();
    assert_eq!(limits.len(), 3, "{limits:?}");
    assert!(limits.iter().any(|limit| limit.contains("X-0003: corrects F-0001")), "{limits:?}");
    assert!(limits.iter().all(|limit| !limit.contains("E-0002") && !limit.contains("F-0002")), "{limits:?}");

    // Named is not told: whoever holds the disclosure stands in the list until he was.
    let listed = office.in_case(NOY, "erratum list", &[]).ended(0).lines();
    for (erratum, kept) in [("X-0001", true), ("X-0002", true), ("X-0003", false)] {
        assert_eq!(notice(&listed, erratum, "P-0002").is_some(), kept, "{erratum}");
    }
    office.sound_log();
}
