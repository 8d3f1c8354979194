//! Witnesses of this node's own log: who they are, what is sent to them, what came back (law 8).
//!
//! A cosignature is kept only for a checkpoint that this log holds and only by a key that a person named.
//! A checkpoint of this log that contradicts it is a proof that two histories exist: both are kept, and
//! nothing is sent for cosigning any more (law 3). Bytes are carried by others; nothing is sent here.

use std::net::{IpAddr, SocketAddr};

use ledger::{
    Checkpoint, Growth, SignedCheckpoint, Split, TreeSize, WitnessKey,
    note::{SignatureLine, UnknownSigners, Witnessed},
};
use model::{Law, Moment, Sha256Digest, authorize::NodeStep, event::EventType};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Basis, NewEvent, Session, StoreError};

use super::{id_of, moment, name_for_people, one_certificate, own_log, row, splits};
use crate::{Desk, office::input};

/// What is typed to name a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddWitness {
    /// Its name for people.
    pub name: String,
    /// Its verifier key, as its `witness identity` printed it.
    pub key: String,
    /// `https://IP:PORT`, when it is asked over the network.
    pub url: Option<String>,
    /// The certificate that its node shows, PEM.
    pub certificate: Option<Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    name: String,
    key: String,
    url: Option<String>,
    certificate: Option<String>,
}

/// A witness of this log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WitnessView {
    /// Its name for people.
    pub name: String,
    /// Its verifier key.
    pub key: String,
    /// Where it is asked; none: files are carried.
    pub url: Option<String>,
    /// SHA-256 of the certificate that its node must show.
    pub certificate: Option<Sha256Digest>,
    /// Number of events that it has seen.
    pub events: u64,
    /// When it last cosigned, by its own clock.
    pub cosigned: Option<Moment>,
}

/// Host and path prefix of a witness's address. Only numbers: a name that is looked up is a name that is
/// told to somebody.
///
/// # Errors
/// What the address must look like.
pub fn address(url: &str) -> Result<(SocketAddr, String), StoreError> {
    let wrong = || StoreError::input(format!("{url} is not the address of a witness: write https://IP:PORT with the IP address in numbers; no name is looked up", url = model::quoted(url)));
    let rest = url.strip_prefix("https://").ok_or_else(wrong)?;
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let safe = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~".contains(&b));
    let place = host.parse::<SocketAddr>().or_else(|_| host.trim_matches(['[', ']']).parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 443)));
    match place {
        Ok(place) if safe && path.len() <= 200 => Ok((place, path.trim_end_matches('/').to_string())),
        _ => Err(wrong()),
    }
}

/// Names a witness of this log.
///
/// # Errors
/// Law 8 for a key of this node itself; law 13; an address without a certificate.
pub fn add(desk: &Desk, session: &Session, typed: &AddWitness) -> Result<WitnessView, StoreError> {
    desk.store.check_node_step(Some(session), NodeStep::NameWitnesses)?;
    let key: WitnessKey = typed.key.trim().parse().map_err(input)?;
    let own_witness = super::signer(desk).map(|signer| *signer.witness_key().public_key()).ok();
    if key.public_key() == own_log(desk)?.public_key() || own_witness.as_ref() == Some(key.public_key()) {
        return Err(StoreError::refused(Law::Checkpoint, "this is a key of this node: a log cannot witness itself"));
    }
    if typed.url.is_some() != typed.certificate.is_some() {
        return Err(StoreError::input("name --url and --certificate together, or neither of them when files are carried"));
    }
    typed.url.as_deref().map(address).transpose()?;
    let certificate = typed.certificate.as_deref().map(one_certificate).transpose()?.map(|c| c.to_pem());
    let content = Content { name: name_for_people(&typed.name)?, key: key.to_string(), url: typed.url.clone(), certificate };
    let id = id_of("witness", &content.key);
    let others = contents(desk)?;
    if others.iter().any(|(other, one)| *other != id && (one.name == content.name || one.key.split('+').next() == Some(key.name().as_str()))) {
        return Err(StoreError::input(format!("another witness has the name {} already: choose another", model::quoted(&content.name))));
    }
    let basis = desk.store.register_one("witness", &id)?.map_or(Basis::New, |row| Basis::Over(row.version));
    let write = row(desk, "witness", &id, "live", &content, basis)?;
    let event = NewEvent::new(EventType::WitnessNamed, Some(id), json!({"name": content.name, "key": content.key, "url": content.url, "certificate": content.certificate}));
    desk.store.commit_node(Some(session), NodeStep::NameWitnesses, event, vec![write])?;
    view(desk, &content, &cosigned(desk)?)
}

fn contents(desk: &Desk) -> Result<Vec<(String, Content)>, StoreError> {
    desk.store.register("witness")?.iter().map(|row| Ok((row.id.clone(), row.content()?))).collect()
}

fn view(desk: &Desk, content: &Content, cosigned: &[Cosigned]) -> Result<WitnessView, StoreError> {
    let key: WitnessKey = content.key.parse().map_err(|_| StoreError::damaged("the key of a witness"))?;
    let last = last_of(desk, &key, cosigned)?;
    let certificate = content.certificate.as_deref().map(|pem| one_certificate(pem.as_bytes())).transpose()?;
    Ok(WitnessView {
        name: content.name.clone(),
        key: content.key.clone(),
        url: content.url.clone(),
        certificate: certificate.map(|c| c.digest()),
        events: last.as_ref().map_or(0, |(size, _)| *size),
        cosigned: last.map(|(_, at)| at),
    })
}

/// Size and time of the last checkpoint that a witness cosigned.
fn last_of(desk: &Desk, key: &WitnessKey, cosigned: &[Cosigned]) -> Result<Option<(u64, Moment)>, StoreError> {
    let log = own_log(desk)?;
    for one in cosigned.iter().rev() {
        let (checkpoint, by) = one.note.verify(&log, std::slice::from_ref(key), UnknownSigners::Ignore).map_err(input)?;
        if let Some(witnessed) = by.first() {
            return Ok(Some((checkpoint.size.0, moment(witnessed.unix_seconds))));
        }
    }
    Ok(None)
}

/// The witnesses of this log.
///
/// # Errors
/// When the database refuses.
pub fn list(desk: &Desk, session: &Session) -> Result<Vec<WitnessView>, StoreError> {
    let kept = cosigned(desk)?;
    let views = contents(desk)?.iter().map(|(_, content)| view(desk, content, &kept)).collect::<Result<Vec<_>, _>>()?;
    let event = NewEvent::new(EventType::LogConsulted, None, json!({"what": "witnesses", "count": views.len()}));
    desk.store.commit_node(Some(session), NodeStep::ReadLog, event, vec![])?;
    Ok(views)
}

/// Verifier keys of all witnesses: the file `witnesses` of the anchors.
pub(crate) fn keys(desk: &Desk) -> Result<Vec<WitnessKey>, StoreError> {
    contents(desk)?.iter().map(|(_, content)| content.key.parse().map_err(|_| StoreError::damaged("the key of a witness"))).collect()
}

/// A witness that is asked over the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlineWitness {
    /// Its name for people.
    pub name: String,
    /// Verifier key.
    pub key: String,
    /// Where it listens.
    pub place: SocketAddr,
    /// Path before `/add-checkpoint`.
    pub prefix: String,
    /// The certificate that it must show, DER.
    pub certificate: Vec<u8>,
    /// Number of events that it is known to have seen.
    pub events: u64,
}

/// The witnesses with an address: all, or the one of this name.
///
/// # Errors
/// When there is no such witness, or it has no address.
pub fn online(desk: &Desk, only: Option<&str>) -> Result<Vec<OnlineWitness>, StoreError> {
    let kept = cosigned(desk)?;
    let mut found = Vec::new();
    for (_, content) in contents(desk)?.into_iter().filter(|(_, content)| only.is_none_or(|name| name == content.name)) {
        let (Some(url), Some(pem)) = (&content.url, &content.certificate) else { continue };
        let (place, prefix) = address(url)?;
        let certificate = one_certificate(pem.as_bytes())?.to_der().to_vec();
        let events = view(desk, &content, &kept)?.events;
        found.push(OnlineWitness { name: content.name, key: content.key, place, prefix, certificate, events });
    }
    match only {
        Some(name) if found.is_empty() => Err(StoreError::input(format!("there is no witness {name} with an address: see `lanternfish log witness list`", name = model::quoted(name)))),
        _ => Ok(found),
    }
}

// ---- what is sent

/// The checkpoint that is sent to the witnesses; the event that says so is inside it.
///
/// # Errors
/// Law 3 when two histories of this log are known, or the home was restored and not resumed.
pub fn begin(desk: &Desk, session: &Session, to: &str) -> Result<SignedCheckpoint, StoreError> {
    let origin = desk.store.origin()?;
    if splits::is_split(desk, &origin)? {
        let text = "two histories of this log are known: nothing is sent for cosigning; keep both, tell your supervisor, see `lanternfish log witness splits`";
        return Err(desk.store.note_refused(session, "cosign", StoreError::refused(Law::AppendOnly, text))?);
    }
    let event = NewEvent::new(EventType::LogConsulted, None, json!({"what": "checkpoint for witnesses", "to": to}));
    desk.store.commit_node(Some(session), NodeStep::ExchangeCheckpoints, event, vec![])?;
    desk.store.checkpoint()
}

/// `note` with the proof that it continues the first `old` events.
///
/// # Errors
/// When the log is shorter than `old`.
pub fn growth(desk: &Desk, old: u64, note: &SignedCheckpoint) -> Result<Growth, StoreError> {
    let size = note.claimed().size;
    if old == 0 {
        return Ok(Growth::from_nothing(note.clone()));
    }
    Ok(Growth::new(TreeSize(old), desk.store.consistency(old, size.0)?, note.clone()))
}

/// This log's own checkpoint of exactly `size` events, shown to a witness that could not follow the growth.
///
/// # Errors
/// When the log is shorter.
pub fn one_size(desk: &Desk, size: u64) -> Result<Growth, StoreError> {
    Ok(Growth::new(TreeSize(size), Vec::new(), desk.store.checkpoint_at(size)?))
}

/// The request as a file: from `from` events, or from what this witness has seen by the records here.
///
/// # Errors
/// As [`begin`]; when there is no such witness.
pub fn request(desk: &Desk, session: &Session, witness: Option<&str>, from: Option<u64>) -> Result<String, StoreError> {
    let kept = cosigned(desk)?;
    let views = contents(desk)?.iter().map(|(_, content)| view(desk, content, &kept)).collect::<Result<Vec<_>, _>>()?;
    let known = match witness {
        Some(name) => Some(views.iter().find(|view| view.name == name).ok_or_else(|| StoreError::input(format!("there is no witness {name}: see `lanternfish log witness list`", name = model::quoted(name))))?),
        None if views.len() == 1 => views.first(),
        None => None,
    };
    let old = from.or(known.map(|view| view.events)).unwrap_or(0);
    let note = begin(desk, session, "a file")?;
    Ok(growth(desk, old, &note)?.to_text())
}

// ---- what came back

/// A cosigned checkpoint that is kept.
pub(super) struct Cosigned {
    pub note: SignedCheckpoint,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    note: String,
}

/// Cosigned checkpoints of the log's present epoch, the oldest first.
pub(super) fn cosigned(desk: &Desk) -> Result<Vec<Cosigned>, StoreError> {
    let origin = desk.store.origin()?;
    let mut all = Vec::new();
    for row in desk.store.register("cosigned")? {
        let kept: Kept = row.content()?;
        let note = SignedCheckpoint::parse(kept.note.as_bytes()).map_err(|e| StoreError::damaged(e.to_string()))?;
        if note.claimed().origin.as_str() == origin {
            all.push(Cosigned { note });
        }
    }
    all.sort_by_key(|one| one.note.claimed().size);
    Ok(all)
}

/// A cosignature that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CosignedView {
    /// Number of events that are witnessed now.
    pub events: u64,
    /// Who cosigned, and when by the witness's own clock.
    pub witnesses: Vec<(String, Moment)>,
}

/// Takes the line that a witness answered for `note`.
///
/// # Errors
/// As [`accept`].
pub fn accept_line(desk: &Desk, session: &Session, note: &SignedCheckpoint, line: &str, key: &str) -> Result<CosignedView, StoreError> {
    let key: WitnessKey = key.parse().map_err(input)?;
    let line = SignatureLine::parse(line.trim_end_matches('\n')).map_err(input)?;
    let note = note.clone().with_cosignature(line, &key).map_err(|e| StoreError::refused(Law::Checkpoint, e.to_string()))?;
    accept(desk, session, note.to_text().as_bytes())
}

/// Takes a checkpoint that came back with cosignatures, after comparing it with the log.
///
/// # Errors
/// Law 8 when no named witness has cosigned it; law 3 when this log does not hold it.
pub fn accept(desk: &Desk, session: &Session, bytes: &[u8]) -> Result<CosignedView, StoreError> {
    let note = SignedCheckpoint::parse(bytes).map_err(input)?;
    let checkpoint = compare_note(desk, session, &note)?;
    let (keys, log) = (keys(desk)?, own_log(desk)?);
    let by = note.verify(&log, &keys, UnknownSigners::Ignore).map_err(|e| StoreError::refused(Law::Checkpoint, e.to_string()))?.1;
    if by.is_empty() {
        let text = "no witness that you named has cosigned this checkpoint: name it first with `lanternfish log witness add`";
        return Err(StoreError::refused(Law::Checkpoint, text));
    }
    let merged = merge(desk, &note, &keys)?;
    let id = id_of("cosigned", &checkpoint.to_text());
    let old = desk.store.register_one("cosigned", &id)?;
    let basis = old.map_or(Basis::New, |row| Basis::Over(row.version));
    let write = row(desk, "cosigned", &id, "live", &Kept { note: merged.to_text() }, basis)?;
    let witnesses: Vec<(String, Moment)> = by.iter().map(seen).collect();
    let detail = json!({"size": checkpoint.size.0, "root": checkpoint.root, "witnesses": witnesses});
    let event = NewEvent::new(EventType::CosignatureReceived, Some(id), detail);
    desk.store.commit_node(Some(session), NodeStep::ExchangeCheckpoints, event, vec![write])?;
    Ok(CosignedView { events: checkpoint.size.0, witnesses })
}

fn seen(by: &Witnessed) -> (String, Moment) {
    (by.name.to_string(), moment(by.unix_seconds))
}

/// The checkpoint with the lines of named witnesses only, old and new: a package takes no other.
fn merge(desk: &Desk, note: &SignedCheckpoint, keys: &[WitnessKey]) -> Result<SignedCheckpoint, StoreError> {
    let size = note.claimed().size;
    let before = cosigned(desk)?.into_iter().find(|one| one.note.claimed().size == size).map(|one| one.note);
    let mut merged = desk.store.checkpoint_at(size.0)?;
    let lines = note.lines().iter().chain(before.iter().flat_map(|note| note.lines()));
    for line in lines {
        let Some(key) = keys.iter().find(|key| key.name() == line.name()) else { continue };
        // The first line of a witness wins: the newer note comes first.
        merged = merged.clone().with_cosignature(line.clone(), key).unwrap_or(merged);
    }
    Ok(merged)
}

/// Compares this log with a checkpoint of it that somebody else holds, from a file.
///
/// # Errors
/// Law 3 when the log was cut, or shows another history; then both are kept.
pub fn compare(desk: &Desk, session: &Session, bytes: &[u8]) -> Result<Checkpoint, StoreError> {
    let note = SignedCheckpoint::parse(bytes).map_err(input)?;
    let checkpoint = compare_note(desk, session, &note)?;
    let event = NewEvent::new(EventType::LogConsulted, None, json!({"what": "compared with a checkpoint from elsewhere", "size": checkpoint.size.0, "root": checkpoint.root}));
    desk.store.commit_node(Some(session), NodeStep::ReadLog, event, vec![])?;
    Ok(checkpoint)
}

fn compare_note(desk: &Desk, session: &Session, note: &SignedCheckpoint) -> Result<Checkpoint, StoreError> {
    let log = own_log(desk)?;
    let (theirs, _) = note.verify(&log, &[], UnknownSigners::Ignore).map_err(input)?;
    let size = desk.store.log_size()?;
    if theirs.size.0 > size {
        return Err(said_behind(desk, session, theirs.size.0, &note.to_text())?);
    }
    let own = desk.store.checkpoint_at(theirs.size.0)?;
    if own.claimed().root == theirs.root {
        return Ok(theirs);
    }
    splits::keep(desk, Some(session), &log, &Split::of_one_size(note.clone(), own))?;
    Err(StoreError::refused(
        Law::AppendOnly,
        format!(
            "TWO HISTORIES OF THIS LOG EXIST: a checkpoint of {} events, signed with this log's own key, is not what this log holds. Both are kept: `lanternfish log witness splits --out FOLDER`. Stop working in this home, keep it as it is, tell your supervisor",
            theirs.size
        ),
    ))
}

/// Somebody holds a later checkpoint than this log has events: the tail was cut, or an older copy of the
/// home is in use. The event that says so keeps the checkpoint.
///
/// # Errors
/// When the database refuses; otherwise the refusal itself is the answer.
pub(super) fn said_behind(desk: &Desk, session: &Session, theirs: u64, note: &str) -> Result<StoreError, StoreError> {
    let size = desk.store.log_size()?;
    let text = format!(
        "this log has {size} events, but a checkpoint of {theirs} events is known outside: its end was cut off, or this home is an older copy. Stop working in it, keep it as it is, tell your supervisor"
    );
    let detail = json!({"step": "compare with a checkpoint from elsewhere", "law": Law::AppendOnly.number(), "text": text, "size": size, "known": theirs, "checkpoint": note});
    let event = NewEvent::new(EventType::StepRefused, None, detail);
    desk.store.commit_node(Some(session), NodeStep::ExchangeCheckpoints, event, vec![])?;
    Ok(StoreError::refused(Law::AppendOnly, text))
}
