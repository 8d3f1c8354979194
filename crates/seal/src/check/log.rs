//! The seal event and its place in the log. Law 2: the event commits to this package and stands in
//! the tree. Law 8: the checkpoint is signed by the log of the anchors. Law 3: a later checkpoint that
//! the verifier got elsewhere shows the same history.

use std::path::Path;

use base64::Engine;
use ledger::{
    Hash, LogKey, SignedCheckpoint, TlogProof, TreeSize, VerifyingKey, WitnessKey, leaf_hash,
    note::{Checkpoint, UnknownSigners},
    proof::Verified,
    root_of_hashes, verify_inclusion,
};
use model::{
    Law, Moment, Sha256Digest, canonical,
    event::{EventType, Leaf},
    moment::ClockQuality,
    package::{SealDetail, SealFile},
};

use super::{
    anchors::Anchors,
    files::{Bag, read_plain},
    verdict::{Part, Report},
};
use crate::{Flaw, flaw::ensure};

const EVENT: Part = Part::Law(Law::Event);
const CHECKPOINT: Part = Part::Law(Law::Checkpoint);
const HISTORY: Part = Part::Law(Law::AppendOnly);

/// The logged seal event.
#[derive(Debug)]
pub(super) struct Event {
    leaf: Leaf,
    bytes: Vec<u8>,
}

impl Event {
    /// When the package was sealed, by the node's clock; officers are judged at this time.
    pub(super) fn time(&self) -> Moment {
        self.leaf.time
    }
}

/// Leaf, salt and detail: they belong together and to this package.
pub(super) fn check_event(dir: &Path, bag: &Bag, report: &mut Report) -> Option<Event> {
    let leaf = report.record(EVENT, "seal/seal.leaf", read_leaf(dir), |e| format!("seal event {} of {}", e.leaf.seq, e.leaf.time));
    let detail = report.record(EVENT, "seal/seal.detail", read_detail(dir, bag), |_| "names this package and its officers".into());
    if let Some(event) = &leaf {
        report.record(EVENT, "seal/seal.salt", check_commitment(dir, event), |()| "salt and detail are what was logged".into());
    }
    if let Some((detail, clock)) = detail {
        detail.limits.iter().for_each(|limit| report.limit(format!("stated in the seal: {limit}")));
        say_clock(clock, report);
    }
    leaf
}

fn read_leaf(dir: &Path) -> Result<Event, Flaw> {
    let bytes = read_plain(dir, &SealFile::Leaf.path())?;
    let leaf = Leaf::parse(&bytes).map_err(Flaw::new)?;
    ensure(leaf.v == 1, "the seal event has an unknown version")?;
    ensure(leaf.event_type == EventType::PackageSealed, format!("the logged event is {}, not package-sealed", leaf.event_type))?;
    Ok(Event { leaf, bytes })
}

/// The detail, and what the log noted beside it: how good its clock was.
fn read_detail(dir: &Path, bag: &Bag) -> Result<(SealDetail, Option<ClockQuality>), Flaw> {
    let bytes = read_plain(dir, &SealFile::Detail.path())?;
    ensure(canonical::is_canonical(&bytes), "the seal detail is not canonical JSON")?;
    let detail: SealDetail = serde_json::from_slice(&bytes).map_err(|e| Flaw::new(format!("not a seal detail: {e}")))?;
    let beside: Beside = serde_json::from_slice(&bytes).unwrap_or_default();
    ensure(detail.tagmanifest == bag.sealed_object, "the logged event seals another package (tag manifest differs)")?;
    let planned = bag.plan.files.iter().filter_map(|f| if let SealFile::Officer { certificate, .. } = f { Some(*certificate) } else { None });
    ensure(planned.eq(detail.officers.iter().copied()), "the logged event names other officers than the seal plan")?;
    let named = bag.info.as_ref().is_none_or(|info| info.package == detail.package);
    ensure(named, "the logged event names another package than bag-info.txt")?;
    Ok((detail, beside.clock))
}

/// What the log adds to every detail.
#[derive(Debug, Default, serde::Deserialize)]
struct Beside {
    clock: Option<ClockQuality>,
}

fn say_clock(clock: Option<ClockQuality>, report: &mut Report) {
    match clock {
        Some(ClockQuality::Synchronised { .. }) => {}
        Some(ClockQuality::Unsynchronised) => report.limit("the log's clock was not synchronised when the seal was logged"),
        Some(ClockQuality::Unreliable { reason }) => report.limit(format!("the log's clock was unreliable when the seal was logged: {reason}")),
        Some(ClockQuality::Unknown) | None => report.limit("the quality of the log's clock is unknown"),
    }
}

fn check_commitment(dir: &Path, event: &Event) -> Result<(), Flaw> {
    let salt = read_plain(dir, &SealFile::Salt.path())?;
    let salt: [u8; 32] = salt.try_into().map_err(|_| Flaw::new("the salt is not 32 bytes"))?;
    let detail = read_plain(dir, &SealFile::Detail.path())?;
    ensure(Sha256Digest::commitment(&salt, &detail) == event.leaf.commitment, "salt and detail are not what was logged")
}

/// The tlog-proof: inclusion, checkpoint signature, witnesses, and history against the anchors.
pub(super) fn check_proof(dir: &Path, event: Option<&Event>, anchors: &Anchors, report: &mut Report) {
    let object = SealFile::Proof.path();
    let parsed = read_plain(dir, &object).and_then(|bytes| TlogProof::parse(&bytes).map_err(|e| Flaw::new(e.to_string())));
    let Some(proof) = report.record(EVENT, &object, parsed, |_| "a tlog-proof in the one permitted spelling".into()) else { return };
    let Some(event) = event else { return };
    let at_its_place = ensure(event.leaf.seq == proof.index().0, "the proof is for another event than the leaf's own number");
    report.record(EVENT, &object, at_its_place, |()| format!("event {}", event.leaf.seq));
    let verified = match anchors.log {
        Some(key) => verify_signed(&proof, event, key, anchors, report),
        None => verify_unsigned(&proof, event),
    };
    let Some(verified) = report.record(CHECKPOINT, &object, verified, |v| format!("the event stands in the log {} of {} events", v.checkpoint.origin, v.checkpoint.size)) else { return };
    say_witnesses(&verified, report);
    if let Some(key) = anchors.log {
        check_history(event, &verified.checkpoint, key, anchors, report);
    }
}

fn verify_signed(proof: &TlogProof, event: &Event, key: VerifyingKey, anchors: &Anchors, report: &mut Report) -> Result<Verified, Flaw> {
    let log = LogKey::new(proof.note().claimed().origin.clone(), key).map_err(|e| Flaw::new(e.to_string()))?;
    if let Some(witnesses) = &anchors.witnesses {
        return proof.verify(&event.bytes, &log, witnesses).map_err(|e| Flaw::new(e.to_string()));
    }
    let strangers: Vec<String> = proof.note().lines().iter().skip(1).map(|line| line.name().to_string()).collect();
    if strangers.is_empty() {
        return proof.verify(&event.bytes, &log, &[]).map_err(|e| Flaw::new(e.to_string()));
    }
    report.unchecked(Part::Anchors, "witnesses", format!("lines of {} were not checked: there is no file witnesses in your anchors folder (an empty one means that you know none)", strangers.join(", ")));
    verify_ignoring(proof, event, &log)
}

fn verify_ignoring(proof: &TlogProof, event: &Event, log: &LogKey) -> Result<Verified, Flaw> {
    proof.note().verify(log, &[], UnknownSigners::Ignore).map_err(|e| Flaw::new(e.to_string()))?;
    verify_unsigned(proof, event)
}

/// Without a log key only the arithmetic can be checked.
fn verify_unsigned(proof: &TlogProof, event: &Event) -> Result<Verified, Flaw> {
    let checkpoint = proof.note().claimed().clone();
    let path = path_of(proof)?;
    verify_inclusion(&leaf_hash(&event.bytes), proof.index(), checkpoint.size, &path, &checkpoint.root).map_err(|e| Flaw::new(e.to_string()))?;
    Ok(Verified { checkpoint, index: proof.index(), witnessed_by: Vec::new() })
}

/// The path's hashes, out of the proof's one permitted spelling: header, index, hashes, empty line.
fn path_of(proof: &TlogProof) -> Result<Vec<Hash>, Flaw> {
    let text = proof.to_text();
    let hashes = text.lines().skip(2).take_while(|line| !line.is_empty());
    let hash = |line: &str| base64::engine::general_purpose::STANDARD.decode(line).ok().and_then(|bytes| bytes.try_into().ok());
    hashes.map(|line| hash(line).map(Sha256Digest).ok_or_else(|| Flaw::new("the proof carries a line that no signature protects"))).collect()
}

fn say_witnesses(verified: &Verified, report: &mut Report) {
    if verified.witnessed_by.is_empty() {
        report.limit("unwitnessed: no cosignature of a witness that you know; the node's own log key is the only one that vouches for the log");
    }
    for witness in &verified.witnessed_by {
        let seen = Moment::from_micros(i64::try_from(witness.unix_seconds).unwrap_or(0).saturating_mul(1_000_000));
        report.sound(CHECKPOINT, "witness", format!("{} saw this checkpoint at {seen}", witness.name));
    }
}

/// Law 3, against `anchors/checkpoint` and `anchors/hashes`.
fn check_history(event: &Event, package: &Checkpoint, key: VerifyingKey, anchors: &Anchors, report: &mut Report) {
    let Some(note) = &anchors.checkpoint else { return };
    let later = match own_checkpoint(note, key, anchors.witnesses.as_deref().unwrap_or_default()) {
        Ok(later) => later,
        Err(flaw) => return report.unchecked(Part::Anchors, "checkpoint", format!("checkpoint in your anchors folder cannot be used: {flaw}")),
    };
    match compare(event, package, &later, anchors.hashes.as_deref()) {
        Ok(History::Same) => report.sound(HISTORY, "log", format!("your later checkpoint of {} events shows the same history", later.size)),
        Ok(History::Unknown(why)) => report.unchecked(HISTORY, "log", why),
        Err(flaw) => report.broken(HISTORY, "log", flaw.to_string()),
    }
}

fn own_checkpoint(note: &SignedCheckpoint, key: VerifyingKey, witnesses: &[WitnessKey]) -> Result<Checkpoint, Flaw> {
    let log = LogKey::new(note.claimed().origin.clone(), key).map_err(|e| Flaw::new(e.to_string()))?;
    note.verify(&log, witnesses, UnknownSigners::Ignore).map(|(checkpoint, _)| checkpoint).map_err(|e| Flaw::new(e.to_string()))
}

enum History {
    Same,
    Unknown(String),
}

fn compare(event: &Event, package: &Checkpoint, later: &Checkpoint, hashes: Option<&[Hash]>) -> Result<History, Flaw> {
    let rewritten = "the log was rolled back or rewritten";
    ensure(package.origin == later.origin, format!("{rewritten}: the package is from the log {}, your checkpoint from {}", package.origin, later.origin))?;
    if package.size == later.size {
        ensure(package.root == later.root, format!("{rewritten}: two roots for the same {} events", later.size))?;
    }
    let Some(hashes) = hashes else {
        let why = "roll-back and back-dating not checked: there is no file hashes beside your checkpoint";
        return Ok(if package.size == later.size { History::Same } else { History::Unknown(why.into()) });
    };
    let root = |size: TreeSize| root_of_hashes(hashes, size).map_err(|e| Flaw::new(e.to_string()));
    if hashes.len() as u64 != later.size.0 || root(later.size)? != later.root {
        return Ok(History::Unknown("hashes and checkpoint in your anchors folder do not belong together: get both again".into()));
    }
    let known = usize::try_from(event.leaf.seq).ok().and_then(|at| hashes.get(at));
    if let Some(known) = known {
        ensure(*known == leaf_hash(&event.bytes), format!("{rewritten}: your checkpoint has another event at number {} (back-dated or replaced)", event.leaf.seq))?;
    }
    if package.size <= later.size {
        ensure(root(package.size)? == package.root, format!("{rewritten}: the package's checkpoint of {} events is not part of your later one", package.size))?;
    }
    Ok(match known {
        Some(_) => History::Same,
        None => History::Unknown("the package is newer than your checkpoint: get a later checkpoint and its hashes".into()),
    })
}
