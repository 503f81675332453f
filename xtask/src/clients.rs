//! Real clients in other languages, against the real program.
//!
//! One `selvedge dev` serves all suites. They learn where it is from the file that
//! `SELVEDGE_TEST_DEV` names, from `SELVEDGE_TEST_BINARY` which program to start for a configuration
//! of their own, and from `SELVEDGE_TEST_BROWSER` which browser to drive.

use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, ensure};

use crate::repository::Repository;
use crate::running::Running;
use crate::tally::Tally;
use crate::toolbox::{Project, Toolbox, system};
use crate::{process, web};

/// A running service and the tools to call it with.
pub(crate) struct Stage {
    tools: Toolbox,
    running: Running,
}

impl Stage {
    /// Starts the service.
    pub(crate) fn set(repository: &Repository, tools: Toolbox) -> Result<Self> {
        let running = Running::start(repository)?;
        Ok(Self { tools, running })
    }
}

/// The Python suite: MSAL, PyJWT, grpcio.
pub(crate) fn python(repository: &Repository, stage: Option<&Stage>) -> Result<Tally> {
    let stage = stage.context(NOT_RUNNING)?;
    let mut pytest = stage.tools.python();
    pytest.args(["-m", "pytest", "--color=no", "-p", "no:cacheprovider"]);
    let mut tally = Tally::default();
    let status = process::watch(environment(&mut pytest, repository, stage)?, |line| {
        // Only the last line of a run is framed like this and tells the time.
        if line.starts_with("====") && line.contains(" in ") {
            tally = Tally::from_counts(line);
        }
    })?;
    Ok(believe(status, tally))
}

/// The Node suite: MSAL, grpc-js, jose, oidc-provider.
pub(crate) fn node(repository: &Repository, stage: Option<&Stage>) -> Result<Tally> {
    let stage = stage.context(NOT_RUNNING)?;
    let mut node = stage.tools.node(Project::NodeClients)?;
    node.args(NODE_TESTS).arg("--test-timeout=120000");
    tap(environment(&mut node, repository, stage)?)
}

/// The browser suite: the front end in the emulator's portal, Google's grpc-web and Connect, each in
/// Chromium.
pub(crate) fn browser(repository: &Repository, stage: Option<&Stage>) -> Result<Tally> {
    let stage = stage.context(NOT_RUNNING)?;
    let browser = system::browser().context("there is no browser")?;
    // It calls the contracts by the front end's own types.
    web::generate(&stage.tools)?;
    let mut node = stage.tools.node(Project::BrowserClients)?;
    node.args(NODE_TESTS)
        .arg("--test-timeout=180000")
        .env("SELVEDGE_TEST_BROWSER", browser);
    tap(environment(&mut node, repository, stage)?)
}

/// One file at a time: they change what the authority does.
const NODE_TESTS: [&str; 3] = ["--test", "--test-concurrency=1", "--test-reporter=tap"];

/// Runs a suite that reports as the Test Anything Protocol does, and takes its counts.
pub(crate) fn tap(suite: &mut Command) -> Result<Tally> {
    let mut tally = Tally::default();
    let status = process::watch(suite, |line| {
        let count = |what| line.strip_prefix(what)?.trim().parse::<u64>().ok();
        if let Some(passed) = count("# pass ") {
            tally.passed = passed;
        }
        // What was cancelled, skipped or left to do was not shown to work.
        tally.failed += ["# fail ", "# cancelled ", "# skipped ", "# todo "]
            .into_iter()
            .filter_map(count)
            .sum::<u64>();
    })?;
    Ok(believe(status, tally))
}

/// The call that `selvedge dev` prints works as it stands, in a plain shell.
pub(crate) fn pasted(stage: Option<&Stage>) -> Result<()> {
    let stage = stage.context(NOT_RUNNING)?;
    let described = std::fs::read_to_string(stage.running.described())?;
    let described: serde_json::Value = serde_json::from_str(&described)?;
    let call = described
        .get("call_to_paste")
        .and_then(serde_json::Value::as_str)
        .context("it prints no call")?;
    let said = process::output(Command::new("sh").args(["-c", call]))?;
    ensure!(
        said.contains("grpc-status: 0"),
        "the call was answered: {said}"
    );
    Ok(())
}

/// The service ends when asked, with exit code 0.
pub(crate) fn stop(stage: Option<Stage>) -> Result<()> {
    stage.context(NOT_RUNNING)?.running.stop()
}

/// The scenarios of `selvedge demo`: each line says of one whether it went as it should.
pub(crate) fn demo(repository: &Repository) -> Result<Tally> {
    // It takes seconds; one that waits for what never comes must not hold the run.
    let mut demo = repository.command("timeout");
    demo.args(["--kill-after=10s", "5m"])
        .arg(repository.selvedge()?)
        .arg("demo");
    let mut tally = Tally::default();
    let status = process::watch(&mut demo, |line| {
        if line.starts_with("  ok ") {
            tally.passed += 1;
        } else if line.starts_with("  BAD ") {
            tally.failed += 1;
        }
    })?;
    Ok(believe(status, tally))
}

const NOT_RUNNING: &str = "the service is not running";

fn environment<'a>(
    suite: &'a mut Command,
    repository: &Repository,
    stage: &Stage,
) -> Result<&'a mut Command> {
    Ok(suite
        .env("SELVEDGE_TEST_DEV", stage.running.described())
        .env("SELVEDGE_TEST_BINARY", repository.selvedge()?)
        // The clients under test must be taken to Microsoft by nothing in the environment.
        .env_remove("MSAL_FORCE_REGION")
        .env_remove("REQUESTS_CA_BUNDLE")
        .env_remove("CURL_CA_BUNDLE"))
}

/// A suite that ended badly without counting a failure has one that it did not live to count.
fn believe(status: ExitStatus, mut tally: Tally) -> Tally {
    if !status.success() && tally.failed == 0 {
        tally.failed = 1;
    }
    tally
}
