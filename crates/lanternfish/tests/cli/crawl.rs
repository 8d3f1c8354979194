//! Crawls, driven as officers drive them, against sites on loopback: scope, permits, what happens when the desk dies or
//! the authority ends, what is restricted, what hostile sites do, schedules and changes.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::office::{KHAM, NOY, Office, outcome, string};

const LONG: Duration = Duration::from_secs(120);

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

fn links(to: &[&str]) -> String {
    to.iter().map(|to| format!("<p><a href=\"{to}\">{to}</a></p>")).collect()
}

/// The words of a crawl that asks for no robots.txt and does not wait.
const QUICK: [&str; 4] = ["--ignore-robots", "a drill", "--pause-ms", "0"];

fn crawl(office: &Office, site: &Site, more: &[&str]) -> crate::office::Said {
    let start = site.url("/");
    office.in_case(NOY, "collect crawl", &[&[start.as_str()], &QUICK[..], more].concat())
}

fn sitemap(office: &Office, crawl: &str) -> BTreeMap<String, Value> {
    let lines = office.in_case(NOY, "collect sitemap", &[crawl]).ended(0).lines();
    lines.into_iter().map(|line| (string(&line["url"]), line)).collect()
}

fn state<'a>(map: &'a BTreeMap<String, Value>, url: &str) -> &'a str {
    map.get(url).unwrap_or_else(|| panic!("{url} is not in the sitemap: {map:#?}"))["state"].as_str().unwrap()
}

fn reason(map: &BTreeMap<String, Value>, url: &str) -> String {
    string(&map.get(url).unwrap_or_else(|| panic!("{url} is not in the sitemap: {map:#?}"))["reason"])
}

#[test]
fn law_01_a_crawl_asks_for_nothing_that_its_scope_leaves_out() {
    let office = Office::working();
    let elsewhere = Site::of(&[("/", "not for us".into())]);
    let other = elsewhere.url("/").replace("127.0.0.1", "other.localhost");
    let site = Site::of(&[
        ("/", links(&["/a", "/private/x", &other, "https://127.0.0.1/", "mailto:x@example.com", "/a#again", "./a?", "a/../a"]) + "<img src=/picture><script src=/script></script><form action=/buy>"),
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
    assert!(reason(&map, "https://127.0.0.1/").contains("not http"));
    assert!(!map.contains_key(&site.url("/picture")) && !map.contains_key(&site.url("/script")) && !map.contains_key(&site.url("/buy")));
    // Each round is one exhibit with what it holds.
    assert_eq!(office.exhibits().len(), 3);
    assert_eq!(map[&site.url("/a")]["exhibit"], "E-0002");
    assert_eq!(map[&site.url("/a/b")]["found_in"], "E-0002");
    office.sound_log();
}
