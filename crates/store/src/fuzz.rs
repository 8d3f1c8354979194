//! Entry points for fuzzing: what a stranger's server answers. The promise: nothing panics, and what was
//! read out of an answer stands in it.

use crate::bucket::answer;

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
