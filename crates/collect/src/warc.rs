//! Writes WARC 1.1 (ISO 28500:2017), uncompressed, one record after the other, and counts and hashes
//! what it writes. Blocks go in as received: nothing is decoded or re-ordered.
//!
//! Digests are SHA-256 in base32, as `sha256:` labels are read by the usual tools. The payload digest
//! covers the bytes after the HTTP head with the transfer coding left in place; `warcinfo` says so.

use std::io::{self, Read, Write};

use model::{Moment, Sha256Digest};
use sha2::{Digest, Sha256};

/// Header of one record. `Content-Length` and the block digest are worked out by the writer.
#[derive(Debug, Clone)]
pub struct RecordHead<'a> {
    /// `WARC-Type`: `warcinfo`, `request` or `response`.
    pub kind: &'a str,
    /// `WARC-Record-ID`, as [`record_id`] makes it.
    pub id: &'a str,
    /// `WARC-Date`.
    pub date: Moment,
    /// `Content-Type` of the block.
    pub content_type: &'a str,
    /// Further named fields, in order; values without line breaks.
    pub fields: Vec<(&'a str, String)>,
}

/// What a finished WARC file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarcTotals {
    /// SHA-256 of the whole file.
    pub digest: Sha256Digest,
    /// Its length in bytes.
    pub bytes: u64,
    /// Number of records.
    pub records: u64,
}

/// A WARC file in the making.
pub struct WarcWriter<W> {
    out: W,
    hasher: Sha256,
    bytes: u64,
    records: u64,
}

impl<W: Write> WarcWriter<W> {
    /// Starts a file on `out`.
    pub fn new(out: W) -> Self {
        WarcWriter { out, hasher: Sha256::new(), bytes: 0, records: 0 }
    }

    /// Writes one record whose block has `length` bytes and the digest `block_digest`.
    ///
    /// # Errors
    /// Of the output; and `InvalidData` when `block` does not hold exactly what was stated, or a field
    /// holds a line break.
    pub fn write(&mut self, head: &RecordHead<'_>, block: &mut dyn Read, length: u64, block_digest: Sha256Digest) -> io::Result<()> {
        self.put(head_text(head, length, block_digest)?.as_bytes())?;
        let mut seen = Sha256::new();
        let mut left = length;
        let mut buffer = vec![0; 64 << 10];
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let read = block.read(&mut buffer[..most])?;
            if read == 0 {
                return Err(disagreement("shorter than stated"));
            }
            seen.update(&buffer[..read]);
            self.put(&buffer[..read])?;
            left -= read as u64;
        }
        if seen.finalize()[..] != block_digest.0 {
            return Err(disagreement("not the bytes that were hashed on arrival"));
        }
        self.records += 1;
        self.put(b"\r\n\r\n")
    }

    /// Writes one record whose block is in memory.
    ///
    /// # Errors
    /// As [`WarcWriter::write`].
    pub fn write_bytes(&mut self, head: &RecordHead<'_>, block: &[u8]) -> io::Result<()> {
        self.write(head, &mut &block[..], block.len() as u64, Sha256Digest::of(block))
    }

    /// The output and the totals.
    pub fn finish(self) -> (W, WarcTotals) {
        let totals = WarcTotals { digest: Sha256Digest(self.hasher.finalize().into()), bytes: self.bytes, records: self.records };
        (self.out, totals)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

fn head_text(head: &RecordHead<'_>, length: u64, block_digest: Sha256Digest) -> io::Result<String> {
    let mut text = format!("WARC/1.1\r\nWARC-Type: {}\r\nWARC-Record-ID: {}\r\nWARC-Date: {}\r\n", head.kind, head.id, head.date);
    for (name, value) in &head.fields {
        if value.contains(['\r', '\n']) {
            return Err(disagreement("a header value with a line break"));
        }
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let digest = digest_label(block_digest);
    text.push_str(&format!("WARC-Block-Digest: {digest}\r\nContent-Type: {}\r\nContent-Length: {length}\r\n\r\n", head.content_type));
    Ok(text)
}

fn disagreement(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("WARC block: {what}"))
}

/// `sha256:` and the digest in base32 (RFC 4648 §6, padded).
pub fn digest_label(digest: Sha256Digest) -> String {
    format!("sha256:{}", base32(&digest.0))
}

/// A `WARC-Record-ID` from 16 random bytes: a version 4 UUID (RFC 9562) as URN in angle brackets.
pub fn record_id(mut random: [u8; 16]) -> String {
    random[6] = (random[6] & 0x0f) | 0x40;
    random[8] = (random[8] & 0x3f) | 0x80;
    let digits = hex::encode(random);
    format!("<urn:uuid:{}-{}-{}-{}-{}>", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for group in bytes.chunks(5) {
        let mut padded = [0; 8];
        padded[3..3 + group.len()].copy_from_slice(group);
        let bits = u64::from_be_bytes(padded);
        let digits = (group.len() * 8).div_ceil(5);
        for place in 0..8 {
            let index = (bits >> (35 - 5 * place)) & 31;
            text.push(if place < digits { ALPHABET[index as usize] as char } else { '=' });
        }
    }
    text
}
