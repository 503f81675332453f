//! The control routes: the scripting operations for another process than the emulator's own.
//!
//! A web page must not reach them. Three things stand in its way, each enough by itself: the
//! secret, which a page cannot know, in a header that needs a preflight nobody answers; the
//! refusal of any `Origin`; and the refusal of every name but loopback ones, made for the whole
//! server in `server`.

mod directory;
mod fabric;
mod fault_body;
mod workload;

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::{HeaderName, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use tokio::task;

use crate::authority::Authority;
use crate::fault::Endpoint;
use crate::keys::ring::Rotation;
use crate::tokens::TokenRequest;
use fault_body::FaultBody;

/// The header that carries the control secret.
pub const CONTROL_HEADER: HeaderName = HeaderName::from_static("x-emulator-control");

/// Where the control routes are mounted.
pub(crate) const PREFIX: &str = "/_control";

/// The routes under [`PREFIX`].
pub(crate) fn router(authority: &Arc<Authority>) -> Router<Arc<Authority>> {
    Router::new()
        .route("/keys", get(keys))
        .route("/keys/rotate", post(rotate))
        .route("/keys/promote", post(promote))
        .route("/keys/withdraw", post(withdraw))
        .route("/faults/{endpoint}", put(set_fault).delete(clear_fault))
        .route("/fetches/{endpoint}", get(fetches))
        .route("/tokens", post(issue))
        .merge(directory::router())
        .route("/clock/advance", post(advance_clock))
        .nest("/fabric", fabric::router().merge(workload::router()))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(middleware::from_fn_with_state(authority.clone(), guard))
}

async fn guard(State(authority): State<Arc<Authority>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    if headers.contains_key(header::ORIGIN) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut presented = headers.get_all(CONTROL_HEADER).iter();
    match (presented.next(), presented.next()) {
        (Some(secret), None) if authority.control_secret.is(secret.as_bytes()) => {
            next.run(request).await
        }
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn keys(State(authority): State<Arc<Authority>>) -> Response {
    let published: Vec<String> = authority
        .keys
        .published()
        .iter()
        .map(|key| key.kid().to_owned())
        .collect();
    Json(json!({ "signing": authority.keys.signing().kid(), "published": published }))
        .into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotate {
    announce: Rotation,
}

async fn rotate(State(authority): State<Arc<Authority>>, Json(body): Json<Rotate>) -> Response {
    // Making a key would hold up everything else on this thread.
    let rotated = task::spawn_blocking(move || authority.keys.rotate(body.announce)).await;
    done(matches!(rotated, Ok(Ok(()))))
}

async fn promote(State(authority): State<Arc<Authority>>) -> Response {
    done(authority.keys.promote().is_ok())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Withdraw {
    kid: String,
}

async fn withdraw(State(authority): State<Arc<Authority>>, Json(body): Json<Withdraw>) -> Response {
    match authority.keys.withdraw(&body.kid) {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn set_fault(
    State(authority): State<Arc<Authority>>,
    Path(endpoint): Path<String>,
    Json(body): Json<FaultBody>,
) -> Response {
    with_endpoint(&endpoint, |endpoint| {
        authority.faults.set(endpoint, Some(&body.into()));
        StatusCode::NO_CONTENT.into_response()
    })
}

async fn clear_fault(
    State(authority): State<Arc<Authority>>,
    Path(endpoint): Path<String>,
) -> Response {
    with_endpoint(&endpoint, |endpoint| {
        authority.faults.set(endpoint, None);
        StatusCode::NO_CONTENT.into_response()
    })
}

async fn fetches(
    State(authority): State<Arc<Authority>>,
    Path(endpoint): Path<String>,
) -> Response {
    with_endpoint(&endpoint, |endpoint| {
        Json(json!({ "fetches": authority.faults.requests(endpoint) })).into_response()
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: i64,
}

async fn advance_clock(
    State(authority): State<Arc<Authority>>,
    Json(body): Json<Advance>,
) -> Response {
    authority.clock.advance(body.seconds);
    Json(json!({ "now": authority.clock.now() })).into_response()
}

/// A token minted without asking anybody. With `stepped_up` it satisfies every Conditional Access
/// policy but a block.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Issue {
    upn: String,
    /// Client id or Application ID URI.
    resource: String,
    scopes: Vec<String>,
    /// The portal, when there is none.
    client_id: Option<String>,
    tenant: Option<String>,
    #[serde(default)]
    stepped_up: bool,
}

async fn issue(State(authority): State<Arc<Authority>>, Json(body): Json<Issue>) -> Response {
    let mut request = TokenRequest::delegated(body.upn, body.resource).scopes(body.scopes);
    if let Some(client_id) = body.client_id {
        request = request.client(client_id);
    }
    if let Some(tenant) = body.tenant {
        request = request.tenant(tenant);
    }
    if body.stepped_up {
        request = request.stepped_up();
    }
    Json(json!({ "access_token": authority.issue(&request) })).into_response()
}

fn with_endpoint(name: &str, act: impl FnOnce(Endpoint) -> Response) -> Response {
    Endpoint::named(name).map_or_else(|| StatusCode::NOT_FOUND.into_response(), act)
}

fn done(succeeded: bool) -> Response {
    if succeeded {
        StatusCode::NO_CONTENT.into_response()
    } else {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

/// The answer of a change to something that may not exist.
fn found(exists: bool) -> Response {
    if exists {
        StatusCode::NO_CONTENT.into_response()
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}
