//! What a known-hash list costs: adding one, asking it, and admitting beside it.
//!
//! `cargo bench -p lanternfish --bench hashes --profile release` makes a list of `LANTERNFISH_BENCH_DIGESTS`
//! (1,000,000) SHA-256 digests, asks it 100,000 times, then admits `LANTERNFISH_BENCH_FILES` (2,000) files of 16 KiB
//! without a list and as many with it, taking turns, and compares CPU-seconds. One JSON line each. It measures and
//! judges nothing.
#![expect(clippy::unwrap_used, reason = "a bench that cannot unwrap has failed")]

#[path = "unit/mod.rs"]
mod unit;

use std::{fs, io::Write, time::Instant};

use desk::{
    admit::{self, AdmitFile},
    known::{self, AddList},
};
use model::{
    Sha256Digest,
    authority::SourceClass,
    exhibit::{ExhibitClass, Origin},
    known::ListCategory,
};
use store::{Digests, ReadList};

const ASKED: u64 = 100_000;

use unit::Unit;

fn main() {
    let digests = number("LANTERNFISH_BENCH_DIGESTS", 1_000_000);
    let text = list(digests);
    let house = House::new();
    asking(&house, &text, digests);
    admitting(&house, &text, number("LANTERNFISH_BENCH_FILES", 2_000));
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// User and system CPU-seconds of this process.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11..13].iter().map(|f| f.parse::<u64>().unwrap()).sum::<u64>() as f64 / 100.0
}

fn rss_anon_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap().trim().trim_end_matches(" kB").parse().unwrap()
}

fn digest(n: u64) -> Sha256Digest {
    Sha256Digest::of(&n.to_be_bytes())
}

/// The list as a file, so that the text itself takes no memory.
fn list(digests: u64) -> fs::File {
    let mut file = tempfile::tempfile().unwrap();
    let mut out = std::io::BufWriter::new(&mut file);
    (0..digests).for_each(|n| writeln!(out, "{}", digest(n).hex()).unwrap());
    out.flush().unwrap();
    drop(out);
    file
}

fn again(mut file: &fs::File) -> std::io::BufReader<&fs::File> {
    std::io::Seek::rewind(&mut file).unwrap();
    std::io::BufReader::new(file)
}

fn asking(house: &House, text: &fs::File, digests: u64) {
    let before = (cpu_seconds(), rss_anon_kib());
    let read = ReadList::read(again(text)).unwrap();
    let kept = house.desk.store.keep_list(&read).unwrap();
    drop(read);
    let added = cpu_seconds() - before.0;
    let idle = rss_anon_kib();
    let open = house.desk.store.open_list(&kept).unwrap();
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let mut hits = 0;
    for n in 0..ASKED {
        // One in ten is there.
        let n = if n % 10 == 0 { n * 7 % digests } else { digests + n };
        hits += u64::from(open.holds(&Digests { sha256: digest(n), sha1: None, md5: None }).unwrap().is_some());
    }
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    assert_eq!(hits, ASKED / 10);
    println!(
        "{{\"bench\":\"asking\",\"digests\":{digests},\"add_cpu_s\":{added:.2},\"lookups_per_s\":{:.0},\"cpu_us_each\":{:.1},\"open_list_rss_anon_kib\":{}}}",
        ASKED as f64 / seconds,
        cpu * 1e6 / ASKED as f64,
        rss_anon_kib().saturating_sub(idle),
    );
    drop(open);
    house.desk.store.drop_list(&kept).unwrap();
}

fn admitting(house: &House, text: &fs::File, files: u64) {
    const ROUNDS: u64 = 4;
    let (mut without, mut with) = (0.0, 0.0);
    for round in 0..ROUNDS {
        let began = cpu_seconds();
        (0..files / ROUNDS).for_each(|n| house.admit(round * 2 * files + n));
        without += cpu_seconds() - began;
        let typed = AddList { name: format!("bench {round}"), category: ListCategory::Contraband, source: "bench".into(), salted: false };
        let list = known::add(&house.desk, &house.chief, &typed, again(text)).unwrap().list;
        let began = cpu_seconds();
        (0..files / ROUNDS).for_each(|n| house.admit((round * 2 + 1) * files + n));
        with += cpu_seconds() - began;
        known::remove(&house.desk, &house.chief, &list, "bench").unwrap();
    }
    println!(
        "{{\"bench\":\"admitting\",\"files\":{files},\"without_cpu_ms_each\":{:.2},\"with_cpu_ms_each\":{:.2},\"ratio\":{:.3}}}",
        without * 1e3 / files as f64,
        with * 1e3 / files as f64,
        with / without,
    );
}

struct House {
    _folder: tempfile::TempDir,
    unit: Unit,
}

impl std::ops::Deref for House {
    type Target = Unit;

    fn deref(&self) -> &Unit {
        &self.unit
    }
}

impl House {
    fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let unit = Unit::open(&folder.path().join("home"));
        House { _folder: folder, unit }
    }

    /// A file of 16 KiB that is in no list.
    fn admit(&self, n: u64) {
        let bytes = digest(u64::MAX - n).0.repeat(512);
        let typed = AdmitFile {
            description: "bench".into(),
            source: "bench".into(),
            origin: Origin::of(SourceClass::Synthetic),
            class: ExhibitClass::Ordinary,
            original_name: Some("bench.bin".into()),
            declared: vec![],
            manual: None,
        };
        let scope = self.desk.enter(&self.officer, &self.case).unwrap();
        let permit = self.desk.permit(&scope, typed.intent()).unwrap();
        admit::file(&self.desk, &scope, &permit, &typed, &mut bytes.as_slice()).unwrap();
    }
}
