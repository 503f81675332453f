//! The control routes of Fabric and OneLake: who may do what, and how warehouses come about.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::put;
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;

use super::{done, found};
use crate::authority::Authority;
use crate::fabric::{WarehouseCreation, WorkspaceRole};

pub(super) fn router() -> Router<Arc<Authority>> {
    Router::new()
        .route("/items/{item}/permissions/{upn}", put(permissions))
        .route(
            "/workspaces/{workspace}/roles/{upn}",
            put(set_role).delete(remove_role),
        )
        .route("/warehouse-creation", put(warehouse_creation))
        .route("/page-sizes", put(page_sizes))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Permissions {
    permissions: Vec<String>,
}

async fn permissions(
    State(authority): State<Arc<Authority>>,
    Path((item, upn)): Path<(String, String)>,
    Json(body): Json<Permissions>,
) -> Response {
    found(authority.set_item_permissions(&upn, &item, body.permissions))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    role: String,
}

async fn set_role(
    State(authority): State<Arc<Authority>>,
    Path((workspace, upn)): Path<(String, String)>,
    Json(body): Json<Role>,
) -> Result<Response, StatusCode> {
    let role = WorkspaceRole::named(&body.role).ok_or(StatusCode::UNPROCESSABLE_ENTITY)?;
    Ok(found(authority.set_workspace_role(
        &upn,
        &workspace,
        Some(role),
    )))
}

async fn remove_role(
    State(authority): State<Arc<Authority>>,
    Path((workspace, upn)): Path<(String, String)>,
) -> Response {
    found(authority.set_workspace_role(&upn, &workspace, None))
}

/// As JSON: `"immediate"`, `{"long_running":{"polls":2,"retry_after":1}}`,
/// `{"fails":{"error_code":"…"}}`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Creation {
    Immediate,
    LongRunning { polls: u32, retry_after: u64 },
    Fails { error_code: String },
}

async fn warehouse_creation(
    State(authority): State<Arc<Authority>>,
    Json(body): Json<Creation>,
) -> Response {
    authority.fabric.state().warehouse_creation = match body {
        Creation::Immediate => WarehouseCreation::Immediate,
        Creation::LongRunning { polls, retry_after } => {
            WarehouseCreation::LongRunning { polls, retry_after }
        }
        Creation::Fails { error_code } => WarehouseCreation::Fails { error_code },
    };
    done(true)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PageSizes {
    workspaces: Option<usize>,
    onelake: Option<usize>,
}

async fn page_sizes(
    State(authority): State<Arc<Authority>>,
    Json(body): Json<PageSizes>,
) -> Response {
    if let Some(size) = body.workspaces {
        authority.set_workspace_page_size(size);
    }
    if let Some(size) = body.onelake {
        authority.set_onelake_page_size(size);
    }
    done(true)
}
