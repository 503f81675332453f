//! The other faces of the contracts: REST, for callers that speak HTTP and JSON, and gRPC-web, for
//! pages in a browser.
//!
//! A request becomes the gRPC request that it stands for, and passes the one layer chain like every
//! other: the bridge decides nothing about who may call. It knows no service by name, only what the
//! contracts state in `google.api.http` and `selvedge.rest.v1`. Whether a browser lets a page read an
//! answer is CORS, and here too.

mod binding;
mod cors;
mod field_path;
mod forward;
mod frame;
mod grpc_web;
mod json;
mod layer;
mod matching;
mod openapi;
mod refusal;
mod request;
mod response;
mod routes;
mod template;
mod update_mask;

use std::sync::Arc;

use auth_interceptor::Policy;
use bytes::Bytes;
use http::StatusCode;

use self::json::JsonMapping;
use self::matching::RouteTree;
use self::refusal::Form;
use self::routes::{ErrorForm, Routes};
use crate::config::ErrorCasing;
use crate::refusal::{Reason, code};

pub use self::cors::{Cors, CorsLayer};
pub use self::grpc_web::{GrpcWeb, GrpcWebLayer};
pub use self::layer::{Rest, RestLayer};
pub use self::routes::RouteError;

/// Every REST path is this one or below it.
const PREFIX: &str = "/workload";

/// Where the OpenAPI document is, for anybody.
const DOCUMENT_PATH: &str = "/workload/openapi.json";

/// The HTTP status of refusals for this reason over REST, and the one that Fabric is told: they differ
/// where Fabric's front ends look for another.
#[must_use]
pub fn http_statuses(reason: Reason) -> (StatusCode, StatusCode) {
    let of = |form| refusal::http_status(code(reason), Some(reason), form);
    // How Fabric's form is spelled changes no status.
    (of(Form::Status), of(Form::Fabric(ErrorCasing::Camel)))
}

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
    casings: Casings,
    document: Bytes,
}

/// The spelling of `ErrorResponse` in both generations of the workload API.
#[derive(Clone, Copy, Debug)]
struct Casings {
    v1: ErrorCasing,
    v2: ErrorCasing,
}

impl Casings {
    /// The form of refusals that a contract states.
    fn form(self, stated: ErrorForm) -> Form {
        match stated {
            ErrorForm::Unspecified => Form::Status,
            ErrorForm::FabricFirstGeneration => Form::Fabric(self.v1),
            ErrorForm::FabricSecondGeneration => Form::Fabric(self.v2),
        }
    }
}

impl Bridge {
    /// Reads the REST face from the contracts in `descriptor_set`, of the methods that are served:
    /// those for which `policy` returns one, given `package.Service/Method`.
    ///
    /// # Errors
    ///
    /// A contract that contradicts itself.
    pub fn new<'p>(
        descriptor_set: &[u8],
        policy: impl Fn(&str) -> Option<&'p Policy>,
        settings: BridgeSettings,
    ) -> Result<Self, RouteError> {
        let routes = Routes::from_descriptor_set(descriptor_set)?;
        let routes = routes.served(|method| policy(method).is_some());
        routes.require_below(PREFIX)?;
        let casings = Casings {
            v1: settings.error_casing_v1,
            v2: settings.error_casing_v2,
        };
        let mapping = JsonMapping::of(routes.pool())?;
        Ok(Self {
            tree: RouteTree::new(&routes),
            document: openapi::document(&routes, &mapping, policy, casings),
            mapping: Arc::new(mapping),
            message_bytes: settings.message_bytes,
            casings,
        })
    }
}
