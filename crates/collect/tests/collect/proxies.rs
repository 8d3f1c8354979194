//! Orders through a named proxy: a real SOCKS5 proxy behind the relay, and what the child refuses before it asks one.

use std::{
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use collect::{Collector, I2P, PROXY, Through, canary, proves, relay::Relay};
use model::capture::{CaptureRecord, FetchOutcome, Order};
use tempfile::TempDir;

use crate::bench::{Bench, CHILD};
use crate::walls::walls_can_be_raised;

const B32: &str = "http://ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p/";

fn ordered(bench: &Bench, transport: &str, url: &str) -> Order {
    Order { transport: transport.into(), network: Some("proxy:drill".into()), ..bench.order(&[url]) }
}

/// A router without a network: it answers on SOCKS, knows nobody and asks nobody but this machine.
struct Router(Child);

impl Router {
    fn start(folder: &TempDir, port: u16) -> Router {
        let nothing = folder.path().join("empty");
        std::fs::write(&nothing, "").unwrap();
        let at = |option: &str| format!("--{option}={}", if option == "datadir" { folder.path().display() } else { nothing.display() });
        let child = Command::new("i2pd")
            .args(["datadir", "conf", "tunconf"].map(at))
            .args(["--http.enabled=0", "--httpproxy.enabled=0", "--sam.enabled=0", "--socksproxy.enabled=1", "--socksproxy.address=127.0.0.1"])
            .args([format!("--socksproxy.port={port}")])
            .args(["--address4=127.0.0.1", "--host=127.0.0.1", "--ntcp2.published=0", "--ssu2.enabled=0"])
            .args(["--reseed.threshold=0", "--reseed.urls=http://127.0.0.1:9/", "--log=stdout"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let router = Router(child);
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "the router does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        router
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn law_01_an_order_for_i2p_goes_to_its_router_from_behind_walls_and_its_record_proves_it() {
    let name = "law_01_an_order_for_i2p_goes_to_its_router_from_behind_walls_and_its_record_proves_it";
    if !walls_can_be_raised(name) {
        return;
    }
    if !Command::new("i2pd").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED {name}: i2pd is not installed");
        return;
    }
    let (folder, bench) = (TempDir::new().unwrap(), Bench::new());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _router = Router::start(&folder, port);
    let relay = Relay::open(folder.path(), ([127, 0, 0, 1], port).into()).unwrap();
    let canaries = canary::Cage::open(folder.path()).unwrap();
    let order = ordered(&bench, I2P, B32);
    let through = Through { proxy: Some(relay.socket().into()), canaries: canaries.told(), ..Through::default() };
    let mut running = Collector::new(CHILD).start_through(&through, bench.path(), &order, &bench.desk, bench.seed).unwrap();
    assert_eq!(running.wait().code(), Some(0), "{}", running.message());
    let record = bench.examine().unwrap();
    assert_eq!(proves(&order, &record), Ok(()));
    assert!(!canaries.was_reached());
    assert_eq!((record.transport.as_str(), record.network.as_deref(), &record.isolation), (I2P, Some("proxy:drill"), &None));
    // The router itself says that it finds no way there: it was asked, and in words that it understands.
    assert_eq!((&record.fetches[0].outcome, record.fetches[0].earlier.len()), (&FetchOutcome::Failed { reason: "host-unreachable".into() }, 2));
    let elsewhere = CaptureRecord { network: Some("proxy:other".into()), ..record };
    assert!(proves(&order, &elsewhere).is_err(), "the record names the proxy of its order");
}

#[test]
fn law_01_a_proxy_elsewhere_is_not_relayed_to() {
    let place = TempDir::new().unwrap();
    for address in ["192.0.2.1:1080", "0.0.0.0:1080", "[2001:db8::1]:1080", "[::]:1080"] {
        assert!(Relay::open(place.path(), address.parse().unwrap()).is_err(), "{address}");
    }
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

/// An order that names no proxy, or a label that no proxy can keep, is not begun.
#[test]
fn law_01_an_order_through_a_proxy_names_it_and_has_no_label() {
    let bench = Bench::new();
    let good = ordered(&bench, PROXY, "http://market.test/");
    let wrong = [
        Order { network: None, ..good.clone() },
        Order { network: Some("public".into()), ..good.clone() },
        Order { network: Some("proxy:".into()), ..good.clone() },
        Order { isolation: Some("ab".repeat(16)), ..good.clone() },
        Order { transport: I2P.into(), network: None, ..good.clone() },
        Order { transport: "tor".into(), isolation: Some(String::new()), network: Some("public".into()), ..good.clone() },
        Order { transport: "tor".into(), isolation: Some("ab".into()), ..good.clone() },
        Order { transport: "tor-exit".into(), isolation: None, ..good.clone() },
    ];
    for order in wrong {
        let file = collect::envelope::signed_file(&order, &bench.desk).unwrap();
        let began = collect::lease::Lease::begin(&file, bench.desk.verifying_key(), collect::clock::Now::read());
        assert!(matches!(began, Err(collect::lease::OrderRefusal::Transport(_))), "{order:?}");
    }
    let file = collect::envelope::signed_file(&good, &bench.desk).unwrap();
    assert!(collect::lease::Lease::begin(&file, bench.desk.verifying_key(), collect::clock::Now::read()).is_ok());
}
