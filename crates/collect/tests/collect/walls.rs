//! The walls of a session through Tor, and the battery that tries them: it finds nothing behind whole walls, and it
//! finds every one of thirty faults that are put into them.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        net::UnixListener,
    },
    process::{Command, Stdio},
};

use collect::{Collector, NotProved, TOR, TOR_EXIT, Through, canary, proves};
use model::capture::{Canaries, CaptureRecord, Order, Probe};
use tempfile::TempDir;

use crate::bench::{Bench, CHILD};

/// Whether this machine lets this account have namespaces at all.
pub fn walls_can_be_raised(test: &str) -> bool {
    let can = Command::new("unshare").args(["-Urnm", "true"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !can {
        eprintln!("SKIPPED {test}: this machine allows no user namespaces");
    }
    can
}

/// What the battery answers with this fault in the walls: probe → (held, answer).
fn tried(fault: &str) -> BTreeMap<String, (bool, String)> {
    tried_as(&[], CHILD, &TempDir::new().unwrap(), fault)
}

/// The same by this program, started by these words.
fn tried_as(by: &[&str], program: &str, place: &TempDir, fault: &str) -> BTreeMap<String, (bool, String)> {
    let (spool, socket) = (place.path().join("case/spool"), place.path().join("socks"));
    std::fs::create_dir_all(&spool).unwrap();
    let _proxy = UnixListener::bind(&socket).unwrap();
    let canaries = canary::Cage::open(place.path()).unwrap();
    if !by.is_empty() {
        for open in [place.path(), &place.path().join("case"), &spool, &socket] {
            std::fs::set_permissions(open, PermissionsExt::from_mode(0o777)).unwrap();
        }
    }
    let words = [by, &[program, "__battery", fault]].concat();
    let mut child = Command::new(words[0])
        .args(&words[1..])
        .args([&spool, &socket])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&serde_json::to_vec(&canaries.told()).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{fault}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |line: &str| {
        let mut words = line.splitn(3, ' ');
        let mut next = || words.next().unwrap_or_default().to_string();
        (next(), (next() == "held", next()))
    };
    let found: BTreeMap<_, _> = text.lines().map(line).collect();
    // The desk sees by its own eyes whether somebody came out.
    let came_out = ["canary-tcp", "canary-path", "canary-abstract"].iter().any(|name| !found[*name].0);
    let no_wall = ["no-walls", "no-mount-namespace", "no-network-namespace"].contains(&fault);
    assert_eq!(canaries.was_reached(), came_out && no_wall, "{fault}: {found:?}");
    found
}

fn leaks(fault: &str) -> Vec<String> {
    tried(fault).into_iter().filter(|(_, (held, _))| !held).map(|(probe, _)| probe).collect()
}

#[test]
fn law_01_behind_whole_walls_there_is_one_way_out_and_it_is_the_proxy() {
    if !walls_can_be_raised("law_01_behind_whole_walls_there_is_one_way_out_and_it_is_the_proxy") {
        return;
    }
    let found = tried("none");
    let open: Vec<_> = found.iter().filter(|(_, (held, _))| !held).collect();
    assert!(open.is_empty(), "{open:?}");
    let tried: Vec<String> = found.keys().cloned().collect();
    let mut named: Vec<String> = collect::battery::names().iter().map(|name| name.replace(' ', "=")).collect();
    named.sort();
    assert_eq!(tried, named, "what a record must hold is what is tried");
    assert_eq!((found["proxy"].1.as_str(), found["files"].1.as_str()), ("answers", "spool tor"));
}

/// Officers are not root, and nobody should become it for the walls' sake.
#[test]
fn law_01_the_walls_stand_for_an_account_that_is_not_root() {
    let name = "law_01_the_walls_stand_for_an_account_that_is_not_root";
    if !walls_can_be_raised(name) {
        return;
    }
    // Whoever runs this is such an account already, or can become one.
    let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let place = TempDir::new().unwrap();
    let program = place.path().join("child");
    std::fs::copy(CHILD, &program).unwrap();
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    if root && !Command::new(nobody[0]).args(&nobody[1..]).arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED {name}: this account is root and cannot become another");
        return;
    }
    let found = tried_as(if root { &nobody } else { &[] }, program.to_str().unwrap(), &place, "none");
    let open: Vec<_> = found.iter().filter(|(_, (held, _))| !held).collect();
    assert!(open.is_empty() && found.len() > 40, "{open:?}");
}

/// A child on an order through Tor, with what is told to it of the way; gives its exit code and its last words.
fn session(through: &Through) -> (Option<i32>, String) {
    let bench = Bench::new();
    let order = through_tor(&bench);
    let mut running = Collector::new(CHILD).start_through(through, bench.path(), &order, &bench.desk, bench.seed).unwrap();
    let code = running.wait().code();
    assert!(!bench.path().join("record.json").exists(), "nothing may be signed");
    (code, running.message())
}

fn through_tor(bench: &Bench) -> Order {
    Order { transport: TOR.into(), isolation: Some("ab".repeat(16)), network: Some("public".into()), ..bench.order(&[ONION]) }
}

/// A signed record is not enough: it must prove the session that the order demands.
#[test]
fn law_01_a_record_that_does_not_prove_its_session_is_no_evidence() {
    let bench = Bench::new();
    let loopback = bench.order(&[]);
    let plain = bench.run(&loopback);
    assert_eq!(proves(&loopback, &plain), Ok(()));
    for transport in [TOR, TOR_EXIT] {
        let order = Order { transport: transport.into(), ..through_tor(&bench) };
        assert_eq!(proves(&order, &plain), Err(NotProved::OtherWay("transport")));
        each_part_of_the_proof_counts(&order, plain.clone());
    }
}

fn each_part_of_the_proof_counts(order: &Order, plain: CaptureRecord) {
    let held = |name: String| Probe { probe: name, held: true, answer: String::new() };
    let good = CaptureRecord {
        transport: order.transport.clone(),
        isolation: order.isolation.clone(),
        network: order.network.clone(),
        cage: "namespaces+landlock+seccomp".into(),
        proof: collect::battery::names().into_iter().map(held).collect(),
        ..plain
    };
    assert_eq!(proves(order, &good), Ok(()));
    let other = [
        CaptureRecord { transport: if order.transport == TOR { TOR_EXIT } else { TOR }.into(), ..good.clone() },
        CaptureRecord { isolation: Some("cd".repeat(16)), ..good.clone() },
        CaptureRecord { network: None, ..good.clone() },
        CaptureRecord { cage: "landlock+seccomp".into(), ..good.clone() },
        CaptureRecord { cage: "namespaces+landlock".into(), ..good.clone() },
        CaptureRecord { proof: vec![], ..good.clone() },
    ];
    other.iter().for_each(|record| assert!(proves(order, record).is_err(), "{record:?}"));
    for place in 0..good.proof.len() {
        let mut missing = good.clone();
        let name = missing.proof.remove(place).probe;
        assert!(matches!(proves(order, &missing), Err(NotProved::Leak(_))), "{name}");
        let mut open = good.clone();
        open.proof[place].held = false;
        assert!(matches!(proves(order, &open), Err(NotProved::Leak(_))), "{name}");
    }
}

const ONION: &str = "http://duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion/";

#[test]
fn law_01_a_session_without_whole_walls_fetches_nothing() {
    if !walls_can_be_raised("law_01_a_session_without_whole_walls_fetches_nothing") {
        return;
    }
    let place = TempDir::new().unwrap();
    let socket = place.path().join("socks");
    let proxy = UnixListener::bind(&socket).unwrap();
    proxy.set_nonblocking(true).unwrap();
    // Something that can be reached from inside stands for any door that was left open.
    let told = canary::Cage::open(place.path()).unwrap().told();
    let leak = Through { proxy: Some(socket), canaries: Canaries { paths: vec!["/tor/socks".into()], ..told.clone() }, ..Through::default() };
    let (code, said) = session(&leak);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("the leak battery found a way out: canary-path: /tor/socks answered"), "{said}");
    let mut heard = Vec::new();
    while let Ok((mut stream, _)) = proxy.accept() {
        stream.read_to_end(&mut heard).unwrap();
    }
    assert!(!heard.windows(5).any(|five| five == b"onion"), "the proxy was asked for something: {heard:?}");

    let whole = Through { proxy: Some(place.path().join("nobody")), canaries: told, ..Through::default() };
    let (code, said) = session(&whole);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("tor, or the proxy of this order, is gone"), "{said}");
    let (code, said) = session(&Through { canaries: Canaries::default(), ..whole });
    assert_eq!((code, said.contains("needs a canary of each kind")), (Some(2), true), "{said}");
    let (code, said) = session(&Through::default());
    assert_eq!((code, said.contains("needs its socket")), (Some(2), true), "{said}");
}

#[test]
fn law_01_the_battery_finds_every_one_of_thirty_faults() {
    if !walls_can_be_raised("law_01_the_battery_finds_every_one_of_thirty_faults") {
        return;
    }
    // Where a wall is missing, the battery reaches out: its host is then a network of this test's own, without a way on.
    let this = std::env::current_exe().unwrap();
    let output = Command::new("unshare").args(["-Urn", "--"]).arg(this).args(["--exact", "walls::thirty_faults", "--ignored"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "part of law_01_the_battery_finds_every_one_of_thirty_faults, which gives it a network of its own"]
fn thirty_faults() {
    assert!(Command::new(CHILD).arg("__loopback-up").status().unwrap().success());
    let files = [
        "/run/systemd/resolve/io.systemd.Resolve", "/run/dbus/system_bus_socket", "/var/run/nscd/socket", "/run/user", "/run/docker.sock", "/run/containerd",
        "/tmp/.X11-unix", "/tmp/ssh-agent", "/run/avahi-daemon/socket", "/run/tor/socks", "/etc/resolv.conf", "/proc/net", "/etc/localtime", "/etc/timezone",
        "/usr/share/zoneinfo", "/usr/lib/locale", "/usr/share/fonts", "/etc/hostname", "/home/officer", "/etc/passwd",
    ];
    let mut faults = BTreeSet::new();
    for file in files {
        let found = leaks(file);
        assert!(found.contains(&"files".to_string()), "{file}: {found:?}");
        faults.insert(file);
    }
    let doors = [
        ("no-walls", "canary-tcp"), ("no-mount-namespace", "canary-path"), ("no-network-namespace", "canary-tcp"), ("loopback-up", "loopback4"), ("route", "udp4"),
        ("descriptor", "descriptors"), ("variable", "environment"), ("tcp-canary", "canary-tcp"), ("abstract-canary", "canary-abstract"), ("path-canary", "canary-path"),
        ("proxy-gone", "proxy"), ("resolver", "name-lookup"), ("no-filter", "filter-vsock"), ("route", "tcp4"), ("route", "dns-tcp"), ("route", "icmp4"),
        ("loopback-up", "dns-stub"),
    ];
    for (fault, probe) in doors {
        let found = leaks(fault);
        assert!(found.contains(&probe.to_string()), "{fault}: {found:?}");
        faults.insert(fault);
    }
    assert_eq!(faults.len(), 33, "a fault that is tried twice counts once");
}
