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
use model::capture::{CaptureRecord, FetchOutcome, Order};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::cage::{self, Cage};
use crate::capture::{Capture, Taken, Watch};
use crate::clock::{self, Now};
use crate::lease::{Lease, OrderRefusal};
use crate::{TOOL, destination, envelope, spool};

/// Longest start message, in bytes.
const MAX_START: u64 = 64 << 10;

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
}

impl StartMessage {
    pub(crate) fn new(spool: &Path, desk_key: [u8; 32], seed: [u8; 32]) -> Option<Self> {
        Some(StartMessage { spool: spool.to_str()?.to_string(), desk_key: hex::encode(desk_key), seed: hex::encode(seed) })
    }

    pub(crate) fn line(&self) -> Zeroizing<String> {
        let mut text = serde_json::to_string(self).expect("three strings are always JSON");
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
}

impl ChildError {
    fn exit_code(&self) -> i32 {
        match self {
            ChildError::Refused(_) => 1,
            ChildError::Start(_) => 2,
            ChildError::System { .. } => 3,
        }
    }
}

fn system(doing: &'static str) -> impl Fn(io::Error) -> ChildError {
    move |source| ChildError::System { doing, source }
}

/// Runs the capture child on this process's standard input and gives back its exit code: 0 a signed
/// record was written (complete or not), 1 the order was refused, 2 the start message was wrong, 3 the
/// system failed. Call it before any thread is started: it clears the environment, closes inherited
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
}

fn run() -> Result<(), ChildError> {
    let start = hear_start()?;
    let began = Now::read();
    let clock = clock::quality();
    let order_file = spool::read_small(&start.spool.join(spool::ORDER)).map_err(|e| OrderRefusal::Missing(e.to_string()))?;
    let lease = Lease::begin(&order_file, start.desk_key, began)?;
    let cage = cage::enter(&start.spool, &destination::ports(&lease.order().urls), lease.order().byte_budget);
    let taken = take(&start.spool, lease)?;
    let ended = Now::read();
    let record = record(taken, cage, clock::judged(clock, began, ended), began, ended);
    let signed = envelope::signed_file(&record, &start.seal).map_err(|e| system("signing the record")(io::Error::other(e)))?;
    spool::write_atomically(&start.spool, spool::RECORD, &signed).map_err(system("writing the record"))
}

fn hear_start() -> Result<Start, ChildError> {
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().take(MAX_START).read_line(&mut line).map_err(|_| ChildError::Start("not text"))?;
    let message: StartMessage = serde_json::from_str(&line).map_err(|_| ChildError::Start("not the expected JSON"))?;
    let desk_key = VerifyingKey::from_bytes(&key(&message.desk_key)?).map_err(|_| ChildError::Start("desk_key"))?;
    let seal = SigningKey::from_bytes(&Zeroizing::new(key(&message.seed)?));
    Ok(Start { spool: PathBuf::from(&message.spool), desk_key, seal })
}

fn key(digits: &str) -> Result<[u8; 32], ChildError> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| ChildError::Start("a key is not 64 hexadecimal digits"))?;
    Ok(bytes)
}

/// Opens the encrypted WARC file, fetches, and leaves the file whole and on disk.
fn take(folder: &Path, lease: Lease) -> Result<Taken, ChildError> {
    let recipient: Recipient = lease.order().spool_recipient.parse().map_err(|_| OrderRefusal::Recipient)?;
    let path = folder.join(spool::WARC);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(system("making the WARC file"))?;
    let writing = system("writing the WARC file");
    let sealed = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
        .map_err(|e| writing(io::Error::other(e)))?
        .wrap_output(BufWriter::new(file))
        .map_err(&writing)?;
    let (sealed, taken) = Capture::new(folder, Watch::new(folder, lease), sealed).run().map_err(&writing)?;
    let file = sealed.finish().and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error)).map_err(&writing)?;
    file.sync_all().map_err(&writing)?;
    spool::sync_folder(folder).map_err(&writing)?;
    Ok(taken)
}

fn record(taken: Taken, cage: Cage, clock: model::moment::ClockQuality, began: Now, ended: Now) -> CaptureRecord {
    let Order { order, serial, case, authority, actor, transport, .. } = taken.lease.order().clone();
    CaptureRecord {
        order,
        case,
        authority,
        actor,
        last_serial: serial,
        transport,
        tool: TOOL.to_string(),
        order_digest: taken.lease.first_digest(),
        cage: cage.label().to_string(),
        clock,
        started: began.wall,
        ended: ended.wall,
        complete: taken.fetches.iter().all(|fetch| matches!(fetch.outcome, FetchOutcome::Complete { .. })),
        fetches: taken.fetches,
        warc_digest: taken.totals.digest,
        warc_bytes: taken.totals.bytes,
        warc_records: taken.totals.records,
    }
}
