//! Item permissions: what counts as confirmed, and that nothing tells denials apart.

use auth_interceptor::ItemPermissions;
use axum::response::Response;
use uuid::Uuid;

use super::stub::{Stub, json};
use super::tokens::{FakeTokens, Wanted};
use crate::downstream::{ConfirmedItem, DownstreamError, ItemId};
use crate::exchange::Freshness;

const ITEM: ItemId = ItemId {
    workspace_id: Uuid::from_u128(0x11),
    item_id: Uuid::from_u128(0x22),
};

fn needs(permissions: &[&str]) -> ItemPermissions {
    ItemPermissions {
        permissions: permissions.iter().map(|name| Box::from(*name)).collect(),
        workspace_field: "workspace_id".into(),
        item_field: "item_id".into(),
    }
}

fn has(permissions: &str) -> Response {
    json(200, &format!("{{\"permissions\":[{permissions}]}}"))
}

async fn confirm(
    stub: &Stub,
    tokens: &FakeTokens,
    item: ItemId,
    needed: &[&str],
) -> Result<ConfirmedItem, DownstreamError> {
    let items = &stub.downstream.items;
    items.confirm(&tokens.call(), item, &needs(needed)).await
}

#[tokio::test]
async fn fabric_is_shown_the_user_and_the_service() {
    let stub = Stub::answering([has(r#""READ","write""#)]).await;
    let tokens = FakeTokens::of("megan");
    let confirmed = confirm(&stub, &tokens, ITEM, &["Read", "Write"])
        .await
        .unwrap();
    assert_eq!(confirmed.id(), ITEM);

    let asked = &stub.asked()[0];
    assert_eq!(
        asked.line(),
        format!(
            "GET /v1/workload-control/workspaces/{}/items/{}/resolvePermissions",
            ITEM.workspace_id, ITEM.item_id
        )
    );
    assert_eq!(
        asked.header("authorization"),
        Some(r#"SubjectAndAppToken1.0 subjectToken="eyJuser-1", appToken="eyJapp""#)
    );
    let scope = "https://analysis.windows.net/powerbi/api/.default";
    assert_eq!(
        tokens.wanted(),
        [
            Wanted::User(scope.to_owned(), Freshness::Remembered),
            Wanted::Application(scope.to_owned()),
        ]
    );
}

#[tokio::test]
async fn a_missing_permission_a_refusal_and_an_unknown_item_are_one_denial() {
    let denied = DownstreamError::ItemPermissionDenied {
        item_id: ITEM.item_id,
    };
    for answer in [
        has(""),
        has(r#""Read""#),
        has(r#""Writer","ReadWrite""#),
        json(403, r#"{"errorCode":"InsufficientPrivileges"}"#),
        json(404, r#"{"errorCode":"ItemNotFound"}"#),
        json(400, r#"{"errorCode":"ItemNotFound"}"#),
    ] {
        let stub = Stub::answering([answer]).await;
        let outcome = confirm(&stub, &FakeTokens::of("megan"), ITEM, &["Read", "Write"]).await;
        assert_eq!(outcome, Err(denied.clone()));
    }
}

#[tokio::test]
async fn a_policy_that_names_no_permission_confirms_nothing() {
    let stub = Stub::answering([has(r#""Read""#)]).await;
    let outcome = confirm(&stub, &FakeTokens::of("megan"), ITEM, &[]).await;
    assert!(outcome.is_err());
}

#[tokio::test]
async fn a_yes_is_remembered_for_this_user_and_item_alone() {
    let other_item = ItemId {
        item_id: Uuid::from_u128(0x23),
        ..ITEM
    };
    let stub = Stub::answering([
        has(r#""Read""#),
        has(""),
        has(""),
        has(r#""Write""#),
        has(""),
    ])
    .await;
    let (megan, adele) = (FakeTokens::of("megan"), FakeTokens::of("adele"));

    confirm(&stub, &megan, ITEM, &["Read"]).await.unwrap();
    confirm(&stub, &megan, ITEM, &["read"]).await.unwrap();
    assert_eq!(stub.asked().len(), 1);
    confirm(&stub, &adele, ITEM, &["Read"]).await.unwrap_err();
    confirm(&stub, &megan, other_item, &["Read"])
        .await
        .unwrap_err();
    assert_eq!(stub.asked().len(), 3);
    // What else the method needs is asked for, and the new answer takes the old one's place.
    confirm(&stub, &megan, ITEM, &["Write"]).await.unwrap();
    confirm(&stub, &megan, ITEM, &["Read"]).await.unwrap_err();
    assert_eq!(stub.asked().len(), 5);
}

#[tokio::test]
async fn a_no_is_not_remembered_and_a_retry_asks_again() {
    let stub = Stub::answering([has(""), has(r#""Read""#), has("")]).await;
    let megan = FakeTokens::of("megan");
    confirm(&stub, &megan, ITEM, &["Read"]).await.unwrap_err();
    confirm(&stub, &megan, ITEM, &["Read"]).await.unwrap();
    let items = &stub.downstream.items;
    let retry = megan.call_after_consent();
    items
        .confirm(&retry, ITEM, &needs(&["Read"]))
        .await
        .unwrap_err();
    assert_eq!(stub.asked().len(), 3);
}

#[tokio::test]
async fn trouble_is_no_denial() {
    let stub = Stub::answering([
        json(429, ""),
        json(400, r#"{"errorCode":"InvalidParameter"}"#),
    ])
    .await;
    let megan = FakeTokens::of("megan");
    let throttled = confirm(&stub, &megan, ITEM, &["Read"]).await.unwrap_err();
    assert!(matches!(throttled, DownstreamError::Throttled { .. }));
    let rejected = confirm(&stub, &megan, ITEM, &["Read"]).await.unwrap_err();
    assert!(matches!(rejected, DownstreamError::Rejected(_)));
}
