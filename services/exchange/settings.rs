//! What an exchange is set up with: registrations, and bounds on what it holds and how long.

use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::{Clock, Propagate, Unpropagated};

use super::{ExchangeObserver, RefreshTokens, Registration, Unobserved};

/// All that a [`TokenExchange`](super::TokenExchange) is set up with.
#[derive(Clone, Debug)]
pub struct ExchangeSettings {
    /// The applications whose users' tokens are exchanged, each name once.
    pub registrations: Vec<Registration>,
    /// The wall clock.
    pub clock: Clock,
    /// How long one exchange may take, further tries included.
    pub patience: Duration,
    /// How many exchanges may be under way.
    pub exchanges_under_way: usize,
    /// How much memory the users' tokens and refusals may take, in bytes.
    pub memory_bytes: u64,
    /// Where long-running work keeps what it acts with; none: there is no such work.
    pub refresh_tokens: Option<RefreshTokens>,
    /// Who watches.
    pub observer: Arc<dyn ExchangeObserver>,
    /// Which authorities learn of the traces that requests to them are of.
    pub propagate: Arc<dyn Propagate>,
}

impl ExchangeSettings {
    /// The registrations, with the bounds that suit most.
    #[must_use]
    pub fn new(registrations: Vec<Registration>) -> Self {
        Self {
            registrations,
            clock: Clock::system(),
            patience: Duration::from_secs(5),
            exchanges_under_way: 2_048,
            memory_bytes: 256 * 1024 * 1024,
            refresh_tokens: None,
            observer: Arc::new(Unobserved),
            propagate: Arc::new(Unpropagated),
        }
    }
}

/// Why an exchange cannot be set up. The operator acts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeStartError {
    /// Two registrations share a name: a token would have two of them.
    #[error("the registration {name} is configured twice")]
    RegistrationRepeated {
        /// The name.
        name: String,
    },
    /// The machine has no randomness: nothing can be remembered safely.
    #[error("the machine has no source of randomness")]
    NoRandomness,
}
