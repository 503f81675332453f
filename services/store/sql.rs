//! The store on a database that speaks SQL: every statement once, for every engine.
//!
//! An [`Engine`] opens its database, hands out connections and keeps writers apart; what is asked
//! of the database is the same for all of them and stands in the modules below.

mod failure;
mod items;
mod jobs;
mod owners;
mod refresh_tokens;
mod rows;
pub(super) mod schema;
mod span;
pub(super) mod statement;
mod tasks;

use std::fmt;
use std::time::Duration;

use auth_interceptor::{TenantId, UnixSeconds};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::{Database, Pool, Transaction};
use tracing::Instrument as _;
use uuid::Uuid;

pub(super) use self::failure::Failure;
use self::span::{Operation, ended};
use self::statement::{Connection, Speaks};
use super::{
    ClaimedJob, DefinitionPart, Deletion, Etag, Item, ItemAddress, ItemChange, JobAddress,
    JobCreation, JobLoad, JobOrder, JobState, Lease, NewItem, NewJob, NewTask, Outcome, Owner,
    Page, Paged, Place, PoolLoad, Quota, Retention, Row, RowWrite, SealedToken, Settlement, Store,
    StoreError, Task, TaskChange, Term,
};

/// How long an operation waits for a connection: a caller is better told than kept.
pub(super) const CONNECTION_WAIT: Duration = Duration::from_millis(250);

/// How long an operation may take in all. An engine that neither answers nor breaks the connection
/// is unavailable.
const OPERATION_WAIT: Duration = Duration::from_secs(5);

/// How often a transaction is run again because others were in its way.
const RETRIES: u32 = 3;

/// The store on one engine.
#[derive(Debug)]
pub struct SqlStore<E> {
    engine: E,
    quota: Quota,
}

/// What differs between databases.
pub trait Engine: fmt::Debug + Send + Sync + 'static {
    /// The driver.
    type Database: Database<Connection: Connection<Database = Self::Database>> + Speaks;

    /// What the database is called in telemetry (`db.system.name`).
    const SYSTEM: &'static str;

    /// A connection that reads.
    fn reader(
        &self,
    ) -> impl Future<Output = Result<PoolConnection<Self::Database>, Failure>> + Send;

    /// A transaction in which nobody else writes in `scope` until it ends. One that is dropped
    /// before its commit is rolled back.
    fn begin(&self, scope: Scope<'_>) -> impl Future<Output = Begun<Self>> + Send;

    /// The connections there are.
    fn pools(&self) -> Vec<PoolLoad>;

    /// Finishes what is under way and lets go of the database.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// A transaction, or why there is none.
pub(super) type Begun<E> = Result<Transaction<'static, <E as Engine>::Database>, Failure>;

/// What a transaction writes to, and keeps other writers from.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// What one user keeps.
    Owner(&'a Owner),
    /// What a tenant and all its users keep.
    Tenant(TenantId),
}

impl<E: Engine> SqlStore<E> {
    pub(super) fn new(engine: E, quota: Quota) -> Self {
        Self { engine, quota }
    }

    /// The engine, for what is true of it alone.
    #[cfg(test)]
    pub(super) fn engine(&self) -> &E {
        &self.engine
    }
}

// Macros, because the future of an asynchronous closure cannot be said to be `Send`.

/// The span of an operation on a table.
macro_rules! operation {
    ($name:literal, $table:literal) => {
        Operation {
            system: E::SYSTEM,
            name: $name,
            table: $table,
            summary: concat!($name, " ", $table),
        }
        .span()
    };
}

/// Reads with one connection.
macro_rules! reading {
    ($store:ident, $name:literal, $table:literal, |$connection:ident| $work:expr) => {{
        let read = async move {
            let attempt = async {
                let $connection = &mut *$store.engine.reader().await?;
                $work.await
            };
            ended(in_time(attempt).await).map_err(StoreError::from)
        };
        Box::pin(read.instrument(operation!($name, $table)))
    }};
}

/// Writes all that the work writes, or nothing. The work may run more than once.
macro_rules! writing {
    ($store:ident, $name:literal, $table:literal, $scope:expr, |$connection:ident| $work:expr) => {{
        let write = async move {
            let mut retries = 0;
            loop {
                let attempt = async {
                    let mut transaction = $store.engine.begin($scope).await?;
                    let $connection = &mut *transaction;
                    let written = $work.await?;
                    transaction.commit().await?;
                    Ok(written)
                };
                match in_time(attempt).await {
                    Err(failure) if failure.is_contention() && retries < RETRIES => retries += 1,
                    outcome => break ended(outcome).map_err(StoreError::from),
                }
            }
        };
        Box::pin(write.instrument(operation!($name, $table)))
    }};
}

/// The connections of `pool`, which telemetry knows as `name`.
pub(super) fn load<D: Database>(name: &'static str, pool: &Pool<D>) -> PoolLoad {
    // Both change while they are read: no more are idle than there are.
    let idle = u32::try_from(pool.num_idle()).unwrap_or(u32::MAX);
    PoolLoad {
        name,
        used: pool.size().saturating_sub(idle),
        idle,
        max: pool.options().get_max_connections(),
    }
}

/// Takes a connection out of `pool`, if one is free or comes free soon.
pub(super) async fn acquire<D: Database>(
    pool: &Pool<D>,
    wait: Duration,
) -> Result<PoolConnection<D>, Failure> {
    match tokio::time::timeout(wait, pool.acquire()).await {
        Ok(connection) => Ok(connection?),
        Err(_) => {
            tracing::warn!("no connection to the store came free in time");
            Err(StoreError::Unavailable.into())
        }
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    match tokio::time::timeout(OPERATION_WAIT, work).await {
        Ok(ended) => ended,
        Err(_) => {
            tracing::warn!("the store did not answer in time");
            Err(StoreError::Unavailable.into())
        }
    }
}

impl<E: Engine> Store for SqlStore<E> {
    fn read_rows<'a>(&'a self, place: &'a Place, page: Page) -> Outcome<'a, Paged<Row>> {
        reading!(self, "read_rows", "rows", |connection| rows::read(
            connection, place, page
        ))
    }

    fn write_rows<'a>(
        &'a self,
        place: &'a Place,
        rows: Vec<RowWrite>,
        now: UnixSeconds,
    ) -> Outcome<'a, Vec<Row>> {
        writing!(
            self,
            "write_rows",
            "rows",
            Scope::Owner(&place.owner),
            |connection| { rows::write(connection, place, &rows, now, &self.quota) }
        )
    }

    fn list_tasks<'a>(&'a self, owner: &'a Owner, page: Page) -> Outcome<'a, Paged<Task>> {
        reading!(self, "list_tasks", "tasks", |connection| tasks::list(
            connection, owner, page
        ))
    }

    fn create_task<'a>(
        &'a self,
        owner: &'a Owner,
        task: NewTask,
        now: UnixSeconds,
    ) -> Outcome<'a, Task> {
        writing!(
            self,
            "create_task",
            "tasks",
            Scope::Owner(owner),
            |connection| { tasks::create(connection, owner, &task, now, &self.quota) }
        )
    }

    fn update_task<'a>(
        &'a self,
        owner: &'a Owner,
        id: Uuid,
        change: TaskChange,
        etag: Option<Etag>,
        now: UnixSeconds,
    ) -> Outcome<'a, Task> {
        writing!(
            self,
            "update_task",
            "tasks",
            Scope::Owner(owner),
            |connection| { tasks::update(connection, owner, id, &change, etag, now) }
        )
    }

    fn delete_task<'a>(
        &'a self,
        owner: &'a Owner,
        id: Uuid,
        etag: Option<Etag>,
    ) -> Outcome<'a, ()> {
        writing!(
            self,
            "delete_task",
            "tasks",
            Scope::Owner(owner),
            |connection| { tasks::delete(connection, owner, id, etag) }
        )
    }

    fn keep_refresh_token<'a>(
        &'a self,
        owner: &'a Owner,
        session: Uuid,
        sealed: Bytes,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        writing!(
            self,
            "keep_refresh_token",
            "refresh_tokens",
            Scope::Owner(owner),
            |connection| {
                refresh_tokens::create(connection, owner, session, &sealed, now, &self.quota)
            }
        )
    }

    fn refresh_token<'a>(&'a self, owner: &'a Owner, session: Uuid) -> Outcome<'a, SealedToken> {
        reading!(self, "read_refresh_token", "refresh_tokens", |connection| {
            refresh_tokens::read(connection, owner, session)
        })
    }

    fn replace_refresh_token<'a>(
        &'a self,
        owner: &'a Owner,
        session: Uuid,
        sealed: Bytes,
        etag: Etag,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        writing!(
            self,
            "replace_refresh_token",
            "refresh_tokens",
            Scope::Owner(owner),
            |connection| {
                refresh_tokens::replace(connection, owner, session, &sealed, etag, now)
            }
        )
    }

    fn delete_refresh_token<'a>(
        &'a self,
        owner: &'a Owner,
        session: Uuid,
        etag: Option<Etag>,
    ) -> Outcome<'a, ()> {
        writing!(
            self,
            "delete_refresh_token",
            "refresh_tokens",
            Scope::Owner(owner),
            |connection| { refresh_tokens::delete(connection, owner, session, etag) }
        )
    }

    fn forget_refresh_tokens<'a>(
        &'a self,
        tenant: TenantId,
        object_id: Option<&'a str>,
    ) -> Outcome<'a, ()> {
        writing!(
            self,
            "forget_refresh_tokens",
            "refresh_tokens",
            Scope::Tenant(tenant),
            |connection| { refresh_tokens::forget(connection, tenant, object_id) }
        )
    }

    fn create_item<'a>(
        &'a self,
        address: &'a ItemAddress,
        item: NewItem,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        writing!(
            self,
            "create_item",
            "items",
            Scope::Tenant(address.tenant),
            |connection| { items::create(connection, address, &item, now, &self.quota) }
        )
    }

    fn item<'a>(&'a self, address: &'a ItemAddress) -> Outcome<'a, Item> {
        reading!(self, "read_item", "items", |connection| items::read(
            connection, address
        ))
    }

    fn update_item<'a>(
        &'a self,
        address: &'a ItemAddress,
        change: ItemChange,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        writing!(
            self,
            "update_item",
            "items",
            Scope::Tenant(address.tenant),
            |connection| { items::update(connection, address, &change, now, &self.quota) }
        )
    }

    fn delete_item<'a>(
        &'a self,
        address: &'a ItemAddress,
        deletion: Deletion,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        writing!(
            self,
            "delete_item",
            "items",
            Scope::Tenant(address.tenant),
            |connection| { items::delete(connection, address, deletion, now) }
        )
    }

    fn restore_item<'a>(
        &'a self,
        address: &'a ItemAddress,
        definition: Option<Vec<DefinitionPart>>,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        writing!(
            self,
            "restore_item",
            "items",
            Scope::Tenant(address.tenant),
            |connection| {
                items::restore(connection, address, definition.as_deref(), now, &self.quota)
            }
        )
    }

    fn purge_deleted_item(&self, retention: Retention) -> Outcome<'_, bool> {
        Box::pin(async move {
            let due: Outcome<'_, Option<(TenantId, String)>> =
                reading!(self, "find_deleted_item", "items", |connection| items::due(
                    connection, retention
                ));
            let Some((tenant, item_id)) = due.await? else {
                return Ok(false);
            };
            let purge: Outcome<'_, ()> = writing!(
                self,
                "purge_item",
                "items",
                Scope::Tenant(tenant),
                |connection| { items::purge(connection, tenant, &item_id, retention, &self.quota) }
            );
            purge.await.map(|()| true)
        })
    }

    fn create_job<'a>(
        &'a self,
        address: &'a JobAddress,
        job: NewJob,
        now: UnixSeconds,
    ) -> Outcome<'a, JobCreation> {
        writing!(
            self,
            "create_job",
            "jobs",
            Scope::Tenant(address.item.tenant),
            |connection| { jobs::create(connection, address, &job, now, &self.quota) }
        )
    }

    fn job_as_ordered<'a>(
        &'a self,
        address: &'a JobAddress,
        order: &'a JobOrder,
    ) -> Outcome<'a, Option<JobState>> {
        reading!(self, "find_job", "jobs", |connection| jobs::find(
            connection, address, order
        ))
    }

    fn job<'a>(&'a self, address: &'a JobAddress) -> Outcome<'a, JobState> {
        reading!(self, "read_job", "jobs", |connection| jobs::read(
            connection, address
        ))
    }

    fn cancel_job<'a>(
        &'a self,
        address: &'a JobAddress,
        now: UnixSeconds,
    ) -> Outcome<'a, JobState> {
        writing!(
            self,
            "cancel_job",
            "jobs",
            Scope::Tenant(address.item.tenant),
            |connection| { jobs::cancel(connection, address, now) }
        )
    }

    fn claim_job(&self, term: Term) -> Outcome<'_, Option<ClaimedJob>> {
        Box::pin(async move {
            loop {
                let due: Outcome<'_, Option<jobs::Due>> =
                    reading!(self, "find_due_job", "jobs", |connection| jobs::due(
                        connection, term.now
                    ));
                let Some(due) = due.await? else {
                    return Ok(None);
                };
                let claim: Outcome<'_, Option<ClaimedJob>> = writing!(
                    self,
                    "claim_job",
                    "jobs",
                    Scope::Owner(&due.owner),
                    |connection| { jobs::claim(connection, &due, term) }
                );
                // None: another process was faster, and there may be more.
                if let Some(claimed) = claim.await? {
                    return Ok(Some(claimed));
                }
            }
        })
    }

    fn renew_lease<'a>(&'a self, lease: &'a Lease, until: UnixSeconds) -> Outcome<'a, ()> {
        writing!(
            self,
            "renew_lease",
            "jobs",
            Scope::Owner(&lease.owner),
            |connection| { jobs::renew(connection, lease, until) }
        )
    }

    fn note_written<'a>(&'a self, lease: &'a Lease, bytes: u64) -> Outcome<'a, ()> {
        writing!(
            self,
            "note_written",
            "jobs",
            Scope::Owner(&lease.owner),
            |connection| { jobs::note_written(connection, lease, bytes) }
        )
    }

    fn settle_job<'a>(
        &'a self,
        lease: &'a Lease,
        settlement: Settlement,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        writing!(
            self,
            "settle_job",
            "jobs",
            Scope::Owner(&lease.owner),
            |connection| { jobs::settle(connection, lease, &settlement, now) }
        )
    }

    fn purge_jobs(&self, ended: UnixSeconds, begun: UnixSeconds) -> Outcome<'_, bool> {
        Box::pin(async move {
            let found: Outcome<'_, Option<TenantId>> = reading!(
                self,
                "find_ended_jobs",
                "jobs",
                |connection| jobs::to_purge(connection, ended, begun)
            );
            let Some(tenant) = found.await? else {
                return Ok(false);
            };
            let purge: Outcome<'_, ()> = writing!(
                self,
                "purge_jobs",
                "jobs",
                Scope::Tenant(tenant),
                |connection| { jobs::purge(connection, tenant, ended, begun) }
            );
            purge.await.map(|()| true)
        })
    }

    fn unfinished_jobs(&self) -> Outcome<'_, JobLoad> {
        reading!(self, "unfinished_jobs", "jobs", |connection| {
            jobs::unfinished(connection)
        })
    }

    fn system(&self) -> &'static str {
        E::SYSTEM
    }

    fn pools(&self) -> Vec<PoolLoad> {
        self.engine.pools()
    }

    fn ping(&self) -> Outcome<'_, ()> {
        reading!(self, "ping", "owners", |connection| owners::look(
            connection
        ))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.engine.close())
    }
}
