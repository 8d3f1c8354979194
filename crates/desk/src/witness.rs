//! Outside witnesses of the log, and this node as a witness of other agencies' logs (laws 3, 8).
//!
//! A witness is another agency's node, asked over the network or by a carried file, or a stamped paper
//! register. Here are the steps and what they keep; `ledger` judges, and the binary carries bytes over
//! TLS. It refuses to cosign what does not continue the last checkpoint that it cosigned, to cosign a log
//! that showed two histories, and to let a log witness itself. No content of any case is touched.

mod others;
mod ours;
mod paper;
mod splits;
mod standing;

use ledger::{KeyName, LogKey, SigningKey as Ed25519, WitnessSigner};
use model::{Moment, Sha256Digest, authorize::NodeStep, event::EventType};
use seal::{
    Certificate,
    pki::{SigningKey, Subject, Validity, link_certificate},
};
use serde::Serialize;
use serde_json::{Value, json};
use store::{Basis, Content, Head, NewEvent, Number, Session, StoreError, Write, vault::secret::{SecretBytes, random_16, random_32}, write_private};

use crate::{Desk, office::input};

pub use others::{Answer, WatchedView, cosign, newest_for, peers, sign_file, watch, watched};
pub use ours::{
    AddWitness, CosignedView, OnlineWitness, WitnessView, accept, accept_line, add, address, begin, compare, growth, list, one_size, online,
    request,
};
pub use paper::{PaperView, TypedPaper, print, shown, typed};
pub use splits::{SplitView, check, export, kept};
pub use standing::{Standing, standing};
pub(crate) use ours::keys;
pub(crate) use standing::{known, note_covering, seen_outside};

const WITNESS_KEY: &str = "witness.key";
const LINK_KEY: &str = "link.key";
const LINK_CERTIFICATE: &str = "link.pem";
const LINK_YEARS: i64 = 10;

/// What another agency needs to know of this node before the two can witness each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Verifier key of this node's log: for whoever will witness it.
    pub log: String,
    /// Verifier key of this node as a witness: for whoever wants its cosignatures.
    pub witness: String,
    /// SHA-256 of the certificate that this node shows over TLS: to be read out over the telephone.
    pub fingerprint: Sha256Digest,
    /// The certificate in PEM.
    pub certificate: String,
}

/// Gives the node's verifier keys and its certificate; the first call makes them.
///
/// # Errors
/// Law 13 for other roles than administrator and supervisor; the disk.
pub fn identity(desk: &Desk, session: &Session) -> Result<Identity, StoreError> {
    let event = NewEvent::new(EventType::LogConsulted, None, json!({"what": "witness identity"}));
    desk.store.commit_node(Some(session), NodeStep::NameWitnesses, event, vec![])?;
    if desk.store.node_secret(WITNESS_KEY)?.is_none() {
        write_private(&desk.store.home().node_file(WITNESS_KEY), hex::encode(random_32()?).as_bytes())?;
    }
    if desk.store.node_secret(LINK_CERTIFICATE)?.is_none() {
        make_link(desk)?;
    }
    let certificate = link(desk)?.certificate;
    let certificate = Certificate::from_der(&certificate).map_err(input)?;
    Ok(Identity {
        log: own_log(desk)?.to_string(),
        witness: signer(desk)?.witness_key().to_string(),
        fingerprint: certificate.digest(),
        certificate: certificate.to_pem(),
    })
}

/// A key of its own for TLS, under no authority: no verifier takes it for an officer's. The certificate
/// comes last, so that it never stands there without its key.
fn make_link(desk: &Desk) -> Result<(), StoreError> {
    let agency: String = desk.store.config().agency.chars().take(64).collect();
    let key = SigningKey::from_random(&random_32()?).map_err(input)?;
    let from = Moment::from_micros(desk.now().seconds() * 1_000_000).plus_seconds(-60);
    let validity = Validity { from, until: from.plus_seconds(LINK_YEARS * 366 * 86_400) };
    let subject = Subject { common_name: "lanternfish node".into(), organisation: agency };
    let certificate = link_certificate(&key, &subject, &random_16()?, validity).map_err(input)?;
    write_private(&desk.store.home().node_file(LINK_KEY), &key.to_pkcs8_der().map_err(input)?)?;
    write_private(&desk.store.home().node_file(LINK_CERTIFICATE), certificate.to_pem().as_bytes())
}

/// What this node shows and signs with over TLS.
pub struct Link {
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// Its key, PKCS #8.
    pub key: SecretBytes,
}

/// The node's certificate and key for TLS.
///
/// # Errors
/// When `witness identity` was never run.
pub fn link(desk: &Desk) -> Result<Link, StoreError> {
    let missing = || StoreError::input("this node has no certificate for other nodes yet: run `lanternfish witness identity` first");
    let pem = desk.store.node_secret(LINK_CERTIFICATE)?.ok_or_else(missing)?;
    let key = desk.store.node_secret(LINK_KEY)?.ok_or_else(missing)?;
    Ok(Link { certificate: one_certificate(&pem)?.to_der().to_vec(), key: SecretBytes::new(key) })
}

/// Whether the key of this node as a witness can be read, if it was made.
pub(crate) fn own_key_is_whole(desk: &Desk) -> Result<(), StoreError> {
    if desk.store.node_secret(WITNESS_KEY)?.is_none() { Ok(()) } else { signer(desk).map(|_| ()) }
}

/// Whether the node's certificate for other nodes and its key can be read and belong together, if they were made.
pub(crate) fn own_link_is_whole(desk: &Desk) -> Result<(), StoreError> {
    if desk.store.node_secret(LINK_CERTIFICATE)?.is_none() {
        return Ok(());
    }
    let link = link(desk)?;
    let key = SigningKey::from_pkcs8_der(&link.key).map_err(input)?;
    let certificate = Certificate::from_der(&link.certificate).map_err(input)?;
    if key.belongs_to(&certificate) { Ok(()) } else { Err(StoreError::damaged(format!("the node file {LINK_KEY}"))) }
}

/// Exactly one certificate in PEM.
fn one_certificate(pem: &[u8]) -> Result<Certificate, StoreError> {
    let text = std::str::from_utf8(pem).map_err(|_| StoreError::input("the certificate file is not text: a PEM file is needed"))?;
    let mut all = Certificate::from_pem_bundle(text).map_err(input)?;
    match all.len() {
        1 => Ok(all.remove(0)),
        n => Err(StoreError::input(format!("the certificate file holds {n} certificates: exactly one is needed, the other node's own"))),
    }
}

/// The name carries the key's digest, because a restored witness has another key: two keys of one name
/// could not stand in one list.
fn signer(desk: &Desk) -> Result<WitnessSigner, StoreError> {
    let missing = || StoreError::input("this node is no witness yet: run `lanternfish witness identity` first");
    let text = desk.store.node_secret(WITNESS_KEY)?.ok_or_else(missing)?;
    let mut seed = [0; 32];
    hex::decode_to_slice(text.trim_ascii(), &mut seed).map_err(|_| StoreError::damaged(format!("the node file {WITNESS_KEY}")))?;
    let public = Sha256Digest::of(Ed25519::from_bytes(&seed).verifying_key().as_bytes()).hex();
    let name = KeyName::new(&format!("{}/witness-{}", desk.store.config().origin, &public[..8])).map_err(input)?;
    Ok(WitnessSigner::from_seed(name, &seed))
}

/// A restored home may know less of other logs than its key has cosigned: that key never signs again.
///
/// # Errors
/// When the disk refuses.
pub(crate) fn renew_after_restore(desk: &Desk) -> Result<(), StoreError> {
    match std::fs::remove_file(desk.store.home().node_file(WITNESS_KEY)) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StoreError::environment("removing the old witness key", &e)),
        _ => Ok(()),
    }
}

fn own_log(desk: &Desk) -> Result<LogKey, StoreError> {
    Ok(desk.store.log_signer()?.log_key())
}

/// A row of the agency's register.
fn row(desk: &Desk, kind: &'static str, id: &str, state: &str, content: &impl Serialize, basis: Basis) -> Result<Write, StoreError> {
    let content: Value = serde_json::to_value(content).map_err(input)?;
    Ok(Write {
        head: Head { kind, id: id.into(), case: None, parent: None, number: Number::None, state: state.into(), actor: None, time: desk.now() },
        content: Content::Json(content),
        index: vec![],
        basis,
    })
}

/// A name for people: one line, not too long.
fn name_for_people(text: &str) -> Result<String, StoreError> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > 120 || name.chars().any(char::is_control) {
        return Err(StoreError::input("a name has 1 to 120 visible characters on one line"));
    }
    Ok(name.to_string())
}

/// An id that is the same for the same thing.
fn id_of(prefix: &str, thing: &str) -> String {
    format!("{prefix}-{}", &Sha256Digest::of(thing.as_bytes()).hex()[..24])
}

fn moment(unix_seconds: u64) -> Moment {
    Moment::from_micros(i64::try_from(unix_seconds).unwrap_or(i64::MAX / 1_000_000).saturating_mul(1_000_000))
}
