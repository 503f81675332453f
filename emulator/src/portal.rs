//! Fabric's portal: the page that hosts a workload's front end in a frame, on the emulator's own
//! origin, so that a person accepts one certificate for all of it.
//!
//! The page does the work, in `emulator/portal`: it speaks the protocol of Fabric's client library
//! with the frames, and signs in at the emulated authority with MSAL as any page would. Here it is
//! only served, with policies that admit the registered front ends and nothing else.

mod bundle;
mod config;
mod front_end;
mod policy;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;

use crate::authority::Authority;

pub(crate) use front_end::FrontEnds;
pub use front_end::{FrontEnd, FrontEndError};

/// The routes of the portal.
pub(crate) fn router() -> Router<Arc<Authority>> {
    Router::new()
        .route("/portal", get(page))
        .route("/portal/", get(page))
        .route("/portal/close", get(close))
        .route("/portal/config.json", get(config::config))
        .route("/portal/assets/{file}", get(asset))
}

/// The portal itself.
async fn page(State(authority): State<Arc<Authority>>) -> Response {
    let front_ends = authority.front_ends.all();
    if front_ends.is_empty() {
        let sentence = "No front end of a workload is registered with this emulator.\n";
        return (StatusCode::NOT_FOUND, sentence).into_response();
    }
    let mut response = bundle::file("index.html");
    policy::of_portal(&front_ends).apply(&mut response);
    response
}

/// Where the authority sends sign-in windows, and MSAL's hidden frames, back to.
async fn close() -> Response {
    let mut response = bundle::file("close.html");
    policy::of_close_page().apply(&mut response);
    response
}

async fn asset(Path(file): Path<String>) -> Response {
    bundle::file(&format!("assets/{file}"))
}
