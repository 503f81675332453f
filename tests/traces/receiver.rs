//! A collector: takes spans by OTLP over gRPC or HTTP, and finds them again by their trace.

use std::collections::HashMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use crate::support::wait::in_time;

/// A span as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) trace_id: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) kind: SpanKind,
    pub(crate) trace_state: String,
    /// The trace and the span of each link.
    pub(crate) links: Vec<(String, String)>,
    pub(crate) status: StatusCode,
    pub(crate) name: String,
    pub(crate) attributes: HashMap<String, String>,
    pub(crate) resource: HashMap<String, String>,
}

impl Received {
    /// Whether it is a call's own.
    pub(crate) fn is_server(&self) -> bool {
        self.kind == SpanKind::Server
    }
}

/// What a collector does with requests.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Behaviour {
    Takes,
    /// Says that it has left all of it out.
    LeavesOut,
    /// Never answers.
    Keeps,
}

#[derive(Clone)]
struct Spans {
    received: watch::Sender<Vec<Received>>,
    behaviour: watch::Sender<Behaviour>,
}

impl Default for Spans {
    fn default() -> Self {
        Self {
            received: watch::Sender::default(),
            behaviour: watch::Sender::new(Behaviour::Takes),
        }
    }
}

/// A running collector; it ends with the test's runtime.
pub(crate) struct Receiver {
    /// Where it is.
    pub(crate) url: String,
    spans: Spans,
}

impl Receiver {
    /// Starts one that speaks `grpc` or `http`.
    pub(crate) async fn start(protocol: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let spans = Spans::default();
        if protocol == "grpc" {
            let service = TraceServiceServer::new(spans.clone());
            let router = tonic::service::Routes::new(service)
                .prepare()
                .into_axum_router();
            tokio::spawn(async move { axum::serve(listener, router).await });
        } else {
            let router = Router::new()
                .route("/v1/traces", post(over_http))
                .with_state(spans.clone());
            tokio::spawn(async move { axum::serve(listener, router).await });
        }
        Self { url, spans }
    }

    /// From now on it does this with requests.
    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.spans.behaviour.send_replace(behaviour);
    }

    /// What has come so far.
    pub(crate) fn spans(&self) -> Vec<Received> {
        self.spans.received.borrow().clone()
    }

    /// A span of this name in that trace, once it has come.
    pub(crate) async fn span(&self, trace_id: &str, name: &str) -> Received {
        self.first(|span| span.name == name && span.trace_id == trace_id)
            .await
    }

    /// The call's own span of that trace, once it has come.
    pub(crate) async fn server_span(&self, trace_id: &str) -> Received {
        self.first(|span| span.is_server() && span.trace_id == trace_id)
            .await
    }

    async fn first(&self, wanted: impl Fn(&Received) -> bool) -> Received {
        let mut received = self.spans.received.subscribe();
        let come = received.wait_for(|spans| spans.iter().any(&wanted));
        let spans = in_time("the span is received", come).await.unwrap();
        spans.iter().find(|span| wanted(span)).unwrap().clone()
    }
}

impl Spans {
    /// What it answers to a request; nothing, for as long as it keeps them.
    async fn answer(&self, request: ExportTraceServiceRequest) -> ExportTraceServiceResponse {
        let sent = request.resource_spans.iter();
        let sent: usize = sent
            .flat_map(|resource| &resource.scope_spans)
            .map(|scope| scope.spans.len())
            .sum();
        let behaviour = *self.behaviour.borrow();
        match behaviour {
            Behaviour::Takes => {
                self.take(request);
                ExportTraceServiceResponse::default()
            }
            Behaviour::LeavesOut => ExportTraceServiceResponse {
                partial_success: Some(ExportTracePartialSuccess {
                    rejected_spans: i64::try_from(sent).unwrap(),
                    error_message: String::new(),
                }),
            },
            Behaviour::Keeps => std::future::pending().await,
        }
    }

    fn take(&self, request: ExportTraceServiceRequest) {
        let mut come = Vec::new();
        for resource in request.resource_spans {
            let about = attributes(resource.resource.unwrap_or_default().attributes);
            for span in resource
                .scope_spans
                .into_iter()
                .flat_map(|scope| scope.spans)
            {
                come.push(Received {
                    trace_id: hex(&span.trace_id),
                    id: hex(&span.span_id),
                    parent: hex(&span.parent_span_id),
                    kind: span.kind(),
                    trace_state: span.trace_state,
                    links: span
                        .links
                        .iter()
                        .map(|link| (hex(&link.trace_id), hex(&link.span_id)))
                        .collect(),
                    status: span.status.unwrap_or_default().code(),
                    name: span.name,
                    attributes: attributes(span.attributes),
                    resource: about.clone(),
                });
            }
        }
        self.received.send_modify(|spans| spans.extend(come));
    }
}

#[tonic::async_trait]
impl TraceService for Spans {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        Ok(Response::new(self.answer(request.into_inner()).await))
    }
}

async fn over_http(State(spans): State<Spans>, body: Bytes) -> Vec<u8> {
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    spans.answer(request).await.encode_to_vec()
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Texts as they are, and other values as they are written.
fn attributes(pairs: Vec<KeyValue>) -> HashMap<String, String> {
    let spelled = |value: Option<AnyValue>| match value.and_then(|value| value.value) {
        Some(any_value::Value::StringValue(text)) => text,
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(truth)) => truth.to_string(),
        other => format!("{other:?}"),
    };
    let mut found = HashMap::new();
    for pair in pairs {
        let before = found.insert(pair.key.clone(), spelled(pair.value));
        assert_eq!(before, None, "{} is there once", pair.key);
    }
    found
}
