//! Every service with its handler, and the work behind them.

use std::sync::Arc;

use auth_interceptor::{Authenticator, GuardedServices};
use tonic::Status;
use tonic::codec::CompressionEncoding;

use super::{AppError, AppSettings, policies};
use crate::admin::Administration;
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
use crate::downstream::Downstream;
use crate::exchange::{
    AuthorityClient, ExchangeSettings, RefreshTokens, TokenEndpoint, TokenExchange,
};
use crate::jobs::{Jobs, RunError, Upkeep, Workers};
use crate::refusal::{self, Refusal, SelvedgeRefusal, reason_name};
use crate::requests::RequestObserver;
use crate::store::{JobFailure, Store};
use crate::telemetry::audit::Audit;
use crate::telemetry::job_runs::JobRuns;
use crate::telemetry::trace_context::CallContext;

/// What messages may be compressed with. The limit on their size is that of what comes out.
pub(super) const GZIP: CompressionEncoding = CompressionEncoding::Gzip;

/// What the listeners serve, and what goes on beside them.
pub(super) struct Services {
    pub(super) everybody: GuardedServices,
    pub(super) administrators: GuardedServices,
    pub(super) workers: Workers,
    pub(super) upkeep: Upkeep,
    // What readiness and metrics ask about.
    pub(super) exchange: Arc<TokenExchange>,
    pub(super) credentials: Arc<AuthorityClient>,
}

impl Services {
    /// Puts handlers on what they work with.
    pub(super) fn new(
        settings: &AppSettings,
        store: Arc<dyn Store>,
        authenticator: &Arc<Authenticator>,
        audit: &Arc<Audit>,
        requests: &Arc<dyn RequestObserver>,
    ) -> Result<Self, AppError> {
        let (exchange, credentials) = exchange(settings, &store, requests)?;
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
        let runs = JobRuns::leaving_to(settings.spans.clone(), Arc::clone(&settings.users));
        let workers = Workers::new(jobs, downstream, settings.jobs, runs, told);
        let retention = fabric.deleted_item_retention;
        let upkeep = Upkeep::new(Arc::clone(&store), clock.clone(), retention);
        let endpoints = Endpoints::new(fabric.endpoints.clone());
        let records = Records::new(Arc::clone(&store), clock.clone(), delegation.clone());
        let mut everybody = GuardedServices::new(policies()?, Arc::new(SelvedgeRefusal));
        everybody
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
        let orders = Administration::new(
            Arc::clone(authenticator),
            Arc::clone(&exchange),
            Arc::clone(audit),
        );
        let mut administrators = GuardedServices::new(policies()?, Arc::new(SelvedgeRefusal));
        administrators.add(bounded!(AdministrationServiceServer, orders))?;
        Ok(Self {
            everybody,
            administrators,
            workers,
            upkeep,
            exchange,
            credentials,
        })
    }
}

/// What is kept of a failure for whoever asks for the job; the same is said on the run.
fn told(error: &RunError) -> JobFailure {
    let refusal = Refusal::from(error.clone());
    let reason = reason_name(refusal.reason());
    let status = Status::from(refusal);
    let run = CallContext::current(|run| {
        run.answered(status.code(), Some(reason));
        run.trace_id()
    });
    refusal::failure(&status, run)
}

/// The exchange, and the authorities' token endpoints behind it.
fn exchange(
    settings: &AppSettings,
    store: &Arc<dyn Store>,
    requests: &Arc<dyn RequestObserver>,
) -> Result<(Arc<TokenExchange>, Arc<AuthorityClient>), AppError> {
    let ours = &settings.exchange;
    let authorities = Arc::new(AuthorityClient::watched(
        &ours.registrations,
        &ours.clock,
        requests,
        &ours.propagate,
    )?);
    let refresh_tokens = settings.sealing_keys.as_ref().map(|keys| RefreshTokens {
        store: Arc::clone(store),
        keys: Arc::clone(keys),
    });
    let exchange = TokenExchange::new(
        ExchangeSettings {
            refresh_tokens,
            ..ours.clone()
        },
        Arc::clone(&authorities) as Arc<dyn TokenEndpoint>,
    )?;
    Ok((exchange, authorities))
}
