//! How fast the workspace answers many officers at once, and what it costs.
//!
//! `cargo bench -p lanternfish --bench workspace --profile release [-- --exhibits 10000 --selectors 10000 --officers 50
//! --seconds 20 --pause-ms 1000]` makes a case of so many things and selectors, opens the workspace, and lets the officers ask
//! for pages, each on a line of his own: home, the case, a page of the exhibits, one exhibit, the findings, the form of a step,
//! and where one selector stands. Twice: as people do, who look at a page for a second before the next one (`--pause-ms`), and
//! without any pause, which is how much the machine can give. In the same run, as the limit of the machine: the same officers
//! ask for the style sheet, which asks nobody.

#![expect(clippy::unwrap_used, reason = "a bench that cannot unwrap has failed")]

#[path = "unit/mod.rs"]
mod unit;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::Mutex,
    time::{Duration, Instant},
};

use desk::{Intent, admit::{self, AdmitFile}, examine};
use model::{action::Action, authority::SourceClass, exhibit::{ExhibitClass, Origin, PhysicalItem}};
use unit::{Unit, option};

fn main() {
    let (exhibits, selectors, officers, seconds) = (option("--exhibits", 10_000), option("--selectors", 10_000), option("--officers", 50), option("--seconds", 20));
    let pause = Duration::from_millis(option("--pause-ms", 1_000) as u64);
    let folder = tempfile::TempDir::new().unwrap();
    let home = folder.path().join("home");
    let unit = Unit::open(&home);
    let scope = unit.desk.enter(&unit.officer, &unit.case).unwrap();
    let origin = Origin::of(SourceClass::Synthetic);
    let permit = unit.desk.permit(&scope, Intent::to(Action::Admit).on(&origin)).unwrap();
    let made = Instant::now();
    for n in 0..exhibits {
        let item = PhysicalItem { seal_number: format!("B-{n}"), condition: "whole".into() };
        admit::thing(&unit.desk, &scope, &permit, &origin, "SYNTHETIC thing", "bench", &item).unwrap();
    }
    let found: u64 = (0..selectors.div_ceil(IN_A_FILE)).map(|n| file_of_selectors(&unit, n)).sum();
    let made = made.elapsed().as_secs_f64();
    let (token, case) = (unit.token.clone(), unit.case.clone());
    drop((scope, permit));
    drop(unit);

    let open = Open::of(&home);
    let idle = open.rss_anon_mib();
    let middle = exhibits / 2 + 1;
    let asked = format!(r#"selectors {{"case":"{case}","purpose":"bench","value":"{}"}}"#, address(selectors / 2));
    let pages = ["/".to_string(), asked, format!("/case/{case}"), format!("/case/{case}/exhibits?from={middle}"), format!("/case/{case}/exhibits/E-{middle:04}"), format!("/case/{case}/findings"), format!("/step/exhibit/admit?case={case}")];
    // The first of each page reads what is kept for the next ones.
    for page in &pages {
        let (asked, mut line) = (Instant::now(), open.line());
        open.page(&mut line, &token, page);
        println!(r#"{{"bench":"workspace","page":"{}","first_ms":{:.1},"rss_anon_mib":{}}}"#, told(page, &case), asked.elapsed().as_secs_f64() * 1e3, open.rss_anon_mib());
    }
    let limit = open.asked_by(officers, Duration::from_secs(3), Duration::ZERO, &token, &["/assets/style.css".to_string()]);
    let people = open.asked_by(officers, Duration::from_secs(seconds as u64), pause, &token, &pages);
    let answers = open.asked_by(officers, Duration::from_secs(seconds as u64), Duration::ZERO, &token, &pages);
    let alone = open.asked_by(1, Duration::from_secs(3), Duration::ZERO, &token, &pages);
    for page in &pages {
        let one = open.asked_by(1, Duration::from_secs(2), Duration::ZERO, &token, std::slice::from_ref(page));
        let what = told(page, &case);
        println!(r#"{{"bench":"workspace","page":"{what}","alone_p50_ms":{:.1},"alone_p99_ms":{:.1},"cpu_ms":{:.2},"bytes":{}}}"#, one.ms(0.5), one.ms(0.99), one.cpu_ms(), one.largest);
    }
    println!(
        r#"{{"bench":"workspace","exhibits":{exhibits},"selectors":{found},"made_s":{made:.1},"officers":{officers},"with_pauses_pages":{},"with_pauses_p50_ms":{:.1},"with_pauses_p99_ms":{:.1},"pages":{},"p50_ms":{:.1},"p99_ms":{:.1},"cpu_ms_a_page":{:.2},"alone_p50_ms":{:.1},"alone_p99_ms":{:.1},"style_sheet_p99_ms":{:.1},"style_sheet_cpu_ms":{:.3},"largest_page_bytes":{},"rss_anon_idle_mib":{idle},"rss_anon_after_mib":{}}}"#,
        people.times.len(), people.ms(0.5), people.ms(0.99), answers.times.len(), answers.ms(0.5), answers.ms(0.99), answers.cpu_ms(), alone.ms(0.5), alone.ms(0.99), limit.ms(0.99), limit.cpu_ms(), answers.largest, open.rss_anon_mib()
    );
}

/// A page without what differs from run to run.
fn told(page: &str, case: &str) -> String {
    page.split([' ', '?']).next().unwrap().replace(case, "CASE")
}

/// Selectors of one file.
const IN_A_FILE: usize = 5_000;

fn address(n: usize) -> String {
    format!("person{n}@mail{}.example.org", n % 997)
}

/// A list of addresses, admitted and examined; gives how many selectors were found.
fn file_of_selectors(unit: &Unit, n: usize) -> u64 {
    let text: String = (n * IN_A_FILE..(n + 1) * IN_A_FILE).map(|n| format!("SYNTHETIC customer {n} wrote from {}\n", address(n))).collect();
    let typed = AdmitFile {
        description: format!("SYNTHETIC list {n}"),
        source: "bench".into(),
        origin: Origin::of(SourceClass::Synthetic),
        class: ExhibitClass::Ordinary,
        original_name: Some(format!("list-{n}.txt")),
        declared: vec![],
        manual: None,
    };
    let scope = unit.desk.enter(&unit.officer, &unit.case).unwrap();
    let permit = unit.desk.permit(&scope, typed.intent()).unwrap();
    let exhibit = admit::file(&unit.desk, &scope, &permit, &typed, &mut text.as_bytes()).unwrap().exhibit;
    let permit = unit.desk.permit(&scope, Intent::to(Action::Examine)).unwrap();
    examine::examine(&unit.desk, &scope, &permit, &exhibit, &parse::Budget::default()).unwrap().selectors
}

/// The workspace, ended with the bench.
struct Open {
    child: Child,
    address: String,
}

impl Drop for Open {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came back, and how long each took.
struct Answers {
    times: Vec<Duration>,
    largest: usize,
    cpu_s: f64,
}

impl Answers {
    fn ms(&self, part: f64) -> f64 {
        let at = ((self.times.len() - 1) as f64 * part).round() as usize;
        self.times[at].as_secs_f64() * 1e3
    }

    fn cpu_ms(&self) -> f64 {
        self.cpu_s * 1e3 / self.times.len() as f64
    }
}

impl Open {
    fn of(home: &std::path::Path) -> Open {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lanternfish"));
        command.args(["--json", "--home"]).arg(home).args(["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_string();
        Open { child, address }
    }

    /// So many officers ask for these pages, one after the other, until the time is over.
    fn asked_by(&self, officers: usize, span: Duration, pause: Duration, token: &str, pages: &[String]) -> Answers {
        let (all, before) = (Mutex::new((Vec::new(), 0)), self.cpu_seconds());
        std::thread::scope(|threads| {
            for officer in 0..officers {
                let all = &all;
                threads.spawn(move || {
                    let mut line = self.line();
                    let (mut times, mut largest, begun) = (Vec::new(), 0, Instant::now());
                    // People do not begin at the same moment.
                    std::thread::sleep(pause * u32::try_from(officer).unwrap() / u32::try_from(officers).unwrap());
                    for page in pages.iter().cycle().skip(officer % pages.len()) {
                        let asked = Instant::now();
                        largest = largest.max(self.page(&mut line, token, page));
                        times.push(asked.elapsed());
                        std::thread::sleep(pause);
                        if begun.elapsed() > span {
                            break;
                        }
                    }
                    let mut all = all.lock().unwrap();
                    all.0.extend(times);
                    all.1 = all.1.max(largest);
                });
            }
        });
        let (mut times, largest) = all.into_inner().unwrap();
        times.sort();
        Answers { times, largest, cpu_s: self.cpu_seconds() - before }
    }

    fn line(&self) -> BufReader<TcpStream> {
        BufReader::new(TcpStream::connect(&self.address).unwrap())
    }

    /// One page on an open line; gives its length.
    fn page(&self, line: &mut BufReader<TcpStream>, token: &str, page: &str) -> usize {
        let request = match page.split_once(' ') {
            None => format!("GET {page} HTTP/1.1\r\nHost: {}\r\nCookie: lanternfish-session={token}\r\n\r\n", self.address),
            Some((step, body)) => {
                format!("POST /api/v1/steps/{step} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", self.address, body.len())
            }
        };
        line.get_mut().write_all(request.as_bytes()).unwrap();
        let (mut head, mut length) = (String::new(), 0);
        loop {
            head.clear();
            line.read_line(&mut head).unwrap();
            assert!(!head.starts_with("HTTP/1.1") || head.starts_with("HTTP/1.1 200"), "{page}: {head}");
            if let Some(value) = head.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if head == "\r\n" {
                break;
            }
        }
        line.read_exact(&mut vec![0; length]).unwrap();
        length
    }

    fn cpu_seconds(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
        (11..13).map(|i| fields[i].parse::<f64>().unwrap()).sum::<f64>() / 100.0
    }

    fn rss_anon_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }
}
