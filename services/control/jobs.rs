//! Jobs, as Fabric orders them in either generation of its workload API.
//!
//! Both generations speak of the same jobs: an order of the one can be asked for and cancelled in the
//! other.

mod first_generation;
mod second_generation;

use std::sync::Arc;

use auth_interceptor::{AuthError, Caller};
use bytes::Bytes;
use tonic::{Request, Status};

use super::error_response::job_failure;
use super::fields::{self, NamesItem};
use crate::call::{CallError, guid, timestamp};
use crate::contracts::control::v1::{ItemJobInstanceState, JobStatus};
use crate::downstream::{ConfirmedItem, ItemId};
use crate::jobs::{JobError, Jobs, OrderError};
use crate::refusal::{Refusal, cause};
use crate::store::{EMPTY_OBJECT, JobAddress, JobState};

/// Takes orders for jobs.
#[derive(Clone, Debug)]
pub struct JobOrders {
    jobs: Arc<Jobs>,
    item_types: Arc<[String]>,
}

/// A request about one job.
trait NamesJob: NamesItem {
    /// What kind of job it is.
    fn job_type(&self) -> &str;
    /// The run.
    fn job_instance_id(&self) -> &str;
}

macro_rules! names_job {
    ($($request:path),* $(,)?) => {$(
        impl $crate::control::jobs::NamesJob for $request {
            fn job_type(&self) -> &str {
                &self.job_type
            }

            fn job_instance_id(&self) -> &str {
                &self.job_instance_id
            }
        }
    )*};
}
use names_job;

impl JobOrders {
    /// Takes orders about items of the types that the workload's manifest names.
    #[must_use]
    pub fn new(jobs: Arc<Jobs>, item_types: Arc<[String]>) -> Self {
        Self { jobs, item_types }
    }

    /// The job that a request names.
    fn named<T: NamesJob>(&self, request: &Request<T>) -> Result<JobAddress, CallError> {
        let item = fields::address(request, &self.item_types)?;
        let request = request.get_ref();
        Ok(JobAddress {
            item,
            job_type: request.job_type().to_owned(),
            job_id: guid(request.job_instance_id(), "job_instance_id")?,
        })
    }

    /// Takes an order whose payload came in the field `field`.
    async fn create<T: NamesJob>(
        &self,
        request: &Request<T>,
        payload: &Bytes,
        field: &'static str,
    ) -> Result<ItemJobInstanceState, Refusal> {
        let address = self.named(request)?;
        let caller = Caller::of(request).map_err(CallError::from)?;
        let id = ItemId {
            workspace_id: address.item.workspace_id,
            item_id: address.item.item_id,
        };
        let (Some(item), Some(subject)) =
            (ConfirmedItem::by_fabric(caller, id), caller.subject_token())
        else {
            return Err(CallError::from(AuthError::AppOnlyNotAllowed).into());
        };
        let payload = if payload.is_empty() {
            EMPTY_OBJECT
        } else {
            payload.clone()
        };
        match self.jobs.create(&address, item, subject, payload).await {
            Ok(state) => Ok(told(state)),
            Err(JobError::Order(error)) => Err(of_order(error, field).into()),
            Err(error) => Err(error.into()),
        }
    }

    async fn state<T: NamesJob>(
        &self,
        request: &Request<T>,
    ) -> Result<ItemJobInstanceState, Refusal> {
        let address = self.named(request)?;
        Ok(told(self.jobs.state(&address).await?))
    }

    async fn cancel<T: NamesJob>(
        &self,
        request: &Request<T>,
    ) -> Result<ItemJobInstanceState, Refusal> {
        let address = self.named(request)?;
        Ok(told(self.jobs.cancel(&address).await?))
    }
}

/// An order that makes no sense, named by the fields of the request.
fn of_order(error: OrderError, field: &'static str) -> CallError {
    match error {
        OrderError::JobType => CallError::field(
            "job_type",
            "must be the item type with '.ExportRows' or '.ExportRowsRepeatedly' behind it",
        ),
        OrderError::Payload { member, expected } => {
            CallError::field(format!("{field}{member}"), expected)
        }
    }
}

/// Where a job stands, as Fabric reads it.
fn told(state: JobState) -> ItemJobInstanceState {
    let (status, start_time, end_time) = match &state {
        JobState::NotStarted => (JobStatus::NotStarted, None, None),
        JobState::InProgress { start_time } => (JobStatus::InProgress, Some(*start_time), None),
        JobState::Completed {
            start_time,
            end_time,
        } => (JobStatus::Completed, Some(*start_time), Some(*end_time)),
        JobState::Failed {
            start_time,
            end_time,
            ..
        } => (JobStatus::Failed, Some(*start_time), Some(*end_time)),
        JobState::Cancelled {
            start_time,
            end_time,
        } => (JobStatus::Cancelled, *start_time, Some(*end_time)),
    };
    let error_details = match &state {
        JobState::Failed { failure, .. } => {
            let cause: Status = cause(failure);
            Some(job_failure(&cause))
        }
        _ => None,
    };
    ItemJobInstanceState {
        status: status.into(),
        start_time_utc: start_time.and_then(timestamp),
        end_time_utc: end_time.and_then(timestamp),
        error_details,
    }
}
