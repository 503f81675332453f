//! Jobs. Every statement but the two that look for work names the tenant, and each that changes
//! where a job stands names where it stood: one that has ended, or whose lease has been lost, is
//! left alone.

mod stored;

use auth_interceptor::{TenantId, UnixSeconds};
use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use uuid::Uuid;

use self::stored::{StoredJob, StoredSession, StoredState};
use super::failure::Failure;
use super::owners;
use super::statement::{Connection, statement, to_stored_time};
use crate::store::jobs::{COMPLETED, FAILED, IN_PROGRESS};
use crate::store::{
    ClaimedJob, ItemAddress, JobAddress, JobCreation, JobFailure, JobLoad, JobOrder, JobState,
    Lease, NewJob, Owner, Quota, Settlement, StoreError, Term,
};

pub(super) async fn create(
    connection: &mut impl Connection,
    address: &JobAddress,
    job: &NewJob,
    now: UnixSeconds,
    quota: &Quota,
) -> Result<JobCreation, Failure> {
    let owner = &job.order.owner;
    owners::ensure(connection, owner).await?;
    let created = statement(
        "INSERT INTO jobs (tenant_id, item_id, job_id, workspace_id, item_type, job_type, \
         object_id, registration, session_id, order_digest, payload, state, due_time, create_time) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'NotStarted', $12, $12) \
         ON CONFLICT DO NOTHING",
    )
    .bind(address.item.tenant.to_string())
    .bind(address.item.item_id.to_string())
    .bind(address.job_id.to_string())
    .bind(address.item.workspace_id.to_string())
    .bind(&address.item.item_type)
    .bind(&address.job_type)
    .bind(owner.object_id())
    .bind(&job.session.registration)
    .bind(job.session.id.to_string())
    .bind(digest(address, &job.order))
    .bind(job.order.payload.as_ref())
    .bind(to_stored_time(now))
    .execute(&mut *connection)
    .await?;
    if created == 0 {
        // There is one, then: the same order, or it is refused.
        find(connection, address, &job.order).await?;
        return Ok(JobCreation::Repeated);
    }
    let (unfinished, kept): (i64, i64) = statement(
        "SELECT count(CASE WHEN end_time IS NULL THEN 1 END), count(*) FROM jobs \
         WHERE tenant_id = $1",
    )
    .bind(address.item.tenant.to_string())
    .fetch_one(connection)
    .await?;
    if unfinished > quota.unfinished_jobs || kept > quota.jobs {
        return Err(StoreError::Full.into());
    }
    Ok(JobCreation::Created)
}

/// How many have not ended, of all tenants.
pub(super) async fn unfinished(connection: &mut impl Connection) -> Result<JobLoad, Failure> {
    let (waiting, claimed): (i64, i64) = statement(
        "SELECT count(CASE WHEN lease IS NULL THEN 1 END), \
         count(CASE WHEN lease IS NOT NULL THEN 1 END) FROM jobs WHERE end_time IS NULL",
    )
    .fetch_one(connection)
    .await?;
    Ok(JobLoad {
        waiting: u64::try_from(waiting).unwrap_or_default(),
        claimed: u64::try_from(claimed).unwrap_or_default(),
    })
}

/// Where the job that was ordered so stands, if there is one. [`StoreError::Conflict`]: the id is
/// that of another order.
pub(super) async fn find(
    connection: &mut impl Connection,
    address: &JobAddress,
    order: &JobOrder,
) -> Result<Option<JobState>, Failure> {
    let found: Option<(Vec<u8>,)> = statement(
        "SELECT order_digest FROM jobs WHERE tenant_id = $1 AND item_id = $2 AND job_id = $3",
    )
    .bind(address.item.tenant.to_string())
    .bind(address.item.item_id.to_string())
    .bind(address.job_id.to_string())
    .fetch_optional(&mut *connection)
    .await?;
    match found {
        None => Ok(None),
        Some((taken,)) if taken == digest(address, order) => {
            read(connection, address).await.map(Some)
        }
        Some(_) => Err(StoreError::Conflict.into()),
    }
}

pub(super) async fn read(
    connection: &mut impl Connection,
    address: &JobAddress,
) -> Result<JobState, Failure> {
    let stored: StoredState = statement(
        "SELECT state, failure, start_time, end_time FROM jobs \
         WHERE tenant_id = $1 AND item_id = $2 AND job_id = $3 \
         AND workspace_id = $4 AND item_type = $5 AND job_type = $6",
    )
    .bind(address.item.tenant.to_string())
    .bind(address.item.item_id.to_string())
    .bind(address.job_id.to_string())
    .bind(address.item.workspace_id.to_string())
    .bind(&address.item.item_type)
    .bind(&address.job_type)
    .fetch_one(connection)
    .await?;
    Ok(stored.try_into()?)
}

/// Cancels the job unless it has ended, and says where it then stands.
pub(super) async fn cancel(
    connection: &mut impl Connection,
    address: &JobAddress,
    now: UnixSeconds,
) -> Result<JobState, Failure> {
    let state = read(connection, address).await?;
    if !matches!(state, JobState::NotStarted | JobState::InProgress { .. }) {
        return Ok(state);
    }
    let ended: Option<StoredSession> = statement(
        "UPDATE jobs SET state = 'Cancelled', end_time = $4, lease = NULL, payload = $5 \
         WHERE tenant_id = $1 AND item_id = $2 AND job_id = $3 AND end_time IS NULL \
         RETURNING object_id, session_id",
    )
    .bind(address.item.tenant.to_string())
    .bind(address.item.item_id.to_string())
    .bind(address.job_id.to_string())
    .bind(to_stored_time(now))
    .bind(NOTHING)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(session) = ended {
        end_session(connection, address.item.tenant, &session).await?;
    }
    read(connection, address).await
}

/// Cancels what has not ended of an item's jobs.
pub(super) async fn cancel_all(
    connection: &mut impl Connection,
    item: &ItemAddress,
    now: UnixSeconds,
) -> Result<(), Failure> {
    let ended: Vec<StoredSession> = statement(
        "UPDATE jobs SET state = 'Cancelled', end_time = $5, lease = NULL, payload = $6 \
         WHERE tenant_id = $1 AND item_id = $2 AND workspace_id = $3 AND item_type = $4 \
         AND end_time IS NULL RETURNING object_id, session_id",
    )
    .bind(item.tenant.to_string())
    .bind(item.item_id.to_string())
    .bind(item.workspace_id.to_string())
    .bind(&item.item_type)
    .bind(to_stored_time(now))
    .bind(NOTHING)
    .fetch_all(&mut *connection)
    .await?;
    for session in ended {
        end_session(connection, item.tenant, &session).await?;
    }
    Ok(())
}

/// The job that has been due for longest, if there is one.
pub(super) async fn due(
    connection: &mut impl Connection,
    now: UnixSeconds,
) -> Result<Option<Due>, Failure> {
    let found: Option<(String, String, String, String)> = statement(
        "SELECT tenant_id, object_id, item_id, job_id FROM jobs \
         WHERE end_time IS NULL AND due_time <= $1 ORDER BY due_time LIMIT 1",
    )
    .bind(to_stored_time(now))
    .fetch_optional(connection)
    .await?;
    let Some((tenant, object_id, item_id, job_id)) = found else {
        return Ok(None);
    };
    let tenant = tenant.parse().map_err(|_| StoreError::Corrupt)?;
    Ok(Some(Due {
        owner: Owner::new(tenant, &object_id),
        item_id,
        job_id,
    }))
}

/// A job that was due when it was looked for.
pub(super) struct Due {
    /// The user for whom it acts.
    pub(super) owner: Owner,
    item_id: String,
    job_id: String,
}

/// Claims a job if it is still due.
pub(super) async fn claim(
    connection: &mut impl Connection,
    due: &Due,
    term: Term,
) -> Result<Option<ClaimedJob>, Failure> {
    let claimed: Option<StoredJob> = statement(
        "UPDATE jobs SET state = 'InProgress', start_time = coalesce(start_time, $4), \
         due_time = $5, lease = $6, attempts = attempts + 1 \
         WHERE tenant_id = $1 AND item_id = $2 AND job_id = $3 \
         AND end_time IS NULL AND due_time <= $4 \
         RETURNING tenant_id, item_id, job_id, workspace_id, item_type, job_type, object_id, \
         registration, session_id, payload, rounds, written, attempts, lease, create_time",
    )
    .bind(due.owner.tenant().to_string())
    .bind(&due.item_id)
    .bind(&due.job_id)
    .bind(to_stored_time(term.now))
    .bind(to_stored_time(term.until))
    .bind(Uuid::new_v4().to_string())
    .fetch_optional(connection)
    .await?;
    Ok(claimed.map(ClaimedJob::try_from).transpose()?)
}

pub(super) async fn renew(
    connection: &mut impl Connection,
    lease: &Lease,
    until: UnixSeconds,
) -> Result<(), Failure> {
    let renew = "UPDATE jobs SET due_time = $5 \
                 WHERE tenant_id = $1 AND item_id = $2 AND job_id = $3 AND lease = $4";
    set_while_held(connection, lease, renew, to_stored_time(until)).await
}

/// Notes that the round under way is about to show so many bytes.
pub(super) async fn note_written(
    connection: &mut impl Connection,
    lease: &Lease,
    bytes: u64,
) -> Result<(), Failure> {
    let note = "UPDATE jobs SET written = $5 \
                WHERE tenant_id = $1 AND item_id = $2 AND job_id = $3 AND lease = $4";
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    set_while_held(connection, lease, note, bytes).await
}

/// Sets one column of a job, unless its lease is lost.
async fn set_while_held(
    connection: &mut impl Connection,
    lease: &Lease,
    sql: &'static str,
    value: i64,
) -> Result<(), Failure> {
    let held = statement(sql)
        .bind(lease.owner.tenant().to_string())
        .bind(lease.item_id.to_string())
        .bind(lease.job_id.to_string())
        .bind(lease.holder.to_string())
        .bind(value)
        .execute(connection)
        .await?;
    if held == 1 {
        Ok(())
    } else {
        Err(StoreError::Conflict.into())
    }
}

/// Lets go of a job. What was lost is not touched.
pub(super) async fn settle(
    connection: &mut impl Connection,
    lease: &Lease,
    settlement: &Settlement,
    now: UnixSeconds,
) -> Result<(), Failure> {
    /// State, failure, when it is due, how many rounds further, how many attempts more.
    type Change<'a> = (&'static str, Option<&'a Bytes>, UnixSeconds, i64, i64);
    let (state, failure, due, rounds, attempts): Change<'_> = match settlement {
        Settlement::Completed => (COMPLETED, None, now, 1, 0),
        Settlement::Failed(JobFailure(failure)) => (FAILED, Some(failure), now, 0, 0),
        Settlement::NextRound { at } => (IN_PROGRESS, None, *at, 1, 0),
        Settlement::TryAgain { at } => (IN_PROGRESS, None, *at, 0, 0),
        Settlement::HandOver => (IN_PROGRESS, None, now, 0, -1),
    };
    let ends = state != IN_PROGRESS;
    let settled: Option<StoredSession> = statement(
        "UPDATE jobs SET state = $5, failure = $6, due_time = $7, lease = NULL, \
         rounds = rounds + $8, \
         written = CASE WHEN $8 > 0 THEN NULL ELSE written END, \
         attempts = CASE WHEN $8 > 0 THEN 0 ELSE attempts + $9 END, \
         end_time = $10, payload = coalesce($11, payload) \
         WHERE tenant_id = $1 AND item_id = $2 AND job_id = $3 AND lease = $4 \
         RETURNING object_id, session_id",
    )
    .bind(lease.owner.tenant().to_string())
    .bind(lease.item_id.to_string())
    .bind(lease.job_id.to_string())
    .bind(lease.holder.to_string())
    .bind(state)
    .bind(failure.map(|failure| failure.to_vec()))
    .bind(to_stored_time(due))
    .bind(rounds)
    .bind(attempts)
    .bind(ends.then(|| to_stored_time(now)))
    .bind(ends.then(Vec::<u8>::new))
    .fetch_optional(&mut *connection)
    .await?;
    let session = settled.ok_or(Failure::from(StoreError::Conflict))?;
    if ends {
        end_session(connection, lease.owner.tenant(), &session).await?;
    }
    Ok(())
}

/// A tenant of which there is something to purge.
pub(super) async fn to_purge(
    connection: &mut impl Connection,
    ended: UnixSeconds,
    begun: UnixSeconds,
) -> Result<Option<TenantId>, Failure> {
    let found: Option<(String,)> = statement(
        "SELECT tenant_id FROM jobs WHERE end_time <= $1 \
         UNION ALL SELECT tenant_id FROM refresh_tokens WHERE update_time <= $2 \
         AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.tenant_id = refresh_tokens.tenant_id \
         AND jobs.session_id = refresh_tokens.session_id AND jobs.end_time IS NULL) LIMIT 1",
    )
    .bind(to_stored_time(ended))
    .bind(to_stored_time(begun))
    .fetch_optional(connection)
    .await?;
    let tenant = found.map(|(tenant,)| tenant.parse());
    Ok(tenant.transpose().map_err(|_| StoreError::Corrupt)?)
}

/// Removes what there is to purge of a tenant: jobs that ended by `ended`, and sessions begun by
/// `begun` that no job acts with.
pub(super) async fn purge(
    connection: &mut impl Connection,
    tenant: TenantId,
    ended: UnixSeconds,
    begun: UnixSeconds,
) -> Result<(), Failure> {
    statement("DELETE FROM jobs WHERE tenant_id = $1 AND end_time <= $2")
        .bind(tenant.to_string())
        .bind(to_stored_time(ended))
        .execute(&mut *connection)
        .await?;
    let orphans: Vec<StoredSession> = statement(
        "SELECT object_id, session_id FROM refresh_tokens \
         WHERE tenant_id = $1 AND update_time <= $2 AND NOT EXISTS (SELECT 1 FROM jobs \
         WHERE jobs.tenant_id = refresh_tokens.tenant_id \
         AND jobs.session_id = refresh_tokens.session_id AND jobs.end_time IS NULL)",
    )
    .bind(tenant.to_string())
    .bind(to_stored_time(begun))
    .fetch_all(&mut *connection)
    .await?;
    for session in orphans {
        end_session(connection, tenant, &session).await?;
    }
    Ok(())
}

/// Deletes what a job acted with. One that is gone already is gone.
async fn end_session(
    connection: &mut impl Connection,
    tenant: TenantId,
    session: &StoredSession,
) -> Result<(), Failure> {
    let deleted = statement(
        "DELETE FROM refresh_tokens WHERE tenant_id = $1 AND object_id = $2 AND session_id = $3",
    )
    .bind(tenant.to_string())
    .bind(&session.object_id)
    .bind(&session.session_id)
    .execute(&mut *connection)
    .await?;
    if deleted > 0 {
        statement(
            "UPDATE owners SET refresh_tokens = refresh_tokens - 1 \
             WHERE tenant_id = $1 AND object_id = $2",
        )
        .bind(tenant.to_string())
        .bind(&session.object_id)
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// The payload of what has ended.
const NOTHING: &[u8] = &[];

/// What tells a repeated order from another one. Every part is preceded by its length, so that no
/// two orders read alike.
fn digest(address: &JobAddress, order: &JobOrder) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    for part in [
        address.item.workspace_id.as_bytes(),
        address.item.item_type.as_bytes(),
        address.job_type.as_bytes(),
        order.owner.object_id().as_bytes(),
        &order.payload,
    ] {
        context.update(&part.len().to_be_bytes());
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}
