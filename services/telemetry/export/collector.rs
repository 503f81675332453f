//! Spans to a collector.

use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::trace::SpanData;

use super::otlp;
use super::queue::Deliver;
use crate::telemetry::collector::Collector;

/// A collector that is sent spans, each as of `resource`.
pub(super) struct SpanCollector {
    pub(super) collector: Collector,
    pub(super) resource: ResourceAttributesWithSchema,
}

impl Deliver for SpanCollector {
    async fn deliver(&self, batch: Vec<SpanData>) -> usize {
        let spans = batch.len();
        let request = otlp::request(batch, &self.resource);
        self.collector.deliver(&request, spans).await
    }
}
