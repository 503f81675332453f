//! What the system must have, asked of apt when it is absent.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// A program or file of the system, and the Debian packages that bring it.
struct Need {
    what: &'static str,
    is_met: fn() -> bool,
    packages: &'static [&'static str],
}

const NEEDS: [Need; 8] = [
    Need {
        what: "curl",
        is_met: || process::succeeds(Command::new("curl").arg("--version")),
        packages: &["curl"],
    },
    Need {
        what: "git",
        is_met: || process::succeeds(Command::new("git").arg("--version")),
        packages: &["git"],
    },
    Need {
        what: "Python with venv",
        // Debian ships the module `venv` without what it installs pip from.
        is_met: || {
            process::succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"]))
        },
        packages: &["python3", "python3-venv"],
    },
    Need {
        what: "the certificates of public authorities",
        is_met: || std::path::Path::new("/etc/ssl/certs/ca-certificates.crt").exists(),
        packages: &["ca-certificates"],
    },
    Need {
        what: "PostgreSQL",
        is_met: has_postgres,
        // Its package may start a cluster of the system's. The tests neither use nor touch it: they
        // run a server of their own.
        packages: &["postgresql"],
    },
    Need {
        what: "ClickHouse",
        is_met: || std::path::Path::new(CLICKHOUSE).is_file(),
        // As with PostgreSQL, a run has a server of its own.
        packages: &["clickhouse-server"],
    },
    Need {
        what: "Chromium",
        is_met: || browser().is_some(),
        packages: &["chromium"],
    },
    Need {
        what: "fonts",
        // Without one, a page has boxes where its text should be, and screenshots show them.
        is_met: || {
            std::fs::read_dir("/usr/share/fonts").is_ok_and(|mut fonts| fonts.next().is_some())
        },
        packages: &["fonts-liberation"],
    },
];

/// The server that spans are stored in, which is in no user's search path.
pub(crate) const CLICKHOUSE: &str = "/usr/sbin/clickhouse-server";

/// The browser that pages are tried in: Chromium, under any of the names that systems give it.
pub(crate) fn browser() -> Option<PathBuf> {
    let folders = process::search_path();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    names.into_iter().find_map(|name| {
        std::env::split_paths(&folders)
            .chain([PathBuf::from("/usr/bin")])
            .map(|folder| folder.join(name))
            .find(|program| program.is_file())
    })
}

/// Whether there is a server to start, which distributions keep out of the search path.
fn has_postgres() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    versions
        .filter_map(Result::ok)
        .any(|version| version.path().join("bin/initdb").exists())
        || process::output(
            Command::new("pg_config")
                .arg("--bindir")
                .stderr(std::process::Stdio::null()),
        )
        .is_ok_and(|folder| std::path::Path::new(folder.trim()).join("initdb").exists())
        || process::succeeds(Command::new("initdb").arg("--version"))
}

/// Installs what is absent.
pub(crate) fn provision() -> Result<()> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| !(need.is_met)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let what: Vec<&str> = missing.iter().map(|need| need.what).collect();
    let what = what.join(", ");
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|need| need.packages.iter().copied())
        .collect();
    println!("installing {} for want of {what}", packages.join(" "));
    update()
        .and_then(|()| {
            let mut install = vec!["install", "--yes", "--quiet", "--no-install-recommends"];
            install.extend(&packages);
            apt(&install)
        })
        .with_context(|| {
            format!(
                "{what} not found and not installable: install {}",
                packages.join(" ")
            )
        })?;
    match missing.iter().find(|need| !(need.is_met)()) {
        Some(need) => bail!("{} is still absent after its installation", need.what),
        None => Ok(()),
    }
}

/// Reads anew which packages there are.
pub(super) fn update() -> Result<()> {
    apt(&["update", "--quiet"])
}

/// Runs apt-get as root, or by a sudo that asks for no password.
fn apt(arguments: &[&str]) -> Result<()> {
    let is_root = process::output(Command::new("id").arg("-u"))?.trim() == "0";
    let mut command = if is_root {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["--non-interactive", "apt-get"]);
        sudo
    };
    process::succeed(
        command
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}
