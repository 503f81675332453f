//! The bundles of the pages: built from `web/` and `emulator/portal/`, committed, and embedded, so
//! that nobody needs Node to build the service.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::clients::tap;
use crate::process;
use crate::repository::Repository;
use crate::tally::Tally;
use crate::toolbox::{Project, Toolbox};

/// What has a bundle.
const BUNDLED: [Project; 2] = [Project::FrontEnd, Project::Portal];

/// Builds both bundles into place.
pub(crate) fn build(tools: &Toolbox) -> Result<()> {
    for project in BUNDLED {
        process::succeed(tools.node(project)?.args(["--run", "build"]))?;
    }
    Ok(())
}

/// Builds both bundles into place, and fails if that changed them: what is embedded is then not what
/// the sources say.
pub(crate) fn are_built(repository: &Repository, tools: &Toolbox) -> Result<()> {
    let before = contents(repository)?;
    build(tools)?;
    let after = contents(repository)?;
    let mut different: Vec<_> = before.keys().chain(after.keys()).collect();
    different.sort();
    different.dedup();
    different.retain(|file| before.get(*file) != after.get(*file));
    let different: Vec<_> = different.iter().map(|file| file.display()).collect();
    ensure!(
        different.is_empty(),
        "their sources make other bundles than these: run `cargo xtask web` and commit what \
         changes: {different:?}"
    );
    Ok(())
}

/// The tests of the pages' own code, which need no browser.
pub(crate) fn tests(tools: &Toolbox) -> Result<Tally> {
    generate(tools)?;
    let mut tally = Tally::default();
    for project in BUNDLED {
        let mut node = tools.node(project)?;
        // The script's arguments end in the files that it runs.
        node.args(["--run", "test"])
            .env("NODE_OPTIONS", "--test-reporter=tap");
        tally.add(tap(&mut node)?);
    }
    Ok(tally)
}

/// Generates the types of the contracts, which git ignores, from the contracts.
pub(crate) fn generate(tools: &Toolbox) -> Result<()> {
    process::succeed(tools.node(Project::FrontEnd)?.args(["--run", "generate"]))
}

/// Every file of the bundles.
fn contents(repository: &Repository) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for project in BUNDLED {
        let folder = Path::new(project.folder()).join("dist");
        read(repository, &folder, &mut files)?;
    }
    Ok(files)
}

fn read(
    repository: &Repository,
    folder: &Path,
    files: &mut BTreeMap<PathBuf, Vec<u8>>,
) -> Result<()> {
    let full = repository.path("").join(folder);
    let entries =
        std::fs::read_dir(full).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            read(repository, &path, files)?;
        } else {
            files.insert(path, std::fs::read(entry.path())?);
        }
    }
    Ok(())
}
