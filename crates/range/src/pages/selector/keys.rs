//! Keys: extended and single private ones, seed phrases, OpenPGP. All are drawn from the seed of the
//! pages, so everybody who knows it knows them: nothing may ever be kept under one.

use bip39::Language;
use sha2::{Digest, Sha256};

use super::{Cue, Cuts, Maker, Selector, Spoil, State};
use crate::pages::dice::Dice;
use crate::pages::encode::{base58, base64, curve, hex, pgp};

pub(super) const MAKERS: &[Maker] = &[
    |dice| extended_public(dice, [0x04, 0x88, 0xb2, 0x1e]),
    |dice| extended_public(dice, [0x04, 0x9d, 0x7c, 0xb2]),
    |dice| extended_public(dice, [0x04, 0xb2, 0x47, 0x46]),
    |dice| extended_private(dice, [0x04, 0x88, 0xad, 0xe4]),
    |dice| extended_private(dice, [0x04, 0xb2, 0x43, 0x0c]),
    wif, wif, private_hex, private_pem,
    |dice| phrase(dice, Language::English, 16),
    |dice| phrase(dice, Language::English, 32),
    other_phrase,
    pgp_public, pgp_private, fingerprint, fingerprint_in_groups, key_id,
];

fn long_word(kind: &'static str, text: String, cue: Cue) -> Selector {
    let length = text.len();
    Selector::new(kind, text, cue).checked(12..length, base58::LETTERS).with(|writing| {
        writing.cuts = Cuts::Anywhere;
        writing.lookalikes = true;
        writing.glued = true;
    })
}

/// Depth, parent, number and chain code (BIP-32), without the key.
fn path(dice: &mut Dice) -> Vec<u8> {
    let mut payload = vec![3];
    payload.extend(dice.bytes::<4>());
    payload.extend([0x80, 0, 0, dice.below(8) as u8]);
    payload.extend(dice.bytes::<32>());
    payload
}

fn extended_public(dice: &mut Dice, version: [u8; 4]) -> Selector {
    let mut payload = path(dice);
    payload.push(*dice.pick(&[2, 3]));
    payload.extend(std::iter::repeat_with(|| dice.bytes::<32>()).find(curve::has_point).expect("every second number has one"));
    long_word("extended-public-key", base58::check(&version, &payload), Cue::Note("xpub"))
}

fn extended_private(dice: &mut Dice, version: [u8; 4]) -> Selector {
    let mut payload = path(dice);
    payload.push(0);
    payload.extend(dice.bytes::<32>());
    long_word("extended-private-key", base58::check(&version, &payload), Cue::Note("xprv"))
}

fn wif(dice: &mut Dice) -> Selector {
    let mut payload = dice.bytes::<32>().to_vec();
    if dice.once_in(2) {
        payload.push(1);
    }
    long_word("wif", base58::check(&[0x80], &payload), Cue::Note("WIF private key"))
}

fn private_hex(dice: &mut Dice) -> Selector {
    Selector::new("private-key", hex(&dice.bytes::<32>()), Cue::Note("private key")).rivals(&["file-hash"])
}

/// An Ed25519 key in PKCS #8 (RFC 8410).
fn private_pem(dice: &mut Dice) -> Selector {
    let head = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    let der = [head.as_slice(), &dice.bytes::<32>()].concat();
    let armour = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", base64(&der));
    Selector::new("private-key", format!("private key sha256:{}", hex(&Sha256::digest(&der))), Cue::Note("PEM")).written(armour).with(|writing| {
        writing.block = true;
    })
}

/// In one of the other lists that have no accents, whose words are spelled in one way only.
fn other_phrase(dice: &mut Dice) -> Selector {
    let language = *dice.pick(&[Language::Italian, Language::Portuguese, Language::Czech, Language::SimplifiedChinese]);
    let length = *dice.pick(&[16, 20, 24, 32]);
    phrase(dice, language, length)
}

/// A seed phrase of so many bytes of chance (BIP-39).
fn phrase(dice: &mut Dice, language: Language, length: usize) -> Selector {
    let chance = &dice.bytes::<32>()[..length];
    let words = language.word_list();
    let data = [chance, &Sha256::digest(chance)[..1]].concat();
    let bit = |at: usize| usize::from(data[at / 8] >> (7 - at % 8) & 1);
    let word = |number: usize| words[(11 * number..11 * number + 11).fold(0, |sum, at| sum << 1 | bit(at))];
    let text: Vec<&str> = (0..length * 3 / 4).map(word).collect();
    let selector = Selector::new("seed-phrase", text.join(" "), Cue::Note("seed phrase"));
    Selector { state: State::Verified, spoil: Spoil::LastWord, required_when_spoiled: false, ..selector }
}

/// The neighbour of the last word: the lowest bit of the checksum is another.
pub(super) fn with_another_last_word(phrase: &str) -> String {
    let (rest, last) = phrase.rsplit_once(' ').expect("a phrase has many words");
    let is_in = |language: &&Language| phrase.split(' ').all(|word| language.word_list().contains(&word));
    let words = Language::ALL.iter().find(is_in).expect("a phrase of one list").word_list();
    let number = words.iter().position(|word| *word == last).expect("a word of the list");
    format!("{rest} {}", words[number ^ 1])
}

const USER: &str = "Synthetic Vendor (SYNTHETIC) <vendor@shop.example.com>";

fn made(dice: &mut Dice) -> u32 {
    1_700_000_000 + dice.below(60_000_000) as u32
}

/// A public block is known by its fingerprint.
fn pgp_public(dice: &mut Dice) -> Selector {
    let key = pgp::public(dice.bytes(), made(dice), USER);
    block(key.fingerprint.clone(), key, "PGP public key", true)
}

/// A private one by its digest: the fingerprint is that of the public key, and may be read beside it.
fn pgp_private(dice: &mut Dice) -> Selector {
    let key = pgp::private(dice.bytes(), made(dice), USER);
    block(format!("private key block sha256:{}", hex(&Sha256::digest(&key.packets))), key, "PGP private key", false)
}

fn block(value: String, key: pgp::Key, name: &'static str, is_public: bool) -> Selector {
    let length = key.armour.len();
    let selector = Selector::new("pgp-block", value, Cue::Note(name)).written(key.armour);
    let selector = selector.part("pgp-fingerprint", key.fingerprint, State::Verified, 0..length, is_public);
    Selector { state: State::Verified, ..selector }.with(|writing| writing.block = true)
}

fn fingerprint(dice: &mut Dice) -> Selector {
    let print = hex(&dice.bytes::<20>()).to_uppercase();
    let written = if dice.once_in(2) { print.clone() } else { print.to_lowercase() };
    Selector::new("pgp-fingerprint", print, Cue::Note("PGP fingerprint")).written(written).rivals(&["file-hash"])
}

fn fingerprint_in_groups(dice: &mut Dice) -> Selector {
    let print = hex(&dice.bytes::<20>()).to_uppercase();
    let groups: Vec<&str> = (0..10).map(|i| &print[4 * i..4 * i + 4]).collect();
    let written = format!("{}  {}", groups[..5].join(" "), groups[5..].join(" "));
    Selector::new("pgp-fingerprint", print, Cue::Note("PGP fingerprint")).written(written)
}

fn key_id(dice: &mut Dice) -> Selector {
    let id = hex(&dice.bytes::<8>()).to_uppercase();
    let id = if dice.once_in(3) { id[8..].to_owned() } else { id };
    let written = format!("0x{id}");
    Selector::new("pgp-key-id", id, Cue::Note("PGP key ID")).written(written)
}
