//! How long the places of a large graph take, in seconds of one processor: `cargo bench -p chart --profile release --bench places`.

use std::time::Instant;

use chart::{Layout, places};

#[path = "../examples/large/graph.rs"]
mod graph;

fn main() {
    for (things, lines) in [(1_000, 4_000), (10_000, 40_000)] {
        let (names, lines) = graph::of(things, lines);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let layout = Layout::of(names.len(), Layout::SEED);
        let begun = Instant::now();
        let one = places(&names, &lines, layout);
        let took = begun.elapsed();
        assert_eq!(one, places(&names, &lines, layout), "the same again");
        println!("{} things, {} lines, {} steps: {:.2} s on one thread", names.len(), lines.len(), layout.steps, took.as_secs_f64());
    }
}
