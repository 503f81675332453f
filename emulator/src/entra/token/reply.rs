//! The token endpoint's success reply. Numbers are JSON integers: some clients read nothing else.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::HeaderValue;
use serde_json::{Map, Value, json};

use super::TokenCall;
use crate::directory::{Account, User};
use crate::entra::error::{AuthorityError, REQUEST_ID, RequestIds};
use crate::entra::issued::{REFRESH_LIFETIME, RefreshToken, SPA_REFRESH_LIFETIME, SignedIn};
use crate::entra::scope::Asked;
use crate::entra::{conditional_access, session};
use crate::random;
use crate::tokens::{Proven, TokenRequest};

/// A success.
pub(super) struct Reply(Map<String, Value>);

/// Whose token, for what.
pub(super) struct Signed<'a> {
    pub(super) account: &'a Account,
    /// Tenant id.
    pub(super) tenant: &'a str,
    pub(super) scope: &'a str,
    pub(super) proven: &'a Proven,
    pub(super) for_spa: bool,
    /// Only a code's request has one, and nothing else may echo one.
    pub(super) nonce: Option<&'a str>,
}

impl Reply {
    /// Just an access token.
    pub(super) fn bare(access_token: String, expires_in: u64) -> Self {
        let mut members = Map::new();
        members.insert("token_type".to_owned(), json!("Bearer"));
        members.insert("expires_in".to_owned(), json!(expires_in));
        members.insert("ext_expires_in".to_owned(), json!(expires_in));
        members.insert("access_token".to_owned(), json!(access_token));
        Self(members)
    }

    /// A person's access token, and whichever of id token, refresh token and client info were
    /// asked for.
    pub(super) fn for_account(
        call: &TokenCall<'_>,
        signed: &Signed<'_>,
    ) -> Result<Self, AuthorityError> {
        let authority = call.authority;
        let app = call.client.app;
        if !app.is_in(signed.tenant) {
            return Err(AuthorityError::unknown_client());
        }
        if authority.directory.is_disabled(signed.account) {
            return Err(AuthorityError::account_disabled());
        }
        let asked = Asked::parse(&authority.directory, signed.scope)?.of_one_resource()?;
        if !asked.resource.is_in(signed.tenant) {
            return Err(AuthorityError::unknown_resource());
        }
        let user = User {
            tenant: signed.tenant,
            upn: &signed.account.upn,
        };
        let granted = asked.granted(&authority.directory, app, user)?;
        conditional_access::check(authority, signed.account, asked.resource, signed.proven)?;
        let request = TokenRequest::delegated(&signed.account.upn, &asked.resource.client_id)
            .client(&app.client_id)
            .tenant(signed.tenant)
            .scopes(granted)
            .authentication(call.client.authentication)
            .proven(signed.proven)
            .xms_cc(call.claims.capabilities.clone());

        let mut reply = Self::bare(authority.issue(&request), lifetime(&request));
        reply.add("scope", asked.echo());
        if asked.openid {
            let claims = authority.id_token_claims(
                app,
                signed.account,
                signed.tenant,
                signed.proven.at,
                signed.nonce,
            );
            reply.add("id_token", authority.issue_id_token(&claims));
        }
        if asked.offline_access {
            reply.add_refresh_token(call, signed);
        }
        if call.form.text("client_info") == Some("1") {
            reply.add("client_info", session::client_info(signed.account));
        }
        Ok(reply)
    }

    pub(super) fn response(self, ids: &RequestIds) -> Response {
        let mut response = Json(Value::Object(self.0)).into_response();
        if let Ok(trace) = HeaderValue::try_from(&ids.trace) {
            response.headers_mut().insert(REQUEST_ID, trace);
        }
        response
    }

    fn add(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn add_refresh_token(&mut self, call: &TokenCall<'_>, signed: &Signed<'_>) {
        let lifetime = if signed.for_spa {
            self.add("refresh_token_expires_in", SPA_REFRESH_LIFETIME);
            SPA_REFRESH_LIFETIME
        } else {
            REFRESH_LIFETIME
        };
        let token = random::token();
        call.authority.issued.refresh_tokens.insert(
            token.clone(),
            RefreshToken {
                signed_in: SignedIn {
                    client_id: call.client.app.client_id.clone(),
                    account: signed.account.upn.clone(),
                    tenant: signed.tenant.to_owned(),
                    scope: signed.scope.to_owned(),
                    proven: signed.proven.clone(),
                },
                for_spa: signed.for_spa,
            },
            call.authority.clock.now().saturating_add(lifetime),
        );
        self.add("refresh_token", token);
    }
}

/// Entra rounds down to a second less than the token has.
pub(super) fn lifetime(request: &TokenRequest) -> u64 {
    request.lifetime.saturating_sub(1)
}
