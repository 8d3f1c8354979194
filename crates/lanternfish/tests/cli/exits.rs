//! Other ways out of the same walls: the open net through Tor's exits. The parts are real: a private network of `tor`
//! processes with an exit, its resolver, and a page that only the exit leads to.

use std::{os::unix::net::UnixStream, path::PathBuf, time::Duration};

use collect::socks::{Dialogue, SocksFailure, Turn};
use serde_json::Value;

use crate::{
    office::{ADMIN, AUDITOR, KHAM, NOY, Office, skipped, string},
    onion::{Network, held, missing, walled},
    revocation::Server,
};

const PAGE: &str = "<title>SYNTHETIC</title><p>a page of the open net";

fn page() -> Server {
    Server::hearing(|request, stream| {
        use std::io::Write;
        // Only who came by the name is served: it shows that the name arrived as a name.
        let named = request.to_ascii_lowercase().contains("\r\nhost: market.test:");
        let (status, body) = if named { ("200 OK", PAGE) } else { ("421 Misdirected Request", "by another name") };
        write!(stream, "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    })
}

/// Asks for a page until the young network leads there.
fn captured(office: &Office, words: &[&str]) -> Value {
    for _ in 0..12 {
        let said = office.in_case(NOY, "capture", words);
        if said.code == 0 {
            return said.lines()[0].clone();
        }
        assert!(said.err.contains("nothing at all was received"), "{}{}", said.out, said.err);
        std::thread::sleep(Duration::from_secs(3));
    }
    panic!("the page was never reached");
}

/// What a door of Tor says when it is asked for a host.
fn asked(door: &PathBuf, host: &str, port: u16) -> Result<Turn, SocksFailure> {
    let mut stream = UnixStream::connect(door).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut dialogue = Dialogue::begin(&mut stream, "a drill", host, port).unwrap();
    loop {
        match dialogue.listen(&mut stream)? {
            Turn::Wait => {}
            Turn::Open => return Ok(Turn::Open),
        }
    }
}

#[test]
#[ignore = "takes half a minute to some minutes: a Tor network of its own must come up"]
fn law_01_the_open_net_is_reached_through_an_exit_and_by_no_door_of_an_onion_order() {
    let drill = "law_01_the_open_net_is_reached_through_an_exit_and_by_no_door_of_an_onion_order";
    if let Some(what) = missing() {
        return skipped(drill, what);
    }
    let server = page();
    let port: u16 = server.url.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    let network = Network::with_exit("tor-network-exit", port);
    let (office, client) = (Office::working(), network.client());
    let url = format!("http://market.test:{port}/");
    let view = captured(&office, &["--through", "tor-exit", "--tor-network", &client, &url]);
    let _held = held(&office);
    let record = &view["record"];
    assert_eq!((&record["transport"], &record["complete"]), (&"tor-exit".into(), &true.into()), "{record}");
    walled(record);
    assert_eq!((record["isolation"].as_str().map(str::len), &record["fetches"][0]["peer"]), (Some(32), &format!("market.test:{port}").into()), "{record}");
    assert_eq!((&record["fetches"][0]["status"], record["network"].as_str().map(str::len)), (&200.into(), Some(64)), "{record}");
    let circuits = view["exhibit"]["record"]["circuits"].as_array().unwrap().clone();
    assert!(!circuits.is_empty() && circuits.iter().all(|circuit| string(&circuit["label"]).starts_with(record["isolation"].as_str().unwrap())), "{circuits:?}");

    let said = office.in_case(NOY, "capture", &["--through", "tor-exit", "--tor-network", &client, "--twice", &url]).ended(0);
    let lines = said.lines();
    let compared = &lines[2]["captured_twice"];
    assert_eq!((&compared["pages"][0]["result"], lines.len()), (&"same".into(), 3), "{compared}");
    assert!(string(&compared["separation"]).starts_with("another circuit label, 0 circuits in common"), "{compared}");
    assert_ne!(lines[0]["record"]["isolation"], lines[1]["record"]["isolation"]);

    // Each of Tor's doors refuses what belongs to the other one.
    let place = std::fs::read_dir(office.home.join("tor")).unwrap().flatten().map(|entry| entry.path()).find(|path| path.join("exit").exists()).unwrap();
    let refused = Err(SocksFailure::Refused(2));
    assert_eq!(asked(&place.join("exit"), &network.onion, 80), refused);
    assert_eq!(asked(&place.join("socks"), "market.test", port), refused);
    through_a_named_proxy(&office, &network, port);
    crawled_through_the_exit(&office, &client, &url);
    // What no resolver of the network knows is not there, and nobody else is asked.
    let nowhere = office.in_case(NOY, "capture", &["--through", "tor-exit", "--tor-network", &client, "--timeout-ms", "20000", &format!("http://nobody.test:{port}/")]);
    nowhere.ended(3).tells("nothing at all was received");
    office.sound_log();
}

/// A crawl takes the same way: behind the same walls, one order for each round.
fn crawled_through_the_exit(office: &Office, client: &str, url: &str) {
    let words = ["--through", "tor-exit", "--tor-network", client, url, "--ignore-robots", "a drill", "--pause-ms", "0"];
    let mut said = office.in_case(NOY, "collect crawl", &words);
    for _ in 0..5 {
        if said.code == 0 {
            break;
        }
        said = office.in_case(NOY, "collect retry", &["K-0001"]);
    }
    let view = said.ended(0).line();
    assert_eq!((&view["fetched"], &view["way"]["through"]), (&1.into(), &"tor-exit".into()), "{view}");
    let exhibits = office.exhibits();
    let round = exhibits.iter().rev().find(|one| string(&one["description"]).starts_with("K-0001")).unwrap();
    let record = &round["record"]["record"];
    walled(record);
    assert_eq!((&record["transport"], record["isolation"].as_str().map(str::len)), (&"tor-exit".into(), Some(32)), "{record}");
}

/// A real SOCKS5 proxy, by its port and by its socket: a `tor` of its own that leads to the same small open net.
fn through_a_named_proxy(office: &Office, network: &Network, web: u16) {
    // Tor makes a socket only where nobody else may enter.
    let folder = office.place("proxy");
    std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).create(&folder).unwrap();
    let socket = folder.join("socks");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = std::fs::read_to_string(network.client()).unwrap();
    let torrc = format!("{client}ClientOnly 1\nDataDirectory {0}\nLog notice file {0}/log\nSocksPort 127.0.0.1:{port}\nSocksPort unix:{1}\n__OwningControllerProcess {2}\n", folder.display(), socket.display(), std::process::id());
    std::fs::write(folder.join("torrc"), torrc).unwrap();
    let mut tor = std::process::Command::new("tor").args(["--defaults-torrc", "/dev/null", "-f"]).arg(folder.join("torrc")).stdout(std::process::Stdio::null()).spawn().unwrap();
    let url = format!("http://market.test:{web}/");
    for (name, at) in [("by-port", format!("127.0.0.1:{port}")), ("by-socket", format!("unix:{}", socket.display()))] {
        office.done(ADMIN, &["proxy", "add", name, "--kind", "agency", "--at", &at, "--operator", "the drill"]);
        for _ in 0..600 {
            if std::fs::read_to_string(folder.join("log")).unwrap_or_default().contains("Bootstrapped 100") {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let way = format!("proxy:{name}");
        let view = captured(office, &["--through", &way, &url]);
        let record = &view["record"];
        walled(record);
        assert_eq!((&record["transport"], &record["network"], &record["isolation"]), (&"proxy".into(), &way.as_str().into(), &Value::Null), "{record}");
        assert_eq!((&record["complete"], &record["fetches"][0]["status"]), (&true.into(), &200.into()), "{record}");
    }
    let _ = tor.kill();
    let _ = tor.wait();
    let left = std::fs::read_dir(office.home.join("tor")).unwrap().flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("relay-")).count();
    assert_eq!(left, 0, "the relay goes with its capture");
}

#[test]
fn law_01_a_proxy_is_named_by_an_administrator_on_this_machine_and_its_name_is_given_once() {
    let office = Office::working();
    let words = |name: &'static str, at: &'static str| ["proxy", "add", name, "--kind", "agency", "--at", at, "--operator", "the drill"];
    for who in [NOY, KHAM, AUDITOR] {
        office.says(who, &words("exit-1", "127.0.0.1:1080")).by_law(13);
    }
    for at in ["192.0.2.1:1080", "0.0.0.0:1080", "127.0.0.1:0", "proxy.example.org:1080", "unix:relative", "127.0.0.1"] {
        office.says(ADMIN, &words("exit-1", at)).ended(2).tells("no place of a proxy on this machine");
    }
    for name in ["", "Exit", "exit 1", "../x"] {
        office.says(ADMIN, &words(name, "127.0.0.1:1080")).ended(2);
    }
    office.done(ADMIN, &words("exit-1", "127.0.0.1:1080"));
    office.done(ADMIN, &["proxy", "add", "router", "--kind", "i2p", "--at", "[::1]:4447", "--operator", "the drill"]);
    let to = |way: &str, url: &str| office.in_case(NOY, "capture", &["--through", way, url]).ended(2);
    to("proxy:exit-1", "http://example.org/").tells("only names that end in .test are asked for");
    to("proxy:router", "http://planet.i2p/").tells("I2P has no network to practise on");
    to("proxy:router", "http://example.org/").tells("no name of I2P");
    to("proxy:exit-1", "http://127.0.0.1/").tells("only names are asked for");
    to("proxy:nobody", "http://market.test/").tells("there is no proxy");
    office.in_case(NOY, "capture", &["--through", "proxy:exit-1", "--source", "handed-over", "http://market.test/"]).ended(2).tells("are the source open");
    office.says(NOY, &["proxy", "remove", "exit-1", "--reason", "old"]).by_law(13);
    office.done(ADMIN, &["proxy", "remove", "exit-1", "--reason", "old"]);
    to("proxy:exit-1", "http://market.test/").tells("there is no proxy");
    office.says(ADMIN, &words("exit-1", "127.0.0.1:1080")).ended(2).tells("was given before");
    assert_eq!(office.says(ADMIN, &["proxy", "list"]).ended(0).lines().len(), 2);
    let events = office.says(AUDITOR, &["log", "show", "--limit", "1000"]).ended(0).out;
    assert_eq!((events.matches("\"proxy-added\"").count(), events.matches("\"proxy-removed\"").count()), (2, 1));
    assert!(office.exhibits().is_empty());
    office.sound_log();
}

/// A page that says another thing each time, one that stays, and one that moves on elsewhere.
fn changing() -> Server {
    let visits = std::sync::atomic::AtomicUsize::new(0);
    Server::hearing(move |request, stream| {
        use std::io::Write;
        let visit = visits.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let body = if request.starts_with("GET /changing") { format!("visit {visit}") } else { PAGE.to_string() };
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Visit: {visit}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    })
}

#[test]
fn law_02_a_second_capture_is_an_exhibit_of_its_own_and_both_say_what_was_compared() {
    let (server, office) = (changing(), Office::working());
    let (same, other) = (format!("{}same", server.url), format!("{}changing", server.url));
    let lines = office.in_case(NOY, "capture", &["--twice", &same, &other]).ended(0).lines();
    let compared = &lines[2]["captured_twice"];
    let results: Vec<&Value> = compared["pages"].as_array().unwrap().iter().map(|page| &page["result"]).collect();
    assert_eq!(results, ["same", "different"], "{compared}");
    assert!(compared["seconds_apart"].as_i64().is_some_and(|apart| apart >= 5), "{compared}");
    assert!(string(&compared["separation"]).contains("nothing here shows what else separates them"), "{compared}");
    assert_ne!((&lines[0]["record"]["order"], &lines[0]["exhibit"]["exhibit"]), (&lines[1]["record"]["order"], &lines[1]["exhibit"]["exhibit"]));
    let exhibits = office.exhibits();
    assert_eq!(exhibits.len(), 2);
    for exhibit in &exhibits {
        let told = exhibit["findings"].to_string();
        assert!(told.contains("captured twice: E-0001 and") && told.contains("E-0002") && told.contains("1 same, 1 different, 0 not compared"), "{told}");
        assert!(told.contains("do not prove that the server said it"), "{told}");
        assert_eq!(exhibit["record"]["captured-twice"], *compared);
    }
    assert!(exhibits[1]["findings"].to_string().contains("ordered as a second capture of what E-0001 holds"));
    let events = office.says(AUDITOR, &["log", "show", "--limit", "1000"]).ended(0).out;
    assert_eq!(events.matches("capture-compared").count(), 1);
    office.sound_log();
}

#[test]
fn law_02_without_a_first_answer_there_is_no_second_capture_and_no_persona_is_sent_twice() {
    let office = Office::working();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    office.in_case(NOY, "capture", &["--twice", &format!("http://{nobody}/")]).ended(3).tells("nothing at all was received");
    assert_eq!(office.exhibits().len(), 1, "there is nothing to hold a second against");
    office.in_case(NOY, "capture", &["--twice", "--persona", "first", "http://127.0.0.1:9/"]).ended(2);
}

#[test]
fn law_01_an_exit_is_never_taken_by_accident() {
    let office = Office::working();
    let onion = "http://duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion/";
    let to = |way: &str, url: &str| office.in_case(NOY, "capture", &["--through", way, url]).ended(2).tells("Nothing was made");
    to("tor-exit", onion).tells("write `--through tor`");
    to("tor", "http://example.org/").tells("`--through tor-exit` leads there");
    for url in ["http://192.0.2.1/", "http://[2001:db8::1]/", "http://127.0.0.1:9/", "http://10.0.0.0x7f/"] {
        to("tor-exit", url).tells("only names are asked for");
    }
    for url in ["http://localhost/", "http://router.local/", "http://files.internal/", "http://a.i2p/", "http://market.test/", "http://nas.home.arpa/"] {
        to("tor-exit", url).tells("no part of the open net");
    }
    office.in_case(NOY, "capture", &["--through", "tor-exit", "--source", "darknet", "http://example.org/"]).by_law(1);
    office.in_case(NOY, "capture", &["--through", "tor-exit", "--source", "handed-over", "http://example.org/"]).ended(2).tells("are the source open, not handed-over");
    assert!(office.exhibits().is_empty() && !office.home.join("tor").exists(), "tor was not even started");
}

/// A SOCKS5 proxy (RFC 1928) for whoever asks without a name: every host is this machine.
fn proxy() -> String {
    use std::{io::{Read, Write}, net::{TcpListener, TcpStream}};
    fn serve(mut asked: TcpStream) -> std::io::Result<()> {
        let (mut begin, mut request) = ([0; 3], [0; 5]);
        asked.read_exact(&mut begin)?;
        asked.write_all(&[5, 0])?;
        asked.read_exact(&mut request)?;
        let mut host = vec![0; usize::from(request[4]) + 2];
        asked.read_exact(&mut host)?;
        let port = u16::from_be_bytes([host[host.len() - 2], host[host.len() - 1]]);
        let mut page = TcpStream::connect(("127.0.0.1", port))?;
        asked.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
        let (mut back, mut forth) = (asked.try_clone()?, page.try_clone()?);
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut asked, &mut forth);
            let _ = forth.shutdown(std::net::Shutdown::Both);
        });
        std::io::copy(&mut page, &mut back)?;
        back.shutdown(std::net::Shutdown::Both)
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().flatten().for_each(|asked| drop(std::thread::spawn(move || serve(asked)))));
    at
}

fn with_a_proxy() -> Office {
    let office = Office::working();
    office.done(ADMIN, &["proxy", "add", "by-hand", "--kind", "agency", "--at", &proxy(), "--operator", "the drill"]);
    office
}

#[test]
fn law_01_a_proxy_that_was_taken_out_of_use_is_asked_nothing_more() {
    use std::{io::BufRead, process::Stdio};
    let drill = "law_01_a_proxy_that_was_taken_out_of_use_is_asked_nothing_more";
    if let Some(what) = missing() {
        return skipped(drill, what);
    }
    let (office, server) = (with_a_proxy(), page());
    let url = server.url.replace("127.0.0.1", "market.test");
    let mut twice = office.command(NOY, &["capture", "--case", &office.case, "--through", "proxy:by-hand", "--twice", &url]);
    let mut running = twice.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = std::io::BufReader::new(running.stdout.take().unwrap());
    let mut first = String::new();
    said.read_line(&mut first).unwrap();
    assert!(first.contains("E-0001"), "{first}");
    office.done(ADMIN, &["proxy", "remove", "by-hand", "--reason", "a drill"]);
    let ended = running.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.code() == Some(2) && err.contains("there is no proxy"), "{ended:?}");
    assert_eq!(office.exhibits().len(), 1);
    assert!(server.was_visited(Duration::ZERO) && !server.was_visited(Duration::ZERO), "the page was asked for once");
    let events = office.says(AUDITOR, &["log", "show", "--limit", "1000"]).ended(0).out;
    assert_eq!(events.matches("\"capture-ordered\"").count(), 1, "no second order was written");
    office.sound_log();
}

/// `openssl s_server` with a certificate of its own, as somebody on the way would show one.
struct Forged {
    child: std::process::Child,
    port: u16,
}

impl Forged {
    fn start(office: &Office) -> Option<Forged> {
        use std::{io::BufRead, process::{Command, Stdio}};
        let (key, certificate) = (office.place("tls-key"), office.place("tls-cert"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=market.test", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .output();
        made.ok().filter(|made| made.status.success())?;
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new("openssl").args(["s_server", "-www", "-accept", &format!("127.0.0.1:{port}"), "-key"]).arg(&key).arg("-cert").arg(&certificate)
            .stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(said.any(|line| line.is_ok_and(|line| line.contains("ACCEPT"))), "the server listens");
        std::thread::spawn(move || said.for_each(drop));
        Some(Forged { child, port })
    }
}

impl Drop for Forged {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_told_and_compared() {
    let drill = "a_certificate_that_nobody_vouches_for_is_told_and_compared";
    if let Some(what) = missing() {
        return skipped(drill, what);
    }
    let office = with_a_proxy();
    let Some(forged) = Forged::start(&office) else { return skipped(drill, "openssl is not installed") };
    let said = office.in_case(NOY, "capture", &["--through", "proxy:by-hand", "--twice", &format!("https://market.test:{}/", forged.port)]).ended(0);
    let lines = said.lines();
    let shown = &lines[0]["record"]["fetches"][0]["tls"];
    assert_eq!((&shown["certificates"][0], shown["chain"].as_array().map(Vec::len)), (&shown["leaf"], Some(1)), "{shown}");
    for line in &lines[..2] {
        let told = line["exhibit"]["findings"].to_string();
        assert!(told.contains(&format!("TLS: 1 of market.test:{} under a certificate", forged.port)) && told.contains(shown["leaf"].as_str().unwrap()) && told.contains("may have read and changed"), "{told}");
    }
    assert_eq!(lines[2]["captured_twice"]["pages"][0]["certificate"], "same", "{}", lines[2]);
    office.sound_log();
}
