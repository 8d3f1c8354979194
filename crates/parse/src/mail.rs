//! E-mail: messages (RFC 5322, MIME) and mbox files, read forward in constant memory.
//!
//! A message gives its header as text (a derived member: folded lines joined, encoded words decoded), and each part
//! of its body as a member, after its transfer coding is undone; an attached message, a ZIP and the like are opened
//! in turn. What stands before, between and after the parts is a member too when it is more than blank.
//! A reader of our own, because the ready ones hold the whole message and choose one body for the reader.
//!
//! Not done: signatures are not checked, S/MIME and PGP parts are not decrypted, `external-body` is not fetched.

use std::io::{self, Read};

use encoding_rs::{Encoding, WINDOWS_1252};
use memchr::{memchr, memchr_iter};
use model::mail::{field_name, is_from_line, quoted_string};

use crate::context::{Context, Parent};
use crate::member::{Container, FindingKind, MemberHead};
use crate::tap::{Ending, Line, Pipe, Tap};
use crate::unpack;

/// Longest header of a message or a part.
const HEAD: usize = 1 << 20;
/// Longest line of a header.
const LINE: usize = 64 << 10;
/// Multiparts inside multiparts.
const LEVELS: u32 = 20;
/// Longest boundary; RFC 2046 allows 70.
const BOUNDARY: usize = 200;
/// Bytes that a reader of parts looks ahead.
const AHEAD: usize = 1024;

/// Opens an mbox: each message is a record.
pub(crate) fn mbox(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>) -> io::Result<()> {
    loop {
        let start = tap.position();
        let line = match tap.line(LINE)? {
            Line::Whole(line) => line,
            Line::TooLong => return context.reject(FindingKind::Malformed, parent, start, "a line of an mbox that never ends"),
            Line::End => return Ok(()),
        };
        let head = unpack::head(Container::MailMessage, line.trim_ascii(), start);
        let member = context.begin(parent, head)?;
        let mut message = Until::new(tap, &is_from_line, Ends::AfterBlank);
        let mut pipe = Pipe::new(context, member, &mut message);
        unpack::nest(context, member, &mut pipe, None)?;
        let sent = pipe.drain()?;
        let reason = tap.trouble().map(|trouble| format!("the stream around it ended: {trouble}"));
        sent.close(context, Ending { stored_length: Some(tap.position() - start), reason, ..Ending::default() })?;
    }
}

/// Opens a message.
pub(crate) fn message(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>) -> io::Result<()> {
    let head = Head::read(context, parent, tap, 0)?;
    let text = head.text();
    let member = MemberHead { media_type: Some("text/plain; charset=utf-8".into()), ..unpack::head(Container::MailHeader, b"header", 0) };
    deliver(context, parent, member, &mut &*text, Some(tap.position()))?;
    let whole = Entity { head, start: 0, base: 0, label: String::new(), level: 0 };
    whole.open(context, parent, tap)
}

/// Sends a member that lies in memory or comes out of a decoder.
fn deliver(context: &Context<'_>, parent: Parent, head: MemberHead, bytes: &mut dyn Read, stored_length: Option<u64>) -> io::Result<()> {
    let member = context.begin(parent, head)?;
    let pipe = Pipe::new(context, member, bytes);
    pipe.drain()?.close(context, Ending { stored_length, ..Ending::default() })
}

/// The fields of a message or a part, as written, folded lines joined.
#[derive(Default)]
struct Head {
    fields: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Head {
    /// Reads up to the empty line; whatever is no field ends it.
    fn read(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>, base: u64) -> io::Result<Head> {
        let (mut head, start) = (Head::default(), tap.position());
        loop {
            if tap.position() - start > HEAD as u64 {
                let text = "a header that is longer than is read: the rest is taken as the body";
                context.note(FindingKind::Limit, parent, base + tap.position(), text)?;
                return Ok(head);
            }
            let seen = tap.peek(AHEAD)?;
            let first = &seen[..memchr(b'\n', seen).unwrap_or(seen.len())];
            let folded = matches!(first.first(), Some(b' ' | b'\t')) && !head.fields.is_empty() && !first.trim_ascii().is_empty();
            let blank = first.trim_ascii().is_empty();
            if !blank && !folded && field_name(first).is_none() {
                return Ok(head);
            }
            let Line::Whole(line) = tap.line(LINE)? else { return Ok(head) };
            if blank {
                return Ok(head);
            }
            match head.fields.last_mut() {
                Some((_, value)) if folded => {
                    value.push(b' ');
                    value.extend_from_slice(line.trim_ascii());
                }
                _ => {
                    let (name, value) = line.split_at(field_name(&line).map_or(0, <[u8]>::len));
                    head.fields.push((name.to_vec(), value.get(1..).unwrap_or_default().trim_ascii().to_vec()));
                }
            }
        }
    }

    fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value.as_slice())
    }

    /// The header for a reader: one field a line, encoded words decoded.
    fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for (name, value) in &self.fields {
            text.extend_from_slice(name);
            text.extend_from_slice(b": ");
            text.extend_from_slice(words(value).replace(['\r', '\n'], " ").as_bytes());
            text.push(b'\n');
        }
        text
    }

    fn media(&self) -> String {
        let value = self.field("content-type").unwrap_or_default();
        String::from_utf8_lossy(value.split(|b| *b == b';').next().unwrap_or_default()).trim().to_ascii_lowercase()
    }

    /// A parameter of a field, RFC 2231 continuations and charsets undone.
    fn parameter(&self, field: &str, name: &str) -> Option<String> {
        let value = self.field(field)?;
        let found = parameters(value);
        if let Some((_, value)) = found.iter().find(|(n, _)| n == name) {
            return Some(words(value));
        }
        let (mut raw, mut charset) = (Vec::new(), None);
        for number in 0..100 {
            let bare = (format!("{name}*{number}"), format!("{name}*{number}*"), format!("{name}*"));
            let part = found.iter().find(|(n, _)| *n == bare.0 || *n == bare.1 || number == 0 && *n == bare.2);
            let Some((key, value)) = part else { break };
            if !key.ends_with('*') {
                raw.extend_from_slice(value);
                continue;
            }
            let mut value = value.as_slice();
            if number == 0 {
                let mut pieces = value.splitn(3, |b| *b == b'\'');
                if let (Some(label), Some(_), Some(rest)) = (pieces.next(), pieces.next(), pieces.next()) {
                    charset = Encoding::for_label(label);
                    value = rest;
                }
            }
            raw.extend_from_slice(&percent(value));
        }
        (!raw.is_empty()).then(|| text_of(&raw, charset))
    }
}

fn parameters(value: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = memchr(b';', value).map_or(&[][..], |at| &value[at + 1..]);
    while let Some(equals) = memchr(b'=', rest).filter(|_| found.len() < 200) {
        let name = rest[..equals].rsplit(|b| *b == b';').next().unwrap_or_default();
        let name = String::from_utf8_lossy(name).trim().to_ascii_lowercase();
        rest = rest[equals + 1..].trim_ascii_start();
        let (content, used) = if rest.first() == Some(&b'"') { quoted_string(rest) } else {
            let end = memchr(b';', rest).unwrap_or(rest.len());
            (rest[..end].trim_ascii().to_vec(), end)
        };
        found.push((name, content));
        rest = &rest[used..];
        rest = rest.get(memchr(b';', rest).map_or(rest.len(), |at| at + 1)..).unwrap_or_default();
    }
    found
}

fn percent(text: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::with_capacity(text.len()), 0);
    while at < text.len() {
        let pair = (text[at] == b'%').then(|| hex_pair(text.get(at + 1..at + 3)?)).flatten();
        out.push(pair.unwrap_or(text[at]));
        at += if pair.is_some() { 3 } else { 1 };
    }
    out
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16);
    u8::try_from(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?).ok()
}

/// Bytes of a header as text: in the charset that is named, else UTF-8, else as Latin letters.
fn text_of(bytes: &[u8], charset: Option<&'static Encoding>) -> String {
    match (charset, std::str::from_utf8(bytes)) {
        (Some(charset), _) => charset.decode_without_bom_handling(bytes).0.into_owned(),
        (None, Ok(text)) => text.to_string(),
        (None, Err(_)) => WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// The text of a field, with its encoded words (RFC 2047) decoded; blanks between two of them are none.
fn words(value: &[u8]) -> String {
    let (mut out, mut plain, mut at) = (String::new(), 0, 0);
    let mut after_word = false;
    // Bytes of neighbouring words of one charset belong together: a letter may be cut between them.
    let mut pending: (Vec<u8>, Option<&'static Encoding>) = (Vec::new(), None);
    while let Some(open) = memchr::memmem::find(&value[at..], b"=?").map(|i| at + i) {
        let Some((charset, bytes, end)) = encoded_word(&value[open..]) else {
            at = open + 2;
            continue;
        };
        let between = &value[plain..open];
        if !(after_word && between.trim_ascii().is_empty()) || pending.1 != charset {
            out.push_str(&flushed(&mut pending));
            if !(after_word && between.trim_ascii().is_empty()) {
                out.push_str(&text_of(between, None));
            }
        }
        pending.0.extend_from_slice(&bytes);
        pending.1 = charset;
        (after_word, at, plain) = (true, open + end, open + end);
    }
    out.push_str(&flushed(&mut pending));
    out.push_str(&text_of(&value[plain..], None));
    out
}

fn flushed(pending: &mut (Vec<u8>, Option<&'static Encoding>)) -> String {
    let (bytes, charset) = std::mem::take(pending);
    if bytes.is_empty() { String::new() } else { text_of(&bytes, charset) }
}

/// Charset, bytes and length of an encoded word.
fn encoded_word(text: &[u8]) -> Option<(Option<&'static Encoding>, Vec<u8>, usize)> {
    let body = text.get(2..text.len().min(2000))?;
    let mut marks = memchr_iter(b'?', body);
    let (first, second) = (marks.next()?, marks.next()?);
    let end = second + 1 + memchr::memmem::find(&body[second + 1..], b"?=")?;
    let label = body[..first].split(|b| *b == b'*').next().unwrap_or_default();
    let content = &body[second + 1..end];
    let bytes = match &body[first + 1..second] {
        b"B" | b"b" => unbase64(content),
        b"Q" | b"q" => unquoted(content),
        _ => return None,
    };
    Some((Encoding::for_label(label), bytes, 2 + end + 2))
}

fn unbase64(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut state = Base64::default();
    state.feed(content, &mut out);
    state.finish(&mut out);
    out
}

fn unquoted(content: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < content.len() {
        let pair = (content[at] == b'=').then(|| hex_pair(content.get(at + 1..at + 3)?)).flatten();
        out.push(pair.unwrap_or(if content[at] == b'_' { b' ' } else { content[at] }));
        at += if pair.is_some() { 3 } else { 1 };
    }
    out
}

/// A message or a part whose header was read.
struct Entity {
    head: Head,
    /// Where its header begins in the message.
    start: u64,
    /// Where the tap's first byte stands in the message.
    base: u64,
    /// `1.2`: its place among the parts; empty for the message itself.
    label: String,
    level: u32,
}

impl Entity {
    fn open(&self, context: &Context<'_>, message: Parent, tap: &mut Tap<'_>) -> io::Result<()> {
        let boundary = self.head.parameter("content-type", "boundary").filter(|b| (1..=BOUNDARY).contains(&b.len()));
        match boundary {
            Some(boundary) if self.head.media().starts_with("multipart/") && self.level < LEVELS => {
                self.parts(context, message, tap, &boundary)
            }
            boundary => {
                if boundary.is_some() && self.level >= LEVELS {
                    let text = "parts inside parts deeper than is read: kept as one part";
                    context.note(FindingKind::Limit, message, self.start, text)?;
                }
                self.leaf(context, message, tap)
            }
        }
    }

    fn parts(&self, context: &Context<'_>, message: Parent, tap: &mut Tap<'_>, boundary: &str) -> io::Result<()> {
        let delimiter = [b"--", boundary.trim_ascii_end().as_bytes()].concat();
        let stops = |line: &[u8]| is_delimiter(line, &delimiter);
        self.around(context, message, tap, "before the parts", Some(&stops))?;
        for number in 1u32.. {
            let delimiter_at = self.base + tap.position();
            let Line::Whole(line) = tap.line(LINE)? else {
                return context.note(FindingKind::Truncated, message, delimiter_at, "the message ends before its last boundary");
            };
            if line.get(delimiter.len()..).is_some_and(|rest| rest.starts_with(b"--")) {
                break;
            }
            let start = self.base + tap.position();
            let label = if self.label.is_empty() { number.to_string() } else { format!("{}.{number}", self.label) };
            let mut part = Until::new(tap, &stops, Ends::BeforeLineEnd);
            let mut inner = Tap::new(&mut part);
            let head = Head::read(context, message, &mut inner, start)?;
            let entity = Entity { head, start, base: start, label, level: self.level + 1 };
            entity.open(context, message, &mut inner)?;
            inner.drain()?;
        }
        self.around(context, message, tap, "after the parts", None)
    }

    /// What stands around the parts is delivered when it is more than blank.
    fn around(&self, context: &Context<'_>, message: Parent, tap: &mut Tap<'_>, name: &str, stops: Option<Stops<'_>>) -> io::Result<()> {
        let start = self.base + tap.position();
        let never = |_: &[u8]| false;
        let mut text = Until::new(tap, stops.unwrap_or(&never), Ends::BeforeLineEnd);
        let mut inner = Tap::new(&mut text);
        loop {
            let seen = inner.peek(1)?;
            let blank = seen.iter().take_while(|b| b.is_ascii_whitespace()).count();
            match blank {
                _ if seen.is_empty() => return Ok(()),
                0 => break,
                blank => inner.skip(blank),
            }
        }
        let label = if self.label.is_empty() { name.to_string() } else { format!("{name} of part {}", self.label) };
        let member = unpack::head(Container::MailPart, label.as_bytes(), start);
        deliver(context, message, member, &mut inner, None)
    }

    fn name(&self) -> String {
        let given = self.head.parameter("content-disposition", "filename").or_else(|| self.head.parameter("content-type", "name"));
        let given = given.or_else(|| self.head.field("content-location").map(words)).filter(|name| !name.trim().is_empty());
        given.unwrap_or_else(|| if self.label.is_empty() { "body".into() } else { format!("part {}", self.label) })
    }

    fn leaf(&self, context: &Context<'_>, message: Parent, tap: &mut Tap<'_>) -> io::Result<()> {
        if tap.at_end()? {
            return Ok(());
        }
        let media_type = self.head.field("content-type").map(|value| {
            let mut text = String::from_utf8_lossy(value).into_owned();
            text.truncate(text.floor_char_boundary(500));
            text
        });
        let head = MemberHead { media_type, ..unpack::head(Container::MailPart, self.name().as_bytes(), self.start) };
        let member = context.begin(message, head)?;
        let coding = String::from_utf8_lossy(self.head.field("content-transfer-encoding").unwrap_or_default()).trim().to_ascii_lowercase();
        let code = match coding.as_str() {
            "base64" => Some(Code::Base64(Base64::default())),
            "quoted-printable" => Some(Code::Quoted),
            "" | "7bit" | "8bit" | "binary" => None,
            other => {
                let other: String = other.chars().take(40).collect();
                let text = format!("transfer coding {other:?} is not undone here; the coded bytes are kept");
                context.note(FindingKind::Unsupported, member, 0, text)?;
                None
            }
        };
        let Some(code) = code else { return send(context, member, tap, None) };
        let mut decoder = Decoder { inner: tap, code, raw: Vec::new(), out: Vec::new(), given: 0, faults: 0, ended: false };
        let mut reader = Tap::new(&mut decoder);
        let mut pipe = Pipe::new(context, member, &mut reader);
        unpack::nest(context, member, &mut pipe, None)?;
        let sent = pipe.drain()?;
        let short = matches!(&decoder.code, Code::Base64(state) if state.cut);
        if decoder.faults > 0 {
            let text = format!("{} bytes are not of the {coding} that is declared; they were passed over or kept as written", decoder.faults);
            context.note(FindingKind::Malformed, member, 0, text)?;
        }
        sent.close(context, Ending { reason: short.then(|| "the base64 ends in the middle".to_string()), ..Ending::default() })
    }
}

fn send(context: &Context<'_>, member: Parent, reader: &mut dyn Read, reason: Option<String>) -> io::Result<()> {
    let mut pipe = Pipe::new(context, member, reader);
    unpack::nest(context, member, &mut pipe, None)?;
    pipe.drain()?.close(context, Ending { reason, ..Ending::default() })
}

fn is_delimiter(line: &[u8], delimiter: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(delimiter) else { return false };
    let rest = &rest[..memchr(b'\n', rest).unwrap_or(rest.len())];
    rest.strip_prefix(b"--").unwrap_or(rest).trim_ascii().is_empty()
}

/// Whether a line ends what is read.
type Stops<'s> = &'s dyn Fn(&[u8]) -> bool;

/// Where an [`Until`] ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// Before the line end that stands before the line: it belongs to the boundary (RFC 2046 §5.1.1).
    BeforeLineEnd,
    /// At the line, which must follow an empty one (mbox).
    AfterBlank,
}

/// The bytes up to a line, which stays in the tap.
struct Until<'t, 'r, 's> {
    tap: &'t mut Tap<'r>,
    stops: Stops<'s>,
    ends: Ends,
    /// The tap stands at the beginning of a line.
    at_line: bool,
    /// The line before was empty.
    after_blank: bool,
    /// Something of this line was given.
    in_content: bool,
    /// A line end that belongs to the content only when no boundary follows.
    held: Vec<u8>,
    /// One that does.
    due: Vec<u8>,
    over: bool,
}

impl<'t, 'r, 's> Until<'t, 'r, 's> {
    fn new(tap: &'t mut Tap<'r>, stops: Stops<'s>, ends: Ends) -> Self {
        Until { tap, stops, ends, at_line: true, after_blank: false, in_content: false, held: vec![], due: vec![], over: false }
    }

    /// Some bytes into `buf`, which is not empty; perhaps none.
    fn piece(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if !self.due.is_empty() {
            let count = self.due.len().min(buf.len());
            buf[..count].copy_from_slice(&self.due[..count]);
            self.due.drain(..count);
            return Ok(count);
        }
        let seen = self.tap.peek(AHEAD)?;
        if self.at_line {
            self.at_line = false;
            self.in_content = false;
            let may_end = self.ends == Ends::BeforeLineEnd || self.after_blank;
            self.over = !seen.is_empty() && may_end && (self.stops)(seen);
            if !self.over || self.ends == Ends::AfterBlank {
                self.due = std::mem::take(&mut self.held);
            }
            return Ok(0);
        }
        if self.over || seen.is_empty() {
            self.over = true;
            return Ok(0);
        }
        let line_end = memchr(b'\n', seen);
        let content = match line_end {
            Some(end) => end - usize::from(end > 0 && seen[end - 1] == b'\r'),
            // A CR at the very end of what is seen may be half of a line end.
            None => seen.len() - usize::from(seen.len() > 1 && seen.ends_with(b"\r")),
        };
        if content == 0 && let Some(end) = line_end {
            self.held = seen[..=end].to_vec();
            self.after_blank = !self.in_content;
            self.at_line = true;
            self.tap.skip(end + 1);
            return Ok(0);
        }
        let count = content.min(buf.len());
        buf[..count].copy_from_slice(&seen[..count]);
        self.tap.skip(count);
        self.in_content = true;
        Ok(count)
    }
}

impl Read for Until<'_, '_, '_> {
    /// Fills the buffer: whoever reads a line at a time would pay for a whole buffer each time.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buf.len() && (!self.over || !self.due.is_empty()) {
            filled += self.piece(&mut buf[filled..])?;
        }
        Ok(filled)
    }
}

/// A transfer coding that is undone.
enum Code {
    Base64(Base64),
    Quoted,
}

/// Base64 (RFC 2045 §6.8), bytes of another alphabet passed over.
#[derive(Default)]
struct Base64 {
    bits: u32,
    count: u32,
    /// It ended within a byte.
    cut: bool,
}

impl Base64 {
    /// Decodes; returns how many bytes are of no alphabet.
    fn feed(&mut self, raw: &[u8], out: &mut Vec<u8>) -> u64 {
        let mut faults = 0;
        for byte in raw {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' | b'-' => 62,
                b'/' | b'_' => 63,
                b'=' => {
                    self.finish(out);
                    continue;
                }
                b if b.is_ascii_whitespace() => continue,
                _ => {
                    faults += 1;
                    continue;
                }
            };
            self.bits = self.bits << 6 | u32::from(value);
            self.count += 1;
            if self.count == 4 {
                out.extend_from_slice(&self.bits.to_be_bytes()[1..]);
                (self.bits, self.count) = (0, 0);
            }
        }
        faults
    }

    /// Ends a group of four early.
    fn finish(&mut self, out: &mut Vec<u8>) {
        match self.count {
            1 => self.cut = true,
            2 => out.push((self.bits >> 4) as u8),
            3 => out.extend_from_slice(&[(self.bits >> 10) as u8, (self.bits >> 2 & 0xff) as u8]),
            _ => {}
        }
        (self.bits, self.count) = (0, 0);
    }
}

/// Undoes a transfer coding, piece by piece.
struct Decoder<'t, 'r> {
    inner: &'t mut Tap<'r>,
    code: Code,
    raw: Vec<u8>,
    out: Vec<u8>,
    given: usize,
    faults: u64,
    ended: bool,
}

impl Decoder<'_, '_> {
    fn fill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.given = 0;
        let seen = self.inner.peek(AHEAD)?;
        self.ended = seen.is_empty();
        self.raw.extend_from_slice(seen);
        let count = seen.len();
        self.inner.skip(count);
        match &mut self.code {
            Code::Base64(state) => {
                self.faults += state.feed(&self.raw, &mut self.out);
                self.raw.clear();
                if self.ended {
                    state.finish(&mut self.out);
                }
            }
            Code::Quoted => {
                let used = quoted_printable(&self.raw, self.ended, &mut self.out, &mut self.faults);
                self.raw.drain(..used);
            }
        }
        Ok(())
    }
}

/// Undoes quoted-printable (RFC 2045 §6.7) as far as it can be told; returns how much was used.
fn quoted_printable(raw: &[u8], is_end: bool, out: &mut Vec<u8>, faults: &mut u64) -> usize {
    let mut at = 0;
    while let Some(equals) = memchr(b'=', &raw[at..]).map(|i| at + i) {
        out.extend_from_slice(&raw[at..equals]);
        at = equals;
        let rest = &raw[equals + 1..];
        if let Some(byte) = rest.get(..2).and_then(hex_pair) {
            out.push(byte);
            at += 3;
            continue;
        }
        let blank = rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count();
        match rest.get(blank) {
            Some(b'\n') => at += blank + 2,
            None if !is_end && blank < 1000 => return at,
            None => at += blank + 1,
            Some(_) if !is_end && rest.len() < 2 => return at,
            Some(_) => {
                out.push(b'=');
                *faults += 1;
                at += 1;
            }
        }
    }
    out.extend_from_slice(&raw[at..]);
    raw.len()
}

impl Read for Decoder<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buf.len() {
            if self.given == self.out.len() {
                if self.ended {
                    break;
                }
                self.fill()?;
                continue;
            }
            let count = (buf.len() - filled).min(self.out.len() - self.given);
            buf[filled..filled + count].copy_from_slice(&self.out[self.given..self.given + count]);
            self.given += count;
            filled += count;
        }
        Ok(filled)
    }
}
