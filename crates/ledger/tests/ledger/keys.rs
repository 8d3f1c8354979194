//! Keys: names, verifier keys, PEM, lists of witnesses.

use ledger::{
    KeyName, LogKey, LogSigner, VerifyingKey, WitnessKey,
    key::{KeyError, public_key_from_pem, public_key_to_pem},
};
use proptest::prelude::*;

use crate::world::{log, name, witness};

/// Test 1 of RFC 8032 §7.1.
const RFC_8032_SEED: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const RFC_8032_PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

fn bytes(hex_text: &str) -> [u8; 32] {
    hex::decode(hex_text).unwrap().try_into().unwrap()
}

#[test]
fn pem_is_the_subject_public_key_info_of_rfc_8410() {
    let key = LogSigner::from_seed(name("a"), &bytes(RFC_8032_SEED)).log_key();
    assert_eq!(hex::encode(key.public_key().as_bytes()), RFC_8032_PUBLIC);
    // 0x302a300506032b6570032100 is 16 characters of base64, without rest.
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
    assert_eq!(key.to_pem(), pem);
    assert_eq!(public_key_from_pem(pem).as_ref(), Ok(key.public_key()));
    assert_eq!(public_key_from_pem(&pem.replace('\n', "\r\n")).as_ref(), Ok(key.public_key()));
    assert_eq!(LogKey::from_pem(name("a"), pem), Ok(key));
}

#[test]
fn other_pem_is_refused() {
    let pem = log().log_key().to_pem();
    let check = |text: &str| assert_eq!(public_key_from_pem(text), Err(KeyError::Pem), "{text}");
    check("");
    check("-----BEGIN PUBLIC KEY-----");
    check(&pem.replace("PUBLIC", "PRIVATE"));
    check(&pem.replace("MCow", "MCoy"));
    check(&pem.replace("=\n", "\n"));
    check(&format!("{pem}{pem}"));
}

#[test]
fn a_key_under_which_anybody_can_sign_is_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let weak = VerifyingKey::from_bytes(&identity).unwrap();
    assert_eq!(LogKey::new(name("a"), weak), Err(KeyError::Point));
    assert_eq!(public_key_from_pem(&public_key_to_pem(&weak)), Err(KeyError::Point));
}

#[test]
fn a_verifier_key_of_other_software_is_read_and_its_check_digits_agree() {
    // The public key of the Go checksum database.
    let text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    let key: LogKey = text.parse().unwrap();
    assert_eq!(key.id(), [0x03, 0x3d, 0xe0, 0xae]);
    assert_eq!(key.to_string(), text);
}

#[test]
fn a_changed_verifier_key_is_refused() {
    let text = log().log_key().to_string();
    let other = LogSigner::from_seed(name("other.example/log"), &[9; 32]).log_key().to_string();
    let material = |text: &str| text.splitn(3, '+').nth(2).unwrap().to_string();
    let check = |text: &str, expected: KeyError| assert_eq!(text.parse::<LogKey>(), Err(expected), "{text}");
    check("", KeyError::Shape);
    check("node.example/log", KeyError::Shape);
    check(&text.replace("node", "nodf"), KeyError::Id(name("nodf.example/log")));
    check(&text.replace(&material(&text), &material(&other)), KeyError::Id(name("node.example/log")));
    check(&text.replace("node.", "no de."), KeyError::Name("no de.example/log".into()));
    check(&format!("{text}\n"), KeyError::Shape);
}

#[test]
fn a_log_key_is_no_witness_key() {
    let text = log().log_key().to_string();
    let refused = text.parse::<WitnessKey>().unwrap_err();
    assert_eq!(refused, KeyError::Kind { name: log().name().clone(), found: 1, wanted: 4 });
    assert!(witness(1).witness_key().to_string().parse::<LogKey>().is_err());
}

#[test]
fn names_that_could_be_mistaken_are_refused() {
    for good in ["a", "node.example/log", "w1.example:8443/~x", &"n".repeat(255)] {
        assert_eq!(KeyName::new(good).unwrap().as_str(), good);
    }
    for bad in ["", " ", "a b", "a+b", "a\n", "a\u{a0}b", "nоde.example", "a|b", "a*", &"n".repeat(256)] {
        assert!(matches!(KeyName::new(bad), Err(KeyError::Name(_))), "{bad:?}");
    }
}

#[test]
fn a_list_of_witnesses_counts_each_once() {
    let (one, two) = (witness(1).witness_key(), witness(2).witness_key());
    let list = format!("# outside witnesses\n\n{one}\r\n{two}\n");
    assert_eq!(WitnessKey::parse_list(&list), Ok(vec![one.clone(), two]));
    assert_eq!(WitnessKey::parse_list(""), Ok(vec![]));
    let again = WitnessKey::new(name("alias.example"), *one.public_key()).unwrap();
    assert_eq!(WitnessKey::parse_list(&format!("{one}\n{again}\n")), Err(KeyError::Repeated(name("alias.example"))));
    assert_eq!(WitnessKey::parse_list(&format!("{one}\nrubbish\n")), Err(KeyError::Shape));
}

proptest! {
    #[test]
    fn every_key_is_read_back_from_both_forms(seed: [u8; 32], label in "[a-z0-9.~/:_-]{1,40}") {
        let key = LogSigner::from_seed(name(&label), &seed).log_key();
        prop_assert_eq!(key.to_string().parse::<LogKey>(), Ok(key.clone()));
        prop_assert_eq!(LogKey::from_pem(name(&label), &key.to_pem()), Ok(key));
    }
}
