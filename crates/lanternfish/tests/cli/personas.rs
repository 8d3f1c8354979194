//! Personas in the hands of officers: two people before anybody uses one, one officer at a time, burned is burned, and
//! no secret of theirs in anything that is kept or leaves (laws 1, 13 and 15).

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use model::Sha256Digest;
use serde_json::Value;

use crate::{
    disclosure::finish,
    office::{ADMIN, AUDITOR, BOUNMY, KHAM, NOY, Office, collect_files, outcome, passphrase, string, text},
    people::finding,
    revocation::Server,
};

pub const PHET: &str = "Phet Second";
/// A supervisor who is in the case too.
const VONE: &str = "Vone Supervisor";
const NAME: &str = "plantedpersona-kvlqz";
const ABOUT: &str = "plantedaccount-wqpzd sells tea";
pub const COOKIE: &str = "plantedsession-77aa41bc";
pub const FRESH: &str = "plantedfresh-90cd11ee";
const LOGIN: &str = "plantedlogin-q8r7s6";
const LONG: Duration = Duration::from_secs(60);

/// A working office with a second investigator and a second supervisor in the case, and an authority of the case.
pub struct Unit {
    pub office: Office,
    pub authority: String,
}

fn unit() -> Unit {
    let mut office = Office::working();
    for (name, role) in [(PHET, "investigator"), (VONE, "supervisor")] {
        office.done(ADMIN, &["user", "add", name, "--role", role]);
        office.log_in(name, &passphrase(name));
        office.does(NOY, "case member add", &[name]);
    }
    let authority = office.case_authority(&["collect", "view", "report", "package"]);
    Unit { office, authority }
}

impl Unit {
    fn register(&self) -> Value {
        self.office.does(NOY, "persona register", &[NAME, "--authority", &self.authority, "--about", ABOUT, "--source", "open"])
    }

    /// Registered by Noy, authorised by Kham for Noy and Phet.
    pub fn authorised() -> Unit {
        let unit = unit();
        assert_eq!(unit.register()["persona"], "N-0001");
        unit.office.does(KHAM, "persona authorise", &["N-0001", "--officer", NOY, "--officer", PHET]);
        unit
    }

    /// The same, with a cookie for a host in its vault, and in Noy's hands.
    pub fn out(host: &str) -> Unit {
        let unit = Unit::authorised();
        unit.add_cookie("N-0001", host, &format!("lang=en; sid={COOKIE}"));
        unit.office.does(NOY, "persona check-out", &["N-0001"]);
        unit
    }

    fn add_cookie(&self, persona: &str, host: &str, value: &str) -> Value {
        let file = self.office.file("cookie", value);
        let added = self.office.does(NOY, "persona secret add", &[persona, "--cookie", &file, "--host", host]);
        fs::remove_file(file).unwrap();
        added
    }
}

/// A server that keeps each request and answers with a page that sets a cookie and repeats the session.
fn market() -> (Server, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let keep = heard.clone();
    let server = Server::hearing(move |request, stream: &mut TcpStream| {
        keep.lock().unwrap().push(request.to_string());
        let page = format!("<a href=\"/?sid={COOKIE}\">SYNTHETIC market</a> {FRESH}");
        let head = format!("HTTP/1.1 200 OK\r\nSet-Cookie: cart={FRESH}; Path=/\r\nContent-Length: {}\r\n\r\n{page}", page.len());
        stream.write_all(head.as_bytes())
    });
    (server, heard)
}

fn contains(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word.as_bytes()))
}

/// No file of this folder holds one of these words, as text, in hexadecimal digits or in UTF-16.
pub fn holds_none(folder: &Path, words: &[&str]) -> usize {
    let mut files = Vec::new();
    collect_files(folder, &mut files);
    for file in &files {
        let bytes = fs::read(file).unwrap();
        for word in words {
            let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let found = contains(&bytes, word) || contains(&bytes, &hex(word)) || bytes.windows(wide.len()).any(|w| w == wide);
            assert!(!found, "{word} stands in {}", file.display());
        }
    }
    files.len()
}

fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn law_01_nobody_uses_a_persona_before_another_person_a_supervisor_said_so() {
    let unit = unit();
    let (office, out) = (&unit.office, ["N-0001"]);
    assert_eq!(unit.register()["state"], "registered");
    office.in_case(NOY, "persona check-out", &out).by_law(1).tells("no supervisor has authorised it");
    let word = ["N-0001", "--officer", NOY];
    office.in_case(NOY, "persona authorise", &word).by_law(1).tells("only a supervisor");
    office.in_case(KHAM, "persona authorise", &["N-0001", "--officer", KHAM]).by_law(1).tells("for himself");
    assert_eq!(office.does(KHAM, "persona authorise", &word)["authorised_by"], KHAM);
    office.in_case(PHET, "persona check-out", &out).ended(2).tells("no persona");
    assert!(office.in_case(PHET, "persona list", &[]).ended(0).out.is_empty());
    assert_eq!(office.does(NOY, "persona check-out", &out)["holder"], NOY);
    office.does(NOY, "persona return", &out);

    // A supervisor who registers one does not authorise it.
    office.does(VONE, "persona register", &["second one", "--authority", &unit.authority, "--source", "open"]);
    office.in_case(VONE, "persona authorise", &["N-0002", "--officer", PHET]).by_law(1).tells("does not authorise it");
    office.does(KHAM, "persona authorise", &["second one", "--officer", PHET]);
    office.sound_log();
}

#[test]
fn law_01_a_persona_is_used_by_one_officer_under_its_own_authority_only() {
    let unit = Unit::authorised();
    let office = &unit.office;
    let (server, heard) = market();
    let capture = [server.url.as_str(), "--persona", "N-0001"];
    office.in_case(NOY, "capture", &capture).by_law(1).tells("check-out");
    // Both reach for it at once: one has it.
    let reach = |who| office.command(who, &["persona", "check-out", "--case", &office.case, "N-0001"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let both = [reach(NOY), reach(PHET)].map(|child| outcome(child, LONG));
    assert_eq!(both.iter().filter(|said| said.code == 0).count(), 1, "{both:?}");
    let first = if both[0].code == 0 { NOY } else { PHET };
    office.does(first, "persona return", &["N-0001"]);
    office.does(PHET, "persona check-out", &["N-0001"]);
    office.in_case(NOY, "persona check-out", &["N-0001"]).by_law(1).tells("another officer has it");
    office.in_case(NOY, "capture", &capture).by_law(1).tells("another officer has it");
    office.in_case(NOY, "persona return", &["N-0001"]).by_law(1);
    office.in_case(NOY, "persona secret show", &["N-0001"]).by_law(1);
    assert!(heard.lock().unwrap().is_empty());
    assert_eq!(office.does(PHET, "capture", &capture)["exhibit"]["exhibit"], "E-0001");
    assert_eq!(office.does(KHAM, "persona return", &["N-0001"])["state"], "returned");

    // The unit's standing authorisation would cover the host; the persona serves its own authority only.
    office.does(NOY, "persona check-out", &["N-0001"]);
    office.does(NOY, "capture", &[&server.url]);
    office.does(KHAM, "authority revoke", &[&unit.authority, "--reason", "a drill"]);
    office.does(NOY, "capture", &[&server.url]);
    let visits = heard.lock().unwrap().len();
    office.in_case(NOY, "capture", &capture).by_law(1);
    office.in_case(NOY, "persona check-out", &["N-0001"]).by_law(1).tells("revoked");
    assert_eq!(heard.lock().unwrap().len(), visits);
    // An authority that lets nobody collect there carries no persona, and one of the unit neither.
    let narrow = office.case_authority(&["view"]);
    office.in_case(NOY, "persona register", &["third", "--authority", &narrow, "--source", "open"]).by_law(1);
    office.in_case(NOY, "persona register", &["third", "--authority", &unit.authority, "--source", "darknet"]).by_law(1);
    office.sound_log();
}

#[test]
fn law_15_a_revoked_authority_takes_its_personas_back_in_the_same_step() {
    let unit = Unit::out("127.0.0.1");
    let office = &unit.office;
    assert_eq!(office.does(KHAM, "persona show", &["N-0001"])["state"], "checked-out");
    office.does(KHAM, "authority revoke", &[&unit.authority, "--reason", "a drill"]);
    let shown = office.does(KHAM, "persona show", &["N-0001"]);
    assert_eq!((&shown["state"], &shown["holder"], &shown["authority_state"]), (&"returned".into(), &Value::Null, &"revoked".into()));
    // A new authority does not give it back to who had it: a supervisor says so anew, and he takes it anew.
    let next = office.case_authority(&["collect", "view"]);
    office.in_case(NOY, "persona check-out", &["N-0001"]).by_law(1);
    let shown = office.does(KHAM, "persona authorise", &["N-0001", "--officer", NOY, "--authority", &next]);
    assert_eq!((&shown["state"], &shown["holder"]), (&"authorised".into(), &Value::Null));
    office.does(NOY, "persona check-out", &["N-0001"]);
    office.sound_log();
}

#[test]
fn law_01_a_burned_persona_comes_back_to_nobody() {
    let unit = Unit::authorised();
    let office = &unit.office;
    let (server, heard) = market();
    let label = string(&office.does(NOY, "persona check-out", &["N-0001"])["label"]);
    assert_eq!(office.does(PHET, "persona burn", &["N-0001", "--reason", "a buyer asked for his badge"])["state"], "burned");
    for (who, verb, rest) in [
        (NOY, "persona check-out", vec!["N-0001"]),
        (PHET, "persona check-out", vec!["N-0001"]),
        (KHAM, "persona authorise", vec!["N-0001", "--officer", NOY]),
        (KHAM, "persona deregister", vec!["N-0001", "--reason", "x"]),
        (NOY, "persona burn", vec!["N-0001", "--reason", "x"]),
        (NOY, "capture", vec![&server.url, "--persona", "N-0001"]),
    ] {
        office.in_case(who, verb, &rest).by_law(1).tells("burned");
    }
    let file = office.file("cookie", "a=b");
    office.in_case(NOY, "persona secret add", &["N-0001", "--cookie", &file, "--host", "127.0.0.1"]).by_law(1);
    assert!(heard.lock().unwrap().is_empty());
    assert_ne!(string(&office.does(NOY, "persona register", &["another", "--authority", &unit.authority, "--source", "open"])["label"]), label);
    office.sound_log();
}

#[test]
fn law_13_who_leaves_the_case_leaves_his_personas() {
    let unit = Unit::out("127.0.0.1");
    let office = &unit.office;
    office.does(KHAM, "case member remove", &[NOY]);
    let shown = office.does(KHAM, "persona show", &["N-0001"]);
    assert_eq!((&shown["state"], &shown["holder"], &shown["officers"]), (&"returned".into(), &Value::Null, &serde_json::json!([PHET])));
    office.does(PHET, "persona check-out", &["N-0001"]);
    // When he comes back, a supervisor decides anew.
    office.does(KHAM, "case member add", &[NOY]);
    office.does(PHET, "persona return", &["N-0001"]);
    office.in_case(NOY, "persona check-out", &["N-0001"]).by_law(1).tells("not authorised for you");

    // Who leaves the agency, too: the case gets a new key, and his persona comes back.
    office.does(PHET, "persona check-out", &["N-0001"]);
    for name in [PHET, VONE] {
        office.done(ADMIN, &["user", "revoke", name, "--reason", "left"]);
    }
    office.does(KHAM, "key rotate", &["--reason", "two left"]);
    let shown = office.does(KHAM, "persona show", &["N-0001"]);
    assert_eq!((&shown["state"], &shown["officers"]), (&"returned".into(), &serde_json::json!([])));
    office.sound_log();
}

#[test]
fn law_13_who_held_a_personas_key_opens_nothing_that_comes_later() {
    let unit = Unit::out("127.0.0.1");
    let office = &unit.office;
    let (server, heard) = market();
    office.does(NOY, "capture", &[&server.url, "--persona", "N-0001"]);
    let first = office.does(NOY, "persona return", &["N-0001"])["key"].clone();
    // The same people, the same key.
    assert_eq!(office.does(KHAM, "persona authorise", &["N-0001", "--officer", NOY, "--officer", PHET])["key"], first);
    let second = office.does(KHAM, "persona authorise", &["N-0001", "--officer", NOY])["key"].clone();
    assert_ne!(second, first, "Phet knew the first");
    // What came before opens still: the jar goes on, and old captures can be proved.
    office.does(NOY, "persona check-out", &["N-0001"]);
    office.does(NOY, "capture", &[&server.url, "--persona", "N-0001"]);
    assert!(heard.lock().unwrap()[1].contains(&format!("sid={COOKIE}; cart={FRESH}")));
    assert!(office.in_case(NOY, "persona secret show", &["N-0001"]).ended(0).out.contains(COOKIE));
    office.does(KHAM, "case declare", &["court-process", "--reason", "indicted"]);
    for exhibit in ["E-0001", "E-0002"] {
        office.does(KHAM, "persona reveal", &[exhibit, "--reason", "x", "--out", &text(&office.place(exhibit))]);
    }
    // Who leaves the case knew the second one.
    office.does(KHAM, "case member remove", &[NOY]);
    let third = office.does(KHAM, "persona authorise", &["N-0001", "--officer", PHET])["key"].clone();
    assert!(third != second && third != first);
    // A supervisor who comes later reads it once somebody who holds the key has taken a step with it.
    office.does(PHET, "persona check-out", &["N-0001"]);
    assert!(office.in_case(PHET, "persona secret show", &["N-0001"]).ended(0).out.contains(COOKIE));
    office.sound_log();
}

#[test]
fn law_13_a_persona_is_seen_by_its_own_people_only() {
    let unit = unit();
    let office = &unit.office;
    unit.register();
    let seen = |who: &str| office.in_case(who, "persona list", &[]).ended(0).lines();
    // Who registered it knows that it is there; its name is open to who holds its key.
    assert_eq!((seen(NOY).len(), &seen(NOY)[0]["name"]), (1, &Value::Null));
    assert_eq!((&seen(KHAM)[0]["name"], &seen(VONE)[0]["about"]), (&NAME.into(), &ABOUT.into()));
    assert!(seen(PHET).is_empty());
    for (verb, rest) in [("persona show", vec![]), ("persona history", vec![]), ("persona burn", vec!["--reason", "x"]), ("persona secret show", vec![])] {
        office.in_case(PHET, verb, &[&["N-0001"], &rest[..]].concat()).ended(2).tells("there is no persona");
    }
    office.does(KHAM, "persona authorise", &["N-0001", "--officer", PHET]);
    assert_eq!((&seen(PHET)[0]["name"], &seen(NOY)[0]["name"]), (&NAME.into(), &Value::Null));
    // A supervisor who joins later reads it when one who can says again for whom it is.
    office.does(KHAM, "persona authorise", &[NAME, "--officer", NOY]);
    assert!(seen(PHET).is_empty());
    office.sound_log();
}

#[test]
fn law_15_burning_stops_a_capture_that_runs_under_it() {
    let unit = Unit::authorised();
    let office = &unit.office;
    office.does(NOY, "persona check-out", &["N-0001"]);
    let server = Server::dripping();
    let mut capture = office.command(NOY, &["capture", "--case", &office.case, &server.url, "--persona", "N-0001"]);
    let running = capture.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    server.wait_for_a_visitor();
    std::thread::sleep(Duration::from_secs(1));
    office.does(PHET, "persona burn", &["N-0001", "--reason", "seen"]);
    let burned = Instant::now();
    let said = outcome(running, LONG).ended(1).tells("law 15").tells("burned");
    assert!(burned.elapsed() < Duration::from_secs(30), "it went on for {:?}", burned.elapsed());
    assert_eq!(said.lines()[0]["record"]["fetches"][0]["outcome"], "partial");
    office.sound_log();
}

#[test]
fn law_13_no_secret_of_a_persona_stands_in_the_home_nor_in_the_package() {
    let unit = Unit::out("127.0.0.1");
    let office = &unit.office;
    let login = office.file("login", LOGIN);
    office.does(NOY, "persona secret add", &["N-0001", "--login", &login]);
    fs::remove_file(login).unwrap();
    let (server, heard) = market();
    let view = office.in_case(NOY, "capture", &[&server.url, "--persona", NAME, "--description", "SYNTHETIC offer"]).ended(0);
    office.does(NOY, "capture", &[&server.url, "--persona", "N-0001"]);
    {
        let heard = heard.lock().unwrap();
        assert!(heard[0].contains(&format!("Cookie: lang=en; sid={COOKIE}\r\n")), "{}", heard[0]);
        assert!(heard[1].contains(&format!("sid={COOKIE}; cart={FRESH}\r\n")), "the jar goes on: {}", heard[1]);
    }
    let secrets = [COOKIE, FRESH, LOGIN, NAME, "plantedaccount-wqpzd"];
    assert!(secrets.iter().all(|word| !view.out.contains(word)), "{}", view.out);

    let typed = format!("{}?sid={COOKIE}", server.url);
    let said = office.in_case(NOY, "capture", &[&typed, "--persona", "N-0001"]).ended(2).tells("write the address without it");
    assert!(!said.err.contains(COOKIE) && !said.out.contains(COOKIE), "{said:?}");

    // Lists, papers, packages, anchors and the view of the bytes.
    office.does(NOY, "examine", &["E-0001"]);
    office.does(NOY, "finding add", &finding("The page offers tea.", "E-0001"));
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    let package = office.place("package");
    let built = office.does(NOY, "package seal", &["--officer", NOY, "--out", &text(&package)]);
    finish(office, &string(&built["package"]), &[NOY]);
    let seen = office.place("seen.warc");
    office.does(NOY, "exhibit view", &["E-0001", "--purpose", "reading", "--out", &text(&seen)]);
    let bytes = fs::read(&seen).unwrap();
    assert!(contains(&bytes, "Cookie: withheld; sha256=") && contains(&bytes, "SYNTHETIC market"));
    assert!(secrets.iter().all(|word| !contains(&bytes, word)), "{}", String::from_utf8_lossy(&bytes));
    assert!(holds_none(&package, &secrets) > 10);
    assert!(holds_none(&office.home, &secrets) > 10);
    let custody = fs::read_to_string(package.join("data/custody/log.jsonl")).unwrap();
    assert!(custody.contains("capture-ended") && custody.contains("\"withheld\""), "{custody}");
    assert!(built["limits"].as_array().unwrap().iter().any(|limit| string(limit) == "E-0001 was captured with a session: its cookies are withheld, each behind a commitment in the capture record; in 2 places a row of stars covers what the server sent, so its bytes are not those of the page there, and a list of known hashes cannot hold them; `lanternfish persona reveal` opens them for a court"), "{built}");
    let of_personas = custody.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|line| string(&line["leaf"]).contains("persona-"));
    assert!(of_personas.into_iter().all(|line| line["detail"].is_null() && line["salt"].is_null()), "{custody}");

    // Others see nothing of it.
    for who in [BOUNMY, AUDITOR, ADMIN] {
        let said = office.in_case(who, "persona list", &[]);
        assert!(said.code != 0 || said.out.is_empty(), "{said:?}");
    }
    let listed = office.in_case(KHAM, "persona list", &[]).ended(0);
    assert!(listed.out.contains(NAME) && !listed.out.contains(COOKIE) && !listed.out.contains(LOGIN), "{}", listed.out);
    for who in [KHAM, PHET] {
        office.in_case(who, "persona secret show", &["N-0001"]).by_law(1);
    }
    let shown = office.in_case(NOY, "persona secret show", &["N-0001"]).ended(0);
    assert!(shown.out.contains(COOKIE) && shown.out.contains(LOGIN), "{}", shown.out);
    office.sound_log();
}

#[test]
fn law_05_a_supervisor_reveals_for_a_court_what_proves_the_bytes_as_they_came() {
    let unit = Unit::out("127.0.0.1");
    let office = &unit.office;
    let (server, _) = market();
    let view = office.does(NOY, "capture", &[&server.url, "--persona", "N-0001"]);
    let fetch = &view["record"]["fetches"][0];
    let out = office.place("revealed.json");
    let reveal = ["E-0001", "--reason", "order of the court", "--out", &text(&out)];
    office.in_case(KHAM, "persona reveal", &reveal).by_law(1).tells("disclose");
    office.does(KHAM, "case declare", &["court-process", "--reason", "indicted"]);
    office.in_case(NOY, "persona reveal", &reveal).by_law(1).tells("only a supervisor");
    office.in_case(PHET, "persona reveal", &reveal).by_law(1);
    assert!(!out.exists());
    office.does(KHAM, "persona reveal", &reveal);
    assert_eq!(office.last_events(1), ["persona-revealed"]);

    let revealed: Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    let items = revealed["items"].as_array().unwrap();
    let of = |field: &str| items.iter().find(|item| item["field"] == field).unwrap_or_else(|| panic!("{field}: {revealed}"));
    assert_eq!((&of("cookie")["text"], &of("set-cookie")["text"]), (&format!("lang=en; sid={COOKIE}").into(), &format!("cart={FRESH}; Path=/").into()));
    // Each salt and value give the commitment of the record, by the hand of a stranger.
    let withheld = fetch["withheld"].as_array().unwrap();
    assert!(withheld.len() >= 3, "{fetch}");
    let bytes = |digits: &Value| (0..string(digits).len() / 2).map(|n| u8::from_str_radix(&string(digits)[2 * n..2 * n + 2], 16).unwrap()).collect::<Vec<u8>>();
    for said in withheld {
        let item = items.iter().find(|item| item["commitment"] == said["commitment"]).expect("each value is there");
        assert_eq!(Sha256Digest::of(&[bytes(&item["salt"]), bytes(&item["value"])].concat()).hex(), string(&said["commitment"]));
        assert_eq!(said["length"], bytes(&item["value"]).len());
    }
    assert_eq!(of("as-received")["commitment"], fetch["as_received"]);
    let page = format!("<a href=\"/?sid={COOKIE}\">SYNTHETIC market</a> {FRESH}");
    let came = format!("HTTP/1.1 200 OK\r\nSet-Cookie: cart={FRESH}; Path=/\r\nContent-Length: {}\r\n\r\n{page}", page.len());
    assert_eq!(string(&of("as-received")["value"]), Sha256Digest::of(came.as_bytes()).hex());

    // A stranger rebuilds the response from the exhibit's bytes and this file alone.
    let seen = office.place("seen.warc");
    office.does(NOY, "exhibit view", &["E-0001", "--purpose", "reading", "--out", &text(&seen)]);
    let record = string(&fetch["response_record"]);
    let mut block = block_of(&fs::read(&seen).unwrap(), &record);
    let mut pieces: Vec<(bool, usize, usize, Vec<u8>)> = Vec::new();
    for item in items.iter().filter(|item| item["record"] == record && item["at"].is_array()) {
        let (value, stands) = (bytes(&item["value"]), usize::try_from(item["stands"].as_u64().unwrap()).unwrap());
        let at = item["at"].as_array().unwrap().iter().map(|at| usize::try_from(at.as_u64().unwrap()).unwrap());
        pieces.extend(at.map(|at| (stands != value.len(), at, stands, value.clone())));
    }
    pieces.sort_by_key(|(other, at, ..)| (*other, std::cmp::Reverse(*at)));
    for (_, at, stands, value) in pieces {
        block.splice(at..at + stands, value);
    }
    assert_eq!(String::from_utf8(block).unwrap(), came);
    office.sound_log();
}

#[test]
fn what_makes_a_persona_easy_to_recognise_is_said_and_kept() {
    let unit = Unit::out("127.0.0.1");
    let office = &unit.office;
    let register = ["persona", "register", "--case", &office.case, "another", "--authority", &unit.authority, "--about", ABOUT, "--source", "open"];
    let said = office.says(NOY, &register).ended(0).tells("ATTENTION: N-0001 has the same words");
    assert!(string(&said.line()["warnings"][0]).contains("N-0001"));
    let added = unit.add_cookie("N-0002", "127.0.0.1", &format!("token={COOKIE}"));
    assert!(added["warnings"].as_array().unwrap().iter().any(|warning| string(warning).contains("same secret")), "{added}");
    assert_eq!(office.does(KHAM, "persona show", &["N-0002"])["warnings"].as_array().unwrap().len(), 2);

    // The same host in another case of the same officer.
    let (server, _) = market();
    let first = office.case.clone();
    let other = office.open_case(NOY, &[KHAM]);
    office.done(NOY, &["capture", "--case", &other, &server.url]);
    let said = office.says(NOY, &["capture", "--case", &first, &server.url, "--persona", "N-0001"]).ended(0);
    said.tells("is visited in your case").tells(&other);
    let kept = office.does(KHAM, "persona show", &["N-0001"]);
    assert!(string(&kept["warnings"][0]).contains(&other), "{kept}");
    office.sound_log();
}

#[test]
fn law_02_every_step_with_a_persona_is_an_event_and_no_leaf_names_it() {
    let unit = Unit::authorised();
    let office = &unit.office;
    let seen = |kind: &str| assert_eq!(office.last_events(1), [kind]);
    office.does(NOY, "persona check-out", &["N-0001"]);
    seen("persona-checked-out");
    office.does(NOY, "persona return", &["N-0001"]);
    seen("persona-returned");
    office.does(KHAM, "persona list", &[]);
    seen("persona-consulted");
    office.does(KHAM, "persona history", &["N-0001"]);
    seen("persona-consulted");
    office.does(KHAM, "persona deregister", &["N-0001", "--reason", "the case is over"]);
    seen("persona-deregistered");
    office.in_case(NOY, "persona check-out", &["N-0001"]).by_law(1).tells("deregistered");
    seen("step-refused");
    let log = office.says(AUDITOR, &["log", "show", "--from", "0", "--limit", "1000"]).ended(0);
    assert!(log.out.contains("persona-registered") && !log.out.contains(NAME) && !log.out.contains("N-0001"), "{}", log.out);
    let lines = office.in_case(KHAM, "persona history", &["N-0001"]).ended(0).lines();
    let what: Vec<String> = lines.iter().map(|line| string(&line["what"])).collect();
    assert_eq!(what[..4], ["persona-registered", "persona-authorised", "persona-checked-out", "persona-returned"]);
}

#[test]
fn law_07_an_accident_locks_the_item_away_stops_its_host_and_waits_for_a_supervisor() {
    let unit = unit();
    let office = &unit.office;
    let (server, heard) = market();
    office.does(NOY, "capture", &[&server.url]);
    let dripping = Server::dripping();
    let mut capture = office.command(NOY, &["capture", "--case", &office.case, &dripping.url]);
    let running = capture.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    dripping.wait_for_a_visitor();
    std::thread::sleep(Duration::from_secs(1));

    let said = office.in_case(NOY, "exhibit accident", &["E-0001", "--reason", "I opened the page"]).ended(0);
    said.clone().tells("Do not open it again").tells("Do not copy it").tells("Tell your supervisor").tells("Take a break");
    assert_eq!((&said.line()["locked"], &said.line()["state"]), (&true.into(), &"open".into()));
    // Both servers are one host, 127.0.0.1: what runs from there stops.
    outcome(running, LONG).ended(1).tells("came upon what nobody may have");
    let visits = heard.lock().unwrap().len();
    office.in_case(PHET, "capture", &[&server.url]).by_law(7).tells("accident acknowledge");
    assert_eq!(heard.lock().unwrap().len(), visits);
    let out = text(&office.place("seen"));
    office.in_case(NOY, "exhibit view", &["E-0001", "--purpose", "x", "--out", &out]).by_law(7);
    office.in_case(KHAM, "exhibit list", &[]).ended(0).tells(&format!("E-0001 in {}", office.case)).tells("it waits for a supervisor");
    office.says(KHAM, &["case", "list"]).ended(0).tells("E-0001 in ");
    assert!(!office.says(NOY, &["case", "list"]).ended(0).err.contains("ATTENTION"));

    let note = ["E-0001", "--note", "spoke with her; reported to the prosecutor"];
    office.in_case(NOY, "accident acknowledge", &note).by_law(7);
    assert_eq!(office.does(KHAM, "accident acknowledge", &note)["acknowledged"][0], KHAM);
    office.in_case(KHAM, "accident acknowledge", &note).ended(2);
    assert!(!office.in_case(KHAM, "exhibit list", &[]).ended(0).err.contains("waits"));
    office.does(PHET, "capture", &[&server.url]);
    let listed = office.in_case(KHAM, "accident list", &[]).ended(0).lines();
    assert_eq!((listed.len(), &listed[0]["by"], &listed[0]["state"]), (1, &NOY.into(), &"acknowledged".into()));
    office.in_case(NOY, "exhibit view", &["E-0001", "--purpose", "x", "--out", &out]).by_law(7);
    // What may be privileged stays with the filter team; it waits for a supervisor all the same.
    let letter = office.file("letter.txt", "SYNTHETIC letter");
    let letter = string(&office.does(NOY, "exhibit admit", &[&letter, "--class", "privileged", "--description", "a letter"])["exhibit"]);
    assert_eq!(office.does(NOY, "exhibit accident", &[&letter, "--reason", "it came with the post"])["locked"], false);
    assert_eq!(office.exhibits().last().unwrap()["class"], "privileged");
    // Who declares one does not take it over himself.
    office.does(KHAM, "exhibit accident", &["E-0003", "--reason", "in the list"]);
    office.in_case(KHAM, "accident acknowledge", &["E-0003", "--note", "x"]).by_law(7);
    office.sound_log();
}

#[test]
fn law_01_a_contact_is_written_down_under_an_order_that_allows_it() {
    let unit = unit();
    let office = &unit.office;
    let parcel = string(&office.does(NOY, "exhibit admit", &["--physical", "--description", "a parcel", "--seal-number", "S-1", "--condition", "sealed"])["exhibit"]);
    let today = model::Moment::from_micros(i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros()).unwrap()).to_string()[..10].to_string();
    let at = format!("{today} 00:00");
    fn typed<'a>(authority: &'a str, at: &'a str, target: &'a [&'a str], parcel: &'a str) -> Vec<&'a str> {
        let mut words = vec!["--authority", authority, "--kind", "purchase", "--at", at, "--zone", "UTC", "--with", "vendor tea-house", "--means", "unit telephone"];
        words.extend(["--outcome", "one parcel came", "--paid", "12.50 EUR", "--source", "open", "--exhibit", parcel]);
        words.extend(target);
        words
    }
    let house = office.case_authority(&["contact", "admit"]);
    office.in_case(NOY, "contact record", &typed(&house, &at, &["--target", "tea-house"], &parcel)).by_law(1).tells("only a court's order or a prosecutor's");

    let (scan, order) = (office.file("scan.pdf", "scan"), office.file("order.txt", "One purchase."));
    let mut words = office.authority_words("court-order", &["contact"]);
    words.extend(["--from", &today, "--until", &today, "--case", &office.case, "--selector", "tea-house", "--scan", &scan, "--transcription", &order]);
    let court = string(&office.done(NOY, &words)["authority"]);
    office.in_case(NOY, "contact record", &typed(&court, &at, &["--target", "tea-house"], &parcel)).by_law(1).tells("nobody has checked it");
    office.does(KHAM, "authority check", &[&court]);
    office.in_case(NOY, "contact record", &typed(&court, &at, &["--target", "another"], &parcel)).by_law(1);
    office.in_case(NOY, "contact record", &typed(&court, &at, &[], &parcel)).by_law(1).tells("name one of them");
    office.in_case(NOY, "contact record", &typed(&court, "2020-01-01 10:00", &["--target", "tea-house"], &parcel)).by_law(1).tells("outside the time");
    office.in_case(BOUNMY, "contact record", &typed(&court, &at, &["--target", "tea-house"], &parcel)).by_law(1);
    office.in_case(NOY, "contact record", &[&typed(&court, &at, &["--target", "tea-house"], &parcel)[..], &["--exhibit", "E-0099"]].concat()).ended(2);

    let made = office.does(NOY, "contact record", &typed(&court, &at, &["--target", "tea-house"], &parcel));
    assert_eq!((&made["contact"], &made["exhibit"], &made["paid"], &made["by"]), (&"C-0001".into(), &"E-0002".into(), &"12.50 EUR".into(), &NOY.into()));
    let exhibit = &office.exhibits()[1];
    assert!(string(&exhibit["description"]).contains("controlled purchase: vendor tea-house"), "{exhibit}");
    let photo = office.admit("photo.txt", "SYNTHETIC photograph");
    assert_eq!(office.does(NOY, "contact link", &["C-0001", "--exhibit", &photo])["exhibits"], serde_json::json!([parcel, photo]));
    assert_eq!(office.in_case(KHAM, "contact list", &[]).ended(0).lines().len(), 1);
    office.sound_log();
}

/// The block of a WARC record, as it stands in the file.
fn block_of(warc: &[u8], id: &str) -> Vec<u8> {
    let find = |text: &[u8], word: &[u8]| text.windows(word.len()).position(|w| w == word).unwrap();
    let record = &warc[find(warc, format!("WARC-Record-ID: {id}").as_bytes())..];
    let head = find(record, b"\r\n\r\n");
    let length = String::from_utf8_lossy(&record[..head]).lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse::<usize>().ok()).unwrap();
    record[head + 4..head + 4 + length].to_vec()
}

/// A request head as text.
pub fn request_of(stream: &TcpStream) -> std::io::Result<String> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut text = String::new();
    while reader.read_line(&mut text)? > 2 {}
    Ok(text)
}

#[test]
fn law_05_media_are_not_captured_with_a_session_that_leaves_holes_in_them() {
    let (server, heard) = market();
    let unit = Unit::out("127.0.0.1");
    let office = &unit.office;
    office.in_case(NOY, "capture", &[&server.url, "--persona", "N-0001", "--media", "any"]).ended(2).tells("cannot be compared with lists of known hashes");
    assert!(heard.lock().unwrap().is_empty());
    assert_eq!(office.last_events(1), ["persona-checked-out"], "nothing of the persona was opened since");
}

#[test]
fn a_persona_is_named_by_its_number_first_and_never_by_a_name_that_two_have() {
    let unit = unit();
    let office = &unit.office;
    let register = |name: &str| office.does(NOY, "persona register", &[name, "--authority", &unit.authority, "--source", "open"]);
    // The first one is called like the number of the second.
    register("N-0002");
    register("twin");
    register("twin");
    office.does(KHAM, "persona authorise", &["N-0002", "--officer", NOY]);
    let states: Vec<String> = office.in_case(KHAM, "persona list", &[]).ended(0).lines().iter().map(|line| string(&line["state"])).collect();
    assert_eq!(states, ["registered", "authorised", "registered"]);
    office.in_case(KHAM, "persona authorise", &["twin", "--officer", NOY]).ended(2).tells("N-0002 and N-0003");
    let file = office.file("cookie", "sid=0123456789abcdef");
    for host in ["http://127.0.0.1", "127.0.0.1:8080", "127.0.0.1/x", "a@b.example"] {
        office.in_case(NOY, "persona secret add", &["N-0003", "--cookie", &file, "--host", host]).ended(2).tells("is not a host");
    }
    office.does(NOY, "persona secret add", &["N-0003", "--cookie", &file, "--host", "Market.example"]);
    office.sound_log();
}

const ONION: &str = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion";

/// The stop holds for the service, not for one spelling of it, and for what was captured by hand.
#[test]
fn law_07_an_accident_with_what_was_captured_by_hand_stops_its_service() {
    let office = Office::working();
    let (server, heard) = market();
    let by_hand = |name: &str, address: &str| {
        let file = office.file(name, format!("SYNTHETIC {name}"));
        let words = [&file, "--device", "telephone 7", "--address", address, "--taken-at", "2026-01-05T10:00:00+07:00", "--method", "screenshot", "--description", "a screen"];
        string(&office.does(NOY, "exhibit admit", &words)["exhibit"])
    };
    let (onion, local, unknown) = (by_hand("one", &format!("{ONION}/x")), by_hand("two", &server.url), by_hand("three", "somewhere in a chat"));
    let said = office.in_case(NOY, "exhibit accident", &[&onion, "--reason", "seen"]).ended(0).tells("Captures from the same service in this case are stopped");
    assert_eq!(said.line()["hosts"], serde_json::json!([ONION]));
    // The log holds the entry before the lock: a desk that dies between leaves the stop.
    assert_eq!(office.last_events(2), ["accident-declared", "exhibit-reclassified"]);
    office.in_case(NOY, "capture", &[&format!("http://www.{ONION}/"), "--through", "tor"]).by_law(7).tells("accident acknowledge");
    office.does(NOY, "exhibit accident", &[&local, "--reason", "seen"]);
    office.in_case(NOY, "capture", &[&server.url]).by_law(7);
    assert!(heard.lock().unwrap().is_empty());
    let said = office.in_case(NOY, "exhibit accident", &[&unknown, "--reason", "seen"]).ended(0).tells("Captures are NOT stopped").tells("tell your supervisor from where");
    assert!(!said.err.contains("are stopped."), "{said:?}");
    office.sound_log();
}
