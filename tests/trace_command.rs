//! `selvedge trace`, as the README has it: from a refused call of `selvedge dev` to the cause.

use std::path::Path;
use std::process::{Command, Output};

use emulator::seed;
use serde_json::Value;

use crate::support::dev::Dev;
use crate::support::{Call, RawClient, eventually, evidence};

const BEGIN: &str = "```console\n$ cargo run --quiet -- trace ";
const WRITE_DATA: &str = "/selvedge.data.v1.DataService/WriteData";

fn trace(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_selvedge"));
    command.arg("trace").args(arguments).output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::disallowed_methods,
    reason = "`cargo xtask bless` asks through the environment"
)]
async fn the_readmes_refused_call_of_dev_is_explained_as_the_readme_shows() {
    let dev = Dev::start();
    let service = dev.described["service"].as_str().unwrap();
    let address = service.strip_prefix("http://").unwrap().parse().unwrap();
    let token = signed_in(&dev, "data.read").await;
    evidence::process(address, false);
    let client = RawClient::connect(address).await;
    let reply = client.send(&Call::to(WRITE_DATA).bearer(&token)).await;
    let info = reply.error_info().unwrap();
    assert_eq!(info.reason, "SCOPE_MISSING");
    let trace_id = &info.metadata["traceId"];

    let state = dev.folder.path().to_str().unwrap();
    let copied = format!("Something went wrong. Trace id: {trace_id}.");
    let mut shown = String::new();
    // Either file may know of it first.
    eventually("the trace is in the span and audit files", async || {
        let output = trace(&["--state-dir", state, &copied]);
        shown = String::from_utf8(output.stdout).unwrap();
        shown.contains("Failed:") && shown.contains("Audit:")
    })
    .await;

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("the README has an example");
    let (_, rest) = rest.split_once('\n').unwrap();
    let (example, after) = rest.split_once("```").unwrap();
    if std::env::var_os("XTASK_BLESS").is_some() {
        let blessed = format!("{before}{BEGIN}{trace_id}\n{shown}```{after}");
        std::fs::write(path, blessed).unwrap();
        return;
    }
    assert_eq!(
        shape(&shown),
        shape(example),
        "run `cargo xtask bless`\n{shown}"
    );

    let output = trace(&["--state-dir", state, "--format=json", trace_id]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["trace_id"], **trace_id);
    assert_eq!(document["failures"][0]["reason"], "SCOPE_MISSING");
    assert_eq!(
        document["failures"][0]["who_must_act"],
        "the client's developer"
    );

    // The configuration that `dev` left names the same file.
    let config = dev.described["config"].as_str().unwrap();
    let output = trace(&["--config", config, trace_id]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), shown);
}

#[test]
fn what_is_no_trace_id_and_what_is_not_found_are_told_apart() {
    let nonsense = trace(&["not", "an", "id"]);
    assert_eq!(nonsense.status.code(), Some(2));
    let unknown = trace(&["--state-dir", "nowhere", "4bf92f3577b34da6a3ce929d0e0e4736"]);
    assert_eq!(unknown.status.code(), Some(1));
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(
        said.contains("nowhere/spans.jsonl") && said.contains("--state-dir"),
        "{said}"
    );
    let empty = concat!(env!("CARGO_MANIFEST_DIR"), "/LICENSE");
    let unknown = trace(&["--spans", empty, "4bf92f3577b34da6a3ce929d0e0e4736"]);
    assert_eq!(unknown.status.code(), Some(1));
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(said.contains("telemetry.sample_ratio"), "{said}");
}

/// A token that the emulator gives a user with that scope, as the call to paste asks for it.
async fn signed_in(dev: &Dev, scope: &str) -> String {
    let told = |key: &str| dev.described[key].as_str().unwrap().to_owned();
    let root = std::fs::read(told("ca_file")).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&root).unwrap()])
        .build()
        .unwrap();
    let url = format!(
        "{}/{}/oauth2/v2.0/token",
        told("authority"),
        told("tenant_domain")
    );
    let form = [
        ("grant_type", "password".to_owned()),
        ("client_id", told("cli_client_id")),
        ("scope", format!("{}/{scope}", told("audience_v1"))),
        ("username", seed::CONSENTED.to_owned()),
        ("password", seed::PASSWORD.to_owned()),
    ];
    let answer = client.post(url).form(&form).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// The text with what differs from call to call left open.
fn shape(text: &str) -> String {
    let is_open = |word: &str| {
        let word = word.trim_end_matches([',', '.']);
        let is_id = word.len() >= 32 && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        is_id || word.parse::<f64>().is_ok() || word.parse::<jiff::Timestamp>().is_ok()
    };
    let open = |word| if is_open(word) { "…" } else { word };
    let words = text.trim_end().split(' ').map(|word| {
        let lines: Vec<_> = word.split('\n').map(open).collect();
        lines.join("\n")
    });
    words.collect::<Vec<_>>().join(" ")
}
