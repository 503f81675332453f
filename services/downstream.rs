//! Calls to Fabric and OneLake as the calling user.
//!
//! Hosts are configured, never taken from a request, and an id is a GUID before it becomes part of
//! a path. Every call presents a token that [`exchange`](crate::exchange) traded the caller's for.
//! A claims challenge of a downstream API becomes the same refusal as one of the authority, and the
//! token that it is about is forgotten.

mod call;
mod challenge;
mod credentials;
mod error;
mod failure;
mod http;
mod retry_after;
mod scopes;
mod settings;

pub use self::credentials::OnBehalfOf;
pub use self::error::{DownstreamError, FailedCall};
pub use self::scopes::SCOPES;
pub use self::settings::{DownstreamSettings, DownstreamStartError};
