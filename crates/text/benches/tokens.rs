//! Speed of what the index asks for, in MB per CPU-second, over lines in nineteen languages that this file
//! writes: tokens (all, and by kind of script), normal form with its map, runs of scripts, look-alikes of each
//! token, dictionary words, grapheme clusters, and all fields of the index together. Beside them the limit,
//! counting characters. Run: `cargo bench -p text --profile release --bench tokens`, or `… -- MEGABYTES`, or `… -- FILE`. The
//! last line is JSON.

use std::hint::black_box;

use text::{
    clusters::clusters,
    fold::fold,
    normal::{Normal, normal},
    script::runs,
    tokens::{Cutter, Kind},
    words::ranges,
    zawgyi::guess,
};

#[path = "common/speed.rs"]
mod speed;

use speed::{SENTENCES, lines, named_file, per_cpu_second};

fn count_tokens(text: &str) -> usize {
    let (mut cutter, mut count) = (Cutter::new(text), 0);
    while let Some(token) = cutter.advance() {
        count += usize::from(!token.text.is_empty());
    }
    count
}

fn count_folded(text: &str) -> usize {
    let (mut cutter, mut count) = (Cutter::new(text), 0);
    while let Some(token) = cutter.advance() {
        if matches!(token.kind, Kind::Word) {
            count += fold(token.text).look.len();
        }
    }
    count
}

fn main() {
    let megabytes = std::env::args().filter_map(|a| a.parse::<usize>().ok()).next().unwrap_or(16);
    let bytes = megabytes * 1_000_000;
    let all = named_file().unwrap_or_else(|| lines(bytes, &SENTENCES));
    let (unspaced, spaced) = (lines(bytes, &SENTENCES[..5]), lines(bytes, &SENTENCES[5..]));
    black_box(normal("made once: the table of characters"));
    let mut told = vec![
        ("limit_count_characters", per_cpu_second(&all, |t| t.chars().count()).0),
        ("tokens", per_cpu_second(&all, count_tokens).0),
        ("tokens_unspaced", per_cpu_second(&unspaced, count_tokens).0),
        ("tokens_spaced", per_cpu_second(&spaced, count_tokens).0),
        ("normal", per_cpu_second(&all, |t| normal(t).len()).0),
        ("normal_with_map", per_cpu_second(&all, |t| Normal::of(t).text().len()).0),
        ("script_runs", per_cpu_second(&all, |t| runs(t).count()).0),
        ("folded_words", per_cpu_second(&all, count_folded).0),
        ("dictionary_words", per_cpu_second(&unspaced, |t| ranges(t).count()).0),
        ("grapheme_clusters", per_cpu_second(&all, |t| clusters(t).count()).0),
        ("zawgyi_guess", per_cpu_second(&unspaced, |t| guess(t).for_unicode as usize).0),
    ];
    told.push(("all_fields", per_cpu_second(&all, |t| count_tokens(t) + count_folded(t) + ranges(t).count()).0));
    let told: Vec<String> = told.into_iter().map(|(name, speed)| format!(r#""{name}_mb_per_cpu_s":{speed:.1}"#)).collect();
    println!(r#"{{"bench":"tokens","mb":{megabytes},{}}}"#, told.join(","));
}
