//! Entry points for fuzzing: one for each parser of bytes that come from outside the home.

use crate::{Tombstone, bucket::answer};

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

/// What an object store answers. Gives what was understood of it, for the corpus test.
///
/// # Panics
/// When something is read that the answer cannot have said: that is the finding.
pub fn answer(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let keys = answer::keys(text);
    let uploads = answer::uploads(text);
    let read = keys.iter().flat_map(|page| &page.entries).map(String::len).sum::<usize>();
    assert!(read <= text.len(), "names that the answer is too short for");
    let understood = [
        answer::error_code(text).map(|code| format!("error {code}")),
        answer::upload_id(text).map(|id| format!("upload {id}")),
        answer::is_completed(text).then(|| "completed".to_string()),
        answer::retention(text).map(|kept| format!("retention {kept:?}")),
        keys.map(|page| format!("keys {:?} then {:?}", page.entries, page.next)),
        uploads.map(|page| format!("uploads {:?} then {:?}", page.entries, page.next)),
    ];
    understood.into_iter().flatten().reduce(|all, one| format!("{all}; {one}"))
}
