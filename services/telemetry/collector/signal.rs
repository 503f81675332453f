//! The three kinds of telemetry, as OTLP has them.

use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};

use super::Signal;

macro_rules! signals {
    ($($request:ty => $answer:ty {
        method: $method:literal,
        path: $path:literal,
        rejected: $rejected:ident,
    })+) => {$(
        impl Signal for $request {
            type Answer = $answer;

            const METHOD: &'static str =
                concat!("/opentelemetry.proto.collector.", $method, "/Export");
            const PATH: &'static str = $path;

            fn rejected(answer: Self::Answer) -> i64 {
                let partial = answer.partial_success;
                partial.map_or(0, |partial| partial.$rejected)
            }
        }
    )+};
}

signals! {
    ExportTraceServiceRequest => ExportTraceServiceResponse {
        method: "trace.v1.TraceService",
        path: "/v1/traces",
        rejected: rejected_spans,
    }
    ExportMetricsServiceRequest => ExportMetricsServiceResponse {
        method: "metrics.v1.MetricsService",
        path: "/v1/metrics",
        rejected: rejected_data_points,
    }
    ExportLogsServiceRequest => ExportLogsServiceResponse {
        method: "logs.v1.LogsService",
        path: "/v1/logs",
        rejected: rejected_log_records,
    }
}
