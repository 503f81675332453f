//! What is known of the keys that decisions are made by: for health checks, metrics and operators.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::{Authenticator, TrustedAuthority};

/// The state of one authority's keys, for health checks and operators.
#[derive(Clone, Debug)]
pub struct AuthorityStatus {
    /// The authority's configured name.
    pub name: Arc<str>,
    /// How many keys there are to verify with; none until the first good read.
    pub keys: usize,
    /// The time since the last good read.
    pub keys_age: Option<Duration>,
    /// Why the latest read failed, if it did.
    pub last_error: Option<String>,
    /// How far the authority's clock is ahead of this machine's, in seconds.
    pub clock_skew_seconds: Option<i64>,
    /// The time since the authority last told its clock's time.
    pub clock_told: Option<Duration>,
}

impl Authenticator {
    /// Per authority, whether its keys are there and fresh enough to decide by.
    #[must_use]
    pub fn readiness(&self) -> Vec<watch::Receiver<bool>> {
        self.authorities
            .iter()
            .map(|authority| authority.keys.subscribe())
            .collect()
    }

    /// Waits until every authority's keys are there.
    pub async fn ready(&self) {
        for mut readiness in self.readiness() {
            // The sender lives as long as `self`.
            let _ = readiness.wait_for(|ready| *ready).await;
        }
    }

    /// The state of every authority's keys.
    #[must_use]
    pub fn status(&self) -> Vec<AuthorityStatus> {
        let now = self.clock.now();
        let status = |authority: &TrustedAuthority| {
            let keys = authority.keys.status();
            let clock = authority.keys.skew_seconds(now);
            AuthorityStatus {
                name: Arc::clone(&authority.name),
                keys: keys.keys,
                keys_age: keys.age,
                last_error: keys.last_error.map(|error| error.to_string()),
                clock_skew_seconds: clock.map(|(seconds, _)| seconds),
                clock_told: clock.map(|(_, told)| told),
            }
        };
        self.authorities.iter().map(status).collect()
    }
}
