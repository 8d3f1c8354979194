//! The fuzz corpus replayed, mutated and mixed with random bytes: nothing panics, and each file of the
//! corpus is read or refused as its name says (`good-…`, `bad-…`).

use std::path::{Path, PathBuf};

use ledger::{Frontier, Growth, LogKey, SignedCheckpoint, Split, TlogProof, fuzz, key::public_key_from_pem, tile};
use proptest::prelude::*;

/// Name of the folder, entry point, and whether the parser reads the bytes.
type Target = (&'static str, fn(&[u8]), fn(&[u8]) -> bool);

const TARGETS: [Target; 7] = [
    ("note", fuzz::note, |bytes| SignedCheckpoint::parse(bytes).is_ok()),
    ("proof", fuzz::proof, |bytes| TlogProof::parse(bytes).is_ok()),
    ("growth", fuzz::growth, |bytes| Growth::parse(bytes).is_ok()),
    ("split", fuzz::split, |bytes| Split::parse(bytes).is_ok()),
    ("key", fuzz::key, reads_key),
    ("tile", fuzz::tile, reads_tile),
    ("frontier", fuzz::frontier, |bytes| Frontier::from_bytes(bytes).is_ok()),
];

fn reads_key(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).unwrap_or("");
    text.parse::<LogKey>().is_ok() || public_key_from_pem(text).is_ok()
}

fn reads_tile(bytes: &[u8]) -> bool {
    let end = bytes.iter().position(|b| *b == b'\n').unwrap_or(0);
    let Ok(path) = std::str::from_utf8(&bytes[..end]).unwrap_or("").parse() else { return false };
    tile::parse_bundle(path, &bytes[end + 1..]).is_ok() || tile::parse_hash_tile(path, &bytes[end + 1..]).is_ok()
}

fn files(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn law_14_every_corpus_file_is_read_or_refused_as_named() {
    for (target, run, reads) in TARGETS {
        let files = files(target);
        let good = files.iter().filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("good-")).count();
        assert!(good > 0 && good < files.len(), "{target}: good and bad files are both needed");
        for path in files {
            let bytes = std::fs::read(&path).unwrap();
            run(&bytes);
            let expected = path.file_name().unwrap().to_str().unwrap().starts_with("good-");
            assert_eq!(reads(&bytes), expected, "{}", path.display());
        }
    }
}

proptest! {
    #[test]
    fn law_14_random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        TARGETS.iter().for_each(|(_, run, _)| run(&bytes));
    }

    #[test]
    fn law_14_mutated_corpus_files_never_panic(pick: usize, cuts in proptest::collection::vec((any::<usize>(), any::<u8>(), 0_u8..4), 1..8)) {
        for (target, run, _) in TARGETS {
            let files = files(target);
            let mut bytes = std::fs::read(&files[pick % files.len()]).unwrap();
            for (at, byte, how) in &cuts {
                mutate(&mut bytes, *at, *byte, *how);
                run(&bytes);
            }
        }
    }
}

fn mutate(bytes: &mut Vec<u8>, at: usize, byte: u8, how: u8) {
    if bytes.is_empty() {
        return bytes.push(byte);
    }
    let at = at % bytes.len();
    match how {
        0 => bytes[at] = byte,
        1 => bytes.insert(at, byte),
        2 => bytes.truncate(at),
        _ => drop(bytes.remove(at)),
    }
}
