//! Writers of the encodings that selectors have: a second hand beside the readers of `extract`, which
//! this crate does not know. Each follows its own specification, named where it stands. They only
//! write; `checks/pages.py` lets programs of other people read what they wrote.

pub(crate) mod base58;
pub(crate) mod bech32;
pub(crate) mod blake2b;
pub(crate) mod curve;
pub(crate) mod digits;
pub(crate) mod jumble;
pub(crate) mod pgp;

/// Base32 (RFC 4648 §6) in the letters `a-z2-7`, without padding.
pub(crate) fn base32(bytes: &[u8]) -> String {
    groups(bytes, 8, 5).into_iter().map(|five| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[usize::from(five)])).collect()
}

/// Base64 (RFC 4648 §4) with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text: String = groups(bytes, 8, 6).into_iter().map(|six| char::from(letters[usize::from(six)])).collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The same bits in groups of another size, the last one filled with zero bits.
pub(crate) fn groups(values: &[u8], from: u32, to: u32) -> Vec<u8> {
    let (mut held, mut bits, mut out) = (0u32, 0, Vec::new());
    for value in values {
        held = (held << from) | u32::from(*value);
        bits += from;
        while bits >= to {
            bits -= to;
            out.push((held >> bits) as u8 & ((1u32 << to) - 1) as u8);
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        out.push((held << (to - bits)) as u8);
    }
    out
}

/// CRC-16/XMODEM (polynomial 0x1021, start 0), as TON (TEP-2) and Stellar (SEP-23) use it.
pub(crate) fn crc16(bytes: &[u8]) -> u16 {
    let mut sum = 0u16;
    for byte in bytes {
        sum ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            sum = if sum & 0x8000 == 0 { sum << 1 } else { (sum << 1) ^ 0x1021 };
        }
    }
    sum
}

/// CRC-32 (ISO-HDLC), as Cardano's older addresses and I2P's encrypted names use it.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 0 { sum >> 1 } else { (sum >> 1) ^ 0xedb8_8320 };
        }
    }
    !sum
}

/// CRC-24 of OpenPGP armour (RFC 9580 §6.1.1).
pub(crate) fn crc24(bytes: &[u8]) -> u32 {
    let mut sum = 0x00b7_04ceu32;
    for byte in bytes {
        sum ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            sum = if sum & 0x0080_0000 == 0 { sum << 1 } else { (sum << 1) ^ 0x0186_4cfb };
        }
    }
    sum & 0x00ff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_check_values() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc24(b"123456789"), 0x21_cf02);
        assert_eq!(base32(b"foobar"), "mzxw6ytboi");
        assert_eq!(base64(b"fooba"), "Zm9vYmE=");
        assert_eq!(hex(&[0, 255]), "00ff");
    }
}
