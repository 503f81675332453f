//! A call that is refused leaves one event, whoever refuses it: the decision, the handler, or
//! whatever stands before and around them.

use auth_interceptor::Clock;
use emulator::seed;
use serde_json::{Value, json};

use super::lines::lines_of;
use crate::reasons::asked::Asked;
use crate::reasons::scene::{Face, refused_traces};
use crate::support::process::ServiceProcess;
use crate::support::running::start_emulator;
use crate::support::temporary::TemporaryFolder;
use crate::support::wait::in_time;
use crate::support::{Call, READ_DATA, eventually, read_token, user_token};

const DENIED: &str = "selvedge.auth.denied";
const REFUSED: &str = "selvedge.call.refused";

/// The events of refusals that carry this trace id, each with the reason that it states.
fn refusals(log: &str, trace: &str) -> Vec<(String, String)> {
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    lines_of(log, trace)
        .iter()
        .filter_map(|line| match text(line, "message") {
            event if event == DENIED => Some((event, text(line, "selvedge.auth.reason"))),
            event if event == REFUSED => Some((event, text(line, "selvedge.refusal.reason"))),
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_refused_call_leaves_one_event_over_each_face() {
    let emulator = start_emulator(Clock::system()).await;
    let folder = TemporaryFolder::new();
    let limits = [("SELVEDGE_LIMITS__MESSAGE_BYTES", "65536")];
    let mut served = ServiceProcess::start_with(&emulator, folder.path(), "info", &limits).await;
    let client = served.client().await;
    eventually("a call is served", async || {
        let call = Call::to(READ_DATA).bearer(&read_token(&emulator));
        client.send(&call).await.verdict() == "OK"
    })
    .await;

    let token = |scope: &str| user_token(&emulator, seed::CONSENTED, &[scope]);
    let write = |scope: &str, item: &str, value: &str| {
        let rows = json!([{"rowId": "a", "json": {"value": value}}]);
        let message = json!({"workspaceId": seed::WORKSPACE_ID, "itemId": item, "rows": rows});
        Asked::of("/selvedge.data.v1.DataService/WriteData", &message).bearer(&token(scope))
    };
    let good = || write("data.write", seed::ITEM_ID, "x");
    let large = write("data.write", seed::ITEM_ID, &"x".repeat(100_000));
    let asked = [
        (
            DENIED,
            "SCOPE_MISSING",
            write("data.read", seed::ITEM_ID, "x"),
        ),
        (DENIED, "AUTH_HEADER_DUPLICATED", good().bearer("x")),
        (
            REFUSED,
            "FIELD_INVALID",
            write("data.write", "no-guid", "x"),
        ),
        (REFUSED, "PAYLOAD_TOO_LARGE", large),
        (
            REFUSED,
            "DEADLINE_EXCEEDED",
            good().header("grpc-timeout", "0n"),
        ),
        (
            REFUSED,
            "TIMEOUT_HEADER_INVALID",
            good().header("grpc-timeout", "soon"),
        ),
    ];
    let mut expected = Vec::new();
    for (event, reason, asked) in &asked {
        let traces = refused_traces(&client, asked).await;
        expected.extend(traces.into_iter().map(|trace| (trace, *event, *reason)));
    }

    // What ends a stream that has begun is a refusal too: it is in the trailers.
    let mut watch = client
        .open(&Call::to("/grpc.health.v1.Health/Watch"))
        .await
        .unwrap();
    in_time("the first status", watch.chunk()).await.unwrap();
    assert!(served.terminate().await.success());
    let ended = in_time("the end", watch.rest()).await.unwrap();
    expected.push((Face::Grpc.trace_id(&ended), REFUSED, "SHUTTING_DOWN"));

    let log = served.log();
    for (trace, event, reason) in expected {
        let found = refusals(&log, &trace);
        assert_eq!(found, [(event.to_owned(), reason.to_owned())], "{trace}");
    }
}
