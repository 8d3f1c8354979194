//! Tries what the cage must refuse, from inside it, and reports each result. Changes nothing.

use std::fs::File;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What was tried.
    pub what: String,
    /// Whether it worked. In a whole cage it is false for each.
    pub worked: bool,
    /// What the system answered.
    pub answer: String,
}

/// Everything that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeReport {
    /// In the order tried.
    pub attempts: Vec<Attempt>,
}

impl ProbeReport {
    /// The attempts that worked: empty in a whole cage.
    pub fn escapes(&self) -> Vec<&Attempt> {
        self.attempts.iter().filter(|attempt| attempt.worked).collect()
    }
}

/// Tries files, the key at `key_path`, sockets, a thread and a program.
pub(crate) fn attempt_all(key_path: &str) -> ProbeReport {
    let attempts = vec![
        attempt("open /etc/passwd", || File::open("/etc/passwd").map(drop)),
        attempt("open the key", || File::open(key_path).map(drop)),
        attempt("create a file", || create_and_remove("/tmp/parse-probe")),
        attempt("list a folder", || std::fs::read_dir("/").map(drop)),
        attempt("UDP socket", || UdpSocket::bind("127.0.0.1:0").map(drop)),
        attempt("TCP socket", || TcpListener::bind("127.0.0.1:0").map(drop)),
        attempt("unix socket", || UnixStream::pair().map(drop)),
        attempt("start a thread", || std::thread::Builder::new().spawn(|| ()).map(drop)),
        attempt("run a program", || Command::new("/bin/true").spawn().and_then(|mut child| child.wait()).map(drop)),
    ];
    ProbeReport { attempts }
}

fn create_and_remove(path: &str) -> std::io::Result<()> {
    File::create(path)?;
    std::fs::remove_file(path)
}

fn attempt(what: &str, act: impl FnOnce() -> std::io::Result<()>) -> Attempt {
    let result = act();
    let worked = result.is_ok();
    let answer = result.map_or_else(|error| error.to_string(), |()| "it worked".to_string());
    Attempt { what: what.to_string(), worked, answer }
}
