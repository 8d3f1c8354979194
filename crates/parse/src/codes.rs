//! QR codes in a picture (ISO/IEC 18004), found and read by the crate `rqrr`, and what the closure finds in their text.
//! Of such a thing the place is the picture: every range that leaves here is the whole of its bytes, and the first step
//! of each selector is [`STEP`].
//!
//! It refuses to repair: a code whose checksums do not hold is no code. It is looked for dark on light, light on dark,
//! in half the size of a large picture, and in four times the size of a small one; not in torn or bent codes.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};

use crate::context::{Context, Parent};
use crate::grey::{self, Grey, MOST_PICTURE};
use crate::member::{Container, FindingKind, MemberHead};
use crate::scan;
use crate::tap::{Ending, Pipe, Store};
use crate::unpack;

/// The step that stands in a selector, and the zone of the words.
pub(crate) const STEP: &str = "qr";
/// Codes of one picture.
const MOST: usize = 64;
/// Points above which a picture is looked at in half its size too, and below which in four times its size.
const LARGE: usize = 500_000;
const SMALL: usize = 60_000;

/// One code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    pub text: String,
    /// Left, top, width and height in the picture as it is shown.
    pub at: [i64; 4],
    /// How it was read, for a person.
    pub how: String,
}

/// Decodes the source as a picture and tells its codes.
pub(crate) fn look(context: &Context<'_>, hint: &str, points: bool, extract: &dyn Fn(&[u8], &str) -> Vec<Value>) -> io::Result<()> {
    context.set_format("picture");
    let not_read = |why: &str| context.note(FindingKind::Unsupported, Parent::SOURCE, 0, format!("a picture is not read: {why}"));
    if context.source_len > MOST_PICTURE {
        return not_read("it is too long");
    }
    let source = Store::Source { context, base: 0, length: context.source_len };
    let bytes = source.bytes_at(0, usize::try_from(context.source_len).unwrap_or_default())?;
    // A fault of a decoder is the picture's own; without unwinding the child ends, and the host says so.
    let memory = context.budget.memory_bytes;
    let decoded = catch_unwind(|| grey::decode(&bytes, memory));
    let grey::Decoded { grey, short } = match decoded.unwrap_or_else(|_| Err("its decoder fell".into())) {
        Ok(decoded) => decoded,
        Err(why) => return not_read(&why),
    };
    drop(bytes);
    if let Some(why) = short {
        context.note(FindingKind::Unsupported, Parent::SOURCE, 0, format!("a picture is not read to its end: {why}"))?;
    }
    if points {
        deliver(context, &grey)?;
    }
    let (codes, fell) = read(&grey);
    if fell {
        context.note(FindingKind::Unsupported, Parent::SOURCE, 0, "the reader of QR codes fell in the picture: codes may be missing")?;
    }
    for (number, code) in codes.iter().enumerate() {
        let told = json!({"text": code.text, "at": code.at, "how": code.how});
        let [x, y, width, height] = code.at;
        let note = format!("; read in QR code {} of the picture, at {x},{y}, {width} × {height} points", number + 1);
        let found = extract(code.text.as_bytes(), hint).into_iter().filter_map(|value| of_picture(value, context.source_len, STEP, &note));
        let whole = json!({"kind": "code", "start": 0, "end": context.source_len, "value": told});
        scan::tell(context, std::iter::once(whole).chain(found).map(scan::sized))?;
    }
    Ok(())
}

/// The points as a member of their own.
fn deliver(context: &Context<'_>, grey: &Grey) -> io::Result<()> {
    let media_type = Some("image/x-portable-graymap".to_string());
    let member = context.begin(Parent::SOURCE, MemberHead { media_type, ..unpack::head(Container::Points, b"points", 0) })?;
    let head = grey.head();
    let mut all = io::Read::chain(head.as_bytes(), &grey.points[..]);
    Pipe::new(context, member, &mut all).drain()?.close(context, Ending::default())
}

/// A value of the closure, moved from a text that was read in a picture to the picture as a whole. Rows and messages
/// are none: a picture of a page is no page.
pub(crate) fn of_picture(mut value: Value, length: u64, step: &str, note: &str) -> Option<Value> {
    let whole = |one: &mut Value| (one["start"], one["end"]) = (json!(0), json!(length));
    match value.get("kind").and_then(Value::as_str) {
        Some("passage") => {
            value["zone"] = json!(step);
            value["runs"] = json!([[0, 0, length]]);
        }
        None | Some("selector") => {
            value.get_mut("context").and_then(Value::as_array_mut).into_iter().flatten().for_each(whole);
            let told = value.get("steps").and_then(Value::as_array).cloned().unwrap_or_default();
            value["steps"] = std::iter::once(json!(step)).chain(told).collect();
            value["reason"] = json!(format!("{}{note}", value["reason"].as_str().unwrap_or_default()));
        }
        Some(_) => return None,
    }
    whole(&mut value);
    Some(value)
}

/// Every code that can be read, in the order of the picture, and whether the reader fell in one of the looks.
pub(crate) fn read(grey: &Grey) -> (Vec<Code>, bool) {
    let points = grey.width * grey.height;
    let mut codes = Vec::new();
    let mut fell = looks(grey, 1, 1, "", &mut codes);
    if codes.is_empty() && points > LARGE {
        fell |= looks(&grey.half(), 2, 1, "in half the size", &mut codes);
    }
    if codes.is_empty() && points < SMALL {
        fell |= looks(&grey.enlarged(4), 1, 4, "in four times the size", &mut codes);
    }
    codes.sort_by_key(|code| (code.at[1], code.at[0]));
    (codes, fell)
}

/// Looks dark on light, then light on dark.
fn looks(grey: &Grey, times: i64, parts: i64, size: &str, codes: &mut Vec<Code>) -> bool {
    let dark = |i: usize| grey.points[i];
    let light = |i: usize| 255 - grey.on_black.as_ref().unwrap_or(&grey.points)[i];
    let fell = one_look(grey, &dark, &|at| at * times / parts, size, codes);
    fell | one_look(grey, &light, &|at| at * times / parts, &format!("{size}{}light on dark", if size.is_empty() { "" } else { ", " }), codes)
}

fn one_look(grey: &Grey, point: &dyn Fn(usize) -> u8, to_picture: &dyn Fn(i64) -> i64, how: &str, codes: &mut Vec<Code>) -> bool {
    if grey.width < 21 || grey.height < 21 {
        return false;
    }
    let found = catch_unwind(AssertUnwindSafe(|| {
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(grey.width, grey.height, |x, y| point(y * grey.width + x));
        let grids = prepared.detect_grids();
        let read = grids.iter().take(MOST).filter_map(|grid| {
            let mut bytes = Vec::new();
            let about = grid.decode_to(Bounded(&mut bytes)).ok()?;
            (!bytes.is_empty()).then(|| code(&bytes, &about, grid.bounds.map(|corner| [i64::from(corner.x), i64::from(corner.y)]), to_picture, how))
        });
        read.collect::<Vec<Code>>()
    }));
    let fell = found.is_err();
    for code in found.unwrap_or_default() {
        if codes.len() < MOST && codes.iter().all(|known| known.text != code.text) {
            codes.push(code);
        }
    }
    fell
}

fn code(bytes: &[u8], about: &rqrr::MetaData, corners: [[i64; 2]; 4], to_picture: &dyn Fn(i64) -> i64, how: &str) -> Code {
    let (text, charset) = match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_string(), ""),
        Err(_) => (encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(), ", no UTF-8: read as windows-1252"),
    };
    let side = |axis: usize| {
        let all = corners.map(|corner| to_picture(corner[axis]).clamp(0, i64::from(u16::MAX)));
        let (low, high) = all.iter().fold((i64::MAX, 0), |(low, high), at| (low.min(*at), high.max(*at)));
        (low, high - low)
    };
    let ((x, width), (y, height)) = (side(0), side(1));
    let look = if how.is_empty() { String::new() } else { format!(", {how}") };
    Code { text, at: [x, y, width, height], how: format!("version {}, error correction {}{look}{charset}", about.version.0, about.ecc_level) }
}

/// A code holds at most 7,089 digits: more is a fault.
struct Bounded<'b>(&'b mut Vec<u8>);

impl Write for Bounded<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.0.len() + buf.len() > 16 << 10 {
            return Err(io::Error::other("longer than any code"));
        }
        self.0.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
