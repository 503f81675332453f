//! The store on SQLite.
//!
//! One connection writes, others read. A transaction that begins as a reader and then writes fails
//! at once when another has written in between, whatever the busy timeout, so every write takes the
//! lock first (`BEGIN IMMEDIATE`) and waits for its turn in the pool instead.

mod failure;
mod items;
mod owners;
mod refresh_tokens;
mod rows;
mod schema;
mod tasks;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use auth_interceptor::{TenantId, UnixSeconds};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, Sqlite};
use uuid::Uuid;

use super::{
    DefinitionPart, Deletion, Etag, Item, ItemAddress, ItemChange, NewItem, NewTask, OpenError,
    Outcome, Owner, Page, Paged, Place, Quota, Retention, Row, RowWrite, SealedToken, Store,
    StoreError, Task, TaskChange,
};
use crate::config::Migrate;

/// Takes the write lock first. A transaction that is dropped before its commit is rolled back.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// How long an operation waits for a connection: a caller is better told than kept.
const CONNECTION_WAIT: Duration = Duration::from_millis(250);

/// How long the start may take to open the file on a machine that is busy.
const OPENING_WAIT: Duration = Duration::from_secs(10);

/// How long SQLite itself waits for another process, a backup for example.
const BUSY_WAIT: Duration = Duration::from_secs(1);

const READERS: u32 = 4;

/// A store in a SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    quota: Quota,
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
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(BUSY_WAIT);
        let writer = open_pool(1, options.clone()).await?;
        schema::settle(&writer, migrate).await?;
        let readers = open_pool(READERS, options.pragma("query_only", "ON")).await?;
        Ok(Self {
            writer,
            readers,
            quota,
        })
    }

    async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        acquire(&self.readers).await
    }

    async fn writer(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        acquire(&self.writer).await
    }
}

async fn open_pool(size: u32, options: SqliteConnectOptions) -> Result<SqlitePool, OpenError> {
    SqlitePoolOptions::new()
        .max_connections(size)
        .min_connections(1)
        .acquire_timeout(OPENING_WAIT)
        // A file needs no reconnecting; each connection keeps its prepared statements.
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
        .map_err(|error| OpenError::Engine(error.into()))
}

async fn acquire(pool: &SqlitePool) -> Result<PoolConnection<Sqlite>, StoreError> {
    match tokio::time::timeout(CONNECTION_WAIT, pool.acquire()).await {
        Ok(connection) => Ok(connection?),
        Err(_) => Err(StoreError::Unavailable),
    }
}

/// SQLite's integers are signed.
fn to_stored_time(time: UnixSeconds) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

fn from_stored_time(time: i64) -> UnixSeconds {
    u64::try_from(time).unwrap_or_default()
}

impl Store for SqliteStore {
    fn read_rows<'a>(&'a self, place: &'a Place, page: Page) -> Outcome<'a, Paged<Row>> {
        Box::pin(async move { rows::read(&mut *self.reader().await?, place, page).await })
    }

    fn write_rows<'a>(
        &'a self,
        place: &'a Place,
        rows: Vec<RowWrite>,
        now: UnixSeconds,
    ) -> Outcome<'a, Vec<Row>> {
        Box::pin(async move {
            let mut connection = self.writer().await?;
            let mut transaction = connection.begin_with(BEGIN).await?;
            let rows = rows::write(&mut transaction, place, rows, now, &self.quota).await?;
            transaction.commit().await?;
            Ok(rows)
        })
    }

    fn list_tasks<'a>(&'a self, owner: &'a Owner, page: Page) -> Outcome<'a, Paged<Task>> {
        Box::pin(async move { tasks::list(&mut *self.reader().await?, owner, page).await })
    }

    fn create_task<'a>(
        &'a self,
        owner: &'a Owner,
        task: NewTask,
        now: UnixSeconds,
    ) -> Outcome<'a, Task> {
        Box::pin(async move {
            let mut connection = self.writer().await?;
            let mut transaction = connection.begin_with(BEGIN).await?;
            let task = tasks::create(&mut transaction, owner, task, now, &self.quota).await?;
            transaction.commit().await?;
            Ok(task)
        })
    }

    fn update_task<'a>(
        &'a self,
        owner: &'a Owner,
        id: Uuid,
        change: TaskChange,
        etag: Option<Etag>,
        now: UnixSeconds,
    ) -> Outcome<'a, Task> {
        Box::pin(async move {
            let mut connection = self.writer().await?;
            let mut transaction = connection.begin_with(BEGIN).await?;
            let task = tasks::update(&mut transaction, owner, id, change, etag, now).await?;
            transaction.commit().await?;
            Ok(task)
        })
    }

    fn delete_task<'a>(
        &'a self,
        owner: &'a Owner,
        id: Uuid,
        etag: Option<Etag>,
    ) -> Outcome<'a, ()> {
        Box::pin(async move {
            let mut connection = self.writer().await?;
            let mut transaction = connection.begin_with(BEGIN).await?;
            tasks::delete(&mut transaction, owner, id, etag).await?;
            transaction.commit().await?;
            Ok(())
        })
    }

    fn keep_refresh_token<'a>(
        &'a self,
        owner: &'a Owner,
        session: Uuid,
        sealed: Bytes,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        Box::pin(async move {
            let mut connection = self.writer().await?;
            let mut transaction = connection.begin_with(BEGIN).await?;
            let quota = &self.quota;
            refresh_tokens::create(&mut transaction, owner, session, &sealed, now, quota).await?;
            transaction.commit().await?;
            Ok(())
        })
    }

    fn refresh_token<'a>(&'a self, owner: &'a Owner, session: Uuid) -> Outcome<'a, SealedToken> {
        Box::pin(
            async move { refresh_tokens::read(&mut *self.reader().await?, owner, session).await },
        )
    }

    fn replace_refresh_token<'a>(
        &'a self,
        owner: &'a Owner,
        session: Uuid,
        sealed: Bytes,
        etag: Etag,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        Box::pin(async move {
            let mut connection = self.writer().await?;
            let mut transaction = connection.begin_with(BEGIN).await?;
            refresh_tokens::replace(&mut transaction, owner, session, &sealed, etag, now).await?;
            transaction.commit().await?;
            Ok(())
        })
    }

    fn delete_refresh_token<'a>(
        &'a self,
        owner: &'a Owner,
        session: Uuid,
        etag: Option<Etag>,
    ) -> Outcome<'a, ()> {
        Box::pin(async move {
            let mut connection = self.writer().await?;
            let mut transaction = connection.begin_with(BEGIN).await?;
            refresh_tokens::delete(&mut transaction, owner, session, etag).await?;
            transaction.commit().await?;
            Ok(())
        })
    }

    fn forget_refresh_tokens<'a>(
        &'a self,
        tenant: TenantId,
        object_id: Option<&'a str>,
    ) -> Outcome<'a, ()> {
        Box::pin(async move {
            let mut connection = self.writer().await?;
            let mut transaction = connection.begin_with(BEGIN).await?;
            refresh_tokens::forget(&mut transaction, tenant, object_id).await?;
            transaction.commit().await?;
            Ok(())
        })
    }

    fn create_item<'a>(
        &'a self,
        address: &'a ItemAddress,
        item: NewItem,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        Box::pin(async move {
            let mut connection = self.writer().await?;
            let mut transaction = connection.begin_with(BEGIN).await?;
            items::create(&mut transaction, address, &item, now, &self.quota).await?;
            transaction.commit().await?;
            Ok(())
        })
    }

    fn item<'a>(&'a self, address: &'a ItemAddress) -> Outcome<'a, Item> {
        Box::pin(async move { items::read(&mut *self.reader().await?, address).await })
    }

    fn update_item<'a>(
        &'a self,
        address: &'a ItemAddress,
        change: ItemChange,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        Box::pin(async move {
            let mut connection = self.writer().await?;
            let mut transaction = connection.begin_with(BEGIN).await?;
            items::update(&mut transaction, address, &change, now, &self.quota).await?;
            transaction.commit().await?;
            Ok(())
        })
    }

    fn delete_item<'a>(
        &'a self,
        address: &'a ItemAddress,
        deletion: Deletion,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        Box::pin(async move {
            let mut connection = self.writer().await?;
            let mut transaction = connection.begin_with(BEGIN).await?;
            items::delete(&mut transaction, address, deletion, now).await?;
            transaction.commit().await?;
            Ok(())
        })
    }

    fn restore_item<'a>(
        &'a self,
        address: &'a ItemAddress,
        definition: Option<Vec<DefinitionPart>>,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        Box::pin(async move {
            let mut connection = self.writer().await?;
            let mut transaction = connection.begin_with(BEGIN).await?;
            items::restore(&mut transaction, address, definition, now, &self.quota).await?;
            transaction.commit().await?;
            Ok(())
        })
    }

    fn purge_deleted_item(&self, retention: Retention) -> Outcome<'_, bool> {
        Box::pin(async move {
            let mut connection = self.writer().await?;
            let mut transaction = connection.begin_with(BEGIN).await?;
            let purged = items::purge_one(&mut transaction, retention, &self.quota).await?;
            transaction.commit().await?;
            Ok(purged)
        })
    }

    fn ping(&self) -> Outcome<'_, ()> {
        Box::pin(async move {
            let mut connection = self.reader().await?;
            sqlx::query("SELECT 1 FROM owners LIMIT 1")
                .fetch_optional(&mut *connection)
                .await?;
            Ok(())
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.readers.close().await;
            // Last, so that it can fold the write-ahead log into the file.
            self.writer.close().await;
        })
    }
}
