//! `selvedge dev`: an authority and the service on loopback, in one process, with nothing to set up.
//!
//! The only commands that may start the emulator are this one and `demo`, which stands on it.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use auth_interceptor::Clock;
use emulator::{Emulator, Generation, WorkloadRegistration, seed};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

mod configuration;

use crate::app::{App, AppSettings, Listeners};
use crate::config::{Environment, Settings};
use crate::store;
use crate::telemetry::{LogSettings, start_logging};

/// The port of the service, before any offset: the default of Fabric's DevGateway.
const SERVICE_PORT: u16 = 5000;
/// The port of administration, before any offset.
const ADMINISTRATION_PORT: u16 = 5001;
/// The port of the emulator, before any offset.
const AUTHORITY_PORT: u16 = 5443;

/// How long the service may take to read the keys of an authority in its own process.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs an authority and the service on this machine until interrupted.
#[derive(clap::Args, Debug)]
pub struct DevArgs {
    /// Added to every port.
    #[arg(long, default_value_t = 0)]
    pub port_offset: u16,
    /// Where keys, certificates and the database are kept between runs.
    #[arg(long, default_value = ".selvedge")]
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
    start_logging(&LogSettings {
        filter: "info".to_owned(),
        file: Some(args.state_dir.join("log.jsonl")),
    })?;
    let local = Local::start(&LocalSettings {
        service: port(SERVICE_PORT)?,
        administration: port(ADMINISTRATION_PORT)?,
        authority: port(AUTHORITY_PORT)?,
        state_dir: &args.state_dir,
        keys: "",
    })
    .await?;
    match args.format {
        DevFormat::Text => local.describe(&args.state_dir)?,
        DevFormat::Json => writeln!(io::stdout().lock(), "{}", local.as_json())?,
    }
    shutdown.await;
    local.stop().await
}

/// Where a [`Local`] runs.
pub(super) struct LocalSettings<'a> {
    pub(super) service: SocketAddr,
    pub(super) administration: SocketAddr,
    pub(super) authority: SocketAddr,
    pub(super) state_dir: &'a Path,
    /// More configuration (TOML), for times shorter than production's.
    pub(super) keys: &'a str,
}

/// An authority and the service that trusts it, in this process.
pub(super) struct Local {
    pub(super) emulator: Emulator,
    pub(super) service: SocketAddr,
    administration: SocketAddr,
    root_certificate: PathBuf,
    configuration_file: PathBuf,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<()>,
}

impl Local {
    /// Starts both, and returns once the service is SERVING.
    pub(super) async fn start(settings: &LocalSettings<'_>) -> Result<Self> {
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
        let app = App::new(AppSettings::try_from(&configured)?, store)?;
        let listeners = Listeners {
            service: listen(settings.service).await?,
            administration: listen(settings.administration).await?,
        };
        let service = listeners.service.local_addr()?;
        let administration = listeners.administration.local_addr()?;
        for generation in Generation::ALL {
            let workload = WorkloadRegistration::new(workload_url(service), generation);
            emulator.register_workload(workload)?;
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
            root_certificate,
            configuration_file,
            stop,
            serving,
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
        self.emulator.stop().await;
        Ok(())
    }

    fn as_json(&self) -> serde_json::Value {
        serde_json::json!({
            "service": format!("http://{}", self.service),
            "administration": format!("http://{}", self.administration),
            "authority": self.emulator.origin(),
            "ca_file": self.root_certificate,
            "config": self.configuration_file,
            "workload": workload_url(self.service),
            "call_to_paste": self.call_to_paste(),
            "order_to_paste": self.order_to_paste(),
            "tenant": seed::CONTOSO_TENANT_ID,
            "tenant_domain": seed::CONTOSO_DOMAIN,
            "workload_client_id": seed::WORKLOAD_CLIENT_ID,
            "audience_v1": seed::WORKLOAD_URI,
            "cli_client_id": seed::CLI_CLIENT_ID,
            "daemon_client_id": seed::DAEMON_CLIENT_ID,
            "daemon_secret": seed::DAEMON_SECRET,
            "control_secret": self.emulator.control_secret().expose(),
        })
    }

    /// Signs in and reads rows, with nothing but a shell and curl: five zero bytes are an empty
    /// message in its gRPC frame.
    fn call_to_paste(&self) -> String {
        format!(
            r#"  TOKEN=$(curl -s --cacert {certificate} {authority}/{tenant}/oauth2/v2.0/token \
    -d grant_type=password -d client_id={client} -d scope={resource}/data.read \
    -d username={user} -d password={password} | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  printf '\0\0\0\0\0' | curl -sv --http2-prior-knowledge --data-binary @- -o /dev/null \
    -H "authorization: Bearer $TOKEN" -H 'content-type: application/grpc' -H 'te: trailers' \
    http://{service}/selvedge.data.v1.DataService/ReadData 2>&1 | grep -i '^< grpc-'"#,
            certificate = self.root_certificate.display(),
            authority = self.emulator.origin(),
            tenant = seed::CONTOSO_DOMAIN,
            client = seed::CLI_CLIENT_ID,
            resource = seed::WORKLOAD_URI,
            user = seed::CONSENTED,
            password = seed::PASSWORD,
            service = self.service,
        )
    }

    /// Has the emulated Fabric create an item in the service, and prints what the service said.
    fn order_to_paste(&self) -> String {
        format!(
            r#"  curl -s --cacert {certificate} {authority}/_control/fabric/workload-items/create \
    -H '{control}: {secret}' -H 'content-type: application/json' \
    -d '{{"generation":"first","upn":"{user}","workspace":"{workspace}","item":"{item}","display_name":"report"}}'"#,
            certificate = self.root_certificate.display(),
            authority = self.emulator.origin(),
            control = emulator::CONTROL_HEADER,
            secret = self.emulator.control_secret().expose(),
            user = seed::CONSENTED,
            workspace = seed::WORKSPACE_ID,
            item = Uuid::new_v4(),
        )
    }

    fn describe(&self, state_dir: &Path) -> io::Result<()> {
        let service = self.service;
        let administration = self.administration;
        let authority = self.emulator.origin();
        let certificate = self.root_certificate.display();
        let accounts: Vec<_> = self
            .emulator
            .directory()
            .accounts()
            .iter()
            .map(|account| account.upn.as_str())
            .collect();
        write!(
            io::stdout().lock(),
            r#"
Selvedge is serving. Press Ctrl-C to stop.

  service    http://{service}   gRPC (HTTP/2 without TLS), health, reflection; REST: /workload/openapi.json
  admin      http://{administration}   for applications with the role Selvedge.Admin
  authority  {authority}   an emulator of Entra ID, Fabric and OneLake: trust {certificate}
  accounts   {accounts}
  control    {control}: {secret}   (scripts faults and key rotation)
  log        {log}

Sign in and read your rows:

{call}

  grpc-status: 0 is OK. Without the token it is 16, and the details say what to do. Over REST:

  curl -si -H "authorization: Bearer $TOKEN" http://{service}/workload/data/v1/rows

  Which checks does a token pass? Ask:

  echo "$TOKEN" | cargo run --quiet -- explain --config {configuration} --token - \
    --method selvedge.data.v1.DataService/WriteData

Have Fabric call the workload:

{order}

"#,
            configuration = self.configuration_file.display(),
            accounts = accounts.join(" "),
            control = emulator::CONTROL_HEADER,
            secret = self.emulator.control_secret().expose(),
            log = state_dir.join("log.jsonl").display(),
            call = self.call_to_paste(),
            order = self.order_to_paste(),
        )
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
