//! The language of a search: what a person types, read into a question. Pure; it knows no index.
//!
//! ```text
//! two words            both must be there        "a phrase"        these words, in this order
//! one OR other         one of them               "a phrase"~5      these words, at most 5 words further apart
//! -word  NOT word      must not be there         word*             words that begin so
//! ( … )                groups                    word~  word~2     words that differ by 1 or 2 letters
//! title:"…" address:… exhibit:E001 language:lo host:… selector:… type:btc-bech32 zone:comment
//! after:2026-01-31  before:2026-02-28            day of the capture, both included
//! ```
//!
//! Words of Lao, Thai, Khmer, Burmese and Chinese stand without spaces: what is typed of them is one phrase. `~` counts
//! their letters (a letter with its marks), because nobody knows where their words end.
//! It refuses a question that would only say what must not be there, and one that it does not understand: a question
//! that was read in another way than it was meant gives an answer that means nothing.

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// All of them.
    All(Vec<Ask>),
    /// At least one of them.
    Any(Vec<Ask>),
    /// Not this.
    Not(Box<Ask>),
    /// Words.
    Words(Words),
    /// A property of the place, as it is written in the index.
    Is(Property, String),
    /// Captured on this day (days since 1970-01-01) or later.
    After(i64),
    /// Captured on this day or earlier.
    Before(i64),
}

/// Words that stand one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// As typed.
    pub text: String,
    /// Where.
    pub field: Field,
    /// How they are compared.
    pub how: How,
}

/// Where words are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Anywhere.
    Any,
    /// In titles.
    Title,
    /// In the address or name of the place.
    Address,
}

/// How words are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// As they are, one after the other.
    Phrase,
    /// In any order, with at most this many other words among them; of scripts without blanks letters are counted, and
    /// what was typed without a blank is one word.
    Near(u32),
    /// The last one may go on.
    Prefix,
    /// Each word may differ by this many letters put in, left out, changed or swapped; of scripts without blanks all
    /// that was typed, by this many put in, left out or changed.
    Fuzzy(u8),
}

/// A property that is compared as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    /// Label of the exhibit.
    Exhibit,
    /// Language, as an ISO 639 code.
    Language,
    /// Host of the address.
    Host,
    /// Value of a selector, in any letter case.
    Selector,
    /// Type of a selector.
    Type,
    /// `text`, `title`, `attribute` or `comment`.
    Zone,
}

/// Most parts of one question.
const MOST: usize = 64;
/// Deepest nesting of brackets.
const DEEPEST: usize = 16;

/// Reads a question.
///
/// # Errors
/// What was not understood, and what to write instead.
pub fn read(text: &str) -> Result<Ask, String> {
    let tokens = tokens(text)?;
    if tokens.len() > MOST {
        return Err(format!("this question has more than {MOST} parts: ask in two steps"));
    }
    let mut reader = Reader { tokens: &tokens, at: 0 };
    let ask = reader.any(0)?;
    if reader.at < tokens.len() {
        return Err("there is a closing bracket too many: remove it, or put it inside quotation marks".into());
    }
    if !ask.can_be_found() {
        return Err("this asks only for what is not there: add a word that must be there".into());
    }
    Ok(ask)
}

impl Ask {
    /// Whether something in it must be there.
    pub(super) fn can_be_found(&self) -> bool {
        match self {
            Ask::All(parts) => parts.iter().any(Ask::can_be_found),
            Ask::Any(parts) => parts.iter().all(Ask::can_be_found),
            Ask::Not(_) => false,
            Ask::Words(_) | Ask::Is(..) | Ask::After(_) | Ask::Before(_) => true,
        }
    }

    /// The words that it looks for, those that must not be there left out.
    pub fn words(&self) -> Vec<&Words> {
        match self {
            Ask::All(parts) | Ask::Any(parts) => parts.iter().flat_map(Ask::words).collect(),
            Ask::Words(words) => vec![words],
            _ => vec![],
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Or,
    Not,
    Leaf { field: Option<String>, text: String, quoted: bool, mark: Option<char>, number: Option<u32> },
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '(' => push(&mut tokens, Token::Open, &rest[1..]),
            ')' => push(&mut tokens, Token::Close, &rest[1..]),
            '-' if rest[1..].starts_with(|c: char| !c.is_whitespace() && c != '-') => push(&mut tokens, Token::Not, &rest[1..]),
            _ => leaf(&mut tokens, rest)?,
        }
        .trim_start();
    }
    if tokens.is_empty() {
        return Err("there is nothing to search for: give at least one word".into());
    }
    Ok(tokens)
}

fn push<'t>(tokens: &mut Vec<Token>, token: Token, rest: &'t str) -> &'t str {
    tokens.push(token);
    rest
}

/// Reads one word, phrase or `field:value`.
fn leaf<'t>(tokens: &mut Vec<Token>, text: &'t str) -> Result<&'t str, String> {
    let (field, rest) = field(text);
    if is_quote(rest.chars().next()) {
        let open = rest.chars().next().map_or(0, char::len_utf8);
        let inside = &rest[open..];
        let end = inside.find(|c| is_quote(Some(c))).ok_or("a quotation mark is missing: a phrase ends with one")?;
        let close = inside[end..].chars().next().map_or(0, char::len_utf8);
        let (mark, number, after) = suffix(&inside[end + close..])?;
        tokens.push(Token::Leaf { field, text: inside[..end].to_string(), quoted: true, mark, number });
        return Ok(after);
    }
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"')).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    match (word, &field) {
        ("OR" | "|", None) => tokens.push(Token::Or),
        ("NOT", None) => tokens.push(Token::Not),
        ("AND" | "&", None) => {}
        _ => tokens.push(word_of(word, field)?),
    }
    Ok(after)
}

fn word_of(word: &str, field: Option<String>) -> Result<Token, String> {
    if let Some(stem) = word.strip_suffix('*') {
        return Ok(Token::Leaf { field, text: stem.to_string(), quoted: false, mark: Some('*'), number: None });
    }
    let tilde = word.rfind('~').filter(|at| *at > 0 && word[at + 1..].bytes().all(|b| b.is_ascii_digit()));
    let (text, mark, number) = match tilde {
        Some(at) => (&word[..at], Some('~'), number_of(&word[at + 1..])?),
        None => (word, None, None),
    };
    Ok(Token::Leaf { field, text: text.to_string(), quoted: false, mark, number })
}

fn is_quote(c: Option<char>) -> bool {
    matches!(c, Some('"' | '“' | '”' | '„' | '«' | '»'))
}

/// Names of fields; another word before a colon belongs to what is searched for, as in `http://…`.
const FIELDS: [&str; 10] = ["title", "address", "exhibit", "language", "host", "selector", "type", "zone", "after", "before"];

fn field(text: &str) -> (Option<String>, &str) {
    let name = FIELDS.iter().find(|name| text.strip_prefix(**name).is_some_and(|rest| rest.starts_with(':')));
    match name {
        Some(name) => (Some((*name).to_string()), &text[name.len() + 1..]),
        None => (None, text),
    }
}

/// `~5` or `*` after a closing quotation mark.
fn suffix(rest: &str) -> Result<(Option<char>, Option<u32>, &str), String> {
    if let Some(after) = rest.strip_prefix('*') {
        return Ok((Some('*'), None, after));
    }
    let Some(after) = rest.strip_prefix('~') else { return Ok((None, None, rest)) };
    let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
    Ok((Some('~'), number_of(&after[..end])?, &after[end..]))
}

fn number_of(digits: &str) -> Result<Option<u32>, String> {
    match digits {
        "" => Ok(None),
        _ => digits.parse().ok().filter(|n| *n <= 100).map(Some).ok_or_else(|| "a number after ~ is at most 100".into()),
    }
}

struct Reader<'t> {
    tokens: &'t [Token],
    at: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<Token> {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned()
    }

    /// Parts between which `OR` stands.
    fn any(&mut self, depth: usize) -> Result<Ask, String> {
        let mut parts = vec![self.all(depth)?];
        while self.tokens.get(self.at) == Some(&Token::Or) {
            self.at += 1;
            parts.push(self.all(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Ask::Any(parts) })
    }

    fn all(&mut self, depth: usize) -> Result<Ask, String> {
        let mut parts = Vec::new();
        while !matches!(self.tokens.get(self.at), None | Some(Token::Or | Token::Close)) {
            parts.push(self.one(depth)?);
        }
        match parts.len() {
            0 => Err("something is missing beside OR, NOT or a bracket: write a word there".into()),
            1 => Ok(parts.remove(0)),
            _ => Ok(Ask::All(parts)),
        }
    }

    fn one(&mut self, depth: usize) -> Result<Ask, String> {
        if depth > DEEPEST {
            return Err(format!("brackets stand inside each other more than {DEEPEST} times"));
        }
        match self.next() {
            Some(Token::Not) => Ok(Ask::Not(Box::new(self.one(depth + 1)?))),
            Some(Token::Open) => {
                let inside = self.any(depth + 1)?;
                match self.next() {
                    Some(Token::Close) => Ok(inside),
                    _ => Err("a closing bracket is missing".into()),
                }
            }
            Some(Token::Leaf { field, text, quoted, mark, number }) => leaf_of(field.as_deref(), text, quoted, mark, number),
            _ => Err("something is missing beside OR, NOT or a bracket: write a word there".into()),
        }
    }
}

fn leaf_of(field: Option<&str>, text: String, quoted: bool, mark: Option<char>, number: Option<u32>) -> Result<Ask, String> {
    if text.trim().is_empty() {
        return Err("a word is missing after a colon, or between quotation marks".into());
    }
    let property = match field {
        Some("exhibit") => Some((Property::Exhibit, exhibit(&text)?)),
        Some("language") => Some((Property::Language, text.to_lowercase())),
        Some("host") => Some((Property::Host, text.to_lowercase())),
        Some("selector") => Some((Property::Selector, text.to_lowercase())),
        Some("type") => Some((Property::Type, text.to_lowercase())),
        Some("zone") => Some((Property::Zone, text.to_lowercase())),
        Some("after") => return day(&text).map(Ask::After),
        Some("before") => return day(&text).map(Ask::Before),
        _ => None,
    };
    if let Some((property, value)) = property {
        return Ok(Ask::Is(property, value));
    }
    let field = match field {
        Some("title") => Field::Title,
        Some("address") => Field::Address,
        _ => Field::Any,
    };
    let how = match (mark, quoted) {
        (Some('*'), _) => How::Prefix,
        (Some(_), true) => How::Near(number.unwrap_or(5)),
        (Some(_), false) => How::Fuzzy(enough_letters(&text, letters(number)?)?),
        (None, _) => How::Phrase,
    };
    Ok(Ask::Words(Words { text, field, how }))
}

/// `E-0001`, as it stands in the index, of `E1`, `e-1` or `1`.
fn exhibit(text: &str) -> Result<String, String> {
    let digits = text.trim_start_matches(['E', 'e']).trim_start_matches('-');
    let number: u32 = digits.parse().map_err(|_| format!("{} is no exhibit: write it as exhibit:E-0001", model::quoted(text)))?;
    Ok(format!("E-{number:04}"))
}

fn letters(number: Option<u32>) -> Result<u8, String> {
    match number.unwrap_or(1) {
        n @ 1..=2 => Ok(n as u8),
        _ => Err("a word may differ by 1 or 2 letters: write word~ or word~2".into()),
    }
}

/// Refuses a word of a script without blanks that is too short to be told from others: with every second letter free,
/// nearly every page would answer.
fn enough_letters(text: &str, may_differ: u8) -> Result<u8, String> {
    let needed = 2 * (usize::from(may_differ) + 1);
    match super::cut::letters(text) {
        Some(letters) if letters.len() < needed => {
            Err(format!("in a script without blanks ~{may_differ} needs a word of at least {needed} letters, and {} has {}: write more of it, or leave ~ out", model::quoted(text), letters.len()))
        }
        _ => Ok(may_differ),
    }
}

/// `2026-01-31` as days since 1970-01-01.
fn day(text: &str) -> Result<i64, String> {
    let date: jiff::civil::Date = text.parse().map_err(|_| format!("{} is no day: write it as 2026-01-31", model::quoted(text)))?;
    Ok(i64::from((date - jiff::civil::date(1970, 1, 1)).get_days()))
}
