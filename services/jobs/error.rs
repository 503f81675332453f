//! Why an order is refused, and why a job fails.

use uuid::Uuid;

use super::OrderError;
use crate::downstream::DownstreamError;
use crate::exchange::LongRunningError;
use crate::store::{JobAddress, StoreError};

/// Why an order is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// What is ordered makes no sense.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// There is no such item or job.
    #[error("the item or job does not exist")]
    NotFound {
        /// The item.
        item_id: Uuid,
    },
    /// The id is that of another job.
    #[error("the job id is taken by another order")]
    Taken {
        /// The id.
        job_id: Uuid,
    },
    /// The job has ended in another way than the order wants.
    #[error("the job has ended")]
    Ended {
        /// How.
        state: &'static str,
    },
    /// The job could not act for the user.
    #[error(transparent)]
    LongRunning(#[from] LongRunningError),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl JobError {
    pub(super) fn of_item(error: StoreError, address: &JobAddress) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound {
                item_id: address.item.item_id,
            },
            other => other.into(),
        }
    }

    pub(super) fn of_order(error: StoreError, address: &JobAddress) -> Self {
        match error {
            StoreError::Conflict => Self::Taken {
                job_id: address.job_id,
            },
            other => other.into(),
        }
    }
}

/// Why a job fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// Its order is not one that this version takes.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// There is no token to act with, or OneLake could not do it.
    #[error(transparent)]
    Downstream(#[from] DownstreamError),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Whoever worked on it never came to an end of any kind, again and again.
    #[error("the work was begun too often without an end")]
    GivenUp,
    /// It was not done within the time that a job has.
    #[error("the job has used up its time")]
    TimeOver,
}
