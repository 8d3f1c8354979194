//! Files that are there after a power cut, that only this account reads, and that never replace
//! another. Shared by the object folder and the backup; knows nothing of keys.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use rustix::{
    fs::{CWD, OFlags, RenameFlags, renameat_with},
    io::Errno,
};

use super::VaultError;

/// `map_err(at("reading the object", path))`
pub(super) fn at<'a>(attempt: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> VaultError + 'a {
    move |error| VaultError::from_io(error, attempt, path)
}

/// Makes a folder for this account only; one that is there is fine.
pub(super) fn private_dir(path: &Path) -> Result<(), VaultError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(at("making a folder", path))
}

/// Makes a new file for this account only; one that is there is an error.
pub(super) fn new_private_file(path: &Path) -> Result<File, VaultError> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(at("making a file", path))
}

/// Opens a regular file for reading; a symbolic link, pipe or device is an error.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    // Non-blocking, because opening a pipe that somebody placed here would wait for ever.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")) }
}

/// Makes the names in a folder durable.
pub(super) fn sync_dir(path: &Path) -> Result<(), VaultError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(at("syncing a folder", path))
}

/// Gives a file or folder its final name unless something has that name already. `Ok(false)`: it has.
pub(super) fn rename_new(from: &Path, to: &Path) -> Result<bool, VaultError> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) => Ok(false),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => rename_new_by_link(from, to),
        Err(error) => Err(at("naming a finished file", to)(error.into())),
    }
}

/// For file systems without RENAME_NOREPLACE: a link is create-only too. A folder cannot be linked,
/// but rename(2) refuses to replace a folder that has anything in it.
fn rename_new_by_link(from: &Path, to: &Path) -> Result<bool, VaultError> {
    let linked = if from.is_dir() {
        if to.symlink_metadata().is_ok() { return Ok(false) }
        fs::rename(from, to)
    } else {
        fs::hard_link(from, to).and_then(|()| fs::remove_file(from))
    };
    match linked {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(at("naming a finished file", to)(error)),
    }
}
