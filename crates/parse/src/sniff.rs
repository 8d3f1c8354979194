//! Tells a container by its first bytes. Names and media types are not asked. No I/O.

use std::io::Read;

/// What the bytes look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Warc,
    Arc,
    Zip,
    Tar,
    /// Gzip, and what its first member begins with.
    WarcGz,
    ArcGz,
    Gzip,
    Mail,
    Mbox,
    Pdf,
    Picture,
    /// Known, and not opened here.
    Closed(&'static str),
    None,
}

impl Format {
    /// Not a container of files, but something with text in it.
    pub(crate) fn is_document(self) -> bool {
        matches!(self, Format::Mail | Format::Mbox | Format::Pdf | Format::Picture | Format::Closed(_))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Format::Warc => "warc",
            Format::Arc => "arc",
            Format::Zip => "zip",
            Format::Tar => "tar",
            Format::WarcGz => "warc.gz",
            Format::ArcGz => "arc.gz",
            Format::Gzip => "gzip",
            Format::Mail => "mail",
            Format::Mbox => "mbox",
            Format::Pdf => "pdf",
            Format::Picture => "picture",
            Format::Closed(name) => name,
            Format::None => "none",
        }
    }
}

/// Bytes that [`sniff`] wants to see, if there are so many.
pub(crate) const SIGHT: usize = 32 << 10;

/// Looks at the beginning of a stream.
pub(crate) fn sniff(head: &[u8]) -> Format {
    match head {
        _ if is_warc(head) => Format::Warc,
        _ if head.starts_with(b"filedesc://") => Format::Arc,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Format::Zip,
        _ if is_gzip(head) => sniff_inside(head),
        _ if head.get(..512).is_some_and(crate::tarball::is_header) => Format::Tar,
        _ if crate::picture::is_picture(head) => Format::Picture,
        _ if crate::kind::closed(head).is_some() => Format::Closed(crate::kind::closed(head).unwrap_or_default()),
        _ if crate::pdf::is_pdf(head) => Format::Pdf,
        _ if model::mail::is_mbox(head) => Format::Mbox,
        _ if model::mail::is_message(head) => Format::Mail,
        _ => Format::None,
    }
}

/// `WARC/` and a digit: any version is tried, an unknown one is noted.
pub(crate) fn is_warc(head: &[u8]) -> bool {
    matches!(head, [b'W', b'A', b'R', b'C', b'/', b'0'..=b'9', b'.', ..])
}

/// RFC 1952: magic, deflate, no reserved flag.
pub(crate) fn is_gzip(head: &[u8]) -> bool {
    matches!(head, [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0)
}

fn sniff_inside(head: &[u8]) -> Format {
    let mut begin = Vec::new();
    // A broken stream still gives the bytes before the break.
    let _broken = flate2::bufread::GzDecoder::new(head).take(64).read_to_end(&mut begin);
    match () {
        () if is_warc(&begin) => Format::WarcGz,
        () if begin.starts_with(b"filedesc://") => Format::ArcGz,
        () => Format::Gzip,
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, sniff};

    #[test]
    fn formats_are_told_by_content() {
        let check = |head: &[u8], expected: Format| assert_eq!(sniff(head), expected, "{head:?}");
        check(b"WARC/1.1\r\n", Format::Warc);
        check(b"WARCS are nice", Format::None);
        check(b"filedesc://a 0.0.0.0 2014 text/plain 5", Format::Arc);
        check(b"PK\x03\x04", Format::Zip);
        check(b"PK\x01\x02", Format::None);
        check(b"\x1f\x8b\x08\x00broken", Format::Gzip);
        check(b"\x1f\x8b\x08\xe0", Format::None);
        check(b"", Format::None);
        check(&[0; 512], Format::None);
    }
}
