//! `selvedge serve`, as an operator starts it: a process and a configuration file.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use emulator::seed;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::process::Process;

const PATIENCE: Duration = Duration::from_secs(10);

/// What one measurement's configuration says that another's does not.
pub(crate) struct Configuration<'a> {
    /// Where the authority is.
    pub(crate) authority: &'a str,
    /// What it is trusted by.
    pub(crate) root_certificate: &'a Path,
    /// What its issuers begin with.
    pub(crate) issuer: &'a str,
    /// Further keys of the registration.
    pub(crate) registration: String,
    /// Further tables.
    pub(crate) tables: String,
}

/// On how many threads calls are served.
pub(crate) enum Threads {
    /// As many as it takes by itself.
    Default,
    /// One, so that it is the service and not the machine that has no more to give.
    One,
}

/// The running service.
pub(crate) struct Service {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Service {
    /// Starts it; its files are in `folder`.
    pub(crate) fn start(
        configuration: &Configuration<'_>,
        threads: &Threads,
        folder: &Path,
    ) -> Result<Self> {
        let address = free_address()?;
        let file = folder.join("selvedge.toml");
        std::fs::write(&file, configuration.text(address, folder))?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_selvedge"));
        command
            .args(["serve", "--config"])
            .arg(file)
            .stdout(Stdio::null());
        if let Threads::One = threads {
            command.env("TOKIO_WORKER_THREADS", "1");
        }
        let process = Process::start(&mut command)?;
        Ok(Self { process, address })
    }

    /// Waits until it says that it is SERVING.
    pub(crate) async fn serving(&self) -> Result<()> {
        let begun = Instant::now();
        let address = self.address;
        while begun.elapsed() < PATIENCE {
            let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{address}"))?;
            if let Ok(channel) = endpoint.connect().await {
                let mut health = HealthClient::new(channel);
                let request = HealthCheckRequest {
                    service: String::new(),
                };
                let reply = health.check(request).await?.into_inner();
                if reply.status() == ServingStatus::Serving {
                    return Ok(());
                }
            }
            tokio::task::yield_now().await;
        }
        bail!("the service is not SERVING after {} s", PATIENCE.as_secs());
    }
}

/// An address that was free a moment ago: `serve` takes no port 0, which nobody could call.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

impl Configuration<'_> {
    fn text(&self, address: SocketAddr, folder: &Path) -> String {
        format!(
            r#"
version = 1
[server]
listen = "{address}"
admin_listen = "127.0.0.1:0"
[store]
url = "sqlite://{database}"
[authorities.authority]
kind = "entra"
url = "{authority}"
issuer_v1 = "{issuer}/sts/{{tenantid}}/"
issuer_v2 = "{issuer}/{{tenantid}}/v2.0"
tenants = ["{tenant}"]
ca_file = "{root}"
danger_allow_local_authority = true
[registrations.workload]
authority = "authority"
client_id = "{client}"
audiences_v1 = ["{uri}"]
{registration}
{tables}
"#,
            database = folder.join("selvedge.db").display(),
            authority = self.authority,
            issuer = self.issuer,
            tenant = seed::CONTOSO_TENANT_ID,
            root = self.root_certificate.display(),
            client = seed::WORKLOAD_CLIENT_ID,
            uri = seed::WORKLOAD_URI,
            registration = self.registration,
            tables = self.tables,
        )
    }
}
