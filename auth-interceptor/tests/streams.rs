//! Streams last as long as their token, plus the clock skew, and no longer.

use auth_interceptor::{Plane, Policy};
use tonic::Code;

use crate::guarded::{Refused, declared};
use crate::issuer::{Issuer, user};

#[tokio::test]
async fn a_stream_ends_when_its_token_and_the_skew_are_over() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    // Expired 59 s ago: 1 s of the skew is left.
    let token = issuer.issue(&user(&["data.read"]).issued_at(-3659));
    let mut watch = guarded.client.watch(&token).await.unwrap();
    assert!(watch.message().await.unwrap().is_some());

    let end = watch.message().await.unwrap_err();
    assert_eq!(end.code(), Code::Unauthenticated);
    assert_eq!(Refused::of(&end).reason, "TOKEN_EXPIRED");
    assert!(watch.message().await.unwrap().is_none());
}

#[tokio::test]
async fn an_expired_token_opens_no_new_stream() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    let token = issuer.issue(&user(&["data.read"]));
    let mut watch = guarded.client.watch(&token).await.unwrap();
    assert!(watch.message().await.unwrap().is_some());
    issuer.advance(3600 + 61);
    let again = guarded.client.watch(&token).await.err().unwrap();
    assert_eq!(again.reason, "TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_public_stream_has_no_token_to_outlive() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::public(Plane::Data)).await;
    let mut watch = guarded.client.watch("no token").await.unwrap();
    assert!(watch.message().await.unwrap().is_some());
}
