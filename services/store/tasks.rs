//! Tasks.

use auth_interceptor::UnixSeconds;
use uuid::Uuid;

use super::Etag;

/// A task to create.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// Its id, chosen by the service.
    pub id: Uuid,
    /// What is to be done.
    pub title: String,
    /// More about it.
    pub description: String,
    /// Whether it is done.
    pub completed: bool,
}

/// What to change of a task; what is unset stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskChange {
    /// What is to be done.
    pub title: Option<String>,
    /// More about it.
    pub description: Option<String>,
    /// Whether it is done.
    pub completed: Option<bool>,
}

/// A task as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its id.
    pub id: Uuid,
    /// What is to be done.
    pub title: String,
    /// More about it.
    pub description: String,
    /// Whether it is done.
    pub completed: bool,
    /// When it was created.
    pub create_time: UnixSeconds,
    /// When it was last changed.
    pub update_time: UnixSeconds,
    /// Changes with every write.
    pub etag: Etag,
}
