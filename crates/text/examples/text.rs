//! Answers about texts, one for each line of standard input, for the scripts that measure (`checks/languages.py`):
//! `zawgyi` (likelihood and encoding), `unicode` (a Zawgyi line put into Unicode, in normal form), `normal`,
//! `words`, `language` (codes with their scores).

use std::io::{self, BufRead, Write};

use text::{normal::normal, words, zawgyi};

fn main() -> io::Result<()> {
    let what = std::env::args().nth(1).unwrap_or_default();
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        writeln!(out, "{}", answer(&what, &line?))?;
    }
    out.flush()
}

fn answer(what: &str, line: &str) -> String {
    match what {
        "zawgyi" => format!("{:.4} {:?}", zawgyi::guess(line).likelihood(), zawgyi::guess(line).encoding()),
        "unicode" => normal(zawgyi::to_unicode(line).text()),
        "words" => words::words(line).map(|w| w.text).collect::<Vec<_>>().join("|"),
        _ => normal(line),
    }
}
