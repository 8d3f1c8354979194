//! Pages in a browser, watched from outside: a page that tries every way out that a page has, with and without scripts,
//! from an onion service and from the open net through an exit. What is claimed: no packet but Tor's own to its relays, no
//! connection of the browser to anybody, and what the page wanted of others told in the record.

use std::{io::Write, time::Duration};

use serde_json::Value;

use crate::{
    browser::no_browser,
    office::{Office, outcome, skipped, string},
    onion::{LONG, Network, walled},
    revocation::Server,
    watch::{World, is_inside, port_of, ports},
};

const NAME: &str = "watched_browser::law_01_no_packet_of_a_browser_leaves_but_through_tor";

/// The page that the collector's own tests show to a browser.
const PAGE: &str = include_str!("../../../collect/tests/collect/everywhere.html");

/// What the page wants by its marks alone, by a part of the address that is in no other.
const WANTED: [&str; 24] = [
    "7/style.css", "7/import.css", "7/font.woff2", "css-beacon", "css-letter", "from-a-sheet", "//dns-prefetch.example", "//preconnect.example", "7/prefetch", "7/pixel", "[2001:db8:1::7]/six", "printer.local", "other-market.example",
    "file:///etc/passwd", "unix:/run/docker.sock", "7/srcset", "7/svg.png", "7/film", "7/object", "7/embed", "7/frame", "in-a-frame", "7/redirected", "7/csp",
];
/// What its scripts want besides. Over plain http a browser offers no page WebTransport and no service worker.
const SCRIPTED: [&str; 22] = [
    "tracker.example/x.js", "7/fetch", "7/fetch-post", "7/xhr", "7/beacon", "7/event-source", "ws://198.51.100.7/socket", "/own-socket", "7/image.png", "7/import.js", "name-of-a-script.example", "/worker.js", "blob:", "7/late.woff2", "WebRTC",
    "7/window", "7/form-post", "7/blank", "file:///etc/hostname", "7/form-get", "7/location", "7/keepalive",
];

fn server() -> Server {
    Server::hearing(|request, stream| {
        let (head, body) = match request.split(' ').nth(1).unwrap_or_default() {
            "/" => ("200 OK\r\nContent-Type: text/html\r\nContent-Security-Policy-Report-Only: img-src 'none'; report-uri http://198.51.100.7/csp", PAGE),
            "/own.css" => ("200 OK\r\nContent-Type: text/css", "h1 { background: url(http://198.51.100.7/from-a-sheet.png) }"),
            "/own-data" => ("200 OK\r\nContent-Type: text/plain", "FETCHED HERE"),
            "/redirects-out" => ("302 Found\r\nLocation: http://198.51.100.7/redirected", ""),
            "/worker.js" => ("200 OK\r\nContent-Type: text/javascript", "fetch('http://198.51.100.7/from-a-worker')"),
            _ => ("404 Not Found\r\nContent-Type: text/plain", "no"),
        };
        write!(stream, "HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    })
}

#[test]
#[ignore = "takes two to five minutes: a browser in a Tor network of its own, watched packet by packet"]
fn law_01_no_packet_of_a_browser_leaves_but_through_tor() {
    if let Some(what) = no_browser() {
        return skipped(NAME, what);
    }
    if !is_inside(NAME, LONG * 5) {
        return;
    }
    let office = Office::working();
    office.unit_authority(&["collect-rendered"]);
    let Some(world) = World::begin(NAME, &office) else { return };
    let server = server();
    let web = port_of(&server);
    let network = Network::with_exit("tor-network-watched-browser", web);
    let client = network.client();
    let (hidden, open) = (format!("http://{}", network.onion), format!("http://market.test:{web}"));
    let captured = |way: &str, more: &[&str], urls: &[String]| {
        let words = [&["capture", "--case", &office.case, "--through", way, "--tor-network", &client], more].concat();
        let words: Vec<String> = words.into_iter().map(str::to_string).chain(urls.iter().cloned()).collect();
        captured(&office, &world, &words)
    };
    for scripts in [false, true] {
        let view = captured("tor", if scripts { &["--browser", "--scripts"] } else { &["--browser"] }, &[format!("{hidden}/")]);
        what_was_wanted_is_told(&view, &hidden, scripts);
    }
    let view = captured("tor-exit", &[], &[format!("{open}/"), format!("{open}/redirects-out")]);
    walled(&view["record"]);
    let fetches = &view["record"]["fetches"];
    assert_eq!((&fetches[0]["status"], &fetches[1]["status"], fetches.as_array().unwrap().len()), (&200.into(), &302.into(), 2), "seen, and not followed: {fetches}");
    let view = captured("tor-exit", &["--browser", "--scripts"], &[format!("{open}/")]);
    what_was_wanted_is_told(&view, &open, true);

    let name = network.onion.trim_end_matches(".onion").to_string();
    let relays = ports(&network);
    drop(network);
    let told = world.end(&relays, web, Some(&name), &office);
    assert!(told >= 2, "each page is asked of Tor's socket: {told}");
    office.sound_log();
}

/// A way through a young network may be lost: then it is begun again.
fn captured(office: &Office, world: &World, words: &[String]) -> Value {
    for _ in 0..12 {
        let said = outcome(world.traced(office, words), LONG);
        if said.code == 0 && (said.lines()[0]["record"]["complete"] == true || said.lines()[0]["record"]["browser"]["pages"][0]["ended"] == "led-away") {
            return said.lines()[0].clone();
        }
        let partial = said.code == 0 && said.out.contains("\"complete\":false");
        assert!(partial || said.err.contains("nothing at all was received"), "{}{}", said.out, said.err);
        std::thread::sleep(Duration::from_secs(3));
    }
    panic!("the page was never reached: {words:?}");
}

fn what_was_wanted_is_told(view: &Value, site: &str, scripts: bool) {
    let record = &view["record"];
    walled(record);
    let proof = record["proof"].as_array().unwrap();
    assert!(proof.iter().filter(|probe| string(&probe["probe"]).starts_with("browser ")).count() > 40, "{proof:?}");
    let did = &record["browser"];
    // A script wants the window to go before the page is loaded; then it is loaded no further.
    let ended = if scripts { "led-away" } else { "shown" };
    assert_eq!((&did["scripts"], &did["pages"][0]["ended"]), (&scripts.into(), &ended.into()), "{did}");
    assert!(string(&did["pages"][0]["landed"]).starts_with(site), "the page stays, wherever it was led: {did}");
    let fetched = did["fetched"].as_array().unwrap();
    assert!(!fetched.is_empty() && fetched.iter().all(|fetch| string(&fetch["url"]).starts_with(site)), "{did}");
    let refused: Vec<String> = did["refused"].as_array().unwrap().iter().map(|one| string(&one["url"])).collect();
    let wanted = WANTED.iter().chain(if scripts { SCRIPTED.as_slice() } else { &["meta-refresh"] });
    let missing: Vec<_> = wanted.filter(|part| !refused.iter().any(|url| url.contains(**part))).collect();
    assert!(missing.is_empty(), "not told: {missing:?} in {refused:#?}");
}
