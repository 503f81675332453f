//! The spans that wait to be sent: a bounded number, without ever making a call wait.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::flow::Flow;

/// The spans that wait at most.
pub const CAPACITY: usize = 4096;
/// The spans of one request to the collector.
const BATCH: usize = 512;
/// How long a span waits for others to be sent with.
const GATHERING: Duration = Duration::from_secs(1);
/// How long one batch may take, with the exporter's own retries.
const SENDING: Duration = Duration::from_secs(15);

/// Where spans are put.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    spans: mpsc::Sender<SpanData>,
    flow: Arc<Flow>,
}

/// Where they come out.
#[derive(Debug)]
pub(super) struct Queued {
    spans: mpsc::Receiver<SpanData>,
    flow: Arc<Flow>,
}

/// A queue of [`CAPACITY`] spans.
pub(super) fn bounded(flow: Arc<Flow>) -> (Queue, Queued) {
    let (sender, spans) = mpsc::channel(CAPACITY);
    let queue = Queue {
        spans: sender,
        flow: Arc::clone(&flow),
    };
    (queue, Queued { spans, flow })
}

impl Queue {
    /// Queues the spans of a call; all of them or, where there is no room, none.
    pub(super) fn offer(&self, call: Vec<SpanData>) {
        match self.spans.try_reserve_many(call.len()) {
            Ok(places) => {
                self.flow.count_queued(call.len());
                for (place, span) in places.zip(call) {
                    place.send(span);
                }
            }
            Err(_) => self.flow.drops().count_queued(call.len()),
        }
    }
}

impl Queued {
    /// Sends until `ending`, and then what is left.
    pub(super) async fn send_to(mut self, exporter: impl SpanExporter, ending: CancellationToken) {
        let mut failing = false;
        loop {
            let batch = self.batch(&ending).await;
            if batch.is_empty() {
                break;
            }
            let spans = batch.len();
            self.flow.count_taken_out(spans);
            let sent = tokio::time::timeout(SENDING, exporter.export(batch)).await;
            let failed = !matches!(sent, Ok(Ok(())));
            if failed {
                self.flow.drops().count_sent(spans);
            } else {
                self.flow.count_sent(spans);
            }
            if failed != failing {
                failing = failed;
                report(failing);
            }
        }
        // Nothing is left to send, and the connection ends with the process.
        let _ = exporter.shutdown();
    }

    /// The next spans to send; none once there are none to come.
    async fn batch(&mut self, ending: &CancellationToken) -> Vec<SpanData> {
        let mut batch = Vec::with_capacity(BATCH);
        let mut until = None;
        while batch.len() < BATCH {
            let room = BATCH - batch.len();
            let gathered = async {
                match until {
                    Some(moment) => tokio::time::sleep_until(moment).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                came = self.spans.recv_many(&mut batch, room) => {
                    if came == 0 {
                        break;
                    }
                    until = until.or_else(|| Some(Instant::now() + GATHERING));
                }
                // From here on the queue comes to its end.
                () = ending.cancelled(), if !self.spans.is_closed() => self.spans.close(),
                () = gathered => break,
            }
        }
        batch
    }
}

fn report(failing: bool) {
    if failing {
        tracing::warn!("the collector does not take spans");
    } else {
        tracing::info!("the collector takes spans again");
    }
}
