//! Pages over TLS: a stock OpenSSL server on loopback, its certificate in the record, and servers that speak no TLS.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use model::{Sha256Digest, capture::FetchOutcome};

use crate::bench::{Bench, complete};

/// `openssl s_server`, which answers any page with a status page of its own.
struct Secured {
    child: Child,
    port: u16,
    certificate: Vec<u8>,
    _folder: tempfile::TempDir,
}

impl Secured {
    fn start(version: &str) -> Option<Secured> {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=SYNTHETIC"])
            .args(["-keyout", &at("key"), "-out", &at("cert")])
            .output();
        made.ok().filter(|made| made.status.success())?;
        let certificate = Command::new("openssl").args(["x509", "-in", &at("cert"), "-outform", "DER"]).output().unwrap().stdout;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-cert", &at("cert"), "-key", &at("key"), "-www", version])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(said.any(|line| line.is_ok_and(|line| line.contains("ACCEPT"))), "the server listens");
        // Its further words are read, so that it never waits for a reader.
        std::thread::spawn(move || said.for_each(drop));
        Some(Secured { child, port, certificate, _folder: folder })
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_page_over_tls_is_captured_with_the_certificate_that_was_shown_and_what_the_web_thinks_of_it() {
    for (argument, version) in [("-tls1_3", "1.3"), ("-tls1_2", "1.2")] {
        let Some(server) = Secured::start(argument) else {
            return eprintln!("SKIPPED a_page_over_tls_is_captured: openssl is not installed");
        };
        let bench = Bench::new();
        let record = bench.run_urls(&[&format!("https://localhost:{}/", server.port)]);
        let fetch = &record.fetches[0];
        assert_eq!(fetch.outcome, complete(200), "{fetch:?}");
        let shown = fetch.tls.as_ref().unwrap();
        assert_eq!((shown.version.as_str(), shown.of, shown.chain.len()), (version, 1, 1));
        assert_eq!(shown.leaf, Some(Sha256Digest::of(&server.certificate)));
        assert!(shown.judged.starts_with("not trusted: "), "{}", shown.judged);
        let mut warc = Vec::new();
        std::io::copy(&mut collect::open_warc(bench.path(), &bench.identity).unwrap(), &mut warc).unwrap();
        let text = String::from_utf8_lossy(&warc);
        assert!(text.contains("WARC-Target-URI: https://localhost:") && text.contains("s_server"), "the page itself, without its TLS");
    }
}

/// Says these bytes to whoever comes, whatever he says, and goes away.
fn saying(bytes: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked);
            let _ = stream.write_all(bytes);
        }
    });
    port
}

#[test]
fn who_speaks_no_tls_or_stops_in_the_middle_is_told_apart_from_a_page() {
    for (bytes, reasons) in [(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".as_slice(), ["tls-failed"].as_slice()), (b"\x16\x03\x03\x40\x00", &["connection-lost", "tls-failed"]), (b"", &["connection-lost"])] {
        let record = Bench::new().run_urls(&[&format!("https://127.0.0.1:{}/", saying(bytes))]);
        let fetch = &record.fetches[0];
        assert!(matches!(&fetch.outcome, FetchOutcome::Failed { reason } if reasons.contains(&reason.as_str())), "{fetch:?}");
        assert_eq!((&fetch.tls, fetch.response_bytes), (&None, 0));
    }
}

/// Begins a record of 16 KiB and drips it, for a minute.
fn dripping() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc");
            for _ in 0..600 {
                if stream.write_all(b"~").is_err() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        }
    });
    port
}

#[test]
fn law_15_a_server_that_drips_its_handshake_holds_nobody_beyond_the_orders_time_or_the_lease() {
    let bench = Bench::new();
    let order = model::capture::Order { timeout_ms: 2_000, ..bench.order(&[&format!("https://127.0.0.1:{}/", dripping())]) };
    let began = std::time::Instant::now();
    let record = bench.run(&order);
    assert_eq!(record.fetches[0].outcome, crate::bench::failed("timeout"));
    assert!(began.elapsed().as_secs() < 30, "long before the server has ended");

    let bench = Bench::new();
    let order = model::capture::Order { timeout_ms: 50_000, ..bench.order(&[&format!("https://127.0.0.1:{}/", dripping())]) };
    let mut running = bench.start(&order);
    std::thread::sleep(std::time::Duration::from_secs(1));
    running.withdraw().unwrap();
    running.wait();
    assert_eq!(bench.examine().unwrap().fetches[0].outcome, crate::bench::failed("lease-lapsed"), "signed, and soon");
}
