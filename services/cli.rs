//! The command line: one file a command.

mod check;
#[cfg(feature = "emulator")]
pub mod demo;
#[cfg(feature = "emulator")]
pub mod dev;
mod entra;
mod explain;
mod policy;
mod serve;
mod trace;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, CommandFactory as _, Parser, Subcommand};

use crate::app::{AppError, SettingsError};
use crate::config::{ConfigError, Environment, Settings};
use crate::telemetry::TelemetryError;

/// Where the configuration is looked for if nobody says.
const CONFIG_FILE: &str = "selvedge.toml";

/// Where `dev` keeps its state, unless told.
const STATE_DIR: &str = ".selvedge";

/// The exit code for a command line or a configuration that cannot be used, as clap has it.
const MISUSED: u8 = 2;

/// The identity edge of a Microsoft Fabric workload.
#[derive(Debug, Parser)]
#[command(name = "selvedge", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run an emulated Entra ID and the service on this machine.
    #[cfg(feature = "emulator")]
    Dev(dev::DevArgs),
    /// Walk through what the service does, on this machine.
    #[cfg(feature = "emulator")]
    Demo,
    /// Serve, with the authorities and registrations of a configuration.
    Serve(ConfigArgs),
    /// Print what every method demands of its caller.
    Policy(policy::PolicyArgs),
    /// Check a token as a call of a method would; exit 1 if it is refused.
    Explain(explain::ExplainArgs),
    /// Print the call that a trace id names as a tree, and why it failed; exit 1 if it is not found.
    Trace(trace::TraceArgs),
    /// Print what Microsoft Entra ID has to know of a registration.
    Entra(entra::EntraArgs),
    /// Check configuration, authorities, store and clock; exit 1 if something is wrong.
    Check(ConfigArgs),
}

/// Where the configuration is.
#[derive(Args, Debug)]
struct ConfigArgs {
    /// The configuration file. Unset: selvedge.toml, if it is there.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArgs {
    fn load(&self) -> Result<Settings, ConfigError> {
        let environment = Environment::of_process()?;
        let present = Path::new(CONFIG_FILE);
        let file = self
            .config
            .as_deref()
            .or_else(|| present.exists().then_some(present));
        Settings::load(file, &environment)
    }
}

impl Cli {
    /// Does what the command line says, until it is done or the process is told to stop.
    ///
    /// # Errors
    ///
    /// What stopped it; [`exit_code`] tells whose fault it is.
    pub async fn run(self) -> Result<ExitCode> {
        let Some(command) = self
            .command
            .map_or_else(default_command, |given| Ok(Some(given)))?
        else {
            Self::command().write_help(&mut std::io::stderr().lock())?;
            return Ok(ExitCode::from(MISUSED));
        };
        match command {
            #[cfg(feature = "emulator")]
            Command::Dev(args) => dev::run(args, told_to_stop()).await?,
            #[cfg(feature = "emulator")]
            Command::Demo => demo::run().await?,
            Command::Serve(args) => serve::run(&args.load()?, told_to_stop()).await?,
            Command::Policy(args) => policy::run(&args)?,
            Command::Explain(args) => return explain::run(&args).await,
            Command::Trace(args) => return trace::run(&args),
            Command::Entra(args) => return entra::run(&args),
            Command::Check(args) => return check::run(args.load()).await,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What `selvedge` alone means: `dev`, where there is an emulator and no sign of a configuration.
fn default_command() -> Result<Option<Command>> {
    #[cfg(feature = "emulator")]
    if Environment::of_process()?.is_empty() && !Path::new(CONFIG_FILE).exists() {
        return Ok(Cli::try_parse_from(["selvedge", "dev"])?.command);
    }
    Ok(None)
}

/// The exit code for what stopped a command.
#[must_use]
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    let misconfigured = error.is::<ConfigError>()
        || error.is::<SettingsError>()
        || error.is::<TelemetryError>()
        || error.is::<trace::TraceIdError>()
        || matches!(
            error.downcast_ref(),
            Some(
                AppError::Authentication(_)
                    | AppError::Exchange(_)
                    | AppError::AuthorityClient(_)
                    | AppError::Downstream(_)
            )
        );
    ExitCode::from(if misconfigured { MISUSED } else { 1 })
}

/// Whether whoever read the output has had enough, as `head` has after ten lines.
#[must_use]
pub fn reader_is_gone(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Ends when an operator interrupts the process or an orchestrator terminates it. Both are listened
/// for from now on, so that neither is missed while the service starts.
fn told_to_stop() -> impl Future<Output = ()> + Send + 'static {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        [SignalKind::interrupt(), SignalKind::terminate()].map(signal)
    };
    async move {
        #[cfg(unix)]
        {
            let mut listening: Vec<_> = signals.into_iter().flatten().collect();
            let mut received: Vec<_> = listening
                .iter_mut()
                .map(|signal| Box::pin(signal.recv()))
                .collect();
            if !received.is_empty() {
                futures_util::future::select_all(received.drain(..)).await;
                return;
            }
        }
        // Nothing to listen to is no reason to stop.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
