//! The desk's side of a capture: start the child, renew its lease, look whether it has ended.
//!
//! Decides nothing about authority: the desk renews while its permit lives (every 10 s or so) and stops
//! renewing when it does not. Secrets reach the child through a pipe, never by argument or environment.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::{fs, thread, time::Duration};

use ed25519_dalek::SigningKey;
use model::canonical::{self, CanonicalError};
use model::capture::{Canaries, Order};
use model::{Moment, Sha256Digest};

use crate::child::StartMessage;
use crate::withhold::Carried;
use crate::{envelope, spool};

/// Why a capture could not be started or renewed.
#[derive(Debug, thiserror::Error)]
pub enum CollectorError {
    /// The spool was used before.
    #[error("the spool folder already holds {0}; make a new empty folder for each capture")]
    UsedSpool(&'static str),
    /// The order cannot be written as canonical JSON.
    #[error("the order cannot be signed: {0}")]
    Order(#[from] CanonicalError),
    /// A renewal that the child would refuse.
    #[error("serial {new} does not follow {old}; count every renewal one higher")]
    Serial {
        /// Of the lease in force.
        old: u64,
        /// Of the one to be written.
        new: u64,
    },
    /// A renewal after the order was withdrawn.
    #[error("the order was withdrawn and is not renewed (law 15); start a new capture under a live authority")]
    Withdrawn,
    /// The system refused.
    #[error("{doing} failed: {source}; check the disk, and that the program file is there and may be run")]
    System {
        /// What was attempted.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

fn system(doing: &'static str) -> impl Fn(io::Error) -> CollectorError {
    move |source| CollectorError::System { doing, source }
}

/// Which way the child goes, beside what its order says.
#[derive(Debug, Clone, Default)]
pub struct Through {
    /// Tor's socket; none by loopback.
    pub proxy: Option<PathBuf>,
    /// What the desk listens on while the battery runs.
    pub canaries: Canaries,
    /// For a persona: what is sent as `Cookie`, as the order commits to it.
    pub carried: Vec<Carried>,
}

/// Starts capture children.
#[derive(Debug, Clone)]
pub struct Collector {
    /// The program to run; it is called as `exe __collect`.
    pub exe: PathBuf,
}

impl Collector {
    /// A collector that re-runs `exe`.
    pub fn new(exe: impl Into<PathBuf>) -> Self {
        Collector { exe: exe.into() }
    }

    /// Writes the signed order into the empty folder `spool` and starts the child on it.
    ///
    /// `child_seed` is the Ed25519 seed with which the child signs its record; draw a new one for each
    /// capture and keep the public key in the event.
    ///
    /// # Errors
    /// [`CollectorError`]; no child runs then.
    pub fn start(&self, spool: &Path, order: &Order, desk_key: &SigningKey, child_seed: [u8; 32]) -> Result<Running, CollectorError> {
        self.start_through(&Through::default(), spool, order, desk_key, child_seed)
    }

    /// The same, through Tor's socket.
    ///
    /// # Errors
    /// [`CollectorError`]; no child runs then.
    pub fn start_through(
        &self,
        through: &Through,
        spool: &Path,
        order: &Order,
        desk_key: &SigningKey,
        child_seed: [u8; 32],
    ) -> Result<Running, CollectorError> {
        let spool = fs::canonicalize(spool).map_err(system("finding the spool folder"))?;
        if let Some(used) = [spool::RECORD, spool::WARC, spool::WITHHELD, spool::ORDER].into_iter().find(|name| spool.join(name).exists()) {
            return Err(CollectorError::UsedSpool(used));
        }
        write_order(&spool, order, desk_key)?;
        let message = StartMessage::new(&spool, desk_key.verifying_key().to_bytes(), child_seed, through.proxy.as_deref(), through.canaries.clone())
            .map(|message| message.with(&through.carried))
            .ok_or_else(|| system("naming the spool folder")(io::ErrorKind::InvalidFilename.into()))?;
        // An order without a worker must not lie about; its removal failing changes nothing for the caller.
        let child = self.spawn(&message).inspect_err(|_| drop(fs::remove_file(spool.join(spool::ORDER))))?;
        Ok(Running { child, spool, desk_key: desk_key.clone(), order: order.clone(), withdrawn: false })
    }

    fn spawn(&self, message: &StartMessage) -> Result<Child, CollectorError> {
        // Its own process group: Ctrl-C at the desk must not cut the child before it can sign.
        let mut child = Command::new(&self.exe)
            .arg("__collect")
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(system("starting the capture child"))?;
        let mut stdin = child.stdin.take().expect("stdin was asked to be a pipe");
        let sent = stdin.write_all(message.line().as_bytes());
        if let Err(source) = sent {
            let _ = child.kill();
            let _ = child.wait();
            return Err(system("telling the capture child its work")(source));
        }
        Ok(child)
    }
}

/// A capture in progress. Dropping it leaves the child to its lease.
#[derive(Debug)]
pub struct Running {
    child: Child,
    spool: PathBuf,
    desk_key: SigningKey,
    order: Order,
    /// Set for good: a renewal must not undo a withdrawal that the child has not yet seen.
    withdrawn: bool,
}

impl Running {
    /// Signs `order` and puts it over the old one with rename(2). Make it with [`renewed`].
    ///
    /// # Errors
    /// [`CollectorError`]; the old lease then stays as it was.
    pub fn renew(&mut self, order: &Order) -> Result<(), CollectorError> {
        if self.withdrawn {
            return Err(CollectorError::Withdrawn);
        }
        if order.serial <= self.order.serial {
            return Err(CollectorError::Serial { old: self.order.serial, new: order.serial });
        }
        write_order(&self.spool, order, &self.desk_key)?;
        self.order = order.clone();
        Ok(())
    }

    /// Takes the order away for good: the child stops within half a second or so and signs what it has.
    ///
    /// # Errors
    /// [`CollectorError`]; the lease then still ends by itself.
    pub fn withdraw(&mut self) -> Result<(), CollectorError> {
        self.withdrawn = true;
        spool::write_atomically(&self.spool, spool::ORDER, b"").map_err(system("withdrawing the order"))
    }

    /// Whether the child has ended, and how; does not wait. Exit code 0: there is a signed record,
    /// complete or not; 1: the order was refused; 2: the start message; 3: the system; 4: no walls, or a leak.
    pub fn poll(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for the end, looking every 20 ms.
    pub fn wait(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.poll() {
                return status;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the child said on its standard error. Call it after the end; it waits for it otherwise.
    pub fn message(&mut self) -> String {
        let mut text = String::new();
        if let Some(stderr) = self.child.stderr.take() {
            let _ = stderr.take(64 << 10).read_to_string(&mut text);
        }
        text.trim_end().to_string()
    }

    /// The order as last renewed.
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// Process id of the child.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the child at once. It cannot sign any more, so what it captured is never evidence: use
    /// [`Running::withdraw`] unless the child does not obey.
    ///
    /// # Errors
    /// [`CollectorError`] when the system refused.
    pub fn kill(&mut self) -> Result<(), CollectorError> {
        self.child.kill().map_err(system("ending the capture child"))?;
        self.child.wait().map(drop).map_err(system("waiting for the capture child"))
    }
}

fn write_order(spool: &Path, order: &Order, desk_key: &SigningKey) -> Result<(), CollectorError> {
    let file = envelope::signed_file(order, desk_key)?;
    spool::write_atomically(spool, spool::ORDER, &file).map_err(system("writing the order into the spool"))
}

/// The next lease of `order`: serial one higher, from `now` for `seconds` (at most 30 count).
pub fn renewed(order: &Order, now: Moment, seconds: i64) -> Order {
    let seconds = seconds.min(model::capture::MAX_LEASE_SECONDS);
    Order { serial: order.serial + 1, issued: now, until: now.plus_seconds(seconds), ..order.clone() }
}

/// What `CaptureRecord::order_digest` holds for a run that was started with `order`.
///
/// # Errors
/// When the order has no canonical form.
pub fn order_digest(order: &Order) -> Result<Sha256Digest, CanonicalError> {
    canonical::to_bytes(order).map(|bytes| Sha256Digest::of(&bytes))
}
