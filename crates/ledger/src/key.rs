//! Ed25519 keys of logs and witnesses, by name: C2SP signed-note verifier keys and PEM.
//!
//! It makes no keys: a seed comes from outside, and is never printed. Kind 0x01 signs notes (a log),
//! kind 0x04 cosigns with a time (a witness, C2SP tlog-cosignature); the two are different types, so
//! that a log's own key can never be counted as an outside witness. PEM is the SubjectPublicKeyInfo
//! of RFC 8410, which stock `openssl` reads.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::base64text;

/// Signature kind of a log's own line.
pub const LOG_KIND: u8 = 0x01;
/// Signature kind of a witness's cosignature line.
pub const WITNESS_KIND: u8 = 0x04;

/// The key of a log: checks its line on a checkpoint.
pub type LogKey = NoteKey<LOG_KIND>;
/// The key of a witness: checks its cosignature on a checkpoint.
pub type WitnessKey = NoteKey<WITNESS_KIND>;
/// What a log signs its checkpoints with.
pub type LogSigner = NoteSigner<LOG_KIND>;
/// What a witness cosigns with.
pub type WitnessSigner = NoteSigner<WITNESS_KIND>;

/// Everything of an Ed25519 SubjectPublicKeyInfo but the 32 bytes of the key (RFC 8410 §4).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const PEM_END: &str = "-----END PUBLIC KEY-----";

/// Why a key or its name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a usable name.
    #[error("{0:?} cannot name a log or a witness: use 1 to 255 of the characters A-Z a-z 0-9 . - _ ~ : /, for example agency.example/log")]
    Name(String),
    /// Not `name+hash+base64`.
    #[error("this is not a verifier key: one line NAME+HASH+KEY is needed, as the other agency printed it; copy it again")]
    Shape,
    /// The 8 digits do not belong to this name and key.
    #[error("the verifier key of {0} does not match its own check digits: it was copied wrongly or changed; ask its owner for it again")]
    Id(KeyName),
    /// A key for another purpose.
    #[error("the key of {name} has kind {found:#04x}, but {wanted:#04x} is needed ({}): ask its owner for the right key", kind_name(*wanted))]
    Kind {
        /// Whose key.
        name: KeyName,
        /// Kind that the key has.
        found: u8,
        /// Kind that is needed here.
        wanted: u8,
    },
    /// Not a point of the curve, or one under which anybody can sign.
    #[error("these 32 bytes are not a safe Ed25519 public key: ask the owner for the key again")]
    Point,
    /// Not a PEM public key of the right kind.
    #[error(
        "this is not an Ed25519 public key in PEM form (BEGIN PUBLIC KEY): export it with `log anchors`, or with `openssl pkey -pubout`"
    )]
    Pem,
    /// The same name or key twice in a list.
    #[error("{0} stands twice in the list of witnesses (by name or by key): one witness counts once; remove one line")]
    Repeated(KeyName),
}

fn kind_name(kind: u8) -> &'static str {
    if kind == LOG_KIND { "a log's key" } else { "a witness's cosigning key" }
}

/// The name of a log (its origin) or of a witness: a URL without scheme.
///
/// Narrower than C2SP allows: only characters that no shell, no terminal and no reader can mistake.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(String);

impl KeyName {
    /// Checks and keeps `text`.
    ///
    /// # Errors
    /// [`KeyError::Name`].
    pub fn new(text: &str) -> Result<Self, KeyError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b".-_~:/".contains(&b);
        if (1..=255).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(KeyName(text.to_string()))
        } else {
            Err(KeyError::Name(text.chars().take(80).collect()))
        }
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for KeyName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for KeyName {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        KeyName::new(text)
    }
}

/// First four bytes of `SHA-256(name ‖ 0x0A ‖ kind ‖ key)`: tells keys apart, proves nothing.
pub type KeyId = [u8; 4];

/// A public key with its name and its purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKey<const KIND: u8> {
    name: KeyName,
    key: VerifyingKey,
}

impl<const KIND: u8> NoteKey<KIND> {
    /// Binds a key to a name.
    ///
    /// # Errors
    /// [`KeyError::Point`] for a key of small order, under which a signature says nothing.
    pub fn new(name: KeyName, key: VerifyingKey) -> Result<Self, KeyError> {
        if key.is_weak() { Err(KeyError::Point) } else { Ok(NoteKey { name, key }) }
    }

    /// From a PEM public key, which carries no name of its own.
    ///
    /// # Errors
    /// [`KeyError::Pem`], [`KeyError::Point`].
    pub fn from_pem(name: KeyName, pem: &str) -> Result<Self, KeyError> {
        NoteKey::new(name, public_key_from_pem(pem)?)
    }

    /// Name of the log or witness.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The bare key.
    pub fn public_key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The number that stands in its signature lines.
    pub fn id(&self) -> KeyId {
        let hash = Sha256::new().chain_update(self.name.as_str()).chain_update([b'\n', KIND]).chain_update(self.key.as_bytes()).finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// The key as PEM, as `openssl pkey -pubin` reads it.
    pub fn to_pem(&self) -> String {
        public_key_to_pem(&self.key)
    }

    /// Whether `signature` over `message` is by this key; `verify_strict`, so only one signature
    /// encoding passes and no mixed-order trick does.
    pub(crate) fn accepts(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

/// The verifier key text `NAME+HASH+KEY`.
impl<const KIND: u8> std::fmt::Display for NoteKey<KIND> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let material = [&[KIND], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id()), base64text::encode(&material))
    }
}

impl<const KIND: u8> std::str::FromStr for NoteKey<KIND> {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(material)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Shape);
        };
        let name = KeyName::new(name)?;
        let material = base64text::decode(material).ok_or(KeyError::Shape)?;
        let (&found, bytes) = material.split_first().ok_or(KeyError::Shape)?;
        if found != KIND {
            return Err(KeyError::Kind { name, found, wanted: KIND });
        }
        let key = NoteKey::new(name, point(bytes)?)?;
        if hex::encode(key.id()) == id { Ok(key) } else { Err(KeyError::Id(key.name)) }
    }
}

impl WitnessKey {
    /// Reads a list of witnesses: one verifier key a line; empty lines and lines that begin with `#`
    /// are skipped.
    ///
    /// # Errors
    /// [`KeyError`] of the first line that is wrong; [`KeyError::Repeated`] when one witness would
    /// count twice.
    pub fn parse_list(text: &str) -> Result<Vec<WitnessKey>, KeyError> {
        let mut list: Vec<WitnessKey> = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let witness: WitnessKey = line.parse()?;
            if list.iter().any(|other| other.name == witness.name || other.key == witness.key) {
                return Err(KeyError::Repeated(witness.name));
            }
            list.push(witness);
        }
        Ok(list)
    }
}

/// A secret key with its name and its purpose. It is erased from memory when dropped, and has no
/// printed form.
pub struct NoteSigner<const KIND: u8> {
    name: KeyName,
    key: SigningKey,
}

impl<const KIND: u8> NoteSigner<KIND> {
    /// From the 32-byte secret seed of RFC 8032, which the caller drew at random and keeps encrypted.
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        NoteSigner { name, key: SigningKey::from_bytes(seed) }
    }

    /// Name of the log or witness.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The public half.
    pub(crate) fn note_key(&self) -> NoteKey<KIND> {
        NoteKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    pub(crate) fn sign_bytes(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl LogSigner {
    /// The key that others check this log with.
    pub fn log_key(&self) -> LogKey {
        self.note_key()
    }
}

impl WitnessSigner {
    /// The key that others check this witness with.
    pub fn witness_key(&self) -> WitnessKey {
        self.note_key()
    }
}

fn point(bytes: &[u8]) -> Result<VerifyingKey, KeyError> {
    VerifyingKey::try_from(bytes).ok().filter(|key| !key.is_weak()).ok_or(KeyError::Point)
}

/// `-----BEGIN PUBLIC KEY-----`, one line of base64, `-----END PUBLIC KEY-----`, each ended by a newline.
pub fn public_key_to_pem(key: &VerifyingKey) -> String {
    let der = [SPKI_PREFIX.as_slice(), key.as_bytes()].concat();
    format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", base64text::encode(&der))
}

/// Reads a PEM public key; line ends may be those of Windows, since an anchor file goes through many hands.
///
/// # Errors
/// [`KeyError::Pem`] when it is not an Ed25519 key in PEM, [`KeyError::Point`] when the key is unsafe.
pub fn public_key_from_pem(pem: &str) -> Result<VerifyingKey, KeyError> {
    let body = pem.trim().strip_prefix(PEM_BEGIN).and_then(|rest| rest.strip_suffix(PEM_END)).ok_or(KeyError::Pem)?;
    let der = base64text::decode(body.trim()).ok_or(KeyError::Pem)?;
    point(der.strip_prefix(&SPKI_PREFIX).ok_or(KeyError::Pem)?)
}
