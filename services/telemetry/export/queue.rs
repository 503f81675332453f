//! The spans that wait for one destination: a bounded number, without ever making a call wait.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::trace::SpanData;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::drops::{Destination, Losses};
use super::ended::Ended;
use super::flow::Flow;
use crate::telemetry::names::{self, Place};

/// The spans that wait at most.
pub const CAPACITY: usize = 4096;
/// The places that are kept for calls that failed: others leave them free.
pub(super) const KEPT_FOR_FAILURES: usize = CAPACITY / 4;
/// The spans that are delivered at once.
const BATCH: usize = 512;
/// How often a batch that gathers is looked at.
const LOOKS: Duration = Duration::from_millis(50);
/// How long one batch may take to deliver, however often that is tried.
const DELIVERY: Duration = Duration::from_secs(15);

/// What spans are delivered to.
pub(super) trait Deliver: Send + Sync {
    /// Delivers spans, and returns how many of them it could not.
    fn deliver(&self, batch: Vec<SpanData>) -> impl Future<Output = usize> + Send;
}

/// Where spans are put.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    spans: mpsc::Sender<Ended>,
    flow: Arc<Flow>,
    destination: Destination,
}

/// Where they come out.
#[derive(Debug)]
pub(super) struct Queued {
    spans: mpsc::Receiver<Ended>,
    flow: Arc<Flow>,
    destination: Destination,
}

/// A queue of [`CAPACITY`] spans.
pub(super) fn bounded(destination: Destination, flow: Arc<Flow>) -> (Queue, Queued) {
    let (sender, spans) = mpsc::channel(CAPACITY);
    let queue = Queue {
        spans: sender,
        flow: Arc::clone(&flow),
        destination,
    };
    let queued = Queued {
        spans,
        flow,
        destination,
    };
    (queue, queued)
}

impl Queue {
    /// Queues the spans of a call; all of them or, where there is no room, none.
    pub(super) fn offer(&self, call: Vec<Ended>, failed: bool) {
        let spans = call.len();
        let needed = if failed {
            spans
        } else {
            spans + KEPT_FOR_FAILURES
        };
        if self.spans.capacity() >= needed
            && let Ok(places) = self.spans.try_reserve_many(spans)
        {
            self.flow.count_queued(self.destination, spans);
            for (place, span) in places.zip(call) {
                place.send(span);
            }
        } else {
            let losses = self.flow.drops().on_the_way_to(self.destination);
            losses.count_queued(spans);
        }
    }
}

impl Queued {
    /// Delivers until `ending`, and then what is left.
    pub(super) async fn deliver_to(mut self, to: impl Deliver, ending: CancellationToken) {
        let mut losing = false;
        let mut full = 0;
        loop {
            let batch = self.batch(&ending).await;
            if batch.is_empty() {
                break;
            }
            let listed = batch.into_iter().map(|span| keep_listed(span.into_span()));
            let batch: Vec<_> = listed.collect();
            let spans = batch.len();
            self.flow.count_taken_out(self.destination, spans);
            let lost = tokio::time::timeout(DELIVERY, to.deliver(batch)).await;
            let lost = lost.unwrap_or(spans);
            self.losses().count_delivered(lost);
            self.flow
                .count_sent(self.destination, spans.saturating_sub(lost));
            let full_before = std::mem::replace(&mut full, self.losses().queued());
            let loses = lost > 0 || full > full_before;
            if loses != losing {
                losing = loses;
                report(self.destination, lost > 0, losing);
            }
        }
    }

    fn losses(&self) -> &Losses {
        self.flow.drops().on_the_way_to(self.destination)
    }

    /// The next spans to deliver; none once there are none to come.
    async fn batch(&mut self, ending: &CancellationToken) -> Vec<Ended> {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                came = self.spans.recv_many(&mut batch, BATCH) => {
                    if came == 0 {
                        return batch;
                    }
                    break;
                }
                // From here on the queue comes to its end.
                () = ending.cancelled(), if !self.spans.is_closed() => self.spans.close(),
            }
        }
        // The others are looked for from time to time: who waits for each is woken by each, and to
        // wake another thread costs a call more than its span.
        let until = Instant::now() + gathering(self.destination);
        while batch.len() + self.spans.len() < BATCH
            && Instant::now() < until
            && !self.spans.is_closed()
        {
            tokio::select! {
                () = tokio::time::sleep(LOOKS) => {}
                () = ending.cancelled() => self.spans.close(),
            }
        }
        while batch.len() < BATCH
            && let Ok(span) = self.spans.try_recv()
        {
            batch.push(span);
        }
        batch
    }
}

/// How long a span waits for others to be delivered with. Who reads a file has just made the call.
fn gathering(destination: Destination) -> Duration {
    match destination {
        Destination::Collector => Duration::from_secs(1),
        Destination::SpanFile => Duration::from_millis(200),
    }
}

/// Leaves out what is for log lines alone, and what dependencies may have added. Of what was
/// recorded more than once, the last counts: a receiver takes each key once.
fn keep_listed(mut span: SpanData) -> SpanData {
    let listed = |key: &opentelemetry::Key| names::may_appear(key.as_str(), Place::Span);
    let mut at = 0;
    while let Some((attribute, later)) = span.attributes.get(at..).and_then(<[_]>::split_first) {
        let is_last = later.iter().all(|other| other.key != attribute.key);
        if is_last && listed(&attribute.key) {
            at += 1;
        } else {
            span.attributes.remove(at);
        }
    }
    for event in &mut span.events.events {
        event.attributes.retain(|attribute| listed(&attribute.key));
    }
    span
}

fn report(destination: Destination, refused: bool, losing: bool) {
    match (destination, losing, refused) {
        (Destination::Collector, true, true) => {
            tracing::warn!("the collector does not take spans");
        }
        (Destination::Collector, true, false) => {
            tracing::warn!("the collector is slower than the calls: spans are lost");
        }
        (Destination::Collector, false, _) => tracing::info!("the collector takes spans again"),
        (Destination::SpanFile, true, true) => tracing::warn!("the span file cannot be written"),
        (Destination::SpanFile, true, false) => {
            tracing::warn!("the span file is slower than the calls: spans are lost");
        }
        (Destination::SpanFile, false, _) => tracing::info!("the span file is written again"),
    }
}
