//! Copies of captures for looking at (WACZ): made where they were asked for, from the exhibit's own bytes, and never of
//! what stays behind (laws 5, 6, 7).

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use model::Sha256Digest;
use seal::check::{Asked, verify_with};
use serde_json::Value;

use crate::{
    disclosure::{anchors, finish},
    office::{KHAM, NOY, Office, collect_files, string, text},
    people::finding,
    revocation::Server,
};

const OFFER: &str = "<title>SYNTHETIC</title> <p>write to seller@example.org</p>";
const NEIGHBOUR: &str = "<title>SYNTHETIC</title> <p>her name is Zirkonvogel</p>";

/// Captures a page; gives its exhibit.
fn captured(office: &Office, page: &'static str) -> String {
    let server = Server::page(page);
    string(&office.does(NOY, "capture", &[&server.url])["exhibit"]["exhibit"])
}

/// Builds a package; gives what was said and where it grows.
fn built(office: &Office, name: &str, words: &[&str]) -> (Value, PathBuf) {
    let target = text(&office.place(name));
    let built = office.does(NOY, "package seal", &[&["--officer", NOY, "--out", &target], words].concat());
    (built, office.place(&format!("{name}.building")))
}

/// An examination that stops at the first bound, as it would on a capture that is larger than any budget.
fn examined_in_part(office: &Office, exhibit: &str) {
    let desk = desk::Desk::open(&office.home, env!("CARGO_BIN_EXE_lanternfish").into()).unwrap();
    let session = desk.store.session(office.token(NOY)).unwrap();
    let scope = desk.enter(&session, &office.case).unwrap();
    let permit = desk.permit(&scope, desk::Intent::to(model::action::Action::Examine)).unwrap();
    let budget = parse::Budget { members: 2, ..parse::Budget::default() };
    let view = desk::examine::examine(&desk, &scope, &permit, exhibit, &budget).unwrap();
    assert!(view.ended.contains("limit"), "{view:?}");
}

/// A file below the folder that tells these words.
fn told(folder: &Path, words: &str) -> Option<PathBuf> {
    let mut files = Vec::new();
    collect_files(folder, &mut files);
    assert!(files.len() > 10, "{files:?}");
    files.into_iter().find(|file| String::from_utf8_lossy(&fs::read(file).unwrap()).contains(words))
}

fn member(wacz: &Path, name: &str) -> Vec<u8> {
    let mut zip = zip::ZipArchive::new(File::open(wacz).unwrap()).unwrap();
    let (mut file, mut bytes) = (zip.by_name(name).unwrap(), Vec::new());
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn law_05_the_warc_in_a_replay_copy_is_the_exhibit_byte_for_byte() {
    let office = Office::working();
    captured(&office, OFFER);
    office.does(NOY, "examine", &["E-0001"]);
    let (said, folder) = built(&office, "with", &["--wacz"]);
    assert_eq!(said["notes"], Value::Null, "{said}");
    let (warc, wacz) = (fs::read(folder.join("data/captures/e-0001.warc")).unwrap(), folder.join("data/replay/e-0001.wacz"));
    assert_eq!(member(&wacz, "archive/e-0001.warc"), warc);
    let digest = Sha256Digest::of(&warc).hex();
    assert_eq!(office.exhibits()[0]["sha256"], digest.as_str());
    assert!(fs::read_to_string(folder.join("manifest-sha256.txt")).unwrap().contains(&format!("{digest}  data/captures/e-0001.warc\n")));
    let package: Value = serde_json::from_slice(&member(&wacz, "datapackage.json")).unwrap();
    assert_eq!(package["resources"][0]["hash"], format!("sha256:{digest}"));

    // Each line of the index leads to the record that it names.
    let index = String::from_utf8(member(&wacz, "indexes/index.cdxj")).unwrap();
    let fields: Value = serde_json::from_str(index.trim_end().splitn(3, ' ').nth(2).unwrap()).unwrap();
    let number = |name: &str| fields[name].as_str().unwrap().parse::<usize>().unwrap();
    let record = String::from_utf8(warc[number("offset")..][..number("length")].to_vec()).unwrap();
    assert!(record.starts_with("WARC/1.1\r\nWARC-Type: response\r\n") && record.contains(OFFER), "{record}");
    assert!(record.contains(fields["url"].as_str().unwrap()) && record.contains(fields["digest"].as_str().unwrap()), "{index}");
    assert_eq!((&fields["status"], &fields["filename"]), (&"200".into(), &"e-0001.warc".into()));
    assert_eq!(String::from_utf8(member(&wacz, "pages/pages.jsonl")).unwrap().lines().count(), 2, "its head and one page");

    // The same record gives the same bytes.
    let (_, again) = built(&office, "again", &["--wacz"]);
    assert_eq!(fs::read(again.join("data/replay/e-0001.wacz")).unwrap(), fs::read(&wacz).unwrap());
}

#[test]
fn law_06_a_replay_copy_is_named_as_derived_and_made_of_what_was_examined_whole() {
    let office = Office::working();
    captured(&office, OFFER);
    captured(&office, NEIGHBOUR);
    captured(&office, "SYNTHETIC: a third page, whose examination ends at a bound");
    captured(&office, "WARC/1.1\r\nWARC-Type: response\r\nContent-Length: 99\r\n\r\nSYNTHETIC: a page that holds half a record");
    office.does(NOY, "examine", &["E-0001"]);
    office.does(NOY, "examine", &["E-0004"]);
    examined_in_part(&office, "E-0003");
    let (said, folder) = built(&office, "with", &["--wacz"]);
    for without in ["e-0002", "e-0003"] {
        assert!(!folder.join(format!("data/replay/{without}.wacz")).exists() && folder.join(format!("data/captures/{without}.warc")).exists());
    }
    let index = String::from_utf8(member(&folder.join("data/replay/e-0004.wacz"), "indexes/index.cdxj")).unwrap();
    assert_eq!(index.lines().count(), 1, "what a page holds is no record of the capture: {index}");
    let notes = said["notes"].to_string();
    assert!(notes.contains("E-0002") && notes.contains("E-0003") && notes.contains("lanternfish examine"), "{notes}");
    assert!(!notes.contains("E-0001") && !notes.contains("E-0004"), "{notes}");
    let index: Value = serde_json::from_slice(&fs::read(folder.join("data/index.json")).unwrap()).unwrap();
    let replay = &index["exhibits"][0]["replay"];
    let digest = Sha256Digest::of(&fs::read(folder.join("data/replay/e-0001.wacz")).unwrap()).hex();
    assert_eq!((&replay["derived-from"], &replay["sha256"], &replay["records"]), (&"E-0001".into(), &digest.as_str().into(), &1.into()), "{replay}");
    assert!(string(&replay["method"]).starts_with("wacz 1.1.1") && string(&replay["examination"]).len() > 8, "{replay}");
    assert_eq!((&replay["input"], &index["exhibits"][1]["replay"]), (&office.exhibits()[0]["sha256"], &Value::Null));
    // Nobody who did not ask for it gets one.
    let (_, plain) = built(&office, "plain", &[]);
    assert!(!plain.join("data/replay").exists() && plain.join("data/captures/e-0001.warc").exists());
    assert!(!fs::read_to_string(plain.join("data/index.json")).unwrap().contains("replay"));
    office.sound_log();
}

#[test]
fn law_07_a_restricted_capture_has_no_replay_copy() {
    let office = Office::working();
    for page in [OFFER, NEIGHBOUR, "<p>SYNTHETIC: a third page</p>"] {
        let exhibit = captured(&office, page);
        office.does(NOY, "examine", &[&exhibit]);
    }
    // A copy that went out before leaves no trace of its bytes in what is built afterwards.
    let (_, before) = built(&office, "before", &["--wacz"]);
    let digest = Sha256Digest::of(&fs::read(before.join("data/replay/e-0002.wacz")).unwrap()).hex();
    assert!(told(&before, &digest).is_some());
    office.does(NOY, "exhibit reclassify", &["E-0002", "--class", "privileged", "--reason", "it is to his lawyer"]);
    // The same bytes as the page in E-0001: whoever has the capture has the letter.
    let letter = office.file("letter.html", OFFER);
    office.does(NOY, "exhibit admit", &[&letter, "--class", "privileged", "--description", "a letter"]);
    let (said, folder) = built(&office, "with", &["--wacz"]);
    let copies: Vec<String> = fs::read_dir(folder.join("data/replay")).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(copies, ["e-0003.wacz"]);
    for words in ["Zirkonvogel", "seller@example.org", &digest] {
        assert_eq!(told(&folder, words), None, "{words}");
    }
    assert_eq!(said["notes"], Value::Null, "that a restricted item has no copy is nothing to mend: {said}");
}

#[test]
fn law_07_a_disclosure_that_withholds_a_capture_withholds_its_replay_copy() {
    let office = Office::working();
    for page in [OFFER, NEIGHBOUR] {
        let exhibit = captured(&office, page);
        office.does(NOY, "examine", &[&exhibit]);
    }
    office.does(NOY, "finding add", &finding("An address stands there.", "E-0001"));
    office.does(KHAM, "case declare", &["court-process", "--reason", "indicted"]);
    let (package, _) = built(&office, "package", &["--wacz"]);
    finish(&office, &string(&package["package"]), &[NOY]);
    let files = ["data/captures/e-0002.warc", "data/replay/e-0002.wacz"];
    // However the item is named: its label, its file, its copy.
    for item in ["E-0002", files[0], files[1]] {
        let withhold = format!("{item}=third-party:a neighbour who fears him");
        let proposed = office.does(NOY, "package disclose", &["P-0001", "--to", "Counsel", "--purpose", "the defence prepares", "--withhold", &withhold]);
        let withheld: Vec<String> = proposed["withheld"].as_array().unwrap().iter().map(|one| string(&one[0])).collect();
        assert!(files.iter().all(|file| withheld.iter().any(|path| path == file)), "{item}: {withheld:?}");
        assert!(!withheld.iter().any(|path| path.contains("e-0001")), "{item}: {withheld:?}");
    }
    office.does(KHAM, "disclosure decide", &["D-0003", "--approve", "--reason", "she is at risk"]);
    let folder = office.place("disclosure");
    let disclosed = office.does(NOY, "disclosure build", &["D-0003", "--officer", NOY, "--out", &text(&folder)]);
    assert_eq!(disclosed["exhibits"], 1, "a copy is no exhibit");
    finish(&office, &string(&disclosed["package"]), &[NOY]);
    assert!(folder.join("data/opened/data/replay/e-0001.wacz").exists());
    assert_eq!(told(&folder, "Zirkonvogel"), None);

    // Opened later: whoever gets the one gets the other, and both belong to the seal.
    let (revealed, anchors) = (office.place("revealed"), anchors(&office));
    let view = office.does(KHAM, "disclosure reveal", &["D-0003", "--item", files[1], "--reason", "order of the court", "--out", &text(&revealed)]);
    assert_eq!(view["revealed"], serde_json::json!(files));
    let verdict = verify_with(&folder, &Asked { anchors: Some(&anchors), revealed: Some(&revealed), ..Asked::default() }, &|_| ());
    assert_eq!(verdict.exit_code, 0, "{:#?}", verdict.faults().collect::<Vec<_>>());
}
