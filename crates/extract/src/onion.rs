//! Onion addresses: version 3 after rend-spec-v3 (base32 of key, checksum and version), version 2 by
//! shape only (16 letters, no checksum, retired in 2021). No connection is ever made. A right
//! checksum says that the name was not mistyped, not that a service stands behind it.

use curve25519_dalek::edwards::CompressedEdwardsY;
use model::selector::SelectorType;
use sha3::{Digest, Sha3_256};

use crate::verdict::{Verdict, ascii};

/// The verdict on the label before `.onion`; `None` when it is no onion name at all.
pub(crate) fn judge_label(label: &[u8]) -> Option<Verdict> {
    let lower = label.to_ascii_lowercase();
    let name = || format!("{}.onion", ascii(&lower));
    match lower.len() {
        56 => Some(judge_v3(&lower, name())),
        16 if lower.iter().all(|b| is_base32(*b)) => {
            Some(Verdict::unverifiable(SelectorType::OnionV2, name(), "16 base32 letters; version 2 carries no checksum and is retired"))
        }
        // A letter lost or doubled in copying is still a lead.
        length @ (54 | 55 | 57 | 58) if lower.iter().all(|b| is_base32(*b)) => {
            Some(Verdict::failed(SelectorType::OnionV3, name(), format!("version 3 has 56 letters, here are {length}")))
        }
        _ => None,
    }
}

/// A bare word of 56 letters is reported only when everything holds: 2⁻¹⁶ is weak without `.onion`.
pub(crate) fn judge_bare_word(word: &[u8]) -> Option<Verdict> {
    if word.len() != 56 || !word[55].eq_ignore_ascii_case(&b'd') {
        return None;
    }
    let mut verdict = judge_label(word).filter(Verdict::is_verified)?;
    verdict.reason = format!("{}; written without .onion", verdict.reason).into();
    Some(verdict)
}

fn judge_v3(label: &[u8], name: String) -> Verdict {
    let failed = |why: &'static str, name| Verdict::failed(SelectorType::OnionV3, name, why);
    let Some(bytes) = base32_35(label) else { return failed("a character outside base32 (a-z, 2-7)", name) };
    if bytes[34] != 3 {
        return failed("the version byte is not 3", name);
    }
    if checksum(&bytes[..32]) != bytes[32..34] {
        return failed("SHA3-256 checksum of rend-spec-v3 does not hold", name);
    }
    if !is_point(&bytes[..32]) {
        return failed("the checksum holds and the key is not a point of ed25519", name);
    }
    Verdict::verified(SelectorType::OnionV3, name, "SHA3-256 checksum of rend-spec-v3 holds; version 3; key is a point of ed25519")
}

fn checksum(key: &[u8]) -> [u8; 2] {
    let digest = Sha3_256::new().chain_update(b".onion checksum").chain_update(key).chain_update([3u8]).finalize();
    [digest[0], digest[1]]
}

fn is_point(key: &[u8]) -> bool {
    CompressedEdwardsY::from_slice(key).is_ok_and(|compressed| compressed.decompress().is_some())
}

fn is_base32(letter: u8) -> bool {
    matches!(letter, b'a'..=b'z' | b'2'..=b'7')
}

/// 56 base32 letters are exactly 35 bytes: no padding bits to check.
fn base32_35(label: &[u8]) -> Option<[u8; 35]> {
    let mut out = [0u8; 35];
    for (letters, bytes) in label.chunks_exact(8).zip(out.chunks_exact_mut(5)) {
        let mut number = 0u64;
        for letter in letters {
            let digit = match letter {
                b'a'..=b'z' => letter - b'a',
                b'2'..=b'7' => letter - b'2' + 26,
                _ => return None,
            };
            number = number << 5 | u64::from(digit);
        }
        bytes.copy_from_slice(&number.to_be_bytes()[3..]);
    }
    Some(out)
}
