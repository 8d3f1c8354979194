//! Telegram's HTML export: one `div` of class `message` after the other. A message without a name is by the author of
//! the one before, as the page shows it.

use memchr::memmem;
use model::chat::{ChatAttachment, ChatFormat, Message, NOT_TOLD, WrittenTime};

use crate::html;

const MESSAGE: &[u8] = b"<div class=\"message ";
/// The longest message.
const LONGEST: usize = 4 << 20;

pub(super) fn is_export(head: &[u8]) -> bool {
    let has = |word: &[u8]| memmem::find(head, word).is_some();
    has(MESSAGE) && (has(b"class=\"from_name\"") || has(b"class=\"history\"") || has(b"pull_right date details"))
}

pub(super) fn read(bytes: &[u8]) -> Vec<Message> {
    let starts: Vec<usize> = memmem::find_iter(bytes, MESSAGE).collect();
    let conversation = starts.first().and_then(|first| conversation(&bytes[..*first]));
    let mut author: Option<String> = None;
    let mut messages = Vec::new();
    for (number, start) in starts.iter().enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(bytes.len()).min(start + LONGEST);
        let piece = &bytes[*start..end];
        let mut message = message(piece, *start as u64, end as u64);
        message.conversation.clone_from(&conversation);
        if message.service.is_none() {
            author = message.author.take().or(author);
            message.author.clone_from(&author);
        }
        messages.push(message);
    }
    messages
}

fn conversation(head: &[u8]) -> Option<String> {
    let header = memmem::find(head, b"page_header")?;
    element(&head[header..], b"text bold").map(text)
}

fn message(piece: &[u8], start: u64, end: u64) -> Message {
    let tag_end = memchr::memchr(b'>', piece).unwrap_or(piece.len());
    let tag = &piece[..tag_end];
    let plain = Message { id: attribute(tag, b"id=\"message"), ..Message::at(ChatFormat::TelegramHtml, start, end) };
    if memmem::find(tag, b"message service").is_some() {
        let told = element(piece, b"body details").map(text).unwrap_or_default();
        return Message { service: Some(told), ..plain };
    }
    // What was passed on has a name and a date of its own inside the message.
    let forwarded = memmem::find(piece, b"class=\"forwarded body\"").map(|at| &piece[at..]);
    let own = forwarded.map_or(piece, |inner| &piece[..piece.len() - inner.len()]);
    let reply = memmem::find(piece, b"reply_to details").and_then(|at| attribute(&piece[at..], b"go_to_message"));
    Message {
        author: element(own, b"from_name").map(text),
        time: memmem::find(own, b"date details").and_then(|at| attribute(&own[at..], b"title=\"")).map(time),
        text: element(piece, b"text").map(text).unwrap_or_default(),
        reply_to: reply,
        forwarded_from: forwarded.and_then(|inner| element(inner, b"from_name")).map(text),
        attachments: attachments(piece),
        ..plain
    }
}

/// `02.01.2024 03:04:05 UTC+07:00`.
fn time(written: String) -> WrittenTime {
    let zone = written.find("UTC").map_or(NOT_TOLD, |at| &written[at..]).to_string();
    WrittenTime { written, zone, unix_ms: None, order: Some("day first".into()) }
}

/// The text up to the next quote after a mark.
fn attribute(bytes: &[u8], mark: &[u8]) -> Option<String> {
    let rest = &bytes[memmem::find(bytes, mark)? + mark.len()..];
    let end = rest.iter().take(4096).position(|b| matches!(b, b'"' | b'\''))?;
    Some(String::from_utf8_lossy(&rest[..end]).into_owned())
}

/// The content of the first `div` with exactly this class; inner `div`s are part of it.
fn element<'a>(bytes: &'a [u8], class: &[u8]) -> Option<&'a [u8]> {
    let mark = [b"class=\"", class, b"\""].concat();
    let at = memmem::find(bytes, &mark)?;
    let open = at + memchr::memchr(b'>', &bytes[at..])? + 1;
    let (mut depth, mut from) = (1u32, open);
    while let Some(tag) = memchr::memchr(b'<', &bytes[from..]).map(|i| from + i) {
        let rest = &bytes[tag..];
        depth = match () {
            () if rest.starts_with(b"</div") => depth - 1,
            () if rest.starts_with(b"<div") => depth.saturating_add(1),
            () => depth,
        };
        if depth == 0 {
            return Some(&bytes[open..tag]);
        }
        from = tag + 1;
    }
    Some(&bytes[open..])
}

fn text(content: &[u8]) -> String {
    String::from_utf8_lossy(&html::read(content).text.bytes).trim().to_string()
}

fn attachments(piece: &[u8]) -> Vec<ChatAttachment> {
    let mut found = Vec::new();
    for at in memmem::find_iter(piece, b"<a class=\"").take(100) {
        let end = memchr::memchr(b'>', &piece[at..]).map_or(piece.len(), |i| at + i);
        let tag = &piece[at..end];
        let kind = memmem::find(tag, b" media_").or(memmem::find(tag, b"photo_wrap")).or(memmem::find(tag, b"video_file_wrap"));
        if let (Some(kind), Some(name)) = (kind, attribute(tag, b"href=\"")) {
            let word: Vec<u8> = tag[kind..].iter().skip(1).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').copied().collect();
            found.push(ChatAttachment { name, kind: Some(String::from_utf8_lossy(&word).into_owned()) });
        }
    }
    found
}
