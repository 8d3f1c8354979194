//! Pictures in a PDF (ISO 32000-1 §8.9): every picture object of the file, and every picture that is written inline in a
//! page, becomes a member, with the pages that draw it. A picture that no page draws comes out too; where pages were not
//! read to their end, it says so.
//!
//! Nothing is decoded here: that is for a process of its own, when it is known whether the picture is restricted. A JPEG
//! is the bytes of the file as they are. The others have no head of their own in a PDF; their bytes are carried as they
//! are behind one that other programs read (TIFF 6.0, PNG, JBIG2), in which stands what the dictionary says. Where no
//! head fits, the filters are undone, within the purse of the file, and the points go out as they are.
//!
//! It refuses to let one stretch of the file be many pictures, and tells what it cannot carry. Of a picture whose object
//! number comes again later in the file only the last one is read; that objects were replaced is told.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use super::LOOKED_AT;
use super::file::{File, Whole};
use super::object::{Dict, Value};
use super::page::Drawn;
use crate::context::{Context, Parent};
use crate::grey::luma;
use crate::member::{Container, FindingKind, MemberHead};
use crate::tap::{Ending, Pipe};
use crate::unpack;

/// Pictures of one document.
const PICTURES: usize = 5000;
/// Pages of one picture that are named.
const NAMED: usize = 20;
/// Bytes that go out before pictures because several of them share them, of one document.
const SHARED: usize = 1 << 30;
/// Points of a side, far above what is decoded.
const SIDE: usize = 1 << 20;

/// The pages of a file, as pictures name them.
pub(super) struct Pages {
    /// Their names, and where their objects begin.
    pub named: Vec<(String, usize)>,
    /// Whether they were not read to their end: then a page may draw more than is known.
    pub cut: bool,
}

/// Delivers the pictures of a file.
pub(super) fn deliver(context: &Context<'_>, parent: Parent, file: &File<'_>, length: usize, drawn: &Drawn, pages: &Pages) -> io::Result<()> {
    file.refill();
    let images = Images { context, parent, file, length, pages, shared: Shared::default() };
    images.objects(drawn)?;
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for (page, dict, bytes) in &drawn.inline {
        let (name, offset) = pages.named.get(*page).map_or(("a page", 0), |(name, offset)| (name, *offset));
        let told = format!("written inline in {name}, whose filters were undone");
        let count = counts.entry(*page).or_default();
        *count += 1;
        let one = Picture { name: format!("{name}, inline picture {count}"), told, offset, stored: None };
        images.one(&one, dict, bytes)?;
    }
    if drawn.left_out > 0 {
        context.reject(FindingKind::Limit, parent, 0, format!("{} pictures written inline in pages are left out: they are too many, or too much is said of them", drawn.left_out))?;
    }
    Ok(())
}

struct Images<'d, 'p, 'a> {
    context: &'d Context<'p>,
    parent: Parent,
    file: &'d File<'a>,
    length: usize,
    pages: &'d Pages,
    shared: Shared,
}

/// What pictures of JBIG2 share: the object and its bytes, undone once for all pictures that follow each other, and how
/// many bytes went out in this way.
#[derive(Default)]
struct Shared {
    last: RefCell<Option<(u32, Vec<u8>)>>,
    given: Cell<usize>,
}

/// Why a picture does not come out.
struct Refused(FindingKind, String);

impl From<&str> for Refused {
    fn from(why: &str) -> Self {
        Refused(FindingKind::Unsupported, why.into())
    }
}

impl From<String> for Refused {
    fn from(why: String) -> Self {
        Refused(FindingKind::Unsupported, why)
    }
}

impl Refused {
    fn too_large() -> Self {
        Refused(FindingKind::Limit, "it becomes larger than is read".into())
    }
}

/// What is told when nothing may be read any more.
const SPENT: &str = "the purse of the file is spent: its pictures cost more than is read";

/// What is known of a picture beside its dictionary.
struct Picture {
    name: String,
    told: String,
    offset: usize,
    /// How long its stream is in the file; none when it does not stand there as bytes.
    stored: Option<usize>,
}

impl Images<'_, '_, '_> {
    fn objects(&self, drawn: &Drawn) -> io::Result<()> {
        let (mut on, mut masks) = (drawn.on.clone(), BTreeMap::new());
        let is_picture = |number: &u32| self.file.dict(&Value::Reference(*number)).is_some_and(|dict| dict.is("Subtype", "Image"));
        let numbers: BTreeSet<u32> = self.file.numbers().take(LOOKED_AT).filter(is_picture).chain(drawn.on.keys().copied()).collect();
        // A mask stands where its picture does. In a scan that was made small the words stand in the mask.
        for number in &numbers {
            let Some(dict) = self.file.dict(&Value::Reference(*number)) else { continue };
            for mask in ["SMask", "Mask"].iter().filter_map(|name| self.file.number_of(dict.get(name)?)) {
                masks.entry(mask).or_insert(*number);
                let pages = on.get(number).cloned().unwrap_or_default();
                on.entry(mask).or_insert(pages);
            }
        }
        let first = |number: &u32| on.get(number).and_then(|pages| pages.first()).copied().unwrap_or(usize::MAX);
        let mut order: Vec<u32> = numbers.into_iter().collect();
        order.sort_by_key(|number| (first(number), *number));
        let mut given = 0;
        for (count, number) in order.iter().enumerate() {
            let offset = self.file.start_of(*number);
            if count >= PICTURES {
                let text = format!("{} pictures beyond the first {PICTURES} are not taken out of the PDF", order.len() - count);
                return self.context.reject(FindingKind::Limit, self.parent, offset as u64, text);
            }
            let Some((dict, raw)) = self.file.stream(&Value::Reference(*number)) else {
                let (kind, why) = if self.file.is_spent() { (FindingKind::Limit, SPENT) } else { (FindingKind::Malformed, "it has no bytes that can be read") };
                self.refuse(offset, *number, kind, why)?;
                continue;
            };
            given += raw.len();
            if given > self.length {
                self.refuse(offset, *number, FindingKind::Overlap, "its bytes are those of other pictures too")?;
                continue;
            }
            let pages = on.get(number).map_or(&[][..], Vec::as_slice);
            let role = masks.get(number).map_or_else(String::new, |of| format!("mask of the picture in object {of}; "));
            let at = self.file.place_of(raw);
            let one = Picture { name: self.name(*number, pages), told: format!("{role}{}; {} bytes of the PDF from byte {at} on", self.drawn(pages), raw.len()), offset: at, stored: Some(raw.len()) };
            self.one(&one, &dict, raw)?;
        }
        Ok(())
    }

    fn refuse(&self, offset: usize, number: u32, kind: FindingKind, why: &str) -> io::Result<()> {
        self.context.reject(kind, self.parent, offset as u64, format!("the picture in object {number} of the PDF is not read: {why}"))
    }

    fn name(&self, number: u32, pages: &[usize]) -> String {
        let page = |page: &usize| self.pages.named.get(*page).map_or("a page", |(name, _)| name.as_str());
        match pages {
            [] if self.pages.cut => format!("page not known, picture in object {number}"),
            [] => format!("elsewhere in the PDF, picture in object {number}"),
            [one] => format!("{}, picture in object {number}", page(one)),
            [first, rest @ ..] => format!("{} and {} more, picture in object {number}", page(first), rest.len()),
        }
    }

    fn drawn(&self, pages: &[usize]) -> String {
        let named: Vec<&str> = pages.iter().take(NAMED).filter_map(|page| self.pages.named.get(*page)).map(|(name, _)| name.as_str()).collect();
        let drawn = match (named.len(), pages.len()) {
            (0, _) if self.pages.cut => "drawn by no page".into(),
            (0, _) => "drawn by the words of no page".into(),
            (shown, all) if shown < all => format!("drawn on {} and {} more", named.join(", "), all - shown),
            _ => format!("drawn on {}", named.join(", ")),
        };
        if self.pages.cut { format!("{drawn} as far as pages were read") } else { drawn }
    }

    /// Delivers one picture, or tells why not.
    fn one(&self, picture: &Picture, dict: &Dict, raw: &[u8]) -> io::Result<()> {
        let carried = match carry(self.file, &self.shared, dict, raw) {
            Ok(carried) => carried,
            Err(refused) => {
                let Refused(kind, why) = if self.file.is_spent() { Refused(FindingKind::Limit, SPENT.into()) } else { refused };
                return self.context.reject(kind, self.parent, picture.offset as u64, format!("{}: not read: {why}", picture.name));
            }
        };
        let head = MemberHead {
            media_type: Some(carried.media.to_string()),
            made: Some(format!("{}; {}", picture.told, carried.made)),
            ..unpack::head(Container::PdfPicture, picture.name.as_bytes(), picture.offset as u64)
        };
        let member = self.context.begin(self.parent, head)?;
        let mut reader = (&carried.head[..]).chain(&*carried.body).chain(&*carried.tail);
        let mut pipe = Pipe::new(self.context, member, &mut reader);
        unpack::nest(self.context, member, &mut pipe, None)?;
        pipe.drain()?.close(self.context, Ending { stored_length: picture.stored.map(|length| length as u64), ..Ending::default() })
    }
}

/// A picture as a file of its own: a head and a tail of ours around the bytes of the PDF.
struct Carried<'a> {
    head: Vec<u8>,
    body: Cow<'a, [u8]>,
    tail: Vec<u8>,
    media: &'static str,
    made: String,
    /// Whether dark and light stand in it as the dictionary turns them.
    turned: bool,
}

/// The colours of points.
enum Colour {
    /// Of one value; turned when 0 is light.
    Grey { turned: bool },
    Rgb,
    Cmyk,
    Palette(Vec<[u8; 3]>),
}

/// Points, as the dictionary tells them.
struct Points {
    width: u32,
    height: u32,
    bits: u16,
    colour: Colour,
}

/// A picture as a file; else why it is none.
fn carry<'a>(file: &File<'_>, shared: &Shared, dict: &Dict, raw: &'a [u8]) -> Result<Carried<'a>, Refused> {
    let filters = file.filters(dict).ok_or("its filters are not understood")?;
    let (before, last) = filters.split_at(filters.len().saturating_sub(1));
    let body = match before {
        [] => Cow::Borrowed(raw),
        before => Cow::Owned(whole(file, before, raw, || "a filter around it is not undone here".into())?),
    };
    let coding = last.first().map_or(&b""[..], |(name, _)| name);
    let mut carried = match coding {
        b"DCTDecode" | b"DCT" => as_it_is(body, "image/jpeg", &[b"\xff\xd8\xff"], "JPEG")?,
        b"JPXDecode" => as_it_is(body, "image/jp2", &[b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"], "JPEG 2000")?,
        b"JBIG2Decode" => jbig2(file, shared, body, &last[0].1)?,
        b"CCITTFaxDecode" | b"CCF" => fax(dict, file, body, &last[0].1)?,
        _ => points(file, dict, last, body)?,
    };
    carried.made.push_str(left(file, dict, carried.turned));
    if !before.is_empty() {
        let names: Vec<_> = before.iter().map(|(name, _)| String::from_utf8_lossy(&name[..name.len().min(40)])).collect();
        carried.made = format!("{} undone, then {}", names.join(" and "), carried.made);
    }
    Ok(carried)
}

/// A picture's bytes with these filters undone: all of them, or none.
fn whole(file: &File<'_>, filters: &[(Vec<u8>, Dict)], raw: &[u8], not_undone: impl Fn() -> String) -> Result<Vec<u8>, Refused> {
    match file.undone_whole(filters, raw) {
        Whole::Bytes(bytes) => Ok(bytes),
        Whole::Cut => Err(Refused::too_large()),
        Whole::NotUndone => Err(not_undone().into()),
    }
}

/// What is a file already.
fn as_it_is<'a>(body: Cow<'a, [u8]>, media: &'static str, marks: &[&[u8]], name: &str) -> Result<Carried<'a>, String> {
    if !marks.iter().any(|mark| body.starts_with(mark)) {
        return Err(format!("it is called {name}, and does not begin as one"));
    }
    Ok(Carried { head: vec![], body, tail: vec![], media, made: format!("as they are, {name}"), turned: false })
}

/// JBIG2 (ITU-T T.88) stands in a PDF without the head of its file, and what several pictures share stands elsewhere.
fn jbig2<'a>(file: &File<'_>, shared: &Shared, body: Cow<'a, [u8]>, parameters: &Dict) -> Result<Carried<'a>, Refused> {
    // In sequence, one page.
    let mut head = b"\x97JB2\r\n\x1a\n\x01\0\0\0\x01".to_vec();
    let globals = parameters.get("JBIG2Globals").filter(|value| **value != Value::Null);
    if let Some(globals) = globals {
        shared.extend(&mut head, file, globals)?;
    }
    let made = format!("as they are, behind a head of JBIG2{}", if globals.is_some() { " and the segments that it shares with others" } else { "" });
    Ok(Carried { head, body, tail: vec![], media: "image/x-jbig2", made, turned: false })
}

impl Shared {
    /// Writes what is shared behind a head.
    fn extend(&self, head: &mut Vec<u8>, file: &File<'_>, globals: &Value) -> Result<(), Refused> {
        let number = file.number_of(globals).ok_or("what it shares with others is not there")?;
        let mut last = self.last.borrow_mut();
        if last.as_ref().is_none_or(|(known, _)| *known != number) {
            let (dict, raw) = file.stream(globals).ok_or("what it shares with others is not there")?;
            let not_undone = "a filter of what it shares with others is not undone here";
            let filters = file.filters(&dict).ok_or(not_undone)?;
            *last = Some((number, whole(file, &filters, raw, || not_undone.into())?));
        }
        let bytes = last.as_ref().map_or(&[][..], |(_, bytes)| bytes);
        self.given.set(self.given.get().saturating_add(bytes.len()));
        if self.given.get() > SHARED {
            return Err(Refused(FindingKind::Limit, "what it shares with others went out too often".into()));
        }
        head.extend_from_slice(bytes);
        Ok(())
    }
}

fn side(file: &File<'_>, dict: &Dict, name: &str) -> Result<u32, String> {
    let side = file.get(dict, name).count().filter(|side| (1..=SIDE).contains(side)).ok_or("its size is not told, or too large")?;
    u32::try_from(side).map_err(|_| "its size is too large".into())
}

fn is_true(value: &Value) -> bool {
    matches!(value, Value::Word(word) if word == b"true")
}

/// Whether the dictionary turns dark to light.
fn turned(file: &File<'_>, dict: &Dict) -> bool {
    let Value::Array(decode) = &*file.get(dict, "Decode") else { return false };
    matches!((decode.first().and_then(Value::number), decode.get(1).and_then(Value::number)), (Some(from), Some(to)) if from > to)
}

/// What is told of a `Decode` that is not applied: of light and dark it is, and only whether they are turned.
fn left(file: &File<'_>, dict: &Dict, turned: bool) -> &'static str {
    let Value::Array(decode) = &*file.get(dict, "Decode") else { return "" };
    let bits = file.get(dict, "BitsPerComponent").count().filter(|bits| (1..=16).contains(bits)).unwrap_or(1);
    let full = if is_indexed(file, dict) { ((1u32 << bits) - 1).into() } else { 1.0 };
    let ends: Vec<Option<f64>> = decode.iter().map(Value::number).collect();
    let is = |wanted: [f64; 2]| ends.chunks(2).all(|pair| pair == wanted.map(Some));
    if is([0.0, full]) || turned && is([1.0, 0.0]) { "" } else { "; its Decode is not applied" }
}

fn is_indexed(file: &File<'_>, dict: &Dict) -> bool {
    let Value::Array(space) = &*file.get(dict, "ColorSpace") else { return false };
    matches!(space.first(), Some(Value::Name(name)) if matches!(&**name, b"Indexed" | b"I"))
}

/// Fax (ITU-T T.4 and T.6), which TIFF has too.
fn fax<'a>(dict: &Dict, file: &File<'_>, body: Cow<'a, [u8]>, parameters: &Dict) -> Result<Carried<'a>, String> {
    if is_true(&file.get(parameters, "EncodedByteAlign")) {
        return Err("it is a fax whose rows begin at whole bytes".into());
    }
    let k = file.get(parameters, "K").number().unwrap_or(0.0);
    let width = file.get(parameters, "Columns").count().unwrap_or(1728);
    let width = u32::try_from(width.clamp(1, SIDE)).map_err(|_| "its size is too large")?;
    let dark_is_one = !is_true(&file.get(parameters, "BlackIs1"));
    let (ink, told) = inked(file, dict);
    let points = Points { width, height: side(file, dict, "Height")?, bits: 1, colour: Colour::Grey { turned: (dark_is_one != ink) != turned(file, dict) } };
    let (compression, options) = if k < 0.0 { (4, None) } else { (3, Some(u32::from(k > 0.0))) };
    let carried = tiff(&points, compression, options, None, body);
    Ok(Carried { made: format!("{}{told}", carried.made), ..carried })
}

/// Whether a fax is of ink, of which 0 is light; and what is told of colours that a fax in a TIFF does not have. Of a
/// table of two colours only stays which is the lighter one.
fn inked(file: &File<'_>, dict: &Dict) -> (bool, &'static str) {
    let space = dict.get("ColorSpace").filter(|_| !is_true(&file.get(dict, "ImageMask")));
    let not_applied = "; its colours are not applied";
    match space.map(|space| colour(file, space, 1, 0)) {
        None => (false, ""),
        Some(Ok(Colour::Grey { turned })) => (turned, ""),
        Some(Ok(Colour::Palette(table))) => match &table[..] {
            [zero, one, ..] => (luma(*zero) > luma(*one), "; of its two colours the darker is black, the lighter white"),
            _ => (false, not_applied),
        },
        Some(_) => (false, not_applied),
    }
}

/// Points behind the filters that every stream may have, or behind none.
fn points<'a>(file: &File<'_>, dict: &Dict, filter: &[(Vec<u8>, Dict)], body: Cow<'a, [u8]>) -> Result<Carried<'a>, Refused> {
    let points = told(file, dict)?;
    let Some((name, parameters)) = filter.first() else { return Ok(tiff(&points, 1, None, None, body)) };
    let number = |name: &str, otherwise: usize| file.get(parameters, name).count().unwrap_or(otherwise);
    let predictor = number("Predictor", 1);
    let rows_agree = number("Colors", 1) == usize::from(points.samples()) && number("BitsPerComponent", 8) == usize::from(points.bits) && number("Columns", 1) == points.width as usize;
    match (&**name, predictor) {
        (b"FlateDecode" | b"Fl", ..=1) => Ok(tiff(&points, 8, None, None, body)),
        (b"FlateDecode" | b"Fl", 2) if rows_agree && points.bits == 8 => Ok(tiff(&points, 8, None, Some(2), body)),
        (b"FlateDecode" | b"Fl", 10..) if rows_agree && points.fit_png() => Ok(png(&points, body)),
        (b"LZWDecode" | b"LZW", ..=1) if number("EarlyChange", 1) == 1 => Ok(tiff(&points, 5, None, None, body)),
        (b"RunLengthDecode" | b"RL", _) => Ok(tiff(&points, 32773, None, None, body)),
        (_, 2..10) => Err("its rows are told by their differences in a way that is not undone here".into()),
        (name, _) => {
            let shown = String::from_utf8_lossy(&name[..name.len().min(40)]);
            let plain = whole(file, filter, &body, || format!("its filter is {}", model::quoted(&shown)))?;
            let carried = tiff(&points, 1, None, None, Cow::Owned(plain));
            Ok(Carried { made: format!("{shown} undone, then {}", carried.made), ..carried })
        }
    }
}

/// What the dictionary says of the points.
fn told(file: &File<'_>, dict: &Dict) -> Result<Points, String> {
    let (width, height) = (side(file, dict, "Width")?, side(file, dict, "Height")?);
    let turned = turned(file, dict);
    // A stencil lets colour through where 0 stands.
    if is_true(&file.get(dict, "ImageMask")) {
        return Ok(Points { width, height, bits: 1, colour: Colour::Grey { turned } });
    }
    let bits = file.get(dict, "BitsPerComponent").count().unwrap_or(8);
    let bits = u16::try_from(bits).ok().filter(|bits| matches!(bits, 1 | 2 | 4 | 8 | 16)).ok_or("its points have an unknown number of bits")?;
    let space = dict.get("ColorSpace").ok_or("its colours are not told")?;
    let colour = match colour(file, space, bits, 0)? {
        Colour::Grey { turned: ink } => Colour::Grey { turned: ink != turned },
        other => other,
    };
    Ok(Points { width, height, bits, colour })
}

/// A colour space (§8.6); of what is measured exactly, only how many values a point has.
fn colour(file: &File<'_>, space: &Value, bits: u16, level: u32) -> Result<Colour, String> {
    let not_read = |name: &[u8]| Err(format!("its colours are {}", model::quoted(String::from_utf8_lossy(&name[..name.len().min(40)]))));
    let space = file.resolve(space);
    let (name, rest): (&[u8], &[Value]) = match &*space {
        Value::Name(name) => (name, &[]),
        Value::Array(values) => match values.split_first() {
            Some((Value::Name(name), rest)) => (name, rest),
            _ => return not_read(b"?"),
        },
        _ => return not_read(b"?"),
    };
    match (name, rest) {
        (b"DeviceGray" | b"G" | b"CalGray", _) => Ok(Colour::Grey { turned: false }),
        (b"DeviceRGB" | b"RGB" | b"CalRGB", _) => Ok(Colour::Rgb),
        (b"DeviceCMYK" | b"CMYK", _) => Ok(Colour::Cmyk),
        (b"ICCBased", [profile, ..]) => match file.stream(profile).and_then(|(dict, _)| file.get(&dict, "N").count()) {
            Some(1) => Ok(Colour::Grey { turned: false }),
            Some(3) => Ok(Colour::Rgb),
            Some(4) => Ok(Colour::Cmyk),
            _ => not_read(name),
        },
        // One ink: the more of it, the darker.
        (b"Separation", _) => Ok(Colour::Grey { turned: true }),
        (b"DeviceN", [names, ..]) if matches!(&*file.resolve(names), Value::Array(names) if names.len() == 1) => Ok(Colour::Grey { turned: true }),
        (b"Indexed" | b"I", [base, _, table, ..]) if level == 0 && bits <= 8 => {
            let base = colour(file, base, bits, 1)?;
            let table = match &*file.resolve(table) {
                Value::Text(bytes) => bytes.clone(),
                _ => file.stream(table).and_then(|(dict, raw)| file.decoded(&dict, raw)).ok_or("its table of colours is not there")?,
            };
            let step = usize::from(base.samples());
            Ok(Colour::Palette(table.chunks_exact(step).take(1 << bits).map(|entry| base.rgb(entry)).collect()))
        }
        _ => not_read(name),
    }
}

impl Colour {
    fn samples(&self) -> u16 {
        match self {
            Colour::Grey { .. } | Colour::Palette(_) => 1,
            Colour::Rgb => 3,
            Colour::Cmyk => 4,
        }
    }

    /// Red, green and blue of values of eight bits.
    fn rgb(&self, values: &[u8]) -> [u8; 3] {
        match (self, values) {
            (Colour::Rgb, [red, green, blue]) => [*red, *green, *blue],
            (Colour::Cmyk, [inks @ .., black]) => {
                let light = |ink: &u8| u8::try_from(u16::from(255 - ink) * u16::from(255 - black) / 255).unwrap_or(u8::MAX);
                inks.first_chunk::<3>().map_or([0; 3], |inks| [light(&inks[0]), light(&inks[1]), light(&inks[2])])
            }
            (Colour::Grey { turned }, [value]) => [if *turned { 255 - value } else { *value }; 3],
            _ => [0; 3],
        }
    }
}

impl Points {
    fn samples(&self) -> u16 {
        self.colour.samples()
    }

    fn is_grey(&self) -> bool {
        matches!(self.colour, Colour::Grey { .. })
    }

    /// PNG has no colours of print.
    fn fit_png(&self) -> bool {
        !matches!(self.colour, Colour::Cmyk) && (self.bits >= 8 || self.samples() == 1) && !(self.bits == 16 && matches!(self.colour, Colour::Grey { turned: true }))
    }

    fn words(&self, head: &str) -> String {
        let colour = match self.colour {
            Colour::Grey { .. } => "grey",
            Colour::Rgb => "red, green, blue",
            Colour::Cmyk => "four inks",
            Colour::Palette(_) => "a table of colours",
        };
        format!("as they are, behind a head of {head}: {} × {} points of {} bit{}, {colour}", self.width, self.height, self.bits, if self.bits == 1 { "" } else { "s" })
    }
}

/// A TIFF with one strip, which begins where the head ends.
fn tiff<'a>(points: &Points, compression: u16, fax: Option<u32>, predictor: Option<u16>, body: Cow<'a, [u8]>) -> Carried<'a> {
    let short = |value: u16| (3u16, value.to_be_bytes().to_vec());
    let long = |value: u32| (4u16, value.to_be_bytes().to_vec());
    let photometric = match points.colour {
        Colour::Grey { turned: true } => 0,
        Colour::Grey { turned: false } => 1,
        Colour::Rgb => 2,
        Colour::Palette(_) => 3,
        Colour::Cmyk => 5,
    };
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut fields = vec![
        (256u16, long(points.width)), (257, long(points.height)), (258, (3, points.bits.to_be_bytes().repeat(points.samples().into()))), (259, short(compression)),
        (262, short(photometric)), (273, long(0)), (277, short(points.samples())), (278, long(points.height)), (279, long(length)),
    ];
    fields.extend(fax.map(|options| (292, long(options))));
    fields.extend(predictor.map(|predictor| (317, short(predictor))));
    if let Colour::Palette(table) = &points.colour {
        let values = (0..3).flat_map(|part| (0..1usize << points.bits).flat_map(move |at| [table.get(at).map_or(0, |rgb| rgb[part]); 2]));
        fields.push((320, (3, values.collect())));
    }
    let begins = 8 + 2 + 12 * fields.len() + 4;
    let head_length = begins + fields.iter().map(|(_, (_, value))| if value.len() > 4 { value.len() } else { 0 }).sum::<usize>();
    let offset = u32::try_from(head_length).unwrap_or(u32::MAX);
    let (mut head, mut more) = (b"MM\0*\0\0\0\x08".to_vec(), Vec::new());
    head.extend(u16::try_from(fields.len()).unwrap_or_default().to_be_bytes());
    for (tag, (kind, value)) in &fields {
        let value = if *tag == 273 { &offset.to_be_bytes()[..] } else { value };
        let count = value.len() / if *kind == 3 { 2 } else { 4 };
        head.extend(tag.to_be_bytes());
        head.extend(kind.to_be_bytes());
        head.extend(u32::try_from(count).unwrap_or_default().to_be_bytes());
        if value.len() > 4 {
            head.extend(u32::try_from(begins + more.len()).unwrap_or_default().to_be_bytes());
            more.extend_from_slice(value);
        } else {
            head.extend_from_slice(value);
            head.resize(head.len() + 4 - value.len(), 0);
        }
    }
    head.extend([0; 4]);
    head.extend(more);
    Carried { head, body, tail: vec![], media: "image/tiff", made: points.words("TIFF"), turned: points.is_grey() }
}

/// A PNG whose data are the bytes of the PDF: both tell rows by their differences in the same way.
fn png<'a>(points: &Points, body: Cow<'a, [u8]>) -> Carried<'a> {
    let chunk = |kind: &[u8; 4], bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).unwrap_or_default();
        [&length.to_be_bytes()[..], kind, bytes, &sum(kind, bytes).to_be_bytes()].concat()
    };
    // What is turned becomes a table of greys: PNG knows 0 as dark alone.
    let greys = || (0..1u16 << points.bits).map(|at| [u8::try_from(255 - at * 255 / ((1 << points.bits) - 1)).unwrap_or_default(); 3]).collect::<Vec<_>>();
    let (kind, table) = match &points.colour {
        Colour::Grey { turned: true } => (3, Some(greys())),
        Colour::Grey { .. } => (0, None),
        Colour::Palette(table) => (3, Some(table.clone())),
        _ => (2, None),
    };
    let size = [points.width.to_be_bytes(), points.height.to_be_bytes()].concat();
    let about = [&size[..], &[u8::try_from(points.bits).unwrap_or_default(), kind, 0, 0, 0]].concat();
    let mut head = [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &about)].concat();
    if let Some(table) = table {
        head.extend(chunk(b"PLTE", table.as_flattened()));
    }
    head.extend(u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    head.extend(b"IDAT");
    let tail = [&sum(b"IDAT", &body).to_be_bytes()[..], &chunk(b"IEND", &[])].concat();
    Carried { head, body, tail, media: "image/png", made: points.words("PNG"), turned: points.is_grey() }
}

fn sum(kind: &[u8; 4], bytes: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(kind);
    sum.update(bytes);
    sum.sum()
}
