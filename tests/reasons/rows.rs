//! What the store refuses or does not do, and what no row can be.

use emulator::seed;
use selvedge::contracts::data::v1::WriteDataResponse;
use selvedge::refusal::Reason::*;
use serde_json::{Value, json};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::asked::Asked;
use super::scene::Scene;
use crate::support::READ_DATA;

const WRITE: &str = "/selvedge.data.v1.DataService/WriteData";

/// Writes these rows of the seeded item.
fn write(scene: &Scene, rows: impl Into<Value>) -> Asked {
    let (workspace, item) = (seed::WORKSPACE_ID, seed::ITEM_ID);
    let message = json!({"workspaceId": workspace, "itemId": item, "rows": rows.into()});
    Asked::of(WRITE, &message).bearer(&scene.token(seed::CONSENTED))
}

fn row(id: &str, etag: &str) -> Value {
    json!([{"rowId": id, "json": 1, "etag": etag}])
}

#[tokio::test]
pub(crate) async fn a_field_that_no_request_may_have_is_told_over_every_face() {
    let scene = Scene::start().await;
    let page = json!({
        "workspaceId": seed::WORKSPACE_ID,
        "itemId": seed::ITEM_ID,
        "pageSize": -1,
    });
    let read = Asked::of(READ_DATA, &page).bearer(&scene.token(seed::CONSENTED));
    scene.refuses(FieldInvalid, &read).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn a_row_that_has_changed_is_told_over_every_face() {
    let scene = Scene::start().await;
    let first = scene.succeeds(&write(&scene, row("r", ""))).await;
    let first: WriteDataResponse = first.message();
    let stale = write(&scene, row("r", &first.rows[0].etag));
    scene.succeeds(&stale).await;
    scene.refuses(StoreConflict, &stale).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn a_store_that_is_held_by_another_is_told_over_every_face() {
    let scene = Scene::start().await;
    let options = SqliteConnectOptions::new().filename(scene.running.database());
    let mut backup = SqliteConnection::connect_with(&options).await.unwrap();
    let held = backup.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let write = write(&scene, row("r", ""));
    scene.refuses_at_once(StoreUnavailable, &write).await;
    held.rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn a_store_that_is_full_is_told_over_every_face() {
    let scene = Scene::start().await;
    for hundred in 0..100 {
        let rows = (0..100).map(|one| json!({"rowId": format!("{hundred}-{one}"), "json": 1}));
        scene
            .succeeds(&write(&scene, rows.collect::<Value>()))
            .await;
    }
    scene
        .refuses(StoreFull, &write(&scene, row("more", "")))
        .await;
}
