//! An authority that answers as a test says, and remembers what it was asked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_interceptor::TenantId;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::exchange::{
    AuthorityRefusal, Consent, ExchangeError, Grant, RefusalClass, Registration, TokenEndpoint,
    TokenResponse,
};
use crate::secret::Secret;

type Answer = Result<TokenResponse, ExchangeError>;
type Script = Box<dyn FnMut(&Asked) -> Answer + Send>;

/// One request that came in.
#[derive(Clone, Debug)]
pub(in crate::exchange) struct Asked {
    /// Which one, from 1.
    pub(in crate::exchange) number: usize,
    pub(in crate::exchange) registration: Arc<Registration>,
    pub(in crate::exchange) tenant: TenantId,
    pub(in crate::exchange) grant: Grant,
}

/// The authority.
pub(in crate::exchange) struct Scripted {
    script: Mutex<Script>,
    requests: Mutex<Vec<Asked>>,
    gate: Semaphore,
    credential: AtomicU64,
}

const OPEN: usize = 1_000_000;

impl Scripted {
    pub(in crate::exchange) fn new(
        script: impl FnMut(&Asked) -> Answer + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            script: Mutex::new(Box::new(script)),
            requests: Mutex::default(),
            gate: Semaphore::new(OPEN),
            credential: AtomicU64::new(0),
        })
    }

    /// Issues `token-1`, `token-2` and so on, each for an hour.
    pub(in crate::exchange) fn issuing() -> Arc<Self> {
        Self::new(|asked| Ok(issued(asked.number, 3_600)))
    }

    /// Refuses each request so.
    pub(in crate::exchange) fn refusing(class: RefusalClass) -> Arc<Self> {
        Self::new(move |asked| Err(refused(asked, class)))
    }

    /// Answers so from now on.
    pub(in crate::exchange) fn now(&self, script: impl FnMut(&Asked) -> Answer + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    /// Takes requests but does not answer.
    pub(in crate::exchange) fn shut(&self) {
        self.gate.forget_permits(OPEN);
    }

    /// Answers all that has come in and will.
    pub(in crate::exchange) fn open(&self) {
        self.gate.add_permits(OPEN);
    }

    /// The registrations have another credential now.
    pub(in crate::exchange) fn rotate_credential(&self) {
        self.credential.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it was asked.
    pub(in crate::exchange) fn asked(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    pub(in crate::exchange) fn requests(&self) -> Vec<Asked> {
        self.requests.lock().unwrap().clone()
    }

    /// Waits until it was asked so often.
    pub(in crate::exchange) async fn wait_until_asked(&self, times: usize) {
        for _ in 0..1_000_000 {
            if self.asked() >= times {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("asked {} times and never {times}", self.asked());
    }
}

/// The authority, as the exchange holds it.
#[derive(Debug)]
pub(in crate::exchange) struct Handle(pub(super) Arc<Scripted>);

impl TokenEndpoint for Handle {
    fn request(
        &self,
        registration: Arc<Registration>,
        tenant: TenantId,
        grant: Grant,
        _: Duration,
    ) -> BoxFuture<'static, Answer> {
        let authority = Arc::clone(&self.0);
        Box::pin(async move {
            let asked = {
                let mut requests = authority.requests.lock().unwrap();
                let asked = Asked {
                    number: requests.len() + 1,
                    registration,
                    tenant,
                    grant,
                };
                requests.push(asked.clone());
                asked
            };
            let _open = authority.gate.acquire().await.unwrap();
            let mut script = authority.script.lock().unwrap();
            (*script)(&asked)
        })
    }

    fn credential_version(&self, _: &Registration) -> u64 {
        self.0.credential.load(Ordering::Relaxed)
    }
}

/// A token for so many seconds.
pub(in crate::exchange) fn issued(number: usize, seconds: u64) -> TokenResponse {
    TokenResponse {
        access_token: Secret::new(format!("token-{number}")),
        expires_in: Duration::from_secs(seconds),
        granted_scopes: vec!["fabric/read".to_owned()],
        refresh_token: None,
    }
}

/// A refusal of this class.
pub(in crate::exchange) fn refused(asked: &Asked, class: RefusalClass) -> ExchangeError {
    ExchangeError::Refused(Arc::new(refusal(asked, class)))
}

pub(in crate::exchange) fn refusal(asked: &Asked, class: RefusalClass) -> AuthorityRefusal {
    AuthorityRefusal {
        class,
        authority: "entra".into(),
        authorization_uri: None,
        admin_consent_uri: None,
        registration: asked.registration.name.as_str().into(),
        consent: Consent::Incremental,
        tenant: asked.tenant,
        scopes: Arc::clone(asked.grant.scopes()),
        error: "invalid_grant",
        suberror: None,
        codes: vec![1],
        claims: None,
        correlation_id: None,
        trace_id: None,
        retry_after: None,
    }
}

/// The authority does not answer, and does not say when it will.
pub(in crate::exchange) fn unavailable() -> ExchangeError {
    ExchangeError::AuthorityUnavailable {
        authority: "entra".into(),
        retry_after: Duration::ZERO,
    }
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}
