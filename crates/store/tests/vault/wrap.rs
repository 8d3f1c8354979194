//! age: to officers, to a recovery set, under a passphrase.

use model::id::CaseId;
use proptest::prelude::*;
use store::vault::{
    VaultError, VaultErrorKind,
    case_key::CaseKeys,
    secret::Secret32,
    share,
    wrap::{Identity, Recipient, open_with_passphrase, seal_with_passphrase, unwrap, wrap_to},
};

fn identity(fill: u8) -> Identity {
    Identity::from_secret(&Secret32::new([fill; 32]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_recipient_opens_and_nobody_else(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let wrapped = wrap_to(&[identity(1).recipient(), identity(2).recipient()], &bytes).unwrap();
        for member in [identity(1), identity(2)] {
            prop_assert_eq!(&*unwrap(&member, &wrapped).unwrap(), &bytes[..]);
        }
        let refused = unwrap(&identity(3), &wrapped);
        let is_wrong_key = matches!(refused, Err(VaultError::WrongKey { .. }));
        prop_assert!(is_wrong_key);
    }

    #[test]
    fn law_05_a_changed_wrap_never_opens(at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let mut wrapped = wrap_to(&[identity(1).recipient()], b"case key").unwrap();
        let at = at.index(wrapped.len());
        wrapped[at] ^= flip;
        prop_assert!(unwrap(&identity(1), &wrapped).is_err());
    }

    #[test]
    fn hostile_wraps_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), text in ".{0,80}") {
        prop_assert!(unwrap(&identity(1), &bytes).is_err());
        prop_assert!(open_with_passphrase("x", &[b"age-encryption.org/v1\n", &bytes[..]].concat()).is_err());
        prop_assert!(Identity::parse(&text).is_err());
        prop_assert!(text.parse::<Recipient>().is_err());
    }
}

#[test]
fn a_cut_or_lengthened_wrap_never_opens() {
    let wrapped = wrap_to(&[identity(1).recipient()], b"case key").unwrap();
    for length in 0..wrapped.len() {
        assert!(unwrap(&identity(1), &wrapped[..length]).is_err(), "{length} bytes");
    }
    assert!(unwrap(&identity(1), &[&wrapped[..], b"x"].concat()).is_err());
}

#[test]
fn nobody_is_not_a_recipient() {
    assert!(matches!(wrap_to(&[], b"key"), Err(VaultError::NoRecipient)));
}

#[test]
fn identities_survive_text_and_secret() {
    let one = Identity::generate().unwrap();
    let text = one.secret_text();
    assert!(text.starts_with(b"AGE-SECRET-KEY-1"));
    let by_text = Identity::parse(&format!(" {}\n", text.text().unwrap())).unwrap();
    let by_secret = Identity::from_secret(&one.secret());
    let recipients = [&one, &by_text, &by_secret].map(|identity| identity.recipient().to_string());
    assert!(recipients.iter().all(|recipient| recipient == &recipients[0] && recipient.starts_with("age1")));
    assert_eq!(recipients[0].parse::<Recipient>().unwrap(), one.recipient());
    assert!(!format!("{one:?}").contains("SECRET"));
}

/// Wrapping to such a point would stop the program inside the age crate: it must not get that far.
#[test]
fn recipients_of_small_order_are_refused() {
    let prefix = bech32::Hrp::parse("age").unwrap();
    let low = ["00".repeat(32), format!("01{}", "00".repeat(31)), format!("ec{}7f", "ff".repeat(30)),
        format!("ed{}7f", "ff".repeat(30)), format!("ee{}7f", "ff".repeat(30)), format!("ec{}ff", "ff".repeat(30)),
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800".into(),
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157".into()];
    for point in low {
        let text = bech32::encode::<bech32::Bech32>(prefix, &hex::decode(&point).unwrap()).unwrap();
        assert!(text.parse::<Recipient>().is_err(), "{point}");
        let bare: age::x25519::Recipient = text.parse().unwrap();
        let wraps = std::panic::catch_unwind(|| age::encrypt(&bare, b"x").is_ok());
        assert!(wraps.is_err(), "{point} is of small order indeed");
    }
}

#[test]
fn a_passphrase_opens_and_a_wrong_one_says_so() {
    let sealed = seal_with_passphrase("ปลาโคมไฟ กลางคืน", b"bundle", 10).unwrap();
    assert_eq!(&*open_with_passphrase("ปลาโคมไฟ กลางคืน", &sealed).unwrap(), b"bundle");
    for wrong in ["ปลาโคมไฟ", "", "ปลาโคมไฟ กลางคืน "] {
        let refused = open_with_passphrase(wrong, &sealed).unwrap_err();
        assert!(matches!(refused, VaultError::WrongPassphrase), "{refused}");
        assert!(refused.to_string().contains("try again") && refused.kind() == VaultErrorKind::Input);
    }
    assert!(matches!(seal_with_passphrase("", b"bundle", 10), Err(VaultError::EmptyPassphrase)));
}

#[test]
fn law_05_a_changed_passphrase_file_never_opens() {
    let sealed = seal_with_passphrase("p", b"bundle", 1).unwrap();
    for at in (0..sealed.len()).step_by(3) {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(open_with_passphrase("p", &changed).is_err(), "byte {at}");
    }
    assert!(open_with_passphrase("p", &sealed[..sealed.len() - 1]).is_err());
}

#[test]
fn endless_scrypt_work_is_refused() {
    for log_n in [0, 21, 64, 255] {
        let refused = seal_with_passphrase("p", b"bundle", log_n);
        assert!(matches!(refused, Err(VaultError::WorkFactor { asked, most: 20 }) if asked == log_n));
    }
    let sealed = seal_with_passphrase("p", b"bundle", 10).unwrap();
    let head = String::from_utf8_lossy(&sealed[..60]).into_owned();
    let line = head.lines().nth(1).unwrap();
    let heavier = format!("{}30", line.strip_suffix("10").unwrap());
    let at = sealed.windows(line.len()).position(|window| window == line.as_bytes()).unwrap();
    let hostile = [&sealed[..at], heavier.as_bytes(), &sealed[at + line.len()..]].concat();
    assert!(matches!(open_with_passphrase("p", &hostile), Err(VaultError::WorkFactor { asked: 30, .. })));
}

#[test]
fn a_wrap_to_people_is_not_a_passphrase_file_and_the_other_way_round() {
    let wrapped = wrap_to(&[identity(1).recipient()], b"key").unwrap();
    assert!(matches!(open_with_passphrase("p", &wrapped), Err(VaultError::Malformed { .. })));
    let sealed = seal_with_passphrase("p", b"key", 1).unwrap();
    assert!(unwrap(&identity(1), &sealed).is_err());
}

#[test]
fn law_13_a_case_key_opens_for_members_and_the_recovery_set_and_for_no_node() {
    let case = CaseId::from_random([1; 16]);
    let keys = CaseKeys::generate(&case).unwrap();
    let (member, administrator) = (Identity::generate().unwrap(), Identity::generate().unwrap());
    let recovery = Secret32::random().unwrap();
    let (_, shares) = share::split(&recovery, 2, 3).unwrap();
    let wrapped = wrap_to(&[member.recipient(), Identity::from_secret(&recovery).recipient()], &keys.to_bytes()).unwrap();

    let opened = |identity: &Identity| unwrap(identity, &wrapped).and_then(|bytes| CaseKeys::from_bytes(&case, &bytes));
    assert!(opened(&member).unwrap() == keys);
    assert!(matches!(opened(&administrator), Err(VaultError::WrongKey { .. })));
    let joined = Identity::from_secret(&share::join(&shares[1..]).unwrap());
    assert!(opened(&joined).unwrap() == keys);
    assert!(share::join(&shares[..1]).is_err());
}
