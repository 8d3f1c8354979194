//! ZIP (APPNOTE 6.3: zip64, data descriptors, stored and deflated) and WACZ, which is a ZIP.
//!
//! A reader of our own, because the ready ones load the whole directory and keep one entry of each
//! name, and an exhibit must account for every entry: the directory is walked as a stream, equal
//! names are equal data, entries that share bytes are refused (the known way to build a bomb), and
//! bytes that no entry covers are noted. Without a directory the entries are read forward.

use std::collections::BTreeMap;
use std::io::{self, Read};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use crate::context::{Context, Parent};
use crate::member::{Container, DigestCheck, EntryType, FindingKind, MemberHead};
use crate::tap::{Ending, Pipe, Sent, Store, Swell, Tap};
use crate::unpack::{self, Place};

const END: &[u8] = b"PK\x05\x06";
const END_64: &[u8] = b"PK\x06\x06";
const LOCATOR_64: &[u8] = b"PK\x06\x07";
const CENTRAL: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_SIZE: usize = 30;
const CENTRAL_SIZE: usize = 46;
/// Marks at the end of a ZIP that are looked at: whoever writes more of them wants us to.
const ENDS: usize = 64;
/// A data descriptor with its mark and 64-bit sizes.
const DESCRIPTOR: u64 = 24;

fn u16_at(bytes: &[u8], place: usize) -> u64 {
    bytes.get(place..place + 2).map_or(0, |b| u64::from(u16::from_le_bytes([b[0], b[1]])))
}

fn u32_at(bytes: &[u8], place: usize) -> u64 {
    bytes.get(place..place + 4).map_or(0, |b| u64::from(u32::from_le_bytes([b[0], b[1], b[2], b[3]])))
}

fn u64_at(bytes: &[u8], place: usize) -> Option<u64> {
    bytes.get(place..).and_then(|b| b.first_chunk()).map(|b| u64::from_le_bytes(*b))
}

/// Opens a ZIP in a stream: at its place in the source, else held in memory, else read forward.
pub(crate) fn walk(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>, place: Option<Place>) -> io::Result<()> {
    if let Some(place) = place {
        let store = Store::Source { context, base: place.base, length: place.length };
        return walk_store(context, parent, &store);
    }
    let mut held = Vec::new();
    let most = context.may_hold();
    tap.take(most + 1).read_to_end(&mut held)?;
    if held.len() as u64 <= most {
        let share = context.hold(held.len() as u64);
        return walk_store(context, parent, &Store::Held { bytes: held, _share: share });
    }
    let text = format!("a ZIP of more than {most} bytes in a compressed stream: read forward, without its directory");
    context.note(FindingKind::Limit, parent, 0, text)?;
    let mut whole = held.as_slice().chain(tap);
    forward(context, parent, &mut Tap::new(&mut whole))
}

fn walk_store(context: &Context<'_>, parent: Parent, store: &Store<'_, '_>) -> io::Result<()> {
    let Some(directory) = Directory::find(store)? else {
        context.note(
            FindingKind::Truncated,
            parent,
            store.len(),
            "the ZIP has no directory at its end: read forward",
        )?;
        return forward(context, parent, &mut Tap::new(&mut store.reader(0, store.len())));
    };
    if parent == Parent::SOURCE && is_wacz(store, &directory)? {
        context.set_format("wacz");
    }
    let mut covered = BTreeMap::from([(directory.offset, store.len())]);
    let mut count = 0;
    let mut reader = store.reader(directory.offset, directory.end.saturating_sub(directory.offset));
    let mut tap = Tap::new(&mut reader);
    while let Some(entry) = Entry::next(&mut tap, directory.shift)? {
        count += 1;
        from_directory(context, parent, store, &entry, &mut covered)?;
    }
    if count != directory.count {
        let text = format!("the directory declares {} entries and holds {count}", directory.count);
        context.note(FindingKind::Mismatch, parent, directory.offset, text)?;
    }
    note_gaps(context, parent, &covered)
}

/// A WACZ 1.1 has `datapackage.json` at its root and its captures below `archive/`.
fn is_wacz(store: &Store<'_, '_>, directory: &Directory) -> io::Result<bool> {
    let mut reader = store.reader(directory.offset, directory.end.saturating_sub(directory.offset));
    let mut tap = Tap::new(&mut reader);
    let (mut has_package, mut has_archive) = (false, false);
    for _ in 0..100_000 {
        let Some(entry) = Entry::next(&mut tap, directory.shift)? else { break };
        has_package |= entry.name == b"datapackage.json";
        has_archive |= entry.name.starts_with(b"archive/");
    }
    Ok(has_package && has_archive)
}

/// Where the directory lies.
struct Directory {
    offset: u64,
    end: u64,
    count: u64,
    /// Bytes before the archive (a self-extracting program, say), to be added to every offset.
    shift: u64,
}

impl Directory {
    /// Looks for the end record in the last 64 KiB.
    fn find(store: &Store<'_, '_>) -> io::Result<Option<Directory>> {
        let tail_start = store.len().saturating_sub(22 + 65_535);
        let tail = store.bytes_at(tail_start, 22 + 65_535)?;
        for place in memchr::memmem::rfind_iter(&tail, END).take(ENDS) {
            let record = &tail[place..];
            if record.len() < 22 {
                continue;
            }
            let at = tail_start + place as u64;
            if let Some(directory) = Directory::read(store, record, at)? {
                return Ok(Some(directory));
            }
        }
        Ok(None)
    }

    fn read(store: &Store<'_, '_>, record: &[u8], at: u64) -> io::Result<Option<Directory>> {
        let (mut count, mut size, mut offset) = (u16_at(record, 10), u32_at(record, 12), u32_at(record, 16));
        let mut end = at;
        let is_wide = count == 0xffff || size == 0xffff_ffff || offset == 0xffff_ffff;
        if let Some((at_64, record)) = if is_wide { end_record_64(store, at)? } else { None } {
            let wide = |place| u64_at(&record, place).unwrap_or(0);
            (count, size, offset, end) = (wide(32), wide(40), wide(48), at_64);
        }
        let Some(true_offset) = end.checked_sub(size) else { return Ok(None) };
        // Offsets count from the archive's first byte, which need not be the file's.
        let declared_here = store.bytes_at(offset, 4)? == CENTRAL;
        let shift = if declared_here { 0 } else { true_offset.saturating_sub(offset) };
        let offset = if declared_here { offset } else { true_offset };
        let plausible = count == 0 || store.bytes_at(offset, 4)? == CENTRAL;
        Ok(plausible.then_some(Directory { offset, end, count, shift }))
    }
}

fn end_record_64(store: &Store<'_, '_>, at: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
    let locator = store.bytes_at(at.saturating_sub(20), 20)?;
    if !locator.starts_with(LOCATOR_64) {
        return Ok(None);
    }
    let place = u64_at(&locator, 8).unwrap_or(0);
    let record = store.bytes_at(place, 56)?;
    Ok((record.starts_with(END_64) && record.len() == 56).then_some((place, record)))
}

/// An entry, from the directory or from its local header.
struct Entry {
    name: Vec<u8>,
    flags: u64,
    method: u64,
    crc: u64,
    packed: u64,
    size: u64,
    local: u64,
    modified: String,
}

impl Entry {
    /// The next entry of the directory.
    fn next(tap: &mut Tap<'_>, shift: u64) -> io::Result<Option<Entry>> {
        let head = tap.peek(CENTRAL_SIZE)?;
        if head.len() < CENTRAL_SIZE || !head.starts_with(CENTRAL) {
            return Ok(None);
        }
        let head = head[..CENTRAL_SIZE].to_vec();
        tap.skip(CENTRAL_SIZE);
        let name = bytes(tap, u16_at(&head, 28))?;
        let extra = bytes(tap, u16_at(&head, 30))?;
        bytes(tap, u16_at(&head, 32))?;
        let mut entry = Entry {
            name,
            flags: u16_at(&head, 8),
            method: u16_at(&head, 10),
            crc: u32_at(&head, 16),
            packed: u32_at(&head, 20),
            size: u32_at(&head, 24),
            local: u32_at(&head, 42),
            modified: dos_time(u16_at(&head, 14), u16_at(&head, 12)),
        };
        entry.widen(&extra);
        entry.local = entry.local.saturating_add(shift);
        Ok(Some(entry))
    }

    /// The entry whose local header the stream stands at; none when it is cut off.
    fn local(tap: &mut Tap<'_>) -> io::Result<Option<Entry>> {
        let local = tap.position();
        let head = tap.peek(LOCAL_SIZE)?;
        if head.len() < LOCAL_SIZE {
            return Ok(None);
        }
        let head = head[..LOCAL_SIZE].to_vec();
        tap.skip(LOCAL_SIZE);
        let name = bytes(tap, u16_at(&head, 26))?;
        let extra = bytes(tap, u16_at(&head, 28))?;
        let mut entry = Entry {
            name,
            flags: u16_at(&head, 6),
            method: u16_at(&head, 8),
            crc: u32_at(&head, 14),
            packed: u32_at(&head, 18),
            size: u32_at(&head, 22),
            local,
            modified: dos_time(u16_at(&head, 12), u16_at(&head, 10)),
        };
        entry.widen(&extra);
        Ok(Some(entry))
    }

    /// Takes 64-bit values from the extra field 1, in the order of the fields that are full.
    fn widen(&mut self, mut extra: &[u8]) {
        while extra.len() >= 4 {
            let length = usize::try_from(u16_at(extra, 2)).expect("16 bits");
            let content = &extra[4..extra.len().min(4 + length)];
            if u16_at(extra, 0) == 1 {
                let mut place = 0;
                for field in [&mut self.size, &mut self.packed, &mut self.local] {
                    if *field == 0xffff_ffff {
                        *field = u64_at(content, place).unwrap_or(*field);
                        place += 8;
                    }
                }
            }
            extra = extra.get(4 + length..).unwrap_or_default();
        }
    }

    fn is_directory(&self) -> bool {
        self.name.ends_with(b"/") && self.size == 0
    }

    fn is_encrypted(&self) -> bool {
        self.flags & 0x41 != 0 || self.method == 99
    }

    fn has_descriptor(&self) -> bool {
        self.flags & 8 != 0
    }

    /// Why the entry cannot be opened, if it cannot.
    fn obstacle(&self) -> Option<(FindingKind, String)> {
        let name = String::from_utf8_lossy(&self.name[..self.name.len().min(200)]).into_owned();
        match self.method {
            _ if self.is_encrypted() => {
                Some((FindingKind::Encrypted, format!("entry {name} is encrypted: it needs a password", name = model::quoted(name))))
            }
            0 | 8 => None,
            method => Some((
                FindingKind::Unsupported,
                format!("entry {name} uses compression method {method}, not read here", name = model::quoted(name)),
            )),
        }
    }

    fn head(&self) -> MemberHead {
        let kind = if self.is_directory() { EntryType::Directory } else { EntryType::File };
        MemberHead {
            entry: Some(kind),
            declared_length: Some(self.size),
            modified: Some(self.modified.clone()),
            ..unpack::head(Container::ZipEntry, &self.name, self.local)
        }
    }
}

fn bytes(tap: &mut Tap<'_>, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    tap.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// MS-DOS date and time, without a zone, as the archive has it.
fn dos_time(date: u64, time: u64) -> String {
    let (year, month, day) = (1980 + (date >> 9), (date >> 5) & 15, date & 31);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", time >> 11, (time >> 5) & 63, (time & 31) * 2)
}

fn from_directory(
    context: &Context<'_>,
    parent: Parent,
    store: &Store<'_, '_>,
    entry: &Entry,
    covered: &mut BTreeMap<u64, u64>,
) -> io::Result<()> {
    let header = store.bytes_at(entry.local, LOCAL_SIZE)?;
    if header.len() < LOCAL_SIZE || !header.starts_with(LOCAL) {
        return context.reject(FindingKind::Malformed, parent, entry.local, "a ZIP entry without a local header");
    }
    let name =
        store.bytes_at(entry.local + LOCAL_SIZE as u64, usize::try_from(u16_at(&header, 26)).expect("16 bits"))?;
    let start = entry.local + LOCAL_SIZE as u64 + u16_at(&header, 26) + u16_at(&header, 28);
    let end = start.saturating_add(entry.packed);
    if !claim(covered, entry.local, end.max(start)) {
        let text = "a ZIP entry that shares bytes with another: a known way to build a bomb";
        return context.reject(FindingKind::Overlap, parent, entry.local, text);
    }
    if name != entry.name {
        context.note(FindingKind::Mismatch, parent, entry.local, "the local header gives the entry another name")?;
    }
    if let Some((kind, text)) = entry.obstacle() {
        return context.reject(kind, parent, entry.local, text);
    }
    let member = context.begin(parent, entry.head())?;
    let place = match store {
        Store::Source { base, .. } if entry.method == 0 => Some(Place { base: base + start, length: entry.packed }),
        _ => None,
    };
    let mut reader = store.reader(start, entry.packed);
    let content = content(context, member, entry, &mut Tap::new(&mut reader), place)?;
    let missing = end.saturating_sub(store.len());
    let short = (missing > 0).then(|| format!("truncated: {missing} compressed bytes are missing"));
    content.close(context, entry, entry.crc, Some(entry.size), short, Some(end - entry.local))
}

/// Marks bytes as taken; false when some are taken already.
fn claim(covered: &mut BTreeMap<u64, u64>, start: u64, end: u64) -> bool {
    let before = covered.range(..=start).next_back().is_some_and(|(_, taken)| *taken > start);
    let after = covered.range(start..).next().is_some_and(|(taken, _)| *taken < end);
    if !before && !after {
        covered.insert(start, end);
    }
    !before && !after
}

/// Bytes between entries that are more than a data descriptor.
fn note_gaps(context: &Context<'_>, parent: Parent, covered: &BTreeMap<u64, u64>) -> io::Result<()> {
    let mut expected = 0;
    for (start, end) in covered {
        if *start > expected + DESCRIPTOR {
            let text = format!("{} bytes belong to no entry of the ZIP", start - expected);
            context.note(FindingKind::Stray, parent, expected, text)?;
        }
        expected = *end;
    }
    Ok(())
}

/// An entry's content that was sent.
struct Content {
    sent: Sent,
    crc: u32,
    trouble: Option<String>,
}

/// Sends the content of an entry from a stream that stands at it.
fn content(
    context: &Context<'_>,
    member: Parent,
    entry: &Entry,
    tap: &mut Tap<'_>,
    place: Option<Place>,
) -> io::Result<Content> {
    let compressed = tap.counter();
    if entry.method == 0 {
        return send(context, member, tap, place);
    }
    let mut decoder = DeflateDecoder::new(tap);
    send(context, member, &mut Swell::new(context, &mut decoder, compressed), None)
}

fn send(context: &Context<'_>, member: Parent, reader: &mut dyn Read, place: Option<Place>) -> io::Result<Content> {
    let mut checked = Checked { inner: reader, crc: Crc::new() };
    let mut pipe = Pipe::new(context, member, &mut checked);
    unpack::nest(context, member, &mut pipe, place)?;
    let sent = pipe.drain()?;
    Ok(Content { crc: checked.crc.sum(), trouble: sent.trouble.clone(), sent })
}

impl Content {
    /// Ends the entry after comparing it with what the archive declares.
    fn close(
        self,
        context: &Context<'_>,
        entry: &Entry,
        crc: u64,
        size: Option<u64>,
        short: Option<String>,
        stored_length: Option<u64>,
    ) -> io::Result<()> {
        let matches = u64::from(self.crc) == crc;
        let length = self.sent.length;
        let reason = match size {
            _ if short.is_some() => short,
            _ if self.trouble.is_some() => {
                self.trouble.map(|trouble| format!("the compressed bytes are broken: {trouble}"))
            }
            Some(size) if size != length => Some(format!("declared as {size} bytes, but {length} came out")),
            _ if !matches => Some("the CRC-32 is not the declared one".to_string()),
            _ => None,
        };
        let digest = DigestCheck {
            field: "CRC-32".to_string(),
            declared: format!("{crc:08x}"),
            computed: Some(format!("{:08x}", self.crc)),
            matches: Some(matches),
            note: "the entry's content".to_string(),
        };
        let digests = if entry.is_directory() { Vec::new() } else { vec![digest] };
        self.sent.close(context, Ending { stored_length, reason, digests, bare: None })
    }
}

/// CRC-32 of what passes.
struct Checked<'r> {
    inner: &'r mut dyn Read,
    crc: Crc,
}

impl Read for Checked<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        self.crc.update(&buf[..count]);
        Ok(count)
    }
}

/// Reads entries one after the other by their local headers.
fn forward(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>) -> io::Result<()> {
    loop {
        let start = tap.position();
        if !tap.seek(b'P', 4, |head| head.starts_with(LOCAL) || head.starts_with(CENTRAL))? {
            return Ok(());
        }
        if tap.peek(4)?.starts_with(CENTRAL) {
            return Ok(());
        }
        let passed = tap.position() - start;
        if passed > DESCRIPTOR {
            context.note(FindingKind::Stray, parent, start, format!("{passed} bytes belong to no entry of the ZIP"))?;
        }
        let local = tap.position();
        match Entry::local(tap)? {
            Some(entry) => forward_entry(context, parent, tap, &entry)?,
            None => {
                return context.reject(
                    FindingKind::Truncated,
                    parent,
                    local,
                    "truncated: a ZIP entry ends in its header",
                );
            }
        }
    }
}

fn forward_entry(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>, entry: &Entry) -> io::Result<()> {
    if let Some((kind, text)) = entry.obstacle() {
        return context.reject(kind, parent, entry.local, text);
    }
    if entry.has_descriptor() && entry.method == 0 {
        let text = "a stored ZIP entry whose length stands only in the missing directory";
        return context.reject(FindingKind::Truncated, parent, entry.local, text);
    }
    let member = context.begin(parent, entry.head())?;
    let start = tap.position();
    if entry.has_descriptor() {
        // Deflate ends by itself; what the descriptor after it declares is compared.
        let content = content(context, member, entry, tap, None)?;
        let crc = descriptor_crc(tap)?.unwrap_or(u64::from(content.crc));
        return content.close(context, entry, crc, None, None, Some(tap.position() - entry.local));
    }
    let mut limited = (&mut *tap).take(entry.packed);
    let mut inner = Tap::new(&mut limited);
    let content = content(context, member, entry, &mut inner, None)?;
    inner.drain()?;
    let used = tap.position() - start;
    let short =
        (used < entry.packed).then(|| format!("truncated: {used} of {} compressed bytes are there", entry.packed));
    content.close(context, entry, entry.crc, Some(entry.size), short, Some(tap.position() - entry.local))
}

/// The CRC of a data descriptor, when the stream stands at one with its mark.
fn descriptor_crc(tap: &mut Tap<'_>) -> io::Result<Option<u64>> {
    let seen = tap.peek(8)?;
    Ok((seen.starts_with(b"PK\x07\x08") && seen.len() >= 8).then(|| u32_at(seen, 4)))
}
