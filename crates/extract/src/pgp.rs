//! OpenPGP: armoured blocks (RFC 9580 §6, RFC 4880) and written fingerprints. Armour is decoded and
//! packets are walked by this file alone: key packets give a fingerprint (version 4: SHA-1, version
//! 6: SHA-256), user ids are listed. Nothing is decrypted, no signature is checked, no key server is
//! asked. The CRC-24 is optional and never a ground to reject (RFC 9580 §6.1).

use model::selector::SelectorType;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::verdict::Verdict;

const BEGIN: &[u8] = b"-----BEGIN PGP ";
/// Longer armour is cut here; the largest key rings in the wild are below it.
const LONGEST_ARMOUR: usize = 1 << 20;
const MOST_PACKETS: usize = 4096;
const MOST_USER_IDS: usize = 16;

/// An armoured block: its length, the verdict on it, and the fingerprint computed from it.
pub(crate) struct Block {
    pub length: usize,
    pub verdict: Verdict,
    pub fingerprint: Option<Verdict>,
}

/// The armoured block at the start of `text`.
pub(crate) fn block(text: &[u8]) -> Option<Block> {
    let label_end = BEGIN.len() + text.strip_prefix(BEGIN)?.iter().take(40).position(|b| *b == b'-')?;
    let label = std::str::from_utf8(&text[BEGIN.len()..label_end]).ok()?;
    if label == "SIGNED MESSAGE" || !text[label_end..].starts_with(b"-----") {
        return None;
    }
    let armour = read_armour(text, label_end + 5);
    let contents = read_packets(&armour.data);
    let value = contents.fingerprint.clone().unwrap_or_else(|| {
        format!("{} sha256:{}", label.to_ascii_lowercase(), hex::encode(Sha256::digest(&armour.data)))
    });
    let fingerprint = contents.fingerprint.as_ref().map(|print| {
        Verdict::verified(SelectorType::PgpFingerprint, print.clone(), "computed from the key packet of an armoured block")
    });
    Some(Block { length: armour.length, verdict: judge(label, value, &armour, &contents), fingerprint })
}

fn judge(label: &str, value: String, armour: &Armour, contents: &Contents) -> Verdict {
    let mut reason = format!("armoured {label}; {}", armour.crc.words());
    if let Some(fingerprint) = &contents.fingerprint {
        reason += &format!("; fingerprint {fingerprint}; user ids: {}", contents.user_ids.join(", "));
    }
    if !armour.ended {
        reason += "; the END line is missing";
    }
    let kind = SelectorType::PgpBlock;
    match (contents.fault, armour.crc) {
        (Some(fault), _) => Verdict::failed(kind, value, format!("{reason}; {fault}")),
        (None, Crc::Holds) => Verdict::verified(kind, value, reason),
        (None, _) => Verdict::unverifiable(kind, value, reason),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Crc {
    Holds,
    Wrong,
    Absent,
}

impl Crc {
    fn words(self) -> &'static str {
        match self {
            Crc::Holds => "CRC-24 holds",
            Crc::Wrong => "CRC-24 is wrong, which is no ground to reject (RFC 9580)",
            Crc::Absent => "no CRC-24",
        }
    }
}

struct Armour {
    data: Vec<u8>,
    crc: Crc,
    ended: bool,
    length: usize,
}

/// Reads header lines, base64 lines, the checksum and the END line; stops at the first other line.
fn read_armour(text: &[u8], from: usize) -> Armour {
    let mut armour = Armour { data: Vec::new(), crc: Crc::Absent, ended: false, length: from };
    let (mut letters, mut written_crc) = (Vec::new(), None::<[u8; 3]>);
    let mut at = from;
    let limit = text.len().min(LONGEST_ARMOUR);
    while at < limit {
        let end = memchr::memchr(b'\n', &text[at..limit]).map_or(limit, |i| at + i);
        let line = text[at..end].trim_ascii();
        match classify(line, letters.is_empty()) {
            Line::Nothing => {}
            Line::Base64 => letters.extend_from_slice(line),
            Line::Checksum => written_crc = decode_base64(&line[1..]).try_into().ok(),
            Line::End(length) => {
                armour.ended = true;
                armour.length = at + (text[at..end].len() - text[at..end].trim_ascii_start().len()) + length;
                break;
            }
            Line::Other => break,
        }
        if !line.is_empty() {
            armour.length = at + text[at..end].trim_ascii_end().len();
        }
        at = end + 1;
    }
    armour.data = decode_base64(&letters);
    armour.crc = match written_crc {
        None => Crc::Absent,
        Some(written) if written == crc24(&armour.data) => Crc::Holds,
        Some(_) => Crc::Wrong,
    };
    armour
}

enum Line {
    Nothing,
    Base64,
    Checksum,
    End(usize),
    Other,
}

fn classify(line: &[u8], before_data: bool) -> Line {
    if line.is_empty() || (before_data && line.windows(2).any(|pair| pair == b": ")) {
        Line::Nothing
    } else if line.starts_with(b"-----END PGP ") {
        let label = line[13..].iter().position(|b| *b == b'-').map_or(line.len(), |i| 13 + i);
        Line::End((label + 5).min(line.len()))
    } else if line.len() == 5 && line[0] == b'=' {
        Line::Checksum
    } else if line.iter().all(|b| base64_digit(*b).is_some() || *b == b'=') {
        Line::Base64
    } else {
        Line::Other
    }
}

fn base64_digit(letter: u8) -> Option<u32> {
    Some(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }
    .into())
}

/// Decodes what can be decoded: padding and strange letters are passed over.
pub(crate) fn decode_base64(letters: &[u8]) -> Vec<u8> {
    let (mut out, mut number, mut bits) = (Vec::with_capacity(letters.len() / 4 * 3), 0u32, 0);
    for digit in letters.iter().filter_map(|b| base64_digit(*b)) {
        number = (number << 6 | digit) & 0x00ff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((number >> bits) as u8);
        }
    }
    out
}

/// CRC-24 of RFC 9580 §6.1.1.
fn crc24(data: &[u8]) -> [u8; 3] {
    let mut crc = 0x00b7_04ceu32;
    for byte in data {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4cfb;
            }
        }
    }
    let [_, a, b, c] = crc.to_be_bytes();
    [a, b, c]
}

#[derive(Default)]
struct Contents {
    fingerprint: Option<String>,
    user_ids: Vec<String>,
    fault: Option<&'static str>,
}

fn read_packets(data: &[u8]) -> Contents {
    let mut contents = Contents::default();
    let mut rest = data;
    if rest.is_empty() {
        contents.fault = Some("the armour holds no data");
    }
    for _ in 0..MOST_PACKETS {
        if rest.is_empty() {
            break;
        }
        let Some(packet) = next_packet(rest) else {
            contents.fault = Some("the packets are broken or cut short");
            break;
        };
        contents.take(&packet);
        rest = packet.rest;
    }
    contents
}

impl Contents {
    fn take(&mut self, packet: &Packet<'_>) {
        match packet.tag {
            5 | 6 if self.fingerprint.is_none() => self.fingerprint = fingerprint(packet),
            13 if self.user_ids.len() < MOST_USER_IDS => {
                let shown = &packet.body[..packet.body.len().min(256)];
                self.user_ids.push(String::from_utf8_lossy(shown).replace(|c: char| c.is_control(), "\u{fffd}"));
            }
            _ => {}
        }
    }
}

struct Packet<'a> {
    tag: u8,
    body: &'a [u8],
    rest: &'a [u8],
}

/// One packet, old or new format (RFC 9580 §4.2). A packet of partial or open length takes the rest.
fn next_packet(data: &[u8]) -> Option<Packet<'_>> {
    let header = *data.first()?;
    if header & 0x80 == 0 {
        return None;
    }
    let new_format = header & 0x40 != 0;
    let tag = if new_format { header & 0x3f } else { header >> 2 & 0x0f };
    let (header_length, body_length) =
        if new_format { new_length(&data[1..])? } else { old_length(header & 3, &data[1..])? };
    let after = data.get(1 + header_length..)?;
    let (body, rest) = match body_length {
        Some(length) => after.split_at_checked(length)?,
        None => (after, &after[after.len()..]),
    };
    Some(Packet { tag, body, rest })
}

fn new_length(data: &[u8]) -> Option<(usize, Option<usize>)> {
    let first = usize::from(*data.first()?);
    Some(match first {
        0..=191 => (1, Some(first)),
        192..=223 => (2, Some(((first - 192) << 8) + usize::from(*data.get(1)?) + 192)),
        224..=254 => (1, None),
        _ => (5, Some(big_endian(data.get(1..5)?))),
    })
}

fn old_length(kind: u8, data: &[u8]) -> Option<(usize, Option<usize>)> {
    Some(match kind {
        0 => (1, Some(usize::from(*data.first()?))),
        1 => (2, Some(big_endian(data.get(..2)?))),
        2 => (4, Some(big_endian(data.get(..4)?))),
        _ => (0, None),
    })
}

fn big_endian(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// The fingerprint of a key packet; `None` for versions that this file does not know, and for secret
/// keys, whose packet goes on after the public part.
fn fingerprint(packet: &Packet<'_>) -> Option<String> {
    if packet.tag != 6 {
        return None;
    }
    let body = packet.body;
    let length = u32::try_from(body.len()).ok()?.to_be_bytes();
    let bytes = match body.first()? {
        4 if body.len() <= 0xffff => {
            Sha1::new().chain_update([0x99]).chain_update(&length[2..]).chain_update(body).finalize().to_vec()
        }
        6 => Sha256::new().chain_update([0x9b]).chain_update(length).chain_update(body).finalize().to_vec(),
        _ => return None,
    };
    Some(hex::encode_upper(bytes))
}

/// Ten groups of four hex digits at the start of `text`, parted by white space: length and value.
pub(crate) fn grouped_fingerprint(text: &[u8]) -> Option<(usize, Verdict)> {
    let (mut at, mut value) = (0, String::with_capacity(40));
    for group in 0..10 {
        if group > 0 {
            let gap = text[at..].iter().take(4).take_while(|b| b.is_ascii_whitespace()).count();
            if gap == 0 {
                return None;
            }
            at += gap;
        }
        let digits = text.get(at..at + 4).filter(|d| d.iter().all(u8::is_ascii_hexdigit))?;
        value.extend(digits.iter().map(|b| char::from(b.to_ascii_uppercase())));
        at += 4;
    }
    if text.get(at).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let reason = "ten groups of four hex digits, the way OpenPGP fingerprints are printed; carries no checksum";
    Some((at, Verdict::unverifiable(SelectorType::PgpFingerprint, value, reason)))
}
