//! An authority that misbehaves as scripted, over real TLS sockets, and counts what it is asked.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::signer::jwks;
use crate::authority::{Algorithm, Authority, AuthorityKind};
use crate::issuer::IssuerTemplate;

pub(super) const DISCOVERY: &str = "/.well-known/openid-configuration";
pub(super) const KEYS: &str = "/keys";
pub(super) const DISCOVERY_V1: &str = "/common/.well-known/openid-configuration";
pub(super) const KEYS_V1: &str = "/common/discovery/keys";
pub(super) const DISCOVERY_V2: &str = "/common/v2.0/.well-known/openid-configuration";
pub(super) const KEYS_V2: &str = "/common/discovery/v2.0/keys";

pub(super) const ISSUER: &str = "https://issuer.example";
pub(super) const ISSUER_V1: &str = "https://sts.example/{tenantid}/";
pub(super) const ISSUER_V2: &str = "https://login.example/{tenantid}/v2.0";

pub(super) const TENANT: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

/// What a request is answered with.
#[derive(Clone)]
pub(super) enum Answer {
    /// Status 200 and the document.
    Document(String),
    /// Status line, headers and body as they are.
    Raw(Vec<u8>),
    /// Nothing, ever.
    Hang,
    /// The head of an answer, then a byte at a time without an end.
    Drip,
    /// A body of 100 MiB, of no stated length.
    Flood,
}

impl Answer {
    pub(super) fn status(status: &str, headers: &str) -> Self {
        Self::Raw(format!("HTTP/1.1 {status}\r\n{headers}content-length: 0\r\n\r\n").into_bytes())
    }

    /// Status 200 with these headers.
    pub(super) fn with_headers(headers: &str, body: &[u8]) -> Self {
        let head = format!(
            "HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n",
            body.len()
        );
        Self::Raw([head.as_bytes(), body].concat())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Certificate {
    Sound,
    OtherName,
    Expired,
}

/// What the authority was asked so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) connections: usize,
    pub(super) requests: BTreeMap<String, usize>,
    pub(super) flooded: usize,
}

pub(super) struct AuthorityDouble {
    address: SocketAddr,
    root_pem: String,
    script: Arc<Script>,
    counts: watch::Receiver<Counts>,
    task: AbortHandle,
}

struct Script {
    answers: Mutex<BTreeMap<String, Answer>>,
    /// Answers wait while this is false.
    released: watch::Sender<bool>,
    /// While this is true, all connections are dropped.
    deaf: watch::Sender<bool>,
    counts: watch::Sender<Counts>,
}

/// The address of an authority that refuses connections until it is opened.
pub(super) struct Closed {
    socket: TcpSocket,
    opening: oneshot::Sender<TcpListener>,
}

impl Closed {
    pub(super) fn open(self) {
        let listener = self.socket.listen(1024).unwrap();
        self.opening.send(listener).unwrap();
    }
}

impl AuthorityDouble {
    /// A healthy authority with these keys in all its documents.
    pub(super) fn with_keys(keys: impl IntoIterator<Item = Value>) -> Self {
        Self::with_certificate(Certificate::Sound, keys)
    }

    pub(super) fn with_certificate(
        certificate: Certificate,
        keys: impl IntoIterator<Item = Value>,
    ) -> Self {
        let (double, closed) = Self::closed(certificate, keys);
        closed.open();
        double
    }

    /// An authority that will be healthy once it is opened.
    pub(super) fn closed(
        certificate: Certificate,
        keys: impl IntoIterator<Item = Value>,
    ) -> (Self, Closed) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        let (config, root_pem) = tls(certificate);
        let (count_sender, counts) = watch::channel(Counts::default());
        let script = Arc::new(Script {
            answers: Mutex::default(),
            released: watch::channel(true).0,
            deaf: watch::channel(false).0,
            counts: count_sender,
        });
        let (opening, opened) = oneshot::channel();
        let serving = Arc::clone(&script);
        let task = tokio::spawn(async move {
            if let Ok(listener) = opened.await {
                serve(listener, TlsAcceptor::from(Arc::new(config)), serving).await;
            }
        });
        let double = Self {
            address,
            root_pem,
            script,
            counts,
            task: task.abort_handle(),
        };
        double.publish(keys);
        (double, Closed { socket, opening })
    }

    pub(super) fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    pub(super) fn oidc(&self) -> Authority {
        self.authority(AuthorityKind::Oidc {
            issuer: IssuerTemplate::new(ISSUER),
            tenant: TENANT.parse().unwrap(),
        })
    }

    pub(super) fn entra(&self) -> Authority {
        self.authority(AuthorityKind::Entra {
            issuer_v1: IssuerTemplate::new(ISSUER_V1),
            issuer_v2: IssuerTemplate::new(ISSUER_V2),
            tenants: vec![TENANT.parse().unwrap()],
        })
    }

    fn authority(&self, kind: AuthorityKind) -> Authority {
        Authority {
            name: "double".to_owned(),
            url: self.url(),
            kind,
            algorithms: vec![Algorithm::Rs256],
            root_certificates_pem: Some(self.root_pem.clone().into_bytes()),
        }
    }

    /// Makes every document healthy, with these keys.
    pub(super) fn publish(&self, keys: impl IntoIterator<Item = Value>) {
        let keys = jwks(keys);
        for (discovery, issuer, path) in [
            (DISCOVERY, ISSUER, KEYS),
            (DISCOVERY_V1, ISSUER_V1, KEYS_V1),
            (DISCOVERY_V2, ISSUER_V2, KEYS_V2),
        ] {
            self.discover(discovery, issuer, &format!("{}{path}", self.url()));
            self.answer(path, Answer::Document(keys.clone()));
        }
    }

    /// Sets what a discovery document says.
    pub(super) fn discover(&self, discovery: &str, issuer: &str, jwks_uri: &str) {
        let document = json!({ "issuer": issuer, "jwks_uri": jwks_uri });
        self.answer(discovery, Answer::Document(document.to_string()));
    }

    pub(super) fn answer(&self, path: &str, answer: Answer) {
        let mut answers = self.script.answers.lock().unwrap();
        answers.insert(path.to_owned(), answer);
    }

    /// Drops connections from now on, or no longer.
    pub(super) fn set_deaf(&self, deaf: bool) {
        self.script.deaf.send_replace(deaf);
    }

    /// Requests are counted and not answered until [`Self::release_answers`].
    pub(super) fn hold_answers(&self) {
        self.script.released.send_replace(false);
    }

    pub(super) fn release_answers(&self) {
        self.script.released.send_replace(true);
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts.borrow().clone()
    }

    pub(super) fn requests(&self, path: &str) -> usize {
        self.counts
            .borrow()
            .requests
            .get(path)
            .copied()
            .unwrap_or_default()
    }

    pub(super) async fn await_requests(&self, path: &str, count: usize) {
        self.await_counts(|counts| counts.requests.get(path).is_some_and(|seen| *seen >= count))
            .await;
    }

    pub(super) async fn await_counts(&self, wanted: impl FnMut(&Counts) -> bool) {
        let mut counts = self.counts.clone();
        super::before_deadline(counts.wait_for(wanted))
            .await
            .unwrap();
    }
}

impl Drop for AuthorityDouble {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn tls(certificate: Certificate) -> (ServerConfig, String) {
    let name = match certificate {
        Certificate::Sound | Certificate::Expired => "127.0.0.1",
        Certificate::OtherName => "elsewhere.example",
    };
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    if certificate == Certificate::Expired {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let root_pem = certificate.pem();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    (config, root_pem)
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, script: Arc<Script>) {
    // Ends with this task, so that a double that is dropped closes all its connections.
    let mut connections = tokio::task::JoinSet::new();
    let mut deaf = script.deaf.subscribe();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (tcp, _) = accepted.unwrap();
                script.counts.send_modify(|counts| counts.connections += 1);
                if !*deaf.borrow() {
                    connections.spawn(converse(tcp, acceptor.clone(), Arc::clone(&script)));
                }
            }
            _ = deaf.changed() => connections.abort_all(),
        }
    }
}

async fn converse(tcp: TcpStream, acceptor: TlsAcceptor, script: Arc<Script>) {
    let Ok(mut stream) = acceptor.accept(tcp).await else {
        return;
    };
    while let Some(path) = request(&mut stream).await {
        script.counts.send_modify(|counts| {
            *counts.requests.entry(path.clone()).or_default() += 1;
        });
        let mut released = script.released.subscribe();
        let _ = released.wait_for(|released| *released).await;
        let answer = script.answers.lock().unwrap().get(&path).cloned();
        let answer = answer.unwrap_or_else(|| Answer::status("404 Not Found", ""));
        if respond(&mut stream, answer, &script).await.is_err() {
            return;
        }
    }
}

/// The path of the next request, without interest in the rest of it.
async fn request(stream: &mut TlsStream<TcpStream>) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    head.split(' ').nth(1).map(str::to_owned)
}

async fn respond(
    stream: &mut TlsStream<TcpStream>,
    answer: Answer,
    script: &Script,
) -> std::io::Result<()> {
    match answer {
        Answer::Document(document) => {
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                document.len()
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(document.as_bytes()).await?;
            stream.flush().await
        }
        Answer::Raw(bytes) => {
            stream.write_all(&bytes).await?;
            // What a body lacks of its stated length never comes.
            stream.shutdown().await
        }
        Answer::Hang => std::future::pending().await,
        Answer::Drip => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
                .await?;
            let mut drops = tokio::time::interval(Duration::from_millis(100));
            loop {
                drops.tick().await;
                stream.write_all(b" ").await?;
                stream.flush().await?;
            }
        }
        Answer::Flood => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            let chunk = vec![b' '; 64 * 1024];
            for _ in 0..1_600 {
                stream.write_all(&chunk).await?;
                script
                    .counts
                    .send_modify(|counts| counts.flooded += chunk.len());
            }
            stream.shutdown().await
        }
    }
}
