//! Reading a spool back: a record or byte that was touched is refused (law 5).

use collect::{CollectorError, SpoolError, envelope};
use ed25519_dalek::SigningKey;
use model::capture::CaptureRecord;

use crate::bench::{Bench, Server};

/// A finished capture of one small page.
fn captured() -> (Bench, CaptureRecord) {
    let (bench, server) = (Bench::new(), Server::sending(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
    let record = bench.run_urls(&[&server.url("/")]);
    (bench, record)
}

#[test]
fn law_05_every_changed_byte_of_a_record_is_refused() {
    let (bench, record) = captured();
    let path = bench.path().join("record.json");
    let good = std::fs::read(&path).unwrap();
    for at in (0..good.len()).step_by(7) {
        let mut spoilt = good.clone();
        spoilt[at] ^= 1;
        std::fs::write(&path, &spoilt).unwrap();
        assert!(collect::read_record(bench.path(), &bench.child_key()).is_err(), "byte {at}");
    }
    std::fs::write(&path, &good).unwrap();
    assert_eq!(collect::read_record(bench.path(), &bench.child_key()).unwrap(), record);
}

#[test]
fn law_05_every_changed_or_missing_byte_of_the_capture_is_refused() {
    let (bench, _) = captured();
    let path = bench.path().join("capture.warc.age");
    let good = std::fs::read(&path).unwrap();
    for at in (0..good.len()).step_by(31) {
        let mut spoilt = good.clone();
        spoilt[at] ^= 1;
        std::fs::write(&path, &spoilt).unwrap();
        assert!(bench.examine().is_err(), "byte {at}");
        std::fs::write(&path, &good[..at]).unwrap();
        assert!(bench.examine().is_err(), "cut at {at}");
    }
    std::fs::write(&path, &good).unwrap();
    assert!(bench.examine().is_ok());
    std::fs::remove_file(&path).unwrap();
    assert!(collect::read_record(bench.path(), &bench.child_key()).is_err());
}

/// Signs `record` again with `key` and reads it under the child's key.
fn reread(bench: &Bench, record: &CaptureRecord, key: &SigningKey) -> Result<CaptureRecord, SpoolError> {
    std::fs::write(bench.path().join("record.json"), envelope::signed_file(record, key).unwrap()).unwrap();
    bench.examine()
}

#[test]
fn a_record_of_another_key_or_with_other_numbers_is_refused() {
    let (bench, record) = captured();
    let own = SigningKey::from_bytes(&bench.seed);
    assert!(reread(&bench, &record, &own).is_ok());
    assert!(matches!(reread(&bench, &record, &bench.desk), Err(SpoolError::Envelope(_))));
    let other_digest = CaptureRecord { warc_digest: model::Sha256Digest::of(b"other"), ..record.clone() };
    assert!(matches!(reread(&bench, &other_digest, &own), Err(SpoolError::Mismatch)));
    let other_length = CaptureRecord { warc_bytes: record.warc_bytes + 1, ..record.clone() };
    assert!(matches!(reread(&bench, &other_length, &own), Err(SpoolError::Mismatch)));
    let not_complete = CaptureRecord { complete: false, ..record.clone() };
    assert!(matches!(reread(&bench, &not_complete, &own), Err(SpoolError::Contradiction(_))));
    let mut no_digest = record.clone();
    no_digest.fetches[0].response_digest = None;
    assert!(matches!(reread(&bench, &no_digest, &own), Err(SpoolError::Contradiction(_))));
}

#[test]
fn a_capture_for_another_recipient_stays_sealed() {
    let (bench, _) = captured();
    let stranger = age::x25519::Identity::generate();
    assert!(matches!(collect::open_warc(bench.path(), &stranger), Err(SpoolError::Sealed(_))));
}

#[test]
fn a_spool_is_used_once() {
    let (bench, _) = captured();
    let order = bench.order(&["http://127.0.0.1:9/"]);
    let again = collect::Collector::new(crate::bench::CHILD).start(bench.path(), &order, &bench.desk, bench.seed);
    assert!(matches!(again, Err(CollectorError::UsedSpool("record.json"))));
}

#[test]
fn a_child_that_cannot_be_started_leaves_no_order_behind() {
    let bench = Bench::new();
    let order = bench.order(&["http://127.0.0.1:9/"]);
    let started = collect::Collector::new("/no/such/program").start(bench.path(), &order, &bench.desk, bench.seed);
    assert!(matches!(started, Err(CollectorError::System { .. })));
    assert!(!bench.path().join("order.json").exists());
}

#[test]
fn a_spool_that_cannot_be_written_ends_with_words_and_no_record() {
    let (bench, server) = (Bench::new(), Server::sending(b"HTTP/1.1 200 OK\r\n\r\n"));
    let order = envelope::signed_file(&bench.order(&[&server.url("/")]), &bench.desk).unwrap();
    std::fs::write(bench.path().join("order.json"), order).unwrap();
    std::fs::create_dir(bench.path().join("capture.warc.age")).unwrap();
    let output = bench.start_raw(&bench.desk).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing was signed"));
    assert!(server.hits() == 0 && !bench.path().join("record.json").exists());
}
