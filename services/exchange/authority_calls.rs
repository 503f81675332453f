//! The one way to an authority: pauses, circuit, retry budget and deadline, in that order.
//!
//! A call that fails on the way, in time or with a 5xx without `Retry-After` is tried once more, if
//! the budget of the whole process has room: an authority in trouble never sees much more than it
//! is asked. Whatever the authority answers is an answer, and asked for once.

use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::TenantId;
use backon::Retryable as _;
use tokio::time::{Instant, sleep, timeout_at};
use tower::retry::budget::{Budget as _, TpsBudget};

use super::circuit::{Circuits, Line};
use super::jitter;
use super::pauses::{Asked, Pauses};
use super::{ExchangeError, Grant, Registration, TokenEndpoint, TokenResponse};

/// The longest wait before the second try; the waits are drawn evenly below it.
const LONGEST_WAIT: Duration = Duration::from_millis(200);
/// When to try again where the authority does not say.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Further tries a second that are always there, so that a quiet process has one.
const SPARE_TRIES: u32 = 1;
/// Further tries, as a part of the calls of the last second. With the spare one both stay within
/// a tenth from 35 calls a second on.
const TRIES_PER_CALL: f32 = 0.07;

/// Calls to authorities.
#[derive(Debug)]
pub(super) struct AuthorityCalls {
    endpoint: Arc<dyn TokenEndpoint>,
    circuits: Circuits,
    pauses: Pauses,
    budget: TpsBudget,
    patience: Duration,
}

impl AuthorityCalls {
    pub(super) fn new(endpoint: Arc<dyn TokenEndpoint>, patience: Duration) -> Self {
        Self {
            endpoint,
            circuits: Circuits::new(),
            pauses: Pauses::default(),
            budget: TpsBudget::new(Duration::from_secs(1), SPARE_TRIES, TRIES_PER_CALL),
            patience,
        }
    }

    /// The authority of each open circuit.
    pub(super) fn open_circuits(&self) -> Vec<Arc<str>> {
        self.circuits.open()
    }

    /// Asks the registration's authority in `tenant`, twice at most.
    pub(super) async fn request(
        &self,
        registration: &Arc<Registration>,
        tenant: TenantId,
        grant: Grant,
    ) -> Result<TokenResponse, ExchangeError> {
        let scopes = Arc::clone(grant.scopes());
        let asked = Asked {
            registration,
            tenant,
            scopes: &scopes,
            credential: self.endpoint.credential_version(registration),
        };
        self.pauses.check(asked)?;
        let call = Call {
            calls: self,
            registration,
            asked,
            line: (registration.authority.name.as_str().into(), tenant),
            deadline: Instant::now() + self.patience,
        };
        self.budget.deposit();
        let mut tries = 0;
        let attempt = || {
            tries += 1;
            call.attempt(grant.clone(), tries)
        };
        let answer = attempt
            .retry(std::iter::once(jitter::within(LONGEST_WAIT)))
            .sleep(sleep)
            .when(|error| is_transient(error) && call.has_time() && self.budget.withdraw())
            .await;
        answer.map_err(with_delay)
    }
}

/// One request, tried once or twice.
struct Call<'a> {
    calls: &'a AuthorityCalls,
    registration: &'a Arc<Registration>,
    asked: Asked<'a>,
    line: Line,
    deadline: Instant,
}

impl Call<'_> {
    async fn attempt(&self, grant: Grant, number: u32) -> Result<TokenResponse, ExchangeError> {
        let unavailable = |retry_after| ExchangeError::AuthorityUnavailable {
            authority: Arc::clone(&self.line.0),
            retry_after,
        };
        let admission = self.calls.circuits.admit(&self.line).map_err(unavailable)?;
        let left = self.deadline.saturating_duration_since(Instant::now());
        // The first try leaves time for the second.
        let patience = if number == 1 { left / 5 * 3 } else { left };
        let answer = self.calls.endpoint.request(
            Arc::clone(self.registration),
            self.asked.tenant,
            grant,
            patience,
        );
        let answer = timeout_at(Instant::now() + patience, answer)
            .await
            .unwrap_or_else(|_| {
                Err(ExchangeError::AuthorityTimeout {
                    authority: Arc::clone(&self.line.0),
                    retry_after: Duration::ZERO,
                })
            });
        let answered = !matches!(
            answer,
            Err(ExchangeError::AuthorityUnavailable { .. } | ExchangeError::AuthorityTimeout { .. })
        );
        self.calls.circuits.record(&self.line, admission, answered);
        answer.inspect_err(|error| self.calls.pauses.note(self.asked, error))
    }

    fn has_time(&self) -> bool {
        Instant::now() + LONGEST_WAIT < self.deadline
    }
}

/// Whether another try may fare better at once. An authority that says when to come back means it.
fn is_transient(error: &ExchangeError) -> bool {
    match error {
        ExchangeError::AuthorityUnavailable { retry_after, .. }
        | ExchangeError::AuthorityTimeout { retry_after, .. } => retry_after.is_zero(),
        _ => false,
    }
}

/// Says when to come back where the authority has not.
fn with_delay(mut error: ExchangeError) -> ExchangeError {
    if let ExchangeError::AuthorityUnavailable { retry_after, .. }
    | ExchangeError::AuthorityTimeout { retry_after, .. } = &mut error
    {
        *retry_after = (*retry_after).max(RETRY_AFTER);
    }
    error
}
