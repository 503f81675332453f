//! What Fabric's own calls are refused for: items, jobs and endpoints.

use emulator::seed;
use selvedge::refusal::Reason::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::asked::Asked;
use super::scene::Scene;
use crate::jobs::sealing_keys;
use crate::support::temporary::TemporaryFolder;
use crate::support::{Setup, eventually};

const CREATE: &str = "/selvedge.control.v1.ItemLifecycleService/CreateItem";
const DELETE: &str = "/selvedge.control.v1.ItemLifecycleService/DeleteItem";
const PAYLOAD: &str = "/selvedge.control.v1.ItemLifecycleService/GetItemPayload";
const RESOLVE: &str = "/selvedge.control.v1.EndpointResolutionService/Resolve";
const ORDER: &str = "/selvedge.control.v1.JobService/CreateItemJobInstance";
const STATE: &str = "/selvedge.control.v1.JobService/GetItemJobInstanceState";
const CANCEL: &str = "/selvedge.control.v1.JobService/CancelItemJobInstance";

/// Members of the seeded item's address, and more.
fn item(more: Value) -> Value {
    let mut members = json!({
        "workspaceId": seed::WORKSPACE_ID,
        "itemType": seed::ITEM_TYPE,
        "itemId": seed::ITEM_ID,
    });
    let Value::Object(more) = more else {
        panic!("members");
    };
    members.as_object_mut().unwrap().extend(more);
    members
}

fn fabric(scene: &Scene, method: &'static str, message: &Value) -> Asked {
    scene.fabric(Asked::of(method, message), seed::CONSENTED)
}

fn create(scene: &Scene) -> Asked {
    fabric(scene, CREATE, &item(json!({"displayName": "sample"})))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn an_item_that_is_not_there_any_more_is_told_over_every_face() {
    let scene = Scene::start().await;
    scene.succeeds(&create(&scene)).await;
    scene
        .succeeds(&fabric(&scene, DELETE, &item(json!({}))))
        .await;
    let read = fabric(&scene, PAYLOAD, &item(json!({})));
    scene.refuses(ItemNotFound, &read).await;
    scene.refuses(IdempotencyConflict, &create(&scene)).await;
}

#[tokio::test]
pub(crate) async fn an_endpoint_that_is_not_configured_is_told_over_every_face() {
    let mut setup = Setup::default();
    setup.fabric.endpoints.default = None;
    let scene = Scene::with(setup).await;
    let resolve = fabric(&scene, RESOLVE, &json!({}));
    scene.refuses(EndpointNotConfigured, &resolve).await;
}

/// The address of a job, and more.
fn job(id: &Uuid, more: Value) -> Value {
    let mut members = item(more);
    members["jobType"] = format!("{}.ExportRows", seed::ITEM_TYPE).into();
    members["jobInstanceId"] = id.to_string().into();
    members
}

fn order(scene: &Scene, id: &Uuid) -> Asked {
    let lakehouse = json!({"workspaceId": seed::WORKSPACE_ID, "lakehouseId": seed::LAKEHOUSE_ID});
    let payload = json!({"lakehouse": lakehouse, "path": format!("exports/{id}.jsonl")});
    let order = json!({"invokeType": "Manual", "creationPayload": payload});
    fabric(scene, ORDER, &job(id, order))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn a_job_that_cannot_be_kept_is_told_over_every_face() {
    let scene = Scene::start().await;
    scene.succeeds(&create(&scene)).await;
    let order = order(&scene, &Uuid::new_v4());
    scene.refuses(SealingKeyUnavailable, &order).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn a_job_that_has_ended_is_told_over_every_face() {
    let folder = TemporaryFolder::new();
    let scene = Scene::with(Setup {
        sealing_keys: Some(sealing_keys(folder.path())),
        ..Setup::default()
    })
    .await;
    scene.succeeds(&create(&scene)).await;
    let id = Uuid::new_v4();
    scene.succeeds(&order(&scene, &id)).await;
    let state = fabric(&scene, STATE, &job(&id, json!({})));
    eventually("the job has ended", async || {
        use selvedge::contracts::control::v1::{GetItemJobInstanceStateResponse, JobStatus};

        let reply = scene.succeeds(&state).await;
        let answer: GetItemJobInstanceStateResponse = reply.message();
        answer.state.unwrap().status() == JobStatus::Completed
    })
    .await;
    let cancel = fabric(&scene, CANCEL, &job(&id, json!({})));
    scene.refuses(JobStateConflict, &cancel).await;
}
