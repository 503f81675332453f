//! What operators see of one request to a token endpoint: the span `sts.token`.
//!
//! It holds names from closed sets, numbers and the authority's own ids; no token, secret,
//! assertion, claims or description.

use reqwest::{StatusCode, Version};
use tracing::{Span, field, info_span, record_all, warn};

use super::address::TokenAddress;
use super::refusal::ErrorResponse;
use super::transport::NoAnswer;
use crate::exchange::AnswerSource;
use crate::telemetry::names::http_version;

/// The span of one request; `resend` counts those that went before it for the same purpose.
pub(super) fn span(authority: &str, address: &TokenAddress, resource: &str, resend: u32) -> Span {
    info_span!(
        "sts.token",
        otel.kind = "client",
        otel.status_code = field::Empty,
        http.request.method = "POST",
        http.request.resend_count = (resend > 0).then_some(resend),
        http.response.status_code = field::Empty,
        server.address = address.url.host_str(),
        server.port = address.url.port_or_known_default(),
        // It has no query, user name or password.
        url.full = address.url.as_str(),
        url.template = address.template,
        network.protocol.version = field::Empty,
        error.type = field::Empty,
        selvedge.authority.name = authority,
        selvedge.authority.error = field::Empty,
        selvedge.authority.suberror = field::Empty,
        selvedge.authority.aadsts = field::Empty,
        selvedge.authority.correlation_id = field::Empty,
        // Nobody is asked for what is at hand.
        selvedge.exchange.cache = AnswerSource::Authority.as_str(),
        selvedge.exchange.resource = resource,
    )
}

pub(super) fn status(span: &Span, status: StatusCode, version: Version) {
    let failed = status.is_client_error() || status.is_server_error();
    record_all!(
        span,
        http.response.status_code = status.as_u16(),
        network.protocol.version = http_version(version),
        error.type = failed.then(|| status.as_str()),
        otel.status_code = failed.then_some("ERROR"),
    );
}

pub(super) fn refused(span: &Span, response: &ErrorResponse) {
    record_all!(
        span,
        selvedge.authority.error = response.error,
        selvedge.authority.suberror = response.suberror.as_deref(),
        selvedge.authority.aadsts = response.codes.last(),
        selvedge.authority.correlation_id = response.correlation_id.as_deref(),
    );
}

/// An answer that must not be used is somebody's mistake or worse, and is told as an event too.
pub(super) fn unanswered(span: &Span, authority: &str, reason: NoAnswer) {
    record_all!(
        span,
        error.type = reason.error_type(),
        otel.status_code = "ERROR",
    );
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
