//! What each owner has used of the quota, kept in the transaction that uses it.

use super::failure::Failure;
use super::statement::{Connection, statement};
use crate::store::{Owner, Quota, StoreError};

/// What a write adds to, or takes from, what its owner keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) rows: i64,
    pub(super) row_bytes: i64,
    pub(super) tasks: i64,
    pub(super) refresh_tokens: i64,
}

/// Makes the owner known, so that what is kept can hang on it.
pub(super) async fn ensure(connection: &mut impl Connection, owner: &Owner) -> Result<(), Failure> {
    statement("INSERT INTO owners (tenant_id, object_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(owner.tenant().to_string())
        .bind(owner.object_id())
        .execute(connection)
        .await?;
    Ok(())
}

/// Charges the owner, or refuses what the quota has no room for: then the transaction must end
/// without a commit. What makes things smaller is never refused.
pub(super) async fn charge(
    connection: &mut impl Connection,
    owner: &Owner,
    added: Usage,
    quota: &Quota,
) -> Result<(), Failure> {
    let (rows, row_bytes, tasks, refresh_tokens): (i64, i64, i64, i64) = statement(
        "UPDATE owners SET rows = rows + $1, row_bytes = row_bytes + $2, tasks = tasks + $3, \
         refresh_tokens = refresh_tokens + $4 WHERE tenant_id = $5 AND object_id = $6 \
         RETURNING rows, row_bytes, tasks, refresh_tokens",
    )
    .bind(added.rows)
    .bind(added.row_bytes)
    .bind(added.tasks)
    .bind(added.refresh_tokens)
    .bind(owner.tenant().to_string())
    .bind(owner.object_id())
    .fetch_one(connection)
    .await?;
    let full = added.rows > 0 && rows > quota.rows
        || added.row_bytes > 0 && row_bytes > quota.row_bytes
        || added.tasks > 0 && tasks > quota.tasks
        || added.refresh_tokens > 0 && refresh_tokens > quota.refresh_tokens;
    if full {
        Err(StoreError::Full.into())
    } else {
        Ok(())
    }
}

/// Looks whether there are owners, to see whether the database answers.
pub(super) async fn look(connection: &mut impl Connection) -> Result<(), Failure> {
    statement("SELECT 1 FROM owners LIMIT 1")
        .execute(connection)
        .await?;
    Ok(())
}
