//! `GET /workload-control/…/resolvePermissions`: what a person may do with a workload's item.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use serde_json::json;

use super::error::FabricError;
use super::inventory::Closed;
use super::{caller, guid};
use crate::authority::Authority;

pub(super) async fn resolve(
    State(authority): State<Arc<Authority>>,
    Path((workspace, item)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, FabricError> {
    let workload = caller::workload(&authority, &headers)?;
    let (workspace, item) = (guid(&workspace)?, guid(&item)?);
    let fabric = authority.fabric.state();
    let inventory = &fabric.inventory;
    if !inventory.has_workspace(&workspace, &workload.user.tenant) {
        return Err(Closed::Unknown.into());
    }
    let about = inventory
        .item(&workspace, &item)
        .ok_or_else(FabricError::item_not_found)?;
    if about.owner.as_deref() != Some(workload.client_id.as_str()) {
        return Err(FabricError::not_the_owner());
    }
    let permissions = inventory.permissions(&workspace, &item, &workload.user);
    if permissions.is_empty() {
        return Err(FabricError::insufficient_privileges());
    }
    Ok(Json(json!({ "permissions": permissions })).into_response())
}
