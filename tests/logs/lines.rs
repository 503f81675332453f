//! The lines of a call: found by its trace id, and one event for each that is denied.

use auth_interceptor::Clock;
use emulator::seed;
use http::Method;
use serde_json::Value;

use crate::support::process::ServiceProcess;
use crate::support::running::start_emulator;
use crate::support::temporary::TemporaryFolder;
use crate::support::web::{self, Form, Http};
use crate::support::{Call, READ_DATA, eventually, read_token, user_token};

/// The lines that carry this trace id where log tools look for it.
pub(super) fn lines_of(log: &str, trace: &str) -> Vec<Value> {
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|line: &Value| line["trace_id"] == trace && line["level"] == "INFO")
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_denied_call_leaves_one_event_with_its_ids_over_each_face() {
    let emulator = start_emulator(Clock::system()).await;
    let folder = TemporaryFolder::new();
    // Spans have ids where they are exported, be it to a file.
    let spans = folder.path().join("spans.jsonl");
    let settings = [("SELVEDGE_TELEMETRY__SPAN_FILE", spans.to_str().unwrap())];
    let mut served = ServiceProcess::start_with(&emulator, folder.path(), "info", &settings).await;
    let client = served.client().await;
    eventually("a call is served", async || {
        let call = Call::to(READ_DATA).bearer(&read_token(&emulator));
        client.send(&call).await.verdict() == "OK"
    })
    .await;

    let without_scope = user_token(&emulator, seed::CONSENTED, &["data.write"]);
    let denied = Call::to(READ_DATA).bearer(&without_scope);
    let reply = client.send(&denied).await;
    let over_grpc = reply.error_info().unwrap().metadata["traceId"].clone();
    let address = served.address.parse().unwrap();
    let page = web::call(&denied, Form::Text);
    let reply = web::reply(&web::send(address, Http::One, &page).await);
    let over_grpc_web = reply.error_info().unwrap().metadata["traceId"].clone();
    let mut rest = Call::to("/workload/data/v1/rows").bearer(&without_scope);
    rest.method = Method::GET;
    rest.body = bytes::Bytes::new();
    let rest = rest.without_header("te").without_header("content-type");
    let reply = client.send(&rest).await;
    let over_rest = reply.headers["selvedge-trace-id"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(served.terminate().await.success());

    let log = served.log();
    for trace in [over_grpc, over_grpc_web, over_rest] {
        let lines = lines_of(&log, &trace);
        let [line] = &*lines else {
            panic!("one line of {trace}: {lines:?}");
        };
        assert_eq!(line["message"], "selvedge.auth.denied");
        assert_eq!(line["selvedge.auth.reason"], "SCOPE_MISSING");
        assert_eq!(line["span_id"].as_str().unwrap().len(), 16);
    }
}
