//! What the On-Behalf-Of grant refuses before it looks at consent, with every exact body.

use emulator::{Endpoint, Fault, ScriptedError, Secret, TokenRequest, seed};
use serde_json::json;

use crate::support::Harness;
use crate::support::exchange::{
    Expected, FABRIC_READ, STORAGE, assert_refused, exchange, exchange_at, user,
};

#[tokio::test]
async fn an_assertion_that_is_not_good_here_is_told_apart_from_every_other() {
    let harness = Harness::start().await;
    let emulator = &harness.emulator;
    let issue = |request: &TokenRequest| emulator.issue(request);
    let good = issue(&user(seed::CONSENTED));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let turned = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{message}.{turned}{}", &signature[1..]);
    let foreign = emulator::SigningKey::generate().unwrap();
    let id_token = harness.redeem_id_token(seed::CONSENTED).await;

    let audience = "Assertion audience does not match the Client app presenting the assertion. The \
                    downstream client must request a token for the expected audience (the \
                    application that made the OBO request) and this application should use that \
                    token as the assertion.";
    let time = "Error validating credentials. AADSTS500133: Assertion is not within its valid time \
                range. Ensure that the access token is not expired before using it for user \
                assertion, or request a new token.";
    let issuer = "Assertion is invalid because its issuer is not the tenant of the request.";
    let app_only = "The application is not allowed to make application on-behalf-of calls.";
    let malformed = "JWT token is invalid or malformed.";
    let unknown_key = "Assertion failed signature validation. [Reason - The key was not found.]";
    let signature = "Assertion failed signature validation. [Reason - The provided signature value \
                     did not match the expected signature value.]";
    let cases: Vec<(String, &str, &[u32], &str)> = vec![
        (
            "no.token".to_owned(),
            "invalid_request",
            &[50_027],
            malformed,
        ),
        ("a.b.c".to_owned(), "invalid_request", &[50_027], malformed),
        (
            issue(&user(seed::CONSENTED).header("alg", "none")),
            "invalid_request",
            &[50_027],
            malformed,
        ),
        (forged, "invalid_grant", &[50_013], signature),
        (
            issue(&user(seed::CONSENTED).signed_by(&foreign)),
            "invalid_grant",
            &[50_013],
            unknown_key,
        ),
        (
            issue(&user(seed::CONSENTED).claim("iss", "https://elsewhere.test/")),
            "invalid_grant",
            &[50_013],
            issuer,
        ),
        (
            issue(&user(seed::OTHER_TENANT)),
            "invalid_grant",
            &[50_013],
            issuer,
        ),
        (
            issue(
                &TokenRequest::delegated(seed::CONSENTED, seed::COMPANY_PICKER_CLIENT_ID)
                    .scopes(["access_as_user"]),
            ),
            "invalid_grant",
            &[500_131],
            audience,
        ),
        (
            issue(&user(seed::CONSENTED).issued_at(-7200)),
            "invalid_grant",
            &[70_002, 500_133],
            time,
        ),
        (
            issue(&user(seed::CONSENTED).issued_at(3600)),
            "invalid_grant",
            &[70_002, 500_133],
            time,
        ),
        (
            issue(&TokenRequest::app_only(
                seed::DAEMON_CLIENT_ID,
                seed::WORKLOAD_CLIENT_ID,
            )),
            "unauthorized_client",
            &[7_000_114],
            app_only,
        ),
        (
            issue(&user(seed::CONSENTED).claim("oid", "00000000-0000-0000-0000-000000000001")),
            "invalid_grant",
            &[50_034],
            "The user account does not exist in the directory of the tenant.",
        ),
    ];
    for (assertion, error, codes, sentence) in cases {
        let body = exchange(&harness, &assertion, &[]).await;
        assert_refused(
            &harness,
            &body,
            &Expected {
                status: 400,
                error,
                codes,
                sentence,
                suberror: None,
                claims: None,
            },
        );
    }
    let body = exchange(
        &harness,
        &id_token,
        &[
            ("client_id", seed::DAEMON_CLIENT_ID),
            ("client_secret", seed::DAEMON_SECRET),
        ],
    )
    .await;
    assert_refused(
        &harness,
        &body,
        &Expected {
            status: 400,
            error: "invalid_request",
            codes: &[240_002],
            sentence: "Input id_token cannot be used as \
                       'urn:ietf:params:oauth:grant-type:jwt-bearer' grant.",
            suberror: None,
            claims: None,
        },
    );
}

#[tokio::test]
async fn a_disabled_account_gets_nothing_until_it_is_enabled_again() {
    let harness = Harness::start().await;
    let assertion = harness.emulator.issue(&user(seed::CONSENTED));
    harness.emulator.disable_account(seed::CONSENTED);
    assert_refused(
        &harness,
        &exchange(&harness, &assertion, &[]).await,
        &Expected {
            status: 400,
            error: "invalid_grant",
            codes: &[50_057],
            sentence: "The user account is disabled.",
            suberror: None,
            claims: None,
        },
    );
    harness.emulator.enable_account(seed::CONSENTED);
    assert_eq!(exchange(&harness, &assertion, &[]).await["status"], 200);
}

#[tokio::test]
async fn a_request_that_is_not_in_order_is_refused_before_the_user_is_asked_for_anything() {
    /// Overrides, and what they lead to.
    type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str, u32);

    let harness = Harness::start().await;
    let assertion = harness.emulator.issue(&user(seed::CONSENTED));
    let two = format!("{FABRIC_READ} {STORAGE}");
    let unknown_name = format!("{}/Nothing.Read", seed::FABRIC_URI);
    let cases: [Case<'_>; 14] = [
        (
            &[("requested_token_use", "")],
            400,
            "invalid_request",
            900_144,
        ),
        (
            &[("requested_token_use", "x")],
            400,
            "invalid_request",
            90_023,
        ),
        (&[("assertion", "")], 400, "invalid_request", 900_144),
        (&[("scope", "")], 400, "invalid_request", 900_144),
        (&[("scope", "openid profile")], 400, "invalid_scope", 70_011),
        (&[("scope", &unknown_name)], 400, "invalid_scope", 70_011),
        (&[("scope", &two)], 400, "invalid_scope", 700_022),
        (
            &[("scope", "api://nowhere/x")],
            400,
            "invalid_resource",
            500_011,
        ),
        (&[("claims", "{")], 400, "invalid_request", 9_002_313),
        (&[("claims", "[]")], 400, "invalid_request", 9_002_313),
        (
            &[("client_secret", "wrong")],
            401,
            "invalid_client",
            7_000_215,
        ),
        (&[("client_secret", "")], 401, "invalid_client", 7_000_218),
        (
            &[("client_id", "00000000-0000-0000-0000-000000000001")],
            400,
            "unauthorized_client",
            700_016,
        ),
        (
            &[("client_id", seed::CLI_CLIENT_ID), ("client_secret", "")],
            401,
            "invalid_client",
            7_000_218,
        ),
    ];
    for (overrides, status, error, code) in cases {
        let body = exchange(&harness, &assertion, overrides).await;
        assert_eq!(body["status"], status, "{overrides:?}");
        assert_eq!(body["error"], error, "{overrides:?}");
        assert_eq!(body["error_codes"], json!([code]), "{overrides:?}");
        assert!(body.get("suberror").is_none(), "{overrides:?}");
    }
    for tenant in ["common", "organizations"] {
        let body = exchange_at(&harness, tenant, &assertion, &[]).await;
        assert_eq!(body["error"], "invalid_request");
        assert_eq!(body["error_codes"], json!([9_001_023]));
    }
    // The only application of one tenant alone.
    let reports = [
        ("client_id", seed::REPORTS_CLIENT_ID),
        ("client_secret", seed::REPORTS_SECRET),
    ];
    let body = exchange_at(&harness, seed::FABRIKAM_DOMAIN, &assertion, &reports).await;
    assert_eq!(body["error_codes"], json!([700_016]));
}

#[tokio::test]
async fn an_expired_secret_is_told_from_a_wrong_one_and_replaced_by_another() {
    let harness = Harness::start().await;
    let emulator = &harness.emulator;
    let assertion = emulator.issue(&user(seed::CONSENTED));
    assert!(emulator.expire_secret(seed::WORKLOAD_CLIENT_ID));
    assert_refused(
        &harness,
        &exchange(&harness, &assertion, &[]).await,
        &Expected {
            status: 401,
            error: "invalid_client",
            codes: &[7_000_222],
            sentence: "The provided client secret keys are expired.",
            suberror: None,
            claims: None,
        },
    );
    emulator.add_secret(seed::WORKLOAD_CLIENT_ID, Secret::new("the next one"));
    let reply = exchange(&harness, &assertion, &[("client_secret", "the next one")]).await;
    assert_eq!(reply["status"], 200);
    let reply = exchange(&harness, &assertion, &[("client_secret", "another")]).await;
    assert_eq!(reply["error_codes"], json!([7_000_215]));
    assert!(!emulator.expire_secret("00000000-0000-0000-0000-000000000001"));
}

#[tokio::test]
async fn any_other_refusal_comes_on_command_in_the_authoritys_own_form() {
    let harness = Harness::start().await;
    let assertion = harness.emulator.issue(&user(seed::CONSENTED));
    let told = "The authority was told to refuse.";
    let looping = ScriptedError::new(400, "invalid_grant", 50_196);
    harness.emulator.set_fault(
        Endpoint::OnBehalfOf,
        Some(Fault::Next {
            requests: 2,
            fault: Box::new(Fault::AuthorityError(looping)),
        }),
    );
    for _ in 0..2 {
        assert_refused(
            &harness,
            &exchange(&harness, &assertion, &[]).await,
            &Expected {
                status: 400,
                error: "invalid_grant",
                codes: &[50_196],
                sentence: told,
                suberror: None,
                claims: None,
            },
        );
    }
    assert_eq!(exchange(&harness, &assertion, &[]).await["status"], 200);

    let odd = ScriptedError::new(429, "temporarily_unavailable", 90_055)
        .code(90_033)
        .suberror("not_seen_before")
        .claims(r#"{"a":"\u00e9 \" \\"}"#)
        .retry_after(17);
    harness
        .emulator
        .set_fault(Endpoint::OnBehalfOf, Some(Fault::AuthorityError(odd)));
    assert_refused(
        &harness,
        &exchange(&harness, &assertion, &[]).await,
        &Expected {
            status: 429,
            error: "temporarily_unavailable",
            codes: &[90_055, 90_033],
            sentence: told,
            suberror: Some("not_seen_before"),
            claims: Some(r#"{"a":"\u00e9 \" \\"}"#),
        },
    );
    let (status, _) = harness
        .token(&[
            ("grant_type", "client_credentials"),
            ("client_id", seed::WORKLOAD_CLIENT_ID),
            ("client_secret", seed::WORKLOAD_SECRET),
            ("scope", &format!("{}/.default", seed::FABRIC_URI)),
        ])
        .await;
    assert_eq!(status, 200, "other grants fare well");
    assert_eq!(harness.emulator.on_behalf_of_requests(), 4);
}
