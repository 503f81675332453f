//! Rows of JSON, kept byte for byte.

use auth_interceptor::UnixSeconds;
use bytes::Bytes;
use uuid::Uuid;

use super::{Etag, Owner};

/// Where rows are kept: an owner's, under an item or under none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose rows.
    pub owner: Owner,
    /// The item they belong to.
    pub item: Option<Item>,
}

/// A Fabric item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// The workspace it is in.
    pub workspace_id: Uuid,
    /// The item within the workspace.
    pub item_id: Uuid,
}

/// A row to write.
#[derive(Clone, Debug)]
pub struct RowWrite {
    /// Its id within its place.
    pub id: String,
    /// One JSON value.
    pub json: Bytes,
    /// Write only if this is still the row's etag; none: create or replace.
    pub etag: Option<Etag>,
}

/// A row as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id within its place.
    pub id: String,
    /// One JSON value.
    pub json: Bytes,
    /// Changes with every write.
    pub etag: Etag,
    /// When it was last written.
    pub update_time: UnixSeconds,
}
