//! The header of a message or a part as text: folded lines joined, encoded words (RFC 2047) decoded, each letter with
//! its place in the raw bytes; and what the header says of the body.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use memchr::{memchr, memchr2, memmem};
use model::mail::{field_name, quoted_string};

use crate::decode::{Charset, Choice, Stream, Told, choose};

use super::coding::{Out, base64_value, hex_pair};
use super::Done;

/// Longest encoded word; RFC 2047 allows 75.
const WORD: usize = 2000;
/// Parameters of one field that are looked at.
const PARAMETERS: usize = 100;

/// A header that was read.
#[derive(Default)]
pub(super) struct Head {
    pub out: Out,
    pub done: Vec<Done>,
    fields: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A field as one line, each byte with its place.
#[derive(Default)]
struct Unfolded {
    bytes: Vec<u8>,
    places: Vec<u64>,
    /// Where lines were joined.
    joints: Vec<usize>,
}

impl Head {
    /// Reads the raw lines of a header; the first one may be the line by which mbox parts its messages.
    pub(super) fn read(raw: &[u8], base: u64) -> Head {
        let (mut head, mut at) = (Head::default(), 0);
        // What is neither ASCII nor UTF-8 is in the charset of the text, or in the one that its bytes look like.
        let foreign = std::str::from_utf8(raw).is_err();
        let charset = if foreign { choose(raw, declared(raw)) } else { None };
        while at < raw.len() {
            let field = unfolded(raw, &mut at, base);
            if let Some(name) = field_name(&field.bytes) {
                let value = field.bytes[name.len() + 1..].trim_ascii().to_vec();
                head.fields.push((name.to_ascii_lowercase(), value));
            }
            head.write(&field, charset);
        }
        let end = base + raw.len() as u64;
        head.out.map.close(head.out.bytes.len() as u64, end);
        head
    }

    fn field(&self, name: &str) -> &[u8] {
        self.fields.iter().find(|(found, _)| found == name.as_bytes()).map_or(&[], |(_, value)| value)
    }

    /// `text/html`, in small letters; empty when nothing is said.
    pub(super) fn media(&self) -> String {
        let value = self.field("content-type").split(|b| *b == b';').next().unwrap_or_default();
        String::from_utf8_lossy(value).trim().chars().take(100).collect::<String>().to_ascii_lowercase()
    }

    pub(super) fn charset(&self) -> Option<Charset> {
        parameter(self.field("content-type"), b"charset").and_then(|label| Charset::of(&String::from_utf8_lossy(&label)))
    }

    pub(super) fn boundary(&self) -> Option<Vec<u8>> {
        parameter(self.field("content-type"), b"boundary")
    }

    pub(super) fn coding(&self) -> &[u8] {
        self.field("content-transfer-encoding")
    }

    /// Writes a field as a reader sees it.
    fn write(&mut self, field: &Unfolded, charset: Option<Choice>) {
        let start = self.out.bytes.len();
        let line = &field.bytes;
        let (mut plain, mut at, mut after_word) = (0, 0, false);
        let mut word = Word::default();
        while let Some(open) = memmem::find(&line[at..], b"=?").map(|i| at + i) {
            let Some((encoding, end)) = word_at(line, open) else {
                at = open + 2;
                continue;
            };
            // Blanks between two words are none.
            let apart = !(after_word && line[plain..open].trim_ascii().is_empty());
            if apart || word.encoding != encoding {
                word.write(self);
            }
            if apart {
                self.plain(field, plain, open, charset);
            }
            word.encoding = encoding;
            word.take(field, open, end);
            (after_word, at, plain) = (true, end, end);
        }
        word.write(self);
        self.plain(field, plain, line.len(), charset);
        // Joints are told where no word was decoded: positions are those of the line then.
        if self.out.bytes.len() - start == line.len() {
            let here = |at: &usize| (start + at) as u64;
            self.done.extend(field.joints.iter().map(|at| Done { start: here(at), end: here(at), step: "folded line of a header joined".into() }));
        }
    }

    /// Bytes that are no encoded word.
    fn plain(&mut self, field: &Unfolded, from: usize, to: usize, charset: Option<Choice>) {
        let bytes = &field.bytes[from..to];
        if let (Some(choice), Err(_)) = (charset, std::str::from_utf8(bytes)) {
            let places: Vec<(u64, u64)> = field.places[from..to].iter().map(|place| (*place, place + 1)).collect();
            return self.decoded(bytes, &places, choice, choice.step());
        }
        let mut at = from;
        while at < to {
            let run = field.places[at..to].iter().zip(field.places[at]..).take_while(|(place, next)| *place == next).count();
            self.out.literal(field.places[at], &field.bytes[at..at + run]);
            at += run;
        }
    }

    /// Bytes of a charset, each with its raw range.
    fn decoded(&mut self, bytes: &[u8], places: &[(u64, u64)], choice: Choice, step: String) {
        let start = self.out.bytes.len() as u64;
        let mut stream = Stream::new(bytes, choice);
        let mut text = String::new();
        if std::io::Read::read_to_string(&mut stream, &mut text).is_err() {
            return;
        }
        let map = stream.into_map();
        for (at, letter) in text.char_indices() {
            let place = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(places.len().saturating_sub(1));
            let first = place(map.raw_start(at as u64));
            let last = place(map.raw_end((at + letter.len_utf8()) as u64).saturating_sub(1)).max(first);
            let (from, to) = (places[first].0, places[last].1);
            self.out.unit(from, to - from, letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
        self.done.push(Done { start, end: self.out.bytes.len() as u64, step });
    }
}

/// Neighbouring encoded words of one charset: a letter may be cut between them.
#[derive(Default)]
struct Word {
    encoding: Option<&'static Encoding>,
    bytes: Vec<u8>,
    places: Vec<(u64, u64)>,
}

impl Word {
    /// Takes the word at `open..end`, whose shape was looked at.
    fn take(&mut self, field: &Unfolded, open: usize, end: usize) {
        let mut marks = memchr::memchr_iter(b'?', &field.bytes[open + 2..end]);
        let second = marks.nth(1).map_or(end, |i| open + 2 + i);
        let is_base64 = field.bytes[second - 1].eq_ignore_ascii_case(&b'b');
        let (from, to) = (second + 1, end - 2);
        if is_base64 { self.base64(field, from, to) } else { self.quoted(field, from, to) }
    }

    fn quoted(&mut self, field: &Unfolded, from: usize, to: usize) {
        let mut at = from;
        while at < to {
            let pair = if field.bytes[at] == b'=' { hex_pair(field.bytes[..to].get(at + 1..at + 3)) } else { None };
            let wide = if pair.is_some() { 3 } else { 1 };
            self.bytes.push(pair.unwrap_or(if field.bytes[at] == b'_' { b' ' } else { field.bytes[at] }));
            self.places.push((field.places[at], field.places[at + wide - 1] + 1));
            at += wide;
        }
    }

    fn base64(&mut self, field: &Unfolded, from: usize, to: usize) {
        let (mut bits, mut count, mut before) = (0u32, 0, 0);
        for at in from..to {
            let Some(value) = base64_value(field.bytes[at]) else {
                if field.bytes[at] == b'=' {
                    (bits, count) = (0, 0);
                }
                continue;
            };
            (bits, count) = (bits << 6 | u32::from(value), count + 6);
            if count >= 8 {
                count -= 8;
                self.bytes.push((bits >> count & 0xff) as u8);
                self.places.push((field.places[before], field.places[at] + 1));
            }
            before = at;
        }
    }

    fn write(&mut self, head: &mut Head) {
        let Word { encoding, bytes, places } = std::mem::take(self);
        if bytes.is_empty() {
            return;
        }
        let fallback = || if std::str::from_utf8(&bytes).is_ok() { UTF_8 } else { WINDOWS_1252 };
        let encoding = encoding.unwrap_or_else(fallback);
        let choice = Choice { encoding, told: Told::Sender, against_declared: false };
        head.decoded(&bytes, &places, choice, format!("encoded word of a header decoded ({})", choice.charset()));
    }
}

/// Charset and end of the encoded word at `open`; none when it is not one.
fn word_at(line: &[u8], open: usize) -> Option<(Option<&'static Encoding>, usize)> {
    let body = &line[open + 2..line.len().min(open + 2 + WORD)];
    let first = memchr(b'?', body)?;
    if !matches!(body.get(first + 1..first + 3)?, [b'B' | b'b' | b'Q' | b'q', b'?']) {
        return None;
    }
    let content = first + 3;
    let end = content + memmem::find(&body[content..], b"?=")?;
    let label = body[..first].split(|b| *b == b'*').next().unwrap_or_default();
    Some((Encoding::for_label(label), open + 2 + end + 2))
}

/// The field at `at` as one line; `at` goes to the next one.
fn unfolded(raw: &[u8], at: &mut usize, base: u64) -> Unfolded {
    let mut field = Unfolded::default();
    loop {
        let end = memchr(b'\n', &raw[*at..]).map_or(raw.len(), |i| *at + i + 1);
        let goes_on = matches!(raw.get(end), Some(b' ' | b'\t'));
        let line = &raw[*at..end];
        let bare = line.strip_suffix(b"\n").map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        let kept = if goes_on { bare } else { line };
        field.bytes.extend_from_slice(kept);
        field.places.extend((base + *at as u64..).take(kept.len()));
        *at = end;
        if !goes_on {
            return field;
        }
        field.joints.push(field.bytes.len());
    }
}

/// The charset that a header declares for the body, looked for before the header is read.
fn declared(raw: &[u8]) -> Option<Charset> {
    let mut at = 0;
    while at < raw.len() {
        let field = unfolded(raw, &mut at, 0);
        if field_name(&field.bytes).is_some_and(|name| name.eq_ignore_ascii_case(b"content-type")) {
            let label = parameter(&field.bytes, b"charset")?;
            return Charset::of(&String::from_utf8_lossy(&label));
        }
    }
    None
}

/// A parameter of a field, such as the boundary of a content type.
fn parameter(value: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut rest = &value[memchr(b';', value)? + 1..];
    for _ in 0..PARAMETERS {
        let sign = memchr2(b'=', b';', rest)?;
        let (key, after) = (rest[..sign].trim_ascii(), rest[sign + 1..].trim_ascii_start());
        if rest[sign] == b';' {
            rest = after;
            continue;
        }
        let (content, used) = match after.first() {
            Some(b'"') => quoted_string(after),
            _ => {
                let end = memchr2(b';', b' ', after).unwrap_or(after.len());
                (after[..end].trim_ascii().to_vec(), end)
            }
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(content);
        }
        rest = &after[used..];
        rest = rest.get(memchr(b';', rest)? + 1..)?;
    }
    None
}
