//! The bag writer: names, digests, the one rename.

use model::{Sha256Digest, disclosure::PackageSecret, package::SealFile};
use proptest::prelude::*;
use seal::{
    bag::{BagError, BagInfo, BagWriter, UnsealedBag},
    layout::{Entry, is_payload_path, manifest_text, read_bag_info, read_payload_manifest},
};
use tempfile::TempDir;

use crate::common::{Agency, PAYLOAD};

fn info() -> BagInfo {
    BagInfo { package: "pkg-1".into(), organisation: "Agency".into(), date: "2026-11-22".into(), description: "sample".into() }
}

#[test]
fn law_05_only_machine_made_names() {
    let check = |path: &str, good: bool| assert_eq!(is_payload_path(path), good, "{path:?}");
    check("data/a", true);
    check("data/report/report-1.pdf", true);
    check("data/a/b/c.warc.gz", true);
    for bad in ["data/", "data", "a", "/data/a", "data//a", "data/a/", "data/../a", "data/./a", "data/.a", "data/A", "data/é", "data/a b", "data/a\n", "data/%0a", "data/a_b", "./data/a", "data/a\\b", "data/a\0"] {
        check(bad, false);
    }
    check(&format!("data/{}", "a".repeat(255)), true);
    check(&format!("data/{}", "a".repeat(256)), false);
    check(&format!("data{}", "/abcdefghi".repeat(120)), false);
}

#[test]
fn law_05_bytes_other_than_promised_are_refused() {
    let folder = TempDir::new().unwrap();
    let mut bag = BagWriter::create(&folder.path().join("bag")).unwrap();
    let right = Sha256Digest::of(b"bytes");
    assert_eq!(bag.add_expecting("data/a", &mut &b"bytes"[..], &right).unwrap(), 5);
    assert!(matches!(bag.add_expecting("data/b", &mut &b"other"[..], &right), Err(BagError::OtherBytes { .. })));
    assert!(matches!(bag.add("data/a", &mut &b"bytes"[..]), Err(BagError::Twice(_))));
    assert!(matches!(bag.add("data/A", &mut &b"bytes"[..]), Err(BagError::BadName(_))));
    assert!(matches!(bag.add("../a", &mut &b"bytes"[..]), Err(BagError::BadName(_))));
}

#[test]
fn law_08_a_bag_has_no_name_before_its_last_seal_file() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("bag");
    let agency = Agency::new(1);
    let mut bag = agency.bag(&target, &PAYLOAD);
    assert!(!target.exists() && bag.path().exists());
    assert!(matches!(BagWriter::create(&target), Err(BagError::Exists(_))));
    agency.sign_and_stamp(&mut bag);
    let reopened = UnsealedBag::open(&target).unwrap();
    assert_eq!(reopened.waiting(), [SealFile::Leaf, SealFile::Salt, SealFile::Detail, SealFile::Proof]);
    assert_eq!(reopened.sealed_object(), bag.sealed_object());
    assert!(matches!(reopened.finish(), Err(BagError::NotPlanned(_))));
    let mut bag = UnsealedBag::open(&target).unwrap();
    let stranger = SealFile::Officer { number: 3, certificate: Sha256Digest::of(b"x") };
    assert!(matches!(bag.attach(&stranger, b"x"), Err(BagError::NotPlanned(_))));
    for file in [SealFile::Leaf, SealFile::Salt, SealFile::Detail, SealFile::Proof] {
        bag.attach(&file, b"x").unwrap();
    }
    assert!(matches!(bag.attach(&SealFile::Leaf, b"x"), Err(BagError::NotPlanned(_))));
    assert_eq!(bag.finish().unwrap(), target);
    assert!(target.exists() && !folder.path().join("bag.building").exists());
}

#[test]
fn bag_info_is_one_line_each_and_not_empty() {
    let folder = TempDir::new().unwrap();
    let plan = Agency::new(1).plan();
    let check = |name: &str, change: fn(&mut BagInfo), good: bool| {
        let mut bag = BagWriter::create(&folder.path().join(name)).unwrap();
        bag.add("data/a", &mut &b"bytes"[..]).unwrap();
        let mut info = info();
        change(&mut info);
        assert_eq!(bag.close(&info, &plan, &PackageSecret([7; 32])).is_ok(), good, "{info:?}");
    };
    check("good", |_| (), true);
    check("lao", |i| i.description = "ຕົວຢ່າງ".into(), true);
    check("newline", |i| i.description = "a\nPayload-Oxum: 0.0".into(), false);
    check("empty", |i| i.organisation = String::new(), false);
    check("padded", |i| i.package = " x".into(), false);
    let bag = BagWriter::create(&folder.path().join("no-payload")).unwrap();
    assert!(matches!(bag.close(&info(), &plan, &PackageSecret([7; 32])), Err(BagError::Empty)));
}

#[test]
fn bag_info_is_read_strictly() {
    let text = "BagIt-Profile-Identifier: lanternfish-bag-1\nExternal-Identifier: p\nPayload-Oxum: 10.2\n";
    let check = |text: &str, good: bool| assert_eq!(read_bag_info(text.as_bytes()).is_ok(), good, "{text:?}");
    check(text, true);
    check(&text.replace("10.2", "010.2"), false);
    check(&text.replace("10.2", "10"), false);
    check(&text.replace("10.2", "+10.2"), false);
    check(&text.replace("bag-1", "bag-2"), false);
    check(&text.replace("External-Identifier: p\n", ""), false);
    check(&format!("{text}Payload-Oxum: 10.2\n"), false);
    check(text.trim_end(), false);
    check("", false);
}

#[test]
fn manifests_are_read_strictly() {
    let digest = Sha256Digest::of(b"x");
    let line = |path: &str| format!("{digest}  {path}\n");
    let check = |text: String, good: bool| assert_eq!(read_payload_manifest(text.as_bytes()).is_ok(), good, "{text:?}");
    check(line("data/a") + &line("data/b"), true);
    check(String::new(), false);
    check(line("data/b") + &line("data/a"), false);
    check(line("data/a") + &line("data/a"), false);
    check(line("data/a").to_uppercase(), false);
    check(line("data/a").replace("  ", " "), false);
    check(line("data/a").replace("  ", "   "), false);
    check(line("data/a").trim_end().into(), false);
    check(line("data/a") + "\n", false);
    check(line("bag-info.txt"), false);
    check(line("data/a\r"), false);
}

proptest! {
    #[test]
    fn manifest_text_reads_back(paths in proptest::collection::btree_set("data/[a-z0-9][a-z0-9.-]{0,12}(/[a-z0-9][a-z0-9.-]{0,12}){0,3}", 1..20)) {
        let entries: Vec<Entry> = paths.into_iter().map(|path| Entry { digest: Sha256Digest::of(path.as_bytes()), path }).collect();
        prop_assert_eq!(read_payload_manifest(manifest_text(&entries).as_bytes()).unwrap(), entries);
    }
}
