//! Authorities: written down, checked or granted by a second person, with dates that can be read one
//! way, and nothing without a live one (law 1).

use crate::{
    office::{BOUNMY, EVERYTHING, KHAM, NOY, Office, string, text, year},
    people::finding,
    revocation::Server,
};

#[test]
fn law_01_a_capture_without_an_authority_is_refused_and_the_refusal_is_an_event() {
    let mut office = Office::staffed();
    office.case = office.open_case(NOY, &[]);
    office.in_case(NOY, "capture", &["http://127.0.0.1:9/"]).by_law(1).tells("no authority is recorded");
    assert_eq!(office.last_events(1), ["step-refused"]);
    let file = office.file("note.txt", "x");
    office.in_case(NOY, "exhibit admit", &[&file]).by_law(1);
    office.in_case(NOY, "exhibit list", &[]).by_law(1);
    assert!(office.objects().is_empty());
}

#[test]
fn law_01_an_expired_authority_opens_nothing() {
    let mut office = Office::staffed();
    office.case = office.open_case(NOY, &[]);
    let mut words = office.authority_words("standing-unit", &EVERYTHING);
    words.extend(["--from", "2019-01-01", "--until", "2020-12-31"]);
    let id = string(&office.done(NOY, &words)["authority"]);
    office.done(KHAM, &["authority", "grant", &id]);
    let file = office.file("note.txt", "x");
    office.in_case(NOY, "exhibit admit", &[&file]).by_law(1).tells("it ended on 31 December 2020, 24:00 (UTC)");
    office.unit_authority(&["admit"]);
    office.does(NOY, "exhibit admit", &[&file]);
}

#[test]
fn law_01_a_year_that_can_be_read_two_ways_makes_no_authority() {
    let office = Office::working();
    let buddhist = (year() + 543).to_string();
    let (from, until) = (format!("{buddhist}-01-01"), format!("{buddhist}-12-31"));
    let record = |from: &str, until: &str, more: &[&str]| {
        let mut words = office.authority_words("standing-unit", &["admit"]);
        words.extend(["--from", from, "--until", until]);
        words.extend(more);
        office.says(NOY, &words)
    };
    record(&from, &until, &[]).ended(2).tells("two ways").tells("--calendar buddhist");
    record("2568-01-01", "2568-12-31", &[]).ended(2).tells("two ways");
    record(&from, &until, &["--calendar", "gregorian"]).ended(2).tells("check the calendar");
    let made = record(&from, &until, &["--calendar", "buddhist"]).ended(0).line();
    assert_eq!(string(&made["from"])[..10], format!("{}-01-01", year()));
    assert_eq!(string(&made["until"])[..10], format!("{}-01-01", year() + 1), "the last day is included");
    record("2026-01-01", "2099-12-31", &[]).ended(2);
    record("01/02/2026", "2026-12-31", &[]).ended(2).tells("YYYY-MM-DD");
    let mut elsewhere = office.authority_words("standing-unit", &["admit"]);
    elsewhere.retain(|word| !matches!(*word, "--zone" | "UTC"));
    elsewhere.extend(["--from", "2026-01-01", "--until", "2026-12-31"]);
    office.says(NOY, &elsewhere).ended(2).tells("--zone");
    elsewhere.extend(["--zone", "Vientiane"]);
    office.says(NOY, &elsewhere).ended(2).tells("Asia/Vientiane");
}

#[test]
fn law_01_nobody_approves_his_own_authority() {
    let office = Office::working();
    let (from, until) = (format!("{}-01-01", year()), format!("{}-12-31", year()));
    let record = |who: &str, kind: &str, more: &[&str]| {
        let mut words = office.authority_words(kind, &["admit"]);
        words.extend(["--from", &from, "--until", &until]);
        words.extend(more);
        string(&office.done(who, &words)["authority"])
    };
    let by_kham = record(KHAM, "standing-unit", &[]);
    office.says(KHAM, &["authority", "grant", &by_kham]).by_law(1);
    assert_eq!(office.last_events(1), ["step-refused"]);
    let for_kham = record(NOY, "standing-unit", &["--holder", KHAM]);
    office.says(KHAM, &["authority", "grant", &for_kham]).by_law(1);
    office.says(NOY, &["authority", "grant", &for_kham]).by_law(13);
    let in_case = record(NOY, "supervisor", &["--case", &office.case, "--holder", NOY]);
    office.in_case(NOY, "authority grant", &[&in_case]).by_law(1);
    assert_eq!(office.last_events(1), ["step-refused"]);
    office.does(KHAM, "authority grant", &[&in_case]);
}

#[test]
fn law_01_a_court_order_is_transcribed_and_checked_by_a_second_person() {
    let office = Office::working();
    let (scan, words) = (office.file("scan.pdf", "%PDF scan"), office.file("text.txt", "It is ordered that"));
    let (from, until) = (format!("{}-01-01", year()), format!("{}-12-31", year()));
    let mut record = office.authority_words("court-order", &["examine"]);
    record.extend(["--source", "device", "--from", &from, "--until", &until, "--case", &office.case, "--holder", NOY]);
    office.says(NOY, &record).ended(2).tells("--scan").tells("--transcription");
    record.extend(["--scan", &scan, "--transcription", &words]);
    let made = office.done(NOY, &record);
    assert_eq!((&made["state"], &made["label"]), (&"recorded".into(), &"transcribed, not issued here".into()));
    let id = string(&made["authority"]);
    office.in_case(NOY, "authority check", &[&id]).by_law(1);
    let seen = text(&office.place("seen.pdf"));
    assert_eq!(office.does(KHAM, "authority show", &[&id, "--scan", &seen])["transcription"], "It is ordered that");
    assert_eq!(std::fs::read(&seen).unwrap(), b"%PDF scan");
    office.in_case(BOUNMY, "authority check", &[&id]).by_law(13);
    assert_eq!(office.does(KHAM, "authority check", &[&id, "--reason", "compared"])["state"], "live");
}

#[test]
fn law_01_outside_the_scope_is_refused() {
    let mut office = Office::staffed();
    office.case = office.open_case(NOY, &[KHAM]);
    let (from, until) = (format!("{}-01-01", year()), format!("{}-12-31", year()));
    let mut words = office.authority_words("standing-unit", &["collect", "admit"]);
    words.extend(["--from", &from, "--until", &until, "--selector", "market.localhost"]);
    let id = string(&office.done(NOY, &words)["authority"]);
    office.done(KHAM, &["authority", "grant", &id]);
    office.in_case(NOY, "capture", &["http://other.localhost:9/"]).by_law(1).tells("selector");
    office.in_case(NOY, "capture", &["http://market.localhost:9/", "--source", "darknet"]).by_law(1).tells("darknet");
    office.in_case(NOY, "capture", &["http://market.localhost:9/", "http://other.localhost:9/"]).by_law(1);
    let file = office.file("note.txt", "x");
    office.in_case(NOY, "exhibit admit", &[&file, "--source-class", "device"]).by_law(1);
    office.in_case(NOY, "finding list", &[]).by_law(1).tells("query");
    office.does(NOY, "exhibit admit", &[&file]);
}

#[test]
fn law_01_a_lone_officer_works_under_the_units_standing_authorisation() {
    let mut office = Office::staffed();
    office.unit_authority(&EVERYTHING);
    office.case = office.open_case(NOY, &[]);
    let server = Server::page("<title>SYNTHETIC</title> write to seller@example.com or 1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY1");
    let captured = office.does(NOY, "capture", &[&server.url, "--description", "SYNTHETIC offer"]);
    assert_eq!((&captured["record"]["complete"], &captured["exhibit"]["exhibit"]), (&true.into(), &"E-0001".into()));
    let examined = office.does(NOY, "examine", &["E-0001"]);
    assert!(examined["selectors"].as_u64().unwrap() >= 2, "{examined}");
    let hits = office.in_case(NOY, "selectors", &["--value", "1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY1", "--purpose", "a drill"]).ended(0).lines();
    assert_eq!(hits[0]["state"], "verified", "{hits:?}");
    office.does(NOY, "finding add", &finding("The page names an address.", "E-0001"));
    let out = text(&office.place("package"));
    let built = office.does(NOY, "package seal", &["--officer", NOY, "--out", &out]);
    let limits = built["limits"].to_string();
    assert!(limits.contains("single officer") && limits.contains("standing authorisation"), "{limits}");
}

#[test]
fn law_01_limits_of_an_authority_bind_viewing_asking_and_papers_too() {
    let office = Office::working();
    let page = office.admit("page.txt", "SYNTHETIC: write to seller@example.org");
    office.does(NOY, "examine", &[&page]);
    office.does(NOY, "finding add", &finding("It reads so.", &page));
    // From here on the case lives under an authority that does not reach what was handed over.
    let unit = string(&office.says(KHAM, &["authority", "list"]).ended(0).lines()[0]["authority"]);
    office.done(KHAM, &["authority", "revoke", &unit, "--reason", "a drill"]);
    let (from, until) = (format!("{}-01-01", year()), format!("{}-12-31", year()));
    let mut words = vec!["authority", "record", "--kind", "supervisor", "--reference", "D-2", "--issuer", "Chief of the drill"];
    words.extend(["--source", "open", "--zone", "UTC", "--necessity", "a drill", "--from", &from, "--until", &until, "--case", &office.case]);
    words.extend(EVERYTHING.iter().flat_map(|action| ["--action", *action]));
    let id = string(&office.done(NOY, &words)["authority"]);
    office.does(KHAM, "authority grant", &[&id]);

    let out = text(&office.place("seen"));
    office.in_case(NOY, "exhibit view", &[&page, "--purpose", "x", "--out", &out]).by_law(1).tells("it was revoked on").tells(&format!("--case {}`", office.case));
    assert_eq!(office.last_events(1), ["step-refused"]);
    assert!(!office.place("seen").exists());
    office.in_case(NOY, "examine", &[&page]).by_law(1);
    let asked = office.in_case(NOY, "selectors", &["--value", "seller@example.org", "--purpose", "x"]).ended(0);
    assert!(asked.out.trim().is_empty(), "{}", asked.out);
    asked.tells("1 more stand in exhibits that your authority does not reach");
    office.in_case(NOY, "finding add", &finding("It still reads so.", &page)).by_law(1);
    office.in_case(NOY, "report build", &["--template", "statement-of-fact"]).by_law(1);
    office.in_case(NOY, "package seal", &["--officer", NOY, "--out", &text(&office.place("package"))]).by_law(1);
    office.in_case(NOY, "exhibit label", &[&page, "--out", &text(&office.place("label.pdf"))]).by_law(1);
    // Custody is a duty, not a use: it goes on.
    office.does(NOY, "checkout", &[&page, "--purpose", "to the safe"]);
    office.sound_log();
}

#[test]
fn law_01_under_an_authority_for_one_person_it_is_said_whom_an_item_concerns() {
    let mut office = Office::staffed();
    office.case = office.open_case(NOY, &[KHAM]);
    let (from, until) = (format!("{}-01-01", year()), format!("{}-12-31", year()));
    let mut words = office.authority_words("supervisor", &EVERYTHING);
    words.extend(["--from", &from, "--until", &until, "--case", &office.case, "--person", "vendor-7", "--territory", "la"]);
    let id = string(&office.done(NOY, &words)["authority"]);
    office.does(KHAM, "authority grant", &[&id]);
    let file = office.file("note.txt", "x");
    office.in_case(NOY, "exhibit admit", &[&file]).by_law(1).tells("--person");
    office.in_case(NOY, "exhibit admit", &[&file, "--person", "vendor-7"]).by_law(1).tells("--territory");
    office.in_case(NOY, "exhibit admit", &[&file, "--person", "vendor-8", "--territory", "la"]).by_law(1);
    office.in_case(NOY, "capture", &["http://127.0.0.1:9/"]).by_law(1).tells("--person");
    let item = office.does(NOY, "exhibit admit", &[&file, "--person", "Vendor-7", "--territory", "LA"]);
    assert_eq!(item["origin"]["person"], "Vendor-7", "{item}");
    office.does(NOY, "exhibit view", &[&string(&item["exhibit"]), "--purpose", "x", "--out", &text(&office.place("seen"))]);
}
