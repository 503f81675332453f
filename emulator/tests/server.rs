//! The listener itself.

use emulator::{Emulator, Settings, StartError};
use reqwest::Version;
use reqwest::header::HOST;

use crate::support::{Harness, clock};

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let settings = Settings::new(([0, 0, 0, 0], 0).into(), clock());
    assert!(matches!(
        Emulator::start(settings).await,
        Err(StartError::NotLoopback)
    ));
}

#[tokio::test]
async fn it_serves_under_every_loopback_name_and_no_other() {
    let harness = Harness::start().await;
    let port = harness.emulator.origin().rsplit_once(':').unwrap().1;
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{port}/common/discovery/keys");
        let response = harness.http.get(url).send().await.unwrap();
        assert_eq!(response.status(), 200, "{host}");
    }
    for host in [
        "elsewhere.test",
        "localhost.elsewhere.test",
        "user@localhost",
        "",
    ] {
        let response = harness
            .http_1()
            .get(harness.url("/common/discovery/keys"))
            .header(HOST, host)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 421, "{host}");
    }
}

#[tokio::test]
async fn a_body_over_64_kib_is_refused() {
    let harness = Harness::start().await;
    let response = harness
        .post(
            "/common/oauth2/v2.0/token",
            &[("grant_type", &"x".repeat(64 * 1024))],
        )
        .await;
    assert_eq!(response.status(), 413);
}

#[tokio::test]
async fn it_speaks_http_2_and_http_1() {
    let harness = Harness::start().await;
    let url = harness.url("/common/discovery/keys");
    for (client, version) in [
        (&harness.http, Version::HTTP_2),
        (&harness.http_1(), Version::HTTP_11),
    ] {
        let response = client.get(&url).send().await.unwrap();
        assert_eq!(response.version(), version);
    }
}

#[tokio::test]
async fn it_stops_when_the_last_handle_is_dropped() {
    let harness = Harness::start().await;
    let url = harness.url("/common/discovery/keys");
    let clone = harness.emulator.clone();
    drop(harness.emulator);
    assert_eq!(
        harness.http.get(&url).send().await.unwrap().status(),
        200,
        "a clone keeps it running"
    );
    clone.stop().await;
    assert!(
        harness
            .http
            .get(&url)
            .send()
            .await
            .unwrap_err()
            .is_connect()
    );
}
