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

impl Signal for ExportTraceServiceRequest {
    type Answer = ExportTraceServiceResponse;

    const METHOD: &'static str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    const PATH: &'static str = "/v1/traces";

    fn rejected(answer: Self::Answer) -> i64 {
        let partial = answer.partial_success;
        partial.map_or(0, |partial| partial.rejected_spans)
    }
}

impl Signal for ExportMetricsServiceRequest {
    type Answer = ExportMetricsServiceResponse;

    const METHOD: &'static str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    const PATH: &'static str = "/v1/metrics";

    fn rejected(answer: Self::Answer) -> i64 {
        let partial = answer.partial_success;
        partial.map_or(0, |partial| partial.rejected_data_points)
    }
}

impl Signal for ExportLogsServiceRequest {
    type Answer = ExportLogsServiceResponse;

    const METHOD: &'static str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    const PATH: &'static str = "/v1/logs";

    fn rejected(answer: Self::Answer) -> i64 {
        let partial = answer.partial_success;
        partial.map_or(0, |partial| partial.rejected_log_records)
    }
}
