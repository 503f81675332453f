//! Where things are, and how a command starts there.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;

/// The working copy that this command was built from.
pub(crate) struct Repository {
    root: PathBuf,
    target: PathBuf,
}

impl Repository {
    /// Asks cargo where the workspace is and where it builds.
    pub(crate) fn discover() -> Result<Self> {
        #[derive(Deserialize)]
        struct Metadata {
            workspace_root: PathBuf,
            target_directory: PathBuf,
        }

        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let mut cargo = Command::new("cargo");
        cargo
            .args([
                "metadata",
                "--format-version=1",
                "--no-deps",
                "--manifest-path",
            ])
            .arg(manifest);
        let metadata: Metadata = serde_json::from_str(&process::output(&mut cargo)?)
            .context("cargo metadata is not what was expected")?;
        Ok(Self {
            root: metadata.workspace_root,
            target: metadata.target_directory,
        })
    }

    /// A path within the repository.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Where a run may leave files: ignored by git, removed by `cargo clean`.
    pub(crate) fn scratch(&self) -> Result<PathBuf> {
        let scratch = self.target.join("xtask");
        std::fs::create_dir_all(&scratch)
            .with_context(|| format!("cannot make {}", scratch.display()))?;
        Ok(scratch)
    }

    /// The `selvedge` that the tests were built with.
    ///
    /// The one of `cargo build` may have other features in its dependencies: asking for it would
    /// compile much of the graph a second time.
    pub(crate) fn selvedge(&self) -> Result<PathBuf> {
        let binary = self.target.join("debug/selvedge");
        anyhow::ensure!(binary.is_file(), "{} has not been built", binary.display());
        Ok(binary)
    }

    /// A program that runs at the root.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// Cargo at the root, held to the lock file.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        let mut cargo = self.command("cargo");
        // Incremental state costs a cold build time and disk, and a CI run has no next build.
        cargo.arg(subcommand).env("CARGO_INCREMENTAL", "0");
        cargo
    }
}
