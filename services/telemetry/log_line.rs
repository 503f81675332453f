//! A log line: one JSON object, with the ids of the call that it belongs to where log tools look for
//! them.
//!
//! `trace_id` is on every line of a call, and is the one that the call's reply carries; `span_id`, of
//! the call's own span, joins it where traces are exported, as only then a span has one.

use std::fmt;

use opentelemetry::trace::SpanContext;
use opentelemetry::{SpanId, TraceId};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{Format, FormatEvent, FormatFields, Json, Writer};
use tracing_subscriber::registry::LookupSpan;

use super::names;
use super::trace_context::CallContext;

/// What a line says of its call.
#[derive(Clone, Copy)]
struct Ids {
    trace: TraceId,
    span: Option<SpanId>,
}

/// Writes log lines.
pub(super) struct LogLine {
    json: Format<Json>,
}

impl LogLine {
    pub(super) fn new() -> Self {
        let json = tracing_subscriber::fmt::format().json();
        Self {
            json: json
                .flatten_event(true)
                .with_current_span(false)
                .with_span_list(false),
        }
    }
}

/// Leaves spans' fields out of log lines: to write them all anew as each is recorded costs a call more
/// than its lines do. A line says what its event says, and its ids lead to the spans.
pub(super) struct NoFields;

impl<'w> FormatFields<'w> for NoFields {
    fn format_fields<R: RecordFields>(&self, _: Writer<'w>, _: R) -> fmt::Result {
        Ok(())
    }
}

impl<S, N> FormatEvent<S, N> for LogLine
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(ids) = CallContext::current(Ids::of) else {
            return self.json.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.json
            .format_event(context, Writer::new(&mut line), event)?;
        // The object is left open for the ids, which are hexadecimal digits and need no escaping.
        let open = line.trim_end().strip_suffix('}').ok_or(fmt::Error)?;
        writeln!(writer, "{open}{ids}}}")
    }
}

impl Ids {
    fn of(call: &CallContext) -> Self {
        Self {
            trace: call.trace_id(),
            span: call.span_context().map(SpanContext::span_id),
        }
    }
}

/// As the last members of an object.
impl fmt::Display for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ",\"{}\":\"{}\"", names::TRACE_ID, self.trace)?;
        if let Some(span) = self.span {
            write!(f, ",\"{}\":\"{span}\"", names::SPAN_ID)?;
        }
        Ok(())
    }
}
