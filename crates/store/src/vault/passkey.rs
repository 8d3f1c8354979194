//! What a passkey answers (W3C Web Authentication, level 2, sections 7.1 and 7.2), in the one way in which this house uses
//! it: ES256, no attestation, the key in the canonical form of CTAP2. Pure: bytes in, a key or what was shown out.
//!
//! It refuses every other algorithm and form, an answer for another site or another question, and one of an authenticator
//! that was copied (its counter did not move on). Every byte of it was written by whoever reaches the login.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::session::signature_holds;

/// Flags of the authenticator's data.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;
const EXTENDED: u8 = 0x80;
/// Bytes before what is attested: digest of the site, flags, counter.
const HEAD: usize = 37;
/// An answer is a few hundred bytes; more is nonsense.
const LONGEST: usize = 8 << 10;
/// COSE_Key of a P-256 point for ES256, up to its x, and between x and y (RFC 9053, section 7.1.1; canonical CBOR).
const BEFORE_X: [u8; 10] = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
const BEFORE_Y: [u8; 3] = [0x22, 0x58, 0x20];

/// For which site and which question an answer must be.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Scheme, host and port, as browsers write them.
    pub origin: &'a str,
    /// The question, base64url without padding.
    pub challenge: &'a str,
}

impl Asked<'_> {
    /// The name under which a passkey is kept for this site: its host without the port.
    pub fn site(&self) -> Option<&str> {
        let (scheme, rest) = self.origin.split_once("://")?;
        let host = rest.rsplit_once(':').map_or(rest, |(host, port)| if port.bytes().all(|byte| byte.is_ascii_digit()) { host } else { rest });
        (scheme == "https" || scheme == "http" && host == "localhost").then_some(host).filter(|host| !host.is_empty() && !host.contains(['/', '[', ']', '@']))
    }
}

/// A key that an authenticator made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The authenticator's name for it.
    pub id: Vec<u8>,
    /// The public key, an uncompressed point.
    pub point: Vec<u8>,
    /// Its counter.
    pub counter: u32,
}

/// What an authenticator showed with its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Its new counter.
    pub counter: u32,
    /// Whether it knew its person, by a PIN, a finger or a face, and not only that somebody touched it.
    pub verified: bool,
}

/// The key of a registration.
///
/// # Errors
/// Why it is none, in words.
pub fn made(asked: Asked<'_>, client: &[u8], data: &[u8]) -> Result<Made, &'static str> {
    is_for(asked, client, "webauthn.create")?;
    let (flags, counter, rest) = head(asked, data)?;
    if flags & ATTESTED == 0 {
        return Err("the authenticator made no key");
    }
    // The model of the authenticator comes first; nobody vouches for it, so it is not looked at.
    let (length, rest) = rest.get(16..).and_then(|rest| rest.split_first_chunk::<2>()).ok_or("the answer is cut short")?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (id, key) = rest.split_at_checked(length).ok_or("the answer is cut short")?;
    let point = point(key, flags & EXTENDED != 0).ok_or("the authenticator made a key of another kind than ES256")?;
    if !(1..=1023).contains(&length) {
        return Err("the authenticator gave its key no name");
    }
    Ok(Made { id: id.to_vec(), point, counter })
}

/// What an authenticator showed with its key.
///
/// # Errors
/// Why it did not, in words.
pub fn shown(asked: Asked<'_>, point: &[u8], before: u32, client: &[u8], data: &[u8], signature: &[u8]) -> Result<Shown, &'static str> {
    is_for(asked, client, "webauthn.get")?;
    let (flags, counter, _) = head(asked, data)?;
    let signed = [data, Sha256::digest(client).as_slice()].concat();
    if !signature_holds(point, &signed, signature) {
        return Err("the signature does not hold");
    }
    // Many count nothing and stay at zero; one that counts moves on.
    if (counter, before) != (0, 0) && counter <= before {
        return Err("the authenticator was copied: its counter did not move on");
    }
    Ok(Shown { counter, verified: flags & VERIFIED != 0 })
}

fn is_for(asked: Asked<'_>, client: &[u8], kind: &str) -> Result<(), &'static str> {
    let said: Value = serde_json::from_slice(client.get(..client.len().min(LONGEST)).unwrap_or_default()).map_err(|_| "what the browser says of itself cannot be read")?;
    if said["type"] != kind || said["challenge"] != asked.challenge || said["origin"] != asked.origin || said["crossOrigin"] == true {
        return Err("the answer is for another site or another question");
    }
    Ok(())
}

fn head<'a>(asked: Asked<'_>, data: &'a [u8]) -> Result<(u8, u32, &'a [u8]), &'static str> {
    let site = asked.site().ok_or("this site can have no passkeys")?;
    let (head, rest) = data.split_at_checked(HEAD).filter(|_| data.len() <= LONGEST).ok_or("the answer is cut short")?;
    if head[..32] != *Sha256::digest(site.as_bytes()) {
        return Err("the answer is for another site or another question");
    }
    let (flags, counter) = (head[32], u32::from_be_bytes([head[33], head[34], head[35], head[36]]));
    if flags & PRESENT == 0 { Err("nobody was at the authenticator") } else { Ok((flags, counter, rest)) }
}

fn point(key: &[u8], more: bool) -> Option<Vec<u8>> {
    let (x, rest) = key.strip_prefix(&BEFORE_X)?.split_at_checked(32)?;
    let (y, rest) = rest.strip_prefix(&BEFORE_Y)?.split_at_checked(32)?;
    (more || rest.is_empty()).then(|| [&[4], x, y].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ring::{rand::SystemRandom, signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair}};

    const ASKED: Asked<'_> = Asked { origin: "https://house.example:8443", challenge: "cXVlc3Rpb24" };

    struct Authenticator(EcdsaKeyPair);

    impl Authenticator {
        fn new() -> Authenticator {
            let random = SystemRandom::new();
            let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
            Authenticator(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.as_ref(), &random).unwrap())
        }

        fn point(&self) -> &[u8] {
            self.0.public_key().as_ref()
        }

        fn makes(&self) -> Vec<u8> {
            let point = self.point();
            [&head_of("house.example", PRESENT | ATTESTED, 0)[..], &[0; 16], &[0, 3], b"key", &BEFORE_X, &point[1..33], &BEFORE_Y, &point[33..]].concat()
        }

        fn signs(&self, client: &[u8], data: &[u8]) -> Vec<u8> {
            self.0.sign(&SystemRandom::new(), &[data, Sha256::digest(client).as_slice()].concat()).unwrap().as_ref().to_vec()
        }
    }

    fn head_of(site: &str, flags: u8, counter: u32) -> Vec<u8> {
        [Sha256::digest(site.as_bytes()).as_slice(), &[flags], &counter.to_be_bytes()].concat()
    }

    fn client(kind: &str, challenge: &str, origin: &str) -> Vec<u8> {
        serde_json::json!({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false}).to_string().into_bytes()
    }

    #[test]
    fn a_key_is_made_and_shown() {
        let one = Authenticator::new();
        let made = made(ASKED, &client("webauthn.create", ASKED.challenge, ASKED.origin), &one.makes()).unwrap();
        assert_eq!((made.id.as_slice(), made.point.as_slice(), made.counter), (b"key".as_slice(), one.point(), 0));
        let (said, data) = (client("webauthn.get", ASKED.challenge, ASKED.origin), head_of("house.example", PRESENT, 8));
        let shown = |point: &[u8], before, said: &[u8], data: &[u8]| shown(ASKED, point, before, said, data, &one.signs(said, data));
        assert_eq!(shown(one.point(), 7, &said, &data), Ok(Shown { counter: 8, verified: false }));
        assert_eq!(shown(one.point(), 7, &said, &head_of("house.example", PRESENT | VERIFIED, 8)), Ok(Shown { counter: 8, verified: true }));
        assert!(shown(one.point(), 8, &said, &data).unwrap_err().contains("copied"));
        assert!(shown(Authenticator::new().point(), 0, &said, &data).unwrap_err().contains("signature"));
        assert!(shown(one.point(), 0, &said, &head_of("house.example", 0, 8)).unwrap_err().contains("nobody"));
        for other in [client("webauthn.get", "b3RoZXI", ASKED.origin), client("webauthn.get", ASKED.challenge, "https://evil.example"), client("webauthn.create", ASKED.challenge, ASKED.origin)] {
            assert!(shown(one.point(), 0, &other, &data).unwrap_err().contains("another site"));
        }
        assert!(shown(one.point(), 0, &said, &head_of("evil.example", PRESENT, 8)).unwrap_err().contains("another site"));
        assert_eq!(shown(one.point(), 0, &said, &head_of("house.example", PRESENT, 0)), Ok(Shown { counter: 0, verified: false }), "one that counts nothing");
    }

    #[test]
    fn only_a_whole_key_for_es256_is_one() {
        let one = Authenticator::new();
        let (said, whole) = (client("webauthn.create", ASKED.challenge, ASKED.origin), one.makes());
        for cut in 0..whole.len() {
            assert!(made(ASKED, &said, &whole[..cut]).is_err(), "{cut}");
        }
        assert!(made(ASKED, &said, &[&whole[..], &[0]].concat()).is_err(), "something stands behind it");
        let mut other = whole.clone();
        other[HEAD + 21 + 4] = 0x27;
        assert!(made(ASKED, &said, &other).is_err(), "EdDSA");
    }

    #[test]
    fn a_site_has_a_name_and_a_safe_line() {
        for (origin, site) in [("https://a.example", Some("a.example")), ("https://a.example:8443", Some("a.example")), ("http://localhost:8440", Some("localhost")), ("http://a.example", None), ("https://[::1]:8440", None), ("a.example", None)] {
            assert_eq!(Asked { origin, challenge: "" }.site(), site, "{origin}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_of_a_passkey_or_a_refusal(client in proptest::collection::vec(any::<u8>(), 0..300), data in proptest::collection::vec(any::<u8>(), 0..300), signature in proptest::collection::vec(any::<u8>(), 0..90)) {
            prop_assert!(made(ASKED, &client, &data).is_err());
            prop_assert!(shown(ASKED, &[4; 65], 0, &client, &data, &signature).is_err());
        }
    }
}
