//! Messages in JSON: the document is walked bracket by bracket and no tree is built, so that an export of any size
//! costs one message at a time. An object with the keys of a message is one, wherever it stands.

use memchr::memmem;
use model::chat::{ChatAttachment, ChatFormat, Message, NOT_TOLD, WrittenTime};

use super::json::{self, Json};

/// The longest message.
const LONGEST: usize = 4 << 20;
/// Objects inside objects.
const DEPTH: usize = 100;
/// Messages of one reading.
const MESSAGES: usize = 2_000_000;

pub(super) fn is_export(head: &[u8]) -> bool {
    let has = |word: &[u8]| memmem::find(head, word).is_some();
    has(b"\"date_unixtime\"") || has(b"\"messages\"") && has(b"\"date\"") && has(b"\"from\"") || has(b"\"body\"") && (has(b"\"sent_at\"") || has(b"\"sentAt\""))
}

/// Whether bytes look like the middle of an export of Telegram, as a window of a large one is.
pub(super) fn is_middle(head: &[u8]) -> bool {
    memmem::find(head, b"\"date_unixtime\":").is_some() && memmem::find(head, b"\"text_entities\":").is_some() && memmem::find(head, b"\"type\": \"message\"").is_some()
}

/// An object or a list that is open.
struct Open {
    start: usize,
    is_object: bool,
    keys: u32,
    name: Option<String>,
}

const ID: u32 = 1;
const DATE: u32 = 2;
const TEXT: u32 = 4;
const SENT: u32 = 8;
const BODY: u32 = 16;
const ACTION: u32 = 32;

fn key_bit(key: &[u8]) -> u32 {
    match key {
        b"id" => ID,
        b"date" => DATE,
        b"text" => TEXT,
        b"action" => ACTION,
        b"sent_at" | b"sentAt" => SENT,
        b"body" => BODY,
        _ => 0,
    }
}

pub(super) fn read(bytes: &[u8]) -> Vec<Message> {
    let mut at = beginning(bytes);
    let (mut open, mut messages): (Vec<Open>, Vec<Message>) = (Vec::new(), Vec::new());
    while let Some(found) = bytes[at..].iter().position(|b| matches!(b, b'"' | b'{' | b'[' | b'}' | b']')).map(|i| at + i) {
        at = found + 1;
        match bytes[found] {
            b'"' => {
                let Some(end) = json::string_end(bytes, found) else { break };
                at = end;
                if let Some(object) = open.last_mut().filter(|o| o.is_object) {
                    key(bytes, found, end, object);
                }
            }
            b'{' | b'[' if open.len() < DEPTH => open.push(Open { start: found, is_object: bytes[found] == b'{', keys: 0, name: None }),
            b'{' | b'[' => break,
            closing => {
                let Some(closed) = open.pop() else { continue };
                if closing == b'}' && closed.is_object && messages.len() < MESSAGES {
                    let conversation = open.iter().rev().find_map(|o| o.name.clone());
                    if let Some(message) = message(bytes, &closed, at, conversation) {
                        // What stands inside a message is a part of it.
                        while messages.last().is_some_and(|inner| inner.start > message.start) {
                            messages.pop();
                        }
                        messages.push(message);
                    }
                }
            }
        }
    }
    messages
}

/// The beginning, or in the middle of an export the first message that is whole.
fn beginning(bytes: &[u8]) -> usize {
    if crate::decode::json::looks_like_json(bytes) {
        return 0;
    }
    let kind = memmem::find(bytes, b"\"type\": \"message\"").unwrap_or(0);
    memchr::memrchr(b'{', &bytes[..kind]).unwrap_or(0)
}

/// Notes a key of an open object; the name of a conversation is kept.
fn key(bytes: &[u8], start: usize, end: usize, object: &mut Open) {
    let name = &bytes[start + 1..end - 1];
    let after = bytes[end..].iter().take(16).position(|b| !b.is_ascii_whitespace()).map_or(end, |i| end + i);
    if bytes.get(after) != Some(&b':') {
        return;
    }
    object.keys |= key_bit(name);
    if matches!(name, b"name" | b"title" | b"conversationName") && object.name.is_none()
        && let Some((Json::Text(text), _)) = json::value(&bytes[..bytes.len().min(after + 4096)], after + 1)
    {
        object.name = Some(text);
    }
}

fn message(bytes: &[u8], object: &Open, end: usize, conversation: Option<String>) -> Option<Message> {
    let has = |keys: u32| object.keys & keys == keys;
    let telegram = has(ID | DATE) && (has(TEXT) || has(ACTION));
    if !telegram && !has(SENT | BODY) || end - object.start > LONGEST {
        return None;
    }
    let (fields, _) = json::value(&bytes[..end], object.start)?;
    let message = Message { conversation, ..Message::at(ChatFormat::TelegramJson, object.start as u64, end as u64) };
    Some(if telegram { of_telegram(&fields, message) } else { of_signal(&fields, message) })
}

fn text_of(fields: &Json, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| fields.get(name).and_then(Json::text)).filter(|text| !text.is_empty())
}

/// Text that is one string, or a list of strings and objects with a text.
fn pieces(value: Option<&Json>) -> String {
    match value {
        Some(Json::Text(text)) => text.clone(),
        Some(Json::Array(pieces)) => pieces.iter().map(|piece| piece.text().or_else(|| text_of(piece, &["text"])).unwrap_or_default()).collect(),
        _ => String::new(),
    }
}

fn of_telegram(fields: &Json, message: Message) -> Message {
    let unix_ms = text_of(fields, &["date_unixtime"]).and_then(|s| s.parse::<i64>().ok()).and_then(|s| s.checked_mul(1000));
    let written = text_of(fields, &["date"]).unwrap_or_default();
    let mut attachments = Vec::new();
    for name in ["photo", "file", "thumbnail"] {
        if let Some(path) = text_of(fields, &[name]) {
            attachments.push(ChatAttachment { name: path, kind: if name == "file" { text_of(fields, &["media_type", "mime_type"]) } else { Some(name.into()) } });
        }
    }
    Message {
        id: text_of(fields, &["id"]),
        author: text_of(fields, &["from", "actor"]),
        author_id: text_of(fields, &["from_id", "actor_id"]),
        time: Some(WrittenTime { written, zone: NOT_TOLD.into(), unix_ms, order: None }),
        text: pieces(fields.get("text")),
        reply_to: text_of(fields, &["reply_to_message_id"]),
        forwarded_from: text_of(fields, &["forwarded_from"]),
        edited: text_of(fields, &["edited"]),
        service: text_of(fields, &["action"]),
        attachments,
        ..message
    }
}

fn of_signal(fields: &Json, message: Message) -> Message {
    let written = text_of(fields, &["sent_at", "sentAt"]).unwrap_or_default();
    let unix_ms = written.parse::<i64>().ok();
    let zone = if unix_ms.is_some() { "UTC (a count of milliseconds)" } else { NOT_TOLD };
    let quote = fields.get("quote");
    let attachments = match fields.get("attachments") {
        Some(Json::Array(all)) => all.iter().map(|one| ChatAttachment {
            name: text_of(one, &["fileName", "path", "name"]).unwrap_or_else(|| "without a name".into()),
            kind: text_of(one, &["contentType"]),
        }).collect(),
        _ => vec![],
    };
    let outgoing = text_of(fields, &["type"]).is_some_and(|kind| kind == "outgoing");
    let edited = match fields.get("editHistory") {
        Some(Json::Array(versions)) if versions.len() > 1 => Some(text_of(fields, &["editMessageTimestamp"]).unwrap_or_else(|| "yes".into())),
        _ => text_of(fields, &["editMessageTimestamp"]),
    };
    Message {
        format: ChatFormat::SignalJson,
        conversation: message.conversation.or_else(|| text_of(fields, &["conversationId", "conversation"])),
        id: text_of(fields, &["id", "guid"]),
        author: text_of(fields, &["author", "sender", "source", "sourceServiceId", "sourceUuid"]).or(outgoing.then(|| "the device's owner (outgoing)".into())),
        author_id: text_of(fields, &["sourceServiceId", "sourceUuid"]),
        time: Some(WrittenTime { written, zone: zone.into(), unix_ms, order: None }),
        text: pieces(fields.get("body")),
        reply_to: quote.and_then(|quote| text_of(quote, &["id", "text"])),
        edited,
        attachments,
        ..message
    }
}
