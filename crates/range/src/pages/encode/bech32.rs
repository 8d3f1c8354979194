//! bech32 and bech32m (BIP-173, BIP-350) with any length, segwit addresses, and CashAddr.

use super::groups;

const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// The constant of bech32.
pub(crate) const BECH32: u32 = 1;
/// The constant of bech32m.
pub(crate) const BECH32M: u32 = 0x2bc8_30a3;

/// A readable part, data in groups of five bits, and six letters of checksum.
pub(crate) fn encode(readable: &str, data: &[u8], constant: u32) -> String {
    let mut values: Vec<u8> = readable.bytes().map(|byte| byte >> 5).collect();
    values.push(0);
    values.extend(readable.bytes().map(|byte| byte & 31));
    values.extend_from_slice(data);
    values.extend_from_slice(&[0; 6]);
    let sum = polymod(&values) ^ constant;
    let check = (0..6).map(|i| (sum >> (5 * (5 - i))) as u8 & 31);
    let text: String = data.iter().copied().chain(check).map(letter).collect();
    format!("{readable}1{text}")
}

/// The same for whole bytes.
pub(crate) fn encode_bytes(readable: &str, bytes: &[u8], constant: u32) -> String {
    encode(readable, &groups(bytes, 8, 5), constant)
}

/// A segwit address: version 0 in bech32, later ones in bech32m.
pub(crate) fn segwit(readable: &str, version: u8, program: &[u8]) -> String {
    let data: Vec<u8> = std::iter::once(version).chain(groups(program, 8, 5)).collect();
    encode(readable, &data, if version == 0 { BECH32 } else { BECH32M })
}

/// CashAddr without its prefix, which the checksum covers: type and size in one byte, then the hash.
pub(crate) fn cash(prefix: &str, version: u8, hash: &[u8; 20]) -> String {
    let mut payload = vec![version];
    payload.extend_from_slice(hash);
    let data = groups(&payload, 8, 5);
    let mut values: Vec<u8> = prefix.bytes().map(|byte| byte & 31).collect();
    values.push(0);
    values.extend_from_slice(&data);
    values.extend_from_slice(&[0; 8]);
    let sum = cash_polymod(&values);
    let check = (0..8).map(|i| (sum >> (5 * (7 - i))) as u8 & 31);
    data.iter().copied().chain(check).map(letter).collect()
}

fn letter(value: u8) -> char {
    char::from(LETTERS[usize::from(value)])
}

fn polymod(values: &[u8]) -> u32 {
    const STEPS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.iter().fold(1u32, |sum, value| {
        let top = sum >> 25;
        let next = ((sum & 0x01ff_ffff) << 5) ^ u32::from(*value);
        (0..5).filter(|i| top >> i & 1 == 1).fold(next, |next, i| next ^ STEPS[i])
    })
}

fn cash_polymod(values: &[u8]) -> u64 {
    const STEPS: [u64; 5] = [0x98_f2bc_8e61, 0x79_b76d_99e2, 0xf3_3e5f_b3c4, 0xae_2eab_e2a8, 0x1e_4f43_e470];
    let sum = values.iter().fold(1u64, |sum, value| {
        let top = sum >> 35;
        let next = ((sum & 0x07_ffff_ffff) << 5) ^ u64::from(*value);
        (0..5).filter(|i| top >> i & 1 == 1).fold(next, |next, i| next ^ STEPS[i])
    });
    sum ^ 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_specifications() {
        let hash = [0x75, 0x1e, 0x76, 0xe8, 0x19, 0x91, 0x96, 0xd4, 0x54, 0x94, 0x1c, 0x45, 0xd1, 0xb3, 0xa3, 0x23, 0xf1, 0x43, 0x3b, 0xd6];
        assert_eq!(segwit("bc", 0, &hash), "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4");
        assert_eq!(segwit("bc", 16, &hash[..2]), "bc1sw50qgdz25j");
        assert_eq!(encode("a", &[], BECH32), "a12uel5l");
        assert_eq!(encode("a", &[], BECH32M), "a1lqfn3a");
        let hash = [118, 160, 64, 83, 189, 160, 168, 139, 218, 81, 119, 184, 106, 21, 195, 178, 159, 85, 152, 115];
        assert_eq!(cash("bitcoincash", 0, &hash), "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a");
    }
}
