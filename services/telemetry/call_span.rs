//! What was decided about a call, on the call's own span: there a query for its trace finds who
//! called, and why the call was refused.

use auth_interceptor::{AuthError, Claims, DecidedCall, Observer, Validation};
use tracing::{Span, field};

use super::names;
use super::trace_context::CallContext;
use crate::exchange::{ExchangeObserver, ExchangeReport};

/// Writes on the span of the call that the task is answering, where there is one.
#[derive(Clone, Copy, Debug)]
pub struct CallSpan;

impl Observer for CallSpan {
    fn decided(&self, decided: &DecidedCall<'_>) {
        let Some(span) = current() else { return };
        span.record(names::AUTH_OUTCOME, decided.outcome().as_str());
        span.record(names::TOKEN_KIND, decided.token_kind());
        span.record(names::AUTH_REASON, decided.error().map(AuthError::reason));
        if let Some(claims) = decided.claims() {
            whose(&span, claims);
        }
    }

    fn validated(&self, validation: &Validation<'_>) {
        let Some(span) = current() else { return };
        let age = validation.keys_age.map(|age| age.as_secs());
        span.record(names::JWKS_AGE, age);
        span.record(names::JWKS_SOURCE, validation.keys.as_str());
    }
}

impl ExchangeObserver for CallSpan {
    fn answered(&self, report: &ExchangeReport<'_>) {
        if let Some(span) = current() {
            span.record(names::EXCHANGE_CACHE, report.source.as_str());
        }
    }
}

fn current() -> Option<Span> {
    CallContext::current(|call| call.span().clone())
}

fn whose(span: &Span, claims: &Claims) {
    span.record(names::TENANT_ID, field::display(claims.tenant()));
    span.record(names::CLIENT_APP_ID, claims.client().as_str());
}
