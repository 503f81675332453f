//! `selvedge dev` as a process: started on free ports, ready when it says so, stopped as an
//! operator would stop it.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::process;
use crate::repository::Repository;

/// A first start makes keys and a certificate and applies migrations, on a busy machine.
const START: Duration = Duration::from_secs(60);
/// Calls in flight may finish before it stops.
const STOP: Duration = Duration::from_secs(30);

/// The ports that `selvedge dev` uses when `--port-offset` is 0.
const PORTS: [u16; 4] = [5000, 5001, 5443, 60006];

/// A `selvedge dev` that serves.
pub(crate) struct Running {
    /// `None` once it has been waited for: its id may be another process's by then.
    process: Option<u32>,
    ended: mpsc::Receiver<std::io::Result<ExitStatus>>,
    described: PathBuf,
}

impl Running {
    /// Starts it, and waits for the line that says where everything is.
    pub(crate) fn start(repository: &Repository) -> Result<Self> {
        let state = repository.scratch()?.join("dev");
        if state.exists() {
            std::fs::remove_dir_all(&state).context("cannot remove the state of the run before")?;
        }
        let offset = free_offset()?;
        let mut child = Command::new(repository.selvedge()?)
            .args(["dev", "--format=json"])
            .arg(format!("--port-offset={offset}"))
            .arg("--state-dir")
            .arg(&state)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start selvedge dev")?;
        let process = Some(child.id());
        let stdout = child.stdout.take().context("the output is not piped")?;
        let description = description(stdout);
        let running = Self {
            process,
            ended: wait(child),
            described: repository.scratch()?.join("dev.json"),
        };
        match description.recv_timeout(START) {
            Ok(line) => {
                std::fs::write(&running.described, line)?;
                Ok(running)
            }
            Err(RecvTimeoutError::Timeout) => bail!("it did not serve within {START:?}"),
            Err(RecvTimeoutError::Disconnected) => bail!("it ended before it served"),
        }
    }

    /// The file that says where everything is: one JSON object.
    pub(crate) fn described(&self) -> &Path {
        &self.described
    }

    /// Asks it to stop, as a supervisor would; it must leave nothing undone.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.signal("TERM")?;
        let status = self
            .ended
            .recv_timeout(STOP)
            .with_context(|| format!("it did not stop within {STOP:?}"))??;
        self.process = None;
        ensure!(status.success(), "it stopped with {status}");
        Ok(())
    }

    /// Signals the process; `kill` is a word of every shell, while its program may be absent.
    fn signal(&self, signal: &str) -> Result<()> {
        let process = self.process.context("it has ended")?;
        let kill = format!("kill -{signal} {process}");
        process::succeed(Command::new("sh").args(["-c", &kill]))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A run that fails must leave nothing behind.
        if self.process.is_some() && matches!(self.ended.try_recv(), Err(TryRecvError::Empty)) {
            let _ = self.signal("KILL");
        }
    }
}

/// Sends the first line that is a JSON object, and keeps reading so that the pipe never fills.
fn description(stdout: ChildStdout) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut send = Some(send);
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let is_object = serde_json::from_str::<Value>(&line).is_ok_and(|line| line.is_object());
            match send.take() {
                Some(send) if is_object => {
                    let _ = send.send(line);
                }
                waiting => send = waiting,
            }
        }
    });
    receive
}

/// Waits for the end of a process without holding anybody up.
fn wait(mut child: Child) -> mpsc::Receiver<std::io::Result<ExitStatus>> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let _ = send.send(child.wait());
    });
    receive
}

/// An offset at which every port is free, and below 5100, so that the highest of them is a port. Another process may take one before `selvedge dev`
/// does: then the start fails, and says so.
fn free_offset() -> Result<u16> {
    let first = 100 + std::process::id() % 50 * 100;
    (0..100)
        .filter_map(|step| u16::try_from(first + step).ok())
        .find(|offset| {
            PORTS.iter().all(|port| {
                port.checked_add(*offset)
                    .is_some_and(|port| TcpListener::bind(("127.0.0.1", port)).is_ok())
            })
        })
        .context("no free ports for selvedge dev")
}
