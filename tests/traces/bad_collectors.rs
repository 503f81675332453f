//! A collector that answers nothing, then leaves spans out, then is back: what that costs calls, the
//! process's memory and the spans.
//!
//! What each answer means is decided in the client of the collector, and shown there. Here a real
//! process has one that is worse than gone: it takes requests and keeps them.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use auth_interceptor::Clock;
use futures_util::future::join_all;

use super::receiver::{Behaviour, Receiver};
use crate::support::process::ServiceProcess;
use crate::support::running::start_emulator;
use crate::support::temporary::TemporaryFolder;
use crate::support::{Call, READ_DATA, RawClient, eventually};

/// More than the queue and a batch hold: some of their spans must be lost.
const FLOOD: usize = 6_000;
/// The calls of one connection, which may have only so many bodies refused unread. In the flood they
/// are open at once.
const ON_ONE_CONNECTION: usize = 50;
/// What a full queue may take, with room for what allocators keep.
const GROWTH: u64 = 64 * 1024 * 1024;
/// The calls that are timed.
const TIMED: usize = 300;
/// How much longer a call may take on a busy machine; one that waited for the collector would take
/// thousands of times as long.
const SLOWER: u32 = 3;

const LOST: &str = "the collector does not take spans";
const BACK: &str = "the collector takes spans again";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_does_not_answer_costs_spans_and_nothing_else() {
    let receiver = Receiver::start("grpc").await;
    receiver.behave(Behaviour::Keeps);
    let emulator = start_emulator(Clock::system()).await;
    let (folder, other) = (TemporaryFolder::new(), TemporaryFolder::new());
    let settings = [
        ("SELVEDGE_TELEMETRY__OTLP_ENDPOINT", &*receiver.url),
        ("SELVEDGE_TELEMETRY__SAMPLE_RATIO", "1"),
    ];
    let log = "info,auth_interceptor=off";
    let mut served = ServiceProcess::start_with(&emulator, folder.path(), log, &settings).await;
    let alone = ServiceProcess::start(&emulator, other.path(), log).await;

    // By turns, so that whatever else the machine does slows both.
    let (mut with_collector, mut without_one) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..TIMED / ON_ONE_CONNECTION {
        let (client, without) = (served.client().await, alone.client().await);
        for _ in 0..ON_ONE_CONNECTION {
            with_collector += timed(&client).await;
            without_one += timed(&without).await;
        }
    }
    assert!(
        with_collector < without_one * SLOWER,
        "{with_collector:?} for {TIMED} calls, and {without_one:?} without a collector"
    );

    let before = memory(served.id());
    for _ in 0..FLOOD / ON_ONE_CONNECTION {
        let client = served.client().await;
        join_all((0..ON_ONE_CONNECTION).map(|_| failed(&client))).await;
    }
    let growth = memory(served.id()).saturating_sub(before);
    assert!(growth < GROWTH, "{growth} bytes more");
    eventually("the loss is logged", async || served.log().contains(LOST)).await;

    receiver.behave(Behaviour::Takes);
    let mut since = HashSet::new();
    eventually("a trace is received again", async || {
        since.insert(failed(&served.client().await).await);
        let spans = receiver.spans();
        spans.iter().any(|span| since.contains(&span.trace_id))
    })
    .await;
    eventually("that is logged", async || served.log().contains(BACK)).await;

    // Of what was kept from it, the queue's content came, and no more.
    let received = receiver.spans();
    let calls = received.iter().filter(|span| span.is_server()).count();
    assert!(calls < TIMED + FLOOD, "{calls} came");
    // Nothing that sending does becomes a span: each is a call, or a read of keys at the start.
    for span in received.iter().filter(|span| !span.is_server()) {
        assert!(is_expected(&span.name), "{}", span.name);
    }

    receiver.behave(Behaviour::LeavesOut);
    eventually("what it leaves out is a loss", async || {
        failed(&served.client().await).await;
        served.log().matches(LOST).count() > 1
    })
    .await;
    assert!(served.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_ends_in_time_though_its_collector_keeps_what_it_is_sent() {
    let receiver = Receiver::start("http").await;
    receiver.behave(Behaviour::Keeps);
    let emulator = start_emulator(Clock::system()).await;
    let folder = TemporaryFolder::new();
    let spans = folder.path().join("spans.jsonl");
    let settings = [
        ("SELVEDGE_TELEMETRY__OTLP_ENDPOINT", &*receiver.url),
        ("SELVEDGE_TELEMETRY__OTLP_PROTOCOL", "http"),
        ("SELVEDGE_TELEMETRY__SAMPLE_RATIO", "0"),
        ("SELVEDGE_TELEMETRY__SPAN_FILE", spans.to_str().unwrap()),
        ("SELVEDGE_SERVER__DRAIN_DELAY", "0s"),
    ];
    let mut served = ServiceProcess::start_with(&emulator, folder.path(), "info", &settings).await;
    let client = served.client().await;
    let trace_id = failed(&client).await;
    drop(client);
    // The harness has no patience for more than it takes.
    assert!(served.terminate().await.success());
    // The file does not wait for the collector, and holds the last call.
    let written = std::fs::read_to_string(spans).unwrap();
    assert!(written.contains(&trace_id), "{written}");
}

/// Makes a call that fails as it should, and returns its trace id.
async fn failed(client: &RawClient) -> String {
    let reply = client.send(&Call::to(READ_DATA)).await;
    let info = reply.error_info().expect("a refusal");
    assert_eq!(info.reason, "CREDENTIALS_MISSING");
    info.metadata["traceId"].clone()
}

async fn timed(client: &RawClient) -> Duration {
    let begun = Instant::now();
    failed(client).await;
    begun.elapsed()
}

fn is_expected(name: &str) -> bool {
    let names = selvedge::telemetry::names::SPANS;
    names.iter().any(|span| span.name == name)
}

/// The bytes of a process that are in memory.
#[cfg(target_os = "linux")]
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kilobytes.parse::<u64>().unwrap() * 1024
}

/// Measured on Linux alone.
#[cfg(not(target_os = "linux"))]
fn memory(_: u32) -> u64 {
    0
}
