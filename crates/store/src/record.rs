//! Records: one row a thing, structure in the clear, content sealed.
//!
//! A row is only ever written together with the event that describes it (law 2); its digest enters
//! that event's leaf, so that a row changed behind the log's back is found without any content key.

use model::{Moment, Sha256Digest, id::{ActorId, CaseId}};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    StoreError,
    sql::{Cells, Val},
};

/// The structure of a row: what may stand in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Which kind of thing, such as `exhibit`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// The case it belongs to; `None` for the agency's own register.
    pub case: Option<CaseId>,
    /// The thing it hangs on.
    pub parent: Option<String>,
    /// Its number for people.
    pub number: Number,
    /// Its state.
    pub state: String,
    /// The person it concerns or who made it.
    pub actor: Option<ActorId>,
    /// When it was made or last changed.
    pub time: Moment,
}

/// A number for people, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// It has none.
    None,
    /// This one.
    Is(i64),
    /// The next after the highest that is at least `base`, within the kind and case.
    NextAfter(i64),
}

/// What a row holds.
#[derive(Debug, Clone)]
pub enum Content {
    /// To be sealed under the case key (or the agency key where there is no case).
    Json(Value),
    /// Sealed already, for one person or set of people (age).
    Sealed(Vec<u8>),
    /// Sealed already under the case's key, as a tombstone carries it.
    Again(Vec<u8>),
    /// Nothing: the row was erased (law 10). Only an erasure writes it.
    Erased,
}

/// Whether a row is new or replaces a known version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Must not exist yet.
    New,
    /// Replaces exactly this version; otherwise [`StoreError::Conflict`].
    Over(i64),
}

/// One row to be written.
#[derive(Debug, Clone)]
pub struct Write {
    /// Structure.
    pub head: Head,
    /// Content.
    pub content: Content,
    /// Values to be found by equality, as keyed blind indexes: (name, value).
    pub index: Vec<(&'static str, String)>,
    /// New or over a version.
    pub basis: Basis,
}

/// A row as it was read.
#[derive(Debug, Clone)]
pub struct Row {
    /// Kind of thing.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its case.
    pub case: Option<CaseId>,
    /// What it hangs on.
    pub parent: Option<String>,
    /// Number for people.
    pub number: Option<i64>,
    /// State.
    pub state: String,
    /// Person.
    pub actor: Option<ActorId>,
    /// Time.
    pub time: Moment,
    /// Version, from 1.
    pub version: i64,
    /// The event that wrote this version.
    pub event: u64,
    pub(crate) key_ref: String,
    pub(crate) sealed: Vec<u8>,
    pub(crate) opened: Option<Value>,
}

impl Row {
    /// The content as `T`.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the content is not of that shape.
    pub fn content<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        let value = self.opened.as_ref().ok_or_else(|| StoreError::damaged(format!("{} {} was not opened", self.kind, self.id)))?;
        T::deserialize(value).map_err(|e| StoreError::damaged(format!("{} {}: {e}", self.kind, self.id)))
    }

    /// Whether an erasure took its content.
    pub fn is_erased(&self) -> bool {
        self.key_ref == KEY_ERASED
    }

    /// Bytes of a row that was sealed for one person or set of people.
    pub fn sealed_bytes(&self) -> &[u8] {
        &self.sealed
    }

    pub(crate) fn from_cells(cells: &Cells) -> Result<Row, StoreError> {
        let parse = |text: Option<String>| text.map(|t| t.parse()).transpose().map_err(StoreError::damaged);
        let case = cells.opt_text(2).map(|t| t.parse::<CaseId>()).transpose().map_err(StoreError::damaged)?;
        Ok(Row {
            kind: cells.text(0)?,
            id: cells.text(1)?,
            case,
            parent: cells.opt_text(3),
            number: cells.opt_int(4),
            state: cells.text(5)?,
            actor: parse(cells.opt_text(6))?,
            time: Moment::from_micros(cells.int(7)?),
            version: cells.int(8)?,
            event: cells.int(9)?.unsigned_abs(),
            key_ref: cells.text(10)?,
            sealed: cells.blob(11)?,
            opened: None,
        })
    }

    /// Digest of everything in the row and of the keyed indexes under which it is found (sorted by name
    /// and value); this is what an event's leaf commits to. Without the indexes, a hit could be hidden by
    /// taking its index out.
    pub(crate) fn digest(&self, blinds: &[Blind]) -> Sha256Digest {
        let mut hasher = Sha256::new();
        let mut field = |bytes: &[u8]| {
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        field(self.kind.as_bytes());
        field(self.id.as_bytes());
        field(self.case.as_ref().map_or("", |c| c.as_str()).as_bytes());
        field(self.parent.as_deref().unwrap_or("").as_bytes());
        field(self.number.map_or(String::new(), |n| n.to_string()).as_bytes());
        field(self.state.as_bytes());
        field(self.actor.as_ref().map_or("", |a| a.as_str()).as_bytes());
        field(&self.time.micros().to_be_bytes());
        field(&self.version.to_be_bytes());
        field(self.key_ref.as_bytes());
        field(&self.sealed);
        for (name, blind) in blinds {
            field(name.as_bytes());
            field(blind);
        }
        Sha256Digest(hasher.finalize().into())
    }

    pub(crate) fn values(&self) -> Vec<Val> {
        vec![
            Val::text(self.kind.clone()),
            Val::text(self.id.clone()),
            Val::opt(self.case.as_ref().map(|c| c.as_str().to_string())),
            Val::opt(self.parent.clone()),
            self.number.map_or(Val::Null, Val::Int),
            Val::text(self.state.clone()),
            Val::opt(self.actor.as_ref().map(|a| a.as_str().to_string())),
            Val::Int(self.time.micros()),
            Val::Int(self.version),
            Val::Int(i64::try_from(self.event).unwrap_or(i64::MAX)),
            Val::text(self.key_ref.clone()),
            Val::Blob(self.sealed.clone()),
        ]
    }
}

/// One keyed index of a row: its name and the HMAC of the value.
pub(crate) type Blind = (String, Vec<u8>);

/// Under this kind the sealed detail of an event is noted among the rows that the event wrote.
pub(crate) const DETAIL: &str = "event-detail";

/// Under this kind the key of an event's detail is noted when it is destroyed.
pub(crate) const DETAIL_KEY: &str = "event-key";
/// Under this kind an object is noted when an erasure takes it out of the folder.
pub(crate) const OBJECT: &str = "object";
/// What stands in `key_ref` of a row without content.
pub(crate) const KEY_ERASED: &str = "erased";

/// What a leaf commits to for a thing that an erasure destroyed.
pub(crate) fn erased_digest() -> Sha256Digest {
    Sha256Digest::of(b"lanternfish: erased")
}

/// How the key of an event's detail is noted: by place and leaf, because after a restore another event may
/// stand at the same place.
pub(crate) fn detail_key_id(seq: u64, leaf_hash: &Sha256Digest) -> String {
    format!("{seq}-{}", &leaf_hash.hex()[..32])
}

/// Digest of a sealed detail as it lies in the database: a detail that was damaged is found without a key.
pub(crate) fn detail_digest(key_ref: &str, sealed: &[u8]) -> Sha256Digest {
    let mut hasher = Sha256::new();
    hasher.update((key_ref.len() as u64).to_be_bytes());
    hasher.update(key_ref.as_bytes());
    hasher.update(sealed);
    Sha256Digest(hasher.finalize().into())
}

/// What a leaf commits to for the rows its event wrote: kind, id and digest of each, sorted.
pub(crate) fn rows_digest(rows: &[(String, String, Sha256Digest)]) -> Option<Sha256Digest> {
    if rows.is_empty() {
        return None;
    }
    let mut sorted: Vec<_> = rows.to_vec();
    sorted.sort();
    let mut hasher = Sha256::new();
    for (kind, id, digest) in &sorted {
        hasher.update(kind.as_bytes());
        hasher.update([0]);
        hasher.update(id.as_bytes());
        hasher.update([0]);
        hasher.update(digest.0);
    }
    Some(Sha256Digest(hasher.finalize().into()))
}
