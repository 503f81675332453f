//! The commands, run as an operator runs them: the real binary, its output and its exit code.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use emulator::{TokenRequest, TokenVersion, seed};

/// The longest that anything here is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder of its own for each test, and the binary run in it.
struct Desk(PathBuf);

impl Desk {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("operations-{name}"));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn selvedge(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_selvedge"));
        command
            .current_dir(&self.0)
            .env_clear()
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.selvedge().args(arguments).output().unwrap()
    }
}

/// A configuration of the seeded workload, with one line after each section's heading.
fn configuration(server: &str, authority: &str, registration: &str) -> String {
    format!(
        r#"
version = 1
[server]
{server}
[authorities.entra]
kind = "entra"
{authority}
[registrations.workload]
authority = "entra"
{registration}
"#
    )
}

const LISTEN: &str = "listen = \"127.0.0.1:0\"";
const AUTHORITY: &str = "url = \"https://login.microsoftonline.com\"\n\
                         tenants = [\"0f8fad5b-d9cb-469f-a165-70867728950e\"]";
const CLIENT: &str = "client_id = \"7c9e6679-7425-40de-944b-e07fc1f90ae7\"";

#[test]
fn serve_refuses_a_wrong_configuration_in_one_sentence_that_names_the_key() {
    let no_tenants = "url = \"https://login.microsoftonline.com\"\ntenants = []";
    let local = "url = \"https://localhost:5443\"\n\
                 tenants = [\"0f8fad5b-d9cb-469f-a165-70867728950e\"]";
    let cases = [
        (
            "missing audience",
            configuration(LISTEN, AUTHORITY, ""),
            "registrations.workload.client_id",
        ),
        (
            "no tenants",
            configuration(LISTEN, no_tenants, CLIENT),
            "authorities.entra.tenants",
        ),
        (
            "unreadable secret",
            configuration(
                LISTEN,
                AUTHORITY,
                &format!("{CLIENT}\nsecret_file = \"absent\""),
            ),
            "registrations.workload.secret_file",
        ),
        (
            "unknown key",
            configuration(
                &format!("{LISTEN}\nlisten_address = \"x\""),
                AUTHORITY,
                CLIENT,
            ),
            "server.listen_address",
        ),
        (
            "local authority",
            configuration(LISTEN, local, CLIENT),
            "authorities.entra.danger_allow_local_authority",
        ),
        (
            "plaintext for strangers",
            configuration("listen = \"0.0.0.0:0\"", AUTHORITY, CLIENT),
            "server.danger_plaintext",
        ),
    ];
    let desk = Desk::new("refuses");
    for (name, text, key) in cases {
        let file = desk.write("selvedge.toml", &text);
        let output = desk.run(&["serve", "--config", file.to_str().unwrap()]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{name}: {said}");
        assert!(said.contains(key), "{name}: {said}");
        assert!(output.stdout.is_empty(), "{name}");
    }
}

#[test]
fn alone_beside_a_configuration_it_prints_help_and_starts_nothing() {
    let desk = Desk::new("alone");
    desk.write("selvedge.toml", &configuration(LISTEN, AUTHORITY, CLIENT));
    let output = desk.run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("Usage: selvedge")
    );
}

#[test]
fn policy_lists_every_method_of_every_contract() {
    let output = Desk::new("policy").run(&["policy", "--format", "json"]);
    assert!(output.status.success());
    let listed: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let listed: Vec<&str> = listed
        .iter()
        .map(|method| method["method"].as_str().unwrap())
        .collect();
    let policies = selvedge::app::policies().unwrap();
    let stated: Vec<&str> = policies.iter().map(|method| method.method()).collect();
    assert_eq!(listed, stated);
    assert!(
        listed.contains(&"selvedge.data.v1.DataService/WriteData"),
        "{listed:?}"
    );
}

/// An emulator in this process, and `serve` configured for it in another.
async fn authority(desk: &Desk, listen: &str) -> (emulator::Emulator, PathBuf) {
    let clock = auth_interceptor::Clock::system();
    let settings = emulator::Settings::new(
        "127.0.0.1:0".parse().unwrap(),
        std::sync::Arc::new(move || clock.now()),
    );
    let emulator = emulator::Emulator::start(settings).await.unwrap();
    desk.write("authority.pem", emulator.root_certificate_pem());
    let origin = emulator.origin();
    let text = configuration(
        &format!("listen = \"{listen}\"\nadmin_listen = \"127.0.0.1:0\"\ndrain_delay = \"0s\""),
        &format!(
            "url = \"{origin}\"\nissuer_v1 = \"{origin}/sts/{{tenantid}}/\"\n\
             tenants = [\"{}\"]\nca_file = \"authority.pem\"\ndanger_allow_local_authority = true",
            seed::CONTOSO_TENANT_ID
        ),
        &format!(
            "client_id = \"{}\"\naudiences_v1 = [\"{}\"]",
            seed::WORKLOAD_CLIENT_ID,
            seed::WORKLOAD_URI
        ),
    );
    (emulator, desk.write("selvedge.toml", &text))
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_names_the_first_failed_check_and_who_must_act() {
    let desk = Desk::new("explain");
    let (emulator, file) = authority(&desk, "127.0.0.1:5000").await;
    let token = emulator.issue(
        &TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
            .scopes(["data.read"])
            .version(TokenVersion::V2),
    );
    let mut explain = desk
        .selvedge()
        .args([
            "explain",
            "--config",
            file.to_str().unwrap(),
            "--token",
            "-",
            "--method",
        ])
        .arg("selvedge.data.v1.DataService/WriteData")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    explain
        .stdin
        .take()
        .unwrap()
        .write_all(token.as_bytes())
        .unwrap();
    let output = explain.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let failed: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("FAILED"))
        .collect();
    assert_eq!(failed.len(), 1, "{said}");
    assert!(failed[0].contains("permissions"), "{said}");
    assert!(
        said.contains("SCOPE_MISSING") && said.contains("Who must act"),
        "{said}"
    );
    assert!(!said.contains(&token[..32]), "the token is printed");
    emulator.stop().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn serve_drains_and_exits_0_when_it_is_terminated() {
    let desk = Desk::new("drains");
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (emulator, file) = authority(&desk, &free.to_string()).await;
    let mut service = desk
        .selvedge()
        .args(["serve", "--config", file.to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while std::net::TcpStream::connect(free).is_err() {
        assert!(begun.elapsed() < PATIENCE, "the service does not listen");
        tokio::task::yield_now().await;
    }
    let told = Command::new("kill")
        .args(["-TERM", &service.id().to_string()])
        .status()
        .unwrap();
    assert!(told.success());
    let lines = BufReader::new(service.stdout.take().unwrap()).lines();
    let log: Vec<String> = lines.map(Result::unwrap).collect();
    let status = service.wait().unwrap();
    assert_eq!(status.code(), Some(0), "{log:#?}");
    assert!(begun.elapsed() < PATIENCE, "the drain took too long");
    emulator.stop().await;
}
