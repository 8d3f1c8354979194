//! The log for people: verified, proved, shown, written out as tiles, and resumed after a restore
//! (laws 2, 3, 8, 13). Leaves only: no detail is opened here, so an auditor may read all of it.
//!
//! Also the node's health check. It repairs nothing but what an interrupted run left unfinished.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use ledger::{
    Checkpoint, LogKey, MemoryTree, SignedCheckpoint,
    note::UnknownSigners,
    tile::{TilePath, bundle_bytes, entry_bundles, hash_tile_bytes, hash_tiles},
};
use model::{Law, authorize::NodeStep, event::{EventType, Leaf}, moment::ClockQuality};
use parse::{Budget, Finding, MemberHead, MemberTail, Sink, SinkError, Task};
use serde::Serialize;
use serde_json::{Value, json};
use store::{LogReport, NewEvent, Session, StoreError};

use crate::{Desk, office::input, package::proof, witness};

/// Reads the whole log again from its leaf bytes and compares it with the rows both ways.
///
/// # Errors
/// When the database refuses; faults are in the report.
pub fn verify(desk: &Desk, session: &Session) -> Result<LogReport, StoreError> {
    consulted(desk, session, json!({"what": "verify"}))?;
    desk.store.verify_log()
}

fn consulted(desk: &Desk, session: &Session, detail: Value) -> Result<(), StoreError> {
    let event = NewEvent::new(EventType::LogConsulted, None, detail);
    desk.store.commit_node(Some(session), NodeStep::ReadLog, event, vec![]).map(|_| ())
}

/// A receipt: what a stranger needs to check that an event is in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The event's place.
    pub event: u64,
    /// The leaf's exact bytes, which are UTF-8 text.
    pub leaf: String,
    /// C2SP tlog-proof with the signed checkpoint inside.
    pub proof: String,
}

/// Proves that event `seq` is in the log, at its present size.
///
/// # Errors
/// When there is no such event.
pub fn prove(desk: &Desk, session: &Session, seq: u64) -> Result<Receipt, StoreError> {
    let bytes = desk.store.event(seq)?.bytes;
    consulted(desk, session, json!({"what": "prove", "event": seq}))?;
    let leaf = String::from_utf8(bytes).map_err(|_| StoreError::damaged(format!("the leaf of event {seq}")))?;
    Ok(Receipt { event: seq, leaf, proof: proof(desk, seq)? })
}

/// The signed checkpoint of the log, to be kept outside the house: by a witness, or on paper.
///
/// # Errors
/// When the log key cannot be read.
pub fn checkpoint(desk: &Desk, session: &Session) -> Result<String, StoreError> {
    consulted(desk, session, json!({"what": "checkpoint"}))?;
    Ok(desk.store.checkpoint()?.to_text())
}

/// Leaves from `from`, at most `limit`: types, times and pseudonyms, no content.
///
/// # Errors
/// When the database refuses.
pub fn show(desk: &Desk, session: &Session, from: u64, limit: u32) -> Result<Vec<Leaf>, StoreError> {
    consulted(desk, session, json!({"what": "show", "from": from, "limit": limit}))?;
    Ok(desk.store.leaves(from, limit)?.into_iter().map(|event| event.leaf).collect())
}

/// What was written out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TilesView {
    /// The folder.
    pub folder: PathBuf,
    /// Number of events.
    pub size: u64,
    /// Number of tiles and bundles.
    pub files: u64,
}

/// Writes the whole log as C2SP tlog-tiles: hash tiles, entry bundles, and the checkpoint last.
///
/// # Errors
/// The disk.
pub fn tiles(desk: &Desk, session: &Session, folder: &Path) -> Result<TilesView, StoreError> {
    consulted(desk, session, json!({"what": "tiles", "folder": folder.to_string_lossy()}))?;
    let note = desk.store.checkpoint()?;
    let size = note.claimed().size;
    let tree = MemoryTree::new(desk.store.leaf_hashes(size.0)?);
    let mut files = 0;
    for path in hash_tiles(size) {
        write_tile(folder, path, &hash_tile_bytes(path, &tree).map_err(input)?)?;
        files += 1;
    }
    for path in entry_bundles(size) {
        let leaves = desk.store.leaves(path.start(), path.width().into())?;
        let bytes: Vec<&[u8]> = leaves.iter().map(|event| event.bytes.as_slice()).collect();
        if bytes.len() != usize::from(path.width()) {
            return Err(StoreError::damaged(format!("the leaves of {path}")));
        }
        write_tile(folder, path, &bundle_bytes(&bytes).map_err(input)?)?;
        files += 1;
    }
    write(&folder.join("checkpoint"), note.to_text().as_bytes())?;
    Ok(TilesView { folder: folder.to_path_buf(), size: size.0, files })
}

fn write_tile(folder: &Path, path: TilePath, bytes: &[u8]) -> Result<(), StoreError> {
    let place = folder.join(path.to_string());
    if let Some(parent) = place.parent() {
        fs::create_dir_all(parent).map_err(|e| StoreError::environment(format!("making {}", parent.display()), &e))?;
    }
    write(&place, bytes)
}

fn write(place: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    fs::write(place, bytes).map_err(|e| StoreError::environment(format!("writing {}", place.display()), &e))
}

// ---- after a restore

/// How the log goes on after a restore.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResumeView {
    /// Name of the log from now on.
    pub origin: String,
    /// Number of events that the restored log held.
    pub size: u64,
    /// Whether a new epoch was declared, because something later was known.
    pub new_epoch: bool,
    /// In words.
    pub text: String,
}

/// Lets a restored home work again. With the last checkpoint that anybody knows (`last_known`) the log
/// goes on only if it holds all of it; otherwise a new epoch is declared that names that checkpoint.
/// Without one, somebody must say that nothing later is known.
///
/// # Errors
/// Law 3 when nothing was said; when the checkpoint is not one of this log; law 13.
pub fn resume(desk: &Desk, session: &Session, last_known: Option<&str>, nothing_later_known: bool) -> Result<ResumeView, StoreError> {
    desk.store.check_node_step(Some(session), NodeStep::Safeguard)?;
    if !desk.store.is_waiting_after_restore() {
        return Err(StoreError::input("this home was not restored from a backup, or it was resumed already: there is nothing to do"));
    }
    let size = desk.store.log_size()?;
    let (new_epoch, text) = match last_known {
        Some(note) => go_on_from(desk, session, &known_checkpoint(desk, note)?, size)?,
        None if nothing_later_known && desk.store.later_is_known() => {
            let text = "a tombstone shows that this log once went further: name the last known checkpoint with --last-known FILE";
            return Err(StoreError::refused(Law::AppendOnly, text));
        }
        None if nothing_later_known => (false, "nobody knows of anything later: the log goes on in the same epoch".to_string()),
        None => return Err(unsaid()),
    };
    let detail = json!({"what": "resume", "restored-size": size, "new-epoch": new_epoch, "last-known": last_known, "text": text});
    let event = NewEvent::new(EventType::LogConsulted, None, detail);
    desk.store.commit_node(Some(session), NodeStep::Safeguard, event, desk.store.end_old_sessions()?)?;
    witness::renew_after_restore(desk)?;
    desk.store.resume_after_restore()?;
    Ok(ResumeView { origin: desk.store.origin()?, size, new_epoch, text })
}

fn unsaid() -> StoreError {
    StoreError::refused(
        Law::AppendOnly,
        "ask whoever may hold a later checkpoint (a package, anchors, a witness, the paper register) and name it with --last-known FILE; if nobody has any, say --nothing-later-known",
    )
}

/// A checkpoint that this log signed, in this or an earlier epoch.
fn known_checkpoint(desk: &Desk, text: &str) -> Result<Checkpoint, StoreError> {
    let note = SignedCheckpoint::parse(text.as_bytes()).map_err(input)?;
    let base = desk.store.config().origin.as_str();
    let origin = note.claimed().origin.clone();
    let ours = origin.as_str() == base || origin.as_str().strip_prefix(base).is_some_and(|rest| rest.starts_with("/epoch-"));
    if !ours {
        return Err(StoreError::input(format!("this checkpoint is of the log {origin}, and this node's log is {base}")));
    }
    let key = LogKey::new(origin, *desk.store.log_signer()?.log_key().public_key()).map_err(input)?;
    note.verify(&key, &[], UnknownSigners::Ignore).map(|(checkpoint, _)| checkpoint).map_err(input)
}

fn go_on_from(desk: &Desk, session: &Session, known: &Checkpoint, size: u64) -> Result<(bool, String), StoreError> {
    let held = known.size.0 <= size && known.origin.as_str() == desk.store.origin()?;
    if held && desk.store.root_at(known.size.0)? == known.root {
        return Ok((false, format!("the restored log holds the known checkpoint of {} events: it goes on in the same epoch", known.size)));
    }
    let text = format!(
        "the restored log of {size} events does not hold the known checkpoint of {} events: what came after the backup is lost here, and a new epoch begins",
        known.size
    );
    let last = json!({"origin": known.origin.to_string(), "size": known.size.0, "root": known.root});
    desk.store.declare_epoch(session, json!({"last-known": last, "restored-size": size, "text": text}))?;
    Ok((true, text))
}

// ---- health

/// One line of the health check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Whether it is as it should be.
    pub ok: bool,
    /// It is not as it should be, and work can go on all the same: papers say so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub warning: bool,
    /// What was looked at, and what was found.
    pub text: String,
    /// What to do, when it is not.
    pub what_to_do: String,
}

fn line(ok: bool, text: impl Into<String>, what_to_do: &str) -> Health {
    Health { ok, warning: false, text: text.into(), what_to_do: if ok { String::new() } else { what_to_do.into() } }
}

/// Less free space than this is said, in bytes.
const LOW_SPACE: u64 = 2 << 30;
/// Unfinished objects younger than this may belong to a running admission.
const UNFINISHED: Duration = Duration::from_secs(86_400);

type Check = fn(&Desk) -> Result<Health, StoreError>;

/// Looks at the whole node. Never fails: what cannot be looked at is a line of its own.
pub fn doctor(desk: &Desk) -> Vec<Health> {
    let checks: [Check; 12] =
        [restored, database, log, writable, objects, keeping, hash_lists, unfinished, erasures, clock, space, cage];
    checks
        .iter()
        .map(|check| check(desk).unwrap_or_else(|error| line(false, error.to_string(), "do what the message says, then run `lanternfish doctor` again")))
        .collect()
}

fn restored(desk: &Desk) -> Result<Health, StoreError> {
    let waiting = desk.store.is_waiting_after_restore();
    let text = if waiting { "this home was restored from a backup and waits" } else { "this home is not waiting after a restore" };
    Ok(line(!waiting, text, "run `lanternfish log resume`, with the last known checkpoint if there is one"))
}

fn database(desk: &Desk) -> Result<Health, StoreError> {
    let said = desk.store.database_integrity()?;
    Ok(line(said == "ok", format!("the database's own check says: {said}"), "stop working, copy the home, and restore the newest backup"))
}

fn log(desk: &Desk) -> Result<Health, StoreError> {
    let report = desk.store.verify_log()?;
    let text = match report.faults.first() {
        None => format!("the log of {} events and {} rows agree both ways; the clock jumped {} times", report.events, report.rows, report.clock_jumps),
        Some(first) => format!("the log has {} faults; the first: {first}", report.faults.len()),
    };
    Ok(line(report.faults.is_empty(), text, "somebody changed records behind the log's back: stop working, keep the home as it is, tell the supervisor"))
}

fn writable(desk: &Desk) -> Result<Health, StoreError> {
    let event = NewEvent::new(EventType::LogConsulted, None, json!({"what": "doctor"}));
    desk.store.commit_node(None, NodeStep::ReadLog, event, vec![])?;
    Ok(line(true, "events can be written", ""))
}

fn objects(desk: &Desk) -> Result<Health, StoreError> {
    let (objects, strangers) = desk.store.count_objects()?;
    let rows = usize::try_from(desk.store.count("blob")?).unwrap_or(usize::MAX).saturating_add(crate::known::count(desk)?);
    let without = match (objects.saturating_sub(rows), rows.saturating_sub(objects)) {
        (0, 0) => String::new(),
        (more, 0) => format!("; {more} more than recorded: left by steps that were refused or interrupted, under keys that nobody kept"),
        (_, fewer) => format!("; {fewer} recorded ones are missing: opening each exhibit says which"),
    };
    let text = format!("{objects} stored objects for {rows} recorded ones, {strangers} foreign files{without}");
    Ok(line(objects >= rows && strangers == 0, text, "objects are missing or foreign files lie among them: restore the newest backup beside this home and compare"))
}

/// Where the objects lie, and whether anything there keeps them from being removed.
fn keeping(desk: &Desk) -> Result<Health, StoreError> {
    let Some(keeping) = desk.store.object_keeping()? else { return Ok(line(true, "the objects lie in the home itself", "")) };
    let said = line(keeping.kept, format!("the objects lie in {}; the bucket {}", keeping.place, keeping.text), "let who runs the object store set Object Lock with a default retention (docs/guide/fusion-centre.md)");
    // A training node may work so; a real one stores nothing there any more.
    Ok(Health { warning: !keeping.kept && desk.store.config().training, ..said })
}

fn hash_lists(desk: &Desk) -> Result<Health, StoreError> {
    let (count, wrong) = (crate::known::count(desk)?, crate::known::unsound(desk)?);
    let text = match &wrong {
        None => format!("{count} known-hash lists are what their records say"),
        Some(wrong) => format!("a known-hash list cannot be read, so nothing can be admitted: {wrong}"),
    };
    Ok(line(wrong.is_none(), text, "remove the list (`lanternfish hashes remove`) and add it again"))
}

fn unfinished(desk: &Desk) -> Result<Health, StoreError> {
    let old = SystemTime::now().checked_sub(UNFINISHED).unwrap_or(SystemTime::UNIX_EPOCH);
    let swept = desk.store.sweep_unfinished(old)?;
    Ok(line(true, format!("{swept} objects that an interrupted run left unfinished were removed"), ""))
}

fn erasures(desk: &Desk) -> Result<Health, StoreError> {
    let open = desk.store.count_in("erasure", "purging")?;
    let what_to_do = "contents are destroyed, and the disk is not clean yet: a member of the case runs `lanternfish erase run` again";
    Ok(line(open == 0, format!("{open} erasures are not at their end"), what_to_do))
}

fn clock(desk: &Desk) -> Result<Health, StoreError> {
    let (ok, text) = match desk.clock() {
        ClockQuality::Synchronised { error_micros } => (true, format!("the clock is synchronised, estimated error {error_micros} microseconds")),
        ClockQuality::Unsynchronised => (false, "no time service keeps the clock".to_string()),
        ClockQuality::Unknown => (false, "the system does not say how good the clock is".to_string()),
        ClockQuality::Unreliable { reason } => (false, format!("the clock is unreliable: {reason}")),
    };
    let warning = matches!(desk.clock(), ClockQuality::Unsynchronised | ClockQuality::Unknown);
    let said = line(ok, text, "set the clock or start a time service such as chrony; work goes on, and papers say how good the time is");
    Ok(Health { warning, ..said })
}

/// Bytes that this account may still write on the disk of the home's objects.
pub(crate) fn free_bytes(desk: &Desk) -> Result<u64, StoreError> {
    let objects = desk.store.home().objects();
    let stat = rustix::fs::statvfs(&objects).map_err(|e| StoreError::environment("asking for free space", &e.into()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

fn space(desk: &Desk) -> Result<Health, StoreError> {
    let free = free_bytes(desk)?;
    Ok(line(free >= LOW_SPACE, format!("{} MiB free on the disk of the home", free >> 20), "free some space: admissions stop when the disk is full, and nothing is lost"))
}

/// Starts the `parse` child on nothing, to see which cage this machine gives it.
fn cage(desk: &Desk) -> Result<Health, StoreError> {
    let task = Task::Unpack { name: String::new() };
    let outcome = parse::run(desk.exe(), &task, &Budget::default(), &mut Vec::new(), &mut Nothing, &|| false)
        .map_err(|e| StoreError::Environment { attempt: "starting the parse child".into(), cause: e.to_string() })?;
    let name = outcome.cage.cage.name();
    let advice = "use a kernel with Landlock and seccomp (Linux 5.13 or later); until then each record says how its bytes were read";
    Ok(line(name == "landlock+seccomp", format!("strangers' bytes are read in the cage: {name}"), advice))
}

struct Nothing;

impl Sink for Nothing {
    fn begin(&mut self, _head: &MemberHead) -> Result<(), SinkError> {
        Ok(())
    }

    fn data(&mut self, _id: u32, _bytes: &[u8]) -> Result<(), SinkError> {
        Ok(())
    }

    fn end(&mut self, _tail: &MemberTail) -> Result<(), SinkError> {
        Ok(())
    }

    fn abandon(&mut self, _id: u32, _reason: &str) {}

    fn finding(&mut self, _finding: &Finding) {}

    fn selectors(&mut self, _values: Vec<Value>) -> Result<(), SinkError> {
        Ok(())
    }
}
