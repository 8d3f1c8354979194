//! `doctor`: each fault of a node is a line that says what to do, and the exit code tells (docs/guide/faults.md).

use std::{fs, os::unix::fs::PermissionsExt};

use model::moment::ClockQuality;
use serde_json::Value;

use crate::{
    disclosure::{anchors, finish},
    office::{ADMIN, AUDITOR, KHAM, NOY, Office, Said, string, text},
    people::finding,
};

/// The line of the health check that speaks of this.
#[track_caller]
fn about(said: &Said, words: &str) -> Value {
    let lines = said.lines();
    lines.iter().find(|line| string(&line["text"]).contains(words)).unwrap_or_else(|| panic!("{words:?} is in none of {}", said.out)).clone()
}

/// A fault: it ends with 3, is no warning, and says what to do.
#[track_caller]
fn fault(office: &Office, words: &str) -> Value {
    let said = office.bare(&["doctor"]).ended(3);
    let line = about(&said, words);
    assert_eq!((&line["ok"], line.get("warning")), (&false.into(), None), "{line}");
    assert!(!string(&line["what_to_do"]).is_empty(), "{line}");
    line
}

#[test]
fn a_new_node_is_told_what_is_still_missing_and_nothing_is_wrong() {
    let office = Office::working();
    let said = office.bare(&["doctor"]);
    for words in ["no backup of this home", "no outside witness is named", "what may be privileged is opened by nobody"] {
        let line = about(&said, words);
        assert_eq!((&line["ok"], &line["warning"]), (&false.into(), &true.into()), "{line}");
        assert!(!string(&line["what_to_do"]).is_empty());
    }
    for words in ["own check says: ok", "no checkpoint of the log was kept", "opened by their owner alone", "keys can be read and fit", "certificates hold for 60 days", "are too short to be whole"] {
        assert_eq!(about(&said, words)["ok"], true, "{words}");
    }
    // The second time it is compared with the first.
    assert!(string(&about(&office.bare(&["doctor"]), "that was kept in the home")["text"]).contains("the log holds the checkpoint"));
    let (file, words) = (text(&office.place("home.backup")), office.file("words", "four words for backups\n"));
    office.done(ADMIN, &["backup", "create", &file, "--passphrase-file", &words]);
    assert_eq!(about(&office.bare(&["doctor"]), "the last backup is 0 days old")["ok"], true);
    office.sound_log();
}

#[test]
fn a_key_that_others_may_read_or_that_rots_is_a_fault() {
    let office = Office::working();
    office.done(ADMIN, &["log", "witness", "status"]);
    office.done(ADMIN, &["witness", "identity"]);
    office.bare(&["doctor"]);
    let node = |name: &str| office.home.join("node").join(name);
    fs::set_permissions(node("ca.key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(string(&fault(&office, "others may open")["text"]).contains("node/ca.key"));
    fs::set_permissions(node("ca.key"), fs::Permissions::from_mode(0o600)).unwrap();
    for name in ["log.key", "ca.key", "ca.pem", "tsa.key", "tsa.pem", "witness.key", "link.key", "link.pem"] {
        let sound = fs::read(node(name)).unwrap();
        let reversed = sound.iter().rev().copied().collect();
        // 64 other digits are another key of a witness, and only those who know the first one see that.
        let rotten = if name == "witness.key" { vec![] } else { vec![reversed] };
        for rotten in [vec![], sound[..sound.len() / 2].to_vec()].into_iter().chain(rotten) {
            fs::write(node(name), rotten).unwrap();
            // Some keys are asked before the line about keys: the log's own signs the checkpoint.
            let said = office.bare(&["doctor"]).ended(3);
            let wrong: Vec<Value> = said.lines().into_iter().filter(|line| line["ok"] == false && line.get("warning").is_none()).collect();
            assert!(wrong.iter().any(|line| !string(&line["what_to_do"]).is_empty()), "{name}: {}", said.out);
            assert!(!said.err.contains("panicked"), "{name}: {}", said.err);
        }
        fs::write(node(name), sound).unwrap();
    }
    // Another key of the right shape signs another log.
    let sound = fs::read_to_string(node("log.key")).unwrap();
    fs::write(node("log.key"), sound.chars().rev().collect::<String>().trim()).unwrap();
    fault(&office, "was not signed by the log key that is there now");
    fs::write(node("log.key"), sound).unwrap();
    // Without its agency key or its settings a home does not open, and that is a line too.
    for name in ["node/agency.key", "lanternfish.json"] {
        let sound = fs::read(office.home.join(name)).unwrap();
        fs::write(office.home.join(name), &sound[..sound.len() / 3]).unwrap();
        let line = fault(&office, "damaged");
        assert!(string(&line["what_to_do"]).contains("restore the newest backup"), "{line}");
        fs::write(office.home.join(name), sound).unwrap();
    }
    assert_eq!(about(&office.bare(&["doctor"]), "keys can be read and fit")["ok"], true);
    office.sound_log();
}

#[test]
fn law_03_a_home_whose_records_are_of_an_earlier_hour_is_a_fault() {
    let office = Office::working();
    let earlier: Vec<(std::path::PathBuf, Vec<u8>)> = ["records.db", "records.db-wal"].iter().filter_map(|name| {
        let place = office.home.join(name);
        fs::read(&place).ok().map(|bytes| (place, bytes))
    }).collect();
    office.done(NOY, &["tip", "add", "--text", "of the lost hour"]);
    office.done(AUDITOR, &["log", "checkpoint"]);
    for side in ["records.db-wal", "records.db-shm"] {
        let _ = fs::remove_file(office.home.join(side));
    }
    earlier.iter().for_each(|(place, bytes)| fs::write(place, bytes).unwrap());
    let line = fault(&office, "the records are those of an earlier hour");
    assert!(string(&line["what_to_do"]).contains("stop working"), "{line}");
    assert_eq!(about(&office.bare(&["doctor"]), "agree both ways")["ok"], true);
    // The records agree with themselves, and nothing else can tell. It is not forgotten when the log grows again.
    office.sound_log();
    office.done(NOY, &["tip", "add", "--text", "of another history"]);
    fault(&office, "this is another history");
}

#[test]
fn law_05_every_item_of_a_members_cases_is_measured_or_read_and_locked_when_it_does_not_match() {
    let office = Office::working();
    for (name, length) in [("one.bin", 200_000), ("two.bin", 300_000), ("three.bin", 10)] {
        office.admit(name, vec![7; length]);
    }
    office.bare(&["doctor", "--items"]).ended(2).tells("name your session");
    office.bare(&["doctor", "--bytes"]).ended(2);
    let well = office.says(NOY, &["doctor", "--items", "--bytes"]);
    assert_eq!(about(&well, "byte for byte what was stored")["ok"], true);
    assert_eq!(about(&well, "every stored object belongs to one of these cases")["ok"], true);

    // Bit rot in the middle of the longest one: the length is right, the bytes are not.
    let mut objects: Vec<_> = office.objects();
    objects.sort_by_key(|path| fs::metadata(path).unwrap().len());
    let longest = objects.pop().unwrap();
    let sound = fs::read(&longest).unwrap();
    let mut rotten = sound.clone();
    rotten[150_000] ^= 1;
    fs::remove_file(&longest).unwrap();
    fs::write(&longest, &rotten).unwrap();
    assert_eq!(about(&office.says(NOY, &["doctor", "--items"]), "are there with their lengths")["ok"], true);
    let said = office.says(NOY, &["doctor", "--items", "--bytes"]).ended(3);
    assert_eq!(about(&said, "1 of 3 items do not match")["ok"], false);
    assert_eq!(office.exhibits()[1]["state"], "locked");
    // Torn: told without any key, and by its length.
    let shorter = objects.pop().unwrap();
    let whole = fs::read(&shorter).unwrap();
    fs::write(&shorter, &whole[..100_000]).unwrap();
    let said = office.says(NOY, &["doctor", "--items"]).ended(3);
    assert_eq!(about(&said, "1 of 3 items do not match")["ok"], false);
    assert_eq!(office.exhibits()[0]["state"], "locked");
    fs::write(&shorter, b"").unwrap();
    fault(&office, "too short to be whole");
    // Brought back from a backup, byte for byte: a supervisor decides.
    fs::write(&shorter, whole).unwrap();
    fs::write(&longest, sound).unwrap();
    for exhibit in ["E-0001", "E-0002"] {
        office.does(KHAM, "exhibit release", &[exhibit, "--reason", "brought back from the backup"]);
    }
    assert_eq!(about(&office.says(NOY, &["doctor", "--items", "--bytes"]), "byte for byte what was stored")["ok"], true);
    // What no record names is counted, never removed.
    fs::copy(&longest, longest.with_file_name("0".repeat(62))).unwrap();
    assert_eq!(about(&office.says(NOY, &["doctor", "--items"]), "1 stored objects belong to no record")["ok"], true);
    office.sound_log();
}

/// The clock cannot be set here, so the desk is given another one, in this process.
#[test]
fn law_01_a_package_says_that_the_clock_went_back_while_its_case_was_worked_on() {
    let office = Office::working();
    office.admit("page.html", "SYNTHETIC");
    let step = || {
        let desk = desk::Desk::open(&office.home, env!("CARGO_BIN_EXE_lanternfish").into()).unwrap();
        let earlier = desk.now().plus_seconds(-10);
        let desk = desk.with_clock(move || earlier);
        assert!(matches!(desk.clock(), ClockQuality::Unreliable { .. }));
        let session = desk.store.session(office.token(NOY)).unwrap();
        let scope = desk.enter(&session, &office.case).unwrap();
        let permit = desk.permit(&scope, desk::Intent::to(model::action::Action::Conclude)).unwrap();
        let finding = model::finding::Finding {
            kind: model::finding::FindingKind::Fact,
            text: "Under a clock that went back.".into(),
            exhibits: vec!["E-0001".into()],
            method: "by eye".into(),
            error_rate: "not known".into(),
            counter_evidence: vec![],
            exculpatory: false,
            grading: None,
            queries: vec![],
        };
        desk::conclude::add(&desk, &scope, &permit, &finding).unwrap().event
    };
    let event = step();
    office.does(NOY, "finding add", &finding("Under a clock that is right again.", "E-0001"));
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    let folder = office.place("package");
    office.does(NOY, "package seal", &["--officer", NOY, "--out", &text(&folder)]);
    finish(&office, "P-0001", &[NOY]);
    let verdict = seal::check::verify_package(&folder, Some(&anchors(&office)), &|_| ());
    assert_eq!(verdict.exit_code, 0);
    let told = format!("1 steps of the case were recorded with a time before that of an earlier event, the first is event {event}");
    assert!(verdict.limits.iter().any(|limit| limit.contains(&told)), "{:?}", verdict.limits);
    office.sound_log();
}
