//! Makes WACZ 1.1.1 around one WARC: a copy of a capture for people who replay pages, never the evidence itself. The WARC
//! is stored, byte for byte, and streamed: nothing of it is held in memory, and no second file is written. The same record
//! gives the same bytes. It does not look into the WARC: which records stand where is told by whoever accounted for them.
//! It does not sign (WACZ-auth): the package around it is sealed. Laws 5 and 6.

use std::io::{self, Cursor, Read};

use model::{Moment, Sha256Digest};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::{stored_zip::Frame, surt::surt};

/// Method and version, for whoever describes the copy.
pub const METHOD: &str = "wacz 1.1.1, cdxj by surt, lanternfish 1";

/// Why no WACZ was made.
#[derive(Debug, thiserror::Error)]
pub enum WaczError {
    /// A name that is not machine-made.
    #[error("the archive name {} cannot stand in a WACZ: use lower-case letters, digits, dots and hyphens, ending in .warc", model::quoted(.0))]
    BadName(String),
    /// A record that does not lie in the archive.
    #[error("the index names a record at byte {offset} with {length} bytes, and the archive has {archive}: examine the exhibit again")]
    Outside {
        /// First byte of the record.
        offset: u64,
        /// Its length.
        length: u64,
        /// Bytes of the archive.
        archive: u64,
    },
    /// A moment before 1970 or after 9999.
    #[error("the time {0} cannot stand in an index")]
    BadTime(Moment),
}

/// The WARC around which a WACZ is made: what must be known of it before a byte is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// Its name without folder, such as `e-0001.warc`.
    pub name: String,
    /// SHA-256 of its bytes, as the exhibit's record has it.
    pub digest: Sha256Digest,
    /// How many bytes.
    pub bytes: u64,
    /// CRC-32 of its bytes: [`Summed`] works it out while they pass by.
    pub crc32: u32,
}

/// One record of the CDXJ index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    /// Target URI as captured.
    pub url: String,
    /// When.
    pub time: Moment,
    /// Media type as the server gave it.
    pub media_type: String,
    /// HTTP status; none for what is no answer of a server.
    pub status: Option<u16>,
    /// What `WARC-Payload-Digest` says; none when the record has none.
    pub digest: Option<String>,
    /// Offset of the record in the archive, bytes.
    pub offset: u64,
    /// Length of the record in the archive, bytes.
    pub length: u64,
}

/// One page for `pages.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Unique within the file.
    pub id: String,
    /// Address.
    pub url: String,
    /// When.
    pub time: Moment,
}

/// What the data package says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Title.
    pub title: String,
    /// What it is a copy of.
    pub description: String,
    /// Program and version.
    pub software: String,
    /// When the archive was made.
    pub created: Moment,
}

/// A WACZ without the bytes of its archive.
#[derive(Debug)]
pub struct Wacz {
    archive: Archive,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Wacz {
    /// Index, pages, data package and the frame of the ZIP.
    ///
    /// # Errors
    /// [`WaczError`].
    pub fn around(archive: Archive, entries: &[IndexEntry], pages: &[Page], about: &About) -> Result<Wacz, WaczError> {
        let stem = archive.name.strip_suffix(".warc").unwrap_or_default();
        let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        if stem.is_empty() || stem.len() > 200 || stem.starts_with('.') || !stem.bytes().all(good) {
            return Err(WaczError::BadName(archive.name));
        }
        let mut frame = Frame::default();
        let path = format!("archive/{}", archive.name);
        let before = frame.begin(&path, archive.bytes, archive.crc32);
        let mut resources = vec![resource(&path, &archive.digest, archive.bytes)];
        let mut after = Vec::new();
        let mut put = |path: &str, text: &str| {
            after.extend(frame.begin(path, text.len() as u64, crc32fast::hash(text.as_bytes())));
            after.extend(text.as_bytes());
        };
        for (path, text) in [("indexes/index.cdxj", index(&archive, entries)?), ("pages/pages.jsonl", page_lines(pages))] {
            put(path, &text);
            resources.push(resource(path, &Sha256Digest::of(text.as_bytes()), text.len() as u64));
        }
        let package = pretty(&data_package(resources, about));
        put("datapackage.json", &package);
        put("datapackage-digest.json", &pretty(&json!({ "hash": hash(&Sha256Digest::of(package.as_bytes())), "path": "datapackage.json" })));
        after.extend(frame.end());
        Ok(Wacz { archive, before, after })
    }

    /// How many bytes it will have.
    pub fn bytes(&self) -> u64 {
        self.before.len() as u64 + self.archive.bytes + self.after.len() as u64
    }

    /// What stands behind the archive: index, pages, data package, directory.
    pub fn after(&self) -> &[u8] {
        &self.after
    }

    /// The whole file, with the bytes of the archive from `source`. Reading fails when these are others than the record
    /// says (law 5).
    pub fn reading<'a>(&'a self, source: impl Read + 'a) -> impl Read + 'a {
        let exact = Exact { inner: source, archive: &self.archive, seen: 0, hasher: Sha256::new() };
        Cursor::new(&self.before).chain(exact).chain(Cursor::new(&self.after))
    }
}

/// Passes bytes on, and refuses to end when they were others.
struct Exact<'a, R> {
    inner: R,
    archive: &'a Archive,
    seen: u64,
    hasher: Sha256,
}

impl<R: Read> Read for Exact<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.seen += count as u64;
        self.hasher.update(&buffer[..count]);
        let ended = count == 0 && !buffer.is_empty();
        let other = self.seen > self.archive.bytes || ended && (self.seen < self.archive.bytes || Sha256Digest(self.hasher.finalize_reset().into()) != self.archive.digest);
        if other { Err(io::Error::new(io::ErrorKind::InvalidData, format!("the bytes of {} are others than its record says", self.archive.name))) } else { Ok(count) }
    }
}

/// Passes bytes on and works out their CRC-32.
pub struct Summed<R> {
    inner: R,
    sum: crc32fast::Hasher,
}

impl<R: Read> Summed<R> {
    /// Over `inner`.
    pub fn over(inner: R) -> Self {
        Summed { inner, sum: crc32fast::Hasher::new() }
    }

    /// The reader, and the CRC-32 of what passed by.
    pub fn end(self) -> (R, u32) {
        (self.inner, self.sum.finalize())
    }
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.sum.update(&buffer[..count]);
        Ok(count)
    }
}

// ---- the texts

fn hash(digest: &Sha256Digest) -> String {
    format!("sha256:{digest}")
}

fn resource(path: &str, digest: &Sha256Digest, bytes: u64) -> Value {
    let name = path.rsplit('/').next().unwrap_or(path);
    json!({ "bytes": bytes, "hash": hash(digest), "name": name, "path": path })
}

fn data_package(resources: Vec<Value>, about: &About) -> Value {
    json!({
        "created": about.created.to_string(),
        "description": about.description,
        "profile": "data-package",
        "resources": resources,
        "software": about.software,
        "title": about.title,
        "wacz_version": "1.1.1",
    })
}

fn pretty(value: &Value) -> String {
    format!("{}\n", ascii(&format!("{value:#}")))
}

fn page_lines(pages: &[Page]) -> String {
    let mut text = json!({ "format": "json-pages-1.0", "id": "pages", "title": "All Pages" }).to_string() + "\n";
    for page in pages {
        let line = json!({ "id": page.id, "title": page.url, "ts": page.time.to_string(), "url": page.url });
        text.push_str(&format!("{}\n", ascii(&line.to_string())));
    }
    text
}

fn index(archive: &Archive, entries: &[IndexEntry]) -> Result<String, WaczError> {
    let mut lines = entries.iter().map(|entry| index_line(archive, entry)).collect::<Result<Vec<_>, _>>()?;
    lines.sort_unstable();
    Ok(lines.concat())
}

/// `SURT YYYYMMDDhhmmss {json}`: one line of printable ASCII, whatever a stranger wrote into address, media type or digest.
fn index_line(archive: &Archive, entry: &IndexEntry) -> Result<String, WaczError> {
    let stamp: String = entry.time.to_string().chars().take(19).filter(char::is_ascii_digit).collect();
    if stamp.len() != 14 {
        return Err(WaczError::BadTime(entry.time));
    }
    if entry.offset.checked_add(entry.length).is_none_or(|end| end > archive.bytes) {
        return Err(WaczError::Outside { offset: entry.offset, length: entry.length, archive: archive.bytes });
    }
    let mut fields = Map::new();
    // Numbers as text: so the readers of this form expect them.
    fields.insert("filename".into(), json!(archive.name));
    fields.insert("length".into(), json!(entry.length.to_string()));
    fields.insert("mime".into(), json!(media_type(&entry.media_type)));
    fields.insert("offset".into(), json!(entry.offset.to_string()));
    fields.insert("url".into(), json!(entry.url));
    if let Some(digest) = &entry.digest {
        fields.insert("digest".into(), json!(digest));
    }
    if let Some(status) = entry.status {
        fields.insert("status".into(), json!(status.to_string()));
    }
    Ok(format!("{} {stamp} {}\n", surt(&entry.url), ascii(&Value::Object(fields).to_string())))
}

/// Type and subtype in lower case without parameters (RFC 9110, 8.3.1); `unk` for anything else.
pub fn media_type(written: &str) -> String {
    let plain = written.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let token = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte));
    let good = plain.len() <= 127 && plain.split_once('/').is_some_and(|(kind, of)| token(kind) && token(of));
    if good { plain } else { "unk".into() }
}

/// JSON text in ASCII: some readers end a line at every separator that Unicode knows. All that is beyond ASCII in JSON
/// stands inside strings.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            ' '..='~' | '\n' => text.push(letter),
            _ => letter.encode_utf16(&mut [0; 2]).iter().for_each(|unit| text.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    text
}
