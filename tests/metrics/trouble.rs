//! What goes wrong outside is seen in the metrics: an authority that fails, keys that cannot be read
//! any more, and more than the service takes on.

use std::time::Duration;

use auth_interceptor::KeySettings;
use emulator::{Endpoint, Fault, seed};

use super::open_metrics::Page;
use super::text;
use crate::exchange::Exchanging;
use crate::support::{Call, READ_DATA, Setup, eventually, read_token};

const WATCH: &str = "/grpc.health.v1.Health/Watch";

async fn page(exchanging: &Exchanging) -> Page {
    Page::read(&text(exchanging).await)
}

/// Waits until the samples of this name and these labels add up to something.
async fn shown(exchanging: &Exchanging, name: &str, labels: &[(&str, &str)]) {
    eventually(name, async || {
        page(exchanging).await.sum(name, labels) > 0.0
    })
    .await;
}

fn down() -> Fault {
    Fault::Status {
        code: 503,
        retry_after: None,
    }
}

#[tokio::test]
async fn an_authority_that_fails_is_seen_and_so_is_its_open_circuit() {
    let exchanging = Exchanging::start().await;
    let token = exchanging.token(seed::CONSENTED);
    let emulator = exchanging.emulator();
    emulator.set_fault(Endpoint::OnBehalfOf, Some(down()));
    let breaker = "selvedge_exchange_breaker_state";
    let labels = [("selvedge_authority_name", "entra")];
    assert_eq!(page(&exchanging).await.sum(breaker, &labels), 0.0);
    eventually("the circuit opens", async || {
        exchanging.ask(&token).await;
        page(&exchanging).await.sum(breaker, &labels) == 1.0
    })
    .await;
    let page = page(&exchanging).await;
    let failed = [
        ("http_response_status_code", "503"),
        ("error_type", "503"),
        ("server_address", "localhost"),
    ];
    assert!(page.sum("http_client_request_duration_seconds_count", &failed) >= 20.0);
    let unavailable = [("selvedge_exchange_outcome", "unavailable")];
    assert!(page.sum("selvedge_exchange_exchanges_total", &unavailable) >= 10.0);
}

#[tokio::test]
async fn keys_that_cannot_be_read_again_are_seen_and_so_is_that_the_old_ones_serve() {
    let setup = Setup {
        keys: KeySettings {
            refresh: Duration::from_millis(20),
            ..KeySettings::default()
        },
        ..Setup::default()
    };
    let exchanging = Exchanging::with(setup).await;
    let token = read_token(exchanging.emulator());
    let emulator = exchanging.emulator();
    let fetches = "selvedge_jwks_fetches_total";
    emulator.set_fault(Endpoint::Jwks, Some(down()));
    let unavailable = [
        ("selvedge_jwks_outcome", "unavailable"),
        ("selvedge_jwks_trigger", "timer"),
    ];
    shown(&exchanging, fetches, &unavailable).await;
    let reply = exchanging
        .client
        .send(&Call::to(READ_DATA).bearer(&token))
        .await;
    assert_eq!(reply.verdict(), "OK");
    let page = page(&exchanging).await;
    let old = [("selvedge_jwks_source", "lkg")];
    let validations = "selvedge_auth_validate_duration_seconds_count";
    assert_eq!(page.sum(validations, &old), 1.0);
    assert!(page.sum("selvedge_jwks_keys", &[]) > 0.0);
    assert_eq!(page.sum("selvedge_ready", &[]), 3.0);
}

#[tokio::test]
async fn a_set_of_keys_that_is_refused_is_seen() {
    let setup = Setup {
        keys: KeySettings {
            refresh: Duration::from_millis(20),
            ..KeySettings::default()
        },
        ..Setup::default()
    };
    let exchanging = Exchanging::with(setup).await;
    let nonsense = Fault::Body {
        bytes: b"{\"keys\":[]}".to_vec(),
        content_type: "application/json".to_owned(),
    };
    exchanging
        .emulator()
        .set_fault(Endpoint::Jwks, Some(nonsense));
    let refused = [("selvedge_jwks_outcome", "refused")];
    shown(&exchanging, "selvedge_jwks_fetches_total", &refused).await;
}

#[tokio::test]
async fn what_is_under_way_and_what_is_turned_away_is_seen() {
    let setup = Setup {
        watches_per_peer: 1,
        ..Setup::default()
    };
    let exchanging = Exchanging::with(setup).await;
    let mut open = exchanging.client.open(&Call::to(WATCH)).await.unwrap();
    open.chunk().await.unwrap().expect("a first status");
    let refused = exchanging.client.send(&Call::to(WATCH)).await;
    assert_eq!(refused.verdict(), "RESOURCE_EXHAUSTED OVERLOADED");
    let page = page(&exchanging).await;
    let shed = |cause| {
        page.sum(
            "selvedge_server_shed_total",
            &[("selvedge_shed_cause", cause)],
        )
    };
    assert_eq!((shed("watches"), shed("exchanges")), (1.0, 0.0));
    let active = |kind| {
        page.sum(
            "selvedge_server_active_calls",
            &[("selvedge_call_kind", kind)],
        )
    };
    assert_eq!((active("stream"), active("unary")), (1.0, 0.0));
    let connections = |listener| {
        let labels = [("selvedge_listener", listener)];
        page.sum("selvedge_server_connections", &labels)
    };
    assert!(connections("service") >= 1.0 && connections("administration") >= 1.0);
    assert_eq!(connections("front_end"), 0.0);

    open.reset();
    let ended = async || {
        let page = Page::read(&text(&exchanging).await);
        page.sum("selvedge_server_active_calls", &[]) == 0.0
    };
    eventually("the watch has ended", ended).await;
}
