//! The benchmarks: each prints its ratios against a baseline in the same run, and fails if one
//! misses its goal.

use anyhow::Result;

use crate::process;
use crate::repository::Repository;
use crate::tally::Report;

/// Every benchmark, one after another: two at a time would measure each other.
pub(crate) fn measure(repository: &Repository) -> Report {
    let mut report = Report::new();
    report.check("token validation", || {
        bench(repository, "auth-interceptor", "validation")
    });
    report.check("service", || bench(repository, "selvedge", "service"));
    report
}

fn bench(repository: &Repository, package: &str, name: &str) -> Result<()> {
    let package = format!("--package={package}");
    let bench = format!("--bench={name}");
    process::succeed(
        repository
            .cargo("bench")
            .args(["--locked", &package, &bench]),
    )
}
