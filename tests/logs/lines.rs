//! The lines of a call: found by its trace id, and one event for each that is denied.

use auth_interceptor::Clock;
use emulator::seed;
use serde_json::{Value, json};

use crate::reasons::asked::Asked;
use crate::reasons::scene::refused_traces;
use crate::support::process::ServiceProcess;
use crate::support::running::start_emulator;
use crate::support::temporary::TemporaryFolder;
use crate::support::{Call, READ_DATA, eventually, read_token, user_token};

/// The lines that carry this trace id where log tools look for it.
pub(super) fn lines_of(log: &str, trace: &str) -> Vec<Value> {
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|line: &Value| line["trace_id"] == trace)
        // Where the whole run is looked at, it is logged at TRACE.
        .filter(|line| line["level"] != "TRACE" && line["level"] != "DEBUG")
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
    let read = json!({"workspaceId": seed::WORKSPACE_ID, "itemId": seed::ITEM_ID});
    let read = Asked::of(READ_DATA, &read).bearer(&without_scope);
    let denied = refused_traces(&client, &read).await;
    assert!(served.terminate().await.success());

    let log = served.log();
    for trace in denied {
        let lines = lines_of(&log, &trace);
        let [line] = &*lines else {
            panic!("one line of {trace}: {lines:?}");
        };
        assert_eq!(line["message"], "selvedge.auth.denied");
        assert_eq!(line["selvedge.auth.reason"], "SCOPE_MISSING");
        assert_eq!(line["span_id"].as_str().unwrap().len(), 16);
    }
}
