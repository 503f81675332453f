//! Files as the body of a request and of an answer, of any length.

use emulator::{Endpoint, Fault, seed};
use http::Method;

use super::{BOTH, Rest, send};
use crate::support::wait::in_time;
use crate::support::{Running, Setup};

/// Bytes that repeat at no power of two.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251).to_le_bytes()[0]).collect()
}

fn files() -> String {
    format!(
        "/data/v1/workspaces/{}/lakehouses/{}/files",
        seed::WORKSPACE_ID,
        seed::LAKEHOUSE_ID
    )
}

#[tokio::test]
async fn a_file_is_read_as_it_was_written_listed_and_deleted() {
    let setup = Setup {
        // Less than the file, more than any piece of it.
        message_bytes: 256 * 1024,
        ..Setup::default()
    };
    let running = setup.start().await;
    let content = content(9_000_000);
    for http in BOTH {
        let rest = Rest::of(&running, http);
        let file = format!("{}/out/gr%C3%BC%C3%9Fe%201%25.bin", files());
        let upload = rest
            .request(Method::PUT, &file)
            .header("content-type", "application/octet-stream")
            .body(content.clone());
        let written = send(upload).await;
        assert_eq!(written.json()["sizeBytes"], content.len().to_string());

        let read = rest.get(&file).await;
        assert_eq!(read.headers["content-type"], "application/octet-stream");
        assert!(read.body == content, "other bytes");
        let part = rest.get(&format!("{file}?offset=7&length=5")).await;
        assert_eq!(part.body, &content[7..12]);

        let listed = rest.get(&format!("{}?folder=out", files())).await.json();
        assert_eq!(listed["files"][0]["path"], "out/gr\u{fc}\u{df}e 1%.bin");
        assert_eq!(
            rest.get(&format!("{}?recursive=true", files()))
                .await
                .status,
            200
        );

        let deleted = send(rest.request(Method::DELETE, &file)).await;
        assert_eq!(deleted.status, 200);
        rest.get(&file)
            .await
            .assert_refused(404, "RESOURCE_NOT_FOUND");
    }
}

#[tokio::test]
async fn an_empty_file_is_a_file() {
    let running = Running::start().await;
    let rest = Rest::of(&running, BOTH[0]);
    let file = format!("{}/empty", files());
    let written = send(rest.request(Method::PUT, &file)).await;
    assert_eq!(written.status, 200);
    let read = rest.get(&file).await;
    assert_eq!((read.status.as_u16(), read.body.len()), (200, 0));
}

#[tokio::test]
async fn an_encoded_slash_is_no_separator() {
    let running = Running::start().await;
    let rest = Rest::of(&running, BOTH[1]);
    let file = format!("{}/a%2Fb/c", files());
    assert_eq!(
        send(rest.request(Method::PUT, &file).body("x"))
            .await
            .status,
        200
    );
    let listed = rest.get(&format!("{}?recursive=true", files())).await;
    assert!(listed.text().contains("a%2Fb/c"), "{}", listed.text());
    // A GUID has none, so what names one is refused and no other workspace is meant.
    let other = files().replace(seed::WORKSPACE_ID, "x%2F..%2Fy");
    let refused = rest.get(&other).await;
    refused.assert_refused(400, "FIELD_INVALID");
    assert_eq!(refused.violations(), ["workspace_id"]);
}

#[tokio::test]
async fn an_upload_of_another_type_is_refused_and_leaves_no_file() {
    let running = Running::start().await;
    let rest = Rest::of(&running, BOTH[0]);
    let file = format!("{}/typed", files());
    let upload = rest.request(Method::PUT, &file).body("x");
    let refused = send(upload.header("content-type", "text/plain")).await;
    refused.assert_refused(415, "PAYLOAD_ENCODING_UNSUPPORTED");
    let upload = rest.request(Method::PUT, &file).body("x");
    let refused = send(upload.header("content-encoding", "gzip")).await;
    refused.assert_refused(415, "PAYLOAD_ENCODING_UNSUPPORTED");
    rest.get(&file)
        .await
        .assert_refused(404, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn a_download_that_breaks_off_before_its_first_byte_is_a_refusal() {
    let running = Running::start().await;
    for http in BOTH {
        let rest = Rest::of(&running, http);
        let file = format!("{}/broken", files());
        let upload = rest.request(Method::PUT, &file).body("whole");
        assert_eq!(send(upload).await.status, 200);
        let emulator = &running.emulator;
        emulator.set_fault(Endpoint::OneLake, Some(Fault::BreakOff));
        let refused = rest.get(&file).await;
        refused.assert_refused(503, "DOWNSTREAM_UNAVAILABLE");
        emulator.set_fault(Endpoint::OneLake, None);
        assert_eq!(rest.get(&file).await.body, b"whole");
    }
}

#[tokio::test]
async fn a_download_that_is_given_up_leaves_the_connection_and_the_service_well() {
    let running = Running::start().await;
    let content = content(6_000_000);
    for http in BOTH {
        let rest = Rest::of(&running, http);
        let file = format!("{}/large", files());
        let upload = rest.request(Method::PUT, &file).body(content.clone());
        assert_eq!(send(upload).await.status, 200);
        let mut begun = rest.request(Method::GET, &file).send().await.unwrap();
        let first = in_time("the first bytes", begun.chunk()).await.unwrap();
        assert!(first.is_some_and(|bytes| content.starts_with(&bytes)));
        drop(begun);
        assert_eq!(rest.get(&file).await.body.len(), content.len());
    }
}
