//! From configuration to what an [`App`](super::App) is made of.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::{AuthSettings, Clock, Propagate};
use tokio_rustls::TlsAcceptor;

use crate::config::{self, Fabric, Settings, Web};
use crate::downstream::DownstreamSettings;
use crate::exchange::{ExchangeSettings, KeyRing, KeyRingError, RefreshTokens};
use crate::jobs::WorkerSettings;
use crate::refusal::Runbooks;
use crate::telemetry::audit::Trail;
use crate::telemetry::export::{Ratio, Spans};
use crate::telemetry::identity::{UserIdentity, UserIdentityError};
use crate::telemetry::metrics::push::PushSettings;
use crate::telemetry::propagation::TrustInbound;
use crate::transport::listener::{ConnectionLimits, DrainTimes};
use crate::transport::tls::{self, TlsError};

/// What an [`App`](super::App) is made of.
pub struct AppSettings {
    /// Who may call.
    pub auth: AuthSettings,
    /// Whose tokens are exchanged, for whom, and within which bounds.
    pub exchange: ExchangeSettings,
    /// What Fabric is told of the workload.
    pub fabric: Fabric,
    /// The front end; none: it is not served.
    pub web: Option<Web>,
    /// How many jobs are worked on at once, and for how long a process counts as alive.
    pub jobs: WorkerSettings,
    /// Where Fabric and OneLake are.
    pub downstream: DownstreamSettings,
    /// What seals stored refresh tokens; none: none are stored.
    pub sealing_keys: Option<Arc<KeyRing>>,
    /// Whether `grpc.health.v1.Health` is served, to anybody.
    pub health: bool,
    /// Whether reflection is served, to users whose token holds `access_as_user`.
    pub reflection: bool,
    /// The origins whose pages may call, each as browsers write it.
    pub cors_origins: Vec<String>,
    /// Whose traces are continued.
    pub trust_inbound: TrustInbound,
    /// Whether the administration listener serves the metrics.
    pub metrics: bool,
    /// Where metrics are pushed to; none: nowhere.
    pub push: Option<PushSettings>,
    /// Which traces of calls that succeeded are exported, so that exemplars may lead to them.
    pub traces: Ratio,
    /// Where the spans of calls are left.
    pub spans: Spans,
    /// How often is checked what readiness depends on and what does not say so by itself.
    pub probe_every: Duration,
    /// What refusals link to for operators; none: nothing.
    pub runbooks: Option<Runbooks>,
    /// How telemetry names users.
    pub users: Arc<UserIdentity>,
    /// Where audit entries go: nowhere, until a trail is started.
    pub audit: Trail,
    /// The largest message, in bytes.
    pub message_bytes: usize,
    /// The longest unary call.
    pub unary_timeout: Duration,
    /// The health watches that one peer may hold open.
    pub watches_per_peer: usize,
    /// What connections may hold.
    pub connections: ConnectionLimits,
    /// How a shutdown goes.
    pub drain: DrainTimes,
    /// The server's certificate; none: plaintext.
    pub tls: Option<TlsAcceptor>,
}

/// Files that the settings name and that are not what they have to be.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The server's certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The keys that seal refresh tokens.
    #[error("cache.key_files: {0}")]
    SealingKeys(#[from] KeyRingError),
    /// The key of user hashes.
    #[error("telemetry.user_hash_key_file: {0}")]
    UserIdentity(#[from] UserIdentityError),
}

impl TryFrom<&Settings> for AppSettings {
    type Error = SettingsError;

    fn try_from(settings: &Settings) -> Result<Self, SettingsError> {
        let limits = &settings.limits;
        let mut auth =
            AuthSettings::new(settings.authorities.clone(), settings.registrations.clone());
        auth.fabric_apps.clone_from(&settings.fabric.app_ids);
        auth.keys = settings.keys.clone();
        auth.token_bytes = limits.token_bytes;
        auth.clock = Clock::system();
        let propagate: Arc<dyn Propagate> = Arc::new(settings.telemetry.propagate_to.clone());
        auth.propagate = Arc::clone(&propagate);
        let mut exchange = ExchangeSettings::new(settings.exchange.clone());
        exchange.propagate = Arc::clone(&propagate);
        Ok(Self {
            auth,
            exchange,
            sealing_keys: sealing_keys(&settings.sealing_key_files)?,
            fabric: settings.fabric.clone(),
            web: settings.web.clone(),
            jobs: settings.jobs,
            downstream: DownstreamSettings {
                propagate,
                ..DownstreamSettings::from(&settings.downstream)
            },
            health: settings.server.health,
            reflection: settings.server.reflection,
            cors_origins: settings.server.cors_origins.clone(),
            trust_inbound: settings.telemetry.trust_inbound,
            metrics: settings.telemetry.metrics,
            push: push(&settings.telemetry),
            traces: settings
                .telemetry
                .export
                .as_ref()
                // Where no trace is exported, the log still knows every one.
                .map_or(Ratio::ALL, |export| export.sample_ratio),
            spans: Spans::default(),
            probe_every: Duration::from_secs(5),
            runbooks: settings.telemetry.runbook_url.as_deref().map(Runbooks::new),
            users: Arc::new(UserIdentity::new(
                &settings.telemetry.users,
                Clock::system(),
            )?),
            audit: Trail::default(),
            message_bytes: limits.message_bytes,
            unary_timeout: limits.unary_timeout,
            watches_per_peer: limits.watch_streams,
            connections: ConnectionLimits {
                header_bytes: limits.header_bytes,
                streams: limits.streams,
                connections: limits.connections,
                handshake: Duration::from_secs(1),
                idle: Duration::from_secs(20),
            },
            drain: DrainTimes {
                notice: settings.server.drain_delay,
                patience: settings.server.drain_timeout,
            },
            tls: settings
                .server
                .tls
                .as_ref()
                .map(tls::acceptor)
                .transpose()?,
        })
    }
}

fn push(telemetry: &config::Telemetry) -> Option<PushSettings> {
    let collector = telemetry.export.as_ref()?.collector.clone()?;
    Some(PushSettings {
        collector,
        interval: telemetry.metrics_interval,
    })
}

fn sealing_keys(files: &[PathBuf]) -> Result<Option<Arc<KeyRing>>, KeyRingError> {
    if files.is_empty() {
        return Ok(None);
    }
    KeyRing::read(files, RefreshTokens::PURPOSE).map(|keys| Some(Arc::new(keys)))
}
