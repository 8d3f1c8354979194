//! Signed envelopes: canonical JSON (RFC 8785) with an Ed25519 signature over exactly those bytes.
//!
//! Verification is `verify_strict` under a key that the reader already trusts; the key written in the
//! envelope is only compared with it. Unknown members are refused, so that nothing unread is signed.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use model::canonical::{self, CanonicalError};
use model::capture::Signed;
use serde::{Serialize, de::DeserializeOwned};

/// Why an envelope was not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not an envelope at all.
    #[error("the file is not a signed envelope ({0}); have it written again")]
    Unreadable(String),
    /// Signed by somebody else.
    #[error("the envelope names another key than the trusted one; do not use it, tell the supervisor")]
    ForeignKey,
    /// The signature does not fit.
    #[error("the signature does not fit the text; the file was changed, tell the supervisor")]
    BadSignature,
    /// Signed, but not the one canonical text of its value.
    #[error("the signed text is not in canonical form or has unknown members; both programs must have the same version")]
    NotCanonical,
    /// Signed and canonical, but not the thing that was expected.
    #[error("the signed text is not what was expected here ({0}); both programs must have the same version")]
    WrongShape(String),
}

/// Signs the canonical form of `value`.
///
/// # Errors
/// When `value` has no canonical form (a float, or an integer beyond 2^53 − 1).
pub fn sign<T: Serialize>(value: &T, key: &SigningKey) -> Result<Signed, CanonicalError> {
    let bytes = canonical::to_bytes(value)?;
    let signature = key.sign(&bytes);
    let body = String::from_utf8(bytes).expect("canonical JSON is UTF-8");
    Ok(Signed { body, signature: hex::encode(signature.to_bytes()), key: hex::encode(key.verifying_key().to_bytes()) })
}

/// The text of an envelope file.
///
/// # Errors
/// As [`sign`].
pub fn signed_file<T: Serialize>(value: &T, key: &SigningKey) -> Result<Vec<u8>, CanonicalError> {
    canonical::to_bytes(&sign(value, key)?)
}

/// Reads an envelope file, verifies it under `trusted` and gives back the envelope and its value.
///
/// # Errors
/// [`EnvelopeError`], saying which check failed.
pub fn open_file<T: Serialize + DeserializeOwned>(file: &[u8], trusted: &VerifyingKey) -> Result<(Signed, T), EnvelopeError> {
    let signed: Signed = serde_json::from_slice(file).map_err(|e| EnvelopeError::Unreadable(e.to_string()))?;
    let value = open(&signed, trusted)?;
    Ok((signed, value))
}

/// Verifies an envelope under `trusted` and gives back its value.
///
/// # Errors
/// [`EnvelopeError`], saying which check failed.
pub fn open<T: Serialize + DeserializeOwned>(signed: &Signed, trusted: &VerifyingKey) -> Result<T, EnvelopeError> {
    if signed.key != hex::encode(trusted.to_bytes()) {
        return Err(EnvelopeError::ForeignKey);
    }
    let mut raw = [0; 64];
    hex::decode_to_slice(&signed.signature, &mut raw).map_err(|_| EnvelopeError::BadSignature)?;
    trusted
        .verify_strict(signed.body.as_bytes(), &Signature::from_bytes(&raw))
        .map_err(|_| EnvelopeError::BadSignature)?;
    let value: T = serde_json::from_str(&signed.body).map_err(|e| EnvelopeError::WrongShape(e.to_string()))?;
    match canonical::to_bytes(&value) {
        Ok(again) if again == signed.body.as_bytes() => Ok(value),
        _ => Err(EnvelopeError::NotCanonical),
    }
}
