//! A store that is watched: each operation is told of when it has ended.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use auth_interceptor::{TenantId, UnixSeconds};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::{
    ClaimedJob, DefinitionPart, Deletion, Etag, Item, ItemAddress, ItemChange, JobAddress,
    JobCreation, JobLoad, JobOrder, JobState, Lease, NewItem, NewJob, NewTask, Outcome, Owner,
    Page, Paged, Place, PoolLoad, Retention, Row, RowWrite, SealedToken, Settlement, Store,
    StoreError, Task, TaskChange, Term,
};

/// Watches. Called where the operation is asked for, so that it must neither wait nor panic.
pub trait StoreObserver: fmt::Debug + Send + Sync + 'static {
    /// An operation has ended.
    fn done(&self, operation: &StoreOperation);
}

/// An operation, and how it ended.
#[derive(Clone, Copy, Debug)]
pub struct StoreOperation {
    /// The engine, as OpenTelemetry names database systems.
    pub system: &'static str,
    /// What was asked for.
    pub name: &'static str,
    /// The table that it is about.
    pub collection: &'static str,
    /// How long it took, the wait for a connection included.
    pub duration: Duration,
    /// The value of `error.type`. What is not there, or has changed, is an answer, no failure.
    pub error_type: Option<&'static str>,
}

/// Passes every operation on.
#[derive(Debug)]
pub struct MeasuredStore {
    inner: Arc<dyn Store>,
    observer: Arc<dyn StoreObserver>,
}

impl MeasuredStore {
    /// `inner`, of which `observer` hears.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, observer: Arc<dyn StoreObserver>) -> Self {
        Self { inner, observer }
    }

    /// One operation. Of one that nobody waits for any longer nothing is told but that.
    async fn measured<T>(
        &self,
        name: &'static str,
        collection: &'static str,
        operation: Outcome<'_, T>,
    ) -> Result<T, StoreError> {
        let mut ending = Ending {
            observer: &*self.observer,
            began: Instant::now(),
            operation: StoreOperation {
                system: self.inner.system(),
                name,
                collection,
                duration: Duration::ZERO,
                error_type: Some("cancelled"),
            },
        };
        let outcome = operation.await;
        ending.operation.error_type = outcome.as_ref().err().and_then(|error| error_type(*error));
        outcome
    }
}

/// Tells of an operation, however it ends.
struct Ending<'a> {
    observer: &'a dyn StoreObserver,
    began: Instant,
    operation: StoreOperation,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.operation.duration = self.began.elapsed();
        self.observer.done(&self.operation);
    }
}

fn error_type(error: StoreError) -> Option<&'static str> {
    match error {
        StoreError::NotFound | StoreError::Conflict => None,
        StoreError::Full => Some("full"),
        StoreError::Unavailable => Some("unavailable"),
        StoreError::Corrupt => Some("corrupt"),
    }
}

macro_rules! passed_on {
    ($($name:ident($($argument:ident: $type:ty),*) -> $outcome:ty, $collection:ident;)+) => {$(
        fn $name<'a>(&'a self, $($argument: $type),*) -> Outcome<'a, $outcome> {
            let operation = self.inner.$name($($argument),*);
            Box::pin(self.measured(stringify!($name), stringify!($collection), operation))
        }
    )+};
}

impl Store for MeasuredStore {
    passed_on! {
        read_rows(place: &'a Place, page: Page) -> Paged<Row>, rows;
        write_rows(place: &'a Place, rows: Vec<RowWrite>, now: UnixSeconds) -> Vec<Row>, rows;
        list_tasks(owner: &'a Owner, page: Page) -> Paged<Task>, tasks;
        create_task(owner: &'a Owner, task: NewTask, now: UnixSeconds) -> Task, tasks;
        update_task(owner: &'a Owner, id: Uuid, change: TaskChange, etag: Option<Etag>, now: UnixSeconds) -> Task, tasks;
        delete_task(owner: &'a Owner, id: Uuid, etag: Option<Etag>) -> (), tasks;
        keep_refresh_token(owner: &'a Owner, session: Uuid, sealed: Bytes, now: UnixSeconds) -> (), refresh_tokens;
        refresh_token(owner: &'a Owner, session: Uuid) -> SealedToken, refresh_tokens;
        replace_refresh_token(owner: &'a Owner, session: Uuid, sealed: Bytes, etag: Etag, now: UnixSeconds) -> (), refresh_tokens;
        delete_refresh_token(owner: &'a Owner, session: Uuid, etag: Option<Etag>) -> (), refresh_tokens;
        forget_refresh_tokens(tenant: TenantId, object_id: Option<&'a str>) -> (), refresh_tokens;
        create_item(address: &'a ItemAddress, item: NewItem, now: UnixSeconds) -> (), items;
        item(address: &'a ItemAddress) -> Item, items;
        update_item(address: &'a ItemAddress, change: ItemChange, now: UnixSeconds) -> (), items;
        delete_item(address: &'a ItemAddress, deletion: Deletion, now: UnixSeconds) -> (), items;
        restore_item(address: &'a ItemAddress, definition: Option<Vec<DefinitionPart>>, now: UnixSeconds) -> (), items;
        purge_deleted_item(retention: Retention) -> bool, items;
        create_job(address: &'a JobAddress, job: NewJob, now: UnixSeconds) -> JobCreation, jobs;
        job_as_ordered(address: &'a JobAddress, order: &'a JobOrder) -> Option<JobState>, jobs;
        job(address: &'a JobAddress) -> JobState, jobs;
        cancel_job(address: &'a JobAddress, now: UnixSeconds) -> JobState, jobs;
        claim_job(term: Term) -> Option<ClaimedJob>, jobs;
        renew_lease(lease: &'a Lease, until: UnixSeconds) -> (), jobs;
        note_written(lease: &'a Lease, bytes: u64) -> (), jobs;
        settle_job(lease: &'a Lease, settlement: Settlement, now: UnixSeconds) -> (), jobs;
        purge_jobs(ended: UnixSeconds, begun: UnixSeconds) -> bool, jobs;
        unfinished_jobs() -> JobLoad, jobs;
        ping() -> (), owners;
    }

    fn system(&self) -> &'static str {
        self.inner.system()
    }

    fn pools(&self) -> Vec<PoolLoad> {
        self.inner.pools()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.inner.close()
    }
}
