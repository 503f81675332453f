//! What is lost with collectors that refuse, leave out, close and come back, over real sockets.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message as _;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::*;

/// What a collector does with one request.
#[derive(Clone, Debug)]
enum Does {
    Takes,
    LeavesOut(i64),
    Refuses(Status),
    Answers(u16, Option<&'static str>),
}

/// A collector that does what it is told with one request after the other, and then takes all.
#[derive(Clone, Default)]
struct Told {
    next: Arc<Mutex<VecDeque<Does>>>,
    asked: Arc<Mutex<usize>>,
}

impl Told {
    fn next(&self) -> Does {
        *self.asked.lock().unwrap() += 1;
        self.next.lock().unwrap().pop_front().unwrap_or(Does::Takes)
    }
}

fn left_out(spans: i64) -> ExportTraceServiceResponse {
    ExportTraceServiceResponse {
        partial_success: Some(ExportTracePartialSuccess {
            rejected_spans: spans,
            error_message: "planted".to_owned(),
        }),
    }
}

#[tonic::async_trait]
impl TraceService for Told {
    async fn export(
        &self,
        _: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        match self.next() {
            Does::Takes => Ok(Response::new(ExportTraceServiceResponse::default())),
            Does::LeavesOut(spans) => Ok(Response::new(left_out(spans))),
            Does::Refuses(status) => Err(status),
            Does::Answers(..) => Err(Status::internal("it speaks gRPC")),
        }
    }
}

async fn over_http(State(told): State<Told>, _: Bytes) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut headers = HeaderMap::new();
    let (status, message) = match told.next() {
        Does::LeavesOut(spans) => (200, left_out(spans)),
        Does::Answers(status, retry_after) => {
            if let Some(after) = retry_after {
                headers.insert("retry-after", after.parse().unwrap());
            }
            (status, ExportTraceServiceResponse::default())
        }
        Does::Takes | Does::Refuses(_) => (200, ExportTraceServiceResponse::default()),
    };
    let status = StatusCode::from_u16(status).unwrap();
    (status, headers, message.encode_to_vec())
}

fn collector(address: SocketAddr, protocol: OtlpProtocol) -> Collector {
    let settings = CollectorSettings {
        endpoint: format!("http://{address}/"),
        protocol,
    };
    Collector::new(&settings).unwrap()
}

/// How many of ten spans are lost, and how often the collector was asked for it.
async fn lost(protocol: OtlpProtocol, does: impl IntoIterator<Item = Does>) -> (usize, usize) {
    let told = Told::default();
    told.next.lock().unwrap().extend(does);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let collector = collector(listener.local_addr().unwrap(), protocol);
    let router = match protocol {
        OtlpProtocol::Grpc => {
            let service = TraceServiceServer::new(told.clone());
            let routes = tonic::service::Routes::new(service);
            routes.prepare().into_axum_router()
        }
        OtlpProtocol::Http => axum::Router::new()
            .route("/v1/traces", post(over_http))
            .with_state(told.clone()),
    };
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let lost = collector
        .deliver(&ExportTraceServiceRequest::default(), 10)
        .await;
    serving.abort();
    let asked = *told.asked.lock().unwrap();
    (lost, asked)
}

#[tokio::test]
async fn what_a_collector_leaves_out_is_lost_and_never_more_than_was_sent() {
    for protocol in [OtlpProtocol::Grpc, OtlpProtocol::Http] {
        for (left_out, expected) in [(0, 0), (3, 3), (10, 10), (i64::MAX, 10), (-1, 0)] {
            let lost = lost(protocol, [Does::LeavesOut(left_out)]).await;
            assert_eq!(lost, (expected, 1), "{protocol:?} {left_out}");
        }
    }
}

#[tokio::test]
async fn a_refusal_for_good_is_not_argued_with() {
    for code in [
        Code::ResourceExhausted,
        Code::InvalidArgument,
        Code::Unimplemented,
        Code::PermissionDenied,
    ] {
        let refused = Does::Refuses(Status::new(code, "planted"));
        assert_eq!(lost(OtlpProtocol::Grpc, [refused]).await, (10, 1), "{code}");
    }
    for status in [400, 404, 413, 500, 307] {
        let refused = Does::Answers(status, None);
        assert_eq!(
            lost(OtlpProtocol::Http, [refused]).await,
            (10, 1),
            "{status}"
        );
    }
}

#[tokio::test]
async fn one_that_cannot_now_is_asked_again_and_nothing_is_lost() {
    let soon = ErrorDetails::with_retry_info(Some(Duration::from_millis(1)));
    for status in [
        Status::unavailable("planted"),
        Status::with_error_details(Code::ResourceExhausted, "planted", soon),
    ] {
        let (code, refused) = (status.code(), Does::Refuses(status));
        let lost = lost(OtlpProtocol::Grpc, [refused.clone(), refused]).await;
        assert_eq!(lost, (0, 3), "{code}");
    }
    for (status, after) in [(429, Some("0")), (503, None), (502, Some("soon"))] {
        let refused = Does::Answers(status, after);
        assert_eq!(
            lost(OtlpProtocol::Http, [refused]).await,
            (0, 2),
            "{status}"
        );
    }
}

#[tokio::test]
async fn one_that_never_can_is_given_up() {
    let refused = vec![Does::Refuses(Status::unavailable("planted")); 100];
    assert_eq!(lost(OtlpProtocol::Grpc, refused).await, (10, TRIES));
}

#[tokio::test]
async fn one_that_closes_while_it_is_asked_loses_what_it_was_sent() {
    for protocol in [OtlpProtocol::Grpc, OtlpProtocol::Http] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let collector = collector(listener.local_addr().unwrap(), protocol);
        let closing = tokio::spawn(async move {
            loop {
                let (mut connection, _) = listener.accept().await.unwrap();
                let mut some = [0; 16];
                // Whatever came, the rest is not read.
                let _ = connection.read(&mut some).await;
            }
        });
        assert_eq!(
            collector
                .deliver(&ExportTraceServiceRequest::default(), 10)
                .await,
            10
        );
        closing.abort();
    }
}

fn metrics_left_out() -> ExportMetricsServiceResponse {
    ExportMetricsServiceResponse {
        partial_success: Some(ExportMetricsPartialSuccess {
            rejected_data_points: 2,
            error_message: "planted".to_owned(),
        }),
    }
}

fn logs_left_out() -> ExportLogsServiceResponse {
    ExportLogsServiceResponse {
        partial_success: Some(ExportLogsPartialSuccess {
            rejected_log_records: 3,
            error_message: "planted".to_owned(),
        }),
    }
}

/// Leaves out one span, two points and three records of each request.
#[derive(Clone)]
struct Choosy;

#[tonic::async_trait]
impl TraceService for Choosy {
    async fn export(
        &self,
        _: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        Ok(Response::new(left_out(1)))
    }
}

#[tonic::async_trait]
impl MetricsService for Choosy {
    async fn export(
        &self,
        _: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        Ok(Response::new(metrics_left_out()))
    }
}

#[tonic::async_trait]
impl LogsService for Choosy {
    async fn export(
        &self,
        _: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        Ok(Response::new(logs_left_out()))
    }
}

#[tokio::test]
async fn each_kind_goes_where_it_is_taken_and_is_told_what_of_it_was_left_out() {
    for protocol in [OtlpProtocol::Grpc, OtlpProtocol::Http] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let collector = collector(listener.local_addr().unwrap(), protocol);
        let router = match protocol {
            OtlpProtocol::Grpc => tonic::service::Routes::new(TraceServiceServer::new(Choosy))
                .add_service(MetricsServiceServer::new(Choosy))
                .add_service(LogsServiceServer::new(Choosy))
                .prepare()
                .into_axum_router(),
            OtlpProtocol::Http => axum::Router::new()
                .route("/v1/traces", post(left_out(1).encode_to_vec()))
                .route("/v1/metrics", post(metrics_left_out().encode_to_vec()))
                .route("/v1/logs", post(logs_left_out().encode_to_vec())),
        };
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        let spans = ExportTraceServiceRequest::default();
        let metrics = ExportMetricsServiceRequest::default();
        let logs = ExportLogsServiceRequest::default();
        let lost = [
            collector.deliver(&spans, 10).await,
            collector.deliver(&metrics, 10).await,
            collector.deliver(&logs, 10).await,
        ];
        serving.abort();
        assert_eq!(lost, [1, 2, 3], "{protocol:?}");
    }
}
