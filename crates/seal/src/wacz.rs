//! Writes WACZ 1.1.1: web archives for people who replay pages. A ZIP whose members are stored, not
//! deflated, with a fixed date, so that the same input gives the same bytes and a WARC inside keeps
//! its offsets. WARCs are streamed; none is held in memory. It does not look into a WARC: which
//! records stand where is told by whoever accounted for them. It does not sign (WACZ-auth): the
//! package around it is sealed.

use std::io::{self, Read, Seek, Write};

use model::{Moment, Sha256Digest};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zip::{CompressionMethod, ZipWriter, result::ZipError, write::SimpleFileOptions};

/// Why no WACZ was written.
#[derive(Debug, thiserror::Error)]
pub enum WaczError {
    /// A name that is not machine-made.
    #[error("the archive name {} cannot stand in a WACZ: use lower-case letters, digits, dots and hyphens, ending in .warc or .warc.gz", model::quoted(.0))]
    BadName(String),
    /// Two archives of one name.
    #[error("the archive {0} was added twice")]
    Twice(String),
    /// An index entry of an archive that was not added.
    #[error("the index names {0}, which was not added")]
    NoArchive(String),
    /// A moment before 1970 or after 9999.
    #[error("the time {0} cannot stand in an index")]
    BadTime(Moment),
    /// No archive at all.
    #[error("a WACZ without archive says nothing: add at least one WARC")]
    Empty,
    /// The disk or the source refused.
    #[error("writing the WACZ failed ({0}): check free space and try again")]
    Disk(#[from] io::Error),
    /// The ZIP writer refused.
    #[error("writing the WACZ failed ({0}): check free space and try again")]
    Zip(#[from] ZipError),
}

/// One record of the CDXJ index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    /// Target URI as captured.
    pub url: String,
    /// When.
    pub time: Moment,
    /// Media type of the payload.
    pub media_type: String,
    /// HTTP status.
    pub status: u16,
    /// `sha-256:…` or what `WARC-Payload-Digest` says.
    pub digest: String,
    /// Archive name without folder.
    pub archive: String,
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
    /// Title, if known.
    pub title: Option<String>,
    /// When.
    pub time: Moment,
}

/// What the data package says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Title.
    pub title: String,
    /// Program and version.
    pub software: String,
    /// When it was made.
    pub created: Moment,
}

struct Resource {
    path: String,
    digest: Sha256Digest,
    bytes: u64,
}

/// A WACZ in the making.
pub struct WaczWriter<W: Write + Seek> {
    zip: ZipWriter<W>,
    resources: Vec<Resource>,
    buffer: Vec<u8>,
}

impl<W: Write + Seek> WaczWriter<W> {
    /// Begins a WACZ on `out`.
    pub fn new(out: W) -> Self {
        WaczWriter { zip: ZipWriter::new(out), resources: Vec::new(), buffer: vec![0; 256 * 1024] }
    }

    /// Streams one WARC into `archive/`. Returns its digest and length.
    ///
    /// # Errors
    /// [`WaczError::BadName`], [`WaczError::Twice`], [`WaczError::Disk`], [`WaczError::Zip`].
    pub fn add_archive(&mut self, name: &str, source: &mut dyn Read) -> Result<(Sha256Digest, u64), WaczError> {
        let stem = name.strip_suffix(".warc.gz").or_else(|| name.strip_suffix(".warc")).unwrap_or("");
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
        if stem.is_empty() || stem.starts_with('.') || !stem.bytes().all(good) {
            return Err(WaczError::BadName(name.to_string()));
        }
        let path = format!("archive/{name}");
        if self.resources.iter().any(|r| r.path == path) {
            return Err(WaczError::Twice(name.to_string()));
        }
        self.stream(&path, source)
    }

    /// Writes index, pages and the data package. Returns the output.
    ///
    /// # Errors
    /// [`WaczError::Empty`], [`WaczError::NoArchive`], [`WaczError::BadTime`], and those of the disk.
    pub fn finish(mut self, entries: &[IndexEntry], pages: &[Page], about: &About) -> Result<W, WaczError> {
        if self.resources.is_empty() {
            return Err(WaczError::Empty);
        }
        let index = self.index(entries)?;
        self.stream("indexes/index.cdxj", &mut index.as_bytes())?;
        self.stream("pages/pages.jsonl", &mut page_lines(pages).as_bytes())?;
        let package = pretty(&self.data_package(about));
        let digest = json!({ "hash": format!("sha256:{}", Sha256Digest::of(package.as_bytes())), "path": "datapackage.json" });
        self.stream("datapackage.json", &mut package.as_bytes())?;
        self.stream("datapackage-digest.json", &mut pretty(&digest).as_bytes())?;
        Ok(self.zip.finish()?)
    }

    fn stream(&mut self, path: &str, source: &mut dyn Read) -> Result<(Sha256Digest, u64), WaczError> {
        // A fixed date (1980-01-01), and room for more than 4 GiB.
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true).unix_permissions(0o644).last_modified_time(zip::DateTime::DEFAULT);
        self.zip.start_file(path, options)?;
        let (mut hasher, mut bytes) = (Sha256::new(), 0);
        loop {
            let count = match source.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e.into()),
            };
            hasher.update(&self.buffer[..count]);
            self.zip.write_all(&self.buffer[..count])?;
            bytes += count as u64;
        }
        let digest = Sha256Digest(hasher.finalize().into());
        self.resources.push(Resource { path: path.to_string(), digest, bytes });
        Ok((digest, bytes))
    }

    fn index(&self, entries: &[IndexEntry]) -> Result<String, WaczError> {
        let mut lines = Vec::with_capacity(entries.len());
        for entry in entries {
            let path = format!("archive/{}", entry.archive);
            if !self.resources.iter().any(|r| r.path == path) {
                return Err(WaczError::NoArchive(entry.archive.clone()));
            }
            lines.push(index_line(entry)?);
        }
        lines.sort_unstable();
        Ok(lines.concat())
    }

    fn data_package(&self, about: &About) -> Value {
        let resource = |r: &Resource| {
            let name = r.path.rsplit('/').next().unwrap_or(&r.path);
            json!({ "bytes": r.bytes, "hash": format!("sha256:{}", r.digest), "name": name, "path": r.path })
        };
        json!({
            "created": about.created.to_string(),
            "profile": "data-package",
            "resources": self.resources.iter().map(resource).collect::<Vec<_>>(),
            "software": about.software,
            "title": about.title,
            "wacz_version": "1.1.1",
        })
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn page_lines(pages: &[Page]) -> String {
    let mut text = json!({ "format": "json-pages-1.0", "id": "pages", "title": "All Pages" }).to_string() + "\n";
    for page in pages {
        let line = json!({ "id": page.id, "title": page.title.as_deref().unwrap_or(&page.url), "ts": page.time.to_string(), "url": page.url });
        text.push_str(&format!("{line}\n"));
    }
    text
}

/// `SURT YYYYMMDDhhmmss {json}`.
fn index_line(entry: &IndexEntry) -> Result<String, WaczError> {
    let stamp: String = entry.time.to_string().chars().take(19).filter(char::is_ascii_digit).collect();
    if stamp.len() != 14 {
        return Err(WaczError::BadTime(entry.time));
    }
    // Numbers as text: pywb and ReplayWeb.page read them so.
    let fields = json!({
        "digest": entry.digest,
        "filename": entry.archive,
        "length": entry.length.to_string(),
        "mime": entry.media_type,
        "offset": entry.offset.to_string(),
        "status": entry.status.to_string(),
        "url": entry.url,
    });
    Ok(format!("{} {stamp} {fields}\n", surt(&entry.url)))
}

/// The sort-friendly form of an address: host labels reversed, lower case, no scheme, no `www.`.
///
/// ```
/// assert_eq!(seal::wacz::surt("http://www.Shop.example:8080/A?b=1"), "example,shop:8080)/a?b=1");
/// assert_eq!(seal::wacz::surt("http://192.0.2.7/x"), "192.0.2.7)/x");
/// ```
pub fn surt(url: &str) -> String {
    let lower: String = url.to_lowercase().chars().map(|c| if c.is_whitespace() || c.is_control() { '+' } else { c }).collect();
    let Some((_, rest)) = lower.split_once("://") else { return lower };
    let rest = rest.split('#').next().unwrap_or(rest);
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    let path = if path.starts_with('/') { path.to_string() } else { format!("/{path}") };
    format!("{}){path}", surt_host(authority))
}

fn surt_host(authority: &str) -> String {
    let bracketed = authority.starts_with('[');
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => (host, format!(":{port}")),
        _ => (authority, String::new()),
    };
    let port = if port == ":80" || port == ":443" { String::new() } else { port };
    let host = host.strip_prefix("www.").unwrap_or(host);
    let numeric = bracketed || host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let labels: Vec<&str> = if numeric { vec![host] } else { host.rsplit('.').collect() };
    format!("{}{port}", labels.join(","))
}
