//! Entries to a collector, as OTLP log records of named events.
//!
//! As with spans, what waits is bounded, nobody waits for a collector, and what it does not get is
//! counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use opentelemetry::InstrumentationScope;
use opentelemetry::logs::{LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry_otlp::{
    Compression, LogExporter, Protocol, WithExportConfig as _, WithHttpConfig as _,
    WithTonicConfig as _, tonic_types::transport::ClientTlsConfig,
};
use opentelemetry_sdk::logs::{
    LogBatch, LogExporter as _, SdkLogRecord, SdkLogger, SdkLoggerProvider,
};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::entry::Value;
use super::{AuditError, Entry};
use crate::telemetry::export::{CollectorSettings, OtlpProtocol, resource, scope};

/// The entries that wait at most.
const CAPACITY: usize = 4096;
/// The entries of one request.
const BATCH: usize = 512;
/// How long an entry waits for others to be sent with.
const GATHERING: Duration = Duration::from_secs(1);
/// How long a collector may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one batch may take, with the exporter's own retries.
const SENDING: Duration = Duration::from_secs(15);

/// Where entries are put.
#[derive(Clone, Debug)]
pub(super) struct Collector {
    queue: mpsc::Sender<Option<Entry>>,
    dropped: Arc<AtomicU64>,
}

/// The task that sends them.
#[derive(Debug)]
pub(super) struct Sending {
    queue: mpsc::Sender<Option<Entry>>,
    task: JoinHandle<()>,
}

impl Collector {
    pub(super) fn start(settings: &CollectorSettings) -> Result<(Self, Sending), AuditError> {
        let resource = resource();
        let mut exporter = exporter(settings)?;
        exporter.set_resource(&resource);
        let scope = scope();
        let provider = SdkLoggerProvider::builder().with_resource(resource).build();
        let (queue, queued) = mpsc::channel(CAPACITY);
        let dropped = Arc::new(AtomicU64::new(0));
        let sender = Sender {
            exporter,
            logger: provider.logger_with_scope(scope.clone()),
            scope,
            dropped: Arc::clone(&dropped),
        };
        let task = tokio::spawn(sender.run(queued));
        let sending = Sending {
            queue: queue.clone(),
            task,
        };
        Ok((Self { queue, dropped }, sending))
    }

    pub(super) fn offer(&self, entry: Entry) {
        if self.queue.try_send(Some(entry)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Sending {
    /// Sends what waits.
    pub(super) async fn end(self) {
        // Refused only by a task that has ended.
        let _ = self.queue.send(None).await;
        let _ = self.task.await;
    }
}

struct Sender {
    exporter: LogExporter,
    logger: SdkLogger,
    scope: InstrumentationScope,
    dropped: Arc<AtomicU64>,
}

impl Sender {
    async fn run(self, mut queued: mpsc::Receiver<Option<Entry>>) {
        let mut is_failing = false;
        let mut batch = Vec::with_capacity(BATCH);
        while gather(&mut queued, &mut batch).await {
            let entries: Vec<_> = batch.drain(..).flatten().collect();
            if entries.is_empty() {
                continue;
            }
            let is_lost = !self.send(&entries).await;
            if is_lost {
                self.dropped
                    .fetch_add(entries.len() as u64, Ordering::Relaxed);
            }
            if is_lost != is_failing {
                is_failing = is_lost;
                report(is_failing);
            }
        }
        // The connection ends with the process.
        let _ = self.exporter.shutdown();
    }

    async fn send(&self, entries: &[Entry]) -> bool {
        let records: Vec<_> = entries.iter().map(|entry| self.record(entry)).collect();
        let scoped: Vec<_> = records.iter().map(|record| (record, &self.scope)).collect();
        let sending = self.exporter.export(LogBatch::new(&scoped));
        matches!(tokio::time::timeout(SENDING, sending).await, Ok(Ok(())))
    }

    fn record(&self, entry: &Entry) -> SdkLogRecord {
        let mut record = self.logger.create_log_record();
        let time = UNIX_EPOCH + entry.since_epoch();
        record.set_event_name(entry.event().full_name());
        record.set_timestamp(time);
        record.set_observed_timestamp(time);
        record.set_severity_number(Severity::Info);
        record.set_severity_text("INFO");
        entry.each(&mut |key, value| match value {
            Value::Text(text) => record.add_attribute(key, text.to_owned()),
            Value::Number(number) => record.add_attribute(key, number),
        });
        if let Some(call) = entry.call() {
            record.set_trace_context(call.trace, call.span, Some(call.flags));
        }
        record
    }
}

/// Takes what waits, with what comes within [`GATHERING`] of the first; false once there is nothing
/// to come.
async fn gather(
    queued: &mut mpsc::Receiver<Option<Entry>>,
    batch: &mut Vec<Option<Entry>>,
) -> bool {
    if queued.recv_many(batch, BATCH).await == 0 {
        return false;
    }
    let rest = async {
        // The end is an entry that is none: what came before it leaves at once.
        while batch.len() < BATCH && batch.iter().all(Option::is_some) {
            let room = BATCH - batch.len();
            if queued.recv_many(batch, room).await == 0 {
                break;
            }
        }
    };
    // What came in time is in the batch all the same.
    let _ = tokio::time::timeout(GATHERING, rest).await;
    if batch.iter().any(Option::is_none) {
        queued.close();
    }
    true
}

fn exporter(settings: &CollectorSettings) -> Result<LogExporter, AuditError> {
    let endpoint = settings.endpoint.trim_end_matches('/');
    let exporter = match settings.protocol {
        OtlpProtocol::Grpc => {
            let builder = LogExporter::builder()
                .with_tonic()
                .with_endpoint(endpoint)
                .with_timeout(ANSWER_TIMEOUT)
                .with_compression(Compression::Gzip);
            if endpoint.starts_with("https:") {
                let tls = ClientTlsConfig::new().with_enabled_roots();
                builder.with_tls_config(tls).build()?
            } else {
                builder.build()?
            }
        }
        OtlpProtocol::Http => LogExporter::builder()
            .with_http()
            .with_http_client(reqwest::Client::builder().timeout(ANSWER_TIMEOUT).build()?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{endpoint}/v1/logs"))
            .with_timeout(ANSWER_TIMEOUT)
            .build()?,
    };
    Ok(exporter)
}

fn report(is_failing: bool) {
    if is_failing {
        tracing::warn!("the collector does not take audit entries");
    } else {
        tracing::info!("the collector takes audit entries again");
    }
}
