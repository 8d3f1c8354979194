//! Large inputs: the same answer in windows as in one piece, each selector once, absolute offsets.

use std::io::Read;

use extract::{Hints, Kind, Scanner};
use model::selector::{FoundSelector, SelectorType};

use super::addresses::{base58check, bitcoin_segwit, onion};
use super::names::armoured;

fn streamed(scanner: Scanner, bytes: &[u8], hints: &Hints) -> Vec<FoundSelector> {
    let mut found = Vec::new();
    let read = scanner.scan_reader(Trickle(bytes), hints, |s| found.push(s)).unwrap();
    assert_eq!(read, bytes.len() as u64);
    found
}

/// A reader that gives odd small pieces, as a pipe does.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let length = out.len().min(self.0.len()).min(70_001);
        out[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

fn long_page(separator: &str) -> String {
    let block = armoured(Some("")).0;
    let mut out = String::from("<html><body>");
    for i in 0..9_000u32 {
        let seed = (i % 251) as u8;
        out += &format!("<p title='t{i}@example.com'>{} or {} x{i}@example.org", base58check(0, seed), onion(seed % 7));
        out += &format!("{separator}<!-- {} -->Telegram: @vendor_{i}\n", bitcoin_segwit(0, 20));
        if i % 500 == 0 {
            out += &format!("<pre>{block}</pre>\n");
        }
        out += &"padding ".repeat(80);
    }
    out
}

#[test]
fn windows_give_what_one_piece_gives() {
    for (kind, separator) in [(Kind::Html, "<br>"), (Kind::Text, "\n")] {
        let hints = Hints { kind, default_region: None };
        let input = long_page(separator);
        let whole = Scanner::with_window(1 << 30).scan(input.as_bytes(), &hints);
        assert!(whole.len() > 50_000, "{}", whole.len());
        let small = Scanner::with_window(0);
        let cut = small.scan(input.as_bytes(), &hints);
        assert_eq!(cut.len(), whole.len());
        assert!(cut == whole, "windows of a slice differ");
        assert!(streamed(small, input.as_bytes(), &hints) == whole, "windows of a stream differ");
    }
}

#[test]
fn input_without_any_place_to_cut() {
    let input = vec![b'a'; 5 << 20];
    assert!(Scanner::with_window(0).scan(&input, &Hints::default()).is_empty());
}

#[test]
fn empty_input() {
    assert!(Scanner::new().scan(b"", &Hints::default()).is_empty());
    assert!(streamed(Scanner::new(), b"", &Hints::default()).is_empty());
}

#[test]
fn one_line_without_end_gives_no_tail_of_a_word_where_it_is_cut() {
    let line: String = (0..300_000).map(|n| format!("s{n}@example.org ")).collect();
    let found = Scanner::with_window(0).scan(line.as_bytes(), &Hints::default());
    let odd: Vec<_> = found.iter().filter(|s| s.selector_type != SelectorType::Email).collect();
    assert_eq!((found.len(), odd), (300_000, vec![]));
}
