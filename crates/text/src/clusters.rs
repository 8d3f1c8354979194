//! What a reader takes for one letter: extended grapheme clusters (UAX #29), and what Khmer and Burmese need
//! beyond them: a letter under a letter (coeng, virama), a Burmese aa or visarga belongs to its letter. For
//! showing, highlighting and counting. The index is cut finer, see [`crate::tokens`].

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// The clusters of a text, one after the other without a hole.
///
/// ```
/// let clusters: Vec<&str> = text::clusters::clusters("ស្ត្រី ကျော်း ນ້ຳ").map(|raw| &"ស្ត្រី ကျော်း ນ້ຳ"[raw]).collect();
/// assert_eq!(clusters, ["ស្ត្រី", " ", "ကျော်း", " ", "ນ້ຳ"]);
/// ```
pub fn clusters(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut pieces = text.grapheme_indices(true).map(|(at, piece)| at..at + piece.len()).peekable();
    std::iter::from_fn(move || {
        let mut raw = pieces.next()?;
        while let Some(next) = pieces.next_if(|next| belongs(&text[raw.clone()], &text[next.clone()])) {
            raw.end = next.end;
        }
        Some(raw)
    })
}

/// Whether a piece belongs to the cluster before it.
fn belongs(before: &str, piece: &str) -> bool {
    let first = piece.chars().next().unwrap_or(' ');
    if matches!(before.chars().next_back(), Some('\u{17D2}' | '\u{1039}')) {
        return matches!(first, '\u{1000}'..='\u{102A}' | '\u{103F}' | '\u{104E}' | '\u{1050}'..='\u{1055}' | '\u{1780}'..='\u{17B3}');
    }
    matches!(first, '\u{102B}' | '\u{102C}' | '\u{1038}') && before.chars().next().is_some_and(|c| ('\u{1000}'..='\u{109F}').contains(&c))
}

/// The smallest whole clusters around some bytes; the text's ends where the bytes lie outside.
pub fn around(text: &str, raw: Range<usize>) -> Range<usize> {
    let (mut start, mut end) = (raw.start.min(text.len()), raw.end.min(text.len()));
    let from = certain_beginning(text.as_bytes(), start);
    for cluster in clusters(&text[from..]).map(|cluster| from + cluster.start..from + cluster.end) {
        if cluster.start < raw.start && raw.start < cluster.end {
            start = cluster.start;
        }
        if cluster.start < raw.end && raw.end < cluster.end {
            end = cluster.end;
        }
        if cluster.start >= raw.end {
            break;
        }
    }
    start..end.max(start)
}

/// The last place up to here at which a cluster begins whatever stands before: between two letters of ASCII, which belong
/// together in a line end only (rules GB3 to GB5 and GB999). What lies before need not be read.
fn certain_beginning(text: &[u8], at: usize) -> usize {
    let begins = |at: &usize| text.get(*at).is_some_and(u8::is_ascii) && text[at - 1].is_ascii() && &text[at - 1..=*at] != b"\r\n";
    (1..=at).rev().find(begins).unwrap_or(0)
}

/// Target of the fuzzer: clusters cover any text, and never end where the index would not cut, but for
/// invisible characters, which the index does not see.
pub fn fuzz_clusters(text: &str) {
    // Each look around reads a line of ASCII and all that hangs on it: in a text without any that is the whole text.
    let (mut at, mut looks) = (0, 1 + 1_000_000 / text.len().max(1));
    for cluster in clusters(text) {
        assert_eq!(cluster.start, at);
        assert!(text.is_char_boundary(cluster.end));
        if looks > 0 {
            looks -= 1;
            assert_eq!(around(text, cluster.clone()), cluster);
        }
        at = cluster.end;
    }
    assert_eq!(at, text.len());
}
