//! The token endpoint: one grant in, one reply or one error out.

mod client_credentials;
mod code;
mod device_code;
mod on_behalf_of;
mod password;
mod refresh;
mod reply;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, header};

use super::claims_request::ClaimsRequest;
use super::client::Client;
use super::error::{AuthorityError, RequestIds};
use super::faulty;
use super::form::Form;
use crate::authority::Authority;
use crate::directory::{Account, TenantSegment};
use crate::fault::Endpoint;
use reply::Reply;

/// A request to the token endpoint, with its client recognised.
struct TokenCall<'a> {
    authority: &'a Authority,
    segment: TenantSegment<'a>,
    client: Client<'a>,
    form: &'a Form,
    claims: ClaimsRequest,
    /// Whether a page's script sends it.
    cross_origin: bool,
}

const SINGLE: [&str; 13] = [
    "assertion",
    "claims",
    "client_assertion",
    "client_id",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "grant_type",
    "redirect_uri",
    "refresh_token",
    "requested_token_use",
    "scope",
];

/// `POST /{tenant}/oauth2/v2.0/token`.
pub(super) async fn token(
    State(authority): State<Arc<Authority>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form::parse(&body);
    let ids = RequestIds::of(&headers, form.text("client-request-id"));
    if form.text("grant_type") == Some(on_behalf_of::GRANT_TYPE)
        && let Some(faulty) = faulty(&authority, Endpoint::OnBehalfOf, &headers).await
    {
        return faulty;
    }
    match grant(&authority, &tenant, &headers, &form) {
        Ok(reply) => reply.response(&ids),
        Err(error) => error.response(&authority, &ids),
    }
}

fn grant(
    authority: &Authority,
    tenant: &str,
    headers: &HeaderMap,
    form: &Form,
) -> Result<Reply, AuthorityError> {
    let segment = authority
        .directory
        .tenant_segment(tenant)
        .ok_or_else(AuthorityError::unknown_tenant)?;
    form.refuse_repeated(&SINGLE)?;
    let grant_type = form.require("grant_type")?;
    let call = TokenCall {
        authority,
        segment,
        client: Client::authenticate(authority, segment, headers, form)?,
        form,
        claims: ClaimsRequest::of_form(form)?,
        cross_origin: headers.contains_key(header::ORIGIN),
    };
    match grant_type {
        "authorization_code" => code::redeem(&call),
        "refresh_token" => refresh::redeem(&call),
        // A page may redeem what its own sign-in yielded, and nothing else: any site could
        // otherwise ask for tokens behind its visitor's back.
        _ if call.cross_origin => Err(AuthorityError::cross_origin_for_spa_only()),
        "client_credentials" => client_credentials::issue(&call),
        "password" => password::redeem(&call),
        on_behalf_of::GRANT_TYPE => on_behalf_of::exchange(&call),
        // MSAL for Node sends the short name, everybody else the one of RFC 8628.
        "device_code" | "urn:ietf:params:oauth:grant-type:device_code" => {
            device_code::redeem(&call)
        }
        _ => Err(AuthorityError::unsupported_grant()),
    }
}

impl TokenCall<'_> {
    /// The tenant that issues the account's token here.
    fn tenant_of(&self, account: &Account) -> Result<String, AuthorityError> {
        match self.segment {
            TenantSegment::Any => Ok(account.home_tenant.clone()),
            TenantSegment::One(tenant) if account.is_in(&tenant.id) => Ok(tenant.id.clone()),
            TenantSegment::One(_) => Err(AuthorityError::not_in_tenant()),
        }
    }

    fn account(&self, upn: &str) -> Account {
        self.authority.directory.account_called(upn)
    }

    /// The redeeming page must be one, and a server must not pass for one.
    fn check_origin(&self, issued_to_spa: bool) -> Result<(), AuthorityError> {
        match (issued_to_spa, self.cross_origin) {
            (false, true) => Err(AuthorityError::cross_origin_for_spa_only()),
            (true, false) => Err(AuthorityError::spa_needs_cross_origin()),
            _ => Ok(()),
        }
    }
}
