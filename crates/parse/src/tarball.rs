//! tar (POSIX ustar, pax, GNU long names): entries in order, in one pass.
//!
//! Names and link targets are data: `..`, absolute paths and line ends mean nothing here. GNU sparse
//! files are delivered as stored and rejected, because their holes are not rebuilt.

use std::io::{self, Read};

use crate::context::{Context, Parent};
use crate::member::{Container, EntryType, FindingKind, MemberHead, RawName};
use crate::tap::{Ending, Pipe, Tap};
use crate::unpack::{self, Place};

const BLOCK: usize = 512;
/// Longest extended header; what is longer is cut, with a note.
const EXTENDED: u64 = 64 << 10;

/// Whether a block is a header: its checksum holds (unsigned, or signed as old programs wrote it).
pub(crate) fn is_header(block: &[u8]) -> bool {
    let Some(stored) = block.get(148..156).and_then(octal) else { return false };
    let sum = |value: fn(u8) -> i64| -> i64 {
        let blanked = |place: usize, byte: u8| if (148..156).contains(&place) { b' ' } else { byte };
        block.iter().take(BLOCK).enumerate().map(|(place, byte)| value(blanked(place, *byte))).sum()
    };
    let stored = i64::try_from(stored).unwrap_or(-1);
    block.len() >= BLOCK && (sum(i64::from) == stored || sum(|b| i64::from(b.cast_signed())) == stored)
}

/// An octal field, or a base-256 one (GNU).
fn octal(field: &[u8]) -> Option<u64> {
    if let [first @ 0x80..=0xff, rest @ ..] = field {
        let start = u64::from(first & 0x3f);
        let is_negative = first & 0x40 != 0;
        return rest
            .iter()
            .try_fold(start, |value, byte| value.checked_mul(256)?.checked_add(u64::from(*byte)))
            .filter(|_| !is_negative);
    }
    let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
    if text.is_empty() {
        return Some(0);
    }
    u64::from_str_radix(text, 8).ok()
}

/// A header with what extended headers said before it.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    is_sparse: bool,
}

/// Walks the entries.
pub(crate) fn walk(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>, place: Option<Place>) -> io::Result<()> {
    let mut extended = Extended::default();
    let mut first = None;
    loop {
        let start = tap.position();
        let block = tap.peek(BLOCK)?;
        if block.is_empty() {
            return missing_end(context, parent, tap, start);
        }
        if block.len() >= BLOCK && block[..BLOCK].iter().all(|b| *b == 0) {
            return end(context, parent, tap);
        }
        if !is_header(block) {
            stray(context, parent, tap)?;
            continue;
        }
        let header = block[..BLOCK].to_vec();
        tap.skip(BLOCK);
        let Some(size) = octal(&header[124..136]) else {
            context.reject(FindingKind::Malformed, parent, start, "a tar entry whose size is not a number")?;
            continue;
        };
        let first_header = *first.get_or_insert(start);
        if is_extended(&header) {
            if size > EXTENDED {
                let text = format!("an extended tar header of {size} bytes is cut after {EXTENDED}");
                context.note(FindingKind::Limit, parent, start, text)?;
            }
            extend(tap, &header, size, &mut extended)?;
            continue;
        }
        first = None;
        let entry = Entry { header, start: first_header, size: extended.size.unwrap_or(size) };
        deliver(context, parent, tap, place, &entry, std::mem::take(&mut extended))?;
    }
}

/// GNU long names, pax headers.
fn is_extended(header: &[u8]) -> bool {
    matches!(header[156], b'L' | b'K' | b'x' | b'g')
}

/// Takes in an extended header.
fn extend(tap: &mut Tap<'_>, header: &[u8], size: u64, extended: &mut Extended) -> io::Result<()> {
    let mut content = Vec::new();
    tap.take(size.min(EXTENDED)).read_to_end(&mut content)?;
    pass(tap, size.saturating_sub(EXTENDED))?;
    pass(tap, padding(size))?;
    let until_zero = |bytes: &[u8]| bytes.split(|b| *b == 0).next().unwrap_or_default().to_vec();
    match header[156] {
        b'L' => extended.name = Some(until_zero(&content)),
        b'K' => extended.link = Some(until_zero(&content)),
        b'x' => pax(&content, extended),
        // Global headers carry comments and defaults that no name or size depends on.
        _ => {}
    }
    Ok(())
}

/// `length key=value\n` records (POSIX.1-2001); what does not parse is passed over.
fn pax(mut content: &[u8], extended: &mut Extended) {
    while let Some(space) = content.iter().position(|b| *b == b' ') {
        let length = std::str::from_utf8(&content[..space]).ok().and_then(|text| text.parse::<usize>().ok());
        let Some(record) = length.filter(|length| *length > space).and_then(|length| content.get(space + 1..length))
        else {
            return;
        };
        content = &content[space + 1 + record.len()..];
        let record = record.strip_suffix(b"\n").unwrap_or(record);
        let Some(equals) = record.iter().position(|b| *b == b'=') else { continue };
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        match key {
            b"path" => extended.name = Some(value.to_vec()),
            b"linkpath" => extended.link = Some(value.to_vec()),
            b"size" => extended.size = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()),
            _ if key.starts_with(b"GNU.sparse.") => extended.is_sparse = true,
            _ => {}
        }
    }
}

struct Entry {
    header: Vec<u8>,
    start: u64,
    size: u64,
}

impl Entry {
    fn name(&self) -> Vec<u8> {
        let text =
            |range: std::ops::Range<usize>| self.header[range].split(|b| *b == 0).next().unwrap_or_default().to_vec();
        let (name, prefix) = (text(0..100), text(345..500));
        let is_ustar = &self.header[257..263] == b"ustar\0";
        if is_ustar && !prefix.is_empty() { [prefix, name].join(&b'/') } else { name }
    }

    fn entry_type(&self, link: Option<Vec<u8>>) -> EntryType {
        let target =
            || link.unwrap_or_else(|| self.header[157..257].split(|b| *b == 0).next().unwrap_or_default().to_vec());
        match self.header[156] {
            b'5' => EntryType::Directory,
            b'1' | b'2' => EntryType::Link { target: RawName::new(&target()) },
            b'3' | b'4' | b'6' => EntryType::Special,
            _ => EntryType::File,
        }
    }
}

fn deliver(
    context: &Context<'_>,
    parent: Parent,
    tap: &mut Tap<'_>,
    place: Option<Place>,
    entry: &Entry,
    extended: Extended,
) -> io::Result<()> {
    let kind = entry.entry_type(extended.link);
    let has_bytes = kind == EntryType::File;
    let size = if has_bytes { entry.size } else { 0 };
    let is_sparse = extended.is_sparse || entry.header[156] == b'S';
    let member = MemberHead {
        entry: Some(kind),
        declared_length: Some(size),
        modified: octal(&entry.header[136..148]).map(|seconds| format!("{seconds} s after 1970-01-01")),
        ..unpack::head(Container::TarEntry, &extended.name.unwrap_or_else(|| entry.name()), entry.start)
    };
    let member = context.begin(parent, member)?;
    let inner_place = Place::part(place, tap.position(), size);
    let mut limited = tap.take(size);
    let mut pipe = Pipe::new(context, member, &mut limited);
    unpack::nest(context, member, &mut pipe, inner_place)?;
    let sent = pipe.drain()?;
    let reason = match () {
        () if sent.length < size => Some(format!("truncated: {} of {size} bytes are there", sent.length)),
        () if is_sparse => Some("a sparse file: the stored bytes are here, its holes are not rebuilt".to_string()),
        () => None,
    };
    pass(tap, padding(size))?;
    let stored_length = Some(tap.position() - entry.start);
    sent.close(context, Ending { stored_length, reason, ..Ending::default() })
}

fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}

fn pass(tap: &mut Tap<'_>, count: u64) -> io::Result<()> {
    io::copy(&mut tap.take(count), &mut io::sink()).map(drop)
}

/// Bytes that are no header: passed over to the next one, block by block.
fn stray(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>) -> io::Result<()> {
    let start = tap.position();
    loop {
        pass(tap, BLOCK as u64)?;
        let block = tap.peek(BLOCK)?;
        let is_zero = block.len() >= BLOCK && block[..BLOCK].iter().all(|b| *b == 0);
        if block.is_empty() || is_zero || is_header(block) {
            let text = format!("{} bytes belong to no tar entry", tap.position() - start);
            return context.reject(FindingKind::Stray, parent, start, text);
        }
    }
}

fn missing_end(context: &Context<'_>, parent: Parent, tap: &Tap<'_>, start: u64) -> io::Result<()> {
    let trouble = tap.trouble().map_or_else(String::new, |trouble| format!(" ({trouble})"));
    context.note(FindingKind::Truncated, parent, start, format!("the tar archive has no end mark{trouble}"))
}

/// After the end mark only zeros are usual.
fn end(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>) -> io::Result<()> {
    let start = tap.position();
    loop {
        let seen = tap.peek(BLOCK)?;
        let zeros = seen.iter().take_while(|b| **b == 0).count();
        if zeros == 0 {
            break;
        }
        tap.skip(zeros);
    }
    if tap.at_end()? {
        return Ok(());
    }
    let offset = tap.position();
    tap.drain()?;
    let text = format!("{} bytes after the end mark belong to no tar entry", tap.position() - offset.max(start));
    context.note(FindingKind::Stray, parent, offset, text)
}
