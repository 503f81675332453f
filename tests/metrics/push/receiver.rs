//! A collector: takes metrics by OTLP over gRPC or HTTP, and keeps the latest.

use std::collections::HashMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{HistogramDataPoint, Metric, NumberDataPoint};
use prost::Message as _;
use selvedge::telemetry::collector::OtlpProtocol;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use crate::support::wait::in_time;

/// One push.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pushed {
    pub(crate) resource: HashMap<String, String>,
    pub(crate) metrics: Vec<Metric>,
}

impl Pushed {
    fn of(request: ExportMetricsServiceRequest) -> Self {
        let [of_resource] = <[_; 1]>::try_from(request.resource_metrics).unwrap();
        let attributes = of_resource.resource.unwrap().attributes.into_iter();
        let text = |attribute: opentelemetry_proto::tonic::common::v1::KeyValue| match attribute
            .value?
            .value?
        {
            any_value::Value::StringValue(text) => Some((attribute.key, text)),
            _ => None,
        };
        let scopes = of_resource.scope_metrics.into_iter();
        Self {
            resource: attributes.filter_map(text).collect(),
            metrics: scopes.flat_map(|scope| scope.metrics).collect(),
        }
    }

    fn data(&self, name: &str) -> Option<&Data> {
        let metric = self.metrics.iter().find(|metric| metric.name == name)?;
        metric.data.as_ref()
    }

    pub(crate) fn numbers(&self, name: &str) -> impl Iterator<Item = &NumberDataPoint> {
        let points = match self.data(name) {
            Some(Data::Sum(sum)) => sum.data_points.as_slice(),
            Some(Data::Gauge(gauge)) => gauge.data_points.as_slice(),
            _ => &[],
        };
        points.iter()
    }

    pub(crate) fn histogram(&self, name: &str) -> &[HistogramDataPoint] {
        match self.data(name) {
            Some(Data::Histogram(histogram)) => &histogram.data_points,
            _ => &[],
        }
    }

    /// How many calls had ended.
    pub(crate) fn calls(&self) -> u64 {
        let points = self.histogram("rpc.server.call.duration");
        points.iter().map(|point| point.count).sum()
    }
}

/// A running collector; it ends with the test's runtime.
pub(crate) struct Receiver {
    pub(crate) url: String,
    latest: watch::Receiver<Pushed>,
}

impl Receiver {
    pub(crate) async fn start(protocol: OtlpProtocol) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, latest) = watch::channel(Pushed::default());
        let taker = Taker(sender);
        match protocol {
            OtlpProtocol::Grpc => {
                let service = MetricsServiceServer::new(taker);
                let incoming = tonic::transport::server::TcpIncoming::from(listener);
                tokio::spawn(
                    tonic::transport::Server::builder()
                        .add_service(service)
                        .serve_with_incoming(incoming),
                );
            }
            OtlpProtocol::Http => {
                let take = async |State(taker): State<Taker>, body: Bytes| {
                    taker.take(ExportMetricsServiceRequest::decode(body).unwrap());
                };
                let router = Router::new().route("/v1/metrics", post(take));
                let router = router.with_state(taker);
                tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
            }
        }
        Self { url, latest }
    }

    /// The first push of which this is true.
    pub(crate) async fn until(&self, is_wanted: impl Fn(&Pushed) -> bool) -> Pushed {
        let mut latest = self.latest.clone();
        let pushed = in_time("what is waited for is pushed", latest.wait_for(is_wanted)).await;
        pushed.unwrap().clone()
    }
}

#[derive(Clone)]
struct Taker(watch::Sender<Pushed>);

impl Taker {
    fn take(&self, request: ExportMetricsServiceRequest) {
        self.0.send_replace(Pushed::of(request));
    }
}

#[tonic::async_trait]
impl MetricsService for Taker {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.take(request.into_inner());
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
