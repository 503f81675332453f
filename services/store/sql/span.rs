//! What operators see of an operation of the store: a span of the call that asked for it.
//!
//! It names the operation and the table, from the list that the code is; never a statement, for
//! values could be in it.

use std::borrow::Cow;

use sqlx::Error;
use tracing::field::Empty;
use tracing::{Span, debug_span, record_all};

use super::Failure;
use crate::store::StoreError;
use crate::telemetry::trace_context::CallContext;

/// What is asked of the store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    /// The engine, as the conventions call it.
    pub(super) system: &'static str,
    /// What is done.
    pub(super) name: &'static str,
    /// The table that it is done to.
    pub(super) table: &'static str,
    /// Both.
    pub(super) summary: &'static str,
}

impl Operation {
    /// The operation's span. What no call has asked for has none: a look for work that is due would
    /// be a trace of its own, every time.
    pub(super) fn span(self) -> Span {
        if Span::current().is_none() && !CallContext::is_current() {
            return Span::none();
        }
        debug_span!(
            "store",
            otel.name = self.summary,
            otel.kind = "client",
            otel.status_code = Empty,
            db.system.name = self.system,
            db.operation.name = self.name,
            db.collection.name = self.table,
            db.query.summary = self.summary,
            db.response.status_code = Empty,
            error.r#type = Empty,
        )
    }
}

/// Says on the current span, which is the operation's, why the engine failed. What it answered to
/// the caller's own mistake is no failure.
pub(super) fn ended<T>(outcome: Result<T, Failure>) -> Result<T, Failure> {
    outcome.inspect_err(|failure| {
        let (code, kind) = match failure {
            Failure::Refused(StoreError::Unavailable) => (None, "unavailable"),
            Failure::Refused(_) | Failure::Engine(Error::RowNotFound) => return,
            Failure::Engine(Error::Database(cause)) => (cause.code(), "database"),
            Failure::Engine(Error::Io(_) | Error::Tls(_)) => (None, "connection"),
            Failure::Engine(Error::PoolTimedOut | Error::PoolClosed) => (None, "pool"),
            Failure::Engine(_) => (None, "_OTHER"),
        };
        let span = Span::current();
        record_all!(
            span,
            db.response.status_code = code.as_deref(),
            error.r#type = code.as_ref().map_or(kind, Cow::as_ref),
            otel.status_code = "ERROR",
        );
    })
}
