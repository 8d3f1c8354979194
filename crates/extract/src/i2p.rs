//! I2P hosts: 52 base32 letters (the SHA-256 of a destination, no checksum), 56 and more (an encrypted
//! lease set, whose first three bytes are hidden by a CRC-32 of its key), and names of the address
//! book. No router is asked; a name says nothing of who runs the service.

use model::selector::SelectorType;

use crate::verdict::{Keep, Verdict};

/// The verdict on a lower-case name that ends with `.i2p`, and how many bytes of it stand before.
pub(crate) fn judge(name: &str) -> Option<(usize, Verdict)> {
    let kind = SelectorType::I2p;
    if let Some(rest) = name.strip_suffix(".b32.i2p") {
        let label = rest.rsplit('.').next().unwrap_or_default();
        // Glued to the word before it: the end of the label counts.
        let glued = label.len().saturating_sub(52);
        let value = |label: &str| format!("{label}.b32.i2p");
        let base32 = label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
        let skipped = rest.len() - label.len();
        return match label.len() {
            52 if base32 => Some((skipped, Verdict::unverifiable(kind, value(label), "52 base32 letters, the digest of a destination; carries no checksum"))),
            56..=63 => Some((skipped, encrypted(label, value(label)))),
            53..=80 if base32 && label.is_char_boundary(glued) => {
                let why = "52 base32 letters, the digest of a destination; other letters stand directly before it";
                Some((skipped + glued, Verdict::unverifiable(kind, value(&label[glued..]), why)))
            }
            _ => None,
        };
    }
    let host = name.strip_suffix(".i2p")?;
    let well_formed = host.split('.').all(|label| {
        (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    });
    let reason = "a name of the I2P address book, which each user keeps for himself; carries no checksum";
    well_formed.then(|| (0, Verdict::unverifiable(kind, name.to_owned(), reason)))
}

/// Flags and signature types, each hidden by a byte of the CRC-32 of what follows them.
fn encrypted(label: &str, value: String) -> Verdict {
    let kind = SelectorType::I2p;
    let Some(mut bytes) = base32(label.as_bytes()) else {
        return Verdict::failed(kind, value, "a letter outside base32; shape of an encrypted I2P host");
    };
    let check = crc32fast::hash(&bytes[3..]).to_le_bytes();
    for (byte, hidden) in bytes.iter_mut().zip(&check[..3]) {
        *byte ^= hidden;
    }
    let known = |signature: u16| matches!(signature, 7 | 11);
    let sound = match bytes[0] {
        flags if flags & 0xf8 != 0 => false,
        flags if flags & 1 != 0 => {
            known(u16::from_be_bytes([bytes[1], bytes[2]])) && bytes.len() >= 37 && known(u16::from_be_bytes([bytes[3], bytes[4]]))
        }
        _ => known(u16::from(bytes[1])) && bytes[2] == 11 && bytes.len() == 35,
    };
    if sound {
        return Verdict::verified(kind, value, "flags and signature types make sense under the CRC-32 of the blinded key").chance("about 2^-18");
    }
    Verdict::failed(kind, value, "flags and signature types make no sense under the CRC-32 of the key").keep(Keep::Always)
}

fn base32(label: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut number, mut bits) = (Vec::with_capacity(40), 0u32, 0);
    for letter in label {
        let value = match letter {
            b'a'..=b'z' => letter - b'a',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        number = (number << 5 | u32::from(value)) & 0xffff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push((number >> bits) as u8);
        }
    }
    Some(out)
}
