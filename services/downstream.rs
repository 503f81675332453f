//! Calls to Fabric and OneLake as the calling user.
//!
//! Hosts are configured, never taken from a request, and an id is a GUID before it becomes part of
//! a path. Every call presents a token that [`exchange`](crate::exchange) traded the caller's for.
//! A claims challenge of a downstream API becomes the same refusal as one of the authority, and the
//! token that it is about is forgotten.

mod call;
mod challenge;
mod credentials;
mod error;
mod fabric;
mod failure;
mod http;
mod item_access;
mod onelake;
mod scopes;
mod settings;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use reqwest::Url;

pub use self::credentials::OnBehalfOf;
pub use self::error::{DownstreamError, FailedCall};
pub use self::fabric::{
    Fabric, NewWarehouse, Warehouse, Workspace, WorkspaceFilter, WorkspacePage, WorkspaceRole,
};
use self::http::Http;
pub use self::item_access::{ConfirmedItem, ItemAccess, ItemId};
pub use self::onelake::{
    Download, Entry, EntryPage, FilePath, FilePathError, Lakehouse, OneLake, Range, Table, Upload,
    Version,
};
pub use self::scopes::{FABRIC, SCOPES, STORAGE};
pub use self::settings::{DownstreamSettings, DownstreamStartError};

/// The APIs that handlers call, behind one pool of connections. Nothing is dialled before the first
/// call.
#[derive(Debug)]
pub struct Downstream {
    /// Fabric's public API.
    pub fabric: Fabric,
    /// What Fabric says of a user's permissions on an item.
    pub items: ItemAccess,
    /// Files and tables.
    pub onelake: OneLake,
}

impl Downstream {
    /// Makes ready to call the APIs that `settings` name.
    ///
    /// # Errors
    ///
    /// See [`DownstreamStartError`].
    pub fn new(settings: &DownstreamSettings) -> Result<Self, DownstreamStartError> {
        let http = Arc::new(Http::new(settings)?);
        let base = |text: &str| {
            Url::parse(text)
                .ok()
                .filter(|url| url.scheme() == "https")
                .ok_or(DownstreamStartError::Address)
        };
        Ok(Self {
            fabric: Fabric::new(Arc::clone(&http), base(&settings.fabric)?),
            items: ItemAccess::new(Arc::clone(&http), base(&settings.workload_control)?),
            onelake: OneLake::new(http, base(&settings.onelake)?),
        })
    }
}
