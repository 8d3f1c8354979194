//! F4Jumble of ZIP 316: an unkeyed shuffle over the whole message, so that a unified address has no
//! part that can be replaced.

use super::blake2b;

/// The jumbled message; 48 bytes to 4 MiB (only short ones are made here).
pub(crate) fn f4jumble(message: &[u8]) -> Vec<u8> {
    let left = (message.len() / 2).min(64);
    let (a, b) = message.split_at(left);
    let x = xor(b, &g(0, a, b.len()));
    let y = xor(a, &h(0, &x, left));
    let d = xor(&x, &g(1, &y, b.len()));
    let c = xor(&y, &h(1, &d, left));
    [c, d].concat()
}

fn h(round: u8, message: &[u8], length: usize) -> Vec<u8> {
    blake2b::digest(message, length, &personal(b"UA_F4Jumble_H", [round, 0, 0]))
}

fn g(round: u8, message: &[u8], length: usize) -> Vec<u8> {
    let part = |number: u16| {
        let [low, high] = number.to_le_bytes();
        blake2b::digest(message, 64, &personal(b"UA_F4Jumble_G", [round, low, high]))
    };
    (0..length.div_ceil(64) as u16).flat_map(part).take(length).collect()
}

fn personal(name: &[u8; 13], tail: [u8; 3]) -> [u8; 16] {
    let mut all = [0; 16];
    all[..13].copy_from_slice(name);
    all[13..].copy_from_slice(&tail);
    all
}

fn xor(one: &[u8], other: &[u8]) -> Vec<u8> {
    one.iter().zip(other).map(|(a, b)| a ^ b).collect()
}
