//! What is in a page's archive (MHTML: RFC 2557, MIME by RFC 2045 and 2046): whether each part is text. Bytes of strangers; pure.
//!
//! Under an order for text no picture may be sealed, and a page with scripts can make one that no server sent. What
//! cannot be read as an archive is called no text. It does not look inside text: what a page carries in its own letters
//! (`data:` addresses) passes, as in what is received.

use crate::gate::is_text_by_name;

/// Most lines of one head.
const MOST_LINES: usize = 64;

/// Whether this is an archive whose parts are all text.
pub(super) fn is_text(archive: &str) -> bool {
    let Some((head, mut rest)) = head(archive) else { return false };
    let Some(boundary) = boundary(&head) else { return false };
    let (begin, end) = (format!("--{boundary}"), format!("--{boundary}--"));
    let mut parts = 0;
    while let Some((line, after)) = line(rest) {
        rest = after;
        if line.trim_end() == end {
            // Nothing may stand behind the end.
            return parts > 0 && rest.trim().is_empty();
        }
        if line.trim_end() == begin {
            let Some((head, after)) = self::head(rest) else { return false };
            // Without a type nobody can tell.
            if !value(&head, "content-type").is_some_and(|kind| !kind.is_empty() && is_text_by_name(Some(&kind))) {
                return false;
            }
            (parts, rest) = (parts + 1, after);
        }
    }
    false
}

/// The next line without its end, and what follows it.
fn line(text: &str) -> Option<(&str, &str)> {
    let (line, rest) = match text.split_once('\n') {
        Some(both) => both,
        None if text.is_empty() => return None,
        None => (text, ""),
    };
    Some((line.strip_suffix('\r').unwrap_or(line), rest))
}

/// The fields up to an empty line, folded ones joined, and what follows it.
fn head(mut text: &str) -> Option<(Vec<String>, &str)> {
    let mut fields: Vec<String> = vec![];
    for _ in 0..MOST_LINES {
        let (line, rest) = line(text)?;
        text = rest;
        match fields.last_mut() {
            _ if line.is_empty() => return Some((fields, text)),
            Some(last) if line.starts_with([' ', '\t']) => last.push_str(line),
            _ => fields.push(line.to_string()),
        }
    }
    None
}

/// The value of a field, if it stands there once.
fn value(fields: &[String], name: &str) -> Option<String> {
    let mut values = fields.iter().filter_map(|field| field.split_once(':')).filter(|(field, _)| field.trim().eq_ignore_ascii_case(name));
    let value = values.next()?.1.trim().to_string();
    values.next().is_none().then_some(value)
}

fn boundary(fields: &[String]) -> Option<String> {
    let kind = value(fields, "content-type").filter(|kind| kind.to_ascii_lowercase().starts_with("multipart/related"))?;
    let given = kind.split(';').filter_map(|part| part.trim().split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?.1;
    let boundary = given.trim().trim_matches('"');
    (!boundary.is_empty()).then(|| boundary.to_string())
}

/// Fuzz target: any bytes are an archive of text or are not; what is one names no other kind behind its boundary.
pub fn fuzz_archive(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if is_text(&text) {
        let head = head(&text).expect("an archive has a head").0;
        let begin = format!("--{}", boundary(&head).expect("an archive has a boundary"));
        assert!(!text.contains(&format!("\r\n{begin}\r\nContent-Type: image/png\r\n")));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use super::*;

    fn archive(parts: &[&str]) -> String {
        let parts: String = parts.iter().map(|part| format!("------MultipartBoundary--x----\r\n{part}\r\n")).collect();
        format!(
            "From: <Saved by Blink>\r\nSubject: SYNTHETIC\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype=\"text/html\";\r\n\tboundary=\"----MultipartBoundary--x----\"\r\n\r\n\r\n{parts}------MultipartBoundary--x------\r\n"
        )
    }

    const PAGE: &str = "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Location: http://a.test/\r\n\r\n<p>Content-Type: image/png";
    const STYLE: &str = "Content-Type: text/css\r\nContent-Location: cid:css@mhtml.blink\r\n\r\n\r\nContent-Type: image/png\r\np { color: red }";
    const PICTURE: &str = "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-Location: blob:http://a.test/1\r\n\r\niVBORw0KGgo=";

    #[test]
    fn an_archive_of_text_has_parts_of_text_alone() {
        assert!(is_text(&archive(&[PAGE, STYLE])));
        for parts in [&[PAGE, PICTURE][..], &[PICTURE], &[], &[PAGE, "Content-Location: http://a.test/\r\n\r\nno type"], &[PAGE, "content-TYPE:\r\n image/png\r\n\r\nx"], &[PAGE, "Content-Type: text/html\r\nContent-Type: image/png\r\n\r\nx"]] {
            assert!(!is_text(&archive(parts)), "{parts:?}");
        }
        let whole = archive(&[PAGE]);
        for broken in [&whole[..whole.len() - 8], "", "no archive", &whole.replace("multipart/related", "text/plain"), &format!("{whole}more"), &whole.replace("boundary=", "border=")] {
            assert!(!is_text(broken), "{broken}");
        }
    }
}
