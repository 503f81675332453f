//! Rows of JSON, kept byte for byte.

use auth_interceptor::UnixSeconds;
use bytes::Bytes;

use super::{Etag, Owner};
use crate::downstream::ConfirmedItem;

/// Where rows are kept: an owner's, under an item or under none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose rows.
    pub owner: Owner,
    /// The item they belong to, on which Fabric has confirmed what the caller is about to do.
    pub item: Option<ConfirmedItem>,
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
