//! Jobs as Fabric orders, follows and cancels them over REST, in both generations.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use emulator::{
    FrontEndReaction, Generation, ItemOrder, JobOrder, JobPolling, WorkloadClient, WorkloadRequest,
    seed,
};
use selvedge::contracts::data::v1::WriteDataRequest;
use selvedge::exchange::{KeyRing, RefreshTokens};
use serde_json::json;
use uuid::Uuid;

use super::{ControlPlane, assert_refused, fresh, path_of};
use crate::data_plane::{data, row};
use crate::support::Setup;
use crate::support::temporary::TemporaryFolder;

/// More digits than a float holds.
const ROW: &str = r#"{"threads": 12345678901234567890123}"#;

/// A running service that can seal what its jobs act with.
async fn start() -> ControlPlane {
    let folder = TemporaryFolder::new();
    let key = folder.path().join("sealing.key");
    std::fs::write(&key, STANDARD.encode([7; 32])).unwrap();
    let keys = KeyRing::read(&[key], RefreshTokens::PURPOSE).unwrap();
    let setup = Setup {
        sealing_keys: Some(Arc::new(keys)),
        ..Setup::default()
    };
    ControlPlane::of(setup.start().await)
}

/// A new item of somebody's.
async fn item(fabric: &WorkloadClient) -> ItemOrder {
    let item = fresh(&Uuid::new_v4().to_string());
    assert_eq!(fabric.create_item(&item).await.unwrap().status, 200);
    item
}

/// A run that writes the item's rows to `Files/<item>/rows.jsonl` of the seeded lakehouse.
fn export(item: &ItemOrder, name: &str) -> JobOrder {
    let payload = json!({
        "lakehouse": { "workspaceId": seed::WORKSPACE_ID, "lakehouseId": seed::LAKEHOUSE_ID },
        "path": format!("{}/rows.jsonl", item.id()),
        "rounds": 480,
        "intervalSeconds": 60,
    });
    JobOrder::new(item, format!("{}.{name}", seed::ITEM_TYPE)).with_payload(payload.to_string())
}

fn file_of(item: &ItemOrder) -> String {
    format!("Files/{}/rows.jsonl", item.id())
}

/// How an accepted order is answered.
fn created(generation: Generation) -> u16 {
    match generation {
        Generation::First => 202,
        Generation::Second => 201,
    }
}

#[tokio::test]
async fn a_run_completes_with_the_rows_in_onelake_however_often_it_is_ordered() {
    let plane = start().await;
    for generation in Generation::ALL {
        let fabric = plane.fabric(generation, seed::CONSENTED);
        let item = item(&fabric).await;
        let mut rows = data(&plane.running, seed::CONSENTED).await;
        let written = WriteDataRequest {
            workspace_id: item.workspace().to_owned(),
            item_id: item.id().to_owned(),
            rows: vec![row("one", ROW)],
        };
        rows.write_data(written).await.unwrap();

        let job = export(&item, "ExportRows");
        let run = fabric.run_job(&job, JobPolling::default()).await.unwrap();
        assert_eq!(run.created.status, created(generation));
        if generation == Generation::First {
            assert!(run.created.body.is_empty());
        } else {
            assert!(run.created.job_state().is_some());
        }
        assert!(run.completed(), "{run:?}");
        let state = run.state().unwrap();
        assert!(state.start_time_utc.is_some() && state.end_time_utc.is_some());
        let again = fabric.create_job(&job).await.unwrap();
        assert_eq!(again.status, created(generation));

        let file = file_of(&item);
        let exported = plane.emulator().onelake_file(seed::LAKEHOUSE_ID, &file);
        let expected = format!("{{\"rowId\":\"one\",\"json\":{ROW}}}\n");
        assert_eq!(exported.await.as_deref(), Some(expected.as_bytes()));
        let flushes = plane.emulator().onelake_flushes(seed::LAKEHOUSE_ID, &file);
        assert_eq!(flushes, 1, "the run had its effect once");

        let refused = fabric.cancel_job(&job).await.unwrap();
        assert_refused(&refused, generation, 409, "JOB_STATE_CONFLICT");
    }
}

#[tokio::test]
async fn a_long_run_is_cancelled_and_each_generation_sees_the_others_runs() {
    let plane = start().await;
    let [first, second] =
        Generation::ALL.map(|generation| plane.fabric(generation, seed::CONSENTED));
    for (ordering, other) in [(&first, &second), (&second, &first)] {
        let item = item(ordering).await;
        let job = export(&item, "ExportRowsRepeatedly");
        assert!(ordering.create_job(&job).await.unwrap().accepted());
        let seen = other.job_state(&job).await.unwrap().job_state().unwrap();
        assert!(!seen.has_ended(), "{seen:?}");
        // A cancelled run stays so, however often it is cancelled.
        for _ in 0..2 {
            let cancelled = other.cancel_job(&job).await.unwrap();
            assert_eq!(cancelled.status, 200);
            assert_eq!(cancelled.job_state().unwrap().status, "Cancelled");
        }
        let seen = ordering.job_state(&job).await.unwrap().job_state().unwrap();
        assert_eq!(seen.status, "Cancelled");
        assert!(seen.end_time_utc.is_some());
    }
}

#[tokio::test]
async fn an_order_that_lacks_consent_is_refused_with_the_scopes_and_taken_once_they_are_given() {
    let plane = start().await;
    for (generation, upn) in Generation::ALL
        .into_iter()
        .zip([seed::NO_CONSENT, seed::GUEST])
    {
        let storage = "https://storage.azure.com";
        plane
            .emulator()
            .revoke_consent(upn, seed::WORKLOAD_CLIENT_ID, storage);
        let fabric = plane
            .fabric(generation, upn)
            .in_tenant(seed::CONTOSO_TENANT_ID);
        let item = item(&fabric).await;
        let job = export(&item, "ExportRows");
        let refused = fabric.create_job(&job).await.unwrap();
        let error = refused.error().unwrap();
        assert_eq!(
            (refused.status, &*error.error_code),
            (401, "AuthUIRequired")
        );
        assert!(error.message.contains("AADSTS65001"), "{}", error.message);
        let scopes = vec![format!("{storage}/user_impersonation")];
        let consent = FrontEndReaction::Consent {
            scopes: scopes.clone(),
        };
        assert_eq!(error.reaction(), consent);
        let portal = refused.portal_error().unwrap();
        let shown = &portal["error"]["pbi.error"]["parameters"]["ErrorResponse"];
        assert_eq!(shown.as_str().unwrap().as_bytes(), &refused.body[..]);

        plane
            .emulator()
            .grant_consent(upn, seed::WORKLOAD_CLIENT_ID, scopes);
        let taken = fabric.create_job(&job).await.unwrap();
        assert_eq!(taken.status, created(generation));
    }
}

#[tokio::test]
async fn orders_that_make_no_sense_are_refused_and_no_run_is_kept() {
    let plane = start().await;
    for generation in Generation::ALL {
        let fabric = plane.fabric(generation, seed::CONSENTED);
        let item = item(&fabric).await;
        let good = || export(&item, "ExportRows");
        let mut orders = vec![
            export(&item, "ImportRows"),
            JobOrder::new(&item, "ExportRows"),
            good().with_id("42"),
            good().with_payload("[]"),
            good().with_payload(r#"{"lakehouse":{}}"#),
            good().with_payload(format!(r#"{{"path":"{}"}}"#, "x".repeat(64 * 1024))),
        ];
        if generation == Generation::First {
            orders.push(good().invoked_by("Accident"));
        }
        for order in orders {
            let refused = fabric.create_job(&order).await.unwrap();
            assert_refused(&refused, generation, 400, "FIELD_INVALID");
        }
        let elsewhere = fresh("nowhere");
        let refused = fabric.create_job(&export(&elsewhere, "ExportRows")).await;
        assert_refused(&refused.unwrap(), generation, 404, "ITEM_NOT_FOUND");
        let refused = fabric.job_state(&good()).await.unwrap();
        assert_refused(&refused, generation, 404, "ITEM_NOT_FOUND");
        let refused = fabric.cancel_job(&good()).await.unwrap();
        assert_refused(&refused, generation, 404, "ITEM_NOT_FOUND");
    }
}

#[tokio::test]
async fn another_tenant_sees_no_run_and_cancels_none() {
    let plane = start().await;
    for generation in Generation::ALL {
        let owner = plane.fabric(generation, seed::CONSENTED);
        let other = plane.fabric(generation, seed::OTHER_TENANT);
        let item = item(&owner).await;
        let job = export(&item, "ExportRowsRepeatedly");
        assert!(owner.create_job(&job).await.unwrap().accepted());
        let refused = other.job_state(&job).await.unwrap();
        assert_refused(&refused, generation, 404, "ITEM_NOT_FOUND");
        let refused = other.cancel_job(&job).await.unwrap();
        assert_refused(&refused, generation, 404, "ITEM_NOT_FOUND");
        let seen = owner.job_state(&job).await.unwrap().job_state().unwrap();
        assert!(!seen.has_ended(), "{seen:?}");
    }
}

#[tokio::test]
async fn a_run_is_never_asked_after_without_its_user() {
    let plane = start().await;
    let fabric = plane.fabric(Generation::Second, seed::CONSENTED);
    let item = item(&fabric).await;
    let job = export(&item, "ExportRowsRepeatedly");
    assert!(fabric.create_job(&job).await.unwrap().accepted());
    for call in ["onGetJobInstanceStatus", "onCancelJobInstance"] {
        let job_type = format!("{}.ExportRowsRepeatedly", seed::ITEM_TYPE);
        let body = json!({"jobType": job_type, "jobInstanceId": job.id()}).to_string();
        let request = WorkloadRequest::new("POST", format!("{}/jobs/{call}", path_of(&item)))
            .with_body(body)
            .without_subject();
        let refused = fabric.send(&request).await.unwrap();
        assert_refused(&refused, Generation::Second, 401, "SUBJECT_TOKEN_REQUIRED");
    }
}
