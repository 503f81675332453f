//! What is found out about a call, on the call's own span: there a query for its trace finds who
//! called, why the call was refused, and what an authority said.

use std::sync::Arc;

use auth_interceptor::{DecidedCall, Observer, Validation};

use super::call_span::Found;
use super::names;
use super::trace_context::CallContext;
use crate::exchange::{
    ExchangeError, ExchangeObserver, ExchangeReport, LongRunningError, LongRunningReport,
};

/// Writes on the span of the call that the task is answering, where there is one.
#[derive(Clone, Copy, Debug)]
pub struct CallFindings;

impl Observer for CallFindings {
    fn decided(&self, decided: &DecidedCall<'_>) {
        CallContext::current(|call| {
            if let Some(span) = call.span() {
                span.decided(decided);
            }
        });
    }

    fn validated(&self, validation: &Validation<'_>) {
        within_call(|found| found.validated(validation));
    }
}

impl ExchangeObserver for CallFindings {
    fn answered(&self, report: &ExchangeReport<'_>) {
        within_call(|found| {
            found.put(names::EXCHANGE_CACHE, report.source.as_str());
            let resource = report.request.scopes.resource().to_owned();
            found.put(names::EXCHANGE_RESOURCE, resource);
        });
        if let Some(error) = report.error {
            self.failed(error);
        }
    }

    fn answered_long_running(&self, report: &LongRunningReport<'_>) {
        within_call(|found| {
            found.put(names::EXCHANGE_CACHE, report.source.as_str());
            let resource = report.scopes.resource().to_owned();
            found.put(names::EXCHANGE_RESOURCE, resource);
        });
        if let Some(LongRunningError::Exchange(error)) = report.error {
            self.failed(error);
        }
    }

    fn failed(&self, error: &ExchangeError) {
        within_call(|found| match error {
            ExchangeError::Refused(refusal) => {
                let owned = |text: Option<&str>| text.map(str::to_owned);
                found.put(names::AUTHORITY_NAME, Arc::clone(&refusal.authority));
                found.put(names::AUTHORITY_ERROR, refusal.error);
                found.put_if(
                    names::AUTHORITY_SUBERROR,
                    owned(refusal.suberror.as_deref()),
                );
                found.put_if(names::AUTHORITY_AADSTS, refusal.code().map(i64::from));
                let correlation_id = owned(refusal.correlation_id.as_deref());
                found.put_if(names::AUTHORITY_CORRELATION_ID, correlation_id);
            }
            ExchangeError::AuthorityUnavailable { authority, .. }
            | ExchangeError::AuthorityTimeout { authority, .. }
            | ExchangeError::AuthorityResponseInvalid { authority } => {
                found.put(names::AUTHORITY_NAME, Arc::clone(authority));
            }
            ExchangeError::AppOnlyUnsupported
            | ExchangeError::ReceiverNotAllowed { .. }
            | ExchangeError::ScopeNotAllowed { .. }
            | ExchangeError::CredentialUnusable { .. }
            | ExchangeError::Overloaded { .. } => {}
        });
    }
}

fn within_call(write: impl FnOnce(&mut Found)) {
    CallContext::current(|call| call.record(write));
}
