//! Disks and kills: a full disk, a read-only one, `kill -9` at any moment (law 2), a clock that jumps.
//!
//! The disks are mounted in a namespace of the drill's own process, so that nothing of this computer
//! changes; where that is not allowed, the drill says SKIPPED.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    office::{AUDITOR, NOY, Office, Said, copy_folder, kill, run, skipped, string, text},
    people::finding,
};

/// Runs a script in a mount namespace of its own; `$LF` is the program, `$1` and on are the arguments.
fn with_mounts(office: &Office, way: &[&str], script: &str, arguments: &[&str]) -> Said {
    let mut command = Command::new("unshare");
    command.args(way).args(["bash", "-c", script, "drill"]).args(arguments);
    command.env("LF", env!("CARGO_BIN_EXE_lanternfish")).env("LANTERNFISH_SESSION", office.token(NOY)).env("LANTERNFISH_HOME", &office.home);
    run(command)
}

/// How this account may mount something in a namespace of its own, if it may.
fn way_to_mount(drill: &str) -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    let works = |way: &&&[&str]| {
        let probe = Command::new("unshare").args(**way).args(["bash", "-c", "mount -t tmpfs none /mnt"]).output();
        probe.is_ok_and(|output| output.status.success())
    };
    let found = WAYS.iter().find(works).copied();
    if found.is_none() {
        skipped(drill, "this account may not mount a disk in a namespace of its own (run it as root)");
    }
    found
}

#[test]
fn a_full_disk_for_objects_is_refused_with_what_to_do_and_loses_nothing() {
    let Some(way) = way_to_mount("a_full_disk_for_objects_is_refused_with_what_to_do_and_loses_nothing") else { return };
    let office = Office::working();
    // A pipe: its length is not known beforehand, so the disk fills in the middle.
    let script = r#"mount -t tmpfs -o size=8m none "$LANTERNFISH_HOME/objects" || exit 99
        mkfifo "$2" && (head -c 64M /dev/zero >"$2" &) 2>/dev/null
        "$LF" --json exhibit admit --case "$1" "$2"; code=$?
        [ -z "$(find "$LANTERNFISH_HOME/objects" -type f)" ] || code=98
        exit $code"#;
    let said = with_mounts(&office, way, script, &[&office.case, &text(&office.place("large"))]);
    said.ended(3).tells("the disk is full").tells("Free space");
    assert_eq!(office.exhibits().len(), 0);
    assert_eq!(office.admit("small.txt", "now there is room"), "E-0001");
    office.sound_log();
}

#[test]
fn a_full_disk_for_records_loses_no_acknowledged_event() {
    let Some(way) = way_to_mount("a_full_disk_for_records_loses_no_acknowledged_event") else { return };
    let office = Office::working();
    let (small, kept) = (office.place("small-disk"), office.place("kept"));
    fs::create_dir(&small).unwrap();
    fs::create_dir(&kept).unwrap();
    let script = r#"mount -t tmpfs -o size=6m none "$1" && cp -a "$LANTERNFISH_HOME/." "$1/" || exit 99
        export LANTERNFISH_HOME="$1"
        cat /dev/zero >"$1/filler" 2>/dev/null; truncate -s -200K "$1/filler"
        code=0; n=0
        while [ $code = 0 ] && [ $n -lt 400 ]; do "$LF" --json tip add --text "tip $n with some words" ; code=$?; n=$((n + 1)); done
        rm "$1/filler" && "$LF" --json tip add --text "after making room" || exit 97
        cp -a "$1/." "$2/"; exit $code"#;
    let said = with_mounts(&office, way, script, &[&text(&small), &text(&kept)]).ended(3).tells("the disk is full");
    let taken = said.lines().iter().filter(|line| line["tip"].is_string()).count();
    let again = office.moved_to(&kept);
    again.sound_log();
    assert_eq!(again.says(NOY, &["tip", "list"]).ended(0).lines().len(), taken);
}

#[test]
fn a_read_only_disk_is_refused_with_what_to_do() {
    let Some(way) = way_to_mount("a_read_only_disk_is_refused_with_what_to_do") else { return };
    let office = Office::working();
    let before = office.sound_log();
    let script = r#"mount --bind "$LANTERNFISH_HOME" "$LANTERNFISH_HOME" && mount -o remount,ro,bind "$LANTERNFISH_HOME" || exit 99
        "$LF" --json tip add --text "on a read-only disk""#;
    with_mounts(&office, way, script, &[]).ended(3).tells("read-only").tells("make it writable");
    office.done(NOY, &["tip", "add", "--text", "writable again"]);
    assert_eq!(office.sound_log(), before + 2, "the tip and the question before it");
}

/// Half a minute of killing.
const KILLS: u64 = 50;

#[test]
fn law_02_fifty_kills_at_any_moment_lose_no_acknowledged_event() {
    kills_lose_nothing(&Office::working(), KILLS);
}

/// Kills the program again and again while it writes; after each kill everything that it told of is there.
pub fn kills_lose_nothing(office: &Office, kills: u64) {
    let exhibit = office.admit("note.txt", "SYNTHETIC");
    let mut acknowledged: Vec<(String, u64)> = Vec::new();
    let begun = Instant::now();
    for round in 0..kills {
        let answers = office.place(&format!("answers-{round}"));
        let words = finding("Acknowledged or not there.", &exhibit);
        let script = r#"while "$LF" --json finding add --case "$0" "$@"; do :; done"#;
        let mut command = Command::new("bash");
        command.args(["-c", script, office.case.as_str()]).args(&words).process_group(0);
        command.env("LF", env!("CARGO_BIN_EXE_lanternfish")).env("LANTERNFISH_SESSION", office.token(NOY)).env("LANTERNFISH_HOME", &office.home);
        let mut running = command.stdout(File::create(&answers).unwrap()).stderr(std::process::Stdio::null()).spawn().unwrap();
        // Any moment is as good as another; these differ, and are the same at each run.
        std::thread::sleep(Duration::from_millis(60 + round * 37 % 400));
        // Every other round waits for a command that came to its end: on a slow machine too there is something to lose.
        let since = Instant::now();
        while round % 2 == 0 && whole_lines(&answers).is_empty() && since.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(10));
        }
        kill(&format!("-{}", running.id()));
        running.wait().unwrap();
        acknowledged.extend(whole_lines(&answers));
        everything_is_there(office, &acknowledged);
    }
    let took = begun.elapsed();
    eprintln!("{kills} kills, {} acknowledged findings, none lost, {:.1} s", acknowledged.len(), took.as_secs_f64());
    assert!(acknowledged.len() as u64 * 2 >= kills, "some commands came to their end between the kills");
}

/// The findings that the program had told of before it was killed: a line without its end is none.
fn whole_lines(answers: &std::path::Path) -> Vec<(String, u64)> {
    let said = fs::read_to_string(answers).unwrap();
    let whole = said.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let value = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    whole.map(value).map(|line| (string(&line["finding"]), line["event"].as_u64().unwrap())).collect()
}

fn everything_is_there(office: &Office, acknowledged: &[(String, u64)]) {
    office.sound_log();
    let listed = office.in_case(NOY, "finding list", &[]).ended(0).lines();
    let there: Vec<(String, u64)> = listed.iter().map(|line| (string(&line["finding"]), line["event"].as_u64().unwrap())).collect();
    let lost: Vec<_> = acknowledged.iter().filter(|one| !there.contains(one)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    if let Some((_, event)) = acknowledged.last() {
        let leaf = office.says(AUDITOR, &["log", "show", "--from", &event.to_string(), "--limit", "1"]).ended(0).line();
        assert_eq!(leaf["type"], "finding-added");
    }
}

/// The clock cannot be set here, so the desk is given another one, in this process.
#[test]
fn a_clock_that_lost_its_battery_marks_time_unreliable_and_goes_on() {
    let office = Office::working();
    let before = office.sound_log();
    let battery_gone = model::Moment::from_micros(946_684_800_000_000);
    let desk = desk::Desk::open(&office.home, env!("CARGO_BIN_EXE_lanternfish").into()).unwrap().with_clock(move || battery_gone);
    let session = desk.store.session(office.token(NOY)).unwrap();
    desk::intake::receive(&desk, &session, "a tip at midnight of 2000", "", None).unwrap();
    assert!(matches!(desk.clock(), model::moment::ClockQuality::Unreliable { .. }));
    drop((session, desk));
    let report = office.says(AUDITOR, &["log", "verify"]).ended(0).line();
    assert!(report["clock_jumps"].as_u64().unwrap() >= 1, "{report}");
    assert_eq!(report["faults"], serde_json::json!([]));
    assert!(report["events"].as_u64().unwrap() > before);
    office.done(NOY, &["tip", "add", "--text", "and on it goes"]);
    assert_eq!(office.says(NOY, &["tip", "list"]).ended(0).lines().len(), 2);
    let copy = office.place("copy");
    copy_folder(&office.home, &copy);
    office.moved_to(&copy).sound_log();
}
