//! A reader by lines, in constant memory: a line that never ends comes in pieces.

use std::io::{self, Read};

use memchr::memchr;

/// Bytes that are read at once, and the longest piece of a line.
const PIECE: usize = 64 << 10;

/// See the module.
pub(super) struct Lines<R> {
    inner: R,
    held: Vec<u8>,
    /// The first byte of `held` that was not taken.
    at: usize,
    /// Its place in what is read.
    raw: u64,
    /// Whether a line begins there.
    begins: bool,
    over: bool,
}

/// What is read next.
pub(super) struct Piece<'l> {
    pub bytes: &'l [u8],
    pub raw: u64,
    /// A line begins here.
    pub begins: bool,
    /// The line, or the last one, ends here.
    pub ends: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(inner: R) -> Self {
        Lines { inner, held: Vec::new(), at: 0, raw: 0, begins: true, over: false }
    }

    /// Place of the next byte.
    pub(super) fn raw(&self) -> u64 {
        self.raw
    }

    /// The rest of the line, with its end; none at the end of everything. It stays until it is taken.
    pub(super) fn piece(&mut self) -> io::Result<Option<Piece<'_>>> {
        let mut looked = 0;
        let (length, ends) = loop {
            let rest = &self.held[self.at..];
            if let Some(end) = memchr(b'\n', &rest[looked..]) {
                break (looked + end + 1, true);
            }
            if rest.len() >= PIECE {
                break (PIECE, false);
            }
            if self.over {
                break (rest.len(), true);
            }
            looked = rest.len();
            self.fill()?;
        };
        let bytes = &self.held[self.at..self.at + length];
        Ok((length > 0).then_some(Piece { bytes, raw: self.raw, begins: self.begins, ends }))
    }

    fn fill(&mut self) -> io::Result<()> {
        self.held.drain(..self.at);
        self.at = 0;
        let got = self.inner.by_ref().take(PIECE as u64).read_to_end(&mut self.held)?;
        self.over = got < PIECE;
        Ok(())
    }

    /// Passes over so many bytes of the piece.
    pub(super) fn take(&mut self, length: usize) {
        let Some(last) = length.checked_sub(1) else { return };
        self.begins = self.held[self.at + last] == b'\n';
        self.at += length;
        self.raw += length as u64;
    }
}
