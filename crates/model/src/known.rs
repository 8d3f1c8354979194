//! Known-hash lists: what a list is for, how its text is read, and what a hit means for an item (law 7).
//!
//! A list is a stranger's text, read one line at a time: hexadecimal MD5, SHA-1 or SHA-256, a table with
//! such a column, or HMAC-SHA-256 under a salt that stands in the list's first line. It refuses what is
//! none of these, with the line's number; it shows no digest, keeps nothing and compares nothing itself.

use serde::{Deserialize, Serialize};

use crate::exhibit::ExhibitClass;

/// What is in a list, and so what a hit means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListCategory {
    /// Unlawful to possess or show: a hit is restricted.
    Contraband,
    /// Between a person and his lawyer, doctor, priest or source: a hit is restricted.
    Privileged,
    /// Parts of operating systems and programs: a hit is noted.
    KnownGood,
    /// Looked for: a hit is told at once.
    Wanted,
}

impl ListCategory {
    /// Every category.
    pub const ALL: [ListCategory; 4] = [ListCategory::Contraband, ListCategory::Privileged, ListCategory::KnownGood, ListCategory::Wanted];

    /// The name in lists and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            ListCategory::Contraband => "contraband",
            ListCategory::Privileged => "privileged",
            ListCategory::KnownGood => "known-good",
            ListCategory::Wanted => "wanted",
        }
    }

    /// The class that a hit gives an item; none when it gives none.
    pub fn class(self) -> Option<ExhibitClass> {
        match self {
            ListCategory::Contraband => Some(ExhibitClass::Contraband),
            ListCategory::Privileged => Some(ExhibitClass::Privileged),
            ListCategory::KnownGood | ListCategory::Wanted => None,
        }
    }
}

impl std::str::FromStr for ListCategory {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        ListCategory::ALL
            .into_iter()
            .find(|one| one.name() == text)
            .ok_or_else(|| format!("{text:?} is not a category of list: choose contraband, privileged, known-good or wanted"))
    }
}

/// Which digest a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigestKind {
    /// MD5: two files with one MD5 can be made.
    Md5,
    /// SHA-1: two files with one SHA-1 can be made.
    Sha1,
    /// SHA-256.
    Sha256,
    /// HMAC-SHA-256 of the SHA-256, under the salt of the list.
    SaltedSha256,
}

impl DigestKind {
    /// Every kind.
    pub const ALL: [DigestKind; 4] = [DigestKind::Md5, DigestKind::Sha1, DigestKind::Sha256, DigestKind::SaltedSha256];

    /// Its length in bytes.
    pub fn width(self) -> usize {
        match self {
            DigestKind::Md5 => 16,
            DigestKind::Sha1 => 20,
            DigestKind::Sha256 | DigestKind::SaltedSha256 => 32,
        }
    }

    /// As it is said to people.
    pub fn name(self) -> &'static str {
        match self {
            DigestKind::Md5 => "MD5",
            DigestKind::Sha1 => "SHA-1",
            DigestKind::Sha256 => "SHA-256",
            DigestKind::SaltedSha256 => "salted SHA-256",
        }
    }

    /// Whether two files with one such digest can be made: a hit is then a candidate that a person confirms.
    pub fn is_weak(self) -> bool {
        matches!(self, DigestKind::Md5 | DigestKind::Sha1)
    }

    fn of_digits(digits: usize) -> Option<DigestKind> {
        [DigestKind::Md5, DigestKind::Sha1, DigestKind::Sha256].into_iter().find(|kind| kind.width() * 2 == digits)
    }
}

/// The bytes of an item are in a list. It says by which kind of digest, and never which digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownHit {
    /// The list's number, such as L-0001. Its name could say whose privilege it is, and stands in no hit.
    pub list: String,
    /// What is in it.
    pub category: ListCategory,
    /// Which digest agreed.
    pub by: DigestKind,
}

/// How a line begins that tells of a hit.
pub const KNOWN: &str = "KNOWN";

impl KnownHit {
    /// In words for the item's record and for papers. A list that restricts is not named: its name could say
    /// whose privilege it is.
    pub fn in_words(&self) -> String {
        let weak = if self.by.is_weak() { "; two files with one such digest can be made, so a person must confirm it" } else { "" };
        let by = self.by.name();
        match self.category {
            ListCategory::Contraband => format!("{KNOWN}: its {by} {UNLAWFUL}{weak}"),
            ListCategory::Privileged => format!("{KNOWN}: its {by} {PRIVILEGED}{weak}"),
            ListCategory::KnownGood => format!("{KNOWN}: its {by} is in list {} of known programs{weak}", self.list),
            ListCategory::Wanted => format!("{KNOWN}: its {by} is in list {} of wanted files{weak}", self.list),
        }
    }
}

const UNLAWFUL: &str = "is in a list of unlawful material";
const PRIVILEGED: &str = "is in a list of privileged material";

/// Whether a remark tells that a list which restricts holds the item or a member of it: papers leave it out.
pub fn tells_of_restricting(remark: &str) -> bool {
    remark.contains(KNOWN) && (remark.contains(UNLAWFUL) || remark.contains(PRIVILEGED))
}

/// The class of an item after these hits: raised, never lowered.
pub fn class_after(class: ExhibitClass, hits: &[KnownHit]) -> ExhibitClass {
    hits.iter().filter_map(|hit| hit.category.class()).fold(class, ExhibitClass::max)
}

/// Most digests in one list: what one machine sorts in memory while the list is added.
pub const MOST_ENTRIES: usize = 8_000_000;
/// Most lines in one list, those without a digest included.
pub const MOST_LINES: u64 = 2 * MOST_ENTRIES as u64;
/// The longest line, in bytes.
pub const LONGEST_LINE: usize = 8 * 1024;
/// How the first line of a salted list begins; the salt in hexadecimal digits follows.
pub const SALTED: &str = "lanternfish-salted-hashes-1 ";
const SHORTEST_SALT: usize = 16;
const LONGEST_SALT: usize = 64;

/// One digest of a list: its kind, and its bytes at the front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    kind: DigestKind,
    bytes: [u8; 32],
}

impl Entry {
    /// Which digest.
    pub fn kind(&self) -> DigestKind {
        self.kind
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.kind.width()]
    }
}

/// Why a list is refused: the line, from 1, and what is wrong with it. It never repeats the line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the list {what}")]
pub struct ListFault {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong, and what is expected.
    pub what: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Plain,
    /// A table: its column, and which digest stands there.
    Table { column: usize, kind: DigestKind },
    Salted(Vec<u8>),
}

/// Reads a list line by line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListReader {
    form: Option<Form>,
    line: u64,
    empty: u64,
}

impl ListReader {
    /// The salt, when the list is a salted one.
    pub fn salt(&self) -> Option<&[u8]> {
        match &self.form {
            Some(Form::Salted(salt)) => Some(salt),
            _ => None,
        }
    }

    /// Rows of a table whose digest is empty.
    pub fn empty_rows(&self) -> u64 {
        self.empty
    }

    /// The next line, with or without its end; a digest when there is one in it.
    ///
    /// # Errors
    /// The line's number and what is expected there.
    pub fn line(&mut self, line: &[u8]) -> Result<Option<Entry>, ListFault> {
        self.line += 1;
        if self.line > MOST_LINES {
            return self.fault(format!("is one too many: a list has at most {MOST_LINES} lines; cut it in two"));
        }
        if line.len() > LONGEST_LINE {
            return self.fault(format!("is longer than {LONGEST_LINE} bytes"));
        }
        let line = if self.line == 1 { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line) } else { line };
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(None);
        }
        match &self.form {
            None => self.first(line),
            Some(Form::Plain) => self.plain(without_name(line), None).map(Some),
            Some(Form::Salted(_)) => self.plain(line, Some(DigestKind::SaltedSha256)).map(Some),
            Some(Form::Table { column, kind }) => self.row(line, *column, *kind),
        }
    }

    /// The first line that is not empty says what the list is.
    fn first(&mut self, line: &[u8]) -> Result<Option<Entry>, ListFault> {
        if let Some(salt) = line.strip_prefix(SALTED.as_bytes()) {
            let salt = hex::decode(salt).ok().filter(|salt| (SHORTEST_SALT..=LONGEST_SALT).contains(&salt.len()));
            let Some(salt) = salt else {
                return self.fault(format!("has no salt of {SHORTEST_SALT} to {LONGEST_SALT} bytes in hexadecimal digits behind {SALTED:?}"));
            };
            self.form = Some(Form::Salted(salt));
            return Ok(None);
        }
        let names = cells(line);
        let names: Vec<String> = names.iter().flatten().map(|cell| column_name(cell)).collect();
        let strongest = [("sha256", DigestKind::Sha256), ("sha1", DigestKind::Sha1), ("md5", DigestKind::Md5)];
        let found = strongest.into_iter().find_map(|(name, kind)| Some((names.iter().position(|cell| cell == name)?, kind)));
        if let Some((column, kind)) = found {
            self.form = Some(Form::Table { column, kind });
            return Ok(None);
        }
        let entry = self.plain(without_name(line), None).or_else(|_| self.fault("is neither a digest nor the head of a table with a column SHA-256, SHA-1 or MD5"))?;
        self.form = Some(Form::Plain);
        Ok(Some(entry))
    }

    fn plain(&self, line: &[u8], expected: Option<DigestKind>) -> Result<Entry, ListFault> {
        let kind = expected.or_else(|| DigestKind::of_digits(line.len()));
        let mut bytes = [0; 32];
        let width = kind.map_or(0, DigestKind::width);
        match kind {
            Some(kind) if hex::decode_to_slice(line, &mut bytes[..width]).is_ok() => Ok(Entry { kind, bytes }),
            _ if expected.is_some() => self.fault("is not 64 hexadecimal digits"),
            _ => self.fault("is not a digest: 32 hexadecimal digits (MD5), 40 (SHA-1) or 64 (SHA-256), alone or as sha256sum writes them before the name of a file"),
        }
    }

    fn row(&mut self, line: &[u8], column: usize, kind: DigestKind) -> Result<Option<Entry>, ListFault> {
        let cells = cells(line);
        let Some(cell) = cells.as_ref().and_then(|cells| cells.get(column)) else {
            return self.fault(format!("has no column {} as its head has, or a quotation mark that does not close", column + 1));
        };
        if cell.is_empty() {
            self.empty += 1;
            return Ok(None);
        }
        if cell.len() != kind.width() * 2 {
            return self.fault(format!("has no {} of {} hexadecimal digits in column {}", kind.name(), kind.width() * 2, column + 1));
        }
        self.plain(cell, Some(kind)).map(Some).or_else(|_| self.fault(format!("has no {} in column {}", kind.name(), column + 1)))
    }

    fn fault<T>(&self, what: impl Into<String>) -> Result<T, ListFault> {
        Err(ListFault { line: self.line, what: what.into() })
    }
}

/// The digest of a line as `md5sum`, `sha1sum` and `sha256sum` write it: digest, blank, a blank or a star, name. The name is
/// not kept. A backslash before the digest says that the name was written in an escaped way.
fn without_name(line: &[u8]) -> &[u8] {
    let plain = line.strip_prefix(b"\\").unwrap_or(line);
    let end = plain.iter().position(|byte| *byte == b' ').unwrap_or(plain.len());
    match &plain[end..] {
        [b' ', b' ' | b'*', _, ..] => &plain[..end],
        _ => line,
    }
}

/// The cells of one line of a table (RFC 4180); none when a quotation mark does not close. A doubled mark
/// inside a cell stays doubled: no digest has one.
fn cells(line: &[u8]) -> Option<Vec<&[u8]>> {
    let mut cells = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, byte) in line.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                cells.push(bare(&line[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    cells.push(bare(&line[start..]));
    (!quoted).then_some(cells)
}

fn bare(cell: &[u8]) -> &[u8] {
    let cell = cell.trim_ascii();
    cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell)
}

/// A column's name without its case, hyphens, underscores and blanks.
fn column_name(cell: &[u8]) -> String {
    cell.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(|byte| byte.to_ascii_lowercase() as char).collect()
}

/// Entry point for fuzzing: reads a whole text as a list. Gives what was understood, for the corpus test.
///
/// # Panics
/// When a digest is read that the text cannot have held: that is the finding.
pub fn fuzz(text: &[u8]) -> Result<String, ListFault> {
    let mut reader = ListReader::default();
    let mut counts = [0u64; 4];
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if let Some(entry) = reader.line(line)? {
            let digits = hex::encode(entry.bytes());
            let held = line.to_ascii_lowercase().windows(digits.len()).any(|part| part == digits.as_bytes());
            assert!(held, "a digest that is not in its line");
            counts[entry.kind() as usize] += 1;
        }
    }
    let told = DigestKind::ALL.into_iter().zip(counts).filter(|(_, count)| *count > 0);
    let told: Vec<String> = told.map(|(kind, count)| format!("{count} {}", kind.name())).collect();
    Ok(format!("{}; {} without", told.join(", "), reader.empty))
}
