//! The On-Behalf-Of grant: what it yields, and every refusal with its exact body.

use emulator::{AccessPolicy, Endpoint, Fault, ScriptedError, Secret, TokenRequest, seed};
use serde_json::{Value, json};

use crate::support::{Harness, claims};

pub(crate) const CORRELATION: &str = "0b9f6c1e-57a3-4d2e-8f40-6c7d1e2a9b33";
const FABRIC_READ: &str = "https://analysis.windows.net/powerbi/api/Workspace.Read.All";
const STORAGE: &str = "https://storage.azure.com/user_impersonation";

fn user(upn: &str) -> TokenRequest {
    TokenRequest::delegated(upn, seed::WORKLOAD_CLIENT_ID).scopes(["data.read"])
}

/// Exchanges as the workload; an override with an empty value leaves the parameter out.
async fn exchange(harness: &Harness, assertion: &str, overrides: &[(&str, &str)]) -> Value {
    exchange_at(harness, seed::CONTOSO_TENANT_ID, assertion, overrides).await
}

async fn exchange_at(
    harness: &Harness,
    tenant: &str,
    assertion: &str,
    overrides: &[(&str, &str)],
) -> Value {
    let mut form = vec![
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("requested_token_use", "on_behalf_of"),
        ("client_id", seed::WORKLOAD_CLIENT_ID),
        ("client_secret", seed::WORKLOAD_SECRET),
        ("assertion", assertion),
        ("scope", FABRIC_READ),
    ];
    form.retain(|(name, _)| overrides.iter().all(|(other, _)| other != name));
    form.extend(overrides.iter().filter(|(_, value)| !value.is_empty()));
    let response = harness
        .http
        .post(harness.url(&format!("/{tenant}/oauth2/v2.0/token")))
        .header("client-request-id", CORRELATION)
        .form(&form)
        .send()
        .await
        .unwrap();
    let status = response.status().as_u16();
    let request_id = response.headers()["x-ms-request-id"].clone();
    let mut body: Value = response.json().await.unwrap();
    if status != 200 {
        assert_eq!(body["trace_id"], request_id.to_str().unwrap());
    }
    body["status"] = json!(status);
    body
}

/// What Entra would answer, with the ids of this answer.
struct Expected<'a> {
    status: u16,
    error: &'a str,
    codes: &'a [u32],
    sentence: &'a str,
    suberror: Option<&'a str>,
    claims: Option<&'a str>,
}

#[track_caller]
fn assert_refused(harness: &Harness, body: &Value, expected: &Expected<'_>) {
    let trace = body["trace_id"].as_str().unwrap_or_default();
    let mut whole = json!({
        "status": expected.status,
        "error": expected.error,
        "error_description": format!(
            "AADSTS{}: {} Trace ID: {trace} Correlation ID: {CORRELATION} Timestamp: \
             2027-01-15 08:00:00Z",
            expected.codes[0], expected.sentence,
        ),
        "error_codes": expected.codes,
        "timestamp": "2027-01-15 08:00:00Z",
        "trace_id": trace,
        "correlation_id": CORRELATION,
        "error_uri": harness.url(&format!("/error?code={}", expected.codes[0])),
    });
    if let Some(suberror) = expected.suberror {
        whole["suberror"] = json!(suberror);
    }
    if let Some(claims) = expected.claims {
        whole["claims"] = json!(claims);
    }
    assert_eq!(*body, whole);
}

#[tokio::test]
async fn a_users_token_is_traded_for_one_of_the_resource_further_on() {
    let harness = Harness::start().await;
    let assertion = harness.emulator.issue(&user(seed::CONSENTED).stepped_up());
    let reply = exchange(
        &harness,
        &assertion,
        &[
            ("scope", &format!("{FABRIC_READ} openid offline_access")),
            (
                "claims",
                r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#,
            ),
        ],
    )
    .await;
    assert_eq!(reply["status"], 200, "{reply}");
    assert_eq!(reply["token_type"], "Bearer");
    assert_eq!(reply["expires_in"], 3599);
    assert!(reply["refresh_token"].is_string() && reply["id_token"].is_string());
    let before = claims(&json!(assertion));
    let access = claims(&reply["access_token"]);
    assert_eq!(access["ver"], "1.0");
    assert_eq!(access["aud"], seed::FABRIC_URI);
    assert_eq!(access["appid"], seed::WORKLOAD_CLIENT_ID);
    assert_eq!(access["appidacr"], "1");
    assert_eq!(access["scp"], "Workspace.Read.All");
    assert_eq!(access["xms_cc"], json!(["cp1"]));
    for same in ["oid", "tid", "upn", "amr", "deviceid"] {
        assert_eq!(access[same], before[same], "{same}");
    }
    assert_ne!(access["sub"], before["sub"], "pairwise with the resource");
    assert_eq!(harness.emulator.on_behalf_of_requests(), 1);
    let count = |upn| harness.emulator.on_behalf_of_requests_for(upn);
    assert_eq!((count(seed::CONSENTED), count(seed::MFA)), (1, 0));
}

#[tokio::test]
async fn all_that_was_consented_to_is_in_a_token_by_default() {
    let harness = Harness::start().await;
    let assertion = harness.emulator.issue(&user(seed::CONSENTED));
    let scope = format!("{}/.default", seed::FABRIC_URI);
    let reply = exchange(&harness, &assertion, &[("scope", &scope)]).await;
    assert_eq!(
        claims(&reply["access_token"])["scp"],
        seed::FABRIC_SCOPES.join(" ")
    );
}

#[tokio::test]
async fn its_refresh_token_is_good_for_every_consented_resource_and_for_its_client_alone() {
    let harness = Harness::start().await;
    let assertion = harness.emulator.issue(&user(seed::CONSENTED));
    let scope = format!("{FABRIC_READ} offline_access");
    let reply = exchange(&harness, &assertion, &[("scope", &scope)]).await;
    let refresh_token = reply["refresh_token"].as_str().unwrap();
    let redeem = async |client: &str, secret: &str| {
        harness
            .token(&[
                ("grant_type", "refresh_token"),
                ("client_id", client),
                ("client_secret", secret),
                ("refresh_token", refresh_token),
                ("scope", STORAGE),
            ])
            .await
    };
    harness.emulator.advance_clock(7200);
    let (status, reply) = redeem(seed::WORKLOAD_CLIENT_ID, seed::WORKLOAD_SECRET).await;
    assert_eq!(status, 200, "the assertion is long gone: {reply}");
    let access = claims(&reply["access_token"]);
    assert_eq!(access["aud"], seed::STORAGE_URI);
    assert_eq!(access["scp"], "user_impersonation");
    let (_, reply) = redeem(seed::DAEMON_CLIENT_ID, seed::DAEMON_SECRET).await;
    assert_eq!(reply["error_codes"], json!([70_000]));
}

#[tokio::test]
async fn consent_is_of_one_person_to_one_application_for_one_resource() {
    let harness = Harness::start().await;
    let assertion = harness.emulator.issue(&user(seed::NO_CONSENT));
    let refused = Expected {
        status: 400,
        error: "invalid_grant",
        codes: &[65_001],
        sentence: "The user or administrator has not consented to use the application. Send an \
                   interactive authorization request for this user and resource.",
        suberror: Some("consent_required"),
        claims: None,
    };
    assert_refused(
        &harness,
        &exchange(&harness, &assertion, &[]).await,
        &refused,
    );

    let emulator = &harness.emulator;
    emulator.grant_consent(seed::MFA, seed::WORKLOAD_CLIENT_ID, [FABRIC_READ]);
    emulator.grant_consent(seed::NO_CONSENT, seed::WORKLOAD_CLIENT_ID, [STORAGE]);
    emulator.grant_consent(seed::NO_CONSENT, seed::FILE_PICKER_CLIENT_ID, [FABRIC_READ]);
    assert_refused(
        &harness,
        &exchange(&harness, &assertion, &[]).await,
        &refused,
    );

    assert!(emulator.grant_consent(seed::NO_CONSENT, seed::WORKLOAD_CLIENT_ID, [FABRIC_READ]));
    assert_eq!(exchange(&harness, &assertion, &[]).await["status"], 200);
    emulator.revoke_consent(seed::NO_CONSENT, seed::WORKLOAD_CLIENT_ID, seed::FABRIC_URI);
    assert_refused(
        &harness,
        &exchange(&harness, &assertion, &[]).await,
        &refused,
    );

    let tenant = seed::CONTOSO_DOMAIN;
    assert!(emulator.grant_tenant_consent(tenant, seed::WORKLOAD_CLIENT_ID, [FABRIC_READ]));
    assert_eq!(exchange(&harness, &assertion, &[]).await["status"], 200);
}

#[tokio::test]
async fn each_policy_refuses_in_its_own_words_and_a_better_sign_in_passes() {
    let harness = Harness::start().await;
    let emulator = &harness.emulator;
    let cases = [
        (
            AccessPolicy::Mfa,
            "invalid_grant",
            50_076,
            "Due to a configuration change made by your administrator, or because you moved to a \
             new location, you must use multi-factor authentication to access the resource.",
            "basic_action",
        ),
        (
            AccessPolicy::CompliantDevice,
            "invalid_grant",
            53_000,
            "Device is not in required device state: compliant. Conditional Access policy requires \
             a compliant device, and the device is not compliant. The user must enroll their \
             device with an approved MDM provider.",
            "additional_action",
        ),
        (
            AccessPolicy::SignInFrequency(600),
            "interaction_required",
            70_043,
            "The refresh token has expired or is invalid due to sign-in frequency checks by \
             Conditional Access.",
            "token_expired",
        ),
        (
            AccessPolicy::Block,
            "invalid_grant",
            53_003,
            "Access has been blocked by Conditional Access policies. The access policy does not \
             allow token issuance.",
            "message_only",
        ),
    ];
    let old = emulator.issue(&user(seed::CONSENTED).issued_at(-900));
    let better = emulator.issue(&user(seed::CONSENTED).stepped_up());
    for (policy, error, code, sentence, suberror) in cases {
        let rule = emulator
            .set_access_policy(seed::CONSENTED, seed::FABRIC_URI, policy)
            .unwrap();
        let challenge = format!(
            r#"{{"access_token":{{"capolids":{{"essential":true,"values":["{}"]}}}}}}"#,
            rule.id()
        );
        let refused = Expected {
            status: 400,
            error,
            codes: &[code],
            sentence,
            suberror: Some(suberror),
            claims: Some(&challenge),
        };
        assert_refused(&harness, &exchange(&harness, &old, &[]).await, &refused);
        let other_resource = exchange(&harness, &old, &[("scope", STORAGE)]).await;
        assert_eq!(other_resource["status"], 200, "{other_resource}");
        let reply = exchange(&harness, &better, &[]).await;
        if policy == AccessPolicy::Block {
            assert_refused(&harness, &reply, &refused);
        } else {
            assert_eq!(reply["status"], 200, "{reply}");
        }
    }
    assert!(emulator.clear_access_policy(seed::CONSENTED, seed::FABRIC_URI));
    assert_eq!(exchange(&harness, &old, &[]).await["status"], 200);
}

#[tokio::test]
async fn the_seeded_accounts_meet_what_they_are_named_for() {
    let harness = Harness::start().await;
    for (upn, scope, code) in [
        (seed::CONSENTED, FABRIC_READ, None),
        (seed::MFA, FABRIC_READ, Some(50_076)),
        (seed::MFA, STORAGE, Some(50_076)),
        (seed::DEVICE, FABRIC_READ, None),
        (seed::DEVICE, STORAGE, Some(53_000)),
        (seed::BLOCKED, FABRIC_READ, Some(53_003)),
        (seed::BLOCKED, STORAGE, Some(53_003)),
        (seed::NO_CONSENT, STORAGE, Some(65_001)),
    ] {
        let assertion = harness.emulator.issue(&user(upn));
        let reply = exchange(&harness, &assertion, &[("scope", scope)]).await;
        assert_eq!(reply["error_codes"][0].as_u64(), code, "{upn} {scope}");
    }
    let guest = user(seed::GUEST).tenant(seed::CONTOSO_TENANT_ID);
    let reply = exchange(&harness, &harness.emulator.issue(&guest), &[]).await;
    assert_eq!(
        claims(&reply["access_token"])["tid"],
        seed::CONTOSO_TENANT_ID
    );
    let stranger = harness.emulator.issue(&user(seed::OTHER_TENANT));
    let reply = exchange_at(&harness, seed::FABRIKAM_DOMAIN, &stranger, &[]).await;
    assert_eq!(
        claims(&reply["access_token"])["tid"],
        seed::FABRIKAM_TENANT_ID
    );
}

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
    let harness = Harness::start().await;
    let assertion = harness.emulator.issue(&user(seed::CONSENTED));
    let two = format!("{FABRIC_READ} {STORAGE}");
    let unknown_name = format!("{}/Nothing.Read", seed::FABRIC_URI);
    let cases: [(&[(&str, &str)], u16, &str, u32); 14] = [
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
async fn an_authentication_context_that_was_not_satisfied_is_demanded_by_name() {
    let harness = Harness::start().await;
    let demand = r#"{"access_token":{"acrs":{"essential":true,"values":["c1"]}}}"#;
    let without = harness.emulator.issue(&user(seed::CONSENTED));
    let body = exchange(&harness, &without, &[("claims", demand)]).await;
    assert_eq!(body["error_codes"], json!([50_076]));
    assert_eq!(body["claims"], demand);
    let with = harness.emulator.issue(&user(seed::CONSENTED).acrs(["c1"]));
    let reply = exchange(&harness, &with, &[("claims", demand)]).await;
    assert_eq!(claims(&reply["access_token"])["acrs"], json!(["c1"]));
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
