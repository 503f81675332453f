//! What the REST face itself refuses, and in which words.

use http::Method;

use super::{BOTH, Http, Rest, send};
use crate::support::{Call, READ_DATA, Running, Setup};

#[tokio::test]
async fn a_path_without_a_route_is_not_found_whoever_asks() {
    let running = Running::start().await;
    for http in BOTH {
        let rest = Rest::of(&running, http);
        for path in [
            "",
            "/",
            "/data/v1/Tasks",
            "/data/v1/tasks/",
            "/data/v1//tasks",
            "/x",
        ] {
            rest.get(path).await.assert_refused(404, "METHOD_NOT_FOUND");
            let anonymous = send(rest.anonymous(Method::POST, path).body("{")).await;
            anonymous.assert_refused(404, "METHOD_NOT_FOUND");
        }
    }
}

#[tokio::test]
async fn a_verb_that_a_path_does_not_have_is_not_allowed() {
    let running = Running::start().await;
    for http in BOTH {
        let rest = Rest::of(&running, http);
        for (method, path, allow) in [
            (Method::PUT, "/data/v1/tasks", "GET, POST, HEAD"),
            (Method::OPTIONS, "/data/v1/tasks", "GET, POST, HEAD"),
            (Method::TRACE, "/data/v1/tasks/x", "PATCH, DELETE"),
            (Method::POST, "/openapi.json", "GET, HEAD"),
            (Method::HEAD, "/data/v1/tasks/x", "PATCH, DELETE"),
        ] {
            let refused = send(rest.request(method.clone(), path)).await;
            assert_eq!(refused.status, 405, "{method}");
            assert_eq!(refused.headers["allow"], allow);
            assert_eq!(refused.reason(), Some("METHOD_NOT_FOUND"));
            assert_eq!(refused.body.is_empty(), method == Method::HEAD);
        }
    }
}

#[tokio::test]
async fn a_body_is_json_and_nothing_else() {
    let running = Running::start().await;
    for http in BOTH {
        let rest = Rest::of(&running, http);
        let post = || {
            rest.request(Method::POST, "/data/v1/tasks")
                .body(r#"{"title":"x"}"#)
        };
        for (name, value) in [
            ("content-type", "text/json"),
            ("content-type", "application/grpc"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-encoding", "gzip"),
            // Of neither type: none is stated.
            ("x-other", "x"),
        ] {
            let post = match name {
                "content-encoding" => post().header("content-type", "application/json"),
                _ => post(),
            };
            let refused = send(post.header(name, value)).await;
            refused.assert_refused(415, "PAYLOAD_ENCODING_UNSUPPORTED");
        }
        let named = post().header("content-type", "Application/JSON; charset=utf-8");
        assert_eq!(send(named).await.status, 200);
        let nothing = send(rest.request(Method::POST, "/data/v1/tasks")).await;
        nothing.assert_refused(400, "FIELD_INVALID");
    }
}

#[tokio::test]
async fn a_body_that_is_no_document_is_malformed() {
    let running = Running::start().await;
    for http in BOTH {
        let rest = Rest::of(&running, http);
        let deep = "[".repeat(100_000);
        for document in ["{", "{}{}", "nul", "{\"title\":\"x\"", "\u{feff}{}", &deep] {
            let refused = rest.json(Method::POST, "/data/v1/tasks", document).await;
            refused.assert_refused(400, "PAYLOAD_MALFORMED");
        }
    }
    assert_eq!(running.store.calls(), 0, "no handler is entered");
}

#[tokio::test]
async fn a_member_that_is_not_the_contracts_is_refused_by_name() {
    let running = Running::start().await;
    for http in BOTH {
        let rest = Rest::of(&running, http);
        for (method, path, document, field) in [
            (
                Method::POST,
                "/data/v1/tasks",
                r#"{"title":7}"#,
                "task.title",
            ),
            (
                Method::POST,
                "/data/v1/tasks",
                r#"{"titel":"x"}"#,
                "task.titel",
            ),
            (
                Method::POST,
                "/data/v1/tasks",
                r#"{"title":"a","title":"b"}"#,
                "task.title",
            ),
            (Method::POST, "/data/v1/tasks", "[]", "task"),
            (
                Method::POST,
                "/data/v1/rows",
                r#"{"rows":[{},{"rowId":[]}]}"#,
                "rows[1].row_id",
            ),
            (Method::GET, "/data/v1/tasks?pageSize=many", "", "page_size"),
            (
                Method::GET,
                "/data/v1/tasks?pageSize=1&pageSize=2",
                "",
                "page_size",
            ),
            (Method::PATCH, "/data/v1/tasks/%ff", "{}", "task.task_id"),
        ] {
            let refused = rest.json(method, path, document).await;
            refused.assert_refused(400, "FIELD_INVALID");
            assert_eq!(refused.violations(), [field], "{path} {document}");
        }
    }
    assert_eq!(running.store.calls(), 0, "no handler is entered");
}

#[tokio::test]
async fn a_body_larger_than_a_message_is_refused() {
    let setup = Setup {
        message_bytes: 10_000,
        ..Setup::default()
    };
    let running = setup.start().await;
    for http in BOTH {
        let rest = Rest::of(&running, http);
        let document = |length: usize| {
            let frame = r#"{"title":"x","description":""}"#.len();
            format!(
                r#"{{"title":"x","description":"{}"}}"#,
                "y".repeat(length - frame)
            )
        };
        let large = rest
            .json(Method::POST, "/data/v1/tasks", &document(10_001))
            .await;
        large.assert_refused(413, "PAYLOAD_TOO_LARGE");
        // The limit itself is read; what is in it is then too long for its field.
        let fits = rest
            .json(Method::POST, "/data/v1/tasks", &document(10_000))
            .await;
        fits.assert_refused(400, "FIELD_INVALID");
        // The connection is still good, or another one is made.
        assert_eq!(rest.get("/data/v1/tasks").await.status, 200);
    }
}

#[tokio::test]
async fn a_deadline_is_kept_and_a_malformed_one_refused() {
    let running = Running::start().await;
    let rest = Rest::of(&running, Http::One);
    let get = |timeout: &str| {
        let request = rest.request(Method::GET, "/data/v1/profile");
        send(request.header("grpc-timeout", timeout.to_owned()))
    };
    get("0n").await.assert_refused(504, "DEADLINE_EXCEEDED");
    get("soon")
        .await
        .assert_refused(400, "TIMEOUT_HEADER_INVALID");
    assert_eq!(get("10S").await.status, 200);
}

#[tokio::test]
async fn grpc_is_as_it_was() {
    let running = Running::start().await;
    let token = crate::support::read_token(&running.emulator);
    let raw = running.raw().await;
    assert_eq!(
        raw.send(&Call::to(READ_DATA).bearer(&token))
            .await
            .verdict(),
        "OK"
    );
    // A gRPC call to a REST path is a REST request of the wrong type.
    let call = Call::to("/workload/data/v1/tasks").bearer(&token);
    let reply = raw.send(&call).await;
    assert_eq!(
        reply.status, 403,
        "the token lacks access_as_user, whatever the body"
    );
    let mut get = Call::to(READ_DATA);
    get.method = Method::GET;
    assert_eq!(raw.send(&get).await.status, 405);
    let json = Call::to(READ_DATA)
        .without_header("content-type")
        .header("content-type", "application/json");
    assert_eq!(raw.send(&json).await.status, 415);
}
