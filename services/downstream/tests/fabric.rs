//! Workspaces and warehouses, as Fabric's public API has them.

use std::time::Duration;

use serde_json::{Value, json as object};
use uuid::Uuid;

use super::stub::{Stub, answer, json};
use super::tokens::{FakeTokens, Wanted};
use crate::downstream::{
    DownstreamError, FailedCall, NewWarehouse, Warehouse, WorkspaceFilter, WorkspaceRole,
};
use crate::exchange::Freshness;

const WORKSPACE: Uuid = Uuid::from_u128(0x11);
const OPERATION: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const WAREHOUSE: &str = r#"{"id":"00000000-0000-0000-0000-000000000022","displayName":"sales",
    "description":null,"type":"Warehouse","workspaceId":"00000000-0000-0000-0000-000000000011"}"#;

fn sales() -> NewWarehouse {
    NewWarehouse {
        display_name: "sales".into(),
        description: None,
    }
}

fn created() -> Warehouse {
    Warehouse {
        id: Uuid::from_u128(0x22),
        workspace_id: WORKSPACE,
        display_name: "sales".into(),
        description: String::new(),
    }
}

fn accepted(headers: &[(&str, &str)]) -> axum::response::Response {
    let mut all = vec![("location", "https://elsewhere.example/v1/operations/x")];
    all.extend(headers);
    answer(202, &all, "")
}

fn begun() -> axum::response::Response {
    accepted(&[("x-ms-operation-id", OPERATION), ("retry-after", "0")])
}

fn state(status: &str) -> axum::response::Response {
    let body = object!({"status": status, "percentComplete": 5}).to_string();
    answer(200, &[("retry-after", "0")], body)
}

async fn create(stub: &Stub, within: Duration) -> Result<Warehouse, DownstreamError> {
    let call = FakeTokens::of("megan").call_within(within);
    stub.downstream
        .fabric
        .create_warehouse(&call, WORKSPACE, &sales())
        .await
}

const A_WHILE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn workspaces_are_listed_a_page_at_a_time_and_no_address_is_followed() {
    let first = r#"{"value":[{"id":"00000000-0000-0000-0000-000000000011","displayName":"Sales",
        "description":"d","type":"Workspace","capacityId":"00000000-0000-0000-0000-000000000033"}],
        "continuationToken":"a b&c","continuationUri":"https://elsewhere.example/next"}"#;
    let second = r#"{"value":[{"id":"00000000-0000-0000-0000-000000000012","displayName":"Mine",
        "type":"Personal"}],"continuationToken":""}"#;
    let stub = Stub::answering([json(200, first), json(200, second)]).await;
    let tokens = FakeTokens::of("megan");

    let mut filter = WorkspaceFilter {
        roles: vec![WorkspaceRole::Admin, WorkspaceRole::Member],
        continuation: None,
    };
    let call = tokens.call();
    let page = stub
        .downstream
        .fabric
        .list_workspaces(&call, &filter)
        .await
        .unwrap();
    assert_eq!(page.workspaces[0].display_name, "Sales");
    assert_eq!(page.workspaces[0].capacity_id, Some(Uuid::from_u128(0x33)));
    filter.continuation = page.continuation;
    let page = stub
        .downstream
        .fabric
        .list_workspaces(&call, &filter)
        .await
        .unwrap();
    assert_eq!(page.workspaces[0].kind, "Personal");
    assert_eq!(page.workspaces[0].description, "");
    assert_eq!(page.continuation, None);

    assert_eq!(
        stub.lines(),
        [
            "GET /v1/workspaces?roles=Admin%2CMember",
            "GET /v1/workspaces?roles=Admin%2CMember&continuationToken=a%20b%26c",
        ]
    );
    let scope = "https://analysis.windows.net/powerbi/api/Workspace.Read.All".to_owned();
    assert_eq!(
        tokens.wanted()[0],
        Wanted::User(scope, Freshness::Remembered)
    );
}

#[tokio::test]
async fn a_call_marked_as_a_retry_passes_the_mark_to_the_exchange() {
    let stub = Stub::answering([json(200, r#"{"value":[]}"#)]).await;
    let tokens = FakeTokens::of("megan");
    let call = tokens.call_after_consent();
    let filter = WorkspaceFilter::default();
    stub.downstream
        .fabric
        .list_workspaces(&call, &filter)
        .await
        .unwrap();
    assert_eq!(tokens.freshness(), [Freshness::Retry]);
}

#[tokio::test]
async fn a_warehouse_that_is_there_at_once_is_answered_at_once() {
    let stub = Stub::answering([json(201, WAREHOUSE)]).await;
    assert_eq!(create(&stub, A_WHILE).await.unwrap(), created());
    let asked = &stub.asked()[0];
    assert_eq!(
        asked.line(),
        format!("POST /v1/workspaces/{WORKSPACE}/warehouses")
    );
    assert_eq!(asked.header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_slice(&asked.body).unwrap();
    assert_eq!(body, object!({"displayName": "sales"}));
}

#[tokio::test]
async fn an_operation_is_followed_at_the_configured_address_until_it_ends() {
    let stub = Stub::answering([
        begun(),
        state("NotStarted"),
        state("Running"),
        state("Succeeded"),
        json(200, WAREHOUSE),
    ])
    .await;
    assert_eq!(create(&stub, A_WHILE).await.unwrap(), created());
    let look = format!("GET /v1/operations/{OPERATION}");
    assert_eq!(
        stub.lines()[1..],
        [
            look.clone(),
            look.clone(),
            look.clone(),
            format!("{look}/result")
        ]
    );
}

#[tokio::test]
async fn an_operation_is_known_by_a_guid_wherever_it_is_named() {
    let location = format!("https://elsewhere.example/v1/operations/{OPERATION}");
    let named = answer(202, &[("location", &location), ("retry-after", "0")], "");
    let stub = Stub::answering([named, state("Succeeded"), json(200, WAREHOUSE)]).await;
    assert_eq!(create(&stub, A_WHILE).await.unwrap(), created());
    assert_eq!(stub.lines()[1], format!("GET /v1/operations/{OPERATION}"));

    for id in [
        "",
        "..",
        "../../workspaces",
        "0f8fad5bd9cb469fa16570867728950e",
    ] {
        let stub = Stub::answering([accepted(&[("x-ms-operation-id", id)])]).await;
        let error = create(&stub, A_WHILE).await.unwrap_err();
        assert!(matches!(error, DownstreamError::ResponseInvalid(_)), "{id}");
        assert_eq!(stub.asked().len(), 1, "{id}");
    }
}

#[tokio::test]
async fn an_operation_that_fails_says_why() {
    let failed = r#"{"status":"Failed","error":{"errorCode":"CapacityNotActive","message":"m"}}"#;
    let failed = answer(200, &[("requestid", "r-1")], failed);
    let stub = Stub::answering([begun(), failed]).await;
    assert_eq!(
        create(&stub, A_WHILE).await.unwrap_err(),
        DownstreamError::OperationFailed {
            call: FailedCall {
                resource: "https://analysis.windows.net/powerbi/api",
                error_code: Some("CapacityNotActive".into()),
                request_id: Some("r-1".into()),
            },
            operation_id: OPERATION.parse().unwrap(),
        }
    );
}

#[tokio::test]
async fn an_operation_that_cannot_be_looked_at_now_goes_on() {
    let busy = |status| answer(status, &[("retry-after", "0")], "");
    let stub = Stub::answering([
        begun(),
        busy(429),
        busy(503),
        state("Succeeded"),
        json(200, WAREHOUSE),
    ])
    .await;
    assert_eq!(create(&stub, A_WHILE).await.unwrap(), created());
}

#[tokio::test]
async fn an_operation_that_needs_more_time_than_the_call_has_is_named() {
    let pending = DownstreamError::OperationPending {
        operation_id: OPERATION.parse().unwrap(),
    };
    let slow = accepted(&[("x-ms-operation-id", OPERATION), ("retry-after", "31")]);
    let stub = Stub::answering([slow]).await;
    assert_eq!(create(&stub, A_WHILE).await.unwrap_err(), pending);
    assert_eq!(stub.asked().len(), 1);

    let slow = answer(200, &[("retry-after", "31")], r#"{"status":"Running"}"#);
    let stub = Stub::answering([begun(), slow]).await;
    assert_eq!(create(&stub, A_WHILE).await.unwrap_err(), pending);
    assert_eq!(stub.asked().len(), 2);
}
