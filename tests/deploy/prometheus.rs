//! A Prometheus of the tests' own: it scrapes a running service every second by the rules of
//! `deploy/`, and answers queries.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::path;
use crate::support::eventually;
use crate::support::temporary::TemporaryFolder;

/// What a machine without Prometheus is told.
const ABSENT: &str = "Prometheus is not there: `cargo xtask ci` brings it below target/xtask, and \
                      `apt-get install prometheus` does for the system";

/// The rules that are shipped.
pub(super) const RULES: [&str; 3] = ["objective.yaml", "recording.yaml", "alerts.yaml"];

/// `prometheus` or `promtool`: of the search path, or as `cargo xtask ci` leaves it.
pub(super) fn program(name: &str) -> PathBuf {
    // Beside the folder that this build's programs are in.
    let built = Path::new(env!("CARGO_BIN_EXE_selvedge"));
    let left = built
        .ancestors()
        .nth(2)
        .unwrap()
        .join("xtask/prometheus/usr/bin");
    let mut folders: Vec<PathBuf> = vec![left, "/usr/bin".into(), "/usr/local/bin".into()];
    if let Some(path) = option_env!("PATH") {
        folders.extend(std::env::split_paths(path));
    }
    let found = folders.into_iter().map(|folder| folder.join(name));
    found.into_iter().find(|file| file.is_file()).expect(ABSENT)
}

/// A running one. It ends with its owner.
pub(super) struct Prometheus {
    process: Child,
    url: String,
    client: reqwest::Client,
    _folder: TemporaryFolder,
}

impl Prometheus {
    /// Starts one that scrapes `target`.
    pub(super) async fn start(target: SocketAddr) -> Self {
        let folder = TemporaryFolder::new();
        let rules: Vec<String> = RULES
            .iter()
            .map(|file| format!("  - {}", path("prometheus").join(file).display()))
            .collect();
        let config = folder.path().join("prometheus.yaml");
        let text = format!(
            "global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\n  external_labels:\n    \
             selvedge_runbooks: https://runbooks.contoso.test\nrule_files:\n{}\nscrape_configs:\n  \
             - job_name: selvedge\n    static_configs:\n      - targets: ['{target}']\n",
            rules.join("\n")
        );
        std::fs::write(&config, text).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let process = Command::new(program("prometheus"))
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .args(["--enable-feature=exemplar-storage", "--log.level=error"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let started = Self {
            process,
            url: format!("http://{address}"),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            _folder: folder,
        };
        eventually("Prometheus is ready", async || {
            let ready = started.client.get(format!("{}/-/ready", started.url));
            ready
                .send()
                .await
                .is_ok_and(|answer| answer.status().is_success())
        })
        .await;
        started
    }

    /// The data of an answer of its API.
    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let url = format!("{}/api/v1/{path}", self.url);
        let url = reqwest::Url::parse_with_params(&url, query).unwrap();
        let answer = self.client.get(url).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["status"], "success", "{query:?}: {answer}");
        answer["data"].clone()
    }

    /// The samples that a query finds now, those that are no number left out.
    pub(super) async fn samples(&self, query: &str) -> Vec<Value> {
        let data = self.get("query", &[("query", query)]).await;
        let Some(samples) = data["result"].as_array() else {
            return Vec::new();
        };
        let is_number = |sample: &&Value| sample["value"][1] != "NaN";
        samples.iter().filter(is_number).cloned().collect()
    }

    /// Every word of one of its lists.
    pub(super) async fn words(&self, path: &str) -> Vec<String> {
        let data = self.get(path, &[]).await;
        let words = data.as_array().unwrap().iter();
        words
            .map(|word| word.as_str().unwrap().to_owned())
            .collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // An error says that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
