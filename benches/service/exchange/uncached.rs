//! P6: what an exchange costs that only the authority can answer, to a bare round trip of the same
//! HTTP client to the same authority.
//!
//! Both run in one process that does nothing else, and what is compared is its processor time. The
//! exchange is called in-process: the users' tokens are verified beforehand, by the layer that
//! verifies them in the service, so that nothing of gRPC has to be subtracted.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use anyhow::{Context as _, Result, ensure};
use auth_interceptor::{AuthLayer, Authenticator, Authority, Caller, Clock, GuardedServices};
use bytes::Bytes;
use emulator::seed;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE};
use http::{Request, Response};
use selvedge::exchange::{
    AuthorityClient, Consent, CredentialSource, ExchangeRequest, ExchangeSettings, Freshness,
    Registration, Scopes, TokenExchange,
};
use selvedge::refusal::SelvedgeRefusal;
use selvedge::telemetry::{LogSettings, Telemetry};
use tonic::body::Body;
use tonic::server::NamedService;
use tower::{Layer as _, Service};

use super::{SCOPE, World, certificate_file, key_file};
use crate::Goal;
use crate::process::{Peer, processor_us};
use crate::server::{auth_settings, root_certificate};
use crate::throughput::median;

/// What this program is started as to exchange.
pub(super) const ROLE: &str = "exchange";
const SERVICE: &str = "selvedge.exchange.v1.TokenExchangeService";
const METHOD: &str = "/selvedge.exchange.v1.TokenExchangeService/ExchangeToken";
const TOKENS: &str = "user-tokens";
const ROUNDS: usize = 9;
/// How many are under way at a time.
const AT_ONCE: usize = 32;
/// About as long as the assertion by which the application proves itself.
const CLIENT_ASSERTION_BYTES: usize = 800;

pub(crate) async fn measure() -> Result<Vec<Goal>> {
    let world = World::start().await?;
    std::fs::write(world.folder.join(TOKENS), world.tokens().join("\n"))?;
    let folder = world.folder.display().to_string();
    let mut peer = Peer::start([ROLE, world.emulator.origin(), &world.stub.url, &folder])?;
    let mut costs = [Vec::new(), Vec::new()];
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let line = peer.line()?;
        let (exchange, trip) = line.split_once(' ').context("not two costs")?;
        let (exchange, trip) = (exchange.parse::<f64>()?, trip.parse::<f64>()?);
        ratios.push(exchange / trip);
        for (costs, cost) in costs.iter_mut().zip([exchange, trip]) {
            costs.push(cost);
        }
    }
    let [exchange, trip] = costs.map(median);
    println!("P6: {exchange:.1} us of processor time an exchange, {trip:.1} a bare round trip");
    world.emulator.stop().await;
    Ok(vec![Goal {
        name: "P6 uncached exchange, distinct users, certificate / bare HTTP round trip",
        ratio: median(ratios),
        at_least: None,
        at_most: Some(1.5),
    }])
}

/// Prints the costs of an exchange and of a bare round trip, in microseconds, a round a line.
pub(super) fn run(emulator: &str, stub: &str, folder: &str) -> Result<()> {
    let log = LogSettings {
        filter: "info".to_owned(),
        file: Some("/dev/null".into()),
    };
    // Nothing is exported, so that nothing is left to send at the end.
    let _telemetry = Telemetry::start(&log, None)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let folder = Path::new(folder);
    runtime.block_on(async {
        let tokens = std::fs::read_to_string(folder.join(TOKENS))?;
        let emulator_root = std::fs::read(root_certificate(folder))?;
        let callers = Arc::new(verified(&tokens, emulator, emulator_root).await?);
        let exchange = Exchange::new(stub, folder)?;
        let trip = Trip::new(stub, folder, tokens.lines().next().unwrap_or_default())?;
        for round in 0..=ROUNDS {
            // Nothing is remembered, so that each user's exchange is a first one.
            let tenant = seed::CONTOSO_TENANT_ID.parse()?;
            exchange.exchange.forget(tenant, None).await?;
            let (ours, users) = (exchange.clone(), Arc::clone(&callers));
            let exchanged = cost(callers.len(), move |turn| {
                let (ours, users) = (ours.clone(), Arc::clone(&users));
                async move { ours.of(users.get(turn).context("no caller")?).await }
            });
            let exchanged = exchanged.await?;
            let trip = trip.clone();
            let made = cost(callers.len(), move |_| trip.clone().make()).await?;
            // The first round connects and signs.
            if round > 0 {
                println!("{exchanged} {made}");
            }
        }
        Ok(())
    })
}

/// The processor time of one of `count` calls of `work`, a few at a time, in microseconds.
async fn cost<F>(count: usize, work: impl Fn(usize) -> F + Clone + Send + 'static) -> Result<f64>
where
    F: Future<Output = Result<()>> + Send,
{
    let next = Arc::new(AtomicUsize::new(0));
    let before = processor_us(std::process::id())?;
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (next, work) = (Arc::clone(&next), work.clone());
            tokio::spawn(async move {
                loop {
                    let turn = next.fetch_add(1, Ordering::Relaxed);
                    if turn >= count {
                        return anyhow::Ok(());
                    }
                    work(turn).await?;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok((processor_us(std::process::id())? - before) / count as f64)
}

// === The exchange ===

/// The exchange as the service has it, asking the stub.
#[derive(Clone)]
struct Exchange {
    exchange: Arc<TokenExchange>,
    scopes: Arc<Scopes>,
}

impl Exchange {
    fn new(stub: &str, folder: &Path) -> Result<Self> {
        let tenant = seed::CONTOSO_TENANT_ID.parse()?;
        let registration = Registration {
            name: "workload".to_owned(),
            authority: Authority {
                url: stub.to_owned(),
                root_certificates_pem: Some(std::fs::read(super::stub::root_certificate(folder))?),
                ..Authority::entra("stub", vec![tenant])
            },
            client_id: seed::WORKLOAD_CLIENT_ID.to_owned(),
            publisher_tenant: Some(tenant),
            credential: Some(CredentialSource::Certificate {
                certificate_file: certificate_file(folder),
                key_file: key_file(folder),
            }),
            consent: Consent::Incremental,
            token_clients: vec![seed::BROKER_CLIENT_ID.to_owned()],
            token_services: Vec::new(),
            downstream_scopes: vec![SCOPE.to_owned()],
        };
        let settings = ExchangeSettings::new(vec![registration]);
        let client = AuthorityClient::new(&settings.registrations, &Clock::system())?;
        Ok(Self {
            exchange: TokenExchange::new(settings, Arc::new(client))?,
            scopes: Arc::new(Scopes::parse(&[SCOPE])?),
        })
    }

    async fn of(&self, caller: &Caller) -> Result<()> {
        let request = ExchangeRequest {
            subject: caller.subject_token().context("no user's token")?,
            scopes: Arc::clone(&self.scopes),
            claims: None,
            freshness: Freshness::Remembered,
        };
        let exchanged = self.exchange.exchange(&request).await?;
        ensure!(!exchanged.from_cache, "an answer from memory");
        Ok(())
    }
}

/// The callers that these tokens make.
async fn verified(tokens: &str, emulator: &str, emulator_root: Vec<u8>) -> Result<Vec<Caller>> {
    let authenticator = Authenticator::start(&auth_settings(emulator, emulator_root)?)?;
    authenticator.ready().await;
    let refuse = Arc::new(SelvedgeRefusal);
    let mut services = GuardedServices::new(selvedge::app::policies()?, refuse.clone());
    services.add(Callers)?;
    let (_, served) = services.into_parts();
    let mut auth = AuthLayer::new(authenticator, served, refuse).layer(Callers);
    let mut callers = Vec::new();
    for token in tokens.lines() {
        let request = Request::builder()
            .uri(METHOD)
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Body::empty())?;
        let answer = auth.call(request).await?;
        let caller = answer.extensions().get::<Caller>().cloned();
        callers.push(caller.context("a token was refused")?);
    }
    Ok(callers)
}

/// Stands behind the layer and hands back the caller that it lets through.
#[derive(Clone)]
struct Callers;

impl NamedService for Callers {
    const NAME: &'static str = SERVICE;
}

impl Service<Request<Body>> for Callers {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut response = Response::new(Body::empty());
        if let Some(caller) = request.extensions().get::<Caller>() {
            response.extensions_mut().insert(caller.clone());
        }
        ready(Ok(response))
    }
}

// === The bare round trip ===

/// A request as long as an exchange's, and nothing made of its answer.
#[derive(Clone)]
struct Trip {
    client: reqwest::Client,
    url: String,
    form: Bytes,
}

impl Trip {
    fn new(stub: &str, folder: &Path, token: &str) -> Result<Self> {
        let root = std::fs::read(super::stub::root_certificate(folder))?;
        let client = reqwest::Client::builder()
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .tls_certs_only([reqwest::Certificate::from_pem(&root)?])
            .build()?;
        let form = format!(
            "client_id={client}&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A\
             client-assertion-type%3Ajwt-bearer&client_assertion={proof}&grant_type=urn%3Aietf%3A\
             params%3Aoauth%3Agrant-type%3Ajwt-bearer&requested_token_use=on_behalf_of&\
             assertion={token}&scope=https%3A%2F%2Fstorage.azure.com%2Fuser_impersonation",
            client = seed::WORKLOAD_CLIENT_ID,
            proof = "p".repeat(CLIENT_ASSERTION_BYTES),
        );
        Ok(Self {
            client,
            url: format!("{stub}/{}/oauth2/v2.0/token", seed::CONTOSO_TENANT_ID),
            form: form.into(),
        })
    }

    async fn make(self) -> Result<()> {
        let answer = self
            .client
            .post(&self.url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "identity")
            .body(self.form)
            .send()
            .await?;
        answer.error_for_status()?.bytes().await?;
        Ok(())
    }
}
