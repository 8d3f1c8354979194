//! Signatures that seal files and certificates may carry: RSA PKCS #1 v1.5 with SHA-256/384/512
//! (2048 to 4096 bits) and ECDSA on P-256 and P-384. No SHA-1, no MD5, no other curve. Where a
//! signature is not itself under a digest, its only accepted form is the low-S one, because (r, n − s)
//! verifies as well and would let a stranger change a byte unseen.

use der::referenced::OwnedToRef;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::{Pkcs1v15Sign, RsaPublicKey};
use sha2::{Digest, Sha256, Sha384, Sha512};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::{Flaw, flaw::ensure, oid};

/// A digest algorithm of the SHA-2 family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// By its identifier; parameters must be absent or NULL.
    ///
    /// # Errors
    /// When it is another algorithm.
    pub fn from_identifier(algorithm: &AlgorithmIdentifierOwned) -> Result<Self, Flaw> {
        ensure(algorithm.parameters.as_ref().is_none_or(|p| p.is_null()), "a digest algorithm with parameters")?;
        match algorithm.oid {
            oid::SHA_256 => Ok(Hash::Sha256),
            oid::SHA_384 => Ok(Hash::Sha384),
            oid::SHA_512 => Ok(Hash::Sha512),
            other => Err(Flaw::new(format!("the digest algorithm {other} is not accepted (SHA-256, SHA-384 or SHA-512)"))),
        }
    }

    /// Digest of `bytes`.
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha256 => Sha256::digest(bytes).to_vec(),
            Hash::Sha384 => Sha384::digest(bytes).to_vec(),
            Hash::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    fn rsa_padding(self) -> Pkcs1v15Sign {
        match self {
            Hash::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            Hash::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            Hash::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        }
    }

    pub(crate) fn ecdsa(self) -> spki::ObjectIdentifier {
        match self {
            Hash::Sha256 => oid::ECDSA_SHA_256,
            Hash::Sha384 => oid::ECDSA_SHA_384,
            Hash::Sha512 => oid::ECDSA_SHA_512,
        }
    }
}

/// What a public key is.
#[derive(Debug, Clone)]
pub enum PublicKey {
    /// RSA, 2048 to 4096 bits.
    Rsa(RsaPublicKey),
    /// NIST P-256.
    P256(p256::ecdsa::VerifyingKey),
    /// NIST P-384.
    P384(p384::ecdsa::VerifyingKey),
}

impl PublicKey {
    /// Reads the key of a certificate.
    ///
    /// # Errors
    /// When it is of another kind, too short, or not a point of its curve.
    pub fn read(spki: &SubjectPublicKeyInfoOwned) -> Result<Self, Flaw> {
        match spki.algorithm.oid {
            oid::RSA => read_rsa(spki),
            oid::EC_KEY => read_ec(spki),
            other => Err(Flaw::new(format!("a key of kind {other} is not accepted (RSA, P-256 or P-384)"))),
        }
    }

    /// Verifies `signature` over `message`; ECDSA signatures in strict DER.
    ///
    /// # Errors
    /// When it does not hold.
    pub fn verify(&self, hash: Hash, message: &[u8], signature: &[u8]) -> Result<(), Flaw> {
        let digest = hash.digest(message);
        let held = match self {
            PublicKey::Rsa(key) => key.verify(hash.rsa_padding(), &digest, signature).is_ok(),
            PublicKey::P256(key) => strict_p256(signature).is_ok_and(|s| key.verify_prehash(&digest, &s).is_ok()),
            PublicKey::P384(key) => strict_p384(signature).is_ok_and(|s| key.verify_prehash(&digest, &s).is_ok()),
        };
        ensure(held, "the signature does not hold")
    }

    /// The one accepted form of a signature that holds: low S for ECDSA, itself for RSA.
    ///
    /// # Errors
    /// When the signature is not readable.
    pub fn normal_form(&self, signature: &[u8]) -> Result<Vec<u8>, Flaw> {
        Ok(match self {
            PublicKey::Rsa(_) => signature.to_vec(),
            PublicKey::P256(_) => strict_p256(signature)?.normalize_s().to_der().as_bytes().to_vec(),
            PublicKey::P384(_) => strict_p384(signature)?.normalize_s().to_der().as_bytes().to_vec(),
        })
    }
}

fn read_rsa(spki: &SubjectPublicKeyInfoOwned) -> Result<PublicKey, Flaw> {
    let key = RsaPublicKey::try_from(spki.owned_to_ref()).map_err(|_| Flaw::new("an RSA key that cannot be used (more than 4096 bits, or malformed)"))?;
    let bits = rsa::traits::PublicKeyParts::n_bytes(&key).len() * 8;
    ensure(bits >= 2048, "an RSA key of fewer than 2048 bits")?;
    Ok(PublicKey::Rsa(key))
}

fn read_ec(spki: &SubjectPublicKeyInfoOwned) -> Result<PublicKey, Flaw> {
    let curve = spki.algorithm.parameters.as_ref().and_then(|p| p.decode_as::<spki::ObjectIdentifier>().ok());
    let point = spki.subject_public_key.as_bytes().unwrap_or_default();
    let not_a_point = |_| Flaw::new("a public key that is not a point of its curve");
    match curve {
        Some(oid::P_256) => Ok(PublicKey::P256(p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(not_a_point)?)),
        Some(oid::P_384) => Ok(PublicKey::P384(p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(not_a_point)?)),
        _ => Err(Flaw::new("an elliptic-curve key on a curve that is not accepted (P-256 or P-384)")),
    }
}

fn strict_p256(bytes: &[u8]) -> Result<p256::ecdsa::Signature, Flaw> {
    let signature = p256::ecdsa::Signature::from_der(bytes).map_err(|_| Flaw::new("an ECDSA signature that is not strict DER"))?;
    ensure(signature.to_der().as_bytes() == bytes, "an ECDSA signature that is not strict DER")?;
    Ok(signature)
}

fn strict_p384(bytes: &[u8]) -> Result<p384::ecdsa::Signature, Flaw> {
    let signature = p384::ecdsa::Signature::from_der(bytes).map_err(|_| Flaw::new("an ECDSA signature that is not strict DER"))?;
    ensure(signature.to_der().as_bytes() == bytes, "an ECDSA signature that is not strict DER")?;
    Ok(signature)
}

/// Verifies a certificate's or revocation list's signature with the issuer's key.
///
/// # Errors
/// When the algorithm is not accepted, does not fit the key, or the signature does not hold.
pub fn verify_certificate(key: &SubjectPublicKeyInfoOwned, algorithm: &AlgorithmIdentifierOwned, message: &[u8], signature: &[u8]) -> Result<(), Flaw> {
    let (hash, rsa) = match algorithm.oid {
        oid::SHA_256_RSA => (Hash::Sha256, true),
        oid::SHA_384_RSA => (Hash::Sha384, true),
        oid::SHA_512_RSA => (Hash::Sha512, true),
        oid::ECDSA_SHA_256 => (Hash::Sha256, false),
        oid::ECDSA_SHA_384 => (Hash::Sha384, false),
        oid::ECDSA_SHA_512 => (Hash::Sha512, false),
        other => return Err(Flaw::new(format!("the signature algorithm {other} is not accepted"))),
    };
    let key = PublicKey::read(key)?;
    ensure(matches!(key, PublicKey::Rsa(_)) == rsa, "the signature algorithm does not fit the key")?;
    key.verify(hash, message, signature)
}
