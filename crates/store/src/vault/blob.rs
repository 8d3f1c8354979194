//! Encrypted blobs: streams of any length in constant memory, read whole or at any place.
//!
//! ChaCha20-Poly1305 (RFC 8439) over chunks of 64 KiB; nonce = `0 (3) ‖ chunk number (8) ‖ last (1)`,
//! the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015). The chunk key is derived from
//! the blob's own key, a random salt, the header and the blob's id: header and id are thereby
//! authenticated with every chunk, and a key that is used for a second attempt never repeats a nonce.
//!
//! Stored form: `"LFBLOB" ‖ version (1) ‖ log2 of the chunk (1) ‖ salt (16)`, then the chunks, each
//! ciphertext ‖ tag (16). An empty blob is one empty last chunk; else the last chunk is not empty.
//!
//! Law 5: opening authenticates the length, so a cut, lengthened or swapped blob never opens; every
//! chunk is authenticated before a byte of it is returned; reading the whole stream also compares
//! SHA-256 before the last bytes are given out. A wrong key cannot be told from changed bytes.

use std::io::{self, Read, Seek, SeekFrom, Write};

use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit, Nonce, Tag};
use model::{Sha256Digest, id::BlobId};
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use super::{
    VaultError,
    secret::{Purpose, Secret32, random},
};

const MAGIC: [u8; 8] = *b"LFBLOB\x01\x10";
const SALT: usize = 16;
const HEADER: usize = MAGIC.len() + SALT;
const TAG: usize = 16;
/// Plaintext bytes in every chunk but the last.
pub const CHUNK: usize = 64 * 1024;
const SEALED_CHUNK: usize = CHUNK + TAG;

/// Whether stored bytes that begin so and are this long can be a whole blob. Without the blob's key nobody can
/// say more; that it is the right one, only its key says.
pub(crate) fn has_shape(beginning: &[u8], length: u64) -> bool {
    let (header, chunk, tag) = (HEADER as u64, SEALED_CHUNK as u64, TAG as u64);
    let Some(body) = length.checked_sub(header) else { return false };
    let last = body % chunk;
    beginning.starts_with(&MAGIC) && (body == tag || body > 0 && (last == 0 || last > tag))
}

/// Which digests to take beside SHA-256, to compare with what others declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlsoDigest {
    /// MD5.
    pub md5: bool,
    /// SHA-1.
    pub sha1: bool,
    /// SHA-512.
    pub sha512: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobSummary {
    /// Plaintext bytes.
    pub length: u64,
    /// SHA-256 of the plaintext.
    pub sha256: Sha256Digest,
    /// MD5, when asked for.
    pub md5: Option<[u8; 16]>,
    /// SHA-1, when asked for.
    pub sha1: Option<[u8; 20]>,
    /// SHA-512, when asked for.
    pub sha512: Option<[u8; 64]>,
}

struct Digests {
    sha256: Sha256,
    md5: Option<md5::Md5>,
    sha1: Option<sha1::Sha1>,
    sha512: Option<Sha512>,
}

impl Digests {
    fn new(also: AlsoDigest) -> Self {
        Digests {
            sha256: Sha256::new(),
            md5: also.md5.then(md5::Md5::new),
            sha1: also.sha1.then(sha1::Sha1::new),
            sha512: also.sha512.then(Sha512::new),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(hasher) = &mut self.md5 {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.sha1 {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.sha512 {
            hasher.update(bytes);
        }
    }

    fn finish(self, length: u64) -> BlobSummary {
        BlobSummary {
            length,
            sha256: Sha256Digest(self.sha256.finalize().into()),
            md5: self.md5.map(|hasher| hasher.finalize().into()),
            sha1: self.sha1.map(|hasher| hasher.finalize().into()),
            sha512: self.sha512.map(|hasher| hasher.finalize().into()),
        }
    }
}

struct ChunkCipher(ChaCha20Poly1305);

impl ChunkCipher {
    fn new(key: &Secret32, name: &str, header: &[u8; HEADER]) -> Self {
        let context = [header.as_slice(), name.as_bytes()].concat();
        let chunk_key = key.derive(Purpose::BlobChunks, &context);
        ChunkCipher(ChaCha20Poly1305::new(chunk_key.expose().into()))
    }

    fn nonce(number: u64, last: bool) -> Nonce {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&number.to_be_bytes());
        nonce[11] = u8::from(last);
        nonce.into()
    }

    /// Encrypts in place and appends the tag.
    fn seal(&self, number: u64, last: bool, chunk: &mut Vec<u8>) {
        let tag = self
            .0
            .encrypt_inout_detached(&Self::nonce(number, last), &[], chunk.as_mut_slice().into())
            .expect("a chunk is far below the cipher's limit");
        chunk.extend_from_slice(&tag);
    }

    /// Checks the tag, decrypts in place and removes the tag.
    fn open(&self, number: u64, last: bool, chunk: &mut Vec<u8>) -> Result<(), VaultError> {
        let refused = || VaultError::integrity("blob", format!("chunk {number} is not the one that was stored under this key"));
        let body = chunk.len().checked_sub(TAG).ok_or_else(refused)?;
        let tag = Tag::try_from(&chunk[body..]).expect("split at the tag's length");
        chunk.truncate(body);
        self.0
            .decrypt_inout_detached(&Self::nonce(number, last), &[], chunk.as_mut_slice().into(), &tag)
            .map_err(|_| refused())
    }
}

/// Encrypts what is written to it. Must be [`finish`](Self::finish)ed; what was not finished never opens.
pub struct BlobWriter<W: Write> {
    inner: W,
    cipher: ChunkCipher,
    chunk: Zeroizing<Vec<u8>>,
    number: u64,
    length: u64,
    digests: Digests,
    /// A chunk could not be stored: what follows it would be a blob with a hole.
    broken: bool,
}

impl<W: Write> BlobWriter<W> {
    /// Begins a blob with a key of its own and writes the header.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`], or what `inner` answered.
    pub fn new(inner: W, key: &Secret32, id: &BlobId, also: AlsoDigest) -> Result<Self, VaultError> {
        BlobWriter::named(inner, key, id.as_str(), also)
    }

    /// The same for bytes that are no blob of a case and have another name, such as a file of an index. Names under
    /// one key must differ.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(crate) fn named(mut inner: W, key: &Secret32, name: &str, also: AlsoDigest) -> Result<Self, VaultError> {
        let mut header = [0; HEADER];
        header[..MAGIC.len()].copy_from_slice(&MAGIC);
        header[MAGIC.len()..].copy_from_slice(&random::<SALT>()?);
        inner.write_all(&header).map_err(|e| VaultError::from_io(e, "storing a blob", name.as_ref()))?;
        Ok(BlobWriter {
            inner,
            cipher: ChunkCipher::new(key, name, &header),
            chunk: Zeroizing::new(Vec::with_capacity(SEALED_CHUNK)),
            number: 0,
            length: 0,
            digests: Digests::new(also),
            broken: false,
        })
    }

    /// Writes the last chunk and gives back the inner writer with the digests of the plaintext.
    ///
    /// # Errors
    /// What the inner writer answered, a full disk for instance.
    pub fn finish(mut self) -> Result<(W, BlobSummary), VaultError> {
        let stored = self.seal_chunk(true).and_then(|()| self.inner.flush());
        stored.map_err(|e| VaultError::from_io(e, "storing a blob", "object".as_ref()))?;
        Ok((self.inner, self.digests.finish(self.length)))
    }

    fn seal_chunk(&mut self, last: bool) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("an earlier part of this blob could not be stored"));
        }
        self.cipher.seal(self.number, last, &mut self.chunk);
        let stored = self.inner.write_all(&self.chunk);
        self.broken = stored.is_err();
        self.chunk.clear();
        self.number += 1;
        stored
    }
}

impl<W: Write> Write for BlobWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits until more comes, because only then is it known not to be the last.
        if self.broken || (self.chunk.len() == CHUNK && !bytes.is_empty()) {
            self.seal_chunk(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        self.digests.update(&bytes[..taken]);
        self.length += taken as u64;
        Ok(taken)
    }

    /// Flushes whole chunks only; the open one is written by [`BlobWriter::finish`].
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Encrypts everything that `source` gives. Memory does not depend on the length.
///
/// # Errors
/// Reading or writing failed, or [`VaultError::NoRandomness`].
pub fn seal_blob<W: Write>(
    source: &mut impl Read,
    sink: W,
    key: &Secret32,
    id: &BlobId,
    also: AlsoDigest,
) -> Result<(W, BlobSummary), VaultError> {
    let mut writer = BlobWriter::new(sink, key, id, also)?;
    let mut piece = Zeroizing::new(vec![0; CHUNK]);
    loop {
        match source.read(&mut piece) {
            Ok(0) => return writer.finish(),
            Ok(n) => writer.write_all(&piece[..n]).map_err(|e| VaultError::from_io(e, "storing a blob", id.as_str().as_ref()))?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(VaultError::from_io(e, "reading what is to be stored", "input".as_ref())),
        }
    }
}

/// Decrypts a stored blob, at any place or whole. Holds one chunk in memory.
pub struct BlobReader<R: Read + Seek> {
    inner: R,
    cipher: ChunkCipher,
    length: u64,
    chunks: u64,
    chunk: Zeroizing<Vec<u8>>,
    loaded: Option<u64>,
}

impl<R: Read + Seek> BlobReader<R> {
    /// Opens a blob and authenticates its length by its last chunk.
    ///
    /// # Errors
    /// [`VaultError::Integrity`] for a cut, lengthened, changed or swapped blob, and for a wrong key.
    pub fn open(inner: R, key: &Secret32, id: &BlobId) -> Result<Self, VaultError> {
        BlobReader::open_named(inner, key, id.as_str())
    }

    /// The same for what was written under another name.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn open_named(mut inner: R, key: &Secret32, name: &str) -> Result<Self, VaultError> {
        let stored = inner.seek(SeekFrom::End(0)).map_err(reading)?;
        let (length, chunks) = plaintext_size(stored)?;
        let mut header = [0; HEADER];
        inner.rewind().and_then(|()| inner.read_exact(&mut header)).map_err(reading)?;
        if header[..MAGIC.len()] != MAGIC {
            return Err(VaultError::integrity("blob", "its header is not one of this program, or of a newer one"));
        }
        let cipher = ChunkCipher::new(key, name, &header);
        // Room for its largest chunk, and no more: all of it is wiped when the reader goes.
        let room = length.min(CHUNK as u64) as usize + TAG;
        let chunk = Zeroizing::new(Vec::with_capacity(room));
        let mut reader = BlobReader { inner, cipher, length, chunks, chunk, loaded: None };
        reader.load(chunks - 1)?;
        Ok(reader)
    }

    /// Plaintext bytes.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether the blob holds nothing.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Fills `out` from `offset` on and says how many bytes there were; fewer only at the end.
    ///
    /// Each chunk is authenticated; that the *whole* is the one the record names is checked by
    /// [`stream`](Self::stream), [`copy_to`](Self::copy_to) and [`verify`](Self::verify).
    ///
    /// # Errors
    /// [`VaultError::Integrity`] when a chunk was changed; [`VaultError::Storage`].
    pub fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<usize, VaultError> {
        let mut done = 0;
        while done < out.len() {
            let piece = self.piece_at(offset.saturating_add(done as u64))?;
            if piece.is_empty() {
                break;
            }
            let taken = piece.len().min(out.len() - done);
            out[done..done + taken].copy_from_slice(&piece[..taken]);
            done += taken;
        }
        Ok(done)
    }

    /// The plaintext from `offset` to the end of its chunk; empty at the end of the blob.
    fn piece_at(&mut self, offset: u64) -> Result<&[u8], VaultError> {
        if offset >= self.length {
            return Ok(&[]);
        }
        self.load(offset / CHUNK as u64)?;
        Ok(&self.chunk[(offset % CHUNK as u64) as usize..])
    }

    fn load(&mut self, number: u64) -> Result<(), VaultError> {
        if self.loaded == Some(number) {
            return Ok(());
        }
        self.loaded = None;
        let last = number + 1 == self.chunks;
        let size = if last { (self.length - number * CHUNK as u64) as usize + TAG } else { SEALED_CHUNK };
        self.chunk.resize(size, 0);
        let start = HEADER as u64 + number * SEALED_CHUNK as u64;
        let read = self.inner.seek(SeekFrom::Start(start)).and_then(|_| self.inner.read_exact(&mut self.chunk));
        read.map_err(reading)?;
        self.cipher.open(number, last, &mut self.chunk)?;
        self.loaded = Some(number);
        Ok(())
    }

    /// The whole plaintext as a stream that ends in an error when SHA-256 differs (law 5).
    ///
    /// The last bytes are given out only after the comparison. Errors are [`io::Error`]s around a
    /// [`VaultError`]; [`VaultError::from_io`] takes it out.
    pub fn stream(&mut self, expected: Sha256Digest) -> BlobStream<'_, R> {
        BlobStream { reader: self, offset: 0, hasher: Some(Sha256::new()), expected }
    }

    /// Copies the whole plaintext and says how long it was. After an error throw away what arrived.
    ///
    /// # Errors
    /// [`VaultError::Integrity`] when bytes or digest differ; [`VaultError::Storage`].
    pub fn copy_to(&mut self, expected: Sha256Digest, sink: &mut impl Write) -> Result<u64, VaultError> {
        let mut hasher = Sha256::new();
        let mut offset = 0;
        loop {
            let piece = self.piece_at(offset)?;
            if piece.is_empty() {
                break;
            }
            hasher.update(piece);
            sink.write_all(piece).map_err(|e| VaultError::from_io(e, "writing a copy", "output".as_ref()))?;
            offset += piece.len() as u64;
        }
        compare(hasher, expected)?;
        Ok(offset)
    }

    /// Reads everything and returns nothing but whether it is what the record says.
    ///
    /// # Errors
    /// As [`copy_to`](Self::copy_to).
    pub fn verify(&mut self, expected: Sha256Digest) -> Result<u64, VaultError> {
        self.copy_to(expected, &mut io::sink())
    }
}

impl<R: Read + Seek> std::fmt::Debug for BlobReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BlobReader({} hidden bytes)", self.length)
    }
}

/// Plaintext length and number of chunks behind a stored length.
fn plaintext_size(stored: u64) -> Result<(u64, u64), VaultError> {
    let body = stored.saturating_sub(HEADER as u64);
    let chunks = body.div_ceil(SEALED_CHUNK as u64);
    let last = body - chunks.saturating_sub(1) * SEALED_CHUNK as u64;
    if last < TAG as u64 || (chunks > 1 && last == TAG as u64) {
        return Err(VaultError::integrity("blob", format!("{stored} bytes is a length that no blob has")));
    }
    Ok((body - chunks * TAG as u64, chunks))
}

fn compare(hasher: Sha256, expected: Sha256Digest) -> Result<(), VaultError> {
    if Sha256Digest(hasher.finalize().into()) == expected {
        return Ok(());
    }
    // The digest itself is not printed: for restricted items it stands nowhere in the clear (law 7).
    Err(VaultError::integrity("blob", "its SHA-256 is not the recorded one"))
}

fn reading(error: io::Error) -> VaultError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return VaultError::integrity("blob", "it ends too early");
    }
    VaultError::from_io(error, "reading a blob", "object".as_ref())
}

/// See [`BlobReader::stream`].
pub struct BlobStream<'a, R: Read + Seek> {
    reader: &'a mut BlobReader<R>,
    offset: u64,
    /// Gone once the comparison was made and held.
    hasher: Option<Sha256>,
    expected: Sha256Digest,
}

impl<R: Read + Seek> Read for BlobStream<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let taken = self.reader.read_at(self.offset, out)?;
        let end = self.offset + taken as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&out[..taken]);
            if end == self.reader.length {
                self.check(&mut out[..taken])?;
            }
        }
        self.offset = end;
        Ok(taken)
    }
}

impl<R: Read + Seek> BlobStream<'_, R> {
    /// Compares at the end; on a difference the bytes just read are taken back and the stream stays closed.
    fn check(&mut self, last: &mut [u8]) -> io::Result<()> {
        let hasher = self.hasher.take().expect("the caller just used it");
        compare(hasher.clone(), self.expected).map_err(|refused| {
            last.fill(0);
            self.hasher = Some(hasher);
            io::Error::from(refused)
        })
    }
}
