//! An OpenID provider's token endpoint, which its discovery document names.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::stub::{Received, Reply, Stub};
use super::{SCOPE, Setup, on_behalf_of};
use crate::exchange::ExchangeError;

/// Makes a discovery document for the origin it is read from.
type FromOrigin = dyn Fn(&str) -> Reply + Send + Sync;

/// A provider whose discovery document is made by `document`, from the origin and how often it was
/// read before.
async fn provider(
    document: impl Fn(&str, usize) -> Reply + Send + Sync + 'static,
) -> (Stub, Arc<AtomicUsize>) {
    let reads = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&reads);
    let stub = Stub::serve(move |request| {
        if request.method == "POST" {
            return Reply::token("downstream");
        }
        assert_eq!(request.target, "/.well-known/openid-configuration");
        let origin = format!("https://{}", request.headers["host"]);
        document(&origin, counted.fetch_add(1, Ordering::SeqCst))
    })
    .await;
    (stub, reads)
}

fn document(issuer: &str, token_endpoint: &str) -> Reply {
    let document = serde_json::json!({ "issuer": issuer, "token_endpoint": token_endpoint });
    Reply::json(200, &document.to_string())
}

fn token_request(stub: &mut Stub) -> Received {
    loop {
        let request = stub.received();
        if request.method == "POST" {
            return request;
        }
    }
}

#[tokio::test]
async fn its_token_endpoint_is_read_once_and_again_after_an_hour() {
    let (mut stub, reads) = provider(|origin, read| {
        document("https://issuer.example", &format!("{origin}/token/{read}"))
    })
    .await;
    let setup = Setup::oidc(&stub);
    for (advance, path) in [(0, "/token/0"), (3599, "/token/0"), (1, "/token/1")] {
        setup.clock.advance(advance);
        setup.ask(on_behalf_of()).await.unwrap();
        let request = token_request(&mut stub);
        assert_eq!(request.target, path);
        assert_eq!(request.form()["requested_token_use"], "on_behalf_of");
        assert_eq!(request.form()["scope"], SCOPE);
    }
    assert_eq!(reads.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn many_who_come_first_read_it_once() {
    let (stub, reads) =
        provider(|origin, _| document("https://issuer.example", &format!("{origin}/token"))).await;
    let setup = Setup::oidc(&stub);
    let all = (0..20).map(|_| setup.ask(on_behalf_of()));
    for granted in futures_util::future::join_all(all).await {
        granted.unwrap();
    }
    assert_eq!(reads.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_failure_to_read_it_is_not_remembered() {
    let (stub, _) = provider(|origin, read| {
        if read == 0 {
            Reply::json(503, "")
        } else {
            document("https://issuer.example", &format!("{origin}/token"))
        }
    })
    .await;
    let setup = Setup::oidc(&stub);
    assert!(matches!(
        setup.ask(on_behalf_of()).await.unwrap_err(),
        ExchangeError::AuthorityUnavailable { .. }
    ));
    setup.ask(on_behalf_of()).await.unwrap();
}

#[tokio::test]
async fn nothing_is_sent_where_a_foreign_document_points() {
    let elsewhere = Stub::serve(|_| Reply::token("stolen")).await;
    let stolen = format!("{}/token", elsewhere.url);
    let documents: Vec<Box<FromOrigin>> = vec![
        Box::new(move |_| document("https://issuer.example", &stolen)),
        Box::new(|origin| document("https://other.example", &format!("{origin}/token"))),
        Box::new(|origin| document("https://issuer.example/", &format!("{origin}/token"))),
        Box::new(|origin| {
            let plain = origin.replace("https://", "http://");
            document("https://issuer.example", &format!("{plain}/token"))
        }),
        Box::new(|origin| {
            let user = origin.replace("https://", "https://user@");
            document("https://issuer.example", &format!("{user}/token"))
        }),
        Box::new(|_| document("https://issuer.example", "/token")),
        Box::new(|_| Reply::json(200, r#"{"issuer":"https://issuer.example"}"#)),
        Box::new(|_| Reply::json(200, "<html>")),
        Box::new(|_| Reply::json(404, "")),
        Box::new(|origin| {
            let location = format!("location: {origin}/other\r\n");
            Reply::with_headers(302, &location, "")
        }),
    ];
    for document in documents {
        let (mut stub, reads) = provider(move |origin, _| document(origin)).await;
        let error = Setup::oidc(&stub).ask(on_behalf_of()).await.unwrap_err();
        assert!(
            matches!(error, ExchangeError::AuthorityResponseInvalid { .. }),
            "{error:?}"
        );
        assert_eq!(stub.received().method, "GET");
        assert!(stub.is_quiet());
        assert_eq!(reads.load(Ordering::SeqCst), 1);
    }
    assert_eq!(elsewhere.connections(), 0);
}
