//! Work on an item that goes on in the background, for a user who need not wait for it.
//!
//! [`Jobs`] takes orders, says where a job stands, and cancels; a [`Workers`] runs what was
//! ordered, here or in another process on the same store. What is promised is in [`Workers`]. No
//! gRPC here: adapters convert.

mod depth;
mod error;
mod export;
mod lines;
mod order;
mod upkeep;
mod workers;

use std::sync::Arc;

use auth_interceptor::{Clock, SubjectToken};
use bytes::Bytes;
use tokio::sync::Notify;

pub use self::depth::Depth;
pub use self::error::{JobError, RunError};
use self::order::Order;
pub use self::order::{OrderError, RUN_TIME};
pub use self::upkeep::Upkeep;
pub use self::workers::{WorkerSettings, Workers};
use crate::downstream::{ConfirmedItem, OneLake};
use crate::exchange::{LongRunningSession, TokenExchange};
use crate::store::{
    JobAddress, JobCreation, JobOrder, JobSession, JobState, NewJob, Owner, Store, StoreError,
};

/// Takes orders for jobs, and says how they go.
#[derive(Debug)]
pub struct Jobs {
    store: Arc<dyn Store>,
    exchange: Arc<TokenExchange>,
    clock: Clock,
    /// Tells idle workers of this process that there is work.
    ordered: Notify,
}

impl Jobs {
    /// Keeps jobs in `store`; `exchange` lets them act for their users.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, exchange: Arc<TokenExchange>, clock: Clock) -> Self {
        Self {
            store,
            exchange,
            clock,
            ordered: Notify::new(),
        }
    }

    /// Accepts a job for the user whose token `subject` is, and says where it stands. The same order
    /// again is the same job.
    ///
    /// # Errors
    ///
    /// See [`JobError`]. While the user is there to act, whatever keeps the job from acting for them
    /// refuses the order.
    pub async fn create(
        &self,
        address: &JobAddress,
        item: ConfirmedItem,
        subject: &SubjectToken,
        payload: Bytes,
    ) -> Result<JobState, JobError> {
        Order::read(address, &payload)?;
        let found = self.store.item(&address.item).await;
        found.map_err(|error| JobError::of_item(error, address))?;
        let order = JobOrder {
            owner: Owner::from(subject.claims()),
            payload,
        };
        let conflict = |error| JobError::of_order(error, address);
        let known = self.store.job_as_ordered(address, &order).await;
        if let Some(state) = known.map_err(conflict)? {
            return Ok(state);
        }
        let session = self
            .exchange
            .keep_for_long_running(subject, OneLake::scopes())
            .await?;
        let created = self.keep(address, item, order, &session).await;
        if created != Ok(JobCreation::Created) {
            // Nothing acts with it. Should this fail, the upkeep finds it.
            let _ = self.exchange.end_long_running(&session).await;
        }
        created.map_err(conflict)?;
        self.ordered.notify_one();
        Ok(self.store.job(address).await?)
    }

    async fn keep(
        &self,
        address: &JobAddress,
        item: ConfirmedItem,
        order: JobOrder,
        session: &LongRunningSession,
    ) -> Result<JobCreation, StoreError> {
        let job = NewJob {
            order,
            item,
            session: JobSession {
                registration: session.registration.clone(),
                id: session.id,
            },
        };
        self.store.create_job(address, job, self.clock.now()).await
    }

    /// Says where a job stands.
    ///
    /// # Errors
    ///
    /// [`JobError::NotFound`], or the store's.
    pub async fn state(&self, address: &JobAddress) -> Result<JobState, JobError> {
        let state = self.store.job(address).await;
        state.map_err(|error| JobError::of_item(error, address))
    }

    /// Cancels a job, and says where it then stands. One that was cancelled stays so. From then on
    /// nothing it does counts.
    ///
    /// # Errors
    ///
    /// [`JobError::Ended`] where it had completed or failed, [`JobError::NotFound`], or the store's.
    pub async fn cancel(&self, address: &JobAddress) -> Result<JobState, JobError> {
        let state = self.store.cancel_job(address, self.clock.now()).await;
        match state.map_err(|error| JobError::of_item(error, address))? {
            state @ JobState::Cancelled { .. } => Ok(state),
            other => Err(JobError::Ended {
                state: other.name(),
            }),
        }
    }
}
