//! The rows over the REST face: what REST makes of a row's input, and of the refusal of it.

use bytes::Bytes;
use emulator::{TokenRequest, seed};
use http::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Case;
use super::rig::expect_eq;
use crate::support::wait::in_time;
use crate::support::{Call, READ_DATA, Reply, Running, read_token};

/// The REST form of the methods that rows call.
const ROUTES: [(&str, Method, &str); 3] = [
    (READ_DATA, Method::GET, "/workload/data/v1/rows"),
    (
        "/selvedge.control.v1.ItemLifecycleService/GetItemPayload",
        Method::GET,
        "/workload/workspaces/0a4d6c1e-7b2f-4f8e-9d35-61c8e2a7b904/items/Org.Selvedge.Sample/0a4d6c1e-7b2f-4f8e-9d35-61c8e2a7b905/payload",
    ),
    (
        "/selvedge.control.v1.ItemLifecycleService/DeleteItem",
        Method::DELETE,
        "/workload/workspaces/0a4d6c1e-7b2f-4f8e-9d35-61c8e2a7b904/items/Org.Selvedge.Sample/0a4d6c1e-7b2f-4f8e-9d35-61c8e2a7b905",
    ),
];

/// The REST call with the credentials and metadata of this gRPC call; none for a row that is about
/// what gRPC alone has: its paths, and its protocol, which is group H.
pub(super) fn call(case: &Case, over_grpc: &Call) -> Option<Call> {
    if case.id.starts_with('H') {
        return None;
    }
    let mut routes = ROUTES.iter();
    let (_, method, path) = routes.find(|(grpc, ..)| *grpc == over_grpc.path)?;
    let call = Call {
        method: method.clone(),
        path: (*path).to_owned(),
        body: Bytes::new(),
        ..over_grpc.clone()
    };
    Some(call.without_header("te").without_header("content-type"))
}

/// Holds an answer to what a row expects of it.
pub(super) fn judge(expect: &str, reply: &Reply) -> Result<(), String> {
    let (status, reason) = status_of(expect);
    expect_eq("HTTP status", &reply.status.as_u16(), &status)?;
    let header = |name| reply.headers.get(name).map(|value| value.to_str().unwrap());
    expect_eq("reason", &header("selvedge-reason"), &reason)?;
    let Some(reason) = reason else {
        return Ok(());
    };
    expect_eq("type", &header("content-type"), &Some("application/json"))?;
    expect_eq("a trace id", &header("selvedge-trace-id").is_some(), &true)?;
    let body: Value = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
    let said = ["errorCode", "ErrorCode"].map(|name| body[name].as_str());
    let details = body["error"]["details"].as_array().into_iter().flatten();
    let said = said
        .into_iter()
        .chain(details.map(|detail| detail["reason"].as_str()));
    let said: Vec<&str> = said.flatten().collect();
    expect_eq("the body's reason", said.as_slice(), &[reason])
}

/// The HTTP status, and the reason of a refusal, for what a row expects over gRPC.
fn status_of(expect: &str) -> (u16, Option<&str>) {
    let Some((code, reason)) = expect.split_once(' ') else {
        assert_eq!(expect, "OK");
        return (200, None);
    };
    let status = match (code, reason) {
        (_, "AUTH_HEADER_MALFORMED" | "AUTH_HEADER_DUPLICATED") => 400,
        (_, "TOKEN_TOO_LARGE") => 431,
        // What is refused before anybody asks which face it is for.
        ("HTTP", status) => return (status.parse().unwrap(), None),
        ("INVALID_ARGUMENT", _) => 400,
        ("UNAUTHENTICATED", _) => 401,
        ("PERMISSION_DENIED", _) => 403,
        _ => panic!("no row expects {expect} over REST"),
    };
    (status, Some(reason))
}

#[tokio::test]
async fn a_token_in_the_query_is_no_credential() {
    let running = Running::start().await;
    let token = read_token(&running.emulator);
    for name in ["access_token", "authorization", "token", "id_token"] {
        let mut call = Call::to(&format!("/workload/data/v1/rows?{name}={token}"));
        call.method = Method::GET;
        call.headers.clear();
        call.body = Bytes::new();
        let reply = running.raw().await.send(&call).await;
        judge("UNAUTHENTICATED CREDENTIALS_MISSING", &reply).unwrap();
        assert!(!reply.quotes(token.as_bytes()));
    }
    assert_eq!(running.store.calls(), 0, "no handler is entered");
}

/// What the service answers to these bytes of HTTP/1.1: its status line.
async fn status_line(running: &Running, request: &str) -> String {
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    in_time("the answer over HTTP/1.1", read).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
pub(crate) async fn a_pair_that_is_broken_over_two_lines_never_gets_past_http_1() {
    let running = Running::start().await;
    let issue = |request: TokenRequest| {
        running
            .emulator
            .issue(&request.client(seed::FABRIC_CLIENT_ID))
    };
    let user = TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID);
    let user = issue(user.scopes(["FabricWorkloadControl"]));
    let fabric = issue(TokenRequest::app_only(
        seed::FABRIC_CLIENT_ID,
        seed::WORKLOAD_CLIENT_ID,
    ));
    let request = |separator: &str, end: &str| {
        let (_, method, path) = &ROUTES[2];
        format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             x-ms-client-tenant-id: {}\r\n\
             authorization: SubjectAndAppToken1.0 subjectToken=\"{user}\",{separator}appToken=\"{fabric}\"{end}\r\n\r\n",
            seed::CONTOSO_TENANT_ID,
        )
    };
    assert_eq!(
        status_line(&running, &request(" ", "")).await,
        "HTTP/1.1 200 OK"
    );
    let entered = running.store.calls();
    for (separator, end) in [
        ("\n", ""),
        ("\r\n", ""),
        ("\r\n ", ""),
        ("\n\t", ""),
        ("\r", ""),
        ("\0", ""),
        (" \n", ""),
        (" ", "\0"),
        (" ", "\r\n authorization: x"),
    ] {
        assert_eq!(
            status_line(&running, &request(separator, end)).await,
            "HTTP/1.1 400 Bad Request",
            "{separator:?} {end:?}"
        );
    }
    assert_eq!(running.store.calls(), entered, "no handler is entered");
}
