//! The child alone, for the tests of this crate; the product re-runs its own executable instead.
//! With the argument `probe` it enters the cage, tries to get out, and prints what succeeded.

use std::net::{TcpListener, TcpStream, UdpSocket};

fn main() {
    if std::env::args().any(|argument| argument == "probe") {
        return probe();
    }
    std::process::exit(typeset::child_main());
}

fn probe() {
    let cage = typeset::enter_cage(typeset::Bounds { memory_bytes: 1 << 30, cpu_seconds: 10 });
    println!("{cage}");
    let tries = [
        ("read a file", std::fs::read("/etc/passwd").is_ok()),
        ("write a file", std::fs::write(std::env::temp_dir().join("lanternfish-probe"), "x").is_ok()),
        ("list a folder", std::fs::read_dir("/").is_ok()),
        ("connect", TcpStream::connect("127.0.0.1:9").err().is_none_or(|e| e.kind() == std::io::ErrorKind::ConnectionRefused)),
        ("listen", TcpListener::bind("127.0.0.1:0").is_ok()),
        ("send a datagram", UdpSocket::bind("127.0.0.1:0").is_ok()),
        ("start a process", std::process::Command::new("/bin/true").spawn().is_ok()),
        ("become two processes", forks()),
    ];
    for (what, done) in tries {
        println!("{what}: {}", if done { "ESCAPED" } else { "refused" });
    }
    let threads = std::thread::Builder::new().spawn(|| 42).map(|thread| thread.join().unwrap_or(0));
    println!("own thread: {}", if matches!(threads, Ok(42)) { "works" } else { "BROKEN" });
}

/// Whether a second process can be made at all: a program that is started is refused once more.
fn forks() -> bool {
    #[expect(unsafe_code, reason = "the standard library makes no process without starting a program in it")]
    // SAFETY: nothing else runs yet, and the second process ends at once.
    let made = unsafe {
        let made = libc::fork();
        if made == 0 {
            libc::_exit(0);
        }
        made
    };
    made > 0
}
