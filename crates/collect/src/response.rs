//! Reads an HTTP/1.1 response while it arrives, only to know where it ends (RFC 9112 §6–7). Decodes
//! nothing and changes nothing: the raw bytes are kept elsewhere. No I/O.
//!
//! A response that breaks the grammar is a finding ([`Ending::Malformed`]), never an error of ours.

use sha2::{Digest, Sha256};

/// Longest response head that is read; a longer one is malformed.
const MAX_HEAD: usize = 256 << 10;
/// Longest chunk-size or trailer line.
const MAX_LINE: usize = 16 << 10;
/// Most header fields.
const MAX_FIELDS: usize = 256;
/// Longest `Location` that is recorded, in characters.
pub(crate) const RECORDED_LOCATION: usize = 4_096;
/// Longest that is read: as much again, so that a session's value across the cut is whole when it is looked for.
const MAX_LOCATION: usize = 2 * RECORDED_LOCATION;

/// What is known about the response so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// More bytes are needed.
    Open,
    /// Whole by its own framing.
    Whole,
    /// Whole if the peer closes the connection now.
    WholeAtClose,
    /// Breaks the grammar; what follows is kept but not understood.
    Malformed,
}

/// A response in arrival.
#[derive(Debug, Default)]
pub struct ResponseReader {
    head: Vec<u8>,
    /// Empty lines before the head, which a reader skips (RFC 9112 §2.2).
    lead: usize,
    state: State,
    status: Option<u16>,
    location: Option<String>,
    media: Option<String>,
    encoded: bool,
    interim: bool,
    /// Bytes of interim heads that were read and let go.
    let_go: usize,
    /// Bytes of all heads, once the final one is there.
    heads: Option<usize>,
    payload: Sha256,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    Length(u64),
    Chunked(Chunk),
    UntilClose,
    Whole,
    Malformed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Chunk {
    Size(Vec<u8>),
    Bytes(u64),
    AfterBytes(Vec<u8>),
    Trailer(Vec<u8>),
}

impl ResponseReader {
    /// Takes the next bytes as received.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.state == State::Head {
            self.push_head(bytes);
        } else {
            self.push_body(bytes);
        }
    }

    /// What is known about the end.
    pub fn ending(&self) -> Ending {
        match self.state {
            State::Head | State::Length(_) | State::Chunked(_) => Ending::Open,
            State::UntilClose => Ending::WholeAtClose,
            State::Whole => Ending::Whole,
            State::Malformed => Ending::Malformed,
        }
    }

    /// Tells that the peer closed the connection; a head that could never become one is now malformed.
    pub fn close(&mut self) {
        if self.state == State::Head && !self.head.is_empty() && read_head(&self.head).is_err() {
            self.state = State::Malformed;
        }
    }

    /// Status code of the final response, once its head is there.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// `Content-Type` of the final response.
    pub fn media(&self) -> Option<&str> {
        self.media.as_deref()
    }

    /// Whether the body is compressed or coded in another way (`Content-Encoding`).
    pub fn is_encoded(&self) -> bool {
        self.encoded
    }

    /// `Location` of a redirect (3xx).
    pub fn redirect(&self) -> Option<&str> {
        let is_redirect = self.status.is_some_and(|status| (300..400).contains(&status));
        if is_redirect { self.location.as_deref() } else { None }
    }

    /// How many bytes the head and all interim ones before it have, once it is there.
    pub fn heads(&self) -> Option<usize> {
        self.heads
    }

    /// SHA-256 of everything after the head as received, transfer coding left in place.
    ///
    /// None without a head, and none after an interim (1xx) head, where readers disagree about what
    /// the payload is.
    pub fn payload_digest(&self) -> Option<[u8; 32]> {
        let known = self.status.is_some() && !self.interim;
        known.then(|| self.payload.clone().finalize().into())
    }

    fn push_head(&mut self, bytes: &[u8]) {
        let seen = self.head.len().saturating_sub(3);
        self.head.extend_from_slice(bytes);
        self.try_head(seen);
        if self.state == State::Head && self.head.len() > MAX_HEAD {
            self.state = State::Malformed;
        }
    }

    /// Reads the head once its empty line has come; `seen` bytes were looked through before.
    fn try_head(&mut self, mut seen: usize) {
        while self.has_blank_line(seen) {
            match read_head(&self.head) {
                Ok(None) => return,
                Err(()) => return self.state = State::Malformed,
                Ok(Some(head)) if head.is_interim() => {
                    self.interim = true;
                    self.head.drain(..head.length);
                    self.let_go += head.length;
                    (self.lead, seen) = (0, 0);
                }
                Ok(Some(head)) => return self.accept(head),
            }
        }
    }

    fn has_blank_line(&mut self, seen: usize) -> bool {
        self.lead += self.head[self.lead..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        let fresh = &self.head[seen.max(self.lead)..];
        fresh.windows(2).any(|w| w == b"\n\n") || fresh.windows(3).any(|w| w == b"\n\r\n")
    }

    fn accept(&mut self, head: Head) {
        let body = self.head.split_off(head.length);
        self.heads = Some(self.let_go + head.length);
        self.status = Some(head.status);
        self.location = head.location;
        self.media = head.media;
        self.encoded = head.encoded;
        self.state = head.framing;
        self.push_body(&body);
    }

    fn push_body(&mut self, bytes: &[u8]) {
        if self.status.is_some() {
            self.payload.update(bytes);
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            let taken = match &mut self.state {
                State::Length(left) => take(left, rest),
                State::Chunked(_) => self.push_chunk(rest),
                State::Head | State::UntilClose | State::Whole | State::Malformed => return,
            };
            rest = &rest[taken..];
            if self.state == State::Length(0) {
                self.state = State::Whole;
            }
        }
    }

    /// Takes a prefix of `bytes` (never empty) and says how long it was.
    fn push_chunk(&mut self, bytes: &[u8]) -> usize {
        let State::Chunked(chunk) = &mut self.state else { return bytes.len() };
        let line = match chunk {
            Chunk::Bytes(left) => {
                let taken = take(left, bytes);
                if *left == 0 {
                    *chunk = Chunk::AfterBytes(Vec::new());
                }
                return taken;
            }
            Chunk::Size(line) | Chunk::AfterBytes(line) | Chunk::Trailer(line) => line,
        };
        let taken = bytes.iter().position(|b| *b == b'\n').map_or(bytes.len(), |at| at + 1);
        line.extend_from_slice(&bytes[..taken]);
        if line.len() > MAX_LINE {
            self.state = State::Malformed;
        } else if line.ends_with(b"\n") {
            self.state = next_chunk(chunk);
        }
        taken
    }
}

/// Where a chunked body stands after a whole line.
fn next_chunk(chunk: &Chunk) -> State {
    match chunk {
        Chunk::Size(line) => match chunk_size(line) {
            Some(0) => State::Chunked(Chunk::Trailer(Vec::new())),
            Some(size) => State::Chunked(Chunk::Bytes(size)),
            None => State::Malformed,
        },
        Chunk::AfterBytes(line) if is_blank(line) => State::Chunked(Chunk::Size(Vec::new())),
        Chunk::Trailer(line) if is_blank(line) => State::Whole,
        Chunk::Trailer(_) => State::Chunked(Chunk::Trailer(Vec::new())),
        Chunk::AfterBytes(_) | Chunk::Bytes(_) => State::Malformed,
    }
}

fn take(left: &mut u64, bytes: &[u8]) -> usize {
    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
    *left -= taken as u64;
    taken
}

fn is_blank(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?;
    let digits = text.split(';').next()?.trim_matches([' ', '\t', '\r', '\n']);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if plain { u64::from_str_radix(digits, 16).ok() } else { None }
}

struct Head {
    length: usize,
    status: u16,
    location: Option<String>,
    media: Option<String>,
    encoded: bool,
    framing: State,
}

impl Head {
    fn is_interim(&self) -> bool {
        (100..200).contains(&self.status) && self.status != 101
    }
}

/// A whole head, none yet, or something that never becomes one.
fn read_head(bytes: &[u8]) -> Result<Option<Head>, ()> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(()),
    };
    let status = response.code.ok_or(())?;
    let location = field(response.headers, "location").next().map(|value| {
        String::from_utf8_lossy(value).chars().take(MAX_LOCATION).collect()
    });
    let media = field(response.headers, "content-type").next().map(|value| String::from_utf8_lossy(value).chars().take(MAX_LOCATION).collect());
    let encoded = field(response.headers, "content-encoding").any(|value| !value.trim_ascii().eq_ignore_ascii_case(b"identity"));
    Ok(Some(Head { length, status, location, media, encoded, framing: framing(status, response.headers) }))
}

fn field<'h>(fields: &'h [httparse::Header<'h>], name: &'h str) -> impl Iterator<Item = &'h [u8]> {
    fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value)
}

/// RFC 9112 §6.3, for the answer to a GET.
fn framing(status: u16, fields: &[httparse::Header<'_>]) -> State {
    if matches!(status, 204 | 304) {
        return State::Whole;
    }
    if let Some(codings) = field(fields, "transfer-encoding").last() {
        let last = codings.rsplit(|b| *b == b',').next().unwrap_or(codings).trim_ascii();
        let chunked = last.eq_ignore_ascii_case(b"chunked");
        return if chunked { State::Chunked(Chunk::Size(Vec::new())) } else { State::UntilClose };
    }
    match content_length(fields) {
        Ok(None) => State::UntilClose,
        Ok(Some(0)) => State::Whole,
        Ok(Some(length)) => State::Length(length),
        Err(()) => State::Malformed,
    }
}

/// One length, also when it is stated several times alike; two different ones are malformed.
fn content_length(fields: &[httparse::Header<'_>]) -> Result<Option<u64>, ()> {
    let mut stated = None;
    for part in field(fields, "content-length").flat_map(|value| value.split(|b| *b == b',')) {
        let digits = std::str::from_utf8(part.trim_ascii()).map_err(|_| ())?;
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let length = if plain { digits.parse::<u64>().map_err(|_| ())? } else { return Err(()) };
        if stated.is_some_and(|before| before != length) {
            return Err(());
        }
        stated = Some(length);
    }
    Ok(stated)
}

/// Fuzz target: any bytes as a response. However the network cuts them, the reading is the same.
pub fn fuzz_response(bytes: &[u8]) {
    let mut whole = ResponseReader::default();
    whole.push(bytes);
    let mut drip = ResponseReader::default();
    bytes.iter().for_each(|byte| drip.push(std::slice::from_ref(byte)));
    // A head beyond the limit is the one thing that may be noticed earlier or later.
    if bytes.len() <= MAX_LINE {
        assert_eq!(whole.ending(), drip.ending());
        assert_eq!(whole.status(), drip.status());
        assert_eq!(whole.heads(), drip.heads());
        assert_eq!(whole.redirect(), drip.redirect());
        assert_eq!((whole.media(), whole.is_encoded()), (drip.media(), drip.is_encoded()));
        assert_eq!(whole.payload_digest(), drip.payload_digest());
    }
    whole.close();
}
