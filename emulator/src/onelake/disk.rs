//! The bytes of files, on disk: in temporary files that have no name, so that nothing is left of
//! them however the emulator ends.
//!
//! A file of any size passes through in chunks. Space and open files are capped for all together.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::task::{self, JoinHandle};

use crate::locked::Locked;

/// Bytes of all files together.
const BYTES: u64 = 16 << 30;
/// Files with content; each holds a descriptor.
const FILES: usize = 512;
/// Bytes read or written at a time.
pub(super) const CHUNK: usize = 256 * 1024;

/// Where content goes, and how much there is.
#[derive(Debug)]
pub(crate) struct Disk {
    /// `None` for the system's temporary directory.
    directory: Option<PathBuf>,
    used: Locked<Used>,
}

#[derive(Debug, Default)]
struct Used {
    bytes: u64,
    files: usize,
}

/// Why bytes were not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unwritable {
    /// There are as many as may be.
    Full,
    /// The system would not.
    Failed,
}

impl Disk {
    pub(crate) fn new(directory: Option<PathBuf>) -> Self {
        Self {
            directory,
            used: Locked::default(),
        }
    }

    fn open(&self) -> Result<File, Unwritable> {
        let mut used = self.used.lock();
        if used.files >= FILES {
            return Err(Unwritable::Full);
        }
        let file = match &self.directory {
            Some(directory) => tempfile::tempfile_in(directory),
            None => tempfile::tempfile(),
        }
        .map_err(failed)?;
        used.files += 1;
        Ok(file)
    }

    fn reserve(&self, bytes: u64) -> Result<(), Unwritable> {
        let mut used = self.used.lock();
        if BYTES - used.bytes < bytes {
            return Err(Unwritable::Full);
        }
        used.bytes += bytes;
        Ok(())
    }
}

/// The content of one file: what was flushed, and behind it what was only appended.
#[derive(Debug)]
pub(super) struct Content {
    disk: Arc<Disk>,
    /// Appends and flushes take turns.
    writer: Arc<Mutex<Extent>>,
    flushed: Locked<Flushed>,
}

/// How far a file is written.
#[derive(Debug, Default)]
struct Extent {
    /// Opened by the first append.
    file: Option<Arc<File>>,
    appended: u64,
    /// Also counts what a broken append left behind the end.
    reserved: u64,
}

/// What readers see.
#[derive(Clone, Debug, Default)]
struct Flushed {
    file: Option<Arc<File>>,
    length: u64,
}

impl Content {
    pub(super) fn new(disk: Arc<Disk>) -> Arc<Self> {
        Arc::new(Self {
            disk,
            writer: Arc::default(),
            flushed: Locked::default(),
        })
    }

    /// The content of a seeded file, written on the calling thread.
    pub(super) fn with_bytes(disk: Arc<Disk>, bytes: &[u8]) -> Result<Arc<Self>, Unwritable> {
        let content = Self::new(disk);
        let extent = content.writer.clone().try_lock_owned();
        let writer = Writer {
            at: 0,
            content: content.clone(),
            // Nobody else has it yet.
            extent: extent.map_err(|_| Unwritable::Failed)?,
        };
        let mut writer = writer.write_now(bytes)?;
        writer.extent.appended = writer.at;
        writer.flush();
        Ok(content)
    }

    /// The length that readers see.
    pub(super) fn length(&self) -> u64 {
        self.flushed.lock().length
    }

    /// Waits for a turn to write.
    pub(super) async fn writer(self: &Arc<Self>) -> Writer {
        let extent = self.writer.clone().lock_owned().await;
        Writer {
            at: extent.appended,
            content: self.clone(),
            extent,
        }
    }

    /// The flushed bytes from `start` on, as many as `length`.
    pub(super) fn read(self: &Arc<Self>, start: u64, length: u64) -> Reader {
        Reader {
            file: self.flushed.lock().file.clone(),
            _content: self.clone(),
            at: start,
            remaining: length,
            pending: None,
        }
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        // Nobody else is left to hold the lock.
        if let Ok(extent) = self.writer.try_lock() {
            let mut used = self.disk.used.lock();
            used.bytes -= extent.reserved;
            used.files -= usize::from(extent.file.is_some());
        }
    }
}

/// A turn to write to a file. What it wrote counts only once it is kept.
pub(super) struct Writer {
    /// Before the content, which needs the lock when it is the last to go.
    extent: OwnedMutexGuard<Extent>,
    content: Arc<Content>,
    at: u64,
}

impl Writer {
    /// Where the appended bytes end.
    pub(super) fn position(&self) -> u64 {
        self.extent.appended
    }

    /// Writes a chunk behind the last. The turn goes with the bytes and comes back with them, so
    /// that a caller who gives up does not let the next one write under them.
    pub(super) async fn write(self, chunk: BytesMut) -> Result<Self, Unwritable> {
        task::spawn_blocking(move || self.write_now(&chunk))
            .await
            .unwrap_or(Err(Unwritable::Failed))
    }

    /// The same on the calling thread.
    pub(super) fn write_now(mut self, chunk: &[u8]) -> Result<Self, Unwritable> {
        let end = self.at.saturating_add(chunk.len() as u64);
        if let Some(more) = end.checked_sub(self.extent.reserved) {
            self.content.disk.reserve(more)?;
            self.extent.reserved = end;
        }
        let file = match &self.extent.file {
            Some(file) => file.clone(),
            None => {
                let file = Arc::new(self.content.disk.open()?);
                self.extent.file.insert(file).clone()
            }
        };
        positioned::write_all_at(&file, chunk, self.at).map_err(failed)?;
        self.at = end;
        Ok(self)
    }

    /// Makes what was written part of the file.
    pub(super) fn keep(mut self) {
        self.extent.appended = self.at;
    }

    /// Shows readers everything that was appended.
    pub(super) fn flush(self) {
        *self.content.flushed.lock() = Flushed {
            file: self.extent.file.clone(),
            length: self.extent.appended,
        };
    }
}

/// A body of bytes from disk, a chunk in memory at a time.
pub(super) struct Reader {
    file: Option<Arc<File>>,
    /// Keeps the file and its share of the disk while somebody reads, even when it is deleted.
    _content: Arc<Content>,
    at: u64,
    remaining: u64,
    pending: Option<JoinHandle<io::Result<BytesMut>>>,
}

impl Body for Reader {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Some(file) = self.file.clone().filter(|_| self.remaining > 0) else {
            return Poll::Ready(None);
        };
        let at = self.at;
        let length = usize::try_from(self.remaining).map_or(CHUNK, |rest| rest.min(CHUNK));
        let pending = self.pending.get_or_insert_with(|| {
            task::spawn_blocking(move || {
                let mut chunk = BytesMut::zeroed(length);
                positioned::read_exact_at(&file, &mut chunk, at)?;
                Ok(chunk)
            })
        });
        let outcome = ready!(Pin::new(pending).poll(context));
        self.pending = None;
        let chunk = outcome.map_err(io::Error::other)??;
        self.at += chunk.len() as u64;
        self.remaining -= chunk.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(chunk.freeze()))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

fn failed(error: io::Error) -> Unwritable {
    tracing::error!(
        error = &error as &dyn std::error::Error,
        "content was not written to disk"
    );
    Unwritable::Failed
}

/// Reading and writing at a position. A cursor would be shared by all who use the file.
mod positioned {
    use std::fs::File;
    use std::io;

    #[cfg(unix)]
    pub(super) fn read_exact_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(file, buffer, position)
    }

    #[cfg(unix)]
    pub(super) fn write_all_at(file: &File, bytes: &[u8], position: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(file, bytes, position)
    }

    #[cfg(windows)]
    pub(super) fn read_exact_at(
        file: &File,
        mut buffer: &mut [u8],
        mut position: u64,
    ) -> io::Result<()> {
        while !buffer.is_empty() {
            let read = std::os::windows::fs::FileExt::seek_read(file, buffer, position)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buffer = buffer.split_at_mut(read).1;
            position += read as u64;
        }
        Ok(())
    }

    #[cfg(windows)]
    pub(super) fn write_all_at(file: &File, mut bytes: &[u8], mut position: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = std::os::windows::fs::FileExt::seek_write(file, bytes, position)?;
            bytes = bytes.split_at(written).1;
            position += written as u64;
        }
        Ok(())
    }
}
