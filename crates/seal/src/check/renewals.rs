//! Law 8 over the years: whether the time-stamps of a package were renewed before their authorities'
//! certificates ended, and whether the last of them are still in force at the reader's date.
//!
//! A time-stamp shows when its object existed for as long as its certificate can be believed. A renewal made
//! in that time, over the old time-stamps, carries the proof on. It refuses a list that is not exactly what
//! it must be, and says which stretch of time nothing covers.

use std::path::Path;

use model::{Law, Moment, Sha256Digest};

use super::{
    anchors::Anchors,
    files::Bag,
    seals::{judge_at, stamp_not_revoked},
    verdict::{Part, Report},
};
use crate::{
    Flaw,
    flaw::ensure,
    renewal::{self, Renewal},
    stamp::{TimeStamp, read_response},
};

const TIME: Part = Part::Law(Law::Checkpoint);

/// Checks the renewals in `folder`, and what is in force at `at`. `first` are the package's own time-stamps.
pub(super) fn check_renewals(dir: &Path, bag: &Bag, first: Vec<TimeStamp>, folder: Option<&Path>, at: Option<Moment>, anchors: &Anchors, report: &mut Report) {
    let mut generations = vec![("the package".to_string(), first)];
    if let Some(folder) = folder {
        let read = renewal::read(folder);
        let Some(renewals) = report.record(TIME, "renewals", read, |all| format!("{} renewals", all.len())) else { return };
        for number in 1..=renewals.len() {
            let name = renewal::folder(u32::try_from(number).unwrap_or(u32::MAX));
            let Some(stamps) = check_one(dir, bag, &renewals[..number], &name, anchors, report) else { return };
            generations.push((name, stamps));
        }
    }
    for pair in generations.windows(2) {
        let [(name, stamps), (next, renewed)] = pair else { continue };
        // All of them, also the last: then none was made after the old ones had ended.
        let Some(when) = renewed.iter().map(|stamp| stamp.time).max() else { continue };
        say_in_force(&format!("{next}: renewal of {name}"), stamps, when, anchors, report);
    }
    if let (Some(at), Some((name, stamps))) = (at, generations.last()) {
        say_in_force(&format!("{name}: in force at {at}"), stamps, at, anchors, report);
    } else if folder.is_some() {
        report.limit("whether the newest time-stamps are still in force was not asked: give the day with --at");
    }
}

/// The list of a renewal, and each token over it. `upto` ends with this renewal.
fn check_one(dir: &Path, bag: &Bag, upto: &[Renewal], name: &str, anchors: &Anchors, report: &mut Report) -> Option<Vec<TimeStamp>> {
    let (own, earlier) = upto.split_last()?;
    let list = renewal::next_list(dir, &bag.plan, earlier).and_then(|expected| ensure(own.list == expected, "the list does not name exactly the tag manifest, the seal files and all earlier renewals with their digests"));
    report.record(TIME, &format!("{name}/{}", renewal::LIST), list, |()| "names every seal file and every earlier renewal".into())?;
    let object = Sha256Digest::of(own.list.as_bytes());
    let mut stamps: Vec<TimeStamp> = Vec::new();
    for (number, bytes) in (1..).zip(&own.tokens) {
        let path = format!("{name}/{}", renewal::token(number));
        let stamp = read_response(bytes, &object).and_then(|stamp| {
            let twice = stamps.iter().any(|other| other.certificate.digest() == stamp.certificate.digest());
            ensure(!twice, "the same authority stamped this renewal twice").map(|()| stamp)
        });
        let stamp = report.record(TIME, &path, stamp, |s| format!("stamped by {} at {}", s.certificate.subject(), s.time))?;
        if let Some(pool) = &anchors.tsa {
            let believed = judge_at(&stamp.certificate, pool, stamp.time).and_then(|issuer| stamp_not_revoked(&stamp, stamp.time, issuer, anchors));
            report.record(TIME, &path, believed, |()| "authority under your tsa.pem".into())?;
        }
        if stamp.certificate.subject().contains("NOT INDEPENDENT") {
            report.limit(format!("{path} is NOT INDEPENDENT: the agency's own clock under its own key"));
        }
        stamps.push(stamp);
    }
    Some(stamps)
}

/// At least one of these time-stamps must still have been believable at `when`; each that was not is named.
fn say_in_force(object: &str, stamps: &[TimeStamp], when: Moment, anchors: &Anchors, report: &mut Report) {
    let Some(pool) = &anchors.tsa else { return };
    let in_force = |stamp: &TimeStamp| -> Result<(), Flaw> {
        ensure(stamp.time.seconds() <= when.seconds(), format!("the time-stamp of {} is of {}, later than {when}", stamp.certificate.subject(), stamp.time))?;
        judge_at(&stamp.certificate, pool, when).and_then(|issuer| stamp_not_revoked(stamp, when, issuer, anchors))
    };
    let (held, lost): (Vec<_>, Vec<_>) = stamps.iter().map(in_force).partition(Result::is_ok);
    if held.is_empty() {
        let reasons: Vec<String> = lost.into_iter().filter_map(|lost| lost.err()).map(|flaw| flaw.to_string()).collect();
        report.unchecked(TIME, object, format!("no time-stamp was in force then, so the time of the package cannot be shown beyond it: {}", reasons.join("; ")));
        return;
    }
    report.sound(TIME, object, format!("{} of {} time-stamps were in force at {when}", held.len(), stamps.len()));
    for lost in lost.into_iter().filter_map(|lost| lost.err()) {
        report.limit(format!("{object}: {lost}"));
    }
}
