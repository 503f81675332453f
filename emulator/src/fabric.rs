//! Fabric's REST API and its workload-control API: which address is which, and what they share;
//! and the calls that Fabric itself makes to workloads.
//!
//! It accepts the tokens that the authority issues for Fabric and judges them itself: a service
//! that passes a wrong token on is refused here, as by the real one.

mod caller;
pub(crate) mod error;
pub(crate) mod inventory;
mod items;
mod operations;
mod permissions;
mod scripting;
mod warehouses;
pub(crate) mod workload;
mod workspace;
mod workspaces;

use std::sync::{Arc, MutexGuard};

use axum::Router;
use axum::middleware;
use axum::response::Response;
use axum::routing::{get, post};
use http::HeaderValue;
use uuid::Uuid;

use crate::authority::Authority;
use crate::bounded::Bounded;
use crate::directory::Directory;
use crate::fault::Endpoint;
use crate::locked::Locked;
use crate::random;
use crate::resource::scripted::{Routes, scripted};
use error::FabricError;
use inventory::Inventory;
use operations::Operation;
use workload::Workloads;

pub use warehouses::WarehouseCreation;
pub use workspace::{Content, Item, Workspace, WorkspaceRole};

/// Where Fabric's REST API is mounted.
pub(crate) const PREFIX: &str = "/fabric/v1";

/// Workspaces on a page; a test of paging sets fewer.
const PAGE_SIZE: usize = 100;
/// Operations remembered at once.
const OPERATIONS: usize = 4096;

/// What Fabric knows.
#[derive(Debug)]
pub(crate) struct Fabric {
    state: Locked<State>,
    operations: Bounded<Operation>,
    pub(crate) workloads: Workloads,
}

/// What requests and scripts change.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) inventory: Inventory,
    pub(crate) workspace_page_size: usize,
    pub(crate) warehouse_creation: WarehouseCreation,
}

impl Fabric {
    pub(crate) fn new(workspaces: Vec<Workspace>, directory: &Directory) -> Self {
        Self {
            state: Locked::new(State {
                inventory: Inventory::new(workspaces, directory),
                workspace_page_size: PAGE_SIZE,
                warehouse_creation: WarehouseCreation::default(),
            }),
            operations: Bounded::new(OPERATIONS),
            workloads: Workloads::default(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// The routes under [`PREFIX`].
pub(crate) fn router(authority: &Arc<Authority>) -> Router<Arc<Authority>> {
    let at = |endpoint, routes: Routes| scripted(authority, endpoint, routes);
    let permissions = || at(Endpoint::ResolvePermissions, get(permissions::resolve));
    Router::new()
        .route(
            "/workspaces",
            at(Endpoint::FabricWorkspaces, get(workspaces::list)),
        )
        .route(
            "/workspaces/{workspace}/warehouses",
            at(Endpoint::FabricWarehouses, post(warehouses::create)),
        )
        .route(
            "/workspaces/{workspace}/items",
            at(Endpoint::FabricItems, get(items::list)),
        )
        .route(
            "/workspaces/{workspace}/items/{item}",
            at(Endpoint::FabricItems, get(items::get)),
        )
        .route(
            "/operations/{operation}",
            at(Endpoint::FabricOperations, get(operations::status)),
        )
        .route(
            "/operations/{operation}/result",
            at(Endpoint::FabricOperations, get(operations::result)),
        )
        // Fabric's addresses disregard case, and workloads are known to write it in lower case.
        .route(
            "/workload-control/workspaces/{workspace}/items/{item}/resolvePermissions",
            permissions(),
        )
        .route(
            "/workload-control/workspaces/{workspace}/items/{item}/resolvepermissions",
            permissions(),
        )
        .fallback(|| async { FabricError::no_such_endpoint() })
        .layer(middleware::map_response(with_request_id))
}

/// Every answer has an id, faults included.
async fn with_request_id(mut response: Response) -> Response {
    if let Ok(id) = HeaderValue::try_from(random::guid()) {
        response
            .headers_mut()
            .entry(error::REQUEST_ID)
            .or_insert(id);
    }
    response
}

/// An id of a path, as it is kept.
pub(crate) fn guid(text: &str) -> Result<String, FabricError> {
    Uuid::try_parse(text)
        .map(|id| id.to_string())
        .map_err(|_| FabricError::invalid_parameter("An id of the address is not a GUID"))
}

/// Fabric's format: `2026-11-22T02:21:41.0000000Z`, in whole seconds.
fn timestamp(now: u64) -> String {
    i64::try_from(now)
        .ok()
        .and_then(|now| jiff::Timestamp::from_second(now).ok())
        .map_or_else(String::new, |now| {
            now.strftime("%Y-%m-%dT%H:%M:%S.0000000Z").to_string()
        })
}
