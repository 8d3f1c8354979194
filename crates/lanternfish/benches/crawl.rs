//! How many pages of a site on loopback are crawled, sealed and read in a second, and with how much memory.
//!
//! `cargo bench -p lanternfish --bench crawl --profile release -- --pages 50000` makes a site in this process, crawls
//! it with the real program, and prints one line for each tenth: pages, seconds, RssAnon of the desk. `--kill 2` ends
//! the desk that often with `kill -9` and goes on; at the end it is asked which pages were answered twice, and which are sealed twice.
//! `--peer wget` fetches the same site with `wget --mirror` instead. `LANTERNFISH_BENCH_DIR` names the folder of the
//! home. It measures and judges nothing but one thing: that every page is there once.

#![expect(clippy::unwrap_used, reason = "a bench that cannot unwrap has failed")]

#[path = "unit/mod.rs"]
mod unit;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

/// Links of each page to pages of its own; beside them stand ten that every page has.
const BRANCHES: usize = 4;

use unit::{Unit, option};

fn main() {
    let (pages, round, kills) = (option("--pages", 5_000), option("--round", 500), option("--kill", 0));
    let site = Site::open(pages);
    let place = std::env::var_os("LANTERNFISH_BENCH_DIR").map_or_else(std::env::temp_dir, Into::into);
    let folder = tempfile::tempdir_in(place).expect("a temporary folder");
    if std::env::args().any(|word| word == "wget") {
        return wget(&site, folder.path(), pages);
    }
    let home = folder.path().join("home");
    let Unit { token: session, case, .. } = Unit::open(&home);
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lanternfish"));
        command.arg("--json").arg("--home").arg(&home).env("LANTERNFISH_SESSION", &session).args(words).args(["--case", &case]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let (began, cpu) = (Instant::now(), cpu_of_children());
    let (start, most, round) = (format!("{}/p/0", site.root), pages.to_string(), round.to_string());
    let crawl = ["collect", "crawl", &start, "--pages", &most, "--bytes", "100000000000", "--depth", "99", "--round", &round, "--pause-ms", "0",
        "--per-pattern", "4000000000", "--ignore-robots", "a bench", "--source", "synthetic"];
    let mut desk = run(&crawl);
    for nth in 1..=kills {
        let until = pages * nth / (kills + 1);
        watch(&mut desk, pages, until as u64, began);
        desk.kill().unwrap();
        desk.wait().unwrap();
        println!("{{\"bench\":\"crawl\",\"killed_after\":{until}}}");
        desk = run(&["collect", "resume", "K-0001"]);
    }
    watch(&mut desk, pages, u64::MAX, began);
    let said = desk.wait_with_output().unwrap();
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_of_children() - cpu);
    assert!(said.status.success(), "{said:?}");
    let asked: Vec<u32> = site.asked.iter().map(|count| count.load(Ordering::Relaxed)).collect();
    let listing = run(&["collect", "sitemap", "K-0001", "--state", "fetched"]).wait_with_output().unwrap();
    let mut sealed: Vec<&str> = std::str::from_utf8(&listing.stdout).unwrap().lines().map(|line| line.split("\"url\":\"").nth(1).unwrap().split('"').next().unwrap()).collect();
    sealed.sort_unstable();
    let lines = sealed.len();
    sealed.dedup();
    assert_eq!((lines, sealed.len()), (pages, pages), "every page is sealed once");
    println!(
        "{{\"bench\":\"crawl\",\"pages\":{pages},\"pages_per_s\":{:.0},\"cpu_ms_each\":{:.2},\"answered_twice\":{},\"never_answered\":{},\"home_mib\":{}}}",
        pages as f64 / wall,
        cpu * 1e3 / pages as f64,
        asked.iter().filter(|count| **count > 1).count(),
        asked.iter().filter(|count| **count == 0).count(),
        size_of(&home) >> 20,
    );
}

/// Reads what the desk says until so many pages are fetched or it ends; tells each tenth.
fn watch(desk: &mut Child, pages: usize, until: u64, began: Instant) {
    let lines = BufReader::new(desk.stderr.take().unwrap()).lines();
    let mut tenth = 0;
    for line in lines.map_while(Result::ok) {
        let Some(done) = line.split(' ').next().and_then(|word| word.parse::<u64>().ok()) else { continue };
        let now = done * 10 / pages as u64;
        if now > tenth {
            tenth = now;
            println!("{{\"bench\":\"crawl\",\"fetched\":{done},\"seconds\":{:.1},\"rss_anon_kib\":{}}}", began.elapsed().as_secs_f64(), rss_anon(desk.id()));
        }
        if done >= until {
            return;
        }
    }
}

fn wget(site: &Site, folder: &Path, pages: usize) {
    let (began, cpu) = (Instant::now(), cpu_of_children());
    let status = Command::new("wget").args(["--quiet", "--mirror", "--level=inf", "--no-http-keep-alive", "-P"]).arg(folder).arg(format!("{}/p/0", site.root)).status().unwrap();
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu_of_children() - cpu);
    println!("{{\"bench\":\"wget --mirror\",\"ok\":{},\"pages_per_s\":{:.0},\"cpu_ms_each\":{:.2}}}", status.success(), pages as f64 / wall, cpu * 1e3 / pages as f64);
}

/// A site of so many pages, answered by threads of this process.
struct Site {
    root: String,
    asked: Arc<Vec<AtomicU32>>,
}

impl Site {
    fn open(pages: usize) -> Site {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Vec<AtomicU32>> = Arc::new((0..pages).map(|_| AtomicU32::new(0)).collect());
        for _ in 0..4 {
            let (listener, asked) = (listener.try_clone().unwrap(), Arc::clone(&asked));
            std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(serve(stream, &asked))));
        }
        Site { root, asked }
    }
}

fn serve(mut stream: TcpStream, asked: &[AtomicU32]) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        let read = stream.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        head.extend_from_slice(&piece[..read]);
    }
    let text = String::from_utf8_lossy(&head);
    let number = text.split(' ').nth(1).and_then(|path| path.strip_prefix("/p/")).and_then(|digits| digits.parse::<usize>().ok());
    let Some(number) = number.filter(|number| *number < asked.len()) else {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    asked[number].fetch_add(1, Ordering::Relaxed);
    let body = page(number, asked.len());
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// About two kilobytes: a list, a text, links.
fn page(number: usize, pages: usize) -> String {
    let own = (1..=BRANCHES).map(|n| BRANCHES * number + n).filter(|next| *next < pages);
    let shared = (0..10).map(|n| n * pages / 10);
    let links: String = own.chain(shared).map(|next| format!("<li><a href=\"/p/{next}\">SYNTHETIC listing {next}</a></li>")).collect();
    let text: String = (0..120).map(|n| format!("word{} ", (number * 31 + n * 7919) % 5_000)).collect();
    format!("<!doctype html><title>SYNTHETIC {number}</title><ul>{links}</ul><p>{text}</p>")
}

fn rss_anon(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("RssAnon:"));
    line.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// CPU seconds of all children that have ended, and of theirs.
fn cpu_of_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a process name").1.split_whitespace().collect();
    let ticks: u64 = fields[13..15].iter().map(|field| field.parse::<u64>().expect("a number")).sum();
    ticks as f64 / 100.0
}

fn size_of(folder: &Path) -> u64 {
    let inside = std::fs::read_dir(folder).into_iter().flatten().flatten();
    inside.map(|entry| if entry.path().is_dir() { size_of(&entry.path()) } else { entry.metadata().map_or(0, |about| about.len()) }).sum()
}
