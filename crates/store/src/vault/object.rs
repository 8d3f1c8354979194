//! The folder of encrypted objects on the local disk.
//!
//! A name is HMAC-SHA256 under the case's naming key over the digest of the plaintext: nobody
//! without the key learns whether known bytes are stored here, and two cases never share an object.
//! Layout `objects/ab/cdef…`, unfinished ones under `objects/tmp/`. An object is written aside,
//! synced, and given its name once; it is never overwritten. Removal just unlinks: erasure is the
//! destruction of the blob's key (law 10), not of sectors.
//!
//! It does not look into objects; [`super::blob`] does, and finds every change (law 5).

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use model::Sha256Digest;

use super::{
    VaultError,
    blob::has_shape,
    durable::{at, new_private_file, open_regular, private_dir, rename_new, sync_dir},
    field::mac,
    secret::{Purpose, Secret32, random_16},
};

/// Bytes compared at a time.
const PIECE: usize = 64 * 1024;

/// The name of one object: 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName([u8; 32]);

impl ObjectName {
    /// The name of bytes with this digest in the case with this naming key.
    pub fn derive(naming: &Secret32, digest: &Sha256Digest) -> Self {
        ObjectName(mac(&naming.derive(Purpose::ObjectName, b""), &digest.0))
    }

    /// 64 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl std::str::FromStr for ObjectName {
    type Err = VaultError;
    fn from_str(text: &str) -> Result<Self, VaultError> {
        let digest: Sha256Digest = text.parse().map_err(|_| VaultError::malformed("an object name", "it is not 64 digits 0-9 and letters a-f"))?;
        Ok(ObjectName(digest.0))
    }
}

impl std::fmt::Display for ObjectName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.hex())
    }
}

impl std::fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "object:{}", self.hex())
    }
}

/// How a [`Staged::commit`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The object is new.
    Stored,
    /// The same bytes were there already.
    AlreadyThere,
}

/// What the folder holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Every object, sorted.
    pub objects: Vec<ObjectName>,
    /// Files that this program did not name so; worth a look by `doctor`.
    pub strangers: Vec<PathBuf>,
}

/// The object folder of one home.
#[derive(Debug, Clone)]
pub struct ObjectFolder {
    root: PathBuf,
}

impl ObjectFolder {
    /// Opens `home/objects` and makes it when it is not there.
    ///
    /// # Errors
    /// [`VaultError::Storage`] when the disk is full, read-only or not ours.
    pub fn open(home: &Path) -> Result<Self, VaultError> {
        let root = home.join("objects");
        private_dir(&root.join("tmp"))?;
        Ok(ObjectFolder { root })
    }

    /// Begins an object whose name is not known yet, because its digest is not.
    ///
    /// # Errors
    /// [`VaultError::Storage`], [`VaultError::NoRandomness`].
    pub fn stage(&self) -> Result<Staged<'_>, VaultError> {
        let path = self.root.join("tmp").join(hex::encode(random_16()?));
        Ok(Staged { file: new_private_file(&path)?, folder: self, path, named: false })
    }

    /// Stores finished bytes under a name.
    ///
    /// # Errors
    /// As [`stage`](Self::stage) and [`Staged::commit`].
    pub fn put(&self, name: &ObjectName, bytes: &[u8]) -> Result<Put, VaultError> {
        let mut staged = self.stage()?;
        staged.file.write_all(bytes).map_err(at("storing an object", &staged.path))?;
        staged.commit(name)
    }

    /// Opens an object for reading.
    ///
    /// # Errors
    /// [`VaultError::Integrity`] when it is gone: a record names it, so it must be there (law 5).
    pub fn get(&self, name: &ObjectName) -> Result<File, VaultError> {
        let path = self.path(name);
        match open_regular(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                Err(VaultError::integrity("blob", format!("its object {name} is missing")))
            }
            opened => opened.map_err(at("opening an object", &path)),
        }
    }

    /// Whether an object of this name is there.
    ///
    /// # Errors
    /// [`VaultError::Storage`] when the disk does not answer.
    pub fn exists(&self, name: &ObjectName) -> Result<bool, VaultError> {
        let path = self.path(name);
        match path.symlink_metadata() {
            Ok(_) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(at("looking for an object", &path)(e)),
        }
    }

    /// Everything in the folder but unfinished objects.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub fn list(&self) -> Result<Listing, VaultError> {
        let mut listing = Listing::default();
        for shelf in entries(&self.root)? {
            if shelf.file_name().is_some_and(|name| name == "tmp") {
                continue;
            }
            if !shelf.is_dir() {
                listing.strangers.push(shelf);
                continue;
            }
            for path in entries(&shelf)? {
                match self.name_of(&path) {
                    Some(name) => listing.objects.push(name),
                    None => listing.strangers.push(path),
                }
            }
        }
        listing.objects.sort_unstable();
        listing.strangers.sort_unstable();
        Ok(listing)
    }

    /// Objects of this listing that cannot be a whole blob, such as an empty file after a power cut.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub(crate) fn torn(&self) -> Result<Vec<ObjectName>, VaultError> {
        let mut torn = Vec::new();
        for name in self.list()?.objects {
            let path = self.path(&name);
            let beginning = open_regular(&path).and_then(|file| {
                let (length, mut beginning) = (file.metadata()?.len(), Vec::new());
                file.take(8).read_to_end(&mut beginning)?;
                Ok((beginning, length))
            });
            let (beginning, length) = beginning.map_err(at("reading the beginning of an object", &path))?;
            if !has_shape(&beginning, length) {
                torn.push(name);
            }
        }
        Ok(torn)
    }

    /// Unlinks an object after its key was destroyed, or one that no record names. `Ok(false)`: it was not there.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub fn remove(&self, name: &ObjectName) -> Result<bool, VaultError> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Ok(()) => sync_dir(&self.shelf(name)).map(|()| true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(at("removing an object", &path)(e)),
        }
    }

    /// Removes unfinished objects that were last written before this time, and says how many.
    /// At start-up, before any work runs, the present time is right.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub fn sweep(&self, older_than: SystemTime) -> Result<usize, VaultError> {
        let mut removed = 0;
        for path in entries(&self.root.join("tmp"))? {
            let written = path.symlink_metadata().and_then(|meta| meta.modified()).map_err(at("sweeping", &path))?;
            if written < older_than {
                fs::remove_file(&path).map_err(at("sweeping", &path))?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn shelf(&self, name: &ObjectName) -> PathBuf {
        self.root.join(&name.hex()[..2])
    }

    fn path(&self, name: &ObjectName) -> PathBuf {
        self.shelf(name).join(&name.hex()[2..])
    }

    fn name_of(&self, path: &Path) -> Option<ObjectName> {
        let shelf = path.parent()?.file_name()?.to_str()?;
        let name: ObjectName = format!("{shelf}{}", path.file_name()?.to_str()?).parse().ok()?;
        let regular = path.symlink_metadata().is_ok_and(|meta| meta.is_file());
        (regular && shelf.len() == 2).then_some(name)
    }
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, VaultError> {
    let listed: io::Result<Vec<PathBuf>> = fs::read_dir(dir).and_then(|all| all.map(|entry| Ok(entry?.path())).collect());
    listed.map_err(at("listing a folder", dir))
}

/// An object that has no name yet. Dropped without a name, it is removed.
#[derive(Debug)]
pub struct Staged<'a> {
    folder: &'a ObjectFolder,
    file: File,
    path: PathBuf,
    named: bool,
}

impl Staged<'_> {
    /// The finished bytes, to be stored elsewhere: what is staged here is removed when this is dropped.
    ///
    /// # Errors
    /// [`VaultError::Storage`].
    pub fn reopened(&self) -> Result<File, VaultError> {
        open_regular(&self.path).map_err(at("reading what is to be stored", &self.path))
    }

    /// Syncs the bytes and gives them their name. After `Ok` they survive a power cut.
    ///
    /// # Errors
    /// [`VaultError::ObjectDiffers`] when the name holds other bytes; [`VaultError::Storage`].
    pub fn commit(&mut self, name: &ObjectName) -> Result<Put, VaultError> {
        self.file.sync_all().map_err(at("storing an object", &self.path))?;
        let (shelf, target) = (self.folder.shelf(name), self.folder.path(name));
        if !shelf.is_dir() {
            private_dir(&shelf)?;
            sync_dir(&self.folder.root)?;
        }
        let new = rename_new(&self.path, &target)?;
        self.named = new;
        sync_dir(&shelf)?;
        if new {
            return Ok(Put::Stored);
        }
        let same = same_bytes(&self.path, &target).map_err(at("comparing with a stored object", &target))?;
        if same { Ok(Put::AlreadyThere) } else { Err(VaultError::ObjectDiffers { name: name.hex() }) }
    }
}

impl Write for Staged<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(|e| at("storing an object", &self.path)(e).into())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if !self.named {
            // Nothing can be reported from here; `sweep` removes what stays.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (open_regular(one)?, open_regular(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (BufReader::with_capacity(PIECE, one), BufReader::with_capacity(PIECE, other));
    loop {
        let (a, b) = (one.fill_buf()?, other.fill_buf()?);
        let both = a.len().min(b.len());
        if both == 0 {
            return Ok(a.is_empty() && b.is_empty());
        }
        if a[..both] != b[..both] {
            return Ok(false);
        }
        one.consume(both);
        other.consume(both);
    }
}
