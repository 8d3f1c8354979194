//! The session of a persona: what is sent is what the order commits to, what is kept holds none of it, and what is
//! given back under the persona's key rebuilds the bytes as they came (laws 5 and 13).

use std::io::Write;
use std::sync::{Arc, Mutex};

use collect::withhold::{Carried, PLACEHOLDER, REPEATED, Secret, fuzz_withhold, read_secrets, rebuild};
use collect::{Collector, Running, Through};
use model::Sha256Digest;
use model::capture::{CaptureRecord, CarriedFor, Keeping, Order};
use proptest::prelude::*;

use crate::bench::{Bench, Server, complete, records};

const SECRET: &str = "opensesame-7f3a9c41d2";
const FRESH: &str = "newvalue-0b1e44aa93";

struct Persona {
    identity: age::x25519::Identity,
    carried: Vec<Carried>,
}

impl Persona {
    fn new() -> Persona {
        let carried = Carried { host: "127.0.0.1".into(), value: format!("lang=en; sid={SECRET}"), salt: hex::encode([5; 32]) };
        Persona { identity: age::x25519::Identity::generate(), carried: vec![carried] }
    }

    fn order(&self, bench: &Bench, urls: &[&str]) -> Order {
        let said = |one: &Carried| CarriedFor { host: one.host.clone(), commitment: one.commitment().unwrap() };
        let keeping = Keeping { recipient: self.identity.to_public().to_string(), carried: self.carried.iter().map(said).collect() };
        Order { keeping: Some(keeping), ..bench.order(urls) }
    }

    fn start(&self, bench: &Bench, order: &Order) -> Running {
        let through = Through { carried: self.carried.clone(), ..Through::default() };
        Collector::new(crate::bench::CHILD).start_through(&through, bench.path(), order, &bench.desk, bench.seed).unwrap()
    }

    fn run(&self, bench: &Bench, urls: &[&str]) -> (CaptureRecord, Vec<Secret>) {
        let mut running = self.start(bench, &self.order(bench, urls));
        let status = running.wait();
        assert_eq!(status.code(), Some(0), "{}", running.message());
        let record = bench.examine().unwrap();
        let sealed = collect::spool::sealed_withheld(bench.path(), &record).unwrap().expect("a persona's file");
        let secrets = read_secrets(&age::decrypt(&self.identity, &sealed).unwrap()).unwrap();
        (record, secrets)
    }
}

/// A server that keeps what it was asked and answers with these bytes.
fn listening(answer: &[u8]) -> (Server, Arc<Mutex<String>>) {
    let (heard, answer) = (Arc::new(Mutex::new(String::new())), answer.to_vec());
    let keep = heard.clone();
    let server = Server::new(move |request, stream| {
        *keep.lock().unwrap() = request.to_string();
        let _ = stream.write_all(&answer);
    });
    (server, heard)
}

fn answer() -> Vec<u8> {
    let body = format!("<a href=\"/next?sid={SECRET}\">next</a> <i>{FRESH}</i> end");
    format!(
        "HTTP/1.1 200 OK\r\nSet-Cookie: lang=en\r\nsEt-cOOkie:  fresh={FRESH}; Path=/; HttpOnly\r\nX-Echo: {SECRET}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// What was kept of a record, with the values put back.
fn rebuilt(kept: &[u8], record: &str, fetch: &model::capture::Fetch, secrets: &[Secret]) -> Vec<u8> {
    let values: Vec<(usize, usize, Vec<u8>)> = fetch
        .withheld
        .iter()
        .filter(|one| one.record == record)
        .flat_map(|one| {
            let secret = secrets.iter().find(|secret| secret.opens(&one.commitment)).expect("each value is given back");
            let value = hex::decode(&secret.value).unwrap();
            assert_eq!(value.len() as u64, one.length);
            let stands = if one.field == REPEATED { value.len() } else { PLACEHOLDER };
            one.at.iter().map(move |at| (usize::try_from(*at).unwrap(), stands, value.clone())).collect::<Vec<_>>()
        })
        .collect();
    rebuild(kept, values.iter().map(|(at, stands, value)| (*at, *stands, value.as_slice())).collect())
}

#[test]
fn law_13_a_personas_cookies_are_sent_and_stand_in_nothing_that_is_kept() {
    let (bench, persona) = (Bench::new(), Persona::new());
    let (server, heard) = listening(&answer());
    let (record, _) = persona.run(&bench, &[&server.url("/")]);
    assert_eq!(record.fetches[0].outcome, complete(200));
    assert!(heard.lock().unwrap().contains(&format!("Cookie: lang=en; sid={SECRET}\r\n")));

    let mut kept = vec![bench.warc()];
    kept.extend(std::fs::read_dir(bench.path()).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap()));
    for bytes in &kept {
        for word in [SECRET, FRESH] {
            assert!(!bytes.windows(word.len()).any(|w| w == word.as_bytes()), "{word} in {:?}", String::from_utf8_lossy(bytes));
        }
    }
    let warc = String::from_utf8(bench.warc()).unwrap();
    assert!(warc.contains("\r\nCookie: withheld; sha256="), "{warc}");
    assert!(warc.contains("\r\nSet-Cookie: withheld; sha256=") && warc.contains("sEt-cOOkie:  withheld; sha256="), "{warc}");
    assert!(warc.contains(&format!("X-Echo: {}\r\n", "*".repeat(SECRET.len()))), "{warc}");
    assert!(warc.contains("cookies are withheld"), "{warc}");
}

#[test]
fn law_05_the_bytes_as_they_came_are_rebuilt_from_what_is_kept_and_what_is_given_back() {
    let (bench, persona) = (Bench::new(), Persona::new());
    let (server, heard) = listening(&answer());
    let (record, secrets) = persona.run(&bench, &[&server.url("/")]);
    let fetch = &record.fetches[0];
    let written = records(&bench.warc());

    let id = fetch.response_record.clone().unwrap();
    let kept = bench.response(fetch);
    assert_eq!((fetch.response_bytes, fetch.response_digest), (kept.len() as u64, Some(Sha256Digest::of(&kept))));
    let came = rebuilt(&kept, &id, fetch, &secrets);
    assert_eq!(String::from_utf8_lossy(&came), String::from_utf8_lossy(&answer()));
    let as_received = secrets.iter().find(|one| one.field == "as-received" && one.record == id).unwrap();
    assert_eq!(as_received.value, Sha256Digest::of(&came).hex());
    assert!(as_received.opens(&fetch.as_received.unwrap()));

    // What the request holds opens what the order committed to.
    let sealed = fetch.withheld.iter().find(|one| one.field == "cookie").unwrap();
    assert_eq!(sealed.commitment, persona.carried[0].commitment().unwrap());
    let request = written.iter().find(|one| one.fields["WARC-Type"] == "request").unwrap();
    let sent = rebuilt(&request.block, &request.fields["WARC-Record-ID"], fetch, &secrets);
    assert_eq!(String::from_utf8_lossy(&sent), *heard.lock().unwrap());
    // Another value or salt opens nothing.
    let mut other = secrets[0].clone();
    other.value = hex::encode("sid=another");
    assert!(fetch.withheld.iter().all(|one| !other.opens(&one.commitment)));
    // The payload digest is that of what stands in the file, as other tools compute it.
    let at = kept.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let response = written.iter().find(|one| one.fields["WARC-Record-ID"] == id).unwrap();
    assert_eq!(response.fields["WARC-Payload-Digest"], collect::warc::digest_label(Sha256Digest::of(&kept[at..])));
}

#[test]
fn law_01_a_session_that_the_order_does_not_commit_to_is_not_sent() {
    let (server, _) = listening(&answer());
    let bench = Bench::new();
    let mut persona = Persona::new();
    let good = persona.order(&bench, &[&server.url("/")]);
    persona.carried[0].value = "sid=another-session".into();
    let mut running = persona.start(&bench, &good);
    assert_eq!(running.wait().code(), Some(1));
    assert!(running.message().contains("not the one that the order commits to"), "{}", running.message());

    let bench = Bench::new();
    let mut running = persona.start(&bench, &bench.order(&[&server.url("/")]));
    assert_eq!(running.wait().code(), Some(1), "a session without an order for one");
    assert_eq!(server.hits(), 0);
}

#[test]
fn law_01_a_record_that_gives_back_no_session_or_one_without_an_order_is_no_evidence() {
    let (bench, persona) = (Bench::new(), Persona::new());
    let (server, _) = listening(&answer());
    let order = persona.order(&bench, &[&server.url("/")]);
    let (record, _) = persona.run(&bench, &[&server.url("/")]);
    assert_eq!(collect::proves(&order, &record), Ok(()));
    let other_way = |order: &Order, record: &CaptureRecord| matches!(collect::proves(order, record), Err(collect::NotProved::OtherWay("session")));
    assert!(other_way(&order, &CaptureRecord { withheld: None, ..record.clone() }));
    assert!(other_way(&Order { keeping: None, ..order }, &record));
}

#[test]
fn law_05_what_is_given_back_is_what_the_record_signs() {
    let (bench, persona) = (Bench::new(), Persona::new());
    let (server, _) = listening(&answer());
    let (record, _) = persona.run(&bench, &[&server.url("/")]);
    let file = bench.path().join(collect::spool::WITHHELD);
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert!(matches!(collect::spool::sealed_withheld(bench.path(), &record), Err(collect::SpoolError::Mismatch)));
    std::fs::remove_file(&file).unwrap();
    assert!(collect::spool::sealed_withheld(bench.path(), &record).is_err());
}

#[test]
fn law_13_a_cookie_goes_to_its_own_host_only() {
    let (bench, persona) = (Bench::new(), Persona::new());
    let (server, heard) = listening(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let url = format!("http://other.localhost:{}/", server.address.port());
    let (record, secrets) = persona.run(&bench, &[&url]);
    assert_eq!(record.fetches[0].outcome, complete(200));
    assert!(!heard.lock().unwrap().contains("Cookie"), "{}", heard.lock().unwrap());
    assert!(record.fetches[0].withheld.is_empty());
    assert_eq!(secrets.len(), 1, "the digest as it came");
}

#[test]
fn without_a_persona_everything_is_kept_as_it_came() {
    let (bench, server) = (Bench::new(), Server::sending(&answer()));
    let record = bench.run_urls(&[&server.url("/")]);
    assert_eq!(bench.response(&record.fetches[0]), answer());
    assert!(record.withheld.is_none() && record.fetches[0].withheld.is_empty() && record.fetches[0].as_received.is_none());
}

/// A server must not choose by its cookies which words of its own page become stars.
#[test]
fn law_05_a_short_value_that_a_server_set_blanks_nothing_in_its_page() {
    let body = format!("contraband offered here; contraband sold; {SECRET}; {FRESH}");
    let head = format!("HTTP/1.1 200 OK\r\nSet-Cookie: a=contraband\r\nSet-Cookie: b={FRESH}\r\nX-Echo: contraband\r\nContent-Length: {}\r\n\r\n", body.len());
    let (bench, persona) = (Bench::new(), Persona::new());
    let (server, _) = listening(&[head.as_bytes(), body.as_bytes()].concat());
    let (record, secrets) = persona.run(&bench, &[&server.url("/")]);
    let fetch = &record.fetches[0];
    let kept = bench.response(fetch);
    let text = String::from_utf8(kept.clone()).unwrap();
    let (lead, page) = text.split_once("\r\n\r\n").unwrap();
    assert_eq!(page, format!("contraband offered here; contraband sold; {}; {}", "*".repeat(SECRET.len()), "*".repeat(FRESH.len())));
    assert!(!lead.contains("contraband"), "in the head it is covered: {lead}");
    assert_eq!(rebuilt(&kept, fetch.response_record.as_deref().unwrap(), fetch, &secrets), [head.as_bytes(), body.as_bytes()].concat());
}

/// Where no head is understood, nobody can tell where a server sets a cookie: no more is kept.
#[test]
fn law_13_a_response_without_a_head_that_is_understood_is_cut_before_a_cookie_passes() {
    let late = format!("Set-Cookie: late={FRESH}\r\nContent-Length: 2\r\n\r\nok");
    let long = format!("HTTP/1.1 200 OK\r\n{}{late}", "X-Filler: 0123456789abcdef0123456789abcdef\r\n".repeat(20_000));
    let flood = format!("{}HTTP/1.1 200 OK\r\n{late}", "HTTP/1.1 103 Early Hints\r\nX-Filler: 0123456789abcdef\r\n\r\n".repeat(20_000));
    for answer in [long, flood] {
        let (bench, persona) = (Bench::new(), Persona::new());
        let (server, _) = listening(answer.as_bytes());
        let (record, _) = persona.run(&bench, &[&server.url("/")]);
        assert_eq!(record.fetches[0].outcome, crate::bench::failed("malformed-response"));
        assert!(record.fetches[0].response_bytes < 600 << 10, "{}", record.fetches[0].response_bytes);
        assert!(!bench.warc().windows(FRESH.len()).any(|w| w == FRESH.as_bytes()));
    }
}

/// A value that lies across the end of what is recorded of a redirect is covered before it is cut.
#[test]
fn law_13_a_long_redirect_holds_no_part_of_the_session() {
    let place = format!("/{}{SECRET}/next", "x".repeat(4_096 - 9));
    let answer = format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n");
    let (bench, persona) = (Bench::new(), Persona::new());
    let (server, _) = listening(answer.as_bytes());
    let (record, _) = persona.run(&bench, &[&server.url("/")]);
    let told = record.fetches[0].redirect.clone().unwrap();
    assert_eq!(told, format!("/{}{}", "x".repeat(4_096 - 9), "*".repeat(8)));
}

#[test]
fn a_server_that_repeats_the_session_without_end_is_cut() {
    let body = format!("{SECRET} ").repeat(11_000);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let (bench, persona) = (Bench::new(), Persona::new());
    let (server, _) = listening(&[head.as_bytes(), body.as_bytes()].concat());
    let (record, _) = persona.run(&bench, &[&server.url("/")]);
    assert_eq!(record.fetches[0].outcome, crate::bench::partial(Some(200), "session-repeated"));
    assert!(!bench.warc().windows(SECRET.len()).any(|w| w == SECRET.as_bytes()));
}

#[test]
fn law_14_the_corpus_of_sessions_is_read_without_a_fall() {
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/withhold");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().collect();
    assert!(files.len() > 5);
    files.iter().for_each(|file| fuzz_withhold(&std::fs::read(file.path()).unwrap()));
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "HTTP/1.1 200 OK\r\n", "HTTP/1.1 103 Early Hints\r\n", "\r\n", "\n", "Set-Cookie: ", "set-cookie:", "SET-COOKIE2 : a=b", " folded", "0123456789abcdef",
        "01234567", "89abcdef", "ghijklmn", "sid=", "0", "89abcdefghijklm", "; ", "Content-Length: 4\r\n", "Transfer-Encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n", "withheld; sha256=", "withheld", "********", "x",
    ];
    proptest::collection::vec(proptest::sample::select(words.to_vec()), 0..30).prop_map(|words| words.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn law_14_any_answer_gives_no_session_away_and_is_rebuilt(bytes in pieces(), noise in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz_withhold(&bytes);
        fuzz_withhold(&noise);
        fuzz_withhold(&[bytes, noise].concat());
    }
}
