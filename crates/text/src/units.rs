//! Reads a text as units: words of spaced scripts, single letters with their marks of unspaced ones,
//! symbols, and what parts them; each in normal form with the raw bytes it was written with. What a unit
//! becomes depends on the unit alone, never on what stands before or behind it: that is what makes the
//! tokens of a part of a text tokens of the text. Everything else of this crate that searches is built on it.

use std::ops::Range;

use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};

use crate::{
    chars::{Class, Info, Table, expand},
    map::Map,
};

/// What a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnitKind {
    Gap,
    Punct,
    Word,
    Cluster,
    Symbol,
}

/// A unit: its kind, where its normal form begins in the text it was written into, its raw bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) kind: UnitKind,
    pub(crate) at: usize,
    pub(crate) raw: Range<usize>,
}

/// One character of the normal form, with the raw bytes of the character it comes from.
#[derive(Debug, Clone, Copy)]
struct Piece {
    c: char,
    info: Info,
    start: usize,
    end: usize,
}

/// The units of a text, in order.
pub(crate) struct Units<'a> {
    text: &'a str,
    at: usize,
    table: Table,
    /// What is left of a character whose normal form has several; the next one stands last.
    waiting: Vec<Piece>,
}

impl<'a> Units<'a> {
    pub(crate) fn new(text: &'a str) -> Units<'a> {
        Units { text, at: 0, table: Table::get(), waiting: Vec::new() }
    }

    /// The next character that a reader sees, not yet taken.
    #[inline]
    fn peek(&mut self) -> Option<Piece> {
        if let Some(piece) = self.waiting.last() {
            return Some(*piece);
        }
        loop {
            let (start, c) = (self.at, self.text[self.at..].chars().next()?);
            let (info, end) = (self.table.of(c), start + c.len_utf8());
            if info.class() == Class::Gone {
                self.at = end;
            } else if c.is_ascii_uppercase() {
                return Some(Piece { c: c.to_ascii_lowercase(), info, start, end });
            } else if info.special() {
                self.at = end;
                self.take_apart(c, start, end);
                if let Some(piece) = self.waiting.last() {
                    return Some(*piece);
                }
            } else {
                return Some(Piece { c, info, start, end });
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn take_apart(&mut self, c: char, start: usize, end: usize) {
        let (table, waiting) = (self.table, &mut self.waiting);
        expand(c, |c| waiting.push(Piece { c, info: table.of(c), start, end }));
        waiting.reverse();
    }

    #[inline]
    fn take(&mut self, piece: Piece) {
        if self.waiting.pop().is_none() {
            self.at = piece.end;
        }
    }

    /// The next unit; its normal form is added to `out`, and each step of the way back to `map` where one is kept.
    #[inline]
    pub(crate) fn next(&mut self, out: &mut String, mut map: Option<&mut Map>) -> Option<Unit> {
        let at = out.len();
        if let Some(end) = self.plain_ascii_word() {
            let raw = self.at..end;
            out.push_str(&self.text[raw.clone()]);
            note(&mut map, at, out.len(), raw.clone());
            self.at = end;
            return Some(self.word(raw, at, out, map));
        }
        let first = self.peek()?;
        self.take(first);
        let raw = first.start..first.end;
        match first.info.class() {
            Class::Gap | Class::Gone => Some(self.gap(raw, at, out, map)),
            Class::Punct => Some(self.alone(UnitKind::Punct, first, out, map)),
            Class::Symbol => Some(self.alone(UnitKind::Symbol, first, out, map)),
            Class::Letter => {
                push(first, out, &mut map);
                Some(self.word(raw, at, out, map))
            }
            // Marks without a letter are a unit too, whatever script they are of.
            Class::Bare | Class::Mark => Some(self.cluster(first, at, out, map)),
        }
    }

    /// End of the lower-case letters and digits of ASCII that stand here.
    #[inline]
    fn plain_ascii_word(&self) -> Option<usize> {
        if !self.waiting.is_empty() {
            return None;
        }
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest.iter().take_while(|b| b.is_ascii_lowercase() || b.is_ascii_digit()).count();
        (length > 0).then_some(self.at + length)
    }

    fn gap(&mut self, mut raw: Range<usize>, at: usize, out: &mut String, mut map: Option<&mut Map>) -> Unit {
        while let Some(next) = self.peek().filter(|p| p.info.class() == Class::Gap) {
            self.take(next);
            raw.end = next.end;
        }
        out.push(' ');
        note(&mut map, at, out.len(), raw.clone());
        Unit { kind: UnitKind::Gap, at, raw }
    }

    fn alone(&mut self, kind: UnitKind, piece: Piece, out: &mut String, mut map: Option<&mut Map>) -> Unit {
        let at = out.len();
        push(piece, out, &mut map);
        Unit { kind, at, raw: piece.start..piece.end }
    }

    /// The rest of a word that has begun: letters, digits and marks, whatever script they are of.
    #[inline]
    fn word(&mut self, mut raw: Range<usize>, at: usize, out: &mut String, mut map: Option<&mut Map>) -> Unit {
        while let Some(next) = self.peek() {
            match next.info.class() {
                Class::Letter => {
                    self.take(next);
                    push(next, out, &mut map);
                    raw.end = next.end;
                }
                Class::Mark => raw.end = self.marks_in_a_word(at, out, &mut map),
                _ => break,
            }
        }
        Unit { kind: UnitKind::Word, at, raw }
    }

    /// Joins the marks that stand here to the last letter of the word: canonical order, then composed (UAX #15).
    #[cold]
    fn marks_in_a_word(&mut self, at: usize, out: &mut String, map: &mut Option<&mut Map>) -> usize {
        let letter = at + out[at..].char_indices().rev().find(|(_, c)| !is_mark(self.table, *c)).map_or(0, |(i, _)| i);
        let mut end = 0;
        while let Some(mark) = self.peek().filter(|p| p.info.class() == Class::Mark) {
            self.take(mark);
            push(mark, out, map);
            end = mark.end;
        }
        rewrite(letter, out, map, |unit| unit.nfc().collect());
        end
    }

    /// A letter of an unspaced script with its marks, in the order of storage.
    #[inline]
    fn cluster(&mut self, first: Piece, at: usize, out: &mut String, mut map: Option<&mut Map>) -> Unit {
        let mut raw = first.start..first.end;
        push(first, out, &mut map);
        let (mut rank, mut marks, mut in_order, mut all_ranked) = (first.info.rank(), 0, true, first.info.class() != Class::Mark || first.info.rank() > 0);
        while let Some(next) = self.peek().filter(|p| p.info.class() == Class::Mark) {
            self.take(next);
            push(next, out, &mut map);
            (marks, raw.end) = (marks + 1, next.end);
            let own = next.info.rank();
            in_order &= own > rank;
            all_ranked &= own > 0;
            rank = own;
        }
        if marks > 0 && !(in_order && all_ranked) {
            let table = self.table;
            rewrite(at, out, &mut map, |unit| by_rank(table, unit));
        }
        Unit { kind: UnitKind::Cluster, at, raw }
    }
}

fn is_mark(table: Table, c: char) -> bool {
    table.of(c).class() == Class::Mark
}

/// Marks sorted by their place, then by canonical class, equal ones as they were written; those without a place
/// stand first and are composed with the letter. A mark that is written twice counts once. Taken apart before
/// and sorted by both, so that canonical equivalents (UAX #15) stay one.
fn by_rank(table: Table, unit: &str) -> String {
    let mut chars: Vec<char> = unit.nfd().collect();
    let letters = chars.iter().take_while(|c| !is_mark(table, **c)).count();
    chars[letters..].sort_by_key(|c| (table.of(*c).rank(), canonical_combining_class(*c)));
    let placed = chars.iter().position(|c| table.of(*c).rank() > 0).unwrap_or(chars.len());
    let mut form: String = chars[..placed].iter().copied().nfc().collect();
    let mut before = None;
    for c in &chars[placed..] {
        if before != Some(c) {
            form.push(*c);
        }
        before = Some(c);
    }
    form
}

#[inline]
fn push(piece: Piece, out: &mut String, map: &mut Option<&mut Map>) {
    let at = out.len();
    out.push(piece.c);
    note(map, at, out.len(), piece.start..piece.end);
}

#[inline]
fn note(map: &mut Option<&mut Map>, at: usize, end: usize, raw: Range<usize>) {
    if let Some(map) = map {
        map.add(at, end, raw);
    }
}

/// Replaces what was written from `at` on; the map then leads from all of it to all the raw bytes it came from.
fn rewrite(at: usize, out: &mut String, map: &mut Option<&mut Map>, form: impl Fn(&str) -> String) {
    let new = form(&out[at..]);
    if out[at..] == new {
        return;
    }
    out.truncate(at);
    out.push_str(&new);
    if let Some(map) = map {
        map.join(at, out.len());
    }
}
