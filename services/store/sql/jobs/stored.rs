//! What the columns of a job say.

use auth_interceptor::TenantId;
use bytes::Bytes;
use uuid::Uuid;

use crate::downstream::{ConfirmedItem, ItemId};
use crate::store::jobs::{CANCELLED, COMPLETED, FAILED, IN_PROGRESS, NOT_STARTED};
use crate::store::sql::statement::{Columns, FromColumns, Speaks, from_stored_time};
use crate::store::{
    ClaimedJob, ItemAddress, JobAddress, JobFailure, JobOrder, JobSession, JobState, Lease, Owner,
    Progress, StoreError,
};

/// What a job acts with, as the columns spell it.
pub(super) struct StoredSession {
    pub(super) object_id: String,
    pub(super) session_id: String,
}

impl<D: Speaks> FromColumns<D> for StoredSession {
    fn from_columns(columns: &Columns<'_, D>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            object_id: columns.get("object_id")?,
            session_id: columns.get("session_id")?,
        })
    }
}

/// Where a job stands, as the columns spell it.
pub(super) struct StoredState {
    state: String,
    failure: Option<Vec<u8>>,
    start_time: Option<i64>,
    end_time: Option<i64>,
}

impl<D: Speaks> FromColumns<D> for StoredState {
    fn from_columns(columns: &Columns<'_, D>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            state: columns.get("state")?,
            failure: columns.get("failure")?,
            start_time: columns.get("start_time")?,
            end_time: columns.get("end_time")?,
        })
    }
}

impl TryFrom<StoredState> for JobState {
    type Error = StoreError;

    fn try_from(stored: StoredState) -> Result<Self, StoreError> {
        let start_time = stored.start_time.map(from_stored_time);
        let end_time = stored.end_time.map(from_stored_time);
        match (&*stored.state, start_time, end_time, stored.failure) {
            (NOT_STARTED, _, None, None) => Ok(Self::NotStarted),
            (IN_PROGRESS, Some(start_time), None, None) => Ok(Self::InProgress { start_time }),
            (COMPLETED, Some(start_time), Some(end_time), None) => Ok(Self::Completed {
                start_time,
                end_time,
            }),
            (FAILED, Some(start_time), Some(end_time), Some(failure)) => Ok(Self::Failed {
                start_time,
                end_time,
                failure: JobFailure(failure.into()),
            }),
            (CANCELLED, start_time, Some(end_time), None) => Ok(Self::Cancelled {
                start_time,
                end_time,
            }),
            _ => Err(StoreError::Corrupt),
        }
    }
}

/// A claimed job, as the columns spell it.
pub(super) struct StoredJob {
    tenant_id: String,
    item_id: String,
    job_id: String,
    workspace_id: String,
    item_type: String,
    job_type: String,
    object_id: String,
    registration: String,
    session_id: String,
    payload: Vec<u8>,
    rounds: i64,
    written: Option<i64>,
    attempts: i64,
    lease: String,
    create_time: i64,
}

impl<D: Speaks> FromColumns<D> for StoredJob {
    fn from_columns(columns: &Columns<'_, D>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            tenant_id: columns.get("tenant_id")?,
            item_id: columns.get("item_id")?,
            job_id: columns.get("job_id")?,
            workspace_id: columns.get("workspace_id")?,
            item_type: columns.get("item_type")?,
            job_type: columns.get("job_type")?,
            object_id: columns.get("object_id")?,
            registration: columns.get("registration")?,
            session_id: columns.get("session_id")?,
            payload: columns.get("payload")?,
            rounds: columns.get("rounds")?,
            written: columns.get("written")?,
            attempts: columns.get("attempts")?,
            lease: columns.get("lease")?,
            create_time: columns.get("create_time")?,
        })
    }
}

impl TryFrom<StoredJob> for ClaimedJob {
    type Error = StoreError;

    fn try_from(stored: StoredJob) -> Result<Self, StoreError> {
        let id = |text: &str| text.parse::<Uuid>().map_err(|_| StoreError::Corrupt);
        let count = |number: i64| u32::try_from(number).unwrap_or_default();
        let tenant: TenantId = stored.tenant_id.parse().map_err(|_| StoreError::Corrupt)?;
        let owner = Owner::new(tenant, &stored.object_id);
        let (item_id, job_id) = (id(&stored.item_id)?, id(&stored.job_id)?);
        let workspace_id = id(&stored.workspace_id)?;
        Ok(Self {
            lease: Lease {
                owner: owner.clone(),
                item_id,
                job_id,
                holder: id(&stored.lease)?,
            },
            address: JobAddress {
                item: ItemAddress {
                    tenant,
                    workspace_id,
                    item_type: stored.item_type,
                    item_id,
                },
                job_type: stored.job_type,
                job_id,
            },
            order: JobOrder {
                owner,
                payload: Bytes::from(stored.payload),
            },
            item: ConfirmedItem::recorded(ItemId {
                workspace_id,
                item_id,
            }),
            session: JobSession {
                registration: stored.registration,
                id: id(&stored.session_id)?,
            },
            create_time: from_stored_time(stored.create_time),
            attempts: count(stored.attempts),
            progress: Progress {
                rounds: count(stored.rounds),
                written: stored.written.and_then(|bytes| u64::try_from(bytes).ok()),
            },
        })
    }
}
