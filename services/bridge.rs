//! The REST face: the same contracts, for callers that speak HTTP and JSON.
//!
//! A REST request becomes the gRPC request that its contract says it is, and passes the one layer
//! chain like every other: the bridge decides nothing about who may call. It knows no service by
//! name, only what the contracts state in `google.api.http` and `selvedge.rest.v1`.

mod field_path;
mod matching;
mod refusal;
mod routes;
mod template;

pub use refusal::Casing;
pub use routes::RouteError;
