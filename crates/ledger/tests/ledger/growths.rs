//! Growth proofs: what a witness cosigns, and that a roll-back, a fork and a rewriting show.

use ledger::{
    Checkpoint, Growth, LogSigner, TreeSize,
    note::{NoteError, SignatureLine},
    path::ProofError,
};
use proptest::prelude::*;

use crate::world::{ORIGIN, checkpoint, growth, log, name, note, witness};

fn verify(text: &str, known: Option<&Checkpoint>) -> Result<Checkpoint, NoteError> {
    Growth::parse(text.as_bytes())?.verify(known, &log().log_key())
}

#[test]
fn the_format_is_the_request_of_c2sp() {
    let text = growth(4, 8).to_text();
    assert!(text.starts_with("old 4\n"));
    assert_eq!(&text[6 + 44..6 + 46], "\n\n", "one hash in base64, then an empty line");
    assert_eq!(Growth::from_nothing(note(8, 0)).to_text(), format!("old 0\n\n{}", note(8, 0).to_text()));
}

#[test]
fn law_03_growth_is_shown_and_a_roll_back_a_fork_and_a_rewriting_are_refused() {
    assert_eq!(verify(&growth(5, 9).to_text(), Some(&checkpoint(5))), Ok(checkpoint(9)));
    assert_eq!(verify(&growth(9, 9).to_text(), Some(&checkpoint(9))), Ok(checkpoint(9)));
    let forked = Checkpoint { root: ledger::Hash([1; 32]), ..checkpoint(5) };
    let not_consistent = Err(NoteError::NotGrown(ProofError::NotConsistent));
    assert_eq!(verify(&growth(5, 9).to_text(), Some(&forked)), not_consistent);
    let same_size = Checkpoint { root: ledger::Hash([1; 32]), ..checkpoint(9) };
    assert_eq!(verify(&growth(9, 9).to_text(), Some(&same_size)), not_consistent);
    let rolled_back = Growth::new(TreeSize(9), vec![], note(5, 0)).to_text();
    let beyond = ProofError::BeyondTree { asked: 9, size: TreeSize(5) };
    assert_eq!(verify(&rolled_back, Some(&checkpoint(9))), Err(NoteError::NotGrown(beyond)));
}

#[test]
fn law_03_a_proof_from_another_size_is_refused() {
    let check = |text: &str, known: Option<&Checkpoint>, size, found| {
        assert_eq!(verify(text, known), Err(NoteError::OldSize { known: TreeSize(size), found: TreeSize(found) }));
    };
    check(&growth(5, 9).to_text(), Some(&checkpoint(6)), 6, 5);
    check(&growth(5, 9).to_text(), None, 0, 5);
    check(&Growth::from_nothing(note(9, 0)).to_text(), Some(&checkpoint(5)), 5, 0);
    check(&Growth::new(TreeSize(0), vec![ledger::Hash([1; 32])], note(9, 0)).to_text(), None, 0, 0);
}

#[test]
fn law_08_a_witness_cosigns_only_what_the_log_signed_and_only_growth() {
    let cosign = |growth: &Growth, known: Option<&Checkpoint>, time| witness(1).cosign(growth, &log().log_key(), known, time);
    let line = cosign(&growth(5, 9), Some(&checkpoint(5)), 7).unwrap();
    assert_eq!(SignatureLine::parse(&line.to_string()), Ok(line.clone()));
    assert!(note(9, 0).with_cosignature(line, &witness(1).witness_key()).is_ok());
    assert!(cosign(&Growth::from_nothing(note(9, 0)), None, 7).is_ok(), "seen for the first time");
    assert!(cosign(&Growth::from_nothing(note(0, 0)), Some(&checkpoint(0)), 7).is_ok(), "still empty");
    let impostor = LogSigner::from_seed(name(ORIGIN), &[8; 32]).sign(checkpoint(9)).unwrap();
    assert_eq!(cosign(&Growth::from_nothing(impostor), None, 7), Err(NoteError::NotSigned(name(ORIGIN))));
    assert!(cosign(&growth(5, 9), Some(&checkpoint(6)), 7).is_err());
    assert_eq!(cosign(&Growth::from_nothing(note(9, 0)), None, 1 << 63), Err(NoteError::Time));
}

#[test]
fn other_texts_are_no_growth_proofs() {
    let good = growth(5, 9).to_text();
    let check = |text: String| assert!(Growth::parse(text.as_bytes()).is_err(), "{text:?}");
    check(String::new());
    check(good.replace("old 5", "old 05"));
    check(good.replace("old 5", "Old 5"));
    check(good.replace("old 5\n", "old 5\nAAAA\n"));
    check(good.replace("old 5\n", "old 5\n\n"));
    check(good.replace('\n', "\r\n"));
    check(format!("{good}\n"));
    check("x".repeat(ledger::note::MAX_NOTE_BYTES + 1));
    let hash = format!("{}=\n", "A".repeat(43));
    check(good.replace("old 5\n", &format!("old 5\n{}", hash.repeat(64))));
}

proptest! {
    #[test]
    fn law_03_every_growth_is_read_back_and_holds(to in 1_u64..300, pick: u64) {
        let from = 1 + pick % to;
        let growth = growth(from, to);
        prop_assert_eq!(Growth::parse(growth.to_text().as_bytes()), Ok(growth.clone()));
        prop_assert_eq!(growth.verify(Some(&checkpoint(from)), &log().log_key()), Ok(checkpoint(to)));
    }

    #[test]
    fn inserted_bytes_break_a_growth_proof(at: usize, bytes in proptest::collection::vec(any::<u8>(), 1..6)) {
        let mut text = growth(5, 9).to_text().into_bytes();
        let at = at % (text.len() + 1);
        text.splice(at..at, bytes);
        let holds = Growth::parse(&text).is_ok_and(|growth| growth.verify(Some(&checkpoint(5)), &log().log_key()).is_ok());
        prop_assert!(!holds);
    }
}
