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
