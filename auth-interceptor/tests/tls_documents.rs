//! A TLS server of fixed documents: all that an authority is to those who only verify its tokens.

use std::collections::HashMap;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio_rustls::TlsAcceptor;

/// Serves until it is dropped.
pub(crate) struct TlsDocuments {
    pub(crate) url: String,
    pub(crate) root_pem: String,
    task: AbortHandle,
}

type Documents = HashMap<String, String>;

impl TlsDocuments {
    /// Serves the documents that `of` makes for the server's url, by path.
    pub(crate) async fn serve<P: Into<String>>(of: impl FnOnce(&str) -> Vec<(P, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let documents: Arc<Documents> = Arc::new(
            of(&url)
                .into_iter()
                .map(|(path, document)| (path.into(), document))
                .collect(),
        );
        let (config, root_pem) = tls();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let task = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                tokio::spawn(answer(tcp, acceptor.clone(), Arc::clone(&documents)));
            }
        });
        Self {
            url,
            root_pem,
            task: task.abort_handle(),
        }
    }
}

impl Drop for TlsDocuments {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn tls() -> (ServerConfig, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()])
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
    (config, certificate.pem())
}

/// Answers one request and closes.
async fn answer(tcp: TcpStream, acceptor: TlsAcceptor, documents: Arc<Documents>) -> Option<()> {
    let mut stream = BufReader::new(acceptor.accept(tcp).await.ok()?);
    let mut start = String::new();
    stream.read_line(&mut start).await.ok()?;
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
    }
    let answer = match documents.get(start.split(' ').nth(1)?) {
        Some(document) => format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{document}",
            document.len()
        ),
        None => "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".into(),
    };
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}
