//! What an authority's refusal becomes.

use std::time::Duration;

use super::stub::{Reply, Stub};
use super::{CLIENT_ID, SCOPE, Setup, TENANT, on_behalf_of};
use crate::exchange::{AuthorityRefusal, ClaimsRequest, ExchangeError, RefusalClass};

async fn refused(reply: fn() -> Reply) -> (ExchangeError, String) {
    let stub = Stub::serve(move |_| reply()).await;
    let error = Setup::entra(&stub).ask(on_behalf_of()).await.unwrap_err();
    (error, stub.url.clone())
}

fn class(error: &ExchangeError) -> RefusalClass {
    match error {
        ExchangeError::Refused(refusal) => refusal.class,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_refusal_carries_all_that_the_user_and_support_need() {
    let (error, url) = refused(|| {
        Reply::with_headers(
            400,
            "x-ms-request-id: from-header\r\nretry-after: 7\r\n",
            r#"{"error":"invalid_grant","error_description":"AADSTS53003: Blocked…",
                "error_codes":[53003],"suberror":"message_only","correlation_id":"c-1",
                "claims":"{\"access_token\" :{\"capolids\":{\"essential\":true}}}"}"#,
        )
    })
    .await;
    let ExchangeError::Refused(refusal) = error else {
        panic!("{error:?}");
    };
    let AuthorityRefusal {
        class,
        authority,
        authorization_uri,
        admin_consent_uri,
        registration,
        consent: _,
        tenant,
        scopes,
        error,
        suberror,
        codes,
        claims,
        correlation_id,
        trace_id,
        retry_after,
    } = &*refusal;
    assert_eq!(*class, RefusalClass::Blocked);
    assert_eq!(&**authority, "entra");
    assert_eq!(
        authorization_uri.as_deref(),
        Some(format!("{url}/{TENANT}/oauth2/v2.0/authorize").as_str())
    );
    assert_eq!(
        admin_consent_uri.as_deref(),
        Some(format!("{url}/{TENANT}/adminconsent?client_id={CLIENT_ID}").as_str())
    );
    assert_eq!(&**registration, "workload");
    assert_eq!(tenant.to_string(), TENANT);
    assert_eq!(scopes.as_str(), SCOPE);
    assert_eq!(*error, "invalid_grant");
    assert_eq!(suberror.as_deref(), Some("message_only"));
    assert_eq!(codes, &[53003]);
    assert_eq!(
        claims.as_ref().map(ClaimsRequest::as_str),
        Some(r#"{"access_token" :{"capolids":{"essential":true}}}"#)
    );
    assert_eq!(correlation_id.as_deref(), Some("c-1"));
    assert_eq!(trace_id.as_deref(), Some("from-header"));
    assert_eq!(*retry_after, Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_pause_that_is_asked_for_is_kept() {
    let (error, _) = refused(|| Reply::with_headers(429, "retry-after: 60\r\n", "")).await;
    assert_eq!(class(&error), RefusalClass::Throttled);
    let ExchangeError::Refused(refusal) = error else {
        panic!("{error:?}");
    };
    assert_eq!(refusal.retry_after, Some(Duration::from_secs(60)));

    for (reply, expected) in [
        (
            (|| Reply::with_headers(503, "retry-after: 30\r\n", "busy")) as fn() -> Reply,
            Duration::from_secs(30),
        ),
        (
            || Reply::json(400, r#"{"error":"temporarily_unavailable"}"#),
            Duration::ZERO,
        ),
        (|| Reply::json(500, ""), Duration::ZERO),
    ] {
        let (error, _) = refused(reply).await;
        assert_eq!(
            error,
            ExchangeError::AuthorityUnavailable {
                authority: "entra".into(),
                retry_after: expected,
            }
        );
    }
}

#[tokio::test]
async fn a_wrong_credential_is_no_users_business() {
    let (error, _) = refused(|| {
        Reply::json(
            401,
            r#"{"error":"invalid_client","error_codes":[7000222],"claims":"{}"}"#,
        )
    })
    .await;
    assert_eq!(class(&error), RefusalClass::ClientCredential);
    assert!(!error.needs_user());
}

#[tokio::test]
async fn an_open_id_providers_refusal_sends_nobody_to_entra() {
    let stub = Stub::serve(|request| match request.method.as_str() {
        "GET" => Reply::json(
            200,
            &format!(
                r#"{{"issuer":"https://issuer.example","token_endpoint":"https://{}/token"}}"#,
                request.headers["host"]
            ),
        ),
        _ => Reply::json(400, r#"{"error":"invalid_grant"}"#),
    })
    .await;
    let error = Setup::oidc(&stub).ask(on_behalf_of()).await.unwrap_err();
    let ExchangeError::Refused(refusal) = error else {
        panic!("{error:?}");
    };
    assert_eq!(refusal.class, RefusalClass::SubjectRejected);
    assert_eq!(refusal.authorization_uri, None);
    assert_eq!(refusal.admin_consent_uri, None);
}
