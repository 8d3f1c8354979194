//! Which URLs the loopback transport takes, and which it refuses.

use collect::{
    I2P, LOOPBACK_DIRECT, PROXY, TOR, TOR_EXIT,
    destination::{Refusal, ports, target, target_on},
    openname::NotOpen,
};

fn check(url: &str, expected: Result<&str, Refusal>) {
    check_through(LOOPBACK_DIRECT, url, expected);
}

fn check_through(transport: &str, url: &str, expected: Result<&str, Refusal>) {
    let found = target(transport, url).map(|t| format!("{} {} {}", t.peer, t.authority, t.request_target));
    assert_eq!(found, expected.map(str::to_string), "for {url:?}");
}

#[test]
fn law_01_through_tor_only_onion_services_whose_checksum_holds_are_reached() {
    let onion = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion";
    check_through(TOR, &format!("http://{onion}/a"), Ok(&format!("{onion}:80 {onion} /a")));
    let loud = onion.to_uppercase();
    check_through(TOR, &format!("http://WWW.{loud}:8080"), Ok(&format!("www.{onion}:8080 WWW.{loud}:8080 /")));
    for host in [onion.replace("czad", "czae"), onion.replace(".onion", ".onion."), "expyuzz4wqqyqhjn.onion".into(), "127.0.0.1".into(), "localhost".into(), "example.com".into(), format!("{onion}.example.com")] {
        check_through(TOR, &format!("http://{host}/"), Err(Refusal::NotOnion));
    }
    check_through(TOR, &format!("ftp://{onion}/"), Err(Refusal::NotHttp));
    check(&format!("http://{onion}/"), Err(Refusal::NotLoopback));
    check_through("direct", &format!("http://{onion}/"), Err(Refusal::NoTransport));
}

#[test]
fn law_01_through_an_exit_only_names_of_the_open_net_are_asked_for() {
    check_through(TOR_EXIT, "http://Example.org/a", Ok("example.org:80 Example.org /a"));
    check_through(TOR_EXIT, "https://xn--e1afmkfd.example.org:8443?q", Ok("xn--e1afmkfd.example.org:8443 xn--e1afmkfd.example.org:8443 /?q"));
    let refused = |host: &str, why: NotOpen| check_through(TOR_EXIT, &format!("http://{host}/"), Err(Refusal::NotOpen(why)));
    for host in ["192.0.2.1", "127.0.0.1", "127.1", "2130706433", "0x7f.1", "1.2.3.0x4", "[2001:db8::1]", "[::ffff:127.0.0.1]"] {
        refused(host, NotOpen::Address);
    }
    for last in ["onion", "local", "localhost", "internal", "home.arpa", "1.0.0.127.in-addr.arpa", "i2p", "exit", "test", "example", "invalid", "lan", "alt", "ONION"] {
        refused(&format!("a.{last}"), NotOpen::Special);
    }
    refused("localhost", NotOpen::Special);
    let (long, label) = (format!("{}.org", ["a"; 126].join(".")), format!("{}.org", "a".repeat(64)));
    for host in ["intranet2", "example.org.", ".example.org", "a..org", "-a.org", "a-.org", "a_b.org", "a*b.org", "a%2e.org", &long, &label] {
        refused(host, NotOpen::NoName);
    }
    // On a private network a name for practice is one more name, and everything else is as it was.
    let on = |network: Option<&str>, host: &str| target_on(TOR_EXIT, network, &format!("http://{host}/")).map(|target| target.peer.to_string());
    assert_eq!(on(Some("ab"), "market.test"), Ok("market.test:80".into()));
    assert_eq!((on(None, "market.test"), on(Some("public"), "market.test")), (Err(Refusal::NotOpen(NotOpen::Special)), Err(Refusal::NotOpen(NotOpen::Special))));
    assert_eq!(on(Some("ab"), "a.local"), Err(Refusal::NotOpen(NotOpen::Special)));
    check_through(TOR, "http://example.org/", Err(Refusal::NotOnion));
}

#[test]
fn law_01_through_a_proxy_only_names_of_its_own_network_are_asked_for() {
    check_through(PROXY, "http://example.org/", Ok("example.org:80 example.org /"));
    for (host, why) in [("192.0.2.1", NotOpen::Address), ("a.onion", NotOpen::Special), ("a.i2p", NotOpen::Special), ("router.local", NotOpen::Special)] {
        check_through(PROXY, &format!("http://{host}/"), Err(Refusal::NotOpen(why)));
    }
    let digest = format!("{}.b32.i2p", "a2".repeat(26));
    for host in ["planet.i2p", "a.planet.i2p", &digest] {
        check_through(I2P, &format!("http://{host}/"), Ok(&format!("{host}:80 {host} /")));
    }
    let short = format!("{}.b32.i2p", "a2".repeat(25));
    for host in ["example.org", "i2p", "b32.i2p", "127.0.0.1", "a.i2p.", "a.i2p.org", "-a.i2p", &short, &digest.replace('2', "1"), "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion"] {
        check_through(I2P, &format!("http://{host}/"), Err(Refusal::NotOpen(NotOpen::NotI2p)));
    }
}

#[test]
fn loopback_is_reached() {
    check("http://127.0.0.1/", Ok("127.0.0.1:80 127.0.0.1 /"));
    check("http://127.8.9.10:81/a?b", Ok("127.8.9.10:81 127.8.9.10:81 /a?b"));
    check("HTTP://[::1]:8080", Ok("[::1]:8080 [::1]:8080 /"));
    check("http://localhost?q#f", Ok("127.0.0.1:80 localhost /?q"));
    check("http://a.b.LocalHost:5/%2e", Ok("127.0.0.1:5 a.b.LocalHost:5 /%2e"));
}

#[test]
fn everything_else_is_refused() {
    for url in ["http://192.0.2.1/", "http://example.com/", "http://0.0.0.0/", "http://127.1/", "http://0177.0.0.1/"] {
        check(url, Err(Refusal::NotLoopback));
    }
    for url in ["http://localhost.example.com/", "http://xlocalhost/", "http://localhost./", "http://.localhost/", "http://2130706433/"] {
        check(url, Err(Refusal::NotLoopback));
    }
    check("http://[::ffff:127.0.0.1]/", Err(Refusal::NotLoopback));
    check("http://[2001:db8::1]/", Err(Refusal::NotLoopback));
    check("http://[fe80::1%25lo]/", Err(Refusal::BadHost));
    check("http://[::1/", Err(Refusal::BadHost));
    check("http://[::1]x/", Err(Refusal::BadHost));
    check("http:///", Err(Refusal::BadHost));
    check("ftp://127.0.0.1/", Err(Refusal::NotHttp));
    check("ftp://127.0.0.1/", Err(Refusal::NotHttp));
    check("127.0.0.1", Err(Refusal::NotHttp));
    check("http://127.0.0.1@example.com/", Err(Refusal::UserInfo));
    check("http://example.com\\@127.0.0.1/", Err(Refusal::BadCharacter));
    for url in ["http://127.0.0.1:/", "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:+80/"] {
        check(url, Err(Refusal::BadPort));
    }
    for url in ["http://127.0.0.1/ x", "http://127.0.0.1/\r\nHost: x", "http://127.0.0.1/\u{e9}", "http://lоcalhost/"] {
        check(url, Err(Refusal::BadCharacter));
    }
}

#[test]
fn only_ports_of_reachable_urls_open() {
    let urls = ["http://localhost:81/", "http://[::1]:82/", "http://192.0.2.1:83/", "ftp://localhost:84/", "https://localhost:85/"];
    assert_eq!(ports(&urls.map(String::from)), [81, 82, 85].into());
}
