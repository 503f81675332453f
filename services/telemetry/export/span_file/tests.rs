//! What a span file holds, on a real disk.

use std::time::SystemTime;

use opentelemetry::InstrumentationScope;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

use super::*;

/// A span of that trace.
fn span(trace: u128) -> SpanData {
    SpanData {
        span_context: SpanContext::new(
            TraceId::from(trace),
            SpanId::from(1),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        ),
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Server,
        name: "call".into(),
        start_time: SystemTime::UNIX_EPOCH,
        end_time: SystemTime::UNIX_EPOCH,
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::default(),
    }
}

/// The trace ids in a file, in their order; every line of it is a whole request.
fn traces(path: &Path) -> Vec<u128> {
    let text = std::fs::read_to_string(path).unwrap();
    let requests = text
        .lines()
        .map(|line| serde_json::from_str::<ExportTraceServiceRequest>(line).unwrap());
    requests
        .flat_map(|request| request.resource_spans)
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .map(|span| u128::from_be_bytes(span.trace_id.try_into().unwrap()))
        .collect()
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(uuid::Uuid::new_v4().to_string());
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("spans.jsonl")
    }

    fn open(&self, full: u64) -> SpanFile {
        SpanFile {
            writer: Arc::new(Mutex::new(Writer {
                path: self.file(),
                full,
            })),
            resource: ResourceAttributesWithSchema::default(),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn spans_are_written_in_lines_of_whole_requests() {
    let folder = Folder::new();
    let file = SpanFile::open(&folder.file(), ResourceAttributesWithSchema::default()).unwrap();
    let spans: Vec<_> = (0..100).map(span).collect();
    assert_eq!(file.deliver(spans).await, 0);
    assert_eq!(traces(&folder.file()), (0..100).collect::<Vec<_>>());
    let text = std::fs::read_to_string(folder.file()).unwrap();
    assert_eq!(text.lines().count(), 100_usize.div_ceil(SPANS_OF_A_LINE));
    // Ids are hexadecimal there, unlike other bytes (OTLP, JSON Protobuf Encoding).
    assert!(text.contains(r#""traceId":"00000000000000000000000000000063""#));
}

#[tokio::test]
async fn a_full_file_becomes_the_older_one_and_there_are_never_more_than_two() {
    let folder = Folder::new();
    let file = folder.open(1);
    for trace in [1, 2, 3] {
        assert_eq!(file.deliver(vec![span(trace)]).await, 0);
    }
    assert_eq!(traces(&folder.file()), [3]);
    assert_eq!(traces(&older(&folder.file())), [2]);
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 2);
}

#[tokio::test]
async fn half_a_line_of_a_killed_process_spoils_no_other() {
    let folder = Folder::new();
    std::fs::write(folder.file(), "{\"resourceSp").unwrap();
    assert_eq!(folder.open(FULL).deliver(vec![span(1)]).await, 0);
    let text = std::fs::read_to_string(folder.file()).unwrap();
    let (half, rest) = text.split_once('\n').unwrap();
    assert_eq!(half, "{\"resourceSp");
    std::fs::write(folder.file(), rest).unwrap();
    assert_eq!(traces(&folder.file()), [1]);
}

#[tokio::test]
async fn a_file_that_is_taken_away_comes_again_and_one_that_cannot_be_written_is_lost() {
    let folder = Folder::new();
    let file = folder.open(FULL);
    assert_eq!(file.deliver(vec![span(1)]).await, 0);
    std::fs::remove_file(folder.file()).unwrap();
    assert_eq!(file.deliver(vec![span(2)]).await, 0);
    assert_eq!(traces(&folder.file()), [2]);
    std::fs::remove_file(folder.file()).unwrap();
    std::fs::create_dir(folder.file()).unwrap();
    assert_eq!(file.deliver(vec![span(3), span(4)]).await, 2);
}

#[tokio::test]
#[expect(
    clippy::await_holding_lock,
    reason = "it stands for a write that does not come back"
)]
async fn a_disk_that_stands_still_costs_spans_and_no_second_thread() {
    let folder = Folder::new();
    let file = folder.open(FULL);
    let stands_still = Arc::clone(&file.writer);
    let writing = stands_still.lock().unwrap();
    assert_eq!(file.deliver(vec![span(1)]).await, 1);
    drop(writing);
    assert_eq!(file.deliver(vec![span(2)]).await, 0);
}
