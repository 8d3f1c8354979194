//! Pages in a real browser: it shows them, keeps what they look like, and reaches nothing but the order's own server,
//! whatever the page tries.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

use collect::{Collector, NotProved, Through, browser, canary, proves};
use model::capture::{CaptureRecord, Order, Rendering};
use tempfile::TempDir;

use crate::bench::{Bench, CHILD, Server, WarcRecord, closed_port, complete, failed, records, within};

/// Whether there is a browser, and this account may have namespaces.
fn browser_can_be_started(test: &str) -> bool {
    if !browser::is_installed() {
        eprintln!("SKIPPED {test}: Debian's chromium is not on this machine");
        return false;
    }
    let can = Command::new("unshare").args(["-Urnmpf", "--mount-proc", "true"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !can {
        eprintln!("SKIPPED {test}: this machine allows no user namespaces with processes of their own");
    }
    can
}

fn in_a_browser(bench: &Bench, urls: &[&str], scripts: bool) -> Order {
    Order { browser: Some(Rendering { scripts }), ..bench.order(urls) }
}

/// Starts a child with canaries; they must outlive it.
fn start(bench: &Bench, order: &Order) -> (collect::Running, canary::Cage, TempDir) {
    let place = TempDir::new().unwrap();
    let canaries = canary::Cage::open(place.path()).unwrap();
    let through = Through { canaries: canaries.told(), ..Through::default() };
    (Collector::new(CHILD).start_through(&through, bench.path(), order, &bench.desk, bench.seed).unwrap(), canaries, place)
}

fn run(bench: &Bench, order: &Order) -> CaptureRecord {
    let (mut running, canaries, _place) = start(bench, order);
    let status = running.wait();
    assert_eq!(status.code(), Some(0), "{}", running.message());
    assert!(!canaries.was_reached());
    let record = bench.examine().unwrap();
    assert_eq!(proves(order, &record), Ok(()));
    record
}

/// The same for one that takes longer than a lease.
fn run_long(bench: &Bench, order: &Order) -> CaptureRecord {
    let (running, _canaries, _place) = start(bench, order);
    attend(bench, running)
}

/// Renews the lease until the child ends.
fn attend(bench: &Bench, mut running: collect::Running) -> CaptureRecord {
    let mut renewed = std::time::Instant::now();
    while running.poll().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(50));
        if renewed.elapsed().as_secs() >= 5 {
            running.renew(&collect::renewed(running.order(), collect::clock::Now::read().wall, 30)).unwrap();
            renewed = std::time::Instant::now();
        }
    }
    bench.examine().unwrap_or_else(|error| panic!("{error}: {}", running.message()))
}

const ELSEWHERE: &str = "http://192.0.2.1";

/// A market of our own that tries every way to lead its visitor out.
fn site() -> Server {
    let other = closed_port();
    let page = format!(
        "<!DOCTYPE html><title>SYNTHETIC market</title><link rel=stylesheet href=/style.css>\
         <link rel=dns-prefetch href=//name.test><link rel=preconnect href=http://name.test>\
         <h1>as it was sent</h1><p>SYNTHETIC goods</p><img src=/local.png><img src={ELSEWHERE}/pixel.png>\
         <iframe src=http://tracker.test/frame></iframe><iframe src=http://{other}/port></iframe><script src={ELSEWHERE}/lead.js></script>\
         <script>document.querySelector('h1').textContent = 'as a script made it'; document.cookie = 'a=b';\
         fetch('/post', {{method: 'POST', body: 'x'}}).catch(() => 0); fetch('http://tracker.test/fetched').catch(() => 0);\
         navigator.sendBeacon('http://tracker.test/beacon', 'x'); new WebSocket('ws://tracker.test/socket');\
         try {{ const peer = new RTCPeerConnection({{iceServers: [{{urls: 'stun:192.0.2.1:3478'}}]}}); peer.createDataChannel('d'); peer.createOffer().then(o => peer.setLocalDescription(o));\
         let found = 0; peer.onicecandidate = e => {{ if (e.candidate) document.body.append('CANDI' + 'DATE ' + e.candidate.candidate); }} }} catch (e) {{}}\
         fetch('/data.json').then(r => r.text()).then(t => document.body.append(t));\
         try {{ new Worker('/worker.js') }} catch (e) {{}} window.open('http://tracker.test/window'); alert('wait');</script>"
    );
    Server::new(move |request, stream| {
        let send = |stream: &mut std::net::TcpStream, head: &str, body: &str| {
            let _ = write!(stream, "HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        };
        match request.split(' ').nth(1).unwrap_or_default() {
            "/" => send(stream, "200 OK\r\nContent-Type: text/html\r\nSet-Cookie: id=1", &page),
            "/style.css" => send(stream, "200 OK\r\nContent-Type: text/css", "h1 { color: #c00 }"),
            "/data.json" => send(stream, "200 OK\r\nContent-Type: application/json", "\"FETCHED HERE\""),
            "/away" => send(stream, &format!("302 Found\r\nLocation: {ELSEWHERE}/"), ""),
            "/moved" => send(stream, "302 Found\r\nLocation: /plain", ""),
            "/plain" => send(stream, "200 OK\r\nContent-Type: text/html", "<title>plain</title><p>moved here</p>"),
            _ => send(stream, "404 Not Found\r\nContent-Type: text/plain", "no"),
        }
    })
}

fn shown<'r>(records: &'r [WarcRecord], what: &str) -> Vec<&'r WarcRecord> {
    records.iter().filter(|record| record.fields["WARC-Type"] == "resource" && record.fields["WARC-Target-URI"].starts_with(&format!("urn:{what}:"))).collect()
}

fn text(record: &WarcRecord) -> String {
    String::from_utf8_lossy(&record.block).into_owned()
}

#[test]
fn law_01_a_browser_shows_the_page_and_reaches_no_server_but_the_orders() {
    if !browser_can_be_started("law_01_a_browser_shows_the_page_and_reaches_no_server_but_the_orders") {
        return;
    }
    let (bench, site) = (Bench::new(), site());
    let order = in_a_browser(&bench, &[&site.url("/"), &site.url("/moved"), &site.url("/away")], true);
    let record = run(&bench, &order);
    let did = record.browser.clone().unwrap();
    eprintln!("{} used {} KiB at most", did.product, did.peak_memory_kib);
    assert!(did.product.starts_with("Chrome/") && did.peak_memory_kib > 10_000, "{did:?}");
    // The page itself, the page that moved, and the one that leads elsewhere, which is kept and not followed.
    let outcomes: Vec<_> = record.fetches.iter().map(|fetch| fetch.outcome.clone()).collect();
    assert_eq!(outcomes, [complete(200), complete(302), complete(302)]);
    assert_eq!(did.pages.iter().map(|page| page.ended.as_str()).collect::<Vec<_>>(), ["shown", "shown", "not-loaded"], "{did:#?}");
    assert_eq!(did.pages[1].landed.as_deref(), Some(site.url("/plain").as_str()));
    assert!(!record.complete);
    let all = records(&bench.warc());
    let (pictures, documents, archives) = (shown(&all, "view"), shown(&all, "dom"), shown(&all, "mhtml"));
    assert_eq!((pictures.len(), documents.len(), archives.len()), (0, 2, 2), "no picture is made for an order for text");
    assert!(text(documents[0]).contains("as a script made it") && text(documents[0]).contains("FETCHED HERE"), "{}", text(documents[0]));
    assert!(!text(documents[0]).contains("CANDIDATE"), "a browser without a network has no address to tell");
    assert!(text(archives[0]).contains("SYNTHETIC goods"));
    // What was made of a page names the response that it was made of, also where the page was led on.
    let moved = did.fetched.iter().find(|fetch| fetch.url.ends_with("/plain")).unwrap();
    let neighbours: Vec<_> = documents.iter().chain(&archives).map(|one| one.fields["WARC-Concurrent-To"].as_str()).collect();
    let (first, led) = (record.fetches[0].response_record.as_deref().unwrap(), moved.response_record.as_deref().unwrap());
    assert_eq!(neighbours, [first, led, first, led]);
    assert!(text(&all[0]).contains("what a browser asks the same servers for") && !text(&all[0]).contains("exactly the URLs"), "{}", text(&all[0]));
    // What was sent stands beside it as it was sent.
    assert!(String::from_utf8_lossy(&bench.response(&record.fetches[0])).contains("as it was sent"));
    let fetched: Vec<&str> = did.fetched.iter().map(|fetch| fetch.url.rsplit_once('/').unwrap().1).collect();
    assert!(fetched.contains(&"style.css") && fetched.contains(&"data.json") && fetched.contains(&"plain"), "{fetched:?}");
    assert!(did.fetched.iter().all(|fetch| fetch.url.starts_with(&site.url("/"))), "{:#?}", did.fetched);
    let refused = |part: &str, why: &str| assert!(did.refused.iter().any(|one| one.url.contains(part) && one.why.contains(why)), "{part}: {:#?}", did.refused);
    refused("192.0.2.1/lead.js", "not a loopback address");
    refused("tracker.test/frame", "not a loopback address");
    refused("tracker.test/fetched", "not a loopback address");
    refused("/port", "not a server of the order");
    refused("/post", "only reads");
    refused("/local.png", "for text");
    refused("192.0.2.1/", "not a loopback address");
    assert!(!did.refused.iter().any(|one| one.url.contains("data.json")));

    let bench = Bench::new();
    let order = Order { media: true, ..in_a_browser(&bench, &[&site.url("/plain")], false) };
    run(&bench, &order);
    let all = records(&bench.warc());
    let pictures = shown(&all, "view");
    assert!(pictures.len() == 1 && pictures[0].block.starts_with(b"\x89PNG\r\n\x1a\n") && pictures[0].block.len() > 1_000);
}

#[test]
fn law_01_scripts_run_only_where_the_order_says_so() {
    if !browser_can_be_started("law_01_scripts_run_only_where_the_order_says_so") {
        return;
    }
    let (bench, site) = (Bench::new(), site());
    let record = run(&bench, &in_a_browser(&bench, &[&site.url("/")], false));
    let did = record.browser.clone().unwrap();
    assert!(record.complete && !did.scripts, "{record:#?}");
    let all = records(&bench.warc());
    assert!(text(shown(&all, "dom")[0]).contains("as it was sent"));
    assert!(did.fetched.iter().all(|fetch| !fetch.url.contains("data.json")), "{did:#?}");
}

#[test]
fn law_15_a_lease_that_lapses_ends_the_browser() {
    if !browser_can_be_started("law_15_a_lease_that_lapses_ends_the_browser") {
        return;
    }
    let (bench, slow) = (Bench::new(), Server::dripping());
    let order = in_a_browser(&bench, &[&slow.url("/"), &slow.url("/2")], true);
    let (mut running, _canaries, _place) = start(&bench, &order);
    within(15, "the page is asked for", || slow.hits() > 0);
    let browsers = descendants(running.id());
    assert!(browsers.len() > 1, "launcher and browser: {browsers:?}");
    running.withdraw().unwrap();
    within(8, "the child ends", || running.poll().is_some());
    let record = bench.examine().unwrap();
    assert_eq!(record.browser.as_ref().unwrap().pages.iter().map(|page| page.ended.as_str()).collect::<Vec<_>>(), ["lease-lapsed", "lease-lapsed"]);
    assert_eq!(record.fetches[1].outcome, failed("lease-lapsed"));
    assert!(!record.complete && proves(&order, &record).is_ok());
    within(3, "every process of the browser is gone", || browsers.iter().all(|id| !is_alive(*id)));
}

#[test]
fn law_15_a_collector_that_is_killed_takes_its_browser_with_it() {
    if !browser_can_be_started("law_15_a_collector_that_is_killed_takes_its_browser_with_it") {
        return;
    }
    let (bench, slow) = (Bench::new(), Server::dripping());
    let (mut running, _canaries, _place) = start(&bench, &in_a_browser(&bench, &[&slow.url("/")], false));
    within(15, "the page is asked for", || slow.hits() > 0);
    let browsers = descendants(running.id());
    assert!(browsers.len() > 1, "{browsers:?}");
    running.kill().unwrap();
    within(3, "every process of the browser is gone", || browsers.iter().all(|id| !is_alive(*id)));

    // A launcher that is killed takes it too, and nothing is signed that nobody watched.
    let (bench, slow) = (Bench::new(), Server::dripping());
    let (mut running, _canaries, _place) = start(&bench, &in_a_browser(&bench, &[&slow.url("/")], false));
    within(15, "the page is asked for", || slow.hits() > 0);
    let launcher = children(running.id())[0];
    let browsers = descendants(launcher);
    assert!(!browsers.is_empty());
    assert!(Command::new("kill").args(["-9", &launcher.to_string()]).status().unwrap().success());
    within(3, "every process of the browser is gone", || browsers.iter().all(|id| !is_alive(*id)));
    running.withdraw().unwrap();
    within(15, "the child ends", || running.poll().is_some());
    assert!(!bench.path().join("record.json").exists());
}

/// A browser that was not walled, or not asked for, is no evidence.
#[test]
fn law_01_a_record_must_prove_its_browser() {
    if !browser_can_be_started("law_01_a_record_must_prove_its_browser") {
        return;
    }
    let (bench, site) = (Bench::new(), site());
    let order = in_a_browser(&bench, &[&site.url("/plain")], false);
    let good = run(&bench, &order);
    assert!(good.complete, "{good:#?}");
    for (place, probe) in good.proof.iter().enumerate() {
        let mut open = good.clone();
        open.proof[place].held = false;
        assert!(matches!(proves(&order, &open), Err(NotProved::Leak(_))), "{}", probe.probe);
        let mut missing = good.clone();
        missing.proof.remove(place);
        assert!(matches!(proves(&order, &missing), Err(NotProved::Leak(_))), "{}", probe.probe);
    }
    let without = Order { browser: None, ..order.clone() };
    assert_eq!(proves(&without, &good), Err(NotProved::OtherWay("browser")));
    let with_scripts = Order { browser: Some(Rendering { scripts: true }), ..order.clone() };
    assert_eq!(proves(&with_scripts, &good), Err(NotProved::OtherWay("browser")));
    assert_eq!(proves(&order, &CaptureRecord { browser: None, ..good }), Err(NotProved::OtherWay("browser")));
}

/// Answers each path with a page of HTML, or not at all.
fn pages(page: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Server {
    Server::new(move |request, stream| {
        if let Some(body) = page(request.split(' ').nth(1).unwrap_or_default()) {
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(body.as_bytes());
        }
    })
}

fn ends(record: &CaptureRecord) -> Vec<&str> {
    record.browser.as_ref().unwrap().pages.iter().map(|page| page.ended.as_str()).collect()
}

#[test]
fn what_a_browser_shows_in_place_of_a_page_is_never_kept_as_the_page() {
    if !browser_can_be_started("what_a_browser_shows_in_place_of_a_page_is_never_kept_as_the_page") {
        return;
    }
    let site = pages(|path| {
        Some(match path {
            "/refresh" => "<title>SYNTHETIC</title><meta http-equiv=refresh content='0;url=/elsewhere'><p>as it was sent".into(),
            "/script" => "<title>SYNTHETIC</title><p>as it was sent<script>location = '/elsewhere'</script>".into(),
            "/made" => "<title>SYNTHETIC</title><p>as it was sent<script>location = URL.createObjectURL(new Blob(['<p>forged'], {type: 'text/html'}))</script>".into(),
            "/empty" => "<title>SYNTHETIC</title><p>as it was sent<script>addEventListener('load', () => setTimeout(() => location = 'about:blank'))</script>".into(),
            _ => "<p>elsewhere".into(),
        })
    });
    let bench = Bench::new();
    let record = run_long(&bench, &in_a_browser(&bench, &[&site.url("/refresh"), &site.url("/script"), &site.url("/made"), &site.url("/empty")], true));
    let did = record.browser.as_ref().unwrap();
    let all = records(&bench.warc());
    for what in ["dom", "mhtml"] {
        for kept in shown(&all, what) {
            assert!(text(kept).contains("SYNTHETIC") && text(kept).contains("as it was sent") && !text(kept).contains("forged"), "{}", text(kept));
        }
    }
    assert!(did.pages[..2].iter().all(|page| page.document.is_some() && page.archive.is_some()), "{did:#?}");
    assert!(!String::from_utf8_lossy(&bench.warc()).contains("chrome-error"), "{did:#?}");
    assert_eq!(ends(&record)[..3], ["shown", "led-away", "not-loaded"], "what was refused left the page where it was: {did:#?}");
    assert!(did.pages[2].document.is_none() && did.pages[2].landed.as_deref().is_some_and(|landed| landed.starts_with("blob:")), "{did:#?}");
    // An empty window is no page of the server, whichever came first.
    let empty = &did.pages[3];
    assert!(empty.ended != "shown" || empty.landed.as_deref() == Some(site.url("/empty").as_str()), "{empty:?}");
    assert!(did.refused.iter().filter(|one| one.why.contains("lead its window elsewhere")).count() >= 2, "{:#?}", did.refused);
}

#[test]
fn law_07_an_order_for_text_seals_no_picture_that_a_script_made() {
    if !browser_can_be_started("law_07_an_order_for_text_seals_no_picture_that_a_script_made") {
        return;
    }
    // A picture of one point (PNG), made by the script from its own letters.
    let made = "const bytes = Uint8Array.from(atob('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII='), sign => sign.charCodeAt(0));\
        const picture = document.createElement('img'); picture.src = URL.createObjectURL(new Blob([bytes], {type: 'image/png'})); document.body.append(picture);";
    let drawn = "const canvas = document.createElement('canvas'); canvas.width = canvas.height = 20; document.body.append(canvas); canvas.getContext('2d').fillRect(0, 0, 9, 9);\
        canvas.toBlob(blob => { const picture = document.createElement('img'); picture.src = URL.createObjectURL(blob); document.body.append(picture); });";
    let (made, drawn) = (made.to_string(), drawn.to_string());
    let site = pages(move |path| Some(format!("<title>SYNTHETIC</title><body><p>words<script>{}</script>", match path { "/made" => made.as_str(), "/drawn" => drawn.as_str(), _ => "" })));
    let bench = Bench::new();
    let record = run_long(&bench, &in_a_browser(&bench, &[&site.url("/made"), &site.url("/drawn"), &site.url("/words")], true));
    let all = records(&bench.warc());
    for archive in shown(&all, "mhtml") {
        assert!(!text(archive).contains("Content-Type: image/"), "{}", text(archive));
    }
    assert_eq!(ends(&record)[2], "shown");
    let did = record.browser.as_ref().unwrap();
    assert!(did.pages[..2].iter().all(|page| (page.ended == "part-missing") == page.archive.is_none() && page.document.is_some()), "{did:#?}");
}

#[test]
fn a_page_that_is_too_long_to_be_told_loses_its_parts_and_nothing_else() {
    if !browser_can_be_started("a_page_that_is_too_long_to_be_told_loses_its_parts_and_nothing_else") {
        return;
    }
    let site = pages(|path| Some(if path == "/long" { format!("<title>SYNTHETIC</title><div hidden>{}</div>", "&".repeat(21 << 20)) } else { "<p>words".into() }));
    let bench = Bench::new();
    let order = Order { byte_budget: 400 << 20, ..in_a_browser(&bench, &[&site.url("/long"), &site.url("/words")], false) };
    let record = run_long(&bench, &order);
    assert_eq!(ends(&record), ["part-missing", "shown"], "{record:#?}");
    assert!(record.browser.as_ref().unwrap().pages[0].document.is_none() && !record.complete);
    assert_eq!([&record.fetches[0].outcome, &record.fetches[1].outcome], [&complete(200); 2]);
}

#[test]
fn no_page_of_an_order_takes_what_the_others_need() {
    if !browser_can_be_started("no_page_of_an_order_takes_what_the_others_need") {
        return;
    }
    let greedy = "<title>SYNTHETIC</title><script>for (let one = 0; one < 700; one++) fetch('/part' + one).catch(() => 0); fetch('/' + 'a'.repeat(5000)).catch(() => 0)</script>";
    let asks = "<title>SYNTHETIC</title><p><script>fetch('/words').then(r => r.text()).then(t => document.body.append('FETCHED'))</script>";
    let site = pages(move |path| Some(match path { "/greedy" => greedy.into(), "/asks" => asks.into(), _ => "words".into() }));
    let bench = Bench::new();
    let order = in_a_browser(&bench, &[&site.url("/greedy"), &site.url("/asks")], true);
    let record = run_long(&bench, &order);
    let did = record.browser.as_ref().unwrap();
    let parts = did.fetched.iter().filter(|fetch| fetch.url.contains("/part")).count();
    assert!((400..=500).contains(&parts), "{parts}");
    assert!(did.refused.iter().any(|one| one.why == "too many requests"));
    assert!(did.fetched.iter().all(|fetch| fetch.url.len() < 4_096));
    assert_eq!(ends(&record)[1], "shown");
    assert!(text(shown(&records(&bench.warc()), "dom").last().unwrap()).contains("FETCHED"));
}

#[test]
fn pages_are_fetched_without_the_browser_when_one_of_them_ended_it() {
    if !browser_can_be_started("pages_are_fetched_without_the_browser_when_one_of_them_ended_it") {
        return;
    }
    // What a page does to a browser that it can end: whoever asks for it has its browser killed.
    let collector = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let of = collector.clone();
    let site = pages(move |path| {
        if path == "/ends-it" {
            let launcher = children(of.load(std::sync::atomic::Ordering::SeqCst))[0];
            let browser = children(launcher)[0].to_string();
            std::thread::sleep(std::time::Duration::from_millis(300));
            assert!(Command::new("kill").args(["-9", &browser]).status().unwrap().success());
        }
        Some("<p>words".into())
    });
    let bench = Bench::new();
    let order = in_a_browser(&bench, &[&site.url("/first"), &site.url("/ends-it"), &site.url("/third")], false);
    let (running, _canaries, _place) = start(&bench, &order);
    collector.store(running.id(), std::sync::atomic::Ordering::SeqCst);
    let record = attend(&bench, running);
    assert_eq!(ends(&record), ["shown", "browser-ended", "browser-ended"], "{record:#?}");
    assert!(record.fetches.iter().all(|fetch| fetch.outcome == complete(200)) && !record.complete, "{record:#?}");
    assert_eq!(proves(&order, &record), Ok(()));
}

#[test]
fn a_page_stores_nothing_for_the_next_one() {
    if !browser_can_be_started("a_page_stores_nothing_for_the_next_one") {
        return;
    }
    let site = pages(|path| Some(format!("<title>SYNTHETIC</title><body><script>{}</script>", if path == "/leaves" { "localStorage.setItem('left', 'LEFT HERE'); document.cookie = 'left=LEFT'" } else { "document.body.append('found: ' + localStorage.getItem('left') + document.cookie)" })));
    let bench = Bench::new();
    run_long(&bench, &in_a_browser(&bench, &[&site.url("/leaves"), &site.url("/finds")], true));
    let all = records(&bench.warc());
    let found = text(shown(&all, "dom").last().unwrap());
    assert!(found.contains("found: null") && !found.contains("LEFT"), "{found}");
}

/// All processes below this one.
fn descendants(id: u32) -> Vec<u32> {
    let (mut found, mut next) = (vec![], children(id));
    while let Some(one) = next.pop() {
        next.extend(children(one));
        found.push(one);
    }
    found
}

fn children(id: u32) -> Vec<u32> {
    let text = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

fn is_alive(id: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    state.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Each of these is put into the browser's walls, alone; the try or look that must see it.
const FAULTS: [(&str, &str); 39] = [
    // A network with a way on: connections, datagrams, names, WebRTC's first question.
    ("no-network-namespace", "canary-tcp"), ("loopback-up", "loopback4"), ("loopback-up", "dns-stub"), ("route", "tcp4"), ("route", "udp4"),
    ("route", "dns-udp4"), ("route", "dns-tcp"), ("route", "stun"), ("route", "icmp4"), ("resolver", "name-lookup"), ("tcp-canary", "canary-tcp"), ("late-route", "nothing-listens"),
    // Sockets and files of the host.
    ("host-root", "files"), ("host-root", "canary-path"), ("host-root", "mounts"), ("path-canary", "canary-path"), ("abstract-canary", "canary-abstract"), ("socket-in-tmp", "no-sockets"),
    ("socket-in-var", "no-sockets"), ("pipe", "no-sockets"), ("passwd", "shown-files"), ("hosts", "shown-files"), ("program", "shown-files"), ("library", "shown-files"),
    ("resolv-conf", "no /etc/resolv.conf"), ("zone", "clock-zone-and-language"), ("home", "files"), ("run-user", "no /run/user"), ("display", "no /tmp/.X11-unix"), ("writable-root", "mounts"), ("memory", "mounts"),
    ("late-memory", "own-mounts"),
    // Processes, names, rights.
    ("processes-of-the-host", "mounts"), ("late-processes-of-the-host", "own-mounts"), ("host-name", "host-name"), ("no-filter", "system-calls-filtered"), ("capabilities", "no-capabilities"), ("descriptor", "descriptors"), ("variable", "environment"),
];

#[test]
fn law_01_a_browser_behind_faulty_walls_is_told_of_no_page() {
    let name = "law_01_a_browser_behind_faulty_walls_is_told_of_no_page";
    if !browser_can_be_started(name) {
        return;
    }
    // Where a wall is missing, the battery reaches out: its host is then a network of this test's own, without a way on.
    let this = std::env::current_exe().unwrap();
    let output = Command::new("unshare").args(["-Urn", "--"]).arg(this).args(["--exact", "browser::faults_in_a_browsers_walls", "--ignored"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "part of law_01_a_browser_behind_faulty_walls_is_told_of_no_page, which gives it a network of its own"]
fn faults_in_a_browsers_walls() {
    assert!(Command::new(CHILD).arg("__loopback-up").status().unwrap().success());
    let site = site();
    let whole = faulty_session("none", &site);
    assert!(whole.0 == Some(0) && site.hits() > 0, "{whole:?}");
    let before = site.hits();
    let said: BTreeMap<&str, (Option<i32>, String)> = std::thread::scope(|scope| {
        let site = &site;
        let names: BTreeSet<&str> = FAULTS.iter().map(|(fault, _)| *fault).chain(["no-process-namespace"]).collect();
        let mut lanes = vec![Vec::new(); 4];
        names.into_iter().enumerate().for_each(|(place, fault)| lanes[place % 4].push(fault));
        let lanes = lanes.into_iter().map(|lane| scope.spawn(move || lane.into_iter().map(|fault| (fault, faulty_session(fault, site))).collect::<Vec<_>>()));
        lanes.collect::<Vec<_>>().into_iter().flat_map(|lane| lane.join().unwrap()).collect()
    });
    assert_eq!(site.hits(), before, "no page was asked for behind faulty walls");
    let mut found = BTreeSet::new();
    for (fault, probe) in FAULTS {
        let (code, words) = &said[fault];
        assert_eq!(*code, Some(4), "{fault}: {words}");
        assert!(words.contains("the leak battery found a way out") && words.contains(&format!("browser {probe}: ")), "{fault}, {probe}: {words}");
        found.insert(fault);
    }
    // Without a world of processes of its own there is nothing to try: it does not begin.
    let (code, words) = &said["no-process-namespace"];
    assert!(*code == Some(4) && words.contains("there is no browser"), "{words}");
    assert_eq!(found.len(), 31, "a fault that is tried twice counts once");
}

/// A session whose launcher has this fault; nothing may be signed.
fn faulty_session(fault: &str, site: &Server) -> (Option<i32>, String) {
    let (bench, place) = (Bench::new(), TempDir::new().unwrap());
    let program = place.path().join(format!("faulty-{fault}"));
    std::fs::copy(CHILD, &program).unwrap();
    let canaries = canary::Cage::open(place.path()).unwrap();
    let through = Through { canaries: canaries.told(), ..Through::default() };
    let order = in_a_browser(&bench, &[&site.url("/plain")], true);
    let mut running = Collector::new(program).start_through(&through, bench.path(), &order, &bench.desk, bench.seed).unwrap();
    let code = running.wait().code();
    assert_eq!(bench.path().join("record.json").exists(), fault == "none", "{fault}: {}", running.message());
    assert_eq!(canaries.was_reached(), ["no-network-namespace", "host-root"].contains(&fault), "{fault}");
    (code, running.message())
}

/// A page that tries every way out that a page has, in this order: what it wanted is told, and it is shown all the same.
const EVERYWHERE: &str = include_str!("everywhere.html");

fn everywhere() -> Server {
    Server::new(|request, stream| {
        let send = |stream: &mut std::net::TcpStream, head: &str, body: &str| {
            let _ = write!(stream, "HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        };
        match request.split(' ').nth(1).unwrap_or_default() {
            "/" => send(stream, "200 OK\r\nContent-Type: text/html\r\nLink: <https://in-a-field.example>; rel=preconnect\r\nContent-Security-Policy-Report-Only: img-src 'none'; report-uri http://198.51.100.7/csp", EVERYWHERE),
            "/own.css" => send(stream, "200 OK\r\nContent-Type: text/css", "h1 { background: url(http://198.51.100.7/from-a-sheet.png) }"),
            "/own-data" => send(stream, "200 OK\r\nContent-Type: text/plain", "FETCHED HERE"),
            "/redirects-out" => send(stream, "302 Found\r\nLocation: http://198.51.100.7/redirected", ""),
            "/worker.js" | "/shared.js" | "/service.js" => send(stream, "200 OK\r\nContent-Type: text/javascript", "fetch('http://198.51.100.7/from-a-worker')"),
            _ => send(stream, "404 Not Found\r\nContent-Type: text/plain", "no"),
        }
    })
}

#[test]
fn law_01_what_a_page_wants_of_others_is_refused_and_told() {
    if !browser_can_be_started("law_01_what_a_page_wants_of_others_is_refused_and_told") {
        return;
    }
    for scripts in [false, true] {
        let (bench, site) = (Bench::new(), everywhere());
        let record = run(&bench, &in_a_browser(&bench, &[&site.url("/")], scripts));
        let did = record.browser.clone().unwrap();
        // A script wants the window to go before the page is loaded; then it is loaded no further.
        let ended = did.pages[0].ended.as_str();
        assert!(ended == "shown" || (scripts && ended == "led-away"), "{record:#?}");
        assert!(record.complete == (ended == "shown"), "{record:#?}");
        // Whatever led the window away was held: what is kept is the site's page, and no page of the browser's own.
        assert!(did.pages[0].landed.as_deref().is_some_and(|landed| landed.starts_with(&site.url("/"))), "{did:#?}");
        let document = text(shown(&records(&bench.warc()), "dom")[0]);
        assert!(document.contains("SYNTHETIC goods") && document.contains(if scripts { "as a script made it" } else { "as it was sent" }), "{document}");
        assert!(!document.contains("CANDIDATE") && (!scripts || document.contains("TRIED fetch ")), "{document}");
        let wanted = WANTED.iter().chain(if scripts { SCRIPTED } else { ["meta-refresh"].as_slice() });
        let missing: Vec<_> = wanted.filter(|part| !did.refused.iter().any(|one| one.url.contains(**part))).collect();
        assert!(missing.is_empty(), "not told: {missing:?}\n{:#?}", did.refused);
        assert_eq!(did.refused.iter().filter(|one| one.url.ends_with("/csp")).count(), 1, "one thing fills no list");
        assert_eq!(did.refused.iter().filter(|one| one.url.contains("7/manifest")).count(), 1, "it is told, and the browser does not ask for it: {:#?}", did.refused);
        assert!(!did.fetched.iter().any(|fetch| fetch.url.ends_with("/shared.js")), "workers that many pages share are not there at all");
        assert!(did.refused.iter().all(|one| !one.url.starts_with("chrome")), "the browser's own pages are nobody's wish: {:#?}", did.refused);
        assert!(did.refused_more > 5 && did.fetched.iter().all(|fetch| fetch.url.starts_with(&site.url("/"))), "{did:#?}");
    }
}

/// What the page wants by its marks alone, by a part of the address that is in no other.
const WANTED: [&str; 30] = [
    "7/style.css", "7/import.css", "7/font.woff2", "css-beacon", "css-letter", "from-a-sheet", "//dns-prefetch.example", "//preconnect.example", "//in-a-field.example", "7/prefetch", "7/preload", "7/manifest",
    "7/pixel", "[2001:db8:1::7]/six", "printer.local", "other-market.example", "file:///etc/passwd", "unix:/run/docker.sock", "7/srcset", "7/source", "7/svg.png", "7/film", "7/poster", "7/sound", "7/object", "7/embed", "7/frame", "in-a-frame",
    "7/redirected", "7/csp",
];
/// What its scripts want besides.
const SCRIPTED: &[&str] = &[
    "tracker.example/x.js", "7/modulepreload", "7/fetch", "7/fetch-post", "7/keepalive", "7/xhr", "7/beacon", "7/event-source", "ws://198.51.100.7/socket", "/own-socket", ":4433/transport", "7/image.png", "7/audio", "7/import.js",
    "name-of-a-script.example", "/worker.js", "blob:", "/service.js", "7/worklet.js", "7/late.woff2", "WebRTC", "7/window", "7/form-post", "7/download", "7/blank", "file:///etc/hostname", "7/form-get", "7/location",
    "7/speculated", "/speculated-here",
];
