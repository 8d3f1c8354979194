//! Crawls, driven as officers drive them, against sites on loopback: scope, permits, what happens when the desk dies or
//! the authority ends, what is restricted, what hostile sites do, schedules and changes.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::office::{KHAM, NOY, Office, outcome, string};

const LONG: Duration = Duration::from_secs(90);

/// A site on loopback: a function from path to answer, and the paths that were asked for.
pub struct Site {
    pub root: String,
    asked: Arc<Mutex<Vec<String>>>,
}

type Answer = dyn Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync;

impl Site {
    pub fn new(answer: impl Fn(&str, &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> Site {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (heard, answer): (_, Arc<Answer>) = (Arc::clone(&asked), Arc::new(answer));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (heard, answer) = (Arc::clone(&heard), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let Ok(path) = path_of(&stream) else { return };
                    heard.lock().unwrap().push(path.clone());
                    let _ = answer(&path, &mut stream);
                });
            }
        });
        Site { root, asked }
    }

    /// Pages by their path; others are not found.
    pub fn of(pages: &[(&str, String)]) -> Site {
        let pages: BTreeMap<String, String> = pages.iter().map(|(path, body)| (path.to_string(), body.clone())).collect();
        Site::new(move |path, stream| match pages.get(path) {
            Some(body) => html(stream, body),
            None => answer(stream, "404 Not Found", "text/plain", b"nothing here"),
        })
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn times(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| *asked == path).count()
    }

    fn wait_for(&self, path: &str) {
        let since = Instant::now();
        while self.times(path) == 0 {
            assert!(since.elapsed() < LONG, "{path} was never asked for");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn path_of(stream: &TcpStream) -> std::io::Result<String> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    Ok(first.split(' ').nth(1).unwrap_or_default().to_string())
}

pub fn answer(stream: &mut TcpStream, status: &str, media: &str, body: &[u8]) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    stream.write_all(body)
}

pub fn html(stream: &mut TcpStream, body: &str) -> std::io::Result<()> {
    answer(stream, "200 OK", "text/html; charset=utf-8", body.as_bytes())
}

pub fn links(to: &[&str]) -> String {
    to.iter().map(|to| format!("<p><a href=\"{to}\">{to}</a></p>")).collect()
}

/// The words of a crawl that asks for no robots.txt and does not wait.
pub const QUICK: [&str; 4] = ["--ignore-robots", "a drill", "--pause-ms", "0"];

fn crawl(office: &Office, site: &Site, more: &[&str]) -> crate::office::Said {
    let start = site.url("/");
    office.in_case(NOY, "collect crawl", &[&[start.as_str()], &QUICK[..], more].concat())
}

pub fn sitemap(office: &Office, crawl: &str) -> BTreeMap<String, Value> {
    let lines = office.in_case(NOY, "collect sitemap", &[crawl]).ended(0).lines();
    lines.into_iter().map(|line| (string(&line["url"]), line)).collect()
}

pub fn state<'a>(map: &'a BTreeMap<String, Value>, url: &str) -> &'a str {
    map.get(url).unwrap_or_else(|| panic!("{url} is not in the sitemap: {map:#?}"))["state"].as_str().unwrap()
}

pub fn reason(map: &BTreeMap<String, Value>, url: &str) -> String {
    string(&map.get(url).unwrap_or_else(|| panic!("{url} is not in the sitemap: {map:#?}"))["reason"])
}

#[test]
fn law_01_a_crawl_asks_for_nothing_that_its_scope_leaves_out() {
    let office = Office::working();
    let elsewhere = Site::of(&[("/", "not for us".into())]);
    let other = elsewhere.url("/").replace("127.0.0.1", "other.localhost");
    let service = elsewhere.url("/service");
    let site = Site::of(&[
        ("/", links(&["/a", "/private/x", &other, &service, "ftp://127.0.0.1/", "mailto:x@example.com", "/a#again", "./a?", "a/../a"]) + "<img src=/picture><script src=/script></script><form action=/buy>"),
        ("/a", links(&["/a/b"])),
        ("/a/b", links(&["/a/b/c"])),
        ("/a/b/c", "too far".into()),
    ]);
    let view = crawl(&office, &site, &["--depth", "2", "--outside", "/private"]).ended(0).line();
    assert_eq!((&view["state"], &view["fetched"], &view["failed"], &view["waiting"]), (&"done".into(), &3.into(), &0.into(), &0.into()), "{view}");
    assert_eq!(site.asked(), ["/", "/a", "/a/b"], "each once, and nothing else");
    assert!(elsewhere.asked().is_empty());
    let map = sitemap(&office, "K-0001");
    assert_eq!(state(&map, &site.url("/a/b")), "fetched");
    assert!(reason(&map, &site.url("/a/b/c")).contains("more links away"));
    assert!(reason(&map, &site.url("/private/x")).contains("path outside"));
    assert!(reason(&map, &other).contains("does not name"));
    assert!(reason(&map, &service).contains("another port"));
    assert!(reason(&map, "ftp://127.0.0.1/").contains("not http"));
    assert!(!map.contains_key(&site.url("/picture")) && !map.contains_key(&site.url("/script")) && !map.contains_key(&site.url("/buy")));
    // Each round is one exhibit with what it holds.
    assert_eq!(office.exhibits().len(), 3);
    assert_eq!(map[&site.url("/a")]["exhibit"], "E-0002");
    assert_eq!(map[&site.url("/a/b")]["found_in"], "E-0002");
    office.sound_log();
}

#[test]
fn law_01_a_crawl_needs_leave_for_each_host_and_to_examine() {
    let mut office = Office::staffed();
    office.case = office.open_case(NOY, &[KHAM]);
    office.unit_authority(&["view"]);
    let site = Site::of(&[("/", "one page".into())]);
    // To collect from this host, and to examine; not from any other.
    let record = |actions: &[&str], selectors: &[&str]| {
        let (from, until) = (format!("{}-01-01", crate::office::year()), format!("{}-12-31", crate::office::year() + 1));
        let mut words = office.authority_words("supervisor", actions);
        words.extend(["--from", &from, "--until", &until, "--case", &office.case]);
        words.extend(selectors.iter().flat_map(|selector| ["--selector", *selector]));
        let id = string(&office.done(NOY, &words)["authority"]);
        office.does(KHAM, "authority grant", &[&id]);
    };
    record(&["collect"], &["127.0.0.1"]);
    crawl(&office, &site, &[]).by_law(1).tells("examine");
    record(&["examine"], &["any"]);
    crawl(&office, &site, &["--host", "other.localhost"]).by_law(1);
    assert!(site.asked().is_empty(), "nothing is asked for before every permit is there");
    assert!(office.in_case(NOY, "collect status", &[]).ended(0).out.is_empty(), "and no crawl was written down");
    let view = crawl(&office, &site, &[]).ended(0).line();
    assert_eq!((&view["fetched"], &view["state"]), (&1.into(), &"done".into()), "{view}");
    office.sound_log();
}

/// A chain of pages, each with links to the next and to three of its own.
fn chain(pages: usize) -> Vec<(String, String)> {
    (0..pages)
        .map(|n| (if n == 0 { "/".to_string() } else { format!("/p{n}") }, links(&[&format!("/p{}", 4 * n + 1), &format!("/p{}", 4 * n + 2), &format!("/p{}", 4 * n + 3), &format!("/p{}", 4 * n + 4), "/"])))
        .filter(|(path, _)| path == "/" || path[2..].parse::<usize>().unwrap() < pages)
        .collect()
}

#[test]
fn law_02_a_crawl_killed_again_and_again_loses_no_page_and_seals_none_twice() {
    const PAGES: usize = 120;
    let office = Office::working();
    let pages: BTreeMap<String, String> = chain(PAGES).into_iter().collect();
    let site = Site::new(move |path, stream| match pages.get(path) {
        Some(body) => html(stream, body),
        None => answer(stream, "404 Not Found", "text/plain", b"nothing here"),
    });
    let start = site.url("/");
    let words = [&["collect", "crawl", "--case", &office.case, &start, "--depth", "20", "--pages", "200", "--round", "7"][..], &QUICK].concat();
    let mut desk = office.command(NOY, &words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    site.wait_for("/p3");
    desk.kill().unwrap();
    desk.wait().unwrap();
    // Each time a little later, so that it dies at another place: while it fetches, admits, reads, writes.
    let mut kills = 1;
    for pause_ms in [40, 90, 150, 230, 320] {
        let before = site.asked().len();
        let mut desk = office.command(NOY, &["collect", "resume", "--case", &office.case, "K-0001"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let since = Instant::now();
        while site.asked().len() == before && desk.try_wait().unwrap().is_none() && since.elapsed() < LONG {
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(pause_ms));
        if desk.try_wait().unwrap().is_none() {
            kills += 1;
        }
        let _ = desk.kill();
        desk.wait().unwrap();
        if kills == 3 {
            break;
        }
    }
    assert!(kills >= 2, "it was killed while it worked");
    let view = office.in_case(NOY, "collect resume", &["K-0001"]).ended(0).line();
    assert_eq!(view["state"], "done", "{view}");
    let map = sitemap(&office, "K-0001");
    let fetched: Vec<&Value> = map.values().filter(|line| line["state"] == "fetched").collect();
    // Every page of the site, and the links of its last pages that lead nowhere.
    let known = chain(PAGES).into_iter().filter(|(path, _)| fetched.iter().any(|line| line["url"] == site.url(path).as_str())).count();
    assert_eq!(known, PAGES, "no page is lost");
    assert_eq!(view["failed"], 0, "{view}");
    // Whole responses in all exhibits: each page once.
    let mut sealed: BTreeMap<String, usize> = BTreeMap::new();
    for exhibit in office.exhibits() {
        for fetch in exhibit["record"]["record"]["fetches"].as_array().unwrap() {
            if fetch["outcome"] == "complete" {
                *sealed.entry(string(&fetch["url"])).or_default() += 1;
            }
        }
    }
    assert!(sealed.values().all(|times| *times == 1), "no page is sealed twice: {sealed:?}");
    assert_eq!(sealed.len(), fetched.len());
    let left: Vec<_> = std::fs::read_dir(office.home.join("spool")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "the spool is empty: {left:?}");
    office.sound_log();
}

#[test]
fn law_15_revoking_stops_a_crawl_in_mid_round_and_keeps_what_came() {
    let office = Office::working();
    office.unit_authority(&["view"]);
    let first = string(&office.says(NOY, &["authority", "list"]).ended(0).lines()[0]["authority"]);
    let site = Site::new(|path, stream| match path {
        "/" => html(stream, &links(&["/quick", "/slow", "/later"])),
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
    let mut words = office.command(NOY, &[&["collect", "crawl", "--case", &office.case, &start, "--timeout-ms", "600000"][..], &QUICK].concat());
    let running = words.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    site.wait_for("/slow");
    std::thread::sleep(Duration::from_millis(500));
    office.done(KHAM, &["authority", "revoke", &first, "--reason", "a drill"]);
    let revoked = Instant::now();
    outcome(running, LONG).by_law(15).tells("K-0001");
    assert!(revoked.elapsed() < Duration::from_secs(60), "it went on for {:?}", revoked.elapsed());
    assert_eq!(site.times("/later"), 0, "nothing is asked for afterwards");
    let view = office.in_case(NOY, "collect status", &["K-0001"]).ended(0).line();
    assert_eq!((&view["state"], &view["fetched"]), (&"stopped".into(), &1.into()), "its links are read under the next authority: {view}");
    assert_eq!(office.exhibits().len(), 2, "what came is kept");
    office.in_case(NOY, "collect resume", &["K-0001"]).by_law(1);
    // Under a new authority it goes on where it stood: the page that was whole counts, the others wait again.
    office.unit_authority(&crate::office::EVERYTHING);
    let mut again = office.command(NOY, &["collect", "resume", "--case", &office.case, "K-0001"]);
    let running = again.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let since = Instant::now();
    while site.times("/slow") < 2 {
        assert!(since.elapsed() < LONG, "it did not go on");
        std::thread::sleep(Duration::from_millis(20));
    }
    crate::office::kill(&running.id().to_string());
    outcome(running, LONG);
    assert_eq!(site.times("/quick"), 1, "whole pages are not asked for again");
    office.sound_log();
}

#[test]
fn law_07_links_of_a_restricted_exhibit_are_not_read() {
    let office = Office::working();
    office.unit_authority(&["view"]);
    let first = string(&office.says(NOY, &["authority", "list"]).ended(0).lines()[0]["authority"]);
    let site = Site::new(|path, stream| match path {
        "/" => html(stream, &links(&["/letter", "/slow"])),
        "/letter" => html(stream, &links(&["/behind"])),
        "/slow" => loop {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            std::thread::sleep(Duration::from_millis(50));
        },
        _ => html(stream, "a page"),
    });
    // A round is sealed, and its links are not read yet, because the authority ends in between.
    let start = site.url("/");
    let words = [&["collect", "crawl", "--case", &office.case, &start][..], &QUICK].concat();
    let running = office.command(NOY, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    site.wait_for("/slow");
    office.done(KHAM, &["authority", "revoke", &first, "--reason", "a drill"]);
    outcome(running, LONG).by_law(15);
    office.does(NOY, "exhibit reclassify", &["E-0002", "--class", "privileged", "--reason", "a drill"]);
    office.unit_authority(&crate::office::EVERYTHING);
    let again = office.command(NOY, &["collect", "resume", "--case", &office.case, "K-0001"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let since = Instant::now();
    while site.times("/slow") < 2 {
        assert!(since.elapsed() < LONG, "it did not go on");
        std::thread::sleep(Duration::from_millis(20));
    }
    crate::office::kill(&again.id().to_string());
    outcome(again, LONG);
    assert_eq!(site.times("/behind"), 0, "a link that stands in a restricted exhibit is not followed");
    let map = sitemap(&office, "K-0001");
    let letter = &map[&site.url("/letter")];
    assert_eq!((&letter["state"], &letter["exhibit"]), (&"fetched".into(), &"E-0002".into()));
    assert!(letter.get("payload").is_none() && letter.get("record").is_none(), "nothing is told that was read in it: {letter}");
    office.sound_log();
}

#[test]
fn law_07_a_late_mark_hides_the_addresses_that_stand_in_the_exhibit() {
    let office = Office::working();
    let site = Site::of(&[("/", links(&["/letter"])), ("/letter", "one".into())]);
    crawl(&office, &site, &[]).ended(0);
    assert_eq!(state(&sitemap(&office, "K-0001"), &site.url("/letter")), "fetched");
    office.does(NOY, "exhibit reclassify", &["E-0001", "--class", "privileged", "--reason", "a drill"]);
    let map = sitemap(&office, "K-0001");
    assert!(!map.contains_key(&site.url("/letter")), "{map:#?}");
    assert!(map.contains_key("(found in a restricted exhibit)"));
}

#[test]
fn law_07_a_page_that_a_known_hash_list_holds_restricts_its_round_before_a_link_is_used() {
    let office = Office::working();
    let letter = links(&["/behind"]);
    let list = office.file("list.txt", model::Sha256Digest::of(letter.as_bytes()).hex());
    office.done(KHAM, &["hashes", "add", &list, "--name", "letters", "--category", "privileged", "--source", "a drill"]);
    let site = Site::of(&[("/", links(&["/letter"])), ("/letter", letter), ("/behind", "no".into())]);
    let view = crawl(&office, &site, &[]).ended(0).line();
    assert_eq!((&view["state"], &view["fetched"]), (&"done".into(), &2.into()), "{view}");
    assert_eq!(site.times("/behind"), 0);
    assert_eq!(office.exhibits()[1]["class"], "privileged");
    office.sound_log();
}

#[test]
fn robots_is_obeyed_or_not_asked_for_and_never_silently() {
    let office = Office::working();
    let pages = [
        ("/robots.txt", "User-agent: *\nDisallow: /closed\nAllow: /closed/but\nDisallow: /*.php$\nSitemap: /map.xml\n".to_string()),
        ("/map.xml", "<urlset><url><loc>/from-map</loc></url><url><loc>/closed/map</loc></url></urlset>".to_string()),
        ("/", links(&["/closed/a", "/closed/but/b", "/x.php", "/x.php?y"])),
        ("/closed/but/b", "one".into()),
        ("/x.php?y", "two".into()),
        ("/from-map", "three".into()),
    ];
    let site = Site::of(&pages);
    let start = site.url("/");
    office.in_case(NOY, "collect crawl", &[&start]).ended(2);
    let view = office.in_case(NOY, "collect crawl", &[&start, "--respect-robots", "--pause-ms", "0"]).ended(0).line();
    assert_eq!((&view["state"], &view["left_out"]["robots"]), (&"done".into(), &3.into()), "{view}");
    assert_eq!((&view["fetched"], &view["robots"], &view["waiting"]), (&5.into(), &1.into(), &0.into()), "robots.txt is no page: {view}");
    let mut asked = site.asked();
    asked[2..].sort();
    assert_eq!(asked[0], "/robots.txt", "it is the first page of the host");
    assert!(asked.contains(&"/closed/but/b".to_string()) && asked.contains(&"/x.php?y".to_string()) && asked.contains(&"/from-map".to_string()));
    assert!(!asked.iter().any(|path| path == "/closed/a" || path == "/x.php" || path == "/closed/map"), "{asked:?}");
    // A server's error lets nothing in; and who does not obey says why.
    let broken = Site::new(|path, stream| if path == "/robots.txt" { answer(stream, "503 No", "text/plain", b"") } else { html(stream, "one") });
    let start = broken.url("/");
    let view = office.in_case(NOY, "collect crawl", &[&start, "--respect-robots", "--pause-ms", "0"]).ended(0).line();
    assert_eq!((&view["left_out"]["robots"], broken.asked()), (&1.into(), vec!["/robots.txt".to_string()]), "{view}");
    let view = crawl(&office, &broken, &[]).ended(0).line();
    assert_eq!(view["scope"]["robots"]["reason"], "a drill", "{view}");
    assert_eq!(view["fetched"], 1);
}

/// Everything that a hostile site did is an outcome with a reason, and the crawl ends.
#[test]
fn law_14_a_hostile_site_is_crawled_to_the_end_within_its_bounds() {
    let office = Office::working();
    let site = Site::new(|path, stream| match path {
        "/" => html(stream, &(links(&["/endless", "/slow", "/headers", "/million", "/calendar?y=1&m=1", "/a/a", "/loop1", "/captcha", "/login", "/bomb", "/away", "/cut", "/work"]))),
        "/endless" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")?;
            loop {
                stream.write_all(&[b'x'; 4096])?;
            }
        }
        // One byte at a time, and never a whole head.
        "/slow" => loop {
            stream.write_all(b"H")?;
            std::thread::sleep(Duration::from_millis(100));
        },
        "/headers" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            for n in 0..100_000 {
                write!(stream, "X-{n}: {}\r\n", "y".repeat(90))?;
            }
            stream.write_all(b"\r\n")
        }
        "/million" => html(stream, &(0..200_000).map(|n| format!("<a href=/m{n}>")).collect::<String>()),
        "/loop1" => redirect(stream, "/loop2"),
        "/loop2" => redirect(stream, "/loop1"),
        "/away" => redirect(stream, "http://192.0.2.7/"),
        "/captcha" => html(stream, "<form><img src=/captcha.png></form>"),
        "/login" => html(stream, "<form><input name=u><input type=password name=p></form>"),
        "/work" => html(stream, "Your browser does a proof-of-work; please wait"),
        "/bomb" => {
            let packed = Command::new("sh").args(["-c", "head -c 134217728 /dev/zero | gzip -9"]).output()?.stdout;
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len())?;
            stream.write_all(&packed)
        }
        "/cut" => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000\r\n\r\n<a href=/never>"),
        path if path.starts_with("/calendar") => {
            let month: u32 = path.rsplit('=').next().and_then(|m| m.parse().ok()).unwrap_or(0);
            html(stream, &links(&[&format!("/calendar?y=1&m={}", month + 1), &format!("/calendar?m={}&y=1", month + 2)]))
        }
        path if path.starts_with("/a") => html(stream, &links(&[&format!("{path}/a")])),
        _ => html(stream, "a page"),
    });
    let begun = Instant::now();
    let view = crawl(&office, &site, &["--pages", "60", "--depth", "50", "--page-bytes", "2000000", "--timeout-ms", "1500", "--per-pattern", "5"]).ended(0).line();
    assert!(begun.elapsed() < LONG, "{:?}", begun.elapsed());
    assert_eq!((&view["state"], &view["waiting"]), (&"done".into(), &0.into()), "{view}");
    let map = sitemap(&office, "K-0001");
    assert_eq!((state(&map, &site.url("/endless")), reason(&map, &site.url("/endless")).as_str()), ("fetched", "page-budget"));
    assert_eq!(state(&map, &site.url("/slow")), "failed");
    assert_eq!(site.times("/slow"), 3, "three tries, each in another round");
    assert!(map[&site.url("/million")]["links_not_read"].as_u64().unwrap() >= 100_000, "{}", map[&site.url("/million")]);
    assert_eq!(site.times("/loop1"), 1, "a loop is gone through once");
    assert!(reason(&map, "http://192.0.2.7/").contains("does not name"));
    assert!(view["left_out"]["trap-pattern"].as_u64().unwrap() > 0 && view["left_out"]["trap-repeats"].as_u64().unwrap() > 0, "{view}");
    assert!(view["left_out"]["trap-pattern"].as_u64().unwrap() > 1_000, "{view}");
    assert_eq!(map[&site.url("/captcha")]["hints"], serde_json::json!(["captcha"]));
    assert_eq!(map[&site.url("/login")]["hints"], serde_json::json!(["login-wall"]));
    assert_eq!(map[&site.url("/work")]["hints"], serde_json::json!(["proof-of-work"]));
    assert_eq!(state(&map, &site.url("/cut")), "failed");
    assert!(map.len() < 1_300, "what is left out beyond the bound is counted only: {}", map.len());
    let most = site.asked().iter().filter(|path| path.starts_with("/calendar")).count();
    assert!(most <= 5, "{most}");
    // The page budget holds whatever the site links to.
    let before = site.asked().len();
    let view = crawl(&office, &site, &["--pages", "4", "--outside", "/slow", "--page-bytes", "20000", "--timeout-ms", "1500"]).ended(0).line();
    assert!(site.asked().len() - before <= 4 * 3 && view["left_out"]["pages"].as_u64().unwrap() > 0, "{view}");
    office.sound_log();
}

#[test]
fn law_14_poisoned_robots_and_sitemaps_end_and_open_nothing() {
    let office = Office::working();
    let flood = Site::new(|path, stream| match path {
        "/robots.txt" => answer(stream, "200 OK", "text/plain", format!("User-agent: *\n{}", "Allow: /\n".repeat(100_000)).as_bytes()),
        _ => html(stream, "a page"),
    });
    let words = ["--respect-robots", "--pause-ms", "0"];
    let start = flood.url("/");
    let view = office.in_case(NOY, "collect crawl", &[&[start.as_str()], &words[..]].concat()).ended(0).line();
    assert_eq!((&view["left_out"]["robots"], flood.asked()), (&1.into(), vec!["/robots.txt".to_string()]), "more rules than are read let nothing in: {view}");
    // Sitemaps that name each other, themselves, a million pages and other hosts.
    let cyclic = Site::new(|path, stream| match path {
        "/robots.txt" => answer(stream, "200 OK", "text/plain", b"Sitemap: /one.xml\nSitemap: http://192.0.2.7/s.xml\n"),
        "/one.xml" => answer(stream, "200 OK", "text/xml", b"<sitemapindex><loc>/one.xml</loc><loc>/two.xml</loc><loc>http://192.0.2.8/</loc>"),
        "/two.xml" => {
            let many: String = (0..50_000).map(|n| format!("<url><loc>/page{n}</loc></url>")).collect();
            answer(stream, "200 OK", "text/xml", format!("<urlset><loc>/one.xml</loc>{many}").as_bytes())
        }
        _ => html(stream, "a page"),
    });
    let start = cyclic.url("/");
    let view = office.in_case(NOY, "collect crawl", &[&[start.as_str()], &words[..], &["--pages", "30", "--per-pattern", "10"]].concat()).ended(0).line();
    assert_eq!((&view["state"], &view["left_out"]["host"], cyclic.times("/one.xml"), cyclic.times("/two.xml")), (&"done".into(), &2.into(), 1, 1), "{view}");
    assert_eq!(cyclic.asked().iter().filter(|path| path.starts_with("/page")).count(), 10, "{view}");
    assert!(view["beyond"].as_u64().unwrap() > 40_000, "{view}");
    office.sound_log();
}

fn redirect(stream: &mut TcpStream, to: &str) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
}

#[test]
fn a_schedule_carries_out_what_is_due_and_tells_what_changed() {
    let office = Office::working();
    let turn = Arc::new(Mutex::new(0));
    let now = Arc::clone(&turn);
    let site = Site::new(move |path, stream| {
        let second = *now.lock().unwrap() > 0;
        let long: String = (0..300).map(|n| format!("word{} ", n * 7919 % 1_000)).collect();
        match (path, second) {
            ("/", false) => html(stream, &links(&["/same", "/near", "/other", "/old"])),
            ("/", true) => html(stream, &links(&["/same", "/near", "/other", "/new"])),
            ("/same", _) => html(stream, "the same"),
            ("/near", second) => html(stream, &format!("{long} {}", if second { "visitors 1002" } else { "visitors 1001" })),
            ("/other", false) => html(stream, "the price is ten and the vendor is away until monday"),
            ("/other", true) => html(stream, "closed for good, nothing is sold here any more, go elsewhere now"),
            ("/old", false) | ("/new", true) => html(stream, "a page"),
            _ => answer(stream, "404 Not Found", "text/plain", b"nothing here"),
        }
    });
    let start = site.url("/");
    let words = ["--every", "1m", "--until", "2199-12-31", start.as_str()];
    let view = office.in_case(NOY, "collect schedule", &[&words[..], &QUICK].concat()).ended(0).line();
    assert_eq!((&view["schedule"], &view["state"]), (&"R-0001".into(), &"live".into()), "{view}");
    office.in_case(NOY, "collect schedule", &[&["--every", "5s"][..], &words[2..], &QUICK].concat()).ended(2).tells("60 seconds");
    assert!(site.asked().is_empty(), "nothing runs by itself");
    let first = office.in_case(NOY, "collect run-due", &[]).ended(0).line();
    assert_eq!((&first["crawl"], &first["state"], &first["fetched"]), (&"K-0001".into(), &"done".into(), &5.into()), "{first}");
    office.in_case(NOY, "collect run-due", &[]).ended(0).tells("nothing is due");
    *turn.lock().unwrap() = 1;
    crawl(&office, &site, &[]).ended(0);
    let changes = office.in_case(NOY, "collect changes", &["K-0001", "K-0002"]).ended(0).tells("1 page is the same");
    let told: BTreeMap<String, String> = changes.lines().iter().map(|line| (string(&line["url"]), string(&line["change"]))).collect();
    let expected = [("/", "changed"), ("/near", "near"), ("/new", "new"), ("/old", "gone"), ("/other", "changed")];
    let expected: BTreeMap<String, String> = expected.iter().map(|(path, change)| (site.url(path), change.to_string())).collect();
    assert_eq!(told, expected);
    office.does(NOY, "collect stop", &["R-0001", "--reason", "a drill"]);
    let status = office.in_case(NOY, "collect status", &[]).ended(0).lines();
    assert_eq!(status.last().unwrap()["state"], "ended", "{status:?}");
    office.sound_log();
}

#[test]
fn crawls_of_different_sites_are_not_compared_and_what_one_could_not_ask_for_is_not_gone() {
    let office = Office::working();
    let pages = [("/", links(&["/shop/a", "/news/b"])), ("/shop/a", "one".into()), ("/news/b", "two".into())];
    let (site, other) = (Site::of(&pages), Site::of(&pages));
    crawl(&office, &site, &[]).ended(0);
    crawl(&office, &other, &[]).ended(0);
    office.in_case(NOY, "collect changes", &["K-0001", "K-0002"]).ended(2).tells("K-0001 and K-0002 are crawls of different sites");
    crawl(&office, &site, &["--outside", "/news"]).ended(0);
    for two in [["K-0001", "K-0003"], ["K-0003", "K-0001"]] {
        let said = office.in_case(NOY, "collect changes", &two).ended(0).tells("2 pages are the same").tells("1 page outside the scope of one of the two crawls");
        assert!(said.out.is_empty(), "{said:?}");
    }
}

/// Where an accident waits for a supervisor nothing is crawled, and no crawl is written down as one that goes.
#[test]
fn law_07_no_crawl_is_begun_where_an_accident_waits_for_a_supervisor() {
    let office = Office::working();
    let site = Site::of(&[("/", links(&["/a"])), ("/a", "one".into())]);
    office.does(NOY, "capture", &[&site.url("/a")]);
    crawl(&office, &site, &["--pages", "1"]).ended(0);
    office.in_case(NOY, "exhibit accident", &["E-0001", "--reason", "a drill"]);
    let visits = site.asked().len();
    crawl(&office, &site, &[]).by_law(7).tells("accident acknowledge");
    assert_eq!(office.in_case(NOY, "collect status", &[]).ended(0).lines().len(), 1, "the crawl of before, and no other");
    office.does(NOY, "collect schedule", &[&["--every", "1h", "--until", "2199-12-31", &site.url("/")][..], &QUICK].concat());
    office.in_case(NOY, "collect run-due", &[]).ended(0).tells("not begun").tells("accident acknowledge");
    assert_eq!(site.asked().len(), visits);
    office.sound_log();
}

#[test]
fn a_stopped_crawl_goes_on_and_failed_pages_are_asked_for_again() {
    let office = Office::working();
    let works = Arc::new(Mutex::new(false));
    let now = Arc::clone(&works);
    let site = Site::new(move |path, stream| match path {
        "/" => html(stream, &links(&["/sometimes", "/always"])),
        "/sometimes" if !*now.lock().unwrap() => Ok(()),
        _ => html(stream, "a page"),
    });
    let view = crawl(&office, &site, &[]).ended(0).line();
    assert_eq!((&view["fetched"], &view["failed"], &view["state"]), (&2.into(), &1.into(), &"done".into()), "{view}");
    *works.lock().unwrap() = true;
    let view = office.in_case(NOY, "collect resume", &["K-0001"]).ended(0).line();
    assert_eq!(view["failed"], 1, "to go on asks for nothing again: {view}");
    let view = office.in_case(NOY, "collect retry", &["K-0001"]).ended(0).line();
    assert_eq!((&view["fetched"], &view["failed"]), (&3.into(), &0.into()), "{view}");
    assert_eq!(site.times("/always"), 1);
    office.in_case(NOY, "collect stop", &["K-0001", "--reason", "a drill"]).ended(2).tells("goes on no more");
    office.in_case(NOY, "collect sitemap", &["K-0009"]).ended(2);
    office.sound_log();
}

#[test]
fn the_order_of_a_crawl_keeps_the_pause_between_two_requests_to_a_host() {
    let office = Office::working();
    let site = Site::of(&[("/", links(&["/a", "/b", "/c"])), ("/a", "a".into()), ("/b", "b".into()), ("/c", "c".into())]);
    let start = site.url("/");
    office.in_case(NOY, "collect crawl", &[&start, "--ignore-robots", "a drill", "--pause-ms", "400"]).ended(0);
    let record = &office.exhibits()[1]["record"]["record"]["fetches"];
    let times: Vec<model::Moment> = record.as_array().unwrap().iter().map(|fetch| string(&fetch["started"]).parse().unwrap()).collect();
    assert_eq!(times.len(), 3);
    assert!(times.windows(2).all(|two| two[1].micros() - two[0].micros() >= 200_000), "{times:?}");
}

/// An address with letters of another script is asked for in one spelling, by a capture as by a crawl.
#[test]
fn an_address_with_letters_beyond_ascii_is_captured_in_the_spelling_of_crawls() {
    let office = Office::working();
    let site = Site::new(|_, stream| html(stream, "a page"));
    let typed = site.url("/\u{e15}\u{e25}\u{e32}\u{e14}?q=caf\u{e9}");
    let view = office.does(NOY, "capture", &[&typed]);
    let spelled = site.url("/%E0%B8%95%E0%B8%A5%E0%B8%B2%E0%B8%94?q=caf%C3%A9");
    assert_eq!(view["record"]["fetches"][0]["url"], spelled.as_str(), "{view}");
    office.in_case(NOY, "collect crawl", &[&[typed.as_str()], &QUICK[..]].concat()).ended(0);
    assert_eq!(state(&sitemap(&office, "K-0001"), &spelled), "fetched");
    office.in_case(NOY, "capture", &["http://m\u{e4}rkt.localhost/"]).ended(2).tells("xn--").tells("Nothing was made");
}

#[test]
fn collect_doctor_says_whether_this_machine_can_collect() {
    let office = Office::staffed();
    let said = office.bare(&["collect", "doctor"]);
    let lines = said.lines();
    assert_eq!(lines.len(), 6, "{said:?}");
    let bad = lines.iter().any(|line| line["ok"] == false && line["warning"] != true);
    assert_eq!(said.code, if bad { 3 } else { 0 });
    assert!(lines.iter().all(|line| line["ok"] == true || !string(&line["what_to_do"]).is_empty()), "{said:?}");
}

/// Two desks at one crawl: one carries out the round, the other is told so, and no page is asked for twice.
#[test]
fn law_02_two_desks_at_one_crawl_never_carry_out_the_same_round() {
    let office = Office::working();
    let site = Site::new(|path, stream| {
        std::thread::sleep(Duration::from_millis(30));
        match path {
            "/" => html(stream, &links(&(1..60).map(|n| format!("/p{n}")).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>())),
            _ => html(stream, "a page"),
        }
    });
    let start = site.url("/");
    let words = [&["collect", "crawl", "--case", &office.case, &start, "--round", "10"][..], &QUICK].concat();
    let first = office.command(NOY, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    site.wait_for("/p1");
    let others: Vec<_> = (0..3).map(|_| office.command(NOY, &["collect", "resume", "--case", &office.case, "K-0001"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()).collect();
    let told: Vec<_> = others.into_iter().map(|other| outcome(other, LONG)).collect();
    let first = outcome(first, LONG);
    let codes: Vec<i32> = told.iter().chain([&first]).map(|said| said.code).collect();
    assert!(codes.iter().all(|code| matches!(code, 0 | 3)), "{codes:?} {told:?} {first:?}");
    // Whoever was told to go away may be the first one; somebody brings it to its end.
    let view = office.in_case(NOY, "collect resume", &["K-0001"]).ended(0).line();
    assert_eq!((&view["state"], &view["fetched"]), (&"done".into(), &60.into()), "{view}");
    let mut asked = site.asked();
    asked.sort();
    let all = asked.len();
    asked.dedup();
    assert_eq!((all, asked.len()), (60, 60), "each page was asked for once");
    office.sound_log();
}

#[test]
fn a_crawl_is_stopped_from_another_session_after_its_round() {
    let office = Office::working();
    let site = Site::new(|path, stream| {
        std::thread::sleep(Duration::from_millis(40));
        match path {
            "/" => html(stream, &links(&(1..60).map(|n| format!("/p{n}")).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>())),
            _ => html(stream, "a page"),
        }
    });
    let start = site.url("/");
    let words = [&["collect", "crawl", "--case", &office.case, &start, "--round", "10"][..], &QUICK].concat();
    let running = office.command(NOY, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    site.wait_for("/p1");
    office.does(KHAM, "collect stop", &["K-0001", "--reason", "enough"]);
    let view = outcome(running, LONG).ended(0).line();
    assert_eq!((&view["state"], &view["ended"]), (&"stopped".into(), &"enough".into()), "{view}");
    assert!(view["waiting"].as_u64().unwrap() > 0 && site.asked().len() < 60, "{view}");
    assert_eq!(site.asked().len() as u64, view["fetched"].as_u64().unwrap(), "the round that ran is finished, and kept: {view}");
    office.sound_log();
}

/// The frontier on a server: the same rows, seen through its walls; two desks, one after the other.
#[test]
fn law_02_a_crawl_on_a_server_goes_on_after_its_desk_died() {
    let Some((office, _database)) = crate::center::office("law_02_a_crawl_on_a_server_goes_on_after_its_desk_died") else { return };
    let pages: BTreeMap<String, String> = chain(40).into_iter().collect();
    let site = Site::new(move |path, stream| match pages.get(path) {
        Some(body) => html(stream, body),
        None => answer(stream, "404 Not Found", "text/plain", b"nothing here"),
    });
    let start = site.url("/");
    let words = [&["collect", "crawl", "--case", &office.case, &start, "--depth", "20", "--round", "6", "--respect-robots", "--pause-ms", "0"][..]].concat();
    let mut desk = office.command(NOY, &words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    site.wait_for("/p3");
    desk.kill().unwrap();
    desk.wait().unwrap();
    let view = office.in_case(NOY, "collect resume", &["K-0001"]).ended(0).line();
    assert_eq!((&view["state"], &view["failed"], &view["waiting"]), (&"done".into(), &0.into(), &0.into()), "{view}");
    let map = sitemap(&office, "K-0001");
    assert!(chain(40).iter().all(|(path, _)| state(&map, &site.url(path)) == "fetched"), "{map:#?}");
    let mut sealed: Vec<String> = Vec::new();
    for exhibit in office.exhibits() {
        let fetches = exhibit["record"]["record"]["fetches"].as_array().unwrap().clone();
        sealed.extend(fetches.iter().filter(|fetch| fetch["outcome"] == "complete").map(|fetch| string(&fetch["url"])));
    }
    let all = sealed.len();
    sealed.sort();
    sealed.dedup();
    assert_eq!(all, sealed.len(), "no page is sealed twice");
    office.sound_log();
}

/// A site whose first page comes until it is let go.
fn held_site() -> (Site, Arc<Mutex<bool>>) {
    let held = Arc::new(Mutex::new(true));
    let hold = Arc::clone(&held);
    let site = Site::new(move |path, stream| {
        let since = Instant::now();
        while path == "/" && *hold.lock().unwrap() && since.elapsed() < LONG {
            std::thread::sleep(Duration::from_millis(20));
        }
        html(stream, &if path == "/" { links(&["/a", "/b"]) } else { "a page".into() })
    });
    (site, held)
}

/// Another machine on the same server: the same people, a home and a spool of its own.
#[test]
fn law_02_two_machines_on_one_server_never_carry_out_the_same_round() {
    let Some((office, _database)) = crate::center::office("law_02_two_machines_on_one_server_never_carry_out_the_same_round") else { return };
    let other = office.duplicate();
    let (site, held) = held_site();
    let start = site.url("/");
    let words = [&["collect", "crawl", "--case", &office.case, &start, "--timeout-ms", "600000"][..], &QUICK].concat();
    let running = office.command(NOY, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    site.wait_for("/");
    other.in_case(NOY, "collect resume", &["K-0001"]).ended(3).tells("a desk on another machine carries out its round");
    let view = other.in_case(NOY, "collect status", &["K-0001"]).ended(0).line();
    assert_eq!((&view["now"]["elsewhere"], &view["in_order"]), (&true.into(), &1.into()), "{view}");
    *held.lock().unwrap() = false;
    let view = outcome(running, LONG).ended(0).line();
    assert_eq!((&view["state"], &view["fetched"], &view["failed"]), (&"done".into(), &3.into(), &0.into()), "{view}");
    let mut asked = site.asked();
    asked.sort();
    assert_eq!(asked, ["/", "/a", "/b"], "each page was asked for once");
    office.sound_log();
}

#[test]
#[ignore = "takes three quarters of a minute: the lease of a desk that died must be over"]
fn law_02_a_second_machine_takes_a_round_over_when_its_desk_died_and_its_lease_is_over() {
    let Some((office, _database)) = crate::center::office("law_02_a_second_machine_takes_a_round_over_when_its_desk_died_and_its_lease_is_over") else { return };
    let other = office.duplicate();
    let (site, held) = held_site();
    let start = site.url("/");
    let words = [&["collect", "crawl", "--case", &office.case, &start, "--timeout-ms", "600000"][..], &QUICK].concat();
    let mut desk = office.command(NOY, &words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    site.wait_for("/");
    desk.kill().unwrap();
    desk.wait().unwrap();
    let died = Instant::now();
    let taken = other.command(NOY, &["collect", "resume", "--case", &office.case, "K-0001"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(20));
    assert_eq!(site.times("/"), 1, "the collector of the dead desk may still be at work: nothing is asked for twice at once");
    *held.lock().unwrap() = false;
    let said = outcome(taken, LONG).ended(0).tells("waiting until its collector has signed or its lease is over");
    assert!(died.elapsed() > Duration::from_secs(30), "{:?}", died.elapsed());
    let view = said.line();
    assert_eq!((&view["state"], &view["fetched"], &view["failed"]), (&"done".into(), &3.into(), &0.into()), "{view}");
    // What the first machine has left is no evidence any more, and is swept there.
    office.in_case(NOY, "capture", &["--recover"]).ended(0);
    assert!(spools(&office).is_empty());
    let sealed: usize = other.exhibits().iter().map(|one| one["record"]["record"]["fetches"].as_array().unwrap().iter().filter(|fetch| fetch["url"] == start.as_str()).count()).sum();
    assert_eq!(sealed, 1, "and no page is sealed twice");
    office.sound_log();
}

#[test]
fn what_a_crawl_met_can_become_an_exhibit() {
    let office = Office::working();
    let site = Site::of(&[("/", links(&["/a", "ftp://elsewhere.example/"])), ("/a", "one".into())]);
    crawl(&office, &site, &[]).ended(0);
    let view = office.does(NOY, "collect sitemap", &["K-0001", "--admit"]);
    assert_eq!((&view["exhibit"], &view["origin"]["source"]), (&"E-0003".into(), &"open".into()), "{view}");
    let out = crate::office::text(&office.place("sitemap.jsonl"));
    office.does(NOY, "exhibit view", &["E-0003", "--purpose", "a drill", "--out", &out]);
    let lines = std::fs::read_to_string(out).unwrap();
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(lines.contains("E-0002") && lines.contains("not http"), "{lines}");
    office.sound_log();
}

#[test]
fn a_crawl_that_nobody_answers_says_so_and_keeps_what_waits() {
    let office = Office::working();
    let answers = Arc::new(Mutex::new(true));
    let now = Arc::clone(&answers);
    let site = Site::new(move |path, stream| {
        let up = *now.lock().unwrap();
        match (path, up) {
            ("/", true) => {
                *now.lock().unwrap() = false;
                html(stream, &links(&(0..12).map(|n| format!("/p{n}")).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>()))
            }
            (_, true) => html(stream, "a page"),
            _ => Ok(()),
        }
    });
    let said = crawl(&office, &site, &["--round", "2"]).ended(3).tells("nothing came any more").tells("collect retry");
    let view = &said.lines()[0];
    assert_eq!((&view["state"], &view["fetched"], &view["failed"], &view["waiting"]), (&"stopped".into(), &1.into(), &2.into(), &10.into()), "{view}");
    *answers.lock().unwrap() = true;
    let view = office.in_case(NOY, "collect retry", &["K-0001"]).ended(0).line();
    assert_eq!((&view["state"], &view["fetched"], &view["failed"], &view["waiting"]), (&"done".into(), &13.into(), &0.into(), &0.into()), "{view}");
    office.sound_log();
}

/// The onion address of a well-known search service: its checksum holds.
const ONION: &str = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion";

/// One link must not end the orders of all the others: what this way does not reach fails by itself, and a port that
/// there is not is no address.
#[test]
fn law_14_an_address_that_no_order_may_hold_fails_alone() {
    let office = Office::working();
    let elsewhere = format!("http://{ONION}/x");
    let site = Site::of(&[("/", links(&[&elsewhere, "http://127.0.0.1:0/", "http://127.0.0.1:99999/", "/a"])), ("/a", "a page".into())]);
    let view = crawl(&office, &site, &["--host", ONION]).ended(0).line();
    assert_eq!((&view["state"], &view["fetched"], &view["failed"], &view["waiting"]), (&"done".into(), &2.into(), &1.into(), &0.into()), "{view}");
    let map = sitemap(&office, "K-0001");
    assert_eq!((state(&map, &elsewhere), state(&map, &site.url("/a"))), ("failed", "fetched"));
    assert!(reason(&map, &elsewhere).contains("not a loopback address"), "{map:#?}");
    assert!(reason(&map, "http://127.0.0.1:0/").contains("cannot be read") || reason(&map, "http://127.0.0.1:0/").contains("read in one way"), "{map:#?}");
    office.sound_log();
}

/// A page that failed, waits again, and has a lower number than the round that runs is not passed over at its end.
#[test]
fn law_02_pages_that_wait_again_while_a_round_runs_are_not_passed_over() {
    let office = Office::working();
    let (works, slow) = (Arc::new(Mutex::new(false)), Arc::new(Mutex::new(true)));
    let (now, held) = (Arc::clone(&works), Arc::clone(&slow));
    let site = Site::new(move |path, stream| match path {
        "/" => html(stream, &links(&["/fails", "/b", "/c", "/d", "/slow", "/e"])),
        "/fails" if !*now.lock().unwrap() => Ok(()),
        "/slow" => {
            let since = Instant::now();
            while *held.lock().unwrap() && since.elapsed() < LONG {
                std::thread::sleep(Duration::from_millis(20));
            }
            html(stream, "a slow page")
        }
        _ => html(stream, "a page"),
    });
    let start = site.url("/");
    let words = [&["collect", "crawl", "--case", &office.case, &start, "--round", "2", "--timeout-ms", "60000"][..], &QUICK].concat();
    let running = office.command(NOY, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    site.wait_for("/slow");
    *works.lock().unwrap() = true;
    office.in_case(NOY, "collect retry", &["K-0001"]).ended(3).tells("another desk carries out its round");
    *slow.lock().unwrap() = false;
    let view = outcome(running, LONG).ended(0).line();
    assert_eq!((&view["state"], &view["fetched"], &view["failed"], &view["waiting"]), (&"done".into(), &7.into(), &0.into(), &0.into()), "{view}");
    office.sound_log();
}

/// What is not text is asked for once: it would be no text the next time either.
#[test]
fn a_picture_in_a_crawl_is_asked_for_once_and_told_with_its_reason() {
    let office = Office::working();
    let site = Site::new(|path, stream| match path {
        "/" => html(stream, &links(&["/1.png", "/2.png", "/3.png", "/4.png", "/5.png"])),
        _ => answer(stream, "200 OK", "image/png", b"\x89PNG\r\n\x1a\nSYNTHETIC"),
    });
    let view = crawl(&office, &site, &["--round", "1"]).ended(0).line();
    assert_eq!((&view["state"], &view["fetched"], &view["failed"], &view["waiting"]), (&"done".into(), &6.into(), &0.into(), &0.into()), "{view}");
    assert_eq!((1..6).map(|n| site.times(&format!("/{n}.png"))).collect::<Vec<_>>(), [1; 5]);
    let map = sitemap(&office, "K-0001");
    assert_eq!(reason(&map, &site.url("/1.png")), "not-text");
    office.sound_log();
}

/// The spools of this home.
fn spools(office: &Office) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(office.home.join("spool")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// An order whose spool is not here may run on another machine: nobody here declares it dead while it may.
#[test]
fn law_02_an_order_that_another_machine_may_carry_out_is_not_ended_here() {
    let office = Office::working();
    let site = Site::new(|path, stream| match path {
        "/" => html(stream, &links(&["/slow"])),
        _ => {
            std::thread::sleep(Duration::from_secs(2));
            html(stream, "a slow page")
        }
    });
    let start = site.url("/");
    let words = [&["collect", "crawl", "--case", &office.case, &start, "--round", "2"][..], &QUICK].concat();
    let running = office.command(NOY, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    site.wait_for("/slow");
    // What another machine sees: the order's row, and no folder. The child goes on in the folder that it holds.
    let away = office.place("away");
    let spool = spools(&office).pop().unwrap();
    std::fs::rename(&spool, &away).unwrap();
    let said = office.in_case(NOY, "capture", &["--recover"]).ended(0);
    std::fs::rename(&away, &spool).unwrap();
    assert!(format!("{}{}", said.out, said.err).contains("begun on another one and may run until"), "{said:?}");
    let view = outcome(running, LONG).ended(0).line();
    assert_eq!((&view["state"], &view["fetched"], &view["failed"]), (&"done".into(), &2.into(), &0.into()), "{view}");
    assert_eq!(site.times("/slow"), 1, "and it was not fetched again");
    office.sound_log();
}

/// A desk that died between the seal and the emptying leaves a copy: it is named, and taken away.
#[test]
fn law_10_a_spool_that_outlived_its_order_is_named_and_swept() {
    let office = Office::working();
    let site = Site::of(&[("/", "a page".into())]);
    let view = office.does(NOY, "capture", &[&site.url("/")]);
    let order = string(&view["record"]["order"]);
    let left = office.home.join("spool").join(&order);
    // And one whose desk died in the middle of making it.
    let unborn = office.home.join("spool").join(format!(".{order}"));
    std::fs::create_dir_all(&left).unwrap();
    std::fs::create_dir_all(&unborn).unwrap();
    for file in ["order.json", "record.json"] {
        std::fs::write(left.join(file), "SYNTHETIC rest").unwrap();
    }
    let lines = office.bare(&["doctor"]).lines();
    assert!(lines.iter().any(|line| string(&line["text"]).contains(&order) && string(&line["what_to_do"]).contains("capture --recover")), "{lines:?}");
    office.in_case(NOY, "capture", &["--recover"]).ended(0);
    assert!(!left.exists() && !unborn.exists());
    assert_eq!(office.exhibits().len(), 1, "and nothing is sealed of it");
    office.sound_log();
}

/// The child of this desk that reads strangers' bytes, once it is there.
fn reader_of(desk: u32) -> String {
    reader_at_work(desk, 0)
}

/// The same, once it has worked for so many hundredths of a second.
fn reader_at_work(desk: u32, ticks: u64) -> String {
    let since = Instant::now();
    loop {
        let processes = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let is_its = |pid: &String| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
            let worked: u64 = fields.iter().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
            fields.get(1) == Some(&desk.to_string().as_str()) && worked >= ticks && std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.split(|b| *b == 0).any(|word| word == b"__parse"))
        };
        if let Some(pid) = processes.filter(|name| name.bytes().all(|b| b.is_ascii_digit())).find(is_its) {
            return pid;
        }
        assert!(since.elapsed() < LONG, "no child ever read");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A page on which the reading child falls hides what stands behind it, and the crawl says so: in the page's line and
/// in the crawl's own.
#[test]
fn law_14_a_page_on_which_the_reader_falls_hides_no_other_page_of_its_round() {
    let office = Office::working();
    let heavy = links(&["/behind-heavy"]) + &"<p>SYNTHETIC words of a long page, one after the other ".repeat(240_000);
    let site = Site::new(move |path, stream| match path {
        "/" => html(stream, &links(&["/a", "/heavy", "/b", "/c"])),
        "/heavy" => html(stream, &heavy),
        "/a" | "/b" => html(stream, &links(&[&format!("/behind{}", path.replace('/', "-"))])),
        _ => html(stream, "a page"),
    });
    let start = site.url("/");
    let words = [&["collect", "crawl", "--case", &office.case, &start][..], &QUICK].concat();
    let running = office.command(NOY, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Only the long page keeps the reader at work for so long.
    crate::office::kill(&reader_at_work(running.id(), 8));
    let view = outcome(running, LONG).ended(0).line();
    assert_eq!((&view["state"], &view["fetched"], &view["unread"]), (&"done".into(), &7.into(), &1.into()), "{view}");
    let map = sitemap(&office, "K-0001");
    assert!(string(&map[&site.url("/heavy")]["not_read"]).contains("the other pages of its round were read without it"), "{map:#?}");
    for page in ["/a", "/b", "/c"] {
        assert!(map[&site.url(page)].get("not_read").is_none(), "{map:#?}");
    }
    let asked = site.asked();
    assert!(asked.contains(&"/behind-a".to_string()) && asked.contains(&"/behind-b".to_string()) && !asked.contains(&"/behind-heavy".to_string()), "{asked:?}");
    office.sound_log();
}

#[test]
fn law_14_a_reader_that_falls_hides_no_page_silently() {
    let office = Office::working();
    let long = links(&["/a"]) + &"SYNTHETIC words of a long page ".repeat(100_000);
    let site = Site::new(move |path, stream| match path {
        "/" => html(stream, &long),
        _ => html(stream, "a page"),
    });
    let start = site.url("/");
    let words = [&["collect", "crawl", "--case", &office.case, &start][..], &QUICK].concat();
    let running = office.command(NOY, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    crate::office::kill(&reader_of(running.id()));
    let view = outcome(running, LONG).ended(0).line();
    assert_eq!((&view["state"], &view["fetched"], &view["unread"]), (&"done".into(), &1.into(), &1.into()), "{view}");
    let map = sitemap(&office, "K-0001");
    assert_eq!(state(&map, &start), "fetched");
    assert!(string(&map[&start]["not_read"]).contains("not read to their end"), "{map:#?}");
    assert_eq!(site.asked(), ["/"], "what it links to was not read");
    office.sound_log();
}
