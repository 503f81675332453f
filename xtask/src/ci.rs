//! The order of a run: what is cheap and says most comes first, what needs a running service last.

use crate::repository::Repository;
use crate::tally::Report;
use crate::toolbox::{Toolbox, system};
use crate::{clients, contracts as contract_checks, deny as deny_rules, gates, web};

/// All of CI.
pub(crate) fn everything(repository: &Repository) -> Report {
    let mut report = Report::new();
    report.check("format", || gates::format(repository));
    report.check("dependency rules", || deny_rules::hold(repository));
    add_contracts(&mut report, repository);
    add_web(&mut report, repository);
    report.check("lints", || gates::lints(repository));
    report.check("lints without emulator", || {
        gates::lints_without_emulator(repository)
    });
    report.check("documentation", || gates::documentation(repository));
    report.check("build", || gates::build(repository));
    report.suite("cargo test", || {
        system::provision()?;
        gates::tests(repository)
    });
    add_clients(&mut report, repository);
    report
}

/// The dependency rules alone.
pub(crate) fn deny(repository: &Repository) -> Report {
    let mut report = Report::new();
    report.check("dependency rules", || deny_rules::hold(repository));
    report
}

/// The contract checks alone.
pub(crate) fn contracts(repository: &Repository) -> Report {
    let mut report = Report::new();
    add_contracts(&mut report, repository);
    report
}

/// Builds the bundles into place, and runs the tests of what is in them.
pub(crate) fn web(repository: &Repository) -> Report {
    let mut report = Report::new();
    report.check("bundles", || web::build(&Toolbox::provision(repository)?));
    report.suite("tests of the pages", || {
        web::tests(&Toolbox::provision(repository)?)
    });
    report
}

/// The client suites alone.
pub(crate) fn clients(repository: &Repository) -> Report {
    let mut report = Report::new();
    add_clients(&mut report, repository);
    report
}

fn add_contracts(report: &mut Report, repository: &Repository) {
    let tools = || Toolbox::provision(repository);
    report.check("contract lint", || {
        contract_checks::lint(repository, &tools()?)
    });
    report.check("contract compatibility", || {
        contract_checks::compatibility(repository, &tools()?)
    });
}

/// Before anything is compiled that embeds the bundles.
fn add_web(report: &mut Report, repository: &Repository) {
    let tools = || Toolbox::provision(repository);
    report.check("bundles are built", || {
        web::are_built(repository, &tools()?)
    });
    report.suite("tests of the pages", || web::tests(&tools()?));
}

fn add_clients(report: &mut Report, repository: &Repository) {
    let tools = || Toolbox::provision(repository);
    let mut running = None;
    report.check("selvedge dev serves", || {
        running = Some(clients::Stage::set(repository, tools()?)?);
        Ok(())
    });
    report.check("the printed call works", || {
        clients::pasted(running.as_ref())
    });
    report.suite("python clients", || {
        clients::python(repository, running.as_ref())
    });
    report.suite("node clients", || {
        clients::node(repository, running.as_ref())
    });
    report.suite("browser", || clients::browser(repository, running.as_ref()));
    report.check("selvedge dev stops", || clients::stop(running));
    report.suite("selvedge demo", || clients::demo(repository));
}
