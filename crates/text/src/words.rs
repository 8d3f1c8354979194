//! Dictionary words of Lao, Thai, Khmer, Burmese and Chinese (and plain words of the others), by the
//! dictionaries of ICU4X. For ranking and highlighting only: a phrase query over dictionary words misses 7 to
//! 38 of 100 true occurrences, because the same letters are parted in another way in another sentence. The
//! index of record is [`crate::tokens`]. Never the neural model: 80 times slower, and worse for three of the
//! four languages.

use std::ops::Range;

use icu_segmenter::{WordSegmenter, options::WordBreakInvariantOptions};

use crate::normal::normal;

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// In normal form.
    pub text: String,
    /// Its raw bytes.
    pub raw: Range<usize>,
}

/// The words of a text; blanks and punctuation are left out.
///
/// ```
/// let words: Vec<&str> = text::words::words("ສະບາຍດີ ຊາວໂລກ").map(|w| &"ສະບາຍດີ ຊາວໂລກ"[w.raw]).collect();
/// assert_eq!(words, ["ສະບາຍດີ", "ຊາວໂລກ"]);
/// ```
pub fn words(text: &str) -> impl Iterator<Item = Word> + '_ {
    ranges(text).map(|raw| Word { text: normal(&text[raw.clone()]), raw })
}

/// The raw bytes of the words of a text.
pub fn ranges(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let segmenter = WordSegmenter::new_dictionary(WordBreakInvariantOptions::default());
    let mut start = 0;
    let breaks: Vec<(usize, bool)> = segmenter.segment_str(text).iter_with_word_type().map(|(at, kind)| (at, kind.is_word_like())).collect();
    breaks.into_iter().filter_map(move |(end, word)| {
        let raw = start..end;
        start = end;
        (word && !raw.is_empty()).then_some(raw)
    })
}

/// Target of the fuzzer: words are whole characters, in order, and do not overlap.
pub fn fuzz_words(text: &str) {
    let mut at = 0;
    for word in words(text) {
        assert!(word.raw.start >= at && text.get(word.raw.clone()).is_some());
        at = word.raw.end;
    }
}
