//! What an object store answers: the corpus replayed, cut at every place and mutated. Nothing panics, and each
//! file is understood or not as its name says (`good-…`, `bad-…`).

use std::path::Path;

use proptest::prelude::*;
use store::fuzz::answer;

fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/answer");
    let mut all: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    all.sort();
    all.into_iter().map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn law_14_answers_of_an_object_store_are_understood_or_refused_as_their_names_say() {
    let files = corpus();
    assert!(files.len() >= 12, "the corpus is there");
    for (name, bytes) in &files {
        assert_eq!(answer(bytes).is_some(), name.starts_with("good-"), "{name}: {:?}", answer(bytes));
        for end in 0..bytes.len() {
            answer(&bytes[..end]);
        }
    }
    let said = |name: &str| answer(&files.iter().find(|(n, _)| n == name).unwrap().1).unwrap();
    assert_eq!(said("good-error"), "error NoSuchKey");
    assert_eq!(said("good-upload"), "upload a+b/c==");
    assert_eq!(said("good-completed"), "completed");
    assert_eq!(said("good-lock-compliance"), "retention Compliance(\"10 years\")");
    assert_eq!(said("good-lock-governance"), "retention Governance(\"30 days\")");
    for none in ["good-lock-without-rule", "good-lock-zero-days", "good-lock-unknown-mode", "good-lock-disabled"] {
        assert_eq!(said(none), "retention None", "{none}");
    }
    assert_eq!(said("good-keys"), r#"keys ["unit/ab/cd", "a&b<c>é"] then [("continuation-token", "next/page==")]"#);
    assert_eq!(said("good-keys-empty"), "keys [] then []");
    assert!(said("good-uploads").contains("key: \"unit/ab/cd\", upload: \"u1\", begun: \"2026-11-25T10:00:00.000Z\""), "{}", said("good-uploads"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_answer_of_an_object_store_panics(pick in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), put in prop::collection::vec(any::<u8>(), 0..6), random in ".{0,200}") {
        let files = corpus();
        let mut bytes = files[pick.index(files.len())].1.clone();
        let at = at.index(bytes.len() + 1);
        bytes.splice(at..(at + put.len()).min(bytes.len()), put);
        answer(&bytes);
        answer(random.as_bytes());
    }
}
