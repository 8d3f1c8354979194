//! The normal form in which texts are matched, with a map back to the raw bytes. What is made equal:
//! canonical forms and orders (UAX #15, composed); upper and lower case; digits of all scripts and ASCII;
//! Lao `ຫນ`/`ໜ`, `ຫມ`/`ໝ`, `ໍາ`/`ຳ`, Thai `ํา`/`ำ`, two `ເ`/`เ` and `ແ`/`แ`; marks of one letter in any order
//! (Thai, Lao, Khmer; Burmese by UTN #11), a mark typed twice and once; full and half width, ligatures,
//! mathematical letters; blanks of any kind and number; what is typed for apostrophes, hyphens, quotes.
//! What a reader does not see (zero width, controls of direction) is gone.
//!
//! It refuses to guess: nothing here depends on context, on a language or on a dictionary, so the normal form
//! of a part is a part of the normal form. What would need more than one letter with its marks stays as
//! written (Khmer subscripts in another order, Burmese marks beyond an aa). Zawgyi is not Unicode: `zawgyi`
//! is a step of its own, told to the reader. Look-alikes of other scripts: `fold`.

use std::ops::Range;

use crate::{
    map::Map,
    units::{Unit, UnitKind, Units},
};

pub use crate::chars::digit;

/// A text in its normal form, with the way back.
///
/// ```
/// let normal = text::normal::Normal::of("Ｐrice: ໕໐໐\u{200B}ກີບ");
/// assert_eq!(normal.text(), "price: 500ກີບ");
/// assert_eq!(normal.raw(0..5), 0..7);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normal {
    text: String,
    map: Map,
}

impl Normal {
    /// The normal form of a text. Blanks of any kind and number become one space.
    pub fn of(raw: &str) -> Normal {
        let (mut text, mut map) = (String::with_capacity(raw.len()), Map::of(raw.len()));
        let mut units = Units::new(raw);
        while units.next(&mut text, Some(&mut map)).is_some() {}
        Normal { text, map }
    }

    /// The normal form.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The raw bytes from which these bytes of the normal form come: whole characters of the raw text, and
    /// the whole letter with its marks where its marks were moved. An empty range leads to an empty one.
    pub fn raw(&self, normal: Range<usize>) -> Range<usize> {
        self.map.raw(normal)
    }
}

/// The normal form alone.
pub fn normal(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut units = Units::new(raw);
    while units.next(&mut text, None).is_some() {}
    text
}

/// How strictly an occurrence must agree with what is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The same words and clusters one after the other, whatever blanks and punctuation stand between.
    Loose,
    /// The same normal form, blanks and punctuation included.
    Exact,
}

/// Every place of `text` where `query` stands, as raw bytes, also overlapping ones. Words must agree whole,
/// unspaced scripts cluster by cluster. Nothing for a query without a word, cluster or symbol.
///
/// This is what a hit of an index is confirmed with, and the definition that `tokens` is complete against.
pub fn occurrences(text: &str, query: &str, how: How) -> Vec<Range<usize>> {
    let query = Line::of(query);
    if query.items.is_empty() {
        return Vec::new();
    }
    let text = Line::of(text);
    // Every form begins with a separator, and the query's ends with one: matches are whole items.
    let finder = memchr::memmem::Finder::new(query.form.as_bytes());
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = finder.find(&text.form.as_bytes()[from..]) {
        from += at + 1;
        let first = text.items.partition_point(|item| item.at < from - 1);
        let last = first + query.items.len() - 1;
        if how == How::Loose || (first..last).zip(0..).all(|(t, q)| text.gap(t) == query.gap(q)) {
            found.push(text.items[first].raw.start..text.items[last].raw.end);
        }
    }
    found
}

const PART: char = '\u{1F}';

/// The items of a text in one line, each between two separators, and what stood between them.
struct Line {
    form: String,
    items: Vec<Item>,
    gaps: String,
}

struct Item {
    at: usize,
    gap: usize,
    raw: Range<usize>,
}

impl Line {
    fn of(text: &str) -> Line {
        let mut line = Line { form: String::with_capacity(text.len() * 5 / 4), items: Vec::new(), gaps: String::new() };
        line.form.push(PART);
        let mut units = Units::new(text);
        let mut one = String::new();
        while let Some(Unit { kind, raw, .. }) = units.next(&mut one, None) {
            if matches!(kind, UnitKind::Gap | UnitKind::Punct) {
                line.gaps.push_str(&one);
            } else {
                line.items.push(Item { at: line.form.len() - 1, gap: line.gaps.len(), raw });
                line.form.push_str(&one);
                line.form.push(PART);
            }
            one.clear();
        }
        line
    }

    /// What stands between this item and the next.
    fn gap(&self, item: usize) -> &str {
        &self.gaps[self.items[item].gap..self.items[item + 1].gap]
    }
}

/// Target of the fuzzer: the map leads back for any text, and the normal form of the normal form is itself.
pub fn fuzz_normal(raw: &str) {
    let normal = Normal::of(raw);
    assert_eq!(normal.text, self::normal(raw));
    assert_eq!(self::normal(&normal.text), normal.text, "of {raw:?}");
    let mut before = 0;
    for (at, c) in normal.text.char_indices() {
        let range = normal.raw(at..at + c.len_utf8());
        assert!(raw.is_char_boundary(range.start) && raw.is_char_boundary(range.end) && range.start < range.end);
        assert!(range.start >= before, "the map goes back in {raw:?}");
        before = range.start;
    }
    assert_eq!(normal.raw(0..normal.text.len()).end.max(before), normal.raw(0..normal.text.len()).end);
}
