//! Errors in the shape of Fabric's REST API: `errorCode`, `message`, `requestId`, with the code in
//! a header too. Codes are stable, messages are not; no message repeats what the caller sent.

use std::borrow::Cow;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use super::inventory::{Closed, Unaddable};
use crate::random;
use crate::resource::TokenRefusal;

/// The id of a request, for support.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("requestid");
const ERROR_CODE: HeaderName = HeaderName::from_static("x-ms-public-api-error-code");

/// An error of Fabric's.
#[derive(Clone, Debug)]
pub(crate) struct FabricError {
    status: StatusCode,
    code: Cow<'static, str>,
    message: &'static str,
    /// The code and message of a detail.
    detail: Option<(&'static str, &'static str)>,
}

impl FabricError {
    fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self {
            status,
            code: Cow::Borrowed(code),
            message,
            detail: None,
        }
    }

    /// The error that a test or demonstration asked for.
    pub(crate) fn scripted(status: StatusCode, code: String) -> Self {
        Self {
            status,
            code: Cow::Owned(code),
            message: "The request was answered as scripted",
            detail: None,
        }
    }

    pub(super) fn invalid_parameter(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidParameter", message)
    }

    pub(super) fn invalid_input(detail: &'static str) -> Self {
        let mut error = Self::new(
            StatusCode::BAD_REQUEST,
            "InvalidInput",
            "The request has an invalid input",
        );
        error.detail = Some(("InvalidParameter", detail));
        error
    }

    pub(super) fn insufficient_scopes() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "InsufficientScopes",
            "The caller does not have sufficient scopes to perform this operation",
        )
    }

    pub(super) fn insufficient_privileges() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "InsufficientPrivileges",
            "The caller does not have sufficient permissions for this operation",
        )
    }

    pub(super) fn delegated_token_needed() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "PrincipalTypeNotSupported",
            "The operation is not supported for the principal type",
        )
    }

    pub(super) fn not_the_owner() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "InsufficientPrivileges",
            "The calling workload does not own the item's type",
        )
    }

    pub(super) fn no_capacity() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "FeatureNotAvailable",
            "The workspace is on no Fabric capacity",
        )
    }

    pub(super) fn item_not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "ItemNotFound",
            "The requested item was not found",
        )
    }

    pub(super) fn operation_not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "OperationNotFound",
            "The requested operation was not found",
        )
    }

    pub(super) fn operation_has_no_result() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "OperationHasNoResult",
            "The operation has no result",
        )
    }

    pub(super) fn no_such_endpoint() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "EndpointNotFound",
            "The requested endpoint was not found",
        )
    }
}

impl From<TokenRefusal> for FabricError {
    fn from(refusal: TokenRefusal) -> Self {
        let (code, message) = match refusal {
            TokenRefusal::Absent => ("Unauthorized", "The request has no access token"),
            TokenRefusal::Audience => ("InvalidToken", "The access token is for another resource"),
            TokenRefusal::Expired => ("TokenExpired", "The access token has expired"),
            TokenRefusal::Invalid => ("InvalidToken", "The access token is invalid"),
        };
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }
}

impl From<Closed> for FabricError {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Unknown => Self::new(
                StatusCode::NOT_FOUND,
                "WorkspaceNotFound",
                "The requested workspace was not found",
            ),
            Closed::Denied => Self::insufficient_privileges(),
        }
    }
}

impl From<Unaddable> for FabricError {
    fn from(unaddable: Unaddable) -> Self {
        match unaddable {
            Unaddable::NameInUse => Self::new(
                StatusCode::CONFLICT,
                "ItemDisplayNameAlreadyInUse",
                "Requested name is already in use",
            ),
            Unaddable::Full => Self::new(
                StatusCode::FORBIDDEN,
                "WorkspaceItemsLimitExceeded",
                "The workspace has as many items as it can",
            ),
        }
    }
}

impl IntoResponse for FabricError {
    fn into_response(self) -> Response {
        let request_id = random::guid();
        let mut body = json!({
            "errorCode": self.code,
            "message": self.message,
            "requestId": request_id,
        });
        if let (Some((code, message)), Some(members)) = (self.detail, body.as_object_mut()) {
            let details = json!([{ "errorCode": code, "message": message }]);
            members.insert("moreDetails".to_owned(), details);
        }
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        if let Ok(code) = HeaderValue::try_from(self.code.as_ref()) {
            headers.insert(ERROR_CODE, code);
        }
        if let Ok(id) = HeaderValue::try_from(request_id) {
            headers.insert(REQUEST_ID, id);
        }
        // RFC 9110 section 11.6.1: a 401 names a scheme. There is no challenge to satisfy in it.
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
