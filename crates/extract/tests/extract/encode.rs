//! Encoders for the tests, by another hand than the decoders of the crate: libraries where there are
//! any (`bs58`, `bech32`), else the specification written out the other way round. Everything is made
//! from seeds; nobody holds a key to any of it.

use bech32::{Bech32, ByteIterExt, Fe32IterExt, Hrp};
use curve25519_dalek::{constants::ED25519_BASEPOINT_POINT, scalar::Scalar};
use sha2::{Digest, Sha256, Sha512};
use sha3::{Keccak256, Sha3_256};

/// SplitMix64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    pub(crate) fn letters(&mut self, count: usize, alphabet: &str) -> String {
        (0..count).map(|_| char::from(alphabet.as_bytes()[self.below(alphabet.len())])).collect()
    }
}

pub(crate) const BASE58: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
pub(crate) const BECH32: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
pub(crate) const BASE32: &str = "abcdefghijklmnopqrstuvwxyz234567";
pub(crate) const BASE64URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
pub(crate) const DIGITS: &str = "0123456789";
pub(crate) const CAPITALS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

pub(crate) fn base58check(payload: &[u8]) -> String {
    bs58::encode(with_double_sha(payload)).into_string()
}

pub(crate) fn ripple(payload: &[u8]) -> String {
    bs58::encode(with_double_sha(payload)).with_alphabet(bs58::Alphabet::RIPPLE).into_string()
}

fn with_double_sha(payload: &[u8]) -> Vec<u8> {
    [payload, &Sha256::digest(Sha256::digest(payload))[..4]].concat()
}

pub(crate) fn bitmessage(dice: &mut Dice) -> String {
    let payload = [&[4, 1][..], &dice.bytes(19)].concat();
    format!("BM-{}", bs58::encode([&payload[..], &Sha512::digest(Sha512::digest(&payload))[..4]].concat()).into_string())
}

pub(crate) fn bech32_of(prefix: &str, bytes: &[u8]) -> String {
    bytes.iter().copied().bytes_to_fes().with_checksum::<Bech32>(&Hrp::parse(prefix).unwrap()).chars().collect()
}

pub(crate) fn segwit(prefix: &str, version: u8, program: &[u8]) -> String {
    bech32::segwit::encode(Hrp::parse(prefix).unwrap(), bech32::Fe32::try_from(version).unwrap(), program).unwrap()
}

/// CashAddr of a version byte and a hash.
pub(crate) fn cash(version: u8, hash: &[u8]) -> String {
    let mut letters: Vec<u8> = std::iter::once(version).chain(hash.iter().copied()).bytes_to_fes().map(|fe| fe.to_u8()).collect();
    let prefix: Vec<u8> = b"bitcoincash".iter().map(|b| b & 31).chain([0]).collect();
    let sum = [&prefix[..], &letters, &[0; 8]].concat().iter().fold(1u64, |c, value| {
        let top = (c >> 35) as u8;
        let next = (c & 0x07_ffff_ffff) << 5 ^ u64::from(*value);
        [(1, 0x98f2bc8e61u64), (2, 0x79b76d99e2), (4, 0xf33e5fb3c4), (8, 0xae2eabe2a8), (16, 0x1e4f43e470)]
            .iter().filter(|(bit, _)| top & bit != 0).fold(next, |n, (_, g)| n ^ g)
    }) ^ 1;
    letters.extend((0..8).rev().map(|i| (sum >> (5 * i)) as u8 & 31));
    letters.iter().map(|l| char::from(BECH32.as_bytes()[usize::from(*l)])).collect()
}

/// A point of ed25519.
pub(crate) fn point(dice: &mut Dice) -> [u8; 32] {
    (ED25519_BASEPOINT_POINT * Scalar::from(dice.next() | 1)).compress().to_bytes()
}

pub(crate) fn base32(bytes: &[u8]) -> String {
    let bits: Vec<u8> = bytes.iter().flat_map(|b| (0..8).rev().map(move |i| b >> i & 1)).collect();
    bits.chunks(5).map(|five| {
        let value = five.iter().fold(0, |n, b| n << 1 | usize::from(*b)) << (5 - five.len());
        char::from(BASE32.as_bytes()[value])
    }).collect()
}

pub(crate) fn onion(key: &[u8; 32]) -> String {
    let check = Sha3_256::new().chain_update(b".onion checksum").chain_update(key).chain_update([3]).finalize();
    base32(&[&key[..], &check[..2], &[3]].concat()) + ".onion"
}

pub(crate) fn crc16(bytes: &[u8]) -> u16 {
    let mut crc = 0u16;
    for bit in bytes.iter().flat_map(|b| (0..8).rev().map(move |i| u16::from(b >> i & 1))).chain([0; 0]) {
        let top = crc >> 15 ^ bit;
        crc <<= 1;
        if top == 1 {
            crc ^= 0x1021;
        }
    }
    crc
}

pub(crate) fn stellar(version: u8, key: &[u8]) -> String {
    let payload = [&[version << 3], key].concat();
    base32(&[&payload[..], &crc16(&payload).to_le_bytes()].concat()).to_uppercase()
}

pub(crate) fn ton(dice: &mut Dice) -> String {
    let tag = [0x11, 0x51][dice.below(2)];
    let payload = [&[tag, 0][..], &dice.bytes(32)].concat();
    base64(&[&payload[..], &crc16(&payload).to_be_bytes()].concat(), BASE64URL)
}

pub(crate) fn base64(bytes: &[u8], alphabet: &str) -> String {
    bytes.chunks(3).flat_map(|three| {
        let n = three.iter().fold(0usize, |n, b| n << 8 | usize::from(*b)) << (8 * (3 - three.len()));
        (0..=three.len()).map(move |i| char::from(alphabet.as_bytes()[n >> (18 - 6 * i) & 63]))
    }).collect()
}

pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }))
}

/// A Byron address: CBOR of a tagged payload and its CRC-32.
pub(crate) fn byron(dice: &mut Dice) -> String {
    let payload = [&[0x83, 0x58, 28][..], &dice.bytes(28), &[0xa0, 0]].concat();
    let outer = [&[0x82, 0xd8, 0x18, 0x58, payload.len() as u8][..], &payload, &[0x1a], &crc32(&payload).to_be_bytes()].concat();
    bs58::encode(outer).into_string()
}

pub(crate) fn i2p_encrypted(dice: &mut Dice) -> String {
    let key = dice.bytes(32);
    let sum = crc32(&key).to_le_bytes();
    base32(&[&[sum[0], 7 ^ sum[1], 11 ^ sum[2]][..], &key].concat()) + ".b32.i2p"
}

pub(crate) fn monero(dice: &mut Dice, network: u8, length: usize) -> String {
    let mut payload = vec![network];
    payload.extend(dice.bytes(length));
    payload.extend_from_slice(&Keccak256::digest(&payload)[..4]);
    payload.chunks(8).map(|block| {
        let mut number = block.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
        let mut letters = vec!['1'; if block.len() == 8 { 11 } else { 7 }];
        for letter in letters.iter_mut().rev() {
            *letter = char::from(BASE58.as_bytes()[(number % 58) as usize]);
            number /= 58;
        }
        letters.into_iter().collect::<String>()
    }).collect()
}

/// An account in the mixed case of EIP-55.
pub(crate) fn ethereum(dice: &mut Dice) -> String {
    let lower = hex::encode(dice.bytes(20));
    let sum = hex::encode(Keccak256::digest(&lower));
    let mixed: String = lower.chars().zip(sum.chars()).map(|(l, s)| if s >= '8' { l.to_ascii_uppercase() } else { l }).collect();
    let has_both = mixed.bytes().any(|b| b.is_ascii_lowercase()) && mixed.bytes().any(|b| b.is_ascii_uppercase());
    if has_both { format!("0x{mixed}") } else { ethereum(dice) }
}

pub(crate) fn tox(dice: &mut Dice) -> String {
    let body = dice.bytes(36);
    let sum = body.chunks(2).fold([0u8; 2], |s, pair| [s[0] ^ pair[0], s[1] ^ pair[1]]);
    hex::encode_upper([&body[..], &sum].concat())
}

/// Check digits of ISO/IEC 7064 mod 97-10 for `text` with two zeros at its end.
pub(crate) fn mod_97(text: &str) -> u32 {
    let digits: String = text.chars().map(|c| c.to_digit(36).unwrap().to_string()).collect();
    digits.bytes().fold(0, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97)
}

pub(crate) fn iban(dice: &mut Dice) -> String {
    let (country, body) = match dice.below(6) {
        0 => ("DE", dice.letters(18, DIGITS)),
        1 => ("GB", dice.letters(4, CAPITALS) + &dice.letters(14, DIGITS)),
        2 => ("KZ", dice.letters(3, DIGITS) + &dice.letters(13, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")),
        3 => ("FR", dice.letters(10, DIGITS) + &dice.letters(11, DIGITS) + &dice.letters(2, DIGITS)),
        4 => ("NO", dice.letters(11, DIGITS)),
        _ => ("MN", dice.letters(16, DIGITS)),
    };
    format!("{country}{:02}{body}", 98 - mod_97(&format!("{body}{country}00")))
}

pub(crate) fn lei(dice: &mut Dice) -> String {
    let body = format!("{}00{}", dice.letters(4, DIGITS), dice.letters(12, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"));
    format!("{body}{:02}", 98 - mod_97(&format!("{body}00")))
}

pub(crate) fn with_luhn(body: &str) -> String {
    let sum: u32 = body.bytes().rev().enumerate().map(|(i, b)| {
        let digit = u32::from(b - b'0');
        if i % 2 == 1 { digit } else if digit > 4 { 2 * digit - 9 } else { 2 * digit }
    }).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

pub(crate) fn seed_phrase(dice: &mut Dice, bytes: usize, language: bip39::Language) -> String {
    let entropy = dice.bytes(bytes);
    let bits: Vec<u8> = entropy.iter().copied().chain([Sha256::digest(&entropy)[0]]).flat_map(|b| (0..8).rev().map(move |i| b >> i & 1)).collect();
    let words = language.word_list();
    let phrase: Vec<&str> = bits.chunks(11).filter(|c| c.len() == 11).take(bytes * 3 / 4)
        .map(|bits| words[bits.iter().fold(0, |n, b| n << 1 | usize::from(*b))]).collect();
    phrase.join(" ")
}

/// An invoice of BOLT-11: time, a payment hash, a signature that was drawn.
pub(crate) fn lightning(dice: &mut Dice) -> String {
    let amount = ["", "2500u", "20m", "150n"][dice.below(4)];
    let mut letters: Vec<u8> = dice.bytes(7).iter().map(|b| b & 31).collect();
    letters.extend([1, 1, 20]);
    letters.extend(dice.bytes(52 + 104).iter().map(|b| b & 31));
    letters.into_iter().map(|l| bech32::Fe32::try_from(l).unwrap()).with_checksum::<Bech32>(&Hrp::parse(&format!("lnbc{amount}")).unwrap()).chars().collect()
}
