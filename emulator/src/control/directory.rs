//! The control routes of the directory: applications, consent, accounts, Conditional Access.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::found;
use crate::authority::Authority;
use crate::directory::{AccessPolicy, ClientCertificate, TokenVersion};
use crate::secret::Secret;

type Emulated = State<Arc<Authority>>;

pub(super) fn router() -> Router<Arc<Authority>> {
    Router::new()
        .route("/apps/{client_id}/token-version", put(token_version))
        .route("/apps/{client_id}/certificates", post(add_certificate))
        .route("/apps/{client_id}/secrets", post(add_secret))
        .route("/apps/{client_id}/secrets/expire", post(expire_secrets))
        .route(
            "/accounts/{upn}/consent",
            put(grant_consent).delete(revoke_consent),
        )
        .route(
            "/tenants/{tenant}/consent",
            put(grant_tenant_consent).delete(revoke_tenant_consent),
        )
        .route(
            "/accounts/{upn}/access-policy",
            put(set_access_policy).delete(clear_access_policy),
        )
        .route("/accounts/{upn}/disabled", put(set_disabled))
        .route("/accounts/{upn}/on-behalf-of", get(exchanges))
}

// === Applications ===

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Version {
    version: String,
}

async fn token_version(
    State(authority): Emulated,
    Path(client_id): Path<String>,
    Json(body): Json<Version>,
) -> Response {
    let version = match body.version.as_str() {
        "1.0" => TokenVersion::V1,
        "2.0" => TokenVersion::V2,
        _ => return StatusCode::UNPROCESSABLE_ENTITY.into_response(),
    };
    found(authority.directory.set_token_version(&client_id, version))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Certificate {
    pem: String,
}

async fn add_certificate(
    State(authority): Emulated,
    Path(client_id): Path<String>,
    Json(body): Json<Certificate>,
) -> Response {
    let Ok(certificate) = ClientCertificate::from_pem(&body.pem) else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    found(authority.directory.add_certificate(&client_id, certificate))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    secret: String,
}

async fn add_secret(
    State(authority): Emulated,
    Path(client_id): Path<String>,
    Json(body): Json<NewSecret>,
) -> Response {
    let secret = Secret::new(body.secret);
    found(authority.directory.add_secret(&client_id, secret))
}

async fn expire_secrets(State(authority): Emulated, Path(client_id): Path<String>) -> Response {
    found(authority.directory.expire_secrets(&client_id))
}

// === Consent ===

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Granted {
    client_id: String,
    /// Each as `<resource>/<name>`.
    scopes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revoked {
    client_id: String,
    /// Client id or Application ID URI.
    resource: String,
}

async fn grant_consent(
    State(authority): Emulated,
    Path(upn): Path<String>,
    Json(body): Json<Granted>,
) -> Response {
    found(
        authority
            .directory
            .grant_consent(&upn, &body.client_id, &body.scopes),
    )
}

async fn revoke_consent(
    State(authority): Emulated,
    Path(upn): Path<String>,
    Json(body): Json<Revoked>,
) -> Response {
    found(
        authority
            .directory
            .revoke_consent(&upn, &body.client_id, &body.resource),
    )
}

async fn grant_tenant_consent(
    State(authority): Emulated,
    Path(tenant): Path<String>,
    Json(body): Json<Granted>,
) -> Response {
    found(
        authority
            .directory
            .grant_tenant_consent(&tenant, &body.client_id, &body.scopes),
    )
}

async fn revoke_tenant_consent(
    State(authority): Emulated,
    Path(tenant): Path<String>,
    Json(body): Json<Revoked>,
) -> Response {
    found(
        authority
            .directory
            .revoke_tenant_consent(&tenant, &body.client_id, &body.resource),
    )
}

// === Accounts and their Conditional Access ===

/// `"block"`, `"compliant_device"`, `"mfa"`, `{"sign_in_frequency":600}`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum PolicyBody {
    Block,
    CompliantDevice,
    Mfa,
    SignInFrequency(u64),
}

impl From<PolicyBody> for AccessPolicy {
    fn from(body: PolicyBody) -> Self {
        match body {
            PolicyBody::Block => Self::Block,
            PolicyBody::CompliantDevice => Self::CompliantDevice,
            PolicyBody::Mfa => Self::Mfa,
            PolicyBody::SignInFrequency(seconds) => Self::SignInFrequency(seconds),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Demanded {
    resource: String,
    policy: PolicyBody,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cleared {
    resource: String,
}

async fn set_access_policy(
    State(authority): Emulated,
    Path(upn): Path<String>,
    Json(body): Json<Demanded>,
) -> Response {
    let rule = authority
        .directory
        .set_access_policy(&upn, &body.resource, body.policy.into());
    match rule {
        Some(rule) => Json(json!({ "id": rule.id() })).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn clear_access_policy(
    State(authority): Emulated,
    Path(upn): Path<String>,
    Json(body): Json<Cleared>,
) -> Response {
    found(
        authority
            .directory
            .clear_access_policy(&upn, &body.resource),
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Disabled {
    disabled: bool,
}

async fn set_disabled(
    State(authority): Emulated,
    Path(upn): Path<String>,
    Json(body): Json<Disabled>,
) -> Response {
    authority.directory.set_disabled(&upn, body.disabled);
    StatusCode::NO_CONTENT.into_response()
}

async fn exchanges(State(authority): Emulated, Path(upn): Path<String>) -> Response {
    let account = authority.directory.account_called(&upn);
    Json(json!({ "requests": authority.exchanges.of(&account.upn) })).into_response()
}
