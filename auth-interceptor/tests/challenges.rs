//! The exact `www-authenticate` text of each class of refusal (RFC 6750 section 3).

use std::collections::HashSet;

use auth_interceptor::Policy;
use emulator::{TokenRequest, seed};
use tonic::Code;
use tonic::metadata::MetadataMap;

use crate::guarded::{
    CHECK, Guarded, Refused, authorization, bearer, checked_by, declaration, declared,
};
use crate::issuer::{Issuer, app, user};

const READ: &str = r#"plane: PLANE_DATA token_kinds: TOKEN_KIND_DELEGATED
    scopes: { values: ["data.read", "data.write"] } scopes: { values: "data.all" }"#;

/// What every challenge starts with: the realm, and where to get a token.
fn start(issuer: &Issuer, realm: &str) -> String {
    let origin = issuer.entra.origin();
    format!("Bearer realm=\"{realm}\", authorization_uri=\"{origin}/common/oauth2/v2.0/authorize\"")
}

async fn refused(guarded: &Guarded, metadata: MetadataMap) -> Refused {
    guarded.client.call(CHECK, metadata).await.unwrap_err()
}

#[tokio::test]
async fn a_call_without_credentials_is_told_of_no_error() {
    let issuer = Issuer::start().await;
    let guarded = checked_by(&issuer, READ).await;
    assert_eq!(
        refused(&guarded, MetadataMap::new()).await,
        Refused {
            code: Code::Unauthenticated,
            reason: "CREDENTIALS_MISSING".to_owned(),
            token_role: None,
            challenge: Some(start(&issuer, "")),
        }
    );
}

#[tokio::test]
async fn a_call_of_another_form_is_an_invalid_request() {
    let issuer = Issuer::start().await;
    let guarded = checked_by(&issuer, READ).await;
    let mut twice = bearer("a.b.c");
    twice.append("authorization", "Bearer a.b.c".parse().unwrap());
    for (metadata, reason) in [
        (authorization("Basic dTpw"), "AUTH_SCHEME_UNSUPPORTED"),
        (authorization("Bearer"), "AUTH_HEADER_MALFORMED"),
        (twice, "AUTH_HEADER_DUPLICATED"),
    ] {
        let refused = refused(&guarded, metadata).await;
        assert_eq!(refused.reason, reason);
        let expected = format!("{}, error=\"invalid_request\"", start(&issuer, ""));
        assert_eq!(refused.challenge, Some(expected));
    }
}

#[tokio::test]
async fn a_token_that_proves_nothing_is_an_invalid_token() {
    let issuer = Issuer::start().await;
    let guarded = checked_by(&issuer, READ).await;
    let request = user(&["data.all"]);
    let unsigned = issuer
        .issue(&request)
        .rsplit_once('.')
        .unwrap()
        .0
        .to_owned()
        + ".AAAA";
    let cases = [
        ("a.b.c".to_owned(), "TOKEN_MALFORMED"),
        (unsigned, "TOKEN_SIGNATURE_INVALID"),
        (
            issuer.issue(&request.clone().header("alg", "none")),
            "TOKEN_ALG_NOT_ALLOWED",
        ),
        (
            issuer.issue(&request.clone().claim("aud", "api://other")),
            "TOKEN_AUDIENCE_MISMATCH",
        ),
        (
            issuer.issue(&request.clone().without("oid")),
            "TOKEN_CLAIM_MISSING",
        ),
    ];
    for (token, reason) in cases {
        let refused = refused(&guarded, bearer(&token)).await;
        assert_eq!(refused.reason, reason);
        let expected = format!("{}, error=\"invalid_token\"", start(&issuer, ""));
        assert_eq!(refused.challenge, Some(expected));
    }
}

#[tokio::test]
async fn an_expired_token_is_called_so() {
    let issuer = Issuer::start().await;
    let guarded = checked_by(&issuer, READ).await;
    let token = issuer.issue(&user(&["data.all"]).issued_at(-3661));
    let refused = refused(&guarded, bearer(&token)).await;
    assert_eq!(refused.reason, "TOKEN_EXPIRED");
    let expected = format!(
        "{}, error=\"invalid_token\", error_description=\"token expired\"",
        start(&issuer, "")
    );
    assert_eq!(refused.challenge, Some(expected));
}

#[tokio::test]
async fn a_missing_scope_is_named_as_the_authority_knows_it() {
    let issuer = Issuer::start().await;
    let guarded = checked_by(&issuer, READ).await;
    let refused = refused(&guarded, bearer(&issuer.issue(&user(&["other"])))).await;
    assert_eq!(refused.reason, "SCOPE_MISSING");
    let uri = seed::WORKLOAD_URI;
    let expected = format!(
        "{}, error=\"insufficient_scope\", scope=\"{uri}/data.read {uri}/data.write\"",
        start(&issuer, seed::CONTOSO_TENANT_ID)
    );
    assert_eq!(refused.challenge, Some(expected));
}

#[tokio::test]
async fn a_known_caller_for_whom_the_method_is_not_lacks_scope() {
    let issuer = Issuer::start().await;
    let guarded = checked_by(&issuer, READ).await;
    let token = issuer.issue(&app(&["Selvedge.Admin"]));
    let refused = refused(&guarded, bearer(&token)).await;
    assert_eq!(refused.reason, "APP_ONLY_NOT_ALLOWED");
    let realm = seed::CONTOSO_TENANT_ID;
    let expected = format!("{}, error=\"insufficient_scope\"", start(&issuer, realm));
    assert_eq!(refused.challenge, Some(expected));
}

#[tokio::test]
async fn what_no_better_token_would_change_is_no_challenge() {
    let issuer = Issuer::start().await;
    let guarded = checked_by(&issuer, READ).await;
    let stranger =
        TokenRequest::delegated(seed::OTHER_TENANT, seed::WORKLOAD_CLIENT_ID).scopes(["data.all"]);
    let refused = refused(&guarded, bearer(&issuer.issue(&stranger))).await;
    assert_eq!(refused.reason, "TENANT_NOT_ALLOWED");
    assert_eq!(refused.challenge, None);
    let unknown = guarded.client.bare("/grpc.health.v1.Health/Other").await;
    assert_eq!(unknown.unwrap_err().challenge, None);
}

#[tokio::test]
async fn no_setting_makes_a_malformed_challenge() {
    let issuer = Issuer::start().await;
    let mut settings = issuer.settings();
    settings.registrations[0]
        .audiences_v1
        .insert(0, "api://a\", error=\"none".to_owned());
    // A declared scope passes through no contract that could refuse it.
    let policies = declaration(&Policy::delegated(&["data.read\", x=\"y"]));
    let guarded = Guarded::start(&settings, policies).await;
    let refused = refused(&guarded, bearer(&issuer.issue(&user(&["other"])))).await;
    assert_eq!(refused.reason, "SCOPE_MISSING");
    let realm = seed::CONTOSO_TENANT_ID;
    let expected = format!("{}, error=\"insufficient_scope\"", start(&issuer, realm));
    assert_eq!(refused.challenge, Some(expected));
}

#[tokio::test]
async fn every_challenge_follows_the_grammar() {
    let issuer = Issuer::start().await;
    let guarded = declared(&issuer, &Policy::delegated(&["data.read"])).await;
    for metadata in [
        MetadataMap::new(),
        authorization("Basic dTpw"),
        bearer("a.b.c"),
        bearer(&issuer.issue(&user(&["other"]))),
        bearer(&issuer.issue(&app(&["any"]))),
    ] {
        let challenge = refused(&guarded, metadata).await.challenge.unwrap();
        let mut names = HashSet::new();
        for (name, value) in parameters(&challenge) {
            assert!(names.insert(name), "{challenge}");
            let bare = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(value.bytes().all(bare), "{challenge}");
        }
    }
}

/// Reads `Bearer name="value", name="value"` without lenience.
fn parameters(challenge: &str) -> Vec<(String, String)> {
    let mut rest = challenge.strip_prefix("Bearer ").unwrap();
    let mut read = Vec::new();
    loop {
        let (name, quoted) = rest.split_once("=\"").unwrap();
        let (value, after) = quoted.split_once('"').unwrap();
        read.push((name.to_owned(), value.to_owned()));
        match after.strip_prefix(", ") {
            Some(next) => rest = next,
            None => {
                assert_eq!(after, "");
                return read;
            }
        }
    }
}
