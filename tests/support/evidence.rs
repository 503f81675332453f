//! What a whole test run leaves behind to be looked at from outside, when `cargo xtask` asks for it:
//! every refusal that a client received, and what the services told a collector and their logs.
//!
//! Without the variables that name the folder, the collector and the store, nothing here does anything.

mod journal;
mod store;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use selvedge::telemetry::audit::{AuditSettings, Trail, Writing};
use selvedge::telemetry::collector::{CollectorSettings, OtlpProtocol};
use selvedge::telemetry::export::{ExportSettings, Spans};
use selvedge::telemetry::{LogSettings, Telemetry};
use tokio::runtime::Runtime;

use self::journal::Journal;
use self::store::Store;
use super::reply::Reply;

/// Names the folder.
const FOLDER: &str = "TEST_EVIDENCE";
/// Names a collector that takes OTLP over gRPC.
const ENDPOINT: &str = "TEST_OTLP_ENDPOINT";
/// Names the store behind it, which takes SQL over HTTP.
const TRACES: &str = "TEST_TRACES";

static EVIDENCE: LazyLock<Option<Evidence>> = LazyLock::new(Evidence::from_environment);

/// The services of this process, and the tests that are going on in it.
struct Evidence {
    folder: PathBuf,
    endpoint: String,
    journal: Journal,
    traces: Store,
    trail: Trail,
    tests: AtomicUsize,
    telemetry: Telemetry,
    _writing: Writing,
    _runtime: Runtime,
}

/// Called where a test starts anything that exports, or is a client of it.
pub(crate) fn begin() {
    if let Some(evidence) = &*EVIDENCE {
        TEST.with(|test| {
            test.borrow_mut()
                .get_or_insert_with(|| Test::start(evidence));
        });
    }
}

/// Takes down an answer that a client received from the service at this address, if it is a refusal.
pub(crate) fn received(service: SocketAddr, reply: &Reply) {
    if let Some(evidence) = &*EVIDENCE {
        evidence.journal.take(service, reply);
    }
}

/// The same of an answer of which only this is at hand.
pub(crate) fn refused(service: Option<SocketAddr>, face: &str, reason: &str, trace_id: &str) {
    if let Some(evidence) = &*EVIDENCE {
        evidence.journal.refused(service, face, reason, trace_id);
    }
}

/// Says that a service of this process listens at this address from now on.
pub(crate) fn in_process(service: SocketAddr) {
    if let Some(evidence) = &*EVIDENCE {
        evidence.journal.in_process(service);
    }
}

/// Says that a process of its own does, and whether it tells its traces to the collector of the run.
pub(crate) fn process(service: SocketAddr, exports: bool) {
    if let Some(evidence) = &*EVIDENCE {
        evidence.journal.process(service, exports);
    }
}

/// Says that the service at this address dies with what it has not sent.
pub(crate) fn killed(service: SocketAddr) {
    if let Some(evidence) = &*EVIDENCE {
        evidence.journal.killed(service);
    }
}

/// Waits until what the service at this address was last seen to refuse has been sent.
pub(crate) fn settle(service: SocketAddr) {
    if let Some(evidence) = &*EVIDENCE
        && let Some(trace_id) = evidence.journal.last_of(service)
    {
        evidence.traces.wait_for(&trace_id);
    }
}

/// The collector, where there is one.
pub(crate) fn endpoint() -> Option<&'static str> {
    EVIDENCE.as_ref().map(|evidence| evidence.endpoint.as_str())
}

/// Where the spans of calls are left, where they are looked at.
pub(crate) fn spans() -> Spans {
    let evidence = EVIDENCE.as_ref();
    evidence.map_or_else(Spans::default, |evidence| evidence.telemetry.spans())
}

/// Where audit entries go, where they are looked at.
pub(crate) fn trail() -> Trail {
    let evidence = EVIDENCE.as_ref();
    evidence.map_or_else(Trail::default, |evidence| evidence.trail.clone())
}

/// A folder below the run's own, for the files of processes and for scrapes.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let folder = EVIDENCE.as_ref()?.folder.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    Some(folder)
}

/// Keeps what was scraped.
pub(crate) fn scraped(page: &str) {
    if let Some(folder) = folder("metrics") {
        std::fs::write(folder.join(uuid::Uuid::new_v4().to_string()), page).unwrap();
    }
}

impl Evidence {
    fn from_environment() -> Option<Self> {
        let folder = PathBuf::from(variable(FOLDER)?);
        let endpoint = variable(ENDPOINT)?;
        let traces = Store::at(&variable(TRACES)?);
        let logs = folder.join("logs");
        std::fs::create_dir_all(&logs).unwrap();
        // It outlives every test's own.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (telemetry, (trail, writing)) = {
            let _entered = runtime.enter();
            (start(&endpoint, &logs), audited(&folder))
        };
        Some(Self {
            journal: Journal::open(&folder),
            folder,
            endpoint,
            traces,
            trail,
            tests: AtomicUsize::new(0),
            telemetry,
            _writing: writing,
            _runtime: runtime,
        })
    }
}

/// The product's own telemetry, for every service of this process. What clients and the emulator log
/// in the same process is not the product's.
fn start(endpoint: &str, logs: &Path) -> Telemetry {
    let log = LogSettings {
        filter: "selvedge=trace,auth_interceptor=trace".to_owned(),
        file: Some(logs.join(format!("tests-{}.log", std::process::id()))),
    };
    let export = ExportSettings {
        collector: Some(CollectorSettings {
            endpoint: endpoint.to_owned(),
            protocol: OtlpProtocol::Grpc,
        }),
        span_file: None,
        sample_ratio: SAMPLE_RATIO.parse().unwrap(),
    };
    Telemetry::start(&log, Some(&export)).unwrap()
}

/// What the services of this process enter.
fn audited(folder: &Path) -> (Trail, Writing) {
    let folder = folder.join("audit");
    std::fs::create_dir_all(&folder).unwrap();
    let settings = AuditSettings {
        file: Some(folder.join(format!("tests-{}.jsonl", std::process::id()))),
        ..AuditSettings::default()
    };
    Trail::start(&settings).unwrap()
}

/// Of the calls that succeed, how many are exported: every failed one is.
pub(crate) const SAMPLE_RATIO: &str = "0.05";

#[expect(
    clippy::disallowed_methods,
    reason = "no configuration reaches a test: whoever runs them has the environment alone"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

thread_local! {
    /// The test that runs on this thread: each has one of its own, and is waited for until the
    /// thread has ended.
    static TEST: RefCell<Option<Test>> = const { RefCell::new(None) };
}

/// A test that is going on. The process ends right after its last one, and with it what was not sent:
/// so the last one that goes on waits.
struct Test(&'static Evidence);

impl Test {
    fn start(evidence: &'static Evidence) -> Self {
        evidence.tests.fetch_add(1, Ordering::SeqCst);
        Self(evidence)
    }
}

impl Drop for Test {
    fn drop(&mut self) {
        let Self(evidence) = self;
        if evidence.tests.fetch_sub(1, Ordering::SeqCst) == 1
            && let Some(trace_id) = evidence.journal.last_of_this_process()
        {
            evidence.traces.wait_for(&trace_id);
        }
    }
}
