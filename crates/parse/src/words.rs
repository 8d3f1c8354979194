//! Words that a machine read in a picture, from the table in which `tesseract` gives them: where each stands and how
//! sure the machine is. They are put together as lines, the closure runs over them, and the place of what it finds is
//! the picture. What a picture shows decides what stands in the table: it is read in the cage, as everything.
//!
//! It refuses to correct: a letter that was misread stays so, and a checksum that fails because of it fails. The least
//! confidence of the words in which a selector stands is a part of its reason.

use std::io;
use std::ops::Range;

use serde_json::{Value, json};

use crate::codes::of_picture;
use crate::context::{Context, Parent};
use crate::member::FindingKind;
use crate::scan;
use crate::tap::Store;

/// The step that stands in a selector, and the zone of the words.
const STEP: &str = "ocr";
/// Words of one picture.
const MOST: usize = 200_000;
/// Words in one value.
const BATCH: usize = 500;

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    /// 0 to 100, rounded down.
    confidence: u8,
    at: [u32; 4],
    line: [u32; 4],
}

/// Reads the source as such a table.
pub(crate) fn look(context: &Context<'_>, hint: &str, extract: &dyn Fn(&[u8], &str) -> Vec<Value>) -> io::Result<()> {
    let source = Store::Source { context, base: 0, length: context.source_len };
    let bytes = source.bytes_at(0, crate::ocr::MOST_TABLE)?;
    let table = String::from_utf8_lossy(&bytes);
    let words: Vec<Word> = table.lines().filter_map(word).take(MOST).collect();
    if words.len() == MOST {
        context.note(FindingKind::Limit, Parent::SOURCE, 0, format!("words of a picture beyond the first {MOST} are left out"))?;
    }
    let length = context.source_len;
    let told = words.chunks(BATCH).map(|words| {
        let words: Vec<Value> = words.iter().map(|word| json!({"text": word.text, "confidence": word.confidence, "at": word.at})).collect();
        json!({"kind": "words", "start": 0, "end": length, "value": words})
    });
    scan::tell(context, told.map(scan::sized))?;
    let (text, places) = put_together(&words);
    let found = extract(text.as_bytes(), hint).into_iter().filter_map(|value| {
        let at = |name: &str| value.get(name).and_then(Value::as_u64).and_then(|at| usize::try_from(at).ok());
        let note = at("start").zip(at("end")).map_or_else(String::new, |(start, end)| reason(&words, &places, start..end));
        of_picture(value, length, STEP, &note)
    });
    scan::tell(context, found.map(scan::sized))
}

/// A line of the table that holds a word: level 5, page, block, paragraph, line, word, left, top, width, height,
/// confidence, text.
fn word(line: &str) -> Option<Word> {
    let mut fields = line.splitn(12, '\t');
    (fields.next()? == "5").then_some(())?;
    let mut number = || fields.next()?.parse::<u32>().ok();
    let line = [number()?, number()?, number()?, number()?];
    number()?;
    let at = [number()?, number()?, number()?, number()?];
    let sure: f32 = fields.next()?.parse().ok()?;
    let text = fields.next()?.trim();
    let confidence = (0..=100).rev().find(|whole: &u8| f32::from(*whole) <= sure)?;
    (!text.is_empty()).then(|| Word { text: text.to_string(), confidence, at, line })
}

/// The words as lines, and where each stands in the text.
fn put_together(words: &[Word]) -> (String, Vec<Range<usize>>) {
    let (mut text, mut places): (String, Vec<Range<usize>>) = (String::new(), Vec::new());
    for (i, word) in words.iter().enumerate() {
        match i.checked_sub(1).map(|before| &words[before]) {
            None => {}
            Some(before) if before.line != word.line => text.push('\n'),
            Some(before) if is_one_piece(before, word) => {}
            Some(_) => text.push(' '),
        }
        places.push(text.len()..text.len() + word.text.len());
        text.push_str(&word.text);
    }
    (text, places)
}

/// Lao, Thai, Khmer and Burmese are written without spaces, and the program parts them all the same: a gap of less than
/// a quarter of the height is none.
fn is_one_piece(before: &Word, word: &Word) -> bool {
    let unspaced = |letter: Option<char>| letter.is_some_and(|c| matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'));
    let gap = i64::from(word.at[0]) - i64::from(before.at[0]) - i64::from(before.at[2]);
    unspaced(before.text.chars().last()) && unspaced(word.text.chars().next()) && gap * 4 < i64::from(before.at[3].max(word.at[3]))
}

/// How sure the machine was of the words in this range, and where they stand.
fn reason(words: &[Word], places: &[Range<usize>], range: Range<usize>) -> String {
    let from = places.partition_point(|place| place.end <= range.start);
    let within: Vec<&Word> = words[from..].iter().zip(&places[from..]).take_while(|(_, place)| place.start < range.end).map(|(word, _)| word).collect();
    let Some(sure) = within.iter().map(|word| word.confidence).min() else { return String::new() };
    let low = |axis: usize| within.iter().map(|word| u64::from(word.at[axis])).min().unwrap_or_default();
    let far = |axis: usize| within.iter().map(|word| u64::from(word.at[axis]) + u64::from(word.at[axis + 2])).max().unwrap_or_default();
    format!("; read by machine in a picture, least confidence {sure} of 100, at {},{}, {} × {} points", low(0), low(1), far(0) - low(0), far(1) - low(1))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use super::*;

    fn row(line: u32, number: u32, left: u32, width: u32, confidence: &str, text: &str) -> String {
        format!("5\t1\t1\t1\t{line}\t{number}\t{left}\t10\t{width}\t40\t{confidence}\t{text}")
    }

    #[test]
    fn words_of_unspaced_scripts_are_put_together_and_others_are_not() {
        let table = [
            row(1, 1, 0, 30, "96.9", "ขา"), row(1, 2, 35, 20, "97", "ย"), row(1, 3, 70, 20, "90", "ส่ง"), row(2, 1, 0, 50, "93.99", "mail"), row(2, 2, 52, 99, "90.7", "a@b.la"),
        ];
        let words: Vec<Word> = table.iter().filter_map(|line| word(line)).collect();
        let (text, places) = put_together(&words);
        assert_eq!(text, "ขาย ส่ง\nmail a@b.la");
        assert_eq!(&text[places[1].clone()], "ย");
        let at = text.find("a@b").unwrap();
        assert_eq!(reason(&words, &places, at..at + 6), "; read by machine in a picture, least confidence 90 of 100, at 52,10, 99 × 40 points");
        assert!(reason(&words, &places, 0..9).contains("least confidence 96 of 100, at 0,10, 55 × 40"));
    }

    #[test]
    fn what_is_no_word_is_passed_over() {
        for line in ["", "level\tpage_num", "4\t1\t1\t1\t1\t0\t0\t0\t1\t1\t-1\t", &row(1, 1, 0, 1, "-1", "x"), &row(1, 1, 0, 1, "NaN", "x"), &row(1, 1, 0, 1, "50", " "), "5\t1\t1"] {
            assert_eq!(word(line), None, "{line}");
        }
        assert_eq!(word(&row(1, 1, 0, 1, "50", "a\tb")).unwrap().text, "a\tb");
    }
}
