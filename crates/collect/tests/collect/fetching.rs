//! What a capture keeps: raw bytes as the server sent them, in a WARC file that others can read.

use std::io::Write;
use std::process::Command;
use std::thread;
use std::time::Duration;

use model::Sha256Digest;
use model::capture::FetchOutcome;

use crate::bench::{Bench, Server, closed_port, complete, failed, partial, records};

/// Captures what a server sends and compares verdict and raw bytes.
fn check(sent: &[u8], expected: FetchOutcome) {
    check_of(sent, expected, false);
}

fn check_of(sent: &[u8], expected: FetchOutcome, media: bool) {
    let (bench, server) = (Bench::new(), Server::sending(sent));
    let record = bench.run(&model::capture::Order { media, ..bench.order(&[&server.url("/")]) });
    let fetch = &record.fetches[0];
    assert_eq!(fetch.outcome, expected, "for {:?}", String::from_utf8_lossy(sent));
    assert_eq!(fetch.response_bytes, sent.len() as u64);
    assert_eq!(fetch.peer, Some(server.address.to_string()));
    assert_eq!(record.complete, matches!(expected, FetchOutcome::Complete { .. }));
    if !sent.is_empty() {
        assert_eq!(bench.response(fetch), sent);
        assert_eq!(fetch.response_digest, Some(Sha256Digest::of(sent)));
    }
}

#[test]
fn whole_responses_are_kept_as_received() {
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", complete(200));
    check(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", complete(404));
    check(b"HTTP/1.1 200 OK\r\n\r\nuntil the end", complete(200));
    check(b"HTTP/1.0 200 OK\n\nbare line feeds", complete(200));
    check(b"HTTP/1.1 204 No Content\r\n\r\n", complete(204));
    check(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nTrailer: 1\r\n\r\n", complete(200));
    check(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", complete(200));
    check_of(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08", complete(200), true);
}

#[test]
fn broken_responses_are_findings_and_their_bytes_are_kept() {
    check_of(b"\x00\xff garbage, not http\r\n\r\n at all", failed("malformed-response"), true);
    check(b"no line end", failed("malformed-response"));
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", partial(Some(200), "malformed-response"));
    check(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello", partial(Some(200), "malformed-response"));
    check(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut", partial(Some(200), "connection-lost"));
    check(b"HTTP/1.1 200 OK\r\nContent-Le", partial(None, "connection-lost"));
    check(b"", failed("connection-lost"));
}

#[test]
fn a_redirect_is_recorded_and_followed_only_when_the_order_lists_its_target() {
    let goal = Server::sending(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngoal");
    let head = format!("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", goal.url("/goal"));
    let from = Server::sending(head.as_bytes());

    let record = Bench::new().run_urls(&[&from.url("/")]);
    assert_eq!(record.fetches[0].outcome, complete(302));
    assert_eq!(record.fetches[0].redirect, Some(goal.url("/goal")));
    assert_eq!(goal.hits(), 0);

    let record = Bench::new().run_urls(&[&from.url("/"), &goal.url("/goal")]);
    assert_eq!(record.fetches[1].outcome, complete(200));
    assert_eq!(goal.hits(), 1);
}

#[test]
fn refused_silent_and_refused_destinations_are_told_apart() {
    let bench = Bench::new();
    let silent = Server::new(|_, _| thread::sleep(Duration::from_secs(30)));
    let refused = format!("http://{}/", closed_port());
    let urls = [refused.as_str(), &silent.url("/"), "ftp://127.0.0.1/", "http://192.0.2.1/", "http://example.com/"];
    let order = model::capture::Order { timeout_ms: 600, ..bench.order(&urls) };
    let record = bench.run(&order);
    assert_eq!(record.fetches[0].outcome, failed("connection-refused"));
    assert_eq!(record.fetches[1].outcome, failed("timeout"));
    for fetch in &record.fetches[2..] {
        let FetchOutcome::Failed { reason } = &fetch.outcome else { panic!("{fetch:?}") };
        assert!(reason.starts_with("refused-destination: "), "{reason}");
        assert_eq!(fetch.peer, None);
    }
    assert!(!record.complete);
    assert_eq!(record.warc_records, 2, "warcinfo and the one request that was sent");
}

#[test]
fn names_below_localhost_mean_loopback_without_a_resolver() {
    let server = Server::new(|request, stream| {
        let body = request.lines().find(|line| line.starts_with("Host: ")).unwrap().to_string();
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    });
    let (bench, port) = (Bench::new(), server.address.port());
    let record = bench.run_urls(&[&format!("http://Market.localhost:{port}/a?b=c#d")]);
    assert_eq!(record.fetches[0].outcome, complete(200));
    assert!(bench.response(&record.fetches[0]).ends_with(format!("Host: Market.localhost:{port}").as_bytes()));
}

#[test]
fn an_endless_response_ends_at_the_byte_budget_of_the_whole_order() {
    let endless = Server::new(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'e'; 4_096]).is_ok() {}
    });
    let bench = Bench::new();
    let order = model::capture::Order { byte_budget: 3 << 20, ..bench.order(&[&endless.url("/"), &endless.url("/2")]) };
    let record = bench.run(&order);
    assert_eq!(record.fetches[0].outcome, partial(Some(200), "budget"));
    assert_eq!(record.fetches[0].response_bytes, 3 << 20);
    assert_eq!(record.fetches[1].outcome, failed("budget"));
    assert_eq!(bench.response(&record.fetches[0]).len(), 3 << 20);
    let truncated: Vec<_> = records(&bench.warc()).iter().filter_map(|r| r.fields.get("WARC-Truncated").cloned()).collect();
    assert_eq!(truncated, ["length"]);
}

#[test]
fn a_response_that_just_fits_the_budget_is_whole() {
    let sent = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let (bench, server) = (Bench::new(), Server::sending(sent));
    let fits = model::capture::Order { byte_budget: sent.len() as u64, ..bench.order(&[&server.url("/")]) };
    assert_eq!(bench.run(&fits).fetches[0].outcome, complete(200));
    let bench = Bench::new();
    let short = model::capture::Order { byte_budget: sent.len() as u64 - 1, ..bench.order(&[&server.url("/")]) };
    assert_eq!(bench.run(&short).fetches[0].outcome, partial(Some(200), "budget"));
}

#[test]
fn a_slow_response_ends_at_its_timeout_and_the_next_is_fetched() {
    let (bench, slow, quick) = (Bench::new(), Server::dripping(), Server::sending(b"HTTP/1.1 200 OK\r\n\r\n"));
    let order = model::capture::Order { timeout_ms: 700, ..bench.order(&[&slow.url("/"), &quick.url("/")]) };
    let record = bench.run(&order);
    assert_eq!(record.fetches[0].outcome, partial(Some(200), "timeout"));
    assert_eq!(record.fetches[1].outcome, complete(200));
}

#[test]
fn a_response_beyond_memory_is_kept_whole() {
    let mut sent = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 5 << 20).into_bytes();
    sent.extend((0..5u32 << 20).map(|i| b'!' + (i.wrapping_mul(2_654_435_761) >> 26) as u8));
    check(&sent, complete(200));
}

#[test]
fn no_plaintext_of_a_page_is_in_any_file_that_the_child_holds() {
    const MARKER: &[u8] = b"PLANTED-MARKER-7731";
    let server = Server::new(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        let page = MARKER.repeat(150_000);
        let _ = stream.write_all(&page);
        thread::sleep(Duration::from_secs(2));
        let _ = stream.write_all(MARKER);
    });
    let bench = Bench::new();
    let mut running = bench.start(&bench.order(&[&server.url("/")]));
    let holds = |bytes: &[u8]| bytes.windows(MARKER.len()).any(|w| w == MARKER);
    let mut files_seen = 0;
    crate::bench::within(20, "the end of the capture", || {
        let open = std::fs::read_dir(format!("/proc/{}/fd", running.id())).into_iter().flatten().flatten();
        let spooled = std::fs::read_dir(bench.path()).unwrap().flatten();
        for entry in open.chain(spooled) {
            if std::fs::metadata(entry.path()).is_ok_and(|m| m.is_file())
                && let Ok(bytes) = std::fs::read(entry.path())
            {
                files_seen += 1;
                assert!(!holds(&bytes), "plaintext in {:?}", entry.path());
            }
        }
        running.poll().is_some()
    });
    let record = bench.examine().unwrap();
    assert!(files_seen > 10 && holds(&bench.response(&record.fetches[0])), "the marker was captured, and files were looked at");
}

#[test]
fn the_child_is_told_nothing_by_argument_or_environment() {
    let server = Server::dripping();
    let bench = Bench::new();
    let mut running = bench.start(&bench.short_order(&[&server.url("/secret-path")], 1_500));
    crate::bench::within(10, "the request", || server.hits() > 0);
    let read = |name: &str| std::fs::read(format!("/proc/{}/{name}", running.id())).unwrap();
    assert!(read("cmdline").ends_with(b"\0__collect\0"));
    assert_eq!(read("environ"), b"");
    running.wait();
}

#[test]
fn the_record_says_who_worked_on_what_and_how() {
    let (bench, server) = (Bench::new(), Server::sending(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    let order = bench.order(&[&server.url("/")]);
    let record = bench.run(&order);
    assert_eq!((&record.order, &record.case, &record.actor, &record.authority), (&order.order, &order.case, &order.actor, &order.authority));
    assert_eq!(record.order_digest, collect::order_digest(&order).unwrap());
    assert_eq!((record.last_serial, record.transport.as_str()), (1, "loopback-direct"));
    assert!(record.started >= order.issued && record.ended >= record.started);
    let info = &records(&bench.warc())[0];
    assert_eq!(info.fields["WARC-Type"], "warcinfo");
    assert!(String::from_utf8_lossy(&info.block).contains(order.case.as_str()));
}

#[test]
fn warcio_accepts_the_warc() {
    let Some(warcio) = find_warcio() else {
        eprintln!("SKIPPED warcio_accepts_the_warc: warcio is not installed (pip install warcio, or set WARCIO)");
        return;
    };
    let server = Server::new(|request, stream| {
        let sent: &[u8] = match request.split(' ').nth(1).unwrap() {
            "/chunked" => b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "/garbage" => b"\x01\x02 garbage\r\n\r\n",
            "/cut" => b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\ncut",
            "/half-head" => b"HTTP/1.1 200 OK\r\nContent-",
            "/interim" => b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            _ => b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello",
        };
        let _ = stream.write_all(sent);
    });
    let bench = Bench::new();
    let urls: Vec<String> =
        ["/", "/chunked", "/garbage", "/cut", "/half-head", "/interim"].iter().map(|path| server.url(path)).collect();
    let record = bench.run_urls(&urls.iter().map(String::as_str).collect::<Vec<_>>());
    let file = bench.path().join("plain.warc");
    std::fs::write(&file, bench.warc()).unwrap();
    let checked = Command::new(&warcio).args(["check", "-v"]).arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout).to_string() + &String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success() && !said.contains("failed"), "{said}");
    assert!(said.contains("digest pass"), "{said}");
    let index = Command::new(&warcio).args(["index", "-f", "offset"]).arg(&file).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&index.stdout).lines().count() as u64, record.warc_records);

    let mut spoilt = bench.warc();
    let at = spoilt.windows(5).rposition(|w| w == b"hello").unwrap();
    spoilt[at] ^= 1;
    std::fs::write(&file, spoilt).unwrap();
    let checked = Command::new(&warcio).arg("check").arg(&file).output().unwrap();
    assert!(String::from_utf8_lossy(&checked.stdout).contains("failed"), "a changed byte must be found");
}

fn find_warcio() -> Option<std::path::PathBuf> {
    let named = std::env::var_os("WARCIO").map(std::path::PathBuf::from);
    let on_path = std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join("warcio")).collect::<Vec<_>>();
    named.into_iter().chain(on_path).find(|file| file.is_file())
}

#[test]
fn law_07_of_what_is_not_text_nothing_is_received_unless_the_order_is_for_it() {
    let picture = [b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000\r\n\r\n".as_slice(), b"\x89PNG\r\n\x1a\n", &[7; 4992]].concat();
    let server = Server::sending(&picture);
    let record = Bench::new().run_urls(&[&server.url("/")]);
    assert_eq!(record.fetches[0].outcome, partial(Some(200), "not-text"));
    let head = picture.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(record.fetches[0].response_bytes, head as u64 + 6, "the head, and what is still text: the letters PNG");

    let bench = Bench::new();
    let order = model::capture::Order { media: true, ..bench.order(&[&server.url("/")]) };
    let record = bench.run(&order);
    assert_eq!(record.fetches[0].outcome, complete(200));
    assert_eq!(record.fetches[0].response_bytes, picture.len() as u64);
}
