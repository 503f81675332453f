//! A token that was verified before is still held against every policy and every second.

use auth_interceptor::{Policies, Policy};
use tonic::Code;

use crate::guarded::{Guarded, HEALTH, WATCH, assert_refused, declared};
use crate::issuer::{Issuer, user};

#[tokio::test]
async fn what_one_method_accepted_another_may_refuse() {
    let issuer = Issuer::start().await;
    let policies = Policies::default()
        .declare(HEALTH, &["Check"], &Policy::delegated(&["data.read"]))
        .declare(HEALTH, &["Watch"], &Policy::delegated(&["data.write"]));
    let guarded = Guarded::start(&issuer.settings(), policies).await;
    let token = issuer.issue(&user(&["data.read"]));
    for _ in 0..2 {
        assert_eq!(guarded.check(&token).await, Ok(()));
        let outcome = guarded.client.bearer(WATCH, &token).await;
        assert_refused(outcome, Code::PermissionDenied, "SCOPE_MISSING");
    }
}

#[tokio::test]
async fn a_remembered_token_expires_like_any_other() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    let token = issuer.issue(&user(&["data.read"]).lifetime(100));
    assert_eq!(guarded.check(&token).await, Ok(()));
    issuer.advance(159);
    assert_eq!(guarded.check(&token).await, Ok(()));
    issuer.advance(2);
    assert_refused(
        guarded.check(&token).await,
        Code::Unauthenticated,
        "TOKEN_EXPIRED",
    );
}

#[tokio::test]
async fn a_token_that_differs_in_one_character_is_another_token() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    let token = issuer.issue(&user(&["data.read"]));
    assert_eq!(guarded.check(&token).await, Ok(()));
    let signature = token.rfind('.').unwrap() + 1;
    let mut other = token.into_bytes();
    other[signature] = if other[signature] == b'A' { b'B' } else { b'A' };
    let other = String::from_utf8(other).unwrap();
    assert_refused(
        guarded.check(&other).await,
        Code::Unauthenticated,
        "TOKEN_SIGNATURE_INVALID",
    );
}
