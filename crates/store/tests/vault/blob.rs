//! Encrypted blobs: whole, in pieces, and every way to damage them.

use std::io::{self, Cursor, Read, Write};

use model::{Sha256Digest, id::BlobId};
use proptest::prelude::*;
use store::vault::{
    VaultError,
    blob::{AlsoDigest, BlobReader, BlobSummary, BlobWriter, CHUNK, seal_blob},
    secret::Secret32,
};

const HEADER: usize = 24;
const SEALED: usize = CHUNK + 16;

fn key() -> Secret32 {
    Secret32::new([5; 32])
}

fn id(fill: u8) -> BlobId {
    BlobId::from_random([fill; 16])
}

/// Bytes without a period that a chunk could hide.
fn plain(length: usize) -> Vec<u8> {
    (0..length as u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

fn seal(bytes: &[u8]) -> (Vec<u8>, BlobSummary) {
    seal_blob(&mut &bytes[..], Vec::new(), &key(), &id(1), AlsoDigest::default()).unwrap()
}

fn open(stored: &[u8]) -> Result<BlobReader<Cursor<&[u8]>>, VaultError> {
    BlobReader::open(Cursor::new(stored), &key(), &id(1))
}

/// Opens and reads everything in the three ways there are; they must agree.
fn read(stored: &[u8], expected: Sha256Digest) -> Result<Vec<u8>, VaultError> {
    let mut reader = open(stored)?;
    let mut copied = Vec::new();
    let by_copy = reader.copy_to(expected, &mut copied);
    let mut streamed = Vec::new();
    let by_stream = reader.stream(expected).read_to_end(&mut streamed);
    assert_eq!(by_copy.is_ok(), by_stream.is_ok());
    assert_eq!(by_copy.is_ok(), reader.verify(expected).is_ok());
    by_copy?;
    assert_eq!(copied, streamed);
    Ok(copied)
}

#[track_caller]
fn refused(what: &str, stored: &[u8], expected: Sha256Digest) {
    let answer = read(stored, expected);
    assert!(matches!(answer, Err(VaultError::Integrity { .. })), "{what}: {:?}", answer.map(|bytes| bytes.len()));
}

#[test]
fn every_length_around_a_chunk_comes_back() {
    for length in [0, 1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 3 * CHUNK + 7] {
        let bytes = plain(length);
        let (stored, summary) = seal(&bytes);
        assert_eq!(summary.length, length as u64);
        assert_eq!(summary.sha256, Sha256Digest::of(&bytes));
        assert_eq!(open(&stored).unwrap().len(), length as u64);
        assert_eq!(open(&stored).unwrap().is_empty(), length == 0);
        assert_eq!(read(&stored, summary.sha256).unwrap(), bytes, "{length} bytes");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pieces_of_any_size_give_the_same_blob(pieces in prop::collection::vec(0..40_000usize, 0..8)) {
        let bytes = plain(pieces.iter().sum());
        let mut writer = BlobWriter::new(Vec::new(), &key(), &id(1), AlsoDigest::default()).unwrap();
        let mut rest = &bytes[..];
        for piece in pieces {
            let (now, later) = rest.split_at(piece);
            writer.write_all(now).unwrap();
            rest = later;
        }
        let (stored, summary) = writer.finish().unwrap();
        prop_assert_eq!(read(&stored, summary.sha256).unwrap(), bytes);
    }

    #[test]
    fn law_05_any_changed_byte_is_refused(length in 0..2 * CHUNK + 99, at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let (mut stored, summary) = seal(&plain(length));
        let at = at.index(stored.len());
        stored[at] ^= flip;
        refused("flip", &stored, summary.sha256);
    }

    #[test]
    fn law_05_any_cut_is_refused(length in 0..2 * CHUNK + 99, keep in any::<prop::sample::Index>()) {
        let (stored, summary) = seal(&plain(length));
        refused("cut", &stored[..keep.index(stored.len())], summary.sha256);
    }

    #[test]
    fn hostile_blob_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(open(&bytes).is_err());
        prop_assert!(open(&[b"LFBLOB\x01\x10".as_slice(), &bytes].concat()).is_err());
    }
}

#[test]
fn law_05_a_blob_cut_or_lengthened_at_a_chunk_border_is_refused() {
    let (stored, summary) = seal(&plain(3 * CHUNK));
    for chunks in 0..3 {
        refused("cut at a border", &stored[..HEADER + chunks * SEALED], summary.sha256);
    }
    refused("one byte more", &[&stored[..], &[0]].concat(), summary.sha256);
    refused("one tag more", &[&stored[..], &[0; 16]].concat(), summary.sha256);
    refused("last chunk twice", &[&stored[..], &stored[stored.len() - SEALED..]].concat(), summary.sha256);
}

#[test]
fn law_05_chunks_reordered_dropped_or_doubled_are_refused() {
    let (stored, summary) = seal(&plain(4 * CHUNK + 5));
    let chunks: Vec<&[u8]> = stored[HEADER..].chunks(SEALED).collect();
    let rebuilt = |order: &[usize]| {
        order.iter().fold(stored[..HEADER].to_vec(), |out, &chunk| [&out[..], chunks[chunk]].concat())
    };
    assert_eq!(rebuilt(&[0, 1, 2, 3, 4]), stored);
    for order in [&[1, 0, 2, 3, 4][..], &[0, 2, 1, 3, 4], &[0, 1, 3, 4], &[1, 2, 3, 4], &[0, 0, 1, 2, 3, 4], &[0, 1, 2, 3, 3, 4], &[4], &[0, 1, 2, 3]] {
        refused(&format!("{order:?}"), &rebuilt(order), summary.sha256);
    }
}

#[test]
fn law_05_a_blob_under_another_id_key_or_header_is_refused() {
    let bytes = plain(100);
    let (stored, summary) = seal(&bytes);
    assert!(BlobReader::open(Cursor::new(&stored), &key(), &id(2)).is_err());
    assert!(BlobReader::open(Cursor::new(&stored), &Secret32::new([6; 32]), &id(1)).is_err());
    let (again, _) = seal(&bytes);
    assert_ne!(stored, again, "one key used twice never gives the same stream");
    refused("salt of another attempt", &[&again[..HEADER], &stored[HEADER..]].concat(), summary.sha256);
}

#[test]
fn law_05_a_whole_blob_that_is_not_the_recorded_one_is_refused_before_its_end() {
    for length in [0, 1, CHUNK, 2 * CHUNK + 3] {
        let (stored, _) = seal(&plain(length));
        let other = Sha256Digest::of(b"another exhibit");
        refused("swapped content", &stored, other);
        let mut reader = open(&stored).unwrap();
        let mut stream = reader.stream(other);
        let mut given = Vec::new();
        let mut piece = vec![0; 1000];
        let error = loop {
            match stream.read(&mut piece) {
                Ok(0) => panic!("a swapped blob ended quietly"),
                Ok(n) => given.extend_from_slice(&piece[..n]),
                Err(e) => break e,
            }
        };
        assert!(length == 0 || given.len() < length, "the last bytes are withheld");
        assert!(VaultError::from_io(error, "reading", "x".as_ref()).is_integrity());
        assert!(stream.read(&mut piece).is_err(), "it stays closed");
    }
}

#[test]
fn law_05_an_unfinished_blob_never_opens() {
    let mut stored = Vec::new();
    let mut writer = BlobWriter::new(&mut stored, &key(), &id(1), AlsoDigest::default()).unwrap();
    writer.write_all(&plain(3 * CHUNK)).unwrap();
    drop(writer);
    assert!(open(&stored).unwrap_err().is_integrity());
}

#[test]
fn ten_megabytes_are_read_at_random_places() {
    let bytes = plain(10 * 1024 * 1024 + 123);
    let (stored, summary) = seal(&bytes);
    let mut reader = open(&stored).unwrap();
    let mut seed = 1u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for _ in 0..500 {
        let (start, length) = (next(bytes.len() + 10), next(200_000));
        let mut out = vec![0; length];
        let read = reader.read_at(start as u64, &mut out).unwrap();
        let end = (start + length).min(bytes.len());
        assert_eq!(&out[..read], bytes.get(start..end).unwrap_or(&[]), "{length} at {start}");
    }
    assert_eq!(reader.read_at(u64::MAX, &mut [0; 8]).unwrap(), 0);
    assert_eq!(reader.verify(summary.sha256).unwrap(), bytes.len() as u64);
}

#[test]
fn a_damaged_chunk_does_not_hide_the_others_and_is_never_served_from_memory() {
    let bytes = plain(3 * CHUNK);
    let (mut stored, _) = seal(&bytes);
    stored[HEADER + SEALED + 9] ^= 1;
    let mut reader = open(&stored).unwrap();
    let mut out = [0; 32];
    for _ in 0..2 {
        assert!(reader.read_at(CHUNK as u64, &mut out).unwrap_err().is_integrity());
        assert_eq!(reader.read_at(5, &mut out).unwrap(), 32);
        assert_eq!(out, bytes[5..37]);
    }
}

#[test]
fn declared_digests_are_taken_when_asked_for() {
    let all = AlsoDigest { md5: true, sha1: true, sha512: true };
    let (_, summary) = seal_blob(&mut &b"abc"[..], io::sink(), &key(), &id(1), all).unwrap();
    // RFC 1321 A.5 and FIPS 180-4 examples
    assert_eq!(hex::encode(summary.md5.unwrap()), "900150983cd24fb0d6963f7d28e17f72");
    assert_eq!(hex::encode(summary.sha1.unwrap()), "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_eq!(hex::encode(&summary.sha512.unwrap()[..8]), "ddaf35a193617aba");
    assert_eq!(summary.sha256.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    let (_, none) = seal(b"abc").clone();
    assert_eq!((none.md5, none.sha1, none.sha512), (None, None, None));
}

#[test]
fn a_full_disk_says_what_to_do() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
        eprintln!("SKIPPED a_full_disk_says_what_to_do: no /dev/full on this system");
        return;
    };
    let Err(error) = seal_blob(&mut &plain(10)[..], full, &key(), &id(1), AlsoDigest::default()) else {
        panic!("a full disk took the bytes");
    };
    assert!(error.to_string().contains("Free space"), "{error}");
}

/// A disk that takes a number of bytes and then, once, is full.
struct Filling {
    room: usize,
    was_full: bool,
}

impl Write for Filling {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.was_full || bytes.len() <= self.room {
            self.room = self.room.saturating_sub(bytes.len());
            return Ok(bytes.len());
        }
        self.was_full = true;
        Err(io::ErrorKind::StorageFull.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn law_05_a_blob_with_a_hole_is_never_finished() {
    for room in [HEADER, HEADER + SEALED, HEADER + SEALED + 7] {
        let disk = Filling { room, was_full: false };
        let mut writer = BlobWriter::new(disk, &key(), &id(1), AlsoDigest::default()).unwrap();
        assert!(writer.write_all(&plain(3 * CHUNK)).is_err());
        assert!(writer.write_all(b"the disk has room again").is_err());
        assert!(writer.finish().is_err());
    }
}
