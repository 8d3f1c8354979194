//! Law 14 from inside: what the cage refuses, and what a missing cage would allow.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parse::{Cage, Ended, Outcome, Task};

use super::support::{Kept, Zeros, ZipItem, budget, child, unpack, zip};

fn probe(exe: &Path, key: &Path) -> Outcome {
    let task = Task::Probe { key_path: key.display().to_string() };
    parse::run(exe, &task, &budget(), &mut Vec::new(), &mut Kept::default(), &|| false).unwrap()
}

fn key_file() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "AGE-SECRET-KEY-1SYNTHETIC").unwrap();
    file
}

#[test]
fn law_14_from_inside_the_cage_a_file_a_socket_and_a_key_each_fail() {
    let key = key_file();
    let outcome = probe(child(), key.path());
    if outcome.cage.cage != Cage::LandlockAndSeccomp {
        eprintln!("SKIPPED part: this kernel gives only the cage {:?}", outcome.cage);
    }
    assert_eq!(outcome.ended, Ended::Done);
    let report = outcome.probe.expect("the probe reports");
    assert_eq!(report.attempts.len(), 9, "{report:?}");
    assert!(report.escapes().is_empty(), "{:?}", report.escapes());
    assert!(outcome.cage.gaps.is_empty(), "{:?}", outcome.cage);
}

/// The child without some of its walls, under the name that chooses them.
fn walls(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("parse-child-{name}"));
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_parse-child-walls"), &path).unwrap();
    (folder, path)
}

/// What works behind these walls.
fn escapes(name: &str) -> (Outcome, Vec<String>) {
    let key = key_file();
    let (_folder, exe) = walls(name);
    let outcome = probe(&exe, key.path());
    let escapes = outcome.probe.as_ref().unwrap().escapes().iter().map(|attempt| attempt.what.clone()).collect();
    (outcome, escapes)
}

#[test]
fn law_14_with_every_wall_removed_the_same_attempts_work() {
    let (outcome, escapes) = escapes("open");
    assert_eq!(outcome.cage.cage, Cage::Uncaged);
    for what in ["open /etc/passwd", "open the key", "list a folder", "UDP socket", "TCP socket", "unix socket"] {
        assert!(escapes.iter().any(|escape| escape == what), "{what} fails without a cage: {escapes:?}");
    }
}

#[test]
fn law_14_landlock_alone_refuses_files_keys_and_tcp() {
    let (outcome, escapes) = escapes("landlock");
    if outcome.cage.cage != Cage::Landlock {
        eprintln!("SKIPPED law_14_landlock_alone_refuses_files_keys_and_tcp: this kernel has no Landlock");
        return;
    }
    for what in ["open /etc/passwd", "open the key", "create a file", "list a folder", "run a program"] {
        assert!(!escapes.iter().any(|escape| escape == what), "{what} works behind Landlock");
    }
    assert!(!outcome.cage.landlock_in_full || !escapes.contains(&"TCP socket".to_string()));
}

#[test]
fn law_14_seccomp_alone_refuses_everything() {
    let (outcome, escapes) = escapes("seccomp");
    assert_eq!(outcome.cage.cage, Cage::Seccomp);
    assert!(escapes.is_empty(), "{escapes:?}");
}

#[test]
fn law_14_a_kernel_without_walls_is_recorded_as_uncaged_and_limits_remain() {
    let (outcome, escapes) = escapes("uncaged");
    assert_eq!(outcome.cage.cage.name(), "uncaged");
    for what in ["open /etc/passwd", "open the key", "UDP socket"] {
        assert!(!escapes.iter().any(|escape| escape == what), "{what} works without a descriptor to spare");
    }
}

#[test]
fn an_uncaged_child_still_reads() {
    let task = Task::Unpack { name: "a.zip".into() };
    let (_folder, exe) = walls("uncaged");
    let mut kept = Kept::default();
    let mut source = zip(&[ZipItem::stored("a", b"bytes")]);
    let outcome = parse::run(&exe, &task, &budget(), &mut source, &mut kept, &|| false).unwrap();
    assert_eq!((outcome.cage.cage, outcome.ended), (Cage::Uncaged, Ended::Done));
    assert_eq!(kept.named("a").bytes, b"bytes");
}

#[test]
fn law_15_stop_ends_a_reading_child_within_a_second() {
    let started = Instant::now();
    let stop = || started.elapsed() > Duration::from_millis(300);
    let mut source = Endless;
    let mut kept = Kept { forget_bytes: true, ..Kept::default() };
    let task = Task::Unpack { name: "endless.warc".into() };
    let outcome = parse::run(child(), &task, &budget(), &mut source, &mut kept, &stop).unwrap();
    assert_eq!(outcome.ended, Ended::Stopped);
    assert!(started.elapsed() < Duration::from_millis(1300), "{:?}", started.elapsed());
    assert!(kept.members.values().all(|member| member.abandoned && member.tail.is_none()));
    assert_eq!(outcome.summary.rejected_count, 1);
}

/// A WARC with one record that would take a week.
struct Endless;

impl parse::Source for Endless {
    fn len(&self) -> u64 {
        1 << 40
    }

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        let head = format!("WARC/1.1\r\nWARC-Type: resource\r\nContent-Length: {}\r\n\r\n", 1u64 << 39);
        for (byte, place) in buf.iter_mut().zip(offset..) {
            *byte = usize::try_from(place).ok().and_then(|place| head.as_bytes().get(place).copied()).unwrap_or(b'x');
        }
        Ok(buf.len())
    }
}

#[test]
fn law_15_stop_ends_a_silent_child_within_a_second() {
    let started = Instant::now();
    let script = super::protocol::script("sleep 30");
    let stop = || started.elapsed() > Duration::from_millis(200);
    let outcome = super::protocol::run_script(&script, &budget(), &mut Kept::default(), &stop);
    assert_eq!(outcome.ended, Ended::Stopped);
    assert!(started.elapsed() < Duration::from_millis(1200), "{:?}", started.elapsed());
}

#[test]
fn a_sparse_source_of_100_gb_ends_at_once() {
    let started = Instant::now();
    let (outcome, kept) = unpack(&mut Zeros(100 << 30), &budget());
    assert_eq!((outcome.ended, outcome.summary.format.as_str()), (Ended::Done, "none"));
    assert!(kept.members.is_empty());
    assert!(started.elapsed() < Duration::from_secs(5));
}
