//! The code generated from `proto/`: the only file that knows where the build puts it.

mod redacted;

/// `selvedge.admin.v1`: what an operator may order.
pub mod admin {
    /// Version 1.
    pub mod v1 {
        #![allow(clippy::all, reason = "generated")]
        tonic::include_proto!("selvedge.admin.v1");
    }
}

/// `selvedge.auth.v1`, as far as a service needs it: nothing. Policies are read from
/// [`DESCRIPTOR_SET`], where prost keeps the option that it drops from its own types.
pub mod auth {
    /// Version 1.
    pub mod v1 {
        #![allow(missing_docs, clippy::all, reason = "generated")]
        tonic::include_proto!("selvedge.auth.v1");
    }
}

/// `selvedge.control`: the control plane, in both generations of Fabric's workload API.
pub mod control {
    /// Version 1: the first generation, and what both share.
    pub mod v1 {
        #![allow(clippy::all, reason = "generated")]
        tonic::include_proto!("selvedge.control.v1");
    }
    /// Version 2: the second generation.
    pub mod v2 {
        #![allow(clippy::all, reason = "generated")]
        tonic::include_proto!("selvedge.control.v2");
    }
}

/// `selvedge.data.v1`: the data plane.
pub mod data {
    /// Version 1.
    pub mod v1 {
        #![allow(clippy::all, reason = "generated")]
        tonic::include_proto!("selvedge.data.v1");
    }
}

/// `selvedge.exchange.v1`: downstream tokens for other services.
pub mod exchange {
    /// Version 1.
    pub mod v1 {
        #![allow(clippy::all, reason = "generated")]
        tonic::include_proto!("selvedge.exchange.v1");
    }
}

/// `google.api`: the REST form of a method.
pub(crate) mod google_api {
    #![allow(
        missing_docs,
        dead_code,
        unreachable_pub,
        clippy::all,
        reason = "generated"
    )]
    tonic::include_proto!("google.api");
}

/// `selvedge.rest`: what `google.api` cannot say of the REST form.
pub(crate) mod rest {
    /// Version 1.
    pub(crate) mod v1 {
        #![allow(dead_code, unreachable_pub, clippy::all, reason = "generated")]
        tonic::include_proto!("selvedge.rest.v1");
    }
}

/// `selvedge.refusal.v1`: why a call is refused and what a front end can do about it.
pub mod refusal {
    /// Version 1.
    pub mod v1 {
        #![allow(clippy::all, reason = "generated")]
        tonic::include_proto!("selvedge.refusal.v1");
    }
}

/// Every contract with its options and comments, as `protox` encoded it.
pub const DESCRIPTOR_SET: &[u8] = tonic::include_file_descriptor_set!("descriptor_set");
