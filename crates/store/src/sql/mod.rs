//! All SQL of the house: one text for SQLite and PostgreSQL (`$1` placeholders, BIGINT, TEXT, bytes), the
//! values that go in and out, and the database behind a thin enum.
//!
//! Synchronous at its surface; the driver's async stays inside this folder. It knows no permits and no
//! keys: it refuses nothing, so nobody but `store` can reach it. Each statement says with whose eyes it
//! looks ([`Sight`]): PostgreSQL holds it to that by row-level security, SQLite has nothing of the kind.

mod postgres;
mod sqlite;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use model::id::{ActorId, CaseId};
use sqlx::{Connection, PgConnection, Postgres, pool::PoolConnection};
use tokio::runtime::Runtime;

use crate::{StoreError, home::Database};

pub(crate) use postgres::explained;

/// A value on its way in or out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Val {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl Val {
    pub fn text(value: impl Into<String>) -> Val {
        Val::Text(value.into())
    }

    pub fn opt(value: Option<impl Into<String>>) -> Val {
        value.map_or(Val::Null, |v| Val::Text(v.into()))
    }
}

/// One row of an answer; the accessors say what the schema promises.
pub(crate) struct Cells(Vec<Val>);

impl Cells {
    pub fn int(&self, i: usize) -> Result<i64, StoreError> {
        match &self.0[i] {
            Val::Int(n) => Ok(*n),
            other => Err(StoreError::damaged(format!("column {i} holds {other:?} where a number belongs"))),
        }
    }

    pub fn opt_int(&self, i: usize) -> Option<i64> {
        if let Val::Int(n) = &self.0[i] { Some(*n) } else { None }
    }

    pub fn text(&self, i: usize) -> Result<String, StoreError> {
        self.opt_text(i).ok_or_else(|| StoreError::damaged(format!("column {i} holds no text")))
    }

    pub fn opt_text(&self, i: usize) -> Option<String> {
        if let Val::Text(s) = &self.0[i] { Some(s.clone()) } else { None }
    }

    pub fn blob(&self, i: usize) -> Result<Vec<u8>, StoreError> {
        match &self.0[i] {
            Val::Blob(b) => Ok(b.clone()),
            other => Err(StoreError::damaged(format!("column {i} holds {other:?} where bytes belong"))),
        }
    }

    /// The values themselves, for a dump.
    pub fn values(&self) -> &[Val] {
        &self.0
    }
}

macro_rules! concat_columns {
    ($rest:literal) => {
        concat!(
            "SELECT kind, id, case_id, parent, number, state, actor, time, version, event_seq, key_ref, sealed FROM record ",
            $rest
        )
    };
}

macro_rules! concat_event {
    ($rest:literal) => {
        concat!(
            "SELECT event.seq, leaf, key_ref, event.sealed, event_key.sealed FROM event LEFT JOIN event_key ON event_key.seq = event.seq ",
            $rest
        )
    };
}

// The one SQL text.
pub(crate) const HEAD_LOCK: &str = "UPDATE log_head SET id = 1 WHERE id = 1";
pub(crate) const HEAD: &str = "SELECT size, frontier, epoch, last_time FROM log_head WHERE id = 1";
pub(crate) const HEAD_MAKE: &str =
    "INSERT INTO log_head (id, size, frontier, epoch, last_time) VALUES (1, 0, $1, 1, 0)";
/// The head of a log that is brought back.
pub(crate) const HEAD_ADD: &str = "INSERT INTO log_head (id, size, frontier, epoch, last_time) VALUES (1, $1, $2, $3, $4)";
pub(crate) const HEAD_SET: &str = "UPDATE log_head SET size = $1, frontier = $2, epoch = $3, last_time = $4 WHERE id = 1";
pub(crate) const EPOCH_NEXT: &str = "UPDATE log_head SET epoch = epoch + 1 WHERE id = 1";
/// The key of a detail; empty when an erasure destroyed it.
pub(crate) const EVENT_KEY_DESTROY: &str = "UPDATE event_key SET sealed = $2 WHERE seq = $1";
pub(crate) const EVENT_KEYS_PAGE: &str = "SELECT seq, case_id, sealed FROM event_key WHERE seq > $1 ORDER BY seq LIMIT $2";
pub(crate) const EVENT_ONE: &str = concat_event!("WHERE event.seq = $1");
pub(crate) const EVENTS_FROM: &str = concat_event!("WHERE event.seq >= $1 ORDER BY event.seq LIMIT $2");
pub(crate) const EVENTS_OF_CASE: &str = concat_event!("WHERE event.case_id = $1 AND event.seq >= $2 ORDER BY event.seq LIMIT $3");
pub(crate) const EVENTS_OF_OBJECT: &str = concat_event!("WHERE event.object = $1 AND event.case_id = $2 ORDER BY event.seq");
pub(crate) const EVENTS_OF_TYPE: &str = concat_event!("WHERE event.type = $1 ORDER BY event.seq");
pub(crate) const LEAVES_FROM: &str = "SELECT event.seq, leaf, leaf_hash, type, time, actor, event.case_id, object, key_ref, event.sealed, \
     event_key.sealed FROM event LEFT JOIN event_key ON event_key.seq = event.seq WHERE event.seq >= $1 ORDER BY event.seq LIMIT $2";
pub(crate) const TYPE_OF_EVENT: &str = "SELECT type FROM event WHERE seq = $1";
/// What an erasure noted of one kind: keys of details, objects.
pub(crate) const NOTED_OF_KIND: &str = "SELECT id, seq FROM event_row WHERE kind = $1 ORDER BY id";
// Pages of a dump, each in the order of its key.
pub(crate) const HEAD_PAGE: &str =
    "SELECT size, frontier, epoch, last_time FROM log_head WHERE size > $1 ORDER BY size LIMIT $2";
pub(crate) const EVENTS_PAGE: &str = "SELECT seq, type, time, actor, case_id, object, leaf, leaf_hash, key_ref, sealed \
     FROM event WHERE seq > $1 ORDER BY seq LIMIT $2";
pub(crate) const EVENT_ROWS_PAGE: &str =
    "SELECT seq, kind, id, digest FROM event_row WHERE (kind, id, seq) > ($1, $2, $3) ORDER BY kind, id, seq LIMIT $4";
pub(crate) const HASHES_FROM: &str = "SELECT leaf_hash FROM event WHERE seq >= $1 ORDER BY seq LIMIT $2";
pub(crate) const ROWS_OF_EVENT: &str = "SELECT kind, id, digest FROM event_row WHERE seq = $1 ORDER BY kind, id";
pub(crate) const LAST_ROW_DIGEST: &str =
    "SELECT digest, seq FROM event_row WHERE kind = $1 AND id = $2 ORDER BY seq DESC LIMIT 1";
/// A note beside an event that is not in the log would speak for a row that no leaf vouches for.
pub(crate) const NOTES_WITHOUT_EVENT: &str = "SELECT kind, id, seq FROM event_row WHERE NOT EXISTS \
     (SELECT 1 FROM event WHERE event.seq = event_row.seq) ORDER BY seq LIMIT 20";
/// Details are noted beside rows, and lie in `event`; keys and objects that an erasure destroyed are noted there too.
pub(crate) const ORPHAN_EVENT_ROWS: &str = "SELECT kind, id, seq FROM event_row WHERE kind NOT IN ('event-detail', 'event-key', 'object') AND NOT EXISTS \
     (SELECT 1 FROM record WHERE record.kind = event_row.kind AND record.id = event_row.id) ORDER BY seq LIMIT 20";
pub(crate) const RECORD_SET: &str = "UPDATE record SET case_id = $3, parent = $4, number = $5, state = $6, actor = $7, time = $8, \
     version = $9, event_seq = $10, key_ref = $11, sealed = $12 WHERE kind = $1 AND id = $2 AND version = $9 - 1";
pub(crate) const RECORD_ONE: &str = concat_columns!("WHERE kind = $1 AND id = $2");
pub(crate) const RECORDS_OF_CASE: &str =
    concat_columns!("WHERE case_id = $1 AND kind = $2 ORDER BY number NULLS FIRST, time, id");
/// A part of a long list, by number.
pub(crate) const RECORDS_OF_CASE_FROM: &str = concat_columns!("WHERE case_id = $1 AND kind = $2 AND number >= $3 ORDER BY number LIMIT $4");
/// A piece of what changed behind a row of an event, found by the event: the words around the case and the kind keep their
/// index out of it.
pub(crate) const RECORDS_CHANGED: &str =
    concat_columns!("WHERE (event_seq, id) > ($1, $2) AND case_id || '' = $3 AND kind || '' = $4 ORDER BY event_seq, id LIMIT $5");
pub(crate) const RECORD_BY_NUMBER: &str = concat_columns!("WHERE case_id = $1 AND kind = $2 AND number = $3");
pub(crate) const RECORDS_ALL_OF_CASE: &str = concat_columns!("WHERE case_id = $1 ORDER BY kind, number NULLS FIRST, id");
pub(crate) const RECORDS_OF_KIND: &str = concat_columns!("WHERE kind = $1 ORDER BY number NULLS FIRST, time, id");
/// What belongs to the agency and to no case.
pub(crate) const RECORDS_OF_AGENCY: &str = concat_columns!("WHERE kind = $1 AND case_id IS NULL ORDER BY number NULLS FIRST, time, id");
pub(crate) const RECORDS_OF_PARENT: &str = concat_columns!("WHERE kind = $1 AND parent = $2 ORDER BY number NULLS FIRST, time, id");
/// A stretch of the rows of a kind, in the order of their ids; the ids of one stretch differ in digits only.
pub(crate) const RECORDS_STRETCH: &str = concat_columns!("WHERE kind = $1 AND id >= $2 AND id <= $3 ORDER BY id LIMIT $4");
/// The same of one state.
pub(crate) const RECORDS_STRETCH_IN_STATE: &str =
    concat_columns!("WHERE kind = $1 AND id >= $2 AND id <= $3 AND state = $5 ORDER BY id LIMIT $4");
pub(crate) const INDEX_HOLDS: &str = "SELECT id FROM record_index WHERE kind = $1 AND name = $2 AND blind = $3 LIMIT 1";
pub(crate) const RECORDS_PAGE: &str = concat_columns!("WHERE kind > $1 OR (kind = $1 AND id > $2) ORDER BY kind, id LIMIT $3");
pub(crate) const RECORDS_BY_INDEX: &str = "SELECT record.kind, record.id, record.case_id, record.parent, record.number, record.state, \
     record.actor, record.time, record.version, record.event_seq, record.key_ref, record.sealed FROM record_index \
     JOIN record ON record.kind = record_index.kind AND record.id = record_index.id \
     WHERE record_index.kind = $1 AND record_index.name = $2 AND record_index.blind = $3 ORDER BY record.number NULLS FIRST, record.id";
pub(crate) const INDEXES_OF_ROW: &str = "SELECT name, blind FROM record_index WHERE kind = $1 AND id = $2 ORDER BY name, blind";
pub(crate) const ORPHAN_INDEXES: &str = "SELECT kind, name, id FROM record_index WHERE NOT EXISTS \
     (SELECT 1 FROM record WHERE record.kind = record_index.kind AND record.id = record_index.id) ORDER BY kind, id LIMIT 20";
pub(crate) const INDEXES_PAGE: &str = "SELECT kind, name, blind, id FROM record_index \
     WHERE (kind, name, blind, id) > ($1, $2, $3, $4) ORDER BY kind, name, blind, id LIMIT $5";
pub(crate) const INDEX_CLEAR: &str = "DELETE FROM record_index WHERE kind = $1 AND id = $2";
pub(crate) const NEXT_NUMBER: &str =
    "SELECT COALESCE(MAX(number), $3) + 1 FROM record WHERE case_id = $2 AND kind = $1 AND number >= $3";
/// For cases themselves, and for what belongs to no case.
pub(crate) const NEXT_NUMBER_OF_KIND: &str = "SELECT COALESCE(MAX(number), $2) + 1 FROM record WHERE kind = $1 AND number >= $2";
/// Rows that were erased hold nothing and are not counted.
pub(crate) const COUNT_KIND: &str = "SELECT COUNT(*) FROM record WHERE kind = $1 AND key_ref <> 'erased'";
pub(crate) const COUNT_STATE: &str = "SELECT COUNT(*) FROM record WHERE kind = $1 AND state = $2";

/// A table to which many rows are added by one statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Many {
    Event,
    EventKey,
    EventRow,
    Record,
    Index,
}

impl Many {
    fn into_columns(self) -> (&'static str, usize) {
        match self {
            Many::Event => ("INSERT INTO event (seq, type, time, actor, case_id, object, leaf, leaf_hash, key_ref, sealed) VALUES ", 10),
            Many::EventKey => ("INSERT INTO event_key (seq, case_id, sealed) VALUES ", 3),
            Many::EventRow => ("INSERT INTO event_row (seq, kind, id, digest) VALUES ", 4),
            Many::Record => (
                "INSERT INTO record (kind, id, case_id, parent, number, state, actor, time, version, event_seq, key_ref, sealed) VALUES ",
                12,
            ),
            Many::Index => ("INSERT INTO record_index (kind, name, blind, id) VALUES ", 4),
        }
    }

    /// The text for so many rows: written once and kept, since there are only a few such numbers. SQLite
    /// looks a numbered place up by its name, one after the other; there the places have none.
    fn text(self, rows: usize, numbered: bool) -> &'static str {
        static TEXTS: Mutex<BTreeMap<(&str, usize, bool), &'static str>> = Mutex::new(BTreeMap::new());
        let (into, columns) = self.into_columns();
        let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
        texts.entry((into, rows, numbered)).or_insert_with(|| {
            let place = |n: usize| if numbered { format!("${n}") } else { "?".into() };
            let row = |row: usize| format!("({})", (1..=columns).map(|column| place(row * columns + column)).collect::<Vec<_>>().join(", "));
            Box::leak(format!("{into}{}", (0..rows).map(row).collect::<Vec<_>>().join(", ")).into_boxed_str())
        })
    }
}

/// The largest number of rows in one statement; fewer go out as powers of two, so that few texts are prepared.
const ROWS_AT_ONCE: usize = 64;

/// The answer to [`NEXT_NUMBER`]: the first number is the one after `base`.
pub(crate) fn number(answer: Option<Cells>, base: i64) -> Result<i64, StoreError> {
    answer.map_or(Ok(base + 1), |cells| cells.int(0))
}

/// With whose eyes a statement looks. The narrowest that does is the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight<'a> {
    /// The agency's own register, and which cases there are and who holds their keys: no content of a case.
    Docket,
    /// The register, and the cases of which this person holds a live key.
    Person(&'a ActorId),
    /// The register and this one case: after membership was asked, or while the case is begun or given back.
    Case(&'a CaseId),
    /// Everything, to be read only: the check of the log, numbering, counts, backups.
    Log,
    /// Filling an empty database from a backup.
    Restore,
}

/// The database: the file in the home, or a server.
pub(crate) struct Db(Engine);

#[expect(clippy::large_enum_variant, reason = "there is one for each program")]
enum Engine {
    Sqlite(sqlite::Pools),
    Postgres(Server),
}

/// A server, and the runtime on which its driver works.
struct Server {
    runtime: Runtime,
    pools: postgres::Pools,
}

enum Link<'d> {
    Sqlite(sqlite::Held<'d>),
    Postgres(&'d Runtime, PoolConnection<Postgres>),
}

impl Db {
    /// Opens the database file; makes it when `create` says so, and brings its schema up to date.
    pub fn file(path: &Path, create: bool) -> Result<Db, StoreError> {
        Ok(Db(Engine::Sqlite(sqlite::Pools::open(path, create)?)))
    }

    /// Opens the records on a server, after asking the server whether it keeps what it acknowledges.
    pub fn server(database: &Database) -> Result<Db, StoreError> {
        let runtime = runtime()?;
        let pools = runtime.block_on(postgres::Pools::open(database))?;
        Ok(Db(Engine::Postgres(Server { runtime, pools })))
    }

    /// Makes the tables on a server, as the role that owns them, for the role of `database` to work with.
    pub fn prepare_server(owner: &Database, database: &Database) -> Result<(), StoreError> {
        runtime()?.block_on(postgres::migrate(owner, database))
    }

    /// Rows of a reading statement, outside any transaction of the caller's.
    pub fn rows(&self, sight: Sight<'_>, sql: &'static str, values: &[Val]) -> Result<Vec<Cells>, StoreError> {
        match &self.0 {
            Engine::Sqlite(pools) => pools.rows(sql, values),
            Engine::Postgres(server) => server.runtime.block_on(server.pools.rows(sight, sql, values)),
        }
    }

    /// The first row, if there is one.
    pub fn first(&self, sight: Sight<'_>, sql: &'static str, values: &[Val]) -> Result<Option<Cells>, StoreError> {
        Ok(self.rows(sight, sql, values)?.into_iter().next())
    }

    /// Begins a writing transaction; the log head is locked by its first statement.
    pub fn begin(&self, sight: Sight<'_>) -> Result<Tx<'_>, StoreError> {
        let link = match &self.0 {
            Engine::Sqlite(pools) => Link::Sqlite(pools.begin()?),
            Engine::Postgres(server) => Link::Postgres(&server.runtime, server.runtime.block_on(server.pools.begin(sight))?),
        };
        let mut tx = Tx { link: Some(link), failed: false };
        tx.run(HEAD_LOCK, &[])?;
        Ok(tx)
    }

    /// Begins a reading transaction over everything: one steady picture, whatever others write meanwhile.
    pub fn steady(&self) -> Result<Tx<'_>, StoreError> {
        let link = match &self.0 {
            Engine::Sqlite(pools) => Link::Sqlite(pools.steady()?),
            Engine::Postgres(server) => Link::Postgres(&server.runtime, server.runtime.block_on(server.pools.steady())?),
        };
        Ok(Tx { link: Some(link), failed: false })
    }

    /// Takes what was written over out of the file. What a server keeps of it, only its owner can take out: `false`
    /// then, unless he is named.
    pub fn purge(&self, owner: Option<&Database>) -> Result<bool, StoreError> {
        match (&self.0, owner) {
            (Engine::Sqlite(pools), _) if pools.purge()? => Ok(true),
            (Engine::Sqlite(_), _) => Err(StoreError::Environment {
                attempt: "writing the records anew without what was erased".into(),
                cause: "another lanternfish process reads them: end it and run the erasure again; it goes on where it stands".into(),
            }),
            (Engine::Postgres(server), Some(owner)) => server.runtime.block_on(postgres::vacuum(owner)).map(|()| true),
            (Engine::Postgres(_), None) => Ok(false),
        }
    }

    /// Copies a database file into `target` as one consistent file; `false` when the records are on a server.
    pub fn copy_file_into(&self, target: &Path) -> Result<bool, StoreError> {
        match &self.0 {
            Engine::Sqlite(pools) => pools.copy_into(target).map(|()| true),
            Engine::Postgres(_) => Ok(false),
        }
    }

    /// Asks the database to check itself: `ok` when sound.
    pub fn integrity(&self) -> Result<String, StoreError> {
        match &self.0 {
            Engine::Sqlite(pools) => pools.integrity(),
            Engine::Postgres(server) => server.runtime.block_on(server.pools.integrity()),
        }
    }
}

/// A lock of the server's, on a connection of its own: it lives as long as that.
pub(crate) struct Lock {
    runtime: tokio::runtime::Handle,
    connection: Mutex<Option<PgConnection>>,
}

impl Lock {
    /// Whether the connection, and with it the lock, still lives.
    pub fn holds(&self) -> Result<(), StoreError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        match connection.as_mut() {
            Some(connection) => self.runtime.block_on(postgres::is_alive(connection)),
            None => Err(StoreError::damaged("a lock that was let go")),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(connection) = connection {
            // A server that is away lets it go by itself.
            let _ = self.runtime.block_on(async { tokio::time::timeout(LEAVING, connection.close()).await });
        }
    }
}

impl Db {
    /// Whether the records are on a server, which other machines may share.
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Engine::Postgres(_))
    }

    /// Takes the server's lock of this number; none when somebody has it. A file has no such locks.
    pub fn lock(&self, key: i64) -> Result<Option<Lock>, StoreError> {
        let Engine::Postgres(server) = &self.0 else { return Ok(None) };
        let taken = server.runtime.block_on(server.pools.lock(key))?;
        Ok(taken.map(|connection| Lock { runtime: server.runtime.handle().clone(), connection: Mutex::new(Some(connection)) }))
    }
}

/// The longest that a server which is left waits for its connections to end.
const LEAVING: Duration = Duration::from_secs(5);

/// Who has left a server holds no connection to it: they end here and not some time later. Those to a file end with it.
impl Drop for Server {
    fn drop(&mut self) {
        // A server that is away is left without a farewell.
        let _ = self.runtime.block_on(async { tokio::time::timeout(LEAVING, self.pools.close()).await });
    }
}

fn runtime() -> Result<Runtime, StoreError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|e| StoreError::environment("the database cannot be started", &e))
}

/// A transaction; dropped without [`Tx::commit`], nothing happened.
pub(crate) struct Tx<'d> {
    link: Option<Link<'d>>,
    /// A statement failed. PostgreSQL answers COMMIT with a silent rollback then, so nobody may send one.
    failed: bool,
}

impl<'d> Tx<'d> {
    fn link(&mut self) -> &mut Link<'d> {
        self.link.as_mut().expect("a transaction keeps its connection until commit or drop")
    }

    fn noted<T>(&mut self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        self.failed |= answer.is_err();
        answer
    }

    /// From here on the transaction looks with other eyes.
    pub fn look(&mut self, sight: Sight<'_>) -> Result<(), StoreError> {
        let answer = match self.link() {
            Link::Sqlite(_) => Ok(()),
            Link::Postgres(runtime, connection) => runtime.block_on(postgres::look(connection, sight)),
        };
        self.noted(answer)
    }

    pub fn run(&mut self, sql: &'static str, values: &[Val]) -> Result<u64, StoreError> {
        let answer = match self.link() {
            Link::Sqlite(connection) => sqlite::run(connection, sql, values),
            Link::Postgres(runtime, connection) => runtime.block_on(postgres::run(connection, sql, values)),
        };
        self.noted(answer)
    }

    /// Adds rows, many by one statement.
    pub fn add(&mut self, table: Many, rows: &[Vec<Val>]) -> Result<(), StoreError> {
        let numbered = matches!(self.link(), Link::Postgres(..));
        let mut left = rows;
        while !left.is_empty() {
            let most = left.len().min(ROWS_AT_ONCE);
            let (now, later) = left.split_at(1 << most.ilog2());
            self.run(table.text(now.len(), numbered), &now.concat())?;
            left = later;
        }
        Ok(())
    }

    pub fn rows(&mut self, sql: &'static str, values: &[Val]) -> Result<Vec<Cells>, StoreError> {
        let answer = match self.link() {
            Link::Sqlite(connection) => sqlite::fetch(connection, sql, values),
            Link::Postgres(runtime, connection) => runtime.block_on(postgres::fetch(connection, sql, values)),
        };
        self.noted(answer)
    }

    pub fn first(&mut self, sql: &'static str, values: &[Val]) -> Result<Option<Cells>, StoreError> {
        Ok(self.rows(sql, values)?.into_iter().next())
    }

    /// Durable when this returns (`synchronous=FULL`, `synchronous_commit=on`).
    pub fn commit(mut self) -> Result<(), StoreError> {
        if self.failed {
            return Err(StoreError::damaged("a step went on after a statement had failed"));
        }
        if let Err(error) = self.run("COMMIT", &[]) {
            return Err(postgres::of_commit(error));
        }
        if let Some(link) = self.link.take() {
            link.leave();
        }
        Ok(())
    }
}

impl Link<'_> {
    /// A connection to a server goes back to its pool by a task of the driver's.
    fn leave(self) {
        if let Link::Postgres(runtime, connection) = self {
            let _inside = runtime.enter();
            drop(connection);
        }
    }
}

impl Drop for Tx<'_> {
    fn drop(&mut self) {
        match self.link.take() {
            None => {}
            Some(Link::Sqlite(connection)) => sqlite::give_up(connection),
            Some(Link::Postgres(runtime, connection)) => {
                let _inside = runtime.enter();
                runtime.block_on(postgres::give_up(connection));
            }
        }
    }
}
