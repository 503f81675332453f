//! The measured server: the service's own layers around one handler that does nothing, with the
//! decision in front of it or without.

use std::io::BufRead as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use anyhow::{Context as _, Result};
use auth_interceptor::{
    Algorithm, AuthLayer, AuthSettings, Authenticator, Authority, AuthorityKind, GuardedServices,
    IssuerTemplate, Policies, Policy, Registration,
};
use emulator::{Emulator, seed};
use selvedge::refusal::SelvedgeRefusal;
use selvedge::telemetry::audit::{Audit, AuditSettings, Trail, Writing};
use selvedge::telemetry::call_findings::CallFindings;
use selvedge::telemetry::collector::{CollectorSettings, OtlpProtocol};
use selvedge::telemetry::export::ExportSettings;
use selvedge::telemetry::identity::{UserIdentity, UserNaming};
use selvedge::telemetry::instruments::labels::KnownNames;
use selvedge::telemetry::metrics::server::MeasureLayer;
use selvedge::telemetry::metrics::{Metrics, MetricsSettings};
use selvedge::telemetry::observers::{IdentityObserver, Observers};
use selvedge::telemetry::propagation::TrustInbound;
use selvedge::telemetry::trace_context::TraceContextLayer;
use selvedge::telemetry::{LogSettings, Telemetry};
use selvedge::transport::completion::CompletionLayer;
use selvedge::transport::deadline::DeadlineLayer;
use selvedge::transport::drain::Drain;
use selvedge::transport::listener::{self, ConnectionLimits, DrainTimes, Port};
use selvedge::transport::load::OpenConnections;
use selvedge::transport::protocol::GrpcOnlyLayer;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tonic::service::Routes;
use tower::{Layer as _, ServiceBuilder};

use crate::process::{Peer, Process};

/// The handler under every variant: a foreign service that only answers.
pub(crate) const CHECK: &str = "/grpc.health.v1.Health/Check";

/// What stands in front of the handler.
#[derive(Clone, Debug)]
pub(crate) enum Variant {
    /// Everything.
    Guarded {
        authority: String,
        root_certificate: PathBuf,
        /// The collector, where all that happens is told: by logs, traces and metrics. None: by
        /// logs alone, as an operator has them who configures nothing.
        telemetry: Telemetered,
    },
    /// Everything but the decision.
    Open,
}

/// How much is told of what happens.
#[derive(Clone, Debug)]
pub(crate) enum Telemetered {
    /// Nothing, not even a log.
    Not,
    /// What is logged by default.
    Logged,
    /// Everything: logs, metrics, and traces to this collector.
    Fully { collector: String },
}

impl Telemetered {
    fn argument(&self) -> &str {
        match self {
            Self::Not => "-",
            Self::Logged => "log",
            Self::Fully { collector } => collector,
        }
    }
}

impl Variant {
    /// The variant that this process was started as, if it is a server.
    pub(crate) fn from_arguments(arguments: &[String]) -> Option<Self> {
        match arguments {
            [_, server, authority, root_certificate, told, ..] if server == "guarded-server" => {
                Some(Self::Guarded {
                    authority: authority.clone(),
                    root_certificate: root_certificate.into(),
                    telemetry: match told.as_str() {
                        "-" => Telemetered::Not,
                        "log" => Telemetered::Logged,
                        collector => Telemetered::Fully {
                            collector: collector.to_owned(),
                        },
                    },
                })
            }
            [_, server, ..] if server == "open-server" => Some(Self::Open),
            _ => None,
        }
    }

    fn is_telling(&self) -> bool {
        matches!(
            self,
            Self::Guarded {
                telemetry: Telemetered::Fully { .. },
                ..
            }
        )
    }

    fn arguments(&self) -> Vec<String> {
        match self {
            Self::Guarded {
                authority,
                root_certificate,
                telemetry,
            } => vec![
                "guarded-server".to_owned(),
                authority.clone(),
                root_certificate.display().to_string(),
                telemetry.argument().to_owned(),
            ],
            Self::Open => vec!["open-server".to_owned()],
        }
    }
}

/// Serves until its standard input ends.
pub(crate) fn run(variant: Variant) -> Result<()> {
    let telemetry = match &variant {
        Variant::Guarded { telemetry, .. } => telemetry.clone(),
        Variant::Open => Telemetered::Logged,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // The last spans are nobody's who measures.
        let running = start(&telemetry)?;
        let (health, service) = tonic_health::server::health_reporter();
        health
            .set_service_status("", tonic_health::ServingStatus::Serving)
            .await;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let drain = Drain::default();

        let policies = Policies::default().declare_unary(
            "grpc.health.v1.Health",
            &["Check"],
            &Policy::delegated(&["data.read"]),
        );
        let mut services = GuardedServices::new(policies, Arc::new(SelvedgeRefusal));
        services.add(service.clone())?;
        let (guarded, served) = services.into_parts();
        let inner = ServiceBuilder::new()
            .layer(GrpcOnlyLayer)
            .layer(CompletionLayer::new(4 << 20, None))
            .layer(DeadlineLayer::new(Duration::from_secs(30), drain.clone()))
            .into_inner();
        let limits = ConnectionLimits {
            header_bytes: 64 * 1024,
            streams: 100,
            connections: 1024,
            handshake: Duration::from_secs(1),
            idle: Duration::from_secs(20),
        };
        let times = DrainTimes {
            notice: Duration::ZERO,
            patience: Duration::from_secs(1),
        };
        let port = Port {
            listener,
            tls: None,
            open: OpenConnections::default(),
        };
        let until_closed = async {
            let _ = tokio::task::spawn_blocking(|| std::io::stdin().lock().lines().count()).await;
        };
        match variant {
            Variant::Guarded {
                authority,
                root_certificate,
                ..
            } => {
                let root = std::fs::read(root_certificate)?;
                let mut settings = auth_settings(&authority, root)?;
                let metrics = match telemetry {
                    Telemetered::Fully { .. } => {
                        Some(Arc::new(Metrics::new(measuring(&settings)?)))
                    }
                    Telemetered::Not | Telemetered::Logged => None,
                };
                let audit_file = folder()?.join(format!("audit-{}.jsonl", std::process::id()));
                let naming = UserNaming::Hash { key_file: None };
                let users = Arc::new(UserIdentity::new(&naming, settings.clock.clone())?);
                let _writing = match &metrics {
                    Some(metrics) => Some(observe(&mut settings, &users, metrics, &audit_file)?),
                    None => None,
                };
                let authenticator = Authenticator::start(&settings)?;
                authenticator.ready().await;
                let traced = TraceContextLayer::new(served.clone(), TrustInbound::Auto).leaving_to(
                    running.spans(),
                    users,
                    None,
                );
                let guarded = ServiceBuilder::new()
                    .layer(inner)
                    .layer(AuthLayer::new(
                        authenticator,
                        served,
                        Arc::new(SelvedgeRefusal),
                    ))
                    .service(guarded.prepare());
                println!("{address}");
                // Neither has a place for a layer that only the other has.
                if let Some(metrics) = metrics {
                    let service = ServiceBuilder::new()
                        .layer(traced)
                        .layer(MeasureLayer::new(metrics))
                        .service(guarded);
                    listener::serve(port, service, &limits, &drain, times, until_closed).await;
                } else {
                    let service = traced.layer(guarded);
                    listener::serve(port, service, &limits, &drain, times, until_closed).await;
                }
            }
            Variant::Open => {
                let service = ServiceBuilder::new()
                    .layer(TraceContextLayer::new(served, TrustInbound::Auto))
                    .layer(inner)
                    .service(Routes::new(service).prepare());
                println!("{address}");
                listener::serve(port, service, &limits, &drain, times, until_closed).await;
            }
        }
        Ok(())
    })
}

/// As the service has it: the call's span, the metrics, and the audit trail on a file.
fn observe(
    settings: &mut AuthSettings,
    users: &Arc<UserIdentity>,
    metrics: &Arc<Metrics>,
    audit_file: &Path,
) -> Result<Writing> {
    let (trail, writing) = Trail::start(&AuditSettings {
        file: Some(audit_file.to_owned()),
        ..AuditSettings::default()
    })?;
    let users = Arc::clone(users);
    settings.observer = Arc::new(Observers::new([
        Arc::new(CallFindings) as Arc<dyn IdentityObserver>,
        Arc::clone(metrics) as _,
        Arc::new(Audit::new(trail, users, settings.clock.clone())) as _,
    ]));
    Ok(writing)
}

fn start(told: &Telemetered) -> Result<Telemetry> {
    let filter = match told {
        Telemetered::Not => "off",
        Telemetered::Logged | Telemetered::Fully { .. } => "info",
    };
    let log = LogSettings {
        filter: filter.to_owned(),
        file: Some("/dev/null".into()),
    };
    let export = match told {
        Telemetered::Not | Telemetered::Logged => None,
        Telemetered::Fully { collector } => Some(ExportSettings {
            collector: Some(CollectorSettings {
                endpoint: collector.clone(),
                protocol: OtlpProtocol::Grpc,
            }),
            span_file: None,
            sample_ratio: DEFAULT_RATIO.parse()?,
        }),
    };
    Ok(Telemetry::start(&log, export.as_ref())?)
}

/// What the configuration says of `telemetry.sample_ratio` where it says nothing.
const DEFAULT_RATIO: &str = "0.05";

fn measuring(settings: &AuthSettings) -> Result<MetricsSettings> {
    Ok(MetricsSettings {
        authorities: KnownNames::new(settings.authorities.iter().map(|one| one.name.as_str())),
        servers: KnownNames::default(),
        traces: DEFAULT_RATIO.parse()?,
        clock: settings.clock.clone(),
    })
}

/// The decision on calls of the seeded workload, whose tokens are those of `authority`.
pub(crate) fn auth_settings(authority: &str, root: Vec<u8>) -> Result<AuthSettings> {
    let tenant = seed::CONTOSO_TENANT_ID.parse()?;
    Ok(AuthSettings::new(
        vec![Authority {
            name: "emulator".to_owned(),
            url: authority.to_owned(),
            kind: AuthorityKind::Entra {
                issuer_v1: IssuerTemplate::new(&format!("{authority}/sts/{{tenantid}}/")),
                issuer_v2: IssuerTemplate::new(&format!("{authority}/{{tenantid}}/v2.0")),
                tenants: vec![tenant],
            },
            algorithms: vec![Algorithm::Rs256],
            root_certificates_pem: Some(root),
        }],
        vec![Registration {
            name: "workload".to_owned(),
            authority: "emulator".to_owned(),
            client_id: seed::WORKLOAD_CLIENT_ID.to_owned(),
            audiences_v1: vec![seed::WORKLOAD_URI.to_owned()],
            audiences: Vec::new(),
            publisher_tenant: Some(tenant),
            allowed_clients: Vec::new(),
            claims_capable_clients: Vec::new(),
        }],
    ))
}

/// A running server process.
pub(crate) struct Server {
    peer: Peer,
    is_telling: bool,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start(variant: &Variant) -> Result<Self> {
        let arguments = variant.arguments();
        let mut peer = Peer::start(arguments.iter().map(String::as_str))?;
        let address = peer.line()?;
        Ok(Self {
            peer,
            is_telling: variant.is_telling(),
            address: address.parse().context("the server did not start")?,
        })
    }

    /// Whether it exports traces.
    pub(crate) fn is_telling(&self) -> bool {
        self.is_telling
    }

    pub(crate) fn process(&self) -> &Process {
        &self.peer.process
    }
}

pub(crate) static EMULATORS: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).enable_all().build();
    #[expect(
        clippy::expect_used,
        reason = "a bench that has no runtime has nothing to measure"
    )]
    runtime.expect("a runtime starts")
});

/// An emulator and the certificate file that servers trust it by.
pub(crate) async fn authority(folder: &Path) -> Result<(Emulator, Variant)> {
    let clock = auth_interceptor::Clock::system();
    let settings = emulator::Settings::new(
        SocketAddr::from(([127, 0, 0, 1], 0)),
        Arc::new(move || clock.now()),
    );
    // On threads of its own: what measures here waits for servers that wait for it.
    let emulator = EMULATORS.spawn(Emulator::start(settings)).await??;
    let root_certificate = root_certificate(folder);
    std::fs::write(&root_certificate, emulator.root_certificate_pem())?;
    let variant = Variant::Guarded {
        authority: emulator.origin().to_owned(),
        root_certificate,
        telemetry: Telemetered::Logged,
    };
    Ok((emulator, variant))
}

/// The certificate file that its servers trust the emulator by.
pub(crate) fn root_certificate(folder: &Path) -> PathBuf {
    folder.join("authority.pem")
}

/// A folder for this run, below cargo's own.
pub(crate) fn folder() -> Result<PathBuf> {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
