//! The objects of a PDF file, found by walking its bytes and not by its cross-reference table: a table can be cut,
//! broken or lie, and what it leaves out is still in the file. Streams are inflated within one purse for the whole file.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::rc::Rc;

use flate2::read::ZlibDecoder;
use memchr::memmem;

use super::object::{Dict, Lexer, Value};

/// Objects of one file.
const OBJECTS: usize = 400_000;
/// Bytes that one stream may become.
const STREAM: u64 = 32 << 20;
/// Bytes that all streams together may become.
const PURSE: u64 = 256 << 20;
/// Bytes of object streams that are kept.
const KEPT: usize = 48 << 20;
/// The longest object that is remembered.
const CACHED: usize = 4096;
/// What looking at a stream costs beside its bytes, so that empty ones are not free.
const LOOK: u64 = 64;
/// References to references.
const HOPS: u32 = 20;
/// Filters of one stream.
const FILTERS: usize = 8;

#[derive(Debug, Clone, Copy)]
enum Place {
    /// After `obj`.
    File(usize),
    /// In the object stream of this index, at this offset.
    Packed(u32, u32),
}

/// See the module.
pub(crate) struct File<'a> {
    bytes: &'a [u8],
    objects: BTreeMap<u32, Place>,
    /// Where each object of the file itself begins (its number).
    starts: BTreeMap<u32, usize>,
    packs: Vec<Rc<Vec<u8>>>,
    purse: Cell<u64>,
    /// Whether a bound was met.
    pub(crate) cut: Cell<bool>,
    /// Objects that a later one of the same number replaced: they are not read.
    pub(crate) replaced: usize,
    /// Whether the streams are encrypted.
    pub(crate) encrypted: bool,
    pub(crate) root: Option<Dict>,
    pub(crate) info: Option<Dict>,
    cache: RefCell<BTreeMap<u32, Rc<Value>>>,
}

/// A stream that is taken whole or not at all.
pub(crate) enum Whole {
    Bytes(Vec<u8>),
    /// It is larger than a bound, or than what is left in the purse.
    Cut,
    /// One of its filters is not undone here.
    NotUndone,
}

impl<'a> File<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> File<'a> {
        let mut file = File {
            bytes, objects: BTreeMap::new(), starts: BTreeMap::new(), packs: vec![], purse: Cell::new(PURSE),
            cut: Cell::new(false), replaced: 0, encrypted: false, root: None, info: None, cache: RefCell::default(),
        };
        file.index();
        let trailers = file.trailers();
        file.encrypted = trailers.iter().any(|dict| dict.get("Encrypt").is_some_and(|value| *value != Value::Null));
        if !file.encrypted {
            file.unpack();
        }
        // The last trailer counts, but only one that leads somewhere.
        file.root = trailers.iter().rev().find_map(|dict| file.dict(dict.get("Root")?)).or_else(|| file.catalog());
        file.info = trailers.iter().rev().find_map(|dict| file.dict(dict.get("Info")?));
        file
    }

    fn index(&mut self) {
        for at in memmem::find_iter(self.bytes, b"obj") {
            let Some((number, start)) = object_number(self.bytes, at) else { continue };
            if self.objects.len() >= OBJECTS {
                self.cut.set(true);
                return;
            }
            self.replaced += usize::from(self.objects.insert(number, Place::File(at + 3)).is_some());
            self.starts.insert(number, start);
        }
    }

    /// Dictionaries that end a part of the file: trailers and cross-reference streams, in order.
    fn trailers(&self) -> Vec<Dict> {
        let mut found: Vec<(usize, Dict)> = Vec::new();
        for at in memmem::find_iter(self.bytes, b"trailer").take(1000) {
            if let Some(Value::Dict(dict)) = self.lexed(self.bytes, at + 7) {
                found.push((at, dict));
            }
        }
        for at in memmem::find_iter(self.bytes, b"/XRef").take(1000) {
            let floor = at.saturating_sub(4096);
            if let Some(object) = memmem::rfind(&self.bytes[floor..at], b"obj").map(|i| floor + i + 3)
                && let Some(Value::Dict(dict)) = self.lexed(self.bytes, object)
            {
                found.push((at, dict));
            }
        }
        found.sort_by_key(|(at, _)| *at);
        found.into_iter().map(|(_, dict)| dict).collect()
    }

    fn catalog(&self) -> Option<Dict> {
        self.objects.keys().take(100_000).find_map(|number| {
            let dict = self.dict(&Value::Reference(*number))?;
            dict.is("Type", "Catalog").then_some(dict)
        })
    }

    /// Objects in object streams (§7.5.7).
    fn unpack(&mut self) {
        let packs: Vec<usize> = memmem::find_iter(self.bytes, b"/ObjStm").collect();
        let places: BTreeMap<usize, u32> = self.starts.iter().map(|(number, start)| (*start, *number)).collect();
        let (mut looked_at, mut kept) = (BTreeSet::new(), 0);
        for at in packs {
            let Some((start, number)) = places.range(..at).next_back().map(|(start, number)| (*start, *number)) else { continue };
            // However often an object says that it holds others, it is opened once.
            if !looked_at.insert(start) {
                continue;
            }
            let Some((dict, raw)) = self.stream(&Value::Reference(number)) else { continue };
            if !dict.is("Type", "ObjStm") {
                continue;
            }
            let Some(content) = self.decoded(&dict, raw) else { continue };
            kept += content.len();
            if kept > KEPT {
                self.cut.set(true);
                return;
            }
            let count = dict.get("N").and_then(Value::count).unwrap_or(0).min(100_000);
            let first = dict.get("First").and_then(Value::count).unwrap_or(0);
            let mut lexer = Lexer::of_content(&content);
            let pack = self.packs.len() as u32;
            for _ in 0..count {
                let (Some(Value::Number(number)), Some(Value::Number(offset))) = (lexer.next(), lexer.next()) else { break };
                let offset = first.saturating_add(offset.max(0.0) as usize);
                if offset >= content.len() || self.objects.len() >= OBJECTS {
                    break;
                }
                let number = number.max(0.0) as u32;
                self.replaced += usize::from(self.objects.contains_key(&number));
                // What stands later in the file is newer.
                let older = !matches!(self.objects.get(&number), Some(Place::File(place)) if *place > start);
                if older {
                    self.objects.insert(number, Place::Packed(pack, offset as u32));
                    self.starts.insert(number, start);
                }
            }
            self.packs.push(Rc::new(content));
        }
    }

    /// Where an object begins in the file; for a packed one, its object stream.
    pub(crate) fn start_of(&self, number: u32) -> usize {
        self.starts.get(&number).copied().unwrap_or(0)
    }

    /// How many objects there are.
    pub(crate) fn count(&self) -> usize {
        self.objects.len()
    }

    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        self.objects.keys().copied()
    }

    /// Follows references to the value behind them.
    pub(crate) fn resolve(&self, value: &Value) -> Rc<Value> {
        let mut value = Rc::new(value.clone());
        for _ in 0..HOPS {
            let Value::Reference(number) = &*value else { return value };
            value = self.object(*number);
        }
        Rc::new(Value::Null)
    }

    fn object(&self, number: u32) -> Rc<Value> {
        if let Some(known) = self.cache.borrow().get(&number) {
            return Rc::clone(known);
        }
        let known = match self.objects.get(&number) {
            Some(Place::File(at)) => (self.bytes, *at),
            Some(Place::Packed(index, at)) => (self.packs[*index as usize].as_slice(), *at as usize),
            None => return Rc::new(Value::Null),
        };
        let before = self.purse.get();
        let value = Rc::new(self.lexed(known.0, known.1).unwrap_or(Value::Null));
        if before.saturating_sub(self.purse.get()) > CACHED as u64 {
            return value;
        }
        let mut cache = self.cache.borrow_mut();
        if cache.len() >= 512 {
            cache.clear();
        }
        cache.insert(number, Rc::clone(&value));
        value
    }

    /// Fills the purse once more, for the pictures: words that cost all of it shall not hide them. What an empty purse
    /// did not read is not known as nothing.
    pub(crate) fn refill(&self) {
        self.purse.set(PURSE);
        self.cache.borrow_mut().clear();
    }

    /// Whether nothing is left in the purse.
    pub(crate) fn is_spent(&self) -> bool {
        self.purse.get() == 0
    }

    /// Pays for a step that costs like reading this many bytes; false when nothing is left.
    pub(crate) fn pay(&self, bytes: u64) -> bool {
        let left = self.purse.get();
        self.purse.set(left.saturating_sub(bytes));
        if left == 0 {
            self.cut.set(true);
        }
        left > 0
    }

    /// The value at a place. Reading costs as inflating does: a file that asks for the same long object again and
    /// again, or in which every object reaches to the end, ends with the purse.
    fn lexed(&self, bytes: &[u8], at: usize) -> Option<Value> {
        if !self.pay(0) {
            return None;
        }
        let mut lexer = Lexer::of_file(bytes, at);
        let value = lexer.next();
        self.pay(lexer.at.saturating_sub(at) as u64);
        value
    }

    pub(crate) fn dict(&self, value: &Value) -> Option<Dict> {
        match &*self.resolve(value) {
            Value::Dict(dict) => Some(dict.clone()),
            _ => None,
        }
    }

    /// The value of a key, references followed.
    pub(crate) fn get(&self, dict: &Dict, name: &str) -> Rc<Value> {
        dict.get(name).map_or_else(|| Rc::new(Value::Null), |value| self.resolve(value))
    }

    /// The number of the object that a reference leads to.
    pub(crate) fn number_of(&self, value: &Value) -> Option<u32> {
        let mut number = None;
        let mut value = value.clone();
        for _ in 0..HOPS {
            let Value::Reference(next) = value else { break };
            number = Some(next);
            match &*self.object(next) {
                next @ Value::Reference(_) => value = next.clone(),
                _ => break,
            }
        }
        number
    }

    /// Where bytes of a stream begin in the file.
    pub(crate) fn place_of(&self, raw: &[u8]) -> usize {
        raw.as_ptr().addr().saturating_sub(self.bytes.as_ptr().addr())
    }

    /// Dictionary and raw bytes of a stream.
    pub(crate) fn stream(&self, value: &Value) -> Option<(Dict, &'a [u8])> {
        let Some(Place::File(at)) = self.objects.get(&self.number_of(value)?) else { return None };
        if !self.pay(LOOK) {
            return None;
        }
        let mut lexer = Lexer::of_file(self.bytes, *at);
        let Some(Value::Dict(dict)) = lexer.next() else { return None };
        self.pay((lexer.at - at) as u64);
        lexer.skip_space();
        let rest = self.bytes.get(lexer.at..)?.strip_prefix(b"stream")?;
        let rest = rest.strip_prefix(b"\r\n").or(rest.strip_prefix(b"\n")).or(rest.strip_prefix(b"\r")).unwrap_or(rest);
        let declared = dict.get("Length").and_then(|length| self.resolve(length).count());
        let is_end = |length: &usize| rest.get(*length..).is_some_and(|after| after.trim_ascii_start().starts_with(b"endstream"));
        if let Some(length) = declared.filter(is_end) {
            return Some((dict, &rest[..length]));
        }
        let rest = &rest[..rest.len().min(STREAM.min(self.purse.get()) as usize)];
        let length = memmem::find(rest, b"endstream").unwrap_or(rest.len());
        self.purse.set(self.purse.get().saturating_sub(length as u64 / 8 + 1));
        Some((dict, &rest[..length]))
    }

    /// A stream's bytes, filters undone; none for pictures and for what is not read here.
    pub(crate) fn decoded(&self, dict: &Dict, raw: &[u8]) -> Option<Vec<u8>> {
        self.undone(&self.filters(dict)?, raw)
    }

    /// The filters of a stream, the first to be undone first, each with its parameters; none when there are too many.
    pub(crate) fn filters(&self, dict: &Dict) -> Option<Vec<(Vec<u8>, Dict)>> {
        let filters = match &*self.get(dict, "Filter") {
            Value::Null => vec![],
            Value::Array(filters) => filters.iter().map(|f| (*self.resolve(f)).clone()).collect(),
            one => vec![one.clone()],
        };
        let parameters = match &*self.get(dict, "DecodeParms") {
            Value::Array(all) => all.iter().map(|p| self.dict(p).unwrap_or_default()).collect(),
            Value::Dict(one) => vec![one.clone()],
            _ => vec![],
        };
        if filters.len() > FILTERS {
            return None;
        }
        let named = filters.into_iter().enumerate().map(|(number, filter)| match filter {
            Value::Name(name) => Some((name, parameters.get(number).cloned().unwrap_or_default())),
            _ => None,
        });
        named.collect()
    }

    /// Bytes with these filters undone; none for filters that are not undone here.
    pub(crate) fn undone(&self, filters: &[(Vec<u8>, Dict)], raw: &[u8]) -> Option<Vec<u8>> {
        let most = STREAM.min(self.purse.get());
        if raw.len() as u64 > most {
            self.cut.set(true);
        }
        let mut bytes = raw[..raw.len().min(most as usize)].to_vec();
        self.purse.set(self.purse.get().saturating_sub(bytes.len() as u64));
        for (name, parameters) in filters {
            bytes = self.undo(name, &bytes, parameters)?;
        }
        Some(bytes)
    }

    /// The same, but whole or not at all: none also when a bound cut it, which [`Whole::Cut`] tells.
    pub(crate) fn undone_whole(&self, filters: &[(Vec<u8>, Dict)], raw: &[u8]) -> Whole {
        let cut_before = self.cut.replace(false);
        let bytes = self.undone(filters, raw);
        let cut = self.cut.get();
        self.cut.set(cut || cut_before);
        match bytes {
            _ if cut => Whole::Cut,
            Some(bytes) => Whole::Bytes(bytes),
            None => Whole::NotUndone,
        }
    }

    fn undo(&self, filter: &[u8], bytes: &[u8], parameters: &Dict) -> Option<Vec<u8>> {
        let most = STREAM.min(self.purse.get());
        let out = match filter {
            b"FlateDecode" | b"Fl" => inflate(bytes, most),
            b"LZWDecode" | b"LZW" => lzw(bytes, most, parameters.get("EarlyChange").and_then(Value::count) != Some(0)),
            b"ASCIIHexDecode" | b"AHx" => ascii_hex(bytes),
            b"ASCII85Decode" | b"A85" => ascii_85(bytes),
            b"RunLengthDecode" | b"RL" => run_length(bytes, most),
            _ => return None,
        };
        self.purse.set(self.purse.get().saturating_sub(out.len() as u64));
        if out.len() as u64 >= most {
            self.cut.set(true);
        }
        Some(unpredicted(out, parameters))
    }
}

/// The number of the object whose `obj` stands at `at`, and where it begins.
fn object_number(bytes: &[u8], at: usize) -> Option<(u32, usize)> {
    let back = |at: usize, wanted: fn(&u8) -> bool| {
        let floor = at.saturating_sub(24);
        bytes[floor..at].iter().rposition(|b| !wanted(b)).map_or(floor, |i| floor + i + 1)
    };
    let space = |b: &u8| b.is_ascii_whitespace() || *b == 0;
    let generation_end = back(at, space);
    let generation = back(generation_end, u8::is_ascii_digit);
    let number_end = back(generation, space);
    let number = back(number_end, u8::is_ascii_digit);
    let sound = generation < generation_end && number_end < generation && number < number_end && number_end - number <= 9;
    let value = sound.then(|| std::str::from_utf8(&bytes[number..number_end]).ok()?.parse().ok()).flatten()?;
    Some((value, number))
}

pub(crate) fn inflate(bytes: &[u8], most: u64) -> Vec<u8> {
    let mut out = Vec::new();
    // A broken stream still gives the bytes before the break.
    let _broken = ZlibDecoder::new(bytes).take(most).read_to_end(&mut out);
    if out.is_empty() && bytes.len() > 2 {
        let _broken = flate2::read::DeflateDecoder::new(&bytes[2..]).take(most).read_to_end(&mut out);
    }
    out
}

fn ascii_hex(bytes: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = bytes.iter().take_while(|b| **b != b'>').filter_map(|b| char::from(*b).to_digit(16)).map(|d| d as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).unwrap_or(&0)).collect()
}

fn ascii_85(bytes: &[u8]) -> Vec<u8> {
    let (mut out, mut group, mut count) = (Vec::with_capacity(bytes.len()), 0u64, 0);
    for b in bytes {
        match b {
            b'~' => break,
            b'z' if count == 0 => out.extend_from_slice(&[0; 4]),
            b'!'..=b'u' => {
                group = group * 85 + u64::from(b - b'!');
                count += 1;
                if count == 5 {
                    out.extend_from_slice(&(group as u32).to_be_bytes());
                    (group, count) = (0, 0);
                }
            }
            _ => {}
        }
    }
    if count > 1 {
        for _ in count..5 {
            group = group * 85 + 84;
        }
        out.extend_from_slice(&(group as u32).to_be_bytes()[..count - 1]);
    }
    out
}

pub(crate) fn run_length(bytes: &[u8], most: u64) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(length) = bytes.get(at).map(|b| usize::from(*b)).filter(|l| *l != 128) {
        if out.len() as u64 >= most {
            break;
        }
        match length {
            0..128 => {
                out.extend_from_slice(bytes.get(at + 1..(at + 2 + length).min(bytes.len())).unwrap_or_default());
                at += 2 + length;
            }
            _ => {
                let Some(b) = bytes.get(at + 1) else { break };
                out.resize(out.len() + 257 - length, *b);
                at += 2;
            }
        }
    }
    out
}

/// LZW as PDF and TIFF have it (§7.4.4).
pub(crate) fn lzw(bytes: &[u8], most: u64, early: bool) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    // Each entry is a range of what came out.
    let mut table: Vec<(usize, usize)> = Vec::new();
    let (mut width, mut bits, mut have, mut last) = (9u32, 0u32, 0u32, None::<(usize, usize)>);
    for b in bytes {
        bits = bits << 8 | u32::from(*b);
        have += 8;
        if have < width {
            continue;
        }
        have -= width;
        let code = (bits >> have & ((1 << width) - 1)) as usize;
        bits &= (1 << have) - 1;
        let start = out.len();
        if start as u64 >= most {
            break;
        }
        match code {
            256 => {
                table.clear();
                (width, last) = (9, None);
                continue;
            }
            257 => break,
            0..256 => out.push(code as u8),
            code => match (table.get(code - 258).copied(), last) {
                (Some((from, to)), _) => out.extend_from_within(from..to),
                (None, Some((from, to))) if code - 258 == table.len() => {
                    out.extend_from_within(from..to);
                    out.push(out[from]);
                }
                _ => break,
            },
        }
        if let Some((from, to)) = last
            && table.len() < 4096 - 258
        {
            // The entry is the last string and the first byte of this one, which follows it in the output.
            debug_assert_eq!(to, start);
            table.push((from, to + 1));
        }
        last = Some((start, out.len()));
        width = match 258 + table.len() + usize::from(early) {
            ..=511 => 9,
            512..=1023 => 10,
            1024..=2047 => 11,
            _ => 12,
        };
    }
    out
}

/// PNG predictors (§7.4.4.4) undone.
fn unpredicted(bytes: Vec<u8>, parameters: &Dict) -> Vec<u8> {
    let number = |name: &str, otherwise: usize| parameters.get(name).and_then(Value::count).unwrap_or(otherwise);
    if number("Predictor", 1) < 10 {
        return bytes;
    }
    let bits = number("Colors", 1).clamp(1, 32) * number("BitsPerComponent", 8).clamp(1, 16);
    let (pixel, row) = (bits.div_ceil(8), (bits * number("Columns", 1).clamp(1, 1 << 20)).div_ceil(8));
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut before = vec![0u8; row];
    for line in bytes.chunks(row + 1) {
        let mut now = line[1..].to_vec();
        for at in 0..now.len() {
            let left = if at >= pixel { now[at - pixel] } else { 0 };
            let corner = if at >= pixel { before[at - pixel] } else { 0 };
            let add = match line[0] {
                1 => left,
                2 => before[at],
                3 => ((u16::from(left) + u16::from(before[at])) / 2) as u8,
                4 => paeth(left, before[at], corner),
                _ => 0,
            };
            now[at] = now[at].wrapping_add(add);
        }
        out.extend_from_slice(&now);
        now.resize(row, 0);
        before = now;
    }
    out
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let (a, b, c) = (i32::from(left), i32::from(up), i32::from(corner));
    let p = a + b - c;
    let (pa, pb, pc) = ((p - a).abs(), (p - b).abs(), (p - c).abs());
    if pa <= pb && pa <= pc { left } else if pb <= pc { up } else { corner }
}
