//! What the unit tests of guarded adapters share: the interceptor in front of them, an emulated
//! authority whose tokens it takes, and a token endpoint that says what it was asked.
//!
//! A handler's `Caller` cannot be made up, so every call here carries tokens and passes the layer.

pub(crate) mod callers;
pub(crate) mod folder;
pub(crate) mod log;
mod secrecy;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_interceptor::{
    Algorithm, Auth, AuthLayer, AuthSettings, Authenticator, Authority, AuthorityKind, Clock,
    GuardedServices, IssuerTemplate, TenantId,
};
use emulator::{Emulator, TokenRequest, seed};
use futures_util::future::BoxFuture;
use prost::Message as _;
use tonic::metadata::MetadataMap;
use tonic::service::Routes;
use tonic::{Code, Request, Status};
use tonic_types::pb;
use tower::Layer as _;

use crate::app;
use crate::exchange::{
    Consent, CredentialSource, ExchangeError, ExchangeSettings, Grant, Registration, Scopes,
    TokenEndpoint, TokenExchange, TokenResponse,
};
use crate::refusal::SelvedgeRefusal;
use crate::secret::Secret;

/// A scope that the registration exchanges for.
pub(crate) const STORAGE: &str = "https://storage.azure.com/user_impersonation";

/// An authority, an exchange, and the interceptor that lets their users in.
pub(crate) struct Guarded {
    pub(crate) emulator: Emulator,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) exchange: Arc<TokenExchange>,
    pub(crate) endpoint: Arc<RecordingEndpoint>,
}

impl Guarded {
    /// The portal's users may receive tokens, and the daemon may for its users.
    pub(crate) async fn start() -> Self {
        let now = Clock::system().now();
        let settings = emulator::Settings::new(([127, 0, 0, 1], 0).into(), Arc::new(move || now));
        let emulator = Emulator::start(settings).await.unwrap();
        let publisher: TenantId = seed::CONTOSO_TENANT_ID.parse().unwrap();
        let authority = authority(&emulator, publisher);

        let mut registration =
            auth_interceptor::Registration::new("workload", "entra", seed::WORKLOAD_CLIENT_ID);
        registration.audiences_v1 = vec![seed::WORKLOAD_URI.to_owned()];
        registration.publisher_tenant = Some(publisher);
        let mut settings = AuthSettings::new(vec![authority.clone()], vec![registration]);
        settings.clock = Clock::from_fn(move || now);
        let authenticator = Authenticator::start(&settings).unwrap();
        authenticator.ready().await;

        let endpoint = Arc::new(RecordingEndpoint::default());
        let mut settings = ExchangeSettings::new(vec![Registration {
            name: "workload".to_owned(),
            authority,
            client_id: seed::WORKLOAD_CLIENT_ID.to_owned(),
            publisher_tenant: Some(publisher),
            credential: Some(CredentialSource::Secret {
                file: "unread".into(),
            }),
            consent: Consent::Incremental,
            token_clients: vec![seed::PORTAL_CLIENT_ID.to_owned()],
            token_services: vec![seed::DAEMON_CLIENT_ID.to_owned()],
            downstream_scopes: vec![STORAGE.to_owned()],
        }]);
        settings.clock = Clock::from_fn(move || now);
        let exchange =
            TokenExchange::new(settings, Arc::clone(&endpoint) as Arc<dyn TokenEndpoint>).unwrap();
        Self {
            emulator,
            authenticator,
            exchange,
            endpoint,
        }
    }

    /// What `add` adds, behind the interceptor: a client calls it without a socket.
    pub(crate) fn serve(&self, add: impl FnOnce(&mut GuardedServices)) -> Auth<Routes> {
        let mut services =
            GuardedServices::new(app::policies().unwrap(), Arc::new(SelvedgeRefusal));
        add(&mut services);
        let (routes, served) = services.into_parts();
        AuthLayer::new(
            Arc::clone(&self.authenticator),
            served,
            Arc::new(SelvedgeRefusal),
        )
        .layer(routes)
    }

    /// A user's token that may ask for an exchange, as the portal gets it.
    pub(crate) fn user(&self) -> TokenRequest {
        TokenRequest::delegated(seed::CONSENTED, seed::WORKLOAD_CLIENT_ID)
            .scopes(["token.exchange"])
    }

    /// The daemon's own token.
    pub(crate) fn daemon(&self) -> TokenRequest {
        TokenRequest::app_only(seed::DAEMON_CLIENT_ID, seed::WORKLOAD_CLIENT_ID)
            .roles([seed::ADMIN_ROLE])
    }

    /// A call that carries a token.
    pub(crate) fn bearer<T>(&self, token: &TokenRequest, message: T) -> Request<T> {
        authorized(format!("Bearer {}", self.emulator.issue(token)), message)
    }

    /// A call of a service that proves itself, beside its user if it has one.
    pub(crate) fn pair<T>(
        &self,
        subject: Option<&TokenRequest>,
        app: &TokenRequest,
        message: T,
    ) -> Request<T> {
        let subject = subject.map(|subject| self.emulator.issue(subject));
        let (subject, app) = (subject.unwrap_or_default(), self.emulator.issue(app));
        authorized(
            format!("SubjectAndAppToken1.0 subjectToken=\"{subject}\", appToken=\"{app}\""),
            message,
        )
    }
}

fn authority(emulator: &Emulator, tenant: TenantId) -> Authority {
    let origin = emulator.origin();
    Authority {
        name: "entra".to_owned(),
        url: origin.to_owned(),
        kind: AuthorityKind::Entra {
            issuer_v1: IssuerTemplate::new(&format!("{origin}/sts/{{tenantid}}/")),
            issuer_v2: IssuerTemplate::new(&format!("{origin}/{{tenantid}}/v2.0")),
            tenants: vec![tenant],
        },
        algorithms: vec![Algorithm::Rs256],
        root_certificates_pem: Some(emulator.root_certificate_pem().as_bytes().to_vec()),
    }
}

fn authorized<T>(value: String, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("authorization", value.parse().unwrap());
    request
}

/// Answers every grant with the next token, and keeps the grants.
#[derive(Debug, Default)]
pub(crate) struct RecordingEndpoint {
    grants: Mutex<Vec<Grant>>,
}

impl RecordingEndpoint {
    /// Everything that it was asked for.
    pub(crate) fn grants(&self) -> Vec<Grant> {
        self.grants.lock().unwrap().clone()
    }
}

impl TokenEndpoint for RecordingEndpoint {
    fn request(
        &self,
        _registration: Arc<Registration>,
        _tenant: TenantId,
        grant: Grant,
        _patience: Duration,
    ) -> BoxFuture<'static, Result<TokenResponse, ExchangeError>> {
        let mut grants = self.grants.lock().unwrap();
        let granted_scopes = grant.scopes().iter().map(str::to_owned).collect();
        grants.push(grant);
        let access_token = Secret::new(format!("downstream-{}", grants.len()));
        Box::pin(async move {
            Ok(TokenResponse {
                access_token,
                expires_in: Duration::from_secs(3600),
                granted_scopes,
                refresh_token: None,
            })
        })
    }
}

/// What a caller reads of a refusal: code, reason, the field that is wrong.
pub(crate) fn refused(status: &Status) -> (Code, String, Option<String>) {
    let details = pb::Status::decode(status.details()).unwrap().details;
    let reason = details
        .iter()
        .find(|detail| detail.type_url.ends_with("/google.rpc.ErrorInfo"))
        .map(|detail| pb::ErrorInfo::decode(detail.value.as_slice()).unwrap());
    let field = details
        .iter()
        .find(|detail| detail.type_url.ends_with("/google.rpc.BadRequest"))
        .map(|detail| pb::BadRequest::decode(detail.value.as_slice()).unwrap());
    (
        status.code(),
        reason.map(|info| info.reason).unwrap_or_default(),
        field.map(|bad| bad.field_violations[0].field.clone()),
    )
}

/// Whether an answer says that it is not to be kept.
pub(crate) fn is_unstored(metadata: &MetadataMap) -> bool {
    metadata
        .get("cache-control")
        .is_some_and(|value| value == "no-store")
}

/// The scopes of a request, as a grant has them.
pub(crate) fn scopes(scopes: &[&str]) -> Arc<Scopes> {
    Arc::new(Scopes::parse(scopes).unwrap())
}
