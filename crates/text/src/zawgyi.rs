//! Burmese in the old Zawgyi encoding: whether a text is written in it, how sure that is, and its Unicode
//! form with a map to the raw bytes. Zawgyi puts other letters on the code points of the Burmese block
//! (a visible killer on U+1039, medials one place lower, ready-made stacks on U+1060..U+1097) and stores what is
//! seen first first: vowel e and medial ra stand before their consonant. Rules from the published tables of
//! both encodings and the storage order of UTN #11.
//!
//! A step of its own, never taken silently: whoever converts tells the reader, and keeps the raw text. The
//! detector weighs orders and letters that only one of the two encodings has; it does not know words, so a
//! text with no such sign ("က") cannot be told, and Shan, Mon and Karen, which use the same high code points
//! rightly, are recognised only by their own signs.

use std::ops::Range;

use crate::map::Map;

/// What the detector says of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guess {
    /// Weight of what only Zawgyi writes.
    pub for_zawgyi: f64,
    /// Weight of what only Unicode writes.
    pub for_unicode: f64,
}

/// In which encoding a Burmese text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Zawgyi, with at least 95 of 100.
    Zawgyi,
    /// Unicode, with at least 95 of 100.
    Unicode,
    /// Too few signs, or signs of both (a page may hold both; ask for each paragraph).
    Unclear,
}

/// So much weight of one side over the other is nineteen to one: 95 of 100.
const SURE: f64 = 3.0;

impl Guess {
    /// How likely Zawgyi is, from 0 to 1; 0.5 where there is no sign at all. A weight of rules,
    /// not a frequency: how often it is right is in docs/benchmarks.md.
    pub fn likelihood(&self) -> f64 {
        1.0 / (1.0 + (self.for_unicode - self.for_zawgyi).exp())
    }

    /// The encoding, where it is sure.
    pub fn encoding(&self) -> Encoding {
        match self.for_zawgyi - self.for_unicode {
            d if d >= SURE => Encoding::Zawgyi,
            d if d <= -SURE => Encoding::Unicode,
            _ => Encoding::Unclear,
        }
    }
}

fn is_consonant(c: char) -> bool {
    matches!(c, '\u{1000}'..='\u{1021}' | '\u{1023}'..='\u{1027}' | '\u{1029}' | '\u{102A}' | '\u{103F}')
}

fn is_burmese(c: char) -> bool {
    matches!(c, '\u{1000}'..='\u{109F}')
}

/// Vowel signs, anusvara and dot below: the same in both encodings.
fn is_vowel_or_sign(c: char) -> bool {
    matches!(c, '\u{102B}'..='\u{1030}' | '\u{1032}' | '\u{1036}' | '\u{1037}')
}

/// Weighs the signs of both encodings in a text.
pub fn guess(text: &str) -> Guess {
    let mut guess = Guess { for_zawgyi: 0.0, for_unicode: 0.0 };
    let (mut before, mut chars) = (' ', text.chars().filter(|c| !crate::chars::is_gone(*c)).peekable());
    while let Some(c) = chars.next() {
        if is_burmese(c) {
            let next = chars.peek().copied().unwrap_or(' ');
            let (zawgyi, unicode) = weigh(before, c, next);
            guess.for_zawgyi += zawgyi;
            guess.for_unicode += unicode;
        }
        before = c;
    }
    guess
}

/// What one character between its neighbours says for Zawgyi and for Unicode.
fn weigh(before: char, c: char, next: char) -> (f64, f64) {
    let medial = |c: char| matches!(c, '\u{103A}'..='\u{103E}');
    match c {
        // e: seen first, or stored behind its consonant.
        '\u{1031}' if !is_burmese(before) || is_vowel_or_sign(before) || before == '\u{1038}' => (3.0, 0.0),
        '\u{1031}' if !is_burmese(next) || is_vowel_or_sign(next) || matches!(next, '\u{1038}' | '\u{104A}' | '\u{104B}') => (0.0, 3.0),
        // A virama joins consonants; a killer ends them.
        '\u{1039}' if before == '\u{103A}' && is_consonant(next) => (0.2, 3.0),
        '\u{1039}' if !is_consonant(next) => (3.0, 0.0),
        // Killer behind aa or before a visarga, or medial ya before a vowel.
        '\u{103A}' if matches!(before, '\u{102B}' | '\u{102C}' | '\u{1037}') => (0.0, 3.0),
        '\u{103A}' if next == '\u{1038}' => (0.1, 2.0),
        '\u{103A}' if is_vowel_or_sign(next) && next != '\u{1037}' || medial(next) || matches!(next, '\u{1033}' | '\u{1034}') => (2.0, 0.1),
        '\u{103A}' if is_consonant(before) => (0.1, 1.3),
        // Medial ya behind its consonant, or medial ra before it.
        '\u{103B}' if !is_burmese(before) && is_consonant(next) => (3.0, 0.0),
        '\u{103B}' if !is_consonant(before) && is_consonant(next) => (3.0, 0.0),
        '\u{103B}' | '\u{103C}' if is_consonant(before) && (is_vowel_or_sign(next) || matches!(next, '\u{1031}' | '\u{103D}' | '\u{103E}')) => {
            // Zawgyi has wa here, and may put it before ha and a vowel.
            if c == '\u{103B}' { (0.0, 2.0) } else { (0.5, 0.5) }
        }
        '\u{103E}' => (0.0, 2.0),
        '\u{1033}' | '\u{1034}' => (2.0, 0.1),
        // Tones of Shan follow a letter or a killer; Zawgyi has medials there, behind a consonant only.
        '\u{1087}'..='\u{108C}' if matches!(before, '\u{103A}' | '\u{102D}'..='\u{1030}' | '\u{1035}' | '\u{1062}' | '\u{1083}'..='\u{1086}') && !is_vowel_or_sign(next) => (0.0, 2.0),
        '\u{107E}'..='\u{1084}' if is_consonant(next) && !is_consonant(before) => (3.0, 0.2),
        '\u{105A}' | '\u{1064}' | '\u{107D}'..='\u{1081}' | '\u{1094}' | '\u{1095}' => (0.8, 0.2),
        _ => (0.0, 0.0),
    }
}

/// A text put into Unicode, with the way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    text: String,
    map: Map,
}

impl Converted {
    /// The Unicode text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The raw bytes from which these bytes of the Unicode text come: whole syllables where letters were moved.
    pub fn raw(&self, unicode: Range<usize>) -> Range<usize> {
        self.map.raw(unicode)
    }
}

/// Puts a Zawgyi text into Unicode. What is not Burmese is copied. A text that is Unicode already comes out
/// spoiled: ask [`guess`] first.
///
/// ```
/// let text = "\u{1031}\u{1019}\u{102C}\u{1004}\u{1039}";
/// assert_eq!(text::zawgyi::guess(text).encoding(), text::zawgyi::Encoding::Zawgyi);
/// assert_eq!(text::zawgyi::to_unicode(text).text(), "မောင်");
/// ```
pub fn to_unicode(text: &str) -> Converted {
    let mut out = Converted { text: String::with_capacity(text.len()), map: Map::of(text.len()) };
    let mut chars = text.char_indices().filter(|(_, c)| *c != '\u{200B}').peekable();
    while let Some((start, c)) = chars.next() {
        let (at, mut end) = (out.text.len(), start + c.len_utf8());
        if !is_burmese(c) || matches!(c, '\u{104A}'..='\u{104D}' | '\u{104F}') {
            out.text.push(c);
            out.map.add(at, out.text.len(), start..end);
            continue;
        }
        let mut syllable = Syllable::default();
        syllable.read(c);
        while let Some((next_at, next)) = chars.next_if(|(_, next)| is_burmese(*next) && syllable.goes_on(*next)) {
            syllable.read(next);
            end = next_at + next.len_utf8();
        }
        syllable.write(&mut out.text);
        let written = out.text.len();
        if text[start..end] == out.text[at..] {
            out.map.add(at, written, start..end);
        } else {
            // Through a join, so that a step whose letters moved is never taken for a copy.
            out.map.add(at, written, start..end);
            out.map.join(at, written);
        }
    }
    out
}

/// What was read of one syllable: what is seen before the consonant, the consonant, what follows.
#[derive(Default)]
struct Syllable {
    kinzi: bool,
    base: String,
    /// Place in the order of storage, and the letters.
    marks: Vec<(u8, &'static str)>,
}

impl Syllable {
    /// Whether a character belongs to the syllable: everything up to the consonant, then only what follows one.
    fn goes_on(&self, c: char) -> bool {
        match kind(c) {
            Kind::Base(_) => self.base.is_empty(),
            Kind::Before(_) => self.base.is_empty() && self.marks.iter().all(|(rank, _)| matches!(rank, 2 | 5)),
            Kind::After(_) => true,
            Kind::None => false,
        }
    }

    fn read(&mut self, c: char) {
        match kind(c) {
            Kind::Base("") => self.base.push(c),
            Kind::Base(base) => self.base.push_str(base),
            Kind::Before(mark) => self.marks.push(mark),
            Kind::After(marks) => {
                for mark in marks {
                    if mark.0 == KINZI {
                        self.kinzi = true;
                    } else {
                        self.marks.push(*mark);
                    }
                }
            }
            Kind::None => self.base.push(c),
        }
    }

    fn write(mut self, out: &mut String) {
        self.marks.sort_by_key(|(rank, _)| *rank);
        self.marks.dedup();
        let has = |letters: &str| self.marks.iter().any(|(_, mark)| *mark == letters);
        let base = match self.base.as_str() {
            "\u{1025}" if has("\u{103A}") => "\u{1009}",
            "\u{1025}" if has("\u{102E}") => "\u{1026}",
            "\u{1040}" if !self.marks.is_empty() => "\u{101D}",
            "\u{1047}" if !self.marks.is_empty() => "\u{101B}",
            "\u{101E}" if has("\u{103C}") && has("\u{1031}") && has("\u{102C}") && has("\u{103A}") => "\u{102A}",
            "\u{101E}" if has("\u{103C}") && self.marks.len() == 1 => "\u{1029}",
            "\u{104E}" => "\u{104E}\u{1004}\u{103A}\u{1038}",
            other => other,
        };
        if self.kinzi {
            out.push_str("\u{1004}\u{103A}\u{1039}");
        }
        out.push_str(base);
        for (_, mark) in &self.marks {
            let within_the_base = match base {
                "\u{1026}" => *mark == "\u{102E}",
                "\u{102A}" => matches!(*mark, "\u{103C}" | "\u{1031}" | "\u{102C}" | "\u{103A}"),
                "\u{1029}" => *mark == "\u{103C}",
                _ => false,
            };
            if !within_the_base {
                out.push_str(mark);
            }
        }
    }
}

enum Kind {
    /// A consonant: itself where nothing is told, else these letters.
    Base(&'static str),
    /// Seen before the consonant.
    Before((u8, &'static str)),
    /// Seen behind, above or below it.
    After(&'static [(u8, &'static str)]),
    None,
}

/// Rank of a kinzi, which is stored before its consonant.
const KINZI: u8 = 99;

/// What a code point is in Zawgyi. Ranks are the order of storage of UTN #11: stack 0, ya 1, ra 2, wa 3, ha 4,
/// e 5, vowels above 6 and below 7, aa 8, killer 9, anusvara 10, dot below 11, visarga 12.
fn kind(c: char) -> Kind {
    use Kind::{After, Base, Before};
    match c {
        '\u{1000}'..='\u{102A}' | '\u{103F}'..='\u{1049}' | '\u{104E}' | '\u{104C}' | '\u{104D}' | '\u{104F}' => Base(""),
        '\u{106A}' => Base("\u{1009}"),
        '\u{106B}' => Base("\u{100A}"),
        '\u{106E}' => Base("\u{100D}\u{1039}\u{100D}"),
        '\u{106F}' => Base("\u{100D}\u{1039}\u{100E}"),
        '\u{1086}' => Base("\u{103F}"),
        '\u{108F}' => Base("\u{1014}"),
        '\u{1090}' => Base("\u{101B}"),
        '\u{1091}' => Base("\u{100F}\u{1039}\u{100D}"),
        '\u{1092}' => Base("\u{100B}\u{1039}\u{100C}"),
        '\u{1097}' => Base("\u{100B}\u{1039}\u{100B}"),
        '\u{1031}' => Before((5, "\u{1031}")),
        '\u{103B}' | '\u{107E}'..='\u{1084}' => Before((2, "\u{103C}")),
        '\u{102B}' => After(&[(8, "\u{102B}")]),
        '\u{102C}' => After(&[(8, "\u{102C}")]),
        '\u{102D}' => After(&[(6, "\u{102D}")]),
        '\u{102E}' => After(&[(6, "\u{102E}")]),
        '\u{102F}' | '\u{1033}' => After(&[(7, "\u{102F}")]),
        '\u{1030}' | '\u{1034}' => After(&[(7, "\u{1030}")]),
        '\u{1032}' => After(&[(6, "\u{1032}")]),
        '\u{1036}' => After(&[(10, "\u{1036}")]),
        '\u{1037}' | '\u{1094}' | '\u{1095}' => After(&[(11, "\u{1037}")]),
        '\u{1038}' => After(&[(12, "\u{1038}")]),
        '\u{1039}' => After(&[(9, "\u{103A}")]),
        '\u{103A}' | '\u{107D}' => After(&[(1, "\u{103B}")]),
        '\u{103C}' => After(&[(3, "\u{103D}")]),
        '\u{103D}' | '\u{103E}' | '\u{1087}' => After(&[(4, "\u{103E}")]),
        '\u{105A}' => After(&[(8, "\u{102B}"), (9, "\u{103A}")]),
        '\u{1060}' => After(&[(0, "\u{1039}\u{1000}")]),
        '\u{1061}' => After(&[(0, "\u{1039}\u{1001}")]),
        '\u{1062}' => After(&[(0, "\u{1039}\u{1002}")]),
        '\u{1063}' => After(&[(0, "\u{1039}\u{1003}")]),
        '\u{1064}' => After(&[(KINZI, "")]),
        '\u{1065}' => After(&[(0, "\u{1039}\u{1005}")]),
        '\u{1066}' | '\u{1067}' => After(&[(0, "\u{1039}\u{1006}")]),
        '\u{1068}' => After(&[(0, "\u{1039}\u{1007}")]),
        '\u{1069}' => After(&[(0, "\u{1039}\u{1008}")]),
        '\u{106C}' => After(&[(0, "\u{1039}\u{100B}")]),
        '\u{106D}' => After(&[(0, "\u{1039}\u{100C}")]),
        '\u{1070}' => After(&[(0, "\u{1039}\u{100F}")]),
        '\u{1071}' | '\u{1072}' => After(&[(0, "\u{1039}\u{1010}")]),
        '\u{1073}' | '\u{1074}' => After(&[(0, "\u{1039}\u{1011}")]),
        '\u{1075}' => After(&[(0, "\u{1039}\u{1012}")]),
        '\u{1076}' => After(&[(0, "\u{1039}\u{1013}")]),
        '\u{1077}' => After(&[(0, "\u{1039}\u{1014}")]),
        '\u{1078}' => After(&[(0, "\u{1039}\u{1015}")]),
        '\u{1079}' => After(&[(0, "\u{1039}\u{1016}")]),
        '\u{107A}' => After(&[(0, "\u{1039}\u{1017}")]),
        '\u{107B}' | '\u{1093}' => After(&[(0, "\u{1039}\u{1018}")]),
        '\u{107C}' => After(&[(0, "\u{1039}\u{1019}")]),
        '\u{1085}' => After(&[(0, "\u{1039}\u{101C}")]),
        '\u{1088}' => After(&[(4, "\u{103E}"), (7, "\u{102F}")]),
        '\u{1089}' => After(&[(4, "\u{103E}"), (7, "\u{1030}")]),
        '\u{108A}' => After(&[(3, "\u{103D}"), (4, "\u{103E}")]),
        '\u{108B}' => After(&[(KINZI, ""), (6, "\u{102D}")]),
        '\u{108C}' => After(&[(KINZI, ""), (6, "\u{102E}")]),
        '\u{108D}' => After(&[(KINZI, ""), (10, "\u{1036}")]),
        '\u{108E}' => After(&[(6, "\u{102D}"), (10, "\u{1036}")]),
        '\u{1096}' => After(&[(0, "\u{1039}\u{1010}"), (3, "\u{103D}")]),
        _ => Kind::None,
    }
}

/// Target of the fuzzer: any text is weighed and put into Unicode, and the map leads back.
pub fn fuzz_zawgyi(text: &str) {
    let likelihood = guess(text).likelihood();
    assert!((0.0..=1.0).contains(&likelihood));
    let converted = to_unicode(text);
    for (at, c) in converted.text.char_indices() {
        assert!(text.get(converted.raw(at..at + c.len_utf8())).is_some_and(|raw| !raw.is_empty()));
    }
}
