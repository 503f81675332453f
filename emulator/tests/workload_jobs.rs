//! Fabric's jobs of a workload, what is left of them in OneLake, and how a run is followed.

use std::time::Duration;

use emulator::{Generation, ItemOrder, JobOrder, JobPolling, seed};
use reqwest::Method;
use serde_json::json;

use crate::support::Harness;
use crate::support::workload::StubWorkload;

const JOB_TYPE: &str = "Org.Selvedge.Sample.ExportRows";

fn job() -> JobOrder {
    let item = ItemOrder::new(seed::WORKSPACE_ID, seed::ITEM_ID);
    JobOrder::new(&item, JOB_TYPE).with_payload(r#"{"to": 1}"#)
}

fn item_path() -> String {
    let (workspace, kind, item) = (seed::WORKSPACE_ID, seed::ITEM_TYPE, seed::ITEM_ID);
    format!("/workload/workspaces/{workspace}/items/{kind}/{item}")
}

#[tokio::test]
async fn a_run_is_ordered_asked_after_and_cancelled_in_either_generations_form() {
    let harness = Harness::start().await;
    let workload = StubWorkload::start().await;
    let job = job();

    let first = workload.called_by(&harness.emulator, Generation::First, seed::CONSENTED);
    let instance = format!("{}/jobTypes/{JOB_TYPE}/instances/{}", item_path(), job.id());
    first.create_job(&job).await.unwrap();
    let heard = workload.last();
    assert_eq!(
        (&heard.method, heard.uri.path()),
        (&Method::POST, &*instance)
    );
    assert_eq!(
        &heard.body[..],
        br#"{"invokeType":"Manual","creationPayload":{"to": 1}}"#
    );
    first.job_state(&job).await.unwrap();
    let heard = workload.last();
    assert_eq!(
        (&heard.method, heard.uri.path()),
        (&Method::GET, &*instance)
    );
    first.cancel_job(&job).await.unwrap();
    let heard = workload.last();
    assert_eq!(heard.method, Method::POST);
    assert_eq!(heard.uri.path(), format!("{instance}/cancel"));
    assert!(heard.body.is_empty());

    let second = workload.called_by(&harness.emulator, Generation::Second, seed::CONSENTED);
    let named = json!({"jobType": JOB_TYPE, "jobInstanceId": job.id()});
    second.create_job(&job).await.unwrap();
    let heard = workload.last();
    assert_eq!(
        heard.uri.path(),
        format!("{}/jobs/onCreateJobInstance", item_path())
    );
    assert_eq!(heard.json()["jobInstanceId"], job.id());
    assert_eq!(heard.json()["executionData"], json!({"to": 1}));
    second.job_state(&job).await.unwrap();
    let heard = workload.last();
    assert_eq!(
        heard.uri.path(),
        format!("{}/jobs/onGetJobInstanceStatus", item_path())
    );
    assert_eq!(heard.json(), named);
    second.cancel_job(&job).await.unwrap();
    let heard = workload.last();
    assert_eq!(
        heard.uri.path(),
        format!("{}/jobs/onCancelJobInstance", item_path())
    );
    assert_eq!(heard.json(), named);
}

#[tokio::test]
async fn a_run_is_polled_until_it_ends_and_no_longer_than_allowed() {
    let harness = Harness::start().await;
    let workload = StubWorkload::start().await;
    let fabric = workload.called_by(&harness.emulator, Generation::First, seed::CONSENTED);

    for (status, body) in [
        (202, ""),
        (200, r#"{"status":"NotStarted"}"#),
        (
            200,
            r#"{"status":"InProgress","startTimeUtc":"2026-11-22T02:21:41Z"}"#,
        ),
        (
            200,
            r#"{"status":"InProgress","startTimeUtc":"2026-11-22T02:21:41Z"}"#,
        ),
        (
            200,
            r#"{"status":"Failed","errorDetails":{"errorCode":"JOB_FAILED","message":"m","source":"User"}}"#,
        ),
    ] {
        workload.will_answer(status, body);
    }
    let mut polling = JobPolling::default();
    polling.first = Duration::from_millis(1);
    polling.longest = Duration::from_millis(2);
    let run = fabric.run_job(&job(), polling).await.unwrap();
    assert_eq!(run.created.status, 202);
    assert_eq!(run.statuses, ["NotStarted", "InProgress", "Failed"]);
    let state = run.state().unwrap();
    assert_eq!(state.error_details.unwrap().error_code, "JOB_FAILED");
    assert!(!run.completed());

    let before = workload.heard().len();
    workload.will_answer(202, "");
    for _ in 0..3 {
        workload.will_answer(200, r#"{"status":"InProgress"}"#);
    }
    let polling = polling.at_most(3);
    let run = fabric.run_job(&job(), polling).await.unwrap();
    assert_eq!(run.statuses, ["InProgress"]);
    assert_eq!(workload.heard().len() - before, 4);

    workload.will_answer(400, "{}");
    let refused = fabric.run_job(&job(), polling).await.unwrap();
    assert!(refused.polled.is_none());
}
