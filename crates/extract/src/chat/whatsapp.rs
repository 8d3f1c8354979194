//! WhatsApp's text export. A message begins with a date and a time in the words of the phone's place; lines without
//! them belong to the message before. Which number is the day is told only when the whole export shows it.

use model::chat::{ChatAttachment, ChatFormat, Message, NOT_TOLD, WrittenTime};

/// The longest name before the colon.
const NAME: usize = 200;
/// Letters that are no text: marks of direction that the app writes.
const MARKS: [char; 6] = ['\u{200e}', '\u{200f}', '\u{202a}', '\u{202c}', '\u{feff}', '\u{2068}'];

/// The first line begins a message, and so do others near it.
pub(super) fn is_export(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&head[..head.len().min(16 << 10)]);
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().and_then(Stamp::read);
    first.is_some() && lines.take(50).any(|line| Stamp::read(line).is_some()) || first.is_some_and(|stamp| stamp.rest.contains(": "))
}

/// What stands before the author.
struct Stamp<'a> {
    /// Date and time as written.
    written: &'a str,
    numbers: [u32; 3],
    /// Whether the year stands first.
    year_first: bool,
    rest: &'a str,
}

impl<'a> Stamp<'a> {
    fn read(line: &'a str) -> Option<Stamp<'a>> {
        let line = line.trim_start_matches(MARKS);
        let bracket = line.starts_with('[');
        let body = line.strip_prefix('[').unwrap_or(line);
        let (numbers, widths, after) = date(body)?;
        let after_time = time(after.trim_start_matches([',', ' ', '\u{a0}', '\u{202f}', '،', '\u{200f}']))?;
        let rest = if bracket { after_time.strip_prefix(']')?.trim_start_matches([' ', '\u{a0}']) } else { after_time.trim_start_matches([' ', '\u{a0}', '\u{202f}']).strip_prefix(['-', '–'])?.strip_prefix([' ', '\u{a0}'])? };
        let written = body[..body.len() - after_time.len()].trim();
        Some(Stamp { written, numbers, year_first: widths[0] == 4, rest })
    }
}

/// Three numbers with one separator.
fn date(text: &str) -> Option<([u32; 3], [usize; 3], &str)> {
    let (first, first_width, rest) = digits(text, 4)?;
    let mark = rest.chars().next().filter(|c| matches!(c, '.' | '/' | '-' | '年'))?;
    let rest = rest[mark.len_utf8()..].trim_start_matches(' ');
    let (second, second_width, rest) = digits(rest, 2)?;
    let next = rest.chars().next().filter(|c| *c == mark || mark == '年' && *c == '月')?;
    let rest = rest[next.len_utf8()..].trim_start_matches(' ');
    let (third, third_width, rest) = digits(rest, 4)?;
    let rest = rest.strip_prefix('日').or(rest.strip_prefix('.')).unwrap_or(rest);
    let sound = (1..=4).contains(&first_width) && (1..=31).contains(&second) && (1..=9999).contains(&third.max(first));
    sound.then_some(([first, second, third], [first_width, second_width, third_width], rest))
}

/// A number of at most `most` digits of any script.
fn digits(text: &str, most: usize) -> Option<(u32, usize, &str)> {
    let (mut value, mut width, mut rest) = (0u32, 0, text);
    while let Some(c) = rest.chars().next()
        && let Some(digit) = digit(c)
    {
        if width == most {
            return None;
        }
        value = value * 10 + digit;
        width += 1;
        rest = &rest[c.len_utf8()..];
    }
    (width > 0).then_some((value, width, rest))
}

/// ASCII, Arabic-Indic (both), Devanagari, Thai, Lao, Burmese, Khmer.
fn digit(c: char) -> Option<u32> {
    let zeros = ['0', '\u{660}', '\u{6f0}', '\u{966}', '\u{e50}', '\u{ed0}', '\u{1040}', '\u{17e0}'];
    zeros.iter().map(|zero| *zero as u32).find(|zero| (*zero..*zero + 10).contains(&(c as u32))).map(|zero| c as u32 - zero)
}

/// What follows a time: hours, minutes, perhaps seconds, perhaps the half of the day on either side.
fn time(text: &str) -> Option<&str> {
    let before: usize = text.chars().take(6).take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum();
    let text = text[before..].trim_start_matches(' ');
    let (hour, _, rest) = digits(text, 2)?;
    let (minute, width, mut rest) = digits(rest.strip_prefix([':', '.'])?, 2)?;
    if let Some((_, 2, after)) = rest.strip_prefix([':', '.']).and_then(|rest| digits(rest, 2)) {
        rest = after;
    }
    if hour > 24 || minute > 59 || width != 2 {
        return None;
    }
    // `AM`, `p. m.`, `น.`, `SA`: letters and dots after a blank.
    let blank = rest.trim_start_matches([' ', '\u{a0}', '\u{202f}']);
    let word: usize = blank.chars().take(10).take_while(|c| c.is_alphabetic() || matches!(c, '.' | '\u{a0}' | '\u{202f}')).map(char::len_utf8).sum();
    let word = if blank[word..].starts_with(" m.") || blank[word..].starts_with(" M.") { word + 3 } else { word };
    Some(if word > 0 { &blank[word..] } else { rest })
}

pub(super) fn read(text: &str) -> Vec<Message> {
    let (mut messages, mut at, mut order): (Vec<Message>, usize, Order) = (Vec::new(), 0, Order::default());
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        let end = (at + content.len()) as u64;
        match Stamp::read(content) {
            Some(stamp) => {
                order.see(&stamp);
                let mut message = begin(&stamp, at as u64, end);
                body(&mut message, body_of(stamp.rest).1);
                messages.push(message);
            }
            None => {
                if let Some(last) = messages.last_mut().filter(|_| !content.is_empty()) {
                    let mut more = Message::at(ChatFormat::WhatsappText, 0, 0);
                    body(&mut more, content);
                    if !last.text.is_empty() || !more.text.is_empty() {
                        last.text.push('\n');
                    }
                    last.text.push_str(&more.text);
                    last.attachments.extend(more.attachments);
                    last.edited = last.edited.take().or(more.edited);
                    last.end = end;
                }
            }
        }
        at += line.len();
    }
    let order = order.word();
    for time in messages.iter_mut().filter_map(|message| message.time.as_mut()) {
        time.order = Some(order.into());
    }
    messages
}

fn begin(stamp: &Stamp<'_>, start: u64, end: u64) -> Message {
    let time = WrittenTime { written: stamp.written.into(), zone: NOT_TOLD.into(), unix_ms: None, order: None };
    let (author, text) = body_of(stamp.rest);
    let service = author.is_none().then(|| text.trim_matches(MARKS).to_string());
    Message { author: author.map(|name| name.trim_matches(MARKS).to_string()), time: Some(time), service, ..Message::at(ChatFormat::WhatsappText, start, end.max(start + 1)) }
}

/// Author and text; a line without an author tells what happened.
fn body_of(rest: &str) -> (Option<&str>, &str) {
    match rest.split_once(": ").or_else(|| rest.strip_suffix(':').map(|name| (name, ""))) {
        Some((name, text)) if !name.is_empty() && name.len() <= NAME => (Some(name), text),
        _ => (None, rest),
    }
}

/// Takes what is no text out of a line.
fn body(message: &mut Message, line: &str) {
    if message.service.is_some() {
        return;
    }
    let plain = line.trim_start_matches(MARKS);
    let mut attach = |name: &str, kind: Option<&str>| message.attachments.push(ChatAttachment { name: name.trim_matches(MARKS).trim().into(), kind: kind.map(str::to_string) });
    let inner = plain.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    if let Some((word, name)) = inner.and_then(|inner| inner.split_once(": ")).filter(|(_, name)| name.contains('.')) {
        // `<attached: 00000001-PHOTO.jpg>`, in the language of the phone.
        attach(name, Some(word));
        return;
    }
    if let Some(word) = inner.filter(|word| word.chars().count() < 60 && word.contains(char::is_alphabetic) && !word.contains('@')) {
        if line.starts_with(MARKS) && !word.to_lowercase().contains("media") || word.to_lowercase().contains("edit") {
            message.edited = Some("yes".into());
        } else {
            attach("left out of the export", Some(word));
        }
        return;
    }
    let mut text = plain;
    if let Some(name) = plain.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (")).filter(|(name, _)| is_file_name(name)).map(|(name, _)| name) {
        // `IMG-20240102-WA0001.jpg (file attached)`.
        attach(name, None);
        text = "";
    } else if let Some(before) = plain.strip_suffix('>').and_then(|rest| rest.rsplit_once(" \u{200e}<").or(rest.rsplit_once(" <This message was edited"))).map(|(before, _)| before) {
        message.edited = Some("yes".into());
        text = before;
    }
    message.text = text.to_string();
}

fn is_file_name(name: &str) -> bool {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    (1..=5).contains(&end.len()) && end.bytes().all(|b| b.is_ascii_alphanumeric()) && !name.contains(' ') && name.len() > end.len() + 1
}

/// What the dates of the whole export show.
#[derive(Default)]
struct Order {
    seen: bool,
    year_first: bool,
    day_first: bool,
    month_first: bool,
}

impl Order {
    fn see(&mut self, stamp: &Stamp<'_>) {
        self.seen = true;
        self.year_first |= stamp.year_first;
        self.day_first |= !stamp.year_first && stamp.numbers[0] > 12;
        self.month_first |= !stamp.year_first && stamp.numbers[1] > 12;
    }

    fn word(&self) -> &'static str {
        match (self.year_first, self.day_first, self.month_first) {
            (true, false, false) => "year first",
            (false, true, false) => "day first",
            (false, false, true) => "month first",
            _ => NOT_TOLD,
        }
    }
}
