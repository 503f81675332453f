//! What the spans of a call say, each in its place.

use std::collections::HashMap;

use emulator::{TokenRequest, seed};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use selvedge::contracts::data::v1::ListWorkspacesRequest;

use super::receiver::Received;
use super::rig::Rig;
use crate::exchange::{for_storage, page_token, pair, service_token};
use crate::support::{Call, READ_DATA, Reply, read_token};

fn trace_of(reply: &Reply) -> String {
    reply.error_info().unwrap().metadata["traceId"].clone()
}

/// A new trace for a call to be found by.
fn in_trace(call: Call) -> (String, Call) {
    let trace = uuid::Uuid::new_v4().simple().to_string();
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    (trace, call.header("traceparent", parent))
}

#[track_caller]
fn assert_says(span: &Received, expected: &[(&str, &str)]) {
    for (key, value) in expected {
        let found = span.attributes.get(*key).map(String::as_str);
        assert_eq!(found, Some(*value), "{key} of {}", span.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_exchange_is_told_on_its_request_and_on_the_call() {
    let rig = Rig::start(|_| Vec::new()).await;
    let token = rig.emulator.issue(&page_token(seed::NO_CONSENT));
    let reply = rig.client.send(&for_storage(&token)).await;
    assert_eq!(reply.verdict(), "PERMISSION_DENIED CONSENT_REQUIRED");
    let trace = trace_of(&reply);

    let call = rig.receiver.server_span(&trace).await;
    let request = rig.receiver.span(&trace, "sts.token").await;
    for span in [&call, &request] {
        assert_says(
            span,
            &[
                ("selvedge.authority.name", "entra"),
                ("selvedge.authority.error", "invalid_grant"),
                ("selvedge.authority.suberror", "consent_required"),
                ("selvedge.authority.aadsts", "65001"),
                ("selvedge.exchange.cache", "miss"),
                ("selvedge.exchange.resource", seed::STORAGE_URI),
            ],
        );
    }
    let correlation = "selvedge.authority.correlation_id";
    assert_eq!(
        call.attributes[correlation],
        request.attributes[correlation]
    );
    let (_, port) = rig.emulator.origin().rsplit_once(':').unwrap();
    let path = format!("/{}/oauth2/v2.0/token", seed::CONTOSO_TENANT_ID);
    assert_says(
        &request,
        &[
            ("http.request.method", "POST"),
            ("http.response.status_code", "400"),
            ("error.type", "400"),
            ("url.full", &format!("{}{path}", rig.emulator.origin())),
            ("url.template", "/{tenant}/oauth2/v2.0/token"),
            ("server.address", "localhost"),
            ("server.port", port),
            ("network.protocol.version", "2"),
        ],
    );
    assert_eq!(request.kind, SpanKind::Client);
    assert_eq!(request.status, StatusCode::Error);
    assert!(!request.attributes.contains_key("http.request.resend_count"));
    assert_says(
        &call,
        &[
            ("selvedge.auth.outcome", "allow"),
            ("selvedge.refusal.reason", "CONSENT_REQUIRED"),
            ("selvedge.tenant.id", seed::CONTOSO_TENANT_ID),
            ("selvedge.client_app.id", seed::BROKER_CLIENT_ID),
            ("selvedge.token.version", "1.0"),
            ("selvedge.token.kind", "user"),
            ("selvedge.scope.required", "token.exchange"),
            ("selvedge.jwks.source", "cache"),
            ("selvedge.verdict_cache", "miss"),
            ("server.address", "127.0.0.1"),
            ("network.peer.address", "127.0.0.1"),
        ],
    );
    assert!(
        call.attributes["selvedge.jwks.age_s"]
            .parse::<u64>()
            .is_ok()
    );
    let (_, own_port) = rig.served.address.rsplit_once(':').unwrap();
    assert_eq!(call.attributes["server.port"], own_port);

    // Asked again, the refusal is remembered: the call says it all, and nobody is asked.
    let again = trace_of(&rig.client.send(&for_storage(&token)).await);
    let call = rig.receiver.server_span(&again).await;
    assert_says(
        &call,
        &[
            ("selvedge.exchange.cache", "negative"),
            ("selvedge.authority.aadsts", "65001"),
            ("selvedge.verdict_cache", "hit"),
        ],
    );
    let mut spans = rig.receiver.spans().into_iter();
    assert!(!spans.any(|span| span.trace_id == again && span.name == "sts.token"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_at_hand_costs_no_span_and_is_told_on_the_call() {
    let rig = Rig::start(|_| Vec::new()).await;
    let token = rig.emulator.issue(&page_token(seed::CONSENTED));
    for cache in ["miss", "hit_l1"] {
        let (trace, call) = in_trace(for_storage(&token));
        assert_eq!(rig.client.send(&call).await.verdict(), "OK");
        let call = rig.receiver.server_span(&trace).await;
        assert_says(&call, &[("selvedge.exchange.cache", cache)]);
        let spans = rig.receiver.spans().into_iter();
        let exchanges = spans.filter(|one| one.trace_id == trace && one.name == "exchange");
        assert_eq!(exchanges.count(), usize::from(cache == "miss"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_and_fabric_are_clients_spans_without_a_word_of_the_users() {
    let rig = Rig::start(|_| Vec::new()).await;
    let (trace, call) = in_trace(Call::to(READ_DATA).bearer(&read_token(&rig.emulator)));
    assert_eq!(rig.client.send(&call).await.verdict(), "OK");
    let store = rig.receiver.span(&trace, "read_rows rows").await;
    let expected: HashMap<String, String> = [
        ("db.system.name", "sqlite"),
        ("db.operation.name", "read_rows"),
        ("db.collection.name", "rows"),
        ("db.query.summary", "read_rows rows"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    assert_eq!(store.attributes, expected);
    assert_eq!(store.kind, SpanKind::Client);
    let call = rig.receiver.server_span(&trace).await;
    assert_eq!(store.parent, call.id);

    let token = page_token(seed::CONSENTED).scopes(["workspaces.read"]);
    let call = Call::to("/selvedge.data.v1.WorkspaceService/ListWorkspaces")
        .bearer(&rig.emulator.issue(&token))
        .message(&ListWorkspacesRequest::default());
    let (trace, call) = in_trace(call);
    assert_eq!(rig.client.send(&call).await.verdict(), "OK");
    let fabric = rig.receiver.span(&trace, "downstream.call").await;
    assert_says(
        &fabric,
        &[
            ("http.request.method", "GET"),
            ("http.response.status_code", "200"),
            ("url.template", "/workspaces"),
            ("network.protocol.version", "2"),
            ("selvedge.exchange.resource", seed::FABRIC_URI),
        ],
    );
    let url = &fabric.attributes["url.full"];
    assert_eq!(*url, format!("{}/workspaces", rig.emulator.fabric_url()));
    assert!(fabric.attributes.contains_key("selvedge.fabric.request_id"));
    assert_eq!(fabric.kind, SpanKind::Client);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_token_was_refused_is_told_as_far_as_its_signature_vouches_for_it() {
    let rig = Rig::start(|_| Vec::new()).await;
    let request = || TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID);
    let expired = rig.emulator.issue(&request().issued_at(-7_200));
    let reply = rig.client.send(&Call::to(READ_DATA).bearer(&expired)).await;
    assert_eq!(reply.verdict(), "UNAUTHENTICATED TOKEN_EXPIRED");
    let call = rig.receiver.server_span(&trace_of(&reply)).await;
    assert_says(
        &call,
        &[
            ("selvedge.auth.outcome", "deny"),
            ("selvedge.auth.reason", "TOKEN_EXPIRED"),
            ("selvedge.token.role", "subject"),
            ("selvedge.token.kind", "user"),
            ("selvedge.token.version", "1.0"),
            ("selvedge.tenant.id", seed::CONTOSO_TENANT_ID),
            ("selvedge.scope.required", "data.read"),
        ],
    );
    for key in [
        "selvedge.client_app.id",
        "selvedge.token.uti",
        "selvedge.jwks.age_s",
    ] {
        assert!(call.attributes.contains_key(key), "{key}");
    }
    let validation = rig.receiver.span(&call.trace_id, "auth.validate").await;
    assert_says(
        &validation,
        &[
            ("error.type", "TOKEN_EXPIRED"),
            ("selvedge.verdict_cache", "miss"),
            ("selvedge.jwks.kid_known", "true"),
            ("selvedge.jwks.source", "cache"),
        ],
    );
    assert_eq!(validation.kind, SpanKind::Internal);

    // Of a token that anybody could have written, nothing is believed; it has a name all the same.
    let (message, _) = expired.rsplit_once('.').unwrap();
    let forged = format!("{message}.{}", "c2VjcmV0".repeat(40));
    let reply = rig.client.send(&Call::to(READ_DATA).bearer(&forged)).await;
    assert_eq!(reply.verdict(), "UNAUTHENTICATED TOKEN_SIGNATURE_INVALID");
    let call = rig.receiver.server_span(&trace_of(&reply)).await;
    for key in [
        "selvedge.tenant.id",
        "selvedge.client_app.id",
        "selvedge.token.version",
    ] {
        assert!(!call.attributes.contains_key(key), "{key}");
    }
    assert_eq!(call.attributes["selvedge.token.uti"].len(), 16);
    assert!(call.attributes.contains_key("selvedge.jwks.age_s"));

    // The application beside the user has proved itself, whatever the user's token is.
    let app = rig.emulator.issue(&service_token(seed::REPORTS_CLIENT_ID));
    let call = Call::to(crate::exchange::EXCHANGE);
    let call = call.header("authorization", pair(&forged, &app));
    let reply = rig.client.send(&call).await;
    assert_eq!(reply.verdict(), "UNAUTHENTICATED TOKEN_SIGNATURE_INVALID");
    let call = rig.receiver.server_span(&trace_of(&reply)).await;
    assert_says(
        &call,
        &[
            ("selvedge.token.kind", "composite"),
            ("selvedge.token.role", "subject"),
            ("selvedge.client_app.id", seed::REPORTS_CLIENT_ID),
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_of_keys_is_a_client_span_that_ends_with_the_read() {
    let rig = Rig::start(|_| Vec::new()).await;
    let mut found = None;
    crate::support::eventually("the span of the first read is received", async || {
        let mut spans = rig.receiver.spans().into_iter();
        found = spans.find(|span| span.name == "jwks.fetch");
        found.is_some()
    })
    .await;
    let read = found.unwrap();
    assert_says(
        &read,
        &[
            ("http.request.method", "GET"),
            ("http.response.status_code", "200"),
            ("url.template", "/common/.well-known/openid-configuration"),
            ("server.address", "localhost"),
            ("selvedge.authority.name", "entra"),
            ("selvedge.jwks.trigger", "start"),
            ("selvedge.jwks.source", "fetch"),
        ],
    );
    assert_eq!((read.kind, &*read.parent), (SpanKind::Client, ""));
}
