//! Speed and memory of the index of a case, on text that this file writes: words of eight scripts, drawn by rank from
//! vocabularies of their own, the same in every run. In the same run: the index of record alone, and writing the same
//! bytes encrypted without any index (the limit of the folder).
//! Run: `cargo bench -p store --profile release --bench search [-- DOCUMENTS]`. The last line is JSON.
//!
//! CPU-seconds are those of the whole process, threads of the index included. A phrase is a stretch of a passage that
//! was put in, so it must be found: the bench ends with an error when one is not.

use std::sync::Arc;
use std::time::Instant;

use store::index::{CaseIndex, Held, IndexKey, Reach, read_ask};

const QUERIES: usize = 1000;

fn main() {
    let documents = std::env::args().filter_map(|arg| arg.parse::<usize>().ok()).next().unwrap_or(1_000_000);
    let worlds = Worlds::new();
    let bytes: usize = (0..documents).map(|n| worlds.text(n).len()).sum();
    let megabytes = bytes as f64 / 1e6;
    let sample = documents.min(100_000);
    let sampled: f64 = (0..sample).map(|n| worlds.text(n).len()).sum::<usize>() as f64 / 1e6;
    let (_, one) = built(&worlds, sample, true);
    let (_, all) = built(&worlds, sample, false);
    eprintln!("{sample} passages: {:.1} MB per CPU-second with one field, {:.1} with all", sampled / one, sampled / all);
    let (shelf, seconds) = built(&worlds, documents, false);
    let size = folder_size(shelf.home.path());
    eprintln!("{documents} passages, {megabytes:.0} MB: {:.1} MB per CPU-second, the index is {:.2} of the text", megabytes / seconds, size as f64 / bytes as f64);
    let index = CaseIndex::open(shelf.home.path(), &shelf.key).expect("it was just written");
    let before = rss_anon_mib();
    let mut wall = Vec::new();
    let mut cpu = Vec::new();
    let reach = Reach { exhibits: vec!["E-0001".into()], without: vec![], most: 10 };
    for n in 0..QUERIES {
        let phrase = worlds.phrase(n * 7919 % documents);
        let ask = read_ask(&format!("\"{phrase}\"")).expect("a phrase");
        let (begun, spent) = (Instant::now(), cpu_seconds());
        let answer = index.ask(&ask, &reach).expect("the index opens");
        cpu.push((cpu_seconds() - spent) * 1e3);
        wall.push(begun.elapsed().as_secs_f64() * 1e3);
        assert!(!answer.hits.is_empty(), "{phrase} was not found");
    }
    let after = rss_anon_mib();
    let (p50, p99) = (quantile(&mut cpu, 0.5), quantile(&mut cpu, 0.99));
    println!(
        r#"{{"bench":"search","documents":{documents},"mb":{megabytes:.1},"index_mb_per_cpu_s":{:.2},"all_to_one_field":{:.2},"index_to_text":{:.2},"phrase_p50_cpu_ms":{p50:.2},"phrase_p99_cpu_ms":{p99:.2},"phrase_p50_ms":{:.2},"phrase_p99_ms":{:.2},"recall":1.0,"rss_anon_open_mib":{before},"rss_anon_asked_mib":{after},"rss_anon_peak_mib":{}}}"#,
        megabytes / seconds, one / all, size as f64 / bytes as f64, quantile(&mut wall, 0.5), quantile(&mut wall, 0.99), shelf.peak
    );
}

struct Shelf {
    home: tempfile::TempDir,
    key: IndexKey,
    peak: u64,
}

/// An index of the first passages, and the CPU-seconds that it took.
fn built(worlds: &Worlds, documents: usize, record_only: bool) -> (Shelf, f64) {
    let mut shelf = Shelf { home: tempfile::TempDir::new().expect("a folder"), key: IndexKey::fresh().expect("random bytes"), peak: 0 };
    let writing: f64 = {
        let begun = cpu_seconds();
        (0..documents).for_each(|n| drop(worlds.text(n)));
        cpu_seconds() - begun
    };
    let begun = cpu_seconds();
    let mut writer = Arc::new(CaseIndex::open(shelf.home.path(), &shelf.key).expect("a new index")).writer().expect("the only writer");
    if record_only {
        writer = writer.record_only();
    }
    for n in 0..documents {
        writer.add(&held(worlds, n)).expect("room on the disk");
        if n % 1000 == 0 {
            shelf.peak = shelf.peak.max(rss_anon_mib());
        }
    }
    writer.commit().expect("room on the disk");
    (shelf, cpu_seconds() - begun - writing)
}

fn held(worlds: &Worlds, n: usize) -> Held {
    Held {
        exhibit: "E-0001".into(),
        derivation: "deriv-1".into(),
        blob: Some(format!("blob-{n:032x}")),
        mail: None,
        place: format!("http://market.example/item/{n}"),
        host: Some("market.example".into()),
        zone: "text".into(),
        text: worlds.text(n),
        runs: vec![(0, 0, 0)],
        language: Some(worlds.of(n).name.into()),
        captured: Some(n as i64 * 1_000_000),
        selectors: vec![],
        secrets: vec![],
    }
}

/// A vocabulary of one script.
struct World {
    name: &'static str,
    words: Vec<String>,
    spaced: bool,
}

struct Worlds(Vec<World>);

impl Worlds {
    fn new() -> Worlds {
        let letters = |range: std::ops::RangeInclusive<char>| range.collect::<Vec<char>>();
        let latin = || letters('a'..='z');
        Worlds(vec![
            World::of("en", &latin(), &['a', 'e', 'i', 'o', 'u'], true, 1),
            World::of("ru", &letters('а'..='я'), &['а', 'е', 'и', 'о', 'у', 'ы'], true, 2),
            World::of("lo", &letters('ກ'..='ຂ').into_iter().chain(letters('ຈ'..='ຊ')).chain(letters('ດ'..='ທ')).chain(letters('ນ'..='ຟ')).collect::<Vec<_>>(), &['າ', 'ີ', 'ິ', 'ຸ', 'ູ', 'ື'], false, 3),
            World::of("th", &letters('ก'..='ฮ'), &['า', 'ี', 'ิ', 'ุ', 'ู', 'ื'], false, 4),
            World::of("km", &letters('ក'..='អ'), &['ា', 'ិ', 'ី', 'ុ', 'ូ', 'េ'], false, 5),
            World::of("my", &letters('က'..='အ'), &['ာ', 'ိ', 'ီ', 'ု', 'ူ', 'ေ'], false, 6),
            World::of("zh", &letters('一'..='俿'), &[], false, 7),
            World::of("vi", &latin(), &['ă', 'â', 'ê', 'ô', 'ơ', 'ư', 'ạ', 'ế'], true, 8),
        ])
    }

    fn of(&self, n: usize) -> &World {
        &self.0[n % self.0.len()]
    }

    /// Between 20 and 60 words, drawn by rank.
    fn text(&self, n: usize) -> String {
        let world = self.of(n);
        let mut dice = Dice(n as u64 * 0x2545_f491 + 11);
        let words: Vec<&str> = (0..20 + dice.below(40)).map(|_| world.drawn(&mut dice)).collect();
        let mut text = String::new();
        for (i, word) in words.into_iter().enumerate() {
            if i > 0 && (world.spaced || dice.below(12) == 0) {
                text.push(' ');
            }
            text.push_str(word);
        }
        text
    }

    /// Three words in the middle of a passage.
    fn phrase(&self, n: usize) -> String {
        let (world, text) = (self.of(n), self.text(n));
        if world.spaced {
            let words: Vec<&str> = text.split(' ').collect();
            return words[8..11].join(" ");
        }
        let cuts = text::tokens::boundaries(&text);
        let from = cuts.len() / 2;
        text[cuts[from]..cuts[(from + 8).min(cuts.len() - 1)]].trim().to_string()
    }
}

impl World {
    fn of(name: &'static str, consonants: &[char], vowels: &[char], spaced: bool, seed: u64) -> World {
        let mut dice = Dice(seed);
        let syllable = |dice: &mut Dice| {
            let mut syllable = String::from(consonants[dice.below(consonants.len())]);
            if !vowels.is_empty() {
                syllable.push(vowels[dice.below(vowels.len())]);
            }
            syllable
        };
        let words = (0..40_000).map(|_| (0..1 + dice.below(4)).map(|_| syllable(&mut dice)).collect()).collect();
        World { name, words, spaced }
    }

    /// A word by rank: the first ones are common, as in real text (Zipf).
    fn drawn(&self, dice: &mut Dice) -> &str {
        let share = (dice.next() >> 11) as f64 / (1u64 << 53) as f64;
        let rank = ((self.words.len() as f64).powf(share) - 1.0) as usize;
        &self.words[rank.min(self.words.len() - 1)]
    }
}

/// SplitMix64: small, public domain, the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share) as usize]
}

fn folder_size(folder: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() => folder_size(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    }).sum()
}

/// CPU time of this process with all its threads, ended ones included.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = text.rsplit(')').next().expect("a name in brackets").split_whitespace().collect();
    let ticks: f64 = [11, 12].iter().map(|i| fields[*i].parse::<f64>().expect("a number of ticks")).sum();
    ticks / 100.0
}

fn rss_anon_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("RssAnon")).expect("kernel reports RssAnon");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number of KiB") / 1024
}
