//! What the portal's page must know: the authority, the tenants to choose from, and the front ends
//! to host. Nothing of it is secret.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header;
use serde::Serialize;

use super::FrontEnd;
use crate::authority::Authority;
use crate::directory::seed::PORTAL_CLIENT_ID;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    /// The origin of every authority.
    authority: String,
    client_id: &'static str,
    tenants: Vec<Tenant>,
    workloads: Vec<FrontEnd>,
}

#[derive(Serialize)]
struct Tenant {
    id: String,
    domain: String,
    name: String,
}

/// `GET /portal/config.json`.
pub(super) async fn config(State(authority): State<Arc<Authority>>) -> impl IntoResponse {
    let tenants = authority.directory.tenants().iter();
    let config = Config {
        authority: authority.origin.clone(),
        client_id: PORTAL_CLIENT_ID,
        tenants: tenants
            .map(|tenant| Tenant {
                id: tenant.id.clone(),
                domain: tenant.domain.clone(),
                name: tenant.name.clone(),
            })
            .collect(),
        workloads: authority.front_ends.all(),
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(config))
}
