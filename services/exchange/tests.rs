//! What the exchange promises, with an authority that a test speaks for and clocks that it moves.

pub(super) mod authority;
mod caching;
mod isolation;
mod receivers;
mod refusals;
mod single_flight;
mod upstream_faults;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use auth_interceptor::{Authority, Caller, Clock, UnixSeconds};
use tokio::time::{Instant, advance};

use self::authority::{Handle, Scripted};
use super::{
    ClaimsRequest, Consent, CredentialSource, ExchangeError, ExchangeRequest, ExchangeSettings,
    Exchanged, Freshness, Registration, Scopes, TokenExchange,
};
use crate::tests::callers::{CONTOSO, REGISTRATIONS};

/// An exchange beside a scripted authority.
pub(super) struct World {
    pub(super) exchange: Arc<TokenExchange>,
    pub(super) authority: Arc<Scripted>,
    /// How far the wall clock is from where it should be.
    jump: Arc<AtomicI64>,
}

impl World {
    pub(super) fn new(authority: Arc<Scripted>) -> Self {
        Self::with(authority, |_| {})
    }

    pub(super) fn with(
        authority: Arc<Scripted>,
        change: impl FnOnce(&mut ExchangeSettings),
    ) -> Self {
        let jump = Arc::new(AtomicI64::new(0));
        let mut settings = ExchangeSettings {
            clock: clock(Arc::clone(&jump)),
            ..ExchangeSettings::new(REGISTRATIONS.map(registration).into())
        };
        change(&mut settings);
        Self {
            exchange: TokenExchange::new(settings, Arc::new(Handle(Arc::clone(&authority))))
                .unwrap(),
            authority,
            jump,
        }
    }

    fn set_wall_clock(&self, seconds: i64) {
        self.jump.store(seconds, Ordering::Relaxed);
    }

    async fn exchange(&self, caller: &Caller) -> Result<Exchanged, ExchangeError> {
        self.exchange.exchange(&request(caller)).await
    }

    async fn exchange_marked(
        &self,
        caller: &Caller,
        freshness: Freshness,
    ) -> Result<Exchanged, ExchangeError> {
        let request = ExchangeRequest {
            freshness,
            ..request(caller)
        };
        self.exchange.exchange(&request).await
    }

    /// The token for the caller, and how often the authority was asked so far.
    async fn token(&self, caller: &Caller) -> (String, usize) {
        let exchanged = self.exchange(caller).await.unwrap();
        let token = exchanged.access_token.expose().to_owned();
        (token, self.authority.asked())
    }
}

/// The machine's time at the start, as tokio's clock goes on from there, and as a test sets it.
fn clock(jump: Arc<AtomicI64>) -> Clock {
    let began = Clock::system().now();
    let start = Instant::now();
    Clock::from_fn(move || {
        let passed: UnixSeconds = start.elapsed().as_secs();
        (began + passed).saturating_add_signed(jump.load(Ordering::Relaxed))
    })
}

fn registration((name, client_id): (&str, &str)) -> Registration {
    Registration {
        name: name.to_owned(),
        authority: Authority::entra("entra", vec![CONTOSO.parse().unwrap()]),
        client_id: client_id.to_owned(),
        publisher_tenant: Some(CONTOSO.parse().unwrap()),
        credential: Some(CredentialSource::Secret {
            file: "secret".into(),
        }),
        consent: Consent::Incremental,
        token_clients: Vec::new(),
        token_services: Vec::new(),
        downstream_scopes: vec!["fabric/read".to_owned(), "fabric/write".to_owned()],
    }
}

pub(super) fn scopes(scopes: &[&str]) -> Arc<Scopes> {
    Arc::new(Scopes::parse(scopes).unwrap())
}

/// A request as most are.
fn request(caller: &Caller) -> ExchangeRequest<'_> {
    ExchangeRequest {
        subject: caller.subject_token().unwrap(),
        scopes: scopes(&["fabric/read"]),
        claims: None,
        freshness: Freshness::Remembered,
    }
}

fn claims(text: &str) -> Option<ClaimsRequest> {
    Some(ClaimsRequest::parse(text).unwrap())
}

async fn seconds(seconds: u64) {
    advance(Duration::from_secs(seconds)).await;
}
