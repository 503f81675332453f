//! What operators see of one request to a token endpoint: the span `sts.token`.
//!
//! It holds names from closed sets, numbers and the authority's own ids; no token, secret,
//! assertion, claims or description.

use reqwest::StatusCode;
use tracing::{Span, field, info_span, warn};

use super::address::TokenAddress;
use super::refusal::ErrorResponse;
use super::transport::NoAnswer;

/// The span of one request; `resend` counts those that went before it for the same purpose.
pub(super) fn span(authority: &str, address: &TokenAddress, resend: u32) -> Span {
    let span = info_span!(
        "sts.token",
        otel.kind = "client",
        http.request.method = "POST",
        http.request.resend_count = field::Empty,
        http.response.status_code = field::Empty,
        server.address = address.url.host_str(),
        server.port = address.url.port_or_known_default(),
        url.template = address.template,
        error.type = field::Empty,
        selvedge.authority.name = authority,
        selvedge.authority.error = field::Empty,
        selvedge.authority.suberror = field::Empty,
        selvedge.authority.aadsts = field::Empty,
        selvedge.authority.correlation_id = field::Empty,
    );
    if resend > 0 {
        span.record("http.request.resend_count", resend);
    }
    span
}

pub(super) fn status(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_client_error() || status.is_server_error() {
        span.record("error.type", status.as_str());
    }
}

pub(super) fn refused(span: &Span, response: &ErrorResponse) {
    span.record("selvedge.authority.error", response.error);
    span.record("selvedge.authority.suberror", response.suberror.as_deref());
    span.record("selvedge.authority.aadsts", response.codes.last());
    span.record(
        "selvedge.authority.correlation_id",
        response.correlation_id.as_deref(),
    );
}

/// An answer that must not be used is somebody's mistake or worse, and is told as an event too.
pub(super) fn unanswered(span: &Span, authority: &str, reason: NoAnswer) {
    span.record("error.type", reason.error_type());
    if let NoAnswer::Unusable(defect) = reason {
        warn!(
            name: "authority_answer_refused",
            parent: span,
            {
                selvedge.authority.name = authority,
                error.type = defect.error_type()
            },
            "the authority's answer is refused: {defect}",
        );
    }
}

/// The token endpoint's own address cannot be found out.
pub(super) fn undiscovered(authority: &str, reason: NoAnswer) {
    warn!(
        name: "authority_undiscovered",
        {
            selvedge.authority.name = authority,
            error.type = reason.error_type()
        },
        "the authority's discovery document cannot be used",
    );
}
