//! Time-stamps: the training authority, and what `accept` refuses and rewrites. Law 8.

use model::Sha256Digest;
use seal::{
    stamp::read_response,
    tsp::{StampError, TrainingAuthority, accept, request},
};

use crate::common::{Agency, SIGNED, years};

#[test]
fn law_08_the_training_authority_stamps_one_object() {
    let agency = Agency::new(1);
    let object = Sha256Digest::of(b"tag manifest");
    let asked = request(&object, [9; 8]).unwrap();
    let answer = agency.stamps.answer(&asked, SIGNED, 42).unwrap();
    let accepted = accept(&asked, &answer).unwrap();
    assert_eq!(accepted.bytes, answer, "our own authority already writes the accepted form");
    assert_eq!(accepted.stamp.time, SIGNED);
    assert_eq!(accepted.stamp.serial, "2a");
    assert_eq!(accepted.stamp.certificate, *agency.stamps.certificate());
    assert!(accepted.others.is_empty());
    assert!(read_response(&answer, &Sha256Digest::of(b"other")).is_err());
}

#[test]
fn law_08_an_old_answer_or_a_refusal_is_not_accepted() {
    let agency = Agency::new(1);
    let object = Sha256Digest::of(b"x");
    let (first, second) = (request(&object, [1; 8]).unwrap(), request(&object, [2; 8]).unwrap());
    let answer = agency.stamps.answer(&first, SIGNED, 1).unwrap();
    assert!(matches!(accept(&second, &answer), Err(StampError::OtherNonce)));
    let other = request(&Sha256Digest::of(b"y"), [1; 8]).unwrap();
    assert!(matches!(accept(&other, &answer), Err(StampError::Unsound(_))));
    // PKIStatus 2 (rejection), text "no", no token.
    let refusal = [0x30, 0x0b, 0x30, 0x09, 0x02, 0x01, 0x02, 0x30, 0x04, 0x0c, 0x02, b'n', b'o'];
    assert!(matches!(accept(&first, &refusal), Err(StampError::Refused { status: 2, text }) if text == "no"));
    assert!(matches!(accept(b"x", &answer), Err(StampError::NotARequest)));
    assert!(agency.stamps.answer(b"x", SIGNED, 1).is_err());
    assert!(agency.stamps.answer(&first, SIGNED.plus_seconds(900_000_000), 1).is_err(), "its certificate had expired");
}

#[test]
fn law_08_a_built_in_authority_says_that_it_is_not_independent() {
    let agency = Agency::new(1);
    let key = agency.officers[0].key.clone();
    let subject = seal::pki::Subject { common_name: "Trusted Time".into(), organisation: "A".into() };
    let certificate = agency.authority.issue_time_stamps(&key.public_key_der().unwrap(), &subject, &[1; 16], years(0, 1)).unwrap();
    assert!(matches!(TrainingAuthority::new(key, certificate), Err(StampError::Unlabelled)));
}
