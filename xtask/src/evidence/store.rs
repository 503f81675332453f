//! A ClickHouse server of the run's own, which anybody asks by SQL over HTTP.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::process;
use crate::repository::Repository;
use crate::toolbox::system;

/// A start, on a busy machine.
const START: Duration = Duration::from_secs(60);
const PACE: Duration = Duration::from_millis(100);

/// A server that runs. It ends with its owner.
pub(super) struct Store {
    server: Child,
    url: String,
}

impl Store {
    /// Starts one with empty tables in `folder`.
    pub(super) fn start(repository: &Repository, folder: &Path) -> Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir_all(folder)?;
        let sources = repository.path("tests/evidence");
        let [http, tcp] = free_ports()?;
        let configuration = std::fs::read_to_string(sources.join("server.xml"))?
            .replace("{folder}", &folder.display().to_string())
            .replace("{http_port}", &http.to_string())
            .replace("{tcp_port}", &tcp.to_string());
        std::fs::write(folder.join("server.xml"), configuration)?;
        std::fs::copy(sources.join("users.xml"), folder.join("users.xml"))?;
        let log = std::fs::File::create(folder.join("server.log"))?;
        let server = Command::new(system::CLICKHOUSE)
            .arg("--config-file=server.xml")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start clickhouse-server")?;
        let store = Self {
            server,
            url: format!("http://127.0.0.1:{http}"),
        };
        until("clickhouse-server listens", || {
            TcpStream::connect(("127.0.0.1", http)).is_ok()
        })?;
        let schema = std::fs::read_to_string(sources.join("schema.sql"))?;
        let without_comments: String = schema
            .lines()
            .filter(|line| !line.starts_with("--"))
            .collect::<Vec<_>>()
            .join("\n");
        for statement in without_comments.split(';') {
            if !statement.trim().is_empty() {
                store.run(statement)?;
            }
        }
        Ok(store)
    }

    /// Where it takes queries.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    fn run(&self, statement: &str) -> Result<()> {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*"])
            .args(["--data-binary", statement.trim(), &self.url]);
        let said = process::output(&mut curl)?;
        ensure!(said.is_empty(), "clickhouse-server said {said}");
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // An error says that it has ended already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Ports that nobody listens on. Another process may take one before it is used: then the start fails,
/// and says so.
pub(super) fn free_ports() -> Result<[u16; 2]> {
    let listen = || TcpListener::bind(("127.0.0.1", 0));
    let (one, other) = (listen()?, listen()?);
    Ok([one.local_addr()?.port(), other.local_addr()?.port()])
}

/// Waits until `holds`.
pub(super) fn until(what: &str, holds: impl Fn() -> bool) -> Result<()> {
    let deadline = Instant::now() + START;
    while !holds() {
        ensure!(Instant::now() < deadline, "it never came true that {what}");
        std::thread::park_timeout(PACE);
    }
    Ok(())
}
