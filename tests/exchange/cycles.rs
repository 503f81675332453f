//! From a refusal to a token: what the user does in between, and what the front end sends then.

use emulator::{AccessPolicy, TokenRequest, seed};
use selvedge::contracts::exchange::v1::ExchangeTokenRequest;

use super::{
    EXCHANGE, Exchanging, claims_of, for_storage, marked_as_retry, page_token, received,
    storage_request,
};
use crate::support::running::STORAGE_SCOPE;
use crate::support::{Call, Reply};

const CONSENT: &str = "PERMISSION_DENIED CONSENT_REQUIRED";
const INTERACTION: &str = "UNAUTHENTICATED INTERACTION_REQUIRED";

async fn retried(exchanging: &Exchanging, token: &str) -> Reply {
    let call = marked_as_retry(for_storage(token));
    exchanging.client.send(&call).await
}

#[tokio::test]
async fn after_consent_the_very_same_token_passes_when_it_says_so() {
    let exchanging = Exchanging::start().await;
    let emulator = exchanging.emulator();
    let token = exchanging.token(seed::NO_CONSENT);
    let refused = exchanging.ask(&token).await;
    assert_eq!(refused.verdict(), CONSENT);

    let scopes = refused
        .auth_challenge()
        .unwrap()
        .additional_scopes_to_consent;
    assert_eq!(scopes, [STORAGE_SCOPE]);
    assert!(emulator.grant_consent(seed::NO_CONSENT, seed::WORKLOAD_CLIENT_ID, scopes));
    // Without the mark the service still knows better, and asks nobody.
    assert_eq!(exchanging.ask(&token).await.verdict(), CONSENT);
    assert_eq!(exchanging.asked(), 1);

    let passed = received(&retried(&exchanging, &token).await);
    assert_eq!(claims_of(&passed)["oid"], claims_of(&token)["oid"]);
    assert_eq!(exchanging.asked(), 2);
    // What came of it is everybody's who holds this token.
    assert_eq!(received(&exchanging.ask(&token).await), passed);
    assert_eq!(exchanging.asked(), 2);
}

#[tokio::test]
async fn a_mark_without_consent_changes_nothing_and_asks_once() {
    let exchanging = Exchanging::start().await;
    let token = exchanging.token(seed::NO_CONSENT);
    assert_eq!(exchanging.ask(&token).await.verdict(), CONSENT);
    for _ in 0..20 {
        assert_eq!(retried(&exchanging, &token).await.verdict(), CONSENT);
    }
    // One of twenty within two seconds; a slow machine may fit in another.
    assert!(
        (2..=4).contains(&exchanging.asked()),
        "{}",
        exchanging.asked()
    );
}

#[tokio::test]
async fn a_forced_exchange_passes_what_is_remembered_as_a_mark_does() {
    let exchanging = Exchanging::start().await;
    let emulator = exchanging.emulator();
    let token = exchanging.token(seed::NO_CONSENT);
    assert_eq!(exchanging.ask(&token).await.verdict(), CONSENT);
    emulator.grant_consent(seed::NO_CONSENT, seed::WORKLOAD_CLIENT_ID, [STORAGE_SCOPE]);
    let forced = ExchangeTokenRequest {
        force_refresh: true,
        ..storage_request()
    };
    let call = Call::to(EXCHANGE).bearer(&token).message(&forced);
    received(&exchanging.client.send(&call).await);
    assert_eq!(exchanging.asked(), 2);
}

#[tokio::test]
async fn a_stepped_up_token_passes_at_once() {
    let exchanging = Exchanging::start().await;
    let emulator = exchanging.emulator();
    for (upn, policy) in [
        (seed::MFA, AccessPolicy::Mfa),
        (seed::DEVICE, AccessPolicy::CompliantDevice),
    ] {
        emulator.set_access_policy(upn, seed::STORAGE_URI, policy);
        let token = exchanging.token(upn);
        let refused = exchanging.ask(&token).await;
        assert_eq!(refused.verdict(), INTERACTION);
        let claims = refused
            .auth_challenge()
            .unwrap()
            .claims_for_conditional_access_policy;
        assert!(serde_json::from_str::<serde_json::Value>(&claims).is_ok());

        // The old token has learnt nothing from it, whatever it is marked with.
        assert_eq!(retried(&exchanging, &token).await.verdict(), INTERACTION);
        let asked = exchanging.asked();
        assert_eq!(exchanging.ask(&token).await.verdict(), INTERACTION);
        assert_eq!(exchanging.asked(), asked);

        let stepped_up = emulator.issue(&page_token(upn).stepped_up());
        received(&exchanging.ask(&stepped_up).await);
        assert_eq!(exchanging.asked(), asked + 1);
    }
}

#[tokio::test]
async fn new_claims_are_a_new_question() {
    let exchanging = Exchanging::start().await;
    let token = exchanging.token(seed::CONSENTED);
    let with_claims = |claims: &str| {
        let request = ExchangeTokenRequest {
            claims: claims.to_owned(),
            ..storage_request()
        };
        Call::to(EXCHANGE).bearer(&token).message(&request)
    };
    received(&exchanging.ask(&token).await);
    let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c7"}}}"#;
    let refused = exchanging.client.send(&with_claims(claims)).await;
    assert_eq!(refused.verdict(), INTERACTION);
    // One byte more is another text, though it means the same.
    for (call, asked) in [
        (with_claims(claims), 2),
        (with_claims(&format!("{claims} ")), 3),
        (for_storage(&token), 3),
    ] {
        exchanging.client.send(&call).await;
        assert_eq!(exchanging.asked(), asked);
    }
    received(&exchanging.ask(&token).await);
}

#[tokio::test]
async fn a_refusal_of_one_user_is_none_of_anothers() {
    let exchanging = Exchanging::start().await;
    let refused = exchanging.token(seed::NO_CONSENT);
    assert_eq!(exchanging.ask(&refused).await.verdict(), CONSENT);
    received(&exchanging.ask(&exchanging.token(seed::CONSENTED)).await);
    // A guest is somebody else in each tenant.
    let elsewhere: TokenRequest = page_token(seed::GUEST).tenant(seed::FABRIKAM_TENANT_ID);
    let here = page_token(seed::GUEST).tenant(seed::CONTOSO_TENANT_ID);
    let emulator = exchanging.emulator();
    let tokens = [emulator.issue(&here), emulator.issue(&elsewhere)];
    for (token, tenant) in tokens
        .iter()
        .zip([seed::CONTOSO_TENANT_ID, seed::FABRIKAM_TENANT_ID])
    {
        let downstream = claims_of(&received(&exchanging.ask(token).await));
        assert_eq!(downstream["tid"], tenant);
        assert_eq!(downstream["oid"], claims_of(token)["oid"]);
    }
}
