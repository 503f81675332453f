//! The authority's keys as callers notice them: not there yet, new, withdrawn.

use auth_interceptor::Policy;
use emulator::{Endpoint, Fault, Rotation};
use tonic::Code;

use crate::guarded::{Guarded, assert_refused, declaration, declared};
use crate::issuer::{Issuer, user};

#[tokio::test]
async fn until_the_keys_are_there_calls_are_told_to_come_back() {
    let issuer = Issuer::start().await;
    issuer
        .entra
        .set_fault(Endpoint::Discovery, Some(Fault::Hang));
    let policies = declaration(&Policy::delegated(&["data.read"]));
    let guarded = Guarded::start_without_keys(&issuer.settings(), policies).await;
    let token = issuer.issue(&user(&["data.read"]));

    let refused = guarded.check(&token).await.unwrap_err();
    assert_eq!(refused.code, Code::Unavailable);
    assert_eq!(refused.reason, "SIGNING_KEYS_UNAVAILABLE");
    assert_eq!(refused.challenge, None);
    // What is wrong whatever the keys are is said at once.
    let missing = guarded.client.bare(crate::guarded::CHECK).await;
    assert_refused(missing, Code::Unauthenticated, "CREDENTIALS_MISSING");

    issuer.entra.set_fault(Endpoint::Discovery, None);
    guarded.authenticator.ready().await;
    assert_eq!(guarded.check(&token).await, Ok(()));
}

#[tokio::test]
async fn a_thousand_calls_with_one_new_key_cost_one_read() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    let before = issuer.entra.fetches(Endpoint::Jwks);
    issuer.entra.rotate_keys(Rotation::Unannounced);
    let token = issuer.issue(&user(&["data.read"]));

    let calls: Vec<_> = (0..1_000)
        .map(|_| {
            let (client, token) = (guarded.client.clone(), token.clone());
            tokio::spawn(async move { client.bearer(crate::guarded::CHECK, &token).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Ok(()));
    }
    // One read is one document for each of Entra's token versions.
    assert_eq!(issuer.entra.fetches(Endpoint::Jwks) - before, 2);
}

#[tokio::test]
async fn key_ids_that_nobody_has_cost_at_most_one_read() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    let before = issuer.entra.fetches(Endpoint::Jwks);
    for number in 0..50 {
        let request = user(&["data.read"])
            .header("kid", format!("k{number}"))
            .without("x5t");
        let outcome = guarded.check(&issuer.issue(&request)).await;
        assert_refused(outcome, Code::Unauthenticated, "SIGNING_KEY_UNKNOWN");
    }
    assert_eq!(issuer.entra.fetches(Endpoint::Jwks) - before, 2);
}

#[tokio::test]
async fn a_withdrawn_key_takes_its_remembered_tokens_along() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    let old = issuer.issue(&user(&["data.read"]));
    assert_eq!(guarded.check(&old).await, Ok(()));

    issuer.entra.rotate_keys(Rotation::Unannounced);
    // Nobody has told the service yet.
    assert_eq!(guarded.check(&old).await, Ok(()));
    guarded.authenticator.refresh_keys().await;
    let outcome = guarded.check(&old).await;
    assert_refused(outcome, Code::Unauthenticated, "SIGNING_KEY_UNKNOWN");
    let new = issuer.issue(&user(&["data.read"]));
    assert_eq!(guarded.check(&new).await, Ok(()));
}

#[tokio::test]
async fn keys_stay_good_while_the_authority_is_away() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    let fault = Fault::Status {
        code: 503,
        retry_after: None,
    };
    issuer.entra.set_fault(Endpoint::Jwks, Some(fault));
    guarded.authenticator.refresh_keys().await;
    assert_eq!(
        guarded.check(&issuer.issue(&user(&["data.read"]))).await,
        Ok(())
    );
    let status = guarded.authenticator.status();
    assert_eq!(status[0].keys, 2);
    assert!(status[0].last_error.is_some());
}
