//! Nothing that is secret is logged, at any level, by us or by what we stand on.
//!
//! The real binary runs here: what a process logs is decided once for all of it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use auth_interceptor::Clock;
use emulator::{Emulator, Rotation, TokenRequest, TokenVersion, seed};

use crate::support::running::start_emulator;
use crate::support::temporary::TemporaryFolder;
use crate::support::{Call, READ_DATA, RawClient, eventually, read_token, user_token};

/// A registration's secret, where an operator would keep one.
const PLANTED_SECRET: &str = "planted-registration-secret-0123456789";

/// `selvedge serve` in a process of its own, logging everything into a file.
struct Served {
    process: Child,
    log: PathBuf,
    address: String,
}

impl Served {
    async fn start(emulator: &Emulator, folder: &Path) -> Self {
        let log = folder.join("selvedge.log");
        let config = folder.join("selvedge.toml");
        let root = folder.join("root.pem");
        let secret = folder.join("secret");
        std::fs::write(&root, emulator.root_certificate_pem()).unwrap();
        std::fs::write(&secret, PLANTED_SECRET).unwrap();
        std::fs::write(&config, configuration(emulator, folder)).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_selvedge"))
            .args(["serve", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut served = Self {
            process,
            log,
            address: String::new(),
        };
        eventually("the service logs where it listens", async || {
            assert!(
                served.process.try_wait().unwrap().is_none(),
                "it ended: {}",
                served.text()
            );
            let address = served.text().lines().find_map(listening);
            address.map(|address| served.address = address).is_some()
        })
        .await;
        served
    }

    fn end(&mut self) {
        // An error says that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.end();
    }
}

/// The address in the line that says where the service listens.
fn listening(line: &str) -> Option<String> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let is_it = line["message"] == "listening";
    is_it.then(|| line["server.address"].as_str().unwrap().to_owned())
}

fn configuration(emulator: &Emulator, folder: &Path) -> String {
    let origin = emulator.origin();
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
        [keys]
        unknown_kid_cooldown = "1s"
        [telemetry]
        log = "trace"
        log_file = "{folder}/selvedge.log"
        "#,
        contoso = seed::CONTOSO_TENANT_ID,
        fabrikam = seed::FABRIKAM_TENANT_ID,
        client = seed::WORKLOAD_CLIENT_ID,
        uri = seed::WORKLOAD_URI,
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_in_the_logs_at_trace_level_holds_a_token_or_a_secret() {
    let emulator = start_emulator(Clock::system()).await;
    let folder = TemporaryFolder::new();
    let mut served = Served::start(&emulator, folder.path()).await;
    let client = RawClient::connect(served.address.parse().unwrap()).await;
    eventually("a call is served", async || {
        let call = Call::to(READ_DATA).bearer(&read_token(&emulator));
        client.send(&call).await.verdict() == "OK"
    })
    .await;

    let secrets = exercise(&emulator, &client).await;
    served.end();

    let text = served.text();
    for expected in [
        "selvedge.auth.denied",
        "selvedge.auth.allowed",
        "\"TRACE\"",
        "SIGNING_KEY_UNKNOWN",
        "\"h2",
    ] {
        assert!(text.contains(expected), "the run was logged: {expected}");
    }
    assert_holds_none(&text, &secrets);
}

/// Calls of every kind, and what of them must not be found again.
async fn exercise(emulator: &Emulator, client: &RawClient) -> Vec<(&'static str, String)> {
    let request = || TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID);
    let good = read_token(emulator);
    let (message, _) = good.rsplit_once('.').unwrap();
    let planted = "c2VjcmV0LXBsYW50ZWQ".repeat(10);
    let reading = || request().scopes(["data.read"]);
    let tokens = vec![
        ("a good token", good.clone()),
        (
            "a version 1 token",
            emulator.issue(&reading().version(TokenVersion::V1)),
        ),
        (
            "a token without the scope",
            user_token(emulator, seed::CONSENTED, &["data.write"]),
        ),
        (
            "an expired token",
            emulator.issue(&reading().issued_at(-7_200)),
        ),
        (
            "a token of an unknown key",
            emulator.issue(&reading().header("kid", "unknown-key")),
        ),
        (
            "a token of another tenant",
            user_token(emulator, seed::OTHER_TENANT, &["data.read"]),
        ),
        (
            "a token with a broken signature",
            format!("{message}.{planted}"),
        ),
        (
            "a malformed token",
            "planted-malformed-token-0123456789".to_owned(),
        ),
        (
            "a wrong claim",
            emulator.issue(&reading().claim("exp", "planted-expiry-text-4711")),
        ),
        (
            "a forged line",
            emulator.issue(&reading().header("kid", "planted-kid\nforged line")),
        ),
    ];
    for (_, token) in &tokens {
        client.send(&Call::to(READ_DATA).bearer(token)).await;
    }
    let password = "cGxhbnRlZC11c2VyOnBsYW50ZWQtcGFzc3dvcmQ=";
    let basic = Call::to(READ_DATA).header("authorization", format!("Basic {password}"));
    client.send(&basic).await;
    let cookie = "session=planted-cookie-0123456789abcdef";
    client
        .send(&Call::to(READ_DATA).bearer(&good).header("cookie", cookie))
        .await;
    let scope = "planted-scope-0123456789";
    client
        .send(&Call::to(READ_DATA).bearer(&user_token(emulator, seed::CONSENTED, &[scope])))
        .await;

    emulator.rotate_keys(Rotation::Unannounced);
    eventually("the new key is known", async || {
        let call = Call::to(READ_DATA).bearer(&read_token(emulator));
        client.send(&call).await.verdict() == "OK"
    })
    .await;

    let mut secrets = tokens;
    secrets.push(("a password", password.to_owned()));
    secrets.push(("a cookie", cookie.to_owned()));
    secrets.push(("the registration's secret", PLANTED_SECRET.to_owned()));
    secrets
}

/// Looks for any 16 bytes in a row of any secret.
fn assert_holds_none(log: &str, secrets: &[(&'static str, String)]) {
    let mut windows: HashMap<&[u8], &str> = HashMap::new();
    // Most of a log begins like nothing that is looked for: that is told by two bytes.
    let mut beginnings = vec![false; 1 << 16];
    let beginning = |window: &[u8]| usize::from(u16::from_be_bytes([window[0], window[1]]));
    for (name, secret) in secrets {
        assert!(secret.len() >= 16, "{name} is long enough to be looked for");
        for window in secret.as_bytes().windows(16) {
            windows.insert(window, name);
            beginnings[beginning(window)] = true;
        }
    }
    for line in log.lines() {
        let leaked = line
            .as_bytes()
            .windows(16)
            .filter(|window| beginnings[beginning(window)])
            .find_map(|window| windows.get(window));
        assert!(
            leaked.is_none(),
            "{} is in the log: {line}",
            leaked.unwrap()
        );
    }
}
