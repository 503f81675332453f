//! Scripted misbehaviour of Fabric and OneLake.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use emulator::{CONTROL_HEADER, Endpoint, Fault, seed};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::access::{for_fabric, for_fabric_as_workload, for_storage, header};
use crate::support::Harness;

async fn workspaces(harness: &Harness) -> Response {
    let token = for_fabric(seed::CONSENTED, &["Workspace.Read.All"]);
    let request = harness.fabric(Method::GET, "/workspaces", &token);
    request.send().await.unwrap()
}

async fn readme(harness: &Harness) -> Response {
    let path = format!(
        "/{}/{}/Files/readme.txt",
        seed::WORKSPACE_ID,
        seed::LAKEHOUSE_ID
    );
    let request = harness.onelake(
        Method::GET,
        &path,
        &for_storage(seed::CONSENTED),
        Vec::new(),
    );
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_claims_challenge_carries_the_claims_byte_for_byte() {
    let harness = Harness::start().await;
    let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}},"x":"ü+/?"}"#;
    let fault = || {
        Some(Fault::ClaimsChallenge {
            claims: claims.to_owned(),
        })
    };
    harness.emulator.set_fault(Endpoint::Fabric, fault());
    harness.emulator.set_fault(Endpoint::OneLake, fault());
    for response in [workspaces(&harness).await, readme(&harness).await] {
        assert_eq!(response.status(), 401);
        let expected = format!(
            r#"Bearer realm="", authorization_uri="{}/common/oauth2/authorize", error="insufficient_claims", claims="{}""#,
            harness.emulator.origin(),
            STANDARD.encode(claims)
        );
        assert_eq!(header(&response, "www-authenticate"), expected);
    }
}

#[tokio::test]
async fn a_bare_401_meets_so_many_requests_or_all() {
    let harness = Harness::start().await;
    let bare = || Fault::Status {
        code: 401,
        retry_after: None,
    };
    let script = |fault| {
        harness
            .emulator
            .set_fault(Endpoint::FabricWorkspaces, fault)
    };
    for requests in [1, 2] {
        script(Some(Fault::Next {
            requests,
            fault: Box::new(bare()),
        }));
        for _ in 0..requests {
            let response = workspaces(&harness).await;
            assert_eq!(response.status(), 401);
            assert!(response.headers().get("www-authenticate").is_none());
        }
        assert_eq!(workspaces(&harness).await.status(), 200);
    }
    script(Some(bare()));
    for _ in 0..3 {
        assert_eq!(workspaces(&harness).await.status(), 401);
    }
    script(None);
    assert_eq!(workspaces(&harness).await.status(), 200);
    assert_eq!(harness.emulator.fetches(Endpoint::FabricWorkspaces), 9);
    assert_eq!(harness.emulator.fetches(Endpoint::Fabric), 9);
    assert_eq!(harness.emulator.fetches(Endpoint::FabricItems), 0);
}

#[tokio::test]
async fn throttling_has_each_apis_own_error_document() {
    let harness = Harness::start().await;
    let fault = |error_code: &str| {
        Some(Fault::ErrorCode {
            status: 429,
            error_code: error_code.to_owned(),
            retry_after: Some(55),
        })
    };
    harness
        .emulator
        .set_fault(Endpoint::Fabric, fault("RequestBlocked"));
    let response = workspaces(&harness).await;
    assert_eq!(response.status(), 429);
    assert_eq!(header(&response, "retry-after"), "55");
    assert_eq!(
        header(&response, "x-ms-public-api-error-code"),
        "RequestBlocked"
    );
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["errorCode"], "RequestBlocked");

    harness
        .emulator
        .set_fault(Endpoint::OneLake, fault("ServerBusy"));
    let response = readme(&harness).await;
    assert_eq!(response.status(), 429);
    assert_eq!(header(&response, "retry-after"), "55");
    assert_eq!(header(&response, "x-ms-error-code"), "ServerBusy");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"]["code"], "ServerBusy");
}

#[tokio::test]
async fn item_permissions_fail_by_themselves() {
    let harness = Harness::start().await;
    harness.emulator.set_fault(
        Endpoint::ResolvePermissions,
        Some(Fault::Status {
            code: 503,
            retry_after: None,
        }),
    );
    let url = format!(
        "{}/workload-control/workspaces/{}/items/{}/resolvePermissions",
        harness.emulator.fabric_url(),
        seed::WORKSPACE_ID,
        seed::ITEM_ID
    );
    let header = format!(
        r#"SubjectAndAppToken1.0 subjectToken="{}", appToken="{}""#,
        harness
            .emulator
            .issue(&for_fabric(seed::CONSENTED, &["Fabric.Extend"])),
        harness.emulator.issue(&for_fabric_as_workload())
    );
    let request = harness.http.get(url).header("authorization", header);
    assert_eq!(request.send().await.unwrap().status(), 503);
    assert_eq!(workspaces(&harness).await.status(), 200);
    assert_eq!(harness.emulator.fetches(Endpoint::ResolvePermissions), 1);
}

#[tokio::test]
async fn the_control_routes_script_fabric_and_onelake() {
    let harness = Harness::start().await;
    let call = async |method: Method, path: &str, body: Value| {
        let url = harness.url(&format!("/_control{path}"));
        let secret = harness.emulator.control_secret().expose();
        let request = harness
            .http
            .request(method, url)
            .header(CONTROL_HEADER, secret);
        request.json(&body).send().await.unwrap().status().as_u16()
    };
    let challenge = json!({"claims_challenge": {"claims": "{}"}});
    assert_eq!(call(Method::PUT, "/faults/fabric", challenge).await, 204);
    assert_eq!(workspaces(&harness).await.status(), 401);
    let healed = call(Method::DELETE, "/faults/fabric", json!({})).await;
    assert_eq!(healed, 204);
    assert_eq!(workspaces(&harness).await.status(), 200);
    let error = json!({"error_code": {"status": 403, "error_code": "Denied", "retry_after": null}});
    assert_eq!(call(Method::PUT, "/faults/onelake", error).await, 204);
    assert_eq!(header(&readme(&harness).await, "x-ms-error-code"), "Denied");

    let workspace = seed::SHARED_WORKSPACE_ID;
    let roles = format!("/fabric/workspaces/{workspace}/roles/{}", seed::BLOCKED);
    let permissions = format!(
        "/fabric/items/{}/permissions/{}",
        seed::ITEM_ID,
        seed::BLOCKED
    );
    let unknown = format!("/fabric/items/{workspace}/permissions/{}", seed::BLOCKED);
    let read = json!({"permissions": ["Read"]});
    let cases = [
        (Method::PUT, roles.as_str(), json!({"role": "Viewer"}), 204),
        (Method::PUT, roles.as_str(), json!({"role": "Owner"}), 422),
        (Method::DELETE, roles.as_str(), json!({}), 204),
        (Method::PUT, permissions.as_str(), read.clone(), 204),
        (Method::PUT, unknown.as_str(), read, 404),
        (
            Method::PUT,
            "/fabric/warehouse-creation",
            json!("immediate"),
            204,
        ),
        (
            Method::PUT,
            "/fabric/warehouse-creation",
            json!({"long_running": {"polls": 2, "retry_after": 0}}),
            204,
        ),
        (
            Method::PUT,
            "/fabric/warehouse-creation",
            json!({"fails": {"error_code": "CapacityLimitExceeded"}}),
            204,
        ),
        (
            Method::PUT,
            "/fabric/page-sizes",
            json!({"workspaces": 1, "onelake": 2}),
            204,
        ),
    ];
    for (method, path, body, status) in cases {
        assert_eq!(
            call(method, path, body.clone()).await,
            status,
            "{path} {body}"
        );
    }
    let page: Value = workspaces(&harness).await.json().await.unwrap();
    assert_eq!(page["value"].as_array().unwrap().len(), 1);
}
