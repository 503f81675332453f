//! A collector of log records, by OTLP over gRPC.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tokio::net::TcpListener;
use tonic::{Request, Response, Status};

/// A log record as it came.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) event: String,
    pub(crate) trace_id: String,
    pub(crate) has_span: bool,
    pub(crate) time_unix_nano: u64,
    /// Texts as they are, and numbers as they are written.
    pub(crate) attributes: HashMap<String, String>,
}

#[derive(Clone, Default)]
struct Records(Arc<Mutex<Vec<Record>>>);

/// A running collector; it ends with the test's runtime.
pub(crate) struct LogReceiver {
    /// Where it is.
    pub(crate) url: String,
    records: Records,
}

impl LogReceiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let records = Records::default();
        let service = LogsServiceServer::new(records.clone());
        let router = tonic::service::Routes::new(service)
            .prepare()
            .into_axum_router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, records }
    }

    /// What has come so far.
    pub(crate) fn records(&self) -> Vec<Record> {
        self.records.0.lock().unwrap().clone()
    }
}

#[tonic::async_trait]
impl LogsService for Records {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let resources = request.into_inner().resource_logs.into_iter();
        let scopes = resources.flat_map(|resource| resource.scope_logs);
        for record in scopes.flat_map(|scope| scope.log_records) {
            let attributes = record.attributes.into_iter().map(|pair| {
                let value = match pair.value.and_then(|value| value.value) {
                    Some(Value::StringValue(text)) => text,
                    Some(Value::IntValue(number)) => number.to_string(),
                    other => panic!("{other:?}"),
                };
                (pair.key, value)
            });
            let trace_id = record.trace_id.iter().map(|byte| format!("{byte:02x}"));
            self.0.lock().unwrap().push(Record {
                event: record.event_name,
                trace_id: trace_id.collect(),
                has_span: record.span_id.iter().any(|byte| *byte != 0),
                time_unix_nano: record.time_unix_nano,
                attributes: attributes.collect(),
            });
        }
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}
