//! Rows. Every statement names tenant, object id, workspace and item.

use auth_interceptor::UnixSeconds;
use bytes::Bytes;
use futures_util::TryStreamExt as _;

use super::failure::Failure;
use super::owners::{self, Usage};
use super::statement::{Connection, from_stored_time, statement, to_stored_time};
use crate::downstream::ConfirmedItem;
use crate::store::{Etag, Page, Paged, Place, Position, Quota, Row, RowWrite, StoreError};

/// How much JSON one page holds at most, unless its first row alone is larger: a gRPC client takes
/// 4 MiB by default.
const PAGE_BYTES: usize = 3 * 1024 * 1024;

pub(super) async fn read(
    connection: &mut impl Connection,
    place: &Place,
    page: Page,
) -> Result<Paged<Row>, Failure> {
    let key = Key::of(place);
    // One more than asked for tells whether another page follows.
    let mut found = statement(
        "SELECT position, row_id, json, version, update_time FROM rows \
         WHERE tenant_id = $1 AND object_id = $2 AND workspace_id = $3 AND item_id = $4 \
         AND position > $5 ORDER BY position LIMIT $6",
    )
    .bind(&key.tenant_id)
    .bind(key.object_id)
    .bind(&key.workspace_id)
    .bind(&key.item_id)
    .bind(page.after.map_or(0, |position| position.0))
    .bind(i64::from(page.size) + 1)
    .fetch::<(i64, String, Vec<u8>, i64, i64)>(connection);

    let mut entries = Vec::new();
    let mut bytes = 0;
    let mut last = None;
    let mut next = None;
    while let Some((position, id, json, version, update_time)) = found.try_next().await? {
        bytes += json.len();
        if entries.len() >= page.size as usize || !entries.is_empty() && bytes > PAGE_BYTES {
            next = last;
            break;
        }
        last = Some(Position(position));
        entries.push(Row {
            id,
            json: json.into(),
            etag: Etag(version),
            update_time: from_stored_time(update_time),
        });
    }
    Ok(Paged { entries, next })
}

pub(super) async fn write(
    connection: &mut impl Connection,
    place: &Place,
    rows: &[RowWrite],
    now: UnixSeconds,
    quota: &Quota,
) -> Result<Vec<Row>, Failure> {
    owners::ensure(connection, &place.owner).await?;
    let key = Key::of(place);
    let mut added = Usage::default();
    let mut written = Vec::with_capacity(rows.len());
    for row in rows {
        written.push(write_one(connection, &key, row, now, &mut added).await?);
    }
    owners::charge(connection, &place.owner, added, quota).await?;
    Ok(written)
}

async fn write_one(
    connection: &mut impl Connection,
    key: &Key<'_>,
    row: &RowWrite,
    now: UnixSeconds,
    added: &mut Usage,
) -> Result<Row, Failure> {
    let kept: Option<(i64, i64)> = statement(
        "SELECT version, CAST(length(json) AS BIGINT) FROM rows \
         WHERE tenant_id = $1 AND object_id = $2 AND workspace_id = $3 AND item_id = $4 \
         AND row_id = $5",
    )
    .bind(&key.tenant_id)
    .bind(key.object_id)
    .bind(&key.workspace_id)
    .bind(&key.item_id)
    .bind(&row.id)
    .fetch_optional(&mut *connection)
    .await?;
    let (kept_version, kept_bytes) = kept.unwrap_or_default();
    if row
        .etag
        .is_some_and(|etag| kept.is_none() || etag != Etag(kept_version))
    {
        return Err(StoreError::Conflict.into());
    }

    let version = kept_version + 1;
    // A row that is replaced keeps its position, so that a reader between two pages meets it once.
    statement(
        "INSERT INTO rows (tenant_id, object_id, workspace_id, item_id, row_id, json, version, \
         update_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
         ON CONFLICT (tenant_id, object_id, workspace_id, item_id, row_id) DO UPDATE \
         SET json = excluded.json, version = excluded.version, update_time = excluded.update_time",
    )
    .bind(&key.tenant_id)
    .bind(key.object_id)
    .bind(&key.workspace_id)
    .bind(&key.item_id)
    .bind(&row.id)
    .bind(row.json.as_ref())
    .bind(version)
    .bind(to_stored_time(now))
    .execute(connection)
    .await?;

    added.rows += i64::from(kept.is_none());
    added.row_bytes += stored_length(&row.json) - kept_bytes;
    Ok(Row {
        id: row.id.clone(),
        json: row.json.clone(),
        etag: Etag(version),
        update_time: now,
    })
}

fn stored_length(json: &Bytes) -> i64 {
    i64::try_from(json.len()).unwrap_or(i64::MAX)
}

/// A place as the columns spell it.
struct Key<'a> {
    tenant_id: String,
    object_id: &'a str,
    workspace_id: String,
    item_id: String,
}

impl<'a> Key<'a> {
    fn of(place: &'a Place) -> Self {
        let (workspace_id, item_id) = match place.item.map(ConfirmedItem::id) {
            None => (String::new(), String::new()),
            Some(item) => (item.workspace_id.to_string(), item.item_id.to_string()),
        };
        Self {
            tenant_id: place.owner.tenant().to_string(),
            object_id: place.owner.object_id(),
            workspace_id,
            item_id,
        }
    }
}
