//! `GET /workspaces/{ws}/items` and `GET /workspaces/{ws}/items/{item}`, and how an item is shown.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::FabricError;
use super::inventory::ItemAbout;
use super::workspace::WorkspaceRole;
use super::{caller, guid};
use crate::authority::Authority;

const SCOPES: [&str; 2] = ["Item.Read.All", "Item.ReadWrite.All"];

/// Which items to list.
#[derive(Deserialize)]
pub(super) struct Asked {
    /// Of this type alone; of all when absent.
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// All items at once: there are never more than fit on a page of Fabric's.
pub(super) async fn list(
    State(authority): State<Arc<Authority>>,
    Path(workspace): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, FabricError> {
    let user = caller::person(&authority, &headers, &SCOPES)?;
    let workspace = guid(&workspace)?;
    let fabric = authority.fabric.state();
    // A personal workspace is its owner's alone, and empty.
    let mut visible = fabric.inventory.workspaces_of(&user).into_iter();
    if !visible.any(|(about, _)| about.id == workspace) {
        fabric
            .inventory
            .workspace(&workspace, &user, WorkspaceRole::Viewer)?;
    }
    let items = fabric.inventory.items(&workspace);
    let asked = items.filter(|item| asked.kind.as_ref().is_none_or(|kind| *kind == item.kind));
    let value: Vec<Value> = asked.map(view).collect();
    Ok(Json(json!({ "value": value })).into_response())
}

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
