//! The control routes, and why a web page cannot use them.

use emulator::{CONTROL_HEADER, TokenRequest, TokenVersion, seed};
use reqwest::header::{HOST, ORIGIN};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Harness, NOW, decode};

fn request(harness: &Harness, method: Method, path: &str) -> RequestBuilder {
    harness
        .http
        .request(method, harness.url(&format!("/_control{path}")))
}

fn with_secret(harness: &Harness, method: Method, path: &str) -> RequestBuilder {
    request(harness, method, path)
        .header(CONTROL_HEADER, harness.emulator.control_secret().expose())
}

async fn send(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.text().await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_web_page_cannot_reach_the_control_routes() {
    let harness = Harness::start().await;
    let get = || request(&harness, Method::GET, "/keys");
    let secret = harness.emulator.control_secret().expose();

    assert_eq!(send(get()).await.0, 401, "no secret");
    assert_eq!(send(get().header(CONTROL_HEADER, "wrong")).await.0, 401);
    let doubled = get()
        .header(CONTROL_HEADER, secret)
        .header(CONTROL_HEADER, "wrong");
    assert_eq!(send(doubled).await.0, 401, "two secrets");
    for origin in ["https://elsewhere.test", "null", harness.emulator.origin()] {
        let from_page = get().header(CONTROL_HEADER, secret).header(ORIGIN, origin);
        assert_eq!(send(from_page).await.0, 403, "{origin}");
    }
    let rebound = harness
        .http_1()
        .get(harness.url("/_control/keys"))
        .header(CONTROL_HEADER, secret)
        .header(HOST, "elsewhere.test");
    assert_eq!(send(rebound).await.0, 421);
    let preflight = request(&harness, Method::OPTIONS, "/keys/rotate")
        .header(ORIGIN, "https://elsewhere.test")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", CONTROL_HEADER.as_str())
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.status(), 403);
    assert!(
        preflight
            .headers()
            .keys()
            .all(|name| !name.as_str().starts_with("access-control-"))
    );
    assert_eq!(harness.emulator.key_ids(TokenVersion::V1).len(), 1);
}

#[tokio::test]
async fn the_routes_do_what_the_handle_does() {
    let harness = Harness::start().await;
    let call =
        |method, path: &str, body: Value| send(with_secret(&harness, method, path).json(&body));
    let get = |path: &str| send(with_secret(&harness, Method::GET, path));

    let announced = json!({"announce": "published"});
    assert_eq!(call(Method::POST, "/keys/rotate", announced).await.0, 204);
    let (_, keys) = get("/keys").await;
    assert_eq!(keys["published"].as_array().unwrap().len(), 2);
    assert_eq!(call(Method::POST, "/keys/promote", json!({})).await.0, 204);
    let (_, promoted) = get("/keys").await;
    assert_eq!(promoted["signing"], keys["published"][1]);
    let old = json!({"kid": keys["published"][0]});
    assert_eq!(
        call(Method::POST, "/keys/withdraw", old.clone()).await.0,
        204
    );
    assert_eq!(call(Method::POST, "/keys/withdraw", old).await.0, 404);

    let fault = json!({"status": {"code": 503, "retry_after": null}});
    assert_eq!(call(Method::PUT, "/faults/jwks-v1", fault).await.0, 204);
    assert_eq!(harness.get("/common/discovery/keys").await.status(), 503);
    let cleared = send(with_secret(&harness, Method::DELETE, "/faults/jwks-v1")).await;
    assert_eq!(cleared.0, 204);
    assert_eq!(harness.get("/common/discovery/keys").await.status(), 200);
    assert_eq!(get("/fetches/jwks").await.1["fetches"], 2);
    assert_eq!(get("/fetches/no-such").await.0, 404);

    let path = format!("/apps/{}/token-version", seed::WORKLOAD_CLIENT_ID);
    assert_eq!(
        call(Method::PUT, &path, json!({"version": "2.0"})).await.0,
        204
    );
    let advance = json!({"seconds": 60});
    assert_eq!(
        call(Method::POST, "/clock/advance", advance).await.1["now"],
        NOW + 60
    );
    let token = harness.emulator.issue(&TokenRequest::delegated(
        seed::CONSENTED,
        seed::WORKLOAD_CLIENT_ID,
    ));
    let (_, claims) = decode(&token);
    assert_eq!(claims["ver"], "2.0");
    assert_eq!(claims["iat"], NOW + 60);
}

#[tokio::test]
async fn what_people_change_can_be_changed_from_outside() {
    let harness = Harness::start().await;
    let call = async |method, path: &str, body: Value| {
        send(with_secret(&harness, method, path).json(&body)).await
    };
    let scope = "https://storage.azure.com/user_impersonation";
    let client_id = seed::WORKLOAD_CLIENT_ID;
    let mint = json!({
        "upn": seed::NO_CONSENT,
        "resource": client_id,
        "scopes": ["data.read"],
        "stepped_up": true,
    });
    let (_, minted) = call(Method::POST, "/tokens", mint).await;
    let token = minted["access_token"].as_str().unwrap();
    assert_eq!(decode(token).1["amr"], json!(["pwd", "mfa"]));
    let exchange = async || harness.on_behalf_of(token, scope).await;
    let outcome = async || {
        let (status, reply) = exchange().await;
        (status, reply["error_codes"][0].as_u64())
    };

    let account = format!("/accounts/{}", seed::NO_CONSENT);
    let path = format!("{account}/consent");
    let granted = json!({"client_id": client_id, "scopes": [scope]});
    let revoked = json!({"client_id": client_id, "resource": seed::STORAGE_URI});
    assert_eq!(outcome().await, (400, Some(65_001)));
    assert_eq!(call(Method::PUT, &path, granted.clone()).await.0, 204);
    assert_eq!(outcome().await, (200, None));
    assert_eq!(call(Method::DELETE, &path, revoked.clone()).await.0, 204);
    assert_eq!(outcome().await, (400, Some(65_001)));
    let unknown = json!({"client_id": client_id, "scopes": ["api://nowhere/x"]});
    assert_eq!(call(Method::PUT, &path, unknown).await.0, 404);
    let path = "/tenants/contoso.test/consent";
    assert_eq!(call(Method::PUT, path, granted).await.0, 204);
    assert_eq!(outcome().await, (200, None));

    let path = format!("{account}/access-policy");
    let policy = json!({"resource": seed::STORAGE_URI, "policy": "block"});
    let (status, rule) = call(Method::PUT, &path, policy).await;
    assert_eq!(status, 200);
    let (_, refused) = exchange().await;
    assert!(
        refused["claims"]
            .as_str()
            .unwrap()
            .contains(rule["id"].as_str().unwrap())
    );
    let frequency = json!({"resource": seed::STORAGE_URI, "policy": {"sign_in_frequency": 60}});
    assert_eq!(call(Method::PUT, &path, frequency).await.0, 200);
    assert_eq!(outcome().await, (200, None));
    let resource = json!({"resource": seed::STORAGE_URI});
    assert_eq!(call(Method::DELETE, &path, resource.clone()).await.0, 204);
    assert_eq!(call(Method::DELETE, &path, resource).await.0, 404);

    let path = format!("{account}/disabled");
    assert_eq!(
        call(Method::PUT, &path, json!({"disabled": true})).await.0,
        204
    );
    assert_eq!(outcome().await, (400, Some(50_057)));
    assert_eq!(
        call(Method::PUT, &path, json!({"disabled": false})).await.0,
        204
    );

    let path = format!("/apps/{client_id}/secrets/expire");
    assert_eq!(call(Method::POST, &path, json!({})).await.0, 204);
    assert_eq!(outcome().await, (401, Some(7_000_222)));
    let path = format!("/apps/{client_id}/secrets");
    let secret = json!({"secret": "another"});
    assert_eq!(call(Method::POST, &path, secret).await.0, 204);

    let fault = json!({"next": {"requests": 1, "fault": {"authority_error": {
        "status": 429,
        "error": "temporarily_unavailable",
        "codes": [90_055],
        "retry_after": 9,
    }}}});
    assert_eq!(
        call(Method::PUT, "/faults/on-behalf-of", fault).await.0,
        204
    );
    assert_eq!(outcome().await, (429, Some(90_055)));
    let (_, counted) = send(with_secret(
        &harness,
        Method::GET,
        &format!("{account}/on-behalf-of"),
    ))
    .await;
    assert_eq!(counted["requests"], 7, "those with a good credential");
    let count = send(with_secret(&harness, Method::GET, "/fetches/on-behalf-of")).await;
    assert_eq!(count.1["fetches"], 9);
}

#[tokio::test]
async fn no_secret_can_be_printed() {
    let harness = Harness::start().await;
    let code = harness.sign_in(seed::CONSENTED, &[]).await["code"].clone();
    let (_, reply) = harness.redeem(&code, &[]).await;
    let secret = harness.emulator.control_secret();
    let printed = format!("{:?} {:?}", harness.emulator, secret);
    let refresh_token = reply["refresh_token"].as_str().unwrap();
    for secret in [
        secret.expose(),
        refresh_token,
        &code,
        seed::DAEMON_SECRET,
        seed::WORKLOAD_SECRET,
    ] {
        assert!(!printed.contains(secret));
    }
}
