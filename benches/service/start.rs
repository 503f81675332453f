//! P11: from the start of `selvedge serve` to SERVING, and what it holds when idle.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use emulator::seed;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::Goal;
use crate::server::{Variant, authority, folder};
use crate::throughput::median;

const STARTS: usize = 7;
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn measure() -> Result<Vec<Goal>> {
    let folder = folder()?;
    let (emulator, variant) = authority(&folder).await?;
    let Variant::Guarded {
        authority,
        root_certificate,
    } = &variant
    else {
        bail!("the authority is not one to trust");
    };
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..STARTS {
        let address = free_address()?;
        let configuration = folder.join("selvedge.toml");
        std::fs::write(
            &configuration,
            settings(address, authority, root_certificate, &folder),
        )?;
        let begun = Instant::now();
        let mut service = Command::new(env!("CARGO_BIN_EXE_selvedge"))
            .args(["serve", "--config"])
            .arg(&configuration)
            .stdout(Stdio::null())
            .spawn()?;
        let outcome = serving(address).await;
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
        memory.push(resident_mib(&service)?);
        service.kill()?;
        service.wait()?;
        outcome?;
    }
    emulator.stop().await;
    Ok(vec![
        Goal {
            name: "P11 start to SERVING, ms",
            ratio: median(times),
            at_least: None,
            at_most: Some(200.0),
        },
        Goal {
            name: "P11 idle memory, MiB",
            ratio: median(memory),
            at_least: None,
            at_most: Some(40.0),
        },
    ])
}

async fn serving(address: SocketAddr) -> Result<()> {
    let begun = Instant::now();
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
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    bail!("the service is not SERVING after {} s", PATIENCE.as_secs());
}

/// An address that was free a moment ago: `serve` takes no port 0, which nobody could call.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

fn resident_mib(process: &Child) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().next())
        .context("no VmRSS")?;
    Ok(kib.parse::<f64>()? / 1024.0)
}

fn settings(address: SocketAddr, authority: &str, root: &Path, folder: &Path) -> String {
    format!(
        r#"
version = 1
[server]
listen = "{address}"
admin_listen = "127.0.0.1:0"
[store]
url = "sqlite://{database}"
[authorities.emulator]
kind = "entra"
url = "{authority}"
issuer_v1 = "{authority}/sts/{{tenantid}}/"
tenants = ["{tenant}"]
ca_file = "{root}"
danger_allow_local_authority = true
[registrations.workload]
authority = "emulator"
client_id = "{client}"
"#,
        database = folder.join("selvedge.db").display(),
        tenant = seed::CONTOSO_TENANT_ID,
        root = root.display(),
        client = seed::WORKLOAD_CLIENT_ID,
    )
}
