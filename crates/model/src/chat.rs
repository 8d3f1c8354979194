//! Messages of chat exports, as an export writes them. A name in an export is what a device showed, not who wrote.

use serde::{Deserialize, Serialize};

/// What stands for a zone that the export does not tell.
pub const NOT_TOLD: &str = "not told";

/// Which kind of export a message comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChatFormat {
    /// Telegram Desktop, machine-readable.
    TelegramJson,
    /// Telegram Desktop, human-readable.
    TelegramHtml,
    /// WhatsApp, `_chat.txt`.
    WhatsappText,
    /// JSON with the fields of Signal Desktop.
    SignalJson,
}

/// A time as the export writes it; nothing is converted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenTime {
    /// As written.
    pub written: String,
    /// The zone as written, or [`NOT_TOLD`]: then it is the zone of the device that exported.
    pub zone: String,
    /// Milliseconds since 1970-01-01 UTC, where the export gives such a number itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unix_ms: Option<i64>,
    /// For dates in digits: `day first`, `month first` or `year first` as the whole export shows, else [`NOT_TOLD`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
}

/// Something that came with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatAttachment {
    /// Path or name as written; it need not be in the export.
    pub name: String,
    /// What the export calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Kind of export.
    pub format: ChatFormat,
    /// Name of the conversation, where the export gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// Its number in the export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name shown for its author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The author's number in the service, where it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_id: Option<String>,
    /// When, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<WrittenTime>,
    /// The text, links and styles as their text.
    pub text: String,
    /// The number of the message that it answers, or the text that it quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Who wrote it first, when it was passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<String>,
    /// When it was changed, as written; `yes` where only that is told. What it was before is not in an export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<String>,
    /// What came with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<ChatAttachment>,
    /// What happened, when it is no message of a person: a call, a new member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// First byte of the whole message in the bytes that were read.
    pub start: u64,
    /// One past its last byte.
    pub end: u64,
}

impl Message {
    /// A message of which only place and kind are known.
    pub fn at(format: ChatFormat, start: u64, end: u64) -> Message {
        Message {
            format, conversation: None, id: None, author: None, author_id: None, time: None, text: String::new(), reply_to: None,
            forwarded_from: None, edited: None, attachments: vec![], service: None, start, end,
        }
    }
}
