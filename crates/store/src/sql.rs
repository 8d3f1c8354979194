//! All SQL of the house, written so that PostgreSQL can take the same text (`$1` placeholders, BIGINT,
//! TEXT, bytes); it has run on SQLite only.
//! Synchronous at its surface; the driver's async stays inside this file. It knows no permits and no
//! keys: it refuses nothing, so nobody but `store` can reach it.

use std::{path::Path, time::Duration};

use sqlx::{
    Column, Row, SqlSafeStr, SqliteConnection,
    migrate::{Migration, MigrationType, Migrator}, TypeInfo, ValueRef,
    pool::PoolConnection,
    sqlite::{Sqlite, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous},
};

use crate::StoreError;

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
}

macro_rules! concat_columns {
    ($rest:literal) => {
        concat!(
            "SELECT kind, id, case_id, parent, number, state, actor, time, version, event_seq, key_ref, sealed FROM record ",
            $rest
        )
    };
}

// The one SQL text.
pub(crate) const HEAD_LOCK: &str = "UPDATE log_head SET id = 1 WHERE id = 1";
pub(crate) const HEAD: &str = "SELECT size, frontier, epoch, last_time FROM log_head WHERE id = 1";
pub(crate) const HEAD_MAKE: &str =
    "INSERT INTO log_head (id, size, frontier, epoch, last_time) VALUES (1, 0, $1, 1, 0)";
pub(crate) const HEAD_SET: &str = "UPDATE log_head SET size = $1, frontier = $2, epoch = $3, last_time = $4 WHERE id = 1";
pub(crate) const EPOCH_NEXT: &str = "UPDATE log_head SET epoch = epoch + 1 WHERE id = 1";
pub(crate) const EVENT_ADD: &str = "INSERT INTO event (seq, type, time, actor, case_id, object, leaf, leaf_hash, key_ref, sealed) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
pub(crate) const EVENT_ROW_ADD: &str = "INSERT INTO event_row (seq, kind, id, digest) VALUES ($1, $2, $3, $4)";
pub(crate) const EVENT_ONE: &str = "SELECT seq, leaf, key_ref, sealed FROM event WHERE seq = $1";
pub(crate) const EVENTS_FROM: &str = "SELECT seq, leaf, key_ref, sealed FROM event WHERE seq >= $1 ORDER BY seq LIMIT $2";
pub(crate) const EVENTS_OF_CASE: &str =
    "SELECT seq, leaf, key_ref, sealed FROM event WHERE case_id = $1 AND seq >= $2 ORDER BY seq LIMIT $3";
pub(crate) const EVENTS_OF_OBJECT: &str =
    "SELECT seq, leaf, key_ref, sealed FROM event WHERE object = $1 AND case_id = $2 ORDER BY seq";
pub(crate) const LEAVES_FROM: &str =
    "SELECT seq, leaf, leaf_hash, type, time, actor, case_id, object, key_ref, sealed FROM event WHERE seq >= $1 ORDER BY seq LIMIT $2";
pub(crate) const HASHES_FROM: &str = "SELECT leaf_hash FROM event WHERE seq >= $1 ORDER BY seq LIMIT $2";
pub(crate) const ROWS_OF_EVENT: &str = "SELECT kind, id, digest FROM event_row WHERE seq = $1 ORDER BY kind, id";
pub(crate) const LAST_ROW_DIGEST: &str =
    "SELECT digest, seq FROM event_row WHERE kind = $1 AND id = $2 ORDER BY seq DESC LIMIT 1";
/// A note beside an event that is not in the log would speak for a row that no leaf vouches for.
pub(crate) const NOTES_WITHOUT_EVENT: &str = "SELECT kind, id, seq FROM event_row WHERE NOT EXISTS \
     (SELECT 1 FROM event WHERE event.seq = event_row.seq) ORDER BY seq LIMIT 20";
/// Details are noted beside rows, and lie in `event`.
pub(crate) const ORPHAN_EVENT_ROWS: &str = "SELECT kind, id, seq FROM event_row WHERE kind <> 'event-detail' AND NOT EXISTS \
     (SELECT 1 FROM record WHERE record.kind = event_row.kind AND record.id = event_row.id) ORDER BY seq LIMIT 20";
pub(crate) const RECORD_ADD: &str = "INSERT INTO record (kind, id, case_id, parent, number, state, actor, time, version, event_seq, key_ref, sealed) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
pub(crate) const RECORD_SET: &str = "UPDATE record SET case_id = $3, parent = $4, number = $5, state = $6, actor = $7, time = $8, \
     version = $9, event_seq = $10, key_ref = $11, sealed = $12 WHERE kind = $1 AND id = $2 AND version = $9 - 1";
pub(crate) const RECORD_ONE: &str = concat_columns!("WHERE kind = $1 AND id = $2");
pub(crate) const RECORDS_OF_CASE: &str =
    concat_columns!("WHERE case_id = $1 AND kind = $2 ORDER BY number, time, id");
pub(crate) const RECORDS_OF_KIND: &str = concat_columns!("WHERE kind = $1 ORDER BY number, time, id");
pub(crate) const RECORDS_OF_PARENT: &str = concat_columns!("WHERE kind = $1 AND parent = $2 ORDER BY number, time, id");
pub(crate) const RECORDS_PAGE: &str = concat_columns!("WHERE kind > $1 OR (kind = $1 AND id > $2) ORDER BY kind, id LIMIT $3");
pub(crate) const RECORDS_BY_INDEX: &str = "SELECT record.kind, record.id, record.case_id, record.parent, record.number, record.state, \
     record.actor, record.time, record.version, record.event_seq, record.key_ref, record.sealed FROM record_index \
     JOIN record ON record.kind = record_index.kind AND record.id = record_index.id \
     WHERE record_index.kind = $1 AND record_index.name = $2 AND record_index.blind = $3 ORDER BY record.number, record.id";
pub(crate) const INDEXES_OF_ROW: &str = "SELECT name, blind FROM record_index WHERE kind = $1 AND id = $2 ORDER BY name, blind";
pub(crate) const ORPHAN_INDEXES: &str = "SELECT kind, name, id FROM record_index WHERE NOT EXISTS \
     (SELECT 1 FROM record WHERE record.kind = record_index.kind AND record.id = record_index.id) ORDER BY kind, id LIMIT 20";
pub(crate) const INDEX_ADD: &str = "INSERT INTO record_index (kind, name, blind, id) VALUES ($1, $2, $3, $4)";
pub(crate) const INDEX_CLEAR: &str = "DELETE FROM record_index WHERE kind = $1 AND id = $2";
pub(crate) const NEXT_NUMBER: &str =
    "SELECT COALESCE(MAX(number), $3) + 1 FROM record WHERE case_id = $2 AND kind = $1 AND number >= $3";
/// For cases themselves, and for what belongs to no case.
pub(crate) const NEXT_NUMBER_OF_KIND: &str = "SELECT COALESCE(MAX(number), $2) + 1 FROM record WHERE kind = $1 AND number >= $2";
pub(crate) const COUNT_KIND: &str = "SELECT COUNT(*) FROM record WHERE kind = $1";

fn migrator() -> Migrator {
    let step = |version, description: &'static str, sql: &'static str| {
        Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(vec![step(1, "spine", include_str!("../migrations/sqlite/0001_spine.sql"))])
}

/// The database: one writer with `BEGIN IMMEDIATE`, several readers.
pub(crate) struct Db {
    runtime: tokio::runtime::Runtime,
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Db {
    /// Opens the database file; makes it when `create` says so, and brings its schema up to date.
    pub fn open(path: &Path, create: bool) -> Result<Db, StoreError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_time()
            .build()
            .map_err(|e| StoreError::environment("the database cannot be started", &e))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(20))
            .pragma("secure_delete", "ON")
            .statement_cache_capacity(64);
        let (writer, readers) = runtime.block_on(async {
            let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
            migrator().run(&writer).await.map_err(|e| sqlx::Error::Protocol(e.to_string()))?;
            let readers = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
            Ok::<_, sqlx::Error>((writer, readers))
        })?;
        Ok(Db { runtime, writer, readers })
    }

    /// Rows of a reading statement, outside any transaction.
    pub fn rows(&self, sql: &'static str, values: &[Val]) -> Result<Vec<Cells>, StoreError> {
        self.runtime.block_on(async {
            let mut connection = self.readers.acquire().await?;
            fetch(&mut connection, sql, values).await
        })
    }

    /// The first row, if there is one.
    pub fn first(&self, sql: &'static str, values: &[Val]) -> Result<Option<Cells>, StoreError> {
        Ok(self.rows(sql, values)?.into_iter().next())
    }

    /// Begins a writing transaction; the log head is locked by its first statement.
    pub fn begin(&self) -> Result<Tx<'_>, StoreError> {
        let connection = self.runtime.block_on(async {
            let mut connection = self.writer.acquire().await?;
            sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
            Ok::<_, sqlx::Error>(connection)
        })?;
        let mut tx = Tx { db: self, connection: Some(connection) };
        tx.run(HEAD_LOCK, &[])?;
        Ok(tx)
    }

    /// Begins a reading transaction: one steady picture, whatever others write meanwhile.
    pub fn steady(&self) -> Result<Tx<'_>, StoreError> {
        let connection = self.runtime.block_on(async {
            let mut connection = self.readers.acquire().await?;
            sqlx::query("BEGIN").execute(&mut *connection).await?;
            Ok::<_, sqlx::Error>(connection)
        })?;
        Ok(Tx { db: self, connection: Some(connection) })
    }

    /// Copies the database into `target` as one consistent file (for backups).
    pub fn snapshot_into(&self, target: &Path) -> Result<(), StoreError> {
        let target = target.to_string_lossy().into_owned();
        self.runtime.block_on(async {
            let mut connection = self.readers.acquire().await?;
            sqlx::query("VACUUM INTO $1").bind(target).execute(&mut *connection).await?;
            Ok(())
        })
    }

    /// Asks the database to check its own pages.
    pub fn integrity(&self) -> Result<String, StoreError> {
        self.first("PRAGMA integrity_check", &[])?.map_or(Ok("no answer".into()), |cells| cells.text(0))
    }
}

/// A writing transaction; dropped without [`Tx::commit`], nothing happened.
pub(crate) struct Tx<'d> {
    db: &'d Db,
    connection: Option<PoolConnection<Sqlite>>,
}

impl Tx<'_> {
    fn connection(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect("a transaction keeps its connection until commit or drop")
    }

    pub fn run(&mut self, sql: &'static str, values: &[Val]) -> Result<u64, StoreError> {
        let db = self.db;
        let connection = self.connection();
        db.runtime.block_on(async { Ok(bind(sql, values).execute(connection).await?.rows_affected()) })
    }

    pub fn rows(&mut self, sql: &'static str, values: &[Val]) -> Result<Vec<Cells>, StoreError> {
        let db = self.db;
        let connection = self.connection();
        db.runtime.block_on(fetch(connection, sql, values))
    }

    pub fn first(&mut self, sql: &'static str, values: &[Val]) -> Result<Option<Cells>, StoreError> {
        Ok(self.rows(sql, values)?.into_iter().next())
    }

    /// Durable when this returns (`synchronous=FULL`).
    pub fn commit(mut self) -> Result<(), StoreError> {
        self.run("COMMIT", &[])?;
        // A connection goes back to its pool by a task of the driver's.
        let _inside = self.db.runtime.enter();
        self.connection = None;
        Ok(())
    }
}

impl Drop for Tx<'_> {
    fn drop(&mut self) {
        let _inside = self.db.runtime.enter();
        if let Some(mut connection) = self.connection.take() {
            let outcome = self.db.runtime.block_on(async {
                sqlx::query("ROLLBACK").execute(&mut *connection).await.map(|_| ())
            });
            if outcome.is_err() {
                // A connection in an unknown state must not go back to the pool.
                drop(connection.detach());
            }
        }
    }
}

type Bound<'q> = sqlx::query::Query<'q, Sqlite, sqlx::sqlite::SqliteArguments>;

fn bind<'q>(sql: &'static str, values: &[Val]) -> Bound<'q> {
    values.iter().fold(sqlx::query(sql), |query, value| match value {
        Val::Null => query.bind(None::<String>),
        Val::Int(n) => query.bind(*n),
        Val::Text(s) => query.bind(s.clone()),
        Val::Blob(b) => query.bind(b.clone()),
    })
}

async fn fetch(connection: &mut SqliteConnection, sql: &'static str, values: &[Val]) -> Result<Vec<Cells>, StoreError> {
    let rows = bind(sql, values).fetch_all(connection).await?;
    rows.iter().map(cells).collect()
}

fn cells(row: &sqlx::sqlite::SqliteRow) -> Result<Cells, StoreError> {
    (0..row.columns().len())
        .map(|i| {
            let raw = row.try_get_raw(i)?;
            if raw.is_null() {
                return Ok(Val::Null);
            }
            let kind = raw.type_info();
            Ok(match kind.name() {
                "INTEGER" | "BOOLEAN" | "NUMERIC" => Val::Int(row.try_get_unchecked(i)?),
                "TEXT" => Val::Text(row.try_get_unchecked(i)?),
                "BLOB" => Val::Blob(row.try_get_unchecked(i)?),
                other => return Err(StoreError::damaged(format!("a column of type {other} in {:?}", row.columns()[i].name()))),
            })
        })
        .collect::<Result<Vec<_>, StoreError>>()
        .map(Cells)
}
