//! The exchange itself: who may ask, what is asked of the authority, what comes back.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use auth_interceptor::{Caller, SubjectToken, TenantId};
use tracing::Instrument as _;
use tracing::field::Empty;

use super::answering::{Answering, Wanted};
use super::answers::Answers;
use super::authority_calls::AuthorityCalls;
use super::flights::Flights;
use super::key::{ExchangeKey, KeyMaker, Subject};
use super::memory::Memory;
use super::registrations::Registrations;
use super::{
    AnswerSource, ExchangeError, ExchangeObserver, ExchangeReport, ExchangeRequest,
    ExchangeSettings, ExchangeStartError, Exchanged, Freshness, Grant, RefreshTokens, Scopes,
    TokenEndpoint,
};
use crate::secret::Secret;
use crate::store::{Owner, StoreError};
use crate::telemetry::names;

/// For how long after its `exp` a user's token is still taken for one that counts.
const CLOCK_SKEW_SECONDS: u64 = 60;
/// How many tokens of its own the service may have: its code asks for a handful of resources.
const APPLICATION_TOKENS: usize = 256;

/// Exchanges the tokens of verified callers, by the registration that each token is meant for.
#[derive(Debug)]
pub struct TokenExchange {
    pub(super) registrations: Registrations,
    pub(super) keys: KeyMaker,
    pub(super) answering: Arc<Answering>,
    pub(super) calls: Arc<AuthorityCalls>,
    pub(super) refresh_tokens: Option<RefreshTokens>,
    /// The service's own tokens, apart from any user's.
    application: Arc<Answers>,
    pub(super) observer: Arc<dyn ExchangeObserver>,
}

impl TokenExchange {
    /// Exchanges at `endpoint` for the registrations of `settings`.
    ///
    /// # Errors
    ///
    /// The settings contradict each other, or the machine lacks randomness.
    pub fn new(
        settings: ExchangeSettings,
        endpoint: Arc<dyn TokenEndpoint>,
    ) -> Result<Arc<Self>, ExchangeStartError> {
        Ok(Arc::new(Self {
            registrations: Registrations::new(settings.registrations)?,
            keys: KeyMaker::new().ok_or(ExchangeStartError::NoRandomness)?,
            answering: Arc::new(Answering {
                clock: settings.clock,
                memory: Memory::new(settings.memory_bytes),
                flights: Flights::new(settings.exchanges_under_way),
            }),
            calls: Arc::new(AuthorityCalls::new(endpoint, settings.patience)),
            refresh_tokens: settings.refresh_tokens,
            application: Arc::new(Answers::new(None, APPLICATION_TOKENS)),
            observer: settings.observer,
        }))
    }

    /// Whether the caller may be handed an exchanged token: its application is on the list of
    /// clients or, where it proves itself beside the user, on that of services.
    ///
    /// # Errors
    ///
    /// No user is calling, or the caller is on neither list.
    pub fn may_receive(&self, caller: &Caller) -> Result<(), ExchangeError> {
        self.registrations.may_receive(caller)
    }

    /// Whether every scope is one that callers may ask for.
    ///
    /// # Errors
    ///
    /// One is not on the list of the subject's registration.
    pub fn allowed(&self, subject: &SubjectToken, scopes: &Scopes) -> Result<(), ExchangeError> {
        self.registrations.allow(subject, scopes)
    }

    /// A downstream token for the user of the request.
    ///
    /// # Errors
    ///
    /// There is none: the error says who has to act.
    pub async fn exchange(
        &self,
        request: &ExchangeRequest<'_>,
    ) -> Result<Exchanged, ExchangeError> {
        let began = Instant::now();
        let (outcome, source) = self.answer(request).await;
        self.observer.answered(&ExchangeReport {
            request,
            source,
            duration: began.elapsed(),
            error: outcome.as_ref().err(),
        });
        outcome
    }

    async fn answer(
        &self,
        request: &ExchangeRequest<'_>,
    ) -> (Result<Exchanged, ExchangeError>, AnswerSource) {
        let claims = request.subject.claims();
        let registration = match self.registrations.with_credential(claims.registration()) {
            Ok(registration) => registration,
            Err(error) => return (Err(error), AnswerSource::Nowhere),
        };
        let subject = Subject::of(registration, request.subject);
        let memory = &self.answering.memory;
        let ask = || {
            let calls = Arc::clone(&self.calls);
            let registration = Arc::clone(registration);
            let tenant = claims.tenant();
            let grant = Grant::OnBehalfOf {
                assertion: Secret::new(request.subject.expose()),
                scopes: Arc::clone(&request.scopes),
                claims: request.claims.clone(),
                offline: false,
            };
            async move { calls.request(&registration, tenant, grant).await }
        };
        let wanted = Wanted {
            key: self.key(&subject, request),
            repetition: || Some(self.keys.repetition(&subject, &request.scopes)),
            answers: memory.find_or_begin(Owner::from(claims)),
            freshness: request.freshness,
            until: Some(claims.expires_at().saturating_add(CLOCK_SKEW_SECONDS)),
            authority: registration.authority.name.as_str().into(),
            ask,
            source: OnceLock::new(),
        };
        // A span costs more than all the rest of an answer that is at hand: those have none.
        let found = match self.answering.at_hand(&wanted) {
            Ok(exchanged) => return (Ok(exchanged), AnswerSource::Memory),
            Err(found) => found,
        };
        let span = tracing::info_span!(
            "exchange",
            selvedge.registration.name = claims.registration(),
            selvedge.exchange.resource = request.scopes.resource(),
            selvedge.exchange.cache = Empty,
        );
        let answer = self.answering.answer_from(found, &wanted);
        let outcome = answer.instrument(span.clone()).await;
        let source = wanted.source.get().copied();
        let source = source.unwrap_or(AnswerSource::Nowhere);
        span.record(names::EXCHANGE_CACHE, source.as_str());
        (outcome, source)
    }

    /// Forgets the token that the request was answered with: downstream has rejected it. One that
    /// has taken its place since stays.
    pub fn discard(&self, request: &ExchangeRequest<'_>, rejected: &Secret) {
        let claims = request.subject.claims();
        let Ok(registration) = self.registrations.with_credential(claims.registration()) else {
            return;
        };
        if let Some(answers) = self.answering.memory.find(&Owner::from(claims)) {
            let key = self.key(&Subject::of(registration, request.subject), request);
            answers.discard(&key, rejected);
        }
    }

    /// The registration's own token, of its publisher's tenant, for calls in which the service
    /// proves itself beside the user. It is handed to no caller.
    ///
    /// # Errors
    ///
    /// There is none: the error says who has to act.
    pub async fn application_token(
        &self,
        registration: &str,
        scopes: &Arc<Scopes>,
    ) -> Result<Secret, ExchangeError> {
        let token = self.ask_for_application(registration, scopes).await;
        token.inspect_err(|error| self.observer.failed(error))
    }

    async fn ask_for_application(
        &self,
        registration: &str,
        scopes: &Arc<Scopes>,
    ) -> Result<Secret, ExchangeError> {
        let registration = self.registrations.with_credential(registration)?;
        let tenant =
            registration
                .publisher_tenant
                .ok_or_else(|| ExchangeError::CredentialUnusable {
                    registration: registration.name.as_str().into(),
                })?;
        let ask = || {
            let calls = Arc::clone(&self.calls);
            let registration = Arc::clone(registration);
            let scopes = Arc::clone(scopes);
            async move {
                let grant = Grant::ClientCredentials { scopes };
                calls.request(&registration, tenant, grant).await
            }
        };
        let wanted = Wanted {
            key: self.keys.application(registration, tenant, scopes),
            repetition: || None,
            answers: Arc::clone(&self.application),
            freshness: Freshness::Remembered,
            until: None,
            authority: registration.authority.name.as_str().into(),
            ask,
            source: OnceLock::new(),
        };
        let exchanged = self.answering.answer(&wanted).await?;
        Ok(exchanged.access_token)
    }

    /// In how many tenants each configured authority mostly fails, so that it is asked once in a
    /// while only.
    #[must_use]
    pub fn open_circuits(&self) -> BTreeMap<Arc<str>, usize> {
        let mut open: BTreeMap<Arc<str>, usize> = self
            .registrations
            .iter()
            .map(|registration| (registration.authority.name.as_str().into(), 0))
            .collect();
        for authority in self.calls.open_circuits() {
            *open.entry(authority).or_default() += 1;
        }
        open
    }

    /// How many requests to authorities are waited for; those for the same token are one.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.answering.flights.under_way()
    }

    /// The configured registrations' names.
    pub fn registration_names(&self) -> impl Iterator<Item = &str> {
        let registrations = self.registrations.iter();
        registrations.map(|registration| registration.name.as_str())
    }

    /// Forgets the tokens and refusals of a user, or of all users of a tenant, stored refresh tokens
    /// included.
    ///
    /// # Errors
    ///
    /// What is stored could not be deleted.
    pub async fn forget(
        &self,
        tenant: TenantId,
        object_id: Option<&str>,
    ) -> Result<(), StoreError> {
        match object_id {
            Some(object_id) => {
                let owner = Owner::new(tenant, object_id);
                self.answering.memory.forget_user(&owner);
            }
            None => self.answering.memory.forget_tenant(tenant),
        }
        if let Some(RefreshTokens { store, .. }) = &self.refresh_tokens {
            store.forget_refresh_tokens(tenant, object_id).await?;
        }
        Ok(())
    }

    fn key(&self, subject: &Subject<'_>, request: &ExchangeRequest<'_>) -> ExchangeKey {
        self.keys
            .answer(subject, &request.scopes, request.claims.as_ref())
    }
}
