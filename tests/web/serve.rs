//! The front end beside the service, in the real process.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::support::process::{PLANTED_SECRET, ServiceProcess};
use crate::support::running::start_emulator;
use crate::support::temporary::TemporaryFolder;
use auth_interceptor::Clock;
use emulator::seed;

/// All that comes back for a request over HTTP/1.1 on a connection of its own.
fn ask(address: &str, request: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

fn get(address: &str, path: &str) -> String {
    ask(
        address,
        &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_has_a_front_end_where_one_is_configured() {
    let emulator = start_emulator(Clock::system()).await;
    let folder = TemporaryFolder::new();
    let mut process = ServiceProcess::start_with(
        &emulator,
        folder.path(),
        "info",
        &[
            ("SELVEDGE_WEB__LISTEN", "127.0.0.1:0"),
            ("SELVEDGE_WEB__SERVICE", "https://api.contoso.test"),
            ("SELVEDGE_WEB__BROKER_CLIENT_ID", seed::BROKER_CLIENT_ID),
            ("SELVEDGE_WEB__BROKER_COMPONENTS", "workload"),
        ],
    )
    .await;
    let address = process.front_end.clone().expect("it is logged");

    let page = get(&address, "/records");
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("/assets/app.js"), "{page}");
    assert!(
        page.contains("https://*.fabric.microsoft.com https://*.powerbi.com"),
        "{page}"
    );
    let answer = get(&address, "/config.json");
    assert!(!answer.contains(PLANTED_SECRET) && !answer.contains("secret"));
    let (_, document) = answer.split_once("\r\n\r\n").unwrap();
    let document: Value = serde_json::from_str(document).unwrap();
    let component = &document["broker"]["components"]["workload"];
    assert_eq!(component["clientId"], seed::WORKLOAD_CLIENT_ID);
    assert_eq!(component["audience"], seed::WORKLOAD_URI);

    // The two are apart: no call is answered there, and no page here.
    let call = "POST /workload/data/v1/profile HTTP/1.1\r\nhost: localhost\r\n\
                content-length: 0\r\nconnection: close\r\n\r\n";
    assert!(ask(&address, call).starts_with("HTTP/1.1 405"));
    let page = get(&process.address, "/records");
    assert!(!page.starts_with("HTTP/1.1 200"), "{page}");

    // A browser keeps its connection: that holds up nobody.
    let mut kept = TcpStream::connect(&address).unwrap();
    kept.write_all(b"GET /close HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();
    let mut begin = [0; 12];
    kept.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    let status = process.terminate().await;
    assert!(status.success(), "{status}");
    assert!(TcpStream::connect(&address).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_has_no_front_end_where_none_is_configured() {
    let emulator = start_emulator(Clock::system()).await;
    let folder = TemporaryFolder::new();
    let settings = [("SELVEDGE_WEB__SERVICE", "https://api.contoso.test")];
    let process = ServiceProcess::start_with(&emulator, folder.path(), "info", &settings).await;
    assert_eq!(process.front_end, None);
    let page = get(&process.address, "/");
    assert!(!page.starts_with("HTTP/1.1 200"), "{page}");
}
