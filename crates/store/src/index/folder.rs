//! The files of an index, encrypted: a directory for tantivy in which nothing lies in the clear but lengths and the
//! random names that tantivy gives its segments. Each file is a stream of authenticated chunks as a blob is
//! (`vault::blob`), under the index's own key and the file's own name, so a file that was changed, cut or put in
//! another's place does not open.
//!
//! It refuses to be evidence: an index can be thrown away and made again from what is stored. Who destroys its key
//! has destroyed it (law 10).

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{FlockOperation, flock};
use tantivy::HasLen;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, OwnedBytes, TerminatingWrite, WatchCallback, WatchHandle, WritePtr,
};

use crate::vault::{
    blob::{AlsoDigest, BlobReader, BlobWriter},
    secret::Secret32,
};

/// See the module.
#[derive(Clone)]
pub(crate) struct SealedFolder {
    root: Arc<PathBuf>,
    key: Arc<Secret32>,
}

impl fmt::Debug for SealedFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedFolder(hidden)")
    }
}

impl SealedFolder {
    /// The folder at `root`, which must exist.
    pub fn new(root: &Path, key: Secret32) -> SealedFolder {
        SealedFolder { root: Arc::new(root.to_path_buf()), key: Arc::new(key) }
    }

    fn at(&self, name: &Path) -> PathBuf {
        self.root.join(name)
    }

    fn open(&self, name: &Path) -> io::Result<BlobReader<File>> {
        let file = File::open(self.at(name))?;
        BlobReader::open_named(file, &self.key, &name.to_string_lossy()).map_err(io::Error::other)
    }

    fn create(&self, at: &Path, name: &Path, again: bool) -> io::Result<BlobWriter<File>> {
        let file = OpenOptions::new().write(true).create(again).create_new(!again).truncate(again).mode(0o600).open(at)?;
        BlobWriter::named(file, &self.key, &name.to_string_lossy(), AlsoDigest::default()).map_err(io::Error::other)
    }
}

impl Directory for SealedFolder {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        let reader = self.open(path).map_err(|e| read_error(e, path))?;
        Ok(Arc::new(SealedFile { length: usize::try_from(reader.len()).unwrap_or(usize::MAX), reader: Mutex::new(reader) }))
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        std::fs::remove_file(self.at(path)).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => DeleteError::FileDoesNotExist(path.to_path_buf()),
            _ => DeleteError::IoError { io_error: Arc::new(e), filepath: path.to_path_buf() },
        })
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.at(path).try_exists().map_err(|e| read_error(e, path))
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let writer = self.create(&self.at(path), path, false).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => OpenWriteError::FileAlreadyExists(path.to_path_buf()),
            _ => OpenWriteError::wrap_io_error(e, path.to_path_buf()),
        })?;
        Ok(BufWriter::new(Box::new(SealedWriter(Some(writer)))))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let mut reader = self.open(path).map_err(|e| read_error(e, path))?;
        let mut bytes = vec![0; usize::try_from(reader.len()).unwrap_or_default()];
        reader.read_at(0, &mut bytes).map_err(|e| read_error(io::Error::other(e), path))?;
        Ok(bytes)
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        let aside = self.at(path).with_extension("writing");
        let mut writer = self.create(&aside, path, true)?;
        writer.write_all(data)?;
        let (file, _) = writer.finish().map_err(io::Error::other)?;
        file.sync_all()?;
        std::fs::rename(&aside, self.at(path))?;
        self.sync_directory()
    }

    fn sync_directory(&self) -> io::Result<()> {
        File::open(&*self.root)?.sync_all()
    }

    /// A lock of the system on a file that stays: a program that was killed holds it no longer.
    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(self.at(&lock.filepath));
        let file = file.map_err(LockError::wrap_io_error)?;
        let how = if lock.is_blocking { FlockOperation::LockExclusive } else { FlockOperation::NonBlockingLockExclusive };
        match flock(&file, how) {
            Ok(()) => Ok(DirectoryLock::from(Box::new(file))),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(LockError::LockBusy),
            Err(e) => Err(LockError::wrap_io_error(e.into())),
        }
    }

    /// Nobody waits here for the changes of others: a search opens what is there when it begins.
    fn watch(&self, _: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchHandle::empty())
    }
}

fn read_error(error: io::Error, path: &Path) -> OpenReadError {
    match error.kind() {
        io::ErrorKind::NotFound => OpenReadError::FileDoesNotExist(path.to_path_buf()),
        _ => OpenReadError::wrap_io_error(error, path.to_path_buf()),
    }
}

struct SealedFile {
    reader: Mutex<BlobReader<File>>,
    length: usize,
}

impl fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedFile({} bytes)", self.length)
    }
}

impl HasLen for SealedFile {
    fn len(&self) -> usize {
        self.length
    }
}

impl FileHandle for SealedFile {
    fn read_bytes(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        let mut bytes = vec![0; range.len()];
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let read = reader.read_at(range.start as u64, &mut bytes).map_err(io::Error::other)?;
        if read < bytes.len() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "an index file ends too early"));
        }
        Ok(OwnedBytes::new(bytes))
    }
}

/// A file on its way; what was not terminated never opens.
struct SealedWriter(Option<BlobWriter<File>>);

impl Write for SealedWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.as_mut().ok_or_else(closed)?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TerminatingWrite for SealedWriter {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        let writer = self.0.take().ok_or_else(closed)?;
        let (file, _) = writer.finish().map_err(io::Error::other)?;
        file.sync_all()
    }
}

fn closed() -> io::Error {
    io::Error::other("this file of the index is closed")
}

/// Removes an index with all its files; there may be none.
///
/// # Errors
/// When the disk refuses.
pub(crate) fn remove(root: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(root) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// The name that stands in the folder of all indexes; `fresh` becomes it when there is none. Two programs that ask at
/// once get the same, and a copy of the folder has another: its files go their own way from then on.
///
/// # Errors
/// When the disk refuses.
pub(crate) fn machine(indexes: &Path, fresh: &str) -> io::Result<String> {
    let at = indexes.join("machine");
    match named(&at) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        there => return there,
    }
    std::fs::create_dir_all(indexes)?;
    let aside = indexes.join(format!("machine-{fresh}"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    file.write_all(fresh.as_bytes())?;
    file.sync_all()?;
    // A link is made once: who comes second reads what the first one wrote.
    let linked = std::fs::hard_link(&aside, &at);
    std::fs::remove_file(&aside)?;
    match linked {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
        _ => File::open(indexes)?.sync_all()?,
    }
    named(&at)
}

fn named(at: &Path) -> io::Result<String> {
    let name = std::fs::read_to_string(at)?;
    Ok(format!("{name}-{}", std::fs::metadata(at)?.ino()))
}
