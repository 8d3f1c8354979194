//! Around a case: tips before it, members who come and go, what stays lawful when its authority is over,
//! and its end (laws 1, 13).

use std::fs;

use crate::{
    office::{ADMIN, AUDITOR, BOUNMY, KHAM, NOY, Office, string, text},
    people::finding,
};

#[test]
fn a_tip_waits_and_becomes_an_exhibit_once() {
    let office = Office::working();
    let file = office.file("note of\nthe caller.txt", "what the caller left");
    let tip = string(&office.done(NOY, &["tip", "add", "--text", "a call", "--source", "telephone", "--file", &file])["tip"]);
    office.says(AUDITOR, &["tip", "add", "--text", "x"]).by_law(13);
    assert_eq!(office.says(KHAM, &["tip", "list"]).ended(0).lines()[0]["state"], "waiting");
    assert!(office.says(AUDITOR, &["tip", "list"]).ended(0).out.is_empty(), "an auditor reads none");
    let give = ["--description", "what came with the call", &tip];
    office.in_case(BOUNMY, "tip give", &["--description", "x", "tip-00000000000000000000000000000000"]).ended(2);
    assert_eq!(office.does(NOY, "tip give", &give)["exhibit"], "E-0001");
    office.in_case(NOY, "tip give", &give).ended(2).tells("already");
    let out = text(&office.place("seen"));
    office.does(NOY, "exhibit view", &["E-0001", "--purpose", "reading", "--out", &out]);
    assert_eq!(fs::read(out).unwrap(), b"what the caller left");
    assert_eq!(office.exhibits().len(), 1);
    office.sound_log();
}

#[test]
fn law_13_a_tip_is_read_by_those_with_whom_its_taker_works_and_not_by_whoever_was_entered() {
    let office = Office::working();
    office.done(ADMIN, &["user", "add", "Puppet", "--role", "investigator"]);
    let file = office.file("passphrase", "an account of the administrator\n");
    let token = string(&office.bare(&["login", "Puppet", "--passphrase-file", &file]).ended(0).line()["session"]);
    office.done(NOY, &["tip", "add", "--text", "a call", "--source", "telephone"]);
    assert_eq!(office.says(KHAM, &["tip", "list"]).ended(0).lines().len(), 1);
    let seen = office.bare(&["--session", &token, "tip", "list"]).ended(0);
    assert!(seen.out.is_empty(), "{}", seen.out);
    // The class of what came with a tip is said when it is given to a case.
    let tip = string(&office.done(NOY, &["tip", "add", "--text", "a letter to his lawyer"])["tip"]);
    office.does(NOY, "tip give", &["--description", "a letter", "--class", "privileged", &tip]);
    office.in_case(NOY, "exhibit view", &["E-0001", "--purpose", "x", "--out", &text(&office.place("seen"))]).by_law(7);
}

#[test]
fn law_13_members_come_and_go_and_a_stranger_does_not_see_the_case() {
    let mut office = Office::staffed();
    office.case = office.open_case(NOY, &[]);
    assert!(office.says(KHAM, &["case", "list"]).ended(0).out.is_empty());
    office.in_case(KHAM, "case show", &[]).by_law(13);
    office.does(NOY, "case member add", &[KHAM]);
    office.in_case(NOY, "case member add", &[KHAM]).ended(2).tells("already");
    assert_eq!(office.says(KHAM, &["case", "list"]).ended(0).lines().len(), 1);
    office.does(NOY, "case member remove", &[KHAM]);
    office.in_case(KHAM, "case show", &[]).by_law(13);
    office.in_case(NOY, "case member remove", &[NOY]).by_law(13).tells("last member");
    office.does(NOY, "key rotate", &["--reason", "a drill"]);
    office.does(NOY, "case show", &[]);
    office.sound_log();
}

#[test]
fn law_01_a_court_process_keeps_report_and_package_lawful_and_nothing_else() {
    let mut office = Office::staffed();
    office.case = office.open_case(NOY, &[KHAM]);
    let authority = office.case_authority(&["admit", "view", "conclude"]);
    let exhibit = office.admit("page.html", "<p>SYNTHETIC</p>");
    office.does(NOY, "finding add", &finding("It is there.", &exhibit));
    office.does(KHAM, "authority revoke", &[&authority, "--reason", "the court took over"]);
    let report = ["--template", "statement-of-fact"];
    office.in_case(NOY, "report build", &report).by_law(1);
    office.in_case(NOY, "case declare", &["court-process", "--reason", "mine"]).by_law(1);
    office.in_case(KHAM, "case declare", &["holiday", "--reason", "x"]).ended(2);
    office.does(KHAM, "case declare", &["court-process", "--reason", "indicted"]);
    office.does(NOY, "report build", &report);
    let package = text(&office.place("package"));
    office.does(NOY, "package seal", &["--officer", NOY, "--out", &package]);
    let file = office.file("new.txt", "x");
    office.in_case(NOY, "exhibit admit", &[&file]).by_law(1);
    office.in_case(NOY, "finding add", &finding("New.", &exhibit)).by_law(1);
    office.sound_log();
}

#[test]
fn law_01_nothing_new_comes_into_a_closed_case() {
    let office = Office::working();
    let exhibit = office.admit("page.html", "<p>SYNTHETIC</p>");
    let closed = office.does(NOY, "case close", &["--reason", "done"]);
    assert_eq!(closed["state"], "closed");
    office.in_case(NOY, "case close", &["--reason", "again"]).ended(2).tells("already closed");
    let file = office.file("new.txt", "x");
    office.in_case(NOY, "exhibit admit", &[&file]).by_law(1).tells("closed");
    office.in_case(NOY, "capture", &["http://127.0.0.1:9/"]).by_law(1);
    office.in_case(NOY, "finding add", &finding("New.", &exhibit)).by_law(1);
    office.does(NOY, "checkout", &[&exhibit, "--purpose", "custody goes on"]);
    office.sound_log();
}
