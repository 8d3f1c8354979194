//! The node's own certificates: its authority, officers, time-stamp certificates and revocation lists.
//! P-256 and SHA-256 throughout. Serial numbers, times and randomness arrive as arguments, so the
//! same arguments give the same bytes. It keeps no key and trusts nobody. RFC 5280.

use der::{
    Any, Decode, Encode, Tag,
    asn1::{Ia5String, ObjectIdentifier, OctetString, SetOfVec},
};
use model::Moment;
use p256::{
    ecdsa::DerSignature,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey},
};
use spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::{
    attr::AttributeTypeAndValue,
    builder::{Builder, CertificateBuilder, CrlBuilder, profile::BuilderProfile},
    certificate::TbsCertificate,
    crl::RevokedCert,
    ext::{
        Extension, ToExtension,
        pkix::{AuthorityKeyIdentifier, BasicConstraints, CrlNumber, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName, SubjectKeyIdentifier, name::GeneralName},
    },
    name::Name,
    serial_number::SerialNumber,
};
use zeroize::Zeroizing;

use crate::{Certificate, instant::asn1_time, oid};

/// Why a certificate, key or list was not made.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// The 32 random bytes are not a P-256 key (one chance in 2^32): draw again.
    #[error("the random bytes are not usable as a key: draw 32 others")]
    BadRandom,
    /// Not a PKCS #8 key on P-256.
    #[error("this is not a P-256 private key in PKCS #8 form: import the officer's key file again, or enrol the officer anew")]
    BadKey,
    /// Not a public key on P-256.
    #[error("this is not a P-256 public key: the officer's program must send its public key as DER SubjectPublicKeyInfo")]
    BadPublicKey,
    /// The validity ends before it begins.
    #[error("the certificate would end before it begins: check the clock and the validity")]
    Backwards,
    /// A name that is empty or too long.
    #[error("the name {} cannot stand in a certificate: use 1 to 64 characters and no control characters", model::quoted(.0))]
    BadName(String),
    /// Building failed.
    #[error("the certificate could not be built ({0}): check the times (1970 to 9999) and the serial number")]
    Build(String),
}

impl From<der::Error> for PkiError {
    fn from(error: der::Error) -> Self {
        PkiError::Build(error.to_string())
    }
}

impl From<x509_cert::builder::Error> for PkiError {
    fn from(error: x509_cert::builder::Error) -> Self {
        PkiError::Build(error.to_string())
    }
}

/// A P-256 private key. It never prints itself; the memory is wiped when it is dropped.
#[derive(Clone)]
pub struct SigningKey(p256::ecdsa::SigningKey);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

impl SigningKey {
    /// Makes a key from 32 bytes that the caller drew from the system's generator.
    ///
    /// # Errors
    /// [`PkiError::BadRandom`] with a chance of one in 2^32.
    pub fn from_random(random: &[u8; 32]) -> Result<Self, PkiError> {
        p256::ecdsa::SigningKey::from_slice(random).map(SigningKey).map_err(|_| PkiError::BadRandom)
    }

    /// Reads a PKCS #8 key in DER.
    ///
    /// # Errors
    /// [`PkiError::BadKey`].
    pub fn from_pkcs8_der(bytes: &[u8]) -> Result<Self, PkiError> {
        p256::ecdsa::SigningKey::from_pkcs8_der(bytes).map(SigningKey).map_err(|_| PkiError::BadKey)
    }

    /// PKCS #8 in DER, to be encrypted by the caller.
    ///
    /// # Errors
    /// [`PkiError::Build`] if encoding fails.
    pub fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, PkiError> {
        let document = self.0.to_pkcs8_der().map_err(|e| PkiError::Build(e.to_string()))?;
        Ok(Zeroizing::new(document.as_bytes().to_vec()))
    }

    /// The public key as DER SubjectPublicKeyInfo: what an officer's program hands to the authority.
    ///
    /// # Errors
    /// [`PkiError::Build`] if encoding fails.
    pub fn public_key_der(&self) -> Result<Vec<u8>, PkiError> {
        let document = self.0.verifying_key().to_public_key_der().map_err(|e| PkiError::Build(e.to_string()))?;
        Ok(document.as_bytes().to_vec())
    }

    /// Whether this is the key of `certificate`.
    pub fn belongs_to(&self, certificate: &Certificate) -> bool {
        let own = self.public_key_der().ok();
        own.is_some() && own == certificate.key().to_der().ok()
    }

    pub(crate) fn inner(&self) -> &p256::ecdsa::SigningKey {
        &self.0
    }
}

/// Whom a certificate names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Common name: a person with role, or what the key is for.
    pub common_name: String,
    /// The agency.
    pub organisation: String,
}

impl Subject {
    fn to_name(&self) -> Result<Name, PkiError> {
        let rdns = vec![rdn(oid::ORGANISATION, &self.organisation)?, rdn(oid::COMMON_NAME, &self.common_name)?];
        Ok(Name::from_der(&rdns.to_der()?)?)
    }
}

fn rdn(kind: ObjectIdentifier, text: &str) -> Result<SetOfVec<AttributeTypeAndValue>, PkiError> {
    let good = (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if !good {
        return Err(PkiError::BadName(text.to_string()));
    }
    let value = Any::new(Tag::Utf8String, text.as_bytes())?;
    Ok(SetOfVec::try_from(vec![AttributeTypeAndValue { oid: kind, value }])?)
}

/// From when to when, both inclusive, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First second.
    pub from: Moment,
    /// Last second.
    pub until: Moment,
}

impl Validity {
    fn to_x509(self) -> Result<x509_cert::time::Validity, PkiError> {
        if self.until < self.from {
            return Err(PkiError::Backwards);
        }
        Ok(x509_cert::time::Validity::new(asn1_time(self.from)?, asn1_time(self.until)?))
    }
}

/// Serial number: 16 random bytes that the caller drew (RFC 5280 wants at least 64 bits of chance).
pub type Serial = [u8; 16];

enum Role {
    Root,
    Officer,
    TimeStamps,
    Link,
    /// A web server, with its names.
    Web(Vec<GeneralName>),
}

struct House {
    issuer: Option<Name>,
    subject: Name,
    role: Role,
}

impl BuilderProfile for House {
    fn get_issuer(&self, subject: &Name) -> Name {
        self.issuer.clone().unwrap_or_else(|| subject.clone())
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(&self, key: SubjectPublicKeyInfoRef<'_>, issuer_key: SubjectPublicKeyInfoRef<'_>, tbs: &TbsCertificate) -> x509_cert::builder::Result<Vec<Extension>> {
        let subject = tbs.subject();
        let ca = matches!(self.role, Role::Root);
        let constraints = BasicConstraints { ca, path_len_constraint: ca.then_some(0) };
        let usage = match self.role {
            Role::Root => KeyUsages::KeyCertSign | KeyUsages::CRLSign,
            Role::Officer => KeyUsages::DigitalSignature | KeyUsages::NonRepudiation,
            Role::TimeStamps | Role::Link | Role::Web(_) => KeyUsages::DigitalSignature.into(),
        };
        let issuer_id = SubjectKeyIdentifier::try_from(issuer_key)?;
        let authority = AuthorityKeyIdentifier { key_identifier: Some(issuer_id.0), ..Default::default() };
        let mut extensions = vec![
            (true, &constraints).to_extension(subject, &[])?,
            (true, &KeyUsage(usage)).to_extension(subject, &[])?,
            (false, &SubjectKeyIdentifier::try_from(key)?).to_extension(subject, &[])?,
            (false, &authority).to_extension(subject, &[])?,
        ];
        if matches!(self.role, Role::TimeStamps) {
            // RFC 3161 §2.3: critical, and alone.
            extensions.push((true, &ExtendedKeyUsage(vec![oid::TIME_STAMPING])).to_extension(subject, &[])?);
        }
        if matches!(self.role, Role::Link) {
            extensions.push((true, &ExtendedKeyUsage(vec![oid::SERVER_AUTH, oid::CLIENT_AUTH])).to_extension(subject, &[])?);
        }
        if let Role::Web(names) = &self.role {
            extensions.push((false, &ExtendedKeyUsage(vec![oid::SERVER_AUTH])).to_extension(subject, &[])?);
            extensions.push((false, &SubjectAltName(names.clone())).to_extension(subject, &[])?);
        }
        Ok(extensions)
    }
}

/// A certificate authority: the node's own.
#[derive(Debug, Clone)]
pub struct Authority {
    key: SigningKey,
    certificate: Certificate,
}

impl Authority {
    /// A new self-signed authority (path length 0: it issues end certificates only).
    ///
    /// # Errors
    /// [`PkiError`].
    pub fn create(key: SigningKey, subject: &Subject, serial: &Serial, validity: Validity) -> Result<Self, PkiError> {
        let profile = House { issuer: None, subject: subject.to_name()?, role: Role::Root };
        let certificate = build(&key, profile, &key.public_key_der()?, serial, validity)?;
        Ok(Authority { key, certificate })
    }

    /// An authority that was made before.
    ///
    /// # Errors
    /// [`PkiError::BadKey`] when the key is not that of the certificate.
    pub fn restore(key: SigningKey, certificate: Certificate) -> Result<Self, PkiError> {
        if key.belongs_to(&certificate) { Ok(Authority { key, certificate }) } else { Err(PkiError::BadKey) }
    }

    /// Its certificate: `root.pem`.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// An officer's certificate over the public key (DER SubjectPublicKeyInfo) that the officer's own
    /// session made: digitalSignature and contentCommitment, critical.
    ///
    /// # Errors
    /// [`PkiError`].
    pub fn issue_officer(&self, public_key: &[u8], subject: &Subject, serial: &Serial, validity: Validity) -> Result<Certificate, PkiError> {
        self.issue(public_key, subject, serial, validity, Role::Officer)
    }

    /// A certificate for time-stamps: extended key usage timeStamping, critical and alone.
    ///
    /// # Errors
    /// [`PkiError`].
    pub fn issue_time_stamps(&self, public_key: &[u8], subject: &Subject, serial: &Serial, validity: Validity) -> Result<Certificate, PkiError> {
        self.issue(public_key, subject, serial, validity, Role::TimeStamps)
    }

    fn issue(&self, public_key: &[u8], subject: &Subject, serial: &Serial, validity: Validity, role: Role) -> Result<Certificate, PkiError> {
        let issuer = self.certificate.structure().tbs_certificate().subject().clone();
        build(&self.key, House { issuer: Some(issuer), subject: subject.to_name()?, role }, public_key, serial, validity)
    }

    /// A revocation list in PEM. `number` grows with every list; `next` is when the next one is due.
    ///
    /// # Errors
    /// [`PkiError`].
    pub fn revocation_list(&self, number: u64, made: Moment, next: Moment, revoked: &[Revoked]) -> Result<String, PkiError> {
        let number = CrlNumber::try_from(number)?;
        let entries = revoked.iter().map(Revoked::entry).collect::<Result<Vec<_>, _>>()?;
        let mut builder = CrlBuilder::new_with_this_update(self.certificate.structure(), number, asn1_time(made)?)?.with_next_update(Some(asn1_time(next)?));
        if !entries.is_empty() {
            builder = builder.with_certificates(entries.into_iter());
        }
        let list = builder.build::<_, DerSignature>(self.key.inner())?;
        der::pem::encode_string("X509 CRL", der::pem::LineEnding::LF, &list.to_der()?).map_err(|e| PkiError::Build(e.to_string()))
    }
}

/// A certificate for talking to other agencies' nodes over TLS: extended key usage serverAuth and
/// clientAuth. It is signed with its own key and by no authority: whoever compares it byte for byte needs
/// none, and a key that lies on the node must never lead to the root under which officers sign.
///
/// # Errors
/// [`PkiError`].
pub fn link_certificate(key: &SigningKey, subject: &Subject, serial: &Serial, validity: Validity) -> Result<Certificate, PkiError> {
    let profile = House { issuer: None, subject: subject.to_name()?, role: Role::Link };
    build(key, profile, &key.public_key_der()?, serial, validity)
}

/// A certificate for a web server with these names (addresses in numbers, or names of the DNS). It is signed with its own
/// key and by no authority, as [`link_certificate`] is.
///
/// # Errors
/// [`PkiError`].
pub fn web_certificate(key: &SigningKey, names: &[String], subject: &Subject, serial: &Serial, validity: Validity) -> Result<Certificate, PkiError> {
    let name = |name: &String| match name.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(ip)) => Ok(GeneralName::IpAddress(OctetString::new(ip.octets().to_vec())?)),
        Ok(std::net::IpAddr::V6(ip)) => Ok(GeneralName::IpAddress(OctetString::new(ip.octets().to_vec())?)),
        Err(_) => Ok(GeneralName::DnsName(Ia5String::new(name)?)),
    };
    let names = names.iter().map(name).collect::<Result<_, PkiError>>()?;
    let profile = House { issuer: None, subject: subject.to_name()?, role: Role::Web(names) };
    build(key, profile, &key.public_key_der()?, serial, validity)
}

/// One entry of a revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// [`Certificate::serial`] of the certificate.
    pub serial: Vec<u8>,
    /// Since when; signatures logged at or after this moment do not count.
    pub since: Moment,
}

impl Revoked {
    fn entry(&self) -> Result<RevokedCert, PkiError> {
        Ok(RevokedCert { serial_number: SerialNumber::new(&self.serial)?, revocation_date: asn1_time(self.since)?, crl_entry_extensions: None })
    }
}

fn build(key: &SigningKey, profile: House, public_key: &[u8], serial: &Serial, validity: Validity) -> Result<Certificate, PkiError> {
    let spki = SubjectPublicKeyInfoOwned::from_der(public_key).map_err(|_| PkiError::BadPublicKey)?;
    if !matches!(crate::signature::PublicKey::read(&spki), Ok(crate::signature::PublicKey::P256(_))) {
        return Err(PkiError::BadPublicKey);
    }
    let mut positive = *serial;
    positive[0] = (positive[0] & 0x7f) | 0x40; // positive, and always 16 bytes long
    let builder = CertificateBuilder::new(profile, SerialNumber::new(&positive)?, validity.to_x509()?, spki)?;
    let certificate = builder.build::<_, DerSignature>(key.inner())?;
    Certificate::from_structure(certificate).map_err(|e| PkiError::Build(e.to_string()))
}
