//! Writes a BagIt 1.0 bag (RFC 8493) of this house's profile, streaming: each payload byte is hashed
//! on its way to the disk and never read again. The bag grows in `NAME.building` and gets its name by
//! one rename when it is whole; what is not renamed is not a package. It opens no payload, decides
//! nothing about classes, and takes only machine-made ASCII names. Laws 5 and 8.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use model::{
    Sha256Digest,
    disclosure::{BLIND_FILE, BLIND_LABEL, PackageSecret, commitment},
    package::{COMMITMENTS, PAYLOAD_MANIFEST, PROFILE, SEAL_DIR, SEAL_PLAN, SealFile, SealPlan, TAG_MANIFEST},
};
use sha2::{Digest, Sha256};

use crate::layout::{BAGIT_TXT, Entry, commitments_text, is_payload_path, manifest_text};

/// The checker for a reader with a Unix shell; a tag file of every package.
pub const VERIFY_SH: &str = include_str!("../assets/verify.sh");
/// The checker of a disclosure, which calls the one above; a payload file of every disclosure.
pub const VERIFY_DISCLOSURE_SH: &str = include_str!("../assets/verify-disclosure.sh");
/// The offline page for a reader with a browser.
pub const VERIFY_HTML: &str = include_str!("../assets/VERIFY.html");
/// The explanation for a lawyer.
pub const VERIFY_MD: &str = include_str!("../assets/VERIFY.md");

/// Why a bag was not written.
#[derive(Debug, thiserror::Error)]
pub enum BagError {
    /// Something stands where the package belongs.
    #[error("{0} is already there: choose another place, or remove what an earlier attempt left")]
    Exists(PathBuf),
    /// Not a machine-made name.
    #[error("the name {} cannot stand in a package: payload names are data/ and lower-case letters, digits, dots, hyphens and slashes (put the original name into the description)", model::quoted(.0))]
    BadName(String),
    /// The name was used before.
    #[error("the payload file {0} was written twice: give each file its own name")]
    Twice(String),
    /// A value for `bag-info.txt` with a line break or nothing in it.
    #[error("the value of {0} cannot stand in bag-info.txt: it must be one line and not empty")]
    BadInfo(&'static str),
    /// The bytes written are not the bytes that were promised.
    #[error("{path} has digest {found}, but {expected} was expected (law 5): the source changed; lock the exhibit and look into it")]
    OtherBytes {
        /// The file.
        path: String,
        /// What the record says.
        expected: Sha256Digest,
        /// What was read.
        found: Sha256Digest,
    },
    /// A package without payload.
    #[error("the package would be empty: add at least one file")]
    Empty,
    /// A seal file that the plan does not name, or named twice.
    #[error("{0} is not a seal file that this package still waits for")]
    NotPlanned(String),
    /// The disk refused.
    #[error("{what} {path} failed ({source}): check free space and rights, then build the package again")]
    Disk {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn disk<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> BagError + 'a {
    move |source| BagError::Disk { what, path: path.to_path_buf(), source }
}

/// What `bag-info.txt` says beside size and profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BagInfo {
    /// The package's own id: `External-Identifier`.
    pub package: String,
    /// The agency: `Source-Organization`.
    pub organisation: String,
    /// `Bagging-Date`, `YYYY-MM-DD`.
    pub date: String,
    /// One sentence: `External-Description`.
    pub description: String,
}

/// A bag in the making. Dropping it leaves `NAME.building` behind, for a person to look at or remove.
#[derive(Debug)]
pub struct BagWriter {
    target: PathBuf,
    building: PathBuf,
    entries: Vec<Entry>,
    octets: u64,
    buffer: Vec<u8>,
}

const BUFFER: usize = 256 * 1024;

impl BagWriter {
    /// Begins a bag that will be called `target`; its parent folder must exist.
    ///
    /// # Errors
    /// [`BagError::Exists`], [`BagError::Disk`].
    pub fn create(target: &Path) -> Result<Self, BagError> {
        let mut name = target.file_name().ok_or_else(|| BagError::BadName(target.display().to_string()))?.to_os_string();
        name.push(".building");
        let building = target.with_file_name(name);
        for place in [target, &building] {
            if place.symlink_metadata().is_ok() {
                return Err(BagError::Exists(place.to_path_buf()));
            }
        }
        fs::create_dir_all(building.join("data")).map_err(disk("making the folder", &building))?;
        Ok(BagWriter { target: target.to_path_buf(), building, entries: Vec::new(), octets: 0, buffer: vec![0; BUFFER] })
    }

    /// Streams `source` into payload file `path` (`data/…`). Returns its digest and length in bytes.
    ///
    /// # Errors
    /// [`BagError::BadName`], [`BagError::Twice`], [`BagError::Disk`] (also when the source cannot be read).
    pub fn add(&mut self, path: &str, source: &mut dyn Read) -> Result<(Sha256Digest, u64), BagError> {
        if !is_payload_path(path) {
            return Err(BagError::BadName(path.to_string()));
        }
        let place = self.building.join(path);
        let mut file = create_new(&place, path)?;
        let (digest, length) = copy_hashing(source, &mut file, &mut self.buffer).map_err(disk("writing", &place))?;
        self.entries.push(Entry { digest, path: path.to_string() });
        self.octets += length;
        Ok((digest, length))
    }

    /// As [`BagWriter::add`], and refuses bytes whose digest is not `expected` (law 5).
    ///
    /// # Errors
    /// [`BagError::OtherBytes`] and those of [`BagWriter::add`].
    pub fn add_expecting(&mut self, path: &str, source: &mut dyn Read, expected: &Sha256Digest) -> Result<u64, BagError> {
        let (found, length) = self.add(path, source)?;
        if found == *expected { Ok(length) } else { Err(BagError::OtherBytes { path: path.to_string(), expected: *expected, found }) }
    }

    /// Writes manifests, commitments and tag files. Returns the digest of the tag manifest: the one sealed
    /// object. Salts and blinds come from `secret`, which the caller keeps: without it no part of the package
    /// can be disclosed later. The bag keeps its `.building` name until [`UnsealedBag::finish`].
    ///
    /// # Errors
    /// [`BagError::Empty`], [`BagError::BadInfo`], [`BagError::Disk`].
    pub fn close(mut self, info: &BagInfo, plan: &SealPlan, secret: &PackageSecret) -> Result<UnsealedBag, BagError> {
        if self.entries.is_empty() {
            return Err(BagError::Empty);
        }
        let blind = format!("This line makes the lists of this package unguessable: {}\n", secret.blind(BLIND_FILE));
        self.add(BLIND_FILE, &mut blind.as_bytes())?;
        self.entries.sort_by(|a, b| a.path.cmp(&b.path));
        let commitments: Vec<_> = self.entries.iter().map(|e| commitment(&secret.salt(&e.path), &e.digest, &e.path)).collect();
        let tags = [
            ("VERIFY.html", VERIFY_HTML.to_string()),
            ("VERIFY.md", VERIFY_MD.to_string()),
            ("bag-info.txt", self.bag_info(info, secret)?),
            ("bagit.txt", BAGIT_TXT.to_string()),
            (COMMITMENTS, commitments_text(&commitments)),
            (PAYLOAD_MANIFEST, manifest_text(&self.entries)),
            (SEAL_PLAN, plan.to_text()),
            ("verify.sh", VERIFY_SH.to_string()),
        ];
        let mut listed = Vec::with_capacity(tags.len());
        for (name, text) in &tags {
            write_new(&self.building.join(name), text.as_bytes())?;
            listed.push(Entry { digest: Sha256Digest::of(text.as_bytes()), path: (*name).to_string() });
        }
        let tag_manifest = manifest_text(&listed);
        write_new(&self.building.join(TAG_MANIFEST), tag_manifest.as_bytes())?;
        let sealed_object = Sha256Digest::of(tag_manifest.as_bytes());
        sync(&self.building)?;
        Ok(UnsealedBag { target: self.target, building: self.building, waiting: plan.files.clone(), sealed_object })
    }

    fn bag_info(&self, info: &BagInfo, secret: &PackageSecret) -> Result<String, BagError> {
        let blind = secret.blind("bag-info.txt");
        let oxum = format!("{}.{}", self.octets, self.entries.len());
        let lines = [
            ("BagIt-Profile-Identifier", PROFILE),
            ("Bagging-Date", &info.date),
            ("External-Description", &info.description),
            ("External-Identifier", &info.package),
            (BLIND_LABEL, &blind),
            ("Payload-Oxum", &oxum),
            ("Source-Organization", &info.organisation),
        ];
        let mut text = String::new();
        for (label, value) in lines {
            if value.trim().is_empty() || value.trim() != value || value.chars().any(char::is_control) {
                return Err(BagError::BadInfo(label));
            }
            text.push_str(&format!("{label}: {value}\n"));
        }
        Ok(text)
    }
}

/// A bag whose payload and tag files are fixed; it waits for its seal files.
#[derive(Debug)]
pub struct UnsealedBag {
    target: PathBuf,
    building: PathBuf,
    waiting: Vec<SealFile>,
    sealed_object: Sha256Digest,
}

impl UnsealedBag {
    /// Opens a bag that [`BagWriter::close`] left, perhaps in an earlier session. Seal files that are
    /// already there are not waited for.
    ///
    /// # Errors
    /// [`BagError::Disk`] when it is not there; [`BagError::NotPlanned`] when its plan is unreadable.
    pub fn open(target: &Path) -> Result<Self, BagError> {
        let mut name = target.file_name().ok_or_else(|| BagError::BadName(target.display().to_string()))?.to_os_string();
        name.push(".building");
        let building = target.with_file_name(name);
        let read = |name: &str| fs::read(building.join(name)).map_err(disk("reading", &building.join(name)));
        let sealed_object = Sha256Digest::of(&read(TAG_MANIFEST)?);
        let text = String::from_utf8(read(SEAL_PLAN)?).map_err(|_| BagError::NotPlanned(SEAL_PLAN.into()))?;
        let plan = SealPlan::parse(&text).map_err(BagError::NotPlanned)?;
        let waiting = plan.files.into_iter().filter(|file| !building.join(file.path()).exists()).collect();
        Ok(UnsealedBag { target: target.to_path_buf(), building, waiting, sealed_object })
    }

    /// SHA-256 of the tag manifest: what officers sign, authorities stamp and the seal event holds.
    pub fn sealed_object(&self) -> Sha256Digest {
        self.sealed_object
    }

    /// Where it grows.
    pub fn path(&self) -> &Path {
        &self.building
    }

    /// The seal files that are still missing.
    pub fn waiting(&self) -> &[SealFile] {
        &self.waiting
    }

    /// Puts one seal file in its place.
    ///
    /// # Errors
    /// [`BagError::NotPlanned`], [`BagError::Disk`].
    pub fn attach(&mut self, file: &SealFile, bytes: &[u8]) -> Result<(), BagError> {
        let at = self.waiting.iter().position(|f| f == file).ok_or_else(|| BagError::NotPlanned(file.path()))?;
        let place = self.building.join(file.path());
        fs::create_dir_all(self.building.join(SEAL_DIR)).map_err(disk("making the folder", &place))?;
        write_new(&place, bytes)?;
        self.waiting.remove(at);
        Ok(())
    }

    /// Gives the whole package its name. Returns its path.
    ///
    /// # Errors
    /// [`BagError::NotPlanned`] names the first seal file that is missing; [`BagError::Exists`];
    /// [`BagError::Disk`].
    pub fn finish(self) -> Result<PathBuf, BagError> {
        if let Some(missing) = self.waiting.first() {
            return Err(BagError::NotPlanned(missing.path()));
        }
        if self.target.symlink_metadata().is_ok() {
            return Err(BagError::Exists(self.target));
        }
        sync(&self.building)?;
        fs::rename(&self.building, &self.target).map_err(disk("renaming", &self.building))?;
        if let Some(parent) = self.target.parent().filter(|p| !p.as_os_str().is_empty()) {
            sync(parent)?;
        }
        Ok(self.target)
    }
}

fn create_new(place: &Path, name: &str) -> Result<File, BagError> {
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).map_err(disk("making the folder", folder))?;
    }
    OpenOptions::new().write(true).create_new(true).open(place).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => BagError::Twice(name.to_string()),
        _ => BagError::Disk { what: "making", path: place.to_path_buf(), source },
    })
}

fn write_new(place: &Path, bytes: &[u8]) -> Result<(), BagError> {
    let mut file = create_new(place, &place.display().to_string())?;
    file.write_all(bytes).map_err(disk("writing", place))
}

/// Copies to the end and saves; the digest of what went by.
pub(crate) fn copy_whole(source: &mut dyn Read, target: &mut File) -> io::Result<Sha256Digest> {
    let (digest, _) = copy_hashing(source, target, &mut vec![0; BUFFER])?;
    target.sync_all()?;
    Ok(digest)
}

fn copy_hashing(source: &mut dyn Read, target: &mut File, buffer: &mut [u8]) -> io::Result<(Sha256Digest, u64)> {
    let (mut hasher, mut length) = (Sha256::new(), 0);
    loop {
        let count = match source.read(buffer) {
            Ok(0) => return Ok((Sha256Digest(hasher.finalize().into()), length)),
            Ok(count) => count,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        hasher.update(&buffer[..count]);
        target.write_all(&buffer[..count])?;
        length += count as u64;
    }
}

/// Makes bytes and names durable with one call (syncfs): one `fsync` for each of 20,000 small files
/// would take a minute, and nothing counts before the rename anyway.
fn sync(folder: &Path) -> Result<(), BagError> {
    let open = File::open(folder).map_err(disk("opening", folder))?;
    rustix::fs::syncfs(&open).map_err(|e| disk("saving", folder)(e.into()))
}
