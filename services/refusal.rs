//! The one total mapping from domain errors to gRPC status and details.
//!
//! A refusal has one reason, and the reason decides its code. Everything in it is meant for the
//! caller; what only an operator should learn goes to the log at the place where it is known. The
//! refusal itself does where it leaves, see [`completion`](crate::transport::completion).

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use auth_interceptor::AuthError;
use opentelemetry::TraceId;
use prost::Message;
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::pb;

mod actor;
mod authentication;
mod details;
mod downstream;
mod exchange;
mod explanation;
mod fault;
mod jobs;
mod runbook;

pub use self::actor::actor;
pub use self::authentication::SelvedgeRefusal;
pub use self::details::Details;
pub use self::explanation::explanation;
pub use self::fault::{Fault, fault};
pub use self::jobs::{cause, failure};
pub use self::runbook::Runbooks;
use crate::call::CallError;
pub use crate::contracts::refusal::v1::{AuthChallenge, Reason};
use crate::store::StoreError;

/// `google.rpc.ErrorInfo.domain` of every refusal.
pub const DOMAIN: &str = "selvedge";

/// A failure as its caller sees it.
#[derive(Clone)]
pub struct Refusal {
    reason: Reason,
    message: String,
    metadata: BTreeMap<&'static str, String>,
    violations: Vec<(String, String)>,
    challenge: Option<AuthChallenge>,
    retry_after: Option<Duration>,
    help: Option<(&'static str, String)>,
    www_authenticate: Option<String>,
}

impl Refusal {
    fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            metadata: BTreeMap::new(),
            violations: Vec::new(),
            challenge: None,
            retry_after: None,
            help: None,
            www_authenticate: None,
        }
    }

    fn with_metadata(mut self, key: &'static str, value: impl ToString) -> Self {
        self.metadata.insert(key, value.to_string());
        self
    }

    fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// The service has a fault; its operator finds the cause by the trace id.
    #[must_use]
    pub fn internal_fault() -> Self {
        Self::new(Reason::InternalFault, "internal fault")
    }

    /// The request's bytes are not the message that the method takes.
    #[must_use]
    pub fn payload_malformed() -> Self {
        Self::new(Reason::PayloadMalformed, "the message cannot be decoded")
    }

    /// The request's message is larger than `limit` bytes.
    #[must_use]
    pub fn payload_too_large(limit: usize) -> Self {
        Self::new(Reason::PayloadTooLarge, "the message is too large")
            .with_metadata("limitBytes", limit)
    }

    /// The request's `grpc-encoding` is not one that the service takes.
    #[must_use]
    pub fn payload_encoding_unsupported() -> Self {
        Self::new(
            Reason::PayloadEncodingUnsupported,
            "the message encoding is not supported",
        )
    }

    /// A message is flagged as compressed and no encoding is named.
    #[must_use]
    pub fn payload_frame_invalid() -> Self {
        Self::new(
            Reason::PayloadFrameInvalid,
            "the message is compressed without an encoding",
        )
    }

    /// `grpc-timeout` does not follow its grammar.
    #[must_use]
    pub fn timeout_header_invalid() -> Self {
        Self::new(
            Reason::TimeoutHeaderInvalid,
            "the grpc-timeout header is malformed",
        )
    }

    /// No such method is served.
    #[must_use]
    pub fn method_not_found() -> Self {
        Self::from(&AuthError::MethodNotFound)
    }

    /// The call's time is over.
    #[must_use]
    pub fn deadline_exceeded() -> Self {
        Self::new(Reason::DeadlineExceeded, "the deadline has passed")
    }

    /// There is no room for the call now.
    #[must_use]
    pub fn overloaded(retry_after: Duration) -> Self {
        Self::new(Reason::Overloaded, "the service is overloaded").retry_after(retry_after)
    }

    /// The service is draining.
    #[must_use]
    pub fn shutting_down() -> Self {
        Self::new(Reason::ShuttingDown, "the service is shutting down")
            .retry_after(Duration::from_secs(1))
    }

    /// The audit trail does not take the entry that the call was let through.
    #[must_use]
    pub fn audit_unavailable() -> Self {
        let message = "the audit trail is unavailable";
        Self::new(Reason::AuditUnavailable, message).retry_after(Duration::from_secs(1))
    }

    /// The record does not exist, or not for this caller.
    #[must_use]
    pub fn resource_not_found() -> Self {
        Self::new(Reason::ResourceNotFound, "the record does not exist")
    }

    /// Why the call was refused.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.reason
    }
}

/// Leaves out both forms of the challenge: they are for the caller, and may hold claims.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("reason", &self.reason)
            .field("message", &self.message)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

/// The code that a reason always comes with. Total: a new reason does not compile without one.
#[must_use]
pub fn code(reason: Reason) -> Code {
    match reason {
        Reason::CredentialsMissing
        | Reason::AuthSchemeUnsupported
        | Reason::AuthHeaderMalformed
        | Reason::AuthHeaderDuplicated
        | Reason::TokenTooLarge
        | Reason::TokenMalformed
        | Reason::TokenHeaderInvalid
        | Reason::TokenAlgNotAllowed
        | Reason::TokenCriticalHeaderUnsupported
        | Reason::TokenTypeNotAllowed
        | Reason::SigningKeyUnknown
        | Reason::TokenSignatureInvalid
        | Reason::TokenExpired
        | Reason::TokenNotYetValid
        | Reason::TokenLifetimeTooLong
        | Reason::TokenClaimMissing
        | Reason::TokenClaimInvalid
        | Reason::TokenVersionUnsupported
        | Reason::TokenAudienceMismatch
        | Reason::TokenIssuerMismatch
        | Reason::TenantMismatch
        | Reason::ClaimsChallengeRequired
        | Reason::StepUpRequired
        | Reason::InteractionRequired
        | Reason::SubjectTokenRejected
        | Reason::SubjectTokenRequired
        | Reason::SubjectAppMismatch
        | Reason::DownstreamClaimsChallenge => Code::Unauthenticated,
        Reason::TenantNotAllowed
        | Reason::ClientAppNotAllowed
        | Reason::ScopeMissing
        | Reason::AppRoleMissing
        | Reason::AppOnlyNotAllowed
        | Reason::DelegatedNotAllowed
        | Reason::StepUpUnsupportedByClient
        | Reason::MethodPolicyMissing
        | Reason::ConsentRequired
        | Reason::BlockedByPolicy
        | Reason::DownstreamScopeNotAllowed
        | Reason::DownstreamForbidden
        | Reason::ItemPermissionDenied => Code::PermissionDenied,
        Reason::FieldInvalid
        | Reason::TimeoutHeaderInvalid
        | Reason::TenantHeaderInvalid
        | Reason::PayloadMalformed
        | Reason::DownstreamScopeInvalid => Code::InvalidArgument,
        Reason::PayloadTooLarge
        | Reason::Overloaded
        | Reason::StoreFull
        | Reason::AuthorityThrottled
        | Reason::AuthorityLoopDetected
        | Reason::DownstreamThrottled => Code::ResourceExhausted,
        Reason::MethodNotFound | Reason::PayloadEncodingUnsupported => Code::Unimplemented,
        Reason::SigningKeysUnavailable
        | Reason::ShuttingDown
        | Reason::StoreUnavailable
        | Reason::AuditUnavailable
        | Reason::AuthorityUnavailable
        | Reason::AuthorityTimeout
        | Reason::DownstreamUnavailable => Code::Unavailable,
        Reason::ExchangeAppOnlyUnsupported
        | Reason::ClientUnauthorized
        | Reason::DownstreamResourceInvalid
        | Reason::DownstreamRejected
        | Reason::DownstreamOperationFailed
        | Reason::JobStateConflict
        | Reason::JobFailed
        | Reason::SealingKeyUnavailable
        | Reason::EndpointNotConfigured => Code::FailedPrecondition,
        Reason::ResourceNotFound | Reason::ItemNotFound => Code::NotFound,
        Reason::IdempotencyConflict => Code::AlreadyExists,
        Reason::StoreConflict => Code::Aborted,
        Reason::DeadlineExceeded => Code::DeadlineExceeded,
        Reason::Unspecified
        | Reason::InternalFault
        | Reason::PayloadFrameInvalid
        | Reason::ClientCredentialInvalid
        | Reason::AuthorityResponseInvalid
        | Reason::DownstreamUnauthorized
        | Reason::DownstreamResponseInvalid => Code::Internal,
    }
}

/// The code's name, as gRPC and OpenTelemetry spell it.
#[must_use]
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// The reason on the wire: the value's name without its prefix.
#[must_use]
pub fn reason_name(reason: Reason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("REASON_").unwrap_or(name)
}

// === From domain errors ===

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::resource_not_found(),
            StoreError::Conflict => Self::new(
                Reason::StoreConflict,
                "the record has changed since its etag was read",
            ),
            StoreError::Full => Self::new(Reason::StoreFull, "the store is full"),
            StoreError::Unavailable => {
                Self::new(Reason::StoreUnavailable, "the store is unavailable")
                    .retry_after(Duration::from_secs(1))
            }
            StoreError::Corrupt => Self::internal_fault(),
        }
    }
}

impl From<CallError> for Refusal {
    fn from(error: CallError) -> Self {
        let message = error.to_string();
        match error {
            CallError::Field { field, expected } => {
                let mut refusal = Self::new(Reason::FieldInvalid, message);
                refusal.violations.push((field, expected.to_owned()));
                refusal
            }
            CallError::Store(error) => error.into(),
            CallError::Exchange(error) => error.into(),
            CallError::Downstream(error) => error.into(),
            CallError::Authentication(error) => Self::from(&error),
            CallError::ItemNotFound { item_id } => {
                Self::new(Reason::ItemNotFound, message).with_metadata("itemId", item_id)
            }
            CallError::ItemExists { item_id } => {
                Self::new(Reason::IdempotencyConflict, message).with_metadata("itemId", item_id)
            }
            CallError::EndpointNotConfigured => Self::new(Reason::EndpointNotConfigured, message),
        }
    }
}

impl Refusal {
    fn with_challenge(mut self, challenge: AuthChallenge) -> Self {
        self.challenge = Some(challenge);
        self
    }

    fn details(&self) -> Vec<Any> {
        let mut details = vec![any(
            "google.rpc.ErrorInfo",
            &pb::ErrorInfo {
                reason: reason_name(self.reason).to_owned(),
                domain: DOMAIN.to_owned(),
                metadata: self
                    .metadata
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), value.clone()))
                    .collect(),
            },
        )];
        if let Some(challenge) = &self.challenge {
            details.push(any("selvedge.refusal.v1.AuthChallenge", challenge));
        }
        if let Some(delay) = self.retry_after {
            let retry = pb::RetryInfo {
                retry_delay: prost_types::Duration::try_from(delay).ok(),
            };
            details.push(any("google.rpc.RetryInfo", &retry));
        }
        if let Some((description, url)) = &self.help {
            let help = pb::Help {
                links: vec![pb::help::Link {
                    description: (*description).to_owned(),
                    url: url.clone(),
                }],
            };
            details.push(any("google.rpc.Help", &help));
        }
        if !self.violations.is_empty() {
            let violations = self.violations.iter().map(|(field, description)| {
                pb::bad_request::FieldViolation {
                    field: field.clone(),
                    description: description.clone(),
                    ..Default::default()
                }
            });
            let bad_request = pb::BadRequest {
                field_violations: violations.collect(),
            };
            details.push(any("google.rpc.BadRequest", &bad_request));
        }
        details
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let code = code(refusal.reason);
        let status = pb::Status {
            code: code.into(),
            message: refusal.message.clone(),
            details: refusal.details(),
        };
        let mut metadata = tonic::metadata::MetadataMap::new();
        if let Some(challenge) = refusal
            .www_authenticate
            .as_deref()
            .and_then(|c| c.parse().ok())
        {
            metadata.insert("www-authenticate", challenge);
        }
        Self::with_details_and_metadata(
            code,
            refusal.message,
            status.encode_to_vec().into(),
            metadata,
        )
    }
}

/// `message` as a detail of a `google.rpc.Status`.
pub(crate) fn any(full_name: &str, message: &impl Message) -> Any {
    Any {
        type_url: format!("type.googleapis.com/{full_name}"),
        value: message.encode_to_vec(),
    }
}

/// What support asks for: the trace of what was refused.
pub(crate) fn request_info(trace: TraceId) -> Any {
    let info = pb::RequestInfo {
        request_id: trace.to_string(),
        ..Default::default()
    };
    any("google.rpc.RequestInfo", &info)
}

fn rfc3339(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map_or_else(String::new, |time| time.to_string())
}

/// A value that a stranger chose, short enough for details and free of control characters.
pub(crate) fn bounded(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .take(64)
        .collect()
}
