//! What the service refuses for its own sake: its end, its faults, and policies that no contract of
//! ours states yet.

use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::{AuthLayer, Authenticator, MethodPolicy, ServedPolicies};
use emulator::{TokenRequest, seed};
use selvedge::bridge::{Bridge, BridgeSettings, GrpcWebLayer, RestLayer};
use selvedge::config::ErrorCasing;
use selvedge::contracts::DESCRIPTOR_SET;
use selvedge::refusal::Reason::*;
use selvedge::refusal::SelvedgeRefusal;
use selvedge::telemetry::audit::{AuditSettings, OnFailure, Trail};
use selvedge::telemetry::call_findings::CallFindings;
use selvedge::transport::completion::CompletionLayer;
use selvedge::transport::listener::DrainTimes;
use serde_json::json;
use tower::ServiceBuilder;

use super::asked::Asked;
use super::scene::{FACES, Face, Scene, refuses_over};
use crate::authorization::{Guarded, provider, signed_in_elsewhere, user};
use crate::own_faults;
use crate::support::running::start_emulator;
use crate::support::served::{Served, traced};
use crate::support::wait::in_time;
use crate::support::{GET_PROFILE, READ_DATA, Setup, eventually, user_token};

const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn a_call_that_outlasts_the_drain_is_told_over_every_face() {
    let mut scene = Scene::with(Setup {
        drain: DrainTimes {
            notice: Duration::ZERO,
            patience: Duration::from_millis(200),
        },
        ..Setup::default()
    })
    .await;
    scene.running.store.shut();
    let read = json!({"workspaceId": seed::WORKSPACE_ID, "itemId": seed::ITEM_ID});
    let read = Asked::of(READ_DATA, &read).bearer(&scene.token(seed::CONSENTED));
    let client = scene.client.clone();
    let in_flight = tokio::spawn(async move {
        let faces = FACES.map(|face| refuses_over(&client, face, ShuttingDown, &read));
        futures_util::future::join_all(faces).await;
    });
    eventually("the calls are in their handlers", async || {
        scene.running.store.calls() == FACES.len()
    })
    .await;
    scene.running.shut_down();
    in_flight.await.unwrap();
}

/// The REST face of what is served.
fn rest(served: &ServedPolicies) -> RestLayer {
    let policy = |method: &str| {
        let mut served = served.iter();
        served
            .find(|one| one.method() == method)
            .map(MethodPolicy::policy)
    };
    let settings = BridgeSettings {
        message_bytes: 1024,
        error_casing_v1: ErrorCasing::Pascal,
        error_casing_v2: ErrorCasing::Camel,
    };
    RestLayer::new(Arc::new(
        Bridge::new(DESCRIPTOR_SET, policy, settings).unwrap(),
    ))
}

#[tokio::test]
pub(crate) async fn a_fault_of_ours_is_told_over_every_face() {
    let emulator = start_emulator(auth_interceptor::Clock::system()).await;
    let token = user_token(&emulator, seed::CONSENTED, &["access_as_user"]);
    let asked = Asked::of(GET_PROFILE, &json!({})).bearer(&token);
    let mut settings = Setup::default().auth(&emulator);
    settings.observer = Arc::new(CallFindings);
    let authenticator = Authenticator::start(&settings).unwrap();
    in_time("the keys are read", authenticator.ready()).await;

    let (routes, served) = own_faults::services().into_parts();
    let decides = AuthLayer::new(authenticator, served.clone(), Arc::new(SelvedgeRefusal));
    let panics = ServiceBuilder::new()
        .layer(rest(&served))
        .layer(GrpcWebLayer)
        .layer(traced(served))
        .layer(CompletionLayer::new(1024, None))
        .layer(decides)
        .service(routes.prepare());
    let panics = Served::start(panics).await;
    for face in FACES {
        refuses_over(&panics.client, face, InternalFault, &asked).await;
    }

    let (routes, served) = own_faults::services().into_parts();
    let undecided = ServiceBuilder::new()
        .layer(rest(&served))
        .layer(GrpcWebLayer)
        .layer(traced(served))
        .layer(CompletionLayer::new(1024, None))
        .service(routes.prepare());
    let undecided = Served::start(undecided).await;
    for face in FACES {
        refuses_over(&undecided.client, face, MethodPolicyMissing, &asked).await;
    }
}

/// Health, which has no REST form, behind policies that no method with one has.
#[tokio::test]
pub(crate) async fn what_only_other_policies_demand_is_told_over_both_faces() {
    let guarded = Guarded::start().await;
    let issued = |request: TokenRequest| guarded.emulator.issue(&request);
    let daemon = TokenRequest::app_only(seed::DAEMON_CLIENT_ID, seed::WORKLOAD_CLIENT_ID);
    let user = || user().scopes(["data.read"]);
    for (reason, path, token) in [
        (ClaimsChallengeRequired, CHECK, user().xms_cc(["cp1"])),
        (StepUpUnsupportedByClient, CHECK, user()),
        (AppRoleMissing, WATCH, daemon),
        (DelegatedNotAllowed, WATCH, user().roles([seed::ADMIN_ROLE])),
    ] {
        let asked = Asked::of(path, &json!({})).bearer(&issued(token));
        for face in [Face::Grpc, Face::GrpcWeb] {
            refuses_over(&guarded.served.client, face, reason, &asked).await;
        }
    }

    let guarded = Guarded::under(provider).await;
    let token = guarded
        .emulator
        .issue(&signed_in_elsewhere().scopes(["data.read"]));
    let asked = Asked::of(CHECK, &json!({})).bearer(&token);
    for face in [Face::Grpc, Face::GrpcWeb] {
        refuses_over(&guarded.served.client, face, StepUpRequired, &asked).await;
    }
}

#[tokio::test]
pub(crate) async fn a_call_that_cannot_be_audited_is_told_over_every_face() {
    let (trail, writing) = Trail::start(&AuditSettings {
        file: Some("/dev/full".into()),
        on_failure: OnFailure::Refuse,
        ..AuditSettings::default()
    })
    .unwrap();
    let scene = Scene::with(Setup {
        audit: trail,
        ..Setup::default()
    })
    .await;
    let read = json!({"workspaceId": seed::WORKSPACE_ID, "itemId": seed::ITEM_ID});
    let read = Asked::of(READ_DATA, &read).bearer(&scene.token(seed::CONSENTED));
    scene.refuses(AuditUnavailable, &read).await;
    drop(scene);
    writing.end().await;
}

#[tokio::test]
pub(crate) async fn a_client_that_is_not_on_the_list_is_told_over_every_face() {
    let scene = Scene::with(Setup {
        allowed_clients: vec![seed::PORTAL_CLIENT_ID.to_owned()],
        ..Setup::default()
    })
    .await;
    let request = user().scopes(["data.read"]).client(seed::CLI_CLIENT_ID);
    let token = scene.emulator().issue(&request);
    let read = json!({"workspaceId": seed::WORKSPACE_ID, "itemId": seed::ITEM_ID});
    let read = Asked::of(READ_DATA, &read).bearer(&token);
    scene.refuses(ClientAppNotAllowed, &read).await;
}
