//! Traces to a collector, by OTLP over gRPC or HTTP, and to a span file.
//!
//! Every span of a call is recorded and held until the call has ended (`hold`): one that failed
//! leaves whole, of the others those that the ratio picks. What leaves waits in a bounded queue for
//! each destination (`queue`), from which one task delivers. A collector or a disk that is slow or
//! gone costs spans, which are counted, never calls. The tasks have a thread of their own: to make and
//! to encode a second's spans takes milliseconds, in which a thread answers no call.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use auth_interceptor::Clock;
use futures_util::future::join_all;
use opentelemetry::trace::{TraceId, TracerProvider as _};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use tokio::runtime::{self, EnterGuard, Runtime};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::collector::SpanCollector;
use self::drops::Destination;
pub use self::drops::Drops;
use self::ended::Ended;
pub(super) use self::ended::EndedCall;
pub use self::flow::Flow;
use self::hold::Hold;
pub use self::queue::CAPACITY as QUEUE_CAPACITY;
use self::queue::{Deliver, Queue};
pub use self::ratio::Ratio;
use self::span_file::SpanFile;
pub use self::span_file::older;
use super::collector::{Collector, CollectorError, CollectorSettings};
use super::names;

mod collector;
mod drops;
mod ended;
mod flow;
mod hold;
mod otlp;
mod queue;
mod ratio;
mod span_file;

/// How long a process that ends waits for the last spans to leave.
const LAST_SPANS: Duration = Duration::from_secs(5);

/// Where the spans of calls are left, which [`trace_context`](super::trace_context) makes, and what
/// becomes of all spans. Clones are of one; the default one is nowhere.
#[derive(Clone, Debug, Default)]
pub struct Spans {
    hold: Option<Hold>,
    flow: Arc<Flow>,
}

impl Spans {
    /// What became of the spans so far.
    #[must_use]
    pub fn flow(&self) -> &Arc<Flow> {
        &self.flow
    }

    /// Whether there is anybody to leave spans to.
    pub(super) fn is_on(&self) -> bool {
        self.hold.is_some()
    }

    /// The spans under this trace are to be held until a call that has begun there has ended.
    pub(super) fn begin(&self, trace: TraceId) {
        if let Some(hold) = &self.hold {
            hold.begin(trace);
        }
    }

    /// Whether the span of a call that ends may leave. If not, the call has ended with that. `holds`
    /// says whether it has begun to hold spans.
    pub(super) fn needs(&self, trace: TraceId, failed: bool, holds: bool) -> bool {
        let hold = self.hold.as_ref();
        hold.is_some_and(|hold| hold.needs(trace, failed, holds))
    }

    /// A call has ended whose span may leave.
    pub(super) fn end(&self, call: EndedCall) {
        if let Some(hold) = &self.hold {
            hold.end(Ended::Call(call));
        }
    }
}

/// The time of a span's beginning, end or event: the machine's, whatever clock a service goes by, as
/// the SDK reads no other for the spans below a call's own.
pub(super) fn now() -> SystemTime {
    static MACHINES: LazyLock<Clock> = LazyLock::new(Clock::system);
    UNIX_EPOCH + MACHINES.since_epoch()
}

/// Whose spans they are.
pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url(names::SCHEMA_URL)
        .build()
}

/// Which spans leave, and where they go.
#[derive(Clone, Debug)]
pub struct ExportSettings {
    /// The collector, if there is one.
    pub collector: Option<CollectorSettings>,
    /// The file that they are written to, if any.
    pub span_file: Option<PathBuf>,
    /// Which part of the calls that succeeded is exported.
    pub sample_ratio: Ratio,
}

/// Export that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// To the collector.
    #[error(transparent)]
    Collector(#[from] CollectorError),
    /// To the span file.
    #[error("telemetry.span_file cannot be appended to")]
    SpanFile(#[source] std::io::Error),
    /// From a thread of its own.
    #[error("the thread that exports traces cannot be started")]
    Thread(#[source] std::io::Error),
}

/// Spans on their way to where they go.
#[derive(Debug)]
pub struct Export {
    provider: SdkTracerProvider,
    spans: Spans,
    ending: CancellationToken,
    delivering: Vec<JoinHandle<()>>,
    _thread: Thread,
}

impl Export {
    /// Starts the tasks that deliver. A collector need not be there.
    ///
    /// # Errors
    ///
    /// See [`ExportError`].
    pub fn start(settings: &ExportSettings) -> Result<Self, ExportError> {
        let resource = resource();
        let thread = Thread::start().map_err(ExportError::Thread)?;
        let mut outlets = Outlets::default();
        let entered = thread.enter();
        if let Some(collector) = &settings.collector {
            let to = SpanCollector {
                collector: Collector::new(collector)?,
                resource: (&resource).into(),
            };
            outlets.add(Destination::Collector, to);
        }
        if let Some(path) = &settings.span_file {
            let file = SpanFile::open(path, (&resource).into()).map_err(ExportError::SpanFile)?;
            outlets.add(Destination::SpanFile, file);
        }
        drop(entered);
        let Outlets {
            flow,
            ending,
            queues,
            delivering,
        } = outlets;
        let hold = Hold::new(queues, settings.sample_ratio, Arc::clone(flow.drops()));
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            // Which spans leave is decided when a call has ended, not when it begins.
            .with_sampler(Sampler::AlwaysOn)
            .with_span_processor(hold.clone())
            .build();
        Ok(Self {
            provider,
            spans: Spans {
                hold: Some(hold),
                flow,
            },
            ending,
            delivering,
            _thread: thread,
        })
    }

    /// What turns spans of `tracing` into exported ones.
    #[must_use]
    pub fn tracer(&self) -> SdkTracer {
        self.provider.tracer_with_scope(scope())
    }

    /// Where the spans of calls are left, and what becomes of them.
    #[must_use]
    pub fn spans(&self) -> &Spans {
        &self.spans
    }

    /// Delivers what is queued, within a few seconds.
    pub async fn end(self) {
        self.ending.cancel();
        let aborts: Vec<_> = self
            .delivering
            .iter()
            .map(JoinHandle::abort_handle)
            .collect();
        if tokio::time::timeout(LAST_SPANS, join_all(self.delivering))
            .await
            .is_err()
        {
            for abort in aborts {
                abort.abort();
            }
        }
    }
}

/// The thread that spans leave from.
#[derive(Debug)]
struct Thread(Option<Runtime>);

impl Thread {
    fn start() -> std::io::Result<Self> {
        let mut thread = runtime::Builder::new_multi_thread();
        thread.worker_threads(1).thread_name("traces").enable_all();
        Ok(Self(Some(thread.build()?)))
    }

    /// What is spawned until the guard is dropped runs on the thread.
    fn enter(&self) -> Option<EnterGuard<'_>> {
        self.0.as_ref().map(Runtime::enter)
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // Whoever drops it may be a task, which may not wait for a thread.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// The queues and what empties them.
#[derive(Default)]
struct Outlets {
    flow: Arc<Flow>,
    ending: CancellationToken,
    queues: Vec<Queue>,
    delivering: Vec<JoinHandle<()>>,
}

impl Outlets {
    fn add(&mut self, destination: Destination, to: impl Deliver + 'static) {
        let (queue, queued) = queue::bounded(destination, Arc::clone(&self.flow));
        self.queues.push(queue);
        let delivering = queued.deliver_to(to, self.ending.clone());
        self.delivering.push(tokio::spawn(delivering));
    }
}

/// Which process this is, for all that it exports.
static INSTANCE: LazyLock<uuid::Uuid> = LazyLock::new(uuid::Uuid::new_v4);

/// Which process the spans are of.
pub(super) fn resource() -> Resource {
    let attributes = [
        KeyValue::new(names::SERVICE_NAME, env!("CARGO_PKG_NAME")),
        KeyValue::new(names::SERVICE_VERSION, env!("CARGO_PKG_VERSION")),
        KeyValue::new(names::SERVICE_INSTANCE_ID, INSTANCE.to_string()),
    ];
    Resource::builder_empty()
        .with_schema_url(attributes, names::SCHEMA_URL)
        .build()
}
