//! The host against a hostile child: scripts that play one.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use parse::{Budget, Ended, FindingKind, Outcome, ParseError, Task};
use tempfile::TempPath;

use super::support::{Kept, budget, child};

/// A script on disk that runs as the child.
pub struct Script(TempPath);

impl Script {
    pub fn path(&self) -> &std::path::Path {
        &self.0
    }
}

pub fn script(lines: &str) -> Script {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "#!/bin/bash\n{lines}").unwrap();
    let path = file.into_temp_path();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    Script(path)
}

/// Runs a script as the child. Another test may have been starting a process while the script was
/// written, and then hold it open for a moment.
pub fn run_script(script: &Script, budget: &Budget, kept: &mut Kept, stop: &dyn Fn() -> bool) -> Outcome {
    let task = Task::Unpack { name: "a".into() };
    loop {
        match parse::run(script.path(), &task, budget, &mut vec![0; 100], kept, stop) {
            Err(ParseError::Spawn(error)) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            other => return other.unwrap(),
        }
    }
}

/// A frame as bash `printf` text.
pub fn frame(kind: char, body: &[u8]) -> String {
    let mut bytes = vec![kind as u8];
    bytes.extend_from_slice(&u32::try_from(body.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(body);
    let text: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
    format!("printf '{text}'\n")
}

pub fn cage() -> String {
    frame('C', br#"{"cage":"uncaged","landlock_in_full":false,"gaps":[]}"#)
}

pub fn begin(id: u32, parent: &str, depth: u32) -> String {
    let head = format!(
        r#"{{"id":{id},"parent":{parent},"depth":{depth},"container":"zip-entry","name":{{"text":"a","hex":null}},"offset":0,"inner_offset":null,"entry":null,"declared_length":null,"modified":null,"warc":null,"http":null}}"#
    );
    frame('B', head.as_bytes())
}

fn end(id: u32, length: u64, sha256: &str) -> String {
    let tail = format!(
        r#"{{"id":{id},"length":{length},"sha256":"{sha256}","stored_length":null,"complete":true,"reason":null,"digests":[]}}"#
    );
    frame('E', tail.as_bytes())
}

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
pub const DONE: &[u8] = br#"{"format":"zip","limit":null}"#;

fn play_with(frames: &[String], budget: &Budget) -> (Outcome, Kept) {
    let script = script(&frames.concat());
    let mut kept = Kept::default();
    let outcome = run_script(&script, budget, &mut kept, &|| false);
    (outcome, kept)
}

pub fn play(frames: &[String]) -> (Outcome, Kept) {
    play_with(frames, &budget())
}

fn check_hostile(frames: &[String], expected: &str) {
    let (outcome, kept) = play(frames);
    match &outcome.ended {
        Ended::Hostile(why) => assert!(why.contains(expected), "{why}"),
        other => panic!("{other:?} instead of {expected}"),
    }
    assert!(kept.has(FindingKind::Hostile));
    assert_eq!(outcome.summary.records_in, outcome.summary.members_out + outcome.summary.rejected_count);
}

#[test]
fn a_child_that_keeps_the_rules_is_believed() {
    let (outcome, kept) = play(&[cage(), begin(1, "null", 1), end(1, 0, EMPTY), frame('X', DONE)]);
    assert_eq!(outcome.ended, Ended::Done);
    assert_eq!((outcome.summary.members_out, kept.members.len()), (1, 1));
}

#[test]
fn law_14_every_broken_rule_of_the_protocol_ends_the_child() {
    check_hostile(&[begin(1, "null", 1)], "before the cage");
    check_hostile(&[cage(), cage()], "twice");
    check_hostile(&[cage(), begin(2, "null", 1)], "out of order");
    check_hostile(&[cage(), begin(1, "7", 1)], "outside its parent");
    check_hostile(&[cage(), begin(1, "null", 2)], "wrong depth");
    check_hostile(&[cage(), end(1, 0, EMPTY)], "never began");
    check_hostile(&[cage(), begin(1, "null", 1), end(1, 5, EMPTY)], "length or digest");
    check_hostile(&[cage(), begin(1, "null", 1), end(1, 0, &EMPTY.replace('e', "f"))], "length or digest");
    check_hostile(&[cage(), frame('D', &[9, 0, 0, 0, 1])], "not open");
    check_hostile(&[cage(), frame('D', &[9])], "without an id");
    check_hostile(&[cage(), frame('Z', b"")], "unknown type");
    check_hostile(&[cage(), frame('B', b"{}")], "not what it says");
    check_hostile(&[cage(), frame('S', br#"{"start":0,"end":1}"#)], "none were asked");
    check_hostile(&[cage(), frame('P', br#"{"attempts":[]}"#)], "none was asked");
    check_hostile(&[cage(), frame('R', &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])], "larger than allowed");
    check_hostile(&[cage(), "printf 'D\\xff\\xff\\xff\\xff'\n".into()], "larger than allowed");
    check_hostile(&[cage(), begin(1, "null", 1), frame('X', DONE)], "while a member is open");
    check_hostile(&[cage(), frame('X', DONE), frame('X', DONE)], "after the last");
    let flood = frame('R', &[0, 0, 0, 0, 0, 0, 0, 0, 100, 0, 0, 0]).repeat(2000);
    let (outcome, _) = play(&[cage(), flood]);
    assert!(matches!(outcome.ended, Ended::Hostile(_) | Ended::Crash(_)), "{:?}", outcome.ended);
}

#[test]
fn law_14_a_crash_keeps_what_was_finished_and_accounts_for_the_rest() {
    let frames = [cage(), begin(1, "null", 1), end(1, 0, EMPTY), begin(2, "null", 1), "kill -SEGV $$\n".into()];
    let (outcome, kept) = play(&frames);
    assert!(matches!(&outcome.ended, Ended::Crash(why) if why.contains("11")), "{:?}", outcome.ended);
    assert!(kept.members[&1].is_complete() && kept.members[&2].abandoned);
    let account = &outcome.summary;
    assert_eq!((account.records_in, account.members_out, account.rejected_count), (2, 1, 1));
    assert!(kept.has(FindingKind::Crash));
}

#[test]
fn law_14_a_child_that_never_speaks_runs_into_the_wall_clock() {
    let (outcome, kept) = play_with(&["sleep 30\n".into()], &Budget { wall_ms: 300, ..budget() });
    assert_eq!(outcome.ended, Ended::TimeOut);
    assert!(kept.has(FindingKind::TimeOut));
}

#[test]
fn law_14_a_child_that_closes_its_pipes_and_lives_on_is_ended() {
    let started = std::time::Instant::now();
    let (outcome, _) = play(&[cage(), "exec >&- 2>&- <&-\nsleep 30\n".into()]);
    assert!(matches!(outcome.ended, Ended::Crash(_)), "{:?}", outcome.ended);
    assert!(started.elapsed().as_secs() < 5);
}

#[test]
fn a_full_sink_and_a_broken_source_are_the_houses_fault() {
    struct Full;
    impl parse::Sink for Full {
        fn begin(&mut self, _: &parse::MemberHead) -> Result<(), parse::SinkError> {
            Err(parse::SinkError::from("no space left".to_string()))
        }
        fn data(&mut self, _: u32, _: &[u8]) -> Result<(), parse::SinkError> {
            Ok(())
        }
        fn end(&mut self, _: &parse::MemberTail) -> Result<(), parse::SinkError> {
            Ok(())
        }
        fn abandon(&mut self, _: u32, _: &str) {}
        fn finding(&mut self, _: &parse::Finding) {}
        fn selectors(&mut self, _: Vec<serde_json::Value>) -> Result<(), parse::SinkError> {
            Ok(())
        }
    }
    struct Broken;
    impl parse::Source for Broken {
        fn len(&self) -> u64 {
            10
        }
        fn read_at(&mut self, _: u64, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("bad sector"))
        }
    }
    let task = Task::Unpack { name: "a".into() };
    let mut zip = super::support::zip(&[super::support::ZipItem::stored("a", b"b")]);
    let full = parse::run(child(), &task, &budget(), &mut zip, &mut Full, &|| false).unwrap_err();
    assert!(matches!(full, parse::ParseError::Sink(_)) && full.to_string().contains("free space"), "{full}");
    let broken = parse::run(child(), &task, &budget(), &mut Broken, &mut Kept::default(), &|| false).unwrap_err();
    assert!(matches!(broken, parse::ParseError::Source(_)), "{broken}");
    let nobody = std::path::Path::new("/nonexistent/program");
    let spawn = parse::run(nobody, &task, &budget(), &mut Broken, &mut Kept::default(), &|| false).unwrap_err();
    assert!(matches!(spawn, parse::ParseError::Spawn(_)), "{spawn}");
}
