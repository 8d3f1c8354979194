//! Known-hash lists as they lie in the home: sorted digests in one sealed object for each list, of a key that
//! stands sealed in the list's row (law 7).
//!
//! A question reads one page of the object, so memory does not grow with a list: of each page only its first
//! digest is held. Nothing is ever written out in the clear, and no digest leaves this file; the answer is
//! yes or no. Steps and events are the desk's; who may ask is the business of the step that asks.

use std::{cell::RefCell, io::{BufRead, Read}};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use model::{
    Law, Sha256Digest,
    id::BlobId,
    known::{DigestKind, Entry, LONGEST_LINE, ListReader, MOST_ENTRIES, SALTED},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    StoreError,
    objects::ObjectReader,
    steps::Store,
    vault::{
        blob::{AlsoDigest, BlobReader, BlobSummary, BlobWriter},
        object::ObjectName,
        secret::{Secret32, fresh_id, random_32},
    },
};

/// Digests in one page.
const PAGE: usize = 1024;

/// A list as it was read from its text: sorted, each digest once.
pub struct ReadList {
    entries: Vec<Entry>,
    salt: Option<Vec<u8>>,
    empty: u64,
    file: Sha256Digest,
}

impl ReadList {
    /// Reads a list's text to its end.
    ///
    /// # Errors
    /// The line that is wrong; a list that is empty or too long; the disk.
    pub fn read(text: impl BufRead) -> Result<ReadList, StoreError> {
        let mut text = Hashing { inner: text, hasher: Sha256::new() };
        let (mut reader, mut entries) = (ListReader::default(), Vec::new());
        let mut line = Vec::new();
        loop {
            line.clear();
            // One byte more than a line may have, so that a longer one is seen and never held.
            let most = LONGEST_LINE as u64 + 1;
            let read = text.by_ref().take(most).read_until(b'\n', &mut line).map_err(|e| StoreError::environment("reading the list", &e))?;
            if read == 0 {
                break;
            }
            entries.extend(reader.line(&line).map_err(|fault| StoreError::input(format!("{fault}; nothing was added")))?);
            if entries.len() > MOST_ENTRIES {
                return Err(StoreError::input(format!("a list has at most {MOST_ENTRIES} digests: cut it in two and add both; nothing was added")));
            }
        }
        if entries.is_empty() {
            return Err(StoreError::input("the list holds no digest; nothing was added"));
        }
        entries.sort_unstable();
        entries.dedup();
        let salt = reader.salt().map(<[u8]>::to_vec);
        Ok(ReadList { entries, salt, empty: reader.empty_rows(), file: Sha256Digest(text.hasher.finalize().into()) })
    }

    /// The salt, when the list is a salted one.
    pub fn salt(&self) -> Option<&[u8]> {
        self.salt.as_deref()
    }

    /// Rows of a table whose digest was empty.
    pub fn empty_rows(&self) -> u64 {
        self.empty
    }

    /// SHA-256 of the text itself: what the giver can compare.
    pub fn file(&self) -> Sha256Digest {
        self.file
    }

    /// How many digests there are of each kind, in the order of [`DigestKind::ALL`].
    pub fn counts(&self) -> [u64; 4] {
        DigestKind::ALL.map(|kind| self.entries.iter().filter(|entry| entry.kind() == kind).count() as u64)
    }

    /// Salted digest over the salt and all digests in their order: what the event commits to.
    pub fn commitment(&self, blind: &[u8; 32]) -> Sha256Digest {
        let mut hasher = Sha256::new();
        hasher.update(blind);
        hasher.update(self.salt.as_deref().unwrap_or_default());
        for entry in &self.entries {
            hasher.update([entry.kind() as u8]);
            hasher.update(entry.bytes());
        }
        Sha256Digest(hasher.finalize().into())
    }

    /// The same list in the salted form, sorted, so that not even its order tells of the plain one.
    ///
    /// # Errors
    /// When it holds anything but SHA-256.
    pub fn salted_lines(&self, salt: &[u8; 32]) -> Result<String, StoreError> {
        if self.entries.iter().any(|entry| entry.kind() != DigestKind::Sha256) {
            return Err(StoreError::input("a salted list is made of SHA-256 digests only, and of a list that is not salted yet"));
        }
        let digest = |entry: &Entry| Sha256Digest(entry.bytes().try_into().expect("a SHA-256 has 32 bytes"));
        let mut lines: Vec<String> = self.entries.iter().map(|entry| hex::encode(salted(salt, &digest(entry)))).collect();
        lines.sort_unstable();
        Ok(format!("{SALTED}{}\n{}\n", hex::encode(salt), lines.join("\n")))
    }

    /// The digests as they are stored: all of the first kind, all of the second …, then the first of each page.
    fn write_into(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        self.entries.iter().try_for_each(|entry| out.write_all(entry.bytes()))?;
        for kind in DigestKind::ALL {
            let of_kind = self.entries.iter().filter(|entry| entry.kind() == kind);
            of_kind.step_by(PAGE).try_for_each(|entry| out.write_all(entry.bytes()))?;
        }
        Ok(())
    }
}

struct Hashing<R> {
    inner: R,
    hasher: Sha256,
}

impl<R: BufRead> std::io::Read for Hashing<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(out)?;
        self.hasher.update(&out[..count]);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Hashing<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        if let Ok(bytes) = self.inner.fill_buf() {
            self.hasher.update(&bytes[..count.min(bytes.len())]);
        }
        self.inner.consume(count);
    }
}

/// Where a list lies, and the key that opens it. It stands sealed in the list's row and nowhere else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptList {
    blob: BlobId,
    object: String,
    key: String,
    counts: [u64; 4],
    sha256: Sha256Digest,
    salt: Option<String>,
}

impl KeptList {
    /// Name of its encrypted object.
    pub fn object(&self) -> &str {
        &self.object
    }
}

impl std::fmt::Debug for KeptList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeptList({})", self.object)
    }
}

impl Store {
    /// Seals a list into an object; durable when this returns. Nothing knows of it until its row is committed.
    ///
    /// # Errors
    /// The disk.
    pub fn keep_list(&self, list: &ReadList) -> Result<KeptList, StoreError> {
        let (blob, key) = (BlobId::from_random(fresh_id()?), Secret32::random()?);
        let mut writer = BlobWriter::new(self.objects.stage()?, &key, &blob, AlsoDigest::default())?;
        list.write_into(&mut writer).map_err(|e| StoreError::environment("storing the list", &e))?;
        let (mut staged, summary) = writer.finish()?;
        // The same list added twice is two objects: each has a key of its own, and goes on its own.
        let name = ObjectName::derive(&self.agency, &Sha256Digest::of(&[&summary.sha256.0[..], &random_32()?].concat()));
        self.objects.keep(&mut staged, &name)?;
        Ok(KeptList {
            blob,
            object: name.hex(),
            key: STANDARD.encode(key.expose()),
            counts: list.counts(),
            sha256: summary.sha256,
            salt: list.salt().map(hex::encode),
        })
    }

    /// Removes the object of a list whose row was refused, or was taken out.
    ///
    /// # Errors
    /// The disk or the object store.
    pub fn drop_list(&self, list: &KeptList) -> Result<(), StoreError> {
        self.objects.remove(&list.object.parse()?)?;
        Ok(())
    }

    /// Opens a list to be asked.
    ///
    /// # Errors
    /// Law 5 when the object is missing, changed or of another length.
    pub fn open_list(&self, list: &KeptList) -> Result<OpenList, StoreError> {
        let key = STANDARD.decode(&list.key).map_err(|_| StoreError::damaged("the key of a hash list"))?;
        let mut reader = BlobReader::open(self.objects.get(&list.object.parse()?)?, &Secret32::from_slice(&key)?, &list.blob)?;
        let lengths = DigestKind::ALL.map(|kind| list.counts[kind as usize] * kind.width() as u64);
        let pages = DigestKind::ALL.map(|kind| list.counts[kind as usize].div_ceil(PAGE as u64) * kind.width() as u64);
        let body: u64 = lengths.iter().sum();
        if reader.len() != body + pages.iter().sum::<u64>() {
            return Err(StoreError::refused(Law::Integrity, "the stored hash list has another length than its record"));
        }
        let (mut at, mut start) = (body, 0);
        let mut sections = Vec::with_capacity(DigestKind::ALL.len());
        for kind in DigestKind::ALL {
            let mut firsts = vec![0; usize::try_from(pages[kind as usize]).map_err(|_| StoreError::damaged("a hash list"))?];
            read_all(&mut reader, at, &mut firsts)?;
            sections.push(Section { start, count: list.counts[kind as usize], firsts });
            at += pages[kind as usize];
            start += lengths[kind as usize];
        }
        let salt = list.salt.as_deref().map(hex::decode).transpose().map_err(|_| StoreError::damaged("the salt of a hash list"))?;
        Ok(OpenList { reader: RefCell::new(reader), sections, salt })
    }

    /// Reads a list's object from end to end and compares it with its record (law 5).
    ///
    /// # Errors
    /// Law 5 when they differ.
    pub fn check_list(&self, list: &KeptList) -> Result<(), StoreError> {
        let key = STANDARD.decode(&list.key).map_err(|_| StoreError::damaged("the key of a hash list"))?;
        BlobReader::open(self.objects.get(&list.object.parse()?)?, &Secret32::from_slice(&key)?, &list.blob)?.verify(list.sha256)?;
        Ok(())
    }
}

fn read_all(reader: &mut BlobReader<ObjectReader>, mut at: u64, out: &mut [u8]) -> Result<(), StoreError> {
    let mut done = 0;
    while done < out.len() {
        let count = reader.read_at(at, &mut out[done..])?;
        if count == 0 {
            return Err(StoreError::damaged("a hash list ends too early"));
        }
        done += count;
        at += count as u64;
    }
    Ok(())
}

/// All digests of one kind: where they begin, how many there are, and the first of each page.
struct Section {
    start: u64,
    count: u64,
    firsts: Vec<u8>,
}

/// A list that is being asked.
pub struct OpenList {
    reader: RefCell<BlobReader<ObjectReader>>,
    sections: Vec<Section>,
    salt: Option<Vec<u8>>,
}

impl OpenList {
    /// Whether it holds a digest of this kind at all: only then is that digest worth computing.
    pub fn asks_for(&self, kind: DigestKind) -> bool {
        self.sections[kind as usize].count > 0
    }

    /// Which digest of these bytes is in the list; the strongest, when several are.
    ///
    /// # Errors
    /// Law 5 when a page of the list was changed; the disk.
    pub fn holds(&self, digests: &Digests) -> Result<Option<DigestKind>, StoreError> {
        for kind in [DigestKind::SaltedSha256, DigestKind::Sha256, DigestKind::Sha1, DigestKind::Md5] {
            if !self.asks_for(kind) {
                continue;
            }
            let found = match (kind, &self.salt) {
                (DigestKind::SaltedSha256, Some(salt)) => self.is_in(kind, &salted(salt, &digests.sha256))?,
                (DigestKind::SaltedSha256, None) => return Err(StoreError::damaged("a salted hash list without its salt")),
                (DigestKind::Sha256, _) => self.is_in(kind, &digests.sha256.0)?,
                (DigestKind::Sha1, _) => digests.sha1.map_or(Ok(false), |digest| self.is_in(kind, &digest))?,
                (DigestKind::Md5, _) => digests.md5.map_or(Ok(false), |digest| self.is_in(kind, &digest))?,
            };
            if found {
                return Ok(Some(kind));
            }
        }
        Ok(None)
    }

    fn is_in(&self, kind: DigestKind, digest: &[u8]) -> Result<bool, StoreError> {
        let (section, width) = (&self.sections[kind as usize], kind.width());
        // The last page that begins at or before the digest.
        let Some(page) = places_until(&section.firsts, digest).checked_sub(1) else { return Ok(false) };
        let before = (page * PAGE) as u64;
        let count = usize::try_from((section.count - before).min(PAGE as u64)).unwrap_or(PAGE);
        let mut bytes = vec![0; count * width];
        read_all(&mut self.reader.borrow_mut(), section.start + before * width as u64, &mut bytes)?;
        let last = places_until(&bytes, digest).checked_sub(1);
        Ok(last.is_some_and(|at| bytes[at * width..(at + 1) * width] == *digest))
    }
}

/// How many of the sorted digests, one behind the other, are at most `digest`.
fn places_until(sorted: &[u8], digest: &[u8]) -> usize {
    let width = digest.len();
    let (mut low, mut high) = (0, sorted.len() / width);
    while low < high {
        let middle = low + (high - low) / 2;
        if sorted[middle * width..(middle + 1) * width] <= *digest { low = middle + 1 } else { high = middle }
    }
    low
}

/// What is known of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digests {
    /// SHA-256.
    pub sha256: Sha256Digest,
    /// SHA-1, where it was computed.
    pub sha1: Option<[u8; 20]>,
    /// MD5, where it was computed.
    pub md5: Option<[u8; 16]>,
}

impl From<&BlobSummary> for Digests {
    fn from(summary: &BlobSummary) -> Digests {
        Digests { sha256: summary.sha256, sha1: summary.sha1, md5: summary.md5 }
    }
}

/// HMAC-SHA-256 of the SHA-256 under the salt of a list.
pub fn salted(salt: &[u8], digest: &Sha256Digest) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(salt).expect("HMAC takes a key of any length");
    mac.update(&digest.0);
    mac.finalize().into_bytes().into()
}
