//! OpenPGP keys in armour (RFC 9580): a version 4 Ed25519 key with a user id, public or private, and
//! its fingerprint. The signature that would bind the user id is left out: no reader of selectors
//! asks for it, and nobody shall take the key for a usable one.

use curve25519_dalek::{EdwardsPoint, Scalar};
use sha1::{Digest, Sha1};

use super::{base64, crc24, hex};

/// A key as it is written, its packets, and its fingerprint in upper-case hex.
pub(crate) struct Key {
    pub(crate) armour: String,
    pub(crate) packets: Vec<u8>,
    pub(crate) fingerprint: String,
}

/// The public key block of a secret number.
pub(crate) fn public(secret: [u8; 32], made: u32, user: &str) -> Key {
    let body = public_body(secret, made);
    let packets = [packet(6, &body), packet(13, user.as_bytes())].concat();
    Key { armour: armour("PUBLIC KEY BLOCK", &packets), packets, fingerprint: fingerprint(&body) }
}

/// The private key block: the same, with the secret unprotected behind it (RFC 9580 §5.5.3).
pub(crate) fn private(secret: [u8; 32], made: u32, user: &str) -> Key {
    let body = public_body(secret, made);
    let mut hidden = vec![0];
    hidden.extend(multiprecision(&secret));
    let sum = hidden[1..].iter().fold(0u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    hidden.extend(sum.to_be_bytes());
    let packets = [packet(5, &[body.as_slice(), &hidden].concat()), packet(13, user.as_bytes())].concat();
    Key { armour: armour("PRIVATE KEY BLOCK", &packets), packets, fingerprint: fingerprint(&body) }
}

/// Version, time, algorithm 22 (EdDSA), the curve's name, and the point with its prefix 0x40.
fn public_body(secret: [u8; 32], made: u32) -> Vec<u8> {
    const CURVE: [u8; 10] = [9, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
    let point = EdwardsPoint::mul_base(&Scalar::from_bytes_mod_order(secret)).compress();
    let mut body = vec![4];
    body.extend(made.to_be_bytes());
    body.push(22);
    body.extend(CURVE);
    body.extend(multiprecision(&[&[0x40], point.as_bytes().as_slice()].concat()));
    body
}

fn multiprecision(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros..];
    let bits = bytes.first().map_or(0, |first| bytes.len() * 8 - first.leading_zeros() as usize);
    [&(bits as u16).to_be_bytes(), bytes].concat()
}

fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![0xc0 | tag, u8::try_from(body.len()).expect("short packets only")];
    packet.extend_from_slice(body);
    packet
}

fn fingerprint(body: &[u8]) -> String {
    let head = [0x99, (body.len() >> 8) as u8, body.len() as u8];
    hex(&Sha1::new().chain_update(head).chain_update(body).finalize()).to_uppercase()
}

fn armour(label: &str, packets: &[u8]) -> String {
    let text = base64(packets);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    let sum = base64(&crc24(packets).to_be_bytes()[1..]);
    format!("-----BEGIN PGP {label}-----\n\n{}\n={sum}\n-----END PGP {label}-----", lines.join("\n"))
}
