//! A method that demands an authentication context, and what each kind of client is told.

use auth_interceptor::claims_request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use emulator::seed;
use serde_json::json;
use tonic::Code;

use crate::contract;
use crate::guarded::{Guarded, assert_refused, checked_by};
use crate::issuer::{Issuer, user};

const STEPPED_UP: &str = r#"plane: PLANE_DATA token_kinds: TOKEN_KIND_DELEGATED
    scopes: { values: "data.read" } authentication_context: "c1""#;

#[tokio::test]
async fn a_sign_in_of_the_context_passes() {
    let issuer = Issuer::start().await;
    let guarded = checked_by(&issuer, STEPPED_UP).await;
    for acrs in [["c1"].as_slice(), &["c3", "c1"]] {
        let token = issuer.issue(&user(&["data.read"]).acrs(acrs.iter().copied()));
        assert_eq!(guarded.check(&token).await, Ok(()));
    }
    // Entra writes a single context as a string.
    let token = issuer.issue(&user(&["data.read"]).claim("acrs", "c1"));
    assert_eq!(guarded.check(&token).await, Ok(()));
}

#[tokio::test]
async fn a_capable_client_is_challenged_with_the_claims_to_ask_for() {
    let issuer = Issuer::start().await;
    let guarded = checked_by(&issuer, STEPPED_UP).await;
    let token = issuer.issue(&user(&["data.read"]).acrs(["c2"]).xms_cc(["cp1"]));
    let refused = guarded.check(&token).await.unwrap_err();
    assert_eq!(refused.code, Code::Unauthenticated);
    assert_eq!(refused.reason, "CLAIMS_CHALLENGE_REQUIRED");

    let claims = STANDARD.encode(claims_request("c1"));
    assert_eq!(
        refused.challenge.as_deref(),
        Some(
            format!(
                "Bearer realm=\"{}\", authorization_uri=\"{}/common/oauth2/v2.0/authorize\", \
                 error=\"insufficient_claims\", claims=\"{claims}\"",
                seed::CONTOSO_TENANT_ID,
                issuer.entra.origin(),
            )
            .as_str()
        )
    );
    let asked: serde_json::Value = serde_json::from_str(&claims_request("c1")).unwrap();
    assert_eq!(
        asked,
        json!({"access_token": {"acrs": {"essential": true, "value": "c1"}}})
    );
}

#[tokio::test]
async fn a_client_that_is_configured_as_capable_is_challenged_too() {
    let issuer = Issuer::start().await;
    let mut settings = issuer.settings();
    settings.registrations[0].claims_capable_clients = vec![seed::PORTAL_CLIENT_ID.to_owned()];
    let guarded = Guarded::start(&settings, contract::policies(STEPPED_UP).unwrap()).await;

    let portal = guarded.check(&issuer.issue(&user(&["data.read"]))).await;
    assert_refused(portal, Code::Unauthenticated, "CLAIMS_CHALLENGE_REQUIRED");
    let other = issuer.issue(&user(&["data.read"]).client(seed::CLI_CLIENT_ID));
    let other = guarded.check(&other).await;
    assert_refused(
        other,
        Code::PermissionDenied,
        "STEP_UP_UNSUPPORTED_BY_CLIENT",
    );
}

#[tokio::test]
async fn a_client_that_could_not_answer_a_challenge_gets_none() {
    let issuer = Issuer::start().await;
    let guarded = checked_by(&issuer, STEPPED_UP).await;
    let refused = guarded
        .check(&issuer.issue(&user(&["data.read"]).xms_cc(["other"])))
        .await
        .unwrap_err();
    assert_eq!(refused.reason, "STEP_UP_UNSUPPORTED_BY_CLIENT");
    assert_eq!(refused.challenge, None);
}

#[tokio::test]
async fn the_scope_is_checked_before_the_sign_in() {
    let issuer = Issuer::start().await;
    let guarded = checked_by(&issuer, STEPPED_UP).await;
    let outcome = guarded
        .check(&issuer.issue(&user(&["other"]).xms_cc(["cp1"])))
        .await;
    assert_refused(outcome, Code::PermissionDenied, "SCOPE_MISSING");
}
