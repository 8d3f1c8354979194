//! Files by the names that were typed: on the disk, or sent along with a page of the workspace and received by it.
//!
//! A page names no file of this machine: its steps get `upload:` and `download:` in place of names, and these mean
//! something only while a page hears the step.

use std::{
    fs::{self, File},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Arc,
};

use desk::DeskError;

use crate::output::listener;

/// A new file, which only its owner reads, or a page that receives it.
pub enum New {
    /// On the disk.
    Disk(File),
    /// On its way to a page.
    Page(Arc<dyn web::Listener>),
}

impl Write for New {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            New::Disk(file) => file.write(bytes),
            New::Page(page) => page.file(bytes).map(|()| bytes.len()),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            New::Disk(file) => file.flush(),
            New::Page(_) => Ok(()),
        }
    }
}

impl New {
    /// What leaves the store in the clear is nobody else's business.
    pub fn at(file: &Path) -> Result<New, DeskError> {
        match listener() {
            Some(page) if file == Path::new(web::RECEIVED) => Ok(New::Page(page)),
            Some(_) => Err(DeskError::input("a page writes no file of this machine")),
            None => {
                let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
                opened.map(New::Disk).map_err(|e| DeskError::input(format!("{}: {e}; choose a file that does not exist yet", file.display())))
            }
        }
    }

    /// It stands on the disk.
    fn settle(&self) -> std::io::Result<()> {
        match self {
            New::Disk(file) => file.sync_all(),
            New::Page(_) => Ok(()),
        }
    }
}

/// Writes a new file whole.
pub fn write(file: &Path, bytes: &[u8]) -> Result<(), DeskError> {
    let mut out = New::at(file)?;
    out.write_all(bytes).and_then(|()| out.settle()).map_err(|e| DeskError::environment(format!("writing {}", file.display()), &e))
}

/// Takes away a file that was written and must not stay. What a page received it is never given.
pub fn discard(file: &Path) {
    if listener().is_none() {
        let _ = fs::remove_file(file);
    }
}

/// The name that a file came with: of the page that sent it, else its own.
pub fn name_of(file: &Path, sent: Option<&web::Sent>) -> Option<String> {
    match sent {
        Some(sent) => sent.name.clone(),
        None if listener().is_some() => None,
        None => file.file_name().map(|name| name.to_string_lossy().into_owned()),
    }
}

/// A file that was sent along with a page; none when no page hears this step.
pub fn sent_along(file: &Path) -> Result<Option<web::Sent>, DeskError> {
    let Some(page) = listener() else { return Ok(None) };
    let field = file.to_str().and_then(|name| name.strip_prefix(web::UPLOADED));
    let upload = field.and_then(|field| page.upload(field));
    upload.map(Some).ok_or_else(|| DeskError::input("no file was sent along with this step"))
}

/// A file to read, from the disk or from a page.
pub fn open(file: &Path) -> Result<Box<dyn Read + Send>, DeskError> {
    match sent_along(file)? {
        Some(upload) => Ok(upload.bytes),
        None => Ok(Box::new(File::open(file).map_err(|e| DeskError::input(format!("{}: {e}", file.display())))?)),
    }
}

/// The same with its name.
pub fn named(file: &Path) -> Result<web::Sent, DeskError> {
    match sent_along(file)? {
        Some(sent) => Ok(sent),
        None => Ok(web::Sent { name: name_of(file, None), bytes: open(file)? }),
    }
}

/// A file's bytes, whole.
pub fn read(file: &Path) -> Result<Vec<u8>, DeskError> {
    let mut bytes = Vec::new();
    open(file)?.read_to_end(&mut bytes).map_err(|e| DeskError::input(format!("{}: {e}", file.display())))?;
    Ok(bytes)
}
