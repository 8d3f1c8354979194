//! SQLite: one file in the home, one writer with `BEGIN IMMEDIATE`, several readers.
//!
//! Each question is asked on the thread that has it: no other thread is woken for it (decision 23).
//!
//! It has no roles and no row-level security: whoever reads the file reads all rows of it. What keeps a
//! step inside its case here is the `Scope` that every read of the store takes.

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{CachedStatement, Connection, OpenFlags, TransactionBehavior, types::ValueRef};
use rusqlite_migration::{M, Migrations};

use super::{Cells, Val};
use crate::StoreError;

const STEPS: &[M<'_>] = &[
    M::up(include_str!("../../migrations/sqlite/0001_spine.sql")),
    M::up(include_str!("../../migrations/sqlite/0002_erasure.sql")),
];

/// The longest that a step waits for another program's.
const PATIENCE: Duration = Duration::from_secs(20);
/// Statements that a connection keeps ready: more than the house has texts.
const STATEMENTS: usize = 160;
/// The most connections that read at once.
const READERS: usize = 4;

/// Connections to the file.
pub(super) struct Pools {
    writer: Pool,
    readers: Pool,
}

impl Pools {
    pub fn open(path: &Path, create: bool) -> Result<Pools, StoreError> {
        // The pages that are written next are those that were written last: 40 MiB of them stay at hand.
        let writer = Pool::new(path, 1, Some(-40_960));
        let mut first = connect(path, create, writer.cache)?;
        adopt_older_steps(&mut first)?;
        Migrations::from_slice(STEPS).to_latest(&mut first).map_err(of_steps)?;
        writer.give(first);
        Ok(Pools { writer, readers: Pool::new(path, READERS, None) })
    }

    pub fn rows(&self, sql: &'static str, values: &[Val]) -> Result<Vec<Cells>, StoreError> {
        fetch(&*self.readers.take()?, sql, values)
    }

    pub fn begin(&self) -> Result<Held<'_>, StoreError> {
        begun(self.writer.take()?, "BEGIN IMMEDIATE")
    }

    pub fn steady(&self) -> Result<Held<'_>, StoreError> {
        begun(self.readers.take()?, "BEGIN")
    }

    pub fn copy_into(&self, target: &Path) -> Result<(), StoreError> {
        let target = target.to_str().ok_or_else(|| StoreError::input("the backup's path is not UTF-8: choose another folder"))?;
        self.readers.take()?.execute("VACUUM INTO ?1", [target])?;
        Ok(())
    }

    /// Leaves nothing of what was written over: the write-ahead log is emptied, and the file is written anew without
    /// free pages. `false` when another process reads, so that the old pages cannot go yet.
    pub fn purge(&self) -> Result<bool, StoreError> {
        let connection = self.writer.take()?;
        if !emptied(&connection)? {
            return Ok(false);
        }
        connection.execute_batch("VACUUM")?;
        emptied(&connection)
    }

    /// SQLite's own check of its pages.
    pub fn integrity(&self) -> Result<String, StoreError> {
        let answer = self.rows("PRAGMA integrity_check", &[])?;
        answer.first().map_or(Ok("no answer".into()), |cells| cells.text(0))
    }
}

/// Connections of one kind: made when they are needed, kept until the file is left.
struct Pool {
    path: PathBuf,
    cache: Option<i64>,
    most: usize,
    state: Mutex<Kept>,
    freed: Condvar,
}

#[derive(Default)]
struct Kept {
    free: Vec<Connection>,
    lent: usize,
}

impl Pool {
    fn new(path: &Path, most: usize, cache: Option<i64>) -> Pool {
        Pool { path: path.into(), cache, most, state: Mutex::default(), freed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, Kept> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that nobody else has; waits for one when all are lent.
    fn take(&self) -> Result<Held<'_>, StoreError> {
        let full = |kept: &mut Kept| kept.free.is_empty() && kept.lent >= self.most;
        let mut kept = self.freed.wait_while(self.state(), full).unwrap_or_else(PoisonError::into_inner);
        kept.lent += 1;
        let ready = kept.free.pop();
        drop(kept);
        // Lent from here on: when it cannot be made, its place is given back.
        let mut held = Held { pool: self, connection: ready };
        if held.connection.is_none() {
            held.connection = Some(connect(&self.path, false, self.cache)?);
        }
        Ok(held)
    }

    fn give(&self, connection: Connection) {
        self.state().free.push(connection);
    }
}

/// A connection, until it is dropped.
pub(super) struct Held<'p> {
    pool: &'p Pool,
    connection: Option<Connection>,
}

impl Deref for Held<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a lent connection is there until it is dropped")
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut kept = self.pool.state();
        kept.lent -= 1;
        kept.free.extend(self.connection.take());
        drop(kept);
        self.pool.freed.notify_one();
    }
}

fn connect(path: &Path, create: bool, cache: Option<i64>) -> Result<Connection, StoreError> {
    let may_create = if create { OpenFlags::SQLITE_OPEN_CREATE } else { OpenFlags::empty() };
    // Each connection is used by one thread at a time: its own lock would be a second one.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags | may_create)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;
         PRAGMA wal_autocheckpoint = 4000;",
    )?;
    if let Some(pages) = cache {
        connection.pragma_update(None, "cache_size", pages)?;
    }
    Ok(connection)
}

/// A home that an earlier build made counts its steps in a table of that build's driver.
fn adopt_older_steps(connection: &mut Connection) -> Result<(), StoreError> {
    let kept = |connection: &Connection| connection.query_row("SELECT COUNT(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'", [], |row| row.get::<_, i64>(0));
    if kept(connection)? == 0 {
        return Ok(());
    }
    // Asked again under the lock: another program may have taken the home over meanwhile.
    let taking = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if kept(&taking)? == 1 {
        let steps: i64 = taking.query_row("SELECT COUNT(*) FROM _sqlx_migrations", [], |row| row.get(0))?;
        taking.execute_batch(&format!("PRAGMA user_version = {steps}; DROP TABLE _sqlx_migrations"))?;
    }
    Ok(taking.commit()?)
}

fn of_steps(error: rusqlite_migration::Error) -> StoreError {
    use rusqlite_migration::{Error, MigrationDefinitionError::DatabaseTooFarAhead};
    let cause = match error {
        Error::RusqliteError { err, .. } => return err.into(),
        Error::MigrationDefinition(DatabaseTooFarAhead) => "a later build made these tables: use that one; nothing was changed".to_string(),
        other => other.to_string(),
    };
    StoreError::Environment { attempt: "bringing the tables up to date".into(), cause }
}

/// Whether every page of the write-ahead log is in the file, and the log is empty.
fn emptied(connection: &Connection) -> Result<bool, StoreError> {
    let answer = fetch(connection, "PRAGMA wal_checkpoint(TRUNCATE)", &[])?;
    answer.first().map_or(Ok(false), |cells| Ok(cells.int(0)? == 0))
}

fn begun<'p>(connection: Held<'p>, how: &'static str) -> Result<Held<'p>, StoreError> {
    run(&connection, how, &[])?;
    Ok(connection)
}

/// Rolls back; a connection in an unknown state must not go back to the pool.
pub(super) fn give_up(mut connection: Held<'_>) {
    if run(&connection, "ROLLBACK", &[]).is_err() {
        drop(connection.connection.take());
    }
}

pub(super) fn run(connection: &Connection, sql: &'static str, values: &[Val]) -> Result<u64, StoreError> {
    let mut statement = bound(connection, sql, values)?;
    Ok(statement.raw_execute()? as u64)
}

pub(super) fn fetch(connection: &Connection, sql: &'static str, values: &[Val]) -> Result<Vec<Cells>, StoreError> {
    let mut statement = bound(connection, sql, values)?;
    let columns = statement.column_count();
    let mut rows = statement.raw_query();
    let mut answer = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = (0..columns).map(|i| read(row.get_ref(i)?)).collect::<Result<_, StoreError>>()?;
        answer.push(Cells(cells));
    }
    Ok(answer)
}

/// The statement with its values. `$2` is the second of them wherever it stands, as a server reads it.
fn bound<'c>(connection: &'c Connection, sql: &'static str, values: &[Val]) -> Result<CachedStatement<'c>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    if values.len() > statement.parameter_count() {
        return Err(StoreError::damaged(format!("a statement has fewer places than its {} values", values.len())));
    }
    for place in 1..=statement.parameter_count() {
        let named = statement.parameter_name(place).and_then(|name| name.strip_prefix('$')?.parse().ok());
        match values.get(named.unwrap_or(place) - 1) {
            None => return Err(StoreError::damaged(format!("a statement has more places than its {} values", values.len()))),
            Some(Val::Null) => statement.raw_bind_parameter(place, rusqlite::types::Null)?,
            Some(Val::Int(n)) => statement.raw_bind_parameter(place, n)?,
            Some(Val::Text(text)) => statement.raw_bind_parameter(place, text)?,
            Some(Val::Blob(bytes)) => statement.raw_bind_parameter(place, bytes)?,
        }
    }
    Ok(statement)
}

fn read(value: ValueRef<'_>) -> Result<Val, StoreError> {
    Ok(match value {
        ValueRef::Null => Val::Null,
        ValueRef::Integer(n) => Val::Int(n),
        ValueRef::Text(text) => Val::Text(std::str::from_utf8(text).map_err(|e| StoreError::damaged(format!("a text is not UTF-8: {e}")))?.into()),
        ValueRef::Blob(bytes) => Val::Blob(bytes.into()),
        ValueRef::Real(_) => return Err(StoreError::damaged("a number with a fraction stands where none belongs")),
    })
}
