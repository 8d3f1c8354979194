//! What a picture says of itself: EXIF (CIPA DC-008), XMP, comments of JPEG and text chunks of PNG and WebP, as lines
//! of text. The picture itself is not decoded. A reader of our own: a few tables, and no panic on what strangers write.

use std::io::{self, Read};

use crate::context::{Context, Parent};
use crate::member::{Container, MemberHead};
use crate::tap::{Ending, Pipe, Tap};
use crate::unpack;

/// Bytes of one segment or chunk that are read.
const SEGMENT: u64 = 4 << 20;
/// Bytes of all that is told.
const TOLD: usize = 8 << 20;
/// Segments or chunks of one picture.
const SEGMENTS: usize = 100_000;
/// Entries of one directory, and directories of one picture.
const ENTRIES: usize = 1000;
const DIRECTORIES: usize = 20;

/// A type of our own: bytes that are UTF-16.
const WIDE: u16 = 0xffff;

/// Whether bytes begin as a picture that is looked into.
pub(crate) fn is_picture(head: &[u8]) -> bool {
    head.starts_with(b"\xff\xd8\xff") || head.starts_with(b"\x89PNG\r\n\x1a\n") || is_webp(head)
}

fn is_webp(head: &[u8]) -> bool {
    head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP")
}

/// Delivers what the picture says of itself as one derived member; none when it says nothing.
pub(crate) fn walk(context: &Context<'_>, parent: Parent, tap: &mut Tap<'_>) -> io::Result<()> {
    let head = tap.peek(12)?;
    let told = match head.first() {
        Some(0xff) => jpeg(tap)?,
        Some(0x89) => png(tap)?,
        _ => webp(tap)?,
    };
    if told.trim().is_empty() {
        return Ok(());
    }
    let media_type = Some("text/plain; charset=utf-8".to_string());
    let member = context.begin(parent, MemberHead { media_type, ..unpack::head(Container::Metadata, b"metadata", 0) })?;
    Pipe::new(context, member, &mut told.as_bytes()).drain()?.close(context, Ending::default())
}

/// The next `length` bytes, at most [`SEGMENT`] of them; the rest is passed over.
fn content(tap: &mut Tap<'_>, length: u64, wanted: bool) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if wanted {
        tap.by_ref().take(length.min(SEGMENT)).read_to_end(&mut bytes)?;
    }
    io::copy(&mut tap.by_ref().take(length - bytes.len() as u64), &mut io::sink())?;
    Ok(bytes)
}

fn tell(told: &mut String, name: &str, value: &str) {
    let value = value.trim_matches(['\0', ' ']);
    if !value.is_empty() && told.len() + value.len() < TOLD {
        told.push_str(name);
        told.push_str(": ");
        told.push_str(value);
        told.push('\n');
    }
}

fn jpeg(tap: &mut Tap<'_>) -> io::Result<String> {
    let mut told = String::new();
    tap.skip(2);
    for _ in 0..SEGMENTS {
        let seen = tap.peek(4)?;
        let (marker, length) = match seen {
            [0xff, 0xff, ..] => {
                tap.skip(1);
                continue;
            }
            // The picture begins: what follows is no text.
            [0xff, 0xda | 0xd9, ..] => break,
            [0xff, marker, high, low, ..] => (*marker, u64::from(u16::from_be_bytes([*high, *low]))),
            _ => break,
        };
        tap.skip(4);
        let bytes = content(tap, length.saturating_sub(2), matches!(marker, 0xe1 | 0xed | 0xfe))?;
        match (marker, &bytes[..]) {
            (0xe1, [b'E', b'x', b'i', b'f', 0, _, rest @ ..]) => exif(rest, &mut told),
            (0xe1, rest) => {
                if let Some(xmp) = rest.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
                    tell(&mut told, "XMP", &String::from_utf8_lossy(xmp));
                }
            }
            (0xfe, comment) => tell(&mut told, "Comment", &latin(comment)),
            (0xed, iptc) => tell(&mut told, "Photoshop", &readable(iptc)),
            _ => {}
        }
    }
    Ok(told)
}

fn png(tap: &mut Tap<'_>) -> io::Result<String> {
    let mut told = String::new();
    tap.skip(8);
    for _ in 0..SEGMENTS {
        let seen = tap.peek(8)?;
        let Some(head) = seen.first_chunk::<8>() else { break };
        let (length, kind) = (u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]])), [head[4], head[5], head[6], head[7]]);
        tap.skip(8);
        let bytes = content(tap, length, matches!(&kind, b"tEXt" | b"zTXt" | b"iTXt" | b"eXIf" | b"tIME"))?;
        content(tap, 4, false)?;
        match &kind {
            b"IEND" => break,
            b"eXIf" => exif(&bytes, &mut told),
            b"tIME" => {
                if let [y, z, month, day, hour, minute, second] = bytes[..] {
                    let year = u16::from_be_bytes([y, z]);
                    tell(&mut told, "Time", &format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"));
                }
            }
            _ => chunk_text(&kind, &bytes, &mut told),
        }
    }
    Ok(told)
}

fn chunk_text(kind: &[u8; 4], bytes: &[u8], told: &mut String) {
    let Some(end) = memchr::memchr(0, bytes) else { return };
    let (keyword, rest) = (latin(&bytes[..end]), &bytes[end + 1..]);
    match kind {
        b"tEXt" => tell(told, &keyword, &latin(rest)),
        b"zTXt" => tell(told, &keyword, &latin(&inflated(rest.get(1..).unwrap_or_default()))),
        b"iTXt" => {
            // Compression flag and method, language, translated keyword, text.
            let packed = rest.first() == Some(&1);
            let mut parts = rest.get(2..).unwrap_or_default().splitn(3, |b| *b == 0);
            let text = parts.nth(2).unwrap_or_default();
            let text = if packed { inflated(text) } else { text.to_vec() };
            tell(told, &keyword, &String::from_utf8_lossy(&text));
        }
        _ => {}
    }
}

fn webp(tap: &mut Tap<'_>) -> io::Result<String> {
    let mut told = String::new();
    tap.skip(12);
    for _ in 0..SEGMENTS {
        let seen = tap.peek(8)?;
        let Some(head) = seen.first_chunk::<8>() else { break };
        let (kind, length) = ([head[0], head[1], head[2], head[3]], u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]])));
        tap.skip(8);
        let bytes = content(tap, length, matches!(&kind, b"EXIF" | b"XMP "))?;
        content(tap, length % 2, false)?;
        match &kind {
            b"EXIF" => exif(bytes.strip_prefix(b"Exif\0\0").unwrap_or(&bytes), &mut told),
            b"XMP " => tell(&mut told, "XMP", &String::from_utf8_lossy(&bytes)),
            _ => {}
        }
    }
    Ok(told)
}

fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    // A broken stream still gives the bytes before the break.
    let _broken = flate2::read::ZlibDecoder::new(bytes).take(SEGMENT).read_to_end(&mut out);
    out
}

fn latin(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_string(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// The runs of letters in bytes of a format that is not read further.
fn readable(bytes: &[u8]) -> String {
    let runs = bytes.split(|b| !(b.is_ascii_graphic() || *b == b' ' || *b >= 0x80)).filter(|run| run.len() >= 4);
    runs.map(latin).collect::<Vec<_>>().join(" ")
}

/// The directories of a TIFF block.
fn exif(bytes: &[u8], told: &mut String) {
    let Some(tiff) = Tiff::new(bytes) else { return };
    let mut waiting = vec![(tiff.u32(4).unwrap_or(0), "")];
    let mut seen = Vec::new();
    while let Some((place, area)) = waiting.pop() {
        if seen.contains(&place) || seen.len() >= DIRECTORIES {
            continue;
        }
        seen.push(place);
        let Some(count) = tiff.u16(place as usize) else { continue };
        for entry in 0..usize::from(count).min(ENTRIES) {
            let at = place as usize + 2 + entry * 12;
            let (Some(tag), Some(kind), Some(number)) = (tiff.u16(at), tiff.u16(at + 2), tiff.u32(at + 4)) else { break };
            match (tag, area) {
                (0x8769, _) => waiting.push((tiff.u32(at + 8).unwrap_or(0), "")),
                (0x8825, _) => waiting.push((tiff.u32(at + 8).unwrap_or(0), "GPS")),
                _ => {
                    // Windows writes its texts as lists of bytes.
                    let kind = if (0x9c9b..=0x9c9f).contains(&tag) { WIDE } else { kind };
                    let value = tiff.value(kind, number as usize, at + 8);
                    tell(told, &name(tag, area), &value.unwrap_or_default());
                }
            }
        }
    }
}

struct Tiff<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl<'a> Tiff<'a> {
    fn new(bytes: &'a [u8]) -> Option<Tiff<'a>> {
        match bytes.get(..4)? {
            b"II*\0" => Some(Tiff { bytes, little: true }),
            b"MM\0*" => Some(Tiff { bytes, little: false }),
            _ => None,
        }
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let pair = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let four = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
    }

    /// A value as text; long lists of numbers (thumbnails, makers' notes) are left out.
    fn value(&self, kind: u16, count: usize, at: usize) -> Option<String> {
        let width = match kind {
            1 | 2 | 6 | 7 | WIDE => 1,
            3 | 8 => 2,
            4 | 9 => 4,
            5 | 10 => 8,
            _ => return None,
        };
        let length = count.checked_mul(width)?;
        let from = if length <= 4 { at } else { self.u32(at)? as usize };
        let raw = self.bytes.get(from..from.checked_add(length)?)?;
        match kind {
            2 => Some(latin(raw)),
            7 if raw.len() <= 4096 => Some(user_text(raw)),
            WIDE => Some(wide(raw)),
            1 | 6 if raw.len() <= 16 => Some(numbers(raw.iter().map(|b| b.to_string()))),
            3 | 8 if count <= 16 => Some(numbers((0..count).filter_map(|i| self.u16(from + 2 * i)).map(|n| n.to_string()))),
            4 | 9 if count <= 16 => Some(numbers((0..count).filter_map(|i| self.u32(from + 4 * i)).map(|n| n.to_string()))),
            5 | 10 if count <= 16 => Some(numbers((0..count).filter_map(|i| Some(fraction(self.u32(from + 8 * i)?, self.u32(from + 8 * i + 4)?))))),
            _ => None,
        }
    }
}

fn numbers(all: impl Iterator<Item = String>) -> String {
    all.collect::<Vec<_>>().join(" ")
}

/// A whole number, else the fraction as it is stored: nothing is rounded.
fn fraction(above: u32, below: u32) -> String {
    match below {
        0 => format!("{above}/0"),
        below if above.is_multiple_of(below) => (above / below).to_string(),
        below => format!("{above}/{below}"),
    }
}

/// `UserComment`: eight bytes name the charset.
fn user_text(raw: &[u8]) -> String {
    match raw {
        [b'A', b'S', b'C', b'I', b'I', 0, 0, 0, rest @ ..] => latin(rest),
        [b'U', b'N', b'I', b'C', b'O', b'D', b'E', 0, rest @ ..] => wide(rest),
        other => readable(other),
    }
}

/// `XPComment` and its like: UTF-16, low byte first.
fn wide(raw: &[u8]) -> String {
    let units: Vec<u16> = raw.chunks_exact(2).take(64 << 10).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}

fn name(tag: u16, area: &str) -> String {
    let table: &[(u16, &str)] = if area == "GPS" { &GPS } else { &TAGS };
    let known = table.iter().find(|(number, _)| *number == tag).map(|(_, name)| *name);
    known.map_or_else(|| format!("{area}Tag 0x{tag:04x}"), str::to_string)
}

const GPS: [(u16, &str); 12] = [
    (1, "GPSLatitudeRef"), (2, "GPSLatitude"), (3, "GPSLongitudeRef"), (4, "GPSLongitude"), (5, "GPSAltitudeRef"), (6, "GPSAltitude"),
    (7, "GPSTimeStamp"), (16, "GPSImgDirectionRef"), (17, "GPSImgDirection"), (18, "GPSMapDatum"), (27, "GPSProcessingMethod"), (29, "GPSDateStamp"),
];

const TAGS: [(u16, &str); 33] = [
    (0x010e, "ImageDescription"), (0x010f, "Make"), (0x0110, "Model"), (0x0112, "Orientation"), (0x0131, "Software"), (0x0132, "DateTime"),
    (0x013b, "Artist"), (0x013c, "HostComputer"), (0x8298, "Copyright"), (0x829a, "ExposureTime"), (0x829d, "FNumber"), (0x8827, "ISOSpeed"),
    (0x9003, "DateTimeOriginal"), (0x9004, "DateTimeDigitized"), (0x9010, "OffsetTime"), (0x9011, "OffsetTimeOriginal"), (0x9012, "OffsetTimeDigitized"),
    (0x9286, "UserComment"), (0x9290, "SubSecTime"), (0x9291, "SubSecTimeOriginal"), (0x920a, "FocalLength"), (0xa002, "PixelXDimension"), (0xa003, "PixelYDimension"),
    (0xa420, "ImageUniqueID"), (0xa430, "CameraOwnerName"), (0xa431, "BodySerialNumber"), (0xa433, "LensMake"), (0xa434, "LensModel"), (0xa435, "LensSerialNumber"),
    (0x9c9b, "XPTitle"), (0x9c9c, "XPComment"), (0x9c9d, "XPAuthor"), (0x9c9f, "XPSubject"),
];
