//! `selvedge dev`: an authority, the service and its front end on loopback, in one process, with
//! nothing to set up.
//!
//! The only commands that may start the emulator are this one and `demo`, which stands on it.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use auth_interceptor::Clock;
use emulator::{Emulator, Generation, WorkloadRegistration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

mod configuration;
mod description;
mod front_end;

use self::front_end::FrontEndAddress;
use super::STATE_DIR;
use super::trace::SPAN_FILE;
use crate::app::{App, AppSettings, Listeners};
use crate::config::{Environment, Settings};
use crate::store;
use crate::telemetry::audit::{Trail, Writing};
use crate::telemetry::export::{ExportSettings, Ratio, Spans};
use crate::telemetry::{LogSettings, Telemetry};

/// The port of the service, before any offset: the default of Fabric's DevGateway.
const SERVICE_PORT: u16 = 5000;
/// The port of administration, before any offset.
const ADMINISTRATION_PORT: u16 = 5001;
/// The port of the emulator, before any offset.
const AUTHORITY_PORT: u16 = 5443;
/// The port of the front end, before any offset: the default of Fabric's development front ends.
const FRONT_END_PORT: u16 = 60006;

/// How long the service may take to read the keys of an authority in its own process.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs an authority, the service and its front end on this machine until interrupted.
#[derive(clap::Args, Debug)]
pub struct DevArgs {
    /// Added to every port.
    #[arg(long, default_value_t = 0)]
    pub port_offset: u16,
    /// Where keys, certificates and the database are kept between runs.
    #[arg(long, default_value = STATE_DIR)]
    pub state_dir: PathBuf,
    /// How to print what is running.
    #[arg(long, value_enum, default_value_t)]
    pub format: DevFormat,
}

/// How `dev` prints what is running.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default)]
pub enum DevFormat {
    /// For a person: addresses, and a call to paste.
    #[default]
    Text,
    /// For a program: one line of JSON, once everything is SERVING.
    Json,
}

/// Runs until the process is told to stop.
///
/// # Errors
///
/// A port that is taken, or a state folder that cannot be used.
pub async fn run(args: DevArgs, shutdown: impl Future<Output = ()>) -> Result<()> {
    let port = |base: u16| {
        base.checked_add(args.port_offset)
            .map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            .context("the port offset leaves no port")
    };
    std::fs::create_dir_all(&args.state_dir)
        .with_context(|| format!("{} cannot be created", args.state_dir.display()))?;
    let log = LogSettings {
        filter: "info".to_owned(),
        file: Some(args.state_dir.join("log.jsonl")),
    };
    let telemetry = Telemetry::start(&log, Some(&traces(&args.state_dir)))?;
    let local = Local::start(&LocalSettings {
        service: port(SERVICE_PORT)?,
        administration: port(ADMINISTRATION_PORT)?,
        authority: port(AUTHORITY_PORT)?,
        front_end: Some(port(FRONT_END_PORT)?),
        state_dir: &args.state_dir,
        keys: "",
        spans: telemetry.spans(),
    })
    .await?;
    let mut out = io::stdout();
    match args.format {
        DevFormat::Text => write!(out, "{}", local.as_text(&args.state_dir))?,
        DevFormat::Json => writeln!(out, "{}", local.as_json())?,
    }
    shutdown.await;
    local.stop().await?;
    telemetry.end().await;
    Ok(())
}

/// All traces, to a file of the state folder that `selvedge trace` reads.
pub(super) fn traces(state_dir: &Path) -> ExportSettings {
    ExportSettings {
        collector: None,
        span_file: Some(state_dir.join(SPAN_FILE)),
        sample_ratio: Ratio::ALL,
    }
}

/// Where a [`Local`] runs.
pub(super) struct LocalSettings<'a> {
    pub(super) service: SocketAddr,
    pub(super) administration: SocketAddr,
    pub(super) authority: SocketAddr,
    /// None: no front end is served.
    pub(super) front_end: Option<SocketAddr>,
    pub(super) state_dir: &'a Path,
    /// More configuration (TOML), for times shorter than production's.
    pub(super) keys: &'a str,
    /// Where the spans of calls are left.
    pub(super) spans: Spans,
}

/// An authority and the service that trusts it, in this process.
pub(super) struct Local {
    pub(super) emulator: Emulator,
    pub(super) service: SocketAddr,
    administration: SocketAddr,
    front_end: Option<FrontEndAddress>,
    root_certificate: PathBuf,
    configuration_file: PathBuf,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<()>,
    auditing: Writing,
}

impl Local {
    /// Starts both, and returns once the service is SERVING.
    pub(super) async fn start(settings: &LocalSettings<'_>) -> Result<Self> {
        let front_end = settings.front_end.map(FrontEndAddress);
        let clock = Clock::system();
        let emulator_settings =
            emulator::Settings::new(settings.authority, std::sync::Arc::new(move || clock.now()))
                .with_state_dir(settings.state_dir.join("authority"));
        let emulator = Emulator::start(emulator_settings)
            .await
            .with_context(|| format!("the emulator cannot listen on {}", settings.authority))?;
        let root_certificate = settings.state_dir.join("authority.pem");
        std::fs::write(&root_certificate, emulator.root_certificate_pem())?;

        // Left on disk, so that `check`, `explain` and `serve` can be tried against this authority.
        let configuration_file = settings.state_dir.join("selvedge.toml");
        let text = configuration::write(&emulator, &root_certificate, settings)?;
        std::fs::write(&configuration_file, &text)?;
        let configured = Settings::parse(&text, &Environment::default())?;
        let store = store::open(&configured.store).await?;
        let (trail, auditing) = Trail::start(&configured.telemetry.audit)?;
        let app_settings = AppSettings {
            audit: trail,
            spans: settings.spans.clone(),
            ..AppSettings::try_from(&configured)?
        };
        let app = App::new(app_settings, store)?;
        let listeners = Listeners {
            service: listen(settings.service).await?,
            administration: listen(settings.administration).await?,
            front_end: match front_end {
                None => Vec::new(),
                Some(front_end) => front_end.listen().await?,
            },
        };
        let service = listeners.service.local_addr()?;
        let administration = listeners.administration.local_addr()?;
        for generation in Generation::ALL {
            let workload = WorkloadRegistration::new(workload_url(service), generation);
            emulator.register_workload(workload)?;
        }
        if let Some(front_end) = front_end {
            emulator.register_front_end(front_end.manifest())?;
        }
        let authenticator = std::sync::Arc::clone(app.authenticator());
        let stop = CancellationToken::new();
        let serving = tokio::spawn(app.serve(listeners, stop.clone().cancelled_owned()));
        tokio::time::timeout(PATIENCE, authenticator.ready())
            .await
            .context("the service cannot read the emulator's keys; does localhost resolve?")?;
        Ok(Self {
            emulator,
            service,
            administration,
            front_end,
            root_certificate,
            configuration_file,
            stop,
            serving,
            auditing,
        })
    }

    /// The file with the workload's client secret.
    pub(super) fn workload_secret(&self) -> PathBuf {
        self.configuration_file.with_file_name("workload.secret")
    }

    /// Drains the service and stops the authority.
    pub(super) async fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.serving.await?;
        self.auditing.end().await;
        self.emulator.stop().await;
        Ok(())
    }
}

/// Where Fabric finds the workload.
fn workload_url(service: SocketAddr) -> String {
    format!("http://{service}/workload")
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("the service cannot listen on {address}"))
}
