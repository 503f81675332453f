//! What was decided about a call, on the call's own span: there a query for its trace finds who
//! called, why the call was refused, and what an authority said.

use std::sync::Arc;

use auth_interceptor::{AuthError, DecidedCall, Observer, TokenRole, Validation};
use tracing::{Span, record_all};

use super::identity::UserIdentity;
use super::trace_context::CallContext;
use crate::exchange::{
    ExchangeError, ExchangeObserver, ExchangeReport, LongRunningError, LongRunningReport,
};

/// Writes on the span of the call that the task is answering, where there is one.
#[derive(Clone, Debug)]
pub struct CallSpan {
    users: Arc<UserIdentity>,
}

impl CallSpan {
    /// Names users by `users`.
    #[must_use]
    pub fn new(users: Arc<UserIdentity>) -> Self {
        Self { users }
    }
}

impl Observer for CallSpan {
    fn decided(&self, decided: &DecidedCall<'_>) {
        within_call(|span| {
            record_all!(
                span,
                selvedge.auth.outcome = decided.outcome().as_str(),
                selvedge.auth.reason = decided.error().map(AuthError::reason),
                selvedge.tenant.id = decided.tenant().map(display),
                selvedge.client_app.id = decided.client(),
                selvedge.token.version = decided.token_version(),
                selvedge.token.kind = decided.token_kind(),
                selvedge.token.role = decided.token_role().map(TokenRole::as_str),
                selvedge.token.uti = decided.token_id().map(display),
                selvedge.jwks.age_s = decided.keys_age().map(|age| age.as_secs()),
            );
            if let Some(user) = decided.claims().and_then(|claims| self.users.of(claims)) {
                span.record(user.key, &*user.value);
            }
        });
    }

    fn validated(&self, validation: &Validation<'_>) {
        within_call(|span| {
            record_all!(
                span,
                selvedge.jwks.age_s = validation.keys_age.map(|age| age.as_secs()),
                selvedge.jwks.source = validation.keys.as_str(),
                selvedge.verdict_cache = if validation.is_remembered {
                    "hit"
                } else {
                    "miss"
                },
            );
        });
    }
}

impl ExchangeObserver for CallSpan {
    fn answered(&self, report: &ExchangeReport<'_>) {
        within_call(|span| {
            record_all!(
                span,
                selvedge.exchange.cache = report.source.as_str(),
                selvedge.exchange.resource = report.request.scopes.resource(),
            );
        });
        if let Some(error) = report.error {
            self.failed(error);
        }
    }

    fn answered_long_running(&self, report: &LongRunningReport<'_>) {
        within_call(|span| {
            record_all!(
                span,
                selvedge.exchange.cache = report.source.as_str(),
                selvedge.exchange.resource = report.scopes.resource(),
            );
        });
        if let Some(LongRunningError::Exchange(error)) = report.error {
            self.failed(error);
        }
    }

    fn failed(&self, error: &ExchangeError) {
        within_call(|span| match error {
            ExchangeError::Refused(refusal) => record_all!(
                span,
                selvedge.authority.name = &*refusal.authority,
                selvedge.authority.error = refusal.error,
                selvedge.authority.suberror = refusal.suberror.as_deref(),
                selvedge.authority.aadsts = refusal.code(),
                selvedge.authority.correlation_id = refusal.correlation_id.as_deref(),
            ),
            ExchangeError::AuthorityUnavailable { authority, .. }
            | ExchangeError::AuthorityTimeout { authority, .. }
            | ExchangeError::AuthorityResponseInvalid { authority } => {
                record_all!(span, selvedge.authority.name = &**authority);
            }
            ExchangeError::AppOnlyUnsupported
            | ExchangeError::ReceiverNotAllowed { .. }
            | ExchangeError::ScopeNotAllowed { .. }
            | ExchangeError::CredentialUnusable { .. }
            | ExchangeError::Overloaded { .. } => {}
        });
    }
}

fn within_call(record: impl FnOnce(&Span)) {
    CallContext::current(|call| {
        if !call.span().is_disabled() {
            record(call.span());
        }
    });
}
