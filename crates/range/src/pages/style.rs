//! How a selector is written: plainly, made harmless, with look-alikes, cut in two, in local digits. Each
//! way is one that people use; what a right reader makes of it is the same selector every time.

use super::dice::Dice;
use super::selector::{Cuts, Defang, Selector};
use super::sheet::{ESCAPE, json_units};
use super::tongue::Tongue;

/// What kind of file a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Html,
    Text,
    Json,
    Mail,
}

impl Container {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Container::Html => "html",
            Container::Text => "text",
            Container::Json => "json",
            Container::Mail => "mail",
        }
    }
}

/// A way of writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    DataAttribute,
    TitleAttribute,
    Link,
    Comment,
    TitleElement,
    /// Dots written as this.
    Dots(&'static str),
    /// `@` written as this, and dots as that.
    Signs(&'static str, &'static str),
    /// `hxxp`, and dots as this.
    Hxxp(&'static str),
    ColonInBrackets,
    Lookalikes,
    FullWidth,
    Wbr,
    Span,
    Bold,
    SoftHyphen,
    ZeroWidth,
    LineBreak,
    Br,
    LocalDigits,
    Glued,
    Entity,
    Capitals,
    JsonEscape,
}

impl Style {
    /// Name in the truth.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Style::Plain => "plain",
            Style::DataAttribute => "data-attribute",
            Style::TitleAttribute => "title-attribute",
            Style::Link => "link",
            Style::Comment => "comment",
            Style::TitleElement => "title-element",
            Style::Dots("[.]") => "defang-square",
            Style::Dots("(.)") => "defang-round",
            Style::Dots("{.}") => "defang-curly",
            Style::Dots("[dot]") => "defang-dot-word",
            Style::Dots("\\.") => "defang-backslash",
            Style::Dots(" dot ") => "defang-bare-dot",
            Style::Dots(_) => "defang-spaced",
            Style::Signs("[at]", _) => "defang-at-square",
            Style::Signs("(at)", _) => "defang-at-round",
            Style::Signs(..) => "defang-at-spaced",
            Style::Hxxp(_) => "defang-hxxp",
            Style::ColonInBrackets => "defang-colon",
            Style::Lookalikes => "homoglyph",
            Style::FullWidth => "full-width",
            Style::Wbr => "wbr",
            Style::Span => "span",
            Style::Bold => "bold",
            Style::SoftHyphen => "soft-hyphen",
            Style::ZeroWidth => "zero-width",
            Style::LineBreak => "line-break",
            Style::Br => "br",
            Style::LocalDigits => "local-digits",
            Style::Glued => "glued",
            Style::Entity => "entity",
            Style::Capitals => "capitals",
            Style::JsonEscape => "json-escape",
        }
    }

    /// Every way that fits this selector in this file, in this language.
    pub(crate) fn fitting(selector: &Selector, container: Container, tongue: &Tongue) -> Vec<Style> {
        let writing = selector.writing;
        if writing.block {
            return vec![Style::Plain];
        }
        let html = container == Container::Html;
        let mut styles = vec![Style::Plain, Style::Plain];
        if html {
            styles.extend([Style::TitleAttribute, Style::Comment]);
            styles.extend((!needs_words(selector)).then_some(Style::DataAttribute));
            styles.extend(writing.link.is_some().then_some(Style::Link));
        }
        if container == Container::Json {
            styles.push(Style::JsonEscape);
        }
        let is_http = selector.written.starts_with("http");
        styles.extend(harmless(writing.defang).iter().filter(|style| is_http || !matches!(style, Style::Hxxp(_))));
        styles.extend(cuts(writing.cuts, html));
        if html && writing.defang != Defang::None {
            styles.push(Style::Entity);
        }
        if writing.lookalikes {
            styles.push(Style::Lookalikes);
            styles.extend((tongue.script == "chinese" && writing.cuts == Cuts::Anywhere).then_some(Style::FullWidth));
        }
        if writing.capitals {
            styles.push(Style::Capitals);
        }
        if writing.local_digits && tongue.digits.is_some() {
            styles.extend([Style::LocalDigits; 2]);
        }
        // A Cyrillic letter that touches a host may be a letter of that host.
        let is_host = writing.defang != Defang::None && tongue.script == "cyrillic";
        if writing.glued && tongue.touches.is_some() && !is_host {
            styles.extend([Style::Glued; 2]);
        }
        styles
    }
}

/// Selectors that are none without a word beside them, which an attribute of their own has not.
fn needs_words(selector: &Selector) -> bool {
    let kinds = ["sol", "pgp-fingerprint", "pgp-key-id", "private-key", "imei", "iccid", "card", "seed-phrase", "credential", "file-hash", "lei", "xmpp", "session"];
    kinds.contains(&selector.kind) || selector.written.starts_with('@')
}

fn harmless(defang: Defang) -> &'static [Style] {
    const HOST: &[Style] = &[
        Style::Dots("[.]"), Style::Dots("(.)"), Style::Dots("{.}"), Style::Dots("[dot]"), Style::Dots("\\."), Style::Dots(" dot "), Style::Dots(" . "),
    ];
    const MAIL: &[Style] = &[
        Style::Dots("[.]"), Style::Signs("[at]", "[dot]"), Style::Signs("(at)", "(dot)"), Style::Signs(" [at] ", " [dot] "),
        Style::Signs("[at]", "."), Style::Signs("(at)", "."),
    ];
    const URL: &[Style] = &[Style::Hxxp("."), Style::Hxxp("[.]"), Style::Hxxp("(.)"), Style::Dots("[.]"), Style::ColonInBrackets, Style::ColonInBrackets];
    match defang {
        Defang::None => &[],
        Defang::Host => HOST,
        Defang::Brackets => &HOST[..5],
        Defang::Mail => MAIL,
        Defang::Url => URL,
    }
}

fn cuts(cuts: Cuts, html: bool) -> Vec<Style> {
    let mut styles = Vec::new();
    if cuts != Cuts::None {
        styles.extend([Style::SoftHyphen, Style::ZeroWidth]);
        styles.extend(html.then_some([Style::Wbr, Style::Bold]).into_iter().flatten());
    }
    if cuts == Cuts::Anywhere {
        styles.push(Style::LineBreak);
        styles.extend(html.then_some([Style::Span, Style::Br]).into_iter().flatten());
    }
    styles
}

/// A bit of what is written: which bytes of the plain form it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) text: String,
    /// Markup, which must not be escaped.
    pub(crate) markup: bool,
}

/// The selector written that way; placing it (in an attribute, a comment) is the page's work.
pub(crate) fn write(selector: &Selector, style: Style, tongue: &Tongue, dice: &mut Dice) -> Vec<Unit> {
    let plain = selector.written.as_str();
    let each = |how: &mut dyn FnMut(usize, char) -> Option<String>| -> Vec<Unit> {
        plain.char_indices().map(|(from, letter)| {
            let text = how(from, letter).unwrap_or_else(|| letter.into());
            Unit { from, to: from + letter.len_utf8(), text, markup: false }
        }).collect()
    };
    match style {
        Style::Dots(how) => each(&mut dots_in(selector, how)),
        Style::Signs(sign, how) => each(&mut |at, letter| match letter {
            '@' => Some(sign.to_owned()),
            '.' if at > plain.find('@').unwrap_or(0) => Some(how.to_owned()),
            _ => None,
        }),
        Style::Hxxp(how) => {
            let mut dots = dots_in(selector, how);
            each(&mut |at, letter| match (at, letter) {
                (1 | 2, 't') => Some("x".to_owned()),
                _ => dots(at, letter),
            })
        }
        Style::ColonInBrackets => each(&mut |at, letter| (letter == ':' && plain[at..].starts_with("://")).then(|| "[:]".to_owned())),
        Style::Lookalikes => lookalikes(selector, dice),
        Style::FullWidth => each(&mut |_, letter| char::from_u32(u32::from(letter) + 0xfee0).map(String::from)),
        Style::LocalDigits => {
            let digits = tongue.digits.expect("only where there are any");
            each(&mut |_, letter| letter.to_digit(10).map(|value| digits[value as usize].into()))
        }
        Style::Capitals => each(&mut |_, letter| Some(letter.to_ascii_uppercase().into())),
        Style::Entity => each(&mut |_, letter| match letter {
            '@' | '.' if dice.once_in(2) => Some(format!("&#{};", u32::from(letter))),
            '@' | '.' => Some(format!("&#x{:x};", u32::from(letter))),
            _ => None,
        }).into_iter().map(|unit| Unit { markup: unit.text.starts_with('&'), ..unit }).collect(),
        Style::JsonEscape => each(&mut |_, letter| {
            let escaped = !letter.is_ascii_alphanumeric() || dice.once_in(6);
            escaped.then(|| json_units(letter).replace('\\', &ESCAPE.to_string()))
        }),
        Style::Wbr | Style::Span | Style::Bold | Style::SoftHyphen | Style::ZeroWidth | Style::LineBreak | Style::Br => cut(selector, style, dice),
        _ => each(&mut |_, _| None),
    }
}

/// Bytes of the plain form that are a host's.
fn host_of(selector: &Selector) -> std::ops::Range<usize> {
    match selector.writing.defang {
        Defang::Mail => selector.written.find('@').map_or(0, |at| at + 1)..selector.written.len(),
        Defang::Url => {
            let from = selector.written.find("://").map_or(0, |at| at + 3);
            let length = selector.written[from..].find(['/', '?', '#']).unwrap_or(selector.written.len() - from);
            from..from + length
        }
        _ => 0..selector.written.len(),
    }
}

/// The dots of the host.
fn dots_in(selector: &Selector, how: &'static str) -> impl FnMut(usize, char) -> Option<String> + use<> {
    let host = host_of(selector);
    move |at, letter| (letter == '.' && host.contains(&at)).then(|| how.to_owned())
}

/// Cyrillic letters that look like Latin ones, and one Greek.
const LOOKALIKES: &[(char, char)] = &[
    ('a', 'а'), ('c', 'с'), ('e', 'е'), ('o', 'о'), ('p', 'р'), ('x', 'х'), ('y', 'у'), ('i', 'і'), ('s', 'ѕ'), ('j', 'ј'),
    ('A', 'А'), ('B', 'В'), ('C', 'С'), ('E', 'Е'), ('H', 'Н'), ('K', 'К'), ('M', 'М'), ('P', 'Р'), ('T', 'Т'), ('X', 'Х'), ('Z', 'Ζ'),
];

/// One or two letters replaced, where there are any.
fn lookalikes(selector: &Selector, dice: &mut Dice) -> Vec<Unit> {
    let plain = selector.written.as_str();
    let twin = |letter: char| LOOKALIKES.iter().find(|(latin, _)| *latin == letter).map(|(_, twin)| *twin);
    let mut places: Vec<usize> = plain.char_indices().filter(|(at, letter)| *at > 0 && twin(*letter).is_some()).map(|(at, _)| at).collect();
    dice.shuffle(&mut places);
    places.truncate(dice.between(1, 2));
    plain.char_indices().map(|(from, letter)| {
        let text = twin(letter).filter(|_| places.contains(&from)).unwrap_or(letter);
        Unit { from, to: from + letter.len_utf8(), text: text.into(), markup: false }
    }).collect()
}

/// In two pieces, near the middle.
fn cut(selector: &Selector, style: Style, dice: &mut Dice) -> Vec<Unit> {
    let plain = selector.written.as_str();
    let at = dice.between(plain.len() / 4 + 1, plain.len() * 3 / 4);
    let markup = |at: usize, text: &str| Unit { from: at, to: at, text: text.into(), markup: true };
    let (first, between, last) = match style {
        Style::Wbr => ("", "<wbr>", ""),
        Style::Br => ("", *dice.pick(&["<br>", "<br/>", "<br />\n"]), ""),
        Style::Span => ("", "<span class=\"tail\">", "</span>"),
        Style::Bold => ("<b>", "</b>", ""),
        Style::SoftHyphen => ("", "\u{ad}", ""),
        Style::ZeroWidth => ("", *dice.pick(&["\u{200b}", "\u{200d}", "\u{2060}", "\u{feff}"]), ""),
        _ => ("", "\n", ""),
    };
    let mut units = vec![markup(0, first)];
    for (from, letter) in plain.char_indices() {
        if from == at {
            units.push(markup(at, between));
        }
        units.push(Unit { from, to: from + letter.len_utf8(), text: letter.into(), markup: false });
    }
    units.push(markup(plain.len(), last));
    units
}
