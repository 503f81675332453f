//! Authorities that stall, break off, lie, or are somebody else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

use super::stub::{Reply, Stub};
use super::{PATIENCE, Setup, entra, nowhere, on_behalf_of, tenant};
use crate::exchange::credential::tests::fixtures::TempDir;
use crate::exchange::{CredentialSource, ExchangeError, TokenEndpoint as _};

const SHORT: Duration = Duration::from_millis(300);

fn unavailable() -> ExchangeError {
    ExchangeError::AuthorityUnavailable {
        authority: "entra".into(),
        retry_after: Duration::ZERO,
    }
}

fn timed_out() -> ExchangeError {
    ExchangeError::AuthorityTimeout {
        authority: "entra".into(),
        retry_after: Duration::ZERO,
    }
}

fn invalid() -> ExchangeError {
    ExchangeError::AuthorityResponseInvalid {
        authority: "entra".into(),
    }
}

/// The error of the first request; the second is answered well, which shows that nothing of the
/// first is left.
async fn first_fails(reply: fn() -> Reply, patience: Duration) -> ExchangeError {
    let is_first = AtomicBool::new(true);
    let stub = Stub::serve(move |_| {
        if is_first.swap(false, Ordering::SeqCst) {
            reply()
        } else {
            Reply::token("downstream")
        }
    })
    .await;
    let setup = Setup::entra(&stub);
    let start = Instant::now();
    let error = setup
        .ask_within(on_behalf_of(), patience)
        .await
        .unwrap_err();
    assert!(start.elapsed() < patience + Duration::from_secs(2));
    let granted = setup.ask(on_behalf_of()).await.unwrap();
    assert_eq!(granted.access_token.expose(), "downstream");
    error
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_in_time() {
    let error = first_fails(|| Reply::Hold(String::new()), SHORT).await;
    assert_eq!(error, timed_out());
}

#[tokio::test]
async fn a_body_that_drips_is_given_up_in_time() {
    let head = || Reply::Drip("HTTP/1.1 200 x\r\ncontent-length: 100000\r\n\r\n{".to_owned());
    assert_eq!(first_fails(head, SHORT).await, timed_out());
    let head = || Reply::Drip("HTTP/1.1 200 x\r\nx-slow:".to_owned());
    assert_eq!(first_fails(head, SHORT).await, timed_out());
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_used() {
    let body = || Reply::Cut("HTTP/1.1 200 x\r\ncontent-length: 1000\r\n\r\n{\"acc".to_owned());
    assert_eq!(first_fails(body, PATIENCE).await, unavailable());
    let head = || Reply::Cut("HTTP/1.1 200 x\r\nconte".to_owned());
    assert_eq!(first_fails(head, PATIENCE).await, unavailable());
    let nothing = || Reply::Cut(String::new());
    assert_eq!(first_fails(nothing, PATIENCE).await, unavailable());
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_not_read_to_its_end() {
    let announced = || Reply::Hold("HTTP/1.1 200 x\r\ncontent-length: 10485760\r\n\r\n".to_owned());
    assert_eq!(first_fails(announced, PATIENCE).await, invalid());
    let chunked = || {
        let chunk = format!("100000\r\n{}\r\n", " ".repeat(0x10_0000));
        Reply::Cut(format!(
            "HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n{}",
            chunk.repeat(10)
        ))
    };
    assert_eq!(first_fails(chunked, PATIENCE).await, invalid());
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_not_used() {
    for reply in [
        (|| Reply::json(200, "<html>")) as fn() -> Reply,
        || Reply::json(200, ""),
        || Reply::json(200, r#"{"error":"invalid_grant"}"#),
        || Reply::json(400, "not found"),
        || {
            Reply::json(
                201,
                r#"{"token_type":"Bearer","expires_in":60,"access_token":"a"}"#,
            )
        },
        || Reply::with_headers(204, "", ""),
        || {
            Reply::with_headers(
                200,
                "content-encoding: gzip\r\n",
                r#"{"token_type":"Bearer","expires_in":60,"access_token":"a"}"#,
            )
        },
        || {
            Reply::json(
                400,
                r#"{"error":"interaction_required","claims":"nonsense"}"#,
            )
        },
    ] {
        assert_eq!(first_fails(reply, PATIENCE).await, invalid());
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Stub::serve(|_| Reply::token("stolen")).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: {}/token\r\n", elsewhere.url);
        let stub = Stub::serve(move |_| Reply::with_headers(status, &location, "")).await;
        let error = Setup::entra(&stub).ask(on_behalf_of()).await.unwrap_err();
        assert_eq!(error, invalid(), "{status}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_with_another_name_or_root() {
    let other_name = Stub::named("elsewhere.example", |_| Reply::token("stolen")).await;
    let error = Setup::entra(&other_name).ask(on_behalf_of()).await;
    assert_eq!(error.unwrap_err(), unavailable());
    assert!(other_name.is_quiet());

    let one = Stub::serve(|_| Reply::token("stolen")).await;
    let other = Stub::serve(|_| Reply::token("stolen")).await;
    let files = TempDir::new();
    let credential = CredentialSource::Secret {
        file: files.write("secret", "s3cr3t"),
    };
    let setup = Setup::new(entra(&one.url, &other.root_pem), credential, files);
    let error = setup.ask(on_behalf_of()).await.unwrap_err();
    assert_eq!(error, unavailable());
    assert!(one.is_quiet());
}

#[tokio::test]
async fn an_address_where_nobody_listens_or_accepts_is_unavailable() {
    let stub = Stub::serve(|_| Reply::token("downstream")).await;
    let roots = stub.root_pem.clone();
    let at = |url: &str| {
        let files = TempDir::new();
        let credential = CredentialSource::Secret {
            file: files.write("secret", "s3cr3t"),
        };
        Setup::new(entra(url, &roots), credential, files)
    };
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let closed = closed.local_addr().unwrap();
    let setup = at(&format!("https://{closed}"));
    let error = setup.ask(on_behalf_of()).await.unwrap_err();
    assert_eq!(error, unavailable());

    // A listener that accepts nobody and whose queue is full: the kernel drops what comes.
    let full = TcpSocket::new_v4().unwrap();
    full.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = full.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(connection) = timeout(SHORT, TcpStream::connect(address)).await {
        queued.push(connection);
    }
    let setup = at(&format!("https://{address}"));
    let start = Instant::now();
    let error = setup.ask(on_behalf_of()).await.unwrap_err();
    assert_eq!(error, unavailable());
    assert!(start.elapsed() < PATIENCE / 2);
}

#[tokio::test]
async fn without_a_credential_nothing_is_sent() {
    let stub = Stub::serve(|_| Reply::token("downstream")).await;
    let unusable = ExchangeError::CredentialUnusable {
        registration: "workload".into(),
    };
    let missing = CredentialSource::Secret { file: nowhere() };
    let setup = Setup::new(entra(&stub.url, &stub.root_pem), missing, TempDir::new());
    let error = setup.ask(on_behalf_of()).await.unwrap_err();
    assert_eq!(error, unusable);

    let client = super::AuthorityClient::new([], &setup.clock.clock()).unwrap();
    let registration = setup.registration.clone();
    let asked = client.request(registration, tenant(), on_behalf_of(), PATIENCE);
    assert_eq!(asked.await.unwrap_err(), unusable);
    assert_eq!(stub.connections(), 0);
}

#[test]
fn an_authority_that_cannot_be_asked_stops_the_start() {
    let files = TempDir::new();
    let registration = |url: &str, roots: &[u8]| {
        let mut registration = super::registration(
            entra(url, roots),
            CredentialSource::Secret {
                file: files.path("secret"),
            },
        );
        registration.authority.root_certificates_pem = (!roots.is_empty()).then(|| roots.into());
        registration
    };
    let clock = super::TestClock::new().clock();
    for (url, roots) in [
        ("http://login.example", &b""[..]),
        ("https://user@login.example", b""),
        ("https://login.example?x", b""),
        ("login.example", b""),
        ("https://login.example", b"no certificate"),
    ] {
        let registration = registration(url, roots);
        assert!(
            super::AuthorityClient::new([&registration], &clock).is_err(),
            "{url}"
        );
    }
    let registration = registration("https://login.example/base/", b"");
    assert!(super::AuthorityClient::new([&registration], &clock).is_ok());
}
