//! Captures side by side, and the time until a private Tor network gives its first sealed page.
//!
//! - `cargo bench -p lanternfish --bench captures --profile release` runs 64 captures at once on loopback, each of a page
//!   that takes some seconds to come: RssAnon of each capture's child and of the desk, and how long after its last byte a
//!   capture is an exhibit (of captures one after the other). The floor beside it is the disk's own fsync.
//! - `-- tor --runs 20 [--cold]` brings up a private network and captures its first onion page, again and again: seconds
//!   until it stands and until the page is sealed. With `--cold` its keys are made anew each time.
//!
//! It measures and judges nothing.

#![expect(clippy::unwrap_used, reason = "a bench that cannot unwrap has failed")]

#[path = "unit/mod.rs"]
mod unit;

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use desk::capture::{self, CaptureView, CaptureWish, Way};
use model::{authority::SourceClass, exhibit::Origin};
use unit::{Unit, option};

fn main() {
    if std::env::args().any(|word| word == "tor") {
        return tor(option("--runs", 20), std::env::args().any(|word| word == "--cold"));
    }
    let folder = folder();
    let unit = Unit::open(&folder.path().join("home"));
    let (at_once, bytes) = (option("--captures", 64), option("--bytes", 4 << 20));
    let quick = serving(1 << 10, Duration::ZERO);
    let mut after: Vec<f64> = (0..40).map(|_| unit.sealed_after(&quick)).collect();
    after.sort_by(f64::total_cmp);
    let mut syncs: Vec<f64> = (0..40).map(|_| fsync(folder.path())).collect();
    syncs.sort_by(f64::total_cmp);
    println!("{{\"bench\":\"one after the other\",\"sealed_after_its_last_byte_ms\":{{\"p50\":{:.1},\"p95\":{:.1}}},\"fsync_ms_p50\":{:.1}}}", after[20], after[38], syncs[20]);

    let slow = serving(bytes, Duration::from_secs(12));
    let watch = Watch::begin();
    let began = Instant::now();
    let whole: usize = thread::scope(|threads| {
        let all: Vec<_> = (0..at_once).map(|_| threads.spawn(|| unit.capture(&slow, Way::Loopback))).collect();
        all.into_iter().map(|one| usize::from(one.join().unwrap().record.complete)).sum()
    });
    let wall = began.elapsed().as_secs_f64();
    let seen = watch.end();
    println!(
        "{{\"bench\":\"at once\",\"captures\":{at_once},\"whole\":{whole},\"mib_each\":{},\"seconds\":{wall:.1},\"most_at_once\":{},\"rss_anon_mib_each_at_most\":{:.1},\"rss_anon_mib_desk_at_most\":{:.1}}}",
        bytes >> 20,
        seen.most,
        seen.each as f64 / 1024.0,
        seen.desk as f64 / 1024.0,
    );
}

/// Up, first page sealed, down; so many times.
fn tor(runs: usize, cold: bool) {
    let folder = folder();
    let page = serving(2 << 10, Duration::ZERO);
    let port: u16 = page.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    let unit = Unit::open(&folder.path().join("home"));
    let (mut worst, mut done) = (0.0_f64, 0);
    for run in 0..runs + usize::from(!cold) {
        let place = folder.path().join(if cold { format!("network-{run}") } else { "network".into() });
        let began = Instant::now();
        let network = range::tor::up(&place, &range::tor::Plan::of(3, range::tor::Web::Port(port)), range::tor::Stay::WithThisProcess, |_, _| ()).unwrap();
        let up = began.elapsed().as_secs_f64();
        let url = format!("http://{}/", network.onion.as_deref().unwrap());
        let mut captures = 0;
        let sealed = loop {
            captures += 1;
            let view = unit.capture(&url, Way::Tor { network: Some(network.client.clone()) });
            if view.record.complete {
                break Some(began.elapsed().as_secs_f64());
            }
            if began.elapsed() > Duration::from_secs(180) {
                break None;
            }
        };
        // The first run with kept keys makes them.
        let counts = cold || run > 0;
        println!("{{\"bench\":\"tor\",\"keys\":\"{}\",\"up_s\":{up:.1},\"first_page_sealed_s\":{},\"captures\":{captures}}}", if counts && !cold { "kept" } else { "made" }, sealed.map_or("null".into(), |s| format!("{s:.1}")));
        if counts {
            done += usize::from(sealed.is_some());
            worst = worst.max(sealed.unwrap_or(f64::INFINITY));
        }
        range::tor::down(&place).unwrap();
    }
    println!("{{\"bench\":\"tor\",\"runs\":{runs},\"sealed\":{done},\"longest_s\":{worst:.1}}}");
}

fn folder() -> tempfile::TempDir {
    let place = std::env::var_os("LANTERNFISH_BENCH_DIR").map_or_else(std::env::temp_dir, Into::into);
    tempfile::tempdir_in(place).expect("a temporary folder")
}

impl Unit {
    fn capture(&self, url: &str, way: Way) -> CaptureView {
        let wish = CaptureWish {
            urls: vec![url.into()],
            way,
            origin: Origin::of(SourceClass::Synthetic),
            byte_budget: 64 << 20,
            timeout_ms: 60_000,
            description: "bench".into(),
            persona: None,
            media: false,
            browser: None,
        };
        let scope = self.desk.enter(&self.officer, &self.case).unwrap();
        let permits: Vec<_> = wish.intents().unwrap().into_iter().map(|intent| self.desk.permit(&scope, intent).unwrap()).collect();
        capture::run(&self.desk, &scope, &permits, &wish, &mut |_| ()).unwrap()
    }

    /// Milliseconds from the collector's last moment to the exhibit's.
    fn sealed_after(&self, url: &str) -> f64 {
        let view = self.capture(url, Way::Loopback);
        assert!(view.record.complete);
        (self.desk.now().micros() - view.record.ended.micros()) as f64 / 1e3
    }
}

/// A server of pages of so many bytes of text, which come evenly over this time.
fn serving(bytes: usize, over: Duration) -> String {
    const PIECES: usize = 120;
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {bytes}\r\n\r\n");
                let mut left = bytes;
                while left > 0 {
                    let piece = (bytes / PIECES).max(1).min(left);
                    if stream.write_all(&vec![b'~'; piece]).is_err() {
                        return;
                    }
                    left -= piece;
                    thread::sleep(over / u32::try_from(PIECES).unwrap());
                }
            });
        }
    });
    url
}

/// Looks at the children of this process until it is told to end.
struct Watch {
    over: Arc<AtomicBool>,
    seen: Arc<Mutex<Seen>>,
    watching: thread::JoinHandle<()>,
}

#[derive(Debug, Default, Clone)]
struct Seen {
    most: usize,
    each: u64,
    desk: u64,
}

impl Watch {
    fn begin() -> Watch {
        let (over, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Seen::default())));
        let (ended, noted) = (Arc::clone(&over), Arc::clone(&seen));
        let watching = thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                let children: BTreeMap<u32, u64> = children().into_iter().filter_map(|pid| Some((pid, rss_anon(pid)?))).collect();
                let mut seen = noted.lock().unwrap();
                seen.most = seen.most.max(children.len());
                seen.each = seen.each.max(children.values().copied().max().unwrap_or(0));
                seen.desk = seen.desk.max(rss_anon(std::process::id()).unwrap_or(0));
                drop(seen);
                thread::sleep(Duration::from_millis(100));
            }
        });
        Watch { over, seen, watching }
    }

    fn end(self) -> Seen {
        self.over.store(true, Ordering::Relaxed);
        self.watching.join().unwrap();
        self.seen.lock().unwrap().clone()
    }
}

/// The collectors that this process has begun.
fn children() -> Vec<u32> {
    let output = Command::new("pgrep").args(["-P", &std::process::id().to_string(), "-f", "__collect"]).stdin(Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| line.parse().ok()).collect()
}

/// KiB.
fn rss_anon(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?.split_whitespace().next()?.parse().ok()
}

/// Milliseconds of a 4 KiB write and its fsync.
fn fsync(folder: &Path) -> f64 {
    let mut file = std::fs::File::create(folder.join("sync")).unwrap();
    file.write_all(&[7; 4096]).unwrap();
    let began = Instant::now();
    file.sync_all().unwrap();
    began.elapsed().as_secs_f64() * 1e3
}

