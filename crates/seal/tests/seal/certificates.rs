//! Certificates, chains, officers' signatures: what the checker refuses to believe. Law 4.

use model::Sha256Digest;
use seal::{
    Certificate,
    cms::{SignError, sign_detached},
    pki::{Authority, PkiError, SigningKey, Subject, link_certificate},
    signed::read_officer_signature,
};

use crate::common::{Agency, SIGNED, years};

#[test]
fn law_04_an_officer_signs_one_object_and_no_other() {
    let agency = Agency::new(1);
    let officer = &agency.officers[0];
    let object = Sha256Digest::of(b"tag manifest");
    let signature = sign_detached(&object, &officer.key, &officer.certificate, SIGNED).unwrap();
    let message = read_officer_signature(&signature, &object).unwrap();
    assert_eq!(message.certificate, officer.certificate);
    assert_eq!(message.signing_time, Some(SIGNED));
    let other = read_officer_signature(&signature, &Sha256Digest::of(b"another")).unwrap_err();
    assert!(other.to_string().contains("over other content"), "{other}");
    assert_eq!(sign_detached(&object, &officer.key, &officer.certificate, SIGNED).unwrap(), signature, "the same arguments give the same bytes");
}

#[test]
fn law_04_only_the_enrolled_key_in_its_time_signs() {
    let agency = Agency::new(1);
    let (one, two) = (&agency.officers[0], &agency.officers[1]);
    let object = Sha256Digest::of(b"x");
    assert!(matches!(sign_detached(&object, &one.key, &two.certificate, SIGNED), Err(SignError::OtherKey)));
    assert!(matches!(sign_detached(&object, &one.key, &one.certificate, SIGNED.plus_seconds(-1)), Err(SignError::NotValid(_))));
    let root = agency.authority.certificate();
    let result = sign_detached(&object, &one.key, root, SIGNED);
    assert!(matches!(result, Err(SignError::OtherKey)), "{result:?}");
}

#[test]
fn law_04_chains_end_in_the_readers_anchors() {
    let (agency, stranger) = (Agency::new(1), Agency::new(2));
    let officer = &agency.officers[0].certificate;
    let (own, other) = ([agency.authority.certificate().clone()], [stranger.authority.certificate().clone()]);
    assert_eq!(officer.chain(&own, SIGNED).unwrap().len(), 1);
    assert!(officer.chain(&other, SIGNED).is_err(), "same names, another key");
    assert!(officer.chain(&[], SIGNED).is_err());
    assert!(officer.chain(std::slice::from_ref(officer), SIGNED).is_err(), "an officer is no authority");
    assert!(officer.chain(&own, SIGNED.plus_seconds(400_000_000)).is_err(), "the root had expired by then");
    let renewed = Authority::create(key(), &subject(), &[3; 16], years(8, 20)).unwrap();
    let first = Authority::create(key(), &subject(), &[4; 16], years(-1, 9)).unwrap();
    let late = first.issue_officer(&agency.officers[0].key.public_key_der().unwrap(), &subject(), &[5; 16], years(0, 15)).unwrap();
    let both = [first.certificate().clone(), renewed.certificate().clone()];
    assert!(late.chain(&both, SIGNED.plus_seconds(400_000_000)).is_ok(), "the renewed root was in force by then");
    assert!(late.chain(&both[..1], SIGNED.plus_seconds(400_000_000)).is_err());
}

fn key() -> SigningKey {
    SigningKey::from_random(&[7; 32]).unwrap()
}

fn subject() -> Subject {
    Subject { common_name: "A".into(), organisation: "A".into() }
}

#[test]
fn law_04_purposes_are_kept_apart() {
    let agency = Agency::new(1);
    let (officer, stamps, root) = (&agency.officers[0].certificate, agency.stamps.certificate(), agency.authority.certificate());
    assert!(officer.may_sign_documents().is_ok() && officer.may_stamp_time().is_err());
    assert!(stamps.may_stamp_time().is_ok() && stamps.may_sign_documents().is_err());
    assert!(root.may_sign_documents().is_err() && root.may_stamp_time().is_err());
    assert!(root.is_self_issued() && !officer.is_self_issued());
    let subject = Subject { common_name: "node".into(), organisation: "agency".into() };
    let link = link_certificate(&agency.officers[0].key, &subject, &[1; 16], years(0, 1)).unwrap();
    assert!(link.may_stamp_time().is_err() && link.chain(std::slice::from_ref(root), SIGNED).is_err(), "a certificate for TLS does nothing else");
}

#[test]
fn keys_and_certificates_go_out_and_in() {
    let agency = Agency::new(1);
    let key = &agency.officers[0].key;
    let again = SigningKey::from_pkcs8_der(&key.to_pkcs8_der().unwrap()).unwrap();
    assert_eq!(again.public_key_der().unwrap(), key.public_key_der().unwrap());
    assert_eq!(format!("{key:?}"), "SigningKey(…)");
    let root = agency.authority.certificate();
    let bundle = format!("comment\n{}\nmore\n{}", root.to_pem(), agency.officers[0].certificate.to_pem().replace('\n', "\r\n"));
    assert_eq!(Certificate::from_pem_bundle(&bundle).unwrap(), [root.clone(), agency.officers[0].certificate.clone()]);
    assert!(Certificate::from_pem_bundle("nothing").is_err());
    assert!(Certificate::from_der(&[root.to_der(), &[0]].concat()).is_err(), "trailing byte");
    assert!(SigningKey::from_random(&[0; 32]).is_err() && SigningKey::from_random(&[0xff; 32]).is_err());
    assert!(SigningKey::from_pkcs8_der(b"x").is_err());
    assert!(Authority::restore(key.clone(), root.clone()).is_err());
}

#[test]
fn names_and_times_that_cannot_stand_are_refused() {
    let key = SigningKey::from_random(&[7; 32]).unwrap();
    let check = |name: &str, good: bool| {
        let subject = Subject { common_name: name.into(), organisation: "A".into() };
        assert_eq!(Authority::create(key.clone(), &subject, &[1; 16], years(0, 1)).is_ok(), good, "{name:?}");
    };
    check("ເຈົ້າໜ້າທີ່, CN=Root + O=x", true);
    check("", false);
    check("a\nb", false);
    check(&"x".repeat(65), false);
    let subject = Subject { common_name: "A".into(), organisation: "A".into() };
    assert!(matches!(Authority::create(key.clone(), &subject, &[1; 16], years(1, 0)), Err(PkiError::Backwards)));
    let authority = Authority::create(key, &subject, &[0; 16], years(0, 1)).unwrap();
    assert_eq!(authority.certificate().serial().len(), 16);
    assert!(matches!(authority.issue_officer(b"not a key", &subject, &[1; 16], years(0, 1)), Err(PkiError::BadPublicKey)));
}
