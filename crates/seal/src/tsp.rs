//! RFC 3161 at issue: the request (`.tsq`), reading an authority's answer, and the built-in training
//! authority. No socket: the bytes go over HTTP by another hand, or by foot.
//!
//! Authorities write the unsigned outside of a token in many ways. [`accept`] verifies the answer,
//! then rewrites that outside into the one form that a package may carry (one certificate, no
//! remarks, no unsigned attributes, low-S) without touching a signed byte, and reads it again.

use cms::{
    cert::CertificateChoices,
    content_info::{CmsVersion, ContentInfo},
    signed_data::{CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos},
};
use der::{
    Any, Decode, Encode, Sequence, Tag,
    asn1::{GeneralizedTime, Int, ObjectIdentifier, OctetString, SetOfVec},
};
use model::{Moment, Sha256Digest};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use crate::{
    Certificate, Flaw,
    cms::{SignError, signed_message},
    flaw::ensure,
    instant::date_time,
    oid,
    pki::SigningKey,
    signature::{Hash, PublicKey},
    signed::{identifier, signature_algorithm, strict},
    stamp::{Accuracy, Granted, MessageImprint, Response, TimeStamp, TstInfo, read_response},
};

/// What the training authority's certificate must say about itself.
pub const NOT_INDEPENDENT: &str = "NOT INDEPENDENT";

/// RFC 3161 §2.4.1.
#[derive(Debug, Sequence)]
struct Request {
    version: u8,
    imprint: MessageImprint,
    policy: Option<ObjectIdentifier>,
    nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    wants_certificate: bool,
}

/// RFC 3161 §2.4.2, as authorities send it.
#[derive(Debug, Sequence)]
struct Answer {
    status: Status,
    token: Option<ContentInfo>,
}

#[derive(Debug, Sequence)]
struct Status {
    status: u8,
    text: Option<Vec<String>>,
    failure: Option<der::asn1::BitString>,
}

/// Why a time-stamp was not issued or not accepted.
#[derive(Debug, thiserror::Error)]
pub enum StampError {
    /// The authority said no.
    #[error("the time-stamp authority refused (status {status}: {text}): ask another authority, or try again later")]
    Refused {
        /// PKIStatus.
        status: u8,
        /// What it said.
        text: String,
    },
    /// The request is not ours.
    #[error("this is not a time-stamp request of this house: make it again with `package stamp`")]
    NotARequest,
    /// The answer belongs to another request.
    #[error("the answer carries another nonce than the request: it is old or meant for another request; ask again")]
    OtherNonce,
    /// The answer does not hold.
    #[error("the time-stamp does not hold ({0}): do not use it; ask the authority again, or ask another one")]
    Unsound(#[from] Flaw),
    /// A training certificate that does not say what it is.
    #[error("a built-in authority must carry {NOT_INDEPENDENT} in its common name")]
    Unlabelled,
    /// Signing failed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// Encoding failed.
    #[error("the time-stamp message could not be written ({0})")]
    Encoding(#[from] der::Error),
}

/// The bytes of a `.tsq` file for the object with this digest, with nonce and a wish for the
/// certificate. `nonce` is random and becomes positive.
///
/// # Errors
/// [`StampError::Encoding`], which does not happen for these inputs.
pub fn request(object: &Sha256Digest, nonce: [u8; 8]) -> Result<Vec<u8>, StampError> {
    let mut positive = nonce;
    positive[0] = (positive[0] & 0x7f) | 0x40;
    let request = Request { version: 1, imprint: imprint(object)?, policy: None, nonce: Some(Int::new(&positive)?), wants_certificate: true };
    Ok(request.to_der()?)
}

fn imprint(object: &Sha256Digest) -> Result<MessageImprint, der::Error> {
    let algorithm = AlgorithmIdentifierOwned { oid: oid::SHA_256, parameters: Some(Any::null()) };
    Ok(MessageImprint { algorithm, hashed: OctetString::new(object.0)? })
}

/// A time-stamp that may go into a package.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The bytes of `seal/token-N.tsr`.
    pub bytes: Vec<u8>,
    /// What it says; `stamp.certificate.digest()` goes into the seal plan.
    pub stamp: TimeStamp,
    /// Other certificates that came along: candidates for `tsa.pem`, after somebody checked them.
    pub others: Vec<Certificate>,
}

/// Checks an authority's answer to `request` and brings it into the form of a package.
///
/// Whether the authority is to be believed is another question: see [`Certificate::chain`].
///
/// # Errors
/// [`StampError`]; nothing that fails here may be stored as a token.
pub fn accept(request: &[u8], answer: &[u8]) -> Result<Accepted, StampError> {
    let asked = Request::from_der(request).map_err(|_| StampError::NotARequest)?;
    let object: [u8; 32] = asked.imprint.hashed.as_bytes().try_into().map_err(|_| StampError::NotARequest)?;
    let token = granted_token(answer)?;
    let data: SignedData = token.content.decode_as().map_err(|e| Flaw::new(format!("not a CMS signed message ({e})")))?;
    let (data, others) = normalise(data)?;
    let token = ContentInfo { content_type: token.content_type, content: Any::encode_from(&data)? };
    let bytes = Response { status: Granted { status: 0 }, token }.to_der()?;
    let stamp = read_response(&bytes, &Sha256Digest(object))?;
    if stamp.nonce != asked.nonce {
        return Err(StampError::OtherNonce);
    }
    Ok(Accepted { bytes, stamp, others })
}

fn granted_token(answer: &[u8]) -> Result<ContentInfo, StampError> {
    let answer = Answer::from_der(answer).map_err(|e| Flaw::new(format!("not an RFC 3161 answer in DER ({e})")))?;
    match (answer.status.status, answer.token) {
        (0, Some(token)) => Ok(token),
        (status, _) => Err(StampError::Refused { status, text: answer.status.text.unwrap_or_default().join(" ") }),
    }
}

/// Rewrites the unsigned outside; the signed attributes and the content stay as they are.
fn normalise(data: SignedData) -> Result<(SignedData, Vec<Certificate>), StampError> {
    let certificates = all_certificates(&data)?;
    let [signer] = data.signer_infos.0.as_slice() else { return Err(Flaw::new("not exactly one signer").into()) };
    let at = certificates.iter().position(|c| names(&signer.sid, c)).ok_or_else(|| Flaw::new("the certificate that signed is not in the answer: ask with certificate (certReq)"))?;
    let mut others = certificates;
    let own = others.remove(at);
    let hash = Hash::from_identifier(&signer.digest_alg)?;
    let key = PublicKey::read(own.key())?;
    let digest_alg = AlgorithmIdentifierOwned { oid: signer.digest_alg.oid, parameters: None };
    let signer = SignerInfo {
        version: CmsVersion::V1,
        sid: identifier(&own),
        digest_alg: digest_alg.clone(),
        signed_attrs: signer.signed_attrs.clone(),
        signature_algorithm: accepted_algorithm(&signer.signature_algorithm, &key, hash)?,
        signature: OctetString::new(key.normal_form(signer.signature.as_bytes())?)?,
        unsigned_attrs: None,
    };
    let data = SignedData {
        version: CmsVersion::V3,
        digest_algorithms: SetOfVec::try_from(vec![digest_alg])?,
        encap_content_info: data.encap_content_info,
        certificates: Some(CertificateSet::try_from(vec![CertificateChoices::Certificate(own.structure().clone())])?),
        crls: None,
        signer_infos: SignerInfos::try_from(vec![signer])?,
    };
    Ok((data, others))
}

fn all_certificates(data: &SignedData) -> Result<Vec<Certificate>, Flaw> {
    let set = data.certificates.as_ref().map(|set| set.0.as_slice()).unwrap_or_default();
    set.iter()
        .map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => Certificate::from_structure(certificate.clone()),
            CertificateChoices::Other(_) => Err(Flaw::new("a certificate of another format in the answer")),
        })
        .collect()
}

fn names(sid: &SignerIdentifier, certificate: &Certificate) -> bool {
    match sid {
        SignerIdentifier::IssuerAndSerialNumber(_) => *sid == identifier(certificate),
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            let own = certificate.structure().tbs_certificate().get_extension::<SubjectKeyIdentifier>();
            matches!(own, Ok(Some((_, own))) if own == *id)
        }
    }
}

/// `sha256WithRSAEncryption` and `rsaEncryption` mean the same in a signer; one spelling is kept.
fn accepted_algorithm(stated: &AlgorithmIdentifierOwned, key: &PublicKey, hash: Hash) -> Result<AlgorithmIdentifierOwned, Flaw> {
    let wanted = signature_algorithm(key, hash);
    let long_form = match hash {
        Hash::Sha256 => oid::SHA_256_RSA,
        Hash::Sha384 => oid::SHA_384_RSA,
        Hash::Sha512 => oid::SHA_512_RSA,
    };
    let same = stated.oid == wanted.oid || (matches!(key, PublicKey::Rsa(_)) && stated.oid == long_form);
    ensure(same && stated.parameters.as_ref().is_none_or(|p| p.is_null()), format!("the token's signature algorithm {} is not accepted", stated.oid))?;
    Ok(wanted)
}

/// The built-in authority for training and for units without a network. It is the agency's own clock
/// under the agency's own key: labelled NOT INDEPENDENT wherever it appears.
#[derive(Debug, Clone)]
pub struct TrainingAuthority {
    key: SigningKey,
    certificate: Certificate,
}

impl TrainingAuthority {
    /// With its key and a certificate whose common name carries [`NOT_INDEPENDENT`].
    ///
    /// # Errors
    /// [`StampError::Unlabelled`]; [`StampError::Sign`] when key and certificate differ;
    /// [`StampError::Unsound`] when the certificate is not one for time-stamps.
    pub fn new(key: SigningKey, certificate: Certificate) -> Result<Self, StampError> {
        if !certificate.subject().contains(NOT_INDEPENDENT) {
            return Err(StampError::Unlabelled);
        }
        if !key.belongs_to(&certificate) {
            return Err(SignError::OtherKey.into());
        }
        certificate.may_stamp_time()?;
        Ok(TrainingAuthority { key, certificate })
    }

    /// Its certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Answers a `.tsq` with the bytes of a `.tsr`. `serial` must be new for every answer.
    ///
    /// # Errors
    /// [`StampError`].
    pub fn answer(&self, request: &[u8], time: Moment, serial: u64) -> Result<Vec<u8>, StampError> {
        let asked: Request = strict(request, "an RFC 3161 request").map_err(|_| StampError::NotARequest)?;
        if Hash::from_identifier(&asked.imprint.algorithm)? != Hash::Sha256 || !self.certificate.valid_at(time) {
            return Err(SignError::NotValid(time).into());
        }
        let info = TstInfo {
            version: 1,
            policy: oid::TRAINING_POLICY,
            imprint: asked.imprint,
            serial: Int::from(der::asn1::Uint::new(&serial.to_be_bytes())?),
            time: Any::encode_from(&GeneralizedTime::from_date_time(date_time(time)?))?,
            accuracy: Some(Accuracy { seconds: Some(1), millis: None, micros: None }),
            ordering: false,
            nonce: asked.nonce,
            authority: None,
            extensions: None,
        }
        .to_der()?;
        let digest = Sha256Digest::of(&info);
        let content = EncapsulatedContentInfo { econtent_type: oid::TST_INFO, econtent: Some(Any::new(Tag::OctetString, info)?) };
        let token = signed_message(content, CmsVersion::V3, &digest, &self.key, &self.certificate, time)?;
        Ok(Response { status: Granted { status: 0 }, token }.to_der()?)
    }
}
