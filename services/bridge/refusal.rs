//! A refusal as an HTTP response: the one place where a status becomes a body that is not gRPC's.
//!
//! The body is always JSON, because Fabric's stock front end parses it unseen, in the form that the
//! route's contract states. Headers say the rest: what a client acts on without reading a body.

mod fabric;
mod google;
mod http_status;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use tonic::Status;
use tonic::body::Body;

use crate::config::ErrorCasing;
use crate::control::error_response::error_response;
use crate::refusal::{Details, reason_name};

pub(super) use fabric::{source, spelled};
pub(super) use http_status::http_status;

/// The header that carries a refusal's reason.
pub(super) const REASON: HeaderName = HeaderName::from_static("selvedge-reason");
/// The header that carries the trace id, by which an operator finds the call.
pub(super) const TRACE_ID: HeaderName = HeaderName::from_static("selvedge-trace-id");

/// The JSON form of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `google.rpc.Status`, within a member `error`.
    Status,
    /// Fabric's `ErrorResponse`.
    Fabric(ErrorCasing),
}

/// The refusal that `status` is, in this form.
pub(super) fn response(status: &Status, form: Form) -> Response<Body> {
    let details = Details::of(status);
    let http_status = http_status(status.code(), details.reason, form);
    let body = match form {
        Form::Status => google::body(status, http_status),
        Form::Fabric(casing) => fabric::body(&error_response(status), casing),
    };
    let mut response = Response::new(Body::new(body.to_string()));
    *response.status_mut() = http_status;
    write_headers(response.headers_mut(), status, &details);
    response
}

fn write_headers(headers: &mut HeaderMap, status: &Status, details: &Details) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(reason) = details.reason {
        headers.insert(REASON, HeaderValue::from_static(reason_name(reason)));
    }
    if let Some(seconds) = details.retry_after_seconds() {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    if let Some(id) = &details.request_id
        && let Ok(id) = id.parse()
    {
        headers.insert(TRACE_ID, id);
    }
    let challenge = status.metadata().get(WWW_AUTHENTICATE.as_str());
    if let Some(challenge) = challenge
        && let Ok(challenge) = HeaderValue::from_bytes(challenge.as_encoded_bytes())
    {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
}

#[cfg(test)]
mod tests;
