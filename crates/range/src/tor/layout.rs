//! Which nodes there are, on which ports, and their configuration files.

use std::{
    fmt::Write as _,
    fs,
    net::TcpListener,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{CLIENT, RangeError, keys, system};

const LAYOUT: &str = "network.json";
const AUTHORITIES: u8 = 3;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Votes on the consensus; a relay too.
    Authority,
    /// Carries circuits.
    Relay,
    /// Runs the onion service.
    Onion,
    /// Leads from the network to the one web server on loopback.
    Exit,
}

/// One process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// `authority-0`, `relay-1`, `onion`: also its folder.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Loopback port for circuits; 0 for the onion service.
    pub or_port: u16,
    /// Loopback port for the directory; authorities only.
    pub dir_port: u16,
}

impl Node {
    /// Where its files lie.
    pub fn folder(&self, network: &Path) -> PathBuf {
        network.join(&self.name)
    }

    /// Tor's names have letters and digits only.
    fn nickname(&self) -> String {
        self.name.replace('-', "")
    }
}

/// The whole network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Version of this file.
    pub v: u8,
    /// Loopback port to which the onion service hands its visitors.
    pub web: u16,
    /// Loopback port of the resolver that the exit asks; none without an exit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<u16>,
    /// Every node, authorities first.
    pub nodes: Vec<Node>,
}

impl Layout {
    /// Whether an exit is part of it.
    pub fn has_exit(&self) -> bool {
        self.nodes.iter().any(|node| node.role == Role::Exit)
    }

    /// The onion address, once the service made its key.
    pub fn onion(&self, network: &Path) -> Option<String> {
        let node = self.nodes.iter().find(|node| node.role == Role::Onion)?;
        let name = fs::read_to_string(node.folder(network).join("service/hostname")).ok()?;
        Some(name.trim().to_string())
    }
}

pub(super) fn read(network: &Path) -> Result<Layout, RangeError> {
    let missing = || RangeError::NoNetwork(network.into());
    let text = fs::read(network.join(LAYOUT)).map_err(|_| missing())?;
    serde_json::from_slice::<Layout>(&text).ok().filter(|layout| layout.v == 1).ok_or_else(missing)
}

/// Writes every node's configuration; makes keys that are not there yet.
pub(super) fn prepare(network: &Path, relays: u8, web: u16, names: Option<u16>) -> Result<Layout, RangeError> {
    let same = |old: &Layout| old.nodes.iter().filter(|node| node.role == Role::Relay).count() == usize::from(relays) && old.has_exit() == names.is_some();
    let kept = read(network).ok().filter(same);
    let mut layout = match kept.filter(ports_are_free) {
        Some(layout) => layout,
        None => fresh(relays, web, names)?,
    };
    (layout.web, layout.names) = (web, names);
    for node in &layout.nodes {
        let place = node.folder(network);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(place.join("keys")).map_err(system(format!("making {}", place.display())))?;
        forget(&place);
    }
    let authorities = keys::directory_lines(network, &layout)?;
    for node in &layout.nodes {
        let place = node.folder(network);
        if let Some(port) = names.filter(|_| node.role == Role::Exit) {
            write(&place.join("resolv.conf"), &format!("nameserver 127.0.0.1:{port}\n"))?;
        }
        write(&place.join("torrc"), &torrc(node, &place, &authorities, &layout))?;
    }
    write(&network.join(CLIENT), &format!("{COMMON}{authorities}"))?;
    let text = serde_json::to_string_pretty(&layout).expect("a layout is always JSON");
    write(&network.join(LAYOUT), &text)?;
    Ok(layout)
}

/// What a node remembers of the last time: its view of a network that votes every few seconds, which is wrong now.
fn forget(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        if ["cached-", "unverified-", "diff-cache"].iter().any(|start| entry.file_name().to_string_lossy().starts_with(start)) {
            // What stays is seen through by the node itself, only later.
            let _ = fs::remove_file(entry.path()).or_else(|_| fs::remove_dir_all(entry.path()));
        }
    }
}

fn write(place: &Path, text: &str) -> Result<(), RangeError> {
    // By rename: half a description would be another network.
    let next = place.with_extension("tmp");
    fs::write(&next, text).and_then(|()| fs::rename(&next, place)).map_err(system(format!("writing {}", place.display())))
}

/// New ports that nobody has now.
fn fresh(relays: u8, web: u16, names: Option<u16>) -> Result<Layout, RangeError> {
    let count = usize::from(AUTHORITIES) * 2 + usize::from(relays) + usize::from(names.is_some());
    // All are held at once, so that none is given twice.
    let held: Vec<TcpListener> = (0..count).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>().map_err(system("finding free ports"))?;
    let mut ports = held.iter().filter_map(|listener| listener.local_addr().ok()).map(|address| address.port());
    let mut port = || ports.next().unwrap_or(0);
    let authority = |n: u8, or_port, dir_port| Node { name: format!("authority-{n}"), role: Role::Authority, or_port, dir_port };
    let mut nodes: Vec<Node> = (0..AUTHORITIES).map(|n| authority(n, port(), port())).collect();
    nodes.extend((0..relays).map(|n| Node { name: format!("relay-{n}"), role: Role::Relay, or_port: port(), dir_port: 0 }));
    nodes.extend(names.map(|_| Node { name: "exit".into(), role: Role::Exit, or_port: port(), dir_port: 0 }));
    nodes.push(Node { name: "onion".into(), role: Role::Onion, or_port: 0, dir_port: 0 });
    Ok(Layout { v: 1, web, names, nodes })
}

fn ports_are_free(layout: &Layout) -> bool {
    let used = layout.nodes.iter().flat_map(|node| [node.or_port, node.dir_port]).filter(|port| *port != 0);
    used.into_iter().all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok())
}

/// What every node and every client of the network must say.
const COMMON: &str = "TestingTorNetwork 1\nAssumeReachable 1\nPathsNeededToBuildCircuits 0.67\n";

fn torrc(node: &Node, place: &Path, authorities: &str, layout: &Layout) -> String {
    let mut text = format!("{COMMON}RunAsDaemon 1\nShutdownWaitLength 0\nGeoIPFile\nGeoIPv6File\n{authorities}");
    let at = place.display();
    // Writing into a string cannot fail.
    let _ = write!(text, "DataDirectory \"{at}\"\nPidFile \"{at}/pid\"\nLog notice file {at}/notice.log\nSocksPort 0\n");
    match node.role {
        Role::Onion => {
            let _ = write!(text, "HiddenServiceDir \"{at}/service\"\nHiddenServicePort 80 127.0.0.1:{}\n", layout.web);
        }
        Role::Relay => text += &relay_lines(node),
        Role::Exit => {
            text += &relay_lines(node);
            let _ = write!(text, "ExitPolicy accept *:{}\n{EXIT}ServerDNSResolvConfFile {at}/resolv.conf\n", layout.web);
        }
        Role::Authority => {
            text += &relay_lines(node);
            let _ = writeln!(text, "{AUTHORITY}DirPort 127.0.0.1:{}", node.dir_port);
            if layout.has_exit() {
                text += "TestingDirAuthVoteExit *\n";
            }
        }
    }
    text
}

/// The lines of a relay; also what `tor --list-fingerprint` must see to make a relay's key.
pub(super) fn relay_lines(node: &Node) -> String {
    format!("ORPort 127.0.0.1:{}\nAddress 127.0.0.1\nNickname {}\nContactInfo test@localhost\n", node.or_port, node.nickname())
}

/// The line by which the network knows an authority.
pub(super) fn directory_line(node: &Node, identity: &str, fingerprint: &str) -> String {
    let (name, or_port, dir_port) = (node.nickname(), node.or_port, node.dir_port);
    format!("DirAuthority {name} orport={or_port} no-v2 v3ident={identity} 127.0.0.1:{dir_port} {fingerprint}\n")
}

/// What leaves an exit comes from 127.0.0.1, and from that address the system lets nothing leave this machine. It asks
/// the resolver of its network and no other.
const EXIT: &str = "ExitPolicy reject *:*\nExitRelay 1\nExitPolicyRejectPrivate 0\nExitPolicyRejectLocalInterfaces 0\n\
OutboundBindAddressExit 127.0.0.1\nServerDNSDetectHijacking 0\nServerDNSTestAddresses\nServerDNSAllowBrokenConfig 1\n";

/// A vote every ten seconds, and every relay may be anything.
const AUTHORITY: &str = "AuthoritativeDirectory 1\nV3AuthoritativeDirectory 1\nV3AuthVotingInterval 10\nV3AuthVoteDelay 2\n\
V3AuthDistDelay 2\nV3AuthNIntervalsValid 3\nTestingV3AuthInitialVotingInterval 10\nTestingV3AuthInitialVoteDelay 2\n\
TestingV3AuthInitialDistDelay 2\nTestingDirAuthVoteHSDir *\nTestingDirAuthVoteGuard *\nTestingMinExitFlagThreshold 0\n\
MinUptimeHidServDirectoryV2 0\n";

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use super::*;

    #[test]
    fn every_port_is_on_loopback_and_none_is_given_twice() {
        let layout = fresh(3, 8080, Some(5353)).unwrap();
        let ports: Vec<u16> = layout.nodes.iter().flat_map(|node| [node.or_port, node.dir_port]).filter(|port| *port != 0).collect();
        let different: std::collections::BTreeSet<u16> = ports.iter().copied().collect();
        assert_eq!((ports.len(), different.len()), (10, 10));
        for node in &layout.nodes {
            let text = torrc(node, Path::new("/somewhere"), "", &layout);
            let exit = text.contains("ExitPolicy accept");
            assert_eq!(exit, text.contains("OutboundBindAddressExit 127.0.0.1\n"), "what leaves an exit leaves for loopback");
            for line in text.lines().filter(|line| line.contains("Port ") && !line.starts_with("SocksPort 0")) {
                assert!(line.contains("127.0.0.1:"), "{line}");
            }
        }
    }

    #[test]
    fn a_folder_without_a_network_says_what_to_do() {
        let empty = tempfile::tempdir().unwrap();
        let error = super::super::status(empty.path()).err().unwrap().to_string();
        assert!(error.contains("lanternfish range tor up"), "{error}");
        fs::write(empty.path().join(LAYOUT), "{\"v\":9}").unwrap();
        assert!(super::super::down(empty.path()).is_err());
    }
}
