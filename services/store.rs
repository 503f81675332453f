//! What the service keeps, each a user's own: rows, tasks, and sealed refresh tokens.
//!
//! [`Store`] is what an engine has to do; callers name an [`Owner`] with every operation, and an
//! engine puts tenant and object id into every statement. No gRPC here: adapters convert.

mod definition;
mod error;
mod items;
mod jobs;
mod load;
pub mod measured;
pub mod postgres;
mod records;
mod refresh_tokens;
mod sql;
pub mod sqlite;
mod tasks;

use std::fmt;
use std::sync::Arc;

use auth_interceptor::{Claims, TenantId, UnixSeconds};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use uuid::Uuid;

pub use self::error::{OpenError, StoreError};
pub use self::items::{
    DefinitionPart, Deletion, EMPTY_OBJECT, Item, ItemAddress, ItemChange, NewItem, Retention,
};
pub use self::jobs::{
    ClaimedJob, JobAddress, JobCreation, JobFailure, JobOrder, JobSession, JobState, Lease, NewJob,
    Progress, Settlement, Term,
};
pub use self::load::{JobLoad, PoolLoad};
use self::postgres::PostgresStore;
pub use self::records::{Place, Row, RowWrite};
pub use self::refresh_tokens::SealedToken;
use self::sqlite::SqliteStore;
pub use self::tasks::{NewTask, Task, TaskChange};
use crate::config::Database;

/// What an operation comes to.
pub type Outcome<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// An engine that keeps rows, tasks and sealed refresh tokens.
///
/// Every write is durable when it returns, whole or not at all. An entity that is another owner's
/// does not exist.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Rows of a place, in the order in which they were first written.
    fn read_rows<'a>(&'a self, place: &'a Place, page: Page) -> Outcome<'a, Paged<Row>>;

    /// Writes all rows or none, and returns them in the same order.
    fn write_rows<'a>(
        &'a self,
        place: &'a Place,
        rows: Vec<RowWrite>,
        now: UnixSeconds,
    ) -> Outcome<'a, Vec<Row>>;

    /// The owner's tasks, in the order in which they were created.
    fn list_tasks<'a>(&'a self, owner: &'a Owner, page: Page) -> Outcome<'a, Paged<Task>>;

    /// Creates a task.
    fn create_task<'a>(
        &'a self,
        owner: &'a Owner,
        task: NewTask,
        now: UnixSeconds,
    ) -> Outcome<'a, Task>;

    /// Changes a task, if `etag` is unset or still the task's.
    fn update_task<'a>(
        &'a self,
        owner: &'a Owner,
        id: Uuid,
        change: TaskChange,
        etag: Option<Etag>,
        now: UnixSeconds,
    ) -> Outcome<'a, Task>;

    /// Deletes a task, if `etag` is unset or still the task's.
    fn delete_task<'a>(&'a self, owner: &'a Owner, id: Uuid, etag: Option<Etag>)
    -> Outcome<'a, ()>;

    /// Keeps a sealed refresh token under a session that is new.
    fn keep_refresh_token<'a>(
        &'a self,
        owner: &'a Owner,
        session: Uuid,
        sealed: Bytes,
        now: UnixSeconds,
    ) -> Outcome<'a, ()>;

    /// The session's sealed refresh token.
    fn refresh_token<'a>(&'a self, owner: &'a Owner, session: Uuid) -> Outcome<'a, SealedToken>;

    /// Puts another sealed refresh token in the session's place, if `etag` is still its.
    fn replace_refresh_token<'a>(
        &'a self,
        owner: &'a Owner,
        session: Uuid,
        sealed: Bytes,
        etag: Etag,
        now: UnixSeconds,
    ) -> Outcome<'a, ()>;

    /// Deletes the session's refresh token, if `etag` is unset or still its.
    fn delete_refresh_token<'a>(
        &'a self,
        owner: &'a Owner,
        session: Uuid,
        etag: Option<Etag>,
    ) -> Outcome<'a, ()>;

    /// Deletes the refresh tokens of a user, or of all users of the tenant.
    fn forget_refresh_tokens<'a>(
        &'a self,
        tenant: TenantId,
        object_id: Option<&'a str>,
    ) -> Outcome<'a, ()>;

    /// Keeps a new item. The same creation again changes nothing. [`StoreError::Conflict`]: the id is
    /// taken, by another item or by one that has been deleted.
    fn create_item<'a>(
        &'a self,
        address: &'a ItemAddress,
        item: NewItem,
        now: UnixSeconds,
    ) -> Outcome<'a, ()>;

    /// An item that has not been deleted.
    fn item<'a>(&'a self, address: &'a ItemAddress) -> Outcome<'a, Item>;

    /// Changes an item that has not been deleted.
    fn update_item<'a>(
        &'a self,
        address: &'a ItemAddress,
        change: ItemChange,
        now: UnixSeconds,
    ) -> Outcome<'a, ()>;

    /// Deletes an item, and cancels what has not ended of its jobs. One that does not exist is
    /// deleted.
    fn delete_item<'a>(
        &'a self,
        address: &'a ItemAddress,
        deletion: Deletion,
        now: UnixSeconds,
    ) -> Outcome<'a, ()>;

    /// Takes a soft deletion back, with this definition if there is one; creates an item that does not
    /// exist. [`StoreError::NotFound`]: it was deleted for good.
    fn restore_item<'a>(
        &'a self,
        address: &'a ItemAddress,
        definition: Option<Vec<DefinitionPart>>,
        now: UnixSeconds,
    ) -> Outcome<'a, ()>;

    /// Removes what is kept of one deleted item and under it, if one is due. Whether there was one.
    fn purge_deleted_item(&self, retention: Retention) -> Outcome<'_, bool>;

    /// Keeps a new job, which is due at once. [`StoreError::Conflict`]: the id is that of another
    /// order.
    fn create_job<'a>(
        &'a self,
        address: &'a JobAddress,
        job: NewJob,
        now: UnixSeconds,
    ) -> Outcome<'a, JobCreation>;

    /// Where the job that was ordered so stands, if there is one. [`StoreError::Conflict`]: the id is
    /// that of another order.
    fn job_as_ordered<'a>(
        &'a self,
        address: &'a JobAddress,
        order: &'a JobOrder,
    ) -> Outcome<'a, Option<JobState>>;

    /// Where a job stands.
    fn job<'a>(&'a self, address: &'a JobAddress) -> Outcome<'a, JobState>;

    /// Cancels a job unless it has ended, and says where it then stands.
    fn cancel_job<'a>(&'a self, address: &'a JobAddress, now: UnixSeconds)
    -> Outcome<'a, JobState>;

    /// Claims a job that is due, if there is one. Nobody else is given it before the term ends.
    fn claim_job(&self, term: Term) -> Outcome<'_, Option<ClaimedJob>>;

    /// Keeps a job for longer. [`StoreError::Conflict`]: it is not held any more.
    fn renew_lease<'a>(&'a self, lease: &'a Lease, until: UnixSeconds) -> Outcome<'a, ()>;

    /// Notes that the round under way is about to show so many bytes. [`StoreError::Conflict`]: the
    /// job is not held any more.
    fn note_written<'a>(&'a self, lease: &'a Lease, bytes: u64) -> Outcome<'a, ()>;

    /// Lets go of a job; the session of one that ends ends with it. [`StoreError::Conflict`]: it is
    /// not held any more, and nothing has changed.
    fn settle_job<'a>(
        &'a self,
        lease: &'a Lease,
        settlement: Settlement,
        now: UnixSeconds,
    ) -> Outcome<'a, ()>;

    /// Removes some of the jobs that ended by `ended`, and of the sessions begun by `begun` that no
    /// job acts with. Whether there were any.
    fn purge_jobs(&self, ended: UnixSeconds, begun: UnixSeconds) -> Outcome<'_, bool>;

    /// How many jobs have not ended, of all tenants.
    fn unfinished_jobs(&self) -> Outcome<'_, JobLoad>;

    /// The engine, as OpenTelemetry names database systems.
    fn system(&self) -> &'static str;

    /// The connections to the engine, by pool.
    fn pools(&self) -> Vec<PoolLoad>;

    /// Whether the store answers now.
    fn ping(&self) -> Outcome<'_, ()>;

    /// Finishes what is under way and lets go of the engine.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// Whose data: a user within a tenant. Neither part is an identity without the other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    tenant: TenantId,
    object_id: Box<str>,
}

impl Owner {
    /// The user of this tenant with this object id.
    #[must_use]
    pub fn new(tenant: TenantId, object_id: &str) -> Self {
        Self {
            tenant,
            object_id: object_id.into(),
        }
    }

    /// The tenant.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The user within the tenant.
    #[must_use]
    pub fn object_id(&self) -> &str {
        &self.object_id
    }
}

impl From<&Claims> for Owner {
    fn from(claims: &Claims) -> Self {
        Self::new(claims.tenant(), claims.object_id().as_str())
    }
}

/// Leaves out the user.
impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owner")
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

/// What changes with every write of an entity. Opaque to callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Etag(i64);

impl Etag {
    /// No entity's: what a text that was never given out reads as.
    const NEVER: Self = Self(0);

    /// Reads what [`Display`](fmt::Display) wrote. Any other text is an etag that matches nothing.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        i64::from_str_radix(text, 16)
            .map(Self)
            .ok()
            .filter(|etag| etag.to_string() == text)
            .unwrap_or(Self::NEVER)
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Which part of a list to read.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Where the page before ended; none: the first page.
    pub after: Option<Position>,
    /// How many entries at most.
    pub size: u32,
}

/// A place in a list that stays where it is while entries are added and removed around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position(pub i64);

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Paged<T> {
    /// The entries.
    pub entries: Vec<T>,
    /// Where the next page begins; none: there is none.
    pub next: Option<Position>,
}

/// Opens the store that the configuration names.
///
/// # Errors
///
/// It cannot be opened, or its schema is not this version's.
pub async fn open(settings: &crate::config::Store) -> Result<Arc<dyn Store>, OpenError> {
    let (migrate, quota) = (settings.migrate, Quota::default());
    Ok(match &settings.database {
        Database::Sqlite(file) => Arc::new(SqliteStore::open(file, migrate, quota).await?),
        Database::Postgres(url) => Arc::new(PostgresStore::open(url, migrate, quota).await?),
    })
}

/// What one owner, and one tenant, may keep: a stranger with a valid token cannot fill the store.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// Rows under all workspaces and items.
    pub rows: i64,
    /// Bytes of JSON in those rows.
    pub row_bytes: i64,
    /// Tasks.
    pub tasks: i64,
    /// Refresh tokens: pieces of work under way at once.
    pub refresh_tokens: i64,
    /// Items of a tenant, deleted ones included until they are purged.
    pub items: i64,
    /// Bytes of their payloads and definitions.
    pub item_bytes: i64,
    /// Jobs of a tenant, ended ones included until they are purged.
    pub jobs: i64,
    /// Jobs of a tenant that have not ended.
    pub unfinished_jobs: i64,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            rows: 10_000,
            row_bytes: 64 * 1024 * 1024,
            tasks: 10_000,
            refresh_tokens: 1_000,
            items: 100_000,
            item_bytes: 1024 * 1024 * 1024,
            jobs: 100_000,
            unfinished_jobs: 1_000,
        }
    }
}
