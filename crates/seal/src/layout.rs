//! The file layout of a bag, read strictly: manifests after RFC 8493 in the one form that this house
//! writes (64 lower-case digits, two spaces, machine-made ASCII path, LF; sorted; no path twice), the
//! texts of `bagit.txt` and `bag-info.txt`, and the lists of a disclosure. No file is opened here.

use model::{
    Sha256Digest,
    disclosure::{BLIND_LABEL, WithholdClass, commitment},
    package::{COMMITMENTS, FIRST_PROFILE, FIRST_TAG_FILES, PAYLOAD_MANIFEST, PROFILE, TAG_FILES, TAG_MANIFEST},
};

use crate::{Flaw, flaw::ensure};

/// The whole of `bagit.txt` (RFC 8493 §2.1.1).
pub const BAGIT_TXT: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// One line of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// SHA-256 of the file.
    pub digest: Sha256Digest,
    /// Path from the package's root.
    pub path: String,
}

/// The text of a manifest; `entries` are sorted by path.
pub fn manifest_text(entries: &[Entry]) -> String {
    let mut text = String::with_capacity(entries.len() * 100);
    for entry in entries {
        text.push_str(&entry.digest.hex());
        text.push_str("  ");
        text.push_str(&entry.path);
        text.push('\n');
    }
    text
}

/// Whether `path` is a machine-made payload path: `data/[a-z0-9./-]+`, no empty segment, none that
/// begins with a dot, at most 255 bytes a segment and 1024 in all.
pub fn is_payload_path(path: &str) -> bool {
    let Some(rest) = path.strip_prefix("data/") else { return false };
    let segment = |s: &str| !s.is_empty() && s.len() <= 255 && !s.starts_with('.') && s.bytes().all(is_payload_byte);
    path.len() <= 1024 && rest.split('/').all(segment)
}

fn is_payload_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-'
}

/// Reads `manifest-sha256.txt`.
///
/// # Errors
/// The first line that is not in the exact form.
pub fn read_payload_manifest(bytes: &[u8]) -> Result<Vec<Entry>, Flaw> {
    let entries = read_manifest(bytes, PAYLOAD_MANIFEST)?;
    ensure(!entries.is_empty(), format!("{PAYLOAD_MANIFEST} lists no file"))?;
    match entries.iter().find(|e| !is_payload_path(&e.path)) {
        Some(entry) => Err(Flaw::new(format!("{PAYLOAD_MANIFEST} lists {:?}, which is not a machine-made payload path", entry.path))),
        None => Ok(entries),
    }
}

/// Reads `tagmanifest-sha256.txt`: exactly the tag files of the profile, in order.
///
/// # Errors
/// The first line that is not in the exact form, or another list of files.
pub fn read_tag_manifest(bytes: &[u8]) -> Result<Vec<Entry>, Flaw> {
    let entries = read_manifest(bytes, TAG_MANIFEST)?;
    let listed = || entries.iter().map(|e| e.path.as_str());
    let known = listed().eq(TAG_FILES) || listed().eq(FIRST_TAG_FILES);
    ensure(known, format!("{TAG_MANIFEST} does not list exactly {}", TAG_FILES.join(", ")))?;
    Ok(entries)
}

/// The text of `commitments.txt`: one commitment a line, sorted, so that their order tells nothing.
pub fn commitments_text(commitments: &[Sha256Digest]) -> String {
    let mut sorted = commitments.to_vec();
    sorted.sort_unstable();
    sorted.iter().map(|one| format!("{one}\n")).collect()
}

/// Reads `commitments.txt`.
///
/// # Errors
/// A line that is not 64 digits, is out of order or stands twice; an empty list.
pub fn read_commitments(bytes: &[u8]) -> Result<Vec<Sha256Digest>, Flaw> {
    let mut all: Vec<Sha256Digest> = Vec::new();
    for (number, line) in lines(bytes, COMMITMENTS)? {
        let one = line.parse().map_err(|_| Flaw::new(format!("line {number} of {COMMITMENTS} is not 64 digits")))?;
        ensure(all.last().is_none_or(|last| *last < one), format!("line {number} of {COMMITMENTS} is out of order or stands twice"))?;
        all.push(one);
    }
    ensure(!all.is_empty(), format!("{COMMITMENTS} is empty"))?;
    Ok(all)
}

/// One item whose salt is told: a line of `data/opened.txt`, or of `revealed.txt` later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its salt.
    pub salt: Sha256Digest,
    /// Its line in the original's payload manifest.
    pub entry: Entry,
}

impl Opened {
    /// What the original committed to.
    pub fn commitment(&self) -> Sha256Digest {
        commitment(&self.salt.0, &self.entry.digest, &self.entry.path)
    }
}

/// The text of such a list; `items` are sorted by path.
pub fn opened_text(items: &[Opened]) -> String {
    items.iter().map(|one| format!("{}  {}  {}\n", one.salt, one.entry.digest, one.entry.path)).collect()
}

/// Reads such a list: salt, two spaces, and the line of the original's payload manifest. May be empty.
///
/// # Errors
/// The first line in another form, out of order, or with a path that is not machine-made.
pub fn read_opened(bytes: &[u8], name: &str) -> Result<Vec<Opened>, Flaw> {
    let mut all: Vec<Opened> = Vec::new();
    for (number, line) in lines(bytes, name)? {
        let bad = || Flaw::new(format!("line {number} of {name} is not salt, digest and a machine-made path"));
        let (salt, rest) = line.split_at_checked(64).ok_or_else(bad)?;
        let salt = salt.parse().map_err(|_| bad())?;
        let entry = rest.strip_prefix("  ").and_then(read_line).filter(|entry| is_payload_path(&entry.path)).ok_or_else(bad)?;
        ensure(all.last().is_none_or(|last| last.entry.path < entry.path), format!("line {number} of {name} is out of order or names a path twice"))?;
        all.push(Opened { salt, entry });
    }
    Ok(all)
}

/// The text of `data/withheld.txt`.
pub fn withheld_text(items: &[(Sha256Digest, WithholdClass)]) -> String {
    let mut sorted = items.to_vec();
    sorted.sort_unstable();
    sorted.iter().map(|(commitment, class)| format!("{commitment}  {class}\n")).collect()
}

/// Reads `data/withheld.txt`: commitment, two spaces, class of the reason; sorted.
///
/// # Errors
/// The first line in another form or out of order.
pub fn read_withheld(bytes: &[u8], name: &str) -> Result<Vec<(Sha256Digest, WithholdClass)>, Flaw> {
    let mut all: Vec<(Sha256Digest, WithholdClass)> = Vec::new();
    for (number, line) in lines(bytes, name)? {
        let bad = || Flaw::new(format!("line {number} of {name} is not a commitment and a known reason"));
        let (digest, class) = line.split_once("  ").ok_or_else(bad)?;
        let one = (digest.parse().map_err(|_| bad())?, class.parse().map_err(|_| bad())?);
        ensure(all.last().is_none_or(|(last, _)| *last < one.0), format!("line {number} of {name} is out of order or stands twice"))?;
        all.push(one);
    }
    Ok(all)
}

/// The numbered lines of a text, each of which has its end.
fn lines<'a>(bytes: &'a [u8], name: &str) -> Result<impl Iterator<Item = (usize, &'a str)> + use<'a>, Flaw> {
    let text = std::str::from_utf8(bytes).map_err(|_| Flaw::new(format!("{name} is not UTF-8 text")))?;
    ensure(text.is_empty() || text.ends_with('\n'), format!("the last line of {name} has no end"))?;
    Ok((1..).zip(text.split_terminator('\n')))
}

fn read_manifest(bytes: &[u8], name: &str) -> Result<Vec<Entry>, Flaw> {
    let mut entries: Vec<Entry> = Vec::new();
    for (number, line) in lines(bytes, name)? {
        let entry = read_line(line).ok_or_else(|| Flaw::new(format!("line {number} of {name} is not 64 digits, two spaces and a path")))?;
        let in_order = entries.last().is_none_or(|last| last.path < entry.path);
        ensure(in_order, format!("line {number} of {name} is out of order or names a path twice"))?;
        entries.push(entry);
    }
    Ok(entries)
}

fn read_line(line: &str) -> Option<Entry> {
    let (digest, rest) = line.split_at_checked(64)?;
    let path = rest.strip_prefix("  ")?;
    let clean = !path.is_empty() && path.bytes().all(|b| b.is_ascii_graphic());
    clean.then_some(Entry { digest: digest.parse().ok()?, path: path.to_string() })
}

/// What `bag-info.txt` says that a check can compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BagInfo {
    /// Bytes of all payload files.
    pub octets: u64,
    /// Number of payload files.
    pub files: u64,
    /// `External-Identifier`: the package.
    pub package: String,
    /// Whether the profile has commitments; the first one had none.
    pub commits: bool,
}

/// Reads `bag-info.txt`: `Label: value` lines, each label once, with the profile of this house.
///
/// # Errors
/// A line in another form, a label that is missing or doubled, another profile.
pub fn read_bag_info(bytes: &[u8]) -> Result<BagInfo, Flaw> {
    let text = std::str::from_utf8(bytes).map_err(|_| Flaw::new("bag-info.txt is not UTF-8 text"))?;
    ensure(text.ends_with('\n'), "the last line of bag-info.txt has no end")?;
    let mut lines = Vec::new();
    for line in text.split_terminator('\n') {
        let (label, value) = line.split_once(": ").ok_or_else(|| Flaw::new(format!("bag-info.txt has a line without label: {line}", line = model::quoted(line))))?;
        ensure(!lines.iter().any(|(known, _)| *known == label), format!("bag-info.txt has {label} twice"))?;
        lines.push((label, value));
    }
    let value = |label: &str| lines.iter().find(|(l, _)| *l == label).map(|(_, v)| *v).ok_or_else(|| Flaw::new(format!("bag-info.txt has no {label}")));
    let profile = value("BagIt-Profile-Identifier")?;
    let commits = profile == PROFILE;
    ensure(commits || profile == FIRST_PROFILE, format!("bag-info.txt is not of the profile {PROFILE}"))?;
    ensure(!commits || value(BLIND_LABEL)?.parse::<Sha256Digest>().is_ok(), format!("bag-info.txt has no {BLIND_LABEL} of 64 digits"))?;
    let oxum = value("Payload-Oxum")?;
    let (octets, files) = read_oxum(oxum).ok_or_else(|| Flaw::new(format!("bag-info.txt has a Payload-Oxum that is not bytes.files: {oxum:?}")))?;
    Ok(BagInfo { octets, files, package: value("External-Identifier")?.to_string(), commits })
}

fn read_oxum(text: &str) -> Option<(u64, u64)> {
    let (octets, files) = text.split_once('.')?;
    let (octets, files): (u64, u64) = (octets.parse().ok()?, files.parse().ok()?);
    (format!("{octets}.{files}") == text).then_some((octets, files))
}
