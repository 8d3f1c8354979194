//! Backups that the node makes by itself under a person's plan.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::office::{ADMIN, KHAM, NOY, Office, string, text};

const WORDS: &str = "four words for the backups";

fn planned(office: &Office, keep: &str) -> PathBuf {
    let folder = office.place("other-disk");
    fs::create_dir_all(&folder).unwrap();
    let secret = office.file("backup-words", format!("{WORDS}\n"));
    office.done(ADMIN, &["backup", "plan", "--to", &text(&folder), "--every", "1m", "--keep", keep, "--passphrase-file", &secret]);
    folder
}

fn backups(folder: &PathBuf) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "backup")).collect();
    files.sort();
    files
}

/// As if the last backup had been made an hour earlier.
fn an_hour_passes(office: &Office) {
    let note = office.home.join("last-backup.json");
    let mut value: Value = serde_json::from_slice(&fs::read(&note).unwrap()).unwrap();
    let last: model::Moment = serde_json::from_value(value["at"].clone()).unwrap();
    value["at"] = json!(last.plus_seconds(-3_600));
    fs::write(&note, value.to_string()).unwrap();
}

#[test]
fn planned_backups_are_made_when_due_kept_in_number_and_brought_back() {
    let office = Office::working();
    office.admit("note.txt", "SYNTHETIC ກ່ອນ");
    let folder = planned(&office, "2");
    assert_eq!(office.done(NOY, &["backup", "status"])["last"], Value::Null);
    // What a program that died has left is swept; what is not of this plan stays.
    fs::write(folder.join("holiday.backup"), "another's").unwrap();
    let first = office.bare(&["backup", "run-due"]).ended(0).line();
    assert_eq!(office.bare(&["backup", "run-due"]).ended(0).tells("no backup is due").line(), Value::Null);
    let half = PathBuf::from(string(&first["backup"])).with_extension("part");
    fs::write(&half, "half").unwrap();
    let days_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 86_400);
    fs::File::options().write(true).open(&half).unwrap().set_modified(days_ago).unwrap();
    // A copy of the records that a program left goes too.
    let left = office.home.join("spool/records-of-a-program-that-died.backup");
    fs::write(&left, "rows").unwrap();
    for _ in 0..2 {
        an_hour_passes(&office);
        office.bare(&["backup", "run-due"]).ended(0);
    }
    assert!(!half.exists() && !left.exists());
    let files: Vec<PathBuf> = backups(&folder).into_iter().filter(|path| !path.ends_with("holiday.backup")).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(folder.join("holiday.backup").exists());
    let status = office.done(NOY, &["backup", "status"]);
    assert!(status["last"].is_string() && status["next"].is_string() && status["trouble"].is_null(), "{status}");
    // The digest beside each one is what stock tools read.
    let said = std::process::Command::new("sha256sum").arg("-c").arg(files[1].with_extension("sha256").file_name().unwrap()).current_dir(&folder).output().unwrap();
    assert!(said.status.success(), "{said:?}");
    let home = office.place("brought-back");
    let secret = office.file("words", format!("{WORDS}\n"));
    let wrong = office.file("wrong-words", "other words\n");
    let restore = |words: &str| { let mut command = crate::office::program(); command.args(["--json", "--home"]).arg(&home).args(["backup", "restore"]).arg(&files[1]).args(["--nothing-erased", "--passphrase-file", words]); crate::office::run(command) };
    assert_ne!(restore(&wrong).code, 0);
    restore(&secret).ended(0);
    // A home that waits after a restore makes no backup of its own.
    let back = office.moved_to(&home);
    back.bare(&["backup", "run-due"]).ended(0).tells("no backup is due");
    office.sound_log();
}

#[test]
fn law_13_only_who_keeps_the_node_plans_its_backups() {
    let office = Office::working();
    let folder = office.place("other-disk");
    fs::create_dir_all(&folder).unwrap();
    let secret = office.file("backup-words", format!("{WORDS}\n"));
    let plan = |who: &str, folder: &str, every: &str| office.says(who, &["backup", "plan", "--to", folder, "--every", every, "--passphrase-file", &secret]);
    plan(NOY, &text(&folder), "1d").by_law(13);
    office.says(NOY, &["backup", "end-plan", "--reason", "x"]).by_law(13);
    plan(ADMIN, &text(&office.place("nowhere")), "1d").ended(2).tells("no folder");
    plan(ADMIN, &text(&office.home), "1d").ended(2).tells("inside the home");
    plan(ADMIN, &text(&folder), "5s").ended(2);
    plan(KHAM, &text(&folder), "1d").ended(0);
    // Who left knows the passphrase: nothing is made under his plan any more, and it is said.
    office.done(ADMIN, &["user", "revoke", KHAM, "--reason", "left the agency"]);
    office.bare(&["backup", "run-due"]).ended(2).tells("keeps this node no more");
    assert!(office.done(NOY, &["backup", "status"])["trouble"].is_object());
    office.done(ADMIN, &["backup", "end-plan", "--reason", "another disk comes"]);
    office.bare(&["backup", "run-due"]).ended(0).tells("no backup is due");
    office.sound_log();
}

#[test]
fn a_planned_backup_that_fails_is_said_by_the_doctor_and_on_every_home_page() {
    let office = Office::working();
    let folder = planned(&office, "3");
    fs::remove_dir(&folder).unwrap();
    office.bare(&["backup", "run-due"]).ended(3);
    let why = string(&office.done(NOY, &["backup", "status"])["trouble"]["why"]);
    assert!(why.contains("other-disk"), "{why}");
    let findings = office.bare(&["doctor"]).lines();
    assert!(findings.iter().any(|line| line["ok"] == false && line.to_string().contains("the planned backup of")), "{findings:?}");
    let open = crate::workspace::Open::of(&office);
    assert!(open.page(office.token(NOY), "/").text().contains("The planned backup failed"));
    // It is tried again later, not at once; and once it is made, nothing is said any more.
    fs::create_dir(&folder).unwrap();
    office.bare(&["backup", "run-due"]).ended(0).tells("no backup is due");
    fs::remove_file(office.home.join("backup-trouble.json")).unwrap();
    office.bare(&["backup", "run-due"]).ended(0);
    assert!(open.page(office.token(NOY), "/").text().contains("The last good backup"));
}
