//! Exact rules for coin addresses: Base58Check (Bitcoin, TRON), bech32 and bech32m (BIP-173,
//! BIP-350), EIP-55, and Monero's block Base58 with Keccak-256. One whole word in, one verdict out.
//! No look-ups, no balance, no guess about the owner. A right checksum says that the text was not
//! mistyped, not that the address was ever used.

use bech32::segwit;
use model::selector::SelectorType;
use sha2::{Digest, Sha256};
use sha3::Keccak256;

use crate::verdict::{Verdict, ascii};

/// The verdict on a word that has the shape of a coin address; `None` when it has no such shape.
pub(crate) fn judge(word: &[u8]) -> Option<Verdict> {
    let first = *word.first()?;
    match (first, word.len()) {
        (b'1' | b'3' | b'm' | b'n' | b'2', 26..=35) => bitcoin_base58(word),
        (b'T', 34) => tron(word),
        (b'0', 42) => ethereum(word),
        (b'4' | b'8' | b'9' | b'A' | b'B' | b'5' | b'7', 95 | 106) => monero(word),
        (b'b' | b'B' | b't' | b'T', 14..=90) => segwit_address(word),
        _ => None,
    }
}

fn bitcoin_base58(word: &[u8]) -> Option<Verdict> {
    let kind = SelectorType::BtcBase58;
    let (version, sound) = base58check(word)?;
    let network = match version {
        0x00 => "Bitcoin main network, pay to public key hash (version 0x00)",
        0x05 => "Bitcoin main network, pay to script hash (version 0x05); Litecoin's older addresses share it",
        0x6f => "Bitcoin test network, pay to public key hash (version 0x6f)",
        0xc4 => "Bitcoin test network, pay to script hash (version 0xc4)",
        _ => return None,
    };
    base58_verdict(kind, word, sound, network)
}

fn tron(word: &[u8]) -> Option<Verdict> {
    let (version, sound) = base58check(word)?;
    if version != 0x41 {
        return None;
    }
    base58_verdict(SelectorType::Tron, word, sound, "TRON (version 0x41)")
}

fn base58_verdict(kind: SelectorType, word: &[u8], sound: bool, network: &str) -> Option<Verdict> {
    if sound {
        return Some(Verdict::verified(kind, ascii(word), format!("Base58Check holds; {network}")));
    }
    // A random token of this length decodes to 25 bytes often enough to drown the reader: a failure
    // is kept when the letters are mixed as an address mixes them.
    looks_mixed(word).then(|| Verdict::failed(kind, ascii(word), format!("Base58Check does not hold; {network}")))
}

fn looks_mixed(word: &[u8]) -> bool {
    word.iter().any(u8::is_ascii_uppercase)
        && word.iter().any(u8::is_ascii_lowercase)
        && word.iter().filter(|b| b.is_ascii_digit()).count() >= 2
}

/// The version byte of a 25-byte payload, and whether its four checksum bytes hold.
fn base58check(word: &[u8]) -> Option<(u8, bool)> {
    let mut payload = [0u8; 40];
    let length = bs58::decode(word).onto(&mut payload[..]).ok()?;
    if length != 25 {
        return None;
    }
    let digest = Sha256::digest(Sha256::digest(&payload[..21]));
    Some((payload[0], digest[..4] == payload[21..25]))
}

fn ethereum(word: &[u8]) -> Option<Verdict> {
    let digits = word.strip_prefix(b"0x").or_else(|| word.strip_prefix(b"0X"))?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let lower = digits.to_ascii_lowercase();
    let value = format!("0x{}", ascii(&lower));
    let kind = SelectorType::Eth;
    let has_lower = digits.iter().any(u8::is_ascii_lowercase);
    let has_upper = digits.iter().any(u8::is_ascii_uppercase);
    if !(has_lower && has_upper) {
        return Some(Verdict::unverifiable(kind, value, "written in one case, so it carries no EIP-55 checksum; chain unknown"));
    }
    if digits == eip55(&lower) {
        return Some(Verdict::verified(kind, value, "EIP-55 mixed-case checksum holds; chain unknown"));
    }
    Some(Verdict::failed(kind, value, "EIP-55 mixed-case checksum does not hold; chain unknown"))
}

/// The 40 hex digits in the letter case that EIP-55 asks for.
fn eip55(lower: &[u8]) -> Vec<u8> {
    let digest = Keccak256::digest(lower);
    let nibble = |i: usize| (digest[i / 2] >> (4 * (1 - i % 2))) & 0x0f;
    lower.iter().enumerate().map(|(i, b)| if nibble(i) >= 8 { b.to_ascii_uppercase() } else { *b }).collect()
}

const BECH32_LETTERS: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

fn segwit_address(word: &[u8]) -> Option<Verdict> {
    let lower = word.to_ascii_lowercase();
    let network = segwit_network(&lower)?;
    let separator = lower.iter().position(|b| *b == b'1')?;
    let version = BECH32_LETTERS.iter().position(|l| Some(l) == lower.get(separator + 1))?;
    let kind = if version == 0 { SelectorType::BtcBech32 } else { SelectorType::BtcBech32m };
    let text = std::str::from_utf8(word).ok()?;
    match segwit::decode(text) {
        Ok((_, version, program)) => Some(Verdict::verified(
            kind,
            ascii(&lower),
            format!("{} holds; {network}, witness version {version}, program {} bytes", checksum_name(kind), program.len()),
        )),
        Err(_) if resembles_segwit(&lower[separator + 1..]) => {
            Some(Verdict::failed(kind, ascii(word), format!("{}; {network}", segwit_fault(word, kind))))
        }
        Err(_) => None,
    }
}

fn segwit_network(lower: &[u8]) -> Option<&'static str> {
    if lower.starts_with(b"bc1") {
        Some("Bitcoin main network")
    } else if lower.starts_with(b"tb1") {
        Some("Bitcoin test network")
    } else if lower.starts_with(b"bcrt1") {
        Some("Bitcoin regression-test network")
    } else {
        None
    }
}

fn checksum_name(kind: SelectorType) -> &'static str {
    if kind == SelectorType::BtcBech32 { "bech32 checksum (BIP-173)" } else { "bech32m checksum (BIP-350)" }
}

/// Near the length of a real address, and written in its alphabet but for two letters at most.
fn resembles_segwit(data: &[u8]) -> bool {
    let strange = data.iter().filter(|b| !BECH32_LETTERS.contains(b)).count();
    matches!(data.len(), 36..=42 | 56..=62) && strange <= 2
}

fn segwit_fault(word: &[u8], kind: SelectorType) -> String {
    let mixed = word.iter().any(u8::is_ascii_uppercase) && word.iter().any(u8::is_ascii_lowercase);
    if mixed {
        return "mixed upper and lower case, which BIP-173 forbids".to_owned();
    }
    format!("{} does not hold, or length or alphabet is wrong", checksum_name(kind))
}

fn monero(word: &[u8]) -> Option<Verdict> {
    let (payload, length) = monero_base58(word)?;
    let network = monero_network(payload[0], length)?;
    let digest = Keccak256::digest(&payload[..length - 4]);
    let value = ascii(word);
    if digest[..4] == payload[length - 4..length] {
        return Some(Verdict::verified(SelectorType::Xmr, value, format!("Keccak-256 checksum holds; {network}")));
    }
    let shaped = looks_mixed(word) && matches!(word[0], b'4' | b'8');
    shaped.then(|| Verdict::failed(SelectorType::Xmr, value, format!("Keccak-256 checksum does not hold; {network}")))
}

fn monero_network(version: u8, length: usize) -> Option<&'static str> {
    match (version, length) {
        (18, 69) => Some("Monero main network, standard address (18)"),
        (42, 69) => Some("Monero main network, subaddress (42)"),
        (19, 77) => Some("Monero main network, integrated address (19)"),
        (53 | 63, 69) | (54, 77) => Some("Monero test network"),
        (24 | 36, 69) | (25, 77) => Some("Monero stage network"),
        _ => None,
    }
}

/// Monero's Base58: blocks of eleven letters are eight bytes each, the last seven letters are five.
fn monero_base58(word: &[u8]) -> Option<([u8; 77], usize)> {
    let mut out = [0u8; 77];
    let mut length = 0;
    for block in word.chunks(11) {
        let size = if block.len() == 11 { 8 } else { 5 };
        let number = base58_number(block)?;
        if size == 5 && number >> 40 != 0 {
            return None;
        }
        out[length..length + size].copy_from_slice(&number.to_be_bytes()[8 - size..]);
        length += size;
    }
    Some((out, length))
}

const BASE58_LETTERS: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

fn base58_number(block: &[u8]) -> Option<u64> {
    let mut number = 0u128;
    for letter in block {
        let digit = BASE58_LETTERS.iter().position(|l| l == letter)?;
        number = number * 58 + digit as u128;
    }
    u64::try_from(number).ok()
}
