//! What an operator sees: log lines, traces in a collector or a file, and [`metrics`]. The identity
//! of every call is made in [`trace_context`]; what telemetry is called is in [`names`].
//!
//! A call's own span is plain values until it leaves (`call_span`). The spans below it, of which most
//! calls have none, are `tracing`'s.

use std::path::PathBuf;
use std::sync::Arc;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry};

use self::call_events::CallEvents;
use self::export::{Export, ExportError, ExportSettings, Spans};
use self::log_line::{LogLine, NoFields};

pub mod audit;
mod call_events;
pub mod call_findings;
mod call_span;
pub mod collector;
pub mod export;
pub mod identity;
pub mod instruments;
pub mod job_runs;
mod log_line;
pub mod metrics;
pub mod names;
pub mod observers;
mod otlp;
pub mod propagation;
pub mod trace_context;

/// What is logged, and where to.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// A filter in `tracing-subscriber`'s directive syntax, for example `info` or `selvedge=debug`.
    /// `trace` includes dependencies.
    pub filter: String,
    /// The file that lines are appended to; none: standard output.
    pub file: Option<PathBuf>,
}

/// Telemetry that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter does not parse.
    #[error("telemetry.log is not a log filter")]
    Filter,
    /// The file cannot be appended to.
    #[error("telemetry.log_file cannot be appended to")]
    File(#[source] std::io::Error),
    /// Traces cannot be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
}

/// Telemetry that runs.
#[derive(Debug)]
#[must_use = "the last spans are sent when it ends"]
pub struct Telemetry {
    export: Option<Export>,
}

impl Telemetry {
    /// Starts logging as JSON lines, for the rest of the process, and the export of traces, if
    /// settings say where to.
    ///
    /// # Errors
    ///
    /// See [`TelemetryError`]. Logging that has already started is left as it is.
    pub fn start(
        log: &LogSettings,
        export: Option<&ExportSettings>,
    ) -> Result<Self, TelemetryError> {
        let filter = EnvFilter::try_new(&log.filter).map_err(|_| TelemetryError::Filter)?;
        let lines = tracing_subscriber::fmt::layer()
            .event_format(LogLine::new())
            .fmt_fields(NoFields)
            .with_writer(writer(log)?)
            .with_filter(filter);
        let export = export.map(Export::start).transpose()?;
        let spans = export.as_ref().map(|export| {
            tracing_opentelemetry::layer()
                .with_tracer(export.tracer())
                // Whether a span has failed is said where that is known; an event does not say it.
                .with_error_events_to_status(false)
                .with_error_events_to_exceptions(false)
                .with_error_fields_to_exceptions(false)
                .with_error_records_to_exceptions(false)
                .with_location(false)
                .with_threads(false)
                .with_target(false)
                .with_level(false)
                .with_tracked_inactivity(false)
                .with_context_activation(false)
                .with_filter(exported())
        });
        let events = export.as_ref().map(|_| CallEvents.with_filter(exported()));
        let subscriber = Registry::default().with(spans).with(events).with(lines);
        // Only a process that already logs gets here twice: a test.
        let _ = tracing::subscriber::set_global_default(subscriber);
        Ok(Self { export })
    }

    /// Where the spans of calls are left, and what becomes of them; nowhere, where there is no export.
    #[must_use]
    pub fn spans(&self) -> Spans {
        self.export
            .as_ref()
            .map_or_else(Spans::default, |export| export.spans().clone())
    }

    /// Sends the last spans.
    pub async fn end(self) {
        if let Some(export) = self.export {
            export.end().await;
        }
    }
}

/// The spans and events that are exported: ours alone, whatever is logged. An exporter speaks HTTP
/// too; if what that leaves in traces were exported, every export would cause the next.
///
/// Spans that are made in every call are of level DEBUG, so that they cost nothing where they are
/// only logged. Events of that level say nothing that a span does not.
fn exported() -> FilterFn {
    fn is_exported(metadata: &Metadata<'_>) -> bool {
        let mut path = metadata.target().split("::");
        let is_ours = matches!(path.next(), Some("selvedge" | "auth_interceptor"));
        let level = if metadata.is_span() {
            Level::DEBUG
        } else {
            Level::INFO
        };
        is_ours && *metadata.level() <= level
    }
    filter_fn(is_exported as fn(&Metadata<'_>) -> bool).with_max_level_hint(Level::DEBUG)
}

fn writer(log: &LogSettings) -> Result<BoxMakeWriter, TelemetryError> {
    let Some(path) = &log.file else {
        return Ok(BoxMakeWriter::new(std::io::stdout));
    };
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(TelemetryError::File)?;
    Ok(BoxMakeWriter::new(Arc::new(file)))
}
