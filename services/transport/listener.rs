//! The accept loop: TCP or TLS, HTTP/2 and HTTP/1.1 on one port, bounded in everything that a
//! stranger can hold open.
//!
//! Not tonic's own server: it answers `grpc-timeout` outside of every layer, with a status that says
//! neither reason nor trace, and its TLS cannot be told when to give up on a handshake.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tonic::body::Body;
use tower::Service;

use super::drain::Drain;
use super::load::OpenConnections;

/// The address of the connection's other end. In every request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub SocketAddr);

/// What one process holds open at most, and for how long.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// The bytes of one request's headers, names and values and 32 each (RFC 9113 section 10.5.1).
    pub header_bytes: u32,
    /// The requests in flight on one connection.
    pub streams: u32,
    /// The connections open at a time; more wait to be accepted.
    pub connections: usize,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long a peer may leave a keep-alive ping unanswered.
    pub idle: Duration,
}

/// A port, and how it is spoken to.
pub struct Port {
    /// What is listened on.
    pub listener: TcpListener,
    /// The server's certificate; none: plaintext.
    pub tls: Option<TlsAcceptor>,
    /// Where its connections are counted.
    pub open: OpenConnections,
}

/// How a shutdown goes.
#[derive(Clone, Copy, Debug)]
pub struct DrainTimes {
    /// How long the service goes on as NOT_SERVING, so that balancers notice.
    pub notice: Duration,
    /// How long calls in flight may then take.
    pub patience: Duration,
}

/// Serves connections until `shutdown`, then drains: existing connections are told to go away and
/// calls in flight finish, or are refused when the patience ends.
///
/// # Errors
///
/// None of a single connection's: those end that connection. Only a listener that can never accept
/// again ends the loop.
pub async fn serve<S>(
    port: Port,
    service: S,
    limits: &ConnectionLimits,
    drain: &Drain,
    times: DrainTimes,
    shutdown: impl Future<Output = ()>,
) where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let Port {
        listener,
        tls,
        open,
    } = port;
    let server = Arc::new(connection_builder(limits));
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections));
    let stop = async {
        shutdown.await;
        drain.begin();
        tokio::time::sleep(times.notice).await;
    };
    tokio::pin!(stop);

    loop {
        let (stream, peer, place) = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let service = TowerToHyperService::new(WithPeer {
            inner: service.clone(),
            peer,
        });
        let server = Arc::clone(&server);
        let watcher = graceful.watcher();
        let tls = tls.clone();
        let handshake = limits.handshake;
        let open = open.open();
        tokio::spawn(async move {
            let _place = (place, open);
            match tls {
                None => connection(&server, stream, service, watcher).await,
                Some(acceptor) => {
                    // A peer that does not finish the handshake is dropped without a word.
                    if let Ok(Ok(stream)) =
                        tokio::time::timeout(handshake, acceptor.accept(stream)).await
                    {
                        connection(&server, stream, service, watcher).await;
                    }
                }
            }
        });
    }

    drop(listener);
    let closed = graceful.shutdown();
    tokio::pin!(closed);
    if tokio::time::timeout(times.patience, &mut closed)
        .await
        .is_err()
    {
        drain.end();
        // What is left now are the refusals' own last bytes.
        let _ = tokio::time::timeout(Duration::from_secs(1), closed).await;
    }
}

fn connection_builder(limits: &ConnectionLimits) -> auto::Builder<TokioExecutor> {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(limits.header_bytes)
        .max_concurrent_streams(limits.streams)
        .keep_alive_interval(limits.idle)
        .keep_alive_timeout(limits.idle);
    server
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_buf_size(
            usize::try_from(limits.header_bytes)
                .unwrap_or(usize::MAX)
                .max(8 * 1024),
        );
    server
}

async fn connection<I, S>(
    server: &auto::Builder<TokioExecutor>,
    stream: I,
    service: TowerToHyperService<WithPeer<S>>,
    watcher: hyper_util::server::graceful::Watcher,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let connection = server
        .serve_connection(TokioIo::new(stream), service)
        .into_owned();
    if let Err(error) = watcher.watch(connection).await {
        // A peer's doing, and any peer can do it at will.
        tracing::debug!(error, "a connection ended in error");
    }
}

/// Accepts the next connection, whatever becomes of others: a peer that resets, or a process out of
/// file descriptors, must not end the service.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let place = loop {
        // The semaphore is never closed.
        if let Ok(place) = Arc::clone(places).acquire_owned().await {
            break place;
        }
    };
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Small frames go out at once; a failure costs only latency.
                let _ = stream.set_nodelay(true);
                return (stream, peer, place);
            }
            Err(error) if is_peers_doing(&error) => {}
            Err(error) => {
                tracing::warn!(error.r#type = ?error.kind(), "connections cannot be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn is_peers_doing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

/// Tells the service who is at the other end.
#[derive(Clone)]
struct WithPeer<S> {
    inner: S,
    peer: SocketAddr,
}

impl<S> Service<Request<Incoming>> for WithPeer<S>
where
    S: Service<Request<Body>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(PeerAddress(self.peer));
        self.inner.call(request)
    }
}
