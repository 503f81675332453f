//! An embedded Entra ID, Fabric and OneLake for local runs and tests.
//!
//! One process, one TLS origin on loopback, seeded tenants, accounts and applications, and the
//! endpoints that real MSAL clients use. Everything that goes wrong in production can be scripted
//! here: keys that rotate or vanish, endpoints that fail, hang or lie, a clock that jumps.
//!
//! It issues tokens, and its own endpoints judge those that reach them. Its Fabric also calls: it
//! creates items of a workload and runs jobs there. It shares no code with what it is there to test:
//! an issuer that did would prove nothing.
//!
//! ```no_run
//! # async fn example(now: std::sync::Arc<dyn Fn() -> u64 + Send + Sync>)
//! # -> Result<(), emulator::StartError> {
//! use emulator::{Emulator, Settings, TokenRequest, seed};
//!
//! let emulator = Emulator::start(Settings::new(([127, 0, 0, 1], 0).into(), now)).await?;
//! let token = emulator.issue(
//!     &TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID).scopes(["data.read"]),
//! );
//! # let _ = token;
//! emulator.stop().await;
//! # Ok(())
//! # }
//! ```

mod authority;
mod bounded;
mod certificate;
mod clock;
mod control;
mod directory;
mod entra;
mod exchanges;
mod fabric;
mod fault;
mod keys;
mod locked;
mod onelake;
mod portal;
mod random;
mod resource;
mod scripting;
mod secret;
mod server;
mod settings;
mod state;
mod tokens;
mod trace_headers;

use std::sync::Arc;

use tokio::task;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::authority::Authority;
use crate::certificate::Certificates;
use crate::clock::Clock;
use crate::entra::issued::Issued;
use crate::exchanges::Exchanges;
use crate::fabric::Fabric;
use crate::fault::Faults;
use crate::keys::ring::KeyRing;
use crate::onelake::OneLake;
use crate::onelake::disk::Disk;
use crate::portal::FrontEnds;
use crate::state::StateDir;
use crate::trace_headers::Traced;

pub use crate::clock::Now;
pub use crate::control::CONTROL_HEADER;
pub use crate::directory::{
    AccessPolicy, AccessRule, Account, App, AppKind, ClientCertificate, Directory, Grant,
    GrantedFor, Permission, Redirect, RedirectKind, Seed, Tenant, TokenVersion,
    UnusableCertificate, seed,
};
pub use crate::fabric::workload::{
    DeleteType, ErrorCasing, FrontEndReaction, Generation, HeaderVariant, ItemOrder, JobOrder,
    JobPolling, JobRun, JobState, RegistrationError, WorkloadCallError, WorkloadClient,
    WorkloadError, WorkloadErrorDetail, WorkloadRegistration, WorkloadReply, WorkloadRequest,
};
pub use crate::fabric::{Content, Item, WarehouseCreation, Workspace, WorkspaceRole};
pub use crate::fault::{Endpoint, Fault, ScriptedError};
pub use crate::keys::SigningKey;
pub use crate::keys::ring::Rotation;
pub use crate::onelake::HeldFlush;
pub use crate::portal::{FrontEnd, FrontEndError};
pub use crate::secret::{ControlSecret, Secret};
pub use crate::settings::{Settings, StartError};
pub use crate::tokens::{ClientAuthentication, TokenRequest};
pub use crate::trace_headers::TraceHeaders;

/// A running emulator. Clones are handles to the same one; it stops when the last is dropped, or
/// by [`Emulator::stop`].
#[derive(Clone, Debug)]
pub struct Emulator {
    authority: Arc<Authority>,
    root_certificate_pem: Arc<str>,
    tasks: TaskTracker,
    _stop_when_dropped: Arc<DropGuard>,
}

impl Emulator {
    /// Binds, loads or makes keys and certificates, and serves.
    ///
    /// # Errors
    /// When the address is not a free loopback address, or the state directory is unusable.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let listeners = server::bind(settings.listen).await?;
        let port = listeners
            .first()
            .and_then(|listener| listener.local_addr().ok())
            .map_or(settings.listen.port(), |address| address.port());

        let Settings {
            state_dir,
            signing_keys,
            mut seed,
            now,
            ..
        } = settings;
        let workspaces = std::mem::take(&mut seed.workspaces);
        let clock = Clock::new(now);
        let started_at = clock.now();
        let (certificates, keys, onelake, workspaces) = blocking(move || {
            let certificates = Certificates::load_or_make(&StateDir::open(state_dir.clone())?)?;
            let keys = KeyRing::load_or_make(StateDir::open(state_dir.clone())?, signing_keys)?;
            let onelake = OneLake::new(Disk::new(state_dir), &workspaces, started_at)?;
            Ok((certificates, keys, onelake, workspaces))
        })
        .await?;

        let stopping = CancellationToken::new();
        let root_certificate_pem = Arc::from(certificates.root_pem.as_str());
        let directory = Directory::new(seed);
        let fabric = Fabric::new(workspaces, &directory);
        let authority = Arc::new(Authority {
            origin: format!("https://localhost:{port}"),
            directory,
            keys,
            clock,
            faults: Faults::default(),
            issued: Issued::new(),
            exchanges: Exchanges::default(),
            fabric,
            onelake,
            front_ends: FrontEnds::default(),
            control_secret: ControlSecret::new(random::token()),
            traced: Traced::default(),
            stopping: stopping.clone(),
        });
        let tasks = TaskTracker::new();
        server::serve(
            listeners,
            &server::tls(certificates)?,
            &server::router(authority.clone()),
            &stopping,
            &tasks,
        );
        Ok(Self {
            authority,
            root_certificate_pem,
            tasks,
            _stop_when_dropped: Arc::new(stopping.drop_guard()),
        })
    }

    /// The one origin of every endpoint: `https://localhost:PORT`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.authority.origin
    }

    /// The certificate to trust. It is constrained to `localhost`, `127.0.0.1` and `::1`.
    #[must_use]
    pub fn root_certificate_pem(&self) -> &str {
        &self.root_certificate_pem
    }

    /// What the control routes demand in [`CONTROL_HEADER`]. It is new at every start.
    #[must_use]
    pub fn control_secret(&self) -> &ControlSecret {
        &self.authority.control_secret
    }

    /// Tenants, accounts and applications.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.authority.directory
    }

    /// Stops listening, lets answers under way finish, and waits for that.
    pub async fn stop(self) {
        self.authority.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

// === Scripting ===

impl Emulator {
    /// Introduces a new signing key: one of the settings' or, when there is none left, one made on
    /// the calling thread.
    pub fn rotate_keys(&self, announce: Rotation) {
        report(self.authority.keys.rotate(announce));
    }

    /// Signs with the newest published key from now on; the old one stays published.
    pub fn promote_key(&self) {
        report(self.authority.keys.promote());
    }

    /// Stops publishing a key. The signing key keeps signing, as nobody can verify then.
    pub fn withdraw_key(&self, kid: &str) {
        report(self.authority.keys.withdraw(kid).map(|_| ()));
    }

    /// The published key ids, oldest first. Both versions' documents publish the same keys.
    #[must_use]
    pub fn key_ids(&self, _version: TokenVersion) -> Vec<String> {
        self.authority
            .keys
            .published()
            .iter()
            .map(|key| key.kid().to_owned())
            .collect()
    }

    /// Makes an endpoint misbehave, or behave again.
    pub fn set_fault(&self, endpoint: Endpoint, fault: Option<Fault>) {
        self.authority.faults.set(endpoint, fault.as_ref());
    }

    /// How many requests an endpoint has had, faulty answers included.
    #[must_use]
    pub fn fetches(&self, endpoint: Endpoint) -> u64 {
        self.authority.faults.requests(endpoint)
    }

    /// How many On-Behalf-Of requests the token endpoint has had, faulty answers included.
    #[must_use]
    pub fn on_behalf_of_requests(&self) -> u64 {
        self.fetches(Endpoint::OnBehalfOf)
    }

    /// How many of them had a good assertion of this account.
    #[must_use]
    pub fn on_behalf_of_requests_for(&self, upn: &str) -> u64 {
        let account = self.authority.directory.account_called(upn);
        self.authority.exchanges.of(&account.upn)
    }

    /// The latest requests, and what they said of the traces that they were of.
    #[must_use]
    pub fn trace_headers(&self) -> Vec<TraceHeaders> {
        self.authority.traced.requests()
    }

    /// Moves the emulator's clock.
    pub fn advance_clock(&self, seconds: i64) {
        self.authority.clock.advance(seconds);
    }
}

// === Minting ===

impl Emulator {
    /// Signs an access token with Entra's claims, changed as the request says. It asks nobody's
    /// consent: it is for tests and demonstrations.
    #[must_use]
    pub fn issue(&self, request: &TokenRequest) -> String {
        self.authority.issue(request)
    }

    /// The key that signs at present, to forge any header and payload. One key signs both
    /// versions.
    #[must_use]
    pub fn signing_key(&self, _version: TokenVersion) -> SigningKey {
        self.authority.keys.signing()
    }
}

fn report(outcome: Result<(), StartError>) {
    if let Err(error) = outcome {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "a key was not made or stored"
        );
    }
}

/// Runs work that takes a processor or a disk for a while.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StartError> + Send + 'static,
) -> Result<T, StartError> {
    task::spawn_blocking(work)
        .await
        .unwrap_or(Err(StartError::Cryptography))
}
