//! Proofs of a split log: two histories are shown by two signed checkpoints, and nothing else accuses a log.

use ledger::{
    Growth, Hash, MemoryTree, SignedCheckpoint, Split, TreeSize,
    note::NoteError,
    split::{Judgement, SplitError, judge},
    tree::leaf_hash,
};
use proptest::prelude::*;

use crate::world::{ORIGIN, checkpoint, growth, leaf_hashes, log, name, note, witness_keys};

/// A copy of the log that went another way after `common` leaves: `own` other leaves follow.
fn copy(common: u64, own: u64) -> MemoryTree {
    let mut hashes = leaf_hashes(common);
    hashes.extend((0..own).map(|n| leaf_hash(format!("other {n}").as_bytes())));
    MemoryTree::new(hashes)
}

fn signed(tree: &MemoryTree) -> SignedCheckpoint {
    log().sign(ledger::Checkpoint { origin: name(ORIGIN), size: tree.size(), root: tree.root() }).unwrap()
}

/// What the copy sends to a witness that holds `old` leaves of the first history.
fn shown(tree: &MemoryTree, old: u64) -> Growth {
    Growth::new(TreeSize(old), ledger::consistency_proof(TreeSize(old), tree.size(), tree).unwrap(), signed(tree))
}

fn split_of(judgement: Judgement) -> Split {
    match judgement {
        Judgement::Split(split) => *split,
        other => panic!("a split was expected: {other:?}"),
    }
}

#[test]
fn law_03_a_copy_that_went_another_way_is_proved_a_split() {
    let split = split_of(judge(&shown(&copy(5, 6), 7), &log().log_key(), Some(&note(7, 2))));
    let read = Split::parse(split.to_text().as_bytes()).unwrap();
    let (older, later) = read.verify(&log().log_key()).unwrap();
    assert_eq!((older, later.size), (checkpoint(7), TreeSize(11)));
    assert_eq!(read.notes().0.lines().len(), 3, "the witnesses of the first history stay in the proof");
}

#[test]
fn law_03_two_roots_of_one_size_are_a_split_whatever_the_request_says() {
    let other = signed(&copy(5, 2));
    for old in [0, 3, 7] {
        let request = Growth::new(TreeSize(old), vec![], other.clone());
        let split = split_of(judge(&request, &log().log_key(), Some(&note(7, 0))));
        assert!(split.verify(&log().log_key()).is_ok());
    }
}

#[test]
fn law_03_from_a_power_of_two_the_copy_must_show_its_own_checkpoint() {
    let refused = judge(&shown(&copy(5, 6), 8), &log().log_key(), Some(&note(8, 0)));
    assert!(matches!(refused, Judgement::Refused(NoteError::NotGrown(_))), "{refused:?}");
    let own = signed(&copy(5, 3));
    split_of(judge(&Growth::new(TreeSize(8), vec![], own), &log().log_key(), Some(&note(8, 0))));
}

#[test]
fn law_08_growth_may_be_cosigned_and_noise_accuses_nobody() {
    let key = log().log_key();
    assert_eq!(judge(&growth(5, 9), &key, Some(&note(5, 0))), Judgement::Grown(checkpoint(9)));
    assert_eq!(judge(&growth(9, 9), &key, Some(&note(9, 0))), Judgement::Grown(checkpoint(9)));
    assert_eq!(judge(&Growth::from_nothing(note(9, 0)), &key, None), Judgement::Grown(checkpoint(9)));
    assert_eq!(judge(&growth(5, 9), &key, Some(&note(6, 0))), Judgement::Elsewhere);
    assert_eq!(judge(&growth(5, 9), &key, None), Judgement::Elsewhere);
    let noise = Growth::new(TreeSize(5), vec![Hash([1; 32]); 4], note(9, 0));
    assert!(matches!(judge(&noise, &key, Some(&note(5, 0))), Judgement::Refused(_)), "a false proof is no split");
    let stranger = ledger::LogSigner::from_seed(name(ORIGIN), &[9; 32]);
    let forged = Growth::new(TreeSize(9), vec![], stranger.sign(ledger::Checkpoint { root: Hash([1; 32]), ..checkpoint(9) }).unwrap());
    assert_eq!(judge(&forged, &key, Some(&note(9, 0))), Judgement::Refused(NoteError::NotSigned(name(ORIGIN))));
}

#[test]
fn what_does_not_contradict_proves_no_split() {
    let check = |older: SignedCheckpoint, later: Growth| {
        assert_eq!(Split::new(older, later).verify(&log().log_key()), Err(SplitError::NoSplit));
    };
    check(note(5, 0), growth(5, 9));
    check(note(9, 0), growth(9, 9));
    check(note(9, 0), Growth::new(TreeSize(5), vec![], note(5, 0)));
    check(note(5, 0), Growth::new(TreeSize(5), vec![Hash([1; 32]); 4], note(9, 0)));
    check(note(7, 0), Growth::new(TreeSize(7), vec![Hash([1; 32])], signed(&copy(5, 2))));
    let other = ledger::LogSigner::from_seed(name(ORIGIN), &[8; 32]).log_key();
    assert!(matches!(Split::of_one_size(note(7, 0), signed(&copy(5, 2))).verify(&other), Err(SplitError::Note(_))));
}

#[test]
fn other_texts_are_no_proofs() {
    let good = Split::of_one_size(note(7, 1), signed(&copy(5, 2))).to_text();
    let check = |text: String| assert!(Split::parse(text.as_bytes()).is_err(), "{text:?}");
    check(String::new());
    check(good.replace("@v1", "@v2"));
    check(good.replace("\n\nold ", "\nold "));
    check(good.replace('\n', "\r\n"));
    check(format!("{good}\n"));
    check("x".repeat(1 << 18));
    assert!(witness_keys(1).len() == 1 && Split::parse(good.as_bytes()).is_ok());
}

proptest! {
    #[test]
    fn law_03_every_fork_of_a_small_log_is_proved(common in 0_u64..40, known in 1_u64..60, own in 1_u64..60) {
        prop_assume!(known > common && common + own >= known);
        let (key, tree) = (log().log_key(), copy(common, own));
        let split = match judge(&shown(&tree, known), &key, Some(&note(known, 0))) {
            Judgement::Split(split) => *split,
            _ if known.is_power_of_two() => return Ok(()),
            other => return Err(TestCaseError::fail(format!("{other:?}"))),
        };
        prop_assert!(split.verify(&key).is_ok());
        prop_assert_eq!(Split::parse(split.to_text().as_bytes()), Ok(split));
    }

    #[test]
    fn law_03_no_honest_growth_is_called_a_split(to in 1_u64..200, pick: u64, noise in proptest::collection::vec(any::<u8>(), 0..4)) {
        let known = 1 + pick % to;
        let mut hashes = growth(known, to).proof().to_vec();
        for (at, byte) in noise.iter().enumerate() {
            if let Some(hash) = hashes.get_mut(at) {
                hash.0[at] ^= byte;
            }
        }
        let request = Growth::new(TreeSize(known), hashes, note(to, 0));
        prop_assert!(!matches!(judge(&request, &log().log_key(), Some(&note(known, 0))), Judgement::Split(_)));
    }
}
