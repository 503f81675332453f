//! The TLS listener: loopback only, bounded in connections, headers, bodies and waiting.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use http::uri::Authority as HostPort;
use http::{StatusCode, header};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::authority::Authority;
use crate::certificate::Certificates;
use crate::settings::StartError;
use crate::{control, entra, fabric, onelake, portal, trace_headers};

const CONNECTIONS: usize = 1024;
const BODY_BYTES: usize = 64 * 1024;
const HEADER_BYTES: u32 = 64 * 1024;
/// For a handshake, and for the headers of a request.
const PATIENCE: Duration = Duration::from_secs(10);
/// For answers under way when the emulator stops.
const GRACE: Duration = Duration::from_secs(1);

/// Binds the address, and its twin of the other address family where that can be.
pub(crate) async fn bind(listen: SocketAddr) -> Result<Vec<TcpListener>, StartError> {
    if !listen.ip().is_loopback() {
        return Err(StartError::NotLoopback);
    }
    let failed = |source| StartError::Listen {
        address: listen,
        source,
    };
    let first = TcpListener::bind(listen).await.map_err(failed)?;
    let port = first.local_addr().map_err(failed)?.port();
    let mut listeners = vec![first];
    if listen.ip() == IpAddr::from(Ipv4Addr::LOCALHOST)
        && let Ok(twin) = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await
    {
        listeners.push(twin);
    }
    Ok(listeners)
}

/// The TLS side: version 1.2 and up, HTTP/2 and HTTP/1.1.
pub(crate) fn tls(certificates: Certificates) -> Result<TlsAcceptor, StartError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(certificates.chain, certificates.key)
        })
        .map_err(|_| StartError::Cryptography)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Every route, behind the checks that hold for all of them.
pub(crate) fn router(authority: Arc<Authority>) -> Router {
    Router::new()
        .nest(control::PREFIX, control::router(&authority))
        .nest(fabric::PREFIX, fabric::router(&authority))
        .nest(onelake::PREFIX, onelake::router(&authority))
        .merge(portal::router())
        .merge(entra::router(&authority))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn_with_state(
            authority.clone(),
            trace_headers::note,
        ))
        // Outermost, so that nothing at all is served under a foreign name.
        .layer(middleware::from_fn(refuse_foreign_host))
        .with_state(authority)
}

/// Serves until cancelled; connections then finish the answer they are at.
pub(crate) fn serve(
    listeners: Vec<TcpListener>,
    acceptor: &TlsAcceptor,
    router: &Router,
    stopping: &CancellationToken,
    tasks: &TaskTracker,
) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    for listener in listeners {
        let server = Server {
            acceptor: acceptor.clone(),
            router: router.clone(),
            stopping: stopping.clone(),
            tasks: tasks.clone(),
            connections: connections.clone(),
        };
        tasks.spawn(server.accept(listener));
    }
}

struct Server {
    acceptor: TlsAcceptor,
    router: Router,
    stopping: CancellationToken,
    tasks: TaskTracker,
    connections: Arc<Semaphore>,
}

impl Server {
    async fn accept(self, listener: TcpListener) {
        loop {
            // A permit first: when all are out, new connections wait in the system's queue.
            let permit = tokio::select! {
                () = self.stopping.cancelled() => return,
                permit = self.connections.clone().acquire_owned() => permit,
            };
            let accepted = tokio::select! {
                () = self.stopping.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let connection = serve_connection(
                        self.acceptor.clone(),
                        self.router.clone(),
                        self.stopping.clone(),
                        stream,
                    );
                    self.tasks.spawn(async move {
                        connection.await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    // Out of descriptors, most likely: let some connections end.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

async fn serve_connection(
    acceptor: TlsAcceptor,
    router: Router,
    stopping: CancellationToken,
    stream: TcpStream,
) {
    let _ = stream.set_nodelay(true);
    let stream = tokio::select! {
        () = stopping.cancelled() => return,
        handshake = timeout(PATIENCE, acceptor.accept(stream)) => match handshake {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::debug!(%error, "a TLS handshake failed");
                return;
            }
            Err(_) => return,
        },
    };
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEADER_BYTES as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEADER_BYTES)
        .max_concurrent_streams(128);
    let connection =
        builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            // A peer that never reads its answer must not hold the stop.
            match timeout(GRACE, connection).await {
                Ok(outcome) => outcome,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// A name that resolves to loopback only for an attacker's page (DNS rebinding) is refused.
async fn refuse_foreign_host(request: Request, next: Next) -> Response {
    if is_loopback(&request) {
        next.run(request).await
    } else {
        StatusCode::MISDIRECTED_REQUEST.into_response()
    }
}

fn is_loopback(request: &Request) -> bool {
    let named = request.headers().get_all(header::HOST).iter().map(|host| {
        host.to_str()
            .ok()
            .and_then(|host| host.parse::<HostPort>().ok())
    });
    let mut hosts: Vec<Option<HostPort>> = named.collect();
    if let Some(authority) = request.uri().authority() {
        hosts.push(Some(authority.clone()));
    }
    !hosts.is_empty()
        && hosts.iter().all(|host| {
            host.as_ref().is_some_and(|host| {
                // `user@localhost` is no name of a host.
                !host.as_str().contains('@')
                    && ["localhost", "127.0.0.1", "[::1]"]
                        .iter()
                        .any(|name| host.host().eq_ignore_ascii_case(name))
            })
        })
}
