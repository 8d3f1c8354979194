//! An officer's signature: detached CAdES-BES (ETSI EN 319 122-1) over the tag manifest, one file per
//! officer, made in that officer's own session. The signing time is an argument: a key must not read
//! a clock that the officer cannot see. What is made is read back with the checker's eyes.

use cms::{
    cert::CertificateChoices,
    content_info::{CmsVersion, ContentInfo},
    signed_data::{CertificateSet, EncapsulatedContentInfo, SignedData, SignerInfo, SignerInfos},
};
use der::{
    Any, Encode, Tag,
    asn1::{ObjectIdentifier, OctetString, SetOfVec},
};
use model::{Moment, Sha256Digest};
use p256::ecdsa::{Signature, signature::Signer};
use spki::AlgorithmIdentifierOwned;
use x509_cert::attr::Attribute;

use crate::{
    Certificate, Flaw,
    instant::asn1_time,
    oid,
    pki::SigningKey,
    signed::{EssCertIdV2, SigningCertificateV2, identifier, read_officer_signature},
};

/// Why a signature was not made.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// Key and certificate do not belong together.
    #[error("the key is not the key of this certificate: unlock the key that was enrolled with it")]
    OtherKey,
    /// The certificate is not valid at the signing time.
    #[error("the certificate is not valid at {0}: check the clock, or ask a supervisor to renew the certificate")]
    NotValid(Moment),
    /// Encoding failed.
    #[error("the signature could not be written ({0}): check that the clock lies between 1970 and 2049")]
    Encoding(#[from] der::Error),
    /// The checker refuses what was just made.
    #[error("the signature that was just made does not pass the check ({0}): do not use it; report this with the certificate")]
    ReadBack(#[from] Flaw),
}

/// Signs the object with this digest (the tag manifest). Returns the bytes of `seal/officer-N.p7s`.
///
/// # Errors
/// [`SignError`].
pub fn sign_detached(object: &Sha256Digest, key: &SigningKey, certificate: &Certificate, signing_time: Moment) -> Result<Vec<u8>, SignError> {
    if !certificate.valid_at(signing_time) {
        return Err(SignError::NotValid(signing_time));
    }
    let content = EncapsulatedContentInfo { econtent_type: oid::DATA, econtent: None };
    let message = signed_message(content, CmsVersion::V1, object, key, certificate, signing_time)?;
    let bytes = message.to_der()?;
    read_officer_signature(&bytes, object)?;
    Ok(bytes)
}

/// A SignedData with one signer in the form that [`crate::signed`] accepts.
pub(crate) fn signed_message(
    content: EncapsulatedContentInfo,
    version: CmsVersion,
    digest: &Sha256Digest,
    key: &SigningKey,
    certificate: &Certificate,
    time: Moment,
) -> Result<ContentInfo, SignError> {
    if !key.belongs_to(certificate) {
        return Err(SignError::OtherKey);
    }
    let sha256 = AlgorithmIdentifierOwned { oid: oid::SHA_256, parameters: None };
    let attributes = signed_attributes(content.econtent_type, digest, certificate, time)?;
    let signature: Signature = key.inner().sign(&attributes.to_der()?);
    let signer = SignerInfo {
        version: CmsVersion::V1,
        sid: identifier(certificate),
        digest_alg: sha256.clone(),
        signed_attrs: Some(attributes),
        signature_algorithm: AlgorithmIdentifierOwned { oid: oid::ECDSA_SHA_256, parameters: None },
        signature: OctetString::new(signature.normalize_s().to_der().as_bytes())?,
        unsigned_attrs: None,
    };
    let data = SignedData {
        version,
        digest_algorithms: SetOfVec::try_from(vec![sha256])?,
        encap_content_info: content,
        certificates: Some(CertificateSet::try_from(vec![CertificateChoices::Certificate(certificate.structure().clone())])?),
        crls: None,
        signer_infos: SignerInfos::try_from(vec![signer])?,
    };
    Ok(ContentInfo { content_type: oid::SIGNED_DATA, content: Any::encode_from(&data)? })
}

fn signed_attributes(content_type: ObjectIdentifier, digest: &Sha256Digest, certificate: &Certificate, time: Moment) -> Result<SetOfVec<Attribute>, der::Error> {
    let named = EssCertIdV2 { algorithm: None, cert_hash: OctetString::new(certificate.digest().0)?, issuer_serial: None };
    let binding = SigningCertificateV2 { certs: vec![named], policies: None };
    SetOfVec::try_from(vec![
        attribute(oid::CONTENT_TYPE, Any::encode_from(&content_type)?)?,
        attribute(oid::MESSAGE_DIGEST, Any::new(Tag::OctetString, digest.0)?)?,
        attribute(oid::SIGNING_TIME, Any::encode_from(&asn1_time(time)?)?)?,
        attribute(oid::SIGNING_CERTIFICATE_V2, Any::encode_from(&binding)?)?,
    ])
}

fn attribute(kind: ObjectIdentifier, value: Any) -> Result<Attribute, der::Error> {
    Ok(Attribute { oid: kind, values: SetOfVec::try_from(vec![value])? })
}
