//! Prometheus and promtool, from Debian's package, unpacked and not installed: its installation would
//! start a server of the system's on a machine that runs one.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::repository::Repository;

const PROGRAMS: [&str; 2] = ["prometheus", "promtool"];

/// Unpacks the package where the tests look, unless the system has both programs.
pub(super) fn provision(repository: &Repository) -> Result<()> {
    let is_installed = PROGRAMS
        .iter()
        .all(|program| process::succeeds(Command::new(program).arg("--version")));
    let folder = repository.scratch()?.join("prometheus");
    let is_unpacked = || {
        PROGRAMS
            .iter()
            .all(|program| folder.join("usr/bin").join(program).is_file())
    };
    if is_installed || is_unpacked() {
        return Ok(());
    }
    println!("unpacking Prometheus into {}", folder.display());
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let download = || {
        process::succeed(
            Command::new("apt-get")
                .args(["download", "--quiet", "prometheus"])
                .current_dir(&folder),
        )
    };
    download()
        // The list of packages may be older than what there is.
        .or_else(|_| super::system::update().and_then(|()| download()))
        .context("Prometheus not found and not to be had: install prometheus")?;
    let package = std::fs::read_dir(&folder)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt-get has left no package")?;
    process::succeed(
        Command::new("dpkg-deb")
            .arg("--extract")
            .arg(&package)
            .arg(&folder),
    )?;
    std::fs::remove_file(&package)?;
    if !is_unpacked() {
        bail!("Prometheus is still absent after its package was unpacked");
    }
    Ok(())
}
