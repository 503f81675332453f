//! A collector: takes spans by OTLP over gRPC or HTTP, and is asked again where that can help.
//!
//! What it says decides what is lost: all of a request that it refuses for good, the part of one that
//! it says it left out, nothing of one that it takes at the second try.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::trace::SpanData;

use self::grpc::Grpc;
use self::http::Http;
use super::otlp;
use super::queue::Deliver;

mod grpc;
mod http;
#[cfg(test)]
mod tests;
/// How long a collector may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// The shortest and the longest pause before it is asked again.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(2)];
/// How often it is asked in all.
const TRIES: usize = 5;

/// Where a collector is.
#[derive(Clone, Debug)]
pub struct CollectorSettings {
    /// Its URL, without a path of OTLP.
    pub endpoint: String,
    /// How it is spoken to.
    pub protocol: OtlpProtocol,
}

/// A transport of OTLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtlpProtocol {
    /// gRPC.
    Grpc,
    /// Protobuf messages over HTTP.
    Http,
}

/// A collector that cannot be spoken to at all.
#[derive(Debug, thiserror::Error)]
pub enum CollectorError {
    /// Its endpoint, or what the machine has for TLS.
    #[error("telemetry.otlp_endpoint cannot be exported to")]
    Endpoint(#[from] tonic::transport::Error),
    /// Its HTTP client.
    #[error("no request to telemetry.otlp_endpoint can be made")]
    Client(#[from] reqwest::Error),
}

/// One that spans are sent to.
pub(super) struct Collector {
    transport: Transport,
    resource: ResourceAttributesWithSchema,
}

enum Transport {
    Grpc(Grpc),
    Http(Http),
}

/// What a collector said to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// It has taken all but so many spans, which would be refused again.
    Taken { rejected: usize },
    /// It refuses, now as later.
    Refused,
    /// It may take them later; after that time, if it says so.
    NotNow { after: Option<Duration> },
}

impl Collector {
    /// Needs a tokio runtime; the collector need not be there.
    pub(super) fn new(
        settings: &CollectorSettings,
        resource: ResourceAttributesWithSchema,
    ) -> Result<Self, CollectorError> {
        let endpoint = settings.endpoint.trim_end_matches('/');
        let transport = match settings.protocol {
            OtlpProtocol::Grpc => Transport::Grpc(Grpc::new(endpoint)?),
            OtlpProtocol::Http => Transport::Http(Http::new(endpoint)?),
        };
        Ok(Self {
            transport,
            resource,
        })
    }

    async fn ask(&self, request: &ExportTraceServiceRequest) -> Answer {
        match &self.transport {
            Transport::Grpc(grpc) => grpc.ask(request.clone()).await,
            Transport::Http(http) => http.ask(request).await,
        }
    }
}

impl Deliver for Collector {
    async fn deliver(&self, batch: Vec<SpanData>) -> usize {
        let spans = batch.len();
        let request = otlp::request(batch, &self.resource);
        let [shortest, longest] = PAUSES;
        let mut pauses = ExponentialBuilder::new()
            .with_min_delay(shortest)
            .with_max_delay(longest)
            .with_jitter()
            .with_max_times(TRIES - 1)
            .build();
        loop {
            let wanted = match self.ask(&request).await {
                Answer::Taken { rejected } => return rejected.min(spans),
                Answer::Refused => return spans,
                Answer::NotNow { after } => after,
            };
            let Some(pause) = pauses.next() else {
                return spans;
            };
            // Who asks for an hour is given up by whoever bounds the delivery.
            tokio::time::sleep(pause.max(wanted.unwrap_or_default())).await;
        }
    }
}

/// What a collector says it has left out, as a count.
fn rejected(spans: i64) -> usize {
    usize::try_from(spans).unwrap_or_default()
}
