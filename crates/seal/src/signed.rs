//! CMS SignedData (RFC 5652) in the one form that a seal file may have. The unsigned outside of a
//! CMS message can be written in many ways that all verify; each such freedom is a byte that a
//! stranger can change unseen. So: strict DER, one signer, its certificate and no other, no unsigned
//! attributes, no revocation lists, digest parameters absent, low-S. And every answer is about the
//! certificate that signed (the lesson of CVE-2026-39984).

use cms::{
    cert::{CertificateChoices, IssuerAndSerialNumber},
    content_info::{CmsVersion, ContentInfo},
    signed_data::{SignedData, SignerIdentifier, SignerInfo},
};
use der::{
    Any, Decode, Encode, Sequence,
    asn1::{ObjectIdentifier, OctetString, OctetStringRef},
};
use model::{Moment, Sha256Digest};
use spki::AlgorithmIdentifierOwned;
use x509_cert::{attr::Attribute, time::Time};

use crate::{
    Certificate, Flaw,
    flaw::ensure,
    instant::moment,
    oid,
    signature::{Hash, PublicKey},
};

/// RFC 5035.
#[derive(Debug, Sequence)]
pub(crate) struct SigningCertificateV2 {
    pub(crate) certs: Vec<EssCertIdV2>,
    pub(crate) policies: Option<Any>,
}

/// RFC 5035: SHA-256 is the default algorithm and then absent.
#[derive(Debug, Sequence)]
pub(crate) struct EssCertIdV2 {
    pub(crate) algorithm: Option<AlgorithmIdentifierOwned>,
    pub(crate) cert_hash: OctetString,
    pub(crate) issuer_serial: Option<Any>,
}

#[derive(Debug, Sequence)]
struct SigningCertificateV1 {
    certs: Vec<EssCertIdV1>,
    policies: Option<Any>,
}

#[derive(Debug, Sequence)]
struct EssCertIdV1 {
    cert_hash: OctetString,
    issuer_serial: Option<Any>,
}

/// A message whose one signature holds under the certificate that it carries.
#[derive(Debug, Clone)]
pub struct SignedMessage {
    /// The certificate that signed.
    pub certificate: Certificate,
    /// The signing-time attribute, if there is one.
    pub signing_time: Option<Moment>,
    /// What was signed, when it is inside.
    pub content: Option<Vec<u8>>,
    attributes: Vec<ObjectIdentifier>,
}

impl SignedMessage {
    /// Reads and verifies a message. `detached` is the digest of the content when it lies outside.
    ///
    /// # Errors
    /// The first thing that is not in the one accepted form, or does not hold.
    pub fn read(info: &ContentInfo, content_type: ObjectIdentifier, detached: Option<&Sha256Digest>) -> Result<Self, Flaw> {
        ensure(info.content_type == oid::SIGNED_DATA, "not a CMS signed message")?;
        let data: SignedData = info.content.decode_as().map_err(|e| Flaw::new(format!("not a CMS signed message in strict DER ({e})")))?;
        let certificate = only_certificate(&data)?;
        let signer = only_signer(&data)?;
        check_frame(&data, signer, content_type)?;
        check_identifier(signer, &certificate)?;
        let hash = Hash::from_identifier(&signer.digest_alg)?;
        let content = content_of(&data)?;
        let digest = match (&content, detached) {
            (Some(inside), None) => hash.digest(inside),
            (None, Some(outside)) => {
                ensure(hash == Hash::Sha256, "the digest algorithm is not SHA-256")?;
                outside.0.to_vec()
            }
            _ => return Err(Flaw::new("the content lies in the wrong place (inside or outside the message)")),
        };
        let attributes = Attributes::of(signer)?;
        attributes.check(content_type, &digest, &certificate)?;
        check_signature(signer, hash, &certificate)?;
        Ok(SignedMessage { certificate, signing_time: attributes.signing_time()?, content, attributes: attributes.kinds() })
    }

    /// Exactly these signed attributes, in any order.
    ///
    /// # Errors
    /// When one is missing or one is too many.
    pub fn has_only(&self, expected: &[ObjectIdentifier]) -> Result<(), Flaw> {
        let equal = self.attributes.len() == expected.len() && expected.iter().all(|e| self.attributes.contains(e));
        ensure(equal, "the signed attributes are not exactly content type, message digest, signing time and signing certificate v2")
    }
}

/// Reads a CMS message: strict DER that re-encodes to the same bytes, nothing behind it.
///
/// # Errors
/// When it is anything else.
pub fn strict<'a, T: Decode<'a, Error = der::Error> + Encode>(bytes: &'a [u8], what: &str) -> Result<T, Flaw> {
    let value = T::from_der(bytes).map_err(|e| Flaw::new(format!("not {what} in strict DER ({e})")))?;
    let again = value.to_der().map_err(|e| Flaw::new(format!("cannot be written again ({e})")))?;
    ensure(again == bytes, format!("not {what} in strict DER: it re-encodes to other bytes"))?;
    Ok(value)
}

fn only_certificate(data: &SignedData) -> Result<Certificate, Flaw> {
    ensure(data.crls.is_none(), "a revocation list inside the message")?;
    let set = data.certificates.as_ref().map(|set| set.0.as_slice()).unwrap_or_default();
    match set {
        [CertificateChoices::Certificate(one)] => Certificate::from_structure(one.clone()),
        _ => Err(Flaw::new(format!("{} certificates in the message where exactly one belongs", set.len()))),
    }
}

fn only_signer(data: &SignedData) -> Result<&SignerInfo, Flaw> {
    match data.signer_infos.0.as_slice() {
        [one] => Ok(one),
        other => Err(Flaw::new(format!("{} signers in the message where exactly one belongs", other.len()))),
    }
}

fn check_frame(data: &SignedData, signer: &SignerInfo, content_type: ObjectIdentifier) -> Result<(), Flaw> {
    let version = if content_type == oid::DATA { CmsVersion::V1 } else { CmsVersion::V3 };
    ensure(data.encap_content_info.econtent_type == content_type, "the message holds another kind of content")?;
    ensure(data.version == version && signer.version == CmsVersion::V1, "a version number of the message is wrong")?;
    ensure(data.digest_algorithms.as_slice() == std::slice::from_ref(&signer.digest_alg), "the message lists other digest algorithms than its signer's")?;
    ensure(signer.digest_alg.parameters.is_none(), "the digest algorithm has parameters (RFC 5754 leaves them out)")?;
    ensure(signer.unsigned_attrs.is_none(), "unsigned attributes, which anyone could have added")
}

fn check_identifier(signer: &SignerInfo, certificate: &Certificate) -> Result<(), Flaw> {
    let expected = identifier(certificate);
    ensure(signer.sid == expected, "the signer is not named by issuer and serial number of the certificate in the message")
}

/// Issuer and serial number of a certificate: the one accepted way to name a signer.
pub(crate) fn identifier(certificate: &Certificate) -> SignerIdentifier {
    let tbs = certificate.structure().tbs_certificate();
    SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber { issuer: tbs.issuer().clone(), serial_number: tbs.serial_number().clone() })
}

fn content_of(data: &SignedData) -> Result<Option<Vec<u8>>, Flaw> {
    let Some(any) = &data.encap_content_info.econtent else { return Ok(None) };
    let octets: &OctetStringRef = any.decode_as().map_err(|_| Flaw::new("the content is not an octet string"))?;
    Ok(Some(octets.as_bytes().to_vec()))
}

/// The one accepted signature algorithm identifier for a key and a hash.
pub(crate) fn signature_algorithm(key: &PublicKey, hash: Hash) -> AlgorithmIdentifierOwned {
    match key {
        PublicKey::Rsa(_) => AlgorithmIdentifierOwned { oid: oid::RSA, parameters: Some(Any::null()) },
        PublicKey::P256(_) | PublicKey::P384(_) => AlgorithmIdentifierOwned { oid: hash.ecdsa(), parameters: None },
    }
}

fn check_signature(signer: &SignerInfo, hash: Hash, certificate: &Certificate) -> Result<(), Flaw> {
    let key = PublicKey::read(certificate.key())?;
    ensure(signer.signature_algorithm == signature_algorithm(&key, hash), "the signature algorithm is not written in the accepted form or does not fit the key")?;
    let attributes = signer.signed_attrs.as_ref().ok_or_else(|| Flaw::new("no signed attributes"))?;
    let message = attributes.to_der().map_err(|e| Flaw::new(e.to_string()))?;
    let signature = signer.signature.as_bytes();
    ensure(key.normal_form(signature)? == signature, "the ECDSA signature is not in low-S form: someone re-encoded it")?;
    key.verify(hash, &message, signature).map_err(|f| f.within(&certificate.subject()))
}

/// Signed attributes: each kind once, each with one value.
struct Attributes<'a>(Vec<(&'a Attribute, &'a Any)>);

impl<'a> Attributes<'a> {
    fn of(signer: &'a SignerInfo) -> Result<Self, Flaw> {
        let set = signer.signed_attrs.as_ref().ok_or_else(|| Flaw::new("no signed attributes"))?;
        let mut seen: Vec<(&Attribute, &Any)> = Vec::new();
        for attribute in set.iter() {
            ensure(!seen.iter().any(|(a, _)| a.oid == attribute.oid), "a signed attribute appears twice")?;
            match attribute.values.as_slice() {
                [one] => seen.push((attribute, one)),
                _ => return Err(Flaw::new("a signed attribute has not exactly one value")),
            }
        }
        Ok(Attributes(seen))
    }

    fn kinds(&self) -> Vec<ObjectIdentifier> {
        self.0.iter().map(|(attribute, _)| attribute.oid).collect()
    }

    fn value(&self, kind: ObjectIdentifier) -> Option<&'a Any> {
        self.0.iter().find(|(attribute, _)| attribute.oid == kind).map(|(_, value)| *value)
    }

    fn check(&self, content_type: ObjectIdentifier, digest: &[u8], certificate: &Certificate) -> Result<(), Flaw> {
        let named: Option<ObjectIdentifier> = self.value(oid::CONTENT_TYPE).and_then(|v| v.decode_as().ok());
        ensure(named == Some(content_type), "the signed content type is missing or another")?;
        let signed: Option<&OctetStringRef> = self.value(oid::MESSAGE_DIGEST).and_then(|v| v.decode_as().ok());
        ensure(signed.is_some_and(|s| s.as_bytes() == digest), "the signature is over other content (message digest differs)")?;
        self.check_binding(certificate)
    }

    /// The signing-certificate attribute (v2, or the SHA-1 one that RFC 3161 was born with) names the
    /// certificate in the message.
    fn check_binding(&self, certificate: &Certificate) -> Result<(), Flaw> {
        let mut bound = false;
        if let Some(value) = self.value(oid::SIGNING_CERTIFICATE_V2) {
            check_v2(value, certificate)?;
            bound = true;
        }
        if let Some(value) = self.value(oid::SIGNING_CERTIFICATE) {
            check_v1(value, certificate)?;
            bound = true;
        }
        ensure(bound, "no signing-certificate attribute binds the signature to its certificate")
    }

    fn signing_time(&self) -> Result<Option<Moment>, Flaw> {
        let Some(value) = self.value(oid::SIGNING_TIME) else { return Ok(None) };
        let bytes = value.to_der().map_err(|e| Flaw::new(e.to_string()))?;
        let time: Time = strict(&bytes, "a signing time")?;
        Ok(Some(moment(time.to_date_time())))
    }
}

fn check_v2(value: &Any, certificate: &Certificate) -> Result<(), Flaw> {
    let named: SigningCertificateV2 = value.decode_as().map_err(|_| Flaw::new("the signing-certificate-v2 attribute is unreadable"))?;
    let first = named.certs.first().ok_or_else(|| Flaw::new("the signing-certificate-v2 attribute names no certificate"))?;
    let hash = first.algorithm.as_ref().map_or(Ok(Hash::Sha256), Hash::from_identifier)?;
    ensure(first.cert_hash.as_bytes() == hash.digest(certificate.to_der()), "the signature was made for another certificate (signing-certificate-v2 differs)")
}

fn check_v1(value: &Any, certificate: &Certificate) -> Result<(), Flaw> {
    use sha1::Digest;
    let named: SigningCertificateV1 = value.decode_as().map_err(|_| Flaw::new("the signing-certificate attribute is unreadable"))?;
    let first = named.certs.first().ok_or_else(|| Flaw::new("the signing-certificate attribute names no certificate"))?;
    let digest = sha1::Sha1::digest(certificate.to_der());
    ensure(first.cert_hash.as_bytes() == digest.as_slice(), "the signature was made for another certificate (signing-certificate differs)")
}

/// An officer's detached CAdES-BES signature over `content`.
///
/// Pure: neither chain nor validity nor revocation is judged here.
///
/// # Errors
/// The first thing that is not in the one accepted form, or does not hold.
pub fn read_officer_signature(bytes: &[u8], content: &Sha256Digest) -> Result<SignedMessage, Flaw> {
    let info: ContentInfo = strict(bytes, "a CMS message")?;
    let message = SignedMessage::read(&info, oid::DATA, Some(content))?;
    message.has_only(&[oid::CONTENT_TYPE, oid::MESSAGE_DIGEST, oid::SIGNING_TIME, oid::SIGNING_CERTIFICATE_V2])?;
    ensure(matches!(PublicKey::read(message.certificate.key())?, PublicKey::P256(_)), "an officer's key is not on P-256")?;
    message.certificate.may_sign_documents()?;
    Ok(message)
}
