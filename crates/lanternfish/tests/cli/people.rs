//! People: set-up, first logins and sessions with every exit code; a leaver; a lost passphrase.

use std::fs;

use crate::office::{ADMIN, AUDITOR, BOUNMY, KHAM, NOY, Office, ask, passphrase, program, run, string, text};

#[test]
fn from_set_up_to_a_session_with_every_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let (home, secret) = (folder.path().join("home"), folder.path().join("secret"));
    fs::write(&secret, "three words and more\n").unwrap();
    let (home, secret) = (text(&home), text(&secret));
    let at = |words: &[&str]| ask(&[&["--json", "--home", &home], words].concat());

    at(&["user", "list"]).ended(2).tells("lanternfish init");
    let made = at(&["init", "--agency", "Unit 5", "--passphrase-cost", "10"]).ended(0).line();
    assert_eq!((string(&made["home"]), string(&made["agency"])), (home.clone(), "Unit 5".into()));
    at(&["init", "--agency", "Unit 5", "--passphrase-cost", "10"]).ended(2).tells("already");
    at(&["init", "--agency", "Unit 5", "--passphrase-cost", "9"]).ended(2);
    ask(&["--home", "/dev/null/home", "init", "--agency", "Unit 5", "--passphrase-cost", "10"]).ended(3);

    at(&["user", "add", "Head", "--role", "king"]).ended(2).tells("possible values");
    assert_eq!(at(&["user", "add", "Head", "--role", "administrator"]).ended(0).line()["role"], "administrator");
    at(&["user", "add", "Head", "--role", "investigator"]).ended(2).tells("already");
    let short = folder.path().join("short");
    fs::write(&short, "abc\n").unwrap();
    at(&["login", "Head", "--passphrase-file", &text(&short)]).ended(2).tells("too short");
    at(&["login", "Nobody", "--passphrase-file", &secret]).ended(2).tells("user list");
    at(&["login", "Head", "--passphrase-file", "/nowhere/at all"]).ended(2);
    let opened = at(&["login", "Head", "--passphrase-file", &secret]).ended(0).line();
    let token = string(&opened["session"]);
    assert!(opened["expires"].as_str().unwrap().ends_with('Z'), "{opened}");

    at(&["user", "add", "Noy", "--role", "investigator"]).by_law(13).tells("administrator");
    at(&["--session", &token, "user", "add", "Noy", "--role", "investigator"]).ended(0);
    at(&["user", "list"]).by_law(13).tells("name your session");
    assert_eq!(at(&["--session", &token, "user", "list"]).ended(0).lines().len(), 2);
    at(&["case", "list"]).ended(2).tells("LANTERNFISH_SESSION");
    at(&["--session", "not a token", "case", "list"]).ended(2);
    at(&["--session", &token, "logout"]).ended(0);
    at(&["--session", &token, "case", "list"]).by_law(13).tells("log in again");
}

#[test]
fn help_and_wrong_usage_are_told_apart() {
    ask(&["--help"]).ended(0);
    ask(&["--version"]).ended(0);
    assert!(ask(&["exhibit", "admit", "--help"]).ended(0).out.contains("--sha256"));
    assert!(ask::<&str>(&[]).ended(2).out.is_empty());
    ask(&["exhibit", "swallow"]).ended(2);
    ask(&["exhibit", "admit", "a-file"]).ended(2).tells("--case");
}

#[test]
fn without_json_a_person_can_read_it() {
    let office = Office::staffed();
    let mut command = program();
    command.arg("--home").arg(&office.home).args(["--session", office.token(NOY), "user", "list"]);
    let said = run(command).ended(0);
    assert!(said.out.contains("role: investigator") && !said.out.contains('{'), "{}", said.out);
    let file = office.file("secret", passphrase(NOY));
    let mut command = program();
    command.arg("--home").arg(&office.home).args(["login", NOY, "--passphrase-file", &file]);
    assert_eq!(run(command).ended(0).out.lines().count(), 1, "the token alone, to be taken by a shell");
}

#[test]
fn law_13_a_wrong_passphrase_is_refused_and_logged() {
    let office = Office::staffed();
    office.try_log_in(NOY, "another passphrase").by_law(13).tells("passphrase is wrong").tells("key recover");
    assert_eq!(office.last_events(1), ["login-refused"]);
    office.try_log_in(NOY, &passphrase(NOY)).ended(0);
}

#[test]
fn law_13_auditor_and_administrator_read_no_content() {
    let mut office = Office::working();
    let case = office.case.clone();
    office.admit("note.txt", "planted words");
    for who in [AUDITOR, ADMIN] {
        for verb in ["exhibit list", "finding list", "case show"] {
            office.in_case(who, verb, &[]).by_law(13);
        }
        office.in_case(KHAM, "case member add", &[who]).by_law(13);
    }
    office.says(AUDITOR, &["user", "add", "X", "--role", "analyst"]).by_law(13);
    office.says(NOY, &["user", "revoke", KHAM, "--reason", "x"]).by_law(13);
    office.case = "2026-9999".into();
    office.in_case(NOY, "case show", &[]).by_law(13).tells("there is no case");
    office.case = case;
    office.sound_log();
}

#[test]
fn law_13_a_leaver_opens_nothing_more_and_his_items_are_named() {
    let office = Office::working();
    let exhibit = office.admit("chat.txt", "what he still holds");
    let offer = office.does(NOY, "transfer offer", &[&exhibit, "--to", BOUNMY, "--purpose", "store"]);
    office.does(BOUNMY, "transfer accept", &[&string(&offer["transfer"])]);
    office.does(BOUNMY, "exhibit list", &[]);

    office.says(ADMIN, &["user", "revoke", BOUNMY, "--reason", "left the service"]).ended(0).tells("key revoke");
    let report = office.done(NOY, &["key", "revoke", BOUNMY]);
    assert_eq!(report["rotated"], serde_json::json!([office.case]), "{report}");
    assert_eq!(report["held"], serde_json::json!([exhibit]), "{report}");

    office.in_case(BOUNMY, "exhibit list", &[]).by_law(13).tells("session has ended");
    office.try_log_in(BOUNMY, &passphrase(BOUNMY)).by_law(13);
    office.does(NOY, "finding add", &finding("Written after he left.", &exhibit));
    office.in_case(BOUNMY, "finding list", &[]).by_law(13);
    office.in_case(NOY, "transfer reassign", &[&exhibit, "--to", NOY, "--reason", "left"]).by_law(4);
    let moved = office.does(KHAM, "transfer reassign", &[&exhibit, "--to", NOY, "--reason", "the custodian left"]);
    assert_eq!(moved["custodian"], NOY);
    assert_eq!(office.in_case(NOY, "finding list", &[]).ended(0).lines().len(), 1, "those who stay read old and new");
    office.does(NOY, "exhibit view", &[&exhibit, "--purpose", "after the key change", "--out", &text(&office.place("seen"))]);
    assert_eq!(fs::read(office.place("seen")).unwrap(), b"what he still holds");
    office.sound_log();
}

#[test]
fn law_13_a_lost_passphrase_loses_no_case_and_needs_two_holders() {
    let mut office = Office::staffed();
    office.done(KHAM, &["key", "backup", "--threshold", "2", "--holder", KHAM, "--holder", BOUNMY, "--holder", NOY]);
    office.confirm_set(NOY);
    office.case = office.open_case(NOY, &[]);
    office.unit_authority(&["admit", "view"]);
    let exhibit = office.admit("note.txt", "only Noy could read this");

    office.done(ADMIN, &["user", "reset", NOY, "--reason", "forgot his passphrase"]);
    office.in_case(NOY, "case show", &[]).by_law(13);
    office.log_in(NOY, "another four words then");
    office.in_case(NOY, "case show", &[]).by_law(13).tells("not a member");
    let listed = office.says(KHAM, &["user", "list"]).lines();
    let of = |who: &str| string(&listed.iter().find(|line| line["user"] == who).unwrap()["fingerprint"]);
    let foreign = ["key", "recover", "--user", NOY, "--fingerprint", &of(KHAM), "--reason", "somebody else logged in first"];
    office.says(BOUNMY, &foreign).by_law(13).tells("fingerprint");
    let own = of(NOY);
    let recover = ["key", "recover", "--user", NOY, "--fingerprint", &own, "--reason", "lost passphrase"];
    assert_ne!(office.says(BOUNMY, &recover).code, 0, "one holder alone opens nothing");
    office.done(KHAM, &[&recover[..], &["--release-to", BOUNMY]].concat());
    assert_eq!(office.done(BOUNMY, &recover)["cases"], 1);

    office.does(NOY, "case show", &[]);
    let seen = text(&office.place("seen"));
    office.does(NOY, "exhibit view", &[&exhibit, "--purpose", "after recovery", "--out", &seen]);
    assert_eq!(fs::read(&seen).unwrap(), b"only Noy could read this");
    office.in_case(BOUNMY, "case show", &[]).by_law(13);
    office.sound_log();
}

#[test]
fn law_13_no_case_is_wrapped_to_a_recovery_set_that_its_member_did_not_confirm() {
    let mut office = Office::staffed();
    office.case = office.open_case(NOY, &[]);
    office.unit_authority(&["admit", "view"]);
    let exhibit = office.admit("note.txt", "only Noy could read this");
    // Kham is no member of the case: it cannot be wrapped to his set by him, and not without Noy's word.
    office.done(KHAM, &["key", "backup", "--threshold", "2", "--holder", KHAM, "--holder", BOUNMY]);
    office.log_in(NOY, &passphrase(NOY));
    assert_eq!(office.last_events(1), ["session-opened"], "a set that its members did not confirm gets no key");
    let shown = office.done(NOY, &["key", "confirm"]);
    assert_eq!((&shown["confirmed"], shown["holders"][0][0].as_str()), (&false.into(), Some(KHAM)), "{shown}");
    office.says(NOY, &["key", "confirm", "--set", "rset-00000000000000000000000000000000"]).by_law(13);
    office.says(ADMIN, &["key", "confirm", "--set", &string(&shown["set"])]).by_law(13);
    office.confirm_set(NOY);
    assert_eq!(office.last_events(1), ["key-backed-up"]);
    let events = office.sound_log();
    office.log_in(NOY, &passphrase(NOY));
    assert_eq!(office.sound_log(), events + 2, "once is enough: a session and the question after it, nothing more");

    office.done(ADMIN, &["user", "reset", NOY, "--reason", "forgot his passphrase"]);
    office.log_in(NOY, "another four words then");
    let listed = office.says(KHAM, &["user", "list"]).lines();
    let own = string(&listed.iter().find(|line| line["user"] == NOY).unwrap()["fingerprint"]);
    let recover = ["key", "recover", "--user", NOY, "--fingerprint", &own, "--reason", "lost passphrase"];
    office.done(KHAM, &[&recover[..], &["--release-to", BOUNMY]].concat());
    assert_eq!(office.done(BOUNMY, &recover)["cases"], 1);
    office.does(NOY, "exhibit view", &[&exhibit, "--purpose", "after recovery", "--out", &text(&office.place("seen"))]);
}

#[test]
fn law_13_who_is_removed_after_a_reset_gets_nothing_back() {
    let mut office = Office::staffed();
    office.done(KHAM, &["key", "backup", "--threshold", "2", "--holder", KHAM, "--holder", BOUNMY]);
    office.confirm_set(NOY);
    office.case = office.open_case(NOY, &[KHAM]);
    office.done(ADMIN, &["user", "reset", NOY, "--reason", "lost his passphrase"]);
    office.log_in(NOY, "another four words then");
    office.does(KHAM, "case member remove", &[NOY]);
    let listed = office.says(KHAM, &["user", "list"]).lines();
    let own = string(&listed.iter().find(|line| line["user"] == NOY).unwrap()["fingerprint"]);
    let recover = ["key", "recover", "--user", NOY, "--fingerprint", &own, "--reason", "lost passphrase"];
    office.done(KHAM, &[&recover[..], &["--release-to", BOUNMY]].concat());
    assert_eq!(office.done(BOUNMY, &recover)["cases"], 0);
    office.in_case(NOY, "case show", &[]).by_law(13);
}

#[test]
fn law_13_a_code_keeps_another_from_enrolling_first() {
    let mut office = Office::staffed();
    office.done(ADMIN, &["user", "add", "Keo", "--role", "investigator"]);
    office.says(NOY, &["user", "code", "Keo"]).by_law(13);
    let code = string(&office.done(ADMIN, &["user", "code", "Keo"])["code"]);
    office.try_log_in("Keo", "whoever is first at the machine").by_law(13).tells("--enrolment-code");
    assert_eq!(office.last_events(1), ["login-refused"]);
    let file = office.file("passphrase", "four words of his own\n");
    office.bare(&["login", "Keo", "--passphrase-file", &file, "--enrolment-code", "00"]).by_law(13);
    office.bare(&["login", "Keo", "--passphrase-file", &file, "--enrolment-code", &code]).ended(0);
    office.says(ADMIN, &["user", "code", "Keo"]).ended(2).tells("has keys already");
    // After a reset the next first login can be held to a code again.
    office.done(ADMIN, &["user", "reset", NOY, "--reason", "lost his passphrase"]);
    let code = string(&office.done(ADMIN, &["user", "code", NOY])["code"]);
    office.try_log_in(NOY, &passphrase(NOY)).by_law(13);
    let file = office.file("passphrase", "another four words then\n");
    office.bare(&["login", NOY, "--passphrase-file", &file, "--enrolment-code", &code]).ended(0);
    office.log_in(ADMIN, &passphrase(ADMIN));
    office.sound_log();
}

/// The words that write a plain finding on an exhibit.
pub fn finding<'a>(text: &'a str, exhibit: &'a str) -> Vec<&'a str> {
    vec!["--kind", "fact", "--text", text, "--exhibit", exhibit, "--method", "reading", "--error-rate", "not known"]
}

/// Lao and Thai keyboards write what looks the same in different signs (ຳ or ໍ and າ) and orders (vowel and tone mark).
#[test]
fn law_13_who_looks_the_same_is_the_same_and_a_passphrase_is_what_was_meant() {
    let office = Office::staffed();
    let (one, other) = ("ຜູ້ກອງ ຄຳ", "ຜ\u{0eb9}\u{0ec9}ກອງ  ຄ\u{0ecd}\u{0eb2}");
    assert_ne!(one, other);
    office.done(ADMIN, &["user", "add", one, "--role", "investigator"]);
    office.says(ADMIN, &["user", "add", other, "--role", "supervisor"]).ended(2).tells("looks the same");
    office.done(ADMIN, &["user", "add", "นาย ขำ", "--role", "investigator"]);
    office.says(ADMIN, &["user", "add", "นาย ข\u{0e4d}\u{0e32}", "--role", "supervisor"]).ended(2).tells("looks the same");
    let words = |name: &str, text: &str| office.file(name, format!("{text}\n"));
    let (first, second) = (words("first", "ນ້ຳ ຂຶ້ນ ໃຫ້ ຮີບ"), words("second", "ນ\u{0ec9}\u{0ecd}\u{0eb2} ຂຶ້ນ ໃຫ້ ຮີບ"));
    let enrolled = office.bare(&["login", one, "--passphrase-file", &first]).ended(0).line();
    let again = office.bare(&["login", other, "--passphrase-file", &second]).ended(0).line();
    assert!(enrolled["session"].is_string() && again["session"].is_string() && enrolled["session"] != again["session"]);
    office.bare(&["login", one, "--passphrase-file", &words("wrong", "ນ້ຳ ຂຶ້ນ ໃຫ້ ຮີບໆ")]).by_law(13);
}
