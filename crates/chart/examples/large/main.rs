//! Prints a large synthetic graph with its places, for `checks/drawings.py` and to hold against other layouts:
//! `cargo run --release -p chart --example large -- 10000 40000`.
#![allow(missing_docs, clippy::print_stdout, reason = "an example that prints")]

use chart::{Layout, places};

mod graph;

fn main() {
    let size: Vec<usize> = std::env::args().skip(1).filter_map(|number| number.parse().ok()).collect();
    let (names, lines) = graph::of(size.first().copied().unwrap_or(10_000), size.get(1).copied().unwrap_or(40_000));
    let layout = Layout::of(names.len(), Layout::SEED);
    let at = places(&names.iter().map(String::as_str).collect::<Vec<_>>(), &lines, layout);
    let mut degree = vec![0; names.len()];
    lines.iter().for_each(|(from, to, _)| {
        degree[*from] += 1;
        degree[*to] += 1;
    });
    let things: Vec<String> = names.iter().zip(&at).zip(&degree).map(|((name, (x, y)), degree)| format!("[\"{name}\",{},{x},{y},{degree}]", name.starts_with("E-"))).collect();
    let lines: Vec<String> = lines.iter().map(|(from, to, _)| format!("[{from},{to}]")).collect();
    println!("{{\"layout\":\"{}\",\"things\":[{}],\"lines\":[{}]}}", layout.in_words(), things.join(","), lines.join(","));
}
