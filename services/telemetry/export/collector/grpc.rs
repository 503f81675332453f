//! OTLP over gRPC.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use tonic::codec::CompressionEncoding;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint, Error};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::{ANSWER_TIMEOUT, Answer, rejected};

pub(super) struct Grpc {
    client: TraceServiceClient<Channel>,
}

impl Grpc {
    pub(super) fn new(endpoint: &str) -> Result<Self, Error> {
        let mut channel = Endpoint::from_shared(endpoint.to_owned())?
            .connect_timeout(ANSWER_TIMEOUT)
            .timeout(ANSWER_TIMEOUT);
        if endpoint.starts_with("https:") {
            channel = channel.tls_config(ClientTlsConfig::new().with_enabled_roots())?;
        }
        let client = TraceServiceClient::new(channel.connect_lazy())
            .send_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Gzip);
        Ok(Self { client })
    }

    pub(super) async fn ask(&self, request: ExportTraceServiceRequest) -> Answer {
        match self.client.clone().export(request).await {
            Ok(answer) => {
                let partial = answer.into_inner().partial_success;
                let spans = partial.map_or(0, |partial| partial.rejected_spans);
                Answer::Taken {
                    rejected: rejected(spans),
                }
            }
            Err(status) => refusal(&status),
        }
    }
}

/// Which codes may be tried again, as the specification of OTLP has them.
fn refusal(status: &Status) -> Answer {
    let after = status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay);
    match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => Answer::NotNow { after },
        // Only one that names a time will recover.
        Code::ResourceExhausted if after.is_some() => Answer::NotNow { after },
        _ => Answer::Refused,
    }
}
