//! One pass over flattened text. A byte class decides in a step whether anything can begin here:
//! words, `@`, `.`, `:`, `+`, `-`, brackets; each anchor looks a bounded distance to both sides and
//! hands an exact candidate to a rule. All boundaries are ASCII, so a Thai or Cyrillic letter may
//! touch an address. Cost is linear in the text, whatever the text is (law 14).
//! Why not one large regular expression: the same candidates, but joints between tags could not be
//! weighed, and the bench shows what it costs.

mod hosts;
mod signs;
mod words;

use crate::flat::{Flat, Zone};
use crate::phone::{self, Region};
use crate::verdict::{Hit, ascii_lower};

/// Longest local part of a mail address (RFC 5321 §4.5.3.1.1).
const LOCAL_PART: usize = 64;
/// Longest host name that is looked at, with room for glued words.
const HOST: usize = 320;
/// Longest URL that is reported whole.
const URL: usize = 4096;
/// URLs inside a URL that are reported too (archives, redirectors).
const NESTED_URLS: u32 = 4;
/// How far before a word the words that give it a meaning may stand, in bytes.
const CONTEXT: usize = 64;

/// Runs over one [`Flat`] and collects what it holds.
pub(crate) struct Pass<'a> {
    flat: &'a Flat<'a>,
    raw: &'a [u8],
    text: &'a [u8],
    region: Option<Region>,
    phones: &'a mut phone::Judge,
    hits: Vec<Hit>,
    host_done: usize,
    colons_done: usize,
    brackets_done: usize,
    url_end: usize,
    url_depth: u32,
    /// The text was read back from a defanged stretch: nothing in it is read back again.
    is_inner: bool,
    /// The text has folded letters in it.
    is_folding: bool,
    /// The bytes before `seen`, one bit each: letter or digit; letter of base64url.
    recent: u64,
    base64: u64,
    seen: usize,
}

/// A place to look at.
#[derive(Debug, Clone, Copy)]
struct Stop {
    at: usize,
    /// A word that is long, or that continues groups, ends here.
    word_ends: bool,
    /// Forty-eight letters of base64url end here.
    is_forty_eight: bool,
}

/// Fourteen bits tell every shape of interest, so one look into this table decides.
const SHAPES: usize = 1 << 14;

/// Whether the last bytes (one bit each, 1 for a letter or digit) end a word of 14 or more, of exactly
/// 8 or 10, or a second group of four, of six after four, of six after six.
const fn is_shape(recent: usize) -> bool {
    recent == 0x3fff
        || recent & 0x1ff == 0xff
        || recent & 0x7ff == 0x3ff
        || recent & 0x3ff == 0b01_1110_1111
        || recent & 0xfff == 0b0111_1011_1111
        || recent == 0b01_1111_1011_1111
}

/// One bit for each value of the last fourteen bytes.
static SHAPE: [u64; SHAPES / 64] = {
    let mut table = [0u64; SHAPES / 64];
    let mut i = 0;
    while i < SHAPES {
        if is_shape(i) {
            table[i / 64] |= 1 << (i % 64);
        }
        i += 1;
    }
    table
};

fn is_word_of_interest(recent: u64, any_word: u64) -> bool {
    let shape = (recent as usize) & (SHAPES - 1);
    (SHAPE[shape / 64] >> (shape % 64) & 1 == 1) | (recent & any_word != 0)
}

/// Exactly forty-eight letters of base64url.
fn is_forty_eight(recent: u64) -> bool {
    recent & ((1 << 49) - 1) == (1 << 48) - 1
}

/// What stands around a dotted word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    /// Nothing that says it is a host.
    Nothing,
    /// A scheme or `//`.
    Scheme,
}

impl<'a> Pass<'a> {
    pub(crate) fn new(flat: &'a Flat<'a>, raw: &'a [u8], region: Option<Region>, phones: &'a mut phone::Judge) -> Self {
        Pass {
            flat, raw, text: &flat.bytes, region, phones, hits: Vec::new(),
            host_done: 0, colons_done: 0, brackets_done: 0, url_end: 0, url_depth: 0, is_inner: false, is_folding: false,
            recent: 0, base64: 0, seen: 0,
        }
    }

    /// Every hit, in the order in which it was found.
    pub(crate) fn run(mut self) -> Vec<Hit> {
        if !self.is_inner && !self.is_folding {
            self.dot_words();
            self.folded();
            self.seed_phrases();
        }
        let mut at = 0;
        while at < self.text.len() {
            let stop = self.next_stop(at);
            at = self.look(at, stop);
        }
        self.hits
    }

    /// The next byte at which something can begin, or at which a word worth a look has ended. One
    /// branch per byte: whether a byte belongs to a word is as good as random, and would be mispredicted.
    fn next_stop(&mut self, from: usize) -> Stop {
        let any_word = u64::from(self.region.is_some());
        let (mut recent, mut base64) = if from == self.seen { (self.recent, self.base64) } else { (0, 0) };
        for (i, byte) in self.text[from..].iter().enumerate() {
            let flags = u64::from(FLAGS[*byte as usize]);
            let word_ends = is_word_of_interest(recent, any_word) & (flags & IS_WORD == 0);
            let is_forty_eight = is_forty_eight(base64) & (flags & IS_BASE64 == 0);
            recent = recent << 1 | flags & IS_WORD;
            base64 = base64 << 1 | (flags & IS_BASE64) >> 1;
            if word_ends | is_forty_eight | (flags & IS_STOP != 0) {
                self.seen = from + i + 1;
                (self.recent, self.base64) = (recent, base64);
                return Stop { at: from + i, word_ends, is_forty_eight };
            }
        }
        Stop { at: self.text.len(), word_ends: is_word_of_interest(recent, any_word), is_forty_eight: is_forty_eight(base64) }
    }

    /// Looks at a stop; returns where to go on.
    fn look(&mut self, from: usize, stop: Stop) -> usize {
        let at = stop.at;
        if stop.is_forty_eight {
            self.ton(at - 48, at);
        }
        if stop.word_ends {
            let start = self.left(at, at, from, &WORD);
            let past = self.word(start, at);
            if past > at {
                return past;
            }
        }
        match self.text.get(at).map_or(Class::Other, |b| CLASS[*b as usize]) {
            Class::Other | Class::Word => at + 1,
            Class::Dot => self.dot(at),
            Class::At => self.at_sign(at),
            Class::Colon => self.colon(at),
            Class::Plus => self.plus(at),
            Class::Dash => self.dash(at),
            Class::Bracket => self.bracket(at),
        }
    }

    fn byte(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(b'\n')
    }

    fn before(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(b'\n', |i| self.text[i])
    }

    /// Start of the run of `wanted` bytes that ends at `at`.
    fn left(&self, at: usize, most: usize, floor: usize, wanted: &[bool; 256]) -> usize {
        let floor = floor.max(at.saturating_sub(most)).min(at);
        self.text[floor..at].iter().rposition(|b| !wanted[*b as usize]).map_or(floor, |i| floor + i + 1)
    }

    /// End of the run of `wanted` bytes that starts at `at`.
    fn right(&self, at: usize, most: usize, wanted: &[bool; 256]) -> usize {
        let ceiling = self.text.len().min(at + most);
        self.text[at..ceiling].iter().position(|b| !wanted[*b as usize]).map_or(ceiling, |i| at + i)
    }

    fn context(&self, at: usize) -> String {
        ascii_lower(&self.text[at.saturating_sub(CONTEXT)..at])
    }

    fn zone(&self, at: usize) -> &Zone {
        self.flat.zone(at)
    }
}

const FINGERPRINT_CUES: [&str; 6] = ["fingerprint", "openpgp", "pgp", "gpg", "key id", "отпечаток"];

/// A short cue in a spaced script must be a word of its own: three letters stand in every other address.
fn says(context: &str, cue: &str) -> bool {
    let spaced = cue.chars().all(|c| c.is_ascii() || ('\u{400}'..'\u{530}').contains(&c));
    if !spaced || cue.chars().count() > 4 {
        return context.contains(cue);
    }
    context.split(|c: char| !c.is_alphanumeric()).any(|word| word == cue)
}

fn speaks_of_telegram(context: &str) -> bool {
    let is_word = |word: &str| context.split(|c: char| !c.is_alphanumeric()).any(|found| found == word);
    context.contains("telegram") || context.contains("телеграм") || context.contains("Телеграм") || is_word("tg") || is_word("тг")
}

fn is_telegram_name(name: &[u8]) -> bool {
    (4..=32).contains(&name.len()) && name[0].is_ascii_alphabetic() && name.iter().all(|b| NAME_BYTE[*b as usize])
}

/// First parts of Telegram paths that are no names.
fn is_telegram_word(name: &[u8]) -> bool {
    matches!(name, b"joinchat" | b"addstickers" | b"share" | b"proxy" | b"socks" | b"setlanguage" | b"addlist" | b"addemoji" | b"iv")
}

const KNOWN_SCHEMES: [&[u8]; 14] = [
    b"https", b"http", b"hxxps", b"hxxp", b"sftp", b"ftps", b"ftp", b"wss", b"ircs", b"irc", b"socks5", b"socks4",
    b"magnet", b"ipfs",
];

/// What can begin at a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Other,
    Word,
    Dot,
    At,
    Colon,
    Plus,
    Dash,
    Bracket,
}

static CLASS: [Class; 256] = {
    let mut table = [Class::Other; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = match i as u8 {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => Class::Word,
            b'.' => Class::Dot,
            b'@' => Class::At,
            b':' => Class::Colon,
            b'+' => Class::Plus,
            b'-' => Class::Dash,
            b'[' | b'(' | b'{' => Class::Bracket,
            _ => Class::Other,
        };
        i += 1;
    }
    table
};

const IS_WORD: u64 = 1;
const IS_BASE64: u64 = 2;
const IS_STOP: u64 = 4;

/// What the search for the next stop asks of a byte.
static FLAGS: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = match CLASS[i] {
            Class::Word => (IS_WORD | IS_BASE64) as u8,
            Class::Dash => (IS_STOP | IS_BASE64) as u8,
            Class::Other if i == b'_' as usize => IS_BASE64 as u8,
            Class::Other => 0,
            _ => IS_STOP as u8,
        };
        i += 1;
    }
    table
};

const fn letters_and(others: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 128 {
        table[i] = (i as u8).is_ascii_alphanumeric();
        i += 1;
    }
    let mut j = 0;
    while j < others.len() {
        table[others[j] as usize] = true;
        j += 1;
    }
    table
}

static HOST_BYTE: [bool; 256] = letters_and(b".-_");
static WORD: [bool; 256] = letters_and(b"");
/// Other characters of RFC 5321 (`= / ? & # ! $ * ^ { | } ~ '`) are legal in a local part, and in real
/// text far more often part it from what stands before it.
static LOCAL_BYTE: [bool; 256] = letters_and(b"._%+-");
static NAME_BYTE: [bool; 256] = letters_and(b"_");
static INVITE_BYTE: [bool; 256] = letters_and(b"_+-/");
static SCHEME_BYTE: [bool; 256] = letters_and(b"+-.");
static BASE64: [bool; 256] = letters_and(b"+/");
/// RFC 3986; other scripts end a URL, so that a Thai or Russian sentence may touch it.
static URL_BYTE: [bool; 256] = letters_and(b"-._~:/?#[]@!$&'()*+,;=%");
static HEX_COLON: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 128 {
        table[i] = (i as u8).is_ascii_hexdigit() || i as u8 == b':' || i as u8 == b'.';
        i += 1;
    }
    table
};
