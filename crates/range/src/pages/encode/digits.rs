//! Check digits: Luhn (ISO/IEC 7812-1 annex B) and mod 97-10 (ISO 7064), as cards, IMEI, ICCID, IBAN
//! and LEI use them.

/// The digit that makes `body` and it pass Luhn.
pub(crate) fn luhn(body: &str) -> char {
    let sum: u32 = body.bytes().rev().enumerate().map(|(i, digit)| {
        let value = u32::from(digit - b'0') << (1 - i as u32 % 2);
        value / 10 + value % 10
    }).sum();
    char::from(b'0' + ((10 - sum % 10) % 10) as u8)
}

/// The two digits that make `body` and them pass mod 97-10; letters count 10 to 35.
pub(crate) fn mod97(body: &str) -> String {
    let rest = body.bytes().chain(*b"00").fold(0u32, |rest, letter| match letter {
        b'0'..=b'9' => (rest * 10 + u32::from(letter - b'0')) % 97,
        _ => (rest * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    format!("{:02}", 98 - rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_specifications() {
        assert_eq!(luhn("7992739871"), '3');
        assert_eq!(luhn("411111111111111"), '1');
        assert_eq!(mod97("WEST12345698765432GB"), "82");
        assert_eq!(mod97("5493001KJTIIGC8Y1R"), "12");
    }
}
