//! What a person meets on his first day: texts that must say something, passphrases at the terminal, a
//! practice market, answers that fit on a screen, and a reader that goes away. Laws 1, 2, 5, 6 and 13 where
//! they are met.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};

use crate::office::{ADMIN, AUDITOR, BOUNMY, KHAM, NOY, Office, Said, passphrase, program, run, skipped, string, text, there, year};

/// A command without --json: what a person reads.
fn reads(office: &Office, who: &str, arguments: &[&str]) -> Said {
    let mut command = program();
    command.arg("--home").arg(&office.home).env("LANTERNFISH_SESSION", office.token(who)).env("TZ", "Asia/Vientiane").args(arguments);
    run(command)
}

#[test]
fn a_text_that_must_say_something_is_never_empty() {
    let office = Office::working();
    let before = office.sound_log();
    let (from, until) = (format!("{}-01-01", year()), format!("{}-12-31", year()));
    let mut record = office.authority_words("standing-unit", &["admit"]);
    record.extend(["--from", &from, "--until", &until]);
    let open = ["case", "open", "--title", "t", "--offence", "o", "--jurisdiction", "la", "--purpose", "p"];
    let case = office.case.as_str();
    let view = ["exhibit", "view", "--case", case, "E-0001", "--purpose", "p", "--out", "-"];
    let offer = ["transfer", "offer", "--case", case, "E-0001", "--to", BOUNMY, "--purpose", "p"];
    let ask = ["selectors", "--case", case, "--purpose", "p"];
    let check = |words: &[&str], option: &str| {
        let mut words = words.to_vec();
        let place = words.iter().position(|word| *word == option).unwrap() + 1;
        for empty in ["", "  "] {
            words[place] = empty;
            office.says(NOY, &words).ended(2).tells(option).tells("empty");
        }
    };
    for option in ["--issuer", "--reference", "--necessity"] {
        check(&record, option);
    }
    for option in ["--title", "--offence", "--purpose"] {
        check(&open, option);
    }
    check(&view, "--purpose");
    check(&offer, "--purpose");
    check(&ask, "--purpose");
    office.says(KHAM, &["authority", "revoke", "auth-x"]).ended(2).tells("--reason");
    assert_eq!(office.sound_log(), before + 1, "nothing of all that was begun");
}

#[test]
fn law_13_a_case_of_others_and_no_case_are_told_in_the_same_words() {
    let office = Office::staffed();
    let theirs = office.open_case(KHAM, &[]);
    let none = format!("{}-0999", year());
    let answer = |case: &str| {
        let before = office.sound_log();
        let said = office.says(NOY, &["case", "show", "--case", case]).by_law(13).tells("not a member").tells("or it does not exist");
        assert_eq!(office.last_events(1), ["step-refused"], "{case}");
        assert_eq!(office.sound_log(), before + 4, "one event, and three questions of this drill");
        said.err.replace(case, "N")
    };
    assert_eq!(answer(&theirs), answer(&none));
    office.says(NOY, &["case", "show", "--case", "the first one"]).ended(2).tells("2026-0001");
}

#[test]
fn law_01_a_refusal_names_the_nearest_authority_and_the_next_step() {
    let mut office = Office::staffed();
    office.case = office.open_case(NOY, &[KHAM]);
    office.unit_authority(&["admit"]);
    let capture = ["http://127.0.0.1:9/"];
    office.in_case(NOY, "capture", &capture).by_law(1).tells("standing-unit authority of the unit \"D-1\"").tells("`collect` is outside its scope");
    let id = office.case_authority(&["collect"]);
    office.does(KHAM, "authority revoke", &[&id, "--reason", "a drill"]);
    let next = format!("`lanternfish authority list --case {}`", office.case);
    let said = office.in_case(NOY, "capture", &capture).by_law(1);
    said.tells("supervisor authority \"D-1\"").tells(&id).tells("it was revoked on").tells("(UTC)").tells(&next).tells("an extension");
}

#[test]
fn law_02_a_capture_that_receives_nothing_is_kept_as_an_attempt_and_says_so() {
    let office = Office::working();
    for url in ["ftp://127.0.0.1:9/", "http://market.example/", "http://192.0.2.7/"] {
        office.in_case(NOY, "capture", &[url]).ended(2).tells(url).tells("Nothing was made").tells("exhibit admit");
    }
    assert_eq!(office.exhibits().len(), 0);
    // A port that was free a moment ago: nobody answers there.
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    office.in_case(NOY, "capture", &[&format!("http://{free}/")]).ended(3).tells("nothing at all was received").tells("E-0001");
    let kept = &office.exhibits()[0];
    assert!(string(&kept["findings"][0]).starts_with("NOTHING WAS RECEIVED"), "{kept}");
    office.sound_log();
}

#[test]
fn law_05_a_wrong_declared_digest_is_loud() {
    let office = Office::working();
    let file = office.file("photo.jpg", "SYNTHETIC photograph");
    let right = model::Sha256Digest::of(b"SYNTHETIC photograph").hex();
    let quiet = office.in_case(NOY, "exhibit admit", &[&file, "--sha256", &right]).ended(0);
    assert!(!quiet.err.contains("ATTENTION"), "{}", quiet.err);
    let wrong = "0".repeat(64);
    let loud = office.in_case(NOY, "exhibit admit", &[&file, "--sha256", &wrong]).ended(0).tells("ATTENTION").tells("E-0002").tells("sha256");
    assert!(string(&loud.line()["findings"][0]).starts_with("WRONG DIGEST"), "{}", loud.out);
    let listed = reads(&office, NOY, &["exhibit", "list", "--case", &office.case]).ended(0).out;
    assert_eq!(listed.matches("! WRONG DIGEST").count(), 1, "{listed}");
}

#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let office = Office::working();
    office.admit("note.txt", "seller@example.com");
    let file = office.file("page.txt", "seller@example.com");
    let case = office.case.as_str();
    let commands: [&[&str]; 6] = [
        &["log", "show"],
        &["--json", "log", "show"],
        &["exhibit", "list", "--case", case],
        &["exhibit", "view", "--case", case, "E-0001", "--purpose", "p", "--out", "-"],
        &["scan", &file],
        &["case", "show", "--case", case],
    ];
    for arguments in commands {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = program();
        command.arg("--home").arg(&office.home).env("LANTERNFISH_SESSION", office.token(NOY)).args(arguments);
        let ended = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let err = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code() == Some(141) && !err.contains("panicked"), "{arguments:?}: {:?} {err}", ended.status);
    }
    office.sound_log();
}

#[test]
fn a_passphrase_comes_from_a_file_or_from_standard_input() {
    let office = Office::staffed();
    let log_in = |file: &str, input: &str| {
        let mut command = program();
        command.arg("--home").arg(&office.home).args(["login", NOY, "--passphrase-file", file]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let ended = child.wait_with_output().unwrap();
        (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
    };
    let (code, said) = log_in("-", &format!("{}\n", passphrase(NOY)));
    assert!(code == Some(0) && !said.contains("chmod"), "{said}");
    let file = office.file("secret", passphrase(NOY));
    let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o600);
    assert!(!log_in(&file, "").1.contains("chmod"));
    mode(0o644);
    let (code, said) = log_in(&file, "");
    assert!(code == Some(0) && said.contains("others on this machine can read") && said.contains("chmod 600"), "{said}");
}

/// Runs the words of a shell on a terminal of their own and answers each question that ends in a colon.
fn on_a_terminal(words: &str, answers: &[&str]) -> (String, bool) {
    let mut command = Command::new("script");
    command.args(["-qec", words, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut seen = Vec::new();
    for answer in answers {
        let mut byte = [0];
        while !seen.ends_with(b": ") && output.read(&mut byte).unwrap() == 1 {
            seen.push(byte[0]);
        }
        seen.push(b'\n');
        // The echo is switched off right after the question, and what was typed before that is thrown away.
        std::thread::sleep(std::time::Duration::from_millis(300));
        writeln!(input, "{answer}").unwrap();
    }
    output.read_to_end(&mut seen).unwrap();
    (String::from_utf8_lossy(&seen).into_owned(), child.wait().unwrap().success())
}

#[test]
fn a_passphrase_is_asked_at_the_terminal_without_echo_and_twice_when_it_is_made() {
    const DRILL: &str = "a_passphrase_is_asked_at_the_terminal_without_echo_and_twice_when_it_is_made";
    if !there("script") {
        return skipped(DRILL, "the tool `script` is not installed");
    }
    let office = Office::staffed();
    office.done(ADMIN, &["user", "add", "Keo", "--role", "analyst"]);
    let login = format!("'{}' --home '{}' login Keo", env!("CARGO_BIN_EXE_lanternfish"), text(&office.home));
    let secret = "four words that nobody sees";
    let (said, done) = on_a_terminal(&login, &[secret, "four words mistyped"]);
    assert!(!done && said.contains("differ") && !said.contains("four words that"), "{said}");
    let (said, done) = on_a_terminal(&login, &[secret, secret]);
    assert!(done && said.contains("lfs-") && !said.contains(secret), "{said}");
    let (said, done) = on_a_terminal(&login, &[secret]);
    assert!(done && said.contains("lfs-") && !said.contains("the same again") && !said.contains(secret), "{said}");
}

#[test]
fn the_practice_market_is_served_on_loopback_until_it_is_stopped() {
    let office = Office::working();
    office.bare(&["market", "--listen", "0.0.0.0:0"]).ended(2).tells("loopback");
    let mut command = program();
    let mut market = command.args(["market", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut url = String::new();
    let mut says = BufReader::new(market.stdout.take().unwrap());
    says.read_line(&mut url).unwrap();
    let captured = office.does(NOY, "capture", &[url.trim()]);
    market.kill().and_then(|()| market.wait()).unwrap();
    assert_eq!(captured["record"]["complete"], true, "{captured}");
    let out = text(&office.place("page.warc"));
    office.does(NOY, "exhibit view", &["E-0001", "--purpose", "reading", "--out", &out]);
    let warc = fs::read_to_string(&out).unwrap();
    assert!(warc.starts_with("WARC/1.1") && warc.contains("SYNTHETIC"), "{warc}");
}

#[test]
fn law_06_the_collectors_own_words_are_kept_and_not_searched() {
    let office = Office::working();
    let server = crate::revocation::Server::page("<title>SYNTHETIC</title> write to seller@example.com");
    office.does(NOY, "capture", &[&server.url]);
    let view = office.does(NOY, "examine", &["E-0001"]);
    assert!(view["not_searched"].as_u64().unwrap() >= 2 && view["rejected"] == 0, "the warcinfo and the request: {view}");
    let hits = office.in_case(NOY, "selectors", &["--purpose", "a drill"]).ended(0).lines();
    assert!(hits.iter().all(|hit| string(&hit["place"]).contains("(response record <urn:uuid:")), "{hits:?}");
    assert!(hits.iter().any(|hit| hit["value"] == "seller@example.com"), "{hits:?}");
}

#[test]
fn a_person_reads_a_few_lines_with_local_time() {
    let office = Office::working();
    office.admit("note.txt", "SYNTHETIC, seller@example.com");
    office.does(NOY, "examine", &["E-0001"]);
    let case = office.case.as_str();
    let check = |who: &str, words: &[&str], at_most: usize, tells: &[&str]| {
        let said = reads(&office, who, words).ended(0);
        assert!(said.out.lines().count() <= at_most, "{words:?}: {}", said.out);
        let all = said.out + &said.err;
        tells.iter().for_each(|word| assert!(all.contains(word), "{words:?}: {word:?} is not in {all}"));
    };
    check(NOY, &["exhibit", "list", "--case", case], 2, &["admitted (Asia/Vientiane)", "note.txt", NOY]);
    check(NOY, &["selectors", "--case", case, "--purpose", "p"], 2, &["seller@example.com", "byte 11"]);
    check(NOY, &["authority", "list", "--case", case], 3, &["LIVE", "24:00 (UTC)", "\"D-1\""]);
    let out = text(&office.place("seen"));
    check(NOY, &["exhibit", "view", "--case", case, "E-0001", "--purpose", "p", "--out", &out], 6, &["(Asia/Vientiane)", "SHA-256"]);
    check(AUDITOR, &["log", "show", "--limit", "2"], 3, &["time (Asia/Vientiane)", "log-opened", "more events: `lanternfish log show --from 2`"]);
    let package = text(&office.place("package"));
    let seal = ["package", "seal", "--case", case, "--officer", NOY, "--out", &package];
    check(NOY, &seal, 6, &["P-0001", ".building", "next: not signed yet", "NOT INDEPENDENT"]);
    check(NOY, &["package", "list", "--case", case], 6, &["P-0001", "built"]);
    let again = reads(&office, NOY, &seal).ended(2).tells("P-0001 waits").tells("another folder");
    assert!(!again.err.contains("remove"), "{}", again.err);
}

#[test]
fn anchors_are_told_by_fingerprints_that_openssl_shows_too() {
    let office = Office::working();
    let (json, folder) = (text(&office.place("a")), text(&office.place("anchors")));
    assert_eq!(office.done(AUDITOR, &["anchors", "export", &json])["fingerprints"].as_array().unwrap().len(), 3);
    let said = reads(&office, AUDITOR, &["anchors", "export", &folder]).ended(0).out;
    let checkpoint = fs::read_to_string(office.place("anchors").join("checkpoint")).unwrap();
    let origin = checkpoint.lines().next().unwrap();
    assert!(said.contains(&format!("{origin}+")), "the log's verifier key: {said}");
    if !there("openssl") {
        return skipped("openssl on the anchors", "openssl is not installed");
    }
    let mut openssl = Command::new("openssl");
    openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(office.place("anchors").join("root.pem"));
    let told = run(openssl).ended(0).out;
    assert!(said.contains(told.trim().split('=').nth(1).unwrap()), "{told} {said}");
}

#[test]
fn the_records_are_readable_by_their_owner_only() {
    let office = Office::staffed();
    let folder = tempfile::tempdir().unwrap();
    let fresh = folder.path().join("home");
    let mut command = program();
    command.arg("--home").arg(&fresh).args(["init", "--agency", "Unit 5", "--passphrase-cost", "10"]);
    run(command).ended(0);
    for home in [&fresh, &office.home] {
        let mode = fs::metadata(home.join("records.db")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", home.display());
    }
}

#[test]
fn a_clock_without_a_time_service_is_a_warning() {
    let office = Office::staffed();
    let said = office.bare(&["doctor"]);
    let wrong: Vec<_> = said.lines().into_iter().filter(|line| line["ok"] == false && line["warning"] != true).collect();
    assert_eq!(said.code, if wrong.is_empty() { 0 } else { 3 }, "{wrong:?}");
}
