//! Sealing from the encrypted store, and one large exhibit, beside what the machine must do anyway.
//!
//! `cargo bench -p lanternfish --bench seal --profile release -- seal` builds a package of
//! `LANTERNFISH_BENCH_FILES` (20,480) exhibits of `LANTERNFISH_BENCH_BYTES` (1 GiB) in all, and
//! compares its CPU-seconds with decrypting, copying and hashing the same bytes twice in the same run.
//! `-- large` admits, re-hashes and packages one exhibit of `LANTERNFISH_BENCH_LARGE` bytes (10 GiB)
//! and prints the largest RssAnon that was seen. Both print one JSON line.
#![expect(clippy::unwrap_used, reason = "a bench that cannot unwrap has failed")]

#[path = "unit/mod.rs"]
mod unit;

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::Path,
    time::{Duration, Instant},
};

use desk::{
    Intent, Scope,
    admit::{self, AdmitFile},
    package::{self, BuildPackage},
};
use model::{
    action::Action,
    authority::SourceClass,
    exhibit::{ExhibitClass, Origin},
};
use sha2::{Digest, Sha256};
use unit::Unit;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let all = wanted.is_empty();
    if all || wanted.iter().any(|w| w == "seal") {
        many_files();
    }
    if all || wanted.iter().any(|w| w == "large") {
        one_large();
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// User and system CPU-seconds of this process and its ended children.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a process name").1.split_whitespace().collect();
    let ticks: u64 = fields[11..15].iter().map(|f| f.parse::<u64>().expect("a number")).sum();
    ticks as f64 / 100.0
}

fn rss_anon_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("RssAnon")).expect("a line RssAnon");
    line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
}

struct Bench {
    _home: tempfile::TempDir,
    unit: Unit,
}

impl std::ops::Deref for Bench {
    type Target = Unit;

    fn deref(&self) -> &Unit {
        &self.unit
    }
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let unit = Unit::open(&folder.path().join("home"));
        Bench { _home: folder, unit }
    }

    fn scope(&self) -> Scope {
        self.desk.enter(&self.officer, &self.case).unwrap()
    }

    fn admit(&self, input: &mut dyn Read) -> String {
        let typed = AdmitFile {
            description: "bench".into(),
            source: "bench".into(),
            origin: Origin::of(SourceClass::Synthetic),
            class: ExhibitClass::Ordinary,
            original_name: Some("bench.bin".into()),
            declared: vec![],
            manual: None,
        };
        let scope = self.scope();
        let permit = self.desk.permit(&scope, typed.intent()).unwrap();
        admit::file(&self.desk, &scope, &permit, &typed, input).unwrap().exhibit
    }

    fn package(&self, target: &Path) {
        let scope = self.scope();
        let permit = self.desk.permit(&scope, Intent::to(Action::Package)).unwrap();
        let typed = BuildPackage { officers: vec!["Officer".into()], reports: None, target: target.to_path_buf(), wacz: false };
        package::build(&self.desk, &self.officer, &scope, &permit, &typed).unwrap();
    }

    /// What must be done at the least: decrypt, compare one hash, copy, take a second hash.
    fn floor(&self, folder: &Path) {
        let scope = self.scope();
        let permit = self.desk.permit(&scope, Intent::to(Action::View)).unwrap();
        for (i, exhibit) in admit::all(&self.desk, &scope).unwrap().iter().enumerate() {
            let blob = exhibit.content.blob.as_ref().unwrap();
            let mut readable = self.desk.store.read_blob(&scope, &permit, blob).unwrap();
            let mut copy = Copy { file: File::create(folder.join(format!("{i}.bin"))).unwrap(), hash: Sha256::new() };
            readable.copy_to(&mut copy).unwrap();
            std::hint::black_box(copy.hash.finalize());
        }
    }
}

struct Copy {
    file: File,
    hash: Sha256,
}

impl Write for Copy {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.hash.update(bytes);
        self.file.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Bytes that look like chance and cost nearly nothing.
struct Noise {
    left: u64,
    state: u64,
}

impl Read for Noise {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let length = usize::try_from(self.left.min(out.len() as u64)).unwrap_or(out.len());
        for piece in out[..length].chunks_mut(8) {
            self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            piece.copy_from_slice(&self.state.to_le_bytes()[..piece.len()]);
        }
        self.left -= length as u64;
        Ok(length)
    }
}

fn many_files() {
    let (files, bytes) = (number("LANTERNFISH_BENCH_FILES", 20_480), number("LANTERNFISH_BENCH_BYTES", 1 << 30));
    let bench = Bench::new();
    for i in 0..files {
        bench.admit(&mut Noise { left: bytes / files, state: i });
    }
    let out = tempfile::tempdir().unwrap();
    fs::create_dir(out.path().join("floor")).unwrap();
    let before = cpu_seconds();
    bench.floor(&out.path().join("floor"));
    let floor = cpu_seconds() - before;
    let before = cpu_seconds();
    bench.package(&out.path().join("package"));
    let seal = cpu_seconds() - before;
    println!(
        "{{\"bench\":\"seal\",\"files\":{files},\"bytes\":{bytes},\"seal_cpu_s\":{seal:.2},\"decrypt_copy_two_hashes_cpu_s\":{floor:.2},\"ratio\":{:.2}}}",
        seal / floor
    );
}

fn one_large() {
    let bytes = number("LANTERNFISH_BENCH_LARGE", 10 << 30);
    let bench = Bench::new();
    let (stop, watch) = (std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)), Instant::now());
    let seen = stop.clone();
    let watcher = std::thread::spawn(move || {
        let mut most = 0;
        while !seen.load(std::sync::atomic::Ordering::Relaxed) {
            most = most.max(rss_anon_kib());
            std::thread::sleep(Duration::from_millis(50));
        }
        most
    });
    bench.admit(&mut Noise { left: bytes, state: 7 });
    let out = tempfile::tempdir().unwrap();
    bench.package(&out.path().join("package"));
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let most = watcher.join().unwrap();
    println!(
        "{{\"bench\":\"large\",\"bytes\":{bytes},\"rss_anon_max_mib\":{},\"cpu_s\":{:.1},\"wall_s\":{:.0}}}",
        most / 1024,
        cpu_seconds(),
        watch.elapsed().as_secs_f64()
    );
}
