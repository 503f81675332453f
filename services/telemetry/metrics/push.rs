//! The metrics pushed to a collector, by OTLP over gRPC or HTTP.
//!
//! What is sent is what a scraper would read at the same moment. Every value counts from the start,
//! so that a push that fails loses nothing but its moment; nothing is kept for it or tried again.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use prost::Message as _;
use reqwest::header::CONTENT_TYPE;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tonic::codec::CompressionEncoding;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

use super::{Measured, otlp};
use crate::telemetry::export::{CollectorSettings, OtlpProtocol};

/// How long a collector may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Where metrics are taken over HTTP, below the collector's URL.
const HTTP_PATH: &str = "/v1/metrics";

/// Where metrics are pushed to, and how often.
#[derive(Clone, Debug)]
pub struct PushSettings {
    /// The collector.
    pub collector: CollectorSettings,
    /// How long after one push the next begins.
    pub interval: Duration,
}

/// A collector that cannot be spoken to at all.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// Its endpoint, or what the machine has for TLS.
    #[error("telemetry.otlp_endpoint cannot be exported to")]
    Endpoint(#[from] tonic::transport::Error),
    /// Its HTTP client.
    #[error("no request to telemetry.otlp_endpoint can be made")]
    Client(#[from] reqwest::Error),
}

/// Pushes one service's metrics.
#[derive(Debug)]
pub struct Push {
    collector: Collector,
    interval: Duration,
}

#[derive(Debug)]
enum Collector {
    Grpc(MetricsServiceClient<Channel>),
    Http {
        client: reqwest::Client,
        url: String,
    },
}

/// How many series the collector left out of a request that it took.
struct Rejected(u64);

/// It has not taken the request.
struct NotTaken;

impl Push {
    /// Makes ready to push. Needs a tokio runtime; the collector need not be there.
    ///
    /// # Errors
    ///
    /// See [`PushError`].
    pub fn new(settings: &PushSettings) -> Result<Self, PushError> {
        let endpoint = settings.collector.endpoint.trim_end_matches('/');
        let collector = match settings.collector.protocol {
            OtlpProtocol::Grpc => {
                let mut channel = Endpoint::from_shared(endpoint.to_owned())?
                    .timeout(ANSWER_TIMEOUT)
                    .connect_timeout(ANSWER_TIMEOUT);
                if endpoint.starts_with("https:") {
                    let tls = ClientTlsConfig::new().with_enabled_roots();
                    channel = channel.tls_config(tls)?;
                }
                let client = MetricsServiceClient::new(channel.connect_lazy());
                Collector::Grpc(client.send_compressed(CompressionEncoding::Gzip))
            }
            OtlpProtocol::Http => Collector::Http {
                client: reqwest::Client::builder().timeout(ANSWER_TIMEOUT).build()?,
                url: format!("{endpoint}{HTTP_PATH}"),
            },
        };
        Ok(Self {
            collector,
            interval: settings.interval,
        })
    }

    /// Pushes again and again until `stop`, and then once more.
    pub async fn run(self, measured: Measured, stop: CancellationToken) {
        let mut turns = tokio::time::interval(self.interval);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            let stopped = tokio::select! {
                _ = turns.tick() => false,
                () = stop.cancelled() => true,
            };
            let taken = self.push(&measured).await;
            if std::mem::replace(&mut failing, !taken) == taken {
                report(failing);
            }
            if stopped {
                return;
            }
        }
    }

    /// Whether the collector took it.
    async fn push(&self, measured: &Measured) -> bool {
        let readings = measured.read();
        let series = readings
            .iter()
            .map(|reading| reading.series.len() as u64)
            .sum();
        let request = otlp::request(&readings, measured.metrics.span());
        let sent = match &self.collector {
            Collector::Grpc(client) => grpc(client.clone(), request).await,
            Collector::Http { client, url } => http(client, url, &request).await,
        };
        match sent {
            Ok(Rejected(rejected)) => {
                let rejected = rejected.min(series);
                measured.pushed(series - rejected, rejected);
                true
            }
            Err(NotTaken) => {
                measured.pushed(0, series);
                false
            }
        }
    }
}

async fn grpc(
    mut client: MetricsServiceClient<Channel>,
    request: ExportMetricsServiceRequest,
) -> Result<Rejected, NotTaken> {
    let answer = client.export(request).await.map_err(|_| NotTaken)?;
    let partial = answer.into_inner().partial_success;
    let rejected = partial.map_or(0, |partial| partial.rejected_data_points);
    Ok(Rejected(u64::try_from(rejected).unwrap_or_default()))
}

async fn http(
    client: &reqwest::Client,
    url: &str,
    request: &ExportMetricsServiceRequest,
) -> Result<Rejected, NotTaken> {
    let sent = client
        .post(url)
        .header(CONTENT_TYPE, "application/x-protobuf")
        .body(request.encode_to_vec())
        .send()
        .await;
    match sent {
        Ok(answer) if answer.status().is_success() => Ok(Rejected(0)),
        _ => Err(NotTaken),
    }
}

fn report(failing: bool) {
    if failing {
        tracing::warn!("the collector does not take metrics");
    } else {
        tracing::info!("the collector takes metrics again");
    }
}

impl Measured {
    fn pushed(&self, taken: u64, lost: u64) {
        self.metrics.points_taken.add(taken);
        self.metrics.points_lost.add(lost);
    }
}
