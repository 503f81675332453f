//! The documents that tell clients and validators where everything is and what signs it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Uri};
use serde_json::{Value, json};

use super::error::{AuthorityError, RequestIds};
use super::form::Form;
use crate::authority::Authority;
use crate::directory::{TenantSegment, TokenVersion};

/// What the documents of `common` and `organizations` have where a tenant's id belongs.
const TEMPLATE: &str = "{tenantid}";

type Tenant = Path<String>;

/// `GET /{tenant}/.well-known/openid-configuration`.
pub(super) async fn configuration_v1(
    State(authority): State<Arc<Authority>>,
    Path(tenant): Tenant,
    headers: HeaderMap,
) -> Response {
    answer(&authority, &tenant, &headers, |names| {
        configuration(&authority, TokenVersion::V1, names)
    })
}

/// `GET /{tenant}/v2.0/.well-known/openid-configuration`.
pub(super) async fn configuration_v2(
    State(authority): State<Arc<Authority>>,
    Path(tenant): Tenant,
    headers: HeaderMap,
) -> Response {
    answer(&authority, &tenant, &headers, |names| {
        configuration(&authority, TokenVersion::V2, names)
    })
}

/// `GET /{tenant}/discovery/keys`: no issuers, as Entra's.
pub(super) async fn keys_v1(
    State(authority): State<Arc<Authority>>,
    Path(tenant): Tenant,
    headers: HeaderMap,
) -> Response {
    answer(&authority, &tenant, &headers, |_| keys(&authority, None))
}

/// `GET /{tenant}/discovery/v2.0/keys`: each key says whose tokens it signs.
pub(super) async fn keys_v2(
    State(authority): State<Arc<Authority>>,
    Path(tenant): Tenant,
    headers: HeaderMap,
) -> Response {
    answer(&authority, &tenant, &headers, |names| {
        keys(&authority, Some(&authority.issuer_v2(names.issuer)))
    })
}

/// `GET /common/discovery/instance`: this origin is the only cloud. The question's port does not
/// count, because MSAL for Python drops it.
pub(super) async fn instance(
    State(authority): State<Arc<Authority>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    let is_ours = query
        .text("authorization_endpoint")
        .and_then(|endpoint| endpoint.parse::<Uri>().ok())
        .is_none_or(|endpoint| endpoint.host() == Some("localhost"));
    if !is_ours {
        return AuthorityError::unknown_instance()
            .response(&authority, &RequestIds::of(&headers, None));
    }
    let host = authority
        .origin
        .strip_prefix("https://")
        .unwrap_or_default();
    Json(json!({
        "tenant_discovery_endpoint": format!(
            "{}/common/v2.0/.well-known/openid-configuration",
            authority.origin,
        ),
        "api-version": "1.1",
        "metadata": [{
            "preferred_network": host,
            "preferred_cache": host,
            "aliases": [host],
        }],
    }))
    .into_response()
}

/// `GET /common/userrealm/{upn}`: nobody is federated.
pub(super) async fn user_realm(Path((_, upn)): Path<(String, String)>) -> Response {
    let domain = upn.rsplit_once('@').map_or("", |(_, domain)| domain);
    Json(json!({
        "ver": "1.0",
        "account_type": "Managed",
        "domain_name": domain,
        "cloud_instance_name": "localhost",
        "cloud_audience_urn": "urn:federation:localhost",
    }))
    .into_response()
}

/// How a document spells its tenant.
struct Names<'a> {
    /// In addresses.
    path: &'a str,
    /// In issuers.
    issuer: &'a str,
}

fn answer(
    authority: &Authority,
    tenant: &str,
    headers: &HeaderMap,
    document: impl FnOnce(&Names<'_>) -> Value,
) -> Response {
    match authority.directory.tenant_segment(tenant) {
        Some(TenantSegment::One(tenant)) => Json(document(&Names {
            path: &tenant.id,
            issuer: &tenant.id,
        }))
        .into_response(),
        Some(TenantSegment::Any) => Json(document(&Names {
            path: tenant,
            issuer: TEMPLATE,
        }))
        .into_response(),
        None => {
            AuthorityError::unknown_tenant().response(authority, &RequestIds::of(headers, None))
        }
    }
}

fn configuration(authority: &Authority, version: TokenVersion, names: &Names<'_>) -> Value {
    let origin = &authority.origin;
    let tenant = names.path;
    let (issuer, oauth, keys) = match version {
        TokenVersion::V1 => (
            authority.issuer_v1(names.issuer),
            "oauth2",
            "discovery/keys",
        ),
        TokenVersion::V2 => (
            authority.issuer_v2(names.issuer),
            "oauth2/v2.0",
            "discovery/v2.0/keys",
        ),
    };
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{origin}/{tenant}/{oauth}/authorize"),
        "token_endpoint": format!("{origin}/{tenant}/{oauth}/token"),
        "device_authorization_endpoint": format!("{origin}/{tenant}/{oauth}/devicecode"),
        "end_session_endpoint": format!("{origin}/{tenant}/{oauth}/logout"),
        "jwks_uri": format!("{origin}/{tenant}/{keys}"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "private_key_jwt",
            "client_secret_basic",
        ],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "name", "oid",
            "preferred_username", "tid", "ver",
        ],
        "request_uri_parameter_supported": false,
        "http_logout_supported": false,
        "frontchannel_logout_supported": false,
    })
}

fn keys(authority: &Authority, issuer: Option<&str>) -> Value {
    let keys: Vec<Value> = authority
        .keys
        .published()
        .iter()
        .map(|key| key.jwk(issuer))
        .collect();
    json!({ "keys": keys })
}
