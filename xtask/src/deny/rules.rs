//! The part of `deny.toml` that is evaluated here.

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::repository::Repository;

#[derive(Deserialize)]
pub(super) struct Rules {
    graph: Graph,
    licenses: Licences,
    bans: Bans,
    sources: Sources,
}

#[derive(Deserialize)]
struct Graph {
    targets: Vec<String>,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

/// A package that is unwanted, altogether or twice.
#[derive(Deserialize)]
pub(super) struct Ban {
    #[serde(rename = "crate")]
    pub(super) name: String,
    #[serde(default, rename = "deny-multiple-versions")]
    only_duplicates: bool,
    pub(super) reason: String,
}

impl Ban {
    pub(super) fn bans_every_version(&self) -> bool {
        !self.only_duplicates
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    allow_registry: Vec<String>,
}

impl Rules {
    pub(super) fn load(repository: &Repository) -> Result<Self> {
        let text = std::fs::read_to_string(repository.path("deny.toml"))
            .context("cannot read deny.toml")?;
        toml::from_str(&text).context("deny.toml is not what was expected")
    }

    pub(super) fn targets(&self) -> &[String] {
        &self.graph.targets
    }

    pub(super) fn allowed_licences(&self) -> &[String] {
        &self.licenses.allow
    }

    pub(super) fn bans(&self) -> &[Ban] {
        &self.bans.deny
    }

    /// Whether a package may come from `source`, as cargo writes it. No git repository may serve.
    pub(super) fn allows_source(&self, source: &str) -> bool {
        source.strip_prefix("registry+").is_some_and(|registry| {
            self.sources
                .allow_registry
                .iter()
                .any(|allowed| allowed == registry)
        })
    }
}
