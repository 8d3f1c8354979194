//! How text is cut for the index, and a question for asking it: both by the same function (see [`text::tokens`]), so
//! that what stands in a text is found by the same words.

use std::mem;

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use text::tokens::Kind;

/// One piece of text as the index holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cut {
    /// In normal form.
    pub text: String,
    /// First byte in the text that was cut.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// Place among words and clusters.
    pub position: usize,
    /// Two clusters that follow one another, told beside each of them.
    pub pair: bool,
    /// The look of a word in plain Latin letters, which is the word itself.
    pub plain: bool,
}

impl From<text::tokens::Token> for Cut {
    fn from(token: text::tokens::Token) -> Cut {
        Cut { pair: token.kind == Kind::Pair, plain: false, text: token.text, start: token.raw.start, end: token.raw.end, position: token.position }
    }
}

/// All pieces of a text.
pub(crate) fn of_record(text: &str) -> Vec<Cut> {
    text::tokens(text).map(Cut::from).collect()
}

/// The pieces that a question asks the index for.
pub(crate) fn for_query(text: &str) -> Vec<Cut> {
    text::phrase(text).into_iter().map(Cut::from).collect()
}

/// Words and letters one by one, when letters of a script without blanks are among them.
pub(crate) fn letters(text: &str) -> Option<Vec<Cut>> {
    let all: Vec<_> = text::tokens(text).filter(|token| token.kind != Kind::Pair).collect();
    all.iter().any(|token| token.kind == Kind::Single).then(|| all.into_iter().map(Cut::from).collect())
}

/// What stands near to what, in words that were typed with blanks: each word, and each run of letters of a script
/// without blanks.
pub(crate) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    for typed in text.split_whitespace() {
        let mut run: Option<(usize, usize)> = None;
        for token in text::tokens(typed).filter(|token| token.kind != Kind::Pair) {
            if token.kind == Kind::Single {
                run = Some((run.map_or(token.raw.start, |(start, _)| start), token.raw.end));
                continue;
            }
            pieces.extend(run.take().map(|(start, end)| &typed[start..end]));
            pieces.push(&typed[token.raw]);
        }
        pieces.extend(run.map(|(start, end)| &typed[start..end]));
    }
    pieces
}

/// Parts of which at least one stands unchanged wherever the whole stands with `changed` letters put in, left out or
/// changed: each change spoils at most one.
pub(crate) fn unspoilt<'t>(text: &'t str, letters: &[Cut], changed: usize) -> Vec<&'t str> {
    let parts = (changed + 1).min(letters.len());
    let bound = |part: usize| part * letters.len() / parts.max(1);
    (0..parts).map(|part| &text[letters[bound(part)].start..letters[bound(part + 1) - 1].end]).collect()
}

/// The words of a text as they look, when one of them looks like something else: else every word looks like itself, and
/// stands at the same place in the index of record, where a question for looks is asked too.
pub(crate) fn other_looks(text: &str) -> Vec<Cut> {
    if !may_look_otherwise(text) {
        return vec![];
    }
    let looks = of_looks(text);
    if looks.iter().all(|cut| cut.plain) { vec![] } else { looks }
}

/// Whether a word with letters that are not plain Latin ones may stand in a text. A script without blanks has words
/// only where letters or digits of other scripts stand in it.
fn may_look_otherwise(text: &str) -> bool {
    // Between kana and Han lie letters of Korean and signs of all kinds.
    let clusters = |letter: char| is_unspaced(letter) && !letter.is_numeric() && !matches!(letter, '\u{3100}'..='\u{33ff}');
    let between = |letter: char| matches!(letter, '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}') || letter.is_ascii() && !letter.is_ascii_alphanumeric();
    !text.is_ascii() && !text.chars().all(|letter| clusters(letter) || between(letter))
}

/// The words of scripts with blanks as they look and as they sound in plain Latin letters, at the same places as in
/// the index of record.
pub(crate) fn of_looks(text: &str) -> Vec<Cut> {
    let mut cuts = Vec::new();
    let mut cutter = text::tokens::Cutter::new(text);
    while let Some(token) = cutter.advance() {
        if token.kind != Kind::Word {
            continue;
        }
        let (start, end, position) = (token.raw.start, token.raw.end, token.position);
        let cut = |text: String| Cut { text, start, end, position, pair: false, plain: false };
        if token.text.is_ascii() {
            // Plain Latin letters look like themselves.
            cuts.push(Cut { plain: true, ..cut(token.text.to_string()) });
            continue;
        }
        let folded = text::fold::fold(token.text);
        let sound = folded.sound.filter(|sound| *sound != folded.look);
        cuts.push(cut(folded.look));
        cuts.extend(sound.map(cut));
    }
    cuts
}

/// What a question asks of the looks: how its words look, and how they sound where that is another thing. None when a
/// part of it has no look, as clusters have none.
pub(crate) fn looks_for_query(text: &str) -> Vec<Vec<Cut>> {
    let tokens: Vec<_> = text::tokens(text).collect();
    if tokens.is_empty() || tokens.iter().any(|token| token.kind != Kind::Word) {
        return vec![];
    }
    let form = |by: &dyn Fn(text::fold::Folded) -> String| {
        let cut = |token: &text::tokens::Token| Cut { text: by(text::fold::fold(&token.text)), start: token.raw.start, end: token.raw.end, position: token.position, pair: false, plain: false };
        tokens.iter().map(cut).collect::<Vec<Cut>>()
    };
    let (look, sound) = (form(&|folded| folded.look), form(&|folded| folded.sound.unwrap_or(folded.look)));
    if look == sound { vec![look] } else { vec![look, sound] }
}

/// Thai, Lao, Burmese, Khmer; Chinese and Japanese.
fn is_unspaced(letter: char) -> bool {
    matches!(letter, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{9fff}')
}

/// Dictionary words of scripts without blanks.
pub(crate) fn of_words(text: &str) -> Vec<Cut> {
    // Everything else has its words in the index of record.
    if !text.contains(is_unspaced) {
        return vec![];
    }
    let words = text::words::words(text).filter(|word| word.text.contains(is_unspaced));
    words.enumerate().map(|(position, word)| Cut { text: word.text, start: word.raw.start, end: word.raw.end, position, pair: false, plain: false }).collect()
}

/// A stretch of text around a hit, for showing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// First byte.
    pub from: usize,
    /// One past the last.
    pub to: usize,
    /// Whether the hit begins or ends inside a longer word of a script without blanks, as a dictionary cuts it.
    pub inside_word: bool,
}

/// The stretch with at most `around` bytes on each side of a hit that begins and ends between words, as a dictionary cuts
/// them. It decides how a hit is shown, never whether it is one: dictionaries err.
pub fn stretch(text: &str, (start, end): (usize, usize), around: usize) -> Stretch {
    /// Bytes beyond the stretch by which a dictionary finds into the text.
    const RUN_UP: usize = 96;
    let (least, most) = (text.floor_char_boundary(start.saturating_sub(around)), text.ceil_char_boundary(end.saturating_add(around).min(text.len())));
    let base = text.floor_char_boundary(least.saturating_sub(RUN_UP));
    let window = &text[base..text.ceil_char_boundary(most.saturating_add(RUN_UP).min(text.len()))];
    let words: Vec<(usize, usize)> = text::words::ranges(window).map(|word| (base + word.start, base + word.end)).collect();
    let from = if least == 0 { Some(0) } else { words.iter().map(|word| word.0).find(|at| *at >= least && *at <= start) };
    let to = if most == text.len() { Some(most) } else { words.iter().rev().map(|word| word.1).find(|at| *at <= most && *at >= end) };
    let cuts = |at: usize| words.iter().any(|word| word.0 < at && at < word.1 && text[word.0..word.1].contains(is_unspaced));
    Stretch { from: from.unwrap_or(start), to: to.unwrap_or(end), inside_word: cuts(start) || cuts(end) }
}

/// A tokenizer of a field that only adds to the index of record.
#[derive(Clone)]
pub(crate) struct Added(pub fn(&str) -> Vec<Cut>);

impl Tokenizer for Added {
    type TokenStream<'a> = AddedStream;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> AddedStream {
        AddedStream { cuts: self.0(text).into_iter(), token: Token::default() }
    }
}

pub(crate) struct AddedStream {
    cuts: std::vec::IntoIter<Cut>,
    token: Token,
}

impl TokenStream for AddedStream {
    fn advance(&mut self) -> bool {
        let Some(cut) = self.cuts.next() else { return false };
        self.token = Token { offset_from: cut.start, offset_to: cut.end, position: cut.position, text: cut.text, position_length: 1 };
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

/// The tokenizer of the index of record.
#[derive(Clone)]
pub(crate) struct Record;

impl Tokenizer for Record {
    type TokenStream<'a> = Stream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        Stream { cutter: text::tokens::Cutter::new(text), token: Token::default() }
    }
}

/// Pieces on their way into the index, without an allocation for each.
pub(crate) struct Stream<'a> {
    cutter: text::tokens::Cutter<'a>,
    token: Token,
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        let mut held = mem::take(&mut self.token.text);
        let Some(next) = self.cutter.advance() else { return false };
        held.clear();
        held.push_str(next.text);
        self.token = Token { offset_from: next.raw.start, offset_to: next.raw.end, position: next.position, text: held, position_length: 1 };
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::{is_unspaced, may_look_otherwise, of_looks, other_looks};

    #[test]
    fn what_is_left_out_of_the_looks_stands_in_the_index_of_record() {
        // Each letter of the scripts without blanks, alone and beside others of them.
        for letter in ('\u{0e00}'..='\u{9fff}').filter(|letter| is_unspaced(*letter)) {
            for text in [format!("{letter}"), format!("ກ{letter}ข {letter}"), format!("({letter}, {letter})")] {
                let looks = of_looks(&text);
                assert!(may_look_otherwise(&text) || looks.iter().all(|cut| cut.plain), "{text}: {looks:?}");
            }
        }
        assert!(other_looks("plain words, 12 of them").is_empty());
        assert!(other_looks("ຂາຍ ເຄື່ອງ").is_empty());
        assert_eq!(other_looks("a vеndor").len(), 2, "a Cyrillic letter");
        assert_eq!(other_looks("ຂາຍ vеndor").len(), 1);
    }
}
