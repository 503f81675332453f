//! `selvedge dev` with its front end: where it says that everything is, and what the parts of it know
//! of each other.

use std::net::{SocketAddr, TcpListener, TcpStream};

use emulator::seed;
use serde_json::Value;

use crate::support::dev::Dev;

#[tokio::test(flavor = "multi_thread")]
async fn dev_serves_the_front_end_and_says_where() {
    let dev = Dev::start();
    let port = dev.port(60006);
    assert_eq!(
        dev.described["front_end"],
        format!("http://127.0.0.1:{port}")
    );
    assert_eq!(
        dev.described["broker"],
        format!("http://localhost:{port}/broker")
    );
    let portal = format!("https://localhost:{}/portal", dev.port(5443));
    assert_eq!(dev.described["portal"], portal);

    // Both names of the machine are served, where it has both.
    TcpStream::connect(("127.0.0.1", port)).unwrap();
    if TcpListener::bind("[::1]:0").is_ok() {
        let address: SocketAddr = format!("[::1]:{port}").parse().unwrap();
        TcpStream::connect(address).unwrap();
    }

    let front_end = dev.described["front_end"].as_str().unwrap();
    let configuration = reqwest::get(format!("{front_end}/config.json")).await;
    let configuration: Value = configuration.unwrap().json().await.unwrap();
    assert_eq!(configuration["service"], dev.described["service"]);
    let broker = &configuration["broker"];
    assert_eq!(broker["clientId"], seed::BROKER_CLIENT_ID);
    let authority = dev.described["authority"].as_str().unwrap();
    assert_eq!(broker["authority"], format!("{authority}/organizations"));
    let components = broker["components"].as_object().unwrap();
    let names: Vec<_> = components.keys().collect();
    assert_eq!(names, ["company-picker", "file-picker"]);
    let page = reqwest::get(front_end).await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(
        policy.ends_with(&format!("frame-ancestors {authority}")),
        "{policy}"
    );

    // The portal knows it under the address that it frames.
    let root = std::fs::read(dev.folder.path().join("authority.pem")).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&root).unwrap()])
        .build()
        .unwrap();
    let known = client.get(format!("{portal}/config.json")).send().await;
    let known: Value = known.unwrap().json().await.unwrap();
    let workload = &known["workloads"][0];
    assert_eq!(workload["url"], dev.described["front_end"]);
    assert_eq!(
        workload["redirectUri"],
        format!("http://localhost:{port}/close")
    );

    // What it left on disk is a configuration that lists both origins of the pages.
    let text = std::fs::read_to_string(dev.folder.path().join("selvedge.toml")).unwrap();
    let environment = selvedge::config::Environment::default();
    let settings = selvedge::config::Settings::parse(&text, &environment).unwrap();
    assert_eq!(
        settings.server.cors_origins,
        [
            format!("http://127.0.0.1:{port}"),
            format!("http://localhost:{port}")
        ]
    );
}
