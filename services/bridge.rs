//! The REST face: the same contracts, for callers that speak HTTP and JSON.
//!
//! A REST request becomes the gRPC request that its contract says it is, and passes the one layer
//! chain like every other: the bridge decides nothing about who may call. It knows no service by
//! name, only what the contracts state in `google.api.http` and `selvedge.rest.v1`.

mod binding;
mod field_path;
mod frame;
mod json;
mod layer;
mod matching;
mod openapi;
mod refusal;
mod request;
mod response;
mod routes;
mod template;

use std::sync::Arc;

use self::json::JsonMapping;
use self::matching::RouteTree;
use self::refusal::Form;
use self::routes::{ErrorForm, Routes};
use crate::config::ErrorCasing;

pub use self::layer::{Rest, RestLayer};
pub use self::routes::RouteError;

/// Every REST path is this one or below it.
const PREFIX: &str = "/workload";

/// How the REST face behaves.
#[derive(Clone, Copy, Debug)]
pub struct BridgeSettings {
    /// The largest JSON body of a request; the limit on messages.
    pub message_bytes: usize,
    /// The spelling of `ErrorResponse` in the first generation of the workload API.
    pub error_casing_v1: ErrorCasing,
    /// The spelling of `ErrorResponse` in the second.
    pub error_casing_v2: ErrorCasing,
}

/// The REST face of served methods.
pub struct Bridge {
    tree: RouteTree,
    mapping: Arc<JsonMapping>,
    message_bytes: usize,
    casings: (ErrorCasing, ErrorCasing),
}

impl Bridge {
    /// Reads the REST face from the contracts in `descriptor_set`, of the methods that `is_served`,
    /// given as `package.Service/Method`.
    ///
    /// # Errors
    ///
    /// A contract that contradicts itself.
    pub fn new(
        descriptor_set: &[u8],
        is_served: impl Fn(&str) -> bool,
        settings: BridgeSettings,
    ) -> Result<Self, RouteError> {
        let routes = Routes::from_descriptor_set(descriptor_set)?.served(is_served);
        routes.require_below(PREFIX)?;
        Ok(Self {
            tree: RouteTree::new(&routes),
            mapping: Arc::new(JsonMapping::of(routes.pool())?),
            message_bytes: settings.message_bytes,
            casings: (settings.error_casing_v1, settings.error_casing_v2),
        })
    }

    fn form(&self, stated: ErrorForm) -> Form {
        match stated {
            ErrorForm::Unspecified => Form::Status,
            ErrorForm::FabricFirstGeneration => Form::Fabric(self.casings.0),
            ErrorForm::FabricSecondGeneration => Form::Fabric(self.casings.1),
        }
    }
}
