//! Law 14 for rows: any page gives rows or none, in bounded time and memory; cells lie where they say (law 6); the
//! written corpus is replayed.

use extract::listing::{Hints, Profiles, look};
use proptest::prelude::*;

/// CPU seconds of this thread.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

/// The most memory that this process had, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

const MIB: usize = 1 << 20;

/// Pages that are made to cost: each a beginning, a unit and how many bytes of it.
fn hostile() -> Vec<(&'static str, String, usize)> {
    let unit = |name, unit: &str, bytes| (name, unit.to_owned(), bytes);
    vec![
        unit("40,000 nested tags in 200 KB", "<div>", 200_000),
        unit("nested without end", "<div class=card><a href=/product/1>", 16 * MIB),
        unit("nested styles", "<b><i><u>", 16 * MIB),
        unit("nested lists", "<ul><li>5 $", 16 * MIB),
        unit("nested tables", "<table><tr><td>5 $", 16 * MIB),
        unit("only end tags", "</div></p></a></td>", 16 * MIB),
        unit("prices", "<i>5 $</i>", 16 * MIB),
        unit("prices in boxes", "<p><b>tea</b> <a href=/vendor/a>a</a> 5 $<p>", 16 * MIB),
        unit("a list without end", "<div class=o><h3 class=title><a href=/p/1>Green tea from the hills</a></h3><a href=/vendor/a>bee</a><b>5 $</b> a <i>b</i></div>", 16 * MIB),
        unit("a thread without end", "<div class=p><a class=author href=/user/a>anna</a><i>2024-01-02 10:11</i><div class=text>Where is the tea that was here?<blockquote>tea</blockquote></div></div>", 16 * MIB),
        unit("dates", "<p>2024-01-02 10:11 <a href=/user/a>anna</a>", 16 * MIB),
        unit("cards", "<div class='card listinglist post'><p class=card-subtitle>5 $ Stock</p></div>", 16 * MIB),
        unit("cards that are open", "<div class='card post'><span class='badge card-subtitle'>Stock <a href=/vendor/a>a</a>", 16 * MIB),
        unit("attributes", "<a b c=d e='f' g>", 16 * MIB),
        unit("one tag", "a=b ", 16 * MIB),
        unit("entities", "&amp;&#36;&euro;", 16 * MIB),
        unit("digits", "1,234.", 16 * MIB),
        unit("strange names", "<x-1><y2><zz>", 16 * MIB),
        unit("comments", "<!--a--><!", 16 * MIB),
        unit("rows of which none is like another", &unlike_rows(), MIB),
    ]
}

/// Rows of a list whose texts all stand at places of their own.
fn unlike_rows() -> String {
    let texts = |row: usize| (0..16).map(|n| format!("<i class=k{row}x{n}>w{n}</i> ")).collect::<String>();
    (0..2_000).map(|row| format!("<li><a href=/p/{row}>Green tea {row}</a> <b>5 $</b> {}</li>", texts(row))).collect()
}

#[test]
#[ignore = "started by law_14_hostile_pages_cost_two_seconds_and_256_mib_at_most"]
fn one_hostile_page() {
    let case: usize = std::env::var("LANTERNFISH_CASE").unwrap().parse().unwrap();
    let cases = hostile();
    let page = if case < cases.len() {
        let (_, unit, bytes) = &cases[case];
        let mut page = b"<html><body>".to_vec();
        if unit == "a=b " {
            page.extend_from_slice(b"<div ");
        }
        page.extend(unit.bytes().cycle().take(*bytes));
        page
    } else if case > cases.len() {
        // The width changes at every letter, which is the most that a map can take.
        [b"<html><meta charset=koi8-r><p>".as_slice(), &b"\xc1 ".repeat(8 * MIB)].concat()
    } else {
        // One line of a gigabyte; what is never read is never given memory.
        let mut page = vec![0u8; 1 << 30];
        page[..8].copy_from_slice(b"<html><p");
        page
    };
    let begun = cpu_seconds();
    let look = look(&page, &Profiles::built_in(), &Hints::default());
    let read = cpu_seconds() - begun;
    let drafted = extract::listing::draft_profile(&page[..page.len().min(16 * MIB)], "hostile").is_some();
    eprintln!("COST {read:.2} {} {}", peak_mib(), cpu_seconds() - begun - read);
    eprintln!("{} rows, notes {:?}, draft {drafted}", look.rows.len(), look.notes);
}

#[test]
fn law_14_hostile_pages_cost_two_seconds_and_256_mib_at_most() {
    let cases = hostile();
    for case in 0..=cases.len() + 1 {
        let name = cases.get(case).map_or(if case == cases.len() { "one line of a gigabyte" } else { "a page in an old charset" }, |c| c.0);
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "bounds::one_hostile_page", "--ignored", "--nocapture"])
            .env("LANTERNFISH_CASE", case.to_string())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{name}: {text}");
        let cost: Vec<f64> = text.lines().find_map(|l| l.strip_prefix("COST ")).unwrap().split(' ').map(|n| n.parse().unwrap()).collect();
        eprintln!("{name}: {:.2} s, {} MiB with the page, draft {:.2} s; {}", cost[0], cost[1], cost[2], text.lines().find(|l| l.contains(" rows, ")).unwrap_or_default());
        assert!(cost[0] <= 2.0 && cost[2] <= 4.0, "{name}: {cost:?}");
        assert!(cost[1] <= 256.0, "{name}: {cost:?}");
    }
}

fn check(bytes: &[u8]) {
    extract::listing::fuzz_listings(bytes);
}

fn fragment() -> impl Strategy<Value = String> {
    let marks = [
        "<div class=card>", "</div>", "<tr>", "<td>", "</table>", "<table>", "<a href=/product/1>", "<a href='/vendor/x'>", "</a>", "<p>", "<li>", "<ul>", "</ul>", "<h3>",
        "<b>", "</b>", "<br>", "<hr>", "5 $", "€ 7", "1.234,56 EUR", "Vendor:", "Ships from: Laos", "<strong>", "2024-01-02 10:11", "<!--", "-->", "<script>", "</script>",
        "<title>", "</title>", "&amp;", "&#x", "ราคา: ๕ บาท", "<blockquote>", "<div class=card-subtitle>", "tea", "\u{200b}", "<", ">", "\"", "'", "=", "<select><option>",
    ];
    prop_oneof![proptest::sample::select(marks.map(str::to_owned).to_vec()), "[a-z0-9 <>/$€.,:-]{0,10}"]
}

/// A piece of a selector, or nearly one.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "a", "div", "*", ".item", "#x", "[href]", "[href='/1']", "[href^=\"/\"]", "[class~=item]", ":first-child", ":last-child", ":nth-child(2n+1)", ":nth-child(-n)",
        ":nth-child(0n)", ":nth-of-type(1)", ":not(.y)", ":contains('tea')", ":scope", " ", " ", " > ", " + ", ", ", ":", "(", ")", "[", "'", "ก",
    ];
    prop_oneof![8 => proptest::sample::select(pieces.map(str::to_owned).to_vec()), 1 => "[a-z.#>+:()=^$~0-9n-]{0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn law_14_random_pages_give_rows_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..1500)) {
        check(&[b"<html>", bytes.as_slice()].concat());
    }

    #[test]
    fn law_14_torn_pages_give_rows_or_none(parts in proptest::collection::vec(fragment(), 0..60), times in 1usize..5) {
        check(format!("<html>{}", parts.concat().repeat(times)).as_bytes());
    }

    #[test]
    fn law_14_flipped_pages_give_rows_or_none(flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), cut in any::<prop::sample::Index>()) {
        let mut bytes = std::fs::read(corpus("listings").join("cards.html")).unwrap();
        for (place, byte) in flips {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len()).max(bytes.len() / 2));
        check(&bytes);
    }

    #[test]
    fn law_14_any_text_is_a_profile_or_is_refused(text in "\\PC{0,200}", parts in proptest::collection::vec(piece(), 0..8)) {
        extract::listing::fuzz_profile(text.as_bytes());
        let select = parts.concat();
        let profile = format!("format = 1\nname = 'a'\nversion = '1'\nitem = '''{select}'''\n[matches]\nselect = ['''{select}''']\n[fields.title]\nselect = '''{select}'''\n");
        extract::listing::fuzz_profile(profile.as_bytes());
    }

    #[test]
    fn law_06_a_planted_row_leads_back_to_its_bytes(title in "[A-Za-zก-ฮກ-ຮа-я]{3,12}( [a-z]{2,8}){0,4}", whole in 1u32..100_000, cents in 0u32..100, before in "[a-z ]{0,30}") {
        let row = |title: &str, price: &str| format!("<div class=o><a href='/o/{price}'>{title}</a> <span>{price} EUR</span></div>");
        let price = format!("{whole}.{cents:02}");
        let page = format!("<html><p>{before}</p>{}{}{}", row("first good", "3.00"), row(&title, &price), row("last good", "4.00"));
        let rows = extract::listing::read(page.as_bytes(), &Profiles::none(), &Hints::default());
        prop_assert_eq!(rows.len(), 3);
        let cell = |field| rows[1].cells().iter().find(|c| c.field == field).unwrap();
        let (shown, paid) = (cell(model::listing::Field::Title), cell(model::listing::Field::Price));
        prop_assert_eq!(&page[shown.start as usize..shown.end as usize], title.as_str());
        let written = format!("{} EUR", price);
        prop_assert_eq!(&page[paid.start as usize..paid.end as usize], written.as_str());
    }
}

fn corpus(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name)
}

#[test]
fn the_corpus_of_pages_and_profiles_is_replayed() {
    for (name, target) in [("listings", extract::listing::fuzz_listings as fn(&[u8])), ("profiles", extract::listing::fuzz_profile)] {
        let mut files: Vec<_> = std::fs::read_dir(corpus(name)).unwrap().map(|f| f.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 6, "{name}: {} files", files.len());
        for file in files {
            let bytes = std::fs::read(&file).unwrap();
            (0..=8).for_each(|part| target(&bytes[..bytes.len() * part / 8]));
        }
    }
}

/// More of it, in minutes: `LANTERNFISH_FUZZ_SECONDS=600 cargo test --release -p extract --test extract mutated -- --ignored`.
#[test]
#[ignore = "takes as long as it is told"]
fn mutated_pages_for_minutes() {
    let seconds: f64 = std::env::var("LANTERNFISH_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(60.0);
    let mut seeds: Vec<Vec<u8>> = vec![];
    for name in ["listings", "profiles", "links"] {
        seeds.extend(std::fs::read_dir(corpus(name)).unwrap().map(|f| std::fs::read(f.unwrap().path()).unwrap()));
    }
    let (mut state, mut runs, begun) = (0x6c69_7374u64, 0u64, cpu_seconds());
    let mut dice = move |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit.max(1)
    };
    while cpu_seconds() - begun < seconds {
        let mut bytes = seeds[dice(seeds.len())].clone();
        for _ in 0..1 + dice(8) {
            let other = &seeds[dice(seeds.len())];
            let (from, to) = (dice(other.len()), dice(other.len()));
            let piece = other[from.min(to)..from.max(to)][..from.abs_diff(to).min(300)].to_vec();
            let at = dice(bytes.len());
            match dice(4) {
                0 if !bytes.is_empty() => bytes[at] = u8::try_from(dice(256)).unwrap(),
                1 => bytes.truncate(at),
                2 => bytes.splice(at..at, piece).for_each(drop),
                _ => {
                    let end = bytes.len().min(at + 200);
                    let again = bytes[at..end].repeat(1 + dice(20));
                    bytes.splice(at..at, again).for_each(drop);
                }
            }
            bytes.truncate(200_000);
        }
        extract::listing::fuzz_listings(&bytes);
        extract::listing::fuzz_profile(&bytes);
        runs += 1;
    }
    eprintln!("{runs} mutated pages in {seconds} CPU-seconds, none stopped the reader");
}
