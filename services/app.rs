//! The whole service, and its one visible layer chain.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use auth_interceptor::{
    AuthLayer, Authenticator, GuardedServices, MethodPolicy, Plane, Policies, Policy, PolicyError,
    ServedPolicies, StartError,
};
use futures_util::future::join_all;
use http::{Request, Response};
use reqwest::Url;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::{Service, ServiceBuilder};

use crate::bridge::{Bridge, BridgeSettings, CorsLayer, GrpcWebLayer, RestLayer, RouteError};
use crate::contracts::DESCRIPTOR_SET;
use crate::downstream::DownstreamStartError;
use crate::exchange::{AuthorityClientError, ExchangeStartError};
use crate::jobs::{Upkeep, Workers};
use crate::refusal::SelvedgeRefusal;
use crate::requests::RequestObserver;
use crate::store::Store;
use crate::store::measured::MeasuredStore;
use crate::telemetry::audit::Audit;
use crate::telemetry::audit::gate::AuditGateLayer;
use crate::telemetry::call_findings::CallFindings;
use crate::telemetry::collector::CollectorError;
use crate::telemetry::instruments::labels::KnownNames;
use crate::telemetry::metrics::page;
use crate::telemetry::metrics::push::Push;
use crate::telemetry::metrics::server::MeasureLayer;
use crate::telemetry::metrics::state::State;
use crate::telemetry::metrics::{Measured, Metrics, MetricsSettings};
use crate::telemetry::observers::{IdentityObserver, Observers};
use crate::telemetry::trace_context::TraceContextLayer;
use crate::transport::completion::CompletionLayer;
use crate::transport::deadline::DeadlineLayer;
use crate::transport::drain::Drain;
use crate::transport::listener::{self, Port};
use crate::transport::load::OpenConnections;
use crate::transport::pages::{PagesLayer, WritesPage};
use crate::transport::protocol::GrpcOnlyLayer;
use crate::transport::watches::WatchesLayer;
use crate::web::{Site, SiteError};

mod health;
mod probes;
mod readiness;
mod services;
mod settings;

use self::readiness::Checks;
pub use self::readiness::{Check, Passed, Readiness};
use self::services::{GZIP, Services};
pub use self::settings::{AppSettings, SettingsError};

/// A service that cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Authentication cannot start.
    #[error(transparent)]
    Authentication(#[from] StartError),
    /// The exchange cannot be set up.
    #[error(transparent)]
    Exchange(#[from] ExchangeStartError),
    /// No request to an authority can be made.
    #[error(transparent)]
    AuthorityClient(#[from] AuthorityClientError),
    /// Downstream APIs cannot be called.
    #[error(transparent)]
    Downstream(#[from] DownstreamStartError),
    /// A service would be served without a policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A served method has a REST form that cannot be.
    #[error(transparent)]
    Rest(#[from] RouteError),
    /// The front end cannot be served.
    #[error(transparent)]
    FrontEnd(#[from] SiteError),
    /// No metrics can be pushed.
    #[error(transparent)]
    Collector(#[from] CollectorError),
    /// The reflection service rejects the contracts.
    #[error("the contracts cannot be reflected")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// The service, ready to be served.
pub struct App {
    settings: AppSettings,
    authenticator: Arc<Authenticator>,
    reporter: HealthReporter,
    checks: Checks,
    drain: Drain,
    service: Face,
    administration: Face,
    metrics: Arc<Metrics>,
    audit: Arc<Audit>,
    measured: Measured,
    push: Option<Push>,
    open: [OpenConnections; 3],
    site: Option<Site>,
    workers: Workers,
    upkeep: Upkeep,
}

/// What one listener serves, and what that demands.
struct Face {
    routes: Routes,
    served: ServedPolicies,
    cors: Option<CorsLayer>,
    rest: Option<RestLayer>,
    grpc_web: Option<GrpcWebLayer>,
    pages: Option<PagesLayer>,
}

/// gRPC alone, until more is said.
impl From<GuardedServices> for Face {
    fn from(services: GuardedServices) -> Self {
        let (routes, served) = services.into_parts();
        Self {
            routes,
            served,
            cors: None,
            rest: None,
            grpc_web: None,
            pages: None,
        }
    }
}

/// Where an [`App`] is served.
#[derive(Debug)]
pub struct Listeners {
    /// For everybody.
    pub service: TcpListener,
    /// For administrators: an address that only they reach.
    pub administration: TcpListener,
    /// For browsers that load the front end: its addresses; none where it is not configured.
    pub front_end: Vec<TcpListener>,
}

impl App {
    /// Puts the services together and starts reading the authorities' keys. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// See [`AppError`]; a served method without a policy is one of them.
    pub fn new(mut settings: AppSettings, store: Arc<dyn Store>) -> Result<Self, AppError> {
        let metrics = Arc::new(Metrics::new(measuring(&settings)));
        let audit = Arc::new(Audit::new(
            settings.audit.clone(),
            Arc::clone(&settings.users),
            settings.auth.clock.clone(),
        ));
        let observers = Arc::new(Observers::new([
            Arc::new(CallFindings) as Arc<dyn IdentityObserver>,
            Arc::clone(&metrics) as _,
            Arc::clone(&audit) as _,
        ]));
        settings.auth.observer = Arc::clone(&observers) as _;
        settings.exchange.observer = observers;
        settings.downstream.observer = Arc::clone(&metrics) as _;
        let requests: Arc<dyn RequestObserver> = Arc::clone(&metrics) as _;
        let store: Arc<dyn Store> = Arc::new(MeasuredStore::new(store, Arc::clone(&metrics) as _));
        let authenticator = Authenticator::start(&settings.auth)?;
        let (reporter, health_service) = tonic_health::server::health_reporter();
        let Services {
            mut everybody,
            mut administrators,
            workers,
            upkeep,
            exchange,
            credentials,
        } = Services::new(
            &settings,
            Arc::clone(&store),
            &authenticator,
            &audit,
            &requests,
        )?;
        if settings.health {
            let health_service = health_service
                .accept_compressed(GZIP)
                .max_decoding_message_size(settings.message_bytes);
            everybody.add(health_service.clone())?;
            administrators.add(health_service)?;
        }
        if settings.reflection {
            let reflection = || {
                tonic_reflection::server::Builder::configure()
                    .register_encoded_file_descriptor_set(DESCRIPTOR_SET)
                    .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            };
            everybody.add(reflection().build_v1()?)?;
            everybody.add(reflection().build_v1alpha()?)?;
        }
        let mut service = Face::from(everybody);
        service.cors = CorsLayer::new(&settings.cors_origins);
        service.rest = Some(rest(&settings, &service.served)?);
        service.grpc_web = Some(GrpcWebLayer);
        let mut administration = Face::from(administrators);
        let clock = settings.auth.clock.clone();
        let readiness = Arc::new(Readiness::default());
        let open: [OpenConnections; 3] = Default::default();
        let state = State {
            authenticator: Arc::clone(&authenticator),
            exchange: Arc::clone(&exchange),
            credentials: Arc::clone(&credentials),
            store: Arc::clone(&store),
            jobs: Arc::clone(upkeep.depth()),
            readiness: Arc::clone(&readiness),
            connections: LISTENERS.into_iter().zip(open.iter().cloned()).collect(),
            spans: Arc::clone(settings.spans.flow()),
            audit: settings.audit.clone(),
            clock: clock.clone(),
        };
        let measured = Measured::new(Arc::clone(&metrics), state);
        let drain = Drain::default();
        let shown = settings.metrics.then(|| measured.clone());
        administration.pages = Some(pages(shown, Arc::clone(&readiness), drain.clone()));
        let push = settings.push.as_ref().map(Push::new).transpose()?;
        let checks = Checks {
            readiness,
            authenticator: Arc::clone(&authenticator),
            store,
            exchange,
            credentials,
            clock,
            every: settings.probe_every,
        };
        let site = settings.web.as_ref().map(Site::new).transpose()?;
        Ok(Self {
            settings,
            authenticator,
            reporter,
            checks,
            drain,
            service,
            administration,
            metrics,
            audit,
            measured,
            push,
            open,
            site,
            workers,
            upkeep,
        })
    }

    /// What is served to everybody, and what it demands.
    #[must_use]
    pub fn served(&self) -> &ServedPolicies {
        &self.service.served
    }

    /// The keys and the decision behind every call.
    #[must_use]
    pub fn authenticator(&self) -> &Arc<Authenticator> {
        &self.authenticator
    }

    /// Serves until `shutdown`, then drains.
    pub async fn serve(
        self,
        listeners: Listeners,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) {
        let Self {
            settings,
            authenticator,
            reporter,
            checks,
            drain,
            service,
            administration,
            metrics,
            audit,
            measured,
            push,
            open,
            site,
            workers,
            upkeep,
        } = self;
        let names = health::service_names(&service.served);
        // Before anybody can ask: the reporter itself begins with SERVING.
        health::set_all(&reporter, &names, ServingStatus::NotServing).await;
        let readiness = Arc::clone(&checks.readiness);
        let report = tokio::spawn(health::report(reporter, readiness, names, drain.clone()));
        let checking = tokio::spawn(checks.run());
        let port = |listener, open| Port {
            listener,
            tls: settings.tls.clone(),
            open,
        };
        let [of_service, of_administration, of_front_end] = open;
        let serve = |port: Port, face, until: Pin<Box<dyn Future<Output = ()> + Send>>| {
            let address = port.listener.local_addr().ok();
            listener::serve(
                port,
                guarded(
                    face,
                    address,
                    &settings,
                    &authenticator,
                    &metrics,
                    &audit,
                    &drain,
                ),
                &settings.connections,
                &drain,
                settings.drain,
                until,
            )
        };
        let begun = drain.clone();
        // Nothing in front of it: it guards nothing, and no page may reach the service as its own.
        let pages = listeners.front_end.into_iter().zip(std::iter::repeat(site));
        let pages = pages.filter_map(|(listener, site)| Some((listener, site?)));
        let pages = pages.map(|(listener, site)| {
            listener::serve(
                port(listener, of_front_end.clone()),
                site,
                &settings.connections,
                &drain,
                settings.drain,
                drain.begun(),
            )
        });
        // The last push says how the last calls ended.
        let ended = CancellationToken::new();
        let pushing = push.map(|push| tokio::spawn(push.run(measured, ended.clone())));
        // Work in the background is handed over at once; calls in flight may still end.
        let stop = drain.begun_token();
        tokio::join!(
            workers.run(stop.clone()),
            upkeep.run(stop),
            serve(
                port(listeners.service, of_service),
                service,
                Box::pin(shutdown),
            ),
            serve(
                port(listeners.administration, of_administration),
                administration,
                Box::pin(async move { begun.begun().await }),
            ),
            join_all(pages),
        );
        report.abort();
        checking.abort();
        ended.cancel();
        if let Some(pushing) = pushing {
            // Whatever became of it, the service has ended.
            let _ = pushing.await;
        }
    }
}

/// The listeners, as telemetry names them.
const LISTENERS: [&str; 3] = ["service", "administration", "front_end"];

/// What labels and exemplars may name.
fn measuring(settings: &AppSettings) -> MetricsSettings {
    let authorities = &settings.auth.authorities;
    let downstream = &settings.downstream;
    let urls = authorities.iter().map(|authority| authority.url.as_str());
    let urls = urls.chain([
        downstream.fabric.as_str(),
        &downstream.workload_control,
        &downstream.onelake,
    ]);
    let hosts = urls.filter_map(|url| Some(Url::parse(url).ok()?.host_str()?.to_owned()));
    MetricsSettings {
        authorities: KnownNames::new(authorities.iter().map(|one| one.name.as_str())),
        servers: KnownNames::new(hosts),
        traces: settings.traces,
        clock: settings.auth.clock.clone(),
    }
}

/// What the administration listener answers to whoever reaches it.
fn pages(shown: Option<Measured>, readiness: Arc<Readiness>, drain: Drain) -> PagesLayer {
    let mut pages: Vec<(_, Box<WritesPage>)> = vec![
        (probes::LIVE, Box::new(probes::live)),
        (
            probes::READY,
            Box::new(move || probes::ready(&readiness, &drain)),
        ),
    ];
    if let Some(measured) = shown {
        pages.push((page::PATH, Box::new(move || measured.page())));
    }
    PagesLayer::new(pages)
}

/// The REST face of what is `served`.
fn rest(settings: &AppSettings, served: &ServedPolicies) -> Result<RestLayer, RouteError> {
    let bridge = BridgeSettings {
        message_bytes: settings.message_bytes,
        error_casing_v1: settings.fabric.error_casing_v1,
        error_casing_v2: settings.fabric.error_casing_v2,
    };
    let policy = |method: &str| {
        let mut served = served.iter();
        served
            .find(|one| one.method() == method)
            .map(MethodPolicy::policy)
    };
    Bridge::new(DESCRIPTOR_SET, policy, bridge).map(|bridge| RestLayer::new(Arc::new(bridge)))
}

/// The one layer chain, in front of what a listener serves.
fn guarded(
    face: Face,
    address: Option<SocketAddr>,
    settings: &AppSettings,
    authenticator: &Arc<Authenticator>,
    metrics: &Arc<Metrics>,
    audit: &Arc<Audit>,
    drain: &Drain,
) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    ServiceBuilder::new()
        // Outermost: a browser asks whether it may call before it calls, with no credentials, and a
        // page must be able to read every answer of the faces below, refusals above all.
        .option_layer(face.cors)
        // A scraper and an orchestrator speak no gRPC and bring no token.
        .option_layer(face.pages)
        // A REST or gRPC-web request goes through everything below as the gRPC request it stands for.
        // Neither takes the other's: REST has its own paths.
        .option_layer(face.rest)
        .option_layer(face.grpc_web)
        // Whatever is refused below, its reply and its events name one trace.
        .layer(
            TraceContextLayer::new(face.served.clone(), settings.trust_inbound).leaving_to(
                settings.spans.clone(),
                Arc::clone(&settings.users),
                address,
            ),
        )
        // Above everything that refuses, and below what names the trace: each call is measured once.
        .layer(MeasureLayer::new(Arc::clone(metrics)))
        // Above everything that refuses, so that every refusal leaves complete.
        .layer(
            CompletionLayer::new(settings.message_bytes, settings.runbooks.clone())
                .counting(Arc::clone(metrics)),
        )
        // What is not gRPC gets no further, and no gRPC status that it could not read.
        .layer(GrpcOnlyLayer)
        // Above the decision: waiting for a key counts against the caller's time too.
        .layer(DeadlineLayer::new(settings.unary_timeout, drain.clone()))
        // The decision, from path, headers and token, before the body is read.
        .layer(AuthLayer::new(
            Arc::clone(authenticator),
            face.served,
            Arc::new(SelvedgeRefusal),
        ))
        // Below the decision, which it enters; above all that is done for the caller.
        .option_layer(AuditGateLayer::new(audit))
        // Below the decision: only streams that were let through take a place.
        .layer(WatchesLayer::new(settings.watches_per_peer, drain.clone()))
        .service(face.routes.prepare())
}

/// What every method demands: ours by contract, the others' declared here.
///
/// # Errors
///
/// A contract whose policies contradict themselves.
pub fn policies() -> Result<Policies, PolicyError> {
    let anybody = Policy::public(Plane::Data);
    let users = Policy::delegated(&["access_as_user"]);
    Ok(Policies::from_descriptor_set(DESCRIPTOR_SET)?
        .declare_unary("grpc.health.v1.Health", &["Check"], &anybody)
        .declare("grpc.health.v1.Health", &["Watch"], &anybody)
        .declare(
            "grpc.reflection.v1.ServerReflection",
            &["ServerReflectionInfo"],
            &users,
        )
        .declare(
            "grpc.reflection.v1alpha.ServerReflection",
            &["ServerReflectionInfo"],
            &users,
        ))
}
