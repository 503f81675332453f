//! Jobs: runs of work in the background, each of which is its own place in the queue.
//!
//! A job begins as [`JobState::NotStarted`]. From there on a store changes it in three ways, and
//! has no other: it is claimed, whoever holds its [`Lease`] settles it, or it is cancelled. None of
//! them touches a job that has ended, and a lease that has been lost settles nothing.

use std::fmt;

use auth_interceptor::UnixSeconds;
use bytes::Bytes;
use uuid::Uuid;

use super::{ItemAddress, Owner};
use crate::downstream::ConfirmedItem;

/// A job, as every call about it names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JobAddress {
    /// The item that it is about.
    pub item: ItemAddress,
    /// What kind of job it is.
    pub job_type: String,
    /// The run, whose id is its own under the item.
    pub job_id: Uuid,
}

/// What a job is ordered to do, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobOrder {
    /// The user for whom it acts.
    pub owner: Owner,
    /// What it is to do, kept byte for byte until it has ended.
    pub payload: Bytes,
}

/// A job to keep.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// What it is ordered to do.
    pub order: JobOrder,
    /// The item, on which Fabric has confirmed that the user may order it.
    pub item: ConfirmedItem,
    /// What it acts for the user with.
    pub session: JobSession,
}

/// The long-running session that a job acts with. It ends with the job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSession {
    /// The registration that the user's token was meant for.
    pub registration: String,
    /// The session.
    pub id: Uuid,
}

/// Whether a job was new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobCreation {
    /// It was.
    Created,
    /// It was there, and the same.
    Repeated,
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Accepted, and nothing done.
    NotStarted,
    /// Under way.
    InProgress {
        /// Since when.
        start_time: UnixSeconds,
    },
    /// Done.
    Completed {
        /// When its work began.
        start_time: UnixSeconds,
        /// When it ended.
        end_time: UnixSeconds,
    },
    /// Ended by a failure.
    Failed {
        /// When its work began.
        start_time: UnixSeconds,
        /// When it ended.
        end_time: UnixSeconds,
        /// Why.
        failure: JobFailure,
    },
    /// Ended by an order.
    Cancelled {
        /// When its work began, if it had.
        start_time: Option<UnixSeconds>,
        /// When it ended.
        end_time: UnixSeconds,
    },
}

impl JobState {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotStarted => NOT_STARTED,
            Self::InProgress { .. } => IN_PROGRESS,
            Self::Completed { .. } => COMPLETED,
            Self::Failed { .. } => FAILED,
            Self::Cancelled { .. } => CANCELLED,
        }
    }
}

pub(super) const NOT_STARTED: &str = "NotStarted";
pub(super) const IN_PROGRESS: &str = "InProgress";
pub(super) const COMPLETED: &str = "Completed";
pub(super) const FAILED: &str = "Failed";
pub(super) const CANCELLED: &str = "Cancelled";

/// Why a job failed, as it is told: bytes that whoever runs jobs writes and reads.
#[derive(Clone, PartialEq, Eq)]
pub struct JobFailure(pub Bytes);

/// Leaves out what an authority or an API said.
impl fmt::Debug for JobFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JobFailure").finish_non_exhaustive()
    }
}

/// For how long a job is claimed.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// The time now.
    pub now: UnixSeconds,
    /// When others may take the job, unless the lease is renewed.
    pub until: UnixSeconds,
}

/// The right to work on a job. A store alone gives one out, to one at a time, and takes the word of
/// nobody else for how the job goes on.
#[derive(Debug)]
pub struct Lease {
    pub(super) owner: Owner,
    pub(super) item_id: Uuid,
    pub(super) job_id: Uuid,
    pub(super) holder: Uuid,
}

/// A job, for whoever is to work on it.
#[derive(Debug)]
pub struct ClaimedJob {
    /// The right to.
    pub lease: Lease,
    /// The job.
    pub address: JobAddress,
    /// What it is ordered to do.
    pub order: JobOrder,
    /// The item, on which Fabric confirmed that the user may order it.
    pub item: ConfirmedItem,
    /// What it acts for the user with.
    pub session: JobSession,
    /// When it was ordered.
    pub create_time: UnixSeconds,
    /// How often it has been claimed since it last came further, this claim included.
    pub attempts: u32,
    /// How far it has come.
    pub progress: Progress,
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The rounds that are done.
    pub rounds: u32,
    /// How many bytes the round under way was about to show: it may have shown them.
    pub written: Option<u64>,
}

/// How whoever holds a job's lease lets go of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// It is done.
    Completed,
    /// It has failed.
    Failed(JobFailure),
    /// A round is done, and another follows.
    NextRound {
        /// Not before this.
        at: UnixSeconds,
    },
    /// The same again.
    TryAgain {
        /// Not before this.
        at: UnixSeconds,
    },
    /// Somebody else goes on at once; this claim does not count.
    HandOver,
}
