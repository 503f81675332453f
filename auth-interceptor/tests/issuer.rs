//! The issuer of the tests' tokens, and the settings that trust it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use auth_interceptor::{
    Algorithm, AuthSettings, Authority, AuthorityKind, Clock, IssuerTemplate, Registration,
};
use emulator::{Emulator, Settings, SigningKey, TokenRequest, seed};

/// Keys take long to make: tests share these, the first to sign and the others for rotations.
pub(crate) static KEYS: LazyLock<[SigningKey; 3]> =
    LazyLock::new(|| std::array::from_fn(|_| SigningKey::generate().unwrap()));

/// Whatever the machine's clock says.
pub(crate) const NOW: u64 = 1_800_000_000;

/// An emulated Entra ID and the one clock that it shares with the guarded service.
pub(crate) struct Issuer {
    pub(crate) entra: Emulator,
    now: Arc<AtomicU64>,
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        let now = Arc::new(AtomicU64::new(NOW));
        let clock = Arc::clone(&now);
        let settings = Settings::new(
            ([127, 0, 0, 1], 0).into(),
            Arc::new(move || clock.load(Ordering::Relaxed)),
        )
        .with_signing_keys(KEYS.iter().cloned());
        Self {
            entra: Emulator::start(settings).await.unwrap(),
            now,
        }
    }

    pub(crate) fn clock(&self) -> Clock {
        let now = Arc::clone(&self.now);
        Clock::from_fn(move || now.load(Ordering::Relaxed))
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// The first tenant alone may call; the workload is the only audience.
    pub(crate) fn settings(&self) -> AuthSettings {
        let origin = self.entra.origin();
        let authority = Authority {
            name: "entra".to_owned(),
            url: origin.to_owned(),
            kind: AuthorityKind::Entra {
                issuer_v1: IssuerTemplate::new(&format!("{origin}/sts/{{tenantid}}/")),
                issuer_v2: IssuerTemplate::new(&format!("{origin}/{{tenantid}}/v2.0")),
                tenants: vec![seed::CONTOSO_TENANT_ID.parse().unwrap()],
            },
            algorithms: vec![Algorithm::Rs256],
            root_certificates_pem: Some(self.entra.root_certificate_pem().as_bytes().to_vec()),
        };
        let mut registration = Registration::new("workload", "entra", seed::WORKLOAD_CLIENT_ID);
        registration.audiences_v1 = vec![seed::WORKLOAD_URI.to_owned()];
        registration.publisher_tenant = Some(seed::CONTOSO_TENANT_ID.parse().unwrap());
        let mut settings = AuthSettings::new(vec![authority], vec![registration]);
        settings.clock = self.clock();
        settings
    }

    pub(crate) fn issue(&self, request: &TokenRequest) -> String {
        self.entra.issue(request)
    }
}

/// A token of the user who may do everything, with these scopes.
pub(crate) fn user(scopes: &[&str]) -> TokenRequest {
    TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
        .scopes(scopes.iter().copied())
}

/// A daemon's own token, with these roles.
pub(crate) fn app(roles: &[&str]) -> TokenRequest {
    TokenRequest::app_only(seed::DAEMON_CLIENT_ID, seed::WORKLOAD_CLIENT_ID)
        .roles(roles.iter().copied())
}
