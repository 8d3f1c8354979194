//! A page as a tree of elements over its raw bytes. Nothing is copied: every node is a range.
//!
//! Forgiving as browsers are: void elements, end tags that are implied or missing or wrong, pages cut in the middle
//! (WHATWG HTML, "tree construction", as far as it decides which box a text stands in). Not done, and not needed to
//! find rows: moving text out of tables, and opening a style again that was closed too early.
//! Bounded whatever the page is: so many bytes, nodes and attributes, so deep; what lies beyond is told by `cut`.
//! Own code: the tree of a browser library gives no byte ranges of elements, and a tree that is never copied out of
//! the page costs a tenth of its memory.

use std::collections::HashMap;

use memchr::{memchr, memmem};

/// Bytes of a page that are read.
pub(crate) const MOST_BYTES: usize = 16 << 20;
const MOST_NODES: usize = 500_000;
const MOST_ATTRIBUTES: usize = 1_000_000;
/// Elements below this are children of the last one above it (browsers stop at 512).
const MOST_DEPTH: usize = 256;

/// The name of an element; equal names are equal numbers within one tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Tag(u16);

macro_rules! tags {
    ($($constant:ident $name:literal),* $(,)?) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "a table of names")]
        enum Known { TEXT, $($constant),* }
        #[allow(dead_code, reason = "a table of names, some of which are only compared as text")]
        impl Tag {
            /// Not an element: text.
            pub(crate) const TEXT: Tag = Tag(Known::TEXT as u16);
            $(pub(crate) const $constant: Tag = Tag(Known::$constant as u16);)*
        }
        const NAMES: &[&str] = &["", $($name),*];
        fn known(name: &[u8]) -> Option<Tag> {
            $(if name == $name.as_bytes() { return Some(Tag::$constant); })*
            None
        }
    };
}

tags! {
    DIV "div", SPAN "span", A "a", P "p", TD "td", TR "tr", LI "li", B "b", BR "br", IMG "img", STRONG "strong", I "i",
    INPUT "input", OPTION "option", UL "ul", OL "ol", TABLE "table", TBODY "tbody", THEAD "thead", TFOOT "tfoot", TH "th",
    H1 "h1", H2 "h2", H3 "h3", H4 "h4", H5 "h5", H6 "h6", SMALL "small", EM "em", U "u", S "s", FONT "font", BIG "big",
    CODE "code", TT "tt", STRIKE "strike", NOBR "nobr", WBR "wbr", MARK "mark", SUB "sub", SUP "sup", TIME "time",
    LABEL "label", ABBR "abbr", BDI "bdi", BDO "bdo", CITE "cite", DATA "data", DEL "del", DFN "dfn", INS "ins", KBD "kbd",
    Q "q", SAMP "samp", VAR "var", BUTTON "button", FORM "form", SELECT "select", OPTGROUP "optgroup", TEXTAREA "textarea",
    FIELDSET "fieldset", LEGEND "legend", HR "hr", LINK "link", META "meta", SCRIPT "script", STYLE "style",
    TITLE "title", HEAD "head", BODY "body", HTML "html", DL "dl", DT "dt", DD "dd", BLOCKQUOTE "blockquote", PRE "pre",
    CENTER "center", NAV "nav", SECTION "section", ARTICLE "article", ASIDE "aside", HEADER "header", FOOTER "footer",
    MAIN "main", ADDRESS "address", DETAILS "details", SUMMARY "summary", FIGURE "figure", FIGCAPTION "figcaption",
    CAPTION "caption", COL "col", COLGROUP "colgroup", AREA "area", BASE "base", EMBED "embed", SOURCE "source",
    TRACK "track", PARAM "param", FRAME "frame", FRAMESET "frameset", IFRAME "iframe", NOSCRIPT "noscript",
    NOEMBED "noembed", NOFRAMES "noframes", XMP "xmp", SVG "svg", MATH "math", MENU "menu", DIR "dir", DIALOG "dialog",
    HGROUP "hgroup", SEARCH "search", OBJECT "object", MARQUEE "marquee", APPLET "applet", TEMPLATE "template",
    RP "rp", RT "rt", RUBY "ruby", OUTPUT "output", PROGRESS "progress", METER "meter", MAP "map", PICTURE "picture",
    VIDEO "video", AUDIO "audio", CANVAS "canvas",
}

impl Tag {
    fn is_void(self) -> bool {
        matches!(
            self,
            Tag::BR | Tag::IMG | Tag::INPUT | Tag::HR | Tag::LINK | Tag::META | Tag::WBR | Tag::COL | Tag::AREA | Tag::BASE
                | Tag::EMBED | Tag::SOURCE | Tag::TRACK | Tag::PARAM | Tag::FRAME
        )
    }

    /// Content that is not markup.
    fn is_raw(self) -> bool {
        matches!(
            self,
            Tag::SCRIPT | Tag::STYLE | Tag::TEXTAREA | Tag::TITLE | Tag::XMP | Tag::IFRAME | Tag::NOEMBED | Tag::NOFRAMES
        )
    }

    /// Stays in the line: the text on its two sides touches.
    pub(crate) fn is_inline(self) -> bool {
        self == Tag::TEXT
            || self.0 > Known::CANVAS as u16
            || matches!(
                self,
                Tag::SPAN | Tag::A | Tag::B | Tag::STRONG | Tag::I | Tag::EM | Tag::U | Tag::S | Tag::FONT | Tag::BIG | Tag::SMALL
                    | Tag::CODE | Tag::TT | Tag::STRIKE | Tag::NOBR | Tag::WBR | Tag::MARK | Tag::SUB | Tag::SUP | Tag::TIME
                    | Tag::LABEL | Tag::ABBR | Tag::BDI | Tag::BDO | Tag::CITE | Tag::DATA | Tag::DEL | Tag::DFN | Tag::INS
                    | Tag::KBD | Tag::Q | Tag::SAMP | Tag::VAR | Tag::RUBY | Tag::OUTPUT | Tag::IMG | Tag::MAP | Tag::PICTURE
            )
    }

    pub(crate) fn is_heading(self) -> bool {
        matches!(self, Tag::H1 | Tag::H2 | Tag::H3 | Tag::H4 | Tag::H5 | Tag::H6)
    }

    /// Holds nothing that a reader sees as text of the page.
    pub(crate) fn is_hidden(self) -> bool {
        matches!(self, Tag::SCRIPT | Tag::STYLE | Tag::TITLE | Tag::TEMPLATE | Tag::OPTION | Tag::SELECT | Tag::TEXTAREA)
    }

    /// Ends an open paragraph when it begins.
    fn ends_paragraph(self) -> bool {
        self.is_heading()
            || matches!(
                self,
                Tag::ADDRESS | Tag::ARTICLE | Tag::ASIDE | Tag::BLOCKQUOTE | Tag::CENTER | Tag::DETAILS | Tag::DIALOG | Tag::DIR
                    | Tag::DIV | Tag::DL | Tag::FIELDSET | Tag::FIGCAPTION | Tag::FIGURE | Tag::FOOTER | Tag::FORM | Tag::HEADER
                    | Tag::HGROUP | Tag::HR | Tag::MAIN | Tag::MENU | Tag::NAV | Tag::OL | Tag::P | Tag::PRE | Tag::SEARCH
                    | Tag::SECTION | Tag::SUMMARY | Tag::TABLE | Tag::UL | Tag::LI | Tag::DD | Tag::DT
            )
    }

    /// No end tag inside closes anything outside of it.
    fn is_scope(self) -> bool {
        matches!(
            self,
            Tag::TABLE | Tag::TD | Tag::TH | Tag::CAPTION | Tag::HTML | Tag::OBJECT | Tag::MARQUEE | Tag::APPLET | Tag::TEMPLATE
        )
    }
}

/// An element or a text. Nodes stand in the order of the page, so that a subtree is `index..last`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node {
    pub tag: Tag,
    /// Which child element of its parent it is, from 1; of a text, how many elements stand before it.
    pub nth: u32,
    pub depth: u16,
    attributes: u16,
    pub parent: u32,
    /// One past the last node of the subtree.
    pub last: u32,
    pub start: u32,
    /// End of the start tag.
    pub inner: u32,
    pub end: u32,
    first_attribute: u32,
}

#[derive(Debug, Clone, Copy)]
struct Attribute {
    name: (u32, u32),
    value: (u32, u32),
}

/// A page. Node 0 is the page itself and has no tag of its own.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    pub bytes: &'a [u8],
    pub nodes: Vec<Node>,
    attributes: Vec<Attribute>,
    /// Something lies beyond the bounds and was not read.
    pub cut: bool,
}

impl<'a> Tree<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> Self {
        let within = &bytes[..bytes.len().min(MOST_BYTES)];
        let mut builder = Builder {
            tree: Tree { bytes: within, nodes: Vec::with_capacity(within.len() / 24), attributes: vec![], cut: within.len() < bytes.len() },
            at: 0,
            open: vec![],
            count: vec![0; NAMES.len()],
            over: vec![0; NAMES.len()],
            strange: HashMap::new(),
        };
        builder.run();
        builder.tree
    }

    /// The children of a node.
    pub(crate) fn children(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let last = self.nodes[node].last as usize;
        let mut at = node + 1;
        std::iter::from_fn(move || {
            let here = (at < last).then_some(at)?;
            at = self.nodes[here].last as usize;
            Some(here)
        })
    }

    /// The nodes below a node, in the order of the page.
    pub(crate) fn below(&self, node: usize) -> std::ops::Range<usize> {
        node + 1..self.nodes[node].last as usize
    }

    pub(crate) fn parent(&self, node: usize) -> Option<usize> {
        (node > 0).then(|| self.nodes[node].parent as usize)
    }

    /// The node and all above it, from the inside out, without the page itself.
    pub(crate) fn upwards(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let mut next = Some(node);
        std::iter::from_fn(move || {
            let here = next.filter(|n| *n > 0)?;
            next = self.parent(here);
            Some(here)
        })
    }

    /// The raw bytes of a text.
    pub(crate) fn text(&self, node: usize) -> &'a [u8] {
        let Node { start, end, .. } = self.nodes[node];
        &self.bytes[start as usize..end as usize]
    }

    /// The raw name of an element, as written.
    pub(crate) fn name(&self, node: usize) -> &'a [u8] {
        if node == 0 || self.nodes[node].tag == Tag::TEXT { b"" } else { name_at(self.bytes, self.nodes[node].start as usize + 1) }
    }

    fn attributes_of(&self, node: usize) -> &[Attribute] {
        let Node { first_attribute, attributes, .. } = self.nodes[node];
        &self.attributes[first_attribute as usize..first_attribute as usize + attributes as usize]
    }

    /// Raw range of an attribute's value.
    pub(crate) fn attribute(&self, node: usize, name: &str) -> Option<(usize, usize)> {
        let of = |range: (u32, u32)| (range.0 as usize, range.1 as usize);
        self.attributes_of(node)
            .iter()
            .find(|a| self.bytes[a.name.0 as usize..a.name.1 as usize].eq_ignore_ascii_case(name.as_bytes()))
            .map(|a| of(a.value))
    }

    /// Raw bytes of an attribute's value.
    pub(crate) fn value(&self, node: usize, name: &str) -> Option<&'a [u8]> {
        self.attribute(node, name).map(|(start, end)| &self.bytes[start..end])
    }

    /// The classes of an element.
    pub(crate) fn classes(&self, node: usize) -> impl Iterator<Item = &'a [u8]> {
        self.value(node, "class").unwrap_or_default().split(u8::is_ascii_whitespace).filter(|class| !class.is_empty())
    }

    /// Whether a text holds more than white space.
    pub(crate) fn says_something(&self, node: usize) -> bool {
        self.nodes[node].tag == Tag::TEXT && self.text(node).iter().any(|b| !b.is_ascii_whitespace())
    }
}

/// The number of a name that the table knows.
pub(crate) fn tag_named(lower_name: &str) -> Option<Tag> {
    known(lower_name.as_bytes())
}

/// The first place at or after `at` that is not wanted, or the end.
fn skip(bytes: &[u8], at: usize, wanted: impl Fn(u8) -> bool) -> usize {
    bytes[at..].iter().position(|b| !wanted(*b)).map_or(bytes.len(), |i| at + i)
}

fn name_at(bytes: &[u8], from: usize) -> &[u8] {
    let rest = &bytes[from..];
    let length = rest.iter().position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>')).unwrap_or(rest.len());
    &rest[..length]
}

/// Longer names of elements are compared by their beginning.
const LONGEST_NAME: usize = 24;

struct Builder<'a> {
    tree: Tree<'a>,
    at: usize,
    /// Open elements from the outside in, each with the number of its child elements so far.
    open: Vec<(usize, u32)>,
    /// How many of each name are open, so that a wrong end tag costs nothing.
    count: Vec<u32>,
    /// How many of each name were not opened because they lie too deep.
    over: Vec<u32>,
    strange: HashMap<[u8; LONGEST_NAME], Tag>,
}

impl<'a> Builder<'a> {
    fn run(&mut self) {
        self.push(Tag::TEXT, 0, 0);
        self.open.push((0, 0));
        let length = self.tree.bytes.len();
        while self.at < length && !self.is_full() {
            let tag = self.find(b'<', self.at);
            let (end, step) = self.angle(tag);
            self.add_text(self.at, end);
            self.at = end;
            if let Some(step) = step {
                step(self);
            }
        }
        self.tree.cut |= self.at < length;
        self.close_to(1, length);
        let last = narrow(self.tree.nodes.len());
        let page = &mut self.tree.nodes[0];
        (page.last, page.end, page.inner) = (last, narrow(length), 0);
    }

    fn is_full(&self) -> bool {
        self.tree.nodes.len() >= MOST_NODES || self.tree.attributes.len() >= MOST_ATTRIBUTES
    }

    /// What stands at a `<`, and where the text before it ends.
    fn angle(&self, tag: usize) -> (usize, Option<fn(&mut Self)>) {
        let peek = |ahead: usize| self.tree.bytes.get(tag + ahead).copied().unwrap_or(0);
        if tag >= self.tree.bytes.len() {
            return (tag, None);
        }
        match (peek(1), peek(2)) {
            (letter, _) if letter.is_ascii_alphabetic() => (tag, Some(Self::start_tag)),
            (b'/', letter) if letter.is_ascii_alphabetic() => (tag, Some(Self::end_tag)),
            (b'!' | b'?', _) | (b'/', _) => (tag, Some(Self::comment)),
            _ => (tag + 1, None),
        }
    }

    fn find(&self, byte: u8, from: usize) -> usize {
        memchr(byte, &self.tree.bytes[from..]).map_or(self.tree.bytes.len(), |i| from + i)
    }

    fn add_text(&mut self, start: usize, end: usize) {
        if start >= end {
            return;
        }
        // A `<` that opens nothing parts a text in two; the halves are one text again.
        let before = self.tree.nodes.len() - 1;
        let joins = self.tree.nodes[before].tag == Tag::TEXT && before > 0 && self.tree.nodes[before].end as usize == start;
        if joins {
            self.tree.nodes[before].end = narrow(end);
        } else {
            let node = self.push(Tag::TEXT, start, start);
            self.tree.nodes[node].end = narrow(end);
        }
    }

    fn push(&mut self, tag: Tag, start: usize, inner: usize) -> usize {
        let node = self.tree.nodes.len();
        let (parent, nth) = self.open.last().copied().unwrap_or((0, 0));
        self.tree.nodes.push(Node {
            tag,
            nth,
            depth: u16::try_from(self.open.len()).unwrap_or(u16::MAX),
            attributes: 0,
            parent: narrow(parent),
            last: narrow(node + 1),
            start: narrow(start),
            inner: narrow(inner),
            end: narrow(inner),
            first_attribute: narrow(self.tree.attributes.len()),
        });
        node
    }

    fn tag_of(&mut self, name: &[u8]) -> Tag {
        let mut lower = [0u8; LONGEST_NAME];
        let length = name.len().min(LONGEST_NAME);
        lower[..length].copy_from_slice(&name[..length]);
        lower.make_ascii_lowercase();
        if let Some(tag) = known(&lower[..length]) {
            return tag;
        }
        if let Some(tag) = self.strange.get(&lower) {
            return *tag;
        }
        let Ok(next) = u16::try_from(self.count.len()) else { return Tag(u16::MAX) };
        self.count.push(0);
        self.over.push(0);
        self.strange.insert(lower, Tag(next));
        Tag(next)
    }

    fn start_tag(&mut self) {
        let start = self.at;
        let name = name_at(self.tree.bytes, start + 1);
        let tag = self.tag_of(name);
        self.at = start + 1 + name.len();
        let first = self.tree.attributes.len();
        let closed = self.read_attributes();
        let twice = matches!(tag, Tag::HTML | Tag::BODY | Tag::HEAD) && self.is_open(tag);
        if twice {
            self.tree.attributes.truncate(first);
            return;
        }
        self.imply_ends(tag, start);
        if let Some((_, children)) = self.open.last_mut() {
            *children += 1;
        }
        let node = self.push(tag, start, self.at);
        let count = (self.tree.attributes.len() - first).min(usize::from(u16::MAX));
        self.tree.nodes[node].first_attribute = narrow(first);
        self.tree.nodes[node].attributes = u16::try_from(count).expect("bounded above");
        if tag.is_void() || closed && self.in_drawing(tag) {
            return;
        }
        if tag.is_raw() {
            return self.raw_content(node, name);
        }
        if self.open.len() >= MOST_DEPTH {
            self.tree.cut = true;
            self.over[usize::from(tag.0)] += 1;
            return;
        }
        self.open.push((node, 0));
        self.count[usize::from(tag.0)] += 1;
    }

    fn in_drawing(&self, tag: Tag) -> bool {
        matches!(tag, Tag::SVG | Tag::MATH) || self.is_open(Tag::SVG) || self.is_open(Tag::MATH)
    }

    /// Reads to the end of the tag; true when it closes itself.
    fn read_attributes(&mut self) -> bool {
        let bytes = self.tree.bytes;
        loop {
            let before = skip(bytes, self.at, |b| b.is_ascii_whitespace());
            self.at = skip(bytes, before, |b| b.is_ascii_whitespace() || b == b'/');
            match bytes.get(self.at) {
                None => return false,
                Some(b'>') => {
                    self.at += 1;
                    return bytes[before] == b'/';
                }
                Some(_) => {}
            }
            let name = (self.at, skip(bytes, self.at + 1, |b| !b.is_ascii_whitespace() && !matches!(b, b'/' | b'>' | b'=')));
            let sign = skip(bytes, name.1, |b| b.is_ascii_whitespace());
            let mut value = (name.1, name.1);
            self.at = name.1;
            if bytes.get(sign) == Some(&b'=') {
                let from = skip(bytes, sign + 1, |b| b.is_ascii_whitespace());
                match bytes.get(from) {
                    Some(quote @ (b'"' | b'\'')) => {
                        value = (from + 1, self.find(*quote, from + 1));
                        self.at = (value.1 + 1).min(bytes.len());
                    }
                    _ => {
                        value = (from, skip(bytes, from, |b| !b.is_ascii_whitespace() && b != b'>'));
                        self.at = value.1;
                    }
                }
            }
            if self.tree.attributes.len() < MOST_ATTRIBUTES {
                let pair = |range: (usize, usize)| (narrow(range.0), narrow(range.1));
                self.tree.attributes.push(Attribute { name: pair(name), value: pair(value) });
            }
        }
    }

    /// The content of a script, a title or the like: one text up to its own end tag.
    fn raw_content(&mut self, node: usize, name: &[u8]) {
        let bytes = self.tree.bytes;
        let mut end = self.at;
        loop {
            end = self.find(b'<', end);
            let Some(rest) = bytes.get(end + 1..) else { break };
            if rest.first() == Some(&b'/') && rest[1..].get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name)) {
                break;
            }
            end += 1;
        }
        if end > self.at {
            self.open.push((node, 0));
            let text = self.push(Tag::TEXT, self.at, self.at);
            self.tree.nodes[text].end = narrow(end);
            self.open.pop();
        }
        self.at = if end < bytes.len() { (self.find(b'>', end) + 1).min(bytes.len()) } else { end };
        let last = narrow(self.tree.nodes.len());
        (self.tree.nodes[node].end, self.tree.nodes[node].last) = (narrow(self.at), last);
    }

    fn comment(&mut self) {
        let bytes = self.tree.bytes;
        let (opening, closing): (usize, &[u8]) = if bytes[self.at..].starts_with(b"<!--") { (4, b"-->") } else { (2, b">") };
        let from = (self.at + opening).min(bytes.len());
        self.at = memmem::find(&bytes[from..], closing).map_or(bytes.len(), |i| from + i + closing.len());
    }

    fn is_open(&self, tag: Tag) -> bool {
        self.count[usize::from(tag.0)] > 0
    }

    /// Where the innermost open element stands that `wanted` takes, unless one that `barrier` takes lies inside it.
    fn open_at(&self, wanted: impl Fn(Tag) -> bool, barrier: impl Fn(Tag) -> bool) -> Option<usize> {
        for (index, (node, _)) in self.open.iter().enumerate().skip(1).rev() {
            let tag = self.tree.nodes[*node].tag;
            if wanted(tag) {
                return Some(index);
            }
            if barrier(tag) {
                return None;
            }
        }
        None
    }

    /// Ends what a start tag ends without saying so.
    fn imply_ends(&mut self, tag: Tag, at: usize) {
        if tag.ends_paragraph() && self.is_open(Tag::P) {
            self.close_found(self.open_at(|t| t == Tag::P, |t| t.is_scope() || t == Tag::BUTTON), at);
        }
        let lists = |t: Tag| t.is_scope() || matches!(t, Tag::UL | Tag::OL | Tag::MENU | Tag::DIR | Tag::DL);
        let tables = |t: Tag| matches!(t, Tag::TABLE | Tag::TEMPLATE | Tag::HTML);
        let found = match tag {
            Tag::LI if self.is_open(Tag::LI) => self.open_at(|t| t == Tag::LI, lists),
            Tag::DT | Tag::DD => self.open_at(|t| matches!(t, Tag::DT | Tag::DD), lists),
            Tag::OPTION => self.open_at(|t| t == Tag::OPTION, |t| t == Tag::SELECT || t.is_scope()),
            Tag::OPTGROUP => self.open_at(|t| matches!(t, Tag::OPTGROUP | Tag::OPTION), |t| t == Tag::SELECT || t.is_scope()),
            Tag::TD | Tag::TH => self.open_at(|t| matches!(t, Tag::TD | Tag::TH), |t| t == Tag::TR || tables(t)),
            Tag::TR => self.open_at(|t| t == Tag::TR, tables),
            Tag::TBODY | Tag::THEAD | Tag::TFOOT => self.open_at(|t| matches!(t, Tag::TBODY | Tag::THEAD | Tag::TFOOT), tables),
            Tag::A if self.is_open(Tag::A) => self.open_at(|t| t == Tag::A, |t| !t.is_inline()),
            Tag::BUTTON if self.is_open(Tag::BUTTON) => self.open_at(|t| t == Tag::BUTTON, Tag::is_scope),
            Tag::BODY => self.open_at(|t| t == Tag::HEAD, |_| false),
            Tag::RP | Tag::RT => self.open_at(|t| matches!(t, Tag::RP | Tag::RT), |t| t == Tag::RUBY || t.is_scope()),
            _ => None,
        };
        self.close_found(found, at);
    }

    fn close_found(&mut self, found: Option<usize>, at: usize) {
        if let Some(index) = found {
            self.close_to(index, at);
        }
    }

    /// Closes all open elements from `index` on; they end at `at`.
    fn close_to(&mut self, index: usize, at: usize) {
        let last = narrow(self.tree.nodes.len());
        for (node, _) in self.open.drain(index.max(1)..) {
            let node = &mut self.tree.nodes[node];
            (node.last, node.end) = (last, narrow(at));
            self.count[usize::from(node.tag.0)] -= 1;
        }
    }

    fn end_tag(&mut self) {
        let start = self.at;
        let name = name_at(self.tree.bytes, start + 2);
        let tag = self.tag_of(name);
        self.at = (self.find(b'>', start) + 1).min(self.tree.bytes.len());
        if matches!(tag, Tag::BODY | Tag::HTML) || tag.0 == u16::MAX {
            return;
        }
        if self.over[usize::from(tag.0)] > 0 {
            self.over[usize::from(tag.0)] -= 1;
            return;
        }
        if !self.is_open(tag) {
            return;
        }
        let found = match tag {
            Tag::TABLE | Tag::TR | Tag::TBODY | Tag::THEAD | Tag::TFOOT | Tag::TD | Tag::TH | Tag::CAPTION => {
                self.open_at(|t| t == tag, |t| t == Tag::TEMPLATE || t == Tag::TABLE)
            }
            _ if tag.is_heading() => self.open_at(Tag::is_heading, Tag::is_scope),
            _ if tag.is_inline() => self.open_at(|t| t == tag, |t| !t.is_inline()),
            _ => self.open_at(|t| t == tag, Tag::is_scope),
        };
        if let Some(index) = found {
            let closed = self.open[index].0;
            self.close_to(index, start);
            self.tree.nodes[closed].end = narrow(self.at);
        }
    }
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).expect("a page is read up to 16 MiB")
}
