//! Entry points for fuzzing: one for each parser of bytes that come from outside the home.

use crate::Tombstone;

/// A tombstone: read or refused, and written again it reads as the same.
///
/// # Panics
/// When it does not: that is the finding.
pub fn tombstone(bytes: &[u8]) {
    if let Ok(tombstone) = Tombstone::parse(bytes) {
        let again = serde_json::to_vec(&tombstone).expect("a tombstone is plain data");
        assert_eq!(Tombstone::parse(&again).ok(), Some(tombstone), "a tombstone that is not read back");
    }
}
