//! Derivation, encrypted columns, blind indexes, case keys and their generations.

use model::{
    Sha256Digest,
    id::{BlobId, CaseId},
};
use proptest::prelude::*;
use store::vault::{
    VaultError,
    case_key::{CaseKeys, KeyRing, RetiredKey},
    field::{Aad, FIELD_OVERHEAD, blind_index, open_field, seal_field},
    secret::{Purpose, Secret32, SecretBytes, random_16, random_32},
    session_key::{open_under_token, seal_under_token, token_lookup},
};

const PLACE: Aad<'static> = Aad { table: "finding", column: "text", row: "find-1" };

fn key(fill: u8) -> Secret32 {
    Secret32::new([fill; 32])
}

fn case(fill: u8) -> CaseId {
    CaseId::from_random([fill; 16])
}

fn ring() -> KeyRing {
    KeyRing::of(CaseKeys::generate(&case(1)).unwrap()).unwrap()
}

proptest! {
    #[test]
    fn a_field_comes_back_at_its_place(value in prop::collection::vec(any::<u8>(), 0..300)) {
        let sealed = seal_field(&key(1), &PLACE, &value).unwrap();
        prop_assert_eq!(sealed.len(), value.len() + FIELD_OVERHEAD);
        prop_assert_eq!(&*open_field(&key(1), &PLACE, &sealed).unwrap(), &value[..]);
    }

    #[test]
    fn law_05_a_changed_field_never_opens(
        value in prop::collection::vec(any::<u8>(), 0..100), at in any::<prop::sample::Index>(), flip in 1..=255u8,
    ) {
        let mut sealed = seal_field(&key(1), &PLACE, &value).unwrap();
        let at = at.index(sealed.len());
        sealed[at] ^= flip;
        prop_assert!(open_field(&key(1), &PLACE, &sealed).is_err());
    }

    #[test]
    fn hostile_field_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(open_field(&key(1), &PLACE, &bytes).is_err());
        prop_assert!(ring().open_value(&PLACE, &bytes).is_err());
        prop_assert!(CaseKeys::from_bytes(&case(1), &bytes).is_err());
    }
}

#[test]
fn law_05_a_field_moved_to_another_place_never_opens() {
    let sealed = seal_field(&key(1), &Aad { table: "ab", column: "c", row: "d" }, b"value").unwrap();
    for (table, column, row) in [("x", "c", "d"), ("ab", "x", "d"), ("ab", "c", "x"), ("a", "bc", "d"), ("ab", "cd", "")] {
        let moved = open_field(&key(1), &Aad { table, column, row }, &sealed).unwrap_err();
        assert!(moved.is_integrity(), "{table}.{column}/{row}: {moved}");
    }
    assert!(open_field(&key(2), &Aad { table: "ab", column: "c", row: "d" }, &sealed).is_err());
}

#[test]
fn a_cut_field_never_opens() {
    let sealed = seal_field(&key(1), &PLACE, b"value").unwrap();
    for length in 0..sealed.len() {
        assert!(open_field(&key(1), &PLACE, &sealed[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn equal_values_look_different_when_sealed() {
    assert_ne!(seal_field(&key(1), &PLACE, b"same").unwrap(), seal_field(&key(1), &PLACE, b"same").unwrap());
}

#[test]
fn a_blind_index_finds_equal_values_of_one_column_only() {
    let index = blind_index(&key(1), "person.name", b"somchai");
    assert_eq!(index, blind_index(&key(1), "person.name", b"somchai"));
    assert_ne!(index, blind_index(&key(1), "person.name", b"somchay"));
    assert_ne!(index, blind_index(&key(1), "person.alias", b"somchai"));
    assert_ne!(index, blind_index(&key(2), "person.name", b"somchai"));
}

#[test]
fn purposes_and_contexts_never_share_a_key() {
    let all = [
        Purpose::Field, Purpose::BlindIndex, Purpose::BlobWrap, Purpose::BlobChunks, Purpose::ObjectName,
        Purpose::Retired, Purpose::Fingerprint, Purpose::SessionSeal, Purpose::SessionLookup, Purpose::ShareSet,
        Purpose::PasskeySeal,
    ];
    let derived = all.map(|purpose| *key(1).derive(purpose, b"").expose());
    let distinct: std::collections::BTreeSet<_> = derived.iter().collect();
    assert_eq!(distinct.len(), all.len());
    assert!(key(1).derive(Purpose::Field, b"a") != key(1).derive(Purpose::Field, b"b"));
}

/// Stored data depends on the derivation: a change of labels must not pass unseen. The expected value
/// is HKDF-SHA256 computed apart (python's hmac) with info `lanternfish/v1/field\0`.
#[test]
fn derivation_is_the_one_that_old_homes_were_written_with() {
    assert_eq!(hex::encode(key(7).derive(Purpose::Field, b"").expose()), "eebf70140c3906d925c3bce1cfcba63683b58a5568f21b1cf05b73c26e21f1c3");
}

#[test]
fn secrets_do_not_print() {
    let keys = CaseKeys::generate(&case(1)).unwrap();
    let shown = format!("{:?} {:?} {:?}", key(0xab), SecretBytes::new(b"planted".to_vec()), keys);
    assert!(!shown.contains("ab") && !shown.contains("171") && !shown.contains("planted"), "{shown}");
}

#[test]
fn random_values_do_not_repeat() {
    assert_ne!(random_16().unwrap(), random_16().unwrap());
    assert_ne!(random_32().unwrap(), random_32().unwrap());
    assert!(Secret32::random().unwrap() != Secret32::random().unwrap());
}

#[test]
fn case_keys_survive_their_bytes() {
    let keys = CaseKeys::generate(&case(1)).unwrap();
    let again = CaseKeys::from_bytes(&case(1), &keys.to_bytes()).unwrap();
    assert!(keys == again && keys.fingerprint() == again.fingerprint());
    for length in 0..keys.to_bytes().len() {
        assert!(CaseKeys::from_bytes(&case(1), &keys.to_bytes()[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn law_13_keys_of_another_case_are_refused() {
    let keys = CaseKeys::generate(&case(1)).unwrap();
    assert!(matches!(CaseKeys::from_bytes(&case(2), &keys.to_bytes()), Err(VaultError::OtherCase)));
}

#[test]
fn rotation_keeps_old_rows_and_names() {
    let mut ring = ring();
    let digest = Sha256Digest::of(b"page");
    let (name, index) = (ring.object_name(&digest), ring.blind_index("a.b", b"v"));
    let prints_at_first = ring.newest().fingerprint();
    let mut rows = vec![ring.seal(&PLACE, b"one").unwrap()];
    let mut retired = Vec::new();
    for value in [b"two".as_slice(), b"three", b"four"] {
        retired.push(ring.rotate().unwrap());
        rows.push(ring.seal(&PLACE, value).unwrap());
    }
    let newest = CaseKeys::from_bytes(&case(1), &ring.newest().to_bytes()).unwrap();
    let member = KeyRing::open(newest, &retired).unwrap();
    for (row, value) in rows.iter().zip(["one", "two", "three", "four"]) {
        assert_eq!(member.open_value(&PLACE, row).unwrap().text().unwrap(), value);
    }
    assert_eq!((member.object_name(&digest), member.blind_index("a.b", b"v")), (name, index));
    assert_ne!(member.newest().fingerprint(), prints_at_first);
    assert_eq!(member.newest().generation(), 4);
}

#[test]
fn law_13_a_leaver_opens_nothing_written_after_he_left() {
    let mut ring = ring();
    let leaver = KeyRing::of(CaseKeys::from_bytes(&case(1), &ring.newest().to_bytes()).unwrap()).unwrap();
    let before = ring.seal(&PLACE, b"before").unwrap();
    ring.rotate().unwrap();
    let after = ring.seal(&PLACE, b"after").unwrap();
    assert!(leaver.open_value(&PLACE, &before).is_ok());
    assert!(matches!(leaver.open_value(&PLACE, &after), Err(VaultError::WrongKey { .. })));
    let relabelled = [&1u32.to_be_bytes(), &after[4..]].concat();
    assert!(leaver.open_value(&PLACE, &relabelled).is_err());
}

#[test]
fn law_13_a_value_written_anew_opens_for_nobody_more_than_the_one_before() {
    let mut ring = ring();
    let leaver = KeyRing::of(CaseKeys::from_bytes(&case(1), &ring.newest().to_bytes()).unwrap()).unwrap();
    let early = ring.seal(&PLACE, b"early").unwrap();
    ring.rotate().unwrap();
    let late = ring.seal(&PLACE, b"late").unwrap();
    let anew = ring.seal_like(&PLACE, b"early, without the name", &early).unwrap();
    assert_eq!(&*leaver.open_value(&PLACE, &anew).unwrap(), b"early, without the name");
    let anew = ring.seal_like(&PLACE, b"late, without the name", &late).unwrap();
    assert!(leaver.open_value(&PLACE, &anew).is_err());
    assert_eq!(&*ring.open_value(&PLACE, &anew).unwrap(), b"late, without the name");
    assert!(ring.seal_like(&PLACE, b"x", b"abc").is_err() && ring.seal_like(&PLACE, b"x", &9u32.to_be_bytes()).is_err());
}

#[test]
fn a_broken_chain_of_generations_is_named() {
    let mut ring = ring();
    let retired: Vec<RetiredKey> = (0..3).map(|_| ring.rotate().unwrap()).collect();
    let keys = || CaseKeys::from_bytes(&case(1), &ring.newest().to_bytes()).unwrap();
    let gap: Vec<_> = retired.iter().filter(|key| key.generation != 2).cloned().collect();
    assert!(matches!(KeyRing::open(keys(), &gap), Err(VaultError::MissingGeneration { generation: 2 })));
    let mut changed = retired.clone();
    changed[1].sealed[30] ^= 1;
    assert!(KeyRing::open(keys(), &changed).unwrap_err().is_integrity());
    let mut swapped = retired.clone();
    (swapped[0].generation, swapped[1].generation) = (2, 1);
    assert!(KeyRing::open(keys(), &swapped).unwrap_err().is_integrity());
    assert!(matches!(KeyRing::of(keys()), Err(VaultError::MissingGeneration { generation: 3 })));
}

#[test]
fn a_blob_key_opens_for_its_blob_only() {
    let (ring, one, two) = (ring(), BlobId::from_random([1; 16]), BlobId::from_random([2; 16]));
    let wrapped = ring.wrap_blob_key(&one, &key(9)).unwrap();
    assert!(ring.unwrap_blob_key(&one, &wrapped).unwrap() == key(9));
    assert!(ring.unwrap_blob_key(&two, &wrapped).unwrap_err().is_integrity());
    let as_field = ring.open_value(&Aad { table: "blob", column: "key", row: one.as_str() }, &wrapped);
    assert!(as_field.is_err(), "a wrapped key is not a readable column");
}

#[test]
fn law_13_a_session_bundle_opens_with_its_token_only() {
    let sealed = seal_under_token(&[1; 32], b"bundle").unwrap();
    assert_eq!(&*open_under_token(&[1; 32], &sealed).unwrap(), b"bundle");
    assert!(matches!(open_under_token(&[2; 32], &sealed), Err(VaultError::WrongKey { .. })));
    assert!(open_under_token(&token_lookup(&[1; 32]), &sealed).is_err(), "the database's value opens nothing");
}
