//! What cargo itself can say of the workspace: format, lints, documentation, tests.

use std::process::Command;

use anyhow::Result;

use crate::evidence::Evidence;
use crate::process;
use crate::repository::Repository;
use crate::tally::{Report, Tally};

/// The format of every file is rustfmt's.
pub(crate) fn format(repository: &Repository) -> Result<()> {
    process::succeed(repository.cargo("fmt").args(["--all", "--check"]))
}

/// No warning in any target, benches and tests included.
pub(crate) fn lints(repository: &Repository) -> Result<()> {
    process::succeed(repository.cargo("clippy").args([
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "--deny=warnings",
    ]))
}

/// A release that cannot start an emulator is one that operators build: it compiles, and without
/// a warning.
pub(crate) fn lints_without_emulator(repository: &Repository) -> Result<()> {
    process::succeed(repository.cargo("clippy").args([
        "--locked",
        "--package=selvedge",
        "--no-default-features",
        "--bins",
        "--",
        "--deny=warnings",
    ]))
}

/// The documentation builds, and every link in it leads somewhere.
pub(crate) fn documentation(repository: &Repository) -> Result<()> {
    process::succeed(
        repository
            .cargo("doc")
            .args(["--locked", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "--deny=warnings"),
    )
}

/// Every test binary compiles, and with them the `selvedge` that the client suites run.
pub(crate) fn build(repository: &Repository) -> Result<()> {
    process::succeed(
        repository
            .cargo("test")
            .args(["--locked", "--workspace", "--no-run"]),
    )
}

/// Every Rust test of the workspace, documentation examples included. They leave `evidence`, where
/// somebody takes it.
pub(crate) fn tests(repository: &Repository, evidence: Option<&Evidence>) -> Result<Tally> {
    let mut cargo = repository.cargo("test");
    cargo.args(["--locked", "--workspace", "--no-fail-fast"]);
    if let Some(evidence) = evidence {
        evidence.tell_tests(&mut cargo);
    }
    run(&mut cargo)
}

/// The tests over real sockets alone.
pub(crate) fn tests_of_the_service(repository: &Repository, evidence: &Evidence) -> Result<Tally> {
    let mut cargo = repository.cargo("test");
    cargo.args(["--locked", "--package=selvedge", "--test=tests"]);
    evidence.tell_tests(&mut cargo);
    run(&mut cargo)
}

fn run(cargo: &mut Command) -> Result<Tally> {
    let mut tally = Tally::default();
    let status = process::watch(cargo, |line| {
        if line.starts_with("test result: ") {
            tally.add(Tally::from_counts(line));
        }
    })?;
    // A test binary that died has printed no counts.
    if !status.success() && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}

/// Runs the tests that compare with committed files so that they write those files instead.
pub(crate) fn bless(repository: &Repository) -> Report {
    let mut report = Report::new();
    report.check("ledgers and tables", || {
        process::succeed(
            repository
                .cargo("test")
                .args(["--locked", "--package=selvedge", "--test=tests"])
                .env("XTASK_BLESS", "1"),
        )
    });
    report
}
