//! E-mail (RFC 5322, MIME) and mbox files as a row of texts: the header of each message and part, then its body, with
//! transfer codings, encoded words and the quoting of mbox undone, each byte with its place in the raw file.
//!
//! Read forward in constant memory, with a list of open boundaries instead of recursion, so that nesting costs a
//! stranger's file nothing but its length. Bounds: 20 multiparts in each other, 10,000 parts of a message, a header of
//! 1 MiB; what lies beyond is read as the text that it is, and told. A message that is cut is read as far as it goes.
//!
//! It refuses to trust the label of a part: what is called text is read, and so is anything else whose bytes are text.
//! What is none is passed over, and told. Not read: uuencode, yEnc and TNEF, names of files (RFC 2231), what is encrypted;
//! an attached message that is itself in base64 is read as text. The caged parser opens attachments (`parse::mail`).

mod coding;
mod head;
mod lines;

use std::io::{self, Read};

use memchr::memchr;
use model::mail::{field_name, is_from_line, is_mbox, is_message};

use crate::Kind;
use crate::decode::{Charset, Map};

use coding::{Coding, Out};
use head::Head;
use lines::Lines;

/// Longest header.
const HEAD: usize = 1 << 20;
/// Multiparts inside multiparts.
const LEVELS: usize = 20;
/// Longest boundary; RFC 2046 allows 70.
const BOUNDARY: usize = 200;
/// Parts of one message.
const PARTS: u32 = 10_000;

/// Something that was not read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// First byte in the file.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
    /// What it is, and what became of it.
    pub what: String,
}

/// Something that was done to a stretch of the text.
#[derive(Debug, Clone)]
pub(crate) struct Done {
    pub start: u64,
    pub end: u64,
    pub step: String,
}

/// A text of a message.
pub(crate) struct Part {
    /// How it is to be read.
    pub kind: Kind,
    /// The charset that it declares.
    pub charset: Option<Charset>,
    /// Whether it says that it is text.
    pub is_text: bool,
    /// What it says that it is.
    pub media: String,
    /// Its first raw byte.
    pub start: u64,
    /// What was done to read it.
    pub done: Vec<Done>,
}

impl Part {
    /// Told of a part that was not read, which ends at `end`.
    pub(crate) fn passed_over(&self, end: u64) -> Left {
        let media = if self.media.is_empty() { "unknown" } else { &self.media };
        Left { start: self.start, end, what: format!("an attachment that is no text ({media}) was passed over: admit the message as an exhibit, and it is opened") }
    }

    /// What was done to read the bytes `start..end` of its text.
    pub(crate) fn steps(&self, start: u64, end: u64) -> Vec<String> {
        let mut steps: Vec<String> = Vec::new();
        let first = self.done.partition_point(|done| done.end <= start);
        for done in self.done[first..].iter().take_while(|done| done.start < end) {
            if !steps.contains(&done.step) {
                steps.push(done.step.clone());
            }
        }
        steps
    }
}

/// What comes after the part that is open.
enum Next {
    Head,
    Body { kind: Kind, charset: Option<Charset>, is_text: bool, media: String, coding: Coding },
    End,
}

impl Next {
    /// What stands around the parts.
    fn around() -> Next {
        Next::Body { kind: Kind::Auto, charset: None, is_text: true, media: String::new(), coding: Coding::Plain }
    }
}

/// A multipart that is open.
struct Level {
    delimiter: Vec<u8>,
    /// Its parts are messages unless they say otherwise.
    is_digest: bool,
}

/// See the module. It reads the text of the part that [`Mail::next_part`] gave last.
pub(crate) struct Mail<R> {
    lines: Lines<R>,
    is_mbox: bool,
    levels: Vec<Level>,
    next: Next,
    coding: Coding,
    out: Out,
    given: usize,
    /// More lines of the part may follow.
    open: bool,
    after_blank: bool,
    parts: u32,
    /// Where the last part ended.
    ended: u64,
    left: Vec<Left>,
}

impl<R: Read> Mail<R> {
    /// Reads a file that [`looks_like_mail`].
    pub(crate) fn new(inner: R) -> Self {
        Mail {
            lines: Lines::new(inner), is_mbox: false, levels: Vec::new(), next: Next::Head, coding: Coding::Plain, out: Out::default(),
            given: 0, open: false, after_blank: true, parts: 0, ended: 0, left: Vec::new(),
        }
    }

    /// Where the bytes of the part stand in the file.
    pub(crate) fn map(&mut self) -> &mut Map {
        &mut self.out.map
    }

    /// The same, taken away from the part.
    pub(crate) fn take_map(&mut self) -> Map {
        std::mem::take(&mut self.out.map)
    }

    /// Raw bytes read so far.
    pub(crate) fn raw_read(&self) -> u64 {
        self.lines.raw()
    }

    /// Where the last part ended that was read to its end.
    pub(crate) fn ended(&self) -> u64 {
        self.ended
    }

    /// What was not read since it was asked last.
    pub(crate) fn take_left(&mut self) -> Vec<Left> {
        std::mem::take(&mut self.left)
    }

    /// The next text; what was not read of the one before is passed over.
    pub(crate) fn next_part(&mut self) -> io::Result<Option<Part>> {
        self.skip()?;
        loop {
            match std::mem::replace(&mut self.next, Next::End) {
                Next::End => return Ok(None),
                Next::Head => {
                    if let Some(part) = self.head()? {
                        return Ok(Some(part));
                    }
                }
                Next::Body { kind, charset, is_text, media, coding } => {
                    if self.begins_body()? {
                        let start = self.lines.raw();
                        let step = coding.step().map(|step| Done { start: 0, end: u64::MAX, step: step.into() });
                        self.coding = coding;
                        return Ok(Some(Part { kind, charset, is_text, media, start, done: step.into_iter().collect() }));
                    }
                }
            }
        }
    }

    /// Passes over what remains of the open part, undecoded.
    pub(crate) fn skip(&mut self) -> io::Result<()> {
        while self.open {
            let Some(length) = self.line()? else { break };
            self.lines.take(length);
        }
        (self.out, self.given) = (Out::default(), 0);
        Ok(())
    }

    /// Passes over blank lines; false when nothing else is in the part.
    fn begins_body(&mut self) -> io::Result<bool> {
        self.open = true;
        loop {
            let Some(length) = self.line()? else { return Ok(false) };
            let is_blank = self.lines.piece()?.is_none_or(|piece| piece.bytes.trim_ascii().is_empty());
            if !is_blank {
                return Ok(true);
            }
            self.lines.take(length);
        }
    }

    /// Length of the next piece of the open part; none when the part ends, and what follows is known then.
    fn line(&mut self) -> io::Result<Option<usize>> {
        let Some(piece) = self.lines.piece()? else {
            (self.open, self.next, self.ended) = (false, Next::End, self.lines.raw());
            return Ok(None);
        };
        let here = piece.raw;
        let length = piece.bytes.len();
        if !piece.begins {
            return Ok(Some(length));
        }
        let line = piece.bytes;
        let is_blank = piece.ends && line.trim_ascii().is_empty();
        if self.is_mbox && self.after_blank && is_from_line(line) {
            self.levels.clear();
            (self.open, self.next, self.parts, self.ended) = (false, Next::Head, 0, here);
            return Ok(None);
        }
        if let Some((level, is_last)) = delimiter(&self.levels, line) {
            self.levels.truncate(level + usize::from(!is_last));
            self.parts += 1;
            self.ended = here;
            (self.open, self.next, self.after_blank) = (false, if is_last { Next::around() } else { Next::Head }, false);
            if self.parts > PARTS {
                self.levels.clear();
                self.next = Next::around();
                self.left.push(Left { start: here, end: here + length as u64, what: format!("more than {PARTS} parts of a message: what follows is read as plain text") });
            }
            self.lines.take(length);
            return Ok(None);
        }
        self.after_blank = is_blank;
        Ok(Some(length))
    }

    /// Reads a header and decides what the body is; none when there is no header.
    fn head(&mut self) -> io::Result<Option<Part>> {
        let (mut raw, base) = (Vec::new(), self.lines.raw());
        let mut is_first = true;
        while raw.len() < HEAD {
            let Some(piece) = self.lines.piece()? else { break };
            let (line, length) = (piece.bytes, piece.bytes.len());
            let mut is_end = false;
            if piece.begins {
                let parts = is_first && self.after_blank && self.levels.is_empty() && is_from_line(line);
                self.is_mbox |= parts && base == 0;
                is_end = piece.ends && line.trim_ascii().is_empty();
                let is_folded = matches!(line.first(), Some(b' ' | b'\t')) && !raw.is_empty();
                let is_field = field_name(line).is_some() || (parts && self.is_mbox);
                if !(is_end || is_folded || is_field) {
                    self.after_blank = false;
                    break;
                }
                is_first = false;
                self.after_blank = is_end;
            }
            if !is_end {
                raw.extend_from_slice(line);
            }
            self.lines.take(length);
            if is_end {
                break;
            }
        }
        if raw.len() >= HEAD {
            self.left.push(Left { start: base, end: self.lines.raw(), what: "a header that is longer than is read: the rest is taken for the body".into() });
        }
        let head = Head::read(&raw, base);
        self.next = self.body_of(&head, base);
        let is_empty = raw.is_empty();
        (self.out, self.given, self.open) = (head.out, 0, false);
        let part = Part { kind: Kind::Text, charset: None, is_text: true, media: String::new(), start: base, done: head.done };
        Ok((!is_empty).then_some(part))
    }

    /// What a header says of what follows it.
    fn body_of(&mut self, head: &Head, base: u64) -> Next {
        let mut media = head.media();
        // A part without a single byte says nothing, or a digest that is cut would never end.
        if media.is_empty() && self.lines.raw() > base && self.levels.last().is_some_and(|level| level.is_digest) {
            media = "message/rfc822".into();
        }
        let coding = Coding::of(head.coding());
        if media.starts_with("multipart/")
            && let Some(boundary) = head.boundary().filter(|boundary| (1..=BOUNDARY).contains(&boundary.len()))
        {
            if self.levels.len() < LEVELS {
                let delimiter = [b"--", boundary.trim_ascii_end()].concat();
                self.levels.push(Level { delimiter, is_digest: media == "multipart/digest" });
                return Next::around();
            }
            self.left.push(Left { start: base, end: self.lines.raw(), what: format!("parts inside parts deeper than {LEVELS}: read as plain text") });
            return Next::around();
        }
        if matches!(media.as_str(), "message/rfc822" | "message/global") && matches!(coding, Coding::Plain) {
            return Next::Head;
        }
        let kind = match media.as_str() {
            "text/html" | "application/xhtml+xml" => Kind::Html,
            "text/plain" => Kind::Text,
            "application/json" => Kind::Json,
            _ => Kind::Auto,
        };
        Next::Body { kind, charset: head.charset(), is_text: is_text_type(&media), media, coding }
    }

    /// Decodes the next piece of the part.
    fn fill(&mut self) -> io::Result<()> {
        let Out { bytes, at, .. } = &mut self.out;
        *at += bytes.len() as u64;
        bytes.clear();
        self.given = 0;
        match self.line()? {
            None => self.coding.end(&mut self.out),
            Some(_) => {
                let Some(piece) = self.lines.piece()? else { return Ok(()) };
                // mbox writes `>From ` where a line of the message begins with `From `.
                let is_quoted = self.is_mbox && piece.begins && is_quoted_from(piece.bytes);
                let used = self.coding.feed(&piece, usize::from(is_quoted), &mut self.out);
                self.lines.take(used);
            }
        }
        let end = self.out.at + self.out.bytes.len() as u64;
        self.out.map.close(end, self.lines.raw());
        Ok(())
    }
}

/// `>From `, `>>From ` …
fn is_quoted_from(line: &[u8]) -> bool {
    let marks = line.iter().take_while(|b| **b == b'>').count();
    marks > 0 && line[marks..].starts_with(b"From ")
}

/// Which open multipart a line parts, and whether it ends it.
fn delimiter(levels: &[Level], line: &[u8]) -> Option<(usize, bool)> {
    if !line.starts_with(b"--") {
        return None;
    }
    let of = |(at, level): (usize, &Level)| {
        let rest = line.strip_prefix(level.delimiter.as_slice())?;
        let is_last = rest.starts_with(b"--");
        let blank = if is_last { &rest[2..] } else { rest };
        blank.trim_ascii().is_empty().then_some((at, is_last))
    };
    levels.iter().enumerate().rev().find_map(of)
}

impl<R: Read> Read for Mail<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.given == self.out.bytes.len() && self.open {
            self.fill()?;
        }
        let rest = &self.out.bytes[self.given..];
        let count = buf.len().min(rest.len());
        buf[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

/// Types whose bytes are text, whatever they are.
fn is_text_type(media: &str) -> bool {
    let (kind, name) = media.split_once('/').unwrap_or(("", ""));
    matches!(kind, "text" | "message" | "multipart" | "")
        || matches!(name, "json" | "xml" | "xhtml+xml" | "javascript" | "pgp-signature" | "pgp-keys" | "pgp-encrypted")
        || name.ends_with("+xml")
        || name.ends_with("+json")
}

/// Whether bytes that are called something else are text all the same. Every format of pictures, archives and programs
/// has a NUL, many controls or its own mark near its beginning.
pub(crate) fn is_text(bytes: &[u8], declared: Option<Charset>) -> bool {
    let sample = &bytes[..bytes.len().min(64 << 10)];
    if sample.starts_with(b"%PDF-") {
        return false;
    }
    if memchr(0, sample).is_some() {
        return super::choose(sample, declared).is_some();
    }
    let controls = sample.iter().filter(|b| **b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b)).count();
    controls * 50 <= sample.len()
}

/// Whether a file begins with the header of a message (field lines only, and among them those that mail has), or as an
/// mbox file does.
pub(crate) fn looks_like_mail(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(64 << 10)];
    // Nothing else costs a look at more than one line.
    match head.first() {
        Some(first) if first.is_ascii_alphabetic() => is_mbox(head) || is_message(head),
        _ => false,
    }
}

/// Target of the fuzzer: the texts of any bytes, and each byte of them at its place in the file, in order.
pub(crate) fn fuzz(bytes: &[u8]) {
    let mut mail = Mail::new(bytes);
    let mut last_part = 0;
    while let Some(part) = mail.next_part().expect("a slice reads without error") {
        assert!(last_part <= part.start, "{} after {last_part}", part.start);
        last_part = part.start;
        let mut text = Vec::new();
        mail.read_to_end(&mut text).expect("a slice reads without error");
        let mut last = (part.start, part.start);
        for at in 0..text.len() as u64 {
            let place = (mail.map().raw_start(at), mail.map().raw_end(at + 1));
            let is_foreign = text[usize::try_from(at).expect("of this text")] >= 0x80;
            assert!(place.0 < place.1 && place.1 <= bytes.len() as u64, "{at}: {place:?} of {}", bytes.len());
            assert!(last.0 <= place.0 && last.1 <= place.1 || is_foreign, "{at}: {place:?} after {last:?}");
            last = place;
        }
    }
    assert_eq!(mail.raw_read(), bytes.len() as u64);
}
