//! One HTTP/1.1 exchange: a request or an answer with a length, read whole within bounds, or refused.
//!
//! No chunks, no continuation, no second request on a connection: whatever else HTTP allows is a finding
//! (law 14). Heads are parsed by `httparse`; what a body means is decided elsewhere.

use std::io::{Read, Write};

/// Most bytes of a head.
const MOST_HEAD: usize = 8 << 10;
/// Most bytes of a body: what C2SP signed notes may have here.
pub const MOST_BODY: usize = 1 << 16;
/// Most header lines.
const MOST_HEADERS: usize = 32;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: String,
    /// The path.
    pub path: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Content type.
    pub kind: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(stream: &mut impl Read) -> Result<Request, String> {
        let (head, rest) = head(stream)?;
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        parsed.parse(&head).map_err(|e| format!("not a request: {e}"))?;
        let (Some(method), Some(path)) = (parsed.method, parsed.path) else { return Err("not a request".into()) };
        let (method, path) = (method.to_string(), path.to_string());
        let length = length(parsed.headers)?.unwrap_or(0);
        Ok(Request { method, path, body: body(stream, rest, length)? })
    }

    /// Writes it.
    ///
    /// # Errors
    /// The stream's.
    pub fn write(&self, host: &str, stream: &mut impl Write) -> std::io::Result<()> {
        let Request { method, path, body } = self;
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), body].concat()).and_then(|()| stream.flush())
    }
}

impl Answer {
    /// A text answer.
    pub fn text(status: u16, body: impl Into<String>) -> Answer {
        Answer { status, kind: "text/plain; charset=utf-8".into(), body: body.into().into_bytes() }
    }

    /// Reads an answer, which must say its length.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(stream: &mut impl Read) -> Result<Answer, String> {
        let (head, rest) = head(stream)?;
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut parsed = httparse::Response::new(&mut headers);
        parsed.parse(&head).map_err(|e| format!("not an answer: {e}"))?;
        let status = parsed.code.ok_or("an answer without a status")?;
        let kind = parsed.headers.iter().find(|h| h.name.eq_ignore_ascii_case("content-type"));
        let kind = kind.map(|h| String::from_utf8_lossy(h.value).into_owned()).unwrap_or_default();
        let length = length(parsed.headers)?.ok_or("an answer without a length")?;
        Ok(Answer { status, kind, body: body(stream, rest, length)? })
    }

    /// Writes it.
    ///
    /// # Errors
    /// The stream's.
    pub fn write(&self, stream: &mut impl Write) -> std::io::Result<()> {
        let Answer { status, kind, body } = self;
        let head = format!("HTTP/1.1 {status} {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", phrase(*status), body.len());
        stream.write_all(&[head.as_bytes(), body].concat()).and_then(|()| stream.flush())
    }
}

fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        422 => "Unprocessable Content",
        _ => "Error",
    }
}

/// The bytes up to the first empty line, and what came after them already.
fn head(stream: &mut impl Read) -> Result<(Vec<u8>, Vec<u8>), String> {
    let mut bytes = Vec::new();
    let mut piece = [0; 1024];
    loop {
        let count = stream.read(&mut piece).map_err(|e| e.to_string())?;
        let from = bytes.len().saturating_sub(3);
        bytes.extend_from_slice(&piece[..count]);
        let end = bytes[from..].windows(4).position(|w| w == b"\r\n\r\n").map(|at| from + at + 4);
        if let Some(end) = end.filter(|end| *end <= MOST_HEAD) {
            let rest = bytes.split_off(end);
            return Ok((bytes, rest));
        }
        if end.is_some() || count == 0 || bytes.len() > MOST_HEAD {
            return Err("the head has no end".into());
        }
    }
}

fn length(headers: &[httparse::Header<'_>]) -> Result<Option<usize>, String> {
    if headers.iter().any(|h| h.name.eq_ignore_ascii_case("transfer-encoding")) {
        return Err("a body in pieces is not read".into());
    }
    let mut lengths = headers.iter().filter(|h| h.name.eq_ignore_ascii_case("content-length"));
    let (first, second) = (lengths.next(), lengths.next());
    if second.is_some() {
        return Err("two lengths".into());
    }
    let Some(header) = first else { return Ok(None) };
    let text = std::str::from_utf8(header.value).unwrap_or("");
    let number = text.parse().ok().filter(|n: &usize| *n <= MOST_BODY && text.bytes().all(|b| b.is_ascii_digit()));
    number.map(Some).ok_or_else(|| "a body that is too long, or a length that is no number".into())
}

fn body(stream: &mut impl Read, mut bytes: Vec<u8>, length: usize) -> Result<Vec<u8>, String> {
    if bytes.len() > length {
        return Err("more bytes than were announced".into());
    }
    let have = bytes.len();
    bytes.resize(length, 0);
    stream.read_exact(&mut bytes[have..]).map_err(|e| format!("the body is cut short: {e}"))?;
    Ok(bytes)
}
