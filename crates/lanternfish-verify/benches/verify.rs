//! CPU-seconds of `lanternfish-verify` against `openssl dgst -sha256` and `bagit.py` over the same
//! payload, in the same run, and against the floor: a process that opens, reads and hashes each listed
//! file with the same SHA-256 and checks nothing. Prints one JSON value. Peers that are not installed are
//! named as skipped.
//!
//! `LANTERNFISH_BENCH_FILES` (20480) and `LANTERNFISH_BENCH_BYTES` (52428 each) set the size,
//! `LANTERNFISH_BENCH_DIR` where it lies, `LANTERNFISH_BENCH_PYTHON` which python has `bagit`,
//! `LANTERNFISH_BENCH_VERIFY` another build of the verifier (say, of the `dist` profile).

#[path = "../../seal/tests/common/mod.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "the test agency has more than this bench needs")]
mod common;

use std::{
    ffi::OsStr,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use common::{Agency, SIGNED};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

fn main() {
    if let Some(package) = std::env::var_os(FLOOR) {
        return read_and_hash(Path::new(&package));
    }
    let (files, bytes) = (setting("LANTERNFISH_BENCH_FILES", 20_480), setting("LANTERNFISH_BENCH_BYTES", 52_428));
    let place = std::env::var_os("LANTERNFISH_BENCH_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(place).expect("a place for the sample");
    let (package, anchors) = (folder.path().join("package"), folder.path().join("anchors"));
    build(&package, &anchors, files, bytes);
    let verifier = std::env::var_os("LANTERNFISH_BENCH_VERIFY").unwrap_or_else(|| env!("CARGO_BIN_EXE_lanternfish-verify").into());
    let python = std::env::var_os("LANTERNFISH_BENCH_PYTHON").unwrap_or_else(|| "python3".into());
    let verify = best(|| run(Command::new(&verifier).arg(&package).arg("--anchors").arg(&anchors)));
    let openssl = best(|| openssl(&package));
    let bagit = best(|| bagit(&package, &python));
    let floor = best(|| run(Command::new(std::env::current_exe().ok()?).env(FLOOR, &package)));
    let ratio = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| (a / b * 100.0).round() / 100.0);
    let report = serde_json::json!({
        "files": files, "bytes": files * bytes,
        "verify_cpu_s": verify, "floor_cpu_s": floor, "openssl_cpu_s": openssl, "bagit_cpu_s": bagit,
        "verify_to_openssl": ratio(verify, openssl), "bagit_to_verify": ratio(bagit, verify),
        "verify_to_floor": ratio(verify, floor), "bagit_to_floor": ratio(bagit, floor),
        "skipped": skipped(openssl, bagit),
    });
    println!("{report}");
}

/// Set in the child that only reads and hashes.
const FLOOR: &str = "LANTERNFISH_BENCH_FLOOR";

/// What no verifier can do without: one open, the reads and one SHA-256 for each listed file.
fn read_and_hash(package: &Path) {
    use sha2::{Digest, Sha256};
    let manifest = std::fs::read_to_string(package.join("manifest-sha256.txt")).expect("a manifest");
    let mut buffer = vec![0; 64 * 1024];
    let mut all = 0u8;
    for path in manifest.lines().filter_map(|line| line.get(66..)) {
        let mut file = std::fs::File::open(package.join(path)).expect("a listed file");
        let mut hasher = Sha256::new();
        while let Ok(count @ 1..) = file.read(&mut buffer) {
            hasher.update(&buffer[..count]);
        }
        all ^= hasher.finalize()[0];
    }
    println!("{all}");
}

fn skipped(openssl: Option<f64>, bagit: Option<f64>) -> Vec<&'static str> {
    let peers = [("openssl", openssl), ("bagit.py", bagit)];
    peers.iter().filter(|(_, seconds)| seconds.is_none()).map(|(name, _)| *name).collect()
}

fn build(package: &Path, anchors: &Path, files: u64, bytes: u64) {
    let names: Vec<String> = (0..files).map(|n| format!("data/{:03}/{n:06}.bin", n / 1000)).collect();
    let contents: Vec<Vec<u8>> = (0..64).map(|seed| noise(seed, bytes)).collect();
    let payload: Vec<(&str, &[u8])> = names.iter().zip(contents.iter().cycle()).map(|(n, c)| (n.as_str(), c.as_slice())).collect();
    let mut agency = Agency::new(1);
    let mut bag = agency.bag(package, &payload);
    agency.sign_and_stamp(&mut bag);
    agency.log_and_finish(bag, SIGNED.plus_seconds(120));
    agency.write_anchors(anchors);
}

fn noise(seed: u64, bytes: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let step = |state: &mut u64| {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state as u8
    };
    (0..bytes).map(|_| step(&mut state)).collect()
}

/// The best of three, as the machine is shared.
fn best(measure: impl Fn() -> Option<f64>) -> Option<f64> {
    (0..3).filter_map(|_| measure()).min_by(f64::total_cmp)
}

fn openssl(package: &Path) -> Option<f64> {
    let script = "find \"$1/data\" -type f -print0 | xargs -0 -n 2000 openssl dgst -sha256 -r";
    run(Command::new("bash").args(["-euo", "pipefail", "-c", script, "bench"]).arg(package))
}

fn bagit(package: &Path, python: &OsStr) -> Option<f64> {
    run(Command::new(python).args(["-m", "bagit", "--quiet", "--validate"]).arg(package))
}

/// CPU-seconds (user and system, children included) of a command that must succeed.
fn run(command: &mut Command) -> Option<f64> {
    let before = children_cpu_s();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    status.success().then(|| children_cpu_s() - before)
}

/// `cutime` and `cstime` of /proc/self/stat, in ticks of 10 ms.
fn children_cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks: f64 = after_name.split(' ').skip(13).take(2).filter_map(|n| n.parse::<f64>().ok()).sum();
    ticks / 100.0
}
