//! The guarded service on a port of its own, and a client that calls it by any path.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use auth_interceptor::{
    AuthLayer, AuthSettings, Authenticator, Caller, GuardedServices, PlainRefusal, Policies, Policy,
};
use http::{HeaderMap, Request, Response};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataMap;
use tonic::server::NamedService;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Status};
use tonic_health::pb::health_server::HealthServer;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_health::server::{HealthReporter, HealthService};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt as _;
use tower::Service;

use crate::issuer::Issuer;

pub(crate) const HEALTH: &str = "grpc.health.v1.Health";
pub(crate) const CHECK: &str = "/grpc.health.v1.Health/Check";
pub(crate) const WATCH: &str = "/grpc.health.v1.Health/Watch";
pub(crate) const DOMAIN: &str = "health.example";

/// A health service behind the layer, and a channel to it.
pub(crate) struct Guarded {
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) client: Client,
    seen: Seen,
}

/// What the handler was given, call by call.
type Seen = Arc<Mutex<Vec<(HeaderMap, Option<Caller>)>>>;

impl Guarded {
    /// Serves under `policies`, once the authorities' keys are there.
    pub(crate) async fn start(settings: &AuthSettings, policies: Policies) -> Self {
        let guarded = Self::start_without_keys(settings, policies).await;
        guarded.authenticator.ready().await;
        guarded
    }

    pub(crate) async fn start_without_keys(settings: &AuthSettings, policies: Policies) -> Self {
        let authenticator = Authenticator::start(settings).unwrap();
        let seen = Seen::default();
        let mut services = GuardedServices::new(policies, Arc::new(PlainRefusal::new(DOMAIN)));
        services.add(recording(&seen)).unwrap();
        let (routes, served) = services.into_parts();
        let layer = AuthLayer::new(
            Arc::clone(&authenticator),
            served,
            Arc::new(PlainRefusal::new(DOMAIN)),
        );
        let (incoming, client) = listen().await;
        let server = Server::builder().layer(layer).add_routes(routes);
        tokio::spawn(server.serve_with_incoming(incoming));
        Self {
            authenticator,
            client,
            seen,
        }
    }

    /// The metadata that the handler saw of its latest call.
    pub(crate) fn metadata_seen(&self) -> HeaderMap {
        self.seen.lock().unwrap().last().unwrap().0.clone()
    }

    /// The caller that the handler was given in its latest call.
    pub(crate) fn caller_seen(&self) -> Caller {
        self.seen.lock().unwrap().last().unwrap().1.clone().unwrap()
    }

    pub(crate) fn handler_entered(&self) -> bool {
        !self.seen.lock().unwrap().is_empty()
    }

    pub(crate) async fn check(&self, token: &str) -> Result<(), Refused> {
        self.client.bearer(CHECK, token).await
    }
}

/// A port to serve on, and a client of it.
pub(crate) async fn listen() -> (TcpListenerStream, Client) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let channel = Endpoint::from_shared(url).unwrap().connect_lazy();
    (TcpListenerStream::new(listener), Client(channel))
}

/// A health service guarded by what `Check` states in a contract.
pub(crate) async fn checked_by(issuer: &Issuer, check: &str) -> Guarded {
    Guarded::start(
        &issuer.settings(),
        crate::contract::policies(check).unwrap(),
    )
    .await
}

/// A health service guarded by a declared policy.
pub(crate) async fn declared(issuer: &Issuer, policy: &Policy) -> Guarded {
    Guarded::start(&issuer.settings(), declaration(policy)).await
}

pub(crate) fn declaration(policy: &Policy) -> Policies {
    Policies::default().declare(HEALTH, &["Check", "Watch"], policy)
}

/// The health service, remembering the metadata that reaches it.
pub(crate) fn recording(seen: &Seen) -> Recording {
    Recording {
        inner: HealthServer::new(HealthService::from_health_reporter(HealthReporter::new())),
        seen: Arc::clone(seen),
    }
}

#[derive(Clone)]
pub(crate) struct Recording {
    inner: HealthServer<HealthService>,
    seen: Seen,
}

impl NamedService for Recording {
    const NAME: &'static str = HEALTH;
}

impl Service<Request<Body>> for Recording {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = <HealthServer<HealthService> as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Body>>::poll_ready(&mut self.inner, context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let caller = request.extensions().get().cloned();
        let call = (request.headers().clone(), caller);
        self.seen.lock().unwrap().push(call);
        self.inner.call(request)
    }
}

/// A client that calls whatever path it is told to.
#[derive(Clone)]
pub(crate) struct Client(Channel);

impl Client {
    /// Calls without credentials.
    pub(crate) async fn bare(&self, path: &str) -> Result<(), Refused> {
        self.call(path, MetadataMap::new()).await
    }

    /// Calls with a bearer token.
    pub(crate) async fn bearer(&self, path: &str, token: &str) -> Result<(), Refused> {
        self.call(path, bearer(token)).await
    }

    pub(crate) async fn call(&self, path: &str, metadata: MetadataMap) -> Result<(), Refused> {
        let mut grpc = Grpc::new(self.0.clone());
        grpc.ready().await.unwrap();
        let answer = grpc
            .unary::<_, HealthCheckResponse, _>(
                request(metadata),
                PathAndQuery::try_from(path).unwrap(),
                ProstCodec::default(),
            )
            .await;
        answer.map(drop).map_err(|status| Refused::of(&status))
    }

    /// Opens the stream of a watch.
    pub(crate) async fn watch(
        &self,
        token: &str,
    ) -> Result<tonic::Streaming<HealthCheckResponse>, Refused> {
        self.open_watch(bearer(token)).await
    }

    pub(crate) async fn open_watch(
        &self,
        metadata: MetadataMap,
    ) -> Result<tonic::Streaming<HealthCheckResponse>, Refused> {
        let mut grpc = Grpc::new(self.0.clone());
        grpc.ready().await.unwrap();
        let answer = grpc
            .server_streaming(
                request(metadata),
                PathAndQuery::from_static(WATCH),
                ProstCodec::default(),
            )
            .await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| Refused::of(&status))
    }
}

fn request(metadata: MetadataMap) -> tonic::Request<HealthCheckRequest> {
    tonic::Request::from_parts(
        metadata,
        tonic::Extensions::default(),
        HealthCheckRequest::default(),
    )
}

pub(crate) fn bearer(token: &str) -> MetadataMap {
    authorization(&format!("Bearer {token}"))
}

pub(crate) fn authorization(value: &str) -> MetadataMap {
    let mut metadata = MetadataMap::new();
    metadata.insert("authorization", value.parse().unwrap());
    metadata
}

/// A user's token and an application's own in one value.
pub(crate) fn pair(subject: &str, app: &str) -> MetadataMap {
    authorization(&format!(
        "SubjectAndAppToken1.0 subjectToken=\"{subject}\", appToken=\"{app}\""
    ))
}

/// What a caller can read of a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) code: Code,
    pub(crate) reason: String,
    pub(crate) token_role: Option<String>,
    pub(crate) challenge: Option<String>,
}

impl Refused {
    pub(crate) fn of(status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info();
        let reason = info.map_or_else(String::new, |info| {
            assert_eq!(info.domain, DOMAIN);
            info.reason.clone()
        });
        let token_role = info.and_then(|info| info.metadata.get("tokenRole").cloned());
        let challenge = status
            .metadata()
            .get("www-authenticate")
            .map(|value| value.to_str().unwrap().to_owned());
        Self {
            code: status.code(),
            reason,
            token_role,
            challenge,
        }
    }
}

/// Asserts code and reason.
#[track_caller]
pub(crate) fn assert_refused<T>(outcome: Result<T, Refused>, code: Code, reason: &str) {
    let refused = outcome.err().expect("the call was let through");
    assert_eq!((refused.code, refused.reason.as_str()), (code, reason));
}
