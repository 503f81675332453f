//! Conditional Access at sign-in: what a person is asked to prove, and what their token shows of it.

use emulator::{AccessPolicy, TokenRequest, TokenVersion, seed};
use serde_json::json;

use crate::support::exchange::{FABRIC_READ, STORAGE};
use crate::support::{Harness, claims, cookie, query_of};

/// The challenge that the authority puts to an account's exchange.
async fn challenge(harness: &Harness, upn: &str, scope: &str) -> String {
    let assertion = harness
        .emulator
        .issue(&TokenRequest::delegated(upn, seed::WORKLOAD_CLIENT_ID).scopes(["data.read"]));
    let (_, reply) = harness.on_behalf_of(&assertion, scope).await;
    reply["claims"].as_str().expect("a challenge").to_owned()
}

#[tokio::test]
async fn a_second_factor_makes_a_token_that_the_policy_lets_through() {
    for version in [TokenVersion::V1, TokenVersion::V2] {
        let harness = Harness::start().await;
        harness
            .emulator
            .set_token_version(seed::WORKLOAD_CLIENT_ID, version);
        let challenge = challenge(&harness, seed::MFA, FABRIC_READ).await;

        let page = harness.authorize(&[("claims", &challenge)]).await;
        let page = harness.choose(page, seed::MFA, "sign-in").await;
        let html = page.text().await.unwrap();
        assert!(html.contains("second factor") && html.contains(seed::MFA));
        let answer = harness.press(&html, "step-up", "approve").await;
        let session = cookie(&answer);
        let (status, reply) = harness.redeem(&query_of(&answer)["code"], &[]).await;
        assert_eq!(status, 200, "{reply}");
        let access = claims(&reply["access_token"]);
        if version == TokenVersion::V1 {
            assert_eq!(access["amr"], json!(["pwd", "mfa"]));
        }
        let assertion = reply["access_token"].as_str().unwrap();
        let (status, reply) = harness.on_behalf_of(assertion, FABRIC_READ).await;
        assert_eq!(status, 200, "{reply}");
        assert_eq!(claims(&reply["access_token"])["amr"], json!(["pwd", "mfa"]));

        // The browser has proved it for the session.
        let again = [("claims", challenge.as_str()), ("prompt", "none")];
        let answer = harness.authorize_with_cookie(&session, &again).await;
        assert!(query_of(&answer).contains_key("code"));
    }
}

#[tokio::test]
async fn what_is_not_proved_is_told_to_the_client() {
    let harness = Harness::start().await;
    let mfa = challenge(&harness, seed::MFA, STORAGE).await;
    let device = challenge(&harness, seed::DEVICE, STORAGE).await;
    for (upn, challenge, error, code) in [
        (seed::MFA, &mfa, "access_denied", "[500121]"),
        (seed::DEVICE, &device, "interaction_required", "[53000]"),
    ] {
        let page = harness.authorize(&[("claims", challenge)]).await;
        let page = harness.choose(page, upn, "sign-in").await;
        let html = page.text().await.unwrap();
        let answer = query_of(&harness.press(&html, "step-up", "deny").await);
        assert_eq!(answer["error"], error);
        assert_eq!(answer["error_codes"], code);
        assert!(!answer.contains_key("code"));
    }
    // Silently, the challenge itself comes back.
    let page = harness.authorize(&[]).await;
    let signed_in = harness.choose(page, seed::MFA, "sign-in").await;
    let silent = [("claims", mfa.as_str()), ("prompt", "none")];
    let answer = harness
        .authorize_with_cookie(&cookie(&signed_in), &silent)
        .await;
    let answer = query_of(&answer);
    assert_eq!(answer["error"], "interaction_required");
    assert_eq!(answer["suberror"], "basic_action");
    assert_eq!(answer["claims"], mfa);
}

#[tokio::test]
async fn a_compliant_device_is_in_the_token() {
    let harness = Harness::start().await;
    let challenge = challenge(&harness, seed::DEVICE, STORAGE).await;
    let page = harness.authorize(&[("claims", &challenge)]).await;
    let page = harness.choose(page, seed::DEVICE, "sign-in").await;
    let html = page.text().await.unwrap();
    assert!(html.contains("compliant device"));
    let answer = query_of(&harness.press(&html, "step-up", "approve").await);
    let (_, reply) = harness.redeem(&answer["code"], &[]).await;
    assert!(claims(&reply["access_token"])["deviceid"].is_string());
    let assertion = reply["access_token"].as_str().unwrap();
    let (status, reply) = harness.on_behalf_of(assertion, STORAGE).await;
    assert_eq!(status, 200, "{reply}");
}

#[tokio::test]
async fn a_sign_in_that_is_too_old_is_made_anew() {
    let harness = Harness::start().await;
    let emulator = &harness.emulator;
    let policy = AccessPolicy::SignInFrequency(600);
    emulator.set_access_policy(seed::CONSENTED, seed::FABRIC_URI, policy);
    let page = harness.authorize(&[]).await;
    let signed_in = harness.choose(page, seed::CONSENTED, "sign-in").await;
    let session = cookie(&signed_in);
    let (_, reply) = harness.redeem(&query_of(&signed_in)["code"], &[]).await;
    let refresh_token = reply["refresh_token"].as_str().unwrap();
    let first = reply["access_token"].as_str().unwrap();
    assert_eq!(harness.on_behalf_of(first, FABRIC_READ).await.0, 200);

    emulator.advance_clock(700);
    let (_, refused) = harness.on_behalf_of(first, FABRIC_READ).await;
    assert_eq!(refused["error_codes"], json!([70_043]));
    let (_, refreshed) = harness
        .token(&[
            ("grant_type", "refresh_token"),
            ("client_id", seed::CLI_CLIENT_ID),
            ("refresh_token", refresh_token),
        ])
        .await;
    let refreshed = refreshed["access_token"].as_str().unwrap();
    let (_, refused) = harness.on_behalf_of(refreshed, FABRIC_READ).await;
    assert_eq!(
        refused["error_codes"],
        json!([70_043]),
        "a refreshed token is no new sign-in"
    );

    let challenge = [("claims", refused["claims"].as_str().unwrap())];
    let page = harness.authorize_with_cookie(&session, &challenge).await;
    let signed_in = harness.choose(page, seed::CONSENTED, "sign-in").await;
    let (_, reply) = harness.redeem(&query_of(&signed_in)["code"], &[]).await;
    let new = reply["access_token"].as_str().unwrap();
    assert_eq!(harness.on_behalf_of(new, FABRIC_READ).await.0, 200);
}

#[tokio::test]
async fn a_block_has_no_page_that_would_lift_it() {
    let harness = Harness::start().await;
    let challenge = challenge(&harness, seed::BLOCKED, FABRIC_READ).await;
    let page = harness.authorize(&[("claims", &challenge)]).await;
    let page = harness.choose(page, seed::BLOCKED, "sign-in").await;
    let session = cookie(&page);
    let html = page.text().await.unwrap();
    for shown in ["AADSTS53003: ", seed::BLOCKED] {
        assert!(html.contains(shown), "{shown}");
    }
    let answer = query_of(&harness.press(&html, "blocked", "back").await);
    assert_eq!(answer["error"], "interaction_required");
    assert_eq!(answer["suberror"], "message_only");
    assert_eq!(answer["error_codes"], "[53003]");

    let silent = [("claims", challenge.as_str()), ("prompt", "none")];
    let answer = query_of(&harness.authorize_with_cookie(&session, &silent).await);
    assert_eq!(answer["error_codes"], "[53003]");
}

#[tokio::test]
async fn an_authentication_context_is_satisfied_by_a_second_factor_and_shown() {
    let harness = Harness::start().await;
    let demand = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    let page = harness.authorize(&[("claims", demand)]).await;
    let page = harness.choose(page, seed::CONSENTED, "sign-in").await;
    let html = page.text().await.unwrap();
    let answer = query_of(&harness.press(&html, "step-up", "approve").await);
    let (_, reply) = harness.redeem(&answer["code"], &[]).await;
    let access = claims(&reply["access_token"]);
    assert_eq!(access["acrs"], json!(["c1"]));
    assert_eq!(access["amr"], json!(["pwd", "mfa"]));
}

#[tokio::test]
async fn a_resource_with_a_policy_is_open_to_no_grant_that_proves_less() {
    let harness = Harness::start().await;
    let emulator = &harness.emulator;
    emulator.grant_consent(seed::MFA, seed::CLI_CLIENT_ID, [FABRIC_READ]);
    let (status, reply) = harness
        .token(&[
            ("grant_type", "password"),
            ("client_id", seed::CLI_CLIENT_ID),
            ("username", seed::MFA),
            ("password", seed::PASSWORD),
            ("scope", FABRIC_READ),
        ])
        .await;
    assert_eq!(status, 400);
    assert_eq!(reply["suberror"], "basic_action");
    // At the authorize endpoint the page comes without a challenge.
    let page = harness.authorize(&[("scope", FABRIC_READ)]).await;
    let page = harness.choose(page, seed::MFA, "sign-in").await;
    let html = page.text().await.unwrap();
    let answer = query_of(&harness.press(&html, "step-up", "approve").await);
    let (status, _) = harness.redeem(&answer["code"], &[]).await;
    assert_eq!(status, 200);
    emulator.disable_account(seed::MFA);
    let answer = harness.sign_in(seed::MFA, &[]).await;
    assert_eq!(answer["error_codes"], "[50057]");
}

#[tokio::test]
async fn claims_that_are_no_object_are_refused() {
    let harness = Harness::start().await;
    let answer = query_of(&harness.authorize(&[("claims", "{")]).await);
    assert_eq!(answer["error"], "invalid_request");
    assert_eq!(answer["error_codes"], "[9002313]");
}
