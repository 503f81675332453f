//! A store that counts how often it was asked: whether a handler was entered, seen from below.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use auth_interceptor::{TenantId, UnixSeconds};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use selvedge::store::{
    ClaimedJob, DefinitionPart, Deletion, Etag, Item, ItemAddress, ItemChange, JobAddress,
    JobCreation, JobLoad, JobOrder, JobState, Lease, NewItem, NewJob, NewTask, Outcome, Owner,
    Page, Paged, Place, PoolLoad, Retention, Row, RowWrite, SealedToken, Settlement, Store,
    StoreError, Task, TaskChange, Term,
};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Passes every call on, counted, and holds it back while the gate is shut.
#[derive(Debug)]
pub(crate) struct CountingStore {
    inner: Arc<dyn Store>,
    calls: AtomicUsize,
    gate: Semaphore,
    held: AtomicUsize,
    written: Mutex<Vec<Place>>,
    is_out: AtomicBool,
}

const OPEN: usize = 1_000_000;

impl CountingStore {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            calls: AtomicUsize::new(0),
            gate: Semaphore::new(OPEN),
            held: AtomicUsize::new(0),
            written: Mutex::default(),
            is_out: AtomicBool::new(false),
        }
    }

    /// How many operations have begun.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// How many operations the gate holds back. One whose caller gives up is not held any more.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::SeqCst)
    }

    /// Where rows were written, one place a call.
    pub(crate) fn written_places(&self) -> Vec<Place> {
        self.written.lock().unwrap().clone()
    }

    /// Whether the engine stops answering those who ask whether it is there.
    pub(crate) fn set_outage(&self, is_out: bool) {
        self.is_out.store(is_out, Ordering::SeqCst);
    }

    /// Lets operations begin but not go on.
    pub(crate) fn shut(&self) {
        self.gate.forget_permits(OPEN);
    }

    /// Lets operations go on.
    pub(crate) fn open(&self) {
        self.gate.add_permits(OPEN);
    }

    async fn pass(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let _held = Held::new(&self.held);
        let _permit = self.gate.acquire().await.unwrap();
    }
}

/// Counts an operation as held for as long as this lives.
struct Held<'s>(&'s AtomicUsize);

impl<'s> Held<'s> {
    fn new(held: &'s AtomicUsize) -> Self {
        held.fetch_add(1, Ordering::SeqCst);
        Self(held)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Store for CountingStore {
    fn read_rows<'a>(&'a self, place: &'a Place, page: Page) -> Outcome<'a, Paged<Row>> {
        Box::pin(async move {
            self.pass().await;
            self.inner.read_rows(place, page).await
        })
    }

    fn write_rows<'a>(
        &'a self,
        place: &'a Place,
        rows: Vec<RowWrite>,
        now: UnixSeconds,
    ) -> Outcome<'a, Vec<Row>> {
        Box::pin(async move {
            self.pass().await;
            self.written.lock().unwrap().push(place.clone());
            self.inner.write_rows(place, rows, now).await
        })
    }

    fn list_tasks<'a>(&'a self, owner: &'a Owner, page: Page) -> Outcome<'a, Paged<Task>> {
        Box::pin(async move {
            self.pass().await;
            self.inner.list_tasks(owner, page).await
        })
    }

    fn create_task<'a>(
        &'a self,
        owner: &'a Owner,
        task: NewTask,
        now: UnixSeconds,
    ) -> Outcome<'a, Task> {
        Box::pin(async move {
            self.pass().await;
            self.inner.create_task(owner, task, now).await
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
            self.pass().await;
            self.inner.update_task(owner, id, change, etag, now).await
        })
    }

    fn delete_task<'a>(
        &'a self,
        owner: &'a Owner,
        id: Uuid,
        etag: Option<Etag>,
    ) -> Outcome<'a, ()> {
        Box::pin(async move {
            self.pass().await;
            self.inner.delete_task(owner, id, etag).await
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
            self.pass().await;
            self.inner
                .keep_refresh_token(owner, session, sealed, now)
                .await
        })
    }

    fn refresh_token<'a>(&'a self, owner: &'a Owner, session: Uuid) -> Outcome<'a, SealedToken> {
        Box::pin(async move {
            self.pass().await;
            self.inner.refresh_token(owner, session).await
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
        Box::pin(async move {
            self.pass().await;
            self.inner
                .replace_refresh_token(owner, session, sealed, etag, now)
                .await
        })
    }

    fn delete_refresh_token<'a>(
        &'a self,
        owner: &'a Owner,
        session: Uuid,
        etag: Option<Etag>,
    ) -> Outcome<'a, ()> {
        Box::pin(async move {
            self.pass().await;
            self.inner.delete_refresh_token(owner, session, etag).await
        })
    }

    fn forget_refresh_tokens<'a>(
        &'a self,
        tenant: TenantId,
        object_id: Option<&'a str>,
    ) -> Outcome<'a, ()> {
        Box::pin(async move {
            self.pass().await;
            self.inner.forget_refresh_tokens(tenant, object_id).await
        })
    }

    fn create_item<'a>(
        &'a self,
        address: &'a ItemAddress,
        item: NewItem,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        Box::pin(async move {
            self.pass().await;
            self.inner.create_item(address, item, now).await
        })
    }

    fn item<'a>(&'a self, address: &'a ItemAddress) -> Outcome<'a, Item> {
        Box::pin(async move {
            self.pass().await;
            self.inner.item(address).await
        })
    }

    fn update_item<'a>(
        &'a self,
        address: &'a ItemAddress,
        change: ItemChange,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        Box::pin(async move {
            self.pass().await;
            self.inner.update_item(address, change, now).await
        })
    }

    fn delete_item<'a>(
        &'a self,
        address: &'a ItemAddress,
        deletion: Deletion,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        Box::pin(async move {
            self.pass().await;
            self.inner.delete_item(address, deletion, now).await
        })
    }

    fn restore_item<'a>(
        &'a self,
        address: &'a ItemAddress,
        definition: Option<Vec<DefinitionPart>>,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        Box::pin(async move {
            self.pass().await;
            self.inner.restore_item(address, definition, now).await
        })
    }

    fn create_job<'a>(
        &'a self,
        address: &'a JobAddress,
        job: NewJob,
        now: UnixSeconds,
    ) -> Outcome<'a, JobCreation> {
        Box::pin(async move {
            self.pass().await;
            self.inner.create_job(address, job, now).await
        })
    }

    fn job_as_ordered<'a>(
        &'a self,
        address: &'a JobAddress,
        order: &'a JobOrder,
    ) -> Outcome<'a, Option<JobState>> {
        Box::pin(async move {
            self.pass().await;
            self.inner.job_as_ordered(address, order).await
        })
    }

    fn job<'a>(&'a self, address: &'a JobAddress) -> Outcome<'a, JobState> {
        Box::pin(async move {
            self.pass().await;
            self.inner.job(address).await
        })
    }

    fn cancel_job<'a>(
        &'a self,
        address: &'a JobAddress,
        now: UnixSeconds,
    ) -> Outcome<'a, JobState> {
        Box::pin(async move {
            self.pass().await;
            self.inner.cancel_job(address, now).await
        })
    }

    // What follows nobody calls for: the service's own work is not counted.

    fn claim_job(&self, term: Term) -> Outcome<'_, Option<ClaimedJob>> {
        self.inner.claim_job(term)
    }

    fn renew_lease<'a>(&'a self, lease: &'a Lease, until: UnixSeconds) -> Outcome<'a, ()> {
        self.inner.renew_lease(lease, until)
    }

    fn note_written<'a>(&'a self, lease: &'a Lease, bytes: u64) -> Outcome<'a, ()> {
        self.inner.note_written(lease, bytes)
    }

    fn settle_job<'a>(
        &'a self,
        lease: &'a Lease,
        settlement: Settlement,
        now: UnixSeconds,
    ) -> Outcome<'a, ()> {
        self.inner.settle_job(lease, settlement, now)
    }

    fn purge_deleted_item<'a>(&'a self, retention: Retention) -> Outcome<'a, bool> {
        self.inner.purge_deleted_item(retention)
    }

    fn purge_jobs(&self, ended: UnixSeconds, begun: UnixSeconds) -> Outcome<'_, bool> {
        self.inner.purge_jobs(ended, begun)
    }

    fn unfinished_jobs(&self) -> Outcome<'_, JobLoad> {
        self.inner.unfinished_jobs()
    }

    fn system(&self) -> &'static str {
        self.inner.system()
    }

    fn pools(&self) -> Vec<PoolLoad> {
        self.inner.pools()
    }

    fn ping(&self) -> Outcome<'_, ()> {
        if self.is_out.load(Ordering::SeqCst) {
            return Box::pin(async { Err(StoreError::Unavailable) });
        }
        self.inner.ping()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.inner.close()
    }
}
