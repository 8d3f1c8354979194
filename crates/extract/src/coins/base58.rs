//! Base58 and what is written in it: addresses with a version byte (Bitcoin, Litecoin, Dogecoin,
//! Dash, Zcash, TRON), XRP Ledger accounts in their own alphabet, extended keys (BIP-32, SLIP-132),
//! wallet import keys, Bitmessage, Byron addresses of Cardano, Solana.
//! A version byte that no network here knows is not guessed at.

use model::selector::SelectorType;
use sha2::{Digest, Sha256, Sha512};

use crate::verdict::{Keep, Verdict, Words, ascii};

const BITCOIN: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const RIPPLE: &[u8; 58] = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

/// Values of letters; 255 for a byte outside the alphabet.
pub(super) type Values = [u8; 256];

const fn values(alphabet: &[u8; 58]) -> Values {
    let mut table = [255; 256];
    let mut i = 0;
    while i < 58 {
        table[alphabet[i] as usize] = i as u8;
        i += 1;
    }
    table
}

pub(super) static BASE58: Values = values(BITCOIN);
static XRP58: Values = values(RIPPLE);

/// Longest word that is decoded.
const LONGEST: usize = 128;
const LIMBS: usize = 24;

/// Decoded bytes of a word.
pub(super) struct Decoded {
    bytes: [u8; 4 * LIMBS + LONGEST],
    start: usize,
}

impl Decoded {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

/// Decodes a word; `None` when it is too long or has a letter outside the alphabet. Five letters are
/// taken at a time (58^5 is below 2^32), so that an address costs some fifty multiplications.
pub(super) fn decode(word: &[u8], values: &Values) -> Option<Decoded> {
    if word.len() > LONGEST {
        return None;
    }
    let (mut limbs, mut used) = ([0u32; LIMBS], 0usize);
    for chunk in word.chunks(5) {
        let (mut number, mut factor) = (0u64, 1u64);
        for letter in chunk {
            let value = values[*letter as usize];
            if value == 255 {
                return None;
            }
            number = number * 58 + u64::from(value);
            factor *= 58;
        }
        let mut carry = number;
        for limb in &mut limbs[..used] {
            let sum = u64::from(*limb) * factor + carry;
            *limb = (sum & 0xffff_ffff) as u32;
            carry = sum >> 32;
        }
        if carry > 0 {
            limbs[used] = u32::try_from(carry).ok()?;
            used += 1;
        }
    }
    let mut out = Decoded { bytes: [0; 4 * LIMBS + LONGEST], start: 0 };
    let size = out.bytes.len();
    for (i, limb) in limbs[..used].iter().enumerate() {
        out.bytes[size - 4 * (i + 1)..size - 4 * i].copy_from_slice(&limb.to_be_bytes());
    }
    let digits = 4 * used;
    let empty = out.bytes[size - digits..].iter().take_while(|b| **b == 0).count();
    let zeros = word.iter().take_while(|b| values[**b as usize] == 0).count();
    out.start = size - digits + empty - zeros;
    Some(out)
}

/// The payload before four checksum bytes that hold.
fn sound(bytes: &[u8]) -> Option<&[u8]> {
    let (payload, check) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
    (Sha256::digest(Sha256::digest(payload))[..4] == *check).then_some(payload)
}

fn has_upper_and_lower(word: &[u8]) -> bool {
    word.iter().any(u8::is_ascii_uppercase) && word.iter().any(u8::is_ascii_lowercase)
}

/// Letters mixed as an address mixes them: a random token of the right length decodes too often, and
/// the name of a function changes its case at each of its words only.
pub(super) fn looks_mixed(word: &[u8]) -> bool {
    let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
    let turns = word.windows(2).filter(|pair| pair[0].is_ascii_uppercase() != pair[1].is_ascii_uppercase()).count();
    has_upper_and_lower(word) && (digits >= 2 || turns * 3 >= word.len())
}

fn strange(word: &[u8], values: &Values) -> usize {
    word.iter().filter(|b| values[**b as usize] == 255).count()
}

/// What a version byte of an address says.
struct Network {
    kind: SelectorType,
    words: &'static str,
    rivals: &'static [SelectorType],
}

const fn network(kind: SelectorType, words: &'static str, rivals: &'static [SelectorType]) -> Option<Network> {
    Some(Network { kind, words, rivals })
}

fn of_version(payload: &[u8]) -> Option<Network> {
    use SelectorType::{Bch, BtcBase58, Dash, Doge, Ltc, Tron, Zec};
    match (payload.len(), payload[0], payload[1]) {
        (21, 0x00, _) => network(BtcBase58, "Bitcoin main network, pay to public key hash (version 0x00); Bitcoin Cash's older addresses share it", &[Bch]),
        (21, 0x05, _) => network(BtcBase58, "Bitcoin main network, pay to script hash (version 0x05); Litecoin's and Bitcoin Cash's older addresses share it", &[Ltc, Bch]),
        (21, 0x6f, _) => network(BtcBase58, "Bitcoin test network, pay to public key hash (version 0x6f); Litecoin's and Bitcoin Cash's test networks share it", &[Ltc, Bch]),
        (21, 0xc4, _) => network(BtcBase58, "Bitcoin test network, pay to script hash (version 0xc4); the test networks of Litecoin, Bitcoin Cash and Dogecoin share it", &[Ltc, Bch, Doge]),
        (21, 0x30, _) => network(Ltc, "Litecoin main network, pay to public key hash (version 0x30)", &[]),
        (21, 0x32, _) => network(Ltc, "Litecoin main network, pay to script hash (version 0x32)", &[]),
        (21, 0x3a, _) => network(Ltc, "Litecoin test network, pay to script hash (version 0x3a)", &[]),
        (21, 0x1e, _) => network(Doge, "Dogecoin main network, pay to public key hash (version 0x1e)", &[]),
        (21, 0x16, _) => network(Doge, "Dogecoin main network, pay to script hash (version 0x16)", &[]),
        (21, 0x71, _) => network(Doge, "Dogecoin test network, pay to public key hash (version 0x71)", &[]),
        (21, 0x4c, _) => network(Dash, "Dash main network, pay to public key hash (version 0x4c)", &[]),
        (21, 0x10, _) => network(Dash, "Dash main network, pay to script hash (version 0x10)", &[]),
        (21, 0x8c, _) => network(Dash, "Dash test network, pay to public key hash (version 0x8c)", &[]),
        (21, 0x13, _) => network(Dash, "Dash test network, pay to script hash (version 0x13)", &[]),
        (21, 0x41, _) => network(Tron, "TRON (version 0x41)", &[]),
        (22, 0x1c, 0xb8) => network(Zec, "Zcash main network, transparent, pay to public key hash (version 0x1cb8)", &[]),
        (22, 0x1c, 0xbd) => network(Zec, "Zcash main network, transparent, pay to script hash (version 0x1cbd)", &[]),
        (22, 0x1d, 0x25) => network(Zec, "Zcash test network, transparent, pay to public key hash (version 0x1d25)", &[]),
        (22, 0x1c, 0xba) => network(Zec, "Zcash test network, transparent, pay to script hash (version 0x1cba)", &[]),
        _ => None,
    }
}

static LTC_CUES: Words = Words::new(&["ltc", "litecoin", "лайткоин"]);
static DOGE_CUES: Words = Words::new(&["doge", "dogecoin"]);
static DASH_CUES: Words = Words::new(&["dash"]);
static ZEC_CUES: Words = Words::new(&["zec", "zcash"]);
static BTC_CUES: Words = Words::new(&["btc", "bitcoin", "trx", "tron", "usdt", "биткоин"]);

/// What a word begins with, and how long it is, when it was meant to be an address.
fn of_shape(word: &[u8]) -> Option<(SelectorType, Keep)> {
    use SelectorType::{BtcBase58, Dash, Doge, Ltc, Tron, Zec};
    Some(match (word[0], word.len()) {
        (b'1', 26..=35) | (b'3', 33..=35) => (BtcBase58, Keep::Alone),
        (b'T', 34) => (Tron, Keep::Alone),
        (b'L' | b'M', 33 | 34) => (Ltc, Keep::Shown(&LTC_CUES)),
        (b'D', 33 | 34) | (b'A' | b'9', 33 | 34) => (Doge, Keep::Shown(&DOGE_CUES)),
        (b'X' | b'7', 33 | 34) => (Dash, Keep::Shown(&DASH_CUES)),
        (b't', 35) if matches!(word[1], b'1' | b'3') => (Zec, Keep::Shown(&ZEC_CUES)),
        _ => return None,
    })
}

const HOLDS: &str = "Base58Check holds";
const FAILS: &str = "Base58Check does not hold";

/// Addresses of 26 to 35 letters.
pub(super) fn address(word: &[u8]) -> Option<Verdict> {
    if let Some(verdict) = sound_address(word) {
        return Some(verdict);
    }
    if !has_upper_and_lower(word) || strange(word, &BASE58) > 1 {
        return xrp(word);
    }
    // A sound checksum under a version that is not known here: an address of another chain.
    if decode(word, &BASE58).is_some_and(|decoded| sound(decoded.bytes()).is_some()) {
        return None;
    }
    if let Some(verdict) = mistyped_start(word).or_else(|| xrp(word).filter(Verdict::is_verified)) {
        return Some(verdict);
    }
    let Some((kind, keep)) = of_shape(word) else { return xrp(word).or_else(|| failed_by_version(word)) };
    let (keep, why) = if strange(word, &BASE58) > 0 {
        (shown(keep), "a letter outside Base58")
    } else {
        (keep, FAILS)
    };
    let keep = if looks_mixed(word) { keep } else { named(keep) };
    Some(Verdict::failed(kind, ascii(word), why).keep(keep))
}

/// Letters that are hardly mixed may be words: the coin must be named.
fn named(keep: Keep) -> Keep {
    match shown(keep) {
        Keep::Shown(cues) => Keep::Near(cues),
        other => other,
    }
}

/// A strange letter makes it likelier that the word is another thing: it must be in sight.
fn shown(keep: Keep) -> Keep {
    if keep == Keep::Alone { Keep::Shown(&BTC_CUES) } else { keep }
}

fn sound_address(word: &[u8]) -> Option<Verdict> {
    let decoded = decode(word, &BASE58)?;
    if !matches!(decoded.bytes().len(), 25 | 26) {
        return None;
    }
    let network = of_version(sound(decoded.bytes())?)?;
    let verdict = Verdict::verified(network.kind, ascii(word), format!("{HOLDS}; {}", network.words));
    Some(network.rivals.iter().fold(verdict, |verdict, kind| verdict.rival(*kind)))
}

/// Test networks have no shape of their own: a failure is kept when at least the version is right.
fn failed_by_version(word: &[u8]) -> Option<Verdict> {
    let decoded = decode(word, &BASE58)?;
    let bytes = decoded.bytes();
    let is_test = looks_mixed(word) && bytes.len() == 25 && matches!(bytes[0], 0x6f | 0xc4);
    let network = of_version(&bytes[..bytes.len().checked_sub(4).filter(|_| is_test)?])?;
    Some(Verdict::failed(network.kind, ascii(word), format!("{FAILS}; {}", network.words)).keep(Keep::Alone))
}

/// The beginning tells the network, so a slip there would hide the address. Each known beginning is
/// tried in its place; that one of them makes the checksum hold by chance is less than 2⁻²⁷.
fn mistyped_start(word: &[u8]) -> Option<Verdict> {
    if !(32..=35).contains(&word.len()) {
        return None;
    }
    const STARTS: [(usize, u8); 16] = [
        (0, b'1'), (0, b'3'), (0, b'L'), (0, b'M'), (0, b'D'), (0, b'A'), (0, b'9'), (0, b'X'), (0, b'7'), (0, b'T'),
        (0, b't'), (1, b'1'), (1, b'3'), (0, b'm'), (0, b'n'), (0, b'2'),
    ];
    let mut repaired = word.to_vec();
    for (place, letter) in STARTS {
        if word[place] == letter || (place == 1 && word[0] != b't') {
            continue;
        }
        repaired[place] = letter;
        if let Some(right) = sound_address(&repaired) {
            return Some(slip(right.kind, word, place, letter, FAILS));
        }
        repaired[place] = word[place];
    }
    None
}

/// A failure that one other letter at the beginning would mend.
pub(super) fn slip(kind: SelectorType, word: &[u8], place: usize, letter: u8, fails: &str) -> Verdict {
    let reason = format!("{fails} as written; it would with {:?} in place {}, so a slip there is likely", char::from(letter), place + 1);
    Verdict::failed(kind, ascii(word), reason)
}

static XRP_CUES: Words = Words::new(&["xrp", "ripple"]);

fn xrp(word: &[u8]) -> Option<Verdict> {
    let kind = SelectorType::Xrp;
    if let Some(verdict) = sound_xrp(word) {
        return Some(verdict);
    }
    if !has_upper_and_lower(word) || !(32..=35).contains(&word.len()) || strange(word, &XRP58) > 1 {
        return None;
    }
    if word[0] != b'r' {
        let repaired = [b"r", &word[1..]].concat();
        return sound_xrp(&repaired).map(|_| slip(kind, word, 0, b'r', "the checksum of the XRP Ledger does not hold"));
    }
    let why = "Base58Check in the alphabet of the XRP Ledger does not hold";
    let keep = if looks_mixed(word) { Keep::Shown(&XRP_CUES) } else { Keep::Near(&XRP_CUES) };
    Some(Verdict::failed(kind, ascii(word), why).keep(keep))
}

fn sound_xrp(word: &[u8]) -> Option<Verdict> {
    let decoded = decode(word, &XRP58)?;
    let bytes = decoded.bytes();
    if bytes.len() != 25 || bytes[0] != 0 {
        return None;
    }
    sound(bytes)?;
    Some(Verdict::verified(SelectorType::Xrp, ascii(word), "Base58Check in the alphabet of the XRP Ledger holds; account (type 0x00)"))
}

/// Accounts with a tag inside (X-addresses, XLS-5): 47 letters.
pub(super) fn xrp_tagged(word: &[u8]) -> Option<Verdict> {
    let decoded = decode(word, &XRP58)?;
    let bytes = decoded.bytes();
    let network = match bytes.get(..2)? {
        [0x05, 0x44] => "main network",
        [0x04, 0x93] => "test network",
        _ => return None,
    };
    if bytes.len() != 35 {
        return None;
    }
    let (kind, value) = (SelectorType::Xrp, ascii(word));
    Some(if sound(bytes).is_some() {
        Verdict::verified(kind, value, format!("Base58Check of an X-address holds; XRP Ledger {network}"))
    } else {
        Verdict::failed(kind, value, "Base58Check of an X-address does not hold").keep(Keep::Shown(&XRP_CUES))
    })
}

/// Version bytes of extended keys (BIP-32, SLIP-132 and the chains' own): prefix, public, private.
const EXTENDED: [(&[u8; 4], u32, bool); 20] = [
    (b"xpub", 0x0488_b21e, false), (b"xprv", 0x0488_ade4, true), (b"ypub", 0x049d_7cb2, false), (b"yprv", 0x049d_7878, true),
    (b"zpub", 0x04b2_4746, false), (b"zprv", 0x04b2_430c, true), (b"Ypub", 0x0295_b43f, false), (b"Yprv", 0x0295_b005, true),
    (b"Zpub", 0x02aa_7ed3, false), (b"Zprv", 0x02aa_7a99, true), (b"tpub", 0x0435_87cf, false), (b"tprv", 0x0435_8394, true),
    (b"upub", 0x044a_5262, false), (b"uprv", 0x044a_4e28, true), (b"vpub", 0x045f_1cf6, false), (b"vprv", 0x045f_18bc, true),
    (b"Ltub", 0x019d_a462, false), (b"Ltpv", 0x019d_9cfe, true), (b"dgub", 0x02fa_cafd, false), (b"dgpv", 0x02fa_c398, true),
];

/// Extended keys: 111 letters, 78 bytes and four of checksum.
pub(super) fn extended_key(word: &[u8]) -> Option<Verdict> {
    let differing = |prefix: &[u8; 4]| prefix.iter().zip(word).filter(|(a, b)| a != b).count();
    let (prefix, version, private) = EXTENDED.iter().min_by_key(|(prefix, ..)| differing(prefix))?;
    if differing(prefix) > 1 || strange(word, &BASE58) > 1 {
        return None;
    }
    let kind = if *private { SelectorType::ExtendedPrivateKey } else { SelectorType::ExtendedPublicKey };
    let (value, name) = (ascii(word), ascii(*prefix));
    let decoded = decode(word, &BASE58);
    let payload = decoded.as_ref().and_then(|d| sound(d.bytes())).filter(|p| p.len() == 78);
    let Some(payload) = payload else {
        return Some(Verdict::failed(kind, value, format!("{FAILS}; shape of an extended key ({name})")));
    };
    if payload[..4] != version.to_be_bytes() {
        return None;
    }
    let key_fits = if *private { payload[45] == 0 } else { matches!(payload[45], 2 | 3) };
    let fault = if key_fits { "" } else { "; the key in it has a wrong first byte (BIP-32)" };
    Some(Verdict::verified(kind, value, format!("{HOLDS}; extended key {name}, depth {}{fault}", payload[4])))
}

static WIF_CUES: Words = Words::new(&["private key", "privkey", "wif", "приватный ключ"]);

/// Private keys in wallet import format: 51 letters, or 52 with the mark for a compressed key.
pub(super) fn wallet_import(word: &[u8]) -> Option<Verdict> {
    if let Some(verdict) = sound_import(word) {
        return Some(verdict);
    }
    if !looks_mixed(word) || strange(word, &BASE58) > 1 {
        return None;
    }
    let starts: &[u8] = if word.len() == 51 { b"5" } else { b"KL" };
    if starts.contains(&word[0]) {
        let why = "Base58Check does not hold; shape of a private key in wallet import format";
        return Some(Verdict::failed(SelectorType::Wif, ascii(word), why).keep(Keep::Shown(&WIF_CUES)));
    }
    let repairs = |letter: &&u8| sound_import(&[&[**letter], &word[1..]].concat()).is_some();
    starts.iter().find(repairs).map(|letter| slip(SelectorType::Wif, word, 0, *letter, FAILS))
}

fn sound_import(word: &[u8]) -> Option<Verdict> {
    let decoded = decode(word, &BASE58)?;
    let compressed = match decoded.bytes().len() {
        37 => "",
        38 if decoded.bytes()[33] == 1 => ", for a compressed key",
        _ => return None,
    };
    let network = match decoded.bytes()[0] {
        0x80 => "Bitcoin main network (0x80); other chains share it",
        0xef => "a test network (0xef)",
        0xb0 => "Litecoin (0xb0)",
        0x9e => "Dogecoin (0x9e)",
        0xcc => "Dash (0xcc)",
        _ => return None,
    };
    sound(decoded.bytes())?;
    Some(Verdict::verified(SelectorType::Wif, ascii(word), format!("{HOLDS}; private key of {network}{compressed}")))
}

/// A Bitmessage address after `BM-`: version, stream and hash, with four bytes of double SHA-512.
pub(crate) fn bitmessage_holds(body: &[u8]) -> bool {
    let Some(decoded) = decode(body, &BASE58) else { return false };
    let bytes = decoded.bytes();
    let Some((payload, check)) = bytes.len().checked_sub(4).map(|at| bytes.split_at(at)) else { return false };
    // Version 2 to 4, stream below 253, a hash whose leading zeros are left out.
    (16..=22).contains(&payload.len()) && matches!(payload[0], 1..=4) && Sha512::digest(Sha512::digest(payload))[..4] == *check
}

/// Byron addresses of Cardano: CBOR of a tagged byte string and its CRC-32.
pub(super) fn byron(word: &[u8]) -> Option<Verdict> {
    let (prefix, length): (&[u8], _) = if word.len() < 70 { (b"Ae2tdPwUP", 58..=60) } else { (b"DdzFF", 100..=106) };
    let differing = prefix.iter().zip(word).filter(|(a, b)| a != b).count();
    if differing > 1 || !length.contains(&word.len()) || strange(word, &BASE58) > 1 {
        return None;
    }
    let (kind, value) = (SelectorType::Ada, ascii(word));
    let holds = decode(word, &BASE58).is_some_and(|decoded| byron_holds(decoded.bytes()).unwrap_or(false));
    Some(if holds {
        Verdict::verified(kind, value, "CBOR and CRC-32 of a Byron address hold").chance("2^-32")
    } else {
        Verdict::failed(kind, value, "CBOR or CRC-32 of a Byron address does not hold")
    })
}

fn byron_holds(bytes: &[u8]) -> Option<bool> {
    let rest = bytes.strip_prefix(&[0x82, 0xd8, 0x18])?;
    let (length, rest) = match rest {
        [0x58, length, rest @ ..] => (usize::from(*length), rest),
        [short @ 0x40..=0x57, rest @ ..] => (usize::from(*short - 0x40), rest),
        _ => return None,
    };
    let (payload, check) = rest.split_at_checked(length)?;
    let written = match check {
        [0x1a, number @ ..] => u32::from_be_bytes(number.try_into().ok()?),
        [0x19, a, b] => u32::from(u16::from_be_bytes([*a, *b])),
        [0x18, a] => u32::from(*a),
        [a @ 0..=0x17] => u32::from(*a),
        _ => return None,
    };
    Some(crc32fast::hash(payload) == written)
}

/// A Solana account is 32 bytes and nothing else: any random word of that length passes.
pub(super) fn solana(word: &[u8]) -> Option<Verdict> {
    let decoded = decode(word, &BASE58)?;
    let key: &[u8; 32] = decoded.bytes().try_into().ok()?;
    static CUES: Words = Words::new(&["sol", "solana", "spl", "phantom", "солана"]);
    let on_curve = curve25519_dalek::edwards::CompressedEdwardsY(*key).decompress().is_some();
    let what = if on_curve { "a point of ed25519, as the keys of wallets are" } else { "no point of ed25519: an account of a program, or no account" };
    let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
    let random = has_upper_and_lower(word) && digits >= 3 && matches!(word.len(), 43 | 44) && on_curve;
    let keep = if random { Keep::Shown(&CUES) } else { Keep::Near(&CUES) };
    Some(Verdict::unverifiable(SelectorType::Sol, ascii(word), format!("decodes to 32 bytes; carries no checksum; {what}")).keep(keep))
}
