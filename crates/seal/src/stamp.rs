//! RFC 3161 time-stamp responses in the one form that a package may carry: status granted and
//! nothing beside it, one signer, one certificate. Intermediate certificates belong into the
//! verifier's `tsa.pem`. Pure: trust, validity and revocation are judged by the caller.

use cms::content_info::ContentInfo;
use der::{
    Any, Decode, Sequence,
    asn1::{Int, ObjectIdentifier, OctetString},
};
use model::{Moment, Sha256Digest};
use spki::AlgorithmIdentifierOwned;

use crate::{
    Certificate, Flaw,
    flaw::ensure,
    instant::generalized,
    oid,
    signature::Hash,
    signed::{SignedMessage, strict},
};

/// RFC 3161 §2.4.1.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
pub(crate) struct MessageImprint {
    pub(crate) algorithm: AlgorithmIdentifierOwned,
    pub(crate) hashed: OctetString,
}

/// RFC 3161 §2.4.2, status only.
#[derive(Debug, Sequence)]
pub(crate) struct Granted {
    pub(crate) status: u8,
}

/// RFC 3161 §2.4.2 in the form of a package.
#[derive(Debug, Sequence)]
pub(crate) struct Response {
    pub(crate) status: Granted,
    pub(crate) token: ContentInfo,
}

/// RFC 3161 §2.4.2.
#[derive(Debug, Sequence)]
pub(crate) struct Accuracy {
    pub(crate) seconds: Option<u32>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(crate) millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(crate) micros: Option<u16>,
}

/// RFC 3161 §2.4.2. The time stays as it was written, because DER here knows no fractions.
#[derive(Debug, Sequence)]
pub(crate) struct TstInfo {
    pub(crate) version: u8,
    pub(crate) policy: ObjectIdentifier,
    pub(crate) imprint: MessageImprint,
    pub(crate) serial: Int,
    pub(crate) time: Any,
    pub(crate) accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    pub(crate) ordering: bool,
    pub(crate) nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(crate) authority: Option<Any>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", constructed = "true", optional = "true")]
    pub(crate) extensions: Option<Vec<x509_cert::ext::Extension>>,
}

/// What a time-stamp token says, under the certificate that signed it.
#[derive(Debug, Clone)]
pub struct TimeStamp {
    /// The authority's certificate.
    pub certificate: Certificate,
    /// The stated time (microseconds; finer fractions are cut).
    pub time: Moment,
    /// The authority's policy.
    pub policy: String,
    /// Serial number of the token, hexadecimal.
    pub serial: String,
    pub(crate) nonce: Option<Int>,
}

/// Reads a `.tsr` file over the object with this digest.
///
/// # Errors
/// The first thing that is not in the one accepted form, or does not hold.
pub fn read_response(bytes: &[u8], object: &Sha256Digest) -> Result<TimeStamp, Flaw> {
    let response: Response = strict(bytes, "a granted RFC 3161 response without remarks")?;
    ensure(response.status.status == 0, "the authority did not grant the time-stamp")?;
    read_token(&response.token, object)
}

pub(crate) fn read_token(token: &ContentInfo, object: &Sha256Digest) -> Result<TimeStamp, Flaw> {
    let message = SignedMessage::read(token, oid::TST_INFO, None)?;
    message.certificate.may_stamp_time()?;
    let content = message.content.as_deref().ok_or_else(|| Flaw::new("the token is empty"))?;
    let info = TstInfo::from_der(content).map_err(|e| Flaw::new(format!("the token's statement is unreadable ({e})")))?;
    ensure(info.version == 1, "the token is of an unknown version")?;
    let imprint = &info.imprint;
    ensure(Hash::from_identifier(&imprint.algorithm)? == Hash::Sha256, "the token's imprint is not SHA-256")?;
    ensure(imprint.hashed.as_bytes() == object.0, "the token is over another object (imprint differs)")?;
    let critical = info.extensions.iter().flatten().any(|e| e.critical);
    ensure(!critical, "the token has a critical extension that this program does not know")?;
    let time = (info.time.header().tag() == der::Tag::GeneralizedTime).then(|| generalized(info.time.value())).flatten();
    let time = time.ok_or_else(|| Flaw::new("the token's time is unreadable"))?;
    Ok(TimeStamp { certificate: message.certificate, time, policy: info.policy.to_string(), serial: hex::encode(info.serial.as_bytes()), nonce: info.nonce })
}
