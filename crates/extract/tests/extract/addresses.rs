//! Coin and onion addresses. Vectors are computed here from fixed seeds by the encoders of the
//! specifications, or are the published examples of EIP-55, BIP-173 and BIP-350.

use bech32::{Fe32, Hrp, segwit};
use curve25519_dalek::{constants::ED25519_BASEPOINT_POINT, scalar::Scalar};
use model::selector::{SelectorState, SelectorType};
use sha2::{Digest, Sha256};
use sha3::{Keccak256, Sha3_256};

use super::{check, check_pair, corrupt, only, text};

/// Base58Check of a version byte and twenty bytes made from a seed.
pub(crate) fn base58check(version: u8, seed: u8) -> String {
    let hash = Sha256::digest([seed]);
    let mut payload = vec![version];
    payload.extend_from_slice(&hash[..20]);
    let check = Sha256::digest(Sha256::digest(&payload));
    payload.extend_from_slice(&check[..4]);
    bs58::encode(payload).into_string()
}

/// An onion version 3 name for a key that is a point of the curve.
pub(crate) fn onion(seed: u8) -> String {
    let key = (ED25519_BASEPOINT_POINT * Scalar::from(u64::from(seed) + 2)).compress().to_bytes();
    onion_of(&key, 3)
}

fn onion_of(key: &[u8; 32], version: u8) -> String {
    let check = Sha3_256::new().chain_update(b".onion checksum").chain_update(key).chain_update([version]).finalize();
    let mut bytes = key.to_vec();
    bytes.extend_from_slice(&[check[0], check[1], version]);
    base32(&bytes) + ".onion"
}

fn base32(bytes: &[u8]) -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyz234567";
    let bits: Vec<u8> = bytes.iter().flat_map(|b| (0..8).rev().map(move |i| b >> i & 1)).collect();
    bits.chunks(5).map(|five| char::from(letters[five.iter().fold(0, |n, b| n << 1 | usize::from(*b))])).collect()
}

/// A Monero address with its network byte; `extra` bytes of payment id.
pub(crate) fn monero(network: u8, extra: usize) -> String {
    let mut payload = vec![network];
    payload.extend((0..64 + extra).map(|i| Sha256::digest([i as u8])[0]));
    let check = Keccak256::digest(&payload);
    payload.extend_from_slice(&check[..4]);
    payload.chunks(8).map(monero_block).collect()
}

fn monero_block(block: &[u8]) -> String {
    let letters = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut number = block.iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
    let length = if block.len() == 8 { 11 } else { 7 };
    let mut out = vec![b'1'; length];
    for place in out.iter_mut().rev() {
        *place = letters[(number % 58) as usize];
        number /= 58;
    }
    String::from_utf8(out).unwrap()
}

/// A segwit address of any witness version.
pub(crate) fn bitcoin_segwit(version: u8, length: usize) -> String {
    let program: Vec<u8> = (0..length).map(|i| Sha256::digest([version, i as u8])[0]).collect();
    segwit::encode(Hrp::parse("bc").unwrap(), Fe32::try_from(version).unwrap(), &program).unwrap()
}

#[test]
fn bitcoin_base58_by_version() {
    for (version, words) in [(0x00, "version 0x00"), (0x05, "Litecoin"), (0x6f, "test network"), (0xc4, "test network")] {
        let valid = base58check(version, version);
        check_pair(SelectorType::BtcBase58, &valid, &corrupt(&valid, 20));
        let found = text(&valid);
        assert!(only(&found, SelectorType::BtcBase58).reason.contains(words), "{found:?}");
    }
}

#[test]
fn versions_of_no_network_here_are_nothing() {
    for version in [0x17, 0x3c, 0x80, 0xff] {
        check(&base58check(version, 7), &[]);
    }
}

#[test]
fn base58_inside_base64_is_not_kept_as_a_failure() {
    let broken = corrupt(&base58check(0, 1), 20);
    check(&format!("YWJj+{broken}/YWJj"), &[]);
    check(&format!("{broken}=="), &[]);
}

#[test]
fn tron_addresses() {
    let valid = base58check(0x41, 3);
    assert!(valid.starts_with('T'));
    check_pair(SelectorType::Tron, &valid, &corrupt(&valid, 12));
}

#[test]
fn segwit_by_version_and_length() {
    for (version, length) in [(0, 20), (0, 32), (1, 32)] {
        let valid = bitcoin_segwit(version, length);
        let kind = if version == 0 { SelectorType::BtcBech32 } else { SelectorType::BtcBech32m };
        check_pair(kind, &valid, &corrupt(&valid, 25));
        check_pair(kind, &valid.to_uppercase(), &corrupt(&valid.to_uppercase(), 25));
    }
}

#[test]
fn segwit_published_examples() {
    check("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        &["btc-bech32 verified bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"]);
    check("BC1SW50QGDZ25J", &["btc-bech32m verified bc1sw50qgdz25j"]);
    check("tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
        &["btc-bech32 verified tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7"]);
    // BIP-350: version 1 with the checksum of version 0.
    check("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
        &["btc-bech32m failed-checksum bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd"]);
}

#[test]
fn segwit_mixed_case_fails() {
    let valid = bitcoin_segwit(0, 20);
    let mixed = valid.replacen('q', "Q", 1);
    let found = text(&mixed);
    let selector = only(&found, SelectorType::BtcBech32);
    assert_eq!(selector.state, SelectorState::FailedChecksum);
    assert!(selector.reason.contains("mixed"), "{selector:?}");
}

#[test]
fn ethereum_published_examples() {
    for valid in ["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"] {
        let wrong: String = valid.chars().rev().enumerate()
            .map(|(i, c)| if i < 4 { c.to_ascii_lowercase() } else { c }).collect::<String>().chars().rev().collect();
        let wrong = if wrong == valid { valid.replacen('e', "E", 1) } else { wrong };
        check_pair(SelectorType::Eth, valid, &wrong);
    }
}

#[test]
fn ethereum_in_one_case_is_unverifiable() {
    let lower = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed";
    check(lower, &[&format!("eth unverifiable {lower}")]);
    check(&format!("0x{}", lower[2..].to_uppercase()), &[&format!("eth unverifiable {lower}")]);
}

#[test]
fn ethereum_needs_forty_hex_digits() {
    check("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beae", &[]);
    check("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaeg", &[]);
    check(&format!("0x{}", "ab".repeat(32)), &[]);
}

#[test]
fn monero_by_network_and_length() {
    for (network, extra, length) in [(18, 0, 95), (42, 0, 95), (19, 8, 106)] {
        let valid = monero(network, extra);
        assert_eq!(valid.len(), length);
        check_pair(SelectorType::Xmr, &valid, &corrupt(&valid, 50));
    }
}

#[test]
fn monero_sha3_instead_of_keccak_fails() {
    let mut payload = vec![18u8];
    payload.extend((0..64).map(|i| Sha256::digest([i as u8])[0]));
    let check_bytes = Sha3_256::digest(&payload);
    payload.extend_from_slice(&check_bytes[..4]);
    let address: String = payload.chunks(8).map(monero_block).collect();
    assert_eq!(only(&text(&address), SelectorType::Xmr).state, SelectorState::FailedChecksum);
}

#[test]
fn onion_version_3() {
    let valid = onion(1);
    check_pair(SelectorType::OnionV3, &valid, &corrupt(&valid, 10));
    check(&valid.to_uppercase(), &[&format!("onion-v3 verified {valid}")]);
    check(&valid[..56], &[&format!("onion-v3 verified {valid}")]);
}

#[test]
fn onion_version_3_faults_are_named() {
    let valid = onion(1);
    let fault = |input: &str| only(&text(input), SelectorType::OnionV3).reason.clone();
    assert!(fault(&valid.replacen(&valid[3..4], "1", 1)).contains("base32"));
    assert!(fault(&valid[1..]).contains("56 letters, here are 55"));
    // A right checksum over something that is no point of the curve: y = 2 has no x on ed25519.
    let mut no_point = [0u8; 32];
    no_point[0] = 2;
    assert!(fault(&onion_of(&no_point, 3)).contains("not a point"));
    let key = ED25519_BASEPOINT_POINT.compress().to_bytes();
    assert!(fault(&onion_of(&key, 2)).contains("version byte"));
}

#[test]
fn onion_inside_other_names() {
    let valid = onion(2);
    let expected = format!("onion-v3 verified {valid}");
    check(&format!("shop.{valid}"), &[&expected]);
    check(&format!("http://{valid}/login.php?a=b.com"),
        &[&format!("url unverifiable http://{valid}/login.php?a=b.com"), &expected]);
    check(&format!("mirror{valid}"), &[&expected]);
}

#[test]
fn onion_version_2_is_unverifiable() {
    check("abcdefghij234567.onion", &["onion-v2 unverifiable abcdefghij234567.onion"]);
    check("abcdefghij234561.onion", &[]);
    check("peeled.onion", &[]);
}

#[test]
fn letters_of_other_scripts_may_touch() {
    let coin = bitcoin_segwit(0, 20);
    for (before, after) in [("ที่อยู่", "ครับ"), ("ທີ່ຢູ່", "ເດີ"), ("адрес", "вот"), ("地址", "。")] {
        let input = format!("{before}{coin}{after}");
        let found = text(&input);
        let selector = only(&found, SelectorType::BtcBech32);
        assert_eq!(&input[selector.start as usize..selector.end as usize], coin);
    }
}
