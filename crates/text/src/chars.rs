//! What one character is to the matching of text: its class, whether it has another normal form, and its
//! place among the marks of its letter. A table for the first 65,536 characters, made once; the rest is
//! worked out. No context: every answer here depends on the character alone, which is why a part of a text
//! has the same units as the whole (see `tokens`).

use std::sync::LazyLock;

use unicode_normalization::{
    UnicodeNormalization,
    char::{decompose_canonical, decompose_compatible, is_combining_mark},
};

/// What a character is to the matching of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Class {
    /// Blank or control: parts words, and counts for nothing between unspaced letters.
    Gap = 0,
    /// Parts words, is not indexed.
    Punct = 1,
    /// Letter or digit of a script that writes blanks between words.
    Letter = 2,
    /// Letter of a script that does not.
    Bare = 3,
    /// Joins the letter before it.
    Mark = 4,
    /// Currency sign, emoji: a unit of its own.
    Symbol = 5,
    /// Not seen by a reader: removed.
    Gone = 6,
}

/// Class, normal form and rank of a character in one byte.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Info(u8);

const SPECIAL: u8 = 0x08;

impl Info {
    #[inline]
    pub(crate) fn class(self) -> Class {
        match self.0 & 7 {
            0 => Class::Gap,
            1 => Class::Punct,
            2 => Class::Letter,
            3 => Class::Bare,
            4 => Class::Mark,
            5 => Class::Symbol,
            _ => Class::Gone,
        }
    }

    /// Its normal form is not itself: ask [`expand`].
    #[inline]
    pub(crate) fn special(self) -> bool {
        self.0 & SPECIAL != 0
    }

    /// Place among the marks of its letter, from 1; 0 for a mark of a script without an order of ours.
    #[inline]
    pub(crate) fn rank(self) -> u8 {
        self.0 >> 4
    }
}

static BMP: LazyLock<Box<[u8; 0x1_0000]>> = LazyLock::new(|| {
    let mut table = Box::new([Class::Punct as u8; 0x1_0000]);
    for (number, entry) in (0u32..).zip(table.iter_mut()) {
        if let Some(c) = char::from_u32(number) {
            *entry = work_out(c);
        }
    }
    table
});

/// The table of the first 65,536 characters; fetch it once and ask it often.
#[derive(Clone, Copy)]
pub(crate) struct Table(&'static [u8; 0x1_0000]);

impl Table {
    pub(crate) fn get() -> Table {
        Table(&BMP)
    }

    #[inline]
    pub(crate) fn of(self, c: char) -> Info {
        match self.0.get(c as usize) {
            Some(known) => Info(*known),
            None => Info(work_out(c)),
        }
    }
}

fn work_out(c: char) -> u8 {
    let class = class(c);
    let mut itself = true;
    if class != Class::Gone && class != Class::Gap {
        let mut count = 0;
        expand(c, |e| {
            count += 1;
            itself &= e == c;
        });
        itself &= count == 1;
    }
    let rank = if class == Class::Mark { rank(c) } else { 0 };
    class as u8 | if itself { 0 } else { SPECIAL } | rank << 4
}

fn class(c: char) -> Class {
    if is_gone(c) {
        return Class::Gone;
    }
    if c.is_whitespace() || c.is_control() || c == '\u{2800}' {
        return Class::Gap;
    }
    if starts_a_cluster_though_a_mark(c) || matches!(c, '\u{104C}'..='\u{104F}') {
        return Class::Bare;
    }
    if is_combining_mark(c) || matches!(c, '\u{FF9E}' | '\u{FF9F}') {
        return Class::Mark;
    }
    if is_apostrophe(c) {
        return Class::Punct;
    }
    if is_symbol(c) {
        return Class::Symbol;
    }
    match (c.is_alphanumeric(), digit(c).is_none() && is_unspaced(c)) {
        (true, true) => Class::Bare,
        (true, false) => Class::Letter,
        _ => Class::Punct,
    }
}

/// Zero-width characters, controls of direction, selectors of a variant and other things without ink.
pub(crate) fn is_gone(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{20E3}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Spacing marks that UAX #29 does not join to the letter before them (Burmese aa and visarga, Shan and
/// Karen tones, Tai Tham aa): kept apart here too, so that no unit is longer than a cluster of UAX #29.
fn starts_a_cluster_though_a_mark(c: char) -> bool {
    matches!(c,
        '\u{102B}' | '\u{102C}' | '\u{1038}' | '\u{1062}'..='\u{1064}' | '\u{1067}'..='\u{106D}' | '\u{1083}'
        | '\u{1087}'..='\u{108C}' | '\u{108F}' | '\u{109A}'..='\u{109C}' | '\u{1A61}' | '\u{1A63}' | '\u{1A64}'
        | '\u{AA7B}' | '\u{AA7D}' | '\u{11720}' | '\u{11721}')
}

/// Everything that is typed for an apostrophe, also where Unicode calls it a letter (Uzbek oʻ, gʻ).
pub(crate) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '`' | '\u{00B4}' | '\u{02B9}'..='\u{02BF}' | '\u{02C8}' | '\u{2018}'..='\u{201B}' | '\u{2032}' | '\u{FF07}')
}

fn is_symbol(c: char) -> bool {
    matches!(c,
        '$' | '\u{00A2}'..='\u{00A5}' | '\u{058F}' | '\u{060B}' | '\u{09F2}' | '\u{09F3}' | '\u{0E3F}' | '\u{17DB}'
        | '\u{20A0}'..='\u{20CF}' | '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{25A0}'..='\u{27BF}'
        | '\u{2900}'..='\u{297F}' | '\u{2B00}'..='\u{2BFF}' | '\u{FDFC}' | '\u{FF04}' | '\u{FFE0}' | '\u{FFE1}'
        | '\u{FFE5}' | '\u{FFE6}' | '\u{1F000}'..='\u{1F0FF}' | '\u{1F1E6}'..='\u{1FAFF}')
}

/// Letters of scripts that write no blanks between words: Thai, Lao, Tibetan, Burmese and its neighbours,
/// Khmer, Tai Le, New Tai Lue, Tai Tham, Tai Viet, Han, kana, bopomofo, Yi.
pub(crate) fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0EFF}' | '\u{0F00}'..='\u{0FFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        | '\u{1950}'..='\u{19FF}' | '\u{1A20}'..='\u{1AAF}' | '\u{2E80}'..='\u{2FDF}' | '\u{3005}'..='\u{3007}'
        | '\u{3021}'..='\u{3029}' | '\u{3031}'..='\u{312F}' | '\u{31A0}'..='\u{31BF}' | '\u{31F0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{A4CF}' | '\u{A9E0}'..='\u{A9FF}' | '\u{AA60}'..='\u{AADF}'
        | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FF9F}' | '\u{11700}'..='\u{1174F}' | '\u{1AFF0}'..='\u{1B16F}'
        | '\u{20000}'..='\u{323AF}')
}

/// Zeros of the decimal digits of all scripts; nine more digits follow each.
const ZEROS: [u32; 41] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6,
];

/// The ASCII digit of a decimal digit of another script.
pub fn digit(c: char) -> Option<char> {
    let number = c as u32;
    if number < 0x0660 {
        return None;
    }
    let zero = ZEROS[..ZEROS.partition_point(|zero| *zero <= number)].last()?;
    char::from_digit(number - zero, 10)
}

/// The characters that stand for `c` in the normal form: letters in lower case, local digits as ASCII,
/// wide and styled letters as plain ones, and what is written in two ways in one of them.
pub(crate) fn expand(c: char, mut each: impl FnMut(char)) {
    expand_again(c, 3, &mut each);
}

/// A form may have a form itself (the Greek numeral sign is an apostrophe); none needs more than three rounds.
fn expand_again(c: char, rounds: u8, each: &mut dyn FnMut(char)) {
    let mut forms = Vec::new();
    one_round(c, |form| forms.push(form));
    for form in forms {
        if rounds == 0 || form == c {
            each(form);
        } else {
            expand_again(form, rounds - 1, each);
        }
    }
}

fn one_round(c: char, mut each: impl FnMut(char)) {
    if let Some(parts) = written_in_two_ways(c) {
        return parts.chars().for_each(each);
    }
    if let Some(digit) = digit(c) {
        return each(digit);
    }
    if c.is_ascii() {
        return each(c.to_ascii_lowercase());
    }
    if is_apostrophe(c) {
        return each('\'');
    }
    if is_styled(c) {
        let mut plain = Vec::new();
        decompose_compatible(c, |p| plain.push(p));
        let letter = c.is_alphanumeric();
        return plain.into_iter().filter(|p| !letter || p.is_alphanumeric() || is_combining_mark(*p)).for_each(|p| lower(p, &mut each));
    }
    lower(c, &mut each);
}

fn lower(c: char, each: &mut impl FnMut(char)) {
    match c {
        'ß' | 'ẞ' => "ss".chars().for_each(each),
        'ς' => each('σ'),
        'ſ' => each('s'),
        '\u{AC00}'..='\u{D7A3}' => decompose_canonical(c, each),
        _ => c.to_lowercase().nfc().for_each(each),
    }
}

/// Presentation forms: full and half width, ligatures, mathematical letters, Arabic shapes.
fn is_styled(c: char) -> bool {
    matches!(c, '\u{FB00}'..='\u{FB06}' | '\u{FB50}'..='\u{FDFB}' | '\u{FE70}'..='\u{FEFC}' | '\u{FF01}'..='\u{FFEE}'
        | '\u{1D400}'..='\u{1D7FF}' | '\u{2460}'..='\u{2473}' | '\u{24B6}'..='\u{24E9}' | '\u{1F130}'..='\u{1F149}')
}

/// One sight on the screen, two ways of writing it: the longer way, because taking apart needs no context.
fn written_in_two_ways(c: char) -> Option<&'static str> {
    Some(match c {
        'ໜ' => "ຫນ",
        'ໝ' => "ຫມ",
        'ຳ' => "\u{0ECD}\u{0EB2}",
        'ແ' => "ເເ",
        'ำ' => "\u{0E4D}\u{0E32}",
        'แ' => "เเ",
        'ဦ' => "\u{1025}\u{102E}",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '﹘' | '﹣' | '－' => "-",
        '“' | '”' | '„' | '‟' | '«' | '»' | '″' | '＂' => "\"",
        _ => return None,
    })
}

/// Place of a mark in the order of storage of its script: below and above vowels, nasal sign, tone, killer
/// for Thai and Lao; UTN #11 for Burmese; shifter, vowel, sign, coeng for Khmer.
fn rank(c: char) -> u8 {
    match c {
        '\u{0E3A}' | '\u{0EBA}' | '\u{0EBC}' => 1,
        '\u{0E31}' | '\u{0E34}'..='\u{0E39}' | '\u{0E47}' | '\u{0EB1}' | '\u{0EB4}'..='\u{0EB9}' | '\u{0EBB}' => 2,
        '\u{0E4D}' | '\u{0ECD}' => 3,
        '\u{0E48}'..='\u{0E4B}' | '\u{0EC8}'..='\u{0ECB}' => 4,
        '\u{0E4C}' | '\u{0ECC}' => 5,
        '\u{0E4E}' | '\u{0ECE}' => 6,
        '\u{103B}' | '\u{105E}' | '\u{105F}' => 1,
        '\u{103C}' => 2,
        '\u{103D}' | '\u{1082}' => 3,
        '\u{103E}' | '\u{1060}' => 4,
        '\u{1031}' | '\u{1084}' => 5,
        '\u{102D}' | '\u{102E}' | '\u{1032}'..='\u{1035}' | '\u{1071}'..='\u{1074}' | '\u{1085}' | '\u{1086}' | '\u{109D}' => 6,
        '\u{102F}' | '\u{1030}' => 7,
        '\u{1036}' => 8,
        '\u{1037}' => 9,
        '\u{103A}' => 10,
        '\u{1039}' => 15,
        '\u{17C9}' | '\u{17CA}' | '\u{17CC}' => 1,
        '\u{17B6}'..='\u{17C5}' => 2,
        '\u{17C6}' => 3,
        '\u{17C7}' | '\u{17C8}' => 5,
        '\u{17CB}' | '\u{17CD}'..='\u{17D1}' | '\u{17D3}' | '\u{17DD}' => 4,
        '\u{17D2}' => 15,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_normal_form_is_its_own_normal_form() {
        for c in '\0'..=char::MAX {
            if class(c) == Class::Gone || class(c) == Class::Gap {
                continue;
            }
            let (mut once, mut twice) = (String::new(), String::new());
            expand(c, |e| once.push(e));
            once.chars().for_each(|o| expand(o, |e| twice.push(e)));
            assert_eq!(once.nfd().collect::<String>(), twice.nfd().collect::<String>(), "{c:?} {:04X}", c as u32);
            assert!(!once.is_empty(), "{c:?} {:04X}", c as u32);
        }
    }

    #[test]
    fn digits_of_every_script() {
        let check = |local: char, ascii: Option<char>| assert_eq!(digit(local), ascii, "{local}");
        check('໙', Some('9'));
        check('๐', Some('0'));
        check('៥', Some('5'));
        check('၇', Some('7'));
        check('７', Some('7'));
        check('ກ', None);
        check('5', None);
        check('\u{1D7FF}', Some('9'));
        check('\u{1D800}', None);
    }
}
