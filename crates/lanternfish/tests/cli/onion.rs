//! A capture through Tor: a private network of real `tor` processes on loopback, its onion service, the walled
//! collector, and what becomes of a download when Tor is killed or the authority ends.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{Arc, atomic::{AtomicBool, Ordering}},
    time::Duration,
};

use serde_json::Value;

use crate::{
    office::{KHAM, NOY, Office, ask, kill, outcome, skipped, string, text, there},
    people::finding,
    revocation::Server,
};

const PAGE: &str = "<title>SYNTHETIC</title><p>ຕະຫຼາດ ตลาด: pay 1AuoqXApBV2EKxKtJf7TWR8irMjgkaXaY1</p>";
const LONG: Duration = Duration::from_secs(150);

/// A private network; its keys are kept between runs, its processes are not.
struct Network {
    folder: PathBuf,
    onion: String,
}

impl Network {
    fn up(web: u16) -> Network {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tor-network");
        let status = ask(&["--json", "range", "tor", "up", "--dir", &text(&folder), "--web", &web.to_string()]).ended(0).line();
        let nodes = status["nodes"].as_array().unwrap();
        assert!(nodes.len() == 7 && nodes.iter().all(|node| node["running"] == true), "{status}");
        assert!(nodes.iter().any(|node| node["node"] == "onion" && node["ready"] == 100), "{status}");
        Network { folder, onion: string(&status["onion"]) }
    }

    fn client(&self) -> String {
        text(&self.folder.join("client.torrc"))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = ask(&["range", "tor", "down", "--dir", &text(&self.folder)]);
    }
}

/// Why there can be no such capture here.
fn missing() -> Option<&'static str> {
    if !there("tor") {
        return Some("tor is not installed");
    }
    let walls = std::process::Command::new("unshare").args(["-Urnm", "true"]).stderr(Stdio::null()).status();
    (!walls.is_ok_and(|status| status.success())).then_some("this machine allows no user namespaces")
}

/// The page, or one that never ends, as the switch stands.
fn server(drips: &Arc<AtomicBool>) -> Server {
    let drips = Arc::clone(drips);
    Server::new(move |stream| {
        if !drips.load(Ordering::Relaxed) {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n", PAGE.len());
            stream.write_all(head.as_bytes())?;
            return stream.write_all(PAGE.as_bytes());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000000000\r\n\r\n")?;
        loop {
            stream.write_all(&[b'~'; 512])?;
            stream.flush()?;
            std::thread::sleep(Duration::from_millis(20));
        }
    })
}

fn capture(office: &Office, network: &Network) -> Child {
    let (url, client) = (format!("http://{}/", network.onion), network.client());
    let words = ["capture", "--case", &office.case, "--through", "tor", "--tor-network", &client, &url];
    office.command(NOY, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The first page of a new network may take a while: its service must first tell the directories of itself.
fn first_page(office: &Office, network: &Network) -> Value {
    for _ in 0..12 {
        let said = outcome(capture(office, network), LONG);
        if said.code == 0 {
            return said.lines()[0].clone();
        }
        assert!(said.err.contains("nothing at all was received"), "{}{}", said.out, said.err);
        std::thread::sleep(Duration::from_secs(3));
    }
    panic!("the onion service was never reached");
}

#[test]
#[ignore = "takes half a minute to some minutes: a Tor network of its own must come up"]
fn law_01_an_onion_page_is_captured_from_behind_walls_and_a_download_ends_with_tor_or_the_authority() {
    if let Some(what) = missing() {
        return skipped("law_01_an_onion_page_is_captured_from_behind_walls_and_a_download_ends_with_tor_or_the_authority", what);
    }
    let drips = Arc::new(AtomicBool::new(false));
    let server = server(&drips);
    let port = server.url.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    let network = Network::up(port);
    let office = Office::working();

    let view = first_page(&office, &network);
    server.wait_for_a_visitor();
    proven(&view["record"], &network.onion);
    let exhibit = string(&view["exhibit"]["exhibit"]);
    let examined = office.does(NOY, "examine", &[&exhibit]);
    assert_eq!(examined["selectors"].as_u64(), Some(1), "{examined}");
    packaged(&office, &exhibit);

    a_persona_has_a_circuit_label_of_its_own(&office, &network, &view["record"]);

    drips.store(true, Ordering::Relaxed);
    let running = begun(&server, &office, &network);
    kill(fs::read_to_string(office.home.join("tor/pid")).unwrap().trim());
    let said = outcome(running, LONG).ended(0).tells("partial");
    let fetch = said.lines()[0]["record"]["fetches"][0].clone();
    assert_eq!((&fetch["outcome"], &fetch["reason"]), (&"partial".into(), &"connection-lost".into()), "{fetch}");

    office.unit_authority(&["view"]);
    let first = string(&office.says(NOY, &["authority", "list"]).ended(0).lines()[0]["authority"]);
    let running = begun(&server, &office, &network);
    office.done(KHAM, &["authority", "revoke", &first, "--reason", "a drill"]);
    let said = outcome(running, LONG).ended(1).tells("law 15");
    assert_eq!(said.lines()[0]["record"]["fetches"][0]["outcome"], "partial", "{}", said.out);
    assert!(!Path::new(&format!("/proc/{}", fs::read_to_string(office.home.join("tor/pid")).unwrap_or_else(|_| "0".into()).trim())).exists(), "tor ends with the capture");
    office.sound_log();
}

/// A download through Tor that has begun to arrive. A way through a young network may be lost before it is there:
/// then it is begun again.
fn begun(server: &Server, office: &Office, network: &Network) -> Child {
    for _ in 0..12 {
        let mut running = capture(office, network);
        while running.try_wait().unwrap().is_none() {
            if server.was_visited(Duration::from_millis(200)) {
                std::thread::sleep(Duration::from_secs(4));
                return running;
            }
        }
        let said = outcome(running, LONG);
        assert!(said.err.contains("nothing at all was received"), "{}{}", said.out, said.err);
    }
    panic!("the onion service was never reached again");
}

/// Every order of a persona has the persona's label, and nothing else has it.
fn a_persona_has_a_circuit_label_of_its_own(office: &Office, network: &Network, without: &Value) {
    let authority = office.case_authority(&["collect", "view"]);
    let (url, client) = (format!("http://{}/", network.onion), network.client());
    let mut labels = vec![string(&without["isolation"])];
    for name in ["first", "second"] {
        let persona = office.does(NOY, "persona register", &[name, "--authority", &authority, "--source", "open"]);
        office.does(KHAM, "persona authorise", &[name, "--officer", NOY]);
        office.does(NOY, "persona check-out", &[name]);
        // A way through a young network may be lost: each try that made a record has the label, also one that failed.
        let tries = (0..4).map(|_| {
            let words = ["--through", "tor", "--tor-network", &client, "--persona", name, &url];
            let said = office.in_case(NOY, "capture", &words);
            assert!([0, 3].contains(&said.code), "{}{}", said.out, said.err);
            let record = said.lines()[0]["record"].clone();
            assert!(record.is_null() || record["isolation"] == persona["label"], "{record}");
            said.code == 0 && record["withheld"].is_string()
        });
        assert!(tries.filter(|whole| *whole).take(2).count() == 2, "the service was reached too seldom");
        labels.push(string(&persona["label"]));
    }
    office.does(KHAM, "authority revoke", &[&authority, "--reason", "its personas come back"]);
    assert!(labels[0] != labels[1] && labels[1] != labels[2] && labels[0] != labels[2], "{labels:?}");
}

fn proven(record: &Value, onion: &str) {
    assert_eq!((&record["transport"], &record["complete"]), (&"tor".into(), &true.into()), "{record}");
    assert!(string(&record["cage"]).starts_with("namespaces+"), "{record}");
    assert_eq!(record["isolation"].as_str().map(str::len), Some(32), "{record}");
    let proof = record["proof"].as_array().unwrap();
    assert!(proof.len() >= 38 && proof.iter().all(|probe| probe["held"] == true), "{proof:?}");
    assert!(["canary-tcp", "canary-path", "canary-abstract", "proxy"].iter().all(|name| proof.iter().any(|probe| probe["probe"] == *name)));
    assert_eq!(record["fetches"][0]["peer"], format!("{onion}:80"), "a name, and no address");
}

/// The capture goes the whole way to a package that a stranger accepts.
fn packaged(office: &Office, exhibit: &str) {
    office.does(NOY, "finding add", &finding("The page names a payment address.", exhibit));
    office.does(NOY, "report build", &["--template", "statement-of-fact"]);
    let bag = office.place("bag");
    office.does(NOY, "package seal", &["--officer", NOY, "--out", &text(&bag)]);
    office.does(NOY, "package sign", &["P-0001"]);
    office.does(NOY, "package stamp", &["P-0001"]);
    office.does(NOY, "package finish", &["P-0001"]);
    let anchors = office.place("anchors");
    office.done(NOY, &["anchors", "export", &text(&anchors)]);
    let verdict = seal::check::verify_package(&bag, Some(&anchors), &|_| ());
    let faults: Vec<String> = verdict.faults().map(|check| format!("{}: {}", check.object, check.text)).collect();
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn law_01_what_is_no_onion_service_is_never_asked_of_tor_and_a_private_network_serves_no_real_case() {
    let office = Office::working();
    for url in ["http://example.com/", "http://127.0.0.1:9/", "http://duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczae.onion/"] {
        office.in_case(NOY, "capture", &["--through", "tor", url]).ended(2).tells("onion address of version 3").tells("Nothing was made");
    }
    assert!(!office.home.join("tor").exists(), "tor was not even started");
    let network = office.file("network.torrc", "Socks5Proxy 192.0.2.1:1080\n");
    let url = "http://duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion/";
    office.in_case(NOY, "capture", &["--through", "tor", "--tor-network", &network, url]).ended(2).tells("line 1 of the network description");
    let config = office.home.join("lanternfish.json");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("\"training\": true", "\"training\": false").replace("\"training\":true", "\"training\":false")).unwrap();
    office.in_case(NOY, "capture", &["--through", "tor", "--tor-network", &network, url]).ended(2).tells("this node works on real cases");
    assert!(office.exhibits().is_empty());
}
