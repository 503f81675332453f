//! A span that has ended and may leave.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::trace::{SpanId, Status, TraceId};
use opentelemetry_sdk::trace::SpanData;

use crate::telemetry::names;

/// See the module. A clone is cheap.
#[derive(Clone, Debug)]
pub(super) enum Ended {
    /// That of a call.
    Call(EndedCall),
    /// One that the SDK has recorded.
    Recorded(Arc<SpanData>),
}

/// A call that has ended. Its span is made where it leaves: two dozen pieces of memory, which to make
/// in one thread and to free in another would cost the allocator, and so every call, more than the span.
#[derive(Clone)]
pub(in crate::telemetry) struct EndedCall {
    /// Under which trace it was.
    pub(in crate::telemetry) trace: TraceId,
    pub(in crate::telemetry) failed: bool,
    pub(in crate::telemetry) ended: SystemTime,
    /// What it has to say.
    pub(in crate::telemetry) span: Arc<dyn Fn() -> SpanData + Send + Sync>,
}

impl Ended {
    pub(super) fn trace(&self) -> TraceId {
        match self {
            Self::Call(call) => call.trace,
            Self::Recorded(span) => span.span_context.trace_id(),
        }
    }

    pub(super) fn time(&self) -> SystemTime {
        match self {
            Self::Call(call) => call.ended,
            Self::Recorded(span) => span.end_time,
        }
    }

    /// Whether it has no parent in this process.
    pub(super) fn is_call(&self) -> bool {
        match self {
            Self::Call(_) => true,
            Self::Recorded(span) => {
                span.parent_span_id == SpanId::INVALID || span.parent_span_is_remote
            }
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        match self {
            Self::Call(call) => call.failed,
            Self::Recorded(span) => {
                let mut keys = span.attributes.iter().map(|one| one.key.as_str());
                matches!(span.status, Status::Error { .. })
                    || keys.any(|key| key == names::ERROR_TYPE)
            }
        }
    }

    pub(super) fn into_span(self) -> SpanData {
        match self {
            Self::Call(call) => (call.span)(),
            Self::Recorded(span) => Arc::unwrap_or_clone(span),
        }
    }
}

impl From<SpanData> for Ended {
    fn from(span: SpanData) -> Self {
        Self::Recorded(Arc::new(span))
    }
}

impl fmt::Debug for EndedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndedCall")
            .field("trace", &self.trace)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
