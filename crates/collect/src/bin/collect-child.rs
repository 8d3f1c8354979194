//! The capture child alone, and a probe that tells what the cage lets through. For the tests of this
//! crate; the product re-runs `lanternfish __collect`.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::time::Duration;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    match words.get(1).map(String::as_str) {
        Some("__probe") => probe(Path::new(&words[2]), &words[3], &words[4]),
        _ => std::process::exit(collect::child_main()),
    }
}

/// Enters the cage for `spool` and the port of `listed`, then tries what must and what must not work.
/// Prints the cage's label and one `name allowed|refused` a line.
fn probe(spool: &Path, listed: &str, unlisted: &str) {
    let (listed, unlisted): (SocketAddr, SocketAddr) = (address(listed), address(unlisted));
    collect::cage::strip_process();
    let cage = collect::cage::enter(spool, &BTreeSet::from([listed.port()]), 1 << 20);
    println!("cage {}", cage.label());
    tell("write-spool", std::fs::write(spool.join("probe"), b"x").is_ok());
    tell("rename-spool", std::fs::rename(spool.join("probe"), spool.join("probe2")).is_ok());
    tell("connect-listed", connects(listed));
    // Works on any open socket; only FIONBIO is on the list.
    tell("other-ioctl", TcpStream::connect(listed).is_ok_and(|stream| rustix::io::ioctl_fionread(&stream).is_ok()));
    tell("connect-unlisted", connects(unlisted));
    tell("read-passwd", std::fs::read("/etc/passwd").is_ok());
    tell("read-environ", std::fs::read("/proc/self/environ").is_ok());
    tell("write-outside", std::fs::write(spool.with_extension("outside"), b"x").is_ok());
    tell("udp-socket", opens(libc::AF_INET, libc::SOCK_DGRAM) || UdpSocket::bind("127.0.0.1:0").is_ok());
    tell("listen", std::net::TcpListener::bind("127.0.0.1:0").is_ok());
    tell("unix-socket", opens(libc::AF_UNIX, libc::SOCK_STREAM) || std::os::unix::net::UnixStream::pair().is_ok());
    tell("execute", std::process::Command::new("/bin/true").status().is_ok());
    tell("thread", std::thread::Builder::new().spawn(|| ()).is_ok());
    tell("variable", std::env::vars_os().next().is_some());
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("the test gives an address and a port")
}

fn connects(to: SocketAddr) -> bool {
    TcpStream::connect_timeout(&to, Duration::from_secs(1)).is_ok()
}

fn tell(what: &str, allowed: bool) {
    println!("{what} {}", if allowed { "allowed" } else { "refused" });
}

/// Whether a socket can be made at all: a name server is asked through one that was never bound.
fn opens(family: i32, kind: i32) -> bool {
    #[expect(unsafe_code, reason = "the standard library binds each socket, and the cage refuses that as well")]
    // SAFETY: three numbers go in, one comes back.
    let socket = unsafe { libc::socket(family, kind, 0) };
    socket >= 0
}
