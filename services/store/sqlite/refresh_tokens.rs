//! Sealed refresh tokens. Every statement names tenant and object id, but for forgetting a whole
//! tenant.

use auth_interceptor::{TenantId, UnixSeconds};
use bytes::Bytes;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::owners::{self, Usage};
use super::to_stored_time;
use crate::store::{Etag, Owner, Quota, SealedToken, StoreError};

pub(super) async fn create(
    connection: &mut SqliteConnection,
    owner: &Owner,
    session: Uuid,
    sealed: &Bytes,
    now: UnixSeconds,
    quota: &Quota,
) -> Result<(), StoreError> {
    owners::ensure(connection, owner).await?;
    let added = Usage {
        refresh_tokens: 1,
        ..Usage::default()
    };
    owners::charge(connection, owner, added, quota).await?;
    sqlx::query(
        "INSERT INTO refresh_tokens (tenant_id, object_id, session_id, sealed, version, \
         update_time) VALUES (?, ?, ?, ?, 1, ?)",
    )
    .bind(owner.tenant().to_string())
    .bind(owner.object_id())
    .bind(session.to_string())
    .bind(sealed.as_ref())
    .bind(to_stored_time(now))
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn read(
    connection: &mut SqliteConnection,
    owner: &Owner,
    session: Uuid,
) -> Result<SealedToken, StoreError> {
    let (sealed, version): (Vec<u8>, i64) = sqlx::query_as(
        "SELECT sealed, version FROM refresh_tokens \
         WHERE tenant_id = ? AND object_id = ? AND session_id = ?",
    )
    .bind(owner.tenant().to_string())
    .bind(owner.object_id())
    .bind(session.to_string())
    .fetch_optional(connection)
    .await?
    .ok_or(StoreError::NotFound)?;
    Ok(SealedToken {
        sealed: sealed.into(),
        etag: Etag(version),
    })
}

pub(super) async fn replace(
    connection: &mut SqliteConnection,
    owner: &Owner,
    session: Uuid,
    sealed: &Bytes,
    etag: Etag,
    now: UnixSeconds,
) -> Result<(), StoreError> {
    let kept = read(connection, owner, session).await?;
    if kept.etag != etag {
        return Err(StoreError::Conflict);
    }
    sqlx::query(
        "UPDATE refresh_tokens SET sealed = ?, version = version + 1, update_time = ? \
         WHERE tenant_id = ? AND object_id = ? AND session_id = ?",
    )
    .bind(sealed.as_ref())
    .bind(to_stored_time(now))
    .bind(owner.tenant().to_string())
    .bind(owner.object_id())
    .bind(session.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn delete(
    connection: &mut SqliteConnection,
    owner: &Owner,
    session: Uuid,
    etag: Option<Etag>,
) -> Result<(), StoreError> {
    let kept = read(connection, owner, session).await?;
    if etag.is_some_and(|etag| etag != kept.etag) {
        return Err(StoreError::Conflict);
    }
    sqlx::query(
        "DELETE FROM refresh_tokens WHERE tenant_id = ? AND object_id = ? AND session_id = ?",
    )
    .bind(owner.tenant().to_string())
    .bind(owner.object_id())
    .bind(session.to_string())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "UPDATE owners SET refresh_tokens = refresh_tokens - 1 \
         WHERE tenant_id = ? AND object_id = ?",
    )
    .bind(owner.tenant().to_string())
    .bind(owner.object_id())
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes those of one user, or of all users of the tenant.
pub(super) async fn forget(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    object_id: Option<&str>,
) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM refresh_tokens WHERE tenant_id = ?1 AND (?2 IS NULL OR object_id = ?2)",
        "UPDATE owners SET refresh_tokens = 0 \
         WHERE tenant_id = ?1 AND (?2 IS NULL OR object_id = ?2)",
    ] {
        sqlx::query(statement)
            .bind(tenant.to_string())
            .bind(object_id)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
