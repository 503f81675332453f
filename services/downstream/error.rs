//! Why a downstream call fails.

use std::time::Duration;

use crate::exchange::{ClaimsRequest, ExchangeError, LongRunningError};

/// Why a downstream call fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DownstreamError {
    /// There is no token to call with.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// Work that outlives its call has no token to call with.
    #[error(transparent)]
    LongRunning(LongRunningError),
    /// The API demands more of the user's sign-in.
    #[error("the downstream API demands more of the user's sign-in")]
    ClaimsChallenge {
        /// The call.
        call: FailedCall,
        /// The claims request, byte for byte, at most 8 KiB.
        claims: ClaimsRequest,
    },
    /// The API rejects a token that was exchanged for it a moment ago.
    #[error("the downstream API rejects the exchanged token")]
    Unauthorized(FailedCall),
    /// The API does not let this user do that.
    #[error("the downstream API does not let the user do that")]
    Forbidden(FailedCall),
    /// What the call is about does not exist, or not for this user.
    #[error("the downstream API knows no such thing")]
    NotFound(FailedCall),
    /// Fabric does not confirm the item permissions that the method needs.
    #[error("the item permissions are not confirmed")]
    ItemPermissionDenied {
        /// The item.
        item_id: uuid::Uuid,
    },
    /// The API asks for a pause.
    #[error("the downstream API asks for a pause")]
    Throttled {
        /// The call.
        call: FailedCall,
        /// How long.
        retry_after: Duration,
    },
    /// The API cannot be reached, does not answer in time, or fails.
    #[error("the downstream API is unavailable")]
    Unavailable {
        /// The call.
        call: FailedCall,
        /// When to try again.
        retry_after: Duration,
    },
    /// The API refuses the request as it is.
    #[error("the downstream API refuses the request")]
    Rejected(FailedCall),
    /// Somebody else has written in the meantime what the call was to write.
    #[error("somebody else has written the file in the meantime")]
    Overtaken(FailedCall),
    /// The API's answer makes no sense.
    #[error("the downstream API's answer makes no sense")]
    ResponseInvalid(FailedCall),
    /// A long-running operation ended in failure.
    #[error("the downstream API did not finish the operation")]
    OperationFailed {
        /// The call, with the operation's error code.
        call: FailedCall,
        /// The operation.
        operation_id: uuid::Uuid,
    },
    /// A long-running operation needs more time than the call has.
    #[error("the operation needs more time than the call has")]
    OperationPending {
        /// The operation, which goes on.
        operation_id: uuid::Uuid,
    },
}

/// What is known of a downstream call that failed, for its caller and for support.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCall {
    /// The resource that was called, as scopes name it.
    pub resource: &'static str,
    /// The API's own error code: at most 64 letters, digits, `-`, `_` and `.`.
    pub error_code: Option<Box<str>>,
    /// The API's id of the request, for support: as bounded.
    pub request_id: Option<Box<str>>,
}

impl From<LongRunningError> for DownstreamError {
    fn from(error: LongRunningError) -> Self {
        match error {
            LongRunningError::Exchange(error) => Self::Exchange(error),
            other => Self::LongRunning(other),
        }
    }
}
