//! Objects on an S3 server, driven through the program. What the server must be and what may get lost is in the
//! tests of `store`; here are set-up, work, health and backup as officers meet them.

use std::fs;

use crate::{
    moto::moto,
    office::{ADMIN, AUDITOR, NOY, Office, passphrase as words_of, skipped, text},
};

#[test]
fn a_unit_keeps_its_objects_in_a_bucket() {
    let moto = match moto() {
        Ok(moto) => moto,
        Err(reason) => return skipped("a_unit_keeps_its_objects_in_a_bucket", &reason),
    };
    let place = moto.place("kept");
    let key_file = text(&place.key_file);
    let words = ["--objects", &place.url, "--objects-endpoint", &place.endpoint, "--objects-region", &place.region, "--objects-key-file", &key_file];
    let office = Office::working_on(&words);
    let settings = fs::read_to_string(office.home.join("lanternfish.json")).unwrap();
    assert!(settings.contains(&place.url) && !settings.contains(&moto.secret), "{settings}");

    let exhibit = office.admit("note.txt", "SYNTHETIC words in a bucket");
    assert!(office.objects().is_empty(), "no object stays in the home: {:?}", office.objects());
    let copy = text(&office.place("copy"));
    let view = ["exhibit", "view", &exhibit, "--case", &office.case, "--purpose", "to compare", "--out", &copy];
    office.says(NOY, &view).ended(0);
    assert_eq!(fs::read_to_string(&copy).unwrap(), "SYNTHETIC words in a bucket");
    let health = office.bare(&["doctor"]);
    let said = |part: &str| assert!(health.lines().iter().any(|line| line["ok"] == true && line["text"].as_str().unwrap().contains(part)), "{part}: {}", health.out);
    said(&format!("the objects lie in {}; the bucket keeps each for 1 day", place.url));
    said("stored objects for");

    let (file, passphrase) = (text(&office.place("unit.backup")), office.file("words", "four words for backups\n"));
    office.done(ADMIN, &["backup", "create", &file, "--passphrase-file", &passphrase]);
    let mut restored = office.moved_to(&office.place("restored"));
    restored.bare(&["backup", "restore", &file, "--passphrase-file", &passphrase, "--nothing-erased"]).ended(0);
    restored.log_in(AUDITOR, &words_of(AUDITOR));
    assert_eq!(restored.says(AUDITOR, &["log", "verify"]).ended(0).line()["faults"], serde_json::json!([]));
    assert!(restored.bare(&["doctor"]).lines().iter().any(|line| line["ok"] == true && line["text"].as_str().unwrap().contains("stored objects for")));
}

#[test]
fn a_bucket_that_cannot_hold_evidence_makes_no_node() {
    let moto = match moto() {
        Ok(moto) => moto,
        Err(reason) => return skipped("a_bucket_that_cannot_hold_evidence_makes_no_node", &reason),
    };
    let office = Office::working().moved_to(&std::env::temp_dir().join(format!("lanternfish-nowhere-{}", std::process::id())));
    let (loose, kept) = (moto.place("loose"), moto.place("kept"));
    let key_file = text(&loose.key_file);
    let init = |url: &str, endpoint: &str, more: &[&str]| {
        let words = ["init", "--agency", "Real Unit", "--passphrase-cost", "10", "--objects", url, "--objects-endpoint", endpoint, "--objects-key-file", &key_file];
        office.bare(&[&words[..], more].concat())
    };
    let region = ["--objects-region", "eu-central-1"];
    init(&loose.url, &loose.endpoint, &region).ended(3).tells("keeps nothing");
    init(&kept.url, &kept.endpoint, &[]).ended(2);
    init(&kept.url, "http://192.0.2.7:9000", &region).ended(2).tells("https:// only");
    init(&kept.url, "https://id:secret@s3.example", &region).ended(2).tells("no key belongs");
    init("s3://kept", &kept.endpoint, &region).ended(2).tells("s3://BUCKET/FOLDER");
    init(&kept.url, "http://127.0.0.1:1", &region).ended(3).tells("cannot be reached");
    assert!(!office.home.exists());
}
