//! Recovery shares: every threshold, and every way to bring the wrong paper.

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use store::vault::{
    ShareProblem, VaultError,
    secret::Secret32,
    share::{Share, join, join_stored, split},
};

fn problem(result: Result<impl std::fmt::Debug, VaultError>) -> ShareProblem {
    match result {
        Err(VaultError::Shares(problem)) => problem,
        other => panic!("expected a share problem, got {other:?}"),
    }
}

fn chosen(shares: &[Share], mask: u32) -> Vec<Share> {
    (0..shares.len()).filter(|i| mask & (1 << i) != 0).map(|i| shares[i].clone()).collect()
}

#[test]
fn law_13_every_threshold_to_five_joins_exactly_when_enough_people_come() {
    for count in 1..=5u8 {
        for threshold in 1..=count {
            let secret = Secret32::random().unwrap();
            let (set, shares) = split(&secret, threshold, count).unwrap();
            for mask in 0..1u32 << count {
                let present = chosen(&shares, mask);
                let joined = join_stored(&set, &present);
                if present.len() >= usize::from(threshold) {
                    assert!(joined.unwrap() == secret, "{threshold} of {count}, mask {mask:b}");
                } else {
                    assert!(matches!(problem(joined), ShareProblem::TooFew { have, .. } if usize::from(have) == present.len()));
                }
            }
        }
    }
}

#[test]
fn the_order_and_repetition_of_shares_do_not_matter() {
    let secret = Secret32::random().unwrap();
    let (_, shares) = split(&secret, 3, 5).unwrap();
    let again = [&shares[4], &shares[0], &shares[4], &shares[2]].map(Clone::clone);
    assert!(join(&again).unwrap() == secret);
    let twice = [&shares[4], &shares[0], &shares[4]].map(Clone::clone);
    assert_eq!(problem(join(&twice)), ShareProblem::TooFew { have: 2, need: 3 });
}

#[test]
fn the_largest_set_works() {
    let secret = Secret32::random().unwrap();
    let (_, shares) = split(&secret, 255, 255).unwrap();
    assert!(join(&shares).unwrap() == secret);
    assert!(join(&shares[1..]).is_err());
}

#[test]
fn impossible_numbers_are_refused() {
    for (threshold, count) in [(0, 0), (0, 3), (4, 3), (1, 0)] {
        assert_eq!(problem(split(&Secret32::new([1; 32]), threshold, count)), ShareProblem::Numbers { threshold, count });
    }
}

#[test]
fn a_share_survives_paper() {
    let (_, shares) = split(&Secret32::random().unwrap(), 2, 3).unwrap();
    for share in &shares {
        let text = share.to_text();
        let text = text.text().unwrap();
        assert!(Share::parse(text).unwrap() == *share);
        let typed = text.to_uppercase().replace('-', " \n");
        assert!(Share::parse(&typed).unwrap() == *share);
        assert!(!format!("{share:?}").contains(&text[60..68]));
    }
}

#[test]
fn every_typing_mistake_is_found() {
    let (_, shares) = split(&Secret32::random().unwrap(), 2, 3).unwrap();
    let text = shares[0].to_text().text().unwrap().to_string();
    for at in 0..text.len() {
        let wrong = if &text[at..=at] == "0" { "1" } else { "0" };
        let mut typed = text.clone();
        typed.replace_range(at..=at, wrong);
        assert!(matches!(problem(Share::parse(&typed)), ShareProblem::Damaged(_)), "place {at}");
    }
    for length in 0..text.len() {
        assert!(Share::parse(&text[..length]).is_err(), "{length} characters");
    }
    assert!(Share::parse(&format!("{text}00")).is_err());
}

#[test]
fn shares_of_two_sets_are_told_apart() {
    let secret = Secret32::random().unwrap();
    let (first, mut mixed) = split(&secret, 2, 3).unwrap();
    let (second, others) = split(&secret, 2, 3).unwrap();
    mixed[1] = others[1].clone();
    let expected = ShareProblem::Mixed { index: 2, set: first.label(), other: second.label() };
    assert_eq!(problem(join(&mixed[..2])), expected);
    assert!(matches!(problem(join_stored(&first, &others)), ShareProblem::Mixed { .. }));
    assert!(!first.fits(&Secret32::new([0; 32])) && first.fits(&secret));
}

/// A holder who changes his value and repairs the check digits: forged, not mistyped.
fn forge(share: &Share) -> Share {
    let text = share.to_text();
    let mut bytes = hex::decode(text.text().unwrap().trim_start_matches("LFSHARE").replace('-', "")).unwrap();
    let body = bytes.len() - 4;
    bytes[body - 1] ^= 1;
    let sum = Sha256::digest(&bytes[..body]);
    bytes[body..].copy_from_slice(&sum[..4]);
    Share::parse(&format!("LFSHARE{}", hex::encode(bytes))).unwrap()
}

#[test]
fn a_forged_share_never_yields_a_wrong_secret() {
    let secret = Secret32::random().unwrap();
    let (_, shares) = split(&secret, 2, 3).unwrap();
    let forged = [forge(&shares[0]), shares[1].clone()];
    assert_eq!(problem(join(&forged)), ShareProblem::NotTheSecret { indexes: vec![1, 2] });
    let both = [shares[0].clone(), forge(&shares[0]), shares[1].clone()];
    assert_eq!(problem(join(&both)), ShareProblem::Conflict(1));
}

proptest! {
    #[test]
    fn hostile_share_texts_are_refused(text in ".{0,300}", digits in "[0-9a-f]{112}") {
        prop_assert!(Share::parse(&text).is_err());
        let unchecked = Share::parse(&["LFSHARE", &digits].concat());
        prop_assert!(unchecked.is_err());
    }
}
