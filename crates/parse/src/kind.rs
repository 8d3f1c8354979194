//! What bytes are by their first letters, beside what their name says: for notes on files that pretend, and for
//! formats that are named and not opened. A name never decides how bytes are read.

/// Formats that are told by name and not opened here.
pub(crate) fn closed(head: &[u8]) -> Option<&'static str> {
    Some(match head {
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ..] => "OLE",
        [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => "7z",
        [b'R', b'a', b'r', b'!', 0x1a, 0x07, ..] => "RAR",
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => "xz",
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..] => "bzip2",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "Zstandard",
        [b'M', b'S', b'C', b'F', 0, 0, 0, 0, ..] => "CAB",
        _ => return None,
    })
}

/// Whether an OLE file is an Office document behind a password: its parts are named in UTF-16.
pub(crate) fn is_locked_office(head: &[u8]) -> bool {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    memchr::memmem::find(head, &name).is_some()
}

/// The kind of a file whose first bytes tell it for certain.
fn kind(head: &[u8]) -> Option<&'static str> {
    Some(match head {
        [0xff, 0xd8, 0xff, ..] | [0x89, b'P', b'N', b'G', ..] | [b'G', b'I', b'F', b'8', ..] => "picture",
        _ if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") => "picture",
        [b'P', b'K', 3, 4, ..] => "ZIP",
        [0x1f, 0x8b, 8, ..] => "gzip",
        [0x7f, b'E', b'L', b'F', ..] => "program (ELF)",
        [b'M', b'Z', ..] if is_program(head) => "program (Windows)",
        _ if head.starts_with(b"%PDF-") => "PDF",
        _ => return closed(head),
    })
}

/// The mark `PE` stands where the header says.
fn is_program(head: &[u8]) -> bool {
    let place = head.get(0x3c..0x40).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize);
    place.is_some_and(|place| head.get(place..).is_some_and(|rest| rest.starts_with(b"PE\0\0")))
}

/// What bytes are, when their name promises something else.
pub(crate) fn pretence(name: &str, head: &[u8]) -> Option<&'static str> {
    let path = name.split(['?', '#']).next().unwrap_or_default();
    let (_, end) = path.rsplit_once('.').filter(|(_, end)| (2..=5).contains(&end.len()))?;
    let allowed: &[&str] = match end.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" | "png" | "gif" | "webp" => &["picture"],
        "pdf" => &["PDF"],
        "txt" | "csv" | "json" | "xml" | "html" | "htm" | "css" | "js" | "md" | "log" | "eml" | "rtf" | "mp3" | "mp4" | "svg" => &[],
        "zip" | "docx" | "xlsx" | "pptx" | "odt" | "ods" | "odp" | "apk" | "jar" | "epub" => &["ZIP", "OLE"],
        "doc" | "xls" | "ppt" | "msg" => &["OLE", "ZIP"],
        "gz" | "tgz" => &["gzip"],
        "rar" => &["RAR"],
        "7z" => &["7z"],
        _ => return None,
    };
    kind(head).filter(|kind| !allowed.contains(kind))
}

#[cfg(test)]
mod tests {
    use super::{closed, pretence};

    #[test]
    fn what_pretends_is_told_and_what_is_honest_is_not() {
        assert_eq!(pretence("a/photo.JPG", b"PK\x03\x04"), Some("ZIP"));
        assert_eq!(pretence("list.docx", b"PK\x03\x04"), None);
        assert_eq!(pretence("photo.png", b"\xff\xd8\xff\xe0"), None);
        assert_eq!(pretence("http://x/a.txt?b=c.zip", b"\x7fELF"), Some("program (ELF)"));
        assert_eq!(pretence("notes.txt", b"just text"), None);
        assert_eq!(pretence("MZ.txt", b"MZ is a word"), None);
        assert_eq!(closed(b"Rar!\x1a\x07\x01\x00"), Some("RAR"));
    }
}
