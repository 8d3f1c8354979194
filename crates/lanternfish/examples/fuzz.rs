//! Fuzzes the parsers of strangers' bytes for as long as it is told: `cargo run --release -p lanternfish --example fuzz -- --cpu-seconds 600 [--only mail] [--seed 2] [--longest 2.5]`,
//! or looks again at one input that a target fell on: `… -- --only unpack --again FILE`
//!
//! Each target begins with its corpus and goes on with what it makes of it: bits flipped, pieces cut out, doubled, put
//! together from two files, lengths changed, one piece repeated until the input is long. No instrumentation: it runs on the stable compiler, as the product is built. It
//! ends with 1 at the first input on which a target falls (or takes more than ten seconds of the processor, or than `--longest` says), and leaves that input in the
//! folder of temporary files. The corpora alone are replayed by ordinary tests.

#![expect(clippy::unwrap_used, reason = "a fuzzer that cannot unwrap has failed")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::Instant,
};

/// A target: the crate and folder of its corpus, and what is called.
type Target = (&'static str, &'static str, fn(&[u8]));

const TARGETS: [Target; 13] = [
    ("extract", "scan", extract::fuzz_scan),
    ("extract", "decode", extract::decode::fuzz_decode),
    ("extract", "mail", extract::decode::fuzz_mail),
    ("extract", "chat", extract::chat::fuzz_chat),
    ("extract", "links", extract::links::fuzz_links),
    ("extract", "listings", extract::listing::fuzz_listings),
    ("extract", "pages", extract::page::fuzz_page),
    ("extract", "profiles", extract::listing::fuzz_profile),
    ("parse", "unpack", unpack),
    ("parse", "picture", picture),
    ("parse", "words", words),
    ("text", "text", text_of_bytes),
    ("worker", "stream", worker::fuzz_stream),
];

/// Longest input.
const LONGEST: usize = 300_000;
/// Longest time of one input, where none is told.
const LONGEST_SECONDS: f64 = 10.0;

fn unpack(bytes: &[u8]) {
    parse::fuzz::unpack_target(bytes);
}

fn picture(bytes: &[u8]) {
    parse::fuzz::picture_target(bytes);
}

fn words(bytes: &[u8]) {
    parse::fuzz::words_target(bytes);
}

fn text_of_bytes(bytes: &[u8]) {
    text::fuzz_all(&String::from_utf8_lossy(bytes));
}

fn main() {
    let typed: Vec<String> = std::env::args().collect();
    let after = |name: &str| typed.iter().position(|word| word == name).and_then(|at| typed.get(at + 1));
    let seconds: f64 = after("--cpu-seconds").map_or(60.0, |text| text.parse().unwrap());
    // Another seed, other inputs; without one they are the same each time.
    let seed: u64 = after("--seed").map_or(0, |text| text.parse().unwrap());
    let bound: f64 = after("--longest").map_or(LONGEST_SECONDS, |text| text.parse().unwrap());
    let only = after("--only");
    if let Some(file) = after("--again") {
        let (.., target) = TARGETS.into_iter().find(|(_, name, _)| only.is_some_and(|only| only == name)).unwrap();
        let begun = cpu_seconds();
        target(&std::fs::read(file).unwrap());
        println!("{file}: {:.2} CPU-seconds, {} MiB at most", cpu_seconds() - begun, peak_mib());
        return;
    }
    std::panic::set_hook(Box::new(|_| {}));
    for target in TARGETS.into_iter().filter(|(_, name, _)| only.is_none_or(|only| only == name)) {
        fuzz(target, seconds, seed, bound);
    }
}

fn fuzz((of, name, target): Target, seconds: f64, seed: u64, bound: f64) {
    let seeds = corpus(of, name);
    let (mut dice, begun, mut runs, mut longest) = (Dice(0x6c61_6e74 ^ name.len() as u64 ^ seed << 16), cpu_seconds(), 0u64, 0f64);
    while cpu_seconds() - begun < seconds {
        for _ in 0..50 {
            let bytes = mutated(&seeds, &mut dice);
            let at = (Instant::now(), cpu_seconds());
            let fell = catch_unwind(AssertUnwindSafe(|| target(&bytes))).is_err();
            // A machine that is busy with other work is slow, and the target is not: only its own seconds count.
            let took = at.0.elapsed().as_secs_f64().min(cpu_seconds() - at.1 + 0.01);
            longest = longest.max(took);
            runs += 1;
            if fell || took > bound {
                let place = std::env::temp_dir().join(format!("lanternfish-fuzz-{of}-{name}-{runs}"));
                std::fs::write(&place, &bytes).unwrap();
                println!("{of} {name}: run {runs} {} : {}", if fell { "fell" } else { "took too long" }, place.display());
                std::process::exit(1);
            }
        }
    }
    println!("{of} {name}: {runs} inputs from {} seeds in {:.0} CPU-seconds, none fell; the longest took {:.2} s; {} MiB at most", seeds.len(), cpu_seconds() - begun, longest, peak_mib());
}

fn corpus(of: &str, name: &str) -> Vec<Vec<u8>> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(of).join("fuzz/corpus").join(name);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())).map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let seeds: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(!seeds.is_empty(), "{name}: an empty corpus");
    seeds
}

fn mutated(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds[dice.below(seeds.len())].clone();
    // Now and then a piece comes again until the input is long: what is read anew for each of them shows in the time.
    if dice.below(60) == 0 && !bytes.is_empty() {
        let at = dice.below(bytes.len());
        let piece = bytes[at..(at + 1 + dice.below(60)).min(bytes.len())].to_vec();
        let again = piece.repeat(LONGEST / 2 / piece.len());
        drop(bytes.splice(at..at, again));
    }
    for _ in 0..=dice.below(8) {
        let other = &seeds[dice.below(seeds.len())];
        let at = dice.below(bytes.len() + 1);
        let (one, two) = (dice.below(other.len() + 1), dice.below(other.len() + 1));
        let piece = other[one.min(two)..one.max(two)][..one.abs_diff(two).min(2_000)].to_vec();
        match dice.below(7) {
            0 => bytes.truncate(at),
            1 => drop(bytes.splice(at..at, piece)),
            2 => {
                let again = bytes[at..(at + 200).min(bytes.len())].repeat(1 + dice.below(40));
                drop(bytes.splice(at..at, again));
            }
            3 => {
                let end = (at + dice.below(400)).min(bytes.len());
                drop(bytes.drain(at..end));
            }
            // A length, or what could be one, becomes very large, very small, or one off.
            4 if at + 4 <= bytes.len() => {
                let value = [u32::MAX, 0, 1, 0x7fff_ffff, 0x8000_0000][dice.below(5)].to_le_bytes();
                bytes[at..at + 4].copy_from_slice(&value);
            }
            5 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            _ if at < bytes.len() => bytes[at] = dice.below(256) as u8,
            _ => bytes.push(dice.below(256) as u8),
        }
        bytes.truncate(LONGEST);
    }
    bytes
}

/// SplitMix64: small, public domain, the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit.max(1) as u64) as usize
    }
}

fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    (11..13).map(|i| fields[i].parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
