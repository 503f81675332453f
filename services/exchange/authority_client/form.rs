//! The body of a token request: what is asked for, and who asks.

use std::borrow::Cow;

use crate::exchange::Grant;
use crate::exchange::credential::Proof;

/// RFC 7523 section 2.1.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// RFC 7523 section 2.2.
const CLIENT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Without it, Entra and OpenID providers issue no refresh token.
const OFFLINE_ACCESS: &str = "offline_access";

/// The parameters of a request, each once. An encoder writes them: no value can become two.
pub(super) type Form<'a> = Vec<(&'static str, Cow<'a, str>)>;

/// The parameters that ask for `grant` as the application `client_id`.
pub(super) fn form<'a>(grant: &'a Grant, client_id: &'a str, proof: &'a Proof) -> Form<'a> {
    let mut form: Form<'a> = vec![("client_id", client_id.into())];
    match proof {
        Proof::Secret(secret) => form.push(("client_secret", secret.expose().into())),
        Proof::Assertion(assertion) => {
            form.push(("client_assertion_type", CLIENT_ASSERTION.into()));
            form.push(("client_assertion", assertion.expose().into()));
        }
    }
    let scope = grant.scopes().as_str();
    match grant {
        Grant::OnBehalfOf {
            assertion,
            claims,
            offline,
            ..
        } => {
            form.push(("grant_type", JWT_BEARER.into()));
            form.push(("requested_token_use", "on_behalf_of".into()));
            form.push(("assertion", assertion.expose().into()));
            form.push(("scope", scope_of(scope, *offline)));
            if let Some(claims) = claims {
                form.push(("claims", claims.as_str().into()));
            }
        }
        Grant::ClientCredentials { .. } => {
            form.push(("grant_type", "client_credentials".into()));
            form.push(("scope", scope.into()));
        }
        Grant::RefreshToken { refresh_token, .. } => {
            form.push(("grant_type", "refresh_token".into()));
            form.push(("refresh_token", refresh_token.expose().into()));
            form.push(("scope", scope_of(scope, true)));
        }
    }
    form
}

fn scope_of(scope: &str, offline: bool) -> Cow<'_, str> {
    if offline {
        format!("{scope} {OFFLINE_ACCESS}").into()
    } else {
        scope.into()
    }
}
