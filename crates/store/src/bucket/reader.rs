//! Reads an object of a bucket at any place, by ranges.
//!
//! It holds one window of at most 4 MiB, which grows while reading goes straight on. The object is the one
//! that was there when it was opened: a put in its place is noticed (`If-Match`), not read. What the bytes
//! are worth is decided above: every chunk is authenticated (law 5).

use std::{
    io::{self, Read, Seek, SeekFrom},
    sync::Arc,
};

use super::wire::{Ask, Body, DOCUMENT, Wire};
use crate::vault::VaultError;

const FIRST: u64 = 128 * 1024;
const LARGEST: u64 = 4 << 20;

/// An object that is read by ranges.
pub struct RangeReader {
    wire: Arc<Wire>,
    key: String,
    etag: Option<String>,
    length: u64,
    place: u64,
    window: Vec<u8>,
    window_at: u64,
    next: u64,
}

impl RangeReader {
    /// Opens an object; `None`: it is not there.
    ///
    /// # Errors
    /// [`VaultError::Remote`].
    pub fn open(wire: &Arc<Wire>, key: &str) -> Result<Option<RangeReader>, VaultError> {
        let ask = Ask { attempt: "opening an object", method: "HEAD", key, query: &[], headers: &[], body: Body::None, most: DOCUMENT };
        let answer = wire.send(&ask)?;
        match answer.status {
            404 => return Ok(None),
            200 => {}
            _ => return Err(wire.refusal(&ask, &answer)),
        }
        let length = answer.header("content-length").and_then(|text| text.parse().ok()).ok_or_else(|| wire.not_understood(&ask))?;
        let etag = answer.header("etag").map(str::to_string);
        Ok(Some(RangeReader { wire: Arc::clone(wire), key: key.into(), etag, length, place: 0, window: vec![], window_at: 0, next: FIRST }))
    }

    /// Bytes of the object.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// The bytes of the window from the present place on, after loading them where needed.
    fn ahead(&mut self) -> Result<&[u8], VaultError> {
        let end = self.window_at + self.window.len() as u64;
        if self.place < self.window_at || self.place >= end {
            self.next = if self.place == end { (self.next * 2).min(LARGEST) } else { FIRST };
            self.load()?;
        }
        let skip = usize::try_from(self.place - self.window_at).expect("a window fits into memory");
        Ok(&self.window[skip..])
    }

    fn load(&mut self) -> Result<(), VaultError> {
        let last = self.place.saturating_add(self.next).min(self.length) - 1;
        let mut headers = vec![("range", format!("bytes={}-{last}", self.place))];
        headers.extend(self.etag.iter().map(|etag| ("if-match", etag.clone())));
        let ask = Ask { attempt: "reading an object", method: "GET", key: &self.key, query: &[], headers: &headers, body: Body::None, most: LARGEST.max(DOCUMENT) };
        let mut answer = self.wire.send(&ask)?;
        match answer.status {
            206 => {}
            404 => return Err(VaultError::integrity("blob", "its object went away while it was read")),
            412 => return Err(VaultError::integrity("blob", "its object was replaced while it was read")),
            416 => return Err(VaultError::integrity("blob", "it ends too early")),
            _ => return Err(self.wire.refusal(&ask, &answer)),
        }
        let right = answer.header("content-range") == Some(&format!("bytes {}-{last}/{}", self.place, self.length));
        if !right || answer.body.len() as u64 != last - self.place + 1 {
            return Err(self.wire.not_understood(&ask));
        }
        self.window = std::mem::take(&mut answer.body);
        self.window_at = self.place;
        Ok(())
    }
}

impl Read for RangeReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.place >= self.length || out.is_empty() {
            return Ok(0);
        }
        let ahead = self.ahead()?;
        let taken = ahead.len().min(out.len());
        out[..taken].copy_from_slice(&ahead[..taken]);
        self.place += taken as u64;
        Ok(taken)
    }
}

impl Seek for RangeReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.place.checked_add_signed(by),
        };
        self.place = place.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a place before the beginning"))?;
        Ok(self.place)
    }
}
