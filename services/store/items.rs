//! Items, as Fabric tells the workload of them in either generation of its workload API.
//!
//! An item belongs to a tenant, and its id is its own within it. A call that names it in another
//! workspace, or as another type, names an item that does not exist.

use std::fmt;

use auth_interceptor::{TenantId, UnixSeconds};
use bytes::Bytes;
use uuid::Uuid;

/// The payload of an item that was given none.
pub const EMPTY_OBJECT: Bytes = Bytes::from_static(b"{}");

/// An item, as every call about it names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ItemAddress {
    /// The tenant of the call.
    pub tenant: TenantId,
    /// The workspace it is in.
    pub workspace_id: Uuid,
    /// What kind of item it is.
    pub item_type: String,
    /// The item.
    pub item_id: Uuid,
}

/// One file of an item's definition.
#[derive(Clone, PartialEq, Eq)]
pub struct DefinitionPart {
    /// Its path within the definition.
    pub path: String,
    /// How Fabric encodes the content.
    pub payload_type: String,
    /// Its content.
    pub payload: Bytes,
}

/// Leaves out the content.
impl fmt::Debug for DefinitionPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefinitionPart")
            .field("path", &self.path)
            .field("bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// What an item is created with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewItem {
    /// Its name, where the caller says one.
    pub display_name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// A JSON object, kept byte for byte.
    pub payload: Bytes,
    /// Its files, where Fabric keeps some.
    pub definition: Vec<DefinitionPart>,
}

/// What to change of an item; what is unset stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemChange {
    /// Its name.
    pub display_name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// A JSON object.
    pub payload: Option<Bytes>,
    /// Its files, all of them.
    pub definition: Option<Vec<DefinitionPart>>,
}

/// Whether a deletion can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// Until what is kept of the item is removed.
    Soft,
    /// Never.
    Hard,
}

/// An item that has not been deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name, where a caller has said one.
    pub display_name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The JSON object that was last written.
    pub payload: Bytes,
    /// Its files, as Fabric last sent them.
    pub definition: Vec<DefinitionPart>,
    /// When it was created.
    pub create_time: UnixSeconds,
    /// When it was last changed.
    pub update_time: UnixSeconds,
}

/// How long what is kept of deleted items stays.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// The time now.
    pub now: UnixSeconds,
    /// How long a soft deletion can be undone, and a deleted item's id stays taken, in seconds.
    pub seconds: u64,
}
