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
pub const LONG: Duration = Duration::from_secs(150);

/// A private network; its keys are kept between runs, its processes are not.
pub struct Network {
    pub folder: PathBuf,
    pub onion: String,
}

impl Network {
    /// In a folder of its own for each drill: two may run at once.
    pub fn in_folder(name: &str, web: u16) -> Network {
        Network::of(name, web, &[], 7)
    }

    /// The same with an exit to the same web server.
    pub fn with_exit(name: &str, web: u16) -> Network {
        Network::of(name, web, &["--exit"], 8)
    }

    fn of(name: &str, web: u16, more: &[&str], count: usize) -> Network {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let (dir, port) = (text(&folder), web.to_string());
        let words = [&["--json", "range", "tor", "up", "--dir", &dir, "--web", &port][..], more].concat();
        let status = ask(&words).ended(0).line();
        let nodes = status["nodes"].as_array().unwrap();
        assert!(nodes.len() == count && nodes.iter().all(|node| node["running"] == true), "{status}");
        assert!(nodes.iter().any(|node| node["node"] == "onion" && node["ready"] == 100), "{status}");
        Network { folder, onion: string(&status["onion"]) }
    }

    pub fn client(&self) -> String {
        text(&self.folder.join("client.torrc"))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let _ = ask(&["range", "tor", "down", "--dir", &text(&self.folder)]);
    }
}

/// Why there can be no such capture here.
pub fn missing() -> Option<&'static str> {
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

/// A network, its service, and an office that may go there; nothing where Tor or walls are missing.
fn at_work(drill: &str, folder: &str) -> Option<(Arc<AtomicBool>, Server, Network, Office)> {
    if let Some(what) = missing() {
        skipped(drill, what);
        return None;
    }
    let drips = Arc::new(AtomicBool::new(false));
    let server = server(&drips);
    let port = server.url.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    let network = Network::in_folder(folder, port);
    Some((drips, server, network, Office::working()))
}

#[test]
fn law_01_an_onion_page_is_captured_from_behind_walls_and_goes_the_whole_way_to_a_package() {
    let drill = "law_01_an_onion_page_is_captured_from_behind_walls_and_goes_the_whole_way_to_a_package";
    let Some((_, server, network, office)) = at_work(drill, "tor-network-page") else { return };
    let view = first_page(&office, &network);
    server.wait_for_a_visitor();
    proven(&view["record"], &network.onion);
    let exhibit = string(&view["exhibit"]["exhibit"]);
    let examined = office.does(NOY, "examine", &[&exhibit]);
    assert_eq!(examined["selectors"].as_u64(), Some(1), "{examined}");
    packaged(&office, &exhibit);
    ends(&office);
    office.sound_log();
}

#[test]
#[ignore = "takes some minutes: a Tor network of its own, many captures, and leases that run out"]
fn law_15_a_download_through_tor_ends_with_tor_the_desk_or_the_authority_and_personas_share_no_circuit() {
    let drill = "law_15_a_download_through_tor_ends_with_tor_the_desk_or_the_authority_and_personas_share_no_circuit";
    let Some((drips, server, network, office)) = at_work(drill, "tor-network") else { return };
    first_page(&office, &network);
    personas_share_no_circuit(&office, &network);

    drips.store(true, Ordering::Relaxed);
    let running = begun(&server, &office, &network);
    kill(&tor_of(&office).expect("a running tor"));
    let said = outcome(running, LONG).ended(0).tells("partial");
    let fetch = said.lines()[0]["record"]["fetches"][0].clone();
    assert_eq!((&fetch["outcome"], &fetch["reason"]), (&"partial".into(), &"connection-lost".into()), "{fetch}");

    // The last desk takes its Tor with it; where another capture still goes through it, the lease ends the download.
    for (another, reason) in [(false, "connection-lost"), (true, "lease-lapsed")] {
        let mut running = begun(&server, &office, &network);
        let _held = another.then(|| held(&office));
        running.kill().unwrap();
        running.wait().unwrap();
        let recovered = recovered(&office);
        assert!(recovered.contains("admitted as E-"), "{recovered}");
        let last = office.exhibits().last().unwrap().clone();
        let fetch = last["record"]["record"]["fetches"][0].clone();
        assert_eq!((&fetch["outcome"], &fetch["reason"]), (&"partial".into(), &reason.into()), "{fetch}");
        assert!(last["findings"].to_string().contains("the desk ended before the capture did"), "{last}");
    }

    office.unit_authority(&["view"]);
    let first = string(&office.says(NOY, &["authority", "list"]).ended(0).lines()[0]["authority"]);
    let running = begun(&server, &office, &network);
    office.done(KHAM, &["authority", "revoke", &first, "--reason", "a drill"]);
    let said = outcome(running, LONG).ended(1).tells("law 15");
    assert_eq!(said.lines()[0]["record"]["fetches"][0]["outcome"], "partial", "{}", said.out);
    ends(&office);
    office.sound_log();
}

/// Keeps this home's Tor, as another capture would.
pub fn held(office: &Office) -> fs::File {
    let mut places = fs::read_dir(office.home.join("tor")).unwrap().flatten().map(|place| place.path().join("used"));
    let held = fs::File::open(places.find(|used| used.exists()).unwrap()).unwrap();
    held.lock_shared().unwrap();
    held
}

/// What `capture --recover` says once the lease of a killed desk has run out.
fn recovered(office: &Office) -> String {
    for _ in 0..60 {
        let said = office.in_case(NOY, "capture", &["--recover"]).ended(0);
        if !said.out.contains("still running") {
            return said.out;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    panic!("a capture outlives its lease");
}

/// The circuits that Tor's control port showed of this capture.
fn circuits(view: &Value) -> std::collections::BTreeSet<String> {
    let circuits = view["exhibit"]["record"]["circuits"].as_array().unwrap_or_else(|| panic!("{view}"));
    let label = string(&view["record"]["isolation"]);
    assert!(circuits.iter().all(|circuit| circuit["label"].as_str().unwrap().starts_with(&label)), "{circuits:?}");
    circuits.iter().map(|circuit| string(&circuit["id"])).collect()
}

/// The process of the one Tor of this home, if it lives.
pub fn tor_of(office: &Office) -> Option<String> {
    let places = fs::read_dir(office.home.join("tor")).unwrap().flatten();
    let pids = places.filter_map(|place| fs::read_to_string(place.path().join("pid")).ok());
    pids.map(|pid| pid.trim().to_string()).find(|pid| Path::new(&format!("/proc/{pid}")).exists())
}

/// Tor goes when nobody has used it for a moment.
fn ends(office: &Office) {
    for _ in 0..300 {
        if tor_of(office).is_none() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("tor stays although nobody uses it");
}

/// A site behind an onion service: all rounds go through one Tor, each with a circuit label of its own, and a link to
/// the open net is left out.
#[test]
#[ignore = "takes half a minute to some minutes: a Tor network of its own must come up"]
fn law_01_a_crawl_through_tor_stays_on_its_onion_service() {
    if let Some(what) = missing() {
        return skipped("law_01_a_crawl_through_tor_stays_on_its_onion_service", what);
    }
    let site = crate::crawl::Site::new(|path, stream| match path {
        "/" => crate::crawl::html(stream, "<a href=/a>a</a><a href=/b>b</a><a href=http://example.com/>out</a><a href=http://127.0.0.1/>in</a>"),
        _ => crate::crawl::html(stream, "SYNTHETIC page"),
    });
    let network = Network::in_folder("tor-network-crawl", site.root.rsplit(':').next().unwrap().parse().unwrap());
    let office = Office::working();
    first_page(&office, &network);
    let (url, client) = (format!("http://{}/", network.onion), network.client());
    let words = ["--through", "tor", "--tor-network", client.as_str(), &url, "--ignore-robots", "a drill", "--round", "1", "--pause-ms", "100"];
    let mut view = office.in_case(NOY, "collect crawl", &words).ended(0).line();
    // A way through a young network may be lost: what did not come is asked for again.
    for _ in 0..5 {
        if view["fetched"] == 3 {
            break;
        }
        view = office.in_case(NOY, "collect retry", &["K-0001"]).ended(0).line();
    }
    assert_eq!((&view["fetched"], &view["left_out"]["host"]), (&3.into(), &2.into()), "{view}");
    let exhibits = office.exhibits();
    let rounds: Vec<&Value> = exhibits.iter().filter(|one| string(&one["description"]).starts_with("K-0001")).map(|one| &one["record"]["record"]).collect();
    assert!(rounds.len() >= 3 && rounds.iter().all(|record| record["transport"] == "tor" && record["proof"].as_array().is_some_and(|proof| proof.len() >= 38)));
    let labels: std::collections::BTreeSet<String> = rounds.iter().map(|record| string(&record["isolation"])).collect();
    assert_eq!(labels.len(), rounds.len(), "a label for each round");
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

/// Two personas and a capture for nobody, through one Tor: each has a label of its own, and Tor's control port shows
/// no circuit that two of them had.
fn personas_share_no_circuit(office: &Office, network: &Network) {
    // It stays one Tor, whose numbers are one row.
    let _held = held(office);
    let authority = office.case_authority(&["collect", "view"]);
    let (url, client) = (format!("http://{}/", network.onion), network.client());
    let nobody = first_page(office, network);
    let mut all = vec![(string(&nobody["record"]["isolation"]), circuits(&nobody))];
    for name in ["first", "second"] {
        let persona = office.does(NOY, "persona register", &[name, "--authority", &authority, "--source", "open"]);
        office.does(KHAM, "persona authorise", &[name, "--officer", NOY]);
        office.does(NOY, "persona check-out", &[name]);
        let (mut seen, mut whole) = (std::collections::BTreeSet::new(), 0);
        for _ in 0..8 {
            let words = ["--through", "tor", "--tor-network", &client, "--persona", name, &url];
            let said = office.in_case(NOY, "capture", &words);
            assert!([0, 3].contains(&said.code), "{}{}", said.out, said.err);
            let view = said.lines()[0].clone();
            if view["record"].is_null() {
                continue;
            }
            assert_eq!(view["record"]["isolation"], persona["label"], "{view}");
            assert!(view["record"]["fetches"][0]["as_received"].is_string() || said.code != 0, "{view}");
            seen.extend(circuits(&view));
            whole += usize::from(said.code == 0);
            if whole == 2 {
                break;
            }
        }
        assert_eq!(whole, 2, "the service is reached twice for {name}");
        all.push((string(&persona["label"]), seen));
    }
    for (place, (label, seen)) in all.iter().enumerate() {
        assert!(!seen.is_empty(), "{all:?}");
        for (other, others) in &all[..place] {
            assert!(label != other && seen.is_disjoint(others), "{all:?}");
        }
    }
    office.does(KHAM, "authority revoke", &[&authority, "--reason", "its personas come back"]);
}

fn proven(record: &Value, onion: &str) {
    assert_eq!((&record["transport"], &record["complete"]), (&"tor".into(), &true.into()), "{record}");
    walled(record);
    assert_eq!(record["isolation"].as_str().map(str::len), Some(32), "{record}");
    assert_eq!(record["fetches"][0]["peer"], format!("{onion}:80"), "a name, and no address");
}

/// The record of a session from behind walls.
pub fn walled(record: &Value) {
    assert!(string(&record["cage"]).starts_with("namespaces+"), "{record}");
    let proof = record["proof"].as_array().unwrap();
    assert!(proof.len() >= 38 && proof.iter().all(|probe| probe["held"] == true), "{proof:?}");
    assert!(["canary-tcp", "canary-path", "canary-abstract", "proxy"].iter().all(|name| proof.iter().any(|probe| probe["probe"] == *name)));
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
