//! Fabric's portal: the page that hosts a workload's front end in a frame, on the emulator's own
//! origin, so that a person accepts one certificate for all of it.

mod config;
mod front_end;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::authority::Authority;

pub(crate) use front_end::FrontEnds;
pub use front_end::{FrontEnd, FrontEndError};

/// Where the portal is.
const PREFIX: &str = "/portal";

/// The routes of the portal.
pub(crate) fn router() -> Router<Arc<Authority>> {
    Router::new().route(&format!("{PREFIX}/config.json"), get(config::config))
}
