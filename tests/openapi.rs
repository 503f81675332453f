//! The OpenAPI document as it is served: anybody gets it, and it changes only in sight of a review.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use http::{Method, StatusCode};

use crate::support::{Call, Reply, Running};

async fn ask(running: &Running, method: Method) -> Reply {
    let call = Call {
        method,
        path: "/workload/openapi.json".to_owned(),
        headers: Vec::new(),
        body: Bytes::new(),
        ends: true,
    };
    running.raw().await.send(&call).await
}

fn ledger() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ledger/openapi.json")
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "`cargo xtask bless` asks through the environment"
)]
async fn the_document_is_served_as_the_ledger_has_it() {
    let running = Running::start().await;
    let reply = ask(&running, Method::GET).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.headers["content-type"], "application/json");
    if std::env::var_os("XTASK_BLESS").is_some() {
        std::fs::write(ledger(), &reply.body).unwrap();
        return;
    }
    let ledger = std::fs::read(ledger()).unwrap();
    assert!(
        reply.body == ledger,
        "the document has changed: run `cargo xtask bless` and review the difference"
    );
}

#[tokio::test]
async fn the_document_can_only_be_read() {
    let running = Running::start().await;
    let head = ask(&running, Method::HEAD).await;
    assert_eq!(head.status, StatusCode::OK);
    assert!(head.body.is_empty());
    let refused = ask(&running, Method::PUT).await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(refused.headers["allow"], "GET, HEAD");
    assert_eq!(refused.headers["selvedge-reason"], "METHOD_NOT_FOUND");
}
