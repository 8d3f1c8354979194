//! A forgiving HTML tokenizer for evidence: it follows the WHATWG states as far as they decide what
//! a reader sees, and drops nothing that is written (attributes, comments, scripts and unfinished
//! tags are kept apart, not lost). It builds no tree, runs no script, loads nothing.
//! Own code rather than a library: offsets of every decoded byte are needed, at several hundred
//! megabytes a second.
//! Not read: the bytes inside `data:` URIs (they are another derivation).

use memchr::{memchr, memmem};

use crate::flat::{Flat, Writer, Zone};

/// A page as two runs of text, and the raw positions where a page may safely be cut in two.
pub(crate) struct Page {
    /// What the reader sees.
    pub text: Flat<'static>,
    /// Attribute values, comments, scripts and styles.
    pub markup: Flat<'static>,
    /// Where the title stands in `text`.
    pub title: Option<(usize, usize)>,
    /// Raw positions outside all tags where a new block begins, at least `CUT_SPACING` apart.
    pub cuts: Vec<usize>,
}

const CUT_SPACING: usize = 1024;
/// Bytes of an attribute's name that are looked at.
const LONGEST_NAME: usize = 100;

/// Splits HTML into its text and its markup.
pub(crate) fn read(bytes: &[u8]) -> Page {
    let mut reader = Reader {
        bytes,
        at: 0,
        text: Writer::with_capacity(bytes.len() / 2),
        markup: Writer::with_capacity(bytes.len() / 2),
        cuts: Vec::new(),
        title: None,
    };
    reader.run();
    Page { text: reader.text.finish(), markup: reader.markup.finish(), title: reader.title, cuts: reader.cuts }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    text: Writer,
    markup: Writer,
    cuts: Vec<usize>,
    title: Option<(usize, usize)>,
}

impl<'a> Reader<'a> {
    fn run(&mut self) {
        while self.at < self.bytes.len() {
            let tag = self.find(b'<', self.at);
            self.text.copy(self.bytes, self.at, tag, true);
            self.at = tag;
            if tag < self.bytes.len() {
                self.angle();
            }
        }
    }

    /// Position of `byte` at or after `from`, or the end.
    fn find(&self, byte: u8, from: usize) -> usize {
        memchr(byte, &self.bytes[from..]).map_or(self.bytes.len(), |i| from + i)
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn angle(&mut self) {
        match (self.peek(1), self.peek(2)) {
            (letter, _) if letter.is_ascii_alphabetic() => self.start_tag(),
            (b'/', letter) if letter.is_ascii_alphabetic() => self.end_tag(),
            (b'!', b'-') if self.peek(3) == b'-' => self.comment(4, b"-->"),
            (b'!' | b'?', _) => self.comment(2, b">"),
            _ => {
                self.text.literal(self.at, b"<");
                self.at += 1;
            }
        }
    }

    fn start_tag(&mut self) {
        let name = self.name(self.at + 1);
        self.show_tag(name);
        self.keep_strange_name(self.at + 1, name);
        self.at += 1 + name.len();
        while self.attribute() {}
        self.content_of(name);
    }

    fn end_tag(&mut self) {
        let name = self.name(self.at + 2);
        self.show_tag(name);
        self.keep_strange_name(self.at + 2, name);
        self.at = (self.find(b'>', self.at) + 1).min(self.bytes.len());
    }

    fn name(&self, from: usize) -> &'a [u8] {
        let rest = &self.bytes[from..];
        let length = rest.iter().position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>')).unwrap_or(rest.len());
        &rest[..length]
    }

    /// Joins the text across a tag of the line, parts it at any other.
    fn show_tag(&mut self, name: &[u8]) {
        match flow(name) {
            Flow::Styles => self.text.joint(false),
            Flow::Spans => self.text.joint(true),
            Flow::Parts => {
                self.text.part(self.at);
                if self.cuts.last().is_none_or(|last| last + CUT_SPACING <= self.at) {
                    self.cuts.push(self.at);
                }
            }
        }
    }

    /// `<name@host>` in a badly written page is a tag to the browser and a lead to the reader.
    fn keep_strange_name(&mut self, at: usize, name: &[u8]) {
        if name.len() >= 14 || name.iter().any(|b| matches!(b, b'@' | b'.' | b':')) {
            self.markup.enter(at, Zone::TagName);
            let end = self.find(b'>', at).min(at + 256);
            self.markup.copy(self.bytes, at, end, false);
        }
    }

    /// Reads one attribute; false when the tag is over.
    fn attribute(&mut self) -> bool {
        self.skip(|b| b.is_ascii_whitespace() || b == b'/');
        let name_at = self.at;
        match self.bytes.get(self.at) {
            None => return false,
            Some(b'>') => {
                self.at += 1;
                return false;
            }
            Some(_) => self.at += 1,
        }
        self.skip(|b| !b.is_ascii_whitespace() && !matches!(b, b'/' | b'>' | b'='));
        let name = (name_at, self.at);
        self.skip(|b| b.is_ascii_whitespace());
        if self.peek(0) == b'=' {
            self.at += 1;
            self.skip(|b| b.is_ascii_whitespace());
            self.value(name);
        } else if name.1 - name.0 >= 14 {
            self.keep_value(name, name.0, name.1);
        }
        true
    }

    fn skip(&mut self, wanted: impl Fn(u8) -> bool) {
        let rest = &self.bytes[self.at..];
        self.at += rest.iter().position(|b| !wanted(*b)).unwrap_or(rest.len());
    }

    fn value(&mut self, name: (usize, usize)) {
        let quote = self.peek(0);
        if matches!(quote, b'"' | b'\'') {
            let start = self.at + 1;
            let end = self.find(quote, start);
            self.keep_value(name, start, end);
            self.at = (end + 1).min(self.bytes.len());
        } else {
            let start = self.at;
            self.skip(|b| !b.is_ascii_whitespace() && b != b'>');
            self.keep_value(name, start, self.at);
        }
    }

    /// The shortest selector has six bytes; `data:` URIs hold files, not text.
    fn keep_value(&mut self, name: (usize, usize), start: usize, end: usize) {
        let value = &self.bytes[start..end];
        if value.len() < 6 || is_data_uri(value) {
            return;
        }
        let narrow = |n: usize| u32::try_from(n).expect("a window is far below 4 GiB");
        // A name without end would be read again for each selector in it.
        let name_ends = name.1.min(name.0 + LONGEST_NAME);
        self.markup.enter(start - 1, Zone::Attribute { name: (narrow(name.0), narrow(name_ends)) });
        self.markup.copy(self.bytes, start, end, true);
    }

    /// Script, style and text-only elements have content of their own kind.
    fn content_of(&mut self, name: &[u8]) {
        let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
        if is(b"script") || is(b"style") {
            let end = self.closing(name);
            self.markup.enter(self.at.saturating_sub(1), Zone::Code);
            // Addresses in scripts are written as strings of JSON: `https:\/\/t.me\/name`.
            crate::decode::json::copy(&mut self.markup, self.bytes, self.at, end);
            self.at = end;
        } else if is(b"title") || is(b"textarea") {
            let end = self.closing(name);
            let from = self.text.length();
            self.text.copy(self.bytes, self.at, end, true);
            if is(b"title") && self.text.length() > from {
                self.title.get_or_insert((from, self.text.length()));
            }
            self.at = end;
        }
    }

    /// Where `</name` begins, or the end.
    fn closing(&self, name: &[u8]) -> usize {
        let mut from = self.at;
        loop {
            let open = self.find(b'<', from);
            let Some(rest) = self.bytes.get(open + 1..) else { return self.bytes.len() };
            if rest.first() == Some(&b'/') && rest[1..].get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name)) {
                return open;
            }
            from = open + 1;
        }
    }

    fn comment(&mut self, opening: usize, closing: &[u8]) {
        let start = (self.at + opening).min(self.bytes.len());
        let end = memmem::find(&self.bytes[start..], closing).map_or(self.bytes.len(), |i| start + i);
        if end - start >= 6 {
            self.markup.enter(self.at, Zone::Comment);
            self.markup.copy(self.bytes, start, end, false);
        }
        self.text.joint(true);
        self.at = (end + closing.len()).min(self.bytes.len());
    }
}

fn is_data_uri(value: &[u8]) -> bool {
    value.len() > 64
        && value[..5].eq_ignore_ascii_case(b"data:")
        && memmem::find(&value[..value.len().min(128)], b";base64,").is_some()
}

/// What a tag does to the text around it.
enum Flow {
    /// Changes its looks only.
    Styles,
    /// Stays in the line, and often parts two things.
    Spans,
    /// Begins a new line, cell or box.
    Parts,
}

fn flow(name: &[u8]) -> Flow {
    if let Some(flow) = office_flow(name) {
        return flow;
    }
    let mut buffer = [0u8; 8];
    let Some(lower) = buffer.get_mut(..name.len()) else { return Flow::Parts };
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    match &*lower {
        b"b" | b"i" | b"u" | b"s" | b"em" | b"strong" | b"font" | b"wbr" | b"mark" | b"small" | b"big" | b"code"
        | b"tt" | b"kbd" | b"samp" | b"var" | b"sub" | b"sup" | b"bdi" | b"bdo" | b"ins" | b"del" | b"strike"
        | b"nobr" | b"cite" | b"dfn" | b"q" | b"blink" => Flow::Styles,
        b"span" | b"a" | b"abbr" | b"acronym" | b"label" | b"data" | b"time" | b"output" => Flow::Spans,
        _ => Flow::Parts,
    }
}

/// Tags of Office documents (ECMA-376, OpenDocument): a word is often cut into runs, each in tags of its own, with the
/// looks of the run between them. Only a paragraph, a break or a cell parts text. Names of HTML are none of them.
fn office_flow(name: &[u8]) -> Option<Flow> {
    let joins = |parting: &[&[u8]], inner: &[u8]| if parting.contains(&inner) { Flow::Parts } else { Flow::Styles };
    match name {
        [b'w' | b'W', b':', inner @ ..] => Some(joins(&[b"p", b"br", b"cr", b"tab", b"ptab", b"tc", b"tr", b"tbl", b"txbxContent", b"body"], inner)),
        [b'a' | b'A', b':', inner @ ..] => Some(joins(&[b"p", b"br", b"tc", b"tr", b"tbl", b"txBody"], inner)),
        b"text:span" | b"text:a" | b"text:bookmark" | b"text:bookmark-start" | b"text:bookmark-end" | b"text:soft-page-break" => Some(Flow::Styles),
        // The strings of a workbook: runs and their looks.
        b"t" | b"r" | b"rPr" | b"sz" | b"color" | b"rFont" | b"family" | b"scheme" | b"charset" | b"vertAlign" => Some(Flow::Styles),
        _ => None,
    }
}

/// Whether bytes of unknown kind are HTML or XML: a declaration, or one of the usual tags in the first 64 KiB.
pub(crate) fn looks_like_html(bytes: &[u8]) -> bool {
    const SIGNS: [&[u8]; 15] = [
        b"<!doctype html", b"<html", b"<head", b"<body", b"<title", b"<meta ", b"<div", b"<span", b"<table", b"<p>",
        b"<br", b"<a href", b"<script", b"<td", b"<li>",
    ];
    let head = &bytes[..bytes.len().min(64 << 10)];
    if head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).starts_with(b"<?xml") {
        return true;
    }
    memchr::memchr_iter(b'<', head).any(|at| {
        SIGNS.iter().any(|sign| head[at..].get(..sign.len()).is_some_and(|found| found.eq_ignore_ascii_case(sign)))
    })
}
