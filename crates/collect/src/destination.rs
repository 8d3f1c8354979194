//! Where a transport may go. The loopback transport: literal 127.0.0.0/8 and ::1, and `localhost` or `*.localhost`
//! (RFC 6761 §6.3), which mean 127.0.0.1 here. Tor: v3 onion services whose checksum holds. Tor's exits
//! and a proxy of the agency: names of the open net ([`crate::openname`]), never an address. I2P: its names. No resolver is ever asked here, so no name can leak.
//!
//! Only `http` and `https`. The URL is taken apart by RFC 3986 in a narrow reading: anything that two programs
//! could read differently (short or octal addresses, user information, control characters) is refused.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::openname::{self, NotOpen};

/// The network that is no private one.
pub const PUBLIC: &str = "public";

/// Why a URL is not fetched. The text stands behind `refused-destination: ` in the capture record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another scheme than `http` and `https`.
    #[error("only http:// and https:// are spoken here")]
    NotHttp,
    /// A character that a URL may not hold.
    #[error("the URL holds a space, a control character or a character beyond ASCII")]
    BadCharacter,
    /// `user@host`.
    #[error("the URL holds a user name; write it without")]
    UserInfo,
    /// No host or a host that cannot be read in one way.
    #[error("the host of the URL cannot be read")]
    BadHost,
    /// Port missing after the colon, zero or beyond 65535.
    #[error("the port of the URL cannot be read")]
    BadPort,
    /// Anything but this machine.
    #[error("the host is not a loopback address; the loopback transport reaches this machine only")]
    NotLoopback,
    /// Through Tor: anything but a v3 onion service.
    #[error("the host is not an onion address of version 3 whose checksum holds; compare it letter by letter")]
    NotOnion,
    /// Through Tor's exits or a proxy: anything but a name of its network.
    #[error("{0}")]
    NotOpen(#[from] NotOpen),
    /// The order names a transport that is not there.
    #[error("this transport is not known")]
    NoTransport,
}

/// Where a connection goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// This machine.
    Loopback(SocketAddr),
    /// An onion service, by name and port, which only Tor can reach.
    Onion {
        /// In lower case.
        host: String,
        /// Port.
        port: u16,
    },
    /// A host of the open net, by name and port: whoever leads there looks the name up.
    Named {
        /// In lower case.
        host: String,
        /// Port.
        port: u16,
    },
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Peer::Loopback(address) => address.fmt(f),
            Peer::Onion { host, port } | Peer::Named { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

/// A destination that may be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Whom to connect to.
    pub peer: Peer,
    /// Value of the `Host` field: host and port as the URL writes them.
    pub authority: String,
    /// For https: the host, as TLS names it.
    pub tls: Option<String>,
    /// Path and query for the request line; begins with `/`.
    pub request_target: String,
}

impl Target {
    /// The host as the URL writes it, without its port.
    pub fn host(&self) -> &str {
        host_and_port(&self.authority, HTTP).map_or(self.authority.as_str(), |(host, _)| host)
    }
}

/// Reads one URL for a transport to the public network.
///
/// # Errors
/// [`Refusal`] for everything but http and https to where that transport may go.
///
/// ```
/// use collect::{LOOPBACK_DIRECT, TOR, destination::{target, Refusal}};
/// let page = target(LOOPBACK_DIRECT, "http://market.localhost:8080/list?page=2#top").unwrap();
/// assert_eq!(page.peer.to_string(), "127.0.0.1:8080");
/// assert_eq!(page.request_target, "/list?page=2");
/// assert_eq!(target(LOOPBACK_DIRECT, "http://192.0.2.1/"), Err(Refusal::NotLoopback));
/// assert_eq!(target(TOR, "http://market.localhost/"), Err(Refusal::NotOnion));
/// ```
pub fn target(transport: &str, url: &str) -> Result<Target, Refusal> {
    target_on(transport, Some(PUBLIC), url)
}

/// Reads one URL for the transport and the network of an order: a private network has names for practice too.
///
/// # Errors
/// As [`target`].
pub fn target_on(transport: &str, network: Option<&str>, url: &str) -> Result<Target, Refusal> {
    // A backslash or an `@` is read differently by different programs: neither is ever needed here.
    if !url.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
        return Err(Refusal::BadCharacter);
    }
    let (usual_port, rest) = without_scheme(url).ok_or(Refusal::NotHttp)?;
    let rest = rest.split('#').next().unwrap_or(rest);
    let cut = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(cut);
    if authority.contains('@') {
        return Err(Refusal::UserInfo);
    }
    let (host, port) = host_and_port(authority, usual_port)?;
    let peer = match transport {
        crate::LOOPBACK_DIRECT => Peer::Loopback(SocketAddr::new(loopback(host)?, port)),
        crate::TOR => onion(host, port)?,
        crate::TOR_EXIT => Peer::Named { host: openname::read(host, network.is_some_and(|name| name != PUBLIC))?, port },
        // On a node for real cases the desk refuses names for practice, and on one for training all others.
        crate::PROXY => Peer::Named { host: openname::read(host, true)?, port },
        crate::I2P => Peer::Named { host: openname::read_i2p(host)?, port },
        _ => return Err(Refusal::NoTransport),
    };
    let request_target = if tail.starts_with('/') { tail.to_string() } else { format!("/{tail}") };
    let tls = (usual_port == HTTPS).then(|| host.to_ascii_lowercase());
    Ok(Target { peer, authority: authority.to_string(), tls, request_target })
}

/// The ports that an order's URLs need by loopback: what the cage lets the child connect to.
pub fn ports(urls: &[String]) -> BTreeSet<u16> {
    let peers = urls.iter().filter_map(|url| target(crate::LOOPBACK_DIRECT, url).ok()).map(|target| target.peer);
    peers.filter_map(|peer| if let Peer::Loopback(address) = peer { Some(address.port()) } else { None }).collect()
}

fn onion(host: &str, port: u16) -> Result<Peer, Refusal> {
    let host = host.to_ascii_lowercase();
    if crate::onion::is_onion(&host) { Ok(Peer::Onion { host, port }) } else { Err(Refusal::NotOnion) }
}

const HTTP: u16 = 80;
const HTTPS: u16 = 443;

/// The port that the scheme means, and what follows it.
fn without_scheme(url: &str) -> Option<(u16, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let port = [("http", HTTP), ("https", HTTPS)].into_iter().find(|(name, _)| scheme.eq_ignore_ascii_case(name))?.1;
    Some((port, rest))
}

fn host_and_port(authority: &str, usual: u16) -> Result<(&str, u16), Refusal> {
    let host_end = if authority.starts_with('[') { authority.find(']').ok_or(Refusal::BadHost)? + 1 } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at(host_end);
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok((host, usual)),
        None => Err(Refusal::BadHost),
        Some(digits) => Ok((host, port_number(digits)?)),
    }
}

fn port_number(digits: &str) -> Result<u16, Refusal> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    match digits.parse::<u16>() {
        Ok(port) if plain && port > 0 => Ok(port),
        _ => Err(Refusal::BadPort),
    }
}

fn loopback(host: &str) -> Result<IpAddr, Refusal> {
    if host.is_empty() {
        return Err(Refusal::BadHost);
    }
    if is_localhost(host) {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let literal = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(inside) => IpAddr::V6(inside.parse::<Ipv6Addr>().map_err(|_| Refusal::BadHost)?),
        None => IpAddr::V4(host.parse::<Ipv4Addr>().map_err(|_| Refusal::NotLoopback)?),
    };
    // `::ffff:127.0.0.1` is not loopback in this reading: it names the address in a second way.
    if literal.is_loopback() { Ok(literal) } else { Err(Refusal::NotLoopback) }
}

fn is_localhost(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    let named = |label: &&str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    labels.last() == Some(&"localhost") && labels.iter().all(named)
}

/// Fuzz target: reads any bytes as a URL. What is let through is loopback, an onion service or a name of the open
/// net, each by its own transport, and its request line cannot be split.
pub fn fuzz_destination(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let all = [(crate::LOOPBACK_DIRECT, None), (crate::TOR, None), (crate::TOR_EXIT, Some(PUBLIC)), (crate::TOR_EXIT, Some("private")), (crate::PROXY, None), (crate::I2P, None)];
    let read = all.map(|(transport, network)| target_on(transport, network, text).ok());
    let ways = [1, 3, 5].into_iter().filter(|way| read[*way].is_some()).count();
    assert!(ways <= 1, "one URL is of one network");
    read.into_iter().flatten().for_each(|target| may_be_reached(&target));
}

fn may_be_reached(target: &Target) {
    match &target.peer {
        Peer::Loopback(address) => assert!(address.ip().is_loopback() && address.port() > 0),
        Peer::Onion { host, port } => assert!(crate::onion::is_onion(host) && *port > 0),
        Peer::Named { host, port } => assert!((openname::read(host, true).as_ref() == Ok(host) || openname::read_i2p(host).as_ref() == Ok(host)) && *port > 0),
    }
    assert!(target.request_target.starts_with('/'));
    let line = format!("{}{}", target.authority, target.request_target);
    assert!(line.bytes().all(|b| b.is_ascii_graphic()));
}
