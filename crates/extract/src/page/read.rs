//! From bytes to pieces. The page is cut into tags and text as a browser without scripts cuts it (`html5gum`); which
//! element closes which is told by a few rules, without a tree. One pass, in time linear in the page; what is held is the
//! decoded page and its pieces.

use std::{borrow::Cow, collections::HashMap, convert::Infallible};

use html5gum::{
    Span, Tokenizer,
    emitters::callback::{CallbackEmitter, CallbackEvent},
};

use super::{About, DEEPEST, Element, MOST_ELEMENTS, MOST_TEXT, Page, Piece, Thing};
use crate::{decode::{self, Charset}, html};

/// Most bytes of an attribute that are kept.
const LONGEST_ATTRIBUTE: usize = 1_500;
/// Most bytes of a title.
const LONGEST_TITLE: usize = 1_000;
/// Attributes whose words are shown.
const SHOWN: [&str; 15] = ["href", "src", "alt", "content", "http-equiv", "value", "type", "placeholder", "name", "action", "data", "rel", "colspan", "rowspan", "code"];

/// Cuts a page into pieces. `media` is the type that came beside the bytes, such as `text/html; charset=tis-620`. Of bytes
/// that are no page only that is told.
pub fn read(bytes: &[u8], media: Option<&str>) -> Page {
    let decoded = decode::text(bytes, media.and_then(Charset::of_media_type));
    let says_so = media.is_some_and(|media| ["text/html", "application/xhtml+xml"].iter().any(|kind| media.trim_start().to_ascii_lowercase().starts_with(kind)));
    let about = About { is_page: says_so || html::looks_like_html(decoded.text.as_bytes()), decoded: decoded.step(), replaced: decoded.replaced, ..About::default() };
    let mut reader = Reader { about, ..Reader::default() };
    if reader.about.is_page {
        reader.run(&decoded.text);
        reader.close_to(0);
    }
    Page { about: reader.about, pieces: reader.pieces }
}

/// An element that is open.
struct Open {
    name: String,
    element: Element,
    /// Where a link leads.
    target: Option<String>,
}

/// A tag whose attributes are being read.
#[derive(Default)]
struct Tag {
    name: String,
    attributes: Vec<(&'static str, String)>,
    /// The attribute whose value comes next, when it is of those that are kept.
    next: Option<&'static str>,
}

impl Tag {
    fn get(&self, name: &str) -> &str {
        self.attributes.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value.as_str())
    }

    fn first_of(&self, names: &[&str]) -> String {
        names.iter().map(|name| self.get(name)).find(|value| !value.is_empty()).unwrap_or_default().to_string()
    }

    /// Over how many columns or rows a cell goes.
    fn over(&self, name: &str) -> u8 {
        self.get(name).trim().parse::<u8>().map_or(1, |count| count.clamp(1, 50))
    }
}

#[derive(Default)]
struct Reader {
    about: About,
    pieces: Vec<Piece>,
    open: Vec<Open>,
    /// Elements that began and are not shown as such, by name: their ends close nothing else.
    passed: HashMap<String, u32>,
    elements: usize,
    text: usize,
    tag: Option<Tag>,
    /// The element of which nothing is shown, and how often it is open.
    dropping: Option<(String, u32)>,
    in_title: bool,
    in_noscript: bool,
    /// Whether this is the inside of a `noscript` already.
    inside: bool,
}

impl Reader {
    fn run(&mut self, text: &str) {
        let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| -> Option<Infallible> {
            self.event(&event);
            None
        });
        emitter.naively_switch_states(true);
        Tokenizer::new_with_emitter(text, emitter).for_each(drop);
    }

    fn event(&mut self, event: &CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => self.tag = Some(Tag { name: words(name, 40).into_owned(), ..Tag::default() }),
            CallbackEvent::AttributeName { name } => self.attribute(name),
            CallbackEvent::AttributeValue { value } => {
                let Some(tag) = &mut self.tag else { return };
                if let Some(name) = tag.next.take().filter(|name| tag.get(name).is_empty()) {
                    tag.attributes.push((name, words(value, LONGEST_ATTRIBUTE).into_owned()));
                }
            }
            CallbackEvent::CloseStartTag { .. } => self.tag.take().into_iter().for_each(|tag| self.start(&tag)),
            CallbackEvent::EndTag { name } => {
                self.tag = None;
                self.end(&words(name, 40));
            }
            CallbackEvent::String { value } => self.words(value),
            CallbackEvent::Comment { .. } | CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => {}
        }
    }

    fn attribute(&mut self, name: &[u8]) {
        let Some(tag) = &mut self.tag else { return };
        self.about.scripts += u64::from(name.len() > 2 && name.starts_with(b"on"));
        self.about.styles += u64::from(name == b"style");
        tag.next = SHOWN.into_iter().find(|known| known.as_bytes() == name);
    }

    fn start(&mut self, tag: &Tag) {
        let name = tag.name.as_str();
        if let Some((dropped, times)) = &mut self.dropping {
            *times += u32::from(name == dropped);
            return;
        }
        match name {
            "script" | "style" | "noembed" | "noframes" | "template" | "datalist" => {
                self.about.scripts += u64::from(name == "script");
                self.about.styles += u64::from(name == "style");
                self.dropping = Some((name.into(), 1));
            }
            "iframe" | "frame" | "embed" | "object" | "applet" | "portal" | "fencedframe" => {
                self.about.frames += 1;
                self.named(Thing::Frame, tag.first_of(&["src", "data", "code"]));
                if name == "iframe" {
                    self.dropping = Some((name.into(), 1));
                }
            }
            "title" => self.in_title = true,
            "noscript" => self.in_noscript = true,
            "img" | "image" => self.picture(Thing::Picture, joined(tag.get("alt"), tag.get("src"))),
            "svg" | "canvas" => self.picture(Thing::Drawing, String::new()),
            "video" | "audio" | "bgsound" => self.picture(Thing::Media, tag.first_of(&["src"])),
            "link" => self.about.styles += u64::from(tag.get("rel").to_ascii_lowercase().contains("stylesheet")),
            "base" => self.about.base = self.about.base.take().or_else(|| Some(tag.get("href").to_string()).filter(|base| !base.is_empty())),
            "meta" if tag.get("http-equiv").trim().eq_ignore_ascii_case("refresh") => self.named(Thing::Leads, tag.first_of(&["content"])),
            "form" => {
                self.about.forms += 1;
                self.block(name, Element::Div);
                self.named(Thing::Form, tag.first_of(&["action"]));
            }
            "input" => self.input(tag),
            "br" => self.single(Piece::Break),
            "hr" => {
                self.close_open(&["p"], &PARAGRAPH_ENDS);
                self.single(Piece::Rule);
            }
            "option" => self.put_text(" | "),
            "a" => {
                self.close_open(&["a"], &CELLS);
                self.begin(name, Element::Link, Some(tag.get("href").trim().to_string()).filter(|target| !target.is_empty() && !target.starts_with('#')));
            }
            "area" => self.single(Piece::Target(tag.first_of(&["href"]))),
            _ => self.element(tag),
        }
    }

    fn input(&mut self, tag: &Tag) {
        let kind = tag.get("type").to_ascii_lowercase();
        if kind != "hidden" {
            self.named(Thing::Field, tag.first_of(&["value", "placeholder", "alt", "name"]));
        }
    }

    fn picture(&mut self, thing: Thing, name: String) {
        self.about.pictures += 1;
        self.named(thing, name);
    }

    fn element(&mut self, tag: &Tag) {
        let name = tag.name.as_str();
        let in_table = self.open.iter().any(|open| open.name == "table");
        match name {
            "li" => self.close_open(&["li", "p"], &["ul", "ol", "td", "th"]),
            "dt" | "dd" => self.close_open(&["dt", "dd", "p"], &["dl", "td", "th"]),
            "tr" | "tbody" | "thead" | "tfoot" => self.close_open(&["tr"], &["table"]),
            "td" | "th" => {
                self.close_open(&["td", "th", "caption"], &["tr", "table"]);
                if in_table && !self.is_open("tr", &["table"]) {
                    self.begin("tr", Element::Tr, None);
                }
            }
            _ => {}
        }
        match element_of(name) {
            Some(Element::Td(..)) if in_table => self.begin(name, Element::Td(tag.over("colspan"), tag.over("rowspan")), None),
            Some(Element::Th(..)) if in_table => self.begin(name, Element::Th(tag.over("colspan"), tag.over("rowspan")), None),
            Some(Element::Td(..) | Element::Th(..)) => self.block(name, Element::Div),
            Some(Element::Tr | Element::Caption) if !in_table => {}
            Some(element) if is_inline(element) => self.begin(name, element, None),
            Some(element) => self.block(name, element),
            None => {}
        }
    }

    /// Begins an element that ends a paragraph.
    fn block(&mut self, name: &str, element: Element) {
        if !matches!(element, Element::Tr | Element::Caption) {
            self.close_open(&["p"], &PARAGRAPH_ENDS);
        }
        self.begin(name, element, None);
    }

    fn begin(&mut self, name: &str, element: Element, target: Option<String>) {
        if self.open.len() >= DEEPEST || self.is_full() {
            *self.passed.entry(name.to_string()).or_default() += 1;
            return;
        }
        self.elements += 1;
        self.pieces.push(Piece::Open(element));
        self.open.push(Open { name: name.to_string(), element, target });
    }

    fn end(&mut self, name: &str) {
        if let Some((dropped, times)) = &mut self.dropping {
            *times -= u32::from(name == dropped);
            if *times == 0 {
                self.dropping = None;
            }
            return;
        }
        match name {
            "title" => self.in_title = false,
            "noscript" => self.in_noscript = false,
            "br" => self.single(Piece::Break),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.close_open(&["h1", "h2", "h3", "h4", "h5", "h6"], &CELLS),
            "table" | "tr" | "td" | "th" | "caption" => self.ended(name, &[]),
            "tbody" | "thead" | "tfoot" => self.close_open(&["tr"], &["table"]),
            _ => self.ended(name, &CELLS),
        }
    }

    /// Ends an element; one that was never shown ends nothing.
    fn ended(&mut self, name: &str, barriers: &[&str]) {
        if let Some(times) = self.passed.get_mut(name).filter(|times| **times > 0) {
            *times -= 1;
            return;
        }
        // A cell ends within its own table.
        let barriers = if matches!(name, "tr" | "td" | "th" | "caption") { &["table"][..] } else { barriers };
        self.close_open(&[name], barriers);
    }

    fn position(&self, names: &[&str], barriers: &[&str]) -> Option<usize> {
        let at = self.open.iter().rposition(|open| names.contains(&open.name.as_str()) || barriers.contains(&open.name.as_str()))?;
        names.contains(&self.open[at].name.as_str()).then_some(at)
    }

    fn is_open(&self, name: &str, barriers: &[&str]) -> bool {
        self.position(&[name], barriers).is_some()
    }

    /// Closes the innermost of these that no barrier hides, and all that is in it.
    fn close_open(&mut self, names: &[&str], barriers: &[&str]) {
        if let Some(at) = self.position(names, barriers) {
            self.close_to(at);
        }
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(ended) = self.open.pop() else { return };
            self.pieces.push(Piece::Close);
            if let Some(target) = ended.target {
                self.single(Piece::Target(target));
            }
        }
    }

    fn named(&mut self, thing: Thing, name: String) {
        self.single(Piece::Box(thing, name));
    }

    fn single(&mut self, piece: Piece) {
        if !self.is_full() {
            self.elements += 1;
            self.pieces.push(piece);
        }
    }

    fn is_full(&mut self) -> bool {
        let full = self.elements >= MOST_ELEMENTS;
        if full {
            self.about.cut.get_or_insert_with(|| format!("it has more than {MOST_ELEMENTS} elements: the words of the rest are shown without them"));
        }
        full
    }

    fn words(&mut self, value: &[u8]) {
        if self.dropping.is_some() {
            return;
        }
        if self.in_title {
            let title = words(value, LONGEST_TITLE);
            if self.about.title.is_none() && !title.trim().is_empty() {
                self.about.title = Some(title.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            return;
        }
        if self.in_noscript {
            // Scripts are off here, so it is part of the page; its inside is never longer than itself, and read once.
            self.in_noscript = false;
            if !self.inside {
                self.inside = true;
                self.run(&String::from_utf8_lossy(value));
                self.inside = false;
            }
            return;
        }
        let text = String::from_utf8_lossy(value);
        if self.open.iter().any(|open| matches!(open.element, Element::Pre)) {
            return self.put_text(&text);
        }
        if self.open.last().is_some_and(|open| matches!(open.element, Element::Table | Element::Tr)) && text.trim().is_empty() {
            return;
        }
        self.put_text(&collapsed(&text));
    }

    fn put_text(&mut self, text: &str) {
        let room = MOST_TEXT.saturating_sub(self.text);
        let kept = &text[..text.floor_char_boundary(room.min(text.len()))];
        if kept.len() < text.len() {
            self.about.cut.get_or_insert_with(|| format!("it has more than {MOST_TEXT} bytes of words: the rest is shown as text and as bytes only"));
        }
        self.text += kept.len();
        match self.pieces.last_mut() {
            _ if kept.is_empty() => {}
            Some(Piece::Text(before)) => before.push_str(kept),
            _ => self.pieces.push(Piece::Text(kept.to_string())),
        }
    }
}

const CELLS: [&str; 4] = ["td", "th", "caption", "table"];
const PARAGRAPH_ENDS: [&str; 5] = ["td", "th", "caption", "table", "button"];

/// Bytes of the tokenizer, which are UTF-8 but where the page was cut.
fn words(bytes: &[u8], most: usize) -> Cow<'_, str> {
    match String::from_utf8_lossy(&bytes[..bytes.len().min(most)]) {
        Cow::Owned(cut) if bytes.len() > most => Cow::Owned(cut.trim_end_matches('\u{fffd}').to_string()),
        whole => whole,
    }
}

fn joined(name: &str, address: &str) -> String {
    // A file inside an address is not its name.
    let address = if address.trim_start().get(..5).is_some_and(|start| start.eq_ignore_ascii_case("data:")) { "in the page itself" } else { address };
    [name.trim(), address].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// Blanks and ends of lines are one blank, as a browser shows them.
fn collapsed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            ' ' | '\t' | '\n' | '\r' | '\u{c}' if out.ends_with(' ') => {}
            ' ' | '\t' | '\n' | '\r' | '\u{c}' => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

fn is_inline(element: Element) -> bool {
    use Element::*;
    matches!(element, B | I | U | S | Small | Sub | Sup | Code | Link | Field)
}

fn element_of(name: &str) -> Option<Element> {
    Some(match name {
        "div" | "section" | "article" | "header" | "footer" | "nav" | "main" | "aside" | "center" | "figure" | "figcaption" | "fieldset" | "legend" | "details" | "summary" | "address" | "hgroup" | "dialog" | "search" | "menu" => Element::Div,
        "p" => Element::P,
        "h1" => Element::H(1),
        "h2" => Element::H(2),
        "h3" => Element::H(3),
        "h4" => Element::H(4),
        "h5" => Element::H(5),
        "h6" => Element::H(6),
        "ul" | "dir" => Element::Ul,
        "ol" => Element::Ol,
        "li" => Element::Li,
        "dl" => Element::Dl,
        "dt" => Element::Dt,
        "dd" => Element::Dd,
        "table" => Element::Table,
        "caption" => Element::Caption,
        "tr" => Element::Tr,
        "td" => Element::Td(1, 1),
        "th" => Element::Th(1, 1),
        "blockquote" => Element::Quote,
        "pre" | "xmp" | "listing" | "plaintext" => Element::Pre,
        "b" | "strong" => Element::B,
        "i" | "em" | "cite" | "dfn" | "var" => Element::I,
        "u" | "ins" => Element::U,
        "s" | "del" | "strike" => Element::S,
        "small" => Element::Small,
        "sub" => Element::Sub,
        "sup" => Element::Sup,
        "code" | "kbd" | "samp" | "tt" => Element::Code,
        "button" | "select" | "textarea" => Element::Field,
        _ => return None,
    })
}
