//! Whether Fabric lets a user do something to an item: the proof that item-scoped places ask for.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::{Caller, ItemPermissions, Plane, TenantId};
use moka::sync::Cache;
use reqwest::Url;
use serde::Deserialize;
use uuid::Uuid;

use super::call::{Call, address};
use super::credentials::{OnBehalfOf, Scheme};
use super::error::DownstreamError;
use super::http::Http;
use super::scopes::{FABRIC, WORKLOAD_CONTROL};
use crate::exchange::Freshness;

/// How long Fabric's word counts. A permission that is taken away is gone after this.
const REMEMBERED: Duration = Duration::from_secs(10);
/// For how many users and items it is remembered.
const MAX_REMEMBERED: u64 = 10_000;

/// A Fabric item, as a caller names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ItemId {
    /// The workspace it is in.
    pub workspace_id: Uuid,
    /// The item within the workspace.
    pub item_id: Uuid,
}

/// An item on which Fabric has confirmed the permissions that a method needs.
///
/// [`ItemAccess::confirm`] makes one, so who holds it has asked; and so does a call of Fabric's own,
/// which Fabric makes for nobody without having looked. No constructor takes a bare id but the one
/// with which a store gives back what it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfirmedItem(ItemId);

impl ConfirmedItem {
    /// The item.
    #[must_use]
    pub fn id(self) -> ItemId {
        self.0
    }

    /// An item that Fabric itself calls about: it has looked at the user's permissions before
    /// ([`Plane::Control`]). Nothing for a caller on any other plane.
    #[must_use]
    pub fn by_fabric(caller: &Caller, id: ItemId) -> Option<Self> {
        (caller.plane() == Plane::Control && caller.user().is_ok()).then_some(Self(id))
    }

    /// An item of a record that was confirmed when it was written. For stores alone.
    pub(crate) fn recorded(id: ItemId) -> Self {
        Self(id)
    }

    /// For tests of what comes after the confirmation.
    #[cfg(test)]
    pub(crate) fn unasked(id: ItemId) -> Self {
        Self(id)
    }
}

/// Asks Fabric what a user may do to an item.
pub struct ItemAccess {
    http: Arc<Http>,
    base: Url,
    remembered: Cache<Subject, Arc<Permissions>>,
}

/// Whose permissions on what.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Subject {
    registration: Box<str>,
    tenant: TenantId,
    object_id: Box<str>,
    item: ItemId,
}

impl ItemAccess {
    pub(super) fn new(http: Arc<Http>, base: Url) -> Self {
        Self {
            http,
            base,
            remembered: Cache::builder()
                .max_capacity(MAX_REMEMBERED)
                .time_to_live(REMEMBERED)
                .build(),
        }
    }

    /// Confirms that the user has all of the `needed` permissions on the item.
    ///
    /// # Errors
    ///
    /// [`DownstreamError::ItemPermissionDenied`], and nothing that tells them apart, if a permission
    /// is missing, if Fabric refuses to say, or if there is no such item. Others as for any call.
    pub async fn confirm(
        &self,
        on_behalf_of: &OnBehalfOf,
        item: ItemId,
        needed: &ItemPermissions,
    ) -> Result<ConfirmedItem, DownstreamError> {
        let user = on_behalf_of.user();
        let subject = Subject {
            registration: user.registration.into(),
            tenant: user.tenant,
            object_id: user.object_id.into(),
            item,
        };
        let remembered = match on_behalf_of.freshness() {
            Freshness::Remembered => self.remembered.get(&subject),
            Freshness::Retry | Freshness::Forced => None,
        };
        if remembered.is_some_and(|permissions| permissions.include(needed)) {
            return Ok(ConfirmedItem(item));
        }
        // What Fabric said before is not its word any more, whatever it says now.
        self.remembered.invalidate(&subject);
        let permissions = self.resolve(on_behalf_of, item).await?;
        if !permissions.include(needed) {
            return Err(denied(item));
        }
        self.remembered.insert(subject, Arc::new(permissions));
        Ok(ConfirmedItem(item))
    }

    async fn resolve(
        &self,
        on_behalf_of: &OnBehalfOf,
        item: ItemId,
    ) -> Result<Permissions, DownstreamError> {
        #[derive(Deserialize)]
        struct Resolved {
            permissions: Vec<String>,
        }

        let workspace_id = item.workspace_id.to_string();
        let item_id = item.item_id.to_string();
        let path = [
            "workspaces",
            &workspace_id,
            "items",
            &item_id,
            "resolvePermissions",
        ];
        let template = "/workspaces/{workspaceId}/items/{itemId}/resolvePermissions";
        let call = Call {
            scheme: Scheme::SubjectAndApp,
            ..Call::get(
                FABRIC,
                &WORKLOAD_CONTROL,
                address(&self.base, path),
                template,
            )
        };
        match self.http.send(on_behalf_of, &call).await {
            Ok(answer) => {
                let Resolved { permissions } = answer.json()?;
                Ok(Permissions::new(permissions))
            }
            Err(DownstreamError::Forbidden(_) | DownstreamError::NotFound(_)) => Err(denied(item)),
            Err(DownstreamError::Rejected(call))
                if call.error_code.as_deref() == Some("ItemNotFound") =>
            {
                Err(denied(item))
            }
            Err(error) => Err(error),
        }
    }
}

fn denied(item: ItemId) -> DownstreamError {
    DownstreamError::ItemPermissionDenied {
        item_id: item.item_id,
    }
}

/// Permissions, whose letter case means nothing.
struct Permissions(HashSet<Box<str>>);

impl Permissions {
    fn new(names: Vec<String>) -> Self {
        let fold = |name: String| name.to_ascii_lowercase().into();
        Self(names.into_iter().map(fold).collect())
    }

    fn include(&self, needed: &ItemPermissions) -> bool {
        let has = |name: &str| self.0.contains(name.to_ascii_lowercase().as_str());
        // Needing nothing would be everybody's.
        !needed.permissions.is_empty() && needed.permissions.iter().all(|name| has(name))
    }
}

impl fmt::Debug for ItemAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemAccess")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}
