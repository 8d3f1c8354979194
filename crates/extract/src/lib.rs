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
use window::{OVERLAP, Reading, Seam};

/// Name and version of the method, for findings.
pub const METHOD: &str = concat!("lanternfish extract ", env!("CARGO_PKG_VERSION"), ", rules 2");

/// What kind of bytes are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Look at the bytes: JSON when they begin as such, HTML when one of its usual tags stands in the first 64 KiB,
    /// else text.
    #[default]
    Auto,
    /// HTML: text, attributes, comments and scripts are read, each for what it is.
    Html,
    /// Plain text.
    Text,
    /// JSON, or lines of it: the escapes of its strings are undone.
    Json,
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
    pub fn scan_reader(
        &self, mut reader: impl Read, hints: &Hints, mut each: impl FnMut(FoundSelector),
    ) -> std::io::Result<u64> {
        let (mut seam, mut buffer, mut base, mut known) = (Seam::default(), Vec::new(), 0u64, None);
        loop {
            let wanted = self.window - buffer.len();
            // One byte more than fits tells whether this is the last window.
            let got = reader.by_ref().take(wanted as u64 + 1).read_to_end(&mut buffer)?;
            let last = got <= wanted;
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
        &self, reader: impl Read, choice: decode::Choice, hints: &Hints, mut each: impl FnMut(FoundSelector),
    ) -> std::io::Result<u64> {
        let mut stream = decode::Stream::new(reader, choice);
        // Text and map take a few times the room of the bytes.
        let window = self.window.min(DECODED_WINDOW);
        let (mut seam, mut buffer, mut base, mut known, step) = (Seam::default(), Vec::new(), 0u64, None, choice.step());
        loop {
            let wanted = window - buffer.len();
            let got = stream.by_ref().take(wanted as u64 + 1).read_to_end(&mut buffer)?;
            let last = got <= wanted;
            let text = &buffer[..buffer.len().min(window)];
            let reading = *known.get_or_insert_with(|| reading(text, hints));
            let outcome = seam.scan(text, base, reading, last);
            for found in outcome.found {
                each(led_back(found, stream.map(), &step));
            }
            if last {
                return Ok(stream.raw_read());
            }
            buffer.drain(..outcome.next);
            base += outcome.next as u64;
            stream.map().forget(base);
        }
    }
}

/// Moves a selector from decoded text to the raw bytes, and says what was done to read it.
fn led_back(found: FoundSelector, map: &decode::Map, step: &str) -> FoundSelector {
    let reason = format!("{}; {step}", found.reason);
    let steps = std::iter::once(step.to_string()).chain(found.steps).collect();
    let context = found.context.into_iter().map(|cue| Cue { start: map.raw_start(cue.start), end: map.raw_end(cue.end), ..cue }).collect();
    FoundSelector { start: map.raw_start(found.start), end: map.raw_end(found.end), reason, steps, context, ..found }
}

fn reading(bytes: &[u8], hints: &Hints) -> Reading {
    let json = match hints.kind {
        Kind::Json => true,
        Kind::Auto => decode::json::looks_like_json(bytes),
        Kind::Html | Kind::Text => false,
    };
    let html = match hints.kind {
        Kind::Html => true,
        Kind::Text | Kind::Json => false,
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
    for kind in [Kind::Auto, Kind::Html, Kind::Text, Kind::Json] {
        let hints = Hints { kind, default_region: "LA".parse().ok() };
        let whole = scanner.scan(bytes, &hints);
        let mut streamed = Vec::new();
        let read = scanner.scan_reader(bytes, &hints, |s| streamed.push(s)).expect("a slice reads without error");
        assert_eq!((read, streamed), (bytes.len() as u64, whole));
    }
}
