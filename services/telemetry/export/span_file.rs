//! A span file: one OTLP request a line, as JSON, the form that the OpenTelemetry collector's file
//! exporter writes and its receiver of such files reads.
//!
//! It is bounded: a file that has grown full becomes the older one, in place of the one before. It
//! is opened for each batch, so that whoever removes or moves it takes nothing but what it held.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::trace::SpanData;

use super::otlp;
use super::queue::Deliver;

#[cfg(test)]
mod tests;

/// How large a file grows, but for its last batch.
const FULL: u64 = 32 * 1024 * 1024;
/// The spans of a line: few enough that a reader need not hold much.
const SPANS_OF_A_LINE: usize = 32;

/// Where the spans are that `file` held before it was full.
#[must_use]
pub fn older(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".1");
    name.into()
}

/// A file that spans are written to.
pub(super) struct SpanFile {
    writer: Arc<Mutex<Writer>>,
    resource: ResourceAttributesWithSchema,
}

#[derive(Debug)]
struct Writer {
    path: PathBuf,
    full: u64,
}

impl SpanFile {
    /// # Errors
    ///
    /// A file that cannot be opened or appended to.
    pub(super) fn open(path: &Path, resource: ResourceAttributesWithSchema) -> io::Result<Self> {
        let writer = Writer {
            path: path.to_owned(),
            full: FULL,
        };
        writer.open()?;
        Ok(Self {
            writer: Arc::new(Mutex::new(writer)),
            resource,
        })
    }
}

impl Deliver for SpanFile {
    async fn deliver(&self, mut batch: Vec<SpanData>) -> usize {
        let spans = batch.len();
        let mut lines = Vec::new();
        while !batch.is_empty() {
            let rest = batch.split_off(batch.len().min(SPANS_OF_A_LINE));
            lines.push(otlp::request(
                std::mem::replace(&mut batch, rest),
                &self.resource,
            ));
        }
        let writer = Arc::clone(&self.writer);
        // A disk may stand still, which no task of a call may notice.
        let written = tokio::task::spawn_blocking(move || match writer.try_lock() {
            Ok(writer) => writer.append(&lines),
            // It still stands still.
            Err(_) => Err(io::ErrorKind::WouldBlock.into()),
        });
        match written.await {
            Ok(Ok(())) => 0,
            _ => spans,
        }
    }
}

impl Writer {
    fn append(&self, lines: &[ExportTraceServiceRequest]) -> io::Result<()> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line)?;
            text.push(b'\n');
        }
        let mut file = self.open()?;
        let mut length = file.metadata()?.len();
        if length > 0 && length + text.len() as u64 > self.full {
            std::fs::rename(&self.path, older(&self.path))?;
            (file, length) = (self.open()?, 0);
        }
        // A process that was killed, or a disk that was full, may have left half a line.
        if length > 0 && !ends_a_line(&mut file)? {
            text.insert(0, b'\n');
        }
        file.write_all(&text)
    }

    fn open(&self) -> io::Result<File> {
        OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(&self.path)
    }
}

fn ends_a_line(file: &mut File) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}
