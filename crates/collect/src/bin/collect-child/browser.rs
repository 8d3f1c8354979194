//! The launcher of the browser with one fault in its walls. A collector starts itself again as the launcher and gives it
//! no variable and no word: which fault it is stands in the name of the program, `faulty-NAME`, a copy that a test makes.

use collect::browser::{Fault, browser_main, browser_main_with};
use model::capture::Canaries;
use rustix::mount::{MountFlags, mount, mount_bind_recursive, mount_remount};
use rustix::thread::UnshareFlags;

use super::{default_route, knows_no_name, loopback_up, resolver, writable};

/// How the copy with this fault is called.
const FAULTY: &str = "faulty-";

pub fn main() -> i32 {
    let program = std::env::current_exe().expect("the path of this program");
    match program.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(FAULTY)) {
        Some(name) => browser_main_with(&fault(name)),
        None => browser_main(),
    }
}

fn fault(name: &str) -> Fault {
    let none = Fault::NONE;
    match name {
        "none" => none,
        "no-network-namespace" => Fault { namespaces: UnshareFlags::NEWNET, ..none },
        "no-process-namespace" => Fault { namespaces: UnshareFlags::NEWPID, ..none },
        "host-root" => Fault { host_root: true, ..none },
        "host-name" => Fault { host_name: true, ..none },
        "no-filter" => Fault { unfiltered: true, ..none },
        "capabilities" => Fault { capable: true, ..none },
        "late-route" => Fault { late: route, ..none },
        "late-processes-of-the-host" => Fault { late: processes_of_the_host, ..none },
        "late-memory" => Fault { late: memory, ..none },
        _ => Fault { door: door(name), ..none },
    }
}

fn door(name: &str) -> fn(&Canaries) {
    match name {
        "loopback-up" => |_| loopback_up(),
        "route" => |_| route(),
        "resolver" => |_| answered_names(),
        "tcp-canary" => |canaries| {
            loopback_up();
            std::mem::forget(std::net::TcpListener::bind(canaries.tcp[0].as_str()).expect("the same address inside"));
        },
        "abstract-canary" => |canaries| {
            use std::os::linux::net::SocketAddrExt;
            let name = std::os::unix::net::SocketAddr::from_abstract_name(&canaries.abstracts[0]).expect("a name");
            std::mem::forget(std::os::unix::net::UnixListener::bind_addr(&name).expect("the same name inside"));
        },
        "path-canary" => |canaries| listen(&canaries.paths[0]),
        "socket-in-tmp" => |_| listen("/tmp/agent"),
        "socket-in-var" => |_| listen("/var/cache/agent"),
        "pipe" => |_| {
            rustix::fs::mknodat(rustix::fs::CWD, "/tmp/pipe", rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a pipe with a name");
        },
        "processes-of-the-host" => |_| processes_of_the_host(),
        "memory" => |_| memory(),
        "writable-root" => |_| mount_remount("/", MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC, "").expect("the root can be unlocked"),
        "descriptor" => |_| std::mem::forget(rustix::io::dup(std::io::stdout()).expect("another descriptor")),
        #[expect(unsafe_code, reason = "the process has one thread")]
        // SAFETY: the process has one thread.
        "variable" => |_| unsafe { std::env::set_var("http_proxy", "http://192.0.2.1:3128") },
        "passwd" => |_| file("/etc/passwd"),
        "resolv-conf" => |_| file("/etc/resolv.conf"),
        "zone" => |_| file("/etc/localtime"),
        "hosts" => |_| file("/etc/hosts"),
        "home" => |_| file("/home/officer"),
        "run-user" => |_| file("/run/user"),
        "program" => |_| file("/usr/bin/sh"),
        "library" => |_| file("/usr/lib/other/library"),
        "display" => |_| file("/tmp/.X11-unix"),
        _ => panic!("no such fault: {name}"),
    }
}

fn route() {
    loopback_up();
    default_route();
}

/// A resolver beside the launcher, which can have no second thread: what it begins lives in another world of processes.
#[expect(unsafe_code, reason = "fork has no safe form")]
fn answered_names() {
    loopback_up();
    let socket = resolver();
    // SAFETY: the process has one thread.
    if unsafe { libc::fork() } == 0 {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).expect("it goes with the launcher");
        knows_no_name(&socket);
    }
}

fn file(place: &str) {
    writable(place);
    std::fs::write(place, "").expect("a file in the root");
}

fn listen(place: &str) {
    writable(place);
    std::mem::forget(std::os::unix::net::UnixListener::bind(place).expect("a socket in the root"));
}

/// The host's list of processes, at a place where it is not taken away.
fn processes_of_the_host() {
    writable("/var/lib/processes/none");
    mount_bind_recursive("/tmp/proc", "/var/lib/processes").expect("the list can be bound");
}

/// Somebody's memory, mounted over the browser's fonts.
fn memory() {
    mount("none", "/usr/share/fonts", "tmpfs", MountFlags::empty(), None).expect("memory can be mounted");
}
