//! Tasks. Every statement names tenant and object id.

use auth_interceptor::UnixSeconds;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _, SqliteConnection};
use uuid::Uuid;

use super::owners::{self, Usage};
use super::{from_stored_time, to_stored_time};
use crate::store::{
    Etag, NewTask, Owner, Page, Paged, Position, Quota, StoreError, Task, TaskChange,
};

pub(super) async fn list(
    connection: &mut SqliteConnection,
    owner: &Owner,
    page: Page,
) -> Result<Paged<Task>, StoreError> {
    // One more than asked for tells whether another page follows.
    let mut found: Vec<Stored> = sqlx::query_as(
        "SELECT position, task_id, title, description, completed, create_time, update_time, \
         version FROM tasks WHERE tenant_id = ? AND object_id = ? AND position > ? \
         ORDER BY position LIMIT ?",
    )
    .bind(owner.tenant().to_string())
    .bind(owner.object_id())
    .bind(page.after.map_or(0, |position| position.0))
    .bind(i64::from(page.size) + 1)
    .fetch_all(connection)
    .await?;

    let size = page.size as usize;
    let more = found.len() > size;
    found.truncate(size);
    let next = found
        .last()
        .filter(|_| more)
        .map(|last| Position(last.position));
    let entries = found
        .into_iter()
        .map(Task::try_from)
        .collect::<Result<_, _>>()?;
    Ok(Paged { entries, next })
}

pub(super) async fn create(
    connection: &mut SqliteConnection,
    owner: &Owner,
    task: NewTask,
    now: UnixSeconds,
    quota: &Quota,
) -> Result<Task, StoreError> {
    owners::ensure(connection, owner).await?;
    owners::charge(
        connection,
        owner,
        Usage {
            tasks: 1,
            ..Usage::default()
        },
        quota,
    )
    .await?;
    sqlx::query(
        "INSERT INTO tasks (tenant_id, object_id, task_id, title, description, completed, \
         version, create_time, update_time) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)",
    )
    .bind(owner.tenant().to_string())
    .bind(owner.object_id())
    .bind(task.id.to_string())
    .bind(&task.title)
    .bind(&task.description)
    .bind(task.completed)
    .bind(to_stored_time(now))
    .bind(to_stored_time(now))
    .execute(connection)
    .await?;
    Ok(Task {
        id: task.id,
        title: task.title,
        description: task.description,
        completed: task.completed,
        create_time: now,
        update_time: now,
        etag: Etag(1),
    })
}

pub(super) async fn update(
    connection: &mut SqliteConnection,
    owner: &Owner,
    id: Uuid,
    change: TaskChange,
    etag: Option<Etag>,
    now: UnixSeconds,
) -> Result<Task, StoreError> {
    require_current(connection, owner, id, etag).await?;
    let stored: Stored = sqlx::query_as(
        "UPDATE tasks SET title = coalesce(?, title), description = coalesce(?, description), \
         completed = coalesce(?, completed), update_time = ?, version = version + 1 \
         WHERE tenant_id = ? AND object_id = ? AND task_id = ? \
         RETURNING position, task_id, title, description, completed, create_time, update_time, \
         version",
    )
    .bind(change.title)
    .bind(change.description)
    .bind(change.completed)
    .bind(to_stored_time(now))
    .bind(owner.tenant().to_string())
    .bind(owner.object_id())
    .bind(id.to_string())
    .fetch_one(connection)
    .await?;
    stored.try_into()
}

pub(super) async fn delete(
    connection: &mut SqliteConnection,
    owner: &Owner,
    id: Uuid,
    etag: Option<Etag>,
) -> Result<(), StoreError> {
    require_current(connection, owner, id, etag).await?;
    sqlx::query("DELETE FROM tasks WHERE tenant_id = ? AND object_id = ? AND task_id = ?")
        .bind(owner.tenant().to_string())
        .bind(owner.object_id())
        .bind(id.to_string())
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE owners SET tasks = tasks - 1 WHERE tenant_id = ? AND object_id = ?")
        .bind(owner.tenant().to_string())
        .bind(owner.object_id())
        .execute(connection)
        .await?;
    Ok(())
}

/// The task exists, is the owner's, and is what the caller last saw of it.
async fn require_current(
    connection: &mut SqliteConnection,
    owner: &Owner,
    id: Uuid,
    etag: Option<Etag>,
) -> Result<(), StoreError> {
    let version: Option<i64> = sqlx::query_scalar(
        "SELECT version FROM tasks WHERE tenant_id = ? AND object_id = ? AND task_id = ?",
    )
    .bind(owner.tenant().to_string())
    .bind(owner.object_id())
    .bind(id.to_string())
    .fetch_optional(connection)
    .await?;
    let version = version.ok_or(StoreError::NotFound)?;
    match etag {
        Some(etag) if etag != Etag(version) => Err(StoreError::Conflict),
        _ => Ok(()),
    }
}

struct Stored {
    position: i64,
    task_id: String,
    title: String,
    description: String,
    completed: bool,
    create_time: i64,
    update_time: i64,
    version: i64,
}

impl<'r> FromRow<'r, SqliteRow> for Stored {
    fn from_row(row: &'r SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            position: row.try_get("position")?,
            task_id: row.try_get("task_id")?,
            title: row.try_get("title")?,
            description: row.try_get("description")?,
            completed: row.try_get("completed")?,
            create_time: row.try_get("create_time")?,
            update_time: row.try_get("update_time")?,
            version: row.try_get("version")?,
        })
    }
}

impl TryFrom<Stored> for Task {
    type Error = StoreError;

    fn try_from(stored: Stored) -> Result<Self, StoreError> {
        Ok(Self {
            id: Uuid::try_parse(&stored.task_id).map_err(|_| StoreError::Corrupt)?,
            title: stored.title,
            description: stored.description,
            completed: stored.completed,
            create_time: from_stored_time(stored.create_time),
            update_time: from_stored_time(stored.update_time),
            etag: Etag(stored.version),
        })
    }
}
