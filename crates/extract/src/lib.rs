//! Bytes to selectors: typed identifiers with exact raw byte offsets and one of three states
//! (verified, unverifiable, failed-checksum; failures are kept). Pure: no I/O but the reader that is
//! given, no look-ups, no clock, no permit; the same bytes and hints give the same answer (laws 6, 14).
//!
//! It refuses to say whose an identifier is: a match is a candidate, not an identity.
//!
//! What is decided here, and may be argued with:
//! - A bare dotted word under a suffix that is also a file ending (`README.md`, `setup.sh`, `a.zip`) is
//!   a domain only with a scheme, `//`, `www.`, a path or a port. `.onion` names are never domains.
//! - Forty bare hex digits are a fingerprint only after a word such as *fingerprint* or *PGP*.
//! - `@name` is a Telegram name only near the word Telegram or tg; `name@host` an XMPP address only near
//!   XMPP or Jabber.
//! - Cards, devices, digests, key ids and bare private keys need a word near them, or an embossed grouping.
//! - A failed Base58Check is kept when the word stands alone and mixes letters as addresses do.
//! - An ASCII boundary parts words, so a letter of another script may touch an address.
//! - A dotted version number of four parts cannot be told from an IPv4 address, except after the word
//!   *version* or a slash.
//! - Not read yet: files inside `data:` URIs, host names in other scripts than ASCII.
//! - Text in another charset than UTF-8 is decoded first (`decode`), by what its first window says; offsets stay raw.

pub mod chat;
mod coins;
mod cues;
pub mod decode;
mod defang;
mod flat;
mod fold;
mod hexes;
mod host;
mod html;
mod i2p;
pub mod links;
mod numbers;
pub mod listing;
mod onion;
pub mod page;
mod pass;
pub mod passages;
mod pgp;
mod phone;
mod resolve;
mod secrets;
mod seed;
mod verdict;
mod window;

use std::io::Read;

use model::selector::{Cue, FoundSelector, SelectorType};

pub use phone::{Region, UnknownRegion};
use decode::mail::{Mail, Part};
use window::{OVERLAP, Reading, Seam};

/// Name and version of the method, for findings.
pub const METHOD: &str = concat!("lanternfish extract ", env!("CARGO_PKG_VERSION"), ", rules 3");

/// What kind of bytes are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Look at the bytes: mail when they begin with its header, JSON when they begin as such, HTML when one of its usual
    /// tags stands in the first 64 KiB, else text.
    #[default]
    Auto,
    /// HTML: text, attributes, comments and scripts are read, each for what it is.
    Html,
    /// Plain text.
    Text,
    /// JSON, or lines of it: the escapes of its strings are undone.
    Json,
    /// E-mail, or an mbox file: transfer codings and encoded words are undone, and each text is read for what it is.
    Mail,
}

/// What the caller knows about the bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints {
    /// What kind of bytes.
    pub kind: Kind,
    /// Region for telephone numbers in national form; without it only `+…` numbers are found.
    pub default_region: Option<Region>,
}

/// Finds selectors. Cheap to make; holds no state between scans.
#[derive(Debug, Clone, Copy)]
pub struct Scanner {
    window: usize,
    declared: Option<decode::Charset>,
}

impl Default for Scanner {
    fn default() -> Self {
        Scanner::new()
    }
}

/// Bytes of input that are held at a time.
const WINDOW: usize = 16 << 20;
/// Bytes of decoded text that are held at a time.
const DECODED_WINDOW: usize = 4 << 20;
/// Bytes of the text of a mail that are held at a time, with two maps.
const MAIL_WINDOW: usize = 2 << 20;

impl Scanner {
    /// A scanner that reads large inputs in windows of 16 MiB.
    pub fn new() -> Self {
        Scanner { window: WINDOW, declared: None }
    }

    /// A scanner with another window, in bytes; at least 2 MiB are used.
    pub fn with_window(bytes: usize) -> Self {
        Scanner { window: bytes.clamp(2 * OVERLAP, 1 << 30), declared: None }
    }

    /// The same scanner for bytes whose sender declared a charset; the bytes themselves may say otherwise.
    pub fn declared(self, charset: Option<decode::Charset>) -> Self {
        Scanner { declared: charset, ..self }
    }

    /// All selectors in `bytes`, sorted by start, end and type. `start..end` are offsets into `bytes`
    /// as given: tags, entities and invisible characters inside a joined selector lie within it.
    ///
    /// ```
    /// let found = extract::Scanner::new().scan(b"write to vendor@example.org", &extract::Hints::default());
    /// assert_eq!((found[0].value.as_str(), found[0].start, found[0].end), ("vendor@example.org", 9, 27));
    /// ```
    pub fn scan(&self, bytes: &[u8], hints: &Hints) -> Vec<FoundSelector> {
        if is_mail(bytes, hints) {
            let mut found = Vec::new();
            self.scan_mail(bytes, hints, |s| found.push(s), drop).expect("a slice reads without error");
            return found;
        }
        if let Some(choice) = decode::choose(&bytes[..bytes.len().min(self.window)], self.declared) {
            let mut found = Vec::new();
            self.scan_decoded(bytes, choice, hints, |s| found.push(s)).expect("a slice reads without error");
            return found;
        }
        let reading = reading(bytes, hints);
        let (mut seam, mut found, mut at) = (Seam::default(), Vec::new(), 0);
        loop {
            let end = bytes.len().min(at + self.window);
            let outcome = seam.scan(&bytes[at..end], at as u64, reading, end == bytes.len());
            found.extend(outcome.found);
            if end == bytes.len() {
                return found;
            }
            at += outcome.next;
        }
    }

    /// The same for a stream of any length, in memory proportional to the window. Selectors are given
    /// to `each` in order, with absolute offsets, each once. Returns the number of bytes read.
    ///
    /// # Errors
    /// Whatever the reader reports; selectors given before that stand.
    pub fn scan_reader(&self, reader: impl Read, hints: &Hints, each: impl FnMut(FoundSelector)) -> std::io::Result<u64> {
        self.scan_reader_telling(reader, hints, each, drop)
    }

    /// The same, and what was passed over (an attachment of a mail that is no text) is told to `tell`.
    ///
    /// # Errors
    /// As [`Scanner::scan_reader`].
    pub fn scan_reader_telling(
        &self, mut reader: impl Read, hints: &Hints, mut each: impl FnMut(FoundSelector), tell: impl FnMut(decode::Left),
    ) -> std::io::Result<u64> {
        let (mut seam, mut buffer, mut base, mut known) = (Seam::default(), Vec::new(), 0u64, None);
        loop {
            let wanted = self.window - buffer.len();
            // One byte more than fits tells whether this is the last window.
            let got = reader.by_ref().take(wanted as u64 + 1).read_to_end(&mut buffer)?;
            let last = got <= wanted;
            if known.is_none() && is_mail(&buffer, hints) {
                return self.scan_mail(buffer.chain(reader), hints, each, tell);
            }
            if known.is_none() && let Some(choice) = decode::choose(&buffer[..buffer.len().min(self.window)], self.declared) {
                return self.scan_decoded(buffer.chain(reader), choice, hints, each);
            }
            let window = &buffer[..buffer.len().min(self.window)];
            let reading = *known.get_or_insert_with(|| reading(window, hints));
            let outcome = seam.scan(window, base, reading, last);
            outcome.found.into_iter().for_each(&mut each);
            if last {
                return Ok(base + buffer.len() as u64);
            }
            buffer.drain(..outcome.next);
            base += outcome.next as u64;
        }
    }

    /// The same for bytes in another charset: windows of decoded text, and every place led back to its raw bytes.
    fn scan_decoded(
        &self, reader: impl Read, choice: decode::Choice, hints: &Hints, each: impl FnMut(FoundSelector),
    ) -> std::io::Result<u64> {
        // Text and map take a few times the room of the bytes.
        let mut stream = decode::Stream::new(reader, choice);
        self.scan_windows(&mut Decoded { stream: &mut stream, step: choice.step() }, self.window.min(DECODED_WINDOW), hints, each)?;
        Ok(stream.raw_read())
    }

    /// The same for a mail or a file of them: text after text, each read for what it is.
    fn scan_mail(
        &self, reader: impl Read, hints: &Hints, mut each: impl FnMut(FoundSelector), mut tell: impl FnMut(decode::Left),
    ) -> std::io::Result<u64> {
        let mut mail = Mail::new(reader);
        let window = self.window.min(MAIL_WINDOW);
        while let Some(part) = mail.next_part()? {
            let mut first = Vec::new();
            mail.by_ref().take(window as u64).read_to_end(&mut first)?;
            if !part.is_text && !decode::mail::is_text(&first, part.charset) {
                mail.skip()?;
                tell(part.passed_over(mail.ended()));
                continue;
            }
            let hints = Hints { kind: part.kind, ..*hints };
            match decode::choose(&first, part.charset) {
                Some(choice) => {
                    let mut stream = decode::Stream::new(std::io::Cursor::new(first).chain(&mut mail), choice);
                    self.scan_windows(&mut DecodedPart { stream: &mut stream, part: &part, step: choice.step() }, window, &hints, &mut each)?;
                }
                None => self.scan_windows(&mut PlainPart { text: std::io::Cursor::new(first).chain(&mut mail), part: &part }, window, &hints, &mut each)?,
            }
            mail.take_left().into_iter().for_each(&mut tell);
        }
        mail.take_left().into_iter().for_each(&mut tell);
        Ok(mail.raw_read())
    }

    /// Windows of a text that was made from raw bytes, and every place led back to them.
    fn scan_windows(
        &self, text: &mut impl Made, window: usize, hints: &Hints, mut each: impl FnMut(FoundSelector),
    ) -> std::io::Result<()> {
        let (mut seam, mut buffer, mut base, mut known) = (Seam::default(), Vec::new(), 0u64, None);
        loop {
            let wanted = window - buffer.len();
            let got = text.by_ref().take(wanted as u64 + 1).read_to_end(&mut buffer)?;
            let last = got <= wanted;
            let bytes = &buffer[..buffer.len().min(window)];
            let reading = *known.get_or_insert_with(|| reading(bytes, hints));
            let outcome = seam.scan(bytes, base, reading, last);
            for found in outcome.found {
                each(led_back(found, text));
            }
            if last {
                return Ok(());
            }
            buffer.drain(..outcome.next);
            base += outcome.next as u64;
            text.forget(base);
        }
    }
}

/// Text that was made from raw bytes, with the way back.
trait Made: Read {
    /// The raw range of a range of the text.
    fn range(&mut self, start: u64, end: u64) -> (u64, u64);
    /// What was done to read that range.
    fn steps(&mut self, start: u64, end: u64) -> Vec<String>;
    /// Nobody asks for what lies before `text` any more.
    fn forget(&mut self, text: u64);
}

/// A file in another charset.
struct Decoded<'s, R> {
    stream: &'s mut decode::Stream<R>,
    step: String,
}

/// A text of a mail that is UTF-8 once its coding is undone.
struct PlainPart<'p, T> {
    text: T,
    part: &'p Part,
}

/// A text of a mail in another charset.
struct DecodedPart<'p, R> {
    stream: &'p mut decode::Stream<R>,
    part: &'p Part,
    step: String,
}

impl<R: Read> Read for Decoded<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.stream.read(buf)
    }
}

impl<R: Read> Made for Decoded<'_, R> {
    fn range(&mut self, start: u64, end: u64) -> (u64, u64) {
        (self.stream.map().raw_start(start), self.stream.map().raw_end(end))
    }

    fn steps(&mut self, _start: u64, _end: u64) -> Vec<String> {
        vec![self.step.clone()]
    }

    fn forget(&mut self, text: u64) {
        self.stream.map().forget(text);
    }
}

/// What has a mail behind it.
type Behind<'m, R> = std::io::Chain<Bytes, &'m mut Mail<R>>;
/// Bytes that were read already.
type Bytes = std::io::Cursor<Vec<u8>>;

impl<R: Read> Read for PlainPart<'_, Behind<'_, R>> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.text.read(buf)
    }
}

impl<R: Read> Made for PlainPart<'_, Behind<'_, R>> {
    fn range(&mut self, start: u64, end: u64) -> (u64, u64) {
        let map = self.text.get_mut().1.map();
        (map.raw_start(start), map.raw_end(end))
    }

    fn steps(&mut self, start: u64, end: u64) -> Vec<String> {
        self.part.steps(start, end)
    }

    fn forget(&mut self, text: u64) {
        self.text.get_mut().1.map().forget(text);
    }
}

impl<R: Read> Read for DecodedPart<'_, Behind<'_, R>> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.stream.read(buf)
    }
}

impl<R: Read> Made for DecodedPart<'_, Behind<'_, R>> {
    fn range(&mut self, start: u64, end: u64) -> (u64, u64) {
        let (start, end) = (self.stream.map().raw_start(start), self.stream.map().raw_end(end));
        let map = self.stream.inner().get_mut().1.map();
        (map.raw_start(start), map.raw_end(end))
    }

    fn steps(&mut self, start: u64, end: u64) -> Vec<String> {
        let (start, end) = (self.stream.map().raw_start(start), self.stream.map().raw_end(end));
        self.part.steps(start, end).into_iter().chain([self.step.clone()]).collect()
    }

    fn forget(&mut self, text: u64) {
        let decoded = self.stream.map().raw_start(text);
        self.stream.map().forget(text);
        self.stream.inner().get_mut().1.map().forget(decoded);
    }
}

/// Moves a selector from a text that was made to the raw bytes, and says what was done to read it.
fn led_back(found: FoundSelector, text: &mut impl Made) -> FoundSelector {
    let mut steps = text.steps(found.start, found.end);
    let reason = std::iter::once(found.reason.as_str()).chain(steps.iter().map(String::as_str)).collect::<Vec<_>>().join("; ");
    steps.extend(found.steps);
    let cue = |cue: Cue| {
        let (start, end) = text.range(cue.start, cue.end);
        Cue { start, end, ..cue }
    };
    let context = found.context.into_iter().map(cue).collect();
    let (start, end) = text.range(found.start, found.end);
    FoundSelector { start, end, reason, steps, context, ..found }
}

fn is_mail(bytes: &[u8], hints: &Hints) -> bool {
    match hints.kind {
        Kind::Mail => true,
        Kind::Auto => decode::mail::looks_like_mail(bytes),
        Kind::Html | Kind::Text | Kind::Json => false,
    }
}

fn reading(bytes: &[u8], hints: &Hints) -> Reading {
    let json = match hints.kind {
        Kind::Json => true,
        Kind::Auto => decode::json::looks_like_json(bytes),
        Kind::Html | Kind::Text | Kind::Mail => false,
    };
    let html = match hints.kind {
        Kind::Html => true,
        Kind::Text | Kind::Json | Kind::Mail => false,
        Kind::Auto => !json && html::looks_like_html(bytes),
    };
    Reading { html, json, region: hints.default_region }
}

/// The chance that random text of the right shape passes the rule, by type; for the error-rate field
/// of a finding. It says nothing of false positives on real pages, which depend on the pages.
pub fn error_rates() -> &'static [(SelectorType, &'static str)] {
    const NONE: &str = "no checksum: not known";
    &[
        (SelectorType::OnionV3, "2^-16 for the checksum (less with version and curve point)"),
        (SelectorType::OnionV2, NONE),
        (SelectorType::I2p, "about 2^-18 for encrypted names; the others carry no checksum: not known"),
        (SelectorType::BtcBase58, "2^-32"),
        (SelectorType::BtcBech32, "about 2^-30"),
        (SelectorType::BtcBech32m, "about 2^-30"),
        (SelectorType::Ltc, "2^-32 in Base58Check, about 2^-30 in bech32"),
        (SelectorType::Bch, "2^-40"),
        (SelectorType::Doge, "2^-32"),
        (SelectorType::Dash, "2^-32"),
        (SelectorType::Zec, "2^-32 in Base58Check, about 2^-30 in bech32; unified addresses carry 2^-128 of padding too"),
        (SelectorType::Tron, "2^-32"),
        (SelectorType::Xrp, "2^-32"),
        (SelectorType::Xmr, "2^-32"),
        (SelectorType::Eth, "about 1 in 4,000 in mixed case; in one case there is no checksum: not known"),
        (SelectorType::Sol, NONE),
        (SelectorType::Ton, "2^-16"),
        (SelectorType::Ada, "about 2^-30 in bech32; 2^-32 in Byron addresses"),
        (SelectorType::Xlm, "2^-16"),
        (SelectorType::Lightning, "about 2^-30"),
        (SelectorType::ExtendedPublicKey, "2^-32"),
        (SelectorType::ExtendedPrivateKey, "2^-32"),
        (SelectorType::Wif, "2^-32"),
        (SelectorType::PrivateKey, "2^-16 for Stellar seeds; the others carry no checksum: not known"),
        (SelectorType::SeedPhrase, "1 in 16 for 12 words of a list, 1 in 256 for 24"),
        (SelectorType::Iban, "1 in 97, beside the country's length"),
        (SelectorType::Card, "1 in 10, beside the issuer's range and length"),
        (SelectorType::Imei, "1 in 10"),
        (SelectorType::Iccid, "1 in 10"),
        (SelectorType::Lei, "1 in 97"),
        (SelectorType::Email, NONE),
        (SelectorType::Url, NONE),
        (SelectorType::Domain, NONE),
        (SelectorType::Phone, "no checksum: not known; the numbering plan is checked"),
        (SelectorType::Telegram, NONE),
        (SelectorType::Xmpp, NONE),
        (SelectorType::Matrix, NONE),
        (SelectorType::Session, NONE),
        (SelectorType::Tox, "2^-16"),
        (SelectorType::Bitmessage, "2^-32"),
        (SelectorType::PgpBlock, "2^-24 where the CRC-24 is present and holds"),
        (SelectorType::PgpFingerprint, "no checksum when written out: not known; computed from a key block: that block's"),
        (SelectorType::PgpKeyId, NONE),
        (SelectorType::FileHash, NONE),
        (SelectorType::Cve, NONE),
        (SelectorType::Ipv4, "no checksum: not known; version numbers of four parts pass"),
        (SelectorType::Ipv6, NONE),
        (SelectorType::Credential, NONE),
    ]
}

/// The chance of a type as one number, for instances that have none of their own.
fn chance_of(kind: SelectorType) -> Option<&'static str> {
    use SelectorType::*;
    Some(match kind {
        BtcBase58 | Doge | Dash | Tron | Xrp | Xmr | ExtendedPublicKey | ExtendedPrivateKey | Wif | Bitmessage => "2^-32",
        BtcBech32 | BtcBech32m | Lightning => "2^-30",
        Ltc | Zec | Ada => "2^-30",
        Bch => "2^-40",
        OnionV3 | Ton | Xlm | Tox | PrivateKey => "2^-16",
        Eth => "1 in 4000",
        PgpBlock | PgpFingerprint => "2^-24",
        Iban | Lei => "1 in 97",
        Card | Imei | Iccid => "1 in 10",
        _ => return None,
    })
}

/// Target of the fuzzer: any bytes, read as every kind, whole and through a reader, give the same
/// answer and never a panic.
pub fn fuzz_scan(bytes: &[u8]) {
    let scanner = Scanner::new();
    for kind in [Kind::Auto, Kind::Html, Kind::Text, Kind::Json, Kind::Mail] {
        let hints = Hints { kind, default_region: "LA".parse().ok() };
        let whole = scanner.scan(bytes, &hints);
        let mut streamed = Vec::new();
        let read = scanner.scan_reader(bytes, &hints, |s| streamed.push(s)).expect("a slice reads without error");
        assert_eq!((read, streamed), (bytes.len() as u64, whole));
    }
}
