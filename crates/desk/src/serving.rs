//! The certificate with which the workspace of this node answers other machines, where the agency gave it none.
//!
//! It is signed with its own key and by no authority: whoever opens the workspace for the first time compares its
//! fingerprint. A key that lies on the node must never lead to the root under which officers sign. It is made anew before
//! it ends and when the server gets another name.

use model::{Moment, Sha256Digest};
use seal::{Certificate, pki::{SigningKey, Subject, Validity, web_certificate}};
use store::{StoreError, vault::secret::{SecretBytes, random_16, random_32}, write_private};

use crate::{Desk, office::input};

const KEY: &str = "web.key";
const CERTIFICATE: &str = "web.pem";
/// The names that stand in the certificate, a line each.
const NAMES: &str = "web.names";
/// Browsers take no certificate of a year and more than a month.
const DAYS: i64 = 397;
/// It is made anew when fewer are left.
const LEAST_DAYS: i64 = 30;
const DAY_SECONDS: i64 = 86_400;

/// What the workspace shows and signs with over TLS.
pub struct Serving {
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// Its key, PKCS #8.
    pub key: SecretBytes,
    /// SHA-256 of the certificate: what people compare.
    pub fingerprint: Sha256Digest,
}

/// The certificate for these names, made when there is none that fits.
///
/// # Errors
/// A name that no certificate can bear; the disk.
pub fn certificate(desk: &Desk, names: &[String]) -> Result<Serving, StoreError> {
    if let Some(kept) = kept(desk, names)? {
        return Ok(kept);
    }
    let agency: String = desk.store.config().agency.chars().take(64).collect();
    let key = SigningKey::from_random(&random_32()?).map_err(input)?;
    let from = Moment::from_micros(desk.now().seconds() * 1_000_000).plus_seconds(-60);
    let validity = Validity { from, until: from.plus_seconds(DAYS * DAY_SECONDS) };
    let subject = Subject { common_name: "lanternfish workspace".into(), organisation: agency };
    let certificate = web_certificate(&key, names, &subject, &random_16()?, validity).map_err(input)?;
    let home = desk.store.home();
    // The names come last: what was cut short fits no names and is made anew.
    write_private(&home.node_file(NAMES), b"")?;
    write_private(&home.node_file(KEY), &key.to_pkcs8_der().map_err(input)?)?;
    write_private(&home.node_file(CERTIFICATE), certificate.to_pem().as_bytes())?;
    write_private(&home.node_file(NAMES), names.join("\n").as_bytes())?;
    kept(desk, names)?.ok_or_else(|| StoreError::damaged(format!("the node file {CERTIFICATE}")))
}

fn kept(desk: &Desk, names: &[String]) -> Result<Option<Serving>, StoreError> {
    let read = |name: &str| desk.store.node_secret(name);
    let (Some(of), Some(pem), Some(key)) = (read(NAMES)?, read(CERTIFICATE)?, read(KEY)?) else { return Ok(None) };
    let text = String::from_utf8(pem).map_err(|_| StoreError::damaged(format!("the node file {CERTIFICATE}")))?;
    let certificate = Certificate::from_pem_bundle(&text).map_err(input)?.into_iter().next();
    let fits = |certificate: &Certificate| of == names.join("\n").as_bytes() && certificate.not_after() > desk.now().plus_seconds(LEAST_DAYS * DAY_SECONDS);
    Ok(certificate.filter(fits).map(|certificate| Serving { fingerprint: certificate.digest(), certificate: certificate.to_der().to_vec(), key: SecretBytes::new(key) }))
}
