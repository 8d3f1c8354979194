//! Certificate revocation lists (RFC 5280 §5) as anchors carry them: who was revoked when. A list
//! counts only if its issuer, found in the anchors, signed it.

use der::{Decode, Encode};
use model::Moment;
use x509_cert::crl::CertificateList;

use crate::{Certificate, Flaw, certificate::pem_blocks, flaw::ensure, instant::moment, signature};

/// A revocation list whose signature holds under its issuer's certificate.
#[derive(Debug, Clone)]
pub struct RevocationList {
    issuer: Certificate,
    /// When it was made.
    pub made: Moment,
    revoked: Vec<(Vec<u8>, Moment)>,
}

impl RevocationList {
    /// Reads one PEM list and verifies it under one of `authorities`.
    ///
    /// # Errors
    /// When it is unreadable, or none of them made it.
    pub fn from_pem(text: &str, authorities: &[Certificate]) -> Result<Self, Flaw> {
        let blocks = pem_blocks(text, "X509 CRL")?;
        let [der] = blocks.as_slice() else { return Err(Flaw::new("expected exactly one X509 CRL block")) };
        let list: CertificateList = CertificateList::from_der(der).map_err(|e| Flaw::new(format!("not a revocation list ({e})")))?;
        let body = list.tbs_cert_list.to_der().map_err(|e| Flaw::new(e.to_string()))?;
        let signature = list.signature.as_bytes().unwrap_or_default();
        ensure(list.signature_algorithm == list.tbs_cert_list.signature, "the revocation list names two signature algorithms")?;
        let issuer = authorities.iter().find(|a| {
            *a.structure().tbs_certificate().subject() == list.tbs_cert_list.issuer
                && a.may_sign_lists()
                && signature::verify_certificate(a.key(), &list.signature_algorithm, &body, signature).is_ok()
        });
        let issuer = issuer.ok_or_else(|| Flaw::new("the revocation list was not made by an authority in your anchors"))?.clone();
        let entries = list.tbs_cert_list.revoked_certificates.unwrap_or_default();
        let revoked = entries.iter().map(|e| (e.serial_number.as_bytes().to_vec(), moment(e.revocation_date.to_date_time()))).collect();
        Ok(RevocationList { issuer, made: moment(list.tbs_cert_list.this_update.to_date_time()), revoked })
    }

    /// Whether this list speaks about what `issuer` issued.
    pub fn is_by(&self, issuer: &Certificate) -> bool {
        self.issuer == *issuer
    }

    /// Since when the certificate, issued by the maker of this list, is revoked.
    pub fn revoked_since(&self, certificate: &Certificate) -> Option<Moment> {
        let entries = self.revoked.iter().filter(|(serial, _)| serial == certificate.serial());
        entries.map(|(_, at)| *at).min()
    }
}
