//! Files and tables, as OneLake's DFS API has them, and how much of a file is in memory at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{Notify, Semaphore};
use uuid::Uuid;

use super::stub::{Stub, answer, json};
use super::tokens::FakeTokens;
use crate::downstream::{Download, DownstreamError, Entry, FilePath, Lakehouse, Range, Version};

const WORKSPACE: &str = "00000000-0000-0000-0000-000000000011";
const ITEM: &str = "00000000-0000-0000-0000-000000000022";
const LAKEHOUSE: Lakehouse = Lakehouse {
    workspace_id: Uuid::from_u128(0x11),
    item_id: Uuid::from_u128(0x22),
};
const MIB: usize = 1024 * 1024;

fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

fn ok(status: u16) -> Response {
    answer(status, &[], "")
}

/// The answer to a create.
fn created() -> Response {
    answer(201, &[("etag", "\"0x1\"")], "")
}

/// An upload of one byte that writes over what was seen.
async fn replaced(stub: &Stub, seen: Option<Version>) -> Result<u64, DownstreamError> {
    let call = FakeTokens::of("megan").call();
    let onelake = &stub.downstream.onelake;
    let upload = onelake.upload(&call, LAKEHOUSE, &path("f"));
    let mut upload = upload.replacing(seen);
    upload.append(Bytes::from_static(b"x")).await?;
    upload.finish().await
}

#[tokio::test]
async fn a_file_is_created_appended_by_byte_positions_and_flushed() {
    let stub = Stub::answering([created(), ok(202), ok(202), ok(200)]).await;
    let call = FakeTokens::of("megan").call();
    let mut upload =
        stub.downstream
            .onelake
            .upload(&call, LAKEHOUSE, &path("d\u{e9}j\u{e0}/vu.txt"));
    let text = "\u{1f9f5}".repeat(MIB + 1);
    let bytes = Bytes::from(text.clone());
    upload.append(bytes.slice(..5)).await.unwrap();
    upload.append(bytes.slice(5..)).await.unwrap();
    assert_eq!(upload.finish().await.unwrap(), 4 * MIB as u64 + 4);

    let file = format!("/{WORKSPACE}/{ITEM}/Files/d%C3%A9j%C3%A0/vu.txt");
    assert_eq!(
        stub.lines(),
        [
            format!("PUT {file}?resource=file"),
            format!("PATCH {file}?action=append&position=0"),
            format!("PATCH {file}?action=append&position=4194304"),
            format!("PATCH {file}?action=flush&position=4194308"),
        ]
    );
    let asked = stub.asked();
    let written: Vec<u8> = asked.iter().flat_map(|asked| asked.body.to_vec()).collect();
    assert!(written == text.as_bytes());
    let conditions = asked.iter().map(|asked| asked.header("if-match"));
    let of_its_own = [None, None, None, Some("\"0x1\"")];
    assert!(conditions.eq(of_its_own));
    for empty in [&asked[0], &asked[3]] {
        assert_eq!(empty.header("content-length"), Some("0"));
    }
}

#[tokio::test]
async fn an_empty_file_is_created_and_flushed() {
    let stub = Stub::answering([created(), ok(200)]).await;
    let call = FakeTokens::of("megan").call();
    let upload = stub
        .downstream
        .onelake
        .upload(&call, LAKEHOUSE, &path("empty"));
    assert_eq!(upload.finish().await.unwrap(), 0);
    let steps: Vec<_> = stub.asked().into_iter().map(|asked| asked.method).collect();
    assert_eq!(steps, ["PUT", "PATCH"]);
}

#[tokio::test]
async fn a_file_is_written_over_as_it_was_seen() {
    let seen = [("etag", "\"0x7\""), ("content-length", "3")];
    let stub = Stub::answering([
        answer(404, &[("x-ms-error-code", "PathNotFound")], ""),
        created(),
        ok(202),
        ok(200),
        answer(200, &seen, "abc"),
        created(),
        ok(202),
        ok(200),
        answer(200, &seen[1..], "abc"),
    ])
    .await;
    let call = FakeTokens::of("megan").call();
    let version = async || {
        let onelake = &stub.downstream.onelake;
        onelake.version(&call, LAKEHOUSE, &path("f")).await
    };
    let absent = version().await.unwrap();
    assert_eq!(absent, None);
    assert_eq!(replaced(&stub, absent).await, Ok(1));
    let present = version().await.unwrap();
    assert_eq!(present.as_ref().map(|seen| seen.size), Some(3));
    assert_eq!(replaced(&stub, present).await, Ok(1));
    let nameless = version().await;
    assert!(matches!(nameless, Err(DownstreamError::ResponseInvalid(_))));

    let asked = stub.asked();
    let conditions = [1, 5].map(|create| {
        let create = &asked[create];
        [create.header("if-none-match"), create.header("if-match")]
    });
    assert_eq!(conditions, [[Some("*"), None], [None, Some("\"0x7\"")]]);
}

#[tokio::test]
async fn a_writer_whom_another_overtakes_is_told_at_any_step() {
    let refused = |status, code| answer(status, &[("x-ms-error-code", code)], "");
    let changed = || refused(412, "ConditionNotMet");
    for answers in [
        vec![refused(409, "PathAlreadyExists")],
        vec![changed()],
        vec![created(), refused(400, "InvalidAppendPosition")],
        vec![created(), ok(202), refused(400, "InvalidFlushPosition")],
        vec![created(), ok(202), changed()],
    ] {
        let steps = answers.len();
        let stub = Stub::answering(answers).await;
        let error = replaced(&stub, None).await.unwrap_err();
        assert!(matches!(error, DownstreamError::Overtaken(_)), "{error}");
        assert_eq!(stub.asked().len(), steps);
    }

    // After an answer that was lost, what it finds may be its own work.
    let lost = answer(500, &[], "");
    let stub = Stub::answering([created(), ok(202), lost, changed()]).await;
    let error = replaced(&stub, None).await.unwrap_err();
    assert!(
        matches!(error, DownstreamError::Unavailable { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn an_upload_that_is_given_up_flushes_nothing_and_a_short_one_touches_nothing() {
    let stub = Stub::answering([created(), ok(202), ok(200)]).await;
    let call = FakeTokens::of("megan").call();
    let mut upload = stub.downstream.onelake.upload(&call, LAKEHOUSE, &path("f"));
    upload
        .append(Bytes::from(vec![0; 4 * MIB - 1]))
        .await
        .unwrap();
    assert!(stub.asked().is_empty());
    upload.append(Bytes::from_static(b"x")).await.unwrap();
    drop(upload);
    let lines = stub.lines();
    assert_eq!(lines.len(), 2);
    assert!(
        lines
            .iter()
            .all(|line| !line.contains("flush") && !line.starts_with("DELETE"))
    );
}

#[tokio::test]
async fn an_upload_takes_no_more_than_onelake_does() {
    // OneLake takes a part only when the test lets it.
    let gate = Arc::new(Semaphore::new(0));
    let waiting = Arc::clone(&gate);
    let router = Router::new().fallback(move |request: Request| {
        let gate = Arc::clone(&waiting);
        async move {
            let creates = request.method() == "PUT";
            axum::body::to_bytes(request.into_body(), usize::MAX)
                .await
                .unwrap();
            if !creates {
                gate.acquire().await.unwrap().forget();
            }
            if creates { created() } else { ok(202) }
        }
    });
    let stub = Stub::running(router).await;
    let call = FakeTokens::of("megan").call();
    let mut upload = stub
        .downstream
        .onelake
        .upload(&call, LAKEHOUSE, &path("large"));
    let part = Bytes::from(vec![7; 4 * MIB]);
    for _ in 0..4 {
        let mut append = Box::pin(upload.append(part.clone()));
        assert!(futures_util::poll!(&mut append).is_pending());
        gate.add_permits(1);
        append.await.unwrap();
        assert_eq!(gate.available_permits(), 0);
    }
}

async fn read(download: &mut Download) -> Result<Vec<u8>, DownstreamError> {
    let mut whole = Vec::new();
    while let Some(part) = download.next().await? {
        assert!(part.len() <= 256 * 1024);
        whole.extend_from_slice(&part);
    }
    Ok(whole)
}

#[tokio::test]
async fn a_file_or_a_range_of_it_is_read_as_it_is() {
    let content: Vec<u8> = (0..600 * 1024_u32).map(|n| n.to_le_bytes()[0]).collect();
    let stub = Stub::answering([
        answer(200, &[("content-encoding", "gzip")], content.clone()),
        answer(206, &[], content[10..15].to_vec()),
        ok(200),
    ])
    .await;
    let call = FakeTokens::of("megan").call();
    let onelake = &stub.downstream.onelake;
    let all = Range::default();
    let some = Range {
        offset: 10,
        length: Some(5),
    };
    let mut download = onelake
        .download(&call, LAKEHOUSE, &path("f"), all)
        .await
        .unwrap();
    assert!(read(&mut download).await.unwrap() == content);
    let mut download = onelake
        .download(&call, LAKEHOUSE, &path("f"), some)
        .await
        .unwrap();
    assert_eq!(read(&mut download).await.unwrap(), content[10..15]);
    let mut download = onelake
        .download(&call, LAKEHOUSE, &path("f"), all)
        .await
        .unwrap();
    assert!(read(&mut download).await.unwrap().is_empty());

    let asked = stub.asked();
    assert_eq!(asked[0].line(), format!("GET /{WORKSPACE}/{ITEM}/Files/f"));
    assert_eq!(asked[0].header("range"), None);
    assert_eq!(asked[0].header("accept-encoding"), Some("identity"));
    assert_eq!(asked[1].header("range"), Some("bytes=10-14"));
}

#[tokio::test]
async fn a_read_that_breaks_off_or_brings_too_much_is_no_file() {
    let some = Range {
        offset: 1,
        length: Some(5),
    };
    // It breaks once the first part has been read.
    let first = Arc::new(Notify::new());
    let read_first = Arc::clone(&first);
    let parts = stream::unfold(0, move |number| {
        let first = Arc::clone(&first);
        async move {
            if number == 0 {
                return Some((Ok(Bytes::from(vec![1; 300 * 1024])), 1));
            }
            first.notified().await;
            Some((Err(std::io::Error::other("broken")), 2))
        }
    });
    let stub = Stub::answering([
        answer(200, &[], Body::from_stream(parts)),
        answer(206, &[], "sixsix"),
        answer(200, &[], "whole"),
        answer(416, &[("x-ms-error-code", "InvalidRange")], ""),
    ])
    .await;
    let call = FakeTokens::of("megan").call();
    let onelake = &stub.downstream.onelake;
    let whole = Range::default();
    let mut download = onelake
        .download(&call, LAKEHOUSE, &path("f"), whole)
        .await
        .unwrap();
    assert!(download.next().await.unwrap().is_some());
    read_first.notify_one();
    let broken = read(&mut download).await.unwrap_err();
    assert!(matches!(broken, DownstreamError::Unavailable { .. }));
    let mut download = onelake
        .download(&call, LAKEHOUSE, &path("f"), some)
        .await
        .unwrap();
    let too_much = read(&mut download).await.unwrap_err();
    assert!(matches!(too_much, DownstreamError::ResponseInvalid(_)));
    let ignored = onelake.download(&call, LAKEHOUSE, &path("f"), some).await;
    assert!(matches!(
        ignored.err(),
        Some(DownstreamError::ResponseInvalid(_))
    ));
    let beyond = onelake
        .download(&call, LAKEHOUSE, &path("f"), some)
        .await
        .err();
    assert!(
        matches!(beyond, Some(DownstreamError::Rejected(call)) if call.error_code.as_deref() == Some("InvalidRange"))
    );
}

#[tokio::test]
async fn onelake_sends_no_more_than_is_read() {
    let made = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&made);
    let chunk = Bytes::from(vec![7; 64 * 1024]);
    let router = Router::new().fallback(move || {
        let (counted, chunk) = (Arc::clone(&counted), chunk.clone());
        let endless = stream::repeat_with(move || {
            counted.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            Ok::<_, std::io::Error>(chunk.clone())
        });
        async { answer(200, &[], Body::from_stream(endless)) }
    });
    let stub = Stub::running(router).await;
    let call = FakeTokens::of("megan").call();
    let whole = Range::default();
    let onelake = &stub.downstream.onelake;
    let mut download = onelake
        .download(&call, LAKEHOUSE, &path("f"), whole)
        .await
        .unwrap();
    let mut taken = 0;
    while taken < 64 * MIB as u64 {
        taken += download.next().await.unwrap().unwrap().len() as u64;
        // Let the server send all that it may.
        tokio::task::yield_now().await;
        let ahead = made.load(Ordering::Relaxed).saturating_sub(taken);
        assert!(ahead <= 16 * MIB as u64, "{ahead} bytes ahead");
    }
}

#[tokio::test]
async fn files_are_listed_below_the_folder_that_was_asked_for() {
    let page = format!(
        r#"{{"paths":[
            {{"name":"{ITEM}/Files/d/a b.txt","contentLength":"12",
              "lastModified":"Sun, 06 Nov 1994 08:49:37 GMT","etag":"x"}},
            {{"name":"{ITEM}/Files/d/sub","isDirectory":"true"}}]}}"#
    );
    let elsewhere = r#"{"paths":[{"name":"00000000-0000-0000-0000-000000000099/Files/x"}]}"#;
    let stub = Stub::answering([
        answer(200, &[("x-ms-continuation", "n&1")], page),
        json(200, r#"{"paths":[]}"#),
        json(200, elsewhere),
        answer(200, &[("x-ms-continuation", "same")], r#"{"paths":[]}"#),
    ])
    .await;
    let call = FakeTokens::of("megan").call();
    let onelake = &stub.downstream.onelake;
    let folder = path("d");
    let page = onelake
        .list(&call, LAKEHOUSE, Some(&folder), true, None)
        .await
        .unwrap();
    assert_eq!(
        page.entries,
        [
            Entry {
                path: "d/a b.txt".into(),
                is_folder: false,
                size: 12,
                update_time: Some(784_111_777),
            },
            Entry {
                path: "d/sub".into(),
                is_folder: true,
                size: 0,
                update_time: None,
            },
        ]
    );
    let next = page.continuation.unwrap();
    let page = onelake
        .list(&call, LAKEHOUSE, None, false, Some(&next))
        .await
        .unwrap();
    assert!(page.entries.is_empty() && page.continuation.is_none());
    assert_eq!(
        stub.lines(),
        [
            format!(
                "GET /{WORKSPACE}?resource=filesystem&directory={ITEM}%2FFiles%2Fd&recursive=true&maxResults=500"
            ),
            format!(
                "GET /{WORKSPACE}?resource=filesystem&directory={ITEM}%2FFiles&recursive=false&maxResults=500&continuation=n%261"
            ),
        ]
    );

    let foreign = onelake.list(&call, LAKEHOUSE, None, false, None).await;
    assert!(matches!(foreign, Err(DownstreamError::ResponseInvalid(_))));
    let endless = onelake
        .list(&call, LAKEHOUSE, None, false, Some("same"))
        .await;
    assert!(matches!(endless, Err(DownstreamError::ResponseInvalid(_))));
}

#[tokio::test]
async fn tables_are_gathered_from_all_pages() {
    let first = format!(
        r#"{{"paths":[
            {{"name":"{ITEM}/Tables/sales","isDirectory":"true"}},
            {{"name":"{ITEM}/Tables/sales/_delta_log","isDirectory":"true"}},
            {{"name":"{ITEM}/Tables/sales/_delta_log/0.json"}},
            {{"name":"{ITEM}/Tables/linked","isShortcut":true,"accountType":"ADLS"}},
            {{"name":"{ITEM}/Tables/linked/_delta_log","isDirectory":true}},
            {{"name":"{ITEM}/Tables/other","isShortcut":true,"accountType":"S3"}}]}}"#
    );
    let second = format!(
        r#"{{"paths":[{{"name":"{ITEM}/Tables/dbo/orders/_delta_log","isDirectory":"true"}}]}}"#
    );
    let stub = Stub::answering([
        answer(200, &[("x-ms-continuation", "n")], first),
        json(200, &second),
    ])
    .await;
    let call = FakeTokens::of("megan").call();
    let tables = stub
        .downstream
        .onelake
        .list_tables(&call, LAKEHOUSE)
        .await
        .unwrap();
    let paths: Vec<_> = tables.iter().map(|table| &*table.path).collect();
    assert_eq!(
        paths,
        ["Tables/dbo/orders", "Tables/linked", "Tables/sales"]
    );
    assert_eq!(tables[0].schema.as_deref(), Some("dbo"));
    let lines = stub.lines();
    assert!(lines[0].contains("recursive=true") && lines[0].contains("getShortcutMetadata=true"));
    assert!(lines[1].ends_with("&continuation=n"));
}

#[tokio::test]
async fn a_deletion_goes_on_until_all_is_gone() {
    let stub = Stub::answering([
        answer(200, &[("x-ms-continuation", "n")], ""),
        ok(200),
        answer(404, &[("x-ms-error-code", "PathNotFound")], ""),
    ])
    .await;
    let call = FakeTokens::of("megan").call();
    let onelake = &stub.downstream.onelake;
    onelake
        .delete(&call, LAKEHOUSE, &path("a/b"))
        .await
        .unwrap();
    let absent = onelake
        .delete(&call, LAKEHOUSE, &path("a/b"))
        .await
        .unwrap_err();
    assert!(matches!(absent, DownstreamError::NotFound(_)));
    let file = format!("DELETE /{WORKSPACE}/{ITEM}/Files/a/b?recursive=true");
    assert_eq!(
        stub.lines(),
        [file.clone(), format!("{file}&continuation=n"), file]
    );
}
