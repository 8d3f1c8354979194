//! The text that a reader sees in a part of a page, with the raw bytes of each of its characters.
//!
//! Entities are read, white space is made one, invisible characters are left out, boxes and line breaks part words.
//! Nothing is translated, folded or corrected; a byte that is no UTF-8 is shown as U+FFFD and keeps its place.

use std::ops::Range;

use super::tree::{Tag, Tree};
use crate::flat::{entity, invisible};

/// Bytes of text that one cell may hold.
pub(crate) const LONGEST_CELL: usize = 64 << 10;

/// Text with its map: for each byte the raw range that it came from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    pub text: String,
    raw: Vec<(u32, u32)>,
    /// The text was longer than a cell may be.
    pub cut: bool,
}

impl Shown {
    /// All text below a node, or of a text; of nothing that `leave` takes.
    pub(crate) fn of(tree: &Tree<'_>, node: usize, leave: impl Fn(usize) -> bool) -> Self {
        let mut writer = Writer { tree, shown: Shown::default(), space: None };
        let mut before = None;
        let mut at = node;
        let last = tree.nodes[node].last as usize;
        while at < last {
            let here = tree.nodes[at];
            if here.tag.is_hidden() && at != node || leave(at) {
                at = here.last as usize;
                continue;
            }
            if here.tag == Tag::TEXT && at > 0 {
                if before.is_some_and(|b| ends_box(tree, b, at)) {
                    writer.part(here.start);
                }
                writer.text(here.start as usize, here.end as usize);
                before = Some(at);
            } else if !here.tag.is_inline() {
                writer.part(here.start);
            }
            if writer.shown.text.len() > LONGEST_CELL {
                writer.shown.cut = true;
                break;
            }
            at += 1;
        }
        writer.shown
    }

    /// The text of a raw range, such as an attribute's value.
    pub(crate) fn of_range(tree: &Tree<'_>, range: Range<usize>) -> Self {
        let mut writer = Writer { tree, shown: Shown::default(), space: None };
        writer.text(range.start, range.end.min(range.start + LONGEST_CELL));
        writer.shown.cut = range.len() > LONGEST_CELL;
        writer.shown
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// A part of the text, without the white space at its ends.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        let part = &self.text[range.clone()];
        let start = range.start + (part.len() - part.trim_start().len());
        let end = (start + part.trim().len()).max(start);
        Shown { text: self.text[start..end].to_owned(), raw: self.raw[start..end].to_vec(), cut: self.cut }
    }

    /// The raw range of a not empty part of the text.
    pub(crate) fn raw(&self, range: Range<usize>) -> Option<(usize, usize)> {
        let first = self.raw.get(range.start)?;
        let last = self.raw.get(range.end.checked_sub(1)?)?;
        Some((first.0 as usize, last.1.max(first.1) as usize))
    }

    /// The raw range of all of it.
    pub(crate) fn whole(&self) -> Option<(usize, usize)> {
        self.raw(0..self.text.len())
    }
}

/// Whether a box that holds `before` ends before the text `at`.
fn ends_box(tree: &Tree<'_>, before: usize, at: usize) -> bool {
    tree.upwards(before).skip(1).take_while(|n| (tree.nodes[*n].last as usize) <= at).any(|n| !tree.nodes[n].tag.is_inline())
}

struct Writer<'t, 'a> {
    tree: &'t Tree<'a>,
    shown: Shown,
    space: Option<(u32, u32)>,
}

impl Writer<'_, '_> {
    fn part(&mut self, raw: u32) {
        if !self.shown.text.is_empty() && self.space.is_none() {
            self.space = Some((raw, raw));
        }
    }

    fn letter(&mut self, letter: char, raw: usize, length: usize) {
        let range = (narrow(raw), narrow(raw + length));
        if letter.is_whitespace() {
            if !self.shown.text.is_empty() && self.space.is_none_or(|space| space.0 == space.1) {
                self.space = Some(range);
            }
            return;
        }
        if let Some(space) = self.space.take() {
            self.shown.text.push(' ');
            self.shown.raw.push(space);
        }
        self.shown.text.push(letter);
        self.shown.raw.extend(std::iter::repeat_n(range, letter.len_utf8()));
    }

    fn text(&mut self, start: usize, end: usize) {
        let mut at = start;
        while at < end && self.shown.text.len() <= LONGEST_CELL {
            let rest = &self.tree.bytes[at..end];
            at += match rest[0] {
                b'&' => self.entity(rest, at),
                plain @ ..0x80 => {
                    self.letter(char::from(plain), at, 1);
                    1
                }
                _ => self.wide(rest, at),
            };
        }
    }

    fn entity(&mut self, rest: &[u8], at: usize) -> usize {
        if let Some((letter, length)) = money(rest) {
            self.letter(letter, at, length);
            return length;
        }
        match entity(rest) {
            Some((letter, length)) => {
                if let Some(letter) = letter {
                    self.letter(letter, at, length);
                }
                length
            }
            None => {
                self.letter('&', at, 1);
                1
            }
        }
    }

    fn wide(&mut self, rest: &[u8], at: usize) -> usize {
        if let Some(length) = invisible(rest) {
            return length;
        }
        let head = &rest[..rest.len().min(4)];
        let letter = match std::str::from_utf8(head) {
            Ok(text) => text.chars().next(),
            Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).ok().and_then(|text| text.chars().next()),
        };
        let (letter, length) = letter.map_or((char::REPLACEMENT_CHARACTER, 1), |letter| (letter, letter.len_utf8()));
        self.letter(letter, at, length);
        length
    }
}

/// Entities that stand in prices and in market names, beside those of identifiers.
fn money(rest: &[u8]) -> Option<(char, usize)> {
    const NAMES: [(&[u8], char); 16] = [
        (b"&dollar;", '$'), (b"&euro;", '€'), (b"&pound;", '£'), (b"&yen;", '¥'), (b"&cent;", '¢'), (b"&curren;", '¤'),
        (b"&middot;", '·'), (b"&bull;", '•'), (b"&times;", '×'), (b"&star;", '☆'), (b"&starf;", '★'), (b"&check;", '✓'),
        (b"&laquo;", '«'), (b"&raquo;", '»'), (b"&rsquo;", '’'), (b"&comma;", ','),
    ];
    NAMES.iter().find(|(name, _)| rest.starts_with(name)).map(|(name, letter)| (*letter, name.len()))
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).expect("a page is read up to 16 MiB")
}
