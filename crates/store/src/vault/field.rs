//! One encrypted column value, and the keyed index that finds it again.
//!
//! XChaCha20-Poly1305 with a random 24-byte nonce. The place of the value (table, column, row) is
//! authenticated with it, so a value that is moved to another row does not open (law 5). The blind
//! index is HMAC-SHA256 (RFC 2104) under a key of its own per column: equal values give equal
//! indexes, which whoever reads the database file can see; it tells nothing else.
//!
//! Sealed form: `version (1) ‖ nonce (24) ‖ ciphertext ‖ tag (16)`.

use chacha20poly1305::{
    AeadInOut, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::{
    VaultError,
    secret::{Purpose, Secret32, SecretBytes, random},
};

const VERSION: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;

/// Bytes that sealing adds to a value.
pub const FIELD_OVERHEAD: usize = 1 + NONCE + TAG;

/// The place where a value belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aad<'a> {
    /// Table name.
    pub table: &'a str,
    /// Column name.
    pub column: &'a str,
    /// Row id.
    pub row: &'a str,
}

impl Aad<'_> {
    /// Each part with its length before it, so that no two places have the same bytes.
    fn bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        for part in [self.table, self.column, self.row] {
            out.extend_from_slice(&(part.len() as u64).to_be_bytes());
            out.extend_from_slice(part.as_bytes());
        }
        out
    }
}

/// Encrypts one value for one place. The same value sealed twice looks different.
///
/// # Errors
/// [`VaultError::NoRandomness`].
///
/// ```
/// use store::vault::{field::{Aad, open_field, seal_field}, secret::Secret32};
/// let key = Secret32::new([1; 32]);
/// let place = Aad { table: "finding", column: "text", row: "find-1" };
/// let sealed = seal_field(&key, &place, b"seen").unwrap();
/// assert_eq!(&*open_field(&key, &place, &sealed).unwrap(), b"seen");
/// assert!(open_field(&key, &Aad { row: "find-2", ..place }, &sealed).is_err());
/// ```
pub fn seal_field(key: &Secret32, place: &Aad<'_>, value: &[u8]) -> Result<Vec<u8>, VaultError> {
    let nonce = random::<NONCE>()?;
    let mut out = Vec::with_capacity(value.len() + FIELD_OVERHEAD);
    out.push(VERSION);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(value);
    let tag = cipher(key)
        .encrypt_inout_detached(&XNonce::from(nonce), &place.bytes(), out[1 + NONCE..].as_mut().into())
        .expect("a column value is far below the cipher's limit of 256 GiB");
    out.extend_from_slice(&tag);
    Ok(out)
}

/// Opens a value at its place.
///
/// # Errors
/// [`VaultError::Integrity`] when the value, its place or the key is not the one it was sealed with;
/// [`VaultError::Malformed`] when it is too short or of another version.
pub fn open_field(key: &Secret32, place: &Aad<'_>, sealed: &[u8]) -> Result<SecretBytes, VaultError> {
    let body = match sealed.split_first() {
        Some((&VERSION, body)) if body.len() >= NONCE + TAG => body,
        Some((&VERSION, _)) | None => return Err(VaultError::malformed("an encrypted field", "it is too short")),
        Some((version, _)) => return Err(VaultError::malformed("an encrypted field", format!("version {version} is unknown"))),
    };
    let (nonce, msg) = body.split_at(NONCE);
    let nonce = XNonce::try_from(nonce).expect("split at the nonce's length");
    cipher(key)
        .decrypt(&nonce, Payload { msg, aad: &place.bytes() })
        .map(SecretBytes::new)
        .map_err(|_| VaultError::integrity("field", format!("{}.{} of {} does not open at its place", place.table, place.column, place.row)))
}

fn cipher(key: &Secret32) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.expose().into())
}

/// The index of a value that the caller has normalised. `column` is `table.column`.
///
/// Equal values under one key and column give equal indexes; across columns they do not.
pub fn blind_index(key: &Secret32, column: &str, normalised: &[u8]) -> [u8; 32] {
    mac(&key.derive(Purpose::BlindIndex, column.as_bytes()), normalised)
}

pub(super) fn mac(key: &Secret32, message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}
