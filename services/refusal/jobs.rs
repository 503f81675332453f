//! Refusals of orders, and what becomes of a job that fails.
//!
//! A failed job keeps its cause as the refusal that a caller would have met: an encoded
//! `google.rpc.Status`, read back with everything in it whenever somebody asks.

use opentelemetry::TraceId;
use prost::Message as _;
use tonic::{Code, Status};
use tonic_types::pb;

use super::{Reason, Refusal, request_info};
use crate::jobs::{JobError, OrderError, RunError};
use crate::store::JobFailure;

impl From<JobError> for Refusal {
    fn from(error: JobError) -> Self {
        let message = error.to_string();
        match error {
            JobError::Order(error) => error.into(),
            JobError::NotFound { item_id } => {
                Self::new(Reason::ItemNotFound, message).with_metadata("itemId", item_id)
            }
            JobError::Taken { job_id } => {
                Self::new(Reason::IdempotencyConflict, message).with_metadata("jobId", job_id)
            }
            JobError::Ended { state } => {
                Self::new(Reason::JobStateConflict, message).with_metadata("state", state)
            }
            JobError::LongRunning(error) => error.into(),
            JobError::Store(error) => error.into(),
        }
    }
}

impl From<OrderError> for Refusal {
    fn from(error: OrderError) -> Self {
        let message = error.to_string();
        let (field, expected) = match error {
            OrderError::JobType => ("job_type".to_owned(), "must be a job type of this workload"),
            OrderError::Payload { member, expected } => (format!("payload{member}"), expected),
        };
        let mut refusal = Self::new(Reason::FieldInvalid, message);
        refusal.violations.push((field, expected.to_owned()));
        refusal
    }
}

impl From<RunError> for Refusal {
    fn from(error: RunError) -> Self {
        let message = error.to_string();
        match error {
            RunError::Order(error) => error.into(),
            RunError::Downstream(error) => error.into(),
            RunError::Store(error) => error.into(),
            RunError::GivenUp => Self::internal_fault(),
            RunError::TimeOver => Self::new(Reason::DeadlineExceeded, message),
        }
    }
}

/// What is kept of the cause of a job's failure: `status`, and the trace of the run that failed.
#[must_use]
pub fn failure(status: &Status, run: Option<TraceId>) -> JobFailure {
    let mut details = pb::Status::decode(status.details())
        .map(|status| status.details)
        .unwrap_or_default();
    details.extend(run.map(request_info));
    let kept = pb::Status {
        code: status.code().into(),
        message: status.message().to_owned(),
        details,
    };
    JobFailure(kept.encode_to_vec().into())
}

/// The cause of a job's failure, as a caller would have met it.
#[must_use]
pub fn cause(JobFailure(kept): &JobFailure) -> Status {
    match pb::Status::decode(&**kept) {
        Ok(status) => Status::with_details(Code::from(status.code), status.message, kept.clone()),
        Err(_) => Refusal::internal_fault().into(),
    }
}
