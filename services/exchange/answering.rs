//! How a request is answered: from memory, by a flight under way, or by the authority, in this
//! order. Whatever the authority says is remembered here, for as long as it is worth.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use auth_interceptor::{Clock, UnixSeconds};
use tokio::time::Instant;

use super::answers::{Answers, Found, Fresh};
use super::flights::{Boarding, Flight, Flights};
use super::jitter;
use super::key::ExchangeKey;
use super::memory::Memory;
use super::moment::Moment;
use super::{AnswerSource, ExchangeError, Exchanged, Freshness, RefusalClass, TokenResponse};

/// How long a refused consent is remembered: it is given at the screen, within seconds.
const CONSENT_KEPT: Duration = Duration::from_secs(5);
/// How long other refusals are that need the user.
const USER_KEPT: Duration = Duration::from_secs(120);
/// How long refusals are that an operator or administrator mends.
const OPERATOR_KEPT: Duration = Duration::from_secs(10);
/// How long a loop is: what the authority asks its clients to wait.
const LOOP_KEPT: Duration = Duration::from_secs(60);
/// The longest that an authority can have it last.
const LONGEST_LOOP_KEPT: Duration = Duration::from_secs(60 * 60);
/// How long a refresh waits after one that failed, and as much again by chance.
const REFRESH_AGAIN: Duration = Duration::from_secs(30);
/// When to come back if too much is under way.
const FULL_RETRY: Duration = Duration::from_secs(1);

type Outcome = Result<Exchanged, ExchangeError>;

/// Answers requests.
#[derive(Debug)]
pub(super) struct Answering {
    pub(super) clock: Clock,
    pub(super) memory: Memory,
    pub(super) flights: Arc<Flights<ExchangeKey, Outcome>>,
}

/// One request, as far as answering it goes.
pub(super) struct Wanted<A, R> {
    /// What its answer is remembered under.
    pub(super) key: ExchangeKey,
    /// What a loop is remembered under; none: the authority sees none here.
    pub(super) repetition: R,
    pub(super) answers: Arc<Answers>,
    pub(super) freshness: Freshness,
    /// When the user's own token has ended for good.
    pub(super) until: Option<UnixSeconds>,
    /// The authority's configured name.
    pub(super) authority: Arc<str>,
    /// Asks the authority.
    pub(super) ask: A,
    /// Where the answer came from, once that is known.
    pub(super) source: OnceLock<AnswerSource>,
}

/// Who wants the authority's answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// A caller, who waits for it.
    Caller,
    /// Nobody yet.
    Refresh,
}

impl Answering {
    /// Answers from memory or asks the authority.
    pub(super) async fn answer<A, R, F>(self: &Arc<Self>, wanted: &Wanted<A, R>) -> Outcome
    where
        A: Fn() -> F,
        R: Fn() -> Option<ExchangeKey>,
        F: Future<Output = Result<TokenResponse, ExchangeError>> + Send + 'static,
    {
        match self.at_hand(wanted) {
            Ok(exchanged) => {
                wanted.record(AnswerSource::Memory);
                Ok(exchanged)
            }
            Err(found) => self.answer_from(found, wanted).await,
        }
    }

    /// The token that memory has and that nothing remains to be done about, which is what most
    /// callers get; else whatever memory has.
    pub(super) fn at_hand<A, R>(&self, wanted: &Wanted<A, R>) -> Result<Exchanged, Found> {
        let now = Moment::now(&self.clock);
        match wanted.answers.find(&wanted.key, wanted.freshness, now) {
            Found::Token {
                exchanged,
                refresh: false,
                stale: false,
            } => Ok(exchanged),
            found => Err(found),
        }
    }

    /// Answers by what memory has, or asks the authority.
    pub(super) async fn answer_from<A, R, F>(
        self: &Arc<Self>,
        found: Found,
        wanted: &Wanted<A, R>,
    ) -> Outcome
    where
        A: Fn() -> F,
        R: Fn() -> Option<ExchangeKey>,
        F: Future<Output = Result<TokenResponse, ExchangeError>> + Send + 'static,
    {
        let passed = match self.remembered(found, wanted) {
            Ok(outcome) => return outcome,
            Err(passed) => passed,
        };
        let flight = match self.board(wanted, Reason::Caller, passed) {
            Boarding::Flight(flight) => flight,
            Boarding::Landed(outcome) => return outcome,
            Boarding::Full => {
                return Err(ExchangeError::Overloaded {
                    retry_after: FULL_RETRY,
                });
            }
        };
        let joined = flight.joined;
        wanted.record(if joined {
            AnswerSource::Shared
        } else {
            AnswerSource::Authority
        });
        let outcome = wanted.outcome(flight).await;
        // Somebody had asked before the caller's user acted: that answer is not for this caller.
        let outdated = joined && passed && matches!(outcome, Err(ExchangeError::Refused(_)));
        if !outdated {
            return outcome;
        }
        match self.board(wanted, Reason::Caller, true) {
            Boarding::Flight(flight) => wanted.outcome(flight).await,
            Boarding::Landed(_) | Boarding::Full => outcome,
        }
    }

    /// What memory says, or whether the caller passes it by.
    fn remembered<A, R, F>(
        self: &Arc<Self>,
        found: Found,
        wanted: &Wanted<A, R>,
    ) -> Result<Outcome, bool>
    where
        A: Fn() -> F,
        R: Fn() -> Option<ExchangeKey>,
        F: Future<Output = Result<TokenResponse, ExchangeError>> + Send + 'static,
    {
        match found {
            Found::Token {
                exchanged,
                refresh,
                stale,
            } => {
                wanted.record(if stale {
                    AnswerSource::StaleMemory
                } else {
                    AnswerSource::Memory
                });
                if refresh {
                    // Nobody waits for it: where there is no room, a later caller tries again.
                    let _ = self.board(wanted, Reason::Refresh, true);
                }
                Ok(Ok(exchanged))
            }
            // Whoever says that the user has acted is better off with the answer on its way.
            Found::Refused(_)
                if wanted.freshness != Freshness::Remembered
                    && self.flights.find(&wanted.key).is_some() =>
            {
                Err(false)
            }
            Found::Refused(error) => {
                wanted.record(AnswerSource::RefusalInMemory);
                Ok(Err(error))
            }
            Found::Nothing { passed } => Err(passed),
        }
    }

    fn board<A, R, F>(
        self: &Arc<Self>,
        wanted: &Wanted<A, R>,
        reason: Reason,
        passed: bool,
    ) -> Boarding<Outcome>
    where
        A: Fn() -> F,
        R: Fn() -> Option<ExchangeKey>,
        F: Future<Output = Result<TokenResponse, ExchangeError>> + Send + 'static,
    {
        let repetition = (wanted.repetition)();
        self.flights.board(
            wanted.key,
            || self.landed(wanted, repetition, passed),
            || {
                let ask = (wanted.ask)();
                let flight = InFlight {
                    answering: Arc::clone(self),
                    key: wanted.key,
                    repetition,
                    answers: Arc::clone(&wanted.answers),
                    until: wanted.until,
                    reason,
                };
                async move {
                    let asked_at = Moment::now(&flight.answering.clock);
                    let response = ask.await;
                    flight.land(response, asked_at)
                }
            },
        )
    }

    /// The answer that makes a new flight needless: one that came in since memory was looked
    /// through, or a loop, which nobody passes.
    fn landed<A, R>(
        &self,
        wanted: &Wanted<A, R>,
        repetition: Option<ExchangeKey>,
        passed: bool,
    ) -> Option<Outcome> {
        let now = Moment::now(&self.clock);
        let find = |key| wanted.answers.find(key, Freshness::Remembered, now);
        if let Some(Found::Refused(error)) = repetition.as_ref().map(find) {
            wanted.record(AnswerSource::RefusalInMemory);
            return Some(Err(error));
        }
        if passed {
            return None;
        }
        match find(&wanted.key) {
            Found::Token { exchanged, .. } => {
                wanted.record(AnswerSource::Memory);
                Some(Ok(exchanged))
            }
            Found::Refused(error) => {
                wanted.record(AnswerSource::RefusalInMemory);
                Some(Err(error))
            }
            Found::Nothing { .. } => None,
        }
    }
}

impl<A, R> Wanted<A, R> {
    /// Notes where the answer came from. The first word stands: what goes on for others' sake is not
    /// this caller's.
    fn record(&self, source: AnswerSource) {
        let _ = self.source.set(source);
    }

    async fn outcome(&self, flight: Flight<Outcome>) -> Outcome {
        let unavailable = || ExchangeError::AuthorityUnavailable {
            authority: Arc::clone(&self.authority),
            retry_after: FULL_RETRY,
        };
        flight.outcome().await.unwrap_or_else(|| Err(unavailable()))
    }
}

/// What a flight needs to remember its outcome, whoever waits for it.
struct InFlight {
    answering: Arc<Answering>,
    key: ExchangeKey,
    repetition: Option<ExchangeKey>,
    answers: Arc<Answers>,
    until: Option<UnixSeconds>,
    reason: Reason,
}

impl InFlight {
    fn land(self, response: Result<TokenResponse, ExchangeError>, asked_at: Moment) -> Outcome {
        let now = Moment::now(&self.answering.clock);
        let outcome = match response {
            Ok(response) => Ok(self.succeed(response, asked_at, now)),
            Err(error) => {
                self.fail(&error, now);
                Err(error)
            }
        };
        self.answering.memory.weigh(&self.answers);
        outcome
    }

    fn succeed(&self, response: TokenResponse, asked_at: Moment, now: Moment) -> Exchanged {
        let fresh = Fresh::of(response, asked_at, self.until);
        let exchanged = fresh.exchanged.clone();
        self.answers.remember_token(self.key, fresh, now);
        exchanged
    }

    fn fail(&self, error: &ExchangeError, now: Moment) {
        if let (Some(repetition), Some(lasts)) = (self.repetition, loop_kept(error)) {
            tracing::error!("the authority sees the same request too often");
            self.answers.remember_refusal(repetition, error, lasts, now);
        }
        if self.reason == Reason::Refresh {
            // The token counts until its margin; then the authority's word does.
            let later = REFRESH_AGAIN + jitter::within(REFRESH_AGAIN);
            self.answers
                .put_refresh_off(&self.key, Instant::now() + later);
        } else if let Some(lasts) = kept(error) {
            self.answers.remember_refusal(self.key, error, lasts, now);
        }
    }
}

/// How long an answer to one request is remembered for its like. What concerns more than that is
/// remembered where it is met.
fn kept(error: &ExchangeError) -> Option<Duration> {
    let ExchangeError::Refused(refusal) = error else {
        return None;
    };
    match refusal.class {
        RefusalClass::Consent => Some(CONSENT_KEPT),
        RefusalClass::Interaction | RefusalClass::Blocked | RefusalClass::SubjectRejected => {
            Some(USER_KEPT)
        }
        RefusalClass::ClientUnauthorized
        | RefusalClass::ScopeInvalid
        | RefusalClass::ResourceInvalid => Some(OPERATOR_KEPT),
        RefusalClass::ClientCredential | RefusalClass::Throttled | RefusalClass::Loop => None,
    }
}

fn loop_kept(error: &ExchangeError) -> Option<Duration> {
    match error {
        ExchangeError::Refused(refusal) if refusal.class == RefusalClass::Loop => {
            let asked_for = refusal.retry_after.unwrap_or_default();
            Some(asked_for.clamp(LOOP_KEPT, LONGEST_LOOP_KEPT))
        }
        _ => None,
    }
}
