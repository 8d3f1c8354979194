//! Words of hex digits: Session and Tox identifiers, OpenPGP key ids, digests of files, private keys.
//! Only Tox carries a checksum. The others are names of files, commits and colours as often as not,
//! so that a word near them must say what they are.

use model::selector::SelectorType;

use crate::verdict::{Keep, Verdict, Words, ascii, ascii_lower};

static PRIVATE_CUES: Words = Words::new(&[
    "private key", "privkey", "secret key", "private_key", "privatekey", "приватный ключ", "закрытый ключ", "私钥", "私鑰", "khóa riêng", "kunci privat",
]);
static MD5_CUES: Words = Words::new(&["md5", "md-5", "hash", "checksum", "digest", "хеш", "хэш", "แฮช", "哈希", "virustotal", "ioc", "malware"]);
static SHA1_CUES: Words = Words::new(&["sha1", "sha-1", "sha", "hash", "checksum", "digest", "хеш", "хэш", "แฮช", "哈希", "virustotal", "ioc", "malware"]);
static SHA384_CUES: Words = Words::new(&["sha384", "sha-384", "hash", "checksum", "digest", "хеш", "хэш", "แฮช", "哈希", "virustotal", "ioc", "malware"]);
static SHA512_CUES: Words = Words::new(&["sha512", "sha-512", "blake2b", "hash", "checksum", "digest", "хеш", "хэш", "แฮช", "哈希", "virustotal", "ioc", "malware"]);
static SHA256_CUES: Words = Words::new(&["sha256", "sha-256", "sha2", "sha3-256", "blake3", "hash", "checksum", "digest", "хеш", "хэш", "แฮช", "哈希", "virustotal", "ioc", "malware"]);
static SESSION_CUES: Words = Words::new(&["session"]);
static TOX_CUES: Words = Words::new(&["tox", "qtox", "utox"]);
static KEY_ID_CUES: Words = Words::new(&["key id", "keyid", "key-id", "pgp", "gpg", "openpgp", "pub", "ключ"]);
static SHORT_KEY_CUES: Words = Words::new(&["key id", "keyid", "key-id", "pgp", "gpg", "openpgp"]);

/// The verdict on a word of hex digits, which may begin with `0x`.
pub(crate) fn judge(word: &[u8]) -> Vec<Verdict> {
    let (digits, prefixed) = match word.strip_prefix(b"0x") {
        Some(digits) => (digits, true),
        None => (word, false),
    };
    let strange = digits.iter().filter(|b| !b.is_ascii_hexdigit()).count();
    if digits.len() == 76 && strange <= 1 {
        return vec![tox(digits)];
    }
    if strange > 0 {
        return Vec::new();
    }
    match digits.len() {
        8 => vec![key_id(digits, &SHORT_KEY_CUES)],
        16 => vec![key_id(digits, &KEY_ID_CUES)],
        32 if !prefixed => vec![hash(digits, "MD5", &MD5_CUES)],
        40 if !prefixed => vec![hash(digits, "SHA-1", &SHA1_CUES)],
        64 => sixty_four(digits, prefixed),
        66 if digits.starts_with(b"05") => vec![session(digits)],
        96 if !prefixed => vec![hash(digits, "SHA-384", &SHA384_CUES)],
        128 if !prefixed => vec![hash(digits, "SHA-512", &SHA512_CUES)],
        _ => Vec::new(),
    }
}

fn key_id(digits: &[u8], cues: &'static Words) -> Verdict {
    let size = if digits.len() == 8 { "the last 8 digits of a fingerprint: many keys share them" } else { "the last 16 digits of a fingerprint" };
    Verdict::unverifiable(SelectorType::PgpKeyId, ascii(&digits.to_ascii_uppercase()), format!("{size}; carries no checksum"))
        .keep(Keep::Near(cues))
}

fn hash(digits: &[u8], name: &str, cues: &'static Words) -> Verdict {
    let reason = format!("{} hex digits, as many as {name} has; carries no checksum", digits.len());
    Verdict::unverifiable(SelectorType::FileHash, ascii_lower(digits), reason).keep(Keep::Near(cues))
}

/// A digest, a transaction or a private key: nothing in the digits tells which.
fn sixty_four(digits: &[u8], prefixed: bool) -> Vec<Verdict> {
    let key = Verdict::unverifiable(SelectorType::PrivateKey, ascii_lower(digits), "64 hex digits after such a word; carries no checksum")
        .keep(Keep::Near(&PRIVATE_CUES));
    if prefixed {
        return vec![key];
    }
    let digest = hash(digits, "SHA-256", &SHA256_CUES);
    let reason = format!("{}; a transaction of a chain has the same shape", digest.reason);
    vec![key, Verdict { reason: reason.into(), ..digest }]
}

fn session(digits: &[u8]) -> Verdict {
    Verdict::unverifiable(SelectorType::Session, ascii_lower(digits), "66 hex digits that begin with 05; carries no checksum")
        .keep(Keep::Shown(&SESSION_CUES))
}

/// Key (32 bytes), nospam (4) and the exclusive or of all of them in pairs (2).
fn tox(digits: &[u8]) -> Verdict {
    let kind = SelectorType::Tox;
    let value = ascii(&digits.to_ascii_uppercase());
    let Ok(bytes) = hex::decode(digits) else {
        return Verdict::failed(kind, value, "a letter that is no hex digit; shape of a Tox identifier").keep(Keep::Near(&TOX_CUES));
    };
    let sum = bytes[..36].chunks_exact(2).fold([0u8; 2], |sum, pair| [sum[0] ^ pair[0], sum[1] ^ pair[1]]);
    if sum == bytes[36..] {
        return Verdict::verified(kind, value, "76 hex digits, checksum of two bytes holds");
    }
    Verdict::failed(kind, value, "76 hex digits, checksum of two bytes does not hold").keep(Keep::Shown(&TOX_CUES))
}
