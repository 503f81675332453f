//! What is taken for credentials, and what of them the handler gets to see: nothing.

use auth_interceptor::Policy;
use tonic::Code;
use tonic::metadata::{MetadataMap, MetadataValue};

use crate::guarded::{
    CHECK, Guarded, assert_refused, authorization, bearer, declaration, declared,
};
use crate::issuer::{Issuer, user};

#[tokio::test]
async fn the_scheme_has_no_case() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    let token = issuer.issue(&user(&["data.read"]));
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let metadata = authorization(&format!("{scheme} {token}"));
        assert_eq!(guarded.client.call(CHECK, metadata).await, Ok(()));
    }
}

#[tokio::test]
async fn a_token_anywhere_but_in_authorization_is_not_seen() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    let token = issuer.issue(&user(&["data.read"]));
    for name in ["x-authorization", "grpcgateway-authorization", "cookie"] {
        let mut metadata = MetadataMap::new();
        metadata.insert(name, format!("Bearer {token}").parse().unwrap());
        let outcome = guarded.client.call(CHECK, metadata).await;
        assert_refused(outcome, Code::Unauthenticated, "CREDENTIALS_MISSING");
    }
    let mut binary = MetadataMap::new();
    binary.insert_bin(
        "authorization-bin",
        MetadataValue::from_bytes(format!("Bearer {token}").as_bytes()),
    );
    let outcome = guarded.client.call(CHECK, binary).await;
    assert_refused(outcome, Code::Unauthenticated, "CREDENTIALS_MISSING");
    assert!(!guarded.handler_entered());
}

#[tokio::test]
async fn two_tokens_are_refused_whichever_of_them_is_good() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    let good = issuer.issue(&user(&["data.read"]));
    for (first, second) in [(&*good, "a.b.c"), ("a.b.c", &*good), (&*good, &*good)] {
        let mut twice = bearer(first);
        twice.append("authorization", format!("Bearer {second}").parse().unwrap());
        let outcome = guarded.client.call(CHECK, twice).await;
        assert_refused(outcome, Code::Unauthenticated, "AUTH_HEADER_DUPLICATED");
    }
}

#[tokio::test]
async fn the_handler_sees_neither_credentials_nor_asserted_identities() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    let mut metadata = bearer(&issuer.issue(&user(&["data.read"])));
    let asserted = [
        "cookie",
        "x-authorization",
        "x-ms-client-principal",
        "x-ms-client-principal-id",
        "x-tenant-id",
        "x-user-oid",
    ];
    for name in asserted {
        metadata.append(name, "somebody else".parse().unwrap());
        metadata.append(name, "twice".parse().unwrap());
    }
    metadata.insert_bin("authorization-bin", MetadataValue::from_bytes(b"Bearer x"));
    metadata.insert("x-request-id", "42".parse().unwrap());
    assert_eq!(guarded.client.call(CHECK, metadata).await, Ok(()));

    let seen = guarded.metadata_seen();
    for name in asserted
        .iter()
        .chain(&["authorization", "authorization-bin"])
    {
        assert!(!seen.contains_key(*name), "{name}");
    }
    assert_eq!(seen.get("x-request-id").unwrap(), "42");
}

#[tokio::test]
async fn a_refused_call_never_enters_the_handler() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    for token in ["a.b.c".to_owned(), issuer.issue(&user(&["other"]))] {
        assert!(guarded.check(&token).await.is_err());
    }
    assert!(!guarded.handler_entered());
}

#[tokio::test]
async fn a_token_over_the_limit_is_refused_by_its_size() {
    let issuer = Issuer::start().await;
    let policies = || declaration(&Policy::delegated(&["data.read"]));
    let mut settings = issuer.settings();
    let guarded = Guarded::start(&settings, policies()).await;
    settings.token_bytes = 1024;
    let strict = Guarded::start(&settings, policies()).await;
    let token = issuer.issue(&user(&["data.read"]).claim("groups", vec!["g".repeat(36); 40]));
    assert_eq!(guarded.check(&token).await, Ok(()));
    assert_refused(
        strict.check(&token).await,
        Code::Unauthenticated,
        "TOKEN_TOO_LARGE",
    );
}
