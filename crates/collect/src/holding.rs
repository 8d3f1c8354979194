//! One response while it arrives. A WARC header states the length before the block, so the block is
//! held until its end is known: up to 1 MiB in memory, beyond that in an age-encrypted file in the
//! spool, already unlinked, whose key exists only in this process. No plaintext touches the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Cursor, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use age::stream::StreamWriter;
use age::x25519::Identity;

/// Bytes held in memory before the rest goes to the encrypted file.
pub(crate) const IN_MEMORY: usize = 1 << 20;

const FILE_NAME: &str = "holding.age.tmp";

/// Bytes of one response, in order of arrival.
pub(crate) struct Holding {
    spool: PathBuf,
    place: Place,
    length: u64,
}

enum Place {
    Memory(Vec<u8>),
    Spilled { out: Box<StreamWriter<BufWriter<File>>>, identity: Identity },
}

impl Holding {
    pub(crate) fn new(spool: &Path) -> Holding {
        Holding { spool: spool.to_path_buf(), place: Place::Memory(Vec::new()), length: 0 }
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Place::Memory(held) = &self.place
            && held.len() + bytes.len() > IN_MEMORY
        {
            self.place = spill(&self.spool, held)?;
        }
        self.length += bytes.len() as u64;
        match &mut self.place {
            Place::Memory(held) => {
                held.extend_from_slice(bytes);
                Ok(())
            }
            Place::Spilled { out, .. } => out.write_all(bytes),
        }
    }

    /// Everything that was written, from the beginning.
    pub(crate) fn into_reader(self) -> io::Result<Box<dyn Read>> {
        let (out, identity) = match self.place {
            Place::Memory(held) => return Ok(Box::new(Cursor::new(held))),
            Place::Spilled { out, identity } => (out, identity),
        };
        let mut file = out.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        let decryptor = age::Decryptor::new_buffered(BufReader::new(file)).map_err(io::Error::other)?;
        let reader = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)).map_err(io::Error::other)?;
        Ok(Box::new(reader))
    }
}

fn spill(spool: &Path, held: &[u8]) -> io::Result<Place> {
    let path = spool.join(FILE_NAME);
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(&path)?;
    let identity = Identity::generate();
    let recipient = identity.to_public();
    let encryptor =
        age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).map_err(io::Error::other)?;
    let mut out = Box::new(encryptor.wrap_output(BufWriter::new(file))?);
    out.write_all(held)?;
    Ok(Place::Spilled { out, identity })
}
