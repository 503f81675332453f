//! `GET /workspaces/{ws}/items/{item}`, and how an item is shown.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use serde_json::{Value, json};

use super::error::FabricError;
use super::inventory::ItemAbout;
use super::workspace::WorkspaceRole;
use super::{caller, guid};
use crate::authority::Authority;

const SCOPES: [&str; 2] = ["Item.Read.All", "Item.ReadWrite.All"];

pub(super) async fn get(
    State(authority): State<Arc<Authority>>,
    Path((workspace, item)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, FabricError> {
    let user = caller::person(&authority, &headers, &SCOPES)?;
    let (workspace, item) = (guid(&workspace)?, guid(&item)?);
    let fabric = authority.fabric.state();
    fabric
        .inventory
        .workspace(&workspace, &user, WorkspaceRole::Viewer)?;
    let item = fabric
        .inventory
        .item(&workspace, &item)
        .ok_or_else(FabricError::item_not_found)?;
    Ok(Json(view(item)).into_response())
}

pub(super) fn view(item: &ItemAbout) -> Value {
    json!({
        "id": item.id,
        "type": item.kind,
        "displayName": item.name,
        "description": item.description,
        "workspaceId": item.workspace,
    })
}
