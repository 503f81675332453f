//! The whole service, and its one visible layer chain.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use auth_interceptor::{
    AuthLayer, Authenticator, GuardedServices, MethodPolicy, Plane, Policies, Policy, PolicyError,
    ServedPolicies, StartError,
};
use http::{Request, Response};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::{Service, ServiceBuilder};

use crate::admin::Administration;
use crate::bridge::{Bridge, BridgeSettings, RestLayer, RouteError};
use crate::contracts::DESCRIPTOR_SET;
use crate::contracts::admin::v1::administration_service_server::AdministrationServiceServer;
use crate::contracts::control::v1::endpoint_resolution_service_server::EndpointResolutionServiceServer;
use crate::contracts::control::v1::item_lifecycle_service_server::ItemLifecycleServiceServer;
use crate::contracts::control::v1::job_service_server::JobServiceServer;
use crate::contracts::control::v2::item_notification_service_server::ItemNotificationServiceServer;
use crate::contracts::control::v2::job_notification_service_server::JobNotificationServiceServer;
use crate::contracts::data::v1::data_service_server::DataServiceServer;
use crate::contracts::data::v1::lakehouse_service_server::LakehouseServiceServer;
use crate::contracts::data::v1::profile_service_server::ProfileServiceServer;
use crate::contracts::data::v1::task_service_server::TaskServiceServer;
use crate::contracts::data::v1::warehouse_service_server::WarehouseServiceServer;
use crate::contracts::data::v1::workspace_service_server::WorkspaceServiceServer;
use crate::contracts::exchange::v1::token_exchange_service_server::TokenExchangeServiceServer;
use crate::control::endpoints::Endpoints;
use crate::control::items::Items;
use crate::control::jobs::JobOrders;
use crate::data::delegation::Delegation;
use crate::data::lakehouse::Lakehouses;
use crate::data::warehouses::Warehouses;
use crate::data::workspaces::Workspaces;
use crate::data::{profile::Profiles, records::Records, tasks::Tasks, token_exchange::Exchanges};
use crate::downstream::{Downstream, DownstreamStartError};
use crate::exchange::{
    AuthorityClient, AuthorityClientError, ExchangeSettings, ExchangeStartError, RefreshTokens,
    TokenExchange,
};
use crate::jobs::{Jobs, Upkeep, Workers};
use crate::refusal::{self, SelvedgeRefusal};
use crate::store::Store;
use crate::telemetry::trace_context::TraceContextLayer;
use crate::transport::completion::CompletionLayer;
use crate::transport::deadline::DeadlineLayer;
use crate::transport::drain::Drain;
use crate::transport::listener;
use crate::transport::protocol::GrpcOnlyLayer;
use crate::transport::watches::WatchesLayer;

/// What messages may be compressed with. The limit on their size is that of what comes out.
const GZIP: CompressionEncoding = CompressionEncoding::Gzip;

mod settings;

pub use settings::{AppSettings, SettingsError};

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
    /// The reflection service rejects the contracts.
    #[error("the contracts cannot be reflected")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// The service, ready to be served.
pub struct App {
    settings: AppSettings,
    authenticator: Arc<Authenticator>,
    health: HealthReporter,
    service: Face,
    administration: Face,
    workers: Workers,
    upkeep: Upkeep,
}

/// What one listener serves, and what that demands.
struct Face {
    routes: Routes,
    served: ServedPolicies,
    rest: Option<RestLayer>,
}

impl From<GuardedServices> for Face {
    fn from(services: GuardedServices) -> Self {
        let (routes, served) = services.into_parts();
        Self {
            routes,
            served,
            rest: None,
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
}

impl App {
    /// Puts the services together and starts reading the authorities' keys. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// See [`AppError`]; a served method without a policy is one of them.
    pub fn new(settings: AppSettings, store: Arc<dyn Store>) -> Result<Self, AppError> {
        let authenticator = Authenticator::start(&settings.auth)?;
        let (health, health_service) = tonic_health::server::health_reporter();
        let exchange = exchange(&settings, &store)?;
        let downstream = Arc::new(Downstream::new(&settings.downstream)?);
        let delegation = Delegation::new(Arc::clone(&exchange), Arc::clone(&downstream));
        let clock = settings.auth.clock.clone();
        let limit = settings.message_bytes;
        // One shape for every generated server: what it accepts, and how much of it.
        macro_rules! bounded {
            ($server:ident, $handler:expr) => {
                $server::new($handler)
                    .accept_compressed(GZIP)
                    .max_decoding_message_size(limit)
            };
        }

        let fabric = &settings.fabric;
        let item_types: Arc<[String]> = Arc::from(fabric.item_types.as_slice());
        let items = Items::new(Arc::clone(&store), clock.clone(), Arc::clone(&item_types));
        let jobs = Jobs::new(Arc::clone(&store), Arc::clone(&exchange), clock.clone());
        let jobs = Arc::new(jobs);
        let job_orders = JobOrders::new(Arc::clone(&jobs), item_types);
        let workers = Workers::new(jobs, downstream, settings.jobs, refusal::failure);
        let retention = fabric.deleted_item_retention;
        let upkeep = Upkeep::new(Arc::clone(&store), clock.clone(), retention);
        let endpoints = Endpoints::new(fabric.endpoints.clone());
        let records = Records::new(Arc::clone(&store), clock.clone(), delegation.clone());
        let mut services = GuardedServices::new(policies()?, Arc::new(SelvedgeRefusal));
        services
            .add(bounded!(ItemLifecycleServiceServer, items.clone()))?
            .add(bounded!(ItemNotificationServiceServer, items))?
            .add(bounded!(JobServiceServer, job_orders.clone()))?
            .add(bounded!(JobNotificationServiceServer, job_orders))?
            .add(bounded!(EndpointResolutionServiceServer, endpoints))?
            .add(bounded!(DataServiceServer, records))?
            .add(bounded!(ProfileServiceServer, Profiles))?
            .add(bounded!(TaskServiceServer, Tasks::new(store, clock)))?
            .add(bounded!(
                WorkspaceServiceServer,
                Workspaces::new(delegation.clone())
            ))?
            .add(bounded!(
                WarehouseServiceServer,
                Warehouses::new(delegation.clone())
            ))?
            .add(bounded!(
                LakehouseServiceServer,
                Lakehouses::new(delegation)
            ))?
            .add(bounded!(
                TokenExchangeServiceServer,
                Exchanges::new(Arc::clone(&exchange))
            ))?;
        let orders = Administration::new(Arc::clone(&authenticator), exchange);
        let mut administration = GuardedServices::new(policies()?, Arc::new(SelvedgeRefusal));
        administration.add(bounded!(AdministrationServiceServer, orders))?;
        if settings.health {
            let health_service = health_service
                .accept_compressed(GZIP)
                .max_decoding_message_size(limit);
            services.add(health_service.clone())?;
            administration.add(health_service)?;
        }
        if settings.reflection {
            let reflection = || {
                tonic_reflection::server::Builder::configure()
                    .register_encoded_file_descriptor_set(DESCRIPTOR_SET)
                    .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            };
            services.add(reflection().build_v1()?)?;
            services.add(reflection().build_v1alpha()?)?;
        }
        let mut service = Face::from(services);
        service.rest = Some(rest(&settings, &service.served)?);
        Ok(Self {
            settings,
            authenticator,
            health,
            service,
            administration: administration.into(),
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
            health,
            service,
            administration,
            workers,
            upkeep,
        } = self;
        let drain = Drain::default();
        let names = service_names(&service.served);
        // Before anybody can ask: the reporter itself begins with SERVING.
        set_all(&health, &names, ServingStatus::NotServing).await;
        let report = tokio::spawn(report_health(
            health,
            Arc::clone(&authenticator),
            names,
            drain.clone(),
        ));
        let serve = |listener, face, until: Pin<Box<dyn Future<Output = ()> + Send>>| {
            listener::serve(
                listener,
                settings.tls.clone(),
                guarded(face, &settings, &authenticator, &drain),
                &settings.connections,
                &drain,
                settings.drain,
                until,
            )
        };
        let begun = drain.clone();
        // Work in the background is handed over at once; calls in flight may still end.
        let stop = drain.begun_token();
        tokio::join!(
            workers.run(stop.clone()),
            upkeep.run(stop),
            serve(listeners.service, service, Box::pin(shutdown)),
            serve(
                listeners.administration,
                administration,
                Box::pin(async move { begun.begun().await }),
            ),
        );
        report.abort();
    }
}

/// The exchange, with the authorities' token endpoints behind it.
fn exchange(
    settings: &AppSettings,
    store: &Arc<dyn Store>,
) -> Result<Arc<TokenExchange>, AppError> {
    let ours = &settings.exchange;
    let authorities = AuthorityClient::new(&ours.registrations, &ours.clock)?;
    let refresh_tokens = settings.sealing_keys.as_ref().map(|keys| RefreshTokens {
        store: Arc::clone(store),
        keys: Arc::clone(keys),
    });
    Ok(TokenExchange::new(
        ExchangeSettings {
            refresh_tokens,
            ..ours.clone()
        },
        Arc::new(authorities),
    )?)
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
    settings: &AppSettings,
    authenticator: &Arc<Authenticator>,
    drain: &Drain,
) -> impl Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    ServiceBuilder::new()
        // Outermost: a REST request goes through everything below as the gRPC request it stands for.
        .option_layer(face.rest)
        // Whatever is refused below, its reply and its events name one trace.
        .layer(TraceContextLayer::new(
            face.served.clone(),
            settings.trust_inbound,
        ))
        // Before any gRPC status is written: what is not gRPC could not read one.
        .layer(GrpcOnlyLayer)
        // Above everything that refuses, so that every refusal leaves complete.
        .layer(CompletionLayer::new(settings.message_bytes))
        // Above the decision: waiting for a key counts against the caller's time too.
        .layer(DeadlineLayer::new(settings.unary_timeout, drain.clone()))
        // The decision, from path, headers and token, before the body is read.
        .layer(AuthLayer::new(
            Arc::clone(authenticator),
            face.served,
            Arc::new(SelvedgeRefusal),
        ))
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

fn service_names(served: &ServedPolicies) -> Vec<String> {
    let mut names: Vec<String> = served
        .iter()
        .filter_map(|method| method.method().split_once('/'))
        .map(|(service, _)| service.to_owned())
        .collect();
    names.sort();
    names.dedup();
    // The empty name is the whole process (gRPC Health Checking Protocol).
    names.push(String::new());
    names
}

/// Keeps health true: SERVING while every authority's keys can be decided by and no drain runs.
async fn report_health(
    health: HealthReporter,
    authenticator: Arc<Authenticator>,
    services: Vec<String>,
    drain: Drain,
) {
    let mut readiness = authenticator.readiness();
    loop {
        let ready = readiness.iter_mut().all(|ready| *ready.borrow_and_update());
        let status = if ready {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        set_all(&health, &services, status).await;
        let changes = readiness.iter_mut().map(|ready| Box::pin(ready.changed()));
        tokio::select! {
            _ = futures_util::future::select_all(changes) => {}
            () = drain.begun() => break,
        }
    }
    set_all(&health, &services, ServingStatus::NotServing).await;
}

async fn set_all(health: &HealthReporter, services: &[String], status: ServingStatus) {
    for service in services {
        health.set_service_status(service, status).await;
    }
}
