//! Whether the service can do its work: what it cannot do without is checked again and again, and
//! each change is logged. A service that is not ready lives on: nothing here ends it.

use std::sync::Arc;
use std::time::Duration;

use auth_interceptor::{Authenticator, Clock};
use tokio::sync::watch;

use crate::exchange::{AuthorityClient, TokenExchange};
use crate::store::Store;

/// A store that misses so many checks in a row is not there. One may be missed in a crowd, which
/// would only move to the next replica.
const MISSES: u32 = 2;

/// What the service cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Every authority's keys are there, and fresh enough to decide by.
    Keys,
    /// The store answers.
    Store,
    /// Every registration's credential can be used and has not expired.
    Credential,
}

impl Check {
    /// Every check.
    pub const ALL: [Self; 3] = [Self::Keys, Self::Store, Self::Credential];

    /// The value of `selvedge.ready.check`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Store => "store",
            Self::Credential => "credential",
        }
    }
}

/// Which checks pass. None does until it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    keys: bool,
    store: bool,
    credential: bool,
}

impl Passed {
    /// Whether this one passes.
    #[must_use]
    pub fn passes(self, check: Check) -> bool {
        match check {
            Check::Keys => self.keys,
            Check::Store => self.store,
            Check::Credential => self.credential,
        }
    }

    /// Whether all pass.
    #[must_use]
    pub fn all(self) -> bool {
        Check::ALL.into_iter().all(|check| self.passes(check))
    }

    fn place(&mut self, check: Check) -> &mut bool {
        match check {
            Check::Keys => &mut self.keys,
            Check::Store => &mut self.store,
            Check::Credential => &mut self.credential,
        }
    }
}

/// The outcome of the latest checks.
#[derive(Debug, Default)]
pub struct Readiness(watch::Sender<Passed>);

impl Readiness {
    /// Which checks pass now.
    #[must_use]
    pub fn passed(&self) -> Passed {
        *self.0.borrow()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Passed> {
        self.0.subscribe()
    }

    fn set(&self, check: Check, passes: bool) {
        let change = |passed: &mut Passed| {
            let place = passed.place(check);
            std::mem::replace(place, passes) != passes
        };
        if !self.0.send_if_modified(change) {
            return;
        }
        let check = check.as_str();
        if passes {
            tracing::info!(name: "ready_check_passed", { selvedge.ready.check = check }, "a readiness check passes");
        } else {
            tracing::warn!(name: "ready_check_failed", { selvedge.ready.check = check }, "a readiness check fails");
        }
    }
}

/// What is checked.
pub(super) struct Checks {
    pub(super) readiness: Arc<Readiness>,
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) store: Arc<dyn Store>,
    pub(super) exchange: Arc<TokenExchange>,
    pub(super) credentials: Arc<AuthorityClient>,
    pub(super) clock: Clock,
    /// How often what says nothing by itself is asked.
    pub(super) every: Duration,
}

impl Checks {
    /// Checks until it is dropped.
    pub(super) async fn run(self) {
        tokio::join!(self.keys(), self.store_and_credential());
    }

    async fn keys(&self) {
        let mut usable = self.authenticator.readiness();
        loop {
            let all = usable.iter_mut().all(|one| *one.borrow_and_update());
            self.readiness.set(Check::Keys, all);
            let changes = usable.iter_mut().map(|one| Box::pin(one.changed()));
            // The senders live as long as the authenticator.
            let _ = futures_util::future::select_all(changes).await;
        }
    }

    async fn store_and_credential(&self) {
        let mut missed = 0;
        loop {
            self.readiness
                .set(Check::Credential, self.has_credentials());
            missed = match self.store.ping().await {
                Ok(()) => 0,
                Err(_) => MISSES.min(missed + 1),
            };
            if missed == 0 || missed == MISSES {
                self.readiness.set(Check::Store, missed == 0);
            }
            tokio::time::sleep(self.every).await;
        }
    }

    fn has_credentials(&self) -> bool {
        let now = self.clock.now();
        self.exchange.registration_names().all(|name| {
            match self.credentials.credential_status(name) {
                // It has none, and exchanges nothing.
                None => true,
                Some(Ok(status)) => status.expires_at.is_none_or(|end| now < end),
                Some(Err(_)) => false,
            }
        })
    }
}
