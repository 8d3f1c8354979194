//! The life of the child: hear the start message, read the order, enter the cage, fetch, sign.
//!
//! Everything that names a secret or a target comes by pipe or spool; arguments and environment stay
//! empty. The signed record is the very last thing written.

use std::fs::OpenOptions;
use std::io::{self, BufRead, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use age::x25519::Recipient;
use ed25519_dalek::{SigningKey, VerifyingKey};
use model::Sha256Digest;
use model::capture::{Canaries, CaptureRecord, Keeping, Order, Probe, Rendering};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::cage::{self, Cage};
use crate::capture::{Capture, Taken, Watch};
use crate::clock::{self, Now};
use crate::lease::{Lease, OrderRefusal};
use crate::withhold::{Carried, Keeper};
use crate::browser::{self, Browser, NoBrowser, NotDone};
use crate::spool::is_whole;
use crate::{TOOL, battery, destination, envelope, is_walled, spool, walls};

/// Longest start message, in bytes.
const MAX_START: u64 = 1 << 20;

/// What the desk tells the child on standard input: one line of JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartMessage {
    /// Absolute path of the spool folder.
    spool: String,
    /// The desk's Ed25519 public key, 64 hexadecimal digits.
    desk_key: String,
    /// The child's own Ed25519 seed, 64 hexadecimal digits.
    seed: String,
    /// Tor's socket, for an order through Tor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proxy: Option<String>,
    /// What the desk listens on while the battery runs.
    #[serde(default)]
    canaries: Canaries,
    /// For a persona: what is sent as `Cookie`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    carried: Vec<Carried>,
}

impl StartMessage {
    pub(crate) fn new(spool: &Path, desk_key: [u8; 32], seed: [u8; 32], proxy: Option<&Path>, canaries: Canaries) -> Option<Self> {
        let proxy = match proxy {
            None => None,
            Some(path) => Some(path.to_str()?.to_string()),
        };
        Some(StartMessage { spool: spool.to_str()?.to_string(), desk_key: hex::encode(desk_key), seed: hex::encode(seed), proxy, canaries, carried: vec![] })
    }

    pub(crate) fn with(self, carried: &[Carried]) -> Self {
        let mut message = self;
        message.carried = carried.to_vec();
        message
    }

    pub(crate) fn line(&self) -> Zeroizing<String> {
        let mut text = serde_json::to_string(self).expect("texts are always JSON");
        text.push('\n');
        Zeroizing::new(text)
    }
}

impl Drop for StartMessage {
    fn drop(&mut self) {
        self.seed.zeroize();
    }
}

/// Why the child ends without a record.
#[derive(Debug, thiserror::Error)]
enum ChildError {
    #[error("the start message cannot be read ({0}); this program is started by the desk, not by hand")]
    Start(&'static str),
    #[error("nothing was fetched: {0}")]
    Refused(#[from] OrderRefusal),
    #[error("{doing} failed: {source}; nothing was signed, run the capture again when this is mended")]
    System { doing: &'static str, source: io::Error },
    #[error(
        "nothing was fetched: this machine cannot wall the collector off ({doing}: {source}). Through Tor it works only behind such \
         walls: allow user namespaces for this account, or use another machine"
    )]
    NoWalls { doing: &'static str, source: io::Error },
    #[error("nothing was fetched: tor, or the proxy of this order, is gone or does not answer; capture again")]
    NoProxy,
    #[error("nothing was fetched: there is no browser: {0}. Capture without --browser, or use another machine")]
    NoBrowser(String),
    #[error("nothing was signed: nobody saw the browser to its end ({0}), so nothing proves its walls. Capture again, or without --browser")]
    Unwatched(String),
    #[error("nothing was fetched: the leak battery found a way out: {0}. Do not collect from this machine until it is closed")]
    Leak(String),
}

impl ChildError {
    fn exit_code(&self) -> i32 {
        match self {
            ChildError::Refused(_) => 1,
            ChildError::Start(_) => 2,
            ChildError::System { .. } | ChildError::NoProxy => 3,
            ChildError::NoWalls { .. } | ChildError::NoBrowser(_) | ChildError::Unwatched(_) | ChildError::Leak(_) => 4,
        }
    }
}

fn system(doing: &'static str) -> impl Fn(io::Error) -> ChildError {
    move |source| ChildError::System { doing, source }
}

/// Runs the capture child on this process's standard input and gives back its exit code: 0 a signed
/// record was written (complete or not), 1 the order was refused, 2 the start message was wrong, 3 the
/// system failed, 4 the walls do not stand or leak. Call it before any thread is started: it clears the environment, closes inherited
/// descriptors and cages the process for good.
pub fn child_main() -> i32 {
    cage::strip_process();
    match run() {
        Ok(()) => 0,
        Err(error) => {
            // The desk may be dead and the pipe closed; that must not end us in a panic.
            let _ = writeln!(io::stderr(), "collect: {error}");
            error.exit_code()
        }
    }
}

struct Start {
    spool: PathBuf,
    desk_key: VerifyingKey,
    seal: SigningKey,
    proxy: Option<PathBuf>,
    canaries: Canaries,
    carried: Vec<Carried>,
}

/// Where the child works, and what was proved of it.
struct Place {
    spool: PathBuf,
    proxy: Option<PathBuf>,
    proof: Vec<Probe>,
}

fn run() -> Result<(), ChildError> {
    let start = hear_start()?;
    let began = Now::read();
    let clock = clock::quality();
    let order_file = spool::read_small(&start.spool.join(spool::ORDER)).map_err(|e| OrderRefusal::Missing(e.to_string()))?;
    let lease = Lease::begin(&order_file, start.desk_key, began)?;
    let keeper = session(&lease, start.carried.clone())?;
    let browser = lease.order().browser.clone().map(|how| open_browser(&start, how)).transpose()?;
    let mut place = place(&start, &lease.order().transport)?;
    place.proof.extend(browser.iter().flat_map(|browser| browser.proof.clone()));
    let cage = cage::enter(&place.spool, &destination::ports(&lease.order().urls), place.proxy.is_some(), lease.order().byte_budget);
    if place.proxy.is_some() {
        behind_the_filter(&mut place, cage)?;
    }
    let (taken, withheld) = take(&mut place, lease, keeper, browser)?;
    let ended = Now::read();
    let folder = place.spool.clone();
    let record = record(taken, withheld, place, cage, clock::judged(clock, began, ended), began, ended);
    let signed = envelope::signed_file(&record, &start.seal).map_err(|e| system("signing the record")(io::Error::other(e)))?;
    if signed.len() as u64 > spool::MAX_ENVELOPE {
        return Err(system("writing the record")(io::ErrorKind::FileTooLarge.into()));
    }
    spool::write_atomically(&folder, spool::RECORD, &signed).map_err(system("writing the record"))
}

/// Starts the browser in walls of its own, before this process raises any: it could start nothing behind them.
fn open_browser(start: &Start, how: Rendering) -> Result<Browser, ChildError> {
    if start.canaries.tcp.is_empty() || start.canaries.paths.is_empty() || start.canaries.abstracts.is_empty() {
        return Err(ChildError::Start("a session with a browser needs a canary of each kind"));
    }
    Browser::open(&start.canaries, how).map_err(|trouble| match trouble {
        NoBrowser::Leak(what) => ChildError::Leak(what),
        NoBrowser::Trouble(why) => ChildError::NoBrowser(why),
        NoBrowser::System(source) => ChildError::System { doing: "starting the browser", source },
    })
}

/// By loopback the child works where it stands. Through Tor it first raises its walls and tries every way out of
/// them; one that is open ends the session before anything was asked for.
fn place(start: &Start, transport: &str) -> Result<Place, ChildError> {
    if !is_walled(transport) {
        return Ok(Place { spool: start.spool.clone(), proxy: None, proof: vec![] });
    }
    let proxy = start.proxy.as_deref().ok_or(ChildError::Start("an order through Tor needs its socket"))?;
    if start.canaries.tcp.is_empty() || start.canaries.paths.is_empty() || start.canaries.abstracts.is_empty() {
        return Err(ChildError::Start("a session through Tor needs a canary of each kind"));
    }
    let no_walls = |(doing, source)| ChildError::NoWalls { doing, source };
    // Told apart from walls that cannot be raised: the machine is not at fault.
    if !proxy.exists() {
        return Err(ChildError::NoProxy);
    }
    let inside = walls::raise(&start.spool, proxy).map_err(no_walls)?;
    let proof = battery::run(&inside, &start.canaries);
    let mut open = proof.iter().filter(|probe| !probe.held).peekable();
    if open.peek().is_some() {
        let proxy_alone = open.all(|probe| probe.probe == battery::PROXY);
        return Err(if proxy_alone { ChildError::NoProxy } else { ChildError::Leak(battery::leaks(&proof).join("; ")) });
    }
    walls::disarm().map_err(no_walls)?;
    Ok(Place { spool: inside.spool, proxy: Some(inside.socket), proof })
}

fn no_way_out(proof: &[Probe]) -> Result<(), ChildError> {
    let leaks = battery::leaks(proof);
    if !leaks.is_empty() {
        return Err(ChildError::Leak(leaks.join("; ")));
    }
    Ok(())
}

/// What no namespace closes is closed by the filter of system calls; without the filter there is no session.
fn behind_the_filter(place: &mut Place, cage: Cage) -> Result<(), ChildError> {
    if !cage.has_filter() {
        let source = io::Error::from(io::ErrorKind::Unsupported);
        return Err(ChildError::NoWalls { doing: "filtering system calls", source });
    }
    place.proof.extend(battery::behind_the_filter());
    no_way_out(&place.proof)
}

fn hear_start() -> Result<Start, ChildError> {
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().take(MAX_START).read_line(&mut line).map_err(|_| ChildError::Start("not text"))?;
    let message: StartMessage = serde_json::from_str(&line).map_err(|_| ChildError::Start("not the expected JSON"))?;
    let desk_key = VerifyingKey::from_bytes(&key(&message.desk_key)?).map_err(|_| ChildError::Start("desk_key"))?;
    let seal = SigningKey::from_bytes(&Zeroizing::new(key(&message.seed)?));
    let proxy = message.proxy.clone().map(PathBuf::from);
    Ok(Start { spool: PathBuf::from(&message.spool), desk_key, seal, proxy, canaries: message.canaries.clone(), carried: message.carried.clone() })
}

fn key(digits: &str) -> Result<[u8; 32], ChildError> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| ChildError::Start("a key is not 64 hexadecimal digits"))?;
    Ok(bytes)
}

/// Opens the encrypted WARC file, fetches, and leaves the file whole and on disk.
fn take(place: &mut Place, lease: Lease, keeper: Option<Keeper>, browser: Option<Browser>) -> Result<(Taken, Option<Sha256Digest>), ChildError> {
    let folder = place.spool.clone();
    let folder = folder.as_path();
    let recipient: Recipient = lease.order().spool_recipient.parse().map_err(|_| OrderRefusal::Recipient)?;
    let path = folder.join(spool::WARC);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(system("making the WARC file"))?;
    let writing = system("writing the WARC file");
    let sealed = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
        .map_err(|e| writing(io::Error::other(e)))?
        .wrap_output(BufWriter::new(file))
        .map_err(&writing)?;
    let keeping = lease.order().keeping.clone();
    let capture = Capture::new(folder, place.proxy.as_deref(), Watch::new(folder, lease), sealed).for_persona(keeper);
    let (sealed, mut taken) = match browser {
        None => capture.run().map_err(&writing)?,
        Some(browser) => browser::run(capture, browser).map_err(|why| match why {
            NotDone::Spool(error) => writing(error),
            NotDone::Unwatched(why) => ChildError::Unwatched(why),
        })?,
    };
    if let Some((_, seen)) = &taken.browser {
        place.proof.extend(seen.iter().cloned());
        no_way_out(seen)?;
    }
    let file = sealed.finish().and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error)).map_err(&writing)?;
    file.sync_all().map_err(&writing)?;
    spool::sync_folder(folder).map_err(&writing)?;
    let withheld = match (taken.keeper.take(), keeping) {
        (Some(keeper), Some(keeping)) => Some(give_back(folder, keeper, &keeping)?),
        _ => None,
    };
    Ok((taken, withheld))
}

/// The session that an order is for, if what was handed over is what it commits to.
fn session(lease: &Lease, carried: Vec<Carried>) -> Result<Option<Keeper>, ChildError> {
    match &lease.order().keeping {
        None if carried.is_empty() => Ok(None),
        None => Err(OrderRefusal::OtherSession.into()),
        Some(keeping) => Ok(Some(Keeper::new(keeping, carried).ok_or(OrderRefusal::OtherSession)?)),
    }
}

/// Gives back what was withheld, encrypted to the persona's key; SHA-256 of the file.
fn give_back(folder: &Path, keeper: Keeper, keeping: &Keeping) -> Result<Sha256Digest, ChildError> {
    let recipient: Recipient = keeping.recipient.parse().map_err(|_| OrderRefusal::Recipient)?;
    let sealed = age::encrypt(&recipient, &keeper.into_file()).map_err(|e| system("sealing what was withheld")(io::Error::other(e)))?;
    spool::write_atomically(folder, spool::WITHHELD, &sealed).map_err(system("writing what was withheld"))?;
    Ok(Sha256Digest::of(&sealed))
}

fn record(taken: Taken, withheld: Option<Sha256Digest>, place: Place, cage: Cage, clock: model::moment::ClockQuality, began: Now, ended: Now) -> CaptureRecord {
    let Order { order, serial, case, authority, actor, transport, isolation, network, .. } = taken.lease.order().clone();
    let browser = taken.browser.map(|(did, _)| did);
    CaptureRecord {
        order,
        case,
        authority,
        actor,
        last_serial: serial,
        transport,
        isolation,
        network,
        tool: TOOL.to_string(),
        order_digest: taken.lease.first_digest(),
        cage: if place.proxy.is_some() { format!("namespaces+{}", cage.label()) } else { cage.label().to_string() },
        proof: place.proof,
        clock,
        started: began.wall,
        ended: ended.wall,
        complete: is_whole(&taken.fetches, browser.as_ref()),
        fetches: taken.fetches,
        warc_digest: taken.totals.digest,
        warc_bytes: taken.totals.bytes,
        warc_records: taken.totals.records,
        withheld,
        browser,
    }
}
