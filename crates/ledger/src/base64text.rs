//! Base64 (RFC 4648 §4) with exactly one spelling per value: padding demanded, spare bits zero.
//! A second spelling would let a stranger change a sealed file without changing what it says.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::Hash;

/// Padded standard base64.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes, if `text` is their only spelling.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok().filter(|bytes| encode(bytes) == text)
}

/// Exactly 32 bytes.
pub(crate) fn decode_hash(text: &str) -> Option<Hash> {
    decode(text)?.try_into().ok().map(Hash)
}

/// A decimal number without sign, blanks or leading zeros.
pub(crate) fn decode_decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}
