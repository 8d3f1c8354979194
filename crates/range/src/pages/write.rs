//! Sentences with something planted in them, as HTML, as text, and inside JSON or a letter; and whole
//! pages of each kind.

use super::decoy::Decoy;
use super::dice::Dice;
use super::listing::Listing;
use super::selector::{Cue, Selector, State};
use super::sheet::{Mark, Sheet};
use super::style::{self, Container, Style, Unit};
use super::tongue::{Tongue, VENDORS};
use super::truth::{Line, Truth};

/// What is planted on one page.
pub(crate) struct Load {
    pub(crate) selectors: Vec<Selector>,
    pub(crate) decoys: Vec<Decoy>,
}

/// A page as it is written.
pub(crate) struct Page<'a> {
    container: Container,
    tongue: &'a Tongue,
    dice: Dice,
    sheet: Sheet,
    /// Style of each mark of `sheet`.
    styles: Vec<&'static str>,
}

/// The kinds of pages, in the order in which they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Market,
    Forum,
    Profile,
    Paste,
    Chat,
    Letter,
}

impl Kind {
    pub(crate) const ORDER: [Kind; 10] = [
        Kind::Market, Kind::Forum, Kind::Profile, Kind::Paste, Kind::Chat, Kind::Market, Kind::Forum, Kind::Letter, Kind::Profile, Kind::Chat,
    ];

    /// What the page is called.
    pub(crate) fn file_name(self, number: usize, script: &str) -> String {
        let (name, ending) = match self {
            Kind::Market => ("market", "html"),
            Kind::Forum => ("thread", "html"),
            Kind::Profile => ("profile", "html"),
            Kind::Paste => ("paste", "txt"),
            Kind::Chat => ("chat", "json"),
            Kind::Letter => ("letter", "eml"),
        };
        format!("pages/{number:04}-{script}-{name}.{ending}")
    }

    fn container(self) -> Container {
        match self {
            Kind::Market | Kind::Forum | Kind::Profile => Container::Html,
            Kind::Paste => Container::Text,
            Kind::Chat => Container::Json,
            Kind::Letter => Container::Mail,
        }
    }
}

/// Writes a page; its bytes and its part of the truth.
pub(crate) fn page(kind: Kind, name: &str, tongue: &Tongue, dice: Dice, load: Load) -> (Vec<u8>, Vec<Line>) {
    let container = kind.container();
    let mut page = Page { container, tongue, dice, sheet: Sheet::default(), styles: Vec::new() };
    match kind {
        Kind::Market => page.market(load),
        Kind::Forum => page.forum(load),
        Kind::Profile => page.profile(load),
        Kind::Paste => page.paste(load),
        Kind::Chat => page.chat(load),
        Kind::Letter => page.letter(load),
    }
    let line = |(mark, style): (Mark, &&'static str)| Line {
        truth: mark.truth, page: name.into(), style: (*style).into(), script: tongue.script.into(), container: container.name().into(),
        start: mark.start as u64, end: mark.end as u64,
    };
    assert_eq!(page.sheet.marks.len(), page.styles.len(), "each mark has its style");
    let lines = page.sheet.marks.into_iter().zip(&page.styles).map(line).collect();
    (page.sheet.text.into_bytes(), lines)
}

/// What is shown to everybody who opens such a file.
const NOTICE: &str = "SYNTHETIC page for tests and training. Nothing on it is real, nothing can be bought, no name on it resolves.";

/// How the rows of a market are laid out.
const LAYOUTS: [&str; 5] = ["cards", "table", "list", "nested", "articles"];

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Page<'_> {
    fn put(&mut self, text: &str) {
        self.sheet.put(text);
    }

    fn filler(&mut self) -> &'static str {
        self.dice.word(self.tongue.fillers)
    }

    /// Text that a person wrote, in the way of the file.
    fn say(&mut self, text: &str) {
        let text = if self.container == Container::Html { escaped(text) } else { text.to_owned() };
        self.put(&text);
    }

    fn mark(&mut self, start: usize, truth: Truth, style: &'static str) {
        let end = self.sheet.len();
        self.sheet.mark(start, end, truth);
        self.styles.push(style);
    }

    /// The units of a selector at the end of the sheet, with a mark on it and on each of its parts.
    fn units(&mut self, selector: &Selector, units: &[Unit], style: Style) {
        let mut places = Vec::with_capacity(units.len());
        for unit in units {
            let start = self.sheet.len();
            if unit.markup { self.put(&unit.text) } else { self.say(&unit.text) }
            places.push((unit.from..unit.to, start..self.sheet.len()));
        }
        let reach = |from: usize, to: usize| {
            let inside = || places.iter().filter(|(plain, _)| !plain.is_empty() && plain.start < to && plain.end > from);
            let first = inside().next().expect("a part has bytes");
            (first.1.start, inside().next_back().expect("a part has bytes").1.end)
        };
        let rivals = || selector.rivals.iter().map(|rival| (*rival).to_owned()).collect();
        let required = selector.state != State::FailedChecksum || selector.required_when_spoiled;
        let truth = Truth::Selector { kind: selector.kind.into(), value: selector.value.clone(), state: selector.state, rivals: rivals(), required };
        let mut marks = vec![(reach(0, selector.written.len()), truth)];
        for part in &selector.parts {
            // A reader of a disguised whole need not report its parts as well.
            let required = part.required && (style == Style::Plain || style == Style::Link || selector.writing.block);
            let truth = Truth::Selector { kind: part.kind.into(), value: part.value.clone(), state: part.state, rivals: Vec::new(), required };
            marks.push((reach(part.range.start, part.range.end), truth));
        }
        for ((start, end), truth) in marks {
            self.sheet.mark(start, end, truth);
            self.styles.push(style.name());
        }
    }

    fn lead(&self, cue: Cue) -> String {
        let tongue = self.tongue;
        match cue {
            Cue::Pay(name) => format!("{} ({name}): ", tongue.pay),
            Cue::Contact(name) => format!("{} {name}: ", tongue.contact),
            Cue::Note(name) => format!("{}, {name}: ", tongue.note),
            Cue::Card => format!("{} (card): ", tongue.card),
        }
    }

    /// A way of writing for a selector; broken ones are written plainly.
    fn style(&mut self, selector: &Selector) -> Style {
        if selector.state == State::FailedChecksum {
            return Style::Plain;
        }
        let fitting = Style::fitting(selector, self.container, self.tongue);
        *self.dice.pick(&fitting)
    }

    /// Words and a selector.
    fn planted(&mut self, selector: &Selector) {
        let style = self.style(selector);
        self.planted_as(selector, style);
    }

    fn planted_as(&mut self, selector: &Selector, style: Style) {
        let units = style::write(selector, style, self.tongue, &mut self.dice);
        let lead = self.lead(selector.cue);
        match style {
            Style::DataAttribute => {
                self.say(&lead);
                self.around("<button data-copy=\"", selector, &units, style, "\">copy</button>");
            }
            Style::TitleAttribute => {
                self.put("<i title=\"");
                self.say(&lead);
                self.units(selector, &units, style);
                self.put("\">?</i>");
            }
            Style::Comment => {
                // No entity is read in a comment.
                let units: Vec<Unit> = units.into_iter().map(|unit| Unit { markup: true, ..unit }).collect();
                self.put("<!-- ");
                self.say(&lead);
                self.units(selector, &units, style);
                self.put(" -->");
            }
            Style::Link => {
                self.say(&lead);
                let before = format!("<a href=\"{}", selector.writing.link.unwrap_or_default());
                self.around(&before, selector, &units, style, "\">link</a>");
            }
            Style::Glued => {
                let (before, after) = self.tongue.touches.expect("only where letters touch");
                let lead = lead.trim_end_matches(": ").to_owned();
                self.say(&format!("{lead}: {before}"));
                self.units(selector, &units, style);
                self.say(after);
            }
            _ if selector.writing.block => {
                self.say(&lead);
                self.put(if self.container == Container::Html { "<pre>\n" } else { "\n" });
                self.units(selector, &units, style);
                self.put(if self.container == Container::Html { "\n</pre>" } else { "\n" });
            }
            _ => {
                self.say(&lead);
                self.units(selector, &units, style);
                // A full stop behind a password may be a letter of it.
                let ends = style == Style::Plain && selector.kind != "credential";
                let end = if ends { *self.dice.pick(&["", "", ".", ",", " —"]) } else { "" };
                self.say(end);
            }
        }
    }

    fn around(&mut self, before: &str, selector: &Selector, units: &[Unit], style: Style, after: &str) {
        self.put(before);
        self.units(selector, units, style);
        self.put(after);
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Selector(selector) => self.planted(selector),
            Item::Decoy(decoy) => self.decoy(decoy),
        }
    }

    fn decoy(&mut self, decoy: &Decoy) {
        self.say(decoy.before);
        self.put(" ");
        let start = self.sheet.len();
        self.say(&decoy.text);
        self.mark(start, Truth::Decoy { tolerated: decoy.tolerated.clone() }, decoy.style);
    }

    /// Everything that is planted, each in a paragraph of its own with other words between.
    fn paragraphs(&mut self, load: Load, open: &str, close: &str) {
        for item in mixed(load, &mut self.dice) {
            self.put(open);
            self.item(&item);
            self.put(close);
            let filler = self.filler();
            self.put(open);
            self.say(filler);
            self.put(close);
        }
    }

    // HTML

    /// The head, and a selector in the title once in a while.
    fn head(&mut self, load: &mut Load) {
        let tag = self.tongue.tag;
        self.put(&format!("<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n<title>"));
        let title = *self.dice.pick(self.tongue.titles);
        self.say(title);
        let fits = |s: &Selector| s.written.len() < 100 && !s.writing.block && s.state != State::FailedChecksum;
        if self.dice.once_in(3)
            && let Some(at) = load.selectors.iter().position(fits)
        {
            let selector = load.selectors.remove(at);
            self.put(" - ");
            self.planted_as(&selector, Style::TitleElement);
        }
        self.put("</title>\n<style>body { color: #2b2b2b; background: #fdf6e3 } .card { border: 1px solid #d5c4a1 }</style>\n</head>\n<body>\n");
        self.put(&format!("<p class=\"notice\">{NOTICE}</p>\n"));
    }

    fn foot(&mut self) {
        self.put(&format!("<footer>{NOTICE}</footer>\n</body>\n</html>\n"));
    }

    fn market(&mut self, mut load: Load) {
        self.head(&mut load);
        self.put("<nav><a href=\"/\">Home</a> <a href=\"/orders\">Orders</a> <a href=\"/help\">Help</a></nav>\n");
        let layout = self.dice.below(LAYOUTS.len());
        let rows = self.dice.between(5, 9);
        if self.dice.once_in(2) {
            self.aside();
        }
        self.put(["<div class=\"listings\">\n", "<table class=\"goods\">\n", "<ul class=\"offers\">\n", "<div>\n", "<section class=\"shelf\">\n"][layout]);
        if layout == 1 {
            let (price, vendor, ships) = (self.tongue.price, self.tongue.vendor, self.tongue.ships);
            self.put(&format!("<tr><th>#</th><th>{vendor}</th><th>{price}</th><th>{ships}</th></tr>\n"));
        }
        for number in 0..rows {
            self.row(layout, number);
        }
        self.put(["</div>\n", "</table>\n", "</ul>\n", "</div>\n", "</section>\n"][layout]);
        self.put("<section class=\"news\">\n");
        self.paragraphs(load, "<p>", "</p>\n");
        self.put("</section>\n");
        self.foot();
    }

    /// Other things that repeat on a page of a market: categories with counts, and the best vendors.
    fn aside(&mut self) {
        self.put("<aside><ul>");
        for title in self.tongue.titles.iter().take(4) {
            let count = self.dice.between(2, 400);
            self.put(&format!("<li><a href=\"/category/{count}\">{}</a> ({count})</li>", escaped(title)));
        }
        self.put("</ul><ol>");
        for vendor in VENDORS.iter().take(4) {
            let level = self.dice.between(1, 9);
            self.put(&format!("<li><a href=\"/vendor/{level}\">{}</a> {level}</li>", escaped(vendor)));
        }
        self.put("</ol></aside>\n");
    }

    fn row(&mut self, layout: usize, number: usize) {
        let listing = Listing::new(self.tongue, &mut self.dice);
        let (title, vendor, shown) = (escaped(&listing.title), escaped(&listing.vendor), escaped(&listing.shown));
        let (ships, place) = (self.tongue.ships, listing.place);
        let price_word = self.tongue.price;
        let id = 1000 + 17 * number;
        let (sold, stock, stars) = (self.dice.between(0, 900), self.dice.between(1, 60), self.dice.between(30, 50));
        let stars = format!("{}.{}", stars / 10, stars % 10);
        let text = match layout {
            0 => format!(
                "<div class=\"card\"><a class=\"item\" href=\"/item/{id}\">{title}</a>\n<div class=\"by\"><a href=\"/vendor/{id}\">{vendor}</a></div>\n\
                 <div class=\"cost\">{shown}</div>\n<div class=\"from\">{ships}: {place}</div></div>"),
            1 => format!(
                "<tr class=\"row\"><td><a href=\"/item/{id}\">{title}</a></td><td><a href=\"/user/{id}\">{vendor}</a></td><td>{shown}</td><td>{place}</td></tr>"),
            2 => format!(
                "<li><h3><a href=\"/listing/{id}\">{title}</a></h3><p>{price_word}: <b>{shown}</b></p>\
                 <p><a class=\"seller\" href=\"/seller/{id}\">{vendor}</a></p><p>{ships}: {place}</p></li>"),
            3 => format!(
                "<div><div><a href=\"/p/{id}\"><img src=\"/img/{id}\" alt=\"{title}\"></a></div>\n<div><div><a href=\"/p/{id}\">{title}</a></div>\
                 <div><a href=\"/u/{id}\">{vendor}</a> ({sold}) ★ {stars}</div></div>\n<div><span>{shown}</span></div><div>{ships} {place} | {stock} | {sold}</div></div>"),
            _ => format!(
                "<article><header><h2>{title}</h2></header><dl><dt>{vendor_word}</dt><dd>{vendor}</dd><dt>{price_word}</dt><dd>{shown}</dd>\
                 <dt>{ships}</dt><dd>{place}</dd></dl><p><a href=\"/buy/{id}\">→</a> {stock}</p></article>", vendor_word = self.tongue.vendor),
        };
        let start = self.sheet.len();
        self.put(&text);
        self.mark(start, listing.truth(), LAYOUTS[layout]);
        self.put("\n");
    }

    fn forum(&mut self, mut load: Load) {
        self.head(&mut load);
        let layout = self.dice.below(2);
        self.put(["<div class=\"thread\">\n", "<table class=\"topic\">\n"][layout]);
        for (number, item) in mixed(load, &mut self.dice).iter().enumerate() {
            let author = *self.dice.pick(VENDORS);
            let day = self.dice.between(1, 28);
            let date = format!("2026-03-{day:02} {:02}:{:02}", self.dice.below(24), self.dice.below(60));
            let start = self.sheet.len();
            let shown = escaped(author);
            self.put(&match layout {
                0 => format!(
                    "<div class=\"post\" id=\"p{number}\"><span class=\"author\"><a href=\"/user/{number}\">{shown}</a></span> \
                     <span class=\"date\">{date}</span>\n<div class=\"text\">"),
                _ => format!("<tr class=\"post\"><td><a href=\"/member/{number}\">{shown}</a><br>{date}</td><td class=\"body\">"),
            });
            self.post(item);
            self.put(["</div></div>", "</td></tr>"][layout]);
            self.mark(start, Truth::Post { author: author.into(), date }, ["posts", "table"][layout]);
            self.put("\n");
        }
        self.put(["</div>\n", "</table>\n"][layout]);
        self.foot();
    }

    fn post(&mut self, item: &Item) {
        let filler = self.filler();
        self.say(filler);
        self.put("<br>\n");
        self.item(item);
        self.put("<br>\n");
        let filler = self.filler();
        self.say(filler);
    }

    fn profile(&mut self, mut load: Load) {
        self.head(&mut load);
        let vendor = escaped(self.dice.word(VENDORS));
        self.put(&format!("<h1>{vendor}</h1>\n<dl class=\"about\">\n"));
        self.paragraphs(load, "<dd>", "</dd>\n");
        self.put("</dl>\n");
        self.foot();
    }

    // Text

    fn paste(&mut self, load: Load) {
        self.put(&format!("{NOTICE}\n\n"));
        self.paragraphs(load, "", "\n\n");
    }

    /// A chat as Telegram's desktop program exports it.
    fn chat(&mut self, load: Load) {
        let ascii = self.dice.once_in(2);
        let mut out = Sheet::default();
        let group = self.dice.digits(9);
        out.put(&format!("{{\n \"name\": \"{NOTICE}\",\n \"type\": \"private_group\",\n \"id\": 4{group},\n \"messages\": [\n"));
        let mut first = true;
        for (number, item) in mixed(load, &mut self.dice).into_iter().enumerate() {
            for text in [false, true] {
                if text {
                    let filler = self.filler();
                    self.say(filler);
                } else {
                    self.item(&item);
                }
                let message = std::mem::take(&mut self.sheet).in_json(ascii);
                let (author, day) = (*self.dice.pick(VENDORS), self.dice.between(1, 28));
                let id = 2 * number + usize::from(text) + 1;
                out.put(if first { "" } else { ",\n" });
                first = false;
                out.put(&format!("  {{\n   \"id\": {id},\n   \"type\": \"message\",\n   \"date\": \"2026-03-{day:02}T10:00:00\",\n   \"date_unixtime\": \"{}\",\n   \"from\": \"{author}\",\n   \"from_id\": \"user4{group}\",\n   \"text\": \"", 1_772_359_200 + 86_400 * day));
                out.append(message);
                out.put("\"\n  }");
            }
        }
        out.put("\n ]\n}\n");
        self.sheet = out;
    }

    /// An e-mail with a quoted-printable body (RFC 5322, RFC 2045).
    fn letter(&mut self, load: Load) {
        let mut head = Sheet::default();
        let number = self.dice.between(1000, 9999);
        let mut field = |name: &str, before: &str, value: String, after: &str, required: bool| {
            head.put(&format!("{name}: {before}"));
            let start = head.len();
            head.put(&value);
            let truth = |kind: &str, value: &str, required| Truth::Selector { kind: kind.into(), value: value.into(), state: State::Unverifiable, rivals: vec!["xmpp".into()], required };
            head.mark(start, start + value.len(), truth("email", &value, required));
            let at = value.find('@').map_or(0, |at| at + 1);
            head.mark(start + at, start + value.len(), truth("domain", &value[at..], false));
            head.put(&format!("{after}\r\n"));
        };
        field("From", "SYNTHETIC Vendor <", format!("vendor{number}@post.example.com"), ">", true);
        field("To", "", format!("buyer{number}@post.example.org"), "", true);
        field("Message-ID", "<", format!("{number}.1@mail.example.net"), ">", false);
        head.put("Date: Mon, 02 Mar 2026 10:00:00 +0700\r\nSubject: SYNTHETIC letter\r\nMIME-Version: 1.0\r\n");
        head.put("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
        let mut styles = vec!["mail-header"; head.marks.len()];
        self.put(&format!("{NOTICE}\n\n"));
        self.paragraphs(load, "", "\n\n");
        head.append(std::mem::take(&mut self.sheet).in_quoted_printable());
        styles.append(&mut self.styles);
        self.styles = styles;
        self.sheet = head;
    }
}

enum Item {
    Selector(Selector),
    Decoy(Decoy),
}

/// Everything that is planted, in a drawn order.
fn mixed(load: Load, dice: &mut Dice) -> Vec<Item> {
    let mut items: Vec<Item> = load.selectors.into_iter().map(Item::Selector).chain(load.decoys.into_iter().map(Item::Decoy)).collect();
    dice.shuffle(&mut items);
    items
}
