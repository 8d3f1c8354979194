//! PostgreSQL: the same rows on a server, each transaction held to one sight by row-level security
//! (decision 13).
//!
//! It refuses a server that forgets what it acknowledged (`fsync`, `full_page_writes`,
//! `synchronous_commit`), a role that could change history (superuser, owner, BYPASSRLS), a password in
//! an address, and a remote host without TLS. It never makes or changes a table as the working role.

use std::time::Duration;

use model::Law;
use sqlx::{
    AssertSqlSafe, Column, Connection, Encode, PgConnection, Row, SqlSafeStr, Type, TypeInfo, ValueRef,
    encode::IsNull,
    error::BoxDynError,
    migrate::{Migration, MigrationType, Migrator},
    pool::PoolConnection,
    postgres::{PgArgumentBuffer, PgConnectOptions, PgPool, PgPoolOptions, PgSslMode, PgTypeInfo, Postgres, types::Oid},
};

use super::{Cells, Sight, Val};
use crate::{
    StoreError,
    error::DISK_FAILED,
    home::{Database, is_this_machine, read_private},
};

/// The newest step of `migrations/postgres`.
const SCHEMA: i64 = 3;
/// The oldest step whose tables this program can use: the third only lets the server plan in parallel.
const USABLE: i64 = 2;
const OLDEST: i64 = 150_000;

fn migrator() -> Migrator {
    let step = |version, description: &'static str, sql: &'static str| {
        Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(vec![
        step(1, "spine", include_str!("../../migrations/postgres/0001_spine.sql")),
        step(2, "erasure", include_str!("../../migrations/postgres/0002_erasure.sql")),
        step(SCHEMA, "parallel", include_str!("../../migrations/postgres/0003_parallel.sql")),
    ])
}

/// Makes the tables, as their owner.
pub(super) async fn migrate(owner: &Database, database: &Database) -> Result<(), StoreError> {
    let mut connection = PgConnection::connect_with(&options(owner)?).await?;
    sqlx::query("SELECT set_config('app.role', $1, false)").bind(options(database)?.get_username()).execute(&mut connection).await?;
    let made = migrator().run(&mut connection).await;
    let closed = connection.close().await;
    made.map_err(|e| StoreError::Environment { attempt: "making the tables as their owner".into(), cause: e.to_string() })?;
    Ok(closed?)
}

/// Writes the tables anew without the rows that were written over, as their owner.
pub(super) async fn vacuum(owner: &Database) -> Result<(), StoreError> {
    let mut connection = PgConnection::connect_with(&options(owner)?).await?;
    let done = sqlx::raw_sql("VACUUM (FULL) record").execute(&mut connection).await.map(|_| ());
    let done = match done {
        Ok(()) => sqlx::raw_sql("VACUUM (FULL) record_index").execute(&mut connection).await.map(|_| ()),
        error => error,
    };
    let done = match done {
        Ok(()) => sqlx::raw_sql("VACUUM (FULL) event_key").execute(&mut connection).await.map(|_| ()),
        error => error,
    };
    let closed = connection.close().await;
    done.map_err(|e| StoreError::Environment { attempt: "writing the tables anew as their owner".into(), cause: e.to_string() })?;
    Ok(closed?)
}

/// Whether the server still answers on this connection.
pub(super) async fn is_alive(connection: &mut PgConnection) -> Result<(), StoreError> {
    let asked = tokio::time::timeout(Duration::from_secs(5), connection.ping()).await;
    match asked {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreError::Environment { attempt: "asking the server whether this desk still has its turn".into(), cause: "it does not answer".into() }),
    }
}

/// Connections to the server. One writer, as the log has one head: more of them would only wait there.
pub(super) struct Pools {
    writer: PgPool,
    readers: PgPool,
    options: PgConnectOptions,
}

impl Pools {
    pub async fn open(database: &Database) -> Result<Pools, StoreError> {
        let options = options(database)?;
        let pool = |most| PgPoolOptions::new().max_connections(most).acquire_timeout(Duration::from_secs(30));
        let writer = pool(1).connect_with(options.clone()).await?;
        let pools = Pools { writer, readers: pool(4).connect_lazy_with(options.clone()), options };
        pools.ask_server().await?;
        pools.ask_role().await?;
        Ok(pools)
    }

    /// Takes a lock that lives as long as the connection that is given back; none when somebody has it. A machine that is
    /// cut off is noticed by the server within half a minute, not after the hours of its defaults.
    pub async fn lock(&self, key: i64) -> Result<Option<PgConnection>, StoreError> {
        let watched = [("tcp_keepalives_idle", "10"), ("tcp_keepalives_interval", "5"), ("tcp_keepalives_count", "3")];
        let mut connection = PgConnection::connect_with(&self.options.clone().options(watched)).await?;
        let taken: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(key).fetch_one(&mut connection).await?;
        Ok(taken.then_some(connection))
    }

    /// Ends every connection; returns when they are gone.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    pub async fn rows(&self, sight: Sight<'_>, sql: &'static str, values: &[Val]) -> Result<Vec<Cells>, StoreError> {
        let mut connection = begun(self.readers.acquire().await?, "READ COMMITTED READ ONLY", sight).await?;
        match fetch(&mut connection, sql, values).await {
            Ok(rows) => {
                sqlx::raw_sql("COMMIT").execute(&mut *connection).await?;
                Ok(rows)
            }
            Err(error) => {
                give_up(connection).await;
                Err(error)
            }
        }
    }

    /// READ COMMITTED is right because each writer first locks the head: what it reads after that was
    /// committed before, and nobody writes until it is done. A steadier level would have taken its
    /// picture before the lock was there, and could only fail.
    pub async fn begin(&self, sight: Sight<'_>) -> Result<PoolConnection<Postgres>, StoreError> {
        begun(self.writer.acquire().await?, "READ COMMITTED READ WRITE", sight).await
    }

    pub async fn steady(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        begun(self.readers.acquire().await?, "REPEATABLE READ READ ONLY", Sight::Log).await
    }

    /// Whether the server keeps what it acknowledges.
    async fn ask_server(&self) -> Result<(), StoreError> {
        let mut connection = self.writer.acquire().await?;
        let answer = fetch(&mut connection, SERVER, &[]).await?;
        let cells = answer.first().ok_or_else(|| StoreError::damaged("the server does not say what it is"))?;
        let is = |i: usize, wanted: &str| cells.opt_text(i).as_deref() == Some(wanted);
        let refuse = |text: &str| Err(StoreError::Environment { attempt: "this PostgreSQL server cannot keep a log".into(), cause: text.into() });
        match () {
            () if cells.int(0)? < OLDEST => refuse("it is older than version 15: upgrade it"),
            () if !is(1, "on") => refuse("fsync is off, so a power cut loses acknowledged events: set fsync = on"),
            () if !is(2, "on") => refuse("full_page_writes is off, so a power cut can tear pages: set full_page_writes = on"),
            () if !is(3, "on") => refuse("synchronous_commit is not on, so acknowledged events can be lost: set it to on"),
            () if !is(4, "UTF8") => refuse("the database is not in UTF8: make one with ENCODING 'UTF8'"),
            () if !is(5, "primary") => refuse("it is a standby and takes no writes: name the primary"),
            () => Ok(()),
        }
    }

    /// Whether the role can do what it must and nothing more.
    async fn ask_role(&self) -> Result<(), StoreError> {
        let mut connection = self.writer.acquire().await?;
        let answer = fetch(&mut connection, ROLE, &[]).await?;
        let cells = answer.first().ok_or_else(|| StoreError::damaged("the server does not say who works here"))?;
        let (superuser, bypass, tables, owner) = (cells.int(0)? != 0, cells.int(1)? != 0, cells.int(2)? != 0, cells.int(3)? != 0);
        let separate = |text: &str| Err(StoreError::refused(Law::Separation, format!("{text} (docs/guide/fusion-centre.md shows the roles)")));
        if superuser || bypass {
            return separate("the database role of the program is a superuser or has BYPASSRLS: it could read every case and change history");
        }
        if !tables {
            let text = "this database has no tables of lanternfish: run `lanternfish init` with --database-owner NAME, the role that is to own them";
            return Err(StoreError::input(text));
        }
        if owner {
            return separate("the database role of the program owns the tables, or is a member of the role that does: it could take the triggers away");
        }
        let steps = fetch(&mut connection, "SELECT MAX(version) FROM _sqlx_migrations WHERE success", &[]).await?;
        match steps.first().and_then(|cells| cells.opt_int(0)) {
            Some(USABLE..=SCHEMA) => Ok(()),
            other => Err(StoreError::input(format!("the tables are of step {}, this program needs step {SCHEMA}", other.unwrap_or(0)))),
        }
    }

    /// What the database can say of itself: walls that stand, and pages that the server found damaged.
    pub async fn integrity(&self) -> Result<String, StoreError> {
        self.ask_server().await?;
        let mut connection = self.readers.acquire().await?;
        let answer = fetch(&mut connection, WALLS, &[]).await?;
        let cells = answer.first().ok_or_else(|| StoreError::damaged("the server does not say which walls stand"))?;
        let found = [
            (cells.int(0)? != 6, "a trigger that keeps the log append-only is missing or switched off"),
            (cells.int(1)? != 5, "row-level security is not forced on every table"),
            (cells.int(2)? != 0, "the role of the program may change or remove events or rows"),
            (cells.int(3)? != 0, "the server found pages with a wrong checksum: restore the newest backup beside this database"),
        ];
        let faults: Vec<&str> = found.iter().filter(|(bad, _)| *bad).map(|(_, text)| *text).collect();
        Ok(if faults.is_empty() { "ok".into() } else { faults.join("; ") })
    }
}

const SERVER: &str = "SELECT current_setting('server_version_num')::bigint, current_setting('fsync'), \
     current_setting('full_page_writes'), current_setting('synchronous_commit'), \
     current_setting('server_encoding'), CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END";
const ROLE: &str = "SELECT rolsuper::int::bigint, rolbypassrls::int::bigint, (c.oid IS NOT NULL)::int::bigint, \
     COALESCE(pg_has_role(rolname, c.relowner, 'MEMBER'), false)::int::bigint \
     FROM pg_roles LEFT JOIN pg_class c ON c.oid = to_regclass('public.log_head') WHERE rolname = current_user";
const WALLS: &str = "SELECT \
     (SELECT COUNT(*) FROM pg_trigger WHERE tgenabled IN ('O', 'A') AND NOT tgisinternal AND tgname IN \
         ('event_never_changes', 'event_row_never_changes', 'record_never_removed', 'log_head_never_removed', \
          'event_key_never_removed', 'event_key_only_destroyed') \
         AND tgrelid IN ('public.event'::regclass, 'public.event_row'::regclass, 'public.record'::regclass, 'public.log_head'::regclass, \
          'public.event_key'::regclass)), \
     (SELECT COUNT(*) FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND oid IN \
         ('public.event'::regclass, 'public.event_row'::regclass, 'public.record'::regclass, 'public.record_index'::regclass, \
          'public.event_key'::regclass)), \
     (has_table_privilege('public.event', 'UPDATE, DELETE, TRUNCATE') OR has_table_privilege('public.event_row', 'UPDATE, DELETE, TRUNCATE') \
         OR has_table_privilege('public.record', 'DELETE, TRUNCATE') OR has_table_privilege('public.log_head', 'DELETE, TRUNCATE') \
         OR has_table_privilege('public.event_key', 'UPDATE, DELETE, TRUNCATE'))::int::bigint, \
     (SELECT COALESCE(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database())";

/// Begins a transaction in one round trip with what it may see.
async fn begun(mut connection: PoolConnection<Postgres>, how: &str, sight: Sight<'_>) -> Result<PoolConnection<Postgres>, StoreError> {
    let text = format!("BEGIN ISOLATION LEVEL {how}; {}", settings(sight));
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *connection).await?;
    Ok(connection)
}

/// From here to the end of the transaction, the server shows what `sight` may see.
pub(super) async fn look(connection: &mut PgConnection, sight: Sight<'_>) -> Result<(), StoreError> {
    sqlx::raw_sql(AssertSqlSafe(settings(sight))).execute(connection).await?;
    Ok(())
}

/// The ids are of a prefix and hexadecimal digits, as their types promise: no quote can be in them.
fn settings(sight: Sight<'_>) -> String {
    let (view, uid, case) = match sight {
        Sight::Docket => ("docket", "", ""),
        Sight::Person(actor) => ("person", actor.as_str(), ""),
        Sight::Case(case) => ("case", "", case.as_str()),
        Sight::Log => ("log", "", ""),
        Sight::Restore => ("restore", "", ""),
    };
    format!("SELECT set_config('app.view', '{view}', true), set_config('app.uid', '{uid}', true), set_config('app.case', '{case}', true)")
}

/// Rolls back; a connection in an unknown state must not go back to the pool.
pub(super) async fn give_up(mut connection: PoolConnection<Postgres>) {
    if sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await.is_err() {
        drop(connection.detach());
    }
}

pub(super) async fn run(connection: &mut PgConnection, sql: &'static str, values: &[Val]) -> Result<u64, StoreError> {
    Ok(bind(sql, values).execute(connection).await?.rows_affected())
}

pub(super) async fn fetch(connection: &mut PgConnection, sql: &'static str, values: &[Val]) -> Result<Vec<Cells>, StoreError> {
    let rows = bind(sql, values).fetch_all(connection).await?;
    rows.iter().map(cells).collect()
}

/// A NULL whose type the server takes from the column: a NULL that is declared as text fits no number.
struct Untyped;

impl Type<Postgres> for Untyped {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for Untyped {
    fn encode_by_ref(&self, _: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(IsNull::Yes)
    }
}

type Bound<'q> = sqlx::query::Query<'q, Postgres, sqlx::postgres::PgArguments>;

fn bind<'q>(sql: &'static str, values: &[Val]) -> Bound<'q> {
    values.iter().fold(sqlx::query(sql), |query, value| match value {
        Val::Null => query.bind(Untyped),
        Val::Int(n) => query.bind(*n),
        Val::Text(s) => query.bind(s.clone()),
        Val::Blob(b) => query.bind(b.clone()),
    })
}

fn cells(row: &sqlx::postgres::PgRow) -> Result<Cells, StoreError> {
    (0..row.columns().len())
        .map(|i| {
            let raw = row.try_get_raw(i)?;
            if raw.is_null() {
                return Ok(Val::Null);
            }
            Ok(match raw.type_info().name() {
                "INT8" => Val::Int(row.try_get(i)?),
                "TEXT" => Val::Text(row.try_get(i)?),
                "BYTEA" => Val::Blob(row.try_get(i)?),
                other => return Err(StoreError::damaged(format!("a column of type {other} in {:?}", row.columns()[i].name()))),
            })
        })
        .collect::<Result<Vec<_>, StoreError>>()
        .map(Cells)
}

// ---- the address

/// How to reach the server; what a careless address would give away is refused.
fn options(database: &Database) -> Result<PgConnectOptions, StoreError> {
    let url = &database.url;
    check_address(url)?;
    let mut options: PgConnectOptions =
        url.parse().map_err(|e| StoreError::input(format!("the database address {url} cannot be read: {e}", url = model::quoted(url))))?;
    let near = options.get_socket().is_some() || options.get_host().starts_with('/') || is_this_machine(options.get_host());
    options = match said(url, "sslmode").as_deref() {
        None if near => options.ssl_mode(PgSslMode::Prefer),
        None => options.ssl_mode(PgSslMode::VerifyFull),
        Some("allow" | "prefer") if !near => {
            let text = "sslmode=allow and prefer fall back to no encryption without a word: use verify-full (with sslrootcert=FILE for the agency's own authority)";
            return Err(StoreError::input(text));
        }
        Some(_) => options,
    };
    if let Some(file) = &database.password_file {
        options = options.password(&password_in(file)?);
    }
    let settings = [("synchronous_commit", "on"), ("lock_timeout", "20s"), ("idle_in_transaction_session_timeout", "120s"), ("search_path", "public")];
    Ok(options.application_name("lanternfish").options(settings).statement_cache_capacity(160))
}

fn check_address(url: &str) -> Result<(), StoreError> {
    let shape = || StoreError::input(format!("the database address is written postgres://USER@HOST:PORT/DATABASE, not {}", model::quoted(without_secret(url))));
    let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")).ok_or_else(shape)?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (user, host) = place.rsplit_once('@').ok_or_else(shape)?;
    if user.contains(':') || query.split('&').any(|pair| pair.starts_with("password=")) {
        let text = "no password belongs in a database address: it would stand in lanternfish.json and in the list of processes; \
             keep it in ~/.pgpass (or PGPASSFILE), or name a file with --database-password-file";
        return Err(StoreError::input(text));
    }
    let named = host.split_once('/').is_some_and(|(_, name)| !name.is_empty());
    if user.is_empty() || !named { Err(shape()) } else { Ok(()) }
}

fn without_secret(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => url.to_string(),
    }
}

fn said(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(str::to_string)
}

fn password_in(file: &std::path::Path) -> Result<String, StoreError> {
    let text = read_private(file, "the database password file")?;
    Ok(text.lines().next().unwrap_or("").to_string())
}

// ---- what went wrong

/// An error of the server or of the way to it, in words; `None` for what is the same everywhere.
pub(crate) fn explained(error: &sqlx::Error) -> Option<StoreError> {
    let environment = |attempt: &str, advice: &str| {
        Some(StoreError::Environment { attempt: attempt.into(), cause: format!("{advice} ({error})") })
    };
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) => environment("the connection to the database failed", LOST),
        sqlx::Error::PoolTimedOut => environment("the connection to the database failed", "no connection was free for 30 seconds: repeat the step"),
        sqlx::Error::Database(told) => {
            let told = told.try_downcast_ref::<sqlx::postgres::PgDatabaseError>()?;
            match told.code() {
                "40001" | "40P01" => Some(StoreError::Conflict),
                // A new row whose id another step took first.
                "23505" if told.constraint() == Some("record_pkey") => Some(StoreError::Conflict),
                "55P03" => environment("the database refused", "another lanternfish process holds the log: wait for it or stop it"),
                "53100" => environment("the database refused", "the disk of the server is full: free some space and repeat the step; nothing was lost"),
                "53300" => environment("the database refused", "the server has no connection left: end some, or raise max_connections"),
                "25006" => environment("the database refused", "the server is read-only: name the primary"),
                "28P01" | "28000" => environment("the database let nobody in", "check the role, its password (~/.pgpass or --database-password-file) and pg_hba.conf"),
                "3D000" => environment("the database let nobody in", "there is no such database: make it first (docs/guide/fusion-centre.md)"),
                code if code.starts_with("57P") || code.starts_with("08") => environment("the connection to the database failed", LOST),
                "XX001" | "XX002" => Some(StoreError::damaged(format!("the server found a damaged page or index ({error})"))),
                "58030" => environment("the database refused", "the disk of the server failed: its keeper looks at it before anybody goes on; nothing of this step was recorded"),
                "42501" => environment("the database refused", "the role of the program may not do this, and need not: run `lanternfish doctor`"),
                _ => None,
            }
        }
        _ => None,
    }
}

const LOST: &str = "the server cannot be reached or went away: nothing of this step was recorded; check the server and repeat it";

/// An error at the very end: whether the step was recorded is not known, and the person must look.
pub(super) fn of_commit(error: StoreError) -> StoreError {
    match error {
        // The pages may be in the write-ahead log although the disk did not say that it keeps them.
        StoreError::Environment { attempt, cause } if cause.starts_with(DISK_FAILED) => {
            let advice = "the disk failed while it recorded the step: it was recorded or not, nobody was told; look at the disk, then at the records, before you repeat it";
            StoreError::Unknown { attempt, cause: cause.replacen(DISK_FAILED, advice, 1) }
        }
        StoreError::Environment { attempt, cause } if cause.starts_with(LOST) => {
            let advice = "the server went away while it recorded the step: it was recorded or not, nobody was told; look before you repeat it";
            StoreError::Unknown { attempt, cause: cause.replacen(LOST, advice, 1) }
        }
        other => other,
    }
}
