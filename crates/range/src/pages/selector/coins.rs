//! Addresses of coins. The hashes in them are drawn: nobody has a key to any of them, and nothing was
//! ever paid to one.

use curve25519_dalek::{EdwardsPoint, Scalar};
use sha3::{Digest, Keccak256};

use super::{Cue, Cuts, Maker, Selector, Spoil, State};
use crate::pages::dice::Dice;
use crate::pages::encode::{base32, base58, base64, bech32, crc16, crc32, groups, hex, jumble};

pub(super) const MAKERS: &[Maker] = &[
    |dice| base58(dice, "btc-base58", &[0x00], "BTC", &["bch"]),
    |dice| base58(dice, "btc-base58", &[0x05], "BTC", &["ltc", "bch"]),
    |dice| base58(dice, "btc-base58", &[0x6f], "BTC testnet", &["bch", "ltc", "doge"]),
    |dice| base58(dice, "btc-base58", &[0xc4], "BTC testnet", &["bch", "ltc", "doge"]),
    |dice| base58(dice, "ltc", &[0x30], "LTC", &[]),
    |dice| base58(dice, "ltc", &[0x32], "LTC", &[]),
    |dice| base58(dice, "ltc", &[0x05], "Litecoin (LTC)", &["btc-base58", "bch"]),
    |dice| base58(dice, "doge", &[0x1e], "DOGE", &[]),
    |dice| base58(dice, "doge", &[0x16], "DOGE", &[]),
    |dice| base58(dice, "dash", &[0x4c], "DASH", &[]),
    |dice| base58(dice, "dash", &[0x10], "DASH", &[]),
    |dice| base58(dice, "zec", &[0x1c, 0xb8], "ZEC", &[]),
    |dice| base58(dice, "zec", &[0x1c, 0xbd], "ZEC", &[]),
    |dice| base58(dice, "tron", &[0x41], "USDT TRC20", &[]),
    |dice| segwit(dice, "btc-bech32", "bc", 0, 20, "BTC"),
    |dice| segwit(dice, "btc-bech32", "bc", 0, 32, "BTC"),
    |dice| segwit(dice, "btc-bech32", "tb", 0, 20, "BTC testnet"),
    |dice| segwit(dice, "btc-bech32m", "bc", 1, 32, "BTC"),
    |dice| segwit(dice, "ltc", "ltc", 0, 20, "LTC"),
    |dice| segwit(dice, "ltc", "ltc", 1, 32, "LTC"),
    |dice| cash(dice, true),
    |dice| cash(dice, false),
    zec_sapling, zec_unified, xrp,
    |dice| monero(dice, 18, 64),
    |dice| monero(dice, 42, 64),
    |dice| monero(dice, 19, 72),
    eth, eth, eth_one_case, solana, ton, cardano, cardano_stake, cardano_byron, stellar, lightning,
];

fn address(kind: &'static str, text: String, coin: &'static str, first: usize, alphabet: &'static str) -> Selector {
    let length = text.len();
    Selector::new(kind, text, Cue::Pay(coin)).checked(first..length, alphabet).with(|writing| {
        writing.cuts = Cuts::Anywhere;
        writing.lookalikes = true;
        writing.glued = true;
    })
}

fn base58(dice: &mut Dice, kind: &'static str, version: &[u8], coin: &'static str, rivals: &'static [&'static str]) -> Selector {
    address(kind, base58::check(version, &dice.bytes::<20>()), coin, 8, base58::LETTERS).rivals(rivals)
}

const BECH32: &str = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

fn segwit(dice: &mut Dice, kind: &'static str, readable: &str, version: u8, length: usize, coin: &'static str) -> Selector {
    let text = bech32::segwit(readable, version, &dice.bytes::<32>()[..length]);
    address(kind, text, coin, readable.len() + 4, BECH32).with(|writing| {
        writing.capitals = true;
        writing.link = (readable == "bc").then_some("bitcoin:");
    })
}

fn cash(dice: &mut Dice, prefixed: bool) -> Selector {
    let version = *dice.pick(&[0, 8]);
    let short = bech32::cash("bitcoincash", version, &dice.bytes());
    let text = if prefixed { format!("bitcoincash:{short}") } else { short.clone() };
    let first = text.len() - short.len() + 6;
    let selector = address("bch", text, "BCH", first, BECH32);
    // Without its prefix nothing says what a broken one is.
    Selector { required_when_spoiled: prefixed, ..selector }
}

fn zec_sapling(dice: &mut Dice) -> Selector {
    let text = bech32::encode_bytes("zs", &dice.bytes::<43>(), bech32::BECH32);
    address("zec", text, "ZEC", 8, BECH32)
}

/// A pay-to-public-key-hash and an Orchard receiver (ZIP 316), padded, jumbled, bech32m.
fn zec_unified(dice: &mut Dice) -> Selector {
    let mut message = vec![0x00, 20];
    message.extend(dice.bytes::<20>());
    message.extend([0x03, 43]);
    message.extend(dice.bytes::<43>());
    message.push(b'u');
    message.extend([0; 15]);
    let text = bech32::encode_bytes("u", &jumble::f4jumble(&message), bech32::BECH32M);
    address("zec", text, "ZEC", 8, BECH32)
}

fn xrp(dice: &mut Dice) -> Selector {
    // The alphabet is another one, but its letters are the same.
    address("xrp", base58::ripple(0, &dice.bytes::<20>()), "XRP", 8, base58::LETTERS)
}

fn monero(dice: &mut Dice, network: u8, length: usize) -> Selector {
    let keys = [point(dice).as_slice(), &point(dice), &dice.bytes::<8>()].concat();
    address("xmr", base58::monero(network, &keys[..length]), "XMR", 8, base58::LETTERS).with(|writing| {
        writing.link = Some("monero:");
    })
}

/// The 40 digits in the letter case that EIP-55 asks for.
fn eip55(lower: &str) -> String {
    let sum = hex(&Keccak256::digest(lower));
    lower.chars().zip(sum.chars()).map(|(letter, digit)| if digit >= '8' { letter.to_ascii_uppercase() } else { letter }).collect()
}

fn eth(dice: &mut Dice) -> Selector {
    let lower = hex(&dice.bytes::<20>());
    let mixed = eip55(&lower);
    let has_both = mixed.bytes().any(|b| b.is_ascii_lowercase()) && mixed.bytes().filter(u8::is_ascii_uppercase).count() > 1;
    if !has_both {
        return eth(dice);
    }
    let selector = Selector::new("eth", format!("0x{lower}"), Cue::Pay("ETH")).written(format!("0x{mixed}"));
    Selector { state: State::Verified, spoil: Spoil::Case, ..selector }.with(|writing| {
        writing.cuts = Cuts::Unseen;
        writing.lookalikes = true;
        writing.glued = true;
        writing.link = Some("ethereum:");
    })
}

fn eth_one_case(dice: &mut Dice) -> Selector {
    let lower = hex(&dice.bytes::<20>());
    if !lower.contains(|c: char| c.is_ascii_alphabetic()) {
        return eth_one_case(dice);
    }
    let written = if dice.once_in(3) { lower.to_uppercase() } else { lower.clone() };
    Selector::new("eth", format!("0x{lower}"), Cue::Pay("ETH")).written(format!("0x{written}")).with(|writing| {
        writing.cuts = Cuts::Unseen;
        writing.glued = true;
    })
}

/// A point of ed25519, as Solana, Stellar and onion services have for a name.
pub(super) fn point(dice: &mut Dice) -> [u8; 32] {
    EdwardsPoint::mul_base(&Scalar::from_bytes_mod_order(dice.bytes())).compress().to_bytes()
}

fn solana(dice: &mut Dice) -> Selector {
    Selector::new("sol", base58::plain(&point(dice)), Cue::Pay("Solana (SOL)")).with(|writing| writing.cuts = Cuts::Unseen)
}

fn ton(dice: &mut Dice) -> Selector {
    let mut data = vec![*dice.pick(&[0x11, 0x51]), *dice.pick(&[0x00, 0x00, 0xff])];
    data.extend(dice.bytes::<32>());
    data.extend(crc16(&data).to_be_bytes());
    let text = base64(&data);
    let text = if dice.once_in(4) { text } else { text.replace('+', "-").replace('/', "_") };
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let length = text.len();
    let is_one_word = !text.contains(['/', '+']);
    let selector = Selector::new("ton", text, Cue::Pay("TON")).checked(4..length, letters);
    // With a slash in it, a broken one is any stretch of base64.
    Selector { required_when_spoiled: is_one_word, ..selector }.with(|writing| {
        writing.cuts = Cuts::Unseen;
        writing.glued = true;
    })
}

fn cardano(dice: &mut Dice) -> Selector {
    let (header, length) = *dice.pick(&[(0x01, 56), (0x61, 28)]);
    let data = [&[header], &dice.bytes::<56>()[..length]].concat();
    address("ada", bech32::encode_bytes("addr", &data, bech32::BECH32), "ADA", 12, BECH32)
}

fn cardano_stake(dice: &mut Dice) -> Selector {
    let data = [&[0xe1], dice.bytes::<28>().as_slice()].concat();
    address("ada", bech32::encode_bytes("stake", &data, bech32::BECH32), "ADA", 13, BECH32)
}

/// CBOR by hand: an array of the tagged payload (root, no attributes, type 0) and its CRC-32.
fn cardano_byron(dice: &mut Dice) -> Selector {
    let mut payload = vec![0x83, 0x58, 28];
    payload.extend(dice.bytes::<28>());
    payload.extend([0xa0, 0x00]);
    let mut data = vec![0x82, 0xd8, 0x18, 0x58, payload.len() as u8];
    data.extend(&payload);
    data.push(0x1a);
    data.extend(crc32(&payload).to_be_bytes());
    address("ada", base58::plain(&data), "ADA", 16, base58::LETTERS)
}

fn stellar(dice: &mut Dice) -> Selector {
    let mut data = vec![6 << 3];
    data.extend(point(dice));
    data.extend(crc16(&data).to_le_bytes());
    address("xlm", base32(&data).to_uppercase(), "XLM", 8, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
}

/// An invoice (BOLT 11): time, payment hash, payment secret, a description, and a signature that was drawn.
fn lightning(dice: &mut Dice) -> Selector {
    let made = 1_700_000_000 + dice.below(60_000_000) as u64;
    let mut data: Vec<u8> = (0..7).rev().map(|i| (made >> (5 * i)) as u8 & 31).collect();
    for field in [1u8, 16] {
        tagged(&mut data, field, &groups(&dice.bytes::<32>(), 8, 5));
    }
    tagged(&mut data, 13, &groups(b"SYNTHETIC", 8, 5));
    data.extend(groups(&dice.bytes::<64>(), 8, 5).into_iter().take(102));
    data.extend([*dice.pick(&[0, 8, 16, 24]), *dice.pick(&[0, 1])]);
    let amount = *dice.pick(&["", "2500u", "20m", "150n"]);
    address("lightning", bech32::encode(&format!("lnbc{amount}"), &data, bech32::BECH32), "Lightning", 16, BECH32).with(|writing| {
        writing.link = Some("lightning:");
        writing.capitals = true;
    })
}

fn tagged(data: &mut Vec<u8>, field: u8, value: &[u8]) {
    data.extend([field, (value.len() >> 5) as u8, value.len() as u8 & 31]);
    data.extend(value);
}
