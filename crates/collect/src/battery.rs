//! The leak battery: before each session the child tries every way out that it must not have, and says what
//! each try answered. Absence is proved first, then that the proxy is there: a proxy that answers never hides
//! a second way.
//!
//! It runs behind the [`crate::walls`] and before the system-call filter, so that it proves the walls by
//! themselves; a second part runs behind the filter. It asks nobody about a target: the addresses are those that nobody has (RFC 5737, RFC 3849),
//! the name is one that nobody may register (RFC 6761). A try that is merely slow counts as a leak.

use std::ffi::CStr;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use model::capture::{Canaries, Probe};

use crate::walls::{Inside, ROOT};

/// The longest that one try may take.
const PATIENCE: Duration = Duration::from_millis(400);
/// Paths of daemons that would ask or fetch for whoever connects.
const DAEMONS: [&str; 12] = [
    "/run/systemd/resolve/io.systemd.Resolve", "/run/dbus/system_bus_socket", "/var/run/nscd/socket", "/run/user", "/run/docker.sock",
    "/run/containerd", "/tmp/.X11-unix", "/tmp/ssh-agent", "/run/avahi-daemon/socket", "/run/tor/socks", "/etc/resolv.conf", "/proc",
];

/// Tries everything; one verdict a try.
pub fn run(inside: &Inside, canaries: &Canaries) -> Vec<Probe> {
    let mut probes = tried(canaries, &ROOT, Place::Collector);
    probes.push(presence(&inside.socket));
    probes
}

/// Who lives behind the walls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Collector,
    /// It needs fonts, and has processes of its own.
    Browser,
}

/// The same where there is no proxy either: a browser's walls, whose root holds these `entries`.
pub(crate) fn walled(canaries: &Canaries, entries: &[&str]) -> Vec<Probe> {
    tried(canaries, entries, Place::Browser)
}

/// Every name that [`walled`] gives.
pub(crate) fn walled_names() -> Vec<String> {
    let here = |name: &String| name != "proxy" && name != "no /proc" && !name.starts_with("filter-");
    names().into_iter().filter(here).collect()
}

fn tried(canaries: &Canaries, entries: &[&str], whose: Place) -> Vec<Probe> {
    let mut probes = vec![
        tcp("tcp4", "192.0.2.1:80"),
        tcp("tcp6", "[2001:db8::1]:80"),
        udp("udp4", "0.0.0.0:0", "192.0.2.1:9"),
        udp("udp6", "[::]:0", "[2001:db8::1]:9"),
        raw("icmp4", libc::AF_INET, libc::IPPROTO_ICMP),
        raw("icmp6", libc::AF_INET6, libc::IPPROTO_ICMPV6),
        tcp("loopback4", "127.0.0.1:9"),
        tcp("loopback6", "[::1]:9"),
        udp("dns-udp4", "0.0.0.0:0", "192.0.2.53:53"),
        udp("dns-udp6", "[::]:0", "[2001:db8::53]:53"),
        tcp("dns-tcp", "192.0.2.53:53"),
        udp("dns-stub", "0.0.0.0:0", "127.0.0.53:53"),
        udp("mdns4", "0.0.0.0:0", "224.0.0.251:5353"),
        udp("mdns6", "[::]:0", "[ff02::fb]:5353"),
        udp("stun", "0.0.0.0:0", "192.0.2.1:3478"),
        name("name-lookup"),
        interfaces("interfaces"),
        root("files", entries),
        descriptors("descriptors"),
        variables("environment"),
        locale("clock-zone-and-language", whose),
    ];
    probes.extend(DAEMONS.iter().filter(|path| whose == Place::Collector || **path != "/proc").map(|path| daemon(path)));
    probes.extend(canaries.tcp.iter().map(|address| tcp_canary("canary-tcp", address, &canaries.token)));
    probes.extend(canaries.paths.iter().map(|path| path_socket("canary-path", path, &canaries.token)));
    probes.extend(canaries.abstracts.iter().map(|name| abstract_socket("canary-abstract", name, &canaries.token)));
    probes
}

/// Sockets that no namespace closes, or that nothing here needs: the filter of system calls refuses to make them.
pub fn behind_the_filter() -> Vec<Probe> {
    let families = [
        ("filter-vsock", libc::AF_VSOCK, libc::SOCK_STREAM), ("filter-inet", libc::AF_INET, libc::SOCK_STREAM), ("filter-inet6", libc::AF_INET6, libc::SOCK_STREAM),
        ("filter-datagram", libc::AF_UNIX, libc::SOCK_DGRAM), ("filter-netlink", libc::AF_NETLINK, libc::SOCK_RAW), ("filter-packet", libc::AF_PACKET, libc::SOCK_RAW),
    ];
    families.into_iter().map(|(name, family, kind)| never_made(name, family, kind)).collect()
}

/// Every name that [`run`] and [`behind_the_filter`] give: what a record must hold to prove a session.
pub fn names() -> Vec<String> {
    let fixed = [
        "tcp4", "tcp6", "udp4", "udp6", "icmp4", "icmp6", "loopback4", "loopback6", "dns-udp4", "dns-udp6", "dns-tcp", "dns-stub", "mdns4", "mdns6", "stun",
        "name-lookup", "interfaces", "files", "descriptors", "environment", "clock-zone-and-language", "canary-tcp", "canary-path", "canary-abstract", "proxy",
        "filter-vsock", "filter-inet", "filter-inet6", "filter-datagram", "filter-netlink", "filter-packet",
    ];
    fixed.iter().map(|name| name.to_string()).chain(DAEMONS.iter().map(|path| format!("no {path}"))).collect()
}

/// The one way that must be there.
pub const PROXY: &str = "proxy";

/// The tries that found a way out, or no proxy.
pub fn leaks(probes: &[Probe]) -> Vec<String> {
    probes.iter().filter(|probe| !probe.held).map(|probe| format!("{}: {}", probe.probe, probe.answer)).collect()
}

fn probe(name: &str, held: bool, answer: impl Into<String>) -> Probe {
    Probe { probe: name.into(), held, answer: answer.into() }
}

/// A refusal of the system itself, for want of any network: no packet was made. A refused connection means that
/// somebody was reached, an unreachable host that a router said so, a forbidden one that a firewall stands there.
fn refused(name: &str, error: &io::Error) -> Probe {
    let by_system = matches!(error.raw_os_error(), Some(libc::ENETUNREACH | libc::EADDRNOTAVAIL | libc::EAFNOSUPPORT));
    probe(name, by_system, error.to_string())
}

fn tcp(name: &str, address: &str) -> Probe {
    let Ok(address) = address.parse::<SocketAddr>() else { return probe(name, false, "the address cannot be read") };
    match TcpStream::connect_timeout(&address, PATIENCE) {
        Ok(_) => probe(name, false, format!("{address} answered")),
        Err(error) => refused(name, &error),
    }
}

fn udp(name: &str, from: &str, to: &str) -> Probe {
    match UdpSocket::bind(from).and_then(|socket| socket.send_to(b"probe", to)) {
        Ok(_) => probe(name, false, format!("a datagram left for {to}")),
        Err(error) => refused(name, &error),
    }
}

/// A raw socket may exist in a namespace of one's own; nothing may leave by it.
#[expect(unsafe_code, reason = "the standard library has no raw sockets")]
fn raw(name: &str, family: i32, protocol: i32) -> Probe {
    for kind in [libc::SOCK_DGRAM, libc::SOCK_RAW] {
        // SAFETY: three numbers go in, one comes back.
        let socket = unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, protocol) };
        if socket < 0 {
            continue;
        }
        let echo = [8u8, 0, 0xf7, 0xff, 0, 0, 0, 0];
        // SAFETY: both structures are plain numbers, for which zero is a value; the family tells which one is read.
        let sent = unsafe {
            let mut to: libc::sockaddr_in6 = std::mem::zeroed();
            to.sin6_family = family as libc::sa_family_t;
            if family == libc::AF_INET {
                let four = (&raw mut to).cast::<libc::sockaddr_in>();
                (*four).sin_addr.s_addr = u32::from_ne_bytes([192, 0, 2, 1]);
            } else {
                to.sin6_addr.s6_addr = std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).octets();
            }
            let length = if family == libc::AF_INET { size_of::<libc::sockaddr_in>() } else { size_of::<libc::sockaddr_in6>() };
            let sent = libc::sendto(socket, echo.as_ptr().cast(), echo.len(), libc::MSG_DONTWAIT, (&raw const to).cast(), length as libc::socklen_t);
            let error = io::Error::last_os_error();
            libc::close(socket);
            if sent < 0 { Err(error) } else { Ok(()) }
        };
        match sent {
            Ok(()) => return probe(name, false, "an echo request left"),
            Err(error) if refused(name, &error).held => {}
            Err(error) => return refused(name, &error),
        }
    }
    probe(name, true, "no way out")
}

/// The resolver of the C library, by whatever way it is set up. That a name does not exist is an answer, and an
/// answer is a leak; so is a resolver that is merely slow.
#[expect(unsafe_code, reason = "the standard library hides why a name was not resolved")]
fn name(name: &str) -> Probe {
    let begun = Instant::now();
    let mut found = std::ptr::null_mut();
    // SAFETY: two texts with their last zeros go in; what comes back is freed once.
    let code = unsafe { libc::getaddrinfo(c"probe.invalid".as_ptr(), c"80".as_ptr(), std::ptr::null(), &raw mut found) };
    if code == 0 {
        // SAFETY: the list came from the call above.
        unsafe { libc::freeaddrinfo(found) };
        return probe(name, false, "a name was resolved");
    }
    let nobody_was_asked = matches!(code, libc::EAI_AGAIN | libc::EAI_SYSTEM) && begun.elapsed() < PATIENCE;
    // SAFETY: the library gives a text with its last zero, which lives for ever.
    let words = unsafe { CStr::from_ptr(libc::gai_strerror(code)) }.to_string_lossy().into_owned();
    probe(name, nobody_was_asked, words)
}

/// A kind of socket that cannot even be made.
#[expect(unsafe_code, reason = "the standard library has no such sockets")]
fn never_made(name: &str, family: i32, kind: i32) -> Probe {
    // SAFETY: three numbers go in, one comes back.
    let socket = unsafe { libc::socket(family, kind, 0) };
    if socket < 0 {
        return probe(name, true, io::Error::last_os_error().to_string());
    }
    // SAFETY: the descriptor is ours and nobody else has it.
    unsafe { libc::close(socket) };
    probe(name, false, "the filter of system calls let it be made")
}

#[expect(unsafe_code, reason = "the standard library does not list interfaces")]
fn interfaces(name: &str) -> Probe {
    let mut names = Vec::new();
    // SAFETY: the list is read up to its zero entry and freed once.
    unsafe {
        let list = libc::if_nameindex();
        if list.is_null() {
            return probe(name, false, "the interfaces cannot be listed");
        }
        let mut entry = list;
        while (*entry).if_index != 0 {
            names.push(CStr::from_ptr((*entry).if_name).to_string_lossy().into_owned());
            entry = entry.add(1);
        }
        libc::if_freenameindex(list);
    }
    // Tunnels that some kernels put into every namespace, all of them down.
    let idle = ["lo", "sit0", "tunl0", "gre0", "gretap0", "erspan0", "ip6tnl0", "ip6gre0", "ip_vti0", "ip6_vti0"];
    probe(name, names.iter().all(|one| idle.contains(&one.as_str())), names.join(" "))
}

fn root(name: &str, expected: &[&str]) -> Probe {
    let Ok(entries) = fs::read_dir("/") else { return probe(name, false, "the root cannot be read") };
    let mut found: Vec<String> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    found.sort();
    probe(name, found == expected, found.join(" "))
}

/// Descriptors above standard error: one would be a door that somebody left open.
#[expect(unsafe_code, reason = "the standard library does not list descriptors")]
fn descriptors(name: &str) -> Probe {
    // SAFETY: asks about numbers only.
    let open: Vec<String> = (3..1024).filter(|fd| unsafe { libc::fcntl(*fd, libc::F_GETFD) } >= 0).map(|fd| fd.to_string()).collect();
    probe(name, open.is_empty(), open.join(" "))
}

fn variables(name: &str) -> Probe {
    let names: Vec<String> = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    probe(name, names.is_empty(), names.join(" "))
}

/// Nothing may tell a server where the machine stands: no zone and no language reaches the child.
fn locale(name: &str, whose: Place) -> Probe {
    let told = ["/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo", "/usr/lib/locale", "/usr/share/fonts", "/etc/hostname"];
    let found: Vec<&str> = told.into_iter().filter(|path| whose == Place::Collector || *path != "/usr/share/fonts").filter(|path| Path::new(path).exists()).collect();
    probe(name, found.is_empty(), found.join(" "))
}

fn daemon(path: &str) -> Probe {
    probe(&format!("no {path}"), !Path::new(path).exists(), if Path::new(path).exists() { "is there" } else { "is not there" })
}

/// Whoever is reached hears the token, so that the desk knows that it was the child.
fn tcp_canary(name: &str, address: &str, token: &str) -> Probe {
    let Ok(reached) = address.parse().map(|address: SocketAddr| TcpStream::connect_timeout(&address, PATIENCE)) else {
        return probe(name, false, "the address cannot be read");
    };
    match reached {
        Ok(mut stream) => {
            // The connection itself is the leak; the token only helps the desk.
            let _ = stream.write_all(token.as_bytes());
            probe(name, false, format!("{address} answered"))
        }
        Err(error) => refused(name, &error),
    }
}

fn path_socket(name: &str, path: &str, token: &str) -> Probe {
    match UnixStream::connect(path) {
        Ok(mut stream) => {
            let _ = stream.write_all(token.as_bytes());
            probe(name, false, format!("{path} answered"))
        }
        Err(error) => probe(name, error.kind() == ErrorKind::NotFound, error.to_string()),
    }
}

fn abstract_socket(name: &str, called: &str, token: &str) -> Probe {
    let reached = std::os::unix::net::SocketAddr::from_abstract_name(called).and_then(|address| UnixStream::connect_addr(&address));
    match reached {
        Ok(mut stream) => {
            let _ = stream.write_all(token.as_bytes());
            probe(name, false, "the host's own socket answered")
        }
        Err(error) => probe(name, error.kind() == ErrorKind::ConnectionRefused, error.to_string()),
    }
}

/// The one way that must be there.
fn presence(socket: &Path) -> Probe {
    match UnixStream::connect(socket) {
        Ok(_) => probe(PROXY, true, "answers"),
        Err(error) => probe(PROXY, false, error.to_string()),
    }
}
