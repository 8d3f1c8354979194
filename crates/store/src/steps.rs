//! The store itself: opening it, entering a case, and the one way to write.
//!
//! Every write is [`Store::commit`] or [`Store::commit_node`]: rows and their event in one
//! transaction, with the permit asked again inside it (laws 1, 2, 15). What needs no place in the log
//! yet is made ready here, by each thread for itself; the sequencer writes it.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use ledger::tree::Frontier;
use model::{
    Law, Moment, Sha256Digest,
    authorize::{Ground, NodeStep, authorize_node_step},
    event::EventType,
    id::{ActorId, CaseId},
    moment::ClockQuality,
};
use serde_json::{Value, json};

use crate::{
    StoreError,
    asking::own_permit,
    home::{Config, Database, Home},
    log::{LogHead, NewEvent},
    objects::Objects,
    permit::{Covered, Intent, Permit, Scope},
    record::{Basis, Blind, Content, KEY_ERASED, Row, Write},
    sequencer::{Question, Ready, Sequencer, Step},
    safeguard::is_half_restored,
    session::Session,
    sql::{self, Db, Sight, Val},
    tokens::{in_the_case, on_the_node},
    vault::{
        case_key::KeyRing,
        field::{Aad, blind_index, seal_field},
        secret::{Secret32, SecretBytes, random_32},
    },
};

/// Which key a sealed value opens with, as it stands in the `key_ref` column.
pub(crate) const KEY_AGENCY: &str = "agency";
pub(crate) const KEY_CASE: &str = "case";
/// A key of its own, which lies beside the event under the case's key and can be destroyed (law 10).
pub(crate) const KEY_DETAIL: &str = "detail";
pub(crate) const KEY_SEALED: &str = "sealed";

/// A node's records, open.
pub struct Store {
    pub(crate) home: Home,
    pub(crate) config: Config,
    pub(crate) db: Db,
    pub(crate) agency: Arc<Secret32>,
    pub(crate) objects: Objects,
    pub(crate) queue: Sequencer,
    clock: Box<dyn Fn() -> Moment + Send + Sync>,
    wall: Mutex<ClockQuality>,
}

/// What a commit did.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The event's place in the log.
    pub event: u64,
    /// The number of each written row, in order.
    pub numbers: Vec<Option<i64>>,
}

/// Under which key rows and details of a step are sealed.
#[derive(Clone)]
pub(crate) enum Seal {
    Agency(Arc<Secret32>),
    Case(Arc<KeyRing>),
}

impl Seal {
    pub fn key_ref(&self) -> &'static str {
        match self {
            Seal::Agency(_) => KEY_AGENCY,
            Seal::Case(_) => KEY_CASE,
        }
    }

    fn seal(&self, place: &Aad<'_>, bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
        Ok(match self {
            Seal::Agency(key) => seal_field(key, place, bytes)?,
            Seal::Case(ring) => ring.seal(place, bytes)?,
        })
    }

    pub fn blind(&self, name: &str, value: &str) -> [u8; 32] {
        match self {
            Seal::Agency(key) => blind_index(key, name, value.as_bytes()),
            Seal::Case(ring) => ring.blind_index(name, value.as_bytes()),
        }
    }
}

/// What must hold, or happen on the log's head, when a step is written.
pub(crate) enum Condition {
    /// The permit holds still.
    Permit { scope: Scope, intents: Vec<(Intent, Ground)> },
    /// This statement comes first.
    OnHead(&'static str),
}

impl Store {
    /// Makes a node: folders, keys, database, first event.
    ///
    /// # Errors
    /// When there is a home already, or the disk refuses.
    pub fn create(root: &Path, config: &Config) -> Result<Store, StoreError> {
        Store::create_with(root, config, None)
    }

    /// The same with the role that owns the tables of a server: it makes them first, and is kept nowhere.
    ///
    /// # Errors
    /// When there are records in the database already, or the server is not one that keeps a log.
    pub fn create_with(root: &Path, config: &Config, owner: Option<&Database>) -> Result<Store, StoreError> {
        let home = Home::at(root);
        if home.exists() {
            home.make()?;
        }
        let server = config.database.as_ref().map(|database| empty_server(database, owner)).transpose()?;
        if let Some(objects) = &config.objects {
            Objects::claim(objects, config.training)?;
        }
        home.make()?;
        crate::home::write_private(&home.node_file("agency.key"), hex::encode(random_32()?).as_bytes())?;
        crate::home::write_private(&home.node_file("log.key"), hex::encode(random_32()?).as_bytes())?;
        let db = match server {
            Some(db) => db,
            None => home.make_database().and_then(|()| Db::file(&home.database(), true))?,
        };
        let mut tx = db.begin(Sight::Docket)?;
        tx.run(sql::HEAD_MAKE, &[Val::Blob(Frontier::empty().to_bytes())])?;
        tx.commit()?;
        drop(db);
        home.write_config(config)?;
        let store = Store::open(root)?;
        let detail = json!({"agency": config.agency, "origin": config.origin});
        store.commit_node(None, NodeStep::ManageUsers, NewEvent::new(EventType::LogOpened, None, detail), vec![])?;
        Ok(store)
    }

    /// Opens a node.
    ///
    /// # Errors
    /// When there is none, or its files cannot be read.
    pub fn open(root: &Path) -> Result<Store, StoreError> {
        let home = Home::at(root);
        if is_half_restored(home.root()) {
            return Err(StoreError::input("this home was not restored to its end: remove the folder and restore the backup again"));
        }
        Store::open_restored(root)
    }

    /// The same for a home whose restore is not at its end: only the replay of tombstones opens it so.
    pub(crate) fn open_restored(root: &Path) -> Result<Store, StoreError> {
        let home = Home::at(root);
        let config = home.config()?;
        let agency = Arc::new(read_secret(&home, "agency.key")?);
        let db = match &config.database {
            None => Db::file(&home.database(), false)?,
            Some(database) => Db::server(database)?,
        };
        let objects = Objects::open(root, &config)?;
        Ok(Store { home, config, db, agency, objects, queue: Sequencer::default(), clock: Box::new(system_now), wall: Mutex::new(ClockQuality::Unknown) })
    }

    /// The same store with another clock: for drills and tests of a clock that jumps.
    pub fn with_clock(mut self, clock: impl Fn() -> Moment + Send + Sync + 'static) -> Store {
        self.clock = Box::new(clock);
        self
    }

    /// Settings of the node.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Paths of the node.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The node's time.
    pub fn now(&self) -> Moment {
        (self.clock)()
    }

    /// Tells the store what the system says about its clock; it enters each event's detail.
    pub fn note_clock_quality(&self, quality: ClockQuality) {
        *self.wall.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = quality;
    }

    /// What is known about the clock now, measured against the last event too.
    pub fn clock_quality(&self) -> ClockQuality {
        let noted = self.wall.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        match LogHead::read(&self.db) {
            Ok(head) => judge_clock(noted, self.now(), head.last_time),
            Err(_) => noted,
        }
    }

    /// A secret file of the node, such as `ca.key`, or `None` when it was never made.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn node_secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match std::fs::read(self.home.node_file(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StoreError::environment(format!("reading the node file {name}"), &e)),
        }
    }

    /// Enters a case: unwraps its keys with the session's own identity.
    ///
    /// # Errors
    /// Law 13 when the person is not a member; law 1 for a token of another case.
    pub fn enter(&self, session: &Session, case: &CaseId) -> Result<Scope, StoreError> {
        crate::tokens::in_its_case(session, case)?;
        let ring = Arc::new(self.unwrap_ring(session, case)?);
        Ok(Scope { actor: session.actor.clone(), role: session.role, case: case.clone(), ring, bound: session.bound.clone() })
    }

    /// The one way to write inside a case: rows and event together, the permit asked again.
    ///
    /// # Errors
    /// Laws 1 and 15 when the permit no longer holds; [`StoreError::Conflict`] when a row changed.
    pub fn commit(&self, scope: &Scope, permit: &Permit, event: NewEvent, rows: Vec<Write>) -> Result<Committed, StoreError> {
        own_permit(scope, permit)?;
        if rows.iter().any(|row| row.head.case.as_ref() != Some(&scope.case)) {
            return Err(StoreError::refused(Law::Permit, "a step writes only into its own case"));
        }
        let mut event = event;
        if let Value::Object(detail) = &mut event.detail {
            detail.insert("ground".into(), serde_json::to_value(&permit.ground).expect("a ground is plain data"));
            let covered: Vec<Value> = permit.covered().iter().map(covered_line).collect();
            if !covered.is_empty() {
                detail.insert("covered".into(), covered.into());
            }
        }
        let condition = Condition::Permit { scope: scope.lent(), intents: permit.grounds() };
        self.write(Some(&scope.actor), Some(&scope.case), Seal::Case(Arc::clone(&scope.ring)), in_the_case(event, scope), rows, Some(condition))
    }

    /// The one way to write on the node itself, outside any case.
    ///
    /// # Errors
    /// Law 13 when the role may not.
    pub fn commit_node(&self, session: Option<&Session>, step: NodeStep, event: NewEvent, rows: Vec<Write>) -> Result<Committed, StoreError> {
        self.check_node_step(session, step)?;
        let event = on_the_node(event, session);
        self.write(session.map(|s| &s.actor), None, self.agency_seal(), event, rows, None)
    }

    /// Begins a case (or a tip, which is sealed the same way): its keys, its first rows, its first event.
    ///
    /// # Errors
    /// Law 13 when the role may not open one.
    pub fn commit_new_case(&self, session: &Session, step: NodeStep, scope: &Scope, event: NewEvent, rows: Vec<Write>) -> Result<Committed, StoreError> {
        self.check_node_step(Some(session), step)?;
        self.write(Some(&session.actor), Some(&scope.case), Seal::Case(Arc::clone(&scope.ring)), event, rows, None)
    }

    /// Whether the person may do a step on the node; a refusal is an event.
    ///
    /// # Errors
    /// [`StoreError::Refused`].
    pub fn check_node_step(&self, session: Option<&Session>, step: NodeStep) -> Result<(), StoreError> {
        let Err(refusal) = authorize_node_step(session.map(|s| s.role), step) else { return Ok(()) };
        let detail = json!({"step": format!("{step:?}"), "law": refusal.law.number(), "text": refusal.text});
        let event = on_the_node(NewEvent::new(EventType::StepRefused, None, detail), session);
        self.write(session.map(|s| &s.actor), None, self.agency_seal(), event, vec![], None)?;
        Err(refusal.into())
    }

    /// Seals what can be sealed without a place in the log, and hands the step to the sequencer.
    pub(crate) fn write(
        &self,
        actor: Option<&ActorId>,
        case: Option<&CaseId>,
        seal: Seal,
        event: NewEvent,
        writes: Vec<Write>,
        condition: Option<Condition>,
    ) -> Result<Committed, StoreError> {
        crate::erasure::only_an_erasure_destroys(&event, &writes)?;
        let rows = writes.into_iter().map(|write| make_ready(write, &seal)).collect::<Result<Vec<_>, StoreError>>()?;
        let (question, on_head) = match condition {
            None => (None, None),
            Some(Condition::Permit { scope, intents }) => (Some(Question { scope, intents }), None),
            Some(Condition::OnHead(statement)) => (None, Some(statement)),
        };
        self.submit(Step { actor: actor.cloned(), case: case.cloned(), seal, event, rows, question, on_head })
    }

    /// The seal of what belongs to no case.
    pub(crate) fn agency_seal(&self) -> Seal {
        Seal::Agency(Arc::clone(&self.agency))
    }

    pub(crate) fn full_detail(&self, detail: Value, now: Moment, last: Moment) -> Value {
        let noted = self.wall.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let mut detail = if detail.is_object() { detail } else { json!({"note": detail}) };
        detail["clock"] = serde_json::to_value(judge_clock(noted, now, last)).expect("a clock quality is plain data");
        detail
    }
}

/// The server with its tables, and nothing in them yet.
pub(crate) fn empty_server(database: &Database, owner: Option<&Database>) -> Result<Db, StoreError> {
    if let Some(owner) = owner {
        Db::prepare_server(owner, database)?;
    }
    let db = Db::server(database)?;
    if db.first(Sight::Log, sql::HEAD, &[])?.is_some() {
        return Err(StoreError::input("this database holds the records of a node already: name an empty one"));
    }
    Ok(db)
}

fn covered_line(((origin, item), ground): (&Covered, &Ground)) -> Value {
    let mut line = json!({"origin": origin, "ground": ground});
    if let Some(item) = item {
        line["item"] = json!(item);
    }
    line
}

fn system_now() -> Moment {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Moment::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A clock that lies before the last event is unreliable, whatever the system says of it.
fn judge_clock(noted: ClockQuality, now: Moment, last: Moment) -> ClockQuality {
    const TOLERANCE_MICROS: i64 = 2_000_000;
    if now.micros() < last.micros().saturating_sub(TOLERANCE_MICROS) {
        return ClockQuality::Unreliable { reason: format!("the clock says {now}, but an earlier event is of {last}") };
    }
    noted
}

pub(crate) fn read_secret(home: &Home, name: &str) -> Result<Secret32, StoreError> {
    let path = home.node_file(name);
    let text = std::fs::read_to_string(&path).map_err(|e| StoreError::environment(format!("reading {}", path.display()), &e))?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| StoreError::damaged(format!("the node file {name}")))?;
    Ok(Secret32::new(bytes))
}

pub(crate) fn row_place<'a>(kind: &'a str, id: &'a str) -> Aad<'a> {
    Aad { table: "record", column: kind, row: id }
}

pub(crate) fn detail_place(seq: &str) -> Aad<'_> {
    Aad { table: "event", column: "detail", row: seq }
}

pub(crate) fn detail_key_place(seq: &str) -> Aad<'_> {
    Aad { table: "event_key", column: "key", row: seq }
}

pub(crate) struct SealedDetail {
    pub commitment: Sha256Digest,
    pub key_ref: &'static str,
    pub sealed: Vec<u8>,
    pub key: Vec<u8>,
}

/// Seals a detail. In a case it gets a key of its own, wrapped under the case's; the sealed bytes begin with the
/// digest of the wrapped key, so that a key which somebody took away or changed is found without any key.
pub(crate) fn seal_detail(seal: &Seal, seq: u64, detail: &Value) -> Result<SealedDetail, StoreError> {
    let bytes = model::canonical::to_bytes(detail).map_err(|e| StoreError::damaged(format!("an event detail: {e}")))?;
    let salt = random_32()?;
    let commitment = Sha256Digest::commitment(&salt, &bytes);
    let plain = SecretBytes::new([&salt[..], &bytes].concat());
    let seq = seq.to_string();
    let Seal::Case(ring) = seal else {
        return Ok(SealedDetail { commitment, key_ref: seal.key_ref(), sealed: seal.seal(&detail_place(&seq), &plain)?, key: vec![] });
    };
    let own = Secret32::random()?;
    let key = ring.seal(&detail_key_place(&seq), own.expose())?;
    let sealed = [&Sha256Digest::of(&key).0[..], &seal_field(&own, &detail_place(&seq), &plain)?].concat();
    Ok(SealedDetail { commitment, key_ref: KEY_DETAIL, sealed, key })
}

/// A row with everything but its place in the log and its number.
fn make_ready(write: Write, seal: &Seal) -> Result<Ready, StoreError> {
    let blinds = blinds(&write, seal);
    let head = write.head;
    let (key_ref, sealed) = match write.content {
        Content::Sealed(bytes) => (KEY_SEALED.to_string(), bytes),
        Content::Again(bytes) => (KEY_CASE.to_string(), bytes),
        Content::Erased => (KEY_ERASED.to_string(), vec![]),
        Content::Json(value) => {
            let plain = serde_json::to_vec(&value).map_err(|e| StoreError::input(e.to_string()))?;
            (seal.key_ref().to_string(), seal.seal(&row_place(head.kind, &head.id), &plain)?)
        }
    };
    let row = Row {
        kind: head.kind.to_string(),
        id: head.id,
        case: head.case,
        parent: head.parent,
        number: None,
        state: head.state,
        actor: head.actor,
        time: head.time,
        version: match write.basis {
            Basis::New => 1,
            Basis::Over(version) => version + 1,
        },
        event: 0,
        key_ref,
        sealed,
        opened: None,
    };
    Ok(Ready { row, number: head.number, blinds, basis: write.basis })
}

/// The keyed indexes of a row, sorted, each once.
fn blinds(write: &Write, seal: &Seal) -> Vec<Blind> {
    let mut blinds: Vec<Blind> = write.index.iter().map(|(name, value)| ((*name).to_string(), seal.blind(name, value).to_vec())).collect();
    blinds.sort_unstable();
    blinds.dedup();
    blinds
}
