//! Checks a package against anchors that came from elsewhere. It never trusts what came with the
//! package, never stops at the first fault, and says what it could not check. No clock: an officer is
//! judged at the logged time. Hostile input is a finding, never a panic (laws 2, 3, 4, 5, 8, 14).
//!
//! | check | part |
//! |---|---|
//! | files, manifests, bag texts, payload digests | law 5 |
//! | seal plan, officers' signatures, chain, revocation | law 4 |
//! | seal event: leaf, salt, detail; its place in the log | law 2 |
//! | roll-back and back-dating against a later checkpoint | law 3 |
//! | time-stamps, checkpoint signature, witnesses | law 8 |
//! | in a disclosure: the seal of the original, all of the above; each item disclosed or named as withheld | law 7 |

mod anchors;
mod disclosure;
mod files;
mod log;
mod renewals;
mod seals;
mod verdict;

use std::path::Path;

use model::Moment;

#[cfg(feature = "make")]
pub(crate) use files::{open_below, read_plain, read_tag};
pub(crate) use files::read_plain as read_file;
pub use verdict::{Check, Part, State, Verdict};

use verdict::Report;

/// How far the hashing of the payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Payload bytes hashed so far.
    pub done: u64,
    /// Payload bytes in all, as `bag-info.txt` states them.
    pub total: u64,
}

/// Longest tag or seal file that is read whole, in bytes.
const MAX_WHOLE: u64 = 256 << 20;

/// Checks the package in `dir`. `anchors` is a folder from outside it: `root.pem`, `tsa.pem`,
/// `log.pem`, `checkpoint`, `hashes`, `witnesses`, `crl.pem`. `progress` is called from several
/// threads.
///
/// Never fails: what cannot be read is part of the verdict. Exit code 0 sound (read the limits),
/// 1 broken, 2 cannot be fully checked.
pub fn verify_package(dir: &Path, anchors: Option<&Path>, progress: &(dyn Fn(Progress) + Sync)) -> Verdict {
    verify_with(dir, &Asked { anchors, ..Asked::default() }, progress)
}

/// What a package is checked against, and what lies beside it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The reader's own anchors, as in [`verify_package`].
    pub anchors: Option<&'a Path>,
    /// For a disclosure some of whose withheld items were opened later: the folder with `revealed.txt` and those items.
    pub revealed: Option<&'a Path>,
    /// The folder with the renewals of its time-stamps ([`crate::renewal`]).
    pub renewals: Option<&'a Path>,
    /// At which moment its time-stamps, or the newest of their renewals, must still be in force.
    pub at: Option<Moment>,
}

/// The same with all that can be asked.
pub fn verify_with(dir: &Path, asked: &Asked<'_>, progress: &(dyn Fn(Progress) + Sync)) -> Verdict {
    let mut report = Report::default();
    if !dir.is_dir() {
        report.unchecked(Part::Layout, &dir.display().to_string(), "there is no package folder here: name the folder that holds bagit.txt");
        return report.verdict();
    }
    let anchors = anchors::Anchors::read(dir, asked.anchors, &mut report);
    let Some(bag) = files::check_layout(dir, &mut report) else { return report.verdict() };
    files::check_payload(dir, &bag, progress, &mut report);
    let event = log::check_event(dir, &bag, &mut report);
    seals::check_officers(dir, &bag, event.as_ref(), &anchors, &mut report);
    let stamps = seals::check_tokens(dir, &bag, event.as_ref(), &anchors, &mut report);
    renewals::check_renewals(dir, &bag, stamps, asked.renewals, asked.at, &anchors, &mut report);
    log::check_proof(dir, event.as_ref(), &anchors, &mut report);
    disclosure::check_disclosure(dir, &bag, &anchors, asked.revealed, &mut report);
    report.verdict()
}
