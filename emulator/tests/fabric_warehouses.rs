//! Warehouses, created at once or by an operation.

use emulator::{WarehouseCreation, seed};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::access::{for_fabric, header, sent};
use crate::support::Harness;

const WRITE: &[&str] = &["Warehouse.ReadWrite.All"];

async fn create(harness: &Harness, upn: &str, workspace: &str, body: &Value) -> Response {
    let path = format!("/workspaces/{workspace}/warehouses");
    let request = harness.fabric(Method::POST, &path, &for_fabric(upn, WRITE));
    request.json(body).send().await.unwrap()
}

async fn refusal(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let code = header(&response, "x-ms-public-api-error-code").to_owned();
    (status, code)
}

/// Asks for an address that Fabric gave out.
async fn follow(harness: &Harness, upn: &str, url: &str) -> Response {
    let token = harness.emulator.issue(&for_fabric(upn, WRITE));
    harness
        .http
        .get(url)
        .bearer_auth(token)
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_warehouse_is_created_at_once_and_is_an_item_then() {
    let harness = Harness::start().await;
    harness
        .emulator
        .set_warehouse_creation(WarehouseCreation::Immediate);
    let body = json!({"displayName": "sales", "description": "by region"});
    let response = create(&harness, seed::NO_CONSENT, seed::WORKSPACE_ID, &body).await;
    assert_eq!(response.status(), 201);
    let made: Value = response.json().await.unwrap();
    assert_eq!(made["type"], "Warehouse");
    assert_eq!(made["displayName"], "sales");
    assert_eq!(made["description"], "by region");
    assert_eq!(made["workspaceId"], seed::WORKSPACE_ID);

    let path = format!(
        "/workspaces/{}/items/{}",
        seed::WORKSPACE_ID,
        made["id"].as_str().unwrap()
    );
    let token = for_fabric(seed::NO_CONSENT, &["Item.ReadWrite.All"]);
    assert_eq!(
        sent(harness.fabric(Method::GET, &path, &token)).await,
        (200, made)
    );

    let again = json!({"displayName": "SALES"});
    let response = create(&harness, seed::CONSENTED, seed::WORKSPACE_ID, &again).await;
    assert_eq!(
        refusal(response).await,
        (409, "ItemDisplayNameAlreadyInUse".to_owned())
    );
}

#[tokio::test]
async fn an_operation_runs_as_long_as_told_and_belongs_to_who_started_it() {
    let harness = Harness::start().await;
    harness
        .emulator
        .set_warehouse_creation(WarehouseCreation::LongRunning {
            polls: 2,
            retry_after: 20,
        });
    let body = json!({"displayName": "sales"});
    let response = create(&harness, seed::CONSENTED, seed::WORKSPACE_ID, &body).await;
    assert_eq!(response.status(), 202);
    assert_eq!(header(&response, "retry-after"), "20");
    let id = header(&response, "x-ms-operation-id");
    let operation = header(&response, "location").to_owned();
    assert_eq!(
        operation,
        format!("{}/operations/{id}", harness.emulator.fabric_url())
    );
    let result = format!("{operation}/result");

    let early = follow(&harness, seed::CONSENTED, &result).await;
    assert_eq!(
        refusal(early).await,
        (400, "OperationHasNoResult".to_owned())
    );
    for _ in 0..2 {
        let response = follow(&harness, seed::CONSENTED, &operation).await;
        assert_eq!(header(&response, "retry-after"), "20");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["status"], "Running");
    }
    for url in [&operation, &result] {
        let response = follow(&harness, seed::NO_CONSENT, url).await;
        assert_eq!(
            refusal(response).await,
            (404, "OperationNotFound".to_owned())
        );
    }
    let response = follow(&harness, seed::CONSENTED, &operation).await;
    assert_eq!(header(&response, "location"), result);
    assert!(response.headers().get("retry-after").is_none());
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["status"], "Succeeded");
    assert_eq!(body["percentComplete"], 100);
    let made: Value = follow(&harness, seed::CONSENTED, &result)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(made["displayName"], "sales");
    assert_eq!(made["type"], "Warehouse");
}

#[tokio::test]
async fn an_operation_fails_as_told_and_leaves_the_name_free() {
    let harness = Harness::start().await;
    harness
        .emulator
        .set_warehouse_creation(WarehouseCreation::Fails {
            error_code: "CapacityLimitExceeded".to_owned(),
        });
    let body = json!({"displayName": "sales"});
    let response = create(&harness, seed::CONSENTED, seed::WORKSPACE_ID, &body).await;
    assert_eq!(response.status(), 202);
    let operation = header(&response, "location").to_owned();
    let status: Value = follow(&harness, seed::CONSENTED, &operation)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(status["status"], "Failed");
    assert_eq!(status["error"]["errorCode"], "CapacityLimitExceeded");
    let response = follow(&harness, seed::CONSENTED, &format!("{operation}/result")).await;
    assert_eq!(
        refusal(response).await,
        (400, "OperationHasNoResult".to_owned())
    );

    harness
        .emulator
        .set_warehouse_creation(WarehouseCreation::Immediate);
    let response = create(&harness, seed::CONSENTED, seed::WORKSPACE_ID, &body).await;
    assert_eq!(response.status(), 201);
}

#[tokio::test]
async fn a_warehouse_needs_a_contributor_a_capacity_and_a_sound_body() {
    let harness = Harness::start().await;
    let good = json!({"displayName": "sales"});
    let long = "x".repeat(257);
    let cases = [
        (
            seed::CONSENTED,
            seed::ARCHIVE_WORKSPACE_ID,
            good.clone(),
            403,
            "InsufficientPrivileges",
        ),
        (
            seed::BLOCKED,
            seed::WORKSPACE_ID,
            good.clone(),
            403,
            "InsufficientPrivileges",
        ),
        (
            seed::CONSENTED,
            seed::SHARED_WORKSPACE_ID,
            good.clone(),
            403,
            "FeatureNotAvailable",
        ),
        (
            seed::CONSENTED,
            seed::FABRIKAM_WORKSPACE_ID,
            good.clone(),
            404,
            "WorkspaceNotFound",
        ),
        (seed::CONSENTED, "..", good, 404, "EndpointNotFound"),
        (
            seed::CONSENTED,
            seed::WORKSPACE_ID,
            json!({}),
            400,
            "InvalidInput",
        ),
        (
            seed::CONSENTED,
            seed::WORKSPACE_ID,
            json!([]),
            400,
            "InvalidInput",
        ),
        (
            seed::CONSENTED,
            seed::WORKSPACE_ID,
            json!({"displayName": " "}),
            400,
            "InvalidInput",
        ),
        (
            seed::CONSENTED,
            seed::WORKSPACE_ID,
            json!({"displayName": long}),
            400,
            "InvalidInput",
        ),
        (
            seed::CONSENTED,
            seed::WORKSPACE_ID,
            json!({"displayName": "sales", "description": long}),
            400,
            "InvalidInput",
        ),
        (
            seed::CONSENTED,
            seed::WORKSPACE_ID,
            json!({"displayName": "sales", "folderId": seed::ITEM_ID}),
            400,
            "InvalidInput",
        ),
    ];
    for (index, (upn, workspace, body, status, code)) in cases.into_iter().enumerate() {
        let response = create(&harness, upn, workspace, &body).await;
        assert_eq!(
            refusal(response).await,
            (status, code.to_owned()),
            "case {index}"
        );
    }
    let path = format!("/workspaces/{}/warehouses", seed::WORKSPACE_ID);
    let unscoped = for_fabric(seed::CONSENTED, &["Workspace.ReadWrite.All"]);
    let (_, body) = sent(harness.fabric(Method::POST, &path, &unscoped).body("{}")).await;
    assert_eq!(body["errorCode"], "InsufficientScopes");
}
