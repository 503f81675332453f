//! What a whole test run shows to somebody who looks from outside: a collector and a store that every
//! service of the run exports to, and the suite that looks.
//!
//! rotel takes OTLP and writes into ClickHouse, each a process of its own; `tests/evidence/` holds the
//! tables and the suite. The tests learn of them from `TEST_OTLP_ENDPOINT` and `TEST_TRACES`, and
//! from `TEST_EVIDENCE` where to leave what clients received and what was logged.

mod store;

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

use self::store::{Store, free_ports, until};
use crate::process;
use crate::repository::Repository;
use crate::tally::Tally;
use crate::toolbox::Toolbox;

/// A collector and a store that run.
pub(crate) struct Evidence {
    collector: Child,
    store: Store,
    endpoint: String,
    folder: PathBuf,
}

impl Evidence {
    /// Starts both, with nothing in them.
    pub(crate) fn start(repository: &Repository, tools: &Toolbox) -> Result<Self> {
        let folder = repository.scratch()?.join("evidence");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(folder.join("logs"))?;
        let store = Store::start(repository, &repository.scratch()?.join("clickhouse"))?;
        let [grpc, http] = free_ports()?;
        let log = std::fs::File::create(folder.join("collector.log"))?;
        let collector = Command::new(tools.collector()?)
            .arg("start")
            .arg(format!("--otlp-grpc-endpoint=127.0.0.1:{grpc}"))
            .arg(format!("--otlp-http-endpoint=127.0.0.1:{http}"))
            .args([
                "--exporter=clickhouse",
                "--clickhouse-exporter-database=otel",
            ])
            .arg(format!("--clickhouse-exporter-endpoint={}", store.url()))
            // The server knows neither.
            .args(["--clickhouse-exporter-compression=none"])
            .args(["--clickhouse-exporter-async-insert=false"])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start the collector")?;
        let evidence = Self {
            collector,
            store,
            endpoint: format!("http://127.0.0.1:{grpc}"),
            folder,
        };
        until("the collector listens", || {
            TcpStream::connect(("127.0.0.1", grpc)).is_ok()
        })?;
        Ok(evidence)
    }

    /// Tells the tests where to export to, and where to leave the rest.
    pub(crate) fn tell_tests(&self, command: &mut Command) {
        command
            .env("TEST_EVIDENCE", &self.folder)
            .env("TEST_OTLP_ENDPOINT", &self.endpoint)
            .env("TEST_TRACES", self.store.url());
    }

    /// The suite that looks at what has come.
    pub(crate) fn look(mut self, repository: &Repository, tools: &Toolbox) -> Result<Tally> {
        self.end_collector()?;
        let mut pytest = tools.python();
        pytest
            .args(["-m", "pytest", "--color=no", "-p", "no:cacheprovider"])
            .arg(repository.path("tests/evidence"));
        self.tell_tests(&mut pytest);
        let mut tally = Tally::default();
        let status = process::watch(&mut pytest, |line| {
            if line.starts_with("====") && line.contains(" in ") {
                tally = Tally::from_counts(line);
            }
        })?;
        if !status.success() && tally.failed == 0 {
            tally.failed = 1;
        }
        Ok(tally)
    }

    /// Ends the collector, which hands over to the store what it still holds.
    fn end_collector(&mut self) -> Result<()> {
        let id = self.collector.id().to_string();
        process::succeed(Command::new("kill").args(["-TERM", &id]))?;
        self.collector.wait()?;
        Ok(())
    }
}

impl Drop for Evidence {
    fn drop(&mut self) {
        // An error says that it has ended already.
        let _ = self.collector.kill();
        let _ = self.collector.wait();
    }
}
