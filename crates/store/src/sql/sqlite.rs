//! SQLite: one file in the home, one writer with `BEGIN IMMEDIATE`, several readers.
//!
//! It has no roles and no row-level security: whoever reads the file reads all rows of it. What keeps a
//! step inside its case here is the `Scope` that every read of the store takes.

use std::{path::Path, time::Duration};

use sqlx::{
    Column, Row, SqlSafeStr, SqliteConnection, TypeInfo, ValueRef,
    migrate::{Migration, MigrationType, Migrator},
    pool::PoolConnection,
    sqlite::{Sqlite, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Cells, Val};
use crate::StoreError;

fn migrator() -> Migrator {
    let step = |version, description: &'static str, sql: &'static str| {
        Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(vec![
        step(1, "spine", include_str!("../../migrations/sqlite/0001_spine.sql")),
        step(2, "erasure", include_str!("../../migrations/sqlite/0002_erasure.sql")),
    ])
}

/// Connections to the file.
pub(super) struct Pools {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Pools {
    pub async fn open(path: &Path, create: bool) -> Result<Pools, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(20))
            .pragma("secure_delete", "ON")
            .pragma("wal_autocheckpoint", "4000")
            .statement_cache_capacity(160);
        // A connection to a file does not go away by itself: asking it first would double every question.
        let pool = |most| SqlitePoolOptions::new().max_connections(most).test_before_acquire(false);
        // The pages that are written next are those that were written last: 64 MiB of them stay at hand.
        let writer = pool(1).connect_with(options.clone().pragma("cache_size", "-65536")).await?;
        migrator().run(&writer).await.map_err(|e| sqlx::Error::Protocol(e.to_string()))?;
        let readers = pool(4).connect_with(options).await?;
        Ok(Pools { writer, readers })
    }

    /// Ends every connection; returns when they are gone.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    pub async fn rows(&self, sql: &'static str, values: &[Val]) -> Result<Vec<Cells>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        fetch(&mut connection, sql, values).await
    }

    pub async fn begin(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        begun(self.writer.acquire().await?, "BEGIN IMMEDIATE").await
    }

    pub async fn steady(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        begun(self.readers.acquire().await?, "BEGIN").await
    }

    pub async fn copy_into(&self, target: &Path) -> Result<(), StoreError> {
        let mut connection = self.readers.acquire().await?;
        sqlx::query("VACUUM INTO $1").bind(target.to_string_lossy().into_owned()).execute(&mut *connection).await?;
        Ok(())
    }

    /// Leaves nothing of what was written over: the write-ahead log is emptied, and the file is written anew without
    /// free pages. `false` when another process reads, so that the old pages cannot go yet.
    pub async fn purge(&self) -> Result<bool, StoreError> {
        let mut connection = self.writer.acquire().await?;
        if !emptied(&mut connection).await? {
            return Ok(false);
        }
        sqlx::query("VACUUM").execute(&mut *connection).await?;
        emptied(&mut connection).await
    }

    /// SQLite's own check of its pages.
    pub async fn integrity(&self) -> Result<String, StoreError> {
        let answer = self.rows("PRAGMA integrity_check", &[]).await?;
        answer.first().map_or(Ok("no answer".into()), |cells| cells.text(0))
    }
}

/// Whether every page of the write-ahead log is in the file, and the log is empty.
async fn emptied(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    let answer = fetch(connection, "PRAGMA wal_checkpoint(TRUNCATE)", &[]).await?;
    answer.first().map_or(Ok(false), |cells| Ok(cells.int(0)? == 0))
}

async fn begun(mut connection: PoolConnection<Sqlite>, how: &'static str) -> Result<PoolConnection<Sqlite>, StoreError> {
    sqlx::query(how).execute(&mut *connection).await?;
    Ok(connection)
}

/// Rolls back; a connection in an unknown state must not go back to the pool.
pub(super) async fn give_up(mut connection: PoolConnection<Sqlite>) {
    if sqlx::query("ROLLBACK").execute(&mut *connection).await.is_err() {
        drop(connection.detach());
    }
}

pub(super) async fn run(connection: &mut SqliteConnection, sql: &'static str, values: &[Val]) -> Result<u64, StoreError> {
    Ok(bind(sql, values).execute(connection).await?.rows_affected())
}

pub(super) async fn fetch(connection: &mut SqliteConnection, sql: &'static str, values: &[Val]) -> Result<Vec<Cells>, StoreError> {
    let rows = bind(sql, values).fetch_all(connection).await?;
    rows.iter().map(cells).collect()
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
