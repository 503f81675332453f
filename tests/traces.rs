//! From the trace id of a reply to the cause, in what a collector has received.

mod bad_collectors;
mod propagation;
pub(crate) mod receiver;
mod rig;
mod spans;

use std::collections::HashMap;

use auth_interceptor::Clock;
use emulator::seed;

use self::receiver::Receiver;
use crate::support::process::ServiceProcess;
use crate::support::running::start_emulator;
use crate::support::temporary::TemporaryFolder;
use crate::support::{Call, READ_DATA, eventually, read_token, user_token};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_trace_id_of_a_denied_call_leads_to_its_cause_over_grpc() {
    denied_calls_are_found("grpc").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_trace_id_of_a_denied_call_leads_to_its_cause_over_http() {
    denied_calls_are_found("http").await;
}

async fn denied_calls_are_found(protocol: &str) {
    let receiver = Receiver::start(protocol).await;
    let emulator = start_emulator(Clock::system()).await;
    let folder = TemporaryFolder::new();
    let settings = [
        ("SELVEDGE_TELEMETRY__OTLP_ENDPOINT", &*receiver.url),
        ("SELVEDGE_TELEMETRY__OTLP_PROTOCOL", protocol),
        ("SELVEDGE_TELEMETRY__SAMPLE_RATIO", "0"),
    ];
    // What is exported does not depend on what is logged: of calls, nothing.
    let log = "info,auth_interceptor=off,selvedge::telemetry=off";
    let served = ServiceProcess::start_with(&emulator, folder.path(), log, &settings).await;
    let client = served.client().await;
    eventually("a call is served", async || {
        let call = Call::to(READ_DATA).bearer(&read_token(&emulator));
        client.send(&call).await.verdict() == "OK"
    })
    .await;

    let without_scope = user_token(&emulator, seed::CONSENTED, &["data.write"]);
    let reply = client
        .send(&Call::to(READ_DATA).bearer(&without_scope))
        .await;
    let trace_id = reply.error_info().unwrap().metadata["traceId"].clone();
    let served_trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let continued = Call::to(READ_DATA).bearer(&without_scope).header(
        "traceparent",
        format!("00-{served_trace}-00f067aa0ba902b7-00"),
    );
    let reply = client.send(&continued).await;
    assert_eq!(
        reply.error_info().unwrap().metadata["traceId"],
        served_trace
    );

    for trace_id in [&*trace_id, served_trace] {
        let span = receiver.server_span(trace_id).await;
        assert_eq!(span.name, METHOD);
        let expected = HashMap::from([
            ("rpc.system.name", "grpc"),
            ("rpc.method", METHOD),
            ("rpc.response.status_code", "PERMISSION_DENIED"),
            ("error.type", "PERMISSION_DENIED"),
            ("selvedge.auth.outcome", "deny"),
            ("selvedge.auth.reason", "SCOPE_MISSING"),
            ("selvedge.refusal.reason", "SCOPE_MISSING"),
            ("selvedge.tenant.id", seed::CONTOSO_TENANT_ID),
        ]);
        for (key, value) in expected {
            assert_eq!(
                span.attributes.get(key).map(String::as_str),
                Some(value),
                "{key}"
            );
        }
        assert!(!span.attributes.contains_key("trace_id"));
        assert_eq!(span.resource["service.name"], "selvedge");
    }
    let reply = client.send(&Call::to("/planted.Service/Method")).await;
    let trace_id = reply.error_info().unwrap().metadata["traceId"].clone();
    let span = receiver.server_span(&trace_id).await;
    assert_eq!(span.name, "grpc");
    assert_eq!(span.attributes["rpc.method"], "_OTHER");
    assert_eq!(
        span.attributes["rpc.method_original"],
        "planted.Service/Method"
    );

    // Of the calls that succeeded, the ratio picks none.
    let spans = receiver.spans();
    let mut calls = spans.iter().filter(|span| span.is_server());
    assert!(calls.all(|span| span.attributes.contains_key("error.type")));
}

const METHOD: &str = "selvedge.data.v1.DataService/ReadData";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_not_there_costs_no_call() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let emulator = start_emulator(Clock::system()).await;
    let folder = TemporaryFolder::new();
    let settings = [
        ("SELVEDGE_TELEMETRY__OTLP_ENDPOINT", &*url),
        ("SELVEDGE_TELEMETRY__SAMPLE_RATIO", "1"),
    ];
    let mut served = ServiceProcess::start_with(&emulator, folder.path(), "info", &settings).await;
    let client = served.client().await;
    let call = Call::to(READ_DATA).bearer(&read_token(&emulator));
    eventually("a call is served", async || {
        client.send(&call).await.verdict() == "OK"
    })
    .await;
    eventually("the failure is logged", async || {
        served.log().contains("the collector does not take spans")
    })
    .await;
    assert_eq!(client.send(&call).await.verdict(), "OK");
    assert!(served.terminate().await.success());
}
