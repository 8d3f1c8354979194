//! Flattened text: what a reader would see, in one run of bytes, with a map back to the raw bytes.
//! Every byte here came from a known raw range, so a selector that was joined across tags, entities
//! or invisible characters is still reported at exact raw offsets (law 6: the original is never
//! changed, only read).

use std::borrow::Cow;

/// A stretch of flattened text. `unit == 0`: byte for byte as in the raw bytes. Otherwise the whole
/// stretch stands for `unit` raw bytes (an entity, a tag that breaks the line).
#[derive(Debug, Clone, Copy)]
struct Stretch {
    flat: u32,
    raw: u32,
    unit: u32,
}

/// A place where two pieces of text touch only because a tag between them was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Joint {
    /// Position in flattened text.
    pub at: u32,
    /// True for tags that often part two things (`span`, `a`), false for mere styling (`b`, `wbr`).
    pub parts: bool,
}

/// Where a piece of text stood in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Zone {
    /// Shown to the reader (also: all of a plain text).
    Text,
    /// Value of an attribute; the raw range of its name.
    Attribute { name: (u32, u32) },
    /// Inside `<!-- -->` or another declaration.
    Comment,
    /// Script or style sheet.
    Code,
    /// A tag's own name, when it is too long or too strange to be a tag.
    TagName,
}

/// Flattened text with its map. Sizes are bounded by the window (`u32` offsets).
#[derive(Debug, Default)]
pub(crate) struct Flat<'a> {
    pub bytes: Cow<'a, [u8]>,
    pub joints: Vec<Joint>,
    stretches: Vec<Stretch>,
    zones: Vec<(u32, Zone)>,
}

impl<'a> Flat<'a> {
    /// Text that needs no flattening: every byte stands for itself.
    pub(crate) fn identity(bytes: &'a [u8]) -> Self {
        Flat { bytes: Cow::Borrowed(bytes), ..Flat::default() }
    }

    /// The raw range of a non-empty flat range.
    pub(crate) fn raw_range(&self, start: usize, end: usize) -> (usize, usize) {
        if self.stretches.is_empty() {
            return (start, end);
        }
        let from = self.stretches.partition_point(|s| s.flat as usize <= start).saturating_sub(1);
        // The last byte stands in the same stretch or in one of the next.
        let more = self.stretches[from..].iter().skip(1).take_while(|s| (s.flat as usize) < end).count();
        (self.raw_of(start, from).0, self.raw_of(end - 1, from + more).1)
    }

    /// The raw range of the byte at `flat`, which stands in the stretch of this number.
    fn raw_of(&self, flat: usize, index: usize) -> (usize, usize) {
        let stretch = self.stretches[index];
        let raw = stretch.raw as usize;
        if stretch.unit > 0 {
            return (raw, raw + stretch.unit as usize);
        }
        let here = raw + flat - stretch.flat as usize;
        (here, here + 1)
    }

    /// The stretches of a flat range, each as (position in the range, raw position, raw length it stands for as a
    /// whole or 0 where every byte stands for itself).
    pub(crate) fn runs(&self, start: usize, end: usize) -> Vec<(usize, usize, usize)> {
        if self.stretches.is_empty() || start >= end {
            return vec![(0, start, 0)];
        }
        let from = self.stretches.partition_point(|s| s.flat as usize <= start).saturating_sub(1);
        let within = self.stretches[from..].iter().take_while(|s| (s.flat as usize) < end);
        let run = |s: &Stretch| {
            let cut = start.saturating_sub(s.flat as usize);
            let raw = if s.unit > 0 { s.raw as usize } else { s.raw as usize + cut };
            ((s.flat as usize).max(start) - start, raw, s.unit as usize)
        };
        within.map(run).collect()
    }

    /// The parts of the document in which text was kept apart, each with its flat range; none for plain text.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&Zone, usize, usize)> {
        let end_of = |i: usize| self.zones.get(i + 1).map_or(self.bytes.len(), |(at, _)| *at as usize);
        self.zones.iter().enumerate().map(move |(i, (at, zone))| (zone, *at as usize, end_of(i)))
    }

    /// Where in the document the byte at `flat` stood.
    pub(crate) fn zone(&self, flat: usize) -> &Zone {
        let index = self.zones.partition_point(|(at, _)| *at as usize <= flat);
        index.checked_sub(1).map_or(&Zone::Text, |i| &self.zones[i].1)
    }

    /// Where the part of the document ends in which the byte at `flat` stood. The next part may have
    /// been copied from raw bytes before this one, so nothing is read across.
    pub(crate) fn zone_end(&self, flat: usize) -> usize {
        let index = self.zones.partition_point(|(at, _)| *at as usize <= flat);
        self.zones.get(index).map_or(self.bytes.len(), |(at, _)| *at as usize)
    }

    /// Where that part of the document begins.
    pub(crate) fn zone_start(&self, flat: usize) -> usize {
        let index = self.zones.partition_point(|(at, _)| *at as usize <= flat);
        index.checked_sub(1).map_or(0, |i| self.zones[i].0 as usize)
    }

    /// Joints strictly inside a flat range.
    pub(crate) fn joints_in(&self, start: usize, end: usize) -> &[Joint] {
        let from = self.joints.partition_point(|j| j.at as usize <= start);
        let to = self.joints.partition_point(|j| (j.at as usize) < end);
        &self.joints[from..to.max(from)]
    }
}

/// Builds a [`Flat`] from left to right.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    joints: Vec<Joint>,
    stretches: Vec<Stretch>,
    zones: Vec<(u32, Zone)>,
    next_raw: Option<usize>,
}

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Writer { bytes: Vec::with_capacity(bytes), ..Writer::default() }
    }

    /// Bytes written so far.
    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }

    fn here(&self) -> u32 {
        u32::try_from(self.bytes.len()).expect("a window is far below 4 GiB")
    }

    fn stretch(&mut self, raw: usize, unit: usize) {
        let narrow = |n: usize| u32::try_from(n).expect("a window is far below 4 GiB");
        self.stretches.push(Stretch { flat: self.here(), raw: narrow(raw), unit: narrow(unit) });
    }

    /// Raw bytes that stand for themselves.
    pub(crate) fn literal(&mut self, raw: usize, bytes: &[u8]) {
        if self.next_raw != Some(raw) {
            self.stretch(raw, 0);
        }
        self.bytes.extend_from_slice(bytes);
        self.next_raw = Some(raw + bytes.len());
    }

    /// Text that stands for `raw_len` raw bytes as a whole.
    pub(crate) fn unit(&mut self, raw: usize, raw_len: usize, text: &[u8]) {
        self.stretch(raw, raw_len);
        self.bytes.extend_from_slice(text);
        self.next_raw = None;
    }

    /// Something that parts text: nothing is joined across it.
    pub(crate) fn part(&mut self, raw: usize) {
        if self.bytes.last().is_some_and(|b| *b != b'\n') {
            self.unit(raw, 1, b"\n");
        }
    }

    /// A tag that was left out, with text touching on both sides.
    pub(crate) fn joint(&mut self, parts: bool) {
        let at = self.here();
        match self.joints.last_mut() {
            Some(last) if last.at == at => last.parts |= parts,
            _ => self.joints.push(Joint { at, parts }),
        }
    }

    /// What follows stands in another part of the document.
    pub(crate) fn enter(&mut self, raw: usize, zone: Zone) {
        self.part(raw);
        let at = self.here();
        self.zones.push((at, zone));
    }

    /// Copies document text: entities decoded (when asked), invisible characters left out.
    pub(crate) fn copy(&mut self, bytes: &[u8], start: usize, end: usize, entities: bool) {
        let mut at = start;
        while at < end {
            let plain = bytes[at..end].iter().position(|b| SPECIAL[*b as usize]).unwrap_or(end - at);
            if plain > 0 {
                self.literal(at, &bytes[at..at + plain]);
                at += plain;
            }
            if at < end {
                at += self.special(&bytes[at..end], at, entities);
            }
        }
    }

    /// Handles one special byte; returns how many raw bytes were taken.
    fn special(&mut self, rest: &[u8], raw: usize, entities: bool) -> usize {
        if let Some(length) = invisible(rest) {
            return length;
        }
        if rest.starts_with(b"\xc2\xa0") {
            self.unit(raw, 2, b" ");
            return 2;
        }
        match entity(rest).filter(|_| entities) {
            Some((None, length)) => length,
            Some((Some(letter), length)) => {
                self.unit(raw, length, letter.encode_utf8(&mut [0; 4]).as_bytes());
                length
            }
            None => {
                self.literal(raw, &rest[..1]);
                1
            }
        }
    }

    pub(crate) fn finish(self) -> Flat<'static> {
        Flat { bytes: Cow::Owned(self.bytes), joints: self.joints, stretches: self.stretches, zones: self.zones }
    }
}

/// First bytes of everything that `Writer::special` may change.
static SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    table[b'&' as usize] = true;
    table[0xc2] = true;
    table[0xe2] = true;
    table[0xef] = true;
    table
};

/// Length of an invisible character at the start of `rest`: soft hyphen, zero-width and bidirectional
/// controls, byte order mark, variation selectors.
pub(crate) fn invisible(rest: &[u8]) -> Option<usize> {
    match rest {
        [0xc2, 0xad, ..] => Some(2),
        [0xe2, 0x80, 0x8b..=0x8f | 0xaa..=0xae, ..] => Some(3),
        [0xe2, 0x81, 0xa0..=0xa4 | 0xa6..=0xa9, ..] => Some(3),
        [0xef, 0xbb, 0xbf, ..] => Some(3),
        [0xef, 0xb8, 0x80..=0x8f, ..] => Some(3),
        _ => None,
    }
}

/// Whether any invisible character stands in `raw`.
pub(crate) fn has_invisible(raw: &[u8]) -> bool {
    (0..raw.len()).any(|i| raw[i] >= 0x80 && invisible(&raw[i..]).is_some())
}

/// The character that an entity stands for (`None`: an invisible one) and its raw length.
pub(crate) fn entity(rest: &[u8]) -> Option<(Option<char>, usize)> {
    let body = rest.strip_prefix(b"&")?;
    if body.first() == Some(&b'#') {
        return numeric_entity(body);
    }
    let end = body.iter().take(12).position(|b| *b == b';')?;
    let letter = named_entity(&body[..end])?;
    Some((visible(letter), end + 2))
}

fn numeric_entity(body: &[u8]) -> Option<(Option<char>, usize)> {
    let (digits_at, radix) = if matches!(body.get(1), Some(b'x' | b'X')) { (2, 16) } else { (1, 10) };
    let digits = body[digits_at..].iter().take(8).take_while(|b| char::from(**b).is_digit(radix)).count();
    let text = std::str::from_utf8(&body[digits_at..digits_at + digits]).ok()?;
    let letter = char::from_u32(u32::from_str_radix(text, radix).ok()?)?;
    let end = digits_at + digits;
    let semicolon = usize::from(body.get(end) == Some(&b';'));
    Some((visible(letter), 1 + end + semicolon))
}

pub(crate) fn visible(letter: char) -> Option<char> {
    if letter == '\u{a0}' {
        return Some(' ');
    }
    let mut buffer = [0; 4];
    invisible(letter.encode_utf8(&mut buffer).as_bytes()).is_none().then_some(letter)
}

/// The named entities that can stand inside an identifier, or between two of its parts.
fn named_entity(name: &[u8]) -> Option<char> {
    Some(match name {
        b"amp" | b"AMP" => '&',
        b"lt" | b"LT" => '<',
        b"gt" | b"GT" => '>',
        b"quot" | b"QUOT" => '"',
        b"apos" => '\'',
        b"nbsp" | b"NonBreakingSpace" | b"ensp" | b"emsp" | b"thinsp" => ' ',
        b"shy" => '\u{ad}',
        b"zwj" => '\u{200d}',
        b"zwnj" => '\u{200c}',
        b"ZeroWidthSpace" => '\u{200b}',
        b"NoBreak" => '\u{2060}',
        b"lrm" => '\u{200e}',
        b"rlm" => '\u{200f}',
        b"Tab" => '\t',
        b"NewLine" => '\n',
        b"commat" => '@',
        b"period" => '.',
        b"colon" => ':',
        b"sol" => '/',
        b"plus" => '+',
        b"equals" => '=',
        b"quest" => '?',
        b"num" => '#',
        b"percnt" => '%',
        b"lowbar" | b"UnderBar" => '_',
        b"hyphen" | b"dash" => '-',
        b"lsqb" | b"lbrack" => '[',
        b"rsqb" | b"rbrack" => ']',
        b"lpar" => '(',
        b"rpar" => ')',
        b"ndash" => '\u{2013}',
        b"mdash" => '\u{2014}',
        b"hellip" => '\u{2026}',
        _ => return None,
    })
}
