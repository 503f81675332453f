//! The tools that the tests, the contract checks and the client suites need, brought when absent.
//!
//! A machine needs git, Python with `venv` and PostgreSQL, asked of apt; everything else, buf and
//! the Node runtime included, comes from lock files into folders that git ignores, and is reused
//! for as long as its lock file is the same.

mod node;
mod python;
pub(crate) mod system;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::repository::Repository;
use node::Node;
use python::Python;

/// Tools that are known to be there.
pub(crate) struct Toolbox {
    python: Python,
    node: Node,
}

impl Toolbox {
    /// Finds every tool, and installs those that are absent.
    pub(crate) fn provision(repository: &Repository) -> Result<Self> {
        system::provision()?;
        let python = Python::provision(repository)?;
        let node = Node::provision(repository, &python)?;
        Ok(Self { python, node })
    }

    /// The `buf` program.
    pub(crate) fn buf(&self) -> PathBuf {
        self.python.program("buf")
    }

    /// Python, in the folder of its suite.
    pub(crate) fn python(&self) -> Command {
        self.python.command()
    }

    /// Node, in the folder of its suite.
    pub(crate) fn node(&self) -> Command {
        self.node.command()
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
