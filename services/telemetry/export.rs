//! Traces to a collector, by OTLP over gRPC or HTTP.
//!
//! Every span of a call is recorded and held until the call has ended ([`hold`]): one that failed
//! leaves whole, of the others those that the ratio picks. What leaves waits in a bounded queue
//! ([`queue`]), from which one task sends. A collector that is slow or gone costs spans, which are
//! counted, never calls.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{
    Compression, ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _,
    WithHttpConfig as _, WithTonicConfig as _, tonic_types::transport::ClientTlsConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, SpanExporter as _};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use self::drops::Drops;
pub use self::flow::Flow;
use self::hold::Hold;
pub use self::queue::CAPACITY as QUEUE_CAPACITY;
pub use self::ratio::Ratio;
use super::names;

mod drops;
mod flow;
mod hold;
mod queue;
mod ratio;

/// How long a collector may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a process that ends waits for the last spans to leave.
const LAST_SPANS: Duration = Duration::from_secs(5);

/// Where spans go.
#[derive(Clone, Debug)]
pub struct ExportSettings {
    /// The collector's URL, without a path of OTLP.
    pub endpoint: String,
    /// How it is spoken to.
    pub protocol: OtlpProtocol,
    /// Which part of the calls that succeeded is exported.
    pub sample_ratio: Ratio,
}

/// A transport of OTLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtlpProtocol {
    /// gRPC.
    Grpc,
    /// Protobuf messages over HTTP.
    Http,
}

/// Export that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The exporter.
    #[error("telemetry.otlp_endpoint cannot be exported to")]
    Exporter(#[from] ExporterBuildError),
    /// Its HTTP client.
    #[error("no request to telemetry.otlp_endpoint can be made")]
    Client(#[from] reqwest::Error),
}

/// Spans on their way to a collector.
#[derive(Debug)]
pub struct Export {
    provider: SdkTracerProvider,
    flow: Arc<Flow>,
    ending: CancellationToken,
    sending: JoinHandle<()>,
}

impl Export {
    /// Starts the task that sends. Needs a tokio runtime; the collector need not be there.
    ///
    /// # Errors
    ///
    /// See [`ExportError`].
    pub fn start(settings: &ExportSettings) -> Result<Self, ExportError> {
        let mut exporter = exporter(settings)?;
        let resource = resource();
        exporter.set_resource(&resource);
        let drops = Arc::new(Drops::default());
        let ending = CancellationToken::new();
        let flow = Arc::new(Flow::new(Arc::clone(&drops)));
        let (queue, queued) = queue::bounded(Arc::clone(&flow));
        let sending = queued.send_to(exporter, ending.clone());
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            // Which spans leave is decided when a call has ended, not when it begins.
            .with_sampler(Sampler::AlwaysOn)
            .with_span_processor(Hold::new(queue, settings.sample_ratio, drops))
            .build();
        Ok(Self {
            provider,
            flow,
            ending,
            sending: tokio::spawn(sending),
        })
    }

    /// What turns spans of `tracing` into exported ones.
    #[must_use]
    pub fn tracer(&self) -> SdkTracer {
        let scope = InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
            .with_version(env!("CARGO_PKG_VERSION"))
            .with_schema_url(names::SCHEMA_URL);
        self.provider.tracer_with_scope(scope.build())
    }

    /// What became of the spans so far.
    #[must_use]
    pub fn flow(&self) -> &Arc<Flow> {
        &self.flow
    }

    /// Sends what is queued, within a few seconds.
    pub async fn end(self) {
        self.ending.cancel();
        let abort = self.sending.abort_handle();
        if tokio::time::timeout(LAST_SPANS, self.sending)
            .await
            .is_err()
        {
            abort.abort();
        }
    }
}

fn exporter(settings: &ExportSettings) -> Result<SpanExporter, ExportError> {
    let endpoint = settings.endpoint.trim_end_matches('/');
    let exporter = match settings.protocol {
        OtlpProtocol::Grpc => {
            let builder = SpanExporter::builder()
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
        OtlpProtocol::Http => SpanExporter::builder()
            .with_http()
            .with_http_client(reqwest::Client::builder().timeout(ANSWER_TIMEOUT).build()?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{endpoint}/v1/traces"))
            .with_timeout(ANSWER_TIMEOUT)
            .build()?,
    };
    Ok(exporter)
}

/// Which process the spans are of.
pub(super) fn resource() -> Resource {
    /// Whatever is exported is of one process.
    static INSTANCE: LazyLock<String> = LazyLock::new(|| uuid::Uuid::new_v4().to_string());
    let attributes = [
        KeyValue::new(names::SERVICE_NAME, env!("CARGO_PKG_NAME")),
        KeyValue::new(names::SERVICE_VERSION, env!("CARGO_PKG_VERSION")),
        KeyValue::new(names::SERVICE_INSTANCE_ID, INSTANCE.as_str()),
    ];
    Resource::builder_empty()
        .with_schema_url(attributes, names::SCHEMA_URL)
        .build()
}
