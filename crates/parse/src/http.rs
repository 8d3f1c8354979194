//! HTTP/1.x messages inside records (RFC 9112): head, then the body as a member of its own.
//!
//! Tolerant: what a strict parser refuses is split by hand and noted. Transfer coding `chunked` and
//! content codings `gzip` and `deflate` are undone; others are noted and the coded bytes are kept.

use std::io::{self, BufRead, Read};

use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::context::{Context, Parent};
use crate::declared::{Declared, Summing};
use crate::member::{Container, DigestCheck, FindingKind, HttpHead, MemberHead};
use crate::sniff::is_gzip;
use crate::tap::{Ending, Line, Pipe, Swell, Tap};
use crate::{unpack, warc};

/// Longest head of a message.
const HEAD: usize = 128 << 10;
/// Content codings undone one after the other.
const CODINGS: usize = 4;

/// What is known of a block when it was opened.
#[derive(Default)]
pub(crate) struct Message {
    /// The check of the declared payload digest.
    pub payload: Option<DigestCheck>,
    /// The head of a message without a body: there is no payload that could bear it.
    pub bare: Option<HttpHead>,
}

/// Opens the message in `block`.
pub(crate) fn message(
    context: &Context<'_>,
    record: Parent,
    block: &mut Pipe<'_, '_, '_>,
    name: &str,
    declared: Option<&Declared>,
) -> io::Result<Message> {
    let mut tap = Tap::new(block);
    let head = match read_head(context, record, &mut tap)? {
        Ok(head) => head,
        Err(reason) => {
            context.note(FindingKind::Malformed, record, 0, format!("no HTTP message: {reason}"))?;
            return Ok(Message { payload: declared.map(|declared| declared.check(&[])), bare: None });
        }
    };
    let offset = tap.position();
    let is_chunked = has_coding(&head, "transfer-encoding", "chunked") && looks_chunked(context, record, &mut tap)?;
    let mut stored = Summing::new(&mut tap, declared);
    let mut sums = Vec::new();
    let bare;
    if is_chunked {
        let mut body = Tap::new(&mut stored);
        let mut chunks = Dechunk { tap: &mut body, left: 0, state: Chunk::Size, fault: None };
        let mut joined = Summing::new(&mut chunks, declared);
        bare = payload(context, record, &mut joined, name, offset, head)?;
        sums.push((joined.finish()?, "the body after chunked decoding"));
        note_chunks(context, record, offset, chunks.fault)?;
    } else {
        bare = payload(context, record, &mut stored, name, offset, head)?;
    }
    sums.insert(0, (stored.finish()?, "the body as stored"));
    Ok(Message { payload: declared.map(|declared| declared.check(&sums)), bare })
}

fn note_chunks(context: &Context<'_>, record: Parent, offset: u64, fault: Option<&str>) -> io::Result<()> {
    let Some(fault) = fault else { return Ok(()) };
    context.note(FindingKind::Malformed, record, offset, format!("chunked body: {fault}; what came before is kept"))
}

/// Reads start line and fields; the inner error is the reason why there are none.
fn read_head(context: &Context<'_>, record: Parent, tap: &mut Tap<'_>) -> io::Result<Result<HttpHead, String>> {
    let first = tap.peek(16)?;
    if !looks_like_message(first) {
        return Ok(Err("it does not begin with a status or request line".into()));
    }
    let lines = match warc::read_lines(tap, HEAD)? {
        Ok(lines) => lines,
        Err(reason) => return Ok(Err(reason.to_string())),
    };
    let start_line = lines[0].clone();
    let is_response = start_line.starts_with("HTTP/");
    if !is_well_formed(&lines, is_response) {
        context.note(FindingKind::Malformed, record, 0, "the HTTP head breaks RFC 9112; it was split line by line")?;
    }
    let status = start_line.split(' ').nth(1).filter(|_| is_response).and_then(|code| code.parse().ok());
    Ok(Ok(HttpHead { status, start_line, fields: warc::fields(&lines[1..]) }))
}

fn looks_like_message(first: &[u8]) -> bool {
    let word = first.split(|b| *b == b' ').next().unwrap_or_default();
    first.starts_with(b"HTTP/")
        || (!word.is_empty() && word.len() < first.len() && word.iter().all(u8::is_ascii_alphabetic))
}

fn is_well_formed(lines: &[String], is_response: bool) -> bool {
    let text = format!("{}\r\n\r\n", lines.join("\r\n"));
    let mut fields = [httparse::EMPTY_HEADER; 256];
    let parsed = if is_response {
        httparse::Response::new(&mut fields).parse(text.as_bytes())
    } else {
        httparse::Request::new(&mut fields).parse(text.as_bytes())
    };
    parsed.is_ok_and(|status| status.is_complete())
}

fn codings<'h>(head: &'h HttpHead, field: &'h str) -> impl DoubleEndedIterator<Item = String> + 'h {
    let values = head.fields.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(field));
    values
        .flat_map(|(_, value)| value.split(','))
        .map(|coding| coding.trim().to_ascii_lowercase())
        .filter(|c| !c.is_empty())
}

fn has_coding(head: &HttpHead, field: &str, coding: &str) -> bool {
    codings(head, field).any(|found| found == coding)
}

/// Many writers undo the chunking and leave the field: then the body is taken as it is.
fn looks_chunked(context: &Context<'_>, record: Parent, tap: &mut Tap<'_>) -> io::Result<bool> {
    let offset = tap.position();
    let seen = tap.peek(64)?;
    let line = seen.split(|b| *b == b'\n').next().unwrap_or_default();
    let found = seen.is_empty() || chunk_size(line).is_some();
    if !found {
        context.note(FindingKind::Mismatch, record, offset, "declared as chunked, but it is not; taken as it is")?;
    }
    Ok(found)
}

/// The size in a chunk's first line (RFC 9112, section 7.1).
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|b| *b == b';').next()?.trim_ascii();
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u64::from_str_radix(text, 16).ok()
}

enum Chunk {
    Size,
    Content,
    Finished,
}

/// Undoes the chunked transfer coding; ends at the first fault.
struct Dechunk<'t, 'r> {
    tap: &'t mut Tap<'r>,
    left: u64,
    state: Chunk,
    fault: Option<&'static str>,
}

impl Dechunk<'_, '_> {
    fn next_size(&mut self) -> io::Result<()> {
        let size = match self.tap.line(1024)? {
            Line::Whole(line) => chunk_size(&line),
            Line::TooLong => None,
            Line::End => return self.fail("it ends before the last chunk"),
        };
        let Some(size) = size else { return self.fail("a chunk without a size") };
        self.state = if size == 0 { Chunk::Finished } else { Chunk::Content };
        self.left = size;
        Ok(())
    }

    /// Ends the body, once with an error, so that the payload is known to be incomplete.
    fn fail(&mut self, fault: &'static str) -> io::Result<()> {
        self.state = Chunk::Finished;
        self.fault = Some(fault);
        Err(io::Error::other(fault))
    }

    fn piece(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = self.tap.read(&mut buf[..most])?;
        self.left -= count as u64;
        if count == 0 {
            self.fail("a chunk that ends too early")?;
        } else if self.left == 0 {
            self.state = Chunk::Size;
            warc::skip_line_ends(self.tap, 2)?;
        }
        Ok(count)
    }
}

impl Read for Dechunk<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.state {
                _ if buf.is_empty() => return Ok(0),
                Chunk::Finished => return Ok(0),
                Chunk::Size => self.next_size()?,
                Chunk::Content => match self.piece(buf)? {
                    0 => {}
                    count => return Ok(count),
                },
            }
        }
    }
}

/// Delivers the body as a member, after undoing its content codings; an empty body is none, and gives the head back.
fn payload(
    context: &Context<'_>,
    record: Parent,
    body: &mut dyn Read,
    name: &str,
    offset: u64,
    head: HttpHead,
) -> io::Result<Option<HttpHead>> {
    let mut tap = Tap::new(body);
    if tap.at_end()? {
        return Ok(Some(head));
    }
    if !context.has_depth(record) {
        let text = "the body is not opened: the budget of depth ends here";
        return context.note(FindingKind::Limit, record, offset, text).map(|()| None);
    }
    let codings: Vec<String> = codings(&head, "content-encoding").filter(|coding| coding != "identity").collect();
    let member = MemberHead { http: Some(head), ..unpack::head(Container::HttpPayload, name.as_bytes(), offset) };
    let member = context.begin(record, member)?;
    let too_many = codings.len() > CODINGS;
    if too_many {
        context.note(
            FindingKind::Limit,
            member,
            0,
            "more content codings than are undone; the coded bytes are kept",
        )?;
    }
    decode(context, member, if too_many { &[] } else { &codings }, &mut tap).map(|()| None)
}

/// Undoes the last coding, then the others, then sends what comes out.
fn decode(context: &Context<'_>, member: Parent, codings: &[String], tap: &mut Tap<'_>) -> io::Result<()> {
    let Some((last, others)) = codings.split_last() else { return send(context, member, tap) };
    let compressed = tap.counter();
    let seen = tap.peek(10)?;
    match last.as_str() {
        "gzip" | "x-gzip" if is_gzip(seen) => {
            inflate(context, member, others, &mut MultiGzDecoder::new(tap), compressed)
        }
        "deflate" if is_zlib(seen) => inflate(context, member, others, &mut ZlibDecoder::new(tap), compressed),
        "deflate" => inflate(context, member, others, &mut DeflateDecoder::new(tap), compressed),
        "gzip" | "x-gzip" => {
            context.note(FindingKind::Mismatch, member, 0, "declared as gzip, but it is not; taken as it is")?;
            send(context, member, tap)
        }
        other => {
            let other: String = other.chars().take(40).collect();
            let text = format!("content coding {other:?} is not undone here; the coded bytes are kept");
            context.note(FindingKind::Unsupported, member, 0, text)?;
            send(context, member, tap)
        }
    }
}

fn inflate(
    context: &Context<'_>,
    member: Parent,
    others: &[String],
    decoder: &mut dyn Read,
    compressed: std::rc::Rc<std::cell::Cell<u64>>,
) -> io::Result<()> {
    let mut swell = Swell::new(context, decoder, compressed);
    let mut tap = Tap::new(&mut swell);
    decode(context, member, others, &mut tap)
}

/// RFC 1950: the header's check bits.
fn is_zlib(head: &[u8]) -> bool {
    matches!(head, [method, flags, ..] if method & 0x0f == 8 && (u16::from(*method) << 8 | u16::from(*flags)) % 31 == 0)
}

fn send(context: &Context<'_>, member: Parent, tap: &mut Tap<'_>) -> io::Result<()> {
    let mut pipe = Pipe::new(context, member, tap);
    unpack::nest(context, member, &mut pipe, None)?;
    let sent = pipe.drain()?;
    let reason = tap.trouble().map(|trouble| format!("the coded body is broken: {trouble}"));
    // What a decoder left behind belongs to the record and is kept there.
    tap.fill_buf()?;
    sent.close(context, Ending { reason, ..Ending::default() })
}
