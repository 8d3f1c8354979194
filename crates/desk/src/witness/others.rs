//! This node as a witness: it watches other agencies' logs grow and cosigns what continues (law 8).
//!
//! The answers are those of C2SP tlog-witness. The new checkpoint, its event and the cosignature are one
//! durable transaction before the answer leaves: killed in between, the node knows more than it said,
//! never less. A log that showed two histories is cosigned no more, and both are kept (law 3).

use ledger::{
    Growth, LogKey, SignedCheckpoint, Split,
    note::{NoteError, SignatureLine},
    split::{Judgement, judge},
};
use model::{Law, Moment, Sha256Digest, authorize::NodeStep, event::EventType};
use seal::Certificate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Basis, NewEvent, Row, Session, StoreError};

use super::{id_of, name_for_people, one_certificate, row, signer, splits};
use crate::{Desk, office::input};

/// How often a decision is taken anew because another process of this node was faster.
const TRIES: usize = 5;

/// What the row of a watched log holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    name: String,
    key: String,
    certificate: Option<String>,
    newest: Option<String>,
    cosigned: Option<Moment>,
}

/// A log that this node watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WatchedView {
    /// The other agency, for people.
    pub name: String,
    /// Name of its log.
    pub origin: String,
    /// `live`, or `split`: it showed two histories and is cosigned no more.
    pub state: String,
    /// SHA-256 of the certificate that its node shows over TLS; none: it sends files.
    pub certificate: Option<Sha256Digest>,
    /// Number of events of the last checkpoint that was cosigned.
    pub size: Option<u64>,
    /// When that was.
    pub cosigned: Option<Moment>,
}

fn view(row: &Row) -> Result<WatchedView, StoreError> {
    let content: Content = row.content()?;
    let certificate = content.certificate.as_deref().map(|pem| one_certificate(pem.as_bytes())).transpose()?;
    Ok(WatchedView {
        origin: log_of(&content)?.name().to_string(),
        state: row.state.clone(),
        certificate: certificate.map(|c| c.digest()),
        size: newest(&content)?.map(|note| note.claimed().size.0),
        name: content.name,
        cosigned: content.cosigned,
    })
}

fn log_of(content: &Content) -> Result<LogKey, StoreError> {
    content.key.parse().map_err(|_| StoreError::damaged("the key of a watched log"))
}

fn newest(content: &Content) -> Result<Option<SignedCheckpoint>, StoreError> {
    let parse = |text: &str| SignedCheckpoint::parse(text.as_bytes()).map_err(|_| StoreError::damaged("the last checkpoint of a watched log"));
    content.newest.as_deref().map(parse).transpose()
}

/// Names a log that this node will watch, and the certificate of the node that may send its checkpoints.
/// Said again, it changes the name and the certificate, never the key.
///
/// # Errors
/// Law 8 for the node's own log; another key for a log that is watched already; law 13.
pub fn watch(desk: &Desk, session: &Session, name: &str, key: &str, certificate: Option<&[u8]>) -> Result<WatchedView, StoreError> {
    desk.store.check_node_step(Some(session), NodeStep::NameWitnesses)?;
    let log: LogKey = key.trim().parse().map_err(input)?;
    if log.public_key() == super::own_log(desk)?.public_key() {
        return Err(StoreError::refused(Law::Checkpoint, "this is the node's own log: a log cannot witness itself"));
    }
    let certificate = certificate.map(one_certificate).transpose()?.map(|c| c.to_pem());
    let id = id_of("watched", log.name().as_str());
    let old = desk.store.register_one("watched", &id)?;
    let mut content = Content { name: name_for_people(name)?, key: log.to_string(), certificate, newest: None, cosigned: None };
    let (state, basis) = match &old {
        None => ("live", Basis::New),
        Some(old) => {
            let before: Content = old.content()?;
            if before.key != content.key {
                return Err(StoreError::refused(Law::Checkpoint, format!("{} is watched with another key: a log that changes its key is another log", log.name())));
            }
            (content.newest, content.cosigned) = (before.newest, before.cosigned);
            (old.state.as_str(), Basis::Over(old.version))
        }
    };
    let event = NewEvent::new(EventType::LogWatched, Some(id.clone()), json!({"name": name, "key": content.key, "certificate": content.certificate}));
    let write = row(desk, "watched", &id, state, &content, basis)?;
    desk.store.commit_node(Some(session), NodeStep::NameWitnesses, event, vec![write])?;
    let row = desk.store.register_one("watched", &id)?.ok_or_else(|| StoreError::damaged("a row that was just written"))?;
    view(&row)
}

/// The logs that this node watches.
///
/// # Errors
/// When the database refuses.
pub fn watched(desk: &Desk, session: &Session) -> Result<Vec<WatchedView>, StoreError> {
    let views = desk.store.register("watched")?.iter().map(view).collect::<Result<Vec<_>, _>>()?;
    let event = NewEvent::new(EventType::LogConsulted, None, json!({"what": "watched logs", "count": views.len()}));
    desk.store.commit_node(Some(session), NodeStep::ReadLog, event, vec![])?;
    Ok(views)
}

/// Certificates (DER) of the nodes that may ask this one over TLS.
///
/// # Errors
/// When the database refuses.
pub fn peers(desk: &Desk) -> Result<Vec<Vec<u8>>, StoreError> {
    let contents = desk.store.register("watched")?.iter().map(Row::content).collect::<Result<Vec<Content>, _>>()?;
    let pem = contents.iter().filter_map(|content| content.certificate.as_deref());
    pem.map(|pem| one_certificate(pem.as_bytes()).map(|c| c.to_der().to_vec())).collect()
}

/// What a witness answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Cosigned: the line, and the checkpoint that it is for.
    Cosigned(SignatureLine, Box<SignedCheckpoint>),
    /// The proof begins elsewhere: the witness holds a checkpoint of this many events.
    Elsewhere(u64),
    /// The log showed two histories: never cosigned again.
    Split,
    /// Not one of the logs that are watched here (for this node).
    Unknown,
    /// Not signed by that log.
    NotSigned,
    /// Signed, but the proof does not show growth.
    Worthless(String),
    /// Not a request at all.
    Malformed(String),
}

/// Judges a request and cosigns it, or says why not. `peer` is the certificate that was shown over TLS:
/// a node may only send checkpoints of the log that it was named for.
///
/// # Errors
/// When the database refuses, or this home was restored and not resumed (law 3).
pub fn cosign(desk: &Desk, session: Option<&Session>, peer: Option<&[u8]>, request: &[u8]) -> Result<Answer, StoreError> {
    desk.ready()?;
    let growth = match Growth::parse(request) {
        Ok(growth) => growth,
        Err(error) => return Ok(Answer::Malformed(error.to_string())),
    };
    if growth.old_size() > growth.note().claimed().size {
        return Ok(Answer::Malformed("the old size is larger than the checkpoint".into()));
    }
    for _ in 0..TRIES {
        match once(desk, session, peer, &growth) {
            Err(StoreError::Conflict) => {}
            done => return done,
        }
    }
    Err(StoreError::Conflict)
}

fn once(desk: &Desk, session: Option<&Session>, peer: Option<&[u8]>, growth: &Growth) -> Result<Answer, StoreError> {
    let Some((row, content)) = find(desk, peer, growth.note())? else { return Ok(Answer::Unknown) };
    let log = log_of(&content)?;
    let known = newest(&content)?;
    match judge(growth, &log, known.as_ref()) {
        Judgement::Refused(NoteError::NotSigned(_) | NoteError::FalseSignature(_) | NoteError::OtherLog { .. }) => Ok(Answer::NotSigned),
        Judgement::Split(split) => keep_split(desk, session, &row, &content, &log, &split),
        _ if row.state == "split" => Ok(Answer::Split),
        Judgement::Elsewhere => Ok(Answer::Elsewhere(known.map_or(0, |note| note.claimed().size.0))),
        Judgement::Refused(error) => note_worthless(desk, session, &row, growth, error.to_string()),
        Judgement::Grown(_) => sign(desk, session, &row, content, &log, growth, known.as_ref()),
    }
}

/// The row of a log, when this peer may speak for it.
fn find(desk: &Desk, peer: Option<&[u8]>, note: &SignedCheckpoint) -> Result<Option<(Row, Content)>, StoreError> {
    let Some(row) = desk.store.register_one("watched", &id_of("watched", note.claimed().origin.as_str()))? else { return Ok(None) };
    let content: Content = row.content()?;
    let its_own = match (peer, content.certificate.as_deref()) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(shown), Some(pem)) => one_certificate(pem.as_bytes())?.to_der() == shown,
    };
    Ok(its_own.then_some((row, content)))
}

fn sign(
    desk: &Desk,
    session: Option<&Session>,
    old: &Row,
    content: Content,
    log: &LogKey,
    growth: &Growth,
    known: Option<&SignedCheckpoint>,
) -> Result<Answer, StoreError> {
    let now = desk.now();
    let seconds = u64::try_from(now.seconds()).map_err(|_| StoreError::input("the clock of this node stands before 1970: set it"))?;
    let line = signer(desk)?.cosign(growth, log, known.map(SignedCheckpoint::claimed), seconds).map_err(input)?;
    let claimed = growth.note().claimed();
    let detail = json!({"origin": claimed.origin.to_string(), "size": claimed.size.0, "root": claimed.root, "line": line.to_string()});
    let content = Content { newest: Some(growth.note().to_text()), cosigned: Some(now), ..content };
    let write = row(desk, "watched", &old.id, "live", &content, Basis::Over(old.version))?;
    let event = NewEvent::new(EventType::CheckpointCosigned, Some(old.id.clone()), detail);
    desk.store.commit_node(session, NodeStep::ExchangeCheckpoints, event, vec![write])?;
    Ok(Answer::Cosigned(line, Box::new(growth.note().clone())))
}

fn keep_split(desk: &Desk, session: Option<&Session>, old: &Row, content: &Content, log: &LogKey, split: &Split) -> Result<Answer, StoreError> {
    let (event, mut rows) = splits::keeping(desk, log, split)?;
    rows.push(row(desk, "watched", &old.id, "split", content, Basis::Over(old.version))?);
    desk.store.commit_node(session, NodeStep::ExchangeCheckpoints, event, rows)?;
    Ok(Answer::Split)
}

/// A signed checkpoint with a worthless proof accuses nobody, but it is remembered.
fn note_worthless(desk: &Desk, session: Option<&Session>, old: &Row, growth: &Growth, text: String) -> Result<Answer, StoreError> {
    let detail = json!({"step": "cosign", "law": Law::AppendOnly.number(), "text": text, "request": growth.to_text()});
    let event = NewEvent::new(EventType::StepRefused, Some(old.id.clone()), detail);
    desk.store.commit_node(session, NodeStep::ExchangeCheckpoints, event, vec![])?;
    Ok(Answer::Worthless(text))
}

/// The last checkpoint that was cosigned for the node with this certificate: what it may compare with.
///
/// # Errors
/// When the database refuses.
pub fn newest_for(desk: &Desk, peer: &[u8]) -> Result<Option<String>, StoreError> {
    let is_peer = |content: &Content| {
        let pem = content.certificate.as_deref().map(|pem| one_certificate(pem.as_bytes()));
        matches!(pem, Some(Ok(certificate)) if Certificate::to_der(&certificate) == peer)
    };
    let contents = desk.store.register("watched")?.iter().map(Row::content).collect::<Result<Vec<Content>, _>>()?;
    Ok(contents.into_iter().filter(is_peer).max_by_key(|content| content.cosigned).and_then(|content| content.newest))
}

/// Cosigns a request that came as a file; gives the checkpoint with this node's line, to be carried back.
///
/// # Errors
/// Laws 3 and 8, with what to do.
pub fn sign_file(desk: &Desk, session: &Session, request: &[u8]) -> Result<String, StoreError> {
    let refused = |law: Law, text: String| Err(desk.store.note_refused(session, "cosign a file", StoreError::refused(law, text))?);
    match cosign(desk, Some(session), None, request)? {
        Answer::Cosigned(line, note) => Ok(note.with_cosignature(line, &signer(desk)?.witness_key()).map_err(input)?.to_text()),
        Answer::Elsewhere(size) => Err(StoreError::input(format!(
            "the proof in this file does not begin where this witness stands: it holds {size} events; the other agency repeats `log witness request --from {size}`"
        ))),
        Answer::Split => refused(
            Law::AppendOnly,
            "THIS LOG SHOWED TWO HISTORIES. It is cosigned no more, and both signed checkpoints are kept: `lanternfish log witness splits --out FOLDER` writes the proof; tell the other agency and your supervisor".into(),
        ),
        Answer::Unknown => refused(Law::Checkpoint, "the log of this file is not watched here: an administrator or supervisor names it with `lanternfish witness watch`".into()),
        Answer::NotSigned => refused(Law::Checkpoint, "the checkpoint in this file is not signed with the key of the log that is watched here".into()),
        Answer::Worthless(text) => refused(Law::AppendOnly, text),
        Answer::Malformed(text) => Err(StoreError::input(text)),
    }
}
