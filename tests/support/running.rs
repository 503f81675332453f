//! The service and its authority, running.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use auth_interceptor::{
    Algorithm, AuthSettings, Authenticator, Authority, AuthorityKind, Clock, IssuerTemplate,
    KeySettings, Registration, ServedPolicies,
};
use emulator::{Emulator, Endpoint, TokenRequest, seed};
use selvedge::app::{App, AppSettings, Listeners};
use selvedge::config::{Endpoints, ErrorCasing, Fabric, Migrate};
use selvedge::downstream::DownstreamSettings;
use selvedge::exchange::{self, Consent, CredentialSource, ExchangeSettings, KeyRing};
use selvedge::jobs::WorkerSettings;
use selvedge::refusal::Runbooks;
use selvedge::store::sqlite::SqliteStore;
use selvedge::store::{Quota, Store};
use selvedge::telemetry::audit::Trail;
use selvedge::telemetry::export::Ratio;
use selvedge::telemetry::identity::{UserIdentity, UserNaming};
use selvedge::telemetry::metrics::push::PushSettings;
use selvedge::telemetry::propagation::TrustInbound;
use selvedge::transport::listener::{ConnectionLimits, DrainTimes};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tonic::transport::Channel;

use super::controls::Control;
use super::counting_store::CountingStore;
use super::evidence;
use super::raw_client::RawClient;
use super::temporary::TemporaryFolder;
use super::wait::in_time;

/// How a service is set up where a test does not say otherwise: the seeded workload's registration,
/// both seeded tenants, and times of the key life cycle that no test outlasts.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) tenants: Vec<&'static str>,
    pub(crate) allowed_clients: Vec<String>,
    pub(crate) token_clients: Vec<String>,
    pub(crate) token_services: Vec<String>,
    pub(crate) downstream_scopes: Vec<String>,
    /// How the workload's users are asked for consent.
    pub(crate) consent: Consent,
    /// Controls of the broker page that are served beside the workload.
    pub(crate) controls: Vec<Control>,
    /// How long one exchange may take.
    pub(crate) exchange_patience: Duration,
    pub(crate) exchanges_under_way: usize,
    pub(crate) keys: KeySettings,
    pub(crate) clock: Clock,
    pub(crate) health: bool,
    pub(crate) reflection: bool,
    /// The origins whose pages may call.
    pub(crate) cors_origins: Vec<String>,
    pub(crate) message_bytes: usize,
    pub(crate) unary_timeout: Duration,
    pub(crate) watches_per_peer: usize,
    pub(crate) idle: Duration,
    pub(crate) drain: DrainTimes,
    /// The server's certificate; none: plaintext.
    pub(crate) tls: Option<TlsAcceptor>,
    /// How jobs are worked on.
    pub(crate) jobs: WorkerSettings,
    /// What seals stored refresh tokens; none: none are stored.
    pub(crate) sealing_keys: Option<Arc<KeyRing>>,
    /// What Fabric is told of the workload.
    pub(crate) fabric: Fabric,
    /// Whether the administration listener shows the metrics.
    pub(crate) metrics: bool,
    /// What refusals link to.
    pub(crate) runbooks: Option<Runbooks>,
    /// Where audit entries go.
    pub(crate) audit: Trail,
    /// Where they are pushed to.
    pub(crate) push: Option<PushSettings>,
    /// Which traces of calls that succeeded exemplars may lead to.
    pub(crate) traces: Ratio,
    /// Whether there is a registration beside the workload's that proves itself by a certificate.
    pub(crate) certified: bool,
    /// How often the store and the credentials are looked at.
    pub(crate) probe_every: Duration,
    /// Another authority whose tokens are accepted for the same registration.
    pub(crate) second_authority: Option<Emulator>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            tenants: vec![seed::CONTOSO_TENANT_ID, seed::FABRIKAM_TENANT_ID],
            allowed_clients: Vec::new(),
            token_clients: vec![seed::BROKER_CLIENT_ID.to_owned()],
            token_services: vec![seed::REPORTS_CLIENT_ID.to_owned()],
            downstream_scopes: vec![STORAGE_SCOPE.to_owned(), WORKSPACES_SCOPE.to_owned()],
            consent: Consent::Incremental,
            controls: Vec::new(),
            exchange_patience: Duration::from_secs(5),
            exchanges_under_way: 2_048,
            keys: KeySettings::default(),
            clock: Clock::system(),
            health: true,
            reflection: true,
            cors_origins: vec![PAGE.to_owned()],
            message_bytes: 4 * 1024 * 1024,
            unary_timeout: Duration::from_secs(30),
            watches_per_peer: 16,
            idle: Duration::from_secs(20),
            drain: DrainTimes {
                notice: Duration::ZERO,
                patience: Duration::from_secs(10),
            },
            tls: None,
            jobs: WorkerSettings {
                lease: Duration::from_secs(3),
                ..WorkerSettings::default()
            },
            sealing_keys: None,
            fabric: fabric(),
            metrics: true,
            runbooks: None,
            audit: evidence::trail(),
            push: None,
            traces: Ratio::ALL,
            certified: false,
            probe_every: Duration::from_secs(5),
            second_authority: None,
        }
    }
}

/// A registration that nobody exchanges for, whose certificate ends with [`CERTIFICATE_ENDS`].
fn certified(authority: &Authority, folder: &Path) -> exchange::Registration {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let mut certificate = rcgen::CertificateParams::new(Vec::new()).unwrap();
    certificate.not_after = rcgen::date_time_ymd(2100, 1, 1);
    let certificate = certificate.self_signed(&key).unwrap();
    let certificate_file = folder.join("certificate.pem");
    let key_file = folder.join("key.pem");
    std::fs::write(&certificate_file, certificate.pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    exchange::Registration {
        name: "certified".to_owned(),
        authority: authority.clone(),
        client_id: seed::REPORTS_CLIENT_ID.to_owned(),
        publisher_tenant: None,
        credential: Some(CredentialSource::Certificate {
            certificate_file,
            key_file,
        }),
        consent: Consent::Incremental,
        token_clients: Vec::new(),
        token_services: Vec::new(),
        downstream_scopes: Vec::new(),
    }
}

/// 2100-01-01T00:00:00Z.
pub(crate) const CERTIFICATE_ENDS: u64 = 4_102_444_800;

/// What Fabric is told of the workload: what the configuration says where it says nothing.
fn fabric() -> Fabric {
    Fabric {
        app_ids: AuthSettings::FABRIC_APPS.map(str::to_owned).into(),
        error_casing_v1: ErrorCasing::Pascal,
        error_casing_v2: ErrorCasing::Camel,
        item_types: vec![seed::ITEM_TYPE.to_owned()],
        deleted_item_retention: Duration::from_secs(7 * 24 * 60 * 60),
        endpoints: Endpoints {
            default: Some("https://workload.contoso.test/workload".to_owned()),
            regional: [(
                "west europe".to_owned(),
                "https://weu.contoso.test/workload".to_owned(),
            )]
            .into(),
            ttl: Duration::from_secs(60 * 60),
        },
    }
}

/// Where the service finds Fabric and OneLake: beside their authority.
fn downstream(emulator: &Emulator) -> DownstreamSettings {
    let fabric = emulator.fabric_url();
    DownstreamSettings {
        workload_control: format!("{fabric}/workload-control"),
        fabric,
        onelake: emulator.onelake_url(),
        root_certificates_pem: Some(emulator.root_certificate_pem().as_bytes().to_vec()),
        answer_timeout: Duration::from_secs(20),
        idle_timeout: Duration::from_secs(30),
        propagate: Arc::new(auth_interceptor::Unpropagated),
        observer: Arc::new(selvedge::requests::Unobserved),
    }
}

impl Setup {
    /// What the service is told about who may call.
    pub(crate) fn auth(&self, emulator: &Emulator) -> AuthSettings {
        let mut authorities = vec![self.authority("entra", emulator)];
        let mut registrations = vec![self.registration("workload", "entra")];
        if let Some(second) = &self.second_authority {
            authorities.push(self.authority("second", second));
            registrations.push(self.registration("second-workload", "second"));
        }
        registrations.extend(self.controls.iter().map(Control::guarded));
        let mut settings = AuthSettings::new(authorities, registrations);
        settings.keys = self.keys.clone();
        settings.clock = self.clock.clone();
        settings
    }

    /// What the service is told of the exchange.
    fn exchange(&self, emulator: &Emulator, folder: &Path) -> ExchangeSettings {
        let secret = folder.join(SECRET);
        std::fs::write(&secret, seed::WORKLOAD_SECRET).unwrap();
        let registration = self.registration("workload", "entra");
        let mut registrations = vec![exchange::Registration {
            name: registration.name,
            authority: self.authority("entra", emulator),
            client_id: registration.client_id,
            publisher_tenant: registration.publisher_tenant,
            credential: Some(CredentialSource::Secret { file: secret }),
            consent: self.consent,
            token_clients: self.token_clients.clone(),
            token_services: self.token_services.clone(),
            downstream_scopes: self.downstream_scopes.clone(),
        }];
        let authority = self.authority("entra", emulator);
        if self.certified {
            registrations.push(certified(&authority, folder));
        }
        let controls = self.controls.iter();
        registrations.extend(controls.map(|control| control.exchanging(&authority, folder)));
        let mut settings = ExchangeSettings::new(registrations);
        settings.clock = self.clock.clone();
        settings.patience = self.exchange_patience;
        settings.exchanges_under_way = self.exchanges_under_way;
        settings
    }

    fn authority(&self, name: &str, emulator: &Emulator) -> Authority {
        let origin = emulator.origin();
        Authority {
            name: name.to_owned(),
            url: origin.to_owned(),
            kind: AuthorityKind::Entra {
                issuer_v1: IssuerTemplate::new(&format!("{origin}/sts/{{tenantid}}/")),
                issuer_v2: IssuerTemplate::new(&format!("{origin}/{{tenantid}}/v2.0")),
                tenants: self
                    .tenants
                    .iter()
                    .map(|tenant| tenant.parse().unwrap())
                    .collect(),
            },
            algorithms: vec![Algorithm::Rs256],
            root_certificates_pem: Some(emulator.root_certificate_pem().as_bytes().to_vec()),
        }
    }

    fn registration(&self, name: &str, authority: &str) -> Registration {
        Registration {
            name: name.to_owned(),
            authority: authority.to_owned(),
            client_id: seed::WORKLOAD_CLIENT_ID.to_owned(),
            audiences_v1: vec![seed::WORKLOAD_URI.to_owned()],
            audiences: Vec::new(),
            publisher_tenant: Some(seed::CONTOSO_TENANT_ID.parse().unwrap()),
            allowed_clients: self.allowed_clients.clone(),
            claims_capable_clients: Vec::new(),
        }
    }

    /// Starts an authority and the service, and waits until the keys are read.
    pub(crate) async fn start(self) -> Running {
        let emulator = start_emulator(self.clock.clone()).await;
        let running = self.start_with(emulator).await;
        running.ready().await;
        running
    }

    /// Starts the service beside an authority that already runs, and waits for nothing.
    pub(crate) async fn start_with(self, emulator: Emulator) -> Running {
        evidence::begin();
        let folder = TemporaryFolder::new();
        let file = folder.path().join(DATABASE);
        let sqlite = SqliteStore::open(&file, Migrate::Auto, Quota::default())
            .await
            .unwrap();
        let store = Arc::new(CountingStore::new(Arc::new(sqlite)));
        let settings = AppSettings {
            auth: self.auth(&emulator),
            exchange: self.exchange(&emulator, folder.path()),
            sealing_keys: self.sealing_keys.clone(),
            fabric: self.fabric,
            web: None,
            jobs: self.jobs,
            downstream: downstream(&emulator),
            health: self.health,
            reflection: self.reflection,
            cors_origins: self.cors_origins,
            message_bytes: self.message_bytes,
            unary_timeout: self.unary_timeout,
            watches_per_peer: self.watches_per_peer,
            connections: ConnectionLimits {
                header_bytes: 64 * 1024,
                streams: 100,
                connections: 1_000,
                handshake: Duration::from_secs(1),
                idle: self.idle,
            },
            drain: self.drain,
            tls: self.tls,
            trust_inbound: TrustInbound::Auto,
            metrics: self.metrics,
            runbooks: self.runbooks,
            audit: self.audit,
            users: users(self.clock.clone()),
            push: self.push,
            traces: self.traces,
            spans: evidence::spans(),
            probe_every: self.probe_every,
        };
        let app = App::new(settings, Arc::clone(&store) as Arc<dyn Store>).unwrap();
        let authenticator = Arc::clone(app.authenticator());
        let served_policies = app.served().clone();
        let listen = || TcpListener::bind("127.0.0.1:0");
        let listeners = Listeners {
            service: listen().await.unwrap(),
            administration: listen().await.unwrap(),
            front_end: Vec::new(),
        };
        let address = listeners.service.local_addr().unwrap();
        evidence::in_process(address);
        let administration = listeners.administration.local_addr().unwrap();
        let (shutdown, asked) = oneshot::channel::<()>();
        let served = tokio::spawn(async move {
            // A dropped sender ends the service just as well: its test is over.
            app.serve(listeners, async {
                let _ = asked.await;
            })
            .await;
        });
        Running {
            emulator,
            store,
            authenticator,
            served_policies,
            address,
            administration,
            shutdown: Some(shutdown),
            served,
            folder,
        }
    }
}

const DATABASE: &str = "selvedge.db";
const SECRET: &str = "secret";

/// The origin of the workload's front end.
pub(crate) const PAGE: &str = "http://127.0.0.1:60006";

/// A scope of OneLake that callers may exchange for.
pub(crate) const STORAGE_SCOPE: &str = "https://storage.azure.com/user_impersonation";
/// A scope of Fabric that callers may exchange for.
pub(crate) const WORKSPACES_SCOPE: &str =
    "https://analysis.windows.net/powerbi/api/Workspace.Read.All";

/// A service and the authority whose tokens it takes. Both end when it is dropped.
pub(crate) struct Running {
    pub(crate) emulator: Emulator,
    pub(crate) store: Arc<CountingStore>,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) served_policies: ServedPolicies,
    pub(crate) address: SocketAddr,
    /// Where administrators are served.
    pub(crate) administration: SocketAddr,
    shutdown: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
    folder: TemporaryFolder,
}

impl Running {
    pub(crate) async fn start() -> Self {
        Setup::default().start().await
    }

    /// The file that the store keeps everything in.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join(DATABASE)
    }

    /// Waits until the authority's keys are read.
    pub(crate) async fn ready(&self) {
        in_time("the keys are read", self.authenticator.ready()).await;
    }

    pub(crate) async fn raw(&self) -> RawClient {
        RawClient::connect(self.address).await
    }

    pub(crate) async fn channel(&self) -> Channel {
        Channel::from_shared(format!("http://{}", self.address))
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    /// How often each of the two key documents was fetched.
    pub(crate) fn key_fetches(&self) -> [u64; 2] {
        [Endpoint::JwksV1, Endpoint::JwksV2].map(|endpoint| self.emulator.fetches(endpoint))
    }

    /// Asks for a shutdown; [`Running::ended`] is when it is done.
    pub(crate) fn shut_down(&mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            let _ = shutdown.send(());
        }
    }

    /// Waits for the end of a shutdown that was asked for.
    pub(crate) async fn ended(mut self) {
        in_time("the shutdown ends", &mut self.served)
            .await
            .unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.served.abort();
    }
}

/// How users are named where nothing else is configured.
pub(crate) fn users(clock: Clock) -> Arc<UserIdentity> {
    Arc::new(UserIdentity::new(&UserNaming::Hash { key_file: None }, clock).unwrap())
}

/// An authority on a free port, in memory.
pub(crate) async fn start_emulator(clock: Clock) -> Emulator {
    let settings =
        emulator::Settings::new(([127, 0, 0, 1], 0).into(), Arc::new(move || clock.now()));
    Emulator::start(settings).await.unwrap()
}

/// A user's token with these scopes.
pub(crate) fn user_token(emulator: &Emulator, upn: &str, scopes: &[&str]) -> String {
    emulator.issue(
        &TokenRequest::delegated(upn, seed::WORKLOAD_CLIENT_ID).scopes(scopes.iter().copied()),
    )
}

/// A token that may call ReadData.
pub(crate) fn read_token(emulator: &Emulator) -> String {
    user_token(emulator, seed::CONSENTED, &["data.read"])
}

/// A clock that a test sets: what it adds are seconds.
pub(crate) fn movable_clock() -> (Clock, Arc<AtomicI64>) {
    let moved = Arc::new(AtomicI64::new(0));
    let by = Arc::clone(&moved);
    let clock = Clock::from_fn(move || {
        let now = Clock::system().now();
        now.saturating_add_signed(by.load(Ordering::SeqCst))
    });
    (clock, moved)
}

/// A clock that stands still, so that a second more or less is a second more or less.
pub(crate) fn stopped_clock() -> Clock {
    let now = Clock::system().now();
    Clock::from_fn(move || now)
}
