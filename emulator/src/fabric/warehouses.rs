//! `POST /workspaces/{ws}/warehouses`: at once, or as a long-running operation, as scripted.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use uuid::Uuid;

use super::error::FabricError;
use super::inventory::ItemAbout;
use super::operations::{self, Operation};
use super::workspace::WorkspaceRole;
use super::{caller, guid, items};
use crate::authority::Authority;
use crate::random;

/// Either lets a person create a warehouse, and follow the operation that does it.
pub(super) const SCOPES: [&str; 2] = ["Warehouse.ReadWrite.All", "Item.ReadWrite.All"];
const KIND: &str = "Warehouse";
const NAME_CHARACTERS: usize = 256;
const DESCRIPTION_CHARACTERS: usize = 256;

/// How warehouses are created from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WarehouseCreation {
    /// With the answer: status 201.
    Immediate,
    /// By an operation: status 202.
    LongRunning {
        /// How many questions find the operation running before one finds it succeeded.
        polls: u32,
        /// Seconds for `Retry-After`.
        retry_after: u64,
    },
    /// By an operation that the first question finds failed.
    Fails {
        /// The operation's error code.
        error_code: String,
    },
}

impl Default for WarehouseCreation {
    fn default() -> Self {
        Self::LongRunning {
            polls: 1,
            retry_after: 1,
        }
    }
}

/// The body of the request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewWarehouse {
    display_name: String,
    #[serde(default)]
    description: String,
    folder_id: Option<Uuid>,
}

pub(super) async fn create(
    State(authority): State<Arc<Authority>>,
    Path(workspace): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, FabricError> {
    let user = caller::person(&authority, &headers, &SCOPES)?;
    let workspace = guid(&workspace)?;
    let new = NewWarehouse::read(&body)?;

    let mut fabric = authority.fabric.state();
    let about = fabric
        .inventory
        .workspace(&workspace, &user, WorkspaceRole::Contributor)?;
    if about.capacity.is_none() {
        return Err(FabricError::no_capacity());
    }
    let item = ItemAbout {
        id: random::guid(),
        kind: KIND.to_owned(),
        name: new.display_name,
        description: new.description,
        workspace,
        owner: None,
    };
    let creation = fabric.warehouse_creation.clone();
    // The name is taken when an operation begins; nobody learns the id before it has succeeded.
    if !matches!(creation, WarehouseCreation::Fails { .. }) {
        fabric.inventory.add(item.clone())?;
    }
    drop(fabric);

    let (polls, retry_after, failure) = match creation {
        WarehouseCreation::Immediate => return Ok(created(&authority, &item)),
        WarehouseCreation::LongRunning { polls, retry_after } => (polls, retry_after, None),
        WarehouseCreation::Fails { error_code } => (0, 0, Some(error_code)),
    };
    let operation = Operation {
        user,
        item,
        created: authority.clock.now(),
        retry_after,
        polls,
        failure,
        ended: None,
    };
    Ok(operations::begin(&authority, operation))
}

fn created(authority: &Authority, item: &ItemAbout) -> Response {
    let mut response = (StatusCode::CREATED, Json(items::view(item))).into_response();
    let location = format!(
        "{}{}/workspaces/{}/warehouses/{}",
        authority.origin,
        super::PREFIX,
        item.workspace,
        item.id
    );
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

impl NewWarehouse {
    fn read(body: &[u8]) -> Result<Self, FabricError> {
        let new: Self = serde_json::from_slice(body)
            .map_err(|_| FabricError::invalid_input("The body is not that of a warehouse"))?;
        if new.display_name.trim().is_empty() || new.display_name.chars().count() > NAME_CHARACTERS
        {
            return Err(FabricError::invalid_input(
                "The DisplayName field has an invalid length",
            ));
        }
        if new.description.chars().count() > DESCRIPTION_CHARACTERS {
            return Err(FabricError::invalid_input(
                "The Description field has an invalid length",
            ));
        }
        // The emulated workspaces have no folders.
        if new.folder_id.is_some() {
            return Err(FabricError::invalid_input(
                "The FolderId field names no folder",
            ));
        }
        Ok(new)
    }
}
