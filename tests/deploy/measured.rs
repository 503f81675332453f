//! Rules and dashboards against a real Prometheus that scrapes a service which is being called: no
//! name that there is not, and no panel without data.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use emulator::{Endpoint, Fault, Rotation, ScriptedError, TokenRequest, seed};
use selvedge::contracts::data::v1::ListWorkspacesRequest;
use serde_json::Value;

use super::prometheus::{Prometheus, RULES, program};
use super::{dashboards, path};
use crate::data_plane::{data, row, write};
use crate::exchange::{Exchanging, for_storage};
use crate::support::web::{self, WAYS};
use crate::support::{Call, READ_DATA, Setup, eventually, read_token, user_token};

/// Longer than everything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

const LIST: &str = "/selvedge.data.v1.WorkspaceService/ListWorkspaces";

/// Rules that have nothing to say of a service that has run for less than a day.
const LATER: [&str; 1] = ["job_reason:selvedge_call_refusals:same_hour_rate7d"];

#[test]
fn the_rules_are_valid_and_each_alert_fires_and_stays_silent_as_its_test_says() {
    let rules = RULES.map(|file| path("prometheus").join(file));
    succeed(
        Command::new(program("promtool"))
            .args(["check", "rules", "--lint=all", "--lint-fatal"])
            .args(rules),
    );
    let tests = std::fs::read_dir(path("prometheus/tests")).unwrap();
    let tests: Vec<_> = tests.map(|file| file.unwrap().path()).collect();
    let written: String = tests
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    for alert in super::runbooks::alerts() {
        let named = format!("alertname: {}\n", alert.name);
        let mut tested = written.split(&named).skip(1).map(str::trim_start);
        let silent = |test: &&str| test.starts_with("exp_alerts: []");
        assert!(tested.clone().any(|test| silent(&test)), "{}", alert.name);
        assert!(tested.any(|test| !silent(&test)), "{}", alert.name);
    }
    succeed(
        Command::new(program("promtool"))
            .args(["test", "rules"])
            .args(&tests),
    );
}

#[track_caller]
fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complained}");
}

/// A panel's query as Grafana sends it, for the last seconds.
fn filled(expression: &str) -> String {
    expression
        .replace("$__rate_interval", "20s")
        .replace("$__range", "60s")
        .replace("$job", ".*")
        .replace("$instance", ".*")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_panel_is_empty_and_no_rule_asks_for_what_there_is_not() {
    let exchanging = Exchanging::with(Setup {
        certified: true,
        keys: auth_interceptor::KeySettings {
            unknown_kid_cooldown: Duration::from_secs(1),
            ..Default::default()
        },
        ..Setup::default()
    })
    .await;
    let prometheus = Prometheus::start(exchanging.running.administration).await;
    let queries = dashboards::queries();
    assert!(queries.len() > 40);
    let begun = Instant::now();
    loop {
        calls(&exchanging).await;
        let mut empty = BTreeSet::new();
        for query in &queries {
            let found = prometheus.samples(&filled(&query.expression)).await;
            if found.is_empty() {
                empty.insert(format!("{}: {}", query.panel, query.expression));
            }
        }
        if empty.is_empty() {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "without data: {empty:#?}");
    }
    rules_hold(&prometheus).await;
    exemplars_are_kept(&prometheus).await;
}

/// Calls that are let through and calls that are not, and what they need at fault.
async fn calls(exchanging: &Exchanging) {
    let emulator = exchanging.emulator();
    let client = &exchanging.client;
    let reader = read_token(emulator);
    let adele = exchanging.token(seed::CONSENTED);
    let lister = user_token(
        emulator,
        seed::CONSENTED,
        &["access_as_user", "workspaces.read"],
    );
    let list = Call::to(LIST)
        .bearer(&lister)
        .message(&ListWorkspacesRequest::default());
    let stranger = TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
        .tenant(uuid::Uuid::new_v4().to_string())
        .scopes(["data.read"]);
    let rest = format!(
        "http://{}/workload/data/v1/tasks",
        exchanging.running.address
    );
    for (call, verdict) in [
        (Call::to(READ_DATA).bearer(&reader), "OK"),
        (list.clone(), "OK"),
        (for_storage(&adele), "OK"),
        (for_storage(&adele), "OK"),
        (Call::to(READ_DATA), "UNAUTHENTICATED CREDENTIALS_MISSING"),
        (
            Call::to("/no.such/Method"),
            "UNIMPLEMENTED METHOD_NOT_FOUND",
        ),
        (
            Call::to(READ_DATA).bearer(&emulator.issue(&stranger)),
            "PERMISSION_DENIED TENANT_NOT_ALLOWED",
        ),
        (
            for_storage(&exchanging.token(seed::NO_CONSENT)),
            "PERMISSION_DENIED CONSENT_REQUIRED",
        ),
    ] {
        assert_eq!(client.send(&call).await.verdict(), verdict);
    }
    // Over the other faces.
    let (form, http) = WAYS[0];
    let call = web::call(&Call::to(READ_DATA), form);
    let refused = web::reply(&web::send(exchanging.running.address, http, &call).await);
    assert_eq!(refused.verdict(), "UNAUTHENTICATED CREDENTIALS_MISSING");
    let over_rest = reqwest::Client::builder().no_proxy().build().unwrap();
    let refused = over_rest.get(rest).send().await.unwrap();
    assert_eq!(refused.headers()["selvedge-reason"], "CREDENTIALS_MISSING");
    // A row that has changed since.
    let mut rows = data(&exchanging.running, seed::CONSENTED).await;
    let stale = selvedge::contracts::data::v1::Row {
        etag: "stale".to_owned(),
        ..row(&uuid::Uuid::new_v4().to_string(), "1")
    };
    rows.write_data(write([stale])).await.unwrap_err();
    // An authority that fails, and one that asks for a pause; each time for a token of its own.
    let throttled = ScriptedError::new(429, "temporarily_unavailable", 90_055).retry_after(1);
    for (fault, reason) in [
        (
            Fault::Status {
                code: 500,
                retry_after: None,
            },
            "AUTHORITY_UNAVAILABLE",
        ),
        (Fault::AuthorityError(throttled), "AUTHORITY_THROTTLED"),
    ] {
        emulator.set_fault(Endpoint::OnBehalfOf, Some(fault));
        let reply = client
            .send(&for_storage(&exchanging.token(seed::CONSENTED)))
            .await;
        assert_eq!(reply.error_info().unwrap().reason, reason);
        emulator.set_fault(Endpoint::OnBehalfOf, None);
    }
    // A key that cannot be read at first.
    emulator.rotate_keys(Rotation::Published);
    emulator.promote_key();
    emulator.set_fault(
        Endpoint::Jwks,
        Some(Fault::Status {
            code: 500,
            retry_after: None,
        }),
    );
    let newly_signed = Call::to(READ_DATA).bearer(&read_token(emulator));
    client.send(&newly_signed).await;
    emulator.set_fault(Endpoint::Jwks, None);
    eventually("the new key is read, and the pause is over", async || {
        let newly_signed = Call::to(READ_DATA).bearer(&read_token(emulator));
        let read = client.send(&newly_signed).await.verdict() == "OK";
        let asked = for_storage(&exchanging.token(seed::CONSENTED));
        read && client.send(&asked).await.verdict() == "OK"
    })
    .await;
}

/// Every rule is evaluated without an error, every recorded one finds something, and every name of a
/// metric or label in any of them is one that there is.
async fn rules_hold(prometheus: &Prometheus) {
    let metrics: BTreeSet<String> = prometheus
        .words("label/__name__/values")
        .await
        .into_iter()
        .collect();
    let labels: BTreeSet<String> = prometheus.words("labels").await.into_iter().collect();
    let groups = prometheus.get("rules", &[]).await;
    let rules: Vec<&Value> = groups["groups"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|group| group["rules"].as_array().unwrap())
        .collect();
    assert!(rules.len() > 40);
    for rule in rules {
        let name = rule["name"].as_str().unwrap();
        assert_eq!(rule["health"], "ok", "{name}: {rule}");
        let query = rule["query"].as_str().unwrap();
        let is_later = |word: &String| LATER.contains(&word.as_str());
        for word in names(query) {
            let known = metrics.contains(&word) || labels.contains(&word) || is_later(&word);
            assert!(known, "{name} asks for {word}");
        }
        if rule["type"] == "recording" && !LATER.contains(&name) {
            assert!(!prometheus.samples(query).await.is_empty(), "{name}");
        }
    }
}

/// The names of metrics and labels in an expression: every word that is not quoted, with the `_` or
/// `:` that all of ours have and few functions do.
fn names(query: &str) -> BTreeSet<String> {
    const FUNCTIONS: [&str; 5] = [
        "label_replace",
        "clamp_min",
        "group_left",
        "histogram_quantile",
        "avg_over_time",
    ];
    let unquoted: String = query.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    unquoted
        .split(|character: char| !(character.is_ascii_alphanumeric() || "_:".contains(character)))
        .filter(|word| word.contains(['_', ':']) && word.starts_with(char::is_alphabetic))
        .filter(|word| !FUNCTIONS.contains(word))
        .map(str::to_owned)
        .collect()
}

/// What a dashboard's dots lead to.
async fn exemplars_are_kept(prometheus: &Prometheus) {
    let query = [
        (
            "query",
            "{__name__=~\"(rpc_server_call|selvedge_exchange)_duration_seconds_bucket\"}",
        ),
        ("start", "0"),
        ("end", "9999999999"),
    ];
    let found = prometheus.get("query_exemplars", &query).await;
    let names: BTreeSet<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .filter(|series| series["exemplars"][0]["labels"]["trace_id"].is_string())
        .map(|series| series["seriesLabels"]["__name__"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}
