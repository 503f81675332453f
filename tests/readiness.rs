//! Readiness: each thing that the service cannot do without is taken away and given back, and every
//! face says so: health over gRPC, `GET /readyz` and the metrics. It lives on meanwhile.

use std::sync::atomic::Ordering;
use std::time::Duration;

use auth_interceptor::Clock;
use emulator::{Endpoint, Fault};
use serde_json::{Value, json};
use tonic_health::pb::HealthCheckResponse;
use tonic_health::pb::health_check_response::ServingStatus;

use crate::support::running::{CERTIFICATE_ENDS, movable_clock, start_emulator};
use crate::support::{Running, Setup, eventually};
use crate::transport::check;

/// Everything is looked at so often that nobody waits for it.
fn setup() -> Setup {
    Setup {
        certified: true,
        probe_every: Duration::from_millis(20),
        ..Setup::default()
    }
}

async fn page(running: &Running, path: &str) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}{path}", running.administration);
    let answer = client.get(url).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn status(running: &Running) -> ServingStatus {
    let client = running.raw().await;
    let health: HealthCheckResponse = client.send(&check("")).await.message();
    health.status()
}

/// Waits until the service is not ready for this reason alone, whichever way it is asked.
async fn not_ready_for(running: &Running, reason: &str) {
    eventually(reason, async || {
        status(running).await == ServingStatus::NotServing
    })
    .await;
    let expected =
        ["keys", "store", "credential"].map(|name| (name.to_owned(), json!(name != reason)));
    let expected =
        json!({ "ready": false, "checks": Value::Object(expected.into_iter().collect()) });
    eventually("the page names it", async || {
        let (status, text) = page(running, "/readyz").await;
        status == 503 && serde_json::from_str::<Value>(&text).unwrap() == expected
    })
    .await;
    let (_, metrics) = page(running, "/metrics").await;
    for name in ["keys", "store", "credential"] {
        let passes = u8::from(name != reason);
        let line = format!("selvedge_ready{{selvedge_ready_check=\"{name}\"}} {passes}\n");
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
    assert_eq!(page(running, "/livez").await.0, 200);
}

async fn ready(running: &Running) {
    eventually("SERVING", async || {
        status(running).await == ServingStatus::Serving
    })
    .await;
    assert_eq!(page(running, "/readyz").await.0, 200);
    assert_eq!(page(running, "/livez").await.0, 200);
}

#[tokio::test]
async fn without_the_store_the_service_is_not_ready_until_it_is_back() {
    let running = setup().start().await;
    ready(&running).await;
    running.store.set_outage(true);
    not_ready_for(&running, "store").await;
    running.store.set_outage(false);
    ready(&running).await;
}

#[tokio::test]
async fn with_an_expired_credential_the_service_is_not_ready_until_there_is_another() {
    let (clock, moved) = movable_clock();
    let running = Setup { clock, ..setup() }.start().await;
    ready(&running).await;
    let left = CERTIFICATE_ENDS - Clock::system().now();
    moved.store(i64::try_from(left).unwrap() + 1, Ordering::SeqCst);
    not_ready_for(&running, "credential").await;
    moved.store(0, Ordering::SeqCst);
    ready(&running).await;
}

#[tokio::test]
async fn without_keys_the_service_is_not_ready_until_they_are_read() {
    let emulator = start_emulator(Clock::system()).await;
    let down = Fault::Status {
        code: 503,
        retry_after: None,
    };
    emulator.set_fault(Endpoint::Jwks, Some(down));
    let running = setup().start_with(emulator).await;
    not_ready_for(&running, "keys").await;
    running.emulator.set_fault(Endpoint::Jwks, None);
    ready(&running).await;
}

#[tokio::test]
async fn a_page_is_answered_to_get_alone() {
    let running = setup().start().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in ["/livez", "/readyz"] {
        let url = format!("http://{}{path}", running.administration);
        let answer = client.post(url).send().await.unwrap();
        assert_eq!(answer.status(), 405);
    }
}
