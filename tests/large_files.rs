//! A file larger than the service may grow by, written and read through its streams.
//!
//! The service is a process of its own, so that its memory is nobody else's. Neither side of the
//! test holds the file: it is made and digested part by part.

use std::convert::Infallible;
use std::path::PathBuf;

use auth_interceptor::Clock;
use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use emulator::seed;
use http_body::Frame;
use http_body_util::StreamBody;
use selvedge::contracts::data::v1::lakehouse_service_client::LakehouseServiceClient;
use selvedge::contracts::data::v1::write_file_request::Part;
use selvedge::contracts::data::v1::{
    FileLocation, ListWorkspacesRequest, ReadFileRequest, WriteFileRequest,
};
use tonic::Request;
use tonic::transport::Channel;

use crate::fabric_calls::at;
use crate::support::process::ServiceProcess;
use crate::support::running::start_emulator;
use crate::support::temporary::TemporaryFolder;
use crate::support::{Call, eventually, user_token};

const FILE_BYTES: usize = 256 * 1024 * 1024;
const PART_BYTES: usize = 1024 * 1024;
/// What the service may grow by while the file passes through.
const GROWTH_BYTES: u64 = 64 * 1024 * 1024;

/// One part of a file that repeats nowhere: what is in it follows from its number.
fn part(number: usize) -> Bytes {
    let mut bytes = vec![0_u8; PART_BYTES];
    let mut state = number as u64 ^ 0x9e37_79b9_7f4a_7c15;
    for word in bytes.chunks_exact_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        word.copy_from_slice(&state.to_le_bytes());
    }
    bytes.into()
}

fn digest_of_file() -> Vec<u8> {
    let mut digest = Context::new(&SHA256);
    for number in 0..FILE_BYTES / PART_BYTES {
        digest.update(&part(number));
    }
    digest.finish().as_ref().to_vec()
}

/// The most memory that the process has had resident since the mark was reset.
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<u64>().unwrap() * 1024
}

/// Makes the peak what the process has resident now (proc(5), `clear_refs`).
fn reset_peak(process: u32) {
    let file = PathBuf::from(format!("/proc/{process}/clear_refs"));
    std::fs::write(file, "5").unwrap();
}

fn authorized<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let bearer = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", bearer);
    request
}

async fn write(client: &mut LakehouseServiceClient<Channel>, token: &str, to: FileLocation) {
    let location = std::iter::once(Part::Location(to));
    let parts = (0..FILE_BYTES / PART_BYTES).map(|number| Part::Content(part(number)));
    let messages = location
        .chain(parts)
        .map(|part| WriteFileRequest { part: Some(part) });
    let stream = futures_util::stream::iter(messages);
    let written = client.write_file(authorized(stream, token)).await.unwrap();
    let size = usize::try_from(written.into_inner().size_bytes).unwrap();
    assert_eq!(size, FILE_BYTES);
}

async fn read(client: &mut LakehouseServiceClient<Channel>, token: &str, from: FileLocation) {
    let request = ReadFileRequest {
        location: Some(from),
        ..ReadFileRequest::default()
    };
    let answer = client.read_file(authorized(request, token)).await.unwrap();
    let mut stream = answer.into_inner();
    let mut digest = Context::new(&SHA256);
    let mut size = 0;
    while let Some(message) = stream.message().await.unwrap() {
        digest.update(&message.content);
        size += message.content.len();
    }
    assert_eq!(size, FILE_BYTES);
    assert!(digest.finish().as_ref() == digest_of_file(), "other bytes");
}

/// The same file over REST, in one body each way.
async fn write_and_read_over_rest(served: &ServiceProcess, token: &str) {
    let url = format!(
        "http://{}/workload/data/v1/workspaces/{}/lakehouses/{}/files/large.bin",
        served.address,
        seed::WORKSPACE_ID,
        seed::LAKEHOUSE_ID
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let parts =
        (0..FILE_BYTES / PART_BYTES).map(|number| Ok::<_, Infallible>(Frame::data(part(number))));
    let body = reqwest::Body::wrap(StreamBody::new(futures_util::stream::iter(parts)));
    let upload = client.put(&url).bearer_auth(token).body(body);
    let written = upload.send().await.unwrap().error_for_status().unwrap();
    let written: serde_json::Value = written.json().await.unwrap();
    assert_eq!(written["sizeBytes"], FILE_BYTES.to_string());

    let download = client.get(&url).bearer_auth(token);
    let mut read = download.send().await.unwrap().error_for_status().unwrap();
    let mut digest = Context::new(&SHA256);
    while let Some(bytes) = read.chunk().await.unwrap() {
        digest.update(&bytes);
    }
    assert!(digest.finish().as_ref() == digest_of_file(), "other bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_256_mib_passes_through_in_less_than_64_mib() {
    let emulator = start_emulator(Clock::system()).await;
    let folder = TemporaryFolder::new();
    // What is measured is a service that logs as in production, not every step of its own.
    let served = ServiceProcess::start(&emulator, folder.path(), "selvedge=info").await;
    let scopes = ["workspaces.read", "lakehouse.write", "lakehouse.read"];
    let token = user_token(&emulator, seed::CONSENTED, &scopes);
    let raw = served.client().await;
    eventually("a downstream call is served", async || {
        let call = Call::to("/selvedge.data.v1.WorkspaceService/ListWorkspaces").bearer(&token);
        let call = call.message(&ListWorkspacesRequest::default());
        raw.send(&call).await.verdict() == "OK"
    })
    .await;
    let channel = Channel::from_shared(format!("http://{}", served.address)).unwrap();
    let mut client = LakehouseServiceClient::new(channel.connect().await.unwrap());

    reset_peak(served.id());
    let before = peak(served.id());
    write(&mut client, &token, at("large.bin")).await;
    read(&mut client, &token, at("large.bin")).await;
    write_and_read_over_rest(&served, &token).await;
    let growth = peak(served.id()) - before;
    assert!(growth < GROWTH_BYTES, "{} MiB", growth >> 20);
}
