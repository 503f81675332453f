//! The client against real sockets: an authority that answers, errs, stalls and lies.

mod assertions;
mod discovery;
mod emulator;
mod faults;
mod grants;
mod identity;
mod refusals;
mod secrecy;
mod stub;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use auth_interceptor::{Authority, AuthorityKind, Clock, IssuerTemplate, TenantId};

use self::stub::Stub;
use super::AuthorityClient;
use crate::exchange::credential::tests::fixtures::TempDir;
use crate::exchange::{
    ClaimsRequest, Consent, CredentialSource, ExchangeError, Grant, Registration, Scopes,
    TokenEndpoint as _, TokenResponse,
};
use crate::secret::Secret;

const TENANT: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const CLIENT_ID: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const SCOPE: &str = "https://api.example/Item.Read";
const PATIENCE: Duration = Duration::from_secs(5);

/// A clock that a test moves.
#[derive(Clone)]
struct TestClock(Arc<AtomicU64>);

impl TestClock {
    fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1_800_000_000)))
    }

    fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn clock(&self) -> Clock {
        let this = self.clone();
        Clock::from_fn(move || this.now())
    }
}

/// A client with one registration, at one authority.
struct Setup {
    client: AuthorityClient,
    registration: Arc<Registration>,
    clock: TestClock,
    files: TempDir,
}

impl Setup {
    /// At an Entra that is the stub, with a secret.
    fn entra(stub: &Stub) -> Self {
        let files = TempDir::new();
        let credential = CredentialSource::Secret {
            file: files.write("secret", "s3cr3t & more=\n"),
        };
        Self::new(entra(&stub.url, &stub.root_pem), credential, files)
    }

    /// At an OpenID provider that is the stub, with a secret.
    fn oidc(stub: &Stub) -> Self {
        let files = TempDir::new();
        let credential = CredentialSource::Secret {
            file: files.write("secret", "s3cr3t"),
        };
        let authority = Authority {
            kind: AuthorityKind::Oidc {
                issuer: IssuerTemplate::new("https://issuer.example"),
                tenant: tenant(),
            },
            ..entra(&stub.url, &stub.root_pem)
        };
        Self::new(authority, credential, files)
    }

    fn new(authority: Authority, credential: CredentialSource, files: TempDir) -> Self {
        let clock = TestClock::new();
        let registration = registration(authority, credential);
        let client = AuthorityClient::new([&registration], &clock.clock()).unwrap();
        Self {
            client,
            registration: Arc::new(registration),
            clock,
            files,
        }
    }

    async fn ask(&self, grant: Grant) -> Result<TokenResponse, ExchangeError> {
        self.ask_within(grant, PATIENCE).await
    }

    async fn ask_within(
        &self,
        grant: Grant,
        patience: Duration,
    ) -> Result<TokenResponse, ExchangeError> {
        let registration = Arc::clone(&self.registration);
        self.client
            .request(registration, tenant(), grant, patience)
            .await
    }
}

fn registration(authority: Authority, credential: CredentialSource) -> Registration {
    Registration {
        name: "workload".to_owned(),
        authority,
        client_id: CLIENT_ID.to_owned(),
        publisher_tenant: None,
        credential: Some(credential),
        consent: Consent::Incremental,
        token_clients: Vec::new(),
        token_services: Vec::new(),
        downstream_scopes: Vec::new(),
    }
}

fn entra(url: &str, root_pem: &[u8]) -> Authority {
    Authority {
        url: url.to_owned(),
        root_certificates_pem: Some(root_pem.to_owned()),
        ..Authority::entra("entra", vec![tenant()])
    }
}

fn tenant() -> TenantId {
    TENANT.parse().unwrap()
}

fn on_behalf_of() -> Grant {
    Grant::OnBehalfOf {
        assertion: Secret::new("user.token.signature"),
        scopes: scopes(),
        claims: None,
        offline: false,
    }
}

fn with_claims(claims: &str) -> Grant {
    Grant::OnBehalfOf {
        assertion: Secret::new("user.token.signature"),
        scopes: scopes(),
        claims: Some(ClaimsRequest::parse(claims).unwrap()),
        offline: false,
    }
}

fn scopes() -> Arc<Scopes> {
    Arc::new(Scopes::parse(&[SCOPE]).unwrap())
}

/// A path at which there is nothing.
fn nowhere() -> PathBuf {
    TempDir::new().path("nothing")
}
