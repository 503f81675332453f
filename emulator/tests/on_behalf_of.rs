//! The On-Behalf-Of grant: what it yields, and what stands between a user and a resource.

use emulator::{AccessPolicy, seed};
use serde_json::json;

use crate::support::exchange::{
    Expected, FABRIC_READ, STORAGE, assert_refused, exchange, exchange_at, user,
};
use crate::support::{Harness, claims};

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
