//! The documents.

use emulator::{TokenVersion, seed};
use serde_json::Value;

use crate::support::Harness;

#[tokio::test]
async fn each_version_has_its_own_document_and_issuer_under_every_name_of_the_tenant() {
    let harness = Harness::start().await;
    let origin = harness.emulator.origin().to_owned();
    let tenant = seed::CONTOSO_TENANT_ID;
    for name in [tenant, seed::CONTOSO_DOMAIN] {
        let v2 = harness
            .json(&format!("/{name}/v2.0/.well-known/openid-configuration"))
            .await;
        assert_eq!(v2["issuer"], format!("{origin}/{tenant}/v2.0"));
        assert_eq!(
            v2["jwks_uri"],
            format!("{origin}/{tenant}/discovery/v2.0/keys")
        );
        for endpoint in [
            "authorization_endpoint",
            "token_endpoint",
            "device_authorization_endpoint",
            "end_session_endpoint",
        ] {
            let url = v2[endpoint].as_str().unwrap();
            assert!(
                url.starts_with(&format!("{origin}/{tenant}/oauth2/v2.0/")),
                "{url}"
            );
        }
        let v1 = harness
            .json(&format!("/{name}/.well-known/openid-configuration"))
            .await;
        assert_eq!(v1["issuer"], format!("{origin}/sts/{tenant}/"));
        assert_eq!(v1["jwks_uri"], format!("{origin}/{tenant}/discovery/keys"));
    }
}

#[tokio::test]
async fn common_and_organizations_have_issuer_templates() {
    let harness = Harness::start().await;
    let origin = harness.emulator.origin().to_owned();
    for name in ["common", "organizations"] {
        let v2 = harness
            .json(&format!("/{name}/v2.0/.well-known/openid-configuration"))
            .await;
        assert_eq!(v2["issuer"], format!("{origin}/{{tenantid}}/v2.0"));
        let v1 = harness
            .json(&format!("/{name}/.well-known/openid-configuration"))
            .await;
        assert_eq!(v1["issuer"], format!("{origin}/sts/{{tenantid}}/"));
        let keys = harness.json(&format!("/{name}/discovery/v2.0/keys")).await;
        assert_eq!(keys["keys"][0]["issuer"], v2["issuer"]);
    }
}

#[tokio::test]
async fn only_version_2_keys_say_whose_they_are() {
    let harness = Harness::start().await;
    let path = format!("/{}/discovery", seed::CONTOSO_DOMAIN);
    let v1 = harness.json(&format!("{path}/keys")).await;
    let v2 = harness.json(&format!("{path}/v2.0/keys")).await;
    let ids = harness.emulator.key_ids(TokenVersion::V2);
    assert_eq!(ids.len(), 1);
    for document in [&v1, &v2] {
        let key = &document["keys"][0];
        assert_eq!(key["kid"], ids[0].as_str());
        assert_eq!(key["x5t"], key["kid"]);
        assert_eq!(key["kty"], "RSA");
        assert_eq!(key["use"], "sig");
        assert!(key["x5c"][0].is_string());
    }
    assert_eq!(v1["keys"][0]["issuer"], Value::Null);
    assert_eq!(
        v2["keys"][0]["issuer"],
        format!(
            "{}/{}/v2.0",
            harness.emulator.origin(),
            seed::CONTOSO_TENANT_ID
        )
    );
}

#[tokio::test]
async fn an_unknown_tenant_is_refused_with_all_members_of_an_error() {
    let harness = Harness::start().await;
    let response = harness
        .get("/nowhere.test/v2.0/.well-known/openid-configuration")
        .await;
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
    let error: Value = response.json().await.unwrap();
    assert_eq!(error["error"], "invalid_tenant");
    assert_eq!(error["error_codes"], serde_json::json!([90002]));
    assert_eq!(error["timestamp"], "2027-01-15 08:00:00Z");
    let description = error["error_description"].as_str().unwrap();
    assert!(description.starts_with("AADSTS90002: "), "{description}");
    for id in ["trace_id", "correlation_id"] {
        assert!(description.contains(error[id].as_str().unwrap()));
    }
    assert!(error["error_uri"].as_str().unwrap().ends_with("code=90002"));
}

#[tokio::test]
async fn this_origin_is_the_only_cloud_and_nobody_is_federated() {
    let harness = Harness::start().await;
    let host = harness.emulator.origin().strip_prefix("https://").unwrap();
    let instance = harness
        .json(
            "/common/discovery/instance?api-version=1.1&authorization_endpoint=https://localhost/x",
        )
        .await;
    assert_eq!(instance["metadata"][0]["aliases"][0], host);
    let foreign = harness
        .get("/common/discovery/instance?authorization_endpoint=https://elsewhere.test/x")
        .await;
    assert_eq!(foreign.status(), 400);
    let realm = harness
        .json("/common/userrealm/consented@contoso.test?api-version=1.0")
        .await;
    assert_eq!(realm["account_type"], "Managed");
}
