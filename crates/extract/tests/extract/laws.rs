//! Law 14 (hostile input is a finding, never a crash), law 6 (offsets lead back to the original), and
//! the replay of the written corpus.

use extract::{Hints, Kind, Scanner};
use model::selector::{FoundSelector, SelectorState, SelectorType};
use proptest::prelude::*;

use super::addresses::{base58check, bitcoin_segwit, monero, onion};

fn scan(bytes: &[u8], kind: Kind) -> Vec<FoundSelector> {
    let found = Scanner::new().scan(bytes, &Hints { kind, default_region: Some("TH".parse().unwrap()) });
    assert!(found.is_sorted_by_key(|s| (s.start, s.end, s.selector_type)));
    for s in &found {
        assert!(s.start < s.end && s.end <= bytes.len() as u64, "{s:?}");
        assert!(!s.reason.is_empty() && !s.value.is_empty(), "{s:?}");
    }
    found
}

/// A verified selector is verified again when its value stands alone.
fn still_verified(s: &FoundSelector) {
    let derived = matches!(s.selector_type, SelectorType::PgpBlock | SelectorType::PgpFingerprint);
    if s.state == SelectorState::Verified && s.selector_type != SelectorType::Eth && !derived {
        let again = scan(s.value.as_bytes(), Kind::Text);
        assert!(again.iter().any(|t| (t.selector_type, &t.value, t.state) == (s.selector_type, &s.value, s.state)), "{s:?}");
    }
}

fn fragment() -> impl Strategy<Value = String> {
    let coins: Vec<String> = vec![
        base58check(0, 1), base58check(5, 2), base58check(0x41, 3), bitcoin_segwit(0, 20), bitcoin_segwit(1, 32),
        monero(18, 0), monero(19, 8), onion(3), "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed".into(), "a@example.com".into(),
        "https://t.me/vendor_one".into(), "+66 81 234 5678".into(), "2001:db8::1".into(), "192.0.2.7".into(),
        super::names::armoured(Some("")).0,
    ];
    let marks = [" ", "\n", "<b>", "</b>", "<br>", "<a href='", "'>", "<!--", "-->", "&shy;", "&#", "&amp;", "[.]", " (at) ", "://",
        "@", ".", ":", "+", "-----BEGIN PGP ", "-----", "<script>", "</script>", "\u{200b}", "ก", "д", "=", "\"", "<"];
    prop_oneof![
        proptest::sample::select(coins),
        proptest::sample::select(marks.map(str::to_owned).to_vec()),
        "[a-zA-Z0-9.@:+-]{0,12}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn law_14_random_bytes_never_stop_the_scan(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        for kind in [Kind::Html, Kind::Text, Kind::Auto] {
            scan(&bytes, kind).iter().for_each(still_verified);
        }
    }

    #[test]
    fn law_14_hostile_pages_never_stop_the_scan(parts in proptest::collection::vec(fragment(), 0..40)) {
        let input = parts.concat();
        for kind in [Kind::Html, Kind::Text] {
            scan(input.as_bytes(), kind).iter().for_each(still_verified);
        }
    }

    #[test]
    fn law_14_flipped_pages_never_stop_the_scan(
        parts in proptest::collection::vec(fragment(), 1..20), flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = parts.concat().into_bytes();
        for (place, byte) in flips {
            if !bytes.is_empty() {
                let at = place.index(bytes.len());
                bytes[at] = byte;
            }
        }
        scan(&bytes, Kind::Html).iter().for_each(still_verified);
    }

    #[test]
    fn law_06_offsets_lead_to_the_written_text(before in "[ -;=?-~\\n]{0,40}", seed in any::<u8>()) {
        let coin = base58check(0, seed);
        let input = format!("{before} {coin} end");
        let found = scan(input.as_bytes(), Kind::Text);
        let start = (before.len() + 1) as u64;
        prop_assert!(found.iter().any(|s| s.start == start && s.end == start + coin.len() as u64 && s.state == SelectorState::Verified));
    }
}

#[test]
fn law_14_cost_is_linear_in_hostile_text() {
    for unit in ["-----BEGIN PGP MESSAGE-----\n", "a@", "a.", "://", ":", "+1 ", "[.]", "1 ", "<", "<!--", "<a b='", "&#", "dead ", "http://", "a(.)b"] {
        let time = |size: usize| {
            let input = unit.repeat(size / unit.len());
            let begun = std::time::Instant::now();
            scan(input.as_bytes(), Kind::Html);
            scan(input.as_bytes(), Kind::Text);
            begun.elapsed()
        };
        let (small, large) = (time(250_000), time(1_000_000));
        assert!(large < small * 12 + std::time::Duration::from_millis(300), "{unit:?}: {small:?} then {large:?}");
    }
}

#[test]
fn corpus_is_replayed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/scan");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 8, "{} files", files.len());
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        for length in [bytes.len(), bytes.len() / 2, bytes.len() / 3] {
            extract::fuzz_scan(&bytes[..length]);
            extract::passages::fuzz_passages(&bytes[..length]);
        }
    }
}

#[test]
fn market_pages_give_no_strange_selectors() {
    let data = std::env::var_os("LANTERNFISH_DATA").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), std::path::PathBuf::from);
    let Ok(folder) = std::fs::read_dir(data.join("captures/market-pages-2020")) else {
        eprintln!("SKIPPED market_pages_give_no_strange_selectors: {}/captures/market-pages-2020", data.display());
        return;
    };
    let mut total = 0;
    for file in folder.map(|f| f.unwrap().path()) {
        let bytes = std::fs::read(&file).unwrap();
        let found = scan(&bytes, Kind::Auto);
        total += found.len();
        found.iter().for_each(still_verified);
        assert!(found.iter().all(|s| s.state != SelectorState::FailedChecksum), "{}: {found:?}", file.display());
    }
    assert!(total > 1000, "{total}");
}

#[test]
fn law_06_the_words_of_a_passage_lead_back_to_the_written_bytes() {
    let check = |page: &[u8], declared: Option<&str>, words: &str, raw: &[u8]| {
        let passages = extract::passages::read(page, declared.and_then(extract::decode::Charset::of), &Hints::default());
        let found = passages.iter().find_map(|passage| passage.text.find(words).map(|at| (passage, at)));
        let (passage, at) = found.unwrap_or_else(|| panic!("{words} in {passages:?}"));
        let (start, end) = extract::passages::raw_range(&passage.runs, at, at + words.len()).unwrap();
        assert_eq!(&page[start as usize..end as usize], raw, "{words}");
    };
    check("<p>ຂາຍ<b>ເຄື່ອງ</b>ໃໝ່</p>".as_bytes(), None, "ເຄື່ອງໃໝ່", "ເຄື່ອງ</b>ໃໝ່".as_bytes());
    check(b"<p>caf&eacute; &amp; bar</p>", None, "& bar", b"&amp; bar");
    check(b"<html><title>One &lt; two</title><p>x", None, "One < two", b"One &lt; two");
    check(b"<p><!-- hidden words --><img alt='quiet town'>", None, "hidden words", b"hidden words");
    check(b"<p><img alt='quiet town' class='loud'>", None, "quiet town", b"quiet town");
    check(b"one \xff two three", None, "two three", b"two three");
    check(b"\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0", Some("windows-1251"), "мир", b"\xec\xe8\xf0");
    check(br#"{"text": "\u0e82\u0eb2\u0e8d now"}"#, None, "ຂາຍ now", br"\u0e82\u0eb2\u0e8d now");
    let page = b"<p class='no-words-here' data-id='x'>seen</p><script>var unseen = 1;</script>";
    let all: String = extract::passages::read(page, None, &Hints::default()).iter().map(|passage| passage.text.as_str()).collect();
    assert!(all.contains("seen") && !all.contains("no-words-here") && !all.contains("unseen"), "{all}");
}
