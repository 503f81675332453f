//! What an operator sees: log lines now; the identity of every call in [`trace_context`].

use std::path::PathBuf;
use std::sync::Arc;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

pub mod export;
pub mod names;
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

/// Logging that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter does not parse.
    #[error("telemetry.log is not a log filter")]
    Filter,
    /// The file cannot be appended to.
    #[error("telemetry.log_file cannot be appended to")]
    File(#[source] std::io::Error),
}

/// Starts logging as JSON lines, for the rest of the process.
///
/// # Errors
///
/// See [`LogError`]. Logging that has already started is left as it is.
pub fn start_logging(settings: &LogSettings) -> Result<(), LogError> {
    let filter = EnvFilter::try_new(&settings.filter).map_err(|_| LogError::Filter)?;
    let writer = match &settings.file {
        None => BoxMakeWriter::new(std::io::stdout),
        Some(path) => {
            let file = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .map_err(LogError::File)?;
            BoxMakeWriter::new(Arc::new(file))
        }
    };
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_env_filter(filter)
        .with_writer(writer)
        .finish();
    // Only a process that already logs gets here twice: a test.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}
