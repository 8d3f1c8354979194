//! One-time codes from a shared secret and the time: RFC 6238 over RFC 4226, with HMAC-SHA-1, six digits and steps of
//! thirty seconds, because that is what every authenticator reads. Pure: the time is an argument.
//!
//! It refuses a code of an earlier step than one that was used: which that was, its caller keeps.

use hmac::{Hmac, KeyInit, Mac};
use model::Moment;
use sha1::Sha1;

/// Seconds of one step.
pub const STEP_SECONDS: i64 = 30;
/// Digits of a code.
pub const DIGITS: u32 = 6;
/// Steps by which the clock of a telephone may be off, each way.
const DRIFT: i64 = 1;

/// The step of a moment.
pub fn step_at(now: Moment) -> i64 {
    now.seconds().div_euclid(STEP_SECONDS)
}

/// The code of a step.
pub fn code(secret: &[u8], step: i64) -> u32 {
    number(secret, step.cast_unsigned()) % 10u32.pow(DIGITS)
}

/// The step whose code this is: near now, and later than `after`, so that a code is good once.
pub fn step_of(secret: &[u8], typed: u32, now: Moment, after: Option<i64>) -> Option<i64> {
    let here = step_at(now);
    // All are made, whichever fits: the time tells nothing.
    let fitting = (here - DRIFT..=here + DRIFT).filter(|step| code(secret, *step) == typed);
    fitting.filter(|step| after.is_none_or(|after| *step > after)).max()
}

/// Dynamic truncation of RFC 4226, section 5.3.
fn number(secret: &[u8], counter: u64) -> u32 {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes a key of any length");
    mac.update(&counter.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 0xf);
    u32::from_be_bytes([hash[at] & 0x7f, hash[at + 1], hash[at + 2], hash[at + 3]])
}

/// Base32 of RFC 4648 without padding, as authenticators take a secret.
pub fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let letter = |five: u32| char::from(LETTERS[(five & 31) as usize]);
    let (mut held, mut bits, mut text) = (0u32, 0u32, String::new());
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(held >> bits));
            held &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        text.push(letter(held << (5 - bits)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> Moment {
        Moment::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn vectors_of_rfc_6238() {
        // Appendix B, SHA-1: eight digits; the last six are what is used here.
        for (seconds, eight) in [
            (59, 94_287_082u32),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            let step = step_at(at(seconds));
            assert_eq!(number(SECRET, step.cast_unsigned()) % 100_000_000, eight, "{seconds}");
            assert_eq!(code(SECRET, step), eight % 1_000_000, "{seconds}");
        }
    }

    #[test]
    fn vectors_of_rfc_4226() {
        let codes = [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        for (step, expected) in codes.into_iter().enumerate() {
            assert_eq!(code(SECRET, i64::try_from(step).unwrap()), expected);
        }
    }

    #[test]
    fn one_step_of_drift_and_no_more() {
        let now = at(1_000_000 * STEP_SECONDS + 7);
        for (step, taken) in [(999_998, false), (999_999, true), (1_000_000, true), (1_000_001, true), (1_000_002, false)] {
            assert_eq!(step_of(SECRET, code(SECRET, step), now, None), taken.then_some(step));
        }
    }

    #[test]
    fn a_code_is_good_once() {
        let now = at(1_000_000 * STEP_SECONDS);
        let typed = code(SECRET, 1_000_000);
        assert_eq!(step_of(SECRET, typed, now, Some(999_999)), Some(1_000_000));
        assert_eq!(step_of(SECRET, typed, now, Some(1_000_000)), None);
        assert_eq!(step_of(SECRET, code(SECRET, 999_999), now, Some(1_000_000)), None, "nor is one of before");
    }

    #[test]
    fn vectors_of_rfc_4648() {
        for (bytes, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }
}
