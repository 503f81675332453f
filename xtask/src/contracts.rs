//! What buf says of the contracts: their style, and whether a change would break a client.

use std::path::PathBuf;

use anyhow::Result;

use crate::process;
use crate::repository::Repository;
use crate::toolbox::Toolbox;

/// The rules of buf.yaml.
pub(crate) fn lint(repository: &Repository, tools: &Toolbox) -> Result<()> {
    process::succeed(repository.command(tools.buf()).args(["lint"]))
}

/// No change against the contracts that this commit starts from may break a client.
pub(crate) fn compatibility(repository: &Repository, tools: &Toolbox) -> Result<()> {
    let Some(base) = base(repository) else {
        println!(
            "this clone has no commit before this one with contracts: nothing to compare with"
        );
        return Ok(());
    };
    println!("compared with {base}");
    let archive = archive(repository, &base)?;
    process::succeed(
        repository
            .command(tools.buf())
            .args(["breaking", "--against"])
            .arg(archive),
    )
}

/// The commit whose contracts clients may hold: where this branch left `origin/main`, or, on that
/// branch itself, the commit before.
fn base(repository: &Repository) -> Option<String> {
    let git = |arguments: &[&str]| {
        let mut git = repository.command("git");
        git.args(arguments).stderr(std::process::Stdio::null());
        git.output()
            .ok()
            .filter(|output| output.status.success())
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let head = git(&["rev-parse", "HEAD"])?;
    let base = git(&["merge-base", "HEAD", "origin/main"])
        .filter(|base| *base != head)
        .or_else(|| git(&["rev-parse", "--verify", "HEAD~1"]))?;
    git(&["cat-file", "-e", &format!("{base}:buf.yaml")])?;
    Some(base)
}

/// The tree of a commit as a file: buf's own git input cannot read a linked worktree.
fn archive(repository: &Repository, commit: &str) -> Result<PathBuf> {
    let archive = repository.scratch()?.join("contracts-before.tar");
    process::succeed(
        repository
            .command("git")
            .args(["archive", "--format=tar", "--output"])
            .arg(&archive)
            .arg(commit),
    )?;
    Ok(archive)
}
