//! `selvedge serve` in a process of its own, beside an authority in this one: for what a process is
//! asked as a whole, its log and its memory.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use emulator::{Emulator, Secret, seed};

use super::eventually;
use super::evidence;
use super::raw_client::RawClient;
use super::running::{STORAGE_SCOPE, WORKSPACES_SCOPE};

/// The registration's secret, where an operator would keep one.
pub(crate) const PLANTED_SECRET: &str = "planted-registration-secret-0123456789";

/// A running process. It ends with its owner.
pub(crate) struct ServiceProcess {
    process: Child,
    log: PathBuf,
    /// Where everybody is served.
    pub(crate) address: String,
    /// Where administrators are.
    pub(crate) administration: String,
    /// Where browsers are, if the front end is configured.
    pub(crate) front_end: Option<String>,
}

impl ServiceProcess {
    /// Starts it with all its files in `folder`, and logs what `filter` lets through.
    pub(crate) async fn start(emulator: &Emulator, folder: &Path, filter: &str) -> Self {
        Self::start_with(emulator, folder, filter, &[]).await
    }

    /// Starts it with settings of the environment over those of the file.
    pub(crate) async fn start_with(
        emulator: &Emulator,
        folder: &Path,
        filter: &str,
        settings: &[(&str, &str)],
    ) -> Self {
        let config = folder.join("selvedge.toml");
        let log = folder.join("selvedge.log");
        // An earlier process of this folder has logged where it listened.
        let _ = std::fs::remove_file(&log);
        emulator.add_secret(seed::WORKLOAD_CLIENT_ID, Secret::new(PLANTED_SECRET));
        std::fs::write(folder.join("root.pem"), emulator.root_certificate_pem()).unwrap();
        std::fs::write(folder.join("secret"), PLANTED_SECRET).unwrap();
        std::fs::write(&config, configuration(emulator, folder, filter)).unwrap();
        evidence::begin();
        let mut command = Command::new(env!("CARGO_BIN_EXE_selvedge"));
        command
            .args(["serve", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        observe(&mut command, filter);
        let process = command.envs(settings.iter().copied()).spawn().unwrap();
        let mut started = Self {
            process,
            log,
            address: String::new(),
            administration: String::new(),
            front_end: None,
        };
        eventually("the service logs where it listens", async || {
            let ended = started.process.try_wait().unwrap().is_some();
            assert!(!ended, "it ended: {}", started.log());
            let addresses = started.log().lines().find_map(listening);
            if let Some((address, administration, front_end)) = addresses {
                (started.address, started.administration) = (address, administration);
                started.front_end = front_end;
            }
            !started.address.is_empty()
        })
        .await;
        let service = started.service();
        let elsewhere = settings.iter().any(|(name, _)| *name == ENDPOINT_SETTING);
        evidence::process(service, !elsewhere);
        if let Some(logs) = evidence::folder("logs") {
            // The folder of the test goes when the test has ended.
            let kept = logs.join(format!("process-{}.log", uuid::Uuid::new_v4()));
            std::fs::hard_link(&started.log, kept).unwrap();
        }
        started
    }

    fn service(&self) -> SocketAddr {
        self.address.parse().unwrap()
    }

    /// A connection to the service.
    pub(crate) async fn client(&self) -> RawClient {
        RawClient::connect(self.service()).await
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Asks it to end by SIGTERM, and waits until it has.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        let told = Command::new("kill")
            .args(["-TERM", &self.id().to_string()])
            .status();
        assert!(told.unwrap().success());
        let mut ended = None;
        eventually("the service ends", async || {
            ended = self.process.try_wait().unwrap();
            ended.is_some()
        })
        .await;
        ended.unwrap()
    }

    /// Ends it, once what it has to tell of its refusals has been told.
    pub(crate) fn end(&mut self) {
        if let Ok(service) = self.address.parse() {
            evidence::settle(service);
        }
        self.stop();
    }

    /// Ends it by SIGKILL at once: it learns nothing and finishes nothing.
    pub(crate) fn kill(&mut self) {
        evidence::killed(self.service());
        self.stop();
    }

    fn stop(&mut self) {
        // An error says that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for ServiceProcess {
    fn drop(&mut self) {
        self.end();
    }
}

const ENDPOINT_SETTING: &str = "SELVEDGE_TELEMETRY__OTLP_ENDPOINT";

/// Lets a process tell what a run that is observed wants to know; a test's own settings come after.
fn observe(command: &mut Command, filter: &str) {
    let Some(endpoint) = evidence::endpoint() else {
        return;
    };
    command
        .env(ENDPOINT_SETTING, endpoint)
        .env("SELVEDGE_TELEMETRY__SAMPLE_RATIO", evidence::SAMPLE_RATIO);
    if filter == "info" {
        command.env("SELVEDGE_TELEMETRY__LOG", "trace");
    }
    if let Some(audit) = evidence::folder("audit") {
        let file = audit.join(format!("process-{}.jsonl", uuid::Uuid::new_v4()));
        command.env("SELVEDGE_TELEMETRY__AUDIT_FILE", file);
    }
    if let Some(logs) = evidence::folder("logs") {
        let kept = logs.join(format!("process-{}.stderr", uuid::Uuid::new_v4()));
        command.stderr(std::fs::File::create(kept).unwrap());
    }
}

/// The addresses in the line that says where the service listens: for everybody, for
/// administrators and for browsers.
fn listening(line: &str) -> Option<(String, String, Option<String>)> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    if line["message"] != "listening" {
        return None;
    }
    let address = |name: &str| line[name].as_str().map(str::to_owned);
    Some((
        address("server.address").unwrap(),
        address("server.admin_address").unwrap(),
        address("web.address"),
    ))
}

fn configuration(emulator: &Emulator, folder: &Path, filter: &str) -> String {
    let origin = emulator.origin();
    let fabric = emulator.fabric_url();
    let onelake = emulator.onelake_url();
    let folder = folder.display();
    format!(
        r#"
        version = 1
        [server]
        listen = "127.0.0.1:0"
        admin_listen = "127.0.0.1:0"
        [store]
        url = "sqlite://{folder}/selvedge.db"
        [authorities.entra]
        kind = "entra"
        url = "{origin}"
        issuer_v1 = "{origin}/sts/{{tenantid}}/"
        issuer_v2 = "{origin}/{{tenantid}}/v2.0"
        tenants = ["{contoso}", "{fabrikam}"]
        ca_file = "{folder}/root.pem"
        danger_allow_local_authority = true
        [registrations.workload]
        authority = "entra"
        client_id = "{client}"
        audiences_v1 = ["{uri}"]
        publisher_tenant = "{contoso}"
        secret_file = "{folder}/secret"
        token_clients = ["{page}"]
        token_services = ["{service}"]
        downstream_scopes = ["{STORAGE_SCOPE}", "{WORKSPACES_SCOPE}"]
        [downstream]
        fabric = "{fabric}"
        workload_control = "{fabric}/workload-control"
        onelake = "{onelake}"
        ca_file = "{folder}/root.pem"
        [keys]
        unknown_kid_cooldown = "1s"
        [telemetry]
        log = "{filter}"
        log_file = "{folder}/selvedge.log"
        "#,
        contoso = seed::CONTOSO_TENANT_ID,
        fabrikam = seed::FABRIKAM_TENANT_ID,
        client = seed::WORKLOAD_CLIENT_ID,
        uri = seed::WORKLOAD_URI,
        page = seed::BROKER_CLIENT_ID,
        service = seed::REPORTS_CLIENT_ID,
    )
}
