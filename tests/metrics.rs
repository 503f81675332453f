//! The metrics as a scraper reads them, after calls over real sockets.

mod load;
mod open_metrics;
mod push;
mod trouble;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use emulator::{TokenRequest, seed};
use selvedge::telemetry::instruments::{ALL, Kind, spelled};
use selvedge::telemetry::names;

use self::open_metrics::Page;
use crate::exchange::{Exchanging, for_storage, received};
use crate::support::{Call, READ_DATA, Setup, eventually, evidence, read_token};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

async fn request(method: reqwest::Method, address: SocketAddr) -> reqwest::Response {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{address}/metrics");
    client.request(method, url).send().await.unwrap()
}

async fn text(exchanging: &Exchanging) -> String {
    let answer = request(reqwest::Method::GET, exchanging.running.administration).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], OPEN_METRICS);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let page = answer.text().await.unwrap();
    evidence::scraped(&page);
    page
}

/// Calls of every kind; returns the trace ids that callers and replies know them by.
async fn run(exchanging: &Exchanging) -> BTreeSet<String> {
    let mut traces = BTreeSet::new();
    let emulator = exchanging.emulator();
    let adele = exchanging.token(seed::CONSENTED);
    let answered = [
        Call::to(READ_DATA).bearer(&read_token(emulator)),
        Call::to("/grpc.health.v1.Health/Check"),
        for_storage(&adele),
        for_storage(&adele),
    ];
    for call in answered {
        let trace = uuid::Uuid::new_v4().simple().to_string();
        let call = call.header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
        let reply = exchanging.client.send(&call).await;
        assert_eq!(reply.verdict(), "OK");
        traces.insert(trace);
    }
    let refused = [
        (Call::to(READ_DATA), "UNAUTHENTICATED CREDENTIALS_MISSING"),
        (
            Call::to("/no.such.Service/Method"),
            "UNIMPLEMENTED METHOD_NOT_FOUND",
        ),
        (
            Call::to(READ_DATA).bearer(&of_tenant(exchanging, &uuid::Uuid::new_v4())),
            "PERMISSION_DENIED TENANT_NOT_ALLOWED",
        ),
        (
            for_storage(&exchanging.token(seed::NO_CONSENT)),
            "PERMISSION_DENIED CONSENT_REQUIRED",
        ),
    ];
    for (call, verdict) in refused {
        let reply = exchanging.client.send(&call).await;
        assert_eq!(reply.verdict(), verdict);
        traces.insert(reply.request_infos()[0].request_id.clone());
    }
    traces
}

/// A well-signed token of a tenant that nobody has heard of.
fn of_tenant(exchanging: &Exchanging, tenant: &uuid::Uuid) -> String {
    let token = TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
        .tenant(tenant.to_string())
        .scopes(["data.read"]);
    exchanging.emulator().issue(&token)
}

#[tokio::test]
async fn every_instrument_has_samples_after_a_run_with_the_labels_of_the_table() {
    let setup = Setup {
        // A secret does not say when it ends.
        certified: true,
        ..Setup::default()
    };
    let exchanging = Exchanging::with(setup).await;
    run(&exchanging).await;
    eventually("the jobs were counted", async || {
        text(&exchanging)
            .await
            .contains("selvedge_jobs_unfinished{")
    })
    .await;
    let page = Page::read(&text(&exchanging).await);
    for instrument in ALL {
        let family = &page.families[&instrument.family_name()];
        let kind = match instrument.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        assert_eq!(family.kind, kind, "{instrument:?}");
        let unit = instrument.unit().map(str::to_owned);
        assert_eq!(family.unit, unit, "{instrument:?}");
        assert!(family.has_help, "{instrument:?}");
        assert!(!family.samples.is_empty(), "{instrument:?}");
        let keys: BTreeSet<String> = instrument.labels.iter().map(|key| spelled(key)).collect();
        let mut found = BTreeSet::new();
        for sample in &family.samples {
            found.extend(sample.labels.keys().filter(|key| *key != "le").cloned());
            assert!(sample.labels.values().all(|value| !value.is_empty()));
            assert!(instrument.exemplars || sample.exemplar.is_none());
        }
        // The run has no failure of everything; whatever else a series may have, one has.
        let spared = spelled(names::ERROR_TYPE);
        let missing: Vec<_> = keys
            .difference(&found)
            .filter(|key| **key != spared)
            .collect();
        assert!(missing.is_empty(), "{instrument:?} lacks {missing:?}");
        assert!(found.is_subset(&keys), "{instrument:?} has {found:?}");
    }
    let names: BTreeSet<String> = ALL.iter().map(|one| one.family_name()).collect();
    assert_eq!(page.families.into_keys().collect::<BTreeSet<_>>(), names);
}

#[tokio::test]
async fn each_call_decision_and_exchange_is_counted_once_for_what_it_was() {
    let exchanging = Exchanging::with(Setup::default()).await;
    run(&exchanging).await;
    let page = Page::read(&text(&exchanging).await);
    let read = "selvedge.data.v1.DataService/ReadData";
    let exchange = "selvedge.exchange.v1.TokenExchangeService/ExchangeToken";
    let calls = "rpc_server_call_duration_seconds_count";
    let decisions = "selvedge_auth_decisions_total";
    let exchanges = "selvedge_exchange_exchanges_total";
    for (name, labels, count) in [
        (calls, &[][..], 8.0),
        (
            calls,
            &[("rpc_method", read), ("rpc_response_status_code", "OK")],
            1.0,
        ),
        (
            calls,
            &[
                ("rpc_method", read),
                ("rpc_response_status_code", "UNAUTHENTICATED"),
                ("error_type", "UNAUTHENTICATED"),
            ],
            1.0,
        ),
        (
            calls,
            &[
                ("rpc_method", "_OTHER"),
                ("rpc_response_status_code", "UNIMPLEMENTED"),
            ],
            1.0,
        ),
        (decisions, &[], 8.0),
        (decisions, &[("selvedge_auth_outcome", "allow")], 5.0),
        (
            decisions,
            &[
                ("selvedge_auth_outcome", "allow"),
                ("rpc_method", exchange),
                ("selvedge_token_kind", "user"),
            ],
            3.0,
        ),
        (
            decisions,
            &[
                ("selvedge_auth_outcome", "deny"),
                ("selvedge_auth_reason", "TENANT_NOT_ALLOWED"),
                ("selvedge_token_kind", "user"),
            ],
            1.0,
        ),
        (
            decisions,
            &[
                ("selvedge_auth_reason", "CREDENTIALS_MISSING"),
                ("selvedge_token_kind", "none"),
            ],
            1.0,
        ),
        (exchanges, &[], 3.0),
        (
            exchanges,
            &[
                ("selvedge_exchange_outcome", "ok"),
                ("selvedge_exchange_cache", "miss"),
            ],
            1.0,
        ),
        (
            exchanges,
            &[
                ("selvedge_exchange_outcome", "ok"),
                ("selvedge_exchange_cache", "hit_l1"),
            ],
            1.0,
        ),
        (
            exchanges,
            &[
                ("selvedge_exchange_outcome", "user"),
                ("selvedge_authority_error", "invalid_grant"),
                ("selvedge_exchange_cache", "miss"),
            ],
            1.0,
        ),
        (
            "selvedge_jwks_fetches_total",
            &[
                ("selvedge_authority_name", "entra"),
                ("selvedge_jwks_outcome", "ok"),
                ("selvedge_jwks_trigger", "start"),
            ],
            1.0,
        ),
        (
            "selvedge_auth_validate_duration_seconds_count",
            &[("selvedge_jwks_source", "cache")],
            5.0,
        ),
        (
            "http_client_request_duration_seconds_count",
            &[
                ("server_address", "localhost"),
                ("http_request_method", "POST"),
                ("http_response_status_code", "200"),
            ],
            1.0,
        ),
        (
            "http_client_request_duration_seconds_count",
            &[
                ("http_request_method", "POST"),
                ("http_response_status_code", "400"),
                ("error_type", "400"),
            ],
            1.0,
        ),
        // Discovery and keys, of both versions.
        (
            "http_client_request_duration_seconds_count",
            &[("http_request_method", "GET")],
            4.0,
        ),
        (
            "db_client_operation_duration_seconds_count",
            &[
                ("db_system_name", "sqlite"),
                ("db_operation_name", "read_rows"),
                ("db_collection_name", "rows"),
            ],
            1.0,
        ),
        ("selvedge_ready", &[], 3.0),
    ] {
        assert_eq!(page.sum(name, labels), count, "{name} {labels:?}");
    }
}

#[tokio::test]
async fn exemplars_lead_to_the_trace_of_a_call() {
    let exchanging = Exchanging::with(Setup::default()).await;
    let traces = run(&exchanging).await;
    let page = Page::read(&text(&exchanging).await);
    for instrument in ALL.iter().filter(|instrument| instrument.exemplars) {
        let samples = &page.families[&instrument.family_name()].samples;
        let exemplars: Vec<_> = samples
            .iter()
            .filter_map(|one| one.exemplar.as_ref())
            .collect();
        assert!(!exemplars.is_empty(), "{instrument:?}");
        for exemplar in exemplars {
            assert_eq!(exemplar.len(), 1);
            assert!(traces.contains(&exemplar["trace_id"]), "{exemplar:?}");
        }
    }
}

#[tokio::test]
async fn a_caller_who_goes_away_is_counted_as_cancelled() {
    let exchanging = Exchanging::with(Setup::default()).await;
    let watch = Call::to("/grpc.health.v1.Health/Watch");
    let mut open = exchanging.client.open(&watch).await.unwrap();
    open.chunk().await.unwrap().expect("a first status");
    open.reset();
    let labels = [
        ("rpc_method", "grpc.health.v1.Health/Watch"),
        ("rpc_response_status_code", "CANCELLED"),
    ];
    crate::support::wait::in_time("the call is counted", async {
        loop {
            let page = Page::read(&text(&exchanging).await);
            if page.sum("rpc_server_call_duration_seconds_count", &labels) == 1.0 {
                break;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn only_the_administration_listener_shows_them_and_only_to_get() {
    let exchanging = Exchanging::with(Setup::default()).await;
    let running = &exchanging.running;
    for method in [reqwest::Method::POST, reqwest::Method::HEAD] {
        let answer = request(method, running.administration).await;
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers()["allow"], "GET");
    }
    let answer = request(reqwest::Method::GET, running.address).await;
    assert_ne!(answer.status(), 200);
    assert!(!answer.text().await.unwrap().contains("rpc_server"));

    let silent = Setup {
        metrics: false,
        ..Setup::default()
    };
    let silent = Exchanging::with(silent).await;
    let answer = request(reqwest::Method::GET, silent.running.administration).await;
    assert_ne!(answer.status(), 200);
    // It serves all the same.
    received(&silent.ask(&silent.token(seed::CONSENTED)).await);
}
