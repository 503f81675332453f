//! Entra's endpoints: which address is which, and what all answers have in common.

pub(crate) mod admin_consent;
mod assertion;
mod authorize;
mod claims_request;
mod client;
mod conditional_access;
mod device;
mod discovery;
mod error;
mod form;
pub(crate) mod issued;
mod logout;
mod pages;
mod scope;
mod session;
mod token;
mod user_assertion;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use http::{HeaderMap, HeaderValue, header};

use crate::authority::Authority;
use crate::fault::{Endpoint, Fault};
use error::{AuthorityError, RequestIds};

type Routes = MethodRouter<Arc<Authority>>;

/// The routes of the authority.
pub(crate) fn router(authority: &Arc<Authority>) -> Router<Arc<Authority>> {
    let at = |endpoint, routes: Routes| scripted(authority, endpoint, routes);
    let authorize = || {
        at(
            Endpoint::Authorize,
            get(authorize::authorize).post(authorize::authorize),
        )
    };
    let admin_consent = || {
        at(
            Endpoint::Authorize,
            get(admin_consent::ask).post(admin_consent::answer),
        )
    };
    let token = || open(at(Endpoint::Token, post(token::token)));
    let device = || at(Endpoint::DeviceCode, post(device::start));
    let logout = || at(Endpoint::Logout, get(logout::logout).post(logout::logout));
    Router::new()
        .route(
            "/{tenant}/v2.0/.well-known/openid-configuration",
            open(at(Endpoint::DiscoveryV2, get(discovery::configuration_v2))),
        )
        .route(
            "/{tenant}/.well-known/openid-configuration",
            open(at(Endpoint::DiscoveryV1, get(discovery::configuration_v1))),
        )
        .route(
            "/{tenant}/discovery/v2.0/keys",
            open(at(Endpoint::JwksV2, get(discovery::keys_v2))),
        )
        .route(
            "/{tenant}/discovery/keys",
            open(at(Endpoint::JwksV1, get(discovery::keys_v1))),
        )
        .route(
            "/{tenant}/discovery/instance",
            open(at(Endpoint::InstanceDiscovery, get(discovery::instance))),
        )
        .route(
            "/{tenant}/userrealm/{upn}",
            at(Endpoint::UserRealm, get(discovery::user_realm)),
        )
        .route("/{tenant}/oauth2/v2.0/authorize", authorize())
        .route("/{tenant}/oauth2/authorize", authorize())
        .route(
            "/{tenant}/login",
            at(Endpoint::Authorize, post(authorize::answer)),
        )
        .route("/{tenant}/v2.0/adminconsent", admin_consent())
        .route("/{tenant}/adminconsent", admin_consent())
        .route("/{tenant}/oauth2/v2.0/token", token())
        .route("/{tenant}/oauth2/token", token())
        .route("/{tenant}/oauth2/v2.0/devicecode", device())
        .route("/{tenant}/oauth2/devicecode", device())
        .route("/error", get(error::page))
        .route("/devicelogin", get(device::page).post(device::decide))
        .route("/{tenant}/oauth2/v2.0/logout", logout())
        .route("/{tenant}/oauth2/logout", logout())
}

/// Counts the endpoint's requests and lets a scripted fault answer in its stead.
fn scripted(authority: &Arc<Authority>, endpoint: Endpoint, routes: Routes) -> Routes {
    routes.layer(middleware::from_fn_with_state(
        authority.clone(),
        move |State(authority): State<Arc<Authority>>, request: Request, next: Next| async move {
            match faulty(&authority, endpoint, request.headers()).await {
                Some(response) => response,
                None => no_store(next.run(request).await),
            }
        },
    ))
}

/// Counts a request and answers with the fault it should meet, if any.
async fn faulty(
    authority: &Authority,
    endpoint: Endpoint,
    headers: &HeaderMap,
) -> Option<Response> {
    match authority.faults.next(endpoint)? {
        Fault::AuthorityError(error) => {
            let ids = RequestIds::of(headers, None);
            Some(AuthorityError::scripted(&error).response(authority, &ids))
        }
        fault => fault.strike(&authority.stopping).await,
    }
}

/// Lets pages of any origin read the answer, errors and faults included. There are no
/// credentials in it: these endpoints look at no cookie.
fn open(routes: Routes) -> Routes {
    routes.layer(middleware::map_response(|mut response: Response| async {
        let headers = response.headers_mut();
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("*"),
        );
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("Retry-After, x-ms-request-id"),
        );
        response
    }))
}

fn no_store(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
