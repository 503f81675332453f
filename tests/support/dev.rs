//! `selvedge dev` in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::temporary::TemporaryFolder;

/// The ports that `dev` uses without an offset.
const PORTS: [u16; 4] = [5000, 5001, 5443, 60006];

/// A running `dev`, and what it printed. It ends with its owner.
pub(crate) struct Dev {
    process: Child,
    pub(crate) described: Value,
    offset: u16,
    pub(crate) folder: TemporaryFolder,
}

impl Dev {
    pub(crate) fn start() -> Self {
        // Another process may take a port between the look and the start: then the next will do.
        let mut offsets = (0..50).map(|step| step * 101 + 7).filter(|offset| {
            let is_free = |port| TcpListener::bind(("127.0.0.1", port + offset)).is_ok();
            PORTS.into_iter().all(is_free)
        });
        offsets.find_map(Self::try_start).expect("ports for dev")
    }

    fn try_start(offset: u16) -> Option<Self> {
        let folder = TemporaryFolder::new();
        let mut process = Command::new(env!("CARGO_BIN_EXE_selvedge"))
            .args(["dev", "--format=json"])
            .arg(format!("--port-offset={offset}"))
            .arg("--state-dir")
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let Ok(described) = serde_json::from_str(&line) else {
            let _ = process.wait();
            return None;
        };
        Some(Self {
            process,
            described,
            offset,
            folder,
        })
    }

    pub(crate) fn port(&self, base: u16) -> u16 {
        base + self.offset
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
