//! From inside the cage: what must work works, and everything else fails.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::Command;

use landlock::{AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr};

use crate::bench::{Bench, CHILD, Server};

/// Runs the probe and gives its lines as name → word.
fn probed() -> BTreeMap<String, String> {
    let bench = Bench::new();
    let (listed, unlisted) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let output = Command::new(CHILD)
        .arg("__probe")
        .arg(bench.path())
        .args([listed.local_addr().unwrap().to_string(), unlisted.local_addr().unwrap().to_string()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split_once(' ')).map(|(name, word)| (name.into(), word.into())).collect()
}

/// Asks the kernel itself, not the code under test.
fn kernel_has_landlock_for_ports() -> bool {
    let ports = Ruleset::default().set_compatibility(CompatLevel::HardRequirement).handle_access(AccessNet::ConnectTcp);
    ports.and_then(Ruleset::create).is_ok()
}

#[test]
fn law_14_the_cage_holds_files_ports_sockets_and_programs() {
    let found = probed();
    if !kernel_has_landlock_for_ports() {
        eprintln!("SKIPPED law_14_the_cage_holds_files_ports_sockets_and_programs: this kernel has no Landlock ABI 4 (Linux 6.7)");
        return;
    }
    assert_eq!(found["cage"], "landlock+seccomp");
    for name in ["write-spool", "rename-spool", "connect-listed"] {
        assert_eq!(found[name], "allowed", "{name}");
    }
    let refused = [
        "connect-unlisted", "read-passwd", "read-environ", "write-outside", "udp-socket", "listen", "other-ioctl", "unix-socket", "execute", "thread",
        "variable",
    ];
    for name in refused {
        assert_eq!(found[name], "refused", "{name}");
    }
}

#[test]
fn the_record_states_the_cage_that_held() {
    let (bench, server) = (Bench::new(), Server::sending(b"HTTP/1.1 200 OK\r\n\r\n"));
    let record = bench.run_urls(&[&server.url("/")]);
    assert_eq!(record.cage, probed()["cage"]);
}
