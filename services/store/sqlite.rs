//! SQLite as the store's engine.
//!
//! One connection writes, others read. A transaction that begins as a reader and then writes fails
//! at once when another has written in between, whatever the busy timeout, so every write takes the
//! lock first (`BEGIN IMMEDIATE`) and waits for its turn in the pool instead.

pub(super) mod failure;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{SqlSafeStr as _, Sqlite, Transaction};

use super::sql::schema::{self, Schema};
use super::sql::{Begun, CONNECTION_WAIT, Engine, Failure, Scope, SqlStore, acquire, load};
use super::{OpenError, PoolLoad, Quota};
use crate::config::Migrate;

/// Takes the write lock first.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// How long the start may take to open the file on a machine that is busy.
const OPENING_WAIT: Duration = Duration::from_secs(10);

/// How long SQLite itself waits for another process, a backup for example.
const BUSY_WAIT: Duration = Duration::from_secs(1);

/// How long a writer waits for its turn. Longer than for a connection elsewhere: there is one at a
/// time, each on its way to the disk, and a queue of them is no outage.
const TURN_WAIT: Duration = Duration::from_secs(2);

const READERS: u32 = 4;

const SCHEMA: Schema = Schema {
    migrations: &[
        (
            1,
            "rows and tasks",
            include_str!("migrations/sqlite/0001_rows_and_tasks.sql"),
        ),
        (
            2,
            "refresh tokens",
            include_str!("migrations/sqlite/0002_refresh_tokens.sql"),
        ),
        (3, "items", include_str!("migrations/sqlite/0003_items.sql")),
        (4, "jobs", include_str!("migrations/sqlite/0004_jobs.sql")),
    ],
    tables_named: "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1",
};

/// A store in a SQLite file.
pub type SqliteStore = SqlStore<SqliteEngine>;

/// A SQLite file.
#[derive(Debug)]
pub struct SqliteEngine {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, which need not exist, and brings its schema up to date or checks it.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or its schema is not this version's.
    pub async fn open(file: &Path, migrate: Migrate, quota: Quota) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(migrate == Migrate::Auto)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_WAIT);
        let writer = open_pool(1, options.clone()).await?;
        let mut connection = writer.acquire().await.map_err(OpenError::from)?;
        schema::settle(&mut *connection, &SCHEMA, migrate).await?;
        drop(connection);
        let readers = open_pool(READERS, options.pragma("query_only", "ON")).await?;
        Ok(Self::new(SqliteEngine { writer, readers }, quota))
    }
}

async fn open_pool(size: u32, options: SqliteConnectOptions) -> Result<SqlitePool, OpenError> {
    let pool = SqlitePoolOptions::new()
        .max_connections(size)
        .min_connections(1)
        .acquire_timeout(OPENING_WAIT)
        // A file needs no reconnecting; each connection keeps its prepared statements.
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await?;
    Ok(pool)
}

impl Engine for SqliteEngine {
    type Database = Sqlite;

    const SYSTEM: &'static str = "sqlite";

    async fn reader(&self) -> Result<PoolConnection<Sqlite>, Failure> {
        acquire(&self.readers, CONNECTION_WAIT).await
    }

    /// The lock is the whole file's, whatever the scope.
    async fn begin(&self, _: Scope<'_>) -> Begun<Self> {
        let connection = acquire(&self.writer, TURN_WAIT).await?;
        Ok(Transaction::begin(connection, Some(BEGIN.into_sql_str())).await?)
    }

    fn pools(&self) -> Vec<PoolLoad> {
        vec![load("writer", &self.writer), load("readers", &self.readers)]
    }

    async fn close(&self) {
        self.readers.close().await;
        // Last, so that it can fold the write-ahead log into the file.
        self.writer.close().await;
    }
}
