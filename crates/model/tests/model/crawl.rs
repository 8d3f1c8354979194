//! Scope of a crawl: one spelling of each address, what is let in, and how two looks are compared.

use std::collections::BTreeMap;

use model::{
    Moment, Sha256Digest,
    crawl::{Address, Change, CrawlScope, LeftOut, Patterns, RobotRules, RobotsPolicy, compare, next_due},
};
use proptest::prelude::*;

fn scope() -> CrawlScope {
    CrawlScope {
        starts: vec!["http://a.localhost/".into()],
        hosts: vec!["a.localhost".into()],
        origins: vec!["http://a.localhost".into()],
        depth: 2,
        pages: 10,
        bytes: 1 << 20,
        page_bytes: 1 << 20,
        inside: vec![],
        outside: vec!["/private".into()],
        robots: RobotsPolicy::Ignore { reason: "a test".into() },
        pause_ms: 0,
        without: vec![],
        per_pattern: 3,
    }
}

fn asked(scope: &CrawlScope, url: &str, depth: u32) -> Result<(), LeftOut> {
    scope.lets_in(&Address::alone(url).unwrap(), depth, &BTreeMap::new(), None)
}

#[test]
fn an_address_has_one_spelling() {
    let base = Address::alone("http://a.localhost:8080/shop/list?page=2").unwrap();
    let check = |reference: &str, expected: &str| assert_eq!(base.found(reference).map(|a| a.as_str().to_string()), Ok(expected.to_string()), "{reference}");
    check("item", "http://a.localhost:8080/shop/item");
    check("/item", "http://a.localhost:8080/item");
    check("?page=3", "http://a.localhost:8080/shop/list?page=3");
    check("", "http://a.localhost:8080/shop/list?page=2");
    check("#top", "http://a.localhost:8080/shop/list?page=2");
    check("../../../x/./y/..", "http://a.localhost:8080/x/");
    check("//B.localhost:80/x#y", "http://b.localhost/x");
    check("  HTTP://a.localhost:8080\n/q?  ", "http://a.localhost:8080/q");
    check("a b/%7e%c3%A9é\"", "http://a.localhost:8080/shop/a%20b/%7E%C3%A9%C3%A9%22");
    check("x?a=1&b=2&", "http://a.localhost:8080/shop/x?a=1&b=2&");
    let left = |reference: &str, expected: LeftOut| assert_eq!(base.found(reference), Err(expected), "{reference}");
    left("ftp://a.localhost/", LeftOut::Scheme);
    left("mailto:x@example.com", LeftOut::Scheme);
    left("javascript:void(0)", LeftOut::Scheme);
    left("http://user@a.localhost/", LeftOut::NotReadable);
    left("http://a.localhost:80a/", LeftOut::NotReadable);
    left("http:///x", LeftOut::NotReadable);
    left("\\\\evil\\x", LeftOut::NotReadable);
    left(&"x".repeat(3_000), LeftOut::TooLong);
}

#[test]
fn session_parameters_are_taken_away_by_name() {
    let check = |url: &str, expected: &str| {
        let without = Address::alone(url).unwrap().without(&["sid".into(), "utm_*".into()]);
        assert_eq!(without.as_str(), expected);
    };
    check("http://a.localhost/x?sid=1", "http://a.localhost/x");
    check("http://a.localhost/x?SID=1&a=2&utm_source=b", "http://a.localhost/x?a=2");
    check("http://a.localhost/x?sidney=1", "http://a.localhost/x?sidney=1");
}

#[test]
fn law_01_only_what_the_scope_names_is_let_in() {
    let scope = scope();
    assert_eq!(asked(&scope, "http://a.localhost/x", 2), Ok(()));
    assert_eq!(asked(&scope, "http://a.localhost:80/x", 2), Ok(()));
    assert_eq!(asked(&scope, "http://a.localhost:81/x", 2), Err(LeftOut::Port));
    assert_eq!(asked(&scope, "http://b.localhost/x", 0), Err(LeftOut::Host));
    assert_eq!(asked(&scope, "http://xa.localhost/x", 0), Err(LeftOut::Host));
    assert_eq!(asked(&scope, "http://a.localhost/x", 3), Err(LeftOut::Depth));
    assert_eq!(asked(&scope, "http://a.localhost/private/x", 0), Err(LeftOut::Path));
    let inside = CrawlScope { inside: vec!["/shop".into()], ..scope };
    assert_eq!(asked(&inside, "http://a.localhost/x", 0), Err(LeftOut::Path));
    assert_eq!(asked(&inside, "http://a.localhost/shop/x", 0), Ok(()));
    let obeying = CrawlScope { robots: RobotsPolicy::Respect, ..inside };
    assert_eq!(asked(&obeying, "http://a.localhost/shop/x", 0), Err(LeftOut::RobotsUnknown));
}

#[test]
fn addresses_that_end_a_session_or_hold_stars_are_known_by_their_words() {
    let check = |path: &str, ends: bool, covered: bool| {
        let address = Address::alone(&format!("http://a.localhost{path}")).unwrap();
        assert_eq!((address.ends_session(), address.is_covered()), (ends, covered), "{path}");
    };
    for path in ["/logout", "/user/LogOut.php", "/log-out", "/index.php?do=sign_out", "/account/signoff/", "/session?log=off"] {
        check(path, true, false);
    }
    for path in ["/", "/login", "/catalog/outdoor", "/blog/out-of-stock", "/design/off", "/sign-up"] {
        check(path, false, false);
    }
    check("/x?sid=********", false, true);
    check("/x?rating=*****", false, false);
}

#[test]
fn traps_are_known_by_repeats_and_by_likeness() {
    let scope = scope();
    assert_eq!(asked(&scope, "http://a.localhost/a/b/a/b/a/c", 1), Ok(()));
    assert_eq!(asked(&scope, "http://a.localhost/a/a/a/a", 1), Err(LeftOut::TrapRepeats));
    let mut patterns = Patterns::default();
    let mut days = (1..).map(|day| scope.lets_in(&Address::alone(&format!("http://a.localhost/cal/{day}?view={day}")).unwrap(), 1, &BTreeMap::new(), Some(&mut patterns)));
    assert_eq!(days.by_ref().take(3).collect::<Vec<_>>(), [Ok(()); 3]);
    assert_eq!(days.next(), Some(Err(LeftOut::TrapPattern)));
}

#[test]
fn robots_rules_are_matched_as_rfc_9309_says() {
    let rules = |lines: &[(bool, &str)]| RobotRules { rules: lines.iter().map(|(allowed, path)| (*allowed, path.to_string())).collect(), ..RobotRules::default() };
    let check = |lines: &[(bool, &str)], path: &str, expected: bool| assert_eq!(rules(lines).allow(path), expected, "{lines:?} {path}");
    check(&[], "/", true);
    check(&[(false, "/")], "/x", false);
    check(&[(false, "")], "/x", true);
    check(&[(false, "/a"), (true, "/a/b")], "/a/b/c", true);
    check(&[(true, "/a"), (false, "/a")], "/a", true);
    check(&[(false, "/*.php$")], "/x/y.php", false);
    check(&[(false, "/*.php$")], "/x/y.php?z", true);
    check(&[(false, "/a*b*c")], "/axxbyyc/z", false);
    check(&[(false, "/a*b*c")], "/axxbyy", true);
    check(&[(false, "*$")], "/anything", false);
    assert!(!RobotRules::closed().allow("/"));
    // In time that the lengths bound.
    let stars = "/*a".repeat(500);
    let begun = std::time::Instant::now();
    check(&[(false, &stars)], &"/b".repeat(1_000), true);
    assert!(begun.elapsed().as_secs() < 2);
}

#[test]
fn two_looks_are_compared_by_bytes_then_by_words() {
    let (one, other) = (Sha256Digest::of(b"one"), Sha256Digest::of(b"other"));
    assert_eq!(compare((&one, None), (&one, None)), Change::Unchanged);
    assert_eq!(compare((&one, Some("00000000000000ff")), (&other, Some("0000000000000000"))), Change::Near);
    assert_eq!(compare((&one, Some("00000000000001ff")), (&other, Some("0000000000000000"))), Change::Changed);
    assert_eq!(compare((&one, None), (&other, None)), Change::Changed);
}

#[test]
fn a_schedule_is_due_at_multiples_of_its_period() {
    let at = |seconds: i64| Moment::from_micros(seconds * 1_000_000);
    assert_eq!(next_due(at(100), 60, at(100)), at(160));
    assert_eq!(next_due(at(100), 60, at(219)), at(220));
    assert_eq!(next_due(at(100), 60, at(220)), at(280), "what was missed is not made up for");
    assert_eq!(next_due(at(100), 60, at(50)), at(160));
}

proptest! {
    #[test]
    fn what_is_found_is_found_again_in_the_same_spelling(reference in ".{0,80}") {
        let base = Address::alone("http://a.localhost/b/c?d=e").unwrap();
        if let Ok(address) = base.found(&reference) {
            prop_assert_eq!(Address::alone(address.as_str()), Ok(address.clone()));
            prop_assert!(address.as_str().bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'\\' | b'@' | b'#')));
            prop_assert!(address.path().starts_with('/'));
        }
    }
}

#[test]
fn a_port_has_one_spelling_and_is_a_port_that_there_is() {
    for (typed, written) in [("http://a.localhost:080/", "http://a.localhost/"), ("http://a.localhost:08080/x", "http://a.localhost:8080/x"), ("https://a.localhost:0443/", "https://a.localhost/"), ("http://a.localhost:65535/", "http://a.localhost:65535/")] {
        assert_eq!(Address::alone(typed).unwrap().as_str(), written);
    }
    for none in ["http://a.localhost:0/", "http://a.localhost:00000/", "http://a.localhost:65536/", "http://a.localhost:99999/", "http://a.localhost:+80/", "http://a.localhost:8x/"] {
        assert_eq!(Address::alone(none), Err(LeftOut::NotReadable), "{none}");
    }
}
