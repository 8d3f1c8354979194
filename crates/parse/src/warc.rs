//! WARC 1.0 and 1.1 (ISO 28500), tolerant: every record is delivered or rejected with a reason.
//!
//! A record's member is its block as stored; an HTTP body inside it is a member of its own. A wrong
//! Content-Length is not repaired: the bytes are cut where it says, the rest is reported as stray.

use std::io::{self, Read};

use crate::context::{Context, Parent};
use crate::declared::{Declared, Summing};
use crate::gzip::Origin;
use crate::http::{self, Message};
use crate::member::{Container, DigestCheck, FindingKind, HttpHead, MemberHead, WarcHead};
use crate::sniff::is_warc;
use crate::tap::{Ending, Line, Pipe, Sent, Tap};
use crate::unpack::{self, Place};

/// Longest header line, and longest header.
const LINE: usize = 64 << 10;
const HEADER: usize = 96 << 10;
/// Header fields that are kept.
const FIELDS: usize = 1000;

/// Walks records until the stream ends; says how many it met.
pub(crate) fn records(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>, origin: &Origin) -> io::Result<u64> {
    let mut count = 0;
    loop {
        skip_line_ends(tap, usize::MAX)?;
        if tap.at_end()? {
            return Ok(count);
        }
        count += 1;
        if is_warc(tap.peek(8)?) {
            record(context, parent, tap, origin)?;
        } else {
            stray(context, parent, tap, origin)?;
        }
    }
}

/// Passes over at most `most` CR and LF; says how many there were.
pub(crate) fn skip_line_ends(tap: &mut Tap<'_>, most: usize) -> io::Result<usize> {
    let mut count = 0;
    while count < most && matches!(tap.peek(1)?.first(), Some(b'\r' | b'\n')) {
        tap.skip(1);
        count += 1;
    }
    Ok(count)
}

/// Where a record lies: its offset in the parent, and inside the gzip member.
pub(crate) fn offsets(origin: &Origin, position: u64) -> (u64, Option<u64>) {
    match origin {
        Origin::Plain { .. } => (position, None),
        Origin::Gzip { start, .. } => (*start, Some(position)),
    }
}

fn stray(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>, origin: &Origin) -> io::Result<()> {
    let start = tap.position();
    tap.skip(1);
    tap.seek(b'W', 8, is_warc)?;
    let text = format!("{} bytes belong to no record", tap.position() - start);
    context.reject(FindingKind::Stray, parent, offsets(origin, start).0, text)
}

fn record(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>, origin: &Origin) -> io::Result<()> {
    let start = tap.position();
    let (offset, inner_offset) = offsets(origin, start);
    let (head, length) = match read_header(tap)? {
        Ok(header) => header,
        Err(reason) => {
            // A first line without an end was not taken: whoever looks there again finds the same record for ever.
            tap.skip(usize::from(tap.position() == start));
            tap.seek(b'W', 8, is_warc)?;
            return context.reject(FindingKind::Malformed, parent, offset, reason);
        }
    };
    note_version(context, parent, offset, &head)?;
    let place = place_of_block(origin, tap.position(), length);
    let name = head.target_uri.clone().or_else(|| head.record_id.clone()).unwrap_or_default();
    let member = MemberHead {
        inner_offset,
        declared_length: Some(length),
        modified: head.date.clone(),
        warc: Some(head.clone()),
        ..unpack::head(Container::WarcRecord, name.as_bytes(), offset)
    };
    let member = context.begin(parent, member)?;
    let declared = |name| field(&head, name).map(|text| Declared::new(name, text));
    let block = block(context, member, tap, length, declared("WARC-Block-Digest").as_ref(), |pipe| {
        if context.passes_over(head.record_id.as_deref()) {
            return Ok(Message { payload: None, bare: None });
        }
        inside(context, member, pipe, &head, declared("WARC-Payload-Digest").as_ref(), place)
    })?;
    finish(context, parent, tap, &Record { origin, start, length, offset }, block)
}

/// The block's range of the source, when it lies there as it is.
pub(crate) fn place_of_block(origin: &Origin, position: u64, length: u64) -> Option<Place> {
    match origin {
        Origin::Plain { place } => Place::part(*place, position, length),
        Origin::Gzip { .. } => None,
    }
}

fn note_version(context: &Context<'_>, parent: Parent, offset: u64, head: &WarcHead) -> io::Result<()> {
    if matches!(head.version.as_str(), "WARC/1.0" | "WARC/1.1") {
        return Ok(());
    }
    let text = format!("{} is not a version that this program knows; read as 1.1", head.version);
    context.note(FindingKind::Malformed, parent, offset, text)
}

/// A block that was sent, with its declared digests checked; the record has not ended yet.
pub(crate) struct Block {
    sent: Sent,
    digests: Vec<DigestCheck>,
    bare: Option<HttpHead>,
}

/// Sends `length` bytes of the stream as the block of a record, and opens what lies inside.
pub(crate) fn block(
    context: &Context<'_>,
    member: Parent,
    tap: &mut Tap<'_>,
    length: u64,
    declared: Option<&Declared>,
    inside: impl FnOnce(&mut Pipe<'_, '_, '_>) -> io::Result<Message>,
) -> io::Result<Block> {
    let mut limited = tap.take(length);
    let mut summing = Summing::new(&mut limited, declared);
    let mut pipe = Pipe::new(context, member, &mut summing);
    let Message { payload, bare } = inside(&mut pipe)?;
    let sent = pipe.drain()?;
    let sum = summing.finish()?;
    let block = declared.map(|declared| declared.check(&[(sum, "the block as stored")]));
    Ok(Block { sent, digests: block.into_iter().chain(payload).collect(), bare })
}

/// What is known about a record when its block has been read.
pub(crate) struct Record<'o> {
    pub origin: &'o Origin,
    pub start: u64,
    pub length: u64,
    pub offset: u64,
}

/// Looks at what follows the block, then ends the record.
pub(crate) fn finish(
    context: &Context<'_>,
    parent: Parent,
    tap: &mut Tap<'_>,
    record: &Record<'_>,
    block: Block,
) -> io::Result<()> {
    let end = tap.position();
    let separated = skip_line_ends(tap, 4)? > 0 || tap.at_end()?;
    let stored_length = match record.origin {
        Origin::Plain { .. } => Some(end - record.start),
        Origin::Gzip { start, compressed } => tap.at_end()?.then(|| compressed.get() - start),
    };
    let reason = match tap.trouble() {
        _ if block.sent.length < record.length => {
            Some(format!("truncated: {} of {} bytes are there", block.sent.length, record.length))
        }
        Some(trouble) => Some(format!("the stream broke at the end of the record: {trouble}")),
        None => None,
    };
    for digest in block.digests.iter().filter(|digest| digest.matches == Some(false)) {
        let text = format!("{} {} {}", digest.field, digest.declared, digest.note);
        context.note(FindingKind::Mismatch, parent, record.offset, text)?;
    }
    block.sent.close(context, Ending { stored_length, reason, digests: block.digests, bare: block.bare })?;
    if separated {
        return Ok(());
    }
    let text = "the record is not followed by an empty line: its declared length may be wrong";
    context.note(FindingKind::Malformed, parent, record.offset, text)
}

/// Opens an HTTP message, or whatever else the block is.
fn inside(
    context: &Context<'_>,
    member: Parent,
    pipe: &mut Pipe<'_, '_, '_>,
    head: &WarcHead,
    declared: Option<&Declared>,
    place: Option<Place>,
) -> io::Result<Message> {
    let media_type = head.content_type.as_deref().unwrap_or_default().to_ascii_lowercase();
    let is_web = head.target_uri.as_deref().is_some_and(|uri| uri.trim_start_matches('<').starts_with("http"));
    let is_message = media_type.starts_with("application/http")
        || (media_type.is_empty() && is_web && matches!(head.record_type.as_str(), "response" | "request"));
    if is_message && head.record_type != "revisit" {
        return http::message(context, member, pipe, head.target_uri.as_deref().unwrap_or_default(), declared);
    }
    let mut block = Summing::new(pipe, declared);
    unpack::nest(context, member, &mut block, place)?;
    let sum = block.finish()?;
    // A revisit declares the digest of the earlier payload, which is not here.
    let here = if head.record_type == "revisit" { Vec::new() } else { vec![(sum, "the block as stored")] };
    Ok(Message { payload: declared.map(|declared| declared.check(&here)), bare: None })
}

type Header = Result<(WarcHead, u64), String>;

/// Reads version line and fields up to the empty line. The inner error is the reason for rejection.
fn read_header(tap: &mut Tap<'_>) -> io::Result<Header> {
    let lines = match read_lines(tap, HEADER)? {
        Ok(lines) => lines,
        Err(reason) => return Ok(Err(reason.to_string())),
    };
    let mut head = WarcHead {
        version: lines.first().cloned().unwrap_or_default(),
        record_type: String::new(),
        record_id: None,
        date: None,
        target_uri: None,
        content_type: None,
        fields: fields(&lines[1..]),
    };
    head.record_type = field(&head, "WARC-Type").unwrap_or_default().to_ascii_lowercase();
    head.record_id = field(&head, "WARC-Record-ID").map(str::to_string);
    head.date = field(&head, "WARC-Date").map(str::to_string);
    head.target_uri = field(&head, "WARC-Target-URI").map(str::to_string);
    head.content_type = field(&head, "Content-Type").map(str::to_string);
    Ok(match field(&head, "Content-Length") {
        None => Err("a record header without Content-Length".to_string()),
        Some(text) => match text.parse::<u64>() {
            Ok(length) if text.bytes().all(|b| b.is_ascii_digit()) => Ok((head, length)),
            _ => {
                Err(format!("Content-Length {:?} is not a number of bytes", text.chars().take(40).collect::<String>()))
            }
        },
    })
}

/// Lines up to an empty one, without their ends; at least one. The inner error says what is wrong.
pub(crate) fn read_lines(tap: &mut Tap<'_>, most: usize) -> io::Result<Result<Vec<String>, &'static str>> {
    let (mut lines, mut length) = (Vec::new(), 0);
    while let Line::Whole(line) = tap.line(LINE)? {
        length += line.len();
        let text = line.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        match text {
            None => return Ok(Err("truncated: the header does not end")),
            _ if length > most => return Ok(Err("a header that is longer than allowed")),
            Some(b"") if lines.is_empty() => return Ok(Err("a header without lines")),
            Some(b"") => return Ok(Ok(lines)),
            Some(text) => lines.push(String::from_utf8_lossy(text).into_owned()),
        }
    }
    let ended = tap.at_end()?;
    Ok(Err(if ended { "truncated: the header does not end" } else { "a header line that is longer than allowed" }))
}

/// `Name: value` lines; folded lines are joined, a line without a colon keeps an empty name.
pub(crate) fn fields(lines: &[String]) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in lines {
        let is_folded = line.starts_with([' ', '\t']);
        if let Some((_, value)) = fields.last_mut().filter(|_| is_folded) {
            value.push(' ');
            value.push_str(line.trim());
        } else if fields.len() < FIELDS {
            let (name, value) = line.split_once(':').unwrap_or(("", line));
            fields.push((name.trim().to_string(), value.trim().to_string()));
        }
    }
    fields
}

fn field<'h>(head: &'h WarcHead, name: &str) -> Option<&'h str> {
    head.fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}
