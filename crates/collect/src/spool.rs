//! The spool: the one folder that desk and child share. Names of its files, writing by atomic rename,
//! and the strict reading of what the child left there.
//!
//! | file | writer | is |
//! |---|---|---|
//! | `order.json` | desk | the signed order, renewed by rename |
//! | `capture.warc.age` | child | the WARC file, encrypted to the order's recipient |
//! | `withheld.age` | child | for a persona: what was kept out of the WARC file, encrypted to the persona's key |
//! | `progress.json` | child | three numbers on how far it is, unsigned, for the officer who waits |
//! | `record.json` | child | the signed capture record, written last |
//!
//! Without a valid record nothing in a spool is evidence, however much of it can be decrypted.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use age::stream::StreamReader;
use ed25519_dalek::VerifyingKey;
use model::Sha256Digest;
use model::capture::{CaptureRecord, Fetch, FetchOutcome, Rendered, RenderedPage};
use sha2::{Digest, Sha256};

use crate::envelope::{self, EnvelopeError};

/// The signed order.
pub const ORDER: &str = "order.json";
/// The encrypted WARC file.
pub const WARC: &str = "capture.warc.age";
/// What a persona's session kept out of the WARC file.
pub const WITHHELD: &str = "withheld.age";
/// The signed capture record.
pub const RECORD: &str = "record.json";

/// Longest order or record file that is read, in bytes.
pub(crate) const MAX_ENVELOPE: u64 = 16 << 20;

/// Why a spool was not believed.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// A file of the spool could not be read.
    #[error("the spool file {name} cannot be read: {source}; check the disk and run the capture again")]
    Io {
        /// Which file.
        name: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Longer than this program reads.
    #[error("the spool file {0} is longer than this program reads; keep the spool folder, and tell the person who keeps this machine")]
    TooLong(&'static str),
    /// The child never signed: killed, or out of disk space.
    #[error(
        "the capture was never signed: {readable_bytes} bytes can be read, but nobody vouches for them and they can never become evidence; run the capture again"
    )]
    Unsigned {
        /// Bytes of the WARC file that can still be decrypted.
        readable_bytes: u64,
    },
    /// The record's envelope is not believed.
    #[error("the capture record is not believed: {0}")]
    Envelope(#[from] EnvelopeError),
    /// The record contradicts itself.
    #[error("the capture record contradicts itself ({0}); it is not admitted, tell the supervisor")]
    Contradiction(&'static str),
    /// Not decryptable with this identity.
    #[error("the capture cannot be decrypted with this key ({0}); it was made for another recipient, or its first bytes were changed")]
    Sealed(String),
    /// Decryption broke off although there is a record.
    #[error("the capture is damaged after {readable_bytes} bytes; it is not admitted, tell the supervisor (law 5)")]
    Damaged {
        /// Bytes that could be decrypted before that.
        readable_bytes: u64,
    },
    /// The bytes are not those that the record signs.
    #[error("the capture's bytes are not those that its record signs; it is not admitted, tell the supervisor (law 5)")]
    Mismatch,
}

/// Reads and verifies `record.json` under the child's public key.
///
/// # Errors
/// [`SpoolError::Unsigned`] (with 0 bytes: nothing was decrypted here) when there is no record, another
/// [`SpoolError`] when there is one that is not believed.
pub fn read_record(spool: &Path, child_public_key: &VerifyingKey) -> Result<CaptureRecord, SpoolError> {
    let file = match read_small(&spool.join(RECORD)) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(SpoolError::Unsigned { readable_bytes: 0 }),
        Err(e) if e.kind() == io::ErrorKind::FileTooLarge => return Err(SpoolError::TooLong(RECORD)),
        Err(source) => return Err(SpoolError::Io { name: RECORD, source }),
    };
    let (_, record) = envelope::open_file::<CaptureRecord>(&file, child_public_key)?;
    check_record(&record)?;
    fs::metadata(spool.join(WARC)).map_err(|source| SpoolError::Io { name: WARC, source })?;
    Ok(record)
}

/// Checks a whole spool: record, decryption, length and digest of the WARC file.
///
/// # Errors
/// [`SpoolError`]; for a child that was killed, [`SpoolError::Unsigned`] with the bytes still readable.
pub fn examine_spool(spool: &Path, child_public_key: &VerifyingKey, identity: &dyn age::Identity) -> Result<CaptureRecord, SpoolError> {
    let record = match read_record(spool, child_public_key) {
        Err(SpoolError::Unsigned { .. }) => return Err(SpoolError::Unsigned { readable_bytes: readable(spool, identity) }),
        other => other?,
    };
    let (digest, bytes) = match open_warc(spool, identity)?.drain() {
        (digest, bytes, None) => (digest, bytes),
        (_, readable_bytes, Some(_)) => return Err(SpoolError::Damaged { readable_bytes }),
    };
    if digest == record.warc_digest && bytes == record.warc_bytes { Ok(record) } else { Err(SpoolError::Mismatch) }
}

/// What was kept out of the WARC file, still encrypted to the persona's key; none without a persona.
///
/// # Errors
/// [`SpoolError::Mismatch`] when it is not what the record signs; [`SpoolError::Io`].
pub fn sealed_withheld(spool: &Path, record: &CaptureRecord) -> Result<Option<Vec<u8>>, SpoolError> {
    let Some(signed) = &record.withheld else { return Ok(None) };
    let bytes = fs::read(spool.join(WITHHELD)).map_err(|source| SpoolError::Io { name: WITHHELD, source })?;
    if Sha256Digest::of(&bytes) == *signed { Ok(Some(bytes)) } else { Err(SpoolError::Mismatch) }
}

/// Opens the WARC file for reading, decrypted as it streams.
///
/// # Errors
/// [`SpoolError::Io`] or [`SpoolError::Sealed`]; while reading, an `io::Error` where the file is cut.
pub fn open_warc(spool: &Path, identity: &dyn age::Identity) -> Result<WarcReader, SpoolError> {
    let file = File::open(spool.join(WARC)).map_err(|source| SpoolError::Io { name: WARC, source })?;
    let sealed = |e: age::DecryptError| SpoolError::Sealed(e.to_string());
    let decryptor = age::Decryptor::new_buffered(BufReader::new(file)).map_err(sealed)?;
    let inner = decryptor.decrypt(std::iter::once(identity)).map_err(sealed)?;
    Ok(WarcReader { inner })
}

/// The plaintext of a captured WARC file.
pub struct WarcReader {
    inner: StreamReader<BufReader<File>>,
}

impl Read for WarcReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

impl WarcReader {
    /// Reads to the end or to the break: digest and number of the bytes, and the break if there is one.
    fn drain(mut self) -> (Sha256Digest, u64, Option<io::Error>) {
        let mut hasher = Sha256::new();
        let mut bytes = 0;
        let mut buffer = vec![0; 64 << 10];
        let broken = loop {
            match self.inner.read(&mut buffer) {
                Ok(0) => break None,
                Ok(read) => {
                    hasher.update(&buffer[..read]);
                    bytes += read as u64;
                }
                Err(e) => break Some(e),
            }
        };
        (Sha256Digest(hasher.finalize().into()), bytes, broken)
    }
}

fn readable(spool: &Path, identity: &dyn age::Identity) -> u64 {
    open_warc(spool, identity).map_or(0, |reader| reader.drain().1)
}

/// Whether everything came that was ordered: every URL whole, and, in a browser, every page shown with all its parts.
pub(crate) fn is_whole(fetches: &[Fetch], browser: Option<&Rendered>) -> bool {
    let is_shown = |page: &RenderedPage| page.ended == "shown" && page.document.is_some() && page.archive.is_some();
    fetches.iter().all(|f| matches!(f.outcome, FetchOutcome::Complete { .. })) && browser.is_none_or(|browser| browser.pages.iter().all(is_shown))
}

/// What the signed numbers must say about each other.
fn check_record(record: &CaptureRecord) -> Result<(), SpoolError> {
    let whole = is_whole(&record.fetches, record.browser.as_ref());
    let fetches = || record.fetches.iter().chain(record.browser.iter().flat_map(|browser| &browser.fetched));
    let shown = record.browser.iter().flat_map(|browser| &browser.pages).flat_map(|page| [&page.screenshot, &page.document, &page.archive]).flatten();
    let shown: Vec<u64> = shown.map(|one| one.bytes).collect();
    let responses = shown.len() as u64 + fetches().filter(|f| f.response_record.is_some()).count() as u64;
    let same_presence = |f: &model::capture::Fetch| {
        f.response_record.is_some() == f.response_digest.is_some() && f.response_record.is_some() == (f.response_bytes > 0)
    };
    if record.complete != whole {
        return Err(SpoolError::Contradiction("`complete` against the fetches"));
    }
    if !fetches().all(same_presence) {
        return Err(SpoolError::Contradiction("a response without digest, or a digest without response"));
    }
    if record.warc_records < 1 + responses {
        return Err(SpoolError::Contradiction("fewer WARC records than responses"));
    }
    if record.warc_bytes < fetches().map(|f| f.response_bytes).chain(shown).fold(0, u64::saturating_add) {
        return Err(SpoolError::Contradiction("fewer WARC bytes than response bytes"));
    }
    Ok(())
}

/// Reads an envelope file of bounded size.
pub(crate) fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_ENVELOPE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_ENVELOPE {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than any order or record"));
    }
    Ok(bytes)
}

/// Writes `name` in `spool` so that a reader sees the old file or the whole new one, and the new one
/// outlives a power cut.
pub(crate) fn write_atomically(spool: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let fresh = spool.join(format!("{name}.new"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, spool.join(name))?;
    sync_folder(spool)
}

/// Makes the names in `spool` outlive a power cut.
pub(crate) fn sync_folder(spool: &Path) -> io::Result<()> {
    File::open(spool)?.sync_all()
}
