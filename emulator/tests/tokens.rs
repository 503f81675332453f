//! Claim shapes, refresh and password grants, and tokens minted in process.

use emulator::{TokenRequest, TokenVersion, seed};
use serde_json::{Value, json};

use crate::support::{Harness, NOW, claims, decode, verifies};

fn names(claims: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = claims
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_version_1_user_token_has_entras_claims() {
    let harness = Harness::start().await;
    let token = harness.emulator.issue(
        &TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
            .scopes(["data.read", "data.write"]),
    );
    let (header, claims) = decode(&token);
    assert_eq!(header["typ"], "JWT");
    assert_eq!(header["alg"], "RS256");
    assert_eq!(header["x5t"], header["kid"]);
    assert_eq!(
        names(&claims),
        [
            "acr",
            "aio",
            "amr",
            "appid",
            "appidacr",
            "aud",
            "exp",
            "family_name",
            "given_name",
            "iat",
            "ipaddr",
            "iss",
            "name",
            "nbf",
            "oid",
            "rh",
            "scp",
            "sub",
            "tid",
            "unique_name",
            "upn",
            "uti",
            "ver",
        ]
    );
    let tenant = seed::CONTOSO_TENANT_ID;
    let origin = harness.emulator.origin();
    assert_eq!(claims["aud"], seed::WORKLOAD_URI);
    assert_eq!(claims["iss"], format!("{origin}/sts/{tenant}/"));
    assert_eq!(claims["tid"], tenant);
    assert_eq!(claims["ver"], "1.0");
    assert_eq!(claims["appid"], seed::PORTAL_CLIENT_ID);
    assert_eq!(claims["scp"], "data.read data.write");
    assert_eq!(claims["amr"], json!(["pwd"]));
    assert_eq!((&claims["iat"], &claims["nbf"]), (&json!(NOW), &json!(NOW)));
    assert_eq!(claims["exp"], NOW + 3600);
    let document = harness.json("/common/discovery/keys").await;
    assert!(verifies(&token, &document));
}

#[tokio::test]
async fn a_version_2_user_token_has_entras_claims() {
    let harness = Harness::start().await;
    harness
        .emulator
        .set_token_version(seed::WORKLOAD_CLIENT_ID, TokenVersion::V2);
    let token = harness
        .emulator
        .issue(&TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_URI).scopes(["data.read"]));
    let (header, claims) = decode(&token);
    assert_eq!(header["x5t"], Value::Null);
    assert_eq!(
        names(&claims),
        [
            "aio",
            "aud",
            "azp",
            "azpacr",
            "exp",
            "iat",
            "iss",
            "name",
            "nbf",
            "oid",
            "preferred_username",
            "rh",
            "scp",
            "sub",
            "tid",
            "uti",
            "ver",
        ]
    );
    assert_eq!(claims["aud"], seed::WORKLOAD_CLIENT_ID);
    assert_eq!(
        claims["iss"],
        format!(
            "{}/{}/v2.0",
            harness.emulator.origin(),
            seed::CONTOSO_TENANT_ID
        )
    );
    assert_eq!(claims["ver"], "2.0");
    assert!(verifies(
        &token,
        &harness.json("/common/discovery/v2.0/keys").await
    ));
}

#[tokio::test]
async fn an_app_only_token_is_about_the_application_alone() {
    let harness = Harness::start().await;
    for version in [TokenVersion::V1, TokenVersion::V2] {
        let token = harness.emulator.issue(
            &TokenRequest::app_only(seed::FABRIC_CLIENT_ID, seed::WORKLOAD_CLIENT_ID)
                .version(version),
        );
        let (_, claims) = decode(&token);
        assert_eq!(claims["idtyp"], "app");
        assert_eq!(claims["oid"], claims["sub"]);
        assert_eq!(claims["tid"], seed::CONTOSO_TENANT_ID);
        for absent in ["scp", "upn", "name", "preferred_username", "amr", "roles"] {
            assert_eq!(claims[absent], Value::Null, "{absent}");
        }
        let client = match version {
            TokenVersion::V1 => ("appid", "appidacr"),
            TokenVersion::V2 => ("azp", "azpacr"),
        };
        assert_eq!(claims[client.0], seed::FABRIC_CLIENT_ID);
        assert_eq!(claims[client.1], "2");
    }
}

#[tokio::test]
async fn a_guest_is_another_object_in_each_tenant_and_names_its_home() {
    let harness = Harness::start().await;
    let request = TokenRequest::delegated(seed::GUEST, seed::WORKLOAD_CLIENT_ID);
    let (_, home) = decode(&harness.emulator.issue(&request));
    let (_, guest) = decode(
        &harness
            .emulator
            .issue(&request.tenant(seed::CONTOSO_DOMAIN)),
    );
    assert_eq!(home["tid"], seed::FABRIKAM_TENANT_ID);
    assert_eq!(guest["tid"], seed::CONTOSO_TENANT_ID);
    assert_ne!(home["oid"], guest["oid"]);
    assert_eq!(home["idp"], Value::Null);
    assert!(
        guest["idp"]
            .as_str()
            .unwrap()
            .contains(seed::FABRIKAM_TENANT_ID)
    );
    assert_eq!(guest["upn"], Value::Null);
}

#[tokio::test]
async fn a_request_can_bend_anything() {
    let harness = Harness::start().await;
    let key = harness.emulator.signing_key(TokenVersion::V1);
    let token = harness.emulator.issue(
        &TokenRequest::delegated("nobody-yet@fabrikam.test", "a resource nobody registered")
            .issued_at(-60)
            .lifetime(30)
            .acrs(["c1"])
            .xms_cc(["cp1"])
            .idtyp(true)
            .claim("scp", json!(["a", 1]))
            .without("tid")
            .header("kid", "another")
            .signed_by(&key),
    );
    let (header, claims) = decode(&token);
    assert_eq!(header["kid"], "another");
    assert_eq!(claims["aud"], "a resource nobody registered");
    assert_eq!(claims["iat"], NOW - 60);
    assert_eq!(claims["exp"], NOW - 30);
    assert_eq!(claims["acrs"], json!(["c1"]));
    assert_eq!(claims["xms_cc"], json!(["cp1"]));
    assert_eq!(claims["idtyp"], "user");
    assert_eq!(claims["scp"], json!(["a", 1]));
    assert_eq!(claims["tid"], Value::Null);
    assert!(
        claims["iss"]
            .as_str()
            .unwrap()
            .contains(seed::FABRIKAM_TENANT_ID)
    );
}

#[tokio::test]
async fn a_refresh_token_works_for_other_resources_and_tenants_of_the_user() {
    let harness = Harness::start().await;
    let code = harness.sign_in(seed::GUEST, &[]).await["code"].clone();
    let (_, first) = harness.redeem(&code, &[]).await;
    let refresh_token = first["refresh_token"].as_str().unwrap();
    let scope = format!("{}/.default offline_access", seed::LEDGER_URI);
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", seed::CLI_CLIENT_ID),
        ("refresh_token", refresh_token),
        ("scope", &scope),
    ];
    let path = format!("/{}/oauth2/v2.0/token", seed::FABRIKAM_DOMAIN);
    let response = harness.post(&path, &form).await;
    let second: Value = response.json().await.unwrap();
    let access = claims(&second["access_token"]);
    assert_eq!(access["aud"], seed::LEDGER_CLIENT_ID);
    assert_eq!(access["tid"], seed::FABRIKAM_TENANT_ID);
    assert_eq!(second["id_token"], Value::Null);
    assert_ne!(second["refresh_token"], first["refresh_token"]);

    let (status, _) = harness.token(&form).await;
    assert_eq!(status, 200, "the old one still works");
    harness.emulator.advance_clock(90 * 24 * 3600);
    let (_, error) = harness.token(&form).await;
    assert_eq!(error["error_codes"][0], 70008);
}

#[tokio::test]
async fn the_password_grant_takes_the_documented_password_only() {
    let harness = Harness::start().await;
    let attempt = async |username, password| {
        harness
            .token(&[
                ("grant_type", "password"),
                ("client_id", seed::CLI_CLIENT_ID),
                ("username", username),
                ("password", password),
                ("scope", "openid"),
            ])
            .await
    };
    let (status, reply) = attempt(seed::MFA, seed::PASSWORD).await;
    assert_eq!(status, 200, "{reply}");
    assert_eq!(reply["scope"], "openid");
    assert_eq!(attempt(seed::MFA, "wrong").await.1["error_codes"][0], 50126);
    let (_, error) = attempt(seed::OTHER_TENANT, seed::PASSWORD).await;
    assert_eq!(error["error_codes"][0], 50020);
}

#[tokio::test]
async fn a_scope_that_is_not_there_or_not_consented_to_is_refused() {
    let harness = Harness::start().await;
    let cases = [
        (
            format!("{}/no.such", seed::WORKLOAD_URI),
            "invalid_client",
            650053,
        ),
        ("api://nowhere/x".to_owned(), "invalid_resource", 500011),
        (
            format!(
                "{}/data.read {}/entries.read",
                seed::WORKLOAD_URI,
                seed::LEDGER_URI
            ),
            "invalid_scope",
            700_022,
        ),
        (
            "https://analysis.windows.net/powerbi/api/Item.Read.All".to_owned(),
            "invalid_grant",
            65001,
        ),
    ];
    for (scope, error, code) in cases {
        let (_, reply) = harness
            .token(&[
                ("grant_type", "password"),
                ("client_id", seed::CLI_CLIENT_ID),
                ("username", seed::CONSENTED),
                ("password", seed::PASSWORD),
                ("scope", &scope),
            ])
            .await;
        assert_eq!(reply["error"], error, "{scope}");
        assert_eq!(reply["error_codes"][0], code, "{scope}");
        assert_eq!(reply["suberror"] == "consent_required", code == 65001);
    }
}
