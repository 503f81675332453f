//! A server that answers as a test wants, well or badly, and keeps what it was asked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use reqwest::Url;
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite,
    AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

/// Serves until it is dropped.
pub(super) struct Stub {
    pub(super) url: String,
    pub(super) root_pem: Vec<u8>,
    received: UnboundedReceiver<Received>,
    connections: Arc<AtomicUsize>,
    task: AbortHandle,
}

/// A request.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
}

/// An answer.
pub(super) enum Reply {
    /// One that HTTP allows.
    Whole(String),
    /// Its beginning, and then the end of the connection.
    Cut(String),
    /// Its beginning, and then nothing.
    Hold(String),
    /// Its beginning, and then a byte now and again, for ever.
    Drip(String),
}

impl Reply {
    pub(super) fn json(status: u16, body: &str) -> Self {
        Self::with_headers(status, "content-type: application/json\r\n", body)
    }

    pub(super) fn with_headers(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Whole(format!(
            "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        ))
    }

    pub(super) fn token(token: &str) -> Self {
        Self::json(
            200,
            &format!(r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{token}"}}"#),
        )
    }
}

impl Received {
    /// The parameters of the body, as whoever reads forms reads them.
    pub(super) fn form(&self) -> BTreeMap<String, String> {
        let pairs = pairs(&self.body);
        let form: BTreeMap<_, _> = pairs.iter().cloned().collect();
        assert_eq!(form.len(), pairs.len(), "each once");
        form
    }

    pub(super) fn query(&self) -> Vec<(String, String)> {
        pairs(self.target.split_once('?').map_or("", |(_, query)| query))
    }
}

fn pairs(encoded: &str) -> Vec<(String, String)> {
    let url = Url::parse(&format!("http://x/?{encoded}")).unwrap();
    url.query_pairs().into_owned().collect()
}

type Answer = dyn Fn(&Received) -> Reply + Send + Sync;

impl Stub {
    /// An authority at 127.0.0.1.
    pub(super) async fn serve(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::named("127.0.0.1", answer).await
    }

    /// An authority at 127.0.0.1 whose certificate is for `name`.
    pub(super) async fn named(
        name: &str,
        answer: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let (config, root_pem) = tls(name);
        Self::start(Some(TlsAcceptor::from(Arc::new(config))), root_pem, answer).await
    }

    /// A server at 127.0.0.1 that speaks plain HTTP.
    pub(super) async fn plain(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(None, Vec::new(), answer).await
    }

    async fn start(
        tls: Option<TlsAcceptor>,
        root_pem: Vec<u8>,
        answer: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let answer: Arc<Answer> = Arc::new(answer);
        let (sender, received) = unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let accepted = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::SeqCst);
                let (tls, answer, sender) = (tls.clone(), Arc::clone(&answer), sender.clone());
                tokio::spawn(async move {
                    match tls {
                        None => converse(tcp, &*answer, &sender).await,
                        Some(tls) => converse(tls.accept(tcp).await.ok()?, &*answer, &sender).await,
                    }
                });
            }
        });
        Self {
            url,
            root_pem,
            received,
            connections,
            task: task.abort_handle(),
        }
    }

    /// The next request that was received. It is there once the client has its answer.
    pub(super) fn received(&mut self) -> Received {
        self.received.try_recv().unwrap()
    }

    /// Whether every request has been looked at.
    pub(super) fn is_quiet(&self) -> bool {
        self.received.is_empty()
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn tls(name: &str) -> (ServerConfig, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
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
    (config, certificate.pem().into_bytes())
}

/// Answers requests until one side has had enough.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: &Answer,
    sender: &UnboundedSender<Received>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let request = read(&mut stream).await?;
        let reply = answer(&request);
        let _ = sender.send(request);
        let (text, rest) = match &reply {
            Reply::Whole(text) => (text, None),
            Reply::Cut(text) | Reply::Hold(text) | Reply::Drip(text) => (text, Some(&reply)),
        };
        stream.write_all(text.as_bytes()).await.ok()?;
        stream.flush().await.ok()?;
        // This is how slow the server is.
        let mut drops = tokio::time::interval(Duration::from_millis(20));
        match rest {
            None => {}
            Some(Reply::Hold(_)) => std::future::pending().await,
            Some(Reply::Drip(_)) => loop {
                drops.tick().await;
                stream.write_all(b" ").await.ok()?;
                stream.flush().await.ok()?;
            },
            Some(_) => return None,
        }
    }
}

async fn read(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<Received> {
    let mut start = String::new();
    if stream.read_line(&mut start).await.ok()? == 0 {
        return None;
    }
    let mut start = start.split(' ');
    let method = start.next()?.to_owned();
    let target = start.next()?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Received {
        method,
        target,
        headers,
        body: String::from_utf8(body).unwrap(),
    })
}
