//! Python packages, from `tests/clients/python/requirements.txt`, each held to its hash.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::{is_installed, mark_installed};
use crate::process;
use crate::repository::Repository;

/// A virtual environment with the packages of the lock file.
pub(super) struct Python {
    suite: PathBuf,
    environment: PathBuf,
}

impl Python {
    pub(super) fn provision(repository: &Repository) -> Result<Self> {
        let suite = repository.path("tests/clients/python");
        let environment = suite.join(".venv");
        let lock = std::fs::read_to_string(suite.join("requirements.txt"))
            .context("cannot read tests/clients/python/requirements.txt")?;
        let python = Self { suite, environment };
        if !is_installed(&python.environment, &lock) {
            println!(
                "installing Python packages into {}",
                python.environment.display()
            );
            process::succeed(
                Command::new("python3")
                    .args(["-m", "venv", "--clear"])
                    .arg(&python.environment),
            )?;
            process::succeed(python.command().args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--require-hashes",
                "--only-binary=:all:",
                "--requirement=requirements.txt",
            ]))?;
            mark_installed(&python.environment, &lock)?;
        }
        Ok(python)
    }

    /// A program that one of the packages brought.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.programs().join(name)
    }

    /// The collector, which its package keeps beside its modules.
    pub(super) fn collector(&self) -> Result<PathBuf> {
        let libraries = std::fs::read_dir(self.environment.join("lib"))?;
        let mut programs = libraries
            .filter_map(Result::ok)
            .map(|library| library.path().join("site-packages/rotel/rotel-agent"));
        programs
            .find(|program| program.is_file())
            .context("rotel brought no collector")
    }

    /// Where those programs are.
    pub(super) fn programs(&self) -> PathBuf {
        self.environment.join("bin")
    }

    pub(super) fn command(&self) -> Command {
        let mut python = Command::new(self.program("python"));
        python
            .current_dir(&self.suite)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        python
    }
}
