//! Canonical JSON after RFC 8785, in the narrow form of this house: no floating-point numbers, and
//! integers beyond ±(2^53 − 1) only as strings, so that every implementation reads the same value.

use serde::Serialize;
use serde_json::Value;

/// Why a value has no canonical form here.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CanonicalError {
    /// A number with a fraction or an exponent.
    #[error("a number that is not an integer has no place in canonical JSON here: {0}")]
    Float(String),
    /// An integer that a double cannot hold exactly.
    #[error("an integer beyond 2^53 must be written as a string: {0}")]
    TooBig(String),
    /// The value could not be turned into JSON at all.
    #[error("not representable as JSON: {0}")]
    NotJson(String),
}

const MAX_EXACT: u64 = (1 << 53) - 1;

/// The canonical bytes of any serialisable value.
///
/// # Errors
/// [`CanonicalError`] when the value holds a float or an integer beyond 2^53 − 1.
///
/// ```
/// let bytes = model::canonical::to_bytes(&serde_json::json!({"b": 1, "a": "é"})).unwrap();
/// assert_eq!(bytes, "{\"a\":\"é\",\"b\":1}".as_bytes());
/// ```
pub fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    value_bytes(&serde_json::to_value(value).map_err(|e| CanonicalError::NotJson(e.to_string()))?)
}

/// The canonical bytes of a JSON value that is already one: nothing is copied first.
///
/// # Errors
/// As [`to_bytes`].
pub fn value_bytes(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    let mut out = Vec::with_capacity(256);
    write_into(value, &mut out)?;
    Ok(out)
}

/// Appends the canonical bytes of a JSON value.
///
/// # Errors
/// As [`to_bytes`]; `out` may hold a part of the value then.
pub fn write_into(value: &Value, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    write_value(value, out)
}

/// Whether `bytes` are exactly the canonical form of the JSON value that they hold.
pub fn is_canonical(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Value>(bytes).is_ok_and(|v| value_bytes(&v).is_ok_and(|again| again == bytes))
}

fn write_value(value: &Value, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(number, out)?,
        Value::String(text) => write_string(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_value(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| by_utf16(a, b));
            out.push(b'{');
            for (i, (name, member)) in sorted.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_string(name, out);
                out.push(b':');
                write_value(member, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// RFC 8785 §3.2.3: names are sorted by UTF-16 code units; for ASCII that is the order of the bytes.
fn by_utf16(a: &str, b: &str) -> std::cmp::Ordering {
    if a.is_ascii() && b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}

fn write_number(number: &serde_json::Number, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    let magnitude = match (number.as_u64(), number.as_i64()) {
        (Some(n), _) => n,
        (None, Some(n)) => n.unsigned_abs(),
        (None, None) => return Err(CanonicalError::Float(number.to_string())),
    };
    if magnitude > MAX_EXACT {
        return Err(CanonicalError::TooBig(number.to_string()));
    }
    out.extend_from_slice(number.to_string().as_bytes());
    Ok(())
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    // Bytes of a longer UTF-8 sign are all above 0x7f, so whole runs can be copied as they are.
    while let Some(at) = rest.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\')) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x09 => out.extend_from_slice(b"\\t"),
            0x0a => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            0x0d => out.extend_from_slice(b"\\r"),
            other => out.extend_from_slice(format!("\\u{other:04x}").as_bytes()),
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}
