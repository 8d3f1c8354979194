//! The words that pass between child and host: tasks, members, findings, summary.
//! Values only; names from a stranger are carried as they are and are never used as paths.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cage::CageReport;
use crate::probe::ProbeReport;

/// What the child is asked to do with a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "kebab-case")]
pub enum Task {
    /// Open the container, whatever it is, and everything inside it.
    Unpack {
        /// The name the source came under. It never decides the format; it only lets the child say
        /// that a file named like an archive is none.
        name: String,
    },
    /// The same, and run the extraction closure over each innermost member while it passes.
    UnpackAndRead {
        /// As in [`Task::Unpack`].
        name: String,
        /// Types of records of a web archive that hold its maker's own words: they are unpacked and not read.
        skip: Vec<String>,
    },
    /// Run the extraction closure over the bytes.
    Extract {
        /// JSON text handed to the closure as it is (media type, default region, …).
        hint: String,
    },
    /// Walk a web archive and run the closure over the body of each response; no byte of it leaves the child.
    Pages {
        /// `WARC-Record-ID` of records that are passed over unopened.
        without: BTreeSet<String>,
    },
    /// Decode a picture, read the QR codes in it, and run the closure over the text of each.
    Picture {
        /// As in [`Task::Extract`].
        hint: String,
        /// Whether its points in grey are delivered too, for a reader of text: one member, a PGM file.
        points: bool,
    },
    /// Read the table of words that a machine read in a picture, and run the closure over them.
    Words {
        /// As in [`Task::Extract`].
        hint: String,
    },
    /// Try what the cage must refuse, and report each result.
    Probe {
        /// A file that the host can read, such as a key.
        key_path: String,
    },
}

/// A name as a stranger wrote it: data, never a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawName {
    /// The bytes as text; bytes that are not UTF-8 show as U+FFFD.
    pub text: String,
    /// The exact bytes in hex, when `text` could not hold them.
    pub hex: Option<String>,
}

impl RawName {
    /// Keeps the bytes exactly.
    pub fn new(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => RawName { text: text.to_string(), hex: None },
            Err(_) => RawName { text: String::from_utf8_lossy(bytes).into_owned(), hex: Some(hex::encode(bytes)) },
        }
    }

    /// The exact bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.hex.as_ref().and_then(|h| hex::decode(h).ok()).unwrap_or_else(|| self.text.clone().into_bytes())
    }
}

/// What a member was cut from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Container {
    /// A WARC record: its block, after the WARC header.
    WarcRecord,
    /// An ARC record: its bytes, after the URL line.
    ArcRecord,
    /// The body of an HTTP message inside a record, after transfer and content decoding.
    HttpPayload,
    /// An entry of a ZIP or WACZ.
    ZipEntry,
    /// The content of a gzip file.
    Gzip,
    /// An entry of a tar archive.
    TarEntry,
    /// A message of an mbox file, after its `From ` line.
    MailMessage,
    /// The header of a message, as text: folded lines joined, encoded words decoded.
    MailHeader,
    /// A part of a message, after its transfer coding was undone.
    MailPart,
    /// The text of one page of a PDF.
    PdfPage,
    /// A file that is attached to a document.
    Attachment,
    /// A picture in a PDF: the bytes of its stream, behind a head that other programs read where the PDF has none.
    PdfPicture,
    /// What a file says of itself (PDF, EXIF, XMP, PNG), as text.
    Metadata,
    /// The points of a picture in shades of grey, as a PGM file.
    Points,
}

impl Container {
    /// Whether it is a record of its container; a payload, a text and a description are derived from one.
    pub fn is_record(self) -> bool {
        use Container::*;
        !matches!(self, HttpPayload | MailHeader | PdfPage | Metadata | Points)
    }
}

/// What an archive entry says it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum EntryType {
    /// Bytes.
    File,
    /// A folder; no bytes.
    Directory,
    /// A link; its target is data and is not followed.
    Link {
        /// Where it points.
        target: RawName,
    },
    /// A device, a pipe or something else without bytes.
    Special,
}

/// The header of a WARC or ARC record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarcHead {
    /// `WARC/1.0`, `WARC/1.1`, `ARC/1`, …
    pub version: String,
    /// `response`, `request`, `warcinfo`, …; for ARC `response` or `filedesc`.
    pub record_type: String,
    /// `WARC-Record-ID`.
    pub record_id: Option<String>,
    /// `WARC-Date` as written.
    pub date: Option<String>,
    /// `WARC-Target-URI` as written.
    pub target_uri: Option<String>,
    /// `Content-Type` of the block.
    pub content_type: Option<String>,
    /// All fields in order, as written; bytes that are not UTF-8 show as U+FFFD.
    pub fields: Vec<(String, String)>,
}

/// The head of an HTTP message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpHead {
    /// Status code of a response; none for a request.
    pub status: Option<u16>,
    /// Request line or status line as written.
    pub start_line: String,
    /// All fields in order, as written.
    pub fields: Vec<(String, String)>,
}

/// The head of a member: everything known before its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberHead {
    /// Counts from 1 in the order of discovery.
    pub id: u32,
    /// The member it lies in; none when it lies in the source itself.
    pub parent: Option<u32>,
    /// 1 for a record of the source.
    pub depth: u32,
    /// What it was cut from.
    pub container: Container,
    /// Path, URI or record id, as written.
    pub name: RawName,
    /// First byte of the record (its header included) in the parent's bytes, or in the source.
    pub offset: u64,
    /// When the record lies in a gzip member that begins at `offset`: its first byte after inflation.
    pub inner_offset: Option<u64>,
    /// What an archive entry says it is.
    pub entry: Option<EntryType>,
    /// Bytes that the container declares for it, if it does.
    pub declared_length: Option<u64>,
    /// Modification time as the container gives it, as text; not verified.
    pub modified: Option<String>,
    /// The media type that its container declares for it, as written (a part of a message).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// How its bytes were made from those of its container, and where it is used there, for a person (a picture in a PDF).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
    /// The record's header.
    pub warc: Option<WarcHead>,
    /// The message head, for an HTTP payload.
    pub http: Option<HttpHead>,
}

impl MemberHead {
    /// What a reader is told of it, wherever it is read: in passing, by itself, or once more. `address` is that of the
    /// record in which it lies. Without the type of media, words of another charset come out as others.
    pub fn hint(&self, address: Option<&str>) -> Value {
        let fields = self.http.as_ref().map_or(&[][..], |http| &http.fields[..]);
        let sent = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type")).map(|(_, value)| value);
        // The header of a mail was undone already: it must not be taken for a mail once more.
        let plain = self.container == Container::MailHeader;
        json!({"place": address, "name": self.name.text, "media": sent.or(self.media_type.as_ref()), "plain": plain})
    }
}

/// One declared digest and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestCheck {
    /// The field: `WARC-Block-Digest`, `WARC-Payload-Digest`, `CRC-32`.
    pub field: String,
    /// The value as written.
    pub declared: String,
    /// The value computed, in hex; none when the algorithm is unknown.
    pub computed: Option<String>,
    /// Whether they agree; none when it could not be told.
    pub matches: Option<bool>,
    /// Over which bytes, or why it could not be told.
    pub note: String,
}

/// The end of a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberTail {
    /// Which member.
    pub id: u32,
    /// Bytes delivered.
    pub length: u64,
    /// SHA-256 of the bytes delivered, in hex; the host recomputed it.
    pub sha256: String,
    /// Bytes that the record occupies in the parent, header included, from `offset` on.
    pub stored_length: Option<u64>,
    /// Whether all of it was delivered and agrees with what its container declares.
    pub complete: bool,
    /// Why not.
    pub reason: Option<String>,
    /// Declared digests.
    pub digests: Vec<DigestCheck>,
    /// For a record: the head of the HTTP message in it, when that has no body and so no payload of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bare_http: Option<HttpHead>,
}

/// Why something was noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// The container ends too early.
    Truncated,
    /// A member could not be delivered whole.
    Incomplete,
    /// The bytes break their format.
    Malformed,
    /// Two statements of the file disagree (length, name, count, digest).
    Mismatch,
    /// It cannot be opened without a password.
    Encrypted,
    /// A method or format that this program does not read.
    Unsupported,
    /// Entries that share bytes: a known bomb.
    Overlap,
    /// A bound of the budget was reached.
    Limit,
    /// Bytes that belong to no record.
    Stray,
    /// Named like an archive, but none was recognised; or an empty file.
    NotRecognised,
    /// Something a reader should know.
    Note,
    /// The child ended by a fault.
    Crash,
    /// The child ended because its memory was used up.
    Memory,
    /// The child ended because its time was used up.
    TimeOut,
    /// The child broke the rules of its own protocol.
    Hostile,
}

/// One thing to know about the source; hostile input ends here, never in a crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Why it was noted.
    pub kind: FindingKind,
    /// For a person.
    pub text: String,
    /// The member in whose bytes `offset` counts; none for the source.
    pub member: Option<u32>,
    /// Where.
    pub offset: u64,
    /// Whether it stands for one record that could not be delivered.
    pub rejects: bool,
}

/// One record that was not delivered whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// The member in whose bytes `offset` counts; none for the source.
    pub member: Option<u32>,
    /// First byte of the record.
    pub offset: u64,
    /// Why.
    pub reason: String,
}

/// The account of a source (law 6): `records_in == members_out + rejected_count`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// `warc`, `warc.gz`, `arc`, `arc.gz`, `zip`, `wacz`, `gzip`, `tar`, `mail`,
    /// `mbox`, `pdf`, `picture`, `ole`, or `none`.
    pub format: String,
    /// Records met, at all depths.
    pub records_in: u64,
    /// Records met in the source itself.
    pub top_records_in: u64,
    /// Records delivered whole.
    pub members_out: u64,
    /// HTTP payloads, headers, pages and descriptions delivered whole; they are derived and not counted as records.
    pub payloads_out: u64,
    /// Records not delivered whole.
    pub rejected_count: u64,
    /// The first 10,000 of them.
    pub rejected: Vec<Rejected>,
    /// Bytes of all members.
    pub output_bytes: u64,
    /// Selectors delivered.
    pub selectors: u64,
}

/// How the child ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ended", content = "why")]
pub enum Ended {
    /// It read everything.
    Done,
    /// It stopped at a bound of the budget.
    Limit(String),
    /// The host's `stop` said so: the authority was revoked or the officer gave up.
    Stopped,
    /// The wall clock or the CPU time ran out.
    TimeOut,
    /// The memory ran out.
    Memory,
    /// It crashed.
    Crash(String),
    /// It broke its own protocol and was ended.
    Hostile(String),
}

/// What came of one run. What was finished before a bad end is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The cage that the child reported.
    pub cage: CageReport,
    /// How it ended.
    pub ended: Ended,
    /// The account, kept by the host.
    pub summary: Summary,
    /// The first 10,000 findings; the sink received all.
    pub findings: Vec<Finding>,
    /// For [`Task::Probe`].
    pub probe: Option<ProbeReport>,
    /// The largest anonymous resident memory of the child that the host saw, in bytes.
    pub peak_rss_anon: u64,
}
