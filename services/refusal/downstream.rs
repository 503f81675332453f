//! Refusals of Fabric and OneLake.

use auth_interceptor::Challenge;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{AuthChallenge, Reason, Refusal};
use crate::downstream::{DownstreamError, FailedCall};

impl From<DownstreamError> for Refusal {
    fn from(error: DownstreamError) -> Self {
        let message = error.to_string();
        let refuse = |reason, call: &FailedCall| Self::new(reason, message.clone()).about(call);
        match &error {
            DownstreamError::Exchange(error) => error.clone().into(),
            DownstreamError::LongRunning(error) => error.clone().into(),
            DownstreamError::ClaimsChallenge { call, claims } => {
                let mut refusal =
                    refuse(Reason::DownstreamClaimsChallenge, call).with_challenge(AuthChallenge {
                        claims_for_conditional_access_policy: claims.as_str().to_owned(),
                        retryable: true,
                        ..Default::default()
                    });
                refusal.www_authenticate = Some(
                    Challenge::bearer("")
                        .with("error", "insufficient_claims")
                        .with("claims", &STANDARD.encode(claims.as_str()))
                        .into_text(),
                );
                refusal
            }
            DownstreamError::Unauthorized(call) => refuse(Reason::DownstreamUnauthorized, call),
            DownstreamError::Forbidden(call) => refuse(Reason::DownstreamForbidden, call),
            DownstreamError::NotFound(call) => refuse(Reason::ResourceNotFound, call),
            DownstreamError::ItemPermissionDenied { item_id } => {
                Self::new(Reason::ItemPermissionDenied, message).with_metadata("itemId", item_id)
            }
            DownstreamError::Throttled { call, retry_after } => {
                refuse(Reason::DownstreamThrottled, call)
                    .with_metadata("retryAfterS", retry_after.as_secs())
                    .retry_after(*retry_after)
            }
            DownstreamError::Unavailable { call, retry_after } => {
                refuse(Reason::DownstreamUnavailable, call).retry_after(*retry_after)
            }
            DownstreamError::Rejected(call) | DownstreamError::Overtaken(call) => {
                refuse(Reason::DownstreamRejected, call)
            }
            DownstreamError::ResponseInvalid(call) => {
                refuse(Reason::DownstreamResponseInvalid, call)
            }
            DownstreamError::OperationFailed { call, operation_id } => {
                refuse(Reason::DownstreamOperationFailed, call)
                    .with_metadata("operationId", operation_id)
            }
            DownstreamError::OperationPending { operation_id } => {
                Self::new(Reason::DeadlineExceeded, message)
                    .with_metadata("operationId", operation_id)
            }
        }
    }
}

impl Refusal {
    fn about(mut self, call: &FailedCall) -> Self {
        self = self.with_metadata("resource", call.resource);
        for (key, value) in [
            ("errorCode", &call.error_code),
            ("downstreamRequestId", &call.request_id),
        ] {
            if let Some(value) = value {
                self = self.with_metadata(key, value);
            }
        }
        self
    }
}
