//! Law 4: each planned officer signed, with the planned certificate, under the verifier's root, in
//! force at the logged time. Law 8: each planned authority stamped. Every question is asked of the
//! certificate that signed.

use std::path::Path;

use model::{
    Law, Moment, Sha256Digest,
    package::SealFile,
};

use super::{
    anchors::Anchors,
    files::{Bag, read_plain},
    log::Event,
    verdict::{Part, Report},
};
use crate::{
    Certificate, Flaw,
    flaw::ensure,
    signed::{SignedMessage, read_officer_signature},
    stamp::{TimeStamp, read_response},
};

const OFFICERS: Part = Part::Law(Law::Custody);
const TIME: Part = Part::Law(Law::Checkpoint);
/// A token may be this much older than the signing time before the reader is told, in seconds.
const TOKEN_BEFORE_SIGNING: i64 = 5 * 60;
/// The logged time may differ this much from a token before the reader is told, in seconds.
const TOKEN_APART: i64 = 3 * 24 * 3600;

/// Every planned officer signature.
pub(super) fn check_officers(dir: &Path, bag: &Bag, event: Option<&Event>, anchors: &Anchors, report: &mut Report) {
    for file in &bag.plan.files {
        if let SealFile::Officer { certificate, .. } = file {
            check_officer(dir, &file.path(), certificate, bag, event, anchors, report);
        }
    }
}

fn check_officer(dir: &Path, path: &str, planned: &Sha256Digest, bag: &Bag, event: Option<&Event>, anchors: &Anchors, report: &mut Report) {
    let signed = read_plain(dir, path).and_then(|bytes| read_officer_signature(&bytes, &bag.sealed_object));
    let signed = signed.and_then(|message| planned_one(message.certificate.digest(), planned).map(|()| message));
    let Some(message) = report.record(OFFICERS, path, signed, |m| format!("signed by {} at {}", m.certificate.subject(), said(m))) else { return };
    let (Some(event), Some(root)) = (event, &anchors.root) else { return };
    let in_force = judge_at(&message.certificate, root, event.time());
    let in_force = in_force.and_then(|issuer| not_revoked(&message.certificate, issuer, anchors, event.time(), report));
    report.record(OFFICERS, path, in_force, |()| format!("certificate under your root and in force when the seal was logged ({})", event.time()));
    say_signing_time(path, &message, event, report);
}

fn said(message: &SignedMessage) -> String {
    message.signing_time.map_or_else(|| "an unstated time".into(), |t| t.to_string())
}

fn say_signing_time(path: &str, message: &SignedMessage, event: &Event, report: &mut Report) {
    let apart = message.signing_time.map_or(0, |signed| event.time().seconds() - signed.seconds());
    if !(-TOKEN_BEFORE_SIGNING..=TOKEN_APART).contains(&apart) {
        report.limit(format!("{path} states the signing time {}, but the seal was logged at {}", said(message), event.time()));
    }
}

fn planned_one(found: Sha256Digest, planned: &Sha256Digest) -> Result<(), Flaw> {
    ensure(found == *planned, "signed with another certificate than the seal plan names")
}

/// Validity and chain at that moment; returns the issuer.
pub(super) fn judge_at<'a>(certificate: &Certificate, pool: &'a [Certificate], at: Moment) -> Result<&'a Certificate, Flaw> {
    ensure(certificate.valid_at(at), format!("the certificate of {} was not valid at {at} (valid {} to {})", certificate.subject(), certificate.not_before(), certificate.not_after()))?;
    let chain = certificate.chain(pool, at)?;
    chain.first().copied().ok_or_else(|| Flaw::new("a chain without issuer"))
}

fn not_revoked(certificate: &Certificate, issuer: &Certificate, anchors: &Anchors, at: Moment, report: &mut Report) -> Result<(), Flaw> {
    let Some(list) = anchors.revoked.as_ref() else { return Ok(()) };
    if !list.is_by(issuer) {
        report.limit(format!("revocation not checked for {}: your crl.pem is not from its issuer", certificate.subject()));
        return Ok(());
    }
    if list.made.seconds() < at.seconds() {
        report.limit(format!("your revocation list was made at {}, before the seal was logged", list.made));
    }
    match list.revoked_since(certificate) {
        Some(since) if since.seconds() <= at.seconds() => Err(Flaw::new(format!("the certificate of {} was revoked at {since}, before the seal was logged", certificate.subject()))),
        _ => Ok(()),
    }
}

/// Every planned time-stamp; gives those that are over this package.
pub(super) fn check_tokens(dir: &Path, bag: &Bag, event: Option<&Event>, anchors: &Anchors, report: &mut Report) -> Vec<TimeStamp> {
    let mut stamps = Vec::new();
    for file in &bag.plan.files {
        if let SealFile::Token { certificate, independent, .. } = file {
            let path = file.path();
            if !independent {
                report.limit(format!("{path} is NOT INDEPENDENT: the agency's own clock under its own key"));
            }
            stamps.extend(check_token(dir, &path, certificate, bag, event, anchors, report));
        }
    }
    stamps
}

fn check_token(dir: &Path, path: &str, planned: &Sha256Digest, bag: &Bag, event: Option<&Event>, anchors: &Anchors, report: &mut Report) -> Option<TimeStamp> {
    let stamp = read_plain(dir, path).and_then(|bytes| read_response(&bytes, &bag.sealed_object));
    let stamp = stamp.and_then(|stamp| planned_one(stamp.certificate.digest(), planned).map(|()| stamp));
    let stamp = report.record(TIME, path, stamp, |s| format!("stamped by {} at {}", s.certificate.subject(), s.time))?;
    if let Some(pool) = &anchors.tsa {
        let in_force = judge_at(&stamp.certificate, pool, stamp.time).and_then(|issuer| stamp_not_revoked(&stamp, stamp.time, issuer, anchors));
        report.record(TIME, path, in_force, |()| "authority under your tsa.pem".into());
    }
    if let Some(event) = event {
        say_token_time(path, &stamp, event, report);
    }
    Some(stamp)
}

/// Whether the authority's certificate had not been revoked by `at`.
pub(super) fn stamp_not_revoked(stamp: &TimeStamp, at: Moment, issuer: &Certificate, anchors: &Anchors) -> Result<(), Flaw> {
    let list = anchors.revoked.as_ref().filter(|list| list.is_by(issuer));
    let since = list.and_then(|list| list.revoked_since(&stamp.certificate));
    let text = if at == stamp.time { "the authority's certificate was revoked before it stamped".to_string() } else { format!("the certificate of {} was revoked before {at}", stamp.certificate.subject()) };
    ensure(since.is_none_or(|since| since.seconds() > at.seconds()), text)
}

/// Clocks are wrong in the field, and a stamp may travel by foot: told, not condemned.
fn say_token_time(path: &str, stamp: &TimeStamp, event: &Event, report: &mut Report) {
    let after = event.time().seconds() - stamp.time.seconds();
    if after < -TOKEN_BEFORE_SIGNING {
        report.limit(format!("{path} is of {}, later than the logged time {}: a clock was wrong, or the event was back-dated", stamp.time, event.time()));
    }
    if after > TOKEN_APART {
        report.limit(format!("{path} is of {}, long before the logged time {}", stamp.time, event.time()));
    }
}
