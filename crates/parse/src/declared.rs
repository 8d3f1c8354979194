//! Digests that a WARC record declares, and whether they hold.
//!
//! The rule for payloads (tools differ, so it is stated): a payload digest holds when it is that of
//! the HTTP body as stored, or of the body after chunked transfer decoding; the note says which.
//! For a record that is no HTTP message the payload is the block.

use std::io::{self, Read};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use sha2::Digest;

use crate::context::is_final;
use crate::member::DigestCheck;

/// Algorithms that are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl Algorithm {
    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().replace('-', "").as_str() {
            "md5" => Some(Algorithm::Md5),
            "sha1" => Some(Algorithm::Sha1),
            "sha256" => Some(Algorithm::Sha256),
            "sha512" => Some(Algorithm::Sha512),
            _ => None,
        }
    }

    fn width(self) -> usize {
        match self {
            Algorithm::Md5 => 16,
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
            Algorithm::Sha512 => 64,
        }
    }
}

/// `algorithm:value` as a record writes it.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    field: &'static str,
    text: String,
    algorithm: Option<Algorithm>,
    value: Option<Vec<u8>>,
}

impl Declared {
    pub(crate) fn new(field: &'static str, text: &str) -> Self {
        let text: String = text.chars().take(200).collect();
        let (name, value) = text.split_once(':').unwrap_or(("", &text));
        let algorithm = Algorithm::parse(name.trim());
        let value = algorithm.and_then(|algorithm| decode(value.trim(), algorithm.width()));
        Declared { field, algorithm, value, text }
    }

    /// A sum over the bytes to come; none when the algorithm is not known.
    pub(crate) fn sum(&self) -> Sum {
        match self.algorithm {
            None => Sum::Unknown,
            Some(Algorithm::Md5) => Sum::Md5(md5::Md5::new()),
            Some(Algorithm::Sha1) => Sum::Sha1(sha1::Sha1::new()),
            Some(Algorithm::Sha256) => Sum::Sha256(sha2::Sha256::new()),
            Some(Algorithm::Sha512) => Sum::Sha512(sha2::Sha512::new()),
        }
    }

    /// Compares with what was computed over each of the bytes that the rule allows, best first.
    pub(crate) fn check(&self, computed: &[(Vec<u8>, &str)]) -> DigestCheck {
        let answer = |computed: Option<&Vec<u8>>, matches, note: &str| DigestCheck {
            field: self.field.to_string(),
            declared: self.text.clone(),
            computed: computed.map(hex::encode),
            matches,
            note: note.to_string(),
        };
        let first = computed.first().map(|(value, _)| value);
        match (&self.algorithm, &self.value) {
            (None, _) => answer(None, None, "the algorithm is not one that is computed here"),
            (Some(_), None) => answer(first, Some(false), "the declared value is not a digest of its algorithm"),
            (Some(_), Some(value)) => match computed.iter().find(|(found, _)| found == value) {
                Some((found, over)) => answer(Some(found), Some(true), over),
                None if computed.is_empty() => answer(None, None, "there were no such bytes"),
                None => answer(first, Some(false), "differs from what is stored"),
            },
        }
    }
}

/// Hex, Base32 or Base64 of a digest with `width` bytes.
fn decode(text: &str, width: usize) -> Option<Vec<u8>> {
    let right = |bytes: &Vec<u8>| bytes.len() == width;
    let base64 = || [STANDARD, URL_SAFE, STANDARD_NO_PAD, URL_SAFE_NO_PAD].iter().find_map(|e| e.decode(text).ok());
    hex::decode(text)
        .ok()
        .filter(right)
        .or_else(|| crate::base32::decode(text).filter(right))
        .or_else(|| base64().filter(right))
}

/// A running digest.
pub(crate) enum Sum {
    Unknown,
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
}

impl Sum {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Sum::Unknown => {}
            Sum::Md5(sum) => sum.update(bytes),
            Sum::Sha1(sum) => sum.update(bytes),
            Sum::Sha256(sum) => sum.update(bytes),
            Sum::Sha512(sum) => sum.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Sum::Unknown => Vec::new(),
            Sum::Md5(sum) => sum.finalize().to_vec(),
            Sum::Sha1(sum) => sum.finalize().to_vec(),
            Sum::Sha256(sum) => sum.finalize().to_vec(),
            Sum::Sha512(sum) => sum.finalize().to_vec(),
        }
    }
}

/// Sums what is read through it.
pub(crate) struct Summing<'r> {
    inner: &'r mut dyn Read,
    sum: Sum,
}

impl<'r> Summing<'r> {
    pub(crate) fn new(inner: &'r mut dyn Read, declared: Option<&Declared>) -> Self {
        Summing { inner, sum: declared.map_or(Sum::Unknown, Declared::sum) }
    }

    /// Reads what is left and gives the digest.
    pub(crate) fn finish(mut self) -> io::Result<Vec<u8>> {
        let mut passed = vec![0; 64 << 10];
        loop {
            match self.read(&mut passed) {
                Ok(0) => break,
                Err(error) if is_final(&error) => return Err(error),
                // A fault of the bytes was noted by whoever read them first; the digest ends there.
                Err(error) if error.kind() != io::ErrorKind::Interrupted => break,
                _ => {}
            }
        }
        Ok(self.sum.finish())
    }
}

impl Read for Summing<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buf)?;
        self.sum.update(&buf[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::Declared;

    /// Digests of the empty string.
    fn check(text: &str, expected: Option<bool>) {
        let declared = Declared::new("WARC-Block-Digest", text);
        let computed = declared.sum().finish();
        assert_eq!(declared.check(&[(computed, "block")]).matches, expected, "{text}");
    }

    #[test]
    fn every_encoding_that_writers_use_is_read() {
        check("sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ", Some(true));
        check("sha1:2jmj7l5rSw0yVb/vlWAYkK/YBwk=", Some(true));
        check("sha1:2jmj7l5rSw0yVb_vlWAYkK_YBwk=", Some(true));
        check("SHA-1:da39a3ee5e6b4b0d3255bfef95601890afd80709", Some(true));
        check("md5:d41d8cd98f00b204e9800998ecf8427e", Some(true));
        check("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Some(true));
        check("sha1:AAA2H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ", Some(false));
        check("sha1:short", Some(false));
        check("crc9:00", None);
        check("nothing", None);
    }
}
