//! The backup of a home: one age stream that any named officer or the recovery set opens.
//!
//! Inside: `"lanternfish backup 1\n"`, then for each file `F ‖ path length (2) ‖ path ‖ size (8) ‖
//! bytes`, in strictly rising order of paths, then `M ‖ length (8) ‖ manifest`, where the manifest is
//! one `SHA-256  path` line per file, and nothing after it. Numbers are big-endian. Own framing
//! instead of tar, because tar brings links, devices, owners and long-name extensions that a restore
//! would have to refuse one by one; here they cannot be said.
//!
//! A restore is all or nothing: into a new folder beside the target, checked against the manifest
//! while writing and again by reading back, synced, and only then renamed. It never touches an
//! existing home. age proves that the backup is whole, not who made it: that is what the restored
//! log's signatures are for. The caller gives a steady copy of the database, not the live file.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use model::Sha256Digest;
use sha2::{Digest, Sha256};

use super::{
    VaultError,
    durable::{at, new_private_file, open_regular, private_dir, rename_new, sync_dir},
    secret::random_16,
    wrap::{Identity, Recipient, decrypt_stream, encrypt_stream},
};

const MAGIC: &[u8; 21] = b"lanternfish backup 1\n";
const FILE: u8 = b'F';
const MANIFEST: u8 = b'M';
/// Longest path inside a home, in bytes.
const MAX_PATH: usize = 1024;
/// Most files that a backup may hold: what keeps a restore's memory bounded.
const MAX_FILES: usize = 10_000_000;
const PIECE: usize = 64 * 1024;

/// One file to be saved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BackupFile {
    /// Its name inside the home, with `/` between folders.
    pub path: String,
    /// Where its bytes are now (for the database: the steady copy).
    pub source: PathBuf,
}

/// What was saved or restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSummary {
    /// Number of files.
    pub files: u64,
    /// Plaintext bytes in them.
    pub bytes: u64,
    /// SHA-256 of the manifest: equal for a backup and its restore.
    pub manifest: Sha256Digest,
}

/// Every regular file below a folder, sorted; `skip` says which names inside the home stay out.
///
/// # Errors
/// [`VaultError::Malformed`] for links, devices and names that a home does not have;
/// [`VaultError::Storage`].
pub fn list_home(home: &Path, skip: impl Fn(&str) -> bool) -> Result<Vec<BackupFile>, VaultError> {
    let mut files = Vec::new();
    let mut folders = vec![(String::new(), home.to_path_buf())];
    while let Some((prefix, folder)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(at("listing the home", &folder))? {
            let entry = entry.map_err(at("listing the home", &folder))?;
            let name = entry.file_name();
            let name = name.to_str().ok_or_else(|| VaultError::malformed("the home", "a file name is not UTF-8"))?;
            let path = format!("{prefix}{name}");
            if skip(&path) {
                continue;
            }
            let kind = entry.file_type().map_err(at("listing the home", &entry.path()))?;
            match (kind.is_dir(), kind.is_file()) {
                (true, _) => folders.push((format!("{path}/"), entry.path())),
                (_, true) => files.push(BackupFile { path, source: entry.path() }),
                _ => return Err(VaultError::malformed("the home", format!("{path:?} is a link or a device"))),
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Writes an encrypted backup of `files` that `recipients` and the recovery set can open.
///
/// # Errors
/// [`VaultError::Malformed`] for a path that could not be restored or stands twice;
/// [`VaultError::Unsteady`] when a file changes meanwhile; [`VaultError::Storage`]. What was written
/// until then does not restore.
pub fn backup_create(
    files: &[BackupFile],
    recipients: &[Recipient],
    recovery: &Recipient,
    writer: impl Write,
) -> Result<BackupSummary, VaultError> {
    let mut files: Vec<&BackupFile> = files.iter().collect();
    files.sort();
    let everyone: Vec<Recipient> = recipients.iter().chain([recovery]).cloned().collect();
    // Buffered, because age turns a disk error under its header into plain words without the error number.
    let mut out = encrypt_stream(&everyone, BufWriter::with_capacity(2 * PIECE, writer))?;
    let mut inventory = Inventory::default();
    out.write_all(MAGIC).map_err(writing)?;
    for file in files {
        inventory.admit(&file.path)?;
        let (digest, bytes) = write_file(&mut out, file)?;
        inventory.add(&file.path, digest, bytes);
    }
    let manifest = inventory.manifest();
    out.write_all(&[MANIFEST]).map_err(writing)?;
    out.write_all(&(manifest.len() as u64).to_be_bytes()).map_err(writing)?;
    out.write_all(manifest.as_bytes()).map_err(writing)?;
    out.finish().and_then(|mut inner| inner.flush()).map_err(writing)?;
    Ok(inventory.summary())
}

fn write_file(out: &mut impl Write, file: &BackupFile) -> Result<(Sha256Digest, u64), VaultError> {
    let mut source = open_regular(&file.source).map_err(at("reading a file for the backup", &file.source))?;
    let size = source.metadata().map_err(at("reading a file for the backup", &file.source))?.len();
    out.write_all(&[FILE]).map_err(writing)?;
    out.write_all(&(file.path.len() as u16).to_be_bytes()).map_err(writing)?;
    out.write_all(file.path.as_bytes()).map_err(writing)?;
    out.write_all(&size.to_be_bytes()).map_err(writing)?;
    let unsteady = || VaultError::Unsteady { path: file.path.clone() };
    let reading = |e: io::Error| match e.kind() {
        io::ErrorKind::UnexpectedEof => unsteady(),
        _ => at("reading a file for the backup", &file.source)(e),
    };
    let digest = copy_exactly(&mut source, size, out, reading, writing)?;
    match source.read(&mut [0]) {
        Ok(0) => Ok((digest, size)),
        _ => Err(unsteady()),
    }
}

/// Restores a backup into `dir`, which must not exist yet; its parent must. `marks` are small files (name,
/// bytes) that the folder holds from the moment it has its name.
///
/// # Errors
/// [`VaultError::AlreadyThere`]; [`VaultError::WrongKey`]; [`VaultError::Integrity`] or
/// [`VaultError::Malformed`] for a cut, changed or foreign backup; [`VaultError::Storage`]. After any
/// error nothing is left.
pub fn backup_restore(reader: impl Read, identity: &Identity, dir: &Path, marks: &[(&str, &[u8])]) -> Result<BackupSummary, VaultError> {
    if dir.symlink_metadata().is_ok() {
        return Err(VaultError::AlreadyThere { path: dir.to_path_buf() });
    }
    let partial = Partial::beside(dir)?;
    let inventory = unpack(reader, identity, |path, size, input| write_restored(&partial.path, path, size, input))?;
    inventory.read_back(&partial.path)?;
    for (name, bytes) in marks {
        write_restored(&partial.path, name, bytes.len() as u64, &mut &bytes[..])?;
    }
    sync_tree(&partial.path)?;
    partial.take_name(dir)?;
    Ok(inventory.summary())
}

/// Reads a backup from end to end and restores nothing.
///
/// # Errors
/// As [`backup_restore`], without those about the target.
pub fn backup_verify(reader: impl Read, identity: &Identity) -> Result<BackupSummary, VaultError> {
    let read = |_: &str, size, input: &mut dyn Read| copy_exactly(input, size, &mut io::sink(), damaged, writing);
    unpack(reader, identity, read).map(|inventory| inventory.summary())
}

/// Walks the frames; `restore` consumes exactly the file's bytes and returns their digest.
fn unpack(
    reader: impl Read,
    identity: &Identity,
    mut restore: impl FnMut(&str, u64, &mut dyn Read) -> Result<Sha256Digest, VaultError>,
) -> Result<Inventory, VaultError> {
    let mut input = decrypt_stream(identity, reader, "backup")?;
    if take::<{ MAGIC.len() }>(&mut input)? != *MAGIC {
        return Err(VaultError::malformed("a backup", "it holds something else, or was made by a newer program"));
    }
    let mut inventory = Inventory::default();
    loop {
        match take::<1>(&mut input)? {
            [FILE] => {
                let path = take_path(&mut input)?;
                inventory.admit(&path)?;
                let size = u64::from_be_bytes(take(&mut input)?);
                let digest = restore(&path, size, &mut input)?;
                inventory.add(&path, digest, size);
            }
            [MANIFEST] => break,
            _ => return Err(VaultError::integrity("backup", "an unknown frame")),
        }
    }
    check_manifest(&mut input, &inventory)?;
    Ok(inventory)
}

fn check_manifest(input: &mut impl Read, inventory: &Inventory) -> Result<(), VaultError> {
    let expected = inventory.manifest();
    let differs = || VaultError::integrity("backup", "its files are not those of its manifest");
    if u64::from_be_bytes(take(input)?) != expected.len() as u64 {
        return Err(differs());
    }
    let mut manifest = vec![0; expected.len()];
    input.read_exact(&mut manifest).map_err(damaged)?;
    if manifest != expected.as_bytes() {
        return Err(differs());
    }
    match input.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(VaultError::integrity("backup", "bytes follow the manifest")),
        Err(e) => Err(damaged(e)),
    }
}

fn take<const N: usize>(input: &mut impl Read) -> Result<[u8; N], VaultError> {
    let mut out = [0; N];
    input.read_exact(&mut out).map_err(damaged)?;
    Ok(out)
}

fn take_path(input: &mut impl Read) -> Result<String, VaultError> {
    let length = u16::from_be_bytes(take(input)?);
    let mut path = vec![0; usize::from(length)];
    input.read_exact(&mut path).map_err(damaged)?;
    String::from_utf8(path).map_err(|_| VaultError::malformed("a backup", "a path is not UTF-8"))
}

fn write_restored(home: &Path, path: &str, size: u64, input: &mut dyn Read) -> Result<Sha256Digest, VaultError> {
    let target = home.join(path);
    private_dir(target.parent().expect("a path below the home has a parent"))?;
    let mut file = new_private_file(&target)?;
    let digest = copy_exactly(input, size, &mut file, damaged, at_once("restoring a file", &target))?;
    file.sync_all().map_err(at("restoring a file", &target))?;
    Ok(digest)
}

/// Copies `size` bytes and hashes them, keeping apart which side failed.
fn copy_exactly<R: Read + ?Sized, W: Write + ?Sized>(
    input: &mut R,
    size: u64,
    out: &mut W,
    read_failed: impl Fn(io::Error) -> VaultError,
    write_failed: impl Fn(io::Error) -> VaultError,
) -> Result<Sha256Digest, VaultError> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut left = size;
    while left > 0 {
        let now = left.min(PIECE as u64) as usize;
        input.read_exact(&mut piece[..now]).map_err(&read_failed)?;
        hasher.update(&piece[..now]);
        out.write_all(&piece[..now]).map_err(&write_failed)?;
        left -= now as u64;
    }
    Ok(Sha256Digest(hasher.finalize().into()))
}

fn writing(error: io::Error) -> VaultError {
    VaultError::from_io(error, "writing the backup", "backup".as_ref())
}

/// A read error of an authenticated stream: the disk's own when the system gave a number, else damage.
fn damaged(error: io::Error) -> VaultError {
    if error.raw_os_error().is_some() {
        return VaultError::from_io(error, "reading the backup", "backup".as_ref());
    }
    VaultError::integrity("backup", error.to_string())
}

fn at_once<'a>(attempt: &'static str, path: &'a Path) -> impl Fn(io::Error) -> VaultError + 'a {
    move |error| VaultError::from_io(error, attempt, path)
}

/// The files of a backup as they were seen, in order.
#[derive(Debug, Default)]
struct Inventory {
    files: Vec<(String, Sha256Digest)>,
    bytes: u64,
}

impl Inventory {
    /// Refuses a path that leaves the home, repeats, or stands out of order.
    fn admit(&self, path: &str) -> Result<(), VaultError> {
        let tricky = |why| Err(VaultError::malformed("a backup", format!("the path {path:?} {why}")));
        if !is_plain(path) {
            return tricky("is not a plain name below the home");
        }
        if self.files.last().is_some_and(|(last, _)| last.as_str() >= path) {
            return tricky("stands twice or out of order");
        }
        if self.files.len() >= MAX_FILES {
            return tricky("is one too many");
        }
        Ok(())
    }

    fn add(&mut self, path: &str, digest: Sha256Digest, bytes: u64) {
        self.files.push((path.to_string(), digest));
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn manifest(&self) -> String {
        self.files.iter().map(|(path, digest)| format!("{digest}  {path}\n")).collect()
    }

    fn read_back(&self, home: &Path) -> Result<(), VaultError> {
        for (path, digest) in &self.files {
            let source = home.join(path);
            let mut hasher = Sha256::new();
            let mut file = open_regular(&source).map_err(at("reading back a restored file", &source))?;
            io::copy(&mut file, &mut HashSink(&mut hasher)).map_err(at("reading back a restored file", &source))?;
            if hasher.finalize().as_slice() != digest.0 {
                return Err(VaultError::integrity("backup", format!("{path:?} was not restored as it was read: the disk is not reliable")));
            }
        }
        Ok(())
    }

    fn summary(&self) -> BackupSummary {
        BackupSummary {
            files: self.files.len() as u64,
            bytes: self.bytes,
            manifest: Sha256Digest::of(self.manifest().as_bytes()),
        }
    }
}

struct HashSink<'a>(&'a mut Sha256);

impl Write for HashSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `a/b/c`: no root, no `.` or `..`, no empty part, no backslash, no control character.
fn is_plain(path: &str) -> bool {
    let good_part = |part: &str| !matches!(part, "" | "." | "..") && part.len() <= 255;
    path.len() <= MAX_PATH && !path.contains(|c: char| c == '\\' || c.is_control()) && path.split('/').all(good_part)
}

/// A folder that is being filled; removed unless it got its name.
struct Partial {
    path: PathBuf,
    named: bool,
}

impl Partial {
    fn beside(dir: &Path) -> Result<Self, VaultError> {
        let name = dir.file_name().and_then(|name| name.to_str()).ok_or_else(|| VaultError::malformed("the target", "it has no name"))?;
        let path = dir.with_file_name(format!("{name}.restoring-{}", hex::encode(random_16()?)));
        fs::create_dir(&path).map_err(at("making a folder", &path))?;
        let partial = Partial { path, named: false };
        private(&partial.path)?;
        Ok(partial)
    }

    fn take_name(mut self, dir: &Path) -> Result<(), VaultError> {
        if !rename_new(&self.path, dir)? {
            return Err(VaultError::AlreadyThere { path: dir.to_path_buf() });
        }
        self.named = true;
        match dir.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent),
            _ => sync_dir(".".as_ref()),
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.named {
            // The error that led here is the one to report; the folder's name says what it is.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn private(path: &Path) -> Result<(), VaultError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(at("making a folder private", path))
}

fn sync_tree(dir: &Path) -> Result<(), VaultError> {
    for entry in fs::read_dir(dir).map_err(at("syncing the restored home", dir))? {
        let path = entry.map_err(at("syncing the restored home", dir))?.path();
        if path.is_dir() {
            sync_tree(&path)?;
        }
    }
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(at("syncing the restored home", dir))
}
