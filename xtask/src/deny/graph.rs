//! Which packages are really built, and what cargo knows of each.
//!
//! `cargo metadata` describes every package of the lock file, those behind features that nobody
//! turns on included; `cargo tree` resolves features as a build does, and says which remain.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::rules::Rules;
use crate::process;
use crate::repository::Repository;

/// A package of the graph.
#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    #[serde(rename = "license")]
    pub(super) licence: Option<String>,
    /// Where it comes from; `None` for what is in this repository.
    pub(super) source: Option<String>,
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// Every package that is built for any target of the rules: tests and build scripts included.
pub(super) fn packages(repository: &Repository, rules: &Rules) -> Result<Vec<Package>> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }

    let mut cargo = repository.cargo("metadata");
    cargo.args(["--locked", "--all-features", "--format-version=1"]);
    for target in rules.targets() {
        cargo.arg(format!("--filter-platform={target}"));
    }
    let metadata: Metadata = serde_json::from_str(&process::output(&mut cargo)?)
        .context("cargo metadata is not what was expected")?;
    let built = built(repository, rules)?;
    let packages: Vec<Package> = metadata
        .packages
        .into_iter()
        .filter(|package| built.contains(&(package.name.clone(), package.version.clone())))
        .collect();
    ensure!(
        packages.len() >= built.len(),
        "cargo tree names packages that cargo metadata does not know"
    );
    Ok(packages)
}

/// Name and version of each package that is built.
fn built(repository: &Repository, rules: &Rules) -> Result<BTreeSet<(String, String)>> {
    let mut built = BTreeSet::new();
    for target in rules.targets() {
        let tree = process::output(
            repository
                .cargo("tree")
                .args(["--locked", "--workspace", "--all-features"])
                .args(["--edges=normal,build,dev", "--prefix=none", "--format={p}"])
                .arg(format!("--target={target}")),
        )?;
        for line in tree.lines().filter(|line| !line.is_empty()) {
            let mut words = line.split(' ');
            let package = words
                .next()
                .zip(words.next().and_then(|version| version.strip_prefix('v')))
                .with_context(|| format!("cargo tree printed {line}"))?;
            built.insert((package.0.to_owned(), package.1.to_owned()));
        }
    }
    ensure!(!built.is_empty(), "the dependency graph is empty");
    Ok(built)
}
