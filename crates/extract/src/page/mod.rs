//! A stranger's HTML page as something that can be looked at and does nothing: its words, headings, lists, tables and
//! emphasis, each picture, frame and field as a named box, each link as its words with its target beside them.
//!
//! Two halves, so that neither has to be believed. [`read`] cuts the page into [`Piece`]s, in the caged child. [`Writer`]
//! turns pieces into HTML, in the house: it knows the few elements of [`Element`] and has no way to write another one, an
//! attribute of the page, a script, a style, an address or a form, whatever it is given. It refuses: a tree that is
//! deeper, a page that has more elements or more words than its bounds; such a page is cut, and says so.
//!
//! Rejected: a tree that is cleaned (`ammonia` over `html5ever`): it writes what it lets through of the page's own markup.
//! Here nothing of it is ever written (decision 41).

mod read;
mod write;

use serde::{Deserialize, Serialize};

pub use read::read;
pub use write::{Writer, looks_source};

/// The word in the hint by which the child knows that a page is to be cut into pieces.
pub const READ_RENDERING: &str = "rendering";

/// Deepest nesting of elements.
pub const DEEPEST: usize = 64;
/// Most elements and boxes.
pub const MOST_ELEMENTS: usize = 60_000;
/// Most bytes of words.
pub const MOST_TEXT: usize = 4 << 20;
/// Longest text of a box or of a link's target, in characters.
const LONGEST_NAME: usize = 300;

/// An element that may stand on the page that is shown. There are no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Element {
    /// A part of the page.
    Div,
    /// A paragraph.
    P,
    /// A heading of the level 1 to 6; any other number is the lowest.
    H(u8),
    /// A list.
    Ul,
    /// A numbered list.
    Ol,
    /// An item of a list.
    Li,
    /// A list of terms.
    Dl,
    /// A term.
    Dt,
    /// What is said of it.
    Dd,
    /// A table.
    Table,
    /// Its title.
    Caption,
    /// A row.
    Tr,
    /// A cell, over so many columns and rows.
    Td(u8, u8),
    /// The same at the head of a row or column.
    Th(u8, u8),
    /// A quotation.
    Quote,
    /// Text with its own lines.
    Pre,
    /// Bold.
    B,
    /// Slanted.
    I,
    /// Underlined.
    U,
    /// Struck out.
    S,
    /// Small.
    Small,
    /// Lowered.
    Sub,
    /// Raised.
    Sup,
    /// Letters of one width.
    Code,
    /// The words of a link.
    Link,
    /// The words of a button, a choice or a field.
    Field,
}

/// What a box stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Thing {
    /// A picture.
    Picture,
    /// A drawing (SVG) or a canvas.
    Drawing,
    /// Sound or a film.
    Media,
    /// Another page, or a program, inside the page.
    Frame,
    /// A form, with where it would be sent.
    Form,
    /// A field of a form.
    Field,
    /// Where the page would lead to by itself.
    Leads,
}

/// A part of a page, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Piece {
    /// An element begins.
    #[serde(rename = "o")]
    Open(Element),
    /// The element that began last ends.
    #[serde(rename = "c")]
    Close,
    /// Words.
    #[serde(rename = "t")]
    Text(String),
    /// Something that is named in place of being shown.
    #[serde(rename = "b")]
    Box(Thing, String),
    /// Where the link before it leads.
    #[serde(rename = "a")]
    Target(String),
    /// A new line.
    #[serde(rename = "n")]
    Break,
    /// A line across.
    #[serde(rename = "r")]
    Rule,
}

impl Piece {
    /// Bytes of its words.
    pub fn length(&self) -> usize {
        match self {
            Piece::Text(text) | Piece::Box(_, text) | Piece::Target(text) => text.len(),
            _ => 0,
        }
    }

    /// The same in pieces of at most so many bytes of words.
    pub fn in_parts(self, most: usize) -> Vec<Piece> {
        let Piece::Text(text) = self else { return vec![self] };
        let (mut parts, mut rest) = (Vec::new(), text.as_str());
        while rest.len() > most {
            let (part, after) = rest.split_at(rest.floor_char_boundary(most.max(4)));
            parts.push(Piece::Text(part.to_string()));
            rest = after;
        }
        parts.push(Piece::Text(rest.to_string()));
        parts
    }
}

/// What is known of a page beside what it shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Whether the bytes are an HTML page at all.
    pub is_page: bool,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How its letters were read, when the bytes are not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoded: Option<String>,
    /// Letters that no charset explains.
    #[serde(default)]
    pub replaced: u64,
    /// To what the page's own addresses are relative, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Scripts that were left out, also as attributes.
    #[serde(default)]
    pub scripts: u64,
    /// Style sheets, styles and fonts that were left out.
    #[serde(default)]
    pub styles: u64,
    /// Pictures, drawings and media of which only the name is shown.
    #[serde(default)]
    pub pictures: u64,
    /// Frames and embedded programs of which only the address is shown.
    #[serde(default)]
    pub frames: u64,
    /// Forms, of which only fields are named.
    #[serde(default)]
    pub forms: u64,
    /// Why not all of it is shown, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<String>,
}

/// A page in pieces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// What is known of it.
    pub about: About,
    /// What it shows.
    pub pieces: Vec<Piece>,
}

/// Target of the fuzzer: of any bytes comes HTML of the known elements alone.
pub fn fuzz_page(bytes: &[u8]) {
    let page = read(bytes, None);
    let mut writer = Writer::new();
    page.pieces.iter().for_each(|piece| writer.put(piece));
    let (html, _) = writer.finish(page.about.title.as_deref().unwrap_or_default());
    if let Err(strange) = write::check(&html) {
        panic!("{strange}");
    }
}

/// Whether a text is HTML exactly as [`Writer`] writes it; the error names what is not.
///
/// # Errors
/// The first thing that is not of its elements, closed in order, or an escaped letter.
pub fn check(html: &str) -> Result<(), String> {
    write::check(html)
}
