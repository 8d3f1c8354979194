//! X.509 certificates as seal files and anchors carry them: strict DER only, and questions that a
//! check must ask of *the certificate that signed*. No clock, no network, no trust of its own: a
//! chain ends in a certificate that the verifier brought. RFC 5280.

use der::{Decode, Encode, oid::ObjectIdentifier};
use model::{Moment, Sha256Digest};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use crate::{Flaw, flaw::ensure, instant::moment, oid, signature};

/// A certificate whose DER re-encodes to the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    parsed: x509_cert::Certificate,
    der: Vec<u8>,
}

const MAX_CHAIN: usize = 6;
const KNOWN_CRITICAL: [ObjectIdentifier; 3] = [oid::BASIC_CONSTRAINTS, oid::KEY_USAGE, oid::EXTENDED_KEY_USAGE];

impl Certificate {
    /// Reads one certificate in strict DER.
    ///
    /// # Errors
    /// When the bytes are not exactly one certificate in canonical form.
    pub fn from_der(bytes: &[u8]) -> Result<Self, Flaw> {
        let parsed = x509_cert::Certificate::from_der(bytes).map_err(|e| Flaw::new(format!("not a certificate in strict DER ({e})")))?;
        Self::from_parsed(parsed, bytes)
    }

    fn from_parsed(parsed: x509_cert::Certificate, bytes: &[u8]) -> Result<Self, Flaw> {
        let again = parsed.to_der().map_err(|e| Flaw::new(format!("the certificate cannot be written again ({e})")))?;
        ensure(again == bytes, "the certificate is not in strict DER")?;
        ensure(parsed.signature_algorithm() == parsed.tbs_certificate().signature(), "the certificate names two signature algorithms")?;
        Ok(Certificate { parsed, der: again })
    }

    /// A certificate out of a structure that was itself read strictly.
    pub(crate) fn from_structure(parsed: x509_cert::Certificate) -> Result<Self, Flaw> {
        let bytes = parsed.to_der().map_err(|e| Flaw::new(format!("the certificate cannot be written again ({e})")))?;
        Self::from_parsed(parsed, &bytes)
    }

    /// Every certificate of a PEM bundle, in order. Text between the blocks is skipped.
    ///
    /// # Errors
    /// When there is none, or one is not readable.
    pub fn from_pem_bundle(text: &str) -> Result<Vec<Self>, Flaw> {
        let blocks = pem_blocks(text, "CERTIFICATE")?;
        ensure(!blocks.is_empty(), "no CERTIFICATE block in this file")?;
        blocks.iter().map(|der| Certificate::from_der(der)).collect()
    }

    /// The DER bytes.
    pub fn to_der(&self) -> &[u8] {
        &self.der
    }

    /// One PEM block with LF line ends.
    pub fn to_pem(&self) -> String {
        der::pem::encode_string("CERTIFICATE", der::pem::LineEnding::LF, &self.der).expect("base64 of bytes in memory")
    }

    /// SHA-256 of the DER bytes: what a seal plan names.
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::of(&self.der)
    }

    /// Start of validity.
    pub fn not_before(&self) -> Moment {
        moment(self.parsed.tbs_certificate().validity().not_before.to_date_time())
    }

    /// End of validity (inclusive).
    pub fn not_after(&self) -> Moment {
        moment(self.parsed.tbs_certificate().validity().not_after.to_date_time())
    }

    /// Whether `at` lies in the validity.
    pub fn valid_at(&self, at: Moment) -> bool {
        self.not_before().seconds() <= at.seconds() && at.seconds() <= self.not_after().seconds()
    }

    /// Serial number, big-endian, without leading zeros.
    pub fn serial(&self) -> &[u8] {
        self.parsed.tbs_certificate().serial_number().as_bytes()
    }

    /// Subject as RFC 4514 text, for people.
    pub fn subject(&self) -> String {
        self.parsed.tbs_certificate().subject().to_string()
    }

    /// The parsed structure.
    pub fn structure(&self) -> &x509_cert::Certificate {
        &self.parsed
    }

    /// The public key, for [`crate::signature::PublicKey::read`].
    pub fn key(&self) -> &spki::SubjectPublicKeyInfoOwned {
        self.parsed.tbs_certificate().subject_public_key_info()
    }

    /// Whether `issuer` is named as issuer and its key verifies this certificate.
    pub fn issued_by(&self, issuer: &Certificate) -> bool {
        let tbs = self.parsed.tbs_certificate();
        tbs.issuer() == issuer.parsed.tbs_certificate().subject() && self.signed_by(issuer).is_ok()
    }

    fn signed_by(&self, issuer: &Certificate) -> Result<(), Flaw> {
        let tbs = self.parsed.tbs_certificate().to_der().map_err(|e| Flaw::new(e.to_string()))?;
        let signature = self.parsed.signature().as_bytes().ok_or_else(|| Flaw::new("a signature of odd bit length"))?;
        signature::verify_certificate(issuer.key(), self.parsed.signature_algorithm(), &tbs, signature)
    }

    /// Whether it is issued by itself: a root.
    pub fn is_self_issued(&self) -> bool {
        self.issued_by(self)
    }

    fn extension<'a, T: Decode<'a, Error = der::Error> + der::oid::AssociatedOid>(&'a self, name: &str) -> Result<Option<(bool, T)>, Flaw> {
        self.parsed.tbs_certificate().get_extension::<T>().map_err(|_| Flaw::new(format!("the certificate's {name} extension is unreadable or doubled")))
    }

    fn no_unknown_critical_extension(&self) -> Result<(), Flaw> {
        let unknown = self.parsed.tbs_certificate().extensions().into_iter().flatten().find(|e| e.critical && !KNOWN_CRITICAL.contains(&e.extn_id));
        match unknown {
            Some(extension) => Err(Flaw::new(format!("the certificate of {} has a critical extension that this program does not know ({})", self.subject(), extension.extn_id))),
            None => Ok(()),
        }
    }

    /// Key usage allows signing documents: digitalSignature or nonRepudiation. A certificate without
    /// the extension is refused, because an officer's purpose must be stated.
    ///
    /// # Errors
    /// What is missing.
    pub fn may_sign_documents(&self) -> Result<(), Flaw> {
        let usage = self.extension::<KeyUsage>("key usage")?.ok_or_else(|| Flaw::new("the certificate does not say what its key is for (no key usage)"))?.1;
        ensure(usage.digital_signature() || usage.non_repudiation(), "the certificate's key usage does not allow signing documents")?;
        if let Some((_, purposes)) = self.extension::<ExtendedKeyUsage>("extended key usage")? {
            ensure(!purposes.0.contains(&oid::TIME_STAMPING), "the certificate is one for time-stamps, not for an officer")?;
            let talks_only = purposes.0.iter().all(|purpose| [oid::SERVER_AUTH, oid::CLIENT_AUTH].contains(purpose));
            ensure(!talks_only, "the certificate is one for connections (TLS), not for an officer")?;
        }
        self.no_unknown_critical_extension()
    }

    /// Extended key usage is timeStamping, alone and critical (RFC 3161 §2.3), and key usage, if
    /// stated, allows signatures.
    ///
    /// # Errors
    /// What is missing.
    pub fn may_stamp_time(&self) -> Result<(), Flaw> {
        let (critical, purposes) = self.extension::<ExtendedKeyUsage>("extended key usage")?.ok_or_else(|| Flaw::new("the certificate is not one for time-stamps (no extended key usage)"))?;
        ensure(purposes.0 == [oid::TIME_STAMPING], "the certificate's extended key usage is not time-stamping alone")?;
        ensure(critical, "the certificate's extended key usage is not critical (RFC 3161 §2.3)")?;
        if let Some((_, usage)) = self.extension::<KeyUsage>("key usage")? {
            ensure(usage.digital_signature() || usage.non_repudiation(), "the certificate's key usage does not allow signatures")?;
        }
        self.no_unknown_critical_extension()
    }

    /// May issue certificates when `below` other authorities stand between it and the end.
    fn may_issue(&self, below: usize, at: Moment) -> Result<(), Flaw> {
        let name = self.subject();
        let constraints = self.extension::<BasicConstraints>("basic constraints")?.map(|(_, c)| c);
        let constraints = constraints.filter(|c| c.ca).ok_or_else(|| Flaw::new(format!("{name} is not a certificate authority")))?;
        ensure(constraints.path_len_constraint.is_none_or(|most| below <= usize::from(most)), format!("{name} may not stand so high in a chain"))?;
        if let Some((_, usage)) = self.extension::<KeyUsage>("key usage")? {
            ensure(usage.key_cert_sign(), format!("{name} may not sign certificates (key usage)"))?;
        }
        ensure(self.valid_at(at), format!("{name} was not valid at {at}"))?;
        self.no_unknown_critical_extension()
    }

    /// May sign revocation lists.
    pub(crate) fn may_sign_lists(&self) -> bool {
        matches!(self.extension::<KeyUsage>("key usage"), Ok(usage) if usage.is_none_or(|(_, usage)| usage.crl_sign()))
    }

    /// Climbs from this certificate to a self-issued one of `anchors`, each step judged at `at`.
    /// Returns the certificates above this one. All of them come from the verifier's own anchors.
    ///
    /// # Errors
    /// Why no chain holds.
    pub fn chain<'a>(&self, anchors: &'a [Certificate], at: Moment) -> Result<Vec<&'a Certificate>, Flaw> {
        let mut above: Vec<&Certificate> = Vec::new();
        while above.len() < MAX_CHAIN {
            let current = above.last().copied().unwrap_or(self);
            let issuer = current.issuer_among(anchors, above.len(), at)?;
            above.push(issuer);
            if issuer.is_self_issued() {
                return Ok(above);
            }
        }
        Err(Flaw::new("the chain of certificates is too long"))
    }

    /// The anchor that issued this certificate and was allowed to at `at`. A renewed authority may
    /// stand there twice with the same key.
    fn issuer_among<'a>(&self, anchors: &'a [Certificate], below: usize, at: Moment) -> Result<&'a Certificate, Flaw> {
        let mut refusal = Flaw::new(format!("{} was not issued by an authority in your anchors", self.subject()));
        for issuer in anchors.iter().filter(|candidate| self.issued_by(candidate)) {
            match issuer.may_issue(below, at) {
                Ok(()) => return Ok(issuer),
                Err(flaw) => refusal = flaw,
            }
        }
        Err(refusal)
    }
}

/// The DER bytes of every PEM block with this label.
///
/// # Errors
/// When a block is opened and not readable.
pub(crate) fn pem_blocks(text: &str, label: &str) -> Result<Vec<Vec<u8>>, Flaw> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(&begin) {
        let tail = &rest[start..];
        let stop = tail.find(&end).ok_or_else(|| Flaw::new(format!("a {label} block has no end")))? + end.len();
        let (_, der) = der::pem::decode_vec(&tail.as_bytes()[..stop]).map_err(|_| Flaw::new(format!("a {label} block is not readable")))?;
        blocks.push(der);
        rest = &tail[stop..];
    }
    Ok(blocks)
}
