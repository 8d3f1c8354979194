//! Answers about texts, one for each line of standard input, for the scripts that measure (`checks/languages.py`):
//! `zawgyi` (likelihood and encoding), `unicode` (a Zawgyi line put into Unicode, in normal form), `normal`,
//! `words`, `language` (codes with their scores).

use std::io::{self, BufRead, Write};

use text::{language, normal::normal, words, zawgyi};

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
        "language" => language_of(line),
        "words" => words::words(line).map(|w| w.text).collect::<Vec<_>>().join("|"),
        _ => normal(line),
    }
}

/// The verdict as one word, then codes and scores.
fn language_of(line: &str) -> String {
    let answer = language::identify(line);
    let verdict = match answer.verdict {
        language::Verdict::One(language) => language.code().to_owned(),
        language::Verdict::Either(one, other) => format!("{}|{}", one.code(), other.code()),
        language::Verdict::Unknown(_) => "unknown".to_owned(),
    };
    let ranked = answer.ranked.iter().map(|r| format!(" {}:{:.3}", r.language.code(), r.score));
    verdict + &ranked.collect::<String>()
}
