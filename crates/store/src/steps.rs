//! The store itself: opening it, entering a case, minting permits, and the one way to write.
//!
//! Every write is [`Store::commit`] or [`Store::commit_node`]: rows and their event in one
//! transaction, with the permit asked again inside it (laws 1, 2, 15).

use std::{path::Path, sync::Mutex};

use ledger::{Checkpoint, KeyName, LogSigner, SignedCheckpoint, TreeSize, tree::Frontier};
use model::{
    Law, Moment, Sha256Digest,
    action::Action,
    actor::Role,
    authority::{Authority, AuthorityState},
    authorize::{CaseStanding, Ground, NodeStep, Refusal, authorize, authorize_node_step},
    event::EventType,
    exhibit::Origin,
    id::{ActorId, CaseId},
    moment::ClockQuality,
};
use serde_json::{Value, json};

use crate::{
    StoreError,
    blobs::Objects,
    home::{Config, Home},
    log::{self, Append, LogHead, LogReport, NewEvent, StoredEvent},
    people::KEY_WRAP,
    permit::{Intent, Permit, Scope},
    record::{Basis, Blind, Content, Number, Row, Write},
    session::Session,
    sql::{self, Db, Tx, Val},
    vault::{
        case_key::KeyRing,
        object::ObjectFolder,
        field::{Aad, blind_index, open_field, seal_field},
        secret::{Secret32, SecretBytes, random_32},
    },
};

/// Which key a sealed value opens with, as it stands in the `key_ref` column.
const KEY_AGENCY: &str = "agency";
const KEY_CASE: &str = "case";
const KEY_SEALED: &str = "sealed";

/// A node's records, open.
pub struct Store {
    pub(crate) home: Home,
    pub(crate) config: Config,
    pub(crate) db: Db,
    pub(crate) agency: Secret32,
    pub(crate) objects: Objects,
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
enum Seal<'a> {
    Agency(&'a Secret32),
    Case(&'a KeyRing),
}

impl Seal<'_> {
    fn key_ref(&self) -> &'static str {
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

    fn blind(&self, name: &str, value: &str) -> [u8; 32] {
        match self {
            Seal::Agency(key) => blind_index(key, name, value.as_bytes()),
            Seal::Case(ring) => ring.blind_index(name, value.as_bytes()),
        }
    }
}

impl Store {
    /// Makes a node: folders, keys, database, first event.
    ///
    /// # Errors
    /// When there is a home already, or the disk refuses.
    pub fn create(root: &Path, config: &Config) -> Result<Store, StoreError> {
        let home = Home::at(root);
        home.make()?;
        crate::home::write_private(&home.node_file("agency.key"), hex::encode(random_32()?).as_bytes())?;
        crate::home::write_private(&home.node_file("log.key"), hex::encode(random_32()?).as_bytes())?;
        let db = Db::open(&home.database(), true)?;
        let mut tx = db.begin()?;
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
        let config = home.config()?;
        let agency = read_secret(&home, "agency.key")?;
        let db = Db::open(&home.database(), false)?;
        let objects = Objects(ObjectFolder::open(root)?);
        Ok(Store { home, config, db, agency, objects, clock: Box::new(system_now), wall: Mutex::new(ClockQuality::Unknown) })
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
    /// Law 13 when the person is not a member.
    pub fn enter(&self, session: &Session, case: &CaseId) -> Result<Scope, StoreError> {
        let ring = self.unwrap_ring(session, case)?;
        Ok(Scope { actor: session.actor.clone(), role: session.role, case: case.clone(), ring })
    }

    /// Mints a permit, or writes the refusal into the log and refuses.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with the law and what is missing.
    pub fn permit(&self, scope: &Scope, intent: Intent) -> Result<Permit, StoreError> {
        let authorities = self.authorities(scope)?;
        let standing = self.standing(&scope.case)?;
        let member = self.is_member(scope)?;
        let answer = authorize(&intent.ask(scope, member, standing, self.now()), &authorities);
        match answer {
            Ok(ground) => Ok(Permit::new(intent, scope.actor.clone(), scope.case.clone(), ground)),
            Err(refusal) => {
                self.log_refusal(scope, &intent, refusal.law, &refusal.text)?;
                Err(refusal.into())
            }
        }
    }

    /// Asks the permit again: long work calls this between pieces and stops when it fails (law 15).
    ///
    /// # Errors
    /// Law 15 when the authority was revoked or has ended since, or the person was removed.
    pub fn still_live(&self, scope: &Scope, permit: &Permit) -> Result<(), StoreError> {
        own_permit(scope, permit)?;
        let member = self.is_member(scope)?;
        let authorities = self.authorities(scope)?;
        let standing = self.standing(&scope.case)?;
        self.ask_again(scope, permit, member, &authorities, standing)
    }

    /// Whether the permit reaches what comes from `origin`: the limits on source class, person and
    /// territory bind every opening of bytes, not only their coming in. A refusal is an event.
    ///
    /// # Errors
    /// Law 1 when no live authority covers the action there.
    pub fn cover(&self, scope: &Scope, permit: &Permit, origin: &Origin) -> Result<(), StoreError> {
        let Err(refusal) = self.reach(scope, permit, origin)? else { return Ok(()) };
        self.log_refusal(scope, &permit.intent.clone().on(origin), refusal.law, &refusal.text)?;
        Err(refusal.into())
    }

    /// The same as a question, without an event: for lists that leave out what they may not show.
    ///
    /// # Errors
    /// When the database refuses, or the permit is of another person or case.
    pub fn covers(&self, scope: &Scope, permit: &Permit, origin: &Origin) -> Result<bool, StoreError> {
        Ok(self.reach(scope, permit, origin)?.is_ok())
    }

    fn reach(&self, scope: &Scope, permit: &Permit, origin: &Origin) -> Result<Result<(), Refusal>, StoreError> {
        own_permit(scope, permit)?;
        let asked = permit.intent.source == Some(origin.source)
            && permit.intent.person == origin.person
            && permit.intent.territory == origin.territory;
        if asked || matches!(permit.ground, Ground::Standing(_)) || permit.covered().contains_key(origin) {
            return Ok(Ok(()));
        }
        let intent = permit.intent.clone().on(origin);
        let answer = authorize(&intent.ask(scope, self.is_member(scope)?, self.standing(&scope.case)?, self.now()), &self.authorities(scope)?);
        Ok(answer.map(|ground| {
            permit.covered.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(origin.clone(), ground);
        }))
    }

    /// Whether a key of the case is still wrapped to the person: an open scope outlives a membership,
    /// and must not carry it (law 13).
    fn is_member(&self, scope: &Scope) -> Result<bool, StoreError> {
        holds_key(&self.db.rows(sql::RECORDS_OF_PARENT, &[Val::text(KEY_WRAP), Val::text(scope.actor.as_str())])?, scope)
    }

    fn is_member_in(&self, tx: &mut Tx<'_>, scope: &Scope) -> Result<bool, StoreError> {
        holds_key(&tx.rows(sql::RECORDS_OF_PARENT, &[Val::text(KEY_WRAP), Val::text(scope.actor.as_str())])?, scope)
    }

    fn ask_again(
        &self,
        scope: &Scope,
        permit: &Permit,
        member: bool,
        authorities: &[Authority],
        standing: CaseStanding,
    ) -> Result<(), StoreError> {
        let again = |intent: &Intent, ground: &Ground| {
            let same_ground = |authority: &&Authority| *ground == Ground::Authority(authority.id.clone());
            let relevant: Vec<Authority> = authorities.iter().filter(same_ground).cloned().collect();
            authorize(&intent.ask(scope, member, standing, self.now()), &relevant)
                .map(|_| ())
                .map_err(|refusal| StoreError::refused(Law::Revocation, format!("the work was stopped: {}", refusal.text)))
        };
        again(&permit.intent, &permit.ground)?;
        permit.covered().iter().try_for_each(|(origin, ground)| again(&permit.intent.clone().on(origin), ground))
    }

    fn log_refusal(&self, scope: &Scope, intent: &Intent, law: Law, text: &str) -> Result<(), StoreError> {
        let detail = json!({
            "action": intent.action.name(), "source": intent.source.map(|c| c.name()), "target": intent.target,
            "person": intent.person, "territory": intent.territory, "law": law.number(), "text": text,
        });
        let event = NewEvent::new(EventType::StepRefused, None, detail);
        let seal = Seal::Case(&scope.ring);
        self.write(Some(&scope.actor), Some(&scope.case), &seal, event, vec![], |_| Ok(())).map(|_| ())
    }

    /// Writes a refusal that a state machine or a lint gave, and returns it as the error to show.
    ///
    /// # Errors
    /// Only when the log itself cannot be written.
    pub fn refuse(&self, scope: &Scope, intent: &Intent, law: Law, text: String) -> Result<StoreError, StoreError> {
        self.log_refusal(scope, intent, law, &text)?;
        Ok(StoreError::refused(law, text))
    }

    /// Writes into the log that a person was refused outside any case he may enter, and gives the
    /// refusal back.
    ///
    /// # Errors
    /// Only when the log itself cannot be written.
    pub fn note_refused(&self, session: &Session, what: &str, error: StoreError) -> Result<StoreError, StoreError> {
        let Some(law) = error.law() else { return Ok(error) };
        let detail = json!({"step": what, "law": law.number(), "text": error.to_string()});
        let event = NewEvent::new(EventType::StepRefused, None, detail);
        self.write(Some(&session.actor), None, &Seal::Agency(&self.agency), event, vec![], |_| Ok(()))?;
        Ok(error)
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
            let covered: Vec<Value> = permit.covered().iter().map(|(origin, ground)| json!({"origin": origin, "ground": ground})).collect();
            if !covered.is_empty() {
                detail.insert("covered".into(), covered.into());
            }
        }
        let seal = Seal::Case(&scope.ring);
        self.write(Some(&scope.actor), Some(&scope.case), &seal, event, rows, |tx| {
            let member = self.is_member_in(tx, scope)?;
            let authorities = self.authorities_in(tx, scope)?;
            let standing = self.standing_in(tx, &scope.case)?;
            self.ask_again(scope, permit, member, &authorities, standing)
        })
    }

    /// The one way to write on the node itself, outside any case.
    ///
    /// # Errors
    /// Law 13 when the role may not.
    pub fn commit_node(&self, session: Option<&Session>, step: NodeStep, event: NewEvent, rows: Vec<Write>) -> Result<Committed, StoreError> {
        self.check_node_step(session, step)?;
        let seal = Seal::Agency(&self.agency);
        self.write(session.map(|s| &s.actor), None, &seal, event, rows, |_| Ok(()))
    }

    /// Begins a case (or a tip, which is sealed the same way): its keys, its first rows, its first event.
    ///
    /// # Errors
    /// Law 13 when the role may not open one.
    pub fn commit_new_case(&self, session: &Session, step: NodeStep, scope: &Scope, event: NewEvent, rows: Vec<Write>) -> Result<Committed, StoreError> {
        self.check_node_step(Some(session), step)?;
        let seal = Seal::Case(&scope.ring);
        self.write(Some(&session.actor), Some(&scope.case), &seal, event, rows, |_| Ok(()))
    }

    /// Whether the person may do a step on the node; a refusal is an event.
    ///
    /// # Errors
    /// [`StoreError::Refused`].
    pub fn check_node_step(&self, session: Option<&Session>, step: NodeStep) -> Result<(), StoreError> {
        let Err(refusal) = authorize_node_step(session.map(|s| s.role), step) else { return Ok(()) };
        let detail = json!({"step": format!("{step:?}"), "law": refusal.law.number(), "text": refusal.text});
        let event = NewEvent::new(EventType::StepRefused, None, detail);
        self.write(session.map(|s| &s.actor), None, &Seal::Agency(&self.agency), event, vec![], |_| Ok(()))?;
        Err(refusal.into())
    }

    fn write(
        &self,
        actor: Option<&ActorId>,
        case: Option<&CaseId>,
        seal: &Seal<'_>,
        event: NewEvent,
        writes: Vec<Write>,
        ask: impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError>,
    ) -> Result<Committed, StoreError> {
        let mut tx = self.db.begin()?;
        ask(&mut tx)?;
        let cells = tx.first(sql::HEAD, &[])?.ok_or_else(|| StoreError::damaged("the log has no head"))?;
        let mut head = LogHead::from_cells(&cells)?;
        let seq = head.frontier.size().0;
        let now = self.now();
        let rows = writes
            .iter()
            .map(|write| Ok((make_row(&mut tx, write, seq, seal)?, blinds(write, seal))))
            .collect::<Result<Vec<_>, StoreError>>()?;
        let numbers = rows.iter().map(|(row, _)| row.number).collect();
        let detail = self.full_detail(event.detail, now, head.last_time);
        let (commitment, sealed) = seal_detail(seal, seq, &detail)?;
        log::append(&mut tx, &mut head, Append {
            event_type: event.event_type,
            object: event.object.as_deref(),
            actor,
            case,
            now,
            commitment,
            key_ref: seal.key_ref(),
            sealed,
            rows: &rows,
        })?;
        for ((row, blinds), write) in rows.iter().zip(&writes) {
            put_row(&mut tx, row, blinds, write.basis)?;
        }
        tx.commit()?;
        Ok(Committed { event: seq, numbers })
    }

    fn full_detail(&self, detail: Value, now: Moment, last: Moment) -> Value {
        let noted = self.wall.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let mut detail = if detail.is_object() { detail } else { json!({"note": detail}) };
        detail["clock"] = serde_json::to_value(judge_clock(noted, now, last)).expect("a clock quality is plain data");
        detail
    }

    // ---- reading

    /// One row of this case.
    ///
    /// # Errors
    /// [`StoreError::Input`] when there is none.
    pub fn get(&self, scope: &Scope, kind: &str, id: &str) -> Result<Row, StoreError> {
        let cells = self.db.first(sql::RECORD_ONE, &[Val::text(kind), Val::text(id)])?;
        let row = cells.map(|c| Row::from_cells(&c)).transpose()?.filter(|row| row.case.as_ref() == Some(&scope.case));
        let row = row.ok_or_else(|| StoreError::input(format!("there is no {kind} {id} in this case")))?;
        self.open_row(&scope.ring, row)
    }

    /// Every row of a kind in this case, by number.
    ///
    /// # Errors
    /// When the database refuses or a row cannot be opened.
    pub fn list(&self, scope: &Scope, kind: &str) -> Result<Vec<Row>, StoreError> {
        let cells = self.db.rows(sql::RECORDS_OF_CASE, &[Val::text(scope.case.as_str()), Val::text(kind)])?;
        cells.iter().map(|c| self.open_row(&scope.ring, Row::from_cells(c)?)).collect()
    }

    /// Every row of a kind in this case that hangs on `parent`.
    ///
    /// # Errors
    /// When the database refuses or a row cannot be opened.
    pub fn list_of(&self, scope: &Scope, kind: &str, parent: &str) -> Result<Vec<Row>, StoreError> {
        let cells = self.db.rows(sql::RECORDS_OF_PARENT, &[Val::text(kind), Val::text(parent)])?;
        let rows = cells.iter().map(Row::from_cells).collect::<Result<Vec<_>, _>>()?;
        rows.into_iter().filter(|row| row.case.as_ref() == Some(&scope.case)).map(|row| self.open_row(&scope.ring, row)).collect()
    }

    /// Rows of this case found by equality of an indexed value.
    ///
    /// # Errors
    /// When the database refuses or a row cannot be opened.
    pub fn find(&self, scope: &Scope, kind: &str, name: &str, value: &str) -> Result<Vec<Row>, StoreError> {
        let blind = Seal::Case(&scope.ring).blind(name, value);
        let cells = self.db.rows(sql::RECORDS_BY_INDEX, &[Val::text(kind), Val::text(name), Val::Blob(blind.to_vec())])?;
        let rows = cells.iter().map(Row::from_cells).collect::<Result<Vec<_>, _>>()?;
        rows.into_iter().filter(|row| row.case.as_ref() == Some(&scope.case)).map(|row| self.open_row(&scope.ring, row)).collect()
    }

    /// Events of this case, with their details opened.
    ///
    /// # Errors
    /// When the database refuses or a detail cannot be opened.
    pub fn events(&self, scope: &Scope, from: u64, limit: u32) -> Result<Vec<(StoredEvent, Value)>, StoreError> {
        let from = Val::Int(i64::try_from(from).unwrap_or(i64::MAX));
        let cells = self.db.rows(sql::EVENTS_OF_CASE, &[Val::text(scope.case.as_str()), from, Val::Int(limit.into())])?;
        cells.iter().map(|c| self.open_event(scope, StoredEvent::from_cells(c)?)).collect()
    }

    /// Events about one thing in this case, with their details opened.
    ///
    /// # Errors
    /// When the database refuses or a detail cannot be opened.
    pub fn events_about(&self, scope: &Scope, object: &str) -> Result<Vec<(StoredEvent, Value)>, StoreError> {
        let cells = self.db.rows(sql::EVENTS_OF_OBJECT, &[Val::text(object), Val::text(scope.case.as_str())])?;
        cells.iter().map(|c| self.open_event(scope, StoredEvent::from_cells(c)?)).collect()
    }

    fn open_event(&self, scope: &Scope, event: StoredEvent) -> Result<(StoredEvent, Value), StoreError> {
        let (_, detail) = self.open_detail(&scope.ring, &event)?;
        let value = serde_json::from_slice(&detail).map_err(|_| StoreError::damaged(format!("detail of event {}", event.leaf.seq)))?;
        Ok((event, value))
    }

    /// Salt and detail bytes of an event of this case: what a package ships beside the leaf.
    ///
    /// # Errors
    /// When the event is not of this case, or its detail does not match its commitment (law 5).
    pub fn disclose_detail(&self, scope: &Scope, permit: &Permit, seq: u64) -> Result<([u8; 32], Vec<u8>), StoreError> {
        may_disclose(scope, permit)?;
        self.open_disclosed(scope, &self.event(seq)?)
    }

    /// The same for an event that was read before.
    ///
    /// # Errors
    /// As [`Store::disclose_detail`].
    pub fn disclose_detail_of(&self, scope: &Scope, permit: &Permit, event: &StoredEvent) -> Result<([u8; 32], Vec<u8>), StoreError> {
        may_disclose(scope, permit)?;
        self.open_disclosed(scope, event)
    }

    fn open_disclosed(&self, scope: &Scope, event: &StoredEvent) -> Result<([u8; 32], Vec<u8>), StoreError> {
        if event.leaf.case.as_ref() != Some(&scope.case) {
            return Err(StoreError::refused(Law::Permit, "that event belongs to another case"));
        }
        self.open_detail(&scope.ring, event)
    }

    fn open_detail(&self, ring: &KeyRing, event: &StoredEvent) -> Result<([u8; 32], Vec<u8>), StoreError> {
        let seq = event.leaf.seq.to_string();
        let bytes = self.unseal(Some(ring), &event.key_ref, &detail_place(&seq), &event.sealed)?;
        let (salt, detail) = bytes.split_at_checked(32).ok_or_else(|| StoreError::damaged("an event detail is too short"))?;
        let salt: [u8; 32] = salt.try_into().expect("split at 32");
        if Sha256Digest::commitment(&salt, detail) != event.leaf.commitment {
            return Err(StoreError::refused(Law::Integrity, format!("the detail of event {} does not match its leaf", event.leaf.seq)));
        }
        Ok((salt, detail.to_vec()))
    }

    /// One event: leaf only.
    ///
    /// # Errors
    /// [`StoreError::Input`] when the log is not that long.
    pub fn event(&self, seq: u64) -> Result<StoredEvent, StoreError> {
        let cells = self.db.first(sql::EVENT_ONE, &[Val::Int(i64::try_from(seq).unwrap_or(i64::MAX))])?;
        let cells = cells.ok_or_else(|| StoreError::input(format!("there is no event {seq} in the log")))?;
        StoredEvent::from_cells(&cells)
    }

    /// Leaves from `from`: metadata only, for auditors and verifiers.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn leaves(&self, from: u64, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        let from = Val::Int(i64::try_from(from).unwrap_or(i64::MAX));
        self.db.rows(sql::EVENTS_FROM, &[from, Val::Int(limit.into())])?.iter().map(StoredEvent::from_cells).collect()
    }

    pub(crate) fn open_row(&self, ring: &KeyRing, mut row: Row) -> Result<Row, StoreError> {
        if row.key_ref != KEY_SEALED {
            let plain = self.unseal(Some(ring), &row.key_ref, &row_place(&row.kind, &row.id), &row.sealed)?;
            row.opened = Some(serde_json::from_slice(&plain).map_err(|_| StoreError::damaged(format!("{} {}", row.kind, row.id)))?);
        }
        Ok(row)
    }

    pub(crate) fn open_agency_row(&self, mut row: Row) -> Result<Row, StoreError> {
        if row.key_ref == KEY_AGENCY {
            let plain = self.unseal(None, KEY_AGENCY, &row_place(&row.kind, &row.id), &row.sealed)?;
            row.opened = Some(serde_json::from_slice(&plain).map_err(|_| StoreError::damaged(format!("{} {}", row.kind, row.id)))?);
        }
        Ok(row)
    }

    fn unseal(&self, ring: Option<&KeyRing>, key_ref: &str, place: &Aad<'_>, sealed: &[u8]) -> Result<SecretBytes, StoreError> {
        match (key_ref, ring) {
            (KEY_AGENCY, _) => Ok(open_field(&self.agency, place, sealed)?),
            (KEY_CASE, Some(ring)) => Ok(ring.open_value(place, sealed)?),
            _ => Err(StoreError::refused(Law::Separation, "this content belongs to a case: enter the case as a member")),
        }
    }

    /// Rows of the agency's own register (users, unit authorities), opened with the agency key.
    /// Rows that belong to a case come back closed: structure only.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn register(&self, kind: &str) -> Result<Vec<Row>, StoreError> {
        let cells = self.db.rows(sql::RECORDS_OF_KIND, &[Val::text(kind)])?;
        cells.iter().map(|c| self.open_agency_row(Row::from_cells(c)?)).collect()
    }

    /// One row of the agency's register, if it is there.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn register_one(&self, kind: &str, id: &str) -> Result<Option<Row>, StoreError> {
        let cells = self.db.first(sql::RECORD_ONE, &[Val::text(kind), Val::text(id)])?;
        cells.map(|c| self.open_agency_row(Row::from_cells(&c)?)).transpose()
    }

    /// Rows of the agency's register by an indexed value.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn register_find(&self, kind: &str, name: &str, value: &str) -> Result<Vec<Row>, StoreError> {
        let blind = blind_index(&self.agency, name, value.as_bytes());
        let cells = self.db.rows(sql::RECORDS_BY_INDEX, &[Val::text(kind), Val::text(name), Val::Blob(blind.to_vec())])?;
        cells.iter().map(|c| self.open_agency_row(Row::from_cells(c)?)).collect()
    }

    // ---- authorities and standing

    fn authorities(&self, scope: &Scope) -> Result<Vec<Authority>, StoreError> {
        let of_case = self.db.rows(sql::RECORDS_OF_CASE, &[Val::text(scope.case.as_str()), Val::text("authority")])?;
        let all = self.db.rows(sql::RECORDS_OF_KIND, &[Val::text("authority")])?;
        self.read_authorities(scope, &of_case, &all)
    }

    fn authorities_in(&self, tx: &mut Tx<'_>, scope: &Scope) -> Result<Vec<Authority>, StoreError> {
        let of_case = tx.rows(sql::RECORDS_OF_CASE, &[Val::text(scope.case.as_str()), Val::text("authority")])?;
        let all = tx.rows(sql::RECORDS_OF_KIND, &[Val::text("authority")])?;
        self.read_authorities(scope, &of_case, &all)
    }

    fn read_authorities(&self, scope: &Scope, of_case: &[sql::Cells], all: &[sql::Cells]) -> Result<Vec<Authority>, StoreError> {
        let mut authorities = Vec::new();
        for cells in of_case {
            authorities.push(authority_of(&self.open_row(&scope.ring, Row::from_cells(cells)?)?)?);
        }
        for cells in all {
            let row = Row::from_cells(cells)?;
            if row.case.is_none() {
                authorities.push(authority_of(&self.open_agency_row(row)?)?);
            }
        }
        Ok(authorities)
    }

    /// What the case itself says about standing bases.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn standing(&self, case: &CaseId) -> Result<CaseStanding, StoreError> {
        let cells = self.db.first(sql::RECORD_ONE, &[Val::text("case"), Val::text(case.as_str())])?;
        Ok(standing_of(cells.map(|c| c.text(5)).transpose()?.as_deref()))
    }

    fn standing_in(&self, tx: &mut Tx<'_>, case: &CaseId) -> Result<CaseStanding, StoreError> {
        let cells = tx.first(sql::RECORD_ONE, &[Val::text("case"), Val::text(case.as_str())])?;
        Ok(standing_of(cells.map(|c| c.text(5)).transpose()?.as_deref()))
    }

    // ---- the log

    /// Reads the whole log again and compares it with the rows both ways.
    ///
    /// # Errors
    /// When the database refuses; faults are in the report.
    pub fn verify_log(&self) -> Result<LogReport, StoreError> {
        log::verify(&self.db)
    }

    /// The database's own page check: `ok` when sound.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn database_integrity(&self) -> Result<String, StoreError> {
        self.db.integrity()
    }

    /// Number of events.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn log_size(&self) -> Result<u64, StoreError> {
        Ok(LogHead::read(&self.db)?.frontier.size().0)
    }

    /// The log's origin line in its present epoch.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn origin(&self) -> Result<String, StoreError> {
        let epoch = LogHead::read(&self.db)?.epoch;
        Ok(if epoch <= 1 { self.config.origin.clone() } else { format!("{}/epoch-{epoch}", self.config.origin) })
    }

    /// A signed checkpoint of the log as it stands.
    ///
    /// # Errors
    /// When the database or the log key cannot be read.
    pub fn checkpoint(&self) -> Result<SignedCheckpoint, StoreError> {
        let head = LogHead::read(&self.db)?;
        self.sign_checkpoint(head.frontier.size().0, head.frontier.root())
    }

    pub(crate) fn sign_checkpoint(&self, size: u64, root: Sha256Digest) -> Result<SignedCheckpoint, StoreError> {
        if self.is_waiting_after_restore() {
            let text = "this home was restored and not resumed: a checkpoint signed now could fork the log; run `lanternfish log resume` first";
            return Err(StoreError::refused(Law::AppendOnly, text));
        }
        let signer = self.log_signer()?;
        let checkpoint = Checkpoint { origin: signer.name().clone(), size: TreeSize(size), root };
        signer.sign(checkpoint).map_err(|e| StoreError::damaged(e.to_string()))
    }

    /// The log's signing key under its origin.
    ///
    /// # Errors
    /// When the node file cannot be read.
    pub fn log_signer(&self) -> Result<LogSigner, StoreError> {
        let seed = read_secret(&self.home, "log.key")?;
        let name = KeyName::new(&self.origin()?).map_err(|e| StoreError::damaged(e.to_string()))?;
        Ok(LogSigner::from_seed(name, seed.expose()))
    }

    /// Leaf hashes of the first `size` events.
    ///
    /// # Errors
    /// When the log is shorter.
    pub fn leaf_hashes(&self, size: u64) -> Result<Vec<Sha256Digest>, StoreError> {
        log::hashes(&self.db, size)
    }

    /// Inclusion proof of event `index` in the first `size` events.
    ///
    /// # Errors
    /// When the log is shorter.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Sha256Digest>, StoreError> {
        log::inclusion(&self.db, index, size)
    }

    /// Declares a new epoch after a restore from which later events may be missing.
    ///
    /// # Errors
    /// Law 13 when the role may not.
    pub fn declare_epoch(&self, session: &Session, detail: Value) -> Result<Committed, StoreError> {
        self.check_node_step(Some(session), NodeStep::Safeguard)?;
        let event = NewEvent::new(EventType::EpochDeclared, None, detail);
        // The new epoch and the event that declares it become durable together (law 2).
        self.write(Some(&session.actor), None, &Seal::Agency(&self.agency), event, vec![], |tx| {
            tx.run(sql::EPOCH_NEXT, &[]).map(|_| ())
        })
    }

    /// How many rows of a kind there are: structure only.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn count(&self, kind: &str) -> Result<i64, StoreError> {
        self.db.first(sql::COUNT_KIND, &[Val::text(kind)])?.map_or(Ok(0), |cells| cells.int(0))
    }

    /// Whether the node is still in set-up: no administrator has enrolled, and there is no case.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn in_setup(&self) -> Result<bool, StoreError> {
        let enrolled = self.users()?.iter().any(|u| u.record.role == Role::Administrator && u.record.bundle.is_some());
        Ok(!enrolled && self.count("case")? == 0)
    }
}

pub(crate) fn own_permit(scope: &Scope, permit: &Permit) -> Result<(), StoreError> {
    if permit.case == scope.case && permit.actor == scope.actor {
        return Ok(());
    }
    Err(StoreError::refused(Law::Permit, "this permit belongs to another person or case"))
}

fn may_disclose(scope: &Scope, permit: &Permit) -> Result<(), StoreError> {
    if permit.case == scope.case && permit.actor == scope.actor && permit.action() == Action::Package {
        return Ok(());
    }
    Err(StoreError::refused(Law::Permit, "details leave the log only under a permit to package, in its own case"))
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

fn row_place<'a>(kind: &'a str, id: &'a str) -> Aad<'a> {
    Aad { table: "record", column: kind, row: id }
}

fn detail_place(seq: &str) -> Aad<'_> {
    Aad { table: "event", column: "detail", row: seq }
}

fn seal_detail(seal: &Seal<'_>, seq: u64, detail: &Value) -> Result<(Sha256Digest, Vec<u8>), StoreError> {
    let bytes = model::canonical::to_bytes(detail).map_err(|e| StoreError::damaged(format!("an event detail: {e}")))?;
    let salt = random_32()?;
    let commitment = Sha256Digest::commitment(&salt, &bytes);
    let plain = SecretBytes::new([&salt[..], &bytes].concat());
    Ok((commitment, seal.seal(&detail_place(&seq.to_string()), &plain)?))
}

fn make_row(tx: &mut Tx<'_>, write: &Write, seq: u64, seal: &Seal<'_>) -> Result<Row, StoreError> {
    let head = &write.head;
    let number = match head.number {
        Number::None => None,
        Number::Is(n) => Some(n),
        Number::NextAfter(base) => {
            let within = head.case.as_ref().filter(|_| head.kind != "case");
            let next = match within {
                Some(case) => tx.first(sql::NEXT_NUMBER, &[Val::text(head.kind), Val::text(case.as_str()), Val::Int(base)])?,
                None => tx.first(sql::NEXT_NUMBER_OF_KIND, &[Val::text(head.kind), Val::Int(base)])?,
            };
            Some(next.map_or(Ok(base + 1), |cells| cells.int(0))?)
        }
    };
    let (key_ref, sealed) = match &write.content {
        Content::Sealed(bytes) => (KEY_SEALED.to_string(), bytes.clone()),
        Content::Json(value) => {
            let plain = serde_json::to_vec(value).map_err(|e| StoreError::input(e.to_string()))?;
            (seal.key_ref().to_string(), seal.seal(&row_place(head.kind, &head.id), &plain)?)
        }
    };
    Ok(Row {
        kind: head.kind.to_string(),
        id: head.id.clone(),
        case: head.case.clone(),
        parent: head.parent.clone(),
        number,
        state: head.state.clone(),
        actor: head.actor.clone(),
        time: head.time,
        version: match write.basis {
            Basis::New => 1,
            Basis::Over(version) => version + 1,
        },
        event: seq,
        key_ref,
        sealed,
        opened: None,
    })
}

/// The keyed indexes of a row, sorted, each once.
fn blinds(write: &Write, seal: &Seal<'_>) -> Vec<Blind> {
    let mut blinds: Vec<Blind> = write.index.iter().map(|(name, value)| ((*name).to_string(), seal.blind(name, value).to_vec())).collect();
    blinds.sort_unstable();
    blinds.dedup();
    blinds
}

fn put_row(tx: &mut Tx<'_>, row: &Row, blinds: &[Blind], basis: Basis) -> Result<(), StoreError> {
    match basis {
        Basis::New => {
            tx.run(sql::RECORD_ADD, &row.values())?;
        }
        Basis::Over(_) => {
            if tx.run(sql::RECORD_SET, &row.values())? != 1 {
                return Err(StoreError::Conflict);
            }
            tx.run(sql::INDEX_CLEAR, &[Val::text(row.kind.clone()), Val::text(row.id.clone())])?;
        }
    }
    for (name, blind) in blinds {
        tx.run(sql::INDEX_ADD, &[Val::text(row.kind.clone()), Val::text(name.clone()), Val::Blob(blind.clone()), Val::text(row.id.clone())])?;
    }
    Ok(())
}

/// Whether one of these wraps gives the scope's person a key of its case. A scope that was opened before
/// the key changed would write under the old key, which a leaver still has: it is told to begin again.
fn holds_key(wraps: &[sql::Cells], scope: &Scope) -> Result<bool, StoreError> {
    let mut newest = None;
    for cells in wraps {
        let row = Row::from_cells(cells)?;
        if row.case.as_ref() == Some(&scope.case) && row.state == "live" {
            newest = newest.max(Some(row.number.unwrap_or(0)));
        }
    }
    if newest.is_some_and(|generation| generation > i64::from(scope.ring.newest().generation())) {
        return Err(StoreError::refused(Law::Separation, "the key of this case was changed meanwhile: enter the case again and repeat the step"));
    }
    Ok(newest.is_some())
}

fn authority_of(row: &Row) -> Result<Authority, StoreError> {
    let authority: Authority = row.content()?;
    let state = match &authority.state {
        AuthorityState::Recorded => "recorded",
        AuthorityState::Live { .. } => "live",
        AuthorityState::Revoked { .. } => "revoked",
    };
    if state != row.state {
        return Err(StoreError::damaged(format!("authority {} says {state} inside and {} outside", row.id, row.state)));
    }
    Ok(authority)
}

/// The state column of a case: words separated by blanks, such as `open court-process`.
fn standing_of(state: Option<&str>) -> CaseStanding {
    let words: Vec<&str> = state.unwrap_or("").split(' ').collect();
    CaseStanding {
        court_process: words.contains(&"court-process"),
        legal_hold: words.contains(&"legal-hold"),
        closed: words.contains(&"closed"),
    }
}
