//! From pieces to HTML. What is written are fixed texts of this file and escaped letters, nothing else: see [`check`],
//! which a test holds against every page of the corpus and the fuzzer against any bytes.

use std::sync::LazyLock;

use base64::Engine;
use sha2::{Digest, Sha256};
use text::shown::{Plain, plain};

use super::{DEEPEST, Element, LONGEST_NAME, MOST_ELEMENTS, MOST_TEXT, Piece, Thing};

/// The looks of every page: a fixed text, known by its digest, so that a policy can allow it and no other.
const LOOKS: &str = include_str!("looks.css");

/// What a policy calls our looks (Content Security Policy 3, `hash-source`).
pub fn looks_source() -> String {
    format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(LOOKS)))
}

/// Before the words of the page. The policy is for who opens the file by itself; a server says the same beside it.
static HEAD: LazyLock<String> = LazyLock::new(|| {
    format!(
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<style>{LOOKS}</style>\n<title>",
        looks_source()
    )
});
const AFTER_TITLE: &str = "</title>\n</head>\n<body>\n";
const FOOT: &str = "\n</body>\n</html>\n";

/// Writes pieces as HTML.
#[derive(Debug, Default)]
pub struct Writer {
    html: String,
    open: Vec<Element>,
    /// Elements that are open and were not written.
    passed: usize,
    elements: usize,
    text: usize,
    shown: Plain,
    cut: bool,
}

impl Writer {
    /// An empty page.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// Adds a piece. One that closes nothing, or is beyond a bound, is not written.
    pub fn put(&mut self, piece: &Piece) {
        match piece {
            Piece::Open(_) if self.passed > 0 || self.open.len() >= DEEPEST || self.is_full() => self.passed += 1,
            Piece::Open(element) => {
                self.elements += 1;
                self.html.push_str(&begin(*element));
                self.open.push(*element);
            }
            Piece::Close if self.passed > 0 => self.passed -= 1,
            Piece::Close => {
                let ended = self.open.pop();
                self.html.push_str(ended.map_or("", end));
            }
            Piece::Text(text) => self.words(text, usize::MAX),
            Piece::Box(thing, name) => self.boxed("<span class=\"box\" lang=\"en\">[", thing_in_words(*thing, name.is_empty()), name),
            Piece::Target(target) => self.boxed("<span class=\"to\" lang=\"en\">[", "leads to", target),
            Piece::Break | Piece::Rule if self.is_full() => {}
            Piece::Break => self.once("<br>"),
            Piece::Rule => self.once("<hr>"),
        }
    }

    fn once(&mut self, tag: &str) {
        self.elements += 1;
        self.html.push_str(tag);
    }

    fn boxed(&mut self, begin: &str, what: &str, name: &str) {
        if self.is_full() {
            return;
        }
        self.once(begin);
        self.html.push_str(what);
        if !name.is_empty() {
            self.html.push_str(": ");
            self.words(name, LONGEST_NAME);
        }
        self.html.push_str("]</span>");
    }

    fn words(&mut self, text: &str, most: usize) {
        let room = MOST_TEXT.saturating_sub(self.text);
        self.cut |= text.len() > room;
        let text = &text[..text.floor_char_boundary(room.min(text.len()))];
        self.text += text.len();
        let mut words = String::with_capacity(text.len().min(most));
        self.shown.put(text, most, &mut words);
        escape(&words, &mut self.html);
    }

    fn is_full(&mut self) -> bool {
        let full = self.elements >= MOST_ELEMENTS;
        self.cut |= full;
        full
    }

    /// The whole page under this title, and whether something was beyond a bound.
    pub fn finish(mut self, title: &str) -> (String, bool) {
        self.shown.end(&mut self.html);
        while let Some(element) = self.open.pop() {
            self.html.push_str(end(element));
        }
        let mut page = HEAD.clone();
        escape(&plain(title, LONGEST_NAME), &mut page);
        page.push_str(AFTER_TITLE);
        page.push_str(&self.html);
        page.push_str(FOOT);
        (page, self.cut)
    }
}

fn escape(text: &str, into: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            letter => into.push(letter),
        }
    }
}

fn thing_in_words(thing: Thing, nameless: bool) -> &'static str {
    match thing {
        Thing::Picture => "picture",
        Thing::Drawing => "drawing",
        Thing::Media => "sound or film",
        Thing::Frame => "frame or program",
        Thing::Form if nameless => "form",
        Thing::Form => "form, sent to",
        Thing::Field => "field",
        Thing::Leads => "the page leads on by itself",
    }
}

fn begin(element: Element) -> String {
    let (name, (columns, rows)) = match element {
        Element::Td(columns, rows) => ("td", (columns, rows)),
        Element::Th(columns, rows) => ("th", (columns, rows)),
        Element::Link => return "<span class=\"link\">".into(),
        Element::Field => return "<span class=\"field\">".into(),
        other => return end(other).replacen("</", "<", 1),
    };
    let over = |what: &str, count: u8| if count > 1 { format!(" {what}=\"{count}\"") } else { String::new() };
    format!("<{name}{}{}>", over("colspan", columns), over("rowspan", rows))
}

fn end(element: Element) -> &'static str {
    match element {
        Element::Div => "</div>",
        Element::P => "</p>",
        Element::H(1) => "</h1>",
        Element::H(2) => "</h2>",
        Element::H(3) => "</h3>",
        Element::H(4) => "</h4>",
        Element::H(5) => "</h5>",
        Element::H(_) => "</h6>",
        Element::Ul => "</ul>",
        Element::Ol => "</ol>",
        Element::Li => "</li>",
        Element::Dl => "</dl>",
        Element::Dt => "</dt>",
        Element::Dd => "</dd>",
        Element::Table => "</table>",
        Element::Caption => "</caption>",
        Element::Tr => "</tr>",
        Element::Td(..) => "</td>",
        Element::Th(..) => "</th>",
        Element::Quote => "</blockquote>",
        Element::Pre => "</pre>",
        Element::B => "</b>",
        Element::I => "</i>",
        Element::U => "</u>",
        Element::S => "</s>",
        Element::Small => "</small>",
        Element::Sub => "</sub>",
        Element::Sup => "</sup>",
        Element::Code => "</code>",
        Element::Link | Element::Field => "</span>",
    }
}

/// Tags that may stand in the body, closed in order; a cell may bear numbers too.
const TAGS: [&str; 26] = [
    "div", "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "tr", "td", "th", "blockquote", "pre", "b", "i", "u", "s", "small",
];
const MORE_TAGS: [&str; 3] = ["sub", "sup", "code"];
const SPANS: [&str; 4] = ["span class=\"box\" lang=\"en\"", "span class=\"to\" lang=\"en\"", "span class=\"link\"", "span class=\"field\""];

/// Written apart from [`Writer`]: what may stand there, not what was meant to be written.
pub(super) fn check(html: &str) -> Result<(), String> {
    let (title, body) = html.strip_prefix(HEAD.as_str()).and_then(|rest| rest.split_once(AFTER_TITLE)).ok_or("it does not begin as a page does")?;
    letters(title)?;
    let mut rest = body.strip_suffix(FOOT).ok_or("it does not end as a page does")?;
    let mut open: Vec<&str> = Vec::new();
    while let Some((words, after)) = rest.split_once('<') {
        letters(words)?;
        let (tag, after) = after.split_once('>').ok_or("a tag without an end")?;
        rest = after;
        if tag == "br" || tag == "hr" {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("</{name}> closes nothing"));
            }
            continue;
        }
        open.push(opened(tag).ok_or_else(|| format!("<{tag}> may not stand there"))?);
        if open.len() > DEEPEST + 1 {
            return Err("it is too deep".into());
        }
    }
    letters(rest)?;
    if open.is_empty() { Ok(()) } else { Err(format!("{open:?} stay open")) }
}

fn opened(tag: &str) -> Option<&str> {
    if TAGS.contains(&tag) || MORE_TAGS.contains(&tag) {
        return Some(tag);
    }
    if SPANS.contains(&tag) {
        return Some("span");
    }
    let (name, numbers) = tag.split_once(' ')?;
    let number = |part: &str| ["colspan=\"", "rowspan=\""].iter().any(|name| part.strip_prefix(name).and_then(|rest| rest.strip_suffix('"')).is_some_and(|digits| digits.parse::<u8>().is_ok_and(|n| n > 1)));
    (["td", "th"].contains(&name) && numbers.split(' ').all(number)).then_some(name)
}

fn letters(text: &str) -> Result<(), String> {
    if let Some(letter) = text.chars().find(|letter| matches!(letter, '<' | '>' | '"' | '\'' | '\0' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')) {
        return Err(format!("{letter:?} stands there as it is"));
    }
    let known = |rest: &str| ["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|entity| rest.starts_with(entity));
    text.split('&').skip(1).find(|rest| !known(rest)).map_or(Ok(()), |rest| Err(format!("&{} stands there as it is", rest.chars().take(12).collect::<String>())))
}
