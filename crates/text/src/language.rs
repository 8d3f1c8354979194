//! Which language a text is in: by its script where that is enough (Lao, Thai, Khmer, Burmese, Chinese), by a
//! small table of letter groups among neighbours that share one (eight languages in Latin letters, six in
//! Cyrillic). The answer is a ranked list with scores, and a verdict that may be "unknown": too short, a
//! language that is none of ours, or two that cannot be told apart (Indonesian and Malay).
//!
//! It refuses to name a language that it was not made for: texts of some fifty neighbours stand in the table
//! only so that a stranger is told as one. A language is a property of a text, not of a person.
//!
//! The table (`data/languages.bin`, beside it the sources and their licences) is made by `checks/languages.py`:
//! weights of a logistic regression over groups of two, three and four letters and whole words, each at the row
//! of its hash. How right it is, by language and length: docs/benchmarks.md.

use std::{fmt, sync::LazyLock};

use crate::{chars::is_apostrophe, script::Script, zawgyi};

/// A language that is told, with the script it is written in where there are two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// `lo`
    Lao,
    /// `th`
    Thai,
    /// `km`
    Khmer,
    /// `my`, in Unicode or in Zawgyi
    Burmese,
    /// `zh`, in simplified or traditional characters
    Chinese,
    /// `vi`
    Vietnamese,
    /// `id`
    Indonesian,
    /// `ms`
    Malay,
    /// `tl`
    Tagalog,
    /// `en`
    English,
    /// `fr`
    French,
    /// `uz-Latn`
    UzbekLatin,
    /// `kk-Latn`, in any of its spellings
    KazakhLatin,
    /// `ru`
    Russian,
    /// `uz-Cyrl`
    UzbekCyrillic,
    /// `kk-Cyrl`
    KazakhCyrillic,
    /// `ky`
    Kyrgyz,
    /// `tg`
    Tajik,
    /// `mn`
    Mongolian,
}

use Language::{
    Burmese, Chinese, English, French, Indonesian, KazakhCyrillic, KazakhLatin, Khmer, Kyrgyz, Lao, Malay, Mongolian,
    Russian, Tagalog, Tajik, Thai, UzbekCyrillic, UzbekLatin, Vietnamese,
};

impl Language {
    /// All of them.
    pub const ALL: [Language; 19] = [
        Lao, Thai, Khmer, Burmese, Chinese, Vietnamese, Indonesian, Malay, Tagalog, English, French, UzbekLatin,
        KazakhLatin, Russian, UzbekCyrillic, KazakhCyrillic, Kyrgyz, Tajik, Mongolian,
    ];

    /// The tag of BCP 47.
    pub fn code(self) -> &'static str {
        match self {
            Lao => "lo",
            Thai => "th",
            Khmer => "km",
            Burmese => "my",
            Chinese => "zh",
            Vietnamese => "vi",
            Indonesian => "id",
            Malay => "ms",
            Tagalog => "tl",
            English => "en",
            French => "fr",
            UzbekLatin => "uz-Latn",
            KazakhLatin => "kk-Latn",
            Russian => "ru",
            UzbekCyrillic => "uz-Cyrl",
            KazakhCyrillic => "kk-Cyrl",
            Kyrgyz => "ky",
            Tajik => "tg",
            Mongolian => "mn",
        }
    }
}

/// Columns of the two tables, in their order; behind them stand the strangers.
const LATIN: [Language; 8] = [Vietnamese, Indonesian, Malay, Tagalog, English, French, UzbekLatin, KazakhLatin];
const CYRILLIC: [Language; 6] = [Russian, UzbekCyrillic, KazakhCyrillic, Kyrgyz, Tajik, Mongolian];

const LATIN_ROWS: usize = 1 << 13;
const CYRILLIC_ROWS: usize = 1 << 14;

static TABLES: &[u8] = include_bytes!("../data/languages.bin");

/// A language and the part of the text that speaks for it, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// The language.
    pub language: Language,
    /// Share of the letters in its script, times how likely the language is among those of the script. Measured
    /// on texts of other kinds than those it was made from, it is too sure of itself on long ones.
    pub score: f64,
}

/// What is said of a text as a whole: of the script that most of its letters are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// This language.
    One(Language),
    /// One of these two; which, cannot be told.
    Either(Language, Language),
    /// Not told, and why.
    Unknown(Why),
}

/// Why no language is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Fewer letters than an answer needs.
    TooShort,
    /// More like another language than like any of ours, or in a script of none of ours.
    Stranger,
    /// Like several of ours.
    Undecided,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::One(language) => f.write_str(language.code()),
            Verdict::Either(one, other) => write!(f, "{} or {}", one.code(), other.code()),
            Verdict::Unknown(Why::TooShort) => f.write_str("unknown: too short"),
            Verdict::Unknown(Why::Stranger) => f.write_str("unknown: none of the languages that are told"),
            Verdict::Unknown(Why::Undecided) => f.write_str("unknown: like several"),
        }
    }
}

/// The answer for a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Languages from the most likely on; those below one of a hundred are left out. Together at most 1, what is
    /// missing speaks for strangers.
    pub ranked: Vec<Ranked>,
    /// What is said of the whole.
    pub verdict: Verdict,
}

/// Letters of a spaced script below which nothing is said, and of an unspaced one.
const FEW: usize = 8;
const FEW_UNSPACED: usize = 2;

/// Likelihood from which a language is named.
const NAMED: f64 = 0.6;

/// Share of the two that one of a pair of twins needs.
const TWIN: f64 = 0.93;

/// The languages of a text.
///
/// ```
/// use text::language::{Language, Verdict, identify};
/// assert_eq!(identify("ຂາຍໂທລະສັບມືຖື").verdict, Verdict::One(Language::Lao));
/// assert_eq!(identify("Тауарды екі күнде жеткіземіз, бағасы арзан").verdict, Verdict::One(Language::KazakhCyrillic));
/// assert_eq!(identify("ok").verdict.to_string(), "unknown: too short");
/// ```
pub fn identify(text: &str) -> Answer {
    let read = Read::of(text);
    let latin = likelihoods(&read.latin, LATIN);
    let cyrillic = likelihoods(&read.cyrillic, CYRILLIC);
    let total: usize = read.letters.iter().sum();
    let share = |class: usize| read.letters[class] as f64 / total.max(1) as f64;
    let mut ranked = Vec::new();
    for (class, language) in BY_SCRIPT {
        ranked.push(Ranked { language, score: share(class) * read.likelihood_by_script(text, language) });
    }
    for (class, likely) in [(LATIN_CLASS, &latin), (CYRILLIC_CLASS, &cyrillic)] {
        ranked.extend(likely.iter().map(|(language, p)| Ranked { language: *language, score: share(class) * p }));
    }
    ranked.retain(|r| r.score >= 0.01);
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.language.cmp(&b.language)));
    let verdict = read.verdict(text, &latin, &cyrillic);
    Answer { ranked, verdict }
}

/// Likelihood of each of our languages, from the most likely on.
fn likelihoods<const N: usize, const ROWS: usize>(sums: &Sums<N, ROWS>, languages: impl IntoIterator<Item = Language>) -> Vec<(Language, f64)> {
    let logits = sums.logits();
    let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logits.iter().map(|l| (l - top).exp()).sum();
    let mut likely: Vec<(Language, f64)> = languages.into_iter().zip(logits.map(|l| (l - top).exp() / total)).collect();
    likely.sort_by(|a, b| b.1.total_cmp(&a.1));
    likely
}

const LATIN_CLASS: usize = Script::Latin as usize;
const CYRILLIC_CLASS: usize = Script::Cyrillic as usize;
const OTHER_CLASS: usize = Script::Other as usize;
/// Kana: Japanese, not Chinese.
const KANA_CLASS: usize = OTHER_CLASS + 1;
/// Letters of the Burmese block that Burmese does not use, but Shan, Mon, Karen (and Zawgyi) do.
const BEYOND_BURMESE: usize = OTHER_CLASS + 2;
const CLASSES: usize = OTHER_CLASS + 3;
const NO_LETTER: u8 = CLASSES as u8;

const BY_SCRIPT: [(usize, Language); 5] = [
    (Script::Lao as usize, Lao), (Script::Thai as usize, Thai), (Script::Khmer as usize, Khmer),
    (Script::Myanmar as usize, Burmese), (Script::Han as usize, Chinese),
];

/// Class of each of the first 65,536 characters.
static CLASS: LazyLock<Box<[u8; 0x1_0000]>> = LazyLock::new(|| {
    let mut table = Box::new([NO_LETTER; 0x1_0000]);
    for (number, entry) in (0u32..).zip(table.iter_mut()) {
        *entry = char::from_u32(number).map_or(NO_LETTER, class);
    }
    table
});

fn class(c: char) -> u8 {
    match (c, Script::of(c)) {
        ('\u{3040}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}', _) => KANA_CLASS as u8,
        ('\u{1022}' | '\u{1028}' | '\u{1033}'..='\u{1035}' | '\u{1050}'..='\u{109F}' | '\u{A9E0}'..='\u{A9FF}' | '\u{AA60}'..='\u{AA7F}', _) => BEYOND_BURMESE as u8,
        (_, Some(script)) => script as u8,
        (_, None) => NO_LETTER,
    }
}

/// Letter as the tables know it: lower case; apostrophes are one; 0 for what parts words.
static LETTER: LazyLock<Box<[u16; 0x2000]>> = LazyLock::new(|| {
    let mut table = Box::new([0; 0x2000]);
    for (number, entry) in (0u32..).zip(table.iter_mut()) {
        *entry = char::from_u32(number).map_or(0, letter);
    }
    table
});

fn letter(c: char) -> u16 {
    if is_apostrophe(c) {
        return u16::from(b'\'');
    }
    if !c.is_alphabetic() || unicode_normalization::char::is_combining_mark(c) {
        return 0;
    }
    c.to_lowercase().next().and_then(|low| u16::try_from(low as u32).ok()).filter(|low| *low < 0x2000).unwrap_or(0)
}

/// What one pass over a text finds.
struct Read {
    letters: [usize; CLASSES],
    latin: Sums<16, LATIN_ROWS>,
    cyrillic: Sums<8, CYRILLIC_ROWS>,
}

impl Read {
    fn of(text: &str) -> Read {
        let (classes, letters_of): (&[u8; 0x1_0000], &[u16; 0x2000]) = (&CLASS, &LETTER);
        let (latin_table, cyrillic_table) = TABLES.split_at(4 + 16 * LATIN_ROWS);
        let mut read = Read { letters: [0; CLASSES], latin: Sums::new(latin_table), cyrillic: Sums::new(cyrillic_table) };
        let mut cyrillic_now = false;
        for c in text.chars() {
            let number = c as usize;
            let class = classes.get(number).copied().unwrap_or(if Script::of(c) == Some(Script::Han) { Script::Han as u8 } else { NO_LETTER });
            let class = usize::from(class);
            if let Some(count) = read.letters.get_mut(class) {
                *count += 1;
            }
            if class == LATIN_CLASS && cyrillic_now || class == CYRILLIC_CLASS && !cyrillic_now {
                cyrillic_now = !cyrillic_now;
                read.latin.part();
                read.cyrillic.part();
            }
            match letters_of.get(number).copied().unwrap_or(0) {
                letter if letter > 0 && (class == LATIN_CLASS || class == CYRILLIC_CLASS || letter == u16::from(b'\'')) => {
                    if cyrillic_now { read.cyrillic.letter(letter) } else { read.latin.letter(letter) }
                }
                _ if cyrillic_now => read.cyrillic.part(),
                _ => read.latin.part(),
            }
        }
        read.latin.part();
        read.cyrillic.part();
        read.latin.settle();
        read.cyrillic.settle();
        read
    }

    /// How likely the language of an unspaced script is, given its script.
    fn likelihood_by_script(&self, text: &str, language: Language) -> f64 {
        match language {
            Chinese if self.letters[KANA_CLASS] * 20 > self.letters[Script::Han as usize] => 0.0,
            Burmese if self.letters[BEYOND_BURMESE] * 12 > self.letters[Script::Myanmar as usize] && zawgyi::guess(text).encoding() != zawgyi::Encoding::Zawgyi => 0.0,
            _ => 1.0,
        }
    }

    fn verdict(&self, text: &str, latin: &[(Language, f64)], cyrillic: &[(Language, f64)]) -> Verdict {
        let most = (0..CLASSES).max_by_key(|class| (self.letters[*class], std::cmp::Reverse(*class))).unwrap_or(OTHER_CLASS);
        let number = self.letters[most];
        if let Some((_, language)) = BY_SCRIPT.into_iter().find(|(class, _)| *class == most) {
            return match number {
                n if n < FEW_UNSPACED => Verdict::Unknown(Why::TooShort),
                _ if self.likelihood_by_script(text, language) > 0.0 => Verdict::One(language),
                _ => Verdict::Unknown(Why::Stranger),
            };
        }
        match most {
            BEYOND_BURMESE if zawgyi::guess(text).encoding() == zawgyi::Encoding::Zawgyi => Verdict::One(Burmese),
            LATIN_CLASS | CYRILLIC_CLASS if number < FEW => Verdict::Unknown(Why::TooShort),
            LATIN_CLASS => decide(latin),
            CYRILLIC_CLASS => decide(cyrillic),
            _ if number == 0 => Verdict::Unknown(Why::TooShort),
            _ => Verdict::Unknown(Why::Stranger),
        }
    }
}

fn decide(likely: &[(Language, f64)]) -> Verdict {
    let ours: f64 = likely.iter().map(|(_, p)| p).sum();
    match likely {
        [(first, p), (second, q), ..] if matches!((first, second), (Indonesian, Malay) | (Malay, Indonesian)) && p + q >= NAMED => {
            if *p >= TWIN * (p + q) { Verdict::One(*first) } else { Verdict::Either(Indonesian, Malay) }
        }
        [(first, p), ..] if *p >= NAMED => Verdict::One(*first),
        _ if ours >= 0.5 => Verdict::Unknown(Why::Undecided),
        _ => Verdict::Unknown(Why::Stranger),
    }
}

/// Running sums of the rows of one table, for each of its columns.
struct Sums<const N: usize, const ROWS: usize> {
    scale: f64,
    rows: &'static [[u8; N]],
    /// Sums of the last rows; carried over before they can overflow.
    small: [u16; N],
    pending: u32,
    large: [u64; N],
    count: u64,
    /// The last four letters, the newest lowest.
    last: u64,
    known: u32,
    word: u64,
}

/// Rows that fit into a small sum: 256 times 255 is less than 65,536.
const CARRY: u32 = 256;
const SPACE: u64 = 32;

impl<const N: usize, const ROWS: usize> Sums<N, ROWS> {
    /// From the bytes of a table: its scale, then its rows.
    fn new(table: &'static [u8]) -> Sums<N, ROWS> {
        let (scale, rows) = table.split_at(4);
        let scale = f32::from_le_bytes([scale[0], scale[1], scale[2], scale[3]]);
        let rows = &rows.as_chunks::<N>().0[..ROWS];
        Sums { scale: f64::from(scale), rows, small: [0; N], pending: 0, large: [0; N], count: 0, last: SPACE, known: 1, word: 0 }
    }

    #[inline]
    fn letter(&mut self, letter: u16) {
        let letter = u64::from(letter);
        self.word = self.word.wrapping_add(letter).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        self.push(letter);
    }

    /// The end of a word, where one has begun.
    #[inline]
    fn part(&mut self) {
        if self.last & 0xFFFF != SPACE {
            self.push(SPACE);
            self.row(self.word);
            self.word = 0;
        }
    }

    #[inline]
    fn push(&mut self, letter: u64) {
        self.last = self.last << 16 | letter;
        self.known += u32::from(self.known < 4);
        self.row(self.last & 0xFFFF_FFFF);
        if self.known > 2 {
            self.row(self.last & 0xFFFF_FFFF_FFFF);
        }
        if self.known > 3 {
            self.row(self.last);
        }
        if self.pending > CARRY - 8 {
            self.settle();
        }
    }

    #[inline]
    fn row(&mut self, key: u64) {
        let row = key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - ROWS.trailing_zeros());
        let row = &self.rows[row as usize];
        for (sum, weight) in self.small.iter_mut().zip(row) {
            *sum = sum.wrapping_add(u16::from(*weight));
        }
        self.pending += 1;
    }

    fn settle(&mut self) {
        for (large, small) in self.large.iter_mut().zip(&mut self.small) {
            *large += u64::from(*small);
            *small = 0;
        }
        self.count += u64::from(self.pending);
        self.pending = 0;
    }

    /// Evidence for each column; it grows with the root of the number of groups, as the table was trained.
    fn logits(&self) -> [f64; N] {
        let root = (self.count.max(1) as f64).sqrt();
        self.large.map(|sum| (sum as f64 - 128.0 * self.count as f64) * self.scale / root)
    }
}

/// Target of the fuzzer: any text has an answer, and its scores are shares.
pub fn fuzz_language(text: &str) {
    let answer = identify(text);
    let total: f64 = answer.ranked.iter().map(|r| r.score).sum();
    assert!((0.0..1.0 + 1e-9).contains(&total), "{total} of {text:?}");
    assert!(answer.ranked.windows(2).all(|two| two[0].score >= two[1].score));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_have_their_size() {
        assert_eq!(TABLES.len(), 4 + 16 * LATIN_ROWS + 4 + 8 * CYRILLIC_ROWS);
        const { assert!(LATIN.len() <= 16 && CYRILLIC.len() <= 8) };
    }
}
