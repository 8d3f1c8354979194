//! One queue before the log: steps that wait for it together become durable together (group commit).
//!
//! Whoever finds the queue without a leader leads one batch, and hands the lead to the first who still
//! waits. Content is sealed, indexes are keyed and signatures are made before a step comes here; inside
//! the batch its permit is asked again, it gets its place in the log and its numbers, and all rows of all
//! steps go out in few statements. An answer is given only after the batch is on the disk (law 2).
//!
//! It refuses to let one step hurt another: a refused step writes nothing, and a batch in which a
//! statement fails is taken back and done again step by step. It keeps nothing between batches but what
//! it can prove unchanged: the head of the log has not moved since.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{SyncSender, sync_channel},
    },
};

use ledger::tree::{Frontier, TreeSize};
use model::{
    authority::Authority,
    authorize::{CaseStanding, Ground},
    id::{ActorId, CaseId},
};

use crate::{
    StoreError,
    erasure,
    log::{self, Append, LogHead, NewEvent},
    people::KEY_WRAP,
    permit::{Intent, Scope},
    record::{Basis, Blind, Number, Row},
    sql::{self, Many, Sight, Tx, Val},
    steps::{Committed, Seal, Store, seal_detail},
    tokens::TOKEN,
};

/// The most steps of one batch: what a slow disk makes wait, without letting one transaction grow large.
const MOST: usize = 128;
/// Rows of these kinds decide what the next step may do: such a step ends its batch.
const GROUNDS: [&str; 5] = ["authority", "case", KEY_WRAP, "session", TOKEN];

/// One step, ready to be written: sealed, and owned, because another thread may write it.
pub(crate) struct Step {
    pub actor: Option<ActorId>,
    pub case: Option<CaseId>,
    pub seal: Seal,
    pub event: NewEvent,
    pub rows: Vec<Ready>,
    /// What must still hold when it is written.
    pub question: Option<Question>,
    /// A statement on the head of the log that belongs to this step.
    pub on_head: Option<&'static str>,
}

/// A row whose content is sealed; its number and its event come with its place in the log.
pub(crate) struct Ready {
    pub row: Row,
    pub number: Number,
    pub blinds: Vec<Blind>,
    pub basis: Basis,
}

/// The permit of a step, to be asked again inside the transaction (laws 1, 15).
pub(crate) struct Question {
    pub scope: Scope,
    pub intents: Vec<(Intent, Ground)>,
}

impl Step {
    /// Whether later steps must be judged by what this one writes.
    fn changes_grounds(&self) -> bool {
        self.on_head.is_some() || self.event.event_type.erases() || self.rows.iter().any(|ready| GROUNDS.contains(&ready.row.kind.as_str()))
    }
}

enum Turn {
    Done(Result<Committed, StoreError>),
    Lead,
}

struct Ticket {
    step: Step,
    answer: SyncSender<Turn>,
}

impl Ticket {
    fn tell(self, result: Result<Committed, StoreError>) {
        // Who asked waits for it, or is gone with its thread.
        let _ = self.answer.send(Turn::Done(result));
    }
}

#[derive(Default)]
struct Waiting {
    tickets: VecDeque<Ticket>,
    led: bool,
}

/// The queue of a store.
#[derive(Default)]
pub(crate) struct Sequencer {
    waiting: Mutex<Waiting>,
    known: Mutex<Known>,
}

impl Sequencer {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the next leader takes: up to a step after which the others must be asked anew.
    fn next_batch(&self) -> Vec<Ticket> {
        let mut waiting = self.waiting();
        let mut batch = Vec::new();
        while batch.len() < MOST {
            // A statement on the head comes before everything else in its batch.
            if !batch.is_empty() && waiting.tickets.front().is_some_and(|next| next.step.on_head.is_some()) {
                break;
            }
            let Some(ticket) = waiting.tickets.pop_front() else { break };
            let last = ticket.step.changes_grounds();
            batch.push(ticket);
            if last {
                break;
            }
        }
        batch
    }
}

/// Gives the lead away, also when the batch panicked: nobody must wait for a leader who is gone.
struct Lead<'s>(&'s Sequencer);

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        while let Some(first) = waiting.tickets.front() {
            if first.answer.send(Turn::Lead).is_ok() {
                return;
            }
            waiting.tickets.pop_front();
        }
        waiting.led = false;
    }
}

/// What the last batch read and nobody changed since.
#[derive(Default)]
struct Known {
    size: u64,
    epoch: i64,
    /// The newest generation of the case's key that a person holds.
    members: HashMap<(ActorId, CaseId), Option<i64>>,
    authorities: HashMap<CaseId, Vec<Authority>>,
    standing: HashMap<CaseId, CaseStanding>,
    numbers: HashMap<(String, Option<CaseId>, i64), i64>,
}

/// Why a batch was not written.
enum Failure {
    /// No step could have been: every one gets this answer.
    Every(StoreError),
    /// This step stands in the way of the others.
    Of(usize, StoreError),
    /// One of them, and it is not known which.
    Some(StoreError),
}

impl Store {
    /// Writes a step together with those that wait; durable when this returns.
    pub(crate) fn submit(&self, step: Step) -> Result<Committed, StoreError> {
        let (answer, told) = sync_channel(2);
        let lead = {
            let mut waiting = self.queue.waiting();
            waiting.tickets.push_back(Ticket { step, answer });
            !std::mem::replace(&mut waiting.led, true)
        };
        if lead {
            self.lead();
        }
        loop {
            match told.recv() {
                Ok(Turn::Done(result)) => return result,
                Ok(Turn::Lead) => self.lead(),
                Err(_) => {
                    return Err(StoreError::Unknown {
                        attempt: "writing together with the steps of others".into(),
                        cause: "the program failed in between: the step was recorded or not, nobody was told; look before you repeat it".into(),
                    });
                }
            }
        }
    }

    fn lead(&self) {
        let _lead = Lead(&self.queue);
        self.commit_batch(self.queue.next_batch());
    }

    fn commit_batch(&self, mut batch: Vec<Ticket>) {
        while !batch.is_empty() {
            match self.try_batch(&batch) {
                Ok(results) => return batch.into_iter().zip(results).for_each(|(ticket, result)| ticket.tell(result)),
                Err(Failure::Every(error)) => return batch.into_iter().for_each(|ticket| ticket.tell(Err(error.clone()))),
                Err(Failure::Of(place, error)) => batch.remove(place).tell(Err(error)),
                Err(Failure::Some(error)) if batch.len() == 1 => batch.remove(0).tell(Err(error)),
                Err(Failure::Some(_)) => return batch.into_iter().for_each(|ticket| self.commit_batch(vec![ticket])),
            }
        }
    }

    fn try_batch(&self, batch: &[Ticket]) -> Result<Vec<Result<Committed, StoreError>>, Failure> {
        let mut known = self.queue.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Put back only when all of it holds.
        let mut knows = std::mem::take(&mut *known);
        let mut tx = self.db.begin(Sight::Log).map_err(Failure::Every)?;
        if let Some(statement) = batch.first().and_then(|ticket| ticket.step.on_head) {
            tx.run(statement, &[]).map_err(Failure::Some)?;
        }
        let mut head = LogHead::locked(&mut tx).map_err(Failure::Every)?;
        if (knows.size, knows.epoch) != (head.frontier.size().0, head.epoch) {
            knows = Known::default();
        }
        let mut results = Vec::with_capacity(batch.len());
        let mut pages: Vec<Page<'_>> = Vec::new();
        for (place, ticket) in batch.iter().enumerate() {
            let step = &ticket.step;
            if let Some(question) = &step.question {
                let answer = self.answer(&mut tx, &mut knows, question).map_err(Failure::Some)?;
                if let Err(refused) = answer {
                    results.push(Err(refused));
                    continue;
                }
            }
            let as_seen = erasure::case_is_as_seen(&mut tx, step.case.as_ref(), &step.event.destroys).map_err(Failure::Some)?;
            if !as_seen || step.event.destroys.seen.is_some() && pages.iter().any(|page| page.case == step.case.as_ref()) {
                results.push(Err(StoreError::Conflict));
                continue;
            }
            let rows = number_rows(&mut tx, &mut knows, step, head.frontier.size()).map_err(Failure::Some)?;
            let event = self.place(step, &mut head, &rows).map_err(|error| Failure::Of(place, error))?;
            results.push(Ok(Committed { event: event.seq, numbers: rows.iter().map(|(row, _)| row.number).collect() }));
            Page::of(&mut pages, step.case.as_ref()).add(place, step, event, rows);
        }
        if pages.is_empty() {
            return Ok(results);
        }
        for page in &pages {
            page.write(&mut tx)?;
        }
        head.write(&mut tx).map_err(Failure::Some)?;
        tx.commit().map_err(Failure::Every)?;
        if !batch.iter().any(|ticket| ticket.step.changes_grounds()) {
            (knows.size, knows.epoch) = (head.frontier.size().0, head.epoch);
            *known = knows;
        }
        Ok(results)
    }

    /// Gives a step its place in the log.
    fn place(&self, step: &Step, head: &mut LogHead, rows: &[(Row, &[Blind])]) -> Result<log::Entry, StoreError> {
        let now = self.now();
        let detail = self.full_detail(step.event.detail.clone(), now, head.last_time);
        let detail = seal_detail(&step.seal, head.frontier.size().0, &detail)?;
        log::append(head, Append {
            event_type: step.event.event_type,
            object: step.event.object.as_deref(),
            actor: step.actor.as_ref(),
            case: step.case.as_ref(),
            now,
            commitment: detail.commitment,
            key_ref: detail.key_ref,
            sealed: detail.sealed,
            key: detail.key,
            destroys: &step.event.destroys,
            rows,
        })
    }

    /// Whether the permit of a step still holds, seen from inside the transaction.
    fn answer(&self, tx: &mut Tx<'_>, knows: &mut Known, question: &Question) -> Result<Result<(), StoreError>, StoreError> {
        let scope = &question.scope;
        tx.look(Sight::Person(&scope.actor))?;
        let member = (scope.actor.clone(), scope.case.clone());
        if !knows.members.contains_key(&member) {
            let newest = self.newest_wrap_in(tx, scope)?;
            knows.members.insert(member.clone(), newest);
        }
        // Judged before anything is read for the case: what one person may not see, the others' steps must not miss.
        let member = match crate::asking::holds_newest(knows.members[&member], scope) {
            Ok(true) => true,
            Ok(false) => {
                tx.look(Sight::Log)?;
                return Ok(self.ask_again(scope, &question.intents, false, &[], CaseStanding::default(), &[]));
            }
            Err(refused) => {
                tx.look(Sight::Log)?;
                return Ok(Err(refused));
            }
        };
        tx.look(Sight::Case(&scope.case))?;
        if !knows.authorities.contains_key(&scope.case) {
            knows.authorities.insert(scope.case.clone(), self.authorities_in(tx, scope)?);
        }
        if !knows.standing.contains_key(&scope.case) {
            knows.standing.insert(scope.case.clone(), self.standing_for_in(tx, scope, &knows.authorities[&scope.case])?);
        }
        let releases = self.releases_in(tx, scope, &question.intents)?;
        let token = self.token_works_on_in(tx, scope, &question.intents)?;
        tx.look(Sight::Log)?;
        if let Err(ended) = token {
            return Ok(Err(ended));
        }
        Ok(self.ask_again(scope, &question.intents, member, &knows.authorities[&scope.case], knows.standing[&scope.case], &releases))
    }
}

/// The rows of a step with their numbers and versions.
fn number_rows<'s>(tx: &mut Tx<'_>, knows: &mut Known, step: &'s Step, place: TreeSize) -> Result<Vec<(Row, &'s [Blind])>, StoreError> {
    let mut rows = Vec::with_capacity(step.rows.len());
    for ready in &step.rows {
        let mut row = ready.row.clone();
        row.event = place.0;
        row.number = match ready.number {
            Number::None => None,
            Number::Is(number) => {
                knows.numbers.retain(|(kind, _, _), _| *kind != row.kind);
                Some(number)
            }
            Number::NextAfter(base) => Some(next_number(tx, knows, &row, base)?),
        };
        rows.push((row, ready.blinds.as_slice()));
    }
    Ok(rows)
}

fn next_number(tx: &mut Tx<'_>, knows: &mut Known, row: &Row, base: i64) -> Result<i64, StoreError> {
    let within = row.case.clone().filter(|_| row.kind != "case");
    let key = (row.kind.clone(), within, base);
    let next = match (knows.numbers.get(&key), &key.1) {
        (Some(last), _) => last + 1,
        (None, Some(case)) => sql::number(tx.first(sql::NEXT_NUMBER, &[Val::text(row.kind.clone()), Val::text(case.as_str()), Val::Int(base)])?, base)?,
        (None, None) => sql::number(tx.first(sql::NEXT_NUMBER_OF_KIND, &[Val::text(row.kind.clone()), Val::Int(base)])?, base)?,
    };
    knows.numbers.insert(key, next);
    Ok(next)
}

/// What a batch writes into one case, or into none: the wall between cases stands inside a batch too.
struct Page<'s> {
    case: Option<&'s CaseId>,
    events: Vec<Vec<Val>>,
    keys: Vec<Vec<Val>>,
    destroyed: Vec<Vec<Val>>,
    notes: Vec<Vec<Val>>,
    added: Vec<Vec<Val>>,
    changed: Vec<(usize, Vec<Val>)>,
    indexes: Vec<Vec<Val>>,
}

impl<'s> Page<'s> {
    fn of<'p>(pages: &'p mut Vec<Page<'s>>, case: Option<&'s CaseId>) -> &'p mut Page<'s> {
        let place = pages.iter().position(|page| page.case == case).unwrap_or_else(|| {
            pages.push(Page { case, events: vec![], keys: vec![], destroyed: vec![], notes: vec![], added: vec![], changed: vec![], indexes: vec![] });
            pages.len() - 1
        });
        &mut pages[place]
    }

    fn add(&mut self, place: usize, step: &Step, event: log::Entry, rows: Vec<(Row, &[Blind])>) {
        self.events.push(event.values);
        self.notes.extend(event.notes);
        self.keys.extend(event.key);
        self.destroyed.extend(step.event.destroys.events.iter().map(|(seq, _)| erasure::destroyed_key(*seq)));
        for ((row, blinds), ready) in rows.into_iter().zip(&step.rows) {
            let index = |(name, blind): &Blind| {
                vec![Val::text(row.kind.clone()), Val::text(name.clone()), Val::Blob(blind.clone()), Val::text(row.id.clone())]
            };
            self.indexes.extend(blinds.iter().map(index));
            match ready.basis {
                Basis::New => self.added.push(row.values()),
                Basis::Over(_) => self.changed.push((place, row.values())),
            }
        }
    }

    fn write(&self, tx: &mut Tx<'_>) -> Result<(), Failure> {
        tx.look(self.case.map_or(Sight::Docket, Sight::Case)).map_err(Failure::Some)?;
        tx.add(Many::Event, &self.events).map_err(Failure::Some)?;
        tx.add(Many::EventKey, &self.keys).map_err(Failure::Some)?;
        self.destroyed.iter().try_for_each(|values| tx.run(sql::EVENT_KEY_DESTROY, values).map(|_| ())).map_err(Failure::Some)?;
        tx.add(Many::EventRow, &self.notes).map_err(Failure::Some)?;
        tx.add(Many::Record, &self.added).map_err(Failure::Some)?;
        for (place, values) in &self.changed {
            if tx.run(sql::RECORD_SET, values).map_err(Failure::Some)? != 1 {
                return Err(Failure::Of(*place, StoreError::Conflict));
            }
            tx.run(sql::INDEX_CLEAR, &values[..2]).map_err(Failure::Some)?;
        }
        tx.add(Many::Index, &self.indexes).map_err(Failure::Some)
    }
}

impl LogHead {
    fn locked(tx: &mut Tx<'_>) -> Result<LogHead, StoreError> {
        let cells = tx.first(sql::HEAD, &[])?.ok_or_else(|| StoreError::damaged("the log has no head"))?;
        LogHead::from_cells(&cells)
    }

    fn write(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let size = i64::try_from(self.frontier.size().0).map_err(|_| StoreError::damaged("the log is full"))?;
        let frontier: &Frontier = &self.frontier;
        tx.run(sql::HEAD_SET, &[Val::Int(size), Val::Blob(frontier.to_bytes()), Val::Int(self.epoch), Val::Int(self.last_time.micros())])?;
        Ok(())
    }
}
