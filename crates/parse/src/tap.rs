//! Readers that every format walks over: a buffered tap with a position, a pipe that sends what it
//! reads, a reader at an offset, and the guard against swelling streams. Constant memory.
//!
//! A fault of the bytes (a broken deflate stream, say) is never an error here: the stream ends and
//! the fault is kept as `trouble`. An error means that everything ends; see [`crate::context`].

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use sha2::{Digest, Sha256};

use crate::context::{Context, Held, Parent, is_final};
use crate::member::{DigestCheck, HttpHead, MemberTail};

/// Bytes read at once; also the size of the pieces that travel.
const BUFFER: usize = 128 << 10;
/// Bytes read first.
const FIRST: usize = 8 << 10;

/// A buffered reader that knows its position.
pub(crate) struct Tap<'r> {
    inner: &'r mut dyn Read,
    /// Longer than what is in it, so that a reader that gives a byte at a time pays for a byte.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    position: Rc<Cell<u64>>,
    ended: bool,
    trouble: Option<String>,
}

/// One line, its end included.
pub(crate) enum Line {
    Whole(Vec<u8>),
    TooLong,
    /// Nothing is left.
    End,
}

impl<'r> Tap<'r> {
    pub(crate) fn new(inner: &'r mut dyn Read) -> Self {
        let position = Rc::new(Cell::new(0));
        Tap { inner, buffer: Vec::new(), start: 0, end: 0, position, ended: false, trouble: None }
    }

    /// Bytes consumed so far.
    pub(crate) fn position(&self) -> u64 {
        self.position.get()
    }

    /// The same, to be read while the tap is lent out.
    pub(crate) fn counter(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.position)
    }

    /// Why the stream ended early, if it did.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// At least `count` bytes (at most the buffer), fewer only at the end.
    pub(crate) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        let count = count.min(BUFFER);
        while self.end - self.start < count && !self.ended {
            self.fill(count)?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    pub(crate) fn at_end(&mut self) -> io::Result<bool> {
        Ok(self.peek(1)?.is_empty())
    }

    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start > 0 && self.buffer.len() < self.start + wanted.max(FIRST) {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.buffer.len() || self.position() > 0 && self.buffer.len() < BUFFER {
            // Most members are small: the whole buffer only for those that fill a first piece.
            self.buffer.resize(if self.buffer.is_empty() && self.position() == 0 { FIRST } else { BUFFER }, 0);
        }
        match self.inner.read(&mut self.buffer[self.end..]) {
            Ok(count) => {
                self.ended = count == 0;
                self.end += count;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if is_final(&error) => return Err(error),
            Err(error) => {
                self.trouble = Some(error.to_string());
                self.ended = true;
            }
        }
        Ok(())
    }

    pub(crate) fn skip(&mut self, count: usize) {
        self.consume(count.min(self.end - self.start));
    }

    /// Passes over the rest of a line, however long it is.
    pub(crate) fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let seen = self.peek(1)?;
            let (length, end) = (seen.len(), memchr::memchr(b'\n', seen));
            self.skip(end.map_or(length, |end| end + 1));
            if end.is_some() || length == 0 {
                return Ok(());
            }
        }
    }

    /// Passes over everything that is left.
    pub(crate) fn drain(&mut self) -> io::Result<()> {
        while !self.at_end()? {
            self.skip(BUFFER);
        }
        Ok(())
    }

    /// Reads a line of at most `longest` bytes; a longer one is left where it is.
    pub(crate) fn line(&mut self, longest: usize) -> io::Result<Line> {
        let mut wanted = 512.min(longest);
        loop {
            let seen = self.peek(wanted)?;
            let (seen_length, end) = (seen.len(), memchr::memchr(b'\n', &seen[..seen.len().min(longest)]));
            let length = match end {
                Some(end) => end + 1,
                None if seen_length >= longest => return Ok(Line::TooLong),
                None if seen_length < wanted => seen_length,
                None => {
                    wanted = (seen_length + 1).max(wanted * 2).min(longest);
                    continue;
                }
            };
            if length == 0 {
                return Ok(Line::End);
            }
            let line = self.buffer[self.start..self.start + length].to_vec();
            self.skip(length);
            return Ok(Line::Whole(line));
        }
    }

    /// Moves forward to where `found` holds for the bytes from there on (it sees at least `width`
    /// bytes except at the end); false when it never does. `first` is the byte it must begin with.
    pub(crate) fn seek(&mut self, first: u8, width: usize, found: impl Fn(&[u8]) -> bool) -> io::Result<bool> {
        loop {
            let seen = self.peek(width)?;
            if seen.is_empty() {
                return Ok(false);
            }
            match memchr::memchr(first, seen) {
                None => self.skip(BUFFER),
                Some(0) if found(seen) => return Ok(true),
                Some(0) => self.skip(1),
                Some(distance) => self.skip(distance),
            }
        }
    }
}

impl Read for Tap<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let seen = self.fill_buf()?;
        let count = seen.len().min(buf.len());
        buf[..count].copy_from_slice(&seen[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Tap<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.peek(1)
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
        self.position.set(self.position.get() + count as u64);
    }
}

/// Sends a member's bytes while they are read, so that what lies inside is parsed in one pass.
pub(crate) struct Pipe<'r, 'c, 'p> {
    context: &'c Context<'p>,
    member: Parent,
    inner: &'r mut dyn Read,
    digest: Sha256,
    length: u64,
    trouble: Option<String>,
}

/// How a member ends.
#[derive(Default)]
pub(crate) struct Ending {
    pub stored_length: Option<u64>,
    /// Why it is not complete, if it is not.
    pub reason: Option<String>,
    pub digests: Vec<DigestCheck>,
    /// The head of an HTTP message without a body.
    pub bare: Option<HttpHead>,
}

impl<'r, 'c, 'p> Pipe<'r, 'c, 'p> {
    /// For a member that has begun.
    pub(crate) fn new(context: &'c Context<'p>, member: Parent, inner: &'r mut dyn Read) -> Self {
        Pipe { context, member, inner, digest: Sha256::new(), length: 0, trouble: None }
    }

    /// Reads, and sends, what nobody read.
    pub(crate) fn drain(mut self) -> io::Result<Sent> {
        let mut passed = vec![0; FIRST];
        while self.read(&mut passed)? > 0 {
            passed.resize(BUFFER, 0);
        }
        Ok(Sent { member: self.member, digest: self.digest, length: self.length, trouble: self.trouble })
    }
}

/// A member whose bytes have all been sent, and which has not ended yet.
pub(crate) struct Sent {
    member: Parent,
    digest: Sha256,
    /// Bytes sent.
    pub length: u64,
    /// Why the stream broke, if it did.
    pub trouble: Option<String>,
}

impl Sent {
    /// Ends the member.
    pub(crate) fn close(self, context: &Context<'_>, ending: Ending) -> io::Result<()> {
        context.end(MemberTail {
            id: self.member.number(),
            length: self.length,
            sha256: hex::encode(self.digest.finalize()),
            stored_length: ending.stored_length,
            complete: ending.reason.is_none(),
            reason: ending.reason,
            digests: ending.digests,
            bare_http: ending.bare,
        })
    }
}

impl Read for Pipe<'_, '_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = match self.inner.read(buf) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted || is_final(&error) => {
                return Err(error);
            }
            Err(error) => {
                self.trouble.get_or_insert_with(|| error.to_string());
                0
            }
        };
        self.context.data(self.member.number(), &buf[..count])?;
        self.digest.update(&buf[..count]);
        self.length += count as u64;
        Ok(count)
    }
}

/// Ends a stream that grows beyond the ratio of the budget.
pub(crate) struct Swell<'r, 'c, 'p> {
    context: &'c Context<'p>,
    inner: &'r mut dyn Read,
    compressed: Rc<Cell<u64>>,
    from: u64,
    inflated: u64,
}

impl<'r, 'c, 'p> Swell<'r, 'c, 'p> {
    /// `compressed` counts what `inner` takes in.
    pub(crate) fn new(context: &'c Context<'p>, inner: &'r mut dyn Read, compressed: Rc<Cell<u64>>) -> Self {
        let from = compressed.get();
        Swell { context, inner, compressed, from, inflated: 0 }
    }
}

impl Read for Swell<'_, '_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        self.inflated += count as u64;
        let compressed = self.compressed.get() - self.from;
        if self.context.budget.swollen(compressed, self.inflated) {
            return Err(io::Error::other(format!("{compressed} bytes grew to more than {} bytes", self.inflated)));
        }
        Ok(count)
    }
}

/// Bytes that can be read at any offset.
pub(crate) enum Store<'c, 'p> {
    /// A range of the source, through the host.
    Source { context: &'c Context<'p>, base: u64, length: u64 },
    /// A small archive that came out of a compressed stream, and its share of the memory.
    Held { bytes: Vec<u8>, _share: Held<'c, 'p> },
}

impl<'c, 'p> Store<'c, 'p> {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Store::Source { length, .. } => *length,
            Store::Held { bytes, .. } => bytes.len() as u64,
        }
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.len().saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = left.min(buf.len());
        match self {
            _ if count == 0 => Ok(0),
            Store::Source { context, base, .. } => context.read_at(base + offset, &mut buf[..count]),
            Store::Held { bytes, .. } => {
                let from = usize::try_from(offset).expect("held bytes lie in memory");
                buf[..count].copy_from_slice(&bytes[from..from + count]);
                Ok(count)
            }
        }
    }

    /// Exactly `length` bytes, or fewer at the end.
    pub(crate) fn bytes_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let left = usize::try_from(self.len().saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length.min(left)];
        let mut filled = 0;
        while filled < bytes.len() {
            match self.read_at(offset + filled as u64, &mut bytes[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    /// A reader over `length` bytes from `offset`.
    pub(crate) fn reader(&self, offset: u64, length: u64) -> StoreReader<'_, 'c, 'p> {
        StoreReader { store: self, offset, end: offset.saturating_add(length).min(self.len()) }
    }
}

/// See [`Store::reader`].
pub(crate) struct StoreReader<'s, 'c, 'p> {
    store: &'s Store<'c, 'p>,
    offset: u64,
    end: u64,
}

impl Read for StoreReader<'_, '_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let length = left.min(buf.len());
        let count = self.store.read_at(self.offset, &mut buf[..length])?;
        self.offset += count as u64;
        Ok(count)
    }
}
