//! What operators see of a request, and what nobody sees.

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::format::FmtSpan;

use super::stub::{Reply, Stub};
use super::{Setup, entra, with_claims};
use crate::exchange::credential::tests::fixtures::TempDir;
use crate::exchange::{CredentialSource, Grant};
use crate::secret::Secret;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Every line that is logged, by whatever crate, while the authority gives this answer.
async fn logged(reply: fn() -> Reply) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let stub = Stub::serve(move |_| reply()).await;
    let files = TempDir::new();
    let credential = CredentialSource::FederatedToken {
        file: files.write("token", "c4n4ry.c4n4ry.c4n4ry"),
    };
    let setup = Setup::new(entra(&stub.url, &stub.root_pem), credential, files);
    let answers = [
        setup
            .ask(with_claims(r#"{"access_token":{"c4n4ry":null}}"#))
            .await,
        setup
            .ask(Grant::RefreshToken {
                refresh_token: Secret::new("c4n4ry"),
                scopes: super::scopes(),
            })
            .await,
    ];
    tracing::debug!(?answers, "as somebody would log them");
    drop(guard);
    let lines = lines.0.lock().unwrap().clone();
    String::from_utf8(lines).unwrap()
}

#[tokio::test]
async fn a_success_is_traced_without_its_token() {
    let lines = logged(|| Reply::token("c4n4ry")).await;
    assert!(!lines.contains("c4n4ry"), "{lines}");
    let span = lines
        .lines()
        .find(|line| line.contains("sts.token") && line.contains("close"))
        .unwrap();
    for field in [
        "otel.kind=\"client\"",
        "http.request.method=\"POST\"",
        "http.response.status_code=200",
        "server.address=\"127.0.0.1\"",
        "server.port=",
        "url.template=\"/{tenant}/oauth2/v2.0/token\"",
        "selvedge.authority.name=\"entra\"",
    ] {
        assert!(span.contains(field), "{field} {span}");
    }
    assert!(!span.contains("error"), "{span}");
}

#[tokio::test]
async fn a_refusal_is_traced_without_its_description_and_claims() {
    let lines = logged(|| {
        Reply::json(
            400,
            r#"{"error":"interaction_required","suberror":"basic_action","error_codes":[50076],
                "error_description":"AADSTS50076: d3scription","correlation_id":"c-1",
                "claims":"{\"access_token\":{\"c4n4ry\":null}}"}"#,
        )
    })
    .await;
    assert!(!lines.contains("c4n4ry"), "{lines}");
    assert!(!lines.contains("d3scription"), "{lines}");
    let span = lines
        .lines()
        .find(|line| line.contains("sts.token") && line.contains("close"))
        .unwrap();
    for field in [
        "http.response.status_code=400",
        "error.type=\"400\"",
        "selvedge.authority.error=\"interaction_required\"",
        "selvedge.authority.suberror=\"basic_action\"",
        "selvedge.authority.aadsts=50076",
        "selvedge.authority.correlation_id=\"c-1\"",
    ] {
        assert!(span.contains(field), "{field} {span}");
    }
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_named_and_not_quoted() {
    let lines = logged(|| Reply::json(200, "c4n4ry")).await;
    assert!(!lines.contains("c4n4ry"), "{lines}");
    assert!(lines.contains("error.type=\"malformed\""), "{lines}");
}
