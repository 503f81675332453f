//! Bodies that never end, stop half-way or are never read: the decision waits for none of them, and
//! the connection stays what it is.

use bytes::Bytes;
use emulator::seed;
use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Http, Rest, SCOPES};
use crate::support::wait::in_time;
use crate::support::{Call, Running, eventually, user_token};

/// The head of an HTTP/1.1 request whose body is to be `length` bytes.
fn head(token: &str, length: usize) -> String {
    format!(
        "POST /workload/data/v1/tasks HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    )
}

/// Reads one answer with a `content-length` from the connection: its status, and its body.
async fn answer(connection: &mut TcpStream) -> (u16, Vec<u8>) {
    in_time("an answer", async {
        let mut read = Vec::new();
        loop {
            let mut byte = [0];
            connection.read_exact(&mut byte).await.unwrap();
            read.push(byte[0]);
            if read.ends_with(b"\r\n\r\n") {
                break;
            }
        }
        let text = String::from_utf8(read).unwrap().to_ascii_lowercase();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        connection.read_exact(&mut body).await.unwrap();
        (status, body)
    })
    .await
}

#[tokio::test]
async fn a_bad_token_is_refused_before_a_byte_of_the_body() {
    let running = Running::start().await;
    let mut connection = TcpStream::connect(running.address).await.unwrap();
    // All that is sent is the head: of the body there is nothing to be read.
    let request = head("not.a.token", 1_000_000);
    connection.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(answer(&mut connection).await.0, 401);

    let mut call =
        Call::to("/workload/data/v1/tasks").header("authorization", "Bearer not.a.token");
    call.ends = false;
    call.body = Bytes::from_static(b"{");
    let open = in_time("an answer", running.raw().await.open(&call)).await;
    assert_eq!(open.unwrap().reply.status, 401);
    assert_eq!(running.store.calls(), 0);
}

#[tokio::test]
async fn requests_follow_each_other_on_one_connection() {
    let running = Running::start().await;
    let token = user_token(&running.emulator, seed::CONSENTED, &SCOPES);
    let mut connection = TcpStream::connect(running.address).await.unwrap();
    for (token, document, status) in [
        (token.as_str(), r#"{"title":"first"}"#, 200),
        // Refused with its body unread: what comes next must not be taken for it, nor it for a request.
        ("bad", "GET /workload/data/v1/profile HTTP/1.1\r\n\r\n", 401),
        (token.as_str(), "{", 400),
        (token.as_str(), r#"{"title":"second"}"#, 200),
    ] {
        let request = head(token, document.len()) + document;
        connection.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(answer(&mut connection).await.0, status);
    }
}

#[tokio::test]
async fn a_body_that_stops_half_way_does_nothing() {
    let running = Running::start().await;
    let token = user_token(&running.emulator, seed::CONSENTED, &SCOPES);
    let document = r#"{"title":"half"}"#;
    let mut connection = TcpStream::connect(running.address).await.unwrap();
    let request = head(&token, document.len() + 1) + document;
    connection.write_all(request.as_bytes()).await.unwrap();
    connection.shutdown().await.unwrap();
    let (status, body) = answer(&mut connection).await;
    assert_eq!(status, 400);
    assert!(
        String::from_utf8(body)
            .unwrap()
            .contains("PAYLOAD_MALFORMED")
    );
    assert_eq!(running.store.calls(), 0, "no handler is entered");
}

#[tokio::test]
async fn an_upload_that_stops_half_way_is_not_a_shorter_file() {
    let running = Running::start().await;
    let token = user_token(&running.emulator, seed::CONSENTED, &SCOPES);
    let file = format!(
        "/workload/data/v1/workspaces/{}/lakehouses/{}/files/half",
        seed::WORKSPACE_ID,
        seed::LAKEHOUSE_ID
    );
    let mut connection = TcpStream::connect(running.address).await.unwrap();
    let request = format!(
        "PUT {file} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    connection.shutdown().await.unwrap();
    let (status, body) = answer(&mut connection).await;
    assert_eq!(status, 400, "{}", String::from_utf8_lossy(&body));
    let rest = Rest::of(&running, Http::One);
    let path = file.strip_prefix("/workload").unwrap();
    rest.get(path)
        .await
        .assert_refused(404, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn a_request_that_is_given_up_ends_its_call() {
    let running = Running::start().await;
    let rest = Rest::of(&running, Http::Two);
    running.store.shut();
    let request = rest.request(Method::GET, "/data/v1/tasks").send();
    let request = tokio::spawn(request);
    eventually("the handler is in the store", async || {
        running.store.held() == 1
    })
    .await;
    request.abort();
    eventually("the handler is gone", async || running.store.held() == 0).await;
}
