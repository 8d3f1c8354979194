//! The object identifiers that seal files may carry. Anything else is refused where it matters.

use der::oid::ObjectIdentifier as Oid;

const fn oid(text: &str) -> Oid {
    Oid::new_unwrap(text)
}

/// id-data (RFC 5652).
pub const DATA: Oid = oid("1.2.840.113549.1.7.1");
/// id-signedData (RFC 5652).
pub const SIGNED_DATA: Oid = oid("1.2.840.113549.1.7.2");
/// contentType attribute.
pub const CONTENT_TYPE: Oid = oid("1.2.840.113549.1.9.3");
/// messageDigest attribute.
pub const MESSAGE_DIGEST: Oid = oid("1.2.840.113549.1.9.4");
/// signingTime attribute.
pub const SIGNING_TIME: Oid = oid("1.2.840.113549.1.9.5");
/// ESS signing-certificate, SHA-1 (RFC 2634).
pub const SIGNING_CERTIFICATE: Oid = oid("1.2.840.113549.1.9.16.2.12");
/// ESS signing-certificate-v2 (RFC 5035).
pub const SIGNING_CERTIFICATE_V2: Oid = oid("1.2.840.113549.1.9.16.2.47");
/// id-ct-TSTInfo (RFC 3161).
pub const TST_INFO: Oid = oid("1.2.840.113549.1.9.16.1.4");
/// id-kp-timeStamping.
pub const TIME_STAMPING: Oid = oid("1.3.6.1.5.5.7.3.8");
/// id-kp-serverAuth.
pub const SERVER_AUTH: Oid = oid("1.3.6.1.5.5.7.3.1");
/// id-kp-clientAuth.
pub const CLIENT_AUTH: Oid = oid("1.3.6.1.5.5.7.3.2");
/// SHA-256.
pub const SHA_256: Oid = oid("2.16.840.1.101.3.4.2.1");
/// SHA-384.
pub const SHA_384: Oid = oid("2.16.840.1.101.3.4.2.2");
/// SHA-512.
pub const SHA_512: Oid = oid("2.16.840.1.101.3.4.2.3");
/// rsaEncryption.
pub const RSA: Oid = oid("1.2.840.113549.1.1.1");
/// sha256WithRSAEncryption.
pub const SHA_256_RSA: Oid = oid("1.2.840.113549.1.1.11");
/// sha384WithRSAEncryption.
pub const SHA_384_RSA: Oid = oid("1.2.840.113549.1.1.12");
/// sha512WithRSAEncryption.
pub const SHA_512_RSA: Oid = oid("1.2.840.113549.1.1.13");
/// id-ecPublicKey.
pub const EC_KEY: Oid = oid("1.2.840.10045.2.1");
/// ecdsa-with-SHA256.
pub const ECDSA_SHA_256: Oid = oid("1.2.840.10045.4.3.2");
/// ecdsa-with-SHA384.
pub const ECDSA_SHA_384: Oid = oid("1.2.840.10045.4.3.3");
/// ecdsa-with-SHA512.
pub const ECDSA_SHA_512: Oid = oid("1.2.840.10045.4.3.4");
/// NIST P-256.
pub const P_256: Oid = oid("1.2.840.10045.3.1.7");
/// NIST P-384.
pub const P_384: Oid = oid("1.3.132.0.34");
/// basicConstraints extension.
pub const BASIC_CONSTRAINTS: Oid = oid("2.5.29.19");
/// keyUsage extension.
pub const KEY_USAGE: Oid = oid("2.5.29.15");
/// extKeyUsage extension.
pub const EXTENDED_KEY_USAGE: Oid = oid("2.5.29.37");
/// commonName.
pub const COMMON_NAME: Oid = oid("2.5.4.3");
/// organizationName.
pub const ORGANISATION: Oid = oid("2.5.4.10");
/// The policy of the built-in training authority, under the arc that RFC 5612 keeps for examples.
pub const TRAINING_POLICY: Oid = oid("1.3.6.1.4.1.32473.3161.1");
