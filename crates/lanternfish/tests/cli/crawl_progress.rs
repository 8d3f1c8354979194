//! What an officer sees while one capture or crawl runs: bytes, pages, failures, in the running command and from
//! another session, and nothing else of the pages.

use std::{
    io::Write,
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    crawl::{QUICK, Site, html, links},
    office::{KHAM, NOY, Office, outcome},
};

const LONG: Duration = Duration::from_secs(90);

/// A site whose slow page comes until it is let go.
fn site() -> (Site, Arc<Mutex<bool>>) {
    let held = Arc::new(Mutex::new(true));
    let hold = Arc::clone(&held);
    let site = Site::new(move |path, stream| match path {
        "/" => html(stream, &links(&["/a", "/nothing", "/plantedslow-kq"])),
        "/a" => html(stream, "SYNTHETIC page"),
        "/nothing" => Ok(()),
        _ => {
            let (since, mut sent) = (Instant::now(), 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")?;
            while *hold.lock().unwrap() && since.elapsed() < LONG {
                stream.write_all(b"drip drop ")?;
                sent += 1;
                std::thread::sleep(Duration::from_millis(if sent < 100 { 1 } else { 50 }));
            }
            Ok(())
        }
    });
    (site, held)
}

/// Asks until the answer is as it should be.
fn seen(office: &Office, who: &str, rest: &[&str], enough: impl Fn(&Value) -> bool) -> Value {
    let since = Instant::now();
    loop {
        let lines = office.in_case(who, "collect status", rest).ended(0).lines();
        if let Some(line) = lines.iter().find(|line| enough(line)) {
            return line.clone();
        }
        assert!(since.elapsed() < LONG, "{lines:#?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_running_crawl_says_how_far_it_is_here_and_in_another_session() {
    let office = Office::working();
    let (site, held) = site();
    let start = site.url("/");
    let words = [&["collect", "crawl", "--case", &office.case, &start, "--timeout-ms", "600000"][..], &QUICK].concat();
    let running = office.command(NOY, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let since = Instant::now();
    while site.asked().is_empty() {
        assert!(since.elapsed() < LONG, "nothing was asked for");
        std::thread::sleep(Duration::from_millis(20));
    }
    // A supervisor in another session.
    let view = seen(&office, KHAM, &["K-0001"], |view| view["now"]["bytes"].as_u64() > Some(1_000));
    let now = &view["now"];
    assert_eq!((&now["addresses"], &now["pages"], &now["failed"], &view["fetched"]), (&3.into(), &1.into(), &1.into(), &1.into()), "{view}");
    assert!(!now.to_string().contains("plantedslow"), "{view}");
    let later = seen(&office, NOY, &["K-0001"], |later| later["now"]["bytes"].as_u64() > now["bytes"].as_u64());
    assert_eq!(later["now"]["order"], now["order"], "it grows while one page comes: {later}");
    for file in std::fs::read_dir(office.home.join("spool").join(now["order"].as_str().unwrap())).unwrap().flatten() {
        if file.file_name() != "order.json" {
            assert!(!String::from_utf8_lossy(&std::fs::read(file.path()).unwrap()).contains("plantedslow"), "{:?} names an address", file.path());
        }
    }
    std::thread::sleep(Duration::from_secs(4));
    *held.lock().unwrap() = false;
    let said = outcome(running, LONG).ended(0);
    assert!(said.err.contains("now: 1 of 3 addresses, ") && said.err.contains(" bytes received, 1 failed"), "{}", said.err);
    let view = office.in_case(NOY, "collect status", &["K-0001"]).ended(0).line();
    assert!(view.get("now").is_none() && view["state"] == "done", "{view}");
    office.sound_log();
}

#[test]
fn a_running_capture_says_how_far_it_is_here_and_in_another_session() {
    let office = Office::working();
    let (site, held) = site();
    let urls = [site.url("/a"), site.url("/nothing"), site.url("/plantedslow-kq")];
    let words = ["capture", "--case", &office.case, "--timeout-ms", "600000", &urls[0], &urls[1], &urls[2]];
    let running = office.command(NOY, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let view = seen(&office, KHAM, &[], |line| line["capture"]["bytes"].as_u64() > Some(1_000));
    assert_eq!((&view["capture"]["addresses"], &view["capture"]["pages"], &view["capture"]["failed"]), (&3.into(), &1.into(), &1.into()), "{view}");
    assert!(!view.to_string().contains("plantedslow"), "{view}");
    std::thread::sleep(Duration::from_secs(4));
    *held.lock().unwrap() = false;
    let said = outcome(running, LONG).ended(0);
    assert!(said.err.contains("1 of 3 addresses, "), "{}", said.err);
    assert!(office.in_case(NOY, "collect status", &[]).ended(0).out.is_empty(), "nothing runs any more");
    office.sound_log();
}
