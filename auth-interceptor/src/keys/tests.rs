//! The key life cycle, from a document's bytes to what callers see.

mod authority_double;
mod budget;
mod faults;
mod intake;
mod life_cycle;
mod signer;
mod telemetry;
mod unknown_kid;

use std::sync::Arc;
use std::time::Duration;

use super::AuthorityKeys;
use super::authority_keys::KeyStatus;
use crate::authority::{Authority, KeySettings};
use crate::observer::{Observer, Unobserved};
use crate::propagate::{Propagate, Unpropagated};

/// What waits for an event fails after this long; nothing waits for a time.
const DEADLINE: Duration = Duration::from_secs(20);

async fn before_deadline<F: IntoFuture>(event: F) -> F::Output {
    tokio::time::timeout(DEADLINE, event)
        .await
        .expect("the event did not happen before the deadline")
}

/// Settings under which nothing happens by itself after the first read.
fn quiet() -> KeySettings {
    KeySettings::default()
}

/// Settings under which keys are read again and again.
fn busy() -> KeySettings {
    KeySettings {
        refresh: Duration::from_millis(20),
        ..quiet()
    }
}

fn unobserved() -> Arc<dyn Observer> {
    Arc::new(Unobserved)
}

fn unpropagated() -> Arc<dyn Propagate> {
    Arc::new(Unpropagated)
}

/// Starts and waits for the first keys.
async fn loaded(authority: &Authority, settings: &KeySettings) -> Arc<AuthorityKeys> {
    let keys = AuthorityKeys::start(authority, settings, &unobserved(), &unpropagated()).unwrap();
    before_usable(&keys).await;
    keys
}

async fn before_usable(keys: &AuthorityKeys) {
    let mut usable = keys.subscribe();
    before_deadline(usable.wait_for(|usable| *usable))
        .await
        .unwrap();
}

/// Waits for a read after which the status is as wanted.
async fn status(keys: &AuthorityKeys, wanted: impl Fn(&KeyStatus) -> bool) -> KeyStatus {
    after_read(keys, || Some(keys.status()).filter(&wanted)).await
}

/// Waits for a read after which the keys are as wanted.
async fn after_read<T>(keys: &AuthorityKeys, wanted: impl Fn() -> Option<T>) -> T {
    let mut finished = keys.finished.clone();
    before_deadline(async {
        loop {
            if let Some(found) = wanted() {
                return found;
            }
            finished.changed().await.unwrap();
        }
    })
    .await
}
