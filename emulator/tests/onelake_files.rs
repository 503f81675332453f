//! The bytes of files: appended at their position, shown once flushed, read whole or in part.

use aws_lc_rs::digest;
use emulator::{Settings, TokenRequest, seed};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;

use crate::access::{for_storage, header, sent};
use crate::support::{Harness, clock};

/// A file of the seeded lakehouse, and who writes it.
struct File<'a> {
    harness: &'a Harness,
    path: String,
    token: TokenRequest,
}

impl<'a> File<'a> {
    fn new(harness: &'a Harness, name: &str) -> Self {
        Self {
            harness,
            path: format!(
                "/{}/{}/Files/{name}",
                seed::WORKSPACE_ID,
                seed::LAKEHOUSE_ID
            ),
            token: for_storage(seed::CONSENTED),
        }
    }

    fn request(
        &self,
        method: Method,
        query: &str,
        body: impl Into<reqwest::Body>,
    ) -> RequestBuilder {
        let path = format!("{}{query}", self.path);
        self.harness.onelake(method, &path, &self.token, body)
    }

    async fn create(&self) {
        let request = self.request(Method::PUT, "?resource=file", Vec::new());
        assert_eq!(request.send().await.unwrap().status(), 201);
    }

    async fn append(&self, position: u64, bytes: impl Into<reqwest::Body>) -> (u16, Value) {
        let query = format!("?action=append&position={position}");
        sent(self.request(Method::PATCH, &query, bytes)).await
    }

    async fn flush(&self, position: u64) -> (u16, Value) {
        let query = format!("?action=flush&position={position}");
        sent(self.request(Method::PATCH, &query, Vec::new())).await
    }

    /// Creates or flushes, and answers the new entity tag.
    async fn write(&self, query: &str) -> String {
        let request = self.request(method(query), query, Vec::new());
        header(&request.send().await.unwrap(), "etag").to_owned()
    }

    /// The same for this version alone; or why not.
    async fn write_for(&self, etag: &str, query: &str) -> Result<String, (u16, String)> {
        let request = self.request(method(query), query, Vec::new());
        let response = request.header("if-match", etag).send().await.unwrap();
        if response.status().is_success() {
            return Ok(header(&response, "etag").to_owned());
        }
        let code = header(&response, "x-ms-error-code").to_owned();
        Err((response.status().as_u16(), code))
    }

    async fn read(&self) -> Response {
        self.request(Method::GET, "", Vec::new())
            .send()
            .await
            .unwrap()
    }

    async fn bytes(&self) -> Vec<u8> {
        self.read().await.bytes().await.unwrap().to_vec()
    }
}

fn method(query: &str) -> Method {
    if query.contains("resource=") {
        Method::PUT
    } else {
        Method::PATCH
    }
}

#[tokio::test]
async fn positions_count_bytes_and_not_characters() {
    let harness = Harness::start().await;
    let file = File::new(&harness, "gr%C3%BC%C3%9Fe.txt");
    file.create().await;
    let (first, second) = ("Grüße, ", "世界 🌍\n");
    assert_eq!((first.len(), first.chars().count()), (9, 7));
    assert_eq!(file.append(0, first).await.0, 202);
    let (status, body) = file.append(7, second).await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (400, &"InvalidAppendPosition".into())
    );
    assert_eq!(file.append(9, second).await.0, 202);
    let total = (first.len() + second.len()) as u64;
    let (status, body) = file.flush(14).await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (400, &"InvalidFlushPosition".into())
    );
    assert_eq!(file.flush(total).await.0, 200);
    assert_eq!(file.bytes().await, "Grüße, 世界 🌍\n".as_bytes());
}

#[tokio::test]
async fn appended_bytes_are_invisible_until_they_are_flushed() {
    let harness = Harness::start().await;
    let file = File::new(&harness, "notes.txt");
    file.create().await;
    assert_eq!(file.append(0, "one ").await.0, 202);
    assert_eq!(file.bytes().await, b"");
    let head = file.request(Method::HEAD, "?resource=file", Vec::new());
    assert_eq!(header(&head.send().await.unwrap(), "content-length"), "0");

    let before = header(&file.read().await, "etag").to_owned();
    assert_eq!(file.flush(4).await.0, 200);
    let response = file.read().await;
    assert_ne!(header(&response, "etag"), before);
    assert_eq!(response.text().await.unwrap(), "one ");
    assert_eq!(file.append(4, "two").await.0, 202);
    assert_eq!(file.bytes().await, b"one ");
    assert_eq!(file.flush(7).await.0, 200);
    assert_eq!(file.flush(7).await.0, 200, "again changes nothing");
    assert_eq!(file.bytes().await, b"one two");

    file.create().await;
    assert_eq!(file.bytes().await, b"", "creating a file empties it");
    assert_eq!(file.append(0, "three").await.0, 202);
    assert_eq!(file.flush(5).await.0, 200);
    assert_eq!(file.bytes().await, b"three");
}

#[tokio::test]
async fn a_create_or_flush_for_another_version_changes_nothing() {
    let harness = Harness::start().await;
    let file = File::new(&harness, "contested.txt");
    let create = "?resource=file";
    let changed = (412, "ConditionNotMet".into());
    assert_eq!(file.write_for("\"0x0\"", create).await.err(), Some(changed));
    assert_eq!(file.read().await.status(), 404);

    let created = file.write(create).await;
    assert_eq!(file.append(0, "first").await.0, 202);
    let head = file.request(Method::HEAD, "", Vec::new());
    assert_eq!(header(&head.send().await.unwrap(), "etag"), created);
    let flushed = file.write_for(&created, "?action=flush&position=5").await;
    let flushed = flushed.unwrap();
    assert_ne!(flushed, created);
    assert_eq!(header(&file.read().await, "etag"), flushed);

    // Neither what is known no more, nor what is no version at all.
    for etag in [&*created, "\"\"", "0x0"] {
        for query in [create, "?action=flush&position=5"] {
            let refused = file.write_for(etag, query).await;
            let changed = (412, "ConditionNotMet".into());
            assert_eq!(refused.err(), Some(changed), "{etag} {query}");
        }
    }
    assert_eq!(file.bytes().await, b"first");
    assert_eq!(header(&file.read().await, "etag"), flushed);

    let created = file.write_for(&flushed, create).await.unwrap();
    assert_ne!(created, flushed);
    assert_eq!(file.bytes().await, b"");
    let any = file.write_for("*", "?action=flush&position=0").await;
    assert_ne!(any.unwrap(), created);
}

#[tokio::test]
async fn a_flush_that_is_held_back_meets_what_has_become_of_the_file() {
    let harness = Harness::start().await;
    let file = File::new(&harness, "held.txt");
    let created = file.write("?resource=file").await;
    assert_eq!(file.append(0, "first").await.0, 202);
    let mut held = harness.emulator.hold_next_flush();
    let late = async {
        let late = file.write_for(&created, "?action=flush&position=5").await;
        late.err()
    };
    let meanwhile = async {
        held.arrived().await;
        file.create().await;
        assert_eq!(file.append(0, "other").await.0, 202);
        assert_eq!(file.flush(5).await.0, 200);
        drop(held);
    };
    let (late, ()) = tokio::join!(late, meanwhile);
    assert_eq!(late, Some((412, "ConditionNotMet".into())));
    assert_eq!(file.bytes().await, b"other");
    let flushes = harness
        .emulator
        .onelake_flushes(seed::LAKEHOUSE_ID, "Files/held.txt");
    assert_eq!(flushes, 1);
}

#[tokio::test]
async fn a_file_is_read_in_part() {
    let harness = Harness::start().await;
    let file = File::new(&harness, "digits.txt");
    file.create().await;
    file.append(0, "0123456789").await;
    file.flush(10).await;
    let ranged = async |range: &str| {
        let request = file.request(Method::GET, "", Vec::new());
        request.header("range", range).send().await.unwrap()
    };
    let cases = [
        ("bytes=2-4", "bytes 2-4/10", "234"),
        ("bytes=7-", "bytes 7-9/10", "789"),
        ("bytes=-2", "bytes 8-9/10", "89"),
        ("bytes=5-99", "bytes 5-9/10", "56789"),
    ];
    for (range, content_range, text) in cases {
        let response = ranged(range).await;
        assert_eq!(response.status(), 206, "{range}");
        assert_eq!(header(&response, "content-range"), content_range);
        assert_eq!(header(&response, "content-length"), text.len().to_string());
        assert_eq!(response.text().await.unwrap(), text);
    }
    let beyond = ranged("bytes=10-").await;
    assert_eq!(beyond.status(), 416);
    assert_eq!(header(&beyond, "content-range"), "bytes */10");
    assert_eq!(header(&beyond, "x-ms-error-code"), "InvalidRange");
    let disregarded = ranged("bytes=0-1,3-4").await;
    assert_eq!(disregarded.status(), 200);
    assert_eq!(disregarded.text().await.unwrap(), "0123456789");
}

#[tokio::test]
async fn the_length_of_a_body_must_be_announced_and_kept() {
    let harness = Harness::start().await;
    let file = File::new(&harness, "lengths.txt");
    file.create().await;
    for query in ["?action=flush&position=0", "?resource=file"] {
        let method = if query.contains("flush") {
            Method::PATCH
        } else {
            Method::PUT
        };
        let (status, body) = sent(file.request(method, query, "body")).await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (400, &"ContentLengthMustBeZero".into())
        );
    }
    // A stream of unknown length has no such header; that is how a client forgets it.
    let unsized_body = || reqwest::Body::wrap(Unsized);
    for query in ["?action=flush&position=0", "?action=append&position=0"] {
        let (status, body) = sent(file.request(Method::PATCH, query, unsized_body())).await;
        assert_eq!(
            (status, &body["error"]["code"]),
            (411, &"MissingContentLengthHeader".into())
        );
    }
    let (status, body) = file.append(0, vec![0; 8 * 1024 * 1024 + 1]).await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (413, &"RequestBodyTooLarge".into())
    );
    assert_eq!(file.append(0, vec![7; 8 * 1024 * 1024]).await.0, 202);
}

#[tokio::test]
async fn a_reader_keeps_what_it_began_to_read() {
    let harness = Harness::start().await;
    let file = File::new(&harness, "replaced.bin");
    file.create().await;
    let size = 4 * 1024 * 1024;
    file.append(0, vec![1; size]).await;
    file.flush(size as u64).await;
    let mut reading = file.read().await;
    let first = reading.chunk().await.unwrap().unwrap();
    file.create().await;
    let gone = file
        .request(Method::DELETE, "", Vec::new())
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), 200);
    let mut read = first.len();
    while let Some(chunk) = reading.chunk().await.unwrap() {
        assert!(chunk.iter().all(|byte| *byte == 1));
        read += chunk.len();
    }
    assert_eq!(read, size);
}

#[tokio::test]
async fn concurrent_appends_at_one_position_admit_one() {
    let harness = Harness::start().await;
    let file = File::new(&harness, "contended.bin");
    file.create().await;
    let append = |byte: u8| file.append(0, vec![byte; 300_000]);
    let (one, other) = tokio::join!(append(1), append(2));
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 400]);
    assert_eq!(file.flush(300_000).await.0, 200);
    let bytes = file.bytes().await;
    assert!(
        bytes.iter().all(|byte| *byte == bytes[0]),
        "one writer's bytes alone"
    );
}

#[tokio::test]
async fn content_leaves_nothing_in_the_state_directory() {
    let dir = std::env::temp_dir().join(format!("selvedge-onelake-{}", uuid::Uuid::new_v4()));
    let settings = Settings::new(([127, 0, 0, 1], 0).into(), clock()).with_state_dir(&dir);
    let harness = Harness::start_with(settings).await;
    let file = File::new(&harness, "somewhere.txt");
    file.create().await;
    file.append(0, "content").await;
    file.flush(7).await;
    assert_eq!(file.bytes().await, b"content");
    let names: Vec<String> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        names
            .iter()
            .all(|name| name.ends_with(".pem") || name.ends_with(".json")),
        "{names:?}"
    );
    harness.emulator.stop().await;
    std::fs::remove_dir_all(dir).unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_of_64_mib_passes_through_with_bounded_memory() {
    const CHUNK: usize = 1024 * 1024;
    const CHUNKS: usize = 64;

    let harness = Harness::start().await;
    let file = File::new(&harness, "large.bin");
    file.create().await;
    let before = resident_bytes();
    let mut most = before;
    let mut written = digest::Context::new(&digest::SHA256);
    let pattern: Vec<u8> = (0..CHUNK).map(|at| (at * 31) as u8).collect();
    for index in 0..CHUNKS {
        // No two chunks are alike, so that one in another's place is noticed.
        let mut chunk = pattern.clone();
        chunk[index] ^= 0xFF;
        written.update(&chunk);
        assert_eq!(file.append((index * CHUNK) as u64, chunk).await.0, 202);
        most = most.max(resident_bytes());
    }
    assert_eq!(file.flush((CHUNK * CHUNKS) as u64).await.0, 200);

    let mut response = file.read().await;
    assert_eq!(
        header(&response, "content-length"),
        (CHUNK * CHUNKS).to_string()
    );
    let mut read = digest::Context::new(&digest::SHA256);
    while let Some(chunk) = response.chunk().await.unwrap() {
        read.update(&chunk);
        most = most.max(resident_bytes());
    }
    assert_eq!(read.finish().as_ref(), written.finish().as_ref());
    // The client and the other tests are in the same process; half the file is far above them.
    let growth = most - before;
    assert!(growth < 32 * 1024 * 1024, "grew by {growth} bytes");
}

#[cfg(target_os = "linux")]
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kib: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}

/// A body that does not say how long it is.
struct Unsized;

impl http_body::Body for Unsized {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        std::task::Poll::Ready(None)
    }
}

#[tokio::test]
async fn a_test_sees_without_a_token_what_is_there_and_how_often_it_was_written() {
    let harness = Harness::start().await;
    let emulator = &harness.emulator;
    let file = File::new(&harness, "export/rows.csv");
    let path = "Files/export/rows.csv";
    assert_eq!(emulator.onelake_flushes(seed::LAKEHOUSE_ID, path), 0);
    file.create().await;
    assert_eq!(file.append(0, "id\n1\n").await.0, 202);
    let before = emulator.onelake_file(seed::LAKEHOUSE_ID, path).await;
    assert_eq!(before.as_deref(), Some(&b""[..]), "nothing is flushed");
    assert_eq!(file.flush(5).await.0, 200);

    let after = emulator.onelake_file(seed::LAKEHOUSE_ID, path).await;
    assert_eq!(after.as_deref(), Some(&b"id\n1\n"[..]));
    assert_eq!(emulator.onelake_flushes(seed::LAKEHOUSE_ID, path), 1);
    let listed = emulator.onelake_files(seed::LAKEHOUSE_ID, "Files/export");
    assert_eq!(listed, [path]);

    // A file that is written anew counts on.
    file.create().await;
    assert_eq!(file.append(0, "id\n").await.0, 202);
    assert_eq!(file.flush(3).await.0, 200);
    assert_eq!(emulator.onelake_flushes(seed::LAKEHOUSE_ID, path), 2);
    assert_eq!(
        emulator.onelake_file(seed::LAKEHOUSE_ID, "Files").await,
        None
    );
}
