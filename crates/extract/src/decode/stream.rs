//! Decodes while it reads, in memory that follows the pieces that are asked for, and remembers where each character
//! came from.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_16BE, UTF_16LE};

use super::{Choice, Map};

/// Raw bytes read at once.
const PIECE: usize = 64 << 10;

enum How {
    /// Each byte is a character.
    Single(Box<[char; 256]>),
    /// UTF-16, low byte first or last.
    Wide(fn([u8; 2]) -> u16),
    /// Everything else, by the library, byte for byte.
    Library(Box<Decoder>),
}

/// See the module.
pub(crate) struct Stream<R> {
    inner: R,
    how: How,
    /// Raw bytes that are read and not decoded.
    raw: Vec<u8>,
    /// Absolute offset of the first of them.
    raw_at: u64,
    /// First raw byte of the character that the library is in.
    character: u64,
    /// Text that was not asked for yet, from `given` on.
    text: Vec<u8>,
    given: usize,
    /// Absolute offset in the text of the first byte of `text`.
    text_at: u64,
    map: Map,
    replaced: u64,
    skip: usize,
    ended: bool,
}

impl<R: Read> Stream<R> {
    pub(crate) fn new(inner: R, choice: Choice) -> Self {
        let encoding = choice.encoding;
        let how = match () {
            () if encoding == UTF_16LE => How::Wide(u16::from_le_bytes),
            () if encoding == UTF_16BE => How::Wide(u16::from_be_bytes),
            () if encoding.is_single_byte() => How::Single(table(encoding)),
            () => How::Library(Box::new(encoding.new_decoder_without_bom_handling())),
        };
        let skip = if choice.skips_mark() { 2 } else { 0 };
        Stream {
            inner, how, raw: Vec::new(), raw_at: 0, character: skip as u64, text: Vec::new(), given: 0, text_at: 0,
            map: Map::default(), replaced: 0, skip, ended: false,
        }
    }

    /// What it reads from.
    pub(crate) fn inner(&mut self) -> &mut R {
        &mut self.inner
    }

    pub(crate) fn map(&mut self) -> &mut Map {
        &mut self.map
    }

    pub(crate) fn into_map(self) -> Map {
        self.map
    }

    pub(crate) fn replaced(&self) -> u64 {
        self.replaced
    }

    /// Raw bytes read so far.
    pub(crate) fn raw_read(&self) -> u64 {
        self.raw_at + self.raw.len() as u64
    }

    fn fill(&mut self) -> io::Result<()> {
        self.text_at += self.text.len() as u64;
        self.text.clear();
        self.given = 0;
        let before = self.raw.len();
        let got = self.inner.by_ref().take((PIECE + self.skip) as u64).read_to_end(&mut self.raw)?;
        self.ended = got < PIECE + self.skip;
        let mark = std::mem::take(&mut self.skip).min(self.raw.len());
        self.raw.drain(..mark);
        self.raw_at += mark as u64;
        let raw = std::mem::take(&mut self.raw);
        debug_assert!(before < 4);
        let used = match &mut self.how {
            How::Single(table) => {
                let table = table.clone();
                self.single(&raw, &table)
            }
            How::Wide(unit) => {
                let unit = *unit;
                self.wide(&raw, unit)
            }
            How::Library(_) => self.library(&raw),
        };
        self.raw_at += used as u64;
        self.raw = raw[used..].to_vec();
        self.map.close(self.text_at + self.text.len() as u64, self.raw_at);
        Ok(())
    }

    fn push(&mut self, c: char, raw: u64, raw_wide: u32) {
        let here = self.text_at + self.text.len() as u64;
        self.map.run(here, raw, c.len_utf8() as u8, raw_wide);
        self.text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        self.replaced += u64::from(c == '\u{fffd}');
    }

    fn single(&mut self, raw: &[u8], table: &[char; 256]) -> usize {
        for (at, byte) in raw.iter().enumerate() {
            self.push(table[usize::from(*byte)], self.raw_at + at as u64, 1);
        }
        raw.len()
    }

    fn wide(&mut self, raw: &[u8], unit: fn([u8; 2]) -> u16) -> usize {
        let value = |at: usize| raw.get(at..at + 2).map(|pair| unit([pair[0], pair[1]]));
        let mut at = 0;
        while let Some(first) = value(at) {
            let place = self.raw_at + at as u64;
            if !(0xd800..0xdc00).contains(&first) {
                self.push(char::from_u32(u32::from(first)).unwrap_or('\u{fffd}'), place, 2);
                at += 2;
                continue;
            }
            match value(at + 2) {
                None if !self.ended => return at,
                Some(second @ 0xdc00..=0xdfff) => {
                    let code = 0x1_0000 + ((u32::from(first) & 0x3ff) << 10 | u32::from(second) & 0x3ff);
                    self.push(char::from_u32(code).unwrap_or('\u{fffd}'), place, 4);
                    at += 4;
                }
                _ => {
                    self.push('\u{fffd}', place, 2);
                    at += 2;
                }
            }
        }
        if self.ended && at < raw.len() {
            self.push('\u{fffd}', self.raw_at + at as u64, 1);
            at = raw.len();
        }
        at
    }

    fn library(&mut self, raw: &[u8]) -> usize {
        let mut out = [0; 32];
        for at in 0..=raw.len() {
            let last = self.ended && at == raw.len();
            let mut source: &[u8] = match raw.get(at..at + 1) {
                Some(byte) => byte,
                None if last => &[],
                None => break,
            };
            loop {
                let How::Library(decoder) = &mut self.how else { return raw.len() };
                let (result, read, written) = decoder.decode_to_utf8_without_replacement(source, &mut out, last);
                source = &source[read..];
                let past = self.raw_at + (raw.len().min(at + 1) - source.len().min(1)) as u64;
                self.characters(&out[..written], past);
                match result {
                    DecoderResult::InputEmpty => break,
                    DecoderResult::OutputFull => {}
                    DecoderResult::Malformed(_, after) => {
                        let end = past.saturating_sub(u64::from(after)).max(self.character);
                        let wide = u32::try_from(end - self.character).unwrap_or(u32::MAX);
                        let place = self.character;
                        self.push('\u{fffd}', place, wide);
                        self.character = end;
                    }
                }
            }
        }
        raw.len()
    }

    /// What the library gave when it had read the raw bytes before `past`.
    fn characters(&mut self, text: &[u8], past: u64) {
        let text = std::str::from_utf8(text).expect("the library writes whole characters");
        let mut left = text.chars().count() as u64;
        for c in text.chars() {
            // Of several characters at once the last takes what remains; one raw byte is the least for each.
            left -= 1;
            let end = if left == 0 { past } else { (self.character + 1).min(past) };
            let wide = u32::try_from(end.saturating_sub(self.character)).unwrap_or(u32::MAX);
            let place = self.character;
            self.push(c, place, wide);
            self.character = end.max(self.character);
        }
    }
}

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.ended {
            self.fill()?;
        }
        let count = buf.len().min(self.text.len() - self.given);
        buf[..count].copy_from_slice(&self.text[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

fn table(encoding: &'static Encoding) -> Box<[char; 256]> {
    let mut table = Box::new(['\u{fffd}'; 256]);
    for (byte, entry) in (0u8..=255).zip(table.iter_mut()) {
        let one = [byte];
        let (text, _) = encoding.decode_without_bom_handling(&one);
        *entry = text.chars().next().unwrap_or('\u{fffd}');
    }
    table
}
