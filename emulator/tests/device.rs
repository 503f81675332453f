//! The device flow, from the device's and the person's side.

use emulator::seed;
use serde_json::Value;

use crate::support::{Harness, claims};

const LONG_NAME: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn start(harness: &Harness) -> Value {
    let scope = format!("openid offline_access {}/data.read", seed::WORKLOAD_URI);
    let path = format!("/{}/oauth2/v2.0/devicecode", seed::CONTOSO_DOMAIN);
    let response = harness
        .post(
            &path,
            &[("client_id", seed::CLI_CLIENT_ID), ("scope", &scope)],
        )
        .await;
    assert_eq!(response.status(), 200);
    response.json().await.unwrap()
}

async fn poll(harness: &Harness, grant_type: &str, started: &Value) -> (u16, Value) {
    let device_code = started["device_code"].as_str().unwrap();
    harness
        .token(&[
            ("grant_type", grant_type),
            ("client_id", seed::CLI_CLIENT_ID),
            ("device_code", device_code),
            ("code", device_code),
        ])
        .await
}

async fn answer(harness: &Harness, started: &Value, action: &str) {
    let user_code = started["user_code"].as_str().unwrap();
    let page = harness
        .post("/devicelogin", &[("user_code", user_code)])
        .await;
    let done = harness.choose(page, seed::CONSENTED, action).await;
    assert_eq!(done.status(), 200);
}

#[tokio::test]
async fn both_spellings_of_the_grant_wait_for_the_person_and_then_succeed_once() {
    let harness = Harness::start().await;
    for grant_type in ["device_code", LONG_NAME] {
        let started = start(&harness).await;
        assert!(started["expires_in"].is_u64() && started["interval"].is_u64());
        assert!(
            started["message"]
                .as_str()
                .unwrap()
                .contains(started["user_code"].as_str().unwrap())
        );
        let (status, pending) = poll(&harness, grant_type, &started).await;
        assert_eq!(
            (status, &pending["error"]),
            (400, &"authorization_pending".into())
        );
        answer(&harness, &started, "sign-in").await;
        let (status, reply) = poll(&harness, grant_type, &started).await;
        assert_eq!(status, 200, "{reply}");
        assert_eq!(claims(&reply["access_token"])["scp"], "data.read");
        assert!(reply["refresh_token"].is_string() && reply["id_token"].is_string());
        let (_, again) = poll(&harness, grant_type, &started).await;
        assert_eq!(again["error"], "bad_verification_code");
    }
}

#[tokio::test]
async fn declining_and_waiting_too_long_end_the_flow() {
    let harness = Harness::start().await;
    let declined = start(&harness).await;
    answer(&harness, &declined, "cancel").await;
    let (_, error) = poll(&harness, LONG_NAME, &declined).await;
    assert_eq!(error["error"], "authorization_declined");

    let late = start(&harness).await;
    harness.emulator.advance_clock(900);
    let (_, error) = poll(&harness, LONG_NAME, &late).await;
    assert_eq!(error["error"], "expired_token");
}

#[tokio::test]
async fn another_sites_form_cannot_answer_for_the_person() {
    let harness = Harness::start().await;
    let started = start(&harness).await;
    let response = harness
        .http
        .post(harness.url("/devicelogin"))
        .header("origin", "https://elsewhere.test")
        .form(&[
            ("user_code", started["user_code"].as_str().unwrap()),
            ("account", seed::CONSENTED),
            ("action", "sign-in"),
        ])
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
    let (_, pending) = poll(&harness, LONG_NAME, &started).await;
    assert_eq!(pending["error"], "authorization_pending");
}

#[tokio::test]
async fn a_wrong_user_code_asks_again() {
    let harness = Harness::start().await;
    let page = harness
        .post("/devicelogin", &[("user_code", "NOSUCHCOD")])
        .await;
    assert!(page.text().await.unwrap().contains("id=\"note\""));
    let filled = harness.get("/devicelogin?otc=BCDFGHJKL").await;
    assert!(filled.text().await.unwrap().contains("value=\"BCDFGHJKL\""));
}
