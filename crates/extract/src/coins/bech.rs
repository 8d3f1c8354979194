//! Bech32 and bech32m (BIP-173, BIP-350) and what is written in them: segwit addresses of Bitcoin
//! and Litecoin, Zcash (Sapling, unified, TEX), Cardano (CIP-19), Lightning invoices (BOLT-11); and
//! CashAddr of Bitcoin Cash. Length limits are those of each user, not the ninety of BIP-173.
//! Padding bits must be zero, one letter case only.

use model::selector::SelectorType;

use super::zcash;
use crate::verdict::{Keep, Verdict, Words, ascii};

const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Values of letters in either case; 255 outside the alphabet.
static VALUES: [u8; 256] = {
    let mut table = [255; 256];
    let mut i = 0;
    while i < 32 {
        table[LETTERS[i] as usize] = i as u8;
        table[LETTERS[i].to_ascii_uppercase() as usize] = i as u8;
        i += 1;
    }
    table
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sum {
    Bech32,
    Bech32m,
}

impl Sum {
    fn name(self) -> &'static str {
        match self {
            Sum::Bech32 => "bech32 checksum (BIP-173)",
            Sum::Bech32m => "bech32m checksum (BIP-350)",
        }
    }
}

fn polymod(check: u32, value: u8) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let top = check >> 25;
    let next = (check & 0x01ff_ffff) << 5 ^ u32::from(value);
    (0..5).filter(|i| top >> i & 1 == 1).fold(next, |sum, i| sum ^ GENERATOR[i])
}

/// The checksum that holds over a lower-case prefix and the letters after the separator.
fn checksum(prefix: &[u8], data: &[u8]) -> Option<Sum> {
    let high = prefix.iter().fold(1, |sum, b| polymod(sum, b >> 5));
    let low = prefix.iter().fold(polymod(high, 0), |sum, b| polymod(sum, b & 31));
    let mut sum = low;
    for letter in data {
        let value = VALUES[*letter as usize];
        if value == 255 {
            return None;
        }
        sum = polymod(sum, value);
    }
    match sum {
        1 => Some(Sum::Bech32),
        0x2bc8_30a3 => Some(Sum::Bech32m),
        _ => None,
    }
}

/// Letters of five bits as bytes; `None` when more than four bits are left over or one of them is set.
fn bytes_of(letters: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut number, mut bits) = (Vec::with_capacity(letters.len() * 5 / 8), 0u32, 0);
    for letter in letters {
        number = (number << 5 | u32::from(VALUES[*letter as usize])) & 0xffff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push((number >> bits) as u8);
        }
    }
    (bits < 5 && number & ((1 << bits) - 1) == 0).then_some(out)
}

/// What a prefix stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Bitcoin,
    Litecoin,
    Mweb,
    Sapling,
    Unified,
    Tex,
    Cardano,
}

struct Prefix {
    text: &'static [u8],
    used: Use,
    network: &'static str,
}

const fn prefix(text: &'static [u8], used: Use, network: &'static str) -> Prefix {
    Prefix { text, used, network }
}

/// Prefixes with their separator.
static PREFIXES: [Prefix; 18] = [
    prefix(b"bc1", Use::Bitcoin, "Bitcoin main network"),
    prefix(b"tb1", Use::Bitcoin, "Bitcoin test network"),
    prefix(b"bcrt1", Use::Bitcoin, "Bitcoin regression-test network"),
    prefix(b"ltc1", Use::Litecoin, "Litecoin main network"),
    prefix(b"tltc1", Use::Litecoin, "Litecoin test network"),
    prefix(b"rltc1", Use::Litecoin, "Litecoin regression-test network"),
    prefix(b"ltcmweb1", Use::Mweb, "Litecoin main network, extension block (MWEB)"),
    prefix(b"tmweb1", Use::Mweb, "Litecoin test network, extension block (MWEB)"),
    prefix(b"zs1", Use::Sapling, "Zcash main network, Sapling"),
    prefix(b"ztestsapling1", Use::Sapling, "Zcash test network, Sapling"),
    prefix(b"u1", Use::Unified, "Zcash main network, unified"),
    prefix(b"utest1", Use::Unified, "Zcash test network, unified"),
    prefix(b"tex1", Use::Tex, "Zcash main network, transparent source only"),
    prefix(b"textest1", Use::Tex, "Zcash test network, transparent source only"),
    prefix(b"addr1", Use::Cardano, "Cardano main network"),
    prefix(b"addr_test1", Use::Cardano, "Cardano test network"),
    prefix(b"stake1", Use::Cardano, "Cardano main network"),
    prefix(b"stake_test1", Use::Cardano, "Cardano test network"),
];

/// Lengths that the letters after the separator can have.
fn fits(used: Use, length: usize) -> bool {
    match used {
        Use::Bitcoin | Use::Litecoin => matches!(length, 36..=42 | 56..=62),
        Use::Mweb => (108..=118).contains(&length),
        Use::Sapling => (73..=77).contains(&length),
        Use::Unified => (60..=1000).contains(&length),
        Use::Tex => (36..=40).contains(&length),
        Use::Cardano => matches!(length, 51..=55 | 96..=121),
    }
}

/// Whether a short word may be an address all the same: segwit programs have two bytes or more.
pub(super) fn is_short(word: &[u8]) -> bool {
    let lower = |i: usize| word[i] | 0x20;
    word.len() >= 14
        && ((matches!((lower(0), lower(1)), (b'b', b'c') | (b't', b'b')) && word[2] == b'1')
            || (lower(0) == b'b' && lower(1) == b'c' && lower(2) == b'r' && lower(3) == b't')
            || (lower(0) == b'l' && lower(1) == b't' && lower(2) == b'c' && word[3] == b'1'))
}

/// The verdict on a word that begins like a bech32 address, or would but for one letter.
pub(super) fn judge(word: &[u8]) -> Option<Verdict> {
    if word.len() < 14 {
        return None;
    }
    let mut lower = [0u8; 16];
    let head = word.len().min(16);
    lower[..head].copy_from_slice(&word[..head]);
    lower.make_ascii_lowercase();
    if let Some(invoice) = Some(word).filter(|_| lower.starts_with(b"ln")).and_then(lightning) {
        return Some(invoice);
    }
    if let Some(prefix) = PREFIXES.iter().find(|p| lower.starts_with(p.text)) {
        return with_prefix(word, prefix);
    }
    mistyped_prefix(word, &lower)
}

fn has_one_case(word: &[u8]) -> bool {
    !(word.iter().any(u8::is_ascii_uppercase) && word.iter().any(u8::is_ascii_lowercase))
}

fn with_prefix(word: &[u8], prefix: &'static Prefix) -> Option<Verdict> {
    let data = &word[prefix.text.len()..];
    let hrp = &prefix.text[..prefix.text.len() - 1];
    let sum = if data.len() > 6 { checksum(hrp, data) } else { None };
    let value = ascii(&word.to_ascii_lowercase());
    if let Some((kind, words)) = sum.filter(|_| has_one_case(word)).and_then(|sum| accept(prefix, sum, data)) {
        return Some(Verdict::verified(kind, value, words));
    }
    let strange = data.iter().filter(|b| VALUES[**b as usize] == 255).count();
    if strange > 2 || !fits(prefix.used, data.len()) {
        return None;
    }
    let why = if has_one_case(word) {
        "bech32 checksum does not hold, or version, length, alphabet or padding is wrong"
    } else {
        "mixed upper and lower case, which BIP-173 forbids"
    };
    Some(Verdict::failed(kind_of(prefix, data), ascii(word), format!("{why}; {}", prefix.network)))
}

fn kind_of(prefix: &Prefix, data: &[u8]) -> SelectorType {
    match prefix.used {
        Use::Bitcoin if matches!(data[0], b'q' | b'Q') => SelectorType::BtcBech32,
        Use::Bitcoin => SelectorType::BtcBech32m,
        Use::Litecoin | Use::Mweb => SelectorType::Ltc,
        Use::Sapling | Use::Unified | Use::Tex => SelectorType::Zec,
        Use::Cardano => SelectorType::Ada,
    }
}

/// What a sound checksum guards, when the contents follow the rules of their network too.
fn accept(prefix: &Prefix, sum: Sum, data: &[u8]) -> Option<(SelectorType, String)> {
    let kind = kind_of(prefix, data);
    let body = &data[..data.len() - 6];
    let words = |rest: String| Some((kind, format!("{} holds; {}, {rest}", sum.name(), prefix.network)));
    match prefix.used {
        Use::Bitcoin | Use::Litecoin => {
            let (version, program) = (VALUES[data[0] as usize], bytes_of(body.get(1..)?)?);
            let length_fits = match version {
                0 => matches!(program.len(), 20 | 32),
                1..=16 => (2..=40).contains(&program.len()),
                _ => false,
            };
            let sum_fits = (version == 0) == (sum == Sum::Bech32);
            if !length_fits || !sum_fits || word_too_long(prefix, data) {
                return None;
            }
            words(format!("witness version {version}, program {} bytes", program.len()))
        }
        Use::Mweb => (bytes_of(body.get(1..)?)?.len() == 66).then(|| words("two keys".to_owned()))?,
        Use::Sapling => (sum == Sum::Bech32 && bytes_of(body)?.len() == 43).then(|| words("diversifier and key".to_owned()))?,
        Use::Tex => (sum == Sum::Bech32m && bytes_of(body)?.len() == 20).then(|| words("20 bytes".to_owned()))?,
        Use::Unified => {
            let receivers = zcash::receivers(&bytes_of(body)?, &prefix.text[..prefix.text.len() - 1])?;
            (sum == Sum::Bech32m).then(|| words(format!("F4Jumble and padding hold (ZIP-316), receivers: {receivers}")))?
        }
        Use::Cardano => words(cardano(prefix, sum, &bytes_of(body)?)?),
    }
}

fn word_too_long(prefix: &Prefix, data: &[u8]) -> bool {
    prefix.text.len() + data.len() > 90
}

/// Header and length of CIP-19.
fn cardano(prefix: &Prefix, sum: Sum, bytes: &[u8]) -> Option<String> {
    let header = *bytes.first()?;
    let on_main = !prefix.text.ends_with(b"_test1");
    let (stake, kind) = (prefix.text.starts_with(b"stake"), header >> 4);
    let length_fits = match kind {
        0..=3 => bytes.len() == 57,
        4 | 5 => (32..=60).contains(&bytes.len()),
        6 | 7 | 14 | 15 => bytes.len() == 29,
        _ => false,
    };
    let fits = sum == Sum::Bech32 && length_fits && (header & 15 == u8::from(on_main)) && (stake == (kind >= 14));
    fits.then(|| format!("CIP-19 type {kind}, {} bytes", bytes.len()))
}

/// A slip in the prefix would hide the address: with the right prefix the checksum must hold.
fn mistyped_prefix(word: &[u8], lower: &[u8; 16]) -> Option<Verdict> {
    if !has_one_case(word) {
        return None;
    }
    for prefix in &PREFIXES {
        let size = prefix.text.len();
        if word.len() <= size + 6 || !fits(prefix.used, word.len() - size) {
            continue;
        }
        let mut differing = prefix.text.iter().zip(lower).enumerate().filter(|(_, (a, b))| a != b);
        let (Some((place, (letter, _))), None) = (differing.next(), differing.next()) else { continue };
        let sum = checksum(&prefix.text[..size - 1], &word[size..]);
        if let Some((kind, _)) = sum.and_then(|sum| accept(prefix, sum, &word[size..])) {
            return Some(super::base58::slip(kind, word, place, *letter, "the bech32 checksum does not hold"));
        }
    }
    None
}

const INVOICES: [(&[u8], &str); 5] = [
    (b"lnbcrt", "regression-test network"), (b"lnbc", "Bitcoin main network"), (b"lntbs", "signet"), (b"lntb", "test network"),
    (b"lnsb", "simulation network"),
];

/// A BOLT-11 invoice: `ln`, network and amount, then a time, fields and a signature of 104 letters.
fn lightning(word: &[u8]) -> Option<Verdict> {
    let lower = word.to_ascii_lowercase();
    let (start, network) = INVOICES.iter().find(|(start, _)| lower.starts_with(start))?;
    // Without a separator nothing can hold.
    let separator = lower.iter().rposition(|b| *b == b'1').unwrap_or(start.len());
    let strange = lower[separator.min(40)..].iter().filter(|b| VALUES[**b as usize] == 255).count();
    if word.len() < 120 || strange > 3 {
        return None;
    }
    let (hrp, data) = (&lower[..separator], &lower[separator + 1..]);
    let kind = SelectorType::Lightning;
    let amount = &hrp[start.len().min(hrp.len())..];
    let holds = lower[separator] == b'1' && has_one_case(word) && data.len() >= 117 && checksum(hrp, data) == Some(Sum::Bech32) && is_amount(amount);
    Some(if holds {
        let amount = if amount.is_empty() { "no amount".to_owned() } else { format!("amount {} BTC", written_amount(amount)) };
        Verdict::verified(kind, ascii(&lower), format!("bech32 checksum of BOLT-11 holds; {network}, {amount}; the signature is not checked"))
    } else {
        Verdict::failed(kind, ascii(word), format!("bech32 checksum of BOLT-11 does not hold; {network}"))
    })
}

fn is_amount(amount: &[u8]) -> bool {
    let digits = amount.strip_suffix(b"m").or_else(|| amount.strip_suffix(b"u")).or_else(|| amount.strip_suffix(b"n"))
        .or_else(|| amount.strip_suffix(b"p")).unwrap_or(amount);
    amount.is_empty() || (!digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
}

fn written_amount(amount: &[u8]) -> String {
    let (digits, unit) = amount.split_at(amount.len() - usize::from(!amount[amount.len() - 1].is_ascii_digit()));
    let unit = match unit { b"m" => " × 10^-3", b"u" => " × 10^-6", b"n" => " × 10^-9", b"p" => " × 10^-12", _ => "" };
    format!("{}{unit}", ascii(digits))
}

/// An invoice whose first letters were mistyped.
pub(super) fn mistyped_invoice(word: &[u8]) -> Option<Verdict> {
    let lower = word.to_ascii_lowercase();
    let mut differing = b"lnbc".iter().zip(&lower).enumerate().filter(|(_, (a, b))| a != b);
    let (Some((place, (letter, _))), None) = (differing.next(), differing.next()) else { return None };
    let mut repaired = lower.clone();
    repaired[place] = *letter;
    let sound = lightning(&repaired).is_some_and(|v| v.is_verified());
    sound.then(|| super::base58::slip(SelectorType::Lightning, word, place, *letter, "the bech32 checksum does not hold"))
}

// CashAddr.

fn cash_polymod(check: u64, value: u8) -> u64 {
    const GENERATOR: [u64; 5] = [0x98_f2bc_8e61, 0x79_b76d_99e2, 0xf3_3e5f_b3c4, 0xae_2eab_e2a8, 0x1e_4f43_e470];
    let top = check >> 35;
    let next = (check & 0x07_ffff_ffff) << 5 ^ u64::from(value);
    (0..5).filter(|i| top >> i & 1 == 1).fold(next, |sum, i| sum ^ GENERATOR[i])
}

fn cash_holds(prefix: &[u8], letters: &[u8]) -> bool {
    let mut sum = prefix.iter().fold(1, |sum, b| cash_polymod(sum, b & 31));
    sum = cash_polymod(sum, 0);
    for letter in letters {
        let value = VALUES[*letter as usize];
        if value == 255 {
            return false;
        }
        sum = cash_polymod(sum, value);
    }
    sum ^ 1 == 0
}

/// Whether a word of this length can be a CashAddr without its prefix (hash of 20 to 64 bytes).
pub(super) fn is_cash_length(length: usize) -> bool {
    matches!(length, 42 | 50 | 55 | 61 | 74 | 87 | 99 | 112)
}

static CASH_CUES: Words = Words::new(&["bch", "bitcoin cash", "bitcoincash", "cashaddr"]);

/// The verdict on letters after `bitcoincash:`, or on a word that stands without it.
pub(super) fn cash(word: &[u8], has_prefix: bool) -> Option<Verdict> {
    let strange = word.iter().filter(|b| VALUES[**b as usize] == 255).count();
    if strange > 1 || !(has_one_case(word) || has_prefix) || word.len() < 42 {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let value = |letters: &[u8]| format!("bitcoincash:{}", ascii(letters));
    if let Some(words) = sound_cash(&lower).filter(|_| has_one_case(word)) {
        return Some(Verdict::verified(SelectorType::Bch, value(&lower), format!("40-bit checksum of CashAddr holds; {words}")));
    }
    if [b"bchtest".as_slice(), b"bchreg"].iter().any(|prefix| cash_holds(prefix, &lower)) {
        return Some(Verdict::verified(SelectorType::Bch, format!("bchtest:{}", ascii(&lower)), "40-bit checksum of CashAddr holds; a test network"));
    }
    let begins = matches!(lower[0], b'q' | b'p' | b'z' | b'r');
    if !has_prefix && (!begins || [b"ecash".as_slice(), b"simpleledger"].iter().any(|prefix| cash_holds(prefix, &lower))) {
        let slip = |letter: &&u8| sound_cash(&[&[**letter], &lower[1..]].concat()).is_some();
        return b"qpzr".iter().find(slip).filter(|_| !begins)
            .map(|letter| super::base58::slip(SelectorType::Bch, word, 0, *letter, "the CashAddr checksum does not hold"));
    }
    let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
    let keep = match (has_prefix, digits >= 4) {
        (true, _) => Keep::Always,
        (false, true) => Keep::Shown(&CASH_CUES),
        (false, false) => Keep::Near(&CASH_CUES),
    };
    Some(Verdict::failed(SelectorType::Bch, value(word), "40-bit checksum of CashAddr does not hold").keep(keep))
}

fn sound_cash(lower: &[u8]) -> Option<String> {
    if !cash_holds(b"bitcoincash", lower) {
        return None;
    }
    let bytes = bytes_of(&lower[..lower.len() - 8])?;
    let version = *bytes.first()?;
    let size = [20, 24, 28, 32, 40, 48, 56, 64][usize::from(version & 7)];
    let kind = match version >> 3 {
        0 => "pay to public key hash",
        1 => "pay to script hash",
        2 => "token-aware, pay to public key hash",
        3 => "token-aware, pay to script hash",
        _ => return None,
    };
    (bytes.len() == size + 1).then(|| format!("Bitcoin Cash main network, {kind}, {size} bytes"))
}
