//! What an authority refuses or does not do, met by the calls that need a token of it.

use std::time::Duration;

use emulator::{Endpoint, Fault, ScriptedError, seed};
use selvedge::refusal::Reason::{self, *};
use serde_json::json;

use super::asked::Asked;
use super::scene::Scene;
use crate::exchange::{EXCHANGE, page_token, service_token};
use crate::support::Setup;

/// A call that is made downstream in the user's name, with a token of the authority's.
pub(super) fn listing(scene: &Scene) -> Asked {
    Asked::of(LIST, &json!({})).bearer(&scene.token(seed::CONSENTED))
}

const LIST: &str = "/selvedge.data.v1.WorkspaceService/ListWorkspaces";

fn scripted(status: u16, error: &str, aadsts: u32) -> Fault {
    Fault::AuthorityError(ScriptedError::new(status, error, aadsts))
}

fn page() -> Fault {
    Fault::Body {
        bytes: b"<html></html>".to_vec(),
        content_type: "text/html".to_owned(),
    }
}

fn failing() -> Fault {
    Fault::Status {
        code: 503,
        retry_after: None,
    }
}

/// What the authority answers, and the reason that it comes to.
fn answers() -> Vec<(Reason, Fault)> {
    vec![
        (
            AuthorityThrottled,
            scripted(429, "temporarily_unavailable", 90_055),
        ),
        (
            AuthorityLoopDetected,
            scripted(400, "invalid_grant", 50_196),
        ),
        (AuthorityResponseInvalid, page()),
        (AuthorityTimeout, Fault::Hang),
        (AuthorityUnavailable, failing()),
        (BlockedByPolicy, scripted(400, "invalid_grant", 50_057)),
        (
            ClientCredentialInvalid,
            scripted(401, "invalid_client", 7_000_222),
        ),
        (
            ClientUnauthorized,
            scripted(400, "unauthorized_client", 700_016),
        ),
        (ConsentRequired, scripted(400, "invalid_grant", 65_001)),
        (
            DownstreamResourceInvalid,
            scripted(400, "invalid_resource", 500_011),
        ),
        (
            DownstreamScopeInvalid,
            scripted(400, "invalid_scope", 70_011),
        ),
        (
            InteractionRequired,
            scripted(400, "interaction_required", 50_076),
        ),
        (
            SubjectTokenRejected,
            scripted(400, "invalid_grant", 500_133),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn what_an_authority_answers_is_told_over_every_face() {
    for (reason, answer) in answers() {
        let scene = Scene::with(Setup {
            exchange_patience: Duration::from_millis(500),
            ..Setup::default()
        })
        .await;
        scene.fault(Endpoint::OnBehalfOf, answer);
        scene.refuses(reason, &listing(&scene)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn an_exchange_that_has_no_place_is_told_over_every_face() {
    let scene = Scene::with(Setup {
        exchanges_under_way: 1,
        exchange_patience: Duration::from_secs(15),
        ..Setup::default()
    })
    .await;
    scene.fault(Endpoint::OnBehalfOf, Fault::Hang);
    let first = Asked::of(LIST, &json!({})).bearer(&scene.token(seed::MFA));
    let client = scene.client.clone();
    let waiting = tokio::spawn(async move { client.try_send(&first.grpc()).await });
    crate::support::eventually("the authority is asked", async || {
        scene.emulator().on_behalf_of_requests() == 1
    })
    .await;
    scene.refuses(Overloaded, &listing(&scene)).await;
    waiting.abort();
}

#[tokio::test]
pub(crate) async fn keys_that_were_never_read_are_told_over_every_face() {
    let emulator = crate::support::running::start_emulator(auth_interceptor::Clock::system()).await;
    emulator.set_fault(Endpoint::Discovery, Some(failing()));
    emulator.set_fault(Endpoint::Jwks, Some(failing()));
    let scene = Scene::of(Setup::default().start_with(emulator).await).await;
    scene
        .refuses(SigningKeysUnavailable, &listing(&scene))
        .await;
}

/// A token is handed out over gRPC and gRPC-web alone.
#[tokio::test]
pub(crate) async fn what_only_an_exchange_is_refused_for_is_told_over_both_its_faces() {
    let scene = Scene::start().await;
    let asked = |scope: &str| Asked::of(EXCHANGE, &json!({"scopes": [scope]}));
    let page = scene.emulator().issue(&page_token(seed::CONSENTED));
    let unlisted = asked("https://graph.microsoft.com/User.Read").bearer(&page);
    scene.refuses(DownstreamScopeNotAllowed, &unlisted).await;
    let service = service_token(seed::REPORTS_CLIENT_ID);
    let service = scene.emulator().issue(&service);
    let alone = asked(crate::support::running::STORAGE_SCOPE)
        .header("authorization", crate::exchange::pair("", &service));
    scene.refuses(ExchangeAppOnlyUnsupported, &alone).await;
}
