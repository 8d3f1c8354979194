//! Chat exports to messages: who is shown as the author, when as written, the text, what it answers, what came with
//! it, and where it stands. Pure and forgiving: a broken export gives the messages that are whole.
//!
//! It refuses to convert: a time keeps its words and its zone, or says that none is told; no name is taken for a person.
//!
//! Read: Telegram Desktop (JSON and HTML), WhatsApp (text, the dates of many places), JSON with the fields of Signal
//! Desktop. Not read: backups and databases of the apps themselves.

mod json;
mod objects;
mod telegram_html;
mod whatsapp;

use model::chat::Message;

use crate::decode;

/// Bytes of an export in another charset than UTF-8 that are read.
const LEGACY: usize = 16 << 20;

/// Messages of one export; none when the bytes are no chat export.
///
/// ```
/// let export = "[02.01.24, 03:04:05] Anna: hello\n[02.01.24, 03:05:00] Boris: hi\n";
/// let messages = extract::chat::read(export.as_bytes());
/// assert_eq!((messages[1].author.as_deref(), messages[1].text.as_str()), (Some("Boris"), "hi"));
/// ```
pub fn read(bytes: &[u8]) -> Vec<Message> {
    if !may_be_chat(bytes) {
        return Vec::new();
    }
    // The map of another charset takes several times the room of the text.
    let legacy = decode::choose(&bytes[..bytes.len().min(64 << 10)], None).is_some();
    let decoded = decode::text(&bytes[..bytes.len().min(if legacy { LEGACY } else { usize::MAX })], None);
    let text = decoded.text.as_bytes();
    let mut messages = if decode::json::looks_like_json(text) || objects::is_middle(text) {
        objects::read(text)
    } else if telegram_html::is_export(text) {
        telegram_html::read(text)
    } else {
        whatsapp::read(&decoded.text)
    };
    for message in &mut messages {
        let place = |n: u64| usize::try_from(n).expect("within the text");
        let (start, end) = decoded.raw_range(place(message.start), place(message.end));
        (message.start, message.end) = (start as u64, end as u64);
    }
    messages
}

/// A quick look at the first bytes: whether it pays to read them as a chat.
pub fn may_be_chat(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(64 << 10)];
    if decode::choose(head, None).is_none() {
        return looks(head);
    }
    looks(decode::text(head, None).text.as_bytes())
}

fn looks(head: &[u8]) -> bool {
    if decode::json::looks_like_json(head) { objects::is_export(head) } else { objects::is_middle(head) || telegram_html::is_export(head) || whatsapp::is_export(head) }
}

/// Target of the fuzzer: any bytes give messages in order, each within the bytes.
pub fn fuzz_chat(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for messages in [read(bytes), objects::read(bytes), telegram_html::read(bytes), whatsapp::read(&text)] {
        let mut last = 0;
        for message in &messages {
            assert!(last <= message.start && message.start < message.end && message.end <= bytes.len().max(text.len()) as u64, "{message:?}");
            last = message.start;
        }
    }
}
