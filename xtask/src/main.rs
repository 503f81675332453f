//! `cargo xtask`: the project's own commands.
//!
//! `ci` is exactly what CI runs; the other commands are parts of it that are useful alone. This
//! crate depends on no crate of the workspace: it drives them as a stranger would, by their
//! commands and their output.

#![expect(
    clippy::print_stdout,
    reason = "these commands talk to the person who typed them"
)]

mod bench;
mod ci;
mod clients;
mod contracts;
mod deny;
mod evidence;
mod gates;
mod process;
mod repository;
mod running;
mod tally;
mod toolbox;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::repository::Repository;

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures, and prints every ratio beside its goal; fails if one is missed.
    Bench,
    /// Writes the ledgers and tables that tests compare with, for the difference to be reviewed.
    Bless,
    /// Runs everything that CI runs, and installs what that needs.
    Ci,
    /// Runs the client suites against the `selvedge` that was last built.
    Clients,
    /// Lints the contracts and compares them with those of the commit before.
    Contracts,
    /// Holds the dependency graph to deny.toml.
    Deny,
    /// Runs the service's tests with a collector outside, and looks at what came there.
    Evidence,
    /// Installs what the client suites and the contract checks need.
    Tools,
    /// Builds the pages' bundles into place, to be committed, and runs their tests.
    Web,
}

fn main() -> anyhow::Result<ExitCode> {
    let repository = Repository::discover()?;
    let report = match Cli::parse().command {
        Command::Bench => bench::measure(&repository),
        Command::Bless => gates::bless(&repository),
        Command::Ci => ci::everything(&repository),
        Command::Clients => ci::clients(&repository),
        Command::Contracts => ci::contracts(&repository),
        Command::Deny => ci::deny(&repository),
        Command::Evidence => ci::evidence(&repository),
        Command::Tools => {
            toolbox::Toolbox::provision(&repository)?.install()?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Web => ci::web(&repository),
    };
    Ok(report.conclude())
}
