//! A saved folder as one stream: a plain tar of its regular files, in a steady order, so that a page
//! saved with its pictures becomes one exhibit whose members are unpacked and hashed later.
//!
//! It follows no link, keeps no owner and no rights, and refuses what is neither a file nor a folder.

use std::{
    fs::{self, File},
    io::{PipeReader, PipeWriter, Read},
    path::{Path, PathBuf},
    thread::JoinHandle,
};

/// The stream. Its end is an error when a file could not be read, so that nothing cut short is ever
/// taken for the whole.
pub struct Stream {
    bytes: PipeReader,
    writer: Option<JoinHandle<std::io::Result<()>>>,
}

impl Stream {
    /// Begins to stream `folder`.
    ///
    /// # Errors
    /// When the system gives no pipe.
    pub fn of(folder: &Path) -> std::io::Result<Stream> {
        let (bytes, out) = std::io::pipe()?;
        let folder = folder.to_path_buf();
        Ok(Stream { bytes, writer: Some(std::thread::spawn(move || write(&folder, out))) })
    }
}

impl Read for Stream {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let taken = self.bytes.read(out)?;
        if taken == 0 && !out.is_empty() && let Some(writer) = self.writer.take() {
            writer.join().unwrap_or_else(|_| Err(std::io::Error::other("reading the folder was broken off")))?;
        }
        Ok(taken)
    }
}

fn write(folder: &Path, out: PipeWriter) -> std::io::Result<()> {
    let mut tar = tar::Builder::new(out);
    tar.mode(tar::HeaderMode::Deterministic);
    tar.follow_symlinks(false);
    for path in files(folder)? {
        let name = path.strip_prefix(folder).map_err(std::io::Error::other)?;
        tar.append_file(name, &mut File::open(&path)?)?;
    }
    tar.into_inner().map(drop)
}

fn files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let (mut found, mut waiting) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            match (kind.is_dir(), kind.is_file()) {
                (true, _) => waiting.push(entry.path()),
                (_, true) => found.push(entry.path()),
                _ => return Err(std::io::Error::other(format!("{} is a link or a device: take it out of the folder first", entry.path().display()))),
            }
        }
    }
    found.sort();
    Ok(found)
}
