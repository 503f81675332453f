//! The tools that the tests, the contract checks and the client suites need, brought when absent.
//!
//! A machine needs git, Python with `venv`, PostgreSQL, ClickHouse and Chromium, asked of apt, and
//! Prometheus, whose package is only unpacked; everything else, buf and the Node runtime included,
//! comes from lock files into folders that git ignores, and is reused for as long as its lock file is
//! the same.

mod node;
mod prometheus;
mod python;
pub(crate) mod system;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::repository::Repository;
use node::Node;
pub(crate) use node::Project;
use python::Python;

/// Tools that are known to be there.
pub(crate) struct Toolbox {
    python: Python,
    node: Node,
}

impl Toolbox {
    /// Finds every tool, and installs those that are absent. The packages of an npm project come when
    /// it is used first.
    pub(crate) fn provision(repository: &Repository) -> Result<Self> {
        system::provision()?;
        prometheus::provision(repository)?;
        let python = Python::provision(repository)?;
        let node = Node::find(repository, &python)?;
        Ok(Self { python, node })
    }

    /// Installs the packages of every npm project.
    pub(crate) fn install(&self) -> Result<()> {
        Project::ALL
            .into_iter()
            .try_for_each(|project| self.node.install(project))
    }

    /// The `buf` program.
    pub(crate) fn buf(&self) -> PathBuf {
        self.python.program("buf")
    }

    /// The OpenTelemetry collector.
    pub(crate) fn collector(&self) -> Result<PathBuf> {
        self.python.collector()
    }

    /// Python, in the folder of its suite.
    pub(crate) fn python(&self) -> Command {
        self.python.command()
    }

    /// Node, in the folder of a project, whose packages are there.
    pub(crate) fn node(&self, project: Project) -> Result<Command> {
        self.node.install(project)?;
        Ok(self.node.node(project))
    }
}

/// Whether `folder` was installed from this very lock file.
fn is_installed(folder: &Path, lock: &str) -> bool {
    std::fs::read_to_string(stamp(folder)).is_ok_and(|installed| installed == lock)
}

/// Remembers what `folder` was installed from, as the last step of an installation.
fn mark_installed(folder: &Path, lock: &str) -> Result<()> {
    Ok(std::fs::write(stamp(folder), lock)?)
}

fn stamp(folder: &Path) -> PathBuf {
    folder.join(".installed-from")
}
