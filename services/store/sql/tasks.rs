//! Tasks. Every statement names tenant and object id.

use auth_interceptor::UnixSeconds;
use uuid::Uuid;

use super::failure::Failure;
use super::owners::{self, Usage};
use super::statement::{
    Columns, Connection, FromColumns, Speaks, from_stored_time, statement, to_stored_time,
};
use crate::store::{
    Etag, NewTask, Owner, Page, Paged, Position, Quota, StoreError, Task, TaskChange,
};

pub(super) async fn list(
    connection: &mut impl Connection,
    owner: &Owner,
    page: Page,
) -> Result<Paged<Task>, Failure> {
    // One more than asked for tells whether another page follows.
    let mut found: Vec<Stored> = statement(
        "SELECT position, task_id, title, description, completed, create_time, update_time, \
         version FROM tasks WHERE tenant_id = $1 AND object_id = $2 AND position > $3 \
         ORDER BY position LIMIT $4",
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
    connection: &mut impl Connection,
    owner: &Owner,
    task: &NewTask,
    now: UnixSeconds,
    quota: &Quota,
) -> Result<Task, Failure> {
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
    statement(
        "INSERT INTO tasks (tenant_id, object_id, task_id, title, description, completed, \
         version, create_time, update_time) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $8)",
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
        title: task.title.clone(),
        description: task.description.clone(),
        completed: task.completed,
        create_time: now,
        update_time: now,
        etag: Etag(1),
    })
}

pub(super) async fn update(
    connection: &mut impl Connection,
    owner: &Owner,
    id: Uuid,
    change: &TaskChange,
    etag: Option<Etag>,
    now: UnixSeconds,
) -> Result<Task, Failure> {
    require_current(connection, owner, id, etag).await?;
    let stored: Stored = statement(
        "UPDATE tasks SET title = coalesce($1, title), description = coalesce($2, description), \
         completed = coalesce($3, completed), update_time = $4, version = version + 1 \
         WHERE tenant_id = $5 AND object_id = $6 AND task_id = $7 \
         RETURNING position, task_id, title, description, completed, create_time, update_time, \
         version",
    )
    .bind(change.title.clone())
    .bind(change.description.clone())
    .bind(change.completed)
    .bind(to_stored_time(now))
    .bind(owner.tenant().to_string())
    .bind(owner.object_id())
    .bind(id.to_string())
    .fetch_one(connection)
    .await?;
    Ok(stored.try_into()?)
}

pub(super) async fn delete(
    connection: &mut impl Connection,
    owner: &Owner,
    id: Uuid,
    etag: Option<Etag>,
) -> Result<(), Failure> {
    require_current(connection, owner, id, etag).await?;
    statement("DELETE FROM tasks WHERE tenant_id = $1 AND object_id = $2 AND task_id = $3")
        .bind(owner.tenant().to_string())
        .bind(owner.object_id())
        .bind(id.to_string())
        .execute(&mut *connection)
        .await?;
    statement("UPDATE owners SET tasks = tasks - 1 WHERE tenant_id = $1 AND object_id = $2")
        .bind(owner.tenant().to_string())
        .bind(owner.object_id())
        .execute(connection)
        .await?;
    Ok(())
}

/// The task exists, is the owner's, and is what the caller last saw of it.
async fn require_current(
    connection: &mut impl Connection,
    owner: &Owner,
    id: Uuid,
    etag: Option<Etag>,
) -> Result<(), Failure> {
    let version: Option<i64> = statement(
        "SELECT version FROM tasks WHERE tenant_id = $1 AND object_id = $2 AND task_id = $3",
    )
    .bind(owner.tenant().to_string())
    .bind(owner.object_id())
    .bind(id.to_string())
    .fetch_optional(connection)
    .await?;
    let version = version.ok_or(StoreError::NotFound)?;
    match etag {
        Some(etag) if etag != Etag(version) => Err(StoreError::Conflict.into()),
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

impl<D: Speaks> FromColumns<D> for Stored {
    fn from_columns(columns: &Columns<'_, D>) -> Result<Self, sqlx::Error> {
        Ok(Self {
            position: columns.get("position")?,
            task_id: columns.get("task_id")?,
            title: columns.get("title")?,
            description: columns.get("description")?,
            completed: columns.get("completed")?,
            create_time: columns.get("create_time")?,
            update_time: columns.get("update_time")?,
            version: columns.get("version")?,
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
