//! What Fabric refuses or does not do, met by the calls that go to it.

use emulator::{Endpoint, Fault, WarehouseCreation, seed};
use selvedge::refusal::Reason::{self, *};
use serde_json::json;

use super::asked::Asked;
use super::authority::listing;
use super::scene::Scene;

fn status(status: u16) -> Fault {
    Fault::ErrorCode {
        status,
        error_code: "Scripted".to_owned(),
        retry_after: None,
    }
}

fn answers() -> Vec<(Reason, Fault)> {
    let challenge = Fault::ClaimsChallenge {
        claims: r#"{"access_token":{}}"#.to_owned(),
    };
    let page = Fault::Body {
        bytes: b"<html></html>".to_vec(),
        content_type: "text/html".to_owned(),
    };
    vec![
        (DownstreamClaimsChallenge, challenge),
        (DownstreamForbidden, status(403)),
        (DownstreamRejected, status(400)),
        (DownstreamResponseInvalid, page),
        (DownstreamThrottled, status(429)),
        (DownstreamUnauthorized, status(401)),
        (DownstreamUnavailable, status(503)),
        (ResourceNotFound, status(404)),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn what_fabric_answers_is_told_over_every_face() {
    for (reason, answer) in answers() {
        let scene = Scene::start().await;
        scene.fault(Endpoint::Fabric, answer);
        scene.refuses(reason, &listing(&scene)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn an_operation_that_fails_is_told_over_every_face() {
    let scene = Scene::start().await;
    scene
        .emulator()
        .set_warehouse_creation(WarehouseCreation::Fails {
            error_code: "CapacityNotActive".to_owned(),
        });
    let create = json!({"workspaceId": seed::WORKSPACE_ID, "displayName": "figures"});
    let create = Asked::of(
        "/selvedge.data.v1.WarehouseService/CreateWarehouse",
        &create,
    )
    .bearer(&scene.token(seed::CONSENTED));
    scene.refuses(DownstreamOperationFailed, &create).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn an_item_that_fabric_keeps_from_a_user_is_told_over_every_face() {
    let scene = Scene::start().await;
    let emulator = scene.emulator();
    assert!(emulator.set_item_permissions(seed::CONSENTED, seed::ITEM_ID, &[]));
    let read = json!({"workspaceId": seed::WORKSPACE_ID, "itemId": seed::ITEM_ID});
    let read = Asked::of(crate::support::READ_DATA, &read).bearer(&scene.token(seed::CONSENTED));
    scene.refuses(ItemPermissionDenied, &read).await;
}
