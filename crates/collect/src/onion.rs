//! Version 3 onion addresses: 56 letters that hold a key, a checksum and a version (Tor rend-spec-v3 §6).
//! An address with a wrong checksum is a mistyped or a forged one; it is never asked for.

use sha3::{Digest, Sha3_256};

const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Whether the host is a v3 onion address, subdomains allowed, whose checksum holds. Lower case only: the
/// caller has folded it.
///
/// ```
/// assert!(collect::onion::is_onion("duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion"));
/// assert!(!collect::onion::is_onion("duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczae.onion"));
/// ```
pub fn is_onion(host: &str) -> bool {
    let Some(names) = host.strip_suffix(".onion") else { return false };
    let labels: Vec<&str> = names.split('.').collect();
    let plain = |label: &&str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    labels.iter().all(plain) && labels.last().is_some_and(|last| checksum_holds(last))
}

fn checksum_holds(label: &str) -> bool {
    let Some(bytes) = decoded(label.as_bytes()) else { return false };
    let (key, rest) = bytes.split_at(32);
    let digest = Sha3_256::new().chain_update(b".onion checksum").chain_update(key).chain_update([3]).finalize();
    rest[..2] == digest[..2] && rest[2] == 3
}

/// 56 letters of base32 (RFC 4648, lower case, no padding) are exactly 35 bytes.
fn decoded(letters: &[u8]) -> Option<[u8; 35]> {
    let letters: &[u8; 56] = letters.try_into().ok()?;
    let mut bytes = [0; 35];
    for (five, eight) in bytes.chunks_exact_mut(5).zip(letters.chunks_exact(8)) {
        let value = eight.iter().try_fold(0u64, |value, letter| {
            let place = LETTERS.iter().position(|known| known == letter)?;
            Some(value << 5 | place as u64)
        })?;
        five.copy_from_slice(&value.to_be_bytes()[3..]);
    }
    Some(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]
mod tests {
    use super::*;

    #[test]
    fn any_changed_letter_is_refused() {
        let good = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad";
        assert!(is_onion(&format!("{good}.onion")) && is_onion(&format!("www.{good}.onion")));
        for place in 0..good.len() {
            for letter in LETTERS {
                let mut other = good.as_bytes().to_vec();
                other[place] = *letter;
                let other = String::from_utf8(other).unwrap();
                assert_eq!(is_onion(&format!("{other}.onion")), other == good, "{other}");
            }
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for host in ["", ".onion", "a.onion", "expyuzz4wqqyqhjn.onion", "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad", "a..duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion"] {
            assert!(!is_onion(host), "{host}");
        }
    }
}
