//! Every text of the corpus through every fuzz entry, whole and cut at every character.

use std::{fs, path::Path};

#[test]
fn strange_texts_never_stop_any_part() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/text");
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        text::fuzz_all(&text);
        for (at, _) in text.char_indices() {
            text::fuzz_all(&text[at..]);
            text::fuzz_all(&text[..at]);
        }
        files += 1;
    }
    assert!(files >= 12, "the corpus was not found");
}
