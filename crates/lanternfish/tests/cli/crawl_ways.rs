//! Crawls by another way out and as a persona: the same refusals as for one capture, before anything is made; a session
//! that stands in nothing that is kept, in one officer's hands, and that ends the crawl when it is over (laws 1, 13, 15).

use std::{
    io::Write,
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    crawl::{QUICK, html, links, reason, sitemap, state},
    office::{ADMIN, KHAM, NOY, Office, outcome, string},
    personas::{COOKIE, FRESH, PHET, Unit, holds_none},
    revocation::Server,
};

const LONG: Duration = Duration::from_secs(90);

/// A market that knows its visitor: each page repeats the session in a link, and the first sets a second cookie.
fn market() -> (Server, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&heard);
    let server = Server::hearing(move |request, stream| {
        keep.lock().unwrap().push(request.to_string());
        let own = format!("/mine?sid={COOKIE}");
        let body = match request.split(' ').nth(1).unwrap_or_default() {
            "/" => links(&["/a", "/b", "/user/logout", "/session?do=sign-out", &own]),
            _ => links(&["/", &own]) + "SYNTHETIC page of the market",
        };
        let set = if request.starts_with("GET / ") { format!("Set-Cookie: cart={FRESH}; Path=/\r\n") } else { String::new() };
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{set}Content-Length: {}\r\n\r\n{body}", body.len())
    });
    (server, heard)
}

fn paths(heard: &Arc<Mutex<Vec<String>>>) -> Vec<String> {
    heard.lock().unwrap().iter().map(|request| request.split(' ').nth(1).unwrap().to_string()).collect()
}

fn crawl(office: &Office, who: &str, url: &str, more: &[&str]) -> crate::office::Said {
    office.in_case(who, "collect crawl", &[&[url], &QUICK[..], more].concat())
}

#[test]
fn law_13_a_crawl_as_a_persona_sends_its_session_and_keeps_it_out_of_all_that_is_kept() {
    let unit = Unit::out("127.0.0.1");
    let office = &unit.office;
    let (server, heard) = market();
    let view = crawl(office, NOY, &server.url, &["--persona", "N-0001"]).ended(0).line();
    assert_eq!((&view["state"], &view["fetched"], &view["as_persona"]), (&"done".into(), &3.into(), &true.into()), "{view}");
    assert_eq!(paths(&heard), ["/", "/a", "/b"], "what would log it out is not asked for, and no address with its session");
    {
        let heard = heard.lock().unwrap();
        assert!(heard[0].contains(&format!("sid={COOKIE}\r\n")), "{}", heard[0]);
        assert!(heard[1..].iter().all(|request| request.contains(&format!("sid={COOKIE}; cart={FRESH}\r\n"))), "the jar goes on from round to round: {heard:?}");
    }
    let map = sitemap(office, "K-0001");
    assert!(reason(&map, &format!("{}user/logout", server.url)).contains("log the persona out"), "{map:#?}");
    assert!(reason(&map, &format!("{}session?do=sign-out", server.url)).contains("log the persona out"), "{map:#?}");
    assert_eq!(view["left_out"]["session"], 1, "{view}");
    let exhibits = office.exhibits();
    assert_eq!(exhibits.len(), 2, "two rounds");
    assert!(exhibits.iter().all(|one| one["record"]["record"]["fetches"].as_array().unwrap().iter().all(|fetch| !fetch["withheld"].as_array().unwrap().is_empty())), "{exhibits:#?}");
    assert!(holds_none(&office.home, &[COOKIE, FRESH]) > 5);
    let used = office.in_case(KHAM, "persona history", &["N-0001"]).ended(0).lines().iter().filter(|line| line["what"] == "used").count();
    assert_eq!(used, 2, "each round is a use");
    // The same site without it: another visitor.
    let plain = crawl(office, NOY, &server.url, &[]).ended(0).line();
    assert!(plain.get("as_persona").is_none() && !heard.lock().unwrap().last().unwrap().contains("Cookie:"), "{plain}");
    office.sound_log();
}

#[test]
fn law_01_a_crawl_as_a_persona_is_its_officers_and_under_its_authority_alone() {
    let unit = Unit::authorised();
    let office = &unit.office;
    let (server, heard) = market();
    let as_persona = ["--persona", "N-0001", "--pages", "1"];
    crawl(office, NOY, &server.url, &as_persona).by_law(1).tells("check-out");
    crawl(office, NOY, &server.url, &["--persona", "nobody"]).ended(2).tells("no persona");
    office.does(PHET, "persona check-out", &["N-0001"]);
    crawl(office, NOY, &server.url, &as_persona).by_law(1).tells("another officer has it");
    assert!(heard.lock().unwrap().is_empty() && office.in_case(NOY, "collect status", &[]).ended(0).out.is_empty(), "nothing was asked for, and no crawl was written down");
    crawl(office, PHET, &server.url, &as_persona).ended(0);
    // Neither another officer nor who gave it back goes on with it; nor does a schedule.
    office.in_case(NOY, "collect resume", &["K-0001"]).by_law(1).tells("another officer has it");
    office.in_case(KHAM, "collect resume", &["K-0001"]).by_law(1);
    let start = [&["--every", "1h", "--until", "2199-12-31", &server.url][..], &QUICK, &as_persona].concat();
    office.does(PHET, "collect schedule", &start);
    office.does(PHET, "persona return", &["N-0001"]);
    let visits = heard.lock().unwrap().len();
    office.in_case(PHET, "collect retry", &["K-0001"]).by_law(1).tells("check-out");
    office.in_case(PHET, "collect run-due", &[]).ended(0).tells("not begun");
    // The unit's standing authority covers the host; the persona serves its own and no other.
    office.does(NOY, "persona check-out", &["N-0001"]);
    office.does(KHAM, "authority revoke", &[&unit.authority, "--reason", "a drill"]);
    crawl(office, NOY, &server.url, &as_persona).by_law(1);
    assert_eq!(heard.lock().unwrap().len(), visits);
    crawl(office, NOY, &server.url, &["--pages", "1"]).ended(0);
    office.sound_log();
}

/// The persona is used under its own authority, also where another one covers the same hosts.
#[test]
fn law_01_each_order_of_a_crawl_as_a_persona_names_the_personas_authority() {
    let unit = Unit::out("127.0.0.1");
    let office = &unit.office;
    let (server, _) = market();
    crawl(office, NOY, &server.url, &["--persona", "N-0001", "--pages", "2"]).ended(0);
    let exhibits = office.exhibits();
    assert!(!exhibits.is_empty() && exhibits.iter().all(|one| one["record"]["record"]["authority"] == unit.authority.as_str()), "{exhibits:#?}");
}

#[test]
fn law_15_burning_a_persona_stops_its_crawl_and_nobody_goes_on_with_it() {
    let unit = Unit::authorised();
    let office = &unit.office;
    office.does(NOY, "persona check-out", &["N-0001"]);
    let site = crate::crawl::Site::new(|path, stream| match path {
        "/" => html(stream, &links(&["/slow", "/later"])),
        "/slow" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000000000\r\n\r\n")?;
            loop {
                stream.write_all(b"drip ")?;
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        _ => html(stream, "a page"),
    });
    let start = site.url("/");
    let words = [&["collect", "crawl", "--case", &office.case, &start, "--persona", "N-0001"][..], &QUICK].concat();
    let running = office.command(NOY, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let since = Instant::now();
    while !site.asked().contains(&"/slow".to_string()) {
        assert!(since.elapsed() < LONG, "it never came to the slow page");
        std::thread::sleep(Duration::from_millis(20));
    }
    office.does(PHET, "persona burn", &["N-0001", "--reason", "seen"]);
    let burned = Instant::now();
    outcome(running, LONG).by_law(15).tells("burned").tells("K-0001 is stopped");
    assert!(burned.elapsed() < Duration::from_secs(30), "it went on for {:?}", burned.elapsed());
    let view = office.in_case(NOY, "collect status", &["K-0001"]).ended(0).line();
    assert_eq!(view["state"], "stopped", "{view}");
    assert!(string(&view["ended"]).contains("burned"), "{view}");
    office.in_case(NOY, "collect resume", &["K-0001"]).by_law(1).tells("burned");
    assert!(!site.asked().contains(&"/later".to_string()));
    assert_eq!(office.exhibits().len(), 2, "what came is kept");
    office.sound_log();
}

#[test]
fn law_01_a_crawl_takes_no_other_way_by_accident() {
    let office = Office::working();
    let onion = "http://duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion/";
    let to = |way: &str, url: &str| crawl(&office, NOY, url, &["--through", way]).ended(2).tells("Nothing was made");
    to("tor-exit", onion).tells("write `--through tor`");
    to("loopback", onion).tells("write `--through tor`");
    to("tor", "http://example.org/").tells("`--through tor-exit` leads there");
    for url in ["http://192.0.2.1/", "http://[2001:db8::1]/", "http://127.0.0.1:9/"] {
        to("tor-exit", url).tells("only names are asked for");
    }
    for url in ["http://localhost/", "http://router.local/", "http://a.i2p/", "http://market.test/"] {
        to("tor-exit", url).tells("no part of the open net");
    }
    crawl(&office, NOY, "http://example.org/", &["--through", "tor-exit", "--source", "darknet"]).ended(2).tells("are the source open");
    crawl(&office, NOY, "http://example.org/", &["--through", "proxy:nobody"]).ended(2).tells("there is no proxy");
    for (name, kind) in [("exit-1", "agency"), ("router", "i2p")] {
        office.done(ADMIN, &["proxy", "add", name, "--kind", kind, "--at", "127.0.0.1:1080", "--operator", "the drill"]);
    }
    to("proxy:exit-1", "http://example.org/").tells("only names that end in .test are asked for");
    to("proxy:router", "http://planet.i2p/").tells("I2P has no network to practise on");
    to("proxy:router", "http://example.org/").tells("no name of I2P");
    let schedule = ["--every", "1h", "--until", "2199-12-31", "http://example.org/", "--through", "proxy:exit-1"];
    office.in_case(NOY, "collect schedule", &[&schedule[..], &QUICK].concat()).ended(2).tells("only names that end in .test");
    assert!(office.in_case(NOY, "collect status", &[]).ended(0).out.is_empty(), "no crawl and no schedule was written down");
    assert!(office.exhibits().is_empty() && !office.home.join("tor").exists(), "tor was not even started");
}

/// A proxy that nobody listens at: the crawl is written down, its way is kept, and it ends with the proxy.
#[test]
fn law_01_a_crawl_through_a_proxy_keeps_its_way_and_takes_no_persona() {
    let unit = Unit::out("market.test");
    let office = &unit.office;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    office.done(ADMIN, &["proxy", "add", "exit-1", "--kind", "agency", "--at", &format!("127.0.0.1:{port}"), "--operator", "the drill"]);
    let words = ["--through", "proxy:exit-1"];
    crawl(office, NOY, "http://market.test/", &[&words[..], &["--persona", "N-0001"]].concat()).ended(2).tells("no circuits of its own for a persona");
    assert!(office.in_case(NOY, "collect status", &[]).ended(0).out.is_empty(), "and no crawl was written down");
    let said = crawl(office, NOY, "http://market.test/", &[&words[..], &["--timeout-ms", "3000"]].concat());
    assert_ne!(said.code, 0, "{said:?}");
    let view = office.in_case(NOY, "collect status", &["K-0001"]).ended(0).line();
    assert_eq!(view["way"], serde_json::json!({"through": "proxy", "name": "exit-1", "kind": "agency"}), "{view}");
    office.done(ADMIN, &["proxy", "remove", "exit-1", "--reason", "old"]);
    office.in_case(NOY, "collect retry", &["K-0001"]).ended(2).tells("there is no proxy");
    let fetched: Vec<Value> = sitemap(office, "K-0001").into_values().filter(|line| line["state"] == "fetched").collect();
    assert!(fetched.is_empty(), "{fetched:?}");
}

/// What is withheld short is not covered in a page: an address that holds it is in no order, and ends nobody else's.
#[test]
fn law_13_an_address_with_the_session_in_it_is_asked_for_in_no_order() {
    let unit = Unit::out("127.0.0.1");
    let office = &unit.office;
    const SHORT: &str = "srv-91ac77";
    let server = Server::hearing(|request, stream| {
        let body = match request.split(' ').nth(1).unwrap_or_default() {
            "/" => links(&["/a", &format!("/c?token={SHORT}"), "/b"]),
            _ => "SYNTHETIC page".into(),
        };
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: short={SHORT}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    });
    // Each page is a round; the value is set by the first answer, and is too short to be covered in that page.
    let view = crawl(office, NOY, &server.url, &["--persona", "N-0001", "--round", "1"]).ended(0).line();
    let map = sitemap(office, "K-0001");
    assert_eq!((&view["state"], &view["fetched"], state(&map, &format!("{}b", server.url))), (&"done".into(), &3.into(), "fetched"), "{view} {map:#?}");
    let own = format!("{}c?token={SHORT}", server.url);
    assert_eq!((state(&map, &own), reason(&map, &own).as_str()), ("failed", "it holds what belongs to the persona's session"), "{map:#?}");
    office.sound_log();
}
