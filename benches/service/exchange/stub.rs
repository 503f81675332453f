//! An authority that answers at once, or when it is told to, in a process of its own.
//!
//! It has the keys of an emulator, which signs what users call with, and gives every request for a
//! token the same one: what an exchange costs is then nobody's doing but the service's.

use std::convert::Infallible;
use std::io::BufRead as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result, bail};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use bytes::Bytes;
use emulator::Emulator;
use http::header::CONTENT_TYPE;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::process::Peer;

/// What this program is started as to be one.
pub(super) const ROLE: &str = "authority";
/// As long as a user's token for a resource: a downstream token is no shorter.
const TOKEN_BYTES: usize = 1_400;

/// A running one.
pub(super) struct Stub {
    peer: Peer,
    pub(super) url: String,
    pub(super) root_certificate: PathBuf,
}

impl Stub {
    /// Starts one whose keys are those of `emulator`, which trusts by `emulator_root`.
    pub(super) fn start(emulator: &Emulator, emulator_root: &Path, folder: &Path) -> Result<Self> {
        let root_certificate = root_certificate(folder);
        let path = |path: &Path| path.display().to_string();
        let (root, own_root) = (path(emulator_root), path(&root_certificate));
        let mut peer = Peer::start([ROLE, emulator.origin(), &root, &own_root])?;
        let url = peer.line()?;
        Ok(Self {
            peer,
            url,
            root_certificate,
        })
    }

    /// How many tokens it was asked for so far.
    pub(super) fn asked(&mut self) -> Result<u64> {
        Ok(self.peer.ask("asked")?.parse()?)
    }

    /// Has it take requests and leave them unanswered.
    pub(super) fn hold(&mut self) -> Result<()> {
        self.peer.ask("hold").map(drop)
    }

    /// Has it answer what has come in and will.
    pub(super) fn answer(&mut self) -> Result<()> {
        self.peer.ask("answer").map(drop)
    }
}

/// What the one of this run is trusted by.
pub(super) fn root_certificate(folder: &Path) -> PathBuf {
    folder.join("stub.pem")
}

/// Serves until its standard input ends, if this process was started to.
pub(super) fn run(emulator: &str, emulator_root: &str, own_root: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("https://{}", listener.local_addr()?);
        let authority = Arc::new(Authority {
            emulator: emulator.to_owned(),
            keys: keys(emulator, emulator_root).await?,
            token: token(),
            asked: AtomicU64::new(0),
            answers: watch::Sender::new(true),
        });
        let acceptor = TlsAcceptor::from(Arc::new(tls(own_root.as_ref())?));
        tokio::spawn(accept(listener, acceptor, router(&authority, &url)));
        println!("{url}");
        tokio::task::spawn_blocking(move || authority.obey()).await?
    })
}

struct Authority {
    /// Whose issuer it shares.
    emulator: String,
    /// The key sets of versions 1 and 2.
    keys: [Bytes; 2],
    /// The answer to every request for a token.
    token: Bytes,
    asked: AtomicU64,
    answers: watch::Sender<bool>,
}

impl Authority {
    fn obey(&self) -> Result<()> {
        for line in std::io::stdin().lock().lines() {
            match line?.as_str() {
                "asked" => {}
                "hold" => drop(self.answers.send_replace(false)),
                "answer" => drop(self.answers.send_replace(true)),
                _ => bail!("an unknown order"),
            }
            println!("{}", self.asked.load(Ordering::SeqCst));
        }
        Ok(())
    }

    /// What OpenID Connect Discovery 1.0 section 4 demands and nothing more.
    fn discovery(&self, issuer: &str, keys: &str) -> String {
        format!(
            r#"{{"issuer":"{}/{issuer}","jwks_uri":"{keys}"}}"#,
            self.emulator
        )
    }
}

fn router(authority: &Arc<Authority>, url: &str) -> Router {
    let discovery_v1 = authority.discovery("sts/{tenantid}/", &format!("{url}/keys"));
    let discovery_v2 = authority.discovery("{tenantid}/v2.0", &format!("{url}/v2.0/keys"));
    let [keys_v1, keys_v2] = authority.keys.clone();
    let is = |document: Bytes| {
        get(|| std::future::ready(([(CONTENT_TYPE, "application/json")], document)))
    };
    Router::new()
        .route(
            "/common/.well-known/openid-configuration",
            is(discovery_v1.into()),
        )
        .route(
            "/common/v2.0/.well-known/openid-configuration",
            is(discovery_v2.into()),
        )
        .route("/keys", is(keys_v1))
        .route("/v2.0/keys", is(keys_v2))
        .route("/{tenant}/oauth2/v2.0/token", post(issue))
        .with_state(Arc::clone(authority))
}

/// Reads the whole request first, as an authority does.
async fn issue(
    State(authority): State<Arc<Authority>>,
    _request: Bytes,
) -> ([(http::HeaderName, &'static str); 1], Bytes) {
    authority.asked.fetch_add(1, Ordering::SeqCst);
    let mut answers = authority.answers.subscribe();
    // It lasts as long as the authority, which is held here.
    let _ = answers.wait_for(|answers| *answers).await;
    (
        [(CONTENT_TYPE, "application/json")],
        authority.token.clone(),
    )
}

fn token() -> Bytes {
    let token = "t".repeat(TOKEN_BYTES);
    format!(r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{token}"}}"#).into()
}

async fn keys(emulator: &str, root: &str) -> Result<[Bytes; 2]> {
    let root = reqwest::Certificate::from_pem(&std::fs::read(root)?)?;
    let client = reqwest::Client::builder().tls_certs_only([root]).build()?;
    let read = async |path: &str| {
        let answer = client.get(format!("{emulator}{path}")).send().await?;
        answer.error_for_status()?.bytes().await
    };
    Ok([
        read("/common/discovery/keys").await?,
        read("/common/discovery/v2.0/keys").await?,
    ])
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    router: Router,
) -> Result<Infallible> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            let stream = TokioIo::new(acceptor.accept(stream).await.ok()?);
            let connection = auto::Builder::new(TokioExecutor::new());
            let service = TowerToHyperService::new(router);
            connection.serve_connection(stream, service).await.ok()
        });
    }
}

/// A certificate for this run, written where those who are to trust it find it.
fn tls(root: &Path) -> Result<ServerConfig> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()])?.self_signed(&key)?;
    std::fs::write(root, certificate.pem())?;
    let key = PrivateKeyDer::try_from(key.serialize_der())
        .ok()
        .context("a key that is none")?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
