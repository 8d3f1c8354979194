//! A typed word inside a sentence, in quotation marks, as its reader knows it. Rust's own way of quoting breaks Lao
//! and Thai vowels into numbers. Control characters and marks of direction still come out as numbers: a word must
//! not reach into the terminal.

/// `"word"`, with quotation marks, backslashes, control characters and marks of direction escaped.
///
/// ```
/// assert_eq!(model::quoted("ໂທລະສັບ 7"), "\"ໂທລະສັບ 7\"");
/// assert_eq!(model::quoted("a\u{1b}[2J\u{202e}\""), "\"a\\u{1b}[2J\\u{202e}\\\"\"");
/// ```
pub fn quoted(word: impl AsRef<str>) -> String {
    let turns = |letter: char| matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut out = String::from("\"");
    for letter in word.as_ref().chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            _ if letter.is_control() || turns(letter) => out.extend(letter.escape_unicode()),
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}
