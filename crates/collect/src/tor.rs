//! Debian's `tor` as a process of its own, started and ended by the desk, with its SOCKS port on a Unix socket.
//!
//! Its data folder is kept between sessions, so that the guards stay the same, as Tor wants it. It ends with the
//! desk; when that is killed, Tor sees it within some fifteen seconds. One runs at a time in a home. Only the options below are ever set; a network description may add
//! those of a private test network and nothing else.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The longest path that a Unix socket may have (unix(7): 108 bytes with the last zero).
const LONGEST_SOCKET: usize = 107;
const POLL: Duration = Duration::from_millis(100);
/// How long a capture waits for the one before it: longer than a Tor whose desk was killed lives on.
const TURN: Duration = Duration::from_secs(30);
/// How long Tor may take to end.
const FAREWELL: Duration = Duration::from_secs(5);

/// Why there is no Tor.
#[derive(Debug, thiserror::Error)]
pub enum TorError {
    /// The program is not there.
    #[error("tor is not installed: install the package `tor` (apt-get install tor)")]
    Missing,
    /// The folder's path is too long for a socket.
    #[error("the path {0} is too long for a socket: use a home with a shorter path")]
    LongPath(PathBuf),
    /// The folder's path holds a sign that a configuration reads differently.
    #[error("the path {0:?} holds a quotation mark, a backslash, a number sign or a control character: use a home with another path")]
    StrangePath(PathBuf),
    /// Another capture of this node goes through Tor.
    #[error("another capture of this node goes through Tor now, or one ended a moment ago: wait for it, then repeat")]
    Busy,
    /// A line of a network description that is not one.
    #[error("line {line} of the network description is not that of a private test network: {text}")]
    Network {
        /// Counted from 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// The system refused.
    #[error("{doing} failed: {source}")]
    System {
        /// What was attempted.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Tor ended by itself.
    #[error("tor ended before it was ready: {0}")]
    Ended(String),
    /// Tor is not ready.
    #[error("tor was not ready after {seconds} s ({said}): look whether this machine reaches its network, and whether its clock is right")]
    NotReady {
        /// How long it was waited for.
        seconds: u64,
        /// Its last line.
        said: String,
    },
}

fn system(doing: &'static str) -> impl FnOnce(io::Error) -> TorError {
    move |source| TorError::System { doing, source }
}

/// Which network: the public one, or a private one that is described.
fn data_of(folder: &Path, network: Option<&Network>) -> PathBuf {
    // Guards of one network are nothing to another.
    folder.join(network.map_or("data".to_string(), |network| format!("data-{}", &network.name()[..16])))
}

/// A private network in place of the public one, as `lanternfish range tor up` describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network(String);

/// Options that a description may hold: which network, and that it is one for tests. Everything else could lead
/// traffic somewhere.
const OF_A_NETWORK: [&str; 4] = ["TestingTorNetwork", "AssumeReachable", "PathsNeededToBuildCircuits", "DirAuthority"];

impl Network {
    /// SHA-256 of the description, hexadecimal: what a record calls this network.
    pub fn name(&self) -> String {
        model::Sha256Digest::of(self.0.as_bytes()).hex()
    }

    /// Reads a description.
    ///
    /// # Errors
    /// [`TorError::Network`] for any other option, and for an authority that is not on loopback.
    pub fn read(text: &str) -> Result<Network, TorError> {
        for (place, line) in text.lines().enumerate() {
            let wrong = || TorError::Network { line: place + 1, text: line.chars().take(80).collect() };
            let plain = line.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
            let (option, value) = line.split_once(' ').ok_or_else(wrong)?;
            if !plain || !OF_A_NETWORK.contains(&option) || line.contains(['\\', '"', '#']) {
                return Err(wrong());
            }
            // Nickname, flags, then where it is: an address with a port.
            let places: Vec<&str> = value.split(' ').filter(|word| word.contains(':')).collect();
            if option == "DirAuthority" && (places.len() != 1 || !places[0].starts_with("127.0.0.1:")) {
                return Err(wrong());
            }
        }
        Ok(Network(text.to_string()))
    }
}

/// A running Tor. Dropping it ends it.
#[derive(Debug)]
pub struct Tor {
    child: Child,
    folder: PathBuf,
    /// Held while this Tor runs: two in one folder take each other's socket away.
    _alone: fs::File,
}

impl Tor {
    /// Starts Tor in `folder`, which is made when it is not there.
    ///
    /// # Errors
    /// [`TorError`].
    pub fn start(folder: &Path, network: Option<&Network>) -> Result<Tor, TorError> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(system("making tor's folder"))?;
        let folder = fs::canonicalize(folder).map_err(system("finding tor's folder"))?;
        if socket_of(&folder).as_os_str().len() > LONGEST_SOCKET {
            return Err(TorError::LongPath(folder));
        }
        if !is_plain(&folder) {
            return Err(TorError::StrangePath(folder));
        }
        let alone = alone_in(&folder)?;
        let _ = fs::remove_file(log_of(&folder));
        let torrc = folder.join("torrc");
        fs::write(&torrc, configuration(&folder, network)).map_err(system("writing tor's configuration"))?;
        let started = Command::new("tor")
            .arg("--defaults-torrc")
            .arg("/dev/null")
            .arg("-f")
            .arg(&torrc)
            .env_clear()
            .env("HOME", &folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let child = started.map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => TorError::Missing,
            _ => TorError::System { doing: "starting tor", source },
        })?;
        Ok(Tor { child, folder, _alone: alone })
    }

    /// Waits until Tor has built circuits; `told` hears its percent.
    ///
    /// # Errors
    /// [`TorError::Ended`], [`TorError::NotReady`].
    pub fn wait_ready(&mut self, most: Duration, mut told: impl FnMut(u8)) -> Result<(), TorError> {
        let begun = Instant::now();
        let mut last = 0;
        loop {
            let log = fs::read_to_string(log_of(&self.folder)).unwrap_or_default();
            let percent = log.lines().rev().find_map(|line| line.split_once("Bootstrapped ")?.1.split_once('%')?.0.parse().ok()).unwrap_or(0);
            if percent > last {
                told(percent);
                last = percent;
            }
            if percent == 100 && socket_of(&self.folder).exists() {
                return Ok(());
            }
            let said = || log.lines().last().unwrap_or("it said nothing").to_string();
            if self.child.try_wait().map_err(system("looking after tor"))?.is_some() {
                return Err(TorError::Ended(said()));
            }
            if begun.elapsed() > most {
                return Err(TorError::NotReady { seconds: most.as_secs(), said: said() });
            }
            thread::sleep(POLL);
        }
    }

    /// Whether its process lives.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its SOCKS socket.
    pub fn socket(&self) -> PathBuf {
        socket_of(&self.folder)
    }
}

impl Drop for Tor {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).filter(|_| self.lives()) {
            // Gone in between is what was wanted.
            let _ = kill_process(pid, Signal::INT);
        }
        let begun = Instant::now();
        while self.lives() && begun.elapsed() < FAREWELL {
            thread::sleep(POLL / 2);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the folder to be nobody else's.
fn alone_in(folder: &Path) -> Result<fs::File, TorError> {
    use rustix::fs::{FlockOperation, flock};
    let lock = fs::OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock")).map_err(system("opening tor's lock"))?;
    let begun = Instant::now();
    while flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        if begun.elapsed() > TURN {
            return Err(TorError::Busy);
        }
        thread::sleep(POLL);
    }
    // A desk that was killed leaves its Tor for some seconds; it ends by itself.
    while left_behind(folder) {
        if begun.elapsed() > TURN {
            return Err(TorError::Busy);
        }
        thread::sleep(POLL);
    }
    Ok(lock)
}

/// Whether the process of the pid file still works on this folder.
fn left_behind(folder: &Path) -> bool {
    let Ok(pid) = fs::read_to_string(folder.join("pid")) else { return false };
    let words = fs::read(format!("/proc/{}/cmdline", pid.trim())).unwrap_or_default();
    let torrc = folder.join("torrc");
    words.split(|byte| *byte == 0).any(|word| word == torrc.as_os_str().as_encoded_bytes())
}

/// A path that stands in a configuration as it is.
fn is_plain(folder: &Path) -> bool {
    folder.to_str().is_some_and(|path| !path.chars().any(|c| c.is_control() || matches!(c, '"' | '\\' | '#')))
}

fn socket_of(folder: &Path) -> PathBuf {
    folder.join("socks")
}

fn log_of(folder: &Path) -> PathBuf {
    folder.join("notice.log")
}

fn configuration(folder: &Path, network: Option<&Network>) -> String {
    let (at, desk, data) = (folder.display(), std::process::id(), data_of(folder, network));
    let (network, data) = (network.map_or("", |network| network.0.as_str()), data.display());
    format!(
        "{network}ClientOnly 1\nDataDirectory \"{data}\"\nControlPort 0\nDNSPort 0\n\
         SocksPort unix:\"{at}/socks\" OnionTrafficOnly IsolateSOCKSAuth ExtendedErrors\n\
         PidFile \"{at}/pid\"\nLog notice file {at}/notice.log\nSafeLogging 1\nAvoidDiskWrites 1\nShutdownWaitLength 0\n\
         GeoIPFile\nGeoIPv6File\n__OwningControllerProcess {desk}\n"
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use super::*;

    #[test]
    fn a_description_names_a_private_network_and_nothing_else() {
        let good = "TestingTorNetwork 1\nDirAuthority authority0 orport=5000 no-v2 v3ident=AB 127.0.0.1:7000 CD\n";
        assert_eq!(Network::read(good).unwrap(), Network(good.into()));
        for line in [
            "Socks5Proxy 192.0.2.1:1080", "HTTPSProxy 192.0.2.1:80", "ClientTransportPlugin x exec /bin/sh", "SocksPort 0.0.0.0:9050", "%include /etc/x",
            "DirAuthority a orport=1 192.0.2.1:80 AB", "DirAuthority a orport=1 AB", "TestingTorNetwork 1 # \\", "TestingTorNetwork", "Log debug file /x", "",
        ] {
            assert!(Network::read(&format!("{line}\n")).is_err(), "{line}");
        }
    }

    #[test]
    fn a_path_that_no_socket_can_have_is_told() {
        let place = tempfile::tempdir().unwrap();
        let deep = place.path().join("d".repeat(120));
        assert!(matches!(Tor::start(&deep, None), Err(TorError::LongPath(_))));
    }
}
