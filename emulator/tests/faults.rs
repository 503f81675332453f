//! Scripted misbehaviour, and the count of requests.

use std::time::Duration;

use emulator::{Endpoint, Fault};

use crate::support::Harness;

const KEYS_V1: &str = "/common/discovery/keys";
const KEYS_V2: &str = "/common/discovery/v2.0/keys";

#[tokio::test]
async fn an_endpoint_fails_as_told_until_told_otherwise() {
    let harness = Harness::start().await;
    let script = |fault| harness.emulator.set_fault(Endpoint::Jwks, fault);

    script(Some(Fault::Status {
        code: 429,
        retry_after: Some(7),
    }));
    for path in [KEYS_V1, KEYS_V2] {
        let response = harness.get(path).await;
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "7");
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
    }

    script(Some(Fault::Body {
        bytes: b"<html>".to_vec(),
        content_type: "text/html".to_owned(),
    }));
    let response = harness.get(KEYS_V1).await;
    assert_eq!(response.headers()["content-type"], "text/html");
    assert_eq!(response.text().await.unwrap(), "<html>");

    script(Some(Fault::Oversize(3 * 1024 * 1024)));
    let response = harness.get(KEYS_V1).await;
    assert_eq!(response.bytes().await.unwrap().len(), 3 * 1024 * 1024);

    script(Some(Fault::RedirectTo(
        "https://elsewhere.test/".to_owned(),
    )));
    let response = harness.get(KEYS_V1).await;
    assert_eq!(response.headers()["location"], "https://elsewhere.test/");

    script(None);
    let response = harness.get(KEYS_V1).await;
    assert_eq!(response.status(), 200);
    assert!(response.headers().get("retry-after").is_none());
}

#[tokio::test]
async fn a_hanging_endpoint_never_answers_and_a_dripping_one_never_ends() {
    let harness = Harness::start().await;
    let patience = Duration::from_millis(300);
    for fault in [Fault::Hang, Fault::SlowDrip] {
        harness.emulator.set_fault(Endpoint::JwksV1, Some(fault));
        let attempt = harness
            .http
            .get(harness.url(KEYS_V1))
            .timeout(patience)
            .send();
        let outcome = match attempt.await {
            Ok(response) => response.bytes().await.map(|_| ()),
            Err(error) => Err(error),
        };
        assert!(outcome.unwrap_err().is_timeout());
        assert_eq!(
            harness.get(KEYS_V2).await.status(),
            200,
            "the other is well"
        );
    }
    harness.emulator.clone().stop().await;
}

#[tokio::test]
async fn an_answer_is_scripted_to_the_byte_or_breaks_off() {
    let harness = Harness::start().await;
    let body = r#"{"error":"invalid_grant","suberror":"x"}"#;
    harness.emulator.set_fault(
        Endpoint::Token,
        Some(Fault::Answer {
            code: 418,
            body: body.to_owned(),
            retry_after: Some(3),
        }),
    );
    let response = harness.post("/contoso.test/oauth2/v2.0/token", &[]).await;
    assert_eq!(response.status(), 418);
    assert_eq!(response.headers()["retry-after"], "3");
    assert_eq!(response.text().await.unwrap(), body);

    harness.emulator.set_fault(
        Endpoint::Token,
        Some(Fault::Next {
            requests: 2,
            fault: Box::new(Fault::BreakOff),
        }),
    );
    for http in [harness.http.clone(), harness.http_1()] {
        let url = harness.url("/contoso.test/oauth2/v2.0/token");
        let response = http.post(url).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.bytes().await.is_err(), "the body never ends");
    }
    let response = harness.post("/contoso.test/oauth2/v2.0/token", &[]).await;
    assert_eq!(response.status(), 400, "the fault is used up");
}

#[tokio::test]
async fn requests_are_counted_by_endpoint() {
    let harness = Harness::start().await;
    harness.get(KEYS_V1).await;
    harness.get(KEYS_V2).await;
    harness.get(KEYS_V2).await;
    let count = |endpoint| harness.emulator.fetches(endpoint);
    assert_eq!(count(Endpoint::JwksV1), 1);
    assert_eq!(count(Endpoint::JwksV2), 2);
    assert_eq!(count(Endpoint::Jwks), 3);
    assert_eq!(count(Endpoint::Discovery), 0);
}
