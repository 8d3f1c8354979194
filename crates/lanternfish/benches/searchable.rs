//! How long it takes until a web archive that comes in is sealed, unpacked, extracted and searchable, all of it durable.
//!
//! `cargo bench -p lanternfish --bench searchable --profile release [-- --megabytes 1000]` writes a WARC of market-like
//! pages in several scripts (the same in every run), admits and examines it, then asks it one question. CPU-seconds are
//! those of the desk and of its caged children. In the same run: hashing the same bytes once with `sha256sum` (what
//! cannot be spared), so that a busy machine is no excuse.

#![expect(clippy::unwrap_used, reason = "a bench that cannot unwrap has failed")]

#[path = "unit/mod.rs"]
mod unit;

use std::{fmt::Write as _, fs::File, io::{BufWriter, Write as _}, path::Path, process::Command, time::Instant};

use desk::{Intent, admit::{self, AdmitFile}, examine, search};
use model::{action::Action, authority::SourceClass, exhibit::{ExhibitClass, Origin}};
use unit::{Unit, option};

fn main() {
    let folder = tempfile::TempDir::new().unwrap();
    let warc = folder.path().join("bench.warc");
    let pages = write_warc(&warc, option("--megabytes", 1000) * 1_000_000);
    let bytes = std::fs::metadata(&warc).unwrap().len() as f64 / 1e6;
    let begun = cpu_seconds();
    assert!(Command::new("sha256sum").arg(&warc).output().unwrap().status.success());
    let hashing = cpu_seconds() - begun;

    let unit = Unit::open(&folder.path().join("home"));
    let scope = unit.desk.enter(&unit.officer, &unit.case).unwrap();
    let permit = |action| unit.desk.permit(&scope, Intent::to(action)).unwrap();
    let origin = Origin::of(SourceClass::Synthetic);
    let file = AdmitFile {
        description: "bench".into(), source: "written here".into(), origin: origin.clone(), class: ExhibitClass::Ordinary,
        original_name: Some("bench.warc".into()), declared: vec![], manual: None,
    };
    let (wall, begun) = (Instant::now(), cpu_seconds());
    let admission = unit.desk.permit(&scope, Intent::to(Action::Admit).on(&origin)).unwrap();
    let exhibit = admit::file(&unit.desk, &scope, &admission, &file, &mut File::open(&warc).unwrap()).unwrap().exhibit;
    let admitted = cpu_seconds() - begun;
    let view = examine::examine(&unit.desk, &scope, &permit(Action::Examine), &exhibit, &parse::Budget::default()).unwrap();
    let all = cpu_seconds() - begun;
    let wall = wall.elapsed().as_secs_f64();
    let found = search::words(&unit.desk, &scope, &permit(Action::Query), "\"page 17\"", 5, "bench").unwrap();
    assert!(view.not_indexed.is_none() && !found.hits.is_empty() && found.unsearched.is_empty(), "{view:?} {found:?}");
    println!(
        r#"{{"bench":"searchable","mb":{bytes:.0},"pages":{pages},"members":{},"selectors":{},"mb_per_cpu_s":{:.1},"cpu_s":{all:.1},"admit_cpu_s":{admitted:.1},"sha256sum_cpu_s":{hashing:.2},"seconds":{wall:.1},"rss_anon_desk_peak_mib":{}}}"#,
        view.members, view.selectors, bytes / all, peak_mib()
    );
}

const SENTENCES: [&str; 6] = [
    "Fresh stock, tested twice, ships in two days from a quiet town. ",
    "สินค้าใหม่ ทดสอบแล้ว ส่งภายในสองวัน ไม่ต้องถามมาก ",
    "ສິນຄ້າໃໝ່ ທົດສອບແລ້ວ ສົ່ງພາຍໃນສອງມື້ ",
    "Свежий товар, проверено дважды, отправка за два дня. ",
    "新货，测试两次，两天内发货，请先联系。",
    "Hàng mới, đã kiểm tra hai lần, gửi trong hai ngày. ",
];

/// Pages of about 50 kB, each a response record with its head; gives their number.
fn write_warc(path: &Path, bytes: usize) -> usize {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let (mut written, mut pages, mut dice) = (0, 0, Dice(17));
    while written < bytes {
        let page = page(pages, &mut dice);
        let block = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n{page}", page.len());
        let head = format!(
            "WARC/1.1\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:uuid:00000000-0000-4000-8000-{pages:012}>\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n\
             WARC-Target-URI: http://market.example/page/{pages}\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: {}\r\n\r\n",
            block.len()
        );
        out.write_all(head.as_bytes()).unwrap();
        out.write_all(block.as_bytes()).unwrap();
        out.write_all(b"\r\n\r\n").unwrap();
        written += head.len() + block.len() + 4;
        pages += 1;
    }
    out.flush().unwrap();
    pages
}

fn page(number: usize, dice: &mut Dice) -> String {
    let mut page = format!("<!doctype html><html><head><title>SYNTHETIC page {number}</title><link rel=\"stylesheet\" href=\"/static/main.css\"></head><body class=\"page dark\">");
    let language = SENTENCES[number % SENTENCES.len()];
    for item in 0..90 {
        let _ = write!(page, "<div class=\"listing row item-{item}\" id=\"item-{number}-{item}\" data-row=\"{}\"><a href=\"/listing/{:016x}\" class=\"title link-primary\">Item No. {item}</a>\
            <img src=\"/images/{:020x}.jpg\" width=\"120\" height=\"90\"><p class=\"text description\">", dice.below(90), dice.next(), dice.next());
        for _ in 0..1 + dice.below(3) {
            page.push_str(language);
        }
        let _ = writeln!(page, "word{} word{}</p><span class=\"price tag\">{}.{:02} USD</span><span class=\"vendor name\">vendor_{}</span></div>",
            dice.below(50_000), dice.below(50_000), dice.below(900), dice.below(100), dice.below(500));
    }
    let _ = writeln!(page, "<p>mail <a href=\"mailto:v{number}@example.com\">v{number}@example.com</a>, ETH 0x{:040x}, Telegram @vendor_{number}, +66 81 2{:02} {:04}</p></body></html>",
        dice.next(), dice.below(100), dice.below(10_000));
    page
}

/// SplitMix64: small, public domain, the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// CPU time of this process and of its children that have ended, with all their threads.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = (11..15).map(|i| fields[i].parse::<f64>().unwrap()).sum();
    ticks / 100.0
}

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
