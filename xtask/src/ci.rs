//! The order of a run: what is cheap and says most comes first, what needs a running service last.

use anyhow::Context as _;

use crate::evidence::Evidence;
use crate::repository::Repository;
use crate::tally::Report;
use crate::toolbox::Toolbox;
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
    let evidence = add_collector(&mut report, repository);
    report.suite("cargo test", || gates::tests(repository, evidence.as_ref()));
    add_clients(&mut report, repository);
    add_evidence(&mut report, repository, evidence);
    report
}

/// What the tests over real sockets show to somebody outside.
pub(crate) fn evidence(repository: &Repository) -> Report {
    let mut report = Report::new();
    let evidence = add_collector(&mut report, repository);
    report.suite("cargo test --test tests", || {
        gates::tests_of_the_service(repository, evidence.as_ref().context(NO_COLLECTOR)?)
    });
    add_evidence(&mut report, repository, evidence);
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

const NO_COLLECTOR: &str = "there is no collector";

/// Before the tests, which export to it.
fn add_collector(report: &mut Report, repository: &Repository) -> Option<Evidence> {
    let mut evidence = None;
    report.check("collector and store", || {
        evidence = Some(Evidence::start(
            repository,
            &Toolbox::provision(repository)?,
        )?);
        Ok(())
    });
    evidence
}

/// After everything that exports.
fn add_evidence(report: &mut Report, repository: &Repository, evidence: Option<Evidence>) {
    report.suite("evidence", || {
        let evidence = evidence.context(NO_COLLECTOR)?;
        evidence.look(repository, &Toolbox::provision(repository)?)
    });
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
