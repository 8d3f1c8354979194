//! Base58 in its alphabets, Base58Check (double SHA-256), and Monero's blocks of eleven letters with
//! Keccak-256.

use sha2::{Digest, Sha256, Sha512};
use sha3::Keccak256;

const BITCOIN: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const RIPPLE: &[u8; 58] = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

/// The letters of Bitcoin's Base58.
pub(crate) const LETTERS: &str = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Plain Base58, as Solana, Bitmessage and Cardano's older addresses use it.
pub(crate) fn plain(bytes: &[u8]) -> String {
    in_letters(bytes, BITCOIN)
}

/// Base58Check of a version and a payload.
pub(crate) fn check(version: &[u8], payload: &[u8]) -> String {
    in_letters(&with_sum(version, payload), BITCOIN)
}

/// The same in the XRP Ledger's own alphabet.
pub(crate) fn ripple(version: u8, payload: &[u8]) -> String {
    in_letters(&with_sum(&[version], payload), RIPPLE)
}

/// A Bitmessage address: version and stream as variable integers below 253, and the hash without its
/// leading zeros; four bytes of a double SHA-512.
pub(crate) fn bitmessage(version: u8, stream: u8, ripe: &[u8]) -> String {
    let zeros = ripe.iter().take_while(|byte| **byte == 0).count();
    let mut data = vec![version, stream];
    data.extend_from_slice(&ripe[zeros..]);
    let sum = Sha512::digest(Sha512::digest(&data));
    data.extend_from_slice(&sum[..4]);
    format!("BM-{}", plain(&data))
}

/// A Monero address: the network byte, the keys, four bytes of Keccak-256, in blocks.
pub(crate) fn monero(network: u8, keys: &[u8]) -> String {
    let mut data = vec![network];
    data.extend_from_slice(keys);
    let sum = Keccak256::digest(&data);
    data.extend_from_slice(&sum[..4]);
    data.chunks(8).map(monero_block).collect()
}

fn monero_block(block: &[u8]) -> String {
    const LENGTHS: [usize; 9] = [0, 2, 3, 5, 6, 7, 9, 10, 11];
    let mut number = block.iter().fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
    let mut letters = vec![BITCOIN[0]; LENGTHS[block.len()]];
    for letter in letters.iter_mut().rev() {
        *letter = BITCOIN[(number % 58) as usize];
        number /= 58;
    }
    letters.into_iter().map(char::from).collect()
}

fn with_sum(version: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut data = [version, payload].concat();
    let sum = Sha256::digest(Sha256::digest(&data));
    data.extend_from_slice(&sum[..4]);
    data
}

fn in_letters(bytes: &[u8], alphabet: &[u8; 58]) -> String {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut digits: Vec<u8> = Vec::new();
    for byte in &bytes[zeros..] {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    let head = std::iter::repeat_n(0u8, zeros);
    head.chain(digits.into_iter().rev()).map(|digit| char::from(alphabet[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_everybody_knows() {
        assert_eq!(check(&[0], &[0; 20]), "1111111111111111111114oLvT2");
        assert_eq!(ripple(0, &[0; 20]), "rrrrrrrrrrrrrrrrrrrrrhoLvTp");
        assert_eq!(plain(b"Hello World!"), "2NEpo7TZRRrLZSi2U");
    }
}
