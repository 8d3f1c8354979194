//! Speed of `scan` with validation, in MB per CPU-second, on HTML that this file writes: market-like
//! pages in six scripts with selectors planted, the same bytes in every run. Beside it, in the same
//! run and over the same bytes: a matching stage alone (one multi-pattern regular expression, no
//! HTML reading, no validation) and a physical limit (counting `<`).
//! When real market pages are at hand (`LANTERNFISH_DATA`, else `../shared/data`), the same is measured
//! on them, repeated to the same size; that is the figure of the bound.
//! Run: `cargo bench -p extract --profile release --bench scan [-- MEGABYTES]`. The last line is JSON.
//! `-- --write FILE` writes the bytes that are scanned, for `benches/peers.py`, and measures nothing.

use std::fmt::Write as _;
use std::hint::black_box;

use extract::{Hints, Kind, Scanner};
use regex_automata::meta::Regex;
use sha2::{Digest, Sha256};

fn main() {
    let megabytes = std::env::args().filter_map(|a| a.parse::<usize>().ok()).next().unwrap_or(64);
    let pages = write_pages(megabytes * 1_000_000);
    let market = market_pages(megabytes * 1_000_000);
    if let Some(file) = std::env::args().skip_while(|a| a != "--write").nth(1) {
        std::fs::write(&file, market.as_ref().unwrap_or(&pages)).expect("the file can be written");
        return;
    }
    let hints = Hints { kind: Kind::Html, default_region: None };
    let (limit, tags) = per_cpu_second(&pages, |bytes| memchr::memchr_iter(b'<', bytes).count());
    let patterns = matching_stage();
    let (peer, candidates) = per_cpu_second(&pages, |bytes| patterns.find_iter(bytes).count());
    let (scan, found) = per_cpu_second(&pages, |bytes| Scanner::new().scan(bytes, &hints).len());
    let (text, found_text) = per_cpu_second(&pages, |bytes| {
        Scanner::new().scan(bytes, &Hints { kind: Kind::Text, default_region: None }).len()
    });
    eprintln!("{tags} tags, {candidates} candidates of the matching stage, {found} selectors ({found_text} as text)");
    eprintln!("iocextract, ioc-finder and ripgrep are not part of the build: benches/peers.py measures them on the same bytes");
    let real = market.map_or_else(
        || {
            eprintln!("SKIPPED market pages: captures/market-pages-2020 is not here");
            String::new()
        },
        |market| {
            let (matching, candidates) = per_cpu_second(&market, |bytes| patterns.find_iter(bytes).count());
            let (scan, found) = per_cpu_second(&market, |bytes| Scanner::new().scan(bytes, &hints).len());
            eprintln!("market pages: {candidates} candidates of the matching stage, {found} selectors");
            format!(r#","market_html_mb_per_cpu_s":{scan:.1},"market_peer_matching_only_mb_per_cpu_s":{matching:.1},"market_share_of_peer":{:.2}"#, scan / matching)
        },
    );
    println!(
        r#"{{"bench":"scan","mb":{megabytes},"selectors":{found},"scan_html_mb_per_cpu_s":{scan:.1},"scan_text_mb_per_cpu_s":{text:.1},"peer_regex_matching_only_mb_per_cpu_s":{peer:.1},"limit_count_byte_mb_per_cpu_s":{limit:.1}{real},"peak_rss_anon_mib":{}}}"#,
        rss_anon_mib()
    );
}

/// The saved pages of three markets, repeated; they are read where they lie and never kept here.
fn market_pages(bytes: usize) -> Option<Vec<u8>> {
    let data = std::env::var_os("LANTERNFISH_DATA").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), std::path::PathBuf::from);
    let mut files: Vec<_> = std::fs::read_dir(data.join("captures/market-pages-2020")).ok()?.filter_map(|f| Some(f.ok()?.path())).collect();
    files.sort();
    let once: Vec<u8> = files.iter().filter_map(|file| std::fs::read(file).ok()).flatten().collect();
    (!once.is_empty()).then(|| once.iter().copied().cycle().take(bytes.max(once.len())).collect())
}

/// Speed in 10^6 bytes per CPU-second, and the count that the work gives.
fn per_cpu_second(bytes: &[u8], work: impl Fn(&[u8]) -> usize) -> (f64, usize) {
    let begun = cpu_seconds();
    let count = black_box(work(black_box(bytes)));
    (bytes.len() as f64 / 1e6 / (cpu_seconds() - begun).max(1e-6), count)
}

/// CPU time of this process, from the scheduler (nanoseconds).
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("Linux with scheduler statistics");
    let nanoseconds: f64 = text.split(' ').next().and_then(|n| n.parse().ok()).expect("first field is a number");
    nanoseconds / 1e9
}

fn rss_anon_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|l| l.starts_with("RssAnon")).expect("kernel reports RssAnon");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).expect("a number of KiB") / 1024
}

/// What a scanner by regular expressions would search for: shapes only.
fn matching_stage() -> Regex {
    let utf8_off = regex_automata::util::syntax::Config::new().unicode(false).utf8(false);
    Regex::builder()
        .syntax(utf8_off)
        .configure(Regex::config().utf8_empty(false))
        .build_many(&[
            r"\b[a-z2-7]{56}\.onion\b", r"\b[a-z2-7]{16}\.onion\b", r"\b[a-z2-7]{52,60}\.b32\.i2p\b", r"\b(?:bc|tb|ltc)1[02-9ac-hj-np-z]{11,87}\b",
            r"\b[13LMDA97X][1-9A-HJ-NP-Za-km-z]{25,34}\b", r"\b0x[0-9A-Fa-f]{40}\b", r"\bT[1-9A-HJ-NP-Za-km-z]{33}\b", r"\bt[13][1-9A-HJ-NP-Za-km-z]{33}\b",
            r"\b(?:zs|u|addr|stake|lnbc[0-9munp]*)1[02-9ac-hj-np-z]{38,}\b", r"\br[1-9A-HJ-NP-Za-km-z]{24,34}\b", r"\b(?:bitcoincash:)?[qp][02-9ac-hj-np-z]{41}\b",
            r"\b[48][1-9A-HJ-NP-Za-km-z]{94}\b", r"\b[EUk0][Qf][A-Za-z0-9_-]{46}\b", r"\b[GMS][A-Z2-7]{55}\b", r"\b[xyzYZtuv]p(?:ub|rv)[1-9A-HJ-NP-Za-km-z]{107}\b",
            r"\b[5KL][1-9A-HJ-NP-Za-km-z]{50,51}\b", r"\bBM-[1-9A-HJ-NP-Za-km-z]{30,36}\b", r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b",
            r"\b(?:[0-9]{4}[ -]?){3}[0-9]{4}\b", r"\b[0-9]{15,20}\b", r"\b05[0-9a-f]{64}\b", r"\b[0-9A-F]{76}\b", r"\b(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})\b",
            r"\bCVE-[0-9]{4}-[0-9]{4,7}\b", r"-----BEGIN [A-Z ]*PRIVATE KEY-----", r"[@#!][A-Za-z0-9._=/+-]+:[A-Za-z0-9.-]+\.[a-z]{2,}",
            r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
            r"\b[a-z]{2,8}://[!-;=?-~]+", r"\b(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}\b", r"-----BEGIN PGP [A-Z ]+-----",
            r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b", r"\+[0-9][0-9 ().-]{7,20}", r"\bt\.me/[A-Za-z0-9_+/-]+",
        ])
        .expect("the patterns are written above")
}

/// Deterministic pages: about forty listings each, one group of selectors per page.
fn write_pages(bytes: usize) -> Vec<u8> {
    let mut out = String::with_capacity(bytes + (1 << 20));
    let mut dice = Dice(0x6c61_6e74_6572_6e66);
    let mut page = 0;
    while out.len() < bytes {
        write_page(&mut out, &mut dice, page);
        page += 1;
    }
    out.into_bytes()
}

const SENTENCES: [&str; 6] = [
    "Fresh stock, tested twice, ships in two days from a quiet town. ",
    "สินค้าใหม่ ทดสอบแล้ว ส่งภายในสองวัน ไม่ต้องถามมาก ",
    "ສິນຄ້າໃໝ່ ທົດສອບແລ້ວ ສົ່ງພາຍໃນສອງມື້ ",
    "Свежий товар, проверено дважды, отправка за два дня. ",
    "新货，测试两次，两天内发货，请先联系。",
    "Hàng mới, đã kiểm tra hai lần, gửi trong hai ngày. ",
];

fn write_page(out: &mut String, dice: &mut Dice, page: u64) {
    let language = SENTENCES[dice.below(SENTENCES.len())];
    let _ = write!(out, "<!doctype html><html><head><title>SYNTHETIC market {page}</title><meta charset=\"utf-8\">\
        <link rel=\"stylesheet\" href=\"/static/main.{page}.css\"></head><body class=\"page dark\">");
    for item in 0..40 {
        let _ = write!(out, "<div class=\"listing row\" id=\"item-{page}-{item}\"><a href=\"/listing/{}\" class=\"title\">Item No. {item}</a>\
            <img src=\"/images/{}.jpg\" width=\"120\" height=\"90\"><p class=\"text\">", dice.hex(16), dice.hex(20));
        for _ in 0..2 + dice.below(6) {
            out.push_str(language);
        }
        let _ = writeln!(out, "</p><span class=\"price\">{}.{:02} USD</span><span class=\"vendor\">vendor_{}</span>\
            <b>{} sold</b> &middot; since 2019-0{}-1{}</div>", dice.below(900), dice.below(100), dice.below(500), dice.below(9000), 1 + dice.below(9), dice.below(9));
    }
    write_selectors(out, dice, page);
    out.push_str("<script>var page = document.location.pathname; window.open = null;</script></body></html>\n");
}

fn write_selectors(out: &mut String, dice: &mut Dice, page: u64) {
    let coin = base58check(0, dice.next());
    let tron = base58check(0x41, dice.next());
    let _ = write!(out, "<div class=\"contact\"><p>BTC: <code>{coin}</code> or {}<wbr>{}</p><p>TRON {tron}, mail \
        <a href=\"mailto:v{page}@example.com\">v{page}&#64;example.com</a>, ETH 0x{}, Telegram @vendor_{page}</p>\
        <p>mirror http://{}.onion/ or https://market{page}.example.org/a?b=1, +66 81 2{:02} {:04}, 203.0.113.{}</p></div>",
        &tron[..17], &tron[17..], dice.hex(40), dice.base32(16), dice.below(100), dice.below(10_000), dice.below(256));
}

fn base58check(version: u8, seed: u64) -> String {
    let mut payload = vec![version];
    payload.extend_from_slice(&Sha256::digest(seed.to_be_bytes())[..20]);
    let check = Sha256::digest(Sha256::digest(&payload));
    payload.extend_from_slice(&check[..4]);
    bs58::encode(payload).into_string()
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

    fn letters(&mut self, count: usize, alphabet: &[u8]) -> String {
        (0..count).map(|_| char::from(alphabet[self.below(alphabet.len())])).collect()
    }

    fn hex(&mut self, count: usize) -> String {
        self.letters(count, b"0123456789abcdef")
    }

    fn base32(&mut self, count: usize) -> String {
        self.letters(count, b"abcdefghijklmnopqrstuvwxyz234567")
    }
}
