//! The capture child alone, and a probe that tells what the cage lets through. For the tests of this
//! crate; the product re-runs `lanternfish __collect`. Faults in its walls are put in here, and nowhere in the product.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::fd::IntoRawFd;
use std::os::linux::net::SocketAddrExt;
use std::path::Path;
use std::time::Duration;

use collect::walls;
use rustix::thread::UnshareFlags;

mod browser;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    match words.get(1).map(String::as_str) {
        Some("__battery") => battery(&words[2], Path::new(&words[3]), Path::new(&words[4])),
        Some("__loopback-up") => loopback_up(),
        Some("__probe") => probe(Path::new(&words[2]), &words[3], &words[4]),
        Some("__browser") => std::process::exit(browser::main()),
        _ => std::process::exit(collect::child_main()),
    }
}

/// Raises the walls with one fault in them, runs the battery, and prints one `probe held|LEAK answer` a line.
/// The canaries come as JSON on standard input.
fn battery(fault: &str, spool: &Path, socket: &Path) {
    let canaries: model::capture::Canaries = serde_json::from_reader(std::io::stdin()).expect("canaries as JSON");
    collect::cage::strip_process();
    let inside = faulty_walls(fault, spool, socket).unwrap_or_else(|(doing, error)| panic!("{doing}: {error}"));
    seed(fault, &canaries);
    let mut probes = collect::battery::run(&inside, &canaries);
    walls::disarm().unwrap_or_else(|(doing, error)| panic!("{doing}: {error}"));
    if fault != "no-filter" {
        collect::cage::enter(&inside.spool, &BTreeSet::new(), true, 1 << 20);
    }
    probes.extend(collect::battery::behind_the_filter());
    for probe in probes {
        println!("{} {} {}", probe.probe.replace(' ', "="), if probe.held { "held" } else { "LEAK" }, probe.answer);
    }
}

/// The port of a resolver.
fn resolver() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:53").expect("the port of a resolver")
}

/// Answers that it knows no name.
fn knows_no_name(socket: &UdpSocket) {
    let mut question = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut question) {
        // RFC 1035 §4.1.1: this is an answer, and its code is 3.
        question[2] |= 0x80;
        question[3] = 0x83;
        let _ = socket.send_to(&question[..length], from);
    }
}

/// The walls, or what is left of them.
fn faulty_walls(fault: &str, spool: &Path, socket: &Path) -> Result<walls::Inside, (&'static str, std::io::Error)> {
    let here = walls::Inside { spool: spool.into(), socket: socket.into() };
    match fault {
        "no-walls" => Ok(here),
        "no-mount-namespace" => walls::leave(UnshareFlags::NEWUSER | UnshareFlags::NEWNET).map(|()| here),
        "no-network-namespace" => {
            walls::leave(UnshareFlags::NEWUSER | UnshareFlags::NEWNS)?;
            walls::own_root(spool, socket)?;
            Ok(walls::Inside { spool: "/spool".into(), socket: "/tor/socks".into() })
        }
        _ => walls::raise(spool, socket),
    }
}

/// Opens one door behind the walls.
fn seed(fault: &str, canaries: &model::capture::Canaries) {
    match fault {
        "descriptor" => drop(rustix::io::dup(std::io::stdout()).map(std::os::fd::OwnedFd::into_raw_fd)),
        #[expect(unsafe_code, reason = "the process has one thread")]
        // SAFETY: the process has one thread.
        "variable" => unsafe { std::env::set_var("http_proxy", "http://192.0.2.1:3128") },
        "loopback-up" => loopback_up(),
        "resolver" => {
            loopback_up();
            let socket = resolver();
            std::thread::spawn(move || knows_no_name(&socket));
        }
        "route" => {
            loopback_up();
            default_route();
        }
        "tcp-canary" => {
            loopback_up();
            std::mem::forget(std::net::TcpListener::bind(canaries.tcp[0].as_str()).expect("the same address inside"));
        }
        "abstract-canary" => {
            let name = std::os::unix::net::SocketAddr::from_abstract_name(&canaries.abstracts[0]).expect("a name");
            std::mem::forget(std::os::unix::net::UnixListener::bind_addr(&name).expect("the same name inside"));
        }
        "path-canary" => {
            writable(&canaries.paths[0]);
            std::mem::forget(std::os::unix::net::UnixListener::bind(&canaries.paths[0]).expect("the same path inside"));
        }
        "proxy-gone" => {
            use rustix::mount::{UnmountFlags, unmount};
            unmount("/tor/socks", UnmountFlags::DETACH).expect("the socket can be taken away");
        }
        file if file.starts_with('/') => {
            writable(file);
            std::fs::write(file, "").expect("a file in the root");
        }
        _ => {}
    }
}

/// Unlocks the walled root and makes the folders above `place`.
fn writable(place: &str) {
    use rustix::mount::{MountFlags, mount_remount};
    mount_remount("/", MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC, "").expect("the root can be unlocked");
    std::fs::create_dir_all(Path::new(place).parent().expect("an absolute path")).expect("folders in the root");
}

#[expect(unsafe_code, reason = "no safe form of these device calls")]
fn loopback_up() {
    // SAFETY: the request is plain numbers with the name `lo` and its last zero; the descriptor is ours.
    unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l' as libc::c_char;
        request.ifr_name[1] = b'o' as libc::c_char;
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        let socket = libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0);
        assert_eq!(libc::ioctl(socket, libc::SIOCSIFFLAGS, &raw const request), 0, "{}", std::io::Error::last_os_error());
        libc::close(socket);
    }
}

/// Everything goes to `lo`: datagrams leave, connections get no answer.
#[expect(unsafe_code, reason = "no safe form of these device calls")]
fn default_route() {
    let mut name = *b"lo\0";
    // SAFETY: the entry is plain numbers and one pointer to a name that lives until the call has ended.
    unsafe {
        let mut route: libc::rtentry = std::mem::zeroed();
        for place in [&raw mut route.rt_dst, &raw mut route.rt_gateway, &raw mut route.rt_genmask] {
            (*place).sa_family = libc::AF_INET as libc::sa_family_t;
        }
        route.rt_flags = libc::RTF_UP;
        route.rt_dev = name.as_mut_ptr().cast();
        let socket = libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0);
        assert_eq!(libc::ioctl(socket, libc::SIOCADDRT, &raw const route), 0, "{}", std::io::Error::last_os_error());
        libc::close(socket);
    }
}

/// Enters the cage for `spool` and the port of `listed`, then tries what must and what must not work.
/// Prints the cage's label and one `name allowed|refused` a line.
fn probe(spool: &Path, listed: &str, unlisted: &str) {
    let (listed, unlisted): (SocketAddr, SocketAddr) = (address(listed), address(unlisted));
    collect::cage::strip_process();
    let cage = collect::cage::enter(spool, &BTreeSet::from([listed.port()]), false, 1 << 20);
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
