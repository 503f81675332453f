//! The crate from outside, guarding a service that is not its own: `grpc.health.v1.Health`, over
//! real sockets, with tokens from an issuer that shares no code with it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what the tests share fails as a test does: by a panic"
)]

mod challenges;
mod contract;
mod contradictions;
mod control_plane;
mod credentials;
mod guarded;
mod issuer;
mod keys;
mod methods;
mod oidc;
mod permissions;
mod remembered;
mod secrecy;
mod step_up;
mod streams;
mod subject_and_app;
mod tls_documents;
