//! The HTTP status of a refusal: the one of its code, unless its reason has one that says more.

use http::StatusCode;
use tonic::Code;

use super::Form;
use crate::refusal::Reason;

/// The status of a refusal with this code, for this reason, in this form.
pub(in crate::bridge) fn http_status(code: Code, reason: Option<Reason>, form: Form) -> StatusCode {
    match reason {
        // The request itself is malformed, so a new token would not help.
        Some(Reason::AuthHeaderMalformed | Reason::AuthHeaderDuplicated) => StatusCode::BAD_REQUEST,
        Some(Reason::TokenTooLarge) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        Some(Reason::MethodNotFound) => StatusCode::NOT_FOUND,
        Some(Reason::PayloadTooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        Some(Reason::PayloadEncodingUnsupported) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Some(Reason::JobStateConflict) => StatusCode::CONFLICT,
        Some(Reason::StoreFull) => StatusCode::INSUFFICIENT_STORAGE,
        Some(Reason::AuthorityResponseInvalid | Reason::DownstreamResponseInvalid) => {
            StatusCode::BAD_GATEWAY
        }
        // Fabric's front ends look for `AuthUIRequired` behind this status alone.
        Some(Reason::ConsentRequired) if matches!(form, Form::Fabric(_)) => {
            StatusCode::UNAUTHORIZED
        }
        _ => of_code(code),
    }
}

/// The status that `google/rpc/code.proto` gives each code.
fn of_code(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => {
            StatusCode::BAD_REQUEST
        }
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        // 499, which has no name: the client has closed the request.
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
