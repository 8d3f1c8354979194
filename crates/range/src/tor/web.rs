//! What stands behind the onion service and the exit: somebody else's loopback port, or programs that are started with
//! the network and ended with it.

use std::{
    ffi::OsString,
    fs,
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use super::{RangeError, names, system};

const FILES: [&str; 2] = ["web.json", "names.json"];
/// The longest that a web server may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// The web server.
#[derive(Debug, Clone)]
pub enum Web {
    /// Whoever listens at this loopback port.
    Port(u16),
    /// This program with these arguments and then a loopback address with its port, such as `127.0.0.1:40123`.
    Program(Vec<OsString>),
}

/// A program that was started, so that no other is ever ended in its place.
#[derive(Serialize, Deserialize)]
struct Started {
    pid: i32,
    words: String,
}

impl Web {
    pub(super) fn start(&self, network: &Path) -> Result<u16, RangeError> {
        let words = match self {
            Web::Port(port) => return Ok(*port),
            Web::Program(words) => words,
        };
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).map_err(system("finding a free port"))?;
        begin(words, free, wait_listening, &network.join(FILES[0]))?;
        Ok(free.port())
    }
}

/// Starts the resolver of an exit; gives its loopback port.
pub(super) fn resolver(words: &[OsString], network: &Path) -> Result<u16, RangeError> {
    let free = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).map_err(system("finding a free port"))?;
    begin(words, free, names::wait_answering, &network.join(FILES[1]))?;
    Ok(free.port())
}

/// Starts a program with the address where it shall listen as its last argument.
fn begin(words: &[OsString], at: SocketAddr, ready: impl Fn(SocketAddr) -> Result<(), RangeError>, note: &Path) -> Result<(), RangeError> {
    let (program, arguments) = words.split_first().ok_or(RangeError::Missing("a program of the network"))?;
    let child = Command::new(program)
        .args(arguments)
        .arg(at.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(system("starting a program of the network"))?;
    let pid = i32::try_from(child.id()).unwrap_or(0);
    // Written when it listens: then it is the program itself, and no longer the fork of this one.
    ready(at)?;
    let started = Started { pid, words: words_of(pid).unwrap_or_default() };
    let text = serde_json::to_vec(&started).expect("a number and a text are always JSON");
    fs::write(note, text).map_err(system("noting a program of the network"))
}

fn wait_listening(at: SocketAddr) -> Result<(), RangeError> {
    let begun = Instant::now();
    while TcpStream::connect_timeout(&at, Duration::from_millis(200)).is_err() {
        if begun.elapsed() > PATIENCE {
            return Err(RangeError::Program { program: "the web server", said: format!("it does not listen at {at}") });
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn words_of(pid: i32) -> Option<String> {
    let words = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    Some(String::from_utf8_lossy(&words).into_owned()).filter(|words| !words.is_empty())
}

/// Ends the programs that were started with the network, where they still are those programs.
pub(super) fn end(network: &Path) {
    FILES.iter().for_each(|file| end_one(&network.join(file)));
}

fn end_one(note: &Path) {
    let Some(started) = fs::read(note).ok().and_then(|text| serde_json::from_slice::<Started>(&text).ok()) else { return };
    let ours = words_of(started.pid).as_ref() == Some(&started.words);
    if let Some(pid) = Pid::from_raw(started.pid).filter(|_| ours) {
        // Gone in between is what was wanted.
        let _ = kill_process(pid, Signal::TERM);
    }
    let _ = fs::remove_file(note);
}
