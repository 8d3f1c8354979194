//! Exact rules for coin addresses and their keys. One whole word in, one verdict out, with every
//! other network that the same bytes fit. Here: the dispatch by first letter and length, EIP-55,
//! Monero's block Base58 with Keccak-256, Stellar and TON. Base58 and bech32 have files of their own.
//! No look-ups, no balance, no guess about the owner. A right checksum says that the text was not
//! mistyped, not that the address was ever used.

mod base58;
mod bech;
mod zcash;

use model::selector::SelectorType;
use sha3::{Digest, Keccak256};

use crate::verdict::{Keep, Verdict, Words, ascii};
pub(crate) use base58::bitmessage_holds;
use base58::{BASE58, looks_mixed, slip};

/// Whether a word of fewer than 26 letters may be an address.
pub(crate) fn is_short_address(word: &[u8]) -> bool {
    bech::is_short(word)
}

/// The verdict on a word that has the shape of a coin address or key; `None` when it has no such shape.
pub(crate) fn judge(word: &[u8]) -> Option<Verdict> {
    let by_prefix = bech::judge(word);
    if by_prefix.is_some() {
        return by_prefix;
    }
    match word.len() {
        26..=35 => base58::address(word),
        42 => ethereum(word).or_else(|| bech::cash(word, false)),
        47 => base58::xrp_tagged(word),
        51 | 52 => base58::wallet_import(word),
        56 | 69 => stellar(word),
        59 => base58::byron(word),
        95 | 106 => monero(word).or_else(|| base58::byron(word)),
        100..=105 => base58::byron(word),
        110..=112 => base58::extended_key(word),
        length if bech::is_cash_length(length) => bech::cash(word, false),
        length if length >= 120 => bech::mistyped_invoice(word),
        _ => None,
    }
    .or_else(|| if matches!(word.len(), 32..=44) { base58::solana(word) } else { None })
}

/// The letters after `bitcoincash:`.
pub(crate) fn judge_cash(word: &[u8]) -> Option<Verdict> {
    bech::cash(word, true)
}

// Ethereum.

fn ethereum(word: &[u8]) -> Option<Verdict> {
    let kind = SelectorType::Eth;
    let digits = &word[2..];
    let strange = digits.iter().filter(|b| !b.is_ascii_hexdigit()).count();
    let has_lower = digits.iter().any(u8::is_ascii_lowercase);
    let has_upper = digits.iter().any(u8::is_ascii_uppercase);
    let mixed = has_lower && has_upper;
    if !matches!(&word[..2], b"0x" | b"0X") {
        return mistyped_account(word).filter(|_| mixed && strange == 0);
    }
    let lower = digits.to_ascii_lowercase();
    let value = format!("0x{}", ascii(&lower));
    if strange > 0 {
        let why = "a letter that is no hex digit; the rest has the shape of an account";
        return (strange == 1 && mixed).then(|| Verdict::failed(kind, ascii(word), why));
    }
    if !mixed {
        return Some(Verdict::unverifiable(kind, value, "written in one case, so it carries no EIP-55 checksum; chain unknown"));
    }
    if digits == mixed_case(&lower, "") {
        return Some(Verdict::verified(kind, value, "EIP-55 mixed-case checksum holds; chain unknown"));
    }
    // EIP-1191: the chain's number goes into the hash. Only Rootstock is known to use it.
    if let Some(chain) = ["30", "31"].iter().find(|chain| digits == mixed_case(&lower, &format!("{chain}0x"))) {
        let reason = format!("EIP-1191 mixed-case checksum holds with chain number {chain} (Rootstock)");
        return Some(Verdict::verified(kind, value, reason));
    }
    Some(Verdict::failed(kind, value, "EIP-55 mixed-case checksum does not hold; chain unknown"))
}

/// The 40 hex digits in the letter case that EIP-55 asks for.
fn mixed_case(lower: &[u8], before: &str) -> Vec<u8> {
    let digest = Keccak256::new().chain_update(before).chain_update(lower).finalize();
    let nibble = |i: usize| (digest[i / 2] >> (4 * (1 - i % 2))) & 0x0f;
    lower.iter().enumerate().map(|(i, b)| if nibble(i) >= 8 { b.to_ascii_uppercase() } else { *b }).collect()
}

fn mistyped_account(word: &[u8]) -> Option<Verdict> {
    let (place, letter) = match &word[..2] {
        [_, b'x' | b'X'] => (0, b'0'),
        [b'0', _] => (1, b'x'),
        _ => return None,
    };
    let digits = &word[2..];
    (digits == mixed_case(&digits.to_ascii_lowercase(), ""))
        .then(|| slip(SelectorType::Eth, word, place, letter, "an account begins with 0x; EIP-55 does not hold"))
}

// Monero.

fn monero(word: &[u8]) -> Option<Verdict> {
    let kind = SelectorType::Xmr;
    if let Some(network) = sound_monero(word) {
        return Some(Verdict::verified(kind, ascii(word), format!("Keccak-256 checksum holds; {network}")));
    }
    let strange = word.iter().filter(|b| BASE58[**b as usize] == 255).count();
    if !looks_mixed(word) || strange > 1 {
        return None;
    }
    let first: &[u8] = if word.len() == 95 { b"48" } else { b"4" };
    if first.contains(&word[0]) {
        return Some(Verdict::failed(kind, ascii(word), "Keccak-256 checksum or network byte does not hold; shape of a Monero address"));
    }
    let repairs = |letter: &&u8| sound_monero(&[&[**letter], &word[1..]].concat()).is_some();
    first.iter().find(repairs).map(|letter| slip(kind, word, 0, *letter, "the Keccak-256 checksum does not hold"))
}

fn sound_monero(word: &[u8]) -> Option<&'static str> {
    let (payload, length) = monero_base58(word)?;
    let network = monero_network(payload[0], length)?;
    (Keccak256::digest(&payload[..length - 4])[..4] == payload[length - 4..length]).then_some(network)
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

fn base58_number(block: &[u8]) -> Option<u64> {
    let mut number = 0u128;
    for letter in block {
        let digit = BASE58[*letter as usize];
        if digit == 255 {
            return None;
        }
        number = number * 58 + u128::from(digit);
    }
    u64::try_from(number).ok()
}

// CRC-16 of Stellar (SEP-23) and TON (TEP-2): XMODEM, polynomial 0x1021, beginning with 0.

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| if crc & 0x8000 != 0 { crc << 1 ^ 0x1021 } else { crc << 1 })
    })
}

static STELLAR_CUES: Words = Words::new(&["xlm", "stellar"]);

/// Stellar: base32 in capitals of version, key and CRC-16; 56 letters, 69 with a number inside.
fn stellar(word: &[u8]) -> Option<Verdict> {
    let strange = word.iter().filter(|b| !matches!(**b, b'A'..=b'Z' | b'2'..=b'7')).count();
    if strange > 1 {
        return None;
    }
    if let Some(verdict) = sound_stellar(word) {
        return Some(verdict);
    }
    let kind = if word[0] == b'S' { SelectorType::PrivateKey } else { SelectorType::Xlm };
    let starts: &[u8] = if word.len() == 56 { b"GS" } else { b"M" };
    if !starts.contains(&word[0]) {
        let repaired = |letter: &u8| sound_stellar(&[&[*letter], &word[1..]].concat());
        let (letter, right) = starts.iter().find_map(|letter| Some((letter, repaired(letter)?)))?;
        return Some(slip(right.kind, word, 0, *letter, "the CRC-16 of SEP-23 does not hold"));
    }
    let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
    let keep = if digits >= 2 { Keep::Shown(&STELLAR_CUES) } else { Keep::Near(&STELLAR_CUES) };
    Some(Verdict::failed(kind, ascii(word), "CRC-16 of SEP-23 does not hold; shape of a Stellar account").keep(keep))
}

fn sound_stellar(word: &[u8]) -> Option<Verdict> {
    let bytes = base32(word)?;
    let (payload, check) = bytes.split_at(bytes.len() - 2);
    if crc16(payload).to_le_bytes() != *check {
        return None;
    }
    let (kind, words) = match (payload[0] >> 3, payload[0] & 7, payload.len()) {
        (6, 0, 33) => (SelectorType::Xlm, "account"),
        (12, 0, 41) => (SelectorType::Xlm, "account with a number inside"),
        (2, 0, 33) => (SelectorType::Xlm, "contract"),
        (18, 0, 33) => (SelectorType::PrivateKey, "secret seed"),
        _ => return None,
    };
    Some(Verdict::verified(kind, ascii(word), format!("CRC-16 of SEP-23 holds; Stellar, {words}")).chance("2^-16"))
}

/// Base32 of RFC 4648 in capitals; bits left over must be zero.
fn base32(word: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut number, mut bits) = (Vec::with_capacity(word.len() * 5 / 8), 0u32, 0);
    for letter in word {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        number = (number << 5 | u32::from(value)) & 0xffff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push((number >> bits) as u8);
        }
    }
    (number & ((1 << bits) - 1) == 0).then_some(out)
}

static TON_CUES: Words = Words::new(&["ton", "toncoin", "tonkeeper"]);

/// TON: 48 letters of base64 or base64url over tag, workchain, hash and CRC-16.
pub(crate) fn ton(word: &[u8]) -> Option<Verdict> {
    if let Some(words) = sound_ton(word) {
        return Some(Verdict::verified(SelectorType::Ton, ascii(word), format!("CRC-16 of TEP-2 holds; {words}")));
    }
    let begins = matches!(word[0], b'E' | b'U' | b'k' | b'0') && matches!(word[1], b'Q' | b'f');
    if !begins {
        let starts = [(0, b'E'), (0, b'U'), (0, b'k'), (0, b'0'), (1, b'Q'), (1, b'f')];
        return starts.into_iter().find_map(|(place, letter)| {
            let mut repaired = word.to_vec();
            repaired[place] = letter;
            sound_ton(&repaired)?;
            Some(slip(SelectorType::Ton, word, place, letter, "the CRC-16 of TEP-2 does not hold"))
        });
    }
    let why = "CRC-16 of TEP-2 does not hold; shape of a TON account";
    let keep = if looks_mixed(word) { Keep::Shown(&TON_CUES) } else { Keep::Near(&TON_CUES) };
    Some(Verdict::failed(SelectorType::Ton, ascii(word), why).keep(keep))
}

fn sound_ton(word: &[u8]) -> Option<String> {
    let mut bytes = [0u8; 36];
    for (letters, out) in word.chunks_exact(4).zip(bytes.chunks_exact_mut(3)) {
        let mut number = 0u32;
        for letter in letters {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'a'..=b'z' => letter - b'a' + 26,
                b'0'..=b'9' => letter - b'0' + 52,
                b'-' | b'+' => 62,
                b'_' | b'/' => 63,
                _ => return None,
            };
            number = number << 6 | u32::from(value);
        }
        out.copy_from_slice(&number.to_be_bytes()[1..]);
    }
    let tag = match bytes[0] {
        0x11 => "bounceable",
        0x51 => "not bounceable",
        0x91 => "bounceable, test network",
        0xd1 => "not bounceable, test network",
        _ => return None,
    };
    let chain = match bytes[1] {
        0 => "basic workchain",
        0xff => "master chain",
        _ => return None,
    };
    (crc16(&bytes[..34]).to_be_bytes() == bytes[34..]).then(|| format!("TON, {tag}, {chain}"))
}
