//! The labels of the instruments, each set a type.
//!
//! A value is a word of this program (`&'static str`, from an enum's `as_str`) or a method that is
//! served ([`ServedMethod`]). No field is a `String`: what a stranger writes has no way in, and
//! neither has a tenant, a user or a client.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use auth_interceptor::MethodPolicy;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use tonic::Code;

use crate::refusal;

/// A method that is served, or `_OTHER`.
#[derive(Clone, Debug)]
pub struct ServedMethod(Option<Arc<MethodPolicy>>);

impl ServedMethod {
    /// As `package.Service/Method`, or `_OTHER`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_ref().map_or("_OTHER", |method| method.method())
    }
}

impl From<Option<&Arc<MethodPolicy>>> for ServedMethod {
    fn from(method: Option<&Arc<MethodPolicy>>) -> Self {
        Self(method.cloned())
    }
}

impl PartialEq for ServedMethod {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for ServedMethod {}

impl Hash for ServedMethod {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl EncodeLabelValue for ServedMethod {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        EncodeLabelValue::encode(&self.as_str(), encoder)
    }
}

/// Of `rpc.server.call.duration`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ServerCall {
    rpc_system_name: &'static str,
    rpc_method: ServedMethod,
    rpc_response_status_code: &'static str,
    error_type: &'static str,
}

impl ServerCall {
    /// A call of `method` that ended with `code`.
    #[must_use]
    pub fn new(method: ServedMethod, code: Code) -> Self {
        let name = refusal::code_name(code);
        Self {
            rpc_system_name: "grpc",
            rpc_method: method,
            rpc_response_status_code: name,
            // An empty label is none to whoever reads it.
            error_type: if code == Code::Ok { "" } else { name },
        }
    }
}

/// Of `selvedge.auth.decisions`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AuthDecision {
    /// `allow`, `deny` or `error`.
    pub selvedge_auth_outcome: &'static str,
    /// The refusal's reason; empty for a call that was let through.
    pub selvedge_auth_reason: &'static str,
    /// The method that was called.
    pub rpc_method: ServedMethod,
    /// `user`, `app`, `composite` or `none`.
    pub selvedge_token_kind: &'static str,
}

/// Of `selvedge.auth.validate.duration`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Validation {
    /// `cache`, `fetch` or `lkg`.
    pub selvedge_jwks_source: &'static str,
}

/// Of `selvedge.jwks.fetches`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct KeyFetch {
    /// `ok`, `unavailable` or `refused`.
    pub selvedge_jwks_outcome: &'static str,
    /// `start`, `timer`, `unknown_kid` or `flush`.
    pub selvedge_jwks_trigger: &'static str,
}

/// Of `selvedge.exchange.exchanges` and `selvedge.exchange.duration`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Exchange {
    /// What came of it.
    pub selvedge_exchange_outcome: &'static str,
    /// The authority's `error`, of a closed set; empty where it did not refuse.
    pub selvedge_authority_error: &'static str,
    /// Where the answer came from.
    pub selvedge_exchange_cache: &'static str,
}

/// What an exemplar says: the trace of a call that fell into the bucket.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Exemplar {
    /// As replies carry it.
    pub trace_id: String,
}
