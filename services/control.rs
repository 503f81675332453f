//! The control plane: what Fabric orders of a workload, in both generations of its workload API.
//!
//! Fabric alone calls, with its own token beside the user's. It has checked what the user may do with
//! the item, so adapters ask nobody; what they keep belongs to the tenant of the call.

mod definition;
pub mod endpoints;
pub mod error_response;
mod fields;
pub mod items;
pub mod jobs;
