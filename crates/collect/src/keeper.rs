//! One Tor for all captures of a home. A keeper owns it: this executable again, as `__tor`. Every capture holds a
//! lock that says "used"; when nobody has held it for two seconds, the keeper ends Tor and itself. A desk that is
//! killed lets its lock go by that.
//!
//! It refuses a second Tor in one place, and never leads a capture to another network than it asked for: each
//! network has a place of its own.

use std::fs::{self, File};
use std::io::{self, BufRead, Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use crate::control::{self, Circuit};
use crate::tor::{Network, Place, Tor, TorError, system};

const POLL: Duration = Duration::from_millis(100);
/// How long a capture waits for a Tor that ends: longer than one whose keeper was killed lives on.
const TURN: Duration = Duration::from_secs(30);
/// How long a Tor that nobody uses stays.
const IDLE: Duration = Duration::from_secs(2);
/// Longest description of a network, in bytes.
const MAX_START: u64 = 256 << 10;

/// What a keeper is told.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Start {
    folder: PathBuf,
    network: Option<String>,
}

/// A Tor that this process may use, with others. Dropping it lets it go.
#[derive(Debug)]
pub struct Shared {
    place: Place,
    _used: File,
}

impl Shared {
    /// Joins the Tor of this network below `folder`, or has `exe` start one, and waits until it has circuits; `told`
    /// hears its percent.
    ///
    /// # Errors
    /// [`TorError`].
    pub fn join(exe: &Path, folder: &Path, network: Option<&Network>, most: Duration, mut told: impl FnMut(u8)) -> Result<Shared, TorError> {
        let place = Place::of(folder, network)?;
        let used = lock_file(&place, USED)?;
        let begun = Instant::now();
        while flock(&used, FlockOperation::NonBlockingLockShared).is_err() {
            patient(begun, TURN)?;
        }
        let shared = Shared { place, _used: used };
        let (mut keeper, mut last): (Option<Child>, u8) = (None, 0);
        loop {
            keeper = match keeper {
                None if shared.is_kept()? => None,
                None => Some(start(exe, folder, network, &shared.place)?),
                Some(keeper) => shared.looked_after(keeper)?,
            };
            // Only the Tor of the keeper that is there now: one that lost its keeper still answers for some seconds.
            let answers = shared.is_the_keepers()? && UnixStream::connect(shared.socket()).is_ok();
            let percent = if answers { shared.place.percent() } else { 0 };
            if percent > last {
                told(percent);
                last = percent;
            }
            if percent == 100 {
                return Ok(shared);
            }
            patient(begun, most).map_err(|_| TorError::NotReady { seconds: most.as_secs(), said: shared.place.said() })?;
        }
    }

    /// Whether a keeper is there.
    fn is_kept(&self) -> Result<bool, TorError> {
        Ok(flock(&lock_file(&self.place, KEPT)?, FlockOperation::NonBlockingLockExclusive).is_err())
    }

    /// Whether what stands here was begun by the keeper that holds the place now.
    fn is_the_keepers(&self) -> Result<bool, TorError> {
        let keeper = fs::read_to_string(self.place.run.join(KEPT)).unwrap_or_default();
        Ok(self.is_kept()? && !keeper.is_empty() && self.place.owner().as_deref() == Some(keeper.as_str()))
    }

    /// Whether Tor still answers.
    pub fn stands(&self) -> bool {
        UnixStream::connect(self.socket()).is_ok()
    }

    /// A keeper that ended well found another in its place.
    fn looked_after(&self, mut keeper: Child) -> Result<Option<Child>, TorError> {
        match keeper.try_wait().map_err(system("looking after tor's keeper"))? {
            None => Ok(Some(keeper)),
            Some(status) if status.success() => Ok(None),
            Some(_) => {
                let mut said = String::new();
                let _ = keeper.stderr.take().map(|stderr| stderr.take(4 << 10).read_to_string(&mut said));
                Err(TorError::Ended(said.trim().to_string()))
            }
        }
    }

    /// Its SOCKS socket.
    pub fn socket(&self) -> PathBuf {
        self.place.socket()
    }

    /// Its SOCKS socket to the open net.
    pub fn exit(&self) -> PathBuf {
        self.place.exit()
    }

    /// Process id of Tor, as its pid file says.
    pub fn id(&self) -> Option<u32> {
        fs::read_to_string(self.place.run.join("pid")).ok()?.trim().parse().ok()
    }

    /// The circuits that Tor made for a label and its further tries.
    ///
    /// # Errors
    /// When Tor does not answer on its control socket.
    pub fn circuits(&self, label: &str) -> io::Result<Vec<Circuit>> {
        control::circuits(&self.place.control(), &self.place.cookie(), label)
    }
}

const USED: &str = "used";
const KEPT: &str = "kept";

fn lock_file(place: &Place, name: &str) -> Result<File, TorError> {
    fs::OpenOptions::new().create(true).truncate(false).write(true).open(place.run.join(name)).map_err(system("opening tor's lock"))
}

/// One more short wait, if there is time.
fn patient(begun: Instant, most: Duration) -> Result<(), TorError> {
    if begun.elapsed() > most {
        return Err(TorError::Busy);
    }
    thread::sleep(POLL);
    Ok(())
}

fn start(exe: &Path, folder: &Path, network: Option<&Network>, place: &Place) -> Result<Child, TorError> {
    let message = Start { folder: folder.into(), network: network.map(|network| network.text().into()) };
    // Its own process group: Ctrl-C at one desk must not end the Tor of another.
    let mut child = Command::new(exe)
        .arg("__tor")
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .current_dir(&place.run)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(system("starting tor's keeper"))?;
    let text = serde_json::to_string(&message).map_err(|e| TorError::System { doing: "telling tor's keeper its work", source: e.into() })?;
    let mut stdin = child.stdin.take().expect("stdin was asked to be a pipe");
    stdin.write_all(text.as_bytes()).and_then(|()| stdin.write_all(b"\n")).map_err(system("telling tor's keeper its work"))?;
    Ok(child)
}

/// The keeper. Exit code 0: nobody needs it any more, or another keeps this place; 1: there is no Tor, and why.
pub fn keeper_main() -> i32 {
    match keep() {
        Ok(()) => 0,
        Err(error) => {
            // The desk may be gone: then nobody needs to hear it.
            let _ = writeln!(io::stderr(), "{error}");
            1
        }
    }
}

fn keep() -> Result<(), TorError> {
    let start = hear_start().map_err(system("hearing what is to be kept"))?;
    let network = start.network.as_deref().map(Network::read).transpose()?;
    let place = Place::of(&start.folder, network.as_ref())?;
    let kept = lock_file(&place, KEPT)?;
    if flock(&kept, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Ok(());
    }
    fs::write(place.run.join(KEPT), std::process::id().to_string()).map_err(system("noting tor's keeper"))?;
    let begun = Instant::now();
    while place.left_behind() {
        patient(begun, TURN)?;
    }
    let mut tor = Tor::start(&place, network.as_ref())?;
    let mut idle_since: Option<Instant> = None;
    while tor.lives() {
        let used = lock_file(&place, USED)?;
        if flock(&used, FlockOperation::NonBlockingLockExclusive).is_err() {
            idle_since = None;
        } else if idle_since.get_or_insert_with(Instant::now).elapsed() >= IDLE {
            // Held while Tor ends: whoever comes now waits, and starts another.
            drop(tor);
            drop(used);
            return Ok(());
        }
        // Let go before the pause: whoever joins tries now and then, and must find it free.
        drop(used);
        thread::sleep(POLL);
    }
    Err(TorError::Ended(place.said()))
}

fn hear_start() -> io::Result<Start> {
    let mut line = String::new();
    io::stdin().lock().take(MAX_START).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}
