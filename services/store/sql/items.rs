//! Items. Every statement names the tenant.

use auth_interceptor::{TenantId, UnixSeconds};
use aws_lc_rs::digest::{Context, SHA256};

use super::failure::Failure;
use super::jobs;
use super::statement::{Connection, from_stored_time, statement, to_stored_time};
use crate::store::definition;
use crate::store::{
    DefinitionPart, Deletion, EMPTY_OBJECT, Item, ItemAddress, ItemChange, NewItem, Quota,
    Retention, StoreError,
};

/// How `items.deletion` is spelled.
const SOFT: &str = "soft";
const HARD: &str = "hard";

pub(super) async fn create(
    connection: &mut impl Connection,
    address: &ItemAddress,
    item: &NewItem,
    now: UnixSeconds,
    quota: &Quota,
) -> Result<(), Failure> {
    let key = Key::of(address);
    let digest = digest(address, item);
    let definition = definition::encode(&item.definition)?;
    let created = statement(
        "INSERT INTO items (tenant_id, item_id, workspace_id, item_type, display_name, \
         description, payload, definition, creation_digest, create_time, update_time) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) ON CONFLICT DO NOTHING",
    )
    .bind(&key.tenant_id)
    .bind(&key.item_id)
    .bind(&key.workspace_id)
    .bind(key.item_type)
    .bind(item.display_name.clone())
    .bind(item.description.clone())
    .bind(item.payload.as_ref())
    .bind(definition.as_slice())
    .bind(digest.as_slice())
    .bind(to_stored_time(now))
    .execute(&mut *connection)
    .await?;
    if created == 1 {
        let bytes = length(&item.payload) + length(&definition);
        return charge(connection, &key, 1, bytes, quota).await;
    }
    // The same creation again is answered as it was; anything else would be another item.
    let taken: (Vec<u8>, Option<String>) = statement(
        "SELECT creation_digest, deletion FROM items WHERE tenant_id = $1 AND item_id = $2",
    )
    .bind(&key.tenant_id)
    .bind(&key.item_id)
    .fetch_one(connection)
    .await?;
    if taken == (digest, None) {
        Ok(())
    } else {
        Err(StoreError::Conflict.into())
    }
}

pub(super) async fn read(
    connection: &mut impl Connection,
    address: &ItemAddress,
) -> Result<Item, Failure> {
    let key = Key::of(address);
    type Stored = (Option<String>, Option<String>, Vec<u8>, Vec<u8>, i64, i64);
    let (display_name, description, payload, parts, create_time, update_time): Stored = statement(
        "SELECT display_name, description, payload, definition, create_time, update_time \
             FROM items WHERE tenant_id = $1 AND item_id = $2 AND workspace_id = $3 \
             AND item_type = $4 AND deletion IS NULL",
    )
    .bind(&key.tenant_id)
    .bind(&key.item_id)
    .bind(&key.workspace_id)
    .bind(key.item_type)
    .fetch_one(connection)
    .await?;
    Ok(Item {
        display_name,
        description,
        payload: payload.into(),
        definition: definition::decode(&parts)?,
        create_time: from_stored_time(create_time),
        update_time: from_stored_time(update_time),
    })
}

pub(super) async fn update(
    connection: &mut impl Connection,
    address: &ItemAddress,
    change: &ItemChange,
    now: UnixSeconds,
    quota: &Quota,
) -> Result<(), Failure> {
    let key = Key::of(address);
    let kept_bytes: i64 = statement(
        "SELECT CAST(length(payload) + length(definition) AS BIGINT) FROM items WHERE tenant_id = $1 \
         AND item_id = $2 AND workspace_id = $3 AND item_type = $4 AND deletion IS NULL",
    )
    .bind(&key.tenant_id)
    .bind(&key.item_id)
    .bind(&key.workspace_id)
    .bind(key.item_type)
    .fetch_one(&mut *connection)
    .await?;
    let definition = change
        .definition
        .as_deref()
        .map(definition::encode)
        .transpose()?;
    let bytes: i64 = statement(
        "UPDATE items SET display_name = coalesce($3, display_name), \
         description = coalesce($4, description), payload = coalesce($5, payload), \
         definition = coalesce($6, definition), update_time = $7 \
         WHERE tenant_id = $1 AND item_id = $2 \
         RETURNING CAST(length(payload) + length(definition) AS BIGINT)",
    )
    .bind(&key.tenant_id)
    .bind(&key.item_id)
    .bind(change.display_name.clone())
    .bind(change.description.clone())
    .bind(change.payload.as_deref().map(<[u8]>::to_vec))
    .bind(definition)
    .bind(to_stored_time(now))
    .fetch_one(&mut *connection)
    .await?;
    charge(connection, &key, 0, bytes - kept_bytes, quota).await
}

/// Notes the deletion. One that can be undone does not take the place of one that cannot.
pub(super) async fn delete(
    connection: &mut impl Connection,
    address: &ItemAddress,
    deletion: Deletion,
    now: UnixSeconds,
) -> Result<(), Failure> {
    let key = Key::of(address);
    statement(
        "UPDATE items SET deletion = $5, delete_time = coalesce(delete_time, $6) \
         WHERE tenant_id = $1 AND item_id = $2 AND workspace_id = $3 AND item_type = $4 \
         AND (deletion IS NULL OR deletion = 'soft')",
    )
    .bind(&key.tenant_id)
    .bind(&key.item_id)
    .bind(&key.workspace_id)
    .bind(key.item_type)
    .bind(match deletion {
        Deletion::Soft => SOFT,
        Deletion::Hard => HARD,
    })
    .bind(to_stored_time(now))
    .execute(&mut *connection)
    .await?;
    jobs::cancel_all(connection, address, now).await
}

/// Takes a soft deletion back, or creates what does not exist.
pub(super) async fn restore(
    connection: &mut impl Connection,
    address: &ItemAddress,
    definition: Option<&[DefinitionPart]>,
    now: UnixSeconds,
    quota: &Quota,
) -> Result<(), Failure> {
    let key = Key::of(address);
    let deletion: Option<(Option<String>,)> =
        statement("SELECT deletion FROM items WHERE tenant_id = $1 AND item_id = $2")
            .bind(&key.tenant_id)
            .bind(&key.item_id)
            .fetch_optional(&mut *connection)
            .await?;
    let Some((deletion,)) = deletion else {
        let item = NewItem {
            display_name: None,
            description: None,
            payload: EMPTY_OBJECT,
            definition: definition.unwrap_or_default().to_vec(),
        };
        return create(connection, address, &item, now, quota).await;
    };
    if deletion.as_deref() == Some(HARD) {
        return Err(StoreError::NotFound.into());
    }
    statement(
        "UPDATE items SET deletion = NULL, delete_time = NULL \
         WHERE tenant_id = $1 AND item_id = $2",
    )
    .bind(&key.tenant_id)
    .bind(&key.item_id)
    .execute(&mut *connection)
    .await?;
    let change = ItemChange {
        definition: definition.map(<[_]>::to_vec),
        ..ItemChange::default()
    };
    // Says NotFound where the address is not the item's, and what was done so far is rolled back.
    update(connection, address, &change, now, quota).await
}

/// The tenant and id of a deleted item that is due to be removed, if there is one.
pub(super) async fn due(
    connection: &mut impl Connection,
    retention: Retention,
) -> Result<Option<(TenantId, String)>, Failure> {
    // What is deleted for good is emptied at once; its id stays taken as long as any other.
    let found: Option<(String, String)> = statement(
        "SELECT tenant_id, item_id FROM items WHERE (delete_time <= $1 AND deletion IS NOT NULL) \
         OR (deletion = 'hard' AND purged = 0) LIMIT 1",
    )
    .bind(over(retention))
    .fetch_optional(connection)
    .await?;
    match found {
        None => Ok(None),
        Some((tenant, item_id)) => {
            let tenant = tenant.parse().map_err(|_| StoreError::Corrupt)?;
            Ok(Some((tenant, item_id)))
        }
    }
}

/// Removes what is kept of a deleted item, if it is still due.
pub(super) async fn purge(
    connection: &mut impl Connection,
    tenant: TenantId,
    item_id: &str,
    retention: Retention,
    quota: &Quota,
) -> Result<(), Failure> {
    let tenant_id = tenant.to_string();
    let found: Option<(String, i64, bool)> = statement(
        "SELECT workspace_id, CAST(length(payload) + length(definition) AS BIGINT), \
         delete_time <= $1 FROM items WHERE tenant_id = $2 AND item_id = $3 \
         AND ((delete_time <= $1 AND deletion IS NOT NULL) \
         OR (deletion = 'hard' AND purged = 0))",
    )
    .bind(over(retention))
    .bind(&tenant_id)
    .bind(item_id)
    .fetch_optional(&mut *connection)
    .await?;
    // Another replica was faster.
    let Some((workspace_id, bytes, is_over)) = found else {
        return Ok(());
    };
    statement(
        "UPDATE owners SET rows = owners.rows - kept.rows, \
         row_bytes = owners.row_bytes - kept.row_bytes \
         FROM (SELECT tenant_id, object_id, count(*) AS rows, \
         CAST(sum(length(json)) AS BIGINT) AS row_bytes FROM rows \
         WHERE tenant_id = $1 AND workspace_id = $2 AND item_id = $3 \
         GROUP BY tenant_id, object_id) AS kept \
         WHERE owners.tenant_id = kept.tenant_id AND owners.object_id = kept.object_id",
    )
    .bind(&tenant_id)
    .bind(&workspace_id)
    .bind(item_id)
    .execute(&mut *connection)
    .await?;
    statement("DELETE FROM rows WHERE tenant_id = $1 AND workspace_id = $2 AND item_id = $3")
        .bind(&tenant_id)
        .bind(&workspace_id)
        .bind(item_id)
        .execute(&mut *connection)
        .await?;
    let sql = if is_over {
        "DELETE FROM items WHERE tenant_id = $1 AND item_id = $2"
    } else {
        "UPDATE items SET payload = $3, definition = $3, display_name = NULL, \
         description = NULL, purged = 1 WHERE tenant_id = $1 AND item_id = $2"
    };
    let mut removed = statement(sql).bind(&tenant_id).bind(item_id);
    if !is_over {
        removed = removed.bind(&[] as &[u8]);
    }
    removed.execute(&mut *connection).await?;
    let key = Key {
        tenant_id,
        item_id: item_id.to_owned(),
        workspace_id,
        item_type: "",
    };
    charge(connection, &key, -i64::from(is_over), -bytes, quota).await
}

/// The time at which a deletion is over that is due now.
fn over(retention: Retention) -> i64 {
    to_stored_time(retention.now.saturating_sub(retention.seconds))
}

/// Charges the tenant, or refuses what the quota has no room for: then the transaction must end
/// without a commit. What makes things smaller is never refused.
async fn charge(
    connection: &mut impl Connection,
    key: &Key<'_>,
    items: i64,
    bytes: i64,
    quota: &Quota,
) -> Result<(), Failure> {
    // Not one statement: a row to insert is checked as it stands, and a negative count is refused.
    statement("INSERT INTO tenants (tenant_id) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(&key.tenant_id)
        .execute(&mut *connection)
        .await?;
    let (kept, kept_bytes): (i64, i64) = statement(
        "UPDATE tenants SET items = items + $2, item_bytes = item_bytes + $3 \
         WHERE tenant_id = $1 RETURNING items, item_bytes",
    )
    .bind(&key.tenant_id)
    .bind(items)
    .bind(bytes)
    .fetch_one(connection)
    .await?;
    let full = items > 0 && kept > quota.items || bytes > 0 && kept_bytes > quota.item_bytes;
    if full {
        Err(StoreError::Full.into())
    } else {
        Ok(())
    }
}

fn length(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap_or(i64::MAX)
}

/// What tells a repeated creation from another one. Every part is preceded by its length, so that no
/// two creations read alike.
fn digest(address: &ItemAddress, item: &NewItem) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    let mut add = |part: &[u8]| {
        context.update(&length(part).to_be_bytes());
        context.update(part);
    };
    add(address.workspace_id.as_bytes());
    add(address.item_type.as_bytes());
    for text in [&item.display_name, &item.description] {
        add(&[u8::from(text.is_some())]);
        add(text.as_deref().unwrap_or_default().as_bytes());
    }
    add(&item.payload);
    for part in &item.definition {
        add(part.path.as_bytes());
        add(part.payload_type.as_bytes());
        add(&part.payload);
    }
    context.finish().as_ref().to_vec()
}

/// An address as the columns spell it.
struct Key<'a> {
    tenant_id: String,
    item_id: String,
    workspace_id: String,
    item_type: &'a str,
}

impl<'a> Key<'a> {
    fn of(address: &'a ItemAddress) -> Self {
        Self {
            tenant_id: address.tenant.to_string(),
            item_id: address.item_id.to_string(),
            workspace_id: address.workspace_id.to_string(),
            item_type: &address.item_type,
        }
    }
}
