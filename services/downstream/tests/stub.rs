//! A server that plays Fabric and OneLake: it answers what a test has written down, in that order,
//! and keeps what it was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::serve::Listener;
use bytes::Bytes;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::downstream::{Downstream, DownstreamSettings};

/// What the server was asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Bytes,
}

impl Asked {
    /// The method, the path and the query.
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The server.
pub(super) struct Stub {
    asked: Arc<Mutex<Vec<Asked>>>,
    pub(super) downstream: Downstream,
    _server: tokio_util::task::AbortOnDropHandle<()>,
}

impl Stub {
    /// Answers these, one for each request; a request too many is refused with 418.
    pub(super) async fn answering(answers: impl IntoIterator<Item = Response>) -> Self {
        let answers = Arc::new(Mutex::new(answers.into_iter().collect::<VecDeque<_>>()));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let router = Router::new().fallback(move |request: Request| {
            let (answers, kept) = (Arc::clone(&answers), Arc::clone(&kept));
            async move {
                let (head, body) = request.into_parts();
                let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
                kept.lock().unwrap().push(Asked {
                    method: head.method.to_string(),
                    target: head.uri.path_and_query().unwrap().to_string(),
                    headers: head.headers,
                    body,
                });
                let next = answers.lock().unwrap().pop_front();
                next.unwrap_or_else(|| answer(418, &[], ""))
            }
        });
        Self::serving(router, asked).await
    }

    /// Serves `router`, which keeps nothing here.
    pub(super) async fn running(router: Router) -> Self {
        Self::serving(router, Arc::default()).await
    }

    async fn serving(router: Router, asked: Arc<Mutex<Vec<Asked>>>) -> Self {
        let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let root = certificate.cert.pem();
        let key = PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der());
        let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.cert.der().clone()],
            PrivateKeyDer::Pkcs8(key),
        )
        .unwrap();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let listener = TlsListener {
            listener,
            acceptor: TlsAcceptor::from(Arc::new(tls)),
        };
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

        let base = |path: &str| format!("https://localhost:{port}{path}");
        let settings = DownstreamSettings {
            fabric: base("/v1"),
            workload_control: base("/v1/workload-control"),
            onelake: base(""),
            root_certificates_pem: Some(root.into_bytes()),
            answer_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(10),
            propagate: Arc::new(auth_interceptor::Unpropagated),
            observer: Arc::new(crate::requests::Unobserved),
        };
        Self {
            asked,
            downstream: Downstream::new(&settings).unwrap(),
            _server: tokio_util::task::AbortOnDropHandle::new(server),
        }
    }

    /// What was asked, in order.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The first lines of what was asked.
    pub(super) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }
}

/// An answer to write down.
pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    answer.body(body.into()).unwrap()
}

/// An answer with a document.
pub(super) fn json(status: u16, body: &str) -> Response {
    answer(
        status,
        &[("content-type", "application/json")],
        body.to_owned(),
    )
}

struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
