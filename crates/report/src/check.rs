//! Compares the text of the finished PDF with the draft (law 9): what the court will read is checked,
//! not what we meant to print.
//!
//! White space and invisible joiners and breaks do not count, and marks of one cluster may come in any
//! order, because PDF readers return Lao, Thai, Khmer and Burmese marks in the order in which they were
//! drawn. Everything else must be there letter for letter.

use std::collections::BTreeSet;

use crate::lint::Linted;
use crate::page;

/// What is wrong with the finished paper.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextProblem {
    /// The id is nowhere.
    #[error("law 9: the statement id {0} is not on the finished paper: do not issue it, tell the maintainers")]
    IdMissing(String),
    /// The text is not there, or not behind its id.
    #[error("law 9: the text of {0} does not stand beside its id on the finished paper: do not issue it, tell the maintainers")]
    TextMissing(String),
    /// An id that the draft does not know.
    #[error("law 9: the finished paper shows {0}, which is not a statement of this report: do not issue it")]
    UnknownId(String),
    /// Page one does not say what it must.
    #[error("law 9: page one of the finished paper does not show {0}: do not issue it, tell the maintainers")]
    PageOne(String),
    /// A row that must be listed is not there.
    #[error("law 9: {0} is not listed on the finished paper: do not issue it, tell the maintainers")]
    RowMissing(String),
}

/// Checks `pdf_text`, in which pages end with a form feed, against the linted draft.
///
/// # Errors
/// Every problem found.
pub fn check_text(pdf_text: &str, linted: &Linted) -> Result<(), Vec<TextProblem>> {
    let whole = normal(pdf_text);
    let mut problems = Vec::new();
    check_statements(&whole, linted, &mut problems);
    check_unknown(pdf_text, linted, &mut problems);
    check_page_one(pdf_text, linted, &mut problems);
    check_rows(&whole, linted, &mut problems);
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn check_statements(whole: &str, linted: &Linted, problems: &mut Vec<TextProblem>) {
    for statement in &linted.draft.statements {
        if !whole.contains(&normal(&statement.id)) {
            problems.push(TextProblem::IdMissing(statement.id.clone()));
        } else if !whole.contains(&normal(&format!("{}{}", statement.id, statement.text))) {
            problems.push(TextProblem::TextMissing(statement.id.clone()));
        }
    }
}

/// Ids that look like statements but are neither statements nor words of the case material.
fn check_unknown(pdf_text: &str, linted: &Linted, problems: &mut Vec<TextProblem>) {
    let material = page::material(linted);
    let mut allowed: BTreeSet<&str> = material.iter().flat_map(|text| statement_ids(text)).collect();
    allowed.extend(linted.draft.statements.iter().map(|statement| statement.id.as_str()));
    let unknown: BTreeSet<&str> = statement_ids(pdf_text).into_iter().filter(|id| !allowed.contains(id)).collect();
    problems.extend(unknown.into_iter().map(|id| TextProblem::UnknownId(id.to_string())));
}

fn check_page_one(pdf_text: &str, linted: &Linted, problems: &mut Vec<TextProblem>) {
    let first = normal(pdf_text.split('\u{c}').next().unwrap_or_default());
    for line in page::page_one_lines(linted) {
        if !first.contains(&normal(&line)) {
            problems.push(TextProblem::PageOne(format!("{line:?}")));
        }
    }
}

fn check_rows(whole: &str, linted: &Linted, problems: &mut Vec<TextProblem>) {
    let draft = &linted.draft;
    let findings = draft.findings.iter().map(|row| (&row.number, &row.text));
    let searches = draft.null_searches.iter().map(|row| (&row.number, &row.text));
    for (number, text) in findings.chain(searches) {
        if !whole.contains(&normal(number)) || !whole.contains(&normal(text)) {
            problems.push(TextProblem::RowMissing(number.clone()));
        }
    }
}

/// Every `S-` with three or more digits that is not part of a longer word.
pub(crate) fn statement_ids(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("S-") {
        let digits = text[at + 2..].bytes().take_while(u8::is_ascii_digit).count();
        let end = at + 2 + digits;
        let joined = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        if digits >= 3 && !joined(text[..at].chars().next_back()) && !joined(text[end..].chars().next()) {
            found.push(&text[at..end]);
        }
    }
    found
}

/// The letters of `text` that count, in an order that does not depend on how marks were drawn.
pub(crate) fn normal(text: &str) -> String {
    let text = open_code_points(text);
    let mut letters: Vec<char> = Vec::with_capacity(text.len());
    for letter in text.chars().filter(|letter| counts(*letter)) {
        match letter {
            '\u{0E33}' => letters.extend(['\u{0E4D}', '\u{0E32}']), // Thai sara am, drawn in two parts
            '\u{0EB3}' => letters.extend(['\u{0ECD}', '\u{0EB2}']), // Lao am
            other => letters.push(other),
        }
    }
    for cluster in letters.chunk_by_mut(|_, next| is_mark(*next)) {
        cluster[1..].sort_unstable();
    }
    letters.into_iter().collect()
}

fn counts(letter: char) -> bool {
    !letter.is_whitespace()
        && !letter.is_control()
        && !matches!(letter, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}')
}

/// Marks that are drawn above, below or before their letter in the scripts of the region.
fn is_mark(letter: char) -> bool {
    matches!(letter,
        '\u{0300}'..='\u{036F}'
        | '\u{0E31}' | '\u{0E34}'..='\u{0E3A}' | '\u{0E47}'..='\u{0E4E}'
        | '\u{0EB1}' | '\u{0EB4}'..='\u{0EBC}' | '\u{0EC8}'..='\u{0ECE}'
        | '\u{102B}'..='\u{103E}' | '\u{1056}'..='\u{1059}' | '\u{105E}'..='\u{1060}'
        | '\u{17B4}'..='\u{17D3}' | '\u{17DD}')
}

/// `[U+1F600]`, which the typesetter prints for a letter without a glyph, becomes the letter again.
fn open_code_points(text: &str) -> String {
    let mut open = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("[U+") {
        let after = &rest[at + 3..];
        let letter = after.find(']').filter(|end| (4..=6).contains(end)).and_then(|end| {
            let code = u32::from_str_radix(&after[..end], 16).ok()?;
            Some((end, char::from_u32(code)?))
        });
        open.push_str(&rest[..at]);
        match letter {
            Some((end, letter)) => {
                open.push(letter);
                rest = &after[end + 1..];
            }
            None => {
                open.push_str("[U+");
                rest = after;
            }
        }
    }
    open.push_str(rest);
    open
}
