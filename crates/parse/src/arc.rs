//! ARC 1.0 (Internet Archive, 1996): one line of URL, address, date, media type and length, then
//! the bytes. URLs may hold spaces, so the line is read from its end.

use std::io;

use crate::context::{Context, Parent};
use crate::gzip::Origin;
use crate::http;
use crate::member::{Container, FindingKind, MemberHead, WarcHead};
use crate::tap::{Line, Tap};
use crate::unpack;
use crate::warc::{Record, block, finish, offsets, place_of_block, skip_line_ends};

const LINE: usize = 16 << 10;

/// Walks records until the stream ends; says how many it met.
pub(crate) fn records(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>, origin: &Origin) -> io::Result<u64> {
    let mut count = 0;
    loop {
        skip_line_ends(tap, usize::MAX)?;
        let start = tap.position();
        let line = match tap.line(LINE)? {
            Line::End => return Ok(count),
            Line::Whole(line) => line,
            Line::TooLong => Vec::new(),
        };
        count += 1;
        match UrlLine::parse(&line) {
            Ok(url_line) => record(context, parent, tap, origin, start, url_line)?,
            Err(reason) => {
                next_record(tap)?;
                let offset = offsets(origin, start).0;
                context.reject(
                    FindingKind::Malformed,
                    parent,
                    offset,
                    format!("{reason}; the bytes up to the next record are left out"),
                )?;
            }
        }
    }
}

/// Moves to the next line that begins like a record. A line that is too long for one is passed over whole: it would be
/// refused again and again, and what stands in its middle begins no record.
fn next_record(tap: &mut Tap<'_>) -> io::Result<()> {
    while !tap.at_end()? {
        let seen = tap.peek(LINE)?;
        match memchr::memchr(b'\n', &seen[..seen.len().min(LINE)]) {
            Some(end) if looks_like_record(&seen[..end]) => return Ok(()),
            Some(end) => tap.skip(end + 1),
            None => tap.skip_line()?,
        }
    }
    Ok(())
}

/// A scheme first, and a date of at least eight digits among the last four words.
fn looks_like_record(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let words: Vec<&[u8]> = line.rsplitn(5, |b| *b == b' ').collect();
    let is_date = |word: &&[u8]| word.len() >= 8 && word.iter().all(u8::is_ascii_digit);
    let scheme = line.split(|b| *b == b':').next().unwrap_or_default();
    let has_scheme = scheme.len() < line.len() && scheme.len() < 16 && scheme.iter().all(u8::is_ascii_alphanumeric);
    words.len() == 5 && has_scheme && words.iter().skip(1).any(is_date)
}

/// The line before each record.
struct UrlLine {
    url: Vec<u8>,
    address: String,
    date: String,
    media_type: String,
    length: u64,
}

impl UrlLine {
    fn parse(line: &[u8]) -> Result<Self, &'static str> {
        let words: Vec<&[u8]> = line.trim_ascii().rsplitn(5, |b| *b == b' ').collect();
        let [length, media_type, date, address, url] = words[..] else {
            return Err("a line that is no ARC record header");
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if date.len() < 8 || !date.iter().all(u8::is_ascii_digit) {
            return Err("an ARC record header without a date");
        }
        let length = std::str::from_utf8(length).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        Ok(UrlLine {
            url: url.to_vec(),
            address: text(address),
            date: text(date),
            media_type: text(media_type),
            length: length
                .and_then(|text| text.parse().ok())
                .ok_or("an ARC record whose length is not a number of bytes")?,
        })
    }

    fn head(&self) -> WarcHead {
        let url = String::from_utf8_lossy(&self.url).into_owned();
        let record_type = if url.starts_with("filedesc:") { "filedesc" } else { "response" };
        WarcHead {
            version: "ARC/1".to_string(),
            record_type: record_type.to_string(),
            record_id: None,
            date: Some(self.date.clone()),
            target_uri: Some(url),
            content_type: Some(self.media_type.clone()),
            fields: vec![("IP-address".to_string(), self.address.clone())],
        }
    }
}

fn record(
    context: &Context<'_>,
    parent: Parent,
    tap: &mut Tap<'_>,
    origin: &Origin,
    start: u64,
    line: UrlLine,
) -> io::Result<()> {
    let (offset, inner_offset) = offsets(origin, start);
    let head = line.head();
    let is_web = head.target_uri.as_deref().is_some_and(|url| url.starts_with("http"));
    let place = place_of_block(origin, tap.position(), line.length);
    let member = MemberHead {
        inner_offset,
        declared_length: Some(line.length),
        modified: head.date.clone(),
        warc: Some(head),
        ..unpack::head(Container::ArcRecord, &line.url, offset)
    };
    let member = context.begin(parent, member)?;
    let name = String::from_utf8_lossy(&line.url).into_owned();
    let block = block(context, member, tap, line.length, None, |pipe| {
        if is_web {
            http::message(context, member, pipe, &name, None)
        } else {
            unpack::nest(context, member, pipe, place).map(|()| http::Message::default())
        }
    })?;
    finish(context, parent, tap, &Record { origin, start, length: line.length, offset }, block)
}
