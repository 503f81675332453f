//! Refusals that a page must be able to read, and what is no gRPC-web at all.

use bytes::Bytes;
use http::{Method, StatusCode};
use selvedge::contracts::data::v1::{CreateTaskRequest, Task};

use super::{bare, send};
use crate::support::web::{self, FORMS, Http, WAYS};
use crate::support::{Call, READ_DATA, RawClient, Reply, Running, read_token};

const BOTH: [Http; 2] = [Http::One, Http::Two];
const METHOD: &str = "selvedge.data.v1.DataService/ReadData";

#[tokio::test]
pub(crate) async fn a_refusal_is_whole_in_the_headers() {
    let running = Running::start().await;
    for way in WAYS {
        let reply = send(&running, way, &Call::to(READ_DATA)).await;
        assert_eq!(reply.status, StatusCode::OK, "a page reads no other status");
        assert_eq!(reply.verdict(), "UNAUTHENTICATED CREDENTIALS_MISSING");
        reply.assert_complete(METHOD);
        assert!(reply.challenge_header().is_some());
        assert!(reply.trailers.is_empty() && reply.body.is_empty());
    }
}

#[tokio::test]
pub(crate) async fn a_format_that_is_not_served_is_refused_in_a_status() {
    let running = Running::start().await;
    let token = read_token(&running.emulator);
    for content_type in [
        "application/grpc-web+json",
        "application/grpc-web-text+foo",
        "application/grpc-web-foo",
        "application/json",
        "",
    ] {
        for (form, http) in WAYS {
            let call = web::call(&Call::to(READ_DATA).bearer(&token), form)
                .without_header("content-type")
                .header("content-type", content_type);
            let reply = web::send(running.address, http, &call).await;
            let reply = web::reply(&reply);
            assert_eq!(reply.status, StatusCode::OK);
            assert_eq!(
                reply.verdict(),
                "UNIMPLEMENTED PAYLOAD_ENCODING_UNSUPPORTED",
                "{content_type}"
            );
            reply.assert_complete(METHOD);
        }
    }
    assert_eq!(running.store.calls(), 0, "no handler is entered");
}

#[tokio::test]
async fn parameters_and_case_of_a_media_type_change_nothing() {
    let running = Running::start().await;
    let token = read_token(&running.emulator);
    for content_type in [
        "application/grpc-web",
        "application/grpc-web; charset=utf-8",
        "Application/gRPC-Web+Proto",
    ] {
        let mut call = bare(Method::POST, READ_DATA, &[("content-type", content_type)]);
        call.body = Bytes::from_static(&[0; 5]);
        let call = call.bearer(&token);
        for http in BOTH {
            let reply = web::send(running.address, http, &call).await;
            assert_eq!(web::reply(&reply).verdict(), "OK", "{content_type}");
        }
    }
}

#[tokio::test]
pub(crate) async fn a_verb_that_no_call_has_is_refused_in_a_status() {
    let running = Running::start().await;
    let token = read_token(&running.emulator);
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        for headers in [
            [("content-type", "application/grpc-web+proto")],
            [("x-grpc-web", "1")],
        ] {
            let call = bare(method.clone(), READ_DATA, &headers).bearer(&token);
            for http in BOTH {
                let reply = web::send(running.address, http, &call).await;
                assert_eq!(reply.status, StatusCode::OK);
                let reply = web::reply(&reply);
                assert_eq!(reply.verdict(), "UNIMPLEMENTED METHOD_NOT_FOUND");
                reply.assert_complete(METHOD);
            }
        }
    }
    assert_eq!(running.store.calls(), 0, "no handler is entered");
}

#[tokio::test]
pub(crate) async fn grpc_over_http_1_is_refused_in_a_status_whoever_takes_trailers() {
    let running = Running::start().await;
    let call = Call::to(READ_DATA).bearer(&read_token(&running.emulator));
    for call in [call.clone(), call.without_header("te")] {
        let reply = web::send(running.address, Http::One, &call).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.headers["content-type"], "application/grpc");
        assert_eq!(
            reply.verdict(),
            "UNIMPLEMENTED PAYLOAD_ENCODING_UNSUPPORTED"
        );
        reply.assert_complete(METHOD);
    }
    assert_eq!(running.store.calls(), 0, "no handler is entered");
}

#[tokio::test]
async fn what_no_method_is_called_is_not_found_by_its_exact_path() {
    let running = Running::start().await;
    for path in [
        "/selvedge.data.v1.DataService/DropData",
        "/selvedge.data.v1.DataService/ReadData?x=1",
        "/selvedge.admin.v1.AdministrationService/RefreshKeys",
    ] {
        for way in WAYS {
            let reply = send(&running, way, &Call::to(path)).await;
            assert_eq!(reply.verdict(), "UNIMPLEMENTED METHOD_NOT_FOUND", "{path}");
            reply.assert_complete("_OTHER");
        }
    }
}

#[tokio::test]
pub(crate) async fn a_cookie_is_no_credential() {
    let running = Running::start().await;
    let token = read_token(&running.emulator);
    for cookie in [
        format!("authorization=Bearer {token}"),
        format!("access_token={token}"),
        format!("Bearer {token}"),
    ] {
        let call = Call::to(READ_DATA)
            .header("cookie", cookie)
            .header("origin", "https://elsewhere.test");
        for way in WAYS {
            let reply = send(&running, way, &call).await;
            assert_eq!(reply.verdict(), "UNAUTHENTICATED CREDENTIALS_MISSING");
            assert!(!reply.quotes(token.as_bytes()));
        }
    }
    assert_eq!(running.store.calls(), 0, "no handler is entered");
}

#[tokio::test]
pub(crate) async fn nothing_that_a_caller_writes_becomes_a_header_of_its_own() {
    let running = Running::start().await;
    let scopes = ["access_as_user", "data.read"];
    let token = crate::support::user_token(&running.emulator, emulator::seed::CONSENTED, &scopes);
    // Refused for its length, whatever is in it.
    let title = "%0d%0a\r\nset-cookie: a=b\r\n\r\n\u{e4}\u{1f9f5}".repeat(100);
    let create = CreateTaskRequest {
        task: Some(Task {
            title,
            ..Task::default()
        }),
    };
    let call = Call::to("/selvedge.data.v1.TaskService/CreateTask")
        .bearer(&token)
        .message(&create);
    for way in WAYS {
        let reply = send(&running, way, &call).await;
        assert_eq!(reply.verdict(), "INVALID_ARGUMENT FIELD_INVALID");
        assert!(reply.headers.get("set-cookie").is_none());
        let message = reply.metadata("grpc-message").unwrap();
        assert!(
            message.bytes().all(|byte| matches!(byte, b' '..=b'~')),
            "{message}"
        );
    }
}

#[tokio::test]
async fn administrators_are_served_no_page() {
    let running = Running::start().await;
    let client = RawClient::connect(running.administration).await;
    for form in FORMS {
        let path = "/selvedge.admin.v1.AdministrationService/RefreshKeys";
        let call = web::call(&Call::to(path), form).header("origin", crate::support::PAGE);
        let reply = client.send(&call).await;
        assert_eq!(
            reply.verdict(),
            "UNIMPLEMENTED PAYLOAD_ENCODING_UNSUPPORTED",
            "not even asked for a token"
        );
        assert_no_cors(&reply);
    }
    let preflight = bare(
        Method::OPTIONS,
        "/selvedge.admin.v1.AdministrationService/RefreshKeys",
        &[
            ("origin", crate::support::PAGE),
            ("access-control-request-method", "POST"),
        ],
    );
    let reply = client.send(&preflight).await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_no_cors(&reply);
}

fn assert_no_cors(reply: &Reply) {
    let names = reply.headers.keys();
    let mut told = names.filter(|name| name.as_str().starts_with("access-control-"));
    assert_eq!(told.next(), None);
}
