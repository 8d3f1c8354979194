//! Those who hold keys and lie: a forger with an agency of his own, and the true agency that rolls
//! back, rewrites or back-dates its log with the true key. Laws 3 and 4.

use std::fs;

use model::package::SealFile;
use seal::pki::{Revoked, Validity};

use crate::{
    common::{Agency, PAYLOAD, SIGNED},
    sample::{Sample, broken},
};

/// The true history of agency 1 as everybody else knows it.
fn true_anchors(sample: &Sample) -> Agency {
    let mut agency = Agency::new(1);
    let original = Sample::empty();
    agency.seal(&original.package, &PAYLOAD);
    agency.go_on(7);
    agency.write_anchors(&sample.anchors);
    agency
}

#[test]
fn law_04_a_forger_with_an_agency_of_his_own_is_broken_under_true_anchors() {
    let forged = Sample::of(&mut Agency::new(9));
    forged.is_sound("under the forger's own anchors");
    true_anchors(&forged);
    for part in ["law 4", "law 8"] {
        forged.is_broken("forger", part);
    }
}

#[test]
fn law_04_a_forger_who_keeps_the_true_log_key_is_still_broken() {
    let mut forger = Agency::new(9);
    forger.log = Agency::new(1).log;
    let forged = Sample::of(&mut forger);
    true_anchors(&forged);
    forged.is_broken("forger with the log key", "law 4");
    forged.is_broken("forger with the log key", "law 3");
}

#[test]
fn law_03_a_log_rolled_back_and_signed_again_is_broken() {
    for (kept, more) in [(2, 0), (2, 4), (2, 9), (2, 30), (5, 0), (0, 0), (0, 11)] {
        let sample = Sample::empty();
        let mut liar = Agency::new(1);
        liar.leaves.truncate(kept);
        let bag = {
            let mut bag = liar.bag(&sample.package, &[("data/forged.txt", b"forged")]);
            liar.sign_and_stamp(&mut bag);
            bag
        };
        liar.log_and_finish(bag, SIGNED.plus_seconds(120));
        liar.go_on(more);
        sample.write("seal/seal.tlog", liar.proof(kept as u64));
        true_anchors(&sample);
        sample.is_broken(&format!("kept {kept}, then {more} more"), "law 3");
    }
}

#[test]
fn law_03_a_back_dated_event_signed_again_is_broken() {
    let sample = Sample::empty();
    let mut liar = Agency::new(1);
    let mut bag = liar.bag(&sample.package, &PAYLOAD);
    liar.sign_and_stamp(&mut bag);
    liar.log_and_finish(bag, SIGNED.plus_seconds(-86_400 * 30));
    liar.go_on(7);
    true_anchors(&sample);
    sample.is_broken("back-dated", "law 3");
    sample.write("seal/seal.tlog", liar.proof(5));
    sample.is_broken("back-dated, proof of the same size as the anchor", "law 3");
}

#[test]
fn law_03_history_is_compared_without_hashes_where_that_is_possible() {
    let sample = Sample::empty();
    let mut agency = Agency::new(1);
    agency.seal(&sample.package, &PAYLOAD);
    agency.write_anchors(&sample.anchors);
    fs::remove_file(sample.anchors.join("hashes")).unwrap();
    sample.is_sound("equal size needs no hashes");
    agency.go_on(1);
    fs::write(sample.anchors.join("checkpoint"), agency.checkpoint().to_text()).unwrap();
    assert_eq!(sample.verdict().exit_code, 2, "another size without hashes");
}

#[test]
fn law_03_a_package_newer_than_the_anchor_is_not_fully_checked() {
    let sample = Sample::copy();
    let early = Agency::new(1);
    early.write_anchors(&sample.anchors);
    assert_eq!(sample.verdict().exit_code, 2);
    let mut other = Agency::new(1);
    other.leaves[1] = other.leaves[0].clone();
    other.write_anchors(&sample.anchors);
    assert_eq!(sample.verdict().exit_code, 2, "two histories, but none that speaks about this event");
}

#[test]
fn law_08_an_unknown_or_false_line_in_the_checkpoint_is_broken() {
    let sample = Sample::empty();
    let mut agency = Agency::new(1);
    agency.seal(&sample.package, &PAYLOAD);
    agency.write_anchors(&sample.anchors);
    sample.is_sound("unwitnessed");
    assert!(sample.verdict().limits.iter().any(|l| l.starts_with("unwitnessed")));

    let witnessed = agency.witnessed_proof(5);
    sample.write("seal/seal.tlog", &witnessed);
    sample.is_sound("witnessed");
    assert!(!sample.verdict().limits.iter().any(|l| l.starts_with("unwitnessed:")), "{:?}", sample.verdict().limits);

    fs::write(sample.anchors.join("witnesses"), "").unwrap();
    sample.is_broken("a line by nobody I know", "law 8");
    fs::remove_file(sample.anchors.join("witnesses")).unwrap();
    assert_eq!(sample.verdict().exit_code, 2, "no list of witnesses at all");

    agency.write_anchors(&sample.anchors);
    let stranger = Agency::new(3);
    let line = witnessed.lines().last().unwrap();
    let false_line = line.replace(&line[line.len() - 8..], "AAAAAAA=");
    sample.write("seal/seal.tlog", witnessed.replace(line, &false_line));
    sample.is_broken("false cosignature", "law");
    fs::write(sample.anchors.join("witnesses"), format!("{}\n", stranger.witness.witness_key())).unwrap();
    sample.write("seal/seal.tlog", witnessed);
    sample.is_broken("a witness of the same name with another key", "law 8");
}

#[test]
fn law_02_the_event_of_another_package_or_kind_is_broken() {
    let sample = Sample::copy();
    let mut agency = Agency::new(1);
    let other = Sample::empty();
    agency.seal(&other.package, &[("data/other.txt", b"other")]);
    for file in ["seal/seal.leaf", "seal/seal.salt", "seal/seal.detail", "seal/seal.tlog"] {
        let original = sample.read(file);
        sample.write(file, other.read(file));
        if original != other.read(file) {
            sample.is_broken(file, "law");
        }
    }
    agency.go_on(7);
    sample.is_broken("the whole event of another package", "law 2");
}

#[test]
fn law_04_an_officer_expired_later_is_sound_and_expired_before_is_broken() {
    let short = Validity { from: SIGNED.plus_seconds(-60), until: SIGNED.plus_seconds(600) };
    let mut agency = with_officer_valid(short);
    let sample = Sample::of(&mut agency);
    sample.is_sound("expired ten minutes after the seal was logged, years ago for a later reader");

    let mut agency = with_officer_valid(Validity { from: SIGNED.plus_seconds(-60), until: SIGNED.plus_seconds(100) });
    let sample = Sample::of(&mut agency);
    sample.is_broken("expired before the seal was logged", "law 4");
}

fn with_officer_valid(validity: Validity) -> Agency {
    let mut agency = Agency::new(1);
    let public = agency.officers[0].key.public_key_der().unwrap();
    let subject = seal::pki::Subject { common_name: "Officer One".into(), organisation: "SYNTHETIC Sample Agency".into() };
    agency.officers[0].certificate = agency.authority.issue_officer(&public, &subject, &[5; 16], validity).unwrap();
    agency
}

#[test]
fn law_04_revoked_before_is_broken_and_revoked_after_is_sound() {
    let check = |seconds: i64, sound: bool| {
        let sample = Sample::copy();
        let agency = Agency::new(1);
        let revoked = Revoked { serial: agency.officers[1].certificate.serial().to_vec(), since: SIGNED.plus_seconds(seconds) };
        let list = agency.authority.revocation_list(2, SIGNED.plus_seconds(9000), SIGNED.plus_seconds(90_000), &[revoked]).unwrap();
        fs::write(sample.anchors.join("crl.pem"), list).unwrap();
        if sound { sample.is_sound("revoked after") } else { sample.is_broken("revoked before", "law 4") }
    };
    check(-3600, false);
    check(119, false);
    check(120, false);
    check(121, true);
    check(86_400, true);
}

#[test]
fn law_04_a_revocation_list_of_somebody_else_is_not_believed() {
    let sample = Sample::copy();
    let stranger = Agency::new(2);
    let list = stranger.authority.revocation_list(1, SIGNED, SIGNED.plus_seconds(60), &[]).unwrap();
    fs::write(sample.anchors.join("crl.pem"), list).unwrap();
    assert_eq!(sample.verdict().exit_code, 2);
    fs::remove_file(sample.anchors.join("crl.pem")).unwrap();
    sample.is_sound("no list");
    assert!(sample.verdict().limits.iter().any(|l| l.contains("revocation not checked")));
}

#[test]
fn law_04_a_time_stamp_certificate_cannot_sign_as_an_officer_nor_the_other_way_round() {
    let sample = Sample::copy();
    let agency = Agency::new(1);
    let object = model::Sha256Digest::of(&sample.read("tagmanifest-sha256.txt"));
    let officer = &agency.officers[0];
    assert!(seal::tsp::TrainingAuthority::new(officer.key.clone(), officer.certificate.clone()).is_err());
    sample.write(&SealFile::Officer { number: 1, certificate: officer.certificate.digest() }.path(), agency.stamp(&object));
    broken(&sample.verdict(), "token in the place of a signature", "law 4");

    let key = agency.officers[0].key.clone();
    let subject = seal::pki::Subject { common_name: "Stamps".into(), organisation: "A".into() };
    let stamps = agency.authority.issue_time_stamps(&key.public_key_der().unwrap(), &subject, &[6; 16], crate::common::years(0, 1)).unwrap();
    assert!(seal::cms::sign_detached(&object, &key, &stamps, SIGNED).is_err());
}
