//! The audit trail of a real process: what calls over every face leave in it, and what becomes of
//! calls when it cannot be written.

mod receiver;

use std::collections::BTreeSet;
use std::path::Path;

use auth_interceptor::Clock;
use emulator::{Emulator, seed};
use selvedge::contracts::admin::v1::ForgetUserRequest;
use selvedge::telemetry::names::{Place, TRACE_ID, may_appear};
use serde_json::{Value, json};

use self::receiver::LogReceiver;
use crate::administration::operator;
use crate::exchange::{for_storage, page_token};
use crate::reasons::asked::Asked;
use crate::reasons::scene::refused_traces;
use crate::support::process::{PLANTED_SECRET, ServiceProcess};
use crate::support::running::{STORAGE_SCOPE, start_emulator};
use crate::support::temporary::TemporaryFolder;
use crate::support::{Call, READ_DATA, RawClient, eventually, read_token, user_token};

const FORGET_USER: &str = "/selvedge.admin.v1.AdministrationService/ForgetUser";
const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// A call that continues a trace of the test's own, by which its entries are found.
fn traced(call: Call) -> (Call, String) {
    let trace = uuid::Uuid::new_v4().simple().to_string();
    let call = call.header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    (call, trace)
}

fn entries(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The entries of a trace, which are of these events in this order.
#[track_caller]
fn of<'e>(entries: &'e [Value], trace: &str, events: &[&str]) -> Vec<&'e Value> {
    let found: Vec<_> = entries
        .iter()
        .filter(|entry| entry["trace_id"] == trace)
        .collect();
    let named: Vec<_> = found.iter().map(|entry| &entry["event"]).collect();
    assert_eq!(named, events, "{trace}");
    found
}

#[track_caller]
fn says(entry: &Value, expected: &[(&str, &str)]) {
    for (key, value) in expected {
        assert_eq!(entry[key], *value, "{key} of {entry}");
    }
}

async fn is_serving(client: &RawClient) {
    eventually("the keys are read", async || {
        let call = Call::to(READ_DATA).bearer("not-a-token");
        client.send(&call).await.verdict() == "UNAUTHENTICATED TOKEN_MALFORMED"
    })
    .await;
}

/// A service with an audit file in the folder, and settings beside it.
async fn served(
    emulator: &Emulator,
    folder: &Path,
    settings: &[(&str, &str)],
) -> (ServiceProcess, RawClient) {
    let file = folder.join("audit.jsonl");
    let mut all = vec![("SELVEDGE_TELEMETRY__AUDIT_FILE", file.to_str().unwrap())];
    all.extend(settings);
    let served = ServiceProcess::start_with(emulator, folder, "info", &all).await;
    let client = served.client().await;
    eventually("a call is served", async || {
        let call = Call::to(READ_DATA).bearer(&read_token(emulator));
        client.send(&call).await.verdict() == "OK"
    })
    .await;
    (served, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_user_hashes_that_is_replaced_renames_the_user_of_a_token_that_is_remembered() {
    let emulator = start_emulator(Clock::system()).await;
    let folder = TemporaryFolder::new();
    let key_file = folder.path().join("user.key");
    std::fs::write(&key_file, [7; 32]).unwrap();
    let spans = folder.path().join("spans.jsonl");
    let settings = [
        (
            "SELVEDGE_TELEMETRY__USER_HASH_KEY_FILE",
            key_file.to_str().unwrap(),
        ),
        ("SELVEDGE_TELEMETRY__SPAN_FILE", spans.to_str().unwrap()),
    ];
    let (served, client) = served(&emulator, folder.path(), &settings).await;
    let token = read_token(&emulator);
    let (first, again) = (
        named(&client, folder.path(), &token).await,
        named(&client, folder.path(), &token).await,
    );
    assert_eq!(first, again);

    let read = "the key of user hashes has been read";
    let reads = || served.log().matches(read).count();
    let before = reads();
    std::fs::write(&key_file, [8; 32]).unwrap();
    let denied =
        Call::to(READ_DATA).bearer(&user_token(&emulator, seed::CONSENTED, &["data.write"]));
    eventually("the new key is read", async || {
        let verdict = client.send(&denied).await.verdict();
        assert_eq!(verdict, "PERMISSION_DENIED SCOPE_MISSING");
        reads() > before
    })
    .await;
    assert_ne!(named(&client, folder.path(), &token).await, first);
}

/// What the entry of a call with the token names its user.
async fn named(client: &RawClient, folder: &Path, token: &str) -> Value {
    let (call, trace) = traced(Call::to(READ_DATA).bearer(token));
    assert_eq!(client.send(&call).await.verdict(), "OK");
    let mut hash = Value::Null;
    eventually("the call is entered", async || {
        let entries = entries(&folder.join("audit.jsonl"));
        let entry = entries.iter().find(|entry| entry["trace_id"] == *trace);
        hash = entry.map_or(Value::Null, |entry| entry["user.hash"].clone());
        hash.is_string()
    })
    .await;
    hash
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_decision_exchange_and_order_leaves_one_entry_that_names_nobody() {
    let emulator = start_emulator(Clock::system()).await;
    let folder = TemporaryFolder::new();
    let file = folder.path().join("audit.jsonl");
    let key_file = folder.path().join("user.key");
    std::fs::write(&key_file, [7; 32]).unwrap();
    let collector = LogReceiver::start().await;
    let settings = [
        ("SELVEDGE_TELEMETRY__AUDIT_OTLP", "true"),
        ("SELVEDGE_TELEMETRY__OTLP_ENDPOINT", &*collector.url),
        (
            "SELVEDGE_TELEMETRY__USER_HASH_KEY_FILE",
            key_file.to_str().unwrap(),
        ),
    ];
    let (mut served, client) = served(&emulator, folder.path(), &settings).await;

    let token = read_token(&emulator);
    let (call, allowed) = traced(Call::to(READ_DATA).bearer(&token));
    assert_eq!(client.send(&call).await.verdict(), "OK");

    let without_scope = user_token(&emulator, seed::CONSENTED, &["data.write"]);
    let read = json!({"workspaceId": seed::WORKSPACE_ID, "itemId": seed::ITEM_ID});
    let read = Asked::of(READ_DATA, &read).bearer(&without_scope);
    let denied = refused_traces(&client, &read).await;

    let reply = client.send(&Call::to("/planted.Service/Method")).await;
    let unknown_method = reply.error_info().unwrap().metadata["traceId"].clone();
    let (call, healthy) = traced(Call::to(HEALTH));
    assert_eq!(client.send(&call).await.verdict(), "OK");

    let adele = emulator.issue(&page_token(seed::CONSENTED));
    let (call, exchanged) = traced(for_storage(&adele));
    assert_eq!(client.send(&call).await.verdict(), "OK");
    let stranger = emulator.issue(&page_token(seed::NO_CONSENT));
    let (call, unexchanged) = traced(for_storage(&stranger));
    let reply = client.send(&call).await;
    assert_eq!(reply.verdict(), "PERMISSION_DENIED CONSENT_REQUIRED");

    let administration = RawClient::connect(served.administration.parse().unwrap()).await;
    let order = ForgetUserRequest {
        tenant_id: seed::FABRIKAM_TENANT_ID.to_owned(),
        object_id: "planted-object-id".to_owned(),
    };
    let call = Call::to(FORGET_USER).bearer(&emulator.issue(&operator()));
    let (call, ordered) = traced(call.message(&order));
    assert_eq!(administration.send(&call).await.verdict(), "OK");

    // What waits is written and sent before the process ends.
    assert!(served.terminate().await.success());
    let entries = entries(&file);

    let allowed = of(&entries, &allowed, &["decision"])[0];
    let whose = [
        ("selvedge.tenant.id", seed::CONTOSO_TENANT_ID),
        ("selvedge.token.kind", "user"),
    ];
    says(allowed, &whose);
    says(
        allowed,
        &[
            ("rpc.method", "selvedge.data.v1.DataService/ReadData"),
            ("selvedge.auth.outcome", "allow"),
        ],
    );
    assert!(allowed.get("selvedge.auth.reason").is_none());
    assert!(allowed["selvedge.client_app.id"].is_string());
    assert!(allowed["selvedge.token.uti"].is_string());
    let user = allowed["user.hash"].as_str().unwrap();
    assert_eq!(user.len(), 32);
    let time: jiff::Timestamp = allowed["time"].as_str().unwrap().parse().unwrap();
    assert!(time.as_second() > 1_700_000_000);

    for trace in denied {
        let denied = of(&entries, &trace, &["decision"])[0];
        says(denied, &whose);
        says(
            denied,
            &[
                ("rpc.method", "selvedge.data.v1.DataService/ReadData"),
                ("selvedge.auth.outcome", "deny"),
                ("selvedge.auth.reason", "SCOPE_MISSING"),
                ("user.hash", user),
            ],
        );
    }
    says(
        of(&entries, &unknown_method, &["decision"])[0],
        &[
            ("rpc.method", "_OTHER"),
            ("selvedge.auth.reason", "METHOD_NOT_FOUND"),
            ("selvedge.token.kind", "none"),
        ],
    );
    of(&entries, &healthy, &[]);

    let exchange = of(&entries, &exchanged, &["decision", "exchange"])[1];
    let of_storage = [
        (
            "rpc.method",
            "selvedge.exchange.v1.TokenExchangeService/ExchangeToken",
        ),
        ("selvedge.registration.name", "workload"),
        ("selvedge.exchange.resource", "https://storage.azure.com"),
        ("selvedge.client_app.id", seed::BROKER_CLIENT_ID),
    ];
    says(exchange, &of_storage);
    says(exchange, &whose);
    says(
        exchange,
        &[
            ("selvedge.exchange.outcome", "ok"),
            ("selvedge.exchange.cache", "miss"),
            ("user.hash", user),
        ],
    );
    let exchange = of(&entries, &unexchanged, &["decision", "exchange"])[1];
    says(exchange, &of_storage);
    says(
        exchange,
        &[
            ("selvedge.exchange.outcome", "user"),
            ("selvedge.refusal.reason", "CONSENT_REQUIRED"),
            ("selvedge.authority.error", "invalid_grant"),
        ],
    );
    assert_eq!(exchange["selvedge.authority.aadsts"], 65_001);
    assert!(exchange["selvedge.authority.correlation_id"].is_string());
    assert_ne!(exchange["user.hash"], user);

    let order = of(&entries, &ordered, &["decision", "order"])[1];
    says(
        order,
        &[
            ("selvedge.admin.order", "forget_user"),
            ("selvedge.admin.outcome", "done"),
            ("selvedge.admin.target.tenant.id", seed::FABRIKAM_TENANT_ID),
            ("selvedge.client_app.id", seed::DAEMON_CLIENT_ID),
        ],
    );

    let text = std::fs::read_to_string(&file).unwrap();
    let canaries = [
        "eyJ",
        PLANTED_SECRET,
        STORAGE_SCOPE,
        "data.write",
        "planted-object-id",
        "planted.Service",
        seed::CONSENTED,
        seed::NO_CONSENT,
        "127.0.0.1",
    ];
    for canary in canaries {
        assert!(!text.contains(canary), "{canary}");
    }
    for entry in &entries {
        for key in entry.as_object().unwrap().keys() {
            let is_listed = ["time", "event"].contains(&&**key) || may_appear(key, Place::Audit);
            assert!(is_listed, "{key}");
        }
    }

    // The collector has been told the same.
    let records = collector.records();
    assert_eq!(records.len(), entries.len());
    for entry in &entries {
        let event = format!("selvedge.audit.{}", entry["event"].as_str().unwrap());
        let mut same = records.iter().filter(|record| {
            record.event == event
                && record.trace_id == entry["trace_id"].as_str().unwrap_or_default()
        });
        let record = same.next_back().unwrap();
        assert!(record.has_span && record.time_unix_nano > 0);
        for (key, value) in entry.as_object().unwrap() {
            if ["time", "event", TRACE_ID].contains(&&**key) {
                continue;
            }
            let spelled = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            assert_eq!(record.attributes.get(key), Some(&spelled), "{key}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_object_id_is_entered_where_the_operator_wants_it() {
    let emulator = start_emulator(Clock::system()).await;
    let folder = TemporaryFolder::new();
    let settings = [("SELVEDGE_TELEMETRY__USER_IDENTITY", "object_id")];
    let (mut served, client) = served(&emulator, folder.path(), &settings).await;
    let token = read_token(&emulator);
    let (call, trace) = traced(Call::to(READ_DATA).bearer(&token));
    client.send(&call).await;
    assert!(served.terminate().await.success());
    let entries = entries(&folder.path().join("audit.jsonl"));
    let entry = of(&entries, &trace, &["decision"])[0];
    let claims = crate::exchange::claims_of(&token);
    assert_eq!(entry["user.id"], claims["oid"]);
    assert!(entry.get("user.hash").is_none());
}

#[cfg(target_os = "linux")]
mod unwritable {
    use super::*;

    const FULL: (&str, &str) = ("SELVEDGE_TELEMETRY__AUDIT_FILE", "/dev/full");
    const REFUSE: (&str, &str) = ("SELVEDGE_TELEMETRY__AUDIT_ON_FAILURE", "refuse");

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn calls_go_on_where_entries_are_counted() {
        let emulator = start_emulator(Clock::system()).await;
        let folder = TemporaryFolder::new();
        let (mut served, client) = served(&emulator, folder.path(), &[FULL]).await;
        let adele = emulator.issue(&page_token(seed::CONSENTED));
        assert_eq!(client.send(&for_storage(&adele)).await.verdict(), "OK");
        eventually("the failure is logged", async || {
            served.log().contains("audit entries cannot be written")
        })
        .await;
        assert!(served.terminate().await.success());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_handler_runs_whose_decision_is_not_on_the_file() {
        let emulator = start_emulator(Clock::system()).await;
        let folder = TemporaryFolder::new();
        let settings = [FULL, REFUSE];
        let mut served =
            ServiceProcess::start_with(&emulator, folder.path(), "info", &settings).await;
        let client = served.client().await;
        is_serving(&client).await;
        let adele = emulator.issue(&page_token(seed::CONSENTED));
        let reply = client.send(&for_storage(&adele)).await;
        assert_eq!(reply.verdict(), "UNAVAILABLE AUDIT_UNAVAILABLE");
        assert!(reply.retry_info().is_some());
        assert_eq!(emulator.on_behalf_of_requests(), 0);
        // Who is denied is told why, and who asks for health is answered.
        let reply = client.send(&Call::to(READ_DATA)).await;
        assert_eq!(reply.verdict(), "UNAUTHENTICATED CREDENTIALS_MISSING");
        assert_eq!(client.send(&Call::to(HEALTH)).await.verdict(), "OK");
        assert!(served.terminate().await.success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn a_file_that_is_gone_is_begun_anew_and_no_call_goes_on_without_it() {
    let emulator = start_emulator(Clock::system()).await;
    let folder = TemporaryFolder::new();
    let kept = folder.path().join("kept");
    std::fs::create_dir(&kept).unwrap();
    let file = kept.join("audit.jsonl");
    let settings = [
        ("SELVEDGE_TELEMETRY__AUDIT_FILE", file.to_str().unwrap()),
        ("SELVEDGE_TELEMETRY__AUDIT_ON_FAILURE", "refuse"),
    ];
    let (mut served, client) = served(&emulator, folder.path(), &settings).await;
    let send = async || {
        let (call, trace) = traced(Call::to(READ_DATA).bearer(&read_token(&emulator)));
        (client.send(&call).await.verdict(), trace)
    };

    // Once a call is answered, its entry is there.
    let (verdict, before) = send().await;
    assert_eq!(verdict, "OK");
    of(&entries(&file), &before, &["decision"]);

    let rotated = kept.join("audit.jsonl.1");
    std::fs::rename(&file, &rotated).unwrap();
    let (verdict, after) = send().await;
    assert_eq!(verdict, "OK");
    of(&entries(&file), &after, &["decision"]);
    of(&entries(&file), &before, &[]);
    of(&entries(&rotated), &before, &["decision"]);

    // Its folder goes, and comes back.
    let away = folder.path().join("away");
    std::fs::rename(&kept, &away).unwrap();
    let (verdict, _) = send().await;
    assert_eq!(verdict, "UNAVAILABLE AUDIT_UNAVAILABLE");
    std::fs::rename(&away, &kept).unwrap();
    let (verdict, again) = send().await;
    assert_eq!(verdict, "OK");
    of(&entries(&file), &again, &["decision"]);
    assert!(served.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_a_file_and_every_line_is_whole() {
    const CALLS: usize = 50;
    let emulator = start_emulator(Clock::system()).await;
    let [one, other] = [TemporaryFolder::new(), TemporaryFolder::new()];
    let file = one.path().join("audit.jsonl");
    let shared = [("SELVEDGE_TELEMETRY__AUDIT_FILE", file.to_str().unwrap())];
    let (mut first, to_first) = served(&emulator, one.path(), &shared).await;
    let (mut second, to_second) = served(&emulator, other.path(), &shared).await;
    let token = read_token(&emulator);
    let send = async |client: &RawClient| {
        let mut traces = BTreeSet::new();
        for _ in 0..CALLS {
            let (call, trace) = traced(Call::to(READ_DATA).bearer(&token));
            assert_eq!(client.send(&call).await.verdict(), "OK");
            traces.insert(trace);
        }
        traces
    };
    let (mut traces, others) = tokio::join!(send(&to_first), send(&to_second));
    traces.extend(others);
    assert!(first.terminate().await.success());
    assert!(second.terminate().await.success());
    let entries = entries(&file);
    for trace in &traces {
        of(&entries, trace, &["decision"]);
    }
}
