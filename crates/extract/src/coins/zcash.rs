//! Unified addresses of Zcash (ZIP-316): F4Jumble undone, padding compared, receivers read. BLAKE2b
//! (RFC 7693) is written out here, with its personal string and free digest length, for this one
//! permutation: it guards nothing but a typing fault.

/// Longest address that is read; known ones have below 200 bytes.
const LONGEST: usize = 1024;
const PADDING: usize = 16;

/// The kinds of receivers inside, when the padding is the prefix and the list is well formed.
pub(super) fn receivers(jumbled: &[u8], prefix: &[u8]) -> Option<String> {
    if !(48..=LONGEST).contains(&jumbled.len()) {
        return None;
    }
    let message = unjumble(jumbled);
    let (list, padding) = message.split_at(message.len() - PADDING);
    let mut expected = [0u8; PADDING];
    expected[..prefix.len()].copy_from_slice(prefix);
    if padding != expected {
        return None;
    }
    let (mut names, mut rest) = (Vec::new(), list);
    while !rest.is_empty() {
        let (kind, after) = compact_size(rest)?;
        let (length, after) = compact_size(after)?;
        let (value, next) = after.split_at_checked(length)?;
        names.push(match (kind, value.len()) {
            (0, 20) => "P2PKH",
            (1, 20) => "P2SH",
            (2, 43) => "Sapling",
            (3, 43) => "Orchard",
            (0..=3, _) => return None,
            _ => "unknown kind",
        });
        rest = next;
    }
    (!names.is_empty()).then(|| names.join(", "))
}

/// A number as Bitcoin writes it: one byte, or three; longer ones have no place in an address.
fn compact_size(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [small @ 0..=252, rest @ ..] => Some((usize::from(*small), rest)),
        [253, a, b, rest @ ..] => Some((usize::from(u16::from_le_bytes([*a, *b])), rest)),
        _ => None,
    }
}

fn unjumble(jumbled: &[u8]) -> Vec<u8> {
    let left = 64.min(jumbled.len() / 2);
    let (c, d) = jumbled.split_at(left);
    let y = xor(c, &round_h(1, d, left));
    let x = xor(d, &round_g(1, &y, d.len()));
    let a = xor(&y, &round_h(0, &x, left));
    let b = xor(&x, &round_g(0, &a, d.len()));
    [a, b].concat()
}

fn xor(a: &[u8], b: &[u8]) -> Vec<u8> {
    a.iter().zip(b).map(|(a, b)| a ^ b).collect()
}

fn round_h(round: u8, message: &[u8], length: usize) -> Vec<u8> {
    let mut personal = *b"UA_F4Jumble_H\0\0\0";
    personal[13] = round;
    blake2b(message, &personal, length)
}

fn round_g(round: u8, message: &[u8], length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length + 64);
    let mut part = 0u16;
    while out.len() < length {
        let mut personal = *b"UA_F4Jumble_G\0\0\0";
        personal[13] = round;
        personal[14..].copy_from_slice(&part.to_le_bytes());
        out.extend(blake2b(message, &personal, 64));
        part += 1;
    }
    out.truncate(length);
    out
}

const IV: [u64; 8] = [
    0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b, 0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1, 0x9b05_688c_2b3e_6c1f, 0x1f83_d9ab_fb41_bd6b, 0x5be0_cd19_137e_2179,
];

const SIGMA: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4], [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13], [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11], [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5], [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/// BLAKE2b without key or salt.
fn blake2b(message: &[u8], personal: &[u8; 16], length: usize) -> Vec<u8> {
    let mut state = IV;
    state[0] ^= 0x0101_0000 ^ length as u64;
    state[6] ^= u64::from_le_bytes(personal[..8].try_into().expect("eight of sixteen bytes"));
    state[7] ^= u64::from_le_bytes(personal[8..].try_into().expect("eight of sixteen bytes"));
    let blocks = message.len().div_ceil(128).max(1);
    for i in 0..blocks {
        let part = &message[128 * i..message.len().min(128 * (i + 1))];
        let mut block = [0u8; 128];
        block[..part.len()].copy_from_slice(part);
        compress(&mut state, &block, (128 * i + part.len()) as u64, i + 1 == blocks);
    }
    state.iter().flat_map(|word| word.to_le_bytes()).take(length).collect()
}

fn compress(state: &mut [u64; 8], block: &[u8; 128], counted: u64, last: bool) {
    let mut words = [0u64; 16];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(8)) {
        *word = u64::from_le_bytes(bytes.try_into().expect("chunks of eight"));
    }
    let mut v = [0u64; 16];
    v[..8].copy_from_slice(state);
    v[8..].copy_from_slice(&IV);
    v[12] ^= counted;
    if last {
        v[14] = !v[14];
    }
    for round in 0..12 {
        let order = &SIGMA[round % 10];
        let columns = [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15], [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]];
        for (i, lane) in columns.iter().enumerate() {
            mix(&mut v, lane, words[order[2 * i]], words[order[2 * i + 1]]);
        }
    }
    for i in 0..8 {
        state[i] ^= v[i] ^ v[i + 8];
    }
}

fn mix(v: &mut [u64; 16], &[a, b, c, d]: &[usize; 4], x: u64, y: u64) {
    for (word, turn_d, turn_b) in [(x, 32, 24), (y, 16, 63)] {
        v[a] = v[a].wrapping_add(v[b]).wrapping_add(word);
        v[d] = (v[d] ^ v[a]).rotate_right(turn_d);
        v[c] = v[c].wrapping_add(v[d]);
        v[b] = (v[b] ^ v[c]).rotate_right(turn_b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blake2b_of_rfc_7693() {
        let digest = hex::encode(blake2b(b"abc", &[0; 16], 64));
        assert!(digest.starts_with("ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"), "{digest}");
    }

    #[test]
    fn a_message_of_two_halves_is_restored() {
        let plain: Vec<u8> = (0u8..200).collect();
        let (a, b) = plain.split_at(64);
        let x = xor(b, &round_g(0, a, b.len()));
        let y = xor(a, &round_h(0, &x, 64));
        let d = xor(&x, &round_g(1, &y, b.len()));
        let c = xor(&y, &round_h(1, &d, 64));
        assert_eq!(unjumble(&[c, d].concat()), plain);
    }
}
