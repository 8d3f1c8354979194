//! Speed of reading rows, in MB per CPU-second, on market pages that this file writes: the same bytes in every run.
//! Beside it, over the same bytes and in the same run: the tree alone (profiles only, and none of them), and the
//! selector scan. With `LANTERNFISH_DATA` or `../shared/data` also real market pages.
//! Run: `cargo bench -p extract --profile release --bench listings`. The last line is JSON.

use std::fmt::Write as _;
use std::hint::black_box;

use extract::{
    Hints as ScanHints, Kind, Scanner,
    listing::{Hints, Profiles, read},
};

fn main() {
    let built_in = Profiles::built_in();
    let none = Profiles::none();
    let no_rows = Hints { profiles_only: true, ..Hints::default() };
    let mut lines = vec![];
    for (name, pages) in [("synthetic", written_pages(200)), ("real", real_pages())] {
        if pages.is_empty() {
            eprintln!("SKIPPED real pages: captures/market-pages-2020 of the outside data");
            continue;
        }
        let with_profiles = per_cpu_second(&pages, |page| read(page, &built_in, &Hints::default()).len());
        let by_structure = per_cpu_second(&pages, |page| read(page, &none, &Hints::default()).len());
        let tree_only = per_cpu_second(&pages, |page| read(page, &none, &no_rows).len());
        let scan = per_cpu_second(&pages, |page| Scanner::new().scan(page, &ScanHints { kind: Kind::Html, default_region: None }).len());
        eprintln!(
            "{name}: {} pages; rows with profiles {}, by structure {}; selectors {}", pages.len(), with_profiles.1, by_structure.1, scan.1
        );
        lines.push(format!(
            r#""{name}_profiles_mb_per_cpu_s":{:.1},"{name}_structure_mb_per_cpu_s":{:.1},"{name}_tree_mb_per_cpu_s":{:.1},"{name}_selector_scan_mb_per_cpu_s":{:.1}"#,
            with_profiles.0, by_structure.0, tree_only.0, scan.0
        ));
    }
    println!(r#"{{"bench":"listings",{}}}"#, lines.join(","));
}

/// 10^6 bytes per CPU-second over at least a second's work, and what one pass over the pages counts.
fn per_cpu_second(pages: &[Vec<u8>], work: impl Fn(&[u8]) -> usize) -> (f64, usize) {
    let (mut bytes, mut count) = (0, 0);
    let begun = cpu_seconds();
    let mut passes = 0;
    while passes == 0 || cpu_seconds() - begun < 1.0 {
        count = pages.iter().map(|page| black_box(work(black_box(page)))).sum();
        bytes += pages.iter().map(Vec::len).sum::<usize>();
        passes += 1;
    }
    (bytes as f64 / 1e6 / (cpu_seconds() - begun), count)
}

fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("Linux with scheduler statistics");
    text.split(' ').next().and_then(|n| n.parse::<f64>().ok()).expect("first field is a number") / 1e9
}

fn real_pages() -> Vec<Vec<u8>> {
    let data = std::env::var_os("LANTERNFISH_DATA")
        .map_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), std::path::PathBuf::from);
    let Ok(folder) = std::fs::read_dir(data.join("captures/market-pages-2020")) else { return vec![] };
    let mut files: Vec<_> = folder.filter_map(|f| f.ok().map(|f| f.path())).collect();
    files.sort();
    files.iter().filter_map(|file| std::fs::read(file).ok()).collect()
}

const GOODS: [&str; 6] = ["Green tea from the hills", "ຊາຂຽວຈາກພູ", "ชาเขียวจากภูเขา", "Зелёный чай с гор", "高山绿茶", "Trà xanh trên núi"];

fn written_pages(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|page| written_page(page).into_bytes()).collect()
}

fn written_page(page: usize) -> String {
    let mut out = format!("<!doctype html><html><head><meta charset=utf-8><title>SYNTHETIC market {page}</title></head><body><ul class=nav>");
    for link in 0..60 {
        let _ = write!(out, "<li class='nav-item'><a href='/category/{link}' class='nav-link btn'>Category {link} <span class=badge>{}</span></a></li>", link * 7 % 90);
    }
    out.push_str("</ul><div class=list>");
    for item in 0..40 {
        let (good, vendor) = (GOODS[(page + item) % GOODS.len()], (page * 7 + item) % 23);
        let _ = write!(
            out,
            "<div class='offer row'><a href='/offer/{page}-{item}'><img src='/images/{item}.jpg' alt=''></a><h4><a href='/offer/{page}-{item}'>{good} No. {item}</a></h4>\
             <p class=text>Fresh stock, tested twice, ships in two days from a quiet town. {good}</p><p>Vendor: <a href='/vendor/{vendor}'>vendor_{vendor}</a></p>\
             <p><strong>{}.{:02} EUR</strong> <small>0.00{item}1 BTC</small></p><p>Ships from: Laos</p><p>Ships to: Worldwide</p><span class='badge badge-dark'>Stock: {item}</span></div>",
            5 + item, page % 100
        );
    }
    out.push_str("</div><p>SYNTHETIC page</p></body></html>");
    out
}
