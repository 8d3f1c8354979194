//! Codes of a font to letters (ISO 32000-1 §9.10): its ToUnicode map first, then its encoding by glyph names, then
//! the charset of a predefined map. A code that nothing explains is U+FFFD, and is counted.

use std::collections::BTreeMap;

use encoding_rs::{BIG5, Encoding, GBK, MACINTOSH, SHIFT_JIS, UTF_16BE, WINDOWS_1252};

use super::file::File;
use super::object::{Dict, Lexer, Value};

/// Entries of one map.
const ENTRIES: usize = 70_000;
/// Ranges of one map that may hold a code: those with the nearest first codes.
const NEAREST: usize = 8;
/// Ranges of lengths of codes.
const SPACES: usize = 100;
/// Units of UTF-16 that one code may stand for.
const UNITS: usize = 32;

/// A font as far as its text is concerned.
#[derive(Default)]
pub(crate) struct Font {
    to_unicode: Option<Map>,
    /// Letters of one-byte codes.
    simple: Vec<Option<char>>,
    /// Charset of a predefined map.
    charset: Option<&'static Encoding>,
    wide: bool,
    widths: BTreeMap<u32, f32>,
    default_width: f32,
}

#[derive(Default)]
struct Map {
    letters: BTreeMap<u32, String>,
    /// By first code: last code, first letter.
    ranges: BTreeMap<u32, (u32, u32)>,
    /// Lengths of codes, by their ranges: bytes, low, high.
    spaces: Vec<(usize, u32, u32)>,
}

/// One code of a string.
pub(crate) struct Shown {
    pub text: String,
    /// In thousandths of the size.
    pub width: f32,
    /// Nothing says what it stands for.
    pub unknown: bool,
}

impl Font {
    pub(crate) fn read(file: &File<'_>, dict: &Dict) -> Font {
        let font = Font::read_in(file, dict);
        // A file that has its fonts read again and again pays each time for what a font holds.
        let entries = font.widths.len() + font.to_unicode.as_ref().map_or(0, |map| map.letters.len() + map.ranges.len());
        file.pay(1024 + 16 * entries as u64);
        font
    }

    fn read_in(file: &File<'_>, dict: &Dict) -> Font {
        let mut font = Font { default_width: 500.0, ..Font::default() };
        font.wide = dict.is("Subtype", "Type0");
        if !file.pay(0) {
            return font;
        }
        if let Some((stream, raw)) = dict.get("ToUnicode").and_then(|value| file.stream(value))
            && let Some(content) = file.decoded(&stream, raw)
        {
            font.to_unicode = Some(Map::read(&content)).filter(|map| !map.letters.is_empty() || !map.ranges.is_empty());
        }
        if font.wide { font.composite(file, dict) } else { font.plain(file, dict) }
        font
    }

    fn composite(&mut self, file: &File<'_>, dict: &Dict) {
        if let Value::Name(name) = &*file.get(dict, "Encoding") {
            let name = String::from_utf8_lossy(name).into_owned();
            self.charset = [("UCS2", UTF_16BE), ("UTF16", UTF_16BE), ("GBK", GBK), ("GB-", GBK), ("GBpc", GBK), ("B5", BIG5), ("RKSJ", SHIFT_JIS)]
                .into_iter().find(|(sign, _)| name.contains(sign)).map(|(_, charset)| charset);
        }
        self.default_width = 1000.0;
        let Value::Array(descendants) = &*file.get(dict, "DescendantFonts") else { return };
        let Some(inner) = descendants.first().and_then(|value| file.dict(value)) else { return };
        if let Some(width) = file.get(&inner, "DW").number() {
            self.default_width = width as f32;
        }
        let Value::Array(widths) = &*file.get(&inner, "W") else { return };
        let mut at = 0;
        while let Some(first) = widths.get(at).and_then(Value::count).filter(|_| self.widths.len() < ENTRIES) {
            match widths.get(at + 1).map(|value| file.resolve(value)).as_deref() {
                Some(Value::Array(each)) => {
                    for (number, width) in each.iter().enumerate() {
                        self.width(first as u32 + number as u32, width);
                    }
                    at += 2;
                }
                Some(Value::Number(last)) => {
                    let last = (*last as u32).min(first as u32 + 70_000);
                    let width = widths.get(at + 2).unwrap_or(&Value::Null);
                    // One pays for the codes and not for the letters of the range: the same codes come back for ever.
                    if !file.pay(u64::from(last.saturating_sub(first as u32))) {
                        return;
                    }
                    for code in first as u32..=last {
                        self.width(code, width);
                    }
                    at += 3;
                }
                _ => return,
            }
        }
    }

    fn width(&mut self, code: u32, width: &Value) {
        if let Some(width) = width.number().filter(|_| self.widths.len() < ENTRIES) {
            self.widths.insert(code, width as f32);
        }
    }

    fn plain(&mut self, file: &File<'_>, dict: &Dict) {
        let first = file.get(dict, "FirstChar").count().unwrap_or(0) as u32;
        if let Value::Array(widths) = &*file.get(dict, "Widths") {
            for (number, width) in widths.iter().take(256).enumerate() {
                self.width(first.saturating_add(number as u32), &file.resolve(width));
            }
        }
        let encoding = file.get(dict, "Encoding");
        let (base, differences) = match &*encoding {
            Value::Name(name) => (Some(name.clone()), None),
            Value::Dict(dict) => {
                let base = match &*file.get(dict, "BaseEncoding") {
                    Value::Name(name) => Some(name.clone()),
                    _ => None,
                };
                (base, Some(file.get(dict, "Differences")))
            }
            _ => (None, None),
        };
        let table = if base.as_deref() == Some(b"MacRomanEncoding") { MACINTOSH } else { WINDOWS_1252 };
        self.simple = (0u8..=255).map(|code| table.decode_without_bom_handling(&[code]).0.chars().next().filter(|c| !c.is_control() || *c == '\t')).collect();
        let Some(Value::Array(differences)) = differences.as_deref() else { return };
        let mut code = 0usize;
        for value in differences.iter() {
            match value {
                Value::Number(number) => code = number.max(0.0) as usize,
                Value::Name(name) => {
                    if let Some(letter) = self.simple.get_mut(code) {
                        *letter = glyph(name);
                    }
                    code += 1;
                }
                _ => {}
            }
        }
    }

    /// The codes of a string, one after the other.
    pub(crate) fn show(&self, mut bytes: &[u8], mut each: impl FnMut(Shown)) {
        while !bytes.is_empty() {
            let length = self.code_length(bytes).min(bytes.len());
            let (code_bytes, rest) = bytes.split_at(length);
            let code = code_bytes.iter().fold(0u32, |code, b| code << 8 | u32::from(*b));
            let text = self.letters(code, code_bytes);
            let width = self.widths.get(&code).copied().unwrap_or(self.default_width);
            each(Shown { unknown: text.is_none(), text: text.unwrap_or_else(|| "\u{fffd}".into()), width });
            bytes = rest;
        }
    }

    fn code_length(&self, bytes: &[u8]) -> usize {
        if let Some(map) = &self.to_unicode && self.wide {
            let fits = |length: usize| {
                let code = bytes.get(..length)?.iter().fold(0u32, |code, b| code << 8 | u32::from(*b));
                map.spaces.iter().any(|(bytes, low, high)| *bytes == length && (*low..=*high).contains(&code)).then_some(length)
            };
            if let Some(length) = [1, 2, 3, 4].into_iter().find_map(fits) {
                return length;
            }
        }
        match self.charset {
            _ if !self.wide => 1,
            Some(charset) if charset != UTF_16BE && bytes[0] < 0x81 => 1,
            _ => 2,
        }
    }

    fn letters(&self, code: u32, bytes: &[u8]) -> Option<String> {
        if let Some(map) = &self.to_unicode
            && let Some(text) = map.letters(code)
        {
            return Some(text);
        }
        if let Some(charset) = self.charset {
            return charset.decode_without_bom_handling_and_without_replacement(bytes).map(|text| text.into_owned());
        }
        self.simple.get(code as usize).copied().flatten().filter(|_| !self.wide).map(String::from)
    }
}

impl Map {
    /// A CMap (§9.10.3): only its tables are read, nothing is run.
    fn read(content: &[u8]) -> Map {
        let (mut map, mut lexer, mut held) = (Map::default(), Lexer::of_content(content), Vec::new());
        while let Some(value) = lexer.next() {
            match &value {
                Value::Word(word) => {
                    match &**word {
                        b"endcodespacerange" => map.code_spaces(&held),
                        b"endbfchar" => map.characters(&held),
                        b"endbfrange" => map.code_ranges(&held),
                        _ => {}
                    }
                    held.clear();
                }
                _ if held.len() < 4096 => held.push(value),
                _ => {}
            }
        }
        map
    }

    fn code_spaces(&mut self, held: &[Value]) {
        for pair in held.chunks_exact(2).take(SPACES - self.spaces.len()) {
            if let [Value::Text(low), Value::Text(high)] = pair {
                self.spaces.push((low.len(), number(low), number(high)));
            }
        }
    }

    fn characters(&mut self, held: &[Value]) {
        for pair in held.chunks_exact(2) {
            if let [Value::Text(code), Value::Text(letters)] = pair {
                self.letter(number(code), letters);
            }
        }
    }

    fn code_ranges(&mut self, held: &[Value]) {
        for three in held.chunks_exact(3) {
            let [Value::Text(low), Value::Text(high), to] = three else { continue };
            let (low, high) = (number(low), number(high));
            match to {
                Value::Text(first) if first.len() <= 2 && self.ranges.len() < ENTRIES => drop(self.ranges.entry(low).or_insert((high, number(first)))),
                Value::Text(first) => {
                    // The last unit counts on.
                    for step in 0..=high.saturating_sub(low).min(255) {
                        let mut units = first.clone();
                        if let Some(last) = units.last_mut() {
                            *last = last.wrapping_add(step as u8);
                        }
                        self.letter(low.saturating_add(step), &units);
                    }
                }
                Value::Array(each) => {
                    for (step, letters) in each.iter().enumerate() {
                        if let Value::Text(letters) = letters {
                            self.letter(low.saturating_add(step as u32), letters);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn letter(&mut self, code: u32, units: &[u8]) {
        if self.letters.len() < ENTRIES {
            let units: Vec<u16> = if units.len() == 1 { vec![u16::from(units[0])] } else {
                units.chunks_exact(2).take(UNITS).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
            };
            self.letters.insert(code, String::from_utf16_lossy(&units));
        }
    }

    fn letters(&self, code: u32) -> Option<String> {
        if let Some(text) = self.letters.get(&code) {
            return Some(text.clone());
        }
        let (low, (_, first)) = self.ranges.range(..=code).rev().take(NEAREST).find(|(_, (high, _))| *high >= code)?;
        char::from_u32(first.saturating_add(code - low)).map(String::from)
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |value, b| value << 8 | u32::from(*b))
}

/// The letter of a glyph's name (Adobe Glyph List, the part that text of this region needs).
fn glyph(name: &[u8]) -> Option<char> {
    let name = std::str::from_utf8(name).ok()?;
    let name = name.split('.').next().unwrap_or_default();
    if name.chars().count() == 1 {
        return name.chars().next();
    }
    if let Some(letter) = NAMED.iter().find(|(known, _)| *known == name).map(|(_, letter)| *letter) {
        return Some(letter);
    }
    let hex = name.strip_prefix("uni").or(name.strip_prefix('u')).filter(|hex| (4..=6).contains(&hex.len()));
    if let Some(letter) = hex.and_then(|hex| char::from_u32(u32::from_str_radix(hex, 16).ok()?)) {
        return Some(letter);
    }
    if let Some(number) = name.strip_prefix("afii").and_then(|n| n.parse::<u32>().ok()) {
        // Cyrillic: the letter IO stands between IE and ZHE.
        return match number {
            10017..=10022 => char::from_u32(0x410 + number - 10017),
            10023 => Some('Ё'),
            10024..=10049 => char::from_u32(0x416 + number - 10024),
            10065..=10070 => char::from_u32(0x430 + number - 10065),
            10071 => Some('ё'),
            10072..=10097 => char::from_u32(0x436 + number - 10072),
            61352 => Some('№'),
            _ => None,
        };
    }
    accented(name)
}

/// `eacute`: a letter and the name of its accent.
fn accented(name: &str) -> Option<char> {
    const ACCENTS: [(&str, &str, &str); 6] = [
        ("grave", "AEIOUaeiou", "ÀÈÌÒÙàèìòù"), ("acute", "AEIOUYaeiouy", "ÁÉÍÓÚÝáéíóúý"), ("circumflex", "AEIOUaeiou", "ÂÊÎÔÛâêîôû"),
        ("tilde", "ANOano", "ÃÑÕãñõ"), ("dieresis", "AEIOUaeiouy", "ÄËÏÖÜäëïöüÿ"), ("caron", "SZCsczr", "ŠŽČščžř"),
    ];
    let letter = name.chars().next()?;
    let accent = &name[letter.len_utf8()..];
    let (_, plain, with) = ACCENTS.iter().find(|(known, ..)| *known == accent)?;
    with.chars().nth(plain.chars().position(|c| c == letter)?)
}

const NAMED: [(&str, char); 85] = [
    ("space", ' '), ("exclam", '!'), ("quotedbl", '"'), ("numbersign", '#'), ("dollar", '$'), ("percent", '%'),
    ("ampersand", '&'), ("quotesingle", '\''), ("parenleft", '('), ("parenright", ')'), ("asterisk", '*'), ("plus", '+'),
    ("comma", ','), ("hyphen", '-'), ("minus", '-'), ("period", '.'), ("slash", '/'), ("zero", '0'), ("one", '1'),
    ("two", '2'), ("three", '3'), ("four", '4'), ("five", '5'), ("six", '6'), ("seven", '7'), ("eight", '8'),
    ("nine", '9'), ("colon", ':'), ("semicolon", ';'), ("less", '<'), ("equal", '='), ("greater", '>'),
    ("question", '?'), ("at", '@'), ("bracketleft", '['), ("backslash", '\\'), ("bracketright", ']'),
    ("asciicircum", '^'), ("underscore", '_'), ("grave", '`'), ("braceleft", '{'), ("bar", '|'), ("braceright", '}'),
    ("asciitilde", '~'), ("quoteleft", '\u{2018}'), ("quoteright", '\u{2019}'), ("quotedblleft", '\u{201c}'),
    ("quotedblright", '\u{201d}'), ("quotedblbase", '\u{201e}'), ("quotesinglbase", '\u{201a}'), ("endash", '\u{2013}'),
    ("emdash", '\u{2014}'), ("ellipsis", '\u{2026}'), ("bullet", '\u{2022}'), ("Euro", '€'), ("sterling", '£'),
    ("yen", '¥'), ("cent", '¢'), ("currency", '¤'), ("section", '§'), ("copyright", '©'), ("registered", '®'),
    ("trademark", '™'), ("degree", '°'), ("plusminus", '±'), ("mu", 'µ'), ("paragraph", '¶'),
    ("periodcentered", '·'), ("guillemotleft", '«'), ("guillemotright", '»'), ("guilsinglleft", '‹'),
    ("guilsinglright", '›'), ("fi", 'ﬁ'), ("fl", 'ﬂ'), ("ff", 'ﬀ'), ("ffi", 'ﬃ'), ("ffl", 'ﬄ'), ("germandbls", 'ß'),
    ("dotlessi", 'ı'), ("ae", 'æ'), ("AE", 'Æ'), ("oe", 'œ'), ("OE", 'Œ'), ("ccedilla", 'ç'), ("nbspace", ' '),
];
