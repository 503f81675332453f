//! W3C Trace Context: whose trace a call is of, over each of the three faces, and who is told of it.

use emulator::{Emulator, seed};
use http::Method;
use selvedge::contracts::data::v1::ListWorkspacesRequest;

use super::receiver::Received;
use super::rig::Rig;
use crate::exchange::page_token;
use crate::support::web::{self, Form, Http};
use crate::support::{Call, READ_DATA};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";
const LIST: &str = "/selvedge.data.v1.WorkspaceService/ListWorkspaces";

/// A call of a caller who has a trace; nobody answers for it.
fn traced(call: Call) -> Call {
    call.header("traceparent", format!("00-{TRACE}-{SPAN}-01"))
        .header("tracestate", "vendor=1")
        .header("baggage", "user=planted-baggage")
}

fn rest() -> Call {
    traced(Call {
        method: Method::GET,
        headers: Vec::new(),
        body: bytes::Bytes::new(),
        ..Call::to("/workload/data/v1/profile")
    })
}

impl Rig {
    async fn over_grpc(&self) -> Received {
        let reply = self.client.send(&traced(Call::to(READ_DATA))).await;
        let trace_id = &reply.error_info().unwrap().metadata["traceId"];
        self.receiver.server_span(trace_id).await
    }

    async fn over_grpc_web(&self) -> Received {
        let call = web::call(&traced(Call::to(READ_DATA)), Form::Binary);
        let address = self.served.address.parse().unwrap();
        let reply = web::reply(&web::send(address, Http::One, &call).await);
        let trace_id = &reply.error_info().unwrap().metadata["traceId"];
        self.receiver.server_span(trace_id).await
    }

    async fn over_rest(&self) -> Received {
        let address = self.served.address.parse().unwrap();
        let reply = web::send(address, Http::One, &rest()).await;
        let trace_id = reply.headers["selvedge-trace-id"].to_str().unwrap();
        self.receiver.server_span(trace_id).await
    }
}

#[track_caller]
fn assert_continues(span: &Received) {
    assert_eq!((&*span.trace_id, &*span.parent), (TRACE, SPAN));
    assert_eq!(span.trace_state, "vendor=1");
    assert!(span.links.is_empty());
}

#[track_caller]
fn assert_links(span: &Received) {
    assert_ne!(span.trace_id, TRACE);
    assert_eq!(span.parent, "");
    assert_eq!(span.links, [(TRACE.to_owned(), SPAN.to_owned())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grpc_caller_is_continued_and_a_browser_or_rest_caller_is_linked() {
    let rig = Rig::start(|_| Vec::new()).await;
    let grpc = rig.over_grpc().await;
    assert_continues(&grpc);
    assert!(!grpc.attributes.contains_key("http.route"));
    assert_links(&rig.over_grpc_web().await);
    let rest = rig.over_rest().await;
    assert_links(&rest);
    assert_eq!(rest.attributes["http.route"], "/workload/data/v1/profile");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_callers_or_none_are_continued_where_the_configuration_says_so() {
    let trust = |word: &'static str| {
        move |_: &Emulator| vec![("SELVEDGE_TELEMETRY__TRUST_INBOUND", word.to_owned())]
    };
    let all = Rig::start(trust("true")).await;
    assert_continues(&all.over_rest().await);
    let none = Rig::start(trust("false")).await;
    assert_links(&none.over_grpc().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_is_named_to_the_listed_hosts_and_to_no_other() {
    // One machine under two names: the authority is listed, Fabric is not.
    let rig = Rig::start(|emulator| {
        let fabric = emulator.fabric_url().replace("localhost", "127.0.0.1");
        vec![
            ("SELVEDGE_DOWNSTREAM__FABRIC", fabric),
            ("SELVEDGE_TELEMETRY__PROPAGATE_TO", "localhost".to_owned()),
        ]
    })
    .await;
    let token = page_token(seed::CONSENTED).scopes(["workspaces.read"]);
    let call = Call::to(LIST)
        .bearer(&rig.emulator.issue(&token))
        .message(&ListWorkspacesRequest::default());
    assert_eq!(rig.client.send(&traced(call)).await.verdict(), "OK");

    let request = rig.receiver.span(TRACE, "sts.token").await;
    let requests = rig.emulator.trace_headers();
    let to = |host: &str| -> Vec<_> {
        let named = |host: &str, port: &str| port.starts_with(host);
        let all = requests.iter();
        all.filter(|one| named(host, &one.host)).collect()
    };
    let token_request = to("localhost:");
    let token_request = token_request
        .iter()
        .find(|one| one.path.ends_with("/token"))
        .unwrap();
    assert_eq!(
        token_request.traceparent.as_deref(),
        Some(&*format!("00-{TRACE}-{}-01", request.id))
    );
    assert_eq!(token_request.tracestate.as_deref(), Some("vendor=1"));
    let keys = to("localhost:");
    let keys: Vec<_> = keys
        .iter()
        .filter(|one| one.path.contains("known"))
        .collect();
    assert!(!keys.is_empty() && keys.iter().all(|one| one.traceparent.is_some()));

    let fabric = to("127.0.0.1:");
    assert!(!fabric.is_empty());
    for request in fabric {
        assert_eq!((&request.traceparent, &request.tracestate), (&None, &None));
    }
    assert!(requests.iter().all(|one| one.baggage.is_none()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_is_named_to_nobody_unless_hosts_are_listed() {
    let rig = Rig::start(|_| Vec::new()).await;
    let token = page_token(seed::CONSENTED).scopes(["workspaces.read"]);
    let call = Call::to(LIST)
        .bearer(&rig.emulator.issue(&token))
        .message(&ListWorkspacesRequest::default());
    assert_eq!(rig.client.send(&traced(call)).await.verdict(), "OK");
    let requests = rig.emulator.trace_headers();
    assert!(requests.iter().any(|one| one.path.contains("/workspaces")));
    for request in requests {
        assert_eq!((&request.traceparent, &request.baggage), (&None, &None));
    }
}
