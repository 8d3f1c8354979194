//! Known-hash lists: every form that is read, what is refused, and what a hit does to the class of an item (laws 7
//! and 14).

use std::path::Path;

use model::{
    exhibit::ExhibitClass,
    known::{DigestKind, KnownHit, LONGEST_LINE, ListCategory, ListReader, class_after, fuzz},
};
use proptest::prelude::*;

fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/hash-list");
    let mut all: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    all.sort();
    all.into_iter().map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn law_14_hash_lists_are_understood_or_refused_as_their_names_say() {
    let files = corpus();
    assert!(files.len() >= 14, "the corpus is there");
    for (name, bytes) in &files {
        assert_eq!(fuzz(bytes).is_ok(), name.starts_with("good-"), "{name}: {:?}", fuzz(bytes));
        for end in 0..bytes.len() {
            let _ = fuzz(&bytes[..end]);
        }
    }
    let said = |name: &str| fuzz(&files.iter().find(|(n, _)| n == name).unwrap().1);
    assert_eq!(said("good-plain").unwrap(), "1 MD5, 1 SHA-1, 2 SHA-256; 0 without");
    assert_eq!(said("good-bom-crlf").unwrap(), "1 SHA-256; 0 without");
    assert_eq!(said("good-nsrl").unwrap(), "2 SHA-1; 0 without");
    assert_eq!(said("good-nsrl-sha256").unwrap(), "1 SHA-256; 1 without");
    assert_eq!(said("good-one-column").unwrap(), "2 MD5; 0 without");
    assert_eq!(said("good-salted").unwrap(), "2 salted SHA-256; 0 without");
    for (name, line, words) in [
        ("bad-odd-length", 2, "is not a digest"),
        ("bad-not-hex", 1, "is neither a digest nor the head of a table"),
        ("bad-open-quote", 3, "quotation mark"),
        ("bad-missing-column", 2, "has no column 2"),
        ("bad-wrong-column", 2, "has no MD5 of 32"),
        ("bad-short-salt", 1, "has no salt"),
        ("bad-salted-md5", 2, "is not 64 hexadecimal digits"),
        ("bad-other-table", 1, "is neither a digest nor the head of a table"),
    ] {
        let fault = said(name).unwrap_err();
        assert_eq!(fault.line, line, "{name}: {fault}");
        assert!(fault.to_string().contains(words), "{name}: {fault}");
    }
}

#[test]
fn a_list_is_read_as_the_sum_programs_write_it_and_keeps_no_name() {
    let digest = "ab".repeat(32);
    let check = |line: String, read: bool| assert_eq!(ListReader::default().line(line.as_bytes()).is_ok(), read, "{line}");
    for line in [format!("{digest}  photo 1.jpg"), format!("{digest} *photo.jpg"), format!("\\{digest}  a\\nb"), digest.clone(), format!("{}  x", "ab".repeat(16))] {
        check(line, true);
    }
    for line in [format!("{digest} photo.jpg"), format!("{digest}  "), format!("{digest}\tphoto.jpg"), format!("photo.jpg  {digest}"), format!("{}  x", "ab".repeat(17))] {
        check(line, false);
    }
    // A salted list is ours alone: nothing stands behind its digests.
    let mut salted = ListReader::default();
    salted.line(format!("lanternfish-salted-hashes-1 {}", "cd".repeat(16)).as_bytes()).unwrap();
    assert!(salted.line(format!("{digest}  photo.jpg").as_bytes()).is_err());
}

#[test]
fn a_line_is_bounded_and_a_fault_repeats_nothing_of_it() {
    let mut reader = ListReader::default();
    let secret = "ab".repeat(31) + "zz";
    let fault = reader.line(secret.as_bytes()).unwrap_err();
    assert!(!fault.to_string().contains("abab"), "{fault}");
    assert!(ListReader::default().line(&vec![b'a'; LONGEST_LINE + 1]).unwrap_err().to_string().contains("longer"));
}

fn hit(category: ListCategory, by: DigestKind) -> KnownHit {
    KnownHit { list: "L-0007".into(), category, by }
}

#[test]
fn law_07_a_hit_raises_the_class_of_an_item_and_never_lowers_it() {
    use ExhibitClass::*;
    let after = |class, categories: &[ListCategory]| {
        class_after(class, &categories.iter().map(|category| hit(*category, DigestKind::Md5)).collect::<Vec<_>>())
    };
    for class in [Ordinary, PersonalSensitive, Privileged, Contraband] {
        assert_eq!(after(class, &[ListCategory::Contraband]), Contraband);
        assert_eq!(after(class, &[ListCategory::Privileged]), class.max(Privileged));
        assert_eq!(after(class, &[ListCategory::KnownGood, ListCategory::Wanted]), class);
        assert_eq!(after(class, &[ListCategory::Privileged, ListCategory::KnownGood, ListCategory::Contraband]), Contraband);
        assert_eq!(after(class, &[]), class);
    }
}

#[test]
fn law_07_the_words_of_a_hit_that_restricts_name_no_list_and_say_when_a_person_must_confirm() {
    for category in ListCategory::ALL {
        let restricts = category.class().is_some();
        let weak = hit(category, DigestKind::Sha1).in_words();
        assert_eq!(weak.contains("L-0007"), !restricts, "{weak}");
        assert!(weak.contains("a person must confirm"), "{weak}");
        assert!(!hit(category, DigestKind::SaltedSha256).in_words().contains("confirm"));
        assert_eq!(category.name().parse::<ListCategory>(), Ok(category));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_list_panics(pick in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), put in prop::collection::vec(any::<u8>(), 0..6), random in prop::collection::vec(any::<u8>(), 0..200)) {
        let files = corpus();
        let mut bytes = files[pick.index(files.len())].1.clone();
        let at = at.index(bytes.len() + 1);
        bytes.splice(at..(at + put.len()).min(bytes.len()), put);
        let _ = fuzz(&bytes);
        let _ = fuzz(&random);
    }

    #[test]
    fn every_digest_is_read_back(digests in prop::collection::vec((0usize..3, any::<[u8; 32]>(), any::<bool>()), 1..20)) {
        let mut reader = ListReader::default();
        for (kind, bytes, upper) in digests {
            let kind = DigestKind::ALL[kind];
            let text = hex::encode(&bytes[..kind.width()]);
            let text = if upper { text.to_uppercase() } else { text };
            let entry = reader.line(text.as_bytes()).unwrap().unwrap();
            prop_assert_eq!((entry.kind(), entry.bytes()), (kind, &bytes[..kind.width()]));
        }
    }
}
