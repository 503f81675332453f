//! Entries to a collector, as OTLP log records of named events.
//!
//! As with spans, what waits is bounded, nobody waits for a collector, and what it does not get is
//! counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::trace::SpanId;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyKind;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Entry;
use super::entry::Value;
use crate::telemetry::collector::{Collector, CollectorError, CollectorSettings};
use crate::telemetry::{names, otlp};

/// The entries that wait at most.
const CAPACITY: usize = 4096;
/// The entries of one request.
const BATCH: usize = 512;
/// How long an entry waits for others to be sent with.
const GATHERING: Duration = Duration::from_secs(1);
/// How long one batch may take, however often that is tried.
const SENDING: Duration = Duration::from_secs(15);

/// Where entries are put.
#[derive(Clone, Debug)]
pub(super) struct AuditCollector {
    queue: mpsc::Sender<Option<Entry>>,
    dropped: Arc<AtomicU64>,
}

/// The task that sends them.
#[derive(Debug)]
pub(super) struct Sending {
    queue: mpsc::Sender<Option<Entry>>,
    task: JoinHandle<()>,
}

impl AuditCollector {
    pub(super) fn start(settings: &CollectorSettings) -> Result<(Self, Sending), CollectorError> {
        let (queue, queued) = mpsc::channel(CAPACITY);
        let dropped = Arc::new(AtomicU64::new(0));
        let sender = Sender {
            collector: Collector::new(settings)?,
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
    collector: Collector,
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
            let lost = self.send(&entries).await;
            self.dropped.fetch_add(lost as u64, Ordering::Relaxed);
            if (lost > 0) != is_failing {
                is_failing = lost > 0;
                report(is_failing);
            }
        }
    }

    /// Sends entries, and returns how many of them were lost.
    async fn send(&self, entries: &[Entry]) -> usize {
        let request = request(entries);
        let sending = self.collector.deliver(&request, entries.len());
        let sent = tokio::time::timeout(SENDING, sending).await;
        sent.unwrap_or(entries.len())
    }
}

fn request(entries: &[Entry]) -> ExportLogsServiceRequest {
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(otlp::resource()),
            scope_logs: vec![ScopeLogs {
                scope: Some(otlp::scope()),
                log_records: entries.iter().map(record).collect(),
                schema_url: names::SCHEMA_URL.to_owned(),
            }],
            schema_url: names::SCHEMA_URL.to_owned(),
        }],
    }
}

fn record(entry: &Entry) -> LogRecord {
    // No clock tells a later time.
    let nanos = u64::try_from(entry.since_epoch().as_nanos()).unwrap_or(u64::MAX);
    let mut attributes = Vec::new();
    entry.each(&mut |key, value| {
        let value = match value {
            Value::Text(text) => AnyKind::StringValue(text.to_owned()),
            Value::Number(number) => AnyKind::IntValue(number.into()),
        };
        attributes.push(otlp::attribute(key, value));
    });
    let mut record = LogRecord {
        time_unix_nano: nanos,
        observed_time_unix_nano: nanos,
        severity_number: SeverityNumber::Info.into(),
        severity_text: "INFO".to_owned(),
        event_name: entry.event().full_name().to_owned(),
        attributes,
        ..Default::default()
    };
    if let Some(call) = entry.call() {
        record.trace_id = call.trace.to_bytes().to_vec();
        if call.span != SpanId::INVALID {
            record.span_id = call.span.to_bytes().to_vec();
            record.flags = call.flags.to_u8().into();
        }
    }
    record
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

fn report(is_failing: bool) {
    if is_failing {
        tracing::warn!("the collector does not take audit entries");
    } else {
        tracing::info!("the collector takes audit entries again");
    }
}
