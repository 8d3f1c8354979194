//! Witnesses (law 8): two homes, two processes, mutual TLS on loopback; carried files; paper registers;
//! copies of a home that go two ways; a witness that is killed; strangers' bytes. Each node is a home of
//! its own, and what the drill knows of it the program said.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    office::{ADMIN, AUDITOR, BOUNMY, KHAM, NOY, Office, Said, ask, copy_folder, outcome, run, skipped, string, text, there},
    people::finding,
};

#[path = "../../src/witness/http.rs"]
#[allow(dead_code, reason = "the parser of the program, tried here without a network")]
mod http;

/// How often the witness is killed, each time 20 ms later after the question was put.
const KILLS: u64 = 18;

/// A node that serves as a witness, ended when it is dropped.
struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    fn begin(office: &Office) -> Serving {
        let mut command = office.command(ADMIN, &["witness", "serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.env_remove("LANTERNFISH_SESSION").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
        Serving { child, url: string(&said["listens"]) }
    }

    fn place(&self) -> SocketAddr {
        self.url.strip_prefix("https://").unwrap().parse().unwrap()
    }

    /// `kill -9`, at once.
    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Another agency: an office with people of its own and a log of its own.
fn another_agency() -> Office {
    let mut office = Office::staffed().moved_to(Path::new("/"));
    office.home = office.place("home");
    office.bare(&["init", "--agency", "Other Agency", "--training", "--passphrase-cost", "10"]).ended(0);
    for (name, role) in [(ADMIN, "administrator"), (KHAM, "supervisor"), (AUDITOR, "auditor")] {
        office.bare(&["user", "add", name, "--role", role]).ended(0);
    }
    for name in [ADMIN, KHAM, AUDITOR] {
        office.log_in(name, &crate::office::passphrase(name));
    }
    office
}

/// The identity of a node, and the file with its certificate.
fn identity(office: &Office) -> (Value, String) {
    let file = text(&office.place("certificate.pem"));
    let _ = fs::remove_file(&file);
    (office.done(ADMIN, &["witness", "identity", "--certificate", &file]), file)
}

/// A log (A) and its witness (B), each told of the other.
struct Pair {
    a: Office,
    b: Office,
    key: String,
    serving: Serving,
}

impl Pair {
    fn new() -> Pair {
        Pair::of(Office::working())
    }

    fn of(a: Office) -> Pair {
        let b = another_agency();
        let ((of_a, cert_a), (of_b, cert_b)) = (identity(&a), identity(&b));
        let serving = Serving::begin(&b);
        let key = string(&of_a["log"]);
        b.done(KHAM, &["witness", "watch", "Drill Unit", "--key", &key, "--certificate", &cert_a]);
        a.done(KHAM, &["log", "witness", "add", "Other Agency", "--key", &string(&of_b["witness"]), "--url", &serving.url, "--certificate", &cert_b]);
        Pair { a, b, key, serving }
    }

    /// Tells A where B listens after it began again.
    fn again(&mut self) {
        self.serving = Serving::begin(&self.b);
        let ((of_b, cert_b), url) = (identity(&self.b), self.serving.url.clone());
        self.a.done(KHAM, &["log", "witness", "add", "Other Agency", "--key", &string(&of_b["witness"]), "--url", &url, "--certificate", &cert_b]);
    }

    /// Number of events that B has cosigned.
    fn held(&self) -> u64 {
        self.b.done(AUDITOR, &["witness", "logs"])["size"].as_u64().unwrap_or(0)
    }

    /// A's home, copied to another place: the same log, the same keys.
    fn copy_of_a(&self, name: &str) -> Office {
        let home = self.a.place(name);
        copy_folder(&self.a.home, &home);
        self.a.moved_to(&home)
    }
}

fn cosign(office: &Office) -> Said {
    office.says(KHAM, &["log", "witness", "cosign"])
}

fn grow(office: &Office, events: u32) {
    (0..events).for_each(|_| drop(office.done(AUDITOR, &["log", "checkpoint"])));
}

#[test]
fn law_08_a_node_of_another_agency_cosigns_over_mutual_tls() {
    let pair = Pair::new();
    assert_eq!(pair.a.done(KHAM, &["log", "witness", "status"])["cosigned"], 0);
    let first = cosign(&pair.a).ended(0).line()["events"].as_u64().unwrap();
    assert_eq!(pair.held(), first);
    grow(&pair.a, 3);
    let second = cosign(&pair.a).ended(0).line()["events"].as_u64().unwrap();
    assert!(second > first + 3 && pair.held() == second, "{second}");
    let status = pair.a.done(KHAM, &["log", "witness", "status"]);
    assert_eq!(status["cosigned"], second);
    assert!(status["unwitnessed"].as_u64().unwrap() < 4, "{status}");
    assert!(string(&pair.a.done(KHAM, &["log", "witness", "list"])["name"]) == "Other Agency");
    let receipt = string(&pair.a.done(AUDITOR, &["log", "prove", "0"])["proof"]);
    assert!(receipt.contains("/witness-"), "a receipt carries the cosignature: {receipt}");
    pair.a.sound_log();
    pair.b.sound_log();
    assert!(pair.b.last_events(4).contains(&"checkpoint-cosigned".to_string()));
}

#[test]
fn law_08_only_named_people_name_witnesses_and_no_log_witnesses_itself() {
    let (a, b) = (Office::staffed(), another_agency());
    let ((of_a, _), (of_b, cert_b)) = (identity(&a), identity(&b));
    let add = |who, key: &str, more: &[&str]| a.says(who, &[&["log", "witness", "add", "One", "--key", key], more].concat());
    add(NOY, &string(&of_b["witness"]), &[]).by_law(13);
    add(KHAM, &string(&of_a["witness"]), &[]).by_law(8).tells("cannot witness itself");
    a.says(KHAM, &["witness", "watch", "Self", "--key", &string(&of_a["log"])]).by_law(8).tells("cannot witness itself");
    add(KHAM, &string(&of_b["log"]), &[]).ended(2).tells("a witness's cosigning key");
    let url = |url: &str| add(KHAM, &string(&of_b["witness"]), &["--url", url, "--certificate", &cert_b]);
    for wrong in ["https://witness.example:8440", "http://127.0.0.1:8440", "https://127.0.0.1:8440/a b", "127.0.0.1:8440"] {
        url(wrong).ended(2).tells("no name is looked up");
    }
    url("https://127.0.0.1:9").ended(0);
    cosign(&a).ended(3).tells("carry a file");
    a.says(AUDITOR, &["log", "witness", "status"]).ended(0);
}

#[test]
fn law_08_a_stranger_over_tls_and_a_false_witness_get_nothing() {
    let pair = Pair::new();
    let stranger = another_agency();
    let (of_b, cert_b) = identity(&pair.b);
    identity(&stranger);
    let add = ["log", "witness", "add", "Other Agency", "--key", &string(&of_b["witness"]), "--url", &pair.serving.url, "--certificate", &cert_b];
    stranger.done(KHAM, &add);
    cosign(&stranger).ended(3);
    assert_eq!(pair.held(), 0, "its certificate is not named there");
    let false_place = Serving::begin(&stranger);
    let add = ["log", "witness", "add", "Other Agency", "--key", &string(&of_b["witness"]), "--url", &false_place.url, "--certificate", &cert_b];
    pair.a.done(KHAM, &add);
    cosign(&pair.a).ended(3).tells("certificate");
}

#[test]
fn law_08_files_go_to_an_air_gapped_witness_and_back() {
    let (a, b) = (Office::staffed(), another_agency());
    let ((of_a, _), (of_b, _)) = (identity(&a), identity(&b));
    b.done(ADMIN, &["witness", "watch", "Drill Unit", "--key", &string(&of_a["log"])]);
    let carry = |name: &str, words: &[&str]| {
        let (request, answer) = (text(&a.place(name)), text(&a.place(&format!("{name}.cosigned"))));
        a.done(KHAM, &[&["log", "witness", "request", "--out", &request], words].concat());
        (b.says(KHAM, &["witness", "sign", &request, "--out", &answer]), answer)
    };
    let (said, answer) = carry("one", &[]);
    said.ended(0);
    a.says(KHAM, &["log", "witness", "accept", &answer]).by_law(8).tells("name it first");
    a.done(KHAM, &["log", "witness", "add", "Other Agency", "--key", &string(&of_b["witness"])]);
    a.done(KHAM, &["log", "witness", "accept", &answer]);
    let (said, second) = carry("two", &["--witness", "Other Agency"]);
    said.ended(0);
    let view = a.done(KHAM, &["log", "witness", "accept", &second]);
    assert_eq!(view["events"], b.done(KHAM, &["witness", "logs"])["size"]);
    carry("three", &["--from", "0"]).0.ended(2).tells("--from");
    let changed = fs::read_to_string(&second).unwrap().replacen('=', "", 1);
    a.says(KHAM, &["log", "witness", "accept", &a.file("changed", changed)]).ended(2);
    cosign(&a).ended(2).tells("no witness has an address");
}

#[test]
fn law_03_a_copy_that_goes_its_own_way_is_refused_and_both_histories_are_kept() {
    let pair = Pair::new();
    cosign(&pair.a).ended(0);
    let copy = pair.copy_of_a("copy");
    grow(&pair.a, 4);
    cosign(&pair.a).ended(0);
    grow(&copy, 20);
    cosign(&copy).by_nobody().tells("TWO HISTORIES");
    let of_copy = copy.says(AUDITOR, &["log", "witness", "splits"]).ended(0).lines();
    assert_eq!(of_copy.len(), 1, "the copy keeps both, too");
    let proofs = pair.b.place("proofs");
    let of_witness = pair.b.says(AUDITOR, &["log", "witness", "splits", "--out", &text(&proofs)]).ended(0).lines();
    assert!(!of_witness.is_empty(), "the witness keeps both");
    assert_eq!(pair.b.done(AUDITOR, &["witness", "logs"])["state"], "split");
    let files = fs::read_dir(&proofs).unwrap().map(|file| text(&file.unwrap().path()));
    for file in files.filter(|file| file.ends_with(".txt")) {
        ask(&["--json", "witness", "check-split", &file, "--key", &pair.key]).ended(0);
        let changed = pair.a.file("changed-split", fs::read_to_string(&file).unwrap().replacen("old ", "old 1", 1));
        ask(&["witness", "check-split", &changed, "--key", &pair.key]).ended(2);
    }
    // Neither history is cosigned any more, and the true home learns why.
    let before = pair.held();
    grow(&pair.a, 1);
    cosign(&pair.a).by_nobody().tells("two histories");
    cosign(&copy).ended(1).tells("two histories of this log are known");
    assert_eq!(pair.held(), before);
    pair.b.sound_log();
}

#[test]
fn law_03_a_copy_carried_as_a_file_is_refused_and_kept() {
    let (a, b) = (Office::staffed(), another_agency());
    let ((of_a, _), _) = (identity(&a), identity(&b));
    b.done(ADMIN, &["witness", "watch", "Drill Unit", "--key", &string(&of_a["log"])]);
    let home = a.place("copy");
    copy_folder(&a.home, &home);
    let copy = a.moved_to(&home);
    let request = |office: &Office, name: &str, from: &str| {
        let file = text(&a.place(name));
        office.done(KHAM, &["log", "witness", "request", "--from", from, "--out", &file]);
        file
    };
    let sign = |file: &str| b.says(KHAM, &["witness", "sign", file, "--out", &format!("{file}.cosigned")]);
    let mut held = 0_u64;
    // From a power of two a proof shows no other root (see `ledger::split`): one event more, then.
    while held.is_power_of_two() || held == 0 {
        sign(&request(&a, &format!("true after {held}"), &held.to_string())).ended(0);
        held = b.done(KHAM, &["witness", "logs"])["size"].as_u64().unwrap();
    }
    grow(&copy, 9);
    sign(&request(&copy, "forked", &held.to_string())).by_law(3).tells("SHOWED TWO HISTORIES");
    sign(&request(&a, "later", &held.to_string())).by_law(3).tells("SHOWED TWO HISTORIES");
}

#[test]
fn law_03_a_tail_that_was_cut_is_found_against_the_last_checkpoint_that_left() {
    let pair = Pair::new();
    let older = pair.copy_of_a("older");
    grow(&pair.a, 6);
    let left = pair.a.file("left", string(&pair.a.done(AUDITOR, &["log", "checkpoint"])["checkpoint"]));
    pair.a.done(AUDITOR, &["log", "witness", "compare", &left]);
    cosign(&pair.a).ended(0);
    older.says(AUDITOR, &["log", "witness", "compare", &left]).by_law(3).tells("its end was cut off");
    cosign(&older).by_nobody().tells("its end was cut off");
    assert_eq!(pair.b.done(AUDITOR, &["witness", "logs"])["state"], "live", "an older copy is no second history");
    cosign(&pair.a).ended(0);
}

#[test]
fn law_08_a_witness_killed_at_any_moment_never_signs_a_fork_afterwards() {
    let mut pair = Pair::new();
    cosign(&pair.a).ended(0);
    let (mut said, mut silent) = (0_u64, 0_u64);
    for round in 0..KILLS {
        grow(&pair.a, 1);
        let before = pair.held();
        let asking = pair.a.command(KHAM, &["log", "witness", "cosign"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(20 * round));
        pair.serving.kill();
        let answer = outcome(asking, Duration::from_secs(60));
        let held = pair.held();
        match answer.code {
            0 => {
                assert_eq!(answer.line()["events"].as_u64(), Some(held), "what was answered is held");
                said += 1;
            }
            _ if held > before => silent += 1,
            _ => assert_eq!(held, before),
        }
        pair.again();
    }
    eprintln!("{KILLS} kills: {said} after the answer left, {silent} between acceptance and answer, {} before", KILLS - said - silent);
    // A copy of the home as it was before the witness's last word goes another way: it gets nothing.
    let copy = pair.copy_of_a("copy");
    cosign(&pair.a).ended(0);
    grow(&copy, 30);
    cosign(&copy).by_nobody().tells("TWO HISTORIES");
    pair.b.sound_log();
}

#[test]
fn law_08_killed_between_acceptance_and_answer_the_witness_knows_what_it_signed() {
    let mut pair = Pair::new();
    let copy = pair.copy_of_a("copy");
    grow(&pair.a, 2);
    let request = text(&pair.a.place("request"));
    pair.a.done(KHAM, &["log", "witness", "request", "--from", "0", "--out", &request]);
    let mut stream = tls(&pair.a, &pair.b, pair.serving.place());
    post(&mut stream, &fs::read(&request).unwrap());
    let begun = Instant::now();
    while pair.held() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "the witness accepted nothing");
    }
    pair.serving.kill();
    drop(stream); // the answer was never read
    let held = pair.held();
    pair.again();
    grow(&copy, u32::try_from(held).unwrap() + 3);
    let said = pair.b_is_asked_by(&copy);
    said.by_nobody().tells("TWO HISTORIES");
    assert_eq!(pair.held(), held);
}

#[test]
fn law_14_strangers_bytes_never_stop_the_witness() {
    let pair = Pair::new();
    cosign(&pair.a).ended(0);
    let mut noise = Noise(7);
    for length in [0, 1, 5, 100, 5_000, 70_000] {
        let mut stream = TcpStream::connect(pair.serving.place()).unwrap();
        let _ = stream.write_all(&noise.bytes(length));
    }
    let good = b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 9\r\n\r\nold 0\n\nab".to_vec();
    for round in 0..60 {
        let mut stream = tls(&pair.a, &pair.b, pair.serving.place());
        let (mut bytes, changes) = match round % 4 {
            0 => (noise.bytes(round * 40), 0),
            1 => (good[..good.len() - 2].to_vec(), 0),
            _ => (good.clone(), round % 5),
        };
        for _ in 0..changes {
            let at = noise.below(bytes.len().max(1));
            if let Some(byte) = bytes.get_mut(at) {
                *byte = noise.bytes(1)[0];
            }
        }
        let _ = stream.write_all(&bytes);
        stream.conn.send_close_notify();
        let _ = stream.flush();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        assert!(!said.starts_with(b"HTTP/1.1 2") && !said.starts_with(b"HTTP/1.1 5"), "{}", String::from_utf8_lossy(&said));
        assert!(round % 4 != 1 || said.starts_with(b"HTTP/1.1 400"), "a request that is cut short is answered");
    }
    for _ in 0..16 {
        drop(TcpStream::connect(pair.serving.place()).unwrap());
    }
    grow(&pair.a, 1);
    cosign(&pair.a).ended(0);
}

proptest::proptest! {
    #[test]
    fn law_14_any_bytes_are_a_request_an_answer_or_a_finding(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400), cut: usize) {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc".to_vec();
        let mut mixed = head.clone();
        let at = cut % mixed.len();
        mixed.splice(at..at, bytes.iter().copied().take(5));
        for bytes in [&bytes, &mixed] {
            if let Ok(request) = http::Request::read(&mut bytes.as_slice()) {
                proptest::prop_assert!(request.body.len() <= http::MOST_BODY);
            }
            let _ = http::Answer::read(&mut bytes.as_slice());
        }
        proptest::prop_assert_eq!(http::Answer::read(&mut head.as_slice()).unwrap().body, b"abc");
    }
}

#[test]
fn heads_that_say_two_things_are_refused() {
    let check = |text: &str| assert!(http::Request::read(&mut text.as_bytes()).is_err(), "{text:?}");
    check("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na");
    check("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n");
    check("POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na");
    check("POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\na");
    check("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\na");
    check("POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\na");
    check(&format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(9000)));
    assert!(http::Request::read(&mut "GET / HTTP/1.1\r\n\r\n".as_bytes()).is_ok());
}

#[test]
fn law_08_a_paper_register_is_a_witness_and_is_printed_as_one() {
    let office = Office::working();
    office.admit("note.txt", "SYNTHETIC note");
    office.does(NOY, "finding add", &finding("There is a note.", "E-0001"));
    let pdf = text(&office.place("register.pdf"));
    let printed = office.done(KHAM, &["log", "witness", "paper", "--out", &pdf, "--language", "lo", "--jurisdiction", "la"]);
    let words = string(&printed["words"]);
    assert_eq!(words.split(' ').count(), 29);
    let typed = |words: &str, page: &str| office.says(KHAM, &["log", "witness", "typed", words, "--register", "Court of Drill, book 3", "--page", page]);
    let mark = typed(&words.to_uppercase(), "41").ended(0).line();
    assert_eq!(mark["events"], printed["events"]);
    typed(&words.replacen("b", "d", 1), "41").ended(2);
    typed(&words, "0").ended(2);
    let status = office.done(KHAM, &["log", "witness", "status"]);
    assert_eq!((&status["on_paper"], &status["cosigned"]), (&printed["events"], &Value::from(0)));
    let report = office.does(NOY, "report build", &["--template", "statement-of-fact", "--language", "en"]);
    let file = text(&office.place("report.pdf"));
    office.does(NOY, "report export", &[&string(&report["report"]), "--out", &file]);
    let page = typeset::pdf_text(&fs::read(&file).unwrap()).unwrap();
    let page: String = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains("Court of Drill, book 3, page 41"), "{page}");
    assert!(page.contains("On paper, not by a node"), "{page}");
    read_code(&pdf, &office);
}

/// The QR code of the page, read by a program that others wrote.
fn read_code(pdf: &str, office: &Office) {
    if !there("pdftoppm") || !there("zbarimg") {
        return skipped("reading the QR code of a register page", "pdftoppm and zbarimg are both needed");
    }
    let image = text(&office.place("page"));
    let mut draw = Command::new("pdftoppm");
    draw.args(["-r", "200", "-png", "-singlefile", pdf, &image]);
    run(draw).ended(0);
    let mut read = Command::new("zbarimg");
    read.args(["--quiet", "--raw", &format!("{image}.png")]);
    let note = run(read).ended(0).out;
    let file = office.file("scanned", format!("{}\n", note.trim_end()));
    office.done(AUDITOR, &["log", "witness", "compare", &file]);
}

#[test]
fn law_03_a_register_with_another_history_is_said() {
    let office = Office::staffed();
    let home = office.place("copy");
    copy_folder(&office.home, &home);
    let copy = office.moved_to(&home);
    grow(&office, 3);
    let pdf = text(&office.place("register.pdf"));
    let words = string(&office.done(KHAM, &["log", "witness", "paper", "--out", &pdf])["words"]);
    let typed = |office: &Office| office.says(KHAM, &["log", "witness", "typed", &words, "--register", "book", "--page", "1"]);
    typed(&copy).by_law(3).tells("its end was cut off");
    grow(&copy, 6);
    typed(&copy).by_law(3).tells("holds another history");
    typed(&office).ended(0);
}

#[test]
fn law_08_a_package_carries_the_cosignature_and_all_verifiers_take_it() {
    let pair = Pair::new();
    let label = signed_package(&pair.a);
    pair.a.does(NOY, "package finish", &[&label]);
    let (package, anchors) = (pair.a.place("package"), pair.a.place("anchors"));
    pair.a.done(NOY, &["anchors", "export", &text(&anchors)]);
    assert!(fs::read_to_string(anchors.join("witnesses")).unwrap().contains("/witness-"));
    let verdict = seal::check::verify_package(&package, Some(&anchors), &|_| ());
    let faults: Vec<String> = verdict.faults().map(|check| format!("{}: {}", check.object, check.text)).collect();
    assert_eq!((verdict.exit_code, faults), (0, vec![]));
    assert!(!verdict.limits.iter().any(|limit| limit.starts_with("unwitnessed:")), "{:?}", verdict.limits);
    assert!(verdict.limits.iter().any(|limit| limit.contains("when this package was built")), "{:?}", verdict.limits);
    let script = |anchors: &std::path::Path| {
        let mut script = Command::new("bash");
        script.arg(package.join("verify.sh")).arg(anchors);
        run(script)
    };
    let said = script(&anchors).ended(0);
    assert!(!said.out.contains("  unwitnessed: no cosignature"), "{}", said.out);
    // A stranger's list: the line is of nobody he knows.
    fs::write(anchors.join("witnesses"), "").unwrap();
    assert_ne!(script(&anchors).code, 0);
    assert_ne!(seal::check::verify_package(&package, Some(&anchors), &|_| ()).exit_code, 0);
}

#[test]
fn law_08_an_air_gapped_package_waits_for_its_witness() {
    let (a, b) = (Office::working(), another_agency());
    let ((of_a, _), (of_b, _)) = (identity(&a), identity(&b));
    b.done(ADMIN, &["witness", "watch", "Drill Unit", "--key", &string(&of_a["log"])]);
    a.done(KHAM, &["log", "witness", "add", "Other Agency", "--key", &string(&of_b["witness"])]);
    let label = signed_package(&a);
    a.in_case(NOY, "package finish", &[&label, "--wait-for-witness"]).by_law(8).tells("no witness has cosigned it yet");
    let (request, answer) = (text(&a.place("request")), text(&a.place("answer")));
    a.done(KHAM, &["log", "witness", "request", "--out", &request]);
    b.done(KHAM, &["witness", "sign", &request, "--out", &answer]);
    a.done(KHAM, &["log", "witness", "accept", &answer]);
    a.does(NOY, "package finish", &[&label, "--wait-for-witness"]);
    assert!(fs::read_to_string(a.place("package").join("seal/seal.tlog")).unwrap().contains("/witness-"));
}

/// A package that is signed and stamped, and waits for its seal.
fn signed_package(office: &Office) -> String {
    office.admit("note.txt", "SYNTHETIC note");
    office.does(NOY, "finding add", &finding("There is a note.", "E-0001"));
    let out = text(&office.place("package"));
    let label = string(&office.does(NOY, "package seal", &["--officer", NOY, "--officer", BOUNMY, "--out", &out])["package"]);
    office.does(NOY, "package sign", &[&label]);
    office.does(BOUNMY, "package sign", &[&label]);
    office.does(NOY, "package stamp", &[&label]);
    label
}

#[test]
fn law_03_a_restored_witness_never_signs_with_its_old_key() {
    let b = another_agency();
    let (before, _) = identity(&b);
    let (backup, secret) = (text(&b.place("backup")), b.file("secret", "drill only: a backup\n"));
    b.done(ADMIN, &["backup", "create", &backup, "--passphrase-file", &secret]);
    let mut restored = b.moved_to(&b.place("restored"));
    restored.bare(&["backup", "restore", &backup, "--passphrase-file", &secret, "--nothing-erased"]).ended(0);
    restored.log_in(ADMIN, &crate::office::passphrase(ADMIN));
    restored.done(ADMIN, &["log", "resume", "--nothing-later-known"]);
    let (after, _) = identity(&restored);
    assert_ne!(before["witness"], after["witness"]);
    assert_eq!(before["log"], after["log"]);
}

// ---- TLS with the keys of a node, spoken by the drill itself

type Tls = rustls::StreamOwned<rustls::ClientConnection, TcpStream>;

/// Connects with A's certificate and key, as A's own program would.
fn tls(a: &Office, b: &Office, place: SocketAddr) -> Tls {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
    let pem = |office: &Office| {
        let text = fs::read_to_string(office.home.join("node/link.pem")).unwrap();
        CertificateDer::from(seal::Certificate::from_pem_bundle(&text).unwrap()[0].to_der().to_vec())
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(fs::read(a.home.join("node/link.key")).unwrap()));
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Exactly(pem(b))))
        .with_client_auth_cert(vec![pem(a)], key)
        .unwrap();
    let stream = TcpStream::connect(place).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let tls = rustls::ClientConnection::new(Arc::new(config), ServerName::IpAddress(place.ip().into())).unwrap();
    rustls::StreamOwned::new(tls, stream)
}

fn post(stream: &mut Tls, body: &[u8]) {
    let head = format!("POST /add-checkpoint HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    stream.flush().unwrap();
}

#[derive(Debug)]
struct Exactly(rustls::pki_types::CertificateDer<'static>);

impl rustls::client::danger::ServerCertVerifier for Exactly {
    fn verify_server_cert(
        &self,
        shown: &rustls::pki_types::CertificateDer<'_>,
        _: &[rustls::pki_types::CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        assert_eq!(shown, &self.0, "the witness shows the certificate that it printed");
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &rustls::pki_types::CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.3 only".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &rustls::pki_types::CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Bytes from a fixed seed.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next()).unwrap() % end
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| u8::try_from(self.next() & 0xff).unwrap()).collect()
    }
}

impl Said {
    /// Refused by a law while asking several witnesses: exit 1, and the reason in the message.
    #[track_caller]
    fn by_nobody(self) -> Said {
        self.ended(1)
    }
}

impl Pair {
    /// A copy of A's home asks B, wherever B listens now.
    fn b_is_asked_by(&self, copy: &Office) -> Said {
        let (of_b, cert_b) = identity(&self.b);
        copy.done(KHAM, &["log", "witness", "add", "Other Agency", "--key", &string(&of_b["witness"]), "--url", &self.serving.url, "--certificate", &cert_b]);
        cosign(copy)
    }
}
