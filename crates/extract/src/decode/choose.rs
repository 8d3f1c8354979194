//! Which charset bytes are in. Nothing is chosen for valid UTF-8, for ASCII and for what is no text at all.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};
use memchr::{memchr, memmem};

/// By what a charset was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// A mark of byte order.
    Mark,
    /// The sender said so beside the bytes.
    Sender,
    /// The page or the XML document says so itself.
    Page,
    /// The bytes have its shape; nothing else says so.
    Shape,
}

/// How bytes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    pub(crate) encoding: &'static Encoding,
    /// By what it was known.
    pub told: Told,
    /// Whether something else was declared, which the bytes do not bear out.
    pub against_declared: bool,
}

impl Choice {
    /// Its name (WHATWG).
    pub fn charset(&self) -> &'static str {
        self.encoding.name()
    }

    /// What was done, for a person.
    pub fn step(&self) -> String {
        let why = match self.told {
            Told::Mark => "by its byte order mark",
            Told::Sender => "as the sender declares",
            Told::Page => "as the page declares",
            Told::Shape => "by the shape of the bytes",
        };
        let against = if self.against_declared { ", against what is declared" } else { "" };
        format!("decoded from {} ({why}{against})", self.charset())
    }

    /// Whether the first bytes are a mark and no text.
    pub(crate) fn skips_mark(&self) -> bool {
        self.told == Told::Mark
    }
}

/// A charset that a sender declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

impl Charset {
    /// By its label (WHATWG), such as `windows-1251`, `tis-620`, `gb2312`; none when no charset has it.
    pub fn of(label: &str) -> Option<Charset> {
        Encoding::for_label(label.trim().as_bytes()).map(Charset)
    }

    /// The charset parameter of a media type, such as `text/html; charset=koi8-r`.
    pub fn of_media_type(media: &str) -> Option<Charset> {
        let label = media.split(';').skip(1).find_map(|field| {
            let (name, value) = field.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']))
        })?;
        Charset::of(label)
    }
}

/// Bytes in which a page declares its charset.
const DECLARATION: usize = 4096;
/// Bytes that are looked at for UTF-16, and for what is no text.
const SAMPLE: usize = 64 << 10;
/// Bytes that the detector is shown.
const SHOWN: usize = 1 << 20;
/// Of so many characters in the declared charset, one may be a fault.
const FAULTS: usize = 25;

/// Chooses; none when the bytes are read as they are.
pub fn choose(bytes: &[u8], declared: Option<Charset>) -> Option<Choice> {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    let choice = |encoding, told| Some(Choice { encoding, told, against_declared: false });
    match bytes {
        [0xff, 0xfe, 0, 0, ..] => return None,
        [0xff, 0xfe, ..] => return choice(UTF_16LE, Told::Mark),
        [0xfe, 0xff, ..] => return choice(UTF_16BE, Told::Mark),
        [0xef, 0xbb, 0xbf, ..] => return None,
        _ => {}
    }
    let has_nul = memchr(0, sample).is_some();
    if (has_nul || many_controls(sample)) && let Some(encoding) = utf16_columns(sample) {
        return choice(encoding, Told::Shape);
    }
    if has_nul || is_utf8(bytes) {
        return None;
    }
    by_declaration(bytes, declared).or_else(|| by_shape(bytes, declared.is_some() || page_says(bytes).is_some()))
}

/// Whole, or cut in the middle of its last character.
fn is_utf8(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && bytes.len() > 64 && bytes[..error.valid_up_to()].iter().any(|b| *b >= 0x80),
    }
}

/// The first declared charset without a fault; with faults, the one that has the fewest beside what the shape says.
fn by_declaration(bytes: &[u8], declared: Option<Charset>) -> Option<Choice> {
    let sender = declared.map(|charset| (charset.0, Told::Sender));
    let page = page_says(bytes).and_then(|label| Charset::of(&label)).map(|charset| (charset.0, Told::Page));
    // UTF-8 was looked at before, and a page that could say "UTF-16" in single bytes is not in UTF-16.
    let possible = |(encoding, _): &(&'static Encoding, Told)| ![UTF_8, REPLACEMENT, UTF_16LE, UTF_16BE].contains(encoding);
    let (mut best, mut fewest) = (None, usize::MAX);
    for (encoding, told) in [sender, page].into_iter().flatten().filter(possible) {
        let faults = faults(bytes, encoding);
        if faults < fewest {
            (best, fewest) = (Some(Choice { encoding, told, against_declared: false }), faults);
        }
    }
    let shape = if fewest > 0 && best.is_some() { by_shape(bytes, true) } else { None };
    shape.filter(|shape| faults(bytes, shape.encoding) < fewest).or(best.filter(|_| fewest < usize::MAX))
}

/// Characters that bytes do not explain when read so; a character that is cut at the end is none. Too many, and it is
/// no text in that charset.
fn faults(bytes: &[u8], encoding: &'static Encoding) -> usize {
    let shown = &bytes[..bytes.len().min(SHOWN)];
    let (text, _) = encoding.decode_without_bom_handling(shown);
    let text = text.strip_suffix('\u{fffd}').unwrap_or(&text);
    let (mut foreign, mut faults) = (0usize, 0usize);
    for c in text.chars().filter(|c| !c.is_ascii()) {
        foreign += 1;
        // C1 controls are what a table has where it has nothing.
        faults += usize::from(c == '\u{fffd}' || ('\u{80}'..'\u{a0}').contains(&c));
    }
    if faults * FAULTS > foreign.max(FAULTS) { usize::MAX } else { faults }
}

fn by_shape(bytes: &[u8], against_declared: bool) -> Option<Choice> {
    let shown = &bytes[..bytes.len().min(SHOWN)];
    let foreign = shown.iter().filter(|b| **b >= 0x80).count();
    // Compressed bytes and pictures are no text in any charset.
    let controls = shown.iter().filter(|b| is_control(**b)).count();
    if controls * 50 > shown.len() {
        return None;
    }
    let mostly_utf8 = shown.utf8_chunks().map(|chunk| chunk.invalid().len()).sum::<usize>();
    if mostly_utf8 * 20 < foreign {
        // UTF-8 with a few faults.
        return None;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(shown, true);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    Some(Choice { encoding, told: Told::Shape, against_declared })
}

fn is_control(b: u8) -> bool {
    b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b)
}

fn many_controls(sample: &[u8]) -> bool {
    let head = &sample[..sample.len().min(4096)];
    head.iter().filter(|b| is_control(**b)).count() * 10 > head.len()
}

/// UTF-16 without a mark: in one of the two orders the units are characters of few blocks, and none is a control.
fn utf16_columns(sample: &[u8]) -> Option<&'static Encoding> {
    let little = plausible(sample, u16::from_le_bytes);
    let big = plausible(sample, u16::from_be_bytes);
    match () {
        () if little > big && little > 0 => Some(UTF_16LE),
        () if big > little => Some(UTF_16BE),
        () => None,
    }
}

/// Of 100, how many units belong to the two most frequent blocks or to Han; 0 when this is no text.
fn plausible(sample: &[u8], unit: fn([u8; 2]) -> u16) -> usize {
    let units: Vec<u16> = sample.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    if units.len() < 4 {
        return 0;
    }
    let mut blocks = [0usize; 256];
    let (mut odd, mut plain) = (0, 0);
    for value in &units {
        let control = *value < 0x20 && !matches!(value, 9 | 10 | 13);
        odd += usize::from(control || matches!(value, 0x7f..=0x9f | 0xe000..=0xf8ff | 0xfdd0..=0xfdef | 0xfffe | 0xffff));
        plain += usize::from(matches!(value, 9 | 10 | 13 | 0x20..=0x7e));
        blocks[usize::from(value >> 8)] += 1;
    }
    let han: usize = blocks[0x4e..=0x9f].iter().sum::<usize>() + blocks[0x30] + blocks[0xff];
    blocks.sort_unstable();
    let common = (blocks[255] + blocks[254]).max(han + plain);
    let share = common * 100 / units.len();
    if odd * 200 > units.len() || share < 85 || plain == 0 { 0 } else { share + plain * 100 / units.len() }
}

/// The charset that a page names in its first bytes: `<meta charset>`, `<meta … content="…charset=…">`, `<?xml encoding?>`.
fn page_says(bytes: &[u8]) -> Option<String> {
    let head = bytes[..bytes.len().min(DECLARATION)].to_ascii_lowercase();
    if head.starts_with(b"<?xml") {
        let end = memmem::find(&head, b"?>").unwrap_or(head.len());
        return after(&head[..end], b"encoding");
    }
    for at in memmem::find_iter(&head, b"<meta") {
        let end = memchr(b'>', &head[at..]).map_or(head.len(), |i| at + i);
        if let Some(label) = after(&head[at..end], b"charset") {
            return Some(label);
        }
    }
    None
}

fn after(tag: &[u8], word: &[u8]) -> Option<String> {
    let rest = tag[memmem::find(tag, word)? + word.len()..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let rest = rest.strip_prefix(b"\"").or(rest.strip_prefix(b"'")).unwrap_or(rest);
    let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || b"-_:.".contains(b)).count();
    (1..=40).contains(&length).then(|| String::from_utf8_lossy(&rest[..length]).into_owned())
}
