//! What stands before every route of the emulated APIs: the count of its requests, and the fault it
//! was told to have, in the API's own form.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::MethodRouter;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, StatusCode, header};

use crate::authority::Authority;
use crate::fabric::error::FabricError;
use crate::fault::{Endpoint, Fault};
use crate::onelake::error::OneLakeError;

/// The methods of one address.
pub(crate) type Routes = MethodRouter<Arc<Authority>>;

/// Counts the endpoint's requests and lets a scripted fault answer in its stead.
pub(crate) fn scripted(authority: &Arc<Authority>, endpoint: Endpoint, routes: Routes) -> Routes {
    routes.layer(middleware::from_fn_with_state(
        authority.clone(),
        move |State(authority): State<Arc<Authority>>, request: Request, next: Next| async move {
            match faulty(&authority, endpoint).await {
                Some(response) => response,
                None => next.run(request).await,
            }
        },
    ))
}

async fn faulty(authority: &Authority, endpoint: Endpoint) -> Option<Response> {
    match authority.faults.next(endpoint)? {
        Fault::ClaimsChallenge { claims } => Some(claims_challenge(authority, &claims)),
        Fault::ErrorCode {
            status,
            error_code,
            retry_after,
        } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = match endpoint {
                Endpoint::OneLake => OneLakeError::scripted(status, error_code).into_response(),
                _ => FabricError::scripted(status, error_code).into_response(),
            };
            if let Some(seconds) = retry_after {
                let headers = response.headers_mut();
                headers.insert(header::RETRY_AFTER, seconds.into());
            }
            Some(response)
        }
        fault => fault.strike(&authority.stopping).await,
    }
}

/// The challenge of continuous access evaluation and of authentication contexts.
fn claims_challenge(authority: &Authority, claims: &str) -> Response {
    let challenge = format!(
        r#"Bearer realm="", authorization_uri="{}/common/oauth2/authorize", error="insufficient_claims", claims="{}""#,
        authority.origin,
        STANDARD.encode(claims),
    );
    let mut response = StatusCode::UNAUTHORIZED.into_response();
    if let Ok(value) = HeaderValue::try_from(challenge) {
        let headers = response.headers_mut();
        headers.insert(header::WWW_AUTHENTICATE, value);
    }
    response
}
