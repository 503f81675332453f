//! Pauses that an authority or a broken credential imposes: within one, nobody is asked.
//!
//! A throttled registration waits in that tenant for as long as `Retry-After` says; a credential
//! that was refused is not tried again until it is another one, or for a few seconds.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use auth_interceptor::TenantId;
use tokio::time::Instant;

use super::{AuthorityRefusal, ExchangeError, RefusalClass, Registration, Scopes};

/// The pause of an authority that names none.
const DEFAULT_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause that an authority can impose.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
/// How long a refused credential is not tried again.
const CREDENTIAL_PAUSE: Duration = Duration::from_secs(10);
/// How many pauses are kept. Tenants are allow-listed, so that this is for mistakes.
const MOST: usize = 4_096;

/// The pauses in force.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    throttled: Mutex<HashMap<(String, TenantId), Pause>>,
    credentials: Mutex<HashMap<String, (u64, Pause)>>,
}

#[derive(Clone, Debug)]
struct Pause {
    until: Instant,
    error: ExchangeError,
}

/// What is about to be asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) registration: &'a Registration,
    pub(super) tenant: TenantId,
    pub(super) scopes: &'a Arc<Scopes>,
    /// Changes with the registration's credential.
    pub(super) credential: u64,
}

impl Pauses {
    /// Refuses what must not be asked now, with the time that is left.
    pub(super) fn check(&self, asked: Asked<'_>) -> Result<(), ExchangeError> {
        let now = Instant::now();
        let name = &asked.registration.name;
        let throttled = lock(&self.throttled)
            .get(&(name.clone(), asked.tenant))
            .filter(|pause| now < pause.until)
            .cloned();
        if let Some(pause) = throttled {
            return Err(pause.error_for(asked, pause.until - now));
        }
        let mut credentials = lock(&self.credentials);
        if let Some((version, pause)) = credentials.get(name) {
            if *version == asked.credential && now < pause.until {
                return Err(pause.error_for(asked, pause.until - now));
            }
            credentials.remove(name);
        }
        Ok(())
    }

    /// Takes note of an answer that imposes a pause.
    pub(super) fn note(&self, asked: Asked<'_>, error: &ExchangeError) {
        let now = Instant::now();
        let name = asked.registration.name.clone();
        let pause = |lasts: Duration| Pause {
            until: now + lasts.min(LONGEST_PAUSE),
            error: error.clone(),
        };
        match error {
            ExchangeError::Refused(refusal) if refusal.class == RefusalClass::Throttled => {
                let lasts = refusal.retry_after.unwrap_or(DEFAULT_PAUSE);
                insert(&self.throttled, (name, asked.tenant), pause(lasts), now);
            }
            ExchangeError::AuthorityUnavailable { retry_after, .. } if !retry_after.is_zero() => {
                insert(
                    &self.throttled,
                    (name, asked.tenant),
                    pause(*retry_after),
                    now,
                );
            }
            ExchangeError::Refused(refusal) if refusal.class == RefusalClass::ClientCredential => {
                tracing::error!(
                    selvedge.registration.name = name,
                    selvedge.authority.aadsts = refusal.code(),
                    "the authority does not accept the registration's credential"
                );
                lock(&self.credentials).insert(name, (asked.credential, pause(CREDENTIAL_PAUSE)));
            }
            _ => {}
        }
    }
}

impl Pause {
    /// The error for another request: what belonged to the one that met the pause is left out.
    fn error_for(&self, asked: Asked<'_>, left: Duration) -> ExchangeError {
        match &self.error {
            ExchangeError::Refused(refusal) => {
                let retry_after = (refusal.class == RefusalClass::Throttled).then_some(left);
                ExchangeError::Refused(Arc::new(AuthorityRefusal {
                    tenant: asked.tenant,
                    scopes: Arc::clone(asked.scopes),
                    claims: None,
                    retry_after,
                    ..AuthorityRefusal::clone(refusal)
                }))
            }
            ExchangeError::AuthorityUnavailable { authority, .. } => {
                ExchangeError::AuthorityUnavailable {
                    authority: Arc::clone(authority),
                    retry_after: left,
                }
            }
            other => other.clone(),
        }
    }
}

fn insert<K: Eq + Hash>(pauses: &Mutex<HashMap<K, Pause>>, key: K, pause: Pause, now: Instant) {
    let mut pauses = lock(pauses);
    if pauses.len() >= MOST {
        pauses.retain(|_, pause| now < pause.until);
    }
    if pauses.len() < MOST || pauses.contains_key(&key) {
        pauses.insert(key, pause);
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // A map is whole between any two statements that hold the lock.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
