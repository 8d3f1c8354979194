//! BLAKE2b (RFC 7693) without a key, with any length of digest and a personalisation, as ZIP 316 asks.

const START: [u64; 8] = [
    0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b, 0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1, 0x9b05_688c_2b3e_6c1f, 0x1f83_d9ab_fb41_bd6b, 0x5be0_cd19_137e_2179,
];

const ORDER: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/// The digest of `message`, `length` bytes of it (1 to 64).
pub(crate) fn digest(message: &[u8], length: usize, personal: &[u8; 16]) -> Vec<u8> {
    let mut state = START;
    state[0] ^= 0x0101_0000 ^ length as u64;
    state[6] ^= u64::from_le_bytes(personal[..8].try_into().expect("eight bytes"));
    state[7] ^= u64::from_le_bytes(personal[8..].try_into().expect("eight bytes"));
    let blocks = message.len().div_ceil(128).max(1);
    for index in 0..blocks {
        let end = message.len().min(128 * (index + 1));
        let mut block = [0u8; 128];
        block[..end - 128 * index].copy_from_slice(&message[128 * index..end]);
        mix_in(&mut state, &block, end as u64, index + 1 == blocks);
    }
    state.iter().flat_map(|word| word.to_le_bytes()).take(length).collect()
}

fn mix_in(state: &mut [u64; 8], block: &[u8; 128], counted: u64, last: bool) {
    let word = |i: usize| u64::from_le_bytes(block[8 * i..8 * i + 8].try_into().expect("eight bytes"));
    let mut v = [0u64; 16];
    v[..8].copy_from_slice(state);
    v[8..].copy_from_slice(&START);
    v[12] ^= counted;
    if last {
        v[14] = !v[14];
    }
    for round in 0..12 {
        let order = &ORDER[round % 10];
        for (i, (a, b, c, d)) in COLUMNS.into_iter().enumerate() {
            stir(&mut v, (a, b, c, d), word(order[2 * i]), word(order[2 * i + 1]));
        }
    }
    for i in 0..8 {
        state[i] ^= v[i] ^ v[i + 8];
    }
}

const COLUMNS: [(usize, usize, usize, usize); 8] = [
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
];

fn stir(v: &mut [u64; 16], (a, b, c, d): (usize, usize, usize, usize), x: u64, y: u64) {
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(x);
    v[d] = (v[d] ^ v[a]).rotate_right(32);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(24);
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(y);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(63);
}

#[cfg(test)]
mod tests {
    use super::super::hex;

    #[test]
    fn the_digest_of_rfc_7693() {
        let digest = super::digest(b"abc", 64, &[0; 16]);
        assert!(hex(&digest).starts_with("ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"), "{}", hex(&digest));
    }
}
