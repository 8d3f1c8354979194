//! Reads what an object store answers: the few elements that are needed out of small XML documents.
//!
//! The server is a stranger: every answer is bounded before it comes here, and whatever is not plain
//! elements and text (comments, CDATA, document types, unknown entities) is refused, not guessed at.
//! It is no XML parser: it finds an element by its name and gives the text up to its end. What it reads
//! decides nothing about evidence: bytes are believed by their keys and digests alone (law 5).

/// For how long a bucket keeps each new object, by its own rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retention {
    /// The bucket has no Object Lock, or no default retention.
    None,
    /// Nobody can shorten it, the owner of the bucket included.
    Compliance(String),
    /// An account with a special right (`s3:BypassGovernanceRetention`) can still remove an object.
    Governance(String),
}

/// An upload in parts that nobody finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// The name it would have had.
    pub key: String,
    /// The server's name for it.
    pub upload: String,
    /// When it was begun, as the server writes it.
    pub begun: String,
}

/// One page of a listing, and where the next begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub entries: Vec<T>,
    /// What to send to get the next page; empty on the last.
    pub next: Vec<(&'static str, String)>,
}

/// The code of an error document, such as `NoSuchKey`; `None` when it is none.
pub fn error_code(document: &str) -> Option<String> {
    let code = text_in(block(plain(document)?, "Error")?, "Code")?;
    (code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(code)
}

/// The id of an upload in parts that was begun.
pub fn upload_id(document: &str) -> Option<String> {
    let id = text_in(block(plain(document)?, "InitiateMultipartUploadResult")?, "UploadId")?;
    (!id.is_empty() && id.len() <= 1024).then_some(id)
}

/// Whether a finished upload was answered as one: a server may say "200" and an error behind it.
pub fn is_completed(document: &str) -> bool {
    plain(document).and_then(|document| block(document, "CompleteMultipartUploadResult")).is_some()
}

/// The default retention of a bucket. A rule that is not understood is none.
pub fn retention(document: &str) -> Option<Retention> {
    let lock = block(plain(document)?, "ObjectLockConfiguration")?;
    let enabled = text_in(lock, "ObjectLockEnabled").as_deref() == Some("Enabled");
    let Some(rule) = block(lock, "DefaultRetention").filter(|_| enabled) else { return Some(Retention::None) };
    let count = |unit| text_in(rule, unit).and_then(|text| text.parse::<u32>().ok()).filter(|n| *n > 0);
    let span = ["Years", "Days"].into_iter().find_map(|unit| Some(match (count(unit)?, unit.to_lowercase()) {
        (1, unit) => format!("1 {}", unit.trim_end_matches('s')),
        (n, unit) => format!("{n} {unit}"),
    }));
    Some(match (text_in(rule, "Mode").as_deref(), span) {
        (Some("COMPLIANCE"), Some(span)) => Retention::Compliance(span),
        (Some("GOVERNANCE"), Some(span)) => Retention::Governance(span),
        _ => Retention::None,
    })
}

/// One page of names.
pub fn keys(document: &str) -> Option<Page<String>> {
    let list = block(plain(document)?, "ListBucketResult")?;
    let entries = blocks(list, "Contents").map(|entry| text_in(entry, "Key")).collect::<Option<Vec<_>>>()?;
    Some(Page { entries, next: following(list, &[("NextContinuationToken", "continuation-token")])? })
}

/// One page of uploads that nobody finished.
pub fn uploads(document: &str) -> Option<Page<Unfinished>> {
    let list = block(plain(document)?, "ListMultipartUploadsResult")?;
    let entry = |entry| Some(Unfinished { key: text_in(entry, "Key")?, upload: text_in(entry, "UploadId")?, begun: text_in(entry, "Initiated")? });
    let entries = blocks(list, "Upload").map(entry).collect::<Option<Vec<_>>>()?;
    Some(Page { entries, next: following(list, &[("NextKeyMarker", "key-marker"), ("NextUploadIdMarker", "upload-id-marker")])? })
}

/// What to send for the next page. A page that is cut and does not say where it goes on is not understood.
fn following(list: &str, marks: &[(&str, &'static str)]) -> Option<Vec<(&'static str, String)>> {
    if text_in(list, "IsTruncated").as_deref() != Some("true") {
        return Some(vec![]);
    }
    marks.iter().map(|(element, parameter)| Some((*parameter, text_in(list, element).filter(|text| !text.is_empty())?))).collect()
}

/// The document, when it holds nothing but elements and text.
fn plain(document: &str) -> Option<&str> {
    (!document.contains("<!")).then_some(document)
}

/// What lies inside the first element of this name.
fn block<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    blocks(text, name).next()
}

/// What lies inside each element of this name, one after the other.
fn blocks<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let after = &rest[rest.find(&open)? + open.len()..];
            let end_of_tag = after.find('>')?;
            let tag = &after[..end_of_tag];
            rest = &after[end_of_tag + 1..];
            // A longer name that begins alike, or an element with nothing in it, is not this one.
            if !(tag.is_empty() || tag.starts_with(|c: char| c.is_ascii_whitespace())) || tag.ends_with('/') {
                continue;
            }
            let end = rest.find(&close)?;
            let inside = &rest[..end];
            rest = &rest[end + close.len()..];
            return Some(inside);
        }
    })
}

/// The text of the first element of this name; `None` when it holds elements or an unknown entity.
fn text_in(text: &str, name: &str) -> Option<String> {
    let inside = block(text, name)?;
    if inside.contains('<') {
        return None;
    }
    let mut out = String::with_capacity(inside.len());
    let mut parts = inside.split('&');
    out.push_str(parts.next()?);
    for part in parts {
        let (entity, after) = part.split_once(';')?;
        out.push(character(entity)?);
        out.push_str(after);
    }
    Some(out)
}

fn character(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        other => {
            let digits = other.strip_prefix('#')?;
            let number = match digits.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(number)
        }
    }
}
