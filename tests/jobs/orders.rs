//! What becomes of an order.

use std::sync::atomic::Ordering;

use emulator::{AccessPolicy, seed};
use selvedge::contracts::control::v1::JobStatus;
use selvedge::contracts::control::v2::{
    OnCreateJobInstanceRequest, OnCreateJobInstanceResponse, OnGetJobInstanceStatusRequest,
    OnGetJobInstanceStatusResponse,
};
use uuid::Uuid;

use super::{Fabric, Job, STATE, cancelled, sealing_keys};
use crate::support::running::{STORAGE_SCOPE, movable_clock};
use crate::support::temporary::TemporaryFolder;
use crate::support::{Running, Setup, eventually};

const ON_CREATE: &str = "/selvedge.control.v2.JobNotificationService/OnCreateJobInstance";
const ON_STATUS: &str = "/selvedge.control.v2.JobNotificationService/OnGetJobInstanceStatus";

/// A service that can act for users who have gone.
async fn start() -> Running {
    let folder = TemporaryFolder::new();
    let setup = Setup {
        sealing_keys: Some(sealing_keys(folder.path())),
        ..Setup::default()
    };
    setup.start().await
}

async fn fabric<'a>(running: &'a Running, user: &'static str) -> Fabric<'a> {
    let fabric = Fabric::new(&running.emulator, running.raw().await, user);
    fabric.create_item().await;
    fabric
}

/// What a file of the seeded lakehouse holds.
async fn file(running: &Running, path: &str) -> Vec<u8> {
    let path = format!("Files/{path}");
    let file = running.emulator.onelake_file(seed::LAKEHOUSE_ID, &path);
    file.await.unwrap()
}

/// How often a file of the seeded lakehouse was finished.
fn flushes(running: &Running, path: &str) -> u64 {
    let path = format!("Files/{path}");
    running.emulator.onelake_flushes(seed::LAKEHOUSE_ID, &path)
}

#[tokio::test]
async fn an_export_ends_with_the_users_rows_in_the_file() {
    let running = start().await;
    let fabric = fabric(&running, seed::CONSENTED).await;
    fabric
        .write_rows(&[("a", "{\"n\": 18446744073709551615}"), ("b", "[1,\n2.50]")])
        .await;
    let job = Job::export("exports/all.jsonl");
    assert_eq!(fabric.create(&job).await.verdict(), "OK");
    let state = fabric.until(&job, JobStatus::Completed).await;
    assert!(state.start_time_utc.is_some() && state.end_time_utc.is_some());
    assert_eq!(state.error_details, None);
    assert_eq!(
        file(&running, "exports/all.jsonl").await,
        b"{\"rowId\":\"a\",\"json\":{\"n\": 18446744073709551615}}\n\
          {\"rowId\":\"b\",\"json\":[1, 2.50]}\n"
    );

    // Nobody else's rows, and nothing kept that could act for the user.
    let again = Job::export("exports/mfa.jsonl");
    let other = Fabric::new(&running.emulator, running.raw().await, seed::DEVICE);
    running
        .emulator
        .clear_access_policy(seed::DEVICE, seed::STORAGE_URI);
    assert_eq!(other.create(&again).await.verdict(), "OK");
    other.until(&again, JobStatus::Completed).await;
    assert_eq!(file(&running, "exports/mfa.jsonl").await, b"");
}

#[tokio::test]
async fn an_order_of_one_generation_is_known_to_the_other() {
    let running = start().await;
    let fabric = fabric(&running, seed::CONSENTED).await;
    let job = Job::of_type("ExportRows", "\"x\": 0");
    let asked = job.asked();
    let order = OnCreateJobInstanceRequest {
        workspace_id: asked.workspace_id.clone(),
        item_type: asked.item_type.clone(),
        item_id: asked.item_id.clone(),
        job_type: asked.job_type.clone(),
        job_instance_id: asked.job_instance_id.clone(),
        execution_data: job.payload.clone().into_bytes().into(),
        definition: None,
    };
    let reply = fabric.call(ON_CREATE, &order).await;
    let answer: OnCreateJobInstanceResponse = reply.message();
    assert!(answer.state.is_some());
    fabric.until(&job, JobStatus::Completed).await;
    let request = OnGetJobInstanceStatusRequest {
        workspace_id: asked.workspace_id,
        item_type: asked.item_type,
        item_id: asked.item_id,
        job_type: asked.job_type,
        job_instance_id: asked.job_instance_id,
    };
    let reply = fabric.call(ON_STATUS, &request).await;
    let answer: OnGetJobInstanceStatusResponse = reply.message();
    assert_eq!(answer.state.unwrap().status(), JobStatus::Completed);
    // No path was named: the job's id is.
    assert_eq!(flushes(&running, &format!("exports/{}.jsonl", job.id)), 1);
}

#[tokio::test]
async fn the_same_order_is_the_same_job_and_another_one_is_refused() {
    let running = start().await;
    let fabric = fabric(&running, seed::CONSENTED).await;
    let job = Job::export("exports/once.jsonl");
    let orders = (0..8).map(|_| fabric.create(&job));
    for reply in futures_util::future::join_all(orders).await {
        assert_eq!(reply.verdict(), "OK");
    }
    fabric.until(&job, JobStatus::Completed).await;
    assert_eq!(fabric.create(&job).await.verdict(), "OK");
    assert_eq!(flushes(&running, "exports/once.jsonl"), 1);

    let other = Job {
        id: job.id.clone(),
        ..Job::export("exports/twice.jsonl")
    };
    let refused = fabric.create(&other).await;
    assert_eq!(refused.verdict(), "ALREADY_EXISTS IDEMPOTENCY_CONFLICT");
}

#[tokio::test]
async fn what_is_ordered_has_to_make_sense() {
    let running = start().await;
    let fabric = fabric(&running, seed::CONSENTED).await;
    let unknown = Job::of_type("DropEverything", "\"x\": 0");
    let nowhere = Job {
        payload: "{}".to_owned(),
        ..Job::export("a")
    };
    let away = Job::export("../a");
    let torn = Job {
        payload: "{".to_owned(),
        ..Job::export("a")
    };
    let huge = Job::export(&"a".repeat(64 * 1024));
    let no_id = Job {
        id: "1".to_owned(),
        ..Job::export("a")
    };
    for (job, field) in [
        (unknown, "job_type"),
        (nowhere, "creation_payload.lakehouse.workspaceId"),
        (away, "creation_payload.path"),
        (torn, "creation_payload"),
        (huge, "creation_payload"),
        (Job::exports("a", 0, 1), "creation_payload.rounds"),
        (Job::exports("a", 481, 1), "creation_payload.rounds"),
        (
            Job::exports("a", 480, 3600),
            "creation_payload.intervalSeconds",
        ),
        (no_id, "job_instance_id"),
    ] {
        let refused = fabric.create(&job).await;
        assert_eq!(refused.verdict(), "INVALID_ARGUMENT FIELD_INVALID");
        let details: Vec<tonic_types::pb::BadRequest> = refused.details("google.rpc.BadRequest");
        assert_eq!(details[0].field_violations[0].field, field);
    }
}

#[tokio::test]
pub(crate) async fn a_user_who_still_waits_is_told_at_once() {
    let running = start().await;
    let fabric = fabric(&running, seed::NO_CONSENT).await;
    let job = Job::export("exports/no.jsonl");
    let refused = fabric.create(&job).await;
    assert_eq!(refused.verdict(), "PERMISSION_DENIED CONSENT_REQUIRED");
    let challenge = refused.auth_challenge().unwrap();
    assert_eq!(challenge.additional_scopes_to_consent, [STORAGE_SCOPE]);
    assert_eq!(
        fabric.call(STATE, &job.asked()).await.verdict(),
        "NOT_FOUND ITEM_NOT_FOUND"
    );

    let without_keys = Running::start().await;
    let fabric = self::fabric(&without_keys, seed::CONSENTED).await;
    let refused = fabric.create(&job).await;
    assert_eq!(
        refused.verdict(),
        "FAILED_PRECONDITION SEALING_KEY_UNAVAILABLE"
    );
}

#[tokio::test]
pub(crate) async fn a_user_who_has_to_act_later_finds_what_to_do_in_the_failed_job() {
    let folder = TemporaryFolder::new();
    let (clock, moved) = movable_clock();
    let setup = Setup {
        clock,
        sealing_keys: Some(sealing_keys(folder.path())),
        ..Setup::default()
    };
    let running = setup.start().await;
    let fabric = fabric(&running, seed::CONSENTED).await;
    let job = Job::exports("exports/later", 480, 1);
    assert_eq!(fabric.create(&job).await.verdict(), "OK");
    eventually("the first round is done", async || {
        flushes(&running, "exports/later.1") > 0
    })
    .await;
    running
        .emulator
        .set_access_policy(seed::CONSENTED, seed::STORAGE_URI, AccessPolicy::Mfa);
    // What the job was given before is rejected, and a new token is not to be had.
    moved.fetch_add(7200, Ordering::SeqCst);

    let state = fabric.until(&job, JobStatus::Failed).await;
    let details = state.error_details.unwrap();
    assert_eq!(details.error_code, "JOB_FAILED");
    let cause = &details.more_details[0];
    assert_eq!(cause.error_code, "INTERACTION_REQUIRED");
    let claims = cause
        .additional_parameters
        .iter()
        .find(|pair| pair.name == "claimsForConditionalAccessPolicy");
    assert!(claims.is_some_and(|claims| claims.value.contains("access_token")));
    let refused = fabric.cancel(&job).await;
    assert_eq!(refused.verdict(), "FAILED_PRECONDITION JOB_STATE_CONFLICT");
}

#[tokio::test]
async fn a_cancelled_job_stays_cancelled_and_writes_no_more() {
    let running = start().await;
    let fabric = fabric(&running, seed::CONSENTED).await;
    let job = Job::exports("exports/long", 480, 1);
    assert_eq!(fabric.create(&job).await.verdict(), "OK");
    eventually("a round is done", async || {
        flushes(&running, "exports/long.1") > 0
    })
    .await;
    assert_eq!(fabric.state(&job).await.status(), JobStatus::InProgress);
    for _ in 0..2 {
        let state = cancelled(&fabric.cancel(&job).await);
        assert_eq!(state.status(), JobStatus::Cancelled);
        assert!(state.end_time_utc.is_some());
    }
    // A job that comes after it goes through the same workers, and round after round of it.
    let after = Job::exports("exports/after", 3, 1);
    assert_eq!(fabric.create(&after).await.verdict(), "OK");
    fabric.until(&after, JobStatus::Completed).await;
    assert!(flushes(&running, "exports/after.3") > 0);
    assert_eq!(flushes(&running, "exports/long.4"), 0);
    assert_eq!(fabric.state(&job).await.status(), JobStatus::Cancelled);
}

#[tokio::test]
async fn a_job_that_nobody_knows_or_that_is_elsewhere_is_not_found() {
    let running = start().await;
    let fabric = fabric(&running, seed::CONSENTED).await;
    let job = Job::export("exports/here.jsonl");
    assert_eq!(fabric.create(&job).await.verdict(), "OK");
    let mut elsewhere = job.asked();
    elsewhere.workspace_id = Uuid::new_v4().to_string();
    let mut other_type = job.asked();
    other_type.job_type = format!("{}.ExportRowsRepeatedly", seed::ITEM_TYPE);
    let unknown = Job::export("a").asked();
    for asked in [elsewhere, other_type, unknown] {
        let refused = fabric.call(STATE, &asked).await;
        assert_eq!(refused.verdict(), "NOT_FOUND ITEM_NOT_FOUND");
    }
    let unknown = Job::export("a");
    assert_eq!(
        fabric.cancel(&unknown).await.verdict(),
        "NOT_FOUND ITEM_NOT_FOUND"
    );
}

#[tokio::test]
async fn a_deleted_item_takes_no_orders_and_its_jobs_are_cancelled() {
    let running = start().await;
    let fabric = fabric(&running, seed::CONSENTED).await;
    let job = Job::exports("exports/gone", 480, 3600 / 20);
    assert_eq!(fabric.create(&job).await.verdict(), "OK");
    fabric.delete_item().await;
    assert_eq!(fabric.state(&job).await.status(), JobStatus::Cancelled);
    let refused = fabric.create(&Job::export("exports/late.jsonl")).await;
    assert_eq!(refused.verdict(), "NOT_FOUND ITEM_NOT_FOUND");
}
