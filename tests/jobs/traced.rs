//! From a job that has failed to what went wrong, by the trace that it names.

use auth_interceptor::Clock;
use emulator::seed;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use selvedge::contracts::control::v1::JobStatus;
use uuid::Uuid;

use super::{Fabric, Job, start_process};
use crate::support::eventually;
use crate::support::running::start_emulator;
use crate::support::temporary::TemporaryFolder;
use crate::traces::receiver::Receiver;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_job_names_the_trace_of_the_run_that_failed() {
    let receiver = Receiver::start("grpc").await;
    let emulator = start_emulator(Clock::system()).await;
    let folder = TemporaryFolder::new();
    let store = format!("sqlite://{}/selvedge.db", folder.path().display());
    let audit = folder.path().join("audit.jsonl");
    let settings = [
        ("SELVEDGE_TELEMETRY__OTLP_ENDPOINT", &*receiver.url),
        ("SELVEDGE_TELEMETRY__SAMPLE_RATIO", "0"),
        ("SELVEDGE_TELEMETRY__AUDIT_FILE", audit.to_str().unwrap()),
    ];
    let process = start_process(&emulator, &folder, &store, &settings).await;
    let fabric = Fabric::new(&emulator, process.client().await, seed::CONSENTED);
    fabric.create_item().await;
    let mut job = Job::export("nowhere/rows.jsonl");
    let unknown = Uuid::new_v4().to_string();
    job.payload = job.payload.replace(seed::LAKEHOUSE_ID, &unknown);
    assert_eq!(fabric.create(&job).await.verdict(), "OK");

    let state = fabric.until(&job, JobStatus::Failed).await;
    let details = state.error_details.unwrap();
    let cause = &details.more_details[0];
    let mut told = cause.additional_parameters.iter();
    let trace = &told.find(|pair| pair.name == "requestId").unwrap().value;

    let run = receiver.span(trace, "job.run").await;
    assert_eq!(run.kind, SpanKind::Internal);
    assert_eq!(run.parent, "");
    for (key, value) in [
        ("selvedge.job.id", &*job.id),
        ("selvedge.refusal.reason", &*cause.error_code),
        ("selvedge.tenant.id", seed::CONTOSO_TENANT_ID),
    ] {
        assert_eq!(run.attributes[key], value, "{key}");
    }
    assert!(run.attributes.contains_key("user.hash"));
    assert!(run.attributes.contains_key("error.type"));
    assert!(!run.attributes.keys().any(|key| key.starts_with("rpc.")));
    let asked = receiver.span(trace, "downstream.call").await;
    assert_eq!(asked.parent, run.id);

    eventually("the exchange is audited as the run's", async || {
        let entries = std::fs::read_to_string(&audit).unwrap();
        let entries = entries.lines().map(serde_json::from_str);
        let mut entries = entries.map(Result::<serde_json::Value, _>::unwrap);
        entries.any(|entry| {
            entry["event"] == "exchange"
                && entry["trace_id"] == **trace
                && entry["selvedge.job.id"] == *job.id
        })
    })
    .await;
}
