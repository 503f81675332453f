//! Verified callers, for unit tests of what is only given one: real tokens of the emulator, let
//! through by the real layer. There is no other way to a caller, for a test neither.

use std::convert::Infallible;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll};

use auth_interceptor::{
    AuthLayer, AuthSettings, Authenticator, Authority, AuthorityKind, Caller, GuardedServices,
    IssuerTemplate, PlainRefusal, Policies, Registration,
};
use emulator::{Emulator, TokenRequest, TokenVersion, seed};
use futures_util::FutureExt as _;
use http::{Request, Response};
use tonic::body::Body;
use tonic::server::NamedService;
use tower::{Layer as _, Service};

use crate::contracts::DESCRIPTOR_SET;

/// The tenant that publishes the registrations.
pub(crate) const CONTOSO: &str = seed::CONTOSO_TENANT_ID;
/// Another tenant whose users may call.
pub(crate) const FABRIKAM: &str = seed::FABRIKAM_TENANT_ID;
/// The client application that users sign in to unless a test says otherwise.
pub(crate) const PORTAL: &str = seed::PORTAL_CLIENT_ID;
/// A back end with a token of its own.
pub(crate) const DAEMON: &str = seed::DAEMON_CLIENT_ID;
/// The registrations: name and client id.
pub(crate) const REGISTRATIONS: [(&str, &str); 2] = [
    ("workload", seed::WORKLOAD_CLIENT_ID),
    ("picker", seed::COMPANY_PICKER_CLIENT_ID),
];

const METHOD: &str = "/selvedge.exchange.v1.TokenExchangeService/ExchangeToken";

/// A user, as the token says who it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User {
    /// The tenant's id.
    pub(crate) tenant: &'static str,
    /// The object id is made of it.
    pub(crate) number: u32,
    /// Which of [`REGISTRATIONS`] the token is for.
    pub(crate) registration: usize,
}

impl User {
    /// This user of Contoso's, with a token for the first registration.
    pub(crate) fn numbered(number: u32) -> Self {
        Self {
            tenant: CONTOSO,
            number,
            registration: 0,
        }
    }

    /// A call with a new token of the user.
    pub(crate) fn call(self) -> Caller {
        let token = ISSUED.emulator.issue(&self.token());
        ISSUED.verify(&format!("Bearer {token}"))
    }

    /// A call with a new token of the user and one of a back end.
    pub(crate) fn call_from(self, service: &str) -> Caller {
        let (_, resource) = REGISTRATIONS[self.registration];
        let app = TokenRequest::app_only(service, resource).version(TokenVersion::V2);
        let subject = ISSUED.emulator.issue(&self.token());
        let app = ISSUED.emulator.issue(&app.idtyp(true));
        ISSUED.verify(&format!(
            "SubjectAndAppToken1.0 subjectToken=\"{subject}\", appToken=\"{app}\""
        ))
    }

    fn token(self) -> TokenRequest {
        let (_, resource) = REGISTRATIONS[self.registration];
        let object_id = uuid::Uuid::from_u128(u128::from(self.number));
        TokenRequest::delegated(seed::CONSENTED, resource)
            .tenant(self.tenant)
            .version(TokenVersion::V2)
            .scopes(["token.exchange"])
            .claim("oid", object_id.to_string())
            // No two tokens are the same, and neither are these.
            .claim("uti", uuid::Uuid::new_v4().simple().to_string())
    }
}

/// The issuer and the verifier of all tests of the process.
static ISSUED: LazyLock<Issued> = LazyLock::new(|| {
    // On a thread and a runtime of its own: a test's own clock may stand still.
    let started = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (emulator, auth) = runtime.block_on(start());
        Issued {
            emulator,
            auth: Mutex::new(auth),
            _runtime: runtime,
        }
    });
    started.join().unwrap()
});

struct Issued {
    emulator: Emulator,
    auth: Mutex<auth_interceptor::Auth<Seen>>,
    _runtime: tokio::runtime::Runtime,
}

impl Issued {
    fn verify(&self, authorization: &str) -> Caller {
        let request = Request::builder()
            .uri(METHOD)
            .header(http::header::AUTHORIZATION, authorization)
            .body(Body::empty())
            .unwrap();
        let answer = self.auth.lock().unwrap().call(request);
        // The keys are there, so that nothing is waited for.
        let answer = answer.now_or_never().unwrap().unwrap();
        let caller = answer.extensions().get::<Caller>().cloned();
        caller.unwrap_or_else(|| panic!("refused: {:?}", answer.headers()))
    }
}

async fn start() -> (Emulator, auth_interceptor::Auth<Seen>) {
    let clock = auth_interceptor::Clock::system();
    let now = Arc::new(move || clock.now());
    let settings = emulator::Settings::new(([127, 0, 0, 1], 0).into(), now);
    let emulator = Emulator::start(settings).await.unwrap();

    let registrations = REGISTRATIONS.map(|(name, client_id)| Registration {
        publisher_tenant: Some(CONTOSO.parse().unwrap()),
        ..Registration::new(name, "entra", client_id)
    });
    let settings = AuthSettings::new(vec![authority(&emulator)], registrations.into());
    let authenticator = Authenticator::start(&settings).unwrap();
    authenticator.ready().await;

    let refuse = Arc::new(PlainRefusal::new("callers.example"));
    let policies = Policies::from_descriptor_set(DESCRIPTOR_SET).unwrap();
    let mut services = GuardedServices::new(policies, refuse.clone());
    services.add(Seen).unwrap();
    let (_, served) = services.into_parts();
    let auth = AuthLayer::new(authenticator, served, refuse).layer(Seen);
    (emulator, auth)
}

fn authority(emulator: &Emulator) -> Authority {
    let origin = emulator.origin();
    Authority {
        url: origin.to_owned(),
        kind: AuthorityKind::Entra {
            issuer_v1: IssuerTemplate::new(&format!("{origin}/sts/{{tenantid}}/")),
            issuer_v2: IssuerTemplate::new(&format!("{origin}/{{tenantid}}/v2.0")),
            tenants: vec![CONTOSO.parse().unwrap(), FABRIKAM.parse().unwrap()],
        },
        root_certificates_pem: Some(emulator.root_certificate_pem().into()),
        ..Authority::entra("entra", Vec::new())
    }
}

/// Behind the layer: hands the caller back.
#[derive(Clone)]
struct Seen;

impl NamedService for Seen {
    const NAME: &'static str = "selvedge.exchange.v1.TokenExchangeService";
}

impl Service<Request<Body>> for Seen {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut response = Response::new(Body::empty());
        if let Some(caller) = request.extensions().get::<Caller>() {
            response.extensions_mut().insert(caller.clone());
        }
        std::future::ready(Ok(response))
    }
}
