//! A collector: takes spans, metrics and log records by OTLP over gRPC or HTTP, and is asked again
//! where that can help.
//!
//! What it says decides what is lost: all of a request that it refuses for good, the part of one that
//! it says it left out, nothing of one that it takes at the second try.
//!
//! Nothing is compressed, as OpenTelemetry's own exporters have it unless they are told to: a
//! collector is near, and to compress a span costs more than to encode it.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use bytes::Bytes;
use prost::Message;

use self::grpc::Grpc;
use self::http::Http;

mod grpc;
mod http;
mod signal;
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

/// A collector that cannot be spoken to at all. The operator acts.
#[derive(Debug, thiserror::Error)]
pub enum CollectorError {
    /// Its endpoint, or what the machine has for TLS.
    #[error("telemetry.otlp_endpoint cannot be exported to")]
    Endpoint(#[from] tonic::transport::Error),
    /// Its HTTP client.
    #[error("no request to telemetry.otlp_endpoint can be made")]
    Client(#[from] reqwest::Error),
}

/// A request with one kind of telemetry.
pub(super) trait Signal: Message {
    /// What a collector answers.
    type Answer: Message + Default + 'static;

    /// The method that takes it, as a path.
    const METHOD: &'static str;
    /// Where it is taken over HTTP, below the collector's URL.
    const PATH: &'static str;

    /// How many of the items in it were left out.
    fn rejected(answer: Self::Answer) -> i64;
}

/// One that telemetry is sent to.
#[derive(Debug)]
pub(super) struct Collector(Transport);

#[derive(Debug)]
enum Transport {
    Grpc(Grpc),
    Http(Http),
}

/// What a collector said to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has taken all but so many items, which would be refused again.
    Taken { rejected: usize },
    /// It refuses, now as later.
    Refused,
    /// It may take them later; after that time, if it says so.
    NotNow { after: Option<Duration> },
}

impl Collector {
    /// Needs a tokio runtime; the collector need not be there.
    ///
    /// # Errors
    ///
    /// See [`CollectorError`].
    pub(super) fn new(settings: &CollectorSettings) -> Result<Self, CollectorError> {
        let endpoint = settings.endpoint.trim_end_matches('/');
        Ok(Self(match settings.protocol {
            OtlpProtocol::Grpc => Transport::Grpc(Grpc::new(endpoint)?),
            OtlpProtocol::Http => Transport::Http(Http::new(endpoint)?),
        }))
    }

    /// Sends a request of so many items once.
    pub(super) async fn ask<S: Signal>(&self, request: &S, items: usize) -> Answer {
        self.ask_encoded::<S>(encoded(request), items).await
    }

    /// Sends a request of so many items, again if need be, and returns how many of them were lost.
    pub(super) async fn deliver<S: Signal>(&self, request: &S, items: usize) -> usize {
        let [shortest, longest] = PAUSES;
        let mut pauses = ExponentialBuilder::new()
            .with_min_delay(shortest)
            .with_max_delay(longest)
            .with_jitter()
            .with_max_times(TRIES - 1)
            .build();
        let message = encoded(request);
        loop {
            let wanted = match self.ask_encoded::<S>(message.clone(), items).await {
                Answer::Taken { rejected } => return rejected,
                Answer::Refused => return items,
                Answer::NotNow { after } => after,
            };
            let Some(pause) = pauses.next() else {
                return items;
            };
            // Who asks for an hour is given up by whoever bounds the delivery.
            tokio::time::sleep(pause.max(wanted.unwrap_or_default())).await;
        }
    }

    async fn ask_encoded<S: Signal>(&self, message: Bytes, items: usize) -> Answer {
        let answer = match &self.0 {
            Transport::Grpc(grpc) => grpc.ask::<S>(message).await,
            Transport::Http(http) => http.ask::<S>(message).await,
        };
        match answer {
            Answer::Taken { rejected } => Answer::Taken {
                rejected: rejected.min(items),
            },
            Answer::Refused | Answer::NotNow { .. } => answer,
        }
    }
}

fn encoded(request: &impl Message) -> Bytes {
    request.encode_to_vec().into()
}

/// It has taken a request, and says what it has left out.
fn taken<S: Signal>(answer: S::Answer) -> Answer {
    Answer::Taken {
        rejected: usize::try_from(S::rejected(answer)).unwrap_or_default(),
    }
}
