//! The whole service against its own baselines, as ratios within one run.
//!
//! The server is a process of its own with one worker thread, so that it and not the client is what
//! is measured; variants run in turn, several rounds each, because the machine is never quiet.

#![allow(clippy::print_stdout, reason = "a bench reports to whoever runs it")]

mod exchange;
mod files;
mod flood;
mod load;
mod process;
mod server;
mod service;
mod start;
mod telemetry;
mod throughput;

use std::process::ExitCode;

use anyhow::{Result, ensure};
use mimalloc::MiMalloc;

/// The binary's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// One ratio and what it has to be.
struct Goal {
    name: &'static str,
    ratio: f64,
    at_least: Option<f64>,
    at_most: Option<f64>,
}

impl Goal {
    fn is_met(&self) -> bool {
        self.at_least.is_none_or(|bound| self.ratio >= bound)
            && self.at_most.is_none_or(|bound| self.ratio <= bound)
    }

    fn print(&self) {
        let bound = match (self.at_least, self.at_most) {
            (Some(bound), _) => format!(">= {bound}"),
            (None, Some(bound)) => format!("<= {bound}"),
            (None, None) => "no goal".to_owned(),
        };
        let verdict = if self.is_met() { "met" } else { "MISSED" };
        println!("{}: {:.3} (goal {bound}: {verdict})", self.name, self.ratio);
    }
}

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(variant) = server::Variant::from_arguments(&arguments) {
        return server::run(variant).map(|()| ExitCode::SUCCESS);
    }
    let words: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    if let ["flood", address, tokens] = words[..] {
        return flood::run(address, tokens).map(|()| ExitCode::SUCCESS);
    }
    if let Some(done) = exchange::run_as(&words) {
        return done.map(|()| ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let goals = runtime.block_on(measure(&words))?;
    goals.iter().for_each(Goal::print);
    let missed = goals.iter().any(|goal| !goal.is_met());
    Ok(if missed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The parts, in the order in which they are measured.
const PARTS: [&str; 8] = [
    "throughput",
    "telemetry",
    "cached",
    "uncached",
    "joined",
    "flood",
    "start",
    "files",
];

/// Measures everything, or the parts that the command line names.
async fn measure(words: &[&str]) -> Result<Vec<Goal>> {
    // Cargo's own `--bench` names none.
    let named: Vec<_> = words.iter().filter(|word| !word.starts_with('-')).collect();
    let known = named.iter().all(|part| PARTS.contains(part));
    ensure!(known, "the parts are {}", PARTS.join(", "));
    let mut goals = Vec::new();
    for part in PARTS {
        if named.is_empty() || named.contains(&&part) {
            goals.extend(match part {
                "throughput" => throughput::measure().await?,
                "telemetry" => telemetry::measure().await?,
                "cached" => exchange::cached::measure().await?,
                "uncached" => exchange::uncached::measure().await?,
                "joined" => exchange::joined::measure().await?,
                "flood" => flood::measure().await?,
                "start" => start::measure().await?,
                _ => files::measure().await?,
            });
        }
    }
    Ok(goals)
}
