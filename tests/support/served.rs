//! Serving what is not the whole service: a chain of layers that a test puts together.

use std::convert::Infallible;
use std::time::Duration;

use auth_interceptor::{Clock, ServedPolicies};
use http::{Request, Response};
use selvedge::telemetry::propagation::TrustInbound;
use selvedge::telemetry::trace_context::TraceContextLayer;
use selvedge::transport::drain::Drain;
use selvedge::transport::listener::{self, ConnectionLimits, DrainTimes, Port};
use selvedge::transport::load::OpenConnections;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::body::Body;
use tower::Service;

use super::evidence;
use super::raw_client::RawClient;
use super::running::users;

/// Names the calls to what is served, as the service itself does.
pub(crate) fn traced(served: ServedPolicies) -> TraceContextLayer {
    let users = users(Clock::system());
    TraceContextLayer::new(served, TrustInbound::Auto).leaving_to(evidence::spans(), users, None)
}

/// Serves on a free port until it is dropped, as the service itself listens.
pub(crate) struct Served {
    pub(crate) client: RawClient,
    task: JoinHandle<()>,
}

impl Served {
    pub(crate) async fn start<S>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + Clone
            + Send
            + 'static,
        S::Future: Send,
    {
        evidence::begin();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        evidence::in_process(address);
        let task = tokio::spawn(async move {
            let limits = ConnectionLimits {
                header_bytes: 64 * 1024,
                streams: 100,
                connections: 10,
                handshake: Duration::from_secs(1),
                idle: Duration::from_secs(20),
            };
            let times = DrainTimes {
                notice: Duration::ZERO,
                patience: Duration::ZERO,
            };
            let drain = Drain::default();
            let forever = std::future::pending();
            let port = Port {
                listener,
                tls: None,
                open: OpenConnections::default(),
            };
            listener::serve(port, service, &limits, &drain, times, forever).await;
        });
        Self {
            client: RawClient::connect(address).await,
            task,
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}
