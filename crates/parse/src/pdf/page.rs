//! The text of a page: its content stream is walked as far as text goes (ISO 32000-1 §9.4), and pieces become lines
//! by where they stand. Nothing is drawn. Bounded in operators, depth and letters over the whole file.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::file::File;
use super::font::Font;
use super::object::{Dict, Lexer, Value};

/// Operators of one file.
const OPERATORS: u64 = 4_000_000;
/// Streams of one page, and their bytes.
const STREAMS: usize = 10_000;
const CONTENT: usize = 64 << 20;
/// Bytes of text of one page.
const TEXT: usize = 4 << 20;
/// Forms inside forms.
const FORMS: u32 = 8;
/// Saved states.
const SAVED: usize = 256;
/// What looking at a note costs, as bytes of a stream: the pages of a file may all name the same ones.
const NOTE: u64 = 64;
/// Operands of one operator.
const OPERANDS: usize = 600;
/// Pictures written inline in the pages of one file, and their bytes.
const INLINE: usize = 1000;
const INLINE_BYTES: usize = 16 << 20;
/// Words about one of them, and how long they are: each picture is looked at again from where its words begin.
const SAID: usize = 30;
const SAID_BYTES: usize = 4096;
/// Points of a side below which such a picture is passed over: the smallest QR code has 21 modules.
const SMALLEST: usize = 21;

type Matrix = [f32; 6];

const SAME: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

fn times(a: &Matrix, b: &Matrix) -> Matrix {
    [
        a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4], a[4] * b[1] + a[5] * b[3] + b[5],
    ]
}

/// What all pages of a file share.
pub(crate) struct Walk<'f, 'a> {
    file: &'f File<'a>,
    operators: Cell<u64>,
    /// Whether a part of a page was not walked.
    cut: Cell<bool>,
    /// Codes that nothing explains.
    pub(crate) unknown: Cell<u64>,
    fonts: std::cell::RefCell<BTreeMap<u32, Rc<Font>>>,
    /// The page that is walked, counted from 0.
    page: Cell<usize>,
    pub(crate) drawn: std::cell::RefCell<Drawn>,
}

/// The pictures that the pages draw. Each costs operators of the file's purse, so they are bounded.
#[derive(Default)]
pub(crate) struct Drawn {
    /// The object of a picture, and the pages that draw it.
    pub on: BTreeMap<u32, Vec<usize>>,
    /// Pictures that are written inline in a page: the page, what is said of the picture, its bytes.
    pub inline: Vec<(usize, Dict, Vec<u8>)>,
    /// Bytes of those, and how many were left out: they are too many, or too much is said of them.
    held: usize,
    pub left_out: usize,
}

/// The state of a page while it is walked.
struct Page<'w, 'f, 'a> {
    walk: &'w Walk<'f, 'a>,
    out: String,
    ctm: Matrix,
    saved: Vec<(Matrix, Option<Rc<Font>>, f32)>,
    text: Matrix,
    line: Matrix,
    leading: f32,
    size: f32,
    font: Option<Rc<Font>>,
    /// Marked content that is open; of the outermost with an `ActualText` (§14.9.4), that text until it was given.
    marks: Vec<bool>,
    actual: Option<Option<String>>,
    /// Where the last letter ended, and how high letters are there.
    last: Option<(f32, f32, f32)>,
}

impl<'f, 'a> Walk<'f, 'a> {
    pub(crate) fn new(file: &'f File<'a>) -> Self {
        Walk { file, operators: Cell::new(OPERATORS), cut: Cell::new(false), unknown: Cell::new(0), fonts: Default::default(), page: Cell::new(0), drawn: Default::default() }
    }

    /// Whether a part of a page was not walked: what it says and draws is not known.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut.get()
    }

    /// The text of a page, which is the `number`th, counted from 0; then what its notes and links say.
    pub(crate) fn text(&self, number: usize, page: &Dict, resources: Option<&Dict>) -> String {
        self.page.set(number);
        let mut state = Page {
            walk: self, out: String::new(), ctm: SAME, saved: vec![], text: SAME, line: SAME, leading: 0.0, size: 1.0, font: None, marks: vec![], actual: None, last: None,
        };
        let contents = self.file.get(page, "Contents");
        let streams = match (&*contents, page.get("Contents")) {
            (Value::Array(streams), _) => streams.to_vec(),
            (_, Some(one)) => vec![one.clone()],
            _ => vec![],
        };
        // The streams of a page are one stream, cut where the writer liked.
        let mut content = Vec::new();
        for stream in streams.iter().take(STREAMS) {
            let Some((dict, raw)) = self.file.stream(stream) else { continue };
            match self.file.decoded(&dict, raw).filter(|bytes| content.len() + bytes.len() < CONTENT) {
                Some(bytes) => {
                    content.extend_from_slice(&bytes);
                    content.push(b'\n');
                }
                None => self.cut.set(true),
            }
        }
        if streams.len() > STREAMS {
            self.cut.set(true);
        }
        state.run(&content, resources.cloned().unwrap_or_default(), 0);
        let mut out = state.out;
        self.notes(page, &mut out);
        out.truncate(out.floor_char_boundary(TEXT));
        out
    }

    /// Links, notes and filled-in fields of a page.
    fn notes(&self, page: &Dict, out: &mut String) {
        let Value::Array(notes) = &*self.file.get(page, "Annots") else { return };
        for note in notes.iter().take(10_000).take_while(|_| self.file.pay(NOTE)).filter_map(|note| self.file.dict(note)) {
            let action = self.file.dict(&self.file.get(&note, "A")).unwrap_or_default();
            for (word, value) in [("link", self.file.get(&action, "URI")), ("note", self.file.get(&note, "Contents")), ("field", self.file.get(&note, "V"))] {
                if let Value::Text(text) = &*value
                    && !text.is_empty() && out.len() < TEXT
                {
                    out.push_str(&format!("\n[{word}] {}", super::text_string(text)));
                }
            }
        }
    }

    fn font(&self, resources: &Dict, name: &[u8]) -> Option<Rc<Font>> {
        let fonts = self.file.dict(resources.get("Font")?)?;
        // A name is looked for in the whole of the list.
        self.file.pay(fonts.0.len() as u64).then_some(())?;
        let value = fonts.get(std::str::from_utf8(name).ok()?)?;
        let Value::Reference(number) = value else { return Some(Rc::new(Font::read(self.file, &self.file.dict(value)?))) };
        if let Some(font) = self.fonts.borrow().get(number) {
            return Some(Rc::clone(font));
        }
        let font = Rc::new(Font::read(self.file, &self.file.dict(value)?));
        let mut fonts = self.fonts.borrow_mut();
        if fonts.len() > 20 {
            fonts.clear();
        }
        fonts.insert(*number, Rc::clone(&font));
        Some(font)
    }
}

impl Page<'_, '_, '_> {
    fn run(&mut self, content: &[u8], resources: Dict, depth: u32) {
        let (mut lexer, mut operands) = (Lexer::of_content(content), Vec::new());
        while let Some(value) = lexer.next() {
            let Value::Word(word) = value else {
                if operands.len() < OPERANDS {
                    operands.push(value);
                }
                continue;
            };
            let left = self.walk.operators.get();
            if left == 0 || self.out.len() > TEXT {
                self.walk.cut.set(true);
                return;
            }
            // What opens another object costs more than what moves a point.
            let cost = match &*word {
                b"Do" => 200,
                b"Tf" => 20,
                _ => 1,
            };
            self.walk.operators.set(left.saturating_sub(cost));
            match &*word {
                b"BI" => self.inline(&mut lexer),
                b"Do" => self.form(&operands, &resources, depth),
                b"Tf" => {
                    if let [.., Value::Name(name), Value::Number(size)] = &*operands {
                        self.font = self.walk.font(&resources, name);
                        self.size = *size as f32;
                    }
                }
                word => self.operator(word, &operands),
            }
            operands.clear();
        }
    }

    fn operator(&mut self, word: &[u8], operands: &[Value]) {
        let number = |from_end: usize| operands.len().checked_sub(from_end).and_then(|i| operands[i].number()).unwrap_or(0.0) as f32;
        let matrix = || [number(6), number(5), number(4), number(3), number(2), number(1)];
        match word {
            b"q" if self.saved.len() < SAVED => self.saved.push((self.ctm, self.font.clone(), self.size)),
            b"Q" => {
                if let Some((ctm, font, size)) = self.saved.pop() {
                    (self.ctm, self.font, self.size) = (ctm, font, size);
                }
            }
            b"cm" => self.ctm = times(&matrix(), &self.ctm),
            b"BMC" => self.mark(None),
            b"BDC" => self.mark(actual_text(operands.last())),
            b"EMC" => self.unmark(),
            b"BT" => (self.text, self.line) = (SAME, SAME),
            b"TL" => self.leading = number(1),
            b"Td" => self.step(number(2), number(1)),
            b"TD" => {
                self.leading = -number(1);
                self.step(number(2), number(1));
            }
            b"Tm" => (self.text, self.line) = (matrix(), matrix()),
            b"T*" => self.step(0.0, -self.leading),
            b"Tj" => self.show(operands.last()),
            b"'" | b"\"" => {
                self.step(0.0, -self.leading);
                self.show(operands.last());
            }
            b"TJ" => {
                let Some(Value::Array(pieces)) = operands.last() else { return };
                for piece in pieces.iter() {
                    match piece.number() {
                        Some(back) => self.text = times(&[1.0, 0.0, 0.0, 1.0, -back as f32 / 1000.0 * self.size, 0.0], &self.text),
                        None => self.show(Some(piece)),
                    }
                }
            }
            _ => {}
        }
    }

    /// Shaped letters of Lao, Khmer or Burmese have no Unicode value of their own: the writer gives the text of a group.
    fn mark(&mut self, actual: Option<String>) {
        let opens = actual.is_some() && self.actual.is_none();
        if opens {
            self.actual = Some(actual);
        }
        if self.marks.len() < SAVED {
            self.marks.push(opens);
        }
    }

    fn unmark(&mut self) {
        if self.marks.pop() == Some(true)
            && let Some(Some(text)) = self.actual.take()
        {
            self.out.push_str(&text);
        }
    }

    fn step(&mut self, x: f32, y: f32) {
        self.line = times(&[1.0, 0.0, 0.0, 1.0, x, y], &self.line);
        self.text = self.line;
    }

    fn show(&mut self, value: Option<&Value>) {
        let (Some(Value::Text(bytes)), Some(font)) = (value, self.font.clone()) else { return };
        font.show(bytes, |shown| {
            if self.out.len() > TEXT {
                return;
            }
            let replaced = self.actual.is_some();
            self.walk.unknown.set(self.walk.unknown.get() + u64::from(shown.unknown && !replaced));
            let place = times(&self.text, &self.ctm);
            // How long a unit of text is on the page.
            let scale = place[0].hypot(place[1]);
            let height = (self.size * place[2].hypot(place[3])).abs().max(0.01);
            let text = match &mut self.actual {
                None => shown.text,
                Some(actual) => actual.take().unwrap_or_default(),
            };
            if !text.is_empty() {
                self.part(place[4], place[5], height);
            }
            for c in text.chars() {
                match c {
                    'ﬀ' => self.out.push_str("ff"),
                    'ﬁ' => self.out.push_str("fi"),
                    'ﬂ' => self.out.push_str("fl"),
                    'ﬃ' => self.out.push_str("ffi"),
                    'ﬄ' => self.out.push_str("ffl"),
                    '\0' => {}
                    c => self.out.push(c),
                }
            }
            let advance = shown.width / 1000.0 * self.size;
            self.text = times(&[1.0, 0.0, 0.0, 1.0, advance, 0.0], &self.text);
            let end = place[4] + advance * scale;
            // The marks of a group stand over its letter: the group ends where the last of them all ends.
            let end = self.last.filter(|_| replaced).map_or(end, |(before, ..)| end.max(before.min(end + height)));
            self.last = Some((end, place[5], height));
        });
    }

    /// A new line or a space, where the eye sees one.
    fn part(&mut self, x: f32, y: f32, height: f32) {
        let Some((end, last_y, last_height)) = self.last else { return };
        let tall = height.max(last_height);
        let ends_blank = self.out.ends_with([' ', '\n']);
        if (y - last_y).abs() > 0.5 * tall {
            self.out.push('\n');
        } else if (x - end > 0.2 * height || end - x > tall) && !ends_blank {
            self.out.push(' ');
        }
    }

    /// A picture that a page draws.
    fn picture(&self, value: &Value) {
        let (mut drawn, page) = (self.walk.drawn.borrow_mut(), self.walk.page.get());
        let Some(number) = self.walk.file.number_of(value) else { return };
        let pages = drawn.on.entry(number).or_default();
        if pages.last() != Some(&page) {
            pages.push(page);
        }
    }

    /// A picture that is written inline. One that is smaller than any code is passed over.
    fn inline(&self, lexer: &mut Lexer<'_>) {
        let dict = said(self.walk.file, lexer);
        let bytes = data(lexer);
        let mut drawn = self.walk.drawn.borrow_mut();
        let Some(dict) = dict else {
            drawn.left_out += 1;
            return;
        };
        let side = |name: &str| dict.get(name).and_then(Value::count).unwrap_or(0);
        if side("Width").min(side("Height")) < SMALLEST {
            return;
        }
        if drawn.inline.len() >= INLINE || drawn.held + bytes.len() > INLINE_BYTES {
            drawn.left_out += 1;
            return;
        }
        drawn.held += bytes.len();
        drawn.inline.push((self.walk.page.get(), dict, bytes.to_vec()));
    }

    fn form(&mut self, operands: &[Value], resources: &Dict, depth: u32) {
        let file = self.walk.file;
        let Some(Value::Name(name)) = operands.last() else { return };
        let Some(objects) = resources.get("XObject").and_then(|value| file.dict(value)).filter(|objects| file.pay(objects.0.len() as u64)) else { return };
        let Some(value) = std::str::from_utf8(name).ok().and_then(|name| objects.get(name)) else { return };
        let Some((dict, raw)) = file.stream(value) else { return };
        if dict.is("Subtype", "Image") {
            return self.picture(value);
        }
        if !dict.is("Subtype", "Form") {
            return;
        }
        let Some(content) = file.decoded(&dict, raw).filter(|_| depth < FORMS) else { return self.walk.cut.set(true) };
        let inner = dict.get("Resources").and_then(|value| file.dict(value)).unwrap_or_else(|| resources.clone());
        let kept = (self.ctm, self.font.clone(), self.size, self.text, self.line);
        if let Value::Array(values) = &*file.get(&dict, "Matrix")
            && values.len() == 6
        {
            let at = |i: usize| values[i].number().unwrap_or(0.0) as f32;
            self.ctm = times(&[at(0), at(1), at(2), at(3), at(4), at(5)], &self.ctm);
        }
        let depth_of_states = self.saved.len();
        self.run(&content, inner, depth + 1);
        self.saved.truncate(depth_of_states);
        (self.ctm, self.font, self.size, self.text, self.line) = kept;
    }
}

fn actual_text(properties: Option<&Value>) -> Option<String> {
    let Some(Value::Dict(properties)) = properties else { return None };
    match properties.get("ActualText") {
        Some(Value::Text(text)) => Some(super::text_string(text)),
        _ => None,
    }
}

/// What is said of a picture in the stream, with the short names written out (Table 93). The lexer stays where it is, so
/// the same bytes may be asked for again and again: they are few, and paid for. None when they are too many.
fn said(file: &File<'_>, lexer: &Lexer<'_>) -> Option<Dict> {
    file.pay(0).then_some(())?;
    let rest = &lexer.bytes[lexer.at..];
    let (mut words, mut entries) = (Lexer::of_content(&rest[..rest.len().min(SAID_BYTES)]), Vec::new());
    while let Some(Value::Name(name)) = words.next() {
        let Some(value) = words.next() else { break };
        if entries.len() >= SAID {
            break;
        }
        let name: &[u8] = match &*name {
            b"BPC" => b"BitsPerComponent",
            b"CS" => b"ColorSpace",
            b"D" => b"Decode",
            b"DP" => b"DecodeParms",
            b"F" => b"Filter",
            b"H" => b"Height",
            b"IM" => b"ImageMask",
            b"W" => b"Width",
            other => other,
        };
        entries.push((name.to_vec(), value));
    }
    file.pay(words.at as u64);
    let is_whole = entries.len() < SAID && words.at < SAID_BYTES;
    is_whole.then(|| Dict(Rc::new(entries)))
}

/// The bytes of a picture in the stream, which are no operators; the lexer goes on behind them.
fn data<'l>(lexer: &mut Lexer<'l>) -> &'l [u8] {
    let rest = &lexer.bytes[lexer.at..];
    let data = memchr::memmem::find(rest, b"ID").map_or(rest.len(), |i| i + 2);
    let end = memchr::memmem::find_iter(&rest[data..], b"EI").find(|end| {
        let (before, after) = (end.checked_sub(1).and_then(|before| rest.get(data + before)), rest.get(data + end + 2));
        before.is_none_or(u8::is_ascii_whitespace) && after.is_none_or(u8::is_ascii_whitespace)
    });
    let bytes = rest.get(data + 1..end.map_or(rest.len(), |end| data + end)).unwrap_or_default();
    lexer.at += end.map_or(rest.len(), |end| data + end + 2).min(rest.len());
    bytes
}
