//! Which pages may call: what a browser asks before it calls, and what it lets a page read.

use std::collections::BTreeSet;

use http::{HeaderMap, Method, StatusCode};

use super::bare;
use crate::support::web::{self, Form, Http};
use crate::support::{Call, PAGE, READ_DATA, Reply, Running, Setup, read_token};

const TASKS: &str = "/workload/data/v1/tasks";
const BOTH: [Http; 2] = [Http::One, Http::Two];

/// Origins that are not the listed one, however alike.
const OTHERS: [&str; 11] = [
    "null",
    "*",
    "",
    "https://elsewhere.test",
    "https://127.0.0.1:60006",
    "http://127.0.0.1",
    "http://127.0.0.1:600066",
    "http://127.0.0.1:60006.elsewhere.test",
    "http://127.0.0.1:60006/",
    "HTTP://127.0.0.1:60006",
    "http://localhost:60006",
];

/// What a browser asks before a page of `origin` sends this.
fn preflight(origin: &str, path: &str, method: &str, headers: &str) -> Call {
    let asked = [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", headers),
    ];
    bare(Method::OPTIONS, path, &asked)
}

async fn send(running: &Running, http: Http, call: &Call) -> Reply {
    web::send(running.address, http, call).await
}

/// The names in a list of a header.
fn names(headers: &HeaderMap, list: &str) -> BTreeSet<String> {
    let lists = headers.get_all(list).iter();
    let names = lists.flat_map(|list| list.to_str().unwrap().split(','));
    names.map(|name| name.trim().to_ascii_lowercase()).collect()
}

fn assert_untold(reply: &Reply) {
    let cors = |name: &&http::HeaderName| name.as_str().starts_with("access-control-");
    assert_eq!(reply.headers.keys().find(cors), None);
    assert_eq!(names(&reply.headers, "vary"), ["origin".to_owned()].into());
}

#[tokio::test]
pub(crate) async fn a_page_of_a_listed_origin_is_told_before_it_calls_what_it_may_send() {
    let running = Running::start().await;
    let grpc_web = "authorization,content-type,grpc-timeout,selvedge-retry,traceparent,tracestate,\
        x-grpc-web,x-user-agent";
    let rest = "authorization,content-type,x-ms-client-request-id";
    for (path, method, asked) in [
        (READ_DATA, "POST", grpc_web),
        (TASKS, "PATCH", rest),
        (TASKS, "PUT", rest),
        (TASKS, "DELETE", rest),
        // Of what is not there nothing is said but what holds everywhere.
        ("/selvedge.data.v1.SecretService/ReadData", "POST", grpc_web),
    ] {
        for http in BOTH {
            let reply = send(&running, http, &preflight(PAGE, path, method, asked)).await;
            assert_eq!(reply.status, StatusCode::NO_CONTENT);
            assert!(reply.body.is_empty());
            let headers = &reply.headers;
            assert_eq!(headers["access-control-allow-origin"], PAGE);
            assert!(!headers.contains_key("access-control-allow-credentials"));
            assert!(
                names(headers, "access-control-allow-methods").contains(&method.to_lowercase())
            );
            let allowed = names(headers, "access-control-allow-headers");
            for name in asked.split(',') {
                assert!(allowed.contains(name), "{name}");
            }
            assert!(!allowed.contains("*") && !allowed.contains("cookie"));
            let age: u32 = headers["access-control-max-age"]
                .to_str()
                .unwrap()
                .parse()
                .unwrap();
            assert!(age <= 24 * 60 * 60, "{age}");
            assert_eq!(names(headers, "vary"), ["origin".to_owned()].into());
        }
    }
    assert_eq!(running.store.calls(), 0, "no handler is entered");
}

#[tokio::test]
async fn a_preflight_reveals_nothing_of_what_a_listed_page_may_not_do() {
    let running = Running::start().await;
    let call = preflight(
        PAGE,
        READ_DATA,
        "TRACE",
        "x-ms-client-tenant-id,cookie,host",
    );
    let reply = send(&running, Http::Two, &call).await;
    let methods = names(&reply.headers, "access-control-allow-methods");
    assert!(!methods.contains("trace") && !methods.contains("*"));
    let headers = names(&reply.headers, "access-control-allow-headers");
    assert!(!headers.contains("x-ms-client-tenant-id"));
}

#[tokio::test]
pub(crate) async fn an_answer_is_readable_for_a_page_of_a_listed_origin() {
    let running = Running::start().await;
    let exposed = [
        "grpc-message",
        "grpc-status",
        "grpc-status-details-bin",
        "retry-after",
        "selvedge-reason",
        "selvedge-trace-id",
        "www-authenticate",
    ];
    let token = read_token(&running.emulator);
    let grpc_web = |call: Call| web::call(&call, Form::Binary).header("origin", PAGE);
    let rest = |path: &str| bare(Method::GET, path, &[("origin", PAGE)]);
    for call in [
        grpc_web(Call::to(READ_DATA).bearer(&token)),
        grpc_web(Call::to(READ_DATA)),
        grpc_web(Call::to("/selvedge.data.v1.SecretService/ReadData")),
        rest("/workload/data/v1/rows").bearer(&token),
        rest(TASKS),
        rest("/workload/nowhere"),
        rest("/workload/openapi.json"),
        // Not even gRPC.
        rest(READ_DATA),
    ] {
        for http in BOTH {
            let reply = send(&running, http, &call).await;
            let headers = &reply.headers;
            assert_eq!(
                headers["access-control-allow-origin"], PAGE,
                "{}",
                call.path
            );
            assert_eq!(
                headers
                    .get_all("access-control-allow-origin")
                    .iter()
                    .count(),
                1
            );
            assert!(!headers.contains_key("access-control-allow-credentials"));
            let told = names(headers, "access-control-expose-headers");
            for name in exposed {
                assert!(told.contains(name), "{name}");
            }
            assert!(!told.contains("*"));
            assert_eq!(names(headers, "vary"), ["origin".to_owned()].into());
        }
    }
}

#[tokio::test]
pub(crate) async fn a_page_of_any_other_origin_is_told_nothing() {
    let running = Running::start().await;
    let token = read_token(&running.emulator);
    for origin in OTHERS {
        for http in BOTH {
            for path in [READ_DATA, TASKS] {
                let asked = preflight(origin, path, "POST", "authorization");
                let reply = send(&running, http, &asked).await;
                assert!(reply.status.is_client_error(), "{}", reply.status);
                assert_untold(&reply);
            }
            // What a page can send unasked is answered, and kept from it.
            let call = bare(Method::GET, TASKS, &[("origin", origin)]);
            let reply = send(&running, http, &call).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
            assert_untold(&reply);
            // A client that is no browser says what it likes, and its token counts.
            let call = web::call(&Call::to(READ_DATA).bearer(&token), Form::Text);
            let reply = send(&running, http, &call.header("origin", origin)).await;
            assert_eq!(web::reply(&reply).verdict(), "OK");
            assert_untold(&reply);
        }
    }
}

#[tokio::test]
async fn two_origins_are_none() {
    let running = Running::start().await;
    let call = preflight(PAGE, READ_DATA, "POST", "").header("origin", "https://elsewhere.test");
    assert_untold(&send(&running, Http::Two, &call).await);
}

#[tokio::test]
async fn each_listed_origin_is_told_of_itself_alone() {
    let other = "https://front.contoso.test";
    let setup = Setup {
        cors_origins: vec![PAGE.to_owned(), other.to_owned()],
        ..Setup::default()
    };
    let running = setup.start().await;
    for origin in [PAGE, other] {
        let reply = send(&running, Http::Two, &preflight(origin, TASKS, "GET", "")).await;
        assert_eq!(reply.headers["access-control-allow-origin"], origin);
    }
}

#[tokio::test]
async fn without_listed_origins_no_page_may_call_and_no_answer_varies() {
    let setup = Setup {
        cors_origins: Vec::new(),
        ..Setup::default()
    };
    let running = setup.start().await;
    for call in [
        preflight(PAGE, TASKS, "POST", "authorization"),
        bare(Method::GET, TASKS, &[("origin", PAGE)]),
    ] {
        let reply = send(&running, Http::One, &call).await;
        assert!(reply.status.is_client_error());
        let cors = |name: &&http::HeaderName| name.as_str().starts_with("access-control-");
        assert_eq!(reply.headers.keys().find(cors), None);
        assert!(!reply.headers.contains_key("vary"));
    }
}

#[tokio::test]
async fn options_for_its_own_sake_is_no_preflight() {
    let running = Running::start().await;
    let call = bare(Method::OPTIONS, TASKS, &[("origin", PAGE)]);
    let reply = send(&running, Http::Two, &call).await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(reply.headers["allow"], "GET, POST, HEAD");
}
