//! The control routes: the scripting operations for another process than the emulator's own.
//!
//! A web page must not reach them. Three things stand in its way, each enough by itself: the
//! secret, which a page cannot know, in a header that needs a preflight nobody answers; the
//! refusal of any `Origin`; and the refusal of every name but loopback ones, made for the whole
//! server in `server`.

mod fabric;

use std::sync::Arc;
use std::time::Duration;

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
use crate::directory::{ClientCertificate, TokenVersion};
use crate::fault::{Endpoint, Fault};
use crate::keys::ring::Rotation;

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
        .route("/apps/{client_id}/token-version", put(token_version))
        .route("/apps/{client_id}/certificates", post(add_certificate))
        .route("/clock/advance", post(advance_clock))
        .nest("/fabric", fabric::router())
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

/// A fault as JSON: `{"status":{"code":503,"retry_after":5}}`, `"hang"`, `"slow_drip"`,
/// `{"body":{"text":"…","content_type":"text/html"}}`, `{"redirect_to":"…"}`,
/// `{"oversize":1000000}`, `{"delay_ms":250}`, `{"claims_challenge":{"claims":"…"}}`,
/// `{"error_code":{"status":429,"error_code":"RequestBlocked","retry_after":55}}`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum FaultBody {
    Body {
        text: String,
        content_type: String,
    },
    ClaimsChallenge {
        claims: String,
    },
    DelayMs(u64),
    ErrorCode {
        status: u16,
        error_code: String,
        retry_after: Option<u64>,
    },
    Hang,
    Oversize(u64),
    RedirectTo(String),
    SlowDrip,
    Status {
        code: u16,
        retry_after: Option<u64>,
    },
}

impl From<FaultBody> for Fault {
    fn from(body: FaultBody) -> Self {
        match body {
            FaultBody::Body { text, content_type } => Self::Body {
                bytes: text.into_bytes(),
                content_type,
            },
            FaultBody::ClaimsChallenge { claims } => Self::ClaimsChallenge { claims },
            FaultBody::DelayMs(millis) => Self::Delay(Duration::from_millis(millis)),
            FaultBody::ErrorCode {
                status,
                error_code,
                retry_after,
            } => Self::ErrorCode {
                status,
                error_code,
                retry_after,
            },
            FaultBody::Hang => Self::Hang,
            FaultBody::Oversize(bytes) => Self::Oversize(bytes),
            FaultBody::RedirectTo(url) => Self::RedirectTo(url),
            FaultBody::SlowDrip => Self::SlowDrip,
            FaultBody::Status { code, retry_after } => Self::Status { code, retry_after },
        }
    }
}

async fn set_fault(
    State(authority): State<Arc<Authority>>,
    Path(endpoint): Path<String>,
    Json(body): Json<FaultBody>,
) -> Response {
    with_endpoint(&endpoint, |endpoint| {
        authority.faults.set(endpoint, Some(&body.into()), None);
        StatusCode::NO_CONTENT.into_response()
    })
}

async fn clear_fault(
    State(authority): State<Arc<Authority>>,
    Path(endpoint): Path<String>,
) -> Response {
    with_endpoint(&endpoint, |endpoint| {
        authority.faults.set(endpoint, None, None);
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
struct Version {
    version: String,
}

async fn token_version(
    State(authority): State<Arc<Authority>>,
    Path(client_id): Path<String>,
    Json(body): Json<Version>,
) -> Response {
    let version = match body.version.as_str() {
        "1.0" => TokenVersion::V1,
        "2.0" => TokenVersion::V2,
        _ => return StatusCode::UNPROCESSABLE_ENTITY.into_response(),
    };
    if authority.directory.set_token_version(&client_id, version) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Certificate {
    pem: String,
}

async fn add_certificate(
    State(authority): State<Arc<Authority>>,
    Path(client_id): Path<String>,
    Json(body): Json<Certificate>,
) -> Response {
    let Ok(certificate) = ClientCertificate::from_pem(&body.pem) else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    if authority.directory.add_certificate(&client_id, certificate) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
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
