//! The log for people: verified, proved, shown, written out as tiles, and resumed after a restore
//! (laws 2, 3, 8, 13). Leaves only: no detail is opened here, so an auditor may read all of it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ledger::{
    Checkpoint, LogKey, MemoryTree, SignedCheckpoint,
    note::UnknownSigners,
    tile::{TilePath, bundle_bytes, entry_bundles, hash_tile_bytes, hash_tiles},
};
use model::{Law, authorize::NodeStep, event::{EventType, Leaf}};
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
    desk.store.keep_checkpoint()?;
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
