//! Encrypted objects in a bucket of a server that speaks S3.
//!
//! The names are those of the object folder, `PREFIX/ab/cdef…`, and so are the bytes: sealed before they
//! leave this machine. An object is made once and never overwritten: every put says `If-None-Match: *`,
//! also the one that joins the parts of a large object, and the server is tried for it when a place is
//! claimed. A put that was answered is durable; one whose answer was lost is sent again and compared.
//! What was half-sent is aborted: nothing of it was ever an object.
//!
//! It refuses: new objects of a real node in a bucket that does not keep them (Object Lock with a default
//! retention); a place that another node has claimed; a server that overwrites. It cannot remove what is
//! under retention: erasure is the destruction of the blob's key (law 10). See decision 18.

mod address;
pub(crate) mod answer;
mod reader;
mod sign;
mod wire;

use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

pub use self::answer::Retention;
pub use self::reader::RangeReader;
use self::{
    answer::{Page, Unfinished},
    wire::{Answer, Ask, Body, DOCUMENT, Wire},
};
use crate::{
    StoreError,
    home::ObjectStore,
    vault::{
        VaultError,
        object::{Listing, ObjectName, Put},
        secret::random_16,
    },
};

/// Larger objects are sent in parts of this size, or of more when there would be too many.
const PART: u64 = 16 << 20;
/// S3 takes 10,000 parts.
const PARTS: u64 = 9_000;
/// Pages of a listing, each of at most a thousand names: enough for any home, and an end for a server that has none.
const PAGES: usize = 100_000;
/// The object that says whose place this is.
const CLAIM: &str = "lanternfish-node";

/// The objects of one home in a bucket.
pub struct Bucket {
    wire: Arc<Wire>,
    training: bool,
    retention: Mutex<Option<Retention>>,
}

impl Bucket {
    /// Opens a bucket and asks for its retention. A server that does not answer now is asked again before
    /// the first object is stored: steps that need no object, a revocation among them, do not wait for it.
    ///
    /// # Errors
    /// [`StoreError::Input`] for settings that are refused.
    pub fn open(settings: &ObjectStore, training: bool) -> Result<Bucket, StoreError> {
        let bucket = Bucket { wire: Arc::new(Wire::new(settings)?), training, retention: Mutex::new(None) };
        let ask = bucket.ask("asking for the retention", "GET", "", &LOCK, &[]);
        if let Some(answer) = bucket.wire.send_in_passing(&ask) {
            let known = bucket.read_retention(&ask, &answer).ok();
            *bucket.retention.lock().unwrap_or_else(PoisonError::into_inner) = known;
        }
        Ok(bucket)
    }

    /// The place, for people.
    pub fn place(&self) -> String {
        self.wire.address.place()
    }

    /// For how long the bucket keeps each new object.
    ///
    /// # Errors
    /// [`VaultError::Remote`] when it does not say.
    pub fn retention(&self) -> Result<Retention, VaultError> {
        let ask = self.ask("asking for the retention", "GET", "", &LOCK, &[]);
        let answer = self.wire.send(&ask)?;
        let known = self.read_retention(&ask, &answer)?;
        *self.retention.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
        Ok(known)
    }

    fn read_retention(&self, ask: &Ask<'_>, answer: &Answer) -> Result<Retention, VaultError> {
        match (answer.status, answer.code().as_deref()) {
            (200, _) => answer::retention(answer.text()).ok_or_else(|| self.wire.not_understood(ask)),
            (404, Some("ObjectLockConfigurationNotFoundError")) | (501, _) => Ok(Retention::None),
            _ => Err(self.wire.refusal(ask, answer)),
        }
    }

    /// Whether new objects may be stored here: those of a real node only where they are kept.
    ///
    /// # Errors
    /// [`VaultError::Remote`].
    pub fn check_retention(&self) -> Result<(), VaultError> {
        if self.training {
            return Ok(());
        }
        let known = self.retention.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let known = known.map_or_else(|| self.retention(), Ok)?;
        if known == Retention::None {
            let why = "the bucket keeps nothing: it has no Object Lock with a default retention, so objects of real cases are not stored there; \
                 let who runs it set one (docs/guide/fusion-centre.md). Nothing of this step was recorded";
            return Err(VaultError::Remote { attempt: "storing an object", place: self.place(), why: why.into() });
        }
        Ok(())
    }

    /// Takes an unused place for a new node, and tries on its one small object whether the server keeps
    /// "create only", for an object in one piece and for one in parts.
    ///
    /// # Errors
    /// [`VaultError::Remote`] when the place is taken, keeps nothing, or is overwritten.
    pub fn claim(&self) -> Result<(), VaultError> {
        self.retention()?;
        self.check_retention()?;
        let words = format!("This place holds the sealed objects of one lanternfish node. Remove and add nothing.\n{}\n", hex::encode(random_16()?));
        let words = words.as_bytes();
        let no = |why: &str| Err(VaultError::Remote { attempt: "setting the objects up", place: self.place(), why: why.into() });
        if !self.put_bytes(CLAIM, words)? && self.read_small(CLAIM)?.as_deref() != Some(words) {
            return no("this place holds the objects of a node already: name another folder of the bucket");
        }
        let overwritten = "the object store overwrites what is there, although it was told to create only (If-None-Match): it cannot hold evidence; use one that knows conditional writes";
        if self.put_bytes(CLAIM, words)? || self.put_parts(CLAIM, &[Body::Bytes(words)])? {
            return no(overwritten);
        }
        Ok(())
    }

    /// Stores sealed bytes under a name, once; durable when this returns.
    ///
    /// # Errors
    /// [`VaultError::ObjectDiffers`] when the name holds other bytes; [`VaultError::Remote`].
    pub fn put(&self, name: &ObjectName, file: &File) -> Result<Put, VaultError> {
        self.check_retention()?;
        let length = file.metadata().map_err(|e| VaultError::from_io(e, "storing an object", "object".as_ref()))?.len();
        let key = key(name);
        let stretch = |offset, length| Body::Stretch { file, offset, length };
        let stored = if length <= PART {
            self.put_once(&key, stretch(0, length))?
        } else {
            let part = part_size(length);
            let parts: Vec<Body<'_>> = (0..length.div_ceil(part)).map(|n| stretch(n * part, part.min(length - n * part))).collect();
            self.put_parts(&key, &parts)?
        };
        if stored {
            return Ok(Put::Stored);
        }
        // Something has the name: our own put whose answer was lost, or other bytes.
        match RangeReader::open(&self.wire, &key)? {
            Some(there) => {
                let same = there.len() == length && same_bytes(there, file)?;
                if same { Ok(Put::AlreadyThere) } else { Err(VaultError::ObjectDiffers { name: name.hex() }) }
            }
            None => {
                let why = "the object store says that the object is there, and then that it is not: repeat the step. Nothing of this step was recorded";
                Err(VaultError::Remote { attempt: "storing an object", place: self.place(), why: why.into() })
            }
        }
    }

    fn put_bytes(&self, key: &str, bytes: &[u8]) -> Result<bool, VaultError> {
        self.put_once(key, Body::Bytes(bytes))
    }

    /// One put that creates only. `Ok(false)`: something has the name already.
    fn put_once(&self, key: &str, body: Body<'_>) -> Result<bool, VaultError> {
        let headers = [create_only()];
        let ask = Ask { body, ..self.ask("storing an object", "PUT", key, &[], &headers) };
        let answer = self.wire.send(&ask)?;
        match answer.status {
            200 => Ok(true),
            412 => Ok(false),
            _ => Err(self.wire.refusal(&ask, &answer)),
        }
    }

    /// The same in parts, which become an object only when the last request says so.
    fn put_parts(&self, key: &str, parts: &[Body<'_>]) -> Result<bool, VaultError> {
        let upload = Upload::begin(self, key)?;
        let etags = (1..).zip(parts).map(|(number, part)| upload.part(number, *part)).collect::<Result<Vec<_>, _>>()?;
        upload.complete(&etags)
    }

    /// Opens an object for reading.
    ///
    /// # Errors
    /// [`VaultError::Integrity`] when it is gone: a record names it, so it must be there (law 5).
    pub fn get(&self, name: &ObjectName) -> Result<RangeReader, VaultError> {
        RangeReader::open(&self.wire, &key(name))?.ok_or_else(|| VaultError::integrity("blob", format!("its object {name} is missing")))
    }

    /// Whether an object of this name is there.
    ///
    /// # Errors
    /// [`VaultError::Remote`].
    pub fn exists(&self, name: &ObjectName) -> Result<bool, VaultError> {
        Ok(RangeReader::open(&self.wire, &key(name))?.is_some())
    }

    /// Everything in the place but the claim.
    ///
    /// # Errors
    /// [`VaultError::Remote`].
    pub fn list(&self) -> Result<Listing, VaultError> {
        let mut listing = Listing::default();
        let kind = [("list-type", "2".to_string())];
        self.pages("listing the objects", &kind, answer::keys, |key| {
            match self.below(&key) {
                Some(CLAIM) => {}
                below => match below.and_then(name_of) {
                    Some(name) => listing.objects.push(name),
                    None => listing.strangers.push(PathBuf::from(key)),
                },
            }
            Ok(())
        })?;
        listing.objects.sort_unstable();
        listing.strangers.sort_unstable();
        Ok(listing)
    }

    /// Takes an object's name away. Under retention its bytes stay as an older version, for which there is
    /// no key.
    ///
    /// # Errors
    /// [`VaultError::Remote`].
    pub fn remove(&self, name: &ObjectName) -> Result<bool, VaultError> {
        let key = key(name);
        let ask = self.ask("removing an object", "DELETE", &key, &[], &[]);
        let answer = self.wire.send(&ask)?;
        match answer.status {
            200 | 204 => Ok(true),
            404 => Ok(false),
            _ => Err(self.wire.refusal(&ask, &answer)),
        }
    }

    /// Aborts uploads in parts that were begun before this time, and says how many.
    ///
    /// # Errors
    /// [`VaultError::Remote`].
    pub fn sweep(&self, older_than: SystemTime) -> Result<usize, VaultError> {
        let limit = jiff::Timestamp::try_from(older_than).unwrap_or(jiff::Timestamp::MIN);
        let mut old: Vec<Unfinished> = vec![];
        self.pages("looking for unfinished uploads", &[("uploads", String::new())], answer::uploads, |upload| {
            // A time that cannot be read is not an old one.
            if upload.begun.parse::<jiff::Timestamp>().is_ok_and(|begun| begun < limit) {
                old.push(upload);
            }
            Ok(())
        })?;
        for upload in &old {
            let Some(key) = self.below(&upload.key) else { continue };
            let query = [("uploadId", upload.upload.clone())];
            let ask = self.ask("aborting an unfinished upload", "DELETE", key, &query, &[]);
            let answer = self.wire.send(&ask)?;
            if !matches!(answer.status, 200 | 204 | 404) {
                return Err(self.wire.refusal(&ask, &answer));
            }
        }
        Ok(old.len())
    }

    fn read_small(&self, key: &str) -> Result<Option<Vec<u8>>, VaultError> {
        let Some(mut reader) = RangeReader::open(&self.wire, key)?.filter(|reader| reader.len() < 4096) else { return Ok(None) };
        let mut bytes = vec![];
        reader.read_to_end(&mut bytes).map_err(|e| VaultError::from_io(e, "reading an object", key.as_ref()))?;
        Ok(Some(bytes))
    }

    /// Reads a listing page by page.
    fn pages<T>(
        &self,
        attempt: &'static str,
        kind: &[(&'static str, String)],
        read: fn(&str) -> Option<Page<T>>,
        mut each: impl FnMut(T) -> Result<(), VaultError>,
    ) -> Result<(), VaultError> {
        let mut next: Vec<(&'static str, String)> = vec![];
        for _ in 0..PAGES {
            let mut query = kind.to_vec();
            query.push(("prefix", format!("{}/", self.wire.address.prefix)));
            query.extend(next.iter().cloned());
            let ask = self.ask(attempt, "GET", "", &query, &[]);
            let answer = self.wire.send(&ask)?;
            if answer.status != 200 {
                return Err(self.wire.refusal(&ask, &answer));
            }
            let page = read(answer.text()).ok_or_else(|| self.wire.not_understood(&ask))?;
            page.entries.into_iter().try_for_each(&mut each)?;
            next = page.next;
            if next.is_empty() {
                return Ok(());
            }
        }
        let why = "the object store lists without end: show this line to who runs it. Nothing was read";
        Err(VaultError::Remote { attempt, place: self.place(), why: why.into() })
    }

    fn below<'a>(&self, key: &'a str) -> Option<&'a str> {
        key.strip_prefix(self.wire.address.prefix.as_str())?.strip_prefix('/')
    }

    fn ask<'a>(
        &self,
        attempt: &'static str,
        method: &'static str,
        key: &'a str,
        query: &'a [(&'static str, String)],
        headers: &'a [(&'static str, String)],
    ) -> Ask<'a> {
        Ask { attempt, method, key, query, headers, body: Body::None, most: DOCUMENT }
    }
}

/// An upload in parts. Dropped before its end, it is aborted.
struct Upload<'a> {
    bucket: &'a Bucket,
    key: &'a str,
    id: String,
    done: bool,
}

impl<'a> Upload<'a> {
    fn begin(bucket: &'a Bucket, key: &'a str) -> Result<Upload<'a>, VaultError> {
        let query = [("uploads", String::new())];
        let ask = bucket.ask("storing an object", "POST", key, &query, &[]);
        let answer = bucket.wire.send(&ask)?;
        if answer.status != 200 {
            return Err(bucket.wire.refusal(&ask, &answer));
        }
        let id = answer::upload_id(answer.text()).ok_or_else(|| bucket.wire.not_understood(&ask))?;
        Ok(Upload { bucket, key, id, done: false })
    }

    /// Sends one part and gives the server's word for it.
    fn part(&self, number: usize, body: Body<'_>) -> Result<String, VaultError> {
        let query = [("partNumber", number.to_string()), ("uploadId", self.id.clone())];
        let ask = Ask { body, ..self.bucket.ask("storing an object", "PUT", self.key, &query, &[]) };
        let answer = self.bucket.wire.send(&ask)?;
        if answer.status != 200 {
            return Err(self.bucket.wire.refusal(&ask, &answer));
        }
        let etag = answer.header("etag").map(|etag| etag.trim_matches('"'));
        let plain = |etag: &&str| !etag.is_empty() && etag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        etag.filter(plain).map(str::to_string).ok_or_else(|| self.bucket.wire.not_understood(&ask))
    }

    /// Joins the parts, if nothing has the name. `Ok(false)`: something has.
    fn complete(mut self, etags: &[String]) -> Result<bool, VaultError> {
        let parts: String = (1..).zip(etags).map(|(number, etag): (usize, _)| format!("<Part><PartNumber>{number}</PartNumber><ETag>\"{etag}\"</ETag></Part>")).collect();
        let document = format!("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{parts}</CompleteMultipartUpload>");
        let (query, headers) = ([("uploadId", self.id.clone())], [create_only()]);
        let ask = Ask { body: Body::Bytes(document.as_bytes()), ..self.bucket.ask("storing an object", "POST", self.key, &query, &headers) };
        let answer = self.bucket.wire.send(&ask)?;
        match (answer.status, answer.code().as_deref()) {
            (200, None) if answer::is_completed(answer.text()) => {
                self.done = true;
                Ok(true)
            }
            // The second: our own earlier request was carried out, and its answer lost.
            (412, _) | (200, Some("PreconditionFailed")) | (404, Some("NoSuchUpload")) => Ok(false),
            _ => Err(self.bucket.wire.refusal(&ask, &answer)),
        }
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        if !self.done {
            let query = [("uploadId", self.id.clone())];
            let ask = self.bucket.ask("aborting an upload", "DELETE", self.key, &query, &[]);
            // Nothing can be reported from here; `sweep` aborts what stays.
            let _ = self.bucket.wire.send_in_passing(&ask);
        }
    }
}

/// The question for the retention.
static LOCK: [(&str, String); 1] = [("object-lock", String::new())];

/// What makes a put create, and never replace.
fn create_only() -> (&'static str, String) {
    ("if-none-match", "*".into())
}

fn part_size(length: u64) -> u64 {
    length.div_ceil(PARTS).div_ceil(1 << 20).saturating_mul(1 << 20).max(PART)
}

fn key(name: &ObjectName) -> String {
    let hex = name.hex();
    format!("{}/{}", &hex[..2], &hex[2..])
}

fn name_of(key: &str) -> Option<ObjectName> {
    let (shelf, rest) = key.split_once('/')?;
    (shelf.len() == 2).then(|| format!("{shelf}{rest}").parse().ok())?
}

/// Whether an object holds what the file holds: both are read once, a piece at a time.
fn same_bytes(mut there: RangeReader, file: &File) -> Result<bool, VaultError> {
    use std::os::unix::fs::FileExt;
    let mut offset = 0;
    let (mut one, mut other) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        let taken = there.read(&mut one).map_err(|e| VaultError::from_io(e, "comparing with a stored object", "object".as_ref()))?;
        if taken == 0 {
            return Ok(true);
        }
        let read: io::Result<()> = file.read_exact_at(&mut other[..taken], offset);
        read.map_err(|e| VaultError::from_io(e, "comparing with a stored object", "object".as_ref()))?;
        if one[..taken] != other[..taken] {
            return Ok(false);
        }
        offset += taken as u64;
    }
}

