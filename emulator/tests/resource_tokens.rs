//! Which tokens the emulated APIs accept: they judge for themselves.

use emulator::{Rotation, SigningKey, TokenRequest, TokenVersion, seed};
use reqwest::Method;
use serde_json::json;

use crate::access::{for_fabric, for_storage, header, sent};
use crate::support::{Harness, NOW};

const READ: &str = "Workspace.Read.All";

async fn status(harness: &Harness, token: &TokenRequest) -> (u16, String) {
    let (status, body) = sent(harness.fabric(Method::GET, "/workspaces", token)).await;
    let code = body["errorCode"].as_str().unwrap_or_default().to_owned();
    (status, code)
}

#[tokio::test]
async fn a_token_of_either_version_for_either_name_of_the_api_is_accepted() {
    let harness = Harness::start().await;
    for version in [TokenVersion::V1, TokenVersion::V2] {
        let token = for_fabric(seed::CONSENTED, &[READ]).version(version);
        assert_eq!(status(&harness, &token).await.0, 200);
    }
    let slash = for_fabric(seed::CONSENTED, &[READ])
        .claim("aud", "https://analysis.windows.net/powerbi/api/");
    assert_eq!(status(&harness, &slash).await.0, 200);
}

#[tokio::test]
async fn a_token_that_is_not_for_the_api_or_not_the_authoritys_is_refused() {
    let harness = Harness::start().await;
    let good = || for_fabric(seed::CONSENTED, &[READ]);
    let forged = SigningKey::generate().unwrap();
    let issuer = |path: &str| json!(format!("{}{path}", harness.emulator.origin()));
    let cases = [
        (for_storage(seed::CONSENTED).scopes([READ]), "InvalidToken"),
        (good().claim("aud", seed::STORAGE_URI), "InvalidToken"),
        (
            good().claim("aud", json!([seed::FABRIC_CLIENT_ID])),
            "InvalidToken",
        ),
        (good().issued_at(-7200), "TokenExpired"),
        (good().issued_at(-3600), "TokenExpired"),
        (good().issued_at(60), "InvalidToken"),
        (good().signed_by(&forged), "InvalidToken"),
        (
            good()
                .signed_by(&forged)
                .header("kid", harness.emulator.key_ids(TokenVersion::V1)[0].clone()),
            "InvalidToken",
        ),
        (good().header("alg", "none"), "InvalidToken"),
        (
            good().claim("iss", "https://elsewhere.test/"),
            "InvalidToken",
        ),
        (
            good().claim(
                "iss",
                issuer(&format!("/sts/{}/", seed::FABRIKAM_TENANT_ID)),
            ),
            "InvalidToken",
        ),
        (
            good()
                .claim("tid", "no-tenant")
                .claim("iss", issuer("/sts/no-tenant/")),
            "InvalidToken",
        ),
        (good().without("exp"), "InvalidToken"),
        (good().claim("exp", "never"), "InvalidToken"),
    ];
    for (index, (token, code)) in cases.into_iter().enumerate() {
        assert_eq!(
            status(&harness, &token).await,
            (401, code.to_owned()),
            "case {index}"
        );
    }
}

#[tokio::test]
async fn a_refused_token_is_answered_in_fabrics_form_without_a_challenge() {
    let harness = Harness::start().await;
    let url = format!("{}/workspaces", harness.emulator.fabric_url());
    let token = harness
        .emulator
        .issue(&for_fabric(seed::CONSENTED, &[READ]));
    let requests = [
        harness.http.get(&url),
        harness.http.get(&url).header("authorization", "Basic eDp5"),
        harness.http.get(&url).bearer_auth("x.y.z"),
        harness
            .http
            .get(&url)
            .bearer_auth(&token)
            .bearer_auth(&token),
    ];
    for request in requests {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401);
        assert_eq!(header(&response, "www-authenticate"), "Bearer");
        let code = header(&response, "x-ms-public-api-error-code").to_owned();
        let id = header(&response, "requestid").to_owned();
        let body: serde_json::Value = response.json().await.unwrap();
        assert_eq!(body["errorCode"], code);
        assert_eq!(body["requestId"], id);
    }
}

#[tokio::test]
async fn a_token_ends_on_the_emulators_clock_and_with_its_key() {
    let harness = Harness::start().await;
    let token = harness
        .emulator
        .issue(&for_fabric(seed::CONSENTED, &[READ]));
    let url = format!("{}/workspaces", harness.emulator.fabric_url());
    let get = || sent(harness.http.get(&url).bearer_auth(&token));
    harness.emulator.advance_clock(3599);
    assert_eq!(get().await.0, 200);
    harness.emulator.advance_clock(1);
    assert_eq!(get().await.1["errorCode"], "TokenExpired");
    harness.emulator.advance_clock(-3600);
    assert_eq!(get().await.0, 200, "{NOW} again");
    harness.emulator.rotate_keys(Rotation::Unannounced);
    assert_eq!(get().await.1["errorCode"], "InvalidToken");
}

#[tokio::test]
async fn an_api_needs_a_person_and_the_scope() {
    let harness = Harness::start().await;
    let unscoped = for_fabric(seed::CONSENTED, &["Item.Read.All"]);
    assert_eq!(
        status(&harness, &unscoped).await,
        (403, "InsufficientScopes".to_owned())
    );
    let wider = for_fabric(seed::CONSENTED, &["Workspace.ReadWrite.All"]);
    assert_eq!(status(&harness, &wider).await.0, 200);
    let app = TokenRequest::app_only(seed::WORKLOAD_CLIENT_ID, seed::FABRIC_CLIENT_ID);
    let refused = (403, "PrincipalTypeNotSupported".to_owned());
    assert_eq!(status(&harness, &app).await, refused);
}

#[tokio::test]
async fn onelake_takes_tokens_for_storage_alone() {
    let harness = Harness::start().await;
    let path = format!(
        "/{}/{}/Files/readme.txt",
        seed::WORKSPACE_ID,
        seed::LAKEHOUSE_ID
    );
    let code = async |token: &TokenRequest| {
        let response = harness
            .onelake(Method::GET, &path, token, "")
            .send()
            .await
            .unwrap();
        let code = response.headers().get("x-ms-error-code").cloned();
        let code = code.map(|code| code.to_str().unwrap().to_owned());
        (response.status().as_u16(), code.unwrap_or_default())
    };
    let good = || for_storage(seed::CONSENTED);
    let unauthenticated = (401, "InvalidAuthenticationInfo".to_owned());
    let unpermitted = (403, "AuthorizationPermissionMismatch".to_owned());
    assert_eq!(code(&good()).await.0, 200);
    assert_eq!(
        code(&good().claim("aud", "https://storage.azure.com/"))
            .await
            .0,
        200
    );
    let for_fabric = for_fabric(seed::CONSENTED, &["user_impersonation"]);
    assert_eq!(code(&for_fabric).await, unauthenticated);
    assert_eq!(code(&good().issued_at(-7200)).await, unauthenticated);
    assert_eq!(code(&good().scopes(["files.read"])).await, unpermitted);
    let app = TokenRequest::app_only(seed::WORKLOAD_CLIENT_ID, seed::STORAGE_URI)
        .version(TokenVersion::V1);
    assert_eq!(code(&app).await, unpermitted);
    let bare = harness
        .http
        .get(format!("{}{path}", harness.emulator.onelake_url()));
    let (status, body) = sent(bare).await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (401, &json!("NoAuthenticationInformation"))
    );
}

/// What the workload gets at a tenant's token endpoint.
async fn as_workload(harness: &Harness, tenant: &str, form: &[(&str, &str)]) -> String {
    let mut form = form.to_vec();
    form.push(("client_id", seed::WORKLOAD_CLIENT_ID));
    form.push(("client_secret", seed::WORKLOAD_SECRET));
    let path = format!("/{tenant}/oauth2/v2.0/token");
    let reply = harness.post(&path, &form).await;
    assert_eq!(reply.status(), 200);
    let reply: serde_json::Value = reply.json().await.unwrap();
    reply["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn tokens_of_the_token_endpoint_open_what_they_were_asked_for() {
    let harness = Harness::start().await;
    let user = TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID);
    let assertion = harness.emulator.issue(&user.scopes(["data.read"]));
    let on_behalf_of = async |resource: &str| {
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("requested_token_use", "on_behalf_of"),
            ("assertion", assertion.as_str()),
            ("scope", &format!("{resource}/.default")),
        ];
        as_workload(&harness, seed::CONTOSO_TENANT_ID, &form).await
    };
    let for_fabric = on_behalf_of(seed::FABRIC_URI).await;
    let for_storage = on_behalf_of(seed::STORAGE_URI).await;
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", &format!("{}/.default", seed::FABRIC_URI)),
    ];
    let app = as_workload(&harness, seed::CONTOSO_TENANT_ID, &form).await;

    let (fabric, onelake) = (
        harness.emulator.fabric_url(),
        harness.emulator.onelake_url(),
    );
    let (workspace, item) = (seed::WORKSPACE_ID, seed::ITEM_ID);
    let workspaces = harness.http.get(format!("{fabric}/workspaces"));
    assert_eq!(sent(workspaces.bearer_auth(&for_fabric)).await.0, 200);
    let readme = format!(
        "{onelake}/{workspace}/{}/Files/readme.txt",
        seed::LAKEHOUSE_ID
    );
    let readme = harness.http.get(readme).bearer_auth(&for_storage);
    assert_eq!(sent(readme).await.0, 200);
    let both = format!(r#"SubjectAndAppToken1.0 subjectToken="{for_fabric}", appToken="{app}""#);
    let permissions =
        format!("{fabric}/workload-control/workspaces/{workspace}/items/{item}/resolvePermissions");
    let permissions = harness.http.get(permissions).header("authorization", both);
    assert_eq!(
        sent(permissions).await.1["permissions"],
        json!(["Read", "Write"])
    );
}
