//! Sealed refresh tokens. Every statement names tenant and object id, but for forgetting a whole
//! tenant.

use auth_interceptor::{TenantId, UnixSeconds};
use bytes::Bytes;
use uuid::Uuid;

use super::failure::Failure;
use super::owners::{self, Usage};
use super::statement::{Connection, statement, to_stored_time};
use crate::store::{Etag, Owner, Quota, SealedToken, StoreError};

pub(super) async fn create(
    connection: &mut impl Connection,
    owner: &Owner,
    session: Uuid,
    sealed: &Bytes,
    now: UnixSeconds,
    quota: &Quota,
) -> Result<(), Failure> {
    owners::ensure(connection, owner).await?;
    let added = Usage {
        refresh_tokens: 1,
        ..Usage::default()
    };
    owners::charge(connection, owner, added, quota).await?;
    statement(
        "INSERT INTO refresh_tokens (tenant_id, object_id, session_id, sealed, version, \
         update_time) VALUES ($1, $2, $3, $4, 1, $5)",
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
    connection: &mut impl Connection,
    owner: &Owner,
    session: Uuid,
) -> Result<SealedToken, Failure> {
    let (sealed, version): (Vec<u8>, i64) = statement(
        "SELECT sealed, version FROM refresh_tokens \
         WHERE tenant_id = $1 AND object_id = $2 AND session_id = $3",
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
    connection: &mut impl Connection,
    owner: &Owner,
    session: Uuid,
    sealed: &Bytes,
    etag: Etag,
    now: UnixSeconds,
) -> Result<(), Failure> {
    let kept = read(connection, owner, session).await?;
    if kept.etag != etag {
        return Err(StoreError::Conflict.into());
    }
    statement(
        "UPDATE refresh_tokens SET sealed = $1, version = version + 1, update_time = $2 \
         WHERE tenant_id = $3 AND object_id = $4 AND session_id = $5",
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
    connection: &mut impl Connection,
    owner: &Owner,
    session: Uuid,
    etag: Option<Etag>,
) -> Result<(), Failure> {
    let kept = read(connection, owner, session).await?;
    if etag.is_some_and(|etag| etag != kept.etag) {
        return Err(StoreError::Conflict.into());
    }
    statement(
        "DELETE FROM refresh_tokens WHERE tenant_id = $1 AND object_id = $2 AND session_id = $3",
    )
    .bind(owner.tenant().to_string())
    .bind(owner.object_id())
    .bind(session.to_string())
    .execute(&mut *connection)
    .await?;
    statement(
        "UPDATE owners SET refresh_tokens = refresh_tokens - 1 \
         WHERE tenant_id = $1 AND object_id = $2",
    )
    .bind(owner.tenant().to_string())
    .bind(owner.object_id())
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes those of one user, or of all users of the tenant.
pub(super) async fn forget(
    connection: &mut impl Connection,
    tenant: TenantId,
    object_id: Option<&str>,
) -> Result<(), Failure> {
    for sql in [
        "DELETE FROM refresh_tokens WHERE tenant_id = $1 AND ($2 IS NULL OR object_id = $2)",
        "UPDATE owners SET refresh_tokens = 0 \
         WHERE tenant_id = $1 AND ($2 IS NULL OR object_id = $2)",
    ] {
        statement(sql)
            .bind(tenant.to_string())
            .bind(object_id.map(str::to_owned))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
