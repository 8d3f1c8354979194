//! Reads the text back out of a finished PDF, so that a report is checked on what the court will get.
//!
//! Follows ISO 32000-1 9.10: `ActualText` of a marked span stands for its glyphs, otherwise each code
//! goes through the font's `ToUnicode` map; a code with no map reads as U+FFFD. Artifacts (page head
//! and foot, watermark) are left out, so a statement that runs over a page break reads in one piece.
//! Only what this house's own typesetter writes is supported: two-byte codes and Type 3 fonts of one byte.

use std::collections::HashMap;

use hayro_cmap::{BfString, CMap};
use hayro_syntax::Pdf;
use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction;
use hayro_syntax::object::{Dict, Name, Object, Stream};
use hayro_syntax::page::{Page, Resources};

/// Why the text could not be read back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadingError {
    /// Not a PDF, or a damaged one.
    #[error("the finished file cannot be read as PDF: make the report again")]
    NotPdf,
    /// A page without content.
    #[error("page {0} of the finished file cannot be read: make the report again")]
    Page(usize),
}

const DEEPEST_FORM: usize = 8;

/// The text of `pdf` in content order; each page ends with a form feed.
///
/// # Errors
/// [`ReadingError`] when the file or a page cannot be read.
pub fn pdf_text(pdf: &[u8]) -> Result<String, ReadingError> {
    let pdf = Pdf::new(pdf.to_vec()).map_err(|_| ReadingError::NotPdf)?;
    let mut text = String::new();
    for (number, page) in (1..).zip(pdf.pages().iter()) {
        read_page(page, &mut text).ok_or(ReadingError::Page(number))?;
        text.push('\u{c}');
    }
    if text.is_empty() { Err(ReadingError::NotPdf) } else { Ok(text) }
}

fn read_page(page: &Page<'_>, text: &mut String) -> Option<()> {
    page.page_stream()?;
    let mut reader = Reader { text, marks: Vec::new(), font: None, fonts: HashMap::new() };
    reader.run(page.typed_operations(), page.resources(), 0);
    Some(())
}

/// What an open marked-content section does to the text inside it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Plain,
    /// Artifact, or glyphs that an `ActualText` stands for.
    Silent,
}

struct Reader<'t> {
    text: &'t mut String,
    marks: Vec<Mark>,
    font: Option<Vec<u8>>,
    fonts: HashMap<Vec<u8>, Codes>,
}

struct Codes {
    map: Option<CMap>,
    bytes: usize,
}

impl Reader<'_> {
    fn run(&mut self, mut operations: TypedIter<'_>, resources: &Resources<'_>, depth: usize) {
        while let Some(operation) = operations.next() {
            match operation {
                TypedInstruction::TextFont(font) => self.choose(font.0, resources),
                TypedInstruction::ShowText(shown) => self.show(shown.0.as_bytes()),
                TypedInstruction::ShowTexts(shown) => self.show_all(shown.0.iter::<Object<'_>>()),
                TypedInstruction::EndText(_) => self.text.push('\n'),
                TypedInstruction::BeginMarkedContent(mark) => self.open(mark.0, None),
                TypedInstruction::BeginMarkedContentWithProperties(mark) => self.open(mark.0, Some(mark.1)),
                TypedInstruction::EndMarkedContent(_) => drop(self.marks.pop()),
                TypedInstruction::XObject(form) if depth < DEEPEST_FORM => self.form(form.0, resources, depth),
                _ => {}
            }
        }
    }

    fn silent(&self) -> bool {
        self.marks.contains(&Mark::Silent)
    }

    fn open(&mut self, tag: &Name<'_>, properties: Option<&Object<'_>>) {
        let actual = properties.and_then(|object| match object {
            Object::Dict(dict) => dict.get::<hayro_syntax::object::String<'_>>("ActualText"),
            _ => None,
        });
        if let (Some(actual), false) = (&actual, self.silent()) {
            self.text.push_str(&text_string(actual.as_bytes()));
        }
        let silent = actual.is_some() || tag.as_ref() == b"Artifact";
        self.marks.push(if silent { Mark::Silent } else { Mark::Plain });
    }

    fn choose(&mut self, name: &Name<'_>, resources: &Resources<'_>) {
        let key = name.as_ref().to_vec();
        if let (false, Some(font)) = (self.fonts.contains_key(&key), resources.get_font(name)) {
            self.fonts.insert(key.clone(), Codes::of(&font));
        }
        self.font = Some(key);
    }

    fn show_all<'o>(&mut self, parts: impl Iterator<Item = Object<'o>>) {
        for part in parts {
            if let Object::String(codes) = part {
                self.show(codes.as_bytes());
            }
        }
    }

    fn show(&mut self, codes: &[u8]) {
        if self.silent() {
            return;
        }
        match self.font.as_ref().and_then(|name| self.fonts.get(name)) {
            Some(font) => font.decode(codes, self.text),
            None => self.text.push(char::REPLACEMENT_CHARACTER),
        }
    }

    fn form(&mut self, name: &Name<'_>, resources: &Resources<'_>, depth: usize) {
        let Some(stream) = resources.get_x_object(name) else { return };
        let Ok(content) = stream.decoded() else { return };
        let own = stream.dict().get::<Dict<'_>>("Resources").unwrap_or_else(Dict::empty);
        // Font names are local to a form.
        let (font, fonts) = (self.font.take(), std::mem::take(&mut self.fonts));
        self.run(TypedIter::new(&content), &Resources::from_parent(own, resources.clone()), depth + 1);
        (self.font, self.fonts) = (font, fonts);
    }
}

impl Codes {
    fn of(font: &Dict<'_>) -> Self {
        let map = font
            .get::<Stream<'_>>("ToUnicode")
            .and_then(|stream| stream.decoded().ok().and_then(|bytes| CMap::parse(&bytes, |_| None)));
        let one_byte = font.get::<Name<'_>>("Subtype").is_some_and(|kind| kind.as_ref() == b"Type3");
        Codes { map, bytes: if one_byte { 1 } else { 2 } }
    }

    fn decode(&self, codes: &[u8], text: &mut String) {
        for code in codes.chunks(self.bytes) {
            let code = code.iter().fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte));
            match self.map.as_ref().and_then(|map| map.lookup_bf_string(code)) {
                Some(BfString::Char(letter)) => text.push(letter),
                Some(BfString::String(letters)) => text.push_str(&letters),
                None => text.push(char::REPLACEMENT_CHARACTER),
            }
        }
    }
}

/// A PDF text string: UTF-16 with a byte-order mark, else its bytes as Latin-1.
fn text_string(bytes: &[u8]) -> String {
    match bytes.strip_prefix(&[0xFE, 0xFF]) {
        Some(units) => {
            let units = units.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        None => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}
