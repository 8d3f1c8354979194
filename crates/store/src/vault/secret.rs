//! Secret bytes: made, derived, compared and wiped.
//!
//! A secret is overwritten when dropped and shows nothing of itself when printed. Derivation is
//! HKDF-SHA256 (RFC 5869) with one label per purpose, so that no two purposes ever share a key.
//! Randomness comes from the operating system only. Wiping is best effort: the compiler may have
//! made copies on the stack, and swap is the administrator's to encrypt.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::VaultError;

/// 32 secret bytes.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret32([u8; 32]);

impl Secret32 {
    /// Takes over bytes that are already secret and uniformly random.
    pub fn new(bytes: [u8; 32]) -> Self {
        Secret32(bytes)
    }

    /// A fresh key.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`] when the system gives none.
    pub fn random() -> Result<Self, VaultError> {
        let mut secret = Secret32([0; 32]);
        getrandom::fill(&mut secret.0).map_err(VaultError::NoRandomness)?;
        Ok(secret)
    }

    /// Reads exactly 32 bytes.
    ///
    /// # Errors
    /// [`VaultError::Malformed`] when there are more or fewer.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, VaultError> {
        let mut secret = Secret32([0; 32]);
        if bytes.len() != 32 {
            return Err(VaultError::malformed("a key", format!("it has {} bytes and not 32", bytes.len())));
        }
        secret.0.copy_from_slice(bytes);
        Ok(secret)
    }

    /// The bytes, for the one place that needs them.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// A key for one purpose and context (HKDF-SHA256, no salt: the input is uniformly random).
    ///
    /// ```
    /// use store::vault::secret::{Purpose, Secret32};
    /// let key = Secret32::new([7; 32]);
    /// assert!(key.derive(Purpose::Field, b"") == key.derive(Purpose::Field, b""));
    /// assert!(key.derive(Purpose::Field, b"") != key.derive(Purpose::BlindIndex, b""));
    /// ```
    pub fn derive(&self, purpose: Purpose, context: &[u8]) -> Secret32 {
        let mut out = Secret32([0; 32]);
        let info = [b"lanternfish/v1/".as_slice(), purpose.label().as_bytes(), &[0], context];
        Hkdf::<Sha256>::new(None, &self.0)
            .expand_multi_info(&info, &mut out.0)
            .expect("32 bytes are below the limit of 255 blocks");
        out
    }
}

/// Compares in a time that does not depend on where the bytes differ.
impl PartialEq for Secret32 {
    fn eq(&self, other: &Self) -> bool {
        let differing = self.0.iter().zip(other.0).fold(0, |acc, (a, b)| acc | (a ^ b));
        std::hint::black_box(differing) == 0
    }
}

impl Eq for Secret32 {}

impl std::fmt::Debug for Secret32 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret32(hidden)")
    }
}

/// What a derived key is for. The label enters the derivation and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Database columns.
    Field,
    /// Equality search over encrypted columns.
    BlindIndex,
    /// Wrapping the keys of blobs.
    BlobWrap,
    /// The chunks of one blob.
    BlobChunks,
    /// Names of objects.
    ObjectName,
    /// Wrapping the case key of one generation under the next.
    Retired,
    /// What may be published about a case key so that a swapped one shows.
    Fingerprint,
    /// A secret bundle under a session token.
    SessionSeal,
    /// The stored look-up value of a session token.
    SessionLookup,
    /// The commitment to a shared secret.
    ShareSet,
    /// A secret bundle under the value that a passkey gives (WebAuthn PRF).
    PasskeySeal,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Purpose::Field => "field",
            Purpose::BlindIndex => "blind-index",
            Purpose::BlobWrap => "blob-wrap",
            Purpose::BlobChunks => "blob-chunks",
            Purpose::ObjectName => "object-name",
            Purpose::Retired => "retired-generation",
            Purpose::Fingerprint => "fingerprint",
            Purpose::SessionSeal => "session-seal",
            Purpose::SessionLookup => "session-lookup",
            Purpose::ShareSet => "share-set",
            Purpose::PasskeySeal => "passkey-seal",
        }
    }
}

/// Secret bytes of any length: an opened field, key file or bundle. Wiped on drop, silent in print.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        SecretBytes(bytes)
    }

    /// The bytes as text.
    ///
    /// # Errors
    /// [`VaultError::Malformed`] when they are not UTF-8.
    pub fn text(&self) -> Result<&str, VaultError> {
        std::str::from_utf8(&self.0).map_err(|_| VaultError::malformed("a decrypted text", "it is not UTF-8"))
    }
}

impl std::ops::Deref for SecretBytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for SecretBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretBytes({} hidden bytes)", self.0.len())
    }
}

/// 16 random bytes, for ids and salts.
///
/// # Errors
/// [`VaultError::NoRandomness`] when the system gives none.
pub fn random_16() -> Result<[u8; 16], VaultError> {
    random()
}

/// 16 bytes for the id of a row: six of the time in milliseconds, then ten random ones (the order of
/// RFC 9562, version 7, without its version bits). Rows that are made one after the other then lie beside
/// each other in the database. The time tells nothing new: it stands in the leaf that bears the id.
///
/// # Errors
/// [`VaultError::NoRandomness`] when the system gives none.
pub fn fresh_id() -> Result<[u8; 16], VaultError> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let mut id: [u8; 16] = random()?;
    id[..6].copy_from_slice(&u64::try_from(since.as_millis()).unwrap_or(u64::MAX).to_be_bytes()[2..]);
    Ok(id)
}

/// 32 random bytes, for salts and session tokens.
///
/// # Errors
/// [`VaultError::NoRandomness`] when the system gives none.
pub fn random_32() -> Result<[u8; 32], VaultError> {
    random()
}

pub(super) fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut out = [0; N];
    getrandom::fill(&mut out).map_err(VaultError::NoRandomness)?;
    Ok(out)
}
