//! The control plane: what Fabric orders of a workload.

pub mod error_response;
