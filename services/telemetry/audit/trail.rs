//! Where entries go, without a call ever waiting for a disk that it does not have to wait for.
//!
//! A thread of its own writes the file, since a disk may take its time; entries wait for it in a
//! bounded queue, and leave it together. A writer that is behind or cannot write costs entries, which
//! are counted. [`Trail::keep`] alone waits: until its entry is on the file, or is not going to be.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::Entry;
use super::collector::{self, AuditCollector};
use super::file::AuditFile;
use super::queue::{Entrance, Queue, Waiting};
use crate::telemetry::collector::{CollectorError, CollectorSettings};

/// The bytes that are written at once, about: no more are held in memory twice.
const CHUNK: usize = 256 * 1024;
/// How long a call waits for its entry.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a process that ends waits for the last entries.
const LAST_ENTRIES: Duration = Duration::from_secs(5);

/// What becomes of a call whose entry cannot be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// It goes on, and the entry is counted.
    #[default]
    Count,
    /// It is refused.
    Refuse,
}

/// Where entries go.
#[derive(Clone, Debug, Default)]
pub struct AuditSettings {
    /// The file; none: they are on no file.
    pub file: Option<PathBuf>,
    /// The collector; none: they go to none.
    pub collector: Option<CollectorSettings>,
    /// What becomes of a call whose entry the file does not take.
    pub on_failure: OnFailure,
}

/// Why there can be no trail. The operator acts.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file.
    #[error("telemetry.audit_file cannot be appended to")]
    File(#[source] std::io::Error),
    /// The thread that writes it.
    #[error("the audit file's writer cannot be started")]
    Writer(#[source] std::io::Error),
    /// The collector.
    #[error(transparent)]
    Collector(#[from] CollectorError),
}

/// Where entries are put. Clones are of one trail; the default one leads nowhere.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    file: Option<Arc<Entrance>>,
    collector: Option<AuditCollector>,
    is_required: bool,
    lost: Arc<Lost>,
}

/// What the trail has lost, and whether it is losing now.
#[derive(Debug, Default)]
struct Lost {
    from_file: AtomicU64,
    is_failing: AtomicBool,
}

/// The work behind a [`Trail`].
#[derive(Debug)]
#[must_use = "the last entries are written when it ends"]
pub struct Writing {
    trail: Trail,
    writer: Option<JoinHandle<()>>,
    sender: Option<collector::Sending>,
}

impl Trail {
    /// Opens the file and starts what writes and sends. Needs a tokio runtime; the collector need
    /// not be there.
    ///
    /// # Errors
    ///
    /// See [`AuditError`].
    pub fn start(settings: &AuditSettings) -> Result<(Self, Writing), AuditError> {
        let lost = Arc::new(Lost::default());
        let mut writer = None;
        let file = match &settings.file {
            None => None,
            Some(path) => {
                let file = AuditFile::open(path).map_err(AuditError::File)?;
                let queue = Arc::new(Queue::default());
                let entrance = Entrance::to(&queue);
                let work = Writer {
                    queue,
                    file,
                    lost: Arc::clone(&lost),
                };
                let thread = std::thread::Builder::new().name("audit".to_owned());
                let started = thread.spawn(move || work.run());
                writer = Some(started.map_err(AuditError::Writer)?);
                Some(Arc::new(entrance))
            }
        };
        let (collector, sender) = match &settings.collector {
            None => (None, None),
            Some(settings) => {
                let (collector, sending) = AuditCollector::start(settings)?;
                (Some(collector), Some(sending))
            }
        };
        let trail = Self {
            is_required: settings.on_failure == OnFailure::Refuse && file.is_some(),
            file,
            collector,
            lost,
        };
        let writing = Writing {
            trail: trail.clone(),
            writer,
            sender,
        };
        Ok((trail, writing))
    }

    /// Whether entries go nowhere.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.file.is_none() && self.collector.is_none()
    }

    /// Whether no call may go on whose decision is not on the file.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.is_required
    }

    /// The entries that were lost so far: the file's, and those that the collector did not get.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        let unsent = self.collector.as_ref().map_or(0, AuditCollector::dropped);
        self.lost.from_file.load(Ordering::Relaxed) + unsent
    }

    /// Whether the file did not take the last entry.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.lost.is_failing.load(Ordering::Relaxed)
    }

    /// Puts an entry where it is to go, without waiting.
    pub(super) fn enter(&self, entry: Entry) {
        // Nobody waits for it.
        let _ = self.offer(entry, None);
    }

    /// Puts an entry where it is to go, and says whether it is on the file.
    pub(super) async fn keep(&self, entry: Entry) -> bool {
        let (written, known) = oneshot::channel();
        if !self.offer(entry, Some(written)) {
            return false;
        }
        // An entry that is written later than that is one too many, never one too few.
        matches!(tokio::time::timeout(PATIENCE, known).await, Ok(Ok(())))
    }

    /// Whether the file's queue has taken it.
    fn offer(&self, entry: Entry, written: Option<oneshot::Sender<()>>) -> bool {
        if let Some(collector) = &self.collector {
            collector.offer(entry.clone());
        }
        let Some(file) = &self.file else {
            return false;
        };
        let is_taken = file.offer(Waiting { entry, written });
        if !is_taken {
            self.lost.from_file.fetch_add(1, Ordering::Relaxed);
        }
        is_taken
    }
}

impl Writing {
    /// Writes and sends what waits, within a few seconds.
    pub async fn end(self) {
        let Self {
            trail,
            writer,
            sender,
        } = self;
        let file = async {
            let (Some(file), Some(writer)) = (trail.file, writer) else {
                return;
            };
            file.close();
            // A writer that panicked has said so.
            let _ = tokio::task::spawn_blocking(move || writer.join()).await;
        };
        let collector = async {
            if let Some(sender) = sender {
                sender.end().await;
            }
        };
        let both = async { tokio::join!(file, collector) };
        if tokio::time::timeout(LAST_ENTRIES, both).await.is_err() {
            tracing::error!("audit entries were left behind at the end");
        }
    }
}

struct Writer {
    queue: Arc<Queue>,
    file: AuditFile,
    lost: Arc<Lost>,
}

impl Writer {
    fn run(mut self) {
        let mut waiting = Vec::new();
        let mut lines = Lines::default();
        while self.queue.take(&mut waiting) {
            self.file.follow();
            for Waiting { entry, written } in waiting.drain(..) {
                entry.write(&mut lines.text);
                lines.ends.push((lines.text.len(), written));
                if lines.text.len() >= CHUNK {
                    self.write(&mut lines);
                }
            }
            self.write(&mut lines);
        }
    }

    fn write(&mut self, lines: &mut Lines) {
        if lines.ends.is_empty() {
            return;
        }
        let (taken, appended) = self.file.append(&lines.text);
        for (end, written) in lines.ends.drain(..) {
            if end > taken {
                self.lost.from_file.fetch_add(1, Ordering::Relaxed);
            } else if let Some(written) = written {
                // A call that is gone waits for nothing.
                let _ = written.send(());
            }
        }
        lines.text.clear();
        let is_failing = appended.is_err();
        if self.lost.is_failing.swap(is_failing, Ordering::Relaxed) != is_failing {
            report(appended);
        }
    }
}

/// Entries that are written at once.
#[derive(Default)]
struct Lines {
    text: Vec<u8>,
    /// Where each ends, and who waits for it.
    ends: Vec<(usize, Option<oneshot::Sender<()>>)>,
}

fn report(appended: std::io::Result<()>) {
    match appended {
        Ok(()) => tracing::info!("audit entries are written again"),
        Err(error) => tracing::error!(
            error.r#type = ?error.kind(),
            "audit entries cannot be written"
        ),
    }
}
