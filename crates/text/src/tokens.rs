//! Cuts a text, or what is looked for in it, into the tokens of the index of record. One function for both.
//!
//! # The contract
//!
//! - **Words** of scripts that write blanks (Latin, Cyrillic, Arabic and others): the longest runs of letters,
//!   digits and marks. Finer than the words of UAX #29, never coarser: apostrophes, hyphens, underscores, full
//!   stops and commas part words too. So `l'argent` is found by *argent*, `shop.example` by *example*, and the
//!   Uzbek *oʻzbek*, *o'zbek* and *o’zbek* are the same two words; whoever wants the apostrophe itself asks for
//!   an exact occurrence. Latin and Cyrillic letters in one word stay one word.
//! - **Singles and pairs** of scripts that do not (Lao, Thai, Khmer, Burmese, Han, kana, …): each letter with its
//!   marks is a single, and two that follow one another are a pair. A unit is never longer than a grapheme
//!   cluster of UAX #29, so a phrase aligned to those is aligned here. Blanks between two such letters do not
//!   part a pair: writers set them as they like.
//! - **Symbols**: currency signs and emoji, one by one. Other punctuation has no token and no position.
//! - Each word, single and symbol has the next **position**; a pair has the position of its first single.
//! - Texts of tokens are in normal form (see [`crate::normal`]).
//!
//! What a unit becomes depends on the unit alone. Therefore: for every text and every part of it that cuts no
//! unit ([`is_boundary`] at both ends), **each token of the part is a token of the text, `n` positions further
//! on, with the same `n` for all of them**. A phrase query for all tokens of the part, or for those that
//! [`phrase`] picks, finds every occurrence: recall is 1.000 by construction, not by measurement. It finds
//! more than that (other punctuation between, other case); every candidate is confirmed on the raw text with
//! [`crate::normal::occurrences`].

use std::ops::Range;

use crate::units::{Unit, UnitKind, Units};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A word of a script that writes blanks.
    Word,
    /// A letter with its marks of a script that does not.
    Single,
    /// Two of those, one after the other.
    Pair,
    /// A currency sign or emoji.
    Symbol,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token<T = String> {
    /// What it is.
    pub kind: Kind,
    /// Its text in normal form.
    pub text: T,
    /// The raw bytes that it was written with.
    pub raw: Range<usize>,
    /// Its place among the words, singles and symbols of the text, from 0.
    pub position: usize,
}

/// Cuts a text without an allocation for each token: [`Cutter::advance`], then look at [`Cutter::token`].
///
/// ```
/// use text::tokens::Cutter;
/// let mut cutter = Cutter::new("ຂາຍ BTC");
/// let mut all = String::new();
/// while let Some(token) = cutter.advance() {
///     all.push_str(&format!("{}@{} ", token.text, token.position));
/// }
/// assert_eq!(all, "ຂ@0 ຂາ@0 າ@1 າຍ@1 ຍ@2 btc@3 ");
/// ```
pub struct Cutter<'a> {
    units: Units<'a>,
    /// Position of the next word, single or symbol.
    next: usize,
    /// Normal form of the unit that was read last.
    one: String,
    /// The single that may begin a pair, and in `pair` its text.
    held: Option<Range<usize>>,
    pair: String,
    /// A unit that was read behind `held` and still has to be told.
    behind: Option<(Kind, Range<usize>)>,
    kind: Kind,
    raw: Range<usize>,
    position: usize,
}

impl<'a> Cutter<'a> {
    /// Cuts this text.
    pub fn new(text: &'a str) -> Cutter<'a> {
        let (one, pair) = (String::new(), String::new());
        let units = Units::new(text);
        Cutter { units, next: 0, one, held: None, pair, behind: None, kind: Kind::Word, raw: 0..0, position: 0 }
    }

    /// The next token; positions never fall.
    #[inline]
    pub fn advance(&mut self) -> Option<Token<&str>> {
        if let Some((kind, raw)) = self.behind.take() {
            return Some(self.tell(kind, raw));
        }
        let mut parted = false;
        loop {
            self.one.clear();
            let Unit { kind, raw, .. } = self.units.next(&mut self.one, None)?;
            match kind {
                UnitKind::Gap => {}
                UnitKind::Punct => parted = true,
                UnitKind::Word => return Some(self.tell(Kind::Word, raw)),
                UnitKind::Symbol => return Some(self.tell(Kind::Symbol, raw)),
                UnitKind::Cluster => match self.held.take().filter(|_| !parted) {
                    Some(first) => {
                        self.behind = Some((Kind::Single, raw.clone()));
                        return Some(self.tell_pair(first, raw));
                    }
                    None => return Some(self.tell(Kind::Single, raw)),
                },
            }
        }
    }

    /// The token that [`Cutter::advance`] told last.
    pub fn token(&self) -> Token<&str> {
        let text = if self.kind == Kind::Pair { self.pair.as_str() } else { self.one.as_str() };
        Token { kind: self.kind, text, raw: self.raw.clone(), position: self.position }
    }

    #[inline]
    fn tell(&mut self, kind: Kind, raw: Range<usize>) -> Token<&str> {
        self.held = (kind == Kind::Single).then(|| raw.clone());
        if kind == Kind::Single {
            self.pair.clear();
            self.pair.push_str(&self.one);
        }
        (self.kind, self.raw, self.position) = (kind, raw, self.next);
        self.next += 1;
        self.token()
    }

    /// Both raw ranges may overlap: two units can come from one character.
    #[inline]
    fn tell_pair(&mut self, first: Range<usize>, second: Range<usize>) -> Token<&str> {
        self.pair.push_str(&self.one);
        (self.kind, self.raw, self.position) = (Kind::Pair, first.start..second.end.max(first.end), self.next - 1);
        self.token()
    }
}

/// Tokens of a text, each with a text of its own.
///
/// ```
/// let words: Vec<String> = text::tokens("L’argent, oʻzbek").map(|t| t.text).collect();
/// assert_eq!(words, ["l", "argent", "o", "zbek"]);
/// ```
pub fn tokens(text: &str) -> impl Iterator<Item = Token> + '_ {
    let mut cutter = Cutter::new(text);
    std::iter::from_fn(move || {
        let Token { kind, text, raw, position } = cutter.advance()?;
        Some(Token { kind, text: text.to_owned(), raw, position })
    })
}

/// The tokens that a phrase query needs: words, symbols, and of each run of singles as few pairs as cover it
/// (every second one, and the last), or the single itself where it stands alone. Their positions count from
/// the first token, and each is a token of [`tokens`], so what is said of those holds for these.
///
/// ```
/// let terms: Vec<(usize, String)> = text::phrase("ກຂຄງຈ").into_iter().map(|t| (t.position, t.text)).collect();
/// assert_eq!(terms, [(0, "ກຂ".into()), (2, "ຄງ".into()), (3, "ງຈ".into())]);
/// ```
pub fn phrase(text: &str) -> Vec<Token> {
    let all: Vec<Token> = tokens(text).collect();
    let pairs_at: Vec<usize> = all.iter().filter(|t| t.kind == Kind::Pair).map(|t| t.position).collect();
    let has_pair = |position: usize| pairs_at.binary_search(&position).is_ok();
    let mut covered = 0;
    let mut wanted = |token: &Token| match token.kind {
        Kind::Word | Kind::Symbol => true,
        Kind::Single => !has_pair(token.position) && (token.position == 0 || !has_pair(token.position - 1)),
        Kind::Pair => {
            let needed = token.position >= covered || !has_pair(token.position + 1);
            covered = if needed { token.position + 2 } else { covered };
            needed
        }
    };
    all.into_iter().filter(|token| wanted(token)).collect()
}

/// Whether a cut at this byte cuts no word and no letter from its marks. Ends of the text are such places;
/// the inside of a character is not.
pub fn is_boundary(text: &str, at: usize) -> bool {
    text.is_char_boundary(at) && boundaries(text).binary_search(&at).is_ok()
}

/// All bytes at which a cut cuts no word and no letter from its marks, in order.
pub fn boundaries(text: &str) -> Vec<usize> {
    let mut inside = vec![false; text.len() + 1];
    let (mut units, mut form) = (Units::new(text), String::new());
    while let Some(unit) = units.next(&mut form, None) {
        form.clear();
        if matches!(unit.kind, UnitKind::Gap | UnitKind::Punct) {
            continue;
        }
        inside[unit.raw].iter_mut().skip(1).for_each(|byte| *byte = true);
    }
    let free = |at: &usize| !inside[*at] && text.is_char_boundary(*at);
    (0..=text.len()).filter(free).collect()
}

/// Target of the fuzzer: positions never fall, raw bytes are whole characters, each unit has one position, and
/// the text in normal form has the same tokens.
pub fn fuzz_tokens(text: &str) {
    let all: Vec<Token> = tokens(text).collect();
    let mut next = 0;
    for token in &all {
        assert!(!token.text.is_empty() && text.get(token.raw.clone()).is_some_and(|raw| !raw.is_empty()));
        assert_eq!(token.position, if token.kind == Kind::Pair { next - 1 } else { next });
        next += usize::from(token.kind != Kind::Pair);
    }
    let normal = crate::normal::normal(text);
    let again = tokens(&normal).map(|t| (t.kind, t.text, t.position));
    let first = all.iter().map(|t| (t.kind, t.text.clone(), t.position));
    assert!(first.eq(again), "the normal form of {text:?} has other tokens");
    // They come in the order of all tokens, so each is looked for behind the one before it.
    let mut rest = all.iter();
    assert!(phrase(text).iter().all(|wanted| rest.any(|token| token == wanted)), "a phrase of {text:?} has tokens that its text has not");
}
