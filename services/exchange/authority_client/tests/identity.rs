//! A managed identity: its endpoint beside the authority's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::stub::{Reply, Stub};
use super::{AuthorityClient, Setup, TestClock, entra, on_behalf_of, registration};
use crate::exchange::credential::tests::fixtures::TempDir;
use crate::exchange::{CredentialSource, ExchangeError, TokenEndpoint as _};

fn source(url: &str, client_id: Option<&str>) -> CredentialSource {
    CredentialSource::ManagedIdentity {
        url: format!("{url}/metadata/identity/oauth2/token"),
        client_id: client_id.map(str::to_owned),
    }
}

/// An endpoint that numbers its tokens, each with this life.
async fn endpoint(life: &'static str) -> Stub {
    let given = AtomicUsize::new(0);
    Stub::plain(move |_| {
        let number = given.fetch_add(1, Ordering::SeqCst);
        let body =
            format!(r#"{{"access_token":"identity-{number}",{life},"token_type":"Bearer"}}"#);
        Reply::json(200, &body)
    })
    .await
}

fn setup(authority: &Stub, identity: &Stub) -> Setup {
    let credential = source(&identity.url, Some("user-assigned"));
    Setup::new(
        entra(&authority.url, &authority.root_pem),
        credential,
        TempDir::new(),
    )
}

#[tokio::test]
async fn its_token_is_the_client_assertion_until_near_its_end() {
    let mut authority = Stub::serve(|_| Reply::token("downstream")).await;
    let mut identity = endpoint(r#""expires_in":"3600""#).await;
    let setup = setup(&authority, &identity);
    let mut assertion = async || {
        setup.ask(on_behalf_of()).await.unwrap();
        authority.received().form()["client_assertion"].clone()
    };
    assert_eq!(assertion().await, "identity-0");
    let asked = identity.received();
    assert_eq!(asked.method, "GET");
    assert!(asked.target.starts_with("/metadata/identity/oauth2/token?"));
    assert_eq!(asked.headers["metadata"], "true");
    assert_eq!(
        asked.query(),
        [
            ("api-version", "2018-02-01"),
            ("resource", "api://AzureADTokenExchange"),
            ("client_id", "user-assigned"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    setup.clock.advance(3299);
    assert_eq!(assertion().await, "identity-0");
    assert!(identity.is_quiet());
    let version = setup.client.credential_version(&setup.registration);
    setup.clock.advance(1);
    assert_eq!(assertion().await, "identity-1");
    assert_ne!(
        setup.client.credential_version(&setup.registration),
        version
    );
}

#[tokio::test]
async fn its_end_may_be_told_as_a_time() {
    let mut authority = Stub::serve(|_| Reply::token("downstream")).await;
    let identity = endpoint(r#""expires_on":"1800000100""#).await;
    let setup = setup(&authority, &identity);
    for (advance, expected) in [(0, "identity-0"), (49, "identity-0"), (1, "identity-1")] {
        setup.clock.advance(advance);
        setup.ask(on_behalf_of()).await.unwrap();
        assert_eq!(authority.received().form()["client_assertion"], expected);
    }
}

#[tokio::test]
async fn any_number_of_requests_ask_it_once() {
    let authority = Stub::serve(|_| Reply::token("downstream")).await;
    let mut identity = endpoint(r#""expires_in":3600"#).await;
    let setup = setup(&authority, &identity);
    let all = (0..20).map(|_| setup.ask(on_behalf_of()));
    for granted in futures_util::future::join_all(all).await {
        granted.unwrap();
    }
    identity.received();
    assert!(identity.is_quiet());
}

#[tokio::test]
async fn a_token_that_the_authority_holds_to_be_stale_is_replaced_once() {
    let mut authority = Stub::serve(|request| {
        if request.form()["client_assertion"] == "identity-0" {
            Reply::json(401, r#"{"error":"invalid_client","error_codes":[700024]}"#)
        } else {
            Reply::token("downstream")
        }
    })
    .await;
    let identity = endpoint(r#""expires_in":3600"#).await;
    setup(&authority, &identity)
        .ask(on_behalf_of())
        .await
        .unwrap();
    authority.received();
    authority.received();
    assert!(authority.is_quiet());
}

#[tokio::test]
async fn without_a_token_of_it_nothing_is_sent_and_the_next_request_tries_again() {
    let authority = Stub::serve(|_| Reply::token("downstream")).await;
    let bad: &[fn() -> Reply] = &[
        || Reply::json(404, r#"{"error":"invalid_request"}"#),
        || Reply::json(500, ""),
        || Reply::json(200, "<html>"),
        || Reply::json(200, r#"{"access_token":"a"}"#),
        || Reply::json(200, r#"{"access_token":"","expires_in":60}"#),
        || Reply::json(200, r#"{"access_token":"a b","expires_in":60}"#),
        || Reply::json(200, r#"{"access_token":"a","expires_on":"1"}"#),
        || Reply::with_headers(302, "location: http://127.0.0.1:1/\r\n", ""),
        || Reply::Cut(String::new()),
    ];
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let identity = Stub::plain(move |_| {
        bad.get(counted.fetch_add(1, Ordering::SeqCst)).map_or_else(
            || Reply::json(200, r#"{"access_token":"a","expires_in":60}"#),
            |reply| reply(),
        )
    })
    .await;
    let setup = setup(&authority, &identity);
    for _ in bad {
        assert_eq!(
            setup.ask(on_behalf_of()).await.unwrap_err(),
            ExchangeError::CredentialUnusable {
                registration: "workload".into(),
            }
        );
    }
    assert_eq!(asked.load(Ordering::SeqCst), bad.len());
    assert_eq!(authority.connections(), 0);
    setup.ask(on_behalf_of()).await.unwrap();
}

#[test]
fn it_is_asked_over_https_or_on_this_machine_alone() {
    let start = |url: &str| {
        let authority = entra("https://login.example", b"");
        let authority = auth_interceptor::Authority {
            root_certificates_pem: None,
            ..authority
        };
        let registration = registration(
            authority,
            CredentialSource::ManagedIdentity {
                url: url.to_owned(),
                client_id: None,
            },
        );
        AuthorityClient::new([&registration], &TestClock::new().clock()).is_ok()
    };
    for url in [
        "http://169.254.169.254/metadata/identity/oauth2/token",
        "http://127.0.0.1:8081/token",
        "http://[::1]/token",
        "https://identity.example/token",
    ] {
        assert!(start(url), "{url}");
    }
    for url in [
        "http://identity.example/token",
        "http://localhost/token",
        "http://169.254.169.253/token",
        "http://10.0.0.1/token",
        "http://127.0.0.1.example/token",
        "https://user@identity.example/token",
        "https://identity.example/token?resource=other",
        "https://identity.example/token#x",
        "ftp://127.0.0.1/token",
        "identity",
    ] {
        assert!(!start(url), "{url}");
    }
}
