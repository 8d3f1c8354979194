//! Entry points for fuzzing: one per parser of strangers' bytes. Each checks the one promise that all
//! these parsers make: what is read at all is written again as the same bytes.

use crate::{growth::Growth, key::LogKey, note::SignedCheckpoint, proof::TlogProof, split::Split, tile, tree::Frontier};

/// A signed checkpoint.
///
/// # Panics
/// When a note has a second spelling: that is the finding.
pub fn note(bytes: &[u8]) {
    if let Ok(note) = SignedCheckpoint::parse(bytes) {
        assert_eq!(note.to_text().as_bytes(), bytes, "a note with two spellings");
    }
}

/// A receipt.
///
/// # Panics
/// When a receipt has a second spelling.
pub fn proof(bytes: &[u8]) {
    if let Ok(proof) = TlogProof::parse(bytes) {
        assert_eq!(proof.to_text().as_bytes(), bytes, "a receipt with two spellings");
    }
}

/// A growth proof.
///
/// # Panics
/// When a growth proof has a second spelling.
pub fn growth(bytes: &[u8]) {
    if let Ok(growth) = Growth::parse(bytes) {
        assert_eq!(growth.to_text().as_bytes(), bytes, "a growth proof with two spellings");
    }
}

/// A proof of a split log.
///
/// # Panics
/// When such a proof has a second spelling.
pub fn split(bytes: &[u8]) {
    if let Ok(split) = Split::parse(bytes) {
        assert_eq!(split.to_text().as_bytes(), bytes, "a proof of a split with two spellings");
    }
}

/// A verifier key, and the same text as PEM.
///
/// # Panics
/// When a verifier key has a second spelling.
pub fn key(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(key) = text.parse::<LogKey>() {
        assert_eq!(key.to_string(), text, "a verifier key with two spellings");
    }
    if let Ok(key) = crate::key::public_key_from_pem(text) {
        let again = crate::key::public_key_from_pem(&crate::key::public_key_to_pem(&key));
        assert_eq!(again, Ok(key), "a PEM key that is not read back");
    }
}

/// A tile: its name on the first line, its bytes after it.
///
/// # Panics
/// When a tile or its name has a second spelling.
pub fn tile(bytes: &[u8]) {
    let Some(end) = bytes.iter().position(|b| *b == b'\n') else { return };
    let Some(path) = std::str::from_utf8(&bytes[..end]).ok().and_then(|name| name.parse::<tile::TilePath>().ok()) else { return };
    let content = &bytes[end + 1..];
    if let Ok(leaves) = tile::parse_bundle(path, content) {
        assert_eq!(tile::bundle_bytes(&leaves).as_deref(), Ok(content), "a bundle with two spellings");
    }
    let mut set = tile::TileSet::default();
    if set.insert(path, content).is_ok() {
        assert_eq!(tile::hash_tile_bytes(path, &set).as_deref(), Ok(content), "a tile with two spellings");
    }
}

/// A stored log head.
///
/// # Panics
/// When a head has a second spelling.
pub fn frontier(bytes: &[u8]) {
    if let Ok(mut head) = Frontier::from_bytes(bytes) {
        assert_eq!(head.to_bytes(), bytes, "a log head with two spellings");
        head.append(head.root());
    }
}
