//! Errors in the shape of Azure Data Lake Storage: `{"error":{"code","message"}}`, with the code in
//! a header too. No message repeats what the caller sent.

use std::borrow::Cow;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use super::disk::Unwritable;
use super::tree::Conflict;
use crate::fabric::inventory::Closed;
use crate::resource::TokenRefusal;

const ERROR_CODE: HeaderName = HeaderName::from_static("x-ms-error-code");

/// An error of OneLake's.
#[derive(Clone, Debug)]
pub(crate) struct OneLakeError {
    status: StatusCode,
    code: Cow<'static, str>,
    message: &'static str,
    /// How long the file is whose range was asked for.
    length: Option<u64>,
}

impl OneLakeError {
    fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self {
            status,
            code: Cow::Borrowed(code),
            message,
            length: None,
        }
    }

    fn bad_request(code: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// The error that a test or demonstration asked for.
    pub(crate) fn scripted(status: StatusCode, code: String) -> Self {
        Self {
            status,
            code: Cow::Owned(code),
            message: "The request was answered as scripted.",
            length: None,
        }
    }

    pub(super) fn invalid_uri() -> Self {
        Self::bad_request("InvalidUri", "The request URI is invalid.")
    }

    pub(super) fn filesystem_not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "FilesystemNotFound",
            "The specified filesystem does not exist.",
        )
    }

    pub(super) fn path_not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "PathNotFound",
            "The specified path does not exist.",
        )
    }

    pub(super) fn not_permitted() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "AuthorizationPermissionMismatch",
            "The caller is not authorized to perform this operation.",
        )
    }

    pub(super) fn missing_parameter() -> Self {
        Self::bad_request(
            "MissingRequiredQueryParameter",
            "A query parameter that is mandatory for this request is not specified.",
        )
    }

    pub(super) fn invalid_parameter() -> Self {
        Self::bad_request(
            "InvalidQueryParameterValue",
            "The value of a query parameter is invalid.",
        )
    }

    pub(super) fn unsupported_parameter() -> Self {
        Self::bad_request(
            "UnsupportedQueryParameter",
            "A query parameter asks for what is not supported.",
        )
    }

    pub(super) fn unsupported_header() -> Self {
        Self::bad_request(
            "UnsupportedHeader",
            "A header of the request asks for what is not supported.",
        )
    }

    pub(super) fn unsupported_verb() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "UnsupportedHttpVerb",
            "The resource does not support the HTTP verb.",
        )
    }

    pub(super) fn length_required() -> Self {
        Self::new(
            StatusCode::LENGTH_REQUIRED,
            "MissingContentLengthHeader",
            "The Content-Length header was not specified.",
        )
    }

    pub(super) fn body_not_empty() -> Self {
        Self::bad_request(
            "ContentLengthMustBeZero",
            "The Content-Length request header must be zero.",
        )
    }

    pub(super) fn body_too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestBodyTooLarge",
            "The request body is too large and exceeds the maximum permissible limit.",
        )
    }

    pub(super) fn append_position() -> Self {
        Self::bad_request(
            "InvalidAppendPosition",
            "The position is not where the appended data ends.",
        )
    }

    pub(super) fn flush_position() -> Self {
        Self::bad_request(
            "InvalidFlushPosition",
            "The position is not equal to the length of the file after appending the data.",
        )
    }

    pub(super) fn invalid_range(length: u64) -> Self {
        let mut error = Self::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "InvalidRange",
            "The range specified is invalid for the current size of the resource.",
        );
        error.length = Some(length);
        error
    }

    pub(super) fn not_a_file() -> Self {
        Conflict::NotAFile.into()
    }

    pub(super) fn aborted() -> Self {
        Self::bad_request(
            "IncompleteBody",
            "The request body ended before its announced length.",
        )
    }
}

impl From<TokenRefusal> for OneLakeError {
    fn from(refusal: TokenRefusal) -> Self {
        let (code, message) = match refusal {
            TokenRefusal::Absent => (
                "NoAuthenticationInformation",
                "Server failed to authenticate the request: there is no access token.",
            ),
            TokenRefusal::Audience => (
                "InvalidAuthenticationInfo",
                "Server failed to authenticate the request: the audience is another resource.",
            ),
            TokenRefusal::Expired => (
                "InvalidAuthenticationInfo",
                "Server failed to authenticate the request: the lifetime is over.",
            ),
            TokenRefusal::Invalid => (
                "InvalidAuthenticationInfo",
                "Server failed to authenticate the request: the signature or issuer is wrong.",
            ),
        };
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }
}

impl From<Closed> for OneLakeError {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Unknown => Self::filesystem_not_found(),
            Closed::Denied => Self::not_permitted(),
        }
    }
}

impl From<Conflict> for OneLakeError {
    fn from(conflict: Conflict) -> Self {
        let (status, code, message) = match conflict {
            Conflict::Absent => return Self::path_not_found(),
            Conflict::Exists => (
                StatusCode::CONFLICT,
                "PathAlreadyExists",
                "The specified path already exists.",
            ),
            Conflict::Changed => (
                StatusCode::PRECONDITION_FAILED,
                "ConditionNotMet",
                "The condition specified using HTTP conditional header(s) is not met.",
            ),
            Conflict::Managed => (
                StatusCode::FORBIDDEN,
                "OperationNotAllowedOnManagedFolder",
                "The item's own folders cannot be created or deleted.",
            ),
            Conflict::NotAFile => (
                StatusCode::CONFLICT,
                "ResourceTypeMismatch",
                "The specified path is a directory.",
            ),
            Conflict::NotAFolder => (
                StatusCode::CONFLICT,
                "PathConflict",
                "The specified path, or an element of it, exists and is a file.",
            ),
            Conflict::NotEmpty => (
                StatusCode::CONFLICT,
                "DirectoryNotEmpty",
                "The recursive query parameter must be true to delete a non-empty directory.",
            ),
            Conflict::Full => (
                StatusCode::INSUFFICIENT_STORAGE,
                "InsufficientStorage",
                "The emulator keeps no more paths.",
            ),
        };
        Self::new(status, code, message)
    }
}

impl From<Unwritable> for OneLakeError {
    fn from(unwritable: Unwritable) -> Self {
        match unwritable {
            Unwritable::Full => Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "InsufficientStorage",
                "The emulator keeps no more bytes.",
            ),
            Unwritable::Failed => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalError",
                "The server encountered an internal error.",
            ),
        }
    }
}

impl IntoResponse for OneLakeError {
    fn into_response(self) -> Response {
        let body = json!({ "error": { "code": self.code, "message": self.message } });
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        if let Ok(code) = HeaderValue::try_from(self.code.as_ref()) {
            headers.insert(ERROR_CODE, code);
        }
        if let Some(length) = self.length
            && let Ok(range) = HeaderValue::try_from(format!("bytes */{length}"))
        {
            headers.insert(header::CONTENT_RANGE, range);
        }
        // RFC 9110 section 11.6.1: a 401 names a scheme. There is no challenge to satisfy in it.
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
