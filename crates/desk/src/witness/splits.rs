//! Proofs that a log showed two histories: kept, shown, written out. They are never removed. Law 3.

use ledger::{LogKey, Split};
use model::{Moment, authorize::NodeStep, event::EventType};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Basis, NewEvent, Session, StoreError, Write};

use super::{id_of, row};
use crate::{Desk, office::input};

/// What the row of a split holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    origin: String,
    key: String,
    text: String,
    found: Moment,
}

/// A kept proof of a split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SplitView {
    /// How it is told apart.
    pub split: String,
    /// The log that showed two histories.
    pub origin: String,
    /// Verifier key of that log: with it anyone can check the proof.
    pub key: String,
    /// Number of events of the checkpoint that was known.
    pub known: u64,
    /// Number of events of the checkpoint that contradicts it.
    pub shown: u64,
    /// When it was found here.
    pub found: Moment,
}

/// The row and the event that keep a split; no row when it is kept already.
pub(super) fn keeping(desk: &Desk, log: &LogKey, split: &Split) -> Result<(NewEvent, Vec<Write>), StoreError> {
    let text = split.to_text();
    let id = id_of("split", &text);
    let content = Content { origin: log.name().to_string(), key: log.to_string(), text, found: desk.now() };
    let event = NewEvent::new(EventType::SplitKept, Some(id.clone()), json!({"origin": content.origin, "proof": content.text}));
    let known = desk.store.register_one("split", &id)?.is_some();
    let rows = if known { vec![] } else { vec![row(desk, "split", &id, "kept", &content, Basis::New)?] };
    Ok((event, rows))
}

/// Keeps a split of this node's own log.
pub(super) fn keep(desk: &Desk, session: Option<&Session>, log: &LogKey, split: &Split) -> Result<(), StoreError> {
    let (event, rows) = keeping(desk, log, split)?;
    desk.store.commit_node(session, NodeStep::ExchangeCheckpoints, event, rows).map(|_| ())
}

/// Whether two histories of the log `origin` are known.
pub(super) fn is_split(desk: &Desk, origin: &str) -> Result<bool, StoreError> {
    Ok(all(desk)?.iter().any(|(_, content)| content.origin == origin))
}

fn all(desk: &Desk) -> Result<Vec<(String, Content)>, StoreError> {
    desk.store.register("split")?.iter().map(|row| Ok((row.id.clone(), row.content()?))).collect()
}

fn view(id: &str, content: &Content) -> Result<SplitView, StoreError> {
    let split = Split::parse(content.text.as_bytes()).map_err(|e| StoreError::damaged(e.to_string()))?;
    let (known, shown) = split.notes();
    Ok(SplitView {
        split: id.to_string(),
        origin: content.origin.clone(),
        key: content.key.clone(),
        known: known.claimed().size.0,
        shown: shown.claimed().size.0,
        found: content.found,
    })
}

/// Every proof that is kept here.
///
/// # Errors
/// When the database refuses.
pub fn kept(desk: &Desk, session: &Session) -> Result<Vec<SplitView>, StoreError> {
    let views = all(desk)?.iter().map(|(id, content)| view(id, content)).collect::<Result<Vec<_>, _>>()?;
    let event = NewEvent::new(EventType::LogConsulted, None, json!({"what": "splits", "count": views.len()}));
    desk.store.commit_node(Some(session), NodeStep::ReadLog, event, vec![])?;
    Ok(views)
}

/// The files of every proof: name and text. `….txt` can be checked with the log's key alone; the two
/// checkpoints in it stand beside it, for `log resume --last-known`.
///
/// # Errors
/// When the database refuses.
pub fn export(desk: &Desk, session: &Session) -> Result<Vec<(String, String)>, StoreError> {
    let mut files = Vec::new();
    for (id, content) in all(desk)? {
        let split = Split::parse(content.text.as_bytes()).map_err(|e| StoreError::damaged(e.to_string()))?;
        let (known, shown) = split.notes();
        files.extend([(format!("{id}.known"), known.to_text()), (format!("{id}.shown"), shown.to_text()), (format!("{id}.txt"), content.text)]);
    }
    let event = NewEvent::new(EventType::LogConsulted, None, json!({"what": "splits written out", "files": files.len()}));
    desk.store.commit_node(Some(session), NodeStep::ReadLog, event, vec![])?;
    Ok(files)
}

/// Checks a proof with the key of the log that it accuses. Needs no home and no session.
///
/// # Errors
/// When the file proves no split.
pub fn check(file: &[u8], key: &str) -> Result<SplitView, StoreError> {
    let log: LogKey = key.trim().parse().map_err(input)?;
    let split = Split::parse(file).map_err(input)?;
    let (known, shown) = split.verify(&log).map_err(input)?;
    Ok(SplitView {
        split: id_of("split", &split.to_text()),
        origin: log.name().to_string(),
        key: log.to_string(),
        known: known.size.0,
        shown: shown.size.0,
        found: Moment::from_micros(0),
    })
}
