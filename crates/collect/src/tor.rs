//! Debian's `tor` as a process of its own, with its SOCKS and control ports on Unix sockets: what it is told, and
//! how it starts and ends. Its [`crate::keeper`] owns it.
//!
//! Its data folder is kept between sessions, so that the guards stay the same, as Tor wants it. It ends with its
//! keeper; when that is killed, Tor sees it within some fifteen seconds. One runs at a time for each network. Only
//! the options below are ever set; a network description may add those of a private test network and nothing else.

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
    /// Tor's lock is held by something that is no capture.
    #[error("another program holds tor's folder, or a tor that lost its keeper does not end: repeat in a minute")]
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

pub(crate) fn system(doing: &'static str) -> impl FnOnce(io::Error) -> TorError {
    move |source| TorError::System { doing, source }
}

/// Where one network's Tor runs, and where its data stay: guards of one network are nothing to another.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Sockets, configuration, log, pid.
    pub(crate) run: PathBuf,
    data: PathBuf,
}

impl Place {
    /// The place of a network below the home's folder for Tor, which is made when it is not there.
    pub(crate) fn of(folder: &Path, network: Option<&Network>) -> Result<Place, TorError> {
        let name = network.map(|network| network.name()[..16].to_string());
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(system("making tor's folder"))?;
        let folder = fs::canonicalize(folder).map_err(system("finding tor's folder"))?;
        let run = folder.join(name.as_ref().map_or("public".to_string(), |name| format!("n{name}")));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&run).map_err(system("making tor's folder"))?;
        let place = Place { run, data: folder.join(name.map_or("data".to_string(), |name| format!("data-{name}"))) };
        // The desk's canary lies beside: it has the longer name.
        if [place.control(), folder.join("canary-".to_string() + &"0".repeat(24))].iter().any(|socket| socket.as_os_str().len() > LONGEST_SOCKET) {
            return Err(TorError::LongPath(folder));
        }
        if !is_plain(&folder) {
            return Err(TorError::StrangePath(folder));
        }
        Ok(place)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.run.join("socks")
    }

    /// The socket that leads to the open net, and to no onion service.
    pub(crate) fn exit(&self) -> PathBuf {
        self.run.join("exit")
    }

    pub(crate) fn control(&self) -> PathBuf {
        self.run.join("control")
    }

    pub(crate) fn cookie(&self) -> PathBuf {
        self.run.join("cookie")
    }

    fn log(&self) -> PathBuf {
        self.run.join("notice.log")
    }

    /// The process for which Tor was begun, as its configuration says.
    pub(crate) fn owner(&self) -> Option<String> {
        let torrc = fs::read_to_string(self.run.join("torrc")).ok()?;
        torrc.lines().find_map(|line| line.strip_prefix("__OwningControllerProcess ").map(str::to_string))
    }

    /// Last line that Tor wrote.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default().lines().last().unwrap_or("it said nothing").to_string()
    }

    /// How far Tor says it is.
    pub(crate) fn percent(&self) -> u8 {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        log.lines().rev().find_map(|line| line.split_once("Bootstrapped ")?.1.split_once('%')?.0.parse().ok()).unwrap_or(0)
    }

    /// Whether a Tor still works here whose keeper was killed; it ends by itself.
    pub(crate) fn left_behind(&self) -> bool {
        let Ok(pid) = fs::read_to_string(self.run.join("pid")) else { return false };
        let words = fs::read(format!("/proc/{}/cmdline", pid.trim())).unwrap_or_default();
        let torrc = self.run.join("torrc");
        words.split(|byte| *byte == 0).any(|word| word == torrc.as_os_str().as_encoded_bytes())
    }
}

/// A private network in place of the public one, as `lanternfish range tor up` describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network(String);

/// Options that a description may hold: which network, and that it is one for tests. Everything else could lead
/// traffic somewhere.
const OF_A_NETWORK: [&str; 4] = ["TestingTorNetwork", "AssumeReachable", "PathsNeededToBuildCircuits", "DirAuthority"];

impl Network {
    /// The description.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// SHA-256 of the description, hexadecimal: what a record calls this network.
    pub fn name(&self) -> String {
        model::Sha256Digest::of(self.0.as_bytes()).hex()
    }

    /// Reads a description.
    ///
    /// # Errors
    /// [`TorError::Network`] for any other option, for an authority that is not on loopback, and for a description that is
    /// not whole: without authorities of its own, Tor would go to the public network.
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
        let whole = text.ends_with('\n') && text.lines().any(|line| line == "TestingTorNetwork 1") && text.lines().any(|line| line.starts_with("DirAuthority "));
        if !whole {
            return Err(TorError::Network { line: text.lines().count() + 1, text: "(its end is missing: it names no authorities)".into() });
        }
        Ok(Network(text.to_string()))
    }
}

/// A running Tor. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Tor(Child);

impl Tor {
    /// Starts Tor in its place, which the caller holds for itself. Of a private network it remembers nothing: such a
    /// network votes every few seconds, and yesterday's answer leads to services that are not there.
    pub(crate) fn start(place: &Place, network: Option<&Network>) -> Result<Tor, TorError> {
        for left in [place.log(), place.socket(), place.exit(), place.control(), place.cookie()] {
            // What is not there need not go.
            let _ = fs::remove_file(left);
        }
        if network.is_some() {
            let _ = fs::remove_dir_all(&place.data);
        }
        let torrc = place.run.join("torrc");
        fs::write(&torrc, configuration(place, network)).map_err(system("writing tor's configuration"))?;
        let started = Command::new("tor")
            .arg("--defaults-torrc")
            .arg("/dev/null")
            .arg("-f")
            .arg(&torrc)
            .env_clear()
            .env("HOME", &place.run)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        started.map(Tor).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => TorError::Missing,
            _ => TorError::System { doing: "starting tor", source },
        })
    }

    /// Whether its process lives.
    pub(crate) fn lives(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Tor {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw).filter(|_| self.lives()) {
            // Gone in between is what was wanted.
            let _ = kill_process(pid, Signal::INT);
        }
        let begun = Instant::now();
        while self.lives() && begun.elapsed() < FAREWELL {
            thread::sleep(POLL / 2);
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A path that stands in a configuration as it is.
fn is_plain(folder: &Path) -> bool {
    folder.to_str().is_some_and(|path| !path.chars().any(|c| c.is_control() || matches!(c, '"' | '\\' | '#')))
}

fn configuration(place: &Place, network: Option<&Network>) -> String {
    let (at, keeper, data) = (place.run.display(), std::process::id(), place.data.display());
    let network = network.map_or("", |network| network.0.as_str());
    format!(
        "{network}ClientOnly 1\nDataDirectory \"{data}\"\nDNSPort 0\n\
         SocksPort unix:\"{at}/socks\" OnionTrafficOnly IsolateSOCKSAuth ExtendedErrors\n\
         SocksPort unix:\"{at}/exit\" NoOnionTraffic IsolateSOCKSAuth ExtendedErrors\n\
         ControlPort unix:\"{at}/control\"\nCookieAuthentication 1\nCookieAuthFile \"{at}/cookie\"\n\
         PidFile \"{at}/pid\"\nLog notice file {at}/notice.log\nSafeLogging 1\nAvoidDiskWrites 1\nShutdownWaitLength 0\n\
         GeoIPFile\nGeoIPv6File\n__OwningControllerProcess {keeper}\n"
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
        for part in ["", "TestingTorNetwork 1\n", &good[20..], &good[..good.len() - 1], "AssumeReachable 1\n"] {
            assert!(Network::read(part).is_err(), "{part}: without its own authorities Tor goes to the public network");
        }
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
        assert!(matches!(Place::of(&deep, None), Err(TorError::LongPath(_))));
    }
}
